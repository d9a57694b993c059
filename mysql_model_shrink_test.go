package main

// This file makes failing requests of the model smaller, for whoever reads them.

import "slices"

// shrink takes parts out of a request for as long as it still fails, with a
// bound on how often it is asked.
func (s *modelSchema) shrink(n *modelNode, fails func() bool) {
	for asked := 0; asked < 1000; {
		edits := n.edits()
		kept := slices.ContainsFunc(edits, func(edit modelEdit) bool {
			asked++
			undo := edit()
			if fails() {
				return true
			}
			undo()
			return false
		})
		if !kept {
			return
		}
	}
}

// modelEdit takes something out and returns what puts it back.
type modelEdit func() (undo func())

// edits are all ways to take one thing out of n and what is in it.
func (n *modelNode) edits() (edits []modelEdit) {
	for i := range n.where {
		edits = append(edits, modelWithout(&n.where, i))
		edits = append(edits, n.where[i].edits()...)
	}
	for i, item := range n.items {
		if item.embed != nil {
			edits = append(edits, item.embed.edits()...)
		}
		if (item.isEmpty() || n.members() > 1) && !n.uses(item.embed) && (item.agg != "" || !n.isGrouped()) {
			edits = append(edits, modelWithout(&n.items, i))
		}
	}
	if n.limit >= 0 || n.offset > 0 {
		edits = append(edits, n.withoutPage)
	} else if len(n.order) > 0 {
		edits = append(edits, n.withoutOrder)
	}
	return edits
}

// members are how many items are there in the result.
func (n *modelNode) members() (members int) {
	for _, item := range n.items {
		members += truth(!item.isEmpty())
	}
	return members
}

// edits are the ways to take something out of an embed.
func (e *modelEmbed) edits() []modelEdit {
	edits := e.node.edits()
	if e.join == "" {
		return edits
	}
	return append(edits, func() func() {
		join := e.join
		e.join = ""
		return func() { e.join = join }
	})
}

// edits are the ways to take something out of a group.
func (c *modelCond) edits() (edits []modelEdit) {
	for i := range c.of {
		edits = append(edits, c.of[i].edits()...)
		if len(c.of) > 1 {
			edits = append(edits, modelWithout(&c.of, i))
		}
	}
	return edits
}

// modelWithout takes one element out.
func modelWithout[T any](list *[]T, i int) modelEdit {
	return func() func() {
		before := *list
		*list = slices.Delete(slices.Clone(before), i, i+1)
		return func() { *list = before }
	}
}

// withoutPage takes limit and offset out.
func (n *modelNode) withoutPage() func() {
	limit, offset := n.limit, n.offset
	n.limit, n.offset = -1, 0
	return func() { n.limit, n.offset = limit, offset }
}

// withoutOrder takes order out.
func (n *modelNode) withoutOrder() func() {
	order, isOrdered := n.order, n.isOrdered
	n.order, n.isOrdered = nil, false
	return func() { n.order, n.isOrdered = order, isOrdered }
}

// uses says whether filters or order need the embed.
func (n *modelNode) uses(e *modelEmbed) bool {
	if e == nil {
		return false
	}
	return slices.ContainsFunc(n.where, func(c *modelCond) bool { return c.uses(e) }) ||
		slices.ContainsFunc(n.order, func(t *modelTerm) bool { return t.embed == e })
}

// uses says whether a condition needs the embed.
func (c *modelCond) uses(e *modelEmbed) bool {
	return c.embed == e || slices.ContainsFunc(c.of, func(c *modelCond) bool { return c.uses(e) })
}
