package main

// This file runs readapi against a real server: over HTTP, with a pool of its
// own, as an account that may only read. TEST_DB_* say which server (make test
// starts the embedded one). mysql_types_test.go has the forms of values, and
// the one table of what an engine does not do as MySQL 9 does.

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readapi/internal/encode"
	"readapi/internal/exec"

	"github.com/go-sql-driver/mysql"
)

const (
	// mysqlTimeout bounds whatever a test asks of the server or of readapi.
	// Nothing comes near it, but on a machine that is busy with other things.
	mysqlTimeout = time.Minute
	// mysqlAtOnce is how soon readapi must give up where waiting is no use.
	mysqlAtOnce = 5 * time.Second
	// mysqlAdminMode lets dates in that do not exist, and values that are cut.
	mysqlAdminMode = "'ALLOW_INVALID_DATES'"
)

// mysqlDatabase is a database that one test has for itself.
type mysqlDatabase struct {
	name   string
	engine string            // as in mysqlExceptions
	env    map[string]string // what readapi needs to serve the table sample
	admin  *sql.DB           // one connection to this database, which may do everything
}

// newMySQLDatabase makes a database with a random name, until the test ends.
func newMySQLDatabase(t testing.TB) *mysqlDatabase {
	t.Helper()
	env, admin := mysqlAccounts(t)
	d := &mysqlDatabase{name: mysqlRandomName(), env: env}
	server := mysqlAdmin(t, admin, "")
	mysqlExec(t, server, "CREATE DATABASE "+d.name+" CHARACTER SET utf8mb4")
	t.Cleanup(func() { mysqlExec(t, server, "DROP DATABASE "+d.name) })
	d.env["DB_NAME"], d.env["DB_TIMEOUT"] = d.name, "30s"
	d.admin = mysqlAdmin(t, admin, d.name)
	d.engine = mysqlEngine(t, d.admin)
	return d
}

// mysqlAccounts reads TEST_DB_*: the variables with which readapi connects, and
// those of the admin. Without a server the test is skipped.
func mysqlAccounts(t testing.TB) (reader, admin map[string]string) {
	t.Helper()
	var missing []string
	get := func(name string) string {
		value, isSet := os.LookupEnv(name)
		if !isSet {
			missing = append(missing, name)
		}
		return value
	}
	admin = map[string]string{
		"DB_HOST": get("TEST_DB_HOST"), "DB_PORT": get("TEST_DB_PORT"),
		"DB_USER": get("TEST_DB_USER"), "DB_PASSWORD": get("TEST_DB_PASSWORD"),
	}
	const want = "not set: %s. Want a MySQL server there, and an account that may create and drop databases; " +
		"optional: TEST_DB_READER, TEST_DB_READER_PASSWORD, an account that may only SELECT, from every database. " +
		"make test runs these tests with the embedded engine"
	switch {
	case admin["DB_HOST"] == "":
		t.Skipf(want, strings.Join(missing, ", "))
	case missing != nil:
		t.Fatalf("TEST_DB_HOST is set, but "+want, strings.Join(missing, ", "))
	}
	reader = maps.Clone(admin)
	if user := os.Getenv("TEST_DB_READER"); user != "" {
		reader["DB_USER"], reader["DB_PASSWORD"] = user, os.Getenv("TEST_DB_READER_PASSWORD")
	}
	return reader, admin
}

// mysqlAdmin connects as the admin, with one connection, so that a test has one
// session, to database or to none. It sets the session up by itself, because a
// fault that readapi and the admin shared would undo itself.
func mysqlAdmin(t testing.TB, env map[string]string, database string) *sql.DB {
	t.Helper()
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", net.JoinHostPort(env["DB_HOST"], env["DB_PORT"])
	if strings.HasPrefix(env["DB_HOST"], "/") {
		driver.Net, driver.Addr = "unix", env["DB_HOST"]
	}
	driver.User, driver.Passwd, driver.DBName = env["DB_USER"], env["DB_PASSWORD"], database
	driver.TLSConfig = "preferred"
	driver.Params = map[string]string{"time_zone": "'+00:00'", "sql_mode": mysqlAdminMode, "autocommit": "1"}
	_ = driver.Apply(mysql.Charset("utf8mb4", "")) // this option has no error
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		t.Fatalf("NewConnector = %v", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// mysqlEngine tells which engine is behind pool.
func mysqlEngine(t testing.TB, pool *sql.DB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	var version, comment string
	row := pool.QueryRowContext(ctx, "SELECT VERSION(), @@version_comment")
	if err := row.Scan(&version, &comment); err != nil {
		t.Fatalf("SELECT VERSION() = %v", err)
	}
	switch {
	case strings.Contains(version, "MariaDB"):
		return engineMariaDB
	case comment == "Dolt": // its VERSION() is one of MySQL's
		return engineEmbedded
	default:
		return engineMySQL
	}
}

// mysqlExec runs one statement. It also works in a Cleanup, where the test's
// context has ended.
func mysqlExec(t testing.TB, pool *sql.DB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), mysqlTimeout)
	defer cancel()
	if _, err := pool.ExecContext(ctx, statement); err != nil {
		t.Fatalf("Exec(%.200q) = %v", statement, err)
	}
}

// exec runs statements as the admin, one after the other.
func (d *mysqlDatabase) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		mysqlExec(t, d.admin, statement)
	}
}

// mysqlWith returns env with these changes, name by value.
func mysqlWith(env map[string]string, changes ...string) map[string]string {
	env = maps.Clone(env)
	for i := 0; i < len(changes); i += 2 {
		env[changes[i]] = changes[i+1]
	}
	return env
}

// exception returns what d's engine does otherwise in the test called name, if
// it does, and says so in the test's output.
func (d *mysqlDatabase) exception(t testing.TB, name string) (mysqlException, bool) {
	t.Helper()
	e, found := mysqlExceptions[d.engine][name]
	if found {
		t.Logf("%s is otherwise with %s: %s", name, d.engine, e.reason)
	}
	return e, found
}

// viewer returns what readapi needs to serve views.
func (d *mysqlDatabase) viewer(t testing.TB) map[string]string {
	t.Helper()
	if _, otherwise := d.exception(t, "views"); !otherwise {
		return d.env
	}
	_, admin := mysqlAccounts(t)
	return mysqlWith(admin, "DB_NAME", d.name)
}

// newUser makes an account with a password, without any right, until the test
// ends. It returns the account's name and what readapi needs to use it.
func (d *mysqlDatabase) newUser(t testing.TB) (user string, env map[string]string) {
	t.Helper()
	user = mysqlRandomName()
	d.exec(t, `CREATE USER `+user+` IDENTIFIED BY 'It''s "r:e/a@d#1$\\'`)
	t.Cleanup(func() { d.exec(t, "DROP USER "+user) })
	return user, mysqlWith(d.env, "DB_USER", user, "DB_PASSWORD", `It's "r:e/a@d#1$\`)
}

// mysqlConfig is the config that env makes, as in main.
func mysqlConfig(t testing.TB, env map[string]string) config {
	t.Helper()
	cfg, err := loadConfig(func(name string) (string, bool) {
		value, isSet := env[name]
		return value, isSet
	})
	if err != nil {
		t.Fatalf("loadConfig = %v", err)
	}
	return cfg
}

// mysqlLog is a log that is shown, but for its beginning, if the test fails.
func mysqlLog(t testing.TB) *slog.Logger {
	t.Helper()
	text := new(endOfLog)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("readapi's log ends with:\n%s", text)
		}
	})
	return slog.New(slog.NewTextHandler(text, nil))
}

// endOfLog is a writer that keeps the last lines. It is safe for concurrent use.
type endOfLog struct {
	mu    sync.Mutex
	lines []string // guarded by mu
}

func (e *endOfLog) Write(line []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines[max(0, len(e.lines)-20):], string(line))
	return len(line), nil
}

func (e *endOfLog) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.lines, "")
}

// mysqlNewAPI makes the whole of readapi but its listener.
func mysqlNewAPI(t testing.TB, env map[string]string) (*api, *sql.DB) {
	t.Helper()
	cfg, log := mysqlConfig(t, env), mysqlLog(t)
	pool, err := openPool(cfg, log)
	if err != nil {
		t.Fatalf("openPool = %v", err)
	}
	t.Cleanup(func() { pool.Close() })
	return newAPI(pool, cfg, log), pool
}

// mysqlServe starts readapi with env and returns its address.
func mysqlServe(t testing.TB, env map[string]string) (base string) {
	t.Helper()
	api, _ := mysqlNewAPI(t, env)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return server.URL
}

// mysqlOpen sends a GET. The body comes as it is on the wire, and what the
// client does not read stays with the server but for the socket's buffers.
func mysqlOpen(t testing.TB, url string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	transport := &http.Transport{DisableCompression: true, DialContext: mysqlDialSmall}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatalf("GET %s = %v", url, err)
	}
	t.Cleanup(func() {
		cancel()
		resp.Body.Close()
		transport.CloseIdleConnections()
	})
	return resp
}

// mysqlDialSmall connects with a small buffer for what is not read yet.
func mysqlDialSmall(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	}
	return conn, err
}

// mysqlGet sends a GET and reads the response to its end.
func mysqlGet(t testing.TB, url string) (status int, body string) {
	t.Helper()
	resp := mysqlOpen(t, url)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("GET %s: body = %v after %d bytes", url, err, len(b))
	}
	return resp.StatusCode, string(b)
}

// mysqlWantBody compares a response to the byte.
func mysqlWantBody(t testing.TB, url, want string) {
	t.Helper()
	if status, got := mysqlGet(t, url); status != http.StatusOK || got != want {
		t.Errorf("GET %s = %d\n%.2000s; want 200\n%.2000s", url, status, got, want)
	}
}

// mysqlWantError checks that a response is an error with this status and code.
func mysqlWantError(t testing.TB, url string, wantStatus int, wantCode string) {
	t.Helper()
	status, body := mysqlGet(t, url)
	var got struct {
		Code, Message, Details, Hint *string
	}
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || got.Code == nil || got.Message == nil {
		t.Fatalf("GET %s = %d %q; want an error's members: %v", url, status, body, err)
	}
	if status != wantStatus || *got.Code != wantCode {
		t.Errorf("GET %s = %d %s; want %d with code %s", url, status, body, wantStatus, wantCode)
	}
}

// mysqlWantBroken reads the rest of body, which must not look complete.
func mysqlWantBroken(t testing.TB, body io.Reader) {
	t.Helper()
	if n, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("body = %v after %d more bytes; want %v", err, n, io.ErrUnexpectedEOF)
	}
}

// mysqlRandomName is a name for a database or an account that no one has.
func mysqlRandomName() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return "readapi_test_" + hex.EncodeToString(b[:])
}

func TestMySQLRead(t *testing.T) {
	d := newMySQLDatabase(t)
	const odd = "a `select` ☎" // an identifier has no characters beyond U+FFFF
	d.exec(t,
		"CREATE TABLE sample (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(6,2))",
		"INSERT INTO sample VALUES (1, 'Ada', 12.5), (2, NULL, NULL)",
		"CREATE TABLE "+exec.QuoteIdentifier(odd)+" (v INT)", "INSERT INTO "+exec.QuoteIdentifier(odd)+" VALUES (7)",
		"CREATE TABLE `select` (v INT)", "INSERT INTO `select` VALUES (8)",
		"CREATE TABLE bare (v INT)",
		"CREATE TABLE secret (v INT)", "INSERT INTO secret VALUES (9)",
	)
	base := mysqlServe(t, mysqlWith(d.env, "DB_TABLES", "sample,select,bare,gone,"+odd))
	const sample = `[{"id":1,"name":"Ada","price":12.50},` + "\n" + `{"id":2,"name":null,"price":null}]` + "\n"
	tests := []struct{ name, path, want string }{
		{"first table", "/read", sample},
		{"first table by name", "/read/sample", sample},
		{"reserved word", "/read/select", `[{"v":8}]` + "\n"},
		{"name that needs quoting", "/read/" + url.PathEscape(odd), `[{"v":7}]` + "\n"},
		{"empty table", "/read/bare", "[]\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { mysqlWantBody(t, base+tt.path, tt.want) })
	}
	failures := []struct {
		name, path string
		status     int
		code       string
	}{
		{"table that is not listed", "/read/secret", 404, "PGRST205"},
		{"table of another database", "/read/" + url.PathEscape("mysql.user"), 404, "PGRST205"},
		{"other case", "/read/Sample", 404, "PGRST205"},
		{"table missing", "/read/gone", 500, "42P01"},
	}
	for _, tt := range failures {
		t.Run(tt.name, func(t *testing.T) {
			mysqlWantError(t, base+tt.path, tt.status, tt.code)
		})
	}
}

func TestMySQLViews(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t,
		"CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(6,2))",
		"INSERT INTO item VALUES (1, 'Ada', 12.5), (2, NULL, NULL)",
		"CREATE VIEW sample AS SELECT id + 1 AS next, name, price * 2 AS twice, NULL AS nothing FROM item WHERE id = 1",
		"CREATE TABLE gone (v INT)", "CREATE VIEW broken AS SELECT v FROM gone", "DROP TABLE gone",
	)
	base := mysqlServe(t, mysqlWith(d.viewer(t), "DB_TABLES", "sample,broken"))
	mysqlWantBody(t, base+"/read", `[{"next":2,"name":"Ada","twice":25.00,"nothing":null}]`+"\n")
	code := "42P17"
	if e, otherwise := d.exception(t, "view without its table"); otherwise {
		code = e.want[0]
	}
	mysqlWantError(t, base+"/read/broken", http.StatusInternalServerError, code)
}

func TestMySQLReadDenied(t *testing.T) {
	d := newMySQLDatabase(t)
	user, env := d.newUser(t)
	d.exec(t, "CREATE TABLE allowed (v INT)", "CREATE TABLE denied (v INT)", "CREATE TABLE half (id INT, v INT, w INT)")
	base := mysqlServe(t, mysqlWith(env, "DB_TABLES", "allowed,denied,half"))
	t.Run("table denied", func(t *testing.T) {
		code := "42501"
		if e, otherwise := d.exception(t, "table denied"); otherwise {
			code = e.want[0]
		}
		d.exec(t, "GRANT SELECT ON "+d.name+".allowed TO "+user)
		mysqlWantError(t, base+"/read/denied", http.StatusInternalServerError, code)
		mysqlWantBody(t, base+"/read/allowed", "[]\n")
	})
	t.Run("column denied", func(t *testing.T) {
		grant := "GRANT SELECT (id, v) ON " + d.name + ".half TO " + user
		if e, otherwise := d.exception(t, "column denied"); otherwise {
			d.wantRefused(t, grant)
			t.Skip(e.reason)
		}
		d.exec(t, "INSERT INTO half VALUES (1, 2, 3)", grant)
		for _, query := range []string{"", "?id=eq.1", "?select=*&order=v", "?select=id,v"} { // these columns are the table
			mysqlWantBody(t, base+"/read/half"+query, `[{"id":1,"v":2}]`+"\n")
		}
		for _, query := range []string{"?w=eq.3", "?select=w", "?order=w"} { // as one that does not exist
			mysqlWantError(t, base+"/read/half"+query, http.StatusBadRequest, "42703")
		}
		d.exec(t, strings.Replace(grant, "(id, v)", "(w)", 1))
		mysqlWantBody(t, base+"/read/half?select=w", `[{"w":3}]`+"\n")
	})
}

// TestMySQLAwaitRefused has what waiting does not mend: an error at once, which
// says where to look.
func TestMySQLAwaitRefused(t *testing.T) {
	const (
		lookAtName = "look at DB_NAME"
		lookAtUser = "look at DB_USER and DB_PASSWORD"
		lookAtTLS  = "look at DB_TLS"
	)
	d := newMySQLDatabase(t)
	tests := []struct{ name, variable, value, want string }{
		{"unknown database", "DB_NAME", "readapi_test_none", lookAtName},
		{"wrong password", "DB_PASSWORD", "wr:o/n@g", lookAtUser},
		{"unknown user", "DB_USER", mysqlRandomName(), lookAtUser},
		{"no TLS that can be verified", "DB_TLS", "true", lookAtTLS},
		{"unknown variable", "DB_SESSION", "readapi_nonsense=1", "look at DB_SESSION"},
		{"wrong value", "DB_SESSION", "sql_mode=NONSENSE", "look at DB_SESSION"},
		{"global variable", "DB_SESSION", "max_connections=5", "look at DB_SESSION"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e, otherwise := d.exception(t, tt.name); otherwise {
				t.Skip(e.reason)
			}
			mysqlWantRefused(t, mysqlWith(d.env, tt.variable, tt.value), tt.want)
		})
	}
	accounts := []struct{ name, statement, want string }{
		{"account without rights", "REVOKE SELECT ON *.* FROM %s", lookAtName},
		{"account locked", "ALTER USER %s ACCOUNT LOCK", lookAtUser},
		{"password expired", "ALTER USER %s PASSWORD EXPIRE", lookAtUser},
		{"certificate required", "ALTER USER %s REQUIRE X509", lookAtUser},
	}
	for _, tt := range accounts {
		t.Run(tt.name, func(t *testing.T) {
			if e, otherwise := d.exception(t, tt.name); otherwise {
				t.Skip(e.reason)
			}
			user, env := d.newUser(t)
			d.exec(t, "GRANT SELECT ON *.* TO "+user, fmt.Sprintf(tt.statement, user))
			mysqlWantRefused(t, env, tt.want)
		})
	}
}

// mysqlWantRefused checks that readapi gives up with env, and what it says.
func mysqlWantRefused(t testing.TB, env map[string]string, want string) {
	t.Helper()
	api, _ := mysqlNewAPI(t, env)
	ctx, cancel := context.WithTimeout(t.Context(), mysqlAtOnce)
	defer cancel()
	if err := awaitDatabase(ctx, api.db, api.log); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("await = %v; want an error with %q", err, want)
	}
}

func TestMySQLAwait(t *testing.T) {
	d := newMySQLDatabase(t)
	api, _ := mysqlNewAPI(t, d.env)
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	if err := awaitDatabase(ctx, api.db, api.log); err != nil {
		t.Errorf("await = %v; want nil", err)
	}
}

// TestMySQLSession looks at a connection of readapi's: that a server's own zone
// and character set are UTC and utf8mb4 would hide that nothing was set.
func TestMySQLSession(t *testing.T) {
	d := newMySQLDatabase(t)
	_, pool := mysqlNewAPI(t, d.env)
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	const query = "SELECT CONCAT_WS(' ', @@time_zone, @@character_set_client, @@character_set_results)"
	const want = "+00:00 utf8mb4 utf8mb4"
	var got string
	if err := pool.QueryRowContext(ctx, query).Scan(&got); err != nil || got != want {
		t.Errorf("%s = %q, %v; want %q", query, got, err, want)
	}
}

// TestMySQLSelectOnly asks the server what it was sent on readapi's only
// connection: three reads are three SELECTs, after what sets the session up, which
// asks who the server is and ends in one SET.
func TestMySQLSelectOnly(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (v INT)", "INSERT INTO sample VALUES (1)")
	api, pool := mysqlNewAPI(t, mysqlWith(d.env, "DB_MAX_CONNS", "1"))
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	for range 3 {
		mysqlWantBody(t, server.URL+"/read", `[{"v":1}]`+"\n")
	}
	got := mysqlCommands(t, pool)
	want := map[string]int{"Com_select": 1 + 3, "Com_set_option": 1, "Com_show_status": 1}
	if _, otherwise := d.exception(t, "commands that are no SELECT"); otherwise {
		want = map[string]int{"Com_select": 3}
	}
	if !maps.Equal(got, want) {
		t.Errorf("commands of the session = %v; want %v", got, want)
	}
}

// mysqlCommands counts what was sent on pool's connection, by kind.
func mysqlCommands(t testing.TB, pool *sql.DB) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	rows, err := pool.QueryContext(ctx, `SHOW SESSION STATUS LIKE 'Com\_%'`)
	if err != nil {
		t.Fatalf("SHOW SESSION STATUS = %v", err)
	}
	defer rows.Close()
	commands := map[string]int{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		if n, err := strconv.Atoi(value); err == nil && n > 0 {
			commands[name] = n
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return commands
}

// mysqlBigRows is 9 rows doubled 15 times: some 36 MB in readapi's form, more
// than the buffers of all sockets on the way hold.
const mysqlBigRows = 9 << 15

// TestMySQLBig reads one big table in the ways in which a stream can end.
func TestMySQLBig(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE big (id INT, pad CHAR(100))",
		"INSERT INTO big SELECT id, REPEAT('x', 100) FROM (SELECT 0 AS id UNION ALL SELECT 1 UNION ALL SELECT 2 "+
			"UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8) nine")
	for n := 9; n < mysqlBigRows; n *= 2 {
		d.exec(t, fmt.Sprintf("INSERT INTO big SELECT id + %d, pad FROM big", n))
	}
	d.exec(t, "CREATE TABLE small (v INT)", "INSERT INTO small VALUES (1)", mysqlFaultyView("late", 200_000), mysqlFaultyView("early", 100))
	base := mysqlServe(t, mysqlWith(d.env, "DB_TABLES", "big,small", "DB_MAX_CONNS", "1"))

	t.Run("complete", func(t *testing.T) { mysqlWantAllRows(t, base+"/read/big") })
	for _, kill := range []string{"KILL", "KILL QUERY"} {
		t.Run(kill, func(t *testing.T) {
			resp := mysqlOpen(t, base+"/read/big")
			if _, err := io.CopyN(io.Discard, resp.Body, 64<<10); err != nil {
				t.Fatalf("first part = %v", err)
			}
			d.exec(t, fmt.Sprintf("%s %d", kill, d.reading(t)))
			mysqlWantBroken(t, resp.Body)
			mysqlWantBody(t, base+"/read/small", `[{"v":1}]`+"\n")
		})
	}
	views := mysqlServe(t, mysqlWith(d.viewer(t), "DB_TABLES", "late,early", "DB_MAX_CONNS", "1"))
	t.Run("error in mid-stream", func(t *testing.T) {
		resp := mysqlOpen(t, views+"/read/late")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status = %d; want 200, because the first rows are good", resp.StatusCode)
		}
		mysqlWantBroken(t, resp.Body)
	})
	t.Run("error before the first MiB", func(t *testing.T) {
		mysqlWantError(t, views+"/read/early", http.StatusInternalServerError, "22000")
	})
}

// mysqlFaultyView makes a view of big that fails in the row after id. One of
// its columns fails with MySQL and MariaDB, and the other with MySQL and the
// embedded engine. MySQL would read a view with a subquery to its end first.
func mysqlFaultyView(name string, id int) string {
	return fmt.Sprintf("CREATE VIEW %s AS SELECT id, pad, id + %d AS range_error, "+
		"JSON_LENGTH(IF(id > %d, 'x', '[]')) AS json_error FROM big", name, math.MaxInt64-id, id)
}

// reading returns the id of the connection on which readapi reads big.
func (d *mysqlDatabase) reading(t testing.TB) (id int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mysqlTimeout)
	defer cancel()
	const query = "SELECT id FROM information_schema.processlist WHERE db = ? AND info = 'SELECT * FROM `big`'"
	if err := d.admin.QueryRowContext(ctx, query, d.name).Scan(&id); err != nil {
		t.Fatalf("%s = %v", query, err)
	}
	return id
}

// mysqlWantAllRows checks that each row of big comes once, in a whole document.
func mysqlWantAllRows(t testing.TB, url string) {
	t.Helper()
	body := bufio.NewReader(mysqlOpen(t, url).Body)
	seen := make([]bool, mysqlBigRows)
	pad := `,"pad":"` + strings.Repeat("x", 100) + `"}`
	for n := range mysqlBigRows {
		head, tail := `{"id":`, pad+",\n"
		if n == 0 {
			head = `[{"id":`
		}
		if n == mysqlBigRows-1 {
			tail = pad + "]\n"
		}
		line, err := body.ReadString('\n')
		digits, isRow := strings.CutPrefix(line, head)
		digits, isWhole := strings.CutSuffix(digits, tail)
		id, numErr := strconv.Atoi(digits)
		if !isRow || !isWhole || numErr != nil || id < 0 || id >= mysqlBigRows || seen[id] {
			t.Fatalf("line %d = %.200q, %v; want a row with a new id", n, line, err)
		}
		seen[id] = true
	}
	if rest, err := body.ReadByte(); err != io.EOF {
		t.Errorf("after the last row: %q, %v; want %v", rest, err, io.EOF)
	}
}

// A fault of the program that panics costs the read that it is in, and no
// connection.
func TestMySQLPanicLosesNoConnection(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY)")
	api, pool := mysqlNewAPI(t, mysqlWith(d.env, "DB_MAX_CONNS", "2"))
	fault := &exec.Statement{Text: "SELECT 1", Shape: &encode.Shape{Branches: make([]encode.Branch, 2), Column: 99}}
	for range 10 {
		call := exec.Call{Deadline: time.Now().Add(mysqlAtOnce)}
		if _, err := api.db.Fetch(t.Context(), fault, call); exec.KindOf(err) != exec.Internal || !strings.Contains(err.Error(), "panic") {
			t.Fatalf("Fetch = %v; want the panic", err)
		}
	}
	mysqlAwait(t, "no connection in use", func() bool { return pool.Stats().InUse == 0 })
}
