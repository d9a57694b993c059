package main

// This file tests what is promised of time: how soon /readyz answers, and how
// long one request takes at most, whatever it meets. How to run what needs a
// server: mysql_test.go.

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Slow queries in all connections are no reason to be taken out by a balancer.
func TestMySQLReadyWithSlowQueries(t *testing.T) {
	const conns = 10
	d := newMySQLDatabase(t)
	d.makeEndless(t)
	s := mainStart(t, mysqlWith(d.env, "ADDR", "localhost:0", "DB_MAX_CONNS", fmt.Sprint(conns), "DB_TIMEOUT", "5s"))
	s.log.await(t, "connected to the database")
	var slow sync.WaitGroup
	for n := range conns {
		slow.Go(func() { // ends with DB_TIMEOUT
			mainWant(t, fmt.Sprintf("%s/read?n=gt.%d", s.url, n), mainPatience, http.StatusGatewayTimeout)
		})
	}
	d.awaitEndless(t, conns)
	for range 3 {
		mainWant(t, s.url+"/readyz", 2*time.Second, http.StatusOK)
	}
	if n := d.endless(t); n != conns {
		t.Errorf("%d slow queries run after /readyz; want %d: it has told nothing", n, conns)
	}
	slow.Wait()
	s.stop(t)
}

// One request has one DB_TIMEOUT for all that it waits for: to learn its table,
// to count, for a connection, and for a lock.
func TestMySQLOneTimeout(t *testing.T) {
	const timeout, conns = 2 * time.Second, 4
	d := newMySQLDatabase(t)
	d.makeEndless(t)
	d.exec(t, "CREATE TABLE locked (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO locked VALUES (1, 'Ada')",
		"CREATE VIEW sample2 AS SELECT n FROM sample") // one table cannot have all connections
	tests := []struct {
		name, path string
		isFull     bool // the pool
		isLocked   bool
	}{
		{"unlearned, locked", "/read/locked?id=eq.1&order=name", false, true},
		{"unlearned, full", "/read/locked?id=eq.1&order=name", true, false},
		{"unlearned, locked, full", "/read/locked?id=eq.1&order=name", true, true},
		{"plain, locked, full", "/read/locked", true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mainStart(t, mysqlWith(d.env, "ADDR", "localhost:0", "DB_MAX_CONNS", fmt.Sprint(conns),
				"DB_TIMEOUT", timeout.String(), "DB_TABLES", "sample,sample2,locked"))
			s.log.await(t, "connected to the database")
			ctx, cancel := context.WithCancel(t.Context())
			var load sync.WaitGroup
			defer load.Wait()
			defer cancel()
			if tt.isFull {
				for n := range 3 * conns { // again and again: the pool stays full
					table := []string{"sample", "sample2"}[n%2]
					load.Go(func() { askUntil(ctx, fmt.Sprintf("%s/read/%s?n=gt.%d", s.url, table, n)) })
				}
				d.awaitEndless(t, conns)
			}
			if tt.isLocked {
				conn, err := d.admin.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if _, err := conn.ExecContext(t.Context(), "LOCK TABLES locked WRITE"); err != nil {
					t.Fatal(err)
				}
				defer conn.ExecContext(context.WithoutCancel(ctx), "UNLOCK TABLES")
			}
			var reads sync.WaitGroup
			for range 8 {
				reads.Go(func() { wantWithin(t, s.url+tt.path, timeout+time.Second, !tt.isLocked) })
			}
			reads.Wait()
		})
	}
}

// askUntil asks for url again and again.
func askUntil(ctx context.Context, url string) {
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
	}
}

// wantWithin asks for url with a count. It must be answered within limit, by 503
// or 504, or perhaps well.
func wantWithin(t *testing.T, url string, limit time.Duration, mayBeWell bool) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Prefer", "count=exact")
	begun := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	took := time.Since(begun)
	isWell := resp.StatusCode < 300 && mayBeWell
	if took > limit || !isWell && resp.StatusCode < 503 {
		t.Errorf("GET %s = %s after %v; want 503 or 504 within %v", strings.TrimPrefix(url, "http://"), resp.Status, took, limit)
	}
}
