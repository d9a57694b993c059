package main

// This file checks what a server answers: valid JSON with the right number of
// rows.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// checkTimeout bounds one response: the slowest server takes half a minute for
// the largest table.
const checkTimeout = 5 * time.Minute

// errBody is a body that is not what the table holds.
var errBody = errors.New("wrong body")

// checkServer reads once from the server at addr, makes sure that the response
// has all rows, and returns the length of its body.
func checkServer(ctx context.Context, addr string, rows int) (int64, error) {
	c := newClient(addr, readPath)
	defer c.close()
	c.deadline = time.Now().Add(checkTimeout)
	reader, writer := io.Pipe()
	checked := make(chan error, 1)
	go func() { // ends with the pipe, which is closed below
		err := checkRows(reader, rows)
		checked <- err
		reader.CloseWithError(err) // the client need not read on
	}()
	n, err := c.get(ctx, writer)
	writer.CloseWithError(err)
	if err := errors.Join(err, <-checked); err != nil {
		return 0, fmt.Errorf("GET %s: %w", readPath, err)
	}
	return n, nil
}

// checkRows reads a JSON array of objects to its end and makes sure that they
// are as many as the rows, with a member for each column.
func checkRows(r io.Reader, rows int) error {
	decoder := json.NewDecoder(r)
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return fmt.Errorf("%w: it begins with %v: %w", errBody, token, err)
	}
	n := 0
	for ; decoder.More(); n++ {
		var row map[string]json.RawMessage
		if err := decoder.Decode(&row); err != nil {
			return fmt.Errorf("%w: row %d: %w", errBody, n+1, err)
		}
		if len(row) != columnCount {
			return fmt.Errorf("%w: row %d has %d members; want %d", errBody, n+1, len(row), columnCount)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("%w: after row %d: %w", errBody, n, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it goes on after the array", errBody)
	}
	if n != rows {
		return fmt.Errorf("%w: %d rows; want %d", errBody, n, rows)
	}
	return nil
}

// rowSink takes a large body while time is measured: it notes when the first
// byte came and counts rows by their braces, of which the values have none.
type rowSink struct {
	first time.Time
	rows  int
	last  byte // but white space
}

// Write implements io.Writer.
func (s *rowSink) Write(p []byte) (int, error) {
	if s.first.IsZero() {
		s.first = time.Now()
	}
	s.rows += bytes.Count(p, []byte("{"))
	if text := bytes.TrimSpace(p); len(text) > 0 {
		s.last = text[len(text)-1]
	}
	return len(p), nil
}

// check makes sure that the body was complete.
func (s *rowSink) check(rows int) error {
	if s.rows != rows || s.last != ']' {
		return fmt.Errorf("%w: %d rows that end with %q; want %d that end with ']'", errBody, s.rows, s.last, rows)
	}
	return nil
}
