package encode

// This file writes values as fields of CSV (RFC 4180): what JSON has, without
// its quotes; NULL is nothing, and an empty string is "".

import (
	"bytes"
	"unicode/utf8"
)

// appendCSVHeader appends the line with the names.
func (e *Encoder) appendCSVHeader(dst []byte) []byte {
	if e.nested != nil {
		for i, l := range e.nested.branches[0].leaves {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCSVField(dst, []byte(l.name))
		}
		return append(dst, "\r\n"...)
	}
	for i := range e.written {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCSVField(dst, []byte(e.written[i].name))
	}
	return append(dst, "\r\n"...)
}

// appendCSV appends src as a field. A JSON column is its text, also if that is a
// string in quotes.
func (c *cell) appendCSV(dst []byte, src any) ([]byte, error) {
	isText := c.family == familyText || c.family == familyUntyped || c.family == familyJSON
	switch v := src.(type) {
	case nil:
		return dst, nil
	case string:
		src = []byte(v)
	}
	if raw, ok := src.([]byte); ok && isText {
		return appendCSVField(dst, raw), nil
	}
	start := len(dst)
	dst, err := c.appendValue(dst, src)
	if err != nil {
		return dst, err
	}
	value := dst[start:]
	if isPlain := bytes.IndexByte(value, '\\') < 0; value[0] == '"' && isPlain {
		value = value[1 : len(value)-1]
	} else if raw, ok := src.([]byte); ok && value[0] == '"' { // not what its type promises
		value = raw
	}
	return appendCSVField(dst[:start], bytes.Clone(value)), nil
}

// appendCSVField appends a field, in quotes if it needs them. What is not UTF-8
// becomes U+FFFD.
func appendCSVField(dst, field []byte) []byte {
	if !utf8.Valid(field) {
		field = []byte(string([]rune(string(field))))
	}
	if len(field) > 0 && !bytes.ContainsAny(field, ",\"\r\n") {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for _, b := range field {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}
