package main

// This file decides what the connections of a load ask for, and judges what they
// get. It costs little, as the client does.

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
)

// asker is what one connection asks for, again and again. It belongs to one
// goroutine.
type asker interface {
	// ask makes c's next request ready and returns where the body goes; nil is
	// nowhere.
	ask(c *client) io.Writer
	// check judges a body of n bytes.
	check(n int64) error
}

// sameRows asks for what its client asks for already. It is the length that
// every body must have.
type sameRows int64

// newSameRows makes askers for some connections.
func newSameRows(connections int, bytes int64) []asker {
	askers := make([]asker, connections)
	for i := range askers {
		askers[i] = sameRows(bytes)
	}
	return askers
}

func (sameRows) ask(*client) io.Writer { return nil }

func (s sameRows) check(n int64) error {
	if n != int64(s) {
		return fmt.Errorf("a body of %d bytes; want %d", n, int64(s))
	}
	return nil
}

// Shares of the mix, in percent; the rest are whole tables.
const (
	mixRows  = 80
	mixPages = 15
)

// differentRows asks for other rows each time.
type differentRows struct {
	routes *routes
	rows   int64 // of sample
	mix    bool  // pages and whole tables, too
	rng    *rand.Rand

	path []byte
	body bytes.Buffer
	want wanted
}

// newDifferentRows makes askers for some connections, each with other rows. Two
// runs ask for the same.
func newDifferentRows(connections int, r *routes, rows int, mix bool) []asker {
	askers := make([]asker, connections)
	for i := range askers {
		rng := rand.New(rand.NewPCG(uint64(connections), uint64(i)))
		askers[i] = &differentRows{routes: r, rows: int64(rows), mix: mix, rng: rng}
	}
	return askers
}

// ask implements asker.
func (d *differentRows) ask(c *client) io.Writer {
	kind := 0
	if d.mix {
		kind = d.rng.IntN(100)
	}
	switch {
	case kind < mixRows:
		d.want = wanted{first: 1 + d.rng.Int64N(d.rows), step: 1, rows: 1}
		d.path = d.routes.appendRow(d.path[:0], d.want.first)
	case kind < mixRows+mixPages:
		d.want = wanted{first: 1 + d.rng.Int64N(d.rows-qtyValues*pageRows), step: qtyValues, rows: pageRows}
		d.path = d.routes.appendPage(d.path[:0], d.want.first%qtyValues, d.want.first-1)
	default:
		d.want = wanted{first: 1, step: 1, rows: thousandTableRows}
		d.path = append(d.path[:0], d.routes.table...)
	}
	c.setPath(d.path)
	d.body.Reset()
	return &d.body
}

// check implements asker.
func (d *differentRows) check(int64) error { return d.want.check(d.body.Bytes()) }

// wanted is the rows of sample that a response must have: so many, from the
// first id in steps.
type wanted struct {
	first, step int64
	rows        int
}

// check makes sure that a body has these rows and no others, in that order, by
// the one text that is each row's own and that all servers write alike.
func (w wanted) check(body []byte) error {
	if n := bytes.Count(body, []byte("{")); n != w.rows { // values have no braces
		return fmt.Errorf("%w: %d rows; want %d: %.80q", errBody, n, w.rows, body)
	}
	var text [64]byte
	rest := body
	for i := range w.rows {
		id := w.first + int64(i)*w.step
		email := append(strconv.AppendInt(append(text[:0], `"customer`...), id, 10), `@example.com"`...)
		at := bytes.Index(rest, email)
		if at < 0 {
			return fmt.Errorf("%w: row %d of %d is not that of id %d: %.80q", errBody, i+1, w.rows, id, rest)
		}
		rest = rest[at+len(email):]
	}
	return nil
}
