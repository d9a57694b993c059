package connect

// This file takes the rows of a query that was sent as a text from the wire, as
// they are. The driver reads what stands before and behind them: it boxes each
// value, which was a seventh of the time of a large result, and reads 4 KB at a
// time. Under TLS the wire sees nothing of them, and the driver reads all.

import (
	"bytes"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/encode"
)

const (
	// textBytes is how much is read at a time: twice what servers send at once.
	textBytes = 32 << 10
	// maxKeptBytes bounds the buffer that is kept for the next packet.
	maxKeptBytes = 256 << 10
	// maxPacket is the size of a packet that goes on in the next one.
	maxPacket = 1<<24 - 1

	packetHeader = 4
	packetNull   = 0xfb // in a row; as a reply, it asks for a file
	packetEOF    = 0xfe
	eofSize      = 5 // of the one behind the columns; one at the end may be an OK, which is longer
)

// TextRows are rows that can be had as they are on the wire.
type TextRows interface {
	driver.Rows
	// HasText reports whether NextText may be called, and Next may not, before any
	// of the rows is read. It is up to the kind of query, and connection.
	HasText() bool
	// NextText goes to the next row and makes cells, one for each column, its
	// values, nil for NULL. They last until the next call. After the last row it
	// returns io.EOF.
	NextText(cells [][]byte) error
}

// HasText implements TextRows.
func (r *rows) HasText() bool { return r.conn.wire.hasText() }

// NextText implements TextRows.
func (r *rows) NextText(cells [][]byte) (err error) {
	packet, err := r.conn.wire.nextRow()
	switch {
	case err != nil:
	case packet == nil:
		defer r.conn.recovered(&err)
		err = r.driverRows.Next(nil) // which reads the end
	default:
		err = splitRow(cells, packet)
	}
	if err == nil {
		return nil
	}
	return r.ended(err)
}

// skipText reads the rows that are left, if they are not the driver's.
func (r *rows) skipText() {
	for r.conn.wire.state == wireRows {
		if packet, err := r.conn.wire.nextRow(); packet == nil || err != nil {
			return // the driver reads the end, or meets the same error
		}
	}
}

// splitRow makes cells the values of a row (MySQL source documentation,
// "Text Resultset Row").
func splitRow(cells [][]byte, row []byte) error {
	for i := range cells {
		if len(row) == 0 {
			return malformed("short row")
		}
		if row[0] == packetNull {
			cells[i], row = nil, row[1:]
			continue
		}
		size, n := uint64(row[0]), 1
		switch {
		case row[0] == 0xfc && len(row) >= 3:
			size, n = uint64(binary.LittleEndian.Uint16(row[1:])), 3
		case row[0] == 0xfd && len(row) >= 4:
			size, n = uint64(binary.LittleEndian.Uint32(row)>>8), 4
		case row[0] == 0xfe && len(row) >= 9:
			size, n = binary.LittleEndian.Uint64(row[1:]), 9
		case row[0] > packetNull:
			return malformed("short row")
		}
		if uint64(len(row)-n) < size {
			return malformed("short row")
		}
		end := n + int(size)
		cells[i], row = row[n:end:end], row[end:]
	}
	return nil
}

// expectColumns is expectReply for a query that is sent as a text: what the driver
// reads of the reply ends before the rows.
func (w *wire) expectColumns() {
	if !w.sealed {
		w.state, w.columns = wireColumns, -1
	}
}

// hasText reports whether the driver has read all columns, and none of the rows.
func (w *wire) hasText() bool {
	if w.state == wireColumns && w.columns == 0 && w.given == 0 { // there is no EOF behind them
		w.state = wireRows
	}
	return w.state == wireRows && w.given == 0
}

// readColumns gives the driver the next of the packets before the rows. If it asks
// for more, the rows are the driver's, too.
func (w *wire) readColumns(b []byte) (int, error) {
	packet, err := w.peek()
	if err != nil {
		return 0, err
	}
	switch body := packet[packetHeader:]; {
	case w.columns > 0:
		w.columns--
	case w.columns == 0 && len(body) == eofSize && body[0] == packetEOF:
		w.state = wireRows
	case w.columns < 0 && hasColumns(body):
		if w.columns = columnCount(body); w.columns > maxColumns {
			return 0, w.refuse("too many columns")
		}
	default: // no rows, or the driver's
		w.state = wireOpen
		return w.Read(b)
	}
	w.given = len(packet)
	w.sequence = packet[3] + 1
	w.rowSequence = w.sequence
	return w.give(b)
}

// hasColumns reports whether p, the beginning of a reply, is a number of columns.
func hasColumns(p []byte) bool {
	return len(p) > 0 && p[0] != packetOK && p[0] != packetNull && p[0] != packetErr && (p[0] < packetNull || len(p) > 2)
}

// give gives the driver some of the packet that is its.
func (w *wire) give(b []byte) (int, error) {
	n := copy(b, w.head[:w.given])
	w.head, w.given = w.head[n:], w.given-n
	return n, nil
}

// nextRow returns the next row, which lasts until the next call, or nil if what
// comes is the end, which is the driver's.
func (w *wire) nextRow() ([]byte, error) {
	packet, err := w.peekRow()
	if err != nil {
		return nil, err
	}
	row := packet[packetHeader:]
	switch {
	case len(row) == 0:
		return nil, w.refuse("empty row")
	case len(row) < maxPacket && (row[0] == packetEOF || row[0] == packetErr):
		packet[3] = w.sequence // as if there had been no rows
		w.state, w.given = wireOpen, len(packet)
		return nil, nil
	}
	w.head = w.head[len(packet):]
	if len(row) == maxPacket {
		return w.joinRow(row)
	}
	return row, nil
}

// joinRow returns the row that begins with first, and goes on in the next packets.
func (w *wire) joinRow(first []byte) ([]byte, error) {
	row := bytes.Clone(first)
	for more := maxPacket; more == maxPacket; {
		packet, err := w.peekRow()
		if err != nil {
			return nil, err
		}
		if len(row)+len(packet) > maxRowBytes {
			return nil, w.tooLarge()
		}
		row = append(row, packet[packetHeader:]...)
		w.head = w.head[len(packet):]
		more = len(packet) - packetHeader
	}
	return row, nil
}

// peekRow is peek for a packet of the rows.
func (w *wire) peekRow() ([]byte, error) {
	packet, err := w.peek()
	if err != nil {
		return nil, err
	}
	if packet[3] != w.rowSequence {
		return nil, w.refuse("out of sequence")
	}
	w.rowSequence++
	return packet, nil
}

// peek returns the next packet with its header, which stays where it is.
func (w *wire) peek() ([]byte, error) {
	if err := w.fill(packetHeader); err != nil {
		return nil, err
	}
	size := packetHeader + int(binary.LittleEndian.Uint32(w.head)&maxPacket)
	if err := w.fill(size); err != nil {
		return nil, err
	}
	return w.head[:size], nil
}

// fill reads until there are at least size bytes in head. What head was before is
// not to be used any more.
func (w *wire) fill(size int) error {
	if len(w.head) >= size {
		return nil
	}
	buf := w.buf
	if len(buf) < size {
		buf = make([]byte, max(textBytes, 1<<bits.Len(uint(size))))
	}
	if len(buf) <= maxKeptBytes {
		w.buf = buf
	}
	had := copy(buf, w.head)
	n, err := io.ReadAtLeast(w.Conn, buf[had:], size-had)
	w.head = buf[:had+n]
	if err != nil {
		return fmt.Errorf("%w: %v", mysql.ErrInvalidConn, err)
	}
	return nil
}

// tooLarge notes that a row is beyond the bound of one.
func (w *wire) tooLarge() error {
	w.err = encode.ErrRowTooLarge
	return w.err
}
