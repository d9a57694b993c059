// Package exec sends one query to the database and gives back its rows: pool,
// retry, deadlines, and the kinds of errors. It knows neither what is asked for
// nor who asks. Rules: it sends nothing that changes anything, and what leaves
// it as an error is an *Error.
package exec

// This file is the pool, and what is known about the server behind it.

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"readapi/internal/connect"
	"readapi/internal/encode"
	"readapi/internal/metrics"
)

const (
	// SmallBytes is the size up to which a result is complete before its first
	// byte is sent.
	SmallBytes = 1 << 20
	// maxKeptBytes is the size up to which a buffer is kept for the next read.
	maxKeptBytes = 2 * SmallBytes
	// pingTimeout bounds Ping: /readyz promises an answer within 2 s.
	pingTimeout = 1500 * time.Millisecond
)

// DB is the pool and what is known about the server behind it. It is safe for
// concurrent use.
type DB struct {
	pool    *sql.DB
	options Options
	buffers sync.Pool                // *[]byte
	away    atomic.Bool              // the last that was heard: it is not there
	good    atomic.Int64             // when it last answered, in Unix nanoseconds
	long    chan struct{}            // has a value per result that takes long
	tables  map[string]chan struct{} // by name; has a value per query under way
	binary  sync.Map                 // texts of queries for whole tables that have a FLOAT

	queries, retries atomic.Int64
	firstRow         metrics.Histogram
}

// Options are what an operator chooses.
type Options struct {
	Timeout  time.Duration // of a read, until its first row
	Conns    int           // connections of the pool, at least 2
	Tables   []string      // that are read; none of them may take all connections
	Encoding encode.Options
	Log      *slog.Logger
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

// Stats is what has happened so far.
type Stats struct {
	Queries  int64              // that were sent, also those that learn tables
	Retries  int64              // of these
	FirstRow *metrics.Histogram // from wanting a connection to the first row
	Pool     sql.DBStats
}

// Stats returns what has happened so far. Its parts may be of different moments.
func (d *DB) Stats() Stats {
	return Stats{d.queries.Load(), d.retries.Load(), &d.firstRow, d.pool.Stats()}
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
	began := time.Now()
	return d.note(ping(ctx), began)
}

// IsMariaDB reports whether the server is known to be MariaDB, which declares JSON
// as a text.
func (d *DB) IsMariaDB() bool {
	c := connect.Of(d.pool)
	return c != nil && c.IsMariaDB()
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
// returns err, which came of an attempt that began then, as a *Error, or nil. What
// began before the last success says nothing of now.
func (d *DB) note(err error, began time.Time) error {
	if err == nil {
		d.good.Store(time.Now().UnixNano())
		if d.away.Swap(false) {
			d.options.Log.Info("the database is back")
		}
		return nil
	}
	err = newError(err)
	if KindOf(err) == Away && began.UnixNano() > d.good.Load() && !d.away.Swap(true) {
		d.options.Log.Warn("the database is away", "err", err)
	}
	return err
}
