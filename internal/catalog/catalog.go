// Package catalog knows the tables: their columns and types, asked for when a
// request first needs them, and again when they may have changed. Rule: what it
// hands out does not change; whoever finds it wrong asks for it anew.
package catalog

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"readapi/internal/exec"
)

const (
	// maxAge bounds how long a changed type of a column that is filtered by, but
	// not read, can go unnoticed.
	maxAge = time.Minute
	// minAge bounds how often requests that do not fit the table make it be
	// learned again.
	minAge = time.Second
)

// Table is what is known of a table. It does not change.
type Table struct {
	Name    string
	Quoted  string // its name as it stands in SQL
	Columns []Column

	learned time.Time
}

// Column is a column of a table.
type Column struct {
	Name  string
	Type  string // as go-sql-driver/mysql calls it, such as "UNSIGNED INT"
	Scale int    // digits behind the point, also of seconds
}

// Column finds a column by its name, in which case does not count, as in MySQL.
// It returns nil if there is none.
func (t *Table) Column(name string) *Column {
	for _, same := range []func(c Column) bool{
		func(c Column) bool { return c.Name == name },
		func(c Column) bool { return strings.EqualFold(c.Name, name) },
	} {
		if i := slices.IndexFunc(t.Columns, same); i >= 0 {
			return &t.Columns[i]
		}
	}
	return nil
}

// Entry is the place of one table in the catalog. It is safe for concurrent use.
type Entry struct {
	db     *exec.DB
	name   string
	quoted string
	known  atomic.Pointer[Table] // nil before it is learned
	turn   chan struct{}         // has a value while somebody learns
}

// New makes the entry of the table with this name. It asks nothing yet.
func New(db *exec.DB, name string) *Entry {
	return &Entry{db: db, name: name, quoted: Quote(name), turn: make(chan struct{}, 1)}
}

// Quote writes the name of a table. The default stands as it is: this server's
// text is SELECT * FROM sample.
func Quote(name string) string {
	if name == "sample" {
		return name
	}
	return exec.QuoteIdentifier(name)
}

// Known is the table as it was last learned, whenever that was, or nil.
func (e *Entry) Known() *Table { return e.known.Load() }

// Table returns what is known of the table, and learns it first if need be, until
// the deadline of ctx. Errors are *exec.Error.
func (e *Entry) Table(ctx context.Context) (*Table, error) {
	if t := e.known.Load(); t != nil && time.Since(t.learned) < maxAge {
		return t, nil
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
	}
	switch t := e.known.Load(); {
	case t != nil && time.Since(t.learned) < maxAge:
		return t, nil // somebody else has just learned it
	case context.Cause(ctx) == exec.ErrLate: // also if it is our turn only now
		return nil, e.db.Late()
	case ctx.Err() != nil:
		return nil, &exec.Error{Kind: exec.Canceled, Err: ctx.Err()}
	}
	return e.learn(ctx)
}

// learn asks the database for the columns.
func (e *Entry) learn(ctx context.Context) (*Table, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(e.db.Timeout())
	}
	rows, err := e.db.Fetch(ctx, &exec.Statement{Text: "SELECT * FROM " + e.quoted + " LIMIT 0"}, exec.Call{Deadline: deadline})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &Table{Name: e.name, Quoted: e.quoted, learned: time.Now()}
	for _, c := range rows.Columns() {
		t.Columns = append(t.Columns, Column(c))
	}
	e.known.Store(t)
	return t, nil
}

// Forget makes the next request learn the table anew, for one that has found t
// to be wrong. It reports whether to ask again is of any use: it is if somebody
// else has forgotten t, too, but what has just been learned is kept.
func (e *Entry) Forget(t *Table) bool {
	if now := e.known.Load(); now != t {
		return true
	}
	return t != nil && time.Since(t.learned) > minAge && e.known.CompareAndSwap(t, nil)
}
