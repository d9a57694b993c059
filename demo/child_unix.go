//go:build unix

package main

// This file is the Unix side of child.go: process groups and the terminal.

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// inForeground reports whether standard input is a terminal and this process
// belongs to its foreground group, the one that Ctrl-C is sent to.
func inForeground() bool {
	group, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// attributes gives the child a process group of its own unless it shares ours.
func attributes(shared bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: !shared}
	dieWithParent(attr)
	return attr
}

// killGroup kills what is left of the process group that the child pid led.
func killGroup(pid int) {
	_ = syscall.Kill(-pid, syscall.SIGKILL) // usually nothing: ESRCH
}
