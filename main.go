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
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"readapi/internal/client"
)

// Limits of the HTTP server. There is none on the whole of a response
// (WriteTimeout): it would end a large result that the client is still taking.
// client.Listener has the one that does not.
const (
	readHeaderTimeout = 5 * time.Second   // a request's header, from its first byte
	readTimeout       = 10 * time.Second  // the same with its body, which nobody reads
	idleTimeout       = 120 * time.Second // a kept connection without a request
	maxHeaderBytes    = 64 << 10          // more than a query string may have: its error is ours
	checkTimeout      = 3 * time.Second   // -check; /readyz answers within 2 s
)

// What the memory limit is made of, unless GOMEMLIMIT is set. It is soft: close to
// it garbage is collected sooner. Without it as much garbage as there is data may
// lie around, so that results that slow clients keep would count twice.
const (
	memoryBase      = 152 << 20 // results that are held, and the program
	memoryPerConn   = 4 << 20   // buffers for a connection to the database
	memoryPerFlight = 32 << 10  // a client's connection and request
)

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
		return checkReady(ctx, cfg.addr)
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
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("listen on ADDR: %w", err)
	}
	limitMemory(cfg)
	log.Info("listening", "addr", listener.Addr().String(), "version", buildVersion())

	api := newAPI(pool, cfg, log)
	server := newServer(api, log)
	running, end := context.WithCancelCause(ctx)
	go func() { end(server.Serve(client.NewListener(listener, cfg.stallTimeout))) }() // ends with Shutdown or Close

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
	return shutDown(server, api.drain, cfg.shutdownTimeout, log)
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
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryBase + int64(cfg.poolSize())*memoryPerConn + int64(cfg.maxInFlight)*memoryPerFlight)
	}
}

// newServer makes the HTTP server for handler.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	unused := &unusedConns{conns: map[net.Conn]struct{}{}}
	server := &http.Server{
		ConnState:         unused.note,
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       client.WithConn,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(unused.close)
	return server
}

// unusedConns are the connections on which nobody has asked anything, such as
// those that browsers open in advance. Shutdown would wait 5 s for a request. It
// is safe for concurrent use.
type unusedConns struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{} // guarded by mu
}

// note is an http.Server's ConnState.
func (u *unusedConns) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew {
		u.conns[conn] = struct{}{}
	} else {
		delete(u.conns, conn)
	}
}

// close ends them.
func (u *unusedConns) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for conn := range u.conns {
		conn.Close()
	}
}

// shutDown lets the responses under way finish, for at most timeout. While drain
// lasts, others are told that the server stops; then nobody can connect.
func shutDown(server *http.Server, drain func(context.Context), timeout time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	drain(ctx)
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("cut responses that were not finished within SHUTDOWN_TIMEOUT %v: %w", timeout, err)
	}
	log.Info("stopped")
	return nil
}

// checkReady asks the server that listens on addr whether it is ready.
func checkReady(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	var first error
	for _, host := range checkHosts(host) {
		err := askReady(ctx, "http://"+net.JoinHostPort(host, port)+"/readyz")
		var unreachable *net.OpError
		if !errors.As(err, &unreachable) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// checkHosts are where to ask a server that listens on host. Its own machine is
// given by its addresses: an image may have nothing that knows localhost.
func checkHosts(host string) []string {
	ip := net.ParseIP(host)
	switch {
	case host == "", host == "localhost", ip != nil && ip.IsUnspecified():
		return []string{"127.0.0.1", "::1"}
	default:
		return []string{host}
	}
}

// askReady asks once.
func askReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	direct := http.Client{Transport: &http.Transport{}} // no proxy from the environment
	resp, err := direct.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
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
