// Package plan makes one SQL statement of what was asked for and what is known of
// the table, and says how its rows are written. Rules: the text holds keywords,
// quoted identifiers and placeholders, nothing else; as many placeholders as
// arguments; requests that mean the same have the same text; and comparing is
// exact, in whatever type.
package plan

// This file writes the statement.

import (
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
	NoAggregates bool // they are refused
}

// isRelated reports whether q reads several tables, or groups of rows.
func (k Known) isRelated(q *postgrest.Query) bool {
	return slices.ContainsFunc(q.Select, func(f postgrest.Field) bool { return f.Embed != nil || f.Aggregate != "" }) ||
		len(q.Select) == 1 && isCount(k.Table, &q.Select[0])
}

// Select returns the query for the rows of q. The error is a *postgrest.Refusal, or
// one of k's.
func (k Known) Select(q *postgrest.Query, form encode.Format) (*exec.Statement, error) {
	if k.isRelated(q) {
		return k.selectRelated(q, form)
	}
	b, s := builder{}, &scope{table: k.Table}
	list, err := newSelectList(s, q, k.Named)
	if err != nil {
		return nil, err
	}
	b.binary = slices.ContainsFunc(list.columns, func(c catalog.Column) bool { return c.Type == "FLOAT" })
	where, err := b.where(s, q.Where)
	if err != nil {
		return nil, err
	}
	order, err := s.orderBy(q.Order)
	if err != nil {
		return nil, err
	}
	list.addProbes(b.compared)
	return &exec.Statement{
		Table:  k.Table.Name,
		Text:   "SELECT " + list.text + " FROM " + k.Table.Quoted() + where + order + b.limit(q),
		Args:   b.args,
		Binary: b.binary,
		Fields: list.output(), Hidden: len(list.probes), Format: form,
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
		Table: k.Table.Name, Text: text + " FROM " + k.Table.Quoted() + where, Args: b.args, Hidden: len(b.compared),
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
}

// subject writes what stands at a place: a column, and a path into it.
func (s *scope) subject(at postgrest.Place, column string, path postgrest.Path) (subject, error) {
	c, err := s.column(at, column)
	if err != nil {
		return subject{}, err
	}
	if len(path.Steps) > 0 {
		return subject{}, at.Refuse(postgrest.CodeSyntax, "", "a path into JSON, expected the name of a column")
	}
	return subject{clause{sql: s.name(c)}, c}, nil
}

// orderBy writes the ORDER BY clause.
func (s *scope) orderBy(terms []postgrest.Term) (string, error) {
	var parts []clause
	seen := map[string]bool{}
	for _, term := range terms {
		if term.Relation != "" {
			return "", term.Refuse(postgrest.CodeNotEmbedded, "Add it to select: "+term.Relation+"().",
				"%q is not a related table that select names", term.Relation)
		}
		what, err := s.subject(term.Place, term.Column, term.Path)
		if err != nil {
			return "", err
		}
		if seen[what.sql] {
			continue // rows that differ in it are in order already
		}
		seen[what.sql] = true
		parts = append(parts, what.ordered(term)...)
	}
	return orderBy(parts).sql, nil
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
	if term.Descending {
		what.sql += " DESC"
	}
	return append(terms, what.clause)
}

// limit writes the LIMIT clause.
func (b *builder) limit(q *postgrest.Query) string {
	c := limitClause(q)
	b.args = append(b.args, c.args...)
	return c.sql
}

// note notes that a condition compares a column, once per column.
func (b *builder) note(s *scope, col *catalog.Column) {
	if p := (probe{s, col}); !slices.Contains(b.compared, p) {
		b.compared = append(b.compared, p)
	}
}
