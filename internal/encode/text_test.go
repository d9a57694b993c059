package encode

import (
	"database/sql/driver"
	"strconv"
	"testing"
)

// driverValue is what go-sql-driver/mysql makes of a text (its textRows.readRow).
func driverValue(typeName string, text []byte) (driver.Value, error) {
	switch typeName {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR",
		"UNSIGNED TINYINT", "UNSIGNED SMALLINT", "UNSIGNED MEDIUMINT", "UNSIGNED INT":
		return strconv.ParseInt(string(text), 10, 64)
	case "UNSIGNED BIGINT":
		return strconv.ParseUint(string(text), 10, 64)
	case "FLOAT":
		f, err := strconv.ParseFloat(string(text), 32)
		return float32(f), err
	case "DOUBLE":
		return strconv.ParseFloat(string(text), 64)
	default:
		return text, nil
	}
}

// textForms are the ways to write a column that could take different paths.
var textForms = []struct {
	name    string
	field   Field
	format  Format
	options Options
}{
	{name: "plain", field: Field{Name: "v"}},
	{name: "as text", field: Field{Name: "v", AsText: true}},
	{name: "as JSON", field: Field{Name: "v", Type: "JSON"}},
	{name: "as INT", field: Field{Name: "v", Type: "INT"}},
	{name: "stripped", field: Field{Name: "v"}, format: Format{StripNulls: true}},
	{name: "NDJSON", field: Field{Name: "v"}, format: Format{Media: NDJSON}},
	{name: "CSV", field: Field{Name: "v"}, format: Format{Media: CSV}},
	{name: "strings", field: Field{Name: "v"}, options: Options{BigintAsString: true, DecimalAsString: true}},
}

// wantTextAsValue checks the law of AppendTexts: it writes what AppendValues writes
// for what the driver makes of the same texts, or both fail.
func wantTextAsValue(t *testing.T, typeName string, text []byte) {
	t.Helper()
	columns := []Column{{Name: "first", Type: "INT"}, {Name: "v", Type: typeName, Scale: 2}, {Name: "hidden", Type: "TEXT"}}
	for _, form := range textForms {
		newEncoder := func() *Encoder {
			return New(columns, []Field{{Name: "first"}, form.field}, 1, form.format, form.options)
		}
		got, err := newEncoder().AppendTexts(nil, [][]byte{[]byte("7"), text, nil})
		var value driver.Value
		var want []byte
		wantErr := error(nil)
		if text != nil {
			value, wantErr = driverValue(typeName, text)
		}
		if wantErr == nil {
			want, wantErr = newEncoder().AppendValues(nil, []driver.Value{int64(7), value, nil})
		}
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Errorf("%s, %s: AppendTexts(%q) = %q, %v; want %q, %v", typeName, form.name, text, got, err, want, wantErr)
		}
	}
}

var textSamples = []string{
	"", "0", "7", "-7", "-0", "00042", "-0042", "+5", "--5", "9223372036854775807", "-9223372036854775808",
	"9223372036854775808", "18446744073709551615", "18446744073709551616", "123456789012345678", "1234567890123456789",
	"0.1", "1.5", "-1.50", "100", "1e21", "1e-7", "1e+100", "1e999", "nan", "0.14285714285714285", "3.4028235e38",
	"2024-02-29", "2024-02-29 23:59:59", "2024-02-29 23:59:59.123", "0000-00-00 00:00:00", "2024", "838:59:59",
	`{"a": [1, "x"]}`, `"text"`, "null", "näher \"am\" See\n", "\x00\x01\xff", "a,b", "x",
}

func TestAppendTexts(t *testing.T) {
	for typeName := range families {
		wantTextAsValue(t, typeName, nil)
		for _, text := range textSamples {
			wantTextAsValue(t, typeName, []byte(text))
		}
	}
}

func FuzzAppendTexts(f *testing.F) {
	for _, text := range textSamples {
		for _, typeName := range []string{"INT", "BIGINT", "UNSIGNED BIGINT", "DOUBLE", "FLOAT", "DECIMAL", "VARCHAR"} {
			f.Add(typeName, []byte(text))
		}
	}
	f.Fuzz(wantTextAsValue)
}

// textRow is benchRow as the server sends it.
func textRow() (columns []Column, texts [][]byte) {
	for i, name := range benchRow.Names {
		columns = append(columns, Column{Name: name, Type: benchRow.Types[i]})
		var text []byte
		switch v := benchRow.Values[0][i].(type) {
		case int64:
			text = strconv.AppendInt(nil, v, 10)
		case float64:
			text = strconv.AppendFloat(nil, v, 'g', -1, 64)
		case []byte:
			text = v
		}
		texts = append(texts, text)
	}
	return columns, texts
}

func TestAppendTextsDoesNotAllocate(t *testing.T) {
	columns, texts := textRow()
	encoder := New(columns, nil, 0, Format{}, Options{})
	out := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(1000, func() { out, _ = encoder.AppendTexts(out[:0], texts) })
	if allocs != 0 {
		t.Errorf("AppendTexts of %d values makes %v allocations; want none", len(columns), allocs)
	}
}

// BenchmarkEncodeTexts is the encoder alone: MB/s are bytes of JSON.
func BenchmarkEncodeTexts(b *testing.B) {
	columns, texts := textRow()
	encoder := New(columns, nil, 0, Format{}, Options{})
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = encoder.AppendTexts(out[:0], texts); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(out)))
}
