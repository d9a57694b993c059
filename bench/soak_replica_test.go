package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// TestSoakReplica reads from a replica while its primary is written to, and kills
// the replica under 64 clients: they must see latency and whole results, of
// whatever time. When nobody writes any more the replica gives the bytes, and the
// ETag, that the primary gives.
func TestSoakReplica(t *testing.T) {
	form := soakTest(t)
	primary := newTestMariaDB(t, "--server-id=1", "--log-bin")
	replica := newTestMariaDB(t, "--server-id=2", "--read-only")
	ctx := soakContext(t)
	db := newSoakDatabase(ctx, t, primary.dbServer)
	table := newCounter(ctx, t, db, "sample", 10, 100)
	replica.follow(ctx, t, primary)
	there := startTestReadapi(t, primary.ps, append(primary.reader(), "DB_NAME="+soakDatabase)...)
	here := startTestReadapi(t, replica.ps, append(replica.reader(), "DB_NAME="+soakDatabase)...)
	awaitTrue(ctx, t, "the table on the replica", func() bool { return sameAnswer(ctx, there, here) })

	stopWriter := table.startWriter(ctx, db)
	readers := startCrowd(t, restartConnections, here.addr, readPath, table.complete)
	for range pick(form, 1, 8) {
		readers.awaitRequests(ctx, t, 3)
		replica.kill()
		table.awaitCommits(ctx, t, 10) // the primary goes on
		if err := replica.start(ctx); err != nil {
			t.Fatal(err)
		}
		readers.awaitRequests(ctx, t, 3)
	}
	stopWriter()
	result := readers.stop()
	result.mustBeGood(t)
	t.Logf("%d connections, %v", restartConnections, result)
	awaitTrue(ctx, t, "the same rows on both", func() bool { return sameAnswer(ctx, there, here) })
}

// follow makes m a replica of primary, from the beginning of its log on, also when
// it is started again.
func (m *mariaDB) follow(ctx context.Context, t testing.TB, primary *mariaDB) {
	t.Helper()
	err := execAll(ctx, m.dbServer, "", fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%d, MASTER_USER='%s', MASTER_PASSWORD='%s', "+
		"MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1", primary.host, primary.port, adminUser, adminPassword), "START SLAVE")
	if err != nil {
		t.Fatal(err)
	}
	db, err := m.admin("")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	awaitTrue(ctx, t, "the database on the replica", func() bool {
		var name string
		return db.QueryRowContext(ctx, "SHOW DATABASES LIKE '"+soakDatabase+"'").Scan(&name) != sql.ErrNoRows && name != ""
	})
}

// sameAnswer reports whether both give the same bytes and the same ETag.
func sameAnswer(ctx context.Context, one, other *process) bool {
	var answers [2]string
	for i, p := range []*process{one, other} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(readPath), nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		body, err := io.ReadAll(resp.Body)
		if resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
			return false
		}
		answers[i] = resp.Header.Get("ETag") + string(body)
	}
	return answers[0] == answers[1]
}
