package catalog

// This file learns from a real server, as an account that may only read.
// TEST_DB_* say which (make test starts the embedded one).

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/testviews"

	"github.com/go-sql-driver/mysql"
)

const mysqlTimeout = time.Minute

// mysqlServer is a database that one test has for itself.
type mysqlServer struct {
	name      string
	admin     *sql.DB // one connection
	reader    *sql.DB
	isMariaDB bool
	isMySQL   bool // Oracle's
}

// newMySQL makes a database with a random name, until the test ends.
func newMySQL(t testing.TB) *mysqlServer {
	t.Helper()
	if os.Getenv("TEST_DB_HOST") == "" {
		t.Skip("TEST_DB_HOST is not set: make test runs this with the embedded engine")
	}
	s := &mysqlServer{name: "catalog_" + strings.ToLower(rand.Text())}
	user, password := os.Getenv("TEST_DB_USER"), os.Getenv("TEST_DB_PASSWORD")
	server := s.connect(t, user, password, "")
	mysqlExec(t, server, "CREATE DATABASE "+s.name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { mysqlExec(t, server, "DROP DATABASE "+s.name) })
	s.admin = s.connect(t, user, password, s.name)
	if reader := os.Getenv("TEST_DB_READER"); reader != "" {
		user, password = reader, os.Getenv("TEST_DB_READER_PASSWORD")
	}
	s.reader = s.connect(t, user, password, s.name)
	var version, comment string
	if err := s.admin.QueryRow("SELECT VERSION(), @@version_comment").Scan(&version, &comment); err != nil {
		t.Fatalf("SELECT VERSION() = %v", err)
	}
	s.isMariaDB = strings.Contains(version, "MariaDB")
	s.isMySQL = !s.isMariaDB && comment != "Dolt"
	return s
}

// connect opens a pool of one connection, with the options that readapi has.
func (s *mysqlServer) connect(t testing.TB, user, password, database string) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(os.Getenv("TEST_DB_HOST"), os.Getenv("TEST_DB_PORT"))
	c.User, c.Passwd, c.DBName, c.InterpolateParams = user, password, database, true
	c.Params = map[string]string{"time_zone": "'+00:00'"}
	_ = c.Apply(mysql.Charset("utf8mb4", "")) // this option has no error
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatalf("NewConnector = %v", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { pool.Close() })
	return pool
}

func mysqlExec(t testing.TB, pool *sql.DB, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), mysqlTimeout)
	defer cancel()
	for _, statement := range statements {
		if _, err := pool.ExecContext(ctx, statement); err != nil {
			t.Fatalf("Exec(%.200q) = %v", statement, err)
		}
	}
}

// learn learns a table as pool's account.
func mysqlLearn(t testing.TB, pool *sql.DB, name string) *Table {
	t.Helper()
	table, err := learnTable(t.Context(), pool.QueryContext, name)
	if err != nil {
		t.Fatalf("learnTable(%q) = %v", name, err)
	}
	return table
}

// mysqlTypes returns what the columns of a result are declared as.
func mysqlTypes(t testing.TB, pool *sql.DB, text string, args ...any) []encode.Column {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Errorf("Query(%.200q) = %v", text, err)
		return nil
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatalf("ColumnTypes of %.200q = %v", text, err)
	}
	return exec.Columns(types)
}

// mysqlColumns are a column of each type.
var mysqlColumns = []string{
	"ti TINYINT", "tiu TINYINT UNSIGNED", "b1 TINYINT(1)", "si SMALLINT", "siu SMALLINT UNSIGNED", "mi MEDIUMINT", "miu MEDIUMINT UNSIGNED",
	"i INT", "iu INT UNSIGNED", "bi BIGINT", "biu BIGINT UNSIGNED", "bits BIT(7)", "de DECIMAL(10,2)", "de0 DECIMAL(10)", "deu DECIMAL(65,30)",
	"fl FLOAT", "dou DOUBLE", "da DATE", "tm TIME", "dt DATETIME", "dt6 DATETIME(6)", "ts TIMESTAMP NULL", "y YEAR",
	"ch CHAR(5)", "vc VARCHAR(50)", "vcbig VARCHAR(16000) CHARACTER SET latin1", "tt TINYTEXT", "tx TEXT", "mt MEDIUMTEXT", "lt LONGTEXT",
	"bin BINARY(16)", "vb VARBINARY(30)", "tb TINYBLOB", "bl BLOB", "mb MEDIUMBLOB", "lb LONGBLOB", "en ENUM('a', 'b')", "se SET('x', 'y')", "js JSON",
}

// mysqlServerColumns are types that the embedded engine has not.
var mysqlServerColumns = []string{
	"iz INT(5) ZEROFILL", "dez DECIMAL(8,3) ZEROFILL", "fl72 FLOAT(7,2)", "dou72 DOUBLE(7,2)", "tm3 TIME(3)", "ts3 TIMESTAMP(3) NULL", "geo GEOMETRY", "pt POINT",
	"l1 CHAR(5) CHARACTER SET latin1", "asc1 CHAR(5) CHARACTER SET ascii COLLATE ascii_bin", "u3 VARCHAR(50) CHARACTER SET utf8mb3", "u16 VARCHAR(5) CHARACTER SET utf16",
	"chbin CHAR(5) CHARACTER SET binary", "vcbin VARCHAR(5) CHARACTER SET binary", "txbin TEXT CHARACTER SET binary", "enbin ENUM('a') CHARACTER SET binary",
	"`we``ird \"x'` INT", "`order` INT",
}

// mysqlForms are queries with a list of columns from a table: with and without
// temporary tables.
var mysqlForms = []string{
	"SELECT %list FROM %table", "SELECT %list FROM %table ORDER BY %by", "SELECT %list FROM %table ORDER BY %by DESC LIMIT 5", "SELECT %list FROM %table WHERE %by = '2' LIMIT 0, 3",
	"SELECT DISTINCT %list FROM %table",
}

func mysqlForm(form, list, table, by string) string {
	return strings.NewReplacer("%list", list, "%table", quote(table), "%by", by).Replace(form)
}

// Columns of base tables are declared exactly as they were learned, in whatever
// query.
func TestMySQLTypes(t *testing.T) {
	s := newMySQL(t)
	columns := slices.Clone(mysqlColumns)
	if s.isMariaDB || s.isMySQL {
		columns = append(columns, mysqlServerColumns...)
	}
	if s.isMariaDB {
		columns = append(columns, "uu UUID", "i6 INET6", "i4 INET4", "co VARCHAR(10) COMPRESSED")
	}
	if s.isMySQL {
		columns = append(columns, "ve VECTOR(3)")
	}
	mysqlExec(t, s.admin, "CREATE TABLE ty (id INT NOT NULL PRIMARY KEY, "+strings.Join(columns, ", ")+")", "INSERT INTO ty (id) VALUES (2)")
	table := mysqlLearn(t, s.reader, "ty")
	if len(table.Columns) != len(columns)+1 || table.IsView {
		t.Fatalf("learnTable = %d columns, a view: %v; want %d of a base table", len(table.Columns), table.IsView, len(columns)+1)
	}
	if id := table.Columns[0]; id.IsNullable || !id.IsPrimary || id.Type != "INT" {
		t.Errorf("id = %+v; want the primary key, an INT", id)
	}
	for _, form := range mysqlForms {
		for i, got := range mysqlTypes(t, s.reader, mysqlForm(form, "*", "ty", "id")) {
			if c := table.Columns[i]; got.Name != c.Name || !c.IsSame(got) {
				t.Errorf("%s declares %s as %s; learned was %s, %d", form, c.Name, got.Type, c.Type, c.Scale)
			}
		}
	}
	t.Run("probes", func(t *testing.T) { testProbes(t, s, table, "id") })
}

// testProbes finds that nothing has changed by the probes of all columns.
func testProbes(t testing.TB, s *mysqlServer, table *Table, by string) {
	columns := slices.DeleteFunc(slices.Clone(table.Columns), func(c Column) bool {
		return c.Type == "GEOMETRY" || c.Type == "VECTOR" || c.Type == "JSON"
	})
	var probes, counts []string
	for _, c := range columns {
		probes, counts = append(probes, Probe(quote(c.Name))), append(counts, ProbeCount(quote(c.Name)))
	}
	for i, form := range append(slices.Clone(mysqlForms), "SELECT %list FROM %table") {
		list := "id, " + strings.Join(probes, ", ")
		if i == len(mysqlForms) {
			list = "COUNT(*), " + strings.Join(counts, ", ")
		} else if strings.Contains(form, "DISTINCT") {
			continue // no query of readapi
		}
		types := mysqlTypes(t, s.reader, mysqlForm(form, list, table.Name, by))
		for i := range columns {
			if c := columns[i]; len(types) > 0 && !c.IsSameProbe(types[i+1]) {
				t.Errorf("%s declares the probe of %s as %v; learned was %+v", form, c.Name, newKind(declared(types[i+1])), c.probe)
			}
		}
	}
}

// What has really changed is seen by a column that is selected, and by the probe
// of one that is not.
func TestMySQLAlter(t *testing.T) {
	s := newMySQL(t)
	tests := []struct {
		from, to string
		unseen   bool // by the probe: it is compared alike
	}{
		{"INT", "VARCHAR(20)", false},
		{"VARCHAR(20)", "INT", false},
		{"INT", "INT UNSIGNED", false},
		{"INT", "BIGINT", true},
		{"INT", "DECIMAL(10,2)", false},
		{"DECIMAL(10,2)", "DECIMAL(10,3)", false},
		{"BIGINT", "DOUBLE", false},
		{"FLOAT", "DOUBLE", false},
		{"DATE", "DATETIME", false},
		{"DATETIME", "DATETIME(3)", false},
		{"DATETIME", "TIMESTAMP NULL", false},
		{"TIME", "VARCHAR(20)", false},
		{"VARCHAR(20)", "VARBINARY(20)", false},
		{"VARCHAR(20)", "TEXT", true},
		{"VARCHAR(20)", "ENUM('a', 'b')", true},
		{"BIT(7)", "BIGINT UNSIGNED", false},
		{"YEAR", "VARCHAR(20)", false},
		{"TEXT", "INT", false},
	}
	for _, tt := range tests {
		t.Run(tt.from+" to "+tt.to, func(t *testing.T) {
			mysqlExec(t, s.admin, "CREATE TABLE alt (id INT NOT NULL PRIMARY KEY, c "+tt.from+")")
			defer mysqlExec(t, s.admin, "DROP TABLE alt")
			before := mysqlLearn(t, s.reader, "alt")
			c := before.Column("c")
			mysqlExec(t, s.admin, "ALTER TABLE alt MODIFY c "+tt.to)
			if c.IsSame(mysqlTypes(t, s.reader, "SELECT c FROM alt")[0]) {
				t.Error("IsSame = true; want false")
			}
			for _, text := range []string{"SELECT id, " + Probe(quote(c.Name)) + " FROM alt", "SELECT COUNT(*), " + ProbeCount(quote(c.Name)) + " FROM alt"} {
				types := mysqlTypes(t, s.reader, text)
				if got := c.IsSameProbe(types[1]); got != tt.unseen && (s.isMariaDB || s.isMySQL) {
					t.Errorf("IsSameProbe of %s = %v; want %v", text, got, tt.unseen)
				}
			}
			if before.Equal(mysqlLearn(t, s.reader, "alt")) {
				t.Error("Equal = true; want false")
			}
		})
	}
}

// A view of each computed expression is never taken for one that has changed.
func TestMySQLExpressions(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine does not know many of the expressions")
	}
	mysqlExec(t, s.admin, testviews.Tables...)
	for name, text := range testviews.Views() {
		mysqlExec(t, s.admin, "CREATE VIEW "+name+" AS "+text)
	}
	mysqlExec(t, s.admin, "CREATE VIEW ordered AS SELECT * FROM plain ORDER BY label", "CREATE VIEW of_view AS SELECT * FROM plain")
	for _, name := range []string{"plain", "ordered", "of_view", "subqueries", "windows", "groups_", "unions"} {
		t.Run(name, func(t *testing.T) {
			table := mysqlLearn(t, s.reader, name)
			if !table.IsView {
				t.Error("IsView = false; want true")
			}
			testStar(t, s, table)
			if name != "of_view" { // its columns are those of plain
				testExpressions(t, s, table)
				testCounts(t, s, table)
				testPrinted(t, s, table)
			}
		})
	}
}

// testStar reads all of table in each form.
func testStar(t *testing.T, s *mysqlServer, table *Table) {
	for _, form := range mysqlForms {
		for i, got := range mysqlTypes(t, s.reader, mysqlForm(form, "*", table.Name, "label")) {
			if c := table.Columns[i]; !c.IsSame(got) {
				t.Errorf("%s of all: %s is declared as %s; learned was %s, %d", form, c.Name, got.Type, c.Type, c.Scale)
			}
		}
	}
}

// testExpressions reads each column of table in each form, and its probe.
func testExpressions(t *testing.T, s *mysqlServer, table *Table) {
	for _, form := range mysqlForms {
		for _, c := range table.Columns {
			list := quote(c.Name)
			if !strings.Contains(form, "DISTINCT") && c.Type != "NULL" {
				list += ", " + Probe(quote(c.Name))
			}
			types := mysqlTypes(t, s.reader, mysqlForm(form, list, table.Name, "label"))
			if len(types) > 0 && !c.IsSame(types[0]) {
				t.Errorf("%s: %s is declared as %s; learned was %s, %d", form, c.Name, types[0].Type, c.Type, c.Scale)
			}
			if len(types) > 1 && !c.IsSameProbe(types[1]) {
				t.Errorf("%s: the probe of %s is declared as %s; learned was %+v", form, c.Name, types[1].Type, c.probe)
			}
		}
	}
}

// testCounts finds that nothing has changed by the probes of queries that count.
func testCounts(t *testing.T, s *mysqlServer, table *Table) {
	for _, c := range table.Columns {
		if c.Type == "NULL" || c.Type == "JSON" {
			continue
		}
		types := mysqlTypes(t, s.reader, "SELECT COUNT(*), "+ProbeCount(quote(c.Name))+" FROM "+quote(table.Name)+" WHERE label > 'A'")
		if len(types) > 0 && !c.IsSameProbe(types[1]) {
			t.Errorf("ProbeCount of %s is declared as %s; learned was %+v", c.Name, types[1].Type, c.probe)
		}
	}
}

// testPrinted finds the first row of table by each of its values.
func testPrinted(t testing.TB, s *mysqlServer, table *Table) {
	for i := range table.Columns {
		c := &table.Columns[i]
		var value sql.NullString
		row := s.reader.QueryRow("SELECT " + quote(c.Name) + " FROM " + quote(table.Name) + " ORDER BY id LIMIT 1")
		if err := row.Scan(&value); err != nil {
			t.Errorf("%s = %v", c.Name, err)
		}
		if !value.Valid || c.IsJSON {
			continue
		}
		condition, arg := mysqlEqual(c, value.String)
		var n int
		text := "SELECT COUNT(*) FROM " + quote(table.Name) + " WHERE " + condition
		if err := s.reader.QueryRow(text, arg).Scan(&n); err != nil || n == 0 {
			t.Errorf("%s of %q, a %s = %d, %v; want a row", text, value.String, c.Type, n, err)
		}
	}
}

// mysqlEqual compares c with a value as the text protocol gives it. It is one
// flat table.
func mysqlEqual(c *Column, value string) (condition string, arg any) {
	name := quote(c.Name)
	switch c.kind.family {
	case "text":
		sql, convert := right(c, value)
		if convert {
			name = "CONVERT(" + name + " USING utf8mb4)"
		}
		return name + " = " + sql, value
	case "integer":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return name + " = ?", n
		}
		n, _ := strconv.ParseUint(value, 10, 64)
		return name + " = ?", n
	case "DECIMAL":
		return fmt.Sprintf("%s = CAST(? AS DECIMAL(65,%d))", name, c.Scale), value
	case "DOUBLE":
		f, _ := strconv.ParseFloat(value, 64)
		return name + " = ?", f
	case "FLOAT":
		f, _ := strconv.ParseFloat(value, 32)
		return name + " = ?", f
	case "binary":
		return name + " = ?", []byte(value)
	case "BIT":
		return name + " = ?", int64(value[0]) // of 7 bits
	default:
		return name + " = ?", value
	}
}

// BenchmarkMySQLLearn learns one table again and again.
func BenchmarkMySQLLearn(b *testing.B) {
	s := newMySQL(b)
	mysqlExec(b, s.admin, "CREATE TABLE ty (id INT NOT NULL PRIMARY KEY, "+strings.Join(mysqlColumns, ", ")+")",
		"CREATE TABLE small (id INT NOT NULL PRIMARY KEY, n INT, d DATE)", "CREATE VIEW ty_view AS SELECT * FROM ty")
	for _, name := range []string{"small", "ty", "ty_view"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				mysqlLearn(b, s.reader, name)
			}
		})
	}
}
