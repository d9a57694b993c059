package rest

// This file asks for the OpenAPI document. What stands in it is tested in describe
// and by those who read it, in clients/.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/apitest"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// newDescription serves the document of a database without tables.
func newDescription(t testing.TB, d *fakedb.Table) http.Handler {
	t.Helper()
	pool := sql.OpenDB(d)
	t.Cleanup(func() { pool.Close() })
	db := exec.New(pool, exec.Options{Timeout: time.Minute, Conns: 10, Log: apitest.DiscardLog()})
	return New(db, Options{Tables: []string{"sample"}, CacheControl: "max-age=5", Log: apitest.DiscardLog()}).Description()
}

func TestDescriptionAccept(t *testing.T) {
	handler := newDescription(t, new(fakedb.Table))
	tests := []struct{ accept, want string }{
		{"", contentTypeOpenAPI},
		{"Accept: */*", contentTypeOpenAPI},
		{"Accept: application/*", contentTypeOpenAPI},
		{"Accept: application/openapi+json", contentTypeOpenAPI},
		{"Accept: application/json", contentTypeJSON},
		{"Accept: application/json, */*", contentTypeJSON},
		{"Accept: application/json;q=0.5, application/openapi+json", contentTypeOpenAPI},
		{"Accept: application/json;version=3.0.0;q=0.9, */*;q=0.8", contentTypeJSON},
		{"Accept: text/html, application/xhtml+xml, */*;q=0.8", contentTypeOpenAPI}, // a browser
		{"Accept: text/html", ""},
		{"Accept: text/csv", ""},
		{"Accept: application/json;q=0", ""},
	}
	for _, tt := range tests {
		var header []string
		if tt.accept != "" {
			header = []string{tt.accept}
		}
		got := ask(t, handler, "/read/", header...)
		switch {
		case tt.want == "" && got.Code != http.StatusNotAcceptable:
			t.Errorf("%q = %d; want 406", tt.accept, got.Code)
		case tt.want != "" && (got.Code != http.StatusOK || got.Header().Get("Content-Type") != tt.want):
			t.Errorf("%q = %d, %s; want 200, %s", tt.accept, got.Code, got.Header().Get("Content-Type"), tt.want)
		}
	}
}

func TestDescriptionNotModified(t *testing.T) {
	handler := newDescription(t, new(fakedb.Table))
	first := ask(t, handler, "/read/")
	etag := first.Header().Get("Etag")
	if !json.Valid(first.Body.Bytes()) || etag == "" || first.Header().Get("Cache-Control") != "max-age=5" {
		t.Errorf("%d, %v: %s; want a document with its ETag", first.Code, first.Header(), first.Body)
	}
	for header, want := range map[string]int{etag: 304, "*": 304, `W/"other", ` + etag: 304, `"other"`: 200} {
		got := ask(t, handler, "/read/", "If-None-Match: "+header)
		if got.Code != want || got.Header().Get("Etag") != etag || want == 304 && got.Body.Len() > 0 {
			t.Errorf("If-None-Match: %s = %d, ETag %s, %d bytes; want %d, %s", header, got.Code, got.Header().Get("Etag"), got.Body.Len(), want, etag)
		}
	}
}

func TestDescriptionGzip(t *testing.T) {
	handler := newDescription(t, new(fakedb.Table))
	plain, zipped := ask(t, handler, "/read/"), ask(t, handler, "/read/", "Accept-Encoding: gzip")
	if zipped.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("Content-Encoding is %q, and %q without gzip", zipped.Header().Get("Content-Encoding"), plain.Header().Get("Content-Encoding"))
	}
	if got, want := gunzip(t, zipped.Body.String()), plain.Body.String(); got != want {
		t.Errorf("gzip has %.200s; want %.200s", got, want)
	}
	if got := plain.Header().Get("Vary"); !strings.Contains(got, "Accept-Encoding") || !strings.Contains(got, "Accept,") {
		t.Errorf("Vary = %q; want Accept and Accept-Encoding in it", got)
	}
}

// A HEAD has the headers of the GET.
func TestDescriptionHead(t *testing.T) {
	server := httptest.NewServer(newDescription(t, new(fakedb.Table)))
	t.Cleanup(server.Close)
	get, body := apitest.Send(t, http.MethodGet, server.URL+"/read/")
	head, none := apitest.Send(t, http.MethodHead, server.URL+"/read/")
	if head.StatusCode != http.StatusOK || none != "" || head.ContentLength != int64(len(body)) || head.Header.Get("Etag") != get.Header.Get("Etag") {
		t.Errorf("HEAD = %d, %v, %q; want the headers of %v", head.StatusCode, head.Header, none, get.Header)
	}
}

// Whoever asks again within a minute is given the same document without a query.
func TestDescriptionIsKept(t *testing.T) {
	queries := 0
	handler := newDescription(t, &fakedb.Table{Before: func(context.Context, string) error { queries++; return nil }})
	ask(t, handler, "/read/")
	before := queries
	ask(t, handler, "/read/")
	if queries != before || before == 0 {
		t.Errorf("%d queries, then %d; want some, then none", before, queries-before)
	}
}

// What the database says does not reach the client.
func TestDescriptionFails(t *testing.T) {
	denied := &mysql.MySQLError{Number: 1044, Message: "Access denied for user 'secret'"}
	handler := newDescription(t, &fakedb.Table{Before: func(context.Context, string) error { return denied }})
	got := ask(t, handler, "/read/")
	if got.Code < 500 || strings.Contains(got.Body.String(), "secret") || !json.Valid(got.Body.Bytes()) {
		t.Errorf("%d %s; want an error of the server that tells nothing", got.Code, got.Body)
	}
	away := newDescription(t, &fakedb.Table{Before: func(context.Context, string) error { return errors.New("no host db7") }})
	if got := ask(t, away, "/read/"); got.Code < 500 || strings.Contains(got.Body.String(), "db7") {
		t.Errorf("%d %s; want an error of the server that tells nothing", got.Code, got.Body)
	}
}
