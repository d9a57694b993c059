package plan

// This file writes the statement of a read of several tables. With one branch it
// is a SELECT with joins. With several it is a sorted outer union: the rows of the
// table that is read are numbered in a common table expression, each branch is a
// SELECT with columns of its own and NULL in those of the others, and all rows are
// sorted by the numbers of the rows that they belong to. So one statement, with
// one snapshot, gives every row once, and the reader needs one at a time.
//
// MariaDB evaluates a common table expression once for each time it is named, so
// that the order that numbers its rows has to be the same each time: it ends with
// the primary key, or else with the columns that other rows are joined by, and
// rows that are equal in those have the same rows.

import (
	"fmt"
	"slices"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// sql joins pieces of SQL: strings, and clauses with their arguments.
func sql(pieces ...any) clause {
	var text strings.Builder
	var args []any
	for _, piece := range pieces {
		switch p := piece.(type) {
		case string:
			text.WriteString(p)
		case clause:
			text.WriteString(p.sql)
			args = append(args, p.args...)
		}
	}
	return clause{text.String(), args}
}

// Names of columns that a statement makes. No column of a table is called so.
func outputName(i int) string { return exec.QuoteIdentifier(fmt.Sprint("c:", i)) }

func linkName(branch, i int) string  { return exec.QuoteIdentifier(fmt.Sprint("k:", branch, ":", i)) }
func presenceName(branch int) string { return exec.QuoteIdentifier(fmt.Sprint("p:", branch)) }
func orderName(depth int) string     { return exec.QuoteIdentifier(fmt.Sprint("s:", depth)) }
func branchName(b *branch) string    { return exec.QuoteIdentifier(fmt.Sprint("b", b.number)) }
func numberName(depth int) string    { return exec.QuoteIdentifier(fmt.Sprint("n:", depth)) }
func sortName(i int) string          { return exec.QuoteIdentifier(fmt.Sprint("o:", i)) }

// selectRelated returns the query for the rows of q, which reads several tables or
// has aggregates.
func (k Known) selectRelated(q *postgrest.Query, p *Page, form encode.Format) (*exec.Statement, error) {
	r := &related{known: k}
	root, err := r.resolve(k.Table, q)
	if err != nil {
		return nil, err
	}
	if _, err := r.addBranch(root, nil, nil); err != nil {
		return nil, err
	}
	page := r.addMarks(p)
	r.keepDates()
	if p != nil && p.Ahead {
		if page, err = r.addAhead(p); err != nil {
			return nil, err
		}
	}
	r.binary = p.hasFloat() || slices.ContainsFunc(r.outputs, func(o output) bool { return o.column != nil && o.column.Type == "FLOAT" })
	var text clause
	switch {
	case len(r.branches) == 1:
		text, err = r.single()
	case r.isJoin():
		text, err = r.join()
	default:
		text, err = r.union()
	}
	if err != nil {
		return nil, err
	}
	return &exec.Statement{
		Table: k.Table.Name, Text: text.sql, Args: text.args, Binary: r.binary, Patterns: r.patterns, Shape: &r.shape, Format: form, Page: page,
		Hidden: r.width() - len(r.outputs), Fits: r.fits,
	}, nil
}

// width is how many columns the result has.
func (r *related) width() int {
	width := len(r.outputs) + len(r.ahead) + len(r.compared)
	switch {
	case len(r.branches) == 1:
	case r.isJoin(): // whether there is a row of the second branch, and a key of the first
		width += 1 + len(r.tieBreakers(r.branches[0]))
	default: // the branch, and what all rows are sorted by
		width += 1 + 2*r.depth() + 1
	}
	return width
}

// fits reports whether the columns of a result are what they were when they were
// learned.
func (r *related) fits(columns []encode.Column) bool {
	if len(columns) != r.width() {
		return false
	}
	for i, o := range r.outputs {
		if o.column != nil && !o.column.IsSameInUnion(columns[i]) {
			return false
		}
	}
	return areSubqueries(r.compared, columns[r.width()-len(r.compared):])
}

// probes are the columns that are compared, each in a subquery that gives nothing
// but its type, behind those of a page that stand in each row.
func (r *related) probes() []clause {
	all := slices.Clone(r.ahead)
	for _, p := range r.compared {
		all = append(all, clause{sql: "(SELECT " + exec.QuoteIdentifier(p.column.Name) + " FROM " + p.scope.table.Quoted() + " WHERE FALSE)"})
	}
	return all
}

// areSubqueries is areProbes for the columns that probes makes.
func areSubqueries(compared []probe, columns []encode.Column) bool {
	for i, p := range compared {
		if !p.column.IsSameInUnion(columns[i]) {
			return false
		}
	}
	return true
}

// losesDates reports whether dates without a month or a day are lost, as MySQL does
// where the rows of several branches become one table.
func (r *related) losesDates() bool { return len(r.branches) > 1 && r.known.Table.MariaDB == 0 }

// keepDates makes texts of dates where they would be lost.
func (r *related) keepDates() {
	if !r.losesDates() {
		return
	}
	for i, o := range r.outputs {
		if o.column == nil || o.branch.isGrouped || o.column.Type != "DATE" && o.column.Type != "DATETIME" {
			continue
		}
		r.note(o.scope, o.column)
		r.outputs[i].column = nil
		r.outputs[i].sql = "CAST(" + o.sql + " AS CHAR)"
	}
}

// single writes the statement with one branch.
func (r *related) single() (clause, error) {
	b := r.branches[0]
	order, err := r.order(b)
	if err != nil {
		return clause{}, err
	}
	from, err := r.from(b)
	if err != nil {
		return clause{}, err
	}
	return sql("SELECT ", r.named(b), behind(r.probes()), from, r.groupBy(b), orderBy(order), limitClause(b.node.query)), nil
}

// union writes the statement with several branches.
func (r *related) union() (clause, error) {
	for _, b := range r.branches { // all that is compared has to be known before the lists are written
		var err error
		if b.order, err = r.order(b); err != nil {
			return clause{}, err
		}
		if b.source, err = r.from(b); err != nil {
			return clause{}, err
		}
	}
	var with, selects []clause
	for _, b := range r.branches {
		rows := r.rows(b)
		if b.parent == nil || b.children > 0 {
			with = append(with, sql(branchName(b), " AS (", rows, ")"))
			rows = clause{sql: branchName(b)}
		} else if b.isNumbered() {
			rows = sql("(", rows, ") AS ", branchName(b))
		}
		if b.isNumbered() {
			rows = sql("SELECT ", r.list(b, nil), " FROM ", rows)
		}
		selects = append(selects, rows)
	}
	r.shape.Column = len(r.outputs)
	sorts := make([]string, 2*r.depth()+1)
	for i := range sorts {
		sorts[i] = sortName(i)
	}
	return sql("WITH ", join(with, ", "), " ", join(selects, " UNION ALL "), " ORDER BY "+strings.Join(sorts, ", ")), nil
}

// depth is how many levels of branches there are below the first.
func (r *related) depth() int {
	deepest := 0
	for _, b := range r.branches {
		deepest = max(deepest, b.depth)
	}
	return deepest
}

// isNumbered reports whether the rows of b have numbers: the order among them, or
// what belongs to them, needs one.
func (b *branch) isNumbered() bool {
	q := b.node.query
	return b.parent == nil || b.children > 0 || len(q.Order) > 0 || q.Limit != nil || q.Offset > 0
}

// list is what one branch of the union selects: its own columns and NULL for the
// others', its number, and what all rows are sorted by. Own writes an own column;
// nil takes it from the rows of the branch.
func (r *related) list(b *branch, own func(i int) clause) clause {
	var columns []clause
	add := func(name string, c clause) {
		if b.number == 0 { // the first names them
			c.sql += " AS " + name
		}
		columns = append(columns, c)
	}
	for i, o := range r.outputs {
		switch {
		case o.branch != b:
			add(outputName(i), clause{sql: "NULL"})
		case own != nil:
			add(outputName(i), own(i))
		default:
			add(outputName(i), clause{sql: outputName(i)})
		}
	}
	add(exec.QuoteIdentifier("b"), clause{sql: fmt.Sprint(b.number)})
	for i := range 2*r.depth() + 1 {
		add(sortName(i), clause{sql: r.sortColumn(b, i, own != nil)})
	}
	for _, p := range r.probes() {
		if b.number > 0 {
			p = clause{sql: "NULL"}
		}
		columns = append(columns, p)
	}
	return join(columns, ", ")
}

// sortColumn is the column of b that all rows are sorted by in the i-th place:
// the number of the row of each level, and between two the branch.
func (r *related) sortColumn(b *branch, i int, isBare bool) string {
	depth := (i + 1) / 2
	switch {
	case depth > b.depth:
		return "NULL"
	case i%2 == 1:
		for b.depth > depth {
			b = b.parent
		}
		return fmt.Sprint(b.number)
	case depth == b.depth && isBare:
		return b.ownOrder()
	default:
		return numberName(depth)
	}
}

// ownOrder is a column that puts rows without numbers in the order of their
// primary key, where one number does.
func (b *branch) ownOrder() string {
	n := b.node
	var rest []string
	for _, c := range n.table.Columns {
		if c.IsPrimary && !slices.Contains(n.relation.ToColumns, c.Name) {
			rest = append(rest, n.name(&c))
			if !strings.HasSuffix(c.Type, "INT") {
				rest = append(rest, "")
			}
		}
	}
	if len(rest) != 1 || b.isGrouped {
		return "NULL"
	}
	return rest[0]
}

// rows writes the rows of a branch: with their numbers, columns and links, or, of
// a branch without numbers, as a branch of the union.
func (r *related) rows(b *branch) clause {
	switch {
	case b.parent == nil:
		return r.firstRows(b, b.source, b.order)
	case !b.isNumbered():
		own := func(i int) clause { return r.outputs[i].clause }
		return sql("SELECT ", r.list(b, own), b.source, r.groupBy(b))
	}
	numbers := r.parentNumbers(b)
	partition := "PARTITION BY " + strings.Join(numbers, ", ")
	list := join([]clause{
		{sql: strings.Join(numbers, ", ")},
		sql("ROW_NUMBER() OVER (", partition, orderBy(b.order), ") AS ", numberName(b.depth)),
	}, ", ")
	rows := sql("SELECT ", list, behind(r.namedOutputs(b)), behind(r.links(b)), b.source, r.groupBy(b))
	return r.window(b, rows)
}

// firstRows writes the rows of the table that is read, and numbers them once they
// are limited: to number all of them first takes several times as long.
func (r *related) firstRows(b *branch, from clause, order []clause) clause {
	columns := append(r.namedOutputs(b), r.links(b)...)
	if !b.node.isPage() {
		return sql("SELECT ROW_NUMBER() OVER (", orderTerms(order), ") AS ", numberName(0), behind(columns), from)
	}
	page, again := r.page(b, from, order, columns)
	return sql("SELECT `q`.*, ROW_NUMBER() OVER (", orderTerms(again), ") AS ", numberName(0), " FROM (", page, ") AS `q`")
}

// isPage reports whether not all rows of n are asked for.
func (n *node) isPage() bool { return n.query.Limit != nil || n.query.Offset > 0 }

// page writes the rows of the table that is read as a table of their own, and the
// order that they have there.
func (r *related) page(b *branch, from clause, order, columns []clause) (page clause, again []clause) {
	for i, o := range order {
		text, suffix := strings.CutSuffix(o.sql, " DESC")
		columns = append(columns, clause{text + " AS " + orderName(i), o.args})
		if o.sql = orderName(i); suffix {
			o.sql += " DESC"
		}
		again = append(again, clause{sql: o.sql})
	}
	return sql("SELECT ", join(columns, ", "), from, orderBy(order), limitClause(b.node.query)), again
}

// window keeps the rows of b that limit and offset leave of those of each row.
func (r *related) window(b *branch, rows clause) clause {
	q := b.node.query
	if q.Limit == nil && q.Offset == 0 {
		return rows
	}
	number := numberName(b.depth)
	kept := clause{number + " > ?", []any{int64(q.Offset)}}
	if q.Limit != nil {
		kept = sql(kept, clause{" AND " + number + " <= ?", []any{int64(min(q.Offset+*q.Limit, 1<<63-1))}})
	}
	return sql("SELECT * FROM (", rows, ") AS `q` WHERE ", kept)
}

// parentNumbers are the columns that number the rows that those of b belong to.
func (r *related) parentNumbers(b *branch) []string {
	var names []string
	for depth := range b.depth {
		names = append(names, "`p`."+numberName(depth))
	}
	return names
}

// behind writes columns behind others.
func behind(columns []clause) clause {
	if len(columns) == 0 {
		return clause{}
	}
	return sql(", ", join(columns, ", "))
}

// namedOutputs are the columns of b under the names that they have in the result.
func (r *related) namedOutputs(b *branch) []clause {
	var columns []clause
	for i, o := range r.outputs {
		if o.branch == b {
			columns = append(columns, clause{o.sql + " AS " + outputName(i), o.args})
		}
	}
	return columns
}

// named is the select list of a statement with one branch.
func (r *related) named(b *branch) clause { return join(r.namedOutputs(b), ", ") }

// links are the columns of b that other branches are joined to.
func (r *related) links(b *branch) []clause {
	var columns []clause
	for _, child := range r.branches {
		if child.parent != b {
			continue
		}
		for i, column := range child.node.relation.FromColumns {
			columns = append(columns, clause{sql: child.from.qualified(column) + " AS " + linkName(child.number, i)})
		}
		if child.from != b.node {
			columns = append(columns, clause{sql: child.from.isThere() + " AS " + presenceName(child.number)})
		}
	}
	return columns
}

// groupBy writes GROUP BY: by the row that the groups belong to, and by what is
// selected beside the aggregates.
func (r *related) groupBy(b *branch) clause {
	if !b.isGrouped {
		return clause{}
	}
	var by []clause
	if b.parent != nil {
		for _, number := range r.parentNumbers(b) {
			by = append(by, clause{sql: number})
		}
	}
	for i, o := range r.outputs {
		if o.branch != b || !o.isGroup {
			continue
		}
		if b.isNumbered() || b.parent == nil {
			by = append(by, clause{sql: outputName(i)})
		} else {
			by = append(by, o.clause)
		}
	}
	if len(by) == 0 {
		return clause{}
	}
	return sql(" GROUP BY ", join(by, ", "))
}

// hasGroups reports whether the rows of b are grouped by a column.
func (r *related) hasGroups(b *branch) bool {
	return slices.ContainsFunc(r.outputs, func(o output) bool { return o.branch == b && o.isGroup })
}

// tables writes FROM and WHERE of n, which stands before everything else.
func (r *related) tables(n *node) (tables, where clause, err error) {
	at := inWhere
	if n.isPage() && !n.isGrouped() {
		at = inPage
	}
	if where, err = r.allIn(at, &n.scope, n.query.Where); err != nil {
		return tables, where, err
	}
	joins, err := r.joins(n)
	return sql(" FROM ", n.quoted(), joins), prefixed(" WHERE ", where), err
}

// from writes FROM and WHERE of a branch.
func (r *related) from(b *branch) (clause, error) {
	n := b.node
	if b.parent == nil {
		tables, where, err := r.tables(n)
		return sql(tables, where), err
	}
	isOuter, at := b.isGrouped && !r.hasGroups(b), inWhere
	if isOuter { // a row without any has one group, too
		at = inJoin
	}
	where, err := r.allIn(at, &n.scope, n.query.Where)
	if err != nil {
		return clause{}, err
	}
	joins, err := r.joins(n)
	if err != nil {
		return clause{}, err
	}
	link := make([]string, len(n.relation.FromColumns))
	for i := range link {
		link[i] = "`p`." + linkName(b.number, i)
	}
	source, on := n.source(link)
	head := sql(" FROM ", branchName(b.parent), " AS `p`")
	if isOuter {
		onlyThere := ""
		if b.from != b.parent.node {
			onlyThere = " WHERE `p`." + presenceName(b.number)
		}
		return sql(head, " LEFT JOIN ", source, " ON ", on, prefixed(" AND ", where), joins, onlyThere), nil
	}
	return sql(head, " JOIN ", source, " ON ", on, joins, prefixed(" WHERE ", where)), nil
}

// prefixed writes a word before a clause, if there is one.
func prefixed(word string, c clause) clause {
	if c.sql == "" {
		return c
	}
	return sql(word, c)
}

// quoted writes the table of n under its alias.
func (n *node) quoted() string { return n.table.Quoted() + " AS " + n.alias }

// source writes the table of n, behind its junction if there is one, and the
// condition by which it belongs to a row that has these columns.
func (n *node) source(from []string) (table, on string) {
	if n.relation.Junction == nil {
		return n.quoted(), equal(from, n.qualifiedAll(n.relation.ToColumns))
	}
	j := n.relation.Junction
	junction := scope{alias: n.junction}
	through := equal(junction.qualifiedAll(j.ToColumns), n.qualifiedAll(n.relation.ToColumns))
	return "(" + catalog.QuoteTable(j.Table) + " AS " + n.junction + " JOIN " + n.quoted() + " ON " + through + ")",
		equal(from, junction.qualifiedAll(j.FromColumns))
}

func (s *scope) qualifiedAll(columns []string) []string {
	all := make([]string, len(columns))
	for i, column := range columns {
		all[i] = s.qualified(column)
	}
	return all
}

// equal writes that columns equal others, one by one.
func equal(left, right []string) string {
	parts := make([]string, len(left))
	for i := range left {
		parts[i] = right[i] + " = " + left[i]
	}
	return strings.Join(parts, " AND ")
}

// joins writes the tables of which a row of n has one at most, if their columns
// are wanted.
func (r *related) joins(n *node) (clause, error) {
	var all clause
	for _, child := range n.children {
		if !child.isJoined {
			continue
		}
		where, err := r.allIn(inJoin, &child.scope, child.query.Where)
		if err != nil {
			return clause{}, err
		}
		if q := child.query; q.Limit != nil && *q.Limit == 0 || q.Offset > 0 {
			where = sql(prefixed("", where), " AND FALSE")
			where.sql = strings.TrimPrefix(where.sql, " AND ")
		}
		inner, err := r.joins(child)
		if err != nil {
			return clause{}, err
		}
		source, on := child.source(n.qualifiedAll(child.relation.FromColumns))
		all = sql(all, " LEFT JOIN ", source, " ON ", on, prefixed(" AND ", where), inner)
	}
	return all, nil
}

// place is where conditions stand.
type place uint8

const (
	inWhere    place = iota // of rows, with the tables that are joined to them
	inPage                  // the same, of rows of which only the first are wanted
	inJoin                  // the condition of a join, before what is joined to that
	inSubquery              // of which there are only the rows themselves
)

// allIn is all for conditions at a place.
func (b *builder) allIn(p place, s *scope, conditions []postgrest.Condition) (clause, error) {
	before := b.place
	defer func() { b.place = before }()
	b.place = p
	return b.all(s, conditions)
}

// isThere writes that a row of s has rows of a related table. What is joined to it
// tells so by itself: with a subquery MariaDB would read all rows of that table. In
// the condition of a join, MySQL finds wrong rows with EXISTS, which it makes a
// join of; and of a page whose rows need any row, to look for one by one is less
// work than to read all.
func (b *builder) isThere(s *scope, child *node) (clause, error) {
	place := b.place
	if child.isJoined && (place == inWhere || place == inPage) {
		return clause{sql: child.isThere()}, nil
	}
	where, err := b.allIn(inSubquery, &child.scope, child.query.Where)
	if err != nil {
		return clause{}, err
	}
	source, on := child.source(s.qualifiedAll(child.relation.FromColumns))
	rows := sql(" FROM ", source, " WHERE ", on, prefixed(" AND ", where))
	switch q := child.query; {
	case q.Limit != nil && *q.Limit == 0:
		return clause{sql: "FALSE"}, nil
	case q.Offset > 0:
		return sql("((SELECT COUNT(*)", rows, clause{") > ?)", []any{int64(q.Offset)}}), nil
	case place == inJoin, place == inPage && where.sql == "":
		return sql("((SELECT TRUE", rows, " LIMIT 1) IS NOT NULL)"), nil
	default:
		return sql("EXISTS (SELECT *", rows, ")"), nil
	}
}

// isNullTest reports whether c asks whether something is NULL.
func isNullTest(c postgrest.Condition) bool {
	return c.Operator == "is" && strings.EqualFold(c.Values[0], "null")
}

// isNull writes that a row has, or has not, rows of a related table.
func (b *builder) isNull(s *scope, child *node, c postgrest.Condition) (clause, error) {
	if !isNullTest(c) {
		return clause{}, c.ValuesAt.Refuse(postgrest.CodeEmbedFilter, "Filter its rows with "+child.embed.Name+".COLUMN=…",
			"a filter on the related table %q, expected is.null or not.is.null", child.embed.Name)
	}
	there, err := b.isThere(s, child)
	return sql("NOT ", there), err
}

// order returns the terms by which the rows of a branch are ordered. The numbers
// of rows need an order of all of them.
func (r *related) order(b *branch) ([]clause, error) {
	n := b.node
	var terms []clause
	seen := map[string]bool{}
	isDescending := false
	for _, term := range n.query.Order {
		what, err := r.orderSubject(b, term)
		if err != nil {
			return nil, err
		}
		if isDescending = term.Descending; seen[fmt.Sprint(what.sql, what.args)] {
			continue
		}
		seen[fmt.Sprint(what.sql, what.args)] = true
		terms = append(terms, what.ordered(term)...)
	}
	if len(r.branches) == 1 || b.isGrouped {
		return terms, nil
	}
	for _, name := range r.tieBreakers(b) {
		if seen[fmt.Sprint(name, []any(nil))] {
			continue
		}
		if isDescending { // as an index would have it
			name += " DESC"
		}
		terms = append(terms, clause{sql: name})
	}
	return terms, nil
}

// orderSubject is what a term orders by.
func (r *related) orderSubject(b *branch, term postgrest.Term) (subject, error) {
	s := &b.node.scope
	if term.Relation != "" {
		child := s.child(term.Relation)
		switch {
		case child == nil:
			return subject{}, term.Refuse(postgrest.CodeNotEmbedded, "Add it to select: "+term.Relation+"().",
				"%q is not a related table that select names", term.Relation)
		case child.isMany:
			return subject{}, term.Refuse(postgrest.CodeToManyOrder, "", "order by %q, which may have several rows", term.Relation)
		}
		child.isJoined = true
		s = &child.scope
	}
	what, err := s.subject(term.Place, term.Column, term.Path)
	if err == nil && what.isPath() {
		r.note(s, what.source)
	}
	if err != nil || !b.isGrouped {
		return what, err
	}
	group := r.group(b, what)
	switch {
	case group < 0:
		return what, term.Refuse(postgrest.CodeSyntax, "Add it to select.",
			"order by %q, by which the rows are not grouped", term.Column)
	case what.isPath() && b.parent == nil: // MySQL does not know an expression with arguments again
		what.clause = clause{sql: outputName(group)}
		what.keys = s.sortKeys(what)
	case what.isPath():
		what.keys = nil
	}
	return what, nil
}

// group finds the output that is what, if the rows of b are grouped by it. It
// returns -1 otherwise.
func (r *related) group(b *branch, what subject) int {
	return slices.IndexFunc(r.outputs, func(o output) bool {
		return o.branch == b && o.isGroup && o.sql == what.sql && fmt.Sprint(o.args) == fmt.Sprint(what.args)
	})
}

// tieBreakers are columns that tell rows of b apart: the primary key, or what
// other rows are joined by.
func (r *related) tieBreakers(b *branch) []string {
	names, isWhole := r.primary(b.node)
	if isWhole {
		return names
	}
	for _, child := range r.branches {
		if child.parent == b {
			names = append(names, child.from.qualifiedAll(child.node.relation.FromColumns)...)
		}
	}
	return names
}

// primary returns the columns of the primary key of n that the account may read,
// and whether values of these, as the result has them, are those of one row.
func (r *related) primary(n *node) (names []string, isWhole bool) {
	var columns []string
	isExact := true
	for _, c := range n.table.Columns {
		if c.IsPrimary {
			columns = append(columns, c.Name)
			isExact = isExact && c.Type != "FLOAT" // of which a text has six digits
		}
	}
	return n.qualifiedAll(columns), isExact && r.keys.IsUnique(n.table.Name, columns)
}

// orderBy writes ORDER BY behind something else.
func orderBy(terms []clause) clause { return prefixed(" ", orderTerms(terms)) }

// orderTerms writes ORDER BY.
func orderTerms(terms []clause) clause { return prefixed("ORDER BY ", join(terms, ", ")) }

// limitClause writes LIMIT. MySQL has no OFFSET without one.
func limitClause(q *postgrest.Query) clause {
	const all = uint64(1<<63 - 1)
	limit := all - min(q.Offset, all) // the sum must not overflow either
	if q.Limit != nil {
		limit = *q.Limit
	}
	switch {
	case q.Limit == nil && q.Offset == 0:
		return clause{}
	case q.Offset == 0:
		return clause{" LIMIT ?", []any{int64(limit)}}
	default:
		return clause{" LIMIT ? OFFSET ?", []any{int64(limit), int64(q.Offset)}}
	}
}

// countRelated returns the query for the number of rows of q.
func (k Known) countRelated(q *postgrest.Query) (*exec.Statement, error) {
	r := &related{known: k}
	all := *q
	all.Limit, all.Offset = nil, 0
	root, err := r.resolve(k.Table, &all)
	if err != nil {
		return nil, err
	}
	if _, err := r.addBranch(root, nil, nil); err != nil {
		return nil, err
	}
	b := r.branches[0]
	if !b.isGrouped {
		for _, c := range root.children { // all rows are counted, whatever is joined to them
			c.isJoined = false
		}
	}
	from, err := r.from(b)
	if err != nil {
		return nil, err
	}
	probes := behind(r.probes())
	text := sql("SELECT COUNT(*)", probes, from)
	if b.isGrouped {
		text = sql("SELECT COUNT(*)", probes, " FROM (SELECT ", r.named(b), from, r.groupBy(b), ") AS `q`")
	}
	return &exec.Statement{
		Table: k.Table.Name, Text: text.sql, Args: text.args, Patterns: r.patterns, Hidden: len(r.compared),
		Fits: func(columns []encode.Column) bool {
			return len(columns) == 1+len(r.compared) && areSubqueries(r.compared, columns[1:])
		},
	}, nil
}
