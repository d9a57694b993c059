package rest

// This file tells a browser where the time of a read went.

import (
	"net/http"

	"readapi/internal/metrics"
)

// withTiming adds Server-Timing, and Timing-Allow-Origin for whom the rows are for,
// without which a browser does not show it to scripts of other origins.
func withTiming(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, took := metrics.WithTook(r.Context())
		next.ServeHTTP(&timedWriter{ResponseWriter: w, took: took}, r.WithContext(ctx))
	})
}

// timedWriter adds the headers to a response.
type timedWriter struct {
	http.ResponseWriter
	took *metrics.Took
}

func (w *timedWriter) WriteHeader(status int) {
	header := w.Header()
	header.Set("Server-Timing", w.took.Header())
	if origin := header.Get("Access-Control-Allow-Origin"); origin != "" {
		header.Set("Timing-Allow-Origin", origin)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap serves http.ResponseController.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
