package catalog

// This file is what the description of all tables says on a real server.

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// mysqlDescribe describes tables as pool's account, and counts the queries.
func mysqlDescribe(t testing.TB, pool *sql.DB, names ...string) (tables map[string]*Described, queries int) {
	t.Helper()
	query := func(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
		queries++
		return pool.QueryContext(ctx, text, args...)
	}
	d, err := New(query, names...).Describe(t.Context())
	if err != nil {
		t.Fatalf("Describe = %v", err)
	}
	tables = map[string]*Described{}
	for i := range d.Tables {
		tables[d.Tables[i].Name] = &d.Tables[i]
	}
	return tables, queries
}

// described returns a column, which must be there.
func (d *Described) described(t testing.TB, name string) *DescribedColumn {
	t.Helper()
	i := slices.IndexFunc(d.Columns, func(c DescribedColumn) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("%s has no column %s", d.Name, name)
	}
	return &d.Columns[i]
}

// The members of an ENUM are the values that it has, by their numbers.
func TestMySQLDescribeMembers(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine writes the members of an ENUM otherwise")
	}
	members := []string{
		`a`, `b,c`, `it''s`, `''`, `'',''`, `back\\slash`, `\\\\`, `\\n`, `\\''`, `line\nfeed`, `re\rturn`, `ta\tb`, `\0`, `su\Zb`,
		`"`, "`", `(`, `)`, `enum(''x'')`, `é☎`, ``, `%`, `\_`,
	}
	mysqlExec(t, s.admin, "CREATE TABLE e (v ENUM('"+strings.Join(members, "','")+"') COLLATE utf8mb4_bin)",
		"CREATE TABLE l (v ENUM('é', 'ß''') CHARACTER SET latin1)", "CREATE TABLE u (v ENUM('🔭', 'x'))", "CREATE VIEW w AS SELECT v, COALESCE(v, 'x') AS c FROM e")
	for i := range members {
		mysqlExec(t, s.admin, fmt.Sprint("INSERT INTO e VALUES (", i+1, ")"))
	}
	rows, err := s.reader.Query("SELECT v FROM e ORDER BY v + 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var want []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		want = append(want, v)
	}
	tables, _ := mysqlDescribe(t, s.reader, "e", "l", "u", "w")
	for _, name := range []string{"e", "w"} {
		if got := tables[name].described(t, "v").Members; len(want) != len(members) || !slices.Equal(got, want) {
			t.Errorf("members in %s = %q; want %q", name, got, want)
		}
	}
	if got := tables["l"].described(t, "v").Members; !slices.Equal(got, []string{"é", "ß'"}) {
		t.Errorf("members = %q; want é and ß'", got)
	}
	if c := tables["u"].described(t, "v"); c.Type != "VARCHAR" || c.Members != nil {
		t.Errorf("%+v has a member that the catalog cannot name; want a VARCHAR", c)
	}
	if c := tables["w"].described(t, "c"); c.Members != nil {
		t.Errorf("a choice has the members %q; want none: it has another value", c.Members)
	}
}

func TestMySQLDescribeTables(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has no such columns")
	}
	mysqlExec(t, s.admin,
		`CREATE TABLE a (id BIGINT UNSIGNED PRIMARY KEY, n VARCHAR(7) COMMENT 'a ''comment''\n"☎"', d JSON, i INT INVISIBLE,
			g POINT, t TINYINT(1) NOT NULL, f CHAR(2) CHARACTER SET ucs2) COMMENT 'of a table'`,
		"CREATE TABLE gone (id INT)", "CREATE VIEW broken AS SELECT id FROM gone", "DROP TABLE gone",
		"CREATE VIEW v AS SELECT n, id + 1 AS more, d, CONCAT(n, n) AS twice, id FROM a",
		"CREATE TABLE unlisted (id INT)")
	tables, _ := mysqlDescribe(t, s.reader, "a", "v", "broken", "missing")
	if len(tables) != 2 || tables["a"] == nil || tables["v"] == nil {
		t.Fatalf("described are %v; want a and v", tables)
	}
	a, v := tables["a"], tables["v"]
	if a.Comment != "of a table" || a.IsView || v.Comment != "" || !v.IsView {
		t.Errorf("a is %q, %t, v is %q, %t", a.Comment, a.IsView, v.Comment, v.IsView)
	}
	want := []DescribedColumn{
		{Name: "id", Type: "UNSIGNED BIGINT"},
		{Name: "n", Type: "VARCHAR", Comment: "a 'comment'\n\"☎\"", IsNullable: true, Length: 7},
		{Name: "d", Type: "JSON", IsNullable: true},
		{Name: "i", Type: "INT", IsNullable: true, IsInvisible: true},
		{Name: "g", Type: "GEOMETRY", IsNullable: true},
		{Name: "t", Type: "TINYINT"},
		{Name: "f", Type: "CHAR", IsNullable: true},
	}
	for _, w := range want {
		c := *a.described(t, w.Name)
		if c.ColumnType == "" {
			t.Errorf("%s has no ColumnType", c.Name)
		}
		if c.ColumnType, c.mayBeJSON = "", false; fmt.Sprint(c) != fmt.Sprint(w) {
			t.Errorf("%s is %+v; want %+v", w.Name, c, w)
		}
	}
	for _, c := range v.Columns {
		if !c.IsNullable || !c.IsComputed || c.Length != 0 {
			t.Errorf("%+v is of a view; want it to be nullable, computed, of no length", c)
		}
	}
	if c := v.described(t, "d"); c.Type != "JSON" {
		t.Errorf("d of the view is %s; want JSON", c.Type)
	}
}

// What the account may not read is not described.
func TestMySQLDescribeGrants(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has no grants on columns")
	}
	mysqlExec(t, s.admin, "CREATE TABLE part (id INT PRIMARY KEY, secret INT, doc JSON)", "CREATE TABLE closed (id INT)",
		"CREATE VIEW view_part AS SELECT id, secret FROM part")
	pool := mysqlPart(t, s, "SELECT (id, doc) ON "+s.name+".part", "SELECT (id) ON "+s.name+".view_part")
	tables, _ := mysqlDescribe(t, pool, "part", "closed", "view_part")
	if tables["closed"] != nil || tables["part"] == nil || tables["view_part"] == nil {
		t.Fatalf("described are %v; want part and view_part", tables)
	}
	for name, want := range map[string]string{"part": "[id doc]", "view_part": "[id]"} {
		var got []string
		for _, c := range tables[name].Columns {
			got = append(got, c.Name)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("columns of %s = %v; want %s", name, got, want)
		}
	}
	if c := tables["part"].described(t, "doc"); c.Type != "JSON" {
		t.Errorf("doc is %s; want JSON", c.Type)
	}
}

// However many tables there are, it takes few queries.
func TestMySQLDescribeMany(t *testing.T) {
	s := newMySQL(t)
	names := make([]string, 300)
	columns := make([]string, 20)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d VARCHAR(20) COMMENT 'column %d'", i, i)
	}
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the information_schema of the embedded engine fails while another test drops its database")
	}
	for i := range names {
		names[i] = fmt.Sprint("t", i)
		mysqlExec(t, s.admin, "CREATE TABLE "+names[i]+" (id INT PRIMARY KEY, "+strings.Join(columns[1:], ", ")+")")
	}
	mysqlDescribe(t, s.reader, names...) // opens them
	start := time.Now()
	tables, queries := mysqlDescribe(t, s.reader, names...)
	t.Logf("%d tables in %v", len(tables), time.Since(start))
	if len(tables) != len(names) || queries > 5 {
		t.Errorf("%d tables in %d queries; want %d in 5 at most", len(tables), queries, len(names))
	}
}
