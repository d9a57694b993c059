package rest

import (
	"compress/gzip"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"readapi/internal/apitest"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

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
	server := newHookServer(t, func(context.Context) (driver.Rows, error) { return fakedb.Texts("x", 1), nil })
	resp, body := apitest.Send(t, "GET", server.URL+"/read")
	etag := resp.Header.Get("ETag")
	if !strings.HasPrefix(etag, `W/"`) || len(etag) < len(`W/"0-"`)+16 {
		t.Fatalf("ETag = %q; want a weak one with a length and 64 bits", etag)
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
				resp, got := apitest.Send(t, method, server.URL+"/read", "If-None-Match: "+tt.ifNoneMatch)
				if resp.StatusCode != tt.status {
					t.Errorf("%s with If-None-Match %q = %d; want %d", method, tt.ifNoneMatch, resp.StatusCode, tt.status)
				}
				if wantBody := map[bool]string{true: body}[tt.status == 200 && method == "GET"]; got != wantBody {
					t.Errorf("%s body = %q; want %q", method, got, wantBody)
				}
				apitest.CheckHeader(t, resp, "ETag", etag)
				apitest.CheckHeader(t, resp, "Cache-Control", "no-cache")
				apitest.CheckHeader(t, resp, "Vary", varyRead)
			})
		}
	}
}

// Replicas share a cache only if the ETag is a matter of the bytes alone.
func TestETagIsOfTheBytes(t *testing.T) {
	etag := func(text string) string {
		server := newHookServer(t, func(context.Context) (driver.Rows, error) { return fakedb.Texts(text, 1), nil })
		resp, _ := apitest.Send(t, "GET", server.URL+"/read")
		return resp.Header.Get("ETag")
	}
	const want = `W/"f-8461e62e328126cc"` // 15 bytes, their CRC-32C and their CRC-32, calculated elsewhere
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
		rows     *fakedb.Rows
		accept   string
		wantGzip bool
	}{
		{"accepted", fakedb.Texts(compressible, 100), "gzip, deflate, br", true},
		{"by a star", fakedb.Texts(compressible, 100), "*", true},
		{"upper case", fakedb.Texts(compressible, 100), "GZIP;Q=0.5", true},
		{"not accepted", fakedb.Texts(compressible, 100), "", false},
		{"refused", fakedb.Texts(compressible, 100), "gzip;q=0, *", false},
		{"identity preferred", fakedb.Texts(compressible, 100), "gzip;q=0.5, identity", false},
		{"other codings", fakedb.Texts(compressible, 100), "br, zstd", false},
		{"not a weight", fakedb.Texts(compressible, 100), "gzip;q=x", false},
		{"not worth it", fakedb.Texts("x", 1), "gzip", false},
		{"large", fakedb.Texts(compressible, 20_000), "gzip", true},
		{"large, not accepted", fakedb.Texts(compressible, 20_000), "identity", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				again := *tt.rows
				return &again, nil
			})
			resp, body := apitest.Send(t, "GET", server.URL+"/read", "Accept-Encoding: "+tt.accept)
			apitest.CheckHeader(t, resp, "Vary", varyRead)
			apitest.CheckHeader(t, resp, "Content-Encoding", map[bool]string{true: "gzip"}[tt.wantGzip])
			if tt.wantGzip {
				body = gunzip(t, body)
			}
			var rows []map[string]string
			if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) != tt.rows.Count {
				t.Errorf("GET /read = %d rows, %v; want %d", len(rows), err, tt.rows.Count)
			}
			head, _ := apitest.Send(t, "HEAD", server.URL+"/read", "Accept-Encoding: "+tt.accept)
			for _, name := range []string{"Content-Encoding", "Content-Type", "ETag", "Vary", "Cache-Control"} {
				apitest.CheckHeader(t, head, name, resp.Header.Get(name))
			}
			if head.ContentLength != resp.ContentLength {
				t.Errorf("HEAD: Content-Length = %d; want %d", head.ContentLength, resp.ContentLength)
			}
		})
	}
}

// The first rows of a large result arrive while the others are not there yet.
func TestStreamArrivesEarly(t *testing.T) {
	for _, coding := range []string{"identity", "gzip"} {
		t.Run(coding, func(t *testing.T) {
			goOn := make(chan struct{})
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				return &gatedRows{Rows: *fakedb.Texts(strings.Repeat("x", 1000), 4000), gate: 2000, open: goOn}, nil
			})
			req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/read", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", coding)
			resp, err := apitest.Client.Do(req)
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
			if _, err := io.CopyN(io.Discard, body, exec.SmallBytes); err != nil {
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
	fakedb.Rows
	gate int
	open <-chan struct{}
}

func (r *gatedRows) Next(dest []driver.Value) error {
	if r.At == r.gate {
		<-r.open
	}
	return r.Rows.Next(dest)
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
		{"first row", func() (driver.Rows, error) {
			return &fakedb.Broken{Rows: *fakedb.Texts("x", 9), After: 0, Err: lost}, nil
		}},
		{"later row", func() (driver.Rows, error) {
			return &fakedb.Broken{Rows: *fakedb.Texts("x", 9), After: 5, Err: lost}, nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := 3
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				if faults--; faults >= 0 {
					return tt.fault()
				}
				return fakedb.Texts("good", 1), nil
			})
			resp, body := apitest.Send(t, "GET", server.URL+"/read")
			if want := `[{"text":"good"}]` + "\n"; resp.StatusCode != 200 || body != want {
				t.Errorf("GET /read = %d %q; want 200 %q", resp.StatusCode, body, want)
			}
		})
	}
}

// Readers of large results that take nothing leave connections to the others.
func TestLargeLeavesConnections(t *testing.T) {
	endless := strings.Repeat("x", 1<<20)
	server := newHookServer(t, func(context.Context) (driver.Rows, error) {
		return fakedb.Texts(endless, 1000), nil
	}, func(o *exec.Options, _ *Options) { o.Timeout, o.Conns = time.Second, 4 })
	for range 2 {
		resp, err := apitest.Client.Get(server.URL + "/read") // returns with the header
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
	}
	resp, body := apitest.Send(t, "GET", server.URL+"/read")
	apitest.CheckError(t, resp, body, http.StatusServiceUnavailable, "PGRST003")
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
