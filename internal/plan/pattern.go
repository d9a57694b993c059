package plan

// This file writes regular expressions: ICU's on MySQL, PCRE's on MariaDB. Rule:
// one that the database gives up on is an error, never a row less.

import (
	"math"
	"regexp"
	"strings"

	"readapi/internal/catalog"
	"readapi/internal/postgrest"
)

const (
	// matchCase and ignoreCase stand before a pattern, and say so whatever the
	// collation is. As in PostgreSQL, a point matches a line break, too.
	matchCase  = "(?s-i)"
	ignoreCase = "(?si)"
	// orEnd behind a pattern makes it match any text. It ends a \Q before.
	orEnd = `\E|\z`
	// tooMuch is an exponent that no DOUBLE has.
	tooMuch = 1000
)

// patternComparer returns what compares left with a regular expression.
func (b *builder) patternComparer(s *scope, c postgrest.Condition, left subject) (func(string) (clause, error), error) {
	if !valueTypeOf(left.column.Type).isText || left.column.IsJSON {
		return nil, c.ValuesAt.Refuse(postgrest.CodeSyntax, "", "%s on the column %q of type %s, expected a character column",
			c.Operator, left.column.Name, typeName(left.column))
	}
	b.patterns = true
	if charset := left.column.Charset; charset != "" && charset != "utf8mb4" { // which may not have the pattern's characters
		left.sql = "CONVERT(" + left.sql + " USING utf8mb4)"
	}
	flags := matchCase
	if c.Operator == "imatch" {
		flags = ignoreCase
	}
	return func(value string) (clause, error) {
		if s.table.MariaDB > 0 {
			return left.matchesSurely(flags, value), nil
		}
		return left.matches(flags + value), nil
	}, nil
}

// matches writes a match.
func (left subject) matches(pattern string) clause {
	return clause{left.sql + " REGEXP ?", append(left.args[:len(left.args):len(left.args)], pattern)}
}

// matchesSurely writes a match for MariaDB. If that has given up, it says that
// there is no match, and warns; what tells the two apart is a pattern that has to
// match if it is not given up. That takes several times as long, and is not asked
// of texts for which it cannot have given up.
func (left subject) matchesSurely(flags, pattern string) clause {
	length := clause{"CHAR_LENGTH(" + left.sql + ")", left.args}
	parts := []clause{{sql: "CASE WHEN "}, left.matches(flags + pattern), {sql: " THEN TRUE WHEN "}}
	if safe := safeLength(pattern); safe > 0 {
		parts = append(parts, length, clause{" <= ? THEN FALSE WHEN ", []any{int64(safe)}})
	}
	return join(append(parts,
		left.matches(flags+pattern+orEnd),
		clause{sql: " THEN FALSE WHEN "},
		left.clause,
		clause{sql: " IS NOT NULL THEN EXP("},
		length,
		clause{" + ?) END", []any{int64(tooMuch)}},
	), "")
}

// unsafePattern matches what makes it hard to say how many steps a pattern takes:
// repetitions of groups, groups that are more than that, and escapes that are more
// than a character.
var unsafePattern = regexp.MustCompile(`\)[*+?{]|\([*?]|\\[^dDwWsSbBtnr[:punct:]]`)

// safeLength is how long a text may be for a pattern to take a tenth of the steps
// at most after which PCRE gives up, 10,000,000: 0 if that is not known. A step is
// a way to go on from a place. There are as many as places to begin, times places
// where each repetition may end, times what alternatives there are: whatever looks
// like one of these counts.
func safeLength(pattern string) int {
	const maxSteps = 1_000_000
	if unsafePattern.MatchString(pattern) {
		return 0
	}
	repeats := strings.Count(pattern, "*") + strings.Count(pattern, "+") + strings.Count(pattern, "?") + strings.Count(pattern, "{")
	choices := strings.Count(pattern, "|")
	loops := repeats + 1
	if choices == 0 && strings.HasPrefix(pattern, "^") {
		loops = max(repeats, 1)
	}
	perWay := math.Exp2(float64(choices)) * float64(repeats+choices+strings.Count(pattern, "(")+1)
	return int(math.Pow(maxSteps/perWay, 1/float64(loops))) - 1
}

// typeName is how a type is called in an error: MariaDB's JSON is a text.
func typeName(c *catalog.Column) string {
	if c.IsJSON {
		return "JSON"
	}
	return c.Type
}
