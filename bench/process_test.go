package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childMode makes the test binary a server on the port that it names.
const childMode = "BENCH_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		os.Exit(runChild(mode))
	}
	os.Exit(m.Run())
}

// runChild serves on a port, after it has used memory and processor time and
// started a child of its own. Without a port it ends at once.
func runChild(mode string) int {
	if mode == "fail" {
		fmt.Println("no such table: reason to give up")
		return 3
	}
	grandchild := exec.Command("sleep", "600")
	if err := grandchild.Start(); err != nil {
		return 1
	}
	fmt.Println("grandchild", grandchild.Process.Pid)
	memory := make([]byte, 64<<20)
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		for i := 0; i < len(memory); i += 4096 {
			memory[i]++
		}
	}
	http.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, os.Environ()) })
	fmt.Println(http.ListenAndServe(loopback(must(strconv.Atoi(mode))), nil))
	return 1
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// newTestProcesses ends with the test.
func newTestProcesses(t testing.TB) *processes {
	t.Helper()
	ps, err := newProcesses()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ps.close)
	return ps
}

// startChild starts the test binary as a server.
func startChild(t testing.TB, ps *processes) *process {
	t.Helper()
	port := must(freePort())
	p, err := ps.start(t.Context(), command{
		name: "child", args: []string{os.Args[0]}, port: port,
		env: []string{childMode + "=" + strconv.Itoa(port)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// grandchild is the pid that the child has logged.
func grandchild(t testing.TB, p *process) int {
	t.Helper()
	var pid int
	if _, err := fmt.Sscanf(p.logTail(), "grandchild %d", &pid); err != nil {
		t.Fatalf("log %q: %v", p.logTail(), err)
	}
	return pid
}

func TestProcessTree(t *testing.T) {
	p := startChild(t, newTestProcesses(t))
	if got := p.tree(); len(got) != 2 || got[0] != p.pid || got[1] != grandchild(t, p) {
		t.Errorf("tree() = %v; want %d and its child", got, p.pid)
	}
	if cpu := p.cpu(); cpu < clockTick || cpu > time.Minute {
		t.Errorf("cpu() = %v; want about 100ms", cpu)
	}
	if rss, peak := p.rss(), p.peak(); rss < 32<<20 || peak < rss || peak > 1<<30 {
		t.Errorf("rss() = %d, peak() = %d; want at least 32 MiB and less than 1 GiB", rss, peak)
	}
}

func TestProcessEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*processes, *process)
	}{
		{"stop", func(_ *processes, p *process) { p.stop() }},
		{"kill", func(_ *processes, p *process) { p.kill() }},
		{"close", func(ps *processes, _ *process) { ps.close() }},
		{"twice", func(ps *processes, p *process) { p.kill(); p.stop(); ps.close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ps := newTestProcesses(t)
			p := startChild(t, ps)
			child := grandchild(t, p)
			tt.end(ps, p)
			if p.alive() {
				t.Error("alive() = true after the end")
			}
			if !endsSoon(child) {
				t.Errorf("its child %d lives on: %v", child, readStat(child))
			}
			if err := syscall.Kill(p.pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("kill(%d, 0) = %v; want %v", p.pid, err, syscall.ESRCH)
			}
		})
	}
}

// endsSoon waits for a process that is not ours to wait for.
func endsSoon(pid int) bool {
	for range 500 {
		if state := readStat(pid); len(state) == 0 || state[0] == "Z" {
			return true
		}
		<-time.After(pollInterval / 2)
	}
	return false
}

func TestProcessesStartFails(t *testing.T) {
	ps := newTestProcesses(t)
	_, err := ps.start(t.Context(), command{
		name: "child", args: []string{os.Args[0]}, env: []string{childMode + "=fail"}, port: must(freePort()),
	})
	if !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "no such table") ||
		!strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("start() = %v; want the exit status and the log", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ps.start(ctx, command{name: "sleep", args: []string{"sleep", "600"}, port: must(freePort())})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("start(cancelled) = %v; want %v", err, context.Canceled)
	}
	if _, err := ps.start(t.Context(), command{name: "nothing", args: []string{"/no/such/program"}}); err == nil {
		t.Error("start(/no/such/program) = nil; want an error")
	}
}

// TestProcessSettles needs a child that ends its work: this one has begun.
func TestProcessSettles(t *testing.T) {
	p := startChild(t, newTestProcesses(t))
	p.settle(t.Context())
	before := p.cpu()
	p.settle(t.Context())
	if used := p.cpu() - before; used > 10*clockTick {
		t.Errorf("an idle process used %v", used)
	}
}

func TestProcessesWaitForSocket(t *testing.T) {
	ps := newTestProcesses(t)
	socket := filepath.Join(ps.dir, "sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p, err := ps.start(t.Context(), command{name: "sleep", args: []string{"sleep", "600"}, socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	if code := p.stop(); code != -1 {
		t.Errorf("stop() = %d; want -1: a signal ended it", code)
	}
}

func TestProcessEnvironment(t *testing.T) {
	t.Setenv("DB_HOST", "not for the child")
	p := startChild(t, newTestProcesses(t))
	response, err := http.Get(p.url("/env"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body := string(readAll(t, response.Body)); strings.Contains(body, "DB_HOST") {
		t.Errorf("environment = %s; want no DB_HOST", body)
	}
}

func TestFreePort(t *testing.T) {
	port := must(freePort())
	listener, err := net.Listen("tcp", loopback(port))
	if err != nil {
		t.Fatalf("freePort() = %d: %v", port, err)
	}
	listener.Close()
}
