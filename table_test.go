package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tableColumn is a column of a tableDriver.
type tableColumn struct {
	name, typeName string
	scale          int64
}

// tableDriver is a driver that answers as a server with one table does. It knows
// select lists, LIMIT, OFFSET and COUNT(*), but no conditions, and notes what it
// is asked. It is safe for concurrent use.
type tableDriver struct {
	// before is called before each query, if it is set, and may fail it.
	before func(ctx context.Context, query string) error

	mu      sync.Mutex
	columns []tableColumn    // guarded by mu
	rows    [][]driver.Value // guarded by mu; their values do not change
	total   int64            // of COUNT(*), if it is not that of rows; guarded by mu
	queries []string         // with their arguments; guarded by mu
}

func (d *tableDriver) Connect(context.Context) (driver.Conn, error) {
	return tableConn{&fakeRows{}, d}, nil
}
func (d *tableDriver) Driver() driver.Driver { return nil }

// alter changes columns and rows.
func (d *tableDriver) alter(columns []tableColumn, rows [][]driver.Value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.columns, d.rows = columns, rows
}

// takeQueries returns the queries since it was called before.
func (d *tableDriver) takeQueries() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	queries := d.queries
	d.queries = nil
	return queries
}

// checkQueries checks which queries were sent since it was called before.
func (d *tableDriver) checkQueries(t testing.TB, want ...string) {
	t.Helper()
	if got := d.takeQueries(); !slices.Equal(got, want) {
		t.Errorf("queries = %q; want %q", got, want)
	}
}

type tableConn struct {
	*fakeRows
	table *tableDriver
}

// CheckNamedValue takes arguments as they are, as the driver of MySQL does with
// those that there are.
func (c tableConn) CheckNamedValue(*driver.NamedValue) error { return nil }

func (c tableConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	noted := query
	for _, arg := range args {
		noted += fmt.Sprintf(" [%v]", arg.Value)
	}
	d := c.table
	d.mu.Lock()
	d.queries = append(d.queries, noted)
	d.mu.Unlock()
	if d.before != nil {
		if err := d.before(ctx, query); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answerLocked(query, args), nil
}

var selectList = regexp.MustCompile("^SELECT (.*?) FROM ")

// answerLocked makes the result of a query.
func (d *tableDriver) answerLocked(query string, args []driver.NamedValue) driver.Rows {
	list := selectList.FindStringSubmatch(query)[1]
	if list == "COUNT(*)" {
		count := max(d.total, int64(len(d.rows)))
		return &tableRows{columns: []tableColumn{{"COUNT(*)", "BIGINT", 0}}, rows: [][]driver.Value{{count}}}
	}
	result := &tableRows{columns: d.columns, rows: d.rows}
	limit, offset := int64(len(d.rows)), int64(0)
	switch {
	case strings.HasSuffix(query, " LIMIT 0"):
		limit = 0
	case strings.HasSuffix(query, " LIMIT ?"):
		limit = args[len(args)-1].Value.(int64)
	case strings.HasSuffix(query, " LIMIT ? OFFSET ?"):
		limit, offset = args[len(args)-2].Value.(int64), args[len(args)-1].Value.(int64)
	}
	result.rows = result.rows[min(offset, int64(len(result.rows))):]
	result.rows = result.rows[:min(limit, int64(len(result.rows)))]
	if list != "*" {
		result.project(strings.Split(strings.ReplaceAll(list, "`", ""), ", "))
	}
	return result
}

// tableRows is a result of a tableDriver.
type tableRows struct {
	columns []tableColumn
	rows    [][]driver.Value
}

// project leaves these columns, in this order.
func (r *tableRows) project(names []string) {
	columns, rows := r.columns, make([][]driver.Value, len(r.rows))
	r.columns = nil
	for _, name := range names {
		at := slices.IndexFunc(columns, func(c tableColumn) bool { return c.name == name })
		r.columns = append(r.columns, columns[at])
		for i, row := range r.rows {
			rows[i] = append(rows[i], row[at])
		}
	}
	r.rows = rows
}

func (r *tableRows) Columns() []string {
	var names []string
	for _, c := range r.columns {
		names = append(names, c.name)
	}
	return names
}

func (r *tableRows) ColumnTypeDatabaseTypeName(i int) string { return r.columns[i].typeName }

func (r *tableRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	return 65, r.columns[i].scale, r.columns[i].typeName == "DECIMAL" || r.columns[i].typeName == "DATETIME"
}

func (r *tableRows) Close() error { return nil }

func (r *tableRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// newTestCatalog makes a catalog of the table sample of d.
func newTestCatalog(t testing.TB, d driver.Connector, timeout time.Duration) *catalog {
	t.Helper()
	pool := sql.OpenDB(d)
	t.Cleanup(func() { pool.Close() })
	return newCatalog(&database{pool: pool, timeout: timeout, log: discardLog()}, "sample")
}

const learnSample = "SELECT * FROM sample LIMIT 0"

func TestLearn(t *testing.T) {
	d := &tableDriver{columns: []tableColumn{
		{"id", "UNSIGNED BIGINT", 0},
		{"price", "DECIMAL", 2},
		{"at", "DATETIME", 6},
		{"json", "JSON", 0},
		{"new", "HOLOGRAM", 0},
	}}
	got, err := newTestCatalog(t, d, time.Minute).table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.checkQueries(t, learnSample)
	var described []string
	for _, c := range got.columns {
		described = append(described, fmt.Sprintf("%s %s %d %v", c.name, c.typeName, c.scale, c.takes.parse != nil))
	}
	want := []string{"id UNSIGNED BIGINT 0 true", "price DECIMAL 2 true", "at DATETIME 6 true", "json JSON 0 false", "new HOLOGRAM 0 false"}
	if !slices.Equal(described, want) || got.quoted != "sample" {
		t.Errorf("table = %s %q; want sample %q", got.quoted, described, want)
	}
}

func TestFindColumn(t *testing.T) {
	table := &table{columns: []column{typedColumn("id", "INT", 0), typedColumn("ID ", "INT", 0), typedColumn("Name", "TEXT", 0), typedColumn("ÄÖ", "TEXT", 0)}}
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
		if c := table.column(tt.name); c != nil {
			got = c.name
		}
		if got != tt.want {
			t.Errorf("column(%q) = %q; want %q", tt.name, got, tt.want)
		}
	}
	both := &table.columns[0]
	table.columns = append(table.columns, typedColumn("Id", "TEXT", 0)) // a view may have both
	if got := table.column("Id"); got == both || got.typeName != "TEXT" {
		t.Errorf("column(Id) = %+v; want the one with exactly this name", got)
	}
}

// However many requests need the table, one asks for it.
func TestLearnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &tableDriver{columns: []tableColumn{{"id", "INT", 0}}}
		d.before = func(ctx context.Context, _ string) error { return wait(ctx, queryTime) }
		c := newTestCatalog(t, d, time.Minute)
		var wg sync.WaitGroup
		start := time.Now()
		for range 50 {
			wg.Go(func() {
				if got, err := c.table(t.Context()); err != nil || len(got.columns) != 1 {
					t.Errorf("table = %+v, %v; want one with a column", got, err)
				}
			})
		}
		wg.Wait()
		d.checkQueries(t, learnSample)
		if got := time.Since(start); got != queryTime {
			t.Errorf("to learn took %v; want %v", got, queryTime)
		}
	})
}

// What is known is good for maxTableAge.
func TestLearnAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &tableDriver{columns: []tableColumn{{"id", "INT", 0}}}
		c := newTestCatalog(t, d, time.Minute)
		for _, tt := range []struct {
			after time.Duration
			want  []string
		}{
			{0, []string{learnSample}},
			{maxTableAge - 1, nil},
			{1, []string{learnSample}},
			{maxTableAge / 2, nil},
		} {
			wait(t.Context(), tt.after)
			if _, err := c.table(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.checkQueries(t, tt.want...)
		}
	})
}

// Whoever finds the table changed has it learned again, but nobody more often
// than every minTableAge.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &tableDriver{columns: []tableColumn{{"id", "INT", 0}}}
		c := newTestCatalog(t, d, time.Minute)
		learn := func() *table {
			got, err := c.table(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if c.forget(nil) {
			t.Error("forget before anything was learned = true; want false")
		}
		first := learn()
		if !c.forget(nil) {
			t.Error("forget by one who knew nothing before = false; want true: it is known now")
		}
		if c.forget(first) || learn() != first {
			t.Error("forget of what has just been learned = true; want false")
		}
		wait(t.Context(), minTableAge+1)
		if !c.forget(first) {
			t.Error("forget = false; want true")
		}
		if !c.forget(first) {
			t.Error("forget of what somebody else has forgotten = false; want true: ask again")
		}
		second := learn()
		if second == first || !c.forget(first) || learn() != second {
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
		want errKind
	}{
		{"slow", false, kindTimeout},
		{"away", true, kindAway},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &tableDriver{columns: []tableColumn{{"id", "INT", 0}}}
				d.before = func(ctx context.Context, _ string) error {
					if tt.away {
						return io.ErrUnexpectedEOF
					}
					<-ctx.Done()
					return ctx.Err()
				}
				c := newTestCatalog(t, d, timeout)
				var wg sync.WaitGroup
				for i := range 6 {
					wg.Go(func() {
						wait(t.Context(), time.Duration(i)*timeout/8) // so that each has some time left when its turn comes
						start := time.Now()
						_, err := c.table(t.Context())
						if took := time.Since(start); kindOf(err) != tt.want || took > timeout {
							t.Errorf("table, %d = %v of kind %d after %v; want kind %d within %v", i, err, kindOf(err), took, tt.want, timeout)
						}
					})
				}
				wg.Go(func() { // and one who leaves
					wait(t.Context(), time.Nanosecond)
					ctx, leave := context.WithTimeout(t.Context(), time.Second)
					defer leave()
					start := time.Now()
					if _, err := c.table(ctx); err == nil || time.Since(start) != time.Second {
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
	d := &tableDriver{columns: []tableColumn{{"id", "INT", 0}}}
	d.before = func(context.Context, string) error { return sql.ErrNoRows }
	c := newTestCatalog(t, d, time.Minute)
	if got, err := c.table(t.Context()); kindOf(err) != kindInternal || got != nil {
		t.Errorf("table = %v, %v; want an error", got, err)
	}
	d.before = nil
	if got, err := c.table(t.Context()); err != nil || len(got.columns) != 1 {
		t.Errorf("table = %v, %v; want it", got, err)
	}
}
