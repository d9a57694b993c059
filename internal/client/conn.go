package client

// This file holds the connection. Rule: a Write that the kernel takes at once
// costs what it costs on a bare connection; whatever else there is to do is done
// while a Write waits.

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a client's connection. One goroutine at a time may write to it, as
// net/http and crypto/tls do, and one call Check; every other method is safe for
// concurrent use.
//
// It has no ReadFrom on purpose: that of the TCP connection would send a file
// with nobody looking at whether the client takes it. io.Copy calls Write.
type Conn struct {
	watch
	tcp  *net.TCPConn
	raw  syscall.RawConn
	half halfClose

	// The goroutine that writes owns these.
	pending []byte             // what try writes
	tried   int                // what try has written
	try     func(uintptr) bool // writes without waiting
	queue   int                // what look has found
	look    func(uintptr)      // asks for what the client has not taken
	written atomic.Int64       // to the kernel
	taken   int64              // by the client, when it was last looked at
	seen    time.Time          // when that was

	// The goroutine that calls Check owns these.
	waiting int           // what count has found
	count   func(uintptr) // asks for what the client has not taken
	checked int64         // taken at the last Check that found some taken, or nothing waiting
	moved   time.Time     // when that was

	mu       sync.Mutex // guards what follows, and options of tcp
	deadline time.Time  // as set from outside
	wake     time.Time  // when a Write that waits looks again; zero if none waits
}

func newConn(tcp *net.TCPConn, l limits) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{tcp: tcp, raw: raw}
	c.watch.init(l)
	c.try = func(fd uintptr) bool {
		c.tried = writeNow(fd, c.pending)
		return true
	}
	c.look = func(fd uintptr) { c.queue = queued(fd) }
	c.count = func(fd uintptr) { c.waiting = queued(fd) }
	return c, nil
}

// Write writes b. It fails with errStalled, errSlow or errCut, after which the
// connection is reset, or with an error of the TCP connection.
func (c *Conn) Write(b []byte) (int, error) {
	c.half.writing()
	defer c.half.done()
	c.pending, c.tried = b, 0
	_ = c.raw.Write(c.try) // await meets the same error
	c.pending = nil
	n := c.tried
	c.written.Add(int64(n))
	if n == len(b) && n > 0 {
		return n, nil
	}
	return c.await(b, n)
}

// await writes b from n on, and looks at every tick whether the client takes it.
func (c *Conn) await(b []byte, n int) (int, error) {
	now := time.Now()
	c.sample(now, 0)
	c.since.Store(int64(now.Sub(start)))
	defer c.since.Store(0)
	defer c.setWake(time.Time{})
	for looked := false; ; looked = true {
		c.setWake(now.Add(c.limits.tick))
		m, err := c.tcp.Write(b[n:])
		n += m
		c.written.Add(int64(m))
		timeout := errors.Is(err, os.ErrDeadlineExceeded)
		if timeout || looked {
			now = time.Now()
			if c.sample(now, now.Sub(c.seen)) {
				c.since.Store(int64(now.Sub(start)))
			}
		}
		if !timeout || c.expired(now) {
			return n, c.reason(err)
		}
		if err := c.verdict(now); err != nil {
			c.cut(err)
			return n, err
		}
	}
}

// sample looks at what the client has taken, the last waited of the time since
// the last look with bytes waiting for it, and reports whether that is anything.
func (c *Conn) sample(now time.Time, waited time.Duration) bool {
	c.queue = 0
	_ = c.raw.Control(c.look) // fails if the connection is closed
	taken := c.written.Load() - int64(c.queue)
	moved := taken - c.taken
	c.taken, c.seen = taken, now
	c.note(waited, moved)
	return moved > 0
}

// Check implements Taker.
func (c *Conn) Check(now time.Time) error {
	if c == nil {
		return nil
	}
	c.waiting = 0
	_ = c.raw.Control(c.count) // fails if the connection is closed
	taken := c.written.Load() - int64(c.waiting)
	switch {
	case c.waiting == 0, taken > c.checked, c.moved.IsZero():
		c.checked, c.moved = taken, now
		return nil
	case now.Sub(c.moved) < c.limits.stall:
		return nil
	}
	c.cut(errStalled)
	return errStalled
}

// setWake sets when a Write that waits looks again, zero if none waits.
func (c *Conn) setWake(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake = t
	_ = c.setDeadlineLocked() // fails if the connection is closed, as Write will
}

// setDeadlineLocked makes the earlier of wake and deadline that of the socket.
func (c *Conn) setDeadlineLocked() error {
	t := c.deadline
	if t.IsZero() || !c.wake.IsZero() && c.wake.Before(t) {
		t = c.wake
	}
	return c.tcp.SetWriteDeadline(t)
}

// expired reports whether the deadline that was set from outside has passed.
func (c *Conn) expired(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.deadline.IsZero() && !now.Before(c.deadline)
}

// SetWriteDeadline implements net.Conn; the limits hold beside it.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return c.setDeadlineLocked()
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// watched implements Taker.
func (c *Conn) watched() *watch {
	if c == nil {
		return nil
	}
	return &c.watch
}

// Cut ends the connection at once with a reset, which no client takes for the
// end of a response. A Write that waits fails with errCut.
func (c *Conn) Cut() {
	if c != nil {
		c.cut(errCut)
	}
}

func (c *Conn) cut(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause.CompareAndSwap(nil, &cause) {
		_ = c.tcp.SetLinger(0) // fails only if it is closed
		_ = c.tcp.Close()
	}
}

// ResetOnClose makes every end of the connection a reset, also the one that the
// kernel makes of a killed process. To HTTP/1.0 an ordinary end says that the
// response is complete. Call it with true before the first byte of a body
// without Content-Length, and with false once the last one is flushed: a reset
// also throws away what the client has not taken yet.
func (c *Conn) ResetOnClose(on bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seconds := -1 // the default: the kernel goes on sending
	if on {
		seconds = 0
	}
	_ = c.tcp.SetLinger(seconds) // fails only if it is closed
}

// Read is that of the TCP connection, but for the end: while a request is being
// answered, net/http reads one byte to learn whether the client is still there.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.tcp.Read(b)
	if err == io.EOF && len(b) == 1 {
		err = c.half.hold(func() error {
			_, err := c.tcp.Read(b)
			return err
		})
	}
	return n, err
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.half.setExpired(true)
	return c.tcp.Close()
}

// CloseWrite ends what the client can read; net/http wants to before it closes.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.tcp.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.tcp.RemoteAddr() }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.half.setDeadline(t)
	return c.tcp.SetReadDeadline(t)
}
