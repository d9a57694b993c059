package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// source is a table that a test changes.
type source struct {
	asked atomic.Int64
	value atomic.Value // of Version
}

func newSource(v Version) *source {
	s := new(source)
	s.value.Store(v)
	return s
}

func (s *source) ask(context.Context) Version {
	s.asked.Add(1)
	return s.value.Load().(Version)
}

func mustWatch(t *testing.T, h *Hub, key string, s *source) *Watcher {
	t.Helper()
	w, err := h.Watch(key, s.ask, func() {})
	if err != nil {
		t.Fatalf("Watch = %v", err)
	}
	return w
}

func version(id string) Version { return Version{ID: id, Event: []byte(id)} }

// However many watch, there is one query an interval, and none afterwards.
func TestOneQueryForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := New(Options{Interval: time.Second, Max: 1000, Queries: 1}), newSource(version("a"))
		var watchers []*Watcher
		for range 1000 {
			watchers = append(watchers, mustWatch(t, h, "k", s))
		}
		time.Sleep(9500 * time.Millisecond)
		if n := s.asked.Load(); n != 10 {
			t.Errorf("%d queries in 9.5 s; want 10", n)
		}
		s.value.Store(version("b"))
		time.Sleep(time.Second)
		for _, w := range watchers {
			if v, _ := w.Current(); v.ID != "b" {
				t.Fatalf("a second after a change a watcher has %q; want b", v.ID)
			}
		}
		for _, w := range watchers {
			w.Close()
		}
		synctest.Wait()
		before := s.asked.Load()
		time.Sleep(time.Minute)
		if n := s.asked.Load(); n != before || h.Watchers() != 0 || h.bytes != 0 {
			t.Errorf("nobody watches, and there are %d queries, %d watchers, %d bytes; want none", n-before, h.Watchers(), h.bytes)
		}
	})
}

// The same answer wakes nobody; what fails is told once, and what comes back, too.
func TestOnlyChangesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := New(Options{Interval: time.Second, Max: 1, Queries: 1}), newSource(version("a"))
		w := mustWatch(t, h, "k", s)
		defer w.Close()
		var told []string
		var seen *Version
		for _, v := range []Version{version("a"), version("a"), {Err: errors.New("away")}, version("a"), version("b")} {
			s.value.Store(v)
			for range 5 {
				time.Sleep(time.Second)
				if now, _ := w.Current(); now != seen {
					seen = now
					told = append(told, fmt.Sprint(seen.ID, seen.Err))
				}
			}
		}
		if got := strings.Join(told, " "); got != "a<nil> away a<nil> b<nil>" {
			t.Errorf("told %q; want a, away, a and b, once each", got)
		}
	})
}

// One watcher too many is refused, and comes in when another one has gone.
func TestWatchersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := New(Options{Interval: time.Second, Max: 2, Queries: 1}), newSource(version("a"))
		first, second := mustWatch(t, h, "k", s), mustWatch(t, h, "l", s)
		if _, err := h.Watch("k", s.ask, func() {}); err != ErrFull {
			t.Errorf("the third of two: %v; want %v", err, ErrFull)
		}
		first.Close()
		mustWatch(t, h, "k", s).Close()
		second.Close()
		synctest.Wait()
	})
}

// Different questions do not take more connections than they may.
func TestQueriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Options{Interval: time.Second, Max: 100, Queries: 3})
		var now, most atomic.Int64
		ask := func(context.Context) Version {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(100 * time.Millisecond)
			now.Add(-1)
			return version("a")
		}
		var watchers []*Watcher
		for i := range 100 {
			w, err := h.Watch(fmt.Sprint(i), ask, func() {})
			if err != nil {
				t.Fatal(err)
			}
			watchers = append(watchers, w)
		}
		time.Sleep(10 * time.Second)
		for _, w := range watchers {
			w.Close()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if most.Load() != 3 {
			t.Errorf("%d queries at once; want 3", most.Load())
		}
	})
}

// What there is no room for is told, and takes none.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Options{Interval: time.Second, Max: 100, Queries: 100})
		large := Version{ID: "large", Event: make([]byte, maxBytes/4)}
		var watchers []*Watcher
		for i := range 5 {
			watchers = append(watchers, mustWatch(t, h, fmt.Sprint(i), newSource(large)))
		}
		synctest.Wait()
		refused := 0
		for _, w := range watchers {
			if v, _ := w.Current(); v.Err == ErrMemory && v.Final {
				refused++
			}
			defer w.Close()
		}
		if refused != 1 || h.bytes != maxBytes {
			t.Errorf("%d of 5 quarters refused, %d bytes held; want 1 and %d", refused, h.bytes, maxBytes)
		}
	})
}

// What slow watchers still have of old versions is bounded: who has the oldest is
// cut off, and whoever keeps up gets the newest all the same.
func TestOldVersionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = maxOldBytes / 4
		h := New(Options{Interval: time.Second, Max: 100, Queries: 1})
		version := func(i int) Version { return Version{ID: fmt.Sprint(i), Event: make([]byte, size)} }
		s := newSource(version(0))
		quick := mustWatch(t, h, "k", s)
		defer quick.Close()
		var cut []int
		for i := range 20 {
			s.value.Store(version(i))
			var slow *Watcher
			slow, err := h.Watch("k", s.ask, func() {
				cut = append(cut, i)
				go slow.Close() // h is locked; ends at once
			})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // who is cut has gone by the second
				time.Sleep(time.Second)
				quick.Current()
			}
			if v, _ := quick.Current(); v.ID != fmt.Sprint(i) {
				t.Fatalf("three seconds after version %d there is %s", i, v.ID)
			}
			slow.Current()
			if h.oldBytes > maxOldBytes {
				t.Fatalf("%d bytes of old versions; want at most %d", h.oldBytes, maxOldBytes)
			}
		}
		if want := 20 - 1 - maxOldBytes/size; len(cut) != want || !slices.IsSorted(cut) || cut[0] != 0 {
			t.Errorf("cut off %v of 20; want %d, who came first first", cut, want)
		}
		for w := range h.watchers {
			defer w.Close()
		}
	})
}

// Whatever watchers have when they leave is free then.
func TestNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, s := New(Options{Interval: time.Second, Max: 100, Queries: 1}), newSource(version("a"))
		var watchers []*Watcher
		for _, id := range []string{"a", "b", "c"} {
			s.value.Store(version(id))
			w := mustWatch(t, h, "k", s)
			time.Sleep(1500 * time.Millisecond)
			w.Current()
			watchers = append(watchers, w)
		}
		if h.bytes != 1 || h.oldBytes != 2 {
			t.Errorf("%d bytes of current and %d of old versions; want 1 and 2", h.bytes, h.oldBytes)
		}
		for _, w := range watchers {
			w.Close()
		}
		synctest.Wait()
		if h.bytes != 0 || h.oldBytes != 0 || len(h.old) != 0 || len(h.watches) != 0 {
			t.Errorf("left: %d and %d bytes, %d old versions, %d watches; want none", h.bytes, h.oldBytes, len(h.old), len(h.watches))
		}
	})
}
