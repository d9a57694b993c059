package main

// This file holds what clients are told when something went wrong. Rules: one
// function writes errors, and every error has the same four members; nothing of
// the driver, the SQL, the host or the user reaches a client.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// apiError is the body of every error response: the object that clients of
// PostgREST read, with its codes where the meaning is the same.
type apiError struct {
	status  int
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Details *string `json:"details"`
	Hint    *string `json:"hint"`
}

// newAPIError makes an apiError; hint may be empty.
func newAPIError(status int, code, message, hint string) *apiError {
	e := &apiError{status: status, Code: code, Message: message}
	if hint != "" {
		e.Hint = &hint
	}
	return e
}

// Responses that do not come from the database.
var (
	errNoPath = newAPIError(http.StatusNotFound, "PGRST125", "There is nothing at this path.",
		"The rows are at /read.")
	errNoSuchTable = newAPIError(http.StatusNotFound, "PGRST205", "There is no such table here.",
		"The first table is at /read.")
	errToken = newAPIError(http.StatusUnauthorized, "PGRST301", "This server wants a token.",
		"Send Authorization: Bearer with a token that the server knows.")
	errMethod = newAPIError(http.StatusMethodNotAllowed, "PGRST117", "This server only reads.",
		"Use GET, HEAD or OPTIONS.")
	errStopping = newAPIError(http.StatusServiceUnavailable, "57P01", "The server is stopping.", hintRetry)
	errNotReady = newAPIError(http.StatusServiceUnavailable, "PGRST001", "The database does not answer.", hintRetry)
	errBusy     = newAPIError(http.StatusServiceUnavailable, "53300", "Too many requests are under way.", hintRetry)
)

// errProfile and errMedia refuse headers.
var (
	errProfile = newAPIError(http.StatusNotAcceptable, "PGRST106", "There is no such schema here.",
		"Leave Accept-Profile out, or send public.")
	errMedia = newAPIError(http.StatusNotAcceptable, "PGRST107", "None of these media types are available.",
		"There are application/json, application/x-ndjson, text/csv and application/vnd.pgrst.object+json.")
)

var errInFlight = errors.New("as many reads as MAX_IN_FLIGHT are under way")

// errRange refuses a range of rows.
func errRange(details string) *apiError {
	e := newAPIError(http.StatusRequestedRangeNotSatisfiable, "PGRST103", "Requested range not satisfiable", "")
	e.Details = &details
	return e
}

func errOffset(offset uint64, total int64) *apiError {
	return errRange(fmt.Sprintf("An offset of %d was requested, but there are only %d rows.", offset, total))
}

// errNotOneRow refuses to make one object of n rows. Clients look for the number
// in the details.
func errNotOneRow(n int64) *apiError {
	e := newAPIError(http.StatusNotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", "")
	details := fmt.Sprintf("The result contains %d rows", n)
	e.Details = &details
	return e
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + " " + e.Message }

const (
	hintRetry = "Try again shortly."
	hintLog   = "The server's log has the cause."
)

// dbResponses maps what went wrong at the database to what the client is told.
var dbResponses = map[errKind]*apiError{
	kindInternal: newAPIError(http.StatusInternalServerError, "XX000", "The read failed.", hintLog),
	kindAway:     newAPIError(http.StatusServiceUnavailable, "PGRST001", "The database cannot be reached.", hintRetry),
	kindPool:     newAPIError(http.StatusServiceUnavailable, "PGRST003", "All database connections are busy.", hintRetry),
	kindKilled:   newAPIError(http.StatusServiceUnavailable, "57014", "The query was ended by the database.", hintRetry),
	kindMemory:   newAPIError(http.StatusServiceUnavailable, "53200", "Slow clients use all memory for results.", hintRetry),
	kindTimeout:  newAPIError(http.StatusGatewayTimeout, "57014", "The query took too long.", hintLog),
	kindAccess:   newAPIError(http.StatusInternalServerError, "28P01", "The database refuses the server's account.", hintLog),
	kindDatabase: newAPIError(http.StatusInternalServerError, "3D000", "The database may not be used.", hintLog),
	kindHost:     newAPIError(http.StatusInternalServerError, "28000", "The database refuses this server.", hintLog),
	kindTLS:      newAPIError(http.StatusInternalServerError, "08001", "The way to the database is not safe.", hintLog),
	kindChanged:  newAPIError(http.StatusServiceUnavailable, "PGRST002", "The table has just changed.", hintRetry),
	kindCharset: newAPIError(http.StatusBadRequest, "22P05", "A value has characters that its column cannot have.",
		"Leave out what is not in the character set of the column."),
	kindCanceled: newAPIError(http.StatusServiceUnavailable, "57014", "The read was given up.", hintRetry),
	kindNoTable:  newAPIError(http.StatusInternalServerError, "42P01", "The table is not in the database.", hintLog),
	kindNoGrant:  newAPIError(http.StatusInternalServerError, "42501", "The server's account may not read the table.", hintLog),
}

// writeDBError answers for an error of the database. It must be called before
// anything else was written.
func (a *api) writeDBError(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		// Nobody is there, or only half: to return would say 200.
		panic(http.ErrAbortHandler)
	}
	a.writeError(w, r, dbResponses[kindOf(err)], err)
}

// writeError sends e; cause, if there is one, is for the log only.
func (a *api) writeError(w http.ResponseWriter, r *http.Request, e *apiError, cause error) {
	if e.status >= http.StatusInternalServerError {
		a.logFailure(r, e.status, cause)
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Del("Preference-Applied")
	if e.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(e) // four strings: it can't fail
	writeJSON(w, e.status, body.Bytes())
}

// logFailure logs a request that was the server's fault. Of the 503 of one
// second, which may be many, only the first is logged.
func (a *api) logFailure(r *http.Request, status int, cause error) {
	now := time.Now().Unix()
	if cause == nil || r.Context().Err() != nil ||
		status == http.StatusServiceUnavailable && a.lastBusy.Swap(now) == now {
		return
	}
	a.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "status", status, "err", cause)
}
