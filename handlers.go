package main

// This file is the HTTP side around a read: routes, tokens, health, and how many
// reads there may be.

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"

	"readapi/internal/describe"
	"readapi/internal/exec"
	"readapi/internal/live"
	"readapi/internal/observe"
	"readapi/internal/page"
	"readapi/internal/rest"
)

// Responses that no table has part in.
var (
	errNoPath = rest.NewError(http.StatusNotFound, "PGRST125", "There is nothing at this path.",
		"The rows are at /read.")
	errNoSuchTable = rest.NewError(http.StatusNotFound, "PGRST205", "There is no such table here.",
		"The first table is at /read.")
	errToken = rest.NewError(http.StatusUnauthorized, "PGRST301", "This server wants a token.",
		"Send Authorization: Bearer with a token that the server knows.")
	errMethod = rest.NewError(http.StatusMethodNotAllowed, "PGRST117", "This server only reads.",
		"Use GET, HEAD or OPTIONS.")
	errStopping = rest.NewError(http.StatusServiceUnavailable, "57P01", "The server is stopping.", rest.HintRetry)
	errNotReady = rest.NewError(http.StatusServiceUnavailable, "PGRST001", "The database does not answer.", rest.HintRetry)
	errBusy     = rest.NewError(http.StatusServiceUnavailable, "53300", "Too many requests are under way.", rest.HintRetry)
)

var errInFlight = errors.New("as many reads as MAX_IN_FLIGHT are under way")

// api is the whole HTTP side. It is safe for concurrent use.
type api struct {
	cfg      config
	db       *exec.DB
	log      *slog.Logger
	rest     *rest.Service
	tokens   [][sha256.Size]byte // the hashes of API_TOKENS
	routes   map[string]http.Handler
	seen     *observe.Requests
	handler  http.Handler // routes behind the middleware
	header   http.Header  // of every response
	stopping atomic.Bool
	inFlight atomic.Int64  // reads that are being answered
	idle     chan struct{} // has a value after inFlight was 0 while stopping
}

// newAPI makes the http.Handler that serves cfg's tables from pool. It does not
// use the pool before the first request.
func newAPI(pool *sql.DB, cfg config, log *slog.Logger) *api {
	db := exec.New(pool, exec.Options{
		Timeout: cfg.dbTimeout, Conns: cfg.poolSize(), Tables: cfg.tables, Encoding: cfg.encoding, Log: log,
	})
	a := &api{
		cfg: cfg, db: db, log: log,
		header: http.Header{"X-Content-Type-Options": {"nosniff"}},
		idle:   make(chan struct{}, 1),
	}
	a.rest = rest.New(db, rest.Options{
		Tables: cfg.tables, Schema: cfg.dbName, CacheControl: cfg.cacheControl, VaryOrigin: cfg.corsByOrigin(),
		NoAggregates: cfg.noAggregates, MaxRows: cfg.maxRows, Booleans: cfg.encoding.Booleans,
		Live: live.Options{Interval: cfg.liveInterval, Max: cfg.maxLive, Queries: cfg.poolSize() / 4},
		Description: describe.Options{
			Title: cfg.dbName, Version: buildVersion(), Token: len(cfg.apiTokens) > 0, Encoding: cfg.encoding,
		},
		Timing: cfg.serverTiming, Log: log,
	})
	a.routes = map[string]http.Handler{
		"/healthz": a.handleHealth(),
		"/readyz":  a.handleReady(),
	}
	if !cfg.noPage {
		maps.Copy(a.routes, page.Routes())
	}
	for _, token := range cfg.apiTokens {
		a.tokens = append(a.tokens, sha256.Sum256([]byte(token)))
	}
	a.addReads()
	a.seen = observe.New(cfg.tables, cfg.metricsAddr != "", log)
	a.handler = rest.WithStreams(a.seen.Wrap(a.withCORS(http.HandlerFunc(a.route))))
	return a
}

// addReads adds the routes of the tables. A name with the ending of a form is that
// form, unless a table is really called so.
func (a *api) addReads() {
	a.routes["/read/"] = a.counted(a.rest.Description())
	for _, table := range a.cfg.tables {
		read := a.counted(a.rest.Table(table))
		a.routes["/read/"+table+".csv"] = rest.As("text/csv", read)
		a.routes["/read/"+table+".ndjson"] = rest.As("application/x-ndjson", read)
	}
	for _, table := range a.cfg.tables {
		a.routes["/read/"+table] = a.counted(a.rest.Table(table))
	}
	a.routes["/read"] = a.routes["/read/"+a.cfg.tables[0]]
}

// metrics returns the handler of METRICS_ADDR, for those who watch the server.
func (a *api) metrics() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/healthz", a.routes["/healthz"])
	mux.Handle("/readyz", a.routes["/readyz"])
	mux.Handle("/metrics", a.seen.Series(observe.Sources{
		DB: a.db, Rest: a.rest, InFlight: a.inFlight.Load, Version: buildVersion(),
	}))
	return mux
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), a.header)
	if r.ContentLength != 0 && r.ProtoMajor == 1 { // net/http would wait for the body before it answers
		w.Header().Set("Connection", "close")
	}
	a.handler.ServeHTTP(w, r)
}

// drain makes every later /read and /readyz answer 503 and returns once no read
// is being answered any more, or ctx ends.
func (a *api) drain(ctx context.Context) {
	a.stopping.Store(true)
	a.rest.StopWatching()
	for a.inFlight.Load() > 0 {
		select {
		case <-a.idle:
		case <-ctx.Done():
			return
		}
	}
}

// route finds the handler by path, which must match to the letter, and answers
// for paths and methods that do not exist. Without a token all methods get the
// same answer on all tables, whether there are such or not.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	handler, found := a.routes[r.URL.Path]
	isRead := r.URL.Path == "/read" || strings.HasPrefix(r.URL.Path, "/read/")
	switch {
	case isRead && !a.isAllowed(r.Header.Get("Authorization")):
		w.Header().Set("WWW-Authenticate", "Bearer")
		a.rest.Fail(w, r, errToken, nil)
	case !found && isRead:
		a.rest.Fail(w, r, errNoSuchTable, nil)
	case !found:
		a.rest.Fail(w, r, errNoPath, nil)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		handler.ServeHTTP(w, r)
	case r.Method == http.MethodOptions:
		w.Header().Set("Allow", allowedMethods)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", allowedMethods)
		a.rest.Fail(w, r, errMethod, nil)
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
		rest.WriteJSON(w, http.StatusOK, []byte(`{"status":"ok"}`+"\n"))
	})
}

// handleReady answers whether a read would find the database now.
func (a *api) handleReady() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			a.rest.Fail(w, r, errStopping, nil)
			return
		}
		if err := a.db.Ping(r.Context()); err != nil {
			a.rest.Fail(w, r, errNotReady, err)
			return
		}
		rest.WriteJSON(w, http.StatusOK, []byte(`{"status":"ready"}`+"\n"))
	})
}

// counted lets no more requests through than there may be at once.
func (a *api) counted(read http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/read/" && rest.IsWatch(r) { // these are bounded apart, and end when the server stops
			read.ServeHTTP(w, r)
			return
		}
		defer a.endRead()
		switch {
		case a.inFlight.Add(1) > int64(a.cfg.maxInFlight):
			a.rest.Fail(w, r, errBusy, errInFlight)
		case a.stopping.Load():
			a.rest.Fail(w, r, errStopping, nil)
		default:
			read.ServeHTTP(w, r)
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
