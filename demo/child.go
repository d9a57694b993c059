package main

// This file runs the command: one child process, which gets the standard
// streams and, once each, the signals. What differs between systems is in
// child_*.go.

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// runCommand runs args until it ends and returns its exit code.
//
// The child shares this process's group if that group is in the foreground of
// the terminal on standard input. It may then read from the terminal, and
// Ctrl-C and Ctrl-Z reach both. Otherwise (a pipe, CI, a job in the
// background) the child has a group of its own, so that a signal sent to this
// process's group reaches it only through forward; and what it leaves behind
// in that group is killed. Either way the child gets each signal once: readapi
// takes a second one to mean "at once".
func runCommand(args, environ []string, signals <-chan os.Signal) (int, error) {
	runtime.LockOSThread() // see dieWithParent
	defer runtime.UnlockOSThread()
	shared := inForeground()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = attributes(shared)
	if err := cmd.Start(); err != nil {
		return exitNotStarted, fmt.Errorf("start %q: %w", args[0], err)
	}
	ended := make(chan struct{})
	go forward(signals, cmd.Process, shared, ended)
	_ = cmd.Wait() // an exit code other than 0 is an error to Wait, not to us
	close(ended)
	if !shared {
		killGroup(cmd.Process.Pid)
	}
	return exitCode(cmd.ProcessState), nil
}

// forward passes signals on to p until ended is closed. An interrupt is not
// passed on while the terminal sends it to p itself.
func forward(signals <-chan os.Signal, p *os.Process, shared bool, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			if s == os.Interrupt && shared && inForeground() {
				continue
			}
			_ = p.Signal(s) // fails only if p has just ended
		}
	}
}

// exitCode is state's exit code as a shell reports it: 128+n for signal n.
// A nil state, of a child that could not be waited for, gives exitFailed.
func exitCode(state *os.ProcessState) int {
	if state == nil {
		return exitFailed
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}
