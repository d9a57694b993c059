package rest

// This file lets clients watch a table: a stream of events (HTML Standard, section
// 9.2, Server-sent events), of which each is the whole answer to a read.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"readapi/internal/client"
	"readapi/internal/exec"
	"readapi/internal/live"
)

const (
	// pingTime is how often a stream without events says that it is there: proxies
	// close what is silent.
	pingTime = 15 * time.Second
	// minReconnect is when a client comes back whose stream has ended, and
	// spreadReconnect how much later some do: not all at once.
	minReconnect    = 1000 // milliseconds
	spreadReconnect = 2000
)

var (
	errTooLargeToWatch = NewError(http.StatusNotAcceptable, "54000", "These rows are too many to be watched: more than 1 MiB.",
		"Watch fewer of them, with a filter or limit, or fewer columns, with select.")
	errTooManyToWatch = NewError(http.StatusNotAcceptable, "54000", "These rows are too many to be watched: more than MAX_ROWS.",
		"Watch fewer of them, with a filter or limit.")
	errWatchers    = NewError(http.StatusServiceUnavailable, "53300", "Too many clients watch tables.", HintRetry)
	errWatchMemory = NewError(http.StatusServiceUnavailable, "53200", "Watched tables use all memory that they may use.", HintRetry)
)

// IsWatch reports whether r asks for a stream of events.
func IsWatch(r *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(r.Header.Get("Accept")), "text/event-stream")
}

// StopWatching ends all streams of events. Clients come back by themselves.
func (s *Service) StopWatching() { s.stopWatching() }

// Watchers is how many clients watch a table.
func (s *Service) Watchers() int { return s.hub.Watchers() }

// watch answers with a stream of events.
//
// An EventSource comes back when a stream ends, but never after an answer that is
// not 200. So that is for what will not pass, and for too many watchers; when the
// server stops, and when the database is away, there is a stream.
func (t *table) watch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(t.watching, cancel)()
	if t.watching.Err() != nil { // AfterFunc may not have begun
		cancel()
	}
	watcher, err := t.join(ctx, r)
	switch {
	case ctx.Err() != nil: // a stream that ends at once
	case err != nil:
		t.fail(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would wait for more
	w.WriteHeader(http.StatusOK)
	send := sender(w, client.FromContext(r.Context()))
	if watcher != nil {
		defer watcher.Close()
	}
	if r.Method == http.MethodGet && send(fmt.Appendf(nil, "retry: %d\n\n", minReconnect+rand.IntN(spreadReconnect))) && watcher != nil {
		t.sendEvents(ctx, send, watcher, r.Header.Get("Last-Event-ID"))
	}
}

// join has somebody watch what r asks for, and waits for the first version. What
// cannot be watched is an error. The watcher may be nil without one: if ctx ends, or
// if what is wrong passes, so that the client is to come back.
func (t *table) join(ctx context.Context, r *http.Request) (*live.Watcher, error) {
	asked := r.Clone(ctx)
	asked.Header.Set("Accept", "application/json") // which the events are
	q, err := t.parse(asked)
	if err != nil {
		return nil, err
	}
	key, err := t.watchKey(ctx, q)
	switch {
	case err != nil && passes(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	ask := func(ctx context.Context) live.Version { return t.version(ctx, t.again(q)) }
	watcher, err := t.hub.Watch(key, ask, client.FromContext(r.Context()).Cut)
	if err != nil {
		return nil, err
	}
	v, changed := watcher.Current()
	if v == nil {
		select {
		case <-changed:
			v, _ = watcher.Current()
		case <-ctx.Done():
			return watcher, nil
		}
	}
	if v.Final || exec.KindOf(v.Err) == exec.NoTable {
		watcher.Close()
		return nil, v.Err
	}
	return watcher, nil
}

// again is what q asks for, as another request.
func (t *table) again(q *read) *read {
	fresh := &read{Query: q.Query, format: q.format, capped: q.capped}
	t.begin(fresh)
	return fresh
}

// watchKey is the same for requests that get the same events. What cannot be asked
// is an error.
func (t *table) watchKey(ctx context.Context, q *read) (key string, err error) {
	t.begin(q)
	err = t.repeat(ctx, q, func() error {
		st, err := t.statement(ctx, q)
		if err == nil {
			key = st.Table + "\x00" + st.Key()
		}
		return err
	})
	return key, err
}

// version is the answer to q.
func (t *table) version(ctx context.Context, q *read) live.Version {
	var v live.Version
	err := t.repeat(ctx, q, func() error {
		st, err := t.statement(ctx, q)
		if err != nil {
			return err
		}
		res, rows, err := t.share.Read(ctx, st, q.deadline)
		switch {
		case err != nil:
			return err
		case res == nil:
			if rows != nil {
				rows.Close()
			}
			return errTooLargeToWatch
		}
		defer t.share.Release(res)
		if res.End.HasMore {
			return errTooManyToWatch
		}
		v = live.Version{ID: res.ETag[0], Event: event(res.ETag[0], res.Body)}
		return nil
	})
	if err != nil {
		return live.Version{Err: err, Final: !passes(err)}
	}
	return v
}

// passes reports whether err is one that watchers wait out. A table that is gone is
// one: it may just be made anew.
func passes(err error) bool {
	var response *Error
	if errors.As(err, &response) {
		return false
	}
	response, _ = responseTo(err)
	return response.status >= http.StatusInternalServerError
}

// event writes an answer as an event.
func event(id string, body []byte) []byte {
	const field = "data: "
	size := len("id: \n\n") + len(id) + len(body) + bytes.Count(body, []byte{'\n'})*len(field)
	out := fmt.Appendf(make([]byte, 0, size), "id: %s\n", id)
	for line := range bytes.Lines(body) { // the last one ends, too
		out = append(append(out, field...), line...)
	}
	return append(out, '\n')
}

// sendEvents sends each version but the one with the ID got, or the newest if the
// client takes them more slowly than they come, until ctx ends.
func (t *table) sendEvents(ctx context.Context, send func([]byte) bool, watcher *live.Watcher, got string) {
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	var seen *live.Version
	for {
		v, changed := watcher.Current()
		if v != nil && v != seen {
			seen = v
			if !t.sendVersion(send, v, &got) {
				return
			}
		}
		select {
		case <-changed:
		case <-ping.C:
			if !send([]byte(": ping\n\n")) {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// sendVersion sends a version, if it is not the one that the client has got, and
// reports whether to go on.
func (t *table) sendVersion(send func([]byte) bool, v *live.Version, got *string) bool {
	switch {
	case v.Err != nil:
		response, _ := responseTo(v.Err)
		return send([]byte(": "+response.Message+"\n\n")) && !v.Final
	case v.ID == *got:
		return true
	default:
		*got = v.ID
		return send(v.Event)
	}
}

// sender returns a function that sends something at once, and reports whether it
// could, and whether taker takes what it was sent before.
func sender(w http.ResponseWriter, taker client.Taker) func([]byte) bool {
	controller := http.NewResponseController(w)
	return func(text []byte) bool {
		if taker.Check(time.Now()) != nil {
			return false
		}
		_, err := w.Write(text)
		return err == nil && controller.Flush() == nil
	}
}
