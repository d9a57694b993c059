package client

import (
	"math"
	"testing"
	"time"
)

// A client who takes lump bytes every gap is slow, or not, whatever the phase.
func TestRate(t *testing.T) {
	limits := newLimits(30 * time.Second).rate
	tests := []struct {
		name     string
		lump     int64
		gap      time.Duration
		slowFrom time.Duration // 0 if never
		slowTo   time.Duration
	}{
		{"nothing", 0, time.Second, 20 * time.Second, 20 * time.Second},
		{"1 KB/s", 1_000, time.Second, 20 * time.Second, 20 * time.Second},
		{"1 KB/s in lumps", 10_000, 10 * time.Second, 20 * time.Second, 20 * time.Second},
		{"350 B/s", 350, time.Second, 20 * time.Second, 20 * time.Second},
		{"3 KB/s", 3_000, time.Second, 0, 0},
		{"40 KB/s", 40_000, time.Second, 0, 0},
		{"40 KB/s in the lumps of a large buffer", 460_000, 11_500 * time.Millisecond, 0, 0},
		{"4 KB/s in lumps", 64_000, 16 * time.Second, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rate{limits: limits}
			var sinceLump time.Duration
			for at := tick; at <= 5*time.Minute; at += tick {
				var n int64
				if sinceLump += tick; sinceLump >= tt.gap {
					sinceLump, n = 0, tt.lump
				}
				r.add(tick, n)
				if !r.isSlow() {
					continue
				}
				if at < tt.slowFrom || at > tt.slowTo {
					t.Errorf("slow after %v; want %v to %v", at, tt.slowFrom, tt.slowTo)
				}
				return
			}
			if tt.slowFrom != 0 {
				t.Error("never slow")
			}
		})
	}
}

// Who was fast is cut 20 s after having become slow, or a slot later.
func TestRateAfterABurst(t *testing.T) {
	for phase := range 100 {
		r := rate{limits: newLimits(30 * time.Second).rate}
		r.add(time.Duration(phase)*tick, 0)
		r.add(0, 100<<20)
		after := time.Duration(0)
		for ; !r.isSlow(); after += tick {
			r.add(tick, 250)
		}
		if after < 17*time.Second || after > 21*time.Second {
			t.Errorf("phase %d: slow %v after a burst; want about 20 s", phase, after)
		}
	}
}

func TestRatePerSecond(t *testing.T) {
	r := rate{limits: rateLimits{10, 8 * time.Second, 2 * time.Second}}
	steps := []struct {
		waited time.Duration
		bytes  int64
		want   int64
	}{
		{0, 1000, math.MaxInt64},
		{time.Second, 100, math.MaxInt64}, // within the grace
		{time.Second, 900, 1000},
		{2 * time.Second, 0, 500},
		{4 * time.Second, 0, 142}, // the first slot has gone: 1000 in 7 s
		{time.Hour, 70, 10},       // far more than a window at once
		{8 * time.Second, 0, 0},
	}
	for i, s := range steps {
		r.add(s.waited, s.bytes)
		if got := r.perSecond(); got != s.want {
			t.Errorf("step %d: perSecond() = %d; want %d", i, got, s.want)
		}
	}
}
