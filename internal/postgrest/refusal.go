package postgrest

// This file is how the language says no.

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Codes of refusals: PostgREST's and PostgreSQL's own.
const (
	CodeSyntax   = "PGRST100"
	CodeRange    = "PGRST103" // the rows are not there, or the range is none
	CodeNoColumn = "42703"    // undefined_column
	CodeBadValue = "22P02"    // invalid_text_representation
)

// Refusal is an error in what was asked for: what stands at a place, and what
// was expected. It has no text of the database.
type Refusal struct {
	Place
	Code   string
	Reason string
	Hint   string // may be empty
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + " " + r.Where() }

// Where is the reason with its place, if it has one.
func (r *Refusal) Where() string {
	if r.Place == (Place{}) {
		return r.Reason
	}
	return fmt.Sprintf("parameter %q, position %d: %s", r.Param, r.Pos, r.Reason)
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

// Nearest is the hint that names the candidate most like name, if one is.
func Nearest(name string, candidates []string) string {
	const maxNameBytes = 64 * utf8.UTFMax // of identifiers in MySQL
	if len(name) > maxNameBytes {
		return "" // to compare it would be a lot of work for nothing
	}
	best, distance := "", max(2, utf8.RuneCountInString(name)/3)+1
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

// editDistance is the number of characters to insert, remove or replace to turn
// a into b (Levenshtein).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(y)]
}
