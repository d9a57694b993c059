package main

// This file holds answers against the schemas of the OpenAPI document, on a real
// server: every type, NULL or not, what views compute, odd names. The validator is
// ajv, which clients/ has; how to run the rest: mysql_test.go.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	database "readapi/internal/exec"
	"readapi/internal/testviews"
)

// mysqlOddTables are tables whose description is easily wrong. An engine that
// refuses one does without.
var mysqlOddTables = []struct{ name, columns, rows string }{
	{"enums", `e ENUM('a,b', 'it''s', 'back\\slash', 'new\nline', 'é', '(', ')', '"', 'tab\t') NULL`, `('a,b'), ('it''s'), ('back\\slash'), ('new\nline'), ('é'), ('('), ('"'), (NULL)`},
	{"enum_astral", `e ENUM('🔭', 'x')`, `('🔭'), ('x')`},
	{"enum_empty", `e ENUM('a') NOT NULL`, `('neither'), ('a')`},
	{"enum_latin1", `e ENUM('é', 'ß') CHARACTER SET latin1`, `('é'), ('ß')`},
	{"enum_binary", `e ENUM('a', 'b') CHARACTER SET binary`, `('a'), ('b')`},
	{"sets", `s SET('it''s', 'x\\y', 'é')`, `('it''s,é'), ('x\\y'), (''), (NULL)`},
	{"set_binary", `s SET('a', 'b') CHARACTER SET binary`, `('a,b'), ('')`},
	{"surrogates", `v VARCHAR(2) CHARACTER SET ucs2`, `(_ucs2 x'd800d800')`},
	{"astral", `v VARCHAR(2), c CHAR(1)`, `('🔭🔭', '🔭')`},
	{"invisible", `a INT, b INT INVISIBLE`, `(1)`},
	{"generated", `a INT, b INT AS (a + 1) STORED, c VARCHAR(3) AS (LEFT(a, 3)) VIRTUAL`, `(12345, DEFAULT, DEFAULT)`},
	{"Error", `code INT`, `(1)`},
	{"a b", `v INT`, `(1)`},
	{"a.20.b", `v VARCHAR(9)`, `('x')`},
	{"{x}", `v INT`, `(1)`},
	{"x~y%", `v INT`, `(1)`},
	{"☎é\"'", `v INT`, `(1)`},
	{strings.Repeat("n", 64), `v INT`, `(1)`},
	{"constructor", `toString INT, __proto__ INT`, `(1, 2)`},
	{"names", "`select` INT, `order` INT, `and` INT, `a\"b` INT, `{c}` INT, `d e` INT, `☎` INT, `$` INT", `(1, 2, 3, 4, 5, 6, 7, 8)`},
	{"dates", `d DATE NOT NULL, t TIMESTAMP(6) NULL, dt DATETIME`, `('0000-00-00', '0000-00-00', '0000-00-00'), ('2024-02-31', NULL, '2024-02-31 01:02:03'), ('0024-12-31', NULL, NULL)`},
	{"bool", `b BOOLEAN, b1 TINYINT(1) NOT NULL, u TINYINT(1) UNSIGNED`, `(TRUE, 5, 200), (NULL, -1, NULL)`},
	{"serials", `id SERIAL, r DOUBLE UNSIGNED, f FLOAT(7,3), d DECIMAL(5,2) UNSIGNED, n NUMERIC(4), i INTEGER UNSIGNED`, `(18446744073709551615, 1.5, 2.5, 3.25, 9, 4294967295)`},
	{"spatial", `p POINT, l LINESTRING, g GEOMETRYCOLLECTION`, `(ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0, 1 1)'), NULL)`},
	{"nationals", `n NCHAR(3), v NATIONAL VARCHAR(3), c CHAR(0), l LONG VARCHAR`, `('abc', 'é', '', 'x')`},
	{"empty", `v INT`, ``},
	{"wide", strings.Join(mysqlWide(), ", "), `()`},
}

// mysqlWide are a thousand columns.
func mysqlWide() []string {
	columns := make([]string, 1000)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d TINYINT DEFAULT %d", i, i%100)
	}
	return columns
}

// No answer of any table breaks the schema that the document has for it.
func TestMySQLSchemas(t *testing.T) {
	needValidator(t)
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded && os.Getenv("REQUIRE_NODE") != "1" {
		t.Skip("the information_schema of the embedded engine fails while another test drops its database: make clients runs this alone")
	}
	tables := append(d.newTypeTables(t), d.newOddTables(t)...)
	if d.engine != engineEmbedded {
		d.exec(t, testviews.Tables...)
		tables = append(tables, d.newViews(t)...)
	}
	if len(tables) < 100 {
		t.Fatalf("%d tables; want a hundred at least", len(tables))
	}
	for _, form := range []string{"number", "string"} {
		t.Run(form, func(t *testing.T) {
			env := mysqlWith(d.viewer(t), "DB_TABLES", strings.Join(tables, ","), "BIGINT_AS", form, "DECIMAL_AS", form)
			wantValid(t, mysqlServe(t, env), tables)
		})
	}
}

// needValidator skips the test if there is no Node, or nothing in clients/.
func needValidator(t testing.TB) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("clients/node_modules/ajv")
	}
	switch {
	case err != nil && os.Getenv("REQUIRE_NODE") == "1":
		t.Fatal(err)
	case err != nil:
		t.Skipf("%v: make clients installs and runs it", err)
	}
}

// newTypeTables makes tables and views of each type that the engine has.
func (d *mysqlDatabase) newTypeTables(t testing.TB) (names []string) {
	t.Helper()
	for i, tt := range mysqlTypes {
		if e, otherwise := mysqlExceptions[d.engine][tt.name]; otherwise && e.want == nil {
			continue
		}
		var literals []string
		for _, v := range tt.values {
			literals = append(literals, "("+v.literal+")")
		}
		rows := strings.Join(literals, ",")
		ddl := strings.TrimSuffix(cmp.Or(tt.ddl, tt.name), " NULL")
		table, full, view := fmt.Sprintf("type%d", i), fmt.Sprintf("full%d", i), fmt.Sprintf("view%d", i)
		d.exec(t, "CREATE TABLE "+table+" (v "+ddl+" NULL COMMENT 'a \"comment\" <b>')", "INSERT INTO "+table+" VALUES "+rows+",(NULL)",
			"CREATE TABLE "+full+" (v "+ddl+" NOT NULL)", "INSERT INTO "+full+" VALUES "+rows)
		names = append(names, table, full)
		if d.engine != engineEmbedded {
			d.exec(t, "CREATE VIEW "+view+" AS SELECT v, COALESCE(v, NULL) AS c, IF(1, v, NULL) AS i, (SELECT v FROM "+full+" LIMIT 1) AS s FROM "+table)
			names = append(names, view)
		}
	}
	return names
}

func (d *mysqlDatabase) newOddTables(t testing.TB) (names []string) {
	t.Helper()
	for _, tt := range mysqlOddTables {
		if _, otherwise := d.exception(t, tt.name); otherwise {
			continue
		}
		name := database.QuoteIdentifier(tt.name)
		create := "CREATE TABLE " + name + " (" + tt.columns + ")"
		if _, err := d.admin.ExecContext(t.Context(), create); err != nil {
			t.Logf("%s does without %s: %v", d.engine, tt.name, err)
			continue
		}
		if tt.rows != "" {
			insert := "INSERT INTO " + name + " VALUES " + tt.rows
			if _, err := d.admin.ExecContext(t.Context(), insert); err != nil {
				t.Logf("%s has no rows in %s: %v", d.engine, tt.name, err)
			}
		}
		names = append(names, tt.name)
	}
	return names
}

// wantValid reads the document and all tables, and gives them to the validator.
func wantValid(t testing.TB, base string, tables []string) {
	t.Helper()
	start := time.Now()
	status, document := mysqlGet(t, base+"/read/")
	t.Logf("document of %d tables after %v", len(tables), time.Since(start))
	if status != http.StatusOK {
		t.Fatalf("GET /read/ = %d %s; want 200", status, document)
	}
	var input bytes.Buffer
	fmt.Fprintf(&input, "{\"document\":%s}\n", bytes.TrimSpace([]byte(document)))
	for _, table := range tables {
		status, rows := mysqlGet(t, base+"/read/"+url.PathEscape(table))
		if status != http.StatusOK {
			t.Errorf("GET /read/%s = %d %s; want 200", table, status, rows)
			continue
		}
		var line bytes.Buffer
		name, _ := json.Marshal(table) // a string: it cannot fail
		if err := json.Compact(&line, []byte(rows)); err != nil {
			t.Errorf("GET /read/%s = %v", table, err)
			continue
		}
		fmt.Fprintf(&input, "{\"table\":%s,\"rows\":%s}\n", name, line.Bytes())
	}
	t.Logf("answers after %v", time.Since(start))
	node := exec.CommandContext(t.Context(), "node", "validate.js")
	node.Dir, node.Stdin = "clients", &input
	out, err := node.CombinedOutput()
	if want := fmt.Sprintf("checked %d\n", len(tables)); err != nil || string(out) != want {
		t.Errorf("validate.js = %v\n%.20000s; want %s", err, out, want)
	}
}
