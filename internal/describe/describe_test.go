package describe

// This file holds what both descriptions say of tables that are made up here; that
// it is true of real ones is shown by TestMySQLSchemas and by clients/.

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/DATA-DOG/go-sqlmock"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/postgrest"
)

// library describes two tables, as a catalog learns them: book refers to author.
func library(t testing.TB) *catalog.Description {
	t.Helper()
	pool, mock, err := sqlmock.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	mock.ExpectQuery("information_schema.TABLES").WillReturnRows(sqlmock.NewRows([]string{"t", "k", "c"}).
		AddRow("author", "BASE TABLE", "People who <write>").AddRow("book", "BASE TABLE", "").AddRow("secret", "BASE TABLE", ""))
	columns := sqlmock.NewRows([]string{"t", "c", "d", "ct", "n", "e", "cc", "l", "j"})
	for _, c := range [][]driver.Value{
		{"author", "id", "int", "int", "NO", "", "", nil},
		{"author", "name", "varchar", "varchar(40)", "NO", "", `As on the "cover"`, 40},
		{"book", "id", "bigint", "bigint unsigned", "NO", "", "", nil},
		{"book", "author_id", "int", "int", "YES", "", "", nil},
		{"book", "format", "enum", "enum('paper','e-book')", "NO", "", "", 6},
		{"book", "price", "decimal", "decimal(8,2)", "YES", "", "", nil},
		{"book", "doc", "json", "json", "YES", "", "", nil},
		{"book", "cover", "varbinary", "varbinary(9)", "YES", "", "", 9},
		{"book", "out", "date", "date", "NO", "", "", nil},
		{"book", "added", "timestamp", "timestamp", "YES", "", "", nil},
		{"book", "hidden", "int", "int", "NO", "INVISIBLE", "", nil},
		{"secret", "id", "int", "int", "NO", "", "", nil},
	} {
		columns.AddRow(append(c, false)...)
	}
	mock.ExpectQuery("information_schema.COLUMNS").WillReturnRows(columns)
	mock.ExpectQuery("CHECK_CONSTRAINTS").WillReturnRows(sqlmock.NewRows([]string{"t", "c"}))
	mock.ExpectQuery("STATISTICS").WillReturnRows(sqlmock.NewRows([]string{"t", "i", "c", "s", "u", "d"}).
		AddRow("author", "PRIMARY", "id", nil, 1, "A").AddRow("book", "PRIMARY", "id", nil, 1, "A"))
	mock.ExpectQuery("KEY_COLUMN_USAGE").WillReturnRows(sqlmock.NewRows([]string{"t", "n", "c", "rt", "rc"}).
		AddRow("book", "book_author", "author_id", "author", "id").AddRow("book", "book_secret", "author_id", "secret", "id"))
	query := func(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
		return pool.QueryContext(ctx, text, args...)
	}
	d, err := catalog.New(query, "book", "author", "gone").Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const libraryTypes = `      book: {
        Row: {
          id: number
          author_id: number | null
          format: "paper" | "e-book" | ""
          price: number | null
          doc: Json
          cover: string | null
          out: string
          added: string | null
        }
        Relationships: [
          {
            foreignKeyName: "book_author"
            columns: ["author_id"]
            isOneToOne: false
            referencedRelation: "author"
            referencedColumns: ["id"]
          },
        ]
      }
      author: {
        Row: {
          id: number
          name: string
        }
        Relationships: [
        ]
      }
`

func TestTypeScript(t *testing.T) {
	got := string(TypeScript(library(t), Options{}))
	if want := typesHead + libraryTypes + typesFoot; got != want {
		t.Errorf("TypeScript = %s; want %s", got, want)
	}
}

// librarySchemas are the schemas of the tables, with values as numbers.
var librarySchemas = map[string]string{
	"author": `{"type":"object","description":"People who <write>\n\nPrimary key: id.","required":["id","name"],"properties":{` +
		`"id":{"type":"integer","x-type":"int"},` +
		`"name":{"type":"string","maxLength":40,"description":"As on the \"cover\"","x-type":"varchar(40)"}},"x-primary-key":["id"]}`,
	"book": `{"type":"object","description":"Primary key: id.\n\nbook_author: author_id refers to author(id).",` +
		`"required":["id","author_id","format","price","doc","cover","out","added"],"properties":{` +
		`"id":{"type":"integer","minimum":0,"x-type":"bigint unsigned"},` +
		`"author_id":{"type":["integer","null"],"x-type":"int"},` +
		`"format":{"type":"string","enum":["paper","e-book",""],"x-type":"enum('paper','e-book')"},` +
		`"price":{"type":["number","null"],"x-type":"decimal(8,2)"},` +
		`"doc":{"x-type":"json"},` +
		`"cover":{"type":["string","null"],"contentEncoding":"base64","x-type":"varbinary(9)"},` +
		`"out":{"anyOf":[{"type":"string","format":"date"},{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}],"x-type":"date"},` +
		`"added":{"anyOf":[{"type":"string","format":"date-time"},{"type":"string","pattern":"^0000-00-00T00:00:00(\\.0+)?$"},{"type":"null"}],"x-type":"timestamp"}},` +
		`"x-primary-key":["id"],"x-foreign-keys":[{"name":"book_author","columns":["author_id"],"table":"author","references":["id"]}]}`,
}

func TestOpenAPISchemas(t *testing.T) {
	for name, want := range librarySchemas {
		if got := string(parse(t, OpenAPI(library(t), Options{})).Components.Schemas[name]); got != want {
			t.Errorf("schema of %s = %s; want %s", name, got, want)
		}
	}
}

// parsed is what tests look at in a document.
type parsed struct {
	Security   []map[string][]string
	Servers    []struct{ URL string }
	Paths      map[string]struct{ Get operation }
	Components struct {
		Schemas, Parameters, Responses, SecuritySchemes map[string]json.RawMessage
	}
}

type operation struct {
	OperationID string
	Parameters  []struct {
		Ref    string `json:"$ref"`
		Name   string
		Schema struct{ Examples []string }
	}
	Responses map[string]struct {
		Content map[string]json.RawMessage
	}
}

func parse(t testing.TB, document []byte) (p parsed) {
	t.Helper()
	if err := json.Unmarshal(document, &p); err != nil {
		t.Fatalf("OpenAPI = %v: %.500s", err, document)
	}
	return p
}

func TestOpenAPIToken(t *testing.T) {
	for _, token := range []bool{false, true} {
		p := parse(t, OpenAPI(library(t), Options{Token: token}))
		_, has401 := p.Paths["/book"].Get.Responses["401"]
		if has := len(p.Security) == 1; has != token || has401 != token || (p.Components.SecuritySchemes["bearer"] != nil) != token {
			t.Errorf("with Token %t: security %v, schemes %s, 401 %t", token, p.Security, p.Components.SecuritySchemes, has401)
		}
	}
}

// The form of a type is the same in both descriptions, as the options say.
func TestForms(t *testing.T) {
	strings := Options{Encoding: encode.Options{BigintAsString: true, DecimalAsString: true}}
	tests := []struct {
		column       catalog.DescribedColumn
		options      Options
		schema, want string
	}{
		{catalog.DescribedColumn{Type: "BIGINT"}, Options{}, `{"type":"integer","format":"int64"}`, "number"},
		{catalog.DescribedColumn{Type: "BIGINT"}, strings, `{"type":"string","pattern":"^-?[0-9]+(\\.[0-9]+)?$"}`, "string"},
		{catalog.DescribedColumn{Type: "UNSIGNED BIGINT"}, strings, `{"type":"string","pattern":"^-?[0-9]+(\\.[0-9]+)?$"}`, "string"},
		{catalog.DescribedColumn{Type: "DECIMAL", IsNullable: true}, strings, `{"type":["string","null"],"pattern":"^-?[0-9]+(\\.[0-9]+)?$"}`, "string | null"},
		{catalog.DescribedColumn{Type: "INT"}, strings, `{"type":"integer"}`, "number"},
		{catalog.DescribedColumn{Type: "INT", IsComputed: true, IsNullable: true}, strings, `{"type":["integer","string","null"]}`, "number | string | null"},
		{catalog.DescribedColumn{Type: "INT", IsComputed: true, IsNullable: true}, Options{}, `{"type":["integer","null"]}`, "number | null"},
		{catalog.DescribedColumn{Type: "BIT", IsComputed: true, IsNullable: true}, Options{}, `{"type":["integer","string","null"]}`, "number | string | null"},
		{catalog.DescribedColumn{Type: "BIT"}, Options{}, `{"type":"integer","minimum":0}`, "number"},
		{catalog.DescribedColumn{Type: "YEAR"}, Options{}, `{"type":"integer","minimum":0}`, "number"},
		{catalog.DescribedColumn{Type: "DOUBLE"}, Options{}, `{"type":"number"}`, "number"},
		{catalog.DescribedColumn{Type: "VECTOR", IsNullable: true}, Options{}, `{"type":["array","null"],"items":{"type":"number"}}`, "number[] | null"},
		{catalog.DescribedColumn{Type: "GEOMETRY"}, Options{}, `{"type":"string","contentEncoding":"base64"}`, "string"},
		{catalog.DescribedColumn{Type: "JSON", IsNullable: true}, Options{}, `{}`, "Json"},
		{catalog.DescribedColumn{Type: "TIME"}, Options{}, `{"type":"string"}`, "string"},
		{catalog.DescribedColumn{Type: "SET", Members: []string{"a"}}, Options{}, `{"type":"string"}`, "string"},
		{catalog.DescribedColumn{Type: "VARCHAR"}, Options{}, `{"type":"string"}`, "string"},
		{
			catalog.DescribedColumn{Type: "ENUM", Members: []string{`a"b`, "", "c\nd"}, IsNullable: true},
			Options{},
			`{"type":["string","null"],"enum":["a\"b","","c\nd",null]}`, `"a\"b" | "" | "c\nd" | null`,
		},
	}
	for _, tt := range tests {
		schema := newWriter()
		schema.write(tt.options.values(&tt.column))
		if got := tt.options.typeScript(&tt.column); schema.String() != tt.schema || got != tt.want {
			t.Errorf("%+v: %s, %s; want %s, %s", tt.column, schema, got, tt.schema, tt.want)
		}
	}
}

// oddNames are names that are easily written wrongly somewhere.
var oddNames = []string{
	"a", "A", "Error", "error", "a b", "a.20.b", "a.20.", "a%20b", "{a}", "{", "}", `"`, `""`, `\`, `\"`, "'", "`", "☎", "é", "e\u0301", "\U0001f52d",
	"select", "order", "limit", "offset", "and", "or", "not", "not.and", "columns", "on_conflict", "class", "constructor", "__proto__", "$", "1", "1a", "-", "a-b",
	"a->b", "a:b", "a::b", "a,b", "(a)", "*", "/", "..", "~1", "#", "?a=b&c", "+", ";", "a\tb", "a\nb", "\u2028", "<b>", strings.Repeat("n", 64), strings.Repeat("☎", 64), "ſ", "K",
}

// odd describes a table of each name, with columns of all names. None has a key.
func odd() *catalog.Description {
	d := &catalog.Description{Keys: new(catalog.Keys)}
	var columns []catalog.DescribedColumn
	for _, name := range oddNames {
		columns = append(columns, catalog.DescribedColumn{Name: name, Type: "INT", Comment: name})
	}
	for _, name := range oddNames {
		d.Tables = append(d.Tables, catalog.Described{Name: name, Comment: name, Columns: columns})
	}
	return d
}

var (
	nameOfComponent = regexp.MustCompile(`^[A-Za-z0-9._-]+$`) // OpenAPI 3.1, Components Object
	urlSafe         = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]+$`)
	refs            = regexp.MustCompile(`"\$ref":"#/components/([a-zA-Z]+)/([^"]*)"`)
)

// Whatever tables and columns are called, the document is one, and complete.
func TestOpenAPIOddNames(t *testing.T) {
	document := OpenAPI(odd(), Options{})
	p := parse(t, document)
	if !bytes.Equal(document, OpenAPI(odd(), Options{})) {
		t.Error("the same tables have given other bytes")
	}
	if len(p.Paths) != len(oddNames) || len(p.Components.Schemas) != len(oddNames)+1 {
		t.Errorf("%d paths, %d schemas; want %d, and one more", len(p.Paths), len(p.Components.Schemas), len(oddNames))
	}
	for name := range p.Components.Schemas {
		if !nameOfComponent.MatchString(name) {
			t.Errorf("a component is called %q", name)
		}
	}
	kinds := map[string]map[string]json.RawMessage{
		"schemas": p.Components.Schemas, "parameters": p.Components.Parameters, "responses": p.Components.Responses,
	}
	for _, ref := range refs.FindAllSubmatch(document, -1) {
		if kinds[string(ref[1])][string(ref[2])] == nil {
			t.Errorf("%s refers to nothing", ref[0])
		}
	}
	ids := map[string]bool{}
	for path, item := range p.Paths {
		if name, err := url.PathUnescape(path[1:]); err != nil || !slices.Contains(oddNames, name) || strings.ContainsAny(path, "{}") {
			t.Errorf("path %q is that of %q, %v; want a table, and no template", path, name, err)
		}
		ids[item.Get.OperationID] = true
		if !urlSafe.MatchString(item.Get.OperationID) {
			t.Errorf("operationId %q is not safe in a URL", item.Get.OperationID)
		}
		if got, want := len(item.Get.Responses["200"].Content), 1; got != want {
			t.Errorf("%s has %d media types; want %d", path, got, want)
		}
	}
	if len(ids) != len(oddNames) {
		t.Errorf("%d different operationIds; want %d", len(ids), len(oddNames))
	}
}

// A filter is called as the language reads it, and its example is one.
func TestParametersAreRead(t *testing.T) {
	for path, item := range parse(t, OpenAPI(odd(), Options{})).Paths {
		seen := map[string]bool{}
		for _, parameter := range item.Get.Parameters {
			if parameter.Ref != "" {
				continue
			}
			query := url.QueryEscape(parameter.Name) + "=" + url.QueryEscape(parameter.Schema.Examples[0])
			q, err := postgrest.Parse(query)
			if err != nil || len(q.Where) != 1 || !slices.Contains(oddNames, q.Where[0].Column) || q.Where[0].Column == "" {
				t.Fatalf("%s: Parse(%q) = %+v, %v; want a condition on a column", path, query, q, err)
			}
			seen[q.Where[0].Column] = true
		}
		if len(seen) != len(oddNames) {
			t.Fatalf("%s has filters of %d columns; want %d", path, len(seen), len(oddNames))
		}
	}
}

// Examples can be asked for, of columns of all types.
func TestExamplesAreRead(t *testing.T) {
	types := []string{
		"DATE", "DATETIME", "TIMESTAMP", "TIME", "YEAR", "JSON", "GEOMETRY", "VECTOR", "ENUM", "SET", "VARCHAR", "TEXT", "BLOB", "BINARY",
		"BIT", "INT", "UNSIGNED BIGINT", "DECIMAL", "FLOAT", "DOUBLE",
	}
	for _, name := range types {
		for _, member := range []string{"a", "a,b", `it's "x"`, "(a)", "a.b", `\`, "é"} {
			c := &catalog.DescribedColumn{Name: "c", Type: name, Members: []string{member}}
			example := new(Options).example(c)
			q, err := postgrest.Parse("c=" + url.QueryEscape(example))
			if err != nil || len(q.Where) != 1 {
				t.Errorf("Parse(c=%s) = %+v, %v; want a condition", example, q, err)
			} else if name == "ENUM" && q.Where[0].Values[0] != member {
				t.Errorf("Parse(c=%s) has the value %q; want %q", example, q.Where[0].Values[0], member)
			}
		}
	}
}

// Names in the types are those of the tables, as TypeScript reads them.
func TestTypeScriptOddNames(t *testing.T) {
	types := string(TypeScript(odd(), Options{}))
	for _, name := range oddNames {
		quoted := propertyName(name)
		var read string
		if quoted != name && (json.Unmarshal([]byte(quoted), &read) != nil || read != name) {
			t.Errorf("%q is written %s, which is %q", name, quoted, read)
		}
		if want := "\n      " + quoted + ": {\n"; strings.Count(types, want) != 1 {
			t.Errorf("%q stands %d times; want once", want, strings.Count(types, want))
		}
	}
	if types != string(TypeScript(odd(), Options{})) {
		t.Error("the same tables have given other bytes")
	}
}

// many describes tables of columns each.
func many(tables, columns int) *catalog.Description {
	d := &catalog.Description{Keys: new(catalog.Keys)}
	for i := range tables {
		table := catalog.Described{Name: fmt.Sprint("table", i)}
		for j := range columns {
			table.Columns = append(table.Columns, catalog.DescribedColumn{
				Name: fmt.Sprint("column", j), Type: "VARCHAR", ColumnType: "varchar(20)", Length: 20, IsNullable: j%2 == 0, Comment: "A comment of some length",
			})
		}
		d.Tables = append(d.Tables, table)
	}
	return d
}

func TestThousandColumns(t *testing.T) {
	p := parse(t, OpenAPI(many(1, 1000), Options{}))
	if got := len(p.Paths["/table0"].Get.Parameters); got != 1008 {
		t.Errorf("%d parameters; want 1008", got)
	}
}

func BenchmarkOpenAPI(b *testing.B) {
	d := many(300, 20)
	for b.Loop() {
		b.SetBytes(int64(len(OpenAPI(d, Options{}))))
	}
}
