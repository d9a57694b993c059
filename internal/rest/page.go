package rest

// This file says which rows of how many a response has.

import (
	"net/http"
	"strconv"

	"readapi/internal/encode"
)

// unknownTotal is the total of a read that has not asked for it.
const unknownTotal = -1

// rowsOf is the number of rows that q gives of a total, 0 of an unknown one.
func (q *read) rowsOf(total int64) int64 {
	n := max(total-int64(q.Offset), 0)
	if q.Limit != nil {
		n = min(n, int64(*q.Limit))
	}
	return n
}

// page is a part of all rows that a request matches.
type page struct {
	offset uint64
	rows   int64
	total  int64 // or unknownTotal
}

// page is what q gives of a total. Rows may have come since they were counted: of
// a full page it is not known then how many there are.
func (q *read) page(rows, total int64) page {
	if end := int64(q.Offset) + rows; total != unknownTotal && rows > 0 && end > total {
		total = end
		if q.Limit != nil && rows == int64(*q.Limit) {
			total = unknownTotal
		}
	}
	return page{q.Offset, rows, total}
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
		rows = strconv.FormatUint(p.offset, 10) + "-" + strconv.FormatInt(int64(p.offset)+p.rows-1, 10)
	}
	if p.total != unknownTotal {
		total = strconv.FormatInt(p.total, 10)
	}
	return rows + "/" + total
}

// writeCounted answers a HEAD that only wants to know how many rows there are.
func writeCounted(w http.ResponseWriter, q *read, total int64) error {
	p := q.page(q.rowsOf(total), total)
	if q.format.Media == encode.Object && p.rows != 1 {
		return errNotOneRow(p.rows)
	}
	w.Header().Set("Content-Range", p.contentRange())
	w.WriteHeader(p.status())
	return nil
}
