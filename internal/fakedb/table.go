package fakedb

// This file is a driver that stands for a server with one table.

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Column is a column of a Table.
type Column struct {
	Name, Type string
	Scale      int64
}

// Columns makes columns from their names, types and scales, such as
// "price DECIMAL 2"; a type may have a blank in it.
func Columns(declared ...string) []Column {
	var columns []Column
	for _, text := range declared {
		name, rest, _ := strings.Cut(text, " ")
		c := Column{Name: name, Type: rest}
		if at := strings.LastIndexByte(rest, ' '); at >= 0 {
			if scale, err := strconv.ParseInt(rest[at+1:], 10, 64); err == nil {
				c.Type, c.Scale = rest[:at], scale
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// Table is a driver that answers as a server with one table does. It knows
// select lists, LIMIT, OFFSET and COUNT(*), but no conditions and no keys, and notes what it
// is asked, less the probes for types and what is asked of information_schema,
// which it has not. It is safe for concurrent use.
type Table struct {
	// Before is called before each query, if it is set, and may fail it.
	Before func(ctx context.Context, query string) error
	// Forgetful makes it note nothing.
	Forgetful bool

	mu      sync.Mutex
	Columns []Column         // guarded by mu
	Rows    [][]driver.Value // guarded by mu; their values do not change
	Total   int64            // of COUNT(*), if it is not that of Rows; guarded by mu
	queries []string         // with their arguments; guarded by mu
}

func (d *Table) Connect(context.Context) (driver.Conn, error) {
	return tableConn{&Rows{}, d}, nil
}
func (d *Table) Driver() driver.Driver { return nil }

// Alter changes columns and rows.
func (d *Table) Alter(columns []Column, rows [][]driver.Value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Columns, d.Rows = columns, rows
}

// SetTotal makes COUNT(*) say another number of rows.
func (d *Table) SetTotal(total int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Total = total
}

// TakeQueries returns the queries since it was called before.
func (d *Table) TakeQueries() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	queries := d.queries
	d.queries = nil
	return queries
}

// CheckQueries checks which queries were sent since it was called before.
func (d *Table) CheckQueries(t testing.TB, want ...string) {
	t.Helper()
	if got := d.TakeQueries(); !slices.Equal(got, want) {
		t.Errorf("queries = %q; want %q", got, want)
	}
}

type tableConn struct {
	*Rows
	table *Table
}

// CheckNamedValue takes arguments as they are, as the driver of MySQL does with
// those that there are.
func (c tableConn) CheckNamedValue(*driver.NamedValue) error { return nil }

func (c tableConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	noted := beside.ReplaceAllString(query, "")
	for _, arg := range args {
		noted += fmt.Sprintf(" [%v]", arg.Value)
	}
	d := c.table
	if !d.Forgetful && !strings.Contains(query, "information_schema") {
		d.mu.Lock()
		d.queries = append(d.queries, noted)
		d.mu.Unlock()
	}
	if d.Before != nil {
		if err := d.Before(ctx, query); err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answerLocked(query, args), nil
}

var (
	selectList = regexp.MustCompile("^SELECT (.*?) FROM ")
	beside     = regexp.MustCompile(", IF\\(FALSE, (?:MAX\\()?`[^`]*`\\)?, NULL\\)")
	probe      = regexp.MustCompile("IF\\(FALSE, (?:MAX\\()?(`[^`]*`)\\)?, NULL\\)")
	ahead      = regexp.MustCompile(`, \(SELECT TRUE FROM .*? LIMIT \? OFFSET \?\)`)
)

// answerLocked makes the result of a query. It has no information_schema.
func (d *Table) answerLocked(query string, args []driver.NamedValue) driver.Rows {
	if strings.Contains(query, "information_schema") || strings.HasPrefix(query, "EXPLAIN ") {
		return &tableRows{columns: Columns("COLUMN_NAME VARCHAR")}
	}
	if ahead.MatchString(query) { // whether there is a row with the number of the second argument
		result := d.answerLocked(ahead.ReplaceAllString(query, ""), args[2:]).(*tableRows)
		var there driver.Value
		if args[1].Value.(int64) < int64(len(d.Rows)) {
			there = int64(1)
		}
		result.append(Column{Name: "ahead", Type: "BIGINT"}, there)
		return result
	}
	list := strings.ReplaceAll(probe.ReplaceAllString(selectList.FindStringSubmatch(query)[1], "?$1"), "`", "")
	if strings.HasPrefix(list, "COUNT(*)") {
		return d.countLocked(strings.Split(list, ", ")[1:])
	}
	result := &tableRows{columns: d.Columns, rows: d.Rows}
	limit, offset := int64(len(d.Rows)), int64(0)
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
		result.project(strings.Split(list, ", "))
	}
	return result
}

// countLocked makes the result of a COUNT(*) with probes behind it.
func (d *Table) countLocked(probes []string) driver.Rows {
	all := &tableRows{columns: d.Columns, rows: [][]driver.Value{make([]driver.Value, len(d.Columns))}}
	all.project(probes)
	return &tableRows{
		columns: append(Columns("COUNT(*) BIGINT"), all.columns...),
		rows:    [][]driver.Value{append([]driver.Value{cmp.Or(d.Total, int64(len(d.Rows)))}, all.rows[0]...)},
	}
}

// tableRows is a result of a Table.
type tableRows struct {
	columns []Column
	rows    [][]driver.Value
}

// project leaves these columns, in this order. Those with a question mark are
// probes: NULL, of the type of the column.
func (r *tableRows) project(names []string) {
	columns, rows := r.columns, make([][]driver.Value, len(r.rows))
	r.columns = nil
	for _, name := range names {
		name, isProbe := strings.CutPrefix(name, "?")
		if name == "*" {
			r.columns = append(r.columns, columns...)
			for i, row := range r.rows {
				rows[i] = append(rows[i], row...)
			}
			continue
		}
		at := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		r.columns = append(r.columns, columns[at])
		for i, row := range r.rows {
			if isProbe {
				rows[i] = append(rows[i], nil)
			} else {
				rows[i] = append(rows[i], row[at])
			}
		}
	}
	r.rows = rows
}

// append adds a column that has the same value in all rows.
func (r *tableRows) append(c Column, value driver.Value) {
	r.columns = append(slices.Clone(r.columns), c)
	rows := make([][]driver.Value, len(r.rows))
	for i, row := range r.rows {
		rows[i] = append(slices.Clone(row), value)
	}
	r.rows = rows
}

func (r *tableRows) Columns() []string {
	var names []string
	for _, c := range r.columns {
		names = append(names, c.Name)
	}
	return names
}

func (r *tableRows) ColumnTypeDatabaseTypeName(i int) string { return r.columns[i].Type }

func (r *tableRows) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	return 65, r.columns[i].Scale, r.columns[i].Type == "DECIMAL" || r.columns[i].Type == "DATETIME"
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
