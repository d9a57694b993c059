package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseOptions(t *testing.T) {
	full := []string{"readapi", "express", "express-pool", "fastify", "flask", "flask-gunicorn", "php", "naive", "memory"}
	tests := []struct {
		args      []string
		parts     []string
		rounds    int
		duration  time.Duration
		out       string
		peerNames []string
	}{
		{nil, allParts, 3, 2 * time.Second, ".", full},
		{[]string{"-quick"}, allParts, 1, quickPlan.duration, "", full},
		{[]string{"-quick", "-rounds", "2", "-out", "x"}, allParts, 2, quickPlan.duration, "x", full},
		{[]string{"-only", "large,different"}, []string{partDifferent, partLarge}, 3, 2 * time.Second, "", full},
		{[]string{"-only", "same", "-out", "x"}, []string{partSame}, 3, 2 * time.Second, "x", full},
		{[]string{"-duration", "500ms", "-peers", "naive,express"}, allParts, 3, 500 * time.Millisecond, ".", []string{"readapi", "express", "naive"}},
	}
	for _, tt := range tests {
		o, err := parseOptions(tt.args, io.Discard)
		var names []string
		for _, p := range o.peers {
			names = append(names, p.name)
		}
		if err != nil || o.plan.rounds != tt.rounds || o.plan.duration != tt.duration || o.out != tt.out ||
			!slices.Equal(o.plan.parts, tt.parts) || !slices.Equal(names, tt.peerNames) {
			t.Errorf("parseOptions(%q) = %+v, %q, %q, %v", tt.args, o.plan, o.out, names, err)
		}
	}
	for _, args := range [][]string{
		{"-peers", "rails"}, // there is none
		{"-only", "small"},  // there is no such part
		{"-rounds", "-1"},
		{"-duration", "2"}, // no unit
		{"now"},
	} {
		if _, err := parseOptions(args, io.Discard); !errors.Is(err, errUsage) {
			t.Errorf("parseOptions(%q) = %v; want %v", args, err, errUsage)
		}
	}
}

func TestWriteResults(t *testing.T) {
	dir := t.TempDir()
	var stdout strings.Builder
	if err := writeResults(testResults(), dir, &stdout); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil || string(text) != stdout.String() {
		t.Errorf("RESULTS.md has %d bytes, %v; want the %d that were printed", len(text), err, stdout.Len())
	}
	chart, err := os.ReadFile(filepath.Join(dir, "results.svg"))
	if err != nil {
		t.Fatal(err)
	}
	parseXML(t, string(chart))
	for _, pair := range describeMachine() {
		if value := strings.TrimLeft(pair[1], ", "); value != pair[1] || value == "" {
			t.Errorf("machine: %s is %q; want a description", pair[0], pair[1])
		}
	}
}
