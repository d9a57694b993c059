package exec

// This file reads the rows of one query.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/encode"
)

// Rows is a query under way: its rows are read from the connection as they
// are asked for. It belongs to one goroutine.
type Rows struct {
	db      *DB
	cancel  context.CancelCauseFunc
	conn    *sql.Conn
	rows    *sql.Rows
	columns []*sql.ColumnType
	encoder *encode.Encoder
	more    bool // rows stands on a row that is not encoded yet

	Body []byte // encoded rows that nobody has taken yet; Close takes it back
	Done bool   // Body ends the result
}

// open takes a connection, sends the query and waits for the first row. To take
// the connection first tells a full pool from a slow query.
func (s *Rows) open(ctx context.Context, st *Statement) (err error) {
	if s.conn, err = s.db.pool.Conn(ctx); err != nil {
		return err
	}
	if s.rows, err = s.conn.QueryContext(ctx, st.Text, st.Args...); err != nil {
		return queryErrorOf(err)
	}
	if s.columns, err = s.rows.ColumnTypes(); err != nil {
		return err
	}
	if !st.expects(s.columns) {
		return &Error{Changed, errChanged}
	}
	s.encoder = encode.New(s.columns, st.Fields, st.Format, s.db.options.Encoding)
	s.more = s.rows.Next()
	return queryErrorOf(s.rows.Err())
}

// Fill appends encoded rows to Body until it holds more than size bytes or the
// result is done. After an error, an *Error, Body must not be taken for a
// result.
func (s *Rows) Fill(size int) (err error) {
	for s.more && len(s.Body) <= size {
		if s.Body, err = s.encoder.AppendRow(s.Body, s.rows); err != nil {
			return newError(err)
		}
		s.more = s.rows.Next()
	}
	if s.more {
		return nil
	}
	if err := s.rows.Err(); err != nil {
		return queryErrorOf(err)
	}
	s.Body, s.Done = s.encoder.AppendEnd(s.Body), true
	return nil
}

// IsSmall reports whether Body is the whole of a small result.
func (s *Rows) IsSmall() bool { return s.Done && len(s.Body) <= SmallBytes }

// Count is the number of rows that were encoded.
func (s *Rows) Count() int { return s.encoder.Rows() }

// Columns describes the columns of the result.
func (s *Rows) Columns() []Column {
	columns := make([]Column, len(s.columns))
	for i, t := range s.columns {
		columns[i] = newColumn(t)
	}
	return columns
}

// discard is Close after err. If the server that answered is stopping, or a node
// that is not ready, the next attempt shall not meet it again: the connection
// does not go back to the pool.
func (s *Rows) discard(err error) {
	var answer *mysql.MySQLError
	if s.conn != nil && errors.As(err, &answer) && mayRetry(KindOf(err)) {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	s.Close()
}

// Close ends the query and gives connection and memory back. Rows that were not
// read are not fetched: the connection is closed instead, which costs less than
// a table.
func (s *Rows) Close() {
	s.cancel(context.Canceled)
	if s.rows != nil {
		s.rows.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	s.db.giveBuffer(s.Body)
	s.Body = nil
}
