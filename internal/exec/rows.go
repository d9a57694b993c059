package exec

// This file reads the rows of one query, and ends it if they do not come.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/encode"
)

const (
	// patience is how many times the timeout a result may take from its first row
	// until it is complete or large, and how many times a large one may be silent.
	patience = 6
	// freeBytes is the size of a result for which no room is reserved: the pool
	// bounds how many there are.
	freeBytes = 64 << 10
	// reserveBytes is how much room is reserved at a time.
	reserveBytes = 128 << 10
)

var (
	errSilent  = errors.New("the rows stopped coming for DB_TIMEOUT")
	errTrickle = errors.New("the rows came too slowly: not complete after 6 times DB_TIMEOUT")
)

// Rows is a query under way: its rows are read from the connection as they are
// asked for. It belongs to one goroutine, but for its timer.
type Rows struct {
	Body []byte // encoded rows that nobody has taken yet; Close takes it back
	Done bool   // Body ends the result

	db      *DB
	call    Call
	cancel  context.CancelCauseFunc
	table   chan struct{} // of the table, if it is bounded
	inTable bool          // there is a value in it
	conn    *sql.Conn
	source  source
	encoder *encode.Encoder
	more    bool // source stands on a row that is not encoded yet

	patterns bool // as in the Statement

	began, entered, connected time.Time // when it came, had a place at its table, had a connection

	reserved int // bytes of Body that there is room for

	timer   *time.Timer
	flowing atomic.Bool           // the first row is there
	sent    atomic.Bool           // somebody has taken the first rows
	filling atomic.Bool           // Fill waits for rows
	seen    atomic.Int64          // rows and calls of Fill
	ended   atomic.Pointer[Error] // why tick has ended the query
	pulse   pulse                 // for tick only

	mu     sync.Mutex
	held   bool // a place for results that take long; guarded by mu
	closed bool // guarded by mu
}

// pulse is what tick remembers.
type pulse struct {
	turns, silent int
	seen          int64
}

// open takes a connection, sends the query and waits for the first row. To take
// the connection first tells a full pool from a slow query.
func (s *Rows) open(ctx context.Context, st *Statement) (err error) {
	if err := s.enterTable(ctx); err != nil {
		return err
	}
	s.entered = time.Now()
	if s.conn, err = s.db.pool.Conn(ctx); err != nil {
		return err
	}
	s.connected = time.Now()
	s.db.queries.Add(1)
	if s.source, err = s.db.send(ctx, s.conn, st); err != nil {
		return errorOfRead(err, st.Patterns)
	}
	columns, err := s.source.columns()
	switch {
	case err != nil:
		return err
	case st.Fits != nil && !st.Fits(columns):
		return &Error{Changed, errChanged}
	case !st.Binary && !s.db.isBinary(st) && s.db.needsBinary(st, columns):
		return errBinary
	}
	s.Body = s.db.takeBuffer() // not before: who waits needs none
	s.encoder = newEncoder(columns, st, s.db.options.Encoding)
	s.patterns = st.Patterns
	s.more, err = s.source.next()
	return errorOfRead(err, s.patterns)
}

func newEncoder(columns []encode.Column, st *Statement, options encode.Options) (e *encode.Encoder) {
	if st.Shape != nil {
		e = encode.NewNested(columns, st.Shape, st.Format, options)
	} else {
		e = encode.New(columns, st.Fields, st.Hidden, st.Format, options)
	}
	if st.Page != nil {
		e.SetPage(*st.Page, columns)
	}
	return e
}

// enterTable waits until the table has a connection to spare.
func (s *Rows) enterTable(ctx context.Context) error {
	if s.table == nil {
		return nil
	}
	select {
	case s.table <- struct{}{}:
		s.inTable = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fillUnsent fills Body with a small result, or as much of a large one as makes
// it large, of which nobody has taken anything yet.
func (s *Rows) fillUnsent() error {
	if s.call.FirstRow != nil {
		s.call.FirstRow()
	}
	s.flowing.Store(true)
	s.db.firstRow.Observe(time.Since(s.began))
	s.timer.Reset(s.db.options.Timeout)
	err := s.Fill(SmallBytes)
	s.sent.Store(true)
	if s.Done {
		s.timer.Stop()
	}
	return err
}

// Fill appends encoded rows to Body until it holds more than size bytes or the
// result is done. After an error, an *Error, Body must not be taken for a result.
func (s *Rows) Fill(size int) error {
	s.seen.Add(1)
	s.filling.Store(true)
	err := s.fill(size)
	s.filling.Store(false)
	if ended := s.ended.Load(); err != nil && ended != nil {
		return ended
	}
	return err
}

func (s *Rows) fill(size int) (err error) {
	for s.more && len(s.Body) <= size {
		if s.Body, err = s.source.appendRow(s.Body, s.encoder); err != nil {
			return newError(err)
		}
		if err := s.reserve(); err != nil {
			return err
		}
		s.seen.Add(1)
		if s.more, err = s.source.next(); err != nil {
			return errorOfRead(err, s.patterns)
		}
	}
	if s.more {
		return nil
	}
	_ = s.source.Close() // before the context ends, with which the driver ends what is open
	s.Body, s.Done = s.encoder.AppendEnd(s.Body), true
	return nil
}

// reserve makes sure that there is room for Body.
func (s *Rows) reserve() error {
	if len(s.Body) <= s.reserved || s.call.Reserve == nil {
		return nil
	}
	need := max(len(s.Body)-s.reserved, reserveBytes)
	if err := s.call.Reserve(need); err != nil {
		return newError(err)
	}
	s.reserved += need
	return nil
}

// Unreserve gives the room back that was reserved for Body, for one who counts it
// from now on. No more is reserved: whoever streams has one piece at a time.
func (s *Rows) Unreserve() {
	if s.reserved > freeBytes {
		_ = s.call.Reserve(freeBytes - s.reserved) // to give back has no error
	}
	s.reserved, s.call.Reserve = freeBytes, nil
}

// Taken says that somebody has taken Body, which is empty afterwards.
func (s *Rows) Taken() {
	s.Unreserve()
	if s.Body = s.Body[:0]; cap(s.Body) > SmallBytes/2 {
		s.db.giveBuffer(s.Body)
		s.Body = nil
	}
}

// tick is called when the deadline of the first row has passed, and then once
// per timeout. It ends a query that is late, that gives no rows, or that takes
// long while there is no place for it.
func (s *Rows) tick() {
	if !s.flowing.Load() {
		s.cancel(ErrLate)
		return
	}
	p := &s.pulse
	seen := s.seen.Load()
	p.turns++
	p.silent++
	if seen != p.seen || !s.filling.Load() {
		p.silent = 0
	}
	p.seen = seen
	switch unsent := !s.sent.Load(); {
	case unsent && p.silent > 0, p.silent >= patience:
		s.end(&Error{Timeout, errSilent})
	case unsent && p.turns >= patience:
		s.end(&Error{Timeout, errTrickle})
	case unsent && !s.Hold():
		s.end(&Error{PoolBusy, errLongBusy})
	default:
		s.tickAgain()
	}
}

// tickAgain sets the timer for the next tick, unless there is nothing to watch
// any more.
func (s *Rows) tickAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.timer.Reset(s.db.options.Timeout)
	}
}

// end ends the query because of err.
func (s *Rows) end(err *Error) {
	s.ended.Store(err)
	s.cancel(err)
}

// Hold takes one of the places for results that take long, and reports whether
// there was one. These leave connections to everybody else. Close gives it back.
func (s *Rows) Hold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held || s.call.placed || s.closed {
		return !s.closed
	}
	select {
	case s.db.long <- struct{}{}:
		s.held = true
	default:
	}
	return s.held
}

// IsSmall reports whether Body is the whole of a small result.
func (s *Rows) IsSmall() bool { return s.Done && len(s.Body) <= SmallBytes }

// Count is the number of rows that were encoded.
func (s *Rows) Count() int { return s.encoder.Rows() }

// End is what is known of the page that was encoded, as its Statement says.
func (s *Rows) End() encode.End { return s.encoder.End() }

// discard is Close after err. If the server that answered is stopping, or a node
// that is not ready, the next attempt shall not meet it again: the connection
// does not go back to the pool.
func (s *Rows) discard(err error) {
	var answer *mysql.MySQLError
	if s.conn != nil && errors.As(err, &answer) && mayRetry(KindOf(err)) {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	s.Close()
}

// Close ends the query and gives connection and memory back. Rows that were not
// read are not fetched: the connection is closed instead, which costs less than
// a table. That may take a while, until the server has ended the query too, and
// so goes on behind the caller's back; the connection counts until then.
func (s *Rows) Close() {
	s.stop()
	s.Taken()
	s.db.giveBuffer(s.Body)
	s.Body = nil
	if s.Done || s.conn == nil {
		s.closeConn()
		return
	}
	go s.closeConn() // ends within the bounds of connect.Connector
}

// stop ends the query, and the watch over it.
func (s *Rows) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.timer.Stop()
	s.cancel(context.Canceled)
}

// closeConn ends what Close has begun.
func (s *Rows) closeConn() {
	if s.source != nil {
		s.source.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.leave()
}

// abandon is Close after a panic. In database/sql whoever panicked may have locked
// the connection for ever; that one is lost.
func (s *Rows) abandon() {
	s.stop()
	if _, isDirect := s.source.(*directSource); isDirect {
		go s.closeConn() // ends within the bounds of connect.Connector
		return
	}
	s.leave()
}

// leave gives the places back that s has taken.
func (s *Rows) leave() {
	s.Unreserve()
	if s.inTable {
		<-s.table
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held {
		s.held = false
		<-s.db.long
	}
}

// keepPlace makes s give the place back that its caller has taken for it.
func (s *Rows) keepPlace() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}
