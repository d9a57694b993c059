package main

// This file describes the machine: a figure means nothing without it.

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// describeMachine is what RESULTS.md says of the machine, as pairs of name and
// value.
func describeMachine() [][2]string {
	memory, _ := strconv.Atoi(strings.TrimSuffix(fileValue("/proc/meminfo", "MemTotal", ":"), " kB"))
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // empty is seen in the table
	return [][2]string{
		{"processor", fmt.Sprintf("%s, %d cores, %s", fileValue("/proc/cpuinfo", "model name", ":"), runtime.NumCPU(), runtime.GOARCH)},
		{"memory", fmt.Sprintf("%d GiB", (memory+1<<19)>>20)},
		{"system", fmt.Sprintf("%s, Linux %s", strings.Trim(fileValue("/etc/os-release", "PRETTY_NAME", "="), `"`),
			strings.TrimSpace(string(kernel)))},
		{"load generator", "this program, on the same processors; " + runtime.Version()},
	}
}

// fileValue is the value of the first line of a file that has this name before
// the separator, empty if there is none.
func fileValue(path, name, separator string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		found, value, _ := strings.Cut(lines.Text(), separator)
		if strings.TrimSpace(found) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
