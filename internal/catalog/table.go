package catalog

// This file is what is known of a table.

import (
	"slices"
	"strings"

	"readapi/internal/exec"
)

// Table is a table or a view, as it was when it was learned. It does not change.
type Table struct {
	Name string
	// Columns are those that the account may read, in their order. An account
	// with grants on some of them does not see the others.
	Columns []Column
	IsView  bool
	// MariaDB is the version of the engine, 1011 for 10.11, or 0 if it is another
	// one.
	MariaDB int
	// FullText are its FULLTEXT indexes.
	FullText []FullText
}

// Column is a column of a table.
type Column struct {
	Name string
	// Type and Scale are what a plain read of the column declares: the type as
	// go-sql-driver/mysql calls it (UNSIGNED BIGINT, VARCHAR, TEXT, DECIMAL, …;
	// CHAR for MariaDB's UUID, INET4 and INET6), and the digits behind the point,
	// also of seconds.
	Type  string
	Scale int

	// What information_schema says. An engine without it leaves these empty.
	ColumnType  string // as it is defined: tinyint(1), enum('a','b')
	Length      int64  // of texts, in characters; of binary values, in bytes
	Charset     string // of texts: utf8mb4
	Collation   string // of texts: utf8mb4_0900_ai_ci
	IsNullable  bool   // of a view: what its expression seems to be
	IsPrimary   bool   // a column of the primary key
	IsInvisible bool   // can be named, but is no part of *

	// IsJSON says that its values are JSON: the type is, or, on MariaDB, a CHECK
	// sees to it that its text is.
	IsJSON bool

	// IsComputed says that it is of a view: a result may declare another type of
	// its kind, and its texts may have been given another collation than theirs.
	IsComputed bool

	// LongTime says that the longest TIME may have a fraction behind 838:59:59, as
	// on MariaDB.
	LongTime bool

	hasKey bool // is the first column of an index

	kind  kind // of the values
	probe kind // of what Probe declares
}

// IsBoolean reports whether c was made as a BOOLEAN, which MySQL calls
// TINYINT(1).
func (c *Column) IsBoolean() bool { return strings.EqualFold(c.ColumnType, "tinyint(1)") }

// Column finds a column by its name, in which case does not count, as in MySQL.
// It returns nil if there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i]
		}
	}
	return nil
}

// Star returns what * stands for: the columns that are not invisible. An account
// that may not read all columns has to name them, because MySQL refuses its *.
func (t *Table) Star() []Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return c.IsInvisible })
}

// Equal reports whether nothing has changed from t to other.
func (t *Table) Equal(other *Table) bool {
	return t.Name == other.Name && t.IsView == other.IsView && t.MariaDB == other.MariaDB &&
		slices.Equal(t.Columns, other.Columns) && slices.EqualFunc(t.FullText, other.FullText, FullText.equal)
}

// Quoted is the name as it stands in SQL.
func (t *Table) Quoted() string { return QuoteTable(t.Name) }

// QuoteTable writes the name of a table. The default stands as it is: this
// server's text is SELECT * FROM sample.
func QuoteTable(name string) string {
	if name == "sample" {
		return name
	}
	return quote(name)
}

// quote quotes the name of a table or column.
func quote(name string) string { return exec.QuoteIdentifier(name) }
