package main

// This file reads, on a real server, tables of which an account sees a part: by
// grants on some columns, and by columns that are invisible. How to run it:
// mysql_test.go.

import (
	"net/http"
	"testing"
)

// An account with grants on some columns has these as the table. Grants that come
// and go count at once, or when somebody asks for what is not known.
func TestMySQLColumnGrants(t *testing.T) {
	d := newMySQLDatabase(t)
	if _, otherwise := d.exception(t, "column denied"); otherwise {
		t.Skip("no privileges on columns")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(20), f FLOAT, doc JSON, secret VARCHAR(20))",
		`INSERT INTO sample VALUES (1, 'Ada', 0.1, '{"a": 1}', 'x'), (2, 'Bob', 16777217, NULL, 'y')`,
		"CREATE VIEW seen AS SELECT * FROM sample")
	user, env := d.newUser(t)
	d.exec(t, "GRANT SELECT (id, name, doc) ON sample TO "+user, "GRANT SELECT (name, id, f) ON seen TO "+user)
	d.env = env
	const ada, bob = `{"id":1,"name":"Ada","doc":{"a": 1}}`, `{"id":2,"name":"Bob","doc":null}`
	tests := []struct{ query, accept, want string }{
		{"", "", "[" + ada + ",\n" + bob + "]\n"},
		{"select=*", "", "[" + ada + ",\n" + bob + "]\n"},
		{"select=*&order=id.desc", "", "[" + bob + ",\n" + ada + "]\n"},
		{"select=name,*&id=eq.2", "", `[{"name":"Bob","id":2,"doc":null}]` + "\n"},
		{"name=eq.Ada", "", "[" + ada + "]\n"},
		{"select=id&or=(name.like.B*,id.gt.7)", "", `[{"id":2}]` + "\n"},
		{"limit=1&order=id", "", "[" + ada + "]\n"},
		{"id=eq.1", "application/vnd.pgrst.object+json", ada + "\n"},
		{"", "text/csv", "id,name,doc\r\n1,Ada,\"{\"\"a\"\": 1}\"\r\n2,Bob,\r\n"},
		{"", "application/x-ndjson", ada + "\n" + bob + "\n"},
	}
	for _, tt := range tests {
		t.Run(tt.query+" "+tt.accept, func(t *testing.T) {
			r := newMySQLReader(t, d, "sample")
			for _, count := range []string{"", "count=exact", ""} {
				if resp, body := r.do(t, http.MethodGet, "/read", tt.query, "Accept", tt.accept, "Prefer", count); body != tt.want {
					t.Errorf("GET = %d %q; want %q", resp.StatusCode, body, tt.want)
				}
			}
			for _, count := range []string{"", "count=exact"} {
				if resp, _ := r.do(t, http.MethodHead, "/read", tt.query, "Accept", tt.accept, "Prefer", count); resp.StatusCode > 206 {
					t.Errorf("HEAD, Prefer %q = %d; want 200 or 206", count, resp.StatusCode)
				}
			}
		})
	}
	r := newMySQLReader(t, d, "sample", "seen")
	for _, query := range []string{"secret=eq.x", "select=secret", "order=secret", "select=id&or=(secret.eq.x,id.eq.1)", "f=gt.0", "select=*,f"} {
		mysqlWantError(t, r.base+"/read/sample?"+query, http.StatusBadRequest, "42703")
	}
	mysqlWantBody(t, r.base+"/read/seen", `[{"id":1,"name":"Ada","f":0.1},`+"\n"+`{"id":2,"name":"Bob","f":16777216}]`+"\n")
	mysqlWantBody(t, r.base+"/read/seen?f=eq.0.1", `[{"id":1,"name":"Ada","f":0.1}]`+"\n")
}

// Grants are given and taken while readapi runs.
func TestMySQLGrantChanges(t *testing.T) {
	d := newMySQLDatabase(t)
	if _, otherwise := d.exception(t, "column denied"); otherwise {
		t.Skip("no privileges on columns")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(20), secret VARCHAR(20))", "INSERT INTO sample VALUES (1, 'Ada', 'x')")
	user, env := d.newUser(t)
	d.exec(t, "GRANT SELECT ON sample TO "+user)
	base := mysqlServe(t, env)
	const all = `[{"id":1,"name":"Ada","secret":"x"}]` + "\n"
	mysqlWantBody(t, base+"/read", all)
	mysqlWantBody(t, base+"/read?secret=eq.x", all)
	d.exec(t, "REVOKE SELECT ON sample FROM "+user, "GRANT SELECT (id, name) ON sample TO "+user)
	const some = `[{"id":1,"name":"Ada"}]` + "\n"
	mysqlWantError(t, base+"/read?secret=eq.x", http.StatusBadRequest, "42703")
	mysqlWantBody(t, base+"/read", some)
	mysqlWantBody(t, base+"/read?id=eq.1", some)
	d.exec(t, "GRANT SELECT (secret) ON sample TO "+user)
	mysqlWantBody(t, base+"/read?secret=eq.x&select=id,secret", `[{"id":1,"secret":"x"}]`+"\n")
	mysqlWantBody(t, base+"/read", all)
	d.exec(t, "REVOKE SELECT (name, secret) ON sample FROM "+user)
	mysqlWantBody(t, base+"/read", `[{"id":1}]`+"\n")
	mysqlWantError(t, base+"/read?select=name", http.StatusBadRequest, "42703")
	d.exec(t, "REVOKE SELECT (id) ON sample FROM "+user)
	mysqlWantError(t, base+"/read?id=eq.1", http.StatusInternalServerError, "42501")
	mysqlWantError(t, base+"/read", http.StatusInternalServerError, "42501")
	d.exec(t, "GRANT SELECT ON sample TO "+user)
	mysqlWantBody(t, base+"/read?secret=eq.x", all)
	mysqlWantBody(t, base+"/read", all)
}

// Invisible columns can be named, and are no part of *.
func TestMySQLInvisibleColumns(t *testing.T) {
	d := newMySQLDatabase(t)
	switch d.engine {
	case engineEmbedded:
		t.Skip("no invisible columns")
	case engineMySQL:
		d.exec(t, "SET sql_generate_invisible_primary_key = 1", "CREATE TABLE keyless (v INT)", "SET sql_generate_invisible_primary_key = 0")
	default:
		d.exec(t, "CREATE TABLE keyless (my_row_id BIGINT UNSIGNED AUTO_INCREMENT INVISIBLE PRIMARY KEY, v INT)")
	}
	d.exec(t, "INSERT INTO keyless (v) VALUES (7), (8)",
		"CREATE TABLE sample (id INT PRIMARY KEY, h INT DEFAULT 5 INVISIBLE, f FLOAT INVISIBLE DEFAULT 0.1, doc JSON)", `INSERT INTO sample (id, doc) VALUES (1, '{"a": 1}')`)
	const row = `[{"id":1,"doc":{"a": 1}}]` + "\n"
	base := newMySQLReader(t, d, "sample", "keyless").base
	for query, want := range map[string]string{
		"":                                  row,
		"?select=*":                         row,
		"?h=eq.5":                           row,
		"?f=eq.0.1&order=h":                 row,
		"?h=eq.6":                           "[]\n",
		"?select=id,h,f":                    `[{"id":1,"h":5,"f":0.1}]` + "\n",
		"?select=h,*":                       `[{"h":5,"id":1,"doc":{"a": 1}}]` + "\n",
		"?select=x:h&or=(h.gt.4,h.is.null)": `[{"x":5}]` + "\n",
	} {
		mysqlWantBody(t, base+"/read/sample"+query, want)
	}
	mysqlWantBody(t, base+"/read/keyless", `[{"v":7},`+"\n"+`{"v":8}]`+"\n")
	mysqlWantBody(t, base+"/read/keyless?select=my_row_id,v&order=my_row_id.desc&limit=1", `[{"my_row_id":2,"v":8}]`+"\n")
	mysqlWantBody(t, base+"/read/keyless?my_row_id=eq.2", `[{"v":8}]`+"\n")
	d.exec(t, "ALTER TABLE sample MODIFY h INT DEFAULT 5")
	mysqlWantBody(t, base+"/read/sample", `[{"id":1,"h":5,"doc":{"a": 1}}]`+"\n")
	mysqlWantBody(t, base+"/read/sample?select=h", `[{"h":5}]`+"\n")
}
