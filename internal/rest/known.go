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
	"readapi/internal/plan"
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
	return t.learn(ctx, q)
}

// planner returns what the statements of q are made from.
func (t *table) planner(ctx context.Context, q *read) (plan.Known, error) {
	known, err := t.know(ctx, q)
	return plan.Known{
		Table: known, Named: t.named.Load(), NoAggregates: t.options.NoAggregates,
		Related: func(name string) (*catalog.Table, error) { return t.knowRelated(ctx, q, name) },
		Keys:    func() (*catalog.Keys, error) { return t.knowKeys(ctx, q) },
		Indexes: func() (*catalog.Keys, error) { return t.knowIndexes(ctx, q) },
	}, err
}

// knowRelated returns what is known of another table that q reads.
func (t *table) knowRelated(ctx context.Context, q *read, name string) (*catalog.Table, error) {
	if known := q.related[name]; known != nil {
		return known, nil
	}
	known, err := askCatalog(ctx, t, q, func(ctx context.Context) (*catalog.Table, error) { return t.catalog.Table(ctx, name) })
	if err == nil {
		if q.related == nil {
			q.related = map[string]*catalog.Table{}
		}
		q.related[name] = known
	}
	return known, err
}

// knowKeys returns what is known of the keys of all tables.
func (t *table) knowKeys(ctx context.Context, q *read) (_ *catalog.Keys, err error) {
	if q.keys == nil {
		q.keys, err = askCatalog(ctx, t, q, t.catalog.Keys)
	}
	return q.keys, err
}

// knowIndexes is knowKeys for pages: they are right with older keys, too, and are not
// to wait for all tables once a minute.
func (t *table) knowIndexes(ctx context.Context, q *read) (*catalog.Keys, error) {
	if keys := t.catalog.LastKeys(); keys != nil {
		return keys, nil
	}
	return t.knowKeys(ctx, q)
}

// askCatalog asks the catalog, until the deadline of q.
func askCatalog[T any](ctx context.Context, t *table, q *read, catalog func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithDeadlineCause(ctx, q.deadline, exec.ErrLate)
	defer cancel()
	known, err := catalog(ctx)
	if err != nil && ctx.Err() != nil && context.Cause(ctx) == exec.ErrLate {
		err = t.db.Late()
	}
	return known, err
}

// learn asks what the table is.
func (t *table) learn(ctx context.Context, q *read) (*catalog.Table, error) {
	return askCatalog(ctx, t, q, func(ctx context.Context) (*catalog.Table, error) { return t.catalog.Table(ctx, t.name) })
}

// freshShape returns the shape of the table, if a plain read had to be looked at:
// as young as what is known for other reads, because no result tells that a text
// has become JSON, or JSON a text, nor a TINYINT a boolean.
func (t *table) freshShape(ctx context.Context, q *read) (*catalog.Table, error) {
	if t.shape.Load() == nil || !t.db.IsMariaDB() && !t.options.Booleans {
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
	return askCatalog(ctx, t, q, func(ctx context.Context) (*catalog.Table, error) { return t.catalog.Again(ctx, t.name, since) })
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
	relatedSame, failure := t.relearnRelated(ctx, q, err)
	if failure != nil {
		return false, failure
	}
	isSame = isSame && relatedSame
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

// relearnRelated learns the other tables that q reads and the keys, and reports
// whether they are what they were.
func (t *table) relearnRelated(ctx context.Context, q *read, err error) (isSame bool, failure error) {
	isSame = true
	since := q.since(err)
	for name, before := range q.related {
		q.related[name], failure = askCatalog(ctx, t, q, func(ctx context.Context) (*catalog.Table, error) {
			return t.catalog.Again(ctx, name, since)
		})
		if failure != nil {
			return false, failure
		}
		isSame = isSame && before.Equal(q.related[name])
	}
	if before := q.keys; before != nil {
		q.keys, failure = askCatalog(ctx, t, q, func(ctx context.Context) (*catalog.Keys, error) { return t.catalog.KeysAgain(ctx, since) })
		isSame = isSame && failure == nil && before.Equal(q.keys)
	}
	return isSame, failure
}

// since is the moment after which what is known has to be learned because of err.
func (q *read) since(err error) time.Time {
	var refused *postgrest.Refusal
	if errors.As(err, &refused) && refused.Code != postgrest.CodeNoColumn && refused.Code != postgrest.CodeNoRelation {
		return q.came.Add(-catalog.MinAge) // a typing error, most likely: it does not wait
	}
	return q.came
}

// relearn returns the table as it is known after err. Before, it was known as
// before, or not at all.
func (t *table) relearn(ctx context.Context, q *read, before *catalog.Table, err error) (*catalog.Table, error) {
	if before == nil {
		return t.learn(ctx, q)
	}
	known, failure := t.learnSince(ctx, q, q.since(err))
	if failure == nil && exec.KindOf(err) == exec.Changed && before.Equal(known) { // it may have changed after that
		return t.learnSince(ctx, q, time.Now())
	}
	return known, failure
}

// isPlainRight reports whether the result of a plain read, of which nothing is
// known, is right as it is declared. A text of MariaDB has to be looked at, which
// may be JSON, and a TINYINT, if it may be a boolean.
func (t *table) isPlainRight(columns []encode.Column) bool {
	mayHide := func(c encode.Column) bool {
		return c.Type == "TEXT" && t.db.IsMariaDB() || c.Type == "TINYINT" && t.options.Booleans
	}
	if !slices.ContainsFunc(columns, mayHide) {
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

// hidesTypes reports whether a table has columns that are written in another way
// than results declare them: JSON that is a text, and booleans.
func (t *table) hidesTypes(shape *catalog.Table) bool {
	return shape != nil && slices.ContainsFunc(shape.Columns, func(c catalog.Column) bool {
		return c.IsJSON && c.Type == "TEXT" || c.IsBoolean() && t.options.Booleans
	})
}
