package main

// This file checks the values of conditions against the type of their column,
// before MySQL can coerce them, and makes arguments of them. Rule: a value is
// written in the form in which readapi prints it, and comparing is exact.

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// operand is a value as the right side of a comparison.
type operand struct {
	sql  string // one placeholder, in a cast if need be
	arg  any
	side side
}

// side says where a value lies that the column's type cannot represent.
type side int8

const (
	exact     side = iota // arg is the value
	justAbove             // between arg and the next one that the type has
	justBelow
	aboveAll // above every value of the type
	belowAll
)

// valueType says which values a type takes.
type valueType struct {
	expected string // what a value looks like, for errors
	parse    func(column *column, value string) (operand, bool)
	isText   bool // takes like and ilike
	isTruth  bool // takes is.true and is.false
}

// noValue is the type of columns that take is.null only.
var noValue = valueType{}

// valueTypes maps the type names of go-sql-driver/mysql to what they take.
var valueTypes = map[string]valueType{
	"TINYINT":   {"a whole number, true or false", parseTruth, false, true},
	"SMALLINT":  {"a whole number", parseInteger, false, true},
	"MEDIUMINT": {"a whole number", parseInteger, false, true},
	"INT":       {"a whole number", parseInteger, false, true},
	"BIGINT":    {"a whole number", parseInteger, false, true},
	"BIT":       {"a whole number, true or false", parseTruth, false, true},
	"YEAR":      {"a year of four digits", parseYear, false, false},
	"DECIMAL":   {"a number", parseDecimal, false, true},
	"FLOAT":     {"a number", parseFloat, false, true},
	"DOUBLE":    {"a number", parseDouble, false, true},
	"DATE":      {"a day that exists, such as 2024-02-29", parseDate, false, false},
	"TIME":      {"a time from -838:59:59 to 838:59:59, such as 23:59:59.5", parseTime, false, false},
	"DATETIME":  {"a time without a zone, such as 2024-02-29T23:59:59", parseDateTime, false, false},
	"TIMESTAMP": {"an instant, such as 2024-02-29T23:59:59Z (write %2B for +)", parseTimestamp, false, false},
	"CHAR":      {"a text", parseText, true, false},
	"VARCHAR":   {"a text", parseText, true, false},
	"TEXT":      {"a text", parseText, true, false},
	"ENUM":      {"a text", parseText, true, false},
	"SET":       {"a text", parseText, true, false},
	"":          {"a text", parseText, true, false}, // sqlmock
	"BINARY":    {"base64 (write %2B for +)", parseBinary, false, false},
	"VARBINARY": {"base64 (write %2B for +)", parseBinary, false, false},
	"BLOB":      {"base64 (write %2B for +)", parseBinary, false, false},
	"JSON":      noValue,
	"GEOMETRY":  noValue,
	"VECTOR":    noValue,
}

// valueTypeOf returns what a column of a type takes.
func valueTypeOf(typeName string) valueType {
	typeName = strings.TrimPrefix(typeName, "UNSIGNED ")
	for _, size := range []string{"TINY", "MEDIUM", "LONG"} {
		if rest := strings.TrimPrefix(typeName, size); rest == "TEXT" || rest == "BLOB" {
			typeName = rest
		}
	}
	return valueTypes[typeName] // another type: noValue
}

func parseText(_ *column, value string) (operand, bool) { return operand{sql: "?", arg: value}, true }

func parseBinary(_ *column, value string) (operand, bool) {
	arg, err := base64.StdEncoding.Strict().DecodeString(value)
	return operand{sql: "?", arg: arg}, err == nil
}

func parseTruth(c *column, value string) (operand, bool) {
	switch value {
	case "true":
		return operand{sql: "?", arg: int64(1)}, true
	case "false":
		return operand{sql: "?", arg: int64(0)}, true
	}
	return parseInteger(c, value)
}

// parseInteger takes digits with an optional minus sign, also beyond 64 bits.
func parseInteger(_ *column, value string) (operand, bool) {
	digits, negative := strings.CutPrefix(value, "-")
	if !isDigits([]byte(digits)) {
		return operand{}, false
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return operand{sql: "?", arg: n}, true
	}
	if n, err := strconv.ParseUint(value, 10, 64); err == nil {
		return operand{sql: "?", arg: n}, true
	}
	return beyond(negative), true
}

// beyond is an operand above all values of its column, or below.
func beyond(negative bool) operand {
	if negative {
		return operand{side: belowAll}
	}
	return operand{side: aboveAll}
}

// parseYear takes four digits. There is no year between 0 and 1901, but MySQL
// takes a number below 100 for one of this or the last century.
func parseYear(_ *column, value string) (operand, bool) {
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || len(value) != 4 {
		return operand{}, false
	}
	if n > 0 && n < 1900 {
		n = 1900
	}
	return operand{sql: "?", arg: int64(n)}, true
}

var jsonNumber = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]{1,4}))?$`)

// parseDecimal takes a JSON number and compares it as a decimal: MySQL would
// compare a text as a double. A number with more digits than the column has lies
// between two of its values.
func parseDecimal(c *column, value string) (operand, bool) {
	m := jsonNumber.FindStringSubmatch(value)
	if m == nil {
		return operand{}, false
	}
	negative, digits := m[1] == "-", m[2]+m[3]
	exponent, _ := strconv.Atoi(m[4]) // "" is 0
	point := len(m[2]) + exponent     // digits before the point
	digits, point = strings.TrimLeft(digits, "0"), point-(len(digits)-len(strings.TrimLeft(digits, "0")))
	switch digits = strings.TrimRight(digits, "0"); {
	case digits == "":
		return operand{sql: "?", arg: int64(0)}, true
	case point > 65: // more than any DECIMAL has
		return beyond(negative), true
	}
	cut := min(max(point+c.scale, 0), len(digits))
	text := decimalText(digits[:cut], point, c.scale)
	if negative {
		text = "-" + text
	}
	o := operand{sql: fmt.Sprintf("CAST(? AS DECIMAL(65,%d))", c.scale), arg: text}
	switch {
	case point+c.scale > 65:
		return beyond(negative), true
	case cut == len(digits):
	case negative:
		o.side = justBelow
	default:
		o.side = justAbove
	}
	return o, true
}

// decimalText writes digits, of which point stand before the decimal point, with
// scale digits behind it.
func decimalText(digits string, point, scale int) string {
	if point < 0 {
		digits, point = strings.Repeat("0", min(-point, scale))+digits, 0
	}
	digits += strings.Repeat("0", max(point+scale-len(digits), 0))
	if scale == 0 {
		return "0" + digits[:point]
	}
	return "0" + digits[:point] + "." + digits[point:point+scale]
}

// parseFloat takes a JSON number as the FLOAT that it is nearest to: 0.1 finds
// what was stored as 0.1.
func parseFloat(_ *column, value string) (operand, bool) { return parseBinaryFloat(value, 32) }

func parseDouble(_ *column, value string) (operand, bool) { return parseBinaryFloat(value, 64) }

func parseBinaryFloat(value string, bits int) (operand, bool) {
	if !jsonNumber.MatchString(value) {
		return operand{}, false
	}
	f, _ := strconv.ParseFloat(value, bits) // out of range is infinite
	if math.IsInf(f, 0) {
		return beyond(f < 0), true
	}
	return operand{sql: "?", arg: f}, true
}

// parseDate takes a day of the calendar, or the zero date.
func parseDate(_ *column, value string) (operand, bool) {
	if value == "0000-00-00" {
		return zeroDate, true
	}
	_, err := time.Parse(time.DateOnly, value)
	return operand{sql: "?", arg: value}, err == nil
}

// zeroDate is the zero date as a number: MySQL refuses the text in the mode that
// is its default.
var zeroDate = operand{sql: "?", arg: int64(0)}

var timeOfDay = regexp.MustCompile(`^(-?)([0-9]{2,3}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]+))?$`)

func parseTime(c *column, value string) (operand, bool) {
	m := timeOfDay.FindStringSubmatch(value)
	if m == nil || len(m[2]) == 3 && m[2] > "838" {
		return operand{}, false
	}
	o := withFraction(c, m[1]+m[2]+":"+m[3]+":"+m[4], m[5])
	if m[1] == "-" && o.side == justAbove {
		o.side = justBelow
	}
	return o, true
}

// withFraction is the operand of a time with a fraction of a second, of which
// the column may have fewer digits. MySQL would round it.
func withFraction(c *column, seconds, fraction string) operand {
	fraction = strings.TrimRight(fraction, "0")
	kept := fraction[:min(len(fraction), c.scale)]
	o := operand{sql: "?", arg: strings.TrimSuffix(seconds+"."+kept, ".")}
	if kept != fraction {
		o.side = justAbove
	}
	return o
}

var dateTime = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[-+][0-9]{2}:?[0-9]{2})?$`)

// parseDateTime takes a time without a zone: to guess one would shift it.
func parseDateTime(c *column, value string) (operand, bool) {
	m := dateTime.FindStringSubmatch(value)
	if m == nil || m[4] != "" {
		return operand{}, false
	}
	return dateTimeOperand(c, m[1]+" "+m[2], m[3])
}

func dateTimeOperand(c *column, seconds, fraction string) (operand, bool) {
	if seconds == "0000-00-00 00:00:00" && strings.Trim(fraction, "0") == "" {
		return zeroDate, true
	}
	_, err := time.Parse(time.DateTime, seconds)
	return withFraction(c, seconds, fraction), err == nil
}

// parseTimestamp takes an instant, in UTC if it says nothing of a zone.
func parseTimestamp(c *column, value string) (operand, bool) {
	m := dateTime.FindStringSubmatch(value)
	if m == nil {
		return operand{}, false
	}
	seconds, zone := m[1]+" "+m[2], strings.Replace(m[4], ":", "", 1)
	if zone == "" || zone == "Z" {
		return dateTimeOperand(c, seconds, m[3])
	}
	t, err := time.Parse(time.DateTime+"-0700", seconds+zone)
	if err != nil || t.UTC().Year() < 0 {
		return operand{}, false
	}
	return dateTimeOperand(c, t.UTC().Format(time.DateTime), m[3])
}
