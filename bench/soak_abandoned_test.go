package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

const (
	abandonedQueries = 200
	abandonedAfter   = time.Second
	// maxLeft is how many queries may still run maxLeftAfter the last client has
	// left.
	maxLeft      = 2
	maxLeftAfter = 3 * time.Second
)

// testAbandoned has clients ask for what takes many minutes and leave after a
// second. Their queries must end in the database.
func testAbandoned(ctx context.Context, t *testing.T, s *starveScene) {
	atOnce := pick(s.form, 40, 10) // the latter is the default
	server := s.serve(t, "DB_MAX_CONNS="+strconv.Itoa(atOnce))
	list := newProcessList(ctx, t, s)
	var most int
	for first := 0; first < abandonedQueries; first += atOnce {
		leave := abandon(ctx, server.addr, first, atOnce)
		wait(ctx, abandonedAfter/2)
		most = max(most, len(list.running(ctx, t)))
		if err := leave(); err != nil {
			t.Error(err)
		}
	}
	left := time.Now()
	if most == 0 {
		t.Fatal("no query was seen to run; want those of clients that wait")
	}
	running := list.running(ctx, t)
	atEnd := len(running)
	for len(running) > maxLeft && time.Since(left) < maxLeftAfter {
		wait(ctx, pollInterval) // nothing signals it
		running = list.running(ctx, t)
	}
	t.Logf("%d abandoned queries, %d at a time: %d ran at once at most, %d when the last client left, %d after %v",
		abandonedQueries, atOnce, most, atEnd, len(running), time.Since(left).Round(time.Millisecond))
	if len(running) > maxLeft {
		t.Errorf("%d queries run %v after the last client has left; want at most %d", len(running), maxLeftAfter, maxLeft)
	}
	list.kill(ctx, t)
	normal := startCrowd(t, 1, server.addr, "/read?id=eq.1", firstRow)
	normal.awaitRequests(ctx, t, 1)
	normal.stop().mustBeGood(t)
}

// abandon sends n requests at a time that are all different. The function that
// it returns waits until each client has left, and returns what one of them
// should not have seen.
func abandon(ctx context.Context, addr string, first, n int) (leave func() error) {
	seen := make(chan error, n)
	for i := range n {
		path := fmt.Sprintf("/read/%s?id=gt.%d", endlessTable, first+i)
		go func() { seen <- askAndLeave(ctx, addr, path) }() // ends abandonedAfter
	}
	return func() (err error) {
		for range n {
			err = cmp.Or(<-seen, err)
		}
		return err
	}
}

// askAndLeave sends a request and closes the connection abandonedAfter. A
// response before that is an error.
func askAndLeave(ctx context.Context, addr, path string) error {
	c := newClient(addr, path)
	defer c.close()
	c.deadline = time.Now().Add(abandonedAfter)
	_, err := c.get(ctx, io.Discard)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	return fmt.Errorf("GET %s: %w; want no answer in %v", path, err, abandonedAfter)
}

// processList shows what the database does for readapi. Its connection is there
// also when the server has no more.
type processList struct {
	conn *sql.Conn
	user string
}

// newProcessList makes one. When the test ends, so do the queries.
func newProcessList(ctx context.Context, t testing.TB, s *starveScene) *processList {
	t.Helper()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := &processList{conn: conn, user: s.readerUser}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
		defer cancel()
		p.kill(ctx, t)
		p.conn.Close()
	})
	return p
}

// running lists the reads of endlessTable by the connections that they run on.
func (p *processList) running(ctx context.Context, t testing.TB) (ids []int64) {
	t.Helper()
	const find = "SELECT id FROM information_schema.processlist " +
		"WHERE user = ? AND db = ? AND info LIKE ? AND id <> CONNECTION_ID()"
	rows, err := p.conn.QueryContext(ctx, find, p.user, starveDatabase, "SELECT%"+endlessTable+"%")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// kill ends what runs, and waits for its end.
func (p *processList) kill(ctx context.Context, t testing.TB) {
	t.Helper()
	awaitTrue(ctx, t, "end of the queries that were left", func() bool {
		ids := p.running(ctx, t)
		for _, id := range ids {
			_, _ = p.conn.ExecContext(ctx, fmt.Sprintf("KILL %d", id)) // it may just have ended
		}
		return len(ids) == 0
	})
}
