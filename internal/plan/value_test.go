package plan

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"readapi/internal/catalog"
	"readapi/internal/postgrest"
)

// decimalOf is the SQL of a decimal argument for a column of a scale.
func decimalOf(scale int) string { return fmt.Sprintf("CAST(? AS DECIMAL(65,%d))", scale) }

func TestValue(t *testing.T) {
	nines := strings.Repeat("9", 65)
	tests := []struct {
		typeName string
		scale    int
		value    string
		want     operand
	}{
		// integers: as many digits as there are
		{"INT", 0, "0", operand{sql: "?", arg: int64(0)}},
		{"INT", 0, "-0", operand{sql: "?", arg: int64(0)}},
		{"INT", 0, "007", operand{sql: "?", arg: int64(7)}},
		{"INT", 0, " 7 ", operand{sql: "?", arg: int64(7)}},
		{"BIGINT", 0, "9223372036854775807", operand{sql: "?", arg: int64(math.MaxInt64)}},
		{"BIGINT", 0, "-9223372036854775808", operand{sql: "?", arg: int64(math.MinInt64)}},
		{"BIGINT", 0, "-9223372036854775809", operand{side: belowAll}},
		{"UNSIGNED BIGINT", 0, "9223372036854775808", operand{sql: "?", arg: uint64(1 << 63)}},
		{"UNSIGNED BIGINT", 0, "18446744073709551615", operand{sql: "?", arg: uint64(math.MaxUint64)}},
		{"UNSIGNED BIGINT", 0, "18446744073709551616", operand{side: aboveAll}},
		{"UNSIGNED BIGINT", 0, "-0", operand{sql: "?", arg: int64(0)}},
		{"UNSIGNED BIGINT", 0, "-1", operand{side: belowAll}},
		{"SMALLINT", 0, "32767", operand{sql: "?", arg: int64(32767)}},
		{"SMALLINT", 0, "32768", operand{sql: "?", arg: int64(32768)}},
		{"UNSIGNED SMALLINT", 0, "65535", operand{sql: "?", arg: int64(65535)}},
		{"MEDIUMINT", 0, "-8388608", operand{sql: "?", arg: int64(-8388608)}},
		{"MEDIUMINT", 0, "-8388609", operand{sql: "?", arg: int64(-8388609)}},
		{"UNSIGNED INT", 0, "4294967296", operand{sql: "?", arg: int64(4294967296)}},
		{"INT", 0, strings.Repeat("9", 9999), operand{side: aboveAll}},
		{"TINYINT", 0, "-128", operand{sql: "?", arg: int64(-128)}},
		{"TINYINT", 0, "true", operand{sql: "?", arg: int64(1)}},
		{"TINYINT", 0, "True", operand{sql: "?", arg: int64(1)}},
		{"BIT", 0, "FALSE", operand{sql: "?", arg: int64(0)}},
		{"UNSIGNED TINYINT", 0, "false", operand{sql: "?", arg: int64(0)}},
		{"BIT", 0, "true", operand{sql: "?", arg: int64(1)}},
		{"BIT", 0, "18446744073709551615", operand{sql: "?", arg: uint64(math.MaxUint64)}},
		{"BIT", 0, "-1", operand{side: belowAll}},

		// years: MySQL takes 24 for 2024, and 0 for a year of its own
		{"YEAR", 0, "2024", operand{sql: "?", arg: int64(2024)}},
		{"YEAR", 0, "1901", operand{sql: "?", arg: int64(1901)}},
		{"YEAR", 0, "2155", operand{sql: "?", arg: int64(2155)}},
		{"YEAR", 0, "0000", operand{sql: "?", arg: int64(0)}},
		{"YEAR", 0, "0", operand{sql: "?", arg: int64(0)}},
		{"YEAR", 0, "0024", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"YEAR", 0, "1900", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"YEAR", 0, "2156", operand{side: aboveAll}},

		// decimals
		{"DECIMAL", 2, "12.5", operand{sql: decimalOf(2), arg: "012.50"}},
		{"DECIMAL", 2, "-0.05", operand{sql: decimalOf(2), arg: "-0.05"}},
		{"DECIMAL", 2, "1e3", operand{sql: decimalOf(2), arg: "01000.00"}},
		{"DECIMAL", 2, "1.25E+1", operand{sql: decimalOf(2), arg: "012.50"}},
		{"DECIMAL", 2, "1.25E 1", operand{sql: decimalOf(2), arg: "012.50"}}, // a plus that was not encoded
		{"DECIMAL", 2, "125e-1", operand{sql: decimalOf(2), arg: "012.50"}},
		{"DECIMAL", 2, "0.0000", operand{sql: "?", arg: int64(0)}},
		{"DECIMAL", 2, "-0e5", operand{sql: "?", arg: int64(0)}},
		{"DECIMAL", 2, "1.000", operand{sql: decimalOf(2), arg: "01.00"}},
		{"DECIMAL", 2, "1.001", operand{sql: decimalOf(2), arg: "01.00", side: justAbove}},
		{"DECIMAL", 2, "1.009", operand{sql: decimalOf(2), arg: "01.00", side: justAbove}}, // not rounded
		{"DECIMAL", 2, "-1.009", operand{sql: decimalOf(2), arg: "-01.00", side: justBelow}},
		{"DECIMAL", 2, "0.001", operand{sql: decimalOf(2), arg: "0.00", side: justAbove}},
		{"DECIMAL", 2, "-1e-9999", operand{sql: decimalOf(2), arg: "-0.00", side: justBelow}},
		{"DECIMAL", 0, "12", operand{sql: decimalOf(0), arg: "012"}},
		{"DECIMAL", 0, "0.5", operand{sql: decimalOf(0), arg: "0", side: justAbove}},
		{"DECIMAL", 30, "1e-30", operand{sql: decimalOf(30), arg: "0." + strings.Repeat("0", 29) + "1"}},
		{"DECIMAL", 30, "9007199254740993.1", operand{sql: decimalOf(30), arg: "09007199254740993.1" + strings.Repeat("0", 29)}},
		{"DECIMAL", 0, nines, operand{sql: decimalOf(0), arg: "0" + nines}},
		{"DECIMAL", 0, nines + "9", operand{side: aboveAll}},
		{"DECIMAL", 2, nines, operand{side: aboveAll}},
		{"DECIMAL", 2, "-1e9999", operand{side: belowAll}},
		{"DECIMAL", 2, "0." + nines, operand{sql: decimalOf(2), arg: "0.99", side: justAbove}},

		// floats: the value that is stored for these digits
		{"FLOAT", 0, "0.1", operand{sql: "?", arg: float64(float32(0.1))}},
		{"DOUBLE", 0, "0.1", operand{sql: "?", arg: 0.1}},
		{"DOUBLE", 0, "9007199254740993", operand{sql: "?", arg: 9007199254740992.0}},
		{"DOUBLE", 0, "1.7976931348623157e+308", operand{sql: "?", arg: math.MaxFloat64}},
		{"DOUBLE", 0, "1.7976931348623157e 308", operand{sql: "?", arg: math.MaxFloat64}},
		{"DOUBLE", 0, "1e400", operand{side: aboveAll}},
		{"DOUBLE", 0, "-1e400", operand{side: belowAll}},
		{"DOUBLE", 0, "1e-400", operand{sql: "?", arg: 0.0}},
		{"FLOAT", 0, "3.4028235e38", operand{sql: "?", arg: float64(math.MaxFloat32)}},
		{"FLOAT", 0, "3.5e38", operand{side: aboveAll}},

		// dates and times
		{"DATE", 0, "2024-02-29", operand{sql: "?", arg: "2024-02-29"}},
		{"DATE", 0, "0000-00-00", zeroDate},
		{"DATE", 0, "0000-02-28", operand{sql: "?", arg: "0000-02-28"}},
		{"DATE", 0, "2024-00-00", operand{sql: "?", arg: int64(20240000)}},
		{"DATE", 0, "1000-12-00", operand{sql: "?", arg: int64(10001200)}},
		{"DATE", 0, "2024-00-31", operand{sql: "?", arg: int64(20240031)}},
		{"DATE", 0, "0999-12-00", operand{sql: "?", arg: "0999-12-00", noIndex: true}},
		{"DATE", 0, "0000-00-05", operand{sql: "?", arg: "0000-00-05", noIndex: true}},
		{"DATE", 0, "9999-12-31", operand{sql: "?", arg: "9999-12-31"}},
		{"TIME", 0, "23:59:59", operand{sql: "?", arg: "23:59:59"}},
		{"TIME", 0, "09:00", operand{sql: "?", arg: "09:00:00"}},
		{"TIME", 0, "-838:59", operand{sql: "?", arg: "-838:59:00"}},
		{"TIME", 0, "24:00:00", operand{sql: "?", arg: "24:00:00"}},
		{"TIME", 0, "-838:59:59", operand{sql: "?", arg: "-838:59:59"}},
		{"TIME", 0, "838:59:59.000", operand{sql: "?", arg: "838:59:59"}},
		{"TIME", 6, "838:59:58.999999", operand{sql: "?", arg: "838:59:58.999999"}},
		{"TIME", 3, "12:00:00.500000", operand{sql: "?", arg: "12:00:00.5"}},
		{"TIME", 1, "12:00:00.59", operand{sql: "?", arg: "12:00:00.5", side: justAbove}},
		{"TIME", 0, "12:00:00.9", operand{sql: "?", arg: "12:00:00", side: justAbove}},
		{"TIME", 0, "-12:00:00.9", operand{sql: "?", arg: "-12:00:00", side: justBelow}},
		{"DATETIME", 0, "2024-02-29T23:59:59", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"DATETIME", 0, "2024-02-29", operand{sql: "?", arg: "2024-02-29 00:00:00"}},
		{"DATETIME", 0, "2024-02-29T12:30", operand{sql: "?", arg: "2024-02-29 12:30:00"}},
		{"DATETIME", 0, "2024-02-29 12:30", operand{sql: "?", arg: "2024-02-29 12:30:00"}},
		{"DATETIME", 0, "2024-02-29t12:30:00z", operand{sql: "?", arg: "2024-02-29 12:30:00"}},
		{"DATETIME", 0, "2024-02-29T12:30:00.000Z", operand{sql: "?", arg: "2024-02-29 12:30:00"}}, // toISOString
		{"DATETIME", 3, "2024-02-29T12:30:00.1239Z", operand{sql: "?", arg: "2024-02-29 12:30:00.123", side: justAbove}},
		{"DATETIME", 0, "2024-03-01T01:30+02:00", operand{sql: "?", arg: "2024-02-29 23:30:00"}},
		{"DATETIME", 0, "2024-03-01 01:30 02:00", operand{sql: "?", arg: "2024-02-29 23:30:00"}}, // a plus that was not encoded
		{"DATETIME", 0, "2024-02-29T23:30:00-0330", operand{sql: "?", arg: "2024-03-01 03:00:00"}},
		{"DATETIME", 0, "9999-12-31T23:59:59Z", operand{sql: "?", arg: "9999-12-31 23:59:59"}},
		{"DATETIME", 0, "9999-12-31T23:59:59-01:00", operand{side: aboveAll}},
		{"DATETIME", 0, "0000-01-01T00:00:00Z", operand{sql: "?", arg: "0000-01-01 00:00:00"}},
		{"DATETIME", 0, "0000-01-01T00:00:00+01:00", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"DATETIME", 0, "2024-00-00T00:00:00", operand{sql: "?", arg: int64(20240000000000)}},
		{"DATETIME", 0, "2024-00-00", operand{sql: "?", arg: int64(20240000000000)}},
		{"DATETIME", 6, "2024-02-00T12:00:00.000000", operand{sql: "?", arg: int64(20240200120000)}},
		{"DATETIME", 6, "2024-02-00T12:00:00.500000", operand{sql: "?", arg: "2024-02-00 12:00:00.500000", noIndex: true}},
		{"DATETIME", 3, "2024-02-00T12:00:00.1239", operand{sql: "?", arg: "2024-02-00 12:00:00.123", noIndex: true, side: justAbove}},
		{"DATETIME", 0, "2024-02-00T12:00:00.5", operand{sql: "?", arg: int64(20240200120000), side: justAbove}},
		{"DATETIME", 3, "0999-02-00T12:00", operand{sql: "?", arg: "0999-02-00 12:00:00.000", noIndex: true}},
		{"DATETIME", 0, "0000-00-00T00:00:01", operand{sql: "?", arg: "0000-00-00 00:00:01", noIndex: true}},
		{"DATETIME", 0, "0000-00-00T00:00:00.1", operand{sql: "?", arg: "0000-00-00 00:00:00", noIndex: true, side: justAbove}},
		{"DATETIME", 0, "0000-00-00", zeroDate},
		{"DATETIME", 3, "2024-02-29 23:59:59.120", operand{sql: "?", arg: "2024-02-29 23:59:59.12"}},
		{"DATETIME", 3, "2024-02-29T23:59:59.1234567", operand{sql: "?", arg: "2024-02-29 23:59:59.123", side: justAbove}},
		{"DATETIME", 0, "0000-00-00T00:00:00", zeroDate},
		{"DATETIME", 3, "0000-00-00 00:00:00.000", zeroDate},
		{"TIMESTAMP", 0, "2024-02-29T23:59:59Z", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"TIMESTAMP", 0, "2024-02-29 23:59:59", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"TIMESTAMP", 0, "2024-02-29", operand{sql: "?", arg: "2024-02-29 00:00:00"}},
		{"TIMESTAMP", 0, "2024-02-29T23:59", operand{sql: "?", arg: "2024-02-29 23:59:00"}},
		{"TIMESTAMP", 0, "2024-02-29t23:59z", operand{sql: "?", arg: "2024-02-29 23:59:00"}},
		{"TIMESTAMP", 0, "2024-03-01T01:59:59+02", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"TIMESTAMP", 0, "2024-03-01T01:59:59 02:00", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"TIMESTAMP", 0, "0000-00-00", zeroDate},
		{"TIMESTAMP", 0, "1969-12-31", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"TIMESTAMP", 0, "0000-01-01T00:00:00+01:00", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"TIMESTAMP", 0, "9999-12-31T23:59:59-01:00", operand{side: aboveAll}},
		{"TIMESTAMP", 0, "2024-03-01T01:59:59+02:00", operand{sql: "?", arg: "2024-02-29 23:59:59"}},
		{"TIMESTAMP", 3, "2024-02-28T20:29:59.1239-0330", operand{sql: "?", arg: "2024-02-28 23:59:59.123", side: justAbove}},
		{"TIMESTAMP", 0, "0000-00-00T00:00:00", zeroDate},
		{"TIMESTAMP", 0, "1969-12-31T23:59:59Z", operand{sql: "?", arg: int64(0), side: justAbove}},
		{"TIMESTAMP", 0, "1970-01-01T01:00:00+02:00", operand{sql: "?", arg: int64(0), side: justAbove}},

		// texts and bytes
		{"VARCHAR", 0, " a ", operand{sql: "?", arg: " a "}},
		{"MEDIUMTEXT", 0, "", operand{sql: "?", arg: ""}},
		{"CHAR", 0, "\x00'\"\\%", operand{sql: "?", arg: "\x00'\"\\%"}},
		{"", 0, "mock", operand{sql: "?", arg: "mock"}},
		{"ENUM", 0, "red", operand{sql: "?", arg: "red"}},
		{"ENUM", 0, "+1", operand{sql: "?", arg: "+1", noIndex: true}},
		{"SET", 0, " 3", operand{sql: "?", arg: " 3", noIndex: true}},
		{"VARBINARY", 0, "AP8=", operand{sql: "?", arg: []byte{0, 255}}},
		{"TINYBLOB", 0, "++++", operand{sql: "?", arg: []byte{0xfb, 0xef, 0xbe}}},
		{"TINYBLOB", 0, "    ", operand{sql: "?", arg: []byte{0xfb, 0xef, 0xbe}}}, // not encoded
		{"BINARY", 0, "", operand{sql: "?", arg: []byte{}}},
	}
	for _, tt := range tests {
		t.Run(tt.typeName+" "+tt.value, func(t *testing.T) {
			c := typedColumn("c", tt.typeName, tt.scale)
			if got, err := operandOf(&c, postgrest.Condition{}, tt.value); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("operand(%s(%d) %.99q) = %+v, %v; want %+v", tt.typeName, tt.scale, tt.value, got, err, tt.want)
			}
		})
	}
}

func TestValueRefuses(t *testing.T) {
	tests := []struct{ reason, typeName, value string }{
		{"letters", "INT", "abc"},
		{"empty", "INT", ""},
		{"a sign alone", "INT", "-"},
		{"two signs", "INT", "--1"},
		{"a plus sign", "INT", "+1"},
		{"a fraction", "INT", "1.0"},
		{"an exponent", "INT", "1e3"},
		{"hexadecimal", "BIGINT", "0x10"},
		{"digits of another script", "INT", "１"},
		{"underscores", "INT", "1_000"},
		{"text behind", "INT", "1x"},
		{"two numbers", "INT", "1 2"},
		{"a truth for more than a byte", "SMALLINT", "true"},

		{"two digits", "YEAR", "24"},
		{"five digits", "YEAR", "02024"},
		{"negative", "YEAR", "-999"},
		{"a plus sign", "YEAR", "+999"},

		{"empty", "DECIMAL", ""},
		{"a comma", "DECIMAL", "1,5"},
		{"no digit before the point", "DECIMAL", ".5"},
		{"no digit behind the point", "DECIMAL", "5."},
		{"a leading zero, as JSON has none", "DECIMAL", "05"},
		{"a plus sign", "DECIMAL", "+5"},
		{"an exponent without digits", "DECIMAL", "1e"},
		{"hexadecimal", "DOUBLE", "0x1p-2"},
		{"underscores", "DOUBLE", "1_0"},
		{"not a number", "DOUBLE", "NaN"},
		{"infinite", "FLOAT", "Inf"},
		{"a truth", "DOUBLE", "true"},
		{"two numbers", "DECIMAL", "1e5 1"},
		{"a blank for a sign", "DOUBLE", "1 5"},
		{"two blanks", "DOUBLE", "1e  5"},

		{"no such day", "DATE", "2023-02-29"},
		{"no such month", "DATE", "2024-13-01"},
		{"a day that is only printed if MySQL was told not to mind", "DATE", "2024-02-31"},
		{"no leap year for MySQL", "DATE", "0000-02-29"},
		{"a partial date that is none", "DATE", "2024-00-32"},
		{"the thirteenth month", "DATE", "2024-13-00"},
		{"an instant", "DATE", "2024-02-29T12:30:00.000Z"},
		{"a partial date with a time", "DATE", "2024-02-00T00:00:00"},
		{"a blank", "DATE", "2024-02-00 1"},
		{"a year of five digits", "DATE", "12024-02-29"},
		{"one digit", "DATE", "2024-2-29"},
		{"with a time", "DATE", "2024-02-29T00:00:00"},
		{"another order", "DATE", "29.02.2024"},
		{"as a number", "DATE", "20240229"},
		{"empty", "DATE", ""},

		{"as a number", "TIME", "235959"},
		{"sixty minutes", "TIME", "23:60:00"},
		{"hours", "TIME", "23"},
		{"a fraction of a minute", "TIME", "23:59.5"},
		{"longer than the longest, without seconds", "TIME", "839:00"},
		{"one digit", "TIME", "1:00:00"},
		{"a point and nothing", "TIME", "12:00:00."},
		{"a zone", "TIME", "12:00:00Z"},
		{"longer than the longest", "TIME", "839:00:00"},
		{"a fraction longer than the longest", "TIME", "838:59:59.000001"},
		{"shorter than the shortest", "TIME", "-838:59:59.5"},

		{"no such day", "DATETIME", "2023-02-29T00:00:00"},
		{"no such day, alone", "DATETIME", "2023-02-29"},
		{"no leap year for MySQL", "DATETIME", "0000-02-29T00:00:00"},
		{"hours", "DATETIME", "2024-02-29T23"},
		{"a fraction of a minute", "DATETIME", "2024-02-29T23:59.5"},
		{"a year of five digits", "DATETIME", "10000-01-01T00:00:00"},
		{"a year as JavaScript writes it", "DATETIME", "+010000-01-01T00:00:00.000Z"},
		{"a partial date with no such hour", "DATETIME", "2024-02-00T24:00:00"},
		{"a partial date as an instant", "DATETIME", "2024-02-00T00:00:00Z"},
		{"the zero date as an instant", "DATETIME", "0000-00-00T00:00:00Z"},
		{"a day with a zone", "DATETIME", "2024-02-29Z"},
		{"a day with an offset", "DATETIME", "2024-02-29+02:00"},
		{"the name of a zone", "DATETIME", "2024-02-29T23:59:59 UTC"},
		{"a blank and an offset of hours", "DATETIME", "2024-02-29T12:30 02"},
		{"a blank and a sign", "DATETIME", "2024-02-29T12:30 +02:00"},
		{"in UTC no leap year for MySQL", "DATETIME", "0000-03-01T00:30:00+01:00"},
		{"a leap second in UTC", "DATETIME", "2016-12-31T23:59:60Z"},
		{"no such hour", "DATETIME", "2024-02-29T24:00:00"},
		{"a leap second", "DATETIME", "2016-12-31T23:59:60"},
		{"two blanks", "DATETIME", "2024-02-29  23:59:59"},
		{"a fraction without digits", "DATETIME", "2024-02-29T23:59:59."},
		{"text behind", "DATETIME", "2024-02-29T23:59:59x"},

		{"the name of a zone", "TIMESTAMP", "2024-02-29T23:59:59 UTC"},
		{"an offset of more than a day", "TIMESTAMP", "2024-02-29T23:59:59+24:00"},
		{"an offset of sixty minutes", "TIMESTAMP", "2024-02-29T23:59:59+01:60"},
		{"no such day", "TIMESTAMP", "2023-02-29T00:00:00Z"},
		{"no such day, with an offset", "TIMESTAMP", "2023-02-29T00:00:00+01:00"},
		{"the zero date as an instant", "TIMESTAMP", "0000-00-00T00:00:00Z"},
		{"a partial date", "TIMESTAMP", "2024-02-00T00:00:00"},
		{"a partial day", "TIMESTAMP", "2024-02-00"},
		{"the zero date with a time", "TIMESTAMP", "0000-00-00T00:00:01"},
		{"the zero date with an offset", "TIMESTAMP", "0000-00-00T00:00:00+00:00"},

		{"not base64", "BLOB", "ä"},
		{"no padding", "BINARY", "AA"},
		{"too much padding", "BINARY", "AAA=="},
		{"the other alphabet", "VARBINARY", "-_-_"},
		{"bits that are not there", "BLOB", "AB=="},
		{"a blank inside", "BLOB", "AA AA"},

		{"not comparable", "JSON", "1"},
		{"not comparable", "GEOMETRY", "AAAA"},
		{"not comparable", "VECTOR", "[1]"},
		{"a type of the future", "HOLOGRAM", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.typeName+" "+tt.reason, func(t *testing.T) {
			c := typedColumn("c", tt.typeName, 6)
			place := at("c", 4)
			o, err := operandOf(&c, postgrest.Condition{Operator: "eq", ValuesAt: place}, tt.value)
			if err == nil {
				t.Fatalf("operand(%s %q) = %+v; want it refused: %s", tt.typeName, tt.value, o, tt.reason)
			}
			code, says := postgrest.CodeBadValue, "expected "+valueTypeOf(c.Type).expected+`, as the column "c" has`
			if valueTypeOf(c.Type).parse == nil {
				code, says = postgrest.CodeSyntax, "of type "+tt.typeName+", expected is.null"
			}
			checkRefused(t, tt.value, err, code, place, says, "")
		})
	}
}

// Every type that can be in a result takes what it should, and only JSON,
// GEOMETRY and VECTOR have nothing to compare with.
func TestValueTypes(t *testing.T) {
	const opaque, patterns, truth = "JSON GEOMETRY VECTOR", "CHAR VARCHAR ENUM SET TINYTEXT TEXT MEDIUMTEXT LONGTEXT",
		"TINYINT SMALLINT MEDIUMINT INT BIGINT DECIMAL FLOAT DOUBLE BIT"
	const others = "YEAR DATE TIME DATETIME TIMESTAMP BINARY VARBINARY TINYBLOB BLOB MEDIUMBLOB LONGBLOB"
	for name := range strings.FieldsSeq(opaque + " " + patterns + " " + truth + " " + others) {
		has := func(names string) bool { return slices.Contains(strings.Fields(names), name) }
		v := valueTypeOf(name)
		if v.isText != has(patterns) || v.isTruth != has(truth) || (v.parse == nil) != has(opaque) {
			t.Errorf("valueTypeOf(%q) = %+v", name, v)
		}
	}
}

// FuzzDecimal is the law of decimals: whatever the number and the scale, the
// argument is the number itself, or the next one towards zero that the column
// can have, and then the side says so.
func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"0", "-12.50", "0.005", "1e-3", "-9.99e64", "123456789012345678901234567890.5", "1E+70", "00", "-0.0e9", "100"} {
		f.Add(seed, uint8(2))
		f.Add(seed, uint8(0))
		f.Add(seed, uint8(30))
	}
	f.Fuzz(func(t *testing.T, value string, scale uint8) {
		c := typedColumn("c", "DECIMAL", int(scale%39))
		o, ok := parseDecimal(&c, value)
		isNumber := jsonNumber.MatchString(withPlus(value))
		if ok != isNumber {
			t.Fatalf("parseDecimal(%q) takes it: %v; want %v", value, ok, isNumber)
		}
		number, isRat := new(big.Rat).SetString(value)
		if !ok || !isRat {
			return
		}
		if o.side == aboveAll || o.side == belowAll {
			limit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(65-c.Scale)), nil))
			if new(big.Rat).Abs(number).Cmp(limit) < 0 || number.Sign() > 0 != (o.side == aboveAll) {
				t.Errorf("parseDecimal(%q, %d) = %+v; but a column may have it", value, c.Scale, o)
			}
			return
		}
		arg, _ := new(big.Rat).SetString(fmt.Sprint(o.arg))
		next := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Scale)), nil))
		beyond := new(big.Rat).Sub(number, arg)
		if _, fraction, _ := strings.Cut(fmt.Sprint(o.arg), "."); len(fraction) > c.Scale || o.side == justBelow {
			beyond.Neg(beyond)
		}
		isBetween := beyond.Sign() > 0 && beyond.Cmp(next) < 0
		if o.side == exact && beyond.Sign() != 0 || o.side != exact && !isBetween {
			t.Errorf("parseDecimal(%q, %d) = %+v; that is %v away", value, c.Scale, o, beyond)
		}
	})
}

func TestPattern(t *testing.T) {
	tests := []struct{ value, want string }{
		{"", ""},
		{"a*b%c_", "a%b%c_"},
		{`50\%`, "50|%"},
		{`a\_b`, "a|_b"},
		{`\*`, "|%"}, // a star is a percent sign first
		{`a\b`, "ab"},
		{`a\\b`, `a\b`},
		{`a\\%`, `a\%`},
		{`a\\\%`, `a\|%`},
		{"a|b", "a||b"},
		{`a\|b`, "a||b"},
		{"|%", "||%"},
		{`\`, `\`},
		{`a\`, `a\`},
		{`a\\`, `a\`},
		{`\é🔭\`, `é🔭\`},
	}
	for _, tt := range tests {
		if got := parsePattern(tt.value); got != tt.want {
			t.Errorf("parsePattern(%q) = %q; want %q", tt.value, got, tt.want)
		}
	}
}

// FuzzValue: whatever the value, no type panics, and one that is refused is so
// however it is surrounded by blanks.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		"1", "-9223372036854775809", "true", "2024", "1e400", "2024-02-29", "-838:59:59.5",
		"2024-02-29T23:59:59.123Z", "2024-02-29 23:59:59+02:00", "0000-00-00 00:00:00.0",
		"2024-02-00", "2024-02-00T12:30:00.5", "0000-05-00 12:30", "0000-01-01T00:00 14:00", "9999-12-31T23:59z", "09:00", "1e 5", "", "AP8=", "ä\x00",
	} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, value string, scale uint8) {
		for typeName, valueType := range valueTypes {
			if valueType.parse == nil {
				continue
			}
			c := typedColumn("c", typeName, int(scale%7))
			o, ok := valueType.parse(&c, value)
			isAll := o.side == aboveAll || o.side == belowAll
			if ok && isAll != (o.sql == "") || ok && !isAll && strings.Count(o.sql, "?") != 1 {
				t.Errorf("parse(%s %q) = %+v; want one placeholder, or none beyond all", typeName, value, o)
			}
			if _, isText := o.arg.(string); ok && isText && !valueType.isText && strings.ContainsAny(fmt.Sprint(o.arg), "'\"\\`;") {
				t.Errorf("parse(%s %q) = %+v; want nothing but a value", typeName, value, o)
			}
		}
	})
}

// The longest TIME of MariaDB is taken as it is printed, and no longer one.
func TestParseLongTime(t *testing.T) {
	tests := []struct {
		value string
		long  bool
		want  bool
	}{
		{"838:59:59", false, true},
		{"838:59:59.5", false, false},
		{"-838:59:59.999", true, true},
		{"838:59:59.999999", true, true},
		{"838:59:59.9999991", true, false},
		{"839:00:00", true, false},
	}
	for _, tt := range tests {
		o, ok := parseTime(&catalog.Column{Type: "TIME", Scale: 6, LongTime: tt.long}, tt.value)
		if ok != tt.want || ok && o.arg != tt.value {
			t.Errorf("parseTime(%q), long: %t = %v, %t; want %t", tt.value, tt.long, o, ok, tt.want)
		}
	}
}
