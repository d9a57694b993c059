package main

// This file draws the requests of the model. What docs/querying.md leaves open is
// not drawn: pages of rows in no order, offsets within inner embeds.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The bounds of a request.
const (
	modelMaxDepth  = 5
	modelMaxEmbeds = 20
)

// modelDraw draws one request.
type modelDraw struct {
	*modelSchema
	embeds int // drawn so far
	nulls  int // aliases that were needed
}

// modelRole is what a node is for.
type modelRole struct {
	depth   int             // 0 for the table that is read
	names   map[string]bool // of members of the same object
	isPart  bool            // of another object: a spread
	isOne   bool            // no list
	isInner bool
	grouped bool // a to-one spread in a node with aggregates
}

// request draws a request for one of the tables that are served.
func (s *modelSchema) request() *modelNode {
	listed := s.listed()
	d := &modelDraw{modelSchema: s}
	return d.node(listed[s.random.IntN(len(listed))], modelRole{names: map[string]bool{}})
}

// node draws what is asked of a table.
func (d *modelDraw) node(t *modelTable, role modelRole) *modelNode {
	n := &modelNode{table: t, limit: -1}
	isGrouped := role.grouped || !role.isPart && !role.isOne && d.chance(6)
	switch {
	case isGrouped:
		d.groupItems(n, role)
	case d.chance(4) && !role.isPart && role.depth == 0:
		d.star(n, role) // may be the whole select, left out
	default:
		d.plainItems(n, role)
	}
	d.filters(n)
	if isGrouped && !role.grouped {
		d.orderGroups(n)
	}
	if !isGrouped && !role.isOne {
		d.order(n, role.isPart)
	}
	if !role.isOne {
		d.page(n, role.isInner)
	}
	return n
}

// star asks for all columns, or for one if the names are not free.
func (d *modelDraw) star(n *modelNode, role modelRole) {
	for _, c := range n.table.columns {
		if role.names[c.name] {
			d.columnItems(n, role, 1)
			return
		}
	}
	for _, c := range n.table.columns {
		role.names[c.name] = true
	}
	n.items = append(n.items, &modelItem{column: "*"})
}

// alias is a name for a member that is called name: "" if that is free.
func (d *modelDraw) alias(name string, role modelRole, rarely int) string {
	alias := ""
	if role.names[name] || d.chance(rarely) {
		d.nulls++
		alias = fmt.Sprintf("%s%d", []string{"x", "odd ", "a.", "Ü"}[d.random.IntN(4)], d.nulls)
	}
	role.names[cmp.Or(alias, name)] = true
	return alias
}

// anyColumn is a random column.
func (d *modelDraw) anyColumn(t *modelTable) *modelColumn {
	return t.columns[d.random.IntN(len(t.columns))]
}

// columnItems draws columns, some of them as text.
func (d *modelDraw) columnItems(n *modelNode, role modelRole, count int) {
	for range count {
		c := d.anyColumn(n.table)
		n.items = append(n.items, &modelItem{column: c.name, cast: d.chance(8), alias: d.alias(c.name, role, 5)})
	}
}

// plainItems draws columns and embeds.
func (d *modelDraw) plainItems(n *modelNode, role modelRole) {
	if d.chance(5) {
		d.star(n, role)
	} else {
		d.columnItems(n, role, 1+d.random.IntN(3))
	}
	relations := d.relations(n.table)
	for range d.random.IntN(4) {
		if len(relations) > 0 && d.embeds < modelMaxEmbeds && role.depth < modelMaxDepth {
			d.embed(n, role, relations[d.random.IntN(len(relations))])
		}
	}
	d.random.Shuffle(len(n.items), func(i, j int) { n.items[i], n.items[j] = n.items[j], n.items[i] })
}

// groupItems draws columns to group by, aggregates, and to-one embeds. A to-one
// spread gets aggregates of its own, or none.
func (d *modelDraw) groupItems(n *modelNode, role modelRole) {
	d.columnItems(n, role, d.random.IntN(3))
	for range 1 + d.random.IntN(3) {
		n.items = append(n.items, d.aggregate(n.table, role))
	}
	for _, relation := range d.relations(n.table) {
		if relation.isToOne() && d.embeds < modelMaxEmbeds && role.depth < 2 && d.chance(3) {
			d.groupEmbed(n, role, relation)
		}
	}
}

// aggregate draws one that the type of its column has.
func (d *modelDraw) aggregate(t *modelTable, role modelRole) *modelItem {
	if !role.isPart && d.chance(4) {
		return &modelItem{agg: "count", alias: d.alias("count", role, 4), aggCast: d.chance(6)}
	}
	c := d.anyColumn(t)
	functions := []string{"count", "min", "max", "sum", "avg"}
	if !c.kind.isNumber {
		functions = functions[:3]
	}
	item := &modelItem{column: c.name, agg: functions[d.random.IntN(len(functions))]}
	item.aggCast = item.agg != "avg" && d.chance(6)
	item.cast = item.agg == "count" && d.chance(6)
	item.alias = d.alias(item.agg, role, 4)
	return item
}

// groupEmbed draws a to-one embed that is grouped by, or a spread with
// aggregates.
func (d *modelDraw) groupEmbed(n *modelNode, role modelRole, relation modelRelation) {
	e := d.named(n, relation)
	if e == nil || e.alias == "" && role.names[e.target] {
		return
	}
	e.join = []string{"", "", "inner", "left"}[d.random.IntN(4)]
	if e.spread = e.alias == "" && d.chance(2); e.spread {
		e.node = d.node(relation.target, modelRole{depth: role.depth + 1, names: role.names, isPart: true, isOne: true, grouped: true})
	} else {
		role.names[e.name()] = true
		e.node = &modelNode{table: relation.target, limit: -1}
		d.columnItems(e.node, modelRole{names: map[string]bool{}}, 1+d.random.IntN(2))
	}
	n.items = append(n.items, &modelItem{embed: e})
}

// named finds a name for an embed that means this relation and no other, and
// that no embed of n has.
func (d *modelDraw) named(n *modelNode, relation modelRelation) *modelEmbed {
	e := &modelEmbed{relation: relation}
	for _, i := range d.random.Perm(len(relation.names())) {
		name := relation.names()[i]
		if len(d.called(n.table, name[0], name[1])) != 1 {
			continue
		}
		e.target, e.hint = name[0], name[1]
		isTaken := slices.ContainsFunc(n.embeds(), func(other *modelEmbed) bool { return other.name() == e.target })
		if isTaken || d.chance(3) {
			d.nulls++
			e.alias = fmt.Sprintf("%s%d", []string{"e", "the other ", "x.y"}[d.random.IntN(3)], d.nulls)
		}
		d.embeds++
		return e
	}
	return nil
}

// names are pairs of target and hint that may mean r.
func (r modelRelation) names() [][2]string {
	names := [][2]string{{r.target.name, ""}}
	if r.back != nil && r.forward != nil {
		return append(names, [2]string{r.target.name, r.back.table.name})
	}
	for _, key := range []*modelKey{r.back, r.forward} {
		if key == nil {
			continue
		}
		names = append(names, [2]string{key.name, ""}, [2]string{r.target.name, key.name})
		if len(key.columns) == 1 {
			names = append(names, [2]string{key.columns[0], ""}, [2]string{r.target.name, key.columns[0]})
		}
	}
	return slices.DeleteFunc(names, func(name [2]string) bool { return !r.isCalled(name[0], name[1]) })
}

// embed draws an embed of any kind.
func (d *modelDraw) embed(n *modelNode, role modelRole, relation modelRelation) {
	e := d.named(n, relation)
	if e == nil {
		return
	}
	e.join = []string{"", "", "", "inner", "left"}[d.random.IntN(5)]
	isOne := relation.isToOne()
	inside := modelRole{depth: role.depth + 1, names: map[string]bool{}, isOne: isOne, isInner: e.join == "inner"}
	switch {
	case e.alias == "" && (isOne || relation.target.primary != nil) && d.chance(4):
		e.spread, inside.names, inside.isPart = true, role.names, true
	case d.chance(8) && e.target != "count": // target(); count() would be an aggregate
		e.node = &modelNode{table: relation.target, limit: -1}
		d.filters(e.node)
		n.items = append(n.items, &modelItem{embed: e})
		return
	case role.names[e.name()]:
		return
	}
	if !e.spread {
		role.names[e.name()] = true
	}
	e.node = d.node(relation.target, inside)
	n.items = append(n.items, &modelItem{embed: e})
}

// filters draws up to two conditions.
func (d *modelDraw) filters(n *modelNode) {
	for range max(0, d.random.IntN(4)-1) {
		n.where = append(n.where, d.cond(n, 0))
	}
}

// cond draws a condition, or a group of them.
func (d *modelDraw) cond(n *modelNode, depth int) *modelCond {
	c := &modelCond{not: d.chance(4)}
	if depth < 3 && d.chance(4) {
		c.op = []string{"and", "or"}[d.random.IntN(2)]
		for range 1 + d.random.IntN(3) {
			c.of = append(c.of, d.cond(n, depth+1))
		}
		return c
	}
	if embeds := d.nullable(n); len(embeds) > 0 && d.chance(3) {
		c.op, c.embed = "is.null", embeds[d.random.IntN(len(embeds))]
		return c
	}
	column := d.anyColumn(n.table)
	c.column = column.name
	c.op = []string{"eq", "neq", "lt", "lte", "gt", "gte", "in", "isdistinct", "is.null", "is.not_null"}[d.random.IntN(10)]
	for range 3 {
		c.values = append(c.values, d.value(n.table, column))
	}
	if slices.ContainsFunc(n.embeds(), func(e *modelEmbed) bool { return e.name() == column.name }) && strings.HasPrefix(c.op, "is.") {
		c.op = "eq" // whether there is an embed, or a column is NULL, would be the question
	}
	switch c.op {
	case "is.null", "is.not_null":
		c.values = nil
	case "in":
		c.values = c.values[:d.random.IntN(4)]
	default:
		c.values = c.values[:1]
	}
	return c
}

// nullable are the embeds that a filter may ask for rows: those whose name is no
// column's, and whose page has rows if there are any.
func (d *modelDraw) nullable(n *modelNode) []*modelEmbed {
	return slices.DeleteFunc(n.embeds(), func(e *modelEmbed) bool {
		isColumn := slices.ContainsFunc(n.table.columns, func(c *modelColumn) bool { return c.name == e.name() })
		return isColumn || e.node.limit == 0 || e.node.offset > 0
	})
}

// value draws a value of a column's type: one that is there, or any.
func (d *modelDraw) value(t *modelTable, c *modelColumn) modelValue {
	if len(t.rows) > 0 && !d.chance(4) {
		if v := t.rows[d.random.IntN(len(t.rows))][c.name]; !v.isNull {
			return v
		}
	}
	return c.kind.of(c.kind.value(d.random.IntN(10)))
}

// term makes a term of order.
func (d *modelDraw) term(e *modelEmbed, column string) *modelTerm {
	return &modelTerm{embed: e, column: column, desc: d.chance(2), nulls: []string{"", "", "nullsfirst", "nullslast"}[d.random.IntN(4)]}
}

// order draws an order of rows, which has the primary key at its end if the
// order must be known, and mostly.
func (d *modelDraw) order(n *modelNode, must bool) {
	for range d.random.IntN(3) {
		n.order = append(n.order, d.term(nil, d.anyColumn(n.table).name))
	}
	for _, e := range n.embeds() {
		if e.relation.isToOne() && d.chance(3) {
			n.order = append(n.order, d.term(e, d.anyColumn(e.node.table).name))
		}
	}
	if n.table.primary == nil || !must && d.chance(5) {
		return
	}
	for _, name := range n.table.primary {
		n.order = append(n.order, d.term(nil, name))
	}
	n.isOrdered = true
}

// orderGroups orders by all columns that are grouped by.
func (d *modelDraw) orderGroups(n *modelNode) {
	n.isOrdered = true
	d.orderColumns(n, n, nil)
}

// orderColumns adds the columns of a node, or of a spread, to n's order.
func (d *modelDraw) orderColumns(n, of *modelNode, e *modelEmbed) {
	for _, item := range of.items {
		switch {
		case item.agg != "":
		case item.embed == nil:
			n.order = append(n.order, d.term(e, item.column))
		case item.embed.spread && e == nil:
			d.orderColumns(n, item.embed.node, item.embed)
		default:
			n.isOrdered = false
		}
	}
}

// page draws limit and offset, where the order is known. Of an inner embed there
// is one row at least, if there is one at all.
func (d *modelDraw) page(n *modelNode, isInner bool) {
	if !n.isOrdered {
		return
	}
	if d.chance(3) {
		n.limit = d.random.IntN(6)
	}
	switch {
	case isInner && n.limit == 0:
		n.limit = 1
	case !isInner && d.chance(6):
		n.offset = d.random.IntN(4)
	}
}
