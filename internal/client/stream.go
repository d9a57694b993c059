package client

// This file holds the streams of HTTP/2, many of which share a connection. Each has
// a window that its client opens, or does not: that stalls the stream while the
// connection is fine, so that whoever looks at the connection sees nothing. Rule:
// a stream is held to what a connection is held to, and cut without the others.

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pieceBytes is how much a Write hands down at a time. What is taken is known by
	// the piece, so that they are small for a client who waits. Of 8 MiB, pieces of 4,
	// 8, 16 and 64 KiB were sent at 105, 222, 245 and 209 MB/s.
	pieceBytes     = 8 << 10
	slowPieceBytes = 1 << 10
)

// Stream is one response of HTTP/2. One goroutine at a time may write to it; every
// other method is safe for concurrent use.
type Stream struct {
	watch
	out    io.Writer
	flush  func() error
	reset  func()
	timer  *time.Timer
	taken  atomic.Int64 // bytes
	isSlow atomic.Bool  // somebody had to look

	mu        sync.Mutex // guards what follows
	isWriting bool
	isDone    bool      // reset must not be called any more
	counted   int64     // bytes taken at the last look
	looked    time.Time // when that was
}

// WithStream returns a stream for the response to a request with ctx, and a
// context in which FromContext finds it. It writes to out, and reset ends it
// whatever out waits for. Without a connection in ctx the stream is nil. The
// caller calls Done before out is no longer there.
func WithStream(ctx context.Context, out io.Writer, flush func() error, reset func()) (*Stream, context.Context) {
	conn := FromContext(ctx).watched()
	if conn == nil {
		return nil, ctx
	}
	s := &Stream{out: out, flush: flush, reset: reset}
	s.watch.init(conn.limits)
	s.timer = time.AfterFunc(s.limits.stall, s.look)
	s.timer.Stop()
	return s, context.WithValue(ctx, connKey{}, s)
}

// Write writes b. Its errors are those of Conn's, after which the stream is reset,
// or those of what is below.
func (s *Stream) Write(b []byte) (n int, err error) {
	s.begin()
	defer s.end()
	for n < len(b) && err == nil {
		size := pieceBytes
		if s.isSlow.Load() {
			size = slowPieceBytes
		}
		var m int
		m, err = s.out.Write(b[n:min(n+size, len(b))])
		n += m
		s.taken.Add(int64(m))
	}
	return n, s.reason(err)
}

// FlushError sends what is below and has not been sent.
func (s *Stream) FlushError() error {
	s.begin()
	defer s.end()
	return s.reason(s.flush())
}

// begin has somebody look from now on.
func (s *Stream) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isWriting, s.looked, s.counted = true, time.Now(), s.taken.Load()
	s.since.Store(int64(s.looked.Sub(start)))
	s.timer.Reset(s.limits.tick)
}

// end is for when nothing waits any more.
func (s *Stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isWriting = false
	s.since.Store(0)
	s.timer.Stop()
}

// look sees once a tick what the client has taken while a Write waits.
func (s *Stream) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isWriting {
		return
	}
	s.isSlow.Store(true)
	now, taken := time.Now(), s.taken.Load()
	moved := taken - s.counted
	s.note(now.Sub(s.looked), moved)
	s.looked, s.counted = now, taken
	if moved > 0 {
		s.since.Store(int64(now.Sub(start)))
	}
	if err := s.verdict(now); err != nil {
		s.cutLocked(err)
		return
	}
	s.timer.Reset(s.limits.tick)
}

// watched implements Taker.
func (s *Stream) watched() *watch { return &s.watch }

// Cut implements Taker. The other streams of the connection go on.
func (s *Stream) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutLocked(errCut)
}

func (s *Stream) cutLocked(cause error) {
	if !s.isDone && s.cause.CompareAndSwap(nil, &cause) {
		s.reset()
	}
}

// Check implements Taker.
func (s *Stream) Check(time.Time) error { return nil }

// ResetOnClose implements Taker: a stream that ends without saying so is broken.
func (s *Stream) ResetOnClose(bool) {}

// Stall is for how long a client may take nothing.
func (s *Stream) Stall() time.Duration { return s.limits.stall }

// Done says that nothing is written any more.
func (s *Stream) Done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isDone = true
}
