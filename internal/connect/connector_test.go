package connect

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

func TestConnectorPinsTheSession(t *testing.T) {
	const pins = "NAMES utf8mb4, time_zone='+00:00', autocommit=1, sql_select_limit=18446744073709551615, net_write_timeout=600"
	tests := []struct {
		name, version string
		params        map[string]string
		greets        uint32 // added to the thread's id
		want          string
	}{
		{"MariaDB", "10.11.0-MariaDB", nil, 0, "SET max_statement_time=21600, " + pins},
		{"MySQL", "9.7.0", nil, 0, "SET max_execution_time=21600000, " + pins},
		{
			"of the operator", "9.7.0",
			map[string]string{"workload": "olap", "max_execution_time": "5000", "autocommit": "0"},
			0,
			"SET max_execution_time=21600000, autocommit=0, max_execution_time=5000, workload=olap, " + pins,
		},
		{ // which may be a Vitess that has another name, whose limits are signed
			"behind a proxy", "9.7.0", nil, 1000,
			"SET max_execution_time=21600000, " + strings.Replace(pins, "18446744073709551615", "9223372036854775807", 1),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("a")
			f.version, f.greets = tt.version, tt.greets
			cfg := testConfig(f.serve(t))
			cfg.Params = tt.params
			c := newTestConnector(t, cfg, patience)
			defer c.Close()
			conn, err := sideConnector{c}.Connect(t.Context()) // it alone
			if err != nil {
				t.Fatalf("Connect = %v", err)
			}
			conn.Close()
			if got := f.received(); len(got) != 2 || got[1] != tt.want {
				t.Errorf("queries = %q; want two, the second %q", got, tt.want)
			}
		})
	}
}

// received returns the queries so far.
func (f *fake) received() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.queries)
}

func TestConnectorWithAnUnknownEngine(t *testing.T) {
	for version, want := range map[string]int{"9.0.0-Other": 3, "9.0.0-Vitess": 1} { // queries
		t.Run(version, func(t *testing.T) { checkUnknownEngine(t, version, want) })
	}
}

// checkUnknownEngine connects to an engine that does not tell who it is. Vitess is
// not asked: one of the servers behind it would tell who that is.
func checkUnknownEngine(t *testing.T, version string, want int) {
	t.Helper()
	var queries []string
	addr := listen(t, func(conn net.Conn) { // one client, once
		send(conn, 0, greeting(version, 7, capsPlain))
		receive(conn)
		send(conn, 2, okPacket)
		for q := receive(conn); q != "" && q != comQuit; q = receive(conn) {
			queries = append(queries, q)
			answer := okPacket
			if strings.Contains(q, "SELECT") {
				answer = errPacket(1105, "syntax error")
			}
			send(conn, 1, answer)
		}
	})
	c := newTestConnector(t, testConfig(addr), patience)
	defer c.Close()
	made, err := sideConnector{c}.Connect(t.Context())
	if err != nil {
		t.Fatalf("Connect = %v", err)
	}
	if got := made.(*conn).server; got != "" {
		t.Errorf("server = %q; want none", got)
	}
	made.Close()
	if last := queries[len(queries)-1]; len(queries) != want || strings.Contains(last, "max_") || !strings.Contains(last, "autocommit=1") {
		t.Errorf("queries = %q; want %d, and the pins without a backstop last", queries, want)
	}
}

// TestConnectorWantsTLSEachTime fails with a mysql.Connector: after a greeting
// without TLS, "preferred" is never asked for again.
func TestConnectorWantsTLSEachTime(t *testing.T) {
	asked := make(chan bool, 2)
	var mu sync.Mutex
	caps := []string{capsPlain, capsTLS}
	addr := listen(t, func(conn net.Conn) {
		mu.Lock()
		mine := caps[0]
		caps = caps[1:]
		mu.Unlock()
		send(conn, 0, greeting("9.7.0", 1, mine))
		login := receive(conn)
		asked <- len(login) == 32 && binary.LittleEndian.Uint16([]byte(login))&capSSL != 0
	})
	cfg := testConfig(addr)
	cfg.TLSConfig = "preferred"
	c := newTestConnector(t, cfg, patience)
	defer c.Close()
	for i, want := range []bool{false, true} {
		if _, err := c.Connect(t.Context()); err == nil {
			t.Fatal("Connect = nil; want an error: the server breaks off")
		}
		if got := <-asked; got != want {
			t.Errorf("connection %d asks for TLS: %t; want %t", i, got, want)
		}
	}
}

func TestConnectorIsBounded(t *testing.T) {
	const timeout = 100 * time.Millisecond
	silent := func(conn net.Conn) { receive(conn) }
	greets := func(conn net.Conn) {
		send(conn, 0, greeting("9.7.0", 1, capsPlain))
		receive(conn)
		receive(conn)
	}
	logsIn := func(conn net.Conn) {
		send(conn, 0, greeting("9.7.0", 1, capsPlain))
		receive(conn)
		send(conn, 2, okPacket)
		receive(conn)
		receive(conn)
	}
	startsTLS := func(conn net.Conn) {
		send(conn, 0, greeting("9.7.0", 1, capsTLS))
		receive(conn)
		_, _ = conn.Read(make([]byte, 1<<16)) // the hello
		receive(conn)
	}
	tests := []struct {
		name string
		play func(net.Conn)
	}{{"silent", silent}, {"greets", greets}, {"logs in", logsIn}, {"starts TLS", startsTLS}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(listen(t, tt.play))
			cfg.TLSConfig = "preferred"
			c := newTestConnector(t, cfg, timeout)
			defer c.Close()
			start := time.Now()
			_, err := c.Connect(context.Background()) // as database/sql's goroutine does
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Connect = %v; want %v", err, context.DeadlineExceeded)
			}
			if took := time.Since(start); took > patience {
				t.Errorf("Connect took %v; want about %v", took, timeout)
			}
		})
	}
}

func TestPoolRecoversFromSilence(t *testing.T) {
	p := newProxy(newFake("a").serve(t))
	c := newTestConnector(t, testConfig(listen(t, p.play)), 300*time.Millisecond)
	pool := sql.OpenDB(c)
	defer pool.Close()
	pool.SetMaxOpenConns(2)
	read := func(timeout time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		var a string
		return pool.QueryRowContext(ctx, "SELECT a").Scan(&a)
	}
	if err := read(patience); err != nil {
		t.Fatalf("read = %v", err)
	}
	p.silence()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := read(400 * time.Millisecond); err == nil {
				t.Error("read through a silent proxy = nil; want an error")
			}
		})
	}
	wg.Wait()
	p.resume()
	if err := read(patience); err != nil {
		t.Errorf("read after the silence = %v", err)
	}
}

// TestConnectorKeepsASideConnection has one ready before it is needed.
func TestConnectorKeepsASideConnection(t *testing.T) {
	f := newFake("a")
	pool := newTestPool(t, f.serve(t), 1)
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	await(t, "a side connection", func() bool { return Of(pool).side.Stats().Idle == 1 })
}

func TestConnectorPings(t *testing.T) {
	f := newFake("a")
	c := newTestConnector(t, testConfig(f.serve(t)), patience)
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(1)
	taken, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("Ping with a busy pool = %v", err)
	}
	if got := Of(pool); got != c {
		t.Errorf("Of = %p; want %p", got, c)
	}
	taken.Close()
	if err := pool.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if err := c.Ping(t.Context()); err == nil {
		t.Error("Ping after Close = nil; want an error: Close of the pool closes the connector")
	}
}

func TestConnectorOfOtherPools(t *testing.T) {
	other, err := mysql.NewConnector(testConfig("127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(other)
	defer pool.Close()
	if got := Of(pool); got != nil {
		t.Errorf("Of(a pool of the driver) = %v; want nil", got)
	}
}
