package main

// This file is the Windows side of child.go. A console sends Ctrl-C to all of
// its processes, and there are no process groups of the Unix kind.

import "syscall"

func inForeground() bool { return true }

func attributes(bool) *syscall.SysProcAttr { return nil }

func killGroup(int) {}
