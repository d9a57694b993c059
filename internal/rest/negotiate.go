package rest

// This file reads what the headers of a request say about the form of the
// answer: media type, coding, and what the client has already.

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"readapi/internal/encode"
)

const contentTypeJSON = "application/json; charset=utf-8"

// contentType is the header of a response in a format.
func contentType(f encode.Format) string {
	nulls := ""
	if f.StripNulls {
		nulls = ";nulls=stripped"
	}
	switch {
	case f.Media == encode.NDJSON:
		return "application/x-ndjson"
	case f.Media == encode.CSV:
		return "text/csv; charset=utf-8"
	case f.Media == encode.Object:
		return "application/vnd.pgrst.object+json" + nulls + "; charset=utf-8"
	case f.StripNulls:
		return "application/vnd.pgrst.array+json" + nulls + "; charset=utf-8"
	default:
		return contentTypeJSON
	}
}

// etagMark is what tells the ETag of a format from that of a JSON array with the
// same bytes: one row is the same in NDJSON and as an object.
func etagMark(f encode.Format) string {
	if f == (encode.Format{}) {
		return ""
	}
	mark := map[encode.Media]string{encode.Array: "-array", encode.Object: "-object", encode.NDJSON: "-ndjson", encode.CSV: "-csv"}[f.Media]
	if f.StripNulls {
		mark += "-stripped"
	}
	return mark
}

// mediaTypes maps what a client may accept to a format.
var mediaTypes = map[string]encode.Media{
	"application/json":                  encode.Array,
	"application/vnd.pgrst.array":       encode.Array,
	"application/vnd.pgrst.array+json":  encode.Array,
	"application/vnd.pgrst.object":      encode.Object,
	"application/vnd.pgrst.object+json": encode.Object,
	"application/x-ndjson":              encode.NDJSON,
	"text/csv":                          encode.CSV,
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
func negotiateFormat(header http.Header) (f encode.Format, ok bool) {
	lines := header.Values("Accept")
	if len(lines) == 0 || len(lines) == 1 && lines[0] == "*/*" {
		return encode.Format{}, true
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
			return encode.Format{Media: m, StripNulls: strip}, true
		}
	}
	return encode.Format{}, len(items) == 0
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
