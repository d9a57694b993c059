package plan

// This file checks the values of conditions against the type of their column,
// before MySQL can coerce them, and makes arguments of them. Rule: a value is
// written in the form in which readapi prints it, and comparing is exact.

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"readapi/internal/catalog"
	"readapi/internal/postgrest"
)

// operand is a value as the right side of a comparison.
type operand struct {
	sql     string // one placeholder, in a cast if need be
	arg     any
	side    side
	noIndex bool // an index would find other rows: the column stands in LOWER
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
	parse    func(c *catalog.Column, value string) (operand, bool)
	isText   bool // takes like and ilike
	isTruth  bool // takes is.true and is.false
	isBinary bool
}

// noValue is the type of columns that take is.null only.
var noValue = valueType{}

// valueTypes maps the type names of go-sql-driver/mysql to what they take.
var valueTypes = map[string]valueType{
	"TINYINT":   {expected: "a whole number, true or false", parse: parseTruth, isTruth: true},
	"SMALLINT":  {expected: "a whole number", parse: parseInteger, isTruth: true},
	"MEDIUMINT": {expected: "a whole number", parse: parseInteger, isTruth: true},
	"INT":       {expected: "a whole number", parse: parseInteger, isTruth: true},
	"BIGINT":    {expected: "a whole number", parse: parseInteger, isTruth: true},
	"BIT":       {expected: "a whole number, true or false", parse: parseTruth, isTruth: true},
	"YEAR":      {expected: "a year of four digits", parse: parseYear},
	"DECIMAL":   {expected: "a number", parse: parseDecimal, isTruth: true},
	"FLOAT":     {expected: "a number", parse: parseFloat, isTruth: true},
	"DOUBLE":    {expected: "a number", parse: parseDouble, isTruth: true},
	"DATE":      {expected: "a day that exists, such as 2024-02-29", parse: parseDate},
	"TIME":      {expected: "a time from -838:59:59 to 838:59:59, such as 23:59:59.5", parse: parseTime},
	"DATETIME":  {expected: "a time without a zone, such as 2024-02-29T23:59:59", parse: parseDateTime},
	"TIMESTAMP": {expected: "an instant, such as 2024-02-29T23:59:59Z (write %2B for +)", parse: parseTimestamp},
	"CHAR":      {expected: "a text", parse: parseText, isText: true},
	"VARCHAR":   {expected: "a text", parse: parseText, isText: true},
	"TEXT":      {expected: "a text", parse: parseText, isText: true},
	"ENUM":      {expected: "a text", parse: parseMember, isText: true},
	"SET":       {expected: "a text", parse: parseMember, isText: true},
	"":          {expected: "a text", parse: parseText, isText: true}, // sqlmock
	"BINARY":    {expected: "base64 (write %2B for +)", parse: parseBinary, isBinary: true},
	"VARBINARY": {expected: "base64 (write %2B for +)", parse: parseBinary, isBinary: true},
	"BLOB":      {expected: "base64 (write %2B for +)", parse: parseBinary, isBinary: true},
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

// operandOf checks a value that a condition compares c with.
func operandOf(c *catalog.Column, cond postgrest.Condition, value string) (operand, error) {
	takes := valueTypeOf(c.Type)
	if takes.parse == nil {
		return operand{}, cond.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on the column %q of type %s, expected is.null or is.not_null",
			cond.Operator, c.Name, c.Type)
	}
	if !takes.isText && !takes.isBinary { // in base64 a blank was a +
		value = strings.TrimSpace(value)
	}
	o, ok := takes.parse(c, value)
	if !ok {
		return o, cond.ValuesAt.Refuse(postgrest.CodeBadValue, "", "unexpected %q, expected %s, as the column %q has",
			value, takes.expected, c.Name)
	}
	return o, nil
}

// hasDates reports whether the values are compared as dates.
func hasDates(c *catalog.Column) bool {
	return c.Type == "DATE" || c.Type == "DATETIME" || c.Type == "TIMESTAMP"
}

// isDigits reports whether s is one digit or more.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func parseText(_ *catalog.Column, value string) (operand, bool) {
	return operand{sql: "?", arg: value}, true
}

// parseMember takes a text for an ENUM or a SET. MySQL 9 looks in an index for
// the member with that number if the text is one.
func parseMember(_ *catalog.Column, value string) (operand, bool) {
	digits := strings.TrimLeft(strings.TrimSpace(value), "+-")
	return operand{sql: "?", arg: value, noIndex: isDigits(digits)}, true
}

func parseBinary(_ *catalog.Column, value string) (operand, bool) {
	arg, err := base64.StdEncoding.Strict().DecodeString(value)
	return operand{sql: "?", arg: arg}, err == nil && len(arg) > 0
}

func parseTruth(c *catalog.Column, value string) (operand, bool) {
	switch value {
	case "true":
		return operand{sql: "?", arg: int64(1)}, true
	case "false":
		return operand{sql: "?", arg: int64(0)}, true
	}
	return parseInteger(c, value)
}

// integerBits are the sizes of the types that have fewer than 64 bits.
var integerBits = map[string]int{"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 24, "INT": 32}

// parseInteger takes digits with an optional minus sign. MySQL does not get to
// see what is beyond the type: by an index it takes BIT(64) = -1 for all ones.
func parseInteger(c *catalog.Column, value string) (operand, bool) {
	digits, negative := strings.CutPrefix(value, "-")
	if !isDigits(digits) {
		return operand{}, false
	}
	typeName, unsigned := strings.CutPrefix(c.Type, "UNSIGNED ")
	bits := cmp.Or(integerBits[typeName], 64)
	if !unsigned && typeName != "BIT" {
		n, err := strconv.ParseInt(value, 10, bits)
		if err != nil {
			return beyond(negative), true
		}
		return operand{sql: "?", arg: n}, true
	}
	switch n, err := strconv.ParseUint(digits, 10, bits); {
	case err != nil || negative && n > 0:
		return beyond(negative), true
	case n <= math.MaxInt64:
		return operand{sql: "?", arg: int64(n)}, true
	default:
		return operand{sql: "?", arg: n}, true
	}
}

// beyond is an operand above all values of its column, or below.
func beyond(negative bool) operand {
	if negative {
		return operand{side: belowAll}
	}
	return operand{side: aboveAll}
}

// parseYear takes four digits, or 0, as which the year 0000 is printed. Between
// it and 1901 there is none, nor behind 2155: MySQL would take a number below
// 100 for one of this or the last century, and finds others wrongly by an index.
func parseYear(_ *catalog.Column, value string) (operand, bool) {
	n, err := strconv.ParseUint(value, 10, 16)
	switch {
	case err != nil || len(value) != 4 && value != "0":
		return operand{}, false
	case n > 2155:
		return beyond(false), true
	case n > 0 && n < 1901:
		return operand{sql: "?", arg: int64(0), side: justAbove}, true
	default:
		return operand{sql: "?", arg: int64(n)}, true
	}
}

var jsonNumber = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]{1,4}))?$`)

// parseDecimal takes a JSON number and compares it as a decimal: MySQL would
// compare a text as a double. A number with more digits than the column has lies
// between two of its values.
func parseDecimal(c *catalog.Column, value string) (operand, bool) {
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
	cut := min(max(point+c.Scale, 0), len(digits))
	text := decimalText(digits[:cut], point, c.Scale)
	if negative {
		text = "-" + text
	}
	o := operand{sql: fmt.Sprintf("CAST(? AS DECIMAL(65,%d))", c.Scale), arg: text}
	switch {
	case point+c.Scale > 65:
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
func parseFloat(_ *catalog.Column, value string) (operand, bool) { return parseBinaryFloat(value, 32) }

func parseDouble(_ *catalog.Column, value string) (operand, bool) { return parseBinaryFloat(value, 64) }

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
func parseDate(_ *catalog.Column, value string) (operand, bool) {
	if value == "0000-00-00" {
		return zeroDate, true
	}
	_, err := time.Parse(time.DateOnly, value)
	return operand{sql: "?", arg: value}, err == nil
}

// zeroDate is the zero date as a number: MySQL refuses the text in the mode that
// is its default.
var zeroDate = operand{sql: "?", arg: int64(0)}

var timeOfDay = regexp.MustCompile(`^(-?)([0-9]{2,3}:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]+))?$`)

// parseTime takes a time of the range that TIME has: MySQL would move others to
// its ends.
func parseTime(c *catalog.Column, value string) (operand, bool) {
	const longest = "838:59:59"
	m := timeOfDay.FindStringSubmatch(value)
	if m == nil || len(m[2]) == len(longest) && m[2]+strings.Trim(m[3], "0") > longest {
		return operand{}, false
	}
	o := withFraction(c, m[1]+m[2], m[3])
	if m[1] == "-" && o.side == justAbove {
		o.side = justBelow
	}
	return o, true
}

// withFraction is the operand of a time with a fraction of a second, of which
// the column may have fewer digits. MySQL would round it.
func withFraction(c *catalog.Column, seconds, fraction string) operand {
	fraction = strings.TrimRight(fraction, "0")
	kept := fraction[:min(len(fraction), c.Scale)]
	o := operand{sql: "?", arg: strings.TrimSuffix(seconds+"."+kept, ".")}
	if kept != fraction {
		o.side = justAbove
	}
	return o
}

var dateTime = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[-+](?:[01][0-9]|2[0-3]):?[0-5][0-9])?$`)

// parseDateTime takes a time without a zone: to guess one would shift it.
func parseDateTime(c *catalog.Column, value string) (operand, bool) {
	m := dateTime.FindStringSubmatch(value)
	if m == nil || m[4] != "" {
		return operand{}, false
	}
	return dateTimeOperand(c, m[1]+" "+m[2], m[3])
}

func dateTimeOperand(c *catalog.Column, seconds, fraction string) (operand, bool) {
	if seconds == "0000-00-00 00:00:00" && strings.Trim(fraction, "0") == "" {
		return zeroDate, true
	}
	_, err := time.Parse(time.DateTime, seconds)
	return withFraction(c, seconds, fraction), err == nil
}

// parseTimestamp takes an instant, in UTC if it says nothing of a zone. The zero
// date is none.
func parseTimestamp(c *catalog.Column, value string) (operand, bool) {
	m := dateTime.FindStringSubmatch(value)
	if m == nil {
		return operand{}, false
	}
	seconds, zone := m[1]+" "+m[2], strings.Replace(m[4], ":", "", 1)
	if zone != "" && zone != "Z" {
		t, err := time.Parse(time.DateTime+"-0700", seconds+zone)
		if err != nil || t.UTC().Year() < 0 {
			return operand{}, false
		}
		seconds = t.UTC().Format(time.DateTime)
	}
	o, ok := dateTimeOperand(c, seconds, m[3])
	switch {
	case o == zeroDate:
		return o, zone == ""
	case ok && seconds < "1970": // only the zero date is before, and for MySQL not always
		return operand{sql: "?", arg: zeroDate.arg, side: justAbove}, true
	default:
		return o, ok
	}
}
