package exec

import "testing"

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
