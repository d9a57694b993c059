package rest

// This file holds what clients are told when something went wrong. Rules: one
// function writes errors, and every error has the same four members; nothing of
// the driver, the SQL, the host or the user reaches a client.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/live"
	"readapi/internal/postgrest"
)

// Error is the body of every error response: the object that clients of
// PostgREST read, with its codes where the meaning is the same.
type Error struct {
	status  int
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Details any     `json:"details"` // a text, a list of relations, or nil
	Hint    *string `json:"hint"`
}

// errSeveralRows is an error of takeLarge: two rows or more, where one object is
// wanted.
var errSeveralRows = errors.New("several rows")

// NewError makes an Error with a status of HTTP; hint may be empty.
func NewError(status int, code, message, hint string) *Error {
	e := &Error{status: status, Code: code, Message: message}
	if hint != "" {
		e.Hint = &hint
	}
	return e
}

// errProfile and errMedia refuse headers.
var (
	errProfile = NewError(http.StatusNotAcceptable, "PGRST106", "There is no such schema here.",
		"Leave Accept-Profile out, or send public.")
	errMedia = NewError(http.StatusNotAcceptable, "PGRST107", "None of these media types are available.",
		"There are application/json, application/x-ndjson, text/csv and application/vnd.pgrst.object+json.")
)

// errOffset refuses a page behind the end.
func errOffset(offset uint64, total int64) error {
	return postgrest.Place{}.Refuse(postgrest.CodeRange, "", "An offset of %d was requested, but there are only %d rows.", offset, total)
}

// errNotOneRow refuses to make one object of n rows. Clients look for the number
// in the details.
func errNotOneRow(n int64) *Error {
	e := NewError(http.StatusNotAcceptable, "PGRST116", "Cannot coerce the result to a single JSON object", "")
	e.Details = fmt.Sprintf("The result contains %d rows", n)
	return e
}

// Error implements error.
func (e *Error) Error() string { return e.Code + " " + e.Message }

const (
	// HintRetry is the hint of errors that pass.
	HintRetry = "Try again shortly."
	hintLog   = "The server's log has the cause."
)

// dbResponses maps what went wrong at the database to what the client is told. A
// hint that both may follow says who.
var dbResponses = map[exec.Kind]*Error{
	exec.Internal:    NewError(http.StatusInternalServerError, "XX000", "The read failed.", hintLog),
	exec.Away:        NewError(http.StatusServiceUnavailable, "PGRST001", "The database cannot be reached.", HintRetry),
	exec.PoolBusy:    NewError(http.StatusServiceUnavailable, "PGRST003", "All database connections are busy.", HintRetry),
	exec.Killed:      NewError(http.StatusServiceUnavailable, "57014", "The query was ended by the database.", HintRetry),
	exec.Memory:      NewError(http.StatusServiceUnavailable, "53200", "Slow clients use all memory for results.", HintRetry),
	exec.Timeout:     NewError(http.StatusGatewayTimeout, "57014", "The query took too long.", hintLog),
	exec.Access:      NewError(http.StatusInternalServerError, "28P01", "The database refuses the server's account.", hintLog),
	exec.NoDatabase:  NewError(http.StatusInternalServerError, "3D000", "The database may not be used.", hintLog),
	exec.HostRefused: NewError(http.StatusInternalServerError, "28000", "The database refuses this server.", hintLog),
	exec.Unsafe:      NewError(http.StatusInternalServerError, "08001", "The way to the database is not safe.", hintLog),
	exec.Changed:     NewError(http.StatusServiceUnavailable, "PGRST002", "The table has just changed.", HintRetry),
	exec.Charset: NewError(http.StatusBadRequest, "22P05", "A value has characters that its column cannot have.",
		"Leave out what is not in the character set of the column."),
	exec.Canceled: NewError(http.StatusServiceUnavailable, "57014", "The read was given up.", HintRetry),
	exec.NoTable:  NewError(http.StatusInternalServerError, "42P01", "The table is not in the database.", hintLog),
	exec.NoGrant:  NewError(http.StatusInternalServerError, "42501", "The server's account may not read the table.", hintLog),
	exec.BadView: NewError(http.StatusInternalServerError, "42P17",
		"The view does not work: something that it uses is gone or may not be used, or its definer is gone.",
		"The view has to be made again, with a definer that exists and may read what it uses."),
	exec.BadData: NewError(http.StatusInternalServerError, "22000", "A value that the view computes cannot be computed for one of the rows.",
		"Leave out that column or that row; the view should say what it is then."),
	exec.SortMemory: NewError(http.StatusInternalServerError, "53200", "The database has too little memory to sort these rows.",
		"Ask for fewer columns, or without order; the database's operator can raise sort_buffer_size."),
	exec.TooMany: NewError(http.StatusInternalServerError, "54000", "The database refuses so many rows for one query.",
		"Ask for fewer rows, with limit or a filter on a column that has an index."),
	exec.RowTooLarge: NewError(http.StatusInternalServerError, "54000", fmt.Sprintf("A row is too large: it has more than %d MiB.", encode.MaxRowBytes>>20),
		"Leave out the largest columns, or ask for them one at a time."),
	exec.TooDeep: NewError(http.StatusInternalServerError, "54001", "The query needs more than the database allows for one.",
		"Ask for less; which limit of the database it is, is in the server's log."),
	exec.DiskFull: NewError(http.StatusServiceUnavailable, "53100", "The database has no room for temporary data.",
		"Try again shortly, with fewer rows or columns, or without order."),
	exec.NoMemory: NewError(http.StatusServiceUnavailable, "53200", "The database is out of memory.", HintRetry),
	exec.BadPattern: NewError(http.StatusBadRequest, postgrest.CodeBadPattern, "A pattern is no regular expression that the database knows.",
		"MySQL has the syntax of ICU, MariaDB that of PCRE."),
	exec.SlowPattern: NewError(http.StatusBadRequest, postgrest.CodeBadPattern, "A pattern takes too many steps on the value of one of the rows.",
		"Leave out repetitions within repetitions, such as (a+)+."),
	exec.Damaged: NewError(http.StatusInternalServerError, "58030", "The database cannot open the table.", hintLog),
	exec.Unsupported: NewError(http.StatusBadRequest, "0A000", "The database cannot do this.",
		"It may be a cluster that cannot put this together from its parts: ask for less in one request."),
	exec.StreamCut: NewError(http.StatusInternalServerError, "XX000", "The database ended the result.", "Ask with order."),
	exec.Session:   NewError(http.StatusInternalServerError, "08004", "The database refuses the session that is configured.", hintLog),
}

// remedies are for the log: what an operator can do about it, and where the hint
// for the client does not say that.
var remedies = map[exec.Kind]string{
	exec.Timeout:     "look at what the query waits for, at its indexes, and at DB_TIMEOUT",
	exec.Access:      "look at DB_USER and DB_PASSWORD",
	exec.NoDatabase:  "look at DB_NAME, and at what DB_USER may read",
	exec.HostRefused: "look at DB_HOST, and at the hosts that DB_USER may come from",
	exec.Unsafe:      "look at DB_TLS",
	exec.PoolBusy:    "look at DB_MAX_CONNS",
	exec.NoTable:     "look at DB_TABLES and DB_NAME",
	exec.NoGrant:     "GRANT SELECT on the table to DB_USER",
	exec.BadView:     "look at SHOW CREATE VIEW: make it again with a DEFINER that exists and may use all that it uses",
	exec.BadData:     "look at the view's expressions",
	exec.SortMemory:  "raise sort_buffer_size",
	exec.TooMany:     "raise max_join_size, or set sql_big_selects=1; on Vitess, DB_SESSION=workload=olap",
	exec.RowTooLarge: "the client has to leave out columns",
	exec.TooDeep:     "raise the limit that err names",
	exec.DiskFull:    "look at the room in tmpdir, and at tmp_table_size and its like",
	exec.NoMemory:    "look at the memory of the database's machine, and at its limits",
	exec.Session:     "look at DB_SESSION",
	exec.Damaged:     "look at err, at the database's own log, and at CHECK TABLE",
}

// fail answers for an error of a read. It must be called before anything else
// was written.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	response, cause := responseTo(err)
	if cause != nil && r.Context().Err() != nil {
		// Nobody is there, or only half: to return would say 200.
		panic(http.ErrAbortHandler)
	}
	s.Fail(w, r, response, cause)
}

// responseTo is what a client is told of err, and what is for the log.
func responseTo(err error) (response *Error, cause error) {
	var refused *postgrest.Refusal
	switch {
	case errors.As(err, &response):
		return response, nil
	case errors.As(err, &refused):
		return refusalResponse(refused), nil
	case errors.Is(err, live.ErrMemory):
		return errWatchMemory, err
	case errors.Is(err, live.ErrFull):
		return errWatchers, err
	default:
		return dbResponses[exec.KindOf(err)], err
	}
}

// refusalResponse is what a client is told of a refusal: the message is the
// reason, because many programs show nothing else, and the details say where.
func refusalResponse(refused *postgrest.Refusal) *Error {
	if refused.Code == postgrest.CodeRange { // in PostgREST's words
		e := NewError(http.StatusRequestedRangeNotSatisfiable, refused.Code, "Requested range not satisfiable", refused.Hint)
		e.Details = refused.Reason
		return e
	}
	if refused.Code == postgrest.CodeSeveral {
		e := NewError(http.StatusMultipleChoices, refused.Code, refused.Message(), refused.Hint)
		e.Details = refused.Choices
		return e
	}
	e := NewError(http.StatusBadRequest, refused.Code, refused.Message(), refused.Hint)
	if where := refused.Where(); where != "" {
		e.Details = where
	}
	return e
}

// Fail sends e; cause, if there is one, is for the log only. It must be called
// before anything else was written.
func (s *Service) Fail(w http.ResponseWriter, r *http.Request, e *Error, cause error) {
	if e.status >= http.StatusInternalServerError {
		s.logFailure(r, e.status, cause)
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
	WriteJSON(w, e.status, body.Bytes())
}

// logFailure logs a request that was the server's fault. Of the 503 of one
// second, which may be many, only the first is logged.
func (s *Service) logFailure(r *http.Request, status int, cause error) {
	now := time.Now().Unix()
	if cause == nil || r.Context().Err() != nil ||
		status == http.StatusServiceUnavailable && s.lastBusy.Swap(now) == now {
		return
	}
	args := append([]any{"method", r.Method, "path", r.URL.Path}, LoggedQuery(r)...)
	args = append(args, "status", status, "err", cause)
	if remedy := remedies[exec.KindOf(cause)]; remedy != "" {
		args = append(args, "remedy", remedy)
	}
	s.options.Log.Error("request failed", args...)
}

// WriteJSON sends a complete body. A client that has gone is not an error here.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", contentTypeJSON)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
