package main

// This file watches tables over HTTP/2, where many streams share a connection.

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"readapi/internal/fakedb"
)

// Many streams on one connection, some of which nobody reads: each change reaches
// all others, and the ones that nobody reads are cut without them.
func TestTLSLive(t *testing.T) {
	const watchers, stalled = 200, 20
	var version atomic.Int64
	s := newTLSServer(t, func(context.Context) (driver.Rows, error) {
		return fakedb.Texts(fmt.Sprintf("%d ", version.Load())+strings.Repeat("x", 1000), 100), nil
	}, "LIVE_INTERVAL=50ms", "STALL_TIMEOUT=500ms")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := s.client(t, true, 64<<10) // less than an event has
	open := func() *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+s.addr+"/read", nil)
		if err != nil {
			t.Error(err)
			return nil
		}
		req.Header.Set("Accept", "text/event-stream")
		resp, err := c.Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("GET /read = %v, %v; want a stream", resp, err)
			return nil
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	for range stalled {
		open()
	}
	var have [watchers]atomic.Int64
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	for i := range watchers {
		reading.Go(func() { // ends with cancel
			resp := open()
			if resp == nil {
				return
			}
			for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
				var n int64
				if _, err := fmt.Sscanf(lines.Text(), `data: [{"text":"%d `, &n); err == nil {
					have[i].Store(n)
				}
			}
		})
	}
	for n := range int64(5) {
		version.Store(n + 1)
		stormAwait(t, "watcher without the last version", func() (string, bool) {
			for i := range have {
				if got := have[i].Load(); got != n+1 {
					return fmt.Sprintf("watcher %d has %d of %d", i, got, n+1), false
				}
			}
			return "", true
		})
	}
	stormAwait(t, "stalled stream", func() (string, bool) {
		n := s.api.rest.Watchers()
		return fmt.Sprintf("%d watchers", n), n == watchers
	})
}
