package exec

import (
	"testing"

	"readapi/internal/encode"
)

// Who takes any columns must not share the query of one who does not: it may fail.
func TestKeyTellsFitsApart(t *testing.T) {
	careful := Statement{Text: "SELECT * FROM sample", Fits: func([]encode.Column) bool { return false }}
	trusting := Statement{Text: careful.Text}
	if careful.Key() == trusting.Key() {
		t.Errorf("both keys = %q; want two", careful.Key())
	}
	careful.Args, trusting.Args = []any{int64(1)}, []any{int64(1)}
	if careful.Key() == trusting.Key() {
		t.Errorf("both keys with arguments = %q; want two", careful.Key())
	}
}

func TestQuoteIdentifier(t *testing.T) {
	tests := []struct{ name, want string }{
		{"id", "`id`"},
		{"order by", "`order by`"},
		{"a`b", "`a``b`"},
		{"`", "````"},
		{"``", "``````"},
		{"a.b", "`a.b`"}, // one name with a point in it
		{`a\`, "`a\\`"},
		{"` OR 1=1 -- ", "``` OR 1=1 -- `"},
		{"größe?", "`größe?`"},
		{"", "``"},
	}
	for _, tt := range tests {
		if got := QuoteIdentifier(tt.name); got != tt.want {
			t.Errorf("QuoteIdentifier(%q) = %s; want %s", tt.name, got, tt.want)
		}
	}
}
