// Package client owns what concerns the connections of clients: what they have
// taken and how fast, who is cut off, and how a broken response ends.
package client

// This file makes the connections, and finds that of a request.

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Listener accepts connections as *Conn. It may stand below tls.NewListener.
type Listener struct {
	net.Listener
	limits limits
}

// NewListener returns a listener of l's connections, which fail when a client
// takes no bytes for stallTimeout, or fewer than the minimum rate allows.
func NewListener(l net.Listener, stallTimeout time.Duration) *Listener {
	return &Listener{l, newLimits(stallTimeout)}
}

// Accept returns the next connection, a *Conn. Only TCP will do.
func (l *Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("accept: got a %T, want a TCP connection", conn)
	}
	return newConn(tcp, l.limits)
}

// connKey is the key of a request's Taker in its context.
type connKey struct{}

// WithConn is an http.Server's ConnContext: FromContext finds conn, or what is
// below its TLS, in the contexts of its requests.
func WithConn(ctx context.Context, conn net.Conn) context.Context {
	for {
		switch c := conn.(type) {
		case *Conn:
			return context.WithValue(ctx, connKey{}, c)
		case interface{ NetConn() net.Conn }: // *tls.Conn
			conn = c.NetConn()
		default:
			return ctx
		}
	}
}

// FromContext returns who is sent the response to a request: its stream, if
// WithStream was told of one, or its connection, which is nil if it came in
// another way than through a Listener.
func FromContext(ctx context.Context) Taker {
	if taker, ok := ctx.Value(connKey{}).(Taker); ok {
		return taker
	}
	return (*Conn)(nil)
}
