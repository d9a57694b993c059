package rest

import (
	"database/sql"
	"database/sql/driver"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"readapi/internal/apitest"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// setting changes the options of a test.
type setting func(*exec.Options, *Options)

// newTestService serves /read, the table sample, from d.
func newTestService(t testing.TB, d driver.Connector, settings ...setting) http.Handler {
	t.Helper()
	pool := sql.OpenDB(d)
	t.Cleanup(func() { pool.Close() })
	db := exec.Options{Timeout: time.Minute, Conns: 10, Log: apitest.DiscardLog()}
	options := Options{Schema: "d", CacheControl: "no-cache", Log: apitest.DiscardLog()}
	for _, set := range settings {
		set(&db, &options)
	}
	read := New(exec.New(pool, db), options).Table("sample")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff") // on every response, by those above
		read.ServeHTTP(w, r)
	})
}

// newTableServer starts an HTTP server of newTestService.
func newTableServer(t testing.TB, d driver.Connector, settings ...setting) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(newTestService(t, d, settings...))
	t.Cleanup(server.Close)
	return server
}

// newHookServer starts an HTTP server whose every query is a call of hook.
func newHookServer(t testing.TB, hook fakedb.Hook, settings ...setting) *httptest.Server {
	t.Helper()
	return newTableServer(t, hook, settings...)
}

// ask sends a request without a network, for tests in a bubble of synctest.
func ask(t testing.TB, handler http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, req)
	return recorder
}

const (
	selectSample = "SELECT * FROM sample"
	learnSample  = selectSample + " LIMIT 0"
)
