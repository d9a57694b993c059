package connect

// This file plays a server: just enough of the protocol to log clients in, to
// answer what a Connector asks, to run queries that do not notice that their
// client has gone, and to kill them. And it plays what may lie between.

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience bounds every wait for what must happen. Tests do not come near it.
const patience = 20 * time.Second

// Packets (MySQL source documentation, "Connection Phase", "Command Phase"). The
// server knows only the old EOF.
const (
	okPacket  = "\x00\x00\x00\x02\x00\x00\x00"
	eofPacket = "\xfe\x00\x00\x02\x00"
	comQuit   = "\x01"
	comQuery  = "\x03"
)

// greeting is the first packet, of thread id. caps are the lower two bytes of
// the capabilities.
func greeting(version string, id uint32, caps string) string {
	return "\x0a" + version + "\x00" + string(binary.LittleEndian.AppendUint32(nil, id)) + "12345678\x00" +
		caps + "\x2d\x02\x00\x08\x00\x15" + strings.Repeat("\x00", 10) + "123456789012\x00mysql_native_password\x00"
}

const (
	capsPlain = "\x09\xa2"
	capsTLS   = "\x09\xaa"
)

func errPacket(number uint16, text string) string {
	return "\xff" + string(binary.LittleEndian.AppendUint16(nil, number)) + "#HY000" + text
}

func short(s string) string { return string([]byte{byte(len(s))}) + s } // up to 250 bytes

func columnPacket(name string) string {
	return short("def") + short("") + short("") + short("") + short(name) + short(name) +
		"\x0c\x2d\x00\x00\x01\x00\x00\xfd\x00\x00\x00\x00\x00" // VARCHAR, utf8mb4
}

func rowPacket(values ...string) (row string) {
	for _, value := range values {
		row += short(value)
	}
	return row
}

// head returns the packets before the rows.
func head(columns ...string) []string {
	packets := []string{string([]byte{byte(len(columns))})}
	for _, name := range columns {
		packets = append(packets, columnPacket(name))
	}
	return append(packets, eofPacket)
}

// send writes packets numbered from seq.
func send(conn net.Conn, seq byte, packets ...string) {
	var out []byte
	for _, packet := range packets {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(packet))|uint32(seq)<<24)
		out = append(out, packet...)
		seq++
	}
	_, _ = conn.Write(out) // a client that has gone is seen when reading
}

// receive reads a packet, or returns "" when the client has gone.
func receive(conn net.Conn) string {
	var header [4]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return ""
	}
	packet := make([]byte, binary.LittleEndian.Uint32(header[:])&0xffffff)
	if _, err := io.ReadFull(conn, packet); err != nil {
		return ""
	}
	return string(packet)
}

// listen plays play on every connection, until the test ends.
func listen(tb testing.TB, play func(net.Conn)) (addr string) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	wg.Go(func() { // ends when the listener is closed
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() { // ends with the connection
				defer conn.Close()
				play(conn)
			})
		}
	})
	tb.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return listener.Addr().String()
}

// fake is a server.
type fake struct {
	version   string
	name      string // of this server
	greets    uint32 // added to the thread's id in the greeting, as a proxy does
	stopping  chan struct{}
	refuseSet string // the answer to SET, if it is not OK

	mu      sync.Mutex // guards the fields below
	last    uint32
	threads map[uint32]*fakeThread
	queries []string // all that were received
	kills   []uint32
	ready   chan struct{} // if not nil: queries begin to run when it is closed
}

// fakeThread is a connection to a fake.
type fakeThread struct {
	query string        // it runs, or is empty
	kill  chan struct{} // has one when it shall end
}

func newFake(name string) *fake {
	return &fake{version: "10.11.0-MariaDB", name: name, threads: map[uint32]*fakeThread{}, stopping: make(chan struct{})}
}

// serve listens as f.
func (f *fake) serve(tb testing.TB) (addr string) {
	addr = listen(tb, f.play)
	tb.Cleanup(func() { close(f.stopping) }) // before the listener's, which waits
	return addr
}

// play serves one client.
func (f *fake) play(conn net.Conn) {
	f.mu.Lock()
	f.last++
	id, t := f.last, &fakeThread{kill: make(chan struct{}, 1)}
	f.threads[id] = t
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.threads, id)
	}()
	send(conn, 0, greeting(f.version, id+f.greets, capsPlain))
	if receive(conn) == "" {
		return
	}
	send(conn, 2, okPacket)
	for {
		command := receive(conn)
		if command == "" || command == comQuit {
			return
		}
		query, _ := strings.CutPrefix(command, comQuery)
		f.mu.Lock()
		f.queries = append(f.queries, query)
		f.mu.Unlock()
		f.answer(conn, id, query)
	}
}

// answer answers one query. Those that hang do not notice that the client goes.
func (f *fake) answer(conn net.Conn, id uint32, query string) {
	number, _ := strconv.ParseUint(strings.TrimPrefix(query, "KILL QUERY "), 10, 32)
	switch {
	case strings.HasPrefix(query, "SELECT CONCAT(CONNECTION_ID())"):
		if strings.Contains(f.version, "MariaDB") != strings.Contains(query, "@@datadir") {
			send(conn, 1, errPacket(1193, "Unknown system variable"))
			return
		}
		send(conn, 1, append(head("id", "server"), rowPacket(fmt.Sprint(id), f.name), eofPacket)...)
	case query == "SHOW PROCESSLIST":
		send(conn, 1, append(append(head("Id", "Command", "Info"), f.list()...), eofPacket)...)
	case strings.HasPrefix(query, "KILL QUERY "):
		send(conn, 1, f.killed(uint32(number)))
	case strings.HasPrefix(query, "SELECT hang"):
		f.run(id, query)
		send(conn, 1, errPacket(1317, "Query execution was interrupted"))
	case strings.HasPrefix(query, "SELECT some"):
		send(conn, 1, append(head("a"), rowPacket("1"), rowPacket("2"))...)
		f.run(id, query)
		send(conn, 6, errPacket(1317, "Query execution was interrupted"))
	case strings.HasPrefix(query, "SELECT"):
		send(conn, 1, append(head("a"), rowPacket("1"), rowPacket("2"), eofPacket)...)
	case strings.HasPrefix(query, "SET ") && f.refuseSet != "":
		send(conn, 1, f.refuseSet)
	default:
		send(conn, 1, okPacket)
	}
}

// run runs query until it is killed.
func (f *fake) run(id uint32, query string) {
	f.mu.Lock()
	t, ready := f.threads[id], f.ready
	f.mu.Unlock()
	if ready != nil {
		select {
		case <-ready:
		case <-f.stopping:
		}
	}
	select { // a kill while nothing runs is forgotten
	case <-t.kill:
	default:
	}
	f.set(t, query)
	select {
	case <-t.kill:
	case <-f.stopping:
	}
	f.set(t, "")
}

func (f *fake) set(t *fakeThread, query string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.query = query
}

// list returns the rows of SHOW PROCESSLIST.
func (f *fake) list() (rows []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, t := range f.threads {
		command := "Query"
		if t.query == "" {
			command = "Sleep"
		}
		rows = append(rows, rowPacket(fmt.Sprint(id), command, t.query[:min(len(t.query), 100)]))
	}
	return rows
}

// killed kills what thread id does.
func (f *fake) killed(id uint32) (answer string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kills = append(f.kills, id)
	t := f.threads[id]
	if t == nil {
		return errPacket(1094, "Unknown thread id")
	}
	select {
	case t.kill <- struct{}{}:
	default:
	}
	return okPacket
}

// running counts the queries that run.
func (f *fake) running() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.threads {
		if t.query != "" {
			n++
		}
	}
	return n
}

// killCount counts the kills.
func (f *fake) killCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.kills)
}

// proxy forwards to an address that can change, and can be silent.
type proxy struct {
	mu   sync.Mutex // guards the fields below
	to   []string   // one after the other
	next int
	open chan struct{} // closed while it forwards
}

func newProxy(to ...string) *proxy {
	p := &proxy{to: to, open: make(chan struct{})}
	close(p.open)
	return p
}

// silence makes p keep what it gets until resume.
func (p *proxy) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.open)
}

func (p *proxy) gate() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// play forwards one connection.
func (p *proxy) play(client net.Conn) {
	p.mu.Lock()
	to := p.to[p.next%len(p.to)]
	p.next++
	p.mu.Unlock()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	var wg sync.WaitGroup
	copyTo := func(dst, src net.Conn) { // ends when either side does
		defer dst.Close()
		buf := make([]byte, 4096)
		for {
			n, err := src.Read(buf)
			select {
			case <-p.gate():
			case <-time.After(patience):
			}
			if _, werr := dst.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}
	wg.Go(func() { copyTo(server, client) })
	wg.Go(func() { copyTo(client, server) })
	wg.Wait()
}

// testConfig is how to reach addr.
func testConfig(addr string) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "tcp", addr, "reader"
	cfg.InterpolateParams = true
	cfg.Logger = &mysql.NopLogger{}
	return cfg
}

func newTestConnector(tb testing.TB, cfg *mysql.Config, timeout time.Duration) *Connector {
	tb.Helper()
	c, err := NewConnector(cfg, timeout, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatalf("NewConnector = %v", err)
	}
	return c
}

// await waits until is reports true.
func await(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("%s: not within %v", what, patience)
		}
	}
}
