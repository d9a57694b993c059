package postgrest

// This file parses filters: comparisons, and trees of them.

import (
	"slices"
	"strings"
)

// parseFilter parses the value of COLUMN=[not.]OPERATOR.VALUE.
func (p *queryParser) parseFilter(q *Query, k key, s *scanner) error {
	c, err := p.parseComparison(s, Condition{Place: s.Place, Column: k.column, Path: k.path}, singleValue)
	if err != nil {
		return err
	}
	if s.skipSpace(); s.rest != "" {
		return s.unexpected("the end")
	}
	q.Where = append(q.Where, c)
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
		rest, found := strings.CutPrefix(s.rest, name)
		if found && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "(") {
			s.take(name)
			return p.parseGroup(s, name, depth+1)
		}
	}
	c.Place = s.Place
	if c.Column, err = s.column(); err != nil {
		return c, err
	}
	if c.Path, err = s.path(); err != nil {
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
	} else if op.Language && s.take("(") {
		if _, err = s.column(); err != nil || !s.take(")") {
			return c, s.unexpected(`a language and ")"`)
		}
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
var otherOperators = strings.Fields("ov sl sr nxr nxl adj")

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

// groupValue takes a value within a group: quoted, in braces, or up to a comma or
// a closing parenthesis.
func groupValue(s *scanner) (string, error) {
	if end := strings.IndexByte(s.rest, '}') + 1; end > 0 && strings.LastIndexByte(s.rest[:end], '{') == 0 &&
		(len(s.rest) == end || strings.ContainsAny(s.rest[end:end+1], ",)")) {
		value := s.rest[:end]
		s.take(value)
		return value, nil
	}
	return s.element(",)")
}
