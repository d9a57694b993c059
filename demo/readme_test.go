package main

// This file holds README.md and the pages in docs/ to what is true: their
// commands print what they show, their links lead somewhere, and README.md stays
// short enough to be read in a minute.

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const maxReadmeLines = 200

// manual is what tells people how to use readapi, from the top of the tree. Each
// of these pages shows commands.
var manual = []string{
	"README.md",
	"docs/querying.md", "docs/values.md", "docs/configuration.md", "docs/operating.md", "docs/clients.md",
}

// pages returns the manual and whatever else is in docs/, each page once.
func pages(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Clone(manual)
	for _, path := range found {
		if name := "docs/" + filepath.Base(path); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// readPage returns a file, named from the top of the tree.
func readPage(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// README.md is the first minute: the rest has pages of its own.
func TestReadmeLength(t *testing.T) {
	if n := strings.Count(readPage(t, "README.md"), "\n"); n > maxReadmeLines {
		t.Errorf("README.md has %d lines; want at most %d", n, maxReadmeLines)
	}
}

// example is a command and what it prints.
type example struct{ command, output string }

var (
	// consoleBlock is a piece of a page with commands and what they print.
	consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")
	prompt       = regexp.MustCompile(`(?m)^\$ `)
)

// examples returns what stands in the console blocks of a page.
func examples(page string) (found []example) {
	for _, block := range consoleBlock.FindAllStringSubmatch(page, -1) {
		for _, text := range prompt.Split(block[1], -1) {
			if command, output, _ := strings.Cut(text, "\n"); command != "" {
				found = append(found, example{command, output})
			}
		}
	}
	return found
}

// The pages show what their commands print: these are run as written, but for
// the port, against the rows that they are about.
func TestReadmeCommands(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here: the commands of README.md and docs/ were not run")
	}
	b := &browser{readapi: buildReadapi(t), engine: newEngine(t)}
	addr := strings.TrimPrefix(b.startAPI(t), "http://")
	path := "PATH=" + linkReadapi(t, b.readapi) + string(os.PathListSeparator) + os.Getenv("PATH")
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			all := examples(readPage(t, name))
			if len(all) == 0 && slices.Contains(manual, name) {
				t.Errorf("%s shows no command", name)
			}
			for _, ex := range all {
				t.Run(ex.command, func(t *testing.T) {
					command := strings.ReplaceAll(ex.command, "localhost:8080", addr)
					cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
					cmd.Env = []string{path} // and no DB_* or proxy of the one who tests
					out, err := cmd.CombinedOutput()
					got := strings.ReplaceAll(string(out), "\r\n", "\n") // CSV and headers
					if err != nil || got != ex.output {
						t.Errorf("%s prints %q, %v; %s shows %q", command, got, err, name, ex.output)
					}
				})
			}
		})
	}
}

// linkReadapi returns a folder in which the program is called readapi.
func linkReadapi(t testing.TB, program string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(program, filepath.Join(dir, "readapi")); err != nil {
		t.Fatal(err)
	}
	return dir
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	heading = regexp.MustCompile(`(?m)^#+ +(.*?) *$`)
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	code    = regexp.MustCompile("`[^`\n]*`")
)

// anchors returns what can stand behind # in a link to a page: GitHub makes it
// of the headings.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		base := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, match[1])
		anchor := base
		for i := 1; found[anchor]; i++ {
			anchor = fmt.Sprintf("%s-%d", base, i)
		}
		found[anchor] = true
	}
	return found
}

// links returns where the links and pictures of a page lead.
func links(page string) (targets []string) {
	prose := code.ReplaceAllString(fence.ReplaceAllString(page, ""), "")
	for _, match := range link.FindAllStringSubmatch(prose, -1) {
		targets = append(targets, match[1])
	}
	return targets
}

// Every link from page to page leads to a file, and to a heading in it if it
// names one.
func TestReadmeLinks(t *testing.T) {
	for _, name := range pages(t) {
		t.Run(name, func(t *testing.T) {
			for _, target := range links(readPage(t, name)) {
				checkLink(t, name, target)
			}
		})
	}
}

// checkLink reports a link on the page called from that leads nowhere. The web
// is not asked.
func checkLink(t testing.TB, from, target string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Errorf("%s links to %s: %v", from, target, err)
		return
	}
	if u.Scheme != "" {
		return
	}
	file := filepath.Join("..", filepath.Dir(from), filepath.FromSlash(u.Path))
	if u.Path == "" {
		file = filepath.Join("..", from)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s links to %s: %v", from, target, err)
		return
	}
	if u.Fragment == "" {
		return
	}
	if page, err := os.ReadFile(file); err != nil || !anchors(string(page))[u.Fragment] {
		t.Errorf("%s links to %s: there is no such heading, %v", from, target, err)
	}
}

// The map leads to all of the manual.
func TestReadmeMap(t *testing.T) {
	targets := links(readPage(t, "README.md"))
	for _, name := range pages(t) {
		if name != "README.md" && !slices.Contains(targets, name) {
			t.Errorf("README.md has no link to %s", name)
		}
	}
}

func TestReadmeAnchors(t *testing.T) {
	const page = "# One\n\n## In `code`, and: odd_chars!\n\n```sh\n# a comment\n```\n\n## One\n### @a/b-c 2.0\n"
	want := []string{"one", "one-1", "in-code-and-odd_chars", "ab-c-20"}
	got := anchors(page)
	for _, anchor := range want {
		if !got[anchor] {
			t.Errorf("anchors(%q) = %v; want %s", page, got, anchor)
		}
	}
	if len(got) != len(want) {
		t.Errorf("anchors(%q) = %v; want %q", page, got, want)
	}
}
