package main

// This file makes the databases of the model: small random schemas and their
// rows, which tables are related, and the SQL that makes all of it.
// mysql_model_test.go says what the model is.

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"readapi/internal/exec"
)

// modelKind is a type of columns. value gives its values, distinct for distinct
// numbers from 0, as readapi prints them.
type modelKind struct {
	ddl      string
	isNumber bool
	value    func(i int) string
}

// modelKinds order their values as Go orders numbers or strings.
var modelKinds = []*modelKind{
	{"INT", true, func(i int) string { return strconv.Itoa(3*i - 4) }},
	{"BIGINT UNSIGNED", true, func(i int) string {
		if i%2 == 1 {
			return strconv.FormatUint(-uint64(i), 10)
		}
		return strconv.Itoa(i)
	}},
	{"BIGINT", true, func(i int) string { return strconv.FormatInt(1<<53+1-int64(i*i)<<50, 10) }},
	{"DECIMAL(8,2)", true, func(i int) string { return fmt.Sprintf("%d.%02d", i-3, 1+i*37%90) }},
	{"DATE", false, func(i int) string {
		return time.Date(2024, 2, 27, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format(time.DateOnly)
	}},
	{"VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", false, func(i int) string {
		if i < len(modelTexts) {
			return modelTexts[i]
		}
		return fmt.Sprintf("text %d", i)
	}},
}

// modelTexts are texts that have a meaning somewhere on the way.
var modelTexts = []string{"a,b", "a", "A", "", `q"x`, `b\c`, "(x)", "null", "100%", "é🧖", "a.b", "*", " x"}

// Names that need quotes, or stand for something else without, are among these.
var (
	modelTableNames  = []string{"alpha", "Beta", "order", "odd name", "tä-ble", "limit", "count", "x.y"}
	modelColumnNames = []string{"name", "qty", "odd, col", "x(y)", "limit", "a.b", "Ünï", `q"q`, "or", "is"}
)

// modelValue is a value as it is printed, without quotes. num is nil for texts.
type modelValue struct {
	isNull bool
	text   string
	num    *big.Rat
}

var modelNull = modelValue{isNull: true}

// of makes a value of text.
func (k *modelKind) of(text string) modelValue {
	v := modelValue{text: text}
	if k.isNumber {
		v.num, _ = new(big.Rat).SetString(text)
	}
	return v
}

// modelColumn is a column of a table.
type modelColumn struct {
	name    string
	kind    *modelKind
	notNull bool
}

// modelRow has a value for each column of its table, by name.
type modelRow map[string]modelValue

// modelTable is a table with its rows. Those of unlisted tables are not served.
type modelTable struct {
	name     string
	columns  []*modelColumn
	primary  []string   // may be empty
	uniques  [][]string // beside primary
	keys     []*modelKey
	rows     []modelRow
	unlisted bool
}

// modelKey is a foreign key of table; columns and referenced go in pairs.
type modelKey struct {
	name                string
	table, target       *modelTable
	columns, referenced []string
	inPrimary           bool // its values are drawn with the primary key
}

// column finds a column by name.
func (t *modelTable) column(name string) *modelColumn {
	i := slices.IndexFunc(t.columns, func(c *modelColumn) bool { return c.name == name })
	return t.columns[i]
}

// isUnique says whether these columns, in any order, are a key of t.
func (t *modelTable) isUnique(columns []string) bool {
	for _, key := range append([][]string{t.primary}, t.uniques...) {
		if len(key) == len(columns) && containsAll(key, columns) {
			return true
		}
	}
	return false
}

// containsAll says whether set has all of these names.
func containsAll(set, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(set, name) })
}

// modelSchema is a database of the model, in the order in which it was made.
type modelSchema struct {
	tables []*modelTable
	names  []string // of tables, not used yet
	random *rand.Rand
}

// newModelSchema makes one to five tables, foreign keys, and rows.
func newModelSchema(random *rand.Rand) *modelSchema {
	s := &modelSchema{random: random, names: slices.Clone(modelTableNames)}
	random.Shuffle(len(s.names), func(i, j int) { s.names[i], s.names[j] = s.names[j], s.names[i] })
	for range 1 + random.IntN(4) {
		s.addTable()
	}
	if len(s.tables) > 1 || s.chance(3) {
		s.addJunction()
	}
	for _, t := range s.tables {
		for range random.IntN(3) {
			s.addKey(t)
		}
		s.addData(t)
	}
	for _, t := range s.tables {
		s.addRows(t)
	}
	for _, t := range s.tables {
		s.fillKeys(t)
		s.fillData(t)
	}
	if last := s.tables[len(s.tables)-1]; len(s.tables) > 2 && s.chance(5) {
		last.unlisted = true
	}
	return s
}

// chance is true once in n times.
func (s *modelSchema) chance(n int) bool { return s.random.IntN(n) == 0 }

// newTable makes a table without columns.
func (s *modelSchema) newTable() *modelTable {
	t := &modelTable{name: s.names[0]}
	s.names = s.names[1:]
	s.tables = append(s.tables, t)
	return t
}

// newColumn adds a column; another one of that name makes it a longer one.
func (s *modelSchema) newColumn(t *modelTable, name string, kind *modelKind) *modelColumn {
	for slices.ContainsFunc(t.columns, func(c *modelColumn) bool { return strings.EqualFold(c.name, name) }) {
		name += "_"
	}
	c := &modelColumn{name: name, kind: kind}
	t.columns = append(t.columns, c)
	return c
}

// anyKind is a random type.
func (s *modelSchema) anyKind() *modelKind { return modelKinds[s.random.IntN(len(modelKinds))] }

// addTable makes a table with its primary key: one or two columns, that of
// another table, that of another table and a column, or none.
func (s *modelSchema) addTable() {
	referable := s.referable()
	t := s.newTable()
	shape := s.random.IntN(10)
	if len(referable) > 0 && shape < 3 {
		key := s.newKey(t, referable[s.random.IntN(len(referable))])
		key.inPrimary = true
		t.primary = slices.Clone(key.columns)
		if shape == 0 {
			return
		}
	}
	if shape == 9 {
		return // no key
	}
	t.primary = append(t.primary, s.newColumn(t, "id", s.anyKind()).name)
	if shape == 8 {
		t.primary = append(t.primary, s.newColumn(t, "part", s.anyKind()).name)
	}
}

// referable are the tables that have a primary key.
func (s *modelSchema) referable() []*modelTable {
	return slices.DeleteFunc(slices.Clone(s.tables), func(t *modelTable) bool { return t.primary == nil })
}

// addJunction makes a table whose primary or unique key holds two foreign keys,
// and nothing else or one more column.
func (s *modelSchema) addJunction() {
	referable := s.referable()
	if len(referable) == 0 {
		return
	}
	t := s.newTable()
	a := s.newKey(t, referable[s.random.IntN(len(referable))])
	b := s.newKey(t, referable[s.random.IntN(len(referable))])
	columns := slices.Concat(a.columns, b.columns)
	switch s.random.IntN(4) {
	case 0:
		t.primary = []string{s.newColumn(t, "id", s.anyKind()).name}
		t.uniques = [][]string{columns}
		return
	case 1:
		columns = append(columns, s.newColumn(t, "day", s.anyKind()).name)
	}
	t.primary = columns
	a.inPrimary, b.inPrimary = true, true
}

// newKey makes a foreign key, of new columns, to a primary key. A column may be
// called as the table that it leads to.
func (s *modelSchema) newKey(t, target *modelTable) *modelKey {
	key := &modelKey{name: fmt.Sprintf("fk %s %d", t.name, len(t.keys)), table: t, target: target, referenced: target.primary}
	if s.chance(2) {
		key.name = fmt.Sprintf("fk%d%d", slices.Index(s.tables, t), len(t.keys))
	}
	for _, name := range target.primary {
		column := fmt.Sprintf("%s_%s", strings.ToLower(target.name), name)
		if len(target.primary) == 1 && s.chance(6) {
			column = target.name
		}
		key.columns = append(key.columns, s.newColumn(t, column, target.column(name).kind).name)
	}
	t.keys = append(t.keys, key)
	return key
}

// addKey adds a foreign key that may be NULL, to any table, or unique.
func (s *modelSchema) addKey(t *modelTable) {
	referable := s.referable()
	if len(referable) == 0 {
		return
	}
	target := referable[s.random.IntN(len(referable))]
	if t.primary != nil && s.chance(4) {
		target = t
	}
	key := s.newKey(t, target)
	if s.chance(4) {
		t.uniques = append(t.uniques, key.columns)
	}
}

// addData adds columns that are no part of a key.
func (s *modelSchema) addData(t *modelTable) {
	names := s.random.Perm(len(modelColumnNames))
	for _, i := range names[:1+s.random.IntN(3)] {
		s.newColumn(t, modelColumnNames[i], s.anyKind())
	}
}

// addRows makes rows with a primary key. Of a junction each pair is there once,
// also where the key has one more column.
func (s *modelSchema) addRows(t *modelTable) {
	distinct := t.primary
	if pair := t.primaryKeys(); len(pair) == 2 {
		distinct = slices.Concat(pair[0].columns, pair[1].columns)
	}
	n := []int{0, 1, 5, 12, 30}[s.random.IntN(5)]
	seen := map[string]bool{}
	for range 4 * n {
		row := s.drawPrimary(t)
		if row.hasNull(t.primary) || len(t.rows) == n {
			return // there is nothing to refer to, or it is enough
		}
		if id := row.text(distinct); t.primary == nil || !seen[id] {
			seen[id] = true
			t.rows = append(t.rows, row)
		}
	}
}

// primaryKeys are the foreign keys within the primary key.
func (t *modelTable) primaryKeys() []*modelKey {
	return slices.DeleteFunc(slices.Clone(t.keys), func(k *modelKey) bool { return !k.inPrimary })
}

// drawPrimary makes a row that has its primary key only.
func (s *modelSchema) drawPrimary(t *modelTable) modelRow {
	row := modelRow{}
	for _, key := range t.primaryKeys() {
		s.refer(key, row)
	}
	for _, name := range t.primary {
		if _, isSet := row[name]; !isSet {
			kind := t.column(name).kind
			row[name] = kind.of(kind.value(s.random.IntN(40)))
		}
	}
	return row
}

// refer draws what row refers to by key: NULL if there is no row.
func (s *modelSchema) refer(key *modelKey, row modelRow) {
	if len(key.target.rows) == 0 {
		for _, name := range key.columns {
			row[name] = modelNull
		}
		return
	}
	to := key.target.rows[s.random.IntN(len(key.target.rows))]
	for i, name := range key.columns {
		row[name] = to[key.referenced[i]]
	}
}

// text is the values of these columns, as one text; NULL is its own.
func (r modelRow) text(columns []string) string {
	var b strings.Builder
	for _, name := range columns {
		fmt.Fprintf(&b, "%q %t,", r[name].text, r[name].isNull)
	}
	return b.String()
}

// hasNull says whether one of these columns is NULL.
func (r modelRow) hasNull(columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool { return r[name].isNull })
}

// fillKeys draws the foreign keys beside the primary key. A unique one that is
// taken is NULL, and so are some others; of two columns one may be NULL.
func (s *modelSchema) fillKeys(t *modelTable) {
	for _, key := range t.keys {
		if key.inPrimary {
			continue
		}
		sparse := s.chance(2)
		for _, row := range t.rows {
			s.refer(key, row)
			if sparse && s.chance(3) {
				row[key.columns[0]] = modelNull
			}
		}
	}
	for _, unique := range t.uniques {
		seen := map[string]bool{}
		for _, row := range t.rows {
			if id := row.text(unique); seen[id] && !row.hasNull(unique) {
				row[unique[0]] = modelNull
			} else {
				seen[id] = true
			}
		}
	}
}

// fillData draws all values that are no part of a key, few different ones, and
// declares some columns without NULL as NOT NULL.
func (s *modelSchema) fillData(t *modelTable) {
	for _, c := range t.columns {
		seesNull := false
		for _, row := range t.rows {
			if _, isSet := row[c.name]; !isSet {
				row[c.name] = modelNull
				if !s.chance(5) {
					row[c.name] = c.kind.of(c.kind.value(s.random.IntN(8)))
				}
			}
			seesNull = seesNull || row[c.name].isNull
		}
		c.notNull = slices.Contains(t.primary, c.name) || !seesNull && s.chance(2)
	}
}

// listed are the tables that are served.
func (s *modelSchema) listed() []*modelTable {
	return slices.DeleteFunc(slices.Clone(s.tables), func(t *modelTable) bool { return t.unlisted })
}

// statements make the schema and its rows, with FOREIGN_KEY_CHECKS=0, because
// tables may refer to each other.
func (s *modelSchema) statements() []string {
	statements := []string{"SET FOREIGN_KEY_CHECKS=0"}
	for _, t := range s.tables {
		statements = append(statements, t.ddl())
		if len(t.rows) > 0 {
			statements = append(statements, t.insert())
		}
	}
	return statements
}

// modelColumnList quotes columns for SQL.
func modelColumnList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = exec.QuoteIdentifier(name)
	}
	return "(" + strings.Join(quoted, ", ") + ")"
}

// ddl makes the table.
func (t *modelTable) ddl() string {
	var parts []string
	for _, c := range t.columns {
		part := exec.QuoteIdentifier(c.name) + " " + c.kind.ddl
		if c.notNull {
			part += " NOT NULL"
		}
		parts = append(parts, part)
	}
	if t.primary != nil {
		parts = append(parts, "PRIMARY KEY "+modelColumnList(t.primary))
	}
	for _, unique := range t.uniques {
		parts = append(parts, "UNIQUE "+modelColumnList(unique))
	}
	for _, key := range t.keys {
		parts = append(parts, fmt.Sprintf("CONSTRAINT %s FOREIGN KEY %s REFERENCES %s %s", exec.QuoteIdentifier(key.name),
			modelColumnList(key.columns), exec.QuoteIdentifier(key.target.name), modelColumnList(key.referenced)))
	}
	return "CREATE TABLE " + exec.QuoteIdentifier(t.name) + " (" + strings.Join(parts, ", ") + ")"
}

// insert makes the rows.
func (t *modelTable) insert() string {
	rows := make([]string, len(t.rows))
	for i, row := range t.rows {
		values := make([]string, len(t.columns))
		for j, c := range t.columns {
			values[j] = row[c.name].literal()
		}
		rows[i] = "(" + strings.Join(values, ", ") + ")"
	}
	return "INSERT INTO " + exec.QuoteIdentifier(t.name) + " VALUES " + strings.Join(rows, ", ")
}

// literal is a value in SQL.
func (v modelValue) literal() string {
	switch {
	case v.isNull:
		return "NULL"
	case v.num != nil:
		return v.text
	default:
		return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(v.text) + "'"
	}
}
