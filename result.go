package main

// This file holds the small results that are being sent. Rules: the same bytes
// are in memory once, however many clients take them and however slowly, and
// all results together are bounded.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
)

const (
	// maxSmallBytes is the size up to which a result is complete before its
	// first byte is sent.
	maxSmallBytes = 1 << 20
	// maxHeldBytes bounds all small results together, from when they are read
	// until the last client has taken them.
	maxHeldBytes = 64 << 20
)

var errHeld = errors.New("results that clients are slow to take fill the memory for results")

// result is a complete small result. Its bytes do not change.
type result struct {
	body         []byte
	etag, length []string // of body, as values of headers
	contentRange []string // of the rows as the first page, as the value of a header
	rows         int      // in body
	holders      int      // guarded by results.mu

	compress sync.Once
	zipped   []byte // nil before, and if there is no room for it
}

// headers returns the ETag and the Content-Range of res as the page p, as values
// of headers. A total is part of the ETag: it may change while the rows do not.
func (r *result) headers(p page) (etag, contentRange []string) {
	switch {
	case p.total != unknownTotal:
		tagged := strings.TrimSuffix(r.etag[0], `"`) + "-" + strconv.FormatInt(p.total, 10) + `"`
		return []string{tagged}, []string{p.contentRange()}
	case p.offset > 0:
		return r.etag, []string{p.contentRange()}
	default:
		return r.etag, r.contentRange
	}
}

// results are those that somebody holds. It is safe for concurrent use.
type results struct {
	zips gzipPool

	mu     sync.Mutex
	byETag map[string]*result // guarded by mu
	bytes  int                // of the results, and reserved; guarded by mu
}

func newResults() *results { return &results{byETag: make(map[string]*result)} }

// reserve makes room for size bytes, or reports that there is none. A negative
// size gives room back.
func (s *results) reserve(size int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+size > maxHeldBytes {
		return false
	}
	s.bytes += size
	return true
}

// add returns the result with these bytes, which the caller may change
// afterwards, and lets the caller hold it. There is room for it: the caller has
// reserved maxSmallBytes, which is given back.
func (s *results) add(body []byte, rows int) *result {
	sum := sha256.Sum256(body)
	etag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= maxSmallBytes
	res := s.byETag[etag]
	if res == nil {
		res = &result{
			body:   bytes.Clone(body),
			etag:   []string{etag},
			length: []string{strconv.Itoa(len(body))},
			rows:   rows,

			contentRange: []string{page{0, int64(rows), unknownTotal}.contentRange()},
		}
		s.byETag[etag] = res
		s.bytes += len(body)
	}
	res.holders++
	return res
}

// hold makes res be held by more holders, or by fewer if more is negative. The
// caller holds it already.
func (s *results) hold(res *result, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if res.holders += more; res.holders == 0 {
		s.bytes -= len(res.body) + len(res.zipped)
		delete(s.byETag, res.etag[0])
	}
}

// release says that the caller does not need res any more.
func (s *results) release(res *result) { s.hold(res, -1) }

// gzipped returns the compressed body of res, made once for all who hold it, or
// nil if there is no room for it.
func (s *results) gzipped(res *result) []byte {
	res.compress.Do(func() {
		if zipped := s.zips.compress(res.body); s.reserve(len(zipped)) {
			s.mu.Lock()
			defer s.mu.Unlock()
			res.zipped = zipped
		}
	})
	return res.zipped
}
