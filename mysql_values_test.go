package main

// This file has laws of values on a real server: a value has the same text in
// whatever way it is asked for, and through either protocol; and a row is never
// more than the memory for one. How to run it: mysql_test.go.

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// mysqlExactFloats are what was stored as FLOAT, and the shortest number that
// reads back to it.
var mysqlExactFloats = []mysqlValue{
	{"0.1", "0.1"},
	{"16777217", "16777216"},
	{"8388608.5", "8388608"},
	{"123456.789", "123456.79"},
	{"9999999", "9999999"},
	{"3.4028234e38", "3.4028235e+38"},
	{"-1.1754944e-38", "-1.1754944e-38"},
	{"1e-45", "1e-45"},
	{"1234567", "1234567"},
	{"0.333333333333", "0.33333334"},
}

// A FLOAT is exact from the first request on, in whatever form, in a view, and in
// a result that is streamed.
func TestMySQLFloatsExact(t *testing.T) {
	d := newMySQLDatabase(t)
	d.env = d.viewer(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, f FLOAT, pad VARCHAR(400))", "CREATE VIEW seen AS SELECT id, f, f AS g FROM sample")
	var rows []string
	for i := range 4000 {
		rows = append(rows, fmt.Sprintf("(%d, %s, REPEAT('x', 400))", i, mysqlExactFloats[i%len(mysqlExactFloats)].literal))
	}
	d.exec(t, "INSERT INTO sample VALUES "+strings.Join(rows, ","))
	queries := []string{"/read", "/read?order=id", "/read?select=f,id,pad&id=gte.0", "/read/seen", "/read/seen?order=id&select=id,f", "/read?id=lt.10", "/read/seen?f=not.is.null&limit=7"}
	for _, query := range queries {
		first := newMySQLReader(t, d, "sample", "seen") // each is the first request to its server
		for _, accept := range []string{"application/json", "text/csv", "application/x-ndjson"} {
			path, query, _ := strings.Cut(query, "?")
			_, body := first.do(t, http.MethodGet, path, query, "Accept", accept)
			wantFloats(t, path+"?"+query+" as "+accept, body, accept == "text/csv")
		}
	}
}

// wantFloats checks every row of a body by its id.
func wantFloats(t testing.TB, what, body string, isCSV bool) {
	t.Helper()
	var rows []map[string]string
	if isCSV {
		records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for _, record := range records[1:] {
			row := map[string]string{}
			for i, name := range records[0] {
				row[name] = record[i]
			}
			rows = append(rows, row)
		}
	} else {
		if body[0] == '{' {
			body = "[" + strings.ReplaceAll(strings.TrimSpace(body), "\n", ",") + "]"
		}
		rows = viewRows(t, body)
	}
	if len(rows) == 0 {
		t.Errorf("%s: no rows", what)
	}
	for _, row := range rows {
		var id int
		_, _ = fmt.Sscan(row["id"], &id)
		if want := mysqlExactFloats[id%len(mysqlExactFloats)].want; row["f"] != want {
			t.Fatalf("%s: row %d has %s; want %s", what, id, row["f"], want)
		}
	}
}

// A table with a FLOAT is read through another protocol than the same columns
// without it, and has the same text: for every type and value there is.
func TestMySQLBothProtocols(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has other fractions of seconds in its two protocols")
	}
	hasType := d.newAllTypes(t)
	for _, env := range []map[string]string{d.env, mysqlWith(d.env, "BIGINT_AS", "string", "DECIMAL_AS", "string")} {
		r := &mysqlReader{d, env, mysqlServe(t, env), mysqlClient(t)}
		for _, accept := range []string{"application/json", "text/csv"} {
			read := func(query string) []map[string]string {
				_, body := r.do(t, http.MethodGet, "/read", query, "Accept", accept)
				if accept == "text/csv" {
					return viewRecords(t, body)
				}
				return viewRows(t, body)
			}
			plain := read("")
			for i, tt := range mysqlTypes {
				if _, otherwise := d.queryException(tt.name); otherwise || !hasType[i] {
					continue
				}
				column := fmt.Sprintf("c%d", i)
				for n, row := range read("select=id," + column + "&order=id") {
					if want := plain[n]; row["id"] != want["id"] || row[column] != want[column] {
						t.Errorf("%s as %s, alone: %s; with a FLOAT %s", tt.name, accept, row[column], want[column])
					}
				}
			}
		}
	}
}

// BIGINT UNSIGNED beyond 2^63-1 is a number beside a FLOAT, too.
func TestMySQLUnsignedBesideFloat(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (u BIGINT UNSIGNED, f FLOAT)", "INSERT INTO sample VALUES (18446744073709551615, 0.1), (9223372036854775808, 0.1), (1, 0.1)")
	base := mysqlServe(t, d.env)
	const all = `[{"u":18446744073709551615,"f":0.1},` + "\n" + `{"u":9223372036854775808,"f":0.1},` + "\n" + `{"u":1,"f":0.1}]` + "\n"
	mysqlWantBody(t, base+"/read", all)
	mysqlWantBody(t, base+"/read?order=u.desc", all)
	mysqlWantBody(t, base+"/read?u=gt.18446744073709551614", `[{"u":18446744073709551615,"f":0.1}]`+"\n")
	mysqlWantBody(t, base+"/read?u=eq.9223372036854775808&select=f,u", `[{"f":0.1,"u":9223372036854775808}]`+"\n")
	asStrings := mysqlServe(t, mysqlWith(d.env, "BIGINT_AS", "string"))
	mysqlWantBody(t, asStrings+"/read", strings.NewReplacer(`"u":`, `"u":"`, `,"f"`, `","f"`).Replace(all))
}

// JSON is nested in every JSON form, its text in CSV, and nothing but its text is
// a string: MariaDB declares it as a text with a CHECK.
func TestMySQLJSONNested(t *testing.T) {
	d := newMySQLDatabase(t)
	d.env = d.viewer(t)
	d.exec(t, "CREATE TABLE sample (id BIGINT PRIMARY KEY, price DECIMAL(5,2), doc JSON, note TEXT)",
		`INSERT INTO sample VALUES (1, 1.50, '{"a": [1, "x"]}', '{"a": 1}'), (2, NULL, NULL, NULL)`,
		"CREATE VIEW seen AS SELECT id, doc, note FROM sample", "CREATE TABLE large (id INT PRIMARY KEY, doc JSON, pad VARCHAR(400))")
	const doc, note = `{"a": [1, "x"]}`, `"{\"a\": 1}"`
	const second = `{"id":2,"price":null,"doc":null,"note":null}`
	const first = `{"id":1,"price":1.50,"doc":` + doc + `,"note":` + note + `}`
	tests := []struct{ path, query, accept, want string }{
		{"/read", "", "", "[" + first + ",\n" + second + "]\n"},
		{"/read", "id=eq.1", "", "[" + first + "]\n"},
		{"/read", "select=doc&id=lt.2", "", `[{"doc":` + doc + "}]\n"},
		{"/read", "select=d:doc,note&order=id&limit=1", "", `[{"d":` + doc + `,"note":` + note + "}]\n"},
		{"/read", "select=doc::text&id=eq.1", "", `[{"doc":"{\"a\": [1, \"x\"]}"}]` + "\n"},
		{"/read", "", "application/x-ndjson", first + "\n" + second + "\n"},
		{"/read", "id=eq.1", "application/vnd.pgrst.object+json", first + "\n"},
		{"/read", "", "text/csv", "id,price,doc,note\r\n1,1.50,\"{\"\"a\"\": [1, \"\"x\"\"]}\",\"{\"\"a\"\": 1}\"\r\n2,,,\r\n"},
		{"/read", "", "application/vnd.pgrst.array+json;nulls=stripped", "[" + first + ",\n" + `{"id":2}` + "]\n"},
		{"/read/seen", "id=eq.1", "", `[{"id":1,"doc":` + doc + `,"note":` + note + "}]\n"},
		{"/read/seen", "limit=1&order=id", "", `[{"id":1,"doc":` + doc + `,"note":` + note + "}]\n"},
		{"/read/seen", "order=note.desc,id&limit=1", "", `[{"id":1,"doc":` + doc + `,"note":` + note + "}]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.path+"?"+tt.query+" "+tt.accept, func(t *testing.T) {
			r := newMySQLReader(t, d, "sample", "seen") // the first request, then the second
			for range 2 {
				if resp, body := r.do(t, http.MethodGet, tt.path, tt.query, "Accept", tt.accept); body != tt.want {
					t.Errorf("body = %d %q; want %q", resp.StatusCode, body, tt.want)
				}
			}
		})
	}
	t.Run("as strings", func(t *testing.T) {
		base := mysqlServe(t, mysqlWith(d.env, "BIGINT_AS", "string", "DECIMAL_AS", "string"))
		mysqlWantBody(t, base+"/read?limit=1&order=id", `[{"id":"1","price":"1.50","doc":`+doc+`,"note":`+note+"}]\n")
		mysqlWantBody(t, base+"/read", "["+strings.NewReplacer(`"id":1`, `"id":"1"`, `1.50`, `"1.50"`, `"id":2`, `"id":"2"`).Replace(first+",\n"+second)+"]\n")
	})
	t.Run("large", func(t *testing.T) {
		var rows []string
		for i := range 4000 {
			rows = append(rows, fmt.Sprintf(`(%d, '{"a": [%d]}', REPEAT('x', 400))`, i, i))
		}
		d.exec(t, "INSERT INTO large VALUES "+strings.Join(rows, ","))
		for _, query := range []string{"", "id=gte.0", "order=id", "select=id,doc,pad"} {
			_, body := newMySQLReader(t, d, "large").do(t, http.MethodGet, "/read/large", query)
			if n := strings.Count(body, `,"doc":{"a": [`); n != 4000 {
				t.Errorf("GET large?%s has %d documents; want 4000", query, n)
			}
		}
	})
}

// One row is bounded: by how often it has a column, and by its size.
func TestMySQLRowBound(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, body LONGTEXT, raw LONGBLOB)",
		"INSERT INTO sample VALUES (1, 'small', NULL), (2, REPEAT('é\\n', 5000000), REPEAT('x', 12000000))",
		"CREATE TABLE stream (id INT PRIMARY KEY, body LONGTEXT)")
	for i := range 4 {
		d.exec(t, fmt.Sprintf("INSERT INTO stream VALUES (%d, REPEAT('x', 500000))", i))
	}
	d.exec(t, "INSERT INTO stream VALUES (9, REPEAT('x', 15000000))")
	r := newMySQLReader(t, d, "sample", "stream")
	copies := func(column string, n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("x%d:%s", i, column))
		}
		return "select=" + strings.Join(list, ",")
	}
	const sample = "/read/sample?"
	for _, query := range []string{copies("body", 4), copies("body", 3) + ",*", copies("id", 9), copies("body::text", 4)} {
		mysqlWantError(t, r.base+sample+query, http.StatusBadRequest, "PGRST100")
	}
	mysqlWantBody(t, r.base+sample+copies("id", 8)+"&id=eq.1", `[{"x0":1,"x1":1,"x2":1,"x3":1,"x4":1,"x5":1,"x6":1,"x7":1}]`+"\n")
	for _, query := range []string{copies("body", 3), copies("raw", 3), "", copies("body", 3) + "&id=gt.1"} {
		mysqlWantError(t, r.base+sample+query, http.StatusInternalServerError, "54000")
	}
	for _, accept := range []string{"text/csv", "application/x-ndjson", "application/vnd.pgrst.object+json"} {
		if resp, body := r.do(t, http.MethodGet, "/read/sample", copies("body", 3)+"&id=eq.2", "Accept", accept); resp.StatusCode != 500 || !strings.Contains(body, "54000") {
			t.Errorf("GET as %s = %d %.200s; want 500 with 54000", accept, resp.StatusCode, body)
		}
	}
	if status, body := mysqlGet(t, r.base+sample+"select=body&id=eq.2"); status != http.StatusOK || len(body) < 20_000_000 {
		t.Errorf("one large column = %d, %d bytes; want it whole", status, len(body))
	}
	t.Run("in mid-stream", func(t *testing.T) {
		resp := mysqlOpen(t, r.base+"/read/stream?order=id&"+copies("body", 3))
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status = %d; want 200, because the first rows are good", resp.StatusCode)
		}
		mysqlWantBroken(t, resp.Body)
	})
	mysqlWantBody(t, r.base+sample+"id=eq.1", `[{"id":1,"body":"small","raw":null}]`+"\n")
}

// A BOOLEAN is true or false where that is wanted, whatever the read looks like,
// and another TINYINT is a number.
func TestMySQLBooleans(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine makes one type of BOOLEAN and TINYINT")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, yes BOOLEAN, n TINYINT, u TINYINT(1) UNSIGNED, doc JSON)",
		"INSERT INTO sample VALUES (1, TRUE, 1, 1, '[]'), (2, FALSE, 0, 0, '[]'), (3, NULL, NULL, NULL, NULL), (4, -7, 5, 5, '1')",
		"CREATE VIEW seen AS SELECT id, yes, n FROM sample")
	env := mysqlWith(d.env, "DB_TABLES", "sample,seen")
	base := mysqlServe(t, mysqlWith(env, "BOOLEAN_AS", "boolean"))
	const few = `[{"yes":true,"n":1},` + "\n" + `{"yes":false,"n":0},` + "\n" + `{"yes":null,"n":null},` + "\n" + `{"yes":true,"n":5}]` + "\n"
	mysqlWantBody(t, base+"/read?id=eq.2&select=*", `[{"id":2,"yes":false,"n":0,"u":0,"doc":[]}]`+"\n")
	mysqlWantBody(t, base+"/read?select=yes,n&order=id", few)
	mysqlWantBody(t, base+"/read/seen?select=yes,n&order=id", few)
	mysqlWantBody(t, base+"/read?yes=is.true&select=id,yes::text,o:yes&id=eq.4", `[{"id":4,"yes":"true","o":true}]`+"\n")
	for _, query := range []string{"yes=eq.true", "yes=eq.1", "yes=in.(true)"} {
		mysqlWantBody(t, base+"/read?select=yes&"+query, `[{"yes":true}]`+"\n")
	}
	for _, table := range []string{"sample", "seen"} { // SELECT *
		if _, body := mysqlGet(t, base+"/read/"+table); !strings.Contains(body, `{"id":1,"yes":true,"n":1`) || !strings.Contains(body, `{"id":4,"yes":true,"n":5`) {
			t.Errorf("GET /read/%s = %s; want booleans", table, body)
		}
	}
	asNumbers := mysqlServe(t, env)
	mysqlWantBody(t, asNumbers+"/read?id=eq.4&select=id,yes", `[{"id":4,"yes":-7}]`+"\n")
	if _, body := mysqlGet(t, asNumbers+"/read"); !strings.Contains(body, `{"id":4,"yes":-7,`) {
		t.Errorf("GET /read = %s; want numbers", body)
	}
}
