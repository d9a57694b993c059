package main

// This file ends the program as a process of its own in the middle of things,
// and looks at what that leaves: queries in the database, and responses that
// must not look whole. How to run what needs a server: mysql_test.go.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopStart starts the program and returns it and where it listens.
func stopStart(t testing.TB, env map[string]string) (p *mainProcess, addr string) {
	t.Helper()
	p = mainExec(t, env)
	addr = p.stderr.await(t, `msg=listening addr=(\S+)`)[1]
	p.stderr.await(t, "connected to the database")
	return p, addr
}

// stopAsk sends requests, each on a connection of its own.
func stopAsk(t testing.TB, addr string, requests ...string) (conns []net.Conn) {
	t.Helper()
	for _, request := range requests {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(mainPatience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	return conns
}

// makeEndless makes the view sample, which takes hours and has no row.
func (d *mysqlDatabase) makeEndless(t testing.TB) {
	t.Helper()
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine does not say who it is: nothing is killed there")
	}
	d.exec(t, "CREATE TABLE t (n INT PRIMARY KEY)",
		"INSERT INTO t WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n+1 FROM c WHERE n<1000) SELECT n FROM c",
		"CREATE VIEW sample AS SELECT a.n FROM t a, t b, t c, t d WHERE a.n + b.n * c.n * d.n < 0")
}

// endless counts the reads of sample that run.
func (d *mysqlDatabase) endless(t testing.TB) (n int) {
	t.Helper()
	const count = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ? AND command <> 'Sleep' AND id <> CONNECTION_ID() AND info LIKE 'SELECT%sample%'"
	if err := d.admin.QueryRowContext(t.Context(), count, d.name).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitEndless waits until so many reads of sample run.
func (d *mysqlDatabase) awaitEndless(t testing.TB, want int) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for late := time.After(mainPatience); ; {
		n := d.endless(t)
		if n == want {
			return
		}
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("%d reads run; want %d", n, want)
		}
	}
}

// However the program is told to stop, its queries end in the database before it
// does: of clients that have left, and of those who wait still.
func TestMySQLStopEndsQueries(t *testing.T) {
	const queries = 6
	tests := []struct {
		name  string
		leave bool // the clients do, right before
		env   []string
		code  int
	}{
		{"abandoned", true, nil, 0},
		{"under way", false, []string{"SHUTDOWN_TIMEOUT", "300ms", "DB_TIMEOUT", "60s"}, 1},
		{"late meanwhile", false, []string{"SHUTDOWN_TIMEOUT", "20s", "DB_TIMEOUT", "3s"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newMySQLDatabase(t)
			d.makeEndless(t)
			p, addr := stopStart(t, mysqlWith(d.env, append([]string{"ADDR", "localhost:0", "LOG_LEVEL", "debug"}, tt.env...)...))
			var requests []string
			for n := range queries {
				requests = append(requests, fmt.Sprintf("GET /read?n=gt.%d HTTP/1.1\r\nHost: x\r\n\r\n", n))
			}
			conns := stopAsk(t, addr, requests...)
			d.awaitEndless(t, queries)
			if tt.leave {
				for _, conn := range conns {
					conn.Close()
				}
			}
			p.signal(t, os.Interrupt)
			p.wantExit(t, tt.code)
			if n := d.endless(t); n > 0 {
				t.Errorf("%d queries run after the end of the process; want none; stderr = %s", n, p.stderr)
				d.awaitEndless(t, 0)
			}
		})
	}
}

// stopPlay is a database whose table has no end.
func stopPlay(conn net.Conn) {
	mainSend(conn, 0, mainHandshake)
	mainReceive(conn)
	mainSend(conn, 2, mainOKPacket)
	for {
		switch command := mainReceive(conn); {
		case command == "", command == "\x01":
			return
		case command == "\x03SELECT VERSION()":
			mainSend(conn, 1, mainResult("VERSION()", "8.4.0-fake")...)
		case command == "\x03SELECT * FROM sample":
			c := newStormConn(conn)
			c.head()
			for c.out.Flush() == nil {
				c.some(100, 1000)
			}
		default:
			mainSend(conn, 1, mainOKPacket)
		}
	}
}

// To HTTP/1.0 the end of the connection is the end of the rows: however the
// process ends, a stream that is under way ends with a reset.
func TestProcessEndsStreamsOfHTTP10(t *testing.T) {
	tests := []struct {
		name    string
		signals []syscall.Signal
		timeout string
	}{
		{"SIGTERM, and SHUTDOWN_TIMEOUT passes", []syscall.Signal{syscall.SIGTERM}, "100ms"},
		{"SIGTERM twice", []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, "60s"},
		{"SIGKILL", []syscall.Signal{syscall.SIGKILL}, "60s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			database, _ := mainMySQL(t, stopPlay)
			p, addr := stopStart(t, mainEnv(t, database, map[string]string{"SHUTDOWN_TIMEOUT": tt.timeout}))
			accept := []string{"", "Accept: text/csv\r\n", "Accept-Encoding: gzip\r\n"}
			var requests []string
			for _, line := range accept {
				requests = append(requests, "GET /read HTTP/1.0\r\n"+line+"\r\n")
			}
			conns := stopAsk(t, addr, requests...)
			for _, conn := range conns { // it flows
				if _, err := io.CopyN(io.Discard, conn, 10<<10); err != nil {
					t.Fatal(err)
				}
			}
			p.signal(t, tt.signals[0])
			if len(tt.signals) > 1 {
				p.stderr.await(t, "msg=stopping")
				p.signalUntilDone(t, tt.signals[1])
			}
			mainAwait(t, p.done, "process ends")
			for i, conn := range conns {
				if n, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("stream with %q ends after %d bytes with %v; want %v", strings.TrimSpace(accept[i]), n, err, syscall.ECONNRESET)
				}
			}
		})
	}
}
