package plan

// This file writes aggregates. Rule: their results are exact: what is no number is
// not summed, though MySQL would.

import (
	"strings"

	"readapi/internal/encode"
	"readapi/internal/postgrest"
)

// addAggregate adds an aggregate of n's rows.
func (l *memberList) addAggregate(n *node, f postgrest.Field) error {
	if l.known.NoAggregates {
		return f.Refuse(postgrest.CodeNoAggregates, "The server's operator has switched them off: AGGREGATES.",
			"Use of aggregate functions is not allowed")
	}
	o, typeName, err := l.aggregate(n, f)
	if err != nil {
		return err
	}
	return l.addValue(f, encode.Field{Name: f.MemberName(), Type: typeName, AsText: f.AggregateAsText}, o)
}

// aggregate writes f, and says which type its values have.
func (l *memberList) aggregate(n *node, f postgrest.Field) (o output, typeName string, err error) {
	if f.Column == "" {
		return output{clause: clause{sql: l.countRows()}}, "BIGINT", nil
	}
	what, err := n.subject(f.Place, f.Column, f.Path)
	if err != nil {
		return o, "", err
	}
	l.note(&n.scope, n.table.Column(f.Column))
	c, numeric := what.column, strings.TrimPrefix(what.column.Type, "UNSIGNED ")
	isNumber := valueTypeOf(c.Type).isTruth
	switch f.Aggregate {
	case "count":
		typeName = "BIGINT"
	case "sum", "avg":
		if !isNumber || f.AsText {
			return o, "", f.Refuse(postgrest.CodeSyntax, "", "%s of the column %q of type %s, expected a numeric column",
				f.Aggregate, c.Name, describeType(what, f))
		}
		typeName = "DECIMAL"
		if numeric == "FLOAT" || numeric == "DOUBLE" {
			typeName = "DOUBLE"
		}
	default:
		if valueTypeOf(c.Type).parse == nil || c.IsJSON || f.AsText {
			return o, "", f.Refuse(postgrest.CodeSyntax, "", "%s of the column %q of type %s, expected one whose values have an order",
				f.Aggregate, c.Name, describeType(what, f))
		}
		if typeName = c.Type; c.Type == "BIT" { // MySQL makes a number of it
			what.sql, typeName = what.sql+" + 0", "UNSIGNED BIGINT"
		}
	}
	return output{clause: clause{strings.ToUpper(f.Aggregate) + "(" + what.sql + ")", what.args}}, typeName, nil
}

// describeType is the type of what f takes.
func describeType(what subject, f postgrest.Field) string {
	switch {
	case f.AsText:
		return "text"
	case what.column.IsJSON:
		return "JSON"
	default:
		return what.column.Type
	}
}

// countRows counts the rows of a group. Where there are no rows of a related table
// there is one without values.
func (l *memberList) countRows() string {
	if n := l.branch.node; n.relation != nil {
		return "COUNT(" + n.column0() + ")"
	}
	return "COUNT(*)"
}
