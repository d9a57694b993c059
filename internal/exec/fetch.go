package exec

// This file sends the query of a read, again if need be, and says why it is late.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"readapi/internal/metrics"
)

const (
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

// Fetch sends st and returns its result, or as much of a large one as makes it
// large. While nothing has been handed out a read can be sent again, so a lost
// connection is retried until the deadline. The caller closes the Rows. Errors
// are *Error.
func (d *DB) Fetch(ctx context.Context, st *Statement, call Call) (*Rows, error) {
	var before error
	came := time.Now()
	for backoff := minRetry; ; backoff = min(2*backoff, maxRetry) {
		began := time.Now()
		s, err := d.try(ctx, st, call)
		if other := st.again(err); other != nil {
			s, err = d.try(ctx, other, call)
		}
		switch {
		case err == nil:
			metrics.TookOf(ctx).Queried(came, s.connected)
			return s, d.note(nil, began)
		case before != nil && (KindOf(err) == Internal || KindOf(err) == Timeout):
			// What came before says more than an unknown error, or than a last
			// attempt without time.
			return nil, &Error{KindOf(before), errors.Join(before, err)}
		case !mayRetry(KindOf(err)):
			return nil, err
		case !pause(ctx, backoff, call.Deadline):
			return nil, d.note(err, began)
		case before != nil: // one lost connection is not a lost database
			d.note(err, began)
		}
		before = err
		d.retries.Add(1)
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
		err = d.openError(ctx, s, err)
	} else {
		err = s.fillUnsent()
	}
	if err != nil {
		s.discard(err)
		return nil, err
	}
	return s, nil
}

// openError tells what err, with which s could not be opened, comes from.
func (d *DB) openError(ctx context.Context, s *Rows, err error) error {
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
	switch {
	case d.away.Load():
		return &Error{Away, ErrLate}
	case d.poolBusy():
		return &Error{PoolBusy, errPoolBusy}
	default:
		return &Error{Timeout, ErrLate}
	}
}

// mayRetry reports whether a read that failed with k may succeed when it is sent
// again.
func mayRetry(k Kind) bool { return k == Away || k == Killed }

// pause waits for about d, or half of what is left until giveUp, and reports
// whether to try again then: ctx lasts, and giveUp is not near.
func pause(ctx context.Context, d time.Duration, giveUp time.Time) bool {
	left := time.Until(giveUp)
	if left <= minRetry {
		return false
	}
	d = min(d/2+rand.N(d), left/2) // by chance, so that many servers do not come back at once
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
