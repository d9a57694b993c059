package main

// This file asks readapi for parts of tables on a real server: every operator
// with every family of types, and laws that hold for all of them. What is
// expected comes from SQL that was written by hand, run by the admin on the
// same server. mysql_query_cases_test.go has the tables and the requests; how
// to run it: mysql_test.go.

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/catalog"
	"readapi/internal/connect"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/plan"
	"readapi/internal/postgrest"
	"readapi/internal/rest"
)

// mysqlReader is readapi over one database, and an HTTP client for it.
type mysqlReader struct {
	*mysqlDatabase
	served map[string]string // what readapi was started with
	base   string
	client *http.Client
}

// newMySQLReader serves tables, the names of which are DB_TABLES, from d.
func newMySQLReader(t testing.TB, d *mysqlDatabase, tables ...string) *mysqlReader {
	t.Helper()
	env := mysqlWith(d.env, "DB_TABLES", strings.Join(tables, ","))
	return &mysqlReader{d, env, mysqlServe(t, env), mysqlClient(t)}
}

// mysqlClient makes a client that keeps its connections until the test ends.
func mysqlClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: mysqlTimeout}
}

// mysqlQuery encodes a query string: its parameters, which stand between "&",
// may have any other character in their values.
func mysqlQuery(query string) string {
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, _ := strings.Cut(param, "=")
		params[i] = url.QueryEscape(name) + "=" + url.QueryEscape(value)
	}
	return strings.Join(params, "&")
}

// send sends a request with an encoded query and headers, name by value.
func (r *mysqlReader) send(ctx context.Context, method, path, query string, header ...string) (*http.Response, string, error) {
	target := r.base + path
	if query != "" {
		target += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, "", err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// do is send for the test's own goroutine.
func (r *mysqlReader) do(t testing.TB, method, path, query string, header ...string) (*http.Response, string) {
	t.Helper()
	resp, body, err := r.send(t.Context(), method, path, query, header...)
	if err != nil {
		t.Fatalf("%s %q = %v after %d bytes", method, path+"?"+query, err, len(body))
	}
	return resp, body
}

// faults asks for rows of a table, without an index and with one, and says what
// is wrong with the answers if readapi finds others than those with the ids
// want.
func (r *mysqlReader) faults(t testing.TB, table, query string, want []int) (faults []string) {
	t.Helper()
	for _, table := range []string{table, table + "_key"} {
		resp, body := r.do(t, http.MethodGet, "/read/"+table, "select=id&order=id&"+mysqlQuery(query))
		got, err := mysqlIDs(body)
		if resp.StatusCode != http.StatusOK || err != nil || !slices.Equal(got, want) {
			faults = append(faults, fmt.Sprintf("GET %q = %d %v %.200q; want rows %v", table+"?"+query, resp.StatusCode, got, body, want))
		}
	}
	return faults
}

// mysqlIDs are the rows of a body, in their order.
func mysqlIDs(body string) (ids []int, err error) {
	var rows []struct{ ID int }
	err = json.Unmarshal([]byte(body), &rows)
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids, err
}

// rowsWhere asks the server itself for the rows of a table that tail, the end of
// a SELECT, is for.
func (d *mysqlDatabase) rowsWhere(t testing.TB, table, tail string) (ids []int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	query := "SELECT id FROM " + exec.QuoteIdentifier(table) + " " + tail
	rows, err := d.admin.QueryContext(ctx, query)
	if err != nil {
		t.Fatalf("%s = %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s = %v", query, err)
	}
	return ids
}

// wantFaults reports faults, or that there are none where the engine is known to
// be otherwise: by the name of a family, or with the query string behind it.
func (d *mysqlDatabase) wantFaults(t testing.TB, name string, faults []string) {
	t.Helper()
	reason, otherwise := d.queryException(name)
	switch {
	case otherwise && len(faults) == 0:
		t.Errorf("%s is as with the others; want no exception for %s: %s", name, d.engine, reason)
	case otherwise:
		t.Logf("%s is otherwise with %s (%d requests): %s", name, d.engine, len(faults), reason)
	default:
		for _, fault := range faults {
			t.Error(fault)
		}
	}
}

// queryException finds out why name is otherwise with d's engine, if it is.
func (d *mysqlDatabase) queryException(name string) (reason string, found bool) {
	for reason, names := range mysqlQueryExceptions[d.engine] {
		if slices.Contains(names, name) {
			return reason, true
		}
	}
	return "", false
}

// newFamilies makes the tables of all families, each twice: as it is, and with
// an index, which is another way through the server.
func newFamilies(t testing.TB, d *mysqlDatabase) *mysqlReader {
	t.Helper()
	var tables []string
	for _, f := range mysqlFamilies {
		if _, otherwise := d.exception(t, f.needs); otherwise {
			continue
		}
		var rows []string
		for i, v := range append(f.values, mysqlValue{"NULL", ""}) {
			rows = append(rows, fmt.Sprintf("(%d, %s)", i+1, v.literal))
		}
		ddl := f.ddl
		if ddl == "TIME(2)" {
			if _, otherwise := d.exception(t, "TIME(3)"); otherwise {
				ddl = "TIME(6)"
			}
		}
		columns := " (id INT PRIMARY KEY, v " + ddl
		d.exec(t, "CREATE TABLE "+f.name+columns+")", "CREATE TABLE "+f.name+"_key"+columns+", KEY v ("+cmp.Or(f.key, "v")+"))",
			"INSERT INTO "+f.name+" VALUES "+strings.Join(rows, ","), "INSERT INTO "+f.name+"_key SELECT * FROM "+f.name)
		tables = append(tables, f.name, f.name+"_key")
	}
	return newMySQLReader(t, d, tables...)
}

// TestMySQLQueryFamilies asks for rows of each family, and the server for those
// that the condition written by hand gives.
func TestMySQLQueryFamilies(t *testing.T) {
	r := newFamilies(t, newMySQLDatabase(t))
	for _, f := range mysqlFamilies {
		if _, otherwise := r.exception(t, f.needs); otherwise {
			continue
		}
		t.Run(f.name, func(t *testing.T) { r.wantCases(t, f.name, f.cases) })
		t.Run(f.name+" by every operator", func(t *testing.T) { r.wantCases(t, f.name, f.operatorCases()) })
	}
	for _, tt := range mysqlRefusals {
		t.Run(tt.table+"?"+tt.query, func(t *testing.T) { r.wantRefusal(t, tt.table, tt.query, tt.code) })
	}
}

// TestMySQLQuerySessions has the law of sessions: whatever sql_mode the server
// has, and with prepared statements too, filters find the same rows.
func TestMySQLQuerySessions(t *testing.T) {
	r := newFamilies(t, newMySQLDatabase(t))
	if r.engine == engineEmbedded {
		t.Skip("the embedded engine parses backslashes alike in every sql_mode")
	}
	for name, change := range mysqlSessions {
		other := *r
		other.base = r.serveSession(t, change)
		for _, f := range mysqlFamilies {
			t.Run(name+" "+f.name, func(t *testing.T) { other.wantCases(t, f.name, slices.Concat(f.cases, f.operatorCases())) })
		}
	}
}

// mysqlSessions are changes of how readapi connects.
var mysqlSessions = map[string]func(*mysql.Config){
	"NO_BACKSLASH_ESCAPES":        withMode("NO_BACKSLASH_ESCAPES"),
	"ANSI_QUOTES,PIPES_AS_CONCAT": withMode("ANSI_QUOTES,PIPES_AS_CONCAT"),
	"TRADITIONAL":                 withMode("TRADITIONAL"),
	"prepared":                    func(c *mysql.Config) { c.InterpolateParams = false },
}

// withMode sets sql_mode.
func withMode(mode string) func(*mysql.Config) {
	return func(c *mysql.Config) { c.Params = map[string]string{"sql_mode": "'" + mode + "'"} }
}

// serveSession starts readapi again, with a change of how it connects, and
// returns its address.
func (r *mysqlReader) serveSession(t testing.TB, change func(*mysql.Config)) (base string) {
	t.Helper()
	cfg, log := mysqlConfig(t, r.served), mysqlLog(t)
	driver, err := driverConfig(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	change(driver)
	connector, err := connect.NewConnector(driver, maxConnectTime, log)
	if err != nil {
		t.Fatalf("NewConnector = %v", err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { pool.Close() })
	server := httptest.NewServer(newAPI(pool, cfg, log))
	t.Cleanup(server.Close)
	return server.URL
}

// wantCases checks requests for one table.
func (r *mysqlReader) wantCases(t *testing.T, table string, cases []mysqlQueryCase) {
	t.Helper()
	var all []string
	for _, tt := range cases {
		want := r.rowsWhere(t, table, "WHERE "+tt.where+" ORDER BY id")
		faults := r.faults(t, table, tt.query, want)
		if len(want) == 0 && tt.where != nobody {
			faults = append(faults, fmt.Sprintf("WHERE %s finds nothing in %s; want a condition that finds rows", tt.where, table))
		}
		name := table + "?" + tt.query
		if _, otherwise := r.queryException(name); otherwise {
			r.wantFaults(t, name, faults)
		} else {
			all = append(all, faults...)
		}
	}
	r.wantFaults(t, table, all)
	t.Logf("%d requests", 2*len(cases))
}

// operatorCases are requests by every operator with a value of the family.
func (f *mysqlFamily) operatorCases() []mysqlQueryCase {
	v := f.values[len(f.values)/2]
	cases := make([]mysqlQueryCase, len(mysqlOperators))
	for i, op := range mysqlOperators {
		cases[i] = mysqlQueryCase{mysqlFillIn(op.query, v.want), strings.ReplaceAll(op.where, "%s", v.literal)}
	}
	return cases
}

// mysqlFillIn puts value into query for "%s" and, quoted, for `"%s"`.
func mysqlFillIn(query, value string) string {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	return strings.NewReplacer(`"%s"`, quoted, "%s", value).Replace(query)
}

// wantRefusal checks that a request is refused: it has what MySQL would coerce,
// or refuse itself.
func (r *mysqlReader) wantRefusal(t *testing.T, table, query, code string) {
	t.Helper()
	var faults []string
	for _, table := range []string{table, table + "_key"} {
		resp, body := r.do(t, http.MethodGet, "/read/"+table, mysqlQuery(query))
		var got rest.Error
		if err := json.Unmarshal([]byte(body), &got); err != nil || resp.StatusCode != http.StatusBadRequest || got.Code != code {
			faults = append(faults, fmt.Sprintf("GET %q = %d %.300q; want 400 with %s", table+"?"+query, resp.StatusCode, body, code))
		}
	}
	r.wantFaults(t, table+"?"+query, faults)
}

// TestMySQLQueryPrinted has the law of values: as readapi prints a value, a
// filter finds its row, and no row that prints another. It holds for all types
// that filters take and all of their values in mysqlTypes, in one table.
func TestMySQLQueryPrinted(t *testing.T) {
	d := newMySQLDatabase(t)
	hasType := d.newAllTypes(t)
	r := newMySQLReader(t, d, "sample")
	for i, tt := range mysqlTypes {
		if !hasType[i] {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			faults := r.unprinted(t, fmt.Sprintf("c%d", i))
			if reason, none := mysqlNoFilter[tt.name]; none && len(faults) > 0 {
				t.Skip(reason)
			}
			d.wantFaults(t, tt.name, faults)
		})
	}
}

// newAllTypes makes a table with the columns c0, c1, ... of mysqlTypes, as far as
// the engine has these.
func (d *mysqlDatabase) newAllTypes(t testing.TB) (hasType []bool) {
	t.Helper()
	columns, hasType := []string{"id INT PRIMARY KEY"}, make([]bool, len(mysqlTypes))
	rows := [][]string{{"0"}}
	for i, tt := range mysqlTypes {
		e, otherwise := mysqlExceptions[d.engine][tt.name]
		if hasType[i] = !otherwise || e.want != nil; !hasType[i] {
			continue
		}
		columns = append(columns, fmt.Sprintf("c%d %s", i, cmp.Or(tt.ddl, tt.name)))
		for len(rows) <= len(tt.values) { // the last one is NULL
			rows = append(rows, append([]string{strconv.Itoa(len(rows))}, slices.Repeat([]string{"NULL"}, len(columns)-2)...))
		}
		for n := range rows {
			literal := "NULL"
			if n < len(tt.values) {
				literal = tt.values[n].literal
			}
			rows[n] = append(rows[n], literal)
		}
	}
	d.exec(t, "CREATE TABLE sample ("+strings.Join(columns, ",")+")")
	for _, row := range rows {
		d.exec(t, "INSERT INTO sample VALUES ("+strings.Join(row, ",")+")")
	}
	return hasType
}

// unprinted says which values of a column are not found as they are printed.
func (r *mysqlReader) unprinted(t testing.TB, column string) (faults []string) {
	t.Helper()
	_, body := r.do(t, http.MethodGet, "/read", "order=id&select=id,v:"+column)
	var rows []struct {
		ID int
		V  json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) == 0 {
		t.Fatalf("GET %s = %q: %v; want rows", column, body, err)
	}
	for _, row := range rows {
		text, isText := mysqlPrinted(row.V)
		if string(row.V) == "null" {
			continue
		}
		var same []int // rows that print the same
		for _, other := range rows {
			if bytes.Equal(other.V, row.V) {
				same = append(same, other.ID)
			}
		}
		for _, law := range mysqlLaws {
			name, value, _ := strings.Cut(mysqlFillIn(strings.ReplaceAll(law.query, "COLUMN", column), text), "=")
			_, body := r.do(t, http.MethodGet, "/read", "select=id&order=id&"+name+"="+url.QueryEscape(value))
			got, err := mysqlIDs(body)
			isFound := slices.Contains(got, row.ID)
			isExact := isText || !law.finds || slices.Equal(got, same) // a collation may find more
			if err != nil || isFound != law.finds || !isExact {
				faults = append(faults, fmt.Sprintf("GET %q = %.300q; want row %d: %t", name+"="+value, body, row.ID, law.finds))
			}
		}
	}
	return faults
}

// mysqlPrinted is a JSON value as it stands in a query string. isText says that
// a collation may take others for the same.
func mysqlPrinted(value json.RawMessage) (text string, isText bool) {
	if json.Unmarshal(value, &text) == nil {
		return text, true
	}
	return string(value), false
}

// TestMySQLQueryFloats has the law of FLOAT: the shortest number that reads back
// to a value finds it, and nothing else, also with a prepared statement.
func TestMySQLQueryFloats(t *testing.T) {
	d := newMySQLDatabase(t)
	if reason, otherwise := d.queryException("FLOAT"); otherwise {
		t.Skip("the embedded engine " + reason)
	}
	floats := mysqlFloats(1000)
	rows := make([]string, len(floats))
	for i, f := range floats {
		rows[i] = fmt.Sprintf("(%d, %s)", i, strconv.FormatFloat(float64(f), 'e', 20, 64))
	}
	d.exec(t, "CREATE TABLE floats (id INT PRIMARY KEY, v FLOAT)", "CREATE TABLE floats_key (id INT PRIMARY KEY, v FLOAT, KEY (v))",
		"INSERT INTO floats VALUES "+strings.Join(rows, ","), "INSERT INTO floats_key SELECT * FROM floats")
	r := newMySQLReader(t, d, "floats", "floats_key")
	for _, base := range []string{r.base, r.serveSession(t, mysqlSessions["prepared"])} {
		r.base = base
		for i, f := range floats {
			query := "v=eq." + strconv.FormatFloat(float64(f), 'g', -1, 32)
			r.wantFaults(t, "floats?"+query, r.faults(t, "floats", query, []int{i}))
		}
	}
}

// mysqlFloats are n different numbers from all of the range of FLOAT, the same
// each time, with its ends and where whole numbers end.
func mysqlFloats(n int) []float32 {
	floats := []float32{
		0.1, 16777216, 16777218, 33554436, math.MaxFloat32, math.SmallestNonzeroFloat32, 3 * math.SmallestNonzeroFloat32,
		0x1p-126, 0x1p-126 - math.SmallestNonzeroFloat32, // the smallest that is normal, and the largest that is not
	}
	for random := rand.New(rand.NewPCG(1, 2)); len(floats) < n; {
		f := math.Float32frombits(random.Uint32())
		if len(floats)%4 == 0 {
			f = math.Float32frombits(random.Uint32() & 0x807fffff) // denormal
		}
		if !slices.Contains(floats, f) && !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) {
			floats = append(floats, f)
		}
	}
	return floats
}

// TestMySQLQueryTrees asks for rows of a table of several columns.
func TestMySQLQueryTrees(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, mysqlHuts("huts")...)
	d.exec(t, mysqlHuts("huts_key")...)
	d.exec(t, "CREATE INDEX a ON huts_key (height)", "CREATE INDEX b ON huts_key (name)", "CREATE INDEX c ON huts_key (`order`)")
	newMySQLReader(t, d, "huts", "huts_key").wantCases(t, "huts", mysqlHutCases)
}

// TestMySQLQueryOrder compares the order of rows, and which are on a page.
func TestMySQLQueryOrder(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, mysqlHuts("huts")...)
	r := newMySQLReader(t, d, "huts")
	for _, tt := range mysqlHutOrders {
		t.Run(tt.query, func(t *testing.T) {
			want := r.rowsWhere(t, "huts", tt.tail)
			_, body := r.do(t, http.MethodGet, "/read/huts", "select=id&"+mysqlQuery(tt.query))
			var faults []string
			if got, err := mysqlIDs(body); err != nil || !slices.Equal(got, want) {
				faults = []string{fmt.Sprintf("GET %q = %v %.300q; want %v", tt.query, got, body, want)}
			}
			d.wantFaults(t, "huts?"+tt.query, faults)
		})
	}
}

// TestMySQLQueryNames has columns whose names are hard to write, in all places
// where a column stands.
func TestMySQLQueryNames(t *testing.T) {
	d := newMySQLDatabase(t)
	var columns, ones, twos, tens []string
	for _, c := range mysqlOddColumns {
		columns = append(columns, c.inSQL+" INT")
		ones, twos, tens = append(ones, "1"), append(twos, "2"), append(tens, "10")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, "+strings.Join(columns, ",")+")",
		"INSERT INTO sample VALUES (1,"+strings.Join(ones, ",")+"),(2,"+strings.Join(twos, ",")+"),(3,"+strings.Join(tens, ",")+")")
	r := newMySQLReader(t, d, "sample")
	tests := []mysqlQueryCase{
		{"%s=eq.2", "%s = 2"},
		{"%s=not.in.(2)", "NOT %s IN (2)"},
		{"or=(%s.gte.10,%s.lt.2)", "%s = 10 OR %s = 1"},
		{"and=(not.and(%s.eq.1,id.eq.1))&order=%s", "%s > 1"},
	}
	for _, c := range mysqlOddColumns {
		for _, tt := range tests {
			query := "select=id,%s,other:%s&" + tt.query
			query = strings.ReplaceAll(query, "%s", c.inQuery)
			want := r.rowsWhere(t, "sample", "WHERE "+strings.ReplaceAll(tt.where, "%s", c.inSQL)+" ORDER BY id")
			_, body := r.do(t, http.MethodGet, "/read", mysqlQuery(query))
			if got, err := mysqlIDs(body); err != nil || !slices.Equal(got, want) {
				t.Errorf("GET %q = %.300q; want rows %v", query, body, want)
			}
		}
	}
}

// TestMySQLQueryBodies compares whole answers, of a table whose name needs
// quoting.
func TestMySQLQueryBodies(t *testing.T) {
	d := newMySQLDatabase(t)
	const table = "the `huts`"
	d.exec(t, mysqlHuts(table)...)
	r := newMySQLReader(t, d, "sample", table)
	for _, tt := range mysqlHutBodies {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := r.do(t, cmp.Or(tt.method, http.MethodGet), "/read/"+url.PathEscape(table), mysqlQuery(tt.query), tt.header...)
			status, pages := resp.StatusCode, resp.Header.Get("Content-Range")
			same := body == tt.want
			if tt.status >= http.StatusBadRequest {
				same = strings.Contains(body, tt.want)
			}
			var faults []string
			if status != tt.status || pages != tt.pages || !same {
				faults = []string{fmt.Sprintf("GET %q = %d, %q\n%s; want %d, %q\n%s", tt.query, status, pages, body, tt.status, tt.pages, tt.want)}
			}
			d.wantFaults(t, "huts?"+tt.query, faults)
		})
	}
}

// TestMySQLQueryNullOnly has the types that can only be NULL or not.
func TestMySQLQueryNullOnly(t *testing.T) {
	d := newMySQLDatabase(t)
	types := []string{"GEOMETRY"}
	values := []string{"ST_GeomFromText('POINT(1 2)')"}
	if _, missing := d.exception(t, "VECTOR(3)"); !missing {
		types, values = append(types, "VECTOR(1)"), append(values, "STRING_TO_VECTOR('[1]')")
	}
	r := newMySQLReader(t, d, "t0", "t1")
	for i, ddl := range types {
		table := fmt.Sprintf("t%d", i)
		d.exec(t, "CREATE TABLE "+table+" (id INT, v "+ddl+")", "INSERT INTO "+table+" VALUES (1, "+values[i]+"), (2, NULL)")
		for query, want := range map[string]string{"v=is.null": "2", "v=not.is.null": "1", "v=is.not_null": "1"} {
			mysqlWantBody(t, r.base+"/read/"+table+"?select=id&"+query, `[{"id":`+want+"}]\n")
		}
		for _, query := range []string{"v=eq.1", "v=in.(1)", "v=neq.1", "v=isdistinct.1", "v=like.1", "v=is.true"} {
			mysqlWantError(t, r.base+"/read/"+table+"?"+query, http.StatusBadRequest, postgrest.CodeSyntax)
		}
	}
}

// TestMySQLQueryChanged changes a table between two requests: the second has the
// right answer, if not at once then as soon as the columns may be learned anew,
// and never a wrong one.
func TestMySQLQueryChanged(t *testing.T) {
	d := newMySQLDatabase(t)
	for _, tt := range mysqlChanges {
		t.Run(tt.name, func(t *testing.T) {
			d.exec(t, "DROP TABLE IF EXISTS sample", "CREATE TABLE sample (id INT, v INT)", "INSERT INTO sample VALUES (1, 10), (2, 20)")
			r := newMySQLReader(t, d, "sample")
			mysqlWantBody(t, r.base+"/read?select=id&v=eq.10", `[{"id":1}]`+"\n")
			d.exec(t, tt.change...)
			d.wantFaults(t, tt.name, r.wantSoon(t, tt))
		})
	}
}

// wantSoon asks until the answer is that of change, and returns what is wrong.
func (r *mysqlReader) wantSoon(t testing.TB, change mysqlChange) []string {
	t.Helper()
	for end := time.Now().Add(mysqlTimeout); ; {
		resp, body := r.do(t, http.MethodGet, "/read", mysqlQuery(change.query))
		isYoung := change.young != "" && strings.Contains(body, change.young)
		switch {
		case resp.StatusCode == change.status && strings.Contains(body, change.want):
			return nil
		case !isYoung || time.Now().After(end):
			return []string{fmt.Sprintf("GET %q = %d %s; want %d %s", change.query, resp.StatusCode, body, change.status, change.want)}
		}
	}
}

// TestMySQLQueryIndex asks the server how it runs the queries that readapi
// makes: with an index on the column, whatever its type.
func TestMySQLQueryIndex(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine's EXPLAIN says nothing of keys")
	}
	d.exec(t, mysqlIndexedTable()...)
	api, pool := mysqlNewAPI(t, d.env)
	table, err := catalog.New(api.db.Query, "sample").Table(t.Context(), "sample")
	if err != nil {
		t.Fatalf("table = %v", err)
	}
	for i, c := range mysqlIndexed {
		name := fmt.Sprintf("c%d", i)
		filters := []string{"eq.%s", "in.(%s,%s)", "gt.%s"}
		if strings.HasSuffix(c.ddl, "COLLATE utf8mb4_bin") { // the collation of like
			filters = append(filters, "like.%s*", `like.\%s|*`)
		}
		for _, filter := range filters {
			operator, _, _ := strings.Cut(filter, ".")
			t.Run(c.ddl+" "+operator, func(t *testing.T) {
				req, err := postgrest.Parse(mysqlQuery(name + "=" + mysqlFillIn(filter, c.high)))
				if err != nil {
					t.Fatalf("Parse = %v", err)
				}
				st, err := plan.Known{Table: table}.Select(req, encode.Format{})
				if err != nil {
					t.Fatalf("Select = %v", err)
				}
				var faults []string // one at most
				if kind, key := mysqlExplain(t, pool, st); key != name || kind == "ALL" || kind == "index" {
					faults = []string{fmt.Sprintf("EXPLAIN %s %q = %s by key %q; want a look-up by key %q", st.Text, st.Args, kind, key, name)}
				}
				d.wantFaults(t, c.ddl+" "+operator, faults)
			})
		}
	}
}

// mysqlIndexedTable makes the table of mysqlIndexed, with the columns c0, c1, ...
func mysqlIndexedTable() []string {
	var ddl, exprs []string
	for i, c := range mysqlIndexed {
		name := fmt.Sprintf("c%d", i)
		key := name
		if strings.HasSuffix(c.ddl, "TEXT") || strings.HasSuffix(c.ddl, "BLOB") {
			key += "(20)"
		}
		ddl = append(ddl, fmt.Sprintf("%s %s, KEY %s (%s)", name, c.ddl, name, key))
		exprs = append(exprs, c.expr)
	}
	return []string{
		"CREATE TABLE sample (id INT PRIMARY KEY, " + strings.Join(ddl, ",") + ")",
		"INSERT INTO sample WITH RECURSIVE seq AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM seq WHERE n < 400) SELECT n, " + strings.Join(exprs, ",") + " FROM seq",
		"ANALYZE TABLE sample",
	}
}

// mysqlExplain returns how st finds its rows (type and key of EXPLAIN).
func mysqlExplain(t testing.TB, pool *sql.DB, st *exec.Statement) (kind, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	rows, err := pool.QueryContext(ctx, "EXPLAIN FORMAT=TRADITIONAL "+st.Text, st.Args...)
	if err != nil {
		t.Fatalf("EXPLAIN %s %q = %v", st.Text, st.Args, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		t.Fatalf("EXPLAIN %s = no row: %v, %v", st.Text, err, rows.Err())
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(sql.NullString)
	}
	if err := rows.Scan(values...); err != nil {
		t.Fatal(err)
	}
	return values[slices.Index(columns, "type")].(*sql.NullString).String, values[slices.Index(columns, "key")].(*sql.NullString).String
}

// TestMySQLShareNeverStale counts in a table while many read it: whoever began to
// read after a number was committed finds that number, or a later one, however
// many share a query.
func TestMySQLShareNeverStale(t *testing.T) {
	const readers, readsEach, maxTime = 32, 150, 8 * time.Second
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine reports a write before its other connections see it, also without readapi")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, n INT)", "INSERT INTO sample VALUES (1, 0)")
	r := newMySQLReader(t, d, "sample")
	var (
		committed, reads atomic.Int64
		wg               sync.WaitGroup
	)
	defer wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), maxTime)
	defer cancel()
	for i := range readers {
		wg.Go(func() { // ends with its reads, or with ctx
			query := []string{"", "select=n", "id=eq.1", "select=n&id=eq.1&limit=1"}[i%4]
			for n := 0; n < readsEach && ctx.Err() == nil && !t.Failed(); n++ {
				floor := committed.Load()
				_, body, err := r.send(t.Context(), http.MethodGet, "/read", query)
				var rows []struct{ N int64 }
				if json.Unmarshal([]byte(body), &rows) != nil || len(rows) != 1 || rows[0].N < floor {
					t.Errorf("GET %q = %q, %v; want n of at least %d, which was committed before", query, body, err, floor)
				}
				reads.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { // ends with the readers
		wg.Wait()
		close(done)
	}()
	for isDone := false; !isDone; {
		d.exec(t, "UPDATE sample SET n = n + 1")
		committed.Add(1)
		select {
		case <-done:
			isDone = true
		default:
		}
	}
	t.Logf("%d reads, %d commits", reads.Load(), committed.Load())
	if reads.Load() < readers || committed.Load() < 10 {
		t.Errorf("%d reads and %d commits in %v; want many", reads.Load(), committed.Load(), maxTime)
	}
}
