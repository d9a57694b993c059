package plan

// This file resolves the tables that a read names, and what is selected of them,
// into branches: kinds of rows that one statement gives, in an order in which each
// row stands behind the one that it belongs to. A table of which a row has one at
// most is joined to the branch of that row; any other is a branch of its own, and
// so is one whose rows are counted or summed.

import (
	"fmt"
	"slices"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// node is a table of a read, as it was asked for.
type node struct {
	scope
	query    *postgrest.Query
	embed    *postgrest.Embed  // nil for the table that is read
	relation *catalog.Relation // to the node that it belongs to
	junction string            // how a junction is called
	isMany   bool              // its rows are a branch of their own
	isJoined bool              // its columns are wanted in the branch of its parent
}

// isGrouped reports whether something of n is an aggregate. What a table that is
// spread has belongs to the row itself.
func (n *node) isGrouped() bool {
	for _, f := range n.query.Select {
		if f.Aggregate != "" {
			return true
		}
	}
	return slices.ContainsFunc(n.children, func(c *node) bool {
		return c.embed.Spread && c.relation.ToOne && c.isGrouped()
	})
}

// child finds a related table of s by the name of its member.
func (s *scope) child(name string) *node {
	for _, c := range s.children {
		if c.embed.Name == name {
			return c
		}
	}
	return nil
}

// related is the statement of a read of several tables, or of one with aggregates.
type related struct {
	builder
	known    Known
	keys     *catalog.Keys // once a related table was found
	nodes    int
	branches []*branch
	outputs  []output
	ahead    []clause // of a page
	shape    encode.Shape
}

// branch is one kind of rows.
type branch struct {
	node      *node
	from      *node   // that its rows belong to, in the branch of their parent
	parent    *branch // nil for the table that is read
	number    int
	depth     int
	children  int // branches of rows that belong to these
	isGrouped bool
	order     []clause
	source    clause // FROM and WHERE
}

// output is a column of the result.
type output struct {
	clause
	branch  *branch
	scope   *scope
	column  *catalog.Column // of scope, whose values it has as they are, or nil
	isGroup bool            // rows are grouped by it
}

// resolve finds the tables that q reads.
func (r *related) resolve(table *catalog.Table, q *postgrest.Query) (*node, error) {
	n := &node{query: q, scope: scope{table: table, alias: exec.QuoteIdentifier(fmt.Sprint("t", r.nodes))}}
	r.nodes++
	r.countAlone(n)
	for _, e := range q.Embeds() {
		relation, err := r.relation(table, e)
		if err != nil {
			return nil, err
		}
		to, err := r.known.Related(relation.To)
		if err != nil {
			return nil, err
		}
		child, err := r.resolve(to, &e.Query)
		if err != nil {
			return nil, err
		}
		child.embed, child.relation = e, relation
		child.junction = exec.QuoteIdentifier(fmt.Sprint("j", r.nodes))
		n.children = append(n.children, child)
	}
	for _, c := range n.children {
		c.isMany = !c.relation.ToOne || c.isGrouped() && !c.embed.Spread
	}
	return n, r.checkSpreads(n)
}

// countAlone makes the select list `count` the aggregate, unless there is such a
// column: so it is with PostgreSQL, which takes it for a function of the row.
func (r *related) countAlone(n *node) {
	if len(n.query.Select) != 1 {
		return
	}
	if f := &n.query.Select[0]; isCount(n.table, f) {
		counted := *n.query
		counted.Select = []postgrest.Field{{Place: f.Place, Name: f.Name, Aggregate: "count", AggregateAsText: f.AsText}}
		n.query = &counted
	}
}

// isCount reports whether f is a count without parentheses.
func isCount(t *catalog.Table, f *postgrest.Field) bool {
	return f.Column == "count" && f.Aggregate == "" && len(f.Path.Steps) == 0 && t.Column("count") == nil
}

// checkSpreads refuses what has no meaning: an array of groups beside groups.
func (r *related) checkSpreads(n *node) error {
	grouped := n.isGrouped()
	for _, c := range n.children {
		switch {
		case c.isMany && c.embed.Spread && c.isGrouped():
			return c.embed.Refuse(postgrest.CodeUnsupported, "Leave the dots out: "+c.embed.Name+"(…).",
				"aggregates of %q, whose rows are spread", c.embed.Name)
		case grouped && c.hasMany() && !c.embed.Hidden:
			return c.embed.Refuse(postgrest.CodeUnsupported, "", "%q, which may have several rows, beside an aggregate", c.embed.Name)
		}
	}
	return nil
}

// hasMany reports whether n, or something in it, is a branch of its own.
func (n *node) hasMany() bool { return n.isMany || slices.ContainsFunc(n.children, (*node).hasMany) }

// relation finds what e means.
func (r *related) relation(from *catalog.Table, e *postgrest.Embed) (*catalog.Relation, error) {
	var err error
	if r.keys, err = r.known.Keys(); err != nil {
		return nil, err
	}
	switch found := r.keys.Find(from.Name, e.Target, e.Hint); len(found) {
	case 1:
		return &found[0], nil
	case 0:
		return nil, noRelation(r.keys, from, e)
	default:
		return nil, severalRelations(r.keys, e, found)
	}
}

// noRelation refuses a table that is not related, or not there.
func noRelation(keys *catalog.Keys, from *catalog.Table, e *postgrest.Embed) error {
	var names []string
	for _, r := range keys.Relations(from.Name) {
		names = append(names, r.To)
	}
	hint := postgrest.Nearest(e.Target, names)
	if slices.Contains(names, e.Target) {
		hint = fmt.Sprintf("Leave !%s out, or give a constraint, a column or a junction that leads there.", e.Hint)
	}
	return e.Refuse(postgrest.CodeNoRelation, hint, "Could not find a relationship between %q and %q", from.Name, e.Target)
}

// severalRelations refuses what can be meant in several ways, and lists these.
func severalRelations(keys *catalog.Keys, e *postgrest.Embed, found []catalog.Relation) error {
	hint := fmt.Sprintf("Write one of these for %s:", e.Target)
	choices := make([]postgrest.Choice, len(found))
	for i := range found {
		r := &found[i]
		choices[i] = postgrest.Choice{Cardinality: r.Cardinality(), Embedding: r.From + " with " + r.To, Relationship: r.String()}
		if i > 0 {
			hint += ","
		}
		target, name := keys.Spelling(r)
		if hint += " " + postgrest.QuoteName(target); name != "" {
			hint += "!" + postgrest.QuoteName(name)
		}
	}
	refusal := e.Refuse(postgrest.CodeSeveral, hint+".", "Could not embed because more than one relationship was found for %q and %q",
		found[0].From, e.Target)
	refusal.Choices = choices
	return refusal
}

// addBranch makes n a branch, whose rows belong to those of from in another, and
// returns the names of its members.
func (r *related) addBranch(n, from *node, parent *branch) (names []string, err error) {
	b := &branch{node: n, from: from, parent: parent, number: len(r.branches)}
	shape := encode.Branch{Parent: -1}
	if parent != nil {
		b.depth = parent.depth + 1
		shape.Parent = parent.number
		shape.Lifted, shape.Single = n.embed.Spread, n.relation.ToOne && !n.embed.Spread
	}
	r.branches = append(r.branches, b)
	r.shape.Branches = append(r.shape.Branches, shape)
	l := memberList{related: r, branch: b, grouped: n.isGrouped()}
	if err := l.addNode(n, encode.NoColumn); err != nil {
		return nil, err
	}
	b.isGrouped = l.grouped
	r.shape.Branches[b.number].Members = l.members
	return l.names, nil
}

// memberList is the members of one object.
type memberList struct {
	*related
	branch  *branch
	grouped bool // the rows of the branch are groups
	members []encode.Member
	sources []string // what the members are, or "", to tell the same from another
	names   []string // that the members have, with those of lifted branches
}

// addNode adds what is selected of n. Presence is the column that says whether
// there is a row of it.
func (l *memberList) addNode(n *node, presence int) error {
	fields := n.query.Select
	if len(fields) == 0 && (n.embed == nil || !n.embed.Hidden) {
		fields = []postgrest.Field{{}}
	}
	children := n.children
	for _, f := range fields {
		var err error
		switch {
		case f.Embed != nil:
			child := children[0]
			children = children[1:]
			err = l.addChild(n, child, presence)
		case f.IsStar():
			err = l.addStar(n, f)
		case f.Aggregate != "":
			err = l.addAggregate(n, f)
		default:
			err = l.addColumn(n, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addStar adds all columns of n.
func (l *memberList) addStar(n *node, f postgrest.Field) error {
	for _, c := range n.table.Star() {
		named := f
		named.Column = c.Name
		if err := l.addColumn(n, named); err != nil {
			return err
		}
	}
	return nil
}

// addColumn adds a column, or what stands in its JSON.
func (l *memberList) addColumn(n *node, f postgrest.Field) error {
	what, err := n.subject(f.Place, f.Column, f.Path)
	if err != nil {
		return err
	}
	field := encode.Field{Name: f.MemberName(), Type: outputType(what.column), AsText: f.AsText}
	if f.Name == "" && len(f.Path.Steps) == 0 {
		field.Name = what.column.Name
	}
	o := output{clause: what.clause, scope: &n.scope, column: what.column, isGroup: l.grouped}
	if len(f.Path.Steps) > 0 { // of JSON, whose type is known
		o.column = nil
		l.note(&n.scope, n.table.Column(f.Column))
	}
	return l.addValue(f, field, o)
}

// outputType is the type that the values of a column are written as: a union may
// declare another.
func outputType(c *catalog.Column) string {
	switch {
	case c.IsJSON:
		return "JSON"
	case c.IsBoolean():
		return "BOOLEAN"
	default:
		return c.Type
	}
}

// addValue adds a column of the result. The same member twice, as in *,id, is one;
// two different ones of one name are refused.
func (l *memberList) addValue(f postgrest.Field, field encode.Field, o output) error {
	source := fmt.Sprintf("%s %v %t", o.sql, o.args, field.AsText)
	for i, m := range l.members {
		if m.Name == field.Name && l.sources[i] == source {
			return nil
		}
	}
	if err := l.claim(f.Place, field.Name); err != nil {
		return err
	}
	if o.column != nil {
		if err := l.checkCopies(f, o); err != nil {
			return err
		}
	}
	l.add(encode.Member{Field: field, Column: l.addOutput(o)}, source)
	return nil
}

func (l *memberList) add(m encode.Member, source string) {
	l.members = append(l.members, m)
	l.sources = append(l.sources, source)
}

// addOutput adds a column to the result, and returns its number among them.
func (l *memberList) addOutput(o output) int {
	o.branch = l.branch
	l.outputs = append(l.outputs, o)
	return len(l.outputs) - 1
}

// claim takes a name for a member, and refuses one that another has.
func (l *memberList) claim(at postgrest.Place, name string) error {
	if slices.Contains(l.names, name) {
		return at.Refuse(postgrest.CodeSyntax, "Give one of them another name: other:column.", "two members called %q", name)
	}
	l.names = append(l.names, name)
	return nil
}

// checkCopies bounds how often a column is selected.
func (l *memberList) checkCopies(f postgrest.Field, o output) error {
	copies, most := 1, mayCopy(o.column)
	for _, other := range l.outputs {
		if other.branch == l.branch && other.sql == o.sql {
			copies++
		}
	}
	if copies > most {
		return f.Refuse(postgrest.CodeSyntax, "", "the column %q more than %d times", o.column.Name, most)
	}
	return nil
}

// addChild adds a related table.
func (l *memberList) addChild(n, child *node, presence int) error {
	if child.isMany && !child.embed.Hidden {
		return l.addRows(n, child, presence)
	}
	if err := l.check(child); err != nil || child.embed.Hidden {
		return err
	}
	child.isJoined = true
	if child.embed.Spread {
		if child.hasLater() {
			presence = l.addOutput(child.presence(l.grouped))
		}
		return l.addNode(child, presence)
	}
	if err := l.claim(child.embed.Place, child.embed.Name); err != nil {
		return err
	}
	object := memberList{related: l.related, branch: l.branch, grouped: l.grouped}
	column := l.addOutput(child.presence(l.grouped))
	if err := object.addNode(child, encode.NoColumn); err != nil {
		return err
	}
	l.add(encode.Member{
		Field: encode.Field{Name: child.embed.Name}, Kind: encode.ObjectMember, Column: column, Members: object.members,
	}, "")
	return nil
}

// check refuses what is wrong with filters and order of n, which a statement may
// leave out because nothing of n is shown, or one row at most.
func (l *memberList) check(n *node) error {
	if _, err := new(builder).all(&n.scope, n.query.Where); err != nil {
		return err
	}
	for _, term := range n.query.Order {
		if _, err := l.orderSubject(&branch{node: n}, term); err != nil {
			return err
		}
	}
	return nil
}

// hasLater reports whether something in n is a branch of its own.
func (n *node) hasLater() bool { return slices.ContainsFunc(n.children, (*node).hasMany) }

// presence is a column that says whether there is a row of n.
func (n *node) presence(isGroup bool) output {
	return output{clause: clause{sql: n.isThere()}, isGroup: isGroup}
}

// isThere is the condition for a joined row of n to be one.
func (n *node) isThere() string { return n.column0() + " IS NOT NULL" }

// column0 is a column of n that is never NULL in a row of it: it equals one of
// the table that it belongs to.
func (n *node) column0() string { return n.qualified(n.relation.ToColumns[0]) }

// qualified writes a column that the catalog names.
func (s *scope) qualified(column string) string { return s.prefix() + exec.QuoteIdentifier(column) }

// addRows adds a related table that is a branch of its own.
func (l *memberList) addRows(n, child *node, presence int) error {
	member := encode.Member{Kind: encode.RowsMember, Column: presence, Branch: len(l.branches)}
	l.branch.children++
	names, err := l.addBranch(child, n, l.branch)
	if err != nil {
		return err
	}
	if !child.embed.Spread {
		member.Name = child.embed.Name
		names = []string{member.Name}
	}
	for _, name := range names {
		if err := l.claim(child.embed.Place, name); err != nil {
			return err
		}
	}
	l.add(member, "")
	return nil
}
