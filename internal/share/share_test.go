package share

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// newTestSharer makes a sharer on a driver, and checks in the end that nothing
// is left in it.
func newTestSharer(t testing.TB, d driver.Connector) *Sharer {
	t.Helper()
	pool := sql.OpenDB(d)
	t.Cleanup(func() { pool.Close() })
	s := New(exec.New(pool, exec.Options{Timeout: timeout, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if held := s.results.size(); held != 0 || len(s.lanes) != 0 {
			t.Errorf("sharer holds %d bytes and %d lanes in the end; want none", held, len(s.lanes))
		}
	})
	return s
}

// timeout is that of newTestSharer.
const timeout = time.Second

// deadline is that of a read which begins now.
func deadline() time.Time { return time.Now().Add(timeout) }

func oneRowJSON(value any) string { return fmt.Sprintf("[{\"v\":%v}]\n", value) }

// countingDriver answers the n-th query with the row n, after fakedb.QueryTime.
func countingDriver(queries *atomic.Int64) fakedb.Hook {
	return func(ctx context.Context) (driver.Rows, error) {
		n := queries.Add(1)
		if err := fakedb.Wait(ctx, fakedb.QueryTime); err != nil {
			return nil, err
		}
		return fakedb.OneRow(n), nil
	}
}

// readBody reads through s and returns the body.
func readBody(ctx context.Context, s *Sharer) (string, error) {
	res, rows, err := s.Read(ctx, &exec.Statement{Text: "SELECT"}, deadline())
	switch {
	case err != nil:
		return "", err
	case rows != nil:
		rows.Close()
		return "", errors.New("large")
	case res == nil:
		return "", errors.New("large, and somebody else's")
	}
	defer s.Release(res)
	return string(res.Body), nil
}

// Up to maxIdentical reads get a query at once; those that come while these run
// share the next one, which begins when the first of these ends.
func TestShareGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries atomic.Int64
		s := newTestSharer(t, countingDriver(&queries))
		const reads = maxIdentical + 5
		bodies := make([]string, reads)
		var wg sync.WaitGroup
		for i := range reads {
			wg.Go(func() { bodies[i], _ = readBody(t.Context(), s) })
			synctest.Wait() // one after the other
		}
		start := time.Now()
		wg.Wait()
		for i, body := range bodies {
			if want := oneRowJSON(min(i, maxIdentical) + 1); body != want {
				t.Errorf("read %d = %q; want %q", i, body, want)
			}
		}
		if got := queries.Load(); got != maxIdentical+1 {
			t.Errorf("%d reads sent %d queries; want %d", reads, got, maxIdentical+1)
		}
		if got := time.Since(start); got != 2*fakedb.QueryTime {
			t.Errorf("the reads took %v; want %v", got, 2*fakedb.QueryTime)
		}
	})
}

// As long as flights are crowds one query runs at a time. Once the crowd has gone
// it is up to maxIdentical again.
func TestShareCrowds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer running.Add(-1)
			return fakedb.OneRow(1), fakedb.Wait(ctx, fakedb.QueryTime)
		}))
		var wg sync.WaitGroup
		start := func(readers, reads int) {
			for range readers {
				wg.Go(func() {
					for range reads {
						if body, err := readBody(t.Context(), s); body != oneRowJSON(1) {
							t.Errorf("read = %q, %v; want %q", body, err, oneRowJSON(1))
						}
					}
				})
			}
		}
		mostWithin := func(queries int) int64 {
			most.Store(0)
			fakedb.Wait(t.Context(), time.Duration(queries)*fakedb.QueryTime)
			return most.Load()
		}
		start(4*crowd, 10) // each takes 10 to 20 queries
		start(maxIdentical, 50)
		mostWithin(4) // until they are crowds
		if got := mostWithin(4); got != 1 {
			t.Errorf("a crowd has up to %d queries under way; want 1", got)
		}
		mostWithin(20)
		if got := mostWithin(4); got != maxIdentical {
			t.Errorf("%d readers have up to %d queries under way; want %d", maxIdentical, got, maxIdentical)
		}
		wg.Wait()
	})
}

// The law of sharing: a read that begins after a commit sees what was committed.
func TestShareNeverStale(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var committed atomic.Int64
			s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
				snapshot := committed.Load() // as a database does: when the query begins
				err := fakedb.Wait(ctx, fakedb.QueryTime)
				return fakedb.OneRow(snapshot), err
			}))
			var wg sync.WaitGroup
			for range 50 {
				commitAt := time.Duration(random.Int64N(int64(10 * fakedb.QueryTime)))
				readAt := time.Duration(random.Int64N(int64(10 * fakedb.QueryTime)))
				wg.Go(func() {
					fakedb.Wait(t.Context(), commitAt)
					committed.Add(1)
				})
				wg.Go(func() {
					fakedb.Wait(t.Context(), readAt)
					before := committed.Load()
					body, err := readBody(t.Context(), s)
					var got int64
					if _, scanErr := fmt.Sscanf(body, "[{\"v\":%d}]", &got); err != nil || scanErr != nil || got < before {
						t.Errorf("seed %d: read = %q, %v; want at least %d", seed, body, err, before)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestShareFirstMemberLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries atomic.Int64
		s := newTestSharer(t, countingDriver(&queries))
		for range maxIdentical {
			go readBody(t.Context(), s)
		}
		synctest.Wait()
		first, leave := context.WithCancel(t.Context())
		go readBody(first, s)
		synctest.Wait()
		second := make(chan string)
		go func() {
			body, err := readBody(t.Context(), s)
			second <- fmt.Sprint(body, err)
		}()
		synctest.Wait()
		leave()
		if got, want := <-second, fmt.Sprint(oneRowJSON(maxIdentical+1), nil); got != want {
			t.Errorf("the read that stayed = %q; want %q", got, want)
		}
	})
}

// The last member to leave ends the query, and nobody can join it then.
func TestShareLastMemberLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries, canceled atomic.Int64
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			queries.Add(1)
			err := fakedb.Wait(ctx, fakedb.QueryTime)
			if err != nil {
				canceled.Add(1)
			}
			return fakedb.OneRow(1), err
		}))
		ctx, leave := context.WithCancel(t.Context())
		for range 3 * maxIdentical { // some run, some gather
			go readBody(ctx, s)
		}
		synctest.Wait()
		leave()
		synctest.Wait()
		// Those who gather may still get their query between two that leave.
		if sent := queries.Load(); canceled.Load() != sent || sent > 2*maxIdentical {
			t.Errorf("%d of %d queries were canceled; want all", canceled.Load(), sent)
		}
		if body, err := readBody(t.Context(), s); body != oneRowJSON(1) {
			t.Errorf("the next read = %q, %v; want %q", body, err, oneRowJSON(1))
		}
	})
}

// A query that fails or panics fails its members, and only them.
func TestShareErrors(t *testing.T) {
	tests := []struct {
		name string
		fail func() (driver.Rows, error)
	}{
		{"error", func() (driver.Rows, error) { return nil, errors.New("broken") }},
		{"panic", func() (driver.Rows, error) { panic("broken") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var queries atomic.Int64
				s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
					n := queries.Add(1)
					if err := fakedb.Wait(ctx, fakedb.QueryTime); err != nil || n > maxIdentical+1 {
						return fakedb.OneRow(n), err
					}
					return tt.fail()
				}))
				var failed atomic.Int64
				var wg sync.WaitGroup
				for range maxIdentical + 5 {
					wg.Go(func() {
						_, err := readBody(t.Context(), s)
						if exec.KindOf(err) == exec.Internal && strings.Contains(err.Error(), "broken") {
							failed.Add(1)
						}
					})
				}
				wg.Wait()
				if failed.Load() != maxIdentical+5 || queries.Load() != maxIdentical+1 {
					t.Errorf("%d reads failed with %d queries; want %d and %d",
						failed.Load(), queries.Load(), maxIdentical+5, maxIdentical+1)
				}
				if body, err := readBody(t.Context(), s); body != oneRowJSON(maxIdentical+2) {
					t.Errorf("the next read = %q, %v; want %q", body, err, oneRowJSON(maxIdentical+2))
				}
			})
		})
	}
}

// Of a large result one member gets the rows, the others nothing.
func TestShareLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const reads = maxIdentical + 4
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			return fakedb.OneRow(bytes.Repeat([]byte("x"), exec.SmallBytes)), fakedb.Wait(ctx, fakedb.QueryTime)
		}))
		var large, none atomic.Int64
		var wg sync.WaitGroup
		for range reads {
			wg.Go(func() {
				switch res, rows, err := s.Read(t.Context(), &exec.Statement{Text: "SELECT"}, deadline()); {
				case err != nil || res != nil:
					t.Errorf("read = %v, %v, %v; want no result", res, rows, err)
				case rows != nil:
					large.Add(1)
					rows.Close()
				default:
					none.Add(1)
				}
			})
		}
		wg.Wait()
		if large.Load() != maxIdentical+1 || none.Load() != reads-maxIdentical-1 {
			t.Errorf("%d reads got rows and %d nothing; want %d and %d",
				large.Load(), none.Load(), maxIdentical+1, reads-maxIdentical-1)
		}
	})
}

// A large result whose members have all left gives its connection back.
func TestShareLargeAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{}, maxIdentical+1)
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			rows := closingRows{fakedb.OneRow(bytes.Repeat([]byte("x"), exec.SmallBytes)), closed}
			return rows, fakedb.Wait(ctx, fakedb.QueryTime)
		}))
		for range maxIdentical {
			go func() {
				if _, rows, err := s.Read(t.Context(), &exec.Statement{Text: "SELECT"}, deadline()); err == nil {
					rows.Close()
				}
			}()
		}
		synctest.Wait()
		f, alone := s.join(&exec.Statement{Text: "SELECT"}, deadline())
		if alone {
			t.Fatal("join with as many queries under way as may be: alone; want it to wait")
		}
		<-f.landed
		s.leave(f)
		for range maxIdentical + 1 {
			<-closed // or the bubble is dead
		}
	})
}

// closingRows say when they are closed.
type closingRows struct {
	*fakedb.Rows
	closed chan struct{}
}

func (r closingRows) Close() error {
	r.closed <- struct{}{}
	return r.Rows.Close()
}

// Results that nobody takes are bounded, and the bound is no dead end.
func TestShareMemory(t *testing.T) {
	var queries atomic.Int64
	s := newTestSharer(t, fakedb.Hook(func(context.Context) (driver.Rows, error) {
		body := bytes.Repeat([]byte("x"), exec.SmallBytes-20)
		copy(body, fmt.Sprint(queries.Add(1))) // never the same
		return fakedb.OneRow(body), nil
	}))
	var kept []*Result
	for {
		res, _, err := s.Read(t.Context(), &exec.Statement{Text: "SELECT"}, deadline())
		if err != nil {
			if exec.KindOf(err) != exec.Memory {
				t.Errorf("read = %v; want exec.Memory", err)
			}
			break
		}
		kept = append(kept, res)
		if held := s.results.size(); held > maxHeldBytes {
			t.Fatalf("%d bytes are held; want at most %d", held, maxHeldBytes)
		}
	}
	if len(kept) != maxHeldBytes/exec.SmallBytes {
		t.Errorf("%d results fit; want %d", len(kept), maxHeldBytes/exec.SmallBytes)
	}
	for _, res := range kept {
		s.Release(res)
	}
	if _, err := readBody(t.Context(), s); err != nil {
		t.Errorf("read after the release = %v; want it to succeed", err)
	}
}

// The same bytes take memory once, however many clients hold them.
func TestShareSameBytes(t *testing.T) {
	var queries atomic.Int64
	value := atomic.Pointer[string]{}
	value.Store(new("old"))
	s := newTestSharer(t, fakedb.Hook(func(context.Context) (driver.Rows, error) {
		queries.Add(1)
		return fakedb.OneRow(*value.Load()), nil
	}))
	read := func() *Result {
		res, _, err := s.Read(t.Context(), &exec.Statement{Text: "SELECT"}, deadline())
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first, second := read(), read()
	if first != second || queries.Load() != 2 {
		t.Errorf("two reads of the same rows: the same result %v, %d queries; want true, 2", first == second, queries.Load())
	}
	value.Store(new("new"))
	third := read()
	if third == second || third.ETag[0] == second.ETag[0] || string(third.Body) == string(second.Body) {
		t.Errorf("read after a change = %q %s; want other bytes than %q %s", third.Body, third.ETag, second.Body, second.ETag)
	}
	if want, held := len(first.Body)+len(third.Body), s.results.size(); held != want {
		t.Errorf("%d bytes are held; want %d", held, want)
	}
	for _, res := range []*Result{first, second, third} {
		s.Release(res)
	}
}

// Bytes that come again are compressed once, though nobody holds them between. They
// count only while somebody does.
func TestShareSameBytesAgain(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing is collected
	synctest.Test(t, func(t *testing.T) {
		var queries, calls atomic.Int64
		value := atomic.Pointer[string]{}
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			if queries.Add(1) <= maxIdentical {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return fakedb.OneRow(*value.Load()), nil
		}))
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxIdentical { // so that the others gather
			wg.Go(func() { readBody(ctx, s) })
		}
		synctest.Wait()
		for _, tt := range []struct {
			value string
			calls int64
		}{{"old", 1}, {"old", 1}, {"new", 2}, {"new", 2}, {"old", 3}} {
			value.Store(&tt.value)
			res, _, err := s.Read(t.Context(), &exec.Statement{Text: "SELECT"}, deadline())
			if err != nil {
				t.Fatal(err)
			}
			zipped := s.Compressed(res, func(body []byte) []byte {
				calls.Add(1)
				return append([]byte("zipped"), body...)
			})
			if want := "zipped" + oneRowJSON(`"`+tt.value+`"`); string(zipped) != want || calls.Load() != tt.calls {
				t.Errorf("compressed = %q after %d calls; want %q after %d", zipped, calls.Load(), want, tt.calls)
			}
			if held, want := s.results.size(), len(res.Body)+len(zipped); held != want {
				t.Errorf("%d bytes are held; want %d", held, want)
			}
			s.Release(res)
			if held := s.results.size(); held != 0 {
				t.Errorf("%d bytes are held by nobody; want 0", held)
			}
		}
		leave()
		wg.Wait()
		synctest.Wait()
	})
}

// A result for whose compressed form there was no room is not used again: there
// may be room now.
func TestResultsNoRoom(t *testing.T) {
	s := newResults()
	add := func(before *Result) *Result {
		res, err := s.add(t.Context(), []byte("body"), 1, encode.End{}, before)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	compress := func([]byte) []byte { return []byte("zipped") }
	first := add(nil)
	s.bytes += maxHeldBytes + tinyRoom
	if got := s.compressed(first, compress); got != nil {
		t.Fatalf("compressed without room = %q; want nil", got)
	}
	s.bytes -= maxHeldBytes + tinyRoom
	s.hold(first, -1)
	second := add(first)
	if got := s.compressed(second, compress); string(got) != "zipped" {
		t.Errorf("compressed again with room = %q; want %q", got, "zipped")
	}
	if s.hold(second, -1); s.size() != 0 {
		t.Errorf("%d bytes are held by nobody; want 0", s.size())
	}
}

// A read that gathers behind queries that get nowhere does not wait for longer
// than DB_TIMEOUT either.
func TestShareTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}))
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxIdentical {
			wg.Go(func() { readBody(ctx, s) })
		}
		fakedb.Wait(t.Context(), timeout/2)
		start := time.Now()
		_, err := readBody(t.Context(), s)
		if took := time.Since(start); exec.KindOf(err) != exec.Timeout || took < timeout || took > timeout+flightGrace {
			t.Errorf("read = %v after %v; want exec.Timeout after %v", err, took, timeout)
		}
		leave()
		wg.Wait()
		synctest.Wait()
	})
}

// A flight waits for a short time behind those that take long, or hang.
func TestShareDoesNotWaitForLong(t *testing.T) {
	const gather = timeout / 8
	tests := []struct {
		name  string
		query time.Duration // how long one lasts
		reads int
		after time.Duration // when the last is answered
	}{
		{"short ones", gather / 2, 6, gather},
		{"longer than others wait", gather * 2, 6, gather * 3},
		{"so long that two do not fit into the timeout", timeout * 3 / 4, 6, timeout*3/4 + gather},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
					return fakedb.OneRow(1), fakedb.Wait(ctx, tt.query)
				}))
				var wg sync.WaitGroup
				start := time.Now()
				for i := range tt.reads {
					wg.Go(func() {
						if body, err := readBody(t.Context(), s); err != nil {
							t.Errorf("read %d = %q, %v; want its rows", i, body, err)
						}
					})
					synctest.Wait() // one after the other
				}
				wg.Wait()
				if took := time.Since(start); took != tt.after {
					t.Errorf("the reads took %v; want %v", took, tt.after)
				}
			})
		})
	}
}

// Queries that hang do not block the others of their kind.
func TestShareHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries atomic.Int64
		s := newTestSharer(t, fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
			if queries.Add(1) <= maxIdentical {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return fakedb.OneRow(1), nil
		}))
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxIdentical {
			wg.Go(func() { readBody(ctx, s) })
		}
		synctest.Wait()
		if body, err := readBody(t.Context(), s); body != oneRowJSON(1) {
			t.Errorf("read behind queries that hang = %q, %v; want %q", body, err, oneRowJSON(1))
		}
		leave()
		wg.Wait()
		synctest.Wait()
	})
}

// The same bytes of pages that end elsewhere are two results: what leads on from one
// of them leads nowhere from the other.
func TestResultsOfOtherEnds(t *testing.T) {
	s := newResults()
	ends := []encode.End{{}, {HasMore: true}, {Marks: []*string{new("1")}}, {Marks: []*string{new("2")}}, {Marks: []*string{nil}}}
	var before *Result
	for range 2 { // while somebody holds the one before, and when nobody does
		for _, end := range ends {
			res, err := s.add(t.Context(), []byte("body"), 1, end, before)
			if err != nil || !res.End.Equal(end) {
				t.Errorf("add = %v, %v; want the end %v", res, err, end)
			}
			if before != nil && before.holders > 0 {
				s.hold(before, -1)
			}
			before = res
		}
		s.hold(before, -1)
	}
}
