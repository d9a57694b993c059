package postgrest

import (
	"fmt"
	"strings"
	"testing"
)

// parseAsked parses a query string that must be right.
func parseAsked(t testing.TB, rawQuery string) *Query {
	t.Helper()
	req, err := Parse(rawQuery)
	if err != nil {
		t.Fatalf("Parse(%q) = %v; want no error", rawQuery, err)
	}
	return req
}

// checkRefused checks what holds for every refusal of a query string: the code,
// the place, and that it says what it wants.
func checkRefused(t testing.TB, rawQuery string, err error, code string, at Place, says, hint string) {
	t.Helper()
	refused, ok := err.(*Refusal)
	if !ok {
		t.Fatalf("%q gives %v; want it refused: %s", rawQuery, err, says)
	}
	if refused.Code != code || refused.Hint != hint || refused.Place != at || !strings.Contains(refused.Reason, says) {
		t.Errorf("%q = %+v; want %s at %v, …%s…, hint %q", rawQuery, refused, code, at, says, hint)
	}
}

// describeRequest writes a request in one line, in a form of its own.
func describeRequest(req *Query) string {
	var parts []string
	for _, f := range req.Select {
		parts = append(parts, "select "+describeField(f))
	}
	for _, c := range req.Where {
		parts = append(parts, describeCondition(c))
	}
	for _, o := range req.Order {
		item := "order " + o.Column + describePath(o.Path)
		if o.Relation != "" {
			item = "order " + o.Relation + "(" + o.Column + describePath(o.Path) + ")"
		}
		if o.Descending {
			item += " desc"
		}
		parts = append(parts, strings.TrimSpace(item+" "+o.Nulls))
	}
	if req.Limit != nil {
		parts = append(parts, fmt.Sprint("limit ", *req.Limit))
	}
	if req.Offset != 0 {
		parts = append(parts, fmt.Sprint("offset ", req.Offset))
	}
	return strings.Join(parts, "; ")
}

func describeField(f Field) string {
	if f.Embed != nil {
		return describeEmbed(f.Embed)
	}
	item := f.Column + describePath(f.Path)
	if f.IsStar() {
		item = "*"
	}
	if f.AsText {
		item += " as text"
	}
	if f.Aggregate != "" {
		item = f.Aggregate + "(" + item + ")"
	}
	if f.AggregateAsText {
		item += " as text"
	}
	if f.Name != "" {
		item += " called " + f.Name
	}
	return item
}

func describeEmbed(e *Embed) string {
	item := e.Target
	if e.Name != e.Target {
		item = e.Name + ":" + item
	}
	if e.Spread {
		item = "..." + item
	}
	if e.Hint != "" {
		item += "!" + e.Hint
	}
	if e.Inner {
		item += " inner"
	}
	if e.Hidden {
		return item + "{hidden}"
	}
	return item + "{" + describeRequest(&e.Query) + "}"
}

func describePath(p Path) string {
	text := ""
	for i, step := range p.Steps {
		text += "->"
		if p.AsText && i == len(p.Steps)-1 {
			text += ">"
		}
		if step.IsIndex {
			text += fmt.Sprint(step.Index)
		}
		text += step.Key
	}
	return text
}

func describeCondition(c Condition) string {
	not := map[bool]string{true: "not "}[c.Not]
	if c.Group == "" {
		return fmt.Sprintf("%s%s%s %s%s %q", not, c.Column, describePath(c.Path), c.Operator, c.Quantifier, c.Values)
	}
	var inner []string
	for _, c := range c.Inner {
		inner = append(inner, describeCondition(c))
	}
	return not + c.Group + "(" + strings.Join(inner, ", ") + ")"
}

func TestParse(t *testing.T) {
	tests := []struct{ query, want string }{
		{"", ""},
		{"&&", ""},

		// select
		{"select=", ""},
		{"select=*", "select *"},
		{"select=id", "select id"},
		{"select=id,name", "select id; select name"},
		{"select=%20id%20,%09name", "select id; select name"},
		{"select=n:name", "select name called n"},
		{"select=id::text", "select id as text"},
		{"select=n:id::text,*", "select id as text called n; select *"},
		{"select=*,*", "select *; select *"},
		{`select="a,b","c\"d\\e":"f.g"`, `select a,b; select f.g called c"d\e`},
		{"select=first+name,Größe,a-b,$c_1", "select first name; select Größe; select a-b; select $c_1"},
		{"select=text::text", "select text as text"},

		// filters
		{"id=eq.1", `id eq ["1"]`},
		{"id=eq.1&id=neq.2", `id eq ["1"]; id neq ["2"]`},
		{"id=not.gt.1", `not id gt ["1"]`},
		{"id=lt.-1.5e3", `id lt ["-1.5e3"]`},
		{"name=eq.", `name eq [""]`},
		{"name=eq.null", `name eq ["null"]`},
		{"name=eq.a=b", `name eq ["a=b"]`},
		{"name=eq.a.b,(c)%22d%22", `name eq ["a.b,(c)\"d\""]`},
		{`name=eq."a"`, `name eq ["\"a\""]`}, // a single value is raw
		{"name=eq.%20a%20", `name eq [" a "]`},
		{"name=eq.a+b%2Bc%26d%3Be", `name eq ["a b+c&d;e"]`},
		{"name=eq.%E2%82%AC", `name eq ["€"]`},
		{"%6eame=%65q.x", `name eq ["x"]`},
		{"name=like.a*", `name like ["a*"]`},
		{"name=ilike.%25a_", `name ilike ["%a_"]`},
		{"name=isdistinct.x", `name isdistinct ["x"]`},
		{"id=is.null", `id is ["null"]`},
		{"id=not.is.NULL", `not id is ["NULL"]`},
		{"not=eq.1", `not eq ["1"]`}, // a column called not
		{"not=not.eq.1", `not not eq ["1"]`},
		{`"order"=eq.1`, `order eq ["1"]`},
		{"%22order%22=eq.1", `order eq ["1"]`},
		{`"a.b"=eq.1`, `a.b eq ["1"]`},
		{`"a\"b"=eq.1`, `a"b eq ["1"]`},
		{"first+name=eq.1", `first name eq ["1"]`},

		// lists
		{"id=in.(1)", `id in ["1"]`},
		{"id=in.(1,2,3)", `id in ["1" "2" "3"]`},
		{"id=not.in.(1,2)", `not id in ["1" "2"]`},
		{"id=in.()", `id in []`},
		{"id=in.(%20%09)", `id in []`},
		{"id=in.(1)%20", `id in ["1"]`},
		{`name=in.("")`, `name in [""]`},
		{"name=in.(,)", `name in ["" ""]`},
		{"name=in.(a+,+b)", `name in ["a " " b"]`},
		{`name=in.(1,"a,b",c)`, `name in ["1" "a,b" "c"]`},
		{`name=in.("a(b)","c)")`, `name in ["a(b)" "c)"]`},
		{`name=in.("a\"b","c\\d","e\f")`, `name in ["a\"b" "c\\d" "ef"]`},
		{`name=in.(a\b,{c})`, `name in ["a\\b" "{c}"]`}, // nothing to escape outside quotes
		{`name=in.(q"x,y")`, `name in ["q\"x" "y\""]`},  // postgrest-js does not escape

		// any and all
		{"id=eq(any).{1,2}", `id eqany ["1" "2"]`},
		{"id=not.gte(all).{1}", `not id gteall ["1"]`},
		{"name=like(any).{a*,b*}", `name likeany ["a*" "b*"]`},
		{"name=ilike(all).{}", `name ilikeall []`},
		{`name=eq(any).{"a,b","c}",d)}`, `name eqany ["a,b" "c}" "d)"]`},
		{"id=lt(any).{1,+2}", `id ltany ["1" "2"]`},

		// groups
		{"or=(id.eq.1)", `or(id eq ["1"])`},
		{"and=(id.eq.1,name.eq.x)", `and(id eq ["1"], name eq ["x"])`},
		{"not.or=(id.eq.1)", `not or(id eq ["1"])`},
		{"not.and=(id.not.eq.1)", `not and(not id eq ["1"])`},
		{"or=(id.eq.1,and(id.gt.2,id.lt.3))", `or(id eq ["1"], and(id gt ["2"], id lt ["3"]))`},
		{"or=(not.and(a.eq.1),not.or(b.eq.2),or(c.eq.3))", `or(not and(a eq ["1"]), not or(b eq ["2"]), or(c eq ["3"]))`},
		{"or=+(+id.eq.1+,+id.eq.2)+", `or(id eq ["1 "], id eq ["2"])`},
		{"or=(id.in.(1,2),name.eq.x)", `or(id in ["1" "2"], name eq ["x"])`},
		{"or=(id.in.(),id.is.null)", `or(id in [], id is ["null"])`},
		{"or=(name.like(any).{a*,b*},id.eq.1)", `or(name likeany ["a*" "b*"], id eq ["1"])`},
		{`or=(name.eq."a,b)",name.eq.c"d)`, `or(name eq ["a,b)"], name eq ["c\"d"])`},
		{`or=(name.eq.,name.eq."")`, `or(name eq [""], name eq [""])`},
		{`or=("a.b".eq.1,"order".eq.2,and.eq.3)`, `or(a.b eq ["1"], order eq ["2"], and eq ["3"])`},
		{"or=(at.gt.2024-02-29T23:59:59.5)", `or(at gt ["2024-02-29T23:59:59.5"])`},
		{"or=(a.eq.1)&or=(b.eq.2)", `or(a eq ["1"]); or(b eq ["2"])`},

		// order
		{"order=id", "order id"},
		{"order=id.asc", "order id"},
		{"order=id.desc", "order id desc"},
		{"order=id.nullslast", "order id nullslast"},
		{"order=id.asc.nullsfirst", "order id nullsfirst"},
		{"order=a.desc.nullslast,b+,+c.asc", "order a desc nullslast; order b; order c"},
		{`order="a.desc".desc,"order"`, "order a.desc desc; order order"},

		{"order=a->b->>c.desc", "order a->b->>c desc"},
		{`order=rel(a).desc,"x y"(b->c)`, "order rel(a) desc; order x y(b->c)"},

		// JSON
		{"select=a->b,a->>b,x:a->0->-1", "select a->b; select a->>b; select a->0->-1 called x"},
		{`select=a->"b c"->"0",a-b->c-d`, `select a->b c->0; select a-b->c-d`},
		{"select=a->>b::text", "select a->>b as text"},
		{"a->b->>c=eq.1", `a->b->>c eq ["1"]`},
		{`"a.b"->c=is.null`, `a.b->c is ["null"]`},
		{"or=(a->>b.eq.1,a->0.is.null)", `or(a->>b eq ["1"], a->0 is ["null"])`},
		{`a=cs.{"b":[1,2]}`, `a cs ["{\"b\":[1,2]}"]`},
		{`or=(a.cd.{"b":1,"c":2},d.eq.{1,2})`, `or(a cd ["{\"b\":1,\"c\":2}"], d eq ["{1,2}"])`},

		// patterns and full text
		{"a=match.^x", `a match ["^x"]`},
		{"a=not.imatch(any).{x,y}", `not a imatchany ["x" "y"]`},
		{"a=fts.x", `a fts ["x"]`},
		{"a=not.wfts(english).x y", `not a wfts ["x y"]`},
		{"or=(a.plfts(en).x,b.phfts.y)", `or(a plfts ["x"], b phfts ["y"])`},

		// aggregates
		{"select=count()", "select count()"},
		{"select=n:count()::text", "select count() as text called n"},
		{"select=a.sum(),b:c::text.max()::text", "select sum(a); select max(c as text) as text called b"},
		{"select=a->b.count()", "select count(a->b)"},
		{"select=count", "select count"},

		// related tables
		{"select=*,a(*)", "select *; select a{select *}"},
		{"select=x:a!b!inner(c,d(e)),f!left()", "select x:a!b inner{select c; select d{select e}}; select f{hidden}"},
		{"select=a!inner!b( c , d )", "select a!b inner{select c; select d}"},
		{"select=...a(b:c,count())", "select ...a{select c called b; select count()}"},
		{"a.b=eq.1&select=a(b)", `select a{select b; b eq ["1"]}`},
		{
			"select=x:a(b(c))&x.b.c=gt.1&x.b.limit=2&x.b.offset=3&x.b.order=c.desc&x.or=(d.eq.1)&x.not.and=(e.eq.2)",
			`select x:a{select b{select c; c gt ["1"]; order c desc; limit 2; offset 3}; or(d eq ["1"]); not and(e eq ["2"])}`,
		},
		{"select=a(b)&a.select=eq.1", `select a{select b; select eq ["1"]}`},
		{`select=a(b)&a."order"=eq.1`, `select a{select b; order eq ["1"]}`},
		{"select=a()&a=not.is.null", `select a{hidden}; not a is ["null"]`},

		// blanks and quotes
		{"or=( and (a.eq.1), not.or (b.eq.2))", `or(and(a eq ["1"]), not or(b eq ["2"]))`},
		{`a=in.(")`, `a in ["\""]`},
		{`a=in.(",b)`, `a in ["\"" "b"]`},

		// pages
		{"limit=0", "limit 0"},
		{"limit=10&offset=20", "limit 10; offset 20"},
		{"offset=007", "offset 7"},
		{"limit=9223372036854775807", "limit 9223372036854775807"},

		{"limit=1&select=id&order=id&id=gt.0", `select id; id gt ["0"]; order id; limit 1`},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if got := describeRequest(parseAsked(t, tt.query)); got != tt.want {
				t.Errorf("Parse(%q) = %s; want %s", tt.query, got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		reason string
		query  string
		param  string
		pos    int
		says   string
		hint   string
	}{
		// the query string itself
		{"a raw semicolon", "id=eq.1;name=eq.x", "id", 1, `unexpected ";", expected "&"`, "Write %3B for a semicolon."},
		{"a semicolon for &", "limit=1;offset=2", "limit", 1, `unexpected ";"`, "Write %3B for a semicolon."},
		{"a lone semicolon", ";", ";", 1, `unexpected ";"`, "Write %3B for a semicolon."},
		{"a percent sign alone", "name=eq.100%", "name", 1, "a % without two hexadecimal digits", "Write %25 for a percent sign."},
		{"half an escape", "name=eq.%4", "name", 1, "a % without", "Write %25 for a percent sign."},
		{"not hexadecimal", "name=like.%zz", "name", 1, "a % without", "Write %25 for a percent sign."},
		{"a bad escape in the name", "na%me=eq.1", "na%me", 1, "a % without", "Write %25 for a percent sign."},
		{"a value that is not UTF-8", "name=eq.%ff", "name", 1, "not UTF-8", ""},
		{"a name that is not UTF-8", "n%c3=eq.1", "n\uFFFD", 1, "not UTF-8", ""},
		{"an overlong NUL", "name=eq.%c0%80", "name", 1, "not UTF-8", ""},
		{"an encoded surrogate", "name=eq.%ed%a0%80", "name", 1, "not UTF-8", ""},
		{"a name alone", "id", "id", 1, `unexpected "id", expected NAME=VALUE`, ""},
		{"a value alone", "=eq.1", "", 1, `unexpected "=eq.1", expected NAME=VALUE`, ""},
		{"a good one before", "id=eq.1&name", "name", 1, `unexpected "name"`, ""},

		// limit and offset
		{"not a number", "limit=abc", "limit", 1, `unexpected "abc", expected a whole number`, ""},
		{"negative offset", "offset=-1", "offset", 1, `unexpected "-1"`, ""},
		{"fraction", "limit=1.5", "limit", 1, `unexpected "1.5"`, ""},
		{"exponent", "limit=1e3", "limit", 1, `unexpected "1e3"`, ""},
		{"hexadecimal", "limit=0x10", "limit", 1, `unexpected "0x10"`, ""},
		{"a plus sign", "limit=%2B1", "limit", 1, `unexpected "+1"`, ""},
		{"a blank", "limit=+1", "limit", 1, `unexpected " 1"`, ""},
		{"empty", "limit=", "limit", 1, "unexpected end", ""},
		{"more than MySQL takes", "limit=9223372036854775808", "limit", 1, "expected a whole number", ""},
		{"an operator", "limit=eq.1", "limit", 1, `unexpected "eq.1"`, ""},
		{"limit twice", "limit=1&limit=1", "limit", 1, "twice", ""},
		{"offset twice", "offset=1&offset=2", "offset", 1, "twice", ""},
		{"select twice", "select=a&select=b", "select", 1, "twice", ""},
		{"order twice", "order=a&order=b", "order", 1, "twice", ""},
		{"select twice in two spellings", "select=a&sele%63t=b", "select", 1, "twice", ""},
		{"select twice, once empty", "select=&select=a", "select", 1, "twice", ""},

		// select
		{"an empty item", "select=a,,b", "select", 3, `unexpected ",b", expected the name of a column`, ""},
		{"a comma at the end", "select=a,", "select", 3, "unexpected end, expected the name of a column", ""},
		{"a blank", "select=+", "select", 2, "unexpected end, expected the name of a column", ""},
		{"an alias without a column", "select=a:", "select", 3, "unexpected end, expected the name of a column", ""},
		{"an alias of all", "select=a:*", "select", 3, `unexpected "*", expected the name of a column`, ""},
		{"an alias of an alias", "select=a:b:c", "select", 4, `unexpected ":c", expected "," or the end`, ""},
		{"another cast", "select=a::int", "select", 4, `unexpected "int", expected text`, ""},
		{"a cast to something like text", "select=a::text2", "select", 8, `unexpected "2"`, ""},
		{"a cast to nothing", "select=a::", "select", 4, "unexpected end, expected text", ""},
		{"a cast of all", "select=*::text", "select", 2, `unexpected "::text"`, ""},
		{"no aggregate", "select=a.median()", "select", 3, `unexpected "median()", expected one of the aggregates count(), sum()`, ""},
		{"a misspelt aggregate", "select=a.smu()", "select", 3, `unexpected "smu()"`, `Perhaps you meant "sum".`},
		{"an aggregate without parentheses", "select=a.sum", "select", 6, `unexpected end, expected "()"`, ""},
		{"an aggregate of something", "select=a.sum(b)", "select", 6, `unexpected "(b)", expected "()"`, ""},
		{"an aggregate of all", "select=*.sum()", "select", 2, `unexpected ".sum()"`, ""},
		{"text in the middle of a path", "select=a->>b->c", "select", 8, "->> in the middle of a path", ""},
		{"a path that ends", "select=a->", "select", 4, "expected a key or an index", ""},
		{"a path of three arrows", "select=a->>>b", "select", 5, `unexpected ">b", expected a key or an index`, ""},
		{"a path behind a cast", "select=a::text->b", "select", 8, `unexpected "->b"`, ""},
		{"an open related table", "select=a(b", "select", 4, `unexpected end, expected "," or ")"`, ""},
		{"a related table closed twice", "select=a(b))", "select", 5, `unexpected ")", expected "," or the end`, ""},
		{"a related table without a name", "select=(b)", "select", 1, `unexpected "(b)", expected the name of a column`, ""},
		{"a related table behind a path", "select=a->b(c)", "select", 5, `unexpected "(c)"`, ""},
		{"two hints", "select=a!b!c(d)", "select", 1, `unexpected "c", expected one hint`, ""},
		{"a hint without parentheses", "select=a!b", "select", 4, `unexpected end, expected "("`, ""},
		{"an empty hint", "select=a!(b)", "select", 3, `unexpected "(b)", expected the name of a column`, ""},
		{"an alias of a spread", "select=...a:b(c)", "select", 5, `unexpected ":b(c)", expected "("`, ""},
		{"a spread column", "select=...a", "select", 5, `unexpected end, expected "("`, ""},
		{"two names", `select="a""b"`, "select", 4, `unexpected "\"b\""`, ""},
		{"an open quote", `select=a,"b`, "select", 3, "an opening quote, expected the closing one", ""},
		{"a name that is empty", `select=""`, "select", 1, "expected the name of a column", ""},
		{"an alias that is empty", `select="":id`, "select", 1, "expected the name of a column", ""},

		// order
		{"empty", "order=", "order", 1, "unexpected end, expected the name of a column", ""},
		{"unknown direction", "order=id.down", "order", 3, `unexpected ".down", expected ".asc", ".desc"`, ""},
		{"a direction with something behind", "order=id.descx", "order", 8, `unexpected "x"`, ""},
		{"nulls first, then the direction", "order=id.nullslast.desc", "order", 13, `unexpected ".desc"`, ""},
		{"nulls twice", "order=id.nullsfirst.nullslast", "order", 14, `unexpected ".nullslast"`, ""},
		{"nulls misspelt", "order=id.asc.nullslasttt", "order", 17, `unexpected "tt"`, ""},
		{"a comma at the end", "order=id,", "order", 4, "unexpected end", ""},
		{"an open relation", "order=a(b", "order", 4, `unexpected end, expected ")"`, ""},
		{"a relation of nothing", "order=a()", "order", 3, "expected the name of a column", ""},
		{"a direction in a relation", "order=a(b.desc)", "order", 4, `unexpected ".desc)", expected ")"`, ""},
		{"a name that is empty", `order=""`, "order", 1, "expected the name of a column", ""},

		// the name of a filter
		{"a cast", "a::text=eq.1", "a::text", 2, `unexpected "::text"`, ""},
		{"an open quote", `"a=eq.1`, `"a`, 1, "an opening quote", ""},
		{"text behind the quotes", `"a"b=eq.1`, `"a"b`, 4, `unexpected "b"`, ""},
		{"empty quotes", `""=eq.1`, `""`, 1, "expected the name of a column", ""},
		{"a blank", "+=eq.1", " ", 2, "expected the name of a column", ""},

		{"a path without an end", "a->=eq.1", "a->", 4, "expected a key or an index", ""},
		{"an open embed", "a.=eq.1", "a.", 3, "expected the name of a column", ""},

		// operators
		{"no operator", "id=0", "id", 1, `unexpected "0", expected an operator before the value: not or one of cd, cs, eq, fts, gt,`, "Write eq.0 for an equal value."},
		{"empty", "id=", "id", 1, `unexpected ""`, "Write eq. for an equal value."},
		{"misspelt", "name=ilik.a", "name", 1, `unexpected operator "ilik"`, `Perhaps you meant "ilike".`},
		{"upper case", "id=EQ.1", "id", 1, `unexpected operator "EQ"`, `Perhaps you meant "eq".`},
		{"an open language", "name=fts(en.a", "name", 7, `expected a language and ")"`, ""},
		{"full text misspelt, with a language", "name=phraseto(en).a", "name", 1, `unexpected operator "phraseto"`, ""},
		{"not twice", "id=not.not.eq.1", "id", 5, `unexpected operator "not"`, `Perhaps you meant "gt".`},
		{"not alone", "id=not.", "id", 5, `unexpected ""`, "Write eq. for an equal value."},
		{"a word for a value", "country=IT", "country", 1, `unexpected "IT", expected an operator before the value`, "Write eq.IT for an equal value."},
		{"no point", "id=eq1", "id", 3, `unexpected "1", expected "."`, ""},
		{"no value", "id=eq", "id", 3, `unexpected end, expected "."`, ""},
		{"any where there is none", "id=neq(any).{1}", "id", 4, `unexpected "(any).{1}", expected "."`, ""},
		{"any of a list", "id=in(any).{1}", "id", 3, `unexpected "(any).{1}"`, ""},
		{"some", "id=eq(some).{1}", "id", 3, `unexpected "(some).{1}"`, ""},

		// lists
		{"no parenthesis", "id=in.1,2", "id", 4, `unexpected "1,2", expected "("`, ""},
		{"braces", "id=in.{1,2}", "id", 4, `unexpected "{1,2}", expected "("`, ""},
		{"open", "id=in.(1,2", "id", 8, `unexpected end, expected "," or ")"`, ""},
		{"open and empty", "id=in.(", "id", 5, `unexpected end`, ""},
		{"text behind", "id=in.(1)x", "id", 7, `unexpected "x", expected the end`, ""},
		{"another list behind", "id=in.(1),(2)", "id", 7, `unexpected ",(2)"`, ""},
		{"text behind an empty one", "id=in.()x", "id", 6, `unexpected "x"`, ""},
		{"an open quote", `name=in.("a)`, "name", 5, "an opening quote", ""},
		{"an escaped quote at the end", `name=in.("a\")`, "name", 5, "an opening quote", ""},
		{"a quote in quotes", `name=in.("a"b,c")`, "name", 5, "text behind a closing quote", `Within quotes write \" for a quote.`},
		{"a blank behind a quote", `name=in.("a" )`, "name", 5, "text behind a closing quote", `Within quotes write \" for a quote.`},
		{"an array without braces", "id=eq(any).1,2", "id", 9, `unexpected "1,2", expected "{"`, ""},
		{"an array in parentheses", "id=eq(any).(1,2)", "id", 9, `expected "{"`, ""},
		{"an open array", "id=eq(any).{1", "id", 11, `unexpected end, expected "," or "}"`, ""},
		{"text behind an array", "id=eq(any).{1}2", "id", 12, `unexpected "2", expected the end`, ""},

		// groups
		{"empty", "or=", "or", 1, `unexpected end, expected "("`, ""},
		{"empty group", "or=()", "or", 2, `unexpected ")", expected the name of a column`, ""},
		{"empty inner group", "or=(id.eq.1,and())", "or", 14, `unexpected "))"`, ""},
		{"no parenthesis", "and=id.eq.1", "and", 1, `unexpected "id.eq.1", expected "("`, ""},
		{"open", "or=(id.eq.1", "or", 9, `unexpected end, expected "," or ")"`, ""},
		{"open inside", "or=(and(id.eq.1)", "or", 14, "unexpected end", ""},
		{"closed twice", "or=(id.eq.1))", "or", 10, `unexpected ")", expected the end`, ""},
		{"text behind", "not.and=(id.eq.1)x", "not.and", 10, `unexpected "x", expected the end`, ""},
		{"a comma at the end", "or=(id.eq.1,)", "or", 10, `unexpected ")"`, ""},
		{"no operator", "or=(id)", "or", 4, `unexpected ")", expected "." and an operator`, ""},
		{"an equals sign", "or=(id=eq.1)", "or", 4, `unexpected "=eq.1)"`, ""},
		{"unknown operator", "or=(id.eq.1,id.qe.2)", "or", 13, `unexpected operator "qe"`, `Perhaps you meant "eq".`},
		{"an open quote", `or=(name.eq."a)`, "or", 10, "an opening quote", ""},
		{"text behind a quote", `or=(name.eq."a"b)`, "or", 10, "text behind a closing quote", `Within quotes write \" for a quote.`},
		{"text behind a list", "or=(id.in.(1)x)", "or", 11, `unexpected "x)", expected "," or ")"`, ""},
		{"no name before it", "or=(.eq.1)", "or", 2, `unexpected ".eq.1)"`, ""},
		{"a position in characters", "or=(größe.eq.1,größe.xx.2)", "or", 19, `unexpected operator "xx"`, ""},
		{"a long rest is cut", "or=(id" + strings.Repeat("?", 99) + ")", "or", 4, `unexpected "` + strings.Repeat("?", 20) + `…", expected`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.reason+" "+tt.query, func(t *testing.T) {
			_, err := Parse(tt.query)
			checkRefused(t, tt.query, err, CodeSyntax, Place{tt.param, tt.pos}, tt.says, tt.hint)
		})
	}
}

// The bounds are reached before they are passed.
func TestParseLimits(t *testing.T) {
	conditions := func(n int) string { return strings.TrimSuffix(strings.Repeat("a=eq.1&", n), "&") }
	inGroup := func(n int) string { return "or=(" + strings.TrimSuffix(strings.Repeat("a.eq.1,", n), ",") + ")" }
	levels := func(n int) string {
		return "or=(" + strings.Repeat("not.and(", n-1) + "a.eq.1" + strings.Repeat(")", n)
	}
	bytes := func(n int) string { return "a=in.(" + strings.Repeat("1", n-len("a=in.()")) + ")" }
	tests := []struct {
		name       string
		good, over string
		at         Place
		says       string
	}{
		{"conditions", conditions(100), conditions(101), Place{"a", 1}, "more than 100 conditions"},
		{"conditions in a group", inGroup(100), inGroup(101), Place{"or", 704}, "more than 100 conditions"},
		{"conditions of all kinds", inGroup(60) + "&" + conditions(40), inGroup(60) + "&" + conditions(41), Place{"a", 1}, "more than 100"},
		{"levels", levels(10), levels(11), Place{"or", 81}, "at most 10 levels"},
		{"bytes", bytes(16 << 10), bytes(16<<10 + 1), Place{"?", 1}, "of 16385 bytes, expected at most 16384"},
		{"values of a list", "a=in.(" + strings.Repeat("1,", 8000) + "1)", "a=in.(" + strings.Repeat("1,", 9000) + "1)", Place{"?", 1}, "bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			parseAsked(t, tt.good)
			_, err := Parse(tt.over)
			checkRefused(t, tt.name, err, CodeSyntax, tt.at, tt.says, "")
		})
	}
}
