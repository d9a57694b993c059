package rest

// This file sends results: small ones whole, with ETag and gzip, large ones in
// pieces. Rule: after the first byte of a large result, a failure aborts the
// connection.

import (
	"compress/gzip"
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"readapi/internal/client"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
	"readapi/internal/share"
)

const (
	// streamBytes is how much of a large result is sent at a time.
	streamBytes = 64 << 10
	// minGzipBytes is the size above which a body is worth compressing.
	minGzipBytes = 1 << 10
)

// writeResult sends a small result, or only that the client has it already.
func (s *Service) writeResult(w http.ResponseWriter, r *http.Request, res *share.Result, f encode.Format, p page) {
	header, body := w.Header(), res.Body
	header["Etag"], header["Content-Range"] = res.ETag, []string{p.contentRange()}
	mark := etagMark(f)
	if p.total.count != postgrest.NoCount { // it may change while the rows do not
		mark += "-" + strconv.FormatInt(p.total.rows, 10)
	}
	if p.hasMore { // a part is not the whole that the same rows were before
		mark += "-more"
	}
	if mark != "" {
		header.Set("Etag", strings.TrimSuffix(res.ETag[0], `"`)+mark+`"`)
	}
	if matchesETag(r.Header.Values("If-None-Match"), header["Etag"][0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Length"] = res.Length
	if len(body) > minGzipBytes && acceptsGzip(r.Header) {
		if zipped := s.share.Compressed(res, s.zips.compress); zipped != nil {
			body = zipped
			header.Set("Content-Encoding", "gzip")
			header.Set("Content-Length", strconv.Itoa(len(zipped)))
		}
	}
	w.WriteHeader(p.status())
	conn := client.FromContext(r.Context())
	s.share.Sending(res, conn)
	defer s.share.Sent(res, conn)
	_, _ = w.Write(body) // a client that has gone is no error
}

// takeLarge returns a large result that is to be sent in pieces: rows, or, if they
// are nil, those of a query of its own. The caller closes it.
func (s *Service) takeLarge(ctx context.Context, st *exec.Statement, rows *exec.Rows, deadline time.Time) (*exec.Rows, error) {
	if rows != nil && !rows.Hold() { // to wait with a connection in hand would take it from the others
		rows.Close()
		rows = nil
	}
	if rows == nil {
		var err error
		makePlace := func() { s.streams.CutSlowest(time.Now(), 1) }
		if rows, err = s.db.FetchLong(ctx, st, exec.Call{Deadline: deadline}, makePlace); err != nil {
			return nil, err
		}
	}
	if st.Format.Media == encode.Object { // two rows at most, and one is right
		err := rows.Fill(math.MaxInt)
		if err == nil && rows.Count() != 1 {
			err = errSeveralRows
		}
		if err != nil {
			rows.Close()
			return nil, err
		}
	}
	return rows, nil
}

// stream sends rows as fast as the client takes them, in the memory of one
// buffer. If the result breaks, so does the connection: a client must not take a
// part for the whole.
func (s *Service) stream(w http.ResponseWriter, r *http.Request, rows *exec.Rows, status int) {
	conn := client.FromContext(r.Context())
	var place client.Parcel
	s.streams.Add(&place, conn, 1)
	defer s.streams.Remove(&place, conn)
	send := func(body []byte, _ bool) error {
		_, err := w.Write(body)
		return err
	}
	if acceptsGzip(r.Header) {
		w.Header().Set("Content-Encoding", "gzip")
		zip := s.zips.take(w)
		defer s.zips.give(zip)
		send = func(body []byte, last bool) error { return sendGzip(w, zip, body, last) }
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	if !r.ProtoAtLeast(1, 1) { // where the connection ends is where the body ends
		conn.ResetOnClose(true)
	}
	s.sendAll(r, rows, send)
	if !r.ProtoAtLeast(1, 1) {
		_ = http.NewResponseController(w).Flush() // a client that has gone is no error
		conn.ResetOnClose(false)
	}
}

// sendAll sends rows piece by piece. It does not return if it cannot send all.
func (s *Service) sendAll(r *http.Request, rows *exec.Rows, send func(body []byte, last bool) error) {
	for {
		if err := send(rows.Body, rows.Done); err != nil { // the client has gone
			abort(r)
		}
		if rows.Done {
			return
		}
		rows.Taken()
		if err := rows.Fill(streamBytes); err != nil {
			s.logFailure(r, http.StatusOK, err)
			abort(r)
		}
	}
}

// abort ends a response that has begun, and does not return. The connection is
// reset: to HTTP/1.0, which proxies speak, where it is closed is where the body
// ends.
func abort(r *http.Request) {
	client.FromContext(r.Context()).Cut()
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
