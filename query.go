package main

// This file parses the URL query, PostgREST's read grammar, into a request: a
// small tree that says what was asked for, and where. Columns and values are
// checked later, by filter.go. Rule: what cannot be honoured is refused with
// parameter, position and what was expected; nothing is ignored, because a
// filter that is left out gives rows that nobody asked for.

import (
	"fmt"
	"net/http"
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

	codeSyntax = "PGRST100"
)

// request is a parsed URL query. The zero value asks for the whole table.
type request struct {
	fields []field     // empty: all columns
	where  []condition // all of them must hold
	order  []orderTerm
	limit  *uint64 // nil: none
	offset uint64
}

// selectsSome reports whether r names columns, and not just *.
func (r *request) selectsSome() bool {
	return slices.ContainsFunc(r.fields, func(f field) bool { return f.column != "" })
}

// field is one item of select.
type field struct {
	place
	column string // "" for *
	name   string // of the member in the output; "" is the column's
	isText bool   // ::text
}

// condition is a comparison, or a group of conditions. Its place is that of the
// column.
type condition struct {
	place
	not   bool
	group string // and, or; "" is a comparison
	inner []condition

	column     string
	operator   string // a key of operators
	quantifier string // any, all or ""
	values     []string
	valuesAt   place
}

// orderTerm is one item of order.
type orderTerm struct {
	place
	column     string
	descending bool
	nulls      string // nullsfirst, nullslast; "" is MySQL's own order
}

// place is where something stands, for errors: the parameter, and the position
// in its value after decoding, in characters from 1.
type place struct {
	param string
	pos   int
}

// refuse makes the error for what stands there. The hint may be empty.
func (p place) refuse(code, hint, format string, args ...any) *apiError {
	e := newAPIError(http.StatusBadRequest, code, "The query string cannot be honoured.", hint)
	details := fmt.Sprintf("parameter %q, position %d: ", p.param, p.pos) + fmt.Sprintf(format, args...)
	e.Details = &details
	return e
}

// parseQuery parses the raw query of a URL.
func parseQuery(rawQuery string) (request, *apiError) {
	p := queryParser{seen: map[string]bool{}}
	if len(rawQuery) > maxQueryBytes {
		return p.request, place{"?", 1}.refuse(codeSyntax, "", "a query string of %d bytes, expected at most %d",
			len(rawQuery), maxQueryBytes)
	}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if pair == "" {
			continue
		}
		if err := p.parsePair(pair); err != nil {
			return p.request, err
		}
	}
	return p.request, nil
}

// queryParser fills a request, one parameter after the other.
type queryParser struct {
	request
	seen       map[string]bool // parameters that may stand only once
	conditions int
}

// parsePair decodes one parameter and parses it.
func (p *queryParser) parsePair(pair string) *apiError {
	rawName, rawValue, found := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	at := place{strings.ToValidUTF8(name, "\uFFFD"), 1}
	if nameErr != nil {
		at.param = rawName
	}
	switch {
	case strings.Contains(pair, ";"): // url.Values would drop the parameter
		return at.refuse(codeSyntax, "Write %3B for a semicolon.", `unexpected ";", expected "&" or the end`)
	case nameErr != nil || valueErr != nil:
		return at.refuse(codeSyntax, "Write %25 for a percent sign.", "a %% without two hexadecimal digits")
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		return at.refuse(codeSyntax, "", "bytes that are not UTF-8")
	case !found || name == "":
		return at.refuse(codeSyntax, "", "unexpected %q, expected NAME=VALUE", pair)
	}
	return p.parseParameter(name, &scanner{place: at, rest: value})
}

// parseParameter parses the value of a parameter.
func (p *queryParser) parseParameter(name string, s *scanner) *apiError {
	switch name {
	case "and", "or", "not.and", "not.or":
		group, err := p.parseGroup(s, name, 1)
		p.where = append(p.where, group)
		return err
	case "select", "order", "limit", "offset":
		if p.seen[name] {
			return s.refuse(codeSyntax, "", "the parameter stands there twice, expected once")
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
		p.limit = &n
		return err
	default:
		var err *apiError
		p.offset, err = s.wholeNumber()
		return err
	}
}

// parseSelect parses `a,alias:b::text,*`. Nothing at all means all columns.
func (p *queryParser) parseSelect(s *scanner) *apiError {
	if s.rest == "" {
		return nil
	}
	for {
		s.skipSpace()
		f, err := s.field()
		if err != nil {
			return err
		}
		p.fields = append(p.fields, f)
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
func (p *queryParser) parseOrder(s *scanner) *apiError {
	for {
		s.skipSpace()
		term := orderTerm{place: s.place}
		var err *apiError
		if term.column, err = s.column(); err != nil {
			return err
		}
		term.descending = s.take(".desc")
		_ = term.descending || s.take(".asc")
		for _, nulls := range []string{"nullsfirst", "nullslast"} {
			if s.take("." + nulls) {
				term.nulls = nulls
				break
			}
		}
		p.order = append(p.order, term)
		s.skipSpace()
		if s.rest == "" {
			return nil
		}
		if !s.take(",") {
			return s.unexpected(`".asc", ".desc", ".nullsfirst", ".nullslast", "," or the end`)
		}
	}
}

// parseFilter parses COLUMN=[not.]OPERATOR.VALUE.
func (p *queryParser) parseFilter(name string, s *scanner) *apiError {
	key := &scanner{place: s.place, rest: name}
	column, err := key.column()
	if err != nil {
		return err
	}
	if key.rest != "" {
		return key.unexpected("nothing more; a column with odd characters stands in double quotes")
	}
	c, err := p.parseComparison(s, condition{place: s.place, column: column}, singleValue)
	if err != nil {
		return err
	}
	if s.skipSpace(); s.rest != "" {
		return s.unexpected("the end")
	}
	p.where = append(p.where, c)
	return nil
}

// parseGroup parses `(condition,...)`. The name, which has been read, is that of
// the group with its not.
func (p *queryParser) parseGroup(s *scanner, name string, depth int) (group condition, err *apiError) {
	group = condition{place: s.place}
	group.group, group.not = strings.CutPrefix(name, "not.")
	if depth > maxDepth {
		return group, s.refuse(codeSyntax, "", "groups within groups, expected at most %d levels", maxDepth)
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
		group.inner = append(group.inner, c)
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
func (p *queryParser) parseCondition(s *scanner, depth int) (c condition, err *apiError) {
	s.skipSpace()
	for _, name := range []string{"and", "or", "not.and", "not.or"} {
		if strings.HasPrefix(s.rest, name+"(") {
			s.take(name)
			return p.parseGroup(s, name, depth+1)
		}
	}
	c.place = s.place
	if c.column, err = s.column(); err != nil {
		return c, err
	}
	if !s.take(".") {
		return c, s.unexpected(`"." and an operator`)
	}
	return p.parseComparison(s, c, groupValue)
}

// parseComparison parses `[not.]operator.value` behind the column of c. How the
// value ends is a matter of where it stands.
func (p *queryParser) parseComparison(s *scanner, c condition, value func(*scanner) (string, *apiError)) (_ condition, err *apiError) {
	c.not = s.take("not.")
	if p.conditions++; p.conditions > maxConditions {
		return c, s.refuse(codeSyntax, "", "more than %d conditions", maxConditions)
	}
	word := s.word()
	op, known := operators[word]
	if !known {
		return c, s.refuse(codeSyntax, nearest(word, operatorNames()), "unexpected operator %q, expected not or one of %s",
			word, strings.Join(operatorNames(), ", "))
	}
	s.take(word)
	c.operator = word
	if op.quantified && s.take("(any)") {
		c.quantifier = "any"
	} else if op.quantified && s.take("(all)") {
		c.quantifier = "all"
	}
	if !s.take(".") {
		return c, s.unexpected(`"."`)
	}
	c.valuesAt = s.place
	switch {
	case op.list:
		c.values, err = s.list("(", ")")
	case c.quantifier != "":
		c.values, err = s.list("{", "}")
	default:
		c.values = make([]string, 1)
		c.values[0], err = value(s)
	}
	return c, err
}

// singleValue takes the value of a filter: everything up to the end, as it is.
func singleValue(s *scanner) (string, *apiError) {
	value := s.rest
	s.take(value)
	return value, nil
}

// groupValue takes a value within a group: quoted, or up to a comma or a closing
// parenthesis.
func groupValue(s *scanner) (string, *apiError) { return s.element(",)") }

// scanner reads a value from left to right; place is where rest begins.
type scanner struct {
	place
	rest string
}

// take skips prefix, if it is next, and reports whether it was.
func (s *scanner) take(prefix string) bool {
	rest, found := strings.CutPrefix(s.rest, prefix)
	if found {
		s.pos += utf8.RuneCountInString(prefix)
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
func (s *scanner) unexpected(expected string) *apiError {
	if s.rest == "" {
		return s.refuse(codeSyntax, "", "unexpected end, expected %s", expected)
	}
	next := []rune(s.rest)
	return s.refuse(codeSyntax, "", "unexpected %q, expected %s", string(next[:min(len(next), 20)]), expected)
}

// wholeNumber takes a number from 0 up to the end.
func (s *scanner) wholeNumber() (uint64, *apiError) {
	n, err := strconv.ParseUint(s.rest, 10, 63)
	if err != nil || !isDigits([]byte(s.rest)) {
		return 0, s.unexpected("a whole number from 0")
	}
	return n, nil
}

// column takes the name of a column: quoted, or letters, digits, "_", "$", blank
// and "-".
func (s *scanner) column() (string, *apiError) {
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
		return "", s.refuse(codeSyntax, "", "a path into JSON, expected the name of a column")
	}
	if strings.TrimSpace(name) == "" {
		return "", s.unexpected("the name of a column")
	}
	s.take(name)
	return strings.TrimSpace(name), nil
}

// field takes one item of select.
func (s *scanner) field() (f field, err *apiError) {
	f.place = s.place
	if s.take("*") {
		return f, nil
	}
	if f.column, err = s.column(); err != nil {
		return f, err
	}
	if !strings.HasPrefix(s.rest, "::") && s.take(":") {
		f.name, f.place = f.column, s.place
		if f.column, err = s.column(); err != nil {
			return f, err
		}
	}
	if s.take("::") {
		if f.isText = s.word() == "text"; !f.isText {
			return f, s.unexpected("text, the only cast there is")
		}
		s.take("text")
	}
	if s.rest != "" && strings.ContainsAny(s.rest[:1], "(.!-") {
		return f, s.refuse(codeSyntax, "", "unexpected %q, expected a column: there are no aggregates, "+
			"no paths into JSON and no other tables", s.rest)
	}
	return f, nil
}

// quoted takes a string in double quotes, in which a backslash makes the next
// character stand for itself.
func (s *scanner) quoted() (string, *apiError) {
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
	return "", s.refuse(codeSyntax, "", "an opening quote, expected the closing one too")
}

// list takes the elements between open and close up to where the value ends.
func (s *scanner) list(open, closing string) (values []string, err *apiError) {
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
func (s *scanner) element(ends string) (string, *apiError) {
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
		return "", s.refuse(codeSyntax, `Within quotes write \" for a quote.`, "text behind a closing quote, expected %s", ends)
	}
	end := strings.IndexAny(s.rest, ends)
	if end < 0 {
		end = len(s.rest)
	}
	value := s.rest[:end]
	s.take(value)
	return value, nil
}
