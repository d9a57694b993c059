package postgrest

// This file reads the headers that belong to the language.

import (
	"strconv"
	"strings"
)

// maxRows is more rows than there can be.
const maxRows = 1 << 62

// Count is how the total number of rows is asked for.
type Count string

// The ways to count. CountPlanned and CountEstimated are both what the database
// expects; for the latter PostgREST itself counts few rows exactly.
const (
	NoCount        Count = ""
	CountExact     Count = "exact"
	CountPlanned   Count = "planned"
	CountEstimated Count = "estimated"
)

// WantedCount is the first count that the lines of the header Prefer ask for (RFC
// 7240).
func WantedCount(prefer []string) Count {
	for item := range strings.SplitSeq(strings.ToLower(strings.Join(prefer, ",")), ",") {
		item, _, _ = strings.Cut(item, ";")
		kind, value, _ := strings.Cut(item, "=")
		switch count := Count(strings.Trim(strings.TrimSpace(value), `"`)); count {
		case CountExact, CountPlanned, CountEstimated:
			if strings.TrimSpace(kind) == "count" {
				return count
			}
		}
	}
	return NoCount
}

// ApplyRange narrows q to the rows of a Range header such as `0-9`, which
// PostgREST's clients send; ranges of other units are not for rows.
func (q *Query) ApplyRange(value string) error {
	from, to, isRange := strings.Cut(value, "-")
	if !isRange || !isDigits(from) || to != "" && !isDigits(to) {
		return nil
	}
	first, last := rowNumber(from), uint64(maxRows)
	switch {
	case to != "":
		last = rowNumber(to)
	case q.Limit == nil:
		q.Offset = max(q.Offset, first)
		return nil
	}
	if last < first {
		return Place{}.Refuse(CodeRange, "", "The lower boundary must be lower than or equal to the upper boundary in the Range header.")
	}
	q.narrow(first, last)
	return nil
}

// rowNumber reads digits.
func rowNumber(digits string) uint64 {
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return maxRows
	}
	return min(n, maxRows)
}

// narrow keeps only those of q's rows that are the first to the last of all that
// match, counted from 0.
func (q *Query) narrow(first, last uint64) {
	end := last + 1 // behind the last row
	if q.Limit != nil && q.Offset+*q.Limit < end {
		end = q.Offset + *q.Limit
	}
	q.Offset = max(q.Offset, first)
	limit := max(end, q.Offset) - q.Offset
	q.Limit = &limit
}

// isDigits reports whether s is one digit or more.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
