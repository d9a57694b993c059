package describe

// This file writes the OpenAPI document (OpenAPI Specification 3.1, JSON Schema
// 2020-12).

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"readapi/internal/catalog"
)

// OpenAPI returns the document for the tables of d.
func OpenAPI(d *catalog.Description, o Options) []byte {
	paths, schemas := object{}, object{}
	for i := range d.Tables {
		t := &d.Tables[i]
		paths = append(paths, member{"/" + pathEscape(t.Name), object{{"get", o.operation(t)}}})
		schemas = append(schemas, member{componentName(t.Name), o.schema(d, t)})
	}
	schemas = append(schemas, member{errorName(d), errorSchema})
	components := object{{"schemas", schemas}, {"parameters", commonParameters}, {"responses", o.responses(d)}}
	document := object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", o.Title},
			{"version", o.Version},
			{"description", "The tables of a MySQL database, to read, in PostgREST's language. " + otherMedia},
		}},
		{"servers", []any{object{{"url", "."}}}},
	}
	if !o.Token {
		document = append(document, member{"security", []any{}})
	} else {
		components = append(components, member{"securitySchemes", object{{"bearer", object{{"type", "http"}, {"scheme", "bearer"}}}}})
		document = append(document, member{"security", []any{object{{"bearer", []string{}}}}})
	}
	w := newWriter()
	w.write(append(document, member{"paths", paths}, member{"components", components}))
	w.WriteByte('\n')
	return w.Bytes()
}

const otherMedia = "Every read also gives CSV (Accept: text/csv), lines of JSON (application/x-ndjson) " +
	"or one object (application/vnd.pgrst.object+json)."

// operation describes the read of a table.
func (o *Options) operation(t *catalog.Described) object {
	var parameters []any
	for _, name := range []string{"select", "order", "limit", "offset", "or", "and", "Prefer", "Range"} {
		parameters = append(parameters, reference("parameters", name))
	}
	for i := range t.Columns {
		parameters = append(parameters, o.filter(&t.Columns[i]))
	}
	array := object{{"type", "array"}, {"items", reference("schemas", componentName(t.Name))}}
	responses := object{
		{"200", rows("The rows.", array)},
		{"206", rows("A part of the rows.", array)},
		{"304", object{{"description", "The client has these rows already: If-None-Match."}}},
	}
	for _, status := range o.statuses() {
		responses = append(responses, member{status, reference("responses", status)})
	}
	return object{
		{"operationId", "read_" + componentName(t.Name)}, {"summary", "Rows of " + t.Name}, {"tags", []string{t.Name}},
	}.with("description", t.Comment).with("parameters", parameters).with("responses", responses)
}

// rows is a response with rows. A second media type makes the clients that are
// made from the document take either.
func rows(description string, schema object) object {
	header := func(text string) object {
		return object{{"description", text}, {"schema", object{{"type", "string"}}}}
	}
	return object{
		{"description", description},
		{"headers", object{
			{"Content-Range", header("FIRST-LAST/TOTAL, with * for what is not known.")},
			{"Link", header("The rows behind these, as rel=\"next\", if these are as many as were asked for, or as there may be.")},
			{"ETag", header("Of these rows, for If-None-Match.")},
		}},
		{"content", object{{"application/json", object{{"schema", schema}}}}},
	}
}

// failures are the statuses of errors, and what they mean.
var failures = object{
	{"300", "Several relations were meant: the details list them."},
	{"400", "The request is not right: the message says what was expected."},
	{"401", "A token is wanted."},
	{"404", "There is no such table."},
	{"405", "There is only GET, HEAD and OPTIONS."},
	{"406", "The rows cannot be given in that form."},
	{"416", "There are no rows so far on."},
	{"500", "The read failed; the server's log has the cause."},
	{"503", "The database, or the server, is busy or away. Try again shortly."},
	{"504", "The query took too long."},
}

// statuses are those that can occur.
func (o *Options) statuses() []string {
	var all []string
	for _, f := range failures {
		if f.name != "401" || o.Token {
			all = append(all, f.name)
		}
	}
	return all
}

func (o *Options) responses(d *catalog.Description) object {
	responses := object{}
	content := object{{"application/json", object{{"schema", reference("schemas", errorName(d))}}}}
	for _, f := range failures {
		if slices.Contains(o.statuses(), f.name) {
			responses = append(responses, member{f.name, object{{"description", f.value}, {"content", content}}})
		}
	}
	return responses
}

// errorName is what the schema of errors is called: no table is.
func errorName(d *catalog.Description) string {
	name := "Error"
	for slices.ContainsFunc(d.Tables, func(t catalog.Described) bool { return componentName(t.Name) == name }) {
		name += "_"
	}
	return name
}

var errorSchema = object{
	{"type", "object"},
	{"required", []string{"code", "message", "details", "hint"}},
	{"properties", object{
		{"code", object{{"type", "string"}}},
		{"message", object{{"type", "string"}}},
		{"details", object{{"description", "A text, or the relations that were meant."}}},
		{"hint", object{{"type", []string{"string", "null"}}}},
	}},
}

// reference is a $ref to a component.
func reference(kind, name string) object {
	return object{{"$ref", "#/components/" + kind + "/" + name}}
}

var commonParameters = object{
	{"select", parameter("select", "query", "Columns, related tables and aggregates, comma separated: a,alias:b,related(c). Nothing is all columns.")},
	{"order", parameter("order", "query", "Columns to order by: a.desc.nullslast,b.")},
	{"limit", numberParameter("limit", "How many rows at most.")},
	{"offset", numberParameter("offset", "How many rows to leave out first.")},
	{"or", parameter("or", "query", "One of several conditions: (a.eq.1,b.gt.2).")},
	{"and", parameter("and", "query", "All of several conditions: (a.gte.1,a.lt.2).")},
	{"Prefer", parameter("Prefer", "header", "count=exact asks for the total, too; count=planned for what the database expects.")},
	{"Range", parameter("Range", "header", "Rows from and to, counted from 0: 0-9.")},
}

func parameter(name, in, description string) object {
	return object{{"name", name}, {"in", in}, {"description", description}, {"schema", object{{"type", "string"}}}}
}

func numberParameter(name, description string) object {
	return object{{"name", name}, {"in", "query"}, {"description", description}, {"schema", object{{"type", "integer"}, {"minimum", 0}}}}
}

// filter describes the parameter of a column. An example in its usual place would
// be filled into forms, and sent.
func (o *Options) filter(c *catalog.DescribedColumn) object {
	schema := object{{"type", "string"}, {"examples", []string{o.example(c)}}}
	return object{{"name", parameterName(c.Name)}, {"in", "query"}}.
		with("description", c.Comment).with("schema", schema)
}

// example is a condition that fits a column.
func (o *Options) example(c *catalog.DescribedColumn) string {
	switch c.Type {
	case "DATE", "DATETIME", "TIMESTAMP":
		return "gte.2024-01-01"
	case "TIME":
		return "gte.09:00"
	case "YEAR":
		return "eq.2024"
	case "JSON", "GEOMETRY", "VECTOR":
		return "not.is.null"
	case "ENUM", "SET":
		if len(c.Members) > 0 {
			return "eq." + c.Members[0]
		}
	}
	switch o.formOf(c) {
	case textForm:
		return "like.A*"
	case binaryForm:
		return "eq.AP8="
	case booleanForm:
		return "is.true"
	default:
		return "eq.1"
	}
}

// reserved are the parameters that are no filters.
var reserved = []string{"select", "order", "limit", "offset", "and", "or"}

// parameterName writes a column as the name of its filter.
func parameterName(column string) string {
	isOdd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$", r)
	}
	if column != "" && !slices.Contains(reserved, column) && !strings.ContainsFunc(column, isOdd) {
		return column
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(column) + `"`
}

// componentName writes the name of a table with the characters that the name of a
// component may have. No two tables have the same.
func componentName(table string) string {
	var out strings.Builder
	for _, r := range table {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-", r)) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, ".%x.", r)
		}
	}
	return out.String()
}

// pathEscape writes the name of a table as a part of a path, in which braces would
// be a template.
func pathEscape(table string) string {
	var out strings.Builder
	for _, b := range []byte(table) {
		if b >= 0x80 || strings.IndexByte(` "#%/<>?[\]^{|}`+"`", b) >= 0 || b < ' ' {
			fmt.Fprintf(&out, "%%%02X", b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}

// schema describes the rows of a table.
func (o *Options) schema(d *catalog.Description, t *catalog.Described) object {
	properties, required := object{}, []string{}
	for _, c := range selectable(t) {
		properties = append(properties, member{c.Name, o.property(&c)})
		required = append(required, c.Name)
	}
	s := object{{"type", "object"}}.with("description", describeTable(d, t))
	s = append(s, member{"required", required}, member{"properties", properties})
	if key := d.Keys.PrimaryKey(t.Name); len(key) > 0 {
		s = append(s, member{"x-primary-key", key})
	}
	var foreign []any
	for _, f := range d.Keys.ForeignKeys(t.Name) {
		foreign = append(foreign, object{{"name", f.Name}, {"columns", f.Columns}, {"table", f.Referenced}, {"references", f.ReferencedColumns}})
	}
	if foreign != nil {
		s = append(s, member{"x-foreign-keys", foreign})
	}
	return s
}

// describeTable is a table in words: its comment, its key and its relations.
func describeTable(d *catalog.Description, t *catalog.Described) string {
	var sentences []string
	if t.Comment != "" {
		sentences = append(sentences, t.Comment)
	}
	if key := d.Keys.PrimaryKey(t.Name); len(key) > 0 {
		sentences = append(sentences, "Primary key: "+strings.Join(key, ", ")+".")
	}
	for _, f := range d.Keys.ForeignKeys(t.Name) {
		sentences = append(sentences, fmt.Sprintf("%s: %s refers to %s(%s).", f.Name, strings.Join(f.Columns, ", "),
			f.Referenced, strings.Join(f.ReferencedColumns, ", ")))
	}
	return strings.Join(sentences, "\n\n")
}

// property describes the values of a column.
func (o *Options) property(c *catalog.DescribedColumn) object {
	p := o.values(c)
	return p.with("description", c.Comment).with("x-type", c.ColumnType)
}

// values describes what a column holds.
func (o *Options) values(c *catalog.DescribedColumn) object {
	switch o.formOf(c) {
	case integerForm:
		return integers(c)
	case numberForm:
		return typed("number", c)
	case booleanForm:
		return typed("boolean", c)
	case binaryForm:
		return append(typed("string", c), member{"contentEncoding", "base64"})
	case looseForm:
		return object{{"type", []string{"integer", "string", "null"}}}
	case vectorForm:
		return append(typed("array", c), member{"items", object{{"type", "number"}}})
	case jsonForm:
		return object{}
	default:
		return texts(c)
	}
}

// typed is the type of the values, with null if they may be.
func typed(name string, c *catalog.DescribedColumn) object {
	if c.IsNullable {
		return object{{"type", []string{name, "null"}}}
	}
	return object{{"type", name}}
}

func integers(c *catalog.DescribedColumn) object {
	p := typed("integer", c)
	if c.Type == "BIGINT" {
		return append(p, member{"format", "int64"})
	}
	if strings.HasPrefix(c.Type, "UNSIGNED ") || c.Type == "YEAR" || c.Type == "BIT" {
		return append(p, member{"minimum", 0})
	}
	return p
}

// texts describes columns that are strings. A date may be one that does not exist,
// also where the server forbids them now.
func texts(c *catalog.DescribedColumn) object {
	switch c.Type {
	case "DATE":
		return either(c, object{{"format", "date"}}, object{{"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}})
	case "TIMESTAMP":
		return either(c, object{{"format", "date-time"}}, object{{"pattern", `^0000-00-00T00:00:00(\.0+)?$`}})
	case "ENUM":
		return enumeration(c)
	case "CHAR", "VARCHAR":
		if c.Length > 0 {
			return append(typed("string", c), member{"maxLength", c.Length})
		}
	case "BIGINT", "UNSIGNED BIGINT", "DECIMAL":
		return append(typed("string", c), member{"pattern", `^-?[0-9]+(\.[0-9]+)?$`})
	}
	return typed("string", c)
}

// either describes strings of two forms.
func either(c *catalog.DescribedColumn, one, other object) object {
	text := object{{"type", "string"}}
	forms := []any{append(slices.Clone(text), one...), append(slices.Clone(text), other...)}
	if c.IsNullable {
		forms = append(forms, object{{"type", "null"}})
	}
	return object{{"anyOf", forms}}
}

// enumeration describes an ENUM: its members, and what MySQL makes of a wrong one.
func enumeration(c *catalog.DescribedColumn) object {
	values := []any{}
	for _, m := range c.Members {
		values = append(values, m)
	}
	if !slices.Contains(c.Members, "") {
		values = append(values, "")
	}
	if c.IsNullable {
		values = append(values, nil)
	}
	return append(typed("string", c), member{"enum", values})
}
