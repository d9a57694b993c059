//go:build unix

package main

// This file has what tests can do on Unix only.

import (
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"
)

// mainCrashVariable makes a process of the test binary crash on SIGUSR1, in the
// way it names.
const mainCrashVariable = "READAPI_TEST_CRASH"

// mainMayCrash makes this process crash on SIGUSR1, and leave no core behind, if
// mainCrashVariable says so.
func mainMayCrash() {
	crash := mainCrashes[os.Getenv(mainCrashVariable)]
	if crash == nil {
		return
	}
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) // the crash is all that is wanted
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() { // ends with the process
		<-asked
		crash()
	}()
}

// mainHeld is memory that a process which is to run out of it holds.
var mainHeld [][]byte

// mainCrashes are ways in which a Go program ends by itself.
var mainCrashes = map[string]func(){
	"panic":       func() { panic("a fault") },
	"nil":         func() { _ = *(*int)(nil) },
	"fatal error": func() { new(sync.Mutex).Unlock() },
	"out of memory": func() {
		for { // more than there are addresses
			mainHeld = append(mainHeld, make([]byte, 1<<44))
		}
	},
	"stack overflow": func() {
		debug.SetMaxStack(1 << 20)
		var again func(n int) int
		again = func(n int) int { return again(n+1) + 1 }
		again(0)
	},
}

// A crash must not look like wrong configuration, whatever GOTRACEBACK says.
func TestProcessCrash(t *testing.T) {
	for name := range mainCrashes {
		for _, traceback := range []string{"single", "none"} {
			t.Run(name+"/GOTRACEBACK="+traceback, func(t *testing.T) {
				p := mainExec(t, mainEnv(t, mainRefused(t), map[string]string{mainCrashVariable: name, "GOTRACEBACK": traceback}))
				p.stderr.await(t, "waiting for the database")
				p.signal(t, syscall.SIGUSR1)
				p.wantExit(t, -1)
				if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGABRT {
					t.Errorf("process: %v; want an end by SIGABRT", p.cmd.ProcessState)
				}
			})
		}
	}
}

// mainIsReset reports whether conn has been reset, without reading from it.
func mainIsReset(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var failure int
	err = raw.Control(func(fd uintptr) {
		failure, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	})
	return err != nil || failure != 0
}
