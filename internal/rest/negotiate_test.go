package rest

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"readapi/internal/encode"
)

func TestNegotiateFormat(t *testing.T) {
	array, ndjson, csv, object := encode.Format{}, encode.Format{Media: encode.NDJSON}, encode.Format{Media: encode.CSV}, encode.Format{Media: encode.Object}
	strippedArray, strippedObject := encode.Format{StripNulls: true}, encode.Format{Media: encode.Object, StripNulls: true}
	tests := []struct {
		name   string
		accept []string
		want   encode.Format
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

		{"nothing", []string{"*/*;q=0"}, encode.Format{}, false},
		{"nothing that there is", []string{"text/html"}, encode.Format{}, false},
		{"images", []string{"image/*"}, encode.Format{}, false},
		{"a weight of 0", []string{"application/json;q=0"}, encode.Format{}, false},
		{"a weight of 0.000", []string{"application/json;q=0.000"}, encode.Format{}, false},
		{"a negative weight", []string{"application/json;q=-1"}, encode.Format{}, false},
		{"a weight that is none", []string{"application/json;q=high"}, encode.Format{}, false},
		{"not a number", []string{"application/json;q=NaN"}, encode.Format{}, false},
		{"text, but no CSV", []string{"text/*, text/csv;q=0"}, encode.Format{}, false},
		{"any, one by one refused", []string{"*/*, text/*;q=0, application/*;q=0"}, encode.Format{}, false},
		{"a plan", []string{`application/vnd.pgrst.plan+text; for="application/json"; options=;`}, encode.Format{}, false},
		{"GeoJSON", []string{"application/geo+json"}, encode.Format{}, false},
		{"no type", []string{"json"}, encode.Format{}, false},
		{"a longer name", []string{"application/json5"}, encode.Format{}, false},
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
		format encode.Format
		want   string
	}{
		{encode.Format{}, "application/json; charset=utf-8"},
		{encode.Format{Media: encode.NDJSON}, "application/x-ndjson"},
		{encode.Format{Media: encode.CSV}, "text/csv; charset=utf-8"},
		{encode.Format{Media: encode.Object}, "application/vnd.pgrst.object+json; charset=utf-8"},
		{encode.Format{StripNulls: true}, "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"},
		{encode.Format{Media: encode.Object, StripNulls: true}, "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8"},
	}
	for _, tt := range tests {
		if got := contentType(tt.format); got != tt.want {
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

// FuzzFormat: whatever a client accepts, there is no panic, and what it gets is
// named in the header, or in a range of types there.
func FuzzFormat(f *testing.F) {
	for _, seed := range []string{
		"*/*", "text/csv;q=0.5, */*;q=0", "application/*;q=0.1,application/json;q=0",
		"application/vnd.pgrst.object+json;nulls=stripped", ";;q=,", "a/b;q=NaN", `text/csv;x="a,b"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		header := http.Header{"Accept": {accept}}
		got, ok := negotiateFormat(header)
		if !ok || strings.Trim(accept, ", \t\n\v\f\r\u0085\u00a0;") == "" {
			return
		}
		lower := strings.ToLower(accept)
		isNamed := strings.Contains(lower, "/*") && got.Media != encode.Object
		for name, m := range mediaTypes {
			isNamed = isNamed || m == got.Media && strings.Contains(lower, name)
		}
		if !isNamed && slices.ContainsFunc(parseWeighted([]string{accept}), func(w weighted) bool { return w.name != "" }) {
			t.Errorf("negotiateFormat(%q) = %+v; nothing there names it", accept, got)
		}
	})
}
