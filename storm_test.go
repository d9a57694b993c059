package main

// This file lets hundreds of clients do everything that clients do, at once,
// against a database to which everything happens that does happen. Afterwards
// nothing may be left of it.

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"readapi/internal/client"
	"readapi/internal/httpserver"
	"readapi/internal/rest"
)

const (
	stormClients  = 200
	stormTime     = 3 * time.Second  // and longer, until everything has been met
	stormTimeout  = time.Second      // DB_TIMEOUT
	stormStall    = time.Second      // STALL_TIMEOUT
	stormPatience = 30 * time.Second // for everything, and for the end of all
)

// stormTables are what the fake database has, by what becomes of a read.
var stormTables = map[string]func(*stormConn){
	"sample":    func(c *stormConn) { c.rows(10, 100) },
	"empty":     func(c *stormConn) { c.rows(0, 0) },
	"wide":      func(c *stormConn) { c.rows(1000, 1000) }, // another one each time: nearly 1 MiB
	"large":     func(c *stormConn) { c.rows(3000, 1000) },
	"late":      func(c *stormConn) { mainReceive(c.Conn) }, // nothing, until the client goes
	"trickle":   func(c *stormConn) { c.head(); c.row(10); mainReceive(c.Conn) },
	"lost":      func(c *stormConn) { c.Close() },
	"broken":    func(c *stormConn) { c.head(); c.some(rand.N(3000), 1000); c.Close() },
	"failed":    func(c *stormConn) { c.head(); c.some(rand.N(3000), 1000); c.send(mainErrPacket(1317, "interrupted")) },
	"short":     func(c *stormConn) { c.send("\xff\x01") },                            // the driver would panic
	"senseless": func(c *stormConn) { c.head(); c.some(1500, 1000); c.send("\x50x") }, // the driver panics in mid-stream
	"refused":   func(c *stormConn) { c.send(mainErrPacket(1142, "SELECT command denied")) },
	"gone":      func(c *stormConn) { c.send(mainErrPacket(1146, "no such table")) },
	"changed":   func(c *stormConn) { c.rows(2, 10) },
}

// stormChange is how often the table changed does.
const stormChange = 300 * time.Millisecond

// stormConn is a connection to the fake database.
type stormConn struct {
	net.Conn
	out     *bufio.Writer
	seq     byte
	columns []string // of the result
	counts  bool
}

// newStormConn makes one for a reply.
func newStormConn(conn net.Conn) *stormConn {
	return &stormConn{Conn: conn, out: bufio.NewWriterSize(conn, 64<<10), seq: 1, columns: []string{"name"}}
}

// stormPlay is the fake database.
func stormPlay(conn net.Conn) {
	mainSend(conn, 0, mainHandshake)
	mainReceive(conn)
	mainSend(conn, 2, mainOKPacket)
	for {
		command := mainReceive(conn)
		query, isQuery := strings.CutPrefix(command, "\x03")
		c := newStormConn(conn)
		switch _, from, isRead := strings.Cut(query, " FROM "); {
		case command == "", command == "\x01":
			return
		case strings.Contains(query, "information_schema"), strings.Contains(query, "performance_schema"), !isRead && isQuery:
			c.send(mainOKPacket)
		case !isQuery:
			c.send(mainOKPacket)
		case strings.HasPrefix(query, "SELECT COUNT(*)"):
			c.columns, c.counts = []string{"COUNT(*)"}, true
			c.rows(1, 0)
		case strings.HasSuffix(query, " LIMIT 0"):
			c.columns = stormColumns(stormTable(from))
			c.rows(0, 0)
		default:
			c.columns = stormColumns(stormTable(from))
			stormTables[stormTable(from)](c)
		}
		_ = c.out.Flush() // a client that has gone is seen when reading
	}
}

// stormTable is the table that a query is for, from its FROM on.
func stormTable(from string) string {
	table, _, _ := strings.Cut(from, " ")
	return strings.Trim(table, "`")
}

// stormColumns are those of a table now.
func stormColumns(table string) []string {
	columns := []string{"name", "size", "note"}
	if table != "changed" {
		return columns[:1]
	}
	return columns[:1+time.Now().UnixNano()/int64(stormChange)%int64(len(columns))]
}

// send adds a packet to the reply.
func (c *stormConn) send(packet string) {
	header := binary.LittleEndian.AppendUint32(nil, uint32(len(packet))|uint32(c.seq)<<24)
	c.seq++
	_, _ = c.out.Write(header)
	_, _ = c.out.WriteString(packet)
}

// head begins a result.
func (c *stormConn) head() {
	c.send(string([]byte{byte(len(c.columns))}))
	for _, name := range c.columns {
		c.send(mainResult(name, "")[1])
	}
	c.send(mainEOFPacket)
}

// stormPad is what rows are filled with.
var stormPad = strings.Repeat("x", 1000)

// row sends a row of about so many bytes, which is like no other.
func (c *stormConn) row(size int) {
	value := strconv.Itoa(7)
	if !c.counts {
		value = strconv.FormatUint(rand.Uint64(), 36) + stormPad[:size]
	}
	length := string([]byte{byte(len(value))})
	if len(value) > 250 {
		length = "\xfc" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(value))))
	}
	c.send(strings.Repeat(length+value, len(c.columns)))
}

// some sends rows, which end there or not.
func (c *stormConn) some(n, size int) {
	for range n {
		c.row(size)
	}
	_ = c.out.Flush()
}

// rows sends a whole result.
func (c *stormConn) rows(n, size int) {
	c.head()
	c.some(n, size)
	c.send(mainEOFPacket)
}

// storm is the program under it, and what its clients have met.
type storm struct {
	addr string

	mu  sync.Mutex
	met map[string]int // guarded by mu
}

func (s *storm) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met[what]++
}

// missing lists what nobody has met yet.
func (s *storm) missing() (missing []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range []string{
		"200", "200 broken", "304", "400", "500", "503", "504", "gzip", "HEAD", "cut",
	} {
		if s.met[what] == 0 {
			missing = append(missing, what)
		}
	}
	return missing
}

// stormAny makes one of all the requests that there are. Most tables are well.
func stormAny() string {
	tables := slices.Sorted(maps.Keys(stormTables))
	switch rand.N(10) {
	case 0, 1:
		return stormRequest(tables[rand.N(len(tables))])
	case 2:
		return stormRequest("wide")
	default:
		return stormRequest([]string{"sample", "empty", "changed"}[rand.N(3)])
	}
}

// stormRequest is a request for a table.
func stormRequest(table string) string {
	query := []string{"", "", "", "?limit=5", "?order=name", "?name=like.x*&limit=3", "?select=none", "?limit=x"}[rand.N(8)]
	method := []string{"GET", "GET", "GET", "GET", "HEAD"}[rand.N(5)]
	version := []string{"1.1", "1.1", "1.0"}[rand.N(3)]
	header := []string{
		"", "", "", "Accept-Encoding: gzip\r\n", "If-None-Match: *\r\n", "Prefer: count=exact\r\n",
		"Accept: text/csv\r\n", "Accept: application/vnd.pgrst.object+json\r\n", "Range: 1-3\r\n",
	}[rand.N(9)]
	return fmt.Sprintf("%s /read/%s%s HTTP/%s\r\nHost: x\r\n%s\r\n", method, table, query, version, header)
}

// visit is one client: it asks, and behaves in one of all the ways there are.
func (s *storm) visit(ctx context.Context) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	request := stormAny()
	behave := rand.N(7)
	if behave < 2 {
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return
	}
	switch behave {
	case 0, 1: // stalls
		s.stall(ctx, conn)
	case 2: // leaves at once
	case 3: // leaves within the answer
		_, _ = io.CopyN(io.Discard, conn, rand.N[int64](1<<20))
	case 4: // sends no more
		_ = conn.(*net.TCPConn).CloseWrite()
		s.take(conn, request)
	default:
		s.take(conn, request)
		if strings.Contains(request, "HTTP/1.1") { // and asks again on the same connection
			if _, err := io.WriteString(conn, strings.Replace(request, "HEAD", "GET", 1)); err == nil {
				s.take(conn, strings.Replace(request, "HEAD", "GET", 1))
			}
		}
	}
}

// stall takes nothing until it is cut off, or the storm is over.
func (s *storm) stall(ctx context.Context, conn net.Conn) {
	poll := time.NewTicker(stormStall / 10)
	defer poll.Stop()
	for end := time.Now().Add(2 * stormStall); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		if mainIsReset(conn.(*net.TCPConn)) {
			s.note("cut")
			return
		}
	}
}

// take takes the whole of an answer and notes what it was.
func (s *storm) take(conn net.Conn, request string) {
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		s.note("no answer")
		return
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err != nil {
		s.note(strconv.Itoa(resp.StatusCode) + " broken")
		return
	}
	s.note(strconv.Itoa(resp.StatusCode))
	s.note(cmp.Or(resp.Header.Get("Content-Encoding"), method))
}

// startStorm starts the program without its main, on a database at addr. end
// ends what there is of it.
func startStorm(t *testing.T, addr string) (s *storm, a *api, pool *sql.DB, end func()) {
	cfg := configMust(t, mainEnv(t, addr, map[string]string{
		"DB_TABLES": strings.Join(slices.Sorted(maps.Keys(stormTables)), ","), "DB_MAX_CONNS": "12",
		"DB_TIMEOUT": stormTimeout.String(), "STALL_TIMEOUT": stormStall.String(), "MAX_IN_FLIGHT": "150",
	}))
	pool, err := openPool(cfg, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	a = newAPI(pool, cfg, discardLog())
	server := httpserver.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause != nil && cause != http.ErrAbortHandler {
				t.Errorf("%s %s panics: %v", r.Method, r.URL, cause)
			}
			if cause != nil {
				panic(http.ErrAbortHandler)
			}
		}()
		a.ServeHTTP(w, r)
	}), nil, discardLog())
	listener := mainListen(t)
	go server.Serve(client.NewListener(listener, cfg.stallTimeout)) // ends with Close
	return &storm{addr: listener.Addr().String(), met: map[string]int{}}, a, pool, func() {
		server.Close()
		pool.Close()
	}
}

// rage has clients come until everything has been met.
func (s *storm) rage(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), stormPatience)
	defer cancel()
	var clients sync.WaitGroup
	for range stormClients {
		clients.Go(func() { // ends with ctx
			for ctx.Err() == nil {
				s.visit(ctx)
			}
		})
	}
	begun := time.Now()
	stormAwait(t, "outcomes missing", func() (string, bool) {
		missing := s.missing()
		return fmt.Sprint(missing), len(missing) == 0 && time.Since(begun) >= stormTime
	})
	cancel()
	clients.Wait()
	t.Logf("met: %v", s.met)
}

func TestStorm(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no telling who has been cut off")
	}
	addr, _ := mainMySQL(t, stormPlay)
	before := runtime.NumGoroutine()
	s, a, pool, end := startStorm(t, addr)
	s.rage(t)
	stormAwait(t, "reads under way", func() (string, bool) {
		n := a.inFlight.Load()
		return fmt.Sprint(n), n == 0
	})
	stormAwait(t, "load", func() (string, bool) {
		load := a.rest.Load()
		return fmt.Sprintf("%+v", load), load == rest.Load{}
	})
	stormAwait(t, "connections in use", func() (string, bool) {
		n := pool.Stats().InUse
		return fmt.Sprint(n), n == 0
	})
	end()
	stormAwait(t, "goroutines", func() (string, bool) {
		n := runtime.NumGoroutine()
		return fmt.Sprintf("%d, before %d", n, before), n <= before
	})
}

// stormAwait waits until nothing is left.
func stormAwait(t testing.TB, what string, look func() (is string, done bool)) {
	t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	begun := time.Now()
	for {
		is, done := look()
		if done {
			t.Logf("no %s after %v", what, time.Since(begun).Round(time.Millisecond))
			return
		}
		if time.Since(begun) > stormPatience {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%s: %s; want none\n%s", what, is, stacks[:runtime.Stack(stacks, true)])
		}
		<-poll.C
	}
}
