package client

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patient are limits that no test reaches.
var patient = limits{time.Hour, 10 * time.Millisecond, rateLimits{1, time.Hour, time.Hour}}

// big is more than the kernels of both sides keep.
var big = make([]byte, 64<<20)

// newPair returns a connection with these limits and its other side, which has a
// small buffer.
func newPair(t testing.TB, l limits) (*Conn, *net.TCPConn) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := &Listener{tcp, l}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() { // ends with the Accept, or with Close
		conn, _ := listener.Accept()
		accepted <- conn
	}()
	other, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	setReadBuffer(t, other, 4<<10)
	conn, ok := (<-accepted).(*Conn)
	if !ok {
		t.Fatal("Accept did not return a *Conn")
	}
	t.Cleanup(func() { conn.Close() })
	return conn, other.(*net.TCPConn)
}

// setReadBuffer changes the size of a buffer. Loopback takes 40 ms to fill one
// of 4 KiB again.
func setReadBuffer(t testing.TB, conn net.Conn, size int) {
	t.Helper()
	if err := conn.(*net.TCPConn).SetReadBuffer(size); err != nil {
		t.Fatal(err)
	}
}

// result is what a Write returned, and after how long.
type result struct {
	n     int
	err   error
	after time.Duration
}

// write writes b in another goroutine, which ends with the Write.
func write(c *Conn, b []byte) <-chan result {
	done := make(chan result, 1)
	begun := time.Now()
	go func() {
		n, err := c.Write(b)
		done <- result{n, err, time.Since(begun)}
	}()
	return done
}

// eventually polls condition for at most five seconds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(5 * time.Second); !condition(); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("still not so after 5 s: %s", what)
		}
	}
}

// readPaced reads chunk bytes every pace, that many times or until there is an
// error.
func readPaced(conn net.Conn, chunk int, pace time.Duration, times int) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	b := make([]byte, chunk)
	for range times {
		if _, err := io.ReadFull(conn, b); err != nil {
			return
		}
		<-ticker.C
	}
}

func checkReset(t testing.TB, conn net.Conn) {
	t.Helper()
	if n, err := io.Copy(io.Discard, conn); !isReset(err) {
		t.Errorf("the client read %d bytes, then %v; want a reset", n, err)
	}
}

func TestWriteToOneWhoTakesNothing(t *testing.T) {
	l := patient
	l.stall = 100 * time.Millisecond
	conn, other := newPair(t, l)
	if got := <-write(conn, big); got.err != errStalled || got.n == len(big) || got.after < l.stall {
		t.Errorf("Write = %d, %v after %v; want %v after %v", got.n, got.err, got.after, errStalled, l.stall)
	}
	if _, err := conn.Write(big); err != errStalled {
		t.Errorf("the next Write = %v; want %v", err, errStalled)
	}
	checkReset(t, other)
}

// The limits that main asks for notice a stall in less than 1.3 of its time.
func TestNewLimits(t *testing.T) {
	tests := []struct{ stall, tick, window time.Duration }{
		{30 * time.Second, 250 * time.Millisecond, 20 * time.Second},
		{time.Second, 125 * time.Millisecond, 20 * time.Second},
		{time.Minute, 250 * time.Millisecond, 40 * time.Second},
		{time.Nanosecond, time.Millisecond, 20 * time.Second}, // no busy loop
	}
	for _, tt := range tests {
		got := newLimits(tt.stall)
		if got.stall != tt.stall || got.tick != tt.tick || got.rate.window != tt.window {
			t.Errorf("newLimits(%v) = %+v; want a tick of %v and a window of %v", tt.stall, got, tt.tick, tt.window)
		}
	}
}

func TestWriteToOneWhoIsSlow(t *testing.T) {
	l := patient
	l.rate = rateLimits{2 << 20, 200 * time.Millisecond, 50 * time.Millisecond}
	conn, other := newPair(t, l)
	go readPaced(other, 1<<10, 5*time.Millisecond, 1000) // a tenth; ends with the connection
	if got := <-write(conn, big); got.err != errSlow || got.after < l.rate.window {
		t.Errorf("Write = %d, %v after %v; want %v", got.n, got.err, got.after, errSlow)
	}
	if pace := conn.recentPace(); pace >= l.rate.min {
		t.Errorf("recentPace() = %d; want less than %d", pace, l.rate.min)
	}
}

// Twenty times the minimum rate is never slow, in whatever lumps it comes.
func TestWriteToOneWhoIsSteady(t *testing.T) {
	l := patient
	l.rate = rateLimits{100 << 10, 200 * time.Millisecond, 50 * time.Millisecond}
	conn, other := newPair(t, l)
	setReadBuffer(t, other, 64<<10)
	done := write(conn, big)
	readPaced(other, 10<<10, 5*time.Millisecond, 160) // four windows
	select {
	case got := <-done:
		t.Fatalf("Write = %d, %v after %v; want no end", got.n, got.err, got.after)
	default:
	}
	if pace := conn.recentPace(); pace < l.rate.min {
		t.Errorf("recentPace() = %d; want at least %d", pace, l.rate.min)
	}
	conn.Cut()
	if got := <-done; got.err != errCut {
		t.Errorf("Write = %v; want %v", got.err, errCut)
	}
}

func TestWriteIsWhole(t *testing.T) {
	conn, other := newPair(t, patient)
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	done := write(conn, want)
	setReadBuffer(t, other, 1<<20)
	got := make([]byte, len(want))
	if n, err := io.ReadFull(other, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v; want the %d that were written", n, err, len(want))
	}
	if got := <-done; got.n != len(want) || got.err != nil {
		t.Errorf("Write = %d, %v; want %d", got.n, got.err, len(want))
	}
	if conn.stalledFor(time.Now()) != 0 {
		t.Error("stalledFor() after Write is not 0")
	}
}

func TestStalledAndCut(t *testing.T) {
	conn, other := newPair(t, patient)
	if got := conn.stalledFor(time.Now()); got != 0 {
		t.Errorf("stalledFor() without a Write = %v; want 0", got)
	}
	done := write(conn, big)
	eventually(t, "stalledFor", func() bool { return conn.stalledFor(time.Now()) > 50*time.Millisecond })
	before := conn.since.Load()
	eventually(t, "has taken bytes", func() bool {
		if _, err := io.CopyN(io.Discard, other, 4<<10); err != nil {
			t.Fatal(err)
		}
		return conn.since.Load() > before
	})
	conn.Cut()
	if got := <-done; got.err != errCut {
		t.Errorf("Write = %d, %v; want %v", got.n, got.err, errCut)
	}
	conn.Cut() // once more is harmless
	conn.ResetOnClose(false)
	checkReset(t, other)
}

// Deadlines from outside, such as net/http's of the TLS handshake, hold beside
// the limits, and do not take them away.
func TestSetWriteDeadline(t *testing.T) {
	l := patient
	l.stall = 100 * time.Millisecond
	conn, _ := newPair(t, l)
	if err := conn.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write after the deadline = %d, %v; want %v", n, err, os.ErrDeadlineExceeded)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Write([]byte("x")); n != 1 || err != nil {
		t.Errorf("Write before the deadline = %d, %v; want 1", n, err)
	}
	done := write(conn, big)
	eventually(t, "stalledFor", func() bool { return conn.stalledFor(time.Now()) > 0 })
	if err := conn.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.err != errStalled {
		t.Errorf("Write without a deadline = %d, %v; want %v", got.n, got.err, errStalled)
	}
}

func TestDeadlineEndsWrite(t *testing.T) {
	conn, _ := newPair(t, patient)
	done := write(conn, big)
	eventually(t, "stalledFor", func() bool { return conn.stalledFor(time.Now()) > 0 })
	if err := conn.SetWriteDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; !errors.Is(got.err, os.ErrDeadlineExceeded) {
		t.Errorf("Write = %d, %v; want %v", got.n, got.err, os.ErrDeadlineExceeded)
	}
}

// Who takes nothing of what the kernel has taken is cut off, though no Write waits;
// who takes some is not.
func TestCheck(t *testing.T) {
	l := patient
	conn, other := newPair(t, l)
	written, now := 0, time.Now()
	for written < 64<<10 { // more than the client's side keeps
		n, err := conn.Write(big[:1<<10])
		if err != nil {
			t.Fatal(err)
		}
		written += n
	}
	if err := conn.Check(now); err != nil {
		t.Errorf("Check of a client for the first time = %v; want nil", err)
	}
	if _, err := io.CopyN(io.Discard, other, 32<<10); err != nil {
		t.Fatal(err)
	}
	if err := conn.Check(now.Add(l.stall)); err != nil {
		t.Errorf("Check of one who has taken some = %v; want nil", err)
	}
	conn.raw.Control(conn.look)
	if conn.queue == 0 {
		t.Skip("this system does not say what a client has taken, or its kernel has taken it all")
	}
	if err := conn.Check(now.Add(2*l.stall - 1)); err != nil {
		t.Errorf("Check before the stall timeout = %v; want nil", err)
	}
	if err := conn.Check(now.Add(2 * l.stall)); err != errStalled {
		t.Errorf("Check of one who takes nothing = %v; want %v", err, errStalled)
	}
	checkReset(t, other)
}

// A file is sent with somebody looking at whether the client takes it.
func TestCopyFile(t *testing.T) {
	l := patient
	l.stall = 100 * time.Millisecond
	conn, _ := newPair(t, l)
	if _, ok := any(conn).(io.ReaderFrom); ok {
		t.Error("a *Conn has ReadFrom; want only Write")
	}
	name := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(name, big, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if n, err := io.Copy(conn, file); err != errStalled {
		t.Errorf("Copy = %d, %v; want %v", n, err, errStalled)
	}
}

func TestNilConn(t *testing.T) {
	c := FromContext(t.Context())
	c.Cut()
	c.ResetOnClose(true)
	if w := c.watched(); w != nil || w.stalledFor(time.Now()) != 0 || w.recentPace() < minRate {
		t.Errorf("FromContext = %v; want nil, which does not stall", c)
	}
	if got := WithConn(t.Context(), nil); got != t.Context() {
		t.Errorf("WithConn(ctx, nil) = %v; want ctx", got)
	}
}

// Below TLS the connection is found and cut as well.
func TestServer(t *testing.T) {
	for _, name := range []string{"plain", "tls"} {
		t.Run(name, func(t *testing.T) {
			conns, failed := make(chan *Conn, 1), make(chan error, 1)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conns <- FromContext(r.Context()).(*Conn)
				_, err := w.Write(big)
				failed <- err
			}))
			server.Listener = &Listener{server.Listener, patient}
			server.Config.ConnContext = WithConn
			if name == "tls" {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			resp, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			conn := <-conns
			eventually(t, "stalledFor", func() bool { return conn.stalledFor(time.Now()) > 0 })
			conn.Cut()
			if err := <-failed; !errors.Is(err, errCut) {
				t.Errorf("Write = %v; want %v", err, errCut)
			}
			if n, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Errorf("the client read %d bytes and then a clean end", n)
			}
		})
	}
}

func TestShortWriteAllocatesNothing(t *testing.T) {
	conn, other := newPair(t, patient)
	b := make([]byte, 100)
	got := testing.AllocsPerRun(100, func() {
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(other, b); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("a short Write allocates %v times; want 0", got)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{300, 64 << 10} {
		for _, kind := range []string{"bare", "client"} {
			b.Run(kind+"/"+map[int]string{300: "300B", 64 << 10: "64KiB"}[size], func(b *testing.B) {
				conn, other := newPair(b, newLimits(30*time.Second))
				setReadBuffer(b, other, 1<<20)
				var w io.Writer = conn
				if kind == "bare" {
					w = conn.tcp
				}
				go io.Copy(io.Discard, other) // ends with the connection
				body := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := w.Write(body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
