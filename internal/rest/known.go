package rest

// This file is what a read has to know of its table, and how it finds out that
// this is not so any more.

import (
	"context"
	"errors"
	"slices"
	"time"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// know returns what is known of the table, and learns it first if need be.
func (t *table) know(ctx context.Context, q *read) (*catalog.Table, error) {
	if q.known != nil {
		return q.known, nil
	}
	var err error
	q.known, err = t.asLearned(ctx, q)
	return q.known, err
}

// asLearned returns what the catalog knows. Nearly always that is at hand, and then
// a context with a deadline would be most of the work.
func (t *table) asLearned(ctx context.Context, q *read) (*catalog.Table, error) {
	if known := t.catalog.Known(t.name); known != nil {
		return known, nil
	}
	return t.learn(ctx, q, t.catalog.Table)
}

// learn asks the catalog, until the deadline of q.
func (t *table) learn(ctx context.Context, q *read, ask func(context.Context, string) (*catalog.Table, error)) (*catalog.Table, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, q.deadline, exec.ErrLate)
	defer cancel()
	known, err := ask(ctx, t.name)
	if err != nil && ctx.Err() != nil && context.Cause(ctx) == exec.ErrLate {
		return nil, t.db.Late()
	}
	return known, err
}

// freshShape returns the shape of the table, if a plain read had to be looked at:
// as young as what is known for other reads, because no result tells that a text
// has become JSON, or JSON a text.
func (t *table) freshShape(ctx context.Context, q *read) (*catalog.Table, error) {
	if t.shape.Load() == nil || !t.db.IsMariaDB() {
		return t.shape.Load(), nil
	}
	shape, err := t.asLearned(ctx, q)
	if err == nil {
		t.shape.Store(shape)
	}
	return shape, err
}

// learnSince asks for what the table was at a moment after since.
func (t *table) learnSince(ctx context.Context, q *read, since time.Time) (*catalog.Table, error) {
	return t.learn(ctx, q, func(ctx context.Context, name string) (*catalog.Table, error) {
		return t.catalog.Again(ctx, name, since)
	})
}

// isStale reports whether err may come from a table that is not what it was when
// it was learned, or that nobody has looked at.
func isStale(err error) bool {
	var refused *postgrest.Refusal
	if errors.As(err, &refused) { // for what is known of the columns: the query string has been parsed
		return refused.Code != postgrest.CodeRange
	}
	kind := exec.KindOf(err)
	return kind == exec.Changed || kind == exec.NoGrant
}

// learnAgain learns the table after err, and reports whether to ask again may give
// another answer. A failure is what is to be told instead of err.
func (t *table) learnAgain(ctx context.Context, q *read, err error) (again bool, failure error) {
	before := q.known
	if before == nil {
		before = t.shape.Load()
	}
	if q.known, failure = t.relearn(ctx, q, before, err); failure != nil {
		return false, failure
	}
	t.shape.Store(q.known)
	isSame := before != nil && before.Equal(q.known)
	switch exec.KindOf(err) {
	case exec.NoGrant: // perhaps only * is refused
		return !t.named.Swap(true) || !isSame, nil
	case exec.Changed:
		q.trusted = isSame
		return true, nil
	default:
		return !isSame, nil
	}
}

// relearn returns the table as it is known after err. Before, it was known as
// before, or not at all.
func (t *table) relearn(ctx context.Context, q *read, before *catalog.Table, err error) (*catalog.Table, error) {
	if before == nil {
		return t.learn(ctx, q, t.catalog.Table)
	}
	since := q.came
	var refused *postgrest.Refusal
	if errors.As(err, &refused) && refused.Code != postgrest.CodeNoColumn {
		since = since.Add(-catalog.MinAge) // a typing error, most likely: it does not wait
	}
	known, failure := t.learnSince(ctx, q, since)
	if failure == nil && exec.KindOf(err) == exec.Changed && before.Equal(known) { // it may have changed after that
		return t.learnSince(ctx, q, time.Now())
	}
	return known, failure
}

// isPlainRight reports whether the result of a plain read, of which nothing is
// known, is right as it is declared. Only a text of MariaDB has to be looked at:
// it may be JSON.
func (t *table) isPlainRight(columns []encode.Column) bool {
	isText := func(c encode.Column) bool { return c.Type == "TEXT" }
	if !t.db.IsMariaDB() || !slices.ContainsFunc(columns, isText) {
		return true
	}
	shape := t.shape.Load()
	if shape == nil {
		return false
	}
	star := shape.Star()
	return slices.EqualFunc(star, columns, func(c catalog.Column, now encode.Column) bool {
		return c.Name == now.Name && c.IsSame(now)
	})
}

// hasHiddenJSON reports whether a table has JSON that results declare as a text.
func hasHiddenJSON(t *catalog.Table) bool {
	return t != nil && slices.ContainsFunc(t.Columns, func(c catalog.Column) bool { return c.IsJSON && c.Type == "TEXT" })
}
