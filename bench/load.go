package main

// This file puts load on a server: a number of connections, each with one
// request under way at any time until the time is up.

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// drainTimeout bounds the requests that are under way when the time is up.
	drainTimeout = 2 * time.Minute
	// maxFailures is how many requests of a connection may fail before it stops,
	// unless it is patient.
	maxFailures = 10
)

// load is connections to a server and what each asks for.
type load struct {
	clients []*client
	askers  []asker // one for each
	// patient connections go on after whatever number of failures.
	patient bool
}

// loadResult is what came of a load.
type loadResult struct {
	latencies []time.Duration // of the requests that succeeded, ascending
	failures  int
	err       error         // one of the failures
	elapsed   time.Duration // from the first request to the last response
}

// newLoad makes a load of one connection for each asker, without connecting. The
// caller closes it.
func newLoad(addr string, askers []asker) *load {
	l := &load{askers: askers}
	for range askers {
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
		clients.Go(func() { results[i] = l.runClient(ctx, c, l.askers[i], start.Add(d)) }) // ends with ctx or its deadline
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
func (l *load) runClient(ctx context.Context, c *client, a asker, end time.Time) (r loadResult) {
	for now := time.Now(); now.Before(end) && ctx.Err() == nil && (l.patient || r.failures < maxFailures); {
		n, err := c.get(ctx, a.ask(c))
		if err == nil {
			err = a.check(n)
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
