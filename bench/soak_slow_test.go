package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	slowInterval = time.Second // between two bytes that a slow client takes
	// slowBufferBytes is what the system reads ahead for a slow client.
	slowBufferBytes = 4 << 10
	// slowSegmentBytes is that of Ethernet. With the segments of the loopback
	// interface the system would take 2.5 MB from the server before it has sent
	// any: none of these clients would be slow for the server.
	slowSegmentBytes = 1448
	maxSlowMemory    = 256 << 20 // target of the issue
	// fewConnections are those to the database, and of normal clients.
	fewConnections = 16
)

// slowClients are connections that take a response bit by bit.
type slowClients struct {
	addr   string
	atOnce int // bytes that each takes in slowInterval at most

	group   sync.WaitGroup
	served  atomic.Int64 // responses 200
	refused atomic.Int64 // responses 503
	cut     atomic.Int64 // connections that ended before
}

// told is how often one was told something, or cut off.
func (s *slowClients) told() int64 { return s.served.Load() + s.refused.Load() + s.cut.Load() }

// open sends a request, waits for its status and takes the rest slowly in the
// background, until the connection or ctx ends.
func (s *slowClients) open(ctx context.Context, path string) error {
	conn, err := s.ask(ctx, path)
	if conn != nil {
		s.group.Go(func() { s.drip(ctx, conn) }) // ends with the connection, or ctx
	}
	return err
}

// insist is open, and again when that was refused or has ended, after a time;
// never if it is 0. It goes on until ctx ends.
func (s *slowClients) insist(ctx context.Context, path string, again time.Duration) {
	for ctx.Err() == nil {
		conn, err := s.ask(ctx, path)
		switch {
		case conn != nil:
			s.drip(ctx, conn)
		case err != nil && ctx.Err() == nil:
			s.cut.Add(1)
		}
		if again == 0 {
			return
		}
		wait(ctx, again)
	}
}

// ask sends a request and waits for its status. A connection that is refused is
// closed, and nil.
func (s *slowClients) ask(ctx context.Context, path string) (net.Conn, error) {
	conn, err := dialSlow(ctx, s.addr, slowBufferBytes)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	status := make([]byte, len("HTTP/1.1 200"))
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, s.addr)
	if err == nil {
		_, err = io.ReadFull(conn, status)
	}
	switch got := string(status[len("HTTP/1.1 "):]); {
	case err != nil:
	case got == "200":
		s.served.Add(1)
		return conn, nil
	case got == "503":
		s.refused.Add(1)
	default:
		err = fmt.Errorf("%w: %q", errStatus, status)
	}
	conn.Close()
	return nil, err
}

// drip takes bytes from conn until its end, or that of ctx, and closes it.
func (s *slowClients) drip(ctx context.Context, conn net.Conn) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	pace := time.NewTicker(slowInterval)
	defer pace.Stop()
	for part := make([]byte, s.atOnce); ; <-pace.C {
		if _, err := conn.Read(part); err != nil {
			return
		}
	}
}

// dialSlow opens a connection on which the system takes little from the server,
// as over a slow line: the rest of a response is left to the server. For the
// client it reads bufferBytes ahead.
func dialSlow(ctx context.Context, addr string, bufferBytes int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout, Control: func(_, _ string, raw syscall.RawConn) (err error) {
		controlErr := raw.Control(func(fd uintptr) {
			err = errors.Join(
				syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bufferBytes),
				syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, slowSegmentBytes),
			)
		})
		return errors.Join(controlErr, err)
	}}
	return dialer.DialContext(ctx, "tcp", addr)
}

// slowScene is readapi with two tables: one with a small result, and one just
// under 1 MiB.
type slowScene struct {
	*restartScene
	slow slowClients
	idle int // sockets of the server without clients
}

func newSlowScene(ctx context.Context, t testing.TB, form soakForm, env ...string) *slowScene {
	t.Helper()
	s := &slowScene{restartScene: newRestartScene(ctx, t, form, env...)}
	s.slow.addr, s.slow.atOnce = s.server.addr, 1
	s.idle = sockets(t, s.server)
	return s
}

// connected is how many connections the server has, more or less: those to the
// database, a few, are among them. A client that is slow enough does not see for
// long that it was cut off.
func (s *slowScene) connected(t testing.TB) int {
	t.Helper()
	return sockets(t, s.server) - s.idle
}

// sockets is how many sockets p has.
func sockets(t testing.TB, p *process) (n int) {
	t.Helper()
	links, err := filepath.Glob(procPath(p.pid, "fd/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, _ := os.Readlink(link); strings.HasPrefix(target, "socket:") { // it may just have been closed
			n++
		}
	}
	return n
}

// TestSoakSlowClients has many clients read one byte a second, all of the same
// rows. They must not take memory, nor time from a normal client.
func TestSoakSlowClients(t *testing.T) {
	const clients = 1000
	form := soakTest(t)
	ctx, cancel := context.WithCancel(soakContext(t))
	s := newSlowScene(ctx, t, form)
	defer s.slow.group.Wait()
	defer cancel()

	openings := make(chan error, clients)
	for range clients {
		go func() { openings <- s.slow.open(ctx, "/read/"+megTable) }() // ends with its status, or ctx
	}
	for range clients {
		if err := <-openings; err != nil {
			t.Fatal(err)
		}
	}
	normal := []*crowd{
		startCrowd(t, 1, s.server.addr, readPath, s.small.fresh),
		startCrowd(t, 1, s.server.addr, "/read/"+megTable, s.meg.fresh),
	}
	wait(ctx, pick(form, 3*time.Second, 20*time.Second)) // less than STALL_TIMEOUT
	for i, name := range []string{"10 rows", "1 MiB"} {
		result := normal[i].stop()
		result.mustBeGood(t)
		result.mustBeQuick(t)
		t.Logf("normal client, %s: %v", name, result)
	}
	if n := s.connected(t); n < clients {
		t.Errorf("the server has %d connections; want those of %d slow clients", n, clients)
	}
	mustBeLean(t, s.server)
}

// TestSoakSlowClientsChangingRows has many clients read one byte a second, each
// of them other rows. Memory must stay bounded: then there is none for new
// results, until the slow clients are cut off.
func TestSoakSlowClientsChangingRows(t *testing.T) {
	form := soakTest(t)
	ctx, cancel := context.WithCancel(soakContext(t))
	clients := pick(form, 400, 1000)
	stall := pick(form, 2*time.Second, 10*time.Second)
	s := newSlowScene(ctx, t, form, "STALL_TIMEOUT="+stall.String())
	defer s.slow.group.Wait()
	defer cancel()

	normal := newPatient(s)
	for range clients {
		if err := s.meg.increase(ctx, s.db); err != nil {
			t.Fatal(err)
		}
		if err := s.slow.open(ctx, "/read/"+megTable); err != nil {
			t.Fatal(err)
		}
	}
	lastIn := time.Now()
	t.Logf("slow clients: %d served, %d refused with 503; the server has %d connections",
		s.slow.served.Load(), s.slow.refused.Load(), s.connected(t))
	for s.connected(t) > fewConnections && time.Since(lastIn) < stall+requestTimeout {
		normal.get(ctx, t)
	}
	t.Logf("normal client meanwhile: %v, and %d responses 503", normal.tally(), normal.refused)
	t.Logf("%v after the last slow client the server has %d connections; STALL_TIMEOUT is %v",
		time.Since(lastIn).Round(time.Millisecond), s.connected(t), stall)
	if n := s.connected(t); n > fewConnections {
		t.Errorf("the server has %d connections; want those of the slow clients cut off", n)
	}
	normal.tally().mustBeQuick(t)
	mustBeLean(t, s.server)

	afterwards := startCrowd(t, 2, s.server.addr, "/read/"+megTable, s.meg.fresh)
	afterwards.awaitRequests(ctx, t, 20)
	result := afterwards.stop()
	result.mustBeGood(t)
	t.Logf("afterwards: %v", result)
}

// mustBeLean fails the test if the server has had too much memory.
func mustBeLean(t testing.TB, server *process) {
	t.Helper()
	peak := server.peak()
	t.Logf("peak of resident memory: %d MiB", peak>>20)
	if peak >= maxSlowMemory {
		t.Errorf("peak of resident memory = %d MiB; want less than %d MiB", peak>>20, maxSlowMemory>>20)
	}
}

// patient is a normal client that may be told to come back later, and makes sure
// that it is told so properly.
type patient struct {
	targets []patientTarget // read in turn
	next    int
	http    http.Client

	latencies []time.Duration // of good responses
	refused   int
}

type patientTarget struct {
	url   string
	check checker
}

func newPatient(s *slowScene) *patient {
	return &patient{
		targets: []patientTarget{
			{s.server.url(readPath), s.small.fresh},
			{s.server.url("/read/" + megTable), s.meg.fresh},
		},
		http: http.Client{Timeout: requestTimeout, Transport: &http.Transport{DisableCompression: true}},
	}
}

// get sends a request. Its response must be complete, or a clean 503.
func (p *patient) get(ctx context.Context, t testing.TB) {
	t.Helper()
	target := p.targets[p.next%len(p.targets)]
	p.next++
	check := target.check()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	response, err := p.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		t.Fatal(err)
	case response.StatusCode == http.StatusServiceUnavailable:
		p.refused++
		checkRefusal(t, response, body)
	case response.StatusCode != http.StatusOK:
		t.Fatalf("GET %s = %s; want 200 or 503", target.url, response.Status)
	default:
		if err := check(body); err != nil {
			t.Fatal(err)
		}
		p.latencies = append(p.latencies, time.Since(start))
	}
}

// tally is what came of the good responses.
func (p *patient) tally() tally {
	return tally{latencies: slices.Sorted(slices.Values(p.latencies))}
}

// checkRefusal checks that a 503 says when to come back, in the form of all
// errors.
func checkRefusal(t testing.TB, response *http.Response, body []byte) {
	t.Helper()
	if after := response.Header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After = %q; want 1", after)
	}
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		t.Errorf("503 with the body %.200q: %v", body, err)
	}
	for _, name := range strings.Fields("code message details hint") {
		if _, ok := members[name]; !ok || len(members) != 4 {
			t.Errorf("503 with the body %.200q; want code, message, details and hint", body)
		}
	}
}
