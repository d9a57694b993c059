package main

// This file knows the columns of the tables: their names and types, asked for
// when a request first needs them, and again when they may have changed.

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxTableAge bounds how long a changed type of a column that is filtered by,
	// but not read, can go unnoticed.
	maxTableAge = time.Minute
	// minTableAge bounds how often requests that do not fit the table make it be
	// learned again.
	minTableAge = time.Second

	codeNoColumn = "42703" // PostgreSQL's undefined_column
	codeBadValue = "22P02" // PostgreSQL's invalid_text_representation
)

// table is what is known of a table. It does not change.
type table struct {
	quoted  string // its name as it stands in SQL
	columns []column
	learned time.Time
}

// column is a column of a table.
type column struct {
	name     string
	typeName string // as go-sql-driver/mysql calls it
	scale    int    // digits behind the point, also of seconds
	takes    valueType
}

// newColumn describes a column of a result.
func newColumn(t *sql.ColumnType) column {
	c := column{name: t.Name(), typeName: t.DatabaseTypeName(), takes: valueTypeOf(t.DatabaseTypeName())}
	if _, scale, ok := t.DecimalSize(); ok {
		c.scale = int(scale)
	}
	return c
}

// isSame reports whether a column of a result is the one that was learned.
func (c *column) isSame(t *sql.ColumnType) bool {
	now := newColumn(t)
	return c.name == now.name && c.typeName == now.typeName && c.scale == now.scale
}

// hasDates reports whether the values are compared as dates.
func (c *column) hasDates() bool {
	return c.typeName == "DATE" || c.typeName == "DATETIME" || c.typeName == "TIMESTAMP"
}

// operand checks a value that a condition compares c with.
func (c *column) operand(cond condition, value string) (operand, *apiError) {
	if c.takes.parse == nil {
		return operand{}, cond.valuesAt.refuse(codeSyntax, "", "%s on the column %q of type %s, expected is.null or is.not_null",
			cond.operator, c.name, c.typeName)
	}
	if !c.takes.isText && families[c.typeName] != familyBinary { // there a blank was a +
		value = strings.TrimSpace(value)
	}
	o, ok := c.takes.parse(c, value)
	if !ok {
		return o, cond.valuesAt.refuse(codeBadValue, "", "unexpected %q, expected %s, as the column %q has",
			value, c.takes.expected, c.name)
	}
	return o, nil
}

// column finds a column by its name, in which case does not count, as in MySQL.
// It returns nil if there is none.
func (t *table) column(name string) *column {
	for _, same := range []func(c column) bool{
		func(c column) bool { return c.name == name },
		func(c column) bool { return strings.EqualFold(c.name, name) },
	} {
		if i := slices.IndexFunc(t.columns, same); i >= 0 {
			return &t.columns[i]
		}
	}
	return nil
}

// catalog knows one table. It is safe for concurrent use.
type catalog struct {
	db     *database
	quoted string
	plain  *statement            // of all rows
	known  atomic.Pointer[table] // nil before it is learned
	turn   chan struct{}         // has a value while somebody learns
}

func newCatalog(db *database, name string) *catalog {
	return &catalog{
		db:     db,
		quoted: quoteTable(name),
		plain:  &statement{text: selectAll(name)},
		turn:   make(chan struct{}, 1),
	}
}

// table returns what is known of the table, and learns it first if need be,
// within DB_TIMEOUT. Errors are *dbError.
func (c *catalog) table(ctx context.Context) (*table, error) {
	if t := c.known.Load(); t != nil && time.Since(t.learned) < maxTableAge {
		return t, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.db.timeout, errFirstRow)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	switch t := c.known.Load(); {
	case t != nil && time.Since(t.learned) < maxTableAge:
		return t, nil // somebody else has just learned it
	case context.Cause(ctx) == errFirstRow: // also if it is our turn only now
		return nil, c.db.lateError()
	case ctx.Err() != nil:
		return nil, newDBError(ctx.Err())
	}
	return c.learn(ctx)
}

// learn asks the database for the columns.
func (c *catalog) learn(ctx context.Context) (*table, error) {
	rows, err := c.db.fetch(ctx, &statement{text: "SELECT * FROM " + c.quoted + " LIMIT 0"}, func() {})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &table{quoted: c.quoted, learned: time.Now()}
	for _, columnType := range rows.columns {
		t.columns = append(t.columns, newColumn(columnType))
	}
	c.known.Store(t)
	return t, nil
}

// forget makes the next request learn the table anew, for one that has found t
// to be wrong. It reports whether to ask again is of any use: it is if somebody
// else has forgotten t, too, but what has just been learned is kept.
func (c *catalog) forget(t *table) bool {
	if now := c.known.Load(); now != t {
		return true
	}
	return t != nil && time.Since(t.learned) > minTableAge && c.known.CompareAndSwap(t, nil)
}
