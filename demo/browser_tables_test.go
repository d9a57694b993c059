package main

// This file has what the tests of the page at / share: tables that refer to each
// other, readapi behind a proxy, what tables and rows mean to the page, and what a
// person does. The tests are in browser_tables_*_test.go.

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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

// manyHuts are the huts that are made beside those.
const manyHuts = 130

// newRelated makes the tables in a database of that name, and serves them under a
// path as a proxy does.
func (b *browser) newRelated(t testing.TB, name string, settings ...string) (*sql.DB, string) {
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
	for i := range manyHuts {
		execute(t, db, "INSERT INTO huts (id, name, region_id, kind, price) VALUES (?, ?, ?, ?, ?)", 100+i, fmt.Sprint("Hut ", i),
			i%3+1, []string{"hut", "lodge", "bivouac"}[i%3], float64(i)/4+20)
	}
	api := b.startAPI(t, append(settings, "DB_NAME="+name, "DB_TABLES=huts,regions,stays")...)
	return db, newFront(t, api, "/some/path", map[string]http.HandlerFunc{"/read/": withKeys(api)})
}

// withKeys is the description with the keys of relatedTables: the engine tells
// readapi nothing of keys.
func withKeys(api string) http.HandlerFunc {
	const object, keys = `":{"type":"object",`, `"x-primary-key":["id"],`
	const foreign = keys + `"x-foreign-keys":[{"name":"k","columns":["%s"],"table":"%s","references":["id"]}],`
	keysOf := strings.NewReplacer(`"regions`+object, `"regions`+object+keys,
		`"huts`+object, `"huts`+object+fmt.Sprintf(foreign, "region_id", "regions"),
		`"stays`+object, `"stays`+object+fmt.Sprintf(foreign, "hut_id", "huts"))
	return func(w http.ResponseWriter, r *http.Request) {
		request, _ := http.NewRequestWithContext(r.Context(), "GET", api+"/read/", nil)
		request.Header.Set("Authorization", r.Header.Get("Authorization"))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		w.WriteHeader(response.StatusCode)
		keysOf.WriteString(w, string(body))
	}
}

// newFront serves api under a path, as a proxy does, and something else at those
// paths that answers has, without the prefix. It returns the address of the page.
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
	t.Cleanup(func() {
		server.CloseClientConnections() // live tables
		server.Close()
	})
	return server.URL + prefix + "/"
}

// object is a JSON object.
type object map[string]any

// describeAs answers with a document of tables that the engine cannot have.
func describeAs(t testing.TB, schemas object) http.HandlerFunc {
	t.Helper()
	paths, components := object{}, object{}
	for name, schema := range schemas {
		key := fmt.Sprintf("t%x", name)
		array := object{"type": "array", "items": object{"$ref": "#/components/schemas/" + key}}
		paths["/"+url.PathEscape(name)] = object{"get": object{
			"tags":      []string{name},
			"responses": object{"200": object{"content": object{"application/json": object{"schema": array}}}},
		}}
		components[key] = schema
	}
	document, err := json.Marshal(object{
		"openapi": "3.1.0", "info": object{"title": "mydb"}, "paths": paths, "components": object{"schemas": components},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answerJSON(string(document))
}

// answerJSON answers with a text.
func answerJSON(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(text))
	}
}

// click presses a button or follows a link, by keyboard.
func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent(kb.Enter))
}

// goTo goes to a view by its link, and waits for it.
func (p *tab) goTo(fragment, status string) {
	p.t.Helper()
	evaluate[any](p, fmt.Sprintf(`document.querySelector("#status").textContent = "Loading…", history.pushState(null, "", %q), `+
		`dispatchEvent(new HashChangeEvent("hashchange")), 1`, fragment))
	p.waitStatus(status)
}

// waitRows waits for what the first column of rows says, but for the numbers.
func (p *tab) waitColumn(number int, want ...string) {
	p.t.Helper()
	list, _ := json.Marshal(want)
	p.wait(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll("#body td:nth-of-type(%d)")].map((td) => td.textContent)) === %q`, number, list))
}

// waitTitle waits for what stands in the place of rows.
func (p *tab) waitTitle(title string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`document.querySelector("#notice h2")?.textContent === %q`, title))
}

// tabTo presses the tabulator until an element that fits has the focus.
func (p *tab) tabTo(condition string) {
	p.t.Helper()
	const most = 300
	for range most {
		p.do(chromedp.KeyEvent(kb.Tab))
		if evaluate[bool](p, "((e) => "+condition+")(document.activeElement)") {
			return
		}
	}
	p.t.Fatalf("%d steps with the tabulator lead to nothing with %s", most, condition)
}
