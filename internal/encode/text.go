package encode

// This file takes values in the form in which the server sends them as texts. What
// they become is what would become of the values that the driver makes of them.

import (
	"database/sql/driver"
	"fmt"
	"strconv"
)

// sent is what the driver makes of a text.
type sent uint8

const (
	sentBytes sent = iota
	sentInteger
	sentUnsigned
	sentFloat
	sentDouble
)

// sentAs is what the driver makes of a text of a column that is declared so.
func sentAs(typeName string) sent {
	switch typeName {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR",
		"UNSIGNED TINYINT", "UNSIGNED SMALLINT", "UNSIGNED MEDIUMINT", "UNSIGNED INT":
		return sentInteger
	case "UNSIGNED BIGINT":
		return sentUnsigned
	case "FLOAT":
		return sentFloat
	case "DOUBLE":
		return sentDouble
	default:
		return sentBytes
	}
}

// AppendTexts is AppendRow for values as the server sends them, one per column,
// nil for NULL. They are not kept.
func (e *Encoder) AppendTexts(dst []byte, texts [][]byte) ([]byte, error) {
	if e.nested != nil {
		return e.nested.appendTexts(dst, texts)
	}
	if e.isFull() {
		return dst, nil
	}
	e.begin(dst)
	for i := range e.written {
		if err := e.written[i].scanText(texts[i]); err != nil {
			return e.end(err)
		}
	}
	if e.isMarked() {
		return e.end(e.mark(func(column int) driver.Value { return sentValue(texts[column]) }))
	}
	return e.end(nil)
}

// sentValue is a text as a driver.Value, nil for NULL.
func sentValue(text []byte) driver.Value {
	if text == nil {
		return nil
	}
	return new(sentText(text))
}

// scanText is Scan for a text.
func (c *cell) scanText(text []byte) error {
	if text == nil {
		return c.Scan(nil)
	}
	if c.isText || c.enc.format.Media == CSV {
		value, err := c.valueOf(text)
		if err != nil {
			return err
		}
		return c.Scan(value)
	}
	out := c.enc.out
	if len(out)+len(text) > c.enc.start+MaxRowBytes {
		return ErrRowTooLarge
	}
	if len(out) > c.enc.start {
		out = append(out, ',')
	}
	var err error
	c.enc.out, err = c.appendText(append(out, c.key...), text)
	return err
}

// appendText is appendValue for a text.
func (c *cell) appendText(dst, text []byte) ([]byte, error) {
	switch {
	case c.sent == sentBytes:
		return c.appendBytes(dst, text), nil
	case c.sent == sentDouble:
		f, err := strconv.ParseFloat(string(text), 64)
		return appendFloat(dst, f, 64), err
	case c.sent != sentFloat && !c.isBool && isEasyInteger(text):
		return c.appendQuote(append(c.appendQuote(dst), text...)), nil
	}
	value, err := c.valueOf(text)
	if err != nil {
		return dst, err
	}
	return c.appendValue(dst, value)
}

// maxEasyDigits is how long the longest integer may be that fits into 64 bits
// without a look at its digits.
const maxEasyDigits = 18

// isEasyInteger reports whether text is an integer of no sign that is written so in
// JSON, too.
func isEasyInteger(text []byte) bool {
	return len(text) <= maxEasyDigits && isDigits(text) && (text[0] != '0' || len(text) == 1)
}

// valueOf is what the driver makes of text.
func (c *cell) valueOf(text []byte) (value any, err error) {
	switch c.sent {
	case sentInteger:
		value, err = strconv.ParseInt(string(text), 10, 64)
	case sentUnsigned:
		value, err = strconv.ParseUint(string(text), 10, 64)
	case sentFloat:
		var f float64
		f, err = strconv.ParseFloat(string(text), 32)
		value = float32(f)
	case sentDouble:
		value, err = strconv.ParseFloat(string(text), 64)
	default:
		return text, nil
	}
	if err != nil {
		return nil, fmt.Errorf("column %q: %w", c.name, err)
	}
	return value, nil
}
