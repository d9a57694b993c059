package client

import (
	"fmt"
	"math"
	"net"
	"sync"
	"testing"
	"time"
)

// stalledConn is a connection without a socket that has taken nothing for
// stalled, before now, and has that pace.
func stalledConn(now time.Time, stalled time.Duration, pace int64) *Conn {
	c := &Conn{tcp: new(net.TCPConn)}
	c.watch.init(newLimits(30 * time.Second))
	c.since.Store(int64(now.Add(-stalled).Sub(start)))
	c.pace.Store(pace)
	return c
}

func TestCutSlowest(t *testing.T) {
	const unknown = math.MaxInt64
	type waiter struct {
		stalled time.Duration
		pace    int64
		bytes   int
	}
	tests := []struct {
		name    string
		waiters []waiter
		need    int
		freed   int
		cut     string // the waiters' numbers
	}{
		{"nobody", nil, 1, 0, "[]"},
		{"nothing needed", []waiter{{time.Minute, 0, 5}}, 0, 0, "[]"},
		{"the longest", []waiter{{2e9, unknown, 5}, {4e9, unknown, 5}, {3e9, unknown, 5}}, 5, 5, "[1]"},
		{"the two longest", []waiter{{2e9, unknown, 5}, {4e9, unknown, 5}, {3e9, unknown, 5}}, 6, 10, "[1 2]"},
		{"not enough", []waiter{{2e9, unknown, 5}, {4e9, unknown, 5}}, 100, 10, "[0 1]"},
		{"under a second", []waiter{{1e9 - 1, unknown, 5}, {1e9, unknown, 5}}, 100, 5, "[1]"},
		{"not waited for", []waiter{{0, 1, 5}}, 100, 0, "[]"},
		{"the slowest", []waiter{{1e8, 2000, 5}, {1e7, 1000, 5}, {1e8, 2048, 5}}, 5, 5, "[1]"},
		{"all who are slow", []waiter{{1e8, 2000, 5}, {1e7, 1000, 5}, {1e8, 2048, 5}}, 100, 10, "[0 1]"},
		{"stalled before slow", []waiter{{1e8, 0, 5}, {1e9, unknown, 5}}, 5, 5, "[1]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w Waiting
			now := time.Now()
			conns := make([]*Conn, len(tt.waiters))
			parcels := make([]Parcel, len(tt.waiters))
			for i, waiter := range tt.waiters {
				conns[i] = stalledConn(now, waiter.stalled, waiter.pace)
				w.Add(&parcels[i], conns[i], waiter.bytes)
			}
			if got := w.CutSlowest(now, tt.need); got != tt.freed {
				t.Errorf("CutSlowest(%d) = %d; want %d", tt.need, got, tt.freed)
			}
			cut := []int{}
			for i, c := range conns {
				if c.isCut() {
					cut = append(cut, i)
				}
			}
			if fmt.Sprint(cut) != tt.cut {
				t.Errorf("CutSlowest(%d) cut %v; want %v", tt.need, cut, tt.cut)
			}
			for i := range parcels {
				w.Remove(&parcels[i], conns[i])
				w.Remove(&parcels[i], conns[i]) // once too often is harmless
			}
			checkEmpty(t, &w)
		})
	}
}

func checkEmpty(t testing.TB, w *Waiting) {
	t.Helper()
	if len(w.parcels) != 0 || w.leaving != 0 {
		t.Errorf("after Remove: %d parcels, %d bytes leave; want none", len(w.parcels), w.leaving)
	}
	for _, p := range w.slow {
		if p != nil {
			t.Error("a removed parcel is kept")
		}
	}
}

// What several clients take is free when the last of them has gone.
func TestCutShared(t *testing.T) {
	now := time.Now()
	longest, long, short := stalledConn(now, time.Hour, 0), stalledConn(now, time.Minute, 0), stalledConn(now, 0, 0)
	tests := []struct {
		name  string
		conns []*Conn
		freed int
	}{
		{"all stall", []*Conn{stalledConn(now, 2*time.Second, 0), stalledConn(now, 3*time.Second, 0)}, 7},
		{"one does not", []*Conn{longest, short}, 0},
		{"one cannot be cut", []*Conn{long, nil}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w Waiting
			var p Parcel
			for _, c := range tt.conns {
				w.Add(&p, c, 7)
			}
			if got := w.CutSlowest(now, 1); got != tt.freed {
				t.Errorf("CutSlowest() = %d; want %d", got, tt.freed)
			}
			for _, c := range tt.conns {
				if got := c.watched().isCut(); got != (tt.freed > 0) {
					t.Errorf("cut = %v; want %v", got, tt.freed > 0)
				}
				w.Remove(&p, c)
			}
			checkEmpty(t, &w)
		})
	}
}

// To ask again, before those who were cut have gone, cuts nobody else.
func TestCutOnce(t *testing.T) {
	var w Waiting
	var first, second Parcel
	now := time.Now()
	worse, better := stalledConn(now, 3*time.Second, 0), stalledConn(now, 2*time.Second, 0)
	w.Add(&first, worse, 5)
	w.Add(&second, better, 5)
	for range 2 {
		if got := w.CutSlowest(now, 5); got != 5 || better.isCut() {
			t.Errorf("CutSlowest(5) = %d, cut the better = %v; want 5, false", got, better.isCut())
		}
	}
	fresh := stalledConn(now, 0, 0)
	w.Add(&first, fresh, 5) // it does not go, after all
	if got := w.CutSlowest(now, 5); got != 5 || !better.isCut() || fresh.isCut() {
		t.Errorf("CutSlowest(5) = %d; want 5, from the better one", got)
	}
	w.Remove(&first, worse)
	w.Remove(&first, fresh)
	w.Remove(&second, better)
	checkEmpty(t, &w)
}

// All clients are looked at only now and then.
func TestLookEvery(t *testing.T) {
	var w Waiting
	var first, second Parcel
	now := time.Now()
	if got := w.CutSlowest(now, 1); got != 0 {
		t.Fatalf("CutSlowest() = %d; want 0", got)
	}
	w.Add(&first, stalledConn(now, time.Minute, 0), 5)
	w.Add(&second, stalledConn(now, time.Minute, 0), 5)
	if got := w.CutSlowest(now.Add(lookEvery-1), 1); got != 0 {
		t.Errorf("CutSlowest() before its time = %d; want 0", got)
	}
	if got := w.CutSlowest(now.Add(lookEvery), 1); got != 5 {
		t.Errorf("CutSlowest() = %d; want 5", got)
	}
	if got := w.CutSlowest(now.Add(lookEvery), 6); got != 10 { // from what was found then
		t.Errorf("CutSlowest() once more = %d; want 10", got)
	}
}

// Who takes bytes again, after all were looked at, stays.
func TestRecovered(t *testing.T) {
	var w Waiting
	var first, second Parcel
	now := time.Now()
	worse, better := stalledConn(now, 3*time.Second, math.MaxInt64), stalledConn(now, 2*time.Second, math.MaxInt64)
	w.Add(&first, worse, 5)
	w.Add(&second, better, 5)
	w.CutSlowest(now, 5)
	better.since.Store(0)
	if got := w.CutSlowest(now, 10); got != 5 || better.isCut() {
		t.Errorf("CutSlowest(10) = %d, cut %v; want 5, false", got, better.isCut())
	}
}

func TestCutSlowestOfSockets(t *testing.T) {
	var w Waiting
	var p Parcel
	conn, other := newPair(t, patient)
	w.Add(&p, conn, len(big))
	done := write(conn, big)
	eventually(t, "stalledFor", func() bool { return conn.stalledFor(time.Now()) > 0 })
	if got := w.CutSlowest(time.Now().Add(stalledEnough), 1); got != len(big) {
		t.Errorf("CutSlowest() = %d; want %d", got, len(big))
	}
	if got := <-done; got.err != errCut {
		t.Errorf("Write = %v; want %v", got.err, errCut)
	}
	checkReset(t, other)
}

func TestWaitingConcurrently(t *testing.T) {
	var w Waiting
	var group sync.WaitGroup
	var shared Parcel
	begun := time.Now()
	for i := range 8 {
		group.Go(func() {
			for j := range 500 {
				var own Parcel
				c := stalledConn(begun, time.Duration(i)*time.Second, 0)
				w.Add(&own, c, 1+j)
				w.Add(&shared, c, 7)
				w.CutSlowest(begun.Add(time.Duration(j)*time.Second), 1000)
				w.Remove(&own, c)
				w.Remove(&shared, c)
			}
		})
	}
	group.Wait()
	checkEmpty(t, &w)
}

func BenchmarkCutSlowest(b *testing.B) {
	for _, count := range []int{1_000, 50_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			var w Waiting
			now := time.Now()
			for range count {
				w.Add(new(Parcel), stalledConn(now, time.Second/2, math.MaxInt64), 1)
			}
			step := b.Elapsed()
			for b.Loop() { // ten thousand times a second
				step += 100 * time.Microsecond
				w.CutSlowest(now.Add(step%(time.Second/4)), 1)
			}
		})
	}
}

func BenchmarkAddRemove(b *testing.B) {
	var w Waiting
	c := new(Conn)
	b.ReportAllocs()
	var p Parcel
	for b.Loop() {
		w.Add(&p, c, 1)
		w.Remove(&p, c)
	}
}
