// Package describe says what there is to read: as an OpenAPI 3.1 document for
// people and tools, and as types for TypeScript. Both come from one description of
// the tables, so that they cannot differ. Rules: the same tables give the same
// bytes; and no answer to a read breaks what is said of it here.
package describe

import (
	"bytes"
	"encoding/json"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/encode"
)

// Options are what an operator chooses that shows in the description.
type Options struct {
	Title    string // of the document: the database's name
	Version  string // of this program
	Token    bool   // reads want a token
	Encoding encode.Options
}

// member is a member of a JSON object.
type member struct {
	name  string
	value any
}

// object is a JSON object whose members stand in their order.
type object []member

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(m.name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(m.value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// with returns o with one more member, or o itself if the value is nothing.
func (o object) with(name string, value any) object {
	if value == nil || value == "" {
		return o
	}
	return append(o, member{name, value})
}

// withoutHTML writes v as JSON on one line.
func withoutHTML(v any) []byte {
	var out, compact bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // maps, slices and strings: it cannot fail
	_ = json.Compact(&compact, out.Bytes())
	compact.WriteByte('\n')
	return compact.Bytes()
}

// form is what values of a type look like.
type form uint8

const (
	textForm form = iota
	integerForm
	numberForm
	booleanForm
	jsonForm
	vectorForm
	binaryForm
	looseForm // an integer, or a text
)

// formOf returns the form in which the values of a column are written.
func (o *Options) formOf(c *catalog.DescribedColumn) form {
	name := strings.TrimPrefix(c.Type, "UNSIGNED ")
	isInteger := strings.HasSuffix(name, "INT")
	switch {
	case c.IsComputed && (name == "BIT" || isInteger && o.Encoding.BigintAsString):
		return looseForm
	case name == "BIGINT" && o.Encoding.BigintAsString, name == "DECIMAL" && o.Encoding.DecimalAsString:
		return textForm
	case isInteger, name == "YEAR", name == "BIT":
		return integerForm
	case name == "DECIMAL", name == "FLOAT", name == "DOUBLE":
		return numberForm
	case name == "JSON":
		return jsonForm
	case name == "VECTOR":
		return vectorForm
	case strings.HasSuffix(name, "BLOB"), strings.HasSuffix(name, "BINARY"), name == "GEOMETRY":
		return binaryForm
	default:
		return textForm
	}
}

// selectable returns the columns that a read gives without select.
func selectable(t *catalog.Described) []catalog.DescribedColumn {
	var columns []catalog.DescribedColumn
	for _, c := range t.Columns {
		if !c.IsInvisible {
			columns = append(columns, c)
		}
	}
	return columns
}
