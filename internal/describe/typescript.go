package describe

// This file writes the types that @supabase/postgrest-js takes.

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"readapi/internal/catalog"
)

// TypeScript returns a module that exports the type Database for the tables of d.
// They are views, without Insert and Update, so that to write does not compile.
func TypeScript(d *catalog.Description, o Options) []byte {
	var out strings.Builder
	out.WriteString(typesHead)
	for i := range d.Tables {
		t := &d.Tables[i]
		fmt.Fprintf(&out, "      %s: {\n        Row: {\n", propertyName(t.Name))
		for _, c := range selectable(t) {
			fmt.Fprintf(&out, "          %s: %s\n", propertyName(c.Name), o.typeScript(&c))
		}
		out.WriteString("        }\n        Relationships: [\n")
		for _, r := range d.Keys.Relations(t.Name) {
			if r.Junction == nil && r.IsForward {
				writeRelationship(&out, r)
			}
		}
		out.WriteString("        ]\n      }\n")
	}
	out.WriteString(typesFoot)
	return []byte(out.String())
}

const typesHead = `export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  __InternalSupabase: {
    PostgrestVersion: "14"
  }
  public: {
    Tables: {}
    Views: {
`

const typesFoot = `    }
    Functions: {}
    Enums: {}
    CompositeTypes: {}
  }
}
`

func writeRelationship(out *strings.Builder, r catalog.Relation) {
	fmt.Fprintf(out, `          {
            foreignKeyName: %s
            columns: [%s]
            isOneToOne: %t
            referencedRelation: %s
            referencedColumns: [%s]
          },
`, quote(r.Key.Name), quoteAll(r.FromColumns), r.IsOneToOne, quote(r.To), quoteAll(r.ToColumns))
}

// typeScript is the type of the values of a column.
func (o *Options) typeScript(c *catalog.DescribedColumn) string {
	name := "string"
	switch o.formOf(c) {
	case integerForm, numberForm:
		name = "number"
	case booleanForm:
		name = "boolean"
	case jsonForm:
		return "Json" // null is one
	case looseForm:
		name = "number | string"
	case vectorForm:
		name = "number[]"
	case textForm:
		if c.Type == "ENUM" {
			name = union(c.Members)
		}
	}
	if c.IsNullable {
		name += " | null"
	}
	return name
}

// union is the type of the members of an ENUM, and of what MySQL makes of a wrong
// one.
func union(members []string) string {
	if !slices.Contains(members, "") {
		members = append(slices.Clone(members), "")
	}
	literals := make([]string, len(members))
	for i, m := range members {
		literals[i] = quote(m)
	}
	return strings.Join(literals, " | ")
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// propertyName writes a name as a property, in quotes if it is no identifier.
func propertyName(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return quote(name)
}

// quote writes a string literal. JSON has none that TypeScript reads otherwise.
func quote(s string) string {
	text, _ := json.Marshal(s) // a string: it cannot fail
	return string(text)
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}
