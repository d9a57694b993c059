package plan

// This file checks the values of conditions against the type of their column,
// before MySQL can coerce them, and makes arguments of them. Rules: a value is
// written in the form in which readapi prints it, or in another one that people
// write if it can mean one thing only; and comparing is exact.

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
	noIndex bool // compared as a text, which no index serves: the column stands in LOWER
	isWide  bool // the column is compared as UTF-8
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
	"DATE":      {expected: "a day that exists, without a time, such as 2024-02-29", parse: parseDate},
	"TIME":      {expected: "a time from -838:59:59 to 838:59:59, such as 23:59, 23:59:59 or 23:59:59.5", parse: parseTime},
	"DATETIME": {
		expected: "a day that exists or a time on it, such as 2024-02-29, 2024-02-29T23:59, 2024-02-29T23:59:59.5 or 2024-02-29T23:59:59Z",
		parse:    parseDateTime,
	},
	"TIMESTAMP": {
		expected: "an instant, in UTC if it has no offset, such as 2024-02-29T23:59:59Z, 2024-02-29T23:59+02:00 or 2024-02-29",
		parse:    parseTimestamp,
	},
	"CHAR":      {expected: "a text", parse: parseText, isText: true},
	"VARCHAR":   {expected: "a text", parse: parseText, isText: true},
	"TEXT":      {expected: "a text", parse: parseText, isText: true},
	"ENUM":      {expected: "a text", parse: parseMember, isText: true},
	"SET":       {expected: "a text", parse: parseMember, isText: true},
	"":          {expected: "a text", parse: parseText, isText: true}, // sqlmock
	"BINARY":    {expected: "base64 with its padding, such as AP8=", parse: parseBinary, isBinary: true},
	"VARBINARY": {expected: "base64 with its padding, such as AP8=", parse: parseBinary, isBinary: true},
	"BLOB":      {expected: "base64 with its padding, such as AP8=", parse: parseBinary, isBinary: true},
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
	if !takes.isText && !takes.isBinary {
		value = strings.TrimSpace(value)
	}
	o, ok := takes.parse(c, value)
	if !ok {
		hint := ""
		if strings.EqualFold(value, "null") {
			hint = "Write is.null for rows without a value."
		}
		return o, cond.ValuesAt.Refuse(postgrest.CodeBadValue, hint, "unexpected %q, expected %s, as the column %q has",
			value, takes.expected, c.Name)
	}
	return o, nil
}

// standsApart reports whether o cannot be in one list with other values: MySQL
// would compare dates as numbers there if one of them is a number.
func (o operand) standsApart(c *catalog.Column) bool {
	_, isNumber := o.arg.(int64)
	hasDates := c.Type == "DATE" || c.Type == "DATETIME" || c.Type == "TIMESTAMP"
	return o.noIndex || o.isWide || isNumber && hasDates
}

// isDigits reports whether s is one digit or more.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// plainName is what names of character sets and collations are made of.
var plainName = regexp.MustCompile(`^[a-zA-Z0-9_]+$`)

// parseText takes any text. One that the column's character set has not equals
// none of its values: both are compared as UTF-8. A text that a view computes is
// compared by the collation that it has now, whatever the view was made with.
func parseText(c *catalog.Column, value string) (operand, bool) {
	o := operand{sql: "?", arg: value}
	switch {
	case c.Charset == "":
	case !c.Holds(value):
		o.sql, o.isWide = "CONVERT(? USING utf8mb4) COLLATE utf8mb4_bin", true
	case !c.IsComputed || !plainName.MatchString(c.Charset) || !plainName.MatchString(c.Collation):
	case c.Charset == "utf8mb4":
		o.sql = "? COLLATE " + c.Collation
	default:
		o.sql = "CONVERT(? USING " + c.Charset + ") COLLATE " + c.Collation
	}
	return o, true
}

// parseMember takes a text for an ENUM or a SET. MySQL 9 looks in an index for
// the member with that number if the text is one.
func parseMember(c *catalog.Column, value string) (operand, bool) {
	o, _ := parseText(c, value)
	o.noIndex = !o.isWide && isDigits(strings.TrimLeft(strings.TrimSpace(value), "+-"))
	return o, true
}

// parsePattern makes the pattern of LIKE, for escapeClause, of one of the
// language: * and % are any characters, _ is one, and a backslash makes the
// character behind it stand for itself, at the end itself. MySQL has an escape of
// its own only as long as sql_mode does not have NO_BACKSLASH_ESCAPES.
func parsePattern(value string) string {
	var pattern strings.Builder
	value = strings.ReplaceAll(value, "*", "%") // also behind a backslash, as PostgREST does it
	for i := 0; i < len(value); i++ {
		isEscaped := value[i] == '\\' && i+1 < len(value)
		if isEscaped {
			i++
		}
		if value[i] == '|' || isEscaped && strings.IndexByte("%_", value[i]) >= 0 {
			pattern.WriteByte('|')
		}
		pattern.WriteByte(value[i])
	}
	return pattern.String()
}

// parseBinary takes base64, in which a blank was a plus: no other reading has a
// whole number of groups. The empty value is one.
func parseBinary(_ *catalog.Column, value string) (operand, bool) {
	arg, err := base64.StdEncoding.Strict().DecodeString(withPlus(value))
	return operand{sql: "?", arg: arg}, err == nil
}

func parseTruth(c *catalog.Column, value string) (operand, bool) {
	switch strings.ToLower(value) { // True is Python's
	case "true":
		return operand{sql: "?", arg: int64(1)}, true
	case "false":
		return operand{sql: "?", arg: int64(0)}, true
	}
	return parseInteger(c, value)
}

// parseInteger takes digits with an optional minus sign. MySQL does not get to
// see what is beyond 64 bits: by an index it takes BIT(64) = -1 for all ones. How
// many the type has does not matter, and may have changed.
func parseInteger(c *catalog.Column, value string) (operand, bool) {
	digits, negative := strings.CutPrefix(value, "-")
	if !isDigits(digits) {
		return operand{}, false
	}
	typeName, unsigned := strings.CutPrefix(c.Type, "UNSIGNED ")
	if !unsigned && typeName != "BIT" {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return beyond(negative), true
		}
		return operand{sql: "?", arg: n}, true
	}
	switch n, err := strconv.ParseUint(digits, 10, 64); {
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

// withPlus makes blanks the plus signs that they were before a URL was decoded.
// It is for values that can have no blank.
func withPlus(value string) string { return strings.ReplaceAll(value, " ", "+") }

var jsonNumber = regexp.MustCompile(`^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]{1,4}))?$`)

// parseDecimal takes a JSON number and compares it as a decimal: MySQL would
// compare a text as a double. A number with more digits than the column has lies
// between two of its values.
func parseDecimal(c *catalog.Column, value string) (operand, bool) {
	m := jsonNumber.FindStringSubmatch(withPlus(value))
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
	value = withPlus(value)
	if !jsonNumber.MatchString(value) {
		return operand{}, false
	}
	f, _ := strconv.ParseFloat(value, bits) // out of range is infinite
	if math.IsInf(f, 0) {
		return beyond(f < 0), true
	}
	return operand{sql: "?", arg: f}, true
}

// parseDate takes a day of the calendar, or a zero or partial date.
func parseDate(c *catalog.Column, value string) (operand, bool) {
	if partialDate.MatchString(value) {
		return partialOperand(c, value, "")
	}
	return operand{sql: "?", arg: value}, isMoment(time.DateOnly, value)
}

// isMoment reports whether a day, or a time on it, exists. For MySQL the year 0
// is no leap year.
func isMoment(layout, value string) bool {
	_, err := time.Parse(layout, value)
	return err == nil && !strings.HasPrefix(value, "0000-02-29")
}

// partialDate matches dates without a month or a day, the zero date among them.
var partialDate = regexp.MustCompile(`^[0-9]{4}-(?:00-(?:[0-2][0-9]|3[01])|(?:0[1-9]|1[0-2])-00)(?:$| )`)

// zeroDate is the zero date as a number: MySQL refuses the text in the mode that
// is its default.
var zeroDate = operand{sql: "?", arg: int64(0)}

// partialOperand is the operand of a zero or partial date, with or without a
// time on it. MySQL refuses these as texts in the mode that is its default.
// Numbers it takes in every mode; but 240100 is a date of 2024 for it, not of the
// year 24, and with a fraction it uses no index. These are compared with the text
// of the column, which sorts alike.
func partialOperand(c *catalog.Column, seconds, fraction string) (operand, bool) {
	clock, scale := seconds[len(time.DateOnly):], c.Scale
	if clock == "" {
		scale = 0
	} else if !isMoment(" "+time.TimeOnly, clock) {
		return operand{}, false
	}
	o := withFraction(c, seconds, fraction)
	number, _ := strconv.ParseInt(strings.NewReplacer("-", "", " ", "", ":", "").Replace(seconds), 10, 64)
	switch isWhole := o.arg == seconds; {
	case isWhole && number == 0 && o.side == exact:
		return zeroDate, true
	case isWhole && seconds >= "1000":
		o.arg = number
	default:
		printed := (seconds + "." + fraction + "000000")[:len(seconds)+1+scale]
		o.arg, o.noIndex = strings.TrimSuffix(printed, "."), true
	}
	return o, true
}

var timeOfDay = regexp.MustCompile(`^(-?)([0-9]{2,3}:[0-5][0-9])(?:(:[0-5][0-9])(?:\.([0-9]+))?)?$`)

// castTime is a TIME that a view's is compared with: MySQL 9 compares some of
// these with a text as texts. In a prepared statement it is the cast that finds
// nothing.
const castTime = "CAST(? AS TIME(6))"

// parseTime takes a time of the range that TIME has, the seconds of which may be
// missing: MySQL would move others to its ends.
func parseTime(c *catalog.Column, value string) (operand, bool) {
	longest := "838:59:59"
	m := timeOfDay.FindStringSubmatch(value)
	if m == nil {
		return operand{}, false
	}
	seconds, fraction := m[2]+cmp.Or(m[3], ":00"), m[4]
	if c.LongTime {
		longest += ".999999"
	}
	if len(seconds) == len("838:59:59") && strings.TrimRight(seconds+"."+fraction, "0.") > longest {
		return operand{}, false
	}
	o := withFraction(c, m[1]+seconds, fraction)
	if m[1] == "-" && o.side == justAbove {
		o.side = justBelow
	}
	if c.IsComputed {
		o.sql = castTime
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

// dateTime matches a day, a time on it down to the minute, the second, its
// fraction, and a zone. A blank before hh:mm was a plus that no URL may have.
var dateTime = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2})(?:(:[0-9]{2})(?:\.([0-9]+))?)?` +
	`([Zz]|[-+](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?| (?:[01][0-9]|2[0-3]):[0-5][0-9])?)?$`)

// splitDateTime reads a day or a time on it as what MySQL calls a DATETIME, and
// the zone as Z or +0200, if there is one.
func splitDateTime(value string) (seconds, fraction, zone string, ok bool) {
	m := dateTime.FindStringSubmatch(value)
	if m == nil {
		return "", "", "", false
	}
	zone = strings.NewReplacer("z", "Z", " ", "+", ":", "").Replace(m[5])
	if len(zone) == len("+02") {
		zone += "00"
	}
	return m[1] + " " + cmp.Or(m[2], "00:00") + cmp.Or(m[3], ":00"), m[4], zone, true
}

// parseDateTime takes a day, which is its midnight, or a time on it. What has a
// zone is converted to UTC, the zone of the session, as MySQL does since 8.0.19.
func parseDateTime(c *catalog.Column, value string) (operand, bool) {
	seconds, fraction, zone, ok := splitDateTime(value)
	switch {
	case !ok:
		return operand{}, false
	case zone != "":
		return instantOperand(c, seconds+zone, fraction)
	case partialDate.MatchString(seconds):
		return partialOperand(c, seconds, fraction)
	default:
		return withFraction(c, seconds, fraction), isMoment(time.DateTime, seconds)
	}
}

// parseTimestamp takes an instant, in UTC if it says nothing of a zone. The zero
// date is none.
func parseTimestamp(c *catalog.Column, value string) (operand, bool) {
	seconds, fraction, zone, ok := splitDateTime(value)
	switch {
	case !ok:
		return operand{}, false
	case zone == "" && seconds == "0000-00-00 00:00:00" && strings.Trim(fraction, "0") == "":
		return zeroDate, true
	default:
		return instantOperand(c, seconds+cmp.Or(zone, "Z"), fraction)
	}
}

// instantOperand is the operand of an instant, which may lie beyond what MySQL
// has. Before all of them is the zero date, for MySQL not always.
func instantOperand(c *catalog.Column, value, fraction string) (operand, bool) {
	t, err := time.Parse(time.DateTime+"Z0700", value)
	if err != nil {
		return operand{}, false
	}
	t = t.UTC()
	seconds := t.Format(time.DateTime)
	switch {
	case t.Year() < 0, c.Type == "TIMESTAMP" && t.Year() < 1970:
		return operand{sql: "?", arg: zeroDate.arg, side: justAbove}, true
	case t.Year() > 9999:
		return beyond(false), true
	default:
		return withFraction(c, seconds, fraction), isMoment(time.DateTime, seconds)
	}
}
