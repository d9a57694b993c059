package main

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	tests := []struct {
		name   string
		values []time.Duration
		p      float64
		want   time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", []time.Duration{7}, 0.99, 7},
		{"median of two is the lower", []time.Duration{1, 2}, 0.5, 1},
		{"p99 of two is the upper", []time.Duration{1, 2}, 0.99, 2},
		{"p50 of 100", hundred, 0.50, 50},
		{"p99 of 100", hundred, 0.99, 99},
		{"all of 100", hundred, 1, 100},
		{"p99 of 99", hundred[:99], 0.99, 99},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := percentile(tt.values, tt.p); got != tt.want {
				t.Errorf("percentile(%v) = %d; want %d", tt.p, got, tt.want)
			}
		})
	}
}

func TestMedian(t *testing.T) {
	tests := []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{9, 1, 4}, 4},
		{[]float64{9, 1, 4, 2}, 3},
	}
	for _, tt := range tests {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median(%v) = %v; want %v", tt.values, got, tt.want)
		}
	}
	values := []int64{3, 1, 2}
	if median(values); values[0] != 3 {
		t.Errorf("median() has sorted its argument: %v", values)
	}
}

func TestMedianOfEachFigure(t *testing.T) {
	loads := []loadFigures{
		{rate: 1, p50: 20, p99: 300, cpu: 6}, {rate: 2, p50: 30, p99: 100, cpu: 4}, {rate: 3, p50: 10, p99: 200, cpu: 5},
	}
	if got, want := medianLoad(loads), (loadFigures{rate: 2, p50: 20, p99: 200, cpu: 5}); got != want {
		t.Errorf("medianLoad() = %v; want %v", got, want)
	}
	bigs := []bigFigures{
		{first: 1, total: 20, memory: 300, cpu: 6}, {first: 2, total: 30, memory: 100, cpu: 4}, {first: 3, total: 10, memory: 200, cpu: 5},
	}
	if got, want := medianBig(bigs), (bigFigures{first: 2, total: 20, memory: 200, cpu: 5}); got != want {
		t.Errorf("medianBig() = %v; want %v", got, want)
	}
}
