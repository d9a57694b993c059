package encode

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"readapi/internal/fakedb"
)

// columnsOf describes the columns of a result.
func columnsOf(types []*sql.ColumnType) []Column {
	columns := make([]Column, len(types))
	for i, t := range types {
		columns[i] = Column{Name: t.Name(), Type: t.DatabaseTypeName()}
	}
	return columns
}

// encodeAll encodes all of f's rows.
func encodeAll(t testing.TB, f *fakedb.Rows, enc Options) string {
	t.Helper()
	rows := f.Query(t)
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	encoder := New(columnsOf(columns), nil, 0, Format{}, enc)
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

// encodeValue encodes one value of a column of a type.
func encodeValue(t testing.TB, typeName string, value driver.Value, enc Options) string {
	t.Helper()
	out := encodeAll(t, &fakedb.Rows{
		Names: []string{"v"}, Types: []string{typeName},
		Values: [][]driver.Value{{value}}, Count: 1,
	}, enc)
	if !json.Valid([]byte(out)) {
		t.Errorf("encode(%s %#v) = %q; want valid JSON", typeName, value, out)
	}
	return strings.TrimSuffix(strings.TrimPrefix(out, `[{"v":`), "}]\n")
}

func TestEncodeValue(t *testing.T) {
	tests := []struct {
		name     string
		typeName string
		value    driver.Value
		want     string
	}{
		{"null", "VARCHAR", nil, `null`},
		{"null number", "BIGINT", nil, `null`},

		{"int64 lowest", "BIGINT", int64(math.MinInt64), `-9223372036854775808`},
		{"uint64 highest", "UNSIGNED BIGINT", uint64(math.MaxUint64), `18446744073709551615`},
		{"year zero", "YEAR", int64(0), `0`},
		{"bit 1", "BIT", []byte{1}, `1`},
		{"bit 9", "BIT", []byte{1, 0}, `256`},
		{"bit 64", "BIT", bytes.Repeat([]byte{0xff}, 8), `18446744073709551615`},
		{"bit without bytes", "BIT", []byte{}, `0`},
		{"bit too long", "BIT", make([]byte, 9), `"AAAAAAAAAAAA"`},

		{"decimal keeps its scale", "DECIMAL", []byte("12.50"), `12.50`},
		{"decimal negative", "DECIMAL", []byte("-0.05"), `-0.05`},
		{"decimal zerofill", "DECIMAL", []byte("0000012.50"), `12.50`},
		{"decimal zerofill zero", "DECIMAL", []byte("00000"), `0`},
		{"decimal zerofill fraction", "DECIMAL", []byte("000.10"), `0.10`},
		{"decimal negative zerofill", "DECIMAL", []byte("-007"), `-7`},
		{"decimal of 65 digits", "DECIMAL", []byte(strings.Repeat("9", 65)), strings.Repeat("9", 65)},
		{"decimal that is none", "DECIMAL", []byte("1,5"), `"1,5"`},
		{"decimal without digits", "DECIMAL", []byte("-"), `"-"`},
		{"decimal ends in a point", "DECIMAL", []byte("1."), `"1."`},
		{"decimal starts with a point", "DECIMAL", []byte(".5"), `".5"`},
		{"decimal empty", "DECIMAL", []byte(""), `""`},

		{"double shortest", "DOUBLE", 0.1, `0.1`},
		{"double negative zero", "DOUBLE", math.Copysign(0, -1), `-0`},
		{"double smallest", "DOUBLE", math.SmallestNonzeroFloat64, `5e-324`},
		{"double largest", "DOUBLE", math.MaxFloat64, `1.7976931348623157e+308`},
		{"double small exponent", "DOUBLE", 1e-9, `1e-9`},
		{"double before exponents", "DOUBLE", 1e20, `100000000000000000000`},
		{"double not a number", "DOUBLE", math.NaN(), `null`},
		{"double infinite", "DOUBLE", math.Inf(-1), `null`},
		{"float shortest for its 32 bits", "FLOAT", float32(0.1), `0.1`},
		{"float largest", "FLOAT", float32(math.MaxFloat32), `3.4028235e+38`},
		{"float smallest", "FLOAT", float32(math.SmallestNonzeroFloat32), `1e-45`},

		{"text", "VARCHAR", []byte("Ada"), `"Ada"`},
		{"text empty", "TEXT", []byte(""), `""`},
		{"text of a mock", "VARCHAR", "Ada", `"Ada"`},
		{"text html stays", "TEXT", []byte("<a href=x>&</a>"), `"<a href=x>&</a>"`},
		{"text escapes", "TEXT", []byte("\"\\/\b\f\n\r\t\x00\x1f\x7f"), `"\"\\/\u0008\u000c\n\r\t\u0000\u001f` + "\x7f\""},
		{"text line separators stay", "TEXT", []byte("\u2028\u2029"), "\"\u2028\u2029\""},
		{"text emoji", "TEXT", []byte("a😀é"), `"a😀é"`},
		{"text invalid", "TEXT", []byte("a\xff\xfeb\xe2\x82c\"\xf0"), "\"a\uFFFD\uFFFDb\uFFFD\uFFFDc\\\"\uFFFD\""},
		{"text encoded surrogate", "TEXT", []byte("\xed\xa0\x80"), "\"\uFFFD\uFFFD\uFFFD\""},
		{"enum", "ENUM", []byte("medium"), `"medium"`},
		{"set", "SET", []byte("a,b"), `"a,b"`},

		{"time longest", "TIME", []byte("-838:59:59.000000"), `"-838:59:59.000000"`},
		{"date", "DATE", []byte("2024-02-29"), `"2024-02-29"`},
		{"date zero", "DATE", []byte("0000-00-00"), `"0000-00-00"`},
		{"datetime", "DATETIME", []byte("2024-02-29 23:59:59"), `"2024-02-29T23:59:59"`},
		{"datetime fraction", "DATETIME", []byte("2024-02-29 23:59:59.120"), `"2024-02-29T23:59:59.120"`},
		{"datetime partial", "DATETIME", []byte("2024-00-00 00:00:00"), `"2024-00-00T00:00:00"`},
		{"datetime without time", "DATETIME", []byte("2024-02-29"), `"2024-02-29"`},
		{"datetime that is none", "DATETIME", []byte(`2024-02-29 23"59:59`), `"2024-02-29 23\"59:59"`},
		{"timestamp", "TIMESTAMP", []byte("2024-02-29 23:59:59"), `"2024-02-29T23:59:59Z"`},
		{"timestamp fraction", "TIMESTAMP", []byte("1970-01-01 00:00:01.000000"), `"1970-01-01T00:00:01.000000Z"`},
		{"timestamp zero", "TIMESTAMP", []byte("0000-00-00 00:00:00.00"), `"0000-00-00T00:00:00.00"`},
		{"timestamp without day", "TIMESTAMP", []byte("2024-02-00 00:00:00"), `"2024-02-00T00:00:00"`},

		{"json nested", "JSON", []byte(`{"a": [1, 123456789012345678901234567890]}`), `{"a": [1, 123456789012345678901234567890]}`},
		{"json null", "JSON", []byte(`null`), `null`},
		{"json on several lines", "JSON", []byte("{\n\"a\":\r\n1}"), "{ \"a\":  1}"},
		{"json that is none", "JSON", []byte(`{"a":`), `"{\"a\":"`},
		{"json raw control character", "JSON", []byte("\"\x01\""), `"\"\u0001\""`},
		{"json invalid text", "JSON", []byte("\"\xff\""), "\"\\\"\uFFFD\\\"\""},
		{"json empty", "JSON", []byte(""), `""`},

		{"blob", "BLOB", []byte{0xff, 0, 'a'}, `"/wBh"`},
		{"blob empty", "BLOB", []byte{}, `""`},
		{"binary padded", "BINARY", []byte("a\x00\x00"), `"YQAA"`},
		{"varbinary", "VARBINARY", []byte("<"), `"PA=="`},
		{"geometry", "GEOMETRY", []byte{0, 0, 0, 0, 1}, `"AAAAAAE="`},
		{"vector", "VECTOR", []byte("\x00\x00\x80?\x00\x00 @\x90cs\x8e"), `[1,2.5,-3e-30]`},
		{"vector empty", "VECTOR", []byte{}, `[]`},
		{"vector not a number", "VECTOR", []byte{0, 0, 0xc0, 0x7f}, `[null]`},
		{"vector cut", "VECTOR", []byte{1, 2, 3}, `"AQID"`},

		{"untyped text", "", "x", `"x"`},
		{"untyped bytes are text", "", []byte("x"), `"x"`},
		{"untyped int", "", 7, `7`},
		{"untyped uint8", "", uint8(7), `7`},
		{"untyped bool", "", true, `true`},
		{"untyped float", "", 1.5, `1.5`},
		{"untyped time", "", time.Date(2024, 2, 29, 23, 59, 59, 5e8, time.UTC), `"2024-02-29T23:59:59.5Z"`},
		{"unknown type", "HOLOGRAM", []byte("x"), `"x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := encodeValue(t, tt.typeName, tt.value, Options{}); got != tt.want {
				t.Errorf("encode(%s %#v) = %s; want %s", tt.typeName, tt.value, got, tt.want)
			}
		})
	}
}

// Strings are a matter of the column, never of the value: a reader must not
// meet a number in one row and a string in the next.
func TestEncodeNumbersAsStrings(t *testing.T) {
	all := Options{BigintAsString: true, DecimalAsString: true}
	tests := []struct {
		typeName string
		value    driver.Value
		enc      Options
		want     string
	}{
		{"BIGINT", int64(1), all, `"1"`},
		{"BIGINT", nil, all, `null`},
		{"UNSIGNED BIGINT", uint64(math.MaxUint64), all, `"18446744073709551615"`},
		{"INT", int64(1), all, `1`},
		{"BIT", []byte{1}, all, `1`},
		{"DECIMAL", []byte("0012.50"), all, `"12.50"`},
		{"DECIMAL", []byte("-1"), all, `"-1"`},
		{"DOUBLE", 1.5, all, `1.5`},
		{"DECIMAL", []byte("12.50"), Options{BigintAsString: true}, `12.50`},
		{"BIGINT", int64(1), Options{DecimalAsString: true}, `1`},
	}
	for _, tt := range tests {
		t.Run(tt.typeName, func(t *testing.T) {
			if got := encodeValue(t, tt.typeName, tt.value, tt.enc); got != tt.want {
				t.Errorf("encode(%s %v, %+v) = %s; want %s", tt.typeName, tt.value, tt.enc, got, tt.want)
			}
		})
	}
}

func TestEncodeRows(t *testing.T) {
	names := []string{"id", `a "quoted" \ name`, "select"}
	types := []string{"INT", "VARCHAR", "VARCHAR"}
	row := []driver.Value{int64(1), []byte("x"), nil}
	const object = `{"id":1,"a \"quoted\" \\ name":"x","select":null}`
	tests := []struct {
		name  string
		count int
		want  string
	}{
		{"no row", 0, "[]\n"},
		{"one row", 1, "[" + object + "]\n"},
		{"a row a line", 3, "[" + object + ",\n" + object + ",\n" + object + "]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakedb.Rows{Names: names, Types: types, Values: [][]driver.Value{row}, Count: tt.count}
			if got := encodeAll(t, f, Options{}); got != tt.want {
				t.Errorf("encode(%d rows) = %q; want %q", tt.count, got, tt.want)
			}
		})
	}
}

func TestEncodeUnknownGoType(t *testing.T) {
	f := &fakedb.Rows{Names: []string{"odd"}, Types: []string{""}, Values: [][]driver.Value{{struct{}{}}}, Count: 1}
	rows := f.Query(t)
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	for _, fields := range [][]Field{nil, {{Name: "odd", AsText: true}}} {
		_, err = New(columnsOf(columns), fields, 0, Format{}, Options{}).AppendRow(nil, rows)
		if err == nil || !strings.Contains(err.Error(), `"odd"`) || !strings.Contains(err.Error(), "struct {}") {
			t.Errorf("AppendRow(struct{}) as %v: error = %v; want one that names the column and the type", fields, err)
		}
	}
}

// benchRow is a row as the driver hands it over: ten columns, about 250 bytes
// of JSON.
var benchRow = &fakedb.Rows{
	Names: []string{"id", "name", "email", "price", "qty", "ratio", "created", "updated", "active", "note"},
	Types: []string{"BIGINT", "VARCHAR", "VARCHAR", "DECIMAL", "INT", "DOUBLE", "DATETIME", "TIMESTAMP", "TINYINT", "TEXT"},
	Values: [][]driver.Value{{
		int64(123456), []byte("Customer 123456"), []byte("customer123456@example.com"), []byte("1234.56"),
		int64(42), 17636.571428571428, []byte("2024-01-02 10:17:36"), []byte("2024-01-02 10:17:36"),
		int64(1), []byte("lorem ipsum lorem ipsum lorem ipsum lorem ipsum "),
	}},
	Count: math.MaxInt,
}

// Each byte at each place makes a date and time, or not, as the pattern says.
func TestIsDateTime(t *testing.T) {
	pattern := regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?$`)
	const example = "2024-02-29 23:59:59.123"
	for length := range len(example) + 1 {
		for at := range length {
			for octet := range 256 {
				b := []byte(example[:length])
				b[at] = byte(octet)
				if got, want := isDateTime(b), pattern.Match(b); got != want {
					t.Fatalf("isDateTime(%q) = %v; want %v", b, got, want)
				}
			}
		}
	}
}

// Every text of up to six of these bytes is a decimal, or not, as the pattern says.
func TestIsDecimal(t *testing.T) {
	pattern := regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	texts := []string{""}
	for range 6 {
		for _, text := range texts {
			if got, want := isDecimal([]byte(text)), pattern.MatchString(text); got != want {
				t.Fatalf("isDecimal(%q) = %v; want %v", text, got, want)
			}
		}
		longer := []string{}
		for _, text := range texts {
			for _, octet := range "-.09:/" {
				longer = append(longer, text+string(octet))
			}
		}
		texts = longer
	}
}

// Each byte at each place of a text is valid, and is read again as it was, or as U+FFFD.
func TestAppendStringEveryByte(t *testing.T) {
	for length := range 26 {
		for at := range length {
			for octet := range 256 {
				b := bytes.Repeat([]byte("x"), length)
				b[at] = byte(octet)
				var got string
				if err := json.Unmarshal(appendString(nil, b), &got); err != nil || got != strings.ToValidUTF8(string(b), "\uFFFD") {
					t.Fatalf("appendString(%q) reads as %q, %v; want the same", b, got, err)
				}
			}
		}
	}
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	f := *benchRow
	f.Names = append([]string{"json", "blob", "bit", "vector", "date", "null"}, f.Names...)
	f.Types = append([]string{"JSON", "BLOB", "BIT", "VECTOR", "DATE", "TEXT"}, f.Types...)
	f.Values = [][]driver.Value{append([]driver.Value{
		[]byte(`{"a": 1}`), []byte{1, 2, 3}, []byte{1}, []byte{0, 0, 0x80, 0x3f}, []byte("2024-02-29"), nil,
	}, f.Values[0]...)}
	rows := f.Query(t)
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	encoder := New(columnsOf(columns), nil, 0, Format{}, Options{})
	out := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(1000, func() {
		rows.Next()
		out, _ = encoder.AppendRow(out[:0], rows)
	})
	if allocs != 0 {
		t.Errorf("AppendRow of %d values makes %v allocations; want none", len(columns), allocs)
	}
}

// The law of the encoder: what it writes is valid JSON, and decodes to what
// went in, with U+FFFD for every byte that is not UTF-8.
func FuzzEncodeText(f *testing.F) {
	for _, seed := range []string{"", "plain", "\"\\\x00\x1f\x7f", "é😀\u2028", "\xff\xc0\xaf", "12345678\"12345678"} {
		f.Add(seed, []byte(seed), 1.5, int64(-1))
	}
	f.Fuzz(func(t *testing.T, name string, text []byte, number float64, whole int64) {
		out := encodeAll(t, &fakedb.Rows{
			Names: []string{"a" + name, "b", "c", "d", "e"}, Types: []string{"TEXT", "BLOB", "DOUBLE", "BIGINT", "JSON"},
			Values: [][]driver.Value{{text, text, number, whole, text}}, Count: 1,
		}, Options{})
		var got []map[string]any
		decoder := json.NewDecoder(strings.NewReader(out))
		decoder.UseNumber()
		if err := decoder.Decode(&got); err != nil || len(got) != 1 || strings.Count(out, "\n") != 1 {
			t.Fatalf("encode(%q, %q) = %q; want one row on one line of valid JSON: %v", name, text, out, err)
		}
		want := map[string]any{
			"a" + validUTF8(name): validUTF8(string(text)),
			"b":                   base64.StdEncoding.EncodeToString(text),
			"c":                   nil,
			"d":                   json.Number(mustMarshal(t, whole)),
		}
		if !math.IsNaN(number) && !math.IsInf(number, 0) {
			want["c"] = json.Number(mustMarshal(t, number))
		}
		for key, value := range want {
			if got[0][key] != value {
				t.Errorf("encode(%q, %q, %v, %v): member %q decodes to %#v; want %#v", name, text, number, whole, key, got[0][key], value)
			}
		}
	})
}

// validUTF8 replaces each byte of s that is not UTF-8 by U+FFFD.
func validUTF8(s string) string { return string([]rune(s)) }

func mustMarshal(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// FuzzEncodeBytes hands arbitrary bytes to every type: valid JSON comes out.
func FuzzEncodeBytes(f *testing.F) {
	for _, seed := range []string{"", "12.50", "-0", "2024-02-29 23:59:59.5", "{\"a\":\n[1e5]}", "\xff\"\\", "00.", "--1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for typeName := range families {
			for _, enc := range []Options{{}, {BigintAsString: true, DecimalAsString: true}} {
				out := appendTyped(typeName, value, enc)
				if !json.Valid(out) || !utf8.Valid(out) || bytes.ContainsAny(out, "\r\n") {
					t.Errorf("encode(%s %q, %+v) = %q; want valid JSON on one line", typeName, value, enc, out)
				}
			}
		}
	})
}

// appendTyped encodes one value without a database around it.
func appendTyped(typeName string, value []byte, enc Options) []byte {
	c := newCell(typeName, enc)
	return c.appendBytes(nil, value)
}

// BenchmarkEncode is the encoder with database/sql before it and a driver that
// costs nothing: MB/s are bytes of JSON. "discard" is database/sql alone.
func BenchmarkEncode(b *testing.B) {
	b.Run("discard", func(b *testing.B) {
		rows := benchRow.Query(b)
		discard := make([]any, len(benchRow.Names))
		for i := range discard {
			discard[i] = discardValue{}
		}
		b.ReportAllocs()
		for b.Loop() {
			rows.Next()
			if err := rows.Scan(discard...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("row", func(b *testing.B) {
		rows := benchRow.Query(b)
		columns, err := rows.ColumnTypes()
		if err != nil {
			b.Fatal(err)
		}
		encoder := New(columnsOf(columns), nil, 0, Format{}, Options{})
		var out []byte
		b.ReportAllocs()
		for b.Loop() {
			rows.Next()
			if out, err = encoder.AppendRow(out[:0], rows); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(out)))
	})
}

type discardValue struct{}

func (discardValue) Scan(any) error { return nil }

func BenchmarkEncodeValue(b *testing.B) {
	benchmarks := []struct {
		name, typeName string
		value          []byte
	}{
		{"ASCII", "TEXT", bytes.Repeat([]byte("lorem ipsum "), 100)},
		{"Cyrillic", "TEXT", []byte(strings.Repeat("съешь ещё этих булок ", 50))},
		{"Escapes", "TEXT", bytes.Repeat([]byte("\"quoted\"\n"), 100)},
		{"JSON", "JSON", []byte(`[` + strings.Repeat(`{"key": "value", "n": 12345}, `, 40) + `null]`)},
		{"Base64", "BLOB", make([]byte, 1024)},
		{"Decimal", "DECIMAL", []byte("1234567.89")},
		{"Timestamp", "TIMESTAMP", []byte("2024-02-29 23:59:59.123456")},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			c := newCell(bb.typeName, Options{})
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				out = c.appendBytes(out[:0], bb.value)
			}
			b.SetBytes(int64(len(out)))
		})
	}
}

// A DECIMAL has the digits that its column declares, however the server sends it.
func TestAppendScale(t *testing.T) {
	tests := []struct {
		decimal string
		scale   int
		want    string
	}{
		{"0", 2, "0.00"},
		{"-8", 2, "-8.00"},
		{"8.5", 2, "8.50"},
		{"8.50", 2, "8.50"},
		{"8.505", 2, "8.505"}, // more than is declared
		{"8", 0, "8"},
		{"0008", 1, "8.0"},
	}
	for _, tt := range tests {
		c := cell{family: familyDecimal, scale: tt.scale}
		if got := string(c.appendDecimal(nil, []byte(tt.decimal))); got != tt.want {
			t.Errorf("appendDecimal(%q) of scale %d = %s; want %s", tt.decimal, tt.scale, got, tt.want)
		}
	}
}

// A row beyond the bound is an error, by one value or by all together, also if it
// only grows too large when it is escaped.
func TestAppendRowTooLarge(t *testing.T) {
	half := bytes.Repeat([]byte{'x'}, MaxRowBytes/2)
	tests := []struct {
		name   string
		values []driver.Value
		want   error
	}{
		{"half", []driver.Value{half, nil, nil}, nil},
		{"twice a half", []driver.Value{half, half, nil}, ErrRowTooLarge},
		{"escaped", []driver.Value{bytes.Repeat([]byte{1}, MaxRowBytes/5), nil, nil}, ErrRowTooLarge},
		{"one value", []driver.Value{nil, nil, append(half, half...)}, ErrRowTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakedb.Rows{Names: []string{"a", "b", "c"}, Types: []string{"TEXT", "TEXT", "TEXT"}, Values: [][]driver.Value{tt.values}, Count: 1}
			columns := []Column{{Name: "a", Type: "TEXT"}, {Name: "b", Type: "TEXT"}, {Name: "c", Type: "TEXT"}}
			rows := f.Query(t)
			rows.Next()
			before := []byte("what stands before does not count")
			if _, err := New(columns, nil, 0, Format{}, Options{}).AppendRow(before, rows); !errors.Is(err, tt.want) {
				t.Errorf("AppendRow = %v; want %v", err, tt.want)
			}
		})
	}
}

// A BOOLEAN is what is wanted of it: a number, or true or false.
func TestBooleans(t *testing.T) {
	values := []driver.Value{int64(0), int64(1), int64(-7), nil, []byte("0"), []byte("5")}
	for _, tt := range []struct {
		options Options
		field   Field
		want    string
	}{
		{Options{}, Field{Name: "v", Type: "BOOLEAN"}, "0 1 -7 null 0 5"},
		{Options{Booleans: true}, Field{Name: "v", Type: "BOOLEAN"}, "false true true null false true"},
		{Options{Booleans: true}, Field{Name: "v", Type: "BOOLEAN", AsText: true}, `"false" "true" "true" null "false" "true"`},
		{Options{Booleans: true}, Field{Name: "v", Type: "TINYINT"}, "0 1 -7 null 0 5"},
	} {
		var got []string
		for _, value := range values {
			e := New([]Column{{Name: "v", Type: "TINYINT"}}, []Field{tt.field}, 0, Format{Media: NDJSON}, tt.options)
			row, err := e.AppendValues(nil, []driver.Value{value})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(string(row), `{"v":`), "}\n"))
		}
		if joined := strings.Join(got, " "); joined != tt.want {
			t.Errorf("%+v with %+v = %s; want %s", tt.field, tt.options, joined, tt.want)
		}
	}
}
