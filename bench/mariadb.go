package main

// This file owns the database: a private MariaDB that can be killed and started
// again, or one that somebody else runs (TEST_DB_*).

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// The accounts of a private MariaDB. Every character of the reader's password
// needs care in some DSN.
const (
	adminUser, adminPassword   = "root", "root"
	readerUser, readerPassword = "reader", "p@ss:w/rd#1$"
)

// errNoMariaDB says what to install.
var errNoMariaDB = errors.New("no mariadbd: install mariadb-server, or set TEST_DB_HOST")

// dbServer is a database server and two accounts on it: the reader is for the
// servers that are measured.
type dbServer struct {
	host                       string
	port                       int
	adminUser, adminPassword   string
	readerUser, readerPassword string
}

// reader is the server and the reader's account, as variables of readapi. There
// is no DB_NAME among them.
func (d dbServer) reader() []string {
	return []string{
		"DB_HOST=" + d.host, "DB_PORT=" + strconv.Itoa(d.port),
		"DB_USER=" + d.readerUser, "DB_PASSWORD=" + d.readerPassword,
	}
}

// admin opens a pool that may do everything, in the database name, which may be
// empty. The caller closes it.
func (d dbServer) admin(name string) (*sql.DB, error) {
	return d.open(d.adminUser, d.adminPassword, name)
}

// open opens a pool of the account in the database name. It does not connect.
func (d dbServer) open(account, password, name string) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(d.host, strconv.Itoa(d.port))
	cfg.User, cfg.Passwd, cfg.DBName = account, password, name
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// externalDB is the server that TEST_DB_* name; ok is false if they do not.
func externalDB() (d dbServer, ok bool, err error) {
	d.host = os.Getenv("TEST_DB_HOST")
	if d.host == "" {
		return d, false, nil
	}
	d.port, err = strconv.Atoi(cmp.Or(os.Getenv("TEST_DB_PORT"), "3306"))
	if err != nil {
		return d, false, fmt.Errorf("TEST_DB_PORT: %w", err)
	}
	d.adminUser, d.adminPassword = os.Getenv("TEST_DB_USER"), os.Getenv("TEST_DB_PASSWORD")
	d.readerUser, d.readerPassword = os.Getenv("TEST_DB_READER"), os.Getenv("TEST_DB_READER_PASSWORD")
	if d.readerUser == "" {
		d.readerUser, d.readerPassword = d.adminUser, d.adminPassword
	}
	return d, true, nil
}

// mariaDB is a private server on a loopback port. Its methods are for one
// goroutine at a time.
type mariaDB struct {
	dbServer
	*process // of the last start; nil before

	ps      *processes
	dir     string   // its files, in the folder of ps
	owner   string   // system user that it runs as: never root
	options []string // of the server, beside those that all have
}

// newMariaDB makes the data directory dir inside the folder of ps, chooses a
// free port and starts the server with further options.
func newMariaDB(ctx context.Context, ps *processes, dir string, options ...string) (*mariaDB, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &mariaDB{ps: ps, dir: filepath.Join(ps.dir, dir), options: options, dbServer: dbServer{
		host: "127.0.0.1", port: port,
		adminUser: adminUser, adminPassword: adminPassword,
		readerUser: readerUser, readerPassword: readerPassword,
	}}
	if err := m.install(ctx); err != nil {
		return nil, fmt.Errorf("install MariaDB: %w", err)
	}
	return m, m.start(ctx)
}

// install makes the data directory and the accounts.
func (m *mariaDB) install(ctx context.Context) error {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		return errNoMariaDB
	}
	if err := m.makeDir(); err != nil {
		return err
	}
	accounts := filepath.Join(m.dir, "accounts.sql")
	// The flush: CREATE USER needs the tables of rights loaded.
	text := fmt.Sprintf(`FLUSH PRIVILEGES;
CREATE USER '%s'@'127.0.0.1' IDENTIFIED BY '%s';
GRANT ALL ON *.* TO '%s'@'127.0.0.1' WITH GRANT OPTION;
CREATE USER '%s'@'127.0.0.1' IDENTIFIED BY '%s';
GRANT SELECT ON *.* TO '%s'@'127.0.0.1';
`, adminUser, adminPassword, adminUser, readerUser, readerPassword, readerUser)
	if err := os.WriteFile(accounts, []byte(text), 0o644); err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--user="+m.owner,
		"--datadir="+m.dataDir(), "--skip-test-db", "--extra-file="+accounts).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// makeDir makes the folder and decides who owns it.
func (m *mariaDB) makeDir() error {
	if err := os.Mkdir(m.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	current, err := user.Current()
	if err != nil {
		return err
	}
	m.owner = current.Username
	if current.Uid != "0" {
		return nil
	}
	m.owner = "mysql"
	mysqlUser, err := user.Lookup(m.owner)
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(mysqlUser.Uid) // numbers on every Unix
	gid, _ := strconv.Atoi(mysqlUser.Gid)
	return os.Chown(m.dir, uid, gid)
}

func (m *mariaDB) dataDir() string { return filepath.Join(m.dir, "data") }

// start starts the server, again on the same data and port after a kill or a
// stop, and returns once its port answers.
func (m *mariaDB) start(ctx context.Context) (err error) {
	m.process, err = m.ps.start(ctx, command{name: "mariadb", port: m.port, args: append([]string{
		"mariadbd", "--no-defaults", "--user=" + m.owner, "--datadir=" + m.dataDir(),
		"--socket=" + filepath.Join(m.dir, "sock"), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(m.port),
		"--skip-name-resolve", "--character-set-server=utf8mb4",
		"--innodb-buffer-pool-size=512M",     // the largest table fits: no disk is measured
		"--innodb-flush-log-at-trx-commit=2", // a commit survives kill -9
	}, m.options...)})
	return err
}
