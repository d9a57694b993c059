package exec

// This file tells the kinds of errors apart. Rule: what leaves this room as an
// error is an *Error, so that nobody else has to know the driver.

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
)

// Kind is what a failed read means to the one who asked.
type Kind uint8

const (
	Internal    Kind = iota // a fault that neither waiting nor anything known mends
	Away                    // the database is not there, not ready or full: it may come back
	Killed                  // the server ended the query, not the connection
	PoolBusy                // every connection of the pool stayed busy
	Memory                  // slow clients hold too many results
	Timeout                 // the query ran too long
	Canceled                // the one who asked has gone
	Access                  // the server refuses this user
	NoDatabase              // there is no such database
	HostRefused             // the server refuses this host
	Unsafe                  // no connection as safe as configured
	Changed                 // the columns are not those that were learned
	Charset                 // the column's character set lacks a character that is asked for
	NoTable                 // the table does not exist
	NoGrant                 // the user may not read the table
)

// errNumbers maps error numbers of MySQL (manual, Server Error Message
// Reference) and MariaDB to kinds. Others are Internal.
var errNumbers = map[uint16]Kind{
	1040: Away, // ER_CON_COUNT_ERROR: too many connections, until one ends
	1047: Away, // ER_UNKNOWN_COM_ERROR: a Galera node that is not, or not yet, in the cluster
	1053: Away, // ER_SERVER_SHUTDOWN: going down, often to come back
	1077: Away, // ER_NORMAL_SHUTDOWN
	1079: Away, // ER_SHUTDOWN_COMPLETE
	1158: Away, // ER_NET_READ_ERROR: the server lost this connection
	1159: Away, // ER_NET_READ_INTERRUPTED
	1160: Away, // ER_NET_ERROR_ON_WRITE
	1161: Away, // ER_NET_WRITE_INTERRUPTED
	1203: Away, // ER_TOO_MANY_USER_CONNECTIONS
	1226: Away, // ER_USER_LIMIT_REACHED: per hour; it passes
	1927: Away, // ER_CONNECTION_KILLED (MariaDB)
	2002: Away, // CR_CONNECTION_ERROR: clients' numbers, passed on by proxies
	2003: Away, // CR_CONN_HOST_ERROR
	2006: Away, // CR_SERVER_GONE_ERROR
	2013: Away, // CR_SERVER_LOST
	3168: Away, // ER_SERVER_ISNT_AVAILABLE
	3169: Away, // ER_SESSION_WAS_KILLED
	4031: Away, // ER_CLIENT_INTERACTION_TIMEOUT: closed for idling
	9001: Away, // ProxySQL: no backend answered in time

	1205: Killed, // ER_LOCK_WAIT_TIMEOUT
	1213: Killed, // ER_LOCK_DEADLOCK: a Galera node gives way to a write
	1317: Killed, // ER_QUERY_INTERRUPTED: also by a server that shuts down

	1969: Timeout, // ER_STATEMENT_TIMEOUT (MariaDB max_statement_time)
	3024: Timeout, // ER_QUERY_TIMEOUT (max_execution_time)

	1054: Changed, // ER_BAD_FIELD_ERROR: a column that was there

	1267: Charset, // ER_CANT_AGGREGATE_2COLLATIONS
	1270: Charset, // ER_CANT_AGGREGATE_3COLLATIONS
	1271: Charset, // ER_CANT_AGGREGATE_NCOLLATIONS
	3854: Charset, // ER_CANNOT_CONVERT_STRING
	3988: Charset, // ER_IMPOSSIBLE_STRING_CONVERSION

	1044: NoDatabase,  // ER_DBACCESS_DENIED_ERROR
	1045: Access,      // ER_ACCESS_DENIED_ERROR
	1049: NoDatabase,  // ER_BAD_DB_ERROR
	1129: HostRefused, // ER_HOST_IS_BLOCKED
	1130: HostRefused, // ER_HOST_NOT_PRIVILEGED
	1142: NoGrant,     // ER_TABLEACCESS_DENIED_ERROR
	1143: NoGrant,     // ER_COLUMNACCESS_DENIED_ERROR
	1146: NoTable,     // ER_NO_SUCH_TABLE
	1356: NoGrant,     // ER_VIEW_INVALID: or it lost its table
	1698: Access,      // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
	1820: Access,      // ER_MUST_CHANGE_PASSWORD
	1862: Access,      // ER_MUST_CHANGE_PASSWORD_LOGIN
	3118: Access,      // ER_ACCOUNT_HAS_BEEN_LOCKED
	3159: Unsafe,      // ER_SECURE_TRANSPORT_REQUIRED
	4151: Access,      // ER_ACCOUNT_HAS_BEEN_LOCKED (MariaDB)
}

// Error is an error of this room: its kind, and the cause, which is for the log
// only: it may have text of the driver in it.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// newError gives err its kind. A *Error stays as it is.
func newError(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{KindOf(err), err}
}

// KindOf tells the kind of an error of the driver or of this file.
func KindOf(err error) Kind {
	var (
		known    *Error
		numbered *mysql.MySQLError
		network  net.Error
	)
	switch {
	case errors.As(err, &known):
		return known.Kind
	case errors.As(err, &numbered):
		return errNumbers[numbered.Number]
	case errors.Is(err, context.Canceled):
		return Canceled
	case isTLSError(err):
		return Unsafe
	case isAuthError(err):
		return Access
	case errors.As(err, &network), isLostConn(err):
		return Away
	default:
		return Internal
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
