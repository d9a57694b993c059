package encode

// This file ends a result where a page does, and remembers its last row.

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"slices"
)

// Page says which of the rows of a result are written, and what is to be known of
// the last one, for Encoder.End.
type Page struct {
	Rows  int    // at most; 0: all
	Mark  int    // the row, counted from 1, whose values are remembered
	Marks []Mark // in any order
}

// Mark is a column that the values of a page's last row are taken from.
type Mark struct {
	Column int    // of the result
	Type   string // as which its values are printed
}

// paging is the part of an Encoder that has a Page.
type paging struct {
	Page
	cells []cell // of the marks
	end   End
}

// End is what is known of the end of a page.
type End struct {
	HasMore bool // there was a row that the page had no room for
	// Marks are the values of the marks as JSON has them, strings without their
	// quotes, nil for NULL. There are none if there is no such row.
	Marks []*string
}

// Equal reports whether two pages end alike.
func (e End) Equal(other End) bool {
	return e.HasMore == other.HasMore && slices.EqualFunc(e.Marks, other.Marks, func(a, b *string) bool {
		return a == b || a != nil && b != nil && *a == *b
	})
}

// SetPage makes e write a page of a result with these columns. It is called before
// the first row, if at all.
func (e *Encoder) SetPage(p Page, columns []Column) {
	e.page = paging{Page: p, cells: make([]cell, len(p.Marks))}
	for i, m := range p.Marks {
		e.page.cells[i] = newMemberCell(columns[m.Column], Field{Type: m.Type}, Options{})
	}
}

// End is what is known of the end of the page so far.
func (e *Encoder) End() End { return e.page.end }

// isFull reports whether the page has no room for another row, and notes that there
// is one.
func (e *Encoder) isFull() bool {
	if e.page.Rows > 0 && e.rows >= e.page.Rows {
		e.page.end.HasMore = true
	}
	return e.page.end.HasMore
}

// isMarked reports whether the row that was begun is the one to remember.
func (e *Encoder) isMarked() bool { return len(e.page.Marks) > 0 && e.rows == e.page.Mark }

// mark remembers the row with these values, which value gives by their column.
func (e *Encoder) mark(value func(column int) driver.Value) error {
	for i, m := range e.page.Marks {
		printed, err := e.page.cells[i].printed(value(m.Column))
		if err != nil {
			return err
		}
		e.page.end.Marks = append(e.page.end.Marks, printed)
	}
	return nil
}

// markScanned remembers the row that rows stand on.
func (e *Encoder) markScanned(rows *sql.Rows) error {
	values := make([]driver.Value, len(e.written)+e.hidden)
	into := make([]any, len(values))
	for i := range into {
		into[i] = captured{&values[i]}
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	return e.mark(func(column int) driver.Value { return values[column] })
}

// printed is a value as JSON has it, without quotes, nil for NULL.
func (c *cell) printed(v driver.Value) (*string, error) {
	if v == nil {
		return nil, nil
	}
	var out []byte
	var err error
	if text, isSent := v.(*sentText); isSent {
		out, err = c.appendText(nil, *text)
	} else {
		out, err = c.appendMember(nil, v)
	}
	if err != nil {
		return nil, err
	}
	text := string(out)
	if out[0] == '"' {
		err = json.Unmarshal(out, &text)
	}
	return &text, err
}
