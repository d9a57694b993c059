package plan

// This file writes full-text searches.

import (
	"slices"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/postgrest"
)

// fullTextComparer returns what searches left for words.
func (b *builder) fullTextComparer(s *scope, c postgrest.Condition, left subject) (func(string) (clause, error), error) {
	index := s.table.FullTextOf(left.column)
	if index == nil || left.isPath() {
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, fullTextHint(s.table),
			"%s on the column %q, which has no FULLTEXT index of its own", c.Operator, left.column.Name)
	}
	return func(value string) (clause, error) {
		e, err := newSearch(c.Operator, value, index)
		switch {
		case err != nil:
			return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, "plfts takes any text.", "%v", err)
		case e == nil: // as in PostgreSQL
			return left.sameForAll(never), nil
		}
		return left.finds(e, b.nots > 0), nil
	}, nil
}

// fullTextHint says which columns can be searched.
func fullTextHint(t *catalog.Table) string {
	var names []string
	for _, f := range t.FullText {
		if len(f.Columns) == 1 {
			names = append(names, f.Columns[0])
		}
	}
	if len(names) == 0 {
		return "No column of this table has one."
	}
	return "There is one on " + strings.Join(names, ", ") + "."
}

// finds writes a search. To MATCH a NULL has no words; within a NOT it must stay
// unknown, which costs the index that no NOT has anyway.
func (left subject) finds(e *search, inNot bool) clause {
	text, negated := e.boolean()
	if e.op == 0 {
		text = "+" + text
	}
	found := clause{"MATCH (" + left.sql + ") AGAINST (? IN BOOLEAN MODE)", append(slices.Clone(left.args), any(text))}
	if negated || inNot {
		found = group([]clause{found, left.sameForAll(never)}, "OR")
	}
	if negated {
		found.sql = "NOT " + found.sql
	}
	return found
}
