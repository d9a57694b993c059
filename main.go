// Readapi serves the rows of a MySQL table as JSON: GET /read answers with the
// rows of SELECT * FROM sample. GET /healthz says whether the process runs, GET
// /readyz whether the database answers.
//
// Usage:
//
//	readapi [-h | -version | -check | -types]
//
// Everything is configured with environment variables; DB_USER and DB_NAME are
// required, readapi -h lists all. The exit codes are 0 after a clean stop, 2 for
// wrong configuration or arguments, and 1 for everything else. A fault in the
// program itself, or no memory left, ends it by SIGABRT (134 in a shell).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"readapi/internal/client"
	"readapi/internal/httpserver"
)

// What the memory limit is made of, unless GOMEMLIMIT is set. It is soft: close to
// it garbage is collected sooner. Without it as much garbage as there is data may
// lie around, so that results that slow clients keep would count twice.
const (
	memoryBase      = 152 << 20 // results that are held, and the program
	memoryPerConn   = 4 << 20   // buffers for a connection to the database
	memoryPerFlight = 32 << 10  // a client's connection and request
	ballastBytes    = 8 << 20
)

// ballast is memory that is never touched, and so is not there, but counts as used:
// garbage is collected when there is as much of it, and not at every 4 MB. That was
// a tenth of the time of a short read.
var ballast = make([]byte, ballastBytes)

// version is set by the linker for a release: -X main.version=v1.0.0.
var version string

func main() {
	// Go's own exit code for a crash is 2. It must not be taken for that of wrong
	// configuration, after which systemd does not start readapi again.
	debug.SetTraceback("crash")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "readapi:", err)
	}
	os.Exit(exitCode(err))
}

// errUsage is an error in the arguments, which flag has already reported.
var errUsage = errors.New("want no argument, -h, -version, -check or -types")

// exitCode maps the result of run to the process's exit code.
func exitCode(err error) int {
	var faults configError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &faults), errors.Is(err, errUsage):
		return 2
	default:
		return 1
	}
}

// run is the whole program: it returns when ctx has ended and the responses
// under way are out, or when there is no way to go on.
func run(ctx context.Context, args []string, lookupEnv func(string) (string, bool), stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("readapi", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	help := flags.Bool("h", false, "")
	showVersion := flags.Bool("version", false, "")
	check := flags.Bool("check", false, "")
	types := flags.Bool("types", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp): // -help
		*help = true
	case err != nil, flags.NArg() > 0:
		return fmt.Errorf("%w, got %q", errUsage, args)
	}
	switch {
	case *help:
		writeHelp(stdout)
		return nil
	case *showVersion:
		_, err := fmt.Fprintln(stdout, "readapi", buildVersion())
		return err
	}
	cfg, err := loadConfig(lookupEnv)
	if *check && cfg.addr != "" { // the other variables do not matter to it
		return httpserver.Ready(ctx, cfg.addr, cfg.cert.cert != "")
	}
	switch {
	case err != nil:
		return err
	case *types:
		return writeTypes(ctx, cfg, stdout, newLogger(cfg, stderr))
	default:
		return serve(ctx, cfg, newLogger(cfg, stderr))
	}
}

// serve listens, waits for the database and serves until ctx ends.
func serve(ctx context.Context, cfg config, log *slog.Logger) error {
	pool, err := openPool(cfg, log)
	if err != nil {
		return err
	}
	defer pool.Close()
	pair, err := cfg.cert.load("TLS", log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("listen on ADDR: %w", err)
	}
	limitMemory(cfg)
	log.Info("listening", "addr", listener.Addr().String(), "version", buildVersion())

	api := newAPI(pool, cfg, log)
	server := httpserver.New(api, pair, log)
	running, end := context.WithCancelCause(ctx)
	go func() { end(httpserver.Serve(server, client.NewListener(listener, cfg.stallTimeout))) }() // ends with ShutDown or Close
	if cfg.metricsAddr != "" {
		listener, err := net.Listen("tcp", cfg.metricsAddr)
		if err != nil {
			server.Close()
			return fmt.Errorf("listen on METRICS_ADDR: %w", err)
		}
		log.Info("listening for metrics", "addr", listener.Addr().String())
		watched := httpserver.New(api.metrics(), nil, log)
		defer watched.Close()
		go func() { end(httpserver.Serve(watched, client.NewListener(listener, cfg.stallTimeout))) }() // ends with Close
	}

	go func() { // ends once connected, or with running
		if err := awaitDatabase(running, api.db, log); err != nil {
			end(err)
		}
	}()
	<-running.Done()
	if ctx.Err() == nil {
		server.Close()
		return context.Cause(running)
	}
	log.Info("stopping", "timeout", cfg.shutdownTimeout)
	return httpserver.ShutDown(server, api.drain, cfg.shutdownTimeout, log)
}

// writeTypes writes the types of the tables for TypeScript.
func writeTypes(ctx context.Context, cfg config, w io.Writer, log *slog.Logger) error {
	pool, err := openPool(cfg, log)
	if err != nil {
		return err
	}
	defer pool.Close()
	types, err := newAPI(pool, cfg, log).rest.TypeScript(ctx)
	if err != nil {
		return fmt.Errorf("types: %w", err)
	}
	_, err = w.Write(types)
	return err
}

// limitMemory sets the soft limit that goes with cfg, unless the operator has set
// one.
func limitMemory(cfg config) {
	runtime.KeepAlive(ballast)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryBase + ballastBytes + int64(cfg.poolSize())*memoryPerConn + int64(cfg.maxInFlight)*memoryPerFlight)
	}
}

// newLogger makes the logger that cfg asks for, on w.
func newLogger(cfg config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.logLevel}
	if cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// writeHelp writes what -h shows.
func writeHelp(w io.Writer) {
	fmt.Fprint(w, `readapi serves the rows of a MySQL table as JSON at /read.

Usage: readapi [-h | -version | -check | -types]

  -h        print this help
  -version  print the version
  -check    ask the server that runs at ADDR for /readyz: exit code 0 if it is ready, 1 if not
  -types    print the types of the tables, for TypeScript and @supabase/postgrest-js

Environment variables and their defaults (NAME_FILE instead of NAME gives the path of a file that holds the value):

`)
	writeVariables(w)
}

// buildVersion is the version that the linker or the module system knows.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
