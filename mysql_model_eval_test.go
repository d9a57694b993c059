package main

// This file answers the requests of the model in plain Go, over the rows of the
// schema: what docs/querying.md says, the slow and obvious way.

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// A result is nil, a string, a json.Number, modelMean, modelObject or
// modelArray.
type (
	// modelObject has its members in order.
	modelObject []modelMember
	modelMember struct {
		name  string
		value any
	}
	// modelArray may have its elements in any order, if it is not ordered.
	modelArray struct {
		elems   []any
		ordered bool
	}
	// modelMean is an average, of which a server gives the first digits.
	modelMean struct{ *big.Rat }
)

// of are the rows that row is related with.
func (r modelRelation) of(row modelRow) (related []modelRow) {
	from := []modelRow{row}
	if r.back != nil {
		from = r.back.backward(row)
	}
	if r.forward == nil {
		return from
	}
	for _, row := range from {
		related = append(related, r.forward.follow(row)...)
	}
	return related
}

// follow is the row that row refers to, if any.
func (k *modelKey) follow(row modelRow) (found []modelRow) {
	for _, to := range k.target.rows {
		if k.joins(row, to) {
			found = append(found, to)
		}
	}
	return found
}

// backward are the rows that refer to row.
func (k *modelKey) backward(row modelRow) (found []modelRow) {
	for _, from := range k.table.rows {
		if k.joins(from, row) {
			found = append(found, from)
		}
	}
	return found
}

// joins says whether a row refers to another one.
func (k *modelKey) joins(from, to modelRow) bool {
	for i, column := range k.columns {
		a, b := from[column], to[k.referenced[i]]
		if a.isNull || b.isNull || a.text != b.text {
			return false
		}
	}
	return true
}

// compare orders two values of one type, NULL first.
func (v modelValue) compare(w modelValue) int {
	switch {
	case v.isNull || w.isNull:
		return cmp.Compare(truth(w.isNull), truth(v.isNull))
	case v.num != nil:
		return v.num.Cmp(w.num)
	default:
		return strings.Compare(v.text, w.text)
	}
}

// truth is 1 for true.
func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// modelTruth is a truth of SQL.
type modelTruth int

const (
	modelFalse modelTruth = iota
	modelUnknown
	modelTrue
)

// modelTruthOf is true or false.
func modelTruthOf(b bool) modelTruth { return modelTruth(2 * truth(b)) }

// holds says whether a row satisfies the condition.
func (c *modelCond) holds(row modelRow) modelTruth {
	result := c.bare(row)
	if c.not {
		return modelTrue - result
	}
	return result
}

// bare is holds without c.not.
func (c *modelCond) bare(row modelRow) modelTruth {
	switch {
	case c.op == "and" || c.op == "or":
		truths := make([]modelTruth, len(c.of))
		for i, member := range c.of {
			truths[i] = member.holds(row)
		}
		if c.op == "and" {
			return slices.Min(truths)
		}
		return slices.Max(truths)
	case c.embed != nil:
		return modelTruthOf(len(c.embed.found(row)) == 0)
	default:
		return c.compares(row[c.column])
	}
}

// compares is the condition on one value.
func (c *modelCond) compares(v modelValue) modelTruth {
	switch c.op {
	case "is.null":
		return modelTruthOf(v.isNull)
	case "is.not_null":
		return modelTruthOf(!v.isNull)
	case "isdistinct":
		return modelTruthOf(v.isNull || v.compare(c.values[0]) != 0)
	}
	if c.op == "in" && len(c.values) == 0 {
		return modelFalse
	}
	if v.isNull {
		return modelUnknown
	}
	return modelTruthOf(slices.ContainsFunc(c.values, func(w modelValue) bool {
		order := v.compare(w)
		return map[string]bool{
			"eq": order == 0, "in": order == 0, "neq": order != 0,
			"lt": order < 0, "lte": order <= 0, "gt": order > 0, "gte": order >= 0,
		}[c.op]
	}))
}

// found are the rows of the embed for one of its parents.
func (e *modelEmbed) found(parent modelRow) []modelRow { return e.node.kept(e.relation.of(parent)) }

// kept are those of the rows that the filters of n leave, and what is inner.
func (n *modelNode) kept(rows []modelRow) []modelRow {
	return slices.DeleteFunc(slices.Clone(rows), func(row modelRow) bool {
		for _, c := range n.where {
			if c.holds(row) != modelTrue {
				return true
			}
		}
		for _, e := range n.embeds() {
			if e.join == "inner" && len(e.found(row)) == 0 {
				return true
			}
		}
		return false
	})
}

// answer is the page of those rows that n keeps.
func (n *modelNode) answer(rows []modelRow) modelArray {
	groups := n.groups(n.kept(rows))
	slices.SortStableFunc(groups, func(a, b modelGroup) int { return n.compare(a.row, b.row) })
	groups = groups[min(n.offset, len(groups)):]
	if n.limit >= 0 {
		groups = groups[:min(n.limit, len(groups))]
	}
	page := modelArray{ordered: n.isOrdered}
	for _, g := range groups {
		page.elems = append(page.elems, g.object)
	}
	return page
}

// modelGroup is a member of an answer, and a row that it stands for.
type modelGroup struct {
	object modelObject
	row    modelRow
}

// groups are one object for each row, or for each group of rows if there are
// aggregates. Without columns to group by, all rows are one group, or none are.
func (n *modelNode) groups(rows []modelRow) (groups []modelGroup) {
	if !n.isGrouped() {
		for _, row := range rows {
			groups = append(groups, modelGroup{modelAggregate([][]modelCell{n.cells(row)}), row})
		}
		return groups
	}
	cells := map[string][][]modelCell{}
	first := map[string]modelRow{}
	for _, row := range rows {
		of := n.cells(row)
		id := modelGroupID(of)
		if cells[id] == nil {
			first[id] = row
		}
		cells[id] = append(cells[id], of)
	}
	for id := range cells {
		groups = append(groups, modelGroup{modelAggregate(cells[id]), first[id]})
	}
	if none := n.cells(nil); len(rows) == 0 && modelGroupID(none) == "" {
		groups = []modelGroup{{modelAggregate([][]modelCell{none}), nil}}
	}
	return groups
}

// modelCell is a member of one row's object before aggregates are made: value,
// or what goes into the aggregate agg.
type modelCell struct {
	name  string
	value any
	agg   *modelItem
	in    modelValue // NULL is left out of aggregates
	isRow bool       // there is a row for count() to count
}

// modelGroupID is the same text for rows of the same group.
func modelGroupID(cells []modelCell) string {
	var b strings.Builder
	for _, cell := range cells {
		if cell.agg == nil {
			fmt.Fprintf(&b, "%s=%#v,", cell.name, cell.value)
		}
	}
	return b.String()
}

// modelAggregate makes an object of the cells of one group.
func modelAggregate(rows [][]modelCell) (object modelObject) {
	for i, cell := range rows[0] {
		value := cell.value
		if cell.agg != nil {
			var in []modelValue
			count := 0
			for _, row := range rows {
				count += truth(row[i].isRow)
				if !row[i].in.isNull {
					in = append(in, row[i].in)
				}
			}
			value = cell.agg.aggregate(count, in)
		}
		object = append(object, modelMember{cell.name, value})
	}
	return object
}

// aggregate is the value of an aggregate over values that are not NULL.
func (i *modelItem) aggregate(rows int, in []modelValue) any {
	switch {
	case i.column == "":
		return modelJSON(modelCount(rows), i.aggCast)
	case i.agg == "count":
		return modelJSON(modelCount(len(in)), i.aggCast)
	case len(in) == 0:
		return nil
	case i.agg == "min":
		return modelJSON(slices.MinFunc(in, modelValue.compare), i.aggCast)
	case i.agg == "max":
		return modelJSON(slices.MaxFunc(in, modelValue.compare), i.aggCast)
	}
	sum := new(big.Rat)
	for _, v := range in {
		sum.Add(sum, v.num)
	}
	if i.agg == "avg" {
		return modelMean{sum.Quo(sum, big.NewRat(int64(len(in)), 1))}
	}
	_, fraction, _ := strings.Cut(in[0].text, ".")
	return modelJSON(modelValue{text: sum.FloatString(len(fraction)), num: sum}, i.aggCast)
}

// modelCount is a number of rows.
func modelCount(n int) modelValue {
	return modelValue{text: fmt.Sprint(n), num: big.NewRat(int64(n), 1)}
}

// modelJSON is a value in a result.
func modelJSON(v modelValue, asText bool) any {
	switch {
	case v.isNull:
		return nil
	case v.num != nil && !asText:
		return json.Number(v.text)
	default:
		return v.text
	}
}

// isGrouped says whether n has aggregates of its own, or of to-one spreads.
func (n *modelNode) isGrouped() bool {
	return slices.ContainsFunc(n.items, func(i *modelItem) bool {
		return i.agg != "" || i.embed != nil && i.embed.spread && i.embed.relation.isToOne() && i.embed.node.isGrouped()
	})
}

// cells are the members of a row in order. A nil row has NULL in all of them.
func (n *modelNode) cells(row modelRow) (cells []modelCell) {
	for _, item := range n.items {
		switch {
		case item.isEmpty():
		case item.embed != nil:
			cells = append(cells, item.embed.cells(row)...)
		case item.column == "*":
			for _, c := range n.table.columns {
				cells = append(cells, modelCell{name: c.name, value: modelJSON(row.value(c.name), false)})
			}
		case item.agg != "":
			in := modelNull
			if item.column != "" {
				in = row.value(item.column)
			}
			cells = append(cells, modelCell{name: cmp.Or(item.alias, item.agg), agg: item, in: in, isRow: row != nil})
		default:
			cells = append(cells, modelCell{name: cmp.Or(item.alias, item.column), value: modelJSON(row.value(item.column), item.cast)})
		}
	}
	return cells
}

// value is a value of a row, NULL for a nil one.
func (r modelRow) value(column string) modelValue {
	if r == nil {
		return modelNull
	}
	return r[column]
}

// cells are what an embed adds to a row of its parent.
func (e *modelEmbed) cells(parent modelRow) []modelCell {
	var found []modelRow
	if parent != nil {
		found = e.found(parent)
	}
	switch {
	case e.spread && e.relation.isToOne():
		return e.node.cells(modelOnly(found))
	case e.spread:
		return e.columns(parent)
	}
	cell := modelCell{name: e.name()}
	switch {
	case parent == nil: // of a to-one spread without a row
	case !e.relation.isToOne():
		cell.value = e.node.answer(e.relation.of(parent))
	case len(found) > 0:
		cell.value = e.node.answer(found).elems[0]
	}
	return []modelCell{cell}
}

// modelOnly is the only row, or nil.
func modelOnly(rows []modelRow) modelRow {
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// columns are what a to-many spread adds: an array for each column.
func (e *modelEmbed) columns(parent modelRow) []modelCell {
	cells := e.node.cells(nil)
	if parent == nil {
		return cells
	}
	page := e.node.answer(e.relation.of(parent))
	for i := range cells {
		column := modelArray{ordered: page.ordered}
		for _, elem := range page.elems {
			column.elems = append(column.elems, elem.(modelObject)[i].value)
		}
		cells[i].value, cells[i].agg = column, nil
	}
	return cells
}

// compare orders two rows of n as order says.
func (n *modelNode) compare(a, b modelRow) int {
	for _, term := range n.order {
		v, w := term.of(a), term.of(b)
		if v.isNull != w.isNull {
			nullsFirst := term.nulls == "nullsfirst" || term.nulls == "" && !term.desc
			if nullsFirst == v.isNull {
				return -1
			}
			return 1
		}
		order := v.compare(w)
		if term.desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

// of is the value that a row is ordered by.
func (t *modelTerm) of(row modelRow) modelValue {
	if t.embed != nil {
		row = modelOnly(t.embed.found(row))
	}
	return row.value(t.column)
}

// total is how many rows n has on all pages.
func (n *modelNode) total() int { return len(n.kept(n.table.rows)) }
