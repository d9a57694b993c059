package plan

// This file tests statements of pages.

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// buildPage makes the statement for a page of three rows, and the page.
func buildPage(t testing.TB, table, rawQuery string, isAhead bool) (string, []any, *Page) {
	t.Helper()
	k, q := knownRelated(table), parseAsked(t, rawQuery)
	p, err := k.Page(q, 3)
	if err != nil {
		t.Fatalf("Page(%q) = %v", rawQuery, err)
	}
	p.Peeks, p.Ahead = isAhead, isAhead
	st, err := k.SelectPage(q, p, encode.Format{})
	if err != nil {
		t.Fatalf("SelectPage(%q) = %v", rawQuery, err)
	}
	return st.Text, st.Args, p
}

func TestBuildPages(t *testing.T) {
	tests := []struct {
		table, query string
		isAhead      bool
		text         string
		args         []any
		byKey        bool
	}{
		{"people", "", false, "SELECT * FROM `people` ORDER BY `id` LIMIT ?", list(int64(3)), true},
		{"people", "order=name.desc", false, "SELECT * FROM `people` ORDER BY `name` DESC, `id` DESC LIMIT ?", list(int64(3)), true},
		{"people", "order=id,name&select=id", false, "SELECT `id`, `name` FROM `people` ORDER BY `id`, `name` LIMIT ?", list(int64(3)), true},
		{"people", "order=name,name.desc,id&select=name", false, "SELECT `name`, `id` FROM `people` ORDER BY `name`, `id` LIMIT ?", list(int64(3)), true},
		{"lines", "select=qty&order=no.desc&offset=2", false, "SELECT `qty`, `no`, `order_id`, `shop` FROM `lines` ORDER BY `no` DESC, `order_id` DESC, `shop` DESC LIMIT ? OFFSET ?", list(int64(3), int64(2)), true},
		{"profiles", "select=id&order=json->a", false, "SELECT `id`, IF(FALSE, `json`, NULL) FROM `profiles` ORDER BY", nil, false},
		{"odd`table?", "order=\"what?\"", false, "SELECT * FROM `odd``table?` ORDER BY `what?` LIMIT ?", list(int64(3)), false},
		{"orders", "select=status,count()", false, "SELECT `t0`.`status` AS `c:0`, COUNT(*) AS `c:1` FROM `orders` AS `t0` GROUP BY `c:0` LIMIT ?", list(int64(3)), false},
		{
			"people", "name=eq.x&offset=10", true,
			"SELECT *, (SELECT `id` FROM `people` WHERE `name` = ? ORDER BY `id` LIMIT ? OFFSET ?), (SELECT TRUE FROM `people` WHERE `name` = ? LIMIT ? OFFSET ?)" +
				" FROM `people` WHERE `name` = ? ORDER BY `id` LIMIT ? OFFSET ?",
			list("x", int64(1), int64(12), "x", int64(1), int64(13), "x", int64(3), int64(10)), true,
		},
		{
			"orders", "select=status,count()", true,
			"SELECT `t0`.`status` AS `c:0`, COUNT(*) AS `c:1`, (SELECT TRUE FROM (SELECT `t0`.`status` AS `c:0`, COUNT(*) AS `c:1` FROM `orders` AS `t0` GROUP BY `c:0`) AS `q`" +
				" LIMIT ? OFFSET ?) FROM `orders` AS `t0` GROUP BY `c:0` LIMIT ?",
			list(int64(1), int64(3), int64(3)), false,
		},
		{
			"orders", "select=id,buyer(name)&order=buyer(name)", true,
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2`," +
				" (SELECT TRUE FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` LIMIT ? OFFSET ?)" +
				" FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` ORDER BY `t1`.`name`, `t0`.`id` LIMIT ?",
			list(int64(1), int64(3), int64(3)), false,
		},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.table, " ", tt.query, " ", tt.isAhead), func(t *testing.T) {
			text, args, p := buildPage(t, tt.table, tt.query, tt.isAhead)
			if tt.args == nil { // how a path is ordered is no matter here
				text, args = text[:min(len(text), len(tt.text))], nil
			}
			if text != tt.text || !reflect.DeepEqual(args, tt.args) {
				t.Errorf("page of %s?%s =\n%s %v; want\n%s %v", tt.table, tt.query, text, args, tt.text, tt.args)
			}
			if (p.columns != nil) != tt.byKey {
				t.Errorf("page of %s?%s goes on by key: %t; want %t", tt.table, tt.query, p.columns != nil, tt.byKey)
			}
		})
	}
}

// Where a page ends, and whether there is more, is told by what the result is.
func TestPageEnd(t *testing.T) {
	seven, more := new("7"), new("1")
	tests := []struct {
		name   string
		page   Page
		rows   int
		end    encode.End
		values []*string
		isMore bool
	}{
		{"full", Page{}, 3, encode.End{Marks: []*string{seven}}, []*string{seven}, true},
		{"not full", Page{}, 2, encode.End{}, nil, false},
		{"full, and no more", Page{Peeks: true}, 3, encode.End{Marks: []*string{seven}}, nil, false},
		{"full, and more", Page{Peeks: true}, 3, encode.End{HasMore: true, Marks: []*string{seven}}, []*string{seven}, true},
		{"ahead of more", Page{Ahead: true}, 3, encode.End{Marks: []*string{seven, more}}, []*string{seven}, true},
		{"ahead of nothing", Page{Ahead: true}, 3, encode.End{Marks: []*string{seven, nil}}, nil, false},
		{"ahead without a row", Page{Ahead: true}, 0, encode.End{}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := tt.page
			p.Rows = 3
			p.setOrder(relatedTables["people"], nil, []string{"id"})
			marks, isMore := p.End(tt.rows, tt.end)
			var values []*string
			for _, m := range marks {
				values = append(values, m.Value)
			}
			if !reflect.DeepEqual(values, tt.values) || isMore != tt.isMore {
				t.Errorf("End = %v, %t; want %v, %t", marks, isMore, tt.values, tt.isMore)
			}
		})
	}
}

// checkPages checks the statements for a page of what q asks for.
func checkPages(t testing.TB, k Known, q *postgrest.Query, check func(*exec.Statement)) {
	t.Helper()
	for _, isAhead := range []bool{false, true} {
		p, err := k.Page(q, 3)
		if err != nil {
			t.Fatal(err)
		}
		p.Peeks, p.Ahead = isAhead, isAhead
		st, err := k.SelectPage(q, p, encode.Format{})
		if err != nil {
			t.Fatalf("SelectPage = %v; Select has no error", err)
		}
		check(st)
	}
}

// A page without an order of its own comes in that of the index that finds its rows.
func TestIndexOrder(t *testing.T) {
	table := &catalog.Table{Name: "t"}
	for _, name := range []string{"id", "a", "b", "c", "kind"} {
		typeName := map[string]string{"kind": "ENUM"}[name]
		table.Columns = append(table.Columns, catalog.Column{Name: name, Type: cmp.Or(typeName, "INT")})
	}
	indexes := [][]string{{"id"}, {"a"}, {"B", "c", "id"}, {"kind", "a"}, {"c", "", "a"}}
	for query, want := range map[string]string{
		"":                                      "",
		"a=neq.1":                               "",
		"a=gt.1":                                "a",
		"a=lte.1":                               "a",
		"a=in.(1,2)":                            "a",
		"a=eq(any).{1,2}":                       "a",
		"a=eq.1":                                "",
		"a=is.null":                             "",
		"b=gte.1&b=lt.9":                        "b c id",
		"b=eq.1":                                "c id",
		"b=eq.1&b=gt.0":                         "c id",
		"b=eq.1&c=gt.5":                         "c id",
		"b=eq.1&c=eq.5":                         "id",
		"b=eq.1&a=gt.5":                         "c id",
		"and=(a.gt.1,a.lt.5)":                   "a",
		"or=(a.gt.1,a.lt.5)":                    "",
		"a=not.gt.1":                            "",
		"not.and=(a.gt.1)":                      "",
		"c->x=gt.1":                             "",
		"id=gt.1&a=gt.1":                        "id",
		"kind=eq.x":                             "a",
		"kind=gt.x":                             "",
		"c=gt.1":                                "c",
		"c=eq.1":                                "",
		"b=gt.1&or=(b.gt.2,and(b.eq.2,a.gt.1))": "b c id",
	} {
		var got []string
		for _, term := range indexOrder(table, indexes, parseAsked(t, query).Where) {
			got = append(got, strings.ToLower(term.Column))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("the order of %q is %q; want %q", query, got, want)
		}
	}
}
