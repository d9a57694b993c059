package rest

// This file is what HTTP/2 needs beside HTTP/1: a connection has many responses,
// each of which may stall or break alone.

import (
	"net/http"
	"time"

	"readapi/internal/client"
)

// WithStreams holds each response over HTTP/2 to what a connection of HTTP/1 is
// held to. Requests of HTTP/1 pass through.
func WithStreams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			next.ServeHTTP(w, r)
			return
		}
		control := http.NewResponseController(w)
		reset := func() { _ = control.SetWriteDeadline(time.Unix(0, 1)) } // fails if the stream has ended
		stream, ctx := client.WithStream(r.Context(), w, control.Flush, reset)
		if stream == nil {
			next.ServeHTTP(w, r)
			return
		}
		defer func() { // net/http still has the last bytes, which nobody looks at any more
			stream.Done()
			_ = control.SetWriteDeadline(time.Now().Add(stream.Stall()))
		}()
		next.ServeHTTP(&streamWriter{w, stream}, r.WithContext(ctx))
	})
}

// streamWriter writes to a stream.
type streamWriter struct {
	http.ResponseWriter
	stream *client.Stream
}

func (w *streamWriter) Write(b []byte) (int, error) { return w.stream.Write(b) }

// FlushError serves http.ResponseController.
func (w *streamWriter) FlushError() error { return w.stream.FlushError() }

// Unwrap serves http.ResponseController.
func (w *streamWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
