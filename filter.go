package main

// This file turns a parsed request into SQL text and arguments. Rules: the text
// holds keywords, quoted identifiers and placeholders, nothing else; as many
// placeholders as arguments; and requests that mean the same have the same text.

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// operator says how a comparison is written.
type operator struct {
	before, between, after string // of column and value: before COLUMN between VALUE after
	quantified             bool   // takes (any) and (all)
	list                   bool   // takes (a,b)
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

var operators = map[string]operator{
	"eq":  {between: " = ", quantified: true, ifAbove: never, ifBelow: never},
	"neq": {between: " <> ", ifAbove: always, ifBelow: always},
	"gt":  {between: " > ", quantified: true, ifAbove: never, ifBelow: always, justAbove: "gt", justBelow: "gte"},
	"gte": {between: " >= ", quantified: true, ifAbove: never, ifBelow: always, justAbove: "gt", justBelow: "gte"},
	"lt":  {between: " < ", quantified: true, ifAbove: always, ifBelow: never, justAbove: "lte", justBelow: "lt"},
	"lte": {between: " <= ", quantified: true, ifAbove: always, ifBelow: never, justAbove: "lte", justBelow: "lt"},
	"like": {
		between: " LIKE ", after: " COLLATE utf8mb4_bin", quantified: true, pattern: true,
	},
	"ilike": {
		before: "LOWER(", between: ") LIKE LOWER(", after: ") COLLATE utf8mb4_bin", quantified: true, pattern: true,
	},
	"in":         {list: true},
	"is":         {},
	"isdistinct": {before: "NOT (", between: " <=> ", after: ")", ifAbove: always, ifBelow: always},
}

// operatorNames are the names of operators in their order.
func operatorNames() []string { return slices.Sorted(maps.Keys(operators)) }

// isTests maps the values of is to SQL.
var isTests = map[string]string{
	"null": "IS NULL", "not_null": "IS NOT NULL",
	"true": "IS TRUE", "false": "IS FALSE", "unknown": "IS UNKNOWN",
}

// statement is a query for the database, and how its rows are written.
type statement struct {
	text     string
	args     []any
	fields   []outputField // empty: the columns of the rows
	format   format
	expected []column // of the rows; empty: whatever there is
}

// expects reports whether rows with these columns are what was asked for.
func (s *statement) expects(columns []*sql.ColumnType) bool {
	if len(s.expected) == 0 {
		return true
	}
	return slices.EqualFunc(s.expected, columns, func(c column, t *sql.ColumnType) bool { return c.isSame(t) })
}

// key is the same for statements that give the same bytes.
func (s *statement) key() string {
	if len(s.args) == 0 && len(s.fields) == 0 && s.format == (format{}) {
		return s.text
	}
	return fmt.Sprintf("%s\x00%#v\x00%#v\x00%#v", s.text, s.args, s.fields, s.format)
}

// outputField is a member of the output.
type outputField struct {
	name   string
	isText bool // whatever the type, a string
}

// builder writes the SQL of one request.
type builder struct {
	table *table
	args  []any
}

// buildSelect writes the query for the rows of req.
func buildSelect(t *table, req *request) (*statement, *apiError) {
	b := builder{table: t}
	st := &statement{text: "*", expected: t.columns}
	if req.selectsSome() {
		if err := b.selectList(st, req.fields); err != nil {
			return nil, err
		}
	}
	where, err := b.where(req.where)
	if err != nil {
		return nil, err
	}
	order, err := b.orderBy(req.order)
	if err != nil {
		return nil, err
	}
	st.text = "SELECT " + st.text + " FROM " + t.quoted + where + order + b.limit(req.limit, req.offset)
	st.args = b.args
	return st, nil
}

// buildCount writes the query for the number of rows of req, without its limit.
func buildCount(t *table, req *request) (*statement, *apiError) {
	b := builder{table: t}
	where, err := b.where(req.where)
	return &statement{text: "SELECT COUNT(*) FROM " + t.quoted + where, args: b.args}, err
}

// selectList writes the columns into st, and how they are called in the output.
func (b *builder) selectList(st *statement, fields []field) *apiError {
	st.text, st.expected = "", nil
	starred := false
	for _, f := range fields {
		columns := b.table.columns
		switch {
		case f.column != "":
			c, err := b.column(f.place, f.column)
			if err != nil {
				return err
			}
			columns = []column{*c}
		case starred: // the same columns again
			continue
		default:
			starred = true
		}
		for _, c := range columns {
			if err := st.addColumn(f, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// addColumn adds c to the columns of st as f says. The same member twice, as in
// *,id, is one; two different ones of one name are refused.
func (s *statement) addColumn(f field, c column) *apiError {
	output := outputField{cmp.Or(f.name, c.name), f.isText}
	for i, before := range s.fields {
		if before.name == output.name {
			if before == output && s.expected[i].name == c.name {
				return nil
			}
			return f.refuse(codeSyntax, "Give one of them another name: other:column.", "two members called %q", output.name)
		}
	}
	if len(s.fields) > 0 {
		s.text += ", "
	}
	s.text += quoteIdentifier(c.name)
	s.fields = append(s.fields, output)
	s.expected = append(s.expected, c)
	return nil
}

// column finds a column by its name.
func (b *builder) column(at place, name string) (*column, *apiError) {
	if c := b.table.column(name); c != nil {
		return c, nil
	}
	names := make([]string, len(b.table.columns))
	for i, c := range b.table.columns {
		names[i] = c.name
	}
	return nil, at.refuse(codeNoColumn, nearest(name, names), "the table has no column %q", name)
}

// where writes the WHERE clause. The order of conditions means nothing, so they
// are sorted: then requests that mean the same share a query.
func (b *builder) where(conditions []condition) (string, *apiError) {
	if len(conditions) == 0 {
		return "", nil
	}
	parts := make([]clause, len(conditions))
	for i, c := range conditions {
		var err *apiError
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
func (b *builder) condition(c condition) (out clause, err *apiError) {
	if c.group != "" {
		parts := make([]clause, len(c.inner))
		for i, inner := range c.inner {
			if parts[i], err = b.condition(inner); err != nil {
				return out, err
			}
		}
		out = group(parts, strings.ToUpper(c.group))
	} else if out, err = b.comparison(c); err != nil {
		return out, err
	}
	if c.not {
		out.sql = "NOT (" + out.sql + ")"
	}
	return out, nil
}

// comparison writes a comparison, without its not.
func (b *builder) comparison(c condition) (clause, *apiError) {
	col, err := b.column(c.place, c.column)
	if err != nil {
		return clause{}, err
	}
	switch {
	case c.operator == "is":
		return isClause(c, col)
	case operators[c.operator].pattern && !col.takes.isText:
		return clause{}, c.valuesAt.refuse(codeSyntax, "", "%s on the column %q of type %s, expected a character column",
			c.operator, col.name, col.typeName)
	}
	operands := make([]operand, len(c.values))
	for i, value := range c.values {
		if operators[c.operator].pattern {
			value = strings.ReplaceAll(value, "*", "%")
		}
		if operands[i], err = col.operand(c, value); err != nil {
			return clause{}, err
		}
	}
	if c.operator == "in" {
		return inClause(col, operands), nil
	}
	parts := make([]clause, len(operands))
	for i, o := range operands {
		parts[i] = compare(col, c.operator, o)
	}
	if c.quantifier == "any" {
		return group(parts, "OR"), nil
	}
	return group(parts, "AND"), nil
}

// isClause writes is.null and its like.
func isClause(c condition, col *column) (clause, *apiError) {
	value := strings.ToLower(c.values[0])
	test, known := isTests[value]
	switch {
	case !known:
		return clause{}, c.valuesAt.refuse(codeSyntax, "", "unexpected %q, expected null, not_null, true, false or unknown", c.values[0])
	case (value == "true" || value == "false") && !col.takes.isTruth:
		return clause{}, c.valuesAt.refuse(codeSyntax, "", "is.%s on the column %q of type %s, expected a numeric column",
			value, col.name, col.typeName)
	}
	return clause{sql: quoteIdentifier(col.name) + " " + test}, nil
}

// inClause writes IN. Values that no row can have are left out. The zero date,
// which is a number, stands apart: in one list with texts MySQL would compare
// all of them as numbers.
func inClause(col *column, operands []operand) clause {
	if len(operands) == 0 {
		return clause{sql: "FALSE"}
	}
	name := quoteIdentifier(col.name)
	var list, apart []clause
	for _, o := range operands {
		switch {
		case o.side != exact:
		case o == zeroDate && col.hasDates():
			apart = []clause{compare(col, "eq", o)}
		case o.noIndex:
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
func compare(col *column, name string, o operand) clause {
	op, left := operators[name], quoteIdentifier(col.name)
	if o.noIndex {
		left = "LOWER(" + left + ")"
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
			return compare(col, next, operand{sql: o.sql, arg: o.arg})
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
func (b *builder) orderBy(terms []orderTerm) (string, *apiError) {
	var parts []string
	seen := map[string]bool{}
	for _, term := range terms {
		col, err := b.column(term.place, term.column)
		if err != nil {
			return "", err
		}
		name := quoteIdentifier(col.name)
		if seen[name] {
			continue // rows that differ in it are in order already
		}
		seen[name] = true
		switch {
		case term.nulls == "nullslast" && !term.descending:
			parts = append(parts, name+" IS NULL")
		case term.nulls == "nullsfirst" && term.descending:
			parts = append(parts, name+" IS NULL DESC")
		}
		if term.descending {
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

// selectAll returns the query for all rows of a table.
func selectAll(table string) string { return "SELECT * FROM " + quoteTable(table) }

// quoteTable writes the name of a table. The default stands as it is: this
// server's text is SELECT * FROM sample.
func quoteTable(name string) string {
	if name == "sample" {
		return name
	}
	return quoteIdentifier(name)
}

// quoteIdentifier quotes the name of a table or column (MySQL manual, 11.2).
func quoteIdentifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// nearest is the hint that names the candidate most like name, if one is.
func nearest(name string, candidates []string) string {
	const maxNameBytes = 64 * utf8.UTFMax // of identifiers in MySQL
	if len(name) > maxNameBytes {
		return "" // to compare it would be a lot of work for nothing
	}
	best, distance := "", max(2, utf8.RuneCountInString(name)/3)+1
	for _, candidate := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("Perhaps you meant %q.", best)
}

// editDistance is the number of characters to insert, remove or replace to turn
// a into b (Levenshtein).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(y)]
}
