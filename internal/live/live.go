// Package live asks the same thing again and again for those who watch it, once
// for all of them, and tells them when the answer has changed. It knows neither
// what is asked nor how the answer is sent. Rules: nobody watching means no query;
// and who watches never waits for another one who does.
package live

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxBytes bounds the answers that are kept for those who watch.
const maxBytes = 64 << 20

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
	watches  map[string]*watch // by key; guarded by mu
	watchers int               // guarded by mu
	bytes    int               // of all current versions; guarded by mu
}

// New makes a Hub. It does nothing until somebody watches.
func New(options Options) *Hub {
	return &Hub{options: options, slots: make(chan struct{}, max(options.Queries, 1)), watches: map[string]*watch{}}
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
type Watcher struct{ watch *watch }

// Watch joins those who ask what key stands for. If nobody did, ask is called
// from now on, again and again, until the last one has closed. The error is
// ErrFull.
func (h *Hub) Watch(key string, ask func(context.Context) Version) (*Watcher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers >= h.options.Max {
		return nil, ErrFull
	}
	h.watchers++
	w := h.watches[key]
	if w == nil {
		ctx, cancel := context.WithCancel(context.Background())
		w = &watch{hub: h, key: key, ask: ask, cancel: cancel, changed: make(chan struct{})}
		h.watches[key] = w
		go w.run(ctx) // ends when the last watcher closes
	}
	w.watchers++
	return &Watcher{w}, nil
}

// Watchers is how many there are.
func (h *Hub) Watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers
}

// Current returns the newest version, nil before the first, and a channel that is
// closed when there is a newer one.
func (w *Watcher) Current() (*Version, <-chan struct{}) {
	w.watch.hub.mu.Lock()
	defer w.watch.hub.mu.Unlock()
	return w.watch.current, w.watch.changed
}

// Close ends watching.
func (w *Watcher) Close() {
	h := w.watch.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers--
	if w.watch.watchers--; w.watch.watchers > 0 {
		return
	}
	w.watch.cancel()
	h.bytes -= w.watch.size()
	delete(h.watches, w.watch.key)
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
		w.publish(&v)
		timer := time.NewTimer(time.Until(began.Add(w.hub.options.Interval)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// publish makes v the current version, if it is another one.
func (w *watch) publish(v *Version) {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watches[w.key] != w || w.current != nil && v.isSame(w.current) {
		return
	}
	if h.bytes-w.size()+len(v.Event) > maxBytes {
		v = &Version{Err: ErrMemory, Final: true}
	}
	h.bytes += len(v.Event) - w.size()
	w.current = v
	close(w.changed)
	w.changed = make(chan struct{})
}

// isSame reports whether whoever has got other need not know of v.
func (v *Version) isSame(other *Version) bool {
	if v.Err != nil && other.Err != nil {
		return v.Err.Error() == other.Err.Error() && v.Final == other.Final
	}
	return v.Err == nil && other.Err == nil && v.ID == other.ID
}
