package encode

// This file tests how a result ends where a page does.

import (
	"database/sql/driver"
	"reflect"
	"strings"
	"testing"
)

// pageOf encodes a page of rows, as values and as texts, and checks that both are
// the same.
func pageOf(t testing.TB, newEncoder func() *Encoder, p Page, columns []Column, all [][]driver.Value) (string, End) {
	t.Helper()
	values, texts := newEncoder(), newEncoder()
	values.SetPage(p, columns)
	texts.SetPage(p, columns)
	var out, other []byte
	for _, row := range all {
		var err, otherErr error
		out, err = values.AppendValues(out, row)
		if other, otherErr = texts.AppendTexts(other, sentTexts(row)); err != nil || otherErr != nil {
			t.Fatalf("encode = %v, %v", err, otherErr)
		}
	}
	out, other = values.AppendEnd(out), texts.AppendEnd(other)
	if string(out) != string(other) || !values.End().Equal(texts.End()) {
		t.Errorf("values give %s %v; texts %s %v", out, values.End(), other, texts.End())
	}
	return strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", ""), values.End()
}

// A page has the rows that there is room for, all that belongs to them and nothing
// of others, and remembers the last row.
func TestPage(t *testing.T) {
	flat := func() *Encoder { return New(textColumns(2), nil, 1, Format{}, Options{}) }
	nestedOf := func(shape *Shape) func() *Encoder {
		return func() *Encoder { return NewNested(textColumns(5), shape, Format{}, Options{}) }
	}
	joined := Shape{Column: 2, Keys: []int{3}, Branches: []Branch{
		{Parent: -1, Members: []Member{value("a", 0), rows("b", 1)}}, {Parent: 0, Members: []Member{value("c", 1)}},
	}}
	pairs := [][]driver.Value{row("a", "1"), row("b", nil), row("c", "3")}
	people := [][]driver.Value{
		row("Ada", nil, nil, nil, 0), row(nil, "1", nil, nil, 1), row(nil, nil, nil, "x", 3),
		row("Bob", nil, nil, nil, 0), row(nil, "2", nil, nil, 1), row(nil, nil, "a", nil, 2),
		row("Cy", nil, nil, nil, 0), row(nil, nil, nil, "y", 3),
	}
	joins := [][]driver.Value{row("a", "1", 1, "k"), row("a", "2", 1, "k"), row("b", nil, 0, "l"), row("c", "3", 1, "m"), row("c", "4", 1, "m")}
	tests := []struct {
		name    string
		encoder func() *Encoder
		page    Page
		rows    [][]driver.Value
		want    string
		end     End
	}{
		{"all", flat, Page{}, pairs, `[{"c:0":"a"},{"c:0":"b"},{"c:0":"c"}]`, End{}},
		{"as many as there are", flat, Page{Rows: 3, Mark: 3, Marks: []Mark{{1, "VARCHAR"}}}, pairs, `[{"c:0":"a"},{"c:0":"b"},{"c:0":"c"}]`, End{Marks: []*string{new("3")}}},
		{"fewer", flat, Page{Rows: 2, Mark: 2, Marks: []Mark{{1, "VARCHAR"}, {0, "VARCHAR"}}}, pairs, `[{"c:0":"a"},{"c:0":"b"}]`, End{HasMore: true, Marks: []*string{nil, new("b")}}},
		{"room for more", flat, Page{Rows: 4, Mark: 4, Marks: []Mark{{1, "VARCHAR"}}}, pairs, `[{"c:0":"a"},{"c:0":"b"},{"c:0":"c"}]`, End{}},
		{
			"nested", nestedOf(&orders),
			Page{Rows: 2, Mark: 2, Marks: []Mark{{0, "VARCHAR"}}},
			people,
			`[{"name":"Ada","orders":[{"id":"1","items":[]}],"tags":[{"tag":"x"}]},{"name":"Bob","orders":[{"id":"2","items":[{"title":"a"}]}],"tags":[]}]`,
			End{HasMore: true, Marks: []*string{new("Bob")}},
		},
		{
			"joined", nestedOf(&joined),
			Page{Rows: 2, Mark: 1, Marks: []Mark{{3, "VARCHAR"}}},
			joins,
			`[{"a":"a","b":[{"c":"1"},{"c":"2"}]},{"a":"b","b":[]}]`,
			End{HasMore: true, Marks: []*string{new("k")}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, end := pageOf(t, tt.encoder, tt.page, textColumns(5), tt.rows)
			if got != tt.want || !end.Equal(tt.end) {
				t.Errorf("page = %s %v; want %s %v", got, end, tt.want, tt.end)
			}
		})
	}
}

// What is remembered is printed as JSON prints it, without quotes, however the
// columns of the output are written.
func TestPageMarks(t *testing.T) {
	columns := []Column{
		{Name: "n", Type: "BIGINT"},
		{Name: "d", Type: "DECIMAL", Scale: 2},
		{Name: "t", Type: "TIMESTAMP"},
		{Name: "b", Type: "BLOB"},
		{Name: "s", Type: "VARCHAR"},
		{Name: "f", Type: "DOUBLE"},
	}
	newEncoder := func() *Encoder {
		return New(columns, nil, 0, Format{Media: CSV}, Options{BigintAsString: true, DecimalAsString: true})
	}
	p := Page{Mark: 1}
	for i, c := range columns {
		p.Marks = append(p.Marks, Mark{i, c.Type})
	}
	_, end := pageOf(t, newEncoder, p, columns, [][]driver.Value{{int64(-9), []byte("1.50"), []byte("2024-02-29 23:59:59"), []byte{0, 255}, []byte("\"é\"\n"), 0.1}})
	var got []string
	for _, value := range end.Marks {
		got = append(got, *value)
	}
	if want := []string{"-9", "1.50", "2024-02-29T23:59:59Z", "AP8=", "\"é\"\n", "0.1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("marks = %q; want %q", got, want)
	}
}
