package plan

// This file asks how many rows the database expects.

import (
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// Estimate returns the query for what the database expects of the query for the
// number of rows of q (MySQL manual, 10.8.2), and the name that the table has there.
// It returns nil if that says nothing of the number, as for groups. Errors are those
// of Select.
func (k Known) Estimate(q *postgrest.Query) (st *exec.Statement, table string, err error) {
	if k.hasGroups(q) {
		return nil, "", nil
	}
	count, err := k.Count(q)
	if err != nil {
		return nil, "", err
	}
	explain, table := "EXPLAIN FORMAT=TRADITIONAL ", k.Table.Name
	if k.Table.MariaDB > 0 { // without EXTENDED it leaves out how many are filtered
		explain = "EXPLAIN EXTENDED "
	}
	if k.isRelated(q) {
		table = "t0"
	}
	return &exec.Statement{Table: count.Table, Text: explain + count.Text, Args: count.Args, Patterns: count.Patterns}, table, nil
}
