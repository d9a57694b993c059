// Package rest answers one read over HTTP: it parses what is asked for, plans the
// statement, gets its result through the sharing of reads, and sends it in the
// form that the client likes best. It owns what clients are told when something
// goes wrong. Rules: nothing of the driver, the SQL, the host or the user reaches
// a client; after the first byte of a result, a failure breaks the connection.
package rest

// This file answers a read: from what is asked for to the rows.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"readapi/internal/catalog"
	"readapi/internal/client"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/plan"
	"readapi/internal/postgrest"
	"readapi/internal/share"
)

// varyRead are the request headers that answers to reads differ by.
const varyRead = "Accept, Accept-Encoding, Accept-Profile, Prefer, Range"

// Options are what an operator chooses of how reads are answered.
type Options struct {
	Tables       []string // that there are
	Schema       string   // the database's name, which Accept-Profile may give
	CacheControl string   // header of every 200 and 304
	VaryOrigin   bool     // the CORS headers differ by Origin
	Log          *slog.Logger
}

// Service answers reads. It is safe for concurrent use.
type Service struct {
	db       *exec.DB
	catalog  *catalog.Catalog
	share    *share.Sharer
	options  Options
	header   http.Header    // of every answer to a read; to share the values saves a short one a tenth of its time
	streams  client.Waiting // clients that take a large result, each of which counts 1
	zips     gzipPool
	lastBusy atomic.Int64 // when a 503 was logged, in Unix seconds
}

// New makes a Service that reads from db. It asks nothing yet.
func New(db *exec.DB, options Options) *Service {
	header := http.Header{
		"Cache-Control": {options.CacheControl},
		"Content-Type":  {contentTypeJSON},
		"Vary":          {varyRead},
	}
	if options.VaryOrigin { // also for other origins, and without one: a cache must not mix them up
		header["Vary"] = []string{"Origin, " + varyRead}
	}
	return &Service{
		db: db, catalog: catalog.New(db.Query, options.Tables...), share: share.New(db, describe),
		options: options, header: header,
	}
}

// Table returns the handler that answers with the rows of a table, which is one of
// those that New was told of.
func (s *Service) Table(name string) http.Handler { return &table{Service: s, name: name} }

// table answers reads of one table.
type table struct {
	*Service
	name  string
	named atomic.Bool                   // the account may not read all columns, so * is refused
	shape atomic.Pointer[catalog.Table] // of a plain read that had to be looked at
}

// read is what a request asks for.
type read struct {
	*postgrest.Query
	format encode.Format
	count  bool // the total number of rows, too

	came     time.Time
	deadline time.Time      // of the first row
	known    *catalog.Table // once somebody had to know it
	trusted  bool           // known is right, though results look otherwise
}

// maxAttempts is how often a read is planned: once more when the table is not what
// it was when it was learned, and once more when it is after all.
const maxAttempts = 3

// ServeHTTP implements http.Handler for GET and HEAD.
func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), t.header)
	q, err := t.parse(r)
	if err != nil {
		t.fail(w, r, err)
		return
	}
	q.came = time.Now()
	q.deadline = q.came.Add(t.db.Timeout())
	waiting, cancel := context.WithDeadlineCause(r.Context(), q.deadline, exec.ErrLate)
	defer cancel()
	err = t.answer(waiting, w, r, q)
	for attempt := 1; err != nil && attempt < maxAttempts && isStale(err) && !q.trusted; attempt++ {
		again, failure := t.learnAgain(waiting, q, err)
		switch {
		case failure != nil && exec.KindOf(failure) != exec.Internal:
			err = failure
		case again:
			err = t.answer(waiting, w, r, q)
		default: // err is the answer
			attempt = maxAttempts
		}
	}
	if err != nil {
		t.fail(w, r, err)
	}
}

// isStale reports whether err may come from a table that is not what it was when
// it was learned, or that nobody has looked at.
func isStale(err error) bool {
	var refused *postgrest.Refusal
	if errors.As(err, &refused) { // by what is known of the columns: the query string has been parsed
		return refused.Code != postgrest.CodeRange
	}
	kind := exec.KindOf(err)
	return kind == exec.Changed || kind == exec.NoGrant
}

// learnAgain learns the table after err, and reports whether to ask again may give
// another answer. A failure is what is to be told instead of err.
func (t *table) learnAgain(ctx context.Context, q *read, err error) (again bool, failure error) {
	before := q.known
	if before == nil {
		before = t.shape.Load()
	}
	if before == nil { // nobody has needed to know it
		q.known, failure = t.catalog.Table(ctx, t.name)
	} else if q.known, failure = t.catalog.Again(ctx, t.name, q.came); failure == nil &&
		exec.KindOf(err) == exec.Changed && before.Equal(q.known) { // it may have changed after that
		q.known, failure = t.catalog.Again(ctx, t.name, time.Now())
	}
	if failure != nil {
		return false, t.catalogError(ctx, failure)
	}
	t.shape.Store(q.known)
	isSame := before != nil && before.Equal(q.known)
	switch exec.KindOf(err) {
	case exec.NoGrant: // perhaps only * is refused
		return !t.named.Swap(true) || !isSame, nil
	case exec.Changed:
		q.trusted = isSame
		return true, nil
	default:
		return !isSame, nil
	}
}

// catalogError is what a failure to learn means to the one who asked.
func (t *table) catalogError(ctx context.Context, err error) error {
	if ctx.Err() != nil && context.Cause(ctx) == exec.ErrLate {
		return t.db.Late()
	}
	return err
}

// parse reads URL and headers.
func (t *table) parse(r *http.Request) (*read, error) {
	q := &read{Query: new(postgrest.Query), count: postgrest.WantsCount(r.Header.Values("Prefer"))}
	profile := r.Header.Get("Accept-Profile")
	if profile != "" && profile != "public" && profile != t.options.Schema {
		return nil, errProfile
	}
	var ok bool
	if q.format, ok = negotiateFormat(r.Header); !ok {
		return nil, errMedia
	}
	if r.URL.RawQuery != "" {
		var err error
		if q.Query, err = postgrest.Parse(r.URL.RawQuery); err != nil {
			return nil, err
		}
	}
	if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
		return q, q.ApplyRange(r.Header.Get("Range"))
	}
	return q, nil
}

// answer sends the rows that q asks for. What comes before the first row ends
// with waiting. After an error nothing has been sent.
func (t *table) answer(waiting context.Context, w http.ResponseWriter, r *http.Request, q *read) error {
	st, err := t.statement(waiting, q)
	if err != nil {
		return err
	}
	total := int64(unknownTotal)
	if q.count {
		if total, err = t.count(waiting, q); err != nil {
			return err
		}
		w.Header().Set("Preference-Applied", "count=exact")
		if q.Offset > uint64(total) {
			return errOffset(q.Offset, total)
		}
	}
	if q.format != (encode.Format{}) {
		w.Header().Set("Content-Type", contentType(q.format))
	}
	if q.count && r.Method == http.MethodHead {
		return writeCounted(w, q, total)
	}
	return t.send(waiting, w, r, q, st, total)
}

// send gets the rows of st, which q asks for, and sends them.
func (t *table) send(waiting context.Context, w http.ResponseWriter, r *http.Request, q *read, st *exec.Statement, total int64) error {
	res, rows, err := t.share.Read(r.Context(), st, q.deadline)
	switch {
	case err != nil:
		return err
	case res == nil:
		err = t.writeLarge(w, r, st, rows, q.page(q.rowsOf(total), total), q.deadline)
		if err == errSeveralRows { // it knows of two
			return t.notOneRow(waiting, q, 2)
		}
		return err
	}
	defer t.share.Release(res)
	if q.format.Media == encode.Object && res.Rows != 1 {
		return t.notOneRow(waiting, q, res.Rows)
	}
	t.writeResult(w, r, res, q.format, q.page(int64(res.Rows), total))
	return nil
}

// statement makes the query for the rows of q. A plain one needs to know nothing
// of the table.
func (t *table) statement(ctx context.Context, q *read) (*exec.Statement, error) {
	query := *q.Query
	if q.format.Media == encode.Object && (query.Limit == nil || *query.Limit > 2) {
		query.Limit = new(uint64(2)) // one too many is enough to see
	}
	shape, err := t.freshShape(ctx)
	if err != nil {
		return nil, err
	}
	if query.IsPlain() && !t.named.Load() && !hasHiddenJSON(shape) {
		if q.trusted {
			return plan.All(t.name, q.format, nil), nil
		}
		return plan.All(t.name, q.format, t.isPlainRight), nil
	}
	known, err := t.know(ctx, q)
	if err != nil {
		return nil, err
	}
	st, err := plan.Select(known, &query, q.format, t.named.Load())
	if err == nil && q.trusted {
		st.Fits = nil
	}
	return st, err
}

// freshShape returns the shape of the table, if a plain read had to be looked at:
// as young as what is known for other reads, because no result tells that a text
// has become JSON, or JSON a text.
func (t *table) freshShape(ctx context.Context) (*catalog.Table, error) {
	if t.shape.Load() == nil || !t.db.IsMariaDB() {
		return t.shape.Load(), nil
	}
	shape, err := t.catalog.Table(ctx, t.name)
	if err != nil {
		return nil, t.catalogError(ctx, err)
	}
	t.shape.Store(shape)
	return shape, nil
}

// know returns what is known of the table, and learns it first if need be.
func (t *table) know(ctx context.Context, q *read) (*catalog.Table, error) {
	if q.known != nil {
		return q.known, nil
	}
	var err error
	if q.known, err = t.catalog.Table(ctx, t.name); err != nil {
		return nil, t.catalogError(ctx, err)
	}
	return q.known, nil
}

// isPlainRight reports whether the result of a plain read, of which nothing is
// known, is right as it is declared. Only a text of MariaDB has to be looked at:
// it may be JSON.
func (t *table) isPlainRight(columns []*sql.ColumnType) bool {
	isText := func(c *sql.ColumnType) bool { return c.DatabaseTypeName() == "TEXT" }
	if !t.db.IsMariaDB() || !slices.ContainsFunc(columns, isText) {
		return true
	}
	shape := t.shape.Load()
	if shape == nil {
		return false
	}
	star := shape.Star()
	return slices.EqualFunc(star, columns, func(c catalog.Column, now *sql.ColumnType) bool {
		return c.Name == now.Name() && c.IsSame(now)
	})
}

// hasHiddenJSON reports whether a table has JSON that results declare as a text.
func hasHiddenJSON(t *catalog.Table) bool {
	return t != nil && slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.IsJSON && c.Type == "TEXT" })
}

// count asks for the number of rows of q without its limit and offset. The
// queries for it are shared as those for rows are.
func (t *table) count(ctx context.Context, q *read) (int64, error) {
	known := &catalog.Table{Name: t.name}
	if len(q.Where) > 0 {
		var err error
		if known, err = t.know(ctx, q); err != nil {
			return 0, err
		}
	}
	st, err := plan.Count(known, q.Query)
	if err != nil {
		return 0, err
	}
	if q.trusted {
		st.Fits = nil
	}
	res, _, err := t.share.Read(ctx, st, q.deadline)
	if err != nil {
		return 0, err
	}
	defer t.share.Release(res)
	_, number, _ := strings.Cut(string(res.Body), ":") // [{"COUNT(*)":5}]
	total, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(number), `"}]`), 10, 64)
	if err != nil {
		return 0, &exec.Error{Err: fmt.Errorf("count: unexpected result %q", res.Body)}
	}
	return total, nil
}

// notOneRow is the error for a result of n rows that is to be one object.
func (t *table) notOneRow(ctx context.Context, q *read, n int) error {
	if n == 0 {
		return errNotOneRow(0)
	}
	total, err := t.count(ctx, q) // more than two were not asked for
	if err != nil {
		return err
	}
	return errNotOneRow(max(int64(n), q.rowsOf(total)))
}
