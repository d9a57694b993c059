package rest

// This file counts the rows that match a read, or asks how many the database
// expects.

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/plan"
	"readapi/internal/postgrest"
)

// maxCounted is the estimate up to which rows are counted instead: that is as
// cheap.
const maxCounted = 10_000

// total is how many rows match q, in the way that it asks for. There is no estimate
// of few rows, of groups, and where the database gives none, as for a view that the
// account may not look into: these are counted.
func (t *table) total(ctx context.Context, q *read) (total, error) {
	switch isObject := q.format.Media == encode.Object; { // of which an estimate does not tell whether it is one
	case q.count == postgrest.NoCount:
		return total{}, nil
	case q.count != postgrest.CountExact && !isObject:
		estimate, err := t.estimate(ctx, q)
		if err != nil {
			return total{}, err
		}
		if estimate > maxCounted {
			return total{estimate, q.count}, nil
		}
	}
	rows, err := t.count(ctx, q)
	return exactly(rows), err
}

// count asks for the number of rows of q without its limit and offset. The
// queries for it are shared as those for rows are.
func (t *table) count(ctx context.Context, q *read) (int64, error) {
	planner := plan.Known{Table: &catalog.Table{Name: t.name}}
	if len(q.Where) > 0 || !q.SelectsColumns() {
		var err error
		if planner, err = t.planner(ctx, q); err != nil {
			return 0, err
		}
	}
	st, err := planner.Count(q.Query)
	if err != nil {
		return 0, err
	}
	if q.trusted {
		st.Fits = nil
	}
	res, _, err := t.share.Read(ctx, st, q.deadline)
	if err != nil {
		return 0, err
	}
	defer t.share.Release(res)
	_, number, _ := strings.Cut(string(res.Body), ":") // [{"COUNT(*)":5}]
	total, err := strconv.ParseInt(strings.Trim(strings.TrimSpace(number), `"}]`), 10, 64)
	if err != nil {
		return 0, &exec.Error{Err: fmt.Errorf("count: unexpected result %q", res.Body)}
	}
	return total, nil
}

// estimate is how many rows of q the database expects, without its limit and
// offset, or 0 if it does not say.
func (t *table) estimate(ctx context.Context, q *read) (int64, error) {
	planner, err := t.planner(ctx, q)
	if err != nil {
		return 0, err
	}
	st, name, err := planner.Estimate(q.Query)
	if err != nil || st == nil {
		return 0, err
	}
	res, rows, err := t.share.Read(ctx, st, q.deadline)
	switch {
	case err != nil: // what is wrong shows when the rows are counted
		return 0, nil
	case res == nil:
		if rows != nil {
			rows.Close()
		}
		return 0, nil
	}
	defer t.share.Release(res)
	return estimateOf(res.Body, name), nil
}

// estimateOf reads the rows of an EXPLAIN: the number of a table's rows, less those
// that are filtered out, if it is read first, or else that of all that is read
// together.
func estimateOf(body []byte, table string) int64 {
	var steps []map[string]any
	if json.Unmarshal(body, &steps) != nil {
		return 0
	}
	product := 1.0
	for i, step := range steps {
		if step["id"] == steps[0]["id"] {
			product *= numberOf(step["rows"]) * numberOf(step["filtered"]) / 100
		}
		if i == 0 && step["table"] == table {
			break
		}
	}
	return int64(min(product, 1<<62))
}

// numberOf reads a number, which may be printed as a text, or 0.
func numberOf(v any) float64 {
	n, _ := strconv.ParseFloat(fmt.Sprint(v), 64)
	return n
}
