package rest

import (
	"context"
	"database/sql/driver"
	"net/http"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/apitest"
	"readapi/internal/fakedb"
)

// TestVitessStreams has a Vitess that takes the end of a LIMIT for a fault, as
// workload=olap makes some: tables are learned without one, and rows are asked for
// in an order.
func TestVitessStreams(t *testing.T) {
	const eof = "target: shop.-80.primary: vttablet: rpc error: code = Unknown desc = stream send error: EOF"
	d := &fakedb.Table{Columns: fakedb.Columns("id BIGINT"), Rows: [][]driver.Value{{int64(1)}, {int64(2)}}}
	d.Before = func(_ context.Context, query string) error {
		if strings.Contains(query, " LIMIT ") && !strings.Contains(query, " ORDER BY ") {
			return &mysql.MySQLError{Number: 1105, Message: eof}
		}
		return nil
	}
	server := newTableServer(t, d)
	resp, body := apitest.Send(t, "GET", server.URL+"/read?limit=1")
	if resp.StatusCode != http.StatusOK || body != `[{"id":1}]`+"\n" {
		t.Errorf("GET /read?limit=1 = %s %s; want a row", resp.Status, body)
	}
	const rows = "SELECT * FROM sample"
	d.CheckQueries(t, rows+" LIMIT 0", rows+" WHERE FALSE", rows+" LIMIT ? [1]", rows+" ORDER BY 1 LIMIT ? [1]")
	d.Before = func(context.Context, string) error { return &mysql.MySQLError{Number: 1105, Message: eof} }
	resp, body = apitest.Send(t, "GET", server.URL+"/read?limit=1&order=id")
	apitest.CheckError(t, resp, body, http.StatusInternalServerError, "XX000")
}
