package plan

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"readapi/internal/encode"
	"readapi/internal/postgrest"
)

// What is selected by a path comes first among the arguments, then conditions,
// then order: as they stand in the text.
func TestPathsInOrderOfTheText(t *testing.T) {
	st := buildAsked(t, "order=json->c,id&json->b=is.null&select=x:json->a,id,json->d::text&limit=7")
	const text = "SELECT JSON_EXTRACT(`json`, ?), `id`, JSON_EXTRACT(`json`, ?), IF(FALSE, `json`, NULL) FROM `t` " +
		"WHERE JSON_EXTRACT(`json`, ?) IS NULL ORDER BY JSON_EXTRACT(`json`, ?), `id` LIMIT ?"
	if args := list(`$."a"`, `$."d"`, `$."b"`, `$."c"`, int64(7)); st.Text != text || !reflect.DeepEqual(st.Args, args) {
		t.Errorf("Select = %s %q; want %s %q", st.Text, st.Args, text, args)
	}
	want := []encode.Field{{Name: "x", Type: "JSON"}, {Name: "id"}, {Name: "d", Type: "JSON", AsText: true}}
	if !reflect.DeepEqual(st.Fields, want) || st.Hidden != 1 {
		t.Errorf("Fields = %+v, %d hidden; want %+v and 1", st.Fields, st.Hidden, want)
	}
}

// Of what stands in JSON it does not matter how a server declares it, but of the
// column it does.
func TestPathsFit(t *testing.T) {
	st := buildAsked(t, "select=json->>a,id")
	id, probe := encode.Column{Name: "id", Type: "BIGINT"}, encode.Column{}
	for _, typeName := range []string{"TEXT", "VARCHAR", "LONGTEXT", "JSON"} {
		if !st.Fits([]encode.Column{{Name: "JSON_EXTRACT(...", Type: typeName}, id, probe}) {
			t.Errorf("a path declared as %s does not fit", typeName)
		}
	}
	if st.Fits([]encode.Column{{Type: "JSON"}, id, {Type: "INT"}}) || st.Fits([]encode.Column{{Type: "JSON"}, {Name: "id", Type: "INT"}, probe}) ||
		st.Fits([]encode.Column{{Type: "JSON"}, id}) {
		t.Error("a result with other columns fits")
	}
}

func TestSelectPaths(t *testing.T) {
	for query, names := range map[string]string{
		"select=json->a,json->a": "a", "select=json->a,b:json->a": "a b", "select=json->0": "json", "select=json->a->>1": "a", "select=*,json->zz": "zz",
		"select=json->a,json": "a json",
	} {
		st := buildAsked(t, query)
		var got []string
		for _, f := range st.Fields {
			got = append(got, f.Name)
		}
		if joined := strings.Join(got, " "); joined != names && !strings.HasSuffix(joined, " "+names) {
			t.Errorf("%s has the members %q; want %q", query, joined, names)
		}
	}
	many := "select=json->a"
	for i := range maxPaths {
		many += ",json->" + strings.Repeat("a", i+2)
	}
	_, err := Known{Table: typesTable}.Select(parseAsked(t, many), encode.Format{})
	checkRefused(t, many, err, postgrest.CodeSyntax, at("select", strings.LastIndex(many, ",json")-len("select=")+2), `"json" more than 32 times`, "")
}

// MariaDB compares JSON by a function that is true of NULL, and matches patterns
// with a second one that tells a match from one that was given up.
func TestMariaDB(t *testing.T) {
	tests := []struct {
		query, where string
		args         []any
	}{
		{"json=eq.1", "IF(`json` IS NULL, NULL, JSON_EQUALS(`json`, ?))", list("1")},
		{"json->a=neq.1", "NOT (IF(JSON_EXTRACT(`json`, ?) IS NULL, NULL, JSON_EQUALS(JSON_EXTRACT(`json`, ?), ?)))", list(`$."a"`, `$."a"`, "1")},
		{"json=isdistinct.1", "IF(`json` IS NULL, NULL, JSON_EQUALS(`json`, ?)) IS NOT TRUE", list("1")},
		{
			"name=match.(a*)*", "CASE WHEN `name` REGEXP ? THEN TRUE WHEN `name` REGEXP ? THEN FALSE " +
				"WHEN `name` IS NOT NULL THEN EXP(CHAR_LENGTH(`name`) + ?) END", list("(?s-i)(a*)*", `(?s-i)(a*)*\E|\z`, int64(1000)),
		},
		{
			"name=imatch.^a*b*", "CASE WHEN `name` REGEXP ? THEN TRUE WHEN CHAR_LENGTH(`name`) <= ? THEN FALSE WHEN `name` REGEXP ? THEN FALSE " +
				"WHEN `name` IS NOT NULL THEN EXP(CHAR_LENGTH(`name`) + ?) END", list("(?si)^a*b*", int64(576), `(?si)^a*b*\E|\z`, int64(1000)),
		},
	}
	for _, tt := range tests {
		st, err := Known{Table: mariaTable}.Select(parseAsked(t, tt.query), encode.Format{})
		if want := "SELECT * FROM `t` WHERE " + tt.where; err != nil || st.Text != want || !reflect.DeepEqual(st.Args, tt.args) {
			t.Errorf("Select(%q) = %+v, %v; want %s %q", tt.query, st, err, want, tt.args)
		}
	}
	old := *mariaTable
	old.MariaDB = 1006
	for query, says := range map[string]string{
		"json->-1=is.null": "an index from the end", "json=eq.1": "which this MariaDB cannot compare", "select=json->-1": "an index from the end",
	} {
		if _, err := (Known{Table: &old}).Select(parseAsked(t, query), encode.Format{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Select(%q) of an old MariaDB = %v; want …%s…", query, err, says)
		}
	}
	deep := strings.Repeat("[", 32) + strings.Repeat("]", 32)
	for query, says := range map[string]string{"json=eq." + deep: "31 levels", "json=cs.9007199254740993": "too many digits"} {
		if _, err := (Known{Table: mariaTable}).Select(parseAsked(t, query), encode.Format{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Select(%.20q) of MariaDB = %v; want …%s…", query, err, says)
		}
	}
}

func TestSafeLength(t *testing.T) {
	for _, pattern := range []string{"(a+)+", "(a|aa)*", `(a)\1`, "(?:a)", "(?=a)", `a\Q+`, `(a+)\E+`, "(*COMMIT)", `\R`, `\X+`, "(a){2}", "(a)?", `\g1`} {
		if n := safeLength(pattern); n != 0 {
			t.Errorf("safeLength(%q) = %d; want 0", pattern, n)
		}
	}
	for pattern, least := range map[string]int{"abc": 900_000, "a+": 700, "^a.*b": 400_000, "a|b": 100_000, `\d+\.\d+`: 60, "(a|b)c": 100_000} {
		if n := safeLength(pattern); n < least {
			t.Errorf("safeLength(%q) = %d; want %d at least", pattern, n, least)
		}
	}
	if n := safeLength(strings.Repeat("a*", 100)); n > 1 {
		t.Errorf("safeLength of 100 repetitions = %d", n)
	}
}

// Whatever JSON is written again is the same JSON.
func FuzzRewriteJSON(f *testing.F) {
	for _, seed := range []string{`{"a": [1, -2.5e+3, "x\u00e9\n\/\u2028", true, null]}`, " 1 ", `"\ud83e\uddd6\""`, `{"a":1,"a":2}`, `"\ud800"`, "[", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form := jsonForm{depth: maxJSONDepth}
		got, err := form.rewrite(text)
		if err != nil {
			if got != "" {
				t.Errorf("rewrite(%q) = %q with %v; want nothing", text, got, err)
			}
			return
		}
		var before, after any
		if json.Unmarshal([]byte(text), &before) != nil || json.Unmarshal([]byte(got), &after) != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("rewrite(%q) = %q; want the same JSON", text, got)
		}
		if again, err := form.rewrite(got); err != nil || again != got {
			t.Errorf("rewrite(%q) = %q, %v; want it as it is", got, again, err)
		}
	})
}
