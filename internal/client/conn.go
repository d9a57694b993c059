// Package client owns the connections of clients: what they take, how slowly they
// may, and how a response ends that cannot be finished.
package client

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// stallSlices is the number of parts of the timeout in which progress is looked
// for.
const stallSlices = 4

// connKey is the key of a connection in the context of its requests.
type connKey struct{}

// WithConn is an http.Server's ConnContext: it lets FromContext find conn.
func WithConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// FromContext returns the connection of a request, or nil if it came through no
// Listener.
func FromContext(ctx context.Context) *Conn {
	conn, _ := ctx.Value(connKey{}).(*Conn)
	return conn
}

// Listener makes TCP connections that fail when the other side takes no
// bytes for Timeout, or up to three times that: what it took is noticed late. A
// deadline of the whole response would not do: it would end a large one, and a
// small one on a slow line.
type Listener struct {
	net.Listener
	Timeout time.Duration
}

func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &Conn{TCPConn: conn.(*net.TCPConn), slice: l.Timeout / stallSlices}, nil
}

// Conn is a connection of a Listener. One goroutine at a time may
// write to it, as net/http does.
type Conn struct {
	*net.TCPConn
	slice    time.Duration
	deadline time.Time
	half     halfClose
}

// Read is that of the TCP connection, but for the end: while a request is being
// answered, net/http reads one byte to learn whether the client is still there.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if err == io.EOF && len(b) == 1 {
		err = c.half.hold(func() error {
			_, err := c.TCPConn.Read(b)
			return err
		})
	}
	return n, err
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.half.setDeadline(t)
	return c.TCPConn.SetReadDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.half.setDeadline(t)
	return c.TCPConn.SetDeadline(t)
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.half.setExpired(true)
	return c.TCPConn.Close()
}

// Write writes b unless no byte of it is taken in stallSlices slices of time. The
// deadline of a slice is moved only when it is near: to move it each time would
// cost a short response 5 % of its time.
func (c *Conn) Write(b []byte) (written int, err error) {
	c.half.writing()
	defer c.half.done()
	for idle := 0; idle < stallSlices; idle++ {
		if now := time.Now(); c.deadline.Sub(now) < c.slice {
			c.deadline = now.Add(c.slice + c.slice/2)
			if err := c.SetWriteDeadline(c.deadline); err != nil {
				return written, err
			}
		}
		var n int
		n, err = c.TCPConn.Write(b[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		if n > 0 {
			idle = -1
		}
	}
	return written, err
}

// Cut ends the connection with a reset: to HTTP/1.0, which proxies speak, an
// ordinary close is where the body ends. It does nothing to a nil Conn.
func (c *Conn) Cut() {
	if c == nil {
		return
	}
	_ = c.SetLinger(0) // fails only if it is closed
	c.Close()
}
