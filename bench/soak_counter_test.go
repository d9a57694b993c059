package main

// This file has the table that the soak tests read: all its rows hold the same
// number, and a writer commits larger and larger ones. A reader can tell from
// that whether a response is stale, torn or complete.

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// megTable has a result of just under 1 MiB, the largest that readapi keeps
	// whole.
	megTable    = "meg"
	megRows     = 1000
	megRowBytes = 1040

	// firstCount makes all numbers the same length, and so all responses.
	firstCount = 1_000_000_000
	// writeInterval paces the writer: fast enough that most reads meet a new
	// number, slow enough to leave the processors to the readers.
	writeInterval = 2 * time.Millisecond
	// writeTimeout bounds a commit.
	writeTimeout = 20 * time.Second
)

var (
	errStale = errors.New("stale")
	errWrong = errors.New("wrong rows")
)

// counter is a table and what is known about the number in it. A commit whose
// acknowledgement is lost may have happened or not.
type counter struct {
	table string
	rows  int
	pad   string // the last column
	// heads and tail are what stands before and after the number in each row, as
	// readapi sends it. To compare costs less than to parse, and lets less
	// through.
	heads [][]byte
	tail  []byte

	tried atomic.Int64 // the newest number that was sent
	acked atomic.Int64 // the newest number whose commit was acknowledged
}

// newCounter makes a table with rows of about bytes bytes each.
func newCounter(ctx context.Context, t testing.TB, db *sql.DB, table string, rows, rowBytes int) *counter {
	t.Helper()
	pad := strings.Repeat("x", max(0, rowBytes-len(`{"id":1234,"n":1234567890,"pad":""},`)))
	c := &counter{table: table, rows: rows, pad: pad, tail: fmt.Appendf(nil, `,"pad":"%s"}`, pad)}
	for i := range rows {
		c.heads = append(c.heads, fmt.Appendf(nil, ",\n{\"id\":%d,\"n\":", i+1))
	}
	c.heads[0] = []byte(`[{"id":1,"n":`)
	c.tried.Store(firstCount)
	c.acked.Store(firstCount)
	create := fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, n BIGINT NOT NULL, pad TEXT NOT NULL)", table)
	if _, err := db.ExecContext(ctx, create); err != nil {
		t.Fatal(err)
	}
	insert := fmt.Sprintf("INSERT INTO %s VALUES (?, ?, ?)%s", table, strings.Repeat(", (?, ?, ?)", rows-1))
	var args []any
	for id := range rows {
		args = append(args, id+1, int64(firstCount), c.pad)
	}
	if _, err := db.ExecContext(ctx, insert, args...); err != nil {
		t.Fatal(err)
	}
	return c
}

// increase commits the next number.
func (c *counter) increase(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	n := c.tried.Add(1)
	if _, err := db.ExecContext(ctx, "UPDATE "+c.table+" SET n = ?", n); err != nil {
		return err
	}
	c.acked.Store(n)
	return nil
}

// startWriter has one goroutine commit numbers until the function that it
// returns is called, which waits for it. Commits may fail: the database goes away.
func (c *counter) startWriter(ctx context.Context, db *sql.DB) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { // ends with ctx
		pace := time.NewTicker(writeInterval)
		defer pace.Stop()
		for ctx.Err() == nil {
			_ = c.increase(ctx, db) // if it failed, the next one has a larger number
			select {
			case <-ctx.Done():
			case <-pace.C:
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// awaitCommits waits until the writer has had more commits acknowledged.
func (c *counter) awaitCommits(ctx context.Context, t testing.TB, more int64) {
	t.Helper()
	goal := c.acked.Load() + more
	awaitTrue(ctx, t, "commits", func() bool { return c.acked.Load() >= goal })
}

// fresh checks that a response is complete and not stale: it has a number at
// least as new as what was acknowledged before the request.
func (c *counter) fresh() func(body []byte) error {
	floor := c.acked.Load()
	return func(body []byte) error { return c.checkBody(body, floor) }
}

// complete checks that a response is complete, of whatever time.
func (c *counter) complete() func(body []byte) error {
	return func(body []byte) error { return c.checkBody(body, firstCount) }
}

// checkBody checks for all rows, each to the byte as it was written, and all
// with the same number from floor to the newest that was sent.
func (c *counter) checkBody(body []byte, floor int64) error {
	n, err := c.number(body)
	if err != nil {
		return fmt.Errorf("%w in %d bytes that end with %.50q", err, len(body), body[max(0, len(body)-50):])
	}
	if ceiling := c.tried.Load(); n > ceiling {
		return fmt.Errorf("%w: number %d; want at most %d", errWrong, n, ceiling)
	}
	if n < floor {
		return fmt.Errorf("%w: number %d, but %d was committed before the request", errStale, n, floor)
	}
	return nil
}

// number returns the number in a complete body.
func (c *counter) number(body []byte) (int64, error) {
	const digits = 10 // of firstCount and what follows it
	var number []byte
	for i, head := range c.heads {
		row, ok := bytes.CutPrefix(body, head)
		if !ok || len(row) < digits {
			return 0, fmt.Errorf("%w: no row %d", errWrong, i+1)
		}
		if number == nil {
			number = row[:digits]
		}
		body, ok = bytes.CutPrefix(row[digits:], c.tail)
		if !ok || !bytes.Equal(row[:digits], number) {
			return 0, fmt.Errorf("%w: row %d", errWrong, i+1)
		}
	}
	if string(body) != "]\n" {
		return 0, fmt.Errorf("%w: %.50q after the last row", errWrong, body)
	}
	return strconv.ParseInt(string(number), 10, 64)
}
