package main

// This file writes RESULTS.md: every figure beside how it compares with
// readapi's, and what is needed to judge them.

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// none stands where there is no figure.
const none = "–"

// report writes the tables of results.
type report struct {
	*results
	out strings.Builder
}

// writeReport writes RESULTS.md. machine is pairs of name and value.
func writeReport(w io.Writer, r *results, machine [][2]string) error {
	t := &report{results: r}
	t.writeHead()
	t.writeMachine(machine)
	sections := map[string]func(){partSame: t.writeLoads, partDifferent: t.writeDifferent, partLarge: t.writeBig}
	for _, part := range t.plan.parts {
		sections[part]()
	}
	t.writeMethod()
	if t.plan.has(partDifferent) {
		t.writeDifferentMethod()
	}
	_, err := io.WriteString(w, t.out.String())
	return err
}

func (t *report) printf(format string, args ...any) { fmt.Fprintf(&t.out, format, args...) }

// row writes the row of a table.
func (t *report) row(cells ...string) { t.printf("| %s |\n", strings.Join(cells, " | ")) }

// head writes the first rows of a table, whose columns but the first hold
// numbers.
func (t *report) head(cells ...string) {
	t.row(cells...)
	t.printf("|---%s|\n", strings.Repeat("|---:", len(cells)-1))
}

func (t *report) writeHead() {
	t.printf("# Results\n\nWritten by `make bench`; do not edit.\n\n")
	t.printf("![requests per second, time to the first byte and memory of each server](results.svg)\n\n")
	t.printf("**×** says how many times better readapi is: its rate divided by the other's, or the other's time, " +
		"memory or\nprocessor time divided by its own. Below 1 the other is better.\n\n")
	for _, note := range []struct {
		title string
		lines []string
	}{
		{"Skipped, because something is missing on this machine:", t.skipped},
		{"Failed, and left out where it did:", t.broken},
		{"Requests that failed; they count in no figure:", t.failures},
	} {
		if len(note.lines) == 0 {
			continue
		}
		t.printf("%s\n\n", note.title)
		for _, line := range note.lines {
			t.printf("- %s\n", line)
		}
		t.printf("\n")
	}
}

func (t *report) writeMachine(machine [][2]string) {
	t.printf("## Machine and versions\n\n| | |\n|---|---|\n")
	for _, pair := range machine {
		t.row(pair[0], pair[1])
	}
	t.row("database", t.database)
	for _, p := range t.peers {
		t.row(p.title, t.versions[p.name])
	}
	t.printf("\n")
}

// writeLoads writes a table for each load.
func (t *report) writeLoads() {
	for _, rows := range t.plan.rows {
		t.printf("## %s rows (%s bytes)\n\n", thousands(int64(rows)), thousands(t.bodyBytes[rows]))
		for _, connections := range t.plan.connections {
			t.printf("### %d %s\n\n", connections, plural(connections, "connection"))
			t.head("server", "requests/s", "×", "p50", "×", "p99", "×", "processor time per request", "×")
			for _, p := range t.peersIn(partSame) {
				t.writeLoad(p, rows, connections)
			}
			t.printf("\n")
		}
	}
}

func (t *report) writeLoad(p peer, rows, connections int) {
	rounds := t.loads[loadKey{p.name, rows, connections}]
	if len(rounds) == 0 {
		t.row(p.title, none, none, none, none, none, none, none, none)
		return
	}
	f, base := medianLoad(rounds), medianLoad(t.loads[loadKey{baseName, rows, connections}])
	t.row(t.loadCells(p, f, base)...)
}

// loadCells are the cells of a peer with figures f. base are readapi's.
func (t *report) loadCells(p peer, f, base loadFigures) []string {
	return []string{
		p.title,
		perSecond(f.rate), t.times(p, base.rate, f.rate),
		millis(f.p50), t.times(p, float64(f.p50), float64(base.p50)),
		millis(f.p99), t.times(p, float64(f.p99), float64(base.p99)),
		millis(f.cpu), t.times(p, float64(f.cpu), float64(base.cpu)),
	}
}

// writeBig writes the table of the reads of the big table.
func (t *report) writeBig() {
	rows := t.plan.bigRows
	t.printf("## %s rows (%s bytes), one reader\n\n", thousands(int64(rows)), thousands(t.bodyBytes[rows]))
	t.head("server", "time", "×", "first byte", "×", "peak memory", "×", "processor time", "×")
	base := medianBig(t.bigs[bigKey{baseName, 1}])
	for _, p := range t.peersIn(partLarge) {
		rounds := t.bigs[bigKey{p.name, 1}]
		if len(rounds) == 0 {
			t.row(p.title, none, none, none, none, none, none, none, none)
			continue
		}
		f := medianBig(rounds)
		t.row(p.title,
			seconds(f.total), t.times(p, float64(f.total), float64(base.total)),
			seconds(f.first), t.times(p, float64(f.first), float64(base.first)),
			mebibytes(f.memory), t.times(p, float64(f.memory), float64(base.memory)),
			seconds(f.cpu), t.times(p, float64(f.cpu), float64(base.cpu)))
	}
	limit := medianBig(t.bigs[bigKey{discardName, 1}])
	t.row("limit: the driver alone",
		seconds(limit.total), ratio(float64(limit.total), float64(base.total)),
		seconds(limit.first)+" (row)", ratio(float64(limit.first), float64(base.first)),
		none, none, none, none)
	many := medianBig(t.bigs[bigKey{baseName, t.plan.manyReaders}])
	t.printf("\nreadapi with %d readers at once: %s until the last has all, %s to the last one's first byte, %s "+
		"peak memory.\n\n", t.plan.manyReaders, seconds(many.total), seconds(many.first), mebibytes(many.memory))
}

// writeMethod says what was measured, and how.
func (t *report) writeMethod() {
	t.printf("## What was measured\n\n")
	for _, p := range t.peers {
		t.printf("- **%s**: %s.\n", p.title, p.about)
	}
	if t.plan.has(partLarge) {
		t.printf("- **limit: the driver alone**: a Go program that reads the rows and throws them away.\n")
	}
	t.printf("\n")
	t.printf(`The servers ran one at a time, each started anew for every table and round, on one machine with the database and
the load generator. Each figure is the median of %d %s. Under load, every connection has one request under way at any
time for %v, after a warm-up of a quarter of it; requests under way at the end are waited for and count. The generator
asks for no compression, compares the length of every body, and once per start it parses the body and counts its rows
(of the largest table: in the first round; in the others it counts them only). Where the server closes the connection
after a response, the next one is opened within the next request's time.

Processor time (user and system) and memory are those of the server's processes, without the database, from /proc;
memory is the sum of each process's highest resident memory, so that pages which processes share count more than once.
The table has ten columns: BIGINT, two VARCHAR, DECIMAL, INT, DOUBLE, DATETIME, TIMESTAMP, TINYINT(1) and TEXT.
`, t.plan.rounds, plural(t.plan.rounds, "round"), t.plan.duration)
}

// times is how many times better readapi is than p.
func (t *report) times(p peer, worse, better float64) string {
	if p.name == baseName {
		return ""
	}
	return ratio(worse, better)
}

// ratio is a/b with two or three digits.
func ratio(a, b float64) string {
	switch {
	case a == 0 || b == 0:
		return none
	case a/b >= 10:
		return thousands(int64(a/b+0.5)) + "×"
	default:
		return fmt.Sprintf("%.2f×", a/b)
	}
}

// perSecond is a rate with at least three digits.
func perSecond(rate float64) string {
	if rate < 100 {
		return fmt.Sprintf("%.1f", rate)
	}
	return thousands(int64(rate + 0.5))
}

// millis is a short time in ms.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 10:
		return fmt.Sprintf("%.3f ms", ms)
	case ms < 100:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return thousands(int64(ms+0.5)) + " ms"
	}
}

// seconds is a long time in s.
func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.4f s", d.Seconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// mebibytes is an amount of memory in MiB.
func mebibytes(bytes int64) string {
	return thousands((bytes+1<<19)>>20) + " MiB"
}

// thousands writes n, not negative, with a comma after each three digits.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// plural is noun for n of them.
func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
