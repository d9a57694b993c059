// Package exec sends one query to the database and gives back its rows: pool,
// retry, deadlines, and the kinds of errors. It knows neither what is asked for
// nor who asks. Rules: it sends nothing that changes anything, and what leaves
// it as an error is an *Error.
package exec

// This file sends queries, again if need be.

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"readapi/internal/connect"
	"readapi/internal/encode"
)

const (
	// SmallBytes is the size up to which a result is complete before its first
	// byte is sent.
	SmallBytes = 1 << 20
	// maxKeptBytes is the size up to which a buffer is kept for the next read.
	maxKeptBytes = 2 * SmallBytes
	// pingTimeout bounds Ping: /readyz promises an answer within 2 s.
	pingTimeout = 1500 * time.Millisecond
	// Back-off of a read that is sent again: somebody waits for it.
	minRetry = 10 * time.Millisecond
	maxRetry = 200 * time.Millisecond
	// stuckTime is how often FetchLong asks for a place to be made.
	stuckTime = 100 * time.Millisecond
)

// ErrLate is the cause of a context that ends because the timeout has passed.
var ErrLate = errors.New("no first row within DB_TIMEOUT")

var (
	errPoolBusy  = errors.New("no free connection within DB_TIMEOUT: look at DB_MAX_CONNS")
	errTableBusy = errors.New("reads of this table use all connections that one table may use: is it locked? Look at DB_MAX_CONNS")
	errLongBusy  = errors.New("results that take long use all connections that they may use: look at DB_MAX_CONNS")
)

// DB is the pool and what is known about the server behind it. It is safe for
// concurrent use.
type DB struct {
	pool    *sql.DB
	options Options
	buffers sync.Pool                // *[]byte
	away    atomic.Bool              // the last that was heard: it is not there
	long    chan struct{}            // has a value per result that takes long
	tables  map[string]chan struct{} // by name; has a value per query under way
	binary  sync.Map                 // texts of queries for whole tables that have a FLOAT
}

// Options are what an operator chooses.
type Options struct {
	Timeout  time.Duration // of a read, until its first row
	Conns    int           // connections of the pool, at least 2
	Tables   []string      // that are read; none of them may take all connections
	Encoding encode.Options
	Log      *slog.Logger
}

// Call is how long somebody waits for a query, and for what.
type Call struct {
	// Deadline is when the first row has to be there.
	Deadline time.Time
	// FirstRow, if it is not nil, is called once the first row is there, or it is
	// certain that there is none.
	FirstRow func()
	// Reserve, if it is not nil, is asked for room for so many more bytes of a
	// result that nobody has taken yet, and told with a negative number when the
	// room is free again. An error ends the query.
	Reserve func(bytes int) error

	placed bool // the caller holds a place for what takes long
}

// New makes a DB. It does not connect; the caller closes the pool.
func New(pool *sql.DB, options Options) *DB {
	spare := max(options.Conns-reservedConns(options.Conns), 1)
	d := &DB{pool: pool, options: options, long: make(chan struct{}, spare), tables: make(map[string]chan struct{})}
	if len(options.Tables) > 1 {
		for _, table := range options.Tables {
			d.tables[table] = make(chan struct{}, spare)
		}
	}
	return d
}

// reservedConns is how many connections of a pool nobody may take for long, and
// no table for itself: they are for everybody else.
func reservedConns(conns int) int {
	if conns < 4 {
		return 1
	}
	return 2
}

// Timeout is that of the options.
func (d *DB) Timeout() time.Duration { return d.options.Timeout }

// Places is how many places are taken, of those for what takes long and of the
// tables.
func (d *DB) Places() int {
	n := len(d.long)
	for _, table := range d.tables {
		n += len(table)
	}
	return n
}

// Version asks the server for its version, within the timeout. Unlike a read it
// is not sent again, and that the server is away is not logged.
func (d *DB) Version(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.options.Timeout)
	defer cancel()
	err = d.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	if err != nil {
		err = newError(err)
	}
	d.away.Store(err != nil)
	return version, err
}

// Ping asks the database for a sign of life, if it can on a connection beside the
// pool: that all of those are busy is no sign that the database is away.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	ping := d.pool.PingContext
	if c := connect.Of(d.pool); c != nil {
		ping = c.Ping
	}
	return d.note(ping(ctx))
}

// Fetch sends st and returns its result, or as much of a large one as makes it
// large. While nothing has been handed out a read can be sent again, so a lost
// connection is retried until the deadline. The caller closes the Rows. Errors
// are *Error.
func (d *DB) Fetch(ctx context.Context, st *Statement, call Call) (*Rows, error) {
	var before error
	for backoff := minRetry; ; backoff = min(2*backoff, maxRetry) {
		s, err := d.try(ctx, st, call)
		if err == errBinary {
			prepared := *st
			prepared.Binary = true
			s, err = d.try(ctx, &prepared, call)
		}
		switch {
		case err == nil:
			return s, d.note(nil)
		case before != nil && (KindOf(err) == Internal || KindOf(err) == Timeout):
			// What came before says more than an unknown error, or than a last
			// attempt without time.
			return nil, &Error{KindOf(before), errors.Join(before, err)}
		case !mayRetry(KindOf(err)):
			return nil, err
		case !pause(ctx, backoff, call.Deadline):
			return nil, d.note(err)
		case before != nil: // one lost connection is not a lost database
			d.note(err)
		}
		before = err
	}
}

// FetchLong is Fetch for a result that is known to take long: it waits for one of
// the places for these first. While it waits it calls stuck now and then, which
// may make one of those go who have a place.
func (d *DB) FetchLong(ctx context.Context, st *Statement, call Call, stuck func()) (*Rows, error) {
	if err := d.awaitPlace(ctx, call.Deadline, stuck); err != nil {
		return nil, err
	}
	call.placed = true
	rows, err := d.Fetch(ctx, st, call)
	if err != nil {
		<-d.long
		return nil, err
	}
	rows.keepPlace()
	return rows, nil
}

// awaitPlace takes a place for a result that takes long.
func (d *DB) awaitPlace(ctx context.Context, deadline time.Time, stuck func()) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	again := time.NewTicker(stuckTime)
	defer again.Stop()
	for {
		select {
		case d.long <- struct{}{}:
			return nil
		default:
			stuck()
		}
		select {
		case d.long <- struct{}{}:
			return nil
		case <-again.C:
		case <-ctx.Done():
			return &Error{PoolBusy, errLongBusy}
		}
	}
}

// mayRetry reports whether a read that failed with k may succeed when it is sent
// again.
func mayRetry(k Kind) bool { return k == Away || k == Killed }

// pause waits for about d and reports whether ctx lasts and giveUp is not near.
func pause(ctx context.Context, d time.Duration, giveUp time.Time) bool {
	d = d/2 + rand.N(d) // so that many servers do not come back at once
	if time.Until(giveUp) <= d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// try is one attempt of Fetch. A panic is an error like any other, though its
// connection is lost; those of the driver are caught by Connector.
func (d *DB) try(ctx context.Context, st *Statement, call Call) (rows *Rows, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &Rows{db: d, cancel: cancel, call: call, table: d.tables[st.Table], reserved: freeBytes, began: time.Now()}
	defer func() {
		if cause := recover(); cause != nil {
			s.abandon()
			rows, err = nil, &Error{Internal, fmt.Errorf("panic: %v\n%s", cause, debug.Stack())}
		}
	}()
	s.timer = time.AfterFunc(time.Until(call.Deadline), s.tick)
	err = s.open(ctx, st)
	if !s.timer.Stop() { // the first row has come too late, or not at all
		cancel(ErrLate)
		err = cmp.Or(err, ErrLate)
	}
	if err != nil {
		err = d.queryError(ctx, s, err)
	} else {
		err = s.fillUnsent()
	}
	if err != nil {
		s.discard(err)
		return nil, err
	}
	return s, nil
}

// queryError tells what err, with which s could not be opened, comes from.
func (d *DB) queryError(ctx context.Context, s *Rows, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return newError(err)
	case cause != ErrLate:
		return &Error{Canceled, cause}
	default:
		return d.lateError(s)
	}
}

// lateError is the error of a query that is late. It blames what most of the time
// was spent on: a query that was sent at the last moment was not slow.
func (d *DB) lateError(s *Rows) error {
	now := time.Now()
	entered, connected := cmp.Or(s.entered, now), cmp.Or(s.connected, now)
	forTable, forConn, forRow := entered.Sub(s.began), connected.Sub(entered), now.Sub(connected)
	switch {
	case s.conn != nil && forRow >= max(forTable, forConn):
		return &Error{Timeout, ErrLate}
	case s.table != nil && forTable >= forConn:
		return &Error{PoolBusy, errTableBusy}
	case s.conn != nil, d.poolBusy():
		return &Error{PoolBusy, errPoolBusy}
	default:
		return &Error{Away, ErrLate}
	}
}

// Late is the error of a read that has waited for the timeout without a first row.
func (d *DB) Late() error {
	if d.away.Load() {
		return &Error{Away, ErrLate}
	}
	return &Error{Timeout, ErrLate}
}

// errBinary is the error of a query that has to be sent again, prepared.
var errBinary = &Error{Internal, errors.New("FLOAT in the result of a query that was not prepared")}

// needsBinary reports whether the result of st, sent as a text, has a FLOAT,
// which MySQL rounds to six digits there. Of a plain read that is known from then
// on; those who know the table set st.Binary.
func (d *DB) needsBinary(st *Statement, columns []encode.Column) bool {
	written := columns[:len(columns)-st.Hidden]
	has := slices.ContainsFunc(written, func(c encode.Column) bool { return c.Type == "FLOAT" })
	if has && len(st.Args) == 0 {
		d.binary.Store(st.Text, true)
	}
	return has
}

// isBinary reports whether the result of st has had a FLOAT.
func (d *DB) isBinary(st *Statement) bool {
	if len(st.Args) > 0 {
		return false
	}
	_, has := d.binary.Load(st.Text)
	return has
}

// IsMariaDB reports whether the server is known to be MariaDB, which declares JSON
// as a text.
func (d *DB) IsMariaDB() bool {
	c := connect.Of(d.pool)
	return c != nil && c.IsMariaDB()
}

// Query sends a query of our own, for a few rows, and again if need be, until ctx
// ends. Errors are *Error.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(d.options.Timeout)
	}
	for backoff := minRetry; ; backoff = min(2*backoff, maxRetry) {
		rows, err := d.query(ctx, text, args)
		switch {
		case err == nil:
			return rows, d.note(nil)
		case ctx.Err() != nil:
			return nil, d.contextError(ctx)
		case !mayRetry(KindOf(err)):
			return nil, newError(err)
		case !pause(ctx, backoff, deadline):
			return nil, d.note(err)
		}
	}
}

// query is one attempt of Query. To take a connection first tells a connection that
// is refused from a query that is.
func (d *DB) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, text, args...)
	go conn.Close() // waits until the rows are closed
	if err != nil {
		return nil, errorOfQuery(err)
	}
	return rows, nil
}

// contextError is the error of a query of our own that ends with ctx.
func (d *DB) contextError(ctx context.Context) error {
	switch {
	case context.Cause(ctx) != ErrLate:
		return &Error{Canceled, context.Cause(ctx)}
	case d.poolBusy():
		return &Error{PoolBusy, errPoolBusy}
	default:
		return d.Late()
	}
}

// takeBuffer returns an empty buffer, which giveBuffer takes back.
func (d *DB) takeBuffer() []byte {
	if b, ok := d.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

func (d *DB) giveBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= maxKeptBytes {
		d.buffers.Put(&b)
	}
}

// poolBusy reports whether every connection of the pool is taken by somebody.
func (d *DB) poolBusy() bool {
	stats := d.pool.Stats()
	return stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections && !d.away.Load()
}

// note logs that the database went away or came back, once per change, and
// returns err as a *Error, or nil.
func (d *DB) note(err error) error {
	if err == nil {
		if d.away.Swap(false) {
			d.options.Log.Info("the database is back")
		}
		return nil
	}
	err = newError(err)
	if KindOf(err) == Away && !d.away.Swap(true) {
		d.options.Log.Warn("the database is away", "err", err)
	}
	return err
}
