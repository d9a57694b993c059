package main

// This file tests what needs Linux: the death signal, and a pseudo-terminal to
// press Ctrl-C on.

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKilledDemo fails by its deadline if the child lives on.
func TestKilledDemo(t *testing.T) {
	t.Parallel()
	cmd := demo(t, helper(t, "block")...)
	out := startDemo(t, cmd)
	out.want("ready")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	out.wantEnd()
	wantCode(t, cmd, -1)
}

// openTerminal returns both ends of a pseudo-terminal.
func openTerminal(t testing.TB) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return master, terminal
}

// onTerminal makes terminal the controlling terminal of cmd, and cmd's group
// its foreground group. With stdin, cmd also reads from it.
func onTerminal(cmd *exec.Cmd, terminal *os.File, stdin bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	cmd.Stderr = terminal
	if stdin {
		cmd.Stdin = terminal
	}
}

// TestTerminal presses Ctrl-C and then ends the command with a SIGTERM to demo.
// If the interrupt had been passed on besides, it would stand between the two
// lines: demo handles its signals in order.
func TestTerminal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		stdin bool
	}{
		{"standard input is the terminal: the group is shared", true},
		{"standard input is not: the child has its own", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			master, terminal := openTerminal(t)
			cmd := demo(t, helper(t, "signals")...)
			onTerminal(cmd, terminal, tt.stdin)
			out := startDemo(t, cmd)
			out.want("ready")
			if _, err := master.WriteString("\x03"); err != nil {
				t.Fatal(err)
			}
			out.want("interrupt")
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			out.want("terminated")
			out.wantEnd()
			wantCode(t, cmd, 5)
		})
	}
}

// TestTerminalInput reads from the terminal: a child in a background group
// would be stopped instead.
func TestTerminalInput(t *testing.T) {
	t.Parallel()
	master, terminal := openTerminal(t)
	cmd := demo(t, helper(t, "copy")...)
	onTerminal(cmd, terminal, true)
	out := startDemo(t, cmd)
	if _, err := master.WriteString("typed\n\x04"); err != nil {
		t.Fatal(err)
	}
	out.want("typed")
	out.wantEnd()
	wantCode(t, cmd, 0)
}
