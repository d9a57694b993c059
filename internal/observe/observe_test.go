package observe

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"readapi/internal/apitest"
	"readapi/internal/metrics"
)

// answer answers a request, and may panic as a broken stream does.
func answer(o *Requests, method, path string, handler http.HandlerFunc) {
	defer func() { _ = recover() }()
	o.Wrap(handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
}

// TestCounts has answers of every kind.
func TestCounts(t *testing.T) {
	ok := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("12345")) }
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := []struct {
		name, method, path string
		handler            http.HandlerFunc
		want               string // of the series; others are zero
		bytes, aborted     int
	}{
		{"first table", "GET", "/read", ok, `{table="a",status="200"} 1`, 5, 0},
		{"by its name", "GET", "/read/a", ok, `{table="a",status="200"} 1`, 5, 0},
		{"another", "GET", "/read/b", ok, `{table="b",status="200"} 1`, 5, 0},
		{"HEAD", "HEAD", "/read", ok, `{table="a",status="200"} 1`, 0, 0},
		{"not modified", "GET", "/read", status(304), `{table="a",status="304"} 1`, 0, 0},
		{"unknown table", "GET", "/read/c", status(404), `{table="",status="404"} 1`, 0, 0},
		{"nothing said", "GET", "/healthz", func(http.ResponseWriter, *http.Request) {}, `{table="",status="200"} 1`, 0, 0},
		{"broken stream", "GET", "/read", func(w http.ResponseWriter, r *http.Request) {
			ok(w, r)
			panic(http.ErrAbortHandler)
		}, `{table="a",status="200"} 1`, 5, 1},
		{"client gone", "GET", "/read", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, `{table="a",status="499"} 1`, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := New([]string{"a", "b"}, true, apitest.DiscardLog())
			answer(o, tt.method, tt.path, tt.handler)
			var text metrics.Text
			o.writeRequests(&text)
			if got := text.String(); !strings.Contains(got, "readapi_requests_total"+tt.want+"\n") || strings.Count(got, "\nreadapi_requests_total") != 1 ||
				!strings.Contains(got, fmt.Sprintf("\nreadapi_response_bytes_total %d\n", tt.bytes)) ||
				!strings.Contains(got, fmt.Sprintf("\nreadapi_aborted_streams_total %d\n", tt.aborted)) ||
				!strings.Contains(got, "\nreadapi_request_duration_seconds_count 1\n") {
				t.Errorf("series = %s; want %s, %d bytes, %d aborted", got, tt.want, tt.bytes, tt.aborted)
			}
		})
	}
}

// Whatever clients ask for, there are no more series.
func TestSeriesAreBounded(t *testing.T) {
	o := New([]string{"a"}, true, apitest.DiscardLog())
	for i := range 1000 {
		answer(o, "GET", fmt.Sprintf("/read/%d", i), http.NotFound)
		answer(o, "BREW", fmt.Sprintf("/%d", i), http.NotFound)
	}
	var text metrics.Text
	o.writeRequests(&text)
	if got := strings.Count(text.String(), "\nreadapi_requests_total{"); got != 1 {
		t.Errorf("%d series of requests; want 1", got)
	}
}

// If nobody looks, the handler is given what came.
func TestNobodyLooks(t *testing.T) {
	recorder := httptest.NewRecorder()
	New([]string{"a"}, false, apitest.DiscardLog()).Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if w != http.ResponseWriter(recorder) {
			t.Errorf("the handler is given a %T", w)
		}
	})).ServeHTTP(recorder, httptest.NewRequest("GET", "/read", nil))
}
