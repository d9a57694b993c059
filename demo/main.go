// Command demo runs a command beside a MySQL-compatible database that exists
// only as long as the command does:
//
//	demo [-site] COMMAND [ARG...]
//
// The database is go-mysql-server, inside this process, in memory, on a free
// port of the loopback interface. Its database "demo" has a table "sample" of
// mountain huts, and two tables that are related, "regions" and "huts"
// (sample.sql). COMMAND finds it through the variables that readapi reads
// (DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_TABLES) and through those
// of readapi's integration tests (TEST_DB_*): environ.go lists them.
//
// With -site, which is for COMMAND readapi, a static page that fetches the rows
// is served as well, on port 8081 of the loopback interface or, if that is taken,
// on any other; its address and those of COMMAND's page and rows are printed on
// standard output. Without it, nothing is printed.
//
// SIGINT and SIGTERM are passed on to COMMAND. The exit code is that of
// COMMAND, or 128+n if signal n ended it; 127 if it could not be started, 2
// after wrong usage, and 1 if the database could not be started.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

const (
	exitFailed     = 1
	exitUsage      = 2
	exitNotStarted = 127
)

var errUsage = errors.New("usage: demo [-site] COMMAND [ARG...]")

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	code, err := run(os.Args[1:], os.Environ(), signals)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
	os.Exit(code)
}

// run starts the database and, with -site, the page, runs the command in args
// and returns the exit code. The error, if any, is for the user: the command's
// own failures are in the code only.
func run(args, environ []string, signals <-chan os.Signal) (int, error) {
	withSite := len(args) > 0 && args[0] == "-site"
	if withSite {
		args = args[1:]
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return exitUsage, errUsage
	}
	db, err := startEngine()
	if err != nil {
		return exitFailed, fmt.Errorf("start the database: %w", err)
	}
	defer db.close()
	environ = db.environ(environ)
	if withSite {
		page, err := startSite(environ)
		if err != nil {
			return exitFailed, fmt.Errorf("serve the page: %w", err)
		}
		defer page.close()
		fmt.Printf("the page:  %s/\nthe rows:  %s/read\nan example of another origin:  %s\n", page.api, page.api, page.url)
	}
	return runCommand(args, environ, signals)
}
