package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// newTestEntry makes the entry of the table sample of d.
func newTestEntry(t testing.TB, d driver.Connector, timeout time.Duration) *Entry {
	t.Helper()
	pool := sql.OpenDB(d)
	t.Cleanup(func() { pool.Close() })
	return New(exec.New(pool, exec.Options{Timeout: timeout, Log: slog.New(slog.DiscardHandler)}), "sample")
}

const learnSample = "SELECT * FROM sample LIMIT 0"

func TestLearn(t *testing.T) {
	d := &fakedb.Table{Columns: fakedb.Columns("id UNSIGNED BIGINT", "price DECIMAL 2", "at DATETIME 6", "json JSON", "new HOLOGRAM")}
	got, err := newTestEntry(t, d, time.Minute).Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.CheckQueries(t, learnSample)
	var described []string
	for _, c := range got.Columns {
		described = append(described, fmt.Sprintf("%s %s %d", c.Name, c.Type, c.Scale))
	}
	want := []string{"id UNSIGNED BIGINT 0", "price DECIMAL 2", "at DATETIME 6", "json JSON 0", "new HOLOGRAM 0"}
	if !slices.Equal(described, want) || got.Quoted != "sample" {
		t.Errorf("table = %s %q; want sample %q", got.Quoted, described, want)
	}
}

func TestFindColumn(t *testing.T) {
	table := &Table{Columns: []Column{{"id", "INT", 0}, {"ID ", "INT", 0}, {"Name", "TEXT", 0}, {"ÄÖ", "TEXT", 0}}}
	tests := []struct{ name, want string }{
		{"id", "id"},
		{"ID", "id"},
		{"ID ", "ID "},
		{"name", "Name"},
		{"äö", "ÄÖ"},
		{"nam", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got := ""
		if c := table.Column(tt.name); c != nil {
			got = c.Name
		}
		if got != tt.want {
			t.Errorf("column(%q) = %q; want %q", tt.name, got, tt.want)
		}
	}
	both := &table.Columns[0]
	table.Columns = append(table.Columns, Column{Name: "Id", Type: "TEXT"}) // a view may have both
	if got := table.Column("Id"); got == both || got.Type != "TEXT" {
		t.Errorf("column(Id) = %+v; want the one with exactly this name", got)
	}
}

// However many requests need the table, one asks for it.
func TestLearnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakedb.Table{Columns: fakedb.Columns("id INT")}
		d.Before = func(ctx context.Context, _ string) error { return fakedb.Wait(ctx, fakedb.QueryTime) }
		c := newTestEntry(t, d, time.Minute)
		var wg sync.WaitGroup
		start := time.Now()
		for range 50 {
			wg.Go(func() {
				if got, err := c.Table(t.Context()); err != nil || len(got.Columns) != 1 {
					t.Errorf("table = %+v, %v; want one with a column", got, err)
				}
			})
		}
		wg.Wait()
		d.CheckQueries(t, learnSample)
		if got := time.Since(start); got != fakedb.QueryTime {
			t.Errorf("to learn took %v; want %v", got, fakedb.QueryTime)
		}
	})
}

// What is known is good for maxAge.
func TestLearnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakedb.Table{Columns: fakedb.Columns("id INT")}
		c := newTestEntry(t, d, time.Minute)
		for _, tt := range []struct {
			after time.Duration
			want  []string
		}{
			{0, []string{learnSample}},
			{maxAge - 1, nil},
			{1, []string{learnSample}},
			{maxAge / 2, nil},
		} {
			fakedb.Wait(t.Context(), tt.after)
			if _, err := c.Table(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.CheckQueries(t, tt.want...)
		}
	})
}

// Whoever finds the table changed has it learned again, but nobody more often
// than every minAge.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakedb.Table{Columns: fakedb.Columns("id INT")}
		c := newTestEntry(t, d, time.Minute)
		learn := func() *Table {
			got, err := c.Table(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if c.Forget(nil) {
			t.Error("forget before anything was learned = true; want false")
		}
		first := learn()
		if !c.Forget(nil) {
			t.Error("forget by one who knew nothing before = false; want true: it is known now")
		}
		if c.Forget(first) || learn() != first {
			t.Error("forget of what has just been learned = true; want false")
		}
		fakedb.Wait(t.Context(), minAge+1)
		if !c.Forget(first) {
			t.Error("forget = false; want true")
		}
		if !c.Forget(first) {
			t.Error("forget of what somebody else has forgotten = false; want true: ask again")
		}
		second := learn()
		if second == first || !c.Forget(first) || learn() != second {
			t.Error("forget of what has been learned anew = false; want true, and the new one kept")
		}
	})
}

// To learn takes DB_TIMEOUT at most, also for those who wait for somebody else
// to learn, and who leaves holds nobody up.
func TestLearnTimeout(t *testing.T) {
	const timeout = 10 * time.Second
	tests := []struct {
		name string
		away bool
		want exec.Kind
	}{
		{"slow", false, exec.Timeout},
		{"away", true, exec.Away},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &fakedb.Table{Columns: fakedb.Columns("id INT")}
				d.Before = func(ctx context.Context, _ string) error {
					if tt.away {
						return io.ErrUnexpectedEOF
					}
					<-ctx.Done()
					return ctx.Err()
				}
				c := newTestEntry(t, d, timeout)
				var wg sync.WaitGroup
				for i := range 6 {
					wg.Go(func() {
						fakedb.Wait(t.Context(), time.Duration(i)*timeout/8) // so that each has some time left when its turn comes
						start := time.Now()
						_, err := c.Table(t.Context())
						if took := time.Since(start); exec.KindOf(err) != tt.want || took > timeout {
							t.Errorf("table, %d = %v of kind %d after %v; want kind %d within %v", i, err, exec.KindOf(err), took, tt.want, timeout)
						}
					})
				}
				wg.Go(func() { // and one who leaves
					fakedb.Wait(t.Context(), time.Nanosecond)
					ctx, leave := context.WithTimeout(t.Context(), time.Second)
					defer leave()
					start := time.Now()
					if _, err := c.Table(ctx); err == nil || time.Since(start) != time.Second {
						t.Errorf("table of one who leaves = %v after %v; want an error after 1s", err, time.Since(start))
					}
				})
				wg.Wait()
			})
		})
	}
}

// A failure to learn is not kept.
func TestLearnFails(t *testing.T) {
	d := &fakedb.Table{Columns: fakedb.Columns("id INT")}
	d.Before = func(context.Context, string) error { return sql.ErrNoRows }
	c := newTestEntry(t, d, time.Minute)
	if got, err := c.Table(t.Context()); exec.KindOf(err) != exec.Internal || got != nil {
		t.Errorf("table = %v, %v; want an error", got, err)
	}
	d.Before = nil
	if got, err := c.Table(t.Context()); err != nil || len(got.Columns) != 1 {
		t.Errorf("table = %v, %v; want it", got, err)
	}
}
