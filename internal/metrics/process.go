package metrics

// This file is the series of every Go program, under the names that Prometheus'
// own libraries gave them.

import (
	"bytes"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

var started = time.Now()

// clockTicks is how many ticks of CPU time Linux counts in a second, whatever the
// hardware (proc_pid_stat(5)).
const clockTicks = 100

// Process writes what is known of the process: its memory and CPU time on Linux
// only.
func (t *Text) Process() {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.One("go_goroutines", Gauge, "Goroutines that there are.", float64(runtime.NumGoroutine()))
	t.Family("go_info", Gauge, "Version of Go.")
	t.Sample(1, "version", runtime.Version())
	t.One("go_memstats_heap_inuse_bytes", Gauge, "Memory of the heap in use.", float64(memory.HeapInuse))
	t.One("go_memstats_alloc_bytes_total", Counter, "Memory that was allocated, all in all.", float64(memory.TotalAlloc))
	t.One("go_gc_cycles_total", Counter, "Garbage collections.", float64(memory.NumGC))
	t.One("go_gc_gomemlimit_bytes", Gauge, "Soft limit of memory.", float64(debug.SetMemoryLimit(-1)))
	t.One("process_start_time_seconds", Gauge, "When the process started, in Unix time.", float64(started.UnixMilli())/1000)
	resident, cpu, ok := readStat()
	if !ok {
		return
	}
	t.One("process_resident_memory_bytes", Gauge, "Memory that the process has in RAM.", resident)
	t.One("process_cpu_seconds_total", Counter, "CPU time of the process.", cpu)
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		t.One("process_open_fds", Gauge, "Files and connections that are open.", float64(len(files)))
	}
}

// readStat reads the memory, in bytes, and the CPU time, in seconds, from
// /proc/self/stat (proc_pid_stat(5)).
func readStat() (resident, cpu float64, ok bool) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, 0, false
	}
	const user, system, pages = 14 - 3, 15 - 3, 24 - 3 // fields from the third on, which is behind the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= pages {
		return 0, 0, false
	}
	number := func(i int) float64 {
		n, _ := strconv.ParseFloat(string(fields[i]), 64) // Linux writes numbers there
		return n
	}
	return number(pages) * float64(os.Getpagesize()), (number(user) + number(system)) / clockTicks, true
}
