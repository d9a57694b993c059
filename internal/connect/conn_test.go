package connect

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// xGreeting is what a server of the X protocol says first: a notice.
const xGreeting = "\x05\x00\x00\x00\x0b\x08\x05\x1a\x00"

// badAnswers are packets, in the place of a good one, that make no sense.
var badAnswers = []struct{ name, packet string }{
	{"cut", ""},
	{"error of three bytes", "\xff\x15\x04"},
	{"error of one byte", "\xff"},
	{"error with half a state", "\xff\x15\x04#HY"},
	{"OK of one byte", "\x00"},
	{"OK without a status", "\x00\x00\x00"},
	{"EOF of one byte", "\xfe"},
	{"switch without a scramble", "\xfemysql_native_password\x00abc"},
	{"short number", "\xfc"},
	{"many columns", "\xfc\xff\xff"},
	{"millions of columns", "\xfd\xff\xff\xff"},
	{"too many columns for anybody", "\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"},
	{"noise", "\x9a\x07\xfd\x01\x02"},
	{"short noise", "\x09"},
}

// script is a server that sends good packets as far as stage, then bad, and
// breaks off.
func script(stage int, bad string) func(net.Conn) {
	return func(conn net.Conn) {
		packets := []struct {
			seq     byte
			packets []string
			awaits  bool // the client's answer
		}{
			{0, []string{greeting("10.11.0-MariaDB", 1, capsPlain)}, true},
			{2, []string{okPacket}, true},
			{1, append(head("id", "server"), rowPacket("2", "a"), eofPacket), true}, // behind a proxy: it is not killed
			{1, []string{okPacket}, true},
			{1, []string{"\x02"}, false},
			{2, []string{columnPacket("a")}, false},
			{3, []string{columnPacket("b")}, false},
			{4, []string{eofPacket}, false},
			{5, []string{rowPacket("1", "2")}, false},
			{6, []string{rowPacket("1", "2")}, false},
			{7, []string{eofPacket}, true},
		}
		for i, p := range packets {
			if i == stage {
				if bad != "" {
					send(conn, p.seq, bad)
				}
				return
			}
			send(conn, p.seq, p.packets...)
			if p.awaits {
				receive(conn)
			}
		}
	}
}

const stages = 11

// readAll reads a table with pool.
func readAll(ctx context.Context, pool *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	rows, err := pool.QueryContext(ctx, "SELECT a, b")
	if err != nil {
		return err
	}
	defer rows.Close()
	if _, err := rows.ColumnTypes(); err != nil {
		return err
	}
	var a, b sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
	}
	return rows.Err()
}

// readTexts is readAll for the values as they are on the wire.
func readTexts(ctx context.Context, pool *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return eachText(ctx, pool, func([][]byte) error { return nil })
}

func TestPoolSurvivesBadAnswers(t *testing.T) {
	for stage := range stages {
		for _, bad := range badAnswers {
			t.Run(fmt.Sprintf("%d/%s", stage, bad.name), func(t *testing.T) {
				wantNoLeak(t, func() { readFrom(t, script(stage, bad.packet), 3) })
			})
		}
	}
	t.Run("X protocol", func(t *testing.T) {
		wantNoLeak(t, func() {
			err := readFrom(t, func(conn net.Conn) {
				_, _ = conn.Write([]byte(xGreeting))
				receive(conn)
			}, 3)
			if err == nil || !strings.Contains(err.Error(), "no greeting of a MySQL server") {
				t.Errorf("read from the port of the X protocol = %v", err)
			}
		})
	})
}

// readFrom reads n times from a server of its own, with a pool that must be
// empty after it. It returns the last error.
func readFrom(t *testing.T, play func(net.Conn), n int) (err error) {
	t.Helper()
	c := newTestConnector(t, testConfig("db:3306"), patience)
	c.dialer.lookup = lookupTest([]string{"127.0.0.1"})
	c.dialer.dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() { // ends with the connection
			defer server.Close()
			play(server)
		}()
		return client, nil
	}
	c.cfg.CheckConnLiveness = false // a pipe cannot
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(2)
	for i := range n {
		if i%2 == 0 {
			err = readAll(t.Context(), pool)
		} else {
			err = readTexts(t.Context(), pool)
		}
	}
	stats := pool.Stats()
	if stats.InUse != 0 {
		t.Errorf("connections in use = %d; want 0", stats.InUse)
	}
	pool.Close()
	if stats := pool.Stats(); stats.OpenConnections != 0 {
		t.Errorf("open connections = %d; want 0", stats.OpenConnections)
	}
	return err
}

// wantNoLeak runs f and waits until there are no more goroutines than before.
func wantNoLeak(t *testing.T, f func()) {
	t.Helper()
	before := runtime.NumGoroutine()
	f()
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			var stacks [1 << 16]byte
			t.Fatalf("goroutines = %d; want %d\n%s", runtime.NumGoroutine(), before,
				stacks[:runtime.Stack(stacks[:], true)])
		}
		runtime.Gosched()
	}
}

func FuzzPoolSurvives(f *testing.F) {
	for stage := range stages {
		f.Add(stage, []byte(xGreeting))
		f.Add(stage, []byte("\x03\x00\x00\x01\xff\x15\x04"))
		f.Add(stage, []byte("\x01\x00\x00\x01\xfe\x09\x00\x00\x02\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"))
	}
	f.Fuzz(func(t *testing.T, stage int, noise []byte) {
		if stage < 0 || stage > stages || bytes.Contains(noise, []byte("\xff\xff\xff")) {
			return // packets of 16 MB only take time
		}
		wantNoLeak(t, func() {
			_ = readFrom(t, func(conn net.Conn) {
				script(stage, "")(conn)
				_, _ = conn.Write(noise)
			}, 2)
		})
	})
}

// To the driver a row that ends too early is the end of all rows: the result
// would look whole.
func TestShortRowIsNoEnd(t *testing.T) {
	tests := []struct {
		name string
		rows []string
		want error
	}{
		{"complete", []string{rowPacket("1"), eofPacket}, nil},
		{"a short row", []string{rowPacket("1"), "\x09x", rowPacket("3"), eofPacket}, mysql.ErrInvalidConn},
		{"the last row is short", []string{rowPacket("1"), "\x09x", eofPacket}, mysql.ErrInvalidConn},
		{"nothing behind it", []string{rowPacket("1"), "\x09x"}, mysql.ErrInvalidConn},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool := newTestPool(t, listen(t, func(conn net.Conn) {
				send(conn, 0, greeting("9.0.0-Vitess", 7, capsPlain))
				receive(conn)
				send(conn, 2, okPacket)
				for q := receive(conn); q != "" && q != comQuit; q = receive(conn) {
					if q == comQuery+"SELECT a" {
						send(conn, 1, append(head("a"), tt.rows...)...)
					} else {
						send(conn, 1, okPacket)
					}
				}
			}), 1)
			rows, err := pool.QueryContext(t.Context(), "SELECT a")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
			}
			if err := rows.Err(); !errors.Is(err, tt.want) {
				t.Errorf("rows = %v; want %v", err, tt.want)
			}
		})
	}
}
