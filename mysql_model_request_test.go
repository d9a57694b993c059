package main

// This file has the requests of the model: which relations there are between
// tables, a tree of what is asked for, and how it is written in a query string.
// mysql_model_draw_test.go draws such trees.

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// modelRelation leads from one table to another: by one foreign key, forward or
// back, or by two, back and then forward, of a junction.
type modelRelation struct {
	origin, target *modelTable
	back, forward  *modelKey
}

// relations are all relations of a table with listed tables.
func (s *modelSchema) relations(origin *modelTable) (all []modelRelation) {
	for _, t := range s.listed() {
		for _, key := range t.keys {
			if t == origin && !key.target.unlisted {
				all = append(all, modelRelation{origin: origin, target: key.target, forward: key})
			}
			if key.target == origin {
				all = append(all, modelRelation{origin: origin, target: t, back: key})
				all = append(all, s.beyond(key)...)
			}
		}
	}
	return all
}

// beyond are the relations through the junction that back belongs to, if its
// table is one.
func (s *modelSchema) beyond(back *modelKey) (all []modelRelation) {
	t := back.table
	for _, forward := range t.keys {
		both := slices.Concat(back.columns, forward.columns)
		isJunction := slices.ContainsFunc(append([][]string{t.primary}, t.uniques...), func(key []string) bool { return containsAll(key, both) })
		if forward != back && isJunction && !forward.target.unlisted {
			all = append(all, modelRelation{origin: back.target, target: forward.target, back: back, forward: forward})
		}
	}
	return all
}

// isSelf says that a table is related with itself.
func (r modelRelation) isSelf() bool { return r.origin == r.target }

// isToOne says that each row has at most one.
func (r modelRelation) isToOne() bool {
	return r.back == nil || r.forward == nil && r.back.table.isUnique(r.back.columns)
}

// cardinality is the relation's kind as errors call it.
func (r modelRelation) cardinality() string {
	switch {
	case r.back != nil && r.forward != nil:
		return "many-to-many"
	case r.back != nil && r.isToOne(), r.back == nil && r.forward.table.isUnique(r.forward.columns):
		return "one-to-one"
	case r.back != nil:
		return "one-to-many"
	default:
		return "many-to-one"
	}
}

// isCalled says whether target!hint, or target without a hint, is a name of r.
func (r modelRelation) isCalled(target, hint string) bool {
	key, isJunction := r.forward, r.back != nil && r.forward != nil // of a junction: the key that leads on
	if key == nil {
		key = r.back
	}
	column := ""
	if len(key.columns) == 1 {
		column = key.columns[0]
	}
	isParent := r.isSelf() && r.back == nil // which has no name but the key's
	switch {
	case hint == "" && isJunction:
		return target == r.target.name
	case hint == "":
		return target == r.target.name && !isParent || target == key.name && !(r.isSelf() && !isParent) || target == column && r.back == nil
	case isJunction:
		return target == r.target.name && (hint == r.back.table.name || hint == key.name || hint == column)
	default:
		return target == r.target.name && !isParent && (hint == key.name || hint == column)
	}
}

// called are the relations of a table that target!hint may mean.
func (s *modelSchema) called(origin *modelTable, target, hint string) []modelRelation {
	return slices.DeleteFunc(s.relations(origin), func(r modelRelation) bool { return !r.isCalled(target, hint) })
}

// modelNode is what is asked of one table.
type modelNode struct {
	table     *modelTable
	items     []*modelItem
	where     []*modelCond // all of them hold; each is a parameter
	order     []*modelTerm
	isOrdered bool // no two rows are equal in order
	limit     int  // none if negative
	offset    int  // none if 0
}

// modelItem is a member of select: one of column, agg and embed at least.
type modelItem struct {
	alias   string
	column  string // "*" for all
	cast    bool   // ::text
	agg     string // count, sum, ...
	aggCast bool
	embed   *modelEmbed
}

// modelEmbed is a related table.
type modelEmbed struct {
	relation     modelRelation
	alias        string
	target, hint string
	join         string // "", "inner" or "left"
	spread       bool
	node         *modelNode
}

// modelCond is a filter, or a group if op is and or or. A filter of embed asks
// whether it has rows: is.null, not.is.null.
type modelCond struct {
	op     string
	not    bool
	of     []*modelCond
	column string
	values []modelValue
	embed  *modelEmbed
}

// modelTerm is a member of order, of a column of the table or of embed's.
type modelTerm struct {
	embed  *modelEmbed
	column string
	desc   bool
	nulls  string // "", nullsfirst or nullslast
}

// name is what the embed is called, in the result and in parameters.
func (e *modelEmbed) name() string {
	if e.alias != "" {
		return e.alias
	}
	return e.target
}

// embeds are the embeds of a node itself.
func (n *modelNode) embeds() (all []*modelEmbed) {
	for _, item := range n.items {
		if item.embed != nil {
			all = append(all, item.embed)
		}
	}
	return all
}

// isEmpty says that an item is target(), which is no member.
func (i *modelItem) isEmpty() bool { return i.embed != nil && len(i.embed.node.items) == 0 }

// modelPlainName is a name that never needs quotes.
var modelPlainName = regexp.MustCompile(`^[\pL_][\pL\d_]*$`)

// modelName writes a name in a query string.
func modelName(name string) string {
	reserved := []string{"select", "order", "limit", "offset", "and", "or", "not", "columns", "on_conflict"}
	if modelPlainName.MatchString(name) && !slices.Contains(reserved, name) {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// query writes the whole request.
func (n *modelNode) query() string {
	var b modelQuery
	if text := n.selected(); text != "" {
		b.add("select", text)
	}
	b.node("", n)
	return strings.Join(b, "&")
}

// modelQuery has the parameters, encoded.
type modelQuery []string

// add adds one.
func (q *modelQuery) add(name, value string) {
	*q = append(*q, url.QueryEscape(name)+"="+url.QueryEscape(value))
}

// node adds all parameters of a node but select; path ends in a dot.
func (q *modelQuery) node(path string, n *modelNode) {
	for _, c := range n.where {
		name, value := c.parameter()
		q.add(path+name, value)
	}
	if len(n.order) > 0 {
		terms := make([]string, len(n.order))
		for i, term := range n.order {
			terms[i] = term.String()
		}
		q.add(path+"order", strings.Join(terms, ","))
	}
	if n.limit >= 0 {
		q.add(path+"limit", strconv.Itoa(n.limit))
	}
	if n.offset > 0 {
		q.add(path+"offset", strconv.Itoa(n.offset))
	}
	for _, e := range n.embeds() {
		q.node(path+modelName(e.name())+".", e.node)
	}
}

// selected writes what stands in select.
func (n *modelNode) selected() string {
	items := make([]string, len(n.items))
	for i, item := range n.items {
		items[i] = item.String()
	}
	return strings.Join(items, ",")
}

// String writes the item.
func (i *modelItem) String() string {
	if i.embed != nil {
		return i.embed.String()
	}
	var b strings.Builder
	if i.alias != "" {
		b.WriteString(modelName(i.alias) + ":")
	}
	if i.column == "*" {
		return "*"
	}
	if i.column != "" {
		b.WriteString(modelName(i.column))
	}
	if i.cast {
		b.WriteString("::text")
	}
	if i.agg != "" {
		if i.column != "" {
			b.WriteString(".")
		}
		b.WriteString(i.agg + "()")
	}
	if i.aggCast {
		b.WriteString("::text")
	}
	return b.String()
}

// String writes the embed with all that is in it.
func (e *modelEmbed) String() string {
	var b strings.Builder
	if e.spread {
		b.WriteString("...")
	}
	if e.alias != "" {
		b.WriteString(modelName(e.alias) + ":")
	}
	b.WriteString(modelName(e.target))
	for _, part := range []string{e.hint, e.join} {
		if part != "" {
			b.WriteString("!" + modelName(part))
		}
	}
	return b.String() + "(" + e.node.selected() + ")"
}

// String writes the term.
func (t *modelTerm) String() string {
	text := modelName(t.column)
	if t.embed != nil {
		text = modelName(t.embed.name()) + "(" + text + ")"
	}
	if t.desc {
		text += ".desc"
	}
	if t.nulls != "" {
		text += "." + t.nulls
	}
	return text
}

// parameter writes the condition as a parameter of its own.
func (c *modelCond) parameter() (name, value string) {
	not := ""
	if c.not {
		not = "not."
	}
	if c.of != nil {
		return not + c.op, c.group()
	}
	return c.subject(), not + c.operation(false)
}

// subject is the name of the column, or of the embed.
func (c *modelCond) subject() string {
	if c.embed != nil {
		return modelName(c.embed.name())
	}
	return modelName(c.column)
}

// group writes the members of a group.
func (c *modelCond) group() string {
	members := make([]string, len(c.of))
	for i, member := range c.of {
		name, value := member.parameter()
		switch {
		case member.of != nil:
			members[i] = name + value
		case member.not:
			members[i] = name + ".not." + member.operation(true)
		default:
			members[i] = name + "." + member.operation(true)
		}
	}
	return "(" + strings.Join(members, ",") + ")"
}

// operation writes operator and value. A value within a group or a list stands
// in quotes.
func (c *modelCond) operation(quoted bool) string {
	switch c.op {
	case "is.null", "is.not_null":
		return c.op
	case "in":
		values := make([]string, len(c.values))
		for i, v := range c.values {
			values[i] = v.quoted()
		}
		return "in.(" + strings.Join(values, ",") + ")"
	}
	if quoted {
		return c.op + "." + c.values[0].quoted()
	}
	return c.op + "." + c.values[0].text
}

// quoted writes a value with quotes.
func (v modelValue) quoted() string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.text) + `"`
}
