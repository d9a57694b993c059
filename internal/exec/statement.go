package exec

// This file is what a query is made of.

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"readapi/internal/encode"
)

// Statement is a query for the database, and how its rows are written. Nothing
// changes one that is in use.
type Statement struct {
	Table    string // that is read, or "": bounds how many connections it may take
	Text     string
	Args     []any
	Fields   []encode.Field // empty: the columns of the rows
	Format   encode.Format
	Expected []Column // of the rows; empty: whatever there is
}

// Column is a column of a result, as the server declares it.
type Column struct {
	Name  string
	Type  string // as go-sql-driver/mysql calls it, such as "UNSIGNED INT"
	Scale int    // digits behind the point, also of seconds
}

var errChanged = errors.New("the columns of the table have changed")

// newColumn describes a column of a result.
func newColumn(t *sql.ColumnType) Column {
	c := Column{Name: t.Name(), Type: t.DatabaseTypeName()}
	if _, scale, ok := t.DecimalSize(); ok {
		c.Scale = int(scale)
	}
	return c
}

// expects reports whether rows with these columns are what was asked for.
func (s *Statement) expects(columns []*sql.ColumnType) bool {
	if len(s.Expected) == 0 {
		return true
	}
	return slices.EqualFunc(s.Expected, columns, func(c Column, t *sql.ColumnType) bool { return c == newColumn(t) })
}

// Key is the same for statements that give the same bytes.
func (s *Statement) Key() string {
	if len(s.Args) == 0 && len(s.Fields) == 0 && s.Format == (encode.Format{}) {
		return s.Text
	}
	return fmt.Sprintf("%s\x00%#v\x00%#v\x00%#v", s.Text, s.Args, s.Fields, s.Format)
}

// QuoteIdentifier quotes the name of a table or column (MySQL manual, 11.2).
func QuoteIdentifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
