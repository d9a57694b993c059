package main

// This file owns the processes that a run starts: each has a process group and
// a log of its own, is waited for until its port answers, and is ended by its
// pid. Rule: whoever makes a processes defers its close; then nothing outlives
// the run, however it ends.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	startTimeout = 60 * time.Second      // until a port answers
	stopTimeout  = 20 * time.Second      // from SIGTERM to SIGKILL
	pollInterval = 20 * time.Millisecond // of a port that is not open yet
	maxTailBytes = 2 << 10               // of a log, in an error
)

// errEnded is a process that ended before its port answered.
var errEnded = errors.New("the process ended")

// command says how to start a process.
type command struct {
	name string   // for its log and for errors
	args []string // the program and its arguments
	env  []string // beside PATH and HOME; nothing else is handed down
	dir  string   // working directory; empty is that of this process
	port int      // loopback TCP port that answers once it runs
	// socket is a unix socket to wait for instead of a port. Without either,
	// nothing is waited for.
	socket string
}

// processes are the children of one run, and the folder for their files. It is
// safe for concurrent use.
type processes struct {
	// dir is temporary and may be entered by every user: some servers run as
	// another one than root.
	dir string

	mu      sync.Mutex
	started []*process
}

// newProcesses makes the temporary folder. The caller closes it.
func newProcesses() (*processes, error) {
	dir, err := os.MkdirTemp("", "readapi-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	return &processes{dir: dir}, nil
}

// close stops what still runs, the last one first, and removes the folder. It
// may be called again, also while start is under way.
func (ps *processes) close() {
	ps.mu.Lock()
	started := ps.started
	ps.started = nil
	ps.mu.Unlock()
	for i := len(started) - 1; i >= 0; i-- {
		started[i].stop()
	}
	os.RemoveAll(ps.dir)
}

// start starts c and returns once its port answers. An error has the end of its
// log; the process is gone then.
func (ps *processes) start(ctx context.Context, c command) (*process, error) {
	ps.mu.Lock()
	logPath := filepath.Join(ps.dir, fmt.Sprintf("%s-%d.log", c.name, len(ps.started)+1))
	p, err := startProcess(c, logPath)
	if err == nil {
		ps.started = append(ps.started, p)
	}
	ps.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	if err := p.await(ctx, c); err != nil {
		p.kill()
		return nil, fmt.Errorf("start %s: %w", c.name, p.explain(err))
	}
	return p, nil
}

// startReadapi starts bin/readapi, or the program that READAPI_BIN names, on a
// free loopback port. It does not wait for the database. Of readapi's variables
// only those of env are set, and ADDR.
func (ps *processes) startReadapi(ctx context.Context, env ...string) (*process, error) {
	bin, err := readapiBin()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	env = append([]string{"ADDR=" + loopback(port)}, env...)
	return ps.start(ctx, command{name: "readapi", args: []string{bin}, env: env, port: port})
}

// readapiBin is the path of the program to measure. The working directory is
// bench/.
func readapiBin() (string, error) {
	bin := os.Getenv("READAPI_BIN")
	if bin == "" {
		bin = filepath.Join("..", "bin", "readapi")
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(bin); err != nil {
		return "", fmt.Errorf("%w: run make build in the folder above, or set READAPI_BIN", err)
	}
	return bin, nil
}

// process is a started child. It is safe for concurrent use.
type process struct {
	addr string // 127.0.0.1:port
	pid  int

	logPath string
	ended   chan struct{} // closed when it has ended and was waited for
	state   *os.ProcessState
}

// startProcess starts c without waiting for its port.
func startProcess(c command, logPath string) (*process, error) {
	output, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer output.Close() // the child has its own descriptor
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, c.env...)
	cmd.Stdout, cmd.Stderr = output, output
	// A group of its own: Ctrl-C reaches only us, and its children end with it.
	// If we are killed, so is it, unless it changes its user, as mariadbd does.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{addr: loopback(c.port), pid: cmd.Process.Pid, logPath: logPath, ended: make(chan struct{})}
	go func() { // ends with the child, which close ends at the latest
		_ = cmd.Wait() // its error is in the state
		p.state = cmd.ProcessState
		close(p.ended)
	}()
	return p, nil
}

// await waits until the port or the socket of c answers, at most startTimeout.
func (p *process) await(ctx context.Context, c command) error {
	network, addr := "tcp", p.addr
	switch {
	case c.socket != "":
		network, addr = "unix", c.socket
	case c.port == 0:
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := net.Dial(network, addr)
		if err == nil {
			return errors.Join(ctx.Err(), conn.Close())
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%w: %v", errEnded, p.state)
		case <-ctx.Done():
			return fmt.Errorf("no answer on %s: %w", addr, ctx.Err())
		case <-time.After(pollInterval): // nothing signals that it opens
		}
	}
}

// url is the address of path on the server.
func (p *process) url(path string) string { return "http://" + p.addr + path }

// alive reports whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// stop asks the process to end, kills it and its children after stopTimeout,
// and returns when it is gone. It returns its exit code, -1 if a signal ended
// it. A process that has ended already keeps its code.
func (p *process) stop() int {
	if p.alive() {
		_ = syscall.Kill(p.pid, syscall.SIGTERM) // fails only if it has just ended
	}
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
	}
	return p.kill()
}

// kill ends the process and its children at once, as kill -9 does, and returns
// its exit code as stop does.
func (p *process) kill() int {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // ESRCH: nothing is left
	<-p.ended
	return p.state.ExitCode()
}

// explain adds the end of the log to err.
func (p *process) explain(err error) error {
	return fmt.Errorf("%w; the log ends with:\n%s", err, p.logTail())
}

// logTail is the end of what the process wrote.
func (p *process) logTail() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(text[max(0, len(text)-maxTailBytes):])
}

// freePort finds a loopback TCP port that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// loopback is the address of a port on this machine.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
