package main

// This file has the soak tests of clients that all ask for something else, so
// that nothing is shared: nobody may starve.

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"
)

const (
	// starveDatabase is also made on the server of TEST_DB_*, and dropped.
	starveDatabase = databasePrefix + "starve"
	// wideTable has results of just under 1 MiB, the largest that readapi keeps
	// whole: any wideRows rows of it, which are half of all.
	wideTable = "wide"
	wideRows  = 1000
	// endlessTable is a view whose reads take many minutes and have no row.
	endlessTable = "endless"

	// fairShare is how much of what 64 connections get 256 must get at least: as
	// much, but for what a busy machine adds.
	fairShare = 0.9
)

// starveScene is a database where each client can ask for something else.
type starveScene struct {
	dbServer
	ps   *processes
	form soakForm
	rows int     // of sample
	db   *sql.DB // for the administrator
}

// TestSoakStarve has crowds of clients ask for different rows: at full speed,
// slowly, and leaving before the answer.
func TestSoakStarve(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newStarveScene(ctx, t, form)
	t.Run("different keys", func(t *testing.T) { testStarveKeys(ctx, t, s) })
	steady := startSteadyReader(ctx, t, s) // beside the next two, from a server of its own
	for _, w := range []slowWave{
		{name: "1,000 clients at 1 B/s", clients: 1000, bytesPerSecond: 1},
		{name: "80 clients at 1 KB/s", clients: 80, bytesPerSecond: 1000, again: time.Second},
	} {
		t.Run(w.name, func(t *testing.T) { testStarveSlow(ctx, t, s, w) })
	}
	t.Run("a reader at 40 KB/s", func(t *testing.T) { steady.mustGoOn(ctx, t, s) })
	t.Run("abandoned queries", func(t *testing.T) { testAbandoned(ctx, t, s) })
}

// newStarveScene makes the tables on the server of TEST_DB_*, or on a private
// MariaDB.
func newStarveScene(ctx context.Context, t testing.TB, form soakForm) *starveScene {
	t.Helper()
	s := &starveScene{form: form, rows: pick(form, 100_000, 1_000_000)}
	s.dbServer, s.ps = newSoakServer(t)
	if err := createSampleDatabase(ctx, s.dbServer, starveDatabase, s.rows); err != nil {
		t.Fatal(err)
	}
	s.db = openSoakDatabase(t, s.dbServer, starveDatabase)
	err := execAll(ctx, s.dbServer, starveDatabase,
		"CREATE TABLE "+wideTable+" (id BIGINT PRIMARY KEY, pad TEXT NOT NULL)",
		fmt.Sprintf("INSERT INTO %s SELECT id, REPEAT('x', 1000) FROM sample WHERE id <= %d", wideTable, 2*wideRows),
		"CREATE VIEW "+endlessTable+" AS SELECT a.id FROM sample a JOIN sample b ON a.qty + b.qty < 0")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts readapi. env are further variables.
func (s *starveScene) serve(t testing.TB, env ...string) *process {
	t.Helper()
	env = append(env, "DB_NAME="+starveDatabase, "DB_TABLES=sample,"+wideTable+","+endlessTable)
	return startTestReadapi(t, s.ps, append(env, s.reader()...)...)
}

// testStarveKeys has more and more clients read rows by their keys. None may be
// refused, and many must not get less than few do.
func testStarveKeys(ctx context.Context, t *testing.T, s *starveScene) {
	const few, many, crowd, rounds = 64, 256, 1000, 3
	server := s.serve(t)
	duration := pick(s.form, 700*time.Millisecond, 5*time.Second)
	rates := map[int][]float64{}
	for round := range rounds {
		for _, clients := range []int{few, many, crowd} {
			l := newLoad(server.addr, newDifferentRows(clients, readapiRoutes, s.rows, false))
			l.patient = true
			result := l.run(ctx, duration)
			l.close()
			rates[clients] = append(rates[clients], result.rate())
			t.Logf("round %d: %d clients: %.0f good responses per second, p99 %v; %d failures", round+1, clients,
				result.rate(), percentile(result.latencies, 0.99).Round(100*time.Microsecond), result.failures)
			if result.failures > 0 {
				t.Errorf("%d clients: %d of %d requests failed; want none. The last: %v", clients, result.failures,
					result.failures+len(result.latencies), result.err)
			}
		}
	}
	// Rounds of less than a second on a machine with others say nothing of speed.
	if got, want := median(rates[many]), median(rates[few]); s.form == soakLong && got < fairShare*want {
		t.Errorf("%d clients get %.0f responses per second; want the %.0f of %d", many, got, want, few)
	}
}

// widePath is a result of just under 1 MiB, another one for each n up to
// wideRows.
func widePath(n int) string {
	return fmt.Sprintf("/read/%s?id=gt.%d&order=id&limit=%d", wideTable, n, wideRows)
}

// wideWhole checks that a result of wideTable is whole.
func wideWhole() func(body []byte) error {
	return func(body []byte) error {
		if n := bytes.Count(body, []byte("{")); n != wideRows || !bytes.HasSuffix(body, []byte("}]\n")) {
			return fmt.Errorf("%w: %d rows that end with %.20q", errWrong, n, body[max(0, len(body)-20):])
		}
		return nil
	}
}

// firstRow checks that a result is the first row of sample.
func firstRow() func(body []byte) error { return wanted{first: 1, step: 1, rows: 1}.check }

// slowWave is a number of clients that take results of 1 MiB slowly.
type slowWave struct {
	name           string
	clients        int
	bytesPerSecond int
	// again is when one comes back that was refused or cut off; never if 0: so
	// many would be too many even if they were quick.
	again time.Duration
}

// testStarveSlow has clients take results of 1 MiB slowly, each another one. They
// must not take memory, nor the answers from normal clients.
func testStarveSlow(ctx context.Context, t *testing.T, s *starveScene, w slowWave) {
	server := s.serve(t)
	normal := map[string]*crowd{
		"a row":                     startCrowd(t, 1, server.addr, "/read?id=eq.1", firstRow),
		"a row, on new connections": startVisitors(t, 1, server.addr, "/read?id=eq.1", firstRow),
	}
	for _, c := range normal {
		c.awaitRequests(ctx, t, 1)
	}
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	slow := slowClients{addr: server.addr, atOnce: w.bytesPerSecond}
	defer slow.group.Wait()
	defer cancel()
	for n := range w.clients {
		slow.group.Go(func() { slow.insist(ctx, widePath(n), w.again) }) // ends with ctx
	}
	// Until each has been told something, these are clients like any other, whose
	// turn may come before that of a result as large.
	awaitTrue(ctx, t, "an answer for each slow client", func() bool { return slow.told() >= int64(w.clients) })
	t.Logf("each slow client has been told something after %v", time.Since(begun).Round(time.Millisecond))
	normal["a result of 1 MiB"] = startCrowd(t, 1, server.addr, widePath(wideRows), wideWhole)
	wait(ctx, pick(s.form, 12*time.Second, time.Minute)) // more than a look at their rates takes, and a stall
	t.Logf("slow clients: %d served, %d refused with 503, %d cut before their status", slow.served.Load(),
		slow.refused.Load(), slow.cut.Load())
	for name, c := range normal {
		result := c.stop()
		t.Logf("normal client, %s: %v", name, result)
		result.mustBeGood(t)
		result.mustBeQuick(t)
	}
	mustBeLean(t, server)
}
