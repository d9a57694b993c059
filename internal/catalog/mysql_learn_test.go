package catalog

// This file is what an account sees that may not read everything, and what has
// to be known of texts and JSON.

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// names returns the names of columns.
func names(columns []Column) (list []string) {
	for _, c := range columns {
		list = append(list, c.Name)
	}
	return list
}

// mysqlPart is a reader with grants of its own.
func mysqlPart(t *testing.T, s *mysqlServer, grants ...string) *sql.DB {
	t.Helper()
	user := "catalog_" + strings.ToLower(rand.Text()[:10])
	mysqlExec(t, s.admin, "CREATE USER "+user+"@'%' IDENTIFIED BY 'x'")
	t.Cleanup(func() { mysqlExec(t, s.admin, "DROP USER "+user+"@'%'") })
	for _, grant := range grants {
		mysqlExec(t, s.admin, "GRANT "+grant+" TO "+user+"@'%'")
	}
	return s.connect(t, user, "x", s.name)
}

// A table has the columns that the account may read, and can be read by them.
func TestMySQLGrantsOnSomeColumns(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has no grants on columns")
	}
	mysqlExec(t, s.admin, "CREATE TABLE part (id INT PRIMARY KEY, secret INT, doc JSON, hidden INT INVISIBLE, name VARCHAR(20), pin INT)",
		"CREATE VIEW part_view AS SELECT id, secret, doc FROM part")
	pool := mysqlPart(t, s, "SELECT (id, doc, hidden, name) ON "+s.name+".part", "SELECT (id, doc) ON "+s.name+".part_view")

	table := mysqlLearn(t, pool, "part")
	if got, want := names(table.Columns), []string{"id", "doc", "hidden", "name"}; !slices.Equal(got, want) {
		t.Errorf("Columns = %q; want %q", got, want)
	}
	star := names(table.Star())
	if want := []string{"id", "doc", "name"}; !slices.Equal(star, want) {
		t.Errorf("Star() = %q; want %q", star, want)
	}
	mysqlTypes(t, pool, "SELECT "+strings.Join(star, ", ")+" FROM part")
	view := mysqlLearn(t, pool, "part_view")
	if got, want := names(view.Columns), []string{"id", "doc"}; !slices.Equal(got, want) {
		t.Errorf("Columns of the view = %q; want %q", got, want)
	}
	if !table.Column("doc").IsJSON || !view.Column("doc").IsJSON || table.Column("name").IsJSON {
		t.Error("IsJSON is wrong; want it of doc only")
	}
}

func TestMySQLInvisiblePrimaryKey(t *testing.T) {
	s := newMySQL(t)
	if !s.isMySQL {
		t.Skip("only MySQL makes them")
	}
	mysqlExec(t, s.admin, "SET sql_generate_invisible_primary_key = ON", "CREATE TABLE keyless (a INT)")
	table := mysqlLearn(t, s.reader, "keyless")
	if got := names(table.Star()); !slices.Equal(got, []string{"a"}) {
		t.Errorf("Star() = %q; want a", got)
	}
	if key := table.Column("my_row_id"); key == nil || !key.IsInvisible || !key.IsPrimary {
		t.Errorf("my_row_id = %+v; want an invisible primary key", key)
	}
}

// What cannot be read is the error that a SELECT from it has.
func TestMySQLNothingToRead(t *testing.T) {
	s := newMySQL(t)
	mysqlExec(t, s.admin, "CREATE TABLE gone (id INT PRIMARY KEY, a INT)", "CREATE TABLE other (id INT PRIMARY KEY)")
	tests := []struct {
		name, table string
		pool        func() *sql.DB
		want        uint16
	}{
		{"no such table", "missing", func() *sql.DB { return s.reader }, 1146},
		{"a view of a column that is gone", "broken", func() *sql.DB {
			mysqlExec(t, s.admin, "CREATE VIEW broken AS SELECT id, a FROM gone", "ALTER TABLE gone DROP a")
			return s.reader
		}, 1356},
		{"no grant", "gone", func() *sql.DB { return mysqlPart(t, s, "SELECT ON "+s.name+".other") }, 1142},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != 1146 && !s.isMariaDB && !s.isMySQL {
				t.Skip("the embedded engine has other numbers")
			}
			_, err := learnTable(t.Context(), tt.pool().QueryContext, tt.table)
			if refused := (*mysql.MySQLError)(nil); !errors.As(err, &refused) || refused.Number != tt.want {
				t.Errorf("learnTable = %v; want error %d", err, tt.want)
			}
		})
	}
}

// A column that goes while a table is learned does not fail it.
func TestMySQLColumnGoesMeanwhile(t *testing.T) {
	s := newMySQL(t)
	mysqlExec(t, s.admin, "CREATE TABLE moving (id INT PRIMARY KEY, a INT)")
	queries := 0
	query := func(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
		if queries++; queries == 2 {
			mysqlExec(t, s.admin, "ALTER TABLE moving DROP a")
		}
		return s.reader.QueryContext(ctx, text, args...)
	}
	table, err := learnTable(t.Context(), query, "moving")
	if err != nil || len(table.Columns) != 1 {
		t.Errorf("learnTable = %v, %v; want the one column that is left", table, err)
	}
}

func TestMySQLJSON(t *testing.T) {
	s := newMySQL(t)
	want := []string{"d"}
	mysqlExec(t, s.admin, "CREATE TABLE docs (id INT PRIMARY KEY, d JSON, plain LONGTEXT)")
	if s.isMariaDB {
		mysqlExec(t, s.admin, "CREATE TABLE checked (id INT PRIMARY KEY, a LONGTEXT CHECK (json_valid(a)), b LONGTEXT, c LONGTEXT CHECK (c > 'a'),"+
			"`d``d` JSON, e LONGTEXT CHECK (json_valid(e) AND LENGTH(e) > 1), CONSTRAINT `x y` CHECK (JSON_VALID(`b`)), CHECK (id > 1))",
			"CREATE VIEW checked_view AS SELECT id, a, CONCAT(a, '') AS text, JSON_OBJECT('a', id) AS built FROM checked",
			"CREATE VIEW checked_group AS SELECT a, COUNT(*) AS n FROM checked GROUP BY a")
		for table, want := range map[string][]string{
			"checked": {"a", "b", "d`d", "e"}, "checked_view": {"a", "built"}, "checked_group": {"a"},
		} {
			testJSON(t, s, table, want)
		}
	}
	testJSON(t, s, "docs", want)
}

func testJSON(t *testing.T, s *mysqlServer, name string, want []string) {
	t.Helper()
	columns := slices.DeleteFunc(mysqlLearn(t, s.reader, name).Columns, func(c Column) bool { return !c.IsJSON })
	if got := names(columns); !slices.Equal(got, want) {
		t.Errorf("JSON in %s = %q; want %q", name, got, want)
	}
}

// mysqlTexts is a table with texts of several character sets, and a view that
// another client has made, with literals of its own collation.
var mysqlTexts = []string{
	`CREATE TABLE texts (id INT PRIMARY KEY, u VARCHAR(20), ub VARCHAR(20) COLLATE utf8mb4_bin, l VARCHAR(20) CHARACTER SET latin1, a VARCHAR(20) CHARACTER SET ascii,
		u3 VARCHAR(20) CHARACTER SET utf8mb3, lb VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin, k VARCHAR(20) CHARACTER SET cp1251, u16 VARCHAR(20) CHARACTER SET utf16,
		e ENUM('x', 'y'), KEY (u), KEY (ub), KEY (l), KEY (a), KEY (u3), KEY (lb), KEY (k), KEY (u16), KEY (e))`,
	`INSERT INTO texts VALUES (1, 'Große', 'Große', 'Große', 'abc', 'Große', 'Große', 'привет', 'Große', 'x'), (2, 's', 's', 's', 's', 's', 's', 's', 's', 'y'),
		(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
	`SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci`,
	`CREATE VIEW texts_view AS SELECT id, u, ub, l, a, u3, lb, k, u16, e, IF(id > 1, 'small', 'large') AS size, CONCAT(u, '!') AS cu, CONCAT(l, '!') AS cl, CONCAT(ub, 'ß') AS cub,
		u COLLATE utf8mb4_unicode_ci AS ux, l COLLATE latin1_bin AS lx, CAST(id AS CHAR) AS cid, CONVERT(l USING utf8mb4) AS lu, _latin1'abc' AS li, IFNULL(e, 'none') AS en,
		HEX(id) AS hx, CONCAT(id) AS cn, DATE_FORMAT('2024-01-02', '%Y') AS df FROM texts`,
	`CREATE VIEW texts_distinct AS SELECT DISTINCT * FROM texts_view`,
}

// right is the right side of a comparison of c with a text, and whether c has to
// stand in CONVERT(c USING utf8mb4): as internal/plan is to write them.
func right(c *Column, text string) (sql string, convert bool) {
	switch {
	case !c.Holds(text) && c.Charset != "":
		return "CONVERT(? USING utf8mb4) COLLATE utf8mb4_bin", true
	case !c.IsComputed || c.Charset == "":
		return "?", false
	case c.Charset == "utf8mb4":
		return "? COLLATE " + c.Collation, false
	default:
		return "CONVERT(? USING " + c.Charset + ") COLLATE " + c.Collation, false
	}
}

// Texts are compared by the collation of their column, whoever made the view,
// and a text that its character set has not equals none.
func TestMySQLTexts(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine does not know the character sets")
	}
	mysqlExec(t, s.admin, mysqlTexts...)
	for _, name := range []string{"texts", "texts_view", "texts_distinct"} {
		table := mysqlLearn(t, s.reader, name)
		for i := range table.Columns {
			if c := &table.Columns[i]; c.kind.family == "text" {
				t.Run(name+" "+c.Name, func(t *testing.T) { testText(t, s, table, c) })
			}
		}
	}
}

func testText(t *testing.T, s *mysqlServer, table *Table, c *Column) {
	count := func(condition string, args ...any) (n int) {
		t.Helper()
		row := s.reader.QueryRow("SELECT COUNT(*) FROM "+table.Name+" WHERE "+condition, args...)
		if err := row.Scan(&n); err != nil {
			t.Errorf("%s = %v", condition, err)
		}
		return n
	}
	var value string
	if err := s.reader.QueryRow("SELECT " + quote(c.Name) + " FROM " + table.Name + " WHERE id = 1").Scan(&value); err != nil {
		t.Fatal(err)
	}
	all := count(quote(c.Name) + " IS NOT NULL")
	for _, tt := range []struct {
		value     string
		wantFound bool
	}{{value, true}, {"ſ🧖", false}} {
		left, sql := quote(c.Name), ""
		sql, convert := right(c, tt.value)
		if convert {
			left = "CONVERT(" + left + " USING utf8mb4)"
		}
		equal := count(left+" = "+sql, tt.value)
		if equal > 0 != tt.wantFound {
			t.Errorf("%s = %s: %d rows; found: want %v", left, sql, equal, tt.wantFound)
		}
		for condition, want := range map[string]int{
			left + " <> " + sql:                               all - equal,
			left + " <=> " + sql:                              equal,
			left + " IN (" + sql + ", " + sql + ")":           equal,
			left + " >= " + sql + " OR " + left + " < " + sql: all,
		} {
			if got := count(condition, slices.Repeat([]any{tt.value}, strings.Count(condition, "?"))...); got != want {
				t.Errorf("%s of %q: %d rows; want %d", condition, tt.value, got, want)
			}
		}
		for _, like := range []string{"CONVERT(%s USING utf8mb4) LIKE ? COLLATE utf8mb4_bin", "LOWER(CONVERT(%s USING utf8mb4)) LIKE LOWER(?) COLLATE utf8mb4_bin"} {
			condition := fmt.Sprintf(like, quote(c.Name))
			if got := count(condition, tt.value); got > 0 != tt.wantFound {
				t.Errorf("%s of %q: %d rows; found: want %v", condition, tt.value, got, tt.wantFound)
			}
		}
	}
}

// A comparison by the collation of a view's column, and a probe, take no index
// from a query.
func TestMySQLIndexes(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has another EXPLAIN")
	}
	mysqlExec(t, s.admin, mysqlTexts...)
	for n := 1; n < 9; n++ {
		mysqlExec(t, s.admin, fmt.Sprintf("INSERT INTO texts SELECT id + %d, CONCAT(u, %[1]d), CONCAT(ub, %[1]d), CONCAT(l, %[1]d), CONCAT(a, %[1]d), CONCAT(u3, %[1]d),"+
			" CONCAT(lb, %[1]d), CONCAT(k, %[1]d), CONCAT(u16, %[1]d), e FROM texts WHERE id < 4", n*10))
	}
	for _, name := range []string{"texts", "texts_view"} {
		table := mysqlLearn(t, s.reader, name)
		for column, value := range map[string]string{"u": "Große", "ub": "Große", "l": "Große", "a": "abc", "u3": "Große", "lb": "Große", "u16": "Große", "e": "x"} {
			c := table.Column(column)
			sql, _ := right(c, value)
			for _, list := range []string{"id, " + Probe(quote(c.Name)), "COUNT(*), " + ProbeCount(quote(c.Name))} {
				text := "SELECT " + list + " FROM " + name + " WHERE " + column + " = " + strings.Replace(sql, "?", "'"+value+"'", 1)
				if key := mysqlExplain(t, s, text); key != column {
					t.Errorf("%s: key %q; want %q, and nothing but that index read", text, key, column)
				}
			}
		}
	}
}

// mysqlExplain returns the index that a query looks up, if it reads only that.
func mysqlExplain(t *testing.T, s *mysqlServer, text string) string {
	t.Helper()
	prefix := "EXPLAIN "
	if s.isMySQL {
		prefix = "EXPLAIN FORMAT=TRADITIONAL "
	}
	rows, err := s.admin.Query(prefix + text)
	if err != nil {
		t.Fatalf("%s%s = %v", prefix, text, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	value := func(name string) string { return values[slices.Index(columns, name)].String }
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
	}
	if value("type") != "ref" || !strings.Contains(value("Extra"), "Using index") {
		return value("type") + ", " + value("Extra")
	}
	return value("key")
}

// Where information_schema does not show a table, the table itself does.
func TestMySQLWithoutInformationSchema(t *testing.T) {
	s := newMySQL(t)
	mysqlExec(t, s.admin, "CREATE TABLE hidden (id INT PRIMARY KEY, price DECIMAL(10,2), name VARCHAR(20), kind ENUM('a'), seen DATETIME(6))")
	query := func(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
		return s.reader.QueryContext(ctx, strings.Replace(text, " ORDER BY", " AND FALSE ORDER BY", 1), args...)
	}
	table, err := learnTable(t.Context(), query, "hidden")
	if err != nil {
		t.Fatalf("learnTable = %v", err)
	}
	if got, want := names(table.Star()), []string{"id", "price", "name", "kind", "seen"}; !slices.Equal(got, want) {
		t.Errorf("Star() = %q; want %q", got, want)
	}
	if price := table.Column("price"); price.Type != "DECIMAL" || price.Scale != 2 {
		t.Errorf("price = %+v; want a DECIMAL of scale 2", price)
	}
	testProbes(t, s, table, "id")
}
