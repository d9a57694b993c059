// Package postgrest is the language: it turns the query string of a read, and the
// headers that belong to the language, into a small tree that says what was asked
// for and where that stands. It knows no SQL, no table and no response; which
// columns there are and what values they take is checked by those who know. Rule:
// what cannot be honoured is refused with parameter, position and what was
// expected; nothing is ignored, because a filter that is left out gives rows that
// nobody asked for.
package postgrest

// This file parses the query string, parameter by parameter.

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxQueryBytes = 16 << 10
	maxConditions = 100 // an in list is one
	maxDepth      = 10  // of groups in groups
	maxEmbeds     = 20
	maxEmbedDepth = 5
)

// Parse parses the raw query of a URL. Errors are *Refusal.
func Parse(rawQuery string) (*Query, error) {
	if len(rawQuery) > maxQueryBytes {
		return nil, Place{wholeQuery, 1}.Refuse(CodeSyntax, "", "a query string of %d bytes, expected at most %d",
			len(rawQuery), maxQueryBytes)
	}
	var parameters []parameter
	for pair := range strings.SplitSeq(rawQuery, "&") {
		if pair == "" {
			continue
		}
		p, err := decode(pair)
		if err != nil {
			return nil, err
		}
		parameters = append(parameters, p)
	}
	// The other parameters may be those of a table that select names.
	slices.SortStableFunc(parameters, func(a, b parameter) int { return rank(a) - rank(b) })
	p := queryParser{seen: map[string]bool{}}
	for _, parameter := range parameters {
		if err := p.parseParameter(parameter); err != nil {
			return nil, err
		}
	}
	return &p.Query, nil
}

// parameter is a decoded NAME=VALUE.
type parameter struct {
	Place
	name, value string
}

// rank is 0 for what has to be parsed first.
func rank(p parameter) int {
	if p.name == "select" {
		return 0
	}
	return 1
}

// decode decodes one parameter.
func decode(pair string) (parameter, error) {
	rawName, rawValue, found := strings.Cut(pair, "=")
	name, nameErr := url.QueryUnescape(rawName)
	value, valueErr := url.QueryUnescape(rawValue)
	at := Place{strings.ToValidUTF8(name, "\uFFFD"), 1}
	if nameErr != nil {
		at.Param = rawName
	}
	var err error
	switch {
	case strings.Contains(pair, ";"): // url.Values would drop the parameter
		err = at.Refuse(CodeSyntax, "Write %3B for a semicolon.", `unexpected ";", expected "&" or the end`)
	case nameErr != nil || valueErr != nil:
		err = at.Refuse(CodeSyntax, "Write %25 for a percent sign.", "a %% without two hexadecimal digits")
	case !utf8.ValidString(name) || !utf8.ValidString(value):
		err = at.Refuse(CodeSyntax, "", "bytes that are not UTF-8")
	case !found || name == "":
		err = at.Refuse(CodeSyntax, "", "unexpected %q, expected NAME=VALUE", excerpt(pair, maxExcerpt))
	}
	return parameter{at, name, value}, err
}

// queryParser fills a Query, one parameter after the other.
type queryParser struct {
	Query
	seen               map[string]bool // parameters that may stand only once
	conditions, embeds int
}

// parseParameter parses one parameter into the query of the table that it is for.
func (p *queryParser) parseParameter(parameter parameter) error {
	key, err := parseKey(parameter)
	if err != nil {
		return err
	}
	q, err := p.queryOf(key)
	if err != nil {
		return err
	}
	s := &scanner{Place: parameter.Place, rest: parameter.value}
	switch key.word {
	case "":
		return p.parseFilter(q, key, s)
	case "and", "or", "not.and", "not.or":
		group, err := p.parseGroup(s, key.word, 1)
		q.Where = append(q.Where, group)
		return err
	}
	if p.seen[parameter.name] {
		return s.Refuse(CodeSyntax, "", "the parameter stands there twice, expected once")
	}
	p.seen[parameter.name] = true
	switch key.word {
	case "select":
		return p.parseSelect(q, s)
	case "order":
		return parseOrder(q, s)
	case "limit":
		n, err := s.limit()
		q.Limit = &n
		return err
	default:
		q.Offset, err = s.wholeNumber()
		return err
	}
}

// key is the name of a parameter.
type key struct {
	Place
	embeds []string // the related tables that lead to the one it is for
	word   string   // select, order, limit, offset, and, or, not.and, not.or; "" is a filter
	column string   // of a filter
	path   Path
}

// parseKey parses `embed.embed.column->path`, or a reserved word in the column's
// place. In quotes such a word is a column.
func parseKey(p parameter) (key, error) {
	k := key{Place: p.Place}
	s := &scanner{Place: p.Place, rest: p.name}
	quoted := false
	var names []string
	for {
		s.skipSpace()
		quoted = strings.HasPrefix(s.rest, `"`)
		name, err := s.column()
		if err != nil {
			return k, err
		}
		names = append(names, name)
		if !s.take(".") {
			break
		}
	}
	last := len(names) - 1
	k.embeds, k.column = names[:last], names[last]
	if !quoted && s.rest == "" {
		k.setWord()
	}
	if k.word != "" {
		return k, nil
	}
	var err error
	if k.path, err = s.path(); err != nil {
		return k, err
	}
	if s.rest != "" {
		return k, s.unexpected("nothing more; a column with odd characters stands in double quotes")
	}
	return k, nil
}

// setWord takes the column for a reserved word, if it is one. Only the table that
// is read has a select.
func (k *key) setWord() {
	before := len(k.embeds) - 1
	switch k.column {
	case "and", "or":
		if k.word = k.column; before >= 0 && k.embeds[before] == "not" {
			k.word, k.embeds = "not."+k.word, k.embeds[:before]
		}
	case "order", "limit", "offset":
		k.word = k.column
	case "select":
		if before < 0 {
			k.word = k.column
		}
	}
}

// queryOf finds what is asked of the table that a parameter is for.
func (p *queryParser) queryOf(k key) (*Query, error) {
	q := &p.Query
	for _, name := range k.embeds {
		var found []*Embed
		names := []string{}
		for _, e := range q.Embeds() {
			if names = append(names, e.Name); e.Name == name {
				found = append(found, e)
			}
		}
		switch {
		case len(found) == 0:
			hint := Nearest(name, names)
			if hint == "" {
				hint = "Add it to select, as in select=*," + excerpt(name, maxExcerpt) + "(*)."
			}
			return nil, k.Refuse(CodeNotEmbedded, hint, "%q is not a related table that select names", excerpt(name, maxExcerpt))
		case len(found) > 1:
			return nil, k.Refuse(CodeNotEmbedded, "Give one of them another name: other:"+excerpt(name, maxExcerpt)+"(…).",
				"select names %q twice", excerpt(name, maxExcerpt))
		}
		q = &found[0].Query
	}
	return q, nil
}

// parseOrder parses `a.desc.nullslast,b,related(c)`.
func parseOrder(q *Query, s *scanner) error {
	for {
		term, expected, err := s.term()
		if err != nil {
			return err
		}
		q.Order = append(q.Order, term)
		s.skipSpace()
		if s.rest == "" {
			return nil
		}
		if !s.take(",") {
			return s.unexpected(expected)
		}
	}
}

// term takes one item of order, and tells what may follow it.
func (s *scanner) term() (term Term, expected string, err error) {
	s.skipSpace()
	term.Place = s.Place
	if term.Column, err = s.column(); err != nil {
		return term, "", err
	}
	if s.take("(") {
		term.Relation, term.Place = term.Column, s.Place
		if term.Column, err = s.column(); err != nil {
			return term, "", err
		}
	}
	if term.Path, err = s.path(); err != nil {
		return term, "", err
	}
	if term.Relation != "" && !s.take(")") {
		return term, "", s.unexpected(`")"`)
	}
	expected = `".asc", ".desc", ".nullsfirst", ".nullslast", "," or the end`
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
	return term, expected, nil
}
