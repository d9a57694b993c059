// Package postgrest is the language: it turns the query string of a read, and the
// headers that belong to the language, into a small tree that says what was asked
// for and where that stands. It knows no SQL, no table and no response; which
// columns there are and what values they take is checked by those who know. Rule:
// what cannot be honoured is refused with parameter, position and what was
// expected; nothing is ignored, because a filter that is left out gives rows that
// nobody asked for.
package postgrest

// This file parses the query string.

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxQueryBytes = 16 << 10
	maxConditions = 100 // an in list is one
	maxDepth      = 10  // of groups in groups
)

// Query is what a read asks for. The zero value asks for the whole table.
type Query struct {
	Select []Field     // empty: all columns
	Where  []Condition // all of them must hold
	Order  []Term
	Limit  *uint64 // nil: none
	Offset uint64
}

// SelectsSome reports whether q names columns, and not just *.
func (q *Query) SelectsSome() bool {
	return slices.ContainsFunc(q.Select, func(f Field) bool { return f.Column != "" })
}

// IsPlain reports whether q asks for all rows and columns of the table.
func (q *Query) IsPlain() bool {
	return !q.SelectsSome() && len(q.Where) == 0 && len(q.Order) == 0 && q.Limit == nil && q.Offset == 0
}

// Field is one item of select.
type Field struct {
	Place
	Column string // "" for *
	Name   string // of the member in the output; "" is the column's
	AsText bool   // ::text
}

// Condition is a comparison, or a group of conditions. Its place is that of the
// column, or of the group.
type Condition struct {
	Place
	Not   bool
	Group string // and, or; "" is a comparison
	Inner []Condition

	Column     string
	Operator   string // one of operators
	Quantifier string // any, all or ""
	Values     []string
	ValuesAt   Place
}

// Term is one item of order.
type Term struct {
	Place
	Column     string
	Descending bool
	Nulls      string // nullsfirst, nullslast; "" is the database's own order
}

// Parse parses the raw query of a URL. Errors are *Refusal.
func Parse(rawQuery string) (*Query, error) {
	p := queryParser{seen: map[string]bool{}}
	if len(rawQuery) > maxQueryBytes {
		return nil, Place{wholeQuery, 1}.Refuse(CodeSyntax, "", "a query string of %d bytes, expected at most %d",
			len(rawQuery), maxQueryBytes)
	}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if pair == "" {
			continue
		}
		if err := p.parsePair(pair); err != nil {
			return nil, err
		}
	}
	return &p.Query, nil
}

// queryParser fills a Query, one parameter after the other.
type queryParser struct {
	Query
	seen       map[string]bool // parameters that may stand only once
	conditions int
}

// parsePair decodes one parameter and parses it.
func (p *queryParser) parsePair(pair string) error {
	rawName, rawValue, found := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	at := Place{strings.ToValidUTF8(name, "\uFFFD"), 1}
	if nameErr != nil {
		at.Param = rawName
	}
	switch {
	case strings.Contains(pair, ";"): // url.Values would drop the parameter
		return at.Refuse(CodeSyntax, "Write %3B for a semicolon.", `unexpected ";", expected "&" or the end`)
	case nameErr != nil || valueErr != nil:
		return at.Refuse(CodeSyntax, "Write %25 for a percent sign.", "a %% without two hexadecimal digits")
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		return at.Refuse(CodeSyntax, "", "bytes that are not UTF-8")
	case !found || name == "":
		return at.Refuse(CodeSyntax, "", "unexpected %q, expected NAME=VALUE", excerpt(pair, maxExcerpt))
	}
	return p.parseParameter(name, &scanner{Place: at, rest: value})
}

// parseParameter parses the value of a parameter.
func (p *queryParser) parseParameter(name string, s *scanner) error {
	switch name {
	case "and", "or", "not.and", "not.or":
		group, err := p.parseGroup(s, name, 1)
		p.Where = append(p.Where, group)
		return err
	case "select", "order", "limit", "offset":
		if p.seen[name] {
			return s.Refuse(CodeSyntax, "", "the parameter stands there twice, expected once")
		}
		p.seen[name] = true
	default:
		return p.parseFilter(name, s)
	}
	switch name {
	case "select":
		return p.parseSelect(s)
	case "order":
		return p.parseOrder(s)
	case "limit":
		n, err := s.wholeNumber()
		p.Limit = &n
		return err
	default:
		var err error
		p.Offset, err = s.wholeNumber()
		return err
	}
}

// parseSelect parses `a,alias:b::text,*`. Nothing at all means all columns.
func (p *queryParser) parseSelect(s *scanner) error {
	if s.rest == "" {
		return nil
	}
	for {
		s.skipSpace()
		f, err := s.field()
		if err != nil {
			return err
		}
		p.Select = append(p.Select, f)
		s.skipSpace()
		if s.rest == "" {
			return nil
		}
		if !s.take(",") {
			return s.unexpected(`"," or the end`)
		}
	}
}

// parseOrder parses `a.desc.nullslast,b`.
func (p *queryParser) parseOrder(s *scanner) error {
	for {
		s.skipSpace()
		term := Term{Place: s.Place}
		var err error
		if term.Column, err = s.column(); err != nil {
			return err
		}
		expected := `".asc", ".desc", ".nullsfirst", ".nullslast", "," or the end`
		term.Descending = s.take(".desc")
		if term.Descending || s.take(".asc") {
			expected = `".nullsfirst", ".nullslast", "," or the end`
		}
		for _, nulls := range []string{"nullsfirst", "nullslast"} {
			if s.take("." + nulls) {
				term.Nulls, expected = nulls, `"," or the end`
				break
			}
		}
		p.Order = append(p.Order, term)
		s.skipSpace()
		if s.rest == "" {
			return nil
		}
		if !s.take(",") {
			return s.unexpected(expected)
		}
	}
}

// parseFilter parses COLUMN=[not.]OPERATOR.VALUE.
func (p *queryParser) parseFilter(name string, s *scanner) error {
	key := &scanner{Place: s.Place, rest: name}
	column, err := key.column()
	if err != nil {
		return err
	}
	if key.rest != "" {
		return key.unexpected("nothing more; a column with odd characters stands in double quotes")
	}
	c, err := p.parseComparison(s, Condition{Place: s.Place, Column: column}, singleValue)
	if err != nil {
		return err
	}
	if s.skipSpace(); s.rest != "" {
		return s.unexpected("the end")
	}
	p.Where = append(p.Where, c)
	return nil
}

// parseGroup parses `(condition,...)`. The name, which has been read, is that of
// the group with its not.
func (p *queryParser) parseGroup(s *scanner, name string, depth int) (group Condition, err error) {
	group = Condition{Place: s.Place}
	group.Group, group.Not = strings.CutPrefix(name, "not.")
	if depth > maxDepth {
		return group, s.Refuse(CodeSyntax, "", "groups within groups, expected at most %d levels", maxDepth)
	}
	s.skipSpace()
	if !s.take("(") {
		return group, s.unexpected(`"("`)
	}
	for {
		c, err := p.parseCondition(s, depth)
		if err != nil {
			return group, err
		}
		group.Inner = append(group.Inner, c)
		s.skipSpace()
		switch {
		case s.take(","):
		case !s.take(")"):
			return group, s.unexpected(`"," or ")"`)
		default:
			if s.skipSpace(); depth == 1 && s.rest != "" {
				return group, s.unexpected("the end")
			}
			return group, nil
		}
	}
}

// parseCondition parses what stands in a group: another group or a comparison.
func (p *queryParser) parseCondition(s *scanner, depth int) (c Condition, err error) {
	s.skipSpace()
	for _, name := range []string{"and", "or", "not.and", "not.or"} {
		if strings.HasPrefix(s.rest, name+"(") {
			s.take(name)
			return p.parseGroup(s, name, depth+1)
		}
	}
	c.Place = s.Place
	if c.Column, err = s.column(); err != nil {
		return c, err
	}
	if !s.take(".") {
		return c, s.unexpected(`"." and an operator`)
	}
	return p.parseComparison(s, c, groupValue)
}

// parseComparison parses `[not.]operator.value` behind the column of c. How the
// value ends is a matter of where it stands.
func (p *queryParser) parseComparison(s *scanner, c Condition, value func(*scanner) (string, error)) (_ Condition, err error) {
	c.Not = s.take("not.")
	if p.conditions++; p.conditions > maxConditions {
		return c, s.Refuse(CodeSyntax, "", "more than %d conditions", maxConditions)
	}
	word := s.word()
	op, known := operators[word]
	if !known {
		return c, s.unknownOperator(word)
	}
	s.take(word)
	c.Operator = word
	if op.Quantified && s.take("(any)") {
		c.Quantifier = "any"
	} else if op.Quantified && s.take("(all)") {
		c.Quantifier = "all"
	}
	if !s.take(".") {
		return c, s.unexpected(`"."`)
	}
	c.ValuesAt = s.Place
	switch {
	case op.List:
		c.Values, err = s.list("(", ")")
	case c.Quantifier != "":
		c.Values, err = s.list("{", "}")
	default:
		c.Values = make([]string, 1)
		c.Values[0], err = value(s)
	}
	return c, err
}

// otherOperators are those of PostgREST that are not here: nothing here is what
// was meant.
var otherOperators = strings.Fields("match imatch fts plfts phfts wfts cs cd ov sl sr nxr nxl adj")

// unknownOperator refuses what stands where an operator should, which most often
// is a value without one.
func (s *scanner) unknownOperator(word string) error {
	operators := strings.Join(operatorNames(), ", ")
	if behind := strings.TrimPrefix(s.rest, word); !strings.HasPrefix(behind, ".") && !strings.HasPrefix(behind, "(") {
		return s.Refuse(CodeSyntax, "Write eq."+excerpt(s.rest, maxExcerpt)+" for an equal value.",
			"unexpected %q, expected an operator before the value: not or one of %s", excerpt(s.rest, maxExcerpt), operators)
	}
	hint := ""
	if !slices.Contains(otherOperators, word) {
		hint = Nearest(word, operatorNames())
	}
	return s.Refuse(CodeSyntax, hint, "unexpected operator %q, expected not or one of %s", excerpt(word, maxExcerpt), operators)
}

// singleValue takes the value of a filter: everything up to the end, as it is.
func singleValue(s *scanner) (string, error) {
	value := s.rest
	s.take(value)
	return value, nil
}

// groupValue takes a value within a group: quoted, or up to a comma or a closing
// parenthesis.
func groupValue(s *scanner) (string, error) { return s.element(",)") }

// scanner reads a value from left to right; place is where rest begins.
type scanner struct {
	Place
	rest string
}

// take skips prefix, if it is next, and reports whether it was.
func (s *scanner) take(prefix string) bool {
	rest, found := strings.CutPrefix(s.rest, prefix)
	if found {
		s.Pos += utf8.RuneCountInString(prefix)
		s.rest = rest
	}
	return found
}

func (s *scanner) skipSpace() {
	s.take(s.rest[:len(s.rest)-len(strings.TrimLeft(s.rest, " \t"))])
}

// word returns the lower-case letters that are next, without skipping them.
func (s *scanner) word() string {
	rest := strings.TrimLeftFunc(s.rest, func(r rune) bool { return unicode.IsLetter(r) || r == '_' })
	return s.rest[:len(s.rest)-len(rest)]
}

// unexpected refuses what is next.
func (s *scanner) unexpected(expected string) error {
	if s.rest == "" {
		return s.Refuse(CodeSyntax, "", "unexpected end, expected %s", expected)
	}
	return s.Refuse(CodeSyntax, "", "unexpected %q, expected %s", excerpt(s.rest, maxExcerpt/2), expected)
}

// wholeNumber takes a number from 0 up to the end.
func (s *scanner) wholeNumber() (uint64, error) {
	n, err := strconv.ParseUint(s.rest, 10, 63)
	if err != nil || !isDigits(s.rest) {
		return 0, s.unexpected("a whole number from 0")
	}
	return n, nil
}

// column takes the name of a column: quoted, or letters, digits, "_", "$", blank
// and "-".
func (s *scanner) column() (string, error) {
	s.skipSpace()
	if strings.HasPrefix(s.rest, `""`) {
		return "", s.unexpected("the name of a column")
	}
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted()
	}
	end := strings.IndexFunc(s.rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$ -", r)
	})
	if end < 0 {
		end = len(s.rest)
	}
	name := s.rest[:end]
	if i := strings.Index(s.rest, "->"); i >= 0 && i <= end {
		return "", s.Refuse(CodeSyntax, "", "a path into JSON, expected the name of a column")
	}
	if strings.TrimSpace(name) == "" {
		return "", s.unexpected("the name of a column")
	}
	s.take(name)
	return strings.TrimSpace(name), nil
}

// field takes one item of select.
func (s *scanner) field() (f Field, err error) {
	f.Place = s.Place
	if s.take("*") {
		return f, nil
	}
	if f.Column, err = s.column(); err != nil {
		return f, err
	}
	if !strings.HasPrefix(s.rest, "::") && s.take(":") {
		f.Name, f.Place = f.Column, s.Place
		if f.Column, err = s.column(); err != nil {
			return f, err
		}
	}
	if s.take("::") {
		if f.AsText = s.word() == "text"; !f.AsText {
			return f, s.unexpected("text, the only cast there is")
		}
		s.take("text")
	}
	if s.rest != "" && strings.ContainsAny(s.rest[:1], "(.!-") {
		return f, s.Refuse(CodeSyntax, "", "unexpected %q, expected a column: there are no aggregates, "+
			"no paths into JSON and no other tables", excerpt(s.rest, maxExcerpt))
	}
	return f, nil
}

// quoted takes a string in double quotes, in which a backslash makes the next
// character stand for itself.
func (s *scanner) quoted() (string, error) {
	var out strings.Builder
	escaped := false
	for i, r := range s.rest {
		switch {
		case i == 0:
		case escaped:
			out.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			s.take(s.rest[:i+1])
			return out.String(), nil
		default:
			out.WriteRune(r)
		}
	}
	return "", s.Refuse(CodeSyntax, "", "an opening quote, expected the closing one too")
}

// list takes the elements between open and close up to where the value ends.
func (s *scanner) list(open, closing string) (values []string, err error) {
	s.skipSpace()
	if !s.take(open) {
		return nil, s.unexpected(fmt.Sprintf("%q", open))
	}
	if trimmed := strings.TrimLeft(s.rest, " \t"); strings.HasPrefix(trimmed, closing) {
		s.skipSpace()
		s.take(closing)
		return nil, nil
	}
	for {
		if open == "{" { // an array literal: blanks do not count
			s.skipSpace()
		}
		value, err := s.element("," + closing)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		switch {
		case s.take(","):
		case s.take(closing):
			return values, nil
		default:
			return nil, s.unexpected(fmt.Sprintf(`"," or %q`, closing))
		}
	}
}

// element takes one value up to a character of ends: in quotes if these end
// right there, otherwise as it is. Clients do not escape a quote in the middle.
func (s *scanner) element(ends string) (string, error) {
	if strings.HasPrefix(s.rest, `"`) {
		before := *s
		value, err := s.quoted()
		if err == nil && (s.rest == "" || strings.ContainsAny(s.rest[:1], ends)) {
			return value, nil
		}
		if err != nil {
			return "", err
		}
		*s = before
		return "", s.Refuse(CodeSyntax, `Within quotes write \" for a quote.`, "text behind a closing quote, expected %s", ends)
	}
	end := strings.IndexAny(s.rest, ends)
	if end < 0 {
		end = len(s.rest)
	}
	value := s.rest[:end]
	s.take(value)
	return value, nil
}
