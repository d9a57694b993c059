package main

// This file has what the soak tests share: which form of them runs, the server
// under test, and crowds of clients that check every response. Each test starts
// what it needs on loopback, and ends it. Times to wait for something are bounds;
// the only sleeps are those of clients that are slow on purpose, and of load that
// goes on for a while.

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// soakForm says how much of the soak tests runs.
type soakForm string

const (
	soakShort soakForm = "short" // less than a minute each, all in less than 3 minutes: for CI
	soakLong  soakForm = "long"
)

const (
	soakTimeout    = 8 * time.Minute  // of a test
	requestTimeout = 30 * time.Second // of a response: DB_TIMEOUT and what a busy machine adds
	failurePause   = 100 * time.Millisecond
	visitInterval  = 10 * time.Millisecond // leaves ports for others

	// Targets of the issue.
	maxSlowLatency = time.Second // p99 of a normal client among bad ones
)

// soakTest returns the form that SOAK chooses, or skips the test.
func soakTest(t testing.TB) soakForm {
	t.Helper()
	form := soakForm(os.Getenv("SOAK"))
	switch form {
	case soakShort, soakLong:
	case "":
		t.Skip("run make soak, or set SOAK=short (all in 3 minutes) or SOAK=long")
	default:
		t.Fatalf("SOAK=%q; want %s or %s", form, soakShort, soakLong)
	}
	_ = mysql.SetLogger(&mysql.NopLogger{}) // it would log what the tests do on purpose
	return form
}

// pick returns the value for the form.
func pick[T any](form soakForm, short, long T) T {
	if form == soakLong {
		return long
	}
	return short
}

// soakContext ends with the test, or after soakTimeout.
func soakContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soakTimeout)
	t.Cleanup(cancel)
	return ctx
}

// newSoakServer returns the database server of TEST_DB_*, or a private MariaDB that
// ends with the test.
func newSoakServer(t testing.TB) (dbServer, *processes) {
	t.Helper()
	external, ok, err := externalDB()
	switch {
	case err != nil:
		t.Fatal(err)
	case ok:
		return external, newTestProcesses(t)
	}
	private := newTestMariaDB(t)
	return private.dbServer, private.ps
}

// openSoakDatabase returns the administrator's pool in a database, which is dropped
// when the test ends.
func openSoakDatabase(t testing.TB, server dbServer, name string) *sql.DB {
	t.Helper()
	db, err := server.admin(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		db.Close()
		if err := dropDatabase(context.Background(), server, name); err != nil {
			t.Error(err)
		}
	})
	return db
}

// startTestReadapi starts the server under test; it ends with the test. Its log
// is shown if the test fails, and must be free of panics.
func startTestReadapi(t testing.TB, ps *processes, env ...string) *process {
	t.Helper()
	p, err := ps.startReadapi(t.Context(), env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.stop()
		if log := readLog(t, p); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
			t.Errorf("readapi has panicked:\n%s", log)
		} else if t.Failed() {
			t.Logf("readapi's log ends with:\n%s", p.logTail())
		}
	})
	return p
}

// readLog is all that p has written.
func readLog(t testing.TB, p *process) string {
	t.Helper()
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// awaitTrue waits until done returns true.
func awaitTrue(ctx context.Context, t testing.TB, what string, done func() bool) {
	t.Helper()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, context.Cause(ctx))
		case <-time.After(pollInterval): // nothing signals it
		}
	}
}

// wait lets load go on for d.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// checker is called before a request, and what it returns with the body of the
// response.
type checker func() func(body []byte) error

// crowd is a number of connections that read from a server again and again. It
// is made by startCrowd.
type crowd struct {
	addr, path string
	check      checker
	// visitors open a connection for each request, a visitInterval after the last.
	visitors bool

	end     context.CancelFunc // of the loops; each finishes its request
	members []crowdMember
	running sync.WaitGroup
}

// crowdMember is one connection.
type crowdMember struct {
	requests  atomic.Int64    // that have ended
	latencies []time.Duration // of the good responses
	failures  int
	err       error // the last failure
}

// startCrowd starts the connections, which keep one request under way each until
// stop is called or the test ends.
func startCrowd(t testing.TB, connections int, addr, path string, check checker) *crowd {
	t.Helper()
	return (&crowd{addr: addr, path: path, check: check}).start(t, connections)
}

// startVisitors is startCrowd for clients that open a connection for each
// request.
func startVisitors(t testing.TB, clients int, addr, path string, check checker) *crowd {
	t.Helper()
	return (&crowd{addr: addr, path: path, check: check, visitors: true}).start(t, clients)
}

func (c *crowd) start(t testing.TB, members int) *crowd {
	ctx, cancel := context.WithCancel(t.Context())
	c.end, c.members = cancel, make([]crowdMember, members)
	for i := range c.members {
		c.running.Go(func() { c.loop(ctx, &c.members[i]) }) // ends with ctx
	}
	t.Cleanup(func() { c.stop() })
	return c
}

// loop is the life of a member.
func (c *crowd) loop(ctx context.Context, m *crowdMember) {
	client := newClient(c.addr, c.path)
	defer client.close()
	var body bytes.Buffer
	for ctx.Err() == nil {
		body.Reset()
		start := time.Now()
		client.deadline = start.Add(requestTimeout)
		check := c.check()
		_, err := client.get(context.WithoutCancel(ctx), &body) // to its end
		took := time.Since(start)
		if err == nil {
			err = check(body.Bytes())
		}
		m.requests.Add(1)
		if err != nil {
			m.failures++
			m.err = fmt.Errorf("after %v: %w", took.Round(time.Millisecond), err)
			wait(ctx, failurePause)
			continue
		}
		m.latencies = append(m.latencies, took)
		if c.visitors {
			client.close()
			wait(ctx, visitInterval)
		}
	}
}

// awaitRequests waits until every connection has ended n more requests, well or
// badly.
func (c *crowd) awaitRequests(ctx context.Context, t testing.TB, n int64) {
	t.Helper()
	var goals []int64
	for i := range c.members {
		goals = append(goals, c.members[i].requests.Load()+n)
	}
	awaitTrue(ctx, t, "responses on every connection", func() bool {
		for i := range c.members {
			if c.members[i].requests.Load() < goals[i] {
				return false
			}
		}
		return true
	})
}

// stop lets the connections take the responses under way and returns what came
// of all.
func (c *crowd) stop() tally {
	c.end()
	c.running.Wait()
	var total tally
	for i := range c.members {
		m := &c.members[i]
		total.latencies = append(total.latencies, m.latencies...)
		total.failures += m.failures
		if m.err != nil {
			total.err = m.err
		}
	}
	slices.Sort(total.latencies)
	return total
}

// tally is what came of a crowd.
type tally struct {
	latencies []time.Duration // of the good responses, ascending
	failures  int
	err       error // one of the failures
}

func (r tally) p99() time.Duration { return percentile(r.latencies, 0.99) }

// String is for logs.
func (r tally) String() string {
	return fmt.Sprintf("%d good responses, %d failures; p50 %v, p99 %v, longest %v",
		len(r.latencies), r.failures, percentile(r.latencies, 0.5).Round(100*time.Microsecond),
		r.p99().Round(100*time.Microsecond), percentile(r.latencies, 1).Round(time.Millisecond))
}

// mustBeGood fails the test if any request failed.
func (r tally) mustBeGood(t testing.TB) {
	t.Helper()
	if r.failures > 0 || len(r.latencies) == 0 {
		t.Errorf("%v; want no failures. The last: %v", r, r.err)
	}
}

// mustBeQuick fails the test if p99 is over the target for normal clients among
// bad ones.
func (r tally) mustBeQuick(t testing.TB) {
	t.Helper()
	if r.p99() >= maxSlowLatency {
		t.Errorf("p99 = %v; want less than %v", r.p99(), maxSlowLatency)
	}
}
