package main

// This file owns the way to the database: the pool, waiting for the database at
// start, one query and its rows, and telling the kinds of errors apart. Rule:
// what leaves this file as an error is a *dbError, so that nobody else has to
// know the driver.

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// maxConnAge spreads connections over the nodes behind a proxy again and
	// stays below the idle limits of firewalls and proxies between.
	maxConnAge = 3 * time.Minute
	// pingTimeout bounds /readyz, which promises an answer within 2 s.
	pingTimeout = 1500 * time.Millisecond
	// Back-off while waiting for the database.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 2 * time.Second
	// Back-off of a read that is sent again: somebody waits for it.
	minRetry = 10 * time.Millisecond
	maxRetry = 200 * time.Millisecond
	// maxDialTime leaves time for another attempt if a host does not answer.
	maxDialTime = 3 * time.Second

	// maxKeptBytes is the size up to which a buffer is kept for the next read.
	maxKeptBytes = 2 * maxSmallBytes
)

// errKind is what a failed read means to the one who asked.
type errKind uint8

const (
	kindInternal errKind = iota // a fault that neither waiting nor anything known mends
	kindAway                    // the database is not there, not ready or full: it may come back
	kindKilled                  // the server ended the query, not the connection
	kindPool                    // every connection of the pool stayed busy
	kindMemory                  // slow clients hold too many results
	kindTimeout                 // the query ran too long
	kindCanceled                // the one who asked has gone
	kindAccess                  // the server refuses this user
	kindDatabase                // there is no such database
	kindHost                    // the server refuses this host
	kindTLS                     // no connection as safe as configured
	kindChanged                 // the columns are not those that were learned
	kindCharset                 // the column's character set lacks a character that is asked for
	kindNoTable                 // the table does not exist
	kindNoGrant                 // the user may not read the table
)

// errNumbers maps error numbers of MySQL (manual, Server Error Message
// Reference) and MariaDB to kinds. Others are kindInternal.
var errNumbers = map[uint16]errKind{
	1040: kindAway, // ER_CON_COUNT_ERROR: too many connections, until one ends
	1047: kindAway, // ER_UNKNOWN_COM_ERROR: a Galera node that is not, or not yet, in the cluster
	1053: kindAway, // ER_SERVER_SHUTDOWN: going down, often to come back
	1077: kindAway, // ER_NORMAL_SHUTDOWN
	1079: kindAway, // ER_SHUTDOWN_COMPLETE
	1158: kindAway, // ER_NET_READ_ERROR: the server lost this connection
	1159: kindAway, // ER_NET_READ_INTERRUPTED
	1160: kindAway, // ER_NET_ERROR_ON_WRITE
	1161: kindAway, // ER_NET_WRITE_INTERRUPTED
	1203: kindAway, // ER_TOO_MANY_USER_CONNECTIONS
	1226: kindAway, // ER_USER_LIMIT_REACHED: per hour; it passes
	1927: kindAway, // ER_CONNECTION_KILLED (MariaDB)
	2002: kindAway, // CR_CONNECTION_ERROR: clients' numbers, passed on by proxies
	2003: kindAway, // CR_CONN_HOST_ERROR
	2006: kindAway, // CR_SERVER_GONE_ERROR
	2013: kindAway, // CR_SERVER_LOST
	3168: kindAway, // ER_SERVER_ISNT_AVAILABLE
	3169: kindAway, // ER_SESSION_WAS_KILLED
	4031: kindAway, // ER_CLIENT_INTERACTION_TIMEOUT: closed for idling
	9001: kindAway, // ProxySQL: no backend answered in time

	1205: kindKilled, // ER_LOCK_WAIT_TIMEOUT
	1213: kindKilled, // ER_LOCK_DEADLOCK: a Galera node gives way to a write
	1317: kindKilled, // ER_QUERY_INTERRUPTED: also by a server that shuts down

	1969: kindTimeout, // ER_STATEMENT_TIMEOUT (MariaDB max_statement_time)
	3024: kindTimeout, // ER_QUERY_TIMEOUT (max_execution_time)

	1054: kindChanged, // ER_BAD_FIELD_ERROR: a column that was there

	1267: kindCharset, // ER_CANT_AGGREGATE_2COLLATIONS
	1270: kindCharset, // ER_CANT_AGGREGATE_3COLLATIONS
	1271: kindCharset, // ER_CANT_AGGREGATE_NCOLLATIONS
	3854: kindCharset, // ER_CANNOT_CONVERT_STRING
	3988: kindCharset, // ER_IMPOSSIBLE_STRING_CONVERSION

	1044: kindDatabase, // ER_DBACCESS_DENIED_ERROR
	1045: kindAccess,   // ER_ACCESS_DENIED_ERROR
	1049: kindDatabase, // ER_BAD_DB_ERROR
	1129: kindHost,     // ER_HOST_IS_BLOCKED
	1130: kindHost,     // ER_HOST_NOT_PRIVILEGED
	1142: kindNoGrant,  // ER_TABLEACCESS_DENIED_ERROR
	1143: kindNoGrant,  // ER_COLUMNACCESS_DENIED_ERROR
	1146: kindNoTable,  // ER_NO_SUCH_TABLE
	1356: kindNoGrant,  // ER_VIEW_INVALID: or it lost its table
	1698: kindAccess,   // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
	1820: kindAccess,   // ER_MUST_CHANGE_PASSWORD
	1862: kindAccess,   // ER_MUST_CHANGE_PASSWORD_LOGIN
	3118: kindAccess,   // ER_ACCOUNT_HAS_BEEN_LOCKED
	3159: kindTLS,      // ER_SECURE_TRANSPORT_REQUIRED
	4151: kindAccess,   // ER_ACCOUNT_HAS_BEEN_LOCKED (MariaDB)
}

// startHints says which variable to look at when an error at start is one that
// waiting does not mend. Kinds that are not here are waited out.
var startHints = map[errKind]string{
	kindAccess:   "look at DB_USER and DB_PASSWORD",
	kindDatabase: "look at DB_NAME, and at what DB_USER may read",
	kindHost:     "look at DB_HOST, and at the hosts that DB_USER may come from",
	kindTLS:      "look at DB_TLS",
}

// dbError is an error of this file: its kind, and the cause for the log.
type dbError struct {
	kind errKind
	err  error
}

func (e *dbError) Error() string { return e.err.Error() }
func (e *dbError) Unwrap() error { return e.err }

var (
	errFirstRow = errors.New("no first row within DB_TIMEOUT")
	errChanged  = errors.New("the columns of the table have changed")
	errPoolBusy = errors.New("no free connection within DB_TIMEOUT: look at DB_MAX_CONNS")
)

// database is the pool and what is known about the server behind it. It is safe
// for concurrent use.
type database struct {
	pool     *sql.DB
	timeout  time.Duration
	encoding encoding
	log      *slog.Logger
	buffers  sync.Pool   // *[]byte
	away     atomic.Bool // the last that was heard: it is not there
}

// openPool makes the pool. It does not connect.
func openPool(cfg config, log *slog.Logger) (*sql.DB, error) {
	connector, err := mysql.NewConnector(driverConfig(cfg, log))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(cfg.maxConns)
	pool.SetMaxIdleConns(cfg.maxConns)
	pool.SetConnMaxLifetime(maxConnAge)
	return pool, nil
}

// driverConfig translates cfg for the driver. No DSN string is ever made, so
// that a password may hold any character.
func driverConfig(cfg config, log *slog.Logger) *mysql.Config {
	d := mysql.NewConfig()
	d.Net, d.Addr = "tcp", net.JoinHostPort(cfg.dbHost, strconv.Itoa(cfg.dbPort))
	if strings.HasPrefix(cfg.dbHost, "/") {
		d.Net, d.Addr = "unix", cfg.dbHost
	}
	d.User, d.Passwd, d.DBName = cfg.dbUser, cfg.dbPassword, cfg.dbName
	d.Timeout = min(cfg.dbTimeout, maxDialTime)
	d.Params = map[string]string{
		"time_zone": "'+00:00'", // TIMESTAMP arrives in UTC
		// The database would cut a client that takes a large result slowly after a
		// minute without room for more; STALL_TIMEOUT is what decides.
		"net_write_timeout": "86400",
	}
	d.Logger = driverLogger{log}
	// The driver puts the arguments into the query. That saves the round trips of
	// a prepared statement, and FLOAT arrives as without arguments.
	d.InterpolateParams = true
	if cfg.tlsMode != "preferred" || d.Net != "unix" { // a socket needs no encryption
		d.TLSConfig = cfg.tlsMode
	}
	if cfg.tlsRoots != nil {
		d.TLS = &tls.Config{RootCAs: cfg.tlsRoots, ServerName: cfg.dbHost}
	}
	_ = d.Apply(mysql.Charset("utf8mb4", "")) // this option has no error
	return d
}

// driverLogger passes on what the driver says while it returns an error anyway.
type driverLogger struct{ log *slog.Logger }

func (l driverLogger) Print(v ...any) { l.log.Debug("driver", "text", fmt.Sprint(v...)) }

// localPort is the client's port in an error of package net.
var localPort = regexp.MustCompile(`:\d+->`)

// await returns nil once the database has answered. It tries for ever, until
// ctx ends or the database says something that waiting does not mend.
func (d *database) await(ctx context.Context) error {
	said := ""
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		version, err := d.version(ctx)
		if err == nil {
			d.away.Store(false)
			d.log.Info("connected to the database", "version", version)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if hint := startHints[kindOf(err)]; hint != "" {
			return fmt.Errorf("open database: %w: %s", err, hint)
		}
		d.away.Store(true)
		// Once per reason. The local port, new each time, makes no new one.
		if text := localPort.ReplaceAllString(err.Error(), "->"); text != said {
			said = text
			d.log.Warn("waiting for the database", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(backoff):
		}
	}
}

// version asks the server for its version.
func (d *database) version(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := d.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return "", newDBError(err)
	}
	return version, nil
}

// ping asks the database for a sign of life.
func (d *database) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	err := d.pool.PingContext(ctx)
	if err != nil && ctx.Err() != nil && d.poolBusy() {
		err = &dbError{kindPool, errPoolBusy}
	}
	return d.note(err)
}

// fetch sends query and returns its result, or as much of a large one as makes
// it large. While nothing has been handed out a read can be sent again, so a
// lost connection is retried until DB_TIMEOUT has passed. fetch calls firstRow
// once the first row is there, or it is certain that there is none. The caller
// closes the rowStream.
func (d *database) fetch(ctx context.Context, st *statement, firstRow func()) (*rowStream, error) {
	giveUp := time.Now().Add(d.timeout)
	var before error
	for backoff := minRetry; ; backoff = min(2*backoff, maxRetry) {
		s, err := d.try(ctx, st, time.Until(giveUp), firstRow)
		switch {
		case err == nil:
			return s, d.note(nil)
		case before != nil && (kindOf(err) == kindInternal || kindOf(err) == kindTimeout):
			// What came before says more than an unknown error, or than a last
			// attempt without time.
			return nil, &dbError{kindOf(before), errors.Join(before, err)}
		case !mayRetry(kindOf(err)):
			return nil, err
		case !pause(ctx, backoff, giveUp):
			return nil, d.note(err)
		case before != nil: // one lost connection is not a lost database
			d.note(err)
		}
		before = err
	}
}

// mayRetry reports whether a read that failed with k may succeed when it is sent
// again.
func mayRetry(k errKind) bool { return k == kindAway || k == kindKilled }

// pause waits for about d and reports whether ctx lasts and giveUp is not near.
func pause(ctx context.Context, d time.Duration, giveUp time.Time) bool {
	d = d/2 + rand.N(d) // so that many servers do not come back at once
	if time.Until(giveUp) <= d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// try is one attempt of fetch. Its first row must arrive within timeout.
func (d *database) try(ctx context.Context, st *statement, timeout time.Duration, firstRow func()) (*rowStream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(timeout, func() { cancel(errFirstRow) })
	s := &rowStream{db: d, cancel: cancel, body: d.takeBuffer()}
	err := s.open(ctx, st)
	if !late.Stop() || err != nil {
		err = d.queryError(ctx, s, err)
	} else {
		firstRow()
		err = s.fill(maxSmallBytes)
	}
	if err != nil {
		s.discard(err)
		return nil, err
	}
	return s, nil
}

// queryError tells what err, with which s could not be opened, comes from.
func (d *database) queryError(ctx context.Context, s *rowStream, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return newDBError(err)
	case cause != errFirstRow:
		return &dbError{kindCanceled, cause}
	case s.conn != nil:
		return &dbError{kindTimeout, errFirstRow}
	case d.poolBusy():
		return &dbError{kindPool, errPoolBusy}
	default:
		return &dbError{kindAway, errFirstRow}
	}
}

// lateError says why a read has waited for DB_TIMEOUT without a first row.
func (d *database) lateError() error {
	if d.away.Load() {
		return &dbError{kindAway, errFirstRow}
	}
	return &dbError{kindTimeout, errFirstRow}
}

// takeBuffer returns an empty buffer, which giveBuffer takes back.
func (d *database) takeBuffer() []byte {
	if b, ok := d.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

func (d *database) giveBuffer(b []byte) {
	if cap(b) > 0 && cap(b) <= maxKeptBytes {
		d.buffers.Put(&b)
	}
}

// poolBusy reports whether every connection of the pool is taken by somebody.
func (d *database) poolBusy() bool {
	stats := d.pool.Stats()
	return stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections && !d.away.Load()
}

// note logs that the database went away or came back, once per change, and
// returns err as a *dbError, or nil.
func (d *database) note(err error) error {
	if err == nil {
		if d.away.Swap(false) {
			d.log.Info("the database is back")
		}
		return nil
	}
	err = newDBError(err)
	if kindOf(err) == kindAway && !d.away.Swap(true) {
		d.log.Warn("the database is away", "err", err)
	}
	return err
}

// rowStream is a query under way: its rows are read from the connection as they
// are asked for. It belongs to one goroutine.
type rowStream struct {
	db      *database
	cancel  context.CancelCauseFunc
	conn    *sql.Conn
	rows    *sql.Rows
	columns []*sql.ColumnType
	encoder *rowEncoder
	more    bool // rows stands on a row that is not encoded yet

	body []byte // encoded rows that nobody has taken yet
	done bool   // body ends the result
}

// open takes a connection, sends the query and waits for the first row. To take
// the connection first tells a full pool from a slow query.
func (s *rowStream) open(ctx context.Context, st *statement) (err error) {
	if s.conn, err = s.db.pool.Conn(ctx); err != nil {
		return err
	}
	if s.rows, err = s.conn.QueryContext(ctx, st.text, st.args...); err != nil {
		return err
	}
	if s.columns, err = s.rows.ColumnTypes(); err != nil {
		return err
	}
	if !st.expects(s.columns) {
		return &dbError{kindChanged, errChanged}
	}
	s.encoder = newRowEncoder(s.columns, st.fields, st.format, s.db.encoding)
	s.more = s.rows.Next()
	return s.rows.Err()
}

// fill appends encoded rows to body until it holds more than size bytes or the
// result is done. After an error, a *dbError, body must not be taken for a
// result.
func (s *rowStream) fill(size int) (err error) {
	for s.more && len(s.body) <= size {
		if s.body, err = s.encoder.appendRow(s.body, s.rows); err != nil {
			return newDBError(err)
		}
		s.more = s.rows.Next()
	}
	if s.more {
		return nil
	}
	if err := s.rows.Err(); err != nil {
		return newDBError(err)
	}
	s.body, s.done = s.encoder.appendEnd(s.body), true
	return nil
}

// isSmall reports whether body is the whole of a small result.
func (s *rowStream) isSmall() bool { return s.done && len(s.body) <= maxSmallBytes }

// discard is Close after err. If the server that answered is stopping, or a node
// that is not ready, the next attempt shall not meet it again: the connection
// does not go back to the pool.
func (s *rowStream) discard(err error) {
	var answer *mysql.MySQLError
	if s.conn != nil && errors.As(err, &answer) && mayRetry(kindOf(err)) {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	s.Close()
}

// Close ends the query and gives connection and memory back. Rows that were not
// read are not fetched: the connection is closed instead, which costs less than
// a table.
func (s *rowStream) Close() {
	s.cancel(context.Canceled)
	if s.rows != nil {
		s.rows.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.db.giveBuffer(s.body)
	s.body = nil
}

// newDBError gives err its kind. A *dbError stays as it is.
func newDBError(err error) error {
	var known *dbError
	if errors.As(err, &known) {
		return err
	}
	return &dbError{kindOf(err), err}
}

// kindOf tells the kind of an error of the driver or of this file.
func kindOf(err error) errKind {
	var (
		known    *dbError
		numbered *mysql.MySQLError
		network  net.Error
	)
	switch {
	case errors.As(err, &known):
		return known.kind
	case errors.As(err, &numbered):
		return errNumbers[numbered.Number]
	case errors.Is(err, context.Canceled):
		return kindCanceled
	case isTLSError(err):
		return kindTLS
	case isAuthError(err):
		return kindAccess
	case errors.As(err, &network), isLostConn(err):
		return kindAway
	default:
		return kindInternal
	}
}

func isTLSError(err error) bool {
	var unverified *tls.CertificateVerificationError
	return errors.As(err, &unverified) || errors.Is(err, mysql.ErrNoTLS)
}

// isAuthError reports whether the server wants a way of logging in that the
// driver has not or does not allow.
func isAuthError(err error) bool {
	return errors.Is(err, mysql.ErrCleartextPassword) || errors.Is(err, mysql.ErrNativePassword) ||
		errors.Is(err, mysql.ErrOldPassword) || errors.Is(err, mysql.ErrUnknownPlugin)
}

// isLostConn reports whether the connection ended under the driver.
func isLostConn(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
