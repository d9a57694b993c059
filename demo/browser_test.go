package main

// This file drives a headless Chromium: starting it, one tab per test, and
// waiting in it. The tests themselves are in browser_*_test.go. Rules: nothing
// sleeps, a test waits for what the page shows until a deadline; and in every
// tab an exception, a breach of the page's policy or a dialog is a failure.

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	// requireVariable makes a missing browser a failure.
	requireVariable = "REQUIRE_BROWSER"
	// sourceVariable is the folder that readapi is built from, if not "..".
	sourceVariable = "READAPI_SRC"

	tabTimeout = 30 * time.Second
)

// browserNames are the programs that will do, in PATH or at a path.
var browserNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// TestBrowser runs everything that needs a browser. Where there is none, each
// test is skipped by name.
func TestBrowser(t *testing.T) {
	tests := []struct {
		name string
		run  func(t *testing.T, b *browser)
	}{
		{"cross-origin fetch", testCrossOrigin},
		{"preflight with Authorization", testPreflight},
		{"second load is a 304", testSecondLoad},
		{"BIGINT beyond 2^53", testBigint},
		{"broken stream", testBrokenStream},
		{"page: rows", testRows},
		{"page: search", testSearch},
		{"page: sorting by keyboard", testSorting},
		{"page: paging", testPaging},
		{"page: reload is a 304", testReload},
		{"page: loading", testLoading},
		{"page: errors", testErrors},
		{"page: hostile rows", testHostileRows},
		{"page: phone", testPhone},
		{"page: light and dark", testColours},
		{"tables: rows", testTables},
		{"tables: filters", testFilters},
		{"tables: order", testOrder},
		{"tables: columns", testColumns},
		{"tables: pages", testPages},
		{"tables: relations", testRelations},
		{"tables: 300 of them", testManyTables},
		{"tables: requests to copy", testRequests},
		{"tables: CSV", testCSV},
		{"tables: MAX_ROWS", testCapped},
		{"tables: live", testLive},
		{"tables: token", testToken},
		{"tables: errors", testFaults},
		{"tables: hostile names and rows", testHostileTables},
		{"tables: axe", testAxe},
		{"tables: keyboard only", testKeyboard},
		{"tables: picture", testPicture},
	}
	b := startBrowser(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if b == nil {
				t.Skip("no Chromium or Chrome is installed")
			}
			tt.run(t, b)
		})
	}
}

// browser is a running Chromium, and what it is to be pointed at.
type browser struct {
	ctx     context.Context
	readapi string // the program, freshly built
	engine  *engine
}

// startBrowser returns nil if there is no browser and none is required.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := findBrowser()
	if path == "" && os.Getenv(requireVariable) != "" {
		t.Fatalf("%s is set, but none of %q is installed", requireVariable, browserNames)
	}
	if path == "" {
		return nil
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests may run as root; they visit nothing but themselves
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &browser{ctx: ctx, readapi: buildReadapi(t), engine: newEngine(t)}
}

func findBrowser() string {
	for _, name := range browserNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// buildReadapi returns the path of the program under test.
func buildReadapi(t testing.TB) string {
	t.Helper()
	source := os.Getenv(sourceVariable)
	if source == "" {
		source = ".."
	}
	program := filepath.Join(t.TempDir(), "readapi.exe") // a name that Windows runs, too
	cmd := exec.CommandContext(t.Context(), "go", "build", "-C", source, "-o", program, ".")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, output)
	}
	return program
}

// startAPI runs readapi on the engine until the test ends, and returns its
// address once it is connected. The settings, NAME=value, win over those for
// the demo database.
func (b *browser) startAPI(t testing.TB, settings ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), b.readapi)
	cmd.Env = append(b.engine.environ([]string{"ADDR=localhost:0", "LOG_FORMAT=json"}), settings...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // killed by its context
	url := ""
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("readapi says %s", lines.Text())
		}
		switch line.Msg {
		case "listening":
			url = "http://" + line.Addr
		case "connected to the database":
			go io.Copy(io.Discard, stderr) // until readapi ends
			return url
		}
	}
	t.Fatal("readapi has ended")
	return ""
}

// tab is a page with a cache and a storage of its own.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu     sync.Mutex // guards faults
	faults []string   // what no page may do
}

// open makes a tab and goes to url.
func (b *browser) open(t testing.TB, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx}
	t.Cleanup(p.checkFaults)
	if err := chromedp.Listen(ctx, p.notice); err != nil {
		t.Fatal(err)
	}
	p.ctx, cancel = context.WithTimeout(ctx, tabTimeout)
	t.Cleanup(cancel)
	p.do(chromedp.Navigate(url))
	return p
}

// notice remembers faults. It runs in the loop that reads the tab's events.
func (p *tab) notice(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = fmt.Sprint("exception: ", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *page.EventJavascriptDialogOpening:
		fault = "dialog: " + e.Message
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity {
			fault = "security: " + e.Entry.Text
		}
	}
	if fault != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.faults = append(p.faults, fault)
	}
}

func (p *tab) checkFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.faults {
		p.t.Error(fault)
	}
}

// do runs actions.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// evaluate returns the value of a JavaScript expression, or what its promise
// comes to.
func evaluate[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wait returns once a JavaScript condition holds; it is looked at after every
// change of the document.
func (p *tab) wait(condition string) {
	p.t.Helper()
	script := fmt.Sprintf(`new Promise((resolve) => {
		const check = () => { if (%s) { observer.disconnect(); resolve(); } };
		const observer = new MutationObserver(check);
		observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		check();
	})`, condition)
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void](script, chromedp.EvalAwaitPromise))
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	p.t.Fatalf("waited for %s: %v; the page says:\n%s", condition, err, text)
}

// newOrigin serves an empty page on an origin of its own.
func newOrigin(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<!doctype html><link rel="icon" href="data:,">`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
