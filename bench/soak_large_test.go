package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// gateBytes is how much of a large result a gated reader takes at first: more
	// than a small result.
	gateBytes = 2 << 20
	// gateBufferBytes is what the system reads ahead for a gated reader: little
	// enough to leave most of the result to the server, and enough to be quick.
	gateBufferBytes = 64 << 10
	// largeReaders is how many large results may be on their way with the default
	// DB_MAX_CONNS of 10: two connections are for everybody else.
	largeReaders = 8
)

// largeScene is a private MariaDB with a large table, sample, and a small one.
type largeScene struct {
	*mariaDB
	form  soakForm
	rows  int
	db    *sql.DB // for the administrator
	small *counter
}

// smallTable is beside the large one.
const smallTable = "small"

// TestSoakLarge reads results that do not fit into memory: quickly, slowly, not
// at all, while the database ends and while the server ends.
func TestSoakLarge(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := &largeScene{mariaDB: newTestMariaDB(t), form: form, rows: pick(form, 100_000, 1_000_000)}
	if err := createSampleDatabase(ctx, s.dbServer, soakDatabase, s.rows); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.db, err = s.admin(soakDatabase); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.small = newCounter(ctx, t, s.db, smallTable, 10, 100)

	tests := []struct {
		name string
		run  func(ctx context.Context, t *testing.T, s *largeScene)
	}{
		{"memory", testLargeMemory},
		{"database killed", testLargeKilled},
		{"readers that stop", testLargeStopped},
		{"readers that stop for good", testLargeStalled},
		{"slow and steady", testLargeSteady},
		{"SIGTERM", testLargeShutdown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(ctx, t, s) })
	}
}

// serve starts readapi. env are further variables.
func (s *largeScene) serve(t testing.TB, env ...string) *process {
	t.Helper()
	env = append(env, "DB_NAME="+soakDatabase, "DB_TABLES=sample,"+smallTable)
	return startTestReadapi(t, s.ps, append(env, s.reader()...)...)
}

// testLargeMemory checks the memory for readers that take what they get.
func testLargeMemory(ctx context.Context, t *testing.T, s *largeScene) {
	tests := []struct {
		readers int
		gzip    bool
		max     int64 // targets of the issue; it has none for gzip
	}{
		{1, false, 40 << 20},
		{8, false, 64 << 20},
		{8, true, 64 << 20},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("readers=%d,gzip=%t", tt.readers, tt.gzip), func(t *testing.T) {
			server := s.serve(t)
			start := time.Now()
			var err error
			if tt.gzip {
				err = s.readGzip(ctx, server, tt.readers)
			} else {
				_, err = readAtOnce(ctx, server.addr, tt.readers, s.rows)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d rows, readers: %d, gzip: %t: %v, peak of resident memory %.1f MiB", s.rows, tt.readers, tt.gzip,
				time.Since(start).Round(time.Millisecond), float64(server.peak())/(1<<20))
			if peak := server.peak(); peak >= tt.max {
				t.Errorf("peak of resident memory = %d KiB; want less than %d KiB", peak>>10, tt.max>>10)
			}
		})
	}
}

// readGzip is readAtOnce with compression.
func (s *largeScene) readGzip(ctx context.Context, server *process, readers int) error {
	var transport http.Transport // it asks for gzip
	defer transport.CloseIdleConnections()
	errs := make([]error, readers)
	var group sync.WaitGroup
	for i := range readers {
		group.Go(func() { // ends with the response, or ctx
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.url(readPath), nil)
			if err != nil {
				errs[i] = err
				return
			}
			response, err := transport.RoundTrip(request)
			if err != nil {
				errs[i] = err
				return
			}
			defer response.Body.Close()
			var sink rowSink
			_, err = io.Copy(&sink, response.Body)
			errs[i] = errors.Join(err, sink.check(s.rows))
			if !response.Uncompressed {
				errs[i] = fmt.Errorf("Content-Encoding = %q; want gzip", response.Header.Get("Content-Encoding"))
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// testLargeKilled kills the database in mid-stream: no reader may take a part
// for the whole.
func testLargeKilled(ctx context.Context, t *testing.T, s *largeScene) {
	server := s.serve(t)
	readers := startGatedReaders(ctx, t, server.addr, largeReaders)
	readers.awaitGate(ctx, t, largeReaders)
	s.kill()
	readers.open()
	for _, err := range readers.results() {
		if !isCut(err) {
			t.Errorf("reader: %v; want a broken connection", err)
		}
	}
	if err := s.start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := readAtOnce(ctx, server.addr, 1, s.rows); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// isCut reports whether a response ended before its end.
func isCut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// testLargeStopped has readers of the large table stop reading. They must not
// take the last connections, and give way to those who wait for theirs, to each
// one of them, but to nobody else before STALL_TIMEOUT.
func testLargeStopped(ctx context.Context, t *testing.T, s *largeScene) {
	const more = 4 // than there are connections for large results
	server := s.serve(t)
	readers := startGatedReaders(ctx, t, server.addr, largeReaders+more)
	readers.awaitGate(ctx, t, largeReaders)
	normal := startCrowd(t, 4, server.addr, "/read/"+smallTable, s.small.fresh)
	wait(ctx, pick(s.form, time.Second, 8*time.Second)) // less than DB_TIMEOUT: the others wait
	result := normal.stop()
	result.mustBeGood(t)
	result.mustBeQuick(t)
	t.Logf("%d readers have stopped; normal clients: %v", largeReaders+more, result)
	readers.open()
	complete, cut := 0, 0
	for _, err := range readers.results() {
		switch {
		case err == nil:
			complete++
		case isCut(err):
			cut++
		case !errors.Is(err, errStatus): // too many: one that waited for DB_TIMEOUT is told so
			t.Errorf("reader that went on: %v", err)
		}
	}
	t.Logf("%d readers have gone on to the end, %d have had to give way", complete, cut)
	if complete < largeReaders || cut > more {
		t.Errorf("%d readers have gone on to the end, %d were cut off; want at least %d and at most %d", complete, cut, largeReaders, more)
	}
}

// testLargeStalled has readers of the large table stop reading for good. They
// are cut off, and their connections to the database come back.
func testLargeStalled(ctx context.Context, t *testing.T, s *largeScene) {
	const stall = time.Second
	server := s.serve(t, "STALL_TIMEOUT="+stall.String())
	readers := startGatedReaders(ctx, t, server.addr, largeReaders)
	readers.awaitGate(ctx, t, largeReaders)
	start := time.Now()
	awaitTrue(ctx, t, "end of the queries of stalled readers", func() bool {
		const find = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = ? AND command <> 'Sleep'"
		var busy int
		err := s.db.QueryRowContext(ctx, find, s.readerUser).Scan(&busy)
		return err == nil && busy == 0
	})
	t.Logf("%d stalled readers were cut off after %v; STALL_TIMEOUT is %v", largeReaders,
		time.Since(start).Round(time.Millisecond), stall)
	if _, err := readAtOnce(ctx, server.addr, 1, s.rows); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	readers.open()
	for _, err := range readers.results() {
		if !isCut(err) {
			t.Errorf("reader that was cut off: %v; want a broken connection", err)
		}
	}
}

// testLargeSteady has a client take the large table slowly, but steadily, after
// a quick start that has made the server's send buffer large. It must not be cut
// off: it takes bytes several times in STALL_TIMEOUT, although not so many that
// the system would ask the server for more. (That is at a third of the buffer.)
func testLargeSteady(ctx context.Context, t *testing.T, s *largeScene) {
	const (
		stall    = time.Second
		interval = 50 * time.Millisecond
		atOnce   = 1 << 10 // 20 KiB/s
	)
	server := s.serve(t, "STALL_TIMEOUT="+stall.String())
	conn, err := dialSlow(ctx, server.addr, slowBufferBytes)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", readPath, server.addr); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, conn, gateBytes); err != nil {
		t.Fatal(err)
	}
	pace := time.NewTicker(interval)
	defer pace.Stop()
	for end := time.Now().Add(pick(s.form, 4*stall, 20*stall)); time.Now().Before(end); <-pace.C {
		if _, err := io.CopyN(io.Discard, conn, atOnce); err != nil {
			t.Fatal(err)
		}
	}
	const more = 4 << 20 // than the system holds, had the server given up
	if n, err := io.CopyN(io.Discard, conn, more); err != nil {
		t.Errorf("the response ends %d bytes later with %v; want it to go on", n, err)
	}
}

// testLargeShutdown stops the server during a large response, which is finished.
func testLargeShutdown(ctx context.Context, t *testing.T, s *largeScene) {
	server := s.serve(t)
	readers := startGatedReaders(ctx, t, server.addr, 1)
	readers.awaitGate(ctx, t, 1)
	code := make(chan int, 1)
	go func() { code <- server.stop() }() // ends with SHUTDOWN_TIMEOUT
	ready := newClient(server.addr, "/readyz")
	defer ready.close()
	awaitTrue(ctx, t, "end of /readyz", func() bool {
		_, err := ready.get(ctx, nil)
		return err != nil
	})
	readers.open()
	if err := readers.results()[0]; err != nil {
		t.Errorf("response during SIGTERM: %v", err)
	}
	if got := <-code; got != 0 {
		t.Errorf("exit code = %d; want 0", got)
	}
}

// gatedReaders are clients that read the beginning of a large result, wait for
// the gate to open and read the rest.
type gatedReaders struct {
	reached chan struct{} // has a value per reader that waits at the gate
	gate    chan struct{} // closed by open
	opening sync.Once
	running sync.WaitGroup
	errs    []error // why each has no complete response
}

// gatedReader is one of them.
type gatedReader struct {
	*gatedReaders
	client *client
	taken  int
	rows   rowSink
}

// startGatedReaders starts n clients, which end with the test.
func startGatedReaders(ctx context.Context, t testing.TB, addr string, n int) *gatedReaders {
	t.Helper()
	g := &gatedReaders{reached: make(chan struct{}, n), gate: make(chan struct{}), errs: make([]error, n)}
	for i := range n {
		conn, err := dialSlow(ctx, addr, gateBufferBytes)
		if err != nil {
			t.Fatal(err)
		}
		r := &gatedReader{gatedReaders: g, client: newClient(addr, readPath)}
		r.client.conn = conn
		r.client.reader.Reset(conn)
		r.client.deadline = time.Now().Add(checkTimeout)
		g.running.Go(func() { // ends with the response, once the gate is open
			defer r.client.close()
			_, g.errs[i] = r.client.get(ctx, r)
		})
	}
	t.Cleanup(func() {
		g.open()
		g.running.Wait()
	})
	return g
}

// Write implements io.Writer. It waits at the gate.
func (r *gatedReader) Write(p []byte) (int, error) {
	before := r.taken
	r.taken += len(p)
	if before < gateBytes && r.taken >= gateBytes {
		r.reached <- struct{}{}
		<-r.gate
	}
	return r.rows.Write(p)
}

// awaitGate waits until n readers wait at the gate.
func (g *gatedReaders) awaitGate(ctx context.Context, t testing.TB, n int) {
	t.Helper()
	for range n {
		select {
		case <-g.reached:
		case <-ctx.Done():
			t.Fatalf("readers of the large table: %v", ctx.Err())
		}
	}
}

// open lets the readers go on.
func (g *gatedReaders) open() { g.opening.Do(func() { close(g.gate) }) }

// results waits for the ends of the responses and returns why they are not
// complete, nil for those that are.
func (g *gatedReaders) results() []error {
	g.running.Wait()
	return g.errs
}
