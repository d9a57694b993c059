package encode

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"readapi/internal/fakedb"
)

// encodeNested encodes rows of a shape.
func encodeNested(columns []Column, shape *Shape, f Format, rows ...[]driver.Value) (string, error) {
	e := NewNested(columns, shape, f, Options{})
	var out []byte
	for _, row := range rows {
		var err error
		if out, err = e.AppendValues(out, row); err != nil {
			return string(out), err
		}
	}
	return string(e.AppendEnd(out)), nil
}

// encodeNestedTexts is encodeNested for rows as the server sends them.
func encodeNestedTexts(columns []Column, shape *Shape, f Format, rows ...[]driver.Value) (string, error) {
	e := NewNested(columns, shape, f, Options{})
	var out []byte
	for _, row := range rows {
		var err error
		if out, err = e.AppendTexts(out, sentTexts(row)); err != nil {
			return string(out), err
		}
	}
	return string(e.AppendEnd(out)), nil
}

// sentTexts are the values of a row as the server sends them.
func sentTexts(row []driver.Value) [][]byte {
	texts := make([][]byte, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
		case []byte:
			texts[i] = v
		default:
			texts[i] = fmt.Append(nil, v)
		}
	}
	return texts
}

// textColumns are n columns of a result.
func textColumns(n int) []Column {
	columns := make([]Column, n)
	for i := range columns {
		columns[i] = Column{Name: fmt.Sprint("c:", i), Type: "VARCHAR"}
	}
	return columns
}

// value and rows make members.
func value(name string, column int) Member {
	return Member{Field: Field{Name: name, Type: "VARCHAR"}, Column: column}
}

func rows(name string, branch int) Member {
	return Member{Field: Field{Name: name}, Kind: RowsMember, Column: NoColumn, Branch: branch}
}

// row makes a row of texts and numbers.
func row(values ...any) []driver.Value {
	out := make([]driver.Value, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case string:
			out[i] = []byte(v)
		case int:
			out[i] = int64(v)
		}
	}
	return out
}

// orders are people with orders, orders with items, and people with tags: columns
// name, order, item, tag, branch.
var orders = Shape{Column: 4, Branches: []Branch{
	{Parent: -1, Members: []Member{value("name", 0), rows("orders", 1), rows("tags", 3)}},
	{Parent: 0, Members: []Member{value("id", 1), rows("items", 2)}},
	{Parent: 1, Members: []Member{value("title", 2)}},
	{Parent: 0, Members: []Member{value("tag", 3)}},
}}

func TestEncodeNested(t *testing.T) {
	all := [][]driver.Value{
		row("Ada", nil, nil, nil, 0), row(nil, "1", nil, nil, 1), row(nil, nil, "a", nil, 2), row(nil, nil, nil, nil, 2), row(nil, "2", nil, nil, 1), row(nil, nil, nil, "x", 3),
		row(nil, nil, nil, nil, 0), row(nil, nil, nil, "y", 3), row(nil, nil, nil, "z", 3), row("Bob", nil, nil, nil, 0),
	}
	const (
		ada = `"name":"Ada","orders":[{"id":"1","items":[{"title":"a"},{"title":null}]},{"id":"2","items":[]}],"tags":[{"tag":"x"}]`
		nul = `"name":null,"orders":[],"tags":[{"tag":"y"},{"tag":"z"}]`
		bob = `"name":"Bob","orders":[],"tags":[]`
	)
	tests := []struct {
		name   string
		format Format
		rows   [][]driver.Value
		want   string
	}{
		{"no row", Format{}, nil, "[]\n"},
		{"array", Format{}, all, "[{" + ada + "},\n{" + nul + "},\n{" + bob + "}]\n"},
		{"NDJSON", Format{Media: NDJSON}, all, "{" + ada + "}\n{" + nul + "}\n{" + bob + "}\n"},
		{"object", Format{Media: Object}, all[:6], "{" + ada + "}\n"},
		{
			"without nulls",
			Format{StripNulls: true},
			all[:8],
			"[{" + strings.Replace(ada, `{"title":null}`, "{}", 1) + "},\n{" + `"orders":[],"tags":[{"tag":"y"}]` + "}]\n",
		},
		{
			"CSV",
			Format{Media: CSV},
			all,
			"name,orders,tags\r\nAda,\"[{\"\"id\"\":\"\"1\"\",\"\"items\"\":[{\"\"title\"\":\"\"a\"\"},{\"\"title\"\":null}]},{\"\"id\"\":\"\"2\"\",\"\"items\"\":[]}]\"," +
				"\"[{\"\"tag\"\":\"\"x\"\"}]\"\r\n,[],\"[{\"\"tag\"\":\"\"y\"\"},{\"\"tag\"\":\"\"z\"\"}]\"\r\nBob,[],[]\r\n",
		},
		{"CSV without rows", Format{Media: CSV}, nil, "name,orders,tags\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := encodeNested(textColumns(5), &orders, tt.format, tt.rows...)
			if err != nil || got != tt.want {
				t.Errorf("encode = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// Rows in an order that is not that of the shape are an error.
func TestEncodeNestedOrder(t *testing.T) {
	person, order, item, tag := row("Ada", nil, nil, nil, 0), row(nil, "1", nil, nil, 1), row(nil, nil, "a", nil, 2), row(nil, nil, nil, "x", 3)
	single := Shape{Column: 1, Branches: []Branch{
		{Parent: -1, Members: []Member{rows("sum", 1)}}, {Parent: 0, Single: true, Members: []Member{value("sum", 0)}},
	}}
	tests := []struct {
		name  string
		shape *Shape
		rows  [][]driver.Value
	}{
		{"nothing to belong to", &orders, [][]driver.Value{order}},
		{"no order for an item", &orders, [][]driver.Value{person, item}},
		{"no order of this person for an item", &orders, [][]driver.Value{person, order, person, item}},
		{"orders behind tags", &orders, [][]driver.Value{person, tag, order}},
		{"an item behind tags", &orders, [][]driver.Value{person, order, tag, item}},
		{"no branch", &orders, [][]driver.Value{row("Ada", nil, nil, nil, 4)}},
		{"a branch below none", &orders, [][]driver.Value{row("Ada", nil, nil, nil, -1)}},
		{"a branch without number", &orders, [][]driver.Value{row("Ada", nil, nil, nil, nil)}},
		{"a branch that is a text", &orders, [][]driver.Value{row("Ada", nil, nil, nil, "x")}},
		{"two of one", &single, [][]driver.Value{row(nil, 0), row("1", 1), row("2", 1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns := textColumns(len(tt.rows[0]))
			if out, err := encodeNested(columns, tt.shape, Format{}, tt.rows...); !errors.Is(err, errOrder) {
				t.Errorf("encode = %s, %v; want %v", out, err, errOrder)
			}
		})
	}
}

// Each row of a join has the one that it belongs to in front, which is written
// once.
func TestEncodeJoined(t *testing.T) {
	shape := Shape{Column: 2, Keys: []int{3, 4}, Branches: []Branch{
		{Parent: -1, Members: []Member{value("a", 0), rows("b", 1)}}, {Parent: 0, Members: []Member{value("c", 1)}},
	}}
	tests := []struct {
		name string
		rows [][]driver.Value
		want string
	}{
		{"one with two", [][]driver.Value{row("x", "1", 1, 7, "k"), row("x", "2", 1, 7, "k")}, `[{"a":"x","b":[{"c":"1"},{"c":"2"}]}]`},
		{"two alike with one", [][]driver.Value{row("x", "1", 1, 7, "k"), row("x", "2", 1, 8, "k")}, `[{"a":"x","b":[{"c":"1"}]},{"a":"x","b":[{"c":"2"}]}]`},
		{"none", [][]driver.Value{row("x", nil, 0, 7, "k"), row("y", nil, nil, 8, "k")}, `[{"a":"x","b":[]},{"a":"y","b":[]}]`},
		{"a row without values", [][]driver.Value{row("x", nil, 1, 7, "k")}, `[{"a":"x","b":[{"c":null}]}]`},
		{"keys with NUL", [][]driver.Value{row("x", "1", 1, "a\x00", "b"), row("y", "2", 1, "a", "\x00b")}, `[{"a":"x","b":[{"c":"1"}]},{"a":"y","b":[{"c":"2"}]}]`},
		{"keys with lengths", [][]driver.Value{row("x", "1", 1, "", "t\x01b"), row("y", "2", 1, "t", "b")}, `[{"a":"x","b":[{"c":"1"}]},{"a":"y","b":[{"c":"2"}]}]`},
		{"NULL is no text", [][]driver.Value{row("x", "1", 1, nil, "b"), row("y", "2", 1, "<nil>", "b"), row("z", "3", 1, "", "b")}, `[{"a":"x","b":[{"c":"1"}]},{"a":"y","b":[{"c":"2"}]},{"a":"z","b":[{"c":"3"}]}]`},
		{"the first has an empty key", [][]driver.Value{row("x", nil, 0, nil, nil)}, `[{"a":"x","b":[]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := encodeNested(textColumns(5), &shape, Format{}, tt.rows...)
			if err != nil || strings.ReplaceAll(strings.TrimSpace(got), "\n", "") != tt.want {
				t.Errorf("encode = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// Leaves are in memory until their row ends, and so bounded; an array of objects
// is not, and has no bound.
func TestEncodeNestedTooLarge(t *testing.T) {
	large := strings.Repeat("x", MaxRowBytes/3)
	for _, tt := range []struct {
		name   string
		format Format
		lifted bool
		rows   int
		want   error
	}{
		{"an array of objects", Format{}, false, 7, nil},
		{"leaves", Format{}, true, 2, nil},
		{"too many leaves", Format{}, true, 4, ErrRowTooLarge},
		{"a field of CSV", Format{Media: CSV}, false, 4, ErrRowTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := NewNested(textColumns(2), &Shape{Column: 1, Branches: []Branch{
				{Parent: -1, Members: []Member{rows("b", 1)}}, {Parent: 0, Lifted: tt.lifted, Members: []Member{value("c", 0)}},
			}}, tt.format, Options{})
			out, err := e.AppendValues(nil, row(nil, 0))
			for i := 0; i < tt.rows && err == nil; i++ {
				out, err = e.AppendValues(out[:0], row(large, 1))
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("AppendValues = %v; want %v", err, tt.want)
			}
		})
	}
}

// randomNested is a random shape with random rows.
type randomNested struct {
	*rand.Rand
	shape   Shape
	columns []Column
}

// nestedRow is a row with those that belong to it, by branch.
type nestedRow struct {
	values   []driver.Value
	children map[int][]*nestedRow
}

// maxTestDepth is that of related tables.
const maxTestDepth = 5

func newRandomNested(seed uint64) *randomNested {
	r := &randomNested{Rand: rand.New(rand.NewPCG(seed, 2))}
	r.addBranch(-1, 0)
	r.shape.Column = r.addColumn("BIGINT")
	return r
}

func (r *randomNested) addColumn(typeName string) int {
	r.columns = append(r.columns, Column{Name: fmt.Sprint(len(r.columns)), Type: typeName})
	return len(r.columns) - 1
}

func (r *randomNested) addBranch(parent, depth int) int {
	number := len(r.shape.Branches)
	b := Branch{Parent: parent, Lifted: parent >= 0 && r.IntN(3) == 0}
	b.Single = parent >= 0 && !b.Lifted && r.IntN(5) == 0
	r.shape.Branches = append(r.shape.Branches, b)
	members := r.addMembers(number, depth, 3)
	r.shape.Branches[number].Members = members
	return number
}

// addMembers makes up to most members, and one at least.
func (r *randomNested) addMembers(branch, depth, most int) []Member {
	var members []Member
	for range 1 + r.IntN(most) {
		m := Member{Field: Field{Name: fmt.Sprintf("m\"%d", len(r.columns)*100+len(r.shape.Branches))}, Column: NoColumn}
		switch kind := r.IntN(10); {
		case kind < 4 && depth < maxTestDepth && len(r.shape.Branches) < 12:
			if r.IntN(3) == 0 {
				m.Column = r.addColumn("BIGINT")
			}
			m.Kind, m.Branch = RowsMember, r.addBranch(branch, depth+1)
		case kind < 6 && most > 1:
			m.Kind, m.Column = ObjectMember, r.addColumn("BIGINT")
			m.Members = r.addMembers(branch, depth, most-1)
		default:
			m.Type = []string{"VARCHAR", "BIGINT"}[r.IntN(2)]
			m.Column = r.addColumn(m.Type)
		}
		members = append(members, m)
	}
	return members
}

// row makes a row of a branch, with those that belong to it.
func (r *randomNested) row(branch int) *nestedRow {
	row := &nestedRow{values: make([]driver.Value, len(r.columns)), children: map[int][]*nestedRow{}}
	row.values[r.shape.Column] = int64(branch)
	r.fill(row, r.shape.Branches[branch].Members)
	return row
}

func (r *randomNested) fill(row *nestedRow, members []Member) {
	for _, m := range members {
		switch {
		case m.Kind == ValueMember && r.IntN(4) > 0:
			row.values[m.Column] = int64(r.IntN(100))
			if m.Type == "VARCHAR" {
				row.values[m.Column] = []byte([]string{"", "null", "a,\"b\"", "é\n", "\\"}[r.IntN(5)])
			}
		case m.Kind != ValueMember && m.Column != NoColumn:
			row.values[m.Column] = []driver.Value{nil, int64(0), int64(1), int64(1), []byte("1")}[r.IntN(5)]
		}
		switch {
		case !isMemberThere(m, row):
		case m.Kind == ObjectMember:
			r.fill(row, m.Members)
		case m.Kind == RowsMember:
			most := 4
			if r.shape.Branches[m.Branch].Single {
				most = 2
			}
			for range r.IntN(most) {
				row.children[m.Branch] = append(row.children[m.Branch], r.row(m.Branch))
			}
		}
	}
}

func isMemberThere(m Member, row *nestedRow) bool {
	return m.Kind == ValueMember || m.Column == NoColumn || isTrue(row.values[m.Column])
}

// flat appends the rows of the database.
func (r *randomNested) flat(to [][]driver.Value, row *nestedRow) [][]driver.Value {
	to = append(to, row.values)
	for branch := range r.shape.Branches { // a branch has a higher number than those before it
		for _, child := range row.children[branch] {
			to = r.flat(to, child)
		}
	}
	return to
}

// object is a JSON object whose members have an order.
type object []objectMember

type objectMember struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	for i, m := range o {
		name, _ := json.Marshal(m.name)
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%c%s:%s", "{,"[min(i, 1)], name, value)
	}
	if len(o) == 0 {
		out.WriteByte('{')
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// members are what an object has, as the shape says it.
func (r *randomNested) members(members []Member, row *nestedRow, strip bool) object {
	o := object{}
	for _, l := range r.leaves(members, row, strip) {
		if l.value != nil || !strip {
			o = append(o, l)
		}
	}
	return o
}

// late is a null that is written where rows might have come: it is never stripped.
type late struct{}

// MarshalJSON implements json.Marshaler.
func (late) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// leaves are the members of a row one by one: those of a lifted branch are members
// of their own, each an array.
func (r *randomNested) leaves(members []Member, row *nestedRow, strip bool) (all []objectMember) {
	for _, m := range members {
		if m.Kind == RowsMember && r.shape.Branches[m.Branch].Lifted {
			all = append(all, r.lifted(m, row, strip)...)
			continue
		}
		all = append(all, objectMember{m.Name, r.value(m, row, strip)})
	}
	return all
}

func (r *randomNested) lifted(m Member, row *nestedRow, strip bool) (all []objectMember) {
	inner := r.shape.Branches[m.Branch].Members
	nothing := &nestedRow{values: make([]driver.Value, len(r.columns))}
	for i, l := range r.leaves(inner, nothing, strip) {
		if !isMemberThere(m, row) {
			all = append(all, objectMember{l.name, nil})
			continue
		}
		values := []any{}
		for _, child := range row.children[m.Branch] {
			values = append(values, r.leaves(inner, child, strip)[i].value)
		}
		all = append(all, objectMember{l.name, values})
	}
	return all
}

func (r *randomNested) value(m Member, row *nestedRow, strip bool) any {
	switch {
	case !isMemberThere(m, row):
		return nil
	case m.Kind == ObjectMember:
		return r.members(m.Members, row, strip)
	case m.Kind == RowsMember:
		all := []any{}
		for _, child := range row.children[m.Branch] {
			all = append(all, r.members(r.shape.Branches[m.Branch].Members, child, strip))
		}
		if !r.shape.Branches[m.Branch].Single {
			return all
		}
		return append(all, late{})[0]
	}
	if text, isText := row.values[m.Column].([]byte); isText {
		return string(text)
	}
	return row.values[m.Column]
}

// csv is a row of the result as fields.
func (r *randomNested) csv(row *nestedRow) string {
	own := map[string]Member{}
	for _, m := range r.shape.Branches[0].Members {
		own[m.Name] = m
	}
	var line []byte
	for i, l := range r.leaves(r.shape.Branches[0].Members, row, false) {
		if i > 0 {
			line = append(line, ',')
		}
		text, isText := l.value.(string)
		switch {
		case l.value == nil, l.value == late{}:
		case isText && own[l.name].Kind == ValueMember:
			line = appendCSVField(line, []byte(text))
		default:
			line = appendCSVField(line, []byte(marshal(l.value)))
		}
	}
	return string(line) + "\r\n"
}

func marshal(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// The law of nesting: whatever the shape and the rows, what is written is what
// encoding/json makes of the same values.
func TestEncodeNestedAgreesWithJSON(t *testing.T) {
	for seed := range uint64(1000) {
		r := newRandomNested(seed)
		var roots []*nestedRow
		var flat [][]driver.Value
		for range r.IntN(4) {
			root := r.row(0)
			roots, flat = append(roots, root), r.flat(flat, root)
		}
		for _, f := range []Format{{}, {StripNulls: true}, {Media: NDJSON}, {Media: CSV}} {
			want := r.want(roots, f)
			for _, encode := range []func([]Column, *Shape, Format, ...[]driver.Value) (string, error){encodeNested, encodeNestedTexts} {
				if got, err := encode(r.columns, &r.shape, f, flat...); err != nil || got != want {
					t.Fatalf("seed %d, %+v: encode(%v) of %+v = %s, %v; want %s", seed, f, flat, r.shape, got, err, want)
				}
			}
		}
	}
}

// want is what a result has to be.
func (r *randomNested) want(roots []*nestedRow, f Format) string {
	var lines []string
	for _, root := range roots {
		if f.Media == CSV {
			lines = append(lines, r.csv(root))
			continue
		}
		lines = append(lines, marshal(r.members(r.shape.Branches[0].Members, root, f.StripNulls)))
	}
	switch f.Media {
	case CSV:
		var header []byte
		for i, l := range r.leaves(r.shape.Branches[0].Members, &nestedRow{values: make([]driver.Value, len(r.columns))}, false) {
			if i > 0 {
				header = append(header, ',')
			}
			header = appendCSVField(header, []byte(l.name))
		}
		return string(header) + "\r\n" + strings.Join(lines, "")
	case NDJSON:
		return strings.Join(append(lines, ""), "\n")
	default:
		return "[" + strings.Join(lines, ",\n") + "]\n"
	}
}

// benchShape is rows with an array each: objects, or an array per member.
func benchShape(lifted, joined bool) *Shape {
	names := benchRow.Names
	s := &Shape{Column: len(names), Branches: []Branch{
		{Parent: -1, Members: []Member{{Field: Field{Name: names[0]}}, {Field: Field{Name: "rows"}, Kind: RowsMember, Column: NoColumn, Branch: 1}}},
		{Parent: 0, Lifted: lifted},
	}}
	for i, name := range names[1:] {
		s.Branches[1].Members = append(s.Branches[1].Members, Member{Field: Field{Name: name}, Column: i + 1})
	}
	if joined {
		s.Keys = []int{len(names) + 1, 1}
	}
	return s
}

// benchNested are the rows of benchShape: a hundred in each array.
func benchNested() *fakedb.Rows {
	f := *benchRow
	f.Names = append(append([]string{}, f.Names...), "branch", "key")
	f.Types = append(append([]string{}, f.Types...), "BIGINT", "BIGINT")
	first := f.Values[0]
	f.Values = [][]driver.Value{append(append([]driver.Value{}, first...), int64(0), int64(1))}
	for range 100 {
		f.Values = append(f.Values, append(append([]driver.Value{}, first...), int64(1), int64(1)))
	}
	return &f
}

func TestEncodeNestedDoesNotAllocate(t *testing.T) {
	for _, tt := range []struct {
		name           string
		lifted, joined bool
		format         Format
		want           float64
	}{
		{"objects", false, false, Format{}, 0},
		{"an array per member", true, false, Format{}, 0},
		{"joined", false, true, Format{}, 0},
		{"CSV", false, false, Format{Media: CSV}, 1}, // of the number of the first row
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := benchNested().Query(t)
			types, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			e := NewNested(columnsOf(types), benchShape(tt.lifted, tt.joined), tt.format, Options{})
			out := make([]byte, 0, 1<<20)
			some := func() {
				for range 101 {
					rows.Next()
					if out, err = e.AppendRow(out[:0], rows); err != nil {
						t.Fatal(err)
					}
				}
			}
			some()
			texts := NewNested(columnsOf(types), benchShape(tt.lifted, tt.joined), tt.format, Options{})
			sent := make([][][]byte, 101)
			for i, row := range benchNested().Values {
				sent[i] = sentTexts(row)
			}
			someTexts := func() {
				for _, row := range sent {
					if out, err = texts.AppendTexts(out[:0], row); err != nil {
						t.Fatal(err)
					}
				}
			}
			someTexts()
			if allocs := testing.AllocsPerRun(50, someTexts); allocs > 2*tt.want {
				t.Errorf("101 rows of texts make %v allocations; want %v", allocs, 2*tt.want)
			}
			if allocs := testing.AllocsPerRun(50, some); allocs > tt.want {
				t.Errorf("101 rows make %v allocations; want %v", allocs, tt.want)
			}
		})
	}
}

// BenchmarkEncodeNested is BenchmarkEncode for rows in arrays of a hundred.
func BenchmarkEncodeNested(b *testing.B) {
	for _, bb := range []struct {
		name           string
		lifted, joined bool
	}{{"objects", false, false}, {"lifted", true, false}, {"joined", false, true}} {
		b.Run(bb.name, func(b *testing.B) {
			source := benchNested()
			source.Count = math.MaxInt / len(source.Values)
			rows := source.Query(b)
			types, err := rows.ColumnTypes()
			if err != nil {
				b.Fatal(err)
			}
			e := NewNested(columnsOf(types), benchShape(bb.lifted, bb.joined), Format{}, Options{})
			var out []byte
			total := 0
			b.ReportAllocs()
			for b.Loop() {
				rows.Next()
				if out, err = e.AppendRow(out[:0], rows); err != nil {
					b.Fatal(err)
				}
				total += len(out)
			}
			b.SetBytes(int64(total / b.N))
		})
	}
}
