package client

// This file measures how fast a client takes bytes. Rules: only the time in
// which bytes wait for it counts; and a client who reads steadily may take them
// in lumps: once the buffer of its kernel is full, that of Linux asks for more
// only when a sixteenth of it is free, which was 460 KB for one who had been fast.

import (
	"math"
	"time"
)

// rateSlots are the parts of a window. The oldest goes when a new one begins.
const rateSlots = 8

// rateLimits say who is slow.
type rateLimits struct {
	min    int64         // bytes a second
	window time.Duration // over which they are counted
	grace  time.Duration // before which there is no rate
}

// rate is how fast a client takes bytes over a window of waiting.
type rate struct {
	limits rateLimits
	waited time.Duration
	slots  [rateSlots]int64 // bytes; the current one is waited / slot length
}

// add counts bytes that were taken within waited.
func (r *rate) add(waited time.Duration, bytes int64) {
	slot := r.limits.window / rateSlots
	last := r.waited / slot
	r.waited += waited
	now := r.waited / slot
	for i := max(last, now-rateSlots) + 1; i <= now; i++ {
		r.slots[i%rateSlots] = 0
	}
	r.slots[now%rateSlots] += bytes
}

// perSecond returns the rate over the window, or math.MaxInt64 within the grace.
func (r *rate) perSecond() int64 {
	slot := r.limits.window / rateSlots
	covered := min(r.waited, r.limits.window-slot+r.waited%slot)
	if covered <= 0 || covered < r.limits.grace {
		return math.MaxInt64
	}
	var bytes int64
	for _, n := range r.slots {
		bytes += n
	}
	return int64(float64(bytes) / covered.Seconds())
}

// isSlow reports whether the rate was under the minimum for a whole window.
func (r *rate) isSlow() bool {
	return r.waited >= r.limits.window && r.perSecond() < r.limits.min
}
