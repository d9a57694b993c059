package metrics

// This file measures where the time of one read went.

import (
	"context"
	"strconv"
	"time"
)

// Took is where the time of a read went. It belongs to the goroutine of its
// request. A nil Took notes nothing.
type Took struct {
	came            time.Time
	asked, answered time.Time     // the first and the last of what asks the database
	wait, query     time.Duration // of queries of its own
	isOwn           bool          // there was one
}

// tookKey is the key of a Took in a context.
type tookKey struct{}

// WithTook returns a context in which TookOf finds a Took that begins now.
func WithTook(ctx context.Context) (context.Context, *Took) {
	t := &Took{came: time.Now()}
	return context.WithValue(ctx, tookKey{}, t), t
}

// TookOf returns that of ctx, or nil.
func TookOf(ctx context.Context) *Took {
	t, _ := ctx.Value(tookKey{}).(*Took)
	return t
}

// Asks notes that the read is planned and asks for a result now.
func (t *Took) Asks() {
	if t != nil && t.asked.IsZero() {
		t.asked = time.Now()
	}
}

// Answered notes that the read has a result now, or as much of it as it wants.
func (t *Took) Answered() {
	if t != nil {
		t.answered = time.Now()
	}
}

// Queried notes a query of the read's own, which began then, had a connection at
// connected and a result now.
func (t *Took) Queried(began, connected time.Time) {
	if t != nil {
		t.isOwn = true
		t.wait += connected.Sub(began)
		t.query += time.Since(connected)
	}
}

// Header is the value of Server-Timing (W3C Server Timing, section 2), in
// milliseconds: plan is what came before the database was asked, wait is for a
// connection, db the queries of the read's own, and shared the time in which
// another read's query was its.
func (t *Took) Header() string {
	plan, shared := time.Since(t.came), time.Duration(0)
	if !t.asked.IsZero() {
		plan = t.asked.Sub(t.came)
	}
	if !t.isOwn && t.answered.After(t.asked) {
		shared = t.answered.Sub(t.asked)
	}
	header := make([]byte, 0, 80)
	for i, part := range []time.Duration{plan, t.wait, t.query, shared} {
		header = append(header, []string{"plan;dur=", ", wait;dur=", ", db;dur=", ", shared;dur="}[i]...)
		header = strconv.AppendFloat(header, float64(part.Microseconds())/1000, 'f', 3, 64)
	}
	return string(header)
}
