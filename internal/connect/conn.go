package connect

// This file owns the connections of the pool, around those of the driver. They
// know whether a query is under way, so that one that is given up can be ended,
// and an answer that makes no sense to the driver is an error of a connection
// that is not used again, never a panic. database/sql locks a connection and
// all that belongs to it.

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// drainTime bounds how long rows that nobody reads are read, so that the
	// connection can be used again. A new connection costs less than a table.
	drainTime = 100 * time.Millisecond
	// quitTime bounds saying good-bye.
	quitTime = time.Second
)

// What the driver's types can do.
type (
	driverConn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.NamedValueChecker
		driver.Pinger
		driver.QueryerContext
		driver.SessionResetter
		driver.Validator
	}
	driverStmt interface {
		driver.Stmt
		driver.NamedValueChecker
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	driverRows interface {
		driver.RowsNextResultSet
		driver.RowsColumnTypeDatabaseTypeName
		driver.RowsColumnTypeNullable
		driver.RowsColumnTypePrecisionScale
		driver.RowsColumnTypeScanType
	}
)

// conn is a connection.
type conn struct {
	driverConn
	wire   *wire
	reaper *reaper // nil if its queries are not killed
	id     uint64  // of its thread on the server
	server string  // see engine.identity; empty if it cannot be told

	isBusy   bool   // a command was sent whose end has not been seen
	isBroken bool   // not to be used again
	text     string // of the query under way; empty if it needs no end
	given    *victim
	unwatch  func() bool // ends the watch over the context of the command under way; or nil
}

// identify asks query, an engine's, who this connection is.
func (c *conn) identify(ctx context.Context, query string) (id uint64, server string, err error) {
	rows, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return 0, "", err
	}
	defer rows.Close()
	row := make([]driver.Value, 2)
	if len(rows.Columns()) != len(row) {
		return 0, "", errNoIdentity
	}
	if err := rows.Next(row); err != nil {
		return 0, "", err
	}
	if id, err = strconv.ParseUint(fmt.Sprintf("%s", row[0]), 10, 64); err != nil {
		return 0, "", errNoIdentity
	}
	return id, fmt.Sprintf("%s", row[1]), nil
}

// setIdentity keeps who the connection is. A proxy that speaks the protocol
// greets with an id of its own and may give the server's thread to somebody
// else: then nobody is killed.
func (c *conn) setIdentity(id uint64, server string) {
	if uint32(id) == c.wire.threadID { // the greeting has these bits only
		c.id, c.server = id, server
	}
}

// begin notes that a command is sent, which is given up when ctx ends. The driver
// is not told of ctx: it would hand each command to a goroutine and take it back,
// which woke two threads.
func (c *conn) begin(ctx context.Context, text string) {
	c.isBusy, c.text = true, text
	if ctx.Done() != nil {
		c.unwatch = context.AfterFunc(ctx, func() { c.wire.interrupt(ctx.Err()) })
	}
	c.wire.expectReply()
	if c.reaper != nil {
		c.reaper.work.add()
	}
}

// end notes that the command has ended on the server.
func (c *conn) end() {
	if !c.isBusy {
		return
	}
	c.isBusy = false
	if c.unwatch != nil && !c.unwatch() { // the wire is being closed
		c.isBroken = true
	}
	c.unwatch = nil
	if c.reaper != nil {
		c.reaper.work.done()
	}
}

// failed notes what err says about the command that was sent, and returns what it
// comes from.
func (c *conn) failed(err error) error {
	var answer *mysql.MySQLError
	switch cause := c.wire.cause.Load(); {
	case errors.As(err, &answer): // that is an end
		c.end()
	case cause != nil:
		err = *cause
		c.abandon()
	case errors.Is(err, driver.ErrSkip), errors.Is(err, driver.ErrBadConn): // it was not sent
		c.end()
	default:
		c.abandon()
	}
	return err
}

// abandon gives the connection up, and its query, if one is under way.
func (c *conn) abandon() {
	c.isBroken = true
	c.wire.Close()
	if c.isBusy && c.reaper != nil && c.text != "" && c.server != "" {
		c.given = c.reaper.add(c.id, c.server, c.text)
	}
	c.end()
}

// recovered turns a panic of the driver into an error. It is to be deferred.
func (c *conn) recovered(err *error) {
	if r := recover(); r != nil {
		*err = malformed(r)
		c.abandon()
	}
}

// command runs a command that has no rows. text is that of a query that should
// be ended if it is given up. The context for run never ends.
func (c *conn) command(ctx context.Context, text string, run func(context.Context) error) (err error) {
	if err := ctx.Err(); err != nil { // nothing is sent
		return err
	}
	c.begin(ctx, text)
	defer c.recovered(&err)
	if err = run(context.Background()); err != nil {
		return c.failed(err)
	}
	c.end()
	return nil
}

// query runs a query. The context for run never ends.
func (c *conn) query(ctx context.Context, text string, run func(context.Context) (driver.Rows, error)) (_ driver.Rows, err error) {
	if err := ctx.Err(); err != nil { // nothing is sent
		return nil, err
	}
	c.begin(ctx, text)
	defer c.recovered(&err)
	inner, err := run(context.Background())
	if err != nil {
		return nil, c.failed(err)
	}
	return &rows{inner.(driverRows), c}, nil
}

// QueryContext implements driver.QueryerContext.
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.query(ctx, query, func(ctx context.Context) (driver.Rows, error) {
		c.wire.expectColumns()
		return c.driverConn.QueryContext(ctx, query, args)
	})
}

// ExecContext implements driver.ExecerContext.
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.command(ctx, query, func(ctx context.Context) (err error) {
		r, err = c.driverConn.ExecContext(ctx, query, args)
		return err
	})
	return r, err
}

// Ping implements driver.Pinger.
func (c *conn) Ping(ctx context.Context) error {
	return c.command(ctx, "", c.driverConn.Ping)
}

// PrepareContext implements driver.ConnPrepareContext.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var inner driver.Stmt
	err := c.command(ctx, "", func(ctx context.Context) (err error) {
		inner, err = c.driverConn.PrepareContext(ctx, query)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &stmt{inner.(driverStmt), c, query}, nil
}

// BeginTx implements driver.ConnBeginTx.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	var inner driver.Tx
	err := c.command(ctx, "", func(ctx context.Context) (err error) {
		inner, err = c.driverConn.BeginTx(ctx, opts)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tx{inner, c}, nil
}

// ResetSession implements driver.SessionResetter.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

// IsValid implements driver.Validator.
func (c *conn) IsValid() bool {
	return !c.isBroken && !c.isBusy && len(c.wire.head) == 0 && c.driverConn.IsValid()
}

// Close implements driver.Conn. If a query was given up it waits, for a short
// time, until that has ended on the server, so that a pool's size bounds what
// runs there.
func (c *conn) Close() error {
	if c.isBusy {
		c.abandon()
	}
	_ = c.wire.SetDeadline(time.Now().Add(quitTime))
	err := c.driverConn.Close()
	if c.given != nil {
		c.given.wait()
	}
	return err
}

// rows are the rows of a query under way.
type rows struct {
	driverRows
	conn *conn
}

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) (err error) {
	defer r.conn.recovered(&err)
	r.conn.wire.expectRow()
	if err = r.driverRows.Next(dest); err == nil {
		return nil
	}
	if r.conn.wire.err != nil { // which the driver hides
		err = r.conn.wire.err
	}
	if err == io.EOF && !r.isComplete() {
		err = malformed("short row")
	}
	return r.ended(err)
}

// isComplete reports whether the server has said that there are no more rows. To
// the driver a row that is too short is io.EOF, too, but it lets go of its
// connection only at the end of all rows.
func (r *rows) isComplete() bool {
	if r.HasNextResultSet() {
		return true
	}
	conn := reflect.Indirect(reflect.ValueOf(r.driverRows)).FieldByName("mc")
	return conn.IsNil()
}

// NextResultSet implements driver.RowsNextResultSet.
func (r *rows) NextResultSet() (err error) {
	defer r.conn.recovered(&err)
	if err = r.driverRows.NextResultSet(); err != nil {
		return r.ended(err)
	}
	return nil
}

// ended notes that there are no more rows, and returns what err comes from.
func (r *rows) ended(err error) error {
	switch {
	case err != io.EOF:
		return r.conn.failed(err)
	case !r.HasNextResultSet():
		r.conn.end()
	}
	return err
}

// Close implements driver.Rows. If a few rows are left they are skipped; if
// many, the query is given up.
func (r *rows) Close() (err error) {
	defer r.conn.recovered(&err)
	if !r.conn.isBusy {
		return r.driverRows.Close()
	}
	_ = r.conn.wire.SetReadDeadline(time.Now().Add(drainTime))
	r.skipText()
	if err = r.driverRows.Close(); err != nil {
		return r.conn.failed(err)
	}
	r.conn.end()
	return r.conn.wire.SetReadDeadline(time.Time{})
}

// stmt is a prepared statement.
type stmt struct {
	driverStmt
	conn *conn
	text string
}

// QueryContext implements driver.StmtQueryContext.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.query(ctx, s.text, func(ctx context.Context) (driver.Rows, error) {
		return s.driverStmt.QueryContext(ctx, args)
	})
}

// ExecContext implements driver.StmtExecContext.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.conn.command(ctx, s.text, func(ctx context.Context) (err error) {
		r, err = s.driverStmt.ExecContext(ctx, args)
		return err
	})
	return r, err
}

// tx is a transaction.
type tx struct {
	driver.Tx
	conn *conn
}

// Commit implements driver.Tx.
func (t tx) Commit() error { return t.end(t.Tx.Commit) }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.end(t.Tx.Rollback) }

func (t tx) end(run func() error) error {
	return t.conn.command(context.Background(), "", func(context.Context) error { return run() })
}
