package catalog

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// words splits a text at blanks.
func words(text string) []string { return strings.Fields(text) }

// key makes a foreign key of "name: table a b -> table c d".
func key(text string) ForeignKey {
	name, rest, _ := strings.Cut(text, ": ")
	from, to, _ := strings.Cut(rest, " -> ")
	f, t := words(from), words(to)
	return ForeignKey{name, f[0], f[1:], t[0], t[1:]}
}

// shop is a schema with every kind of relation.
var shop = NewKeys(
	map[string][][]string{
		"people":   {{"id"}, {"email"}},
		"profiles": {{"id"}, {"Person_ID"}},
		"passes":   {{"person_id"}},
		"orders":   {{"id"}},
		"items":    {{"shop", "no"}},
		"lines":    {{"order_id", "item_shop", "item_no"}},
		"follows":  {{"follower", "followed"}},
		"nodes":    {{"id"}},
		"texts":    {{"id"}, {"person_id", ""}}, // of its beginning
		"likes":    {{"id"}},                    // no key has both
	},
	key("profile_person: profiles person_id -> people id"),
	key("pass_person: passes person_id -> people id"),
	key("buyer: orders buyer_id -> people id"),
	key("payer: orders payer_id -> people id"),
	key("line_order: lines order_id -> orders id"),
	key("line_item: lines item_shop item_no -> items shop no"),
	key("follow_a: follows follower -> people id"),
	key("follow_b: follows followed -> people id"),
	key("node_parent: nodes parent_id -> nodes id"),
	key("text_person: texts person_id -> people id"),
	key("like_person: likes person_id -> people id"),
	key("like_item: likes item_shop item_no -> items shop no"),
	key("part: likes item_shop -> items shop"), // what it refers to is not unique
)

func TestKeysFind(t *testing.T) {
	tests := []struct {
		name               string
		from, target, hint string
		want               []string // cardinalities and descriptions
	}{
		{"by table", "profiles", "people", "", []string{"one-to-one profile_person using profiles(person_id) and people(id)"}},
		{"the other side", "people", "profiles", "", []string{"one-to-one profile_person using people(id) and profiles(person_id)"}},
		{"a primary key that refers", "people", "passes", "", []string{"one-to-one pass_person using people(id) and passes(person_id)"}},
		{"the beginning of a column is no key", "people", "texts", "", []string{"one-to-many text_person using people(id) and texts(person_id)"}},
		{"by column", "orders", "buyer_id", "", []string{"many-to-one buyer using orders(buyer_id) and people(id)"}},
		{"by column in another case", "orders", "Buyer_ID", "", []string{"many-to-one buyer using orders(buyer_id) and people(id)"}},
		{"by constraint", "orders", "payer", "", []string{"many-to-one payer using orders(payer_id) and people(id)"}},
		{"by constraint from the other side", "people", "payer", "", []string{"one-to-many payer using people(id) and orders(payer_id)"}},
		{"a column of the other side is none", "people", "payer_id", "", nil},
		{"several", "orders", "people", "", []string{
			"many-to-one buyer using orders(buyer_id) and people(id)", "many-to-one payer using orders(payer_id) and people(id)",
		}},
		{"a constraint as hint", "orders", "people", "payer", []string{"many-to-one payer using orders(payer_id) and people(id)"}},
		{"a column as hint", "people", "orders", "BUYER_id", []string{"one-to-many buyer using people(id) and orders(buyer_id)"}},
		{"a hint that leads elsewhere", "people", "orders", "line_order", nil},
		{"a junction", "orders", "items", "", []string{"many-to-many lines using line_order(order_id) and line_item(item_shop, item_no)"}},
		{"a junction as hint", "items", "orders", "lines", []string{"many-to-many lines using line_item(item_shop, item_no) and line_order(order_id)"}},
		{"to the junction", "items", "lines", "", []string{"one-to-many line_item using items(shop, no) and lines(item_shop, item_no)"}},
		{"composite", "lines", "items", "", []string{"many-to-one line_item using lines(item_shop, item_no) and items(shop, no)"}},
		{"a column of a composite key is none", "lines", "item_shop", "", nil},
		{"no junction without a key of both", "people", "items", "", nil},
		{"a key of what is not unique is none", "likes", "items", "part", nil},
		{"a junction with itself", "people", "people", "", []string{
			"many-to-many follows using follow_a(follower) and follow_b(followed)", "many-to-many follows using follow_b(followed) and follow_a(follower)",
		}},
		{"whom a person follows", "people", "people", "followed", []string{"many-to-many follows using follow_a(follower) and follow_b(followed)"}},
		{"who follows a person", "people", "people", "follow_a", []string{"many-to-many follows using follow_b(followed) and follow_a(follower)"}},
		{"both constraints", "people", "people", "follow_a follow_b", []string{"many-to-many follows using follow_a(follower) and follow_b(followed)"}},
		{"children", "nodes", "nodes", "", []string{"one-to-many node_parent using nodes(id) and nodes(parent_id)"}},
		{"children by a hint", "nodes", "nodes", "parent_id", []string{"one-to-many node_parent using nodes(id) and nodes(parent_id)"}},
		{"the parent by column", "nodes", "parent_id", "", []string{"many-to-one node_parent using nodes(parent_id) and nodes(id)"}},
		{"the parent by constraint", "nodes", "node_parent", "", []string{"many-to-one node_parent using nodes(parent_id) and nodes(id)"}},
		{"names of tables mind case", "orders", "People", "payer", nil},
		{"nothing there", "orders", "secrets", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range shop.Find(tt.from, tt.target, tt.hint) {
				got = append(got, r.Cardinality()+" "+r.String())
				if r.ToOne != strings.HasSuffix(r.Cardinality(), "to-one") {
					t.Errorf("ToOne of a %s relation = %t", r.Cardinality(), r.ToOne)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Find(%q, %q, %q) = %q; want %q", tt.from, tt.target, tt.hint, got, tt.want)
			}
		})
	}
}

// The law of hints: whatever the schema, what Spelling says finds that relation
// and no other.
func TestSpellingFindsOne(t *testing.T) {
	for seed := range uint64(800) {
		keys := randomKeys(rand.New(rand.NewPCG(seed, 1)))
		for _, table := range randomTables {
			for _, r := range keys.Relations(table) {
				target, hint := keys.Spelling(&r)
				found := keys.Find(table, target, hint)
				if len(found) != 1 || found[0].String() != r.String() || found[0].Cardinality() != r.Cardinality() {
					t.Fatalf("schema %d: Find(%q, %q, %q) = %v; want only %s, of %v", seed, table, target, hint, found, r.String(), keys)
				}
			}
		}
	}
}

// randomTables are also names of columns and constraints.
var randomTables = []string{"a", "b", "c", "d"}

// randomKeys makes keys of random tables whose names are those of columns and
// constraints, too. No two constraints have the same name, as in a database.
func randomKeys(random *rand.Rand) *Keys {
	columns := []string{"a", "b", "c", "x", "y", "k1", "k2"}
	pick := func() string { return columns[random.IntN(len(columns))] }
	names := slices.Concat(randomTables, []string{"k1", "k2", "k3", "x", "k5", "k6", "k7"})
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	unique := map[string][][]string{}
	for _, table := range randomTables {
		unique[table] = [][]string{{"id"}, {"p", "q"}}
		for range random.IntN(3) {
			unique[table] = append(unique[table], []string{pick(), pick(), pick()}[:1+random.IntN(3)])
		}
		if random.IntN(3) == 0 { // a junction of anything
			unique[table] = append(unique[table], columns)
		}
	}
	var foreign []ForeignKey
	for _, name := range names[:random.IntN(len(names))] {
		f := ForeignKey{Name: name, Table: randomTables[random.IntN(4)], Referenced: randomTables[random.IntN(4)]}
		f.Columns, f.ReferencedColumns = []string{pick()}, []string{"id"}
		if random.IntN(3) == 0 {
			f.Columns, f.ReferencedColumns = []string{pick(), pick()}, []string{"p", "q"}
		}
		if f.Name == f.Table && f.Table == f.Referenced { // nothing can be said that means the parent
			continue
		}
		foreign = append(foreign, f)
	}
	slices.SortStableFunc(foreign, func(x, y ForeignKey) int { return strings.Compare(x.Table, y.Table) })
	return NewKeys(unique, foreign...)
}

func TestKeysEqual(t *testing.T) {
	unique := map[string][][]string{"a": {{"id"}}, "b": {{"id"}}}
	one := func() *Keys { return NewKeys(unique, key("k: a b_id -> b id")) }
	if !one().Equal(one()) {
		t.Errorf("%v is not equal to the same", one())
	}
	for i, other := range []*Keys{
		NewKeys(unique), NewKeys(unique, key("k: a c_id -> b id")), NewKeys(unique, key("l: a b_id -> b id")), new(Keys),
		NewKeys(map[string][][]string{"a": {{"id"}, {"b_id"}}, "b": {{"id"}}}, key("k: a b_id -> b id")),
	} {
		if one().Equal(other) {
			t.Error(fmt.Sprint(i, ": ", one(), " is equal to ", other))
		}
	}
}

// describeRelations are the relations of a table in words.
func describeRelations(k *Keys, table string) (all []string) {
	for _, r := range k.Relations(table) {
		all = append(all, r.To+": "+r.Cardinality()+" "+r.String())
	}
	slices.Sort(all)
	return all
}

// mysqlKeys learns the keys of tables as pool's account.
func mysqlKeys(t testing.TB, query Query, tables ...string) *Keys {
	t.Helper()
	keys, err := learnKeys(t.Context(), query, func(table string) bool { return slices.Contains(tables, table) })
	if err != nil {
		t.Fatalf("learnKeys = %v", err)
	}
	return keys
}

var mysqlKeyTables = []string{
	"CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(40) NULL UNIQUE)",
	"CREATE TABLE texts (id INT PRIMARY KEY, bio VARCHAR(500), UNIQUE KEY begun (bio(10)))",
	"CREATE TABLE items (shop INT, no INT, PRIMARY KEY (shop, no))",
	"CREATE TABLE orders (id INT PRIMARY KEY, buyer_id INT, CONSTRAINT buyer FOREIGN KEY (buyer_id) REFERENCES people (id))",
	"CREATE TABLE `lines` (order_id INT, item_shop INT, item_no INT, PRIMARY KEY (order_id, item_shop, item_no)," +
		" CONSTRAINT line_order FOREIGN KEY (order_id) REFERENCES orders (id)," +
		" CONSTRAINT line_item FOREIGN KEY (item_shop, item_no) REFERENCES items (shop, no))",
	"CREATE TABLE profiles (id INT PRIMARY KEY, person_id INT NULL UNIQUE, CONSTRAINT profile_person FOREIGN KEY (person_id) REFERENCES people (id))",
	"CREATE TABLE nodes (id INT PRIMARY KEY, parent_id INT, CONSTRAINT node_parent FOREIGN KEY (parent_id) REFERENCES nodes (id))",
}

// An account with nothing but SELECT learns the keys of all tables that are
// listed; a junction that is not relates nothing.
func TestMySQLKeys(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has no foreign keys to a primary key")
	}
	mysqlExec(t, s.admin, mysqlKeyTables...)
	const (
		buyer   = "orders: one-to-many buyer using people(id) and orders(buyer_id)"
		profile = "profiles: one-to-one profile_person using people(id) and profiles(person_id)"
	)
	all := mysqlKeys(t, s.reader.QueryContext, "people", "items", "orders", "lines", "profiles", "nodes", "texts")
	some := mysqlKeys(t, s.reader.QueryContext, "people", "items", "orders")
	tests := []struct {
		name  string
		keys  *Keys
		table string
		want  []string
	}{
		{"all", all, "people", []string{buyer, profile}},
		{"a junction", all, "orders", []string{
			"items: many-to-many lines using line_order(order_id) and line_item(item_shop, item_no)",
			"lines: one-to-many line_order using orders(id) and lines(order_id)",
			"people: many-to-one buyer using orders(buyer_id) and people(id)",
		}},
		{"composite", all, "lines", []string{
			"items: many-to-one line_item using lines(item_shop, item_no) and items(shop, no)",
			"orders: many-to-one line_order using lines(order_id) and orders(id)",
		}},
		{"itself", all, "nodes", []string{
			"nodes: many-to-one node_parent using nodes(parent_id) and nodes(id)", "nodes: one-to-many node_parent using nodes(id) and nodes(parent_id)",
		}},
		{"some", some, "people", []string{buyer}},
		{"a junction that is not listed", some, "items", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describeRelations(tt.keys, tt.table); !slices.Equal(got, tt.want) {
				t.Errorf("relations of %q = %q; want %q", tt.table, got, tt.want)
			}
		})
	}
	for _, column := range []string{"id", "EMAIL"} {
		if !all.IsUnique("people", []string{column}) {
			t.Errorf("people.%s is not unique", column)
		}
	}
	if all.IsUnique("texts", []string{"bio"}) {
		t.Error("texts.bio is unique, of which only the beginning is")
	}
}

// What an account does not see of a key never makes another one of it.
func TestMySQLKeysOfSomeColumns(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has no grants on columns")
	}
	mysqlExec(t, s.admin, mysqlKeyTables...)
	grant := func(columns, table string) string { return "SELECT (" + columns + ") ON " + s.name + "." + table }
	pool := mysqlPart(t, s, grant("shop", "items"), grant("id, buyer_id", "orders"), grant("order_id, item_shop", "`lines`"), grant("id", "people"))
	keys := mysqlKeys(t, pool.QueryContext, "people", "items", "orders", "lines")
	if got := describeRelations(keys, "items"); len(got) > 0 {
		t.Errorf("relations of items = %q; want none: the account does not see item_no", got)
	}
	want := []string{"people: many-to-one buyer using orders(buyer_id) and people(id)"}
	if s.isMariaDB { // it shows such an account no foreign key
		want = nil
	}
	got := slices.DeleteFunc(describeRelations(keys, "orders"), func(text string) bool { return strings.HasPrefix(text, "lines: ") })
	if !slices.Equal(got, want) {
		t.Errorf("relations of orders = %q; want %q", got, want)
	}
}

// The indexes that rows have an order in, of which a part of a column is none.
func TestMySQLIndexesOfTables(t *testing.T) {
	s := newMySQL(t)
	if !s.isMariaDB && !s.isMySQL {
		t.Skip("the embedded engine has indexes of its own")
	}
	mysqlExec(t, s.admin, "CREATE TABLE t (a INT, b INT NOT NULL, c VARCHAR(200), d TEXT, PRIMARY KEY (b, a),"+
		" UNIQUE KEY u (a), KEY x (c(10), a), KEY y (b, c), FULLTEXT KEY z (d))")
	keys := mysqlKeys(t, s.reader.QueryContext, "t")
	want := [][]string{{"b", "a"}, {"a"}, {"", "a"}, {"b", "c"}}
	if got := keys.Indexes("t"); !reflect.DeepEqual(got, want) {
		t.Errorf("Indexes = %q; want %q", got, want)
	}
	for columns, want := range map[string]bool{"a": true, "a b": true, "b": false, "b c": false, "c": false} {
		if got := keys.IsUnique("t", words(columns)); got != want {
			t.Errorf("%q is unique: %t; want %t", columns, got, want)
		}
	}
}
