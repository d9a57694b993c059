package client

// This file is what is known of how a client takes what it is sent, and who has
// to go. Connections and streams share it.

import (
	"errors"
	"math"
	"sync/atomic"
	"time"
)

// Limits of a client for whom bytes wait.
const (
	minRate    = 2 << 10          // bytes a second that a client has to take
	rateWindow = 20 * time.Second // of waiting, over which they are counted, or more
	rateGrace  = 5 * time.Second  // of waiting, before which the rate says nothing
	tick       = 250 * time.Millisecond
)

// Errors of Write, each of which has reset the connection, or the stream.
var (
	errStalled = errors.New("the client takes no bytes")
	errSlow    = errors.New("the client takes less than the minimum rate")
	errCut     = errors.New("the client is slow and had to give way")
)

// start is what the times in a watch are relative to.
var start = time.Now()

// limits are what a client is held to.
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

// Taker is one who is sent something: a *Conn or a *Stream. A nil *Conn is one who
// never stalls, and cannot be cut.
type Taker interface {
	// Cut ends what is sent so that no client takes it for the end of a response.
	Cut()
	// Check cuts off who has taken nothing for the stall timeout of what was written
	// before, and returns why. It is for those who write so little that the kernel
	// takes it all and no Write waits; the goroutine that writes calls it, now and
	// then. Of a stream it knows nothing: what is below it has its bytes.
	Check(now time.Time) error
	// ResetOnClose is that of Conn; a stream has no need of it.
	ResetOnClose(on bool)
	watched() *watch
}

// watch is how a client takes what it is sent. Of a nil watch nothing is known.
type watch struct {
	limits limits
	rate   rate // of the one who calls note

	since atomic.Int64          // when the client last took bytes, from start, while a Write waits; or 0
	pace  atomic.Int64          // of rate
	cause atomic.Pointer[error] // why it was cut
}

func (w *watch) init(l limits) {
	w.limits, w.rate = l, rate{limits: l.rate}
	w.pace.Store(math.MaxInt64)
}

// note says that the client has taken bytes within waited, in which some waited
// for it. If the process was late to look, or stopped, that is not its time.
func (w *watch) note(waited time.Duration, bytes int64) {
	w.rate.add(min(waited, 2*w.limits.tick), bytes)
	w.pace.Store(w.rate.perSecond())
}

// verdict returns why the client has to go, or nil.
func (w *watch) verdict(now time.Time) error {
	switch {
	case w.stalledFor(now) >= w.limits.stall:
		return errStalled
	case w.rate.isSlow():
		return errSlow
	default:
		return nil
	}
}

// reason returns why it was cut, if it was, and err otherwise.
func (w *watch) reason(err error) error {
	if cause := w.cause.Load(); err != nil && cause != nil {
		return *cause
	}
	return err
}

// stalledFor returns for how long the client has taken nothing although a Write
// waits for it, as of the last tick; 0 if none waits.
func (w *watch) stalledFor(now time.Time) time.Duration {
	if w == nil {
		return 0
	}
	since := w.since.Load()
	if since == 0 {
		return 0
	}
	return max(0, now.Sub(start)-time.Duration(since))
}

// recentPace returns how many bytes a second the client has taken of late while a
// Write waited for it; math.MaxInt64 if that was too short a time to tell.
func (w *watch) recentPace() int64 {
	if w == nil {
		return math.MaxInt64
	}
	return w.pace.Load()
}

// isCut reports whether it was cut.
func (w *watch) isCut() bool { return w != nil && w.cause.Load() != nil }

// badness is 0 for a client who may stay.
func (w *watch) badness(now time.Time) int64 {
	stalled := w.stalledFor(now)
	switch {
	case stalled == 0:
		return 0
	case stalled >= stalledEnough:
		return int64(stalled)
	default:
		return max(0, w.limits.rate.min-w.recentPace())
	}
}
