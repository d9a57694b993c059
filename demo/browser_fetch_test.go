package main

// This file tests what a script of another origin gets from readapi: fetch in a
// real browser, on an empty page.

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// fetched is a script that fetches url and returns what comes of it as text: the
// status and the value of expression, in which body is the parsed body, or the
// name of the error.
func fetched(url, options, expression string) string {
	return fmt.Sprintf(`(async () => {
		let status = "no response";
		try {
			const response = await fetch(%q, %s);
			status = response.status;
			const body = JSON.parse(await response.text());
			return status + " " + (%s);
		} catch (error) {
			return status + ", " + error.name;
		}
	})()`, url, options, expression)
}

// testCrossOrigin also proves that a script may read an error.
func testCrossOrigin(t *testing.T, b *browser) {
	allowed, other := newOrigin(t), newOrigin(t)
	api := b.startAPI(t, "CORS_ORIGINS="+allowed)
	tests := []struct{ name, origin, path, expression, want string }{
		{"allowed origin", allowed, "/read", "body.length", "200 12"},
		{"allowed origin, error", allowed, "/nothing", "body.code", "404 PGRST125"},
		{"other origin", other, "/read", "body.length", "no response, TypeError"},
		{"other origin, error", other, "/nothing", "body.code", "no response, TypeError"},
	}
	for _, tt := range tests {
		p := b.open(t, tt.origin)
		if got := evaluate[string](p, fetched(api+tt.path, "{}", tt.expression)); got != tt.want {
			t.Errorf("%s: fetch(%q) = %q; want %q", tt.name, tt.path, got, tt.want)
		}
	}
}

// testPreflight sends a token, which no simple request may.
func testPreflight(t *testing.T, b *browser) {
	api := b.startAPI(t, "API_TOKENS=secret")
	tests := []struct{ token, expression, want, status string }{
		{"secret", "body.length", "200 12", "Fetch 200"},
		{"wrong", "body.code", "401 PGRST301", "Fetch 401"},
	}
	for _, tt := range tests {
		p := b.open(t, newOrigin(t))
		responses := chromedp.Events(p.ctx, network.ResponseReceived)
		options := fmt.Sprintf(`{ headers: { Authorization: "Bearer %s", Prefer: "count=exact" } }`, tt.token)
		if got := evaluate[string](p, fetched(api+"/read", options, tt.expression)); got != tt.want {
			t.Errorf("fetch with the token %q = %q; want %q", tt.token, got, tt.want)
		}
		var got []string
		for e, err := range responses {
			if err != nil {
				t.Fatalf("after %q: %v", got, err)
			}
			if got = append(got, fmt.Sprint(e.Type, " ", e.Response.Status)); e.Type == network.ResourceTypeFetch {
				break
			}
		}
		if want := []string{"Preflight 204", tt.status}; !slices.Equal(got, want) {
			t.Errorf("responses to the token %q: %q; want %q", tt.token, got, want)
		}
	}
}

// testSecondLoad leaves it all to the browser's cache, as any page would.
func testSecondLoad(t *testing.T, b *browser) {
	p := b.open(t, newOrigin(t))
	script := fetched(b.startAPI(t)+"/read", "{}", "body.length")
	wire := chromedp.Events(p.ctx, network.ResponseReceivedExtraInfo)
	for range 2 {
		if got, want := evaluate[string](p, script), "200 12"; got != want {
			t.Errorf("fetch = %q; want %q", got, want)
		}
	}
	var got []int64
	for e, err := range wire {
		if err != nil {
			t.Fatalf("after %d: %v", got, err)
		}
		if got = append(got, e.StatusCode); len(got) == 2 {
			break
		}
	}
	if want := []int64{200, 304}; !slices.Equal(got, want) {
		t.Errorf("on the wire: %d; want %d", got, want)
	}
}

func testBigint(t *testing.T, b *browser) {
	tests := []struct{ setting, want string }{
		{"BIGINT_AS=number", "200 9007199254740992"}, // JavaScript has rounded it
		{"BIGINT_AS=string", "200 9007199254740993"},
	}
	for _, tt := range tests {
		p := b.open(t, newOrigin(t))
		if got := evaluate[string](p, fetched(b.startAPI(t, tt.setting)+"/read", "{}", "body[11].id")); got != tt.want {
			t.Errorf("%s: the last id is %q; want %q", tt.setting, got, tt.want)
		}
	}
}

// testBrokenStream reads a table of 8 MiB whose connection to the database breaks
// after 4: status and headers have long gone out.
func testBrokenStream(t *testing.T, b *browser) {
	admin := newAdmin(t, b.engine)
	execute(t, admin, "CREATE DATABASE broken_stream")
	execute(t, admin, "CREATE TABLE broken_stream.sample (id INT PRIMARY KEY, filling LONGTEXT)")
	row := "(%d, REPEAT('0123456789abcdef', 4096))"
	var rows []string
	for i := range 128 {
		rows = append(rows, fmt.Sprintf(row, i))
	}
	execute(t, admin, "INSERT INTO broken_stream.sample VALUES "+strings.Join(rows, ","))

	port := newBreakingProxy(t, b.engine.addr.String(), 4<<20)
	tests := []struct{ name, port, want string }{
		{"whole", fmt.Sprint(b.engine.addr.Port), "200 128"},
		{"broken", port, "200, TypeError"},
	}
	for _, tt := range tests {
		p := b.open(t, newOrigin(t))
		api := b.startAPI(t, "DB_NAME=broken_stream", "DB_PORT="+tt.port)
		if got := evaluate[string](p, fetched(api+"/read", "{}", "body.length")); got != tt.want {
			t.Errorf("%s: fetch = %q; want %q", tt.name, got, tt.want)
		}
	}
}

// newBreakingProxy passes connections on to addr, but breaks each after so many
// bytes from there. It returns its port.
func newBreakingProxy(t testing.TB, addr string, limit int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // until l is closed
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go passOn(client, addr, limit) // until readapi or the engine closes it
		}
	}()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func passOn(client net.Conn, addr string, limit int64) {
	defer client.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	go io.Copy(server, client) // until either is closed
	io.CopyN(client, server, limit)
}

// newAdmin opens the engine as the account that may do everything.
func newAdmin(t testing.TB, e *engine) *sql.DB {
	t.Helper()
	config := readerConfig(e.addr.String(), "")
	config.User, config.Passwd = adminUser, e.adminPassword
	db := openDatabase(config)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatalf("%.80s: %v", statement, err)
	}
}
