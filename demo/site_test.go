package main

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestSiteHandler(t *testing.T) {
	server := httptest.NewServer(newSiteHandler())
	defer server.Close()
	tests := []struct {
		method, path string
		status       int
		contentType  string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/style.css", 200, "text/css; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/site/", 404, "text/plain; charset=utf-8"},
		{"GET", "/site.go", 404, "text/plain; charset=utf-8"},
		{"GET", "/..%2fmain.go", 404, "text/plain; charset=utf-8"},
		{"POST", "/", 405, "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			resp := request(t, tt.method, server.URL+tt.path)
			if got := resp.Header.Get("Content-Type"); resp.StatusCode != tt.status || got != tt.contentType {
				t.Errorf("got %d, Content-Type %q; want %d, %q", resp.StatusCode, got, tt.status, tt.contentType)
			}
			for _, name := range []string{"Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"} {
				if resp.Header.Get(name) == "" {
					t.Errorf("response lacks %s", name)
				}
			}
		})
	}
}

// request returns the response without its body.
func request(t testing.TB, method, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// TestSiteFiles keeps the page small enough to be read and copied, and free of
// everything that would make markup or code of a text.
func TestSiteFiles(t *testing.T) {
	unsafe := regexp.MustCompile(`(?i)(inner|outer)HTML|insertAdjacent|document\.write|\beval\b|Function\(|\son\w+=|style=`)
	lines := 0
	err := fs.WalkDir(siteFiles, "site", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := siteFiles.ReadFile(path)
		lines += strings.Count(string(content), "\n")
		if found := unsafe.Find(content); found != nil {
			t.Errorf("%s contains %q", path, found)
		}
		return err
	})
	if err != nil || lines == 0 || lines >= 200 {
		t.Errorf("site has %d lines, %v; want fewer than 200", lines, err)
	}
}

// TestSiteKnowsDefault holds the two places together where the address stands.
func TestSiteKnowsDefault(t *testing.T) {
	script, err := siteFiles.ReadFile("site/app.js")
	if err != nil || !strings.Contains(string(script), `"`+defaultAPI+`"`) {
		t.Errorf("app.js: %v; want it to contain %q", err, defaultAPI)
	}
}

func TestAPIURL(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    string
	}{
		{"nothing", nil, "http://localhost:8080"},
		{"empty", []string{"ADDR=", "PORT="}, "http://localhost:8080"},
		{"port", []string{"PORT=9000"}, "http://localhost:9000"},
		{"address wins", []string{"PORT=9000", "ADDR=localhost:9001"}, "http://localhost:9001"},
		{"the last wins", []string{"ADDR=:1", "ADDR=:2"}, "http://localhost:2"},
		{"every network", []string{"ADDR=:9001"}, "http://localhost:9001"},
		{"every IPv4 network", []string{"ADDR=0.0.0.0:9001"}, "http://localhost:9001"},
		{"every IPv6 network", []string{"ADDR=[::]:9001"}, "http://localhost:9001"},
		{"one address", []string{"ADDR=192.168.0.9:80"}, "http://192.168.0.9:80"},
		{"one IPv6 address", []string{"ADDR=[::1]:80"}, "http://[::1]:80"},
		{"what readapi refuses", []string{"ADDR=9001"}, "http://localhost:8080"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := apiURL(tt.environ); got != tt.want {
				t.Errorf("apiURL(%q) = %q; want %q", tt.environ, got, tt.want)
			}
		})
	}
}

func TestStartSite(t *testing.T) {
	// Whether this test or somebody else has the port: it is taken.
	if l, err := net.Listen("tcp", "localhost:"+sitePort); err == nil {
		defer l.Close()
	}
	s, err := startSite([]string{"PORT=9000"})
	if err != nil {
		t.Fatal(err)
	}
	if want := regexp.MustCompile(`^http://localhost:\d+/\?api=http://localhost:9000$`); !want.MatchString(s.url) {
		t.Errorf("url = %q; want %v", s.url, want)
	}
	if resp := request(t, "GET", s.url); resp.StatusCode != 200 {
		t.Errorf("GET %s: %s; want 200", s.url, resp.Status)
	}
	s.close()
	if resp, err := http.Get(s.url); err == nil {
		resp.Body.Close()
		t.Errorf("GET %s after close: %s; want an error", s.url, resp.Status)
	}
}

// TestStartSiteLeavesPort has the API want the port of the page.
func TestStartSiteLeavesPort(t *testing.T) {
	s, err := startSite([]string{"PORT=" + sitePort})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if strings.HasPrefix(s.url, "http://localhost:"+sitePort+"/") {
		t.Errorf("url = %q; want another port than the one of the API", s.url)
	}
}

func TestStartSiteWithoutPort(t *testing.T) {
	if _, err := startSite([]string{"ADDR=localhost:0"}); err != errNoPort {
		t.Errorf("startSite = %v; want %v", err, errNoPort)
	}
}

// TestSiteFlag fetches the page while a command runs, which ends with its input.
func TestSiteFlag(t *testing.T) {
	t.Parallel()
	cmd := demo(t, append([]string{"-site"}, helper(t, "copy")...)...)
	cmd.Env = append(cmd.Env, "ADDR=", "PORT=9000")
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var tables, rows, page string
	const format = "the page: %s\nthe rows: %s\nan example of another origin: %s\n"
	if _, err := fmt.Fscanf(output, format, &tables, &rows, &page); err != nil {
		t.Fatal(err)
	}
	if want := "http://localhost:9000/"; tables != want {
		t.Errorf("the page: %q; want %q", tables, want)
	}
	if want := "http://localhost:9000/read"; rows != want {
		t.Errorf("the rows: %q; want %q", rows, want)
	}
	if resp := request(t, "GET", page); resp.StatusCode != 200 || !strings.HasSuffix(page, "/?api=http://localhost:9000") {
		t.Errorf("GET %s: %s; want 200 and the address of the API", page, resp.Status)
	}
	input.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("Wait: %v; want success", err)
	}
}
