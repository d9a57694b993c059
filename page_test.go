package main

// This file tests what is at /: a page for browsers, an address for everybody
// else, nothing with PAGE=off.

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	tests := []struct{ path, accept, contentType string }{
		{"/", browser, "text/html; charset=utf-8"},
		{"/", "TEXT/HTML", "text/html; charset=utf-8"},
		{"/", "", "application/json"},
		{"/", "*/*", "application/json"},
		{"/", "application/json, text/html;q=0.9", "application/json"},
		{"/", "text/html;q=0", "application/json"},
		{"/", "text/html;q=x;;, /", "application/json"},
		{"/page.css", "text/css,*/*;q=0.1", "text/css; charset=utf-8"},
		{"/page.js", "*/*", "text/javascript; charset=utf-8"},
	}
	server, _ := newMockServer(t, discardLog(), "API_TOKENS=secret", "CORS_ORIGINS=https://example.com")
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+tt.path+" "+tt.accept, func(t *testing.T) {
				resp, body := send(t, method, server.URL+tt.path, "Accept: "+tt.accept)
				checkPage(t, resp, tt.contentType, tt.path == "/")
				if (method == "HEAD") != (body == "") {
					t.Errorf("%s %s: %d bytes of body", method, tt.path, len(body))
				}
				again, _ := send(t, method, server.URL+tt.path, "Accept: "+tt.accept, "If-None-Match: "+resp.Header.Get("ETag"))
				if again.StatusCode != http.StatusNotModified {
					t.Errorf("%s %s again: %s; want 304", method, tt.path, again.Status)
				}
				checkHeader(t, again, "ETag", resp.Header.Get("ETag"))
				if got, want := again.Header.Values("Vary"), resp.Header.Values("Vary"); !slices.Equal(got, want) {
					t.Errorf("Vary of the 304 = %q; want %q", got, want)
				}
			})
		}
	}
}

// checkPage checks the headers of a file.
func checkPage(t *testing.T, resp *http.Response, contentType string, varies bool) {
	t.Helper()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %s; want 200", resp.Status)
	}
	checkHeader(t, resp, "Content-Type", contentType)
	checkHeader(t, resp, "Cache-Control", "no-cache")
	checkHeader(t, resp, "X-Content-Type-Options", "nosniff")
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy = %q; want nothing but what it names, and nothing unsafe", policy)
	}
	want := []string{"Origin"}
	if varies {
		want = append(want, "Accept")
	}
	if got := resp.Header.Values("Vary"); !slices.Equal(got, want) {
		t.Errorf("Vary = %q; want %q", got, want)
	}
}

// What is no browser finds the description by a relative address, because a
// proxy may serve all this under a path.
func TestPageIndex(t *testing.T) {
	server, _ := newMockServer(t, discardLog())
	resp, body := send(t, "GET", server.URL+"/")
	var index map[string]string
	if err := json.Unmarshal([]byte(body), &index); err != nil || index["openapi"] != "read/" || len(index) != 1 {
		t.Errorf("GET / = %s, %v; want the address read/", body, err)
	}
	checkHeader(t, resp, "Link", `<read/>; rel="service-desc"`)
}

func TestPageOff(t *testing.T) {
	server, _ := newMockServer(t, discardLog(), "PAGE=off")
	for _, path := range []string{"/", "/page.css", "/page.js"} {
		resp, body := send(t, "GET", server.URL+path, "Accept: text/html")
		checkError(t, resp, body, http.StatusNotFound, "PGRST125")
		checkHeader(t, resp, "Content-Security-Policy", "")
	}
}
