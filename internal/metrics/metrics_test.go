package metrics

import (
	"context"
	"math"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestText(t *testing.T) {
	var text Text
	text.Family("a_total", Counter, "What it is.")
	text.Sample(1)
	text.Sample(2.5, "table", `a"b\c`+"\n\xff", "status", "200")
	text.One("b", Gauge, "Another.", math.MaxUint32*1e9)
	want := `# HELP a_total What it is.
# TYPE a_total counter
a_total 1
a_total{table="a\"b\\c\n�",status="200"} 2.5
# HELP b Another.
# TYPE b gauge
b 4.294967295e+18
`
	if got := text.String(); got != want {
		t.Errorf("text = %s; want %s", got, want)
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, 500 * time.Microsecond, 501 * time.Microsecond, time.Second, time.Minute} {
		h.Observe(d)
	}
	var text Text
	text.Histogram("h_seconds", "Help.", &h)
	for _, line := range []string{
		`h_seconds_bucket{le="0.0005"} 2`, `h_seconds_bucket{le="0.001"} 3`, `h_seconds_bucket{le="0.5"} 3`, `h_seconds_bucket{le="1"} 4`,
		`h_seconds_bucket{le="30"} 4`, `h_seconds_bucket{le="+Inf"} 5`, `h_seconds_sum 61.001001`, `h_seconds_count 5`,
	} {
		if !strings.Contains(text.String(), line+"\n") {
			t.Errorf("text = %s; want %s", text.String(), line)
		}
	}
}

func TestHistogramAllocatesNothing(t *testing.T) {
	var h Histogram
	if got := testing.AllocsPerRun(100, func() { h.Observe(time.Second) }); got != 0 {
		t.Errorf("Observe allocates %v times; want 0", got)
	}
}

// What is known of this process is what it can see of itself.
func TestProcess(t *testing.T) {
	var text Text
	text.Process()
	want := []string{"go_goroutines", "go_info", "process_start_time_seconds"}
	if runtime.GOOS == "linux" {
		want = append(want, "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds")
	}
	for _, name := range want {
		if !regexp.MustCompile(`(?m)^` + name + `(\{.*\})? [0-9.e+]+$`).MatchString(text.String()) {
			t.Errorf("text = %s; want %s", text.String(), name)
		}
	}
	if resident, cpu, ok := readStat(); ok && (resident < 1<<20 || resident > 1<<40 || cpu < 0 || cpu > 1e6) {
		t.Errorf("readStat() = %v bytes, %v seconds", resident, cpu)
	}
}

func TestTook(t *testing.T) {
	tests := []struct {
		name string
		read func(*Took)
		want string
	}{
		{"refused", func(*Took) {}, "plan;dur=5.000, wait;dur=0.000, db;dur=0.000, shared;dur=0.000"},
		{"a query of its own", func(took *Took) {
			took.Asks()
			began := time.Now()
			time.Sleep(10 * time.Millisecond)
			connected := time.Now()
			time.Sleep(20 * time.Millisecond)
			took.Queried(began, connected)
			took.Answered()
		}, "plan;dur=5.000, wait;dur=10.000, db;dur=20.000, shared;dur=0.000"},
		{"the query of another", func(took *Took) {
			took.Asks()
			time.Sleep(15500 * time.Microsecond)
			took.Answered()
		}, "plan;dur=5.000, wait;dur=0.000, db;dur=0.000, shared;dur=15.500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, took := WithTook(t.Context())
				time.Sleep(5 * time.Millisecond) // of the bubble
				if TookOf(ctx) != took {
					t.Error("TookOf does not find it")
				}
				tt.read(took)
				if got := took.Header(); got != tt.want {
					t.Errorf("Header() = %s; want %s", got, tt.want)
				}
			})
		})
	}
	none := TookOf(context.Background())
	none.Asks()
	none.Answered()
	none.Queried(time.Now(), time.Now())
	if none != nil {
		t.Errorf("TookOf = %v; want nil", none)
	}
}
