package main

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

const (
	steadyInterval = 100 * time.Millisecond
	steadyBytes    = 4000 // in that interval: 40 KB/s
)

// steadyReader takes a large result slowly but steadily: a client like that is
// never cut off.
type steadyReader struct {
	server *process
	conn   *pacedConn
	start  time.Time
	rows   rowSink
	done   chan error // has why the response ended
}

// startSteadyReader reads the whole of sample in the background, from a server
// of its own. It ends with the test.
func startSteadyReader(ctx context.Context, t testing.TB, s *starveScene) *steadyReader {
	t.Helper()
	r := &steadyReader{server: s.serve(t), start: time.Now(), done: make(chan error, 1)}
	conn, err := dialSlow(ctx, r.server.addr, gateBufferBytes)
	if err != nil {
		t.Fatal(err)
	}
	r.conn = &pacedConn{Conn: conn, pace: time.NewTicker(steadyInterval)}
	client := newClient(r.server.addr, readPath)
	client.deadline = time.Now().Add(soakTimeout)
	client.conn = r.conn
	client.reader.Reset(r.conn)
	ended := make(chan struct{})
	go func() { // ends with the response, or the connection
		defer close(ended)
		_, err := client.get(ctx, &r.rows)
		r.done <- err
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
		r.conn.pace.Stop()
	})
	return r
}

// mustGoOn fails the test if the reader was cut off, and lets it take the rest of
// the rows at once then.
func (r *steadyReader) mustGoOn(ctx context.Context, t testing.TB, s *starveScene) {
	t.Helper()
	wait(ctx, pick(s.form, 25*time.Second, 3*time.Minute)-time.Since(r.start))
	took := time.Since(r.start)
	t.Logf("%d KB in %v", r.conn.taken.Load()/1000, took.Round(time.Millisecond))
	r.conn.free.Store(true)
	if err := <-r.done; err != nil {
		t.Fatalf("the response ended, at the latest after %v, with %v; want it to go on", took, err)
	}
	if err := r.rows.check(s.rows); err != nil {
		t.Error(err)
	}
}

// pacedConn is read from slowly, until free.
type pacedConn struct {
	net.Conn
	pace  *time.Ticker
	free  atomic.Bool
	taken atomic.Int64 // bytes, before that
}

// Read implements net.Conn.
func (c *pacedConn) Read(p []byte) (int, error) {
	if c.free.Load() {
		return c.Conn.Read(p)
	}
	<-c.pace.C
	n, err := c.Conn.Read(p[:min(len(p), steadyBytes)])
	c.taken.Add(int64(n))
	return n, err
}
