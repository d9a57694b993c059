package main

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	halfOpenDialers = 32          // connections that are opened at a time
	halfOpenPace    = time.Second // between two bytes of a half-open request
	// halfOpenSlack is how much later than promised a busy machine may cut a
	// connection.
	halfOpenSlack = 5 * time.Second
	// otherFiles are the descriptors of a process beside the half-open requests.
	otherFiles = 500
)

// halfOpen is a wave of requests that never end: each sends opening, and then a
// byte now and then.
type halfOpen struct {
	name    string
	opening string
	limit   time.Duration // when the server gives up, from the first byte
	clients int

	group     sync.WaitGroup
	open      atomic.Int64
	mu        sync.Mutex
	lifetimes []time.Duration // of the connections; guarded by mu
	err       error           // the last failure to open one; guarded by mu
}

// TestSoakHalfOpen opens thousands of requests that never end (slowloris). A
// normal client must still be answered, on a connection that it has and on new
// ones, and the server must give up the others.
func TestSoakHalfOpen(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newRestartScene(ctx, t, form)
	const head = "GET /read HTTP/1.1\r\nHost: soak\r\n"
	waves := []*halfOpen{
		{name: "header", opening: head + "X-Slow: ", limit: 5 * time.Second, clients: pick(form, 1000, 9000)},
	}
	if form == soakLong { // as its name says
		waves = append(waves, &halfOpen{
			name: "body", opening: head + "Content-Length: 1000\r\n\r\n", limit: 10 * time.Second, clients: 1000,
		})
	}
	fitFiles(t, waves)

	normal := startCrowd(t, 2, s.server.addr, readPath, s.small.fresh)
	visitors := startVisitors(t, 2, s.server.addr, readPath, s.small.fresh)
	start := time.Now()
	for _, w := range waves {
		w.start(ctx, s.server.addr)
	}
	most := watchOpen(waves)
	for _, w := range waves {
		w.group.Wait()
	}
	t.Logf("half-open requests: %d at a time, all gone after %v", most(), time.Since(start).Round(time.Millisecond))
	for _, w := range waves {
		w.mustBeCut(t)
	}
	for name, c := range map[string]*crowd{"kept connection": normal, "new connections": visitors} {
		result := c.stop()
		result.mustBeGood(t)
		result.mustBeQuick(t)
		t.Logf("normal client, %s: %v", name, result)
	}
	t.Logf("peak of resident memory: %d MiB", s.server.peak()>>20)
}

// fitFiles makes the waves smaller if this process or the server may not open so
// many files. (Go programs raise the soft limit to the hard one by themselves.)
func fitFiles(t testing.TB, waves []*halfOpen) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	wanted := otherFiles
	for _, w := range waves {
		wanted += w.clients
	}
	if uint64(wanted) <= limit.Max {
		return
	}
	if limit.Max <= otherFiles {
		t.Skipf("RLIMIT_NOFILE allows %d files; want %d: raise it with ulimit -Hn", limit.Max, wanted)
	}
	t.Logf("RLIMIT_NOFILE allows %d files, not %d: fewer requests than usual", limit.Max, wanted)
	for _, w := range waves {
		w.clients = w.clients * (int(limit.Max) - otherFiles) / (wanted - otherFiles)
	}
}

// start opens the requests in the background. group ends when all are cut, or
// with ctx.
func (w *halfOpen) start(ctx context.Context, addr string) {
	places := make(chan struct{}, halfOpenDialers)
	for range w.clients {
		w.group.Go(func() {
			places <- struct{}{}
			conn, err := w.dial(ctx, addr)
			<-places
			if err != nil {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.err = err
				return
			}
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			w.hold(conn)
		})
	}
}

// dial opens a connection and sends the opening.
func (w *halfOpen) dial(ctx context.Context, addr string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte(w.opening)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// hold sends a byte now and then until the server has closed conn, or should
// have long ago.
func (w *halfOpen) hold(conn net.Conn) {
	start := time.Now()
	w.open.Add(1)
	defer w.open.Add(-1)
	defer conn.Close()
	var cut error
	for part := make([]byte, 512); cut == nil && time.Since(start) < w.limit+2*halfOpenSlack; {
		_ = conn.SetReadDeadline(time.Now().Add(halfOpenPace)) // paces
		if _, cut = conn.Read(part); isTimeout(cut) {
			_, cut = conn.Write([]byte("x"))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lifetimes = append(w.lifetimes, time.Since(start))
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// watchOpen counts the requests that are open at a time until the function that
// it returns is called, which returns the largest number.
func watchOpen(waves []*halfOpen) (most func() int64) {
	stop, found := make(chan struct{}), make(chan int64)
	go func() { // ends with stop
		var largest int64
		for {
			var open int64
			for _, w := range waves {
				open += w.open.Load()
			}
			largest = max(largest, open)
			select {
			case <-stop:
				found <- largest
				return
			case <-time.After(pollInterval):
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-found
	}
}

// mustBeCut fails the test if the server has kept a request for too long, or if
// one could not be opened.
func (w *halfOpen) mustBeCut(t testing.TB) {
	t.Helper()
	slices.Sort(w.lifetimes)
	median, longest := percentile(w.lifetimes, 0.5), percentile(w.lifetimes, 1)
	t.Logf("%d requests without the end of their %s were cut off after %v at most, %v in the middle; promised: %v",
		len(w.lifetimes), w.name, longest.Round(time.Millisecond), median.Round(time.Millisecond), w.limit)
	if w.err != nil || len(w.lifetimes) != w.clients {
		t.Errorf("%d requests were open; want %d: %v", len(w.lifetimes), w.clients, w.err)
	}
	if longest > w.limit+halfOpenSlack {
		t.Errorf("a request was cut off after %v; want %v", longest, w.limit)
	}
}
