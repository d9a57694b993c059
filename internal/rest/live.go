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
func (t *table) watch(w http.ResponseWriter, r *http.Request) {
	asked := r.Clone(r.Context())
	asked.Header.Set("Accept", "application/json") // which the events are
	q, err := t.parse(asked)
	if err != nil {
		t.fail(w, r, err)
		return
	}
	key, err := t.watchKey(r.Context(), q)
	if err != nil {
		t.fail(w, r, err)
		return
	}
	watcher, err := t.hub.Watch(key, func(ctx context.Context) live.Version { return t.version(ctx, t.again(q)) })
	if err != nil {
		t.Fail(w, r, errWatchers, err)
		return
	}
	defer watcher.Close()
	first := t.firstVersion(r.Context(), watcher)
	switch {
	case first == nil:
		panic(http.ErrAbortHandler) // nobody is there, or the server stops
	case first.Final:
		t.fail(w, r, first.Err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would wait for more
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		t.sendEvents(w, r, watcher)
	}
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

// passes reports whether err is one that watchers wait out.
func passes(err error) bool {
	var response *Error
	if errors.As(err, &response) {
		return false
	}
	response, _ = responseTo(err)
	return response.status >= http.StatusInternalServerError && exec.KindOf(err) != exec.NoTable
}

// event writes an answer as an event.
func event(id string, body []byte) []byte {
	out := fmt.Appendf(nil, "id: %s\n", id)
	for line := range bytes.Lines(body) {
		out = append(append(out, "data: "...), bytes.TrimRight(line, "\n")...)
		out = append(out, '\n')
	}
	return append(out, '\n')
}

// firstVersion waits for the first version, and returns nil if the client has gone
// before, or the server stops.
func (t *table) firstVersion(ctx context.Context, watcher *live.Watcher) *live.Version {
	for {
		v, changed := watcher.Current()
		if v != nil {
			return v
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		case <-t.watching.Done():
			return nil
		}
	}
}

// sendEvents sends each version, or the newest if the client takes them more
// slowly than they come, until it has gone or the server stops.
func (t *table) sendEvents(w http.ResponseWriter, r *http.Request, watcher *live.Watcher) {
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	send := sender(w)
	if !send(fmt.Appendf(nil, "retry: %d\n\n", minReconnect+rand.IntN(spreadReconnect))) {
		return
	}
	var seen *live.Version
	got := r.Header.Get("Last-Event-ID")
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
		case <-r.Context().Done():
			return
		case <-t.watching.Done():
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
// could.
func sender(w http.ResponseWriter) func([]byte) bool {
	controller := http.NewResponseController(w)
	return func(text []byte) bool {
		_, err := w.Write(text)
		return err == nil && controller.Flush() == nil
	}
}
