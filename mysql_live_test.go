package main

// This file watches tables of a real server.

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched is a stream of events.
type watched struct {
	resp    *http.Response
	scanner *bufio.Scanner
}

// mysqlWatch opens a stream of events.
func mysqlWatch(t testing.TB, url string, header ...string) *watched {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return &watched{resp, bufio.NewScanner(resp.Body)}
}

// next returns the next event: its id, and its data as one text. At the end of the
// stream both are empty.
func (w *watched) next() (id, data string) {
	var lines []string
	for w.scanner.Scan() {
		name, value, _ := strings.Cut(w.scanner.Text(), ": ")
		switch {
		case name == "id":
			id = value
		case name == "data":
			lines = append(lines, value)
		case name == "" && len(lines) > 0:
			return id, strings.Join(lines, "\n") + "\n"
		}
	}
	return "", ""
}

// mysqlLive serves a table of three rows that is read every tenth of a second.
func mysqlLive(t *testing.T) (*mysqlDatabase, *api, string) {
	t.Helper()
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(40))", "INSERT INTO sample VALUES (1, 'a'), (2, 'b'), (3, NULL)")
	d.env["LIVE_INTERVAL"] = "100ms"
	api, _ := mysqlNewAPI(t, d.env)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return d, api, server.URL
}

// The first event is the answer as it would be, with its ETag; another one comes
// when the rows have changed, to all who watch.
func TestMySQLLiveChanges(t *testing.T) {
	d, api, base := mysqlLive(t)
	const query = "/read?order=id"
	resp, plain := send(t, "GET", base+query)
	const watchers = 50
	all := make([]*watched, watchers)
	for i := range all {
		all[i] = mysqlWatch(t, base+query)
		checkHeader(t, all[i].resp, "Content-Type", "text/event-stream")
		checkHeader(t, all[i].resp, "Cache-Control", "no-store")
		if id, data := all[i].next(); data != plain || id != resp.Header.Get("ETag") {
			t.Fatalf("the first event = %q %q; want %q %q", id, data, resp.Header.Get("ETag"), plain)
		}
	}
	if n := api.rest.Watchers(); n != watchers {
		t.Errorf("Watchers = %d; want %d", n, watchers)
	}
	d.exec(t, "UPDATE sample SET name = 'line\nbreak' WHERE id = 2")
	resp, plain = send(t, "GET", base+query)
	var told sync.WaitGroup
	for _, w := range all {
		told.Go(func() {
			if id, data := w.next(); data != plain || id != resp.Header.Get("ETag") {
				t.Errorf("the event after a change = %q %q; want %q %q", id, data, resp.Header.Get("ETag"), plain)
			}
		})
	}
	told.Wait()
}

// Who comes back with the version that there is, is told nothing until it changes.
func TestMySQLLiveComesBack(t *testing.T) {
	d, _, base := mysqlLive(t)
	id, _ := mysqlWatch(t, base+"/read").next()
	again := mysqlWatch(t, base+"/read", "Last-Event-ID: "+id)
	d.exec(t, "DELETE FROM sample WHERE id = 3")
	if newID, data := again.next(); newID == id || strings.Contains(data, "null") {
		t.Errorf("the first event of one who comes back = %q %q; want the rows after the change", newID, data)
	}
}

// What cannot be watched is told before the stream begins.
func TestMySQLLiveRefuses(t *testing.T) {
	d, _, _ := mysqlLive(t)
	d.exec(t, "CREATE TABLE large (id INT PRIMARY KEY, text LONGTEXT)", "INSERT INTO large VALUES (1, REPEAT('x', 2000000))")
	d.env["DB_TABLES"], d.env["MAX_LIVE"] = "sample,large", "1"
	base := mysqlServe(t, d.env)
	tests := []struct {
		query  string
		status int
		code   string
	}{
		{"/read/large", http.StatusNotAcceptable, "54000"},
		{"/read?nam=eq.x", http.StatusBadRequest, "42703"},
		{"/read?limit=x", http.StatusBadRequest, "PGRST100"},
		{"/read/nothing", http.StatusNotFound, "PGRST205"},
	}
	for _, tt := range tests {
		resp, body := send(t, "GET", base+tt.query, "Accept: text/event-stream")
		checkError(t, resp, body, tt.status, tt.code)
	}
	first := mysqlWatch(t, base+"/read")
	first.next()
	resp, body := send(t, "GET", base+"/read", "Accept: text/event-stream")
	checkError(t, resp, body, http.StatusServiceUnavailable, "53300")
}

// When the server stops, streams end at once, and nobody is counted any more.
func TestMySQLLiveStops(t *testing.T) {
	_, api, base := mysqlLive(t)
	w := mysqlWatch(t, base+"/read")
	w.next()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlAtOnce)
	defer cancel()
	api.drain(ctx)
	if id, data := w.next(); id != "" || data != "" || w.scanner.Err() != nil {
		t.Errorf("after the stop: %q %q %v; want the end of the stream", id, data, w.scanner.Err())
	}
	mysqlAwait(t, "no watcher", func() bool { return api.rest.Watchers() == 0 })
	// An EventSource that comes back meanwhile would give up after a 503.
	resp, body := send(t, "GET", base+"/read", "Accept: text/event-stream")
	checkHeader(t, resp, "Content-Type", "text/event-stream")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, "retry: ") || strings.Contains(body, "data:") {
		t.Errorf("while the server stops: %s %q; want 200, and when to come back", resp.Status, body)
	}
}

// A table that is gone is a pause for who watches it, and goes on when it is there
// again, also with other columns; who comes meanwhile is told. What cannot be asked
// any more ends the stream.
func TestMySQLLiveTableMadeAnew(t *testing.T) {
	d, _, base := mysqlLive(t)
	all, ordered := mysqlWatch(t, base+"/read"), mysqlWatch(t, base+"/read?order=name&id=lt.3")
	all.next()
	ordered.next()
	d.exec(t, "DROP TABLE sample")
	all.awaitComment(t, ": The table is not in the database.")
	resp, body := send(t, "GET", base+"/read", "Accept: text/event-stream")
	checkError(t, resp, body, http.StatusInternalServerError, "42P01")
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(40), price DECIMAL(5,2))", "INSERT INTO sample VALUES (1, 'new', 9.50)")
	for name, w := range map[string]*watched{"all": all, "ordered": ordered} {
		if _, data := w.nextWith("price"); data != `[{"id":1,"name":"new","price":9.50}]`+"\n" {
			t.Errorf("%s: the event after a table was made anew = %q; want its rows", name, data)
		}
	}
	if _, otherwise := d.exception(t, "column gone"); otherwise {
		return
	}
	d.exec(t, "ALTER TABLE sample DROP COLUMN name")
	if _, data := all.next(); data != `[{"id":1,"price":9.50}]`+"\n" {
		t.Errorf("the event after a column has gone = %q; want the other columns", data)
	}
	ordered.awaitComment(t, `: the table has no column "name"`)
	if id, data := ordered.next(); id != "" || ordered.scanner.Err() != nil {
		t.Errorf("the order that cannot be any more = %q %q %v; want the end of the stream", id, data, ordered.scanner.Err())
	}
}

// awaitComment waits for a line.
func (w *watched) awaitComment(t testing.TB, line string) {
	t.Helper()
	for w.scanner.Scan() {
		if w.scanner.Text() == line {
			return
		}
	}
	t.Fatalf("the stream ended without %q: %v", line, w.scanner.Err())
}

// nextWith is next that has text. Between them a new table may have no rows yet.
func (w *watched) nextWith(text string) (id, data string) {
	for id, data = w.next(); id != "" && !strings.Contains(data, text); id, data = w.next() {
	}
	return id, data
}

// mysqlAwait waits until something is so.
func mysqlAwait(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(mysqlTimeout); !isSo(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after %v: %s", mysqlTimeout, what)
		}
	}
}
