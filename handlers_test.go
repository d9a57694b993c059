package main

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"readapi/internal/apitest"
	"readapi/internal/client"
	"readapi/internal/connect"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
	"readapi/internal/httpserver"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"
)

// testConfig is the default configuration, with a DB_TIMEOUT that no test
// reaches unless it wants to.
func testConfig(t testing.TB, environment ...string) config {
	t.Helper()
	env := map[string]string{"DB_USER": "u", "DB_NAME": "d", "DB_TIMEOUT": "1m"}
	for _, pair := range environment {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	cfg, err := loadConfig(func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// newMockServer starts an HTTP server on an api whose database is mock.
func newMockServer(t testing.TB, log *slog.Logger, environment ...string) (*httptest.Server, sqlmock.Sqlmock) {
	t.Helper()
	pool, mock, err := sqlmock.New(sqlmock.QueryMatcherOption(sqlmock.QueryMatcherEqual),
		sqlmock.MonitorPingsOption(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	api := newAPI(pool, testConfig(t, environment...), log)
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpserver.New(api, nil, log)
	server.Start()
	t.Cleanup(server.Close)
	return server, mock
}

// Short names for what many tests here use.
var (
	plainClient = apitest.Client
	send        = apitest.Send
	checkHeader = apitest.CheckHeader
	checkError  = apitest.CheckError
	discardLog  = apitest.DiscardLog
)

const selectSample = "SELECT * FROM sample"

func sampleRows() *sqlmock.Rows {
	return sqlmock.NewRows([]string{"id", "name"}).AddRow(1, "Ada").AddRow(2, "Grace")
}

const sampleJSON = `[{"id":1,"name":"Ada"},` + "\n" + `{"id":2,"name":"Grace"}]` + "\n"

// largeRows are rows whose JSON is well over exec.SmallBytes.
func largeRows(count int) *sqlmock.Rows {
	rows := sqlmock.NewRows([]string{"text"})
	for range count {
		rows.AddRow(strings.Repeat("x", 1<<10))
	}
	return rows
}

func TestRead(t *testing.T) {
	tests := []struct {
		name string
		rows *sqlmock.Rows
		want string
	}{
		{"rows", sampleRows(), sampleJSON},
		{"empty table", sqlmock.NewRows([]string{"id"}), "[]\n"},
		{"null", sqlmock.NewRows([]string{"a"}).AddRow(nil), `[{"a":null}]` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog())
			mock.ExpectQuery(selectSample).WillReturnRows(tt.rows).RowsWillBeClosed()
			resp, body := send(t, "GET", server.URL+"/read")
			if resp.StatusCode != http.StatusOK || body != tt.want {
				t.Errorf("GET /read = %d %q; want 200 %q", resp.StatusCode, body, tt.want)
			}
			checkHeader(t, resp, "Content-Type", "application/json; charset=utf-8")
			checkHeader(t, resp, "Cache-Control", "no-cache")
			checkHeader(t, resp, "X-Content-Type-Options", "nosniff")
			if resp.ContentLength != int64(len(tt.want)) {
				t.Errorf("GET /read: Content-Length = %d; want %d", resp.ContentLength, len(tt.want))
			}
			if err := mock.ExpectationsWereMet(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadTables(t *testing.T) {
	const environment = "DB_TABLES=sample, order by`,a/b"
	tests := []struct{ path, query string }{
		{"/read", selectSample},
		{"/read/sample", selectSample},
		{"/read/order%20by%60", "SELECT * FROM `order by```"},
		{"/read/a/b", "SELECT * FROM `a/b`"},
		{"/read/a%2Fb", "SELECT * FROM `a/b`"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog(), environment)
			mock.ExpectQuery(tt.query).WillReturnRows(sampleRows())
			if resp, body := send(t, "GET", server.URL+tt.path); body != sampleJSON {
				t.Errorf("GET %s = %d %q; want 200 %q", tt.path, resp.StatusCode, body, sampleJSON)
			}
		})
	}
}

func TestReadSettings(t *testing.T) {
	column := sqlmock.NewColumn("n").OfType("BIGINT", int64(0))
	server, mock := newMockServer(t, discardLog(), "CACHE_CONTROL=public, max-age=5", "BIGINT_AS=string")
	mock.ExpectQuery(selectSample).WillReturnRows(mock.NewRowsWithColumnDefinition(column).AddRow(int64(1)))
	resp, body := send(t, "GET", server.URL+"/read")
	if want := `[{"n":"1"}]` + "\n"; body != want {
		t.Errorf("GET /read with BIGINT_AS=string = %q; want %q", body, want)
	}
	checkHeader(t, resp, "Cache-Control", "public, max-age=5")
}

// A result of exactly exec.SmallBytes is small, one byte more is not.
func TestReadSmallUpToLimit(t *testing.T) {
	const frame = len(`[{"a":""}]` + "\n")
	tests := []struct {
		name        string
		size        int
		wantChunked bool
	}{
		{"at the limit", exec.SmallBytes, false},
		{"one byte over", exec.SmallBytes + 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog())
			mock.ExpectQuery(selectSample).WillReturnRows(
				sqlmock.NewRows([]string{"a"}).AddRow(strings.Repeat("x", tt.size-frame)))
			resp, body := send(t, "GET", server.URL+"/read")
			if chunked := resp.ContentLength < 0; len(body) != tt.size || chunked != tt.wantChunked {
				t.Errorf("GET /read = %d bytes, chunked %v; want %d, %v", len(body), chunked, tt.size, tt.wantChunked)
			}
		})
	}
}

func TestReadLarge(t *testing.T) {
	server, mock := newMockServer(t, discardLog())
	mock.ExpectQuery(selectSample).WillReturnRows(largeRows(3000)).RowsWillBeClosed()
	resp, body := send(t, "GET", server.URL+"/read")
	var rows []map[string]string
	if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) != 3000 {
		t.Fatalf("GET /read = %d rows, %v; want 3000", len(rows), err)
	}
	checkHeader(t, resp, "Content-Type", "application/json; charset=utf-8")
	if resp.ContentLength >= 0 {
		t.Errorf("Content-Length = %d; want a chunked response", resp.ContentLength)
	}
}

func TestHead(t *testing.T) {
	tests := []struct {
		name       string
		rows       *sqlmock.Rows
		wantLength int64
	}{
		{"small", sampleRows(), int64(len(sampleJSON))},
		{"large", largeRows(3000), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog())
			mock.ExpectQuery(selectSample).WillReturnRows(tt.rows).RowsWillBeClosed()
			resp, body := send(t, "HEAD", server.URL+"/read")
			if resp.StatusCode != http.StatusOK || body != "" || resp.ContentLength != tt.wantLength {
				t.Errorf("HEAD /read = %d, body %q, length %d; want 200, none, %d",
					resp.StatusCode, body, resp.ContentLength, tt.wantLength)
			}
			checkHeader(t, resp, "Content-Type", "application/json; charset=utf-8")
		})
	}
}

// brokenMidway are rows that break after the first one; large says whether the
// response has begun by then.
func brokenMidway(large bool, err error) *sqlmock.Rows {
	if large {
		return largeRows(3000).RowError(2500, err)
	}
	return sampleRows().RowError(1, err)
}

func TestReadErrors(t *testing.T) {
	secret := func(number uint16) error {
		return &mysql.MySQLError{Number: number, Message: "secret 'root'@'10.0.0.1' SELECT"}
	}
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"connection refused", &net.OpError{Op: "dial", Err: errors.New("secret")}, 503, "PGRST001"},
		{"unknown host", &net.DNSError{Err: "secret"}, 503, "PGRST001"},
		{"connection lost", mysql.ErrInvalidConn, 503, "PGRST001"},
		{"connection cut", io.ErrUnexpectedEOF, 503, "PGRST001"},
		{"too many connections", secret(1040), 503, "PGRST001"},
		{"shutdown", secret(1053), 503, "PGRST001"},
		{"cluster node not ready", secret(1047), 503, "PGRST001"},
		{"statement time limit", secret(3024), 504, "57014"},
		{"table dropped", secret(1146), 500, "42P01"},
		{"no privilege", secret(1142), 500, "42501"},
		{"definer of the view gone", secret(1045), 500, "42P17"}, // the connection is open: it is not our password
		{"definer of the view gone, told openly", secret(1449), 500, "42P17"},
		{"password expired", secret(1820), 500, "28P01"},
		{"offline mode", secret(3032), 503, "PGRST001"},
		{"offline mode with a reason", secret(6400), 503, "PGRST001"},
		{"init_connect fails", secret(1184), 503, "PGRST001"},
		{"lost to ALTER TABLE", secret(1412), 503, "57014"},
		{"out of sort memory", secret(1038), 500, "53200"},
		{"max_join_size", secret(1104), 500, "54000"},
		{"the bound of Vitess", &mysql.MySQLError{Number: 1317, Message: "secret Row count exceeded 10000"}, 500, "54000"},
		{"what Vitess cannot do", secret(1235), 400, "0A000"},
		{"variable of the session", fmt.Errorf("%w: %w", connect.ErrSession, secret(1193)), 500, "08004"},
		{"stack overrun", secret(1436), 500, "54001"},
		{"disk full", secret(1021), 503, "53100"},
		{"temporary table full", secret(1114), 503, "53100"},
		{"out of memory", secret(1037), 503, "53200"},
		{"value out of range", secret(1690), 500, "22000"},
		{"table crashed", secret(1194), 500, "58030"},
		{"database dropped", secret(1049), 500, "3D000"},
		{"host blocked", secret(1129), 500, "28000"},
		{"certificate expired", mysql.ErrNoTLS, 500, "08001"},
		{"any other", secret(1064), 500, "XX000"},
		{"not of the driver", errors.New("secret"), 500, "XX000"},
	}
	for _, tt := range tests {
		for when, expect := range map[string]func(*sqlmock.ExpectedQuery){
			"query":     func(q *sqlmock.ExpectedQuery) { q.WillReturnError(tt.err) },
			"first row": func(q *sqlmock.ExpectedQuery) { q.WillReturnRows(sampleRows().RowError(0, tt.err)) },
			"later row": func(q *sqlmock.ExpectedQuery) { q.WillReturnRows(brokenMidway(false, tt.err)) },
		} {
			t.Run(tt.name+"/"+when, func(t *testing.T) {
				t.Parallel() // some are tried again for all of DB_TIMEOUT
				var log apitest.LogBuffer
				server, mock := newMockServer(t, log.Logger(), "DB_TIMEOUT=500ms")
				for range 50 { // more than there is time for
					expect(mock.ExpectQuery(selectSample))
				}
				resp, body := send(t, "GET", server.URL+"/read")
				checkError(t, resp, body, tt.status, tt.code)
				checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
				if strings.Contains(body, "secret") || strings.Contains(body, "SELECT") {
					t.Errorf("error body = %s; want nothing of the database in it", body)
				}
				if tt.status >= 500 && !strings.Contains(log.String(), "level=ERROR msg=\"request failed\"") {
					t.Errorf("log = %q; want the failed request", log.String())
				}
			})
		}
	}
}

// refusing is a database that refuses each connection with err.
type refusing struct{ err error }

func (r refusing) Connect(context.Context) (driver.Conn, error) { return nil, r.err }
func (r refusing) Driver() driver.Driver                        { return nil }

// What a server says to a new connection is about the account, or passes.
func TestReadRefusedConnection(t *testing.T) {
	tests := []struct {
		name   string
		number uint16
		status int
		code   string
		tries  bool // until DB_TIMEOUT
	}{
		{"password changed", 1045, 500, "28P01", false},
		{"offline mode", 3032, 503, "PGRST001", true},
		{"offline mode with a reason", 6400, 503, "PGRST001", true},
		{"init_connect fails", 1184, 503, "PGRST001", true},
		{"no thread for it", 1135, 503, "PGRST001", true},
		{"no memory", 1041, 503, "53200", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // they wait
			pool := sql.OpenDB(refusing{&mysql.MySQLError{Number: tt.number, Message: "secret"}})
			defer pool.Close()
			const timeout = 300 * time.Millisecond
			server := httptest.NewServer(newAPI(pool, testConfig(t, "DB_TIMEOUT="+timeout.String()), discardLog()))
			defer server.Close()
			start := time.Now()
			resp, body := send(t, "GET", server.URL+"/read")
			checkError(t, resp, body, tt.status, tt.code)
			if took := time.Since(start); tt.tries && took < timeout/3 {
				t.Errorf("GET /read gave up after %v; want it tried again", took)
			}
		})
	}
}

// One line of the log has what was asked for, the cause and the way out, but no
// secret.
func TestLogFailure(t *testing.T) {
	var log apitest.LogBuffer
	server, mock := newMockServer(t, log.Logger())
	mock.ExpectQuery(selectSample).WillReturnError(&mysql.MySQLError{Number: 1038, Message: "Out of sort memory"})
	send(t, "GET", server.URL+"/read?select=*&offset=0")
	send(t, "GET", server.URL+"/read?token=s3cret")
	server.Close() // waits for the handlers
	checkFailureLine(t, log.String(), `path=/read`, `query="select=*&offset=0"`, "Out of sort memory", "raise sort_buffer_size")
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("log = %s; want no secret in it", log.String())
	}
	if want := `level=DEBUG msg=request method=GET path=/read query="token=REDACTED" status=400`; !strings.Contains(log.String(), want) {
		t.Errorf("log = %s; want %q in it", log.String(), want)
	}
}

// A value that breaks a result is the server's fault like any other.
func TestReadUnknownValue(t *testing.T) {
	pool := sql.OpenDB(&fakedb.Rows{Names: []string{"a"}, Types: []string{""}, Values: [][]driver.Value{{struct{}{}}}, Count: 1})
	defer pool.Close()
	server := httptest.NewServer(newAPI(pool, testConfig(t), discardLog()))
	defer server.Close()
	resp, body := send(t, "GET", server.URL+"/read")
	checkError(t, resp, body, http.StatusInternalServerError, "XX000")
}

// A response that has begun cannot become an error any more: it must not end
// cleanly either.
func TestReadBrokenStream(t *testing.T) {
	var log apitest.LogBuffer
	server, mock := newMockServer(t, log.Logger())
	mock.ExpectQuery(selectSample).WillReturnRows(brokenMidway(true, mysql.ErrInvalidConn))
	resp, err := http.Get(server.URL + "/read")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("GET /read = %d, %d bytes, error %v; want 200 and %v", resp.StatusCode, len(body), err, io.ErrUnexpectedEOF)
	}
	if json.Valid(body) {
		t.Error("the part that arrived is valid JSON; want it not to be")
	}
	if !strings.Contains(log.String(), "request failed") {
		t.Errorf("log = %q; want the failed request", log.String())
	}
}

func TestReadTimeout(t *testing.T) {
	server, mock := newMockServer(t, discardLog(), "DB_TIMEOUT=500ms")
	mock.ExpectQuery(selectSample).WillDelayFor(time.Minute).WillReturnRows(sampleRows())
	resp, body := send(t, "GET", server.URL+"/read")
	checkError(t, resp, body, http.StatusGatewayTimeout, "57014")
}

func TestReadPoolBusy(t *testing.T) {
	pool, _, err := sqlmock.New()
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	taken, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server := httptest.NewServer(newAPI(pool, testConfig(t, "DB_TIMEOUT=20ms"), discardLog()))
	defer server.Close()
	resp, body := send(t, "GET", server.URL+"/read")
	checkError(t, resp, body, http.StatusServiceUnavailable, "PGRST003")
}

// A client that leaves takes its query with it.
func TestReadClientGone(t *testing.T) {
	var log apitest.LogBuffer
	queried, ended := make(chan struct{}), make(chan struct{})
	pool := sql.OpenDB(fakedb.Hook(func(ctx context.Context) (driver.Rows, error) {
		close(queried)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	}))
	defer pool.Close()
	server := httptest.NewServer(newAPI(pool, testConfig(t), log.Logger()))
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-queried
		leave()
	}()
	req, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/read", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Fatalf("GET /read = %v, %v; want %v", resp, err, context.Canceled)
	}
	<-ended
	server.Close() // waits for the handler
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("log = %q; want no failure: the client left", log.String())
	}
}

func TestRoutes(t *testing.T) {
	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{"POST", "/", 405, "PGRST117"},
		{"GET", "/index.html", 404, "PGRST125"},
		{"GET", "/Read", 404, "PGRST125"},
		{"GET", "//read", 404, "PGRST125"}, // net/http's mux would redirect
		{"GET", "/read/mysql.user", 404, "PGRST205"},
		{"HEAD", "/nothing", 404, "PGRST125"},
		{"POST", "/read", 405, "PGRST117"},
		{"PUT", "/read", 405, "PGRST117"},
		{"PATCH", "/read/sample", 405, "PGRST117"},
		{"DELETE", "/healthz", 405, "PGRST117"},
		{"BREW", "/readyz", 405, "PGRST117"},
		{"POST", "/nothing", 404, "PGRST125"},
		{"GET", "/read?limit=x", 400, "PGRST100"}, // not the whole table
		{"GET", "/read?a=%ff;b", 400, "PGRST100"},
	}
	server, _ := newMockServer(t, discardLog())
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			resp, body := send(t, tt.method, server.URL+tt.path)
			checkError(t, resp, body, tt.status, tt.code)
			checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
			wantAllow := map[int]string{405: "GET, HEAD, OPTIONS"}[tt.status]
			checkHeader(t, resp, "Allow", wantAllow)
			if tt.status == 404 && tt.method != "HEAD" && !strings.Contains(body, "/read") {
				t.Errorf("%s %s = %s; want a hint that names /read", tt.method, tt.path, body)
			}
		})
	}
}

// A body that does not come holds nobody up.
func TestWithheldBody(t *testing.T) {
	server, _ := newMockServer(t, discardLog())
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !resp.Close {
		t.Errorf("GET with a withheld body = %d, close %v; want 200, true", resp.StatusCode, resp.Close)
	}
}

func TestHealth(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("refused")}
	tests := []struct {
		name, path string
		pingErr    error
		status     int
		want       string
	}{
		{"alive", "/healthz", nil, 200, `{"status":"ok"}` + "\n"},
		{"alive without a database", "/healthz", refused, 200, `{"status":"ok"}` + "\n"},
		{"ready", "/readyz", nil, 200, `{"status":"ready"}` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog())
			mock.ExpectPing().WillReturnError(tt.pingErr)
			resp, body := send(t, "GET", server.URL+tt.path)
			if resp.StatusCode != tt.status || body != tt.want {
				t.Errorf("GET %s = %d %q; want %d %q", tt.path, resp.StatusCode, body, tt.status, tt.want)
			}
		})
	}
	t.Run("not ready", func(t *testing.T) {
		server, mock := newMockServer(t, discardLog())
		mock.ExpectPing().WillReturnError(refused)
		resp, body := send(t, "GET", server.URL+"/readyz")
		checkError(t, resp, body, http.StatusServiceUnavailable, "PGRST001")
	})
}

// The log says that the database went away and that it is back, once each.
func TestLogOncePerChange(t *testing.T) {
	var log apitest.LogBuffer
	server, mock := newMockServer(t, log.Logger())
	for _, err := range []error{nil, mysql.ErrInvalidConn, mysql.ErrInvalidConn, mysql.ErrInvalidConn, nil, nil} {
		mock.ExpectPing().WillReturnError(err)
		send(t, "GET", server.URL+"/readyz")
	}
	for _, line := range []string{"the database is away", "the database is back"} {
		if got := strings.Count(log.String(), line); got != 1 {
			t.Errorf("log says %q %d times; want once:\n%s", line, got, log.String())
		}
	}
}

// While the last reads are being answered, others learn that the server stops.
func TestDrain(t *testing.T) {
	queried, goOn := make(chan struct{}), make(chan struct{})
	pool := sql.OpenDB(fakedb.Hook(func(context.Context) (driver.Rows, error) {
		close(queried)
		<-goOn
		return fakedb.Texts("last", 1), nil
	}))
	defer pool.Close()
	api := newAPI(pool, testConfig(t), discardLog())
	server := httptest.NewServer(api)
	defer server.Close()
	last := make(chan string, 1)
	go func() { // ends with its response
		resp, err := plainClient.Get(server.URL + "/read")
		if err != nil {
			last <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		last <- fmt.Sprint(string(body), err)
	}()
	<-queried
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if api.drain(short); short.Err() == nil {
		t.Error("drain returned while a read was being answered")
	}
	for _, path := range []string{"/read", "/read/sample", "/readyz"} {
		resp, body := send(t, "GET", server.URL+path)
		checkError(t, resp, body, http.StatusServiceUnavailable, "57P01")
	}
	if resp, _ := send(t, "GET", server.URL+"/healthz"); resp.StatusCode != http.StatusOK {
		t.Errorf("GET /healthz while stopping = %d; want 200", resp.StatusCode)
	}
	close(goOn)
	api.drain(t.Context())
	if got, want := <-last, fmt.Sprint(`[{"text":"last"}]`+"\n", nil); got != want {
		t.Errorf("the last read = %q; want %q", got, want)
	}
}

func TestCORS(t *testing.T) {
	const allowed, other = "https://app.example", "https://evil.example"
	tests := []struct {
		name, origins, origin string
		wantAllow             string
		wantVary              bool
	}{
		{"any origin", "*", other, "*", false},
		{"no origin", "*", "", "*", false},
		{"listed", "https://a.example," + allowed, allowed, allowed, true},
		{"not listed", allowed, other, "", true},
		{"listed, but no origin", allowed, "", "", true},
		{"off", "", other, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog(), "CORS_ORIGINS="+tt.origins)
			mock.ExpectQuery(selectSample).WillReturnRows(sampleRows())
			for _, path := range []string{"/read", "/nothing", "/healthz"} {
				resp, _ := send(t, "GET", server.URL+path, "Origin: "+tt.origin)
				checkHeader(t, resp, "Access-Control-Allow-Origin", tt.wantAllow)
				if got := strings.Contains(resp.Header.Get("Vary"), "Origin"); got != tt.wantVary {
					t.Errorf("GET %s: Vary = %q; want Origin in it: %v", path, resp.Header.Values("Vary"), tt.wantVary)
				}
				checkHeader(t, resp, "Access-Control-Allow-Credentials", "")
			}
		})
	}
}

// An outage of a minute must not fill the log with a line per request.
func TestLogOncePerSecond(t *testing.T) {
	var log apitest.LogBuffer
	server, mock := newMockServer(t, log.Logger())
	start := time.Now()
	for range 50 {
		mock.ExpectPing().WillReturnError(mysql.ErrInvalidConn)
		resp, body := send(t, "GET", server.URL+"/readyz")
		checkError(t, resp, body, http.StatusServiceUnavailable, "PGRST001")
	}
	most := int(time.Since(start)/time.Second) + 2
	if got := strings.Count(log.String(), "request failed"); got < 1 || got > most {
		t.Errorf("50 failures are logged %d times; want 1 to %d", got, most)
	}
}

func TestTokens(t *testing.T) {
	tests := []struct {
		name, authorization string
		status              int
	}{
		{"first", "Bearer one", 200},
		{"second", "Bearer two", 200},
		{"scheme in lower case", "bearer two", 200},
		{"missing", "", 401},
		{"wrong", "Bearer three", 401},
		{"a part", "Bearer on", 401},
		{"empty", "Bearer ", 401},
		{"another scheme", "Basic one", 401},
		{"both at once", "Bearer one,two", 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, mock := newMockServer(t, discardLog(), "API_TOKENS=one,two")
			mock.ExpectQuery(selectSample).WillReturnRows(sampleRows())
			resp, body := send(t, "GET", server.URL+"/read", "Authorization: "+tt.authorization)
			if tt.status == 200 {
				if resp.StatusCode != 200 || body != sampleJSON {
					t.Errorf("GET /read = %d %q; want 200 %q", resp.StatusCode, body, sampleJSON)
				}
				return
			}
			checkError(t, resp, body, 401, "PGRST301")
			checkHeader(t, resp, "WWW-Authenticate", "Bearer")
			checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
			resp, body = send(t, "GET", server.URL+"/read/unknown") // no word on which tables there are
			checkError(t, resp, body, 401, "PGRST301")
			if resp, _ := send(t, "GET", server.URL+"/healthz"); resp.StatusCode != 200 {
				t.Errorf("GET /healthz = %d; want 200", resp.StatusCode)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	server, _ := newMockServer(t, discardLog())
	t.Run("preflight", func(t *testing.T) {
		for _, path := range []string{"/read", "/nothing"} {
			resp, body := send(t, "OPTIONS", server.URL+path, "Origin: https://app.example",
				"Access-Control-Request-Method: GET")
			if resp.StatusCode != http.StatusNoContent || body != "" {
				t.Errorf("preflight %s = %d %q; want 204 without a body", path, resp.StatusCode, body)
			}
			checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
			checkHeader(t, resp, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			checkHeader(t, resp, "Access-Control-Allow-Headers", allowedHeaders)
			checkHeader(t, resp, "Access-Control-Max-Age", "7200")
			checkHeader(t, resp, "Vary", varyPreflight)
		}
	})
	t.Run("plain", func(t *testing.T) {
		resp, _ := send(t, "OPTIONS", server.URL+"/read")
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("OPTIONS /read = %d; want 204", resp.StatusCode)
		}
		checkHeader(t, resp, "Allow", "GET, HEAD, OPTIONS")
	})
}

// A page with tracing, or of a framework that adds headers, can read.
func TestPreflightHeaders(t *testing.T) {
	const origin = "https://app.example"
	tests := []struct{ name, asked, want string }{
		{"tracing", "traceparent,tracestate, baggage,sentry-trace", ", traceparent, tracestate, baggage, sentry-trace"},
		{"frameworks", "X-Requested-With,cache-control", ", x-requested-with, cache-control"},
		{"those of the list", "Prefer, APIKEY,authorization", ""},
		{"twice", "x-a,X-A,x-a", ", x-a"},
		{"nothing", " , ,", ""},
		{"no names", "a b, c:d, \"e\", f(g), é, <h>, *", ", *"},
		{"too long", "x-a," + strings.Repeat("y", maxAllowedHeaders) + ",x-b", ", x-a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, origins := range []string{"*", "https://a.example," + origin} {
				server, _ := newMockServer(t, discardLog(), "CORS_ORIGINS="+origins)
				resp, _ := send(t, "OPTIONS", server.URL+"/read", "Origin: "+origin,
					"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: "+tt.asked)
				checkHeader(t, resp, "Access-Control-Allow-Headers", allowedHeaders+tt.want)
			}
		})
	}
	server, _ := newMockServer(t, discardLog(), "CORS_ORIGINS="+origin)
	resp, _ := send(t, "OPTIONS", server.URL+"/read", "Origin: https://evil.example",
		"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: x-a")
	for _, name := range []string{"Origin", "Methods", "Headers"} {
		checkHeader(t, resp, "Access-Control-Allow-"+name, "")
	}
	if got, want := resp.Header.Values("Vary"), []string{"Origin", varyPreflight}; !slices.Equal(got, want) {
		t.Errorf("Vary of a preflight = %q; want %q", got, want)
	}
}

// Without a token nothing tells a table that is listed from one that is not,
// whatever the method.
func TestNoTokenNoWord(t *testing.T) {
	const preflight = "Access-Control-Request-Method: GET"
	for _, origins := range []string{"*", "https://app.example", ""} {
		server, _ := newMockServer(t, discardLog(), "API_TOKENS=one", "DB_TABLES=sample,listed", "CORS_ORIGINS="+origins)
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE", "BREW"} {
			for _, headers := range [][]string{nil, {preflight}, {preflight, "Origin: https://app.example"}, {"Authorization: Bearer two"}} {
				answers := map[string]string{}
				for _, path := range []string{"/read", "/read/listed", "/read/unknown", "/read/", "/read/unknown?limit=x"} {
					resp, body := send(t, method, server.URL+path, headers...)
					resp.Header.Del("Date")
					answers[fmt.Sprint(resp.StatusCode, resp.Header, resp.ContentLength, body)] = path
					isPreflight := method == "OPTIONS" && len(headers) > 0 && headers[0] == preflight && origins != ""
					if resp.StatusCode != 401 && !isPreflight {
						t.Errorf("%s %s without a token = %d; want 401", method, path, resp.StatusCode)
					}
				}
				if len(answers) != 1 {
					t.Errorf("%s with %q, CORS_ORIGINS=%s: %q; want one answer", method, headers, origins, answers)
				}
			}
		}
	}
}

func TestLogRequests(t *testing.T) {
	var log apitest.LogBuffer
	server, mock := newMockServer(t, log.Logger())
	mock.ExpectQuery(selectSample).WillReturnRows(sampleRows())
	send(t, "GET", server.URL+"/read")
	server.Close() // waits for the handler, and so for its log line
	for _, part := range []string{"level=DEBUG msg=request", "method=GET path=/read status=200 bytes=49 duration="} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("log = %q; want %q in it", log.String(), part)
		}
	}
}

// To HTTP/1.0 the end of the connection is the end of the body: a stream that
// breaks resets it.
func TestBrokenStreamOfHTTP10(t *testing.T) {
	pool := sql.OpenDB(fakedb.Hook(func(context.Context) (driver.Rows, error) {
		return &fakedb.Broken{Rows: *fakedb.Texts(strings.Repeat("x", 1000), 4000), After: 3000, Err: errors.New("broken")}, nil
	}))
	defer pool.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httpserver.New(newAPI(pool, testConfig(t), discardLog()), nil, discardLog())
	defer server.Close()
	go server.Serve(client.NewListener(listener, time.Minute)) // ends with Close
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /read HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("GET /read = %d bytes, %v; want %v", n, err, syscall.ECONNRESET)
	}
}

// A compressed stream that breaks does not end cleanly either.
func TestGzipBrokenStream(t *testing.T) {
	server, mock := newMockServer(t, discardLog())
	mock.ExpectQuery(selectSample).WillReturnRows(brokenMidway(true, errors.New("broken")))
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/read", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := plainClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("GET /read = %d bytes, %v; want %v", len(body), err, io.ErrUnexpectedEOF)
	}
}

func TestMaxInFlight(t *testing.T) {
	queried, goOn := make(chan struct{}), make(chan struct{})
	pool := sql.OpenDB(fakedb.Hook(func(context.Context) (driver.Rows, error) {
		queried <- struct{}{}
		<-goOn
		return fakedb.Texts("x", 1), nil
	}))
	defer pool.Close()
	server := httptest.NewServer(newAPI(pool, testConfig(t, "MAX_IN_FLIGHT=1"), discardLog()))
	defer server.Close()
	first := make(chan int)
	go func() {
		resp, err := plainClient.Get(server.URL + "/read")
		if err != nil {
			first <- 0
			return
		}
		resp.Body.Close()
		first <- resp.StatusCode
	}()
	<-queried
	resp, body := send(t, "GET", server.URL+"/read")
	checkError(t, resp, body, http.StatusServiceUnavailable, "53300")
	resp, body = send(t, "GET", server.URL+"/read/")
	checkError(t, resp, body, http.StatusServiceUnavailable, "53300")
	if resp, _ := send(t, "GET", server.URL+"/healthz"); resp.StatusCode != 200 {
		t.Errorf("GET /healthz under load = %d; want 200", resp.StatusCode)
	}
	close(goOn)
	if status := <-first; status != 200 {
		t.Errorf("the first GET /read = %d; want 200", status)
	}
	go func() { <-queried }()
	if resp, _ := send(t, "GET", server.URL+"/read"); resp.StatusCode != 200 {
		t.Errorf("GET /read afterwards = %d; want 200", resp.StatusCode)
	}
}

// FuzzRequest: whatever is asked for, the answer is JSON and no panic.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{"/read", "/read/%00", "/read?x=1;y", "/readyz", "//", "/read/../read"} {
		f.Add("GET", seed)
	}
	f.Fuzz(func(t *testing.T, method, target string) {
		req, err := http.NewRequest(method, "http://localhost"+target, nil)
		if err != nil {
			return // not a request that net/http would hand over
		}
		pool, _, err := sqlmock.New() // expects nothing: a query is an error, 500
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		recorder := httptest.NewRecorder()
		newAPI(pool, testConfig(t), discardLog()).ServeHTTP(recorder, req)
		if body := recorder.Body.Bytes(); recorder.Code != http.StatusNoContent && !json.Valid(body) {
			t.Errorf("%s %q = %d %q; want JSON", method, target, recorder.Code, body)
		}
	})
}
