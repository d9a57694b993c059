package share

// This file holds the small results that are being sent.

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"strconv"
	"sync"
	"time"

	"readapi/internal/client"
	"readapi/internal/encode"
	"readapi/internal/exec"
)

const (
	// maxHeldBytes bounds all small results together, from when they are read
	// until the last client has taken them.
	maxHeldBytes = 64 << 20
	// tinyBytes is the size up to which a result has tinyRoom more: large results
	// must not keep small ones out.
	tinyBytes = 64 << 10
	tinyRoom  = 16 << 20
	// maxRoomWait is how long a read waits for room; roomTick is how often it looks
	// for slow clients to cut off meanwhile. Who takes nothing is seen after a
	// second.
	maxRoomWait = 1500 * time.Millisecond
	roomTick    = 100 * time.Millisecond
)

var errHeld = &exec.Error{Kind: exec.Memory, Err: errors.New("results that clients are slow to take fill the memory for results")}

// Result is a complete small result. Its bytes do not change. Whoever has got it
// from Read releases it.
type Result struct {
	Body         []byte
	Rows         int        // in Body
	End          encode.End // of Body, if it is a page
	ETag, Length []string   // of Body, as values of headers that nobody changes

	parcel   client.Parcel
	holders  int // guarded by results.mu
	compress sync.Once
	zipped   []byte // nil before, and if there is no room for it
	noRoom   bool   // for zipped; guarded by results.mu
}

// results are those that somebody holds. It is safe for concurrent use.
type results struct {
	sending client.Waiting // to whom

	mu     sync.Mutex
	byETag map[string]*Result // guarded by mu
	bytes  int                // of the results, and reserved; guarded by mu
	wanted int                // bytes that reads wait for; guarded by mu
	freed  chan struct{}      // closed when there is more room, if somebody waits; guarded by mu
}

func newResults() *results {
	return &results{byETag: make(map[string]*Result), freed: make(chan struct{})}
}

// size is the number of bytes that are held or reserved.
func (s *results) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// reserve makes room for size bytes, and waits for it for a while. A negative
// size gives room back. Errors are *exec.Error.
func (s *results) reserve(ctx context.Context, size int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size <= 0 {
		s.freeLocked(-size)
		return nil
	}
	return s.reserveLocked(ctx, size, maxHeldBytes)
}

// reserveLocked is reserve within a limit. It unlocks s while it waits.
func (s *results) reserveLocked(ctx context.Context, size, limit int) error {
	for end := time.Now().Add(maxRoomWait); s.bytes+size > limit; {
		if !time.Now().Before(end) || ctx.Err() != nil {
			return errHeld
		}
		s.awaitLocked(ctx, size)
	}
	s.bytes += size
	return nil
}

// awaitLocked makes slow clients give way and waits until there may be room.
func (s *results) awaitLocked(ctx context.Context, size int) {
	s.wanted += size
	missing, freed := s.bytes+s.wanted-maxHeldBytes, s.freed
	s.mu.Unlock()
	s.sending.CutSlowest(time.Now(), missing)
	tick := time.NewTimer(roomTick)
	select {
	case <-freed:
	case <-tick.C:
	case <-ctx.Done():
	}
	tick.Stop()
	s.mu.Lock()
	s.wanted -= size
}

// freeLocked gives room back.
func (s *results) freeLocked(size int) {
	s.bytes -= size
	if s.wanted > 0 {
		close(s.freed)
		s.freed = make(chan struct{})
	}
}

// castagnoli is the polynomial of CRC-32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// etagOf is a weak ETag of the length of body and two checksums, 64 bits, both of
// which processors have instructions for. It is the same on every replica, and
// guards against accident: who can choose the rows needs no collision.
func etagOf(body []byte) string {
	sum := uint64(crc32.Checksum(body, castagnoli))<<32 | uint64(crc32.ChecksumIEEE(body))
	etag := append(make([]byte, 0, 32), `W/"`...)
	etag = append(strconv.AppendInt(etag, int64(len(body)), 16), '-')
	return string(append(strconv.AppendUint(etag, sum, 16), '"'))
}

// add returns the result with these bytes, which the caller may change
// afterwards, and lets the caller hold it. It is before, which may be nil, if that
// has these bytes and this end. Errors are *exec.Error.
func (s *results) add(ctx context.Context, body []byte, rows int, end encode.End, before *Result) (*Result, error) {
	etag := etagOf(body)
	limit := maxHeldBytes
	if len(body) <= tinyBytes {
		limit += tinyRoom
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	res := s.sameLocked(etag, body, end)
	if res == nil {
		res = s.againLocked(before, etag, body, end, limit)
	}
	if res == nil {
		if err := s.reserveLocked(ctx, len(body), limit); err != nil {
			return nil, err
		}
		if res = s.sameLocked(etag, body, end); res != nil { // by now
			s.freeLocked(len(body))
		}
	}
	if res == nil {
		res = &Result{
			Body: bytes.Clone(body), Rows: rows, End: end,
			ETag: []string{etag}, Length: []string{strconv.Itoa(len(body))},
		}
		s.byETag[etag] = res // another one with this ETag is not found any more
	}
	res.holders++
	return res, nil
}

// sameLocked returns the result with these bytes and this end that somebody holds,
// or nil.
func (s *results) sameLocked(etag string, body []byte, end encode.End) *Result {
	if res := s.byETag[etag]; res != nil && res.is(etag, body, end) {
		return res
	}
	return nil
}

// againLocked returns res, which may be nil, if it has these bytes and this end, and
// there is room for it again within the limit. Otherwise it returns nil.
func (s *results) againLocked(res *Result, etag string, body []byte, end encode.End, limit int) *Result {
	if res == nil || res.holders > 0 || res.noRoom || !res.is(etag, body, end) {
		return nil
	}
	size := len(res.Body) + len(res.zipped)
	if s.bytes+size > limit {
		return nil
	}
	s.bytes += size
	s.byETag[etag] = res
	return res
}

// is reports whether r has these bytes and this end.
func (r *Result) is(etag string, body []byte, end encode.End) bool {
	return r.ETag[0] == etag && bytes.Equal(r.Body, body) && r.End.Equal(end)
}

// hold makes res be held by more holders, or by fewer if more is negative. The
// caller holds it already.
func (s *results) hold(res *Result, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if res.holders += more; res.holders == 0 {
		s.freeLocked(len(res.Body) + len(res.zipped))
		if s.byETag[res.ETag[0]] == res {
			delete(s.byETag, res.ETag[0])
		}
	}
}

// compressed returns the compressed body of res, made once for all who hold it,
// or nil if there is no room for it.
func (s *results) compressed(res *Result, compress func([]byte) []byte) []byte {
	res.compress.Do(func() {
		zipped := compress(res.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.bytes+len(zipped) > maxHeldBytes+tinyRoom {
			res.noRoom = true
			return
		}
		s.bytes += len(zipped)
		res.zipped = zipped
	})
	return res.zipped
}
