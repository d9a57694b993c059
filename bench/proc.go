package main

// This file reads what a process and its children used, from /proc (proc(5)).

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc/PID/stat: USER_HZ is 100 on every
// Linux that Go runs on.
const clockTick = 10 * time.Millisecond

const (
	settleInterval = 200 * time.Millisecond
	settleTimeout  = 20 * time.Second
)

// cpu is the processor time of the process and all its children, also of those
// that have ended.
func (p *process) cpu() time.Duration {
	const userTime, systemTime, childUserTime, childSystemTime = 14, 15, 16, 17
	var ticks int64
	for _, pid := range p.tree() {
		stat := readStat(pid)
		for _, field := range []int{userTime, systemTime, childUserTime, childSystemTime} {
			ticks += stat.number(field)
		}
	}
	return time.Duration(ticks) * clockTick
}

// settle waits until the process and its children have nothing to do, at most
// settleTimeout: what they do when they start is not to be measured.
func (p *process) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for before := p.cpu(); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(settleInterval): // nothing signals idleness
		}
		now := p.cpu()
		if now-before <= clockTick {
			return
		}
		before = now
	}
}

// rss is the resident memory of the process and its living children, in bytes.
// Pages that they share are counted once for each.
func (p *process) rss() int64 { return p.memory("VmRSS:") }

// peak is the sum of the highest resident memory that each of the process and
// its living children has had, in bytes.
func (p *process) peak() int64 { return p.memory("VmHWM:") }

func (p *process) memory(field string) int64 {
	var kib int64
	for _, pid := range p.tree() {
		status, _ := os.ReadFile(procPath(pid, "status")) // it may just have ended
		for line := range bytes.Lines(status) {
			words := strings.Fields(string(line))
			if len(words) == 3 && words[0] == field {
				n, _ := strconv.ParseInt(words[1], 10, 64)
				kib += n
			}
		}
	}
	return kib << 10
}

// tree lists the pids of the process and of its living descendants.
func (p *process) tree() []int {
	const parent = 4
	children := map[int][]int{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, _ := strconv.Atoi(filepath.Base(entry))
		ppid := int(readStat(pid).number(parent))
		children[ppid] = append(children[ppid], pid)
	}
	pids := []int{p.pid}
	for i := 0; i < len(pids); i++ { // it grows as it goes down
		pids = append(pids, children[pids[i]]...)
	}
	return pids
}

// procStat holds the fields of /proc/PID/stat from the third on. It is empty
// for a process that has ended.
type procStat []string

func readStat(pid int) procStat {
	stat, _ := os.ReadFile(procPath(pid, "stat"))
	// The second field is a name in parentheses that may hold anything.
	_, fields, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	return strings.Fields(fields)
}

// number is the field that proc(5) numbers so, 0 if there is none.
func (s procStat) number(field int) int64 {
	if len(s) <= field-3 {
		return 0
	}
	n, _ := strconv.ParseInt(s[field-3], 10, 64)
	return n
}

func procPath(pid int, file string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), file)
}
