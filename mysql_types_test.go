package main

// This file has the JSON form of every MySQL type, as a real server sends it,
// at the edges of what the type holds, and the table of what the engines do
// otherwise. How to run it: mysql_test.go.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"readapi/internal/exec"
)

// mysqlValue is one value: what is inserted, in SQL, and what comes back.
type mysqlValue struct{ literal, want string }

// Two points as MySQL stores them behind the four bytes of the SRID: well-known
// binary (MySQL manual, 13.4.3), the byte order, the kind and two doubles.
const (
	mysqlPoint12 = "\x01" + "\x01\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\xf0\x3f" + "\x00\x00\x00\x00\x00\x00\x00\x40"
	mysqlPoint21 = "\x01" + "\x01\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x40" + "\x00\x00\x00\x00\x00\x00\xf0\x3f"
)

// mysqlTypes lists types and values with what MySQL 9 gives. A NULL is added to
// each. Literals are inserted in UTC and in mysqlAdminMode.
var mysqlTypes = []struct {
	name   string // the rest is the column's type, if that is empty
	ddl    string
	values []mysqlValue
}{
	{"TINYINT", "", []mysqlValue{{"-128", "-128"}, {"127", "127"}}},
	{"TINYINT UNSIGNED", "", []mysqlValue{{"0", "0"}, {"255", "255"}}},
	{"BOOL", "", []mysqlValue{{"FALSE", "0"}, {"TRUE", "1"}}},
	{"SMALLINT", "", []mysqlValue{{"-32768", "-32768"}, {"32767", "32767"}}},
	{"SMALLINT UNSIGNED", "", []mysqlValue{{"0", "0"}, {"65535", "65535"}}},
	{"MEDIUMINT", "", []mysqlValue{{"-8388608", "-8388608"}, {"8388607", "8388607"}}},
	{"MEDIUMINT UNSIGNED", "", []mysqlValue{{"0", "0"}, {"16777215", "16777215"}}},
	{"INT", "", []mysqlValue{{"-2147483648", "-2147483648"}, {"2147483647", "2147483647"}}},
	{"INT UNSIGNED", "", []mysqlValue{{"0", "0"}, {"4294967295", "4294967295"}}},
	{"BIGINT", "", []mysqlValue{
		{"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775807", "9223372036854775807"},
		{"9007199254740993", "9007199254740993"},
	}},
	{"BIGINT UNSIGNED", "", []mysqlValue{{"0", "0"}, {"18446744073709551615", "18446744073709551615"}}},
	{"TINYINT(3) ZEROFILL", "", []mysqlValue{{"0", "0"}, {"7", "7"}}},
	{"INT(10) UNSIGNED ZEROFILL", "", []mysqlValue{{"0", "0"}, {"42", "42"}, {"4294967295", "4294967295"}}},
	{"BIGINT(20) UNSIGNED ZEROFILL", "", []mysqlValue{{"0", "0"}, {"7", "7"}, {"18446744073709551615", "18446744073709551615"}}},
	{"YEAR", "", []mysqlValue{{"1901", "1901"}, {"2155", "2155"}}},
	{"YEAR 0000", "YEAR", []mysqlValue{{"0", "0"}}},
	{"BIT(1)", "", []mysqlValue{{"b'0'", "0"}, {"b'1'", "1"}}},
	{"BIT(9)", "", []mysqlValue{{"b'0'", "0"}, {"b'100000001'", "257"}}},
	{"BIT(64)", "", []mysqlValue{{"0", "0"}, {"18446744073709551615", "18446744073709551615"}, {"9223372036854775808", "9223372036854775808"}}},

	{"DECIMAL(65,30)", "", []mysqlValue{
		{"99999999999999999999999999999999999.999999999999999999999999999999", "99999999999999999999999999999999999.999999999999999999999999999999"},
		{"-99999999999999999999999999999999999.999999999999999999999999999999", "-99999999999999999999999999999999999.999999999999999999999999999999"},
		{"0.000000000000000000000000000001", "0.000000000000000000000000000001"},
		{"-1", "-1.000000000000000000000000000000"},
	}},
	{"DECIMAL(65,0)", "", []mysqlValue{{strings.Repeat("9", 65), strings.Repeat("9", 65)}}},
	{"DECIMAL(10,2)", "", []mysqlValue{{"12.5", "12.50"}, {"-0.05", "-0.05"}, {"0", "0.00"}, {"-0.00", "0.00"}}},
	{"DECIMAL(10,2) ZEROFILL", "", []mysqlValue{{"12.5", "12.50"}, {"0", "0.00"}, {"99999999.99", "99999999.99"}}},
	{"DECIMAL(10,0) ZEROFILL", "", []mysqlValue{{"0", "0"}, {"100", "100"}}},

	{"DOUBLE", "", []mysqlValue{
		{"5e-324", "5e-324"},
		{"2.2250738585072014e-308", "2.2250738585072014e-308"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"-1.7976931348623157e308", "-1.7976931348623157e+308"},
		{"0.1", "0.1"},
		{"3", "3"},
		{"1e21", "1e+21"},
		{"123456789012345680000", "123456789012345680000"},
		{"0.000001", "0.000001"},
		{"0.0000001", "1e-7"},
	}},
	{"DOUBLE negative zero", "DOUBLE", []mysqlValue{{"-0e0", "-0"}}},
	{"FLOAT", "", []mysqlValue{{"0.1", "0.1"}, {"-1.5", "-1.5"}, {"65536", "65536"}, {"1e-30", "1e-30"}, {"1e30", "1e+30"}}},
	{"FLOAT beyond six digits", "FLOAT", []mysqlValue{{"16777216", "16777216"}, {"3.4028234e38", "3.4028235e+38"}, {"1.17549435e-38", "1.1754944e-38"}}},
	{"FLOAT negative zero", "FLOAT", []mysqlValue{{"-0e0", "-0"}}},

	{"DATE", "", []mysqlValue{{"'2024-02-29'", `"2024-02-29"`}, {"'1000-01-01'", `"1000-01-01"`}, {"'9999-12-31'", `"9999-12-31"`}}},
	{"DATE zero", "DATE", []mysqlValue{{"'0000-00-00'", `"0000-00-00"`}}},
	{"DATE partial", "DATE", []mysqlValue{{"'2024-00-00'", `"2024-00-00"`}, {"'2024-02-00'", `"2024-02-00"`}}},
	{"DATE that does not exist", "DATE", []mysqlValue{{"'2024-02-31'", `"2024-02-31"`}}},
	{"DATETIME", "", []mysqlValue{{"'2024-02-29 23:59:59'", `"2024-02-29T23:59:59"`}, {"'1000-01-01 00:00:00'", `"1000-01-01T00:00:00"`}}},
	{"DATETIME(1)", "", []mysqlValue{{"'2024-02-29 23:59:59.1'", `"2024-02-29T23:59:59.1"`}}},
	{"DATETIME(2)", "", []mysqlValue{{"'2024-02-29 23:59:59.12'", `"2024-02-29T23:59:59.12"`}}},
	{"DATETIME(3)", "", []mysqlValue{{"'2024-02-29 23:59:59.123'", `"2024-02-29T23:59:59.123"`}}},
	{"DATETIME(4)", "", []mysqlValue{{"'2024-02-29 23:59:59.1234'", `"2024-02-29T23:59:59.1234"`}}},
	{"DATETIME(5)", "", []mysqlValue{{"'2024-02-29 23:59:59.12345'", `"2024-02-29T23:59:59.12345"`}}},
	{"DATETIME(6)", "", []mysqlValue{{"'9999-12-31 23:59:59.999999'", `"9999-12-31T23:59:59.999999"`}}},
	{"DATETIME fraction of zeros", "DATETIME(6)", []mysqlValue{
		{"'2024-02-29 23:59:59'", `"2024-02-29T23:59:59.000000"`},
		{"'2024-02-29 23:59:59.12'", `"2024-02-29T23:59:59.120000"`},
		{"'0000-00-00 00:00:00'", `"0000-00-00T00:00:00.000000"`},
	}},
	{"DATETIME zero", "DATETIME", []mysqlValue{{"'0000-00-00 00:00:00'", `"0000-00-00T00:00:00"`}}},
	{"DATETIME partial", "DATETIME", []mysqlValue{{"'2024-00-00 00:00:00'", `"2024-00-00T00:00:00"`}, {"'2024-02-00 12:00:00'", `"2024-02-00T12:00:00"`}}},

	{"TIMESTAMP", "TIMESTAMP NULL", []mysqlValue{{"'1970-01-01 00:00:01'", `"1970-01-01T00:00:01Z"`}, {"'2038-01-19 03:14:07'", `"2038-01-19T03:14:07Z"`}}},
	{"TIMESTAMP(1)", "TIMESTAMP(1) NULL", []mysqlValue{{"'2024-02-29 23:59:59.1'", `"2024-02-29T23:59:59.1Z"`}}},
	{"TIMESTAMP(2)", "TIMESTAMP(2) NULL", []mysqlValue{{"'2024-02-29 23:59:59.12'", `"2024-02-29T23:59:59.12Z"`}}},
	{"TIMESTAMP(3)", "TIMESTAMP(3) NULL", []mysqlValue{{"'2024-02-29 23:59:59.123'", `"2024-02-29T23:59:59.123Z"`}}},
	{"TIMESTAMP(4)", "TIMESTAMP(4) NULL", []mysqlValue{{"'2024-02-29 23:59:59.1234'", `"2024-02-29T23:59:59.1234Z"`}}},
	{"TIMESTAMP(5)", "TIMESTAMP(5) NULL", []mysqlValue{{"'2024-02-29 23:59:59.12345'", `"2024-02-29T23:59:59.12345Z"`}}},
	{"TIMESTAMP(6)", "TIMESTAMP(6) NULL", []mysqlValue{{"'2024-02-29 23:59:59.123456'", `"2024-02-29T23:59:59.123456Z"`}}},
	{"TIMESTAMP fraction of zeros", "TIMESTAMP(6) NULL", []mysqlValue{
		{"'2024-02-29 23:59:59'", `"2024-02-29T23:59:59.000000Z"`},
		{"'0000-00-00 00:00:00'", `"0000-00-00T00:00:00.000000"`},
	}},
	{"TIMESTAMP zero", "TIMESTAMP NULL", []mysqlValue{{"'0000-00-00 00:00:00'", `"0000-00-00T00:00:00"`}}},

	{"TIME", "", []mysqlValue{{"'-838:59:59'", `"-838:59:59"`}, {"'838:59:59'", `"838:59:59"`}, {"'00:00:00'", `"00:00:00"`}, {"'-00:00:01'", `"-00:00:01"`}}},
	{"TIME(3)", "", []mysqlValue{{"'12:34:56.789'", `"12:34:56.789"`}}},
	{"TIME(6)", "", []mysqlValue{{"'-12:34:56.789012'", `"-12:34:56.789012"`}}},
	{"TIME fraction of zeros", "TIME(6)", []mysqlValue{{"'-838:59:59.000000'", `"-838:59:59.000000"`}}},

	{"CHAR(5)", "", []mysqlValue{{"'ab'", `"ab"`}, {"''", `""`}}},
	{"CHAR with trailing spaces", "CHAR(5)", []mysqlValue{{"'ab  '", `"ab"`}}},
	{"VARCHAR(5)", "", []mysqlValue{{"'ab  '", `"ab  "`}, {"''", `""`}}},
	{"VARCHAR(5) COLLATE utf8mb4_bin", "", []mysqlValue{{"'é'", `"é"`}}},
	{"VARCHAR(10) CHARACTER SET latin1", "", []mysqlValue{{"'é€ÿ'", `"é€ÿ"`}}},
	{"VARCHAR(10) CHARACTER SET utf16", "", []mysqlValue{{"'é🔭'", `"é🔭"`}}},
	{"VARCHAR(10) CHARACTER SET ucs2", "", []mysqlValue{{"'é'", `"é"`}, {"_ucs2 x'0061d8000062'", `"a���b"`}}}, // a lone surrogate comes as bytes that are no UTF-8
	{"VARCHAR(10) CHARACTER SET ascii", "", []mysqlValue{{"'abc'", `"abc"`}}},
	{"CHAR(5) CHARACTER SET binary", "", []mysqlValue{{"'abc'", `"YWJjAAA="`}}},
	{"TINYTEXT", "", []mysqlValue{{"'x'", `"x"`}, {"''", `""`}}},
	{"MEDIUMTEXT", "", []mysqlValue{{"'x'", `"x"`}, {"''", `""`}}},
	{"LONGTEXT", "", []mysqlValue{{"'x'", `"x"`}, {"''", `""`}}},
	{"TEXT controls", "TEXT", []mysqlValue{
		{
			"_utf8mb4 x'000102030405060708090a0b0c0d0e0f'",
			`"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\t\n\u000b\u000c\r\u000e\u000f"`,
		},
		{
			"_utf8mb4 x'101112131415161718191a1b1c1d1e1f7f'",
			`"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f` + "\x7f\"",
		},
	}},
	{"TEXT special characters", "TEXT", []mysqlValue{
		{`'"\\\'/<>&'`, `"\"\\'/<>&"`},
		{"'\u2028\u2029\ufeff'", "\"\u2028\u2029\ufeff\""},
		{"'👩‍👩‍👧 🔭 é e\u0301'", "\"👩‍👩‍👧 🔭 é e\u0301\""},
	}},
	{"ENUM", "ENUM('a','b,c','','1')", []mysqlValue{{"'a'", `"a"`}, {"'b,c'", `"b,c"`}, {"''", `""`}, {"'1'", `"1"`}}},
	{"ENUM index 0", "ENUM('a','b')", []mysqlValue{{"'neither'", `""`}}},
	{"SET", "SET('a','b','c d')", []mysqlValue{{"''", `""`}, {"'b'", `"b"`}, {"'c d,a'", `"a,c d"`}, {"7", `"a,b,c d"`}}},
	{"SET without a member", "SET('a','b')", []mysqlValue{{"'neither'", `""`}}},

	{"JSON", "", []mysqlValue{
		{`'{"a": [1, -2.5, null, true, "x\\ny"], "b": {"c": "é🔭"}}'`, `{"a": [1, -2.5, null, true, "x\ny"], "b": {"c": "é🔭"}}`},
		{"'{}'", "{}"},
		{"'[]'", "[]"},
		{"'null'", "null"},
		{"'false'", "false"},
		{`'"s"'`, `"s"`},
		{"'" + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "'", strings.Repeat("[", 30) + strings.Repeat("]", 30)},
	}},
	{"JSON big numbers", "JSON", []mysqlValue{
		{"JSON_ARRAY(9007199254740993, 18446744073709551615)", "[9007199254740993, 18446744073709551615]"},
	}},
	{"JSON big numbers as text", "JSON", []mysqlValue{
		{"'[-9223372036854775808, 18446744073709551615, 1e300]'", "[-9223372036854775808, 18446744073709551615, 1e300]"},
	}},
	{"JSON controls", "JSON", []mysqlValue{
		{`'{"q\\"": "\\u0000\\u0001\\u001f\\t\\n\\"\\\\"}'`, `{"q\"": "\u0000\u0001\u001f\t\n\"\\"}`},
		{"'\"\u2028\"'", "\"\u2028\""},
	}},

	{"BINARY(3)", "", []mysqlValue{{"'a'", `"YQAA"`}, {"''", `"AAAA"`}, {"x'ffffff'", `"////"`}}},
	{"VARBINARY(4)", "", []mysqlValue{{"x'ff00fe'", `"/wD+"`}, {"x'c328'", `"wyg="`}, {"'a'", `"YQ=="`}, {"''", `""`}}},
	{"TINYBLOB", "", []mysqlValue{{"''", `""`}, {"x'00'", `"AA=="`}}},
	{"BLOB", "", []mysqlValue{{"''", `""`}, {"x'00'", `"AA=="`}}},
	{"MEDIUMBLOB", "", []mysqlValue{{"''", `""`}, {"x'00'", `"AA=="`}}},
	{"LONGBLOB", "", []mysqlValue{{"''", `""`}, {"x'00'", `"AA=="`}}},
	{"GEOMETRY", "", []mysqlValue{
		{"ST_GeomFromText('POINT(1 2)')", mysqlBase64("\x00\x00\x00\x00" + mysqlPoint12)},
	}},
	{"GEOMETRY with latitude and longitude", "GEOMETRY", []mysqlValue{
		{"ST_GeomFromText('POINT(1 2)', 4326)", mysqlBase64("\xe6\x10\x00\x00" + mysqlPoint21)},
	}},
	{"POINT", "", []mysqlValue{
		{"ST_GeomFromText('POINT(0 0)')", mysqlBase64("\x00\x00\x00\x00" + "\x01\x01\x00\x00\x00" + strings.Repeat("\x00", 16))},
	}},
	{"VECTOR(3)", "", []mysqlValue{{"STRING_TO_VECTOR('[1,-2.5,0.1]')", "[1,-2.5,0.1]"}, {"STRING_TO_VECTOR('[3.4028235e38,1.1754944e-38,0]')", "[3.4028235e+38,1.1754944e-38,0]"}}},
	{"UUID", "", []mysqlValue{{"'123e4567-e89b-12d3-a456-426655440000'", `"123e4567-e89b-12d3-a456-426655440000"`}}},
	{"INET6", "", []mysqlValue{{"'::1'", `"::1"`}, {"'2001:db8::ff00:42:8329'", `"2001:db8::ff00:42:8329"`}}},
}

func mysqlBase64(s string) string {
	return `"` + base64.StdEncoding.EncodeToString([]byte(s)) + `"`
}

func TestMySQLTypes(t *testing.T) {
	d := newMySQLDatabase(t)
	tables := make([]string, len(mysqlTypes))
	for i := range tables {
		tables[i] = fmt.Sprintf("t%d", i)
	}
	base := mysqlServe(t, mysqlWith(d.env, "DB_TABLES", strings.Join(tables, ",")))
	for i, tt := range mysqlTypes {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ddl == "" {
				tt.ddl = tt.name
			}
			var literals, want []string
			for _, v := range tt.values {
				literals, want = append(literals, "("+v.literal+")"), append(want, v.want)
			}
			create := "CREATE TABLE " + tables[i] + " (v " + tt.ddl + ")"
			insert := "INSERT INTO " + tables[i] + " VALUES " + strings.Join(literals, ",") + ",(NULL)"
			if e, otherwise := d.exception(t, tt.name); otherwise {
				if want = e.want; want == nil {
					d.wantRefused(t, create, insert)
					t.Skip(e.reason)
				}
			}
			d.exec(t, create, insert)
			mysqlWantBody(t, base+"/read/"+tables[i], mysqlBody(append(want, "null")))
		})
	}
}

// mysqlBody is the body for rows of one column v with these values.
func mysqlBody(values []string) string {
	return `[{"v":` + strings.Join(values, "},\n{\"v\":") + "}]\n"
}

// wantRefused checks that the engine refuses one of statements, so that an
// exception does not stay longer than its reason.
func (d *mysqlDatabase) wantRefused(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := d.admin.ExecContext(t.Context(), statement); err != nil {
			return
		}
	}
	t.Errorf("%q = nil; want an error, or no exception", statements)
}

// TestMySQLTimestampZone writes in a zone far from UTC, with half an hour. That
// readapi sets a zone itself is TestMySQLSession's.
func TestMySQLTimestampZone(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "SET time_zone = '+05:30'", "CREATE TABLE sample (v TIMESTAMP)",
		"INSERT INTO sample VALUES ('1970-01-01 05:30:01'), ('2024-03-01 05:29:59')")
	want := []string{`"1970-01-01T00:00:01Z"`, `"2024-02-29T23:59:59Z"`}
	if e, otherwise := d.exception(t, "TIMESTAMP of another zone"); otherwise {
		want = e.want
	}
	mysqlWantBody(t, mysqlServe(t, d.env)+"/read", mysqlBody(want))
}

func TestMySQLNumbersAsStrings(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t,
		"CREATE TABLE sample (i INT, b BIGINT, u BIGINT UNSIGNED, z BIGINT(20) ZEROFILL, n DECIMAL(5,2), f DECIMAL(5,1) ZEROFILL, x BIT(64), d DOUBLE, y YEAR)",
		"INSERT INTO sample VALUES (1, -2, 18446744073709551615, 7, -0.5, 1.5, 9007199254740993, 0.5, 2024), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
	)
	const nulls = ",\n" + `{"i":null,"b":null,"u":null,"z":null,"n":null,"f":null,"x":null,"d":null,"y":null}]` + "\n"
	tests := []struct{ name, bigint, decimal, want string }{
		{"both numbers", "number", "number", `[{"i":1,"b":-2,"u":18446744073709551615,"z":7,"n":-0.50,"f":1.5,"x":9007199254740993,"d":0.5,"y":2024}` + nulls},
		{"BIGINT as string", "string", "number", `[{"i":1,"b":"-2","u":"18446744073709551615","z":"7","n":-0.50,"f":1.5,"x":9007199254740993,"d":0.5,"y":2024}` + nulls},
		{"DECIMAL as string", "number", "string", `[{"i":1,"b":-2,"u":18446744073709551615,"z":7,"n":"-0.50","f":"1.5","x":9007199254740993,"d":0.5,"y":2024}` + nulls},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := mysqlServe(t, mysqlWith(d.env, "BIGINT_AS", tt.bigint, "DECIMAL_AS", tt.decimal))
			mysqlWantBody(t, base+"/read", tt.want)
		})
	}
}

func TestMySQLColumnNames(t *testing.T) {
	d := newMySQLDatabase(t)
	// Identifiers have no characters beyond U+FFFF: no other emoji.
	names := []string{`"`, `\`, "`", "'", "select", "two words", "☎", "é", "<b>&", "a.b", "a\tb", "\u2028"}
	keys := []string{`"\""`, `"\\"`, "\"`\"", `"'"`, `"select"`, `"two words"`, `"☎"`, `"é"`, `"<b>&"`, `"a.b"`, `"a\tb"`, "\"\u2028\""}
	columns, members := make([]string, len(names)), make([]string, len(names))
	for i := range names {
		columns[i] = exec.QuoteIdentifier(names[i]) + " INT DEFAULT 1"
		members[i] = keys[i] + ":1"
	}
	d.exec(t, "CREATE TABLE sample ("+strings.Join(columns, ",")+")", "INSERT INTO sample VALUES ()")
	mysqlWantBody(t, mysqlServe(t, d.env)+"/read", "[{"+strings.Join(members, ",")+"}]\n")
}

func TestMySQLManyColumns(t *testing.T) {
	d := newMySQLDatabase(t)
	columns, members := make([]string, 1000), make([]string, 1000)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d SMALLINT DEFAULT %d", i, i)
		members[i] = fmt.Sprintf(`"c%d":%d`, i, i)
	}
	d.exec(t, "CREATE TABLE sample ("+strings.Join(columns, ",")+")", "INSERT INTO sample VALUES ()")
	mysqlWantBody(t, mysqlServe(t, d.env)+"/read", "[{"+strings.Join(members, ",")+"}]\n")
}

// TestMySQLBigBlob reads a value of 16 MB, the most that MariaDB makes as it is
// installed (max_allowed_packet), in a row that is longer than a packet of the
// protocol, 16 MiB.
func TestMySQLBigBlob(t *testing.T) {
	d := newMySQLDatabase(t)
	const timesA, timesB = 16_000_000 / 4, 1_000_000 / 4
	d.exec(t, "CREATE TABLE sample (a LONGBLOB, b LONGBLOB)",
		fmt.Sprintf("INSERT INTO sample VALUES (REPEAT('\\0é\n', %d), REPEAT('🔭', %d))", timesA, timesB))
	want := `[{"a":` + mysqlBase64(strings.Repeat("\x00é\n", timesA)) +
		`,"b":` + mysqlBase64(strings.Repeat("🔭", timesB)) + "}]\n"
	resp := mysqlOpen(t, mysqlServe(t, d.env)+"/read")
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Equal(got, []byte(want)) {
		t.Errorf("GET /read = %d, %d bytes, SHA-256 %x, %v; want 200, %d bytes, %x",
			resp.StatusCode, len(got), sha256.Sum256(got), err, len(want), sha256.Sum256([]byte(want)))
	}
}

// The engines, as mysqlEngine tells them apart.
const (
	engineMySQL    = "MySQL"
	engineMariaDB  = "MariaDB"
	engineEmbedded = "the embedded engine"
)

// mysqlException is what an engine does otherwise, and why. Without want the
// engine has nothing like it.
type mysqlException struct {
	reason string
	want   []string // what it gives instead
}

// mysqlExceptions lists, by engine and test, everything that is not as with
// MySQL 9. A type that stands here as missing must really be refused.
var mysqlExceptions = map[string]map[string]mysqlException{
	engineMySQL: {
		"UUID":  {reason: "a type of MariaDB's"},
		"INET6": {reason: "a type of MariaDB's"},
	},
	engineMariaDB: {
		"DOUBLE negative zero":                 {reason: "-0e0 is 0", want: []string{"0"}},
		"FLOAT negative zero":                  {reason: "-0e0 is 0", want: []string{"0"}},
		"GEOMETRY with latitude and longitude": {reason: "coordinates stay in the order in which they were written", want: []string{mysqlBase64("\xe6\x10\x00\x00" + mysqlPoint12)}},
		"VECTOR(3)":                            {reason: "a type of MySQL 9's"},
	},
	engineEmbedded: {
		"column gone":                    {reason: "gives 1105 for a column that is not there, and goes on without ALTER TABLE now and then"},
		"DOUBLE negative zero":           {reason: "-0e0 is 0", want: []string{"0"}},
		"FLOAT negative zero":            {reason: "-0e0 is 0", want: []string{"0"}},
		"DATE partial":                   {reason: "refuses dates that do not exist"},
		"DATE that does not exist":       {reason: "refuses dates that do not exist"},
		"DATETIME partial":               {reason: "refuses dates that do not exist"},
		"DATETIME fraction of zeros":     {reason: "drops trailing zeros", want: []string{`"2024-02-29T23:59:59"`, `"2024-02-29T23:59:59.12"`, `"0000-00-00T00:00:00"`}},
		"TIMESTAMP fraction of zeros":    {reason: "drops trailing zeros", want: []string{`"2024-02-29T23:59:59Z"`, `"0000-00-00T00:00:00"`}},
		"TIMESTAMP of another zone":      {reason: "has no conversion between zones", want: []string{`"1970-01-01T05:30:01Z"`, `"2024-03-01T05:29:59Z"`}},
		"TIME(3)":                        {reason: "has TIME and TIME(6) only"},
		"TIME fraction of zeros":         {reason: "drops a fraction of zeros", want: []string{`"-838:59:59"`}},
		"VARCHAR(10) CHARACTER SET ucs2": {reason: "has no ucs2"},
		"CHAR with trailing spaces":      {reason: "keeps them", want: []string{`"ab  "`}},
		"ENUM index 0":                   {reason: "refuses values that are no member, in every mode"},
		"SET without a member":           {reason: "refuses values that are no member, in every mode"},
		"JSON big numbers as text":       {reason: "parses JSON numbers as doubles", want: []string{"[-9223372036854775808, 18446744073709552000, 1" + strings.Repeat("0", 300) + "]"}},
		"JSON controls":                  {reason: "writes JSON that is not valid, so that it comes as a string", want: []string{`"{\"q\"\": \"\u0000\u0001\u001f\\t\\n\\\"\\\\\"}"`, "\"\u2028\""}},
		"VECTOR(3)":                      {reason: "a type of MySQL 9's"},
		"UUID":                           {reason: "a type of MariaDB's"},
		"INET6":                          {reason: "a type of MariaDB's"},
		"views":                          {reason: "refuses them to an account that may only SELECT; the admin reads them"},
		"view without its table":         {reason: "gives 1105, not 1356", want: []string{"XX000"}},
		"unknown variable":               {reason: "gives 1105 for it"},
		"wrong value":                    {reason: "gives 1105 for it"},
		"global variable":                {reason: "gives 1105 for it"},
		"faults":                         {reason: "has no definers, no functions and no limits"},
		"table denied":                   {reason: "gives 1105 for every refusal, not 1142", want: []string{"XX000"}},
		"column denied":                  {reason: "has no privileges on columns"},
		"unknown user":                   {reason: "gives 2012, not 1045, for which readapi waits"},
		"account without rights":         {reason: "gives 1105, not 1044, for which readapi waits"},
		"account locked":                 {reason: "has no ACCOUNT LOCK"},
		"password expired":               {reason: "has no PASSWORD EXPIRE"},
		"certificate required":           {reason: "has no REQUIRE, and no TLS"},
		"enums":                          {reason: "does not escape the members in COLUMN_TYPE"},
		"commands that are no SELECT":    {reason: "does not count them"},
	},
}
