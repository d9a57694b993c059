package page

// This file holds what the files of the page promise: small, nothing inline,
// nothing from elsewhere, and nothing that makes markup or code of a text.

import (
	"io/fs"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const maxLines = 700

var (
	unsafe  = regexp.MustCompile(`(?i)(inner|outer)HTML|insertAdjacent|document\.write|\beval\b|Function\(|createContextualFragment|setHTML`)
	inline  = regexp.MustCompile(`(?i)\son\w+=|\sstyle=|<style|<script(>| [^>]*[^"]>[^<])|javascript:`)
	foreign = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?/|@import|url\(|import\(`)
)

func TestFiles(t *testing.T) {
	lines := 0
	var joined []string
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(path)
		lines += strings.Count(string(content), "\n")
		if strings.HasSuffix(path, ".js") {
			joined = append(joined, path)
		}
		for _, pattern := range []*regexp.Regexp{unsafe, inline, foreign} {
			if found := pattern.Find(content); found != nil {
				t.Errorf("%s contains %q", path, found)
			}
		}
		return err
	})
	if err != nil || lines == 0 || lines >= maxLines {
		t.Errorf("the page has %d lines, %v; want fewer than %d", lines, err, maxLines)
	}
	if sorted := slices.Sorted(slices.Values(scripts)); !slices.Equal(joined, sorted) {
		t.Errorf("page.js is made of %q; want all of %q", sorted, joined)
	}
}

// The page asks for two files and no more before it is painted, and each exists.
func TestFirstPaint(t *testing.T) {
	html, err := files.ReadFile("index.html")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, match := range regexp.MustCompile(`<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"`).FindAllSubmatch(html, -1) {
		if address := string(match[1]); !strings.HasPrefix(address, "data:") {
			asked = append(asked, address)
		}
	}
	if want := []string{"page.css", "page.js"}; !slices.Equal(asked, want) {
		t.Fatalf("the page asks for %q; want %q", asked, want)
	}
	for _, address := range asked {
		w := httptest.NewRecorder()
		Routes()["/"+address].ServeHTTP(w, httptest.NewRequest("GET", "/"+address, nil))
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, %d bytes; want a file", address, w.Code, w.Body.Len())
		}
	}
}
