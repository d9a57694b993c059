// Package observe owns what an operator sees of requests: a line in the log for
// each, at level debug, and the series of /metrics. Rule: if nobody looks, a
// request passes through untouched.
package observe

// This file looks at requests.

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"readapi/internal/metrics"
	"readapi/internal/rest"
)

const (
	// statusGone stands for a request whose client has left before there was an
	// answer, as nginx has it.
	statusGone = 499
	maxStatus  = 599
)

// Requests is what was seen. It is safe for concurrent use.
type Requests struct {
	log     *slog.Logger
	counts  bool               // not only for the log
	byPath  map[string]*counts // of the tables
	others  counts
	tables  []string
	byTable map[string]*counts

	duration metrics.Histogram
	bytes    atomic.Int64
	aborted  atomic.Int64
}

// counts are requests by status.
type counts [maxStatus + 1]atomic.Uint64

// New looks at the requests for tables, of which the first is /read. Without
// counting there is only the log.
func New(tables []string, counting bool, log *slog.Logger) *Requests {
	o := &Requests{log: log, counts: counting, tables: tables, byPath: map[string]*counts{}, byTable: map[string]*counts{}}
	for _, table := range tables {
		o.byTable[table] = new(counts)
		o.byPath["/read/"+table] = o.byTable[table]
	}
	o.byPath["/read"] = o.byTable[tables[0]]
	return o
}

// Wrap returns next with somebody who looks.
func (o *Requests) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logs := o.log.Enabled(r.Context(), slog.LevelDebug)
		if !logs && !o.counts {
			next.ServeHTTP(w, r)
			return
		}
		s := &seen{ResponseWriter: w, isHead: r.Method == http.MethodHead, isBroken: true}
		defer func(start time.Time) { // deferred: a broken stream ends in a panic
			took := time.Since(start)
			if logs {
				o.writeLog(r, s, took)
			}
			o.count(r, s, took)
		}(time.Now())
		next.ServeHTTP(s, r)
		s.isBroken = false
	})
}

// writeLog logs a request.
func (o *Requests) writeLog(r *http.Request, s *seen, took time.Duration) {
	args := []any{"method", r.Method, "path", r.URL.Path}
	args = append(args, rest.LoggedQuery(r)...)
	o.log.Debug("request", append(args, "status", s.code(), "bytes", s.bytes, "duration", took)...)
}

// count counts a request.
func (o *Requests) count(r *http.Request, s *seen, took time.Duration) {
	byStatus := o.byPath[r.URL.Path]
	if byStatus == nil {
		byStatus = &o.others
	}
	byStatus[min(s.code(), maxStatus)].Add(1)
	o.duration.Observe(took)
	o.bytes.Add(s.bytes)
	if s.isBroken && s.status != 0 {
		o.aborted.Add(1)
	}
}

// seen remembers what was sent.
type seen struct {
	http.ResponseWriter
	status   int // 0 before there is one
	bytes    int64
	isHead   bool // nothing is sent of a body
	isBroken bool // the handler has not returned
}

// code is the status that the client got.
func (s *seen) code() int {
	switch {
	case s.status != 0:
		return s.status
	case s.isBroken:
		return statusGone
	default:
		return http.StatusOK
	}
}

func (s *seen) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *seen) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	n, err := s.ResponseWriter.Write(b)
	if !s.isHead {
		s.bytes += int64(n)
	}
	return n, err
}

// Unwrap serves http.ResponseController.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }
