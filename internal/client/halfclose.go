package client

// This file keeps a client that has closed its sending side, such as nc -N, apart
// from one that has left. On the wire both are the same FIN, and net/http takes
// it for the latter: it ends the request. Here the end is held back for a moment,
// in which most reads are answered, and for as long as the client takes bytes. A
// client that has left answers the first of these with a reset.

import (
	"cmp"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// halfCloseGrace is how long a client that sends nothing any more waits for bytes
// before it counts as gone. Longer would keep the queries of those alive who have
// really left; 500 ms of a query cost about what it costs to kill one.
const halfCloseGrace = 500 * time.Millisecond

// halfClose is the reading side of a connection. The zero value is ready. It is
// safe for concurrent use.
type halfClose struct {
	grace  time.Duration // instead of halfCloseGrace, for tests; set before use
	writes atomic.Int64  // twice the number of writes, and one more while one is under way

	mu      sync.Mutex
	expired bool          // the read deadline has passed, or the connection is closed; guarded by mu
	wake    chan struct{} // closed when that happens while somebody waits; guarded by mu
}

// writing says that a write begins, and done that it has ended.
func (h *halfClose) writing() { h.writes.Add(1) }
func (h *halfClose) done()    { h.writes.Add(1) }

// setExpired says whether a read that waits has to return.
func (h *halfClose) setExpired(expired bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expired = expired
	if expired && h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
}

// setDeadline is setExpired for a read deadline.
func (h *halfClose) setDeadline(t time.Time) { h.setExpired(!t.IsZero() && time.Until(t) <= 0) }

// await is what setExpired closes, or nil if it is too late for that.
func (h *halfClose) await() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.expired {
		return nil
	}
	h.wake = make(chan struct{})
	return h.wake
}

// hold returns once the client counts as gone, or nobody waits for it any more.
// read reads again, and returns io.EOF at once as long as there was no reset.
func (h *halfClose) hold(read func() error) error {
	wake := h.await()
	if wake == nil {
		return io.EOF
	}
	ticks := time.NewTicker(cmp.Or(h.grace, halfCloseGrace))
	defer ticks.Stop()
	for seen := h.writes.Load(); ; {
		select {
		case <-wake:
			return io.EOF
		case <-ticks.C:
		}
		if err := read(); err != io.EOF {
			return err
		}
		now := h.writes.Load()
		if isUnderWay := now%2 == 1; now == seen && !isUnderWay {
			return io.EOF
		}
		seen = now
	}
}
