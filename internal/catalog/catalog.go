// Package catalog knows which tables there are to read: their columns, types and
// collations. It learns them from the database when somebody first asks, keeps
// them for a minute, and learns them again when somebody has found that they are
// no longer so. Rule: what a table is comes from here; whether a result still is
// what was learned is decided here, too, and nowhere else.
//
// Whatever a read has to know of one table belongs into learnTable; what is known
// of several together, such as relations, into learnKeys; and what is only said of
// tables, such as comments and the members of an ENUM, into describe.
package catalog

// This file keeps what is known of the tables.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// maxAge is how long a table is taken to be what was learned without a sign
	// that it has changed.
	maxAge = time.Minute
	// MinAge is the time from one learning that somebody asked for to the next.
	MinAge = time.Second
)

// errUnlisted is the error for a table that New was not told of: a mistake of
// the program.
var errUnlisted = errors.New("not a table of this catalog")

// Query runs a query, with its arguments, for rows. The catalog closes them.
type Query func(ctx context.Context, text string, args ...any) (*sql.Rows, error)

// Catalog knows a fixed set of tables. It is safe for concurrent use. However
// many ask, there is one query at a time for each table, and nobody is given an
// error that another one's context has caused.
type Catalog struct {
	learn  func(ctx context.Context, name string) (*Table, error)
	tables map[string]*entry[*Table]
	keys   *entry[*Keys]

	description *entry[*Description]
}

// New returns a catalog of the tables called names, none of them learned.
func New(query Query, names ...string) *Catalog {
	c := &Catalog{tables: make(map[string]*entry[*Table], len(names))}
	c.learn = func(ctx context.Context, name string) (*Table, error) { return learnTable(ctx, query, name) }
	for _, name := range names {
		c.tables[name] = newEntry(func(ctx context.Context) (*Table, error) { return c.learn(ctx, name) })
	}
	c.keys = newEntry(func(ctx context.Context) (*Keys, error) { return learnKeys(ctx, query, c.has) })
	c.description = newEntry(func(ctx context.Context) (*Description, error) { return c.describe(ctx, query, names) })
	return c
}

// has reports whether there is a table called name in c.
func (c *Catalog) has(name string) bool { return c.tables[name] != nil }

// Table returns the table called name, as it has been learned within the last
// minute, and learns it first if need be. Errors are those of Query, or the
// cause for which ctx has ended.
func (c *Catalog) Table(ctx context.Context, name string) (*Table, error) {
	if !c.has(name) {
		return nil, fmt.Errorf("table %q: %w", name, errUnlisted)
	}
	return c.tables[name].young(ctx)
}

// Known returns the table called name if it is at hand, and nil otherwise. It is
// what Table returns then, for those who have no context for it yet.
func (c *Catalog) Known(name string) *Table {
	if !c.has(name) {
		return nil
	}
	known, _ := c.tables[name].atHand()
	return known
}

// Again returns the table as it was learned at a moment after since, for one who
// has found what Table said to be wrong. With the time at which a request came,
// it is asked for once per request at most. At most one learning a second is
// begun for it, so that Again may take that long; all who wait for it share it.
// Errors are those of Table.
func (c *Catalog) Again(ctx context.Context, name string, since time.Time) (*Table, error) {
	if !c.has(name) {
		return nil, fmt.Errorf("table %q: %w", name, errUnlisted)
	}
	return c.tables[name].learnSince(ctx, since, MinAge)
}

// Keys is Table for the keys of all tables.
func (c *Catalog) Keys(ctx context.Context) (*Keys, error) { return c.keys.young(ctx) }

// LastKeys returns the keys of all tables as they were learned last, for one whom
// older ones serve as well, or nil if they have not been learned. Those older than a
// minute are learned again meanwhile.
func (c *Catalog) LastKeys() *Keys {
	l := c.keys.last.Load()
	if l == nil || l.err != nil {
		return nil
	}
	if time.Since(l.began) >= maxAge {
		c.keys.learnBeside()
	}
	return l.known
}

// KeysAgain is Again for the keys of all tables.
func (c *Catalog) KeysAgain(ctx context.Context, since time.Time) (*Keys, error) {
	return c.keys.learnSince(ctx, since, MinAge)
}

// entry is what is known of one table, or of the keys of all.
type entry[T any] struct {
	learn func(context.Context) (T, error)
	last  atomic.Pointer[learning[T]] // nil before the first
	turn  chan struct{}               // has a value while somebody learns, or waits to
}

// learning is what came of learning something.
type learning[T any] struct {
	began time.Time // the answer is at least as new
	known T
	err   error
}

func newEntry[T any](learn func(context.Context) (T, error)) *entry[T] {
	return &entry[T]{learn: learn, turn: make(chan struct{}, 1)}
}

// young returns what has been learned within the last minute.
func (e *entry[T]) young(ctx context.Context) (T, error) {
	if known, ok := e.atHand(); ok {
		return known, nil
	}
	return e.learnSince(ctx, time.Now(), 0)
}

// atHand returns what has been learned within the last minute, if something has.
func (e *entry[T]) atHand() (known T, ok bool) {
	if l := e.last.Load(); l != nil && l.err == nil && time.Since(l.began) < maxAge {
		return l.known, true
	}
	return known, false
}

// learnSince returns what a learning has found that began after since. It begins
// one if there is none, apart from the one before by a time.
func (e *entry[T]) learnSince(ctx context.Context, since time.Time, apart time.Duration) (known T, err error) {
	if l := e.last.Load(); l.isSince(since) {
		return l.known, l.err
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return known, context.Cause(ctx)
	}
	l := e.last.Load()
	if l.isSince(since) { // somebody else has just done it
		return l.known, l.err
	}
	if l != nil && !waitUntil(ctx, l.began.Add(apart)) {
		return known, context.Cause(ctx)
	}
	l = &learning[T]{began: time.Now()}
	l.known, l.err = e.learn(ctx)
	if l.err == nil || ctx.Err() == nil {
		e.last.Store(l)
	}
	return l.known, l.err
}

// learnBeside learns in the background, if nobody does. What fails changes nothing.
func (e *entry[T]) learnBeside() {
	select {
	case e.turn <- struct{}{}:
	default:
		return
	}
	go func() { // ends with the query, which has a timeout
		defer func() { <-e.turn }()
		l := &learning[T]{began: time.Now()}
		if l.known, l.err = e.learn(context.Background()); l.err == nil {
			e.last.Store(l)
		}
	}()
}

// isSince reports whether l began after since, or at that time: clocks are not
// finer than two events can be.
func (l *learning[T]) isSince(since time.Time) bool { return l != nil && !l.began.Before(since) }

// waitUntil reports whether ctx lasts until t.
func waitUntil(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
