// Package page is the page that a browser gets at /: it shows whatever tables
// there are, by reading the OpenAPI document at read/ and the rows beside it. It
// is plain HTML, CSS and JavaScript in this directory, needs nothing from another
// host, and holds no data: whoever may not read sees an empty page.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed index.html page.css *.js
var files embed.FS

// scripts are the files that /page.js is made of, one behind the other, so that
// a browser asks once. Each uses names of itself and of those before it, but for
// functions that are called later.
var scripts = []string{"values.js", "schema.js", "view.js", "code.js", "server.js", "table.js", "filters.js", "drawer.js", "main.js"}

// index is what clients get at / that are no browsers. The address is relative,
// because a proxy may have put all this under a path of its own.
const index = `{"openapi":"read/"}` + "\n"

// policy lets the page run its script, read from where it came from, and nothing
// else (Content Security Policy, level 3; Trusted Types).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// Routes returns the handlers by path, for GET and HEAD. They are safe for
// concurrent use.
func Routes() map[string]http.Handler {
	html := newFile("text/html; charset=utf-8", "index.html")
	json := &file{contentType: "application/json", content: []byte(index), etag: etag([]byte(index))}
	return map[string]http.Handler{
		"/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Accept")
			w.Header().Set("Link", `<read/>; rel="service-desc"`) // RFC 8631
			if wantsPage(r.Header.Values("Accept")) {
				html.ServeHTTP(w, r)
				return
			}
			json.ServeHTTP(w, r)
		}),
		"/page.css": newFile("text/css; charset=utf-8", "page.css"),
		"/page.js":  newFile("text/javascript; charset=utf-8", scripts...),
	}
}

// file is a response that is always the same.
type file struct {
	contentType, etag string
	content           []byte
}

// newFile joins embedded files.
func newFile(contentType string, names ...string) *file {
	f := &file{contentType: contentType}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err) // only for a name that was not embedded
		}
		f.content = append(f.content, content...)
	}
	f.etag = etag(f.content)
	return f
}

// etag is a strong one (RFC 9110, section 8.8.3).
func etag(content []byte) string { return fmt.Sprintf(`"%x"`, sha256.Sum256(content))[:18] + `"` }

// ServeHTTP implements http.Handler. A browser asks each time whether the file
// has changed: the page and its parts must be of one version.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Security-Policy", policy)
	header.Set("Content-Type", f.contentType)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("ETag", f.etag)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// wantsPage reports whether an Accept header names HTML and does not prefer JSON
// to it, as browsers do. */* is everybody else's: curl, fetch and libraries.
func wantsPage(accept []string) bool {
	quality := map[string]float64{}
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality[name] = 1
		if q, given := params["q"]; given {
			quality[name], _ = strconv.ParseFloat(q, 64)
		}
	}
	return quality["text/html"] > quality["application/json"]
}
