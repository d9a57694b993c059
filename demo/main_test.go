package main

// This file tests the program from outside. The test binary plays all parts: it
// is the test, "demo" itself when runVariable is set, and COMMAND when its
// first argument is "helper".

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const runVariable = "DEMO_TEST_RUN"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "helper":
		os.Exit(helpers[os.Args[2]](os.Args[3:]))
	case os.Getenv(runVariable) != "":
		main()
	}
	os.Exit(m.Run())
}

// helpers are the commands that demo runs in these tests; each returns its exit
// code.
var helpers = map[string]func(args []string) int{
	"block":   helperBlock,
	"copy":    helperCopy,
	"environ": helperEnviron,
	"exit":    helperExit,
	"kill":    helperKill,
	"orphan":  helperOrphan,
	"query":   helperQuery,
	"signals": helperSignals,
}

func helperExit(args []string) int {
	code, _ := strconv.Atoi(args[0])
	return code
}

// helperEnviron writes its environment to the file args[0].
func helperEnviron(args []string) int {
	if os.WriteFile(args[0], []byte(strings.Join(os.Environ(), "\n")), 0o600) != nil {
		return 1
	}
	return 0
}

func helperCopy([]string) int {
	io.Copy(os.Stdout, os.Stdin)
	fmt.Fprint(os.Stderr, "copied")
	return 0
}

// helperQuery prints how many rows the account in DB_USER gets, after two
// failures that the engine would log.
func helperQuery([]string) int {
	config := readerConfig(os.Getenv("DB_HOST")+":"+os.Getenv("DB_PORT"), os.Getenv("DB_NAME"))
	config.User, config.Passwd = os.Getenv("DB_USER"), "wrong"
	refused := openDatabase(config)
	fmt.Println(refused.Ping() != nil)
	config.Passwd = os.Getenv("DB_PASSWORD")
	db := openDatabase(config)
	_, err := db.Exec("SELECT * FROM missing")
	fmt.Println(err != nil)
	fmt.Println(countRows(db))
	return 0
}

func countRows(db *sql.DB) (n int) {
	if err := db.QueryRow("SELECT COUNT(*) FROM sample").Scan(&n); err != nil {
		fmt.Println(err)
	}
	return n
}

// helperBlock waits to be killed.
func helperBlock([]string) int {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	fmt.Println("ready")
	<-interrupted
	return 0
}

// helperKill ends as by kill -9.
func helperKill([]string) int {
	self, err := os.FindProcess(os.Getpid())
	if err != nil || self.Kill() != nil {
		return 1
	}
	return helperBlock(nil)
}

// helperOrphan leaves a process behind.
func helperOrphan([]string) int {
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	cmd := exec.Command(exe, "helper", "block")
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		return 1
	}
	return 3
}

// helperSignals prints the signals that it gets, and ends with SIGTERM.
func helperSignals([]string) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	fmt.Println("ready")
	for s := range signals {
		fmt.Println(s)
		if s == syscall.SIGTERM {
			return 5
		}
	}
	return 1
}

// helper returns the command line of the helper called args[0].
func helper(t testing.TB, args ...string) []string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{exe, "helper"}, args...)
}

// demo returns the command line "demo ARGS...".
func demo(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), runVariable+"=1")
	return cmd
}

// outcome runs cmd and returns what it wrote and its exit code.
func outcome(t testing.TB, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	tests := []struct {
		name string
		args []string
		code int
		err  string // how it begins
	}{
		{"no command", nil, 2, "usage: demo [-site] COMMAND [ARG...]"},
		{"only -site", []string{"-site"}, 2, "usage: demo [-site] COMMAND [ARG...]"},
		{"an option", []string{"-h"}, 2, "usage: demo [-site] COMMAND [ARG...]"},
		{"no such name", []string{"no-such-command"}, 127, `start "no-such-command": `},
		{"no such file", []string{missing, "arg"}, 127, "start " + strconv.Quote(missing)},
		{"a folder", []string{dir}, 127, "start " + strconv.Quote(dir)},
		{"success", helper(t, "exit", "0"), 0, ""},
		{"failure", helper(t, "exit", "2"), 2, ""},
		{"the highest code", helper(t, "exit", "255"), 255, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, err := run(tt.args, os.Environ(), nil)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if code != tt.code || !strings.HasPrefix(message, tt.err) || (tt.err == "") != (err == nil) {
				t.Errorf("run(%q) = %d, %v; want %d, %q", tt.args, code, err, tt.code, tt.err)
			}
		})
	}
}

func TestErrorMessage(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := outcome(t, demo(t, "no-such-command"))
	if code != 127 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "demo: start ") {
		t.Errorf("got code %d, stdout %q, stderr %q; want 127, nothing and one line", code, stdout, stderr)
	}
}

func TestStandardStreams(t *testing.T) {
	t.Parallel()
	cmd := demo(t, helper(t, "copy")...)
	cmd.Stdin = strings.NewReader("through demo")
	stdout, stderr, code := outcome(t, cmd)
	if stdout != "through demo" || stderr != "copied" || code != 0 {
		t.Errorf("got stdout %q, stderr %q, code %d; want %q, %q, 0", stdout, stderr, code, "through demo", "copied")
	}
}

// TestQuery also proves that the engine keeps quiet, and that no file is left
// in the folders that a program might litter unasked.
func TestQuery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := demo(t, helper(t, "query")...)
	cmd.Dir = dir
	for _, name := range []string{"TMPDIR", "TMP", "TEMP", "HOME"} {
		cmd.Env = append(cmd.Env, name+"="+dir)
	}
	stdout, stderr, code := outcome(t, cmd)
	if want := "true\ntrue\n12\n"; stdout != want || stderr != "" || code != 0 {
		t.Errorf("got stdout %q, stderr %q, code %d; want %q, nothing, 0", stdout, stderr, code, want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("ReadDir = %v, %v; want nothing", left, err)
	}
}
