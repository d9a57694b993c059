package main

// This file reads views on a real server: whatever a view computes, however it is
// asked for, the answer is 200 and has the same bytes. What the views compute is
// in internal/testviews; how to run it: mysql_test.go.

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"readapi/internal/testviews"
)

// mysqlView is a view, and what a plain read of it printed.
type mysqlView struct {
	*mysqlReader
	name    string
	columns []string
	rows    []map[string]string // by column, as JSON
	csv     []map[string]string // by column
}

// Every column of every view is the same whatever way it is asked for.
func TestMySQLViewColumns(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine does not know many of the expressions")
	}
	d.exec(t, testviews.Tables...)
	r := newMySQLReader(t, d, d.newViews(t)...)
	for name := range strings.SplitSeq(r.served["DB_TABLES"], ",") {
		t.Run(name, func(t *testing.T) { r.wantView(t, name) })
	}
}

// newViews makes the views of testviews, and views of these.
func (d *mysqlDatabase) newViews(t testing.TB) (names []string) {
	t.Helper()
	create := func(name, text string) {
		kind, body, _ := strings.Cut(text, "SELECT")
		d.exec(t, "CREATE "+kind+" VIEW "+name+" AS SELECT"+body)
		names = append(names, name)
	}
	for i, text := range testviews.Parts(25) {
		part := fmt.Sprintf("part%d", i)
		create(part, text)
		create(part+"_of", "SELECT * FROM "+part)
		create(part+"_ordered", "SELECT * FROM "+part+" ORDER BY label DESC, id")
		create(part+"_distinct", "SELECT DISTINCT * FROM "+part)
		create(part+"_temporary", "ALGORITHM=TEMPTABLE SELECT * FROM "+part)
	}
	views := testviews.Views()
	for _, name := range slices.Sorted(maps.Keys(views)) {
		if name != "plain" { // the parts are that
			create(name, views[name])
			create(name+"_of", "SELECT v.*, r.since FROM "+name+" v JOIN region r ON r.label = v.label")
		}
	}
	return names
}

// wantView checks every column of a view.
func (r *mysqlReader) wantView(t *testing.T, name string) {
	t.Helper()
	v := r.readView(t, name)
	for _, query := range []string{"order=label", "id=gte.1", "order=id.desc&offset=0", "select=*,x:id", "id=gte.1&order=label,id"} {
		if fault := v.queryFault(t, query, len(v.rows)); fault != "" {
			t.Error(fault)
		}
	}
	for _, column := range v.columns {
		definition := r.viewColumn(t, name, column)
		for _, fault := range v.columnFaults(t, column) {
			if reason := r.viewException(definition, fault); reason != "" {
				t.Logf("%s: %s", fault, reason)
			} else {
				t.Errorf("%s (%s)", fault, definition)
			}
		}
	}
}

// viewExceptions are what servers do wrongly, by engine and what is in the
// definition of the view's column.
var viewExceptions = map[string]map[string]string{
	engineMariaDB: {
		"std(":           "finds no rows by STDDEV, when it moves the condition into the view",
		"variance(":      "finds no rows by VAR_POP, when it moves the condition into the view",
		"json_arrayagg(": "finds no rows by JSON_ARRAYAGG, when it moves the condition into the view",
	},
	engineMySQL: {"timediff(": "prints the end of the range of TIME, and compares what is beyond it"},
}

// viewException is why a fault is that of the server, or "".
func (d *mysqlDatabase) viewException(definition, fault string) string {
	for part, reason := range viewExceptions[d.engine] {
		if strings.Contains(definition, part) && !strings.Contains(fault, " 500 ") {
			return reason
		}
	}
	return ""
}

// viewColumn is how a server defines a column of a view, or of the view under it.
func (d *mysqlDatabase) viewColumn(t testing.TB, view, column string) string {
	t.Helper()
	view, _, _ = strings.Cut(strings.TrimSuffix(view, "s_of")+"s", "_") // groups__of is of groups_
	var definition string
	row := d.admin.QueryRowContext(t.Context(), "SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name IN (?, ?, ?)",
		d.name, view, view+"_", strings.TrimSuffix(view, "s"))
	if err := row.Scan(&definition); err != nil {
		t.Fatalf("definition of %s = %v", view, err)
	}
	definition, _, _ = strings.Cut(definition, " AS `"+column+"`")
	if at := strings.LastIndex(definition, " AS `c"); at >= 0 {
		definition = definition[at:]
	}
	return definition
}

// readView reads all of a view, in JSON and in CSV.
func (r *mysqlReader) readView(t *testing.T, name string) *mysqlView {
	t.Helper()
	v := &mysqlView{mysqlReader: r, name: name}
	resp, body := r.do(t, http.MethodGet, "/read/"+name, "")
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %d %s", name, resp.StatusCode, body)
	}
	v.rows = viewRows(t, body)
	v.columns = slices.SortedFunc(maps.Keys(v.rows[0]), func(a, b string) int { return strings.Compare(a, b) })
	_, body = r.do(t, http.MethodGet, "/read/"+name, "", "Accept", "text/csv")
	v.csv = viewRecords(t, body)
	if len(v.csv) != len(v.rows) {
		t.Fatalf("GET %s = %d rows as CSV; want %d", name, len(v.csv), len(v.rows))
	}
	return v
}

// viewRows are the rows of an array.
func viewRows(t testing.TB, body string) (rows []map[string]string) {
	t.Helper()
	var raw []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &raw); err != nil {
		t.Fatalf("body = %.300q: %v", body, err)
	}
	for _, row := range raw {
		texts := map[string]string{}
		for name, value := range row {
			texts[name] = string(value)
		}
		rows = append(rows, texts)
	}
	return rows
}

// viewRecords are the rows of a CSV.
func viewRecords(t testing.TB, body string) (rows []map[string]string) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("CSV = %.300q: %v", body, err)
	}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// columnFaults asks for one column in every way, and says what is wrong.
func (v *mysqlView) columnFaults(t testing.TB, c string) (faults []string) {
	t.Helper()
	all := len(v.rows)
	note := func(query string, n int, header ...string) {
		if fault := v.queryFault(t, query, n, header...); fault != "" {
			faults = append(faults, fault)
		}
	}
	note("select="+c, all)
	note("select=id,"+c, all)
	note("select=label,x:"+c+","+c, all)
	note("select="+c+"&order="+c, all)
	note("select="+c+"&order="+c+".desc&limit=1", 1)
	note("select=id,"+c+"&order=label.desc,"+c+"&limit=2", 2)
	note("select=id,"+c+"&label=gt.A&order=id", all, "Prefer", "count=exact")
	note("select="+c+",id", all, "Accept", "text/csv")
	note("select=id,"+c+"&order=label", all, "Accept", "text/csv")
	note("select="+c+"&order="+c, all, "Accept", "application/x-ndjson")
	note("select="+c+"&order="+c+".desc.nullslast&limit=1", 1, "Accept", "application/vnd.pgrst.object+json")
	nulls := len(slices.DeleteFunc(slices.Clone(v.rows), func(row map[string]string) bool { return row[c] != "null" }))
	note("select=id,"+c+"&"+c+"=is.null", nulls, "Prefer", "count=exact")
	note("select=id&"+c+"=not.is.null&order="+c, all-nulls)
	return append(faults, v.filterFaults(t, c)...)
}

// filterFaults asks for the rows of each value by what was printed.
func (v *mysqlView) filterFaults(t testing.TB, c string) (faults []string) {
	t.Helper()
	seen := map[string]bool{"null": true}
	for _, row := range v.rows {
		printed := row[c]
		if seen[printed] {
			continue
		}
		seen[printed] = true
		for i, law := range viewLaws {
			if i >= viewFewLaws && len(seen) > 2 { // one value says enough
				break
			}
			if fault := v.lawFault(t, i, law, c, row); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

// lawFault asks for the row by its value of c, as it was printed. What is selected
// beside takes turns.
func (v *mysqlView) lawFault(t testing.TB, turn int, law viewLaw, c string, row map[string]string) string {
	t.Helper()
	lists := []string{"select=id,label," + c, "select=id,label", "order=" + c + ".desc"}
	text, _ := mysqlPrinted(json.RawMessage(row[c]))
	name, value, _ := strings.Cut(mysqlFillIn(strings.ReplaceAll(law.query, "COLUMN", c), text), "=")
	query := lists[turn%len(lists)] + "&" + name + "=" + url.QueryEscape(value)
	var header []string
	if turn < 2 {
		header = []string{"Prefer", "count=exact"}
	}
	resp, body := v.do(t, http.MethodGet, "/read/"+v.name, query, header...)
	isJSON := row[c][0] == '[' || row[c][0] == '{'
	switch {
	case resp.StatusCode == http.StatusBadRequest && (isJSON || strings.Contains(body, "expected is.null")): // takes no values
		return ""
	case resp.StatusCode != http.StatusOK:
		return fmt.Sprintf("GET %s?%s = %d %.200s", v.name, query, resp.StatusCode, body)
	}
	found := slices.ContainsFunc(viewRows(t, body), func(got map[string]string) bool {
		return got["id"] == row["id"] && got["label"] == row["label"] && (got[c] == "" || got[c] == row[c])
	})
	if found != law.finds && (law.finds || !strings.HasPrefix(v.name, "unions")) { // where other rows have the same id
		return fmt.Sprintf("GET %s?%s = %.200q; want row %s: %t", v.name, query, body, row["id"], law.finds)
	}
	return ""
}

// viewLaw is a condition with a value, and whether its row is found.
type viewLaw struct {
	query string
	finds bool
}

// viewFewLaws is how many of viewLaws are asked of every value.
const viewFewLaws = 2

// viewLaws are conditions by which a row is found, or not, by its value.
var viewLaws = []viewLaw{
	{"COLUMN=eq.%s", true},
	{`COLUMN=in.("%s")`, true},
	{"COLUMN=gte.%s", true},
	{"COLUMN=lte.%s", true},
	{"COLUMN=not.isdistinct.%s", true},
	{`COLUMN=eq(any).{"%s"}`, true},
	{"COLUMN=neq.%s", false},
	{"COLUMN=gt.%s", false},
	{"COLUMN=isdistinct.%s", false},
	{`or=(COLUMN.eq."%s",id.eq.-1)`, true},
}

// queryFault asks for rows and says what is wrong, if the answer is not n rows with
// values that the plain read had.
func (v *mysqlView) queryFault(t testing.TB, query string, n int, header ...string) string {
	t.Helper()
	resp, body := v.do(t, http.MethodGet, "/read/"+v.name, query, header...)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		return fmt.Sprintf("GET %s?%s = %d %.300s", v.name, query, resp.StatusCode, body)
	}
	known := v.rows
	var rows []map[string]string
	switch resp.Header.Get("Content-Type") {
	case "text/csv; charset=utf-8":
		rows, known = viewRecords(t, body), v.csv
	case "application/x-ndjson":
		rows = viewRows(t, "["+strings.ReplaceAll(strings.TrimSuffix(body, "\n"), "\n", ",")+"]")
	default:
		if body[0] == '{' {
			body = "[" + body + "]"
		}
		rows = viewRows(t, body)
	}
	if len(rows) != n {
		return fmt.Sprintf("GET %s?%s = %d rows; want %d", v.name, query, len(rows), n)
	}
	return unknownValues(known, rows, v.name+"?"+query)
}

// unknownValues says which values of rows are not those of known: of the row with
// the same id and label if there are these, else of any.
func unknownValues(known, rows []map[string]string, what string) string {
	used := make([]bool, len(known))
	for _, row := range rows {
		at := -1
		for i, k := range known {
			if !used[i] && isPartOf(row, k) {
				at = i
				break
			}
		}
		if at < 0 {
			return fmt.Sprintf("GET %s: %s", what, difference(known, row))
		}
		used[at] = true
	}
	return ""
}

// difference says in what row differs from that of known which is most like it.
func difference(known []map[string]string, row map[string]string) string {
	var least []string
	for _, k := range known {
		parts := []string{}
		for name, value := range row {
			if other, ok := k[name]; ok && other != value {
				parts = append(parts, fmt.Sprintf("%s is %.60s, and was %.60s in the plain read", name, value, other))
			}
		}
		if least == nil || len(parts) < len(least) {
			least = parts
		}
	}
	return strings.Join(least, "; ")
}

// isPartOf reports whether whole has all members of row.
func isPartOf(row, whole map[string]string) bool {
	for name, value := range row {
		if other, ok := whole[name]; ok && other != value {
			return false
		}
	}
	return true
}
