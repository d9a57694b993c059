// Package share lets concurrent identical reads share one query, and holds the
// small results that clients are still taking. Rules: sharing cannot be seen from
// outside, except as speed; the same bytes are in memory once, however many
// clients take them and however slowly; and all results together are bounded.
package share

// This file gathers reads into flights, each of which is one query.

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"readapi/internal/exec"
)

const (
	// maxIdentical is how many identical queries run at once before later
	// arrivals gather. With 1, 2 and 4 of them 256 connections got 17,300, 33,800
	// and 41,000 responses a second of 10 rows, and 10,700, 9,500 and 7,900 of
	// 1,000 rows (medians of three interleaved rounds, MariaDB 10.11, client and
	// database on the same two cores): 1 leaves the cores idle, 4 reads too much.
	maxIdentical = 2
	// flightGrace is how much longer a read waits for its flight than DB_TIMEOUT:
	// the flight knows better why it is late.
	flightGrace = 200 * time.Millisecond
)

// Sharer lets reads that want the same at the same time share a query. It is
// safe for concurrent use.
//
//   - The key is that of the statement: the same key, the same bytes.
//   - A read never gets rows from a query that was sent before the read began:
//     it joins a flight that has not left yet, or makes a new one.
//   - The query has a context of its own. It ends when the last member of the
//     flight has left; that the first one leaves is nothing to the others.
//   - A query that fails, or panics, fails all members of its flight. The next
//     flight starts anew.
//   - A result is for the members of its flight, and lives until the last of them
//     has released it.
//   - A result over exec.SmallBytes is not shared: one member goes on with the
//     query, the others send their own.
type Sharer struct {
	db      *exec.DB
	results *results

	mu    sync.Mutex       // guards what follows, and lanes and flights
	lanes map[string]*lane // by key; a lane with nothing in it is removed
}

// lane holds the flights of one query.
type lane struct {
	running int
	next    *flight // gathers members while others run
}

// flight is a query and the reads that wait for it.
type flight struct {
	statement *exec.Statement
	ctx       context.Context
	cancel    context.CancelFunc
	members   int
	flowing   atomic.Bool // the first row is there

	landed chan struct{} // closed once what follows is set
	result *Result       // if it is small
	rows   *exec.Rows    // if it is large, until a member takes it
	err    error
}

// New makes a Sharer that reads from db. What describe makes of a result becomes
// its Headers; it is called once per result, under a lock.
func New(db *exec.DB, describe func(*Result) map[string][]string) *Sharer {
	return &Sharer{db: db, results: newResults(describe), lanes: make(map[string]*lane)}
}

// Release says that the caller does not need res any more.
func (s *Sharer) Release(res *Result) { s.results.hold(res, -1) }

// Compressed returns what compress makes of the body of res, called once for all
// who hold it, or nil if there is no room for it. The caller holds res.
func (s *Sharer) Compressed(res *Result, compress func([]byte) []byte) []byte {
	return s.results.compressed(res, compress)
}

// Read returns the result of st if it is small: the caller releases it. Of a
// large result it returns the rows, for the caller to close, or, if another
// member has them, neither. Errors are *exec.Error.
func (s *Sharer) Read(ctx context.Context, st *exec.Statement) (*Result, *exec.Rows, error) {
	f := s.join(st)
	timeout := time.NewTimer(s.db.Timeout() + flightGrace)
	defer timeout.Stop()
	for {
		select {
		case <-f.landed:
			return f.result, s.takeRows(ctx, f), f.err
		case <-ctx.Done():
			s.leave(f)
			return nil, nil, &exec.Error{Kind: exec.Canceled, Err: ctx.Err()}
		case <-timeout.C:
			if !f.flowing.Load() {
				s.leave(f)
				return nil, nil, s.db.Late()
			}
		}
	}
}

// join makes the caller a member of a flight whose query has not been sent.
func (s *Sharer) join(st *exec.Statement) *flight {
	key := st.Key()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[key]
	if l == nil {
		l = new(lane)
		s.lanes[key] = l
	}
	if l.next == nil {
		ctx, cancel := context.WithCancel(context.Background())
		l.next = &flight{statement: st, ctx: ctx, cancel: cancel, landed: make(chan struct{})}
	}
	f := l.next
	f.members++
	s.departLocked(key, l)
	return f
}

// departLocked sends the query of the next flight if its turn has come, and
// removes the lane if there is nothing in it.
func (s *Sharer) departLocked(key string, l *lane) {
	switch f := l.next; {
	case f == nil && l.running == 0:
		delete(s.lanes, key)
	case f != nil && l.running < maxIdentical:
		l.next = nil
		l.running++
		go s.run(l, f) // ends with the query, which ends when f.cancel is called
	}
}

// run sends the query of f and tells its members what comes of it.
func (s *Sharer) run(l *lane, f *flight) {
	rows, err := s.fetch(f)
	var res *Result
	if err == nil && rows.IsSmall() {
		res = s.results.add(rows.Body, rows.Count())
		rows.Close()
		rows = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.members == 0 && rows != nil {
		go rows.Close() // ends by itself: leave has ended the query
	}
	if res != nil {
		s.results.hold(res, f.members-1) // instead of this one
	}
	f.result, f.rows, f.err = res, rows, err
	close(f.landed)
	l.running--
	s.departLocked(f.statement.Key(), l)
}

// fetch is exec.DB.Fetch within the bounds of memory, and with a panic turned
// into an error. Unless the result is small, nothing stays reserved.
func (s *Sharer) fetch(f *flight) (rows *exec.Rows, err error) {
	if !s.results.reserve(exec.SmallBytes) {
		return nil, &exec.Error{Kind: exec.Memory, Err: errHeld}
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = &exec.Error{Err: fmt.Errorf("panic: %v\n%s", cause, debug.Stack())}
		}
		if err != nil || !rows.IsSmall() {
			s.results.reserve(-exec.SmallBytes)
		}
	}()
	return s.db.Fetch(f.ctx, f.statement, func() { f.flowing.Store(true) })
}

// takeRows returns the rows of f's large result, if nobody else has them. Their
// query ends with ctx.
func (s *Sharer) takeRows(ctx context.Context, f *flight) *exec.Rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := f.rows
	f.rows = nil
	if rows != nil {
		context.AfterFunc(ctx, f.cancel)
	}
	return rows
}

// leave ends the membership of a read that has got nothing. The last one to
// leave ends the query.
func (s *Sharer) leave(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.result != nil { // it landed at the same moment
		s.results.hold(f.result, -1)
		return
	}
	if f.members--; f.members > 0 {
		return
	}
	f.cancel()
	if l := s.lanes[f.statement.Key()]; l != nil && l.next == f {
		l.next = nil // nobody may join it any more
		s.departLocked(f.statement.Key(), l)
	}
	if f.rows != nil {
		go f.rows.Close() // ends by itself: f.cancel has ended the query
	}
}
