package plan

// This file writes pages: a part of the rows, in an order that tells all of them
// apart, with what is to be known of the last one, so that there is a way on from
// it that costs the same on every page.

import (
	"slices"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/postgrest"
)

// Page is a part of the rows that a query asks for.
type Page struct {
	Rows int // at least 1
	// Peeks says that one more row is asked for, to know whether there are more.
	// Otherwise a page that is full is taken for one that is not the last.
	Peeks bool
	// Ahead says that what is to be known of the last row stands in the first one:
	// for a result that is sent before it has been read. Each column of the order, and
	// whether there is more, costs a scan of the keys of the rows before the last, and
	// a sort if no index has the order.
	Ahead bool
	// Order tells all rows apart. It is nil if nothing does.
	Order   []postgrest.Term
	columns []*catalog.Column // of Order; nil: only the number of rows leads on
}

// Page makes the page of the first rows of q, which has a limit.
func (k Known) Page(q *postgrest.Query, rows int) (*Page, error) {
	p := &Page{Rows: rows}
	if k.Table.IsView || k.hasGroups(q) {
		return p, nil
	}
	keys, err := k.Indexes()
	if err != nil {
		return nil, err
	}
	order := q.Order
	if len(order) == 0 {
		order = indexOrder(k.Table, keys.Indexes(k.Table.Name), q.Where)
	}
	p.setOrder(k.Table, order, keys.RowKey(k.Table))
	return p, nil
}

// indexOrder is the order of the index that conditions find most by: for a page of
// which none is asked for. In that of the key a database may read a whole table for
// the few rows of an index at its end.
func indexOrder(t *catalog.Table, indexes [][]string, conditions []postgrest.Condition) []postgrest.Term {
	found := map[*catalog.Column]bool{} // columns of conditions: whether they have one value
	findColumns(t, conditions, found)
	var best []string
	most := 0
	for _, index := range indexes {
		if rest, score := findsBy(t, index, found); score > most {
			best, most = rest, score
		}
	}
	var order []postgrest.Term
	for _, name := range best {
		c := t.Column(name)
		if c == nil || !comparesAsOrdered(c) {
			break
		}
		order = append(order, postgrest.Term{Column: c.Name})
	}
	return order
}

// findsBy tells how well an index finds rows by columns, and which of its own order
// these then.
func findsBy(t *catalog.Table, index []string, found map[*catalog.Column]bool) (rest []string, score int) {
	for rest = index; len(rest) > 0 && found[t.Column(rest[0])]; rest = rest[1:] {
		score += 2
	}
	if len(rest) > 0 {
		if _, isFound := found[t.Column(rest[0])]; isFound {
			score++
		}
	}
	return rest, score
}

// findColumns finds the columns that an index may find rows by, all conditions of
// which have to hold, and whether a column has one value only.
func findColumns(t *catalog.Table, conditions []postgrest.Condition, found map[*catalog.Column]bool) {
	for _, c := range conditions {
		column := t.Column(c.Column)
		isOne := isNullTest(c) || c.Operator == "eq" && len(c.Values) == 1
		switch {
		case c.Not, c.Group == "or", len(c.Path.Steps) > 0:
		case c.Group == "and":
			findColumns(t, c.Inner, found)
		case column != nil && (isOne || slices.Contains([]string{"eq", "in", "gt", "gte", "lt", "lte"}, c.Operator)):
			found[column] = found[column] || isOne
		}
	}
}

// hasGroups reports whether the rows of q are groups.
func (k Known) hasGroups(q *postgrest.Query) bool {
	return len(q.Select) == 1 && isCount(k.Table, &q.Select[0]) ||
		slices.ContainsFunc(q.Select, func(f postgrest.Field) bool {
			return f.Aggregate != "" || f.Embed != nil && f.Embed.Spread && k.hasGroups(&f.Embed.Query)
		})
}

// setOrder completes the order that is asked for by the key of the rows, in the
// direction in which an index has both.
func (p *Page) setOrder(t *catalog.Table, order []postgrest.Term, key []string) {
	terms := slices.Clone(order)
	for _, name := range key {
		terms = append(terms, postgrest.Term{Column: name, Descending: len(order) > 0 && order[len(order)-1].Descending})
	}
	if len(key) > 0 {
		p.Order, p.columns = columnsOf(t, terms)
	}
}

// columnsOf returns the columns that rows are ordered by, and the terms without those
// that order by one of them again. The columns are nil if their values cannot tell
// where a row stands.
func columnsOf(t *catalog.Table, terms []postgrest.Term) ([]postgrest.Term, []*catalog.Column) {
	var once []postgrest.Term
	var columns []*catalog.Column
	for _, term := range terms {
		c := t.Column(term.Column)
		if term.Relation != "" || len(term.Path.Steps) > 0 || c == nil || !comparesAsOrdered(c) {
			return terms, nil
		}
		if !slices.Contains(columns, c) {
			once, columns = append(once, term), append(columns, c)
		}
	}
	return once, columns
}

// comparesAsOrdered reports whether values of c are ordered as they compare. Those
// of ENUM and SET are ordered by their numbers.
func comparesAsOrdered(c *catalog.Column) bool {
	return valueTypeOf(c.Type).parse != nil && !c.IsJSON && c.Type != "ENUM" && c.Type != "SET"
}

// End says where a page with so many rows has ended, and whether there is more
// behind it: the marks are nil if only the number of rows leads there.
func (p *Page) End(rows int, end encode.End) (marks []postgrest.Mark, hasMore bool) {
	values := end.Marks
	switch {
	case p.Ahead && len(values) == 0: // not even a first row
		return nil, false
	case p.Ahead:
		last := len(values) - 1
		values, hasMore = values[:last], values[last] != nil
	case p.Peeks:
		hasMore = end.HasMore
	default:
		hasMore = rows == p.Rows
	}
	if !hasMore || len(values) < len(p.columns) {
		return nil, hasMore
	}
	for i, c := range p.columns {
		term := p.Order[i]
		marks = append(marks, postgrest.Mark{
			Column: c.Name, Descending: term.Descending, Nullable: c.IsNullable,
			NullsFirst: term.Nulls == "nullsfirst" || term.Nulls == "" && !term.Descending, Value: values[i],
		})
	}
	return marks, hasMore
}

// of is q in the order of the page, and with its limit.
func (p *Page) of(q *postgrest.Query) *postgrest.Query {
	if p == nil {
		return q
	}
	page := *q
	limit := uint64(p.Rows)
	if p.Peeks && !p.Ahead {
		limit++
	}
	page.Limit = &limit
	if p.Order != nil {
		page.Order = p.Order
	}
	return &page
}

// hasFloat reports whether a FLOAT is to be known of the last row.
func (p *Page) hasFloat() bool {
	return p != nil && slices.ContainsFunc(p.columns, func(c *catalog.Column) bool { return c.Type == "FLOAT" })
}

// marks are the columns of the page, which stand in the result where at says.
func (p *Page) marks(at func(i int) int) *encode.Page {
	page := &encode.Page{Mark: p.Rows}
	if p.Peeks {
		page.Rows = p.Rows
	}
	for i, c := range p.columns {
		page.Marks = append(page.Marks, encode.Mark{Column: at(i), Type: c.Type})
	}
	return page
}

// marksAhead are marks for the columns of ahead, of which the first stands in the
// result where first says.
func (p *Page) marksAhead(first int) *encode.Page {
	page := &encode.Page{Mark: 1}
	for i, c := range p.columns {
		page.Marks = append(page.Marks, encode.Mark{Column: first + i, Type: c.Type})
	}
	page.Marks = append(page.Marks, encode.Mark{Column: first + len(p.columns), Type: "BIGINT"})
	return page
}

// ahead writes the columns of the last row of a page, and one that is not NULL if
// there is more: each in a subquery, so that all of them are of the snapshot of the
// statement. From has the rows, and rows is how many of them are before the page.
func (p *Page) ahead(s *scope, from, order clause, before uint64) []clause {
	last := int64(min(before, 1<<62)) + int64(p.Rows) - 1
	at := func(what string, order clause, row int64) clause {
		return sql("(SELECT "+what, from, order, clause{" LIMIT ? OFFSET ?)", []any{int64(1), row}})
	}
	var columns []clause
	for _, c := range p.columns {
		columns = append(columns, at(s.name(c), order, last))
	}
	if p.Peeks {
		last++
	}
	return append(columns, at("TRUE", clause{}, last))
}

// addMarks adds the columns that are to be known of the last row of a page, which
// may be nil.
func (r *related) addMarks(p *Page) *encode.Page {
	if p == nil || p.Ahead {
		return nil
	}
	return p.marks(func(i int) int { return r.mark(p.columns[i]) })
}

// addAhead adds what is to be known of the last row of a page to each row.
func (r *related) addAhead(p *Page) (*encode.Page, error) {
	b := r.branches[0]
	from, err := r.from(b)
	if err != nil {
		return nil, err
	}
	order, err := r.order(b)
	if err != nil {
		return nil, err
	}
	if b.isGrouped {
		from = sql(" FROM (SELECT ", r.named(b), from, r.groupBy(b), ") AS `q`")
	}
	r.ahead = p.ahead(&b.node.scope, from, orderBy(order), b.node.query.Offset)
	for i, c := range p.columns {
		if r.losesDates() && (c.Type == "DATE" || c.Type == "DATETIME") {
			r.ahead[i].sql = "CAST(" + r.ahead[i].sql + " AS CHAR)"
		}
	}
	return p.marksAhead(r.width() - len(r.compared) - len(r.ahead)), nil
}

// mark returns where a column of the table that is read stands in a result, and
// adds it if it does not.
func (r *related) mark(c *catalog.Column) int {
	b := r.branches[0]
	for i, o := range r.outputs {
		if o.branch == b && o.scope == &b.node.scope && o.column == c {
			return i
		}
	}
	r.outputs = append(r.outputs, output{clause: clause{sql: b.node.name(c)}, branch: b, scope: &b.node.scope, column: c})
	return len(r.outputs) - 1
}
