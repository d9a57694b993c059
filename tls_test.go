package main

// This file tests the program over TLS: HTTP/2 and HTTP/1.1, certificates that are
// renewed, and that a response which breaks or stalls is to its client what it is
// without TLS, while the others of its connection go on.

import (
	"bytes"
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"readapi/internal/apitest"
	"readapi/internal/certs"
	"readapi/internal/client"
	"readapi/internal/fakedb"
	"readapi/internal/httpserver"
	"readapi/internal/rest"
	"readapi/internal/testcerts"
)

// tlsServer is the program behind TLS, on a database of the test.
type tlsServer struct {
	authority *testcerts.Authority
	api       *api
	addr      string
}

// newTLSServer serves what hook answers, which may be nil.
func newTLSServer(t *testing.T, hook fakedb.Hook, environment ...string) *tlsServer {
	t.Helper()
	s := &tlsServer{authority: testcerts.New(t, "readapi tests")}
	cert, key := s.authority.Issue(t, "127.0.0.1", "localhost")
	pool := sql.OpenDB(hook)
	t.Cleanup(func() { pool.Close() })
	cfg := testConfig(t, append(environment, "TLS_CERT="+cert, "TLS_KEY="+key)...)
	pair, err := certs.Load(cfg.cert.cert, cfg.cert.key, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	s.api = newAPI(pool, cfg, discardLog())
	listener := mainListen(t)
	s.addr = listener.Addr().String()
	server := httpserver.New(s.api, pair, discardLog())
	t.Cleanup(func() { server.Close() })
	go httpserver.Serve(server, client.NewListener(listener, cfg.stallTimeout)) // ends with Close
	return s
}

// client returns a client of HTTP/2, or of HTTP/1.1, with a connection of its own.
// A stream of its takes window bytes that nobody has read, if window is not 0.
func (s *tlsServer) client(t *testing.T, over2 bool, window int) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool}, DisableCompression: true,
		Protocols: new(http.Protocols),
		HTTP2:     &http.HTTP2Config{MaxReceiveBufferPerStream: window},
	}
	transport.Protocols.SetHTTP1(!over2)
	transport.Protocols.SetHTTP2(over2)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// tlsGet gets url, of which body is what could be read.
func tlsGet(ctx context.Context, c *http.Client, url string, header ...string) (resp *http.Response, body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	if resp, err = c.Do(req); err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp, body, err
}

// Over TLS, by either version, an answer is what it is without: status, headers and
// body, also of errors, preflights and 304.
func TestTLSAnswers(t *testing.T) {
	s := newTLSServer(t, func(context.Context) (driver.Rows, error) { return fakedb.Texts(strings.Repeat("x", 100), 100), nil })
	for name, version := range map[string]int{"HTTP/2": 2, "HTTP/1.1": 1} {
		t.Run(name, func(t *testing.T) {
			c := s.client(t, version == 2, 0)
			resp, body, err := tlsGet(t.Context(), c, "https://"+s.addr+"/read", "Origin: https://example.com")
			if err != nil || resp.ProtoMajor != version || resp.StatusCode != http.StatusOK || bytes.Count(body, []byte("\n")) != 100 {
				t.Fatalf("GET /read = %v %.60q, %v; want %s and 100 rows", resp, body, err, name)
			}
			checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
			checkHeader(t, resp, "Content-Length", fmt.Sprint(len(body)))
			etag := resp.Header.Get("ETag")
			if resp, body, err = tlsGet(t.Context(), c, "https://"+s.addr+"/read", "If-None-Match: "+etag); err != nil || resp.StatusCode != http.StatusNotModified || len(body) != 0 {
				t.Errorf("GET /read with its ETag = %v %.60q, %v; want 304", resp, body, err)
			}
			if resp, _, err = tlsGet(t.Context(), c, "https://"+s.addr+"/read", "Accept-Encoding: gzip"); err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("GET /read = %v, %v; want gzip", resp, err)
			}
			resp, body, err = tlsGet(t.Context(), c, "https://"+s.addr+"/nothing")
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, resp, string(body), http.StatusNotFound, "PGRST125")
			checkHeader(t, resp, "Access-Control-Allow-Origin", "*")
		})
	}
}

// A request with a body is answered at once, and the connection of HTTP/2 goes on.
func TestTLSBody(t *testing.T) {
	s := newTLSServer(t, nil)
	c := s.client(t, true, 0)
	for range 3 {
		body, writer := io.Pipe() // that never comes
		resp, err := c.Post("https://"+s.addr+"/read", "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("POST /read = %s; want 405", resp.Status)
		}
		writer.Close()
	}
}

// tlsBroken are rows that break off in the middle of a large result.
func tlsBroken(context.Context) (driver.Rows, error) {
	return &fakedb.Broken{Rows: *fakedb.Texts(strings.Repeat("x", 1000), 4000), After: 3000, Err: errors.New("broken")}, nil
}

// TestTLSBrokenStream has a result break in the middle: its client sees that, and
// another stream of the same connection gets all.
func TestTLSBrokenStream(t *testing.T) {
	held, goOn := make(chan struct{}), make(chan struct{})
	s := newTLSServer(t, func(ctx context.Context) (driver.Rows, error) {
		select {
		case <-held: // the second
			return tlsBroken(ctx)
		default:
			close(held)
			<-goOn
			return fakedb.Texts(strings.Repeat("y", 1000), 3000), nil
		}
	})
	c := s.client(t, true, 0)
	whole := make(chan string, 1)
	go func() { // ends with its response
		resp, body, err := tlsGet(t.Context(), c, "https://"+s.addr+"/read")
		whole <- fmt.Sprintf("%v %d rows, %v", resp != nil && resp.StatusCode == 200, bytes.Count(body, []byte("\n")), err)
	}()
	<-held
	for _, header := range []string{"Accept-Encoding: identity", "Accept-Encoding: gzip"} {
		resp, body, err := tlsGet(t.Context(), c, "https://"+s.addr+"/read", header)
		if resp == nil || resp.StatusCode != http.StatusOK || err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") {
			t.Errorf("GET /read with %s = %v, %d bytes, %v; want 200 and a stream that is reset", header, resp, len(body), err)
		}
	}
	close(goOn)
	if got := <-whole; got != "true 3000 rows, <nil>" {
		t.Errorf("the other GET /read = %s; want all of it", got)
	}
}

// curl runs curl, which knows the authority, and returns its exit code and output.
func (s *tlsServer) curl(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not here")
	}
	cmd := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "--max-time", "20", "--cacert", s.authority.File}, args...)...)
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(output)
}

// TestTLSCurl asks with curl, by each version: which one is agreed on, and what a
// stream that breaks is to it.
func TestTLSCurl(t *testing.T) {
	s := newTLSServer(t, tlsBroken)
	tests := []struct {
		option, version string
		codes           []int // of a stream that breaks
	}{
		{"--http2", "2", []int{92}},
		{"--http1.1", "1.1", []int{18, 56}},
		{"--http1.0", "1.0", []int{56}},
	}
	for _, tt := range tests {
		t.Run(tt.option, func(t *testing.T) {
			code, out := s.curl(t, tt.option, "-o", t.TempDir()+"/body", "-w", "%{http_version} %{http_code}", "https://"+s.addr+"/healthz")
			if code != 0 || strings.Replace(out, "1 200", "1.0 200", 1) != tt.version+" 200" && out != tt.version+" 200" {
				t.Errorf("curl = %d %q; want 0 and %s", code, out, tt.version)
			}
			code, out = s.curl(t, tt.option, "-o", t.TempDir()+"/body", "https://"+s.addr+"/read")
			if !slices.Contains(tt.codes, code) {
				t.Errorf("curl of a stream that breaks = %d %q; want %d", code, out, tt.codes)
			}
		})
	}
}

// tlsDifferent are rows that no two queries have in common, 1 MiB less a bit.
func tlsDifferent() fakedb.Hook {
	var mu sync.Mutex
	n := 0
	return func(context.Context) (driver.Rows, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fakedb.Texts(fmt.Sprintf("%0100d", n), 8000), nil
	}
}

// TestTLSStalledStreams has streams on one connection whose client reads nothing
// of them, while it takes what else there is on the connection. What they hold is
// bounded, and small reads go on.
func TestTLSStalledStreams(t *testing.T) {
	const streams = 100 // of 860 KB, and there is room for 64 MiB
	s := newTLSServer(t, tlsDifferent(), "STALL_TIMEOUT=1m", "DB_MAX_CONNS=20")
	c := s.client(t, true, 64<<10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var responses sync.WaitGroup
	for i := range streams {
		responses.Go(func() { // ends with cancel
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.addr+fmt.Sprintf("/read?limit=%d", 8000+i), nil)
			if err != nil {
				return
			}
			if resp, err := c.Do(req); err == nil {
				<-ctx.Done()
				resp.Body.Close()
			}
		})
	}
	stormAwait(t, "stream that is not answered or held", func() (string, bool) {
		load := s.api.rest.Load()
		if load.Bytes > 84<<20 { // 64 MiB, and what is small has 16 more; and some for what is being made
			t.Fatalf("%d bytes are held", load.Bytes)
		}
		return fmt.Sprintf("%+v", load), load.Bytes > 40<<20
	})
	for range 3 {
		if resp, _, err := tlsGet(t.Context(), s.client(t, true, 0), "https://"+s.addr+"/read"); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("GET /read = %v, %v; want 200", resp, err)
		}
	}
	cancel()
	responses.Wait()
	tlsAwaitNothing(t, s.api)
}

// tlsAwaitNothing waits until nothing is under way.
func tlsAwaitNothing(t *testing.T, a *api) {
	t.Helper()
	stormAwait(t, "load", func() (string, bool) {
		load := a.rest.Load()
		return fmt.Sprintf("%+v, %d reads", load, a.inFlight.Load()), load == rest.Load{} && a.inFlight.Load() == 0
	})
}

// A stream whose client takes nothing for STALL_TIMEOUT is cut, small or large, and
// the connection goes on.
func TestTLSStalled(t *testing.T) {
	for name, rows := range map[string]int{"small": 900, "large": 9000, "last bytes": 70} {
		t.Run(name, func(t *testing.T) {
			s := newTLSServer(t, func(context.Context) (driver.Rows, error) {
				return fakedb.Texts(strings.Repeat("x", 1000), rows), nil
			}, "STALL_TIMEOUT=200ms")
			c := s.client(t, true, 64<<10)
			resp, err := c.Get("https://" + s.addr + "/read")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			tlsAwaitNothing(t, s.api)
			if resp, _, err := tlsGet(t.Context(), c, "https://"+s.addr+"/healthz"); err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("GET /healthz on the same connection = %v, %v; want 200", resp, err)
			}
			stormAwait(t, "bytes that are not cut", func() (string, bool) {
				n, err := io.Copy(io.Discard, resp.Body)
				return fmt.Sprint(n, err), err != nil
			})
		})
	}
}

// TestTLSStalledConn has a client that reads nothing of its connection: it is reset.
func TestTLSStalledConn(t *testing.T) {
	s := newTLSServer(t, func(context.Context) (driver.Rows, error) {
		return fakedb.Texts(strings.Repeat("x", 1000), 40_000), nil
	}, "STALL_TIMEOUT=200ms")
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: s.authority.Pool})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /read HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	tlsAwaitNothing(t, s.api)
	if n, err := io.Copy(io.Discard, conn); err == nil {
		t.Errorf("the client read %d bytes and then a clean end", n)
	}
}

// TestTLSStop stops the program with a connection of HTTP/2 open that nobody uses,
// and with a response under way, which comes whole.
func TestTLSStop(t *testing.T) {
	gate := newMainGate()
	authority := testcerts.New(t, "readapi tests")
	cert, key := authority.Issue(t, "127.0.0.1", "localhost")
	addr, _ := mainMySQL(t, mainAnswer(func() { gate.pass(t) }))
	p := mainStart(t, mainEnv(t, addr, map[string]string{"TLS_CERT": cert, "TLS_KEY": key}))
	s := &tlsServer{authority: authority, addr: strings.TrimPrefix(p.url, "http://")}
	idle, busy := s.client(t, true, 0), s.client(t, true, 0)
	if resp, _, err := tlsGet(t.Context(), idle, "https://"+s.addr+"/healthz"); err != nil || resp.ProtoMajor != 2 {
		t.Fatalf("GET /healthz = %v, %v; want HTTP/2", resp, err)
	}
	got := make(chan string, 1)
	go func() { // ends with its response
		_, body, err := tlsGet(t.Context(), busy, "https://"+s.addr+"/read")
		got <- fmt.Sprint(string(body), err)
	}()
	mainAwait(t, gate.reached, "query")
	p.cancel()
	p.log.await(t, "msg=stopping")
	close(gate.open)
	if body := <-got; body != `[{"name":"Ada"}]`+"\n<nil>" {
		t.Errorf("GET /read = %q; want Ada", body)
	}
	p.stop(t)
}

// TestTLSRenewed replaces the certificate while requests come one after the other,
// each on a connection of its own: none fails, and soon they see the new one.
func TestTLSRenewed(t *testing.T) {
	authority := testcerts.New(t, "readapi tests")
	cert, key := authority.Issue(t, "127.0.0.1", "localhost")
	p := mainStart(t, mainEnv(t, mainRefused(t), map[string]string{"TLS_CERT": cert, "TLS_KEY": key}))
	s := &tlsServer{authority: authority, addr: strings.TrimPrefix(p.url, "http://")}
	kept := s.client(t, true, 0)
	ask := func(c *http.Client) string {
		t.Helper()
		resp, _, err := tlsGet(t.Context(), c, "https://"+s.addr+"/healthz")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("GET /healthz = %v, %v; want 200", resp, err)
		}
		return resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := ask(kept)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		for range 20 {
			authority.IssueTo(t, cert, key, "127.0.0.1", "localhost")
		}
	}()
	for range 20 {
		ask(s.client(t, true, 0))
	}
	<-renewing
	if again := ask(s.client(t, false, 0)); again == first {
		t.Errorf("the certificate is still %s; want the new one", first)
	}
	if ask(kept) != first {
		t.Error("the connection from before was closed; want it to go on")
	}
	p.log.await(t, `msg="certificate renewed"`)
	p.stop(t)
}

// -check asks over TLS whoever the certificate is for.
func TestTLSCheck(t *testing.T) {
	addr, _ := mainMySQL(t, mainAnswer(func() {}))
	cert, key := testcerts.New(t, "readapi tests").Issue(t, "api.example")
	env := mainEnv(t, addr, map[string]string{"TLS_CERT": cert, "TLS_KEY": key})
	p := mainStart(t, env)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	env["ADDR"] = "localhost:" + port
	if err := run(t.Context(), []string{"-check"}, configLookup(env), io.Discard, io.Discard); err != nil {
		t.Errorf("run(-check) = %v; want nil", err)
	}
	p.stop(t)
}

// TestTLSPlain speaks HTTP where HTTPS is spoken: that is said, not served.
func TestTLSPlain(t *testing.T) {
	s := newTLSServer(t, nil)
	resp, body := send(t, "GET", "http://"+s.addr+"/healthz")
	if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "HTTPS") {
		t.Errorf("GET http = %s %q; want 400 that names HTTPS", resp.Status, body)
	}
}

// TestTLSDatabase has databases without TLS where TLS is wanted.
func TestTLSDatabase(t *testing.T) {
	authority := testcerts.New(t, "readapi tests")
	cert, key := authority.Issue(t, "readapi")
	log := &apitest.LogBuffer{}
	tests := []struct {
		name     string
		env      []string
		want     bool // TLS
		fallback bool
	}{
		{"false", []string{"DB_TLS=false"}, false, false},
		{"preferred", nil, true, true},
		{"preferred, socket", []string{"DB_HOST=/run/x.sock"}, false, false},
		{"preferred, socket, certificate", []string{"DB_HOST=/run/x.sock", "DB_TLS_CERT=" + cert, "DB_TLS_KEY=" + key}, true, true},
		{"skip-verify", []string{"DB_TLS=skip-verify"}, true, false},
		{"true", []string{"DB_TLS=true"}, true, false},
		{"true, CA", []string{"DB_TLS=true", "DB_TLS_CA=" + authority.File}, true, false},
		{"CA", []string{"DB_TLS=" + authority.File}, true, false},
		{"verify-ca", []string{"DB_TLS=verify-ca", "DB_TLS_CA=" + authority.File}, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := testConfig(t, tt.env...)
			d, err := driverConfig(cfg, slog.New(slog.NewTextHandler(log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			if (d.TLS != nil) != tt.want || d.AllowFallbackToPlaintext != tt.fallback {
				t.Errorf("TLS = %v, fallback %v; want %v, %v", d.TLS, d.AllowFallbackToPlaintext, tt.want, tt.fallback)
			}
			if d.TLS == nil {
				return
			}
			if verifies := d.TLS.VerifyConnection != nil || !d.TLS.InsecureSkipVerify; verifies != (cfg.tlsMode == "true" || cfg.tlsMode == "verify-ca") {
				t.Errorf("verifies = %v with DB_TLS=%s", verifies, cfg.tlsMode)
			}
			if (d.TLS.GetClientCertificate != nil) != (cfg.dbCert.cert != "") {
				t.Error("a client certificate without DB_TLS_CERT, or none with it")
			}
		})
	}
}
