package plan

import (
	"strings"
	"testing"

	"readapi/internal/catalog"
)

func TestSearch(t *testing.T) {
	tests := []struct {
		operator, text, want string
	}{
		{"plfts", "the house", `+"the" +"house"`},
		{"plfts", `+(a "b* -c@~<>`, `+"a" +"b" +"c"`},
		{"plfts", "x-y z", `+"x y" +"z"`},
		{"plfts", "-", ""},
		{"phfts", `a "b" c`, `"a b c"`},
		{"wfts", `a "b c" -d or e`, `(+"a" +"b c" -"d") "e"`},
		{"wfts", `-"a b" -c`, `not ("a b") "c"`},
		{"wfts", "or a or or b or", `"a" "b"`},
		{"wfts", "orange or -or", `not +"or" -"orange"`},
		{"fts", "a&b|c&!d", `(+"a" +"b") (+"c" -"d")`},
		{"fts", "!(a|b)&c", `+"c" -("a" "b")`},
		{"fts", "!a|!b", `not +"a" +"b"`},
		{"fts", "!!a", `"a"`},
		{"fts", "'a b' & (c)", `+"a b" +"c"`},
		{"fts", "", ""},
	}
	index := &catalog.FullText{IsInnoDB: true}
	for _, tt := range tests {
		e, err := newSearch(tt.operator, tt.text, index)
		if err != nil {
			t.Errorf("%s of %q = %v", tt.operator, tt.text, err)
			continue
		}
		got := ""
		if e != nil {
			text, negated := e.boolean()
			got = map[bool]string{true: "not "}[negated] + text
		}
		if got != tt.want {
			t.Errorf("%s of %q = %s; want %s", tt.operator, tt.text, got, tt.want)
		}
	}
}

// Nothing of a search is an operator of the boolean mode: a word has quotes, or
// letters and digits only.
func FuzzSearch(f *testing.F) {
	for _, seed := range []string{`a "b c" -d or e`, "a&!(b|c)", "'a b'", `+-*~@<>()"'\`, "don't", "日本 ١٢ _x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, isInnoDB := range []bool{true, false} {
			for _, operator := range []string{"fts", "plfts", "phfts", "wfts"} {
				e, err := newSearch(operator, text, &catalog.FullText{IsInnoDB: isInnoDB})
				if err != nil || e == nil {
					continue
				}
				written, _ := e.boolean()
				checkBoolean(t, written)
			}
		}
	})
}

// checkBoolean checks that text has words and phrases, each with one sign at most,
// and parentheses in pairs.
func checkBoolean(t testing.TB, text string) {
	t.Helper()
	depth := 0
	for i, piece := range strings.Split(text, `"`) {
		if i%2 == 1 { // a phrase
			if strings.ContainsAny(piece, `+-*~@<>()\`) || strings.TrimSpace(piece) != piece || piece == "" {
				t.Fatalf("%s has the phrase %q", text, piece)
			}
			continue
		}
		depth += strings.Count(piece, "(") - strings.Count(piece, ")")
		if strings.ContainsAny(piece, `*~@<>\`) || strings.Contains(piece, "++") || strings.Contains(piece, "--") || strings.Contains(piece, "()") || depth < 0 {
			t.Fatalf("%s has %q", text, piece)
		}
	}
	if depth != 0 || strings.Count(text, `"`)%2 != 0 {
		t.Fatalf("%s has parentheses or quotes open", text)
	}
}
