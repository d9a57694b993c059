// Package rest answers one read over HTTP: it parses what is asked for, plans the
// statement, gets its result through the sharing of reads, and sends it in the
// form that the client likes best. It owns what clients are told when something
// goes wrong. Rules: nothing of the driver, the SQL, the host or the user reaches
// a client; after the first byte of a result, a failure breaks the connection.
package rest

// This file answers a read: from what is asked for to the rows.

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"readapi/internal/catalog"
	"readapi/internal/client"
	"readapi/internal/describe"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/live"
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
	Booleans     bool     // TINYINT(1) is written as true and false
	NoAggregates bool     // they are refused
	MaxRows      int      // of an answer; 0: any number
	Description  describe.Options
	Live         live.Options
	Timing       bool // Server-Timing
	Log          *slog.Logger
}

// Service answers reads. It is safe for concurrent use.
type Service struct {
	db           *exec.DB
	catalog      *catalog.Catalog
	share        *share.Sharer
	options      Options
	header       http.Header    // of every answer to a read; to share the values saves a short one a tenth of its time
	streams      client.Waiting // clients that take a large result, each of which counts 1
	zips         gzipPool
	hub          *live.Hub
	watching     context.Context // ends with StopWatching
	stopWatching context.CancelFunc
	documents    documents
	lastBusy     atomic.Int64 // when a 503 was logged, in Unix seconds
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
	watching, stopWatching := context.WithCancel(context.Background())
	return &Service{
		db: db, catalog: catalog.New(db.Query, options.Tables...), share: share.New(db),
		options: options, header: header,
		hub: live.New(options.Live), watching: watching, stopWatching: stopWatching,
	}
}

// Table returns the handler that answers with the rows of a table, which is one of
// those that New was told of.
func (s *Service) Table(name string) http.Handler {
	t := &table{Service: s, name: name}
	t.plain = plan.All(name, encode.Format{}, t.isPlainRight)
	if s.options.Timing {
		return withTiming(t)
	}
	return t
}

// table answers reads of one table.
type table struct {
	*Service
	name  string
	plain *exec.Statement               // for all rows, as JSON
	named atomic.Bool                   // the account may not read all columns, so * is refused
	shape atomic.Pointer[catalog.Table] // of a plain read that had to be looked at
}

// read is what a request asks for.
type read struct {
	*postgrest.Query
	format encode.Format
	count  postgrest.Count // of all rows, too
	ranged bool            // the limit may be that of a Range
	capped bool            // the limit is MaxRows

	came     time.Time
	deadline time.Time                 // of the first row
	known    *catalog.Table            // once somebody had to know it
	related  map[string]*catalog.Table // other tables that are read, once somebody had to know them
	keys     *catalog.Keys
	trusted  bool       // known is right, though results look otherwise
	paging   *plan.Page // that is asked for, if not all rows are

	whole postgrest.Query // what Query is if the request says nothing
}

// maxAttempts is how often a read is planned: once more when the table is not what
// it was when it was learned, and once more when it is after all.
const maxAttempts = 3

// ServeHTTP implements http.Handler for GET and HEAD.
func (t *table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), t.header)
	if IsWatch(r) {
		t.watch(w, r)
		return
	}
	q, err := t.parse(r)
	if err != nil {
		t.fail(w, r, err)
		return
	}
	t.begin(q)
	if err := t.repeat(r.Context(), q, func() error { return t.answer(w, r, q) }); err != nil {
		t.fail(w, r, err)
	}
}

// begin is when q came.
func (t *table) begin(q *read) {
	q.came = time.Now()
	q.deadline = q.came.Add(t.db.Timeout())
}

// repeat answers q, and again if the table turns out not to be what it was when it
// was learned.
func (t *table) repeat(ctx context.Context, q *read, answer func() error) error {
	err := answer()
	for attempt := 1; err != nil && attempt < maxAttempts && isStale(err) && !q.trusted; attempt++ {
		again, failure := t.learnAgain(ctx, q, err)
		if failure != nil && exec.KindOf(failure) != exec.Internal {
			err = failure
		}
		if !again {
			break
		}
		err = answer()
	}
	return err
}

// parse reads URL and headers.
func (t *table) parse(r *http.Request) (*read, error) {
	q := &read{count: postgrest.WantedCount(r.Header.Values("Prefer"))}
	q.Query = &q.whole
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
		q.ranged = true
		if err := q.ApplyRange(r.Header.Get("Range")); err != nil {
			return nil, err
		}
	}
	q.capRows(t.options.MaxRows)
	return q, nil
}

// answer sends the rows that q asks for. After an error nothing has been sent.
func (t *table) answer(w http.ResponseWriter, r *http.Request, q *read) error {
	st, err := t.statement(r.Context(), q)
	if err != nil {
		return err
	}
	of, err := t.total(r.Context(), q)
	if err != nil {
		return err
	}
	if q.count != postgrest.NoCount {
		w.Header().Set("Preference-Applied", "count="+string(of.count))
		if of.isExact() && q.Offset > uint64(of.rows) {
			w.Header().Set("Content-Range", "*/"+strconv.FormatInt(of.rows, 10))
			return errOffset(q.Offset, of.rows)
		}
	}
	if q.format != (encode.Format{}) {
		w.Header().Set("Content-Type", contentType(q.format))
	}
	if q.count != postgrest.NoCount && r.Method == http.MethodHead {
		return writeCounted(w, q, of)
	}
	return t.send(w, r, q, st, of)
}

// send gets the rows of st, which q asks for, and sends them.
func (t *table) send(w http.ResponseWriter, r *http.Request, q *read, st *exec.Statement, of total) error {
	res, rows, err := t.share.Read(r.Context(), st, q.deadline)
	switch {
	case err != nil:
		return err
	case res == nil:
		err = t.sendLarge(w, r, q, st, rows, of)
		if err == errSeveralRows { // it knows of two
			return t.notOneRow(r.Context(), q, 2)
		}
		return err
	}
	defer t.share.Release(res)
	if q.format.Media == encode.Object && res.Rows != 1 {
		return t.notOneRow(r.Context(), q, res.Rows)
	}
	p := q.goOn(w, r, q.page(int64(res.Rows), of), res.End)
	t.writeResult(w, r, res, q.format, p)
	return nil
}

// sendLarge sends a large result: rows, or nil if somebody else has them. Of a page
// the end has to be known before its rows are.
func (t *table) sendLarge(w http.ResponseWriter, r *http.Request, q *read, st *exec.Statement, rows *exec.Rows, of total) error {
	if q.paging != nil {
		if rows != nil {
			rows.Close()
			rows = nil
		}
		q.paging.Ahead = true
		q.deadline = time.Now().Add(t.db.Timeout()) // of another query: the first has had its time
		var err error
		if st, err = t.statement(r.Context(), q); err != nil {
			return err
		}
	}
	rows, err := t.takeLarge(r.Context(), st, rows, q.deadline)
	if err != nil {
		return err
	}
	defer rows.Close()
	p := page{offset: q.Offset, rows: unknownRows, total: of}
	if of.isExact() {
		p = q.page(q.rowsOf(of), of)
	}
	p = q.goOn(w, r, p, rows.End())
	if p.isKnown() {
		w.Header().Set("Content-Range", p.contentRange())
	}
	t.stream(w, r, rows, p.status())
	return nil
}

// statement makes the query for the rows of q. A plain one needs to know nothing
// of the table.
func (t *table) statement(ctx context.Context, q *read) (*exec.Statement, error) {
	query := *q.Query
	if q.format.Media == encode.Object && (query.Limit == nil || *query.Limit > 2) {
		query.Limit = new(uint64(2)) // one too many is enough to see
	}
	shape, err := t.freshShape(ctx, q)
	if err != nil {
		return nil, err
	}
	if query.IsPlain() && !t.named.Load() && !t.hidesTypes(shape) {
		switch {
		case q.trusted:
			return plan.All(t.name, q.format, nil), nil
		case q.format == (encode.Format{}):
			return t.plain, nil
		}
		return plan.All(t.name, q.format, t.isPlainRight), nil
	}
	planner, err := t.planner(ctx, q)
	if err == nil {
		err = q.makePage(planner)
	}
	if err != nil {
		return nil, err
	}
	st, err := planner.SelectPage(&query, q.paging, q.format)
	if err == nil && q.trusted {
		st.Fits = nil
	}
	return st, err
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
	return errNotOneRow(max(int64(n), q.rowsOf(exactly(total))))
}
