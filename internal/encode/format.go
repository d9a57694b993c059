package encode

// This file names the forms that rows can take.

// Format is a form of a result. The zero value is the JSON array.
type Format struct {
	Media      Media
	StripNulls bool // members that are null are left out; JSON only
}

// Media is how rows are put together.
type Media uint8

// The media of results. All JSON is one row per line, in UTF-8.
const (
	Array  Media = iota // a JSON array of objects
	NDJSON              // an object per line
	CSV                 // RFC 4180 with a header line
	Object              // one object: for results of exactly one row
)

// Column is a column of a result, as the server declares it.
type Column struct {
	Name  string
	Type  string // as go-sql-driver/mysql calls it, such as "UNSIGNED INT"; "" is by the Go value
	Scale int    // digits behind the point, also of seconds; for other types it means nothing
}

// Options is what a caller may choose about the form of values. The zero value
// writes every number as a JSON number.
type Options struct {
	BigintAsString  bool // BIGINT columns as strings
	DecimalAsString bool // DECIMAL columns as strings
	Booleans        bool // fields of type BOOLEAN as true and false, not as numbers
}

// Field is a member of the output.
type Field struct {
	Name   string
	Type   string // of MySQL, as go-sql-driver/mysql calls it, or BOOLEAN; "" is what the result declares
	AsText bool   // whatever the type, a string
}
