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
	n := &nested{enc: e, shape: shape, branches: make([]nestedBranch, len(shape.Branches))}
	e.nested = n
	n.values = make([]driver.Value, len(columns))
	for i := len(shape.Branches) - 1; i >= 0; i-- { // the leaves of a branch may be those of a later one
		b := &n.branches[i]
		b.Branch = shape.Branches[i]
		b.members = newNestedMembers(b.Members, columns, options)
		b.leaves = n.newLeaves(b.Members)
	}
	n.fields = make([][]byte, len(n.branches[0].leaves))
	return e
}

// nested is the part of an Encoder that has a Shape.
type nested struct {
	enc      *Encoder
	shape    *Shape
	branches []nestedBranch
	values   []driver.Value // of one row, for what does not come as values
	texts    []sentText     // that they are, if they come as texts
	open     []*frame       // the rows that are not complete, each in the one before
	spare    []*frame
	fields   [][]byte // the leaves of the row of the result that is open, for CSV
	key      []byte   // the values of Keys in the row before, and in this one
	newKey   []byte
}

// nestedBranch is a branch, and what its rows are written with.
type nestedBranch struct {
	Branch
	members []nestedMember
	leaves  []leaf
}

// nestedMember is a member, and what it is written with.
type nestedMember struct {
	Member
	key   []byte // what stands before the value: `"id":`
	cell  *cell  // of a ValueMember
	inner []nestedMember
}

// leaf is a member in a row of columns: those of a lifted branch are members of
// their own.
type leaf struct {
	name    string
	key     []byte
	isField bool // in CSV it is written as a column is, and not as JSON
}

func newNestedMembers(members []Member, columns []Column, options Options) []nestedMember {
	all := make([]nestedMember, len(members))
	for i, m := range members {
		all[i] = nestedMember{Member: m, key: memberKey(m.Name), inner: newNestedMembers(m.Members, columns, options)}
		if m.Kind == ValueMember {
			all[i].cell = new(newMemberCell(columns[m.Column], m.Field, options))
		}
	}
	return all
}

// memberKey is what stands before the value of a member.
func memberKey(name string) []byte { return append(appendString(nil, []byte(name)), ':') }

func (n *nested) newLeaves(members []Member) []leaf {
	var all []leaf
	for _, m := range members {
		if m.Kind != RowsMember || !n.branches[m.Branch].Lifted {
			all = append(all, leaf{m.Name, memberKey(m.Name), m.Kind == ValueMember})
			continue
		}
		for _, l := range n.branches[m.Branch].leaves {
			all = append(all, leaf{l.name, l.key, false})
		}
	}
	return all
}

// frame is a row that is not complete.
type frame struct {
	branch int
	text   []byte  // of the pieces
	pieces []piece // that are not written yet begin with next
	next   int
	rows   int      // the branch whose array is open, or none
	out    *[]byte  // where the row is written, or
	into   [][]byte // where its leaves are, if these are written one by one
	lifted [][]byte // the leaves of the lifted branch that is open
}

// none is no branch.
const none = -1

// piece is a text, and the rows of a branch behind it.
type piece struct {
	end      int  // of the text, which begins where the one before ends
	leaf     int  // that it belongs to, if they are written one by one
	rows     int  // or none
	isSpread bool // the leaves of a lifted branch are leaves from this one on, and not members of an object
}

// captured is a column as database/sql gives it.
type captured struct{ into *driver.Value }

// Scan implements sql.Scanner. The bytes of src are good until the next row.
func (c captured) Scan(src any) error {
	*c.into = src
	return nil
}

// scanners are all columns, as rows.Scan takes them.
func (n *nested) scanners() []any {
	cells := make([]any, len(n.values))
	for i := range cells {
		cells[i] = captured{&n.values[i]}
	}
	return cells
}

// appendScanned is appendRow for what scanners have taken.
func (n *nested) appendScanned(dst []byte, err error) ([]byte, error) {
	if err != nil {
		return dst, err
	}
	return n.appendRow(dst, n.values)
}

// sentText is a value as the server sends it. A pointer to one is a driver.Value
// here that takes no allocation.
type sentText []byte

// appendTexts is appendRow for values as the server sends them.
func (n *nested) appendTexts(dst []byte, texts [][]byte) ([]byte, error) {
	if n.texts == nil {
		n.texts = make([]sentText, len(n.values))
	}
	for i, text := range texts {
		n.values[i] = nil
		if n.texts[i] = text; text != nil {
			n.values[i] = &n.texts[i]
		}
	}
	return n.appendRow(dst, n.values)
}

// appendRow appends what is known of the result with one more row of the
// database.
func (n *nested) appendRow(dst []byte, values []driver.Value) ([]byte, error) {
	if n.enc.page.end.HasMore { // the row belongs to one that is not written
		return dst, nil
	}
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
		if err := n.add(0, values); err != nil || n.enc.page.end.HasMore {
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
	switch v := v.(type) {
	case nil:
		return append(key, 'n')
	case int64:
		return binary.AppendVarint(append(key, 'i'), v)
	case uint64:
		return binary.AppendUvarint(append(key, 'u'), v)
	case *sentText:
		return appendKeyText(key, *v)
	case []byte:
		return appendKeyText(key, v)
	default:
		return appendKeyText(key, fmt.Append(nil, v))
	}
}

func appendKeyText(key, text []byte) []byte {
	return append(binary.AppendUvarint(append(key, 't'), uint64(len(text))), text...)
}

// add adds a row of a branch.
func (n *nested) add(branch int, values []driver.Value) (err error) {
	if branch != 0 {
		err = n.openArray(branch)
	} else if n.enc.isFull() {
		return nil
	} else {
		err = n.beginRow(values)
	}
	if err != nil {
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

// beginRow begins a row of the output.
func (n *nested) beginRow(values []driver.Value) error {
	n.closeAll()
	n.enc.begin(n.enc.out)
	if n.enc.isMarked() {
		return n.enc.mark(func(column int) driver.Value { return values[column] })
	}
	return nil
}

// branchOf returns the branch that a row is of.
func (n *nested) branchOf(values []driver.Value) (branch int, ok bool) {
	if len(n.branches) == 1 {
		return 0, true
	}
	number, ok := wholeNumber(values[n.shape.Column])
	return int(number), ok && number >= 0 && number < int64(len(n.branches))
}

// wholeNumber is a value that the database computes as one, however it declares it.
func wholeNumber(v driver.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), true
	case *sentText:
		number, err := strconv.ParseInt(string(*v), 10, 64)
		return number, err == nil
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
	return n.branches[branch].Lifted || branch == 0 && n.enc.format.Media == CSV
}

// held is how many bytes of leaves there are.
func (n *nested) held() int {
	total := 0
	for _, field := range n.fields {
		total += len(field)
	}
	for _, f := range n.open {
		for _, text := range f.lifted {
			total += len(text)
		}
	}
	return total
}

// push opens a row of a branch in the row that is open.
func (n *nested) push(branch int) *frame {
	if len(n.spare) == 0 {
		n.spare = append(n.spare, new(frame))
	}
	last := len(n.spare) - 1
	f := n.spare[last]
	n.spare = n.spare[:last]
	*f = frame{branch: branch, text: f.text[:0], pieces: f.pieces[:0], rows: none, out: &n.enc.out, lifted: f.lifted[:0]}
	switch {
	case branch == 0 && n.isLeaves(branch):
		f.into = n.fields
		empty(f.into)
	case branch != 0 && n.isLeaves(branch):
		f.into = n.top().lifted
	case branch != 0:
		f.out = n.top().target(n.top().pieces[n.top().next-1].leaf)
	}
	n.open = append(n.open, f)
	return f
}

// empty empties texts, and leaves them their memory.
func empty(texts [][]byte) {
	for i := range texts {
		texts[i] = texts[i][:0]
	}
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
	if err := n.encodeMembers(f, n.branches[f.branch].members, values, 0); err != nil {
		return err
	}
	if braces {
		f.text = append(f.text, '}')
	}
	f.cut(0, none)
	return nil
}

// cut ends a piece.
func (f *frame) cut(leaf, rows int) {
	f.pieces = append(f.pieces, piece{len(f.text), leaf, rows, false})
}

// isThere reports whether a member is not null.
func (m *nestedMember) isThere(values []driver.Value) bool {
	switch {
	case m.Column == NoColumn:
		return true
	case m.Kind == ValueMember:
		return values[m.Column] != nil
	default:
		return isTrue(values[m.Column])
	}
}

// encodeMembers appends the members of an object, which belongs to a leaf, to the
// text of f.
func (n *nested) encodeMembers(f *frame, members []nestedMember, values []driver.Value, leaf int) error {
	first := true
	for i := range members {
		m := &members[i]
		isThere := m.isThere(values)
		if !isThere && n.enc.format.StripNulls {
			continue
		}
		if !first {
			f.text = append(f.text, ',')
		}
		first = false
		if m.Kind == RowsMember && n.branches[m.Branch].Lifted {
			n.encodeLifted(f, m, isThere, leaf)
			continue
		}
		f.text = append(f.text, m.key...)
		if err := n.encodeMember(f, m, values, leaf); err != nil {
			return err
		}
	}
	return nil
}

// encodeLifted appends the members that a lifted branch has: when they have come,
// or null at once.
func (n *nested) encodeLifted(f *frame, m *nestedMember, isThere bool, leaf int) {
	if isThere {
		f.cut(leaf, m.Branch)
		return
	}
	for i, l := range n.branches[m.Branch].leaves {
		if i > 0 {
			f.text = append(f.text, ',')
		}
		f.text = append(append(f.text, l.key...), "null"...)
	}
}

// encodeMember appends the value of a member that belongs to a leaf.
func (n *nested) encodeMember(f *frame, m *nestedMember, values []driver.Value, leaf int) (err error) {
	switch {
	case !m.isThere(values):
		f.text = append(f.text, "null"...)
	case m.Kind == ValueMember:
		f.text, err = m.appendValue(f.text, values[m.Column])
	case m.Kind == RowsMember:
		f.cut(leaf, m.Branch)
	default:
		f.text = append(f.text, '{')
		err = n.encodeMembers(f, m.inner, values, leaf)
		f.text = append(f.text, '}')
	}
	return err
}

// appendValue appends v as the value of a ValueMember.
func (m *nestedMember) appendValue(dst []byte, v driver.Value) ([]byte, error) {
	if text, isSent := v.(*sentText); isSent && !m.cell.isText {
		return m.cell.appendText(dst, *text)
	}
	v, err := m.value(v)
	if err != nil {
		return dst, err
	}
	return m.cell.appendMember(dst, v)
}

// appendField appends v as a field of CSV.
func (m *nestedMember) appendField(dst []byte, v driver.Value) ([]byte, error) {
	v, err := m.value(v)
	if err != nil {
		return dst, err
	}
	return m.cell.appendCSV(dst, v)
}

// value is what the driver makes of v.
func (m *nestedMember) value(v driver.Value) (driver.Value, error) {
	if text, isSent := v.(*sentText); isSent {
		return m.cell.valueOf(*text)
	}
	return v, nil
}

// encodeLeaves makes pieces of a row whose leaves are written one by one.
func (n *nested) encodeLeaves(f *frame, values []driver.Value) (err error) {
	members, at := n.branches[f.branch].members, 0
	for i := range members {
		m := &members[i]
		switch {
		case m.Kind == RowsMember && n.branches[m.Branch].Lifted:
			at = n.spreadLeaves(f, m, m.isThere(values), at)
			continue
		case m.Kind == ValueMember && f.branch == 0:
			f.text, err = m.appendField(f.text, values[m.Column])
		default:
			err = n.encodeMember(f, m, values, at)
		}
		if err != nil {
			return err
		}
		f.cut(at, none)
		at++
	}
	return nil
}

// spreadLeaves makes pieces of the leaves of a lifted branch, which are leaves of
// f from one on, and returns the leaf behind them.
func (n *nested) spreadLeaves(f *frame, m *nestedMember, isThere bool, at int) int {
	behind := at + len(n.branches[m.Branch].leaves)
	if isThere {
		f.pieces = append(f.pieces, piece{len(f.text), at, m.Branch, true})
		return behind
	}
	for ; at < behind; at++ {
		f.text = append(f.text, "null"...)
		f.cut(at, none)
	}
	return behind
}

// openArray goes on to where a row of a branch belongs.
func (n *nested) openArray(branch int) error {
	parent := n.branches[branch].Parent
	for len(n.open) > 0 && n.top().branch != parent {
		n.closeRow()
	}
	if len(n.open) == 0 {
		return errOrder
	}
	f := n.top()
	if f.rows == branch {
		return n.separate(f, branch)
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
	switch b := &n.branches[p.rows]; {
	case b.Lifted:
		f.lifted = slices.Grow(f.lifted[:0], len(b.leaves))[:len(b.leaves)]
		empty(f.lifted)
	case !b.Single:
		target := f.target(p.leaf)
		*target = append(*target, '[')
	}
}

// separate writes what stands between two rows of a branch.
func (n *nested) separate(f *frame, branch int) error {
	switch b := &n.branches[branch]; {
	case b.Lifted:
		for i := range f.lifted {
			f.lifted[i] = append(f.lifted[i], ',')
		}
	case b.Single:
		return errOrder
	default:
		target := f.target(f.pieces[f.next-1].leaf)
		*target = append(*target, ',')
	}
	return nil
}

// closeArray writes what stands behind the rows of the branch that is open, if
// one is.
func (n *nested) closeArray(f *frame) {
	if f.rows == none {
		return
	}
	b, p := &n.branches[f.rows], f.pieces[f.next-1]
	if b.Lifted {
		n.writeLeaves(f, p, f.lifted)
		empty(f.lifted)
	} else if !b.Single {
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
	switch b := &n.branches[p.rows]; {
	case b.Lifted:
		n.writeLeaves(f, p, nil)
	case b.Single:
		*target = append(*target, "null"...)
	default:
		*target = append(*target, "[]"...)
	}
}

// writeLeaves writes the arrays of a lifted branch; nil is that all are empty.
func (n *nested) writeLeaves(f *frame, p piece, texts [][]byte) {
	for i, l := range n.branches[p.rows].leaves {
		target := f.target(p.leaf)
		switch {
		case p.isSpread:
			target = f.target(p.leaf + i)
		case i > 0:
			*target = append(append(*target, ','), l.key...)
		default:
			*target = append(*target, l.key...)
		}
		*target = append(*target, '[')
		if texts != nil {
			*target = append(*target, texts[i]...)
		}
		*target = append(*target, ']')
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
	for i, l := range n.branches[0].leaves {
		if i > 0 {
			n.enc.out = append(n.enc.out, ',')
		}
		switch text := f.into[i]; {
		case l.isField:
			n.enc.out = append(n.enc.out, text...)
		case string(text) != "null":
			n.enc.out = appendCSVField(n.enc.out, text)
		}
	}
}

// closeAll writes the rest of what is open.
func (n *nested) closeAll() {
	for len(n.open) > 0 {
		n.closeRow()
	}
}
