package plan

// This file looks into JSON: paths, and comparing JSON with JSON. What an engine
// makes of a comparison of JSON with anything else is its own affair, so that
// there is none.

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/postgrest"
)

const (
	// maxPaths is how many paths into one column may be selected.
	maxPaths = 32
	// maxJSONDepth and maxMariaDepth are how many arrays and objects may stand
	// within each other, on MySQL and MariaDB.
	maxJSONDepth  = 100
	maxMariaDepth = 31
	// maxMariaDigits is how many digits of a number JSON_CONTAINS of MariaDB is sure
	// to tell apart.
	maxMariaDigits = 15

	mariaWithLast   = 1009 // knows $[last]
	mariaWithEquals = 1007 // knows JSON_EQUALS
)

// inJSON writes what stands in the JSON of c. An index finds elements of arrays
// only: to both engines anything else is an array of itself.
func (s *scope) inJSON(at postgrest.Place, c *catalog.Column, path postgrest.Path) (subject, error) {
	if !c.IsJSON {
		return subject{}, at.Refuse(postgrest.CodeSyntax, "", "a path into the column %q of type %s, expected a JSON column", c.Name, c.Type)
	}
	extract := func(steps []postgrest.Step) clause {
		return clause{"JSON_EXTRACT(" + s.name(c) + ", ?)", []any{jsonPath(steps)}}
	}
	var guards []clause
	for i, step := range path.Steps {
		if step.Index < 0 && s.table.MariaDB > 0 && s.table.MariaDB < mariaWithLast {
			return subject{}, at.Refuse(postgrest.CodeSyntax, "", "an index from the end, which this MariaDB does not know, expected one from 0")
		}
		if step.IsIndex && (step.Index == 0 || step.Index == -1) {
			array := extract(path.Steps[:i])
			guards = append(guards, clause{"JSON_TYPE(" + array.sql + ") = 'ARRAY'", array.args})
		}
	}
	value := extract(path.Steps)
	column := &catalog.Column{Name: c.Name, Type: "JSON", IsJSON: true}
	if path.AsText {
		column = &catalog.Column{Name: c.Name, Type: "TEXT"}
		guards = append(guards, clause{"JSON_TYPE(" + value.sql + ") <> 'NULL'", value.args})
		value.sql = "JSON_UNQUOTE(" + value.sql + ")"
	}
	if len(guards) > 0 {
		all := join(guards, " AND ")
		value = clause{"IF(" + all.sql + ", " + value.sql + ", NULL)", slices.Concat(all.args, value.args)}
	}
	what := subject{value, column, c, nil}
	what.keys = s.sortKeys(what)
	return what, nil
}

// jsonPath writes a path as the engines know it.
func jsonPath(steps []postgrest.Step) string {
	path := []byte("$")
	for _, step := range steps {
		switch {
		case !step.IsIndex:
			path = appendJSONString(append(path, '.'), step.Key)
		case step.Index < 0:
			path = append(path, "[last-"+strconv.Itoa(-(step.Index+1))+"]"...)
		default:
			path = append(path, "["+strconv.Itoa(step.Index)+"]"...)
		}
	}
	return string(path)
}

// appendJSONString appends s as JSON, with no more escapes than JSON needs:
// MariaDB compares keys and strings as they are written.
func appendJSONString(dst []byte, s string) []byte {
	short := map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}
	dst = append(dst, '"')
	for _, b := range []byte(s) {
		switch escape := short[b]; {
		case escape != "":
			dst = append(dst, escape...)
		case b < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, b)
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// addPath adds what f says stands in the JSON of a column.
func (b *builder) addPath(l *selectList, s *scope, f postgrest.Field) error {
	what, err := s.subject(f.Place, f.Column, f.Path)
	if err != nil {
		return err
	}
	output := encode.Field{Name: f.MemberName(), AsText: f.AsText, Type: what.column.Type}
	if there, err := l.has(f, output, what.source, maxPaths); there || err != nil {
		return err
	}
	l.add(what.sql, output, what.source, f.Path)
	b.args = append(b.args, what.args...)
	b.note(s, what.source)
	return nil
}

// sortKeys are what to sort by for the order of what stands in JSON. That of
// MariaDB is text: there numbers are sorted as such, behind everything else.
func (s *scope) sortKeys(what subject) []clause {
	switch {
	case !what.column.IsJSON:
		return []clause{what.asBytes().clause}
	case s.table.MariaDB == 0:
		return []clause{what.clause}
	}
	number := clause{
		"IF(JSON_TYPE(" + what.sql + ") IN ('INTEGER', 'DOUBLE'), CAST(" + what.sql + " AS DOUBLE), NULL)",
		slices.Concat(what.args, what.args),
	}
	return []clause{number, what.clause}
}

// asBytes is a text to compare and sort exactly: no collation takes others for the
// same, not even with blanks behind.
func (left subject) asBytes() subject {
	left.sql = "CAST(" + left.sql + " AS BINARY)"
	return left
}

// jsonComparer returns what compares left, which is JSON, with a value that is.
func jsonComparer(s *scope, c postgrest.Condition, left subject) (func(string) (clause, error), error) {
	isMariaDB := s.table.MariaDB > 0
	contains := c.Operator == "cs" || c.Operator == "cd"
	switch {
	case !left.column.IsJSON:
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on the column %q of type %s, expected a JSON column",
			c.Operator, left.column.Name, left.column.Type)
	case !contains && !slices.Contains([]string{"eq", "neq", "in", "isdistinct"}, c.Operator):
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, "Compare what stands in it as text: "+c.Column+"->>key.",
			"%s on the column %q of type JSON, expected is.null, is.not_null, eq, neq, in, isdistinct, cs or cd", c.Operator, left.column.Name)
	case !contains && isMariaDB && s.table.MariaDB < mariaWithEquals:
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on JSON, which this MariaDB cannot compare, expected is.null, is.not_null, cs or cd",
			c.Operator)
	}
	form := jsonForm{depth: maxJSONDepth}
	if isMariaDB {
		form.depth = maxMariaDepth
		if contains {
			form.digits = maxMariaDigits
		}
	}
	return func(value string) (clause, error) {
		text, err := form.rewrite(value)
		if err != nil {
			return clause{}, c.ValuesAt.Refuse(postgrest.CodeBadValue, `A text in JSON has quotes: "text".`,
				"unexpected %q, expected JSON, as the column %q has: %v", value, left.column.Name, err)
		}
		if isMariaDB && !contains {
			return equalsJSON(left, c.Operator, text), nil
		}
		return compareJSON(left, c.Operator, text), nil
	}, nil
}

// compareJSON writes a comparison with JSON.
func compareJSON(left subject, operator, value string) clause {
	switch operator {
	case "cs":
		return clause{"JSON_CONTAINS(" + left.sql + ", ?)", append(slices.Clone(left.args), value)}
	case "cd":
		return clause{"JSON_CONTAINS(?, " + left.sql + ")", slices.Concat([]any{value}, left.args)}
	case "in":
		operator = "eq"
	}
	return compare(left, operator, operand{sql: "CAST(? AS JSON)", arg: value})
}

// equalsJSON is compareJSON for MariaDB, where JSON is a text, and JSON_EQUALS of
// NULL true.
func equalsJSON(left subject, operator, value string) clause {
	equals := clause{
		"IF(" + left.sql + " IS NULL, NULL, JSON_EQUALS(" + left.sql + ", ?))",
		slices.Concat(left.args, left.args, []any{value}),
	}
	switch operator {
	case "neq":
		equals.sql = "NOT (" + equals.sql + ")"
	case "isdistinct":
		equals.sql += " IS NOT TRUE"
	}
	return equals
}

// jsonForm is which JSON an engine takes.
type jsonForm struct {
	depth  int // of arrays and objects within each other, at most
	digits int // of a number, at most; 0 is any number of them
}

// jsonToken matches what JSON is made of: a text, a number, a blank, anything else.
var jsonToken = regexp.MustCompile(`^(?:("(?:[^"\\]|\\.)*")|([-0-9][-+.0-9eE]*)|([ \t\r\n]+)|[a-z]+|.)`)

// rewrite writes JSON without blanks and needless escapes. The error says what is
// wrong with it.
func (f jsonForm) rewrite(text string) (string, error) {
	if !json.Valid([]byte(text)) {
		return "", errors.New("it is none")
	}
	var out []byte
	depth := 0
	for rest := text; rest != ""; {
		m := jsonToken.FindStringSubmatch(rest)
		token, quoted, number, blank := m[0], m[1], m[2], m[3]
		rest = rest[len(token):]
		switch token {
		case "[", "{":
			if depth++; depth > f.depth {
				return "", fmt.Errorf("it has more than %d levels", f.depth)
			}
		case "]", "}":
			depth--
		}
		switch {
		case quoted != "":
			var s string
			if json.Unmarshal([]byte(quoted), &s) != nil || strings.Count(s, "\uFFFD") > countReplacement(quoted) {
				return "", errors.New("a text in it has half a character")
			}
			out = appendJSONString(out, s)
		case number != "" && !f.holds(number):
			return "", errors.New("a number in it is too large, or has too many digits")
		case blank == "":
			out = append(out, token...)
		}
	}
	return string(out), nil
}

// countReplacement counts U+FFFD in JSON, which is also what half a character
// becomes.
func countReplacement(quoted string) int {
	return strings.Count(quoted, "\uFFFD") + strings.Count(strings.ToLower(quoted), `\ufffd`)
}

// holds reports whether an engine has the number.
func (f jsonForm) holds(number string) bool {
	if _, err := strconv.ParseFloat(number, 64); err != nil {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	digits := strings.Trim(strings.NewReplacer("-", "", ".", "").Replace(mantissa), "0")
	return f.digits == 0 || len(digits) <= f.digits
}
