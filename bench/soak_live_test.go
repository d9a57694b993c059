package main

// This file watches tables with many clients at once, and takes from them what
// they rely on: the database, readapi itself, the table. Its clients do what
// EventSource does (HTML Standard, section 9.2): they come back by themselves, and
// give up for good when the answer is not 200.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	liveWatchers = 1000
	liveInterval = time.Second
	// maxLiveDelay is how long a change may take to all who watch: the target of
	// the issue.
	maxLiveDelay = liveInterval + time.Second
	livePath     = "/read/sample?order=id"
)

var errGaveUp = errors.New("an EventSource would have given up")

// liveScene is a private MariaDB and a readapi that can be started again.
type liveScene struct {
	*restartScene
	port, metricsPort int
	env               []string
}

// newLiveScene starts both. env are further variables of readapi.
func newLiveScene(ctx context.Context, t testing.TB, form soakForm, env ...string) *liveScene {
	t.Helper()
	s := &liveScene{restartScene: &restartScene{mariaDB: newTestMariaDB(t), form: form}}
	s.db = newSoakDatabase(ctx, t, s.dbServer)
	s.small = newCounter(ctx, t, s.db, "sample", 10, 100)
	s.meg = newCounter(ctx, t, s.db, megTable, megRows, megRowBytes-len("data: "))
	s.makeDurable(ctx, t)
	for _, port := range []*int{&s.port, &s.metricsPort} {
		var err error
		if *port, err = freePort(); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.reader(), "DB_NAME="+soakDatabase, "DB_TABLES=sample,"+megTable, "ADDR="+loopback(s.port),
		"METRICS_ADDR="+loopback(s.metricsPort), "LIVE_INTERVAL="+liveInterval.String())
	s.env = append(s.env, env...)
	s.serve(ctx, t)
	t.Cleanup(func() { s.server.stop() })
	return s
}

// serve starts readapi, always on the same port.
func (s *liveScene) serve(ctx context.Context, t testing.TB) {
	t.Helper()
	bin, err := readapiBin()
	if err == nil {
		s.server, err = s.ps.start(ctx, command{name: "readapi", args: []string{bin}, env: s.env, port: s.port})
	}
	if err != nil {
		t.Fatal(err)
	}
	server := s.server
	t.Cleanup(func() {
		if log := readLog(t, server); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
			t.Errorf("readapi has panicked:\n%s", log)
		} else if t.Failed() {
			t.Logf("readapi's log ends with:\n%s", server.logTail())
		}
	})
}

// metric is the value of a series at /metrics.
func (s *liveScene) metric(ctx context.Context, t testing.TB, name string) int64 {
	t.Helper()
	var body bytes.Buffer
	c := newClient(loopback(s.metricsPort), "/metrics")
	defer c.close()
	c.deadline = time.Now().Add(requestTimeout)
	if _, err := c.get(ctx, &body); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(body.String()) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			value, err := strconv.ParseFloat(words[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return int64(value)
		}
	}
	t.Fatalf("/metrics has no %s", name)
	return 0
}

// queries is how many readapi has sent.
func (s *liveScene) queries(ctx context.Context, t testing.TB) int64 {
	t.Helper()
	return s.metric(ctx, t, "readapi_queries_total")
}

// TestSoakLive has a thousand clients watch a table, and takes the database,
// readapi and them away.
func TestSoakLive(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newLiveScene(ctx, t, form, "STALL_TIMEOUT=5s")
	before := s.server.rss()
	c := startWatchers(t, liveWatchers, s.server.addr, livePath, s.small)
	c.awaitLast(ctx, t)
	t.Logf("%d watchers take %d KiB of memory each", liveWatchers, (s.server.rss()-before)/liveWatchers>>10)
	for _, tt := range []struct {
		name string
		test func(context.Context, *testing.T, *liveScene, *watchCrowd)
	}{
		{"changes", testLiveChanges},
		{"stalled watchers", testLiveStalled},
		{"kill -9 of the database", testLiveDatabaseAway},
		{"readapi starts again", testLiveRestart},
		{"nobody watches", testLiveNobody},
	} {
		if !t.Run(tt.name, func(t *testing.T) { tt.test(ctx, t, s, c) }) {
			return
		}
	}
}

// testLiveChanges counts queries and events: one query an interval for all, and
// each change to each of them, in time.
func testLiveChanges(ctx context.Context, t *testing.T, s *liveScene, c *watchCrowd) {
	changes := pick(s.form, 5, 60)
	queries, events, begun := s.queries(ctx, t), c.sum(countEvents), time.Now()
	for range changes {
		c.change(ctx, t, s)
		c.awaitLast(ctx, t)
	}
	queries = s.queries(ctx, t) - queries
	took := time.Since(begun)
	t.Logf("%d changes in %v: %d queries", changes, took.Round(time.Millisecond), queries)
	if most := int64(took/liveInterval) + 2; queries > most {
		t.Errorf("%d queries in %v; want at most %d", queries, took, most)
	}
	if got := c.sum(countEvents) - events; got != int64(changes*len(c.members)) {
		t.Errorf("%d events; want %d for each of %d watchers", got, changes, len(c.members))
	}
	c.mustBeInTime(t, "changes")
	mustBeLean(t, s.server)
}

// testLiveStalled has a hundred more who take nothing, of large events and of small
// ones, which the kernel has room for. They are cut off, and the others do not
// notice.
func testLiveStalled(ctx context.Context, t *testing.T, s *liveScene, c *watchCrowd) {
	const stalled = 100
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	connects := c.sum(countConnects)
	for i := range stalled {
		if err := stall(ctx, s.server.addr, []string{"/read/" + megTable, livePath}[i%2]); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 { // all the others would hold one version; these hold many
			if err := s.meg.increase(ctx, s.db); err != nil {
				t.Fatal(err)
			}
			c.change(ctx, t, s)
			c.awaitLast(ctx, t)
		}
	}
	begun := time.Now()
	for s.metric(ctx, t, "readapi_live_clients") > int64(len(c.members)) { // the kernels have room for some small events
		c.change(ctx, t, s)
		c.awaitLast(ctx, t)
	}
	t.Logf("the last of %d stalled watchers was cut off %v after it came", stalled, time.Since(begun).Round(time.Millisecond))
	c.mustBeInTime(t, "changes beside stalled watchers")
	if got := c.sum(countConnects); got != connects {
		t.Errorf("%d watchers had to come back; want none", got-connects)
	}
	mustBeLean(t, s.server)
}

// stall watches path and takes nothing, until ctx ends.
func stall(ctx context.Context, addr, path string) error {
	_, err := watchRaw(ctx, addr, path)
	return err
}

// watchRaw asks for events over a slow line, until ctx ends.
func watchRaw(ctx context.Context, addr, path string) (net.Conn, error) {
	conn, err := dialSlow(ctx, addr, slowBufferBytes)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", path, addr)
	return conn, err
}

// testLiveDatabaseAway kills the database: that is a pause, told once, and no
// stream ends.
func testLiveDatabaseAway(ctx context.Context, t *testing.T, s *liveScene, c *watchCrowd) {
	connects, events := c.sum(countConnects), c.sum(countEvents)
	s.kill()
	awaitTrue(ctx, t, "a comment at all watchers", func() bool { return c.sum(countPauses) >= int64(len(c.members)) })
	if err := s.start(ctx); err != nil {
		t.Fatal(err)
	}
	c.change(ctx, t, s)
	c.awaitLast(ctx, t)
	if got := c.sum(countConnects); got != connects {
		t.Errorf("%d streams ended; want none", got-connects)
	}
	if got := c.sum(countEvents) - events; got != int64(len(c.members)) {
		t.Errorf("%d events; want one for each of %d watchers", got, len(c.members))
	}
	t.Logf("back: %v", c.takeLatencies())
}

// testLiveRestart ends readapi and starts it again, first without a change and
// then with one: all come back, and get what they do not have.
func testLiveRestart(ctx context.Context, t *testing.T, s *liveScene, c *watchCrowd) {
	for _, changes := range []int{0, 1} {
		events, connects := c.sum(countEvents), c.sum(countConnects)
		begun := time.Now()
		s.server.stop()
		for range changes {
			c.change(ctx, t, s)
		}
		s.serve(ctx, t)
		awaitTrue(ctx, t, "all watchers back", func() bool {
			return s.metric(ctx, t, "readapi_live_clients") == int64(len(c.members))
		})
		t.Logf("all are back %v after SIGTERM", time.Since(begun).Round(time.Millisecond))
		c.awaitLast(ctx, t)
		if got := c.sum(countEvents) - events; got != int64(changes*len(c.members)) {
			t.Errorf("%d events after %d changes; want %d for each of %d watchers", got, changes, changes, len(c.members))
		}
		if c.sum(countConnects) == connects {
			t.Error("no stream ended")
		}
	}
	c.takeLatencies()
	c.change(ctx, t, s)
	c.awaitLast(ctx, t)
	c.mustBeInTime(t, "a change after both")
}

// testLiveNobody has all leave: then nothing is asked any more.
func testLiveNobody(ctx context.Context, t *testing.T, s *liveScene, c *watchCrowd) {
	c.stop()
	awaitTrue(ctx, t, "nobody watches", func() bool { return s.metric(ctx, t, "readapi_live_clients") == 0 })
	queries := s.queries(ctx, t)
	wait(ctx, 3*liveInterval)
	if got := s.queries(ctx, t) - queries; got != 0 {
		t.Errorf("%d queries in %v with nobody watching; want none", got, 3*liveInterval)
	}
}

// TestSoakLiveLarge has a thousand clients watch rows of just under 1 MiB, and
// then others that take nothing of as large ones, each another version: memory must
// stay bounded.
func TestSoakLiveLarge(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newLiveScene(ctx, t, form)
	c := startWatchers(t, liveWatchers, s.server.addr, "/read/"+megTable+"?order=id", s.meg)
	c.awaitLast(ctx, t)
	for range pick(form, 2, 10) {
		c.change(ctx, t, s)
		c.awaitLast(ctx, t)
	}
	t.Logf("%d watchers of 1 MiB, from commit to event: %v", liveWatchers, c.takeLatencies())
	mustBeLean(t, s.server)
	c.stop()

	const things = 30
	small := startWatchers(t, 10, s.server.addr, livePath, s.small)
	small.awaitLast(ctx, t)
	stalling, cancel := context.WithCancel(ctx)
	defer cancel()
	for range pick(form, 12, 30) {
		for i := range things {
			if err := stall(stalling, s.server.addr, fmt.Sprintf("/read/%s?id=gt.-%d", megTable, i)); err != nil {
				t.Fatal(err)
			}
		}
		small.change(ctx, t, s)
		if err := s.meg.increase(ctx, s.db); err != nil {
			t.Fatal(err)
		}
		small.awaitLast(ctx, t)
	}
	t.Logf("%d others watch 1 MiB and take nothing", s.metric(ctx, t, "readapi_live_clients")-10)
	small.mustBeInTime(t, "beside stalled watchers of 30 large things")
	mustBeLean(t, s.server)
}

// TestSoakLiveDifferent has watchers of a hundred different things, and beside them
// some that come and go, also in the middle of an event.
func TestSoakLiveDifferent(t *testing.T) {
	const things, each = 100, 10
	form := soakTest(t)
	ctx := soakContext(t)
	s := newLiveScene(ctx, t, form)
	var crowds []*watchCrowd
	for i := range things {
		crowds = append(crowds, startWatchers(t, each, s.server.addr, fmt.Sprintf("/read/sample?id=gt.-%d&order=id", i), s.small))
	}
	for _, c := range crowds {
		c.awaitLast(ctx, t)
	}
	comings, leave := context.WithCancel(ctx)
	defer leave()
	var going sync.WaitGroup
	for i := range 20 {
		path := "/read/" + megTable + "?order=id"
		going.Go(func() { // ends with comings
			for ctx := comings; ctx.Err() == nil; wait(ctx, visitInterval) {
				once, cancel := context.WithCancel(ctx)
				if conn, err := watchRaw(once, s.server.addr, path); err == nil {
					_, _ = conn.Read(make([]byte, 1+i*4000)) // from the head to the middle of the first event
				}
				cancel()
			}
		})
	}
	queries, begun := s.queries(ctx, t), time.Now()
	for range pick(form, 5, 30) {
		for _, c := range crowds[1:] {
			c.mu.Lock()
		}
		crowds[0].change(ctx, t, s)
		for _, c := range crowds[1:] {
			c.committed[s.small.acked.Load()] = time.Now()
			c.mu.Unlock()
		}
		for _, c := range crowds {
			c.awaitLast(ctx, t)
		}
	}
	took := time.Since(begun)
	queries = s.queries(ctx, t) - queries
	leave()
	going.Wait()
	t.Logf("%d things, %d watchers each: %d queries in %v, also of those who came and went", things, each, queries, took.Round(time.Millisecond))
	var all tally
	for _, c := range crowds {
		all.latencies = append(all.latencies, c.takeLatencies().latencies...)
	}
	slices.Sort(all.latencies)
	t.Logf("from commit to event: %v", all)
	if longest := percentile(all.latencies, 1); longest > maxLiveDelay {
		t.Errorf("the last event came %v after its commit; want at most %v", longest, maxLiveDelay)
	}
	awaitTrue(ctx, t, "those who came and went to be gone", func() bool {
		return s.metric(ctx, t, "readapi_live_clients") == things*each
	})
	mustBeLean(t, s.server)
}
