package main

// This file puts a proxy between readapi and its database, which does what
// networks, balancers and wrong ports do.

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxyMode is what a proxy does with connections, also with those that it has.
type proxyMode int

const (
	proxyForwards proxyMode = iota
	proxySilent             // accepts, and throws away what comes
	proxySlow               // one byte of the server at a time
	proxyCuts               // resets, sooner or later
	proxyGarbage            // sends noise instead of what the server says
	proxyShort              // sends a packet that is too short instead
	proxyX                  // greets as a server of the X protocol
	proxyNoTLS              // greets as if the server had no TLS
)

// proxy is between a client and a server.
type proxy struct {
	to string

	mu       sync.Mutex
	mode     proxyMode     // guarded by mu
	changed  chan struct{} // closed at the next change of mode; guarded by mu
	accepted int           // guarded by mu
	tls      int           // connections on which the client wants TLS; guarded by mu
}

// startProxy starts a proxy in front of addr, until the test ends.
func startProxy(t testing.TB, addr string, mode proxyMode) (p *proxy, proxyAddr string) {
	t.Helper()
	p = &proxy{to: addr, mode: mode, changed: make(chan struct{})}
	proxyAddr, _ = mainMySQL(t, p.play)
	return p, proxyAddr
}

func (p *proxy) state() (proxyMode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.changed
}

// set changes the mode.
func (p *proxy) set(mode proxyMode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	close(p.changed)
	p.changed = make(chan struct{})
}

// counts returns how many connections there were, and how many of them wanted
// TLS.
func (p *proxy) counts() (accepted, wantTLS int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted, p.tls
}

// play is one connection.
func (p *proxy) play(conn net.Conn) {
	p.mu.Lock()
	p.accepted++
	p.mu.Unlock()
	mode, _ := p.state()
	if mode == proxyX {
		_, _ = io.WriteString(conn, "\x05\x00\x00\x00\x0b\x08\x05\x1a\x00")
		_, _ = io.Copy(io.Discard, conn) // until the client goes
		return
	}
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	var up sync.WaitGroup
	defer up.Wait()
	up.Go(func() { // ends when either side does
		defer server.Close()
		p.forward(server, conn, false)
	})
	defer conn.Close()
	p.forward(conn, server, true)
}

// forward sends to dst what src says, in a way. isReply is the server's way.
func (p *proxy) forward(dst, src net.Conn, isReply bool) {
	buffer := make([]byte, 4096)
	for first := true; ; first = false {
		n, err := src.Read(buffer)
		if err != nil {
			return
		}
		mode, _ := p.state()
		if first && !isReply && n >= 36 && buffer[0] == 32 { // a request for TLS has 32 bytes
			p.mu.Lock()
			p.tls++
			p.mu.Unlock()
		}
		if mode == proxySilent {
			continue
		}
		said := buffer[:n]
		if isReply {
			said = p.distort(dst, said, mode, first)
		}
		if _, err := dst.Write(said); err != nil || len(said) == 0 {
			return
		}
	}
}

// distort changes what a server says, and returns what is still to be sent, or
// nothing if that was the last.
func (p *proxy) distort(dst net.Conn, said []byte, mode proxyMode, first bool) []byte {
	switch mode {
	case proxySlow:
		for ; len(said) > 1; said = said[1:] {
			if _, err := dst.Write(said[:1]); err != nil {
				return nil
			}
		}
	case proxyCuts:
		_, _ = dst.Write(said[:len(said)/2])
		_ = dst.(*net.TCPConn).SetLinger(0)
		return nil
	case proxyGarbage:
		_, _ = rand.Read(said)
	case proxyShort:
		_, _ = io.WriteString(dst, "\x02\x00\x00\x01\xff\x15")
		return nil
	case proxyNoTLS:
		if at := bytes.IndexByte(said[5:], 0); first && at >= 0 {
			said[5+at+1+4+8+1+1] &^= 0x08 // CLIENT_SSL, in the second byte of the capabilities
		}
	}
	return said
}

// proxyStates are what readapi has to ride out, and to be well after.
var proxyStates = []struct {
	name string
	mode proxyMode
	want string // in the log, of a start in this state
}{
	{"silent", proxySilent, "context deadline exceeded"},
	{"cuts", proxyCuts, "invalid connection|connection reset"},
	{"garbage", proxyGarbage, "malformed packet"},
	{"short packet", proxyShort, "malformed packet"},
	{"X protocol", proxyX, "no greeting of a MySQL server"},
}

// checkProxied asks again and again while the database is not well: each answer
// is a 503 in time, or a 504.
func checkProxied(t *testing.T, base string, timeout time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	for n := range 20 { // more than the pool has
		wg.Go(func() {
			resp, body, err := mainGet(fmt.Sprintf("%s/read?limit=%d", base, n+1), timeout+time.Second)
			if err != nil || resp.StatusCode < 503 {
				t.Errorf("GET /read without a database = %v, %s, %v; want 503 or 504 within %v", resp, body, err, timeout+time.Second)
			}
		})
	}
	begun := time.Now()
	mainWant(t, base+"/readyz", 2*time.Second, http.StatusServiceUnavailable)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("GET /readyz took %v; want less than 2s", took)
	}
	wg.Wait()
}

// Whatever lies between, readapi says so, stays, and serves as soon as it is gone.
func TestProxyRiddenOut(t *testing.T) {
	const timeout = 1500 * time.Millisecond
	for _, tt := range proxyStates {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr, _ := mainMySQL(t, mainAnswer(func() {}))
			p, proxyAddr := startProxy(t, addr, tt.mode)
			s := mainStart(t, mainEnv(t, proxyAddr, map[string]string{"DB_TIMEOUT": timeout.String(), "DB_MAX_CONNS": "3"}))
			s.log.await(t, `msg="waiting for the database" err=.*(`+tt.want+`)`)
			checkProxied(t, s.url, timeout)
			p.set(proxyForwards)
			s.log.await(t, "connected to the database")
			mainWant(t, s.url+"/read", timeout, http.StatusOK)
			for range 2 {
				p.set(tt.mode)
				if tt.mode == proxyX { // those that there are go on
					break
				}
				checkProxied(t, s.url, timeout)
				p.set(proxyForwards)
				mainWant(t, s.url+"/read", timeout, http.StatusOK)
				mainWant(t, s.url+"/readyz", 2*time.Second, http.StatusOK)
			}
			s.stop(t)
			if log := s.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
				t.Errorf("log = %s; want no panic", log)
			}
		})
	}
}

// A slow network is no fault.
func TestProxySlow(t *testing.T) {
	addr, _ := mainMySQL(t, mainAnswer(func() {}))
	_, proxyAddr := startProxy(t, addr, proxySlow)
	s := mainStart(t, mainEnv(t, proxyAddr, nil))
	s.log.await(t, "connected to the database")
	if _, body := mainWant(t, s.url+"/read", mainPatience, http.StatusOK); string(body) != `[{"name":"Ada"}]`+"\n" {
		t.Errorf("GET /read = %q; want Ada", body)
	}
	s.stop(t)
}

// One greeting without TLS does not switch it off for those that come later.
func TestMySQLProxyWithoutTLS(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (v INT)", "INSERT INTO sample VALUES (1)")
	p, proxyAddr := startProxy(t, net.JoinHostPort(d.env["DB_HOST"], d.env["DB_PORT"]), proxyForwards)
	host, port, err := net.SplitHostPort(proxyAddr)
	if err != nil {
		t.Fatal(err)
	}
	s := mainStart(t, mysqlWith(d.env, "DB_HOST", host, "DB_PORT", port, "ADDR", "localhost:0", "DB_MAX_CONNS", "2", "DB_TLS", "preferred"))
	s.log.await(t, "connected to the database")
	if _, wantTLS := p.counts(); wantTLS == 0 {
		t.Skip("the server has no TLS")
	}
	reconnect := func(mode proxyMode) (accepted, wantTLS int) {
		before, beforeTLS := p.counts()
		p.set(proxyCuts)
		_, _, _ = mainGet(s.url+"/read", time.Second) // ends the connections that there are
		p.set(mode)
		mainWant(t, s.url+"/read", mainPatience, http.StatusOK)
		accepted, wantTLS = p.counts()
		return accepted - before, wantTLS - beforeTLS
	}
	if accepted, wantTLS := reconnect(proxyNoTLS); accepted == 0 || wantTLS == accepted {
		t.Errorf("%d connections, %d with TLS; want some without", accepted, wantTLS)
	}
	if accepted, wantTLS := reconnect(proxyForwards); accepted == 0 || wantTLS < 1 {
		t.Errorf("%d connections after one without TLS, %d with TLS; want some", accepted, wantTLS)
	}
	s.stop(t)
}
