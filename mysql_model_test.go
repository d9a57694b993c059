package main

// This file has the model: random small schemas and random requests for them,
// whose answers are compared with those of an evaluation in plain Go over the
// same rows. The evaluation was written from what is promised, not from how it is
// done, and shares nothing with readapi.
//
// MODEL_ROUNDS is how many schemas a run has, and MODEL_SEED the seed of the first
// one: a failure names the seed of its own. How to run it: mysql_test.go.

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	modelRounds   = 30
	modelRequests = 75 // of each schema
	modelFailures = 5  // more say nothing new
)

// modelNumber reads a variable of the environment.
func modelNumber(t testing.TB, name string, fallback int) int {
	t.Helper()
	text, isSet := os.LookupEnv(name)
	if !isSet {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s = %v", name, err)
	}
	return n
}

// modelRun is a schema, served.
type modelRun struct {
	*modelSchema
	reader *mysqlReader
	log    *modelLog
	seed   int
	status int // of the last answer
}

// modelLog keeps the last line that readapi logs.
type modelLog struct {
	mu   sync.Mutex
	last []byte
}

// Write implements io.Writer.
func (l *modelLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last[:0], line...)
	return len(line), nil
}

// String is that line.
func (l *modelLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.last)
}

// newModelRun makes the schema of a seed in a database of its own.
func newModelRun(t testing.TB, seed int) *modelRun {
	t.Helper()
	s := newModelSchema(rand.New(rand.NewPCG(uint64(seed), 0)))
	d := newMySQLDatabase(t)
	d.exec(t, s.statements()...)
	var names []string
	for _, table := range s.listed() {
		names = append(names, table.name)
	}
	log := &modelLog{}
	env := mysqlWith(d.env, "DB_TABLES", strings.Join(names, ","), "DB_TIMEOUT", "10s")
	return &modelRun{modelSchema: s, reader: newLoggedReader(t, d, env, log), log: log, seed: seed}
}

// newLoggedReader serves with env, and logs errors to log.
func newLoggedReader(t testing.TB, d *mysqlDatabase, env map[string]string, log io.Writer) *mysqlReader {
	t.Helper()
	cfg, logger := mysqlConfig(t, env), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))
	pool, err := openPool(cfg, logger)
	if err != nil {
		t.Fatalf("openPool = %v", err)
	}
	t.Cleanup(func() { pool.Close() })
	server := httptest.NewServer(newAPI(pool, cfg, logger))
	t.Cleanup(server.Close)
	return &mysqlReader{d, env, server.URL, mysqlClient(t)}
}

// forEachModel runs a test for each schema.
func forEachModel(t *testing.T, rounds int, test func(t *testing.T, run *modelRun)) {
	t.Helper()
	mysqlSkipEmbedded(t, newMySQLDatabase(t))
	first := modelNumber(t, "MODEL_SEED", 1)
	for seed := first; seed < first+modelNumber(t, "MODEL_ROUNDS", rounds); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { test(t, newModelRun(t, seed)) })
	}
}

// mysqlSkipEmbedded skips a test of related tables with the embedded engine.
func mysqlSkipEmbedded(t testing.TB, d *mysqlDatabase) {
	t.Helper()
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine cannot run the statements that related tables need")
	}
}

// TestMySQLModel compares the rows.
func TestMySQLModel(t *testing.T) {
	forEachModel(t, modelRounds, func(t *testing.T, run *modelRun) { run.wantAnswers(t, modelRequests, false) })
}

// TestMySQLModelOrder compares the order of members too: that of select.
func TestMySQLModelOrder(t *testing.T) {
	forEachModel(t, modelRounds/10, func(t *testing.T, run *modelRun) { run.wantAnswers(t, modelRequests, true) })
}

// wantAnswers draws requests and checks their answers.
func (m *modelRun) wantAnswers(t *testing.T, requests int, inOrder bool) {
	t.Helper()
	failures := 0
	for range requests {
		n := m.request()
		ask := &modelAsk{n, !n.isGrouped() && m.chance(4), inOrder}
		if m.fault(t, ask) == "" {
			continue
		}
		t.Error(m.report(t, ask))
		if failures++; failures == modelFailures {
			t.Fatal("too many failures")
		}
	}
}

// report is the smallest request that fails with the same status, and how to
// make its tables.
func (m *modelRun) report(t testing.TB, ask *modelAsk) string {
	t.Helper()
	status := m.status
	if status > http.StatusInternalServerError { // to ask again would take as long
		t.Fatalf("seed %d: %s\n%s", m.seed, m.fault(t, ask), strings.Join(m.statements(), ";\n"))
	}
	m.shrink(ask.modelNode, func() bool { return m.fault(t, ask) != "" && m.status == status })
	return fmt.Sprintf("seed %d: %s\n%s\n%s", m.seed, m.fault(t, ask), m.log, strings.Join(m.statements(), ";\n"))
}

// modelAsk is a request, and what of its answer is compared.
type modelAsk struct {
	*modelNode
	count   bool // with count=exact
	inOrder bool // members too
}

// fault says what is wrong with the answer to a request, if anything is.
func (m *modelRun) fault(t testing.TB, ask *modelAsk) string {
	t.Helper()
	var header []string
	if ask.count {
		header = []string{"Prefer", "count=exact"}
	}
	resp, body := m.reader.do(t, http.MethodGet, "/read/"+url.PathEscape(ask.table.name), ask.query(), header...)
	m.status = resp.StatusCode
	readable, _ := url.QueryUnescape(ask.query())
	request := fmt.Sprintf("GET %s?%s\n= %d %s %s", ask.table.name, readable, resp.StatusCode, resp.Header.Get("Content-Range"), body)
	want := ask.answer(ask.table.rows)
	if wantStatus, wantTotal := ask.page(len(want.elems)); resp.StatusCode != wantStatus ||
		wantTotal != "" && !strings.HasSuffix(resp.Header.Get("Content-Range"), wantTotal) {
		return fmt.Sprintf("%s; want %d %s\n%s", request, wantStatus, wantTotal, modelText(want))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return ""
	}
	got, err := modelDecode(body)
	if err != nil {
		return fmt.Sprintf("%s; want JSON: %v", request, err)
	}
	if difference := modelDiff("", want, got, ask.inOrder); difference != "" {
		return fmt.Sprintf("%s\nwant %s\n%s", request, modelText(want), difference)
	}
	return ""
}

// page is the status of an answer with so many rows, and the end of its
// Content-Range, if it is known.
func (a *modelAsk) page(rows int) (status int, total string) {
	if !a.count {
		return http.StatusOK, ""
	}
	all := a.total()
	switch total = fmt.Sprintf("/%d", all); {
	case a.offset > all:
		return http.StatusRequestedRangeNotSatisfiable, total
	case rows < all:
		return http.StatusPartialContent, total
	default:
		return http.StatusOK, total
	}
}

// modelDecode parses JSON with exact numbers, and objects with their order.
func modelDecode(body string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	value, err := modelDecodeValue(decoder)
	if _, more := decoder.Token(); err == nil && more != io.EOF {
		return nil, fmt.Errorf("more after the document: %w", more)
	}
	return value, err
}

// modelDecodeValue parses the next value.
func modelDecodeValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		var array modelArray
		for decoder.More() {
			elem, err := modelDecodeValue(decoder)
			if err != nil {
				return nil, err
			}
			array.elems = append(array.elems, elem)
		}
		_, err = decoder.Token()
		return array, err
	case json.Delim('{'):
		var object modelObject
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := modelDecodeValue(decoder)
			if err != nil {
				return nil, err
			}
			object = append(object, modelMember{name.(string), value})
		}
		_, err = decoder.Token()
		return object, err
	}
	return token, nil
}

// modelDiff says where two results differ, if they do. path is where they stand.
func modelDiff(path string, want, got any, inOrder bool) string {
	isEqual := want == nil && got == nil
	switch want := want.(type) {
	case modelArray:
		if got, isArray := got.(modelArray); isArray && len(got.elems) == len(want.elems) {
			return want.diff(path, got, inOrder)
		}
	case modelObject:
		if got, isObject := got.(modelObject); isObject && len(got) == len(want) {
			return want.diff(path, got, inOrder)
		}
	case modelMean:
		number, isNumber := got.(json.Number)
		isEqual = isNumber && want.rounds(string(number))
	case json.Number, string:
		isEqual = want == got
	}
	if isEqual {
		return ""
	}
	return fmt.Sprintf("at %q: %s; want %s", path, modelText(got), modelText(want))
}

// rounds says whether number is the mean with four digits or more.
func (m modelMean) rounds(number string) bool {
	got, isNumber := new(big.Rat).SetString(number)
	return isNumber && new(big.Rat).Abs(got.Sub(got, m.Rat)).Cmp(big.NewRat(1, 10_000)) <= 0
}

// diff compares arrays of the same length.
func (a modelArray) diff(path string, got modelArray, inOrder bool) string {
	left := append([]any(nil), got.elems...)
	for i, elem := range a.elems {
		path := fmt.Sprintf("%s[%d]", path, i)
		difference := modelDiff(path, elem, left[0], inOrder)
		for j := 1; difference != "" && !a.ordered && j < len(left); j++ {
			if modelDiff(path, elem, left[j], inOrder) == "" {
				left[0], left[j] = left[j], left[0]
				difference = ""
			}
		}
		if difference != "" {
			return difference
		}
		left = left[1:]
	}
	return ""
}

// diff compares objects of the same length.
func (o modelObject) diff(path string, got modelObject, inOrder bool) string {
	values := map[string]any{}
	for _, member := range got {
		values[member.name] = member.value
	}
	for i, member := range o {
		value, isThere := values[member.name]
		if !isThere || inOrder && got[i].name != member.name {
			return fmt.Sprintf("at %q: %s; want the member %q at %d", path, modelText(got), member.name, i)
		}
		if difference := modelDiff(path+"."+member.name, member.value, value, inOrder); difference != "" {
			return difference
		}
	}
	return ""
}

// modelText writes a result.
func modelText(value any) string {
	switch value := value.(type) {
	case modelArray:
		parts := make([]string, len(value.elems))
		for i, elem := range value.elems {
			parts[i] = modelText(elem)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case modelObject:
		parts := make([]string, len(value))
		for i, member := range value {
			parts[i] = fmt.Sprintf("%q: %s", member.name, modelText(member.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case modelMean:
		return value.FloatString(6)
	case string:
		return strconv.Quote(value)
	case nil:
		return "null"
	default:
		return fmt.Sprint(value)
	}
}
