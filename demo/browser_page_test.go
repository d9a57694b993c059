package main

// This file tests the page of site/ in a real browser, mostly on readapi and the
// embedded engine. An API that answers when the test says so stands in where
// the moment matters.

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// openPage serves the page and opens it with the address of api.
func (b *browser) openPage(t testing.TB, api string) *tab {
	t.Helper()
	server := httptest.NewServer(newSiteHandler())
	t.Cleanup(server.Close)
	return b.open(t, server.URL+"/?api="+api)
}

// waitStatus waits for the line below the table.
func (p *tab) waitStatus(want string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`document.querySelector("#status").textContent === %q`, want))
}

// waitNotice waits for what stands in the place of rows.
func (p *tab) waitNotice(title string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`document.querySelector("#notice strong")?.textContent === %q`, title))
}

// wantTexts compares the texts of all elements that match selector.
func (p *tab) wantTexts(selector string, want ...string) {
	p.t.Helper()
	got := evaluate[[]string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.textContent)`, selector))
	if !slices.Equal(got, want) {
		p.t.Errorf("texts of %s = %q; want %q", selector, got, want)
	}
}

// wantContains looks for parts in the text of the element.
func (p *tab) wantContains(selector string, parts ...string) {
	p.t.Helper()
	got := evaluate[string](p, fmt.Sprintf(`document.querySelector(%q).textContent`, selector))
	for _, part := range parts {
		if !strings.Contains(got, part) {
			p.t.Errorf("text of %s = %q; want it to contain %q", selector, got, part)
		}
	}
}

// search puts text, which must be another than before, into the search field
// and waits for the answer.
func (p *tab) search(text string) {
	p.t.Helper()
	before := evaluate[string](p, `document.forms[0].q.select(), document.querySelector("#request").textContent`)
	if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		p.t.Fatal(err)
	}
	p.wait(fmt.Sprintf(`document.querySelector("#request").textContent !== %q`, before))
	p.wait(`document.querySelector("#rows").ariaBusy === "false"`)
}

// choose sets the number of rows.
func (p *tab) choose(rows string) {
	p.t.Helper()
	p.do(chromedp.SetValue(chromedp.CSS("select"), rows))
	evaluate[bool](p, `document.forms[0].limit.dispatchEvent(new Event("input", { bubbles: true }))`)
}

func testRows(t *testing.T, b *browser) {
	p := b.openPage(t, b.startAPI(t))
	p.waitStatus("1–10 of 12")
	p.wantTexts("th", "name", "country", "altitude_m", "price", "notes")
	p.wantTexts("tr:first-child td", "Capanna Regina Margherita", "IT", "4554", "110.00",
		"The highest building in Europe. Bring a head for heights & a warm hat.")
	p.wantTexts("tbody tr:nth-child(9) td:nth-child(-n+4)", "Mueller Hut", "NZ", "1800", "null")
	p.wantTexts("#request", "select=name,country,altitude_m,price,notes\n&order=altitude_m.desc\n&limit=10\nPrefer: count=exact")
	p.wantTexts("#code", "206 Partial Content")
	p.wantContains("#response", "cache-control: no-cache\n", "content-range: 0-9/12\n", `etag: W/"`)

	p.do(chromedp.Click(chromedp.CSS("[name=all]")))
	p.choose("25")
	p.waitStatus("1–12 of 12")
	p.wantTexts("#code", "200 OK")
	if columns := evaluate[int](p, `document.querySelectorAll("th").length`); columns != 21 {
		t.Errorf("%d columns; want 21", columns)
	}
	p.wantTexts("tbody tr:nth-child(11) td:first-child", "9007199254740993") // a double has no such number
	p.wantContains("tbody tr:nth-child(5)", `{"phone":"+39 0000 112233","routes":[{"from":"Passo Falzarego","hours":1.75},`)
}

// testSearch also types what means something in LIKE or in the grammar.
func testSearch(t *testing.T, b *browser) {
	p := b.openPage(t, b.startAPI(t))
	p.waitStatus("1–10 of 12")
	tests := []struct{ text, want string }{
		{"the", "1–8 of 8"},
		{"THE H", "1–2 of 2"},
		{`"Mueller" on`, "1–1 of 1"},
		{"<script>", "1–1 of 1"},
		{"one, two", ""},
		{"%", ""},
		{"_", ""},
		{`\`, ""},
		{`")`, ""},
		{"荘", "1–1 of 1"},
	}
	for _, tt := range tests {
		p.search(tt.text)
		if tt.want == "" {
			p.waitNotice("No rows")
		}
		p.waitStatus(tt.want)
		p.wantTexts("#code", "200 OK")
	}
}

// testSorting uses the keyboard only.
func testSorting(t *testing.T, b *browser) {
	p := b.openPage(t, b.startAPI(t))
	p.waitStatus("1–10 of 12")
	for range 20 {
		p.do(chromedp.KeyEvent(kb.Tab))
		if evaluate[string](p, `document.activeElement.textContent`) == "price" {
			break
		}
	}
	tests := []struct{ key, sort, prices string }{
		{kb.Enter, "ascending", "null,0.00,21.10,24.50,28.00"},
		{" ", "descending", "110.00,95.50,88.00,61.25,57.75"},
		{kb.Enter, "ascending", "null,0.00,21.10,24.50,28.00"},
	}
	for _, tt := range tests {
		p.do(chromedp.KeyEvent(tt.key))
		p.wait(fmt.Sprintf(`document.querySelector("th:nth-child(4)").ariaSort === %q`, tt.sort))
		p.wantTexts("tbody tr:nth-child(-n+5) td:nth-child(4)", strings.Split(tt.prices, ",")...)
		if got := evaluate[string](p, `document.activeElement.textContent`); got != "price" {
			t.Errorf("after %q the focus is on %q; want the same button", tt.key, got)
		}
		if got := evaluate[int](p, `document.querySelectorAll("th:not([aria-sort=none])").length`); got != 1 {
			t.Errorf("after %q %d columns are sorted; want 1", tt.key, got)
		}
	}
}

func testPaging(t *testing.T, b *browser) {
	p := b.openPage(t, b.startAPI(t))
	p.waitStatus("1–10 of 12")
	steps := []struct{ button, status, disabled string }{
		{"#next", "11–12 of 12", "Next"},
		{"#next", "11–12 of 12", "Next"}, // nothing to turn to
		{"#previous", "1–10 of 12", "Previous"},
		{"#previous", "1–10 of 12", "Previous"},
	}
	for _, step := range steps {
		p.do(chromedp.Focus(chromedp.CSS(step.button)), chromedp.KeyEvent(kb.Enter))
		p.waitStatus(step.status)
		p.wantTexts("nav [aria-disabled=true]", step.disabled)
		if got := evaluate[string](p, `document.activeElement.id`); "#"+got != step.button {
			t.Errorf("the focus is on %q; want it on %s", got, step.button)
		}
	}
}

// testReload compares what the page says with what the browser says.
func testReload(t *testing.T, b *browser) {
	p := b.openPage(t, b.startAPI(t))
	p.waitStatus("1–10 of 12")
	wire := chromedp.Events(p.ctx, network.ResponseReceivedExtraInfo)
	p.do(chromedp.Click(chromedp.CSS("form button")))
	p.waitStatus("1–10 of 12, unchanged")
	p.wantTexts("#code", "304 Not Modified")
	p.wantContains("#request", "\nIf-None-Match: W/\"")
	if rows := evaluate[int](p, `document.querySelectorAll("tbody tr").length`); rows != 10 {
		t.Errorf("%d rows after a 304; want 10", rows)
	}
	for e, err := range wire {
		if err != nil || e.StatusCode == http.StatusNotModified {
			if err != nil {
				t.Errorf("no 304 on the wire: %v", err)
			}
			break
		}
	}
}

// testLoading holds the first answer back and loads again: the first request is
// given up.
func testLoading(t *testing.T, b *browser) {
	begun, ended := make(chan struct{}), make(chan struct{})
	var requests atomic.Int32
	api := newFakeAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			close(begun)
			<-r.Context().Done()
			close(ended)
			return
		}
		io.WriteString(w, `[{"name":"second"}]`)
	})
	p := b.openPage(t, api)
	<-begun
	p.waitStatus("Loading…")
	p.wait(`document.querySelector("#rows").ariaBusy === "true"`)
	p.do(chromedp.Click(chromedp.CSS("form button")))
	p.waitStatus("1–1 of ?")
	p.wait(`document.querySelector("#rows").ariaBusy === "false"`)
	p.wantTexts("td", "second")
	<-ended
}

// newFakeAPI serves answer to pages of any origin.
func newFakeAPI(t testing.TB, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "prefer, if-none-match")
		if r.Method != http.MethodOptions {
			answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// testErrors shows an error of readapi, an API of somebody else and none at all.
func testErrors(t *testing.T, b *browser) {
	admin := newAdmin(t, b.engine)
	execute(t, admin, "CREATE DATABASE other_table")
	execute(t, admin, "CREATE TABLE other_table.sample (id INT PRIMARY KEY, names TEXT, country TEXT)")
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<h1>Bad gateway</h1>")
	}
	hostile := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, `{"code":"<b>","message":"<img src=x onerror=alert(1)>","details":null,"hint":null}`)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	tests := []struct{ name, api, title, code, text string }{
		{"unknown column", b.startAPI(t, "DB_NAME=other_table"), "Error 42703", "400 Bad Request", `Perhaps you meant "names".`},
		{"HTML", newFakeAPI(t, html), "No answer", "No response", "not valid JSON"},
		{"hostile", newFakeAPI(t, hostile), "Error <b>", "418 I'm a teapot", "<img src=x onerror=alert(1)>"},
		{"refused by CORS", b.startAPI(t, "CORS_ORIGINS=https://example.com"), "No answer", "No response", "CORS_ORIGINS"},
		{"nobody there", closed.URL, "No answer", "No response", "Does readapi run there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := b.openPage(t, tt.api)
			p.waitNotice(tt.title)
			p.waitStatus("")
			p.wantTexts("#code", tt.code)
			p.wantTexts("td")
			p.wantContains("#notice", tt.text)
		})
	}
}
