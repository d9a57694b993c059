package main

// This file tests METRICS_ADDR and SERVER_TIMING on the whole program: what is
// counted is what a load generator counts, and Prometheus' own tool has nothing to
// say against it.

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readapi/internal/fakedb"
)

// newMetricsServer starts a server of rows by hook, and one of its METRICS_ADDR.
func newMetricsServer(t *testing.T, hook fakedb.Hook, environment ...string) (server, watched *httptest.Server) {
	t.Helper()
	pool := sql.OpenDB(hook)
	pool.SetMaxOpenConns(10)
	t.Cleanup(func() { pool.Close() })
	api := newAPI(pool, testConfig(t, append(environment, "METRICS_ADDR=localhost:0", "DB_TABLES=sample,other")...), discardLog())
	server, watched = httptest.NewServer(api), httptest.NewServer(api.metrics())
	t.Cleanup(server.Close)
	t.Cleanup(watched.Close)
	return server, watched
}

// scrape returns the series as they are written, and by name with labels.
func scrape(t *testing.T, url string) (text string, series map[string]float64) {
	t.Helper()
	resp, text := send(t, "GET", url+"/metrics")
	checkHeader(t, resp, "Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	series = make(map[string]float64)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && name != "#" {
			series[name] = n
		}
	}
	return text, series
}

// metricsTally is what a client has counted.
type metricsTally struct {
	mu       sync.Mutex
	statuses map[string]int
	bytes    int64
}

// ask sends a request and counts its answer.
func (m *metricsTally) ask(t *testing.T, method, base, path, table string, header ...string) {
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
	if err != nil {
		t.Error(err)
		return
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += n
	m.statuses[fmt.Sprintf("readapi_requests_total{table=%q,status=\"%d\"}", table, resp.StatusCode)]++
}

// TestMetricsAddUp has clients ask for everything at once, a bounded number of
// times: what they count is what the server has counted.
func TestMetricsAddUp(t *testing.T) {
	const clients, rounds = 8, 25
	server, watched := newMetricsServer(t, func(ctx context.Context) (driver.Rows, error) {
		return fakedb.Texts("x", 100), fakedb.Wait(ctx, time.Millisecond)
	})
	resp, _ := send(t, "GET", server.URL+"/read")
	etag := resp.Header.Get("ETag")
	_, before := scrape(t, watched.URL)
	m := &metricsTally{statuses: map[string]int{}}
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range rounds {
				m.ask(t, "GET", server.URL, "/read", "sample")
				m.ask(t, "GET", server.URL, "/read", "sample", "Accept-Encoding: gzip")
				m.ask(t, "HEAD", server.URL, "/read/other", "other")
				m.ask(t, "GET", server.URL, "/read", "sample", "If-None-Match: "+etag)
				m.ask(t, "GET", server.URL, "/read?limit=x", "sample")
				m.ask(t, "POST", server.URL, "/read/other", "other")
				m.ask(t, "OPTIONS", server.URL, "/read", "sample")
				m.ask(t, "GET", server.URL, "/read/none", "")
				m.ask(t, "GET", server.URL, "/healthz", "")
			}
		})
	}
	all.Wait()
	_, after := scrape(t, watched.URL)
	total := 0
	for name, want := range m.statuses {
		if got := after[name] - before[name]; got != float64(want) {
			t.Errorf("%s = %v; want %d", name, got, want)
		}
		total += want
	}
	const reads = clients * rounds * 4 // that need rows
	for name, want := range map[string]float64{
		"readapi_request_duration_seconds_count": float64(total),
		"readapi_response_bytes_total":           float64(m.bytes),
		"readapi_not_modified_total":             clients * rounds,
		"readapi_retries_total":                  0,
		"readapi_aborted_streams_total":          0,
	} {
		if got := after[name] - before[name]; got != want {
			t.Errorf("%s = %v; want %v", name, got, want)
		}
	}
	queries, shared := after["readapi_queries_total"]-before["readapi_queries_total"], after["readapi_shared_reads_total"]
	if queries+shared != reads || queries != after["readapi_first_row_seconds_count"]-before["readapi_first_row_seconds_count"] {
		t.Errorf("%v queries and %v shared reads; want %d together", queries, shared, reads)
	}
	for name, want := range map[string]float64{"readapi_in_flight": 0, "readapi_held_bytes": 0, "readapi_db_up": 1, `readapi_db_connections{state="in_use"}`: 0} {
		if got, found := after[name]; got != want || !found {
			t.Errorf("%s = %v; want %v", name, got, want)
		}
	}
}

// TestMetricsFaults has a stream break, a query be tried again, and the database go
// away.
func TestMetricsFaults(t *testing.T) {
	var mu sync.Mutex
	failures := []error{driver.ErrBadConn, io.ErrUnexpectedEOF}
	server, watched := newMetricsServer(t, func(ctx context.Context) (driver.Rows, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(failures) > 0 {
			err := failures[len(failures)-1]
			failures = failures[:len(failures)-1]
			return nil, err
		}
		return tlsBroken(ctx)
	})
	resp, err := plainClient.Get(server.URL + "/read")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("the stream did not break")
	}
	stormAwait(t, "aborted stream that is not counted", func() (string, bool) {
		_, series := scrape(t, watched.URL)
		return fmt.Sprint(series), series["readapi_aborted_streams_total"] == 1 && series["readapi_retries_total"] >= 1
	})
}

// metricsNames are the series that an operator may rely on.
var metricsNames = []string{
	"readapi_requests_total", "readapi_queries_total", "readapi_shared_reads_total", "readapi_not_modified_total",
	"readapi_response_bytes_total", "readapi_aborted_streams_total", "readapi_retries_total",
	"readapi_request_duration_seconds", "readapi_first_row_seconds", "readapi_in_flight", "readapi_held_bytes", "readapi_db_up",
	"readapi_db_connections", "readapi_db_wait_seconds_total", "readapi_build_info", "go_goroutines",
}

// TestMetricsProgram starts the program with METRICS_ADDR, which says what the main
// address says of its health, and nothing else.
func TestMetricsProgram(t *testing.T) {
	addr, _ := mainMySQL(t, mainAnswer(func() {}))
	s := mainStart(t, mainEnv(t, addr, map[string]string{"METRICS_ADDR": "localhost:0"}))
	watched := "http://" + s.log.await(t, `msg="listening for metrics" addr=(\S+)`)[1]
	s.log.await(t, "connected to the database")
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/read": 404, "/": 404} {
		mainWant(t, watched+path, mainPatience, status)
	}
	mainWant(t, s.url+"/metrics", mainPatience, http.StatusNotFound)
	text, series := scrape(t, watched)
	for _, name := range metricsNames {
		if !strings.Contains(text, "# TYPE "+name+" ") {
			t.Errorf("/metrics has no %s", name)
		}
	}
	if series["readapi_db_up"] != 1 {
		t.Errorf("readapi_db_up = %v; want 1", series["readapi_db_up"])
	}
	checkPromtool(t, text, "check", "metrics")
	s.stop(t)
}

// Without a database the series say so.
func TestMetricsWithoutDatabase(t *testing.T) {
	s := mainStart(t, mainEnv(t, mainRefused(t), map[string]string{"METRICS_ADDR": "localhost:0"}))
	watched := "http://" + s.log.await(t, `msg="listening for metrics" addr=(\S+)`)[1]
	if _, series := scrape(t, watched); series["readapi_db_up"] != 0 {
		t.Errorf("readapi_db_up = %v; want 0", series["readapi_db_up"])
	}
	s.stop(t)
}

func TestMetricsAddrTaken(t *testing.T) {
	taken := mainListen(t).Addr().String()
	p := mainExec(t, mainEnv(t, mainRefused(t), map[string]string{"METRICS_ADDR": taken}))
	p.wantExit(t, 1)
	if log := p.stderr.String(); !strings.Contains(log, "\nreadapi: listen on METRICS_ADDR: ") {
		t.Errorf("stderr = %s; want METRICS_ADDR", log)
	}
}

// checkPromtool has Prometheus' own tool look at text.
func checkPromtool(t *testing.T, text string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("promtool is not here: want Debian's package prometheus. Not checked: " + strings.Join(args, " "))
	}
	cmd := exec.CommandContext(t.Context(), "promtool", args...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || args[1] == "metrics" && len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("promtool %s = %v: %s", strings.Join(args, " "), err, out)
	}
}

// packagedSeries are the series that a file names.
func packagedSeries(t *testing.T, path string) (names []string, content []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names = regexp.MustCompile(`\b(?:readapi|go|process)_[a-z_]+`).FindAllString(string(content), -1)
	slices.Sort(names)
	return slices.Compact(names), content
}

// checkPackaged wants the series that a file names to exist.
func checkPackaged(t *testing.T, path string) (content []byte) {
	t.Helper()
	_, watched := newMetricsServer(t, func(context.Context) (driver.Rows, error) { return fakedb.Texts("x", 1), nil })
	text, series := scrape(t, watched.URL)
	known := slices.Collect(maps.Keys(series))
	names, content := packagedSeries(t, path)
	for _, name := range names {
		found := strings.Contains(text, "# TYPE "+name+" ") || slices.ContainsFunc(known, func(s string) bool {
			return s == name || strings.HasPrefix(s, name+"{")
		})
		if !found {
			t.Errorf("%s names %s, which is no series", path, name)
		}
	}
	if len(names) == 0 {
		t.Errorf("%s names no series", path)
	}
	return content
}

func TestAlertRules(t *testing.T) {
	const path = "packaging/prometheus-alerts.yml"
	content := checkPackaged(t, path)
	if got := bytes.Count(content, []byte("- alert: ")); got != 2 {
		t.Errorf("%s has %d alerts; want 2", path, got)
	}
	checkPromtool(t, "", "check", "rules", path)
}

func TestGrafanaDashboard(t *testing.T) {
	const path = "packaging/grafana-dashboard.json"
	content := checkPackaged(t, path)
	var dashboard struct {
		Title  string
		UID    string
		Panels []struct {
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&dashboard); err != nil || dashboard.Title != "readapi" || dashboard.UID == "" {
		t.Fatalf("%s = %+v, %v; want a dashboard called readapi", path, dashboard, err)
	}
	taken := map[[2]int]string{} // squares of the grid
	for _, panel := range dashboard.Panels {
		if panel.Title == "" || panel.Type == "" || len(panel.Targets) == 0 || panel.GridPos.X+panel.GridPos.W > 24 {
			t.Errorf("panel %+v has no title, type, series or place", panel)
		}
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				square := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if other := taken[square]; other != "" {
					t.Fatalf("%s and %s are in the same place", other, panel.Title)
				}
				taken[square] = panel.Title
			}
		}
	}
	if len(dashboard.Panels) < 6 {
		t.Errorf("%s has %d panels", path, len(dashboard.Panels))
	}
}

// TestServerTiming asks for the header, of answers of every kind, and whom it is
// shown to.
func TestServerTiming(t *testing.T) {
	pattern := regexp.MustCompile(`^plan;dur=[0-9.]+, wait;dur=[0-9.]+, db;dur=([0-9.]+), shared;dur=0\.000$`)
	hook := func(ctx context.Context) (driver.Rows, error) {
		return fakedb.Texts("x", 10), fakedb.Wait(ctx, 5*time.Millisecond)
	}
	tests := []struct {
		env, origin, allowed string
	}{
		{"CORS_ORIGINS=*", "https://a.example", "*"},
		{"CORS_ORIGINS=https://a.example", "https://a.example", "https://a.example"},
		{"CORS_ORIGINS=https://a.example", "https://b.example", ""},
		{"CORS_ORIGINS=", "https://a.example", ""},
	}
	for _, tt := range tests {
		server, _ := newMetricsServer(t, hook, "SERVER_TIMING=on", tt.env)
		for _, path := range []string{"/read", "/read?limit=x", "/read/other"} {
			resp, _ := send(t, "GET", server.URL+path, "Origin: "+tt.origin)
			checkHeader(t, resp, "Timing-Allow-Origin", tt.allowed)
			match := pattern.FindStringSubmatch(resp.Header.Get("Server-Timing"))
			if match == nil {
				t.Fatalf("Server-Timing of %s = %q; want plan, wait, db, shared", path, resp.Header.Get("Server-Timing"))
			}
			if db, _ := strconv.ParseFloat(match[1], 64); (db >= 5) != (resp.StatusCode == 200) {
				t.Errorf("Server-Timing of %s = %q with %s; want the time of its query", path, match[0], resp.Status)
			}
		}
	}
	server, _ := newMetricsServer(t, hook)
	resp, _ := send(t, "GET", server.URL+"/read")
	checkHeader(t, resp, "Server-Timing", "")
	checkHeader(t, resp, "Timing-Allow-Origin", "")
}

// sink is a client that takes everything.
type sink struct{ header http.Header }

func (n sink) Header() http.Header         { return n.header }
func (n sink) Write(b []byte) (int, error) { return len(b), nil }
func (n sink) WriteHeader(int)             {}

// BenchmarkSeen is what it costs a read of ten rows to be counted and timed: beside
// it, that read takes 130 us of CPU with network and database.
func BenchmarkSeen(b *testing.B) {
	for _, environment := range []string{"METRICS_ADDR=", "METRICS_ADDR=localhost:0", "SERVER_TIMING=on"} {
		b.Run(environment, func(b *testing.B) {
			pool := sql.OpenDB(fakedb.Texts("x", 10))
			defer pool.Close()
			handler := newAPI(pool, testConfig(b, environment), discardLog())
			req := httptest.NewRequest("GET", "/read", nil)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(sink{http.Header{}}, req)
			}
		})
	}
}
