package catalog

// This file asks the database what a table is. information_schema shows an
// account the columns that it may read, and no others. What type a column has in
// a result is asked of the table itself, because there information_schema says
// something else: for what views compute, for types that one engine has, and on
// engines that only imitate it.

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"readapi/internal/encode"
	"readapi/internal/exec"
)

// columnsText asks for the columns. The condition is what MariaDB has to see to
// open one table instead of all; a join with TABLES would make it open all.
const columnsText = `SELECT VERSION(), COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA,
	CHARACTER_SET_NAME, COLLATION_NAME, CHARACTER_MAXIMUM_LENGTH,
	(SELECT TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?)
	FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`

// learnTable asks for the table called name in two queries, one more if MariaDB may
// have JSON in it, and one or two if it may have a FULLTEXT index. A table that does not exist, or that the account may not
// read, is an error of query: the database's own for a SELECT from it.
func learnTable(ctx context.Context, query Query, name string) (*Table, error) {
	t, err := learnOnce(ctx, query, name)
	if err != nil && t != nil && len(t.Columns) > 0 && ctx.Err() == nil {
		// A column may have gone between the queries. Of anything else the error
		// is the same again.
		t, err = learnOnce(ctx, query, name)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// learnOnce is one attempt of learnTable. With an error it returns what is known by then.
func learnOnce(ctx context.Context, query Query, name string) (*Table, error) {
	t, err := learnColumns(ctx, query, name)
	if err != nil && exec.KindOf(err) == exec.Internal { // an engine without information_schema
		t, err = &Table{Name: name}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := t.learnTypes(ctx, query); err != nil {
		return t, err
	}
	if t.MariaDB > 0 {
		if err := t.learnJSON(ctx, query); err != nil {
			return t, err
		}
	}
	return t, t.learnFullText(ctx, query)
}

// learnColumns asks information_schema. The table has no columns if it is not
// there.
func learnColumns(ctx context.Context, query Query, name string) (*Table, error) {
	rows, err := query(ctx, columnsText, name, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	t := &Table{Name: name}
	for rows.Next() {
		var (
			version, nullable, key, extra string
			charset, collation, tableType sql.NullString
			length                        sql.NullInt64
			c                             Column
		)
		if err := rows.Scan(&version, &c.Name, &c.ColumnType, &nullable, &key, &extra,
			&charset, &collation, &length, &tableType); err != nil {
			return nil, fmt.Errorf("columns of %q: %w", name, err)
		}
		t.MariaDB = mariaDB(version)
		t.IsView = strings.HasSuffix(tableType.String, "VIEW")
		c.IsNullable, c.IsPrimary, c.hasKey = nullable == "YES", key == "PRI", key != ""
		c.IsInvisible = strings.Contains(extra, "INVISIBLE")
		c.Charset, c.Collation, c.Length = charset.String, collation.String, length.Int64
		c.IsComputed, c.LongTime = t.IsView, t.MariaDB > 0
		t.Columns = append(t.Columns, c)
	}
	return t, rows.Err()
}

// versionParts matches the version in what MariaDB calls itself: 10.11.6-MariaDB,
// and to old clients 5.5.5-10.11.6-MariaDB.
var versionParts = regexp.MustCompile(`([0-9]+)\.([0-9]+)\.[0-9]+-MariaDB`)

// mariaDB is the version of MariaDB as a Table has it.
func mariaDB(version string) int {
	m := versionParts.FindStringSubmatch(version)
	switch {
	case m != nil:
		major, _ := strconv.Atoi(m[1])
		minor, _ := strconv.Atoi(m[2])
		return 100*major + minor
	case strings.Contains(version, "MariaDB"):
		return 1 // which one, it does not say
	default:
		return 0
	}
}

// learnTypes asks for no rows of the table. If no column is known that way
// either, it has those of *.
func (t *Table) learnTypes(ctx context.Context, query Query) error {
	list := make([]string, 0, 2*len(t.Columns))
	for i := range t.Columns {
		list = append(list, quote(t.Columns[i].Name))
	}
	for i := range t.Columns {
		list = append(list, Probe(quote(t.Columns[i].Name)))
	}
	if len(list) == 0 {
		list = []string{"*"}
	}
	rows, err := queryNoRows(ctx, query, "SELECT "+strings.Join(list, ", ")+" FROM "+t.Quoted())
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	t.setTypes(exec.Columns(types))
	return rows.Err()
}

// queryNoRows sends a query, which has no condition, for the columns of its result
// alone. LIMIT 0 keeps a server from making all of a view, but cuts a stream of
// Vitess, where a condition is as cheap.
func queryNoRows(ctx context.Context, query Query, text string) (*sql.Rows, error) {
	rows, err := query(ctx, text+" LIMIT 0")
	if exec.KindOf(err) == exec.StreamCut {
		return query(ctx, text+" WHERE FALSE")
	}
	return rows, err
}

// setTypes takes what learnTypes has been told: the columns, then their probes.
func (t *Table) setTypes(types []encode.Column) {
	probes := types
	if len(t.Columns) == 0 {
		t.Columns = make([]Column, len(types))
	} else {
		probes = types[len(t.Columns):]
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Name = types[i].Name
		c.Type, c.Scale = declared(types[i])
		c.kind = newKind(c.Type, c.Scale)
		c.probe = newKind(declared(probes[i]))
		c.IsJSON = c.Type == "JSON"
	}
}

// learnJSON asks MariaDB, where JSON is a text with CHECK (json_valid(column)),
// which columns are JSON.
func (t *Table) learnJSON(ctx context.Context, query Query) error {
	var columns []*Column
	for i := range t.Columns {
		if c := &t.Columns[i]; c.kind.family == "text" && c.Charset != "" {
			columns = append(columns, c)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	rows, err := query(ctx, jsonText(t.Name, columns), t.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	clauses, arrays := sql.NullString{}, make([]string, len(columns))
	into := []any{&clauses}
	for i := range arrays {
		into = append(into, &arrays[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("JSON columns of %q: %w", t.Name, err)
		}
	}
	checked := jsonChecks(clauses.String)
	for i, c := range columns {
		c.IsJSON = arrays[i] == "[{}]" || checked[c.Name]
	}
	return rows.Err()
}

// jsonText is a query for one row: the CHECK clauses of a table, one a line, and
// for each column an array with what MariaDB takes it for: JSON goes into one as
// it is, a text in quotes. So it tells of views, too, and an account with grants
// on some columns, who both do not see the clauses; and those are needed for
// CHECKs that do not belong to a column. LIMIT 0 keeps MariaDB from reading all
// of a view.
func jsonText(table string, columns []*Column) string {
	var names, arrays []string
	for _, c := range columns {
		names = append(names, quote(c.Name))
		arrays = append(arrays, "JSON_ARRAY(IFNULL(t."+quote(c.Name)+", JSON_COMPACT('{}')))")
	}
	return "SELECT (SELECT GROUP_CONCAT(CHECK_CLAUSE SEPARATOR '\n') FROM information_schema.CHECK_CONSTRAINTS" +
		" WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ?), " + strings.Join(arrays, ", ") +
		" FROM (SELECT 1) AS one LEFT JOIN (SELECT " + strings.Join(names, ", ") + " FROM " + QuoteTable(table) + " LIMIT 0) AS t ON FALSE"
}

// jsonCheck is a condition as MariaDB writes it.
var jsonCheck = regexp.MustCompile("^\\(?json_valid\\(`((?:[^`]|``)+)`\\)\\)?$")

// jsonChecks returns the columns that CHECK clauses, one a line, only let JSON
// into. A clause with an alternative does not count.
func jsonChecks(clauses string) map[string]bool {
	names := map[string]bool{}
	for clause := range strings.SplitSeq(clauses, "\n") {
		if strings.Contains(clause, " or ") || strings.Contains(clause, " xor ") {
			continue
		}
		for condition := range strings.SplitSeq(clause, " and ") {
			if m := jsonCheck.FindStringSubmatch(condition); m != nil {
				names[strings.ReplaceAll(m[1], "``", "`")] = true
			}
		}
	}
	return names
}
