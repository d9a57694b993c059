package plan

import (
	"fmt"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// typedColumn is a column of a table as it is learned.
func typedColumn(name, typeName string, scale int) catalog.Column {
	return catalog.Column{Name: name, Type: typeName, Scale: scale, IsJSON: typeName == "JSON"}
}

// typesTable has a column of every type, and names that are hard to write.
var typesTable = &catalog.Table{Name: "t", Columns: []catalog.Column{
	typedColumn("id", "BIGINT", 0),
	typedColumn("ubig", "UNSIGNED BIGINT", 0),
	typedColumn("int", "INT", 0),
	typedColumn("utiny", "UNSIGNED TINYINT", 0),
	typedColumn("tiny", "TINYINT", 0),
	typedColumn("bit", "BIT", 0),
	typedColumn("year", "YEAR", 0),
	typedColumn("price", "DECIMAL", 2),
	typedColumn("whole", "DECIMAL", 0),
	typedColumn("float", "FLOAT", math.MaxInt64),
	typedColumn("double", "DOUBLE", math.MaxInt64),
	typedColumn("day", "DATE", 0),
	typedColumn("time", "TIME", 1),
	typedColumn("at", "DATETIME", 3),
	typedColumn("stamp", "TIMESTAMP", 0),
	typedColumn("name", "VARCHAR", 0),
	typedColumn("note", "LONGTEXT", 0),
	typedColumn("color", "ENUM", 0),
	typedColumn("tags", "SET", 0),
	typedColumn("bin", "BINARY", 0),
	typedColumn("blob", "MEDIUMBLOB", 0),
	typedColumn("json", "JSON", 0),
	typedColumn("geo", "GEOMETRY", 0),
	typedColumn("vec", "VECTOR", 0),
	typedColumn("order", "INT", 0),
	typedColumn("a.b", "INT", 0),
	typedColumn("back`tick", "INT", 0),
	typedColumn("what?", "INT", 0),
	typedColumn(`"quoted\`, "INT", 0),
	typedColumn("Größe", "INT", 0),
}, FullText: []catalog.FullText{{Name: "note", Columns: []string{"note"}, IsInnoDB: true}}}

// noKeys is a database in which no table is related to another.
func noKeys() (*catalog.Keys, error) { return new(catalog.Keys), nil }

// knownTypes is what is known of typesTable.
var knownTypes = Known{Table: typesTable, Keys: noKeys, Indexes: noKeys}

// mariaTable is typesTable on MariaDB.
var mariaTable = &catalog.Table{Name: "t", Columns: typesTable.Columns, FullText: typesTable.FullText, MariaDB: 1011}

// parseAsked parses a query string that must be right.
func parseAsked(t testing.TB, rawQuery string) *postgrest.Query {
	t.Helper()
	req, err := postgrest.Parse(rawQuery)
	if err != nil {
		t.Fatalf("Parse(%q) = %v; want no error", rawQuery, err)
	}
	return req
}

// checkRefused checks what holds for every refusal of a query string: the code,
// the place, and that it says what it wants.
func checkRefused(t testing.TB, rawQuery string, err error, code string, at postgrest.Place, says, hint string) {
	t.Helper()
	refused, ok := err.(*postgrest.Refusal)
	if !ok {
		t.Fatalf("%q gives %v; want it refused: %s", rawQuery, err, says)
	}
	if refused.Code != code || refused.Hint != hint || refused.Place != at || !strings.Contains(refused.Reason, says) {
		t.Errorf("%q = %+v; want %s at %v, …%s…, hint %q", rawQuery, refused, code, at, says, hint)
	}
}

// buildAsked writes the query for a query string that must be right.
func buildAsked(t testing.TB, rawQuery string) *exec.Statement {
	t.Helper()
	st, err := knownTypes.Select(parseAsked(t, rawQuery), encode.Format{})
	if err != nil {
		t.Fatalf("Select(%q) = %v; want no error", rawQuery, err)
	}
	return st
}

// at is a place in the query string.
func at(param string, pos int) postgrest.Place { return postgrest.Place{Param: param, Pos: pos} }

// list makes the arguments of a statement.
func list(args ...any) []any { return args }

func TestBuildConditions(t *testing.T) {
	const cast2, cast0 = "CAST(? AS DECIMAL(65,2))", "CAST(? AS DECIMAL(65,0))"
	tests := []struct {
		query string
		where string
		args  []any
	}{
		// every operator
		{"id=eq.1", "`id` = ?", list(int64(1))},
		{"id=neq.1", "`id` <> ?", list(int64(1))},
		{"id=gt.1", "`id` > ?", list(int64(1))},
		{"id=gte.1", "`id` >= ?", list(int64(1))},
		{"id=lt.1", "`id` < ?", list(int64(1))},
		{"id=lte.1", "`id` <= ?", list(int64(1))},
		{"id=in.(1,2)", "`id` IN (?, ?)", list(int64(1), int64(2))},
		{"id=in.(1,+2+)", "`id` IN (?, ?)", list(int64(1), int64(2))},
		{"id=in.()", "FALSE", nil},
		{"id=not.in.()", "NOT (FALSE)", nil},
		{"id=isdistinct.1", "NOT (`id` <=> ?)", list(int64(1))},
		{"id=not.isdistinct.1", "NOT (NOT (`id` <=> ?))", list(int64(1))},
		{"id=is.null", "`id` IS NULL", nil},
		{"id=is.not_null", "`id` IS NOT NULL", nil},
		{"id=is.true", "`id` IS TRUE", nil},
		{"id=is.false", "`id` IS FALSE", nil},
		{"id=is.UNKNOWN", "`id` IS UNKNOWN", nil},
		{"id=not.is.null", "NOT (`id` IS NULL)", nil},
		{"id=not.eq.1", "NOT (`id` = ?)", list(int64(1))},
		{"name=like.a*b", "`name` LIKE ? COLLATE utf8mb4_bin ESCAPE '|'", list("a%b")},
		{"name=ilike.*a_%25", `LOWER(` + "`name`" + `) LIKE LOWER(?) COLLATE utf8mb4_bin ESCAPE '|'`, list("%a_%")},
		{`name=like.\%7C50\%25%7C\\\`, "`name` LIKE ? COLLATE utf8mb4_bin ESCAPE '|'", list(`||50|%||\\`)},
		{"name=not.like.a", "NOT (`name` LIKE ? COLLATE utf8mb4_bin ESCAPE '|')", list("a")},
		{"id=eq(any).{1,2}", "(`id` = ? OR `id` = ?)", list(int64(1), int64(2))},
		{"id=gt(all).{1,2}", "(`id` > ? AND `id` > ?)", list(int64(1), int64(2))},
		{"id=not.lte(any).{1,2}", "NOT ((`id` <= ? OR `id` <= ?))", list(int64(1), int64(2))},
		{"id=eq(any).{1}", "`id` = ?", list(int64(1))},
		{"id=eq(any).{}", "FALSE", nil},
		{"id=eq(all).{}", "TRUE", nil},
		{"name=like(all).{a*,*b}", "(`name` LIKE ? COLLATE utf8mb4_bin ESCAPE '|' AND `name` LIKE ? COLLATE utf8mb4_bin ESCAPE '|')", list("a%", "%b")},

		// integers, also beyond what any column has
		{"id=eq.9223372036854775807", "`id` = ?", list(int64(math.MaxInt64))},
		{"id=eq.-9223372036854775808", "`id` = ?", list(int64(math.MinInt64))},
		{"id=eq.9223372036854775808", "`id` <> `id`", nil},
		{"ubig=gt.9223372036854775808", "`ubig` > ?", list(uint64(1 << 63))},
		{"ubig=eq.18446744073709551615", "`ubig` = ?", list(uint64(math.MaxUint64))},
		{"ubig=eq.18446744073709551616", "`ubig` <> `ubig`", nil},
		{"ubig=neq.18446744073709551616", "`ubig` = `ubig`", nil},
		{"ubig=gt.18446744073709551616", "`ubig` <> `ubig`", nil},
		{"ubig=gte.18446744073709551616", "`ubig` <> `ubig`", nil},
		{"ubig=lt.18446744073709551616", "`ubig` = `ubig`", nil},
		{"ubig=lte.18446744073709551616", "`ubig` = `ubig`", nil},
		{"id=eq.-9223372036854775809", "`id` <> `id`", nil},
		{"id=neq.-9223372036854775809", "`id` = `id`", nil},
		{"id=gt.-9223372036854775809", "`id` = `id`", nil},
		{"id=gte.-9223372036854775809", "`id` = `id`", nil},
		{"id=lt.-9223372036854775809", "`id` <> `id`", nil},
		{"id=lte.-9223372036854775809", "`id` <> `id`", nil},
		{"id=isdistinct.-9223372036854775809", "TRUE", nil},
		{"id=not.eq.99999999999999999999", "NOT (`id` <> `id`)", nil},
		{"id=in.(1,99999999999999999999)", "`id` IN (?)", list(int64(1))},
		{"id=in.(99999999999999999999)", "`id` <> `id`", nil},
		{"id=eq(any).{1,99999999999999999999}", "(`id` = ? OR `id` <> `id`)", list(int64(1))},
		{"utiny=gt.-1", "`utiny` = `utiny`", nil},
		{"utiny=gt.255", "`utiny` > ?", list(int64(255))},
		{"tiny=lt.128", "`tiny` < ?", list(int64(128))},
		{"bit=eq.-1", "`bit` <> `bit`", nil}, // for MySQL all ones
		{"tiny=eq.true", "`tiny` = ?", list(int64(1))},
		{"bit=in.(true,false,5)", "`bit` IN (?, ?, ?)", list(int64(1), int64(0), int64(5))},

		// decimals are compared as such, with the digits of the column
		{"price=eq.12.5", "`price` = " + cast2, list("012.50")},
		{"price=eq.0", "`price` = ?", list(int64(0))},
		{"price=in.(1,-2.50)", "`price` IN (" + cast2 + ", " + cast2 + ")", list("01.00", "-02.50")},
		{"price=eq.12.505", "`price` <> `price`", nil},
		{"price=neq.12.505", "`price` = `price`", nil},
		{"price=gt.12.505", "`price` > " + cast2, list("012.50")},
		{"price=gte.12.505", "`price` > " + cast2, list("012.50")},
		{"price=lt.12.505", "`price` <= " + cast2, list("012.50")},
		{"price=lte.12.505", "`price` <= " + cast2, list("012.50")},
		{"price=gt.-12.505", "`price` >= " + cast2, list("-012.50")},
		{"price=gte.-12.505", "`price` >= " + cast2, list("-012.50")},
		{"price=lt.-12.505", "`price` < " + cast2, list("-012.50")},
		{"price=lte.-12.505", "`price` < " + cast2, list("-012.50")},
		{"price=isdistinct.12.505", "TRUE", nil},
		{"price=in.(1,1.001)", "`price` IN (" + cast2 + ")", list("01.00")},
		{"price=not.in.(1.001)", "NOT (`price` <> `price`)", nil},
		{"whole=lt.1e70", "`whole` = `whole`", nil},
		{"whole=gt(any).{1e70,1}", "(`whole` <> `whole` OR `whole` > " + cast0 + ")", list("01")},

		// floats
		{"float=eq.0.1", "`float` = ?", list(float64(float32(0.1)))},
		{"double=eq.0.1", "`double` = ?", list(0.1)},
		{"float=eq.1e39", "`float` <> `float`", nil},
		{"double=lt.1e400", "`double` = `double`", nil},
		{"double=gt.-1e400", "`double` = `double`", nil},

		// dates: MySQL takes the zero date as a number only, and then apart
		{"day=eq.2024-02-29", "`day` = ?", list("2024-02-29")},
		{"day=eq.0000-00-00", "`day` = ?", list(int64(0))},
		{"day=in.(2024-02-29,0000-00-00,2024-03-01)", "(`day` = ? OR `day` IN (?, ?))", list(int64(0), "2024-02-29", "2024-03-01")},
		{"day=in.(0000-00-00)", "`day` = ?", list(int64(0))},
		{"day=not.in.(0000-00-00,2024-02-29)", "NOT ((`day` = ? OR `day` IN (?)))", list(int64(0), "2024-02-29")},
		{"day=in.(2024-02-00,2024-02-29,0000-05-00)", "(`day` = ? OR LOWER(`day`) = ? OR `day` IN (?))", list(int64(20240200), "0000-05-00", "2024-02-29")},
		{"day=gt.2024-00-00", "`day` > ?", list(int64(20240000))},
		{"at=lt.2024-02-00T12:00:00.1239", "LOWER(`at`) <= ?", list("2024-02-00 12:00:00.123")},
		{"at=gte.2024-02-29", "`at` >= ?", list("2024-02-29 00:00:00")},
		{"at=gt.9999-12-31T23:59:59-01:00", "`at` <> `at`", nil},
		{"at=gt.0000-01-01T00:00:00%2B01:00", "`at` > ?", list(int64(0))},
		{"stamp=lt.2024-03-01T01:59+02:00", "`stamp` < ?", list("2024-02-29 23:59:00")},
		{"at=eq.2024-02-29T23:59:59.5", "`at` = ?", list("2024-02-29 23:59:59.5")},
		{"at=in.(2024-02-29T23:59:59.0001)", "`at` <> `at`", nil},
		{"at=lt.2024-02-29+23:59:59.1239", "`at` <= ?", list("2024-02-29 23:59:59.123")},
		{"stamp=eq.2024-02-29T23:59:59Z", "`stamp` = ?", list("2024-02-29 23:59:59")},
		{"time=gt.-12:00:00.57", "`time` >= ?", list("-12:00:00.5")},
		{"year=in.(2024,0000)", "`year` IN (?, ?)", list(int64(2024), int64(0))},

		// texts
		{"name=eq.", "`name` = ?", list("")},
		{"name=eq.%20null%20", "`name` = ?", list(" null ")},
		{`name=in.("a,b",'OR 1=1--)`, "`name` IN (?, ?)", list("a,b", "'OR 1=1--")},
		{"note=gt.a%60b", "`note` > ?", list("a`b")},
		{"color=eq.red", "`color` = ?", list("red")},
		{"color=eq.1", "LOWER(`color`) = ?", list("1")}, // not the first member
		{"tags=in.(a,-1,b)", "(LOWER(`tags`) = ? OR `tags` IN (?, ?))", list("-1", "a", "b")},
		{"tags=like.*a*", "`tags` LIKE ? COLLATE utf8mb4_bin ESCAPE '|'", list("%a%")},
		{"bin=eq.AP8=", "`bin` = ?", list([]byte{0, 255})},
		{"blob=eq.", "`blob` = ?", list([]byte{})},
		{`blob=in.("",AA==)`, "`blob` IN (?, ?)", list([]byte{}, []byte{0})},
		{"blob=in.()", "FALSE", nil},
		{"blob=in.(AA==,%2B/%2B/)", "`blob` IN (?, ?)", list([]byte{0}, []byte{0xfb, 0xff, 0xbf})},
		{"json=is.null", "`json` IS NULL", nil},
		{"json->a=is.null", "JSON_EXTRACT(`json`, ?) IS NULL", list(`$."a"`)},
		{`json->a->"b\"c"->2=not.is.null`, "NOT (JSON_EXTRACT(`json`, ?) IS NULL)", list(`$."a"."b\"c"[2]`)},
		{"json->-3=is.not_null", "JSON_EXTRACT(`json`, ?) IS NOT NULL", list("$[last-2]")},
		{"json->a->0=is.null", "IF(JSON_TYPE(JSON_EXTRACT(`json`, ?)) = 'ARRAY', JSON_EXTRACT(`json`, ?), NULL) IS NULL", list(`$."a"`, `$."a"[0]`)},
		{
			"json->>a=eq.x", "CAST(IF(JSON_TYPE(JSON_EXTRACT(`json`, ?)) <> 'NULL', JSON_UNQUOTE(JSON_EXTRACT(`json`, ?)), NULL) AS BINARY) = ?",
			list(`$."a"`, `$."a"`, "x"),
		},
		{
			"json->>-1=like.x*", "IF(JSON_TYPE(JSON_EXTRACT(`json`, ?)) = 'ARRAY' AND JSON_TYPE(JSON_EXTRACT(`json`, ?)) <> 'NULL', " +
				"JSON_UNQUOTE(JSON_EXTRACT(`json`, ?)), NULL) LIKE ? COLLATE utf8mb4_bin ESCAPE '|'", list("$", "$[last-0]", "$[last-0]", "x%"),
		},
		{`json=eq.{ "a" : [ 1 ] }`, "`json` = CAST(? AS JSON)", list(`{"a":[1]}`)},
		{`json=neq."\u00e9\/"`, "`json` <> CAST(? AS JSON)", list(`"é/"`)},
		{"json=in.(1,2)", "(`json` = CAST(? AS JSON) OR `json` = CAST(? AS JSON))", list("1", "2")},
		{"json=in.()", "FALSE", nil},
		{"json=isdistinct.null", "NOT (`json` <=> CAST(? AS JSON))", list("null")},
		{"json->a=eq.1", "JSON_EXTRACT(`json`, ?) = CAST(? AS JSON)", list(`$."a"`, "1")},
		{"json=cs.[1]", "JSON_CONTAINS(`json`, ?)", list("[1]")},
		{"json->a=cd.[1]", "JSON_CONTAINS(?, JSON_EXTRACT(`json`, ?))", list("[1]", `$."a"`)},

		// patterns
		{"name=match.^a", "`name` REGEXP ?", list("(?s-i)^a")},
		{"name=imatch.", "`name` REGEXP ?", list("(?si)")},
		{"note=not.match(any).{a,b}", "NOT ((`note` REGEXP ? OR `note` REGEXP ?))", list("(?s-i)a", "(?s-i)b")},

		// words
		{"note=plfts.a+b", "MATCH (`note`) AGAINST (? IN BOOLEAN MODE)", list(`+"a" +"b"`)},
		{"note=fts.a", "MATCH (`note`) AGAINST (? IN BOOLEAN MODE)", list(`+"a"`)},
		{"note=fts.!a", "NOT (MATCH (`note`) AGAINST (? IN BOOLEAN MODE) OR `note` <> `note`)", list(`"a"`)},
		{"note=not.wfts.-a", "NOT (NOT (MATCH (`note`) AGAINST (? IN BOOLEAN MODE) OR `note` <> `note`))", list(`"a"`)},
		{"note=phfts.+", "`note` <> `note`", nil},
		{"geo=is.not_null", "`geo` IS NOT NULL", nil},
		{"vec=is.unknown", "`vec` IS UNKNOWN", nil},

		// names
		{`"order"=eq.1`, "`order` = ?", list(int64(1))},
		{`"a.b"=eq.1`, "`a.b` = ?", list(int64(1))},
		{"\"back`tick\"=eq.1", "`back``tick` = ?", list(int64(1))},
		{`"what?"=eq.1`, "`what?` = ?", list(int64(1))},
		{`"\"quoted\\"=eq.1`, "`\"quoted\\` = ?", list(int64(1))},
		{"gr%C3%B6%C3%9Fe=eq.1", "`Größe` = ?", list(int64(1))},
		{"ID=eq.1", "`id` = ?", list(int64(1))}, // as in MySQL

		// trees
		{"or=(id.eq.1,name.eq.a)", "(`id` = ? OR `name` = ?)", list(int64(1), "a")},
		{"or=(id.eq.1)", "`id` = ?", list(int64(1))},
		{"not.or=(id.eq.1)", "NOT (`id` = ?)", list(int64(1))},
		{"not.and=(id.eq.1,id.eq.2)", "NOT ((`id` = ? AND `id` = ?))", list(int64(1), int64(2))},
		{
			"or=(id.not.eq.1,and(id.gt.2,not.or(id.lt.3,name.is.null)))",
			"(NOT (`id` = ?) OR (`id` > ? AND NOT ((`id` < ? OR `name` IS NULL))))", list(int64(1), int64(2), int64(3)),
		},

		// several conditions, sorted
		{"name=eq.a&id=eq.1", "`id` = ? AND `name` = ?", list(int64(1), "a")},
		{"id=eq.2&id=eq.1", "`id` = ? AND `id` = ?", list(int64(1), int64(2))},
		{
			"or=(id.eq.1,id.eq.2)&id=lt.5&and=(id.eq.1,id.eq.2)", "(`id` = ? AND `id` = ?) AND (`id` = ? OR `id` = ?) AND `id` < ?",
			list(int64(1), int64(2), int64(1), int64(2), int64(5)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			st := buildAsked(t, tt.query)
			if want := "SELECT * FROM `t` WHERE " + tt.where; st.Text != want || !reflect.DeepEqual(st.Args, tt.args) {
				t.Errorf("Select(%q) = %s %#v; want %s %#v", tt.query, st.Text, st.Args, want, tt.args)
			}
			count, err := knownTypes.Count(parseAsked(t, tt.query+"&limit=1&order=id&select=id"))
			if err != nil {
				t.Fatalf("Count(%q) = %v; want no error", tt.query, err)
			}
			text := countProbes.ReplaceAllString(count.Text, "")
			if want := "SELECT COUNT(*) FROM `t` WHERE " + tt.where; text != want || !reflect.DeepEqual(count.Args, tt.args) {
				t.Errorf("Count(%q) = %s %#v; want %s %#v", tt.query, text, count.Args, want, tt.args)
			}
		})
	}
}

// countProbes are what a count asks for beside the number.
var countProbes = regexp.MustCompile(", IF\\(FALSE, MAX\\(`(?:[^`]|``)+`\\), NULL\\)")

func TestBuildClauses(t *testing.T) {
	const all = int64(math.MaxInt64)
	tests := []struct {
		query string
		text  string
		args  []any
	}{
		{"", "SELECT * FROM `t`", nil},

		{"order=id", "SELECT * FROM `t` ORDER BY `id`", nil},
		{"order=id.desc,name", "SELECT * FROM `t` ORDER BY `id` DESC, `name`", nil},
		{"order=id.nullsfirst", "SELECT * FROM `t` ORDER BY `id`", nil}, // as MySQL does it
		{"order=id.desc.nullslast", "SELECT * FROM `t` ORDER BY `id` DESC", nil},
		{"order=id.nullslast", "SELECT * FROM `t` ORDER BY `id` IS NULL, `id`", nil},
		{"order=id.desc.nullsfirst,name", "SELECT * FROM `t` ORDER BY `id` IS NULL DESC, `id` DESC, `name`", nil},
		{`order="back` + "`" + `tick".desc,ID`, "SELECT * FROM `t` ORDER BY `back``tick` DESC, `id`", nil},
		{"order=id.desc,name,ID,id.nullslast,name.desc", "SELECT * FROM `t` ORDER BY `id` DESC, `name`", nil},
		{"order=json,geo", "SELECT * FROM `t` ORDER BY `json`, `geo`", nil},

		{"limit=5", "SELECT * FROM `t` LIMIT ?", list(int64(5))},
		{"limit=0", "SELECT * FROM `t` LIMIT ?", list(int64(0))},
		{"limit=5&offset=0", "SELECT * FROM `t` LIMIT ?", list(int64(5))},
		{"limit=5&offset=10", "SELECT * FROM `t` LIMIT ? OFFSET ?", list(int64(5), int64(10))},
		{"offset=10", "SELECT * FROM `t` LIMIT ? OFFSET ?", list(all-10, int64(10))},
		{"offset=9223372036854775807", "SELECT * FROM `t` LIMIT ? OFFSET ?", list(int64(0), all)},
		{"offset=0", "SELECT * FROM `t`", nil},

		{
			"select=id&name=eq.a&order=id.desc&limit=1&offset=2",
			"SELECT `id`, IF(FALSE, `name`, NULL) FROM `t` WHERE `name` = ? ORDER BY `id` DESC LIMIT ? OFFSET ?", list("a", int64(1), int64(2)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if st := buildAsked(t, tt.query); st.Text != tt.text || !reflect.DeepEqual(st.Args, tt.args) {
				t.Errorf("Select(%q) = %s %#v; want %s %#v", tt.query, st.Text, st.Args, tt.text, tt.args)
			}
		})
	}
}

func TestBuildSelectList(t *testing.T) {
	pair := &catalog.Table{Name: "t", Columns: []catalog.Column{typedColumn("id", "INT", 0), typedColumn("name", "TEXT", 0)}}
	tests := []struct {
		query string
		list  string
		names string // of the members, those that are made a text with an exclamation mark; "" are the columns
	}{
		{"select=*", "*", ""},
		{"select=*,*", "*", ""},
		{"select=id", "`id`", "id"},
		{"select=name,id", "`name`, `id`", "name id"},
		{"select=id,id", "`id`", "id"},
		{"select=ID,id", "`id`", "id"},
		{"select=n:name", "`name`", "n"},
		{"select=n:name,m:name,name", "`name`, `name`, `name`", "n m name"},
		{"select=id::text", "`id`", "id!"},
		{"select=n:id::text,id", "`id`, `id`", "n! id"},
		{"select=*,id", "`id`, `name`", "id name"},
		{"select=id,*", "`id`, `name`", "id name"},
		{"select=name,*,*", "`name`, `id`", "name id"},
		{"select=*,n:id", "`id`, `name`, `id`", "id name n"},
		{"select=id:id,*", "`id`, `name`", "id name"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			st, err := Known{Table: pair}.Select(parseAsked(t, tt.query), encode.Format{})
			if err != nil {
				t.Fatalf("Select(%q) = %v; want no error", tt.query, err)
			}
			var names []string
			for _, f := range st.Fields {
				names = append(names, f.Name+map[bool]string{true: "!"}[f.AsText])
			}
			if got := strings.Join(names, " "); st.Text != "SELECT "+tt.list+" FROM `t`" || got != tt.names {
				t.Errorf("Select(%q) = %s with members %q; want %s with %q", tt.query, st.Text, got, tt.list, tt.names)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	const (
		only     = "expected is.null"
		textHint = "Compare what stands in it as text: json->>key."
		jsonHint = `A text in JSON has quotes: "text".`
	)
	tests := []struct {
		reason string
		query  string
		code   string
		at     postgrest.Place
		says   string
		hint   string
	}{
		// names
		{"unknown in a filter", "nam=eq.1", postgrest.CodeNoColumn, at("nam", 1), `no column "nam"`, `Perhaps you meant "name".`},
		{"unknown in a group", "or=(id.eq.1,idd.eq.2)", postgrest.CodeNoColumn, at("or", 10), `no column "idd"`, `Perhaps you meant "id".`},
		{"unknown with a bad value", "pricy=eq.x", postgrest.CodeNoColumn, at("pricy", 1), `no column "pricy"`, `Perhaps you meant "price".`},
		{"unknown in select", "select=id,doubel", postgrest.CodeNoColumn, at("select", 4), `no column "doubel"`, `Perhaps you meant "double".`},
		{"unknown behind an alias", "select=n:nope", postgrest.CodeNoColumn, at("select", 3), `no column "nope"`, `Perhaps you meant "note".`},
		{"unknown in order", "order=id.desc,stmp", postgrest.CodeNoColumn, at("order", 9), `no column "stmp"`, `Perhaps you meant "stamp".`},
		{"like nothing there is", "select=temperature", postgrest.CodeNoColumn, at("select", 1), `no column "temperature"`, ""},
		{"not ASCII", "gr%C3%B6sse=eq.1", postgrest.CodeNoColumn, at("grösse", 1), `no column "grösse"`, `Perhaps you meant "Größe".`},
		{"SQL", "select=\"id` FROM t--\"", postgrest.CodeNoColumn, at("select", 1), "no column", ""},
		{"longer than any name", "select=" + strings.Repeat("x", 5000), postgrest.CodeNoColumn, at("select", 1), "no column", ""},
		{"two members of one name", "select=id,id:name", postgrest.CodeSyntax, at("select", 7), `two members called "id"`, "Give one of them another name: other:column."},
		{"two forms of one member", "select=id,id::text", postgrest.CodeSyntax, at("select", 4), `two members called "id"`, "Give one of them another name: other:column."},
		{"all and a form of one", "select=*,id::text", postgrest.CodeSyntax, at("select", 3), `two members called "id"`, "Give one of them another name: other:column."},

		// is
		{"another value", "id=is.x", postgrest.CodeSyntax, at("id", 4), `unexpected "x", expected null, not_null,`, ""},
		{"text behind null", "id=is.nullx", postgrest.CodeSyntax, at("id", 4), `unexpected "nullx"`, ""},
		{"empty", "id=is.", postgrest.CodeSyntax, at("id", 4), `unexpected ""`, ""},
		{"truth of a text", "name=is.true", postgrest.CodeSyntax, at("name", 4), `is.true on the column "name" of type VARCHAR`, ""},
		{"truth of a date", "or=(id.is.true,day.is.false)", postgrest.CodeSyntax, at("or", 20), `is.false on the column "day" of type DATE`, ""},
		{"truth of a year", "year=is.true", postgrest.CodeSyntax, at("year", 4), "expected a numeric column", ""},
		{"truth of a blob", "blob=is.false", postgrest.CodeSyntax, at("blob", 4), "expected a numeric column", ""},
		{"truth of JSON", "json=is.true", postgrest.CodeSyntax, at("json", 4), "expected a numeric column", ""},

		// operators and types
		{"a pattern for a number", "id=like.1*", postgrest.CodeSyntax, at("id", 6), `like on the column "id" of type BIGINT, expected a character column`, ""},
		{"patterns for a number", "id=ilike(any).{1*}", postgrest.CodeSyntax, at("id", 12), `ilike on the column "id"`, ""},
		{"a pattern for a date", "day=like.2024*", postgrest.CodeSyntax, at("day", 6), "expected a character column", ""},
		{"a pattern for bytes", "blob=like.A*", postgrest.CodeSyntax, at("blob", 6), "expected a character column", ""},
		{"order of JSON", `json=gt.1`, postgrest.CodeSyntax, at("json", 4), `gt on the column "json" of type JSON, ` + only, textHint},
		{"a pattern for JSON", "json=like.*", postgrest.CodeSyntax, at("json", 6), `like on the column "json" of type JSON, `, textHint},
		{"a regular expression for JSON", "json=match.a", postgrest.CodeSyntax, at("json", 7), "match on the column \"json\" of type JSON, expected a character", ""},
		{"order of what stands in JSON", `json->a=lte.1`, postgrest.CodeSyntax, at("json->a", 5), `lte on the column "json"`, textHint},
		{"a path into a number", "id->a=is.null", postgrest.CodeSyntax, at("id->a", 1), `a path into the column "id" of type BIGINT, expected a JSON column`, ""},
		{"a path into a text", "or=(id.eq.1,name->>a.eq.1)", postgrest.CodeSyntax, at("or", 10), `"name" of type VARCHAR`, ""},
		{"a path of nothing", "nope->>a=eq.1", postgrest.CodeNoColumn, at("nope->>a", 1), `no column "nope"`, `Perhaps you meant "note".`},
		{"a selected path into a number", "select=id,int->a", postgrest.CodeSyntax, at("select", 4), `"int" of type INT`, ""},
		{"order by a path into a number", "order=id,int->a", postgrest.CodeSyntax, at("order", 4), `"int" of type INT`, ""},
		{"two members of one key", "select=json->a,json->b->a", postgrest.CodeSyntax, at("select", 9), `two members called "a"`, "Give one of them another name: other:column."},
		{"the truth of a path", "json->>a=is.true", postgrest.CodeSyntax, at("json->>a", 4), "expected a numeric column", ""},
		{"containing of a text", "name=cs.1", postgrest.CodeSyntax, at("name", 4), `cs on the column "name" of type VARCHAR, expected a JSON column`, ""},
		{"containing of what is text", "json->>a=cd.1", postgrest.CodeSyntax, at("json->>a", 4), `expected a JSON column`, ""},
		{"a regular expression for a number", "id=match.1", postgrest.CodeSyntax, at("id", 7), `match on the column "id" of type BIGINT, expected a character column`, ""},
		{"words of a number", "id=fts.1", postgrest.CodeSyntax, at("id", 5), `fts on the column "id", which has no FULLTEXT index`, "There is one on note."},
		{"words of what stands in JSON", "json->>a=plfts.1", postgrest.CodeSyntax, at("json->>a", 7), `plfts on the column "json"`, "There is one on note."},
		{"words without an operator", "note=fts(english).a b", postgrest.CodeSyntax, at("note", 14), `unexpected "b", expected "&", "|" or the end`, "plfts takes any text."},
		{"a place", "geo=eq.AAAA", postgrest.CodeSyntax, at("geo", 4), only, ""},
		{"a vector", "vec=isdistinct.[1]", postgrest.CodeSyntax, at("vec", 12), only, ""},

		// values
		{"no number", "id=eq.abc", postgrest.CodeBadValue, at("id", 4), `unexpected "abc", expected a whole number, as the column "id" has`, ""},
		{"null is a text", "id=eq.null", postgrest.CodeBadValue, at("id", 4), `unexpected "null"`, "Write is.null for rows without a value."},
		{"empty for a number", "id=eq.", postgrest.CodeBadValue, at("id", 4), `unexpected ""`, ""},
		{"one of a list", "id=in.(1,x)", postgrest.CodeBadValue, at("id", 4), `unexpected "x"`, ""},
		{"an empty one of a list", "id=in.(1,)", postgrest.CodeBadValue, at("id", 4), `unexpected ""`, ""},
		{"one of any", "id=gt(any).{1,2.5}", postgrest.CodeBadValue, at("id", 9), `unexpected "2.5"`, ""},
		{"in a group", "or=(id.eq.1,id.eq.x)", postgrest.CodeBadValue, at("or", 16), `unexpected "x"`, ""},
		{"no JSON", "json=eq.abc", postgrest.CodeBadValue, at("json", 4), `unexpected "abc", expected JSON, as the column "json" has: it is none`, jsonHint},
		{"no JSON at a path", "json->a=neq.'x'", postgrest.CodeBadValue, at("json->a", 5), "it is none", jsonHint},
		{"no JSON in a list", "json=in.(1,{)", postgrest.CodeBadValue, at("json", 4), `unexpected "{"`, jsonHint},
		{"half a character", `json=cs."\ud800"`, postgrest.CodeBadValue, at("json", 4), "half a character", jsonHint},
		{"a number that is none of JSON", "json=eq.1e999", postgrest.CodeBadValue, at("json", 4), "too large", jsonHint},
		{"JSON that is too deep", "json=eq." + strings.Repeat("[", 101) + strings.Repeat("]", 101), postgrest.CodeBadValue, at("json", 4), "more than 100 levels", jsonHint},
		{"a truth for an integer", "int=eq.true", postgrest.CodeBadValue, at("int", 4), `unexpected "true"`, ""},
		{"not a truth", "tiny=eq.yes", postgrest.CodeBadValue, at("tiny", 4), "expected a whole number, true or false", ""},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			req := parseAsked(t, tt.query)
			_, err := knownTypes.Select(req, encode.Format{})
			checkRefused(t, tt.query, err, tt.code, tt.at, tt.says, tt.hint)
			if len(req.Where) > 0 {
				_, err = knownTypes.Count(req)
				checkRefused(t, tt.query, err, tt.code, tt.at, tt.says, tt.hint)
			}
		})
	}
}

// The law of comparing: whatever lies between the values of a column, or beyond
// them, a row is found if and only if arithmetic says so.
func TestCompareIsExact(t *testing.T) {
	names := []string{"eq", "neq", "gt", "gte", "lt", "lte", "isdistinct", "in"}
	values := []string{"-1e70", "-2", "-1.5", "-1", "-0.001", "-0", "0", "1e-50", "0.5", "1", "1.000", "10e-1", "99999", "1e70"}
	for _, name := range names {
		for _, value := range values {
			want, ok := new(big.Rat).SetString(value)
			if !ok {
				t.Fatalf("%q is no number", value)
			}
			written := value
			if name == "in" {
				written = "(" + value + ")"
			}
			for _, not := range []string{"", "not."} {
				query := "whole=" + not + name + "." + written
				st := buildAsked(t, query)
				where := strings.TrimPrefix(st.Text, "SELECT * FROM `t` WHERE ")
				for _, row := range []string{"NULL", "-3", "-2", "-1", "0", "1", "2", "99999"} {
					got := evaluate(t, where, st.Args, row) == 1
					if wanted := isFound(name, not != "", row, want); got != wanted {
						t.Errorf("%s = %s %v finds %s: %v; want %v", query, where, st.Args, row, got, wanted)
					}
				}
			}
		}
	}
}

// isFound is whether a row is to be found by a comparison, by arithmetic.
func isFound(name string, not bool, row string, value *big.Rat) bool {
	if row == "NULL" { // equal to nothing, and distinct from everything
		return name == "isdistinct" && !not
	}
	number, _ := new(big.Rat).SetString(row)
	order := number.Cmp(value)
	found := map[string]bool{
		"eq": order == 0, "in": order == 0, "neq": order != 0, "isdistinct": order != 0,
		"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0,
	}[name]
	return found != not
}

var sqlComparison = regexp.MustCompile("^`whole` ([<>=]+|IN) \\(?(`whole`|\\?|CAST\\(\\? AS DECIMAL\\(65,0\\)\\))\\)?$")

// evaluate says what MySQL makes of a comparison of the column whole: 1 is true,
// -1 false, 0 unknown.
func evaluate(t testing.TB, where string, args []any, row string) int {
	t.Helper()
	if inner, isNot := strings.CutPrefix(where, "NOT ("); isNot {
		return -evaluate(t, strings.TrimSuffix(inner, ")"), args, row)
	}
	if where == "TRUE" {
		return 1
	}
	m := sqlComparison.FindStringSubmatch(where)
	if m == nil {
		t.Fatalf("%s is not a comparison of the column whole", where)
	}
	right := row
	if m[2] != "`whole`" {
		right = fmt.Sprint(args[0])
	}
	left, _ := new(big.Rat).SetString(row)
	value, _ := new(big.Rat).SetString(right)
	switch {
	case row == "NULL" && m[1] == "<=>":
		return -1
	case row == "NULL":
		return 0
	}
	order := left.Cmp(value)
	return map[bool]int{true: 1, false: -1}[map[string]bool{
		"=": order == 0, "IN": order == 0, "<=>": order == 0, "<>": order != 0,
		"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
	}[m[1]]]
}

// Two spellings of one request share a query.
func TestKeyIsOfTheMeaning(t *testing.T) {
	tests := [][]string{
		{"", "select=", "&", "offset=0"},
		{"select=*", "select=%2A", "select=*,*", ""},
		{"select=id&id=eq.1", "id=eq.1&select=id", "%69d=%65q.1&select=%69%64", "select=+id+&id=eq.1", "id=eq.+1&select=ID"},
		{"id=eq.1&name=eq.a", "name=eq.a&id=eq.1", "and=(id.eq.1)&and=(name.eq.a)"},
		{"select=int&name=eq.a&id=eq.1", "id=eq.1&name=eq.a&select=int"},
		{"id=eq.1&id=eq.2&id=lt.3", "id=lt.3&id=eq.2&id=eq.1", "id=eq.2&id=eq.1&id=lt.3"},
		{"id=in.(1,2)", "id=in.(1,+2)", "id=in.(\"1\",02)", "id=in.%281%2C2%29"},
		{"name=eq.a+b", "name=eq.a%20b", "or=(name.eq.a+b)", `or=(name.eq."a+b")`},
		{"price=eq.1.5", "price=eq.1.50", "price=eq.15e-1", "price=eq.0.15e%2B1", "price=eq.0.15e+1"},
		{"at=eq.2024-02-29T23:59:59", "at=eq.2024-02-29+23:59:59.000", "at=eq.2024-02-29T23:59:59Z", "at=eq.2024-03-01t01:59:59+02:00"},
		{"at=eq.2024-02-29", "at=eq.2024-02-29T00:00", "at=eq.2024-02-29+00:00:00"},
		{"tiny=eq.1", "tiny=eq.true", "tiny=eq.True", "tiny=eq.TRUE"},
		{"name=like.a*", "name=like.a%25", "name=like.%5Ca*"},
		{"time=eq.09:00", "time=eq.09:00:00"},
		{"stamp=gt.2024-02-29T23:59:59Z", "stamp=gt.2024-03-01T01:59:59%2B02:00", "stamp=gt.2024-02-29T23:59:59"},
		{"order=id", "order=id.asc", "order=id.nullsfirst", "order=ID.asc.nullsfirst", "order=%22id%22"},
		{"limit=5", "limit=05&offset=0"},
		{"or=(id.eq.1,id.eq.2)", "or=+(+id.eq.1,id.eq.2)", "id=eq(any).{1,2}"},
	}
	for _, same := range tests {
		want := buildAsked(t, same[0]).Key()
		for _, query := range same[1:] {
			if got := buildAsked(t, query).Key(); got != want {
				t.Errorf("the key of %q = %q; want that of %q, %q", query, got, same[0], want)
			}
		}
	}
}

// Requests with different answers never share one.
func TestKeyTellsApart(t *testing.T) {
	queries := []string{
		"", "select=id", "select=name", "select=id,name", "select=name,id", "select=n:id", "select=id::text", "select=n:id::text",
		"id=eq.1", "id=eq.-1", "id=eq.2", "int=eq.1", "id=neq.1", "id=not.eq.1", "id=in.(1)", "id=in.(1,2)", "id=in.(12)",
		"name=eq.1", "name=eq.1%2C2", `name=in.("1,2")`, "name=in.(1,2)", "name=eq.%22a%22", "name=eq.a", "name=eq.A", "name=eq.a%00b",
		"name=eq.", "name=in.()", "name=is.null", "name=like.a", "name=ilike.a", "name=eq.%0Aid",
		"id=eq.1&id=eq.2", "or=(id.eq.1,id.eq.2)", "not.or=(id.eq.1,id.eq.2)", "and=(id.eq.1,id.eq.2)", "id=eq.1&name=eq.2", "id=eq.2&name=eq.1",
		"double=eq.1", "double=eq.1e1", "double=eq.0", "double=eq.-0", "float=eq.0.1", "double=eq.0.1", "price=eq.0.1", "price=lt.0.1", "price=lt.0.101",
		"bin=eq.AA==", "bin=eq.AAA=", "stamp=eq.2024-02-29T23:59:59Z", "stamp=eq.2024-02-29T23:59:59%2B01:00",
		"order=id", "order=id.desc", "order=id.nullslast", "order=id,name", "order=name,id", "order=id.desc.nullsfirst",
		"limit=1", "limit=2", "offset=1", "limit=1&offset=1", "limit=11", "limit=0",
	}
	formats := []encode.Format{
		{}, {Media: encode.NDJSON}, {Media: encode.CSV}, {Media: encode.Object}, {StripNulls: true}, {Media: encode.Object, StripNulls: true},
	}
	seen := map[string]string{}
	for _, query := range queries {
		for _, f := range formats {
			st := buildAsked(t, query)
			st.Format = f
			name := fmt.Sprintf("%q as %+v", query, f)
			if before, found := seen[st.Key()]; found {
				t.Errorf("%s has the key of %s: %q", name, before, st.Key())
			}
			seen[st.Key()] = name
		}
	}
}

// sqlWords are all words that may stand in the text of a query.
var sqlWords = strings.Fields("CHAR IF MAX CONVERT USING utf8mb4 SELECT COUNT FROM WHERE AND OR NOT IS NULL TRUE FALSE UNKNOWN IN LIKE LOWER " +
	"COLLATE utf8mb4_bin CAST AS DECIMAL ORDER BY DESC LIMIT OFFSET " +
	"JSON_EXTRACT JSON_UNQUOTE JSON_TYPE JSON_CONTAINS JSON_EQUALS JSON DOUBLE BINARY MATCH AGAINST BOOLEAN MODE " +
	"REGEXP CASE WHEN THEN EXP CHAR_LENGTH END")

var sqlToken = regexp.MustCompile("^(?:`(?:[^`]|``)+`|AS DECIMAL\\(65,[0-9]{1,2}\\)|ESCAPE '\\|'|'(?:NULL|ARRAY|INTEGER|DOUBLE)'|[A-Za-z][A-Za-z0-9_]*|<=>|<>|<=|>=|[=<>?*,()+ ])")

// checkSQL checks what must hold for every query, whoever asks: its text is made
// of words of this program, the names of the table and its columns, and
// placeholders, as many as there are arguments. It knows nothing of how the text
// is made.
func checkSQL(t testing.TB, st *exec.Statement, table *catalog.Table) {
	t.Helper()
	placeholders, depth := 0, 0
	for rest := st.Text; rest != ""; {
		token := sqlToken.FindString(rest)
		rest = rest[len(token):]
		switch {
		case token == "":
			t.Fatalf("the query %s has %.20q in it; want no such thing", st.Text, rest)
		case token[0] == '`':
			name := strings.ReplaceAll(token[1:len(token)-1], "``", "`")
			isColumn := slices.ContainsFunc(table.Columns, func(c catalog.Column) bool { return c.Name == name })
			if !isColumn && token != table.Quoted() {
				t.Fatalf("the query %s has the name %s; want only those of the table", st.Text, token)
			}
		case token == "?":
			placeholders++
		case token == "(":
			depth++
		case token == ")":
			depth--
		case unicode.IsLetter(rune(token[0])) && !slices.Contains(sqlWords, token) && !strings.HasPrefix(token, "AS DECIMAL(") && token != "ESCAPE '|'":
			t.Fatalf("the query %s has the word %s; want only those of this program", st.Text, token)
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || placeholders != len(st.Args) {
		t.Fatalf("the query %s has %d placeholders for %d arguments, %d parentheses open", st.Text, placeholders, len(st.Args), depth)
	}
}

// respell writes a query string in another way: every byte encoded, parameters
// in the opposite order.
func respell(rawQuery string) string {
	var pairs []string
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, found := strings.Cut(pair, "=")
		if !found {
			continue // empty: others are refused
		}
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		pairs = append(pairs, encodeAllBytes(name)+"="+encodeAllBytes(value))
	}
	slices.Reverse(pairs)
	return strings.Join(pairs, "&")
}

func encodeAllBytes(s string) string {
	const hex = "0123456789abcdef"
	var out strings.Builder
	for _, b := range []byte(s) {
		out.Write([]byte{'%', hex[b>>4], hex[b&15]})
	}
	return out.String()
}

// FuzzQuery: whatever the query string, there is no panic, and either it is
// refused, or the query has nothing of the request in its text. Another
// spelling gives the same query.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"select=id,n:name::text,*&order=id.desc.nullslast,name&limit=5&offset=10",
		"id=eq.1&name=not.like.a*b&price=in.(1,2.5,-1e3)&id=isdistinct.99999999999999999999",
		"or=(id.eq.1,not.and(name.ilike.%25a_,tags.in.(\"a,b\",c)),day.is.not_null)&not.or=(bit.eq.true)",
		"name=eq(any).{a,\"b,c\",d}&name=like(all).{a*,*b}&id=not.gte(any).{1,2}",
		"day=in.(0000-00-00,2024-02-29)&at=lt.2024-02-29T23:59:59.1239&stamp=gte.2024-02-29T23:59:59%2B02:00&time=gt.-12:00:00.57",
		"%22order%22=eq.1&%22a.b%22=gt.2&%22back%60tick%22=lt.3&%22what%3f%22=eq.4&%22%5C%22quoted%5C%5C%22=neq.5",
		"name=eq.'%3B DROP TABLE t--&note=in.(\"%27\",`,\\)&select=\"id` FROM t -- \"",
		"bin=eq.AP8=&blob=in.(AA==,%2B%2B%2B%2B)&json=is.null&year=gt.1500&float=eq.1e39&double=lt.-1e400&whole=neq.1e70",
		`select=json->a->0->>b,x:json->"k\"'` + "`" + `?)"->-1::text&json->>a=eq.1&json->b->>-1=like.*?*&order=json->a.desc.nullsfirst,json->>b->0.nullslast`,
		`json=eq.{"a":[1,"'?%22\\"]}&json=cs.[1]&json->x=cd.{"?":1}&or=(json.in.("1","[2]"),json->>"a') OR (1".is.null)&json=isdistinct.null`,
		`name=match.^(a|?)'&note=imatch(any).{(?i)x,"a,b"}&not.or=(color.match.\,json->>a.imatch.%00)`,
		`note=plfts.a+-b*"c'?&note=fts(x).a%26!(b|'c%20d')&note=phfts.a%20b&not.or=(note.wfts."\"a b\" or -c",note.fts.!a)`,
		"limit=9223372036854775807&offset=1&select=id::text&or=(((", "id=eq.%", "id=eq.1;x", "=", "or=()",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		req, bad := postgrest.Parse(rawQuery)
		var st, count *exec.Statement
		if bad == nil {
			if knownTypes.isRelated(req) { // has more words than these
				return
			}
			st, bad = knownTypes.Select(req, encode.Format{})
			if maria, err := (Known{Table: mariaTable, Keys: noKeys}).Select(req, encode.Format{}); err == nil {
				checkSQL(t, maria, mariaTable)
			}
		}
		if bad != nil {
			codes := []string{
				postgrest.CodeSyntax, postgrest.CodeNoColumn, postgrest.CodeBadValue, postgrest.CodeRange,
				postgrest.CodeNotEmbedded, postgrest.CodeNoRelation, postgrest.CodeUnsupported,
			}
			refused, ok := bad.(*postgrest.Refusal)
			if !ok || !slices.Contains(codes, refused.Code) || !utf8.ValidString(refused.Where()) {
				t.Errorf("%q = %+v; want one of the refusals", rawQuery, bad)
			}
			return
		}
		checkSQL(t, st, typesTable)
		checkPages(t, knownTypes, req, func(page *exec.Statement) { checkSQL(t, page, typesTable) })
		count, bad = knownTypes.Count(req)
		if bad != nil {
			t.Fatalf("Count(%q) = %v; Select has no error", rawQuery, bad)
		}
		checkSQL(t, count, typesTable)
		again := respell(rawQuery)
		if len(again) > (16 << 10) {
			return
		}
		if other := buildAsked(t, again); other.Key() != st.Key() {
			t.Errorf("%q = %q; %q = %q: want the same", rawQuery, st.Key(), again, other.Key())
		}
	})
}
