package plan

// This file writes the statement of a read of all rows of a table, each with its
// rows of one other: both joined, with the columns of the first again and again.
// Other than a union it needs no sort, because the first table is read in the
// order of its key, so that a table of any size begins at once.

// maxRepeated bounds the columns of the first table, which stand in each row, in
// characters as they are declared.
const maxRepeated = 1 << 10

// isJoin reports whether a read is a join: no more is asked for than all rows,
// the first table has a key, and what is repeated is small.
func (r *related) isJoin() bool {
	if len(r.branches) != 2 {
		return false
	}
	first, second := r.branches[0], r.branches[1]
	q := first.node.query
	_, hasKey := r.primary(first.node)
	return hasKey && q.Limit == nil && q.Offset == 0 && !second.isGrouped && !second.isNumbered() &&
		r.repeated() <= maxRepeated
}

// repeated is how many characters the columns of the first branch may have.
func (r *related) repeated() int64 {
	var size int64
	for _, o := range r.outputs {
		switch {
		case o.branch != r.branches[0] || o.column == nil:
		case mayCopy(o.column) == maxLargeCopies:
			size += maxRepeated + 1
		default:
			size += o.column.Length
		}
	}
	return size
}

// join writes the statement.
func (r *related) join() (clause, error) {
	first, second := r.branches[0], r.branches[1]
	order, err := r.order(first)
	if err != nil {
		return clause{}, err
	}
	where, err := r.all(&first.node.scope, first.node.query.Where)
	if err != nil {
		return clause{}, err
	}
	joins, err := r.joins(first.node)
	if err != nil {
		return clause{}, err
	}
	n := second.node
	on, err := r.all(&n.scope, n.query.Where)
	if err != nil {
		return clause{}, err
	}
	inner, err := r.joins(n)
	if err != nil {
		return clause{}, err
	}
	source, link := n.source(second.from.qualifiedAll(n.relation.FromColumns))
	var columns []clause
	for i, o := range r.outputs {
		columns = append(columns, clause{o.sql + " AS " + outputName(i), o.args})
	}
	r.shape.Column = len(columns)
	columns = append(columns, clause{sql: n.isThere()})
	for i, name := range r.tieBreakers(first) {
		r.shape.Keys = append(r.shape.Keys, len(columns))
		columns = append(columns, clause{sql: name + " AS " + linkName(0, i)})
	}
	return sql("SELECT ", join(append(columns, r.probes()...), ", "), " FROM ", first.node.quoted(), joins,
		" LEFT JOIN ", source, " ON ", link, prefixed(" AND ", on), inner, prefixed(" WHERE ", where), orderBy(order)), nil
}
