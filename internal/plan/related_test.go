package plan

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"readapi/internal/exec"
	"readapi/internal/postgrest"

	"readapi/internal/catalog"
	"readapi/internal/encode"
)

// primary makes a column one of the primary key.
func primary(c catalog.Column) catalog.Column {
	c.IsPrimary = true
	return c
}

// relatedTables are tables of which some are related in several ways.
var relatedTables = map[string]*catalog.Table{
	"people": {Name: "people", Columns: []catalog.Column{
		primary(typedColumn("id", "BIGINT", 0)), typedColumn("name", "VARCHAR", 0), typedColumn("boss_id", "BIGINT", 0), typedColumn("order", "INT", 0),
	}},
	"orders": {Name: "orders", Columns: []catalog.Column{
		primary(typedColumn("id", "BIGINT", 0)), typedColumn("buyer_id", "BIGINT", 0), typedColumn("payer_id", "BIGINT", 0),
		typedColumn("total", "DECIMAL", 2), typedColumn("status", "VARCHAR", 0), typedColumn("at", "DATETIME", 0), typedColumn("bit", "BIT", 0),
	}},
	"lines": {Name: "lines", Columns: []catalog.Column{
		primary(typedColumn("order_id", "BIGINT", 0)), primary(typedColumn("shop", "INT", 0)), primary(typedColumn("no", "INT", 0)), typedColumn("qty", "INT", 0),
	}},
	"items": {Name: "items", Columns: []catalog.Column{
		primary(typedColumn("shop", "INT", 0)), primary(typedColumn("no", "INT", 0)), typedColumn("title", "VARCHAR", 0), typedColumn("weight", "FLOAT", 0),
	}},
	"profiles": {Name: "profiles", Columns: []catalog.Column{
		primary(typedColumn("id", "INT", 0)), typedColumn("person_id", "BIGINT", 0), typedColumn("note", "LONGTEXT", 0), typedColumn("json", "JSON", 0),
	}},
	"follows": {Name: "follows", Columns: []catalog.Column{
		primary(typedColumn("follower", "BIGINT", 0)), primary(typedColumn("followed", "BIGINT", 0)),
	}},
	"odd`table?": {Name: "odd`table?", Columns: []catalog.Column{
		typedColumn("back`tick", "BIGINT", 0), typedColumn("what?", "INT", 0), typedColumn("a.b", "TIME", 1),
	}},
}

// relatedKeys are how they are related.
var relatedKeys = catalog.NewKeys(
	map[string][][]string{
		"people": {{"id"}}, "orders": {{"id"}}, "lines": {{"order_id", "shop", "no"}}, "items": {{"shop", "no"}},
		"profiles": {{"id"}, {"person_id"}}, "follows": {{"follower", "followed"}},
	},
	catalog.ForeignKey{Name: "boss", Table: "people", Columns: []string{"boss_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "buyer", Table: "orders", Columns: []string{"buyer_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "payer", Table: "orders", Columns: []string{"payer_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "line_order", Table: "lines", Columns: []string{"order_id"}, Referenced: "orders", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "line_item", Table: "lines", Columns: []string{"shop", "no"}, Referenced: "items", ReferencedColumns: []string{"shop", "no"}},
	catalog.ForeignKey{Name: "profile", Table: "profiles", Columns: []string{"person_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "from", Table: "follows", Columns: []string{"follower"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "to", Table: "follows", Columns: []string{"followed"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "odd.key", Table: "odd`table?", Columns: []string{"back`tick"}, Referenced: "people", ReferencedColumns: []string{"id"}},
)

// knownRelated is what is known for reads of one of relatedTables.
func knownRelated(table string) Known {
	return Known{
		Table: relatedTables[table],
		Related: func(name string) (*catalog.Table, error) {
			if relatedTables[name] == nil {
				return nil, fmt.Errorf("no table %q", name)
			}
			return relatedTables[name], nil
		},
		Keys:    func() (*catalog.Keys, error) { return relatedKeys, nil },
		Indexes: func() (*catalog.Keys, error) { return relatedKeys, nil },
	}
}

func TestBuildRelated(t *testing.T) {
	tests := []struct {
		table, query string
		text, count  string
		args         []any // of text
	}{ // joins of what there is one of at most
		{
			"orders", "select=id,buyer(name)",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id`",
			"SELECT COUNT(*) FROM `orders` AS `t0`", nil,
		},
		{
			"orders", "select=id,...buyer(buyer:name)&buyer.name=eq.x",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`name` AS `c:1`, (SELECT `name` FROM `people` WHERE FALSE) FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` AND `t1`.`name` = ?",
			"SELECT COUNT(*) FROM `orders` AS `t0`", list("x"),
		},
		{
			"orders", "select=id,buyer(name,boss_id(name))",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2`, `t2`.`id` IS NOT NULL AS `c:3`, `t2`.`name` AS `c:4` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` LEFT JOIN `people` AS `t2` ON `t2`.`id` = `t1`.`boss_id`",
			"SELECT COUNT(*) FROM `orders` AS `t0`", nil,
		},
		{
			"people", "select=id,profiles(note)",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`person_id` IS NOT NULL AS `c:1`, `t1`.`note` AS `c:2` FROM `people` AS `t0` LEFT JOIN `profiles` AS `t1` ON `t1`.`person_id` = `t0`.`id`",
			"SELECT COUNT(*) FROM `people` AS `t0`", nil,
		},
		{
			"orders", "select=id,buyer(name)&order=buyer(name).desc&limit=2",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` ORDER BY `t1`.`name` DESC LIMIT ?",
			"SELECT COUNT(*) FROM `orders` AS `t0`", list(int64(2)),
		},
		{
			"orders", "select=id,buyer!inner(name)&limit=5",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` WHERE `t1`.`id` IS NOT NULL LIMIT ?",
			"SELECT COUNT(*) FROM `orders` AS `t0` WHERE EXISTS (SELECT * FROM `people` AS `t1` WHERE `t1`.`id` = `t0`.`buyer_id`)", list(int64(5)),
		},
		{
			"orders", "select=id,buyer(name)&buyer.limit=0",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`name` AS `c:2` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` AND FALSE",
			"SELECT COUNT(*) FROM `orders` AS `t0`", nil,
		},

		// all rows with those of one other table
		{
			"people", "select=id,buyer(id,total)",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`id` AS `c:1`, `t1`.`total` AS `c:2`, `t1`.`buyer_id` IS NOT NULL, `t0`.`id` AS `k:0:0` FROM `people` AS `t0` LEFT JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `t0`.`id` ORDER BY `t0`.`id`",
			"SELECT COUNT(*) FROM `people` AS `t0`", nil,
		},
		{
			"people", "select=id,name,buyer(id)&id=eq.5&buyer.status=eq.x",
			"SELECT `t0`.`id` AS `c:0`, `t0`.`name` AS `c:1`, `t1`.`id` AS `c:2`, `t1`.`buyer_id` IS NOT NULL, `t0`.`id` AS `k:0:0`, (SELECT `id` FROM `people` WHERE FALSE), (SELECT `status` FROM `orders` WHERE FALSE) FROM `people` AS `t0` LEFT JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `t0`.`id` AND `t1`.`status` = ? WHERE `t0`.`id` = ? ORDER BY `t0`.`id`",
			"SELECT COUNT(*), (SELECT `id` FROM `people` WHERE FALSE) FROM `people` AS `t0` WHERE `t0`.`id` = ?", list("x", int64(5)),
		},
		{
			"people", "select=id,people!to(name)",
			"SELECT `t0`.`id` AS `c:0`, `t1`.`name` AS `c:1`, `t1`.`id` IS NOT NULL, `t0`.`id` AS `k:0:0` FROM `people` AS `t0` LEFT JOIN (`follows` AS `j2` JOIN `people` AS `t1` ON `t1`.`id` = `j2`.`followed`) ON `j2`.`follower` = `t0`.`id` ORDER BY `t0`.`id`",
			"SELECT COUNT(*) FROM `people` AS `t0`", nil,
		},
		{
			"items", "select=title,...lines(qty)",
			"SELECT `t0`.`title` AS `c:0`, `t1`.`qty` AS `c:1`, `t1`.`shop` IS NOT NULL, `t0`.`shop` AS `k:0:0`, `t0`.`no` AS `k:0:1` FROM `items` AS `t0` LEFT JOIN `lines` AS `t1` ON `t1`.`shop` = `t0`.`shop` AND `t1`.`no` = `t0`.`no` ORDER BY `t0`.`shop`, `t0`.`no`",
			"SELECT COUNT(*) FROM `items` AS `t0`", nil,
		},

		// a union
		{
			"people", "select=id,buyer(id)&limit=2",
			"SELECT `p`.`c:0` AS `c:0`, `t1`.`id` AS `c:1`, `t1`.`buyer_id` IS NOT NULL, `p`.`k:0:0` AS `k:0:0` FROM (SELECT `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`id` AS `k:0:0`, `t0`.`id` AS `s:0` FROM `people` AS `t0` ORDER BY `t0`.`id` LIMIT ?) AS `p` LEFT JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `p`.`k:1:0` ORDER BY `s:0`, `t1`.`id`",
			"SELECT COUNT(*) FROM `people` AS `t0`", list(int64(2)),
		},
		{
			"people", "select=id,buyer(id)&buyer.order=at.desc&buyer.limit=3&buyer.offset=1&limit=10&order=name",
			"WITH `b0` AS (SELECT `q`.*, ROW_NUMBER() OVER (ORDER BY `s:0`, `s:1`) AS `n:0` FROM (SELECT `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`name` AS `s:0`, `t0`.`id` AS `s:1` FROM `people` AS `t0` ORDER BY `t0`.`name`, `t0`.`id` LIMIT ?) AS `q`) SELECT `c:0` AS `c:0`, NULL AS `c:1`, 0 AS `b`, `n:0` AS `o:0`, NULL AS `o:1`, NULL AS `o:2` FROM `b0` UNION ALL SELECT NULL, `c:1`, 1, `n:0`, 1, `n:1` FROM (SELECT * FROM (SELECT `p`.`n:0`, ROW_NUMBER() OVER (PARTITION BY `p`.`n:0` ORDER BY `t1`.`at` DESC, `t1`.`id` DESC) AS `n:1`, `t1`.`id` AS `c:1` FROM `b0` AS `p` JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `p`.`k:1:0`) AS `q` WHERE `n:1` > ? AND `n:1` <= ?) AS `b1` ORDER BY `o:0`, `o:1`, `o:2`",
			"SELECT COUNT(*) FROM `people` AS `t0`", list(int64(10), int64(1), int64(4)),
		},
		{
			"people", `select=id,buyer(id,lines(qty)),"odd.key"("what?")`,
			"WITH `b0` AS (SELECT ROW_NUMBER() OVER (ORDER BY `t0`.`id`) AS `n:0`, `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`id` AS `k:3:0` FROM `people` AS `t0`), `b1` AS (SELECT `p`.`n:0`, ROW_NUMBER() OVER (PARTITION BY `p`.`n:0` ORDER BY `t1`.`id`) AS `n:1`, `t1`.`id` AS `c:1`, `t1`.`id` AS `k:2:0` FROM `b0` AS `p` JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `p`.`k:1:0`) SELECT `c:0` AS `c:0`, NULL AS `c:1`, NULL AS `c:2`, NULL AS `c:3`, 0 AS `b`, `n:0` AS `o:0`, NULL AS `o:1`, NULL AS `o:2`, NULL AS `o:3`, NULL AS `o:4` FROM `b0` UNION ALL SELECT NULL, `c:1`, NULL, NULL, 1, `n:0`, 1, `n:1`, NULL, NULL FROM `b1` UNION ALL SELECT NULL, NULL, `t2`.`qty`, NULL, 2, `n:0`, 1, `n:1`, 2, NULL FROM `b1` AS `p` JOIN `lines` AS `t2` ON `t2`.`order_id` = `p`.`k:2:0` UNION ALL SELECT NULL, NULL, NULL, `t3`.`what?`, 3, `n:0`, 3, NULL, NULL, NULL FROM `b0` AS `p` JOIN `odd``table?` AS `t3` ON `t3`.`back``tick` = `p`.`k:3:0` ORDER BY `o:0`, `o:1`, `o:2`, `o:3`, `o:4`",
			"SELECT COUNT(*) FROM `people` AS `t0`", nil,
		},
		{
			"orders", "select=id,items(title)&limit=2",
			"SELECT `p`.`c:0` AS `c:0`, `t1`.`title` AS `c:1`, `t1`.`shop` IS NOT NULL, `p`.`k:0:0` AS `k:0:0` FROM (SELECT `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`id` AS `k:0:0`, `t0`.`id` AS `s:0` FROM `orders` AS `t0` ORDER BY `t0`.`id` LIMIT ?) AS `p` LEFT JOIN (`lines` AS `j2` JOIN `items` AS `t1` ON `t1`.`shop` = `j2`.`shop` AND `t1`.`no` = `j2`.`no`) ON `j2`.`order_id` = `p`.`k:1:0` ORDER BY `s:0`",
			"SELECT COUNT(*) FROM `orders` AS `t0`", list(int64(2)),
		},
		{
			"odd`table?", `select="what?",people(buyer(id))&limit=2`,
			"WITH `b0` AS (SELECT `q`.*, ROW_NUMBER() OVER (ORDER BY `s:0`) AS `n:0` FROM (SELECT `t0`.`what?` AS `c:0`, `t1`.`id` IS NOT NULL AS `c:1`, `t1`.`id` AS `k:1:0`, `t1`.`id` IS NOT NULL AS `p:1`, `t1`.`id` AS `s:0` FROM `odd``table?` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`back``tick` ORDER BY `t1`.`id` LIMIT ?) AS `q`) SELECT `c:0` AS `c:0`, `c:1` AS `c:1`, NULL AS `c:2`, 0 AS `b`, `n:0` AS `o:0`, NULL AS `o:1`, NULL AS `o:2` FROM `b0` UNION ALL SELECT NULL, NULL, `t2`.`id`, 1, `n:0`, 1, `t2`.`id` FROM `b0` AS `p` JOIN `orders` AS `t2` ON `t2`.`buyer_id` = `p`.`k:1:0` ORDER BY `o:0`, `o:1`, `o:2`",
			"SELECT COUNT(*) FROM `odd``table?` AS `t0`", list(int64(2)),
		},

		// presence
		{
			"people", "select=id,buyer()&buyer=is.null",
			"SELECT `t0`.`id` AS `c:0` FROM `people` AS `t0` WHERE NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`)",
			"SELECT COUNT(*) FROM `people` AS `t0` WHERE NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`)", nil,
		},
		{
			"people", "select=id,buyer()&buyer=not.is.null&buyer.total=gt.5",
			"SELECT `t0`.`id` AS `c:0`, (SELECT `total` FROM `orders` WHERE FALSE) FROM `people` AS `t0` WHERE NOT (NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id` AND `t1`.`total` > CAST(? AS DECIMAL(65,2))))",
			"SELECT COUNT(*), (SELECT `total` FROM `orders` WHERE FALSE) FROM `people` AS `t0` WHERE NOT (NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id` AND `t1`.`total` > CAST(? AS DECIMAL(65,2))))", list("05.00"),
		},
		{
			"people", "select=id,buyer()&or=(buyer.is.null,id.eq.1)",
			"SELECT `t0`.`id` AS `c:0`, (SELECT `id` FROM `people` WHERE FALSE) FROM `people` AS `t0` WHERE (NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`) OR `t0`.`id` = ?)",
			"SELECT COUNT(*), (SELECT `id` FROM `people` WHERE FALSE) FROM `people` AS `t0` WHERE (NOT EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`) OR `t0`.`id` = ?)", list(int64(1)),
		},
		{
			"people", "select=id,buyer!inner(),payer!inner()&payer.offset=1",
			"SELECT `t0`.`id` AS `c:0` FROM `people` AS `t0` WHERE ((SELECT COUNT(*) FROM `orders` AS `t2` WHERE `t2`.`payer_id` = `t0`.`id`) > ?) AND EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`)",
			"SELECT COUNT(*) FROM `people` AS `t0` WHERE ((SELECT COUNT(*) FROM `orders` AS `t2` WHERE `t2`.`payer_id` = `t0`.`id`) > ?) AND EXISTS (SELECT * FROM `orders` AS `t1` WHERE `t1`.`buyer_id` = `t0`.`id`)", list(int64(1)),
		},
		{
			"people", "select=id,people!to!inner()&people.name=eq.x",
			"SELECT `t0`.`id` AS `c:0`, (SELECT `name` FROM `people` WHERE FALSE) FROM `people` AS `t0` WHERE EXISTS (SELECT * FROM (`follows` AS `j2` JOIN `people` AS `t1` ON `t1`.`id` = `j2`.`followed`) WHERE `j2`.`follower` = `t0`.`id` AND `t1`.`name` = ?)",
			"SELECT COUNT(*), (SELECT `name` FROM `people` WHERE FALSE) FROM `people` AS `t0` WHERE EXISTS (SELECT * FROM (`follows` AS `j2` JOIN `people` AS `t1` ON `t1`.`id` = `j2`.`followed`) WHERE `j2`.`follower` = `t0`.`id` AND `t1`.`name` = ?)", list("x"),
		},

		// groups
		{
			"orders", "select=status,total.sum(),n:count()&order=status.desc",
			"SELECT `t0`.`status` AS `c:0`, SUM(`t0`.`total`) AS `c:1`, COUNT(*) AS `c:2`, (SELECT `total` FROM `orders` WHERE FALSE) FROM `orders` AS `t0` GROUP BY `c:0` ORDER BY `t0`.`status` DESC",
			"SELECT COUNT(*), (SELECT `total` FROM `orders` WHERE FALSE) FROM (SELECT `t0`.`status` AS `c:0`, SUM(`t0`.`total`) AS `c:1`, COUNT(*) AS `c:2` FROM `orders` AS `t0` GROUP BY `c:0`) AS `q`", nil,
		},
		{
			"orders", "select=count",
			"SELECT COUNT(*) AS `c:0` FROM `orders` AS `t0`",
			"SELECT COUNT(*) FROM (SELECT COUNT(*) AS `c:0` FROM `orders` AS `t0`) AS `q`", nil,
		},
		{
			"orders", "select=buyer(name),total.avg()",
			"SELECT `t1`.`id` IS NOT NULL AS `c:0`, `t1`.`name` AS `c:1`, AVG(`t0`.`total`) AS `c:2`, (SELECT `total` FROM `orders` WHERE FALSE) FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` GROUP BY `c:0`, `c:1`",
			"SELECT COUNT(*), (SELECT `total` FROM `orders` WHERE FALSE) FROM (SELECT `t1`.`id` IS NOT NULL AS `c:0`, `t1`.`name` AS `c:1`, AVG(`t0`.`total`) AS `c:2` FROM `orders` AS `t0` LEFT JOIN `people` AS `t1` ON `t1`.`id` = `t0`.`buyer_id` GROUP BY `c:0`, `c:1`) AS `q`", nil,
		},
		{
			"orders", "select=bit.max()",
			"SELECT MAX(`t0`.`bit` + 0) AS `c:0`, (SELECT `bit` FROM `orders` WHERE FALSE) FROM `orders` AS `t0`",
			"SELECT COUNT(*), (SELECT `bit` FROM `orders` WHERE FALSE) FROM (SELECT MAX(`t0`.`bit` + 0) AS `c:0` FROM `orders` AS `t0`) AS `q`", nil,
		},
		{
			"people", "select=id,buyer(count())&limit=2",
			"WITH `b0` AS (SELECT `q`.*, ROW_NUMBER() OVER (ORDER BY `s:0`) AS `n:0` FROM (SELECT `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`id` AS `s:0` FROM `people` AS `t0` ORDER BY `t0`.`id` LIMIT ?) AS `q`) SELECT `c:0` AS `c:0`, NULL AS `c:1`, 0 AS `b`, `n:0` AS `o:0`, NULL AS `o:1`, NULL AS `o:2` FROM `b0` UNION ALL SELECT NULL, COUNT(`t1`.`buyer_id`), 1, `n:0`, 1, NULL FROM `b0` AS `p` LEFT JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `p`.`k:1:0` GROUP BY `p`.`n:0` ORDER BY `o:0`, `o:1`, `o:2`",
			"SELECT COUNT(*) FROM `people` AS `t0`", list(int64(2)),
		},
		{
			"people", "select=id,buyer(status,total.max())&buyer.status=neq.x&limit=2",
			"WITH `b0` AS (SELECT `q`.*, ROW_NUMBER() OVER (ORDER BY `s:0`) AS `n:0` FROM (SELECT `t0`.`id` AS `c:0`, `t0`.`id` AS `k:1:0`, `t0`.`id` AS `s:0` FROM `people` AS `t0` ORDER BY `t0`.`id` LIMIT ?) AS `q`) SELECT `c:0` AS `c:0`, NULL AS `c:1`, NULL AS `c:2`, 0 AS `b`, `n:0` AS `o:0`, NULL AS `o:1`, NULL AS `o:2`, (SELECT `status` FROM `orders` WHERE FALSE), (SELECT `total` FROM `orders` WHERE FALSE) FROM `b0` UNION ALL SELECT NULL, `t1`.`status`, MAX(`t1`.`total`), 1, `n:0`, 1, NULL, NULL, NULL FROM `b0` AS `p` JOIN `orders` AS `t1` ON `t1`.`buyer_id` = `p`.`k:1:0` WHERE `t1`.`status` <> ? GROUP BY `p`.`n:0`, `t1`.`status` ORDER BY `o:0`, `o:1`, `o:2`",
			"SELECT COUNT(*), (SELECT `total` FROM `orders` WHERE FALSE) FROM `people` AS `t0`", list(int64(2), "x"),
		},
	}
	for _, tt := range tests {
		t.Run(tt.table+" "+tt.query, func(t *testing.T) {
			st := buildRelated(t, tt.table, tt.query)
			if st.Text != tt.text || !reflect.DeepEqual(st.Args, tt.args) {
				t.Errorf("Select(%q) = %s %#v; want %s %#v", tt.query, st.Text, st.Args, tt.text, tt.args)
			}
			count, err := knownRelated(tt.table).Count(parseAsked(t, tt.query))
			if err != nil || count.Text != tt.count {
				t.Fatalf("Count(%q) = %v, %v; want %s", tt.query, count, err, tt.count)
			}
			checkRelatedSQL(t, st)
			checkRelatedSQL(t, count)
		})
	}
}

// buildRelated writes the query for a query string that must be right.
func buildRelated(t testing.TB, table, rawQuery string) *exec.Statement {
	t.Helper()
	st, err := knownRelated(table).Select(parseAsked(t, rawQuery), encode.Format{})
	if err != nil {
		t.Fatalf("Select(%q) = %v; want no error", rawQuery, err)
	}
	return st
}

func TestRelatedRefuses(t *testing.T) {
	const (
		rename = "Give one of them another name: other:column."
		none   = "Could not find a relationship between"
	)
	tests := []struct {
		reason string
		table  string
		query  string
		code   string
		at     postgrest.Place
		says   string
		hint   string
	}{
		{"no relation", "orders", "select=id,profiles(id)", postgrest.CodeNoRelation, at("select", 4), none + ` "orders" and "profiles"`, ""},
		{"no such table", "orders", "select=id,peple(id)", postgrest.CodeNoRelation, at("select", 4), none + ` "orders" and "peple"`, `Perhaps you meant "people".`},
		{"deep within", "people", "select=buyer(id,profile(id))", postgrest.CodeNoRelation, at("select", 10), none + ` "orders" and "profile"`, ""},
		{"a hint that leads nowhere", "orders", "select=people!nope(id)", postgrest.CodeNoRelation, at("select", 1), none, "Leave !nope out, or give a constraint, a column or a junction that leads there."},
		{"several", "orders", "select=id,people(id)", postgrest.CodeSeveral, at("select", 4), `more than one relationship was found for "orders" and "people"`, "Write one of these for people: people!buyer, people!payer."},
		{"a junction both ways", "people", "select=p:people!follows(id)", postgrest.CodeSeveral, at("select", 3), "more than one", "Write one of these for people: people!to, people!from."},
		{"children, or a junction", "people", "select=people(id)", postgrest.CodeSeveral, at("select", 1), "more than one", "Write one of these for people: people!boss, people!to, people!from."},

		{"a filter without the table", "people", "select=id,buyer(id)&payer.id=eq.1", postgrest.CodeNotEmbedded, at("payer.id", 1), `"payer" is not a related table that select names`, `Perhaps you meant "buyer".`},
		{"order without the table", "orders", "select=id&order=buyer(name)", postgrest.CodeNotEmbedded, at("order", 7), `"buyer" is not`, "Add it to select: buyer()."},
		{"order without one of the tables", "orders", "select=id,payer(id)&order=buyer(name)", postgrest.CodeNotEmbedded, at("order", 7), `"buyer" is not`, "Add it to select: buyer()."},
		{"order by several rows", "people", "select=id,buyer(id)&order=buyer(id)", postgrest.CodeToManyOrder, at("order", 7), `order by "buyer", which may have several rows`, ""},
		{"order by groups", "orders", "select=id,buyer(name.max())&order=buyer(name)", postgrest.CodeToManyOrder, at("order", 7), `order by "buyer"`, ""},
		{"a table is no column", "people", "select=id,buyer()&buyer=eq.1", postgrest.CodeEmbedFilter, at("buyer", 4), `a filter on the related table "buyer", expected is.null`, "Filter its rows with buyer.COLUMN=…"},
		{"nor a truth", "people", "select=id,buyer()&or=(id.eq.1,buyer.is.true)", postgrest.CodeEmbedFilter, at("or", 19), "a filter on the related table", "Filter its rows with buyer.COLUMN=…"},

		{"groups that are spread", "people", "select=id,...buyer(total.sum())", postgrest.CodeUnsupported, at("select", 7), `aggregates of "buyer"`, "Leave the dots out: buyer(…)."},
		{"rows beside groups", "people", "select=name,id.max(),buyer(id)", postgrest.CodeUnsupported, at("select", 15), "beside an aggregate", ""},
		{"order by what is no group", "orders", "select=status,total.sum()&order=total", postgrest.CodeSyntax, at("order", 1), `order by "total", by which the rows are not grouped`, "Add it to select."},
		{"a sum of texts", "orders", "select=status.sum()", postgrest.CodeSyntax, at("select", 1), `sum of the column "status" of type VARCHAR, expected a numeric column`, ""},
		{"a sum of times", "orders", "select=at.avg()", postgrest.CodeSyntax, at("select", 1), "avg of the column", ""},
		{"a sum of what was made a text", "orders", "select=total::text.sum()", postgrest.CodeSyntax, at("select", 1), "of type text", ""},
		{"the largest JSON", "profiles", "select=json.max()", postgrest.CodeSyntax, at("select", 1), `max of the column "json" of type JSON, expected one whose values have an order`, ""},
		{"no column for a sum", "orders", "select=totl.sum()", postgrest.CodeNoColumn, at("select", 1), `no column "totl"`, `Perhaps you meant "total".`},

		{"a column and a table of one name", "people", "select=id,name,name:buyer(id)", postgrest.CodeSyntax, at("select", 14), `two members called "name"`, rename},
		{"two tables of one name", "orders", "select=a:buyer(id),a:payer(id)", postgrest.CodeSyntax, at("select", 15), `two members called "a"`, rename},
		{"two tables, many of each", "people", "select=a:buyer(id),a:payer(id)", postgrest.CodeSyntax, at("select", 15), `two members called "a"`, rename},
		{"through a spread", "orders", "select=id,...buyer(id)", postgrest.CodeSyntax, at("select", 13), `two members called "id"`, rename},
		{"through a spread with all", "orders", "select=id,...buyer(*)", postgrest.CodeSyntax, at("select", 13), `two members called "id"`, rename},
		{"through a spread of several", "people", "select=id,...buyer(id)", postgrest.CodeSyntax, at("select", 7), `two members called "id"`, rename},
		{"through two spreads", "people", "select=...buyer(total,...lines(total:qty))", postgrest.CodeSyntax, at("select", 19), `two members called "total"`, rename},
		{"through all columns", "people", "select=id:buyer(id),*", postgrest.CodeSyntax, at("select", 14), `two members called "id"`, rename},
		{"two aggregates", "orders", "select=total.max(),at.max()", postgrest.CodeSyntax, at("select", 13), `two members called "max"`, rename},
		{"a large column once more", "people", "select=profiles(note,a:note,b:note,c:note)", postgrest.CodeSyntax, at("select", 31), `the column "note" more than 3 times`, ""},
		{"an unknown column within", "people", "select=buyer(totl)", postgrest.CodeNoColumn, at("select", 7), `no column "totl"`, `Perhaps you meant "total".`},
		{"a bad value within", "people", "select=buyer()&buyer.id=eq.x", postgrest.CodeBadValue, at("buyer.id", 4), `unexpected "x"`, ""},
		{"a bad value for what is joined", "orders", "select=buyer(id)&buyer.id=eq.x", postgrest.CodeBadValue, at("buyer.id", 4), `unexpected "x"`, ""},
		{"an unknown column of what is not shown", "people", "select=buyer()&buyer.order=totl", postgrest.CodeNoColumn, at("buyer.order", 1), `no column "totl"`, `Perhaps you meant "total".`},
		{"an order of one row", "orders", "select=buyer(id)&buyer.order=nam.desc", postgrest.CodeNoColumn, at("buyer.order", 1), `no column "nam"`, `Perhaps you meant "name".`},
	}
	for _, tt := range tests {
		t.Run(tt.reason, func(t *testing.T) {
			q, err := postgrest.Parse(tt.query)
			if err == nil {
				_, err = knownRelated(tt.table).Select(q, encode.Format{})
			}
			checkRefused(t, tt.query, err, tt.code, tt.at, tt.says, tt.hint)
		})
	}
}

func TestAggregatesCanBeOff(t *testing.T) {
	for _, query := range []string{"select=count", "select=total.sum()", "select=buyer(count())", "select=buyer(lines(qty.max()))"} {
		table := "orders"
		if strings.Contains(query, "buyer(l") {
			table = "people"
		}
		k := knownRelated(table)
		k.NoAggregates = true
		_, err := k.Select(parseAsked(t, query), encode.Format{})
		refused, ok := err.(*postgrest.Refusal)
		if !ok || refused.Code != postgrest.CodeNoAggregates {
			t.Errorf("Select(%q) = %v; want %s", query, err, postgrest.CodeNoAggregates)
		}
	}
}

// What a refusal of several relations lists is understood as it stands there.
func TestSeveralRelationsAreSpelled(t *testing.T) {
	odd := func(name string) catalog.ForeignKey {
		return catalog.ForeignKey{Name: name, Table: "orders", Columns: []string{"buyer_id"}, Referenced: "people", ReferencedColumns: []string{"id"}}
	}
	k := knownRelated("orders")
	names := []string{"a.b", `quo"ted\`, "inner", "left", "two words", "a-", "Größe", "(x)", "a,b"}
	var foreign []catalog.ForeignKey
	for _, name := range names {
		foreign = append(foreign, odd(name))
	}
	keys := catalog.NewKeys(map[string][][]string{"people": {{"id"}}, "orders": {{"id"}}}, foreign...)
	k.Keys = func() (*catalog.Keys, error) { return keys, nil }
	_, err := k.Select(parseAsked(t, "select=people(id)"), encode.Format{})
	refused, ok := err.(*postgrest.Refusal)
	if !ok || len(refused.Choices) != len(names) {
		t.Fatalf("Select = %v; want %d choices", err, len(names))
	}
	for i, name := range names {
		spelled := "people!" + postgrest.QuoteName(name)
		if !strings.Contains(refused.Hint, spelled) || !strings.HasPrefix(refused.Choices[i].Relationship, name+" using orders(buyer_id)") {
			t.Errorf("hint = %s, choice %d = %+v; want %s", refused.Hint, i, refused.Choices[i], spelled)
		}
		found := parseAsked(t, "select="+url.QueryEscape(spelled+"(id)")).Embeds()[0]
		if relations := keys.Find("orders", found.Target, found.Hint); len(relations) != 1 || found.Inner {
			t.Errorf("%s finds %v; want the relation", spelled, relations)
		}
	}
}

// Two spellings of one request share a query, and requests with different answers
// never do.
func TestRelatedKeys(t *testing.T) {
	queries := [][]string{
		{"select=id,buyer(id,total)", "select=+id+,buyer(+id,total)", "select=ID,buyer(id,total,id)", "select=id,buyer:orders!buyer(id,total)", "select=id,buyer!left(id,total)"},
		{"select=id,buyer(total,id)"},
		{"select=id,b:buyer(id,total)"},
		{"select=id,payer(id,total)"},
		{"select=id,...buyer(i:id,total)"},
		{"select=id,buyer!inner(id,total)"},
		{"select=id,buyer(id,total)&buyer.id=eq.1&buyer.total=eq.2", "select=id,buyer(id,total)&buyer.total=eq.2.00&buyer.id=eq.01", "select=id,buyer(id,total)&buyer.and=(id.eq.1)&buyer.total=eq.2"},
		{"select=id,buyer(id,total)&id=eq.1&buyer.total=eq.2"},
		{"select=id,buyer(id,total)&buyer.id=eq.2&buyer.total=eq.1"},
		{"select=id,buyer()", "select=id,payer()", "select=id,x:buyer()"}, // which adds nothing
		{"select=id,buyer()&buyer=is.null"},
		{"select=id,buyer()&buyer=not.is.null"},
		{"select=id,buyer(id)&buyer.limit=1"},
		{"select=id,buyer(id)&buyer.limit=2"},
		{"select=id,buyer(id)&buyer.offset=1"},
		{"select=id,buyer(id)&limit=1"},
		{"select=id,buyer(id)&buyer.order=id", "select=id,buyer(id)&buyer.order=id.asc", "select=id,buyer(id)&buyer.order=ID"},
		{"select=id,buyer(id)&buyer.order=id.desc"},
		{"select=id,buyer(count())", "select=id,buyer(count)"},
		{"select=id,buyer(count()::text)"},
		{"select=id,buyer(n:count())"},
		{"select=id,buyer(id.count())"},
		{"select=id,buyer(lines(qty))"},
		{"select=id,buyer(...lines(qty))"},
		{"select=id,...buyer(i:id,lines(qty))"},
	}
	seen := map[string]string{}
	for _, same := range queries {
		want := buildRelated(t, "people", same[0]).Key()
		if before, found := seen[want]; found {
			t.Errorf("%q has the key of %q: %q", same[0], before, want)
		}
		seen[want] = same[0]
		for _, query := range same[1:] {
			if got := buildRelated(t, "people", query).Key(); got != want {
				t.Errorf("the key of %q = %q; want that of %q, %q", query, got, same[0], want)
			}
		}
	}
}

// A part of a primary key, which an account with grants on some columns sees, does
// not tell rows apart: nothing is joined by it.
func TestPartOfPrimaryKey(t *testing.T) {
	k := knownRelated("orders")
	part := *relatedTables["items"]
	part.Columns = part.Columns[:1:1]
	part.Columns = append(part.Columns, typedColumn("code", "INT", 0))
	k.Table = &part
	keys := catalog.NewKeys(map[string][][]string{"items": {{"shop", "no"}, {"code"}}, "orders": {{"id"}}},
		catalog.ForeignKey{Name: "k", Table: "orders", Columns: []string{"bit"}, Referenced: "items", ReferencedColumns: []string{"code"}})
	k.Keys = func() (*catalog.Keys, error) { return keys, nil }
	st, err := k.Select(parseAsked(t, "select=shop,orders(id)"), encode.Format{})
	const order = "ROW_NUMBER() OVER (ORDER BY `t0`.`shop`, `t0`.`code`)"
	if err != nil || len(st.Shape.Keys) > 0 || !strings.Contains(st.Text, order) {
		t.Errorf("Select = %+v, %v; want a union with %s", st, err, order)
	}
}

// relatedWords are the words that may stand in the text of such a query beside
// sqlWords.
var relatedWords = strings.Fields("WITH UNION ALL EXISTS JOIN LEFT ON GROUP ROW_NUMBER OVER PARTITION SUM AVG MIN MAX")

// generatedName is a name that a statement makes: of tables, branches, columns
// and what rows are sorted by.
var generatedName = regexp.MustCompile("^`(?:[tbj][0-9]+|[cnsop]:[0-9]+|k:[0-9]+:[0-9]+|[bpq])`$")

// relatedToken is what may stand there beside what sqlToken knows: a point
// between names, and the numbers of branches.
var relatedToken = regexp.MustCompile(`^(?:\.|\+|[0-9]{1,2}\b)`)

// checkRelatedSQL is checkSQL for statements with several tables.
func checkRelatedSQL(t testing.TB, st *exec.Statement) {
	t.Helper()
	placeholders, depth := 0, 0
	for rest := st.Text; rest != ""; {
		token := cmp.Or(sqlToken.FindString(rest), relatedToken.FindString(rest))
		rest = rest[len(token):]
		switch {
		case token == "":
			t.Fatalf("the query %s has %.20q in it; want no such thing", st.Text, rest)
		case token[0] == '`':
			if !generatedName.MatchString(token) && !isRelatedName(strings.ReplaceAll(token[1:len(token)-1], "``", "`")) {
				t.Fatalf("the query %s has the name %s; want only those of the tables", st.Text, token)
			}
		case token == "?":
			placeholders++
		case token == "(":
			depth++
		case token == ")":
			depth--
		case unicode.IsLetter(rune(token[0])) && !strings.Contains(token, " "):
			if !slices.Contains(sqlWords, token) && !slices.Contains(relatedWords, token) {
				t.Fatalf("the query %s has the word %s; want only those of this program", st.Text, token)
			}
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || placeholders != len(st.Args) {
		t.Fatalf("the query %s has %d placeholders for %d arguments, %d parentheses open", st.Text, placeholders, len(st.Args), depth)
	}
}

// isRelatedName reports whether name is that of a table of relatedTables, or of a
// column of one.
func isRelatedName(name string) bool {
	for _, table := range relatedTables {
		if table.Name == name || slices.ContainsFunc(table.Columns, func(c catalog.Column) bool { return c.Name == name }) {
			return true
		}
	}
	return false
}

// FuzzRelated is FuzzQuery for reads of several tables.
func FuzzRelated(f *testing.F) {
	for _, seed := range []string{
		"select=id,buyer(name,boss_id(name))&buyer.name=not.like.a*b&order=buyer(name).desc&limit=5&offset=10",
		"select=*,o:buyer(*,lines(qty,items(title)))&o.status=eq.x&o.order=at.desc&o.limit=3&o.offset=1&o.lines.qty=gt.1",
		"select=name,...buyer(ids:id,...lines(qty)),...profiles(note)&buyer.or=(id.eq.1,not.and(total.gt.2.505,at.is.null))",
		"select=id,payer!inner(),people!to()&or=(payer.is.null,people.not.is.null,name.eq.a)&people.limit=0",
		"select=status,total.sum(),total.avg(),n:count(),buyer(name),at.max(),bit.min()::text&order=status",
		"select=id,buyer(status,count(),total.max())&buyer.status=neq.x&buyer.order=status", "select=count", "select=id,lines(count())",
		"select=shop,orders(id),lines(line_order(buyer(\"order\",profiles(json,note))))&title=ilike.a_", "select=people(people(people(people(people(id)))))",
		"select=\"what?\",people(buyer(id)),\"odd.key\"(*)&limit=2&\"a.b\"=gt.-12:00:00.57&\"back%60tick\"=in.(1,2)", "select=id,\"odd`table?\"(\"what?\",\"a.b\")",
		"select=nodes!`(id)&people.x=eq.1&select=a(b", "select=id,from!inner!to(x:follower)", "select=id,people(id)", "select=secrets(*)",
	} {
		for i := range relatedOrder {
			f.Add(uint8(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, table uint8, rawQuery string) {
		k := knownRelated(relatedOrder[int(table)%len(relatedOrder)])
		q, bad := postgrest.Parse(rawQuery)
		if bad != nil {
			return // FuzzQuery looks at these
		}
		st, bad := k.Select(q, encode.Format{})
		if bad != nil {
			refused, ok := bad.(*postgrest.Refusal)
			if !ok || !slices.Contains(relatedCodes, refused.Code) || !utf8.ValidString(refused.Where()) {
				t.Errorf("%q of %s = %+v; want one of the refusals", rawQuery, k.Table.Name, bad)
			}
			return
		}
		checkRelatedSQL(t, st)
		checkShape(t, st)
		checkPages(t, k, q, func(page *exec.Statement) { checkRelatedSQL(t, page) })
		count, bad := k.Count(q)
		if bad != nil {
			t.Fatalf("Count(%q) = %v; Select has no error", rawQuery, bad)
		}
		checkRelatedSQL(t, count)
		again := respell(rawQuery)
		if len(again) > (16 << 10) {
			return
		}
		other, err := k.Select(parseAsked(t, again), encode.Format{})
		if err != nil || other.Key() != st.Key() {
			t.Errorf("%q = %q; %q = %v, %v: want the same", rawQuery, st.Key(), again, other, err)
		}
	})
}

// relatedOrder are the tables that FuzzRelated reads.
var relatedOrder = []string{"people", "orders", "lines", "items", "profiles", "follows", "odd`table?"}

// relatedCodes are those of refusals of reads of several tables.
var relatedCodes = []string{
	postgrest.CodeSyntax, postgrest.CodeNoColumn, postgrest.CodeBadValue, postgrest.CodeNotEmbedded, postgrest.CodeToManyOrder,
	postgrest.CodeEmbedFilter, postgrest.CodeUnsupported, postgrest.CodeNoRelation, postgrest.CodeSeveral, postgrest.CodeBadPattern,
}

// checkShape checks that a shape, if there is one, names columns of the result
// that are not hidden, each value once, and branches behind their parents.
func checkShape(t testing.TB, st *exec.Statement) {
	t.Helper()
	if st.Shape == nil {
		return
	}
	seen := map[int]bool{}
	var check func(members []encode.Member)
	check = func(members []encode.Member) {
		names := map[string]bool{}
		for _, m := range members {
			if m.Kind == encode.ValueMember && seen[m.Column] || names[m.Name] && m.Name != "" {
				t.Fatalf("the shape of %s has %+v twice", st.Text, m)
			}
			seen[m.Column], names[m.Name] = true, true
			check(m.Members)
		}
	}
	for i, b := range st.Shape.Branches {
		if b.Parent >= i || i > 0 && b.Parent < 0 {
			t.Fatalf("the shape of %s has the parent %d for branch %d", st.Text, b.Parent, i)
		}
		check(b.Members)
	}
}
