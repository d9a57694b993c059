// Package plan makes one SQL statement of what was asked for and what is known of
// the table, and says how its rows are written. Rules: the text holds keywords,
// quoted identifiers and placeholders, nothing else; as many placeholders as
// arguments; requests that mean the same have the same text; and comparing is
// exact, in whatever type.
package plan

// This file writes the statement.

import (
	"slices"
	"strings"

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

// Select returns the query for the rows of q. If named is true, * is written as
// the names of all columns, for an account that may not read all of them. The
// error is a *postgrest.Refusal.
func Select(t *catalog.Table, q *postgrest.Query, form encode.Format, named bool) (*exec.Statement, error) {
	b, s := builder{}, &scope{table: t}
	list, err := newSelectList(s, q, named)
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
		Table:  t.Name,
		Text:   "SELECT " + list.text + " FROM " + t.Quoted() + where + order + b.limit(q.Limit, q.Offset),
		Args:   b.args,
		Binary: b.binary,
		Fields: list.output(), Hidden: len(list.probes), Format: form,
		Fits: list.fits,
	}, nil
}

// Count returns the query for the number of rows of q, without its limit. The
// error is a *postgrest.Refusal.
func Count(t *catalog.Table, q *postgrest.Query) (*exec.Statement, error) {
	b, s := builder{}, &scope{table: t}
	where, err := b.where(s, q.Where)
	if err != nil {
		return nil, err
	}
	text := "SELECT COUNT(*)"
	for _, p := range b.compared {
		text += ", " + catalog.ProbeCount(p.scope.name(p.column))
	}
	return &exec.Statement{
		Table: t.Name, Text: text + " FROM " + t.Quoted() + where, Args: b.args, Hidden: len(b.compared),
		Fits: func(columns []encode.Column) bool {
			return len(columns) == 1+len(b.compared) && areProbes(b.compared, columns[1:])
		},
	}, nil
}

// scope is a table as it stands in a statement.
type scope struct {
	table *catalog.Table
	alias string // that its columns have in front, with its point; "" if they stand alone
}

// name writes a column as it stands in SQL.
func (s *scope) name(c *catalog.Column) string { return s.alias + exec.QuoteIdentifier(c.Name) }

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

// orderBy writes the ORDER BY clause. MySQL puts NULL first, or last if
// descending; only what differs needs a term of its own, which no index serves.
func (s *scope) orderBy(terms []postgrest.Term) (string, error) {
	var parts []string
	seen := map[string]bool{}
	for _, term := range terms {
		what, err := s.subject(term.Place, term.Column, term.Path)
		if err != nil {
			return "", err
		}
		name := what.sql
		if seen[name] {
			continue // rows that differ in it are in order already
		}
		seen[name] = true
		switch {
		case term.Nulls == "nullslast" && !term.Descending:
			parts = append(parts, name+" IS NULL")
		case term.Nulls == "nullsfirst" && term.Descending:
			parts = append(parts, name+" IS NULL DESC")
		}
		if term.Descending {
			name += " DESC"
		}
		parts = append(parts, name)
	}
	if len(parts) == 0 {
		return "", nil
	}
	return " ORDER BY " + strings.Join(parts, ", "), nil
}

// limit writes the LIMIT clause. MySQL has no OFFSET without one.
func (b *builder) limit(limit *uint64, offset uint64) string {
	const all = uint64(1<<63 - 1)
	switch {
	case limit == nil && offset == 0:
		return ""
	case limit == nil:
		limit = new(all - offset) // the sum must not overflow either
	}
	b.args = append(b.args, int64(*limit))
	if offset == 0 {
		return " LIMIT ?"
	}
	b.args = append(b.args, int64(offset))
	return " LIMIT ? OFFSET ?"
}

// note notes that a condition compares a column, once per column.
func (b *builder) note(s *scope, col *catalog.Column) {
	if p := (probe{s, col}); !slices.Contains(b.compared, p) {
		b.compared = append(b.compared, p)
	}
}
