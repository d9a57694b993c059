package postgrest

// This file tests what leads from page to page.

import (
	"net/url"
	"strings"
	"testing"
)

func TestNextByMarks(t *testing.T) {
	id := Mark{Column: "id", Value: new("7")}
	tests := []struct {
		name  string
		query string
		marks []Mark
		limit *uint64
		want  string // decoded
	}{
		{"one", "order=id&limit=3", []Mark{id}, nil, "order=id&limit=3&or=(id.gt.7)"},
		{"no query", "", []Mark{id}, nil, "or=(id.gt.7)"},
		{"descending", "", []Mark{{Column: "id", Descending: true, Value: new("7")}}, nil, "or=(id.lt.7)"},
		{"two", "", []Mark{{Column: "a", Value: new("x")}, id}, nil, "or=(a.gt.x,and(a.eq.x,id.gt.7))"},
		{
			"three", "",
			[]Mark{{Column: "a", Value: new("x")}, {Column: "b", Descending: true, Value: new("1.5")}, id},
			nil, "or=(a.gt.x,and(a.eq.x,b.lt.1.5),and(a.eq.x,b.eq.1.5,id.gt.7))",
		},
		{
			"NULL comes later", "",
			[]Mark{{Column: "a", Descending: true, Nullable: true, Value: new("x")}, id},
			nil, "or=(a.lt.x,a.is.null,and(a.eq.x,id.gt.7))",
		},
		{
			"NULL is behind us", "",
			[]Mark{{Column: "a", Nullable: true, NullsFirst: true, Value: new("x")}, id},
			nil, "or=(a.gt.x,and(a.eq.x,id.gt.7))",
		},
		{
			"within NULL, first", "",
			[]Mark{{Column: "a", Nullable: true, NullsFirst: true}, id},
			nil, "or=(a.not.is.null,and(a.is.null,id.gt.7))",
		},
		{
			"within NULL, last", "",
			[]Mark{{Column: "a", Nullable: true}, id},
			nil, "or=(and(a.is.null,id.gt.7))",
		},
		{"odd names and values", "", []Mark{{Column: `o"d,`, Value: new(`"a",(b)\`)}}, nil, `or=("o\"d,".gt."\"a\",(b)\\")`},
		{"a value of nothing", "", []Mark{{Column: "a", Value: new("")}}, nil, `or=(a.gt."")`},

		{"the filter of the page before", "or=(id.gt.3)&limit=3", []Mark{id}, nil, "limit=3&or=(id.gt.7)"},
		{
			"the same with two", "a=neq.y&or=%28a.gt.w%2Cand%28a.eq.w%2Cid.gt.3%29%29",
			[]Mark{{Column: "a", Value: new("x")}, id},
			nil, "a=neq.y&or=(a.gt.x,and(a.eq.x,id.gt.7))",
		},
		{
			"from NULL to a value", "or=(a.not.is.null,and(a.is.null,id.gt.3))",
			[]Mark{{Column: "a", Nullable: true, NullsFirst: true, Value: new("x")}, id},
			nil, "or=(a.gt.x,and(a.eq.x,id.gt.7))",
		},
		{"an or of one's own", "or=(id.gt.3,id.lt.0)", []Mark{id}, nil, "or=(id.gt.3,id.lt.0)&or=(id.gt.7)"},
		{"an or of another order", "or=(id.lt.3)", []Mark{id}, nil, "or=(id.lt.3)&or=(id.gt.7)"},
		{"an offset", "offset=5&a=eq.1", []Mark{id}, nil, "a=eq.1&or=(id.gt.7)"},
		{"a Range", "limit=100", []Mark{id}, new(uint64(10)), "limit=10&or=(id.gt.7)"},
		{"what has no place in a header", "a=eq.<é\"{>#&b=eq.%3E", []Mark{id}, nil, "a=eq.<é\"{>#&b=eq.>&or=(id.gt.7)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := NextByMarks(tt.query, tt.marks, tt.limit)
			decoded, err := url.QueryUnescape(got)
			if decoded != tt.want || !ok || err != nil {
				t.Errorf("NextByMarks(%q) = %q, %t; want %q", tt.query, decoded, ok, tt.want)
			}
			if strings.ContainsAny(got, "#<>\"\\ ") || strings.ContainsFunc(got, func(r rune) bool { return r >= 0x7F }) {
				t.Errorf("NextByMarks(%q) = %q; want it to be fit for a header", tt.query, got)
			}
			if _, err := Parse(got); err != nil {
				t.Errorf("Parse(%q) = %v; want it to be a request like any other", got, err)
			}
		})
	}
}

// Where a filter cannot say where the page ends, there is none.
func TestNextByMarksRefuses(t *testing.T) {
	id := []Mark{{Column: "id", Value: new("7")}}
	tests := []struct {
		name, query string
		marks       []Mark
	}{
		{"no marks", "", nil},
		{"no room for another condition", "id=gt.1" + strings.Repeat("&id=neq.3", maxConditions-1), id},
		{"no room in the query string", "name=eq." + strings.Repeat("x", maxQueryBytes-len("name=eq.")), id},
		{"a text longer than what is sorted by", "", []Mark{{Column: "a", Value: new(strings.Repeat("é", 129))}}},
		{"what is no UTF-8", "", []Mark{{Column: "a", Value: new("a\uFFFD")}}},
		{"more conditions than there may be", "", make([]Mark, 10)},
		{"NULL that nothing comes behind", "", []Mark{{Column: "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := NextByMarks(tt.query, tt.marks, nil); ok {
				t.Errorf("NextByMarks = %q; want none", got)
			}
		})
	}
}

func TestNextByOffset(t *testing.T) {
	for query, want := range map[string]string{
		"":                      "offset=20",
		"offset=10&limit=10":    "limit=10&offset=20",
		"or=(a.gt.1)&order=doc": "or=(a.gt.1)&order=doc&offset=20",
	} {
		if got, ok := NextByOffset(query, 20, nil); got != want || !ok {
			t.Errorf("NextByOffset(%q) = %q, %t; want %q", query, got, ok, want)
		}
	}
	if got, _ := NextByOffset("limit=100", 20, new(uint64(10))); got != "limit=10&offset=20" {
		t.Errorf("NextByOffset of a Range = %q; want its limit", got)
	}
}
