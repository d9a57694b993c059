// Package httpserver owns what an HTTP server is beside its handler: its limits, TLS
// and HTTP/2, how it stops, and how it is asked from outside whether it is ready.
package httpserver

// This file is the server.

import (
	"bytes"
	"context"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"readapi/internal/certs"
	"readapi/internal/client"
)

// Limits of the HTTP server. There is none on the whole of a response
// (WriteTimeout): it would end a large result that the client is still taking.
// client.Listener has the one that does not.
const (
	readHeaderTimeout = 5 * time.Second   // a request's header, from its first byte
	readTimeout       = 10 * time.Second  // the same with its body, which nobody reads
	idleTimeout       = 120 * time.Second // a kept connection without a request
	maxHeaderBytes    = 64 << 10          // more than a query string may have: its error is ours
	checkTimeout      = 3 * time.Second   // -check; /readyz answers within 2 s
	maxStreams        = 250               // requests at once on a connection of HTTP/2
	maxUploadBytes    = 64 << 10          // of bodies that nobody reads, the least that HTTP/2 has
)

// New makes the HTTP server for handler. With a certificate it speaks TLS and
// HTTP/2.
func New(handler http.Handler, pair *certs.Pair, log *slog.Logger) *http.Server {
	unused := &unusedConns{conns: map[net.Conn]struct{}{}}
	server := &http.Server{
		ConnState:         unused.note,
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          maxStreams,
			MaxReceiveBufferPerConnection: maxUploadBytes,
			MaxReceiveBufferPerStream:     maxUploadBytes,
		},
		ConnContext: client.WithConn,
		ErrorLog:    stdlog.New(errorLog{log}, "", 0),
	}
	if pair != nil {
		server.TLSConfig = certs.Server(pair)
	}
	server.RegisterOnShutdown(unused.close)
	return server
}

// errorLog takes what net/http has to say. That a client knows no TLS, or does not
// trust the certificate, is nothing to warn of: any client could fill the log.
type errorLog struct{ log *slog.Logger }

// Write implements io.Writer: it logs one message.
func (l errorLog) Write(message []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.HasPrefix(message, []byte("http: TLS handshake error")) {
		level = slog.LevelDebug
	}
	l.log.Log(context.Background(), level, string(bytes.TrimSpace(message)))
	return len(message), nil
}

// Serve answers the connections of l until ShutDown or server.Close is called. Its
// error is never nil.
func Serve(server *http.Server, l net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// unusedConns are the connections on which nobody has asked anything, such as
// those that browsers open in advance. Shutdown would wait 5 s for a request. It
// is safe for concurrent use.
type unusedConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{} // guarded by mu
}

// note is an http.Server's ConnState.
func (u *unusedConns) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew {
		u.conns[conn] = struct{}{}
	} else {
		delete(u.conns, conn)
	}
}

// close ends them.
func (u *unusedConns) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.conns {
		conn.Close()
	}
}

// ShutDown lets the responses under way finish, for at most timeout. While drain
// lasts, others are told that the server stops; then nobody can connect.
func ShutDown(server *http.Server, drain func(context.Context), timeout time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	drain(ctx)
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("cut responses that were not finished within SHUTDOWN_TIMEOUT %v: %w", timeout, err)
	}
	log.Info("stopped")
	return nil
}
