package main

// This file tests what a person does on the page at /: find a table, read it,
// filter, sort, choose, turn pages, follow relations.

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func testTables(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_rows")
	p := b.open(t, page)
	p.waitStatus("1–50")
	p.wantTexts("#list a", "huts", "regions", "stays")
	p.wantTexts("h1", "huts")
	p.wantTexts("#about", "Mountain huts that take guests")
	p.wantTexts("#head .sort", "id", "name", "region_id", "kind", "price", "details", "picture", "notes", "updated_at")
	p.wantContains("#head th:nth-child(2)", "key", "bigint", "never given twice")
	p.wantContains("#head th:nth-child(4)", "int", "→ regions", "the range it stands in")
	p.wantContains("#body tr:nth-child(1)", "42.00", "35 B", `{"phone"`)
	if got := evaluate[string](p, `document.title`); got != "huts · page_rows" {
		t.Errorf("title %q; want %q", got, "huts · page_rows")
	}
	asked := evaluate[[]string](p, `performance.getEntriesByType("resource").map((e) => e.name.slice(location.href.indexOf("/some"))).slice(0, 3)`)
	if want := []string{"/some/path/page.css", "/some/path/page.js", "/some/path/read/"}; len(asked) != 3 || !slices.Equal(sorted(asked), sorted(want)) {
		t.Errorf("the page asked for %q; want %q first", asked, want)
	}
	p.goTo("#huts?order=id.desc", "1–50") // exact, NULL is not empty, and long texts are cut
	p.wantTexts("#body tr:nth-child(1) td:first-of-type", "9007199254740993")
	p.goTo("#huts?id=in.(2,3,9007199254740993)&select=id,price,notes&order=id", "1–3 of 3")
	p.wantTexts("#body tr:nth-child(2) td:last-child", "empty")
	p.wantTexts("#body tr:nth-child(3) td", "9007199254740993", "NULL", "NULL")
	p.wantTexts("#body .more", "…")
	p.click("#body .more")
	p.wait(`document.querySelector("#drawer").open`)
	p.wantContains("#drawer dd:last-of-type", "2025-06-01T12:00:00Z") // also what was not chosen
	p.wantContains("#drawer dl", "and the view is worth it.")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.wait(`!document.querySelector("#drawer").open && document.activeElement.className === "more"`)
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// testFilters fills the form in, goes back, and removes.
func testFilters(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_filters")
	p := b.open(t, page)
	p.waitStatus("1–50")
	tests := []struct {
		column, operator, value string
		fragment, status        string
	}{
		{"name", "contains", "Rys", "#huts?name=ilike.*Rys*", "1–1 of 1"},
		{"name", "contains", "%", `#huts?name=ilike.*%5C%25*`, "No rows"},
		{"name", "does not contain", "Hut", "#huts?name=not.ilike.*Hut*", "1–4 of 4"},
		{"name", "starts with", "hut 12", "#huts?name=ilike.hut%2012*", "1–11 of 11"},
		{"price", "≥", "52", "#huts?price=gte.52", "1–3 of 3"},
		{"id", "is one of", "1,2", "#huts?id=in.(1,2)", "1–2 of 2"},
		{"kind", "=", "lodge", "#huts?kind=eq.lodge", "1–43 of 43"},
		{"price", "is NULL", "", "#huts?price=is.null", "1–1 of 1"},
		{"id", "as PostgREST writes it", "not.gt.2", "#huts?id=not.gt.2", "1–2 of 2"},
		{"name", "=", `a,b "c" & d=e?#%+`, "#huts?name=eq.a,b%20%22c%22%20%26%20d%3De%3F%23%25%2B", "No rows"},
	}
	for _, tt := range tests {
		p.goTo("#huts", "1–50")
		p.click("#filter")
		p.set("Column", tt.column)
		p.set("Operator", tt.operator)
		p.set("Value", tt.value)
		p.click("#filters .main")
		p.wait(fmt.Sprintf(`location.hash === %q`, tt.fragment))
		p.waitStatus(tt.status)
		p.do(chromedp.Reload()) // the link alone gives the same form
		p.waitStatus(tt.status)
		got := evaluate[[]string](p, `["Column", "Operator", "Value"].map((label) => document.querySelector("[aria-label=" + label + "]").value)`)
		if want := []string{tt.column, tt.operator, tt.value}; !slices.Equal(got, want) && tt.operator != "is NULL" {
			t.Errorf("%s fills the form with %q; want %q", tt.fragment, got, want)
		}
	}
	p.goTo("#huts?kind=eq.hut&price=gt.50&or=(id.eq.1,id.gt.200)", "1–3 of 3")
	p.wantTexts("#lines code", "or=(id.eq.1,id.gt.200)")
	p.click("#lines > :last-child button")
	p.wait(`location.hash === "#huts?kind=eq.hut&price=gt.50"`)
	evaluate[any](p, `history.back()`)
	p.wait(`location.hash.endsWith("gt.200)") && document.querySelectorAll("#lines > *").length === 3`)
	p.goTo("#huts?name=eq.x", "No rows")
	p.waitTitle("No rows match")
	p.click("#notice button")
	p.waitStatus("1–50")
}

// set fills in the last filter of the form. An operator without a value has no
// field.
func (p *tab) set(label, value string) {
	p.t.Helper()
	evaluate[any](p, fmt.Sprintf(`((field) => { if (field) { field.value = %q; field.dispatchEvent(new Event("change")); } })`+
		`(document.querySelector("#lines > :last-child [aria-label=%s]"))`, value, label))
}

// testOrder uses the keyboard only, but for the key that adds a column.
func testOrder(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_order")
	p := b.open(t, page+"#huts?id=lt.100")
	p.waitStatus("1–3 of 3")
	p.tabTo(`e.textContent === "price"`)
	steps := []struct{ key, sort, fragment string }{
		{kb.Enter, "ascending", "#huts?id=lt.100&order=price"},
		{" ", "descending", "#huts?id=lt.100&order=price.desc"},
		{kb.Enter, "none", "#huts?id=lt.100"},
		{kb.Enter, "ascending", "#huts?id=lt.100&order=price"},
	}
	for _, step := range steps {
		p.do(chromedp.KeyEvent(step.key))
		p.wait(fmt.Sprintf(`location.hash === %q && document.querySelector("#head th:nth-child(6)").ariaSort === %q`, step.fragment, step.sort))
		if got := evaluate[string](p, `document.activeElement.textContent`); got != "price" {
			t.Errorf("after %q the focus is on %q; want the same button", step.key, got)
		}
	}
	p.waitColumn(5, "28.00", "42.00", "95.50")
	p.goTo("#huts?order=price", "1–50")
	p.wantTexts("#body tr:first-child td:nth-of-type(5)", "NULL")
	p.tabTo(`e.textContent === "NULL first"`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.wait(`location.hash === "#huts?order=price.nullslast"`)
	p.wait(`document.querySelector("#body td:nth-of-type(5)").textContent === "20.00"`)
	evaluate[any](p, `document.querySelector("#head th:nth-child(5) button").dispatchEvent(new MouseEvent("click", { shiftKey: true }))`)
	p.wait(`location.hash === "#huts?order=price.nullslast,kind"`)
}

func testColumns(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_columns")
	p := b.open(t, page)
	p.waitStatus("1–50")
	p.click("#choose")
	p.wantContains("#drawer li:nth-child(1)", "id", "primary key", "never given twice", "not NULL")
	p.wantContains("#drawer li:nth-child(3)", "region_id", "refers to regions")
	p.click("#drawer .bar button:last-child")
	p.do(chromedp.Focus(chromedp.CSS("#drawer [value=name]")), chromedp.KeyEvent(" "))
	p.do(chromedp.Focus(chromedp.CSS("#drawer [value=price]")), chromedp.KeyEvent(" "))
	p.click("#drawer .main")
	p.wait(`location.hash === "#huts?select=name,price" && document.querySelectorAll("#head th").length === 3`)
	p.wantTexts("#choose", "Columns (2 of 9)")
	p.click("#choose")
	p.click("#drawer .bar button:nth-child(2)")
	p.click("#drawer .main")
	p.wait(`location.hash === "#huts" && document.querySelectorAll("#head th").length === 10`)
}

func testPages(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_pages")
	p := b.open(t, page+"#huts?order=id")
	p.waitStatus("1–50")
	steps := []struct{ button, status string }{
		{"#next", "51–100"},
		{"#count", "51–100 of 134"},
		{"#next", "101–134 of 134"},
		{"#next", "101–134 of 134"}, // nothing to turn to
		{"#previous", "51–100 of 134"},
		{"#previous", "1–50 of 134"},
		{"#previous", "1–50 of 134"},
	}
	for _, step := range steps {
		p.do(chromedp.Focus(chromedp.CSS(step.button)), chromedp.KeyEvent(kb.Enter))
		p.waitStatus(step.status)
	}
	p.goTo("#huts?order=id&offset=1000", "No rows")
	p.waitTitle("No more rows")
	p.click("#notice button")
	p.waitStatus("1–50 of 134")
}

// testRelations goes from a hut to its region, and to the stays in it.
func testRelations(t *testing.T, b *browser) {
	_, page := b.newRelated(t, "page_relations")
	p := b.open(t, page+"#huts?id=eq.1")
	p.waitStatus("1–1 of 1")
	p.click("#body a")
	p.wait(`location.hash === "#regions?id=eq.1"`)
	p.waitColumn(2, "Dolomites")
	p.click("#body button")
	p.wait(`document.querySelector("#drawer").open`)
	p.click("#drawer p a")
	p.wait(`location.hash === "#huts?region_id=eq.1"`)
	p.goTo("#huts?id=eq.1", "1–1 of 1")
	p.click("#body button")
	p.wantTexts("#drawer p a", "stays.hut_id")
	p.wantTexts("#drawer dd a", "Open in regions")
	p.click("#drawer p a")
	p.wait(`location.hash === "#stays?hut_id=eq.1" && !document.querySelector("#drawer").open`)
	p.waitColumn(3, "Anna", "Bo")
}

// testManyTables has 300 of them; search finds one, and Enter goes there.
func testManyTables(t *testing.T, b *browser) {
	schemas := object{}
	for i := range 300 {
		schemas[fmt.Sprintf("table_%03d", i)] = object{"type": "object", "properties": object{"id": object{"type": "integer"}}}
	}
	page := newFront(t, b.startAPI(t), "", map[string]http.HandlerFunc{
		"/read/": describeAs(t, schemas), "/read/table_000": answerJSON(`[]`), "/read/table_123": answerJSON(`[{"id":1}]`),
	})
	p := b.open(t, page)
	p.waitTitle("No rows")
	p.do(chromedp.Focus(chromedp.CSS("#find")))
	p.do(chromedp.SendKeys(chromedp.CSS("#find"), "LE_12"))
	p.wantTexts("#list li:not([hidden])", "table_120", "table_121", "table_122", "table_123", "table_124", "table_125", "table_126", "table_127", "table_128", "table_129")
	p.do(chromedp.SendKeys(chromedp.CSS("#find"), "3"+kb.Enter))
	p.wait(`location.hash === "#table_123"`)
	p.waitColumn(1, "1")
}
