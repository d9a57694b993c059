package postgrest

// This file takes the pieces that all parameters are made of: names, numbers,
// quoted strings and lists.

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads a value from left to right; place is where rest begins.
type scanner struct {
	Place
	rest string
}

// take skips prefix, if it is next, and reports whether it was.
func (s *scanner) take(prefix string) bool {
	rest, found := strings.CutPrefix(s.rest, prefix)
	if found {
		s.Pos += utf8.RuneCountInString(prefix)
		s.rest = rest
	}
	return found
}

func (s *scanner) skipSpace() {
	s.take(s.rest[:len(s.rest)-len(strings.TrimLeft(s.rest, " \t"))])
}

// word returns the lower-case letters that are next, without skipping them.
func (s *scanner) word() string {
	rest := strings.TrimLeftFunc(s.rest, func(r rune) bool { return unicode.IsLetter(r) || r == '_' })
	return s.rest[:len(s.rest)-len(rest)]
}

// unexpected refuses what is next.
func (s *scanner) unexpected(expected string) error {
	if s.rest == "" {
		return s.Refuse(CodeSyntax, "", "unexpected end, expected %s", expected)
	}
	return s.Refuse(CodeSyntax, "", "unexpected %q, expected %s", excerpt(s.rest, maxExcerpt/2), expected)
}

// wholeNumber takes a number from 0 up to the end.
func (s *scanner) wholeNumber() (uint64, error) {
	n, err := strconv.ParseUint(s.rest, 10, 63)
	if err != nil || !isDigits(s.rest) {
		return 0, s.unexpected("a whole number from 0")
	}
	return n, nil
}

// limit takes the number of rows.
func (s *scanner) limit() (uint64, error) {
	if digits, isNegative := strings.CutPrefix(s.rest, "-"); isNegative && isDigits(digits) {
		return 0, Place{}.Refuse(CodeRange, "", "Limit should be greater than or equal to zero.")
	}
	return s.wholeNumber()
}

// parseIndex reads an index: digits, with a minus sign to count from the end.
func parseIndex(text string) (int, bool) {
	if !isDigits(strings.TrimPrefix(text, "-")) {
		return 0, false
	}
	index, err := strconv.ParseInt(text, 10, 32)
	return int(index), err == nil
}

// column takes the name of a column: quoted, or letters, digits, "_", "$", blank
// and "-".
func (s *scanner) column() (string, error) {
	s.skipSpace()
	if strings.HasPrefix(s.rest, `""`) {
		return "", s.unexpected("the name of a column")
	}
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted()
	}
	end := strings.IndexFunc(s.rest, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_$ -", r)
	})
	if end < 0 {
		end = len(s.rest)
	}
	name := s.rest[:end]
	if strings.HasSuffix(name, "-") && strings.HasPrefix(s.rest[end:], ">") { // of a path
		name = name[:end-1]
	}
	if strings.TrimSpace(name) == "" {
		return "", s.unexpected("the name of a column")
	}
	s.take(name)
	return strings.TrimSpace(name), nil
}

// QuoteName writes a name as it stands in a query string that is not encoded yet.
func QuoteName(name string) string {
	isOdd := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$' }
	if name != "" && !strings.ContainsFunc(name, isOdd) && name != "inner" && name != "left" {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// quoted takes a string in double quotes, in which a backslash makes the next
// character stand for itself.
func (s *scanner) quoted() (string, error) {
	var out strings.Builder
	escaped := false
	for i, r := range s.rest {
		switch {
		case i == 0:
		case escaped:
			out.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			s.take(s.rest[:i+1])
			return out.String(), nil
		default:
			out.WriteRune(r)
		}
	}
	return "", s.Refuse(CodeSyntax, "", "an opening quote, expected the closing one too")
}

// list takes the elements between open and close up to where the value ends.
func (s *scanner) list(open, closing string) (values []string, err error) {
	s.skipSpace()
	if !s.take(open) {
		return nil, s.unexpected(fmt.Sprintf("%q", open))
	}
	if trimmed := strings.TrimLeft(s.rest, " \t"); strings.HasPrefix(trimmed, closing) {
		s.skipSpace()
		s.take(closing)
		return nil, nil
	}
	for {
		if open == "{" { // an array literal: blanks do not count
			s.skipSpace()
		}
		value, err := s.element("," + closing)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		switch {
		case s.take(","):
		case s.take(closing):
			return values, nil
		default:
			return nil, s.unexpected(fmt.Sprintf(`"," or %q`, closing))
		}
	}
}

// element takes one value up to a character of ends: in quotes if these end
// right there, otherwise as it is. Clients do not escape a quote in the middle.
func (s *scanner) element(ends string) (string, error) {
	if strings.HasPrefix(s.rest, `"`) {
		before := *s
		value, err := s.quoted()
		if err == nil && (s.rest == "" || strings.ContainsAny(s.rest[:1], ends)) {
			return value, nil
		}
		isAlone := len(before.rest) > 1 && strings.ContainsAny(before.rest[1:2], ends)
		switch {
		case err != nil && isAlone: // a character like any other
			s.take(`"`)
			return `"`, nil
		case err != nil:
			return "", err
		}
		*s = before
		return "", s.Refuse(CodeSyntax, `Within quotes write \" for a quote.`, "text behind a closing quote, expected %s", ends)
	}
	end := strings.IndexAny(s.rest, ends)
	if end < 0 {
		end = len(s.rest)
	}
	value := s.rest[:end]
	s.take(value)
	return value, nil
}
