package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"image/gif"
	"net"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
)

// newEngine starts an engine that ends with the test.
func newEngine(t testing.TB) *engine {
	t.Helper()
	e, err := startEngine()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	return e
}

// readerConfig sets a connection up as readapi does.
func readerConfig(addr, database string) *mysql.Config {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.DBName = "tcp", addr, database
	config.User, config.Passwd = readerUser, readerPassword
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	config.TLSConfig = "preferred"
	_ = config.Apply(mysql.Charset("utf8mb4", "")) // always nil
	return config
}

// openDatabase panics on a wrong config: the helper processes use it, too.
func openDatabase(config *mysql.Config) *sql.DB {
	connector, err := mysql.NewConnector(config)
	if err != nil {
		panic(err)
	}
	return sql.OpenDB(connector)
}

// newReader opens the demo database as readerUser.
func newReader(t testing.TB, e *engine) *sql.DB {
	t.Helper()
	db := openDatabase(readerConfig(e.addr.String(), databaseName))
	t.Cleanup(func() { db.Close() })
	return db
}

// readSample returns the rows of the sample table and the types of its columns.
// NULL is nil.
func readSample(t testing.TB, db *sql.DB) (types map[string]string, table []map[string][]byte) {
	t.Helper()
	rows, err := db.Query("SELECT * FROM sample")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	types = make(map[string]string)
	for _, c := range columns {
		types[c.Name()] = c.DatabaseTypeName()
	}
	for rows.Next() {
		table = append(table, scanRow(t, rows, columns))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return types, table
}

func scanRow(t testing.TB, rows *sql.Rows, columns []*sql.ColumnType) map[string][]byte {
	t.Helper()
	values := make([][]byte, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	if err := rows.Scan(targets...); err != nil {
		t.Fatal(err)
	}
	row := make(map[string][]byte)
	for i, c := range columns {
		row[c.Name()] = values[i]
	}
	return row
}

func TestSampleTypes(t *testing.T) {
	types, table := readSample(t, newReader(t, newEngine(t)))
	if len(table) != 12 {
		t.Errorf("sample has %d rows; want 12", len(table))
	}
	tests := []struct{ column, want string }{
		{"id", "BIGINT"},
		{"name", "VARCHAR"},
		{"country", "CHAR"},
		{"kind", "ENUM"},
		{"services", "SET"},
		{"altitude_m", "UNSIGNED SMALLINT"},
		{"latitude", "DOUBLE"},
		{"price", "DECIMAL"},
		{"wardened", "TINYINT"},
		{"open_days", "BIT"},
		{"built", "YEAR"},
		{"opens_on", "DATE"},
		{"supper_at", "TIME"},
		{"inspected_at", "DATETIME"},
		{"updated_at", "TIMESTAMP"},
		{"register_key", "VARBINARY"},
		{"shutters", "BLOB"},
		{"details", "JSON"},
		{"notes", "TEXT"},
	}
	for _, tt := range tests {
		if got := types[tt.column]; got != tt.want {
			t.Errorf("type of %s = %q; want %q", tt.column, got, tt.want)
		}
	}
}

func TestSampleValues(t *testing.T) {
	_, table := readSample(t, newReader(t, newEngine(t)))
	tests := []struct {
		row          int
		column, want string
	}{
		{0, "price", "42.00"},
		{0, "services", "meals,showers,wifi,cards"},
		{0, "inspected_at", "2025-06-02 09:12:45.318"},
		{2, "name", "Refuge du Goûter"},
		{3, "notes", "Everything is carried up on backs. Take a load from the shed below and your tea is free ☕."},
		{7, "notes", "A guest once signed the hut book as <script>alert(1)</script>; we copied it out as written."},
		{8, "services", ""},
		{8, "notes", "A tube on a rock:\nno warden, no water, no charge."},
		{9, "name", "槍ヶ岳山荘"},
		{10, "open_days", "\x03"},
		{10, "latitude", "-43.7206"},
		{11, "id", "9007199254740993"},
		{11, "register_key", "\x01\xa2\xff"},
	}
	for _, tt := range tests {
		if got := table[tt.row][tt.column]; string(got) != tt.want {
			t.Errorf("row %d, %s = %q; want %q", tt.row, tt.column, got, tt.want)
		}
	}
	for _, column := range []string{"details", "notes", "shutters", "supper_at"} {
		if got := table[11][column]; got != nil {
			t.Errorf("row 11, %s = %q; want NULL", column, got)
		}
	}
}

// TestSampleIsPortable keeps the sample to values that MySQL and the engine
// send alike. The engine drops trailing zeros of fractions of a second, and
// its JSON columns do not check what they write.
func TestSampleIsPortable(t *testing.T) {
	milliseconds := regexp.MustCompile(`\.\d\d[1-9]$`)
	_, table := readSample(t, newReader(t, newEngine(t)))
	for i, row := range table {
		if v := row["inspected_at"]; v != nil && !milliseconds.Match(v) {
			t.Errorf("row %d: inspected_at %q; want three digits, the last not 0", i, v)
		}
		if v := row["details"]; v != nil && !json.Valid(v) {
			t.Errorf("row %d: details %q; want JSON", i, v)
		}
		if v := row["shutters"]; v != nil {
			if _, err := gif.Decode(bytes.NewReader(v)); err != nil {
				t.Errorf("row %d: shutters %x: %v; want a GIF", i, v, err)
			}
		}
		if !utf8.Valid(slices.Concat(row["name"], row["notes"])) {
			t.Errorf("row %d: name or notes are not UTF-8", i)
		}
	}
}

func TestReaderMayOnlySelect(t *testing.T) {
	db := newReader(t, newEngine(t))
	tests := []struct {
		statement string
		allowed   bool
	}{
		{"SELECT VERSION()", true},
		{"SET time_zone = '+00:00'", true},
		{"SELECT * FROM sample WHERE altitude_m > 2000 ORDER BY name LIMIT 3", true},
		{"INSERT INTO sample (id) VALUES (99)", false},
		{"UPDATE sample SET name = 'x'", false},
		{"DELETE FROM sample", false},
		{"DROP TABLE sample", false},
		{"TRUNCATE TABLE sample", false},
		{"CREATE TABLE other (id INT)", false},
		{"CREATE DATABASE other", false},
		{"GRANT ALL ON *.* TO demo", false},
		{"CREATE USER other", false},
	}
	for _, tt := range tests {
		if _, err := db.Exec(tt.statement); (err == nil) != tt.allowed {
			t.Errorf("%s: %v; allowed must be %v", tt.statement, err, tt.allowed)
		}
	}
	if got := countRows(db); got != 12 {
		t.Errorf("afterwards sample has %d rows; want 12", got)
	}
}

// TestAdmin does what readapi's integration tests do: make a database, fill it,
// let the reader read it, drop it.
func TestAdmin(t *testing.T) {
	e := newEngine(t)
	config := readerConfig(e.addr.String(), "")
	config.User, config.Passwd = adminUser, e.adminPassword
	admin := openDatabase(config)
	defer admin.Close()
	for _, statement := range []string{
		"CREATE DATABASE readapi_test_1",
		"CREATE TABLE readapi_test_1.sample (id INT)",
		"INSERT INTO readapi_test_1.sample VALUES (1), (2)",
	} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	reader := openDatabase(readerConfig(e.addr.String(), "readapi_test_1"))
	defer reader.Close()
	if got := countRows(reader); got != 2 {
		t.Errorf("reader sees %d rows; want 2", got)
	}
	if _, err := admin.Exec("DROP DATABASE readapi_test_1"); err != nil {
		t.Error(err)
	}
}

func TestLogin(t *testing.T) {
	e := newEngine(t)
	tests := []struct {
		name, user, password string
		allowed              bool
	}{
		{"reader", readerUser, readerPassword, true},
		{"admin", adminUser, e.adminPassword, true},
		{"reader, wrong password", readerUser, readerPassword + " ", false},
		{"reader, no password", readerUser, "", false},
		{"admin, no password", adminUser, "", false},
		{"admin with the reader's password", adminUser, readerPassword, false},
		{"nobody", "nobody", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := readerConfig(e.addr.String(), databaseName)
			config.User, config.Passwd = tt.user, tt.password
			db := openDatabase(config)
			defer db.Close()
			if err := db.Ping(); (err == nil) != tt.allowed {
				t.Errorf("Ping as %s: %v; allowed must be %v", tt.user, err, tt.allowed)
			}
		})
	}
}

// TestEnginesAreApart starts two, as two wrappers on one machine would.
func TestEnginesAreApart(t *testing.T) {
	a, b := newEngine(t), newEngine(t)
	if a.adminPassword == b.adminPassword || a.addr.Port == b.addr.Port {
		t.Errorf("two engines share a password or the port %d", a.addr.Port)
	}
	if !a.addr.IP.IsLoopback() {
		t.Errorf("engine listens on %v; want a loopback address", a.addr)
	}
}

func TestClose(t *testing.T) {
	e, err := startEngine()
	if err != nil {
		t.Fatal(err)
	}
	e.close()
	if conn, err := net.Dial("tcp", e.addr.String()); err == nil {
		conn.Close()
		t.Errorf("Dial(%v) after close: connected; want an error", e.addr)
	}
}
