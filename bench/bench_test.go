package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"testing"
)

// newTestBench has peers that exist by name only.
func newTestBench(names ...string) *bench {
	b := &bench{log: log.New(io.Discard, "", 0), results: newResults(quickPlan), failed: map[failedKey]bool{}}
	for _, name := range names {
		b.results.peers = append(b.results.peers, peer{name: name, title: name})
	}
	return b
}

func TestBenchLeavesFailedPeersOut(t *testing.T) {
	b := newTestBench(baseName, "good", "bad")
	var measured []string
	measure := func(rows int) error {
		return b.each(t.Context(), partSame, rowsTitle(rows), 1, func(p peer) error {
			measured = append(measured, fmt.Sprint(p.name, rows))
			if p.name == "bad" && rows == 10 {
				return fmt.Errorf("%w\nthe end of its log", io.ErrUnexpectedEOF)
			}
			return nil
		})
	}
	for _, rows := range []int{10, 1000, 10} {
		if err := measure(rows); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"readapi10", "good10", "bad10", "readapi1000", "good1000", "bad1000", "readapi10", "good10"}
	if !slices.Equal(measured, want) {
		t.Errorf("measured %v; want %v", measured, want)
	}
	if want := []string{"bad, 10 rows: unexpected EOF"}; !slices.Equal(b.results.broken, want) {
		t.Errorf("broken = %q; want %q", b.results.broken, want)
	}
}

func TestBenchEnds(t *testing.T) {
	b := newTestBench(baseName, "good")
	err := b.each(t.Context(), partSame, "10 rows", 1, func(p peer) error {
		if p.name != baseName {
			t.Errorf("%s is measured after readapi has failed", p.name)
		}
		return io.ErrUnexpectedEOF
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("each() = %v; want %v", err, io.ErrUnexpectedEOF)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = b.each(ctx, partSame, "10 rows", 1, func(p peer) error {
		if p.name == baseName {
			return nil
		}
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || len(b.results.broken) > 0 {
		t.Errorf("each() = %v, broken = %v; want %v and none", err, b.results.broken, context.Canceled)
	}
}

func TestBenchSkips(t *testing.T) {
	b := newTestBench()
	ready := func(err error) func(context.Context, *workshop) (string, error) {
		return func(context.Context, *workshop) (string, error) { return "v1", err }
	}
	peers := []peer{
		{name: baseName, title: "readapi", prepare: ready(nil)},
		{name: "gone", title: "Gone", prepare: ready(fmt.Errorf("%w: install gone", errMissing))},
	}
	if err := b.prepare(t.Context(), peers); err != nil {
		t.Fatal(err)
	}
	if len(b.results.peers) != 1 || b.results.versions[baseName] != "v1" {
		t.Errorf("peers = %v, versions = %v; want readapi v1", b.results.peers, b.results.versions)
	}
	if want := []string{"Gone: not here: install gone"}; !slices.Equal(b.results.skipped, want) {
		t.Errorf("skipped = %q; want %q", b.results.skipped, want)
	}
	b.results.plan.parts = []string{partDifferent}
	if err := b.prepare(t.Context(), peers[1:]); err != nil || len(b.results.skipped) != 1 {
		t.Errorf("prepare(not needed) = %v, skipped = %q; want that it is left alone", err, b.results.skipped)
	}
	b.results.plan.parts = allParts
	peers[1].prepare = ready(io.ErrUnexpectedEOF)
	if err := b.prepare(t.Context(), peers); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("prepare(broken) = %v; want %v", err, io.ErrUnexpectedEOF)
	}
}

// TestPeersIn keeps the peers of each part.
func TestPeersIn(t *testing.T) {
	r := newResults(quickPlan)
	r.peers = allPeers()
	tests := map[string][]string{
		partSame:      {"readapi", "express", "flask", "flask-gunicorn", "php", "naive", "memory"},
		partLarge:     {"readapi", "express", "flask", "flask-gunicorn", "php", "naive"},
		partDifferent: {"readapi", "express-pool", "fastify", "flask-gunicorn", "php", "naive"},
	}
	for part, want := range tests {
		var names []string
		for _, p := range r.peersIn(part) {
			names = append(names, p.name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("peersIn(%s) = %q; want %q", part, names, want)
		}
	}
}
