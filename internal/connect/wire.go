package connect

// This file owns what lies between the driver and the network: the driver
// panics over packets that are shorter than they should be. While it logs in,
// a panic would leak a goroutine of it, and a reply with a senseless number of
// columns would make it take all memory; so these packets are checked here
// before it sees them. Under TLS only the greeting can be: what follows is from
// somebody who holds a key.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/encode"
)

const (
	// maxRowBytes bounds what is read for one row, of which the driver makes one
	// piece: as much as may be written of it, and what the driver reads ahead.
	maxRowBytes = encode.MaxRowBytes + 1<<20
	// maxLoginPacket is far more than any packet of a login.
	maxLoginPacket = 64 << 10
	// maxColumns is more than a result of either engine can have (4096).
	maxColumns = 1 << 13
	// minReply is how many bytes any reply has: a header, and an error's number.
	minReply = 4 + 3

	packetOK     = 0x00
	packetSwitch = 0xfe
	packetErr    = 0xff
	capSSL       = 1 << 11 // CLIENT_SSL
)

// malformed is an error about bytes that make no sense. It counts as a lost
// connection.
func malformed(what any) error {
	return fmt.Errorf("%w: malformed packet: %v", mysql.ErrInvalidConn, what)
}

// wireState is what a wire expects.
type wireState uint8

const (
	wireOpen     wireState = iota // anything
	wireGreeting                  // the server's first packet
	wireLogin                     // packets of a login, each checked
	wireReply                     // the first packet of a reply
	wireColumns                   // the packets before the rows; see text.go
	wireRows                      // rows, none of which has been read
)

// wire is a connection to the server, checked. It belongs to one goroutine,
// except that anybody may close it.
type wire struct {
	net.Conn
	state   wireState
	wantTLS bool // if the server offers it
	sealed  bool // by TLS
	head    []byte
	row     int   // bytes read since the last row, or reply, was asked for
	err     error // why the connection was refused

	buf                   []byte // of head, in wireColumns and wireRows
	given                 int    // bytes of head that the driver may read
	columns               int    // that the driver has not read; -1 before their number
	sequence, rowSequence uint8  // of the next packet: for the driver, and in truth

	closed atomic.Bool
	cause  atomic.Pointer[error] // why interrupt closed it

	version  string // of the server, as in its greeting
	threadID uint32 // as in its greeting
}

func newWire(raw net.Conn, wantTLS bool) *wire {
	return &wire{Conn: raw, state: wireGreeting, wantTLS: wantTLS}
}

// ready ends the checks of the login.
func (w *wire) ready() { w.state = wireOpen }

// expectReply says that the next bytes are a reply to a command.
func (w *wire) expectReply() {
	w.row = 0
	if !w.sealed {
		w.state = wireReply
	}
}

// expectRow says that the next bytes are a row.
func (w *wire) expectRow() { w.row = 0 }

// Close closes the connection once.
func (w *wire) Close() error {
	if w.closed.Swap(true) {
		return nil
	}
	return w.Conn.Close()
}

// interrupt ends what is done on the connection because of cause. Anybody may call
// it.
func (w *wire) interrupt(cause error) {
	w.cause.Store(&cause)
	w.Close()
}

// SyscallConn lets the driver see whether the server has closed an idle
// connection.
func (w *wire) SyscallConn() (syscall.RawConn, error) {
	if sc, ok := w.Conn.(syscall.Conn); ok {
		return sc.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// Read implements net.Conn.
func (w *wire) Read(b []byte) (int, error) {
	if w.state == wireRows && w.given == 0 { // the driver reads them
		w.state = wireOpen
	}
	switch {
	case w.given > 0:
		return w.give(b)
	case w.state == wireColumns:
		return w.readColumns(b)
	case len(w.head) > 0:
		w.given = len(w.head)
		return w.give(b)
	case w.state == wireOpen:
		return w.readOpen(b)
	case w.state == wireReply:
		return w.readReply(b)
	}
	if err := w.readLogin(); err != nil {
		return 0, err
	}
	return w.Read(b)
}

// readOpen reads on, within the bound of a row.
func (w *wire) readOpen(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if w.row += n; w.row > maxRowBytes {
		return 0, w.tooLarge()
	}
	return n, err
}

// readReply reads the beginning of a reply.
func (w *wire) readReply(b []byte) (int, error) {
	n, err := io.ReadAtLeast(w.Conn, b, min(minReply, len(b)))
	if err != nil {
		return n, err
	}
	w.state = wireOpen
	if n >= minReply && columnCount(b[4:]) > maxColumns {
		return 0, w.refuse("too many columns")
	}
	return n, nil
}

// columnCount is what p, the beginning of a reply, says about columns, or 0.
// (A length-encoded integer: MySQL source documentation, "Integer Types".)
func columnCount(p []byte) int {
	switch {
	case p[0] < 0xfc:
		return int(p[0])
	case p[0] == 0xfc:
		return int(binary.LittleEndian.Uint16(p[1:]))
	case p[0] == packetErr:
		return 0
	default: // three bytes or eight
		return maxColumns + 1
	}
}

// readLogin reads one packet into head.
func (w *wire) readLogin() error {
	header := make([]byte, 4, 256)
	if _, err := io.ReadFull(w.Conn, header); err != nil {
		return err
	}
	size := int(binary.LittleEndian.Uint32(header) & 0xffffff)
	if size == 0 || size > maxLoginPacket {
		return w.refuse(fmt.Sprintf("its size is %d", size))
	}
	packet := append(header, make([]byte, size)...)
	if _, err := io.ReadFull(w.Conn, packet[4:]); err != nil {
		return err
	}
	if err := w.checkLogin(packet[4:]); err != nil {
		return err
	}
	w.head = packet
	return nil
}

// refuse notes why no more is read.
func (w *wire) refuse(what any) error {
	w.err = malformed(what)
	return w.err
}

// checkLogin refuses what the driver would panic over.
func (w *wire) checkLogin(p []byte) error {
	isGreeting := w.state == wireGreeting
	w.state = wireLogin
	switch {
	case p[0] == packetErr && !isWholeError(p):
		return w.refuse("short error")
	case p[0] == packetErr:
		return nil
	case isGreeting:
		return w.checkGreeting(p)
	case p[0] == packetOK && !isWholeOK(p):
		return w.refuse("short OK")
	case p[0] == packetSwitch && !isWholeSwitch(p):
		return w.refuse("short scramble")
	}
	return nil
}

// isWholeError reports whether p has an error's number, and state if any.
func isWholeError(p []byte) bool { return len(p) > 3 && (p[3] != '#' || len(p) >= 9) }

// isWholeOK reports whether p has two numbers and a status.
func isWholeOK(p []byte) bool {
	at := 1
	for range 2 {
		if at >= len(p) {
			return false
		}
		switch p[at] {
		case 0xfc:
			at += 3
		case 0xfd:
			at += 4
		case 0xfe:
			at += 9
		default:
			at++
		}
	}
	return len(p) >= at+2
}

// isWholeSwitch reports whether p, which asks for another way to log in, has the
// scramble that this way needs.
func isWholeSwitch(p []byte) bool {
	plugin, scramble, _ := bytes.Cut(p[1:], []byte{0})
	return string(plugin) != "mysql_native_password" || len(bytes.TrimSuffix(scramble, []byte{0})) >= 20
}

// checkGreeting reads the greeting (MySQL source documentation,
// "Protocol::HandshakeV10").
func (w *wire) checkGreeting(p []byte) error {
	const (
		afterVersion = 4 + 8 + 1 + 2                  // thread, scramble, filler, capabilities
		toScramble   = 1 + 2 + 2 + 1 + 6 + 4          // character set, status, capabilities, length, reserved
		long         = afterVersion + toScramble + 13 // the second part of the scramble
	)
	version, rest, found := bytes.Cut(p[1:], []byte{0})
	if p[0] != 10 || !found {
		return w.refuse(fmt.Sprintf("%.20q is no greeting of a MySQL server", p))
	}
	if len(rest) != afterVersion && len(rest) < long {
		return w.refuse("short greeting")
	}
	w.version, w.threadID = string(version), binary.LittleEndian.Uint32(rest)
	if w.wantTLS && binary.LittleEndian.Uint16(rest[afterVersion-2:])&capSSL != 0 {
		w.sealed, w.state = true, wireOpen
	}
	return nil
}
