// Package connect makes connections to the database. Rules: all of connecting is
// bounded in time; every session is pinned to what correctness rests on; no bytes
// from the other side can do more than break a connection; and a query that is
// given up ends on the server too, without hitting anybody else.
package connect

// This file makes connections: each knows which thread of which server it is.
// conn.go has what becomes of them, wire.go and dial.go what is below them,
// kill.go the queries that nobody waits for any more.

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// netWriteTimeout is net_write_timeout of every session: how long the server
	// waits for a client of ours that pauses. It must be longer than any pause
	// that a slow client is allowed, and no day: a table that is being read
	// cannot be altered.
	netWriteTimeout = 10 * time.Minute
	// queryBackstop ends queries of a readapi that has died. Others end because
	// they are killed. Only MariaDB (max_statement_time) and MySQL
	// (max_execution_time) have it.
	queryBackstop = 6 * time.Hour
	// sideConns is how many connections a Connector opens besides the pool's.
	sideConns = 2
	// sideConnAge is for the side connections what the pool's age is for it.
	sideConnAge = 3 * time.Minute
	// closeWait bounds how long Close waits for queries to end.
	closeWait = 2 * time.Second
)

// engine is what differs between servers.
type engine struct {
	identity string // query: the connection's id; what no two servers or lives of one have in common
	backstop string // assignment; or empty
	allRows  string // sql_select_limit that is none; or empty
}

// noLimit is what MySQL and MariaDB take for no sql_select_limit.
const noLimit = "18446744073709551615"

// The start of the server's life, which Uptime and the time of the same query
// tell to the second, never changes while it lives.
var (
	errNoIdentity = errors.New("another answer than that of MySQL or MariaDB")

	engineMariaDB = engine{
		identity: identityQuery("@@datadir", "information_schema.GLOBAL_STATUS"),
		backstop: fmt.Sprintf("max_statement_time=%d", int(queryBackstop.Seconds())),
		allRows:  noLimit,
	}
	engineMySQL = engine{
		identity: identityQuery("@@server_uuid", "performance_schema.global_status"),
		backstop: fmt.Sprintf("max_execution_time=%d", queryBackstop.Milliseconds()),
		allRows:  noLimit,
	}
	engineOther = engine{} // Vitess, a proxy, and what else speaks the protocol
)

func identityQuery(unique, status string) string {
	return "SELECT CONCAT(CONNECTION_ID()), CONCAT_WS('/', @@hostname, @@port, @@server_id, " + unique +
		", UNIX_TIMESTAMP() - (SELECT VARIABLE_VALUE FROM " + status + " WHERE VARIABLE_NAME = 'Uptime'))"
}

// Connector makes connections for a pool. It is safe for concurrent use.
type Connector struct {
	cfg       *mysql.Config // never handed out: the driver changes what it is given
	params    map[string]string
	timeout   time.Duration
	log       *slog.Logger
	dialer    dialer
	side      *sql.DB // for KILL and Ping
	warming   atomic.Bool
	isMariaDB atomic.Bool // the last server that was met
	reaper    *reaper
}

// NewConnector returns a connector whose Connect takes no longer than timeout.
// cfg should leave the character set alone, which costs a round trip; its Params
// are set, too. They may replace the backstop, but nothing that is pinned.
func NewConnector(cfg *mysql.Config, timeout time.Duration, log *slog.Logger) (*Connector, error) {
	if _, err := mysql.NewConnector(cfg); err != nil { // checks cfg
		return nil, err
	}
	c := &Connector{cfg: cfg.Clone(), params: maps.Clone(cfg.Params), timeout: timeout, log: log, dialer: newDialer()}
	c.cfg.Params = nil
	c.cfg.Timeout = 0        // it bounds dialling only
	if cfg.DialFunc != nil { // of a test, or a way of the operator's own
		c.dialer.dial = cfg.DialFunc
	}
	if c.cfg.MaxAllowedPacket <= 0 {
		c.cfg.MaxAllowedPacket = mysql.NewConfig().MaxAllowedPacket // 0 would ask the server, each time
	}
	c.side = sql.OpenDB(sideConnector{c})
	c.side.SetMaxOpenConns(sideConns)
	c.side.SetMaxIdleConns(sideConns)
	c.side.SetConnMaxLifetime(sideConnAge)
	c.reaper = newReaper(c.side, log)
	return c, nil
}

// Of returns the Connector that pool was opened with, or nil.
func Of(pool *sql.DB) *Connector {
	c, _ := pool.Driver().(*Connector)
	return c
}

// IsMariaDB reports whether the last server that was met was MariaDB.
func (c *Connector) IsMariaDB() bool { return c.isMariaDB.Load() }

// Driver implements driver.Connector: it returns c.
func (c *Connector) Driver() driver.Driver { return c }

// Open implements driver.Driver. There are no data source names here.
func (c *Connector) Open(string) (driver.Conn, error) {
	return nil, errors.New("connections are opened by a Connector only")
}

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	cn, err := c.connect(ctx, c.reaper)
	if err == nil {
		c.warm()
	}
	return cn, err
}

// warm makes a side connection if there is none: when it is needed the server
// may be too busy to let anybody in.
func (c *Connector) warm() {
	if c.side.Stats().OpenConnections > 0 || c.warming.Swap(true) {
		return
	}
	c.reaper.work.add()
	go func() { // ends with Connect
		defer c.reaper.work.done()
		defer c.warming.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
		defer cancel()
		if err := c.Ping(ctx); err != nil {
			c.log.Debug("no side connection", "err", err)
		}
	}()
}

// sideConnector makes connections whose queries are not killed: they are short,
// and do the killing.
type sideConnector struct{ *Connector }

func (c sideConnector) Connect(ctx context.Context) (driver.Conn, error) {
	return c.connect(ctx, nil)
}

// Close hides the one of Connector, which closes the pool that would call it.
func (sideConnector) Close() error { return nil }

// Ping asks the database for a sign of life. It needs no connection of the pool.
func (c *Connector) Ping(ctx context.Context) error { return c.side.PingContext(ctx) }

// Wait waits until no query is under way, and those that were given up have
// ended on the server, or ctx ends.
func (c *Connector) Wait(ctx context.Context) error { return c.reaper.work.wait(ctx) }

// Close waits, for a short time, for queries to end. The Connector cannot kill
// or ping after that. (*sql.DB).Close calls it.
func (c *Connector) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	if err := c.Wait(ctx); err != nil {
		c.log.Debug("queries go on in the database", "err", err)
	}
	c.reaper.stop()
	return c.side.Close()
}

// connect makes a connection, whose queries r ends if they are given up.
func (c *Connector) connect(ctx context.Context, r *reaper) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	inner, w, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	cn := &conn{driverConn: inner, wire: w, reaper: r}
	if err := c.setUp(ctx, cn); err != nil {
		cn.Close()
		return nil, err
	}
	return cn, nil
}

// login makes a connection of the driver. The wire has nothing more to check
// after it.
func (c *Connector) login(ctx context.Context) (inner driverConn, w *wire, err error) {
	said := driverTalk{Logger: c.cfg.Logger}
	defer func() {
		if r := recover(); r != nil {
			err = malformed(r)
		}
		if err != nil && w != nil {
			w.Close()
			err = said.explain(cmp.Or(w.err, err))
		}
	}()
	cfg := c.cfg.Clone()
	cfg.Logger = &said
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := c.dialer.Dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		w = newWire(raw, cfg.TLS != nil || cfg.TLSConfig != "" && cfg.TLSConfig != "false")
		return w, nil
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, nil, err
	}
	made, err := connector.Connect(ctx)
	if err != nil {
		return nil, w, err
	}
	w.ready()
	return made.(driverConn), w, nil
}

// driverTalk is what the driver says while it logs in: of a server that does not
// take our certificate, and says so after the handshake, its error says nothing.
type driverTalk struct {
	mysql.Logger
	alert error
}

// Print implements mysql.Logger. The driver has made a text of the error.
func (d *driverTalk) Print(v ...any) {
	const op = "remote error"
	if _, text, found := strings.Cut(fmt.Sprint(v...), op+": "); found {
		d.alert = &net.OpError{Op: op, Err: errors.New(text)}
	}
	if d.Logger != nil {
		d.Logger.Print(v...)
	}
}

// explain returns err with what the server has said about it.
func (d *driverTalk) explain(err error) error {
	if d.alert == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, d.alert)
}

// setUp learns who cn is and pins its session: two round trips.
func (c *Connector) setUp(ctx context.Context, cn *conn) error {
	order := []engine{engineMySQL, engineMariaDB}
	isMariaDB := strings.Contains(cn.wire.version, "MariaDB")
	c.isMariaDB.Store(isMariaDB)
	if isMariaDB {
		slices.Reverse(order)
	}
	if strings.Contains(cn.wire.version, "Vitess") { // one of its servers would answer
		order = nil
	}
	known := engineOther
	for _, e := range order {
		id, server, err := cn.identify(ctx, e.identity)
		if err == nil && server != "" {
			if cn.setIdentity(id, server); cn.server == "" { // that Vitess is renamed is no reason to fail
				e.allRows = ""
			}
			known = e
			break
		}
		var answer *mysql.MySQLError
		if err != nil && !errors.As(err, &answer) && err != errNoIdentity {
			return err
		}
		c.log.Debug("the database does not tell who it is", "err", err)
	}
	_, err := cn.ExecContext(ctx, c.sessionQuery(known), nil)
	return c.sessionError(err)
}

// sessionQuery is the SET with which every session begins. What comes later
// wins.
func (c *Connector) sessionQuery(e engine) string {
	var set []string
	if e.backstop != "" {
		set = append(set, e.backstop)
	}
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		set = append(set, name+"="+c.params[name])
	}
	names := "NAMES utf8mb4"
	if c.cfg.Collation != "" {
		names += " COLLATE " + c.cfg.Collation
	}
	set = append(set, names,
		"time_zone='+00:00'", // TIMESTAMP arrives in UTC
		"autocommit=1",       // a transaction would show old rows, and hold up ALTER TABLE
		"sql_select_limit="+cmp.Or(e.allRows, "9223372036854775807"),
		"net_write_timeout="+strconv.Itoa(int(netWriteTimeout.Seconds())))
	return "SET " + strings.Join(set, ", ")
}
