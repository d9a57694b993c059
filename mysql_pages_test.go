package main

// This file follows the links from page to page on a real server.

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// mysqlPage is one page of a table.
type mysqlPage struct {
	status int
	header http.Header
	ids    []int
	next   string // path and query, or ""
}

// mysqlGetPage reads a page of rows with an id.
func mysqlGetPage(t testing.TB, base, path string, headers ...string) mysqlPage {
	t.Helper()
	resp, body := send(t, "GET", base+path, headers...)
	p := mysqlPage{status: resp.StatusCode, header: resp.Header}
	var rows []struct{ ID int }
	if err := json.Unmarshal([]byte(body), &rows); err != nil || resp.StatusCode >= 300 {
		t.Fatalf("GET %s = %d %.300s", path, resp.StatusCode, body)
	}
	for _, row := range rows {
		p.ids = append(p.ids, row.ID)
	}
	if link := resp.Header.Get("Link"); link != "" {
		target, isNext := strings.CutSuffix(link, `>; rel="next"`)
		if p.next = strings.TrimPrefix(target, "<"); !isNext || p.next == target {
			t.Fatalf("GET %s: Link = %q; want <…>; rel=\"next\"", path, link)
		}
	}
	return p
}

// mysqlFollow reads all pages from path on and returns the ids of their rows. Between
// two pages it calls meanwhile, if there is one.
func mysqlFollow(t testing.TB, base, path string, meanwhile func(page int)) (ids []int, pages []string) {
	t.Helper()
	for path != "" {
		if pages = append(pages, path); len(pages) > 1000 {
			t.Fatalf("1,000 pages; the last two are %q", pages[len(pages)-2:])
		}
		p := mysqlGetPage(t, base, path)
		ids, path = append(ids, p.ids...), p.next
		if meanwhile != nil {
			meanwhile(len(pages))
		}
	}
	return ids, pages
}

// mysqlPagedColumns are the columns that pages are ordered by, with values that some
// rows have each. By those that are not byKey an offset leads on.
var mysqlPagedColumns = []struct {
	name, definition string
	values           []string
	byKey            bool
}{
	{"tiny", "TINYINT UNSIGNED", []string{"0", "1", "200", "255"}, true},
	{"bool", "BOOLEAN", []string{"0", "1"}, true},
	{"big", "BIGINT", []string{"-9223372036854775808", "9223372036854775807", "9007199254740993", "0"}, true},
	{"ubig", "BIGINT UNSIGNED NOT NULL", []string{"18446744073709551615", "18446744073709551614", "0", "9223372036854775808"}, true},
	{"dec", "DECIMAL(20,6)", []string{"0.1", "-0.000001", "12345678901234.567890", "1"}, true},
	{"fl", "FLOAT", []string{"0.1", "16777216", "-1.5e-20", "123456.789"}, true},
	{"dbl", "DOUBLE", []string{"0.1", "1e300", "-2.2250738585072014e-308", "0.30000000000000004"}, true},
	{"day", "DATE", []string{"'2024-02-29'", "'0000-00-00'", "'2024-00-00'", "'9999-12-31'"}, true},
	{"at", "DATETIME(6)", []string{"'2024-02-29 23:59:59.123456'", "'2024-02-29 23:59:59.123457'", "'0000-00-00 00:00:00'", "'1000-01-01 00:00:00'"}, true},
	{"instant", "TIMESTAMP(3) NULL", []string{"'2024-02-29 23:59:59.123'", "'2024-02-29 23:59:59.124'", "'1970-01-01 00:00:01'"}, true},
	{"clock", "TIME", []string{"'-838:59:59'", "'12:00:01'", "'00:00:00'"}, true},
	{"yr", "YEAR", []string{"1901", "2155", "2024"}, true},
	{"name", "VARCHAR(100)", []string{"'a'", "'A'", "'ä'", "''", "'null'", `'a,b'`, `'(a)'`, `'{a}'`, `'"a"'`, `'back\\slash'`, "'a%b&c=d+e'", "' a'", "'Łódź 🙂'", `'line\nbreak'`}, true},
	{"bin", "VARCHAR(100) CHARACTER SET latin1 COLLATE latin1_bin", []string{"'a'", "'A'", "'é'", "''"}, true},
	{"long", "TEXT", []string{"'short'", "REPEAT('x', 120)", "REPEAT('y', 120)"}, true},
	{"bytes", "VARBINARY(20)", []string{"x'00ff'", "x''", "x'fb00'", "'plain'"}, true},
	{"bits", "BIT(64)", []string{"0", "1", "18446744073709551615"}, true},
	{"member", "ENUM('z', 'a', '10', '9')", []string{"'z'", "'a'", "'10'", "'9'"}, false},
	{"doc", "JSON", []string{`'{"a": 1}'`, `'[1]'`}, false},
}

// mysqlEasyValues are those that the embedded engine compares as MySQL does.
var mysqlEasyValues = map[string][]string{
	"dbl": {"0.5", "1", "2.25"}, "day": {"'2024-02-29'", "'2024-03-01'"}, "at": {"'2024-02-29'", "'1000-01-01'"},
	"instant": {"'2024-02-29 23:59:59'", "'2024-02-29 23:59:58'"},
}

// mysqlPagedTable makes the table sample with all of mysqlPagedColumns and so many
// rows, whose ids have gaps.
func mysqlPagedTable(t *testing.T, d *mysqlDatabase, rows int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var columns, values []string
	for _, c := range mysqlPagedColumns {
		columns = append(columns, "`"+c.name+"` "+c.definition)
	}
	for i := range rows {
		row := []string{fmt.Sprint(10 * (i + 1))}
		for _, c := range mysqlPagedColumns {
			if easy := mysqlEasyValues[c.name]; easy != nil && d.engine == engineEmbedded {
				c.values = easy
			}
			if value := c.values[random.IntN(len(c.values))]; random.IntN(5) > 0 || strings.Contains(c.definition, "NOT NULL") {
				row = append(row, value)
			} else {
				row = append(row, "NULL")
			}
		}
		values = append(values, "("+strings.Join(row, ", ")+")")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, "+strings.Join(columns, ", ")+") CHARACTER SET utf8mb4",
		"INSERT INTO sample VALUES "+strings.Join(values, ",\n"))
}

// From page to page every row comes once, in the order that was asked for and of
// the key, whatever the type, its values and NULLs.
func TestMySQLPages(t *testing.T) {
	d := newMySQLDatabase(t)
	const rows = 150
	mysqlPagedTable(t, d, rows)
	base := mysqlServe(t, d.env)
	for _, c := range mysqlPagedColumns {
		for _, order := range []string{"%s", "%s.desc", "%s.nullslast", "%s.desc.nullsfirst"} {
			order := fmt.Sprintf(order, c.name)
			t.Run(order, func(t *testing.T) {
				key := ",id"
				if strings.Contains(order, ".desc") {
					key = ",id.desc"
				}
				want := mysqlGetPage(t, base, "/read?select=id&order="+order+key).ids
				got, pages := mysqlFollow(t, base, "/read?limit=7&select=id&order="+order, nil)
				switch {
				case !c.byKey: // what an offset leads to
					slices.Sort(got)
					slices.Sort(want)
				case len(pages) > 1 && !strings.Contains(pages[1], "or="):
					t.Errorf("the second page is %q; want a filter", pages[1])
				}
				if !slices.Equal(got, want) || len(want) != rows {
					t.Errorf("pages of order=%s have the rows\n%v\nwant\n%v\nthe last page was %s", order, got, want, pages[len(pages)-1])
				}
			})
		}
	}
}

// What others insert and delete elsewhere does not matter: each row that is there
// throughout comes once.
func TestMySQLPagesWhileOthersWrite(t *testing.T) {
	d := newMySQLDatabase(t)
	const rows = 150
	mysqlPagedTable(t, d, rows)
	base := mysqlServe(t, d.env)
	for i, order := range []string{"id", "id.desc", "name", "at.desc", "tiny,name.desc"} {
		t.Run(order, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(i), 3))
			got, _ := mysqlFollow(t, base, "/read?limit=7&order="+order, func(page int) {
				for range 3 { // behind, and before, whatever page comes next
					id := 10*random.IntN(rows) + 1 + random.IntN(9)
					d.exec(t, fmt.Sprintf("INSERT IGNORE INTO sample (id, name, at, tiny, ubig) VALUES (%d, 'm%d', NOW(), %d, 1)", id, id, id%256),
						fmt.Sprintf("DELETE FROM sample WHERE id %% 10 > 0 AND id < %d ORDER BY id DESC LIMIT 2", 10*random.IntN(rows)))
				}
			})
			seen := map[int]int{}
			for _, id := range got {
				seen[id]++
			}
			for id := 10; id <= 10*rows; id += 10 {
				if seen[id] != 1 {
					t.Fatalf("order=%s: row %d came %d times; want once", order, id, seen[id])
				}
			}
		})
	}
}

// mysqlLargePages makes rows of 20 KB, of which a few come at once before a page is
// sent as it is read, each with rows of its own.
func mysqlLargePages(t *testing.T) (d *mysqlDatabase, rows int) {
	t.Helper()
	d = newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE owners (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO owners VALUES (1, 'a'), (2, 'b')",
		"CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(20), born DATE, owner INT, filler MEDIUMTEXT, "+
			"INDEX (name), FOREIGN KEY (owner) REFERENCES owners (id))",
		"CREATE TABLE parts (id INT PRIMARY KEY, sample INT, FOREIGN KEY (sample) REFERENCES sample (id))",
		"CREATE TABLE more (id INT PRIMARY KEY, sample INT, FOREIGN KEY (sample) REFERENCES sample (id))")
	rows = 240
	noDay := "0000-00-00"
	if d.engine == engineEmbedded {
		noDay = "2000-01-01"
	}
	var values, parts []string
	for id := range rows {
		name, day := fmt.Sprintf("'n%d'", id%7), "'"+noDay+"'"
		if id%7 == 0 {
			name = "NULL"
		}
		if id%2 == 0 {
			day = fmt.Sprintf("'2024-01-%02d'", 1+id%30)
		}
		values = append(values, fmt.Sprintf("(%d, %s, %s, %d, REPEAT('x', 20000))", id, name, day, 1+id%2))
		for part := range id % 3 {
			parts = append(parts, fmt.Sprintf("(%d, %d)", 10*id+part, id))
		}
	}
	d.exec(t, "INSERT INTO sample VALUES "+strings.Join(values, ", "), "INSERT INTO parts VALUES "+strings.Join(parts, ", "),
		"INSERT INTO more VALUES "+strings.Join(parts, ", "))
	d.env["DB_TABLES"] = "sample,owners,parts,more"
	return d, rows
}

// Of what is sent before it has been read the link stands before the rows, and
// leads as well.
func TestMySQLPagesStreamed(t *testing.T) {
	d, rows := mysqlLargePages(t)
	d.env["MAX_ROWS"] = "100"
	base := mysqlServe(t, d.env)
	for _, path := range []string{
		"/read", "/read?limit=70", "/read?limit=70&order=name", "/read?limit=70&order=name.desc", "/read?limit=80&order=born.nullslast,name",
		"/read?order=name", "/read?order=born.desc", "/read?limit=60&offset=0", "/read?order=owners(name)&select=*,owners()",
		"/read?select=*,owners(name)&order=name", "/read?select=*,parts(id)&order=name", "/read?select=*,parts(id),more(id)&order=born",
		"/read?select=*,parts(id),more(id)&order=name.desc&limit=75", "/read?select=*,owners!inner(name),parts(id)&owners.name=eq.a",
	} {
		t.Run(path, func(t *testing.T) {
			want := rows
			if strings.Contains(path, "eq.a") {
				want /= 2
			}
			if isUnion := strings.Contains(path, "parts("); isUnion && d.engine == engineEmbedded {
				t.Skip("the embedded engine has no order of unions")
			}
			got, pages := mysqlFollow(t, base, path, nil)
			all := len(got)
			slices.Sort(got)
			if got = slices.Compact(got); all != want || len(got) != want || len(pages) < 2 {
				t.Errorf("%d rows, %d of them once, in the pages %q; want %d", all, len(got), pages, want)
			}
		})
	}
}

// A page that MAX_ROWS has ended never looks whole, and one that it has not does.
func TestMySQLPagesCapped(t *testing.T) {
	d, _ := mysqlLargePages(t)
	d.env["MAX_ROWS"] = "100"
	base := mysqlServe(t, d.env)
	const next = `>; rel="next"`
	tests := []struct {
		path, prefer string
		status       int
		page, link   string // Content-Range, if it is known, and the link without its end
	}{
		{"/read?select=id", "", 206, "0-99/*", "</read?select=id&or=%28id.gt.99%29"},
		{"/read?select=id&limit=100", "", 200, "0-99/*", "</read?select=id&limit=100&or=%28id.gt.99%29"},
		{"/read?select=id&limit=1000", "", 206, "0-99/*", "</read?select=id&limit=1000&or=%28id.gt.99%29"},
		{"/read?select=id&id=lt.100", "", 200, "0-99/*", ""},
		{"/read?select=id&id=lt.101", "", 206, "0-99/*", "</read?select=id&id=lt.101&or=%28id.gt.99%29"},
		{"/read?select=id&id=lt.99", "", 200, "0-98/*", ""},
		{"/read?select=id&offset=140", "", 200, "140-239/*", ""},
		{"/read?select=id&offset=139", "", 206, "139-238/*", "</read?select=id&or=%28id.gt.238%29"},
		{"/read?select=id", "count=exact", 206, "0-99/240", "</read?select=id&or=%28id.gt.99%29"},
		{"/read?select=id&id=lt.100&limit=100", "count=exact", 200, "0-99/100", ""},
		{"/read?select=id&limit=0", "", 200, "*/*", ""},
		{"/read?order=id", "", 206, "0-99/*", "</read?order=id&or=%28id.gt.99%29"},
		{"/read?id=lt.100", "", 200, "", ""},
		{"/read?id=lt.101", "", 206, "0-99/*", "</read?id=lt.101&or=%28id.gt.99%29"},
		{"/read?limit=99", "", 200, "0-98/*", "</read?limit=99&or=%28id.gt.98%29"},
		{"/read?select=name,count()", "", 200, "0-6/*", ""},
		{"/read?select=name,count()&limit=3", "", 200, "0-2/*", "</read?select=name,count()&limit=3&offset=3"},
		{"/read?select=id,parts(id)", "", 206, "0-99/*", "</read?select=id,parts(id)&or=%28id.gt.99%29"},
		{"/read?select=id,parts(id),more(id)&order=name", "", 206, "0-99/*", "</read?select=id,parts(id),more(id)&order=name&or=%28name.gt.n2%2Cand%28name.eq.n2%2Cid.gt.205%29%29"},
		{"/read?order=name.desc&select=id&limit=210", "", 206, "0-99/*", "</read?order=name.desc&select=id&limit=210&or=%28name.lt.n4%2Cname.is.null%2Cand%28name.eq.n4%2Cid.lt.18%29%29"},
	}
	for _, tt := range tests {
		t.Run(tt.path+" "+tt.prefer, func(t *testing.T) {
			resp, body := send(t, "GET", base+tt.path, "Prefer: "+tt.prefer)
			link := resp.Header.Get("Link")
			if resp.StatusCode != tt.status || resp.Header.Get("Content-Range") != tt.page || strings.TrimSuffix(link, next) != tt.link {
				t.Errorf("GET %s = %d %s\n%s\n%.100s; want %d %s\n%s", tt.path, resp.StatusCode, resp.Header.Get("Content-Range"), link,
					body, tt.status, tt.page, tt.link)
			}
		})
	}
	for _, path := range []string{"/read/sample.csv", "/read/sample.ndjson", "/read/sample.csv?select=id", "/read/sample.ndjson?select=id"} {
		resp, body := send(t, "GET", base+path)
		want := 100
		if strings.Contains(path, ".csv") {
			want++
		}
		if lines := strings.Count(body, "\n"); resp.StatusCode != 206 || lines != want || !strings.HasPrefix(resp.Header.Get("Link"), "<"+path) {
			t.Errorf("GET %s = %d with %d lines, Link %q; want 206, %d lines and a link", path, resp.StatusCode, lines, resp.Header.Get("Link"), want)
		}
	}
}

// Who has the whole of what is a part by now does not take it for the whole.
func TestMySQLPagesETagOfPart(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(20))", "INSERT INTO sample VALUES (1, 'a'), (2, 'b')")
	d.env["MAX_ROWS"] = "2"
	base := mysqlServe(t, d.env)
	whole := mysqlGetPage(t, base, "/read?select=id")
	d.exec(t, "INSERT INTO sample VALUES (3, 'c')")
	part := mysqlGetPage(t, base, "/read?select=id", "If-None-Match: "+whole.header.Get("ETag"))
	if whole.status != 200 || part.status != 206 || !slices.Equal(part.ids, whole.ids) || part.next == "" {
		t.Errorf("%d %v, and then %d %v with %q; want 200, and the same rows with 206 and a link", whole.status, whole.ids, part.status, part.ids, part.next)
	}
}

// Pages without an order come in that of the index that finds their rows, each of
// them once.
func TestMySQLPagesByIndex(t *testing.T) {
	d, _ := mysqlLargePages(t)
	base := mysqlServe(t, d.env)
	for _, tt := range []struct{ filter, second string }{
		{"name=gte.n1", "or=(name.gt.n1,"},
		{"name=in.(n1,n2,n3)&id=neq.5", "or=(name.gt.n1,"},
		{"name=eq.n1", "or=(id.gt."},
		{"born=gte.2000-01-01", "or=(id.gt."},
	} {
		path := "/read?select=id,parts(id)&" + tt.filter
		want := mysqlGetPage(t, base, path).ids
		got, pages := mysqlFollow(t, base, path+"&limit=7", nil)
		slices.Sort(want)
		slices.Sort(got)
		second, _ := url.QueryUnescape(pages[min(1, len(pages)-1)])
		if !slices.Equal(got, want) || !strings.Contains(second, tt.second) {
			t.Errorf("pages of %s have the rows\n%v\nwant\n%v\nthe second is %s, want %s", path, got, want, second, tt.second)
		}
	}
}
