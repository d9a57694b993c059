package rest

// This file says which rows of how many a response has, and what leads to those
// behind them.

import (
	"net/http"
	"strconv"

	"readapi/internal/encode"
	"readapi/internal/plan"
	"readapi/internal/postgrest"
)

const (
	// maxPage is the largest limit that is taken for one: a larger one means all rows.
	maxPage = 1 << 31
	// unknownRows is the number of rows of a result that is sent before it ends.
	unknownRows = -1
)

// total is how many rows match a read, without its limit and offset.
type total struct {
	rows  int64
	count postgrest.Count // by which this is known; NoCount: it is not
}

func exactly(rows int64) total { return total{rows, postgrest.CountExact} }

func (t total) isExact() bool { return t.count == postgrest.CountExact }

// capRows bounds the rows of the answer. One row as an object is no page.
func (q *read) capRows(maxRows int) {
	if maxRows > 0 && q.format.Media != encode.Object && (q.Limit == nil || *q.Limit > uint64(maxRows)) {
		q.Limit = new(uint64(maxRows))
		q.capped = true
	}
}

// makePage makes the page that q asks for, if it asks for one. Once its result was
// large, its end stays one that is known ahead.
func (q *read) makePage(planner plan.Known) (err error) {
	isAhead := q.paging != nil && q.paging.Ahead
	q.paging = nil
	if q.Limit == nil || *q.Limit == 0 || *q.Limit > maxPage || q.format.Media == encode.Object {
		return nil
	}
	if q.paging, err = planner.Page(q.Query, int(*q.Limit)); err == nil {
		q.paging.Peeks, q.paging.Ahead = q.capped, isAhead
	}
	return err
}

// rowsOf is the number of rows that q gives of a total, 0 of an unknown one.
func (q *read) rowsOf(t total) int64 {
	n := max(t.rows-int64(q.Offset), 0)
	if q.Limit != nil {
		n = min(n, int64(*q.Limit))
	}
	return n
}

// page is a part of all rows that a request matches.
type page struct {
	offset  uint64
	rows    int64 // or unknownRows
	total   total
	hasMore bool // it is known that these are not all
}

// page is what q gives of a total. Rows may have come since they were counted: of
// a full page it is not known then how many there are. An estimate gives way to
// what the rows themselves tell.
func (q *read) page(rows int64, t total) page {
	end := int64(q.Offset) + rows
	isFull := q.Limit != nil && rows == int64(*q.Limit)
	switch isBehind := rows > 0 && end > t.rows; {
	case t.count == postgrest.NoCount:
	case !t.isExact() && !isFull && (rows > 0 || q.Offset == 0):
		t.rows = end
	case isBehind && isFull:
		t = total{}
	case isBehind:
		t.rows = end
	}
	return page{offset: q.Offset, rows: rows, total: t}
}

// goOn tells the client what leads to the rows behind p, which ended so, if there
// are any, and returns p with what is known then.
func (q *read) goOn(w http.ResponseWriter, r *http.Request, p page, end encode.End) page {
	var marks []postgrest.Mark
	hasMore := false
	if q.paging != nil {
		marks, hasMore = q.paging.End(int(p.rows), end)
	}
	if hasMore {
		p = q.page(int64(q.paging.Rows), p.total) // of a large result that is known only now
	}
	if p.total.count == postgrest.NoCount { // the rows may have told that a total is not so
		w.Header().Del("Preference-Applied")
	}
	isLast := p.total.isExact() && int64(p.offset)+p.rows >= p.total.rows
	if !hasMore || isLast && !q.paging.Peeks {
		return p
	}
	p.hasMore = q.capped
	if next, ok := q.next(r.URL.RawQuery, marks); ok {
		w.Header().Set("Link", "<"+r.URL.EscapedPath()+"?"+next+`>; rel="next"`)
	}
	return p
}

// next is the query for the rows behind the page, of which rawQuery was that. A query
// as long as they may be leaves no room for it.
func (q *read) next(rawQuery string, marks []postgrest.Mark) (next string, ok bool) {
	var limit *uint64
	if q.ranged && !q.capped {
		limit = q.Limit
	}
	if next, ok = postgrest.NextByMarks(rawQuery, marks, limit); ok {
		return next, true
	}
	return postgrest.NextByOffset(rawQuery, q.Offset+uint64(q.paging.Rows), limit)
}

// status is 206 if it is known that there are more rows than these.
func (p page) status() int {
	isPart := p.rows < p.total.rows
	if p.rows == unknownRows {
		isPart = p.offset > 0
	}
	if p.hasMore || p.total.count != postgrest.NoCount && isPart {
		return http.StatusPartialContent
	}
	return http.StatusOK
}

// isKnown reports whether there is something to say of which rows these are.
func (p page) isKnown() bool { return p.rows != unknownRows || p.total.count != postgrest.NoCount }

// contentRange is the header that says which rows these are, as PostgREST has it
// and unlike RFC 9110: without a unit, * for what is not known.
func (p page) contentRange() string {
	rows, total := "*", "*"
	if p.rows > 0 {
		rows = strconv.FormatUint(p.offset, 10) + "-" + strconv.FormatInt(int64(p.offset)+p.rows-1, 10)
	}
	if p.total.count != postgrest.NoCount {
		total = strconv.FormatInt(p.total.rows, 10)
	}
	return rows + "/" + total
}

// writeCounted answers a HEAD that only wants to know how many rows there are.
func writeCounted(w http.ResponseWriter, q *read, t total) error {
	p := q.page(q.rowsOf(t), t)
	if q.format.Media == encode.Object && p.rows != 1 {
		return errNotOneRow(p.rows)
	}
	w.Header().Set("Content-Range", p.contentRange())
	w.WriteHeader(p.status())
	return nil
}
