package exec

// This file is where the rows of a query come from: from the driver itself where
// the pool is ours, because database/sql looks at each value and locks for each
// row, and from database/sql otherwise; as a text, or prepared if there is a FLOAT.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"

	"readapi/internal/connect"
	"readapi/internal/encode"
)

// source gives the rows of one query.
type source interface {
	columns() ([]encode.Column, error)
	// next goes to the next row, and reports whether there is one.
	next() (bool, error)
	// appendRow appends the row to dst.
	appendRow(dst []byte, e *encode.Encoder) ([]byte, error)
	Close() error
}

// send sends st on conn, which must not be used for anything else until the
// source is closed: as a text, which saves a round trip, or prepared.
func (d *DB) send(ctx context.Context, conn *sql.Conn, st *Statement) (source, error) {
	isText := !st.Binary && !d.isBinary(st)
	if isText && connect.Of(d.pool) != nil {
		s, err := sendDirectly(ctx, conn, st)
		if err != driver.ErrSkip {
			return s, err
		}
	}
	if isText {
		rows, err := conn.QueryContext(ctx, st.Text, st.Args...)
		return &sqlSource{rows: rows}, err
	}
	prepared, err := conn.PrepareContext(ctx, st.Text)
	if err != nil {
		return nil, err
	}
	rows, err := prepared.QueryContext(ctx, st.Args...)
	return &sqlSource{rows, prepared}, err
}

// errBinary is the error of a query that has to be sent again, prepared.
var errBinary = &Error{Internal, errors.New("FLOAT in the result of a query that was not prepared")}

// needsBinary reports whether the result of st, sent as a text, has a FLOAT,
// which MySQL rounds to six digits there. Of a plain read that is known from then
// on; those who know the table set st.Binary.
func (d *DB) needsBinary(st *Statement, columns []encode.Column) bool {
	written := columns[:len(columns)-st.Hidden]
	has := slices.ContainsFunc(written, func(c encode.Column) bool { return c.Type == "FLOAT" })
	if has && len(st.Args) == 0 {
		d.binary.Store(st.Text, true)
	}
	return has
}

// isBinary reports whether the result of st has had a FLOAT.
func (d *DB) isBinary(st *Statement) bool {
	if len(st.Args) > 0 {
		return false
	}
	_, has := d.binary.Load(st.Text)
	return has
}

// sqlSource is a source of database/sql.
type sqlSource struct {
	rows     *sql.Rows
	prepared *sql.Stmt // nil if it was not
}

func (s *sqlSource) columns() ([]encode.Column, error) {
	types, err := s.rows.ColumnTypes()
	return Columns(types), err
}

func (s *sqlSource) next() (bool, error) {
	if s.rows.Next() {
		return true, nil
	}
	return false, s.rows.Err()
}

func (s *sqlSource) appendRow(dst []byte, e *encode.Encoder) ([]byte, error) {
	return e.AppendRow(dst, s.rows)
}

func (s *sqlSource) Close() error {
	if s.rows != nil {
		s.rows.Close()
	}
	if s.prepared != nil {
		s.prepared.Close()
	}
	return nil
}

// directSource is a source of the driver. Whoever holds the sql.Conn has its
// connection for itself, so that it may be used after Raw, too.
type directSource struct {
	rows   connect.TextRows
	texts  [][]byte       // of the row; nil if they cannot be had
	values []driver.Value // of the row, otherwise
}

// sendDirectly sends st as a text. It fails with driver.ErrSkip if the driver
// wants it prepared.
func sendDirectly(ctx context.Context, conn *sql.Conn, st *Statement) (source, error) {
	var queryer driver.QueryerContext
	if err := conn.Raw(func(c any) error {
		queryer = c.(driver.QueryerContext) // what a connect.Connector makes
		return nil
	}); err != nil {
		return nil, err
	}
	args := make([]driver.NamedValue, len(st.Args))
	for i, arg := range st.Args {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	rows, err := queryer.QueryContext(ctx, st.Text, args)
	if err != nil {
		return nil, err
	}
	s := &directSource{rows: rows.(connect.TextRows)}
	if n := len(rows.Columns()); s.rows.HasText() {
		s.texts = make([][]byte, n)
	} else {
		s.values = make([]driver.Value, n)
	}
	return s, nil
}

func (s *directSource) columns() ([]encode.Column, error) {
	names := s.rows.Columns()
	types := s.rows.(driver.RowsColumnTypeDatabaseTypeName)
	scales := s.rows.(driver.RowsColumnTypePrecisionScale)
	columns := make([]encode.Column, len(names))
	for i, name := range names {
		_, scale, _ := scales.ColumnTypePrecisionScale(i)
		columns[i] = encode.Column{Name: name, Type: types.ColumnTypeDatabaseTypeName(i), Scale: int(scale)}
	}
	return columns, nil
}

func (s *directSource) next() (bool, error) {
	var err error
	if s.texts != nil {
		err = s.rows.NextText(s.texts)
	} else {
		err = s.rows.Next(s.values)
	}
	if err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

func (s *directSource) appendRow(dst []byte, e *encode.Encoder) ([]byte, error) {
	if s.texts != nil {
		return e.AppendTexts(dst, s.texts)
	}
	return e.AppendValues(dst, s.values)
}

func (s *directSource) Close() error { return s.rows.Close() }
