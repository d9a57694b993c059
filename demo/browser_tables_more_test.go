package main

// This file tests what the page at / does beside showing rows: requests to copy,
// CSV, live tables, the token, errors, names and rows that mean harm; and that
// everybody can use it.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	axePath      = "../clients/node_modules/axe-core/axe.min.js"
	postgrestDir = "../clients/node_modules/@supabase/postgrest-js"
)

// testRequests runs what there is to copy: each form gives the rows of the page.
func testRequests(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_requests")
	p := b.open(t, address+"#huts?select=id,name&name=ilike.*o%27*,*&or=(id.lt.3,id.eq.9)&kind=eq.hut&order=price.desc.nullslast")
	p.waitStatus("No rows")
	p.goTo("#huts?select=id,name&name=not.ilike.*'*&or=(id.lt.3,id.eq.100)&kind=in.(hut,lodge)&order=price.desc.nullslast", "1–3 of 3")
	const want = `[{"id":1,"name":"Rifugio Lagazuoi"},{"id":2,"name":"Chata pod Rysmi"},{"id":100,"name":"Hut 0"}]`
	p.click("#copy")
	code := map[string]string{}
	for i, name := range []string{"URL", "curl", "fetch", "postgrest-js"} {
		evaluate[any](p, fmt.Sprintf(`document.querySelectorAll("[name=language]")[%d].click()`, i))
		code[name] = evaluate[string](p, `document.querySelector("#code").textContent`)
	}
	got := map[string]string{
		"URL":   evaluate[string](p, fmt.Sprintf(`fetch(%q).then((r) => r.text())`, code["URL"])),
		"fetch": evaluate[string](p, `(async () => { `+code["fetch"]+` return JSON.stringify(rows); })()`),
	}
	if _, err := exec.LookPath("curl"); err == nil {
		got["curl"] = output(t, "sh", "-c", "exec "+strings.Replace(code["curl"], "curl ", "curl -s ", 1))
	}
	if _, err := os.Stat(postgrestDir); err == nil {
		library, _ := filepath.Abs(postgrestDir)
		program := strings.Replace(code["postgrest-js"], "@supabase/postgrest-js", library+"/dist/index.mjs", 1)
		got["postgrest-js"] = output(t, "node", "--input-type=module", "-e", program+"\nconsole.log(JSON.stringify(error ?? data));")
	} else {
		t.Log("not run: postgrest-js, which make clients installs")
	}
	for name, rows := range got {
		if rows = strings.ReplaceAll(rows, "\n", ""); rows != want {
			t.Errorf("%s gives %s; want %s; it is:\n%s", name, rows, want, code[name])
		}
	}
}

// output runs a program.
func output(t testing.TB, name string, args ...string) string {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, errs.String())
	}
	return string(out)
}

// testCSV looks at the bytes that the browser is given to save.
func testCSV(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_csv")
	wantCSV(t, b, address)
}

// testCapped pages through, and saves, a table of which the server gives two rows at
// a time.
func testCapped(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_capped", "MAX_ROWS=2")
	wantCSV(t, b, address)
	p := b.open(t, address+"#huts?select=id&id=lt.100")
	p.waitStatus("1–2")
	p.click("#next")
	p.waitStatus("3–3 of 3")
	p.click("#previous")
	p.waitStatus("1–2 of 3")
}

// wantCSV saves three rows from a page that shows the last of them.
func wantCSV(t *testing.T, b *browser, address string) {
	t.Helper()
	p := b.open(t, address+"#huts?select=id,name,notes&id=lt.100&order=id.desc&offset=2")
	p.waitStatus("3–3 of 3")
	evaluate[any](p, `URL.createObjectURL = (blob) => { window.saved = blob; return "#" + encodeURIComponent("huts"); }, 1`)
	p.click("#download")
	p.wait(`document.querySelector("#note").textContent === "Saved."`)
	encoded := evaluate[string](p, `saved.arrayBuffer().then((b) => btoa(String.fromCharCode(...new Uint8Array(b))))`)
	got, _ := base64.StdEncoding.DecodeString(encoded)
	if lines := strings.Split(string(got), "\r\n"); len(lines) != 5 || lines[0] != "\uFEFFid,name,notes" || lines[1] != `3,Refuge du Goûter,""` {
		t.Errorf("CSV %q; want a byte order mark, the names, and all three rows", got)
	}
}

// testLive changes a row while the page watches, and asks a server that cannot.
func testLive(t *testing.T, b *browser) {
	db, address := b.newRelated(t, "page_live", "API_TOKENS=secret", "LIVE_INTERVAL=200ms")
	p := b.open(t, address)
	p.giveToken("secret")
	p.goTo("#regions", "1–3 of 3")
	p.click("#live")
	p.wait(`document.querySelector("#note").textContent.startsWith("Live, as of")`)
	execute(t, db, "UPDATE regions SET name = 'High Tatras' WHERE id = 2")
	p.waitColumn(2, "Dolomites", "High Tatras", "Mont Blanc")
	p.wantTexts("tr.changed td:last-child", "High Tatras")
	p.click("#live")
	p.wait(`document.querySelector("#live").ariaPressed === "false" && document.querySelector("#note").textContent === ""`)

	refuse := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
			w.WriteHeader(http.StatusNotAcceptable)
		}
		w.Write([]byte(`[{"id":1}]`))
	}
	schema := object{"properties": object{"id": object{"type": "integer"}}}
	p = b.open(t, newFront(t, b.startAPI(t), "", map[string]http.HandlerFunc{"/read/": describeAs(t, object{"t": schema}), "/read/t": refuse}))
	p.waitStatus("1–1 of 1")
	p.click("#live")
	p.wait(`document.querySelector("#note").textContent === "This server cannot watch this table."`)
	p.waitStatus("1–1 of 1")
}

// giveToken fills the form in.
func (p *tab) giveToken(token string) {
	p.t.Helper()
	p.wait(`document.activeElement.id === "token"`)
	p.do(chromedp.SendKeys(chromedp.CSS("#token"), token+kb.Enter))
}

func testToken(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_token", "API_TOKENS=secret")
	p := b.open(t, address+"#regions")
	p.waitTitle("This server wants a token")
	p.giveToken("wrong")
	p.waitTitle("The server does not know this token")
	p.giveToken("secret")
	p.waitStatus("1–3 of 3")
	p.do(chromedp.Reload())
	p.waitStatus("1–3 of 3")
	p.click("#copy")
	evaluate[any](p, `document.querySelectorAll("[name=language]")[1].click()`)
	p.wantContains("#code", `curl -H "Authorization: Bearer $TOKEN" 'http://`)
	if got := evaluate[string](p, `JSON.stringify(localStorage) + document.cookie + document.documentElement.outerHTML.includes("secret")`); got != "{}false" {
		t.Errorf("storage, cookies and page: %s; want nothing of the token", got)
	}
	other := b.open(t, address) // a tab of its own
	other.waitTitle("This server wants a token")
}

func testFaults(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_faults")
	p := b.open(t, address+"#huts?id=eq.abc")
	p.waitTitle(`unexpected "abc", expected a whole number, as the column "id" has`)
	p.wantContains("#notice", `parameter "id", position 4`, "22P02", "Try again")
	p.goTo("#huts?nam=eq.x", "")
	p.waitTitle(`the table has no column "nam"`)
	p.wantContains("#notice", `Perhaps you meant "name".`)
	evaluate[any](p, `location.hash = "#nothing", 1`)
	p.waitTitle("No such table")

	answers := map[string]http.HandlerFunc{
		"/read/": describeAs(t, object{"t": object{}}),
		"/read/t": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`[{"id":1`))
		},
	}
	p = b.open(t, newFront(t, b.startAPI(t), "", answers))
	p.waitTitle("The answer broke off.")
	answers = map[string]http.HandlerFunc{"/read/": answerJSON("<h1>Bad gateway</h1>")}
	p = b.open(t, newFront(t, b.startAPI(t), "", answers))
	p.wait(`document.querySelector("#notice h2")?.textContent.includes("not valid JSON")`)
}

// hostileNames are names of tables and columns.
var hostileNames = []string{
	`<script>window.harmed = 1</script>`, `a"b'c\d`, `order`, `select`, `two words`, `x,y.z:(w)`, `%41?#&=/+`, `🏔 été`, "__proto__",
	strings.Repeat("n", 64), `</td><img src=x onerror="window.harmed = 2">`,
}

// testHostileTables reads tables with these names, and rows that would set
// window.harmed if they were taken for markup.
func testHostileTables(t *testing.T, b *browser) {
	schemas, answers := object{}, map[string]http.HandlerFunc{}
	var row []string
	properties := object{}
	for i, name := range hostileNames {
		quoted, _ := json.Marshal(name)
		text, _ := json.Marshal(hostileTexts[i%len(hostileTexts)])
		properties[name] = object{"type": []string{"string", "null"}, "x-type": name, "description": name}
		row = append(row, string(quoted)+":"+string(text))
	}
	for _, name := range hostileNames {
		schemas[name] = object{"description": name, "properties": properties, "x-primary-key": []string{"order"}}
		answers["/read/"+name] = func(w http.ResponseWriter, r *http.Request) {
			answerJSON("[{"+strings.Join(row, ",")+"}]")(w, r)
		}
	}
	answers["/read/"] = describeAs(t, schemas)
	p := b.open(t, newFront(t, b.startAPI(t), "", answers))
	p.wait(fmt.Sprintf(`document.querySelectorAll("#list a").length === %d`, len(hostileNames)))
	for _, name := range hostileNames {
		quoted, _ := json.Marshal(name)
		evaluate[any](p, fmt.Sprintf(`[...document.querySelectorAll("#list a")].find((a) => a.textContent === %s).click()`, quoted))
		p.wait(fmt.Sprintf(`document.querySelector("h1").textContent === %s && document.querySelector("#status").textContent === "1–1 of 1"`, quoted))
		p.wantTexts("#head .sort", hostileNames...)
		p.wantTexts("main :is(script, img, svg, iframe), td a, dd a")
		p.click("#body button")
		p.wait(`document.querySelector("#drawer").open`)
		p.click("#close")
		for _, open := range []string{"#copy", "#choose"} {
			p.click(open)
			p.click("#close")
		}
	}
	for i := range hostileNames { // a filter on each column comes back from the link as it was
		p.click("#filter")
		p.set("Column", hostileNames[i])
		p.set("Value", hostileNames[i])
	}
	p.click("#filters .main")
	p.wait(`document.querySelector("#status").textContent === "1–1 of 1" && location.hash.includes("?")`)
	p.do(chromedp.Reload())
	p.waitStatus("1–1 of 1")
	got := evaluate[[]string](p, `[...document.querySelectorAll("[aria-label=Column], [aria-label=Value]")].map((e) => e.value)`)
	for i, name := range hostileNames {
		if len(got) != 2*len(hostileNames) || got[2*i] != name || got[2*i+1] != name {
			t.Fatalf("filters after a reload: %q; want each of %q twice", got, hostileNames)
		}
	}
	if got := evaluate[string](p, `String(window.harmed)`); got != "undefined" {
		t.Errorf("window.harmed = %s; want undefined", got)
	}
}

// testAxe looks for what keeps people out, in each state, in light, dark and at
// the width of a phone.
func testAxe(t *testing.T, b *browser) {
	axe, err := os.ReadFile(axePath)
	if err != nil {
		t.Skip("axe-core is not here: make clients installs it")
	}
	_, address := b.newRelated(t, "page_axe")
	p := b.open(t, address)
	p.waitStatus("1–50")
	evaluate[any](p, string(axe)+"\n;1")
	check := func(state string) {
		t.Helper()
		p.wait(`document.getAnimations().length === 0`)
		const run = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap((v) => ` +
			`v.nodes.map((n) => v.impact + " " + v.id + ": " + n.html.slice(0, 150) + " " + n.failureSummary)))`
		for _, finding := range evaluate[[]string](p, run) {
			t.Errorf("%s: %s", state, finding)
		}
	}
	states := []struct{ name, fragment, status, button string }{
		{"rows", "#huts?order=price.desc", "1–50", ""},
		{"filters", "#huts?kind=eq.hut&name=ilike.*r*&or=(id.eq.1,id.eq.2)", "1–2 of 2", ""},
		{"a row", "#huts?id=eq.1", "1–1 of 1", "#body button"},
		{"columns", "#huts?select=id,name", "1–50", "#choose"},
		{"a request", "#huts", "1–50", "#copy"},
		{"no rows", "#huts?id=eq.5", "No rows", ""},
		{"an error", "#huts?id=eq.x", "", ""},
	}
	for _, look := range []struct {
		scheme string
		width  int64
	}{{"light", 1280}, {"dark", 1280}, {"light", 390}, {"dark", 390}} {
		p.prefer(look.scheme)
		p.do(chromedp.EmulateViewport(look.width, 844))
		for _, state := range states {
			p.goTo(state.fragment, state.status)
			if state.button != "" {
				p.click(state.button)
				p.wait(`document.querySelector("#drawer").open`)
			}
			check(fmt.Sprint(state.name, ", ", look.scheme, ", ", look.width))
			if got := evaluate[int64](p, `document.documentElement.scrollWidth`); got != look.width {
				t.Errorf("%s: the page is %d pixels wide; want %d", state.name, got, look.width)
			}
			p.picture(os.Getenv(picturesVariable), fmt.Sprintf("tables-%s-%s-%d.png", strings.ReplaceAll(state.name, " ", "-"), look.scheme, look.width))
			evaluate[any](p, `document.querySelector("#drawer").close()`)
		}
	}
	if evaluate[bool](p, `matchMedia("(max-width: 48rem)").matches`) {
		p.click("#menu")
		check("the list of tables on a phone")
	}
}

// testKeyboard does a whole visit without a mouse, and sees the focus all along.
func testKeyboard(t *testing.T, b *browser) {
	_, address := b.newRelated(t, "page_keyboard")
	p := b.open(t, address)
	p.waitStatus("1–50")
	press := func(condition, key string) {
		t.Helper()
		p.tabTo(condition)
		if got := evaluate[string](p, `getComputedStyle(document.activeElement).outlineStyle`); got == "none" {
			t.Errorf("with %s the focus cannot be seen", condition)
		}
		p.do(chromedp.KeyEvent(key))
	}
	press(`e.id === "skip"`, kb.Enter)
	p.wait(`document.activeElement.id === "rows"`)
	press(`e.textContent === "regions"`, kb.Enter)
	p.waitColumn(2, "Dolomites", "Tatras", "Mont Blanc")
	press(`e.id === "choose"`, kb.Enter)
	press(`e.value === "id"`, " ")
	press(`e.textContent === "Apply"`, kb.Enter)
	p.wait(`location.hash === "#regions?select=name"`)
	press(`e.id === "filter"`, kb.Enter)
	p.wait(`document.activeElement.ariaLabel === "Column"`)
	p.do(chromedp.KeyEvent("n")) // name, by its first letter
	press(`e.ariaLabel === "Value"`, "Tat")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.waitColumn(1, "Tatras")
	press(`e.id === "copy"`, kb.Enter)
	press(`e.name === "language"`, kb.ArrowRight)
	p.wantContains("#code", "curl ")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.wait(`document.activeElement.id === "copy"`)
	press(`e.ariaLabel === "Open row 1"`, kb.Enter)
	p.wait(`document.querySelector("#drawer").open`)
	p.wantContains("#drawer dl", "id", "2") // a column that was not chosen
	p.wantContains("#drawer p", "huts.region_id")
}

// testPicture takes the pictures for docs/: the demo rows, and a row with what
// refers to it.
func testPicture(t *testing.T, b *browser) {
	dir := os.Getenv(picturesVariable)
	p := b.open(t, b.startAPI(t)+"/#sample?select=name,country,altitude_m,beds,price,opens_on&altitude_m=lt.3000&order=altitude_m.desc")
	p.do(chromedp.EmulateViewport(1200, 640))
	p.waitStatus("1–9 of 9")
	p.picture(dir, "page-table.png")
	_, address := b.newRelated(t, "page_picture")
	p = b.open(t, address+"#huts?select=id,name,region_id,kind,price")
	p.do(chromedp.EmulateViewport(1200, 640))
	p.waitStatus("1–50")
	p.click("#body button")
	p.wait(`document.querySelector("#drawer").open && document.querySelector("#drawer-body").scrollTop === 0`)
	p.picture(dir, "page-related.png")
}
