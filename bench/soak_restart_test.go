package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

const (
	restartConnections = 64
	// maxOutage is how long the database may be away for readapi to bridge it.
	maxOutage = 5 * time.Second
	// maxLogLines is how much readapi may log for one outage: that the database
	// is away, and that it is back, perhaps twice if it comes back by halves.
	maxLogLines = 8
)

// restartScene is a private MariaDB with two tables, and readapi.
type restartScene struct {
	*mariaDB
	form       soakForm
	db         *sql.DB  // for the administrator
	small, meg *counter // 10 rows, and just under 1 MiB
	server     *process
}

// TestSoakRestart ends the database or its connections under 64 clients. They
// must see latency, and nothing else.
func TestSoakRestart(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := newRestartScene(ctx, t, form)
	tests := []struct {
		name  string
		times int
		path  string
		table *counter
		fault func(context.Context, testing.TB, *restartScene)
	}{
		{"kill -9", pick(form, 1, 8), readPath, s.small, func(ctx context.Context, t testing.TB, s *restartScene) {
			s.away(ctx, t, func() { s.kill() })
		}},
		{"SIGTERM", pick(form, 1, 4), readPath, s.small, func(ctx context.Context, t testing.TB, s *restartScene) {
			s.away(ctx, t, func() { s.stop() })
		}},
		{"KILL", pick(form, 1, 10), readPath, s.small, killConnections},
		{"KILL in mid-result", pick(form, 1, 10), "/read/" + megTable, s.meg, killConnections},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stopWriter := tt.table.startWriter(ctx, s.db)
			defer stopWriter()
			linesBefore := s.logLines(t)
			readers := startCrowd(t, restartConnections, s.server.addr, tt.path, tt.table.fresh)
			for range tt.times {
				readers.awaitRequests(ctx, t, 3)
				tt.fault(ctx, t, s)
				tt.table.awaitCommits(ctx, t, 10)
			}
			readers.awaitRequests(ctx, t, 3)
			result := readers.stop()
			result.mustBeGood(t)
			t.Logf("%d connections, %v", restartConnections, result)
			if lines := s.logLines(t) - linesBefore; lines > maxLogLines*tt.times {
				t.Errorf("readapi has logged %d lines; want at most %d", lines, maxLogLines*tt.times)
			}
		})
	}
}

// newRestartScene starts both. env are further variables of readapi.
func newRestartScene(ctx context.Context, t testing.TB, form soakForm, env ...string) *restartScene {
	t.Helper()
	s := &restartScene{mariaDB: newTestMariaDB(t), form: form}
	s.db = newSoakDatabase(ctx, t, s.dbServer)
	s.small = newCounter(ctx, t, s.db, "sample", 10, 100)
	s.meg = newCounter(ctx, t, s.db, megTable, megRows, megRowBytes)
	s.makeDurable(ctx, t)
	env = append(env, "DB_NAME="+soakDatabase, "DB_TABLES=sample,"+megTable)
	s.server = startTestReadapi(t, s.ps, append(env, s.reader()...)...)
	return s
}

// soakDatabase is the database of all soak tests.
const soakDatabase = "soak"

// newSoakDatabase makes the database and returns the administrator's pool in it.
func newSoakDatabase(ctx context.Context, t testing.TB, server dbServer) *sql.DB {
	t.Helper()
	if err := execAll(ctx, server, "", "CREATE DATABASE "+soakDatabase); err != nil {
		t.Fatal(err)
	}
	db, err := server.admin(soakDatabase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// makeDurable has every commit on disk before it is acknowledged.
func (s *restartScene) makeDurable(ctx context.Context, t testing.TB) {
	t.Helper()
	if err := execAll(ctx, s.dbServer, "", "SET GLOBAL innodb_flush_log_at_trx_commit = 1"); err != nil {
		t.Fatal(err)
	}
}

// away ends the server with end and starts it again on the same data and port.
// Meanwhile there is nothing on the port.
func (s *restartScene) away(ctx context.Context, t testing.TB, end func()) {
	t.Helper()
	start := time.Now()
	end()
	wait(ctx, pick(s.form, time.Second, rand.N(maxOutage-time.Second)))
	if err := s.start(ctx); err != nil {
		t.Fatal(err)
	}
	outage := time.Since(start)
	s.makeDurable(ctx, t)
	t.Logf("the database was away for %v", outage.Round(time.Millisecond))
	if outage > maxOutage {
		t.Logf("that is over the %v that readapi has to bridge: the machine is slow", maxOutage)
	}
}

// killConnections ends connections of readapi at random for a while, idle ones
// and busy ones.
func killConnections(ctx context.Context, t testing.TB, s *restartScene) {
	t.Helper()
	killed := 0
	for end := time.Now().Add(pick(s.form, time.Second, 2*time.Second)); time.Now().Before(end); {
		wait(ctx, rand.N(20*time.Millisecond)) // a random moment of a query
		const find = "SELECT id FROM information_schema.processlist WHERE user = ? ORDER BY RAND() LIMIT 1"
		var id int64
		err := s.db.QueryRowContext(ctx, find, s.readerUser).Scan(&id)
		if err == sql.ErrNoRows {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		kind := []string{"CONNECTION", "QUERY"}[rand.N(2)]
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf("KILL %s %d", kind, id)); err == nil {
			killed++ // otherwise it has just ended
		}
	}
	if killed == 0 {
		t.Error("no connection was killed")
	}
}

// logLines is how many lines readapi has logged.
func (s *restartScene) logLines(t testing.TB) int {
	t.Helper()
	return strings.Count(readLog(t, s.server), "\n")
}
