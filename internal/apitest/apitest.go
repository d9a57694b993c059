// Package apitest asks an HTTP server and checks what holds for all of its
// answers. Only tests import it.
package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// DiscardLog is a log that nobody reads.
func DiscardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// LogBuffer takes log lines from several goroutines.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String is everything that was logged.
func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Logger logs into b, at every level.
func (b *LogBuffer) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Client asks for gzip only if a test does, and leaves it as it is.
var Client = &http.Client{Transport: &http.Transport{DisableCompression: true}}

// Send sends a request and returns the response and its whole body.
func Send(t testing.TB, method, url string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// CheckHeader compares one header of a response; want "" means absent.
func CheckHeader(t testing.TB, resp *http.Response, name, want string) {
	t.Helper()
	if got := resp.Header.Get(name); got != want {
		t.Errorf("%s %s: %s = %q; want %q", resp.Request.Method, resp.Request.URL.Path, name, got, want)
	}
}

// CheckError checks what holds for every error response: status, code, the four
// members and no others, and the headers.
func CheckError(t testing.TB, resp *http.Response, body string, status int, code string) {
	t.Helper()
	if resp.StatusCode != status {
		t.Errorf("%s %s: status = %d; want %d", resp.Request.Method, resp.Request.URL, resp.StatusCode, status)
	}
	CheckHeader(t, resp, "Content-Type", "application/json; charset=utf-8")
	CheckHeader(t, resp, "Cache-Control", "no-store")
	CheckHeader(t, resp, "X-Content-Type-Options", "nosniff")
	retryAfter := map[int]string{http.StatusServiceUnavailable: "1"}[status]
	CheckHeader(t, resp, "Retry-After", retryAfter)
	if resp.Request.Method == http.MethodHead {
		return
	}
	var got map[string]*string
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("error body = %q; want JSON: %v", body, err)
	}
	for _, member := range []string{"code", "message", "details", "hint"} {
		if _, ok := got[member]; !ok {
			t.Errorf("error body = %s; want member %q", body, member)
		}
	}
	if len(got) != 4 || got["code"] == nil || *got["code"] != code || got["message"] == nil || *got["message"] == "" {
		t.Errorf("error body = %s; want four members and code %q", body, code)
	}
}
