package main

// This file sends results: small ones whole, with ETag and gzip, large ones in
// pieces. Rule: after the first byte of a large result, a failure aborts the
// connection.

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
)

const (
	// streamBytes is how much of a large result is sent at a time.
	streamBytes = 64 << 10
	// minGzipBytes is the size above which a body is worth compressing.
	minGzipBytes = 1 << 10
)

var errLargeBusy = errors.New("large results use all connections that they may use: look at DB_MAX_CONNS")

// writeResult sends a small result, or only that the client has it already.
func (a *api) writeResult(w http.ResponseWriter, r *http.Request, res *result, p page) {
	header, body, length := w.Header(), res.body, res.length
	header["Etag"], header["Content-Range"] = res.headers(p)
	if matchesETag(r.Header.Values("If-None-Match"), header["Etag"][0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if len(body) > minGzipBytes && acceptsGzip(r.Header) {
		if zipped := a.share.results.gzipped(res); zipped != nil {
			header.Set("Content-Encoding", "gzip")
			body, length = zipped, []string{strconv.Itoa(len(zipped))}
		}
	}
	header["Content-Length"] = length
	w.WriteHeader(p.status())
	_, _ = w.Write(body) // a client that has gone is no error
}

// writeLarge sends a large result in pieces, from rows or, if they are nil, from
// a query of its own. Which rows these are is known only if the total is. After
// an error nothing has been sent.
func (a *api) writeLarge(w http.ResponseWriter, r *http.Request, st *statement, rows *rowStream, p page) error {
	select {
	case a.large <- struct{}{}:
	default: // to wait with a connection in hand would take it from the others
		if rows != nil {
			rows.Close()
			rows = nil
		}
		if err := a.awaitLarge(r.Context()); err != nil {
			return err
		}
	}
	defer func() { <-a.large }()
	if rows == nil {
		var err error
		if rows, err = a.db.fetch(r.Context(), st, func() {}); err != nil {
			return err
		}
	}
	defer rows.Close()
	if st.format.media == mediaObject { // two rows at most, and one is right
		if err := rows.fill(math.MaxInt); err != nil {
			return err
		}
		if rows.encoder.rows != 1 {
			return errNotOneRow(int64(rows.encoder.rows))
		}
	}
	if p.total != unknownTotal {
		w.Header().Set("Content-Range", p.contentRange())
	}
	a.stream(w, r, rows, p.status())
	return nil
}

// awaitLarge waits until another large result may be sent.
func (a *api) awaitLarge(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.dbTimeout)
	defer cancel()
	select {
	case a.large <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &dbError{kindPool, errLargeBusy}
	}
}

// stream sends rows as fast as the client takes them, in the memory of one
// buffer. If the result breaks, so does the connection: a client must not take a
// part for the whole.
func (a *api) stream(w http.ResponseWriter, r *http.Request, rows *rowStream, status int) {
	send := func(body []byte, _ bool) error {
		_, err := w.Write(body)
		return err
	}
	if acceptsGzip(r.Header) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := a.share.results.zips.take(w)
		defer a.share.results.zips.give(zip)
		send = func(body []byte, last bool) error { return sendGzip(w, zip, body, last) }
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	for {
		if err := send(rows.body, rows.done); err != nil { // the client has gone
			abort(r)
		}
		if rows.done {
			return
		}
		rows.body = rows.body[:0]
		if err := rows.fill(streamBytes); err != nil {
			a.logFailure(r, http.StatusOK, err)
			abort(r)
		}
	}
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

// abort ends a response that has begun, and does not return. The connection is
// reset: to HTTP/1.0, which proxies speak, where it is closed is where the body
// ends.
func abort(r *http.Request) {
	if conn, ok := r.Context().Value(connKey{}).(*stallConn); ok {
		_ = conn.SetLinger(0) // fails only if it is closed
	}
	panic(http.ErrAbortHandler)
}

// sendGzip sends one piece through zip, to the client and not only into buffers.
func sendGzip(w http.ResponseWriter, zip *gzip.Writer, body []byte, last bool) error {
	if _, err := zip.Write(body); err != nil {
		return err
	}
	if last {
		return zip.Close()
	}
	if err := zip.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// gzipPool keeps compressors, which are large, for the next body. The zero value
// is ready to use.
type gzipPool struct{ pool sync.Pool }

// take returns a compressor that writes to w.
func (p *gzipPool) take(w io.Writer) *gzip.Writer {
	if zip, ok := p.pool.Get().(*gzip.Writer); ok {
		zip.Reset(w)
		return zip
	}
	zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // that level exists
	return zip
}

func (p *gzipPool) give(zip *gzip.Writer) { p.pool.Put(zip) }

// compress returns body compressed.
func (p *gzipPool) compress(body []byte) []byte {
	var out bytes.Buffer
	zip := p.take(&out)
	defer p.give(zip)
	_, _ = zip.Write(body) // a bytes.Buffer takes everything
	_ = zip.Close()
	return bytes.Clone(out.Bytes())
}
