package fakedb

// This file has queries that take a while.

import (
	"context"
	"database/sql/driver"
	"time"
)

// QueryTime is how long a query of a test lasts; in a synctest bubble that is no
// time at all.
const QueryTime = 10 * time.Millisecond

// Wait lasts for d, or until ctx ends.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// OneRow is a result with one value, which has no type name.
func OneRow(value driver.Value) *Rows {
	return &Rows{Names: []string{"v"}, Types: []string{""}, Values: [][]driver.Value{{value}}, Count: 1}
}
