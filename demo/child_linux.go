package main

// This file has what only Linux can do for child.go.

import "syscall"

// dieWithParent makes the kernel kill the child when the thread that started it
// ends, even by SIGKILL. The caller stays on that thread until the child has
// ended.
func dieWithParent(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGKILL
}
