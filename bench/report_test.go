package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// testResults has figures of readapi, of one peer that is half as good and of a
// limit, and a peer without figures.
func testResults() *results {
	r := newResults(plan{
		parts: allParts, rounds: 3, duration: time.Second, connections: []int{1, 256}, different: []int{1, 64}, rows: []int{10}, bigRows: 1_000_000, manyReaders: 8,
	})
	r.peers = []peer{
		{name: baseName, title: "readapi", about: "the base", routes: readapiRoutes},
		{name: "half", title: "Half & <half>", about: "half as good", routes: programRoutes},
		{name: "nothing", title: "Nothing", about: "no figures"},
		{name: "limit", title: "limit: memory", about: "the limit", limit: true},
	}
	r.bodyBytes[10], r.bodyBytes[1_000_000] = 2286, 240_000_000
	r.database = "11.8-MariaDB"
	for _, connections := range r.plan.connections {
		r.loads[loadKey{baseName, 10, connections}] = []loadFigures{{39_000, time.Millisecond, 4 * time.Millisecond, 50 * time.Microsecond}}
		r.loads[loadKey{"half", 10, connections}] = []loadFigures{{19_500, 2 * time.Millisecond, 8 * time.Millisecond, 100 * time.Microsecond}}
		r.loads[loadKey{"limit", 10, connections}] = []loadFigures{{50_000, time.Millisecond, time.Millisecond, 10 * time.Microsecond}}
	}
	r.different[differentKey{baseName, "keys", 64}] = []differentFigures{
		{loadFigures{9000, time.Millisecond, 3 * time.Millisecond, 90 * time.Microsecond}, 9000, 1000},
		{loadFigures{9000, time.Millisecond, 3 * time.Millisecond, 90 * time.Microsecond}, 9000, 0},
	}
	r.different[differentKey{"half", "keys", 64}] = []differentFigures{
		{loadFigures{4500, 2 * time.Millisecond, 6 * time.Millisecond, 180 * time.Microsecond}, 4500, 0},
	}
	r.bigs[bigKey{baseName, 1}] = []bigFigures{{10 * time.Millisecond, 2 * time.Second, 20 << 20, time.Second}}
	r.bigs[bigKey{baseName, 8}] = []bigFigures{{20 * time.Millisecond, 12 * time.Second, 34 << 20, 8 * time.Second}}
	r.bigs[bigKey{"half", 1}] = []bigFigures{{3 * time.Second, 4 * time.Second, 2 << 30, 2 * time.Second}}
	r.bigs[bigKey{discardName, 1}] = []bigFigures{{time.Millisecond, 1900 * time.Millisecond, 0, 0}}
	return r
}

func TestWriteReport(t *testing.T) {
	r := testResults()
	r.skipped = []string{"Flask: not here: install python3-flask"}
	r.broken = []string{"Nothing, 10 rows: start nothing"}
	r.failures = []string{"Half & <half>, 10 rows: 3 requests failed"}
	var out strings.Builder
	if err := writeReport(&out, r, [][2]string{{"processor", "Z80, 1 core"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for _, want := range []string{
		"- Flask: not here: install python3-flask",
		"- Nothing, 10 rows: start nothing",
		"- Half & <half>, 10 rows: 3 requests failed",
		"| processor | Z80, 1 core |",
		"| database | 11.8-MariaDB |",
		"## 10 rows (2,286 bytes)",
		"### 1 connection",
		"### 256 connections",
		"| readapi | 39,000 |  | 1.000 ms |  | 4.000 ms |  | 0.050 ms |  |",
		"| Half & <half> | 19,500 | 2.00× | 2.000 ms | 2.00× | 8.000 ms | 2.00× | 0.100 ms | 2.00× |",
		"| Nothing | – | – | – | – | – | – | – | – |",
		"| limit: memory | 50,000 | 0.78× | 1.000 ms | 1.00× | 1.000 ms | 0.25× | 0.010 ms | 0.20× |",
		"## Different rows: a row by its key, of 1,000,000",
		"### a row by its key, 64 connections",
		"| readapi | 9,000 |  | 1.000 ms |  | 3.000 ms |  | 0.090 ms |  | 1,000 (5 % failed) |",
		"| Half & <half> | 4,500 | 2.00× | 2.000 ms | 2.00× | 6.000 ms | 2.00× | 0.180 ms | 2.00× | 0 |",
		"| Half & <half> | – | – | – | – | – | – | – | – | – |", // with 1 connection
		"### mix, 1 connection",
		"## 1,000,000 rows (240,000,000 bytes), one reader",
		"| Half & <half> | 4.00 s | 2.00× | 3.00 s | 300× | 2,048 MiB | 102× | 2.00 s | 2.00× |",
		"| limit: the driver alone | 1.90 s | 0.95× | 0.0010 s (row) | 0.10× | – | – | – | – |",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in:\n%s", want, out.String())
		}
	}
	if want := "8 readers at once: 12.00 s until the last has all, 0.0200 s"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in:\n%s", want, out.String())
	}
}

func TestWriteReportOfOnePart(t *testing.T) {
	tests := map[string]string{
		partSame: "## 10 rows", partDifferent: "## Different rows", partLarge: "## 1,000,000 rows",
	}
	for part, heading := range tests {
		r := testResults()
		r.plan.parts = []string{part}
		var out strings.Builder
		if err := writeReport(&out, r, nil); err != nil {
			t.Fatal(err)
		}
		for other, otherHeading := range tests {
			if found := strings.Contains(out.String(), "\n"+otherHeading); found != (other == part) {
				t.Errorf("only %s: there is %q = %t\nwant %q only", part, otherHeading, found, heading)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	tests := []struct{ got, want string }{
		{thousands(0), "0"},
		{thousands(999), "999"},
		{thousands(1000), "1,000"},
		{thousands(1_234_567), "1,234,567"},
		{perSecond(42.34), "42.3"},
		{perSecond(385.4), "385"},
		{perSecond(39_000.4), "39,000"},
		{millis(123 * time.Microsecond), "0.123 ms"},
		{millis(12_345 * time.Microsecond), "12.3 ms"},
		{millis(1_234_567 * time.Microsecond), "1,235 ms"},
		{seconds(26_700 * time.Microsecond), "0.0267 s"},
		{seconds(22*time.Second + 934*time.Millisecond), "22.93 s"},
		{mebibytes(13<<20 + 600<<10), "14 MiB"},
		{ratio(1, 2), "0.50×"},
		{ratio(20_000, 1), "20,000×"},
		{ratio(30.6, 1), "31×"},
		{ratio(1, 0), none},
		{ratio(0, 1), none},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q; want %q", tt.got, tt.want)
		}
	}
}
