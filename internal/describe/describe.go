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

// with returns o with one more member, or o itself if the value is nothing.
func (o object) with(name string, value any) object {
	if value == nil || value == "" {
		return o
	}
	return append(o, member{name, value})
}

// writer writes JSON on one line. A document of hundreds of tables has to be there
// in milliseconds, which json.Marshaler for every object is not.
type writer struct {
	bytes.Buffer
	texts *json.Encoder // to the buffer
}

func newWriter() *writer {
	w := new(writer)
	w.texts = json.NewEncoder(&w.Buffer)
	w.texts.SetEscapeHTML(false)
	return w
}

// write writes objects, and slices, of what encoding/json knows.
func (w *writer) write(value any) {
	switch v := value.(type) {
	case object:
		w.WriteByte('{')
		for i, m := range v {
			w.separate(i)
			w.write(m.name)
			w.WriteByte(':')
			w.write(m.value)
		}
		w.WriteByte('}')
	case []any:
		w.WriteByte('[')
		for i, item := range v {
			w.separate(i)
			w.write(item)
		}
		w.WriteByte(']')
	case string:
		if isPlain(v) {
			w.WriteByte('"')
			w.WriteString(v)
			w.WriteByte('"')
			return
		}
		w.encode(v)
	default:
		w.encode(v)
	}
}

// encode writes texts, numbers, slices of texts, and nil, for which it cannot fail.
func (w *writer) encode(value any) {
	_ = w.texts.Encode(value)
	w.Truncate(w.Len() - 1) // the line feed
}

// isPlain reports whether a text stands in JSON as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (w *writer) separate(i int) {
	if i > 0 {
		w.WriteByte(',')
	}
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
	case o.Encoding.Booleans && strings.EqualFold(c.ColumnType, "tinyint(1)"):
		return booleanForm
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
