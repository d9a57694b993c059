package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	var requests atomic.Int64
	addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		fmt.Fprint(w, "hello")
	})
	l := newLoad(addr, newSameRows(4, 5))
	defer l.close()
	const duration = 50 * time.Millisecond
	r := l.run(t.Context(), duration)
	if r.failures != 0 || r.err != nil {
		t.Fatalf("failures = %d, %v; want none", r.failures, r.err)
	}
	if len(r.latencies) != int(requests.Load()) || len(r.latencies) < 4 {
		t.Errorf("%d latencies; want one for each of %d requests", len(r.latencies), requests.Load())
	}
	if !slices.IsSorted(r.latencies) {
		t.Error("the latencies are not in order")
	}
	if r.elapsed < duration {
		t.Errorf("elapsed = %v; want at least %v", r.elapsed, duration)
	}
	if want := float64(len(r.latencies)) / r.elapsed.Seconds(); r.rate() != want {
		t.Errorf("rate() = %v; want %v", r.rate(), want)
	}
}

func TestLoadWaitsForSlowResponses(t *testing.T) {
	var requests atomic.Int64
	gate := make(chan struct{})
	addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 3 {
			time.AfterFunc(100*time.Millisecond, func() { close(gate) })
		}
		<-gate // long after the time is up
		fmt.Fprint(w, "hello")
	})
	l := newLoad(addr, newSameRows(3, 5))
	defer l.close()
	if r := l.run(t.Context(), time.Millisecond); len(r.latencies) != 3 || r.elapsed < 100*time.Millisecond {
		t.Errorf("%d latencies in %v, %v; want 3 in at least 100ms", len(r.latencies), r.elapsed, r.err)
	}
}

func TestLoadFailures(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"length", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hell") }, "4 bytes; want 5"},
		{"status", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 500) }, "status is not 200"},
		{"abort", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoad(newTestServer(t, tt.handler), newSameRows(2, 5))
			defer l.close()
			r := l.run(t.Context(), time.Minute) // it gives up long before
			if r.failures != 2*maxFailures || len(r.latencies) != 0 || r.err == nil || !strings.Contains(r.err.Error(), tt.want) {
				t.Errorf("failures = %d, %v, latencies = %d; want %d with %q", r.failures, r.err, len(r.latencies), 2*maxFailures, tt.want)
			}
			if r.rate() != 0 {
				t.Errorf("rate() = %v; want 0", r.rate())
			}
		})
	}
}
