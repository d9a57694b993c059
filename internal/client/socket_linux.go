package client

// This file asks Linux.

import (
	"syscall"
	"unsafe"
)

// writeNow writes what the socket takes of b without waiting, and returns how
// much that is.
func writeNow(fd uintptr, b []byte) int {
	n, err := syscall.Write(int(fd), b)
	if err != nil { // none is lost: who goes on writing meets it again
		return 0
	}
	return n
}

// queued returns how many bytes the kernel has of those written, that the other
// side has not acknowledged (SIOCOUTQ, tcp(7)). Without them, what Write took
// says little: the buffer grew from 45 KB to 4 MB under a client that took nothing.
func queued(fd uintptr) int {
	var n int32
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0
	}
	return int(n)
}
