package plan

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"readapi/internal/exec"
	"readapi/internal/postgrest"

	"readapi/internal/catalog"
	"readapi/internal/encode"
)

// primary makes a column one of the primary key.
func primary(c catalog.Column) catalog.Column {
	c.IsPrimary = true
	return c
}

// relatedTables are tables of which some are related in several ways.
var relatedTables = map[string]*catalog.Table{
	"people": {Name: "people", Columns: []catalog.Column{
		primary(typedColumn("id", "BIGINT", 0)), typedColumn("name", "VARCHAR", 0), typedColumn("boss_id", "BIGINT", 0), typedColumn("order", "INT", 0),
	}},
	"orders": {Name: "orders", Columns: []catalog.Column{
		primary(typedColumn("id", "BIGINT", 0)), typedColumn("buyer_id", "BIGINT", 0), typedColumn("payer_id", "BIGINT", 0),
		typedColumn("total", "DECIMAL", 2), typedColumn("status", "VARCHAR", 0), typedColumn("at", "DATETIME", 0), typedColumn("bit", "BIT", 0),
	}},
	"lines": {Name: "lines", Columns: []catalog.Column{
		primary(typedColumn("order_id", "BIGINT", 0)), primary(typedColumn("shop", "INT", 0)), primary(typedColumn("no", "INT", 0)), typedColumn("qty", "INT", 0),
	}},
	"items": {Name: "items", Columns: []catalog.Column{
		primary(typedColumn("shop", "INT", 0)), primary(typedColumn("no", "INT", 0)), typedColumn("title", "VARCHAR", 0), typedColumn("weight", "FLOAT", 0),
	}},
	"profiles": {Name: "profiles", Columns: []catalog.Column{
		primary(typedColumn("id", "INT", 0)), typedColumn("person_id", "BIGINT", 0), typedColumn("note", "LONGTEXT", 0), typedColumn("json", "JSON", 0),
	}},
	"follows": {Name: "follows", Columns: []catalog.Column{
		primary(typedColumn("follower", "BIGINT", 0)), primary(typedColumn("followed", "BIGINT", 0)),
	}},
	"odd`table?": {Name: "odd`table?", Columns: []catalog.Column{
		typedColumn("back`tick", "BIGINT", 0), typedColumn("what?", "INT", 0), typedColumn("a.b", "TIME", 1),
	}},
}

// relatedKeys are how they are related.
var relatedKeys = catalog.NewKeys(
	map[string][][]string{
		"people": {{"id"}}, "orders": {{"id"}}, "lines": {{"order_id", "shop", "no"}}, "items": {{"shop", "no"}},
		"profiles": {{"id"}, {"person_id"}}, "follows": {{"follower", "followed"}},
	},
	catalog.ForeignKey{Name: "boss", Table: "people", Columns: []string{"boss_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "buyer", Table: "orders", Columns: []string{"buyer_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "payer", Table: "orders", Columns: []string{"payer_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "line_order", Table: "lines", Columns: []string{"order_id"}, Referenced: "orders", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "line_item", Table: "lines", Columns: []string{"shop", "no"}, Referenced: "items", ReferencedColumns: []string{"shop", "no"}},
	catalog.ForeignKey{Name: "profile", Table: "profiles", Columns: []string{"person_id"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "from", Table: "follows", Columns: []string{"follower"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "to", Table: "follows", Columns: []string{"followed"}, Referenced: "people", ReferencedColumns: []string{"id"}},
	catalog.ForeignKey{Name: "odd.key", Table: "odd`table?", Columns: []string{"back`tick"}, Referenced: "people", ReferencedColumns: []string{"id"}},
)

// knownRelated is what is known for reads of one of relatedTables.
func knownRelated(table string) Known {
	return Known{
		Table: relatedTables[table],
		Related: func(name string) (*catalog.Table, error) {
			if relatedTables[name] == nil {
				return nil, fmt.Errorf("no table %q", name)
			}
			return relatedTables[name], nil
		},
		Keys: func() (*catalog.Keys, error) { return relatedKeys, nil },
	}
}

func TestDump(t *testing.T) {
	for _, q := range [][2]string{
		{"orders", "select=id,buyer(name)"},
		{"orders", "select=id,...buyer(buyer:name)&buyer.name=eq.x"},
		{"orders", "select=id,buyer!inner(name)&limit=5"},
		{"orders", "select=id,buyer(name,boss_id(name))"},
		{"people", "select=id,profiles(note)"},
		{"people", "select=id,buyer(id,total)"},
		{"people", "select=id,name,buyer(id,total)&id=eq.5&buyer.status=eq.x"},
		{"people", "select=id,buyer(id)&buyer.order=at.desc&buyer.limit=3&buyer.offset=1&limit=10&order=name"},
		{"people", "select=id,buyer(id,lines(qty)),\"odd.key\"(\"what?\")"},
		{"people", "select=id,\"odd`table?\"(\"what?\")"},
		{"people", "select=name,...buyer(id,lines(qty))"},
		{"orders", "select=id,items(title)&limit=2"},
		{"people", "select=id,people(name)"},
		{"people", "select=id,people!to(name)"},
		{"people", "select=id,buyer()&buyer=is.null"},
		{"people", "select=id,buyer()&buyer=not.is.null&buyer.total=gt.5"},
		{"people", "select=id,buyer!inner(id),payer!inner()&payer.offset=1"},
		{"orders", "select=status,total.sum(),n:count()&order=status.desc"},
		{"orders", "select=count"},
		{"orders", "select=buyer(name),total.avg()"},
		{"people", "select=id,buyer(count())&limit=2"},
		{"people", "select=id,buyer(status,total.max())&buyer.status=neq.x&limit=2"},
		{"orders", "select=id,...buyer(name)&order=buyer(name).desc&limit=2"},
		{"odd`table?", "select=\"what?\",people(buyer(id))&limit=2"},
	} {
		k := knownRelated(q[0])
		st, err := k.Select(parseAsked(t, q[1]), encode.Format{})
		if err != nil {
			fmt.Println(q[0], q[1], "\n  ", err)
			continue
		}
		fmt.Println(q[0], q[1], "\n  ", st.Text, st.Args)
		st, err = k.Count(parseAsked(t, q[1]))
		fmt.Println("  COUNT:", st.Text, st.Args, err)
	}
}

// relatedWords are the words that may stand in the text of such a query beside
// sqlWords.
var relatedWords = strings.Fields("WITH UNION ALL EXISTS JOIN LEFT ON GROUP ROW_NUMBER OVER PARTITION SUM AVG MIN MAX")

// generatedName is a name that a statement makes: of tables, branches, columns
// and what rows are sorted by.
var generatedName = regexp.MustCompile("^`(?:[tbj][0-9]+|[cnsop]:[0-9]+|k:[0-9]+:[0-9]+|[bpq])`$")

// relatedToken is what may stand there beside what sqlToken knows: a point
// between names, and the numbers of branches.
var relatedToken = regexp.MustCompile(`^(?:\.|\+|[0-9]{1,2}\b)`)

// checkRelatedSQL is checkSQL for statements with several tables.
func checkRelatedSQL(t testing.TB, st *exec.Statement) {
	t.Helper()
	placeholders, depth := 0, 0
	for rest := st.Text; rest != ""; {
		token := cmp.Or(sqlToken.FindString(rest), relatedToken.FindString(rest))
		rest = rest[len(token):]
		switch {
		case token == "":
			t.Fatalf("the query %s has %.20q in it; want no such thing", st.Text, rest)
		case token[0] == '`':
			if !generatedName.MatchString(token) && !isRelatedName(strings.ReplaceAll(token[1:len(token)-1], "``", "`")) {
				t.Fatalf("the query %s has the name %s; want only those of the tables", st.Text, token)
			}
		case token == "?":
			placeholders++
		case token == "(":
			depth++
		case token == ")":
			depth--
		case unicode.IsLetter(rune(token[0])) && !strings.Contains(token, " "):
			if !slices.Contains(sqlWords, token) && !slices.Contains(relatedWords, token) {
				t.Fatalf("the query %s has the word %s; want only those of this program", st.Text, token)
			}
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 || placeholders != len(st.Args) {
		t.Fatalf("the query %s has %d placeholders for %d arguments, %d parentheses open", st.Text, placeholders, len(st.Args), depth)
	}
}

// isRelatedName reports whether name is that of a table of relatedTables, or of a
// column of one.
func isRelatedName(name string) bool {
	for _, table := range relatedTables {
		if table.Name == name || slices.ContainsFunc(table.Columns, func(c catalog.Column) bool { return c.Name == name }) {
			return true
		}
	}
	return false
}

// FuzzRelated is FuzzQuery for reads of several tables.
func FuzzRelated(f *testing.F) {
	for _, seed := range []string{
		"select=id,buyer(name,boss_id(name))&buyer.name=not.like.a*b&order=buyer(name).desc&limit=5&offset=10",
		"select=*,o:buyer(*,lines(qty,items(title)))&o.status=eq.x&o.order=at.desc&o.limit=3&o.offset=1&o.lines.qty=gt.1",
		"select=name,...buyer(ids:id,...lines(qty)),...profiles(note)&buyer.or=(id.eq.1,not.and(total.gt.2.505,at.is.null))",
		"select=id,payer!inner(),people!to()&or=(payer.is.null,people.not.is.null,name.eq.a)&people.limit=0",
		"select=status,total.sum(),total.avg(),n:count(),buyer(name),at.max(),bit.min()::text&order=status",
		"select=id,buyer(status,count(),total.max())&buyer.status=neq.x&buyer.order=status", "select=count", "select=id,lines(count())",
		"select=shop,orders(id),lines(line_order(buyer(\"order\",profiles(json,note))))&title=ilike.a_", "select=people(people(people(people(people(id)))))",
		"select=\"what?\",people(buyer(id)),\"odd.key\"(*)&limit=2&\"a.b\"=gt.-12:00:00.57&\"back%60tick\"=in.(1,2)", "select=id,\"odd`table?\"(\"what?\",\"a.b\")",
		"select=nodes!`(id)&people.x=eq.1&select=a(b", "select=id,from!inner!to(x:follower)", "select=id,people(id)", "select=secrets(*)",
	} {
		for i := range relatedOrder {
			f.Add(uint8(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, table uint8, rawQuery string) {
		k := knownRelated(relatedOrder[int(table)%len(relatedOrder)])
		q, bad := postgrest.Parse(rawQuery)
		if bad != nil {
			return // FuzzQuery looks at these
		}
		st, bad := k.Select(q, encode.Format{})
		if bad != nil {
			refused, ok := bad.(*postgrest.Refusal)
			if !ok || !slices.Contains(relatedCodes, refused.Code) || !utf8.ValidString(refused.Where()) {
				t.Errorf("%q of %s = %+v; want one of the refusals", rawQuery, k.Table.Name, bad)
			}
			return
		}
		checkRelatedSQL(t, st)
		checkShape(t, st)
		count, bad := k.Count(q)
		if bad != nil {
			t.Fatalf("Count(%q) = %v; Select has no error", rawQuery, bad)
		}
		checkRelatedSQL(t, count)
		again := respell(rawQuery)
		if len(again) > (16 << 10) {
			return
		}
		other, err := k.Select(parseAsked(t, again), encode.Format{})
		if err != nil || other.Key() != st.Key() {
			t.Errorf("%q = %q; %q = %v, %v: want the same", rawQuery, st.Key(), again, other, err)
		}
	})
}

// relatedOrder are the tables that FuzzRelated reads.
var relatedOrder = []string{"people", "orders", "lines", "items", "profiles", "follows", "odd`table?"}

// relatedCodes are those of refusals of reads of several tables.
var relatedCodes = []string{
	postgrest.CodeSyntax, postgrest.CodeNoColumn, postgrest.CodeBadValue, postgrest.CodeNotEmbedded, postgrest.CodeToManyOrder,
	postgrest.CodeEmbedFilter, postgrest.CodeUnsupported, postgrest.CodeNoRelation, postgrest.CodeSeveral, postgrest.CodeBadPattern,
}

// checkShape checks that a shape, if there is one, names columns of the result
// that are not hidden, each value once, and branches behind their parents.
func checkShape(t testing.TB, st *exec.Statement) {
	t.Helper()
	if st.Shape == nil {
		return
	}
	seen := map[int]bool{}
	var check func(members []encode.Member)
	check = func(members []encode.Member) {
		names := map[string]bool{}
		for _, m := range members {
			if m.Kind == encode.ValueMember && seen[m.Column] || names[m.Name] && m.Name != "" {
				t.Fatalf("the shape of %s has %+v twice", st.Text, m)
			}
			seen[m.Column], names[m.Name] = true, true
			check(m.Members)
		}
	}
	for i, b := range st.Shape.Branches {
		if b.Parent >= i || i > 0 && b.Parent < 0 {
			t.Fatalf("the shape of %s has the parent %d for branch %d", st.Text, b.Parent, i)
		}
		check(b.Members)
	}
}
