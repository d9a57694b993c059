package main

// This file tests the process: arguments, exit codes, start with and without a
// database, and stop, once through run and once as a process of its own, which
// is this test binary started again. Databases are played by mainMySQL: it
// speaks just enough of the protocol to refuse a client or to answer it. Nothing
// here leaves the machine, and nothing waits by sleeping.

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	dbexec "readapi/internal/exec"
	"readapi/internal/httpserver"
)

const (
	// mainPatience bounds every wait for what must happen. Tests do not come
	// near it.
	mainPatience = 20 * time.Second
	// mainPassword must never be seen in a log or an error.
	mainPassword = "pa55-Wörd"
	// mainProcessVariable makes the test binary run main.
	mainProcessVariable = "READAPI_TEST_MAIN"
)

func TestMain(m *testing.M) {
	if os.Getenv(mainProcessVariable) != "" {
		mainMayCrash()
		main() // it exits
	}
	debug.SetMemoryLimit(math.MaxInt64 - 1) // so that no run here sets that of a small server for all tests
	os.Exit(m.Run())
}

// mainLog is a log that can be waited for. It is safe for concurrent use.
type mainLog struct {
	mu      sync.Mutex // guards the fields below
	text    bytes.Buffer
	changed chan struct{} // closed at the next Write
}

func newMainLog() *mainLog { return &mainLog{changed: make(chan struct{})} }

func (l *mainLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(p)
}

// state returns the text so far and what is closed when there is more.
func (l *mainLog) state() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String(), l.changed
}

func (l *mainLog) String() string {
	text, _ := l.state()
	return text
}

// await returns the submatches of pattern once it is in the log.
func (l *mainLog) await(tb testing.TB, pattern string) []string {
	tb.Helper()
	expr := regexp.MustCompile(pattern)
	late := time.After(mainPatience)
	for {
		text, changed := l.state()
		if match := expr.FindStringSubmatch(text); match != nil {
			return match
		}
		select {
		case <-changed:
		case <-late:
			tb.Fatalf("log = %s; want %s", text, pattern)
		}
	}
}

// mainAwait waits for c to be closed or to have something.
func mainAwait(tb testing.TB, c <-chan struct{}, what string) {
	tb.Helper()
	select {
	case <-c:
	case <-time.After(mainPatience):
		tb.Fatalf("%s: not within %v", what, mainPatience)
	}
}

// mainListen opens a listener on a free port of the loopback.
func mainListen(tb testing.TB) net.Listener {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { listener.Close() })
	return listener
}

// mainRefused returns an address at which connections are refused for as long
// as the test runs: a client has that port.
func mainRefused(tb testing.TB) string {
	tb.Helper()
	conn, err := net.Dial("tcp", mainListen(tb).Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

// mainEnv is an environment with the database at addr and a free port to listen
// on, and more over it.
func mainEnv(tb testing.TB, addr string, more map[string]string) map[string]string {
	tb.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	env := map[string]string{
		"DB_HOST": host, "DB_PORT": port, "DB_USER": "reader", "DB_NAME": "shop", "DB_PASSWORD": mainPassword,
		"ADDR": "localhost:0", "LOG_LEVEL": "debug",
	}
	maps.Copy(env, more)
	return env
}

// mainServer is the whole program on its way through run.
type mainServer struct {
	log    *mainLog
	url    string
	cancel context.CancelFunc // what SIGTERM does
	done   chan struct{}
	err    error // of run, once done is closed
}

// mainStart runs the program and waits until it listens.
func mainStart(tb testing.TB, env map[string]string) *mainServer {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &mainServer{log: newMainLog(), cancel: cancel, done: make(chan struct{})}
	go func() { // ends with cancel
		defer close(s.done)
		s.err = run(ctx, nil, configLookup(env), io.Discard, s.log)
	}()
	tb.Cleanup(func() {
		cancel()
		<-s.done
	})
	s.url = "http://" + s.log.await(tb, `msg=listening addr=(\S+)`)[1]
	return s
}

// wait returns run's error. Neither it nor the log may hold the password.
func (s *mainServer) wait(tb testing.TB) error {
	tb.Helper()
	mainAwait(tb, s.done, "run returns")
	if said := fmt.Sprint(s.log, s.err); strings.Contains(said, mainPassword) {
		tb.Errorf("run said %s; want it without the password", said)
	}
	return s.err
}

// stop ends the program, which must go well.
func (s *mainServer) stop(tb testing.TB) {
	tb.Helper()
	s.cancel()
	if err := s.wait(tb); err != nil || exitCode(err) != 0 {
		tb.Errorf("run = %v, exit code %d; want nil, 0", err, exitCode(err))
	}
	if log := s.log.String(); !strings.Contains(log, "msg=stopped") {
		tb.Errorf("log = %s; want stopped", log)
	}
}

// mainGet gets url within limit, on a connection of its own.
func mainGet(url string, limit time.Duration) (*http.Response, []byte, error) {
	client := http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// mainWant gets url within limit and wants status.
func mainWant(tb testing.TB, url string, limit time.Duration, status int) (*http.Response, []byte) {
	tb.Helper()
	resp, body, err := mainGet(url, limit)
	if err != nil {
		tb.Fatalf("GET %s within %v: %v", url, limit, err)
	}
	if resp.StatusCode != status {
		tb.Errorf("GET %s = %s; want %d", url, resp.Status, status)
	}
	return resp, body
}

// mainWantAway wants a 503 that a client can read: the four members, code, and
// when to come again.
func mainWantAway(tb testing.TB, header http.Header, body []byte, code string) {
	tb.Helper()
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		tb.Fatalf("body = %q: %v", body, err)
	}
	want := []string{"code", "details", "hint", "message"}
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) || members["code"] != code {
		tb.Errorf("body = %s; want the members %q and the code %s", body, want, code)
	}
	if got := header.Get("Retry-After"); got != "1" {
		tb.Errorf("Retry-After = %q; want 1", got)
	}
	if got := header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		tb.Errorf("Content-Type = %q; want %s", got, "application/json; charset=utf-8")
	}
}

// mainMySQL listens as a database that plays play on every connection, which is
// closed after that and at the end of the test. Each connection is announced.
func mainMySQL(tb testing.TB, play func(net.Conn)) (addr string, accepted <-chan struct{}) {
	tb.Helper()
	listener := mainListen(tb)
	announce := make(chan struct{}, 10_000)
	var wg sync.WaitGroup
	wg.Go(func() { // ends when the listener is closed
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { // ends with the connection
				defer conn.Close()
				defer context.AfterFunc(tb.Context(), func() { conn.Close() })()
				announce <- struct{}{}
				play(conn)
			})
		}
	})
	tb.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return listener.Addr().String(), announce
}

// mainSend sends packets, numbered from seq.
func mainSend(conn net.Conn, seq byte, packets ...string) {
	var out []byte
	for _, packet := range packets {
		header := binary.LittleEndian.AppendUint32(nil, uint32(len(packet)))
		header[3] = seq
		out = append(append(out, header...), packet...)
		seq++
	}
	_, _ = conn.Write(out) // a client that has gone is seen when reading
}

// mainReceive reads a packet, or returns "" when the client has gone.
func mainReceive(conn net.Conn) string {
	var header [4]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return ""
	}
	header[3] = 0
	packet := make([]byte, binary.LittleEndian.Uint32(header[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return ""
	}
	return string(packet)
}

// Packets of the client/server protocol (MySQL source documentation, "Connection
// Phase" and "Command Phase"). The server has no TLS and knows only the old EOF.
const (
	mainOKPacket  = "\x00\x00\x00\x02\x00\x00\x00"
	mainEOFPacket = "\xfe\x00\x00\x02\x00"
	mainHandshake = "\x0a" + "8.4.0-fake\x00" + "\x01\x00\x00\x00" + "12345678" + "\x00" +
		"\x09\xa2" + // capabilities: 41, secure connection, transactions, database
		"\x2d\x02\x00" + "\x08\x00" + // utf8mb4, autocommit; capability: plugin
		"\x15" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "123456789012\x00" + "mysql_native_password\x00"
)

// mainErrPacket is an error as the server sends it.
func mainErrPacket(number uint16, text string) string {
	return "\xff" + string(binary.LittleEndian.AppendUint16(nil, number)) + "#HY000" + text
}

// mainResult is the result with one column and one row.
func mainResult(column, value string) []string {
	short := func(s string) string { return string(rune(len(s))) + s } // up to 127 bytes
	return []string{
		"\x01",
		short("def") + short("") + short("") + short("") + short(column) + short(column) +
			"\x0c" + "\x2d\x00" + "\x00\x01\x00\x00" + "\xfd" + "\x00\x00" + "\x00" + "\x00\x00", // VARCHAR, utf8mb4
		mainEOFPacket, short(value), mainEOFPacket,
	}
}

// mainRefuse lets no client log in: error number at the end of the handshake,
// as if the server had looked at the account.
func mainRefuse(number uint16, text string) func(net.Conn) {
	return func(conn net.Conn) {
		mainSend(conn, 0, mainHandshake)
		if mainReceive(conn) != "" {
			mainSend(conn, 2, mainErrPacket(number, text))
			mainReceive(conn) // until the client closes: to close first may lose the packet
		}
	}
}

// mainRefuseSet lets every client log in, and refuses its variables.
func mainRefuseSet(conn net.Conn) {
	mainSend(conn, 0, mainHandshake)
	mainReceive(conn)
	mainSend(conn, 2, mainOKPacket)
	for command := mainReceive(conn); command != "" && command != "\x01"; command = mainReceive(conn) {
		mainSend(conn, 1, mainErrPacket(1193, "Unknown system variable 'nonsense'"))
	}
}

// mainReset offers TLS and breaks off: the client's error holds its port, which
// is another one each time.
func mainReset(conn net.Conn) {
	mainSend(conn, 0, strings.Replace(mainHandshake, "\x09\xa2", "\x09\xaa", 1))
	mainReceive(conn)
	_, _ = conn.Read(make([]byte, 1)) // of the client's hello: now it reads
	_ = conn.(*net.TCPConn).SetLinger(0)
}

// mainAnswer lets every client log in and answers its queries. Those of read
// wait for rows to be called.
func mainAnswer(rows func()) func(net.Conn) {
	return func(conn net.Conn) {
		mainSend(conn, 0, mainHandshake)
		mainReceive(conn)
		mainSend(conn, 2, mainOKPacket)
		for {
			switch command := mainReceive(conn); {
			case command == "", command == "\x01": // gone, or quit
				return
			case command == "\x03SELECT VERSION()":
				mainSend(conn, 1, mainResult("VERSION()", "8.4.0-fake")...)
			case command == "\x03SELECT * FROM sample":
				rows()
				mainSend(conn, 1, mainResult("name", "Ada")...)
			default: // ping, SET
				mainSend(conn, 1, mainOKPacket)
			}
		}
	}
}

// mainGate is a place where somebody waits until the test lets them through.
type mainGate struct{ reached, open chan struct{} }

func newMainGate() mainGate {
	return mainGate{make(chan struct{}, 100), make(chan struct{})}
}

// pass waits at the gate, or for the end of the test.
func (g mainGate) pass(tb testing.TB) {
	g.reached <- struct{}{}
	select {
	case <-g.open:
	case <-tb.Context().Done():
	}
}

func TestRunArguments(t *testing.T) {
	env := map[string]string{"DB_PORT": "0", "LOG_FORMAT": "xml"} // DB_USER and DB_NAME are missing, too
	tests := []struct {
		name    string
		args    []string
		code    int
		out     string   // what stdout begins with
		wantErr []string // parts of the error
	}{
		{"help", []string{"-h"}, 0, "readapi serves the rows", nil},
		{"help before faults", []string{"-h", "-check", "-version"}, 0, "readapi serves the rows", nil},
		{"long help", []string{"--help"}, 0, "readapi serves the rows", nil},
		{"version", []string{"-version"}, 0, "readapi " + buildVersion() + "\n", nil},
		{"long version", []string{"--version"}, 0, "readapi " + buildVersion() + "\n", nil},
		{"unknown flag", []string{"-port=80"}, 2, "", []string{"-h", "-version", "-check", `"-port=80"`}},
		{"wrong value", []string{"-check=maybe"}, 2, "", []string{`"-check=maybe"`}},
		{"argument", []string{"serve"}, 2, "", []string{`"serve"`}},
		{"argument behind a flag", []string{"-h", "me"}, 2, "", []string{`"me"`}},
		{"faults", nil, 2, "", []string{`DB_PORT: "0": want`, "DB_USER: required", "DB_NAME: required", `LOG_FORMAT: "xml": want`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := run(t.Context(), tt.args, configLookup(env), &stdout, &stderr)
			if code := exitCode(err); code != tt.code {
				t.Errorf("run(%q) = %v, exit code %d; want %d", tt.args, err, code, tt.code)
			}
			for _, part := range tt.wantErr {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("run(%q) = %v; want %s", tt.args, err, part)
				}
			}
			if !strings.HasPrefix(stdout.String(), tt.out) || tt.out == "" && stdout.Len() > 0 {
				t.Errorf("run(%q) printed %q; want %q", tt.args, &stdout, tt.out)
			}
			if stderr.Len() > 0 { // main prints the error
				t.Errorf("run(%q) logged %q; want nothing", tt.args, &stderr)
			}
		})
	}
}

func TestRunHelp(t *testing.T) {
	var stdout bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, configLookup(nil), &stdout, io.Discard); err != nil {
		t.Fatalf("run(-h) = %v; want nil", err)
	}
	var variables bytes.Buffer
	writeVariables(&variables)
	for _, part := range []string{variables.String(), "  -h ", "  -version ", "  -check ", "NAME_FILE"} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("run(-h) printed %s; want %s", &stdout, part)
		}
	}
}

// mainFullDisk takes nothing.
type mainFullDisk struct{}

func (mainFullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestRunVersionNotWritten(t *testing.T) {
	err := run(t.Context(), []string{"-version"}, configLookup(nil), mainFullDisk{}, io.Discard)
	if !errors.Is(err, syscall.ENOSPC) || exitCode(err) != 1 {
		t.Errorf("run(-version) = %v, exit code %d; want %v, 1", err, exitCode(err), syscall.ENOSPC)
	}
}

func TestExitCode(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"clean stop", nil, 0},
		{"configuration", configError{errors.New("x")}, 2},
		{"configuration, wrapped", fmt.Errorf("x: %w", configError{errors.New("x")}), 2},
		{"arguments", fmt.Errorf("%w, got x", errUsage), 2},
		{"database", &dbexec.Error{Kind: dbexec.Access, Err: errors.New("x")}, 1},
		{"cut", context.DeadlineExceeded, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitCode(tt.err); got != tt.want {
				t.Errorf("exitCode(%v) = %d; want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestNewLogger(t *testing.T) {
	tests := []struct {
		name, format string
		level        slog.Level
		want         string
	}{
		{"text", "text", slog.LevelInfo, `^time=\S+ level=INFO msg=i n=1\ntime=\S+ level=ERROR msg=e\n$`},
		{"json", "json", slog.LevelInfo, `^\{"time":"[^"]+","level":"INFO","msg":"i","n":1\}\n\{"time":"[^"]+","level":"ERROR","msg":"e"\}\n$`},
		{"errors only", "text", slog.LevelError, `^time=\S+ level=ERROR msg=e\n$`},
		{"all", "text", slog.LevelDebug, `^time=\S+ level=DEBUG msg=d\n(.+\n){2}$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			log := newLogger(config{logFormat: tt.format, logLevel: tt.level}, &out)
			log.Debug("d")
			log.Info("i", "n", 1)
			log.Error("e")
			if !regexp.MustCompile(tt.want).Match(out.Bytes()) {
				t.Errorf("log = %q; want %s", &out, tt.want)
			}
		})
	}
}

func TestRunTakenPort(t *testing.T) {
	taken := mainListen(t).Addr().String()
	log := newMainLog()
	ctx, cancel := context.WithTimeout(t.Context(), mainPatience)
	defer cancel()
	env := mainEnv(t, mainRefused(t), map[string]string{"ADDR": taken})
	err := run(ctx, nil, configLookup(env), io.Discard, log)
	if !errors.Is(err, syscall.EADDRINUSE) || exitCode(err) != 1 {
		t.Fatalf("run = %v, exit code %d; want %v, 1", err, exitCode(err), syscall.EADDRINUSE)
	}
	if !strings.Contains(err.Error(), "ADDR") || !strings.Contains(err.Error(), taken) {
		t.Errorf("run = %v; want ADDR and %s", err, taken)
	}
	if log.String() != "" {
		t.Errorf("log = %s; want nothing, not even a try for the database", log)
	}
}

// TestRunWithoutDatabase starts without a database, which is no reason to give
// up, nor to keep a client waiting.
func TestRunWithoutDatabase(t *testing.T) {
	const dbTimeout = 300 * time.Millisecond
	silent := func(conn net.Conn) { mainReceive(conn) }
	tests := []struct {
		name  string
		addr  func(testing.TB) string
		conns string
	}{
		{"refused", mainRefused, "10"},
		{"silent", func(tb testing.TB) string { addr, _ := mainMySQL(tb, silent); return addr }, "10"},
		{"silent, pool of one", func(tb testing.TB) string { addr, _ := mainMySQL(tb, silent); return addr }, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mainStart(t, mainEnv(t, tt.addr(t), map[string]string{
				"DB_TIMEOUT": dbTimeout.String(), "DB_MAX_CONNS": tt.conns,
			}))
			mainWant(t, s.url+"/healthz", mainPatience, http.StatusOK)
			s.log.await(t, `level=WARN msg="waiting for the database"`)
			resp, body := mainWant(t, s.url+"/readyz", 2*time.Second, http.StatusServiceUnavailable)
			mainWantAway(t, resp.Header, body, "PGRST001")
			resp, body = mainWant(t, s.url+"/read", dbTimeout+time.Second, http.StatusServiceUnavailable)
			mainWantAway(t, resp.Header, body, "PGRST001")
			s.stop(t)
			if n := strings.Count(s.log.String(), "waiting for the database"); n != 1 {
				t.Errorf("log = %s; want one line about waiting, not %d", s.log, n)
			}
		})
	}
}

// TestRunWaits is about what waiting can mend. It is said once, not each time.
func TestRunWaits(t *testing.T) {
	const attempts = 4 // after 100, 200 and 400 ms
	tests := []struct {
		name string
		play func(net.Conn)
		want string // in the log
	}{
		{"closed at once", func(net.Conn) {}, "invalid connection"},
		{"closed after the handshake", func(conn net.Conn) {
			mainSend(conn, 0, mainHandshake)
			mainReceive(conn)
		}, "invalid connection"},
		{"reset in the TLS handshake", mainReset, "connection reset by peer"},
		{"too many connections", func(conn net.Conn) {
			mainSend(conn, 0, mainErrPacket(1040, "Too many connections"))
		}, "Too many connections"},
		{"too many connections of the user", mainRefuse(1203, "User reader already has too many"), "already has too many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, accepted := mainMySQL(t, tt.play)
			s := mainStart(t, mainEnv(t, addr, nil))
			for range attempts {
				mainAwait(t, accepted, "attempt")
			}
			select {
			case <-s.done:
				t.Fatalf("run = %v; want it to wait", s.err)
			default:
			}
			s.stop(t)
			lines := regexp.MustCompile(`.*waiting for the database.*`).FindAllString(s.log.String(), -1)
			if len(lines) != 1 || !strings.Contains(lines[0], tt.want) {
				t.Errorf("log = %s; want one line about waiting, with %s", s.log, tt.want)
			}
		})
	}
}

// TestRunGivesUp is about what waiting can't mend: the error says where to look.
func TestRunGivesUp(t *testing.T) {
	tests := []struct {
		name string
		play func(net.Conn)
		env  map[string]string
		want []string // parts of the error
	}{
		{"access denied", mainRefuse(1045, "Access denied"), nil, []string{"Access denied", "DB_USER", "DB_PASSWORD"}},
		{"account locked", mainRefuse(3118, "Account is locked"), nil, []string{"Account is locked", "DB_USER"}},
		{"unknown database", mainRefuse(1049, "Unknown database 'shop'"), nil, []string{"Unknown database", "DB_NAME"}},
		{"no right to the database", mainRefuse(1044, "Access denied"), nil, []string{"DB_NAME", "DB_USER"}},
		{"host not allowed", func(conn net.Conn) {
			mainSend(conn, 0, mainErrPacket(1130, "Host is not allowed"))
		}, nil, []string{"Host is not allowed", "DB_HOST"}},
		{"unknown variable", mainRefuseSet, map[string]string{"DB_SESSION": "nonsense=1"}, []string{"nonsense", "DB_SESSION"}},
		{"no TLS", mainRefuse(1045, ""), map[string]string{"DB_TLS": "true"}, []string{"DB_TLS"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := mainMySQL(t, tt.play)
			s := mainStart(t, mainEnv(t, addr, tt.env))
			err := s.wait(t)
			if exitCode(err) != 1 {
				t.Fatalf("run = %v, exit code %d; want 1", err, exitCode(err))
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("run = %v; want %s", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("run = %q; want one line", err)
			}
			if _, _, err := mainGet(s.url+"/healthz", mainPatience); err == nil {
				t.Error("GET /healthz answers; want the listener closed")
			}
		})
	}
}

// TestRunFindsDatabase starts before its database, which comes at the second
// attempt.
func TestRunFindsDatabase(t *testing.T) {
	var once sync.Once
	answer := mainAnswer(func() {})
	addr, _ := mainMySQL(t, func(conn net.Conn) {
		play := answer
		once.Do(func() { play = func(net.Conn) {} })
		play(conn)
	})
	s := mainStart(t, mainEnv(t, addr, nil))
	s.log.await(t, `waiting for the database(?s:.*)msg="connected to the database" version=8.4.0-fake`)
	mainWant(t, s.url+"/readyz", mainPatience, http.StatusOK)
	if _, body := mainWant(t, s.url+"/read", mainPatience, http.StatusOK); string(body) != `[{"name":"Ada"}]`+"\n" {
		t.Errorf("GET /read = %q; want Ada", body)
	}
	s.stop(t)
}

// TestRunStop ends the program while a query runs: its response comes whole.
func TestRunStop(t *testing.T) {
	gate := newMainGate()
	addr, _ := mainMySQL(t, mainAnswer(func() { gate.pass(t) }))
	s := mainStart(t, mainEnv(t, addr, nil))
	got := make(chan string, 1)
	go func() { // ends with its response
		_, body, err := mainGet(s.url+"/read", mainPatience)
		got <- fmt.Sprint(string(body), err)
	}()
	mainAwait(t, gate.reached, "query")
	s.cancel()
	s.log.await(t, "msg=stopping")
	select {
	case <-s.done:
		t.Fatalf("run = %v; want it to wait for the response", s.err)
	case body := <-got:
		t.Fatalf("GET /read = %q before there was a row", body)
	default:
	}
	close(gate.open)
	if body := <-got; body != `[{"name":"Ada"}]`+"\n<nil>" {
		t.Errorf("GET /read = %q; want Ada", body)
	}
	s.stop(t)
}

// TestRunStopTooSlow ends the program while a query runs that does not end.
func TestRunStopTooSlow(t *testing.T) {
	gate := newMainGate()
	addr, _ := mainMySQL(t, mainAnswer(func() { gate.pass(t) }))
	s := mainStart(t, mainEnv(t, addr, map[string]string{"SHUTDOWN_TIMEOUT": "50ms"}))
	got := make(chan error, 1)
	go func() { // ends when it is cut off
		_, _, err := mainGet(s.url+"/read", mainPatience)
		got <- err
	}()
	mainAwait(t, gate.reached, "query")
	s.cancel()
	if err := s.wait(t); exitCode(err) != 1 || !strings.Contains(err.Error(), "SHUTDOWN_TIMEOUT") {
		t.Errorf("run = %v, exit code %d; want SHUTDOWN_TIMEOUT, 1", err, exitCode(err))
	}
	if err := <-got; err == nil {
		t.Error("GET /read = nil; want an error")
	}
}

// mainServe serves handler as serve does.
func mainServe(tb testing.TB, handler http.Handler) (server *http.Server, url string, log *mainLog) {
	tb.Helper()
	log = newMainLog()
	listener := mainListen(tb)
	server = httpserver.New(handler, nil, newLogger(config{logFormat: "text"}, log))
	done := make(chan struct{})
	go func() { // ends with Shutdown or Close
		defer close(done)
		_ = server.Serve(listener)
	}()
	tb.Cleanup(func() {
		server.Close()
		<-done
	})
	return server, "http://" + listener.Addr().String(), log
}

// TestShutDown has a handler that has sent half of its response.
func TestShutDown(t *testing.T) {
	tests := []struct {
		name    string
		timeout time.Duration
		finish  bool // the handler goes on when the shutdown has begun
		code    int
	}{
		{"survives", mainPatience, true, 0},
		{"is cut", 20 * time.Millisecond, false, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gate := newMainGate()
			server, url, log := mainServe(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "first ")
				_ = http.NewResponseController(w).Flush()
				gate.pass(t)
				_, _ = io.WriteString(w, "last")
			}))
			begun := make(chan struct{})
			server.RegisterOnShutdown(func() { close(begun) })
			type result struct {
				body string
				err  error
			}
			got := make(chan result, 1)
			go func() { // ends with its response
				_, body, err := mainGet(url, mainPatience)
				got <- result{string(body), err}
			}()
			mainAwait(t, gate.reached, "handler")
			stopped := make(chan error, 1)
			go func() {
				stopped <- httpserver.ShutDown(server, func(context.Context) {}, tt.timeout, slog.New(slog.NewTextHandler(log, nil)))
			}()
			mainAwait(t, begun, "shutdown")
			if _, _, err := mainGet(url, mainPatience); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("GET during shutdown = %v; want %v", err, syscall.ECONNREFUSED)
			}
			if tt.finish {
				close(gate.open)
			}
			err := <-stopped
			if exitCode(err) != tt.code || err != nil && !strings.Contains(err.Error(), "SHUTDOWN_TIMEOUT 20ms") {
				t.Errorf("ShutDown = %v, exit code %d; want SHUTDOWN_TIMEOUT 20ms, %d", err, exitCode(err), tt.code)
			}
			if r := <-got; (r.err == nil && r.body == "first last") != tt.finish {
				t.Errorf("response = %q, %v; want it whole: %t", r.body, r.err, tt.finish)
			}
			if got := strings.Contains(log.String(), "msg=stopped"); got != tt.finish {
				t.Errorf("log = %s; want stopped: %t", log, tt.finish)
			}
		})
	}
}

// TestRunCheck has no DB_ variable: a health check needs none.
func TestRunCheck(t *testing.T) {
	status := func(code int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/readyz" || r.Method != http.MethodGet {
				code = http.StatusNotFound
			}
			w.WriteHeader(code)
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	ready, away := status(http.StatusOK), status(http.StatusServiceUnavailable)
	_, port, err := net.SplitHostPort(ready)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		env  map[string]string
		code int
		want string // part of the error
	}{
		{"ready", map[string]string{"ADDR": ready}, 0, ""},
		{"localhost", map[string]string{"ADDR": "localhost:" + port}, 0, ""},
		{"every address", map[string]string{"ADDR": ":" + port}, 0, ""},
		{"every IPv4 address", map[string]string{"ADDR": "0.0.0.0:" + port}, 0, ""},
		{"every IPv6 address", map[string]string{"ADDR": "[::]:" + port}, 0, ""},
		{"PORT", map[string]string{"PORT": port}, 0, ""},
		{"ADDR_FILE", map[string]string{"ADDR_FILE": configFile(t, ready+"\n")}, 0, ""},
		{"other faults", map[string]string{"ADDR": ready, "DB_PORT": "x", "LOG_LEVEL": "x"}, 0, ""},
		{"not ready", map[string]string{"ADDR": away}, 1, "503 Service Unavailable"},
		{"nobody", map[string]string{"ADDR": mainRefused(t)}, 1, "connection refused"},
		{"wrong ADDR", map[string]string{"ADDR": port}, 2, "ADDR: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), []string{"-check"}, configLookup(tt.env), io.Discard, io.Discard)
			if exitCode(err) != tt.code || tt.code != 0 && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("run(-check) with %q = %v, exit code %d; want %q, %d", tt.env, err, exitCode(err), tt.want, tt.code)
			}
		})
	}
}

// A server that has only the other address of its machine is found, too.
func TestRunCheckIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := httpserver.Ready(t.Context(), "localhost:"+port, false); err != nil {
		t.Errorf("Ready(localhost) = %v; want nil: the server is at [::1]", err)
	}
}

// TestRunCheckCanceled asks a server that does not answer.
func TestRunCheckCanceled(t *testing.T) {
	gate := newMainGate()
	_, url, _ := mainServe(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { gate.pass(t) }))
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() { // ends with cancel
		got <- httpserver.Ready(ctx, strings.TrimPrefix(url, "http://"), false)
	}()
	mainAwait(t, gate.reached, "handler")
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("Ready = %v; want %v", err, context.Canceled)
	}
}

// mainProcess is the program as a process of its own.
type mainProcess struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer // once done is closed
	stderr *mainLog
	done   chan struct{}
}

// mainExec starts the program with env and nothing else.
func mainExec(tb testing.TB, env map[string]string, args ...string) *mainProcess {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	p := &mainProcess{cmd: exec.Command(exe, args...), stderr: newMainLog(), done: make(chan struct{})}
	p.cmd.Env = []string{
		mainProcessVariable + "=1",
		"GORACE=atexit_sleep_ms=0",   // go test -race: else each exit takes a second
		"GOCOVERDIR=" + tb.TempDir(), // go test -cover: else it complains
	}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { // ends with the process
		defer close(p.done)
		_ = p.cmd.Wait() // ProcessState tells
	}()
	tb.Cleanup(func() {
		_ = p.cmd.Process.Kill() // does nothing if it has ended
		<-p.done
	})
	return p
}

// signal sends sig, if the process still runs.
func (p *mainProcess) signal(tb testing.TB, sig os.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Fatal(err)
	}
}

// signalUntilDone sends sig again and again: that the first signal has come does
// not say that the process is deaf to the next one.
func (p *mainProcess) signalUntilDone(tb testing.TB, sig os.Signal) {
	tb.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	late := time.After(mainPatience)
	for {
		p.signal(tb, sig)
		select {
		case <-p.done:
			return
		case <-again.C:
		case <-late:
			tb.Fatal("process still runs")
		}
	}
}

// wantExit waits for the process to end with code, or with -1 by a signal.
func (p *mainProcess) wantExit(tb testing.TB, code int) {
	tb.Helper()
	mainAwait(tb, p.done, "process ends")
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		tb.Errorf("process: %v; want exit code %d; stderr = %s", p.cmd.ProcessState, code, p.stderr)
	}
	if strings.Contains(p.stderr.String(), mainPassword) {
		tb.Errorf("stderr = %s; want it without the password", p.stderr)
	}
}

func TestProcessExitCodes(t *testing.T) {
	denied, _ := mainMySQL(t, mainRefuse(1045, "Access denied"))
	refused := mainRefused(t)
	taken := mainListen(t).Addr().String()
	tests := []struct {
		name           string
		env            map[string]string
		args           []string
		code           int
		stdout, stderr string // patterns
	}{
		{"help", nil, []string{"-h"}, 0, `^readapi serves`, `^$`},
		{"version", nil, []string{"-version"}, 0, `^readapi \S+\n$`, `^$`},
		{"unknown flag", nil, []string{"-x"}, 2, `^$`, `^readapi: want no argument, .*"-x".*\n$`},
		{"no configuration", nil, nil, 2, `^$`, `^readapi: configuration:\n  DB_USER: .*\n  DB_NAME: .*\n$`},
		{"taken port", mainEnv(t, refused, map[string]string{"ADDR": taken}), nil, 1, `^$`, `^readapi: listen on ADDR: .*\n$`},
		{"access denied", mainEnv(t, denied, nil), nil, 1, `^$`, `\nreadapi: open database: .*DB_USER and DB_PASSWORD, .*DB_TLS_CERT.*\n$`},
		{"check, nobody", map[string]string{"ADDR": refused}, []string{"-check"}, 1, `^$`, `^readapi: .*refused\n$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := mainExec(t, tt.env, tt.args...)
			p.wantExit(t, tt.code)
			if out := p.stdout.String(); !regexp.MustCompile(tt.stdout).MatchString(out) {
				t.Errorf("stdout = %q; want %s", out, tt.stdout)
			}
			if out := p.stderr.String(); !regexp.MustCompile(tt.stderr).MatchString(out) {
				t.Errorf("stderr = %q; want %s", out, tt.stderr)
			}
		})
	}
}

// TestProcessSignal stops a process that still waits for its database.
func TestProcessSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			p := mainExec(t, mainEnv(t, mainRefused(t), nil))
			p.stderr.await(t, "waiting for the database")
			p.signal(t, sig)
			p.wantExit(t, 0)
			if log := p.stderr.String(); !strings.Contains(log, "msg=stopping") || !strings.Contains(log, "msg=stopped") {
				t.Errorf("stderr = %s; want stopping and stopped", log)
			}
		})
	}
}

// mainExecBusy starts a process with a query under way that waits at gate.
func mainExecBusy(tb testing.TB, gate mainGate, more map[string]string) (p *mainProcess, body <-chan string) {
	tb.Helper()
	addr, _ := mainMySQL(tb, mainAnswer(func() { gate.pass(tb) }))
	p = mainExec(tb, mainEnv(tb, addr, more))
	url := "http://" + p.stderr.await(tb, `msg=listening addr=(\S+)`)[1]
	got := make(chan string, 1)
	go func() { // ends with the process
		_, body, err := mainGet(url+"/read", mainPatience)
		if err != nil {
			body = []byte("error")
		}
		got <- string(body)
	}()
	mainAwait(tb, gate.reached, "query")
	return p, got
}

func TestProcessFinishesResponse(t *testing.T) {
	gate := newMainGate()
	p, body := mainExecBusy(t, gate, nil)
	p.signal(t, syscall.SIGTERM)
	p.stderr.await(t, "msg=stopping")
	close(gate.open)
	if got := <-body; got != `[{"name":"Ada"}]`+"\n" {
		t.Errorf("GET /read = %q; want Ada", got)
	}
	p.wantExit(t, 0)
}

func TestProcessCutsResponse(t *testing.T) {
	p, body := mainExecBusy(t, newMainGate(), map[string]string{"SHUTDOWN_TIMEOUT": "20ms"})
	p.signal(t, syscall.SIGTERM)
	p.wantExit(t, 1)
	if got := <-body; got != "error" {
		t.Errorf("GET /read = %q; want an error", got)
	}
	if log := p.stderr.String(); !strings.Contains(log, "\nreadapi: cut responses") {
		t.Errorf("stderr = %s; want that responses were cut", log)
	}
}

// TestProcessSecondSignal stops a process whose response never ends.
func TestProcessSecondSignal(t *testing.T) {
	long := strconv.Itoa(int(2*mainPatience/time.Second)) + "s"
	p, _ := mainExecBusy(t, newMainGate(), map[string]string{"SHUTDOWN_TIMEOUT": long, "DB_TIMEOUT": long})
	p.signal(t, syscall.SIGTERM)
	p.stderr.await(t, "msg=stopping")
	p.signalUntilDone(t, syscall.SIGTERM)
	p.wantExit(t, -1)
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("process: %v; want an end by SIGTERM", p.cmd.ProcessState)
	}
}

// A connection on which nobody has asked anything, as browsers open them in
// advance, does not hold up the stop: net/http alone would wait 5 s for it.
func TestShutDownUnusedConnection(t *testing.T) {
	server, url, log := mainServe(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, _, err := mainGet(url, mainPatience); err != nil { // accepted after conn
		t.Fatal(err)
	}
	start := time.Now()
	err = httpserver.ShutDown(server, func(context.Context) {}, mainPatience, slog.New(slog.NewTextHandler(log, nil)))
	if took := time.Since(start); err != nil || took > 4*time.Second {
		t.Errorf("ShutDown = %v after %v; want nil within 4s", err, took)
	}
}

// The soft limit grows with what may be under way, and leaves alone what the
// operator has set.
func TestLimitMemory(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	tests := []struct {
		name  string
		set   int64 // before
		env   map[string]string
		limit int64 // in MiB
	}{
		{"defaults", math.MaxInt64, nil, 232},
		{"many connections", math.MaxInt64, map[string]string{"DB_MAX_CONNS": "100"}, 592},
		{"many clients", math.MaxInt64, map[string]string{"MAX_IN_FLIGHT": "10240"}, 520},
		{"GOMEMLIMIT", 100 << 20, nil, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			debug.SetMemoryLimit(tt.set)
			limitMemory(configMust(t, configEnv(tt.env)))
			if got := debug.SetMemoryLimit(-1) >> 20; got != tt.limit {
				t.Errorf("limit = %d MiB; want %d", got, tt.limit)
			}
		})
	}
}
