// Bench measures readapi and what others use for the same purpose side by side
// on one machine, and writes RESULTS.md and results.svg.
//
// Usage:
//
//	bench [-rounds n] [-duration d] [-only part,...] [-peers name,...]
//	      [-out folder] [-quick]
//
// The parts are same (all connections ask for the same rows), different (each
// request for others) and large (one reader of the whole big table).
//
// It runs in bench/, on Linux. bin/readapi must have been built; READAPI_BIN
// names another one. It starts a private MariaDB and removes it, or uses the
// server of TEST_DB_HOST, TEST_DB_PORT, TEST_DB_USER and TEST_DB_PASSWORD,
// where it makes databases whose names begin with readapi_bench_ and drops
// them. A server whose runtime is missing is skipped, and named.
//
// The exit codes are 0 if everything was measured that is not skipped, 2 for
// wrong arguments, and 1 for everything else.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// errUsage is an error in the arguments.
var errUsage = errors.New("wrong arguments")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the arguments.
type options struct {
	plan  plan
	peers []peer
	out   string // folder to write to; empty writes nothing
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	children, err := newProcesses()
	if err != nil {
		return err
	}
	defer children.close()
	// A load ends at once if its server is gone.
	defer context.AfterFunc(ctx, children.close)()

	b := &bench{
		workshop: &workshop{processes: children, recorded: map[string]string{}},
		log:      log.New(stderr, "", log.Ltime),
		results:  newResults(opts.plan),
		failed:   map[failedKey]bool{},
	}
	if err := b.openServer(ctx); err != nil {
		return err
	}
	if err := b.run(ctx, opts.peers); err != nil {
		return err
	}
	if err := writeResults(b.results, opts.out, stdout); err != nil {
		return err
	}
	if failed := slices.Concat(b.results.broken, b.results.failures); len(failed) > 0 {
		return fmt.Errorf("not everything worked:\n%s", strings.Join(failed, "\n"))
	}
	return nil
}

// openServer takes the server of TEST_DB_*, or starts a private one.
func (b *bench) openServer(ctx context.Context) error {
	external, ok, err := externalDB()
	if ok || err != nil {
		b.db = external
		return err
	}
	private, err := newMariaDB(ctx, b.workshop.processes, "mariadb")
	if err != nil {
		return err
	}
	b.db, b.mariadb = private.dbServer, private.process
	return nil
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	all := allPeers()
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "one tiny round that only proves that everything works")
	rounds := flags.Int("rounds", 0, "number of rounds (default 3)")
	duration := flags.Duration("duration", 0, "duration of each load (default 2s)")
	only := flags.String("only", "", "parts to measure: "+strings.Join(allParts, ",")+" (default all)")
	wanted := flags.String("peers", strings.Join(names, ","), "servers to measure; readapi always is")
	out := flags.String("out", "", "folder for RESULTS.md and results.svg (default this one, with -quick or -only none)")
	if err := flags.Parse(args); err != nil {
		return options{}, fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 || *rounds < 0 || *duration < 0 {
		return options{}, fmt.Errorf("%w: %q", errUsage, args)
	}
	o := options{plan: fullPlan, out: "."}
	if *quick {
		o.plan, o.out = quickPlan, ""
	}
	if *only != "" {
		var err error
		if o.plan.parts, err = chooseParts(strings.Split(*only, ",")); err != nil {
			return options{}, err
		}
		o.out = ""
	}
	override(&o.plan.rounds, *rounds)
	override(&o.plan.duration, *duration)
	override(&o.out, *out)
	var err error
	o.peers, err = choosePeers(all, strings.Split(*wanted, ","))
	return o, err
}

// override sets a value if there is another one.
func override[T int | time.Duration | string](value *T, other T) {
	if other != *new(T) {
		*value = other
	}
}

// chooseParts keeps those of allParts that are named.
func chooseParts(names []string) (chosen []string, err error) {
	for _, name := range names {
		if !slices.Contains(allParts, name) {
			return nil, fmt.Errorf("%w: there is no part %q", errUsage, name)
		}
	}
	for _, part := range allParts {
		if slices.Contains(names, part) {
			chosen = append(chosen, part)
		}
	}
	return chosen, nil
}

// choosePeers keeps those that have one of the names, and readapi.
func choosePeers(all []peer, names []string) (chosen []peer, err error) {
	for _, name := range names {
		if !slices.ContainsFunc(all, func(p peer) bool { return p.name == name }) {
			return nil, fmt.Errorf("%w: there is no server %q", errUsage, name)
		}
	}
	for _, p := range all {
		if p.name == baseName || slices.Contains(names, p.name) {
			chosen = append(chosen, p)
		}
	}
	return chosen, nil
}

// writeResults prints the results and writes them to the folder out.
func writeResults(r *results, out string, stdout io.Writer) error {
	var text, chart bytes.Buffer
	if err := writeReport(&text, r, describeMachine()); err != nil {
		return err
	}
	if err := writeChart(&chart, panels(r)); err != nil {
		return err
	}
	if _, err := stdout.Write(text.Bytes()); err != nil || out == "" {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "RESULTS.md"), text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "results.svg"), chart.Bytes(), 0o644)
}
