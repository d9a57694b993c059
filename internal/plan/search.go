package plan

// This file reads what is searched for in a text, in the four forms that
// PostgreSQL has, and writes it for the boolean mode of MySQL. Rule: a word stands
// there in quotes, or has letters and digits only, so that nothing in it is an
// operator.

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"readapi/internal/catalog"
)

// maxSearchDepth is how many parentheses may stand within each other.
const maxSearchDepth = 10

// search is what is searched for: a word or a phrase as the boolean mode has it,
// or what is made of others. A nil one has words only that the index does not
// hold.
type search struct {
	text string
	op   byte // &, |, ! or 0
	of   []*search
}

// combine makes one search of several. As in PostgreSQL, what is nothing is left
// out.
func combine(op byte, of ...*search) *search {
	var some []*search
	for _, e := range of {
		if e != nil {
			some = append(some, e)
		}
	}
	switch {
	case len(some) == 0:
		return nil
	case len(some) == 1 && op != '!':
		return some[0]
	default:
		return &search{op: op, of: some}
	}
}

// boolean writes e for the boolean mode, which has no NOT without something beside
// it: if negated is true, the rows are those that text does not find.
func (e *search) boolean() (text string, negated bool) {
	switch e.op {
	case 0:
		return e.text, false
	case '!':
		text, negated = e.of[0].boolean()
		return text, !negated
	}
	var plain, opposite []string
	for _, part := range e.of {
		text, negated := part.boolean()
		if part.op != 0 && strings.Contains(text, " ") {
			text = "(" + text + ")"
		}
		if negated {
			opposite = append(opposite, text)
		} else {
			plain = append(plain, text)
		}
	}
	switch {
	case e.op == '&' && len(plain) > 0:
		return signed(plain, opposite), false
	case e.op == '&': // none of them
		return strings.Join(opposite, " "), true
	case len(opposite) == 0:
		return strings.Join(plain, " "), false
	default: // not: all that are negated, without the others
		return signed(opposite, plain), true
	}
}

// signed writes what must be there and what must not.
func signed(with, without []string) string {
	text := "+" + strings.Join(with, " +")
	if len(without) > 0 {
		text += " -" + strings.Join(without, " -")
	}
	return text
}

// newSearch reads what an operator searches for by an index.
func newSearch(operator, text string, index *catalog.FullText) (*search, error) {
	r := searchReader{index: index, rest: text}
	switch operator {
	case "plfts":
		return r.words(text), nil
	case "phfts":
		return r.phrase(text), nil
	case "wfts":
		return r.web(), nil
	default:
		e, err := r.either()
		if err == nil && r.rest != "" {
			err = r.unexpected(`"&", "|" or the end`)
		}
		return e, err
	}
}

// searchReader reads a search from left to right.
type searchReader struct {
	index *catalog.FullText
	rest  string
	depth int
}

// words is a search for all words of a text. What stands together, as foo-bar, is
// to be found together.
func (r *searchReader) words(text string) *search {
	var all []*search
	for _, word := range strings.Fields(text) {
		all = append(all, r.phrase(word))
	}
	return combine('&', all...)
}

// phrase is a search for the words of a text one behind the other. At its ends
// there are none that the index does not hold.
func (r *searchReader) phrase(text string) *search {
	words := r.index.Words(text)
	from, to := 0, len(words)
	for from < to && !r.index.Holds(words[from]) {
		from++
	}
	for from < to && !r.index.Holds(words[to-1]) {
		to--
	}
	switch words = words[from:to]; {
	case len(words) == 0:
		return nil
	case len(words) == 1 && !r.index.IsInnoDB: // in quotes a stop word finds nothing
		return &search{text: words[0]}
	default:
		return &search{text: `"` + strings.Join(words, " ") + `"`}
	}
}

// web reads `word "a phrase" or -other`, in which nothing is wrong.
func (r *searchReader) web() *search {
	var either, all []*search
	for r.skipSpace(); r.rest != ""; r.skipSpace() {
		rest, isNot := strings.CutPrefix(r.rest, "-")
		r.rest = rest
		quoted, isQuoted := strings.CutPrefix(rest, `"`)
		text := ""
		if isQuoted {
			text, r.rest, _ = strings.Cut(quoted, `"`)
		} else {
			text = r.until(" \t\r\n\"")
		}
		if !isQuoted && !isNot && strings.EqualFold(text, "or") {
			either, all = append(either, combine('&', all...)), nil
			continue
		}
		e := r.phrase(text)
		if isNot {
			e = combine('!', e)
		}
		all = append(all, e)
	}
	return combine('|', append(either, combine('&', all...))...)
}

// either reads `a & b | c`.
func (r *searchReader) either() (*search, error) {
	var of []*search
	if r.skipSpace(); r.rest == "" {
		return nil, nil
	}
	for {
		e, err := r.both()
		if err != nil {
			return nil, err
		}
		of = append(of, e)
		if !r.take("|") {
			return combine('|', of...), nil
		}
	}
}

// both reads `a & !b`.
func (r *searchReader) both() (*search, error) {
	var of []*search
	for {
		e, err := r.one()
		if err != nil {
			return nil, err
		}
		of = append(of, e)
		if !r.take("&") {
			return combine('&', of...), nil
		}
	}
}

// one reads a word, a text in single quotes, a NOT or parentheses.
func (r *searchReader) one() (e *search, err error) {
	if r.depth++; r.depth > maxSearchDepth {
		return nil, fmt.Errorf("more than %d levels", maxSearchDepth)
	}
	defer func() { r.depth-- }()
	switch {
	case r.take("!"):
		e, err = r.one()
		return combine('!', e), err
	case r.take("("):
		if e, err = r.either(); err == nil && !r.take(")") {
			err = r.unexpected(`"&", "|" or ")"`)
		}
		return e, err
	case r.take("'"):
		text := r.until("'")
		if !r.take("'") {
			return nil, r.unexpected("a closing quote")
		}
		return r.phrase(text), nil
	}
	word := r.until(" \t\r\n&|!()<:'")
	if word == "" {
		return nil, r.unexpected(`a word, "!" or "("`)
	}
	return r.phrase(word), nil
}

// take skips blanks and prefix, if it is next, and reports whether it was.
func (r *searchReader) take(prefix string) bool {
	r.skipSpace()
	rest, found := strings.CutPrefix(r.rest, prefix)
	if found {
		r.rest = rest
		r.skipSpace()
	}
	return found
}

func (r *searchReader) skipSpace() { r.rest = strings.TrimLeft(r.rest, " \t\r\n") }

// until takes everything up to one of ends, or to the end.
func (r *searchReader) until(ends string) string {
	end := strings.IndexAny(r.rest, ends)
	if end < 0 {
		end = len(r.rest)
	}
	text := r.rest[:end]
	r.rest = r.rest[end:]
	return text
}

// unexpected is the error for what is next.
func (r *searchReader) unexpected(expected string) error {
	if r.rest == "" {
		return fmt.Errorf("unexpected end, expected %s", expected)
	}
	next, _ := utf8.DecodeRuneInString(r.rest)
	return fmt.Errorf("unexpected %q, expected %s", string(next), expected)
}
