package plan

// This file writes regular expressions: ICU's on MySQL, PCRE's on MariaDB. Rule:
// one that the database gives up on is an error, never a row less.

import (
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
			return left.matchesSurely(flags + value), nil
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
// match if it is not given up.
func (left subject) matchesSurely(pattern string) clause {
	return join([]clause{
		{sql: "CASE WHEN "},
		left.matches(pattern),
		{sql: " THEN TRUE WHEN "},
		left.matches(pattern + orEnd),
		{sql: " THEN FALSE WHEN "},
		left.clause,
		{" IS NOT NULL THEN EXP(CHAR_LENGTH(" + left.sql + ") + ?) END", append(left.args[:len(left.args):len(left.args)], int64(tooMuch))},
	}, "")
}

// typeName is how a type is called in an error: MariaDB's JSON is a text.
func typeName(c *catalog.Column) string {
	if c.IsJSON {
		return "JSON"
	}
	return c.Type
}
