package observe

// This file writes the series.

import (
	"io"
	"net/http"
	"strconv"

	"readapi/internal/exec"
	"readapi/internal/metrics"
	"readapi/internal/rest"
)

// Sources are where series come from beside the requests.
type Sources struct {
	DB       *exec.DB
	Rest     *rest.Service
	InFlight func() int64
	Version  string
}

// Series returns the handler of /metrics.
func (o *Requests) Series(from Sources) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t metrics.Text
		o.writeRequests(&t)
		writeReads(&t, from)
		writeDatabase(&t, from.DB, from.DB.Ping(r.Context()) == nil)
		t.Family("readapi_build_info", metrics.Gauge, "Version of readapi.")
		t.Sample(1, "version", from.Version)
		t.Process()
		w.Header().Set("Content-Type", metrics.ContentType)
		_, _ = io.WriteString(w, t.String()) // one who has left is no error
	})
}

// writeRequests writes what requests were answered with. Their tables are ours, and
// their statuses those that there were.
func (o *Requests) writeRequests(t *metrics.Text) {
	t.Family("readapi_requests_total", metrics.Counter, "Requests by table, which is empty for other paths, and status; 499 is for clients that left before an answer.")
	notModified := uint64(0)
	write := func(table string, c *counts) {
		notModified += c[http.StatusNotModified].Load()
		for status := range c {
			if n := c[status].Load(); n > 0 {
				t.Sample(float64(n), "table", table, "status", strconv.Itoa(status))
			}
		}
	}
	for _, table := range o.tables {
		write(table, o.byTable[table])
	}
	write("", &o.others)
	t.One("readapi_not_modified_total", metrics.Counter, "Requests that were answered with 304.", float64(notModified))
	t.One("readapi_response_bytes_total", metrics.Counter, "Bytes of bodies, as they were sent.", float64(o.bytes.Load()))
	t.One("readapi_aborted_streams_total", metrics.Counter, "Responses that broke off after their first byte.", float64(o.aborted.Load()))
	t.Histogram("readapi_request_duration_seconds", "Time from a request to the end of its response.", &o.duration)
}

// writeReads writes what became of reads.
func writeReads(t *metrics.Text, from Sources) {
	load, stats := from.Rest.Load(), from.DB.Stats()
	t.One("readapi_queries_total", metrics.Counter, "Queries that were sent to the database, also those that learn tables.", float64(stats.Queries))
	t.One("readapi_retries_total", metrics.Counter, "Queries that were tried again.", float64(stats.Retries))
	t.One("readapi_shared_reads_total", metrics.Counter, "Reads that needed no query of their own.", float64(from.Rest.SharedReads()))
	t.Histogram("readapi_first_row_seconds", "Time from wanting a connection for a query to its first row.", stats.FirstRow)
	t.One("readapi_in_flight", metrics.Gauge, "Reads that are being answered.", float64(from.InFlight()))
	t.One("readapi_live_clients", metrics.Gauge, "Clients that watch a table.", float64(from.Rest.Watchers()))
	t.One("readapi_held_bytes", metrics.Gauge, "Bytes of small results that clients are still taking, and room for those being made.", float64(load.Bytes))
}

// writeDatabase writes how the database and the pool are.
func writeDatabase(t *metrics.Text, db *exec.DB, isUp bool) {
	up, pool := 0.0, db.Stats().Pool
	if isUp {
		up = 1
	}
	t.One("readapi_db_up", metrics.Gauge, "Whether the database answers.", up)
	t.Family("readapi_db_connections", metrics.Gauge, "Connections of the pool by state.")
	t.Sample(float64(pool.InUse), "state", "in_use")
	t.Sample(float64(pool.Idle), "state", "idle")
	t.One("readapi_db_wait_seconds_total", metrics.Counter, "Time that reads have waited for a connection.", pool.WaitDuration.Seconds())
}
