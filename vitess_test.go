package main

// This file tests readapi on Vitess: a server without a password at 127.0.0.1 whose
// keyspace shop has two shards and a table sample, as ../shared/engines/vitess.sh
// starts it. TEST_VITESS_PORT is its port.

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// vitessRows is how many rows the table has: more than 10,000 on each shard, which
// is what Vitess gives in one piece.
const vitessRows = 24_000

// vitessModes are the workloads, as DB_SESSION sets them.
var vitessModes = map[string]string{"oltp": "", "olap": "workload=olap"}

// vitessEnv returns what readapi needs to read the table, which is filled.
func vitessEnv(t *testing.T) map[string]string {
	t.Helper()
	port := os.Getenv("TEST_VITESS_PORT")
	if port == "" {
		t.Skip("not run: TEST_VITESS_PORT is not set. Want a Vitess there, such as that of ../shared/engines/vitess.sh")
	}
	env := map[string]string{"DB_HOST": "127.0.0.1", "DB_PORT": port, "DB_USER": "root", "DB_NAME": "shop", "DB_TIMEOUT": "10s"}
	admin := mysqlAdmin(t, env, "shop")
	count := vitessCount(t, admin)
	for id := count + 1; count != vitessRows && id <= vitessRows; {
		var rows []string
		for end := min(id+499, vitessRows); id <= end; id++ {
			rows = append(rows, fmt.Sprintf("(%d, 'name %d', %d.25, '2024-02-29 23:59:59.123', '2024-03-01 00:00:00', 'tag%d', '{\"n\": %[1]d}', 18446744073709551615, 0.5)", id, id%1000, id%10, id%3))
		}
		mysqlExec(t, admin, "INSERT INTO sample (id, name, price, created, ts, tag, doc, u, f) VALUES "+strings.Join(rows, ", "))
	}
	if count := vitessCount(t, admin); count != vitessRows {
		t.Fatalf("the table has %d rows; want %d, or an empty one", count, vitessRows)
	}
	return env
}

func vitessCount(t *testing.T, admin *sql.DB) (count int) {
	t.Helper()
	if err := admin.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM sample").Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// TestVitessQueries asks for each part of the language, in both modes.
func TestVitessQueries(t *testing.T) {
	env := vitessEnv(t)
	tests := []struct{ query, want string }{ // ids
		{"id=eq.5", "[5]"},
		{"id=lt.3&order=id.desc", "[2 1]"},
		{"id=lte.3&order=id", "[1 2 3]"},
		{"id=gt.23998&order=id", "[23999 24000]"},
		{"id=gte.24000", "[24000]"},
		{"id=in.(7,9000,23000)&order=id", "[7 9000 23000]"},
		{"id=lt.4&id=neq.2&order=id", "[1 3]"},
		{"name=like.*me+999&id=lt.3000&order=id", "[999 1999 2999]"},
		{"name=ilike.NAME+7&order=id&limit=2", "[7 1007]"},
		{"name=is.null", "[]"},
		{"name=not.is.null&order=id&limit=1", "[1]"},
		{"or=(id.eq.1,and(id.gt.10,id.lt.12))&order=id", "[1 11]"},
		{"not.or=(id.gt.2,id.lt.2)", "[2]"},
		{"price=eq.3.25&order=id&limit=2&offset=1", "[13 23]"},
		{"created=gte.2024-02-29T23:59:59&id=eq.8", "[8]"},
		{"ts=eq.2024-03-01T01:00:00%2B01:00&id=eq.8", "[8]"},
		{"tag=eq.dGFnMQ==&order=id&limit=2", "[1 4]"},
		{"u=eq.18446744073709551615&id=eq.9", "[9]"},
		{"f=eq.0.5&id=eq.9", "[9]"},
		{"order=price.desc,id.desc&limit=2", "[23999 23989]"},
		{"id=gt.23000&order=id&offset=998", "[23999 24000]"},
		{"limit=0", "[]"},
	}
	for name, session := range vitessModes {
		base := mysqlServe(t, mysqlWith(env, "DB_SESSION", session))
		for _, tt := range tests {
			t.Run(name+" "+tt.query, func(t *testing.T) {
				_, body := mysqlGet(t, base+"/read?select=id&"+tt.query)
				ids, err := mysqlIDs(body)
				if err != nil || fmt.Sprint(ids) != tt.want {
					t.Errorf("GET %s = %v %v %.200s; want %s", tt.query, ids, err, body, tt.want)
				}
			})
		}
	}
}

// TestVitessAnswers asks for forms, counts, headers and errors, in both modes.
func TestVitessAnswers(t *testing.T) {
	env := vitessEnv(t)
	const row = `{"id":1,"name":"name 1","price":1.25,"created":"2024-02-29T23:59:59.123","ts":"2024-03-01T00:00:00Z",` +
		`"tag":"dGFnMQ==","doc":{"n": 1},"u":18446744073709551615,"f":0.5}`
	for name, session := range vitessModes {
		t.Run(name, func(t *testing.T) {
			base := mysqlServe(t, mysqlWith(env, "DB_SESSION", session))
			mysqlWantBody(t, base+"/read?id=eq.1", "["+row+"]\n")
			resp, body := send(t, "GET", base+"/read?id=eq.1", "Accept: application/vnd.pgrst.object+json")
			if strings.TrimSpace(body) != row {
				t.Errorf("object = %s %s; want %s", resp.Status, body, row)
			}
			if _, body = send(t, "GET", base+"/read?select=a:id,name&id=eq.1", "Accept: text/csv"); body != "a,name\r\n1,name 1\r\n" {
				t.Errorf("CSV = %q", body)
			}
			resp, body = send(t, "GET", base+"/read?select=id&id=lte.100&order=id&limit=2", "Prefer: count=exact")
			checkHeader(t, resp, "Content-Range", "0-1/100")
			if resp.StatusCode != http.StatusPartialContent {
				t.Errorf("counted = %s %s; want 206", resp.Status, body)
			}
			if _, body = send(t, "GET", base+"/read?select=id&limit=3"); strings.Count(body, "id") != 3 {
				t.Errorf("three rows in any order = %s", body)
			}
			mysqlWantError(t, base+"/read?none=eq.1", http.StatusBadRequest, "42703")
			mysqlWantError(t, base+"/read?id=eq.x", http.StatusBadRequest, "22P02")
			if resp, body = send(t, "GET", base+"/readyz"); resp.StatusCode != http.StatusOK {
				t.Errorf("GET /readyz = %s %s; want 200", resp.Status, body)
			}
		})
	}
}

// TestVitessLarge reads all rows: a stream with workload=olap, and without it an
// error that says so, at once, because Vitess gives 10,000 rows of a shard.
func TestVitessLarge(t *testing.T) {
	env := vitessEnv(t)
	oltp := mysqlServe(t, env)
	begun := time.Now()
	mysqlWantError(t, oltp+"/read", http.StatusInternalServerError, "54000")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("GET /read took %v; want no retries until DB_TIMEOUT", took)
	}
	_, body := mysqlGet(t, oltp+"/read")
	if !strings.Contains(body, "limit") {
		t.Errorf("GET /read = %s; want a hint at limit", body)
	}

	olap := mysqlServe(t, mysqlWith(env, "DB_SESSION", "workload=olap"))
	resp := mysqlOpen(t, olap+"/read")
	if resp.ContentLength != -1 {
		t.Errorf("Content-Length = %d; want a stream", resp.ContentLength)
	}
	for path, want := range map[string]int{"/read": vitessRows, "/read?select=id&order=name,id.desc": vitessRows, "/read?select=id&limit=15000": 15_000} {
		_, body := mysqlGet(t, olap+path)
		ids, err := mysqlIDs(body)
		if slices.Sort(ids); err != nil || len(ids) != want || len(slices.Compact(ids)) != want {
			t.Errorf("GET %s = %d ids, %v; want %d, each once", path, len(ids), err, want)
		}
	}
}

// TestVitessPages follows the links over all rows, in both modes: small pages, and
// with workload=olap also such as are streamed.
func TestVitessPages(t *testing.T) {
	env := vitessEnv(t)
	for name, session := range vitessModes {
		base := mysqlServe(t, mysqlWith(env, "DB_SESSION", session, "MAX_ROWS", "9000"))
		paths := []string{"/read?limit=4000", "/read?limit=4000&order=name.desc", "/read?select=id&order=price"}
		if session != "" {
			paths = append(paths, "/read", "/read?order=price.desc")
		}
		for _, path := range paths {
			t.Run(name+" "+path, func(t *testing.T) {
				ids, pages := mysqlFollow(t, base, path, nil)
				if slices.Sort(ids); len(ids) != vitessRows || len(slices.Compact(ids)) != vitessRows || len(pages) < 3 {
					t.Errorf("%d ids in %d pages; want %d, each once", len(ids), len(pages), vitessRows)
				}
			})
		}
	}
}
