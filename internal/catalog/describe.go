package catalog

// This file learns what there is to say of all tables at once, for those who want
// to know what can be read. It asks for all of them together: table by table takes
// seconds where there are hundreds.

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"readapi/internal/exec"
)

// Description is what there is to say of the tables of a catalog. It does not
// change.
type Description struct {
	Tables []Described // in the order that New was given
	Keys   *Keys
}

// Described is a table or a view.
type Described struct {
	Name    string
	Comment string
	IsView  bool
	Columns []DescribedColumn // that the account may read, in their order
}

// DescribedColumn is a column of a table.
type DescribedColumn struct {
	Name        string
	Type        string   // as go-sql-driver/mysql calls it: UNSIGNED BIGINT, VARCHAR, …
	ColumnType  string   // as it is defined: tinyint(1), enum('a','b')
	Comment     string   // may be empty
	IsNullable  bool     // of a view: always, because what servers say of it is not reliable
	IsComputed  bool     // of a view: what is sent may be of another type of its kind
	IsInvisible bool     // can be named, but is no part of *
	Length      int64    // of CHAR and VARCHAR, in characters; 0 is not known
	Members     []string // of ENUM and SET; one with members that cannot be known is a VARCHAR

	mayBeJSON bool // as MariaDB defines JSON, but for the CHECK
}

// Describe returns the description, as it has been learned within the last
// minute, and learns it first if need be. Tables that are not there, or may not be
// read, have no part in it. Errors are those of Table.
func (c *Catalog) Describe(ctx context.Context) (*Description, error) {
	return c.description.young(ctx)
}

const (
	describeTablesText = `SELECT TABLE_NAME, TABLE_TYPE, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()`
	// The length of ucs2 counts for nothing: it may hold halves of characters, which
	// are sent as several.
	describeColumnsText = `SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, EXTRA, COLUMN_COMMENT,
	IF(CHARACTER_SET_NAME = 'ucs2', 0, CHARACTER_MAXIMUM_LENGTH), COALESCE(DATA_TYPE = 'longtext' AND COLLATION_NAME = 'utf8mb4_bin', FALSE)
	FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION`
	// describeChecksText is for MariaDB, whose JSON is a text with a CHECK.
	describeChecksText = `SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()`
)

// describe learns the description of tables.
func (c *Catalog) describe(ctx context.Context, query Query, names []string) (*Description, error) {
	tables := map[string]*Described{}
	if err := describeTables(ctx, query, c.has, tables); err != nil {
		return nil, err
	}
	if err := describeColumns(ctx, query, tables); err != nil {
		return nil, err
	}
	if err := describeChecks(ctx, query, tables); err != nil {
		return nil, err
	}
	keys, err := c.Keys(ctx)
	if err != nil {
		return nil, err
	}
	d := &Description{Keys: keys}
	for _, name := range names {
		t := tables[name]
		if t == nil || len(t.Columns) == 0 {
			continue
		}
		if t.IsView || t.hidesJSON() {
			if err := c.describeRead(ctx, t); err != nil {
				continue // it does not work: nothing can be read
			}
		}
		d.Tables = append(d.Tables, *t)
	}
	return d, nil
}

func describeTables(ctx context.Context, query Query, isListed func(string) bool, tables map[string]*Described) error {
	rows, err := query(ctx, describeTablesText)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t Described
		var kind string
		var comment sql.NullString
		if err := rows.Scan(&t.Name, &kind, &comment); err != nil {
			return fmt.Errorf("tables: %w", err)
		}
		if t.IsView = strings.HasSuffix(kind, "VIEW"); !t.IsView { // of a view it is VIEW
			t.Comment = comment.String
		}
		if isListed(t.Name) {
			tables[t.Name] = &t
		}
	}
	return rows.Err()
}

func describeColumns(ctx context.Context, query Query, tables map[string]*Described) error {
	rows, err := query(ctx, describeColumnsText)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			c                                DescribedColumn
			table, dataType, nullable, extra string
			length                           sql.NullInt64
		)
		if err := rows.Scan(&table, &c.Name, &dataType, &c.ColumnType, &nullable, &extra, &c.Comment, &length, &c.mayBeJSON); err != nil {
			return fmt.Errorf("columns: %w", err)
		}
		t := tables[table]
		if t == nil {
			continue
		}
		c.Type = typeOf(dataType, c.ColumnType)
		c.IsComputed = t.IsView
		c.IsNullable = t.IsView || nullable == "YES"
		c.IsInvisible = strings.Contains(extra, "INVISIBLE")
		switch c.Type {
		case "CHAR", "VARCHAR":
			c.Length = length.Int64
		case "ENUM", "SET":
			c.Members = members(c.ColumnType)
			if strings.Contains(c.ColumnType, "?") { // characters beyond U+FFFF stand there as one
				c.Type, c.Members = "VARCHAR", nil
			}
		}
		t.Columns = append(t.Columns, c)
	}
	return rows.Err()
}

// describeChecks finds JSON that is a text. An engine without such conditions has
// a type for it.
func describeChecks(ctx context.Context, query Query, tables map[string]*Described) error {
	rows, err := query(ctx, describeChecksText)
	if err != nil {
		if exec.KindOf(err) == exec.Internal || exec.KindOf(err) == exec.Changed { // MySQL has no TABLE_NAME there
			return nil
		}
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, condition string
		if err := rows.Scan(&table, &condition); err != nil {
			return fmt.Errorf("checks: %w", err)
		}
		if t := tables[table]; t != nil {
			checked := jsonChecks(condition)
			for i, c := range t.Columns {
				if checked[c.Name] {
					t.Columns[i].Type = "JSON"
				}
			}
		}
	}
	return rows.Err()
}

// hidesJSON reports whether t may have JSON that its conditions do not tell of: an
// account with grants on some columns does not see them.
func (t *Described) hidesJSON() bool {
	return slices.ContainsFunc(t.Columns, func(c DescribedColumn) bool { return c.mayBeJSON && c.Type != "JSON" })
}

// describeRead takes types from what reads of a table know: for what a view
// computes information_schema says something else.
func (c *Catalog) describeRead(ctx context.Context, t *Described) error {
	known, err := c.Table(ctx, t.Name)
	if err != nil {
		return err
	}
	for i := range t.Columns {
		d := &t.Columns[i]
		column := known.Column(d.Name)
		switch {
		case column == nil: // it has gone meanwhile
		case column.IsJSON:
			d.Type = "JSON"
		case t.IsView:
			d.Type = column.Type
		}
		if t.IsView {
			d.compute()
		}
	}
	return nil
}

// compute leaves out what is not true of a column of a view, whose type is known:
// texts that it computes may be longer than is said.
func (d *DescribedColumn) compute() {
	d.Length = 0
	switch {
	case d.Type != "ENUM" && d.Type != "SET":
		d.Members = nil
	case d.Members == nil: // of a choice between an ENUM and nothing, for example
		d.Type = "VARCHAR"
	}
}

// typeOf makes of a type in information_schema the one that a result declares.
func typeOf(dataType, columnType string) string {
	name := strings.ToUpper(dataType)
	switch name {
	case "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "GEOMCOLLECTION":
		return "GEOMETRY"
	case "UUID", "INET4", "INET6":
		return "CHAR"
	case "INTEGER":
		name = "INT"
	}
	if families[name] == "integer" && name != "YEAR" && strings.Contains(columnType, "unsigned") {
		return "UNSIGNED " + name
	}
	return name
}

// members returns those of a type such as enum('a','it”s'). Both servers write a
// quote twice, and a backslash and what has no character of its own behind one.
func members(columnType string) []string {
	_, list, _ := strings.Cut(columnType, "(")
	escapes := strings.NewReplacer("''", "'", `\\`, `\`, `\0`, "\x00", `\n`, "\n", `\r`, "\r")
	var all []string
	for _, quoted := range memberText.FindAllString(list, -1) {
		all = append(all, escapes.Replace(quoted[1:len(quoted)-1]))
	}
	return all
}

// memberText is a member in quotes.
var memberText = regexp.MustCompile(`(?s)'(?:[^'\\]|''|\\.)*'`)

// PrimaryKey returns the columns of the primary key of a table, or none.
func (k *Keys) PrimaryKey(table string) []string { return slices.Clone(k.primary[table]) }

// ForeignKeys returns those of a table.
func (k *Keys) ForeignKeys(table string) []ForeignKey {
	return slices.DeleteFunc(slices.Clone(k.foreign), func(f ForeignKey) bool { return f.Table != table })
}
