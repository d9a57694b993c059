package rest

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"readapi/internal/apitest"
	"readapi/internal/exec"
	"readapi/internal/fakedb"
)

// shop is a driver that stands for a server with the tables sample (id, buyer_id,
// payer_id) and people (id, name). It knows what they are, and answers all else
// with rows that a test gives it. It is safe for concurrent use.
type shop struct {
	mu      sync.Mutex
	foreign [][2]string    // constraints of sample and their columns, which refer to people.id; guarded by mu
	name    string         // the type of people.name; guarded by mu
	queries []string       // beside those for what the tables are; guarded by mu
	answer  func() *result // to those that do not count
}

// result is what a shop answers.
type result struct {
	fakedb.Rows
}

func newResult(types string, rows ...[]driver.Value) *result {
	r := &result{fakedb.Rows{Types: strings.Fields(types), Values: rows, Count: 1}}
	r.Names = slices.Clone(r.Types)
	return r
}

func (s *shop) Connect(context.Context) (driver.Conn, error) { return shopConn{&fakedb.Rows{}, s}, nil }
func (s *shop) Driver() driver.Driver                        { return nil }

type shopConn struct {
	*fakedb.Rows
	shop *shop
}

// CheckNamedValue takes arguments as they are.
func (shopConn) CheckNamedValue(*driver.NamedValue) error { return nil }

func (c shopConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.shop
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case strings.Contains(query, "STATISTICS"):
		return newResult("VARCHAR VARCHAR VARCHAR BIGINT BIGINT VARCHAR", []driver.Value{"people", "PRIMARY", "id", nil, int64(1), "A"},
			[]driver.Value{"sample", "PRIMARY", "id", nil, int64(1), "A"}), nil
	case strings.Contains(query, "KEY_COLUMN_USAGE"):
		return s.keysLocked(), nil
	case strings.Contains(query, "information_schema.COLUMNS"):
		return columnsOf(args[0].Value.(string)), nil
	case strings.HasSuffix(query, "LIMIT 0"):
		return s.typesLocked(strings.Contains(query, "people")), nil
	}
	s.queries = append(s.queries, query)
	if strings.HasPrefix(query, "SELECT COUNT(*)") {
		return newResult("BIGINT", []driver.Value{int64(7)}), nil
	}
	return s.answer(), nil
}

func (s *shop) keysLocked() driver.Rows {
	keys := newResult("VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR")
	for _, f := range s.foreign {
		keys.Values = append(keys.Values, []driver.Value{"sample", f[0], f[1], "people", "id"})
	}
	return keys
}

// columnsOf answers what information_schema has of the columns of a table.
func columnsOf(table string) driver.Rows {
	names := map[string][]string{"sample": {"id", "buyer_id", "payer_id"}, "people": {"id", "name"}}[table]
	columns := newResult("VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR VARCHAR BIGINT VARCHAR")
	for i, name := range names {
		key := []string{"PRI", ""}[min(i, 1)]
		columns.Values = append(columns.Values, []driver.Value{"8.4.0", name, "int", "NO", key, "", nil, nil, nil, "BASE TABLE"})
	}
	return columns
}

// typesLocked answers which types the columns of a table and their probes have.
func (s *shop) typesLocked(isPeople bool) driver.Rows {
	if isPeople {
		return newNamed("id name id name", "INT "+s.name+" INT "+s.name)
	}
	return newNamed("id buyer_id payer_id id buyer_id payer_id", "INT INT INT INT INT INT")
}

func newNamed(names, types string) driver.Rows {
	r := newResult(types)
	r.Names = strings.Fields(names)
	return r
}

// takeQueries returns what was asked beside what the tables are.
func (s *shop) takeQueries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.queries = nil }()
	return s.queries
}

// alter changes what a shop is.
func (s *shop) alter(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// newShop is a shop in which orders have a buyer.
func newShop() *shop {
	s := &shop{foreign: [][2]string{{"buyer", "buyer_id"}}, name: "VARCHAR"}
	s.answer = func() *result { // id, whether there is a buyer, and the name
		name := driver.Value([]byte("Ada"))
		if s.name == "INT" {
			name = int64(5)
		}
		return newResult("INT INT "+s.name, []driver.Value{int64(1), int64(1), name}, []driver.Value{int64(2), int64(0), nil})
	}
	return s
}

// withPeople lists both tables.
func withPeople(_ *exec.Options, o *Options) { o.Tables = []string{"sample", "people"} }

const (
	embed     = "/read?select=id,people(name)"
	embedded  = "[{\"id\":1,\"people\":{\"name\":\"Ada\"}},\n{\"id\":2,\"people\":null}]\n"
	embedText = "SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2` FROM sample AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id`"
)

func TestReadRelated(t *testing.T) {
	const (
		count    = "Prefer: count=exact"
		counted  = "SELECT COUNT(*) FROM sample AS `t0`"
		inner    = "/read?select=id,people!inner(name)"
		isThere  = " WHERE EXISTS (SELECT * FROM `people` AS `t1` WHERE `t1`.`id` = `t0`.`buyer_id`)"
		stripped = "Accept: application/vnd.pgrst.array+json;nulls=stripped"
	)
	tests := []struct {
		name    string
		method  string
		path    string
		header  string
		status  int
		body    string
		page    string // Content-Range
		queries []string
	}{
		{"rows", "GET", embed, "", 200, embedded, "0-1/*", []string{embedText}},
		{"of how many", "GET", embed, count, 206, embedded, "0-1/7", []string{counted, embedText}},
		{"of how many that have one", "GET", inner, count, 206, embedded, "0-1/7", []string{counted + isThere, embedText + " WHERE `t1`.`id` IS NOT NULL"}},
		{"a page", "GET", embed + "&limit=2", "", 200, embedded, "0-1/*", []string{embedText + " ORDER BY `t0`.`id` LIMIT ?"}},
		{"HEAD", "HEAD", embed, "", 200, "", "0-1/*", []string{embedText}},
		{"HEAD, of how many", "HEAD", embed, count, 200, "", "0-6/7", []string{counted}},
		{"without nulls", "GET", embed, stripped, 200, strings.Replace(embedded, `,"people":null`, "", 1), "0-1/*", []string{embedText}},
		{"NDJSON", "GET", embed, "Accept: application/x-ndjson", 200, "{\"id\":1,\"people\":{\"name\":\"Ada\"}}\n{\"id\":2,\"people\":null}\n", "0-1/*", []string{embedText}},
		{"CSV", "GET", embed, "Accept: text/csv", 200, "id,people\r\n1,\"{\"\"name\"\":\"\"Ada\"\"}\"\r\n2,\r\n", "0-1/*", []string{embedText}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop()
			server := newTableServer(t, s, withPeople)
			var headers []string
			if tt.header != "" {
				headers = []string{tt.header}
			}
			resp, body := apitest.Send(t, tt.method, server.URL+tt.path, headers...)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("%s %s = %d %q; want %d %q", tt.method, tt.path, resp.StatusCode, body, tt.status, tt.body)
			}
			apitest.CheckHeader(t, resp, "Content-Range", tt.page)
			if got := s.takeQueries(); !slices.Equal(got, tt.queries) {
				t.Errorf("queries = %q; want %q", got, tt.queries)
			}
		})
	}
}

// What is refused is so before the database is asked for rows.
func TestReadRelatedRefuses(t *testing.T) {
	noAggregates := func(_ *exec.Options, o *Options) { o.NoAggregates = true }
	tests := []struct {
		name    string
		path    string
		setting setting
		status  int
		code    string
		says    string
	}{
		{"no relation", "/read?select=peple(name)", withPeople, 400, "PGRST200", `Perhaps you meant \"people\".`},
		{"a table that is not listed", "/read?select=people(name)", func(*exec.Options, *Options) {}, 400, "PGRST200", `"hint":null`},
		{"a filter without its table", embed + "&orders.id=eq.1", withPeople, 400, "PGRST108", `"orders\" is not`},
		{"a column of the other table", "/read?select=people(nam)", withPeople, 400, "42703", `Perhaps you meant \"name\".`},
		{"a table is no value", embed + "&people=eq.1", withPeople, 400, "PGRST120", "expected is.null"},
		{"aggregates are off", "/read?select=id.max()", noAggregates, 400, "PGRST123", "AGGREGATES"},
		{"a count is off", "/read?select=count", noAggregates, 400, "PGRST123", "AGGREGATES"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop()
			server := newTableServer(t, s, tt.setting)
			resp, body := apitest.Send(t, "GET", server.URL+tt.path, "Prefer: count=exact")
			apitest.CheckError(t, resp, body, tt.status, tt.code)
			if !strings.Contains(body, tt.says) {
				t.Errorf("GET %s = %s; want %q in it", tt.path, body, tt.says)
			}
			if got := s.takeQueries(); len(got) > 0 {
				t.Errorf("queries = %q; want none", got)
			}
		})
	}
}

// Several relations are 300, with a list of them that is no text.
func TestReadSeveralRelations(t *testing.T) {
	s := newShop()
	s.foreign = append(s.foreign, [2]string{"payer", "payer_id"})
	server := newTableServer(t, s, withPeople)
	resp, body := apitest.Send(t, "GET", server.URL+embed)
	var got struct {
		Code, Message, Hint string
		Details             []map[string]string
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusMultipleChoices || got.Code != "PGRST201" {
		t.Fatalf("GET %s = %d %s, %v; want 300 PGRST201", embed, resp.StatusCode, body, err)
	}
	if want := "Write one of these for people: people!buyer, people!payer."; got.Hint != want {
		t.Errorf("hint = %q; want %q", got.Hint, want)
	}
	want := map[string]string{"cardinality": "many-to-one", "embedding": "sample with people", "relationship": "payer using sample(payer_id) and people(id)"}
	if len(got.Details) != 2 || marshalText(t, got.Details[1]) != marshalText(t, want) {
		t.Errorf("details = %v; want two, the second %v", got.Details, want)
	}
	resp, body = apitest.Send(t, "GET", server.URL+strings.Replace(embed, "people", "people!buyer", 1))
	if resp.StatusCode != 200 || body != embedded {
		t.Errorf("GET with a hint = %d %s; want 200 %s", resp.StatusCode, body, embedded)
	}
}

func marshalText(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A relation that has come since the keys were learned is found within a second.
func TestReadNewRelation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		foreign := s.foreign
		s.foreign = nil
		handler := newTestService(t, s, withPeople)
		if got := ask(t, handler, embed); got.Code != 400 || !strings.Contains(got.Body.String(), "PGRST200") {
			t.Fatalf("GET without a relation = %d %s; want 400 PGRST200", got.Code, got.Body)
		}
		s.alter(func() { s.foreign = foreign })
		time.Sleep(time.Millisecond) // clocks are not finer than that
		start := time.Now()
		if got := ask(t, handler, embed); got.Code != 200 || got.Body.String() != embedded {
			t.Errorf("GET with a new relation = %d %s; want 200 %s", got.Code, got.Body, embedded)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("GET with a new relation took %v; want a second at most", took)
		}
		s.alter(func() { s.foreign = append(s.foreign, [2]string{"payer", "payer_id"}) })
		time.Sleep(time.Minute) // what is known of a relation that still works is believed for so long
		if got := ask(t, handler, embed); got.Code != http.StatusMultipleChoices {
			t.Errorf("GET with two relations = %d %s; want 300", got.Code, got.Body)
		}
	})
}

// A related table whose columns have changed is learned again before its rows are
// written.
func TestReadChangedRelatedTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		handler := newTestService(t, s, withPeople)
		if got := ask(t, handler, embed); got.Body.String() != embedded {
			t.Fatalf("GET = %d %s; want %s", got.Code, got.Body, embedded)
		}
		s.alter(func() { s.name = "INT" })
		want := strings.Replace(embedded, `"Ada"`, "5", 1)
		start := time.Now()
		if got := ask(t, handler, embed); got.Code != 200 || got.Body.String() != want {
			t.Errorf("GET of a changed table = %d %s; want 200 %s", got.Code, got.Body, want)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("GET of a changed table took %v; want a learning or two", took)
		}
	})
}
