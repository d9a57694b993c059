//go:build !unix

package main

// This file stands in for main_unix_test.go elsewhere.

import "net"

func mainMayCrash() {}

// mainIsReset does not know: only reading would tell.
func mainIsReset(*net.TCPConn) bool { return false }
