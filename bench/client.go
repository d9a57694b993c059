package main

// This file is the load generator's HTTP/1.1 client (RFC 9112). It costs little,
// because it shares its processors with what it measures: a request is one
// prepared write, and a response is read without copying or allocating. It is
// strict about what matters here: status, framing and length.

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

const (
	// readBufferBytes is how much of a body is read at a time.
	readBufferBytes = 64 << 10
	dialTimeout     = 15 * time.Second // a full queue is tried again after 1, 3, 7 s
)

// Faults of a response.
var (
	errStatus = errors.New("status is not 200")
	errHead   = errors.New("malformed response head")
	errChunk  = errors.New("malformed chunk")
)

// client is one connection that sends a request again and again, the same one
// unless setPath changes it. It opens the connection when it needs one: some
// servers close it after each response. It belongs to one goroutine.
type client struct {
	addr     string
	request  []byte
	tail     string    // of the request, behind the path
	deadline time.Time // of whatever is under way; none if zero

	conn   net.Conn  // nil if there is none
	bound  time.Time // the deadline that conn has
	reader *bufio.Reader
}

// newClient makes a client for GET path at addr, without connecting. It accepts
// no compression.
func newClient(addr, path string) *client {
	c := &client{
		addr:   addr,
		tail:   fmt.Sprintf(" HTTP/1.1\r\nHost: %s\r\n\r\n", addr),
		reader: bufio.NewReaderSize(nil, readBufferBytes),
	}
	c.setPath([]byte(path))
	return c
}

// setPath changes what get asks for. It keeps nothing of path.
func (c *client) setPath(path []byte) {
	c.request = append(append(append(c.request[:0], "GET "...), path...), c.tail...)
}

// get sends the request and returns the length of the body, which goes to sink,
// or nowhere if sink is nil. After an error the connection is closed, and the
// next get opens another; but for errStatus, if the response was whole: its body
// goes nowhere.
func (c *client) get(ctx context.Context, sink io.Writer) (int64, error) {
	h, n, err := c.exchange(ctx, sink)
	if err != nil || h.last {
		c.close()
	}
	if err == nil && h.refusal != "" {
		err = fmt.Errorf("%w: %q", errStatus, h.refusal)
	}
	return n, err
}

// exchange sends the request and reads the response.
func (c *client) exchange(ctx context.Context, sink io.Writer) (h head, n int64, err error) {
	if err := c.connect(ctx); err != nil {
		return h, 0, err
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return h, 0, err
	}
	if h, err = c.readHead(); err != nil {
		return h, 0, err
	}
	if h.refusal != "" {
		sink = nil
	}
	n, err = c.readBody(h, sink)
	return h, n, err
}

// connect opens the connection if there is none.
func (c *client) connect(ctx context.Context) error {
	if c.conn == nil {
		dialer := net.Dialer{Timeout: dialTimeout, Deadline: c.deadline}
		conn, err := dialer.DialContext(ctx, "tcp", c.addr)
		if err != nil {
			return err
		}
		c.conn, c.bound = conn, time.Time{}
		c.reader.Reset(conn)
	}
	if c.bound == c.deadline {
		return nil // to set it again would cost time
	}
	c.bound = c.deadline
	return c.conn.SetDeadline(c.deadline)
}

// close ends the connection, if there is one.
func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// head is what matters of a response's head.
type head struct {
	refusal string // the status, unless it is 200
	length  int64  // of the body; untilEOF if the head does not say
	chunked bool
	last    bool // the connection ends after this response
}

// untilEOF is the length of a body that ends with the connection.
const untilEOF = -1

// readHead reads status line and header.
func (c *client) readHead() (head, error) {
	h := head{length: untilEOF}
	line, err := c.readLine()
	if err != nil {
		return h, err
	}
	version, status, _ := bytes.Cut(line, []byte(" "))
	if !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return h, fmt.Errorf("%w: %q", errHead, line)
	}
	if !bytes.HasPrefix(status, []byte("200")) {
		h.refusal = string(status)
	}
	if bytes.HasPrefix(status, []byte("204")) || bytes.HasPrefix(status, []byte("304")) {
		h.length = 0 // always (RFC 9112, section 6.3)
	}
	h.last = version[len(version)-1] == '0'
	for {
		line, err := c.readLine()
		if err != nil {
			return h, err
		}
		if len(line) == 0 {
			h.last = h.last || h.length == untilEOF && !h.chunked
			return h, nil
		}
		if err := h.field(line); err != nil {
			return h, err
		}
	}
}

// field takes one field line into account.
func (h *head) field(line []byte) (err error) {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found {
		return fmt.Errorf("%w: %q", errHead, line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		h.length, err = strconv.ParseInt(string(value), 10, 64)
		if err != nil || h.length < 0 {
			return fmt.Errorf("%w: %q", errHead, line)
		}
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		h.chunked = bytes.EqualFold(value, []byte("chunked"))
	case bytes.EqualFold(name, []byte("Connection")):
		h.last = bytes.EqualFold(value, []byte("close"))
	}
	return nil
}

// readLine reads a line, which it returns without its end. The line is valid
// until the next read.
func (c *client) readLine() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return nil, unexpected(err)
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// readBody reads the body that h announces.
func (c *client) readBody(h head, sink io.Writer) (int64, error) {
	switch {
	case h.chunked:
		return c.readChunks(sink)
	case h.length == untilEOF:
		return c.readToEOF(sink)
	default:
		return h.length, c.readBytes(h.length, sink)
	}
}

// readChunks reads a chunked body with its trailer (RFC 9112, section 7.1).
func (c *client) readChunks(sink io.Writer) (total int64, err error) {
	for {
		line, err := c.readLine()
		if err != nil {
			return total, err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
		if err != nil || size < 0 {
			return total, fmt.Errorf("%w: size %q", errChunk, line)
		}
		if size == 0 {
			return total, c.readTrailer()
		}
		if err := c.readBytes(size, sink); err != nil {
			return total, err
		}
		total += size
		if line, err := c.readLine(); err != nil || len(line) > 0 {
			return total, fmt.Errorf("%w: it does not end after %d bytes: %w", errChunk, size, err)
		}
	}
}

// readTrailer reads up to the empty line that ends a chunked body.
func (c *client) readTrailer() error {
	for {
		line, err := c.readLine()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

// readBytes reads n bytes.
func (c *client) readBytes(n int64, sink io.Writer) error {
	if sink == nil {
		_, err := c.reader.Discard(int(n))
		return unexpected(err)
	}
	for n > 0 {
		if _, err := c.reader.Peek(1); err != nil { // waits
			return unexpected(err)
		}
		part, _ := c.reader.Peek(int(min(n, int64(c.reader.Buffered())))) // is there
		if _, err := sink.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
		_, _ = c.reader.Discard(len(part)) // was there
	}
	return nil
}

// readToEOF reads until the server closes the connection.
func (c *client) readToEOF(sink io.Writer) (int64, error) {
	if sink == nil {
		sink = io.Discard
	}
	return c.reader.WriteTo(sink)
}

// unexpected makes the end of a connection an error: a response had to follow.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
