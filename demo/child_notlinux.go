//go:build unix && !linux

package main

// This file stands in for child_linux.go elsewhere on Unix.

import "syscall"

// dieWithParent does nothing: here a child outlives a parent that is killed
// with SIGKILL.
func dieWithParent(*syscall.SysProcAttr) {}
