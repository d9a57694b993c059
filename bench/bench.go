package main

// This file is the measurement: which server is measured with what, in which
// order, and what is kept of it. Rules: only one server runs at a time; rounds
// are interleaved, so that a slow minute of the machine hits all alike; each
// figure is the median of its rounds.

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parts of a run, for -only.
const (
	partSame      = "same"      // the same rows for all connections, table by table
	partDifferent = "different" // other rows with each request
	partLarge     = "large"     // the whole big table
)

// allParts is in the order in which they are measured and shown.
var allParts = []string{partSame, partDifferent, partLarge}

// plan is what is measured.
type plan struct {
	parts       []string // some of allParts
	rounds      int
	duration    time.Duration // of one load
	connections []int         // ascending
	different   []int         // connections that read different rows, ascending
	rows        []int         // sizes of the tables that are read under load
	bigRows     int           // size of the table that is read whole, by one reader
	manyReaders int           // by so many at once, but only from readapi
}

// The two plans: the one for RESULTS.md, and the one that only proves that
// everything works.
var (
	fullPlan = plan{
		parts: allParts, rounds: 3, duration: 2 * time.Second,
		connections: []int{1, 16, 64, 256}, different: []int{1, 64, 256}, rows: []int{10, 1000}, bigRows: 1_000_000, manyReaders: 8,
	}
	quickPlan = plan{
		parts: allParts, rounds: 1, duration: 150 * time.Millisecond,
		connections: []int{1, 16}, different: []int{1, 16}, rows: []int{10, 1000}, bigRows: 20_000, manyReaders: 8,
	}
)

// has reports whether the part is measured.
func (p plan) has(part string) bool { return slices.Contains(p.parts, part) }

// warmUp is the part of a load's duration that goes before it and is not
// measured.
const warmUp = 4

// databasePrefix begins the names of the databases, which are dropped in the
// end. The number of rows follows.
const databasePrefix = "readapi_bench_"

// loadKey says which load a figure is of.
type loadKey struct {
	peer        string
	rows        int
	connections int
}

// loadFigures are the figures of one load.
type loadFigures struct {
	rate     float64       // requests per second
	p50, p99 time.Duration // from request to the end of the response
	cpu      time.Duration // of the server, for each request
}

// results are all figures, one for each round.
type results struct {
	plan      plan
	peers     []peer            // those that are not skipped
	versions  map[string]string // by peer
	skipped   []string          // what is missing here, and how to get it
	broken    []string          // what is here and did not work
	failures  []string          // requests that failed
	bodyBytes map[int]int64     // of readapi, by rows
	database  string            // its version

	loads     map[loadKey][]loadFigures
	different map[differentKey][]differentFigures
	bigs      map[bigKey][]bigFigures
}

func newResults(p plan) *results {
	return &results{
		plan: p, versions: map[string]string{}, bodyBytes: map[int]int64{},
		loads: map[loadKey][]loadFigures{}, different: map[differentKey][]differentFigures{},
		bigs: map[bigKey][]bigFigures{},
	}
}

// peersIn lists the peers that are measured in that part.
func (r *results) peersIn(part string) (in []peer) {
	for _, p := range r.peers {
		if p.isIn(part) {
			in = append(in, p)
		}
	}
	return in
}

// bench is a run under way.
type bench struct {
	workshop *workshop
	db       dbServer
	mariadb  *process // of db; nil if somebody else runs it
	log      *log.Logger
	results  *results
	failed   map[failedKey]bool
}

// failedKey says with what a peer has failed.
type failedKey struct {
	peer string
	what string
}

// run measures the peers.
func (b *bench) run(ctx context.Context, peers []peer) error {
	if err := b.prepare(ctx, peers); err != nil {
		return err
	}
	defer b.dropDatabases()
	if err := b.createDatabases(ctx); err != nil {
		return err
	}
	for round := 1; round <= b.results.plan.rounds; round++ {
		if err := b.measureRound(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// measureRound measures each part once.
func (b *bench) measureRound(ctx context.Context, round int) error {
	measures := map[string]func(context.Context, int) error{
		partSame: b.measureSame, partDifferent: b.measureDifferent, partLarge: b.measureBig,
	}
	for _, part := range b.results.plan.parts {
		if err := measures[part](ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// measureSame puts all loads of each table on each peer.
func (b *bench) measureSame(ctx context.Context, round int) error {
	for _, rows := range b.results.plan.rows {
		err := b.each(ctx, partSame, rowsTitle(rows), round, func(p peer) error { return b.measureLoads(ctx, p, rows) })
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsTitle names the table of that size.
func rowsTitle(rows int) string { return strconv.Itoa(rows) + " rows" }

// each measures the peers of a part in turn with what that names. A peer that
// fails is named in the results and not tried with it again; only readapi and
// ctx end the run.
func (b *bench) each(ctx context.Context, part, what string, round int, measure func(peer) error) error {
	for _, p := range b.results.peersIn(part) {
		if b.failed[failedKey{p.name, what}] {
			continue
		}
		b.log.Printf("round %d of %d: %s: %s", round, b.results.plan.rounds, what, p.title)
		err := measure(p)
		if err == nil {
			continue
		}
		err = fmt.Errorf("%s, %s: %w", p.title, what, err)
		if ctx.Err() != nil || p.name == baseName {
			return err
		}
		b.log.Print(err)
		b.failed[failedKey{p.name, what}] = true
		reason, _, _ := strings.Cut(err.Error(), "\n") // without the end of a log
		b.results.broken = append(b.results.broken, reason)
	}
	return nil
}

// prepare finds out which peers can be measured here, of those that are in a
// part that is.
func (b *bench) prepare(ctx context.Context, peers []peer) error {
	for _, peer := range peers {
		if !slices.ContainsFunc(b.results.plan.parts, peer.isIn) {
			continue
		}
		versions, err := peer.prepare(ctx, b.workshop)
		if errors.Is(err, errMissing) {
			b.log.Printf("skipped: %s: %v", peer.title, err)
			b.results.skipped = append(b.results.skipped, fmt.Sprintf("%s: %v", peer.title, err))
			continue
		}
		if err != nil {
			return fmt.Errorf("prepare %s: %w", peer.title, err)
		}
		b.results.versions[peer.name] = versions
		b.results.peers = append(b.results.peers, peer)
	}
	return nil
}

// createDatabases makes a database for each size.
func (b *bench) createDatabases(ctx context.Context) error {
	admin, err := b.db.admin("")
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.QueryRowContext(ctx, "SELECT VERSION()").Scan(&b.results.database); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	for _, rows := range b.sizes() {
		b.log.Printf("filling a table of %d rows", rows)
		if err := createSampleDatabase(ctx, b.db, databaseName(rows), rows); err != nil {
			return fmt.Errorf("create database: %w", err)
		}
	}
	if b.results.plan.has(partDifferent) {
		if err := addDifferent(ctx, b.db, databaseName(b.results.plan.bigRows)); err != nil {
			return fmt.Errorf("create database: %w", err)
		}
	}
	if b.mariadb != nil {
		b.mariadb.settle(ctx) // it goes on writing for a while
	}
	return nil
}

// dropDatabases removes them, also when the run was interrupted. A private
// server is removed with all its data.
func (b *bench) dropDatabases() {
	if b.mariadb != nil {
		return
	}
	for _, rows := range b.sizes() {
		if err := dropDatabase(context.Background(), b.db, databaseName(rows)); err != nil {
			b.log.Printf("drop database: %v", err)
		}
	}
}

// sizes are the sizes of all tables that are read.
func (b *bench) sizes() (sizes []int) {
	p := b.results.plan
	if p.has(partSame) {
		sizes = append(sizes, p.rows...)
	}
	if p.has(partDifferent) || p.has(partLarge) {
		sizes = append(sizes, p.bigRows)
	}
	return sizes
}

func databaseName(rows int) string { return databasePrefix + strconv.Itoa(rows) }

// env is what a server needs to read the table of that size.
func (b *bench) env(rows int) []string {
	return append(b.db.reader(), "DB_NAME="+databaseName(rows))
}

// measureLoads starts a peer and puts each load on it.
func (b *bench) measureLoads(ctx context.Context, p peer, rows int) error {
	s, err := p.start(ctx, b.workshop, b.env(rows))
	if err != nil {
		return err
	}
	defer s.stop()
	s.settle(ctx)
	bytes, err := checkServer(ctx, s.addr, rows)
	if err != nil {
		return s.explain(err)
	}
	b.noteBytes(p, rows, bytes)
	for _, connections := range b.results.plan.connections {
		figures, result := b.measureLoad(ctx, s, newLoad(s.addr, newSameRows(connections, bytes)))
		if err := ctx.Err(); err != nil {
			return err
		}
		key := loadKey{p.name, rows, connections}
		b.results.loads[key] = append(b.results.loads[key], figures)
		b.noteFailures(result, "%s, %d rows, %d connections", p.title, rows, connections)
	}
	return nil
}

// measureLoad puts a load on a server that is warm, and closes it.
func (b *bench) measureLoad(ctx context.Context, s *server, l *load) (loadFigures, loadResult) {
	defer l.close()
	l.run(ctx, b.results.plan.duration/warmUp)
	before := s.cpu()
	r := l.run(ctx, b.results.plan.duration)
	figures := loadFigures{rate: r.rate(), p50: percentile(r.latencies, 0.50), p99: percentile(r.latencies, 0.99)}
	if n := len(r.latencies); n > 0 {
		figures.cpu = (s.cpu() - before) / time.Duration(n)
	}
	return figures, r
}

// noteBytes keeps the size of readapi's response.
func (b *bench) noteBytes(p peer, rows int, bytes int64) {
	if p.name == baseName {
		b.results.bodyBytes[rows] = bytes
	}
}

// noteFailures keeps a sentence on failed requests for RESULTS.md, if there are
// any. format and args name the load.
func (b *bench) noteFailures(r loadResult, format string, args ...any) {
	if r.failures == 0 {
		return
	}
	text := fmt.Sprintf(format+": %d requests failed, %d did not; one with: %v",
		append(args, r.failures, len(r.latencies), r.err)...)
	b.log.Print(text)
	b.results.failures = append(b.results.failures, text)
}
