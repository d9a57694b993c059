package plan

// This file writes conditions. Rule: comparing is exact, in whatever type.

import (
	"fmt"
	"slices"
	"strings"

	"readapi/internal/catalog"
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

// where writes the WHERE clause. The order of conditions means nothing, so they
// are sorted: then requests that mean the same share a query.
func (b *builder) where(s *scope, conditions []postgrest.Condition) (string, error) {
	all, err := b.all(s, conditions)
	if err != nil || all.sql == "" {
		return "", err
	}
	b.args = append(b.args, all.args...)
	return " WHERE " + all.sql, nil
}

// all writes conditions that must all hold; of none it is nothing.
func (b *builder) all(s *scope, conditions []postgrest.Condition) (clause, error) {
	parts := make([]clause, len(conditions))
	for i, c := range conditions {
		var err error
		if parts[i], err = b.condition(s, c); err != nil {
			return clause{}, err
		}
	}
	for _, child := range s.children {
		if !child.embed.Inner {
			continue
		}
		there, err := b.isThere(s, child)
		if err != nil {
			return clause{}, err
		}
		parts = append(parts, there)
	}
	slices.SortFunc(parts, func(x, y clause) int {
		if x.sql != y.sql {
			return strings.Compare(x.sql, y.sql)
		}
		return strings.Compare(fmt.Sprintf("%#v", x.args), fmt.Sprintf("%#v", y.args))
	})
	return join(parts, " AND "), nil
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
func (b *builder) condition(s *scope, c postgrest.Condition) (out clause, err error) {
	if c.Not {
		b.nots++
		defer func() { b.nots-- }()
	}
	if c.Group != "" {
		parts := make([]clause, len(c.Inner))
		for i, inner := range c.Inner {
			if parts[i], err = b.condition(s, inner); err != nil {
				return out, err
			}
		}
		out = group(parts, strings.ToUpper(c.Group))
	} else if out, err = b.comparison(s, c); err != nil {
		return out, err
	}
	if c.Not {
		out.sql = "NOT (" + out.sql + ")"
	}
	return out, nil
}

// comparison writes a comparison, without its not.
func (b *builder) comparison(s *scope, c postgrest.Condition) (clause, error) {
	if child := s.child(c.Column); child != nil && len(c.Path.Steps) == 0 && (isNullTest(c) || s.table.Column(c.Column) == nil) {
		return b.isNull(s, child, c)
	}
	left, err := s.subject(c.Place, c.Column, c.Path)
	if err != nil {
		return clause{}, err
	}
	if left.isPath() {
		b.note(s, left.source)
	}
	if c.Operator == "is" {
		return isClause(c, left)
	}
	compare, err := b.comparer(s, c, left)
	if err != nil {
		return clause{}, err
	}
	b.note(s, left.source)
	if compare == nil {
		return b.compareAll(c, left)
	}
	parts := make([]clause, len(c.Values))
	for i, value := range c.Values {
		if parts[i], err = compare(value); err != nil {
			return clause{}, err
		}
	}
	if c.Operator == "in" || c.Quantifier == "any" {
		return group(parts, "OR"), nil
	}
	return group(parts, "AND"), nil
}

// comparer returns what writes a comparison of left with one value where that is
// not a matter of its type alone, and nil where it is.
func (b *builder) comparer(s *scope, c postgrest.Condition, left subject) (func(value string) (clause, error), error) {
	switch c.Operator {
	case "match", "imatch":
		return b.patternComparer(s, c, left)
	case "fts", "plfts", "phfts", "wfts":
		return b.fullTextComparer(s, c, left)
	case "cs", "cd":
		return jsonComparer(s, c, left)
	}
	if left.column.IsJSON {
		return jsonComparer(s, c, left)
	}
	return nil, nil
}

// compareAll writes a comparison with values of the type that left has.
func (b *builder) compareAll(c postgrest.Condition, left subject) (clause, error) {
	operands, err := b.operands(c, left.column)
	if err != nil {
		return clause{}, err
	}
	if left.isPath() && !comparisons[c.Operator].pattern {
		left = left.asBytes()
	}
	if c.Operator == "in" {
		return inClause(left, operands), nil
	}
	parts := make([]clause, len(operands))
	for i, o := range operands {
		parts[i] = compare(left, c.Operator, o)
	}
	if c.Quantifier == "any" {
		return group(parts, "OR"), nil
	}
	return group(parts, "AND"), nil
}

// operands checks the values that c compares a column with.
func (b *builder) operands(c postgrest.Condition, col *catalog.Column) (operands []operand, err error) {
	if comparisons[c.Operator].pattern && !valueTypeOf(col.Type).isText {
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on the column %q of type %s, expected a character column",
			c.Operator, col.Name, col.Type)
	}
	operands = make([]operand, len(c.Values))
	for i, value := range c.Values {
		if comparisons[c.Operator].pattern {
			operands[i] = operand{sql: "?", arg: parsePattern(value)}
			continue
		}
		if operands[i], err = operandOf(col, c, value); err != nil {
			return nil, err
		}
		if b.binary && operands[i].sql == castTime {
			operands[i].sql = "?"
		}
	}
	return operands, nil
}

// isClause writes is.null and its like.
func isClause(c postgrest.Condition, left subject) (clause, error) {
	value := strings.ToLower(c.Values[0])
	test, known := isTests[value]
	switch {
	case !known:
		hint := ""
		if value == "not.null" {
			hint = "Write not.is.null, or is.not_null."
		}
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, hint, "unexpected %q, expected null, not_null, true, false or unknown", c.Values[0])
	case (value == "true" || value == "false") && !valueTypeOf(left.column.Type).isTruth:
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "is.%s on the column %q of type %s, expected a numeric column",
			value, left.column.Name, left.column.Type)
	}
	return clause{left.sql + " " + test, left.args}, nil
}

// inClause writes IN. Values that no row can have are left out.
func inClause(left subject, operands []operand) clause {
	if len(operands) == 0 {
		return clause{sql: "FALSE"}
	}
	var list, apart []clause
	for _, o := range operands {
		switch {
		case o.side != exact:
		case o.standsApart(left.column):
			apart = append(apart, compare(left, "eq", o))
		default:
			list = append(list, clause{o.sql, []any{o.arg}})
		}
	}
	if len(list) > 0 {
		in := join(list, ", ")
		apart = append(apart, clause{left.sql + " IN (" + in.sql + ")", slices.Concat(left.args, in.args)})
	}
	if len(apart) == 0 {
		return left.sameForAll(never)
	}
	return group(apart, "OR")
}

// sameForAll is a comparison that is the same for all rows with a value.
func (left subject) sameForAll(t truth) clause {
	return clause{left.sql + " " + string(t) + " " + left.sql, slices.Concat(left.args, left.args)}
}

// compare writes one comparison with one value.
func compare(left subject, name string, o operand) clause {
	op := comparisons[name]
	switch {
	case o.noIndex:
		left.sql = "LOWER(" + left.sql + ")"
	case o.isWide, op.pattern && left.column.IsComputed && left.column.Charset != "":
		left.sql = "CONVERT(" + left.sql + " USING utf8mb4)"
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
			return compare(left, next, operand{sql: o.sql, arg: o.arg})
		}
	}
	switch {
	case o.side == exact:
		return clause{op.before + left.sql + op.between + o.sql + op.after, append(slices.Clone(left.args), o.arg)}
	case name == "isdistinct": // also from NULL
		return clause{sql: "TRUE"}
	default:
		return left.sameForAll(answer)
	}
}
