// Package plan makes one SQL statement of what was asked for and what is known of
// the table, and says how its rows are written. Rules: the text holds keywords,
// quoted identifiers and placeholders, nothing else; as many placeholders as
// arguments; requests that mean the same have the same text; and comparing is
// exact, in whatever type.
package plan

// This file writes the statement.

import (
	"cmp"
	"fmt"
	"slices"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// builder writes the SQL of one request.
type builder struct {
	args     []any
	compared []probe // by a condition, each once
	binary   bool    // the statement will be prepared
	place    place   // of what is being written
	patterns bool    // there are regular expressions in it
	nots     int     // how many NOTs the condition stands in that is written
}

// probe is a column that is compared: one whose type has changed would be
// compared wrongly.
type probe struct {
	scope  *scope
	column *catalog.Column
}

// All returns the query for all rows and columns of the table with this name,
// which needs to know nothing of it. Fits may be nil.
func All(table string, form encode.Format, fits func([]encode.Column) bool) *exec.Statement {
	return &exec.Statement{Table: table, Text: "SELECT * FROM " + catalog.QuoteTable(table), Format: form, Fits: fits}
}

// Known is what is known of the tables that a statement may name. Errors of its
// functions are handed on.
type Known struct {
	Table        *catalog.Table // that is read
	Named        bool           // * is written as the names of all columns, for an account that may not read all
	Related      func(table string) (*catalog.Table, error)
	Keys         func() (*catalog.Keys, error)
	Indexes      func() (*catalog.Keys, error) // for pages: they may be older
	NoAggregates bool                          // they are refused
}

// isRelated reports whether q reads several tables, or groups of rows.
func (k Known) isRelated(q *postgrest.Query) bool {
	return slices.ContainsFunc(q.Select, func(f postgrest.Field) bool { return f.Embed != nil || f.Aggregate != "" }) ||
		len(q.Select) == 1 && isCount(k.Table, &q.Select[0])
}

// Select returns the query for the rows of q. The error is a *postgrest.Refusal, or
// one of k's.
func (k Known) Select(q *postgrest.Query, form encode.Format) (*exec.Statement, error) {
	return k.SelectPage(q, nil, form)
}

// SelectPage is Select for a page of the rows of q; nil is as many as q says.
func (k Known) SelectPage(q *postgrest.Query, p *Page, form encode.Format) (*exec.Statement, error) {
	q = p.of(q)
	if k.isRelated(q) {
		return k.selectRelated(q, p, form)
	}
	b, s := builder{}, &scope{table: k.Table}
	list, err := b.newSelectList(s, q, k.Named)
	if err != nil {
		return nil, err
	}
	b.binary = p.hasFloat() || slices.ContainsFunc(list.columns, func(c *catalog.Column) bool { return c.Type == "FLOAT" })
	where, err := b.all(s, q.Where)
	if err != nil {
		return nil, err
	}
	order, err := b.orderBy(s, q.Order)
	if err != nil {
		return nil, err
	}
	list.addProbes(b.compared)
	from := sql(" FROM "+k.Table.Quoted(), prefixed(" WHERE ", where))
	page, ahead := list.addPage(s, p, from, order, q.Offset)
	text := sql(clause{"SELECT " + list.text, b.args}, behind(ahead), from, order, limitClause(q))
	return &exec.Statement{
		Table: k.Table.Name, Text: text.sql, Args: text.args, Binary: b.binary, Patterns: b.patterns,
		Fields: list.output(), Hidden: len(list.probes) + len(list.hidden) + len(ahead), Format: form, Page: page,
		Fits: list.fits,
	}, nil
}

// Count returns the query for the number of rows of q, without its limit. Errors
// are those of Select.
func (k Known) Count(q *postgrest.Query) (*exec.Statement, error) {
	if k.isRelated(q) {
		return k.countRelated(q)
	}
	b, s := builder{}, &scope{table: k.Table}
	where, err := b.where(s, q.Where)
	if err != nil {
		return nil, err
	}
	text := "SELECT COUNT(*)"
	for _, p := range b.compared {
		text += ", " + catalog.ProbeCount(p.scope.name(p.column))
	}
	return &exec.Statement{
		Table: k.Table.Name, Text: text + " FROM " + k.Table.Quoted() + where, Args: b.args, Patterns: b.patterns, Hidden: len(b.compared),
		Fits: func(columns []encode.Column) bool {
			return len(columns) == 1+len(b.compared) && areProbes(b.compared, columns[1:])
		},
	}, nil
}

// scope is a table as it stands in a statement.
type scope struct {
	table    *catalog.Table
	alias    string  // quoted; "" if its columns stand alone
	children []*node // the related tables that are read with it, in the order of select
}

// prefix is what the columns of s have in front.
func (s *scope) prefix() string {
	if s.alias == "" {
		return ""
	}
	return s.alias + "."
}

// name writes a column as it stands in SQL.
func (s *scope) name(c *catalog.Column) string { return s.prefix() + exec.QuoteIdentifier(c.Name) }

// column finds a column by its name.
func (s *scope) column(at postgrest.Place, name string) (*catalog.Column, error) {
	if c := s.table.Column(name); c != nil {
		return c, nil
	}
	names := make([]string, len(s.table.Columns))
	for i, c := range s.table.Columns {
		names[i] = c.Name
	}
	return nil, at.Refuse(postgrest.CodeNoColumn, postgrest.Nearest(name, names), "the table has no column %q", name)
}

// subject is what is compared, ordered by or selected: a column, or what stands
// in its JSON.
type subject struct {
	clause
	column *catalog.Column // whose type and collation its values have
	source *catalog.Column // that it is, or stands in
	keys   []clause        // what it is sorted by, if not by itself
}

// subject writes what stands at a place: a column, and a path into it.
func (s *scope) subject(at postgrest.Place, column string, path postgrest.Path) (subject, error) {
	c, err := s.column(at, column)
	if err != nil {
		return subject{}, err
	}
	if len(path.Steps) > 0 {
		return s.inJSON(at, c, path)
	}
	return subject{clause{sql: s.name(c)}, c, c, nil}, nil
}

// isPath reports whether left stands in the JSON of a column.
func (left *subject) isPath() bool { return left.column != left.source }

// orderBy writes the ORDER BY clause.
func (b *builder) orderBy(s *scope, terms []postgrest.Term) (clause, error) {
	var parts []clause
	seen := map[string]bool{}
	for _, term := range terms {
		if term.Relation != "" {
			return clause{}, term.Refuse(postgrest.CodeNotEmbedded, "Add it to select: "+term.Relation+"().",
				"%q is not a related table that select names", term.Relation)
		}
		what, err := s.subject(term.Place, term.Column, term.Path)
		if err != nil {
			return clause{}, err
		}
		key := fmt.Sprintf("%s %#v", what.sql, what.args)
		if seen[key] {
			continue // rows that differ in it are in order already
		}
		seen[key] = true
		if what.isPath() {
			b.note(s, what.source)
		}
		parts = append(parts, what.ordered(term)...)
	}
	return orderBy(parts), nil
}

// ordered writes the terms of ORDER BY. MySQL puts NULL first, or last if
// descending; only what differs needs a term of its own, which no index serves.
func (what subject) ordered(term postgrest.Term) []clause {
	var terms []clause
	switch {
	case term.Nulls == "nullslast" && !term.Descending:
		terms = append(terms, clause{what.sql + " IS NULL", what.args})
	case term.Nulls == "nullsfirst" && term.Descending:
		terms = append(terms, clause{what.sql + " IS NULL DESC", what.args})
	}
	keys := what.keys
	if keys == nil {
		keys = []clause{what.clause}
	}
	for _, key := range keys {
		if term.Descending {
			key.sql += " DESC"
		}
		terms = append(terms, key)
	}
	return terms
}

// note notes that a condition compares a column, once per column, in an order that
// is not that of the conditions.
func (b *builder) note(s *scope, col *catalog.Column) {
	at, found := slices.BinarySearchFunc(b.compared, probe{s, col}, func(p, q probe) int {
		return cmp.Or(cmp.Compare(p.scope.alias, q.scope.alias), cmp.Compare(p.column.Name, q.column.Name))
	})
	if !found {
		b.compared = slices.Insert(b.compared, at, probe{s, col})
	}
}
