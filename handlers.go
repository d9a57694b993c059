package main

// This file is the HTTP side: routes, the read itself, health, CORS and error
// responses. Rules: one function writes errors, and every error has the same
// four members; nothing of the driver, the SQL, the host or the user reaches a
// client; after the first byte has gone out, a failure aborts the connection.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// reservedConns is how many connections of the pool the readers of large
	// results leave to everybody else.
	reservedConns = 2

	contentTypeJSON = "application/json; charset=utf-8"
	varyRead        = "Accept, Accept-Encoding, Prefer, Range"
	allowedMethods  = "GET, HEAD, OPTIONS"
	// exposedHeaders are those that a script may read, beside the simple ones.
	exposedHeaders = "Content-Range, ETag, Preference-Applied, Retry-After"
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
	errToken = newAPIError(http.StatusUnauthorized, "PGRST301", "This server wants a token.",
		"Send Authorization: Bearer with a token that the server knows.")
	errMethod = newAPIError(http.StatusMethodNotAllowed, "PGRST117", "This server only reads.",
		"Use GET, HEAD or OPTIONS.")
	errStopping = newAPIError(http.StatusServiceUnavailable, "57P01", "The server is stopping.", hintRetry)
	errNotReady = newAPIError(http.StatusServiceUnavailable, "PGRST001", "The database does not answer.", hintRetry)
	errBusy     = newAPIError(http.StatusServiceUnavailable, "53300", "Too many requests are under way.", hintRetry)
)

// errProfile and errMedia refuse headers.
var (
	errProfile = newAPIError(http.StatusNotAcceptable, "PGRST106", "There is no such schema here.",
		"Leave Accept-Profile out, or send public.")
	errMedia = newAPIError(http.StatusNotAcceptable, "PGRST107", "None of these media types are available.",
		"There are application/json, application/x-ndjson, text/csv and application/vnd.pgrst.object+json.")
)

var errInFlight = errors.New("as many reads as MAX_IN_FLIGHT are under way")

// errRange refuses a range of rows.
func errRange(details string) *apiError {
	e := newAPIError(http.StatusRequestedRangeNotSatisfiable, "PGRST103", "Requested range not satisfiable", "")
	e.Details = &details
	return e
}

func errOffset(offset uint64, total int64) *apiError {
	return errRange(fmt.Sprintf("An offset of %d was requested, but there are only %d rows.", offset, total))
}

// errNotOneRow refuses to make one object of n rows. Clients look for the number
// in the details.
func errNotOneRow(n int64) *apiError {
	e := newAPIError(http.StatusNotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", "")
	details := fmt.Sprintf("The result contains %d rows", n)
	e.Details = &details
	return e
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + " " + e.Message }

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
	kindKilled:   newAPIError(http.StatusServiceUnavailable, "57014", "The query was ended by the database.", hintRetry),
	kindMemory:   newAPIError(http.StatusServiceUnavailable, "53200", "Slow clients use all memory for results.", hintRetry),
	kindTimeout:  newAPIError(http.StatusGatewayTimeout, "57014", "The query took too long.", hintLog),
	kindAccess:   newAPIError(http.StatusInternalServerError, "28P01", "The database refuses the server's account.", hintLog),
	kindDatabase: newAPIError(http.StatusInternalServerError, "3D000", "The database may not be used.", hintLog),
	kindHost:     newAPIError(http.StatusInternalServerError, "28000", "The database refuses this server.", hintLog),
	kindTLS:      newAPIError(http.StatusInternalServerError, "08001", "The way to the database is not safe.", hintLog),
	kindChanged:  newAPIError(http.StatusServiceUnavailable, "PGRST002", "The table has just changed.", hintRetry),
	kindCharset: newAPIError(http.StatusBadRequest, "22P05", "A value has characters that its column cannot have.",
		"Leave out what is not in the character set of the column."),
	kindNoTable: newAPIError(http.StatusInternalServerError, "42P01", "The table is not in the database.", hintLog),
	kindNoGrant: newAPIError(http.StatusInternalServerError, "42501", "The server's account may not read the table.", hintLog),
}

// api is the whole HTTP side. It is safe for concurrent use.
type api struct {
	cfg     config
	db      *database
	log     *slog.Logger
	tokens  [][sha256.Size]byte // the hashes of API_TOKENS
	routes  map[string]http.Handler
	handler http.Handler // routes behind the middleware
	// Headers of every response, and of every answer to a read. To share their
	// values saves a short response a tenth of its time.
	header, readHeader http.Header
	stopping           atomic.Bool
	inFlight           atomic.Int64  // reads that are being answered
	idle               chan struct{} // has a value after inFlight was 0 while stopping
	lastBusy           atomic.Int64  // when a 503 was logged, in Unix seconds
	share              *sharer
	large              chan struct{} // has a value per large result under way
}

// newAPI makes the http.Handler that serves cfg's tables from pool. It does not
// use the pool before the first request.
func newAPI(pool *sql.DB, cfg config, log *slog.Logger) *api {
	db := &database{pool: pool, timeout: cfg.dbTimeout, encoding: cfg.encoding, log: log}
	a := &api{
		cfg: cfg, db: db, log: log,
		share: newSharer(db),
		idle:  make(chan struct{}, 1),
		large: make(chan struct{}, max(1, cfg.maxConns-reservedConns)),
	}
	a.header, a.readHeader = baseHeaders(cfg)
	a.routes = map[string]http.Handler{
		"/read":    a.handleRead(cfg.tables[0]),
		"/healthz": a.handleHealth(),
		"/readyz":  a.handleReady(),
	}
	for _, token := range cfg.apiTokens {
		a.tokens = append(a.tokens, sha256.Sum256([]byte(token)))
	}
	for _, table := range cfg.tables {
		a.routes["/read/"+table] = a.handleRead(table)
	}
	a.handler = a.withLog(a.withCORS(http.HandlerFunc(a.route)))
	return a
}

// baseHeaders returns what all responses have, and what answers to reads have on
// top.
func baseHeaders(cfg config) (all, read http.Header) {
	all = http.Header{"X-Content-Type-Options": {"nosniff"}}
	read = http.Header{
		"Cache-Control": {cfg.cacheControl},
		"Content-Type":  {contentTypeJSON},
		"Vary":          {varyRead},
	}
	switch {
	case len(cfg.corsOrigins) == 0:
		return all, read
	case cfg.corsOrigins[0] == "*":
		all["Access-Control-Allow-Origin"] = []string{"*"}
	default: // also for other origins, and without one: a cache must not mix them up
		all["Vary"] = []string{"Origin"}
		read["Vary"] = []string{"Origin, " + varyRead}
	}
	all["Access-Control-Expose-Headers"] = []string{exposedHeaders}
	return all, read
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), a.header)
	if r.ContentLength != 0 { // net/http would wait for the body before it answers
		w.Header().Set("Connection", "close")
	}
	a.handler.ServeHTTP(w, r)
}

// drain makes every later /read and /readyz answer 503 and returns once no read
// is being answered any more, or ctx ends.
func (a *api) drain(ctx context.Context) {
	a.stopping.Store(true)
	for a.inFlight.Load() > 0 {
		select {
		case <-a.idle:
		case <-ctx.Done():
			return
		}
	}
}

// route finds the handler by path, which must match to the letter, and answers
// for paths and methods that do not exist.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	handler, found := a.routes[r.URL.Path]
	isRead := r.URL.Path == "/read" || strings.HasPrefix(r.URL.Path, "/read/")
	switch {
	case isRead && r.Method != http.MethodOptions && !a.isAllowed(r.Header.Get("Authorization")):
		w.Header().Set("WWW-Authenticate", "Bearer")
		a.writeError(w, r, errToken, nil)
	case !found && isRead:
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

// isAllowed reports whether an Authorization header has one of the tokens (RFC
// 6750, section 2.1). The time it takes says nothing about them.
func (a *api) isAllowed(authorization string) bool {
	if len(a.cfg.apiTokens) == 0 {
		return true
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := 0
	for _, want := range a.tokens {
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return found == 1 && strings.EqualFold(scheme, "Bearer")
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

// handleRead answers with the rows of a table.
func (a *api) handleRead(table string) http.Handler {
	c := newCatalog(a.db, table)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.endRead()
		switch {
		case a.inFlight.Add(1) > int64(a.cfg.maxInFlight):
			a.writeError(w, r, errBusy, errInFlight)
		case a.stopping.Load():
			a.writeError(w, r, errStopping, nil)
		default:
			a.read(w, r, c)
		}
	})
}

// endRead counts a read as answered.
func (a *api) endRead() {
	if a.inFlight.Add(-1) == 0 && a.stopping.Load() {
		select {
		case a.idle <- struct{}{}:
		default: // drain has not taken the last one yet
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
	header.Del("Preference-Applied")
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

// logFailure logs a request that was the server's fault. Of the 503 of one
// second, which may be many, only the first is logged.
func (a *api) logFailure(r *http.Request, status int, cause error) {
	now := time.Now().Unix()
	if cause == nil || r.Context().Err() != nil ||
		status == http.StatusServiceUnavailable && a.lastBusy.Swap(now) == now {
		return
	}
	a.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "status", status, "err", cause)
}

// withCORS puts the CORS headers on every response, also on errors: without
// them a browser hides the status from the page. It answers preflights for any
// path and method, so that the page gets to see the 404 or 405.
func (a *api) withCORS(next http.Handler) http.Handler {
	if len(a.cfg.corsOrigins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if a.cfg.corsOrigins[0] != "*" && slices.Contains(a.cfg.corsOrigins, origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
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

// withLog logs each request at level debug.
func (a *api) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		counter := &countingWriter{ResponseWriter: w, status: http.StatusOK}
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
