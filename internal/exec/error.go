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
	"strings"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/connect"
	"readapi/internal/encode"
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
	BadView                 // what the view is made of is gone, or its definer
	BadData                 // a value that a view computes cannot be computed
	SortMemory              // the rows do not fit into the memory for sorting
	TooMany                 // the server refuses to look at so many rows
	TooDeep                 // the view needs more of the server than one query may have
	DiskFull                // the server has no room for temporary data
	NoMemory                // the server is out of memory
	RowTooLarge             // a row is beyond the bound of one
	Damaged                 // the table cannot be opened, or is broken
	BadPattern              // a regular expression that is asked for is none
	SlowPattern             // the server has given up on a regular expression
	Session                 // the server refuses a variable that the operator has added to the session
	Unsupported             // the server cannot do what the query asks for
	StreamCut               // Vitess took the end of a LIMIT for a fault: see Statement.again
)

// erAccessDenied is ER_ACCESS_DENIED_ERROR.
const erAccessDenied = 1045

// errNumbers maps error numbers of MySQL (manual, Server Error Message
// Reference) and MariaDB to kinds. Others are Internal.
var errNumbers = map[uint16]Kind{
	1040: Away, // ER_CON_COUNT_ERROR: too many connections, until one ends
	1042: Away, // ER_BAD_HOST_ERROR: the server cannot look up where we come from
	1043: Away, // ER_HANDSHAKE_ERROR
	1047: Away, // ER_UNKNOWN_COM_ERROR: a Galera node that is not, or not yet, in the cluster
	1053: Away, // ER_SERVER_SHUTDOWN: going down, often to come back
	1077: Away, // ER_NORMAL_SHUTDOWN
	1079: Away, // ER_SHUTDOWN_COMPLETE
	1135: Away, // ER_CANT_CREATE_THREAD: for a new connection
	1152: Away, // ER_ABORTING_CONNECTION
	1158: Away, // ER_NET_READ_ERROR: the server lost this connection
	1159: Away, // ER_NET_READ_INTERRUPTED
	1160: Away, // ER_NET_ERROR_ON_WRITE
	1161: Away, // ER_NET_WRITE_INTERRUPTED
	1184: Away, // ER_NEW_ABORTING_CONNECTION: init_connect fails, until an operator mends it
	1203: Away, // ER_TOO_MANY_USER_CONNECTIONS
	1226: Away, // ER_USER_LIMIT_REACHED: per hour; it passes
	1429: Away, // ER_CONNECT_TO_FOREIGN_DATA_SOURCE: a FEDERATED table's server is not there
	1927: Away, // ER_CONNECTION_KILLED (MariaDB)
	2002: Away, // CR_CONNECTION_ERROR: clients' numbers, passed on by proxies
	2003: Away, // CR_CONN_HOST_ERROR
	2006: Away, // CR_SERVER_GONE_ERROR
	2013: Away, // CR_SERVER_LOST
	3032: Away, // ER_SERVER_OFFLINE_MODE: maintenance
	3168: Away, // ER_SERVER_ISNT_AVAILABLE
	3169: Away, // ER_SESSION_WAS_KILLED
	3797: Away, // ER_GRP_TRX_CONSISTENCY_BEFORE: a member of a group that has not caught up
	4031: Away, // ER_CLIENT_INTERACTION_TIMEOUT: closed for idling
	6400: Away, // ER_SERVER_OFFLINE_MODE_REASON: 3032 of MySQL 9
	9001: Away, // ProxySQL: no backend answered in time

	1020: Killed, // ER_CHECKREAD: the row has changed meanwhile (MariaDB innodb_snapshot_isolation)
	1028: Killed, // ER_FILSORT_ABORT: the sort was ended
	1205: Killed, // ER_LOCK_WAIT_TIMEOUT
	1213: Killed, // ER_LOCK_DEADLOCK: a Galera node gives way to a write
	1297: Killed, // ER_GET_TEMPORARY_ERRMSG: NDB says that it will pass
	1317: Killed, // ER_QUERY_INTERRUPTED: also by a server that shuts down
	1412: Killed, // ER_TABLE_DEF_CHANGED: retry, it says
	1615: Killed, // ER_NEED_REPREPARE
	1689: Killed, // ER_LOCK_ABORTED: an ALTER TABLE goes first

	1969: Timeout, // ER_STATEMENT_TIMEOUT (MariaDB max_statement_time)
	3024: Timeout, // ER_QUERY_TIMEOUT (max_execution_time)

	1054: Changed, // ER_BAD_FIELD_ERROR: a column that was there

	1267: Charset, // ER_CANT_AGGREGATE_2COLLATIONS
	1270: Charset, // ER_CANT_AGGREGATE_3COLLATIONS
	1271: Charset, // ER_CANT_AGGREGATE_NCOLLATIONS
	3854: Charset, // ER_CANNOT_CONVERT_STRING
	3988: Charset, // ER_IMPOSSIBLE_STRING_CONVERSION

	1044:           NoDatabase,  // ER_DBACCESS_DENIED_ERROR
	erAccessDenied: Access,      // ER_ACCESS_DENIED_ERROR
	1049:           NoDatabase,  // ER_BAD_DB_ERROR
	1129:           HostRefused, // ER_HOST_IS_BLOCKED
	1130:           HostRefused, // ER_HOST_NOT_PRIVILEGED
	1142:           NoGrant,     // ER_TABLEACCESS_DENIED_ERROR
	1143:           NoGrant,     // ER_COLUMNACCESS_DENIED_ERROR
	1146:           NoTable,     // ER_NO_SUCH_TABLE
	1698:           Access,      // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
	1820:           Access,      // ER_MUST_CHANGE_PASSWORD
	1862:           Access,      // ER_MUST_CHANGE_PASSWORD_LOGIN
	3118:           Access,      // ER_ACCOUNT_HAS_BEEN_LOCKED
	3159:           Unsafe,      // ER_SECURE_TRANSPORT_REQUIRED
	4151:           Access,      // ER_ACCOUNT_HAS_BEEN_LOCKED (MariaDB)

	1305: BadView, // ER_SP_DOES_NOT_EXIST: a function that it calls
	1356: BadView, // ER_VIEW_INVALID: a table, column or function of it is gone, or may not be used
	1370: BadView, // ER_PROCACCESS_DENIED_ERROR: a function that it may not call
	1449: BadView, // ER_NO_SUCH_USER: its definer
	1457: BadView, // ER_SP_PROC_TABLE_CORRUPT
	1462: BadView, // ER_VIEW_RECURSIVE

	1139: BadData, // ER_REGEXP_ERROR
	1172: BadData, // ER_TOO_MANY_ROWS: SELECT INTO in a function
	1242: BadData, // ER_SUBQUERY_NO_1_ROW
	1292: BadData, // ER_TRUNCATED_WRONG_VALUE: a date that is none
	1321: BadData, // ER_SP_NORETURNEND: a function ends without RETURN
	1329: BadData, // ER_SP_FETCH_NO_DATA
	1365: BadData, // ER_DIVISION_BY_ZERO
	1366: BadData, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
	1367: BadData, // ER_ILLEGAL_VALUE_FOR_TYPE
	1411: BadData, // ER_WRONG_VALUE_FOR_TYPE
	1416: BadData, // ER_CANT_CREATE_GEOMETRY_OBJECT
	1441: BadData, // ER_DATETIME_FUNCTION_OVERFLOW
	1644: BadData, // ER_SIGNAL_EXCEPTION: a function says so
	1690: BadData, // ER_DATA_OUT_OF_RANGE
	3037: BadData, // ER_GIS_INVALID_DATA
	3140: BadData, // ER_INVALID_JSON_TEXT
	3141: BadData, // ER_INVALID_JSON_TEXT_IN_PARAM
	3143: BadData, // ER_INVALID_JSON_PATH
	3144: BadData, // ER_INVALID_JSON_CHARSET
	3146: BadData, // ER_INVALID_TYPE_FOR_JSON
	3156: BadData, // ER_INVALID_JSON_VALUE_FOR_CAST
	3157: BadData, // ER_JSON_DOCUMENT_TOO_DEEP
	3685: BadData, // ER_REGEXP_ILLEGAL_ARGUMENT
	3688: BadData, // ER_REGEXP_RULE_SYNTAX
	3691: BadData, // ER_REGEXP_MISMATCHED_PAREN
	3692: BadData, // ER_REGEXP_BAD_INTERVAL
	3696: BadData, // ER_REGEXP_MISSING_CLOSE_BRACKET

	1038: SortMemory, // ER_OUT_OF_SORTMEMORY

	1104: TooMany, // ER_TOO_BIG_SELECT: max_join_size

	1116: TooDeep, // ER_TOO_MANY_TABLES
	1117: TooDeep, // ER_TOO_MANY_FIELDS: of a temporary table
	1118: TooDeep, // ER_TOO_BIG_ROWSIZE: of a temporary table
	1153: TooDeep, // ER_NET_PACKET_TOO_LARGE: max_allowed_packet
	1424: TooDeep, // ER_SP_NO_RECURSION
	1436: TooDeep, // ER_STACK_OVERRUN_NEED_MORE: thread_stack
	1456: TooDeep, // ER_SP_RECURSION_LIMIT
	3636: TooDeep, // ER_CTE_MAX_RECURSION_DEPTH
	3699: TooDeep, // ER_REGEXP_TIME_OUT

	1021: DiskFull, // ER_DISK_FULL
	1026: DiskFull, // ER_ERROR_ON_WRITE: of a temporary file
	1114: DiskFull, // ER_RECORD_FILE_FULL: a temporary table may not grow
	1878: DiskFull, // ER_TEMP_FILE_WRITE_FAILURE
	3675: DiskFull, // ER_DISK_FULL_NOWAIT

	1037: NoMemory, // ER_OUTOFMEMORY
	1041: NoMemory, // ER_OUT_OF_RESOURCES
	1206: NoMemory, // ER_LOCK_TABLE_FULL
	3015: NoMemory, // ER_ENGINE_OUT_OF_MEMORY
	3044: NoMemory, // ER_STD_BAD_ALLOC_ERROR
	3950: NoMemory, // ER_PARSER_OOM or the like: "Out of memory" (MySQL)
	4081: NoMemory, // ER_DA_GLOBAL_CONN_LIMIT: global_connection_memory_limit
	4082: NoMemory, // ER_DA_CONN_LIMIT: connection_memory_limit

	1235: Unsupported, // ER_NOT_SUPPORTED_YET: Vitess, of what it cannot put together from its shards

	1016: Damaged, // ER_CANT_OPEN_FILE
	1017: Damaged, // ER_FILE_NOT_FOUND
	1030: Damaged, // ER_GET_ERRNO: the storage engine's own number
	1033: Damaged, // ER_NOT_FORM_FILE
	1034: Damaged, // ER_NOT_KEYFILE
	1035: Damaged, // ER_OLD_KEYFILE
	1168: Damaged, // ER_WRONG_MRG_TABLE
	1194: Damaged, // ER_CRASHED_ON_USAGE
	1195: Damaged, // ER_CRASHED_ON_REPAIR
	1459: Damaged, // ER_TABLE_NEEDS_UPGRADE
	1812: Damaged, // ER_TABLESPACE_MISSING
	1814: Damaged, // ER_TABLESPACE_DISCARDED
	1932: Damaged, // ER_NO_SUCH_TABLE_IN_ENGINE (MariaDB)
}

// Error is an error of this room: its kind, and the cause, which is for the log
// only: it may have text of the driver in it.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// errorOfQuery gives an error of a query its kind. On a connection that is open
// the server has let us in already: it is a view's definer that it refuses.
func errorOfQuery(err error) error {
	if err == nil {
		return nil
	}
	kind := KindOf(err)
	var numbered *mysql.MySQLError
	if errors.As(err, &numbered) && numbered.Number == erAccessDenied {
		kind = BadView
	}
	return &Error{kind, err}
}

// errorOfRead is errorOfQuery for a query with regular expressions of the one who
// asks, or without. MariaDB has no error for one that it gives up on; package plan
// makes one.
func errorOfRead(err error, patterns bool) error {
	var numbered *mysql.MySQLError
	if !patterns || !errors.As(err, &numbered) {
		return errorOfQuery(err)
	}
	switch n := numbered.Number; {
	case n == 3698, n == 3699, n == 1690 && strings.Contains(strings.ToLower(numbered.Message), "exp(char_length("):
		return &Error{SlowPattern, err}
	case n == 1139, n >= 3685 && n <= 3700, n == 3887:
		return &Error{BadPattern, err}
	default:
		return errorOfQuery(err)
	}
}

// newError gives err its kind. A *Error stays as it is.
func newError(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{KindOf(err), err}
}

// KindOf tells the kind of an error of the driver, of package encode or of this room.
func KindOf(err error) Kind {
	var (
		known    *Error
		numbered *mysql.MySQLError
		network  net.Error
	)
	switch {
	case errors.As(err, &known):
		return known.Kind
	case errors.Is(err, connect.ErrSession):
		return Session
	case errors.As(err, &numbered):
		return numberedKind(numbered)
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, encode.ErrRowTooLarge):
		return RowTooLarge
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

// numberedKind is the kind of an error that the server sent. Vitess sends its bound
// on the rows of one result with the number of a query that was interrupted; to
// send that again is of no use.
func numberedKind(err *mysql.MySQLError) Kind {
	switch {
	case err.Number == 1317 && strings.Contains(err.Message, "Row count exceeded"):
		return TooMany
	case err.Number == 1105 && strings.Contains(err.Message, "desc = stream send error: EOF"),
		err.Number == 1105 && strings.Contains(err.Message, "desc = EOF"):
		return StreamCut
	default:
		return errNumbers[err.Number]
	}
}

// isTLSError reports whether one side does not trust the other. What the server has
// against our certificate it says with an alert (RFC 8446, section 6.2), whose type
// package tls keeps to itself.
func isTLSError(err error) bool {
	var unverified *tls.CertificateVerificationError
	var alert *net.OpError
	return errors.As(err, &unverified) || errors.Is(err, mysql.ErrNoTLS) ||
		errors.As(err, &alert) && alert.Op == "remote error" && strings.Contains(alert.Err.Error(), "certificate")
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
