package main

// This file has the tables of mysql_query_test.go: for every family of types
// its values, and requests with the SQL that says which rows they are for.

import (
	"strings"

	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// mysqlFamily is a family of types: a table with the columns id and v.
type mysqlFamily struct {
	name   string       // of the table
	ddl    string       // of v
	key    string       // of v in an index; "" is the whole of it
	needs  string       // what the engine must have: a name of mysqlTypes; "" is nothing
	values []mysqlValue // of the rows 1, 2, ...: in SQL, and in a query string; behind them comes a NULL
	cases  []mysqlQueryCase
}

// mysqlQueryCase is a query string, before encoding, and the condition that the
// rows shall meet. A condition other than FALSE must find some: a test that
// expects nothing by mistake proves nothing.
type mysqlQueryCase struct{ query, where string }

// mysqlOperators are requests for each family. %s is a value of it.
var mysqlOperators = []mysqlQueryCase{
	{`v=eq.%s`, `v = %s`},
	{`v=neq.%s`, `v <> %s`},
	{`v=gt.%s`, `v > %s`},
	{`v=gte.%s`, `v >= %s`},
	{`v=lt.%s`, `v < %s`},
	{`v=lte.%s`, `v <= %s`},
	{`v=in.("%s")`, `v = %s`},
	{`v=isdistinct.%s`, `v <> %s OR v IS NULL`},
	{`v=eq(any).{"%s"}`, `v = %s`},
	{`v=gt(all).{"%s"}`, `v > %s`},
	{`v=gte(any).{"%s"}`, `v >= %s`},
	{`v=lt(all).{"%s"}`, `v < %s`},
	{`v=lte(any).{"%s"}`, `v <= %s`},
	{`v=not.eq.%s`, `v <> %s`},
	{`v=not.neq.%s`, `v = %s`},
	{`v=not.gt.%s`, `v <= %s`},
	{`v=not.gte.%s`, `v < %s`},
	{`v=not.lt.%s`, `v >= %s`},
	{`v=not.lte.%s`, `v > %s`},
	{`v=not.in.("%s")`, `v <> %s`},
	{`v=not.isdistinct.%s`, `v = %s`},
	{`or=(v.eq."%s",v.is.null)`, `v = %s OR v IS NULL`},
	{`not.or=(v.gt."%s",v.is.null)`, `v <= %s`},
}

var (
	maxDecimal65     = strings.Repeat("9", 65)
	maxDecimal65Less = strings.Repeat("9", 64) + "8"
	maxDecimal35     = strings.Repeat("9", 35) + "." + strings.Repeat("9", 30)
)

// Conditions for all rows.
const (
	withValue = "v IS NOT NULL"
	nobody    = "FALSE"
	everybody = "TRUE"
)

var mysqlFamilies = []mysqlFamily{
	{
		name: "tinyints", ddl: "TINYINT",
		values: []mysqlValue{{"-128", "-128"}, {"-1", "-1"}, {"0", "0"}, {"1", "1"}, {"127", "127"}},
		cases: []mysqlQueryCase{
			{"v=eq.true", "v = 1"},
			{"v=eq.false", "v = 0"},
			{"v=eq.True", "v = 1"},
			{"v=eq.TRUE", "v = 1"},
			{"v=neq.False", "v <> 0"},
			{"v=eq.FALSE", "v = 0"},
			{"v=in.(true,false)", "v IN (0, 1)"},
			{"v=is.true", "v <> 0"},
			{"v=is.false", "v = 0"},
			{"v=is.unknown", "v IS NULL"},
			{"v=is.null", "v IS NULL"},
			{"v=is.not_null", withValue},
			{"v=not.is.null", withValue},
			{"v=not.is.true", "v = 0 OR v IS NULL"},
			{"v=not.is.false", "v <> 0 OR v IS NULL"},
			{"v=is.TRUE", "v <> 0"},
			{"v=eq.128", nobody},
			{"v=lt.128", withValue},
			{"v=lte.1000", withValue},
			{"v=gt.-129", withValue},
			{"v=gt.128", nobody},
			{"v=lt.-129", nobody},
			{"v=neq.300", withValue},
			{"v=isdistinct.300", everybody},
			{"v=eq.-0", "v = 0"},
			{"v=eq.0127", "v = 127"},
			{"v=in.(1,300,-129)", "v = 1"},
			{"v=in.(1,1,1)", "v = 1"},
			{"v=in.()", nobody},
			{"v=not.in.()", everybody},
			{"v=not.in.(1,300)", "v <> 1"},
			{"v=in.(-128, 127)", "v IN (-128, 127)"},
			{"v=eq(any).{}", nobody},
			{"v=eq(all).{}", everybody},
			{"v=eq(any).{1, -1}", "v = 1 OR v = -1"},
			{"v=gt(any).{0,1}", "v > 0"},
			{"v=gt(all).{0,1}", "v > 1"},
			{"v=not.gt(all).{0,1}", "v <= 1"},
			{"v=not.eq(any).{0,1}", "v <> 0 AND v <> 1"},
			{"v=gt.-1&v=lt.127", "v IN (0, 1)"},
			{"v=eq.0&v=eq.1", nobody},
		},
	},
	{
		name: "utinyints", ddl: "TINYINT UNSIGNED",
		values: []mysqlValue{{"0", "0"}, {"127", "127"}, {"255", "255"}},
		cases: []mysqlQueryCase{
			{"v=eq.-1", nobody},
			{"v=gt.-1", withValue},
			{"v=gte.-1", withValue},
			{"v=lt.-1", nobody},
			{"v=neq.-1", withValue},
			{"v=lt.256", withValue},
			{"v=gt.255", nobody},
			{"v=gte.255", "v = 255"},
		},
	},
	{
		name: "smallints", ddl: "SMALLINT",
		values: []mysqlValue{{"-32768", "-32768"}, {"0", "0"}, {"32767", "32767"}},
		cases:  []mysqlQueryCase{{"v=eq.32768", nobody}, {"v=lt.32768", withValue}},
	},
	{
		name: "umediumints", ddl: "MEDIUMINT UNSIGNED",
		values: []mysqlValue{{"0", "0"}, {"8388608", "8388608"}, {"16777215", "16777215"}},
		cases:  []mysqlQueryCase{{"v=eq.16777216", nobody}, {"v=gt.-1", withValue}},
	},
	{
		name: "integers", ddl: "INT",
		values: []mysqlValue{{"-2147483648", "-2147483648"}, {"7", "7"}, {"2147483647", "2147483647"}},
		cases: []mysqlQueryCase{
			{"v=eq.2147483648", nobody},
			{"v=gt.-2147483649", withValue},
			{"v=in.(7,4294967303)", "v = 7"}, // that is 2^32 + 7
		},
	},
	{
		name: "zerofills", ddl: "INT(10) UNSIGNED ZEROFILL",
		values: []mysqlValue{{"0", "0"}, {"42", "42"}, {"4294967295", "4294967295"}},
		cases:  []mysqlQueryCase{{"v=eq.0000000042", "v = 42"}, {"v=eq.4294967296", nobody}},
	},
	{
		name: "bigints", ddl: "BIGINT",
		values: []mysqlValue{
			{"-9223372036854775808", "-9223372036854775808"},
			{"-9223372036854775807", "-9223372036854775807"},
			{"9007199254740992", "9007199254740992"},
			{"9007199254740993", "9007199254740993"}, // the first that is no double
			{"9007199254740994", "9007199254740994"},
			{"9223372036854775806", "9223372036854775806"},
			{"9223372036854775807", "9223372036854775807"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.9223372036854775807", "v = 9223372036854775807"},
			{"v=eq.9223372036854775806", "v = 9223372036854775806"},
			{"v=gt.9223372036854775806", "v = 9223372036854775807"},
			{"v=gte.9223372036854775807", "v = 9223372036854775807"},
			{"v=lt.-9223372036854775807", "v = -9223372036854775808"},
			{"v=lte.-9223372036854775808", "v = -9223372036854775808"},
			{"v=lt.9007199254740993", "v <= 9007199254740992"},
			{"v=gt.9007199254740993", "v >= 9007199254740994"},
			{"v=neq.9007199254740993", "v <= 9007199254740992 OR v >= 9007199254740994"},
			{"v=isdistinct.9007199254740993", "v <= 9007199254740992 OR v >= 9007199254740994 OR v IS NULL"},
			{"v=in.(9007199254740993,-9223372036854775808)", "v = 9007199254740993 OR v = -9223372036854775808"},
			{"v=eq.9223372036854775808", nobody},
			{"v=gt.9223372036854775808", nobody},
			{"v=lt.9223372036854775808", withValue},
			{"v=eq.18446744073709551615", nobody}, // -1 as an unsigned integer
			{"v=lt.18446744073709551615", withValue},
			{"v=gt.-9223372036854775809", withValue},
			{"v=eq.-9223372036854775809", nobody},
			{"v=lt.99999999999999999999999", withValue},
			{"v=gt.99999999999999999999999", nobody},
			{"v=gte.-99999999999999999999999", withValue},
			{"v=neq.99999999999999999999999", withValue},
			{"v=isdistinct.99999999999999999999999", everybody},
			{"v=not.isdistinct.99999999999999999999999", nobody},
			{"v=in.(9223372036854775807,9223372036854775808,99999999999999999999999)", "v = 9223372036854775807"},
			{"v=not.in.(9223372036854775808,99999999999999999999999)", withValue},
			{"v=not.eq.99999999999999999999999", withValue},
			{"v=is.true", "v <> 0"},
		},
	},
	{
		name: "ubigints", ddl: "BIGINT UNSIGNED",
		values: []mysqlValue{
			{"0", "0"},
			{"9223372036854775807", "9223372036854775807"},
			{"9223372036854775808", "9223372036854775808"},
			{"18446744073709551614", "18446744073709551614"},
			{"18446744073709551615", "18446744073709551615"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.18446744073709551615", "v = 18446744073709551615"},
			{"v=gt.18446744073709551614", "v = 18446744073709551615"},
			{"v=lt.18446744073709551615&v=gt.9223372036854775808", "v = 18446744073709551614"},
			{"v=eq.9223372036854775808", "v = 9223372036854775808"},
			{"v=gt.9223372036854775807", "v >= 9223372036854775808"},
			{"v=in.(-1,18446744073709551615)", "v = 18446744073709551615"},
			{"v=in.(-9223372036854775808,9223372036854775808)", "v = 9223372036854775808"},
			{"v=not.in.(-1,0)", "v <> 0"},
			{"v=eq.-1", nobody},
			{"v=gt.-1", withValue},
			{"v=lt.-1", nobody},
			{"v=gt.-9223372036854775808", withValue},
			{"v=eq.18446744073709551616", nobody},
			{"v=lt.18446744073709551616", withValue},
		},
	},
	{
		name: "bits8", ddl: "BIT(8)",
		values: []mysqlValue{{"0", "0"}, {"1", "1"}, {"49", "49"}, {"255", "255"}}, // 49 is the character 1
		cases: []mysqlQueryCase{
			{"v=eq.300", nobody},
			{"v=lt.300", withValue},
			{"v=gt.300", nobody},
			{"v=neq.300", withValue},
			{"v=in.(300,1)", "v = 1"},
			{"v=eq.44", nobody}, // 300 modulo 256
			{"v=eq.-1", nobody},
			{"v=gt.-1", withValue},
			{"v=eq.true", "v = 1"},
			{"v=eq.false", "v = 0"},
			{"v=in.(True,FALSE)", "v IN (0, 1)"},
			{"v=is.true", "v <> 0"},
			{"v=is.false", "v = 0"},
		},
	},
	{
		name: "bits64", ddl: "BIT(64)",
		values: []mysqlValue{
			{"0", "0"},
			{"9223372036854775807", "9223372036854775807"},
			{"9223372036854775808", "9223372036854775808"},
			{"18446744073709551614", "18446744073709551614"},
			{"18446744073709551615", "18446744073709551615"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.18446744073709551615", "v = 18446744073709551615"},
			{"v=gt.18446744073709551614", "v = 18446744073709551615"},
			{"v=gte.9223372036854775808", "v >= 9223372036854775808"},
			{"v=in.(0,18446744073709551614)", "v = 0 OR v = 18446744073709551614"},
			{"v=eq.-1", nobody},
			{"v=gt.-1", withValue},
			{"v=lt.18446744073709551616", withValue},
		},
	},
	{
		name: "years", ddl: "YEAR",
		values: []mysqlValue{{"0", "0000"}, {"1901", "1901"}, {"1970", "1970"}, {"2000", "2000"}, {"2024", "2024"}, {"2155", "2155"}},
		cases: []mysqlQueryCase{
			{"v=eq.0000", "v = 0"},
			{"v=eq.0", "v = 0"}, // in the form in which it is printed
			{"v=gt.0000", "v BETWEEN 1901 AND 2155"},
			{"v=gt.0001", "v BETWEEN 1901 AND 2155"},
			{"v=gt.0069", "v BETWEEN 1901 AND 2155"},
			{"v=gte.0070", "v BETWEEN 1901 AND 2155"},
			{"v=gte.1900", "v BETWEEN 1901 AND 2155"},
			{"v=gt.1900", "v BETWEEN 1901 AND 2155"},
			{"v=lt.0001", "v = 0"},
			{"v=lt.0070", "v = 0"},
			{"v=lte.0099", "v = 0"},
			{"v=lt.1900", "v = 0"},
			{"v=lte.1900", "v = 0"},
			{"v=lt.1901", "v = 0"},
			{"v=eq.0024", nobody}, // MySQL would take 24 for 2024
			{"v=eq.0070", nobody},
			{"v=eq.1900", nobody},
			{"v=neq.0024", withValue},
			{"v=in.(0000,0024,2000)", "v IN (0, 2000)"},
			{"v=not.in.(0024,2000)", "v = 0 OR v BETWEEN 1901 AND 1999 OR v BETWEEN 2001 AND 2155"},
			{"v=eq.2156", nobody},
			{"v=lt.2156", withValue},
			{"v=lt.9999", withValue},
			{"v=gt.2155", nobody},
			{"v=gte.2156", nobody},
			{"v=neq.9999", withValue},
			{"v=isdistinct.9999", everybody},
		},
	},
	{
		name: "prices", ddl: "DECIMAL(10,2)",
		values: []mysqlValue{
			{"-99999999.99", "-99999999.99"},
			{"-0.06", "-0.06"},
			{"-0.05", "-0.05"},
			{"0", "0.00"},
			{"12.50", "12.50"},
			{"12.51", "12.51"},
			{"99999999.99", "99999999.99"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.12.5", "v = 12.50"},
			{"v=eq.12.500", "v = 12.50"},
			{"v=eq.1.25e1", "v = 12.50"},
			{"v=eq.1250E-2", "v = 12.50"},
			{"v=eq.12.505", nobody},
			{"v=neq.12.505", withValue},
			{"v=gt.12.505", "v >= 12.51"},
			{"v=gte.12.505", "v >= 12.51"},
			{"v=lt.12.505", "v <= 12.50"},
			{"v=lte.12.505", "v <= 12.50"},
			{"v=gt.-0.055", "v >= -0.05"},
			{"v=gte.-0.055", "v >= -0.05"},
			{"v=lt.-0.055", "v <= -0.06"},
			{"v=lte.-0.055", "v <= -0.06"},
			{"v=eq.-0.055", nobody},
			{"v=gt.-0.001", "v >= 0"},
			{"v=lt.0.001", "v <= 0"},
			{"v=lt.-0.001", "v <= -0.05"},
			{"v=eq.-0", "v = 0"},
			{"v=eq.0e99", "v = 0"},
			{"v=eq.1e100", nobody},
			{"v=lt.1e100", withValue},
			{"v=gt.-1e100", withValue},
			{"v=gt.1e-100", "v > 0"},
			{"v=gte.-1e-100", "v >= 0"},
			{"v=lt.-1e-100", "v < 0"},
			{"v=eq.99999999.994", nobody},
			{"v=lte.99999999.994", withValue},
			{"v=gt.99999999.994", nobody},
			{"v=gte.99999999.99", "v = 99999999.99"},
			{"v=lt.100000000", withValue},
			{"v=gte.-99999999.999", withValue},
			{"v=lt.-99999999.99", nobody},
			{"v=in.(12.5,12.505,1e100,-0.05)", "v = 12.50 OR v = -0.05"},
			{"v=not.in.(12.505,1e100)", withValue},
			{"v=isdistinct.12.505", everybody},
			{"v=eq(any).{12.505,12.51}", "v = 12.51"},
			{"v=gt(all).{12.505,0}", "v >= 12.51"},
			{"v=is.true", "v <> 0"}, // also what a whole number would round to 0
			{"v=is.false", "v = 0"},
		},
	},
	{
		name: "decimals", ddl: "DECIMAL(65,30)",
		values: []mysqlValue{
			{"-" + maxDecimal35, "-" + maxDecimal35},
			{"-0.000000000000000000000000000001", "-0.000000000000000000000000000001"},
			{"0.000000000000000000000000000001", "0.000000000000000000000000000001"},
			{"0.100000000000000000000000000000", "0.100000000000000000000000000000"},
			{"0.100000000000000000000000000001", "0.100000000000000000000000000001"},
			{"9007199254740993", "9007199254740993.000000000000000000000000000000"},
			{maxDecimal35, maxDecimal35},
		},
		cases: []mysqlQueryCase{
			{"v=eq.0.1", "v = 0.100000000000000000000000000000"},
			{"v=eq.0.100000000000000000000000000001", "v = 0.100000000000000000000000000001"},
			{"v=gt.0.1&v=lt.1", "v = 0.100000000000000000000000000001"},
			{"v=eq.0.1000000000000000000000000000001", nobody},
			{"v=lt.0.1000000000000000000000000000001&v=gt.0.01", "v = 0.1"},
			{"v=gte.0.1000000000000000000000000000001&v=lt.1", "v = 0.100000000000000000000000000001"},
			{"v=eq.9007199254740993", "v = 9007199254740993"},
			{"v=eq.9007199254740992", nobody},
			{"v=in.(9007199254740992,0.1)", "v = 0.1"},
			{"v=in.(9007199254740993,0.1)", "v = 9007199254740993 OR v = 0.1"},
			{"v=eq.1e-30", "v = 0.000000000000000000000000000001"},
			{"v=eq.1e-31", nobody},
			{"v=gt.1e-31&v=lt.0.01", "v = 0.000000000000000000000000000001"},
			{"v=gt.-1e-31&v=lt.1e-29", "v = 0.000000000000000000000000000001"},
			{"v=eq." + maxDecimal35, "v = " + maxDecimal35},
			{"v=eq." + maxDecimal35 + "9", nobody},
			{"v=lt." + maxDecimal35 + "9", withValue},
			{"v=lt.1e35", withValue},
			{"v=gt.-1e35", withValue},
			{"v=gte.1e35", nobody},
		},
	},
	{
		name: "wholes", ddl: "DECIMAL(65,0)",
		values: []mysqlValue{{"-1", "-1"}, {maxDecimal65Less, maxDecimal65Less}, {maxDecimal65, maxDecimal65}},
		cases: []mysqlQueryCase{
			{"v=eq." + maxDecimal65, "v = " + maxDecimal65},
			{"v=gt." + maxDecimal65Less, "v = " + maxDecimal65},
			{"v=gt." + maxDecimal65Less + ".5", "v = " + maxDecimal65},
			{"v=in.(7," + maxDecimal65Less + ")", "v = " + maxDecimal65Less},
			{"v=not.in.(7," + maxDecimal65Less + ")", "v = -1 OR v = " + maxDecimal65},
			{"v=isdistinct." + maxDecimal65Less, "v = -1 OR v = " + maxDecimal65 + " OR v IS NULL"},
			{"v=eq(any).{7," + maxDecimal65Less + "}", "v = " + maxDecimal65Less},
			{"v=eq.1e65", nobody},
			{"v=lt.1e65", withValue},
			{"v=eq.-1.5", nobody},
			{"v=gt.-1.5", withValue},
			{"v=lt.-0.5", "v = -1"},
		},
	},
	{
		name: "floats", ddl: "FLOAT",
		values: []mysqlValue{{"-1.5", "-1.5"}, {"0.1", "0.1"}, {"0.5", "0.5"}, {"0", "0"}, {"1e30", "1e+30"}},
		cases: []mysqlQueryCase{
			{"v=eq.0.1", "v BETWEEN 0.09 AND 0.11"},
			{"v=gte.0.1&v=lte.0.1", "v BETWEEN 0.09 AND 0.11"},
			{"v=gt.0.1", "v > 0.4"},
			{"v=lt.0.1", "v < 0.05"},
			{"v=neq.0.1", "v < 0.05 OR v > 0.4"},
			{"v=in.(0.1,0.5)", "v BETWEEN 0.09 AND 0.6"},
			{"v=isdistinct.0.1", "v < 0.05 OR v > 0.4 OR v IS NULL"},
			{"v=eq.1e30", "v > 9e29"},
			{"v=eq.1e 30", "v > 9e29"}, // a plus that was not encoded
			{"v=eq.1e39", nobody},      // beyond what a FLOAT can be
			{"v=lt.1e39", withValue},
			{"v=gt.-1e400", withValue},
			{"v=is.true", "v <> 0"},
			{"v=is.false", "v = 0"},
		},
	},
	{
		name: "doubles", ddl: "DOUBLE",
		values: []mysqlValue{
			{"-1.7976931348623157e308", "-1.7976931348623157e+308"},
			{"0e0", "0"},
			{"5e-324", "5e-324"},
			{"0.3e0", "0.3"},
			{"0.1e0 + 0.2e0", "0.30000000000000004"},
			{"9007199254740992e0", "9007199254740992"},
			{"1.7976931348623157e308", "1.7976931348623157e+308"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.0.30000000000000004", "v = 0.1e0 + 0.2e0"},
			{"v=eq.0.3", "v = 0.3e0"},
			{"v=gt.0.3&v=lt.1", "v = 0.1e0 + 0.2e0"},
			{"v=eq.5e-324", "v = 5e-324"},
			{"v=gt.0&v=lt.0.1", "v = 5e-324"},
			{"v=eq.1.7976931348623157e+308", "v > 1e308"},
			{"v=eq.-1.7976931348623157e308", "v < -1e308"},
			{"v=eq.1e400", nobody},
			{"v=lt.1e400", withValue},
			{"v=gte.-1e400", withValue},
			{"v=eq.9007199254740993", "v = 9007199254740992e0"}, // the double that this is nearest to
			{"v=eq.-0", "v = 0e0"},
			{"v=is.true", "v <> 0e0"},
		},
	},
	{
		name: "dates", ddl: "DATE",
		values: []mysqlValue{
			{"'0000-00-00'", "0000-00-00"},
			{"'1000-01-01'", "1000-01-01"},
			{"'2024-02-28'", "2024-02-28"},
			{"'2024-02-29'", "2024-02-29"},
			{"'2024-03-01'", "2024-03-01"},
			{"'9999-12-31'", "9999-12-31"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.0000-00-00", "v = '0000-00-00'"},
			{"v=neq.0000-00-00", "v >= '1000-01-01'"},
			{"v=gt.0000-00-00", "v >= '1000-01-01'"},
			{"v=lte.0000-00-00", "v = '0000-00-00'"},
			{"v=gte.0000-00-00", withValue},
			{"v=in.(0000-00-00,2024-02-29)", "v = '0000-00-00' OR v = '2024-02-29'"},
			{"v=in.(2024-02-29,0000-00-00,9999-12-31)", "v = '0000-00-00' OR v = '2024-02-29' OR v = '9999-12-31'"},
			{"v=not.in.(0000-00-00,2024-02-29)", "v <> '0000-00-00' AND v <> '2024-02-29'"},
			{"v=isdistinct.0000-00-00", "v >= '1000-01-01' OR v IS NULL"},
			{"v=eq.2023-02-28", nobody},
			{"v=gt.2024-02-28&v=lt.2024-03-01", "v = '2024-02-29'"},
			{"v=eq.9999-12-31", "v = '9999-12-31'"},
			{"v=lt.1000-01-01", "v = '0000-00-00'"},
			{"v=eq(any).{2024-02-29,0000-00-00}", "v = '0000-00-00' OR v = '2024-02-29'"},
			{"v=gte.2024-02-00", "v >= '2024-02-28'"},
			{"v=lt.2024-00-00", "v <= '1000-01-01'"},
			{"v=gt.0000-05-00", "v >= '1000-01-01'"},
			{"v=eq.2024-02-00", nobody},
		},
	},
	{
		name: "partial_dates", ddl: "DATE", needs: "DATE partial",
		values: []mysqlValue{
			{"'0000-00-00'", "0000-00-00"},
			{"'0000-00-05'", "0000-00-05"},
			{"'0000-05-00'", "0000-05-00"},
			{"'0000-05-12'", "0000-05-12"}, // a birthday without its year
			{"'0024-01-00'", "0024-01-00"},
			{"'2023-12-31'", "2023-12-31"},
			{"'2024-00-00'", "2024-00-00"},
			{"'2024-00-05'", "2024-00-05"},
			{"'2024-02-00'", "2024-02-00"},
			{"'2024-02-01'", "2024-02-01"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.0000-00-05", "id = 2"},
			{"v=gt.0000-00-05", "id > 2 AND v IS NOT NULL"},
			{"v=lte.0000-05-00", "id <= 3"},
			{"v=eq.0000-05-12", "id = 4"},
			{"v=eq.0024-01-00", "id = 5"},
			{"v=isdistinct.0024-01-00", "id <> 5"},
			{"v=eq.2024-00-00", "id = 7"},
			{"v=gte.2024-00-00", "id BETWEEN 7 AND 10"},
			{"v=lt.2024-00-05", "id < 8"},
			{"v=gte.2024-02-00&v=lt.2024-03-00", "id IN (9, 10)"},
			{"v=isdistinct.2024-02-00", "id <> 9"},
			{"v=in.(2024-02-00,2023-12-31,0000-00-00,0000-05-00)", "id IN (9, 6, 1, 3)"},
			{"v=not.in.(2024-02-00,2023-12-31,0000-05-00)", "id NOT IN (9, 6, 3) AND v IS NOT NULL"},
			{"v=eq.0000-00-06", nobody},
			{"v=eq.2024-01-00", nobody},
		},
	},
	{
		name: "partial_times", ddl: "DATETIME(2)", needs: "DATETIME partial",
		values: []mysqlValue{
			{"'0000-00-00 00:00:00'", "0000-00-00T00:00:00.00"},
			{"'0000-00-00 00:00:01'", "0000-00-00T00:00:01.00"},
			{"'0000-05-00 12:00:00.25'", "0000-05-00T12:00:00.25"},
			{"'2024-00-00 00:00:00'", "2024-00-00T00:00:00.00"},
			{"'2024-02-00 12:00:00'", "2024-02-00T12:00:00.00"},
			{"'2024-02-00 12:00:00.5'", "2024-02-00T12:00:00.50"},
			{"'2024-02-01 12:00:00'", "2024-02-01T12:00:00.00"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.0000-00-00T00:00:01", "id = 2"},
			{"v=gt.0000-00-00T00:00:00.001", "id > 1 AND v IS NOT NULL"},
			{"v=eq.0000-05-00T12:00:00.250", "id = 3"},
			{"v=eq.2024-00-00", "id = 4"},
			{"v=eq.2024-02-00T12:00", "id = 5"},
			{"v=gt.2024-02-00T12:00", "id IN (6, 7)"},
			{"v=eq.2024-02-00T12:00:00.5", "id = 6"},
			{"v=eq.2024-02-00T12:00:00.505", nobody},
			{"v=gt.2024-02-00T12:00:00.505", "id = 7"},
			{"v=lte.2024-02-00T12:00:00.505", "id < 7"},
			{"v=in.(2024-02-00T12:00:00.5,2024-02-00T12:00:00,2024-02-01T12:00:00Z)", "id IN (5, 6, 7)"},
			{"v=isdistinct.2024-02-00T12:00:00.5", "id <> 6"},
		},
	},
	{
		name: "datetimes", ddl: "DATETIME",
		values: []mysqlValue{
			{"'0000-00-00 00:00:00'", "0000-00-00T00:00:00"},
			{"'2024-02-29 00:00:00'", "2024-02-29T00:00:00"},
			{"'2024-02-29 23:59:59'", "2024-02-29T23:59:59"},
			{"'2024-03-01 00:00:00'", "2024-03-01T00:00:00"},
			{"'9999-12-31 23:59:59'", "9999-12-31T23:59:59"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.2024-02-29 23:59:59", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-02-29T23:59:59.000", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-02-29T23:59:59.5", nobody}, // MySQL would round it to the next day
			{"v=gt.2024-02-29T23:59:59.5", "v >= '2024-03-01'"},
			{"v=gte.2024-02-29T23:59:59.5", "v >= '2024-03-01'"},
			{"v=lt.2024-02-29T23:59:59.9", "v <= '2024-02-29 23:59:59'"},
			{"v=lte.2024-02-29T23:59:59.9", "v <= '2024-02-29 23:59:59'"},
			{"v=gt.9999-12-31T23:59:59.9", nobody},
			{"v=lt.9999-12-31T23:59:59.9", withValue},
			{"v=eq.0000-00-00T00:00:00", "v = '0000-00-00 00:00:00'"},
			{"v=gt.0000-00-00T00:00:00.000", "v >= '2024-02-29'"},
			{"v=in.(0000-00-00T00:00:00,2024-02-29T00:00:00)", "v <= '2024-02-29'"},
			{"v=neq.0000-00-00 00:00:00", "v >= '2024-02-29'"},
			{"v=gte.2024-02-29", "v >= '2024-02-29'"}, // a day is its midnight
			{"v=eq.2024-03-01", "v = '2024-03-01'"},
			{"v=lt.2024-03-01", "v < '2024-03-01'"},
			{"v=in.(2024-02-29,2024-03-01)", "v IN ('2024-02-29', '2024-03-01')"},
			{"v=gte.2024-02-29T23:59", "v >= '2024-02-29 23:59:00'"}, // <input type=datetime-local>
			{"v=lt.2024-02-29 23:59", "v < '2024-02-29 23:59:00'"},
			{"v=eq.2024-02-29T23:59:59.000Z", "v = '2024-02-29 23:59:59'"}, // toISOString
			{"v=eq.2024-02-29t23:59:59z", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-03-01T01:59:59+02:00", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-03-01T01:59:59 02:00", "v = '2024-02-29 23:59:59'"}, // a plus that was not encoded
			{"v=gte.2024-02-29T19:00-05", "v >= '2024-03-01'"},
			{"v=gt.9999-12-31T23:59:59-01:00", nobody},
			{"v=lt.9999-12-31T23:59:59-01:00", withValue},
			{"v=gt.0000-01-01T00:00:00+01:00", "v >= '2024-02-29'"},
			{"v=lt.0000-01-01T00:00:00+01:00", "v = '0000-00-00 00:00:00'"},
			{"v=eq.0000-01-01T00:00:00+01:00", nobody},
		},
	},
	{
		name: "milliseconds", ddl: "DATETIME(3)",
		values: []mysqlValue{
			{"'2024-02-29 23:59:59'", "2024-02-29T23:59:59.000"},
			{"'2024-02-29 23:59:59.120'", "2024-02-29T23:59:59.120"},
			{"'2024-02-29 23:59:59.121'", "2024-02-29T23:59:59.121"},
			{"'2024-02-29 23:59:59.999'", "2024-02-29T23:59:59.999"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.2024-02-29T23:59:59.12", "v = '2024-02-29 23:59:59.120'"},
			{"v=eq.2024-02-29T23:59:59.1200000000", "v = '2024-02-29 23:59:59.120'"},
			{"v=eq.2024-02-29T23:59:59.1204", nobody},
			{"v=eq.2024-02-29T23:59:59.1206", nobody},
			{"v=gt.2024-02-29T23:59:59.1206", "v >= '2024-02-29 23:59:59.121'"},
			{"v=gte.2024-02-29T23:59:59.1204", "v >= '2024-02-29 23:59:59.121'"},
			{"v=lt.2024-02-29T23:59:59.1206", "v <= '2024-02-29 23:59:59.120'"},
			{"v=lte.2024-02-29T23:59:59.1204", "v <= '2024-02-29 23:59:59.120'"},
			{"v=in.(2024-02-29T23:59:59.1204,2024-02-29T23:59:59.121)", "v = '2024-02-29 23:59:59.121'"},
			{"v=lt.2024-02-29T23:59:59.9999999", withValue},
		},
	},
	{
		name: "timestamps", ddl: "TIMESTAMP NULL",
		values: []mysqlValue{
			{"'0000-00-00 00:00:00'", "0000-00-00T00:00:00"},
			{"'1970-01-01 00:00:01'", "1970-01-01T00:00:01Z"},
			{"'2024-02-29 23:59:59'", "2024-02-29T23:59:59Z"},
			{"'2024-03-01 00:00:00'", "2024-03-01T00:00:00Z"},
			{"'2038-01-19 03:14:07'", "2038-01-19T03:14:07Z"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.2024-02-29T23:59:59", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-02-29 23:59:59Z", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-03-01T05:29:59+05:30", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-02-29T18:59:59-0500", "v = '2024-02-29 23:59:59'"},
			{"v=gt.2024-03-01T01:59:59+02:00", "v >= '2024-03-01'"},
			{"v=eq.2024-02-29T23:59:59+00:00", "v = '2024-02-29 23:59:59'"},
			{"v=eq.2024-02-29T23:59:59+02:00", nobody},
			{"v=lt.2024-02-29T23:59:59.5Z", "v <= '2024-02-29 23:59:59'"},
			{"v=gt.2024-02-29T23:59:59.5Z", "v >= '2024-03-01'"},
			{"v=eq.0000-00-00T00:00:00", "v = '0000-00-00 00:00:00'"},
			{"v=gt.0000-00-00T00:00:00", "v >= '1970-01-01 00:00:01'"},
			{"v=in.(2024-02-29T23:59:59Z,0000-00-00T00:00:00,2024-03-01T00:00:00Z)", "v <> '1970-01-01 00:00:01' AND v <> '2038-01-19 03:14:07'"},
			{"v=in.(0000-00-00T00:00:00,2024-03-01T00:00:00Z)", "v = '0000-00-00 00:00:00' OR v = '2024-03-01'"},
			{"v=eq.1969-12-31T23:59:59Z", nobody}, // no TIMESTAMP is so old
			{"v=lt.1969-12-31T23:59:59Z", "v = '0000-00-00 00:00:00'"},
			{"v=gt.1969-12-31T23:59:59Z", "v >= '1970-01-01 00:00:01'"},
			{"v=neq.1969-12-31T23:59:59Z", withValue},
			{"v=eq.2024-03-01", "v = '2024-03-01'"},
			{"v=gte.2024-02-29", "v >= '2024-02-29'"},
			{"v=lt.2024-02-29T23:59:59.000Z", "v < '2024-02-29 23:59:59'"},
			{"v=gt.2024-02-29T23:59", "v > '2024-02-29 23:59:00'"},
			{"v=eq.2024-03-01T01:59:59 02:00", "v = '2024-02-29 23:59:59'"}, // a plus that was not encoded
			{"v=eq.2024-03-01t01:59:59+02", "v = '2024-02-29 23:59:59'"},
			{"v=gt.9999-12-31T23:59:59-01:00", nobody},
			{"v=lt.9999-12-31T23:59:59-01:00", withValue},
			{"v=eq.9999-12-31T23:59:59Z", nobody},
			{"v=lt.9999-12-31T23:59:59Z", withValue},
			{"v=gt.9999-12-31T23:59:59Z", nobody},
		},
	},
	{
		name: "microseconds", ddl: "TIMESTAMP(6) NULL",
		values: []mysqlValue{
			{"'2024-02-29 23:59:59.123456'", "2024-02-29T23:59:59.123456Z"},
			{"'2024-02-29 23:59:59.123457'", "2024-02-29T23:59:59.123457Z"},
			{"'2024-02-29 23:59:59.999999'", "2024-02-29T23:59:59.999999Z"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.2024-02-29T23:59:59.123456Z", "v = '2024-02-29 23:59:59.123456'"},
			{"v=eq.2024-03-01T01:59:59.123457+02:00", "v = '2024-02-29 23:59:59.123457'"},
			{"v=eq.2024-02-29T23:59:59.1234565Z", nobody},
			{"v=gt.2024-02-29T23:59:59.1234565Z", "v >= '2024-02-29 23:59:59.123457'"},
			{"v=lte.2024-02-29T23:59:59.1234565Z", "v = '2024-02-29 23:59:59.123456'"},
			{"v=lt.2024-02-29T23:59:59.99999999Z", withValue},
		},
	},
	{
		name: "times", ddl: "TIME",
		values: []mysqlValue{
			{"'-838:59:59'", "-838:59:59"},
			{"'-00:00:01'", "-00:00:01"},
			{"'00:00:00'", "00:00:00"},
			{"'23:59:59'", "23:59:59"},
			{"'100:00:00'", "100:00:00"},
			{"'838:59:59'", "838:59:59"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.838:59:59", "v = '838:59:59'"},
			{"v=eq.-838:59:59", "v = '-838:59:59'"},
			{"v=gt.100:00:00", "v = '838:59:59'"},
			{"v=lt.-00:00:01", "v = '-838:59:59'"},
			{"v=eq.-00:00:00", "v = '00:00:00'"},
			{"v=eq.00:00", "v = '00:00:00'"}, // <input type=time>
			{"v=lt.23:59", "v < '23:59:00'"},
			{"v=gte.-00:01", "v >= '-00:01:00'"},
			{"v=gt.24:00:00", "v > '24:00:00'"},
			{"v=eq.23:59:59.5", nobody},
			{"v=gt.23:59:59.5", "v >= '100:00:00'"},
			{"v=lt.23:59:59.5", "v <= '23:59:59'"},
			{"v=gt.-00:00:00.5", "v >= '00:00:00'"},
			{"v=lt.-00:00:00.5", "v <= '-00:00:01'"},
			{"v=gt.-00:00:01.5&v=lt.00:00:01", "v = '-00:00:01' OR v = '00:00:00'"},
		},
	},
	{
		name: "hundredths", ddl: "TIME(2)",
		values: []mysqlValue{
			{"'-10:00:00.13'", "-10:00:00.13"},
			{"'-10:00:00.12'", "-10:00:00.12"},
			{"'10:00:00.12'", "10:00:00.12"},
			{"'10:00:00.13'", "10:00:00.13"},
			{"'838:59:59'", "838:59:59.00"},
		},
		cases: []mysqlQueryCase{
			{"v=eq.10:00:00.120", "v = '10:00:00.12'"},
			{"v=eq.10:00:00.125", nobody},
			{"v=gt.10:00:00.125", "v >= '10:00:00.13'"},
			{"v=gte.10:00:00.125", "v >= '10:00:00.13'"},
			{"v=lt.10:00:00.125", "v <= '10:00:00.12'"},
			{"v=lte.10:00:00.125", "v <= '10:00:00.12'"},
			{"v=gt.-10:00:00.125", "v >= '-10:00:00.12'"},
			{"v=lt.-10:00:00.125", "v = '-10:00:00.13'"},
		},
	},
	{
		name: "varchars", ddl: "VARCHAR(40) COLLATE utf8mb4_general_ci",
		values: []mysqlValue{
			{"''", ""},
			{"'Ada'", "Ada"},
			{"'ada'", "ada"},
			{"'Äda'", "Äda"},
			{"'50%'", "50%"},
			{"'50x'", "50x"},
			{"'a_b'", "a_b"},
			{"'axb'", "axb"},
			{`'a\\b'`, `a\b`},
			{"'a*b'", "a*b"},
			{"'1'", "1"},
			{"'null'", "null"},
			{`'say "hi", (you)'`, `say "hi", (you)`},
			{"'it''s; -- '", "it's; -- "},
			{"'🔭'", "🔭"},
			{"'a\nb'", "a\nb"},
			{"'50|%'", "50|%"},
			{`'a\\'`, `a\`},
		},
		cases: []mysqlQueryCase{
			{"v=eq.", "v = ''"},
			{"v=neq.", "v <> ''"},
			{"v=eq.ADA", "v = 'ADA'"}, // as the collation has it
			{"v=in.(ADA)", "v IN ('ADA')"},
			{"v=eq.1", "v = '1'"},
			{"v=eq.null", "v = 'null'"},
			{"v=is.null", "v IS NULL"},
			{"v=in.(null)", "v = 'null'"},
			{"v=isdistinct.null", "v <> 'null' OR v IS NULL"},
			{"v=eq.it's; -- ", "v = 'it''s; -- '"},
			{`v=eq.say "hi", (you)`, `v = 'say "hi", (you)'`},
			{`v=in.("say \"hi\", (you)",1)`, `v = 'say "hi", (you)' OR v = '1'`},
			{`or=(v.eq."say \"hi\", (you)",v.eq.1)`, `v = 'say "hi", (you)' OR v = '1'`},
			{`v=eq(any).{"say \"hi\", (you)",1}`, `v = 'say "hi", (you)' OR v = '1'`},
			{`v=eq.a\b`, `v = 'a\\b'`},
			{`v=in.("a\\b")`, `v = 'a\\b'`},
			{`v=in.("")`, `v = ''`},
			{"v=in.(1,)", "v = '1' OR v = ''"},
			{"v=eq.🔭", "v = '🔭' AND id = 15"}, // this collation takes all emoji for one
			{"v=eq.a\nb", "v = 'a\nb'"},
			{"v=eq.a*b", "v = 'a*b'"},
			{"v=like.Ada", "v COLLATE utf8mb4_bin = 'Ada'"},
			{"v=like.ADA", nobody},
			{"v=ilike.ADA", "v COLLATE utf8mb4_bin IN ('Ada', 'ada')"},
			{"v=like.A*", "v COLLATE utf8mb4_bin = 'Ada'"},
			{"v=like.a*", "id IN (3, 7, 8, 9, 10, 16, 18)"},
			{"v=ilike.Ä*", "v COLLATE utf8mb4_bin = 'Äda'"},
			{"v=ilike.ä*", "v COLLATE utf8mb4_bin = 'Äda'"},
			{"v=like.*d*", "id IN (2, 3, 4)"},
			{"v=like.50%", "id IN (5, 6, 17)"},
			{`v=like.50\%`, "v = '50%'"},
			{"v=like.a_b", "id IN (7, 8, 9, 10, 16)"},
			{`v=like.a\_b`, "v = 'a_b'"},
			{`v=like.a\\b`, `v = 'a\\b'`},
			{`v=ilike.A\\B`, `v = 'a\\b'`},
			{"v=like.a*b", "id IN (7, 8, 9, 10, 16)"}, // a star is always the wildcard
			{`v=like.50|%`, "id = 17"},
			{`v=like.50|\%`, "id = 17"},
			{`v=ilike.50\|_`, "id = 17"},
			{`v=like.*|*`, "id = 17"},
			{`v=like.a\`, "id = 18"}, // a backslash at the end is itself
			{`v=ilike.A\`, "id = 18"},
			{`v=like.a\\`, "id = 18"},
			{`v=like.*\\*`, "id IN (9, 18)"},
			{`v=like.\A\d\a`, "id = 2"},
			{`v=like.a\*b`, nobody}, // a star is a percent sign first
			{`v=like.50\*`, "id = 5"},
			{"v=like.*", withValue},
			{"v=like.", "v = ''"},
			{"v=not.like.a*", "NOT (id IN (3, 7, 8, 9, 10, 16, 18)) AND v IS NOT NULL"},
			{"v=not.ilike.A*", "NOT (id IN (2, 3, 7, 8, 9, 10, 16, 18)) AND v IS NOT NULL"},
			{"v=like(any).{A*,50*}", "id IN (2, 5, 6, 17)"},
			{"v=like(all).{a*,*b}", "id IN (7, 8, 9, 10, 16)"},
			{`v=ilike(any).{"*HI\", (*",ADA}`, "id IN (2, 3, 13)"},
			{"v=ilike(all).{A*,*A}", "id IN (2, 3)"},
			{"v=gt.b", "v > 'b'"},
			{"v=lte.ADA", "v <= 'ADA'"},
		},
	},
	{
		name: "binaries_as_text", ddl: "VARCHAR(20) COLLATE utf8mb4_bin",
		values: []mysqlValue{{"'ADA'", "ADA"}, {"'Ada'", "Ada"}, {"'ada'", "ada"}, {"'ÄÖ'", "ÄÖ"}},
		cases: []mysqlQueryCase{
			{"v=eq.ada", "v = 'ada'"},
			{"v=eq.aDA", nobody},
			{"v=like.a*", "v = 'ada'"},
			{"v=ilike.a*", "v IN ('ADA', 'Ada', 'ada')"},
			{"v=ilike.äö", "v = 'ÄÖ'"},
			{"v=gt.Ada", "v > 'Ada'"},
		},
	},
	{
		name: "latins", ddl: "VARCHAR(20) CHARACTER SET latin1",
		values: []mysqlValue{{"'10 €'", "10 €"}, {"'Eis'", "Eis"}, {"'eis'", "eis"}, {"'Öl'", "Öl"}, {"'öl'", "öl"}},
		cases: []mysqlQueryCase{
			{"v=eq.EIS", "v = 'EIS'"},
			{"v=eq.10 €", "v = '10 €'"},
			{"v=in.(eis,10 €)", "v IN ('eis', '10 €')"},
			{"v=like.E*", "id = 2"},
			{"v=ilike.E*", "id IN (2, 3)"},
			{"v=like.Ö*", "id = 4"},
			{"v=ilike.ö*", "id IN (4, 5)"},
			{"v=like.*€", "v = '10 €'"},
			{"v=like.*🔭*", nobody},
			// What the character set has not is in no row.
			{"v=eq.🔭", nobody},
			{"v=gt.🔭", nobody},
			{"v=neq.🔭", "v IS NOT NULL"},
			{"v=in.(eis,🔭)", "v = 'eis'"},
			{"v=not.in.(eis,🔭)", "v <> 'eis'"},
			{"v=not.isdistinct.Ж", nobody},
			{"v=isdistinct.Ж", "TRUE"},
		},
	},
	{
		name: "latin_bins", ddl: "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin",
		values: []mysqlValue{{"'Eis'", "Eis"}, {"'eis'", "eis"}, {"'Öl'", "Öl"}},
		cases: []mysqlQueryCase{
			{"v=eq.EIS", nobody},
			{"v=like.E*", "id = 1"},
			{"v=ilike.eis", "id IN (1, 2)"},
			{"v=ilike.ÖL", "id = 3"},
			{"v=neq.🔭", "v IS NOT NULL"},
		},
	},
	{
		name: "wide_texts", ddl: "VARCHAR(20) CHARACTER SET utf16",
		values: []mysqlValue{{"'Eis'", "Eis"}, {"'eis'", "eis"}, {"'Öl'", "Öl"}, {"'x🔭'", "x🔭"}},
		cases: []mysqlQueryCase{
			{"v=eq.x🔭", "v = 'x🔭'"},
			{"v=in.(x🔭,Öl)", "v IN ('x🔭', 'Öl')"},
			{"v=like.E*", "id = 1"},
			{"v=ilike.e*", "id IN (1, 2)"},
			{"v=like.*🔭", "id = 4"},
		},
	},
	{
		name: "chars", ddl: "CHAR(5) COLLATE utf8mb4_general_ci",
		values: []mysqlValue{{"''", ""}, {"'ab'", "ab"}, {"'abc'", "abc"}, {"'xyz'", "xyz"}},
		cases: []mysqlQueryCase{
			{"v=eq.AB", "v = 'AB'"},
			{"v=eq.ab  ", "v = 'ab  '"}, // the collation pads
			{"v=like.ab", "id = 2"},
			{"v=like.ab_", "id = 3"},
			{"v=ilike.AB*", "id IN (2, 3)"},
		},
	},
	{
		name: "texts", ddl: "TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", key: "v(9)",
		values: []mysqlValue{{"''", ""}, {"'a,b'", "a,b"}, {"'a.b'", "a.b"}, {"'same prefix 1'", "same prefix 1"}, {"'same prefix 2'", "same prefix 2"}},
		cases: []mysqlQueryCase{
			{"v=eq.a,b", "v = 'a,b'"},
			{`or=(v.eq."a,b",v.eq.a.b)`, "v = 'a,b' OR v = 'a.b'"},
			{`v=in.("a,b",a.b)`, "v = 'a,b' OR v = 'a.b'"},
			{"v=eq.same prefix 1", "v = 'same prefix 1'"},
			{"v=gt.same prefix 1", "v > 'same prefix 1'"},
			{"v=like.same*2", "v = 'same prefix 2'"},
		},
	},
	{
		name: "enums", ddl: "ENUM('small','medium','large','2') COLLATE utf8mb4_general_ci",
		values: []mysqlValue{{"'small'", "small"}, {"'medium'", "medium"}, {"'large'", "large"}, {"'2'", "2"}},
		cases: []mysqlQueryCase{
			{"v=eq.2", "v = '2'"}, // the member, not its number
			{"v=eq.MEDIUM", "v = 'medium'"},
			{"v=eq.huge", nobody},
			{"v=neq.huge", withValue},
			{"v=in.(small,huge,2)", "v = 'small' OR v = '2'"},
			{"v=like.*m*", "id IN (1, 2)"},
			{"v=ilike.LARGE", "id = 3"},
			{"v=eq.3", nobody}, // there is a third member
			{"v=eq. +3", nobody},
			{"v=eq.0", nobody},
			{"v=not.neq.3", nobody},
			{"v=neq.3", withValue},
			{"v=in.(3)", nobody},
			{"v=in.(3,small)", "v = 'small'"},
			{"v=in.(2,small)", "v = '2' OR v = 'small'"},
			{"v=isdistinct.3", everybody},
			{"v=lt.3", "v = '2'"},
			{"v=gt.large", "v = 'medium' OR v = 'small'"}, // as texts
		},
	},
	{
		name: "latin_enums", ddl: "ENUM('x','ö','a') CHARACTER SET latin1",
		values: []mysqlValue{{"'a'", "a"}, {"'x'", "x"}, {"'ö'", "ö"}},
		cases: []mysqlQueryCase{
			{"v=eq.2", nobody},
			{"v=in.(2)", nobody},
			{"v=not.neq.2", nobody},
			{"v=eq.Ö", "v = 'ö'"},
			{"v=eq.🔭", nobody},
		},
	},
	{
		name: "sets", ddl: "SET('a','b','c d') COLLATE utf8mb4_general_ci",
		values: []mysqlValue{{"''", ""}, {"'b'", "b"}, {"'a,b'", "a,b"}, {"'a,b,c d'", "a,b,c d"}},
		cases: []mysqlQueryCase{
			{"v=eq.", "v = ''"},
			{"v=eq.a,b", "v = 'a,b'"},
			{`v=in.("a,b",b)`, "v = 'a,b' OR v = 'b'"},
			{"v=eq.3", nobody}, // the text, not the number of the members
			{"v=eq.0", nobody},
			{"v=neq.3", withValue},
			{"v=like.*c d", "id = 4"},
			{"v=ilike.A*", "id IN (3, 4)"},
		},
	},
	{
		name: "binaries", ddl: "BINARY(4)",
		values: []mysqlValue{{"x'00000000'", "AAAAAA=="}, {"x'61000000'", "YQAAAA=="}, {"x'61620d0a'", "YWINCg=="}, {"x'fbefbeff'", "++++/w=="}},
		cases: []mysqlQueryCase{
			{"v=eq.YQAAAA==", "v = x'61000000'"},
			{"v=eq.YQ==", nobody}, // without its padding it is another value
			{"v=eq.", nobody},
			{"v=neq.", withValue},
			{"v=gt.", withValue},
			{`v=in.("",AAAAAA==)`, "v = x'00000000'"},
			{"v=eq.    /w==", "v = x'fbefbeff'"}, // plus signs that were not encoded
			{"v=in.(AAAAAA==,YWINCg==)", "v = x'00000000' OR v = x'61620d0a'"},
		},
	},
	{
		name: "varbinaries", ddl: "VARBINARY(8)",
		values: []mysqlValue{{"x''", ""}, {"x'00'", "AA=="}, {"x'27225c'", "JyJc"}, {"x'41'", "QQ=="}, {"x'61'", "YQ=="}, {"x'fbff'", "+/8="}},
		cases: []mysqlQueryCase{
			{"v=eq.", "v = x''"},
			{"v=neq.", "v <> x''"},
			{"v=gt.", "v > x''"},
			{"v=lte.", "v = x''"},
			{`v=in.("")`, "v = x''"},
			{`v=in.("",AA==)`, "v IN (x'', x'00')"},
			{"v=in.(AA==,)", "v IN (x'', x'00')"},
			{"v=in.()", nobody},
			{"or=(v.eq.,v.eq.AA==)", "v IN (x'', x'00')"},
			{`v=eq(any).{"",AA==}`, "v IN (x'', x'00')"},
			{"v=isdistinct.", "v <> x'' OR v IS NULL"},
			{"v=eq.QQ==", "v = x'41'"},
			{"v=eq.JyJc", "v = x'27225c'"},
		},
	},
	{
		name: "blobs", ddl: "BLOB", key: "v(9)",
		values: []mysqlValue{{"x''", ""}, {"x'00'", "AA=="}, {"x'27225c'", "JyJc"}},
		cases: []mysqlQueryCase{
			{"v=eq.", "v = x''"},
			{"v=not.eq.", "v <> x''"},
			{`v=in.("",JyJc)`, "v IN (x'', x'27225c')"},
		},
	},
}

// mysqlLaws are filters of COLUMN with a value, which find its row or do not.
var mysqlLaws = []struct {
	query string
	finds bool
}{
	{`COLUMN=eq.%s`, true},
	{`and=(COLUMN.eq."%s",COLUMN.gte."%s",COLUMN.lte."%s",COLUMN.in.("%s"),COLUMN.not.neq."%s",COLUMN.not.isdistinct."%s",COLUMN.eq(any).{"%s"})`, true},
	{`or=(COLUMN.neq."%s",COLUMN.gt."%s",COLUMN.lt."%s",COLUMN.isdistinct."%s",COLUMN.not.in.("%s"),COLUMN.not.eq(any).{"%s"})`, false},
}

// mysqlNoFilter are the types, or values, that cannot be filtered for.
var mysqlNoFilter = map[string]string{
	"DATE that does not exist":             "only days that exist",
	"VARCHAR(10) CHARACTER SET ucs2":       "one value is no text, and printed as U+FFFD",
	"JSON":                                 "has no order",
	"JSON big numbers":                     "has no order",
	"JSON big numbers as text":             "has no order",
	"JSON controls":                        "has no order",
	"GEOMETRY":                             "only NULL",
	"GEOMETRY with latitude and longitude": "only NULL",
	"POINT":                                "only NULL",
	"VECTOR(3)":                            "only NULL",
}

// mysqlHuts makes a table of several columns.
func mysqlHuts(name string) []string {
	name = exec.QuoteIdentifier(name)
	return []string{
		"CREATE TABLE " + name + " (id INT PRIMARY KEY, name VARCHAR(30) COLLATE utf8mb4_general_ci, height INT, `order` INT, " +
			"price DECIMAL(6,2), open BOOL, opened DATE, note VARCHAR(30) COLLATE utf8mb4_general_ci)",
		"INSERT INTO " + name + " VALUES (1, 'Alpenblick', 2100, 3, 12.50, TRUE, '1998-06-01', NULL)," +
			"(2, 'Bärenhütte', 1800, 1, NULL, FALSE, '2024-02-29', 'a,b')," +
			"(3, NULL, 2400, NULL, 8.00, TRUE, NULL, '')," +
			"(4, 'Zugspitze, West', 2962, 2, 20.00, NULL, '1897-08-01', 'say \"hi\"')," +
			"(5, 'alp (neu)', 1800, 2, 12.50, FALSE, '1970-01-01', 'x')",
	}
}

var mysqlHutCases = []mysqlQueryCase{
	{"height=gte.2000&open=is.true", "height >= 2000 AND open <> 0"},
	{"or=(height.lt.1900,open.is.true)", "height < 1900 OR open <> 0"},
	{"and=(height.gt.1800,or(open.is.true,price.eq.20))", "height > 1800 AND (open <> 0 OR price = 20)"},
	{"not.or=(height.lt.1900,name.is.null)", "height >= 1900 AND name IS NOT NULL"},
	{"not.and=(height.gte.1800,price.not.is.null)", "NOT (height >= 1800 AND price IS NOT NULL)"},
	{"not.and=(price.gt.10,open.is.true)", "NOT (price > 10 AND open IS TRUE)"},
	{"not.or=(price.gt.15,open.is.true)", "price <= 15 AND open IS NOT TRUE"},
	{"or=(not.and(height.eq.1800,open.is.false),id.eq.2)", "NOT (height = 1800 AND open IS FALSE) OR id = 2"},
	{"or=(and(id.eq.1,height.eq.2100),and(id.eq.2,height.eq.1))", "id = 1"},
	{"not.or=(and(height.gt.2000,open.is.true),and(height.lt.2000,open.is.false))", "id = 4"},
	{"or=(id.eq.1)", "id = 1"},
	{"and=(id.gt.1,id.lt.4)&or=(id.eq.2,id.eq.5)", "id = 2"},
	{"and=( id.gte.1 , id.lte.2 )", "id <= 2"},
	{"id=gt.1&id=lt.5&id=neq.3", "id IN (2, 4)"},
	{"or=(name.like.*West,name.ilike.ALP*)", "id IN (1, 4, 5)"},
	{`or=(name.eq."Zugspitze, West",note.eq."a,b")`, "id IN (2, 4)"},
	{`or=(name.eq."alp (neu)",note.eq."say \"hi\"")`, "id IN (4, 5)"},
	{`or=(name.eq.alp \(neu,id.eq.1)`, "id = 1"}, // only quotes protect a parenthesis
	{`name=in.("Zugspitze, West","alp (neu)")`, "id IN (4, 5)"},
	{`name=not.in.("Zugspitze, West","alp (neu)")`, "id IN (1, 2)"},
	{`name=eq."Alpenblick"`, nobody}, // quotes are for lists and trees
	{`"name"=eq.Alpenblick`, "id = 1"},
	{`"order"=eq.2`, "`order` = 2"},
	{`or=("order".eq.3,"order".is.null)`, "`order` = 3 OR `order` IS NULL"},
	{"or=(order.eq.3,order.is.null)", "`order` = 3 OR `order` IS NULL"},
	{"HEIGHT=eq.1800", "height = 1800"},
	{"price=eq.12.5&height=neq.1800", "price = 12.50 AND height <> 1800"},
	{"note=eq.", "note = ''"},
	{"note=neq.", "note <> ''"},
	{"or=(note.eq.,id.eq.1)", "note = '' OR id = 1"},
	{"opened=gte.1970-01-01&opened=lt.2024-02-29", "opened >= '1970-01-01' AND opened < '2024-02-29'"},
	{`or=(height.in.(1800,2962),name.in.("Alpenblick"))`, "height IN (1800, 2962) OR name = 'Alpenblick'"},
	{"or=(id.eq(any).{1,2},height.gt(all).{2000,2500})", "id <= 2 OR height > 2500"},
	{"or=(id.in.(),id.eq.1)", "id = 1"},
	{"and=(id.not.in.(),id.eq.1)", "id = 1"},
	{"id=not.in.(1,2)&id=not.eq.3", "id IN (4, 5)"},
	{"open=eq.true", "open = 1"},
	{"open=not.eq.true", "open = 0"},
	{"open=isdistinct.true", "open = 0 OR open IS NULL"},
	{"or=(open.is.null,price.is.null)", "open IS NULL OR price IS NULL"},
	{"and=(or(and(or(and(or(and(or(and(or(id.eq.3,id.eq.4))))))))))", "id IN (3, 4)"}, // as deep as it may be
	{"or=(and(open.is.true,not.or(price.gt.10,note.is.null)),and(open.not.is.true,not.and(height.gte.1800,note.not.is.null)))", "open IS TRUE AND NOT (price > 10 OR note IS NULL) OR open IS NOT TRUE AND NOT (height >= 1800 AND note IS NOT NULL)"},
}

// mysqlHutOrders are query strings, and the end of a SELECT for the same rows.
var mysqlHutOrders = []struct{ query, tail string }{
	{"order=id.desc", "ORDER BY id DESC"},
	{"order=height,id", "ORDER BY height, id"},
	{"order=height.desc,id.desc", "ORDER BY height DESC, id DESC"},
	{"order=height.asc,id.desc", "ORDER BY height, id DESC"},
	{"order=price,id", "ORDER BY price, id"},
	{"order=price.desc,id", "ORDER BY price DESC, id"},
	{"order=price.nullsfirst,id", "ORDER BY IF(price IS NULL, -1, price), id"},
	{"order=price.nullslast,id", "ORDER BY IF(price IS NULL, 1000, price), id"},
	{"order=price.asc.nullsfirst,id", "ORDER BY IF(price IS NULL, -1, price), id"},
	{"order=price.asc.nullslast,id", "ORDER BY IF(price IS NULL, 1000, price), id"},
	{"order=price.desc.nullsfirst,id", "ORDER BY IF(price IS NULL, 1000, price) DESC, id"},
	{"order=price.desc.nullslast,id", "ORDER BY IF(price IS NULL, -1, price) DESC, id"},
	{`order="order".desc.nullsfirst,id.desc`, "ORDER BY IF(`order` IS NULL, 1000, `order`) DESC, id DESC"},
	{"order=order.desc.nullslast,id", "ORDER BY IF(`order` IS NULL, -1, `order`) DESC, id"},
	{"order=open.nullslast,price.desc.nullsfirst,id", "ORDER BY IF(open IS NULL, 2, open), IF(price IS NULL, 1000, price) DESC, id"},
	{"order= height , id ", "ORDER BY height, id"},
	{"order=id&limit=2", "ORDER BY id LIMIT 2"},
	{"order=id&limit=0", "LIMIT 0"},
	{"order=id&offset=3", "ORDER BY id LIMIT 9 OFFSET 3"},
	{"order=id&limit=2&offset=1", "ORDER BY id LIMIT 2 OFFSET 1"},
	{"order=id&offset=5", "LIMIT 0"},
	{"order=id&limit=9223372036854775807&offset=4", "ORDER BY id LIMIT 9 OFFSET 4"},
	{"order=id&offset=9223372036854775807", "LIMIT 0"},
	{"height=gt.1800&order=name.desc.nullslast&limit=2", "WHERE height > 1800 AND name IS NOT NULL ORDER BY name DESC LIMIT 2"},
	{"order=name.desc.nullslast&limit=1&offset=4", "WHERE name IS NULL"},
}

// mysqlOddColumns are columns as they are written in a query string, and in SQL.
var mysqlOddColumns = []struct{ inQuery, inSQL string }{
	{`"order"`, "`order`"},
	{`"select"`, "`select`"},
	{`"limit"`, "`limit`"},
	{`"offset"`, "`offset`"},
	{`"and"`, "`and`"},
	{`"or"`, "`or`"},
	{`"not"`, "`not`"},
	{`"not.or"`, "`not.or`"},
	{`"a.b"`, "`a.b`"},
	{`"a,b"`, "`a,b`"},
	{`"(x)"`, "`(x)`"},
	{`"a:b::text"`, "`a:b::text`"},
	{`"a->b"`, "`a->b`"},
	{`"*"`, "`*`"},
	{`"\""`, "`\"`"},
	{`"\\"`, "`\\`"},
	{"\"`\"", "````"},
	{`"?"`, "`?`"},
	{`"'"`, "`'`"},
	{`"; -- x"`, "`; -- x`"},
	{"two words", "`two words`"},
	{"group", "`group`"},
	{"été", "`été`"},
	{"$1", "`$1`"},
	{"2nd", "`2nd`"},
}

var mysqlHutBodies = []struct {
	name, method, query string
	header              []string
	status              int
	pages               string // Content-Range
	want                string // of an error: in it
}{
	{
		name: "one row", query: "id=eq.1", status: 200, pages: "0-0/*",
		want: `[{"id":1,"name":"Alpenblick","height":2100,"order":3,"price":12.50,"open":1,"opened":"1998-06-01","note":null}]` + "\n",
	},
	{
		name: "other names", query: "select=name,h:height,o:\"order\"&id=lt.3&order=id", status: 200, pages: "0-1/*",
		want: `[{"name":"Alpenblick","h":2100,"o":3},` + "\n" + `{"name":"Bärenhütte","h":1800,"o":1}]` + "\n",
	},
	{
		name: "as text", query: "select=id::text,price::text,open::text,opened::text&id=lt.3&order=id", status: 200, pages: "0-1/*",
		want: `[{"id":"1","price":"12.50","open":"1","opened":"1998-06-01"},` + "\n" + `{"id":"2","price":null,"open":"0","opened":"2024-02-29"}]` + "\n",
	},
	{
		name: "all and one more", query: "select=*,high:height&id=eq.5", status: 200, pages: "0-0/*",
		want: `[{"id":5,"name":"alp (neu)","height":1800,"order":2,"price":12.50,"open":0,"opened":"1970-01-01","note":"x","high":1800}]` + "\n",
	},
	{name: "nothing", query: "id=eq.9", status: 200, pages: "*/*", want: "[]\n"},
	{
		name: "CSV", query: "select=id,name,price,note&order=id", header: []string{"Accept", "text/csv"}, status: 200, pages: "0-4/*",
		want: "id,name,price,note\r\n1,Alpenblick,12.50,\r\n2,Bärenhütte,,\"a,b\"\r\n3,,8.00,\"\"\r\n" +
			"4,\"Zugspitze, West\",20.00,\"say \"\"hi\"\"\"\r\n5,alp (neu),12.50,x\r\n",
	},
	{name: "CSV of nothing", query: "select=id,other:name&id=eq.9", header: []string{"Accept", "text/csv"}, status: 200, pages: "*/*", want: "id,other\r\n"},
	{
		name: "NDJSON", query: "select=id,price&id=lt.3&order=id", header: []string{"Accept", "application/x-ndjson"}, status: 200, pages: "0-1/*",
		want: `{"id":1,"price":12.50}` + "\n" + `{"id":2,"price":null}` + "\n",
	},
	{name: "NDJSON of nothing", query: "id=eq.9", header: []string{"Accept", "application/x-ndjson"}, status: 200, pages: "*/*"},
	{
		name: "object", query: "select=id,name&id=eq.1", header: []string{"Accept", "application/vnd.pgrst.object+json"}, status: 200, pages: "0-0/*",
		want: `{"id":1,"name":"Alpenblick"}` + "\n",
	},
	{name: "object of nothing", query: "id=eq.9", header: []string{"Accept", "application/vnd.pgrst.object+json"}, status: 406, want: "The result contains 0 rows"},
	{name: "object of many", query: "id=gt.1", header: []string{"Accept", "application/vnd.pgrst.object+json"}, status: 406, want: "The result contains 4 rows"},
	{
		name: "without nulls", query: "select=id,price,opened&id=in.(2,3)&order=id", header: []string{"Accept", "application/vnd.pgrst.array+json;nulls=stripped"},
		status: 200, pages: "0-1/*", want: `[{"id":2,"opened":"2024-02-29"},` + "\n" + `{"id":3,"price":8.00}]` + "\n",
	},
	{name: "range", query: "select=id&order=id", header: []string{"Range", "1-2"}, status: 200, pages: "1-2/*", want: `[{"id":2},` + "\n" + `{"id":3}]` + "\n"},
	{name: "range of bytes", query: "select=id&id=eq.1", header: []string{"Range", "bytes=0-1"}, status: 200, pages: "0-0/*", want: `[{"id":1}]` + "\n"},
	{name: "count of all", query: "select=id&id=lt.3&order=id", header: []string{"Prefer", "count=exact"}, status: 200, pages: "0-1/2", want: `[{"id":1},` + "\n" + `{"id":2}]` + "\n"},
	{name: "count and limit", query: "select=id&order=id.desc&limit=1", header: []string{"Prefer", "count=exact"}, status: 206, pages: "0-0/5", want: `[{"id":5}]` + "\n"},
	{name: "count and offset", query: "select=id&order=id&offset=4", header: []string{"Prefer", "count=exact"}, status: 206, pages: "4-4/5", want: `[{"id":5}]` + "\n"},
	{name: "count and range", query: "select=id&order=id", header: []string{"Prefer", "count=exact", "Range", "3-8"}, status: 206, pages: "3-4/5", want: `[{"id":4},` + "\n" + `{"id":5}]` + "\n"},
	{name: "count of a filter", query: "select=id&height=eq.1800&order=id&limit=1", header: []string{"Prefer", "count=exact"}, status: 206, pages: "0-0/2", want: `[{"id":2}]` + "\n"},
	{name: "count and no row", query: "limit=0", header: []string{"Prefer", "count=exact"}, status: 206, pages: "*/5", want: "[]\n"},
	{name: "no row", query: "limit=0", status: 200, pages: "*/*", want: "[]\n"},
	{name: "offset at the end", query: "offset=5", header: []string{"Prefer", "count=exact"}, status: 206, pages: "*/5", want: "[]\n"},
	{name: "offset behind the end", query: "offset=6", header: []string{"Prefer", "count=exact"}, status: 416, pages: "*/5", want: "PGRST103"},
	{name: "offset behind an unknown end", query: "offset=6", status: 200, pages: "*/*", want: "[]\n"},
	{name: "range that is none", query: "id=gt.0", header: []string{"Range", "3-1"}, status: 416, want: "PGRST103"},
	{name: "count of nothing", query: "id=eq.9", header: []string{"Prefer", "count=exact"}, status: 200, pages: "*/0", want: "[]\n"},
	{name: "only a count", method: "HEAD", query: "height=eq.1800", header: []string{"Prefer", "count=exact"}, status: 200, pages: "0-1/2"},
}

// mysqlRefusals are requests with the code of their error.
var mysqlRefusals = []struct{ table, query, code string }{
	{"tinyints", "v=eq.abc", postgrest.CodeBadValue},
	{"tinyints", "v=eq.", postgrest.CodeBadValue},
	{"tinyints", "v=eq.1.0", postgrest.CodeBadValue},
	{"tinyints", "v=eq.1e2", postgrest.CodeBadValue},
	{"tinyints", "v=eq.+1", postgrest.CodeBadValue},
	{"tinyints", "v=eq.0x1F", postgrest.CodeBadValue},
	{"tinyints", "v=eq.1 OR 1", postgrest.CodeBadValue},
	{"tinyints", "v=in.(1,x)", postgrest.CodeBadValue},
	{"tinyints", "v=in.(1,,2)", postgrest.CodeBadValue},
	{"tinyints", "v=not.eq(any).{1,x}", postgrest.CodeBadValue},
	{"tinyints", "or=(v.eq.1,v.eq.x)", postgrest.CodeBadValue},
	{"tinyints", "v=like.1*", postgrest.CodeSyntax},
	{"tinyints", "v=in.(1)x", postgrest.CodeSyntax},
	{"tinyints", "v=in.1", postgrest.CodeSyntax},
	{"tinyints", "v=neq(any).{1}", postgrest.CodeSyntax},
	{"tinyints", "v=is.1", postgrest.CodeSyntax},
	{"tinyints", "v=match.1", postgrest.CodeSyntax},
	{"tinyints", "v=1", postgrest.CodeSyntax},
	{"tinyints", "or=(v.eq.1", postgrest.CodeSyntax},
	{"tinyints", "limit=abc", postgrest.CodeSyntax},
	{"tinyints", "order=v.up", postgrest.CodeSyntax},
	{"tinyints", "w=eq.1", postgrest.CodeNoColumn},
	{"tinyints", "select=w", postgrest.CodeNoColumn},
	{"tinyints", "order=w", postgrest.CodeNoColumn},
	{"tinyints", "or=(v.eq.1,w.eq.1)", postgrest.CodeNoColumn},
	{"integers", "v=eq.true", postgrest.CodeBadValue}, // only where a front end has a boolean
	{"bits8", "v=eq.b'1'", postgrest.CodeBadValue},
	{"years", "v=eq.24", postgrest.CodeBadValue},
	{"years", "v=eq.02024", postgrest.CodeBadValue},
	{"years", "v=eq.-001", postgrest.CodeBadValue},
	{"years", "v=is.true", postgrest.CodeSyntax},
	{"prices", "v=eq.abc", postgrest.CodeBadValue},
	{"prices", "v=eq..5", postgrest.CodeBadValue}, // no JSON number
	{"prices", "v=eq.5.", postgrest.CodeBadValue},
	{"prices", "v=eq.012.5", postgrest.CodeBadValue},
	{"prices", "v=eq.12,5", postgrest.CodeBadValue},
	{"prices", "v=eq.12.5€", postgrest.CodeBadValue},
	{"floats", "v=eq.NaN", postgrest.CodeBadValue},
	{"doubles", "v=eq.Infinity", postgrest.CodeBadValue},
	{"dates", "v=eq.2023-02-29", postgrest.CodeBadValue}, // no such day
	{"dates", "v=eq.0000-02-29", postgrest.CodeBadValue}, // for MySQL no leap year
	{"dates", "v=eq.2024-00-32", postgrest.CodeBadValue},
	{"dates", "v=eq.2024-02-29T12:30:00.000Z", postgrest.CodeBadValue}, // on which day is an instant?
	{"dates", "v=eq.2024-2-9", postgrest.CodeBadValue},
	{"dates", "v=eq.20240229", postgrest.CodeBadValue},
	{"dates", "v=eq.0", postgrest.CodeBadValue},
	{"dates", "v=eq.2024-02-29T00:00:00", postgrest.CodeBadValue},
	{"dates", "v=like.2024*", postgrest.CodeSyntax},
	{"dates", "v=is.false", postgrest.CodeSyntax},
	{"datetimes", "v=eq.0000-00-00T00:00:00Z", postgrest.CodeBadValue}, // no instant
	{"datetimes", "v=eq.2024-02-30", postgrest.CodeBadValue},
	{"datetimes", "v=eq.2024-02-29T23", postgrest.CodeBadValue},
	{"datetimes", "v=eq.2024-02-29+02:00", postgrest.CodeBadValue},
	{"datetimes", "v=eq.10000-01-01T00:00:00", postgrest.CodeBadValue},
	{"datetimes", "v=eq.0000-03-01T00:30:00+01:00", postgrest.CodeBadValue}, // in UTC no leap year
	{"datetimes", "v=eq.2024-02-29T24:00:00", postgrest.CodeBadValue},
	{"datetimes", "v=eq.2024-02-30T00:00:00", postgrest.CodeBadValue},
	{"timestamps", "v=eq.2024-02-29T23:59:60Z", postgrest.CodeBadValue},
	{"timestamps", "v=eq.0000-00-00T00:00:00Z", postgrest.CodeBadValue}, // no instant
	{"timestamps", "v=eq.2024-02-00", postgrest.CodeBadValue},
	{"timestamps", "v=eq.2024-02-29T23:59 02", postgrest.CodeBadValue},
	{"timestamps", "v=eq.2024-02-29T23:59:59+24:00", postgrest.CodeBadValue},
	{"timestamps", "v=eq.1709251199", postgrest.CodeBadValue},
	{"times", "v=eq.839:00:00", postgrest.CodeBadValue},
	{"times", "v=eq.838:59:59.5", postgrest.CodeBadValue},
	{"times", "v=lt.-838:59:59.5", postgrest.CodeBadValue},
	{"times", "v=eq.23:60:00", postgrest.CodeBadValue},
	{"times", "v=eq.839:00", postgrest.CodeBadValue},
	{"times", "v=eq.23", postgrest.CodeBadValue},
	{"times", "v=eq.235959", postgrest.CodeBadValue},
	{"varchars", "v=is.true", postgrest.CodeSyntax},
	{"binaries", "v=eq.YQ", postgrest.CodeBadValue}, // without its padding
	{"binaries", "v=eq.!", postgrest.CodeBadValue},
	{"binaries", "v=like.YQ*", postgrest.CodeSyntax},
}

// mysqlChange is a change of a table, a request after it, and its answer. young
// is, if not empty, what may be the answer while the columns have only just been
// learned.
type mysqlChange struct {
	name   string
	change []string
	query  string
	status int
	want   string // in the body
	young  string
}

// mysqlChanges are changes of a table sample with id and v INT, of which v=eq.10
// has been asked for. Behind each is a request and its answer.
var mysqlChanges = []mysqlChange{
	{"column dropped", []string{"ALTER TABLE sample DROP COLUMN v"}, "id=gt.0&v=eq.10", 400, postgrest.CodeNoColumn, `"PGRST002"`},
	{"column dropped that is not asked for", []string{"ALTER TABLE sample DROP COLUMN v"}, "id=eq.1", 200, `[{"id":1}]` + "\n", `"PGRST002"`},
	{"column added", []string{"ALTER TABLE sample ADD COLUMN w INT DEFAULT 7"}, "id=eq.1&w=eq.7", 200, `[{"id":1,"v":10,"w":7}]` + "\n", postgrest.CodeNoColumn},
	{"column added that is not asked for", []string{"ALTER TABLE sample ADD COLUMN w INT DEFAULT 7"}, "id=eq.1", 200, `[{"id":1,"v":10,"w":7}]` + "\n", `"PGRST002"`},
	{"column renamed", []string{"ALTER TABLE sample RENAME COLUMN v TO w"}, "select=w&w=eq.20", 200, `[{"w":20}]` + "\n", postgrest.CodeNoColumn},
	{"column renamed, by its old name", []string{"ALTER TABLE sample RENAME COLUMN v TO w"}, "select=v&v=eq.20", 400, postgrest.CodeNoColumn, `"PGRST002"`},
	{"columns changed places", []string{"ALTER TABLE sample RENAME COLUMN v TO w", "ALTER TABLE sample RENAME COLUMN id TO v", "ALTER TABLE sample RENAME COLUMN w TO id"}, "v=eq.1", 200, `[{"v":1,"id":10}]` + "\n", `"PGRST002"`},
	{
		"INT becomes VARCHAR",
		[]string{"ALTER TABLE sample MODIFY v VARCHAR(9)", "UPDATE sample SET v = '10 apples' WHERE id = 2"},
		"v=eq.10", 200, `[{"id":1,"v":"10"}]` + "\n", `"PGRST002"`, // MySQL would find both for the number
	},
	{
		"INT becomes JSON",
		[]string{"ALTER TABLE sample MODIFY v JSON", "UPDATE sample SET v = '{\"a\":\"x\"}' WHERE id = 2"},
		"select=id,v->a&v->>a=eq.x", 200, `[{"id":2,"a":"x"}]` + "\n", postgrest.CodeSyntax,
	},
	{
		"INT becomes JSON, and compares as such",
		[]string{"ALTER TABLE sample MODIFY v JSON", "UPDATE sample SET v = '[10]' WHERE id = 2"},
		"select=id&v=in.(10,[10])&order=id", 200, `[{"id":1},` + "\n" + `{"id":2}]` + "\n", postgrest.CodeBadValue,
	},
	{
		"INT becomes DECIMAL",
		[]string{"ALTER TABLE sample MODIFY v DECIMAL(6,2)", "UPDATE sample SET v = 10.25 WHERE id = 2"},
		"select=id,v&v=gt.10", 200, `[{"id":2,"v":10.25}]` + "\n", `"PGRST002"`,
	},
	{
		"INT becomes VARCHAR, with a value that was none",
		[]string{"ALTER TABLE sample MODIFY v VARCHAR(9)", "UPDATE sample SET v = 'ten' WHERE id = 2"},
		"v=eq.ten", 200, `[{"id":2,"v":"ten"}]` + "\n", postgrest.CodeBadValue,
	},
	{
		"table replaced",
		[]string{"DROP TABLE sample", "CREATE TABLE sample (name VARCHAR(9), v DATE)", "INSERT INTO sample VALUES ('Ada', '1815-12-10')"},
		"name=eq.Ada", 200, `[{"name":"Ada","v":"1815-12-10"}]` + "\n", postgrest.CodeNoColumn,
	},
	{"table dropped", []string{"DROP TABLE sample"}, "id=eq.1", 500, "42P01", ""},
	{"rows changed", []string{"UPDATE sample SET v = 11 WHERE id = 1"}, "v=eq.11", 200, `[{"id":1,"v":11}]` + "\n", ""},
}

// mysqlIndexed are columns with an index, of 400 rows: an expression for the row
// n, and a value behind which few rows are, as in a query string.
var mysqlIndexed = []struct{ ddl, expr, high string }{
	{"TINYINT", "n % 120", "117"},
	{"TINYINT UNSIGNED", "n % 200", "195"},
	{"SMALLINT", "n", "395"},
	{"MEDIUMINT", "n", "395"},
	{"INT", "n", "395"},
	{"INT UNSIGNED", "n", "395"},
	{"BIGINT", "9007199254740992 + n", "9007199254741387"},
	{"BIGINT UNSIGNED", "18446744073709551000 + n", "18446744073709551395"},
	{"BIT(16)", "n", "395"},
	{"BIT(64)", "n", "395"},
	{"YEAR", "1901 + n % 250", "2147"},
	{"DECIMAL(10,2)", "n / 100", "3.95"},
	{"DECIMAL(65,30)", "n / 100", "3.95"},
	{"FLOAT", "n / 8", "49.375"},
	{"DOUBLE", "n / 10", "39.5"},
	{"DATE", "DATE '2024-01-01' + INTERVAL n DAY", "2025-01-30"},
	{"DATE NULL", "DATE '2024-01-01' + INTERVAL n DAY", "2025-01-00"},
	{"DATETIME", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-30T00:00:00"},
	{"DATETIME NULL", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-30"},
	{"DATETIME(6)", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-00T12:00:00.000000"},
	{"DATETIME(3)", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-30T00:00:00.000"},
	{"TIMESTAMP NULL", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-30T00:00:00Z"},
	{"TIMESTAMP(6) NULL", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n DAY", "2025-01-30T02:00:00+02:00"},
	{"TIME", "SEC_TO_TIME(n * 60)", "06:35:00"},
	{"TIME(2)", "SEC_TO_TIME(n * 60)", "06:35:00.00"},
	{"CHAR(9)", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9)", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) COLLATE utf8mb4_bin", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) COLLATE utf8mb4_general_ci", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) CHARACTER SET latin1", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) CHARACTER SET ascii", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) CHARACTER SET utf8mb3", "LPAD(n, 5, '0')", "00395"},
	{"VARCHAR(9) CHARACTER SET utf16", "LPAD(n, 5, '0')", "00395"},
	{"TEXT", "LPAD(n, 5, '0')", "00395"},
	{mysqlEnum, "1 + n % 26", "y"},
	{mysqlSet, "n % 256", "h"},
	{"BINARY(4)", "UNHEX(LPAD(HEX(n), 8, '0'))", "AAABiw=="},
	{"VARBINARY(4)", "UNHEX(LPAD(HEX(n), 8, '0'))", "AAABiw=="},
	{"BLOB", "UNHEX(LPAD(HEX(n), 8, '0'))", "AAABiw=="},
}

const (
	mysqlEnum     = "ENUM('a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q','r','s','t','u','v','w','x','y','z')"
	mysqlSet      = "SET('a','b','c','d','e','f','g','h')"
	mysqlNumbered = "an index of ENUM or SET is in the order of the members, not of their texts"
)

var mysqlMembers = []string{mysqlEnum + " gt", mysqlSet + " gt"}

// mysqlQueryExceptions is mysqlExceptions for requests: by engine and reason,
// the families, or query strings with the table before.
var mysqlQueryExceptions = map[string]map[string][]string{
	engineMySQL: {mysqlNumbered: mysqlMembers},
	engineMariaDB: {
		mysqlNumbered:                      mysqlMembers,
		"has times up to 838:59:59.999999": {"times?v=eq.838:59:59.5", "times?v=lt.-838:59:59.5"},
	},
	engineEmbedded: {
		"says that a TIME(6) or TIMESTAMP(1) to (6) has no fraction": {
			"hundredths", "microseconds", "TIMESTAMP(1)", "TIMESTAMP(2)", "TIMESTAMP(3)", "TIMESTAMP(4)", "TIMESTAMP(5)", "TIMESTAMP(6)",
			"TIMESTAMP fraction of zeros", "TIME(6)",
		},
		"compares and searches an ENUM or a SET by numbers":   {"enums", "latin_enums", "sets", "ENUM", "SET"},
		"compares BIT(64) as signed":                          {"bits64"},
		"compares a DOUBLE with decimals wrongly":             {"doubles"},
		"does not find a FLOAT by a double of the same value": {"FLOAT", "floats?v=eq.0.1", "floats?v=gte.0.1&v=lte.0.1", "floats?v=lt.0.1", "floats?v=neq.0.1", "floats?v=isdistinct.0.1"},
		"takes no zero or partial date as a number": {
			"dates?v=gte.2024-02-00", "dates?v=lt.2024-00-00", "dates?v=eq.2024-02-00",
			"datetimes?v=gt.0000-01-01T00:00:00+01:00", "datetimes?v=lt.0000-01-01T00:00:00+01:00",
			"dates?v=eq.0000-00-00", "dates?v=neq.0000-00-00", "dates?v=gt.0000-00-00", "dates?v=gte.0000-00-00",
			"dates?v=lte.0000-00-00", "dates?v=in.(0000-00-00,2024-02-29)", "dates?v=not.in.(0000-00-00,2024-02-29)",
			"dates?v=in.(2024-02-29,0000-00-00,9999-12-31)", "timestamps?v=in.(2024-02-29T23:59:59Z,0000-00-00T00:00:00,2024-03-01T00:00:00Z)",
			"dates?v=isdistinct.0000-00-00", "dates?v=eq(any).{2024-02-29,0000-00-00}",
			"datetimes?v=eq.0000-00-00T00:00:00", "datetimes?v=neq.0000-00-00 00:00:00", "datetimes?v=gt.0000-00-00T00:00:00.000",
			"datetimes?v=in.(0000-00-00T00:00:00,2024-02-29T00:00:00)",
			"timestamps?v=eq.0000-00-00T00:00:00", "timestamps?v=gt.0000-00-00T00:00:00",
			"timestamps?v=in.(0000-00-00T00:00:00,2024-03-01T00:00:00Z)",
			"timestamps?v=lt.1969-12-31T23:59:59Z", "timestamps?v=gt.1969-12-31T23:59:59Z",
			"DATE zero", "DATETIME zero", "TIMESTAMP zero", "DATETIME fraction of zeros",
		},
		"takes, with an index, a number beyond the type for the end of the type": {
			"tinyints?v=eq.128", "tinyints?v=lt.128", "tinyints?v=gt.-129", "tinyints?v=neq.300", "tinyints?v=in.(1,300,-129)", "tinyints?v=not.in.(1,300)",
			"utinyints?v=lt.256", "smallints?v=eq.32768", "smallints?v=lt.32768", "umediumints?v=eq.16777216",
			"integers?v=eq.2147483648", "integers?v=gt.-2147483649", "integers?v=in.(7,4294967303)", "zerofills?v=eq.4294967296",
		},
		"refuses, with an index, values that the column cannot have": {
			"bits8?v=eq.300", "bits8?v=neq.300", "bits8?v=gt.300", "bits8?v=lt.300", "bits8?v=in.(300,1)", "prices?v=lt.100000000",
			"timestamps?v=eq.9999-12-31T23:59:59Z", "timestamps?v=gt.9999-12-31T23:59:59Z", "timestamps?v=lt.9999-12-31T23:59:59Z",
		},
		"compares BIGINT UNSIGNED with a signed number as signed, without an index": {"ubigints?v=gt.9223372036854775807"},
		"takes neighbours of 65 digits, or of 30 behind the point, for the same": {
			"decimals?v=neq.0.100000000000000000000000000000", "decimals?v=not.eq.0.100000000000000000000000000000",
			`decimals?v=not.in.("0.100000000000000000000000000000")`,
			"wholes?v=in.(7," + maxDecimal65Less + ")", "wholes?v=not.in.(7," + maxDecimal65Less + ")",
			`wholes?v=in.("` + maxDecimal65Less + `")`, `wholes?v=not.in.("` + maxDecimal65Less + `")`, "DECIMAL(65,0)",
		},
		"refuses LOWER of a date, and partial dates as texts": {"dates?v=gt.0000-05-00"},
		"does not pad": {"chars?v=eq.ab  "},
		"gives 1105 for a column that is missing, not 1054": {"column dropped", "column renamed, by its old name"},
		"has no IS UNKNOWN": {"tinyints?v=is.unknown"},
		"compares TIME and latin1 with <=> wrongly": {
			"times?v=isdistinct.23:59:59", "times?v=not.isdistinct.23:59:59", "TIME", "TIME fraction of zeros",
			"latins?v=isdistinct.eis", "latins?v=not.isdistinct.eis",
		},
	},
}
