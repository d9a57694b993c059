package main

// This file measures reads where everybody asks for something else, so that
// nothing can be shared: of rows by their key, and of a mix with some pages and
// whole tables in it.

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// question is what is asked in a load of different rows.
type question struct {
	name  string
	title string
	mix   bool
}

// questions are all there are, in the order of RESULTS.md.
var questions = []question{
	{name: "keys", title: "a row by its key"},
	{name: "mix", title: "mix", mix: true},
}

// differentKey says which load of different rows a figure is of.
type differentKey struct {
	peer        string
	question    string
	connections int
}

// differentFigures are the figures of one load of different rows, and how many
// responses were as they must be, or not.
type differentFigures struct {
	loadFigures
	good, failed int
}

// measureDifferent puts all loads of different rows on each peer.
func (b *bench) measureDifferent(ctx context.Context, round int) error {
	return b.each(ctx, partDifferent, "different rows", round, func(p peer) error {
		return b.measureQuestions(ctx, p)
	})
}

// measureQuestions starts a peer and puts each load of different rows on it.
func (b *bench) measureQuestions(ctx context.Context, p peer) error {
	rows := b.results.plan.bigRows
	s, err := p.start(ctx, b.workshop, append(b.env(rows), "DB_TABLES=sample,"+thousandTable))
	if err != nil {
		return err
	}
	defer s.stop()
	s.settle(ctx)
	if err := checkRoutes(ctx, s.addr, p.routes); err != nil {
		return s.explain(err)
	}
	for _, q := range questions {
		for _, connections := range b.results.plan.different {
			l := newLoad(s.addr, newDifferentRows(connections, p.routes, rows, q.mix))
			l.patient = true // what it refuses is counted
			figures, result := b.measureLoad(ctx, s, l)
			if err := ctx.Err(); err != nil {
				return err
			}
			key := differentKey{p.name, q.name, connections}
			b.results.different[key] = append(b.results.different[key],
				differentFigures{figures, len(result.latencies), result.failures})
			b.noteFailures(result, "%s, different rows: %s, %d connections", p.title, q.title, connections)
		}
	}
	return nil
}

// checkRoutes makes sure that the server at addr has JSON with all columns at
// its routes.
func checkRoutes(ctx context.Context, addr string, r *routes) error {
	tests := []struct {
		path string
		want wanted
	}{
		{string(r.appendRow(nil, 107)), wanted{first: 107, step: 1, rows: 1}},
		{string(r.appendPage(nil, 7, 106)), wanted{first: 107, step: qtyValues, rows: pageRows}},
		{r.table, wanted{first: 1, step: 1, rows: thousandTableRows}},
	}
	for _, tt := range tests {
		if err := checkRoute(ctx, addr, tt.path, tt.want); err != nil {
			return fmt.Errorf("GET %s: %w", tt.path, err)
		}
	}
	return nil
}

// checkRoute reads one of the routes.
func checkRoute(ctx context.Context, addr, path string, want wanted) error {
	c := newClient(addr, path)
	defer c.close()
	c.deadline = time.Now().Add(checkTimeout)
	var body bytes.Buffer
	if _, err := c.get(ctx, &body); err != nil {
		return err
	}
	if err := want.check(body.Bytes()); err != nil {
		return err
	}
	text := bytes.TrimSpace(body.Bytes())
	if want.rows == 1 && text[0] == '{' { // most have one row as an object
		return checkRows(bytes.NewReader(fmt.Appendf(nil, "[%s]", text)), 1)
	}
	return checkRows(bytes.NewReader(text), want.rows)
}

// totalDifferent has the median of each figure, and all responses.
func totalDifferent(rounds []differentFigures) (total differentFigures) {
	loads := make([]loadFigures, len(rounds))
	for i, round := range rounds {
		loads[i] = round.loadFigures
		total.good, total.failed = total.good+round.good, total.failed+round.failed
	}
	total.loadFigures = medianLoad(loads)
	return total
}

// failedShare is how many responses failed, in words; empty for none.
func (f differentFigures) failedShare() string {
	if f.failed == 0 {
		return ""
	}
	percent := 100 * float64(f.failed) / float64(f.failed+f.good)
	if percent < 1 {
		return "<1 % failed"
	}
	return fmt.Sprintf("%.0f %% failed", percent)
}
