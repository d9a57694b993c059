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
		{"x", "id"}, // two characters apart
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
		{"ab", "ba", 2},
		{"größe", "grösse", 2}, // characters, not bytes
		{"日本", "日", 1},
	}
	for _, tt := range tests {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("editDistance(%q, %q) = %d; want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
