package catalog

// This file knows which characters a column can hold.

import "strings"

// windows1252 has the characters of MySQL's latin1 that ISO 8859-1 has not
// (MySQL manual, 12.10.2, West European Character Sets). It keeps the five bytes
// that Windows-1252 has no character for as control characters.
const windows1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ" + "\u0081\u008d\u008f\u0090\u009d"

// Holds reports whether the character set of c is known to have all characters
// of text. If it has not, MySQL refuses to compare the two. It is not known of
// character sets of one language beyond ASCII.
func (c *Column) Holds(text string) bool {
	for _, r := range text {
		if !charsetHas(c.Charset, r) {
			return false
		}
	}
	return true
}

// charsetHas reports whether a character set is known to have a character.
func charsetHas(charset string, r rune) bool {
	if r < 0x80 {
		return true
	}
	switch charset {
	case "", "utf8mb4", "utf16", "utf16le", "utf32":
		return true
	case "utf8", "utf8mb3", "ucs2":
		return r <= 0xFFFF
	case "latin1":
		return r >= 0xA0 && r <= 0xFF || strings.ContainsRune(windows1252, r)
	default:
		return false
	}
}
