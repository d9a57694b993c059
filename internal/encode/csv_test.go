package encode

import (
	"database/sql/driver"
	"encoding/csv"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"readapi/internal/fakedb"
)

// encodeFormat encodes all of f's rows in a format.
func encodeFormat(t testing.TB, f *fakedb.Rows, form Format, fields []Field, enc Options) string {
	t.Helper()
	rows := f.Query(t)
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	encoder := New(columnsOf(columns), fields, 0, form, enc)
	var out []byte
	for rows.Next() {
		if out, err = encoder.AppendRow(out, rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return string(encoder.AppendEnd(out))
}

func encodeCSV(t testing.TB, f *fakedb.Rows) string {
	t.Helper()
	return encodeFormat(t, f, Format{Media: CSV}, nil, Options{})
}

func TestCSVField(t *testing.T) {
	tests := []struct {
		name     string
		typeName string
		value    driver.Value
		want     string
	}{
		{"null", "TEXT", nil, ``},
		{"null number", "INT", nil, ``},
		{"empty", "TEXT", []byte(""), `""`},
		{"text", "VARCHAR", []byte("Ada"), `Ada`},
		{"the word null", "TEXT", []byte("null"), `null`},
		{"comma", "TEXT", []byte("a,b"), `"a,b"`},
		{"quote", "TEXT", []byte(`say "hi"`), `"say ""hi"""`},
		{"only a quote", "TEXT", []byte(`"`), `""""`},
		{"line feed", "TEXT", []byte("a\nb"), "\"a\nb\""},
		{"carriage return", "TEXT", []byte("a\rb"), "\"a\rb\""},
		{"end of line", "TEXT", []byte("a\r\n"), "\"a\r\n\""},
		{"blanks", "TEXT", []byte(" a "), ` a `},
		{"tab and semicolon", "TEXT", []byte("a\t;b"), "a\t;b"},
		{"backslash", "TEXT", []byte(`a\b`), `a\b`},
		{"backslash and quote", "TEXT", []byte(`\"`), `"\"""`},
		{"control characters", "TEXT", []byte("\x00\x1f"), "\x00\x1f"},
		{"not ASCII", "TEXT", []byte("größe €😀"), "größe €😀"},
		{"not UTF-8", "TEXT", []byte("a\xffb"), "a\uFFFDb"},
		{"not UTF-8, and a comma", "TEXT", []byte("\xff,"), "\"\uFFFD,\""},
		{"text of a mock", "", "a,b", `"a,b"`},
		{"enum", "ENUM", []byte("red"), `red`},
		{"set", "SET", []byte("a,b"), `"a,b"`},

		{"integer", "BIGINT", int64(math.MinInt64), `-9223372036854775808`},
		{"unsigned", "UNSIGNED BIGINT", uint64(math.MaxUint64), `18446744073709551615`},
		{"bit", "BIT", []byte{1, 0}, `256`},
		{"decimal", "DECIMAL", []byte("0012.50"), `12.50`},
		{"decimal that is none", "DECIMAL", []byte(`1,5`), `"1,5"`},
		{"decimal that is a quote", "DECIMAL", []byte(`"`), `""""`},
		{"double", "DOUBLE", 1e-9, `1e-9`},
		{"bool of a mock", "", true, `true`},
		{"time of a mock", "", time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), `2024-02-29T23:59:59Z`},

		{"date", "DATE", []byte("2024-02-29"), `2024-02-29`},
		{"datetime", "DATETIME", []byte("2024-02-29 23:59:59.120"), `2024-02-29T23:59:59.120`},
		{"timestamp", "TIMESTAMP", []byte("2024-02-29 23:59:59"), `2024-02-29T23:59:59Z`},
		{"datetime that is none", "DATETIME", []byte(`a"b\`), `"a""b\"`},

		{"blob", "BLOB", []byte{0xff, 0}, `/wA=`},
		{"empty blob", "BLOB", []byte{}, `""`},
		{"vector", "VECTOR", []byte("\x00\x00\x80?\x00\x00 @"), `"[1,2.5]"`},

		{"JSON object", "JSON", []byte(`{"a": [1, "\"x\""]}`), `"{""a"": [1, ""\""x\""""]}"`},
		{"JSON number", "JSON", []byte(`1.5`), `1.5`},
		{"JSON null", "JSON", []byte(`null`), `null`},
		{"JSON string, unlike a number", "JSON", []byte(`"1.5"`), `"""1.5"""`},
		{"JSON string with an escape", "JSON", []byte(`"a\"b"`), `"""a\""b"""`},
		{"JSON empty string", "JSON", []byte(`""`), `""""""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := encodeCSV(t, &fakedb.Rows{
				Names: []string{"v", "w"}, Types: []string{tt.typeName, tt.typeName},
				Values: [][]driver.Value{{tt.value, tt.value}}, Count: 1,
			})
			if want := "v,w\r\n" + tt.want + "," + tt.want + "\r\n"; out != want {
				t.Errorf("CSV of %s %#v = %q; want %q", tt.typeName, tt.value, out, want)
			}
		})
	}
}

func TestCSVRows(t *testing.T) {
	row := []driver.Value{int64(1), nil, []byte("x")}
	tests := []struct {
		name  string
		names []string
		count int
		want  string
	}{
		{"no row", []string{"a", "b", "c"}, 0, "a,b,c\r\n"},
		{"one row", []string{"a", "b", "c"}, 1, "a,b,c\r\n1,,x\r\n"},
		{"rows", []string{"a", "b", "c"}, 2, "a,b,c\r\n1,,x\r\n1,,x\r\n"},
		{"names", []string{`a"b`, "c,d", "e\nf"}, 0, "\"a\"\"b\",\"c,d\",\"e\nf\"\r\n"},
		{"odd names", []string{"", " ", "größe\xff"}, 1, "\"\", ,größe\uFFFD\r\n1,,x\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakedb.Rows{Names: tt.names, Types: []string{"INT", "TEXT", "TEXT"}, Values: [][]driver.Value{row}, Count: tt.count}
			if got := encodeCSV(t, f); got != tt.want {
				t.Errorf("CSV of %d rows = %q; want %q", tt.count, got, tt.want)
			}
		})
	}
}

func TestCSVUnknownGoType(t *testing.T) {
	f := &fakedb.Rows{Names: []string{"odd"}, Types: []string{"INT"}, Values: [][]driver.Value{{struct{}{}}}, Count: 1}
	rows := f.Query(t)
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	_, err = New(columnsOf(columns), nil, 0, Format{Media: CSV}, Options{}).AppendRow(nil, rows)
	if err == nil || !strings.Contains(err.Error(), `"odd"`) {
		t.Errorf("AppendRow(struct{}) error = %v; want one that names the column", err)
	}
}

func TestCSVSettings(t *testing.T) {
	f := &fakedb.Rows{
		Names: []string{"n", "d"}, Types: []string{"BIGINT", "DECIMAL"},
		Values: [][]driver.Value{{int64(7), []byte("1.50")}}, Count: 1,
	}
	fields := []Field{{Name: "number", AsText: true}, {Name: "d,e", AsText: false}}
	all := Options{BigintAsString: true, DecimalAsString: true}
	want := "number,\"d,e\"\r\n7,1.50\r\n" // strings have no quotes here
	if got := encodeFormat(t, f, Format{Media: CSV}, fields, all); got != want {
		t.Errorf("CSV = %q; want %q", got, want)
	}
}

// The forms of the other media types.
func TestEncodeFormats(t *testing.T) {
	f := &fakedb.Rows{
		Names: []string{"id", "name", "price", "json"}, Types: []string{"INT", "TEXT", "DECIMAL", "JSON"},
		Values: [][]driver.Value{
			{int64(1), []byte("a\nb"), []byte("1.50"), []byte("{\n\"a\": null}")},
			{nil, nil, nil, nil},
			{nil, []byte("x"), nil, []byte(`[null]`)},
		},
		Count: 1,
	}
	text := []Field{{Name: "id", AsText: true}, {Name: "name", AsText: true}, {Name: "price", AsText: true}, {Name: "j", AsText: true}}
	const first = `{"id":1,"name":"a\nb","price":1.50,"json":{ "a": null}}`
	const nulls = `{"id":null,"name":null,"price":null,"json":null}`
	tests := []struct {
		name   string
		format Format
		fields []Field
		want   string
	}{
		{"NDJSON", Format{Media: NDJSON}, nil, first + "\n" + nulls + "\n" + `{"id":null,"name":"x","price":null,"json":[null]}` + "\n"},
		{"object", Format{Media: Object}, nil, first + "\n" + nulls + "\n" + `{"id":null,"name":"x","price":null,"json":[null]}` + "\n"},
		{"array without nulls", Format{StripNulls: true}, nil, "[" + first + ",\n{},\n" + `{"name":"x","json":[null]}` + "]\n"},
		{"object without nulls", Format{Object, true}, nil, first + "\n{}\n" + `{"name":"x","json":[null]}` + "\n"},
		{
			"texts",
			Format{},
			text,
			`[{"id":"1","name":"a\nb","price":"1.50","j":"{ \"a\": null}"},` + "\n" +
				`{"id":null,"name":null,"price":null,"j":null},` + "\n" + `{"id":null,"name":"x","price":null,"j":"[null]"}]` + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := encodeFormat(t, f, tt.format, tt.fields, Options{}); got != tt.want {
				t.Errorf("%s = %s; want %s", tt.name, got, tt.want)
			}
		})
	}
	t.Run("empty", func(t *testing.T) {
		empty := &fakedb.Rows{Names: f.Names, Types: f.Types}
		if got := encodeFormat(t, empty, Format{Media: NDJSON}, nil, Options{}); got != "" {
			t.Errorf("NDJSON of no rows = %q; want nothing", got)
		}
	})
}

// FuzzCSV is the law of CSV: whatever is in the table, a reader gets it back,
// with U+FFFD for what is not UTF-8. (The reader makes \n of \r\n, and takes
// NULL and "" for the same.)
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"", "plain", "a,b", `"`, "\r\n", " x ", "\xff\"", "größe", `\`} {
		f.Add(seed, []byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, text, other []byte) {
		out := encodeCSV(t, &fakedb.Rows{
			Names: []string{name, "json", "blob", "decimal", "at", "null"}, Types: []string{"TEXT", "JSON", "BLOB", "DECIMAL", "DATETIME", "TEXT"},
			Values: [][]driver.Value{{text, other, other, other, text, nil}, {nil, text, nil, text, other, text}}, Count: 1,
		})
		reader := csv.NewReader(strings.NewReader(out))
		reader.FieldsPerRecord = 6
		got, err := reader.ReadAll()
		if err != nil || len(got) != 3 {
			t.Fatalf("CSV of %q, %q, %q = %q: %d records, %v; want 3", name, text, other, out, len(got), err)
		}
		read := func(s []byte) string { return strings.ReplaceAll(validUTF8(string(s)), "\r\n", "\n") }
		want := [][]string{
			{read([]byte(name)), "json"},
			{read(text), read(other)},
			{"", read(text)},
		}
		for i, fields := range want {
			if !slices.Equal(got[i][:2], fields) {
				t.Errorf("CSV of %q, %q, %q: record %d = %q; want %q…", name, text, other, i, got[i], fields)
			}
		}
		if got[1][5] != "" || got[2][0] != "" || got[2][2] != "" {
			t.Errorf("CSV of %q = %q; want nothing for NULL", text, got)
		}
	})
}
