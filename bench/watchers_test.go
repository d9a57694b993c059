package main

// This file is a crowd of clients that watch the same, as an EventSource does: they
// come back when their stream ends, with the ID of the last event that they have got.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// watchCrowd are clients that watch the same. It is made by startWatchers.
type watchCrowd struct {
	addr  string
	table *counter
	end   context.CancelFunc

	running   sync.WaitGroup
	members   []watcher
	mu        sync.Mutex
	committed map[int64]time.Time // when numbers were; guarded by mu
}

// watcher is one of them.
type watcher struct {
	crowd *watchCrowd
	http  *client

	events   atomic.Int64
	connects atomic.Int64
	number   atomic.Int64 // in the last event
	pauses   atomic.Int64 // comments but for pings
	err      atomic.Pointer[error]

	mu        sync.Mutex
	latencies []time.Duration // from commits to events; guarded by mu

	// What follows is of the goroutine that reads.
	retry  time.Duration
	lastID string
	id     string
	line   []byte // that has not ended
	data   []byte // of the event that has not ended
}

// startWatchers has n clients watch path, which has the rows of table, until stop
// is called or the test ends.
func startWatchers(t testing.TB, n int, addr, path string, table *counter) *watchCrowd {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &watchCrowd{addr: addr, table: table, end: cancel, members: make([]watcher, n), committed: map[int64]time.Time{}}
	for i := range c.members {
		w := &c.members[i]
		w.crowd, w.http, w.retry = c, newClient(addr, path), failurePause
		c.running.Go(func() { w.loop(ctx) }) // ends with ctx
	}
	t.Cleanup(c.stop)
	return c
}

// stop has all leave.
func (c *watchCrowd) stop() {
	c.end()
	c.running.Wait()
}

// loop is the life of a watcher.
func (w *watcher) loop(ctx context.Context) {
	defer w.http.close()
	path := w.http.path()
	for ctx.Err() == nil {
		w.line, w.data = w.line[:0], w.data[:0]
		w.http.tail = fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n", w.crowd.addr)
		if w.lastID != "" {
			w.http.tail += "Last-Event-ID: " + w.lastID + "\r\n"
		}
		w.http.tail += "\r\n"
		w.http.setPath(path)
		w.connects.Add(1)
		err := w.stream(ctx)
		if errors.Is(err, errStatus) || errors.Is(err, errWrong) {
			err = fmt.Errorf("%w: %w", errGaveUp, err)
			w.err.Store(&err)
			return
		}
		wait(ctx, w.retry)
	}
}

// stream takes events until there are no more, or ctx ends.
func (w *watcher) stream(ctx context.Context) error {
	if err := w.http.connect(ctx); err != nil {
		return err
	}
	conn := w.http.conn
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer w.http.close()
	_, err := w.http.get(ctx, w)
	return err
}

// path is what the client asks for.
func (c *client) path() []byte {
	_, rest, _ := bytes.Cut(c.request, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	return bytes.Clone(path)
}

// Write implements io.Writer: it takes a part of the stream.
func (w *watcher) Write(part []byte) (int, error) {
	for line := range bytes.Lines(part) {
		w.line = append(w.line, line...)
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		if err := w.take(w.line[:len(w.line)-1]); err != nil {
			return 0, err
		}
		w.line = w.line[:0]
	}
	return len(part), nil
}

// take takes a line.
func (w *watcher) take(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(": "))
	switch string(name) {
	case "id":
		w.id = string(value)
	case "data":
		w.data = append(append(w.data, value...), '\n')
	case "retry":
		milliseconds, err := strconv.Atoi(string(value))
		w.retry = time.Duration(milliseconds) * time.Millisecond
		return err
	case "":
		if len(line) > 0 && string(value) != "ping" {
			w.pauses.Add(1)
		}
		if len(line) == 0 && len(w.data) > 0 {
			return w.event()
		}
	}
	return nil
}

// event takes an event that has ended.
func (w *watcher) event() error {
	n, err := w.crowd.table.number(w.data)
	if err != nil {
		return err
	}
	if w.id == w.lastID {
		return fmt.Errorf("%w: the version %s again", errWrong, w.id)
	}
	w.lastID, w.data = w.id, w.data[:0]
	if at, ok := w.crowd.when(n); ok {
		w.mu.Lock()
		w.latencies = append(w.latencies, time.Since(at))
		w.mu.Unlock()
	}
	w.number.Store(n)
	w.events.Add(1)
	return nil
}

// when is when n was committed, if change did that.
func (c *watchCrowd) when(n int64) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.committed[n]
	return at, ok
}

// change commits the next number.
func (c *watchCrowd) change(ctx context.Context, t testing.TB, s *liveScene) {
	t.Helper()
	c.mu.Lock() // nobody must get it before its time is known
	defer c.mu.Unlock()
	if err := c.table.increase(ctx, s.db); err != nil {
		t.Fatal(err)
	}
	c.committed[c.table.acked.Load()] = time.Now()
}

// awaitLast waits until all have the last number.
func (c *watchCrowd) awaitLast(ctx context.Context, t testing.TB) {
	t.Helper()
	last := c.table.acked.Load()
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	for i := range c.members {
		w := &c.members[i]
		for w.number.Load() != last {
			if err := w.err.Load(); err != nil {
				t.Fatalf("watcher %d: %v", i, *err)
			}
			if ctx.Err() != nil {
				t.Fatalf("watcher %d has the number %d; want %d", i, w.number.Load(), last)
			}
			wait(ctx, time.Millisecond) // nothing signals it
		}
	}
}

// sum adds up something of all members.
func (c *watchCrowd) sum(of func(*watcher) int64) (sum int64) {
	for i := range c.members {
		sum += of(&c.members[i])
	}
	return sum
}

func countEvents(w *watcher) int64   { return w.events.Load() }
func countConnects(w *watcher) int64 { return w.connects.Load() }
func countPauses(w *watcher) int64   { return w.pauses.Load() }

// takeLatencies returns the times from commits to events since it was called last.
func (c *watchCrowd) takeLatencies() tally {
	var total tally
	for i := range c.members {
		w := &c.members[i]
		w.mu.Lock()
		total.latencies = append(total.latencies, w.latencies...)
		w.latencies = nil
		w.mu.Unlock()
	}
	slices.Sort(total.latencies)
	return total
}

// mustBeInTime fails the test if a change took too long to anybody.
func (c *watchCrowd) mustBeInTime(t testing.TB, what string) {
	t.Helper()
	result := c.takeLatencies()
	t.Logf("%s: %d watchers, from commit to event: %v", what, len(c.members), result)
	if longest := percentile(result.latencies, 1); longest > maxLiveDelay || len(result.latencies) == 0 {
		t.Errorf("%s: the last of %d events came %v after its commit; want at most %v", what, len(result.latencies), longest, maxLiveDelay)
	}
}
