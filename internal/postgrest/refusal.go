package postgrest

// This file is how the language says no.

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Codes of refusals: PostgREST's and PostgreSQL's own.
const (
	CodeSyntax       = "PGRST100"
	CodeRange        = "PGRST103" // the rows are not there, or the range is none
	CodeNotEmbedded  = "PGRST108" // a parameter of a table that select does not name
	CodeToManyOrder  = "PGRST118" // order by a related table with several rows
	CodeEmbedFilter  = "PGRST120" // a related table compared with anything but null
	CodeNoAggregates = "PGRST123" // they are switched off
	CodeUnsupported  = "PGRST127"
	CodeNoRelation   = "PGRST200"
	CodeSeveral      = "PGRST201" // relations
	CodeNoColumn     = "42703"    // undefined_column
	CodeBadValue     = "22P02"    // invalid_text_representation
	CodeBadPattern   = "2201B"    // invalid_regular_expression
)

// wholeQuery is the parameter of what is wrong with the query string as a whole.
const wholeQuery = "?"

// maxExcerpt is how many characters of what was asked for a message repeats.
const maxExcerpt = 40

// Refusal is an error in what was asked for: what stands at a place, and what
// was expected. It has no text of the database.
type Refusal struct {
	Place
	Code   string
	Reason string
	Hint   string // may be empty
	// Choices are the relations that were meant, if there are several.
	Choices []Choice
}

// Choice is one of several relations that may have been meant.
type Choice struct {
	Cardinality  string `json:"cardinality"`  // many-to-one, …
	Embedding    string `json:"embedding"`    // both tables
	Relationship string `json:"relationship"` // what makes it
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + " " + r.Message() + " " + r.Where() }

// Message is the reason as a person reads it who sees nothing else. What does
// not name a column by itself begins with the parameter.
func (r *Refusal) Message() string {
	if r.Code != CodeSyntax || r.Param == "" || r.Param == wholeQuery {
		return r.Reason
	}
	return excerpt(r.Param, maxExcerpt) + ": " + r.Reason
}

// Where is the place, or nothing if there is none.
func (r *Refusal) Where() string {
	if r.Place == (Place{}) {
		return ""
	}
	return fmt.Sprintf("parameter %q, position %d", r.Param, r.Pos)
}

// Place is where something stands: the parameter, and the position in its value
// after decoding, in characters from 1. The zero value is nowhere.
type Place struct {
	Param string
	Pos   int
}

// Refuse makes the error for what stands there. The hint may be empty.
func (p Place) Refuse(code, hint, format string, args ...any) *Refusal {
	return &Refusal{Place: p, Code: code, Reason: fmt.Sprintf(format, args...), Hint: hint}
}

// excerpt is the beginning of s, at most this many characters.
func excerpt(s string, characters int) string {
	runes := []rune(s)
	if len(runes) <= characters {
		return s
	}
	return string(runes[:characters]) + "…"
}

// Nearest is the hint that names the candidate most like name, if one is.
func Nearest(name string, candidates []string) string {
	const maxNameBytes = 64 * utf8.UTFMax // of identifiers in MySQL
	if len(name) > maxNameBytes {
		return "" // to compare it would be a lot of work for nothing
	}
	length := utf8.RuneCountInString(name)
	best, distance := "", min(max(3, length/3+1), length)
	for _, candidate := range candidates {
		if d := editDistance(strings.ToLower(name), strings.ToLower(candidate)); d < distance {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("Perhaps you meant %q.", best)
}

// editDistance is the number of characters to insert, remove, replace or swap with
// their neighbour to turn a into b (optimal string alignment).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	beforeLast, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		beforeLast, last, row = last, row, beforeLast
		row[0] = i + 1
		for j := range y {
			cost := last[j]
			if x[i] != y[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
	}
	return row[len(y)]
}
