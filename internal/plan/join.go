package plan

// This file writes the statement of a read of rows of a table, each with its rows
// of one other: both joined, with the columns of the first again and again. Of all
// rows it needs no sort, other than a union, because the first table is read in
// the order of its key: a table of any size begins at once. Of a page it takes
// two thirds of a union's time.

// maxRepeated bounds the columns of the first table, which stand in each row, in
// characters as they are declared.
const maxRepeated = 1 << 10

// isJoin reports whether a read is a join: all rows of the second table that
// belong to one of the first are asked for, in any order, the first table has a key,
// and what is repeated is small.
func (r *related) isJoin() bool {
	if len(r.branches) != 2 {
		return false
	}
	first, second := r.branches[0], r.branches[1]
	_, hasKey := r.primary(first.node)
	return hasKey && !second.isGrouped && !second.isNumbered() &&
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
	tables, where, err := r.tables(first.node)
	if err != nil {
		return clause{}, err
	}
	n := second.node
	on, err := r.allIn(inJoin, &n.scope, n.query.Where)
	if err != nil {
		return clause{}, err
	}
	inner, err := r.joins(n)
	if err != nil {
		return clause{}, err
	}
	j := joined{links: second.from.qualifiedAll(n.relation.FromColumns), keys: r.tieBreakers(first), tables: tables, where: where, order: order}
	if first.node.isPage() {
		j = r.joinedPage(j)
	}
	source, link := n.source(j.links)
	return sql("SELECT ", r.joinList(j), j.tables, " LEFT JOIN ", source, " ON ", link, prefixed(" AND ", on), inner,
		j.where, orderBy(j.order)), nil
}

// joined is how the first table stands in a join.
type joined struct {
	isPage        bool
	links, keys   []string // columns that the second is joined to, and that tell rows apart
	tables, where clause
	order         []clause
}

// joinedPage makes a table of its own of the rows of the first.
func (r *related) joinedPage(j joined) joined {
	first, second := r.branches[0], r.branches[1]
	columns := append(r.namedOutputs(first), r.links(first)...)
	p := joined{isPage: true}
	for i, key := range j.keys {
		columns = append(columns, clause{sql: key + " AS " + linkName(first.number, i)})
		p.keys = append(p.keys, "`p`."+linkName(first.number, i))
	}
	for i := range j.links {
		p.links = append(p.links, "`p`."+linkName(second.number, i))
	}
	page, order := r.page(first, sql(j.tables, j.where), j.order, columns)
	if own := second.ownOrder(); own != "NULL" { // there is a sort anyway
		order = append(order, clause{sql: own})
	}
	p.tables, p.order = sql(" FROM (", page, ") AS `p`"), order
	return p
}

// joinList is what a join selects: the columns of both, whether there is a row of
// the second, and the key of the first.
func (r *related) joinList(j joined) clause {
	var columns []clause
	for i, o := range r.outputs {
		what := o.clause
		if j.isPage && o.branch == r.branches[0] {
			what = clause{sql: "`p`." + outputName(i)}
		}
		columns = append(columns, clause{what.sql + " AS " + outputName(i), what.args})
	}
	r.shape.Column = len(columns)
	columns = append(columns, clause{sql: r.branches[1].node.isThere()})
	for i, key := range j.keys {
		r.shape.Keys = append(r.shape.Keys, len(columns))
		columns = append(columns, clause{sql: key + " AS " + linkName(r.branches[0].number, i)})
	}
	return join(append(columns, r.probes()...), ", ")
}
