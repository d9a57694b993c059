package rest

// This file tests live tables whose database is not there; others are tested on real
// servers (mysql_live_test.go at the top).

import (
	"context"
	"database/sql/driver"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"readapi/internal/fakedb"
)

// Who wants to watch a table while the database is away is told to come back:
// after an answer that is not 200 an EventSource never does.
func TestWatchWhileAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &fakedb.Table{Before: func(context.Context, string) error { return driver.ErrBadConn }}
		resp := ask(t, newTestService(t, d), "/read?id=gt.1", "Accept: text/event-stream").Result()
		var body strings.Builder
		_ = resp.Write(&body)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" || !strings.Contains(body.String(), "retry: ") {
			t.Errorf("watch without a database = %s; want 200 with the time to come back after", body.String())
		}
	})
}
