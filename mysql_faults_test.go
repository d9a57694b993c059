package main

// This file provokes on a real server what operators and users meet: views whose
// parts are gone, values that cannot be computed, limits of the server. How to
// run it: mysql_test.go.

import (
	"database/sql"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"readapi/internal/apitest"

	"github.com/go-sql-driver/mysql"
)

// mysqlFault is a table or view that cannot be read, why, and what becomes of it.
type mysqlFault struct {
	name    string
	engine  string   // the only one with it; "" is both
	make    []string // statements; OTHER is an account that is gone at the end
	session string   // NAME=VALUE of the sessions that read, separated by blanks
	query   string   // of the URL
	status  int
	code    string
	remedy  string // part of the log line
}

var mysqlFaults = []mysqlFault{
	{
		name: "definer gone", make: []string{"CREATE DEFINER=OTHER VIEW fault AS SELECT id FROM item"},
		status: 500, code: "42P17", remedy: "DEFINER",
	},
	{
		name: "table gone", make: []string{"CREATE TABLE part (v INT)", "CREATE VIEW fault AS SELECT v FROM part", "DROP TABLE part"},
		status: 500, code: "42P17", remedy: "SHOW CREATE VIEW",
	},
	{
		name: "column gone", make: []string{"CREATE TABLE part (v INT, w INT)", "CREATE VIEW fault AS SELECT v FROM part", "ALTER TABLE part DROP v"},
		status: 500, code: "42P17", remedy: "SHOW CREATE VIEW",
	},
	{
		name: "function gone", make: []string{
			"CREATE FUNCTION part(x INT) RETURNS INT DETERMINISTIC RETURN x + 1",
			"CREATE VIEW fault AS SELECT part(id) AS v FROM item", "DROP FUNCTION part",
		},
		status: 500, code: "42P17", remedy: "SHOW CREATE VIEW",
	},

	{
		name: "out of range", make: []string{"CREATE VIEW fault AS SELECT few - id AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "out of range, floating", make: []string{"CREATE VIEW fault AS SELECT EXP(id * 1000) AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "several rows for one value", make: []string{"CREATE VIEW fault AS SELECT id, (SELECT few FROM item) AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "a function refuses", make: []string{
			"CREATE FUNCTION part(x INT) RETURNS INT DETERMINISTIC BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='of the driver'; RETURN 1; END",
			"CREATE VIEW fault AS SELECT part(id) AS v FROM item",
		},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "no JSON", engine: engineMySQL, make: []string{"CREATE VIEW fault AS SELECT JSON_EXTRACT(notes, '$.a') AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "no JSON path", engine: engineMySQL, make: []string{"CREATE VIEW fault AS SELECT JSON_EXTRACT('{}', notes) AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "no regular expression", engine: engineMySQL, make: []string{"CREATE VIEW fault AS SELECT notes REGEXP '(' AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},
	{
		name: "no geometry", engine: engineMySQL, make: []string{"CREATE VIEW fault AS SELECT ST_GeomFromText(notes) AS v FROM item"},
		status: 500, code: "22000", remedy: "expressions",
	},

	{
		name: "sort memory", make: []string{"CREATE TABLE fault AS SELECT id, REPEAT(notes, 100000) AS v FROM item"},
		session: "sort_buffer_size=1024 max_sort_length=8388608", query: "?order=v",
		status: 500, code: "53200", remedy: "raise sort_buffer_size",
	},
	{
		name: "max_join_size", make: []string{"CREATE VIEW fault AS SELECT id FROM item"},
		session: "sql_big_selects=0 max_join_size=1",
		status:  500, code: "54000", remedy: "raise max_join_size",
	},
	{
		name: "recursion", engine: engineMySQL, make: []string{
			"CREATE VIEW fault AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n",
		},
		status: 500, code: "54001", remedy: "cte_max_recursion_depth",
	},
	{
		name: "temporary table full", engine: engineMariaDB, make: []string{
			"CREATE VIEW fault AS SELECT DISTINCT a.COLUMN_NAME AS v, b.COLUMN_NAME AS w FROM information_schema.columns a, information_schema.columns b LIMIT 100000",
		},
		session: "tmp_disk_table_size=16384 tmp_table_size=1024",
		status:  503, code: "53100", remedy: "tmp_table_size",
	},
	{
		name: "max_statement_time", engine: engineMariaDB, make: []string{"CREATE VIEW fault AS SELECT SLEEP(5) + id AS v FROM item"},
		session: "max_statement_time=0.05",
		status:  504, code: "57014", remedy: "DB_TIMEOUT",
	},
	{
		name: "max_execution_time", engine: engineMySQL, make: []string{
			"CREATE VIEW fault AS SELECT COUNT(*) AS v FROM information_schema.columns a, information_schema.columns b, information_schema.columns c",
		},
		session: "max_execution_time=50",
		status:  504, code: "57014", remedy: "DB_TIMEOUT",
	},
	{
		name: "tablespace discarded", make: []string{"CREATE TABLE fault (v INT) ENGINE=InnoDB", "ALTER TABLE fault DISCARD TABLESPACE"},
		status: 500, code: "58030", remedy: "CHECK TABLE",
	},
	{
		name: "table under a MERGE table gone", make: []string{
			"CREATE TABLE part (v INT) ENGINE=MyISAM", "CREATE TABLE fault (v INT) ENGINE=MERGE UNION=(part)", "DROP TABLE part",
		},
		status: 500, code: "58030", remedy: "CHECK TABLE",
	},
}

// Each fault of the database has a status, a code and a message that names it,
// and a line in the log with the URL, the cause and the way out.
func TestMySQLFaults(t *testing.T) {
	engine := newMySQLDatabase(t)
	if e, otherwise := engine.exception(t, "faults"); otherwise {
		t.Skip(e.reason)
	}
	messages := map[string]string{}
	for _, tt := range mysqlFaults {
		t.Run(tt.name, func(t *testing.T) {
			if tt.engine != "" && tt.engine != engine.engine {
				t.Skipf("only with %s", tt.engine)
			}
			d := newMySQLDatabase(t)
			d.makeFault(t, tt)
			var log apitest.LogBuffer
			pool := d.openSession(t, tt.session)
			server := httptest.NewServer(newAPI(pool, mysqlConfig(t, mysqlWith(d.env, "DB_TABLES", "fault")), log.Logger()))
			defer server.Close()
			resp, body := send(t, "GET", server.URL+"/read"+tt.query)
			checkError(t, resp, body, tt.status, tt.code)
			for _, hidden := range []string{d.name, d.env["DB_USER"], "of the driver", "SELECT", "item"} {
				if strings.Contains(body, hidden) {
					t.Errorf("GET /read = %s; want %q not in it", body, hidden)
				}
			}
			checkFailureLine(t, log.String(), "path=/read", "status=", "Error ", tt.remedy)
			if code := messages[body]; code != "" && code != tt.code {
				t.Errorf("the message of %s is that of %s: %s", tt.code, code, body)
			}
			messages[body] = tt.code
		})
	}
}

// makeFault makes the table or view of a fault.
func (d *mysqlDatabase) makeFault(t testing.TB, f mysqlFault) {
	t.Helper()
	other := mysqlRandomName()
	d.exec(t, "CREATE TABLE item (id INT PRIMARY KEY, few INT UNSIGNED, notes VARCHAR(100))",
		"INSERT INTO item VALUES (1, 1, 'one'), (2, 1, 'two')",
		"CREATE USER "+other, "GRANT SELECT ON "+d.name+".* TO "+other)
	t.Cleanup(func() { mysqlExec(t, d.admin, "DROP USER IF EXISTS "+other) })
	for _, statement := range f.make {
		d.exec(t, strings.ReplaceAll(statement, "OTHER", other))
	}
	d.exec(t, "DROP USER "+other)
}

// openSession opens a pool as the reader, whose sessions have these variables.
func (d *mysqlDatabase) openSession(t testing.TB, variables string) *sql.DB {
	t.Helper()
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", net.JoinHostPort(d.env["DB_HOST"], d.env["DB_PORT"])
	driver.User, driver.Passwd, driver.DBName = d.env["DB_USER"], d.env["DB_PASSWORD"], d.name
	driver.TLSConfig, driver.InterpolateParams = "preferred", true
	driver.Params = map[string]string{}
	for variable := range strings.FieldsSeq(variables) {
		name, value, _ := strings.Cut(variable, "=")
		driver.Params[name] = value
	}
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		t.Fatalf("NewConnector = %v", err)
	}
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// checkFailureLine checks that the log has one line of a failed request, and what
// is in it.
func checkFailureLine(t testing.TB, log string, parts ...string) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "level=ERROR") {
			continue
		}
		lines++
		for _, part := range parts {
			if !strings.Contains(line, part) {
				t.Errorf("log line = %s; want %q in it", line, part)
			}
		}
	}
	if lines != 1 {
		t.Errorf("log = %s; want one line of a failed request", log)
	}
}
