// Package share lets concurrent identical reads share one query, and holds the
// small results that clients are still taking. Rules: sharing cannot be seen from
// outside, except as speed; the same bytes are in memory once, however many
// clients take them and however slowly; all results together are bounded, and
// the bound hurts those who are slow, not those who ask.
package share

// This file gathers reads into flights, each of which is one query.

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"readapi/internal/client"
	"readapi/internal/exec"
	"readapi/internal/metrics"
)

const (
	// maxIdentical is how many identical queries run at once before later
	// arrivals gather, as long as few do.
	maxIdentical = 2
	// crowd is how many members make a flight a crowd. As long as flights are
	// crowds one of their queries runs at once, and is sent when all members of the
	// last one run again: the processors are busy with these, and a query sooner
	// would take from them what it gives to few. With 256 connections a query then
	// serves 118 reads of 10 rows instead of 24, and 80 of 1,000 rows instead of 30.
	// With few connections the processors idle meanwhile: 2 of them would get half
	// as many responses from a database that is 10 ms away; 64 of them do get 0.85
	// times as many, for 0.6 times the queries (MariaDB 10.11, two cores).
	crowd = 8
	// maxGather is how long arrivals gather at most, or an eighth of the timeout
	// if that is less: a query that takes long, or hangs, must not hold up those
	// who come later.
	maxGather = 250 * time.Millisecond
	// flightGrace is how much longer a read waits for its flight than its
	// deadline: the flight knows better why it is late.
	flightGrace = 200 * time.Millisecond
)

// Sharer lets reads that want the same at the same time share a query. It is
// safe for concurrent use.
//
//   - The key is that of the statement: the same key, the same bytes.
//   - A read never gets rows from a query that was sent before the read began:
//     it joins a flight that has not left yet, or makes a new one.
//   - A flight leaves when fewer than maxIdentical queries like it are under way. If
//     the flights are crowds, it leaves when none is, and all members of the last one
//     run again. In any case it leaves after maxGather. Its query may be late when its
//     last member may.
//   - The query of several has a context of its own. It ends when the last member
//     of the flight has left; that the first one leaves is nothing to the others.
//   - A query that fails fails all members of its flight. The next flight starts
//     anew.
//   - A result is for the members of its flight, and lives until the last of them
//     has released it. As long as it is garbage that nobody has collected, the
//     next flight that gets the same bytes from its own query uses it again, which
//     saves compressing them again.
//   - A result over exec.SmallBytes is not shared: one member goes on with the
//     query, the others send their own.
type Sharer struct {
	db      *exec.DB
	results *results
	timers  sync.Pool // *time.Timer, stopped: each read that waits needs one

	shared atomic.Int64 // reads that have got the result of another one's query

	mu    sync.Mutex       // guards what follows, and lanes and flights
	lanes map[string]*lane // by key; a lane with nothing in it is removed
}

// lane holds the flights of one query.
type lane struct {
	key     string
	running int
	crowded int                  // members of the flight that left last, or half as many as before
	next    *flight              // gathers members while others run
	last    weak.Pointer[Result] // that landed
}

// flight is a query and the reads that wait for it.
type flight struct {
	statement *exec.Statement
	lane      *lane
	ctx       context.Context
	cancel    context.CancelFunc
	deadline  time.Time   // the latest of its members
	boarding  *time.Timer // ends the gathering
	members   int
	asleep    sync.WaitGroup       // has the members that wait, or have not run since
	before    weak.Pointer[Result] // the last one of the lane when the query was sent
	flowing   atomic.Bool          // the first row is there

	landed chan struct{} // closed once what follows is set
	result *Result       // if it is small
	rows   *exec.Rows    // if it is large, until a member takes it
	err    error
}

// New makes a Sharer that reads from db.
func New(db *exec.DB) *Sharer {
	return &Sharer{db: db, results: newResults(), lanes: make(map[string]*lane)}
}

// Load returns how many bytes are held or reserved, and how many queries there
// are for which reads wait.
func (s *Sharer) Load() (bytes, flights int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lanes {
		flights += l.running
		if l.next != nil {
			flights++
		}
	}
	return s.results.size(), flights
}

// Shared is how many reads have got the result of another one's query so far.
func (s *Sharer) Shared() int64 { return s.shared.Load() }

// Release says that the caller does not need res any more.
func (s *Sharer) Release(res *Result) { s.results.hold(res, -1) }

// Sending says that taker, which may be nil, is sent res until Sent is called: if
// there is no room for other results, a slow client is cut off. The caller holds
// res.
func (s *Sharer) Sending(res *Result, taker client.Taker) {
	s.results.sending.Add(&res.parcel, taker, len(res.Body))
}

// Sent takes back one Sending of res and taker.
func (s *Sharer) Sent(res *Result, taker client.Taker) {
	s.results.sending.Remove(&res.parcel, taker)
}

// Compressed returns what compress makes of the body of res, called once for all
// who hold it, or nil if there is no room for it. The caller holds res.
func (s *Sharer) Compressed(res *Result, compress func([]byte) []byte) []byte {
	return s.results.compressed(res, compress)
}

// Read returns the result of st if it is small: the caller releases it. Of a
// large result it returns the rows, for the caller to close, or, if another
// member has them, neither. The first row has to be there at the deadline.
// Errors are *exec.Error.
func (s *Sharer) Read(ctx context.Context, st *exec.Statement, deadline time.Time) (*Result, *exec.Rows, error) {
	took := metrics.TookOf(ctx)
	took.Asks()
	defer took.Answered()
	f, alone := s.join(st, deadline)
	if alone {
		return s.readAlone(ctx, f)
	}
	defer f.asleep.Done()
	late := s.timer(time.Until(deadline) + flightGrace)
	defer s.timers.Put(late)
	defer late.Stop()
	for {
		select {
		case <-f.landed:
			return f.result, s.takeRows(ctx, f), f.err
		case <-ctx.Done():
			s.leave(f)
			return nil, nil, &exec.Error{Kind: exec.Canceled, Err: ctx.Err()}
		case <-late.C:
			if !f.flowing.Load() {
				s.leave(f)
				return nil, nil, s.db.Late()
			}
		}
	}
}

// timer returns a timer that fires after d. Once it is stopped it may go back to
// s.timers.
func (s *Sharer) timer(d time.Duration) *time.Timer {
	t, ok := s.timers.Get().(*time.Timer)
	if !ok {
		return time.NewTimer(d)
	}
	t.Reset(d)
	return t
}

// readAlone sends the query of a flight that nobody else can join any more. It
// needs neither a goroutine nor a context of its own.
func (s *Sharer) readAlone(ctx context.Context, f *flight) (*Result, *exec.Rows, error) {
	defer s.land(f.lane)
	f.ctx = ctx
	rows, err := s.fetch(f)
	if err != nil || !rows.IsSmall() {
		return nil, rows, err
	}
	res, err := s.keep(ctx, rows, f.before.Value())
	return res, nil, err
}

// join makes the caller a member of a flight whose query has not been sent. If it
// can leave at once, the caller is alone in it and sends the query.
func (s *Sharer) join(st *exec.Statement, deadline time.Time) (f *flight, alone bool) {
	key := st.Key()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lanes[key]
	if l == nil {
		l = &lane{key: key}
		s.lanes[key] = l
	}
	if l.next == nil && l.running < l.most() {
		l.running++
		return &flight{statement: st, lane: l, deadline: deadline, before: l.last}, true
	}
	if l.next == nil {
		ctx, cancel := context.WithCancel(context.Background())
		f := &flight{statement: st, lane: l, ctx: ctx, cancel: cancel, landed: make(chan struct{})}
		f.boarding = time.AfterFunc(min(maxGather, s.db.Timeout()/8), func() { s.closeGate(f) })
		l.next = f
	}
	f = l.next
	f.members++
	f.asleep.Add(1)
	if deadline.After(f.deadline) {
		f.deadline = deadline
	}
	return f, false
}

// most is how many queries of l run at once before later arrivals gather.
func (l *lane) most() int {
	if l.crowded >= crowd {
		return 1
	}
	return maxIdentical
}

// closeGate lets f leave, if it has not left yet: it has gathered for long enough.
func (s *Sharer) closeGate(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.lane.next == f {
		s.departLocked(f.lane)
	}
}

// departLocked sends the query of the next flight of l.
func (s *Sharer) departLocked(l *lane) {
	f := l.next
	f.boarding.Stop()
	f.before = l.last
	l.next, l.crowded = nil, max(f.members, l.crowded/2)
	l.running++
	go s.run(f) // ends with the query, which ends when f.cancel is called
}

// run sends the query of f and tells its members what comes of it.
func (s *Sharer) run(f *flight) {
	rows, err := s.fetch(f)
	var res *Result
	if err == nil && rows.IsSmall() {
		res, err = s.keep(f.ctx, rows, f.before.Value())
		rows = nil
	}
	members := s.deliver(f, res, rows, err)
	if members == 0 && rows != nil {
		rows.Close() // not under the lock: it may wait for the network
	}
	if members >= crowd {
		f.asleep.Wait() // they may soon want the same again
		s.land(f.lane)
	}
}

// deliver tells the members of f what has come of its query, and returns how many
// there are: if none, the caller keeps rows. It lands f unless it is a crowd.
func (s *Sharer) deliver(f *flight, res *Result, rows *exec.Rows, err error) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.members == 0 {
		rows = nil
	}
	if res != nil {
		s.results.hold(res, f.members-1) // instead of the caller
		s.shared.Add(int64(max(0, f.members-1)))
		f.lane.last = weak.Make(res)
	}
	f.result, f.rows, f.err = res, rows, err
	close(f.landed)
	if f.members < crowd {
		s.landLocked(f.lane)
	}
	return f.members
}

// keep makes a result of rows, and closes them. It is before, which may be nil, if
// that has the same bytes.
func (s *Sharer) keep(ctx context.Context, rows *exec.Rows, before *Result) (*Result, error) {
	defer rows.Close()
	rows.Unreserve()
	return s.results.add(ctx, rows.Body, rows.Count(), rows.End(), before)
}

// land says that a query of l has ended.
func (s *Sharer) land(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.landLocked(l)
}

func (s *Sharer) landLocked(l *lane) {
	l.running--
	switch {
	case l.next != nil && l.running < l.most():
		s.departLocked(l)
	case l.next == nil && l.running == 0:
		delete(s.lanes, l.key)
	}
}

// fetch is exec.DB.Fetch within the bounds of memory.
func (s *Sharer) fetch(f *flight) (*exec.Rows, error) {
	return s.db.Fetch(f.ctx, f.statement, exec.Call{
		Deadline: f.deadline,
		FirstRow: func() { f.flowing.Store(true) },
		Reserve:  func(bytes int) error { return s.results.reserve(f.ctx, bytes) },
	})
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
	if rows := s.removeMember(f); rows != nil {
		rows.Close()
	}
}

// removeMember is leave, but for the rows of a large result that nobody wants any
// more: the caller closes them.
func (s *Sharer) removeMember(f *flight) *exec.Rows {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.result != nil { // it landed at the same moment
		s.results.hold(f.result, -1)
		return nil
	}
	if f.members--; f.members > 0 {
		return nil
	}
	f.cancel()
	if l := f.lane; l.next == f { // nobody may join it any more
		l.next = nil
		f.boarding.Stop()
	}
	return f.rows
}
