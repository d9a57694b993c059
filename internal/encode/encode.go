// Package encode turns rows into bytes. It owns the form of every MySQL type in
// every media type there is, and knows nothing of where rows come from or go to.
// Rule: whatever is in the table, the output is valid: JSON (RFC 8259) or CSV
// (RFC 4180), in UTF-8.
package encode

// This file turns one row into bytes. A value goes from the driver's buffer to
// the output buffer once: each column is a sql.Scanner whose Scan appends, so
// that nothing is kept, boxed or reflected on in between.

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// MaxRowBytes bounds one row of the output: a row is in memory as a whole, several
// times, and one column may be selected several times.
const MaxRowBytes = 32 << 20

// ErrRowTooLarge is the error for a row beyond MaxRowBytes.
var ErrRowTooLarge = fmt.Errorf("a row has more than %d MiB", MaxRowBytes>>20)

// family is the group of MySQL types that share one form in the output.
type family uint8

const (
	familyUntyped family = iota // no type name (sqlmock): by the Go value
	familyNumber                // integers, YEAR, FLOAT, DOUBLE: parsed by the driver
	familyBigint
	familyBit
	familyDecimal
	familyText
	familyDateTime
	familyTimestamp
	familyJSON
	familyBinary
	familyVector
)

// families maps the type names of go-sql-driver/mysql (its fields.go), and BOOLEAN,
// to their family. MariaDB sends JSON as LONGTEXT and its UUID and INET types as CHAR,
// so there they are text.
var families = map[string]family{
	"BOOLEAN": familyNumber, "TINYINT": familyNumber, "UNSIGNED TINYINT": familyNumber,
	"SMALLINT": familyNumber, "UNSIGNED SMALLINT": familyNumber,
	"MEDIUMINT": familyNumber, "UNSIGNED MEDIUMINT": familyNumber,
	"INT": familyNumber, "UNSIGNED INT": familyNumber,
	"BIGINT": familyBigint, "UNSIGNED BIGINT": familyBigint,
	"YEAR": familyNumber, "FLOAT": familyNumber, "DOUBLE": familyNumber,
	"BIT":     familyBit,
	"DECIMAL": familyDecimal,
	"CHAR":    familyText, "VARCHAR": familyText, "ENUM": familyText, "SET": familyText,
	"TINYTEXT": familyText, "TEXT": familyText, "MEDIUMTEXT": familyText, "LONGTEXT": familyText,
	"TIME": familyText, "DATE": familyText,
	"DATETIME":  familyDateTime,
	"TIMESTAMP": familyTimestamp,
	"JSON":      familyJSON,
	"BINARY":    familyBinary, "VARBINARY": familyBinary, "GEOMETRY": familyBinary,
	"TINYBLOB": familyBinary, "BLOB": familyBinary, "MEDIUMBLOB": familyBinary, "LONGBLOB": familyBinary,
	"VECTOR": familyVector,
}

// Encoder writes the rows of one result in one format: as a JSON array with
// one row per line, as NDJSON, as one object or as CSV. It belongs to one
// goroutine. It reuses its memory from row to row and makes no allocation per
// value.
type Encoder struct {
	format  Format
	out     []byte  // where the Scan of each column appends, during AppendRow only
	start   int     // where the current row begins in out
	written []cell  // one per column that is written
	hidden  int     // columns behind them
	cells   []any   // all of them, as rows.Scan takes them; nil before the first AppendRow
	rows    int     // rows written so far
	nested  *nested // nil if the rows are flat
	page    paging  // the zero value writes all rows
}

// Rows is the number of rows that were appended.
func (e *Encoder) Rows() int { return e.rows }

// cell is one column of an Encoder.
type cell struct {
	enc    *Encoder
	name   string
	key    []byte // what stands before the value: `"id":`
	family family
	quoted bool // numbers become strings
	scale  int  // of DECIMAL: digits behind the point, at least
	isText bool // everything becomes a string
	isBool bool // numbers become true, or false if they are 0
	sent   sent // what the driver makes of a text
}

// New makes the encoder for a result with these columns, of which the last hidden
// ones are not written. They are called as fields say, one for each of the
// others, or by their own names if there are no fields.
func New(columns []Column, fields []Field, hidden int, f Format, options Options) *Encoder {
	e := &Encoder{format: f, written: make([]cell, len(columns)-hidden), hidden: hidden}
	keys := make([]byte, 0, keyBytes*len(e.written))
	for i := range e.written {
		column, c := columns[i], &e.written[i]
		field := Field{Name: column.Name}
		if len(fields) > 0 {
			field = fields[i]
		}
		*c = newMemberCell(column, field, options)
		c.enc = e
		start := len(keys)
		keys = append(appendString(keys, []byte(c.name)), ':')
		c.key = keys[start:len(keys):len(keys)]
	}
	return e
}

// keyBytes is the room for a key that is hardly ever longer.
const keyBytes = 24

// newMemberCell makes the cell of a column that is a member of the output.
func newMemberCell(column Column, field Field, options Options) cell {
	c := newCell(cmp.Or(field.Type, column.Type), options)
	c.scale, c.sent = scaleOf(column), sentAs(column.Type)
	c.name, c.isText = field.Name, field.AsText
	return c
}

// maxScale is the largest scale of a DECIMAL, in MariaDB. More says that there is
// none.
const maxScale = 38

// scaleOf is how many digits a column of a result has behind the point.
func scaleOf(column Column) int {
	if column.Scale <= maxScale {
		return column.Scale
	}
	return 0
}

// discard is a column that is not written.
type discard struct{}

// Scan implements sql.Scanner.
func (discard) Scan(any) error { return nil }

// newCell makes a column of a type, without its encoder and name.
func newCell(typeName string, options Options) cell {
	f := families[typeName]
	return cell{
		family: f,
		isBool: typeName == "BOOLEAN" && options.Booleans,
		quoted: f == familyBigint && options.BigintAsString || f == familyDecimal && options.DecimalAsString,
	}
}

// AppendRow appends the current row of rows to dst, after what separates it
// from the row before, and returns the extended buffer, as append does. After an
// error the output is not to be sent.
func (e *Encoder) AppendRow(dst []byte, rows *sql.Rows) ([]byte, error) {
	if e.cells == nil {
		e.cells = e.scanners()
	}
	if e.nested != nil {
		return e.nested.appendScanned(dst, rows.Scan(e.cells...))
	}
	if e.isFull() {
		return dst, nil
	}
	e.begin(dst)
	err := rows.Scan(e.cells...)
	if err == nil && e.isMarked() {
		err = e.markScanned(rows)
	}
	return e.end(err)
}

// scanners are all columns, as rows.Scan takes them.
func (e *Encoder) scanners() []any {
	if e.nested != nil {
		return e.nested.scanners()
	}
	cells := make([]any, len(e.written), len(e.written)+e.hidden)
	for i := range e.written {
		cells[i] = &e.written[i]
	}
	for range e.hidden {
		cells = append(cells, discard{})
	}
	return cells
}

// AppendValues is AppendRow for values as a driver gives them, one per column.
// They are not kept.
func (e *Encoder) AppendValues(dst []byte, values []driver.Value) ([]byte, error) {
	if e.nested != nil {
		return e.nested.appendRow(dst, values)
	}
	if e.isFull() {
		return dst, nil
	}
	e.begin(dst)
	for i := range e.written {
		if err := e.written[i].Scan(values[i]); err != nil {
			return e.end(err)
		}
	}
	if e.isMarked() {
		return e.end(e.mark(func(column int) driver.Value { return values[column] }))
	}
	return e.end(nil)
}

// begin appends what stands before a row.
func (e *Encoder) begin(dst []byte) {
	switch {
	case e.format.Media == CSV && e.rows == 0:
		dst = e.appendCSVHeader(dst)
	case e.format.Media == CSV:
	case e.format.Media != Array:
		dst = append(dst, '{')
	case e.rows == 0:
		dst = append(dst, "[{"...)
	default:
		dst = append(dst, ",\n{"...)
	}
	e.rows++
	e.out, e.start = dst, len(dst)
}

// end appends what stands behind a row, and gives the buffer back.
func (e *Encoder) end(err error) ([]byte, error) {
	dst := e.out
	e.out = nil
	if err == nil && len(dst) > e.start+MaxRowBytes {
		err = ErrRowTooLarge
	}
	switch e.format.Media {
	case Array:
		return append(dst, '}'), err
	case CSV:
		return append(dst, "\r\n"...), err
	default:
		return append(dst, "}\n"...), err
	}
}

// AppendEnd appends what closes the result.
func (e *Encoder) AppendEnd(dst []byte) []byte {
	if e.nested != nil {
		e.out = dst
		e.nested.closeAll()
		dst, e.out = e.out, nil
	}
	switch {
	case e.format.Media == CSV && e.rows == 0:
		return e.appendCSVHeader(dst)
	case e.format.Media != Array:
		return dst
	case e.rows == 0:
		return append(dst, "[]\n"...)
	default:
		return append(dst, "]\n"...)
	}
}

// Scan implements sql.Scanner: it appends the column to the row. The bytes of
// src are the driver's and are not kept.
func (c *cell) Scan(src any) (err error) {
	out := c.enc.out
	if raw, ok := src.([]byte); ok && len(out)+len(raw) > c.enc.start+MaxRowBytes {
		return ErrRowTooLarge
	}
	if c.enc.format.Media == CSV {
		if c != &c.enc.written[0] {
			out = append(out, ',')
		}
		c.enc.out, err = c.appendCSV(out, src)
		return err
	}
	if src == nil && c.enc.format.StripNulls {
		return nil
	}
	if len(out) > c.enc.start {
		out = append(out, ',')
	}
	out = append(out, c.key...)
	c.enc.out, err = c.appendMember(out, src)
	return err
}

// appendMember appends src as the value of a member.
func (c *cell) appendMember(dst []byte, src any) ([]byte, error) {
	value := len(dst)
	dst, err := c.appendValue(dst, src)
	if err == nil && c.isText && src != nil && (dst[value] != '"' || c.family == familyJSON) {
		dst = appendString(dst[:value], bytes.Clone(dst[value:]))
	}
	return dst, err
}

// appendValue appends src, which has one of the types that go-sql-driver/mysql
// hands over, or whatever type a mock does.
func (c *cell) appendValue(dst []byte, src any) ([]byte, error) {
	switch v := src.(type) {
	case nil:
		return append(dst, "null"...), nil
	case []byte:
		return c.appendBytes(dst, v), nil
	case int64:
		if c.isBool {
			return strconv.AppendBool(dst, v != 0), nil
		}
		return c.appendQuote(strconv.AppendInt(c.appendQuote(dst), v, 10)), nil
	case uint64:
		return c.appendQuote(strconv.AppendUint(c.appendQuote(dst), v, 10)), nil
	case float64:
		return appendFloat(dst, v, 64), nil
	case float32:
		return appendFloat(dst, float64(v), 32), nil
	case string:
		return c.appendBytes(dst, []byte(v)), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case time.Time:
		return append(v.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), nil
	default: // int, int32, ...: only mocks
		known, err := driver.DefaultParameterConverter.ConvertValue(src)
		if err != nil {
			return dst, fmt.Errorf("no JSON form for Go type %T: %w", src, err)
		}
		return c.appendValue(dst, known)
	}
}

// appendQuote appends a quotation mark if the column's numbers are strings.
func (c *cell) appendQuote(dst []byte) []byte {
	if c.quoted {
		return append(dst, '"')
	}
	return dst
}

// appendBytes appends a value that MySQL sent as bytes. Bytes that do not have
// the form that the column's type promises are written as a string.
func (c *cell) appendBytes(dst, b []byte) []byte {
	if c.isBool { // a number of a union
		return strconv.AppendBool(dst, string(b) != "0")
	}
	switch c.family {
	case familyBinary:
		return appendBase64(dst, b)
	case familyDateTime:
		return appendDateTime(dst, b, false)
	case familyTimestamp:
		return appendDateTime(dst, b, true)
	case familyDecimal, familyBigint, familyNumber: // a BIGINT beyond 2^63-1 over the binary protocol, numbers of a union
		return c.appendDecimal(dst, b)
	case familyJSON:
		return appendJSON(dst, b)
	case familyBit:
		return appendBit(dst, b)
	case familyVector:
		return appendVector(dst, b)
	default:
		return appendString(dst, b)
	}
}

// appendDecimal appends a DECIMAL with its digits as they stand, less the leading
// zeros of ZEROFILL, which JSON does not allow. What a view computes MySQL sends
// with its scale or without, after how it has been computed: it always has it here.
func (c *cell) appendDecimal(dst, b []byte) []byte {
	if !isDecimal(b) {
		return appendString(dst, b)
	}
	dst = c.appendQuote(dst)
	if b[0] == '-' {
		dst = append(dst, '-')
		b = b[1:]
	}
	for len(b) > 1 && b[0] == '0' && b[1] != '.' {
		b = b[1:]
	}
	dst = append(dst, b...)
	if c.family == familyDecimal {
		dst = appendScale(dst, b, c.scale)
	}
	return c.appendQuote(dst)
}

// appendScale appends the zeros that the decimal b, the end of dst, lacks to have
// so many digits behind its point.
func appendScale(dst, b []byte, scale int) []byte {
	if point := len(b) - 1 - scale; scale > 0 && point > 0 && b[point] == '.' { // as nearly always
		return dst
	}
	_, fraction, hasPoint := bytes.Cut(b, []byte("."))
	if !hasPoint && scale > 0 {
		dst = append(dst, '.')
	}
	for range scale - len(fraction) {
		dst = append(dst, '0')
	}
	return dst
}

// isDecimal reports whether b is digits with an optional minus sign before and
// an optional fraction behind.
func isDecimal(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("-"))
	point := -1
	for i, d := range b {
		switch {
		case d-'0' <= 9:
		case d == '.' && i > 0 && point < 0:
			point = i
		default:
			return false
		}
	}
	return len(b) > 0 && point != len(b)-1
}

func isDigits(b []byte) bool {
	for _, d := range b {
		if d < '0' || d > '9' {
			return false
		}
	}
	return len(b) > 0
}

// appendDateTime appends "2024-02-29 23:59:59.123" with T for the space and,
// for an instant, Z. Dates that do not exist (0000-00-00, 2024-02-00) are no
// instants and stay without it.
func appendDateTime(dst, b []byte, instant bool) []byte {
	if !isDateTime(b) {
		return appendString(dst, b)
	}
	dst = append(append(dst, '"'), b[:10]...)
	dst = append(append(dst, 'T'), b[11:]...)
	if instant && string(b[5:7]) != "00" && string(b[8:10]) != "00" {
		dst = append(dst, 'Z')
	}
	return append(dst, '"')
}

// isDateTime reports whether b looks like "2024-02-29 23:59:59", with a point and
// digits behind it or not.
func isDateTime(b []byte) bool {
	const (
		length               = len("0000-00-00 00:00:00")
		first, firstDigits   = 0x2d30302d30303030, 0x000f0f000f0f0f0f // 0000-00-
		middle, middleDigits = 0x30303a3030203030, 0x0f0f000f0f000f0f // 00 00:00
		last, lastDigits     = 0x30303a30303a3030, 0x0f0f000f0f000f0f // 00:00:00
	)
	if len(b) < length || !isLike(b[:8], first, firstDigits) || !isLike(b[8:16], middle, middleDigits) ||
		!isLike(b[11:length], last, lastDigits) {
		return false
	}
	fraction := b[length:]
	return len(fraction) == 0 || fraction[0] == '.' && isDigits(fraction[1:])
}

// isLike reports whether the eight bytes of b are those of layout, read as a
// little-endian number; where digits has bits, layout has a 0 and b any digit. There
// x is the digit's value, and stays below 16 with 6 more.
func isLike(b []byte, layout, digits uint64) bool {
	x := binary.LittleEndian.Uint64(b) ^ layout
	return x&^digits == 0 && (x+digits&(ones*6))&^(ones*0x0f) == 0
}

// appendFloat appends the shortest number that reads back to f, in the form
// that encoding/json and JavaScript use. Neither MySQL nor JSON has NaN or
// infinities: null.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) ||
		bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if n := len(dst); format == 'e' && dst[n-4] == 'e' && dst[n-2] == '0' { // e-09 is e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendBit appends a BIT(n), up to eight bytes, the first the highest, as an
// unsigned integer.
func appendBit(dst, b []byte) []byte {
	if len(b) > 8 {
		return appendBase64(dst, b)
	}
	var n uint64
	for _, octet := range b {
		n = n<<8 | uint64(octet)
	}
	return strconv.AppendUint(dst, n, 10)
}

// appendVector appends a VECTOR, little-endian floats of four bytes (MySQL
// manual, 13.3.5), as an array of numbers.
func appendVector(dst, b []byte) []byte {
	if len(b)%4 != 0 {
		return appendBase64(dst, b)
	}
	dst = append(dst, '[')
	for i := 0; i < len(b); i += 4 {
		if i > 0 {
			dst = append(dst, ',')
		}
		f := math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		dst = appendFloat(dst, float64(f), 32)
	}
	return append(dst, ']')
}

// appendBase64 appends b as a string in standard, padded base64 (RFC 4648,
// section 4).
func appendBase64(dst, b []byte) []byte {
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), b)
	return append(dst, '"')
}

// appendJSON appends the text of a JSON column as it stands, but on one line
// and in valid UTF-8. MySQL keeps such a column valid; what is not becomes a
// string.
func appendJSON(dst, b []byte) []byte {
	if !json.Valid(b) || !utf8.Valid(b) {
		return appendString(dst, b)
	}
	start := len(dst)
	dst = append(dst, b...)
	for i, octet := range dst[start:] {
		if octet == '\n' || octet == '\r' { // white space: in a string it is escaped
			dst[start+i] = ' '
		}
	}
	return dst
}

// appendString appends s as a JSON string (RFC 8259, section 7). Each byte that
// is not UTF-8 becomes U+FFFD, as encoding/json does it.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	if isPlain(s) {
		return append(append(dst, s...), '"')
	}
	if utf8.Valid(s) {
		return append(appendEscaped(dst, s), '"')
	}
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		if r == utf8.RuneError && size == 1 {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		} else {
			dst = appendEscaped(dst, s[:size])
		}
		s = s[size:]
	}
	return append(dst, '"')
}

// isPlain reports whether s is ASCII and needs no escape.
func isPlain(s []byte) bool {
	if len(s) < 8 {
		for _, c := range s {
			if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
				return false
			}
		}
		return true
	}
	for i := 0; i < len(s)-8; i += 8 {
		if w := binary.LittleEndian.Uint64(s[i:]); w&tops != 0 || !isPlainWord(w) {
			return false
		}
	}
	w := binary.LittleEndian.Uint64(s[len(s)-8:]) // perhaps some bytes again
	return w&tops == 0 && isPlainWord(w)
}

// appendEscaped appends s, which is UTF-8, with quotation marks, backslashes
// and control characters escaped.
func appendEscaped(dst, s []byte) []byte {
	start := 0
	for i := 0; i < len(s); {
		if len(s)-i >= 8 && isPlainWord(binary.LittleEndian.Uint64(s[i:])) {
			i += 8
			continue
		}
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			dst = appendEscape(append(dst, s[start:i]...), c)
			start = i + 1
		}
		i++
	}
	return append(dst, s[start:]...)
}

const (
	ones = 0x0101010101010101
	tops = ones << 7
)

// isPlainWord reports whether none of the eight bytes of w needs an escape. Per
// byte, the borrow of x-n reaches the top bit where x < n ("Determine if a word
// has a byte less than n", Bit Twiddling Hacks); x^q is 0 where x equals q.
func isPlainWord(w uint64) bool {
	quote, backslash := w^ones*'"', w^ones*'\\'
	return ((w-ones*' ')&^w|(quote-ones)&^quote|(backslash-ones)&^backslash)&tops == 0
}

// appendEscape appends the escape of one character.
func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
}
