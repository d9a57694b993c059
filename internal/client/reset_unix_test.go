//go:build unix

package client

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childVariable tells the test binary to be the server that is killed.
const childVariable = "CLIENT_TEST_CHILD"

// isReset reports whether err says that the connection was reset.
func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// get sends a request of HTTP/1.0 and reads the header of the response.
func get(t testing.TB, addr, path string) (net.Conn, io.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	setReadBuffer(t, conn, 16<<10)
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.0\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	body := bufio.NewReader(conn)
	for {
		line, err := body.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(line) == "" {
			return conn, body
		}
	}
}

// serve is the server that is killed: a response to /plain, /quiet and /busy
// never ends.
func serve() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		FromContext(r.Context()).ResetOnClose(r.URL.Path != "/plain")
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			if r.URL.Path != "/busy" {
				<-r.Context().Done()
			}
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	server := http.Server{Handler: http.HandlerFunc(handler), ConnContext: WithConn}
	panic(server.Serve(NewListener(listener, time.Minute)))
}

// To HTTP/1.0 the end of the connection is the end of the body. That of a
// process which is killed in mid-stream is none.
func TestKilledServer(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		serve()
	}
	tests := []struct {
		path  string
		reset bool
	}{
		{"/busy", true},
		{"/quiet", true},  // the client has taken all there was
		{"/plain", false}, // what it is like without ResetOnClose
	}
	for _, tt := range tests {
		t.Run(tt.path[1:], func(t *testing.T) {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledServer$")
			child.Env = append(os.Environ(), childVariable+"=1")
			stdout, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			addr, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			_, body := get(t, strings.TrimSpace(addr), tt.path)
			if _, err := io.CopyN(io.Discard, body, 64<<10); err != nil {
				t.Fatal(err)
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait() // "signal: killed"
			if n, err := io.Copy(io.Discard, body); isReset(err) != tt.reset {
				t.Errorf("%d bytes more, %v; want a reset: %v", n, err, tt.reset)
			}
		})
	}
}

// A complete response arrives in full and ends cleanly, also if the server has
// closed the connection before the client reads.
func TestCompleteResponse(t *testing.T) {
	for _, size := range []int{0, 1, 64 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			closed := make(chan struct{})
			server := http.Server{
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					conn := FromContext(r.Context())
					conn.ResetOnClose(true)
					_, _ = w.Write(make([]byte, size))
					_ = http.NewResponseController(w).Flush()
					conn.ResetOnClose(false)
				}),
				ConnContext: WithConn,
				ConnState: func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						close(closed)
					}
				},
			}
			defer server.Close()
			tcp, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go server.Serve(&Listener{tcp, patient}) // ends with Close
			_, body := get(t, tcp.Addr().String(), "/")
			<-closed
			if n, err := io.Copy(io.Discard, body); n != int64(size) || err != nil {
				t.Errorf("read %d bytes, %v; want %d", n, err, size)
			}
		})
	}
}
