package main

// This file searches texts on a real server: by patterns and by words. How to run
// it: mysql_test.go.

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/plan"
	"readapi/internal/postgrest"
	"readapi/internal/rest"
)

// mysqlPatternTexts are the texts of a table, by id from 1.
var mysqlPatternTexts = []string{
	1: "Größe", 2: "größe", 3: "a.b", 4: "axb", 5: "a\nb", 6: "", 7: `back\slash`, 8: "O'Hara", 9: "50%_", 10: "日本", 11: "🧖 sauna", 12: "aaaa ",
}

// mysqlPatternCases are query strings, and the ids that they find. Row 13 is NULL.
var mysqlPatternCases = []struct {
	query string
	want  []int
}{
	{"v=match.^Gr", []int{1}},
	{"v=imatch.^GR", []int{1, 2}},
	{"v=imatch.GRÖßE", []int{1, 2}},
	{"v=match.GRÖßE", nil},
	{`v=match.a\.b`, []int{3}},
	{"v=match.a.b", []int{3, 4, 5}}, // a point is a line break, too
	{"v=match.^a[.x]b$", []int{3, 4}},
	{"v=match.", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
	{"v=match.^$", []int{6}},
	{`v=match.\\`, []int{7}},
	{"v=match.'", []int{8}},
	{"v=match.%_$", []int{9}},
	{"v=match.^..$", []int{10}},
	{"v=match.🧖", []int{11}},
	{"v=match.^(a){4} $", []int{12}},
	{"v=match.(?i)GRÖX|o'hara", []int{8}},
	{`v=match.\bsauna\b`, []int{11}},
	{`v=match.(.)\1\1\1`, []int{12}},
	{"v=match(any).{^G,^O}", []int{1, 8}},
	{"v=match(all).{^a,b$}", []int{3, 4, 5}},
	{"v=imatch(any).{^g,^o}", []int{1, 2, 8}},
	{"or=(v.match.^G,v.imatch.^O)", []int{1, 8}},
	{`or=(v.match."^(a|x)[.]b",id.eq.1)`, []int{1, 3}},
	{"v=not.match.[a-zA-Z]", []int{6, 9, 10}},
	{"v=not.imatch.[a-z]", []int{6, 9, 10}},
	{`v=match.\x00`, nil},
	{"v=match.x|\x00", []int{4}},
	{`v=match.\Qa.b`, []int{3}},
	{"v=match.^(a|aa)+b", nil},
	{"v=match.' OR 1=1 -- ", nil},
	{`v=match."\) OR 1=1 -- `, nil},
}

// TestMySQLPatterns matches texts of several types, collations and character sets.
func TestMySQLPatterns(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has regular expressions of its own")
	}
	ddls := []string{"VARCHAR(20)", "TEXT COLLATE utf8mb4_bin", "LONGTEXT COLLATE utf8mb4_general_ci", "VARCHAR(20) CHARACTER SET utf16"}
	var tables []string
	for i, ddl := range ddls {
		name := fmt.Sprintf("t%d", i)
		d.exec(t, "CREATE TABLE "+name+" (id INT PRIMARY KEY, v "+ddl+")", "CREATE VIEW "+name+"_view AS SELECT id, CONCAT(v) AS v FROM "+name)
		for id, text := range mysqlPatternTexts {
			if _, err := d.admin.ExecContext(t.Context(), "INSERT INTO "+name+" VALUES (?, ?)", id, text); err != nil {
				t.Fatalf("INSERT %q = %v", text, err)
			}
		}
		d.exec(t, "DELETE FROM "+name+" WHERE id = 0", "INSERT INTO "+name+" VALUES (13, NULL)")
		tables = append(tables, name, name+"_view")
	}
	r := newMySQLReader(t, d, tables...)
	bases := []string{r.base}
	for _, change := range mysqlSessions {
		bases = append(bases, r.serveSession(t, change))
	}
	for i, base := range bases {
		r.base = base
		for _, table := range tables {
			if i > 0 && table != "t0" {
				continue
			}
			for _, tt := range mysqlPatternCases {
				resp, body := r.do(t, http.MethodGet, "/read/"+table, "select=id&order=id&"+mysqlQuery(tt.query))
				if got, err := mysqlIDs(body); resp.StatusCode != http.StatusOK || err != nil || !slices.Equal(got, tt.want) {
					t.Errorf("GET %q = %d %v %.300q; want rows %v", table+"?"+tt.query, resp.StatusCode, got, body, tt.want)
				}
			}
		}
	}
}

// TestMySQLPatternsOfMembers matches an ENUM and a SET, and a character set that
// lacks what the pattern has.
func TestMySQLPatternsOfMembers(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has regular expressions of its own")
	}
	d.exec(t, "CREATE TABLE sample (id INT, e ENUM('ab','cd'), s SET('ab','cd'), l VARCHAR(9) CHARACTER SET latin1, j JSON)",
		"INSERT INTO sample VALUES (1, 'ab', 'ab,cd', 'Größe', '[]'), (2, 'cd', '', 'x', '{}')")
	r := newMySQLReader(t, d, "sample")
	for query, want := range map[string]string{
		"e=match.^a": "1", "s=match.,cd$": "1", "s=imatch.^A": "1", "e=not.match.^a": "2", "l=match.[日ö]": "1", "l=imatch.^GRÖ": "1", "l=not.match.日": "1",
	} {
		if _, body := r.do(t, http.MethodGet, "/read", "select=id&limit=1&order=id&"+mysqlQuery(query)); body != `[{"id":`+want+"}]\n" {
			t.Errorf("GET %q = %s; want row %s", query, body, want)
		}
	}
}

// mustRefuse checks the code and the text of a refusal.
func (r *mysqlReader) mustRefuse(t testing.TB, query, code, says string) {
	t.Helper()
	resp, body := r.do(t, http.MethodGet, "/read", mysqlSearch(query))
	var got rest.Error
	err := json.Unmarshal([]byte(body), &got)
	hint := ""
	if got.Hint != nil {
		hint = *got.Hint
	}
	if err != nil || resp.StatusCode != http.StatusBadRequest || got.Code != code || !strings.Contains(got.Message+hint, says) {
		t.Errorf("GET %.200q = %d %.300q; want 400 %s …%s…", query, resp.StatusCode, body, code, says)
	}
}

// A pattern that is none, or that takes for ever, is an error and never a row
// less, whichever engine it is.
func TestMySQLPatternsRefused(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has regular expressions of its own")
	}
	d.exec(t, "CREATE TABLE sample (id INT, v VARCHAR(200), n INT, b BLOB, d DATE, j JSON)",
		"INSERT INTO sample (id, v) VALUES (1, 'x'), (2, CONCAT(REPEAT('a', 60), 'b')), (3, NULL)")
	r := newMySQLReader(t, d, "sample")
	for _, pattern := range []string{"(", ")", "[", "a{2,1}", `\`, "*a", "(?<x", "[[:nope:]]", "(?z)", "a)|(b", "(*LIMIT_MATCH=1)a", "(?#", "[z-a]", "a)(", `(\9)`} {
		r.mustRefuse(t, "v=match."+pattern, postgrest.CodeBadPattern, "no regular expression")
		r.mustRefuse(t, "v=not.imatch."+pattern, postgrest.CodeBadPattern, "no regular expression")
	}
	for _, filter := range []string{"match.^(a+)+$", "not.match.(a|aa)+$", `imatch.^(A+)+\Q$`} {
		r.mustRefuse(t, "v="+filter, postgrest.CodeBadPattern, "too many steps")
	}
	for _, column := range []string{"n", "b", "d", "j"} {
		r.mustRefuse(t, column+"=match.a", postgrest.CodeSyntax, "expected a character column")
	}
}

// mysqlFullTexts are the texts of a table, by id from 1.
var mysqlFullTexts = []string{
	1: "the house of cards", 2: "House cards", 3: "cards of the house", 4: "don't panic", 5: "foo-bar baz", 6: "Größe über alles",
	7: "house or of cards", 8: "to be or not to be", 9: "naïve café", 10: "foo_bar x1y2z3 12345", 11: "ab xyz", 12: "", 13: "panic in the house",
}

// mysqlFullTextCases are query strings, with ∧ for the & of a search, and the ids
// that they find with InnoDB. Row 14 is NULL.
var mysqlFullTextCases = []struct {
	query string
	want  []int
}{
	{"v=plfts.house", []int{1, 2, 3, 7, 13}},
	{"v=plfts.HOUSE cards", []int{1, 2, 3, 7}},
	{"v=plfts.the house", []int{1, 2, 3, 7, 13}}, // a stop word
	{"v=plfts.ab xyz", []int{11}},                // and one that is too short
	{"v=plfts.ab", nil},
	{"v=plfts.the of", nil},
	{"v=plfts.", nil},
	{"v=not.plfts.", []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}},
	{"v=not.plfts.house", []int{4, 5, 6, 8, 9, 10, 11, 12}},
	{"not.or=(v.plfts.house,id.gt.8)", []int{4, 5, 6, 8}},
	{"not.and=(v.plfts.house,v.plfts.cards)", []int{4, 5, 6, 8, 9, 10, 11, 12, 13}},
	{"or=(v.plfts.baz,v.plfts.größe,id.eq.9)", []int{5, 6, 9}},
	{"v=plfts(german).größe", []int{6}},
	{"v=fts(english).house", []int{1, 2, 3, 7, 13}},
	{"v=plfts.grosse", nil},
	{"v=plfts.naive", []int{9}},
	{"v=plfts.don't", []int{4}},
	{"v=plfts.foo-bar", []int{5}},
	{"v=plfts.bar-foo", nil},
	{"v=plfts.foo_bar", []int{10}},
	{"v=plfts.12345", []int{10}},
	{"v=phfts.house cards", []int{2}},
	{"v=phfts.house of cards", []int{1}},
	{"v=phfts.the house of cards", []int{1}},
	{"v=phfts.cards house", nil},
	{`v=phfts."house" cards`, []int{2}},
	{"v=wfts.house -panic", []int{1, 2, 3, 7}},
	{"v=wfts.house panic", []int{13}},
	{`v=wfts."house cards"`, []int{2}},
	{`v=wfts."house cards" or panic`, []int{2, 4, 13}},
	{"v=wfts.panic house or baz", []int{5, 13}},
	{`v=wfts.-house`, []int{4, 5, 6, 8, 9, 10, 11, 12}},
	{`v=wfts.-"house of cards" cards`, []int{2, 3, 7}},
	{`v=wfts.panic or -house`, []int{4, 5, 6, 8, 9, 10, 11, 12, 13}},
	{`v=wfts.or house or`, []int{1, 2, 3, 7, 13}},
	{`v=wfts."house`, []int{1, 2, 3, 7, 13}},
	{`v=wfts.-the house`, []int{1, 2, 3, 7, 13}},
	{"v=fts.house ∧ cards", []int{1, 2, 3, 7}},
	{"v=fts.house∧!cards", []int{13}},
	{"v=fts.baz|panic", []int{4, 5, 13}},
	{"v=fts.!house", []int{4, 5, 6, 8, 9, 10, 11, 12}},
	{"v=fts.!!house ∧ !(cards | baz)", []int{13}},
	{"v=fts.(baz | panic) ∧ !house", []int{4, 5}},
	{"v=fts.house ∧ (panic | !cards)", []int{13}},
	{"v=fts.house ∧ !the", []int{1, 2, 3, 7, 13}},
	{"v=fts.'house cards' | 'of cards'", []int{1, 2, 3, 7}},
	{"v=not.fts.house&id=gt.11", []int{12}},
	{"v=not.fts.!house", []int{1, 2, 3, 7, 13}},
	{`or=(v.fts."house ∧ panic",v.wfts."\"house cards\"")`, []int{2, 13}},

	// nothing in a word is an operator
	{"v=plfts.+house -cards", []int{1, 2, 3, 7}},
	{"v=plfts.(house) ~<>@* \"cards\"", []int{1, 2, 3, 7}},
	{"v=plfts.hou*", nil},
	{`v=plfts.house" +"panic`, []int{13}},
	{`v=wfts.house" IN BOOLEAN MODE) OR 1 -- `, nil},
	{"v=plfts.house' OR 1 -- ", []int{1, 2, 3, 7, 13}},
	{`v=plfts.house\`, []int{1, 2, 3, 7, 13}},
	{"v=plfts.\x00house", []int{1, 2, 3, 7, 13}},
	{"v=plfts.house@8", []int{1, 2, 3, 7, 13}},
}

// mysqlSearch encodes a query string in which ∧ is the & of a search.
func mysqlSearch(query string) string {
	return strings.ReplaceAll(mysqlQuery(query), url.QueryEscape("∧"), "%26")
}

// newFullTexts makes tables of mysqlFullTexts: of InnoDB, of the other engine that
// there is, and one with a column that cannot be searched.
func newFullTexts(t testing.TB) *mysqlReader {
	t.Helper()
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has no FULLTEXT indexes that are MySQL's")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, v TEXT COLLATE utf8mb4_general_ci, w VARCHAR(50), x TEXT COLLATE utf8mb4_general_ci, j JSON, "+
		"FULLTEXT KEY by_v (v), FULLTEXT KEY by_w (w), FULLTEXT KEY both_of (v, x))")
	for id, text := range mysqlFullTexts {
		if id == 0 {
			continue
		}
		if _, err := d.admin.ExecContext(t.Context(), "INSERT INTO sample (id, v, w) VALUES (?, ?, ?)", id, text, text); err != nil {
			t.Fatalf("INSERT %q = %v", text, err)
		}
	}
	d.exec(t, "INSERT INTO sample (id) VALUES (14)", "CREATE TABLE other (id INT PRIMARY KEY, v TEXT, FULLTEXT (v)) ENGINE=MyISAM",
		"INSERT INTO other SELECT id, v FROM sample", "CREATE TABLE none (id INT, v TEXT, KEY (v(10)))", "CREATE VIEW seen AS SELECT id, v FROM sample")
	return newMySQLReader(t, d, "sample", "other", "none", "seen")
}

// TestMySQLFullText searches with every form of words.
func TestMySQLFullText(t *testing.T) {
	r := newFullTexts(t)
	bases := map[string]string{"": r.base}
	for name, change := range mysqlSessions {
		bases[name] = r.serveSession(t, change)
	}
	for name, base := range bases {
		r.base = base
		for _, tt := range mysqlFullTextCases {
			resp, body := r.do(t, http.MethodGet, "/read", "select=id&order=id&"+mysqlSearch(tt.query))
			if got, err := mysqlIDs(body); resp.StatusCode != http.StatusOK || err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("%s: GET %q = %d %v %.300q; want rows %v", name, tt.query, resp.StatusCode, got, body, tt.want)
			}
		}
	}
	for query, want := range map[string][]int{ // where words of three letters and many others are not held
		"v=plfts.house": {1, 2, 3, 7, 13}, "v=plfts.the house": {1, 2, 3, 7, 13}, "v=plfts.don't": nil, "v=phfts.house of cards": {1},
		"v=fts.house ∧ !cards": {13}, "v=plfts.xyz": nil, "v=wfts.panic or -house": {4, 5, 6, 8, 9, 10, 11, 12, 13}, "v=plfts.foo_bar": {10},
	} {
		_, body := r.do(t, http.MethodGet, "/read/other", "select=id&order=id&"+mysqlSearch(query))
		if got, err := mysqlIDs(body); err != nil || !slices.Equal(got, want) {
			t.Errorf("GET %q of MyISAM = %.300q; want rows %v", query, body, want)
		}
	}
}

// TestMySQLFullTextRefused has what cannot be searched.
func TestMySQLFullTextRefused(t *testing.T) {
	r := newFullTexts(t)
	r.mustRefuse(t, "x=plfts.a", postgrest.CodeSyntax, "There is one on v, w.")
	r.mustRefuse(t, "id=fts.a", postgrest.CodeSyntax, "There is one on v, w.")
	r.mustRefuse(t, "j->>a=wfts.a", postgrest.CodeSyntax, "There is one on v, w.")
	for query, says := range map[string]string{
		"a b": `unexpected "b"`, "a ∧": "unexpected end", "(a": `expected "&", "|" or ")"`, "a)": `unexpected ")"`, "a:*": `unexpected ":"`, "'a": "closing quote",
		"a <-> b": `unexpected "<"`, "()": `unexpected ")"`, "∧": `unexpected "&"`, strings.Repeat("(", 11) + "a": "levels", strings.Repeat("!", 500) + "a": "levels",
	} {
		r.mustRefuse(t, "v=fts."+query, postgrest.CodeSyntax, says)
	}
	for _, table := range []string{"none", "seen"} {
		mysqlWantError(t, r.base+"/read/"+table+"?v=plfts.house", http.StatusBadRequest, postgrest.CodeSyntax)
	}
}

// A search by words is what logic says it is, however they are combined.
func TestMySQLFullTextIsLogic(t *testing.T) {
	words := []string{"alpha", "beta", "gamma", "delta"}
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has no FULLTEXT indexes that are MySQL's")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, v TEXT, FULLTEXT (v))")
	for id := range 1 << len(words) {
		d.exec(t, fmt.Sprintf("INSERT INTO sample VALUES (%d, '%s')", id, strings.Join(mysqlWordsOf(words, id), " ")))
	}
	d.exec(t, "INSERT INTO sample VALUES (99, NULL)")
	r := newMySQLReader(t, d, "sample")
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		text, holds := mysqlRandomSearch(random, words, 3)
		for _, not := range []bool{false, true} {
			var want []int
			for id := range 1 << len(words) {
				if holds(id) != not {
					want = append(want, id)
				}
			}
			query := "v=" + map[bool]string{true: "not."}[not] + "fts." + url.QueryEscape(text)
			_, body := r.do(t, http.MethodGet, "/read", "select=id&order=id&"+query)
			if got, err := mysqlIDs(body); err != nil || !slices.Equal(got, want) {
				t.Errorf("GET %s = %.300q; want rows %v", query, body, want)
			}
		}
	}
}

// mysqlWordsOf are the words whose bits id has.
func mysqlWordsOf(words []string, id int) (some []string) {
	for i, word := range words {
		if id&(1<<i) != 0 {
			some = append(some, word)
		}
	}
	return some
}

// mysqlRandomSearch is a search for some of words, and whether it finds the row
// with an id.
func mysqlRandomSearch(random *rand.Rand, words []string, depth int) (text string, holds func(id int) bool) {
	kind := random.IntN(4)
	if depth == 0 || kind == 0 {
		i := random.IntN(len(words))
		return words[i], func(id int) bool { return id&(1<<i) != 0 }
	}
	a, inA := mysqlRandomSearch(random, words, depth-1)
	b, inB := mysqlRandomSearch(random, words, depth-1)
	switch kind {
	case 1:
		return "!(" + a + ")", func(id int) bool { return !inA(id) }
	case 2:
		return "(" + a + ") & " + b, func(id int) bool { return inA(id) && inB(id) }
	default:
		return "(" + a + " | " + b + ")", func(id int) bool { return inA(id) || inB(id) }
	}
}

// A search uses its index.
func TestMySQLFullTextIndex(t *testing.T) {
	r := newFullTexts(t)
	api, pool := mysqlNewAPI(t, r.env)
	table, err := catalog.New(api.db.Query, "sample").Table(t.Context(), "sample")
	if err != nil {
		t.Fatalf("table = %v", err)
	}
	for _, query := range []string{"v=plfts.house", "v=fts.house&id=gt.2&limit=1", "v=wfts.house+-panic&order=id", "v=phfts.house+cards&select=id"} {
		asked, err := postgrest.Parse(query)
		if err != nil {
			t.Fatalf("Parse = %v", err)
		}
		st, err := plan.Known{Table: table}.Select(asked, encode.Format{})
		if err != nil {
			t.Fatalf("Select = %v", err)
		}
		if kind, key := mysqlExplain(t, pool, st); kind != "fulltext" || key != "by_v" {
			t.Errorf("EXPLAIN %s %q = %s by key %q; want fulltext by by_v", st.Text, st.Args, kind, key)
		}
	}
}

// An index of parts of words holds what is shorter than a word.
func TestMySQLFullTextNgram(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine != engineMySQL {
		t.Skip("only MySQL has ngram")
	}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, v TEXT, FULLTEXT KEY `b``y` (v) WITH PARSER ngram)",
		"INSERT INTO sample VALUES (1, '数据库管理'), (2, '管理'), (3, '数据')")
	r := newMySQLReader(t, d, "sample")
	for query, want := range map[string][]int{"数据": {1, 3}, "管理 数据": {1}, "数据库": {1}} {
		_, body := r.do(t, http.MethodGet, "/read", "select=id&order=id&"+mysqlQuery("v=plfts."+query))
		if got, err := mysqlIDs(body); err != nil || !slices.Equal(got, want) {
			t.Errorf("GET %q = %.300q; want rows %v", query, body, want)
		}
	}
}

// An account with grants on some columns searches those.
func TestMySQLFullTextGrants(t *testing.T) {
	r := newFullTexts(t)
	user, env := r.newUser(t)
	r.exec(t, "GRANT SELECT (id, v) ON "+r.name+".sample TO "+user)
	base := mysqlServe(t, env)
	mysqlWantBody(t, base+"/read?select=id&v=plfts.the+baz", `[{"id":5}]`+"\n")
	mysqlWantError(t, base+"/read?select=id&w=plfts.baz", http.StatusBadRequest, postgrest.CodeNoColumn)
}

// What MariaDB gives up on is seen because it does not even match what has to
// match. Texts that are taken to be too short for that never are what it gives up
// on: random patterns, on the texts that are hardest for them.
func TestMySQLPatternsAreMatched(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine != engineMariaDB {
		t.Skip("other engines have an error")
	}
	pieces := []string{"a", "b", "a*", "a+", "a?", ".*", ".+", "[ab]+", "(a|b)", "(a*|b)", "|", "^", "$", "a{1,9}", "a{0,}", "(ab)", "a*?", "a++", "c", `\w*`, `\b`, `\.`}
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY, v LONGTEXT)")
	api, _ := mysqlNewAPI(t, d.env)
	table, err := catalog.New(api.db.Query, "sample").Table(t.Context(), "sample")
	if err != nil {
		t.Fatalf("table = %v", err)
	}
	random, skipped := rand.New(rand.NewPCG(5, 6)), 0
	for range 120 {
		pattern := ""
		for range 1 + random.IntN(7) {
			pattern += pieces[random.IntN(len(pieces))]
		}
		asked, err := postgrest.Parse("v=match." + url.QueryEscape(pattern))
		if err != nil {
			t.Fatalf("Parse = %v", err)
		}
		st, err := plan.Known{Table: table}.Select(asked, encode.Format{})
		if err != nil {
			t.Fatalf("Select = %v", err)
		}
		if len(st.Args) != 4 { // pattern, length, pattern that has to match, exponent
			skipped++
			continue
		}
		length := min(int(st.Args[1].(int64)), 3000)
		for _, text := range []string{"REPEAT('a', ?)", "CONCAT(REPEAT('a', ? - 1), 'd')", "CONCAT(REPEAT('ab', ? DIV 2), 'd')"} {
			var isMatched bool
			row := d.admin.QueryRowContext(t.Context(), "SELECT "+text+" REGEXP ?", length, st.Args[2])
			if err := row.Scan(&isMatched); err == nil && !isMatched {
				t.Errorf("%s on %s of %d is given up", pattern, text, length)
			}
		}
	}
	if skipped > 100 {
		t.Errorf("%d of 120 patterns were not tried", skipped)
	}
}
