package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// patience bounds what must happen soon.
const patience = 20 * time.Second

// graceListener is a Listener whose connections have another grace.
type graceListener struct {
	*Listener
	grace time.Duration
}

func (l graceListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		conn.(*Conn).half.grace = l.grace
	}
	return conn, err
}

// serveHalf serves handler and returns its address.
func serveHalf(t *testing.T, grace time.Duration, handler http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ConnContext: WithConn}
	t.Cleanup(func() { server.Close() })
	go server.Serve(graceListener{NewListener(listener, time.Minute), grace}) // ends with Close
	return listener.Addr().String()
}

// ask sends a request and closes the sending side.
func ask(t *testing.T, addr, request string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// A client that closes its sending side gets its answer, and the connection ends
// right behind it.
func TestHalfClose(t *testing.T) {
	for _, request := range []string{"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		addr := serveHalf(t, 2*patience, func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(100 * time.Millisecond): // a query
				io.WriteString(w, "the answer")
			}
		})
		got, err := io.ReadAll(ask(t, addr, request))
		if err != nil || !strings.HasSuffix(string(got), "the answer") {
			t.Errorf("%q and no more: %q, %v; want the answer", request, got, err)
		}
	}
}

// The end is held back for as long as bytes go out, and no longer than somebody
// waits for it.
func TestHold(t *testing.T) {
	reset := errors.New("reset")
	tests := []struct {
		name string
		do   func(h *halfClose) // beside hold
		read error              // after a second
		want error
		took time.Duration
	}{
		{"nothing", func(*halfClose) {}, io.EOF, io.EOF, halfCloseGrace},
		{"a deadline that has passed", func(h *halfClose) { h.setDeadline(time.Unix(1, 0)) }, io.EOF, io.EOF, 0},
		{"a deadline that has not", func(h *halfClose) { h.setDeadline(time.Now().Add(time.Hour)) }, io.EOF, io.EOF, halfCloseGrace},
		{"writes", func(h *halfClose) {
			for range 10 {
				time.Sleep(halfCloseGrace*2/5 + 1)
				h.writing()
				h.done()
			}
		}, io.EOF, io.EOF, 6 * halfCloseGrace},
		{"one long write", func(h *halfClose) {
			h.writing()
			time.Sleep(10*halfCloseGrace + 1)
			h.done()
		}, io.EOF, io.EOF, 12 * halfCloseGrace},
		{"a long write to one that has left", func(h *halfClose) { h.writing() }, reset, reset, 2 * halfCloseGrace},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, start := new(halfClose), time.Now()
				go tt.do(h)
				err := h.hold(func() error {
					if time.Since(start) >= 2*halfCloseGrace {
						return tt.read
					}
					return io.EOF
				})
				if took := time.Since(start); err != tt.want || took != tt.took {
					t.Errorf("hold = %v after %v; want %v after %v", err, took, tt.want, tt.took)
				}
			})
		})
	}
}

// A client that has left takes its request with it, soon, whether its answer has
// begun or not.
func TestHalfCloseGone(t *testing.T) {
	tests := []struct {
		name  string
		begun bool
		leave func(*net.TCPConn)
	}{
		{"half closed, and nothing comes", false, func(*net.TCPConn) {}},
		{"closed", false, func(c *net.TCPConn) { c.Close() }},
		{"closed while the answer comes", true, func(c *net.TCPConn) { c.Close() }},
		{"reset", false, func(c *net.TCPConn) { c.SetLinger(0); c.Close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // they wait
			reached, ended := make(chan struct{}), make(chan context.Context, 1)
			addr := serveHalf(t, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
				close(reached)
				for r.Context().Err() == nil {
					select {
					case <-r.Context().Done():
					case <-time.After(time.Millisecond):
						if tt.begun {
							io.WriteString(w, "rows\n")
							http.NewResponseController(w).Flush()
						}
					}
				}
				ended <- r.Context()
			})
			conn := ask(t, addr, "GET / HTTP/1.0\r\n\r\n")
			<-reached
			start := time.Now()
			tt.leave(conn)
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatalf("the request goes on after %v", time.Since(start))
			}
		})
	}
}
