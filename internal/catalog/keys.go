package catalog

// This file is what is known of all tables together: their indexes, what is unique in
// them, and how the rows of one belong to those of another. A table that is not listed has
// no part in any of it: whoever asks cannot tell it from one that does not exist.

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"readapi/internal/exec"
)

// Keys are the keys of all tables of a catalog. They do not change.
type Keys struct {
	unique  map[string][][]string // by table: the columns of each primary or unique key
	primary map[string][]string   // by table: the columns of the primary key
	indexes map[string][][]string // by table: the columns of each other index, or ""
	foreign []ForeignKey
}

// ForeignKey says that the columns of a table refer to those of another, or of
// the same.
type ForeignKey struct {
	Name              string // of the constraint
	Table             string
	Columns           []string
	Referenced        string // table
	ReferencedColumns []string
}

// NewKeys makes Keys of the columns of each primary or unique key, by table, and of
// foreign keys. One that refers to columns that are not unique is left out: MySQL
// shows an account that may read some columns only a part of a key, too, which
// would relate rows that are not.
func NewKeys(unique map[string][][]string, foreign ...ForeignKey) *Keys {
	k := &Keys{unique: unique}
	for _, f := range foreign {
		if k.IsUnique(f.Referenced, f.ReferencedColumns) {
			k.foreign = append(k.foreign, f)
		}
	}
	return k
}

// Equal reports whether nothing has changed from k to other.
func (k *Keys) Equal(other *Keys) bool { return reflect.DeepEqual(k, other) }

// IsUnique reports whether a table has one row at most for any values of columns.
func (k *Keys) IsUnique(table string, columns []string) bool {
	return slices.ContainsFunc(k.unique[table], func(key []string) bool { return containsAll(columns, key) })
}

// containsAll reports whether each of columns is among those of another list. Case
// does not count in MySQL.
func containsAll(list, columns []string) bool {
	return !slices.ContainsFunc(columns, func(column string) bool {
		return !slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(column, other) })
	})
}

// RowKey returns the columns of a key that tells all rows of t apart: the primary
// key, or another unique one whose columns are never NULL. It returns nil if there is
// none, as for a view, or if the account may not read all of it.
func (k *Keys) RowKey(t *Table) []string {
	if t.IsView {
		return nil
	}
	tells := func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(column string) bool {
			c := t.Column(column)
			return c == nil || c.IsNullable
		})
	}
	if key := k.primary[t.Name]; tells(key) {
		return key
	}
	if i := slices.IndexFunc(k.unique[t.Name], tells); i >= 0 {
		return k.unique[t.Name][i]
	}
	return nil
}

// Indexes returns the columns of each index of a table that has rows in an order,
// the primary key before the others. What is no whole column, in ascending order, is
// "".
func (k *Keys) Indexes(table string) [][]string {
	if key := k.primary[table]; len(key) > 0 {
		return slices.Concat([][]string{key}, k.indexes[table])
	}
	return k.indexes[table]
}

const (
	indexText = `SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, NON_UNIQUE = 0, COLLATION FROM information_schema.STATISTICS
	WHERE TABLE_SCHEMA = DATABASE() AND (NON_UNIQUE = 0 OR INDEX_TYPE = 'BTREE') ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`
	foreignText = `SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
	FROM information_schema.KEY_COLUMN_USAGE
	WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL AND REFERENCED_TABLE_SCHEMA = DATABASE()
	ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`
)

// learnKeys asks for the keys of the tables that are listed. An engine that tells
// nothing of them has none.
func learnKeys(ctx context.Context, query Query, isListed func(table string) bool) (*Keys, error) {
	k, err := learnIndexes(ctx, query, isListed)
	var foreign []ForeignKey
	if err == nil {
		foreign, err = learnForeign(ctx, query, isListed)
	}
	switch {
	case err == nil:
		k.foreign = NewKeys(k.unique, foreign...).foreign
		return k, nil
	case exec.KindOf(err) == exec.Internal:
		return new(Keys), nil
	default:
		return nil, err
	}
}

// indexColumn is a column of an index.
type indexColumn struct {
	table, index string
	name         string // or "": an expression
	isPart       bool   // the index has the beginning of its values
	isUnique     bool   // the index is
	isAscending  bool
}

// learnIndexes returns Keys without foreign ones.
func learnIndexes(ctx context.Context, query Query, isListed func(string) bool) (*Keys, error) {
	rows, err := query(ctx, indexText)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	k := &Keys{unique: map[string][][]string{}, primary: map[string][]string{}, indexes: map[string][][]string{}}
	var last indexColumn
	for rows.Next() {
		var (
			c         indexColumn
			name      sql.NullString // NULL is an expression
			part      sql.NullInt64  // the beginning of the column, or NULL
			direction sql.NullString // NULL is none
		)
		if err := rows.Scan(&c.table, &c.index, &name, &part, &c.isUnique, &direction); err != nil {
			return nil, fmt.Errorf("indexes: %w", err)
		}
		if !isListed(c.table) {
			continue
		}
		c.name, c.isPart, c.isAscending = name.String, part.Valid, direction.String == "A"
		k.add(c, c.table != last.table || c.index != last.index)
		last = c
	}
	return k, rows.Err()
}

// add adds a column of an index, which may be the first of it.
func (k *Keys) add(c indexColumn, isFirst bool) {
	addTo := func(keys map[string][][]string, isFirst bool, name string) {
		if isFirst {
			keys[c.table] = append(keys[c.table], nil)
		}
		key := &keys[c.table][len(keys[c.table])-1]
		*key = append(*key, name)
	}
	if c.isUnique {
		addTo(k.unique, isFirst, c.name)
		if c.isPart { // what is equal so far need not be
			addTo(k.unique, false, "")
		}
	}
	switch {
	case c.index == "PRIMARY":
		k.primary[c.table] = append(k.primary[c.table], c.name)
	case c.isPart, !c.isAscending:
		addTo(k.indexes, isFirst, "")
	default:
		addTo(k.indexes, isFirst, c.name)
	}
}

func learnForeign(ctx context.Context, query Query, isListed func(string) bool) ([]ForeignKey, error) {
	rows, err := query(ctx, foreignText)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var foreign []ForeignKey
	for rows.Next() {
		var f ForeignKey
		var column, referenced string
		if err := rows.Scan(&f.Table, &f.Name, &column, &f.Referenced, &referenced); err != nil {
			return nil, fmt.Errorf("foreign keys: %w", err)
		}
		if !isListed(f.Table) || !isListed(f.Referenced) {
			continue
		}
		if n := len(foreign); n == 0 || foreign[n-1].Table != f.Table || foreign[n-1].Name != f.Name {
			foreign = append(foreign, f)
		}
		last := &foreign[len(foreign)-1]
		last.Columns, last.ReferencedColumns = append(last.Columns, column), append(last.ReferencedColumns, referenced)
	}
	return foreign, rows.Err()
}

// Relation is how the rows of one table belong to those of another.
type Relation struct {
	From, To string // tables
	// FromColumns of From equal ToColumns of To, or, with a junction, the columns
	// of the junction's foreign keys.
	FromColumns, ToColumns []string
	ToOne                  bool      // a row of From has one row of To at most
	Junction               *Junction // of a many-to-many relation, else nil

	Key        ForeignKey // that it comes from, if there is no junction
	IsForward  bool       // From has the foreign key
	IsOneToOne bool       // the columns of the foreign key are unique, too
}

// Junction is the table between two tables that are related many to many.
type Junction struct {
	Table                  string
	FromColumns, ToColumns []string // that equal those of the two tables
	from, to               ForeignKey
}

// Relations returns how a table is related to others.
func (k *Keys) Relations(from string) []Relation {
	var relations []Relation
	for _, f := range k.foreign {
		isOneToOne := k.IsUnique(f.Table, f.Columns)
		if f.Table == from {
			relations = append(relations, Relation{
				From: from, To: f.Referenced, FromColumns: f.Columns, ToColumns: f.ReferencedColumns,
				ToOne: true, Key: f, IsForward: true, IsOneToOne: isOneToOne,
			})
		}
		if f.Referenced == from {
			relations = append(relations, Relation{
				From: from, To: f.Table, FromColumns: f.ReferencedColumns, ToColumns: f.Columns,
				ToOne: isOneToOne, Key: f, IsOneToOne: isOneToOne,
			})
			relations = append(relations, k.throughJunction(f)...)
		}
	}
	return relations
}

// throughJunction returns the many-to-many relations of the table that f refers
// to: the key of the junction, a third table, has to have both foreign keys in it.
func (k *Keys) throughJunction(f ForeignKey) []Relation {
	var relations []Relation
	for _, g := range k.foreign {
		isThird := f.Table != f.Referenced && g.Table != g.Referenced
		if g.Table != f.Table || g.Name == f.Name || !isThird || !k.haveKeyOf(f, g) {
			continue
		}
		relations = append(relations, Relation{
			From: f.Referenced, To: g.Referenced, FromColumns: f.ReferencedColumns, ToColumns: g.ReferencedColumns,
			Junction: &Junction{f.Table, f.Columns, g.Columns, f, g},
		})
	}
	return relations
}

// haveKeyOf reports whether a key of the table of f and g has the columns of both.
func (k *Keys) haveKeyOf(f, g ForeignKey) bool {
	both := slices.Concat(f.Columns, g.Columns)
	return slices.ContainsFunc(k.unique[f.Table], func(key []string) bool { return containsAll(key, both) })
}

// Find returns the relations of a table that are meant by a target and a hint, as
// PostgREST takes them: the target is a table, a constraint, or the column of a
// foreign key; the hint, if it is not empty, tells several apart by a constraint, a
// column or the junction. Of a table that refers to itself its own name means the
// rows that refer to a row, and the column or the constraint the row that it
// refers to.
func (k *Keys) Find(from, target, hint string) []Relation {
	var found, named []Relation
	for _, r := range k.Relations(from) {
		switch {
		case !r.isTarget(target):
		case hint == "" || r.isHinted(hint):
			found = append(found, r)
		}
		if r.isTarget(target) && hint == r.name() {
			named = append(named, r)
		}
	}
	if len(named) > 0 {
		return named
	}
	return found
}

// isTarget reports whether target may mean r.
func (r *Relation) isTarget(target string) bool {
	isSelf := r.From == r.To
	switch {
	case target == r.To:
		return !isSelf || !r.IsForward
	case r.Junction != nil:
		return false
	case r.IsForward:
		return isKeyCalled(r.Key, target)
	default:
		return target == r.Key.Name && !isSelf
	}
}

// isHinted reports whether hint is what may tell r from others.
func (r *Relation) isHinted(hint string) bool {
	if j := r.Junction; j != nil {
		return hint == j.Table || isKeyCalled(j.to, hint)
	}
	return isKeyCalled(r.Key, hint)
}

// isKeyCalled reports whether name is the constraint, or the only column, of f.
func isKeyCalled(f ForeignKey, name string) bool {
	return name == f.Name || len(f.Columns) == 1 && strings.EqualFold(name, f.Columns[0])
}

// name is a hint that no other relation with the same target has: the constraint,
// or both constraints of a junction.
func (r *Relation) name() string {
	if j := r.Junction; j != nil {
		return j.from.Name + " " + j.to.Name
	}
	return r.Key.Name
}

// Spelling returns a target and a hint that find r and nothing else.
func (k *Keys) Spelling(r *Relation) (target, hint string) {
	target, hints := r.To, []string{r.name()}
	switch {
	case r.Junction != nil:
		hints = []string{r.Junction.Table, r.Junction.to.Name, r.name()}
	case r.From == r.To && r.IsForward:
		target, hints = r.Key.Name, []string{"", r.name()}
	}
	for _, hint = range hints {
		if found := k.Find(r.From, target, hint); len(found) == 1 && found[0].String() == r.String() {
			break
		}
	}
	return target, hint
}

// Cardinality is what the relation is called: many-to-one, …
func (r *Relation) Cardinality() string {
	switch {
	case r.Junction != nil:
		return "many-to-many"
	case r.ToOne && r.IsOneToOne:
		return "one-to-one"
	case r.ToOne:
		return "many-to-one"
	default:
		return "one-to-many"
	}
}

// String describes the relation by its constraints and columns.
func (r *Relation) String() string {
	columns := func(table string, names []string) string { return table + "(" + strings.Join(names, ", ") + ")" }
	if j := r.Junction; j != nil {
		return j.Table + " using " + columns(j.from.Name, j.FromColumns) + " and " + columns(j.to.Name, j.ToColumns)
	}
	return r.Key.Name + " using " + columns(r.From, r.FromColumns) + " and " + columns(r.To, r.ToColumns)
}
