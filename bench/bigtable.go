package main

// This file measures the read of a whole big table: how long it takes, when the
// first byte comes and how much memory the server needs for it.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// discardName stands for a peer where the driver's rows are thrown away.
const discardName = "discard"

// bigKey says which read of the big table a figure is of.
type bigKey struct {
	peer    string
	readers int
}

// bigFigures are the figures of a read of the big table. Without a server,
// memory and cpu are 0.
type bigFigures struct {
	first, total time.Duration // first byte of the body, and all, of the slowest reader
	memory       int64         // peak, in bytes
	cpu          time.Duration
}

// measureBig reads the big table once from each peer and once from the driver.
func (b *bench) measureBig(ctx context.Context, round int) error {
	plan := b.results.plan
	err := b.each(ctx, partLarge, rowsTitle(plan.bigRows), round, func(p peer) error {
		err := b.measureReaders(ctx, p, 1, round == 1)
		if err == nil && p.name == baseName { // the others would take so many times the memory
			err = b.measureReaders(ctx, p, plan.manyReaders, false)
		}
		return err
	})
	if err != nil {
		return err
	}
	b.log.Printf("round %d of %d: %d rows: the driver alone", round, plan.rounds, plan.bigRows)
	figures, err := b.discard(ctx)
	if err != nil {
		return fmt.Errorf("the driver alone: %w", err)
	}
	key := bigKey{discardName, 1}
	b.results.bigs[key] = append(b.results.bigs[key], figures)
	return nil
}

// measureReaders starts a peer anew, for its peak of memory, and reads the big
// table from it by some readers at once. If check is true the response is then
// read again and parsed.
func (b *bench) measureReaders(ctx context.Context, p peer, readers int, check bool) error {
	rows := b.results.plan.bigRows
	s, err := p.start(ctx, b.workshop, b.env(rows))
	if err != nil {
		return err
	}
	defer s.stop()
	s.settle(ctx)
	before := s.cpu()
	figures, err := readAtOnce(ctx, s.addr, readers, rows)
	if err != nil {
		return s.explain(err)
	}
	figures.memory, figures.cpu = s.peak(), s.cpu()-before
	key := bigKey{p.name, readers}
	b.results.bigs[key] = append(b.results.bigs[key], figures)
	if !check {
		return nil
	}
	bytes, err := checkServer(ctx, s.addr, rows)
	if err != nil {
		return s.explain(err)
	}
	b.noteBytes(p, rows, bytes)
	return nil
}

// readAtOnce reads the table from the server at addr by some readers at once.
func readAtOnce(ctx context.Context, addr string, readers, rows int) (slowest bigFigures, err error) {
	figures := make([]bigFigures, readers)
	errs := make([]error, readers)
	var group sync.WaitGroup
	for i := range readers {
		group.Go(func() { figures[i], errs[i] = readWhole(ctx, addr, rows) }) // ends with its deadline
	}
	group.Wait()
	for _, f := range figures {
		slowest.first, slowest.total = max(slowest.first, f.first), max(slowest.total, f.total)
	}
	return slowest, errors.Join(errs...)
}

// readWhole reads the table once.
func readWhole(ctx context.Context, addr string, rows int) (bigFigures, error) {
	c := newClient(addr, readPath)
	defer c.close()
	start := time.Now()
	c.deadline = start.Add(checkTimeout)
	var sink rowSink
	if _, err := c.get(ctx, &sink); err != nil {
		return bigFigures{}, err
	}
	figures := bigFigures{first: sink.first.Sub(start), total: time.Since(start)}
	return figures, sink.check(rows)
}

// discard reads the big table with the driver alone and throws the rows away:
// no server that uses the driver is faster.
func (b *bench) discard(ctx context.Context) (bigFigures, error) {
	db, err := b.db.open(b.db.readerUser, b.db.readerPassword, databaseName(b.results.plan.bigRows))
	if err != nil {
		return bigFigures{}, err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil { // servers are connected, too
		return bigFigures{}, err
	}
	start := time.Now()
	rows, err := db.QueryContext(ctx, "SELECT * FROM sample")
	if err != nil {
		return bigFigures{}, err
	}
	defer rows.Close()
	values := make([]sql.RawBytes, columnCount)
	targets := make([]any, columnCount)
	for i := range values {
		targets[i] = &values[i]
	}
	var figures bigFigures
	for n := 0; rows.Next(); n++ {
		if n == 0 {
			figures.first = time.Since(start)
		}
		if err := rows.Scan(targets...); err != nil {
			return bigFigures{}, err
		}
	}
	figures.total = time.Since(start)
	return figures, rows.Err()
}
