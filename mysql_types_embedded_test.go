package main

// This file has the law of embedded values: a value is the same text, flat and
// however it is embedded. mysql_types_test.go has the values, and how to run it is
// in mysql_test.go.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// mysqlAround are tables around sample, with the values of all types: root, which
// has one top, which has all rows of sample; one, with a row for each of sample's;
// and pair, the junction of top and sample.
var mysqlAround = []string{
	"CREATE TABLE root (id INT PRIMARY KEY)",
	"CREATE TABLE top (id INT PRIMARY KEY, root_id INT, FOREIGN KEY (root_id) REFERENCES root (id))",
	"CREATE TABLE one (id INT PRIMARY KEY, sample_id INT, FOREIGN KEY (sample_id) REFERENCES sample (id))",
	"CREATE TABLE pair (top_id INT, sample_id INT, PRIMARY KEY (top_id, sample_id), " +
		"FOREIGN KEY (top_id) REFERENCES top (id), FOREIGN KEY (sample_id) REFERENCES sample (id))",
	"INSERT INTO root VALUES (1)", "INSERT INTO top VALUES (1, 1)",
	"INSERT INTO one SELECT id, id FROM sample", "INSERT INTO pair SELECT 1, id FROM sample",
	"ALTER TABLE sample ADD top_id INT DEFAULT 1, ADD CONSTRAINT in_top FOREIGN KEY (top_id) REFERENCES top (id)",
}

// mysqlWrapped is where values of sample stand in a response, all of them by id.
type mysqlWrapped struct {
	name, path string
	values     func(body []byte) ([]json.RawMessage, error)
}

// mysqlEmbeddings are ways to ask for the column %[1]s of sample as v.
var mysqlEmbeddings = []mysqlWrapped{
	{"to-one", "/read/one?select=sample(v:%[1]s)&order=id", func(body []byte) (values []json.RawMessage, err error) {
		var rows []struct{ Sample struct{ V json.RawMessage } }
		err = json.Unmarshal(body, &rows)
		for _, row := range rows {
			values = append(values, row.Sample.V)
		}
		return values, err
	}},
	{"to-one spread", "/read/one?select=...sample(v:%[1]s)&order=id", mysqlFlat},
	{"to-many", "/read/top?select=sample!in_top(v:%[1]s)&sample.order=id", mysqlInSample},
	{"many-to-many", "/read/top?select=sample!pair(v:%[1]s)&sample.order=id", mysqlInSample},
	{"to-many with a limit", "/read/top?select=sample!in_top(v:%[1]s)&sample.order=id&sample.limit=1000", mysqlInSample},
	{"to-many spread", "/read/top?select=...sample!in_top(v:%[1]s)&sample.order=id", func(body []byte) ([]json.RawMessage, error) {
		var rows []struct{ V []json.RawMessage }
		err := json.Unmarshal(body, &rows)
		if err != nil || len(rows) != 1 {
			return nil, fmt.Errorf("%d rows: %w", len(rows), err)
		}
		return rows[0].V, nil
	}},
	{"to-many twice", "/read/root?select=top(sample!in_top(v:%[1]s))&top.sample.order=id", func(body []byte) ([]json.RawMessage, error) {
		var rows []struct{ Top json.RawMessage }
		if err := json.Unmarshal(body, &rows); err != nil || len(rows) != 1 {
			return nil, fmt.Errorf("%d rows: %w", len(rows), err)
		}
		return mysqlInSample(rows[0].Top)
	}},
	{"to-one in to-many", "/read/sample?select=one(sample(v:%[1]s))&order=id", func(body []byte) (values []json.RawMessage, err error) {
		var rows []struct {
			One []struct{ Sample struct{ V json.RawMessage } }
		}
		err = json.Unmarshal(body, &rows)
		for _, row := range rows {
			for _, one := range row.One {
				values = append(values, one.Sample.V)
			}
		}
		return values, err
	}},
}

// mysqlFlat reads values that stand in rows.
func mysqlFlat(body []byte) (values []json.RawMessage, err error) {
	var rows []struct{ V json.RawMessage }
	err = json.Unmarshal(body, &rows)
	for _, row := range rows {
		values = append(values, row.V)
	}
	return values, err
}

// mysqlInSample reads values in the member sample of the only row.
func mysqlInSample(body []byte) ([]json.RawMessage, error) {
	var rows []struct{ Sample json.RawMessage }
	if err := json.Unmarshal(body, &rows); err != nil || len(rows) != 1 {
		return nil, fmt.Errorf("%d rows: %w", len(rows), err)
	}
	return mysqlFlat(rows[0].Sample)
}

// TestMySQLTypesEmbedded compares every value of every type with itself.
func TestMySQLTypesEmbedded(t *testing.T) {
	d := newMySQLDatabase(t)
	mysqlSkipEmbedded(t, d)
	hasType := d.newAllTypes(t)
	d.exec(t, mysqlAround...)
	r := newMySQLReader(t, d, "sample", "root", "top", "one", "pair")
	for i, tt := range mysqlTypes {
		if !hasType[i] {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			column := fmt.Sprintf("c%d", i)
			want := r.wrapped(t, mysqlWrapped{"flat", "/read/sample?select=v:%[1]s&order=id", mysqlFlat}, column)
			if len(want) < len(tt.values) {
				t.Fatalf("%d values; want %d at least", len(want), len(tt.values))
			}
			for _, way := range mysqlEmbeddings {
				wantSameValues(t, way.name, r.wrapped(t, way, column), want)
			}
		})
	}
}

// wrapped asks for a column and returns its values.
func (r *mysqlReader) wrapped(t *testing.T, way mysqlWrapped, column string) []json.RawMessage {
	t.Helper()
	status, body := mysqlGet(t, r.base+fmt.Sprintf(way.path, column))
	values, err := way.values([]byte(body))
	if status != http.StatusOK || err != nil {
		t.Errorf("%s: GET "+way.path+" = %d %.500s; want 200: %v", way.name, column, status, body, err)
	}
	return values
}

// wantSameValues compares values byte for byte.
func wantSameValues(t *testing.T, name string, got, want []json.RawMessage) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values; want %d", name, len(got), len(want))
		return
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("%s: value %d = %.300s; want %.300s", name, i, got[i], want[i])
		}
	}
}
