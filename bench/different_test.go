package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// newSampleServer answers at programRoutes with what rows makes of the ids.
func newSampleServer(t testing.TB, rows func(ids ...int64) string) string {
	t.Helper()
	return newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
		var id, qty int64
		if n, _ := fmt.Sscanf(r.URL.Path, "/sample/%d", &id); n == 1 {
			io.WriteString(w, rows(id))
			return
		}
		ids, step, first, count := []int64{}, int64(1), int64(1), thousandTableRows
		if n, _ := fmt.Sscanf(r.URL.RawQuery, "qty=%d&after=%d", &qty, &id); n == 2 {
			step, count = qtyValues, pageRows
			first = id + 1 + (qty-id-1+10_000*qtyValues)%qtyValues
		}
		for i := range int64(count) {
			ids = append(ids, first+i*step)
		}
		io.WriteString(w, rows(ids...))
	})
}

func TestCheckRoutes(t *testing.T) {
	tests := []struct {
		name string
		rows func(ids ...int64) string
		ok   bool
	}{
		{"arrays", sampleRows, true},
		{"objects", func(ids ...int64) string {
			if len(ids) == 1 {
				return sampleRow(ids[0])
			}
			return sampleRows(ids...)
		}, true},
		{"a column is missing", func(ids ...int64) string {
			return strings.ReplaceAll(sampleRows(ids...), `,"note":null`, "")
		}, false},
		{"no end", func(ids ...int64) string { return strings.TrimSuffix(sampleRows(ids...), "]\n") }, false},
		{"other rows", func(ids ...int64) string {
			ids[0]++
			return sampleRows(ids...)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkRoutes(t.Context(), newSampleServer(t, tt.rows), programRoutes)
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, errBody) {
				t.Errorf("checkRoutes() = %v; want right = %t", err, tt.ok)
			}
		})
	}
}

func TestDifferentLoad(t *testing.T) {
	addr := newSampleServer(t, sampleRows)
	l := newLoad(addr, newDifferentRows(4, programRoutes, 20_000, true))
	defer l.close()
	if r := l.run(t.Context(), 50*time.Millisecond); r.failures > 0 || len(r.latencies) < 4 {
		t.Errorf("failures = %d, %v, latencies = %d; want none and some", r.failures, r.err, len(r.latencies))
	}
}

// TestDifferentLoadCountsFailures has rows mixed up and requests refused: a
// patient load goes on, and counts.
func TestDifferentLoadCountsFailures(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"another row", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, sampleRow(20_001)) }, errBody},
		{"refused", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "{}", http.StatusServiceUnavailable) }, errStatus},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var requests atomic.Int64
			addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) > 4*maxFailures {
					cancel()
				}
				tt.handler(w, r)
			})
			l := newLoad(addr, newDifferentRows(2, programRoutes, 20_000, false))
			defer l.close()
			l.patient = true
			r := l.run(ctx, time.Minute)
			if r.failures <= 2*maxFailures || len(r.latencies) != 0 || !errors.Is(r.err, tt.want) {
				t.Errorf("failures = %d, %v, latencies = %d; want more than %d with %v", r.failures, r.err,
					len(r.latencies), 2*maxFailures, tt.want)
			}
		})
	}
}

func TestTotalDifferent(t *testing.T) {
	rounds := []differentFigures{
		{loadFigures{rate: 10}, 100, 0}, {loadFigures{rate: 30}, 300, 0}, {loadFigures{rate: 20}, 198, 2},
	}
	total := totalDifferent(rounds)
	if total.rate != 20 || total.good != 598 || total.failed != 2 || total.failedShare() != "<1 % failed" {
		t.Errorf("totalDifferent() = %+v, %q; want rate 20 and 2 of 600 failed", total, total.failedShare())
	}
	if share := totalDifferent(rounds[:2]).failedShare(); share != "" {
		t.Errorf("failedShare() = %q; want none", share)
	}
}
