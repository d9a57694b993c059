package main

// This file tests the ways to what there is to read: /read/, /read/NAME.csv and
// .ndjson, and -types.

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"readapi/internal/fakedb"
)

// newNamedServer serves tables of these names, all with the same rows.
func newNamedServer(t testing.TB, environment ...string) string {
	t.Helper()
	pool := sql.OpenDB(&fakedb.Table{
		Columns: fakedb.Columns("id BIGINT", "name VARCHAR"),
		Rows:    [][]driver.Value{{int64(1), []byte("Ada")}, {int64(2), []byte("a,b")}},
	})
	t.Cleanup(func() { pool.Close() })
	server := httptest.NewServer(newAPI(pool, testConfig(t, environment...), discardLog()))
	t.Cleanup(server.Close)
	return server.URL
}

func TestFormsByName(t *testing.T) {
	base := newNamedServer(t, "DB_TABLES=sample,sample.csv,a b")
	const csv, lines, array = "text/csv", "application/x-ndjson", "application/json"
	tests := []struct{ path, accept, want string }{
		{"/read/sample", "*/*", array},
		{"/read/sample.ndjson", "application/json", lines},
		{"/read/sample.csv", "text/csv", csv},
		{"/read/sample.csv", "*/*", array}, // the table that is called so: its Accept counts
		{"/read/sample.csv.csv", "application/json", csv},
		{"/read/sample.csv.ndjson", "text/html", lines},
		{"/read/a%20b.csv", "text/html", csv},
		{"/read/a%20b.csv?id=eq.1&select=id", "*/*", csv},
	}
	for _, tt := range tests {
		resp, body := send(t, "GET", base+tt.path, "Accept: "+tt.accept)
		if got, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); resp.StatusCode != http.StatusOK || got != tt.want {
			t.Errorf("GET %s, Accept: %s = %d, %s %.100s; want 200, %s", tt.path, tt.accept, resp.StatusCode, got, body, tt.want)
		}
	}
	for _, path := range []string{"/read/a%20b.tsv", "/read/none.csv", "/read/.csv", "/read.csv"} {
		if resp, _ := send(t, "GET", base+path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d; want 404", path, resp.StatusCode)
		}
	}
}

func TestDescriptionWantsToken(t *testing.T) {
	base := newNamedServer(t, "API_TOKENS=right")
	for _, path := range []string{"/read/", "/read/sample.csv"} {
		resp, body := send(t, "GET", base+path)
		checkError(t, resp, body, http.StatusUnauthorized, "PGRST301")
		if resp, _ := send(t, "GET", base+path, "Authorization: Bearer right"); resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s with a token = %d; want 200", path, resp.StatusCode)
		}
	}
	resp, body := send(t, "POST", base+"/read/", "Authorization: Bearer right")
	checkError(t, resp, body, http.StatusMethodNotAllowed, "PGRST117")
}

func TestDescriptionCORS(t *testing.T) {
	resp, _ := send(t, "GET", newNamedServer(t)+"/read/", "Origin: https://example.com")
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("Access-Control-Allow-Origin = %q; want *", got)
	}
}

func TestRunTypesFaults(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		code int
		want string
	}{
		{"configuration", map[string]string{"DB_PORT": "0"}, 2, "DB_USER: required"},
		{"no database", map[string]string{"DB_USER": "u", "DB_NAME": "d", "DB_PASSWORD": "p4ss", "DB_HOST": "/nowhere/sock", "DB_TIMEOUT": "100ms"}, 1, "types: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := run(t.Context(), []string{"-types"}, configLookup(tt.env), &stdout, io.Discard)
			if exitCode(err) != tt.code || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "p4ss") {
				t.Errorf("run(-types) = %v, exit code %d; want %q, %d", err, exitCode(err), tt.want, tt.code)
			}
			if stdout.Len() > 0 {
				t.Errorf("run(-types) printed %q; want nothing", &stdout)
			}
		})
	}
}

func TestMySQLRunTypes(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("its information_schema fails while another test drops its database")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(9))")
	types := func() string {
		var stdout bytes.Buffer
		if err := run(t.Context(), []string{"-types"}, configLookup(mysqlWith(d.env, "DB_TABLES", "sample,gone")), &stdout, io.Discard); err != nil {
			t.Fatalf("run(-types) = %v", err)
		}
		return stdout.String()
	}
	first := types()
	if !strings.Contains(first, "      sample: {\n        Row: {\n          id: number\n          name: string | null\n") || strings.Contains(first, "gone") {
		t.Errorf("run(-types) printed %s; want sample, and not what is not there", first)
	}
	if again := types(); again != first {
		t.Errorf("run(-types) printed %s; before it was %s", again, first)
	}
	if err := run(t.Context(), []string{"-types"}, configLookup(d.env), mainFullDisk{}, io.Discard); exitCode(err) != 1 {
		t.Errorf("run(-types) on a full disk = %v; want exit code 1", err)
	}
}

// BenchmarkMySQLDescription asks for the document of 300 tables with 20 columns
// each: cold, by a readapi that has just started, and warm.
func BenchmarkMySQLDescription(b *testing.B) {
	d := newMySQLDatabase(b)
	tables := make([]string, 300)
	for i := range tables {
		tables[i] = fmt.Sprint("t", i)
		columns := "id INT PRIMARY KEY"
		for j := range 19 {
			columns += fmt.Sprintf(", c%d VARCHAR(20) COMMENT 'column %d'", j, j)
		}
		d.exec(b, "CREATE TABLE "+tables[i]+" ("+columns+")")
	}
	env := mysqlWith(d.env, "DB_TABLES", strings.Join(tables, ","))
	ask := func(b *testing.B, handler http.Handler) {
		recorder := httptest.NewRecorder()
		if handler.ServeHTTP(recorder, httptest.NewRequestWithContext(b.Context(), "GET", "/read/", nil)); recorder.Code != http.StatusOK {
			b.Fatalf("GET /read/ = %d %s", recorder.Code, recorder.Body)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			api, pool := mysqlNewAPI(b, env)
			if err := pool.PingContext(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			ask(b, api)
		}
	})
	b.Run("warm", func(b *testing.B) {
		api, _ := mysqlNewAPI(b, env)
		ask(b, api)
		for b.Loop() {
			ask(b, api)
		}
	})
}
