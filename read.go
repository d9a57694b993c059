package main

// This file answers a read: from what is asked for in URL and headers to the
// statement, its result, and the page that the result is.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// readQuery is what a read asks for.
type readQuery struct {
	request
	format format
	count  bool // the total number of rows, too
}

// isPlain reports whether q asks for all rows and columns of the table.
func (q *readQuery) isPlain() bool {
	return !q.selectsSome() && len(q.where) == 0 && len(q.order) == 0 && q.limit == nil && q.offset == 0
}

// unknownTotal is the total of a read that has not asked for it.
const unknownTotal = -1

// read answers with the rows of c's table.
func (a *api) read(w http.ResponseWriter, r *http.Request, c *catalog) {
	maps.Copy(w.Header(), a.readHeader)
	q, bad := a.parseRead(r)
	if bad != nil {
		a.writeError(w, r, bad, nil)
		return
	}
	known := c.known.Load()
	err := a.answer(w, r, c, q)
	if err != nil && isStale(err) && c.forget(known) { // once more, with what the table is now
		err = a.answer(w, r, c, q)
	}
	if err != nil {
		a.writeFailure(w, r, err)
	}
}

// writeFailure sends an error of answer.
func (a *api) writeFailure(w http.ResponseWriter, r *http.Request, err error) {
	var refused *apiError
	if errors.As(err, &refused) {
		a.writeError(w, r, refused, nil)
		return
	}
	a.writeDBError(w, r, err)
}

// isStale reports whether err may come from a table that is not what it was when
// it was learned.
func isStale(err error) bool {
	var refused *apiError
	if errors.As(err, &refused) {
		return refused.Code == codeNoColumn || refused.Code == codeBadValue
	}
	return kindOf(err) == kindChanged
}

// parseRead reads URL and headers.
func (a *api) parseRead(r *http.Request) (*readQuery, *apiError) {
	q := new(readQuery)
	profile := r.Header.Get("Accept-Profile")
	if profile != "" && profile != "public" && profile != a.cfg.dbName {
		return nil, errProfile
	}
	var ok bool
	if q.format, ok = negotiateFormat(r.Header); !ok {
		return nil, errMedia
	}
	q.count = wantsCount(r.Header)
	if r.URL.RawQuery != "" {
		var bad *apiError
		if q.request, bad = parseQuery(r.URL.RawQuery); bad != nil {
			return nil, bad
		}
	}
	if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
		if bad := applyRange(&q.request, r.Header.Get("Range")); bad != nil {
			return nil, bad
		}
	}
	return q, nil
}

// answer sends the rows that q asks for. After an error nothing has been sent;
// it is a *dbError or an *apiError.
func (a *api) answer(w http.ResponseWriter, r *http.Request, c *catalog, q *readQuery) error {
	st, err := a.statement(r.Context(), c, q)
	if err != nil {
		return err
	}
	total := int64(unknownTotal)
	if q.count {
		if total, err = a.count(r.Context(), c, q); err != nil {
			return err
		}
		w.Header().Set("Preference-Applied", "count=exact")
		if q.offset > uint64(total) {
			return errOffset(q.offset, total)
		}
	}
	if q.format != (format{}) {
		w.Header().Set("Content-Type", q.format.contentType())
	}
	if q.count && r.Method == http.MethodHead {
		return writeCounted(w, q, total)
	}
	res, rows, err := a.share.read(r.Context(), st)
	switch {
	case err != nil:
		return err
	case res == nil:
		err = a.writeLarge(w, r, st, rows, q.page(q.rowsOf(total), total))
		if _, several := err.(*apiError); several { // it knows of two
			return a.notOneRow(r.Context(), c, q, 2)
		}
		return err
	}
	defer a.share.results.release(res)
	if q.format.media == mediaObject && res.rows != 1 {
		return a.notOneRow(r.Context(), c, q, res.rows)
	}
	a.writeResult(w, r, res, q.page(int64(res.rows), total))
	return nil
}

// statement makes the query for the rows of q. A plain one needs to know nothing
// of the table.
func (a *api) statement(ctx context.Context, c *catalog, q *readQuery) (*statement, error) {
	req := q.request
	if q.format.media == mediaObject && (req.limit == nil || *req.limit > 2) {
		req.limit = new(uint64(2)) // one too many is enough to see
	}
	switch {
	case q.format == (format{}) && q.isPlain():
		return c.plain, nil
	case q.isPlain() && q.format.media != mediaObject:
		return &statement{text: c.plain.text, format: q.format}, nil
	}
	t, err := c.table(ctx)
	if err != nil {
		return nil, err
	}
	st, bad := buildSelect(t, &req)
	if bad != nil {
		return nil, bad
	}
	st.format = q.format
	return st, nil
}

// count asks for the number of rows of q without its limit and offset. The
// queries for it are shared as those for rows are.
func (a *api) count(ctx context.Context, c *catalog, q *readQuery) (int64, error) {
	t := &table{quoted: c.quoted}
	if len(q.where) > 0 {
		var err error
		if t, err = c.table(ctx); err != nil {
			return 0, err
		}
	}
	st, bad := buildCount(t, &q.request)
	if bad != nil {
		return 0, bad
	}
	res, _, err := a.share.read(ctx, st)
	if err != nil {
		return 0, err
	}
	defer a.share.results.release(res)
	_, number, _ := strings.Cut(string(res.body), ":") // [{"COUNT(*)":5}]
	total, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(number), `"}]`), 10, 64)
	if err != nil {
		return 0, newDBError(fmt.Errorf("count: unexpected result %q", res.body))
	}
	return total, nil
}

// notOneRow is the error for a result of n rows that is to be one object.
func (a *api) notOneRow(ctx context.Context, c *catalog, q *readQuery, n int) error {
	if n == 0 {
		return errNotOneRow(0)
	}
	total, err := a.count(ctx, c, q) // more than two were not asked for
	if err != nil {
		return err
	}
	return errNotOneRow(max(int64(n), q.rowsOf(total)))
}

// rowsOf is the number of rows that q gives of a total, 0 of an unknown one.
func (q *readQuery) rowsOf(total int64) int64 {
	n := max(total-int64(q.offset), 0)
	if q.limit != nil {
		n = min(n, int64(*q.limit))
	}
	return n
}

// page is a part of all rows that a request matches.
type page struct {
	offset uint64
	rows   int64
	total  int64 // or unknownTotal
}

// page is what q gives of a total. Rows may have come since they were counted.
func (q *readQuery) page(rows, total int64) page {
	if total != unknownTotal && rows > 0 {
		total = max(total, int64(q.offset)+rows)
	}
	return page{q.offset, rows, total}
}

// status is 206 if it is known that there are more rows than these.
func (p page) status() int {
	if p.total != unknownTotal && p.rows < p.total {
		return http.StatusPartialContent
	}
	return http.StatusOK
}

// contentRange is the header that says which rows these are, as PostgREST has it
// and unlike RFC 9110: without a unit, * for what is not known.
func (p page) contentRange() string {
	rows, total := "*", "*"
	if p.rows > 0 {
		rows = fmt.Sprintf("%d-%d", p.offset, int64(p.offset)+p.rows-1)
	}
	if p.total != unknownTotal {
		total = strconv.FormatInt(p.total, 10)
	}
	return rows + "/" + total
}

// writeCounted answers a HEAD that only wants to know how many rows there are.
func writeCounted(w http.ResponseWriter, q *readQuery, total int64) error {
	p := q.page(q.rowsOf(total), total)
	if q.format.media == mediaObject && p.rows != 1 {
		return errNotOneRow(p.rows)
	}
	w.Header().Set("Content-Range", p.contentRange())
	w.WriteHeader(p.status())
	return nil
}
