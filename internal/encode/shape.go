package encode

// This file says how flat rows become nested ones.

// Shape describes a result whose rows have objects and arrays of rows in them. A
// row of the result is then made of several of the database: one of its own, and
// behind it one for each row in its arrays, in order. Nothing changes a Shape that
// is in use.
type Shape struct {
	// Branches are the kinds of rows. The first are those of the result itself.
	Branches []Branch
	// Column has the number of the branch that a row is of, if there are several.
	Column int
	// Keys, if there are any, say that there are two branches, and a row of the
	// second has the one that it belongs to in front: that is another one if one of
	// these columns is. Column says then whether there is a row of the second.
	Keys []int
}

// Branch is a kind of rows.
type Branch struct {
	Parent  int // the branch whose rows these belong to
	Members []Member
	Lifted  bool // there is an array per member, instead of one of objects
	Single  bool // there is one at most, and no array
}

// Member is a member of an object.
type Member struct {
	Field
	Kind Kind
	// Column is the column of a ValueMember, and for the other kinds one that is true if
	// there is an object, or rows, at all; NoColumn is as if it were.
	Column  int
	Members []Member // of an ObjectMember
	Branch  int      // of a RowsMember
}

// NoColumn is the Column of what is always there.
const NoColumn = -1

// Kind is what a member is.
type Kind uint8

// The kinds of members.
const (
	ValueMember  Kind = iota
	ObjectMember      // null if it is not there
	RowsMember        // of a branch
)
