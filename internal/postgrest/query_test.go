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
		item := f.Column
		if item == "" {
			item = "*"
		}
		if f.AsText {
			item += " as text"
		}
		if f.Name != "" {
			item += " called " + f.Name
		}
		parts = append(parts, "select "+item)
	}
	for _, c := range req.Where {
		parts = append(parts, describeCondition(c))
	}
	for _, o := range req.Order {
		item := "order " + o.Column
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

func describeCondition(c Condition) string {
	not := map[bool]string{true: "not "}[c.Not]
	if c.Group == "" {
		return fmt.Sprintf("%s%s %s%s %q", not, c.Column, c.Operator, c.Quantifier, c.Values)
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
		{"negative limit", "limit=-1", "limit", 1, `unexpected "-1", expected a whole number`, ""},
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
		{"a path into JSON", "select=b,a->c", "select", 3, "a path into JSON, expected the name of a column", ""},
		{"a path to text", "select=a->>b", "select", 1, "a path into JSON", ""},
		{"a quoted name and a path", `select="a"->b`, "select", 4, `unexpected "->b"`, ""},
		{"an aggregate", "select=a.sum()", "select", 2, `unexpected ".sum()", expected a column`, ""},
		{"a count", "select=count()", "select", 6, `unexpected "()", expected a column`, ""},
		{"another table", "select=rel(*)", "select", 4, "no other tables", ""},
		{"another table with a hint", "select=id,rel!inner(*)", "select", 7, "no other tables", ""},
		{"another table, spread", "select=...rel(*)", "select", 1, `unexpected "...rel(*)"`, ""},
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
		{"a path", "order=a->b", "order", 1, "a path into JSON", ""},
		{"a name that is empty", `order=""`, "order", 1, "expected the name of a column", ""},

		// the name of a filter
		{"another table", "a.b=eq.1", "a.b", 2, `unexpected ".b", expected nothing more`, ""},
		{"another table's order", "rel.order=id", "rel.order", 4, `unexpected ".order"`, ""},
		{"a path", "a->b=eq.1", "a->b", 1, "a path into JSON", ""},
		{"a path to text", "a->>b=eq.1", "a->>b", 1, "a path into JSON", ""},
		{"a cast", "a::text=eq.1", "a::text", 2, `unexpected "::text"`, ""},
		{"an open quote", `"a=eq.1`, `"a`, 1, "an opening quote", ""},
		{"text behind the quotes", `"a"b=eq.1`, `"a"b`, 4, `unexpected "b"`, ""},
		{"empty quotes", `""=eq.1`, `""`, 1, "expected the name of a column", ""},
		{"a blank", "+=eq.1", " ", 2, "expected the name of a column", ""},
		{"not before a name", "not.a=eq.1", "not.a", 4, `unexpected ".a"`, ""},

		// operators
		{"no operator", "id=0", "id", 1, `unexpected "0", expected an operator before the value: not or one of eq, gt, gte,`, "Write eq.0 for an equal value."},
		{"empty", "id=", "id", 1, `unexpected ""`, "Write eq. for an equal value."},
		{"misspelt", "name=ilik.a", "name", 1, `unexpected operator "ilik"`, `Perhaps you meant "ilike".`},
		{"upper case", "id=EQ.1", "id", 1, `unexpected operator "EQ"`, `Perhaps you meant "eq".`},
		{"regular expression", "name=match.a", "name", 1, `unexpected operator "match", expected`, ""},
		{"full text", "name=plfts.a", "name", 1, `unexpected operator "plfts", expected`, ""},
		{"full text with a language", "name=phraseto(en).a", "name", 1, `unexpected operator "phraseto"`, ""},
		{"contains", "name=cs.{a}", "name", 1, `unexpected operator "cs"`, ""},
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
		{"an array for one value", "or=(id.eq.{1,2})", "or", 12, `expected "." and an operator`, ""},
		{"a path", "or=(a->b.eq.1)", "or", 2, "a path into JSON", ""},
		{"no name before it", "or=(.eq.1)", "or", 2, `unexpected ".eq.1)"`, ""},
		{"a position in characters", "or=(größe.eq.1,größe.xx.2)", "or", 19, `unexpected operator "xx"`, `Perhaps you meant "eq".`},
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
