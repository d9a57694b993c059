// Package metrics measures, and writes what was measured as Prometheus reads it.
// Rules: to count costs an atomic addition; there are as many series as the program
// has, whatever clients send.
package metrics

// This file counts, and writes series (Prometheus, "Exposition formats", text
// format 0.0.4).

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ContentType is that of a Text.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kinds of series.
const (
	Counter = "counter" // never falls
	Gauge   = "gauge"   // as it is now
)

// bounds are the upper bounds of the buckets of a Histogram.
var bounds = [...]time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// Histogram counts durations. The zero value is ready to use. It is safe for
// concurrent use.
type Histogram struct {
	buckets [len(bounds) + 1]atomic.Uint64 // the last is for what is longer than all bounds
	sum     atomic.Int64                   // nanoseconds
}

// Observe counts d.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Text is series as they are written. The zero value is ready to use.
type Text struct {
	text []byte
	name string // of the family that was begun
}

// String is what was written.
func (t *Text) String() string { return string(t.text) }

// Family begins the series called name, which are of that kind. The help is one
// sentence of ASCII.
func (t *Text) Family(name, kind, help string) {
	t.name = name
	t.text = fmt.Appendf(t.text, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
}

// Sample writes one series of the family. Labels are names and values by turns.
func (t *Text) Sample(value float64, labels ...string) { t.sample("", value, labels...) }

// One writes a family that is one series without labels.
func (t *Text) One(name, kind, help string, value float64) {
	t.Family(name, kind, help)
	t.Sample(value)
}

// Histogram writes h, as of now.
func (t *Text) Histogram(name, help string, h *Histogram) {
	t.Family(name, "histogram", help)
	count := uint64(0)
	for i, bound := range bounds {
		count += h.buckets[i].Load()
		t.sample("_bucket", float64(count), "le", formatFloat(bound.Seconds()))
	}
	count += h.buckets[len(bounds)].Load()
	t.sample("_bucket", float64(count), "le", "+Inf")
	t.sample("_sum", time.Duration(h.sum.Load()).Seconds())
	t.sample("_count", float64(count))
}

// labelEscaper escapes the value of a label.
var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (t *Text) sample(suffix string, value float64, labels ...string) {
	t.text = append(append(t.text, t.name...), suffix...)
	for i := 0; i+1 < len(labels); i += 2 {
		t.text = append(t.text, "{,"[min(i, 1)])
		t.text = append(append(t.text, labels[i]...), `="`...)
		t.text = append(append(t.text, labelEscaper.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))...), '"')
	}
	if len(labels) > 0 {
		t.text = append(t.text, '}')
	}
	t.text = append(append(append(t.text, ' '), formatFloat(value)...), '\n')
}

func formatFloat(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
