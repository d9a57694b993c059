package main

// This file lets scripts of other origins read. Rules: whatever is asked for, by
// whatever method, the answer has the CORS headers; a page of an allowed origin
// may send any header.

import (
	"net/http"
	"slices"
	"strings"
)

const (
	allowedMethods = "GET, HEAD, OPTIONS"
	// exposedHeaders are those that a script may read, beside the simple ones.
	exposedHeaders = "Content-Range, ETag, Link, Preference-Applied, Retry-After"
	// allowedHeaders are those that scripts and the clients of PostgREST send.
	allowedHeaders = "authorization, apikey, x-client-info, accept-profile, content-type, " +
		"prefer, range, range-unit, if-none-match, x-retry-count"
	// maxAllowedHeaders bounds them, in bytes, with those that a preflight asks for.
	maxAllowedHeaders = 4 << 10
	// varyPreflight are the request headers that answers to OPTIONS differ by.
	varyPreflight = "Access-Control-Request-Method, Access-Control-Request-Headers"
)

// withCORS puts the CORS headers on every response, also on errors: without
// them a browser hides the status from the page. It answers preflights for any
// path, so that the page gets to see the 404.
func (a *api) withCORS(next http.Handler) http.Handler {
	switch {
	case len(a.cfg.corsOrigins) == 0:
		return next
	case a.cfg.corsByOrigin(): // also for other origins, and without one: a cache must not mix them up
		a.header["Vary"] = []string{"Origin"}
	default:
		a.header["Access-Control-Allow-Origin"] = []string{"*"}
	}
	a.header["Access-Control-Expose-Headers"] = []string{exposedHeaders}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, allowed := r.Header.Get("Origin"), true
		if a.cfg.corsByOrigin() {
			if allowed = slices.Contains(a.cfg.corsOrigins, origin); allowed {
				w.Header().Set("Access-Control-Allow-Origin", origin)
			}
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", varyPreflight)
		if r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		answerPreflight(w, r, allowed)
	})
}

// answerPreflight tells a browser what its page may send. There are no cookies
// and nothing is written, so that any header may come; one from an origin that
// may not read is told nothing.
func answerPreflight(w http.ResponseWriter, r *http.Request, allowed bool) {
	if allowed {
		header := w.Header()
		header.Set("Access-Control-Allow-Methods", allowedMethods)
		header.Set("Access-Control-Allow-Headers", allowHeaders(r.Header.Values("Access-Control-Request-Headers")))
		header.Set("Access-Control-Max-Age", "7200") // Chromium's maximum
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowHeaders is the list of allowedHeaders and those that are asked for, each
// once. What is no name of a header is left out, and so is all behind
// maxAllowedHeaders.
func allowHeaders(requested []string) string {
	list, seen := allowedHeaders, map[string]bool{}
	for name := range strings.SplitSeq(allowedHeaders, ", ") {
		seen[name] = true
	}
	for name := range strings.SplitSeq(strings.ToLower(strings.Join(requested, ",")), ",") {
		name = strings.Trim(name, " \t")
		if seen[name] || !isToken(name) {
			continue
		}
		if len(list)+len(", ")+len(name) > maxAllowedHeaders {
			break
		}
		seen[name] = true
		list += ", " + name
	}
	return list
}

// isToken reports whether s can be the name of a header (RFC 9110, section
// 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		isAlphanumeric := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !isAlphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
