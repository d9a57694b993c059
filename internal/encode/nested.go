package encode

// This file writes rows with objects and arrays in them. Of each level there is
// one row in memory: what stands in it before an array is written at once, and
// what stands behind it when the array ends. Only where an array per member is
// wanted, or a field of CSV, all of it is in memory, up to MaxRowBytes.

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// errOrder is the error for rows that come in another order than a Shape says.
var errOrder = errors.New("a row that belongs to no row before it")

// NewNested makes the encoder for a result with these columns, of which shape says
// what becomes of them.
func NewNested(columns []Column, shape *Shape, f Format, options Options) *Encoder {
	e := &Encoder{format: f}
	n := &nested{enc: e, shape: shape, leaves: make([][]Member, len(shape.Branches)), cells: make([]*cell, len(columns))}
	e.nested = n
	e.cells = make([]any, len(columns))
	for i := range columns {
		e.cells[i] = &captured{}
	}
	for i, b := range shape.Branches {
		n.leaves[i] = shape.leaves(b.Members)
		n.makeCells(b.Members, columns, options)
	}
	return e
}

// captured is a column as database/sql gives it.
type captured struct{ value driver.Value }

// Scan implements sql.Scanner. The bytes of src are good until the next row.
func (c *captured) Scan(src any) error {
	c.value = src
	return nil
}

// nested is the part of an Encoder that has a Shape.
type nested struct {
	enc    *Encoder
	shape  *Shape
	leaves [][]Member // by branch
	cells  []*cell    // by column; nil if it is no value
	open   []*frame   // the rows that are not complete, each in the one before
	spare  []*frame
	key    []byte // the values of Keys in the row before, and in this one
	newKey []byte
}

// makeCells makes the cells of members.
func (n *nested) makeCells(members []Member, columns []Column, options Options) {
	for _, m := range members {
		if m.Kind == ValueMember {
			n.cells[m.Column] = newMemberCell(columns[m.Column], m.Field, options)
		}
		n.makeCells(m.Members, columns, options)
	}
}

// frame is a row that is not complete.
type frame struct {
	branch int
	text   []byte  // of the pieces
	pieces []piece // that are not written yet begin with next
	next   int
	rows   int      // the branch whose array is open, or none
	out    *[]byte  // where the row is written, and
	into   [][]byte // where its leaves are, if its branch is lifted
	lifted [][]byte // the leaves of the lifted branch that is open
}

// none is no branch.
const none = -1

// piece is a text, and the rows of a branch behind it.
type piece struct {
	end  int // of the text, which begins where the one before ends
	leaf int // of a lifted branch, that it belongs to
	rows int // or none
}

// appendRow appends what is known of the result with one more row of the
// database.
func (n *nested) appendRow(dst []byte, values []driver.Value) ([]byte, error) {
	n.enc.out = dst
	var err error
	if len(n.shape.Keys) > 0 {
		err = n.addJoined(values)
	} else if branch, ok := n.branchOf(values); ok {
		err = n.add(branch, values)
	} else {
		err = errOrder
	}
	dst, n.enc.out = n.enc.out, nil
	return dst, err
}

// addJoined adds a row of the second branch, and before it the one that it belongs
// to, if that is another one than before.
func (n *nested) addJoined(values []driver.Value) error {
	n.newKey = n.newKey[:0]
	for _, column := range n.shape.Keys {
		n.newKey = appendKey(n.newKey, values[column])
	}
	if n.enc.rows == 0 || !bytes.Equal(n.key, n.newKey) {
		n.key, n.newKey = n.newKey, n.key
		if err := n.add(0, values); err != nil {
			return err
		}
	}
	if !isTrue(values[n.shape.Column]) {
		return nil
	}
	return n.add(1, values)
}

// appendKey appends a value of a key, so that keys are the same only if all of
// their values are.
func appendKey(key []byte, v driver.Value) []byte {
	text, isText := v.([]byte)
	if !isText {
		text = fmt.Append(nil, v)
	}
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

// add adds a row of a branch.
func (n *nested) add(branch int, values []driver.Value) (err error) {
	if branch == 0 {
		n.closeAll()
		n.enc.begin(n.enc.out)
	} else if err := n.openArray(branch); err != nil {
		return err
	}
	f := n.push(branch)
	if n.isLeaves(branch) {
		err = n.encodeLeaves(f, values)
	} else {
		err = n.encodeObject(f, values, branch != 0)
	}
	if err == nil && len(f.text)+n.held() > MaxRowBytes {
		err = ErrRowTooLarge
	}
	return err
}

// branchOf returns the branch that a row is of.
func (n *nested) branchOf(values []driver.Value) (branch int, ok bool) {
	if len(n.shape.Branches) == 1 {
		return 0, true
	}
	number, ok := wholeNumber(values[n.shape.Column])
	return int(number), ok && number >= 0 && number < int64(len(n.shape.Branches))
}

// wholeNumber is a value that the database computes as one, however it declares it.
func wholeNumber(v driver.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), true
	case []byte:
		number, err := strconv.ParseInt(string(v), 10, 64)
		return number, err == nil
	default:
		return 0, false
	}
}

// isTrue reports whether a column says yes.
func isTrue(v driver.Value) bool {
	number, ok := wholeNumber(v)
	return ok && number != 0
}

// isLeaves reports whether the leaves of rows of a branch are written one by one.
func (n *nested) isLeaves(branch int) bool {
	return n.shape.Branches[branch].Lifted || branch == 0 && n.enc.format.Media == CSV
}

// held is how many bytes of leaves there are.
func (n *nested) held() int {
	total := 0
	for _, f := range n.open {
		for _, leaf := range f.lifted {
			total += len(leaf)
		}
		for _, leaf := range f.into {
			total += len(leaf)
		}
	}
	return total
}

// push opens a row of a branch in the row that is open.
func (n *nested) push(branch int) *frame {
	f := new(frame)
	if last := len(n.spare) - 1; last >= 0 {
		f, n.spare = n.spare[last], n.spare[:last]
	}
	*f = frame{branch: branch, text: f.text[:0], pieces: f.pieces[:0], rows: none, out: &n.enc.out, lifted: f.lifted[:0]}
	switch {
	case branch == 0 && n.isLeaves(branch):
		f.into = make([][]byte, len(n.leaves[branch]))
	case branch != 0 && n.isLeaves(branch):
		f.into = n.top().lifted
	case branch != 0:
		f.out = n.top().target(n.top().pieces[n.top().next-1].leaf)
	}
	n.open = append(n.open, f)
	return f
}

// target is where what belongs to a leaf is written.
func (f *frame) target(leaf int) *[]byte {
	if f.into == nil {
		return f.out
	}
	return &f.into[leaf]
}

// encodeObject makes pieces of a row that is one object.
func (n *nested) encodeObject(f *frame, values []driver.Value, braces bool) error {
	if braces {
		f.text = append(f.text, '{')
	}
	if err := n.encodeMembers(f, n.shape.Branches[f.branch].Members, values); err != nil {
		return err
	}
	if braces {
		f.text = append(f.text, '}')
	}
	f.cut(0, none)
	return nil
}

// cut ends a piece.
func (f *frame) cut(leaf, rows int) { f.pieces = append(f.pieces, piece{len(f.text), leaf, rows}) }

// encodeMembers appends the members of an object to the text of f.
func (n *nested) encodeMembers(f *frame, members []Member, values []driver.Value) error {
	first := true
	for _, m := range members {
		isThere := m.Column == NoColumn || m.Kind != ValueMember && isTrue(values[m.Column]) || m.Kind == ValueMember && values[m.Column] != nil
		if !isThere && n.enc.format.StripNulls {
			continue
		}
		if !first {
			f.text = append(f.text, ',')
		}
		first = false
		if m.Kind == RowsMember && n.shape.Branches[m.Branch].Lifted {
			n.encodeLifted(f, m, isThere)
			continue
		}
		f.text = append(appendString(f.text, []byte(m.Name)), ':')
		if err := n.encodeMember(f, m, values, isThere, 0); err != nil {
			return err
		}
	}
	return nil
}

// encodeLifted appends the members that a lifted branch has: when they have come,
// or null at once.
func (n *nested) encodeLifted(f *frame, m Member, isThere bool) {
	if isThere {
		f.cut(0, m.Branch)
		return
	}
	for i, leaf := range n.leaves[m.Branch] {
		if i > 0 {
			f.text = append(f.text, ',')
		}
		f.text = append(appendString(f.text, []byte(leaf.Name)), ":null"...)
	}
}

// encodeMember appends the value of a member that belongs to a leaf.
func (n *nested) encodeMember(f *frame, m Member, values []driver.Value, isThere bool, leaf int) (err error) {
	switch {
	case !isThere:
		f.text = append(f.text, "null"...)
	case m.Kind == ValueMember:
		f.text, err = n.cells[m.Column].appendMember(f.text, values[m.Column])
	case m.Kind == RowsMember:
		f.cut(leaf, m.Branch)
	default:
		f.text = append(f.text, '{')
		err = n.encodeMembers(f, m.Members, values)
		f.text = append(f.text, '}')
	}
	return err
}

// encodeLeaves makes pieces of a row whose leaves are written one by one.
func (n *nested) encodeLeaves(f *frame, values []driver.Value) error {
	isCSV := f.branch == 0
	leaf := 0
	for _, m := range n.shape.Branches[f.branch].Members {
		isThere := m.Column == NoColumn || m.Kind == ValueMember || isTrue(values[m.Column])
		switch {
		case m.Kind == RowsMember && n.shape.Branches[m.Branch].Lifted && isThere:
			f.cut(leaf, m.Branch)
			leaf += len(n.leaves[m.Branch])
			continue
		case m.Kind == RowsMember && n.shape.Branches[m.Branch].Lifted:
			for range n.leaves[m.Branch] {
				f.text = append(f.text, "null"...)
				f.cut(leaf, none)
				leaf++
			}
			continue
		}
		var err error
		if isCSV && m.Kind == ValueMember {
			f.text, err = n.cells[m.Column].appendCSV(f.text, values[m.Column])
		} else {
			err = n.encodeMember(f, m, values, isThere, leaf)
		}
		if err != nil {
			return err
		}
		f.cut(leaf, none)
		leaf++
	}
	return nil
}

// openArray goes on to where a row of a branch belongs.
func (n *nested) openArray(branch int) error {
	parent := n.shape.Branches[branch].Parent
	for len(n.open) > 0 && n.top().branch != parent {
		n.closeRow()
	}
	if len(n.open) == 0 {
		return errOrder
	}
	f := n.top()
	if f.rows == branch {
		n.separate(f, branch)
		return nil
	}
	n.closeArray(f)
	for f.next < len(f.pieces) {
		p := n.writePiece(f)
		if p.rows == branch {
			f.rows = branch
			n.beginArray(f, p)
			return nil
		}
		n.writeNoRows(f, p)
	}
	return errOrder
}

func (n *nested) top() *frame { return n.open[len(n.open)-1] }

// writePiece writes the text of the next piece.
func (n *nested) writePiece(f *frame) piece {
	start := 0
	if f.next > 0 {
		start = f.pieces[f.next-1].end
	}
	p := f.pieces[f.next]
	f.next++
	target := f.target(p.leaf)
	*target = append(*target, f.text[start:p.end]...)
	return p
}

// beginArray writes what stands before the first row of a branch.
func (n *nested) beginArray(f *frame, p piece) {
	switch b := n.shape.Branches[p.rows]; {
	case b.Lifted:
		f.lifted = slices.Grow(f.lifted[:0], len(n.leaves[p.rows]))[:len(n.leaves[p.rows])]
		for i := range f.lifted {
			f.lifted[i] = f.lifted[i][:0]
		}
	case !b.Single:
		target := f.target(p.leaf)
		*target = append(*target, '[')
	}
}

// separate writes what stands between two rows of a branch.
func (n *nested) separate(f *frame, branch int) {
	if !n.shape.Branches[branch].Lifted {
		target := f.target(f.pieces[f.next-1].leaf)
		*target = append(*target, ',')
		return
	}
	for i := range f.lifted {
		f.lifted[i] = append(f.lifted[i], ',')
	}
}

// closeArray writes what stands behind the rows of the branch that is open, if
// one is.
func (n *nested) closeArray(f *frame) {
	if f.rows == none {
		return
	}
	branch, p := n.shape.Branches[f.rows], f.pieces[f.next-1]
	if branch.Lifted {
		n.writeLeaves(f, p, f.lifted)
	} else if !branch.Single {
		target := f.target(p.leaf)
		*target = append(*target, ']')
	}
	f.rows = none
}

// writeNoRows writes that there are no rows of a branch.
func (n *nested) writeNoRows(f *frame, p piece) {
	if p.rows == none {
		return
	}
	target := f.target(p.leaf)
	switch b := n.shape.Branches[p.rows]; {
	case b.Lifted:
		n.writeLeaves(f, p, make([][]byte, len(n.leaves[p.rows])))
	case b.Single:
		*target = append(*target, "null"...)
	default:
		*target = append(*target, "[]"...)
	}
}

// writeLeaves writes the arrays of a lifted branch.
func (n *nested) writeLeaves(f *frame, p piece, texts [][]byte) {
	for i, leaf := range n.leaves[p.rows] {
		target := f.target(p.leaf + i)
		if f.into == nil {
			if i > 0 {
				*target = append(*target, ',')
			}
			*target = append(appendString(*target, []byte(leaf.Name)), ':')
		}
		*target = append(append(append(*target, '['), texts[i]...), ']')
	}
}

// closeRow writes the rest of the row that is open.
func (n *nested) closeRow() {
	f := n.top()
	n.closeArray(f)
	for f.next < len(f.pieces) {
		n.writeNoRows(f, n.writePiece(f))
	}
	n.open = n.open[:len(n.open)-1]
	if f.branch == 0 {
		if n.enc.format.Media == CSV {
			n.writeCSV(f)
		}
		n.enc.out, _ = n.enc.end(nil)
	}
	n.spare = append(n.spare, f)
}

// writeCSV writes the leaves of a row as fields.
func (n *nested) writeCSV(f *frame) {
	for i, leaf := range n.leaves[0] {
		if i > 0 {
			n.enc.out = append(n.enc.out, ',')
		}
		switch text := f.into[i]; {
		case leaf.Kind == ValueMember && n.isOwn(leaf):
			n.enc.out = append(n.enc.out, text...)
		case string(text) != "null":
			n.enc.out = appendCSVField(n.enc.out, text)
		}
	}
}

// isOwn reports whether a leaf is a column of the result's own rows, which is a
// field already, and not an array of a lifted branch.
func (n *nested) isOwn(leaf Member) bool {
	return slices.ContainsFunc(n.shape.Branches[0].Members, func(m Member) bool { return m.Kind == ValueMember && m.Column == leaf.Column })
}

// closeAll writes the rest of what is open.
func (n *nested) closeAll() {
	for len(n.open) > 0 {
		n.closeRow()
	}
}
