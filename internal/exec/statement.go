package exec

// This file is what a query is made of.

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
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
	Page   *encode.Page  // nil: all rows are written
	// Patterns says that there are regular expressions among the arguments: what
	// is wrong with one is the fault of who asks.
	Patterns bool
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
	isBare := len(s.Fields) == 0 && s.Shape == nil && s.Page == nil && s.Format == (encode.Format{})
	if s.Fits != nil && len(s.Args) == 0 && isBare {
		return s.Text
	}
	key := make([]byte, 0, len(s.Text)+64)
	key = append(append(key, s.Text...), 0)
	for _, arg := range s.Args {
		key = appendArg(key, arg)
	}
	if !isBare {
		key = fmt.Appendf(key, "\x00%#v\x00%#v\x00%#v\x00%#v", s.Fields, s.Format, s.Shape, s.Page)
	}
	key = strconv.AppendBool(append(key, 0), s.Binary)
	return string(strconv.AppendBool(key, s.Fits != nil))
}

// appendArg appends an argument, with its type, so that it cannot be taken for two.
func appendArg(key []byte, arg any) []byte {
	switch v := arg.(type) {
	case string:
		key = strconv.AppendInt(append(key, 's'), int64(len(v)), 10)
		return append(append(key, ':'), v...)
	case int64:
		return append(strconv.AppendInt(append(key, 'i'), v, 10), ',')
	default:
		text := fmt.Sprintf("%#v", v)
		key = strconv.AppendInt(append(key, 'v'), int64(len(text)), 10)
		return append(append(key, ':'), text...)
	}
}

// limit ends a text that has one.
var limit = regexp.MustCompile(` LIMIT \?( OFFSET \?)?$`)

// again returns st as it has to be sent instead after err, or nil: prepared, or, to
// a Vitess that takes the end of a LIMIT for a fault while it streams from several
// shards at once, in some order, in which it reads one after the other.
func (s *Statement) again(err error) *Statement {
	next := *s
	switch {
	case err == errBinary:
		next.Binary = true
	case KindOf(err) == StreamCut && !strings.Contains(s.Text, " ORDER BY "):
		next.Text = limit.ReplaceAllString(s.Text, " ORDER BY 1$0")
	default:
		return nil
	}
	return &next
}

// QuoteIdentifier quotes the name of a table or column (MySQL manual, 11.2).
func QuoteIdentifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
