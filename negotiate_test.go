package main

import (
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestNegotiateFormat(t *testing.T) {
	array, ndjson, csv, object := format{}, format{media: mediaNDJSON}, format{media: mediaCSV}, format{media: mediaObject}
	strippedArray, strippedObject := format{stripNulls: true}, format{mediaObject, true}
	tests := []struct {
		name   string
		accept []string
		want   format
		ok     bool
	}{
		{"none", nil, array, true},
		{"empty", []string{""}, array, true},
		{"only commas", []string{" , "}, array, true},
		{"anything", []string{"*/*"}, array, true},
		{"any application", []string{"application/*"}, array, true},
		{"array", []string{"application/json"}, array, true},
		{"array with a charset", []string{"application/json; charset=utf-8"}, array, true},
		{"array of PostgREST", []string{"application/vnd.pgrst.array+json"}, array, true},
		{"NDJSON", []string{"application/x-ndjson"}, ndjson, true},
		{"CSV", []string{"text/csv"}, csv, true},
		{"CSV with a header", []string{"text/csv;header=present;charset=utf-8"}, csv, true},
		{"any text", []string{"text/*"}, csv, true},
		{"object", []string{"application/vnd.pgrst.object+json"}, object, true},
		{"object, short", []string{"application/vnd.pgrst.object"}, object, true},
		{"array without nulls", []string{"application/vnd.pgrst.array+json;nulls=stripped"}, strippedArray, true},
		{"array without nulls, short", []string{"application/vnd.pgrst.array;nulls=stripped"}, strippedArray, true},
		{"object without nulls", []string{"application/vnd.pgrst.object+json; nulls=stripped"}, strippedObject, true},
		{"in quotes", []string{`application/vnd.pgrst.object+json; nulls="stripped"`}, strippedObject, true},
		{"other nulls", []string{"application/vnd.pgrst.object+json;nulls=kept"}, object, true},
		{"upper case", []string{"TEXT/CSV"}, csv, true},
		{"upper case without nulls", []string{"Application/Vnd.PGRST.Array+JSON;Nulls=Stripped"}, strippedArray, true},

		{"the first of equals", []string{"text/csv, application/json"}, csv, true},
		{"the first that there is", []string{"text/html, image/png, text/csv, application/json"}, csv, true},
		{"the heaviest", []string{"text/csv;q=0.5, application/json;q=0.9, application/x-ndjson;q=0.1"}, array, true},
		{"weighted in upper case", []string{"text/csv;Q=0.5, application/x-ndjson"}, ndjson, true},
		{"a browser", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}, array, true},
		{"several lines", []string{"text/html", "text/csv;q=0.1"}, csv, true},
		{"a weight of three digits", []string{"text/csv;q=0.999, application/json;q=1.000"}, array, true},
		{"blanks", []string{" text/csv ; q = 0.1 , application/x-ndjson ; q=0.2 "}, ndjson, true},
		{"a weight over 1 is 1", []string{"text/csv;q=1, application/json;q=5"}, csv, true},

		{"any, but not JSON", []string{"*/*, application/json;q=0"}, ndjson, true},
		{"any, but no application", []string{"*/*, application/*;q=0"}, csv, true},
		{"any but applications, though JSON", []string{"*/*;q=0.1, application/*;q=0, application/json;q=0.2"}, array, true},
		{"any application, but not JSON", []string{"application/*, application/json;q=0"}, ndjson, true},
		{"JSON and nothing else", []string{"application/json, */*;q=0"}, array, true},
		{"CSV and nothing else", []string{"*/*;q=0, text/csv;q=0.1"}, csv, true},

		{"nothing", []string{"*/*;q=0"}, format{}, false},
		{"nothing that there is", []string{"text/html"}, format{}, false},
		{"images", []string{"image/*"}, format{}, false},
		{"a weight of 0", []string{"application/json;q=0"}, format{}, false},
		{"a weight of 0.000", []string{"application/json;q=0.000"}, format{}, false},
		{"a negative weight", []string{"application/json;q=-1"}, format{}, false},
		{"a weight that is none", []string{"application/json;q=high"}, format{}, false},
		{"not a number", []string{"application/json;q=NaN"}, format{}, false},
		{"text, but no CSV", []string{"text/*, text/csv;q=0"}, format{}, false},
		{"any, one by one refused", []string{"*/*, text/*;q=0, application/*;q=0"}, format{}, false},
		{"a plan", []string{`application/vnd.pgrst.plan+text; for="application/json"; options=;`}, format{}, false},
		{"GeoJSON", []string{"application/geo+json"}, format{}, false},
		{"no type", []string{"json"}, format{}, false},
		{"a longer name", []string{"application/json5"}, format{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := negotiateFormat(http.Header{"Accept": tt.accept})
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("negotiateFormat(%q) = %+v, %v; want %+v, %v", tt.accept, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestContentType(t *testing.T) {
	tests := []struct {
		format format
		want   string
	}{
		{format{}, "application/json; charset=utf-8"},
		{format{media: mediaNDJSON}, "application/x-ndjson"},
		{format{media: mediaCSV}, "text/csv; charset=utf-8"},
		{format{media: mediaObject}, "application/vnd.pgrst.object+json; charset=utf-8"},
		{format{stripNulls: true}, "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"},
		{format{mediaObject, true}, "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"},
	}
	for _, tt := range tests {
		if got := tt.format.contentType(); got != tt.want {
			t.Errorf("contentType(%+v) = %q; want %q", tt.format, got, tt.want)
		}
		back, ok := negotiateFormat(http.Header{"Accept": {tt.want}})
		if !ok || back != tt.format {
			t.Errorf("negotiateFormat(%q) = %+v, %v; want %+v", tt.want, back, ok, tt.format)
		}
	}
}

func TestParseWeighted(t *testing.T) {
	no := map[string]string{}
	tests := []struct {
		name  string
		lines []string
		want  []weighted
	}{
		{"nothing", nil, nil},
		{"empty items", []string{"", ",;q=1, "}, nil},
		{"in order", []string{"a, b"}, []weighted{{"a", no, 1}, {"b", no, 1}}},
		{"heaviest first", []string{"a;q=0.1,b;q=0.2", "c"}, []weighted{{"c", no, 1}, {"b", no, 0.2}, {"a", no, 0.1}}},
		{"parameters", []string{`A;X="Y";q=0.5;z`}, []weighted{{"a", map[string]string{"x": "y", "z": ""}, 0.5}}},
		{"out of bounds", []string{"a;q=-1, b;q=7, c;q=x, d;q=nan, e;q=1e999"}, []weighted{
			{"b", no, 1}, {"a", no, 0}, {"c", no, 0}, {"d", no, 0}, {"e", no, 0},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseWeighted(tt.lines); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("parseWeighted(%q) = %+v; want %+v", tt.lines, got, tt.want)
			}
		})
	}
}

func TestWantsCount(t *testing.T) {
	tests := []struct {
		prefer []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"count=exact"}, true},
		{[]string{"count=planned"}, true},
		{[]string{"count=estimated"}, true},
		{[]string{"Count = Exact"}, true},
		{[]string{`count="exact"`}, true},
		{[]string{"count=exact; foo=bar"}, true},
		{[]string{"return=representation, count=exact"}, true},
		{[]string{"handling=lenient", "count=exact"}, true},
		{[]string{"count=none"}, false},
		{[]string{"count"}, false},
		{[]string{"count=exactly"}, false},
		{[]string{"recount=exact"}, false},
		{[]string{`co"unt=exact`}, false},
		{[]string{"return=minimal"}, false},
	}
	for _, tt := range tests {
		if got := wantsCount(http.Header{"Prefer": tt.prefer}); got != tt.want {
			t.Errorf("wantsCount(%q) = %v; want %v", tt.prefer, got, tt.want)
		}
	}
}

func TestApplyRange(t *testing.T) {
	tests := []struct {
		name          string
		query, header string
		want          string // the query that means the same, or "" for 416
	}{
		{"from the first row", "", "0-9", "limit=10"},
		{"one row", "", "0-0", "limit=1"},
		{"from another row", "", "5-9", "limit=5&offset=5"},
		{"to the end", "", "5-", "offset=5"},
		{"all", "", "0-", "order=id"},
		{"within the limit", "limit=10", "2-3", "limit=2&offset=2"},
		{"beyond the limit", "limit=10", "5-99", "limit=5&offset=5"},
		{"behind the limit", "limit=10", "20-29", "limit=0&offset=20"},
		{"to the end of the limit", "limit=10", "5-", "limit=5&offset=5"},
		{"all of the limit", "limit=10", "0-", "limit=10"},
		{"no limit at all", "limit=0", "5-9", "limit=0&offset=5"},
		{"with an offset", "offset=5", "0-9", "limit=5&offset=5"},
		{"with a higher offset", "offset=20", "0-9", "limit=0&offset=20"},
		{"with a lower offset", "offset=5", "10-", "offset=10"},
		{"with both", "offset=5&limit=10", "10-99", "limit=5&offset=10"},
		{"more rows than a number holds", "", "5-99999999999999999999", "limit=4611686018427387900&offset=5"},
		{"a row that no table has", "", "99999999999999999999-", "offset=4611686018427387904"},
		{"two rows that no table has", "", "99999999999999999998-99999999999999999999", "limit=1&offset=4611686018427387904"},
		{"the largest limit", "limit=9223372036854775807&offset=9223372036854775807", "0-9", "limit=0&offset=9223372036854775807"},

		{"bytes", "", "bytes=0-9", "order=id"},
		{"bytes to the end", "limit=1", "bytes=5-", "limit=1"},
		{"items", "", "items=0-9", "order=id"},
		{"the last rows", "", "-5", "order=id"},
		{"two ranges", "", "0-4,10-14", "order=id"},
		{"no number", "", "a-b", "order=id"},
		{"no range", "", "5", "order=id"},
		{"a plus sign", "", "+5-9", "order=id"},
		{"a blank", "", "5 -9", "order=id"},

		{"backwards", "", "5-2", ""},
		{"backwards within a limit", "limit=10", "5-4", ""},
		{"backwards from afar", "", "99999999999999999999-0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseAsked(t, tt.query)
			err := applyRange(got, tt.header)
			if tt.want == "" {
				if err == nil || err.status != 416 || err.Code != "PGRST103" || !strings.Contains(*err.Details, "lower boundary") {
					t.Errorf("applyRange(%q, %q) = %v; want 416 PGRST103", tt.query, tt.header, err)
				}
				return
			}
			want := parseAsked(t, tt.want)
			if err != nil || !reflect.DeepEqual(got.limit, want.limit) || got.offset != want.offset {
				t.Errorf("applyRange(%q, %q) = %s, %v; want %s", tt.query, tt.header, describeRequest(got), err, describeRequest(want))
			}
		})
	}
}

// FuzzRange is the law of ranges: limit, offset and range each leave some rows,
// and what is asked of the database are those that all of them leave.
func FuzzRange(f *testing.F) {
	f.Add(uint64(0), uint64(10), true, uint64(5), uint64(20))
	f.Add(uint64(7), uint64(0), false, uint64(0), uint64(0))
	f.Add(uint64(1<<63-1), uint64(1<<63-1), true, uint64(1<<62), uint64(1<<64-1))
	f.Fuzz(func(t *testing.T, offset, limit uint64, limited bool, first, last uint64) {
		offset, limit = offset>>1, limit>>1 // as they are parsed
		req := request{offset: offset}
		if limited {
			req.limit = new(limit)
		}
		number := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
		header := number(first).String() + "-" + number(last).String()
		if err := applyRange(&req, header); err != nil {
			if last >= first {
				t.Errorf("applyRange(%d, %d %v, %s) = %v; want no error", offset, limit, limited, header, err)
			}
			return
		}
		isLeft := func(row *big.Int) bool {
			behind := new(big.Int).Add(number(offset), number(limit))
			return row.Cmp(number(offset)) >= 0 && (!limited || row.Cmp(behind) < 0) &&
				row.Cmp(number(first)) >= 0 && row.Cmp(number(last)) <= 0
		}
		isGiven := func(row *big.Int) bool {
			behind := new(big.Int).Add(number(req.offset), number(*req.limit))
			return row.Cmp(number(req.offset)) >= 0 && row.Cmp(behind) < 0
		}
		for _, near := range []uint64{0, offset, offset + limit, first, last, req.offset, req.offset + *req.limit} {
			for _, row := range []uint64{near - 1, near, near + 1} {
				if row < maxRows && isGiven(number(row)) != isLeft(number(row)) {
					t.Errorf("applyRange(%d, %d %v, %s) = %s; row %d is given: %v", offset, limit, limited, header,
						describeRequest(&req), row, isGiven(number(row)))
				}
			}
		}
	})
}

// FuzzFormat: whatever a client accepts, there is no panic, and what it gets is
// named in the header, or in a range of types there.
func FuzzFormat(f *testing.F) {
	for _, seed := range []string{
		"*/*", "text/csv;q=0.5, */*;q=0", "application/*;q=0.1,application/json;q=0",
		"application/vnd.pgrst.object+json;nulls=stripped", ";;q=,", "a/b;q=NaN", `text/csv;x="a,b"`,
	} {
		f.Add(seed, "count=exact")
	}
	f.Fuzz(func(t *testing.T, accept, prefer string) {
		header := http.Header{"Accept": {accept}, "Prefer": {prefer}}
		if wantsCount(header) && !strings.Contains(strings.ToLower(prefer), "count") {
			t.Errorf("wantsCount(%q) = true; want false", prefer)
		}
		got, ok := negotiateFormat(header)
		if !ok || strings.Trim(accept, ", \t\n\v\f\r\u0085\u00a0;") == "" {
			return
		}
		lower := strings.ToLower(accept)
		isNamed := strings.Contains(lower, "/*") && got.media != mediaObject
		for name, m := range mediaTypes {
			isNamed = isNamed || m == got.media && strings.Contains(lower, name)
		}
		if !isNamed && slices.ContainsFunc(parseWeighted([]string{accept}), func(w weighted) bool { return w.name != "" }) {
			t.Errorf("negotiateFormat(%q) = %+v; nothing there names it", accept, got)
		}
	})
}
