// Package fakedb holds drivers for database/sql that stand for a database in
// tests. Only tests import it.
package fakedb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"testing"
)

// Rows is a driver that answers every query with the same rows, count
// times each. It stands for a server that costs nothing: neither a network nor,
// as its values are made beforehand, an allocation.
type Rows struct {
	Names, Types []string
	Values       [][]driver.Value
	Count        int

	At int // rows given so far
}

func (f *Rows) Connect(context.Context) (driver.Conn, error) { return f, nil }
func (f *Rows) Driver() driver.Driver                        { return nil }
func (f *Rows) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (f *Rows) Prepare(string) (driver.Stmt, error)          { return nil, driver.ErrSkip }

func (f *Rows) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	again := *f
	return &again, nil
}

func (f *Rows) Close() error                            { return nil }
func (f *Rows) Columns() []string                       { return f.Names }
func (f *Rows) ColumnTypeDatabaseTypeName(i int) string { return f.Types[i] }

func (f *Rows) Next(dest []driver.Value) error {
	if f.At == f.Count*len(f.Values) {
		return io.EOF
	}
	copy(dest, f.Values[f.At%len(f.Values)])
	f.At++
	return nil
}

// Query opens a pool on f and sends it a query.
func (f *Rows) Query(t testing.TB) *sql.Rows {
	t.Helper()
	pool := sql.OpenDB(f)
	t.Cleanup(func() { pool.Close() })
	rows, err := pool.Query("SELECT")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return rows
}

// Hook is a driver whose every query is a call of the function.
type Hook func(ctx context.Context) (driver.Rows, error)

func (d Hook) Connect(context.Context) (driver.Conn, error) {
	return hookConn{&Rows{}, d}, nil
}
func (d Hook) Driver() driver.Driver { return nil }

type hookConn struct {
	*Rows
	hook Hook
}

func (c hookConn) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	return c.hook(ctx)
}

// Texts are count rows with one text.
func Texts(text string, count int) *Rows {
	return &Rows{
		Names: []string{"text"}, Types: []string{"TEXT"},
		Values: [][]driver.Value{{[]byte(text)}}, Count: count,
	}
}

// Broken are rows that fail instead of giving row number After.
type Broken struct {
	Rows
	After int
	Err   error
}

// Next implements driver.Rows.
func (r *Broken) Next(dest []driver.Value) error {
	if r.At == r.After {
		return r.Err
	}
	return r.Rows.Next(dest)
}
