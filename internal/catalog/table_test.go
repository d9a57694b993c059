package catalog

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestColumnByName(t *testing.T) {
	table := &Table{Columns: []Column{{Name: "id"}, {Name: "Name"}, {Name: "name"}}}
	tests := []struct{ name, want string }{
		{"id", "id"},
		{"ID", "id"},
		{"name", "name"}, // before the other that differs in case
		{"NAME", "Name"},
	}
	for _, tt := range tests {
		if got := table.Column(tt.name); got == nil || got.Name != tt.want {
			t.Errorf("Column(%q) = %v; want %q", tt.name, got, tt.want)
		}
	}
	if got := table.Column("other"); got != nil {
		t.Errorf("Column(other) = %v; want nil", got)
	}
}

func TestStarLeavesOutInvisibleColumns(t *testing.T) {
	table := &Table{Columns: []Column{{Name: "a"}, {Name: "b", IsInvisible: true}, {Name: "c"}}}
	if got := table.Star(); len(got) != 2 || got[0].Name != "a" || got[1].Name != "c" {
		t.Errorf("Star() = %v; want a and c", got)
	}
	if len(table.Columns) != 3 {
		t.Error("Star has changed the table")
	}
}

func TestNewKind(t *testing.T) {
	tests := []struct {
		a, b string
		same bool
	}{
		{"INT", "BIGINT", true},
		{"UNSIGNED INT", "UNSIGNED BIGINT", true},
		{"YEAR", "UNSIGNED INT", true},
		{"ENUM", "VARCHAR", true},
		{"TEXT", "LONGTEXT", true},
		{"BINARY", "LONGBLOB", true},
		{"INT", "UNSIGNED INT", false}, // -1 is beyond the second
		{"INT", "VARCHAR", false},      // '5abc' is 5
		{"INT", "DECIMAL", false},
		{"FLOAT", "DOUBLE", false}, // 0.1 is another number
		{"DATE", "DATETIME", false},
		{"DATETIME", "TIMESTAMP", false},
		{"BIT", "UNSIGNED BIGINT", false},
		{"TEXT", "BLOB", false},
		{"JSON", "LONGTEXT", false},
	}
	for _, tt := range tests {
		if got := newKind(tt.a, 0) == newKind(tt.b, 0); got != tt.same {
			t.Errorf("kinds of %s and %s are the same: %v; want %v", tt.a, tt.b, got, tt.same)
		}
	}
	if newKind("DECIMAL", 2) == newKind("DECIMAL", 3) {
		t.Error("kinds of DECIMAL of two scales are the same; want them to differ")
	}
}

func TestHolds(t *testing.T) {
	tests := []struct {
		charset, text string
		want          bool
	}{
		{"utf8mb4", "Große 🧖", true},
		{"utf16", "🧖", true},
		{"", "ß", true}, // not known: MariaDB's UUID, an ENUM of bytes
		{"utf8mb3", "Große", true},
		{"utf8mb3", "🧖", false},
		{"ucs2", "🧖", false},
		{"ascii", "abc\x7f", true},
		{"ascii", "ß", false},
		{"latin1", "Große € „“", true},
		{"latin1", "\u0081", true},
		{"latin1", "\u0080", false}, // that byte is the euro sign
		{"latin1", "ſ", false},
		{"cp1251", "abc", true},
		{"cp1251", "привет", false}, // it has, but who knows
	}
	for _, tt := range tests {
		c := Column{Charset: tt.charset}
		if got := c.Holds(tt.text); got != tt.want {
			t.Errorf("Holds(%q) of %q = %v; want %v", tt.text, tt.charset, got, tt.want)
		}
	}
}

func TestJSONChecks(t *testing.T) {
	tests := []struct {
		clauses string
		want    []string
	}{
		{"", nil},
		{"json_valid(`a`)", []string{"a"}},
		{"json_valid(`a`)\n`b` > 1\njson_valid(`c`)", []string{"a", "c"}},
		{"json_valid(`a``b`)", []string{"a`b"}},
		{"octet_length(`a`) > 1 and json_valid(`a`)", []string{"a"}},
		{"(json_valid(`a`)) and (json_valid(`b`))", []string{"a", "b"}},
		{"`b` > 1 or json_valid(`a`)", nil},
		{"`b` > 1 or `c` and json_valid(`a`)", nil},
		{"!json_valid(`a`)", nil},
		{"json_valid(concat(`a`,`b`))", nil},
		{"json_valid(`a`) = 0", nil},
	}
	for _, tt := range tests {
		if got := slices.Sorted(maps.Keys(jsonChecks(tt.clauses))); !slices.Equal(got, tt.want) {
			t.Errorf("jsonChecks(%q) = %q; want %q", tt.clauses, got, tt.want)
		}
	}
}

func TestMariaDBVersion(t *testing.T) {
	for version, want := range map[string]int{
		"10.11.6-MariaDB-0+deb12u1": 1011, "5.5.5-10.6.18-MariaDB-log": 1006, "11.4.2-MariaDB": 1104, "MariaDB": 1, "9.7.0": 0, "8.0.36-28.1": 0, "": 0,
	} {
		if got := mariaDB(version); got != want {
			t.Errorf("mariaDB(%q) = %d; want %d", version, got, want)
		}
	}
}

func TestFullTextWords(t *testing.T) {
	tests := []struct {
		text, innoDB, other string
	}{
		{"the house", "the house", "the house"},
		{"don't 'quote' rock'n'roll", "don t quote rock n roll", "don't quote rock'n'roll"},
		{"foo-bar_baz+1.5\x00x", "foo bar_baz 1 5 x", "foo bar_baz 1 5 x"},
		{`+"(a*)"~<>@\`, "a", "a"},
		{"Größe 日本 हिन्दी", "Größe 日本 हिन्दी", "Größe 日本 हिन्दी"},
		{"' - \"", "", ""},
	}
	for _, tt := range tests {
		for isInnoDB, want := range map[bool]string{true: tt.innoDB, false: tt.other} {
			if got := strings.Join((&FullText{IsInnoDB: isInnoDB}).Words(tt.text), " "); got != want {
				t.Errorf("Words(%q), InnoDB %t, = %q; want %q", tt.text, isInnoDB, got, want)
			}
		}
	}
}

func TestFullTextHolds(t *testing.T) {
	f := &FullText{minLength: 3, maxLength: 5, hasStopWords: true}
	for word, want := range map[string]bool{"ab": false, "abc": true, "äöü": true, "abcde": true, "abcdef": false, "the": false, "THE": false, "thee": true, "日本": false} {
		if f.Holds(word) != want {
			t.Errorf("Holds(%q) = %t; want %t", word, !want, want)
		}
	}
	if any := new(FullText); !any.Holds("the") || !any.Holds("x") {
		t.Error("an index without limits does not hold the, or x")
	}
}

// A table is another one if its indexes are.
func TestEqualSeesFullText(t *testing.T) {
	indexed := func(f FullText) *Table { return &Table{Name: "t", FullText: []FullText{f}} }
	base := FullText{Name: "i", Columns: []string{"a"}, minLength: 3}
	if !indexed(base).Equal(indexed(base)) || indexed(base).Equal(&Table{Name: "t"}) {
		t.Error("a table is not equal to itself, or is to one without an index")
	}
	for _, other := range []FullText{{Name: "j", Columns: []string{"a"}, minLength: 3}, {Name: "i", Columns: []string{"b"}, minLength: 3}, {Name: "i", Columns: []string{"a"}}} {
		if indexed(base).Equal(indexed(other)) {
			t.Errorf("%+v is equal to %+v", base, other)
		}
	}
}
