package catalog

// This file tells a table that has changed from a result that is only described
// otherwise. Both servers describe a column that a view computes by its
// expression when it is sent as it comes, and by the column of a temporary table
// when there is one (ORDER BY, DISTINCT, a view that is not merged): INT and
// BIGINT, TEXT and MEDIUMTEXT, ENUM and VARCHAR, YEAR and UNSIGNED INT. What
// never differs is what decides how a value is compared: its kind. The columns of
// base tables are always described as they are.

import (
	"strings"

	"readapi/internal/encode"
)

// kind is what decides how values are compared, and how they are written.
type kind struct {
	family   string // integer, text, binary, or the type itself
	unsigned bool
	scale    int // of DECIMAL, TIME, DATETIME and TIMESTAMP
}

// families maps types to families of several types. A column may have any other
// type of its family in a result. YEAR is unsigned.
var families = map[string]string{
	"TINYINT": "integer", "SMALLINT": "integer", "MEDIUMINT": "integer", "INT": "integer", "BIGINT": "integer", "YEAR": "integer",
	"CHAR": "text", "VARCHAR": "text", "TINYTEXT": "text", "TEXT": "text", "MEDIUMTEXT": "text", "LONGTEXT": "text", "ENUM": "text", "SET": "text",
	"BINARY": "binary", "VARBINARY": "binary", "TINYBLOB": "binary", "BLOB": "binary", "MEDIUMBLOB": "binary", "LONGBLOB": "binary",
}

// declared returns the type and scale of a column of a result.
func declared(c encode.Column) (typeName string, scale int) {
	switch c.Type {
	case "DECIMAL", "TIME", "DATETIME", "TIMESTAMP":
		scale = c.Scale
	}
	return c.Type, scale
}

// newKind returns the kind of a type.
func newKind(typeName string, scale int) kind {
	family, unsigned := strings.CutPrefix(typeName, "UNSIGNED ")
	if f := families[family]; f != "" {
		family = f
	}
	return kind{family, unsigned || typeName == "YEAR", scale}
}

// IsSame reports whether a column of a result is what was learned: exactly for a
// column of a base table, by its kind for one of a view. The name is not
// looked at, because it may be an alias.
func (c *Column) IsSame(now encode.Column) bool {
	typeName, scale := declared(now)
	if c.IsComputed {
		return newKind(typeName, scale) == c.kind
	}
	return typeName == c.Type && scale == c.Scale
}

// IsSameInUnion is IsSame for a column of a union, or of a subquery in parentheses,
// which both servers declare by its kind only; MariaDB makes DECIMAL of unsigned
// integers.
func (c *Column) IsSameInUnion(now encode.Column) bool {
	found := newKind(declared(now))
	return found == c.kind || c.kind.family == "integer" && c.kind.unsigned && found == kind{family: "DECIMAL"}
}

// Probe is an expression for the select list of a query that compares a column, as
// it is written there, but does not select it. It is NULL, and what it is declared
// to be tells IsSameProbe of a type that has changed: else a number would be
// compared with what has become a text. It takes no index from a query (measured:
// EXPLAIN is the same), because the column is read anyway, and one byte per row.
func Probe(column string) string { return "IF(FALSE, " + column + ", NULL)" }

// ProbeCount is Probe for a query of aggregates. It is for columns that are
// compared: MySQL has no MAX of a geometry or a vector.
func ProbeCount(column string) string { return "IF(FALSE, MAX(" + column + "), NULL)" }

// IsSameProbe reports whether the column of a result that Probe or ProbeCount
// made says that c is what was learned, as to how it is compared.
func (c *Column) IsSameProbe(now encode.Column) bool {
	return newKind(declared(now)) == c.probe
}
