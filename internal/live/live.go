// Package live asks the same thing again and again for those who watch it, once
// for all of them, and tells them when the answer has changed. It knows neither
// what is asked nor how the answer is sent. Rules: nobody watching means no query;
// who watches never waits for another one who does; and all answers together are
// bounded, also those that somebody is slow to take.
package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// maxBytes bounds the answers that are kept for those who watch.
	maxBytes = 64 << 20
	// maxOldBytes bounds those which were overtaken, and which watchers still have
	// because they take them slowly.
	maxOldBytes = 32 << 20
	// oldEnough is how long ago a version was overtaken before who still has it may
	// be cut off to make room.
	oldEnough = time.Second
)

// ErrFull is the error for one watcher too many.
var ErrFull = errors.New("as many watchers as MAX_LIVE are there")

// ErrMemory is the Err of an answer that there is no room for.
var ErrMemory = errors.New("the answers of live tables use all memory that they may use")

// Version is an answer. Nothing changes one that was published.
type Version struct {
	ID    string // is another one if the answer is
	Event []byte
	Err   error // why there is no answer now
	Final bool  // Err will not pass: whoever watches has to go

	holders   int       // watchers that have it, and its watch while it is current; guarded by Hub.mu
	overtaken time.Time // guarded by Hub.mu
}

// Options are what an operator chooses.
type Options struct {
	Interval time.Duration // from one query to the next of the same
	Max      int           // watchers
	Queries  int           // at the same time, of all that is watched
}

// Hub knows what is watched. It is safe for concurrent use.
type Hub struct {
	options Options
	slots   chan struct{} // has a value per query under way

	mu       sync.Mutex
	watches  map[string]*watch     // by key; guarded by mu
	watchers map[*Watcher]struct{} // guarded by mu
	bytes    int                   // of all current versions; guarded by mu
	old      map[*Version]struct{} // those which were overtaken and are held; guarded by mu
	oldBytes int                   // of old; guarded by mu
}

// New makes a Hub. It does nothing until somebody watches.
func New(options Options) *Hub {
	return &Hub{
		options: options, slots: make(chan struct{}, max(options.Queries, 1)),
		watches: map[string]*watch{}, watchers: map[*Watcher]struct{}{}, old: map[*Version]struct{}{},
	}
}

// watch is one question that somebody wants to know the answer to.
type watch struct {
	hub      *Hub
	key      string
	ask      func(context.Context) Version
	cancel   context.CancelFunc
	watchers int           // guarded by hub.mu
	current  *Version      // nil before the first; guarded by hub.mu
	changed  chan struct{} // is closed when current is another one; guarded by hub.mu
}

// Watcher is somebody who watches. It belongs to one goroutine.
type Watcher struct {
	watch *watch
	cut   func()
	has   *Version // that it may be sending; guarded by hub.mu
}

// Watch joins those who ask what key stands for. If nobody did, ask is called
// from now on, again and again, until the last one has closed. If the watcher
// keeps what others need room for, cut is called, perhaps more than once: it must
// neither wait nor call h or the Watcher, which has to close soon. The error is
// ErrFull.
func (h *Hub) Watch(key string, ask func(context.Context) Version, cut func()) (*Watcher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers) >= h.options.Max {
		return nil, ErrFull
	}
	w := h.watches[key]
	if w == nil {
		ctx, cancel := context.WithCancel(context.Background())
		w = &watch{hub: h, key: key, ask: ask, cancel: cancel, changed: make(chan struct{})}
		h.watches[key] = w
		go w.run(ctx) // ends when the last watcher closes
	}
	w.watchers++
	watcher := &Watcher{watch: w, cut: cut}
	h.watchers[watcher] = struct{}{}
	return watcher, nil
}

// Watchers is how many there are.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers)
}

// Current returns the newest version, nil before the first, and a channel that is
// closed when there is a newer one. The version takes memory until the next call,
// or Close.
func (w *Watcher) Current() (*Version, <-chan struct{}) {
	h := w.watch.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if v := w.watch.current; v != w.has {
		h.releaseLocked(w.has)
		w.has = v
		v.holders++
	}
	return w.watch.current, w.watch.changed
}

// Close ends watching.
func (w *Watcher) Close() {
	h := w.watch.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
	h.releaseLocked(w.has)
	if w.watch.watchers--; w.watch.watchers > 0 {
		return
	}
	w.watch.cancel()
	w.watch.replaceLocked(nil)
	delete(h.watches, w.watch.key)
}

// releaseLocked says that one holder less has v, which may be nil.
func (h *Hub) releaseLocked(v *Version) {
	if v == nil {
		return
	}
	if v.holders--; v.holders > 0 || v.overtaken.IsZero() {
		return
	}
	delete(h.old, v)
	h.oldBytes -= len(v.Event)
}

// cutLocked cuts off who has what was overtaken long ago, the longest first, until
// need bytes become free.
func (h *Hub) cutLocked(need int) {
	old := slices.SortedFunc(maps.Keys(h.old), func(a, b *Version) int { return a.overtaken.Compare(b.overtaken) })
	leaving := map[*Version]bool{}
	for _, v := range old {
		if need <= 0 || time.Since(v.overtaken) < oldEnough {
			break
		}
		leaving[v] = true
		need -= len(v.Event)
	}
	for w := range h.watchers {
		if leaving[w.has] {
			w.cut()
		}
	}
}

// size is what the current version takes. The caller holds hub.mu.
func (w *watch) size() int {
	if w.current == nil {
		return 0
	}
	return len(w.current.Event)
}

// run asks until ctx ends.
func (w *watch) run(ctx context.Context) {
	for {
		began := time.Now()
		select {
		case w.hub.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		v := w.ask(ctx)
		<-w.hub.slots
		if ctx.Err() != nil {
			return
		}
		pause := w.hub.options.Interval
		if !w.publish(&v) {
			pause = min(pause, oldEnough)
		}
		timer := time.NewTimer(time.Until(began.Add(pause)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// publish makes v the current version, if it is another one. It reports whether there
// was room for the one that it overtakes: if not, those who hold old ones are cut off
// once these are old enough.
func (w *watch) publish(v *Version) bool {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watches[w.key] != w || w.current != nil && v.isSame(w.current) {
		return true
	}
	if missing := h.oldBytes + w.size() - maxOldBytes; missing > 0 {
		h.cutLocked(missing)
		return false
	}
	if h.bytes-w.size()+len(v.Event) > maxBytes {
		v = &Version{Err: ErrMemory, Final: true}
	}
	w.replaceLocked(v)
	close(w.changed)
	w.changed = make(chan struct{})
	return true
}

// replaceLocked makes v, which may be nil, the current version.
func (w *watch) replaceLocked(v *Version) {
	h, last := w.hub, w.current
	if last != nil {
		h.bytes -= len(last.Event)
		h.oldBytes += len(last.Event)
		h.old[last], last.overtaken = struct{}{}, time.Now()
		h.releaseLocked(last)
	}
	if w.current = v; v != nil {
		v.holders++
		h.bytes += len(v.Event)
	}
}

// isSame reports whether whoever has got other need not know of v.
func (v *Version) isSame(other *Version) bool {
	if v.Err != nil && other.Err != nil {
		return v.Err.Error() == other.Err.Error() && v.Final == other.Final
	}
	return v.Err == nil && other.Err == nil && v.ID == other.ID
}
