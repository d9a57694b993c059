package main

// This file has what the tests of the page at / share: tables that refer to each
// other, readapi behind a proxy, and what stands on the page.

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"database/sql"
)

// relatedTables is a small database: huts belong to regions, stays to huts.
var relatedTables = []string{
	"CREATE TABLE regions (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, KEY (id)) COMMENT 'Mountain ranges, by the name that maps give them'",
	"CREATE TABLE huts (id BIGINT PRIMARY KEY COMMENT 'never given twice', name VARCHAR(80) NOT NULL, region_id INT COMMENT 'the range it stands in', " +
		"kind ENUM('hut','lodge','bivouac'), price DECIMAL(10,2) COMMENT 'euros a night; NULL: ask', details JSON, picture BLOB, notes TEXT, " +
		"updated_at TIMESTAMP NOT NULL DEFAULT '2025-06-01 12:00:00', KEY (id), CONSTRAINT huts_region FOREIGN KEY (region_id) REFERENCES regions (id)) COMMENT 'Mountain huts that take guests'",
	"CREATE TABLE stays (id INT PRIMARY KEY, hut_id BIGINT NOT NULL, guest VARCHAR(40), nights INT NOT NULL, " +
		"CONSTRAINT stays_hut FOREIGN KEY (hut_id) REFERENCES huts (id))",
	"INSERT INTO regions VALUES (1,'Dolomites'),(2,'Tatras'),(3,'Mont Blanc')",
	`INSERT INTO huts VALUES
(1,'Rifugio Lagazuoi',1,'hut',42.00,'{"phone":"+39 0000 112233","routes":[{"from":"Passo Falzarego","hours":1.75}]}',x'47494638396101000100800000B222220000002C00000000010001000002024401003B','Sauna with a view of the Marmolada.',DEFAULT),
(2,'Chata pod Rysmi',2,'hut',28.00,NULL,NULL,'Everything is carried up on backs. Take a load from the shed below and your tea is free; the path is steep, the chains are cold in the morning, and the view is worth it.',DEFAULT),
(3,'Refuge du Goûter',3,'hut',95.50,NULL,NULL,'',DEFAULT),
(9007199254740993,'Bivacco Gervasutti',3,'bivouac',NULL,NULL,x'00',NULL,DEFAULT)`,
	"INSERT INTO stays VALUES (1,1,'Anna',2),(2,1,'Bo',1),(3,3,NULL,4)",
}

// newRelated makes the tables in a database of that name.
func newRelated(t testing.TB, b *browser, name string) *sql.DB {
	t.Helper()
	admin := newAdmin(t, b.engine)
	execute(t, admin, "CREATE DATABASE "+name)
	config := readerConfig(b.engine.addr.String(), name)
	config.User, config.Passwd = adminUser, b.engine.adminPassword
	db := openDatabase(config)
	t.Cleanup(func() { db.Close() })
	for _, statement := range relatedTables {
		execute(t, db, statement)
	}
	for i := range 130 {
		execute(t, db, "INSERT INTO huts (id, name, region_id, kind, price, notes) VALUES (?,?,?,?,?,?)",
			100+i, "Hut "+string(rune('A'+i%26))+" "+strings.Repeat("·", i%3+1), i%3+1, []string{"hut", "lodge", "bivouac"}[i%3], float64(i)/4+20, nil)
	}
	return db
}

func object(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// newFront serves api under a path, as a proxy does; answers replaces what is
// there by path, without the prefix.
func newFront(t testing.TB, api, prefix string, answers map[string]http.HandlerFunc) string {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1}
	server := httptest.NewServer(http.StripPrefix(prefix, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer, found := answers[r.URL.Path]; found {
			answer(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	return server.URL + prefix + "/"
}

// description is a document of tables that the engine cannot have.
func description(tables map[string]any) http.HandlerFunc {
	paths, schemas := object(), object()
	for name, schema := range tables {
		key := url.PathEscape(name)
		paths["/"+key] = object("get", object("summary", "Rows of "+name, "tags", []string{name}, "description", "About "+name,
			"responses", object("200", object("content", object("application/json", object("schema",
				object("type", "array", "items", object("$ref", "#/components/schemas/"+url.PathEscape(key)))))))))
		schemas[key] = schema
	}
	document, err := json.Marshal(object("openapi", "3.1.0", "info", object("title", "mydb", "version", "1"), "paths", paths,
		"components", object("schemas", schemas)))
	if err != nil {
		panic(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		w.Write(document)
	}
}

// testExplore looks at the page.
func testExplore(t *testing.T, b *browser) {
	newRelated(t, b, "explore")
	api := b.startAPI(t, "DB_NAME=explore", "DB_TABLES=huts,regions,stays")
	front := newFront(t, api, "/api", nil)
	p := b.open(t, front)
	shots(t, p, front)
}
