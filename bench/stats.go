package main

// This file has the statistics: few, and the same for every server.

import (
	"math"
	"slices"
	"time"
)

// percentile is the smallest of the ascending values that at least the share p
// of them, in (0, 1], does not exceed (nearest rank). Without values it is 0.
func percentile(values []time.Duration, p float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	rank := int(math.Ceil(p * float64(len(values))))
	return values[max(rank, 1)-1]
}

// median is the middle one of the values, the mean of the two middle ones if
// their number is even, 0 without values.
func median[V ~int64 | ~float64](values []V) V {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	default:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

// medianOf is the median of one figure of all rounds.
func medianOf[R any, V ~int64 | ~float64](rounds []R, figure func(R) V) V {
	values := make([]V, len(rounds))
	for i, round := range rounds {
		values[i] = figure(round)
	}
	return median(values)
}

// medianLoad has the median of each figure.
func medianLoad(rounds []loadFigures) loadFigures {
	return loadFigures{
		rate: medianOf(rounds, func(f loadFigures) float64 { return f.rate }),
		p50:  medianOf(rounds, func(f loadFigures) time.Duration { return f.p50 }),
		p99:  medianOf(rounds, func(f loadFigures) time.Duration { return f.p99 }),
		cpu:  medianOf(rounds, func(f loadFigures) time.Duration { return f.cpu }),
	}
}

// medianBig has the median of each figure.
func medianBig(rounds []bigFigures) bigFigures {
	return bigFigures{
		first:  medianOf(rounds, func(f bigFigures) time.Duration { return f.first }),
		total:  medianOf(rounds, func(f bigFigures) time.Duration { return f.total }),
		memory: medianOf(rounds, func(f bigFigures) int64 { return f.memory }),
		cpu:    medianOf(rounds, func(f bigFigures) time.Duration { return f.cpu }),
	}
}
