package share

// This file holds the small results that are being sent.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"

	"readapi/internal/exec"
)

// maxHeldBytes bounds all small results together, from when they are read until
// the last client has taken them.
const maxHeldBytes = 64 << 20

var errHeld = errors.New("results that clients are slow to take fill the memory for results")

// Result is a complete small result. Its bytes do not change. Whoever has got it
// from Read releases it.
type Result struct {
	Body []byte
	Rows int    // in Body
	ETag string // of Body, weak
	// Headers are what New's describe has made of this result, once for all who
	// send it.
	Headers map[string][]string

	holders  int // guarded by results.mu
	compress sync.Once
	zipped   []byte // nil before, and if there is no room for it
}

// results are those that somebody holds. It is safe for concurrent use.
type results struct {
	describe func(*Result) map[string][]string

	mu     sync.Mutex
	byETag map[string]*Result // guarded by mu
	bytes  int                // of the results, and reserved; guarded by mu
}

func newResults(describe func(*Result) map[string][]string) *results {
	return &results{describe: describe, byETag: make(map[string]*Result)}
}

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
// reserved exec.SmallBytes, which is given back.
func (s *results) add(body []byte, rows int) *Result {
	sum := sha256.Sum256(body)
	etag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= exec.SmallBytes
	res := s.byETag[etag]
	if res == nil {
		res = &Result{Body: bytes.Clone(body), Rows: rows, ETag: etag}
		res.Headers = s.describe(res)
		s.byETag[etag] = res
		s.bytes += len(body)
	}
	res.holders++
	return res
}

// hold makes res be held by more holders, or by fewer if more is negative. The
// caller holds it already.
func (s *results) hold(res *Result, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if res.holders += more; res.holders == 0 {
		s.bytes -= len(res.Body) + len(res.zipped)
		delete(s.byETag, res.ETag)
	}
}

// compressed returns the compressed body of res, made once for all who hold it,
// or nil if there is no room for it.
func (s *results) compressed(res *Result, compress func([]byte) []byte) []byte {
	res.compress.Do(func() {
		if zipped := compress(res.Body); s.reserve(len(zipped)) {
			s.mu.Lock()
			defer s.mu.Unlock()
			res.zipped = zipped
		}
	})
	return res.zipped
}
