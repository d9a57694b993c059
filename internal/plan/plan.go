// Package plan makes one SQL statement of what was asked for and what is known of
// the table, and says how its rows are written. Rules: the text holds keywords,
// quoted identifiers and placeholders, nothing else; as many placeholders as
// arguments; requests that mean the same have the same text; and comparing is
// exact, in whatever type.
package plan

// This file writes the statement.

import (
	"fmt"
	"slices"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// comparison says how an operator is written in SQL.
type comparison struct {
	before, between, after string // of column and value: before COLUMN between VALUE after
	pattern                bool   // for character columns, with * for %
	// What the comparison is for a value that no row can have: for a value above
	// the rows, or below; "=" and "<>" do not tell these apart.
	ifAbove, ifBelow truth
	// The operators for a value just above or just below what the type can hold,
	// compared with that; "" if ifAbove is the answer.
	justAbove, justBelow string
}

// truth is a comparison that is the same for all rows with a value. With NULL it
// is unknown, as any comparison.
type truth string

const (
	always truth = "="  // column = column
	never  truth = "<>" // column <> column
)

// comparisons are the operators of the language but in and is, by name.
var comparisons = map[string]comparison{
	"eq":         {between: " = ", ifAbove: never, ifBelow: never},
	"neq":        {between: " <> ", ifAbove: always, ifBelow: always},
	"gt":         {between: " > ", ifAbove: never, ifBelow: always, justAbove: "gt", justBelow: "gte"},
	"gte":        {between: " >= ", ifAbove: never, ifBelow: always, justAbove: "gt", justBelow: "gte"},
	"lt":         {between: " < ", ifAbove: always, ifBelow: never, justAbove: "lte", justBelow: "lt"},
	"lte":        {between: " <= ", ifAbove: always, ifBelow: never, justAbove: "lte", justBelow: "lt"},
	"like":       {between: " LIKE ", after: " COLLATE utf8mb4_bin" + escapeClause, pattern: true},
	"ilike":      {before: "LOWER(", between: ") LIKE LOWER(", after: ") COLLATE utf8mb4_bin" + escapeClause, pattern: true},
	"isdistinct": {before: "NOT (", between: " <=> ", after: ")", ifAbove: always, ifBelow: always},
}

// escapeClause says which character escapes in patterns, whatever sql_mode is.
const escapeClause = " ESCAPE '|'"

// isTests maps the values of is to SQL.
var isTests = map[string]string{
	"null": "IS NULL", "not_null": "IS NOT NULL",
	"true": "IS TRUE", "false": "IS FALSE", "unknown": "IS UNKNOWN",
}

// builder writes the SQL of one request.
type builder struct {
	table    *catalog.Table
	args     []any
	compared []*catalog.Column // by a condition, each once
	binary   bool              // the statement will be prepared
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
	b := builder{table: t}
	list, err := b.selectList(q, named)
	if err != nil {
		return nil, err
	}
	b.binary = slices.ContainsFunc(list.columns, func(c catalog.Column) bool { return c.Type == "FLOAT" })
	where, err := b.where(q.Where)
	if err != nil {
		return nil, err
	}
	order, err := b.orderBy(q.Order)
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
	b := builder{table: t}
	where, err := b.where(q.Where)
	if err != nil {
		return nil, err
	}
	text := "SELECT COUNT(*)"
	for _, c := range b.compared {
		text += ", " + c.ProbeCount()
	}
	return &exec.Statement{
		Table: t.Name, Text: text + " FROM " + t.Quoted() + where, Args: b.args, Hidden: len(b.compared),
		Fits: func(columns []encode.Column) bool {
			return len(columns) == 1+len(b.compared) && areProbes(b.compared, columns[1:])
		},
	}, nil
}

// column finds a column by its name.
func (b *builder) column(at postgrest.Place, name string) (*catalog.Column, error) {
	if c := b.table.Column(name); c != nil {
		return c, nil
	}
	names := make([]string, len(b.table.Columns))
	for i, c := range b.table.Columns {
		names[i] = c.Name
	}
	return nil, at.Refuse(postgrest.CodeNoColumn, postgrest.Nearest(name, names), "the table has no column %q", name)
}

// where writes the WHERE clause. The order of conditions means nothing, so they
// are sorted: then requests that mean the same share a query.
func (b *builder) where(conditions []postgrest.Condition) (string, error) {
	if len(conditions) == 0 {
		return "", nil
	}
	parts := make([]clause, len(conditions))
	for i, c := range conditions {
		var err error
		if parts[i], err = b.condition(c); err != nil {
			return "", err
		}
	}
	slices.SortFunc(parts, func(x, y clause) int {
		if x.sql != y.sql {
			return strings.Compare(x.sql, y.sql)
		}
		return strings.Compare(fmt.Sprintf("%#v", x.args), fmt.Sprintf("%#v", y.args))
	})
	joined := join(parts, " AND ")
	b.args = append(b.args, joined.args...)
	return " WHERE " + joined.sql, nil
}

// clause is a piece of SQL with its arguments.
type clause struct {
	sql  string
	args []any
}

// join puts a word between clauses.
func join(clauses []clause, word string) clause {
	var (
		text strings.Builder // an in list may have thousands of values
		args []any
	)
	for i, c := range clauses {
		if i > 0 {
			text.WriteString(word)
		}
		text.WriteString(c.sql)
		args = append(args, c.args...)
	}
	return clause{text.String(), args}
}

// group is join in parentheses; of nothing it is what AND or OR of nothing is.
func group(clauses []clause, word string) clause {
	switch {
	case len(clauses) == 1:
		return clauses[0]
	case len(clauses) > 1:
		all := join(clauses, " "+word+" ")
		all.sql = "(" + all.sql + ")"
		return all
	case word == "AND":
		return clause{sql: "TRUE"}
	default:
		return clause{sql: "FALSE"}
	}
}

// condition writes one condition with everything in it.
func (b *builder) condition(c postgrest.Condition) (out clause, err error) {
	if c.Group != "" {
		parts := make([]clause, len(c.Inner))
		for i, inner := range c.Inner {
			if parts[i], err = b.condition(inner); err != nil {
				return out, err
			}
		}
		out = group(parts, strings.ToUpper(c.Group))
	} else if out, err = b.comparison(c); err != nil {
		return out, err
	}
	if c.Not {
		out.sql = "NOT (" + out.sql + ")"
	}
	return out, nil
}

// comparison writes a comparison, without its not.
func (b *builder) comparison(c postgrest.Condition) (clause, error) {
	col, err := b.column(c.Place, c.Column)
	if err != nil {
		return clause{}, err
	}
	switch {
	case c.Operator == "is":
		return isClause(c, col)
	case comparisons[c.Operator].pattern && !valueTypeOf(col.Type).isText:
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on the column %q of type %s, expected a character column",
			c.Operator, col.Name, col.Type)
	}
	if !slices.Contains(b.compared, col) {
		b.compared = append(b.compared, col)
	}
	operands := make([]operand, len(c.Values))
	for i, value := range c.Values {
		if comparisons[c.Operator].pattern {
			operands[i] = operand{sql: "?", arg: parsePattern(value)}
			continue
		}
		if operands[i], err = operandOf(col, c, value); err != nil {
			return clause{}, err
		}
		if b.binary && operands[i].sql == castTime {
			operands[i].sql = "?"
		}
	}
	if c.Operator == "in" {
		return inClause(col, operands), nil
	}
	parts := make([]clause, len(operands))
	for i, o := range operands {
		parts[i] = compare(col, c.Operator, o)
	}
	if c.Quantifier == "any" {
		return group(parts, "OR"), nil
	}
	return group(parts, "AND"), nil
}

// isClause writes is.null and its like.
func isClause(c postgrest.Condition, col *catalog.Column) (clause, error) {
	value := strings.ToLower(c.Values[0])
	test, known := isTests[value]
	switch {
	case !known:
		hint := ""
		if value == "not.null" {
			hint = "Write not.is.null, or is.not_null."
		}
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, hint, "unexpected %q, expected null, not_null, true, false or unknown", c.Values[0])
	case (value == "true" || value == "false") && !valueTypeOf(col.Type).isTruth:
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "is.%s on the column %q of type %s, expected a numeric column",
			value, col.Name, col.Type)
	}
	return clause{sql: exec.QuoteIdentifier(col.Name) + " " + test}, nil
}

// inClause writes IN. Values that no row can have are left out.
func inClause(col *catalog.Column, operands []operand) clause {
	if len(operands) == 0 {
		return clause{sql: "FALSE"}
	}
	name := exec.QuoteIdentifier(col.Name)
	var list, apart []clause
	for _, o := range operands {
		switch {
		case o.side != exact:
		case o.standsApart(col):
			apart = append(apart, compare(col, "eq", o))
		default:
			list = append(list, clause{o.sql, []any{o.arg}})
		}
	}
	if len(list) > 0 {
		in := join(list, ", ")
		in.sql = name + " IN (" + in.sql + ")"
		apart = append(apart, in)
	}
	if len(apart) == 0 {
		return clause{sql: name + " <> " + name}
	}
	return group(apart, "OR")
}

// compare writes one comparison with one value.
func compare(col *catalog.Column, name string, o operand) clause {
	op, left := comparisons[name], exec.QuoteIdentifier(col.Name)
	switch {
	case o.noIndex:
		left = "LOWER(" + left + ")"
	case o.isWide, op.pattern && col.IsComputed && col.Charset != "":
		left = "CONVERT(" + left + " USING utf8mb4)"
	}
	answer := op.ifAbove
	switch o.side {
	case belowAll:
		answer = op.ifBelow
	case justAbove, justBelow:
		next := op.justAbove
		if o.side == justBelow {
			next = op.justBelow
		}
		if next != "" {
			return compare(col, next, operand{sql: o.sql, arg: o.arg, noIndex: o.noIndex, isWide: o.isWide})
		}
	}
	switch {
	case o.side == exact:
		return clause{op.before + left + op.between + o.sql + op.after, []any{o.arg}}
	case name == "isdistinct": // also from NULL
		return clause{sql: "TRUE"}
	default:
		return clause{sql: left + " " + string(answer) + " " + left}
	}
}

// orderBy writes the ORDER BY clause. MySQL puts NULL first, or last if
// descending; only what differs needs a term of its own, which no index serves.
func (b *builder) orderBy(terms []postgrest.Term) (string, error) {
	var parts []string
	seen := map[string]bool{}
	for _, term := range terms {
		col, err := b.column(term.Place, term.Column)
		if err != nil {
			return "", err
		}
		name := exec.QuoteIdentifier(col.Name)
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
