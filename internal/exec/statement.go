package exec

// This file is what a query is made of.

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"readapi/internal/encode"
)

// Statement is a query for the database, and how its rows are written. Nothing
// changes one that is in use.
type Statement struct {
	Table  string // that is read, or "": bounds how many connections it may take
	Text   string
	Args   []any
	Binary bool           // asked for as a prepared statement: FLOAT is rounded otherwise
	Fields []encode.Field // empty: the columns of the rows
	Hidden int            // columns at the end that are not written
	Format encode.Format
	Shape  *encode.Shape // nil: the rows are flat, as Fields say
	// Fits reports whether the columns of a result are those that the statement
	// was made for, before any row is read. Nil takes whatever there is.
	Fits func(columns []encode.Column) bool
}

// Columns describes the columns of a result.
func Columns(types []*sql.ColumnType) []encode.Column {
	columns := make([]encode.Column, len(types))
	for i, t := range types {
		_, scale, _ := t.DecimalSize()
		columns[i] = encode.Column{Name: t.Name(), Type: t.DatabaseTypeName(), Scale: int(scale)}
	}
	return columns
}

var errChanged = errors.New("the columns of the table have changed")

// Key is the same for statements that give the same bytes. One that takes whatever
// columns there are has another key than one that does not: that may fail.
func (s *Statement) Key() string {
	if s.Fits != nil && len(s.Args) == 0 && len(s.Fields) == 0 && s.Shape == nil && s.Format == (encode.Format{}) {
		return s.Text
	}
	return fmt.Sprintf("%s\x00%#v\x00%#v\x00%#v\x00%t%t%#v", s.Text, s.Args, s.Fields, s.Format, s.Binary, s.Fits != nil, s.Shape)
}

// QuoteIdentifier quotes the name of a table or column (MySQL manual, 11.2).
func QuoteIdentifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
