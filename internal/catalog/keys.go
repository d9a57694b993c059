package catalog

// This file is what is known of all tables together: what is unique in them, and
// how the rows of one belong to those of another. A table that is not listed has
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

// Equal reports whether nothing has changed from k to other.
func (k *Keys) Equal(other *Keys) bool { return reflect.DeepEqual(k, other) }

// isUnique reports whether a table has one row at most for any values of columns.
func (k *Keys) isUnique(table string, columns []string) bool {
	return slices.ContainsFunc(k.unique[table], func(key []string) bool { return containsAll(columns, key) })
}

// containsAll reports whether each of columns is among those of another list. Case
// does not count in MySQL.
func containsAll(list, columns []string) bool {
	return !slices.ContainsFunc(columns, func(column string) bool {
		return !slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(column, other) })
	})
}

const (
	uniqueText = `SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS
	WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`
	foreignText = `SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME
	FROM information_schema.KEY_COLUMN_USAGE
	WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL AND REFERENCED_TABLE_SCHEMA = DATABASE()
	ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`
)

// learnKeys asks for the keys of the tables that are listed. An engine that tells
// nothing of them has none.
func learnKeys(ctx context.Context, query Query, isListed func(table string) bool) (*Keys, error) {
	k := &Keys{unique: map[string][][]string{}, primary: map[string][]string{}}
	err := k.learnUnique(ctx, query, isListed)
	if err == nil {
		err = k.learnForeign(ctx, query, isListed)
	}
	if err != nil && exec.KindOf(err) == exec.Internal {
		return new(Keys), nil
	}
	return k, err
}

func (k *Keys) learnUnique(ctx context.Context, query Query, isListed func(string) bool) error {
	rows, err := query(ctx, uniqueText)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last [2]string
	for rows.Next() {
		var (
			table, index string
			column       sql.NullString // NULL is an expression
			part         sql.NullInt64  // the beginning of the column, or NULL
		)
		if err := rows.Scan(&table, &index, &column, &part); err != nil {
			return fmt.Errorf("unique keys: %w", err)
		}
		if !isListed(table) {
			continue
		}
		if now := [2]string{table, index}; now != last {
			last = now
			k.unique[table] = append(k.unique[table], nil)
		}
		key := &k.unique[table][len(k.unique[table])-1]
		if *key = append(*key, column.String); part.Valid { // what is equal so far need not be
			*key = append(*key, "")
		}
		if index == "PRIMARY" {
			k.primary[table] = append(k.primary[table], column.String)
		}
	}
	return rows.Err()
}

func (k *Keys) learnForeign(ctx context.Context, query Query, isListed func(string) bool) error {
	rows, err := query(ctx, foreignText)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var f ForeignKey
		var column, referenced string
		if err := rows.Scan(&f.Table, &f.Name, &column, &f.Referenced, &referenced); err != nil {
			return fmt.Errorf("foreign keys: %w", err)
		}
		if !isListed(f.Table) || !isListed(f.Referenced) {
			continue
		}
		if n := len(k.foreign); n == 0 || k.foreign[n-1].Table != f.Table || k.foreign[n-1].Name != f.Name {
			k.foreign = append(k.foreign, f)
		}
		last := &k.foreign[len(k.foreign)-1]
		last.Columns, last.ReferencedColumns = append(last.Columns, column), append(last.ReferencedColumns, referenced)
	}
	return rows.Err()
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
		isOneToOne := k.isUnique(f.Table, f.Columns)
		if f.Table == from {
			relations = append(relations, Relation{
				From: from, To: f.Referenced, FromColumns: f.Columns, ToColumns: f.ReferencedColumns,
				ToOne: k.isUnique(f.Referenced, f.ReferencedColumns), Key: f, IsForward: true, IsOneToOne: isOneToOne,
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
// to: the key of the junction has to have both foreign keys in it.
func (k *Keys) throughJunction(f ForeignKey) []Relation {
	var relations []Relation
	for _, g := range k.foreign {
		if g.Table != f.Table || g.Name == f.Name || !k.haveKeyOf(f, g) {
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
// foreign key; the hint tells several apart by a constraint, a column or the
// junction. Of a table that refers to itself its own name means the rows that
// refer to a row, and the column or the constraint the row that it refers to.
func (k *Keys) Find(from, target, hint string) []Relation {
	return slices.DeleteFunc(k.Relations(from), func(r Relation) bool { return !r.isMeant(target, hint) })
}

// isMeant reports whether r is one of the relations that target and hint may mean.
func (r *Relation) isMeant(target, hint string) bool {
	isSelf := r.From == r.To
	switch {
	case hint != "":
		return target == r.To && r.isHinted(hint) && (!isSelf || !r.IsForward)
	case r.Junction != nil:
		return target == r.To
	case isSelf && !r.IsForward:
		return target == r.To
	case isSelf:
		return r.isKey(target)
	case r.IsForward:
		return target == r.To || r.isKey(target)
	default:
		return target == r.To || target == r.Key.Name
	}
}

// isHinted reports whether hint is a name of what makes the relation.
func (r *Relation) isHinted(hint string) bool {
	if j := r.Junction; j != nil {
		return hint == j.Table || isKeyCalled(j.to, hint)
	}
	return r.isKey(hint)
}

func (r *Relation) isKey(name string) bool { return isKeyCalled(r.Key, name) }

// isKeyCalled reports whether name is the constraint, or the only column, of f.
func isKeyCalled(f ForeignKey, name string) bool {
	return name == f.Name || len(f.Columns) == 1 && strings.EqualFold(name, f.Columns[0])
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

// Hint is what tells the relation from others with the same target.
func (r *Relation) Hint() string {
	if r.Junction != nil {
		return r.Junction.to.Name
	}
	return r.Key.Name
}

// String describes the relation by its constraints and columns.
func (r *Relation) String() string {
	columns := func(table string, names []string) string { return table + "(" + strings.Join(names, ", ") + ")" }
	if j := r.Junction; j != nil {
		return j.Table + " using " + columns(j.from.Name, j.FromColumns) + " and " + columns(j.to.Name, j.ToColumns)
	}
	return r.Key.Name + " using " + columns(r.From, r.FromColumns) + " and " + columns(r.To, r.ToColumns)
}
