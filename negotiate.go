package main

// This file reads what the headers of a request say about the form of the
// answer: media type, coding, part, count, and what the client has already.

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// maxRows is more rows than there can be.
const maxRows = 1 << 62

// format is a form of a result. The zero value is the JSON array.
type format struct {
	media      media
	stripNulls bool // members that are null are left out
}

// media is how rows are put together.
type media uint8

const (
	mediaArray media = iota
	mediaNDJSON
	mediaCSV
	mediaObject // exactly one row
)

// contentType is the header of a response in this format.
func (f format) contentType() string {
	nulls := ""
	if f.stripNulls {
		nulls = ";nulls=stripped"
	}
	switch {
	case f.media == mediaNDJSON:
		return "application/x-ndjson"
	case f.media == mediaCSV:
		return "text/csv; charset=utf-8"
	case f.media == mediaObject:
		return "application/vnd.pgrst.object+json" + nulls + "; charset=utf-8"
	case f.stripNulls:
		return "application/vnd.pgrst.array+json" + nulls + "; charset=utf-8"
	default:
		return contentTypeJSON
	}
}

// mediaTypes maps what a client may accept to a format.
var mediaTypes = map[string]media{
	"application/json":                  mediaArray,
	"application/vnd.pgrst.array":       mediaArray,
	"application/vnd.pgrst.array+json":  mediaArray,
	"application/vnd.pgrst.object":      mediaObject,
	"application/vnd.pgrst.object+json": mediaObject,
	"application/x-ndjson":              mediaNDJSON,
	"text/csv":                          mediaCSV,
}

// mediaRanges maps what a client may accept at once to those of our types that
// it stands for, the best first.
var mediaRanges = map[string][]string{
	"*/*":           {"application/json", "application/x-ndjson", "text/csv"},
	"application/*": {"application/json", "application/x-ndjson"},
	"text/*":        {"text/csv"},
}

// weighted is an item of a list in a header, such as `text/csv;q=0.5`.
type weighted struct {
	name   string            // in lower case
	params map[string]string // in lower case, without q
	q      float64           // from 0 to 1; one that is no number is 0
}

// parseWeighted reads all items of a header (RFC 9110, section 12.4.2), the
// heaviest first, otherwise in their order.
func parseWeighted(lines []string) []weighted {
	if len(lines) == 0 {
		return nil
	}
	var items []weighted
	for item := range strings.SplitSeq(strings.ToLower(strings.Join(lines, ",")), ",") {
		name, params, _ := strings.Cut(item, ";")
		w := weighted{name: strings.TrimSpace(name), params: map[string]string{}, q: 1}
		for param := range strings.SplitSeq(params, ";") {
			key, value, _ := strings.Cut(param, "=")
			key, value = strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`)
			if key == "q" {
				w.q = weight(value)
			} else if key != "" {
				w.params[key] = value
			}
		}
		if w.name != "" {
			items = append(items, w)
		}
	}
	slices.SortStableFunc(items, func(x, y weighted) int { return cmp.Compare(y.q, x.q) })
	return items
}

// weight reads the value of q. What is not from 0 to 1 is nearest to one of them,
// and what is no number is 0.
func weight(value string) float64 {
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(q) {
		return 0
	}
	return min(max(q, 0), 1)
}

// negotiateFormat finds the format that the client likes best of those there
// are (RFC 9110, section 12.5.1).
func negotiateFormat(header http.Header) (f format, ok bool) {
	lines := header.Values("Accept")
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "*/*" {
		return format{}, true
	}
	items := parseWeighted(lines)
	quality := map[string]float64{}
	for _, item := range items {
		quality[item.name] = item.q
	}
	for _, item := range items {
		names := mediaRanges[item.name]
		if names == nil {
			names = []string{item.name}
		}
		for _, name := range names {
			m, known := mediaTypes[name]
			if !known || item.q == 0 || isRefused(quality, name) {
				continue
			}
			strip := item.params["nulls"] == "stripped" && strings.Contains(name, "vnd.pgrst")
			return format{m, strip}, true
		}
	}
	return format{}, len(items) == 0
}

// isRefused reports whether a type has the weight 0: its own counts, otherwise
// that of the range it is in.
func isRefused(quality map[string]float64, name string) bool {
	q, named := quality[name]
	if !named {
		kind, _, _ := strings.Cut(name, "/")
		q, named = quality[kind+"/*"]
	}
	return named && q == 0
}

// acceptsGzip reports whether the client likes gzip at least as much as no
// coding (RFC 9110, section 12.5.3).
func acceptsGzip(header http.Header) bool {
	quality := map[string]float64{}
	for _, item := range parseWeighted(header.Values("Accept-Encoding")) {
		quality[item.name] = item.q
	}
	gzip, named := quality["gzip"]
	if !named {
		gzip = quality["*"]
	}
	return gzip > 0 && gzip >= quality["identity"]
}

// matchesETag reports whether the If-None-Match lines name etag, which is weak
// (RFC 9110, section 13.1.2; the comparison is weak as well).
func matchesETag(ifNoneMatch []string, etag string) bool {
	opaque := strings.TrimPrefix(etag, "W/")
	for _, line := range ifNoneMatch {
		for item := range strings.SplitSeq(line, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == opaque {
				return true
			}
		}
	}
	return false
}

// wantsCount reports whether the client asks for the total number of rows (RFC
// 7240). An estimate would be no faster than MySQL's count and less exact.
func wantsCount(header http.Header) bool {
	for _, item := range parseWeighted(header.Values("Prefer")) {
		kind, value, _ := strings.Cut(item.name, "=")
		switch strings.Trim(strings.TrimSpace(value), `"`) {
		case "exact", "planned", "estimated":
			if strings.TrimSpace(kind) == "count" {
				return true
			}
		}
	}
	return false
}

// applyRange narrows req to the rows of a Range header such as `0-9`, which
// PostgREST's clients send; ranges of other units are not for rows.
func applyRange(req *request, value string) *apiError {
	from, to, isRange := strings.Cut(value, "-")
	if !isRange || !isDigits([]byte(from)) || to != "" && !isDigits([]byte(to)) {
		return nil
	}
	first, last := rowNumber(from), uint64(maxRows)
	switch {
	case to != "":
		last = rowNumber(to)
	case req.limit == nil:
		req.offset = max(req.offset, first)
		return nil
	}
	if last < first {
		return errRange("The lower boundary must be lower than or equal to the upper boundary in the Range header.")
	}
	req.narrow(first, last)
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

// narrow keeps only the rows first to last of those that req would give
// without.
func (req *request) narrow(first, last uint64) {
	end := last + 1 // behind the last row
	if req.limit != nil && req.offset+*req.limit < end {
		end = req.offset + *req.limit
	}
	req.offset = max(req.offset, first)
	limit := max(end, req.offset) - req.offset
	req.limit = &limit
}
