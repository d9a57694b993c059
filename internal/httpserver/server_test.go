package httpserver

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// What a client does in a handshake is no warning, and everything else is.
func TestErrorLog(t *testing.T) {
	var log bytes.Buffer
	server := New(http.NotFoundHandler(), nil, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server.ErrorLog.Printf("http: TLS handshake error from %s: %s", "127.0.0.1:1", "EOF")
	server.ErrorLog.Print("http: Accept error")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `level=DEBUG msg="http: TLS handshake error from 127.0.0.1:1: EOF"`) ||
		!strings.Contains(lines[1], `level=WARN msg="http: Accept error"`) {
		t.Errorf("log = %q; want a line at DEBUG and one at WARN", lines)
	}
}
