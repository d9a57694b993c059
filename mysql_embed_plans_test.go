package main

// This file has how many rows the server reads for a page with related tables: it
// asks the session in which readapi reads. How to run it: mysql_test.go.

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	mysqlManyParents = 100_000
	// mysqlManyReads is far more than what a page of ten needs, and far less
	// than any table has.
	mysqlManyReads = 3_000
)

// mysqlMany makes parents, with two children each, and tags, of which each parent
// has two.
var mysqlMany = []string{
	"CREATE TABLE digit (d INT PRIMARY KEY)", "INSERT INTO digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)",
	"CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL)",
	"CREATE TABLE child (id INT PRIMARY KEY, parent_id INT, qty INT NOT NULL, FOREIGN KEY (parent_id) REFERENCES parent (id))",
	"CREATE TABLE tag (id INT PRIMARY KEY, label VARCHAR(20) NOT NULL)",
	"CREATE TABLE parent_tag (parent_id INT, tag_id INT, PRIMARY KEY (parent_id, tag_id), " +
		"FOREIGN KEY (parent_id) REFERENCES parent (id), FOREIGN KEY (tag_id) REFERENCES tag (id))",
	"INSERT INTO parent SELECT n, CONCAT('p', n) FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n " +
		"FROM digit a, digit b, digit c, digit e, digit f) numbers",
	"INSERT INTO child SELECT id, id, id % 7 FROM parent", fmt.Sprintf("INSERT INTO child SELECT id + %d, id, id %% 5 FROM parent", mysqlManyParents),
	"INSERT INTO tag SELECT id, name FROM parent WHERE id < 1000",
	"INSERT INTO parent_tag SELECT id, id % 1000 FROM parent", "INSERT INTO parent_tag SELECT id, (id + 1) % 1000 FROM parent",
	"ANALYZE TABLE parent, child, tag, parent_tag",
}

// mysqlFewReads are requests that need little, however large the tables are. Not
// among them are parents of children that match a filter without an index: both
// engines look for all of these first.
var mysqlFewReads = []string{
	"parent?select=id,child(id)&order=id&limit=10",
	"parent?select=id,child(id)&limit=10",
	"parent?select=id,child(id,qty)&child.order=qty.desc,id&child.limit=1&order=id&limit=10",
	"parent?select=id,child(id)&child.qty=gt.2&order=id&limit=10",
	"parent?select=id,child!inner(id)&order=id&limit=10",
	"parent?select=id,child()&child=not.is.null&order=id&limit=10",
	"parent?select=id,child(count())&order=id&limit=10",
	"parent?select=id,child(qty.sum(),qty.max())&order=id&limit=10",
	"parent?select=id,...child(children:id)&child.order=id&order=id&limit=10",
	"parent?select=id,tag(label)&order=id&limit=10",
	"parent?select=id,child(id,parent(name,tag(id)))&order=id&limit=10",
	"child?select=id,parent(name)&order=id&limit=10",
	"child?select=id,...parent(name)&order=id&limit=10&offset=5",
	"child?select=id,parent!inner(name,tag(label))&order=id.desc&limit=10",
	"parent?select=id,child(id),tag(id)&id=in.(5,99999)",
}

// TestMySQLEmbedPlans holds that indexes are used.
func TestMySQLEmbedPlans(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine does not count the rows that it reads")
	}
	d.exec(t, mysqlMany...)
	api, pool := mysqlNewAPI(t, mysqlWith(d.env, "DB_MAX_CONNS", "1", "DB_TABLES", "parent,child,tag,parent_tag"))
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	for _, request := range mysqlFewReads {
		t.Run(request, func(t *testing.T) {
			ask := func() {
				if status, body := mysqlGet(t, server.URL+"/read/"+request); status != http.StatusOK || strings.Count(body, "\n") < 2 {
					t.Fatalf("GET %s = %d %.500s; want 200 and rows", request, status, body)
				}
			}
			ask() // learns what the tables are
			before := mysqlRowReads(t, pool)
			ask()
			if reads := mysqlRowReads(t, pool) - before; reads > mysqlManyReads {
				t.Errorf("GET %s reads %d rows; want %d at most", request, reads, mysqlManyReads)
			}
		})
	}
}

// mysqlRowReads is how many rows the session of a pool of one connection has
// read, by any index or none.
func mysqlRowReads(t testing.TB, pool *sql.DB) (reads int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	rows, err := pool.QueryContext(ctx, `SHOW SESSION STATUS LIKE 'Handler\_read%'`)
	if err != nil {
		t.Fatalf("SHOW SESSION STATUS = %v", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			t.Fatal(err)
		}
		reads += n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return reads
}
