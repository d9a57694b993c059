package connect

// This file runs the Connector against real servers. TEST_DB_* say which
// (CONTRIBUTING.md). TEST_DB_SECOND_PORT is the port, on the same host and with
// the same accounts, of a second server that tests may set up as they like.

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// realServer is a server, and a database on it that one test has for itself.
type realServer struct {
	addr  string
	name  string // of the database; it has a table t of 1000 numbers n
	admin *sql.DB
}

// newReal makes a database on the server of TEST_DB_*, until the test ends.
func newReal(tb testing.TB) *realServer {
	tb.Helper()
	return newRealAt(tb, os.Getenv("TEST_DB_PORT"))
}

// newSecond makes one on the second server.
func newSecond(tb testing.TB) *realServer {
	tb.Helper()
	newReal(tb) // says what is missing
	port := os.Getenv("TEST_DB_SECOND_PORT")
	if port == "" {
		tb.Skip("not set: TEST_DB_SECOND_PORT. Want a second server of any kind there, whose global variables may be changed")
	}
	return newRealAt(tb, port)
}

func newRealAt(tb testing.TB, port string) *realServer {
	tb.Helper()
	host := os.Getenv("TEST_DB_HOST")
	if host == "" || strings.HasPrefix(host, "/") {
		tb.Skipf("TEST_DB_HOST = %q. Want the address of a MySQL or MariaDB server there, with TEST_DB_PORT, TEST_DB_USER "+
			"and TEST_DB_PASSWORD of an account that may do everything; optional: TEST_DB_READER, TEST_DB_READER_PASSWORD", host)
	}
	s := &realServer{addr: net.JoinHostPort(host, port), name: "connector_" + strings.ToLower(rand.Text()[:12])}
	cfg := testConfig(s.addr)
	cfg.User, cfg.Passwd, cfg.TLSConfig = os.Getenv("TEST_DB_USER"), os.Getenv("TEST_DB_PASSWORD"), "preferred"
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	s.admin = sql.OpenDB(connector)
	tb.Cleanup(func() {
		s.exec(tb, "DROP DATABASE IF EXISTS "+s.name)
		s.admin.Close()
	})
	var comment sql.NullString
	if err := s.admin.QueryRow("SELECT @@version_comment").Scan(&comment); err != nil || strings.Contains(comment.String, "Dolt") {
		tb.Skipf("@@version_comment = %q, %v. Want MySQL or MariaDB: the embedded engine does not say who it is, and nothing is killed there", comment.String, err)
	}
	s.exec(tb, "CREATE DATABASE "+s.name, "CREATE TABLE "+s.name+".t (n INT PRIMARY KEY)",
		"INSERT INTO "+s.name+".t WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n+1 FROM c WHERE n<1000) SELECT n FROM c")
	return s
}

// exec runs statements as the admin. It also works in a Cleanup.
func (s *realServer) exec(tb testing.TB, statements ...string) {
	tb.Helper()
	for _, statement := range statements {
		if _, err := s.admin.Exec(statement); err != nil {
			tb.Fatalf("Exec(%.100q) = %v", statement, err)
		}
	}
}

// config is how the reader gets to s.
func (s *realServer) config() *mysql.Config {
	cfg := testConfig(s.addr)
	cfg.User = cmp.Or(os.Getenv("TEST_DB_READER"), os.Getenv("TEST_DB_USER"))
	cfg.Passwd = os.Getenv("TEST_DB_PASSWORD")
	if os.Getenv("TEST_DB_READER") != "" {
		cfg.Passwd = os.Getenv("TEST_DB_READER_PASSWORD")
	}
	cfg.DBName, cfg.TLSConfig = s.name, "preferred"
	return cfg
}

// pool opens a pool of n connections.
func (s *realServer) pool(tb testing.TB, cfg *mysql.Config, n int) *sql.DB {
	tb.Helper()
	pool := sql.OpenDB(newTestConnector(tb, cfg, patience))
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	tb.Cleanup(func() { pool.Close() })
	return pool
}

// running counts the queries of the kinds below that run in s's database.
func (s *realServer) running(tb testing.TB) (n int) {
	tb.Helper()
	err := s.admin.QueryRow("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND <> 'Sleep' AND DB = '" +
		s.name + "' AND (INFO LIKE '%SLEEP(60%' OR INFO LIKE '%FROM t a, t b, t c%' OR INFO LIKE '%FROM locked a%')").Scan(&n)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// A minute of each.
const (
	sleepQuery  = "SELECT SLEEP(60)"
	lockedQuery = "SELECT COUNT(*) FROM locked a"
	scanQuery   = "SELECT COUNT(*) FROM t a, t b, t c WHERE a.n+b.n*c.n<0"
)

func TestMySQLSessionIsPinned(t *testing.T) {
	s := newReal(t)
	cfg := s.config()
	cfg.Params = map[string]string{"autocommit": "0", "sql_select_limit": "5", "time_zone": "'+07:00'", "lock_wait_timeout": "77"}
	s.wantPinned(t, cfg)
}

func TestMySQLGlobalsDoNotMatter(t *testing.T) {
	s := newSecond(t)
	set := func(values string) {
		t.Helper()
		for value := range strings.SplitSeq(values, ";") {
			s.exec(t, "SET GLOBAL "+value)
		}
	}
	t.Cleanup(func() {
		set("autocommit=1;sql_select_limit=18446744073709551615;time_zone='SYSTEM';net_write_timeout=60;init_connect=''")
	})
	set("autocommit=0;sql_select_limit=5;time_zone='+07:00';net_write_timeout=1;" +
		"init_connect='SET autocommit=0, sql_select_limit=3, NAMES latin1'")
	s.wantPinned(t, s.config())
}

// wantPinned reads with a pool of cfg.
func (s *realServer) wantPinned(t *testing.T, cfg *mysql.Config) {
	t.Helper()
	pool := s.pool(t, cfg, 1)
	var got, version string
	const query = "SELECT CONCAT_WS(' ', @@autocommit+0, @@sql_select_limit, @@time_zone, @@net_write_timeout, " +
		"@@character_set_client, @@character_set_connection, @@character_set_results), VERSION()"
	if err := pool.QueryRow(query).Scan(&got, &version); err != nil {
		t.Fatalf("SELECT = %v", err)
	}
	if want := "1 18446744073709551615 +00:00 600 utf8mb4 utf8mb4 utf8mb4"; got != want {
		t.Errorf("session = %s; want %s", got, want)
	}
	backstop, want := "@@max_execution_time", "21600000"
	if strings.Contains(version, "MariaDB") {
		backstop, want = "@@max_statement_time", "21600"
	}
	if err := pool.QueryRow("SELECT FLOOR(" + backstop + ")").Scan(&got); err != nil || got != want {
		t.Errorf("%s = %s, %v; want %s", backstop, got, err, want)
	}
	var rows int
	if err := pool.QueryRow("SELECT COUNT(*) FROM (SELECT n FROM t) s").Scan(&rows); err != nil || rows != 1000 {
		t.Errorf("rows = %d, %v; want 1000", rows, err)
	}
}

func TestMySQLIdentityLasts(t *testing.T) {
	s := newReal(t)
	c := newTestConnector(t, s.config(), patience)
	defer c.Close()
	seen := map[string]bool{}
	for start := time.Now(); time.Since(start) < 1100*time.Millisecond; { // over the full second
		made, err := c.Connect(t.Context())
		if err != nil {
			t.Fatalf("Connect = %v", err)
		}
		seen[made.(*conn).server] = true
		made.Close()
	}
	if len(seen) != 1 || seen[""] {
		t.Errorf("identities = %v; want one", seen)
	}
}

func TestMySQLGivenUpQueriesEnd(t *testing.T) {
	s := newReal(t)
	tests := []struct {
		size  int
		query string
	}{
		{2, sleepQuery}, // no more: MariaDB is slow to kill many in SLEEP
		{10, scanQuery},
		{20, scanQuery},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d/%.15s", tt.size, tt.query), func(t *testing.T) { s.giveUp(t, 20*min(tt.size, 10), tt.size, tt.query) })
	}
}

// TestMySQLGivenUpAtOnce has everybody wait for a locked table, as behind ALTER
// TABLE: 200 queries that compute would be too much for the machine.
func TestMySQLGivenUpAtOnce(t *testing.T) {
	s := newSecond(t)
	var before string
	if err := s.admin.QueryRow("SELECT @@GLOBAL.max_connections").Scan(&before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.exec(t, "SET GLOBAL max_connections="+before) })
	s.exec(t, "SET GLOBAL max_connections=400", "CREATE TABLE "+s.name+".locked (n INT)")
	lock, err := s.admin.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.ExecContext(t.Context(), "LOCK TABLES "+s.name+".locked WRITE"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = lock.ExecContext(context.Background(), "UNLOCK TABLES")
		lock.Close()
	})
	s.giveUp(t, 200, 200, lockedQuery)
}

// giveUp has clients ask query of a pool of size, and leave after a tenth of a
// second of it.
func (s *realServer) giveUp(t *testing.T, clients, size int, query string) {
	t.Helper()
	pool := s.pool(t, s.config(), size)
	var wg sync.WaitGroup
	most, stop, watched := 0, make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(watched)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most = max(most, s.running(t))
			}
		}
	}()
	halt := sync.OnceFunc(func() {
		close(stop)
		<-watched
	})
	defer halt()
	begin := time.Now()
	for range clients {
		wg.Go(func() {
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Errorf("Conn = %v", err)
				return
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			var n any
			if err := conn.QueryRowContext(ctx, query).Scan(&n); err == nil {
				t.Error("read = nil; want an error")
			}
		})
	}
	wg.Wait()
	t.Logf("%d clients came and left in %v", clients, time.Since(begin))
	for n, left := 3, time.Now(); n > 2; {
		n = s.running(t)
		if took := time.Since(left); n <= 2 {
			t.Logf("%d queries run %v after the last has left", n, took)
		} else if took > 3*time.Second {
			t.Fatalf("queries running %v after the last has left = %d; want at most 2", took, n)
		}
	}
	halt()
	if most > size {
		t.Errorf("queries at once = %d; want at most %d", most, size)
	}
	t.Logf("at most %d queries at once", most)
}

// TestMySQLSmallAccount gives up queries of an account that may read one
// database only, sent in each way.
func TestMySQLSmallAccount(t *testing.T) {
	s := newReal(t)
	s.exec(t, "CREATE USER "+s.name+"@'%' IDENTIFIED BY 'secret'", "GRANT SELECT ON "+s.name+".* TO "+s.name+"@'%'")
	t.Cleanup(func() { s.exec(t, "DROP USER "+s.name+"@'%'") })
	for _, interpolate := range []bool{true, false} {
		t.Run(fmt.Sprintf("interpolate=%t", interpolate), func(t *testing.T) {
			cfg := s.config()
			cfg.User, cfg.Passwd, cfg.InterpolateParams = s.name, "secret", interpolate
			pool := s.pool(t, cfg, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { // ends with ctx
				var n any
				done <- pool.QueryRowContext(ctx, "SELECT n FROM t WHERE SLEEP(60)=?", 1).Scan(&n)
			}()
			await(t, "it runs", func() bool { return s.running(t) == 1 })
			cancel()
			if err := <-done; err == nil {
				t.Error("read = nil; want an error")
			}
			await(t, "the connection is closed", func() bool { return pool.Stats().OpenConnections == 0 })
			if n := s.running(t); n != 0 {
				t.Errorf("queries running = %d; want 0", n)
			}
		})
	}
}

func TestMySQLKillBehindABalancer(t *testing.T) {
	a, b := newReal(t), newSecond(t)
	b.exec(t, "CREATE DATABASE "+a.name)
	t.Cleanup(func() { b.exec(t, "DROP DATABASE "+a.name) })
	cfgA, cfgB := a.config(), b.config()
	start(t, b.pool(t, cfgB, 1), sleepQuery)
	await(t, "b runs", func() bool { return b.running(t) == 1 })
	// The pool's connection leads to a, the first three others to b.
	cfgA.Addr = listen(t, newProxy(a.addr, b.addr, b.addr, b.addr).play)
	pool := a.pool(t, cfgA, 1)
	giveUp := start(t, pool, sleepQuery)
	await(t, "a runs", func() bool { return a.running(t) == 1 })
	giveUp()
	await(t, "the connection is closed", func() bool { return pool.Stats().OpenConnections == 0 })
	if inA, inB := a.running(t), b.running(t); inA != 0 || inB != 1 {
		t.Errorf("a runs %d, b runs %d; want 0, 1", inA, inB)
	}
}

// BenchmarkMySQLRows reads rows of one number through the Connector, and through
// the driver alone.
func BenchmarkMySQLRows(b *testing.B) {
	s := newReal(b)
	bare, err := mysql.NewConnector(s.config())
	if err != nil {
		b.Fatal(err)
	}
	pools := map[string]*sql.DB{"bare": sql.OpenDB(bare), "connector": s.pool(b, s.config(), 1)}
	defer pools["bare"].Close()
	const count = 100_000
	for name, pool := range pools {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				rows, err := pool.Query(fmt.Sprintf("SELECT a.n FROM t a, t b WHERE b.n<=%d", count/1000))
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for rows.Next() {
					n++
				}
				if rows.Close(); n != count {
					b.Fatalf("rows = %d; want %d", n, count)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/row")
		})
	}
}
