package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// newHookServer starts an HTTP server whose every query is a call of hook.
func newHookServer(t testing.TB, hook hookDriver, environment ...string) *httptest.Server {
	t.Helper()
	pool := sql.OpenDB(hook)
	t.Cleanup(func() { pool.Close() })
	cfg := testConfig(t, environment...)
	pool.SetMaxOpenConns(cfg.maxConns)
	server := httptest.NewServer(newAPI(pool, cfg, discardLog()))
	t.Cleanup(server.Close)
	return server
}

// textRows are count rows with one text.
func textRows(text string, count int) *fakeRows {
	return &fakeRows{
		names: []string{"text"}, types: []string{"TEXT"},
		values: [][]driver.Value{{[]byte(text)}}, count: count,
	}
}

func gunzip(t testing.TB, body string) string {
	t.Helper()
	zip, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestNotModified(t *testing.T) {
	server := newHookServer(t, func(context.Context) (driver.Rows, error) { return textRows("x", 1), nil })
	resp, body := send(t, "GET", server.URL+"/read")
	etag := resp.Header.Get("ETag")
	if !strings.HasPrefix(etag, `W/"`) || len(etag) != len(`W/""`)+32 {
		t.Fatalf("ETag = %q; want a weak one with 128 bits", etag)
	}
	strong := strings.TrimPrefix(etag, "W/")
	tests := []struct {
		name        string
		ifNoneMatch string
		status      int
	}{
		{"same", etag, 304},
		{"weak comparison", strong, 304},
		{"one of several", `"a", ` + etag + `,W/"b"`, 304},
		{"any", "*", 304},
		{"other", `W/"0"`, 200},
		{"not quoted", strings.Trim(strong, `"`), 200},
		{"empty", "", 200},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				resp, got := send(t, method, server.URL+"/read", "If-None-Match: "+tt.ifNoneMatch)
				if resp.StatusCode != tt.status {
					t.Errorf("%s with If-None-Match %q = %d; want %d", method, tt.ifNoneMatch, resp.StatusCode, tt.status)
				}
				if wantBody := map[bool]string{true: body}[tt.status == 200 && method == "GET"]; got != wantBody {
					t.Errorf("%s body = %q; want %q", method, got, wantBody)
				}
				checkHeader(t, resp, "ETag", etag)
				checkHeader(t, resp, "Cache-Control", "no-cache")
				checkHeader(t, resp, "Vary", varyRead)
				checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
			})
		}
	}
}

// Replicas share a cache only if the ETag is a matter of the bytes alone.
func TestETagIsOfTheBytes(t *testing.T) {
	etag := func(text string) string {
		server := newHookServer(t, func(context.Context) (driver.Rows, error) { return textRows(text, 1), nil })
		resp, _ := send(t, "GET", server.URL+"/read")
		return resp.Header.Get("ETag")
	}
	const want = `W/"d66d22be18bc2e201962f5f1b3093d2c"` // printf '[{"text":"x"}]\n' | sha256sum | cut -c1-32
	if got := etag("x"); got != want {
		t.Errorf("ETag = %s; want %s", got, want)
	}
	if etag("x") == etag("y") {
		t.Error("the ETags of other bytes are the same")
	}
}

func TestGzip(t *testing.T) {
	compressible := strings.Repeat("lorem ipsum ", 10)
	tests := []struct {
		name     string
		rows     *fakeRows
		accept   string
		wantGzip bool
	}{
		{"accepted", textRows(compressible, 100), "gzip, deflate, br", true},
		{"by a star", textRows(compressible, 100), "*", true},
		{"upper case", textRows(compressible, 100), "GZIP;Q=0.5", true},
		{"not accepted", textRows(compressible, 100), "", false},
		{"refused", textRows(compressible, 100), "gzip;q=0, *", false},
		{"identity preferred", textRows(compressible, 100), "gzip;q=0.5, identity", false},
		{"other codings", textRows(compressible, 100), "br, zstd", false},
		{"not a weight", textRows(compressible, 100), "gzip;q=x", false},
		{"not worth it", textRows("x", 1), "gzip", false},
		{"large", textRows(compressible, 20_000), "gzip", true},
		{"large, not accepted", textRows(compressible, 20_000), "identity", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				again := *tt.rows
				return &again, nil
			})
			resp, body := send(t, "GET", server.URL+"/read", "Accept-Encoding: "+tt.accept)
			checkHeader(t, resp, "Vary", varyRead)
			checkHeader(t, resp, "Content-Encoding", map[bool]string{true: "gzip"}[tt.wantGzip])
			if tt.wantGzip {
				body = gunzip(t, body)
			}
			var rows []map[string]string
			if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) != tt.rows.count {
				t.Errorf("GET /read = %d rows, %v; want %d", len(rows), err, tt.rows.count)
			}
			head, _ := send(t, "HEAD", server.URL+"/read", "Accept-Encoding: "+tt.accept)
			for _, name := range []string{"Content-Encoding", "Content-Type", "ETag", "Vary", "Cache-Control"} {
				checkHeader(t, head, name, resp.Header.Get(name))
			}
			if head.ContentLength != resp.ContentLength {
				t.Errorf("HEAD: Content-Length = %d; want %d", head.ContentLength, resp.ContentLength)
			}
		})
	}
}

// To HTTP/1.0 the end of the connection is the end of the body: a stream that
// breaks resets it.
func TestBrokenStreamOfHTTP10(t *testing.T) {
	pool := sql.OpenDB(hookDriver(func(context.Context) (driver.Rows, error) {
		return &brokenRows{*textRows(strings.Repeat("x", 1000), 4000), 3000, errors.New("broken")}, nil
	}))
	defer pool.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(newAPI(pool, testConfig(t), discardLog()), discardLog())
	defer server.Close()
	go server.Serve(stallListener{listener, time.Minute}) // ends with Close
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

// The first rows of a large result arrive while the others are not there yet.
func TestStreamArrivesEarly(t *testing.T) {
	for _, coding := range []string{"identity", "gzip"} {
		t.Run(coding, func(t *testing.T) {
			goOn := make(chan struct{})
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				return &gatedRows{fakeRows: *textRows(strings.Repeat("x", 1000), 4000), gate: 2000, open: goOn}, nil
			})
			req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/read", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", coding)
			resp, err := plainClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var body io.Reader = resp.Body
			if coding == "gzip" {
				if body, err = gzip.NewReader(resp.Body); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.CopyN(io.Discard, body, maxSmallBytes); err != nil {
				t.Fatal(err)
			}
			close(goOn)
			if _, err := io.Copy(io.Discard, body); err != nil {
				t.Errorf("the rest: %v; want no error", err)
			}
		})
	}
}

// gatedRows stop at row gate until open is closed.
type gatedRows struct {
	fakeRows
	gate int
	open <-chan struct{}
}

func (r *gatedRows) Next(dest []driver.Value) error {
	if r.at == r.gate {
		<-r.open
	}
	return r.fakeRows.Next(dest)
}

// A read whose connection is lost before anything has gone out is sent again,
// also when rows have been read already.
func TestReadRidesOutFaults(t *testing.T) {
	lost := &net.OpError{Op: "read", Err: errors.New("reset")}
	tests := []struct {
		name  string
		fault func() (driver.Rows, error)
	}{
		{"query", func() (driver.Rows, error) { return nil, lost }},
		{"first row", func() (driver.Rows, error) { return &brokenRows{*textRows("x", 9), 0, lost}, nil }},
		{"later row", func() (driver.Rows, error) { return &brokenRows{*textRows("x", 9), 5, lost}, nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := 3
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				if faults--; faults >= 0 {
					return tt.fault()
				}
				return textRows("good", 1), nil
			})
			resp, body := send(t, "GET", server.URL+"/read")
			if want := `[{"text":"good"}]` + "\n"; resp.StatusCode != 200 || body != want {
				t.Errorf("GET /read = %d %q; want 200 %q", resp.StatusCode, body, want)
			}
		})
	}
}

// brokenRows fail instead of giving row number after.
type brokenRows struct {
	fakeRows
	after int
	err   error
}

func (r *brokenRows) Next(dest []driver.Value) error {
	if r.at == r.after {
		return r.err
	}
	return r.fakeRows.Next(dest)
}

func TestMaxInFlight(t *testing.T) {
	queried, goOn := make(chan struct{}), make(chan struct{})
	server := newHookServer(t, func(context.Context) (driver.Rows, error) {
		queried <- struct{}{}
		<-goOn
		return textRows("x", 1), nil
	}, "MAX_IN_FLIGHT=1")
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

// Readers of large results that take nothing leave connections to the others.
func TestLargeLeavesConnections(t *testing.T) {
	endless := strings.Repeat("x", 1<<20)
	server := newHookServer(t, func(context.Context) (driver.Rows, error) {
		return textRows(endless, 1000), nil
	}, "DB_MAX_CONNS=4", "DB_TABLES=sample", "DB_TIMEOUT=1s")
	for range 4 - reservedConns {
		resp, err := plainClient.Get(server.URL + "/read") // returns with the header
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
	}
	resp, body := send(t, "GET", server.URL+"/read")
	checkError(t, resp, body, http.StatusServiceUnavailable, "PGRST003")
}

func TestStallConn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const timeout = 50 * time.Millisecond
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := stallListener{listener, timeout}.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- conn
	}()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn := <-accepted
	defer conn.Close()
	big := bytes.Repeat([]byte("x"), 64<<20) // more than the kernel keeps
	if n, err := conn.Write(big); err == nil || n == len(big) {
		t.Errorf("Write to a client that takes nothing = %d, %v; want an error", n, err)
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"gzip", "gzip;q=0", "*;q=0.1,identity", ";;q=,", `W/"a", "b"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		acceptsGzip(http.Header{"Accept-Encoding": {value}}) // no panic
		if matchesETag([]string{value}, `W/"0123"`) && !strings.Contains(value, `"0123"`) && !strings.Contains(value, "*") {
			t.Errorf("matchesETag(%q) = true; want false", value)
		}
	})
}
