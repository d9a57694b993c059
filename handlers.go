package main

// This file is the HTTP side: routes, the read itself, health, CORS and error
// responses. Rules: one function writes errors, and every error has the same
// four members; nothing of the driver, the SQL, the host or the user reaches a
// client; after the first byte has gone out, a failure aborts the connection.

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxSmallBytes is the size up to which a result is complete before its
	// first byte is sent.
	maxSmallBytes = 1 << 20
	// streamBytes is how much of a larger result is sent at a time.
	streamBytes = 64 << 10

	// maxKeptBytes is the size up to which a buffer is kept for the next read.
	maxKeptBytes = 2 * maxSmallBytes

	contentTypeJSON = "application/json; charset=utf-8"
	allowedMethods  = "GET, HEAD, OPTIONS"
	// allowedHeaders are those that scripts and the clients of PostgREST send.
	allowedHeaders = "authorization, apikey, x-client-info, accept-profile, content-type, " +
		"prefer, range, range-unit, if-none-match, x-retry-count"
)

// apiError is the body of every error response: the object that clients of
// PostgREST read, with its codes where the meaning is the same.
type apiError struct {
	status  int
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Details *string `json:"details"`
	Hint    *string `json:"hint"`
}

// newAPIError makes an apiError; hint may be empty.
func newAPIError(status int, code, message, hint string) *apiError {
	e := &apiError{status: status, Code: code, Message: message}
	if hint != "" {
		e.Hint = &hint
	}
	return e
}

// Responses that do not come from the database.
var (
	errNoPath = newAPIError(http.StatusNotFound, "PGRST125", "There is nothing at this path.",
		"The rows are at /read.")
	errNoSuchTable = newAPIError(http.StatusNotFound, "PGRST205", "There is no such table here.",
		"The first table is at /read.")
	errMethod = newAPIError(http.StatusMethodNotAllowed, "PGRST117", "This server only reads.",
		"Use GET, HEAD or OPTIONS.")
	errStopping = newAPIError(http.StatusServiceUnavailable, "57P01", "The server is stopping.", hintRetry)
	errNotReady = newAPIError(http.StatusServiceUnavailable, "PGRST001", "The database does not answer.", hintRetry)
)

const (
	hintRetry = "Try again shortly."
	hintLog   = "The server's log has the cause."
)

// dbResponses maps what went wrong at the database to what the client is told.
// kindCanceled has no entry: there is nobody to tell.
var dbResponses = map[errKind]*apiError{
	kindInternal: newAPIError(http.StatusInternalServerError, "XX000", "The read failed.", hintLog),
	kindAway:     newAPIError(http.StatusServiceUnavailable, "PGRST001", "The database cannot be reached.", hintRetry),
	kindPool:     newAPIError(http.StatusServiceUnavailable, "PGRST003", "All database connections are busy.", hintRetry),
	kindTimeout:  newAPIError(http.StatusGatewayTimeout, "57014", "The query took too long.", hintLog),
	kindAccess:   newAPIError(http.StatusInternalServerError, "28P01", "The database refuses the server's account.", hintLog),
	kindDatabase: newAPIError(http.StatusInternalServerError, "3D000", "The database may not be used.", hintLog),
	kindHost:     newAPIError(http.StatusInternalServerError, "28000", "The database refuses this server.", hintLog),
	kindTLS:      newAPIError(http.StatusInternalServerError, "08001", "The way to the database is not safe.", hintLog),
	kindNoTable:  newAPIError(http.StatusInternalServerError, "42P01", "The table is not in the database.", hintLog),
	kindNoGrant:  newAPIError(http.StatusInternalServerError, "42501", "The server's account may not read the table.", hintLog),
}

// api is the whole HTTP side. It is safe for concurrent use.
type api struct {
	cfg      config
	db       *database
	log      *slog.Logger
	routes   map[string]http.Handler
	handler  http.Handler // routes behind the middleware
	stopping atomic.Bool
	buffers  sync.Pool // *[]byte
}

// newAPI makes the http.Handler that serves cfg's tables from pool. It does not
// use the pool before the first request.
func newAPI(pool *sql.DB, cfg config, log *slog.Logger) *api {
	a := &api{
		cfg:     cfg,
		db:      &database{pool: pool, timeout: cfg.dbTimeout, log: log},
		log:     log,
		buffers: sync.Pool{New: func() any { return new([]byte) }},
	}
	a.routes = map[string]http.Handler{
		"/read":    a.handleRead(cfg.tables[0]),
		"/healthz": a.handleHealth(),
		"/readyz":  a.handleReady(),
	}
	for _, table := range cfg.tables {
		a.routes["/read/"+table] = a.handleRead(table)
	}
	a.handler = a.withLog(a.withCORS(http.HandlerFunc(a.route)))
	return a
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a.handler.ServeHTTP(w, r)
}

// stop makes every later /read and /readyz answer 503.
func (a *api) stop() { a.stopping.Store(true) }

// route finds the handler by path, which must match to the letter, and answers
// for paths and methods that do not exist.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	handler, found := a.routes[r.URL.Path]
	switch {
	case !found && strings.HasPrefix(r.URL.Path, "/read/"):
		a.writeError(w, r, errNoSuchTable, nil)
	case !found:
		a.writeError(w, r, errNoPath, nil)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		handler.ServeHTTP(w, r)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowedMethods)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowedMethods)
		a.writeError(w, r, errMethod, nil)
	}
}

// handleHealth answers as long as the process runs.
func (a *api) handleHealth() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, []byte(`{"status":"ok"}`+"\n"))
	})
}

// handleReady answers whether a read would find the database now.
func (a *api) handleReady() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			a.writeError(w, r, errStopping, nil)
			return
		}
		if err := a.db.ping(r.Context()); err != nil {
			a.writeError(w, r, errNotReady, err)
			return
		}
		writeJSON(w, http.StatusOK, []byte(`{"status":"ready"}`+"\n"))
	})
}

// handleRead answers with the rows of table.
func (a *api) handleRead(table string) http.Handler {
	query := selectAll(table)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			a.writeError(w, r, errStopping, nil)
			return
		}
		if bad := checkQuery(r.URL.RawQuery); bad != nil {
			a.writeError(w, r, bad, nil)
			return
		}
		rows, err := a.db.query(r.Context(), query, a.cfg.encoding)
		if err != nil {
			a.writeDBError(w, r, err)
			return
		}
		defer rows.Close()
		a.writeRows(w, r, rows)
	})
}

// writeRows sends a result: whole if it is small, in pieces if it is not.
func (a *api) writeRows(w http.ResponseWriter, r *http.Request, rows *rowStream) {
	buffer := a.buffers.Get().(*[]byte)
	defer a.buffers.Put(buffer)
	body, done, err := rows.read((*buffer)[:0], maxSmallBytes+1)
	if cap(body) <= maxKeptBytes {
		*buffer = body
	}
	if err != nil {
		a.writeDBError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", a.cfg.cacheControl)
	if done && len(body) <= maxSmallBytes {
		writeJSON(w, http.StatusOK, body)
		return
	}
	w.Header().Set("Content-Type", contentTypeJSON)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		a.stream(w, r, rows, body, done)
	}
}

// stream sends body and then the rest of rows, as fast as the client takes
// them, in the memory of body. If the result breaks, so does the connection: a
// client must not take a part for the whole.
func (a *api) stream(w http.ResponseWriter, r *http.Request, rows *rowStream, body []byte, done bool) {
	for {
		if _, err := w.Write(body); err != nil { // the client has gone
			panic(http.ErrAbortHandler)
		}
		if done {
			return
		}
		var err error
		if body, done, err = rows.read(body[:0], streamBytes); err != nil {
			a.logFailure(r, http.StatusOK, err)
			panic(http.ErrAbortHandler)
		}
	}
}

// writeDBError answers for an error of the database. It must be called before
// anything else was written.
func (a *api) writeDBError(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		// Nobody is there, or only half: to return would say 200.
		panic(http.ErrAbortHandler)
	}
	a.writeError(w, r, dbResponses[kindOf(err)], err)
}

// writeError sends e; cause, if there is one, is for the log only.
func (a *api) writeError(w http.ResponseWriter, r *http.Request, e *apiError, cause error) {
	if e.status >= http.StatusInternalServerError {
		a.logFailure(r, e.status, cause)
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if e.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(e) // four strings: it can't fail
	writeJSON(w, e.status, body.Bytes())
}

// writeJSON sends a complete body. A client that has gone is not an error here.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentTypeJSON)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// logFailure logs a request that was the server's fault. While it stops, to
// refuse requests is none.
func (a *api) logFailure(r *http.Request, status int, cause error) {
	if r.Context().Err() == nil && cause != nil {
		a.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "status", status, "err", cause)
	}
}

// withCORS puts the CORS headers on every response, also on errors: without
// them a browser hides the status from the page. It answers preflights for any
// path and method, so that the page gets to see the 404 or 405.
func (a *api) withCORS(next http.Handler) http.Handler {
	if len(a.cfg.corsOrigins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.allowOrigin(w.Header(), r.Header.Get("Origin"))
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			header := w.Header()
			header.Set("Access-Control-Allow-Methods", allowedMethods)
			header.Set("Access-Control-Allow-Headers", allowedHeaders)
			header.Set("Access-Control-Max-Age", "7200") // Chromium's maximum
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowOrigin sets the headers that let scripts of origin read the response.
func (a *api) allowOrigin(header http.Header, origin string) {
	if a.cfg.corsOrigins[0] == "*" {
		header.Set("Access-Control-Allow-Origin", "*")
		return
	}
	header.Add("Vary", "Origin") // also without: a cache must not mix them up
	if slices.Contains(a.cfg.corsOrigins, origin) {
		header.Set("Access-Control-Allow-Origin", origin)
	}
}

// withLog logs each request at level debug.
func (a *api) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		counter := &countingWriter{ResponseWriter: w}
		defer func(start time.Time) { // deferred: a broken stream ends in a panic
			a.log.Debug("request", "method", r.Method, "path", r.URL.Path, "status", counter.status,
				"bytes", counter.bytes, "duration", time.Since(start))
		}(time.Now())
		next.ServeHTTP(counter, r)
	})
}

// countingWriter remembers what was sent.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
