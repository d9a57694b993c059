package rest

import (
	"context"
	"database/sql/driver"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	"readapi/internal/postgrest"

	"github.com/go-sql-driver/mysql"
)

// newPeople is a table with five rows.
func newPeople() *fakedb.Table {
	d := &fakedb.Table{Columns: fakedb.Columns("id INT", "name VARCHAR", "price DECIMAL 2")}
	for id, name := range []string{"Ada", "Grace", "a,b", "", "NULL"} {
		row := []driver.Value{int64(id + 1), []byte(name), []byte("1.50")}
		if name == "NULL" {
			row[1], row[2] = nil, nil
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// people writes those rows of newPeople as JSON.
func people(ids ...int) string {
	if len(ids) == 0 {
		return "[]\n"
	}
	all := []string{
		`{"id":1,"name":"Ada","price":1.50}`, `{"id":2,"name":"Grace","price":1.50}`, `{"id":3,"name":"a,b","price":1.50}`,
		`{"id":4,"name":"","price":1.50}`, `{"id":5,"name":null,"price":null}`,
	}
	var rows []string
	for _, id := range ids {
		rows = append(rows, all[id-1])
	}
	return "[" + strings.Join(rows, ",\n") + "]\n"
}

func TestReadPages(t *testing.T) {
	const (
		all     = "SELECT * FROM sample"
		limited = "SELECT * FROM sample LIMIT ? [%d]"
		part    = "SELECT * FROM sample LIMIT ? OFFSET ? [%d] [%d]"
		counted = "SELECT COUNT(*) FROM sample"
		count   = "Prefer: count=exact"
		endless = 1<<63 - 1
	)
	tests := []struct {
		name    string
		query   string
		headers []string
		status  int
		body    string
		page    string // Content-Range
		queries []string
	}{
		{"all", "", nil, 200, people(1, 2, 3, 4, 5), "0-4/*", []string{all}},
		{"all, as postgrest-js asks for it", "?select=*", nil, 200, people(1, 2, 3, 4, 5), "0-4/*", []string{all}},
		{"empty query", "?", nil, 200, people(1, 2, 3, 4, 5), "0-4/*", []string{all}},
		{"limit", "?limit=2", nil, 200, people(1, 2), "0-1/*", []string{fmt.Sprintf(limited, 2)}},
		{"limit and offset", "?limit=2&offset=1", nil, 200, people(2, 3), "1-2/*", []string{fmt.Sprintf(part, 2, 1)}},
		{"offset", "?offset=3", nil, 200, people(4, 5), "3-4/*", []string{fmt.Sprintf(part, endless-3, 3)}},
		{"limit beyond the end", "?limit=9&offset=4", nil, 200, people(5), "4-4/*", []string{fmt.Sprintf(part, 9, 4)}},
		{"no rows", "?limit=0", nil, 200, "[]\n", "*/*", []string{fmt.Sprintf(limited, 0)}},
		{"beyond the end", "?offset=9", nil, 200, "[]\n", "*/*", []string{fmt.Sprintf(part, endless-9, 9)}},

		{"range", "", []string{"Range: 1-2"}, 200, people(2, 3), "1-2/*", []string{fmt.Sprintf(part, 2, 1)}},
		{"open range", "", []string{"Range: 3-"}, 200, people(4, 5), "3-4/*", []string{fmt.Sprintf(part, endless-3, 3)}},
		{"range of items", "", []string{"Range-Unit: items", "Range: 0-0"}, 200, people(1), "0-0/*", []string{fmt.Sprintf(limited, 1)}},
		{"range and limit", "?limit=2&offset=1", []string{"Range: 2-9"}, 200, people(3), "2-2/*", []string{fmt.Sprintf(part, 1, 2)}},
		{"range of bytes", "", []string{"Range: bytes=0-0"}, 200, people(1, 2, 3, 4, 5), "0-4/*", []string{all}},

		{"count", "", []string{count}, 200, people(1, 2, 3, 4, 5), "0-4/5", []string{counted, all}},
		{"count, planned", "", []string{"Prefer: count=planned"}, 200, people(1, 2, 3, 4, 5), "0-4/5", []string{"EXPLAIN FORMAT=TRADITIONAL " + counted, counted, all}},
		{"count of a page", "?limit=2", []string{count}, 206, people(1, 2), "0-1/5", []string{counted, fmt.Sprintf(limited, 2)}},
		{"count of the last page", "?offset=3", []string{count}, 206, people(4, 5), "3-4/5", []string{counted, fmt.Sprintf(part, endless-3, 3)}},
		{"count of a full page", "?limit=5", []string{count}, 200, people(1, 2, 3, 4, 5), "0-4/5", []string{counted, fmt.Sprintf(limited, 5)}},
		{"count of a range", "", []string{count, "Range: 0-0"}, 206, people(1), "0-0/5", []string{counted, fmt.Sprintf(limited, 1)}},
		{"count of no rows", "?limit=0", []string{count}, 206, "[]\n", "*/5", []string{counted, fmt.Sprintf(limited, 0)}},
		{"count at the end", "?offset=5", []string{count}, 206, "[]\n", "*/5", []string{counted, fmt.Sprintf(part, endless-5, 5)}},
		{
			"count of some", "?id=gt.1&order=id&select=id",
			[]string{count},
			200, "[{\"id\":1},\n{\"id\":2},\n{\"id\":3},\n{\"id\":4},\n{\"id\":5}]\n", "0-4/5",
			[]string{"SELECT COUNT(*) FROM sample WHERE `id` > ? [1]", "SELECT `id` FROM sample WHERE `id` > ? ORDER BY `id` [1]"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newPeople()
			server := newTableServer(t, d)
			apitest.Send(t, "GET", server.URL+"/read?id=eq.1") // learns the table
			d.TakeQueries()
			resp, body := apitest.Send(t, "GET", server.URL+"/read"+tt.query, tt.headers...)
			if resp.StatusCode != tt.status || body != tt.body {
				t.Errorf("GET %s = %d %q; want %d %q", tt.query, resp.StatusCode, body, tt.status, tt.body)
			}
			apitest.CheckHeader(t, resp, "Content-Range", tt.page)
			apitest.CheckHeader(t, resp, "Vary", varyRead)
			applied := ""
			if strings.Contains(strings.Join(tt.headers, " "), "count=") {
				applied = "count=exact"
			}
			apitest.CheckHeader(t, resp, "Preference-Applied", applied)
			d.CheckQueries(t, tt.queries...)
			if resp.Header.Get("ETag") == "" || resp.ContentLength != int64(len(tt.body)) {
				t.Errorf("GET %s: ETag %q, length %d; want one, %d", tt.query, resp.Header.Get("ETag"), resp.ContentLength, len(tt.body))
			}
		})
	}
}

// What is refused by URL or headers is so before the database is asked for rows.
func TestReadRefuses(t *testing.T) {
	const count, countSample = "Prefer: count=exact", "SELECT COUNT(*) FROM sample"
	tests := []struct {
		name    string
		query   string
		headers []string
		status  int
		code    string
		says    string
		queries []string
	}{
		{"grammar", "?limit=abc", nil, 400, "PGRST100", `"message":"limit: unexpected \"abc\", expected a whole number from 0","details":"parameter \"limit\", position 1"`, nil},
		{"grammar, with a wrong type", "?limit=abc", []string{"Accept: text/html"}, 406, "PGRST107", "application/x-ndjson", nil},
		{"semicolon", "?id=eq.1;limit=1", nil, 400, "PGRST100", "%3B", nil},
		{"column", "?nam=eq.x", nil, 400, "42703", `"message":"the table has no column \"nam\"","details":"parameter \"nam\", position 1","hint":"Perhaps you meant \"name\"."`, []string{learnSample}},
		{"column of select", "?select=nam", []string{count}, 400, "42703", "name", []string{learnSample}},
		{"value", "?id=eq.abc", []string{count}, 400, "22P02", "a whole number", []string{learnSample}},
		{"long", "?name=eq." + strings.Repeat("x", 17<<10), nil, 400, "PGRST100", "at most 16384", nil},
		{"media type", "", []string{"Accept: image/png"}, 406, "PGRST107", "text/csv", nil},
		{"everything refused", "", []string{"Accept: */*;q=0"}, 406, "PGRST107", "text/csv", nil},
		{"schema", "", []string{"Accept-Profile: private"}, 406, "PGRST106", "public", nil},
		{"schema in another case", "", []string{"Accept-Profile: Public"}, 406, "PGRST106", "public", nil},
		{"negative limit", "?limit=-1", []string{count}, 416, "PGRST103", "Limit should be greater than or equal to zero.", nil},
		{"range", "", []string{"Range: 5-2"}, 416, "PGRST103", "lower boundary", nil},
		{
			"offset", "?offset=6",
			[]string{count},
			416, "PGRST103",
			"An offset of 6 was requested, but there are only 5 rows.",
			[]string{learnSample, countSample},
		},
		{
			"range behind the end", "",
			[]string{count, "Range: 9-10"},
			416, "PGRST103",
			"An offset of 9 was requested, but there are only 5 rows.",
			[]string{learnSample, countSample},
		},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				if method == "HEAD" && strings.Contains(strings.Join(tt.headers, " "), "Range") {
					t.Skip("Range is for GET")
				}
				d := newPeople()
				server := newTableServer(t, d)
				resp, body := apitest.Send(t, method, server.URL+"/read"+tt.query, tt.headers...)
				apitest.CheckError(t, resp, body, tt.status, tt.code)
				apitest.CheckHeader(t, resp, "Preference-Applied", "")
				page := ""
				if slices.Contains(tt.queries, countSample) { // the total is known
					page = "*/5"
				}
				apitest.CheckHeader(t, resp, "Content-Range", page)
				apitest.CheckHeader(t, resp, "ETag", "")
				if method == "GET" && !strings.Contains(body, tt.says) {
					t.Errorf("GET %s = %s; want %q in it", tt.query, body, tt.says)
				}
				d.CheckQueries(t, tt.queries...)
			})
		}
	}
}

func TestReadProfile(t *testing.T) {
	server := newTableServer(t, newPeople(), func(_ *exec.Options, o *Options) { o.Schema = "Shop" })
	for _, profile := range []string{"public", "Shop", ""} {
		resp, _ := apitest.Send(t, "GET", server.URL+"/read", "Accept-Profile: "+profile)
		if resp.StatusCode != 200 {
			t.Errorf("GET with Accept-Profile %q = %d; want 200", profile, resp.StatusCode)
		}
	}
}

// HEAD with a count sends no query for rows, but checks what GET would check.
func TestReadHeadCount(t *testing.T) {
	const any, object = "Accept: */*", "Accept: application/vnd.pgrst.object+json"
	tests := []struct {
		query   string
		accept  string
		status  int
		page    string
		queries []string
	}{
		{"", any, 200, "0-4/5", []string{"SELECT COUNT(*) FROM sample"}},
		{"?select=*", any, 200, "0-4/5", []string{"SELECT COUNT(*) FROM sample"}},
		{"?select=id", any, 200, "0-4/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?limit=2&offset=1", any, 206, "1-2/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?limit=0", any, 206, "*/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?offset=5", any, 206, "*/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?id=gt.1", any, 200, "0-4/5", []string{learnSample, "SELECT COUNT(*) FROM sample WHERE `id` > ? [1]"}},
		{"?order=nope", any, 400, "", []string{learnSample}},
		{"?offset=6", any, 416, "*/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?limit=1", object, 206, "0-0/5", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
		{"?limit=2", object, 406, "", []string{learnSample, "SELECT COUNT(*) FROM sample"}},
	}
	for _, tt := range tests {
		t.Run(tt.query+tt.accept, func(t *testing.T) {
			d := newPeople()
			server := newTableServer(t, d)
			resp, _ := apitest.Send(t, "HEAD", server.URL+"/read"+tt.query, "Prefer: count=exact", tt.accept)
			if resp.StatusCode != tt.status {
				t.Errorf("HEAD %s = %d; want %d", tt.query, resp.StatusCode, tt.status)
			}
			apitest.CheckHeader(t, resp, "Content-Range", tt.page)
			if tt.status < 300 {
				apitest.CheckHeader(t, resp, "Preference-Applied", "count=exact")
			}
			d.CheckQueries(t, tt.queries...)
		})
	}
}

// The count is a number whatever the numbers of columns become.
func TestReadCountAsString(t *testing.T) {
	server := newTableServer(t, newPeople(), func(o *exec.Options, _ *Options) { o.Encoding.BigintAsString = true })
	resp, body := apitest.Send(t, "GET", server.URL+"/read?limit=1", "Prefer: count=exact")
	if resp.StatusCode != 206 {
		t.Errorf("GET with BIGINT_AS=string = %d %s; want 206", resp.StatusCode, body)
	}
	apitest.CheckHeader(t, resp, "Content-Range", "0-0/5")
}

func TestPage(t *testing.T) {
	tests := []struct {
		name         string
		offset       uint64
		limit        *uint64
		rows         int64
		total        total
		wantStatus   int
		contentRange string
	}{
		{"unknown", 0, nil, 10, total{}, 200, "0-9/*"},
		{"unknown and empty", 0, nil, 0, total{}, 200, "*/*"},
		{"all", 0, nil, 10, exactly(10), 200, "0-9/10"},
		{"part", 10, new(uint64(10)), 10, exactly(100), 206, "10-19/100"},
		{"empty part", 100, nil, 0, exactly(100), 206, "*/100"},
		{"empty table", 0, nil, 0, exactly(0), 200, "*/0"},
		{"rows that came after the count", 5, nil, 10, exactly(12), 206, "5-14/15"},
		{"a full page of more rows than were counted", 0, new(uint64(3)), 3, exactly(1), 200, "0-2/*"},
		{"the first rows came after the count", 0, nil, 1, exactly(0), 200, "0-0/1"},
		{"a page of an estimate", 0, new(uint64(10)), 10, total{100, postgrest.CountPlanned}, 206, "0-9/100"},
		{"all of an estimate", 0, nil, 90, total{100, postgrest.CountPlanned}, 200, "0-89/90"},
		{"the last page of an estimate", 90, new(uint64(10)), 5, total{100, postgrest.CountPlanned}, 206, "90-94/95"},
		{"behind an estimate", 110, new(uint64(10)), 10, total{100, postgrest.CountPlanned}, 200, "110-119/*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &read{Query: &postgrest.Query{Offset: tt.offset, Limit: tt.limit}}
			p := q.page(tt.rows, tt.total)
			if p.status() != tt.wantStatus || p.contentRange() != tt.contentRange {
				t.Errorf("page(%d, %v) = %d %s; want %d %s", tt.rows, tt.total, p.status(), p.contentRange(), tt.wantStatus, tt.contentRange)
			}
		})
	}
}

func TestReadFormats(t *testing.T) {
	const (
		object = "Accept: application/vnd.pgrst.object+json"
		ndjson = "Accept: application/x-ndjson"
		csv    = "Accept: text/csv"
	)
	tests := []struct {
		name        string
		query       string
		accept      string
		contentType string
		body        string
	}{
		{"array", "?limit=1", "Accept: text/html, */*;q=0.1", contentTypeJSON, people(1)},
		{"NDJSON", "?limit=2", ndjson, "application/x-ndjson", `{"id":1,"name":"Ada","price":1.50}` + "\n" + `{"id":2,"name":"Grace","price":1.50}` + "\n"},
		{"NDJSON of all", "", ndjson, "application/x-ndjson", strings.NewReplacer("[", "", "]", "", "},", "}").Replace(people(1, 2, 3, 4, 5))},
		{"NDJSON of no rows", "?limit=0", ndjson, "application/x-ndjson", ""},
		{"CSV", "", csv, "text/csv; charset=utf-8", "id,name,price\r\n1,Ada,1.50\r\n2,Grace,1.50\r\n3,\"a,b\",1.50\r\n4,\"\",1.50\r\n5,,\r\n"},
		{"CSV of no rows", "?limit=0", csv, "text/csv; charset=utf-8", "id,name,price\r\n"},
		{"CSV of some columns", "?limit=1&select=name,n:id", csv, "text/csv; charset=utf-8", "name,n\r\nAda,1\r\n"},
		{"object", "?limit=1", object, "application/vnd.pgrst.object+json; charset=utf-8", `{"id":1,"name":"Ada","price":1.50}` + "\n"},
		{"object, the last", "?offset=4", object, "application/vnd.pgrst.object+json; charset=utf-8", `{"id":5,"name":null,"price":null}` + "\n"},
		{"object without nulls", "?offset=4", object + ";nulls=stripped", "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8", `{"id":5}` + "\n"},
		{
			"array without nulls", "?offset=3", "Accept: application/vnd.pgrst.array+json;nulls=stripped",
			"application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8", `[{"id":4,"name":"","price":1.50},` + "\n" + `{"id":5}]` + "\n",
		},
		{"texts", "?limit=1&select=id::text,p:price::text,name::text", "Accept: */*", contentTypeJSON, `[{"id":"1","p":"1.50","name":"Ada"}]` + "\n"},
		{"alias behind all", "?limit=1&select=*,n:name", "Accept: */*", contentTypeJSON, `[{"id":1,"name":"Ada","price":1.50,"n":"Ada"}]` + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := newTableServer(t, newPeople())
			resp, body := apitest.Send(t, "GET", server.URL+"/read"+tt.query, tt.accept)
			if resp.StatusCode != 200 || body != tt.body {
				t.Errorf("GET %s with %s = %d %q; want 200 %q", tt.query, tt.accept, resp.StatusCode, body, tt.body)
			}
			apitest.CheckHeader(t, resp, "Content-Type", tt.contentType)
			head, _ := apitest.Send(t, "HEAD", server.URL+"/read"+tt.query, tt.accept)
			for _, name := range []string{"Content-Type", "Content-Length", "Content-Range", "ETag", "Vary"} {
				apitest.CheckHeader(t, head, name, resp.Header.Get(name))
			}
			again, _ := apitest.Send(t, "GET", server.URL+"/read"+tt.query, tt.accept, "If-None-Match: "+resp.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified {
				t.Errorf("GET %s with its ETag = %d; want 304", tt.query, again.StatusCode)
			}
		})
	}
}

// An object is one row: of none and of several the client learns how many.
func TestReadNotOneRow(t *testing.T) {
	const refused = "The result contains %d rows"
	tests := []struct {
		query string
		rows  int
	}{
		{"", 5},
		{"?limit=0", 0},
		{"?limit=2", 2},
		{"?limit=3", 3},
		{"?limit=9&offset=1", 4},
		{"?offset=9", 0},
		{"?id=gt.0&order=id", 5},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			d := newPeople()
			server := newTableServer(t, d)
			resp, body := apitest.Send(t, "GET", server.URL+"/read"+tt.query, "Accept: application/vnd.pgrst.object+json")
			apitest.CheckError(t, resp, body, 406, "PGRST116")
			if want := fmt.Sprintf(refused, tt.rows); !strings.Contains(body, want) {
				t.Errorf("GET %s = %s; want %q in it", tt.query, body, want)
			}
			for _, query := range d.TakeQueries() { // a table is not read for that
				if !strings.Contains(query, "LIMIT") && !strings.Contains(query, "COUNT") {
					t.Errorf("GET %s sends %s; want a limit", tt.query, query)
				}
			}
		})
	}
}

// An object may be larger than a small result.
func TestReadLargeObject(t *testing.T) {
	for _, rows := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			large := strings.Repeat("x", exec.SmallBytes)
			d := &fakedb.Table{Columns: fakedb.Columns("text LONGTEXT")}
			for range rows {
				d.Rows = append(d.Rows, []driver.Value{[]byte(large)})
			}
			server := newTableServer(t, d)
			resp, body := apitest.Send(t, "GET", server.URL+"/read", "Accept: application/vnd.pgrst.object+json")
			if rows > 1 {
				apitest.CheckError(t, resp, body, 406, "PGRST116")
				if want := fmt.Sprintf("contains %d rows", rows); !strings.Contains(body, want) {
					t.Errorf("GET /read = %s; want %q in it", body, want)
				}
				return
			}
			if want := `{"text":"` + large + `"}` + "\n"; resp.StatusCode != 200 || body != want {
				t.Errorf("GET /read = %d, %d bytes; want 200, %d", resp.StatusCode, len(body), len(want))
			}
			apitest.CheckHeader(t, resp, "Content-Type", "application/vnd.pgrst.object+json; charset=utf-8")
		})
	}
}

// Large results are streamed in every format: the first rows arrive while the
// last are not there yet.
func TestReadLargeFormats(t *testing.T) {
	const count = 4000
	text := strings.Repeat("x", 999) + ","
	tests := []struct {
		accept string
		rows   func(body string) (int, error)
	}{
		{"application/x-ndjson", func(body string) (int, error) {
			decoder, n := json.NewDecoder(strings.NewReader(body)), 0
			for {
				var row struct{ Text string }
				if err := decoder.Decode(&row); err == io.EOF {
					return n, nil
				} else if err != nil || row.Text != text {
					return n, fmt.Errorf("row %d: %w", n, err)
				}
				n++
			}
		}},
		{"text/csv", func(body string) (int, error) {
			records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			return len(records) - 1, err
		}},
		{"application/vnd.pgrst.array+json;nulls=stripped", func(body string) (int, error) {
			var rows []map[string]string
			err := json.Unmarshal([]byte(body), &rows)
			return len(rows), err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.accept, func(t *testing.T) {
			goOn := make(chan struct{})
			server := newHookServer(t, func(context.Context) (driver.Rows, error) {
				return &gatedRows{Rows: *fakedb.Texts(text, count), gate: count - 1, open: goOn}, nil
			})
			req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/read", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", tt.accept)
			resp, err := apitest.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			begin := make([]byte, 2*exec.SmallBytes)
			if _, err := io.ReadFull(resp.Body, begin); err != nil {
				t.Fatal(err)
			}
			close(goOn)
			rest, err := io.ReadAll(resp.Body)
			if err != nil || resp.ContentLength >= 0 {
				t.Errorf("GET /read: Content-Length %d, %v; want a chunked response", resp.ContentLength, err)
			}
			if got, err := tt.rows(string(begin) + string(rest)); got != count || err != nil {
				t.Errorf("GET /read as %s = %d rows, %v; want %d", tt.accept, got, err, count)
			}
			apitest.CheckHeader(t, resp, "ETag", "")
		})
	}
}

// A large page says which rows it has if they were counted.
func TestReadLargePage(t *testing.T) {
	d := &fakedb.Table{Columns: fakedb.Columns("text LONGTEXT")}
	for range 5 {
		d.Rows = append(d.Rows, []driver.Value{[]byte(strings.Repeat("x", exec.SmallBytes/2))})
	}
	server := newTableServer(t, d)
	tests := []struct {
		query, prefer string
		status        int
		page          string
	}{
		{"", "count=exact", 200, "0-4/5"},
		{"?limit=4&offset=1", "count=exact", 206, "1-4/5"},
		{"?limit=4", "", 200, "0-3/*"},
		{"?limit=5&offset=1", "", 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			resp, body := apitest.Send(t, "GET", server.URL+"/read"+tt.query, "Prefer: "+tt.prefer)
			var rows []map[string]string
			if err := json.Unmarshal([]byte(body), &rows); err != nil || resp.StatusCode != tt.status || resp.ContentLength >= 0 {
				t.Errorf("GET %s = %d, length %d, %v; want %d, chunked", tt.query, resp.StatusCode, resp.ContentLength, err, tt.status)
			}
			apitest.CheckHeader(t, resp, "Content-Range", tt.page)
			apitest.CheckHeader(t, resp, "Preference-Applied", tt.prefer)
		})
	}
}

// The same bytes in another format are another representation: a cache or a
// client that has one must not be told that it has the other.
func TestReadETagOfFormat(t *testing.T) {
	server := newTableServer(t, newPeople())
	seen := map[string]string{}
	for _, accept := range []string{
		"application/json", "application/x-ndjson", "text/csv", "application/vnd.pgrst.object+json",
		"application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.array+json;nulls=stripped",
	} {
		resp, body := apitest.Send(t, "GET", server.URL+"/read?limit=1", "Accept: "+accept)
		etag := resp.Header.Get("ETag")
		if resp.StatusCode != 200 || !strings.HasPrefix(etag, `W/"`) || seen[etag] != "" {
			t.Errorf("GET as %s = %d %q with ETag %s, which is also that of %q; want 200 and one of its own",
				accept, resp.StatusCode, body, etag, seen[etag])
		}
		seen[etag] = accept
		if resp, _ := apitest.Send(t, "GET", server.URL+"/read?limit=1", "Accept: "+accept, "If-None-Match: "+etag); resp.StatusCode != 304 {
			t.Errorf("GET as %s with its ETag = %d; want 304", accept, resp.StatusCode)
		}
	}
}

// The ETag is of all that a client gets to see, the total included.
func TestReadETagOfTotal(t *testing.T) {
	d := newPeople()
	server := newTableServer(t, d)
	etag := func(query string, headers ...string) string {
		resp, _ := apitest.Send(t, "GET", server.URL+"/read"+query, headers...)
		return resp.Header.Get("ETag")
	}
	const count = "Prefer: count=exact"
	first := etag("?limit=1", count)
	if etag("?limit=1", count) != first {
		t.Error("the ETags of the same page differ")
	}
	if etag("?limit=1") == first {
		t.Error("the ETag with a total is that without; want another")
	}
	if etag("?limit=1", "Accept: application/x-ndjson") == etag("?limit=1") {
		t.Error("the ETags of two formats are the same")
	}
	d.SetTotal(99)
	if etag("?limit=1", count) == first {
		t.Error("the ETag stays when the total changes")
	}
	resp, _ := apitest.Send(t, "GET", server.URL+"/read?limit=1", count, "If-None-Match: "+first)
	if resp.StatusCode != 206 {
		t.Errorf("GET with the ETag of another total = %d; want 206", resp.StatusCode)
	}
	apitest.CheckHeader(t, resp, "Content-Range", "0-0/99")
}

// A total that the rows have gone beyond is not told, nor that there is one.
func TestReadBeyondTotal(t *testing.T) {
	d := newPeople()
	d.SetTotal(1)
	server := newTableServer(t, d)
	for query, want := range map[string][2]string{
		"?limit=1": {"0-0/1", "count=exact"},
		"?limit=2": {"0-1/*", ""},
		"":         {"0-4/5", "count=exact"},
	} {
		resp, _ := apitest.Send(t, "GET", server.URL+"/read"+query, "Prefer: count=exact")
		if got := [2]string{resp.Header.Get("Content-Range"), resp.Header.Get("Preference-Applied")}; got != want {
			t.Errorf("GET %s of one row that was counted: %q; want %q", query, got, want)
		}
	}
}

// A table that has changed since it was learned is learned again, once, and the
// request is answered.
func TestReadChangedTable(t *testing.T) {
	grown := fakedb.Columns("id BIGINT", "name VARCHAR", "price DECIMAL 2", "email VARCHAR")
	row := []driver.Value{int64(7), []byte("x"), []byte("0.50"), []byte("y")}
	unknown := &mysql.MySQLError{Number: 1054, Message: "Unknown column"}
	tests := []struct {
		name    string
		columns []fakedb.Column
		query   string
		failing string // queries with this in them fail with 1054
		want    string
		queries []string
	}{
		{
			"another type",
			fakedb.Columns("id VARCHAR"),
			"/read?order=id", "", `[{"id":7}]` + "\n",
			[]string{"SELECT * FROM sample ORDER BY `id`", learnSample, "SELECT * FROM sample ORDER BY `id`"},
		},
		{
			"another scale",
			fakedb.Columns("id INT", "name VARCHAR", "price DECIMAL 3"),
			"/read?select=price", "",
			`[{"price":0.500}]` + "\n",
			[]string{"SELECT `price` FROM sample", learnSample, "SELECT `price` FROM sample"},
		},
		{
			"one more", grown, "/read?limit=1", "", `[{"id":7,"name":"x","price":0.50,"email":"y"}]` + "\n",
			[]string{"SELECT * FROM sample LIMIT ? [1]", learnSample, "SELECT * FROM sample LIMIT ? [1]"},
		},
		{
			"one that nobody knew", grown, "/read?select=email&email=eq.y", "", `[{"email":"y"}]` + "\n",
			[]string{learnSample, "SELECT `email` FROM sample WHERE `email` = ? [y]"},
		},
		{
			"one has gone",
			fakedb.Columns("id INT", "name VARCHAR"),
			"/read?price=gt.1&select=id", "`price`", "42703",
			[]string{"SELECT `id` FROM sample WHERE `price` > CAST(? AS DECIMAL(65,2)) [01.00]", learnSample},
		},
		{"one is unknown still", nil, "/read?select=nope", "", "42703", []string{learnSample}},
		{
			"it changes for ever", nil, "/read?order=id", "ORDER BY `id`", "PGRST002",
			[]string{"SELECT * FROM sample ORDER BY `id`", learnSample, "SELECT * FROM sample ORDER BY `id`"},
		},
		{"nobody needs to know", grown, "/read", "", `[{"id":7,"name":"x","price":0.50,"email":"y"}]` + "\n", []string{selectSample}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newPeople()
				api := newTestService(t, d)
				ask(t, api, "/read?limit=1") // learns the table
				fakedb.Wait(t.Context(), time.Second+1)
				if tt.columns != nil {
					d.Alter(tt.columns, [][]driver.Value{row[:len(tt.columns)]})
				}
				d.Before = func(_ context.Context, query string) error {
					if tt.failing != "" && strings.Contains(query, tt.failing) {
						return unknown
					}
					return nil
				}
				d.TakeQueries()
				got := ask(t, api, tt.query)
				if body := got.Body.String(); body != tt.want && !strings.Contains(body, `"code":"`+tt.want+`"`) {
					t.Errorf("GET %s = %d %s; want %s", tt.query, got.Code, body, tt.want)
				}
				d.CheckQueries(t, tt.queries...)
				if slices.Contains(tt.queries, learnSample) {
					ask(t, api, "/read?select=nope") // too soon to learn it for that
					d.CheckQueries(t)
				}
			})
		})
	}
}

// All requests that meet the change are answered, not only the one that makes
// the table be learned again.
func TestReadChangedTableAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPeople()
		d.Before = func(ctx context.Context, _ string) error { return fakedb.Wait(ctx, fakedb.QueryTime) }
		api := newTestService(t, d)
		ask(t, api, "/read?limit=1")
		fakedb.Wait(t.Context(), time.Second+1)
		d.Alter(fakedb.Columns("id VARCHAR"), [][]driver.Value{{[]byte("x")}})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				target := fmt.Sprintf("/read?select=id&limit=%d", i%7+1)
				if got := ask(t, api, target); got.Code != 200 || got.Body.String() != `[{"id":"x"}]`+"\n" {
					t.Errorf("GET %s = %d %s; want 200", target, got.Code, got.Body)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		learned := 0
		for _, query := range d.TakeQueries() {
			learned += strings.Count(query, learnSample)
		}
		if learned != 2 {
			t.Errorf("the table was learned %d times; want 2", learned)
		}
	})
}

// Two spellings of one request share queries, also those that count.
func TestReadShares(t *testing.T) {
	const most = 3 // two at once, and the one for which the others wait
	tests := []struct {
		name      string
		spellings []string
		headers   []string
		most      int // queries
	}{
		{"rows", []string{"?id=gt.1&name=eq.a", "?name=eq.a&id=gt.1", "?%69d=g%74.+1&name=eq.%61"}, nil, most},
		{"texts", []string{"?select=id::text", "?select=%20id::text", "?select=ID%3A%3Atext"}, nil, most},
		// Those whose count comes first ask for their rows while others wait for theirs.
		{"counts", []string{"?id=gt.1&limit=1", "?limit=1&id=gt.1"}, []string{"Prefer: count=exact"}, 3 * most},
		{"the whole table", []string{"", "?", "?select=*", "?select="}, nil, most},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newPeople()
				api := newTestService(t, d)
				want := ask(t, api, "/read"+tt.spellings[0], tt.headers...).Body.String()
				ask(t, api, "/read?limit=1")
				d.TakeQueries()
				d.Before = func(ctx context.Context, _ string) error { return fakedb.Wait(ctx, fakedb.QueryTime) }
				var wg sync.WaitGroup
				for i := range 20 * len(tt.spellings) {
					wg.Go(func() {
						got := ask(t, api, "/read"+tt.spellings[i%len(tt.spellings)], tt.headers...)
						if body := got.Body.String(); body != want {
							t.Errorf("GET %s = %d %q; want %q", tt.spellings[i%len(tt.spellings)], got.Code, body, want)
						}
					})
				}
				wg.Wait()
				queries := d.TakeQueries()
				if len(queries) > tt.most {
					t.Errorf("%d requests sent %d queries %.999q; want at most %d", 20*len(tt.spellings), len(queries), queries, tt.most)
				}
			})
		})
	}
}

// The answer is late by DB_TIMEOUT at most, when the table is not known as well.
func TestReadUnlearnedTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPeople()
		d.Before = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}
		api := newTestService(t, d, func(o *exec.Options, _ *Options) { o.Timeout = 10 * time.Second })
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				fakedb.Wait(t.Context(), time.Duration(i)*3*time.Second)
				start := time.Now()
				got := ask(t, api, "/read?id=eq.1")
				if took := time.Since(start); got.Code != 504 || took > 11*time.Second {
					t.Errorf("GET after %d s = %d %s after %v; want 504 within 11s", i*3, got.Code, got.Body, took)
				}
			})
		}
		wg.Wait()
	})
}

// What fails while it is counted fails the read.
func TestReadCountFails(t *testing.T) {
	d := newPeople()
	d.Before = func(_ context.Context, query string) error {
		if strings.Contains(query, "COUNT") {
			return errors.New("secret")
		}
		return nil
	}
	server := newTableServer(t, d)
	for _, accept := range []string{"*/*", "application/vnd.pgrst.object+json"} {
		resp, body := apitest.Send(t, "GET", server.URL+"/read?id=gt.0", "Prefer: count=exact", "Accept: "+accept)
		apitest.CheckError(t, resp, body, 500, "XX000")
		apitest.CheckHeader(t, resp, "Preference-Applied", "")
	}
	resp, body := apitest.Send(t, "GET", server.URL+"/read", "Accept: application/vnd.pgrst.object+json")
	apitest.CheckError(t, resp, body, 500, "XX000")
}
