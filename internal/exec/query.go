package exec

// This file sends queries of our own, such as those for what a table is.

import (
	"context"
	"database/sql"
	"time"
)

// Query sends a query of our own, for a few rows, and again if need be, until ctx
// ends. Errors are *Error.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(d.options.Timeout)
	}
	for backoff := minRetry; ; backoff = min(2*backoff, maxRetry) {
		began := time.Now()
		rows, err := d.query(ctx, text, args)
		switch {
		case err == nil:
			return rows, d.note(nil, began)
		case ctx.Err() != nil:
			return nil, d.contextError(ctx)
		case !mayRetry(KindOf(err)):
			return nil, newError(err)
		case !pause(ctx, backoff, deadline):
			return nil, d.note(err, began)
		}
		d.retries.Add(1)
	}
}

// query is one attempt of Query. To take a connection first tells a connection that
// is refused from a query that is.
func (d *DB) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	d.queries.Add(1)
	rows, err := conn.QueryContext(ctx, text, args...)
	go conn.Close() // waits until the rows are closed
	if err != nil {
		return nil, errorOfQuery(err)
	}
	return rows, nil
}

// contextError is the error of a query of our own that ends with ctx.
func (d *DB) contextError(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ErrLate {
		return &Error{Canceled, cause}
	}
	return d.Late()
}
