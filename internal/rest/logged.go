package rest

// This file prepares what a request has for the log.

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxLoggedBytes is how much of a query string is logged.
const maxLoggedBytes = 1 << 10

var (
	// parameter is NAME=VALUE in a query string, also behind a semicolon.
	parameter = regexp.MustCompile(`([^&;=]+)=([^&;]*)`)
	// secretParts are within, and secretNames are, names of parameters in which
	// people put what nobody else may know; without "-", "_" and ".", in lower
	// case.
	secretParts = []string{"token", "apikey", "password", "passwd", "secret", "credential", "authorization", "signature", "jwt"}
	secretNames = []string{"key", "pwd", "pass", "auth", "sig", "session", "sessionid", "sid", "code"}
	nameNoise   = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")
)

// LoggedQuery is the query string of a request as an attribute for the log, or
// nothing if there is none.
func LoggedQuery(r *http.Request) []any {
	if r.URL.RawQuery == "" {
		return nil
	}
	return []any{"query", loggable(r.URL.RawQuery)}
}

// loggable is a raw query string as it may be logged: without the values of
// parameters such as apikey or access_token, and not longer than maxLoggedBytes.
// There is nothing in it but printable ASCII.
func loggable(rawQuery string) string {
	safe := parameter.ReplaceAllStringFunc(rawQuery, func(pair string) string {
		name, _, _ := strings.Cut(pair, "=")
		if isSecret(name) {
			return name + "=REDACTED"
		}
		return pair
	})
	safe = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, safe)
	if len(safe) > maxLoggedBytes {
		return safe[:maxLoggedBytes] + "..."
	}
	return safe
}

// isSecret reports whether a parameter with this name, as it stands in a URL, may
// hold a secret.
func isSecret(rawName string) bool {
	name, err := url.QueryUnescape(rawName)
	if err != nil {
		name = rawName
	}
	name = nameNoise.Replace(strings.ToLower(name))
	return slices.Contains(secretNames, name) ||
		slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) })
}
