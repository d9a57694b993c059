package rest

// This file answers what there is to read: the OpenAPI document, and the types for
// TypeScript.

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"sync"
	"time"

	"readapi/internal/catalog"
	"readapi/internal/describe"
	"readapi/internal/exec"
)

const contentTypeOpenAPI = "application/openapi+json; charset=utf-8"

// errOpenAPI refuses another form of the document.
var errOpenAPI = NewError(http.StatusNotAcceptable, "PGRST107", "None of these media types are available.",
	"There is application/openapi+json.")

// document is the OpenAPI document of a description. It does not change.
type document struct {
	of   *catalog.Description
	body []byte
	zip  []byte
	etag string
}

// documents keeps the last document. The zero value has none.
type documents struct {
	mu   sync.Mutex
	last *document // guarded by mu
}

// Description returns the handler that answers with the OpenAPI document.
func (s *Service) Description() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		contentType, ok := negotiateDocument(r.Header)
		if !ok {
			s.Fail(w, r, errOpenAPI, nil)
			return
		}
		d, err := s.describe(r.Context())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.writeDocument(w, r, s.documents.get(d, s), contentType)
	})
}

// TypeScript returns the types of the tables. Errors are those of a read.
func (s *Service) TypeScript(ctx context.Context) ([]byte, error) {
	d, err := s.describe(ctx)
	if err != nil {
		return nil, err
	}
	return describe.TypeScript(d, s.options.Description), nil
}

// describe asks the catalog, for as long as a read may.
func (s *Service) describe(ctx context.Context) (*catalog.Description, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, time.Now().Add(s.db.Timeout()), exec.ErrLate)
	defer cancel()
	return s.catalog.Describe(ctx)
}

// get returns the document of d.
func (c *documents) get(d *catalog.Description, s *Service) *document {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.last.of != d {
		body := describe.OpenAPI(d, s.options.Description)
		etag := fmt.Sprintf(`W/"%x-%08x"`, len(body), crc32.ChecksumIEEE(body))
		c.last = &document{of: d, body: body, zip: s.zips.compress(body), etag: etag}
	}
	return c.last
}

// negotiateDocument returns the Content-Type of the document for a client.
func negotiateDocument(header http.Header) (contentType string, ok bool) {
	lines := header.Values("Accept")
	for _, item := range parseWeighted(lines) {
		switch item.name {
		case "application/json":
			contentType = contentTypeJSON
		case "application/openapi+json", "application/*", "*/*":
			contentType = contentTypeOpenAPI
		default:
			continue
		}
		if item.q > 0 {
			return contentType, true
		}
	}
	return contentTypeOpenAPI, len(lines) == 0
}

func (s *Service) writeDocument(w http.ResponseWriter, r *http.Request, d *document, contentType string) {
	header := w.Header()
	header.Set("Cache-Control", s.options.CacheControl)
	header["Vary"] = s.header["Vary"]
	header.Set("Etag", d.etag)
	if matchesETag(r.Header.Values("If-None-Match"), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := d.body
	if acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		body = d.zip
	}
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a client that has gone is no error
}

// As returns next for requests that ask for one media type, whatever they accept.
func As(mediaType string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Clone(r.Context())
		asked.Header.Set("Accept", mediaType)
		next.ServeHTTP(w, asked)
	})
}
