package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// newTestServer serves until the test ends and returns its address.
func newTestServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// newRawServer answers every request with the same bytes and closes the
// connection then, until the test ends. It returns its address.
func newRawServer(t testing.TB, response string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() { // ends with the listener
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn)) // the client has its own tests
			_, _ = io.WriteString(conn, response)
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

// newTestClient is closed with the test.
func newTestClient(t testing.TB, addr string) *client {
	t.Helper()
	c := newClient(addr, readPath)
	c.deadline = time.Now().Add(30 * time.Second)
	t.Cleanup(c.close)
	return c
}

func TestClientAgreesWithNetHTTP(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 20_000) // more than a buffer
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    []byte
		closes  bool // the server closes after each response
	}{
		{"content length", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "hello")
		}, []byte("hello"), false},
		{"empty", func(w http.ResponseWriter, r *http.Request) {}, nil, false},
		{"large with content length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(large)))
			w.Write(large)
		}, large, false},
		{"one chunk", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "hello")
		}, []byte("hello"), false},
		{"many chunks", func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(large); i += 1000 {
				w.Write(large[i : i+1000])
				w.(http.Flusher).Flush()
			}
		}, large, false},
		{"trailer", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "Server-Timing")
			w.(http.Flusher).Flush()
			fmt.Fprint(w, "hello")
			w.Header().Set("Server-Timing", "total")
		}, []byte("hello"), false},
		{"close", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "hello")
		}, []byte("hello"), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var peers []string
			c := newTestClient(t, newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
				peers = append(peers, r.RemoteAddr)
				tt.handler(w, r)
			}))
			for range 3 {
				n, err := c.get(t.Context(), nil)
				if err != nil || n != int64(len(tt.want)) {
					t.Fatalf("get(nil) = %d, %v; want %d bytes", n, err, len(tt.want))
				}
				var body bytes.Buffer
				n, err = c.get(t.Context(), &body)
				if err != nil || n != int64(len(tt.want)) || !bytes.Equal(body.Bytes(), tt.want) {
					t.Fatalf("get(sink) = %d, %v, %.40q; want %d, %.40q", n, err, body.Bytes(), len(tt.want), tt.want)
				}
			}
			if reused := peers[0] == peers[1] && peers[1] == peers[5]; reused == tt.closes {
				t.Errorf("connections from %v; want one for all = %v", peers, !tt.closes)
			}
		})
	}
}

func TestClientToEOF(t *testing.T) {
	tests := []struct{ name, response string }{
		{"HTTP/1.0 without length", "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello"},
		{"HTTP/1.0 with length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"HTTP/1.1 without length", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"},
		{"bare line feeds", "HTTP/1.0 200\n\nhello"},
		{"names in another case", "HTTP/1.1 200 OK\r\ncontent-length:5\r\nCONNECTION:Close\r\n\r\nhello"},
		{"chunk extension", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClient(t, newRawServer(t, tt.response))
			for i := range 2 { // the second on a connection of its own
				var body bytes.Buffer
				if n, err := c.get(t.Context(), &body); err != nil || n != 5 || body.String() != "hello" {
					t.Fatalf("get() %d = %d, %v, %q; want 5 and hello", i, n, err, body.String())
				}
			}
		})
	}
}

func TestClientErrors(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name     string
		response string
		want     error
	}{
		{"nothing", "", io.ErrUnexpectedEOF},
		{"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", errHead},
		{"status", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", errStatus},
		{"half a refusal", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\n{}", io.ErrUnexpectedEOF},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", errStatus},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-", io.ErrUnexpectedEOF},
		{"no colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n", errHead},
		{"length without digits", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", errHead},
		{"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", errHead},
		{"short body", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", io.ErrUnexpectedEOF},
		{"no last chunk", chunked + "5\r\nhello\r\n", io.ErrUnexpectedEOF},
		{"half a chunk", chunked + "6\r\nhello", io.ErrUnexpectedEOF},
		{"half a trailer", chunked + "0\r\n", io.ErrUnexpectedEOF},
		{"chunk size without digits", chunked + "x\r\nhello\r\n0\r\n\r\n", errChunk},
		{"chunk longer than its size", chunked + "4\r\nhello\r\n0\r\n\r\n", errChunk},
	}
	for _, tt := range tests {
		for _, sink := range []io.Writer{nil, io.Discard} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, sink != nil), func(t *testing.T) {
				c := newTestClient(t, newRawServer(t, tt.response))
				if n, err := c.get(t.Context(), sink); !errors.Is(err, tt.want) {
					t.Errorf("get() = %d, %v; want %v", n, err, tt.want)
				}
				if kept := c.conn != nil; kept != errors.Is(tt.want, errStatus) {
					t.Errorf("kept the connection = %t; want it for a whole response only", kept)
				}
			})
		}
	}
}

// TestClientGoesOnAfterRefusals has every second request refused.
func TestClientGoesOnAfterRefusals(t *testing.T) {
	peers := map[string]int{}
	c := newTestClient(t, newTestServer(t, func(w http.ResponseWriter, r *http.Request) {
		peers[r.RemoteAddr]++
		if r.URL.Path == "/odd" {
			http.Error(w, "come back later", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, r.URL)
	}))
	for range 3 {
		var body bytes.Buffer
		c.setPath([]byte("/odd"))
		if _, err := c.get(t.Context(), &body); !errors.Is(err, errStatus) || body.Len() > 0 {
			t.Fatalf("get(/odd) = %v, %q; want %v and no body", err, body.String(), errStatus)
		}
		c.setPath([]byte("/even?id=eq.1"))
		if _, err := c.get(t.Context(), &body); err != nil || body.String() != "/even?id=eq.1" {
			t.Fatalf("get(/even) = %v, %q; want the path", err, body.String())
		}
	}
	if len(peers) != 1 {
		t.Errorf("connections = %v; want one for all", peers)
	}
}

func TestClientDeadline(t *testing.T) {
	release := make(chan struct{})
	addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) }) // before the server is closed
	c := newTestClient(t, addr)
	c.deadline = time.Now().Add(20 * time.Millisecond)
	var timeout net.Error
	if _, err := c.get(t.Context(), nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("get() = %v; want a timeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.deadline = time.Now().Add(time.Minute)
	if _, err := c.get(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("get(cancelled) = %v; want %v", err, context.Canceled)
	}
}

// TestClientAllocations keeps the generator cheap: it shares its processors
// with what it measures.
func TestClientAllocations(t *testing.T) {
	for _, response := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		near, far := net.Pipe()
		go func() { // ends with the pipe
			request := make([]byte, 1<<10)
			for _, err := far.Read(request); err == nil; _, err = far.Read(request) {
				_, _ = far.Write([]byte(response)) // an error ends the next Read
			}
		}()
		c := newClient("127.0.0.1:80", readPath)
		c.conn = near
		c.reader.Reset(near)
		allocations := testing.AllocsPerRun(100, func() {
			if n, err := c.get(t.Context(), nil); err != nil || n != 5 {
				t.Fatalf("get() = %d, %v; want 5", n, err)
			}
		})
		c.close()
		if allocations > 1 { // that of the other end
			t.Errorf("%v allocations for each request; want none", allocations)
		}
	}
}
