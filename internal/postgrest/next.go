package postgrest

// This file writes the request for the rows behind those of a page: with a filter
// for what comes after its last row, in the order of the page, which an index
// serves as well at the end of a table as at its beginning; or with an offset. It
// is a request like any other.

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Mark is where the last row of a page stands in one of the terms that the rows
// are ordered by. The last mark of a list tells all rows apart.
type Mark struct {
	Column     string
	Descending bool
	Nullable   bool    // there may be rows without a value
	NullsFirst bool    // where these stand
	Value      *string // of the last row, as readapi prints it; nil is NULL
}

const (
	// maxMarkRunes is how long a value may be. Servers sort texts by their first
	// 1,024 bytes (max_sort_length), of which a character takes up to eight: a
	// longer one need not stand where a filter says.
	maxMarkRunes = 128
	// maxMarksBytes bounds the filter, as it stands in a URL, which becomes a part of
	// a header.
	maxMarksBytes = 4 << 10
)

// NextByMarks returns the query string for what comes behind marks: that of the
// page, in which the filter replaces the one that led to the page, and an offset.
// If limit is not nil, it replaces the limit. It reports whether a filter can say
// where the page ends, and there is room for it beside those of the page.
func NextByMarks(rawQuery string, marks []Mark, limit *uint64) (next string, ok bool) {
	filter, ok := behind(marks)
	if !ok {
		return "", false
	}
	kept := keepPairs(rawQuery, func(name, value string) bool {
		return name == "offset" || name == "limit" && limit != nil || name == "or" && isBehind(value, marks)
	})
	next = strings.Join(append(withLimit(kept, limit), "or="+url.QueryEscape(filter)), "&")
	_, err := Parse(next)
	return next, err == nil
}

// NextByOffset is NextByMarks by the number of rows before.
func NextByOffset(rawQuery string, offset uint64, limit *uint64) (next string, ok bool) {
	kept := keepPairs(rawQuery, func(name, _ string) bool {
		return name == "offset" || name == "limit" && limit != nil
	})
	next = strings.Join(append(withLimit(kept, limit), "offset="+strconv.FormatUint(offset, 10)), "&")
	_, err := Parse(next)
	return next, err == nil
}

func withLimit(pairs []string, limit *uint64) []string {
	if limit == nil {
		return pairs
	}
	return append(pairs, "limit="+strconv.FormatUint(*limit, 10))
}

// keepPairs returns the parameters of a raw query, which has been parsed, without
// those to drop, so that they may stand in a header.
func keepPairs(rawQuery string, drop func(name, value string) bool) []string {
	var kept []string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		p, err := decode(pair)
		if pair == "" || err != nil || drop(strings.TrimSpace(p.name), p.value) {
			continue
		}
		kept = append(kept, escapeForHeader(pair))
	}
	return kept
}

// escapeForHeader escapes what a URL has to have escaped, though servers take it
// as it is.
func escapeForHeader(pair string) string {
	var out strings.Builder
	for _, b := range []byte(pair) {
		if b <= ' ' || b >= 0x7F || strings.IndexByte(`#<>"\^{|}`+"`", b) >= 0 {
			out.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(b)|0x100, 16)[1:]))
			continue
		}
		out.WriteByte(b)
	}
	return out.String()
}

// behind writes the filter for what comes after marks: the first of them later, or
// the same and the second later, and so on.
func behind(marks []Mark) (filter string, ok bool) {
	if len(marks)*(len(marks)+1) > maxConditions { // each may be two
		return "", false
	}
	var ways []string
	before := ""
	for _, m := range marks {
		if m.Value != nil && (utf8.RuneCountInString(*m.Value) > maxMarkRunes || strings.ContainsRune(*m.Value, utf8.RuneError)) {
			return "", false
		}
		for _, later := range m.later() {
			if way := before + later; before != "" {
				ways = append(ways, "and("+way+")")
			} else {
				ways = append(ways, way)
			}
		}
		before += m.same() + ","
	}
	filter = "(" + strings.Join(ways, ",") + ")"
	return filter, len(ways) > 0 && len(url.QueryEscape(filter)) <= maxMarksBytes
}

// same is the condition for what has the same value.
func (m Mark) same() string {
	if m.Value == nil {
		return QuoteName(m.Column) + ".is.null"
	}
	return QuoteName(m.Column) + ".eq." + quoteValue(*m.Value)
}

// later are the conditions for what comes later, one of which has to hold.
func (m Mark) later() (conditions []string) {
	column := QuoteName(m.Column)
	switch {
	case m.Value == nil && m.NullsFirst:
		return []string{column + ".not.is.null"}
	case m.Value == nil:
		return nil
	case m.Descending:
		conditions = []string{column + ".lt." + quoteValue(*m.Value)}
	default:
		conditions = []string{column + ".gt." + quoteValue(*m.Value)}
	}
	if m.Nullable && !m.NullsFirst {
		conditions = append(conditions, column+".is.null")
	}
	return conditions
}

// quoteValue writes a value as it stands in a group.
func quoteValue(value string) string {
	isOdd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-_.:", r)
	}
	if value != "" && !strings.ContainsFunc(value, isOdd) {
		return value
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// isBehind reports whether an or filter is one of behind's, for the same columns
// and another row. All rows behind a row of the page are behind that one, too.
func isBehind(filter string, marks []Mark) bool {
	s := &scanner{Place: Place{"or", 1}, rest: filter}
	group, err := new(queryParser).parseGroup(s, "or", 1)
	if err != nil {
		return false
	}
	earlier := slices.Clone(marks)
	for i := range earlier {
		earlier[i].Value = valueIn(group, earlier[i].Column)
	}
	again, ok := behind(earlier)
	return ok && again == filter
}

// valueIn finds the value that a column is compared with, or nil.
func valueIn(c Condition, column string) *string {
	if c.Group == "" && c.Column == column && c.Operator != "is" && len(c.Values) == 1 {
		return &c.Values[0]
	}
	for _, inner := range c.Inner {
		if value := valueIn(inner, column); value != nil {
			return value
		}
	}
	return nil
}
