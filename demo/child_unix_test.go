//go:build unix

package main

// This file tests signals and what is left behind. It looks at processes
// through a pipe: the end of its data means that they have all ended.

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lines reads the output of a started demo.
type lines struct {
	t testing.TB
	r *bufio.Reader
}

// startDemo starts cmd with its output in a pipe whose only writers are cmd and
// what it starts.
func startDemo(t testing.TB, cmd *exec.Cmd) lines {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if err := r.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return lines{t, bufio.NewReader(r)}
}

// want reads one line.
func (l lines) want(want string) {
	l.t.Helper()
	got, err := l.r.ReadString('\n')
	if strings.TrimSpace(got) != want {
		l.t.Fatalf("read %q, %v; want the line %q", got, err, want)
	}
}

// wantEnd reads the end, which comes when the last process has ended.
func (l lines) wantEnd() {
	l.t.Helper()
	if rest, err := io.ReadAll(l.r); err != nil || len(rest) != 0 {
		l.t.Fatalf("read %q, %v; want the end", rest, err)
	}
}

// wantCode waits for cmd.
func wantCode(t testing.TB, cmd *exec.Cmd, want int) {
	t.Helper()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("exit code %d (%v); want %d", got, cmd.ProcessState, want)
	}
}

func TestSignalsAreForwardedOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		send func(pid int, s syscall.Signal) error
	}{
		{"to demo", syscall.Kill},
		{"to the group of demo", func(pid int, s syscall.Signal) error { return syscall.Kill(-pid, s) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := demo(t, helper(t, "signals")...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			out := startDemo(t, cmd)
			out.want("ready")
			for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGTERM} {
				if err := tt.send(cmd.Process.Pid, s); err != nil {
					t.Fatal(err)
				}
				out.want(s.String())
			}
			out.wantEnd()
			wantCode(t, cmd, 5)
		})
	}
}

func TestChildKilledBySignal(t *testing.T) {
	t.Parallel()
	code, err := run(helper(t, "kill"), os.Environ(), nil)
	if want := 128 + int(syscall.SIGKILL); code != want || err != nil {
		t.Errorf("run = %d, %v; want %d", code, err, want)
	}
}

func TestSignalEndsChild(t *testing.T) {
	t.Parallel()
	cmd := demo(t, helper(t, "block")...)
	out := startDemo(t, cmd)
	out.want("ready")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out.wantEnd()
	wantCode(t, cmd, 128+int(syscall.SIGTERM))
}

// TestNoProcesses fails by its deadline if the orphan lives on.
func TestNoProcesses(t *testing.T) {
	t.Parallel()
	cmd := demo(t, helper(t, "orphan")...)
	out := startDemo(t, cmd)
	if _, err := io.ReadAll(out.r); err != nil { // the orphan may say "ready" first
		t.Fatal(err)
	}
	wantCode(t, cmd, 3)
}
