package main

// This file puts load on a server: a number of connections, each with one
// request under way at any time until the time is up.

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// drainTimeout bounds the requests that are under way when the time is up.
	drainTimeout = 2 * time.Minute
	// maxFailures is how many requests of a connection may fail before it stops.
	maxFailures = 10
)

// load is connections to a server and what its responses must be.
type load struct {
	clients []*client
	bytes   int64 // length of every body
}

// loadResult is what came of a load.
type loadResult struct {
	latencies []time.Duration // of the requests that succeeded, ascending
	failures  int
	err       error         // one of the failures
	elapsed   time.Duration // from the first request to the last response
}

// newLoad makes a load without connecting. The caller closes it.
func newLoad(addr string, connections int, bytes int64) *load {
	l := &load{bytes: bytes}
	for range connections {
		l.clients = append(l.clients, newClient(addr, readPath))
	}
	return l
}

// close ends the connections.
func (l *load) close() {
	for _, c := range l.clients {
		c.close()
	}
}

// run sends requests for the duration d and waits for the responses that are
// under way then. All of them count: a slow server is not measured by those
// responses only that came in time.
func (l *load) run(ctx context.Context, d time.Duration) loadResult {
	results := make([]loadResult, len(l.clients))
	start := time.Now()
	var clients sync.WaitGroup
	for i, c := range l.clients {
		c.deadline = start.Add(d + drainTimeout)
		clients.Go(func() { results[i] = l.runClient(ctx, c, start.Add(d)) }) // ends with ctx or its deadline
	}
	clients.Wait()
	total := loadResult{elapsed: time.Since(start)}
	for _, r := range results {
		total.latencies = append(total.latencies, r.latencies...)
		total.failures += r.failures
		if r.err != nil {
			total.err = r.err
		}
	}
	slices.Sort(total.latencies)
	return total
}

// runClient sends one client's requests until end.
func (l *load) runClient(ctx context.Context, c *client, end time.Time) (r loadResult) {
	for now := time.Now(); now.Before(end) && ctx.Err() == nil && r.failures < maxFailures; {
		n, err := c.get(ctx, nil)
		if err == nil && n != l.bytes {
			err = fmt.Errorf("a body of %d bytes; want %d", n, l.bytes)
		}
		before := now
		now = time.Now()
		if err != nil {
			r.failures, r.err = r.failures+1, err
			continue
		}
		r.latencies = append(r.latencies, now.Sub(before))
	}
	return r
}

// rate is the successful requests per second.
func (r loadResult) rate() float64 {
	return float64(len(r.latencies)) / r.elapsed.Seconds()
}
