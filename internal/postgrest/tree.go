package postgrest

// This file is the tree that a query string becomes.

import (
	"cmp"
	"slices"
)

// Query is what a read asks for. The zero value asks for the whole table.
type Query struct {
	Select []Field     // empty: all columns
	Where  []Condition // all of them must hold
	Order  []Term
	Limit  *uint64 // nil: none
	Offset uint64
}

// SelectsSome reports whether q names what it selects, and not just *.
func (q *Query) SelectsSome() bool {
	return slices.ContainsFunc(q.Select, func(f Field) bool { return !f.IsStar() })
}

// IsPlain reports whether q asks for all rows and columns of the table.
func (q *Query) IsPlain() bool {
	return !q.SelectsSome() && len(q.Where) == 0 && len(q.Order) == 0 && q.Limit == nil && q.Offset == 0
}

// SelectsColumns reports whether q selects columns only, which every row has: no
// related tables, and nothing that is, or may turn out to be, an aggregate.
func (q *Query) SelectsColumns() bool {
	return !slices.ContainsFunc(q.Select, func(f Field) bool { return f.Embed != nil || f.Aggregate != "" || f.Column == "count" })
}

// Embeds returns the related tables that q reads, in their order.
func (q *Query) Embeds() []*Embed {
	var embeds []*Embed
	for _, f := range q.Select {
		if f.Embed != nil {
			embeds = append(embeds, f.Embed)
		}
	}
	return embeds
}

// Embed finds a related table of q by the name of its member. It returns nil if
// there is none.
func (q *Query) Embed(name string) *Embed {
	for _, e := range q.Embeds() {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Field is one item of select: a column, what stands in its JSON, an aggregate,
// or a related table.
type Field struct {
	Place
	Column string // "" for *, count() and related tables
	Path   Path
	Name   string // of the member in the output; "" is MemberName's choice
	AsText bool   // ::text behind the column

	Aggregate       string // count, sum, avg, min, max or ""; without a column it is count()
	AggregateAsText bool   // ::text behind the aggregate

	Embed *Embed // nil if it is no related table
}

// IsStar reports whether f is *.
func (f *Field) IsStar() bool { return f.Column == "" && f.Aggregate == "" && f.Embed == nil }

// MemberName is what f is called in the output: by its alias, its aggregate, the
// last key of its path, or its column.
func (f *Field) MemberName() string {
	name := cmp.Or(f.Name, f.Aggregate)
	for i := len(f.Path.Steps) - 1; i >= 0 && name == ""; i-- {
		name = f.Path.Steps[i].Key
	}
	return cmp.Or(name, f.Column)
}

// Path leads into the JSON of a column. The zero value is the column itself.
type Path struct {
	Steps  []Step
	AsText bool // ->> at the end: a text instead of JSON
}

// Step is a member of an object or an element of an array.
type Step struct {
	Key     string // of a member
	IsIndex bool
	Index   int // of an element from 0, or from the end from -1
}

// Embed is a related table: its rows become part of the row that they belong to.
type Embed struct {
	Place
	Name   string // of its member, and in front of its parameters: the alias, or the target
	Target string // a table, a constraint or a column, which says what is related
	Hint   string // a constraint, a column or a table that tells relations apart, or ""
	Inner  bool   // rows without a related one are left out
	Spread bool   // its members become members of the row itself
	Hidden bool   // nothing of it is selected: it only filters
	Query
}

// Condition is a comparison, or a group of conditions. Its place is that of the
// column, or of the group.
type Condition struct {
	Place
	Not   bool
	Group string // and, or; "" is a comparison
	Inner []Condition

	Column     string // or the name of a related table
	Path       Path
	Operator   string // one of operators
	Quantifier string // any, all or ""
	Values     []string
	ValuesAt   Place
}

// Term is one item of order.
type Term struct {
	Place
	Relation   string // the related table whose column it is, by the name of its member, or ""
	Column     string
	Path       Path
	Descending bool
	Nulls      string // nullsfirst, nullslast; "" is the database's own order
}
