package client

// This file holds the connection. Rule: a Write that the kernel takes at once
// costs what it costs on a bare connection; whatever else there is to do is done
// while a Write waits.

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits of a client for whom bytes wait.
const (
	minRate    = 2 << 10          // bytes a second that a client has to take
	rateWindow = 20 * time.Second // of waiting, over which they are counted, or more
	rateGrace  = 5 * time.Second  // of waiting, before which the rate says nothing
	tick       = 250 * time.Millisecond
)

// Errors of Write, each of which has reset the connection.
var (
	errStalled = errors.New("the client takes no bytes")
	errSlow    = errors.New("the client takes less than the minimum rate")
	errCut     = errors.New("the client is slow and had to give way")
)

// start is what the times in a Conn are relative to.
var start = time.Now()

// limits are what a connection holds a client to.
type limits struct {
	stall time.Duration // without a byte
	tick  time.Duration // how often a Write that waits looks
	rate  rateLimits
}

// newLimits returns the limits that go with a stall timeout. To wait longer for
// clients who take nothing would mean nothing if the minimum rate did not wait
// longer, too: the window of 20 s grows with a timeout over 30 s.
func newLimits(stall time.Duration) limits {
	window := max(rateWindow, stall/3*2)
	return limits{stall, min(tick, max(stall/8, time.Millisecond)), rateLimits{minRate, window, rateGrace}}
}

// Conn is a client's connection. One goroutine at a time may write to it, as
// net/http and crypto/tls do; every other method is safe for concurrent use.
//
// It has no ReadFrom on purpose: that of the TCP connection would send a file
// with nobody looking at whether the client takes it. io.Copy calls Write.
type Conn struct {
	tcp    *net.TCPConn
	raw    syscall.RawConn
	limits limits
	half   halfClose

	// The goroutine that writes owns these.
	pending []byte             // what try writes
	tried   int                // what try has written
	try     func(uintptr) bool // writes without waiting
	queue   int                // what look has found
	look    func(uintptr)      // asks for what the client has not taken
	written int64              // to the kernel
	taken   int64              // by the client, when it was last looked at
	seen    time.Time          // when that was
	rate    rate

	since atomic.Int64          // when the client last took bytes, from start, while a Write waits; or 0
	pace  atomic.Int64          // of rate
	cause atomic.Pointer[error] // why the connection was cut

	mu       sync.Mutex // guards what follows, and options of tcp
	deadline time.Time  // as set from outside
	wake     time.Time  // when a Write that waits looks again; zero if none waits
}

func newConn(tcp *net.TCPConn, l limits) (*Conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &Conn{tcp: tcp, raw: raw, limits: l, rate: rate{limits: l.rate}}
	c.pace.Store(math.MaxInt64)
	c.try = func(fd uintptr) bool {
		c.tried = writeNow(fd, c.pending)
		return true
	}
	c.look = func(fd uintptr) { c.queue = queued(fd) }
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
	c.written += int64(n)
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
		c.written += int64(m)
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
// If the process was late to look, or stopped, that is not the client's time.
func (c *Conn) sample(now time.Time, waited time.Duration) bool {
	c.queue = 0
	_ = c.raw.Control(c.look) // fails if the connection is closed
	taken := c.written - int64(c.queue)
	moved := taken - c.taken
	c.taken, c.seen = taken, now
	c.rate.add(min(waited, 2*c.limits.tick), moved)
	c.pace.Store(c.rate.perSecond())
	return moved > 0
}

// verdict returns why the client has to go, or nil.
func (c *Conn) verdict(now time.Time) error {
	switch {
	case c.stalledFor(now) >= c.limits.stall:
		return errStalled
	case c.rate.isSlow():
		return errSlow
	default:
		return nil
	}
}

// reason returns why the connection was cut, if it was, and err otherwise.
func (c *Conn) reason(err error) error {
	if cause := c.cause.Load(); err != nil && cause != nil {
		return *cause
	}
	return err
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

// stalledFor returns for how long the client has taken nothing although a Write
// waits for it, as of the last tick; 0 if none waits.
func (c *Conn) stalledFor(now time.Time) time.Duration {
	if c == nil {
		return 0
	}
	since := c.since.Load()
	if since == 0 {
		return 0
	}
	return max(0, now.Sub(start)-time.Duration(since))
}

// recentPace returns how many bytes a second the client has taken of late while a
// Write waited for it; math.MaxInt64 if that was too short a time to tell.
func (c *Conn) recentPace() int64 {
	if c == nil {
		return math.MaxInt64
	}
	return c.pace.Load()
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

// isCut reports whether the connection was cut.
func (c *Conn) isCut() bool { return c != nil && c.cause.Load() != nil }

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
