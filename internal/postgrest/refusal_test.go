package postgrest

import (
	"fmt"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"id", "name", "created_at", "größe", "NameOfTable"}
	tests := []struct{ name, want string }{
		{"nmae", "name"},
		{"NAME", "name"},
		{"names", "name"},
		{"created", ""}, // three characters apart
		{"createdat", "created_at"},
		{"grösse", "größe"},
		{"nameoftabel", "NameOfTable"},
		{"x", ""}, // nothing of it is left
		{"price", ""},
		{"description", ""},
		{strings.Repeat("name", 5000), ""},
	}
	for _, tt := range tests {
		want := tt.want
		if want != "" {
			want = fmt.Sprintf("Perhaps you meant %q.", want)
		}
		if got := Nearest(tt.name, names); got != want {
			t.Errorf("Nearest(%.20q) = %q; want %q", tt.name, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
		{"größe", "grösse", 2}, // characters, not bytes
		{"日本", "日", 1},
	}
	for _, tt := range tests {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d; want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// The message says it all to one who sees nothing else; the place is apart.
func TestRefusalMessage(t *testing.T) {
	tests := []struct{ name, query, message, where string }{
		{"syntax names the parameter", "limit=x", `limit: unexpected "x", expected a whole number from 0`, `parameter "limit", position 1`},
		{"twice", "limit=1&limit=2", "limit: the parameter stands there twice, expected once", `parameter "limit", position 1`},
		{"the whole string", "a=" + strings.Repeat("x", maxQueryBytes), "a query string of 16386 bytes, expected at most 16384", `parameter "?", position 1`},
		{"no name", "=x", `unexpected "=x", expected NAME=VALUE`, `parameter "", position 1`},
		{
			"a long name", strings.Repeat("n", 99) + "=x",
			strings.Repeat("n", maxExcerpt) + `…: unexpected "x", expected an operator before the value: not or one of ` + strings.Join(operatorNames(), ", "),
			`parameter "` + strings.Repeat("n", 99) + `", position 1`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.query)
			refused, ok := err.(*Refusal)
			if !ok || refused.Message() != tt.message || refused.Where() != tt.where {
				t.Errorf("Parse(%.50q) = %v; want message %q, where %q", tt.query, err, tt.message, tt.where)
			}
		})
	}
	column := Place{"nam", 1}.Refuse(CodeNoColumn, "", "the table has no column %q", "nam")
	if got, want := column.Message(), `the table has no column "nam"`; got != want {
		t.Errorf("Message() = %q; want %q", got, want)
	}
	if got := (Place{}).Refuse(CodeRange, "", "x").Where(); got != "" {
		t.Errorf("Where() of nowhere = %q; want nothing", got)
	}
}
