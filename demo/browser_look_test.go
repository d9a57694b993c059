package main

// This file tests what the page does with rows that mean harm, how it looks, and
// takes its pictures.

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// picturesVariable is the folder for pictures of the page. With it, readapi
// listens where the page looks by default, because the pictures show that.
const picturesVariable = "SCREENSHOTS"

// hostileTexts would each set window.harmed, if they were taken for markup.
var hostileTexts = []string{
	`<script>window.harmed = 1</script>`,
	`<img src=x onerror="window.harmed = 2">`,
	`</td></table><svg onload="window.harmed = 3">`,
	`<iframe srcdoc="<script>parent.harmed = 4</script>">`,
	`"><a href="javascript:window.harmed = 5">&lt;b&gt;</a>`,
	`{{constructor.constructor("window.harmed = 6")()}}`,
}

// testHostileRows puts them into cells, in JSON and in the name of a column, and
// sorts by that.
func testHostileRows(t *testing.T, b *browser) {
	const column = `<img src=x onerror="window.harmed = 7">`
	admin := newAdmin(t, b.engine)
	execute(t, admin, "CREATE DATABASE hostile")
	execute(t, admin, "CREATE TABLE hostile.sample (name TEXT, country TEXT, altitude_m INT PRIMARY KEY, price INT, "+
		"notes JSON, `"+column+"` TEXT)")
	for i, text := range hostileTexts {
		execute(t, admin, "INSERT INTO hostile.sample VALUES (?, ?, ?, ?, JSON_OBJECT(?, ?), ?)", text, text, -i, i, text, text, text)
	}
	p := b.openPage(t, b.startAPI(t, "DB_NAME=hostile"))
	p.waitStatus("1–6 of 6")
	p.do(chromedp.Click(chromedp.CSS("[name=all]")))
	p.wait(`document.querySelectorAll("th").length === 6`)
	p.wantTexts("th:last-child", column)
	p.do(chromedp.Click(chromedp.CSS("th:last-child button")))
	p.wait(`document.querySelector("th:last-child").ariaSort === "ascending"`)

	p.do(chromedp.Click(chromedp.CSS("th:nth-child(3) button")), chromedp.Click(chromedp.CSS("th:nth-child(3) button")))
	p.wait(`document.querySelector("th:nth-child(3)").ariaSort === "descending"`)
	p.wantTexts("td:first-child", hostileTexts...)
	p.wantTexts("td:last-child", hostileTexts...)
	p.wantTexts("main :is(script, img, svg, iframe, a), td *")
	if got := evaluate[string](p, `String(window.harmed)`); got != "undefined" {
		t.Errorf("window.harmed = %s; want undefined", got)
	}
}

// testPhone looks for overflow of the page in each of its states.
func testPhone(t *testing.T, b *browser) {
	const width = 390
	p := b.openPage(t, b.startAPI(t))
	p.do(chromedp.EmulateViewport(width, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	states := []struct {
		name  string
		enter func()
	}{
		{"rows", func() { p.waitStatus("1–10 of 12") }},
		{"all columns", func() {
			p.do(chromedp.Click(chromedp.CSS("[name=all]")))
			p.wait(`document.querySelectorAll("th").length === 21`)
		}},
		{"a long search", func() {
			p.search("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch")
			p.waitNotice("No rows")
		}},
	}
	for _, state := range states {
		state.enter()
		if got := evaluate[int](p, `document.documentElement.scrollWidth`); got != width {
			t.Errorf("%s: the page is %d pixels wide; want %d", state.name, got, width)
		}
	}
}

// testColours also takes the pictures: of a search that is asked twice, so that
// they show a 304.
func testColours(t *testing.T, b *browser) {
	dir, api := os.Getenv(picturesVariable), defaultAPI
	if dir != "" {
		b.startAPI(t, "ADDR="+strings.TrimPrefix(defaultAPI, "http://"))
	} else {
		api = b.startAPI(t)
	}
	p := b.openPage(t, api)
	p.choose("5")
	p.waitStatus("1–5 of 12")
	p.search("the")
	evaluate[bool](p, `document.forms[0].requestSubmit(), true`) // a click would leave its mark
	p.waitStatus("1–5 of 8, unchanged")
	tests := []struct {
		name, scheme, ground string
		width, height        int64
	}{
		{"page.png", "light", "rgb(243, 245, 245)", 1200, 640},
		{"page-dark.png", "dark", "rgb(15, 18, 20)", 1200, 640},
		{"page-phone.png", "light", "rgb(243, 245, 245)", 390, 844},
		{"page-phone-dark.png", "dark", "rgb(15, 18, 20)", 390, 844},
	}
	for _, tt := range tests {
		p.prefer(tt.scheme)
		p.do(chromedp.EmulateViewport(tt.width, tt.height))
		if got := evaluate[string](p, `getComputedStyle(document.body).backgroundColor`); got != tt.ground {
			t.Errorf("%s: the ground is %s; want %s", tt.name, got, tt.ground)
		}
		p.picture(dir, tt.name)
	}
}

// prefer chooses light or dark, as a user does for the whole system.
func (p *tab) prefer(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// picture takes a picture of what is in view. It is not kept if dir is empty.
func (p *tab) picture(dir, name string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
