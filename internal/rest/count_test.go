package rest

// This file tests how rows are counted.

import (
	"database/sql/driver"
	"strings"
	"testing"

	"readapi/internal/apitest"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// An estimate is that of the table if it is read first, and of all that is read
// together otherwise.
func TestEstimateOf(t *testing.T) {
	tests := []struct {
		name  string
		steps string
		want  int64
	}{
		{"the table", `[{"id":1,"table":"t0","rows":2000,"filtered":10.00}]`, 200},
		{"numbers as texts", `[{"id":1,"table":"t0","rows":"2000","filtered":"10.00"}]`, 200},
		{"with what is joined to its rows", `[{"id":1,"table":"t0","rows":2000,"filtered":100},{"id":1,"table":"t1","rows":1,"filtered":50}]`, 2000},
		{"behind what it is found by", `[{"id":1,"table":"t1","rows":300,"filtered":50},{"id":1,"table":"t0","rows":4,"filtered":100}]`, 600},
		{"a subquery", `[{"id":1,"table":"t0","rows":2000,"filtered":100},{"id":2,"table":"t1","rows":9,"filtered":100}]`, 2000},
		{"the tables of a view", `[{"id":1,"table":"a","rows":2000,"filtered":100},{"id":1,"table":"b","rows":3,"filtered":100}]`, 6000},
		{"no rows", `[{"id":1,"table":null,"rows":null,"filtered":null}]`, 0},
		{"no numbers", `[{"plan":"what it does"}]`, 0},
		{"no plan", `{}`, 0},
		{"more than there can be", `[{"id":1,"table":"a","rows":1e300,"filtered":100}]`, 1 << 62},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := estimateOf([]byte(tt.steps), "t0"); got != tt.want {
				t.Errorf("estimateOf(%s) = %d; want %d", tt.steps, got, tt.want)
			}
		})
	}
}

// An estimate does not tell one row from two, as one object has to know.
func TestReadObjectIsCounted(t *testing.T) {
	d := newPeople()
	server := newTableServer(t, d)
	resp, _ := apitest.Send(t, "HEAD", server.URL+"/read?limit=1", "Prefer: count=planned", "Accept: application/vnd.pgrst.object+json")
	apitest.CheckHeader(t, resp, "Preference-Applied", "count=exact")
	if queries := strings.Join(d.TakeQueries(), "; "); resp.StatusCode != 206 || strings.Contains(queries, "EXPLAIN") {
		t.Errorf("HEAD of one object = %d by %s; want 206 by a count", resp.StatusCode, queries)
	}
}

// Of a page that is sent as it is read, what was counted before gives way as well to
// what the rows tell.
func TestReadLargeBeyondTotal(t *testing.T) {
	d := &fakedb.Table{Columns: fakedb.Columns("text LONGTEXT")}
	for range 5 {
		d.Rows = append(d.Rows, []driver.Value{[]byte(strings.Repeat("x", exec.SmallBytes/2))})
	}
	d.SetTotal(2)
	resp, body := apitest.Send(t, "GET", newTableServer(t, d).URL+"/read?limit=4", "Prefer: count=exact")
	if resp.StatusCode != 200 || strings.Count(body, `{"text"`) != 4 {
		t.Errorf("GET = %d with %d rows; want 200 with 4", resp.StatusCode, strings.Count(body, `{"text"`))
	}
	apitest.CheckHeader(t, resp, "Content-Range", "0-3/*")
	apitest.CheckHeader(t, resp, "Preference-Applied", "")
	apitest.CheckHeader(t, resp, "Link", `</read?limit=4&offset=4>; rel="next"`)
}
