package exec

// This file tests what ends a query: the deadline of its first row, rows that do
// not come, and that there is no place for what takes long. In a bubble of
// synctest time costs nothing.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readapi/internal/fakedb"
)

// timeout is that of the databases of these tests.
const timeout = time.Second

// newTestDB makes a DB on a driver, and checks in the end that nothing is left
// of its queries.
func newTestDB(t testing.TB, d driver.Connector, conns int, tables ...string) *DB {
	t.Helper()
	pool := sql.OpenDB(d)
	pool.SetMaxOpenConns(conns)
	db := New(pool, Options{Timeout: timeout, Conns: conns, Tables: tables, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		if used := pool.Stats().InUse; used != 0 || len(db.long) != 0 {
			t.Errorf("%d connections and %d places are in use in the end; want none", used, len(db.long))
		}
		pool.Close()
	})
	return db
}

// slowRows wait before each row, and before the end.
type slowRows struct {
	fakedb.Rows
	ctx   context.Context
	waits []time.Duration
}

func (r *slowRows) Next(dest []driver.Value) error {
	if len(r.waits) == 0 {
		return r.Rows.Next(dest)
	}
	wait := r.waits[0]
	r.waits = r.waits[1:]
	if err := fakedb.Wait(r.ctx, wait); err != nil {
		return err
	}
	return r.Rows.Next(dest)
}

// slow is a driver whose results have a row less than there are waits.
func slow(waits ...time.Duration) fakedb.Hook {
	return func(ctx context.Context) (driver.Rows, error) {
		return &slowRows{*fakedb.Texts("x", len(waits)-1), ctx, waits}, nil
	}
}

// times is n times d.
func times(n int, d time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

func TestFetchEnds(t *testing.T) {
	tests := []struct {
		name  string
		waits []time.Duration
		kind  Kind // Internal is no error
		cause error
		after time.Duration
	}{
		{"at once", times(3, 0), Internal, nil, 0},
		{"the first row just in time", []time.Duration{timeout - 1, 0}, Internal, nil, timeout - 1},
		{"no first row", []time.Duration{timeout + 1, 0}, Timeout, ErrLate, timeout},
		{"the last row takes long", []time.Duration{0, timeout - 1}, Internal, nil, timeout - 1},
		{"slow but complete", append([]time.Duration{0}, times(5, timeout*9/10)...), Internal, nil, timeout * 9 / 2},
		{"silent after its first row", []time.Duration{0, 99 * timeout}, Timeout, errSilent, 2 * timeout},
		{"silent after some rows", []time.Duration{0, timeout / 2, timeout, 99 * timeout}, Timeout, errSilent, 3 * timeout},
		{"it trickles for ever", append([]time.Duration{0}, times(999, timeout/2)...), Timeout, errTrickle, patience * timeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newTestDB(t, slow(tt.waits...), 4)
				start := time.Now()
				rows, err := db.Fetch(t.Context(), &Statement{Text: "SELECT"}, Call{Deadline: start.Add(timeout)})
				took := time.Since(start)
				if err == nil {
					rows.Close()
				}
				synctest.Wait()
				if tt.cause == nil && err != nil || tt.cause != nil && (KindOf(err) != tt.kind || !errors.Is(err, tt.cause)) || took != tt.after {
					t.Errorf("Fetch = %v of kind %d after %v; want %v after %v", err, KindOf(err), took, tt.cause, tt.after)
				}
			})
		})
	}
}

// Results that take long leave connections to the others: who finds no place is
// ended after the timeout.
func TestFetchLeavesConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const conns = 5
		db := newTestDB(t, slow(append([]time.Duration{0}, times(999, timeout/4)...)...), conns)
		results := make(chan error)
		for range conns {
			go func() {
				rows, err := db.Fetch(t.Context(), &Statement{Text: "SELECT"}, Call{Deadline: time.Now().Add(timeout)})
				if err == nil {
					rows.Close()
				}
				results <- err
			}()
		}
		busy := 0
		for range conns {
			if err := <-results; KindOf(err) == PoolBusy && errors.Is(err, errLongBusy) {
				busy++
			} else if KindOf(err) != Timeout {
				t.Errorf("Fetch = %v; want it ended", err)
			}
		}
		if busy != 2 {
			t.Errorf("%d of %d were told that there is no place; want 2", busy, conns)
		}
		synctest.Wait()
	})
}

// A table whose reads hang leaves connections to the others, and its next read
// is told so when its time is over.
func TestFetchLeavesTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var unlocked atomic.Bool
		db := newTestDB(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			if !unlocked.Load() {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return fakedb.OneRow(1), nil
		}), 4, "a", "b")
		ctx, leave := context.WithCancel(t.Context())
		fetch := func(ctx context.Context, table string) error {
			rows, err := db.Fetch(ctx, &Statement{Table: table, Text: "SELECT"}, Call{Deadline: time.Now().Add(timeout)})
			if err == nil {
				rows.Close()
			}
			return err
		}
		hanging := make(chan error)
		for range 10 {
			go func() { hanging <- fetch(ctx, "a") }()
		}
		synctest.Wait()
		unlocked.Store(true)
		if err := fetch(t.Context(), "b"); err != nil {
			t.Errorf("a read of another table = %v; want its row", err)
		}
		unlocked.Store(false)
		kinds := map[Kind]int{}
		for range 10 {
			kinds[KindOf(<-hanging)]++
		}
		if kinds[Timeout]+kinds[PoolBusy] != 10 || kinds[PoolBusy] == 0 { // which of both, in the moment when the time is over, is chance
			t.Errorf("the reads of the locked table = %v; want them late, or without a connection", kinds)
		}
		leave()
		synctest.Wait()
	})
}

// What a late read is told is what it has waited for most of the time: that its
// query was sent at the last moment makes that neither slow nor the database away.
func TestFetchLate(t *testing.T) {
	tests := []struct {
		name   string
		before []time.Duration // how long reads before it take, one after the other, in a table that has one connection
		want   Kind
	}{
		{"slow query", nil, Timeout},
		{"query that is sent soon", []time.Duration{timeout / 4}, Timeout},
		{"query that is sent at the last moment", []time.Duration{timeout / 2, timeout/2 - time.Millisecond}, PoolBusy},
		{"query that is not sent", []time.Duration{2 * timeout}, PoolBusy},
		{"connection that comes at the same moment", []time.Duration{timeout}, PoolBusy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				waits := make(chan time.Duration, len(tt.before)+1)
				db := newTestDB(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
					return fakedb.OneRow(1), fakedb.Wait(ctx, <-waits)
				}), 2, "a", "b")
				fetch := func(deadline time.Duration) error {
					rows, err := db.Fetch(t.Context(), &Statement{Table: "a", Text: "SELECT"}, Call{Deadline: time.Now().Add(deadline)})
					if err == nil {
						rows.Close()
					}
					return err
				}
				for _, wait := range tt.before {
					waits <- wait
					go fetch(time.Hour)
					synctest.Wait()
				}
				waits <- time.Minute
				if err := fetch(timeout); KindOf(err) != tt.want || err.Error() == "" {
					t.Errorf("Fetch = %v, kind %v; want kind %v", err, KindOf(err), tt.want)
				}
				fakedb.Wait(t.Context(), time.Minute)
			})
		})
	}
}

// A first row that comes at the very deadline is late, or there: never an error
// that is none.
func TestFetchAtTheDeadline(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			db := newTestDB(t, slow(timeout, 0), 2)
			rows, err := db.Fetch(t.Context(), &Statement{Text: "SELECT"}, Call{Deadline: time.Now().Add(timeout)})
			switch {
			case err == nil:
				rows.Close()
			case KindOf(err) != Timeout || err.Error() != ErrLate.Error():
				t.Errorf("Fetch = %v; want a row, or %v", err, ErrLate)
			}
			synctest.Wait()
		})
	}
}

// Room is reserved for what is there, step by step, and given back.
func TestFetchReserves(t *testing.T) {
	for _, count := range []int{10, 100, 1000, 3000, 30_000} {
		synctest.Test(t, func(t *testing.T) {
			room, most := 0, 0
			db := newTestDB(t, fakedb.Texts(string(make([]byte, 100)), count), 4)
			rows, err := db.Fetch(t.Context(), &Statement{Text: "SELECT"}, Call{
				Deadline: time.Now().Add(timeout),
				Reserve: func(bytes int) error {
					room += bytes
					most = max(most, room)
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if size := len(rows.Body); size > freeBytes+most || size < freeBytes && most > 0 || most > size+reserveBytes {
				t.Errorf("%d bytes had %d reserved", size, most)
			}
			if rows.Close(); room != 0 {
				t.Errorf("%d bytes are reserved in the end; want none", room)
			}
			synctest.Wait()
		})
	}
}

// A result for which there is no room is given up.
func TestFetchWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := &Error{Memory, errors.New("full")}
		db := newTestDB(t, fakedb.Texts("x", 100_000), 4)
		_, err := db.Fetch(t.Context(), &Statement{Text: "SELECT"}, Call{
			Deadline: time.Now().Add(timeout),
			Reserve:  func(bytes int) error { return full },
		})
		if KindOf(err) != Memory {
			t.Errorf("Fetch = %v; want %v", err, full)
		}
		synctest.Wait()
	})
}
