package main

// This file tests the way from page to page over a large table.

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	pagesDatabase = "readapi_soak_pages" // also on the server of TEST_DB_*; it is dropped
	// edgePages is how many of the first, and of the last pages are compared; what they
	// cost is asserted in the long form only: a short one says nothing of cost.
	edgePages = 20
	// maxPageGrowth is how many times the first page the last one may take.
	maxPageGrowth = 2
	// maxEstimate is how long an estimate of how many rows there are may take.
	maxEstimate = 20 * time.Millisecond
)

// pagesScene is a table whose rows have the numbers 10, 20, … while others write
// such with numbers in between.
type pagesScene struct {
	dbServer
	db   *sql.DB
	ps   *processes
	rows int
}

// TestSoakPages follows the links over a whole table, in several orders, while
// others insert and delete elsewhere: each row comes once, and the last page costs
// what the first does.
func TestSoakPages(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newPagesScene(ctx, t, pick(form, 20_000, 1_000_000))
	server := startTestReadapi(t, s.ps, append(s.reader(), "DB_NAME="+pagesDatabase, "DB_TABLES=pages")...)
	capped := startTestReadapi(t, s.ps, append(s.reader(), "DB_NAME="+pagesDatabase, "DB_TABLES=pages", "MAX_ROWS=10000")...)
	tests := []struct {
		name   string
		server *process
		query  string
	}{
		{"by the key", server, "select=id&limit=1000"},
		{"by the key, descending", server, "select=id&limit=1000&order=id.desc"},
		{"by a text with NULLs", server, "select=id&limit=1000&order=name"},
		{"by two columns", server, "select=id&limit=1000&order=day.desc,price.desc"},
		{"by a decimal", server, "select=id&limit=1000&order=price"},
		{"by the key, streamed and capped", capped, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { s.follow(ctx, t, tt.server, "/read?"+tt.query) })
	}
	t.Run("estimates", func(t *testing.T) { s.estimate(ctx, t, server) })
}

func newPagesScene(ctx context.Context, t *testing.T, rows int) *pagesScene {
	t.Helper()
	s := &pagesScene{rows: rows}
	s.dbServer, s.ps = newSoakServer(t)
	if err := execAll(ctx, s.dbServer, "", "DROP DATABASE IF EXISTS "+pagesDatabase, "CREATE DATABASE "+pagesDatabase); err != nil {
		t.Fatal(err)
	}
	s.db = openSoakDatabase(t, s.dbServer, pagesDatabase)
	const digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4" +
		" UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"
	number, from := "1", "FROM (SELECT 1) one"
	for place := 1; place < rows; place *= 10 {
		number += fmt.Sprintf(" + %d * d%d.d", place, place)
		from += fmt.Sprintf(" JOIN %s d%d", digits, place)
	}
	for _, statement := range []string{
		"CREATE TABLE pages (id BIGINT PRIMARY KEY, name VARCHAR(40), day DATE NOT NULL, price DECIMAL(10,2) NOT NULL, note VARCHAR(200)," +
			" INDEX (name), INDEX (day, price), INDEX (price))",
		"CREATE TABLE numbers (n BIGINT PRIMARY KEY)",
		fmt.Sprintf("INSERT INTO numbers SELECT %[1]s %[2]s WHERE %[1]s <= %[3]d", number, from, rows),
		"INSERT INTO pages SELECT 10 * n, IF(n % 50 = 0, NULL, CONCAT('name ', n * 7919 % 1009)), DATE'2020-01-01' + INTERVAL n * 31 % 1000 DAY," +
			" n * 104729 % 100000 / 100, REPEAT('x', 150) FROM numbers",
		"ANALYZE TABLE pages",
	} {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
	return s
}

// write inserts and deletes rows between those that must come, until ctx ends, and
// returns how many statements did so.
func (s *pagesScene) write(ctx context.Context) (statements int) {
	random := rand.New(rand.NewPCG(1, 1))
	for ctx.Err() == nil {
		id := 10*random.IntN(s.rows+1) + 1 + random.IntN(9)
		_, _ = s.db.ExecContext(ctx, fmt.Sprintf("INSERT IGNORE INTO pages VALUES (%d, 'name %d', DATE'2020-01-01' + INTERVAL %d DAY, %d, 'new')",
			id, id%1009, id%1000, id%1000)) // fails with ctx
		_, _ = s.db.ExecContext(ctx, fmt.Sprintf("DELETE FROM pages WHERE id = %d AND id %% 10 > 0", id-random.IntN(9)))
		statements += 2
	}
	return statements
}

// follow reads all pages from path on.
func (s *pagesScene) follow(ctx context.Context, t *testing.T, server *process, path string) {
	t.Helper()
	writing, stop := context.WithCancel(ctx)
	written := make(chan int, 1)
	go func() { written <- s.write(writing) }() // ends with stop
	seen := make([]byte, s.rows+1)
	var took []time.Duration
	for path != "" {
		start := time.Now()
		ids, next, _ := s.page(ctx, t, server, path)
		took = append(took, time.Since(start))
		for _, id := range ids {
			if id%10 == 0 {
				seen[id/10]++
			}
		}
		path = next
	}
	stop()
	statements := <-written
	for n := 1; n <= s.rows; n++ {
		if seen[n] != 1 {
			t.Fatalf("row %d came %d times in %d pages; want once", 10*n, seen[n], len(took))
		}
	}
	edge := min(edgePages, len(took)/2)
	first, last := median(took[:edge]), median(took[len(took)-1-edge:len(took)-1])
	t.Logf("%d pages beside %d writes: the first %d take %v, the last %v, all %v", len(took), statements, edge,
		first.Round(10*time.Microsecond), last.Round(10*time.Microsecond), median(took).Round(10*time.Microsecond))
	if last > maxPageGrowth*first && s.rows >= 1_000_000 {
		t.Errorf("the last pages take %v, the first %v; want %d times that at most", last, first, maxPageGrowth)
	}
}

// page reads a page, and what leads on from it.
func (s *pagesScene) page(ctx context.Context, t *testing.T, server *process, path string, headers ...string) (ids []int, next string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var rows []struct{ ID int }
	if err == nil {
		err = json.Unmarshal(body, &rows)
	}
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("GET %s = %d, %v: %.200s", path, resp.StatusCode, err, body)
	}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	next, _, _ = strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
	return ids, next, resp.Header
}

// estimate asks how many rows there are, more or less.
func (s *pagesScene) estimate(ctx context.Context, t *testing.T, server *process) {
	t.Helper()
	for _, filter := range []string{"", "&id=gt.100", "&name=gte.name 5"} {
		var took []time.Duration
		var header http.Header
		for range 11 {
			start := time.Now()
			_, _, header = s.page(ctx, t, server, "/read?select=id&limit=1"+strings.ReplaceAll(filter, " ", "%20"), "Prefer: count=planned")
			took = append(took, time.Since(start))
		}
		t.Logf("count=planned%s: %s (%s) in %v", filter, header.Get("Content-Range"), header.Get("Preference-Applied"), median(took).Round(10*time.Microsecond))
		if s.rows >= 1_000_000 && (median(took) > maxEstimate || header.Get("Preference-Applied") != "count=planned") {
			t.Errorf("count=planned%s takes %v, %s; want at most %v", filter, median(took), header.Get("Preference-Applied"), maxEstimate)
		}
	}
}
