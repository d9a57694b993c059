package client

// This file finds who has to give way when there is no room for what others
// ask for. Rules: what is slow gives way, and nothing else; to ask costs little,
// however many clients there are and however often somebody asks.

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// stalledEnough is for how long a client has taken nothing before it may be
	// cut off to make room.
	stalledEnough = time.Second
	// lookEvery is how often all clients are looked at. Nothing changes more often:
	// what a client has taken is known once a tick.
	lookEvery = 50 * time.Millisecond
)

// Parcel is something that one or more clients are sent, and that is given up
// when the last of them has gone: a result in memory, or a right to send one. It
// is unknown to Waiting until the first Add. The zero value is ready to use, and
// must not be copied after that.
type Parcel struct {
	takers []Taker  // who take it
	one    [1]Taker // what takers begins with
	bytes  int
	cut    bool // all of takers
	index  int  // in Waiting.parcels
	rank   int  // in Waiting.slow, from 1; 0 if it is not there
}

// Waiting is what clients are being sent. The zero value is ready to use. It is
// safe for concurrent use.
type Waiting struct {
	mu      sync.Mutex // guards what follows, and every Parcel
	parcels []*Parcel
	leaving int // bytes of parcels that are cut and not removed yet

	slow   []*Parcel // who may be cut, the worst last, when they were looked at
	looked time.Time // when that was
}

// Add says that c is sent p from now on, and that p has this
// many bytes: those that become free when all its clients have gone.
func (w *Waiting) Add(p *Parcel, c Taker, bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p.takers) == 0 {
		p.index, p.takers = len(w.parcels), p.one[:0]
		w.parcels = append(w.parcels, p)
	}
	w.setCutLocked(p, false) // until it is looked at again
	p.takers = append(p.takers, c)
	p.bytes = bytes
}

// Remove takes back one Add of p and c.
func (w *Waiting) Remove(p *Parcel, c Taker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(p.takers, c)
	if i < 0 {
		return
	}
	last := len(p.takers) - 1
	p.takers[i], p.takers[last] = p.takers[last], nil
	p.takers = p.takers[:last]
	if last == 0 {
		w.removeLocked(p)
	}
}

// Len is how many parcels are being sent.
func (w *Waiting) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.parcels)
}

// removeLocked forgets p, which nobody takes any more.
func (w *Waiting) removeLocked(p *Parcel) {
	w.setCutLocked(p, false)
	if p.rank > 0 {
		w.slow[p.rank-1], p.rank = nil, 0
	}
	last := len(w.parcels) - 1
	moved := w.parcels[last]
	moved.index, w.parcels[p.index], w.parcels[last] = p.index, moved, nil
	w.parcels = w.parcels[:last]
}

// setCutLocked notes whether all who take p are cut.
func (w *Waiting) setCutLocked(p *Parcel, cut bool) {
	switch {
	case cut && !p.cut:
		w.leaving += p.bytes
	case !cut && p.cut:
		w.leaving -= p.bytes
	}
	p.cut = cut
}

// CutSlowest cuts clients off until need bytes become free, and returns how many
// will: soon, when those who send to them have called Remove. What earlier calls
// have cut and is still there counts. So need is what is missing now for all who
// ask, and to ask again cuts no more than once.
//
// Who has taken nothing for the longest time goes first, if that is a second or
// more; then who takes less than the minimum rate, the slowest first. Of a
// parcel with several clients it is the best of them that counts.
func (w *Waiting) CutSlowest(now time.Time, need int) (freed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.leaving < need {
		p := w.nextLocked(now)
		if p == nil {
			break
		}
		for _, c := range p.takers {
			c.Cut()
		}
		w.setCutLocked(p, true)
	}
	return w.leaving
}

// nextLocked returns who is to be cut next, or nil if nobody is slow.
func (w *Waiting) nextLocked(now time.Time) *Parcel {
	for {
		if len(w.slow) == 0 && !w.lookLocked(now) {
			return nil
		}
		last := len(w.slow) - 1
		p := w.slow[last]
		w.slow[last], w.slow = nil, w.slow[:last]
		if p == nil { // removed
			continue
		}
		p.rank = 0
		if !p.cut && p.badness(now) > 0 { // still
			return p
		}
	}
}

// lookLocked finds who is slow, and reports whether anybody is. It does so only
// every lookEvery.
func (w *Waiting) lookLocked(now time.Time) bool {
	if age := now.Sub(w.looked); age >= 0 && age < lookEvery {
		return false
	}
	w.looked = now
	type slow struct {
		parcel  *Parcel
		badness int64
	}
	var found []slow
	for _, p := range w.parcels {
		if b := p.badness(now); b > 0 && !p.cut {
			found = append(found, slow{p, b})
		}
	}
	slices.SortFunc(found, func(a, b slow) int { return cmp.Compare(a.badness, b.badness) })
	for i, s := range found {
		s.parcel.rank = i + 1
		w.slow = append(w.slow, s.parcel)
	}
	return len(found) > 0
}

// badness is that of the best of the clients, or 0 if all of them are cut. The
// longest stall is worst; any stall is worse than any pace.
func (p *Parcel) badness(now time.Time) int64 {
	least := int64(math.MaxInt64)
	for _, c := range p.takers {
		if w := c.watched(); !w.isCut() {
			least = min(least, w.badness(now))
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}
