package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// newTestPool opens a pool of n connections to addr.
func newTestPool(tb testing.TB, addr string, n int) *sql.DB {
	tb.Helper()
	pool := sql.OpenDB(newTestConnector(tb, testConfig(addr), patience))
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	tb.Cleanup(func() { pool.Close() })
	return pool
}

// start sends query and returns what gives it up, and waits until that is done.
func start(tb testing.TB, pool *sql.DB, query string) (giveUp func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		conn, err := pool.Conn(ctx)
		if err != nil {
			return
		}
		defer conn.Close()
		rows, err := conn.QueryContext(ctx, query)
		if err != nil {
			return
		}
		defer rows.Close()
		for rows.Next() {
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestGivenUpQueriesEnd(t *testing.T) {
	tests := []struct {
		name string
		// run reads until ctx ends, or it has enough.
		run func(ctx context.Context, pool *sql.DB) error
		// leave: the test ends ctx once the query runs.
		leave bool
	}{
		{"before the first row", func(ctx context.Context, pool *sql.DB) error {
			_, err := pool.QueryContext(ctx, "SELECT hang")
			return err
		}, true},
		{"without rows", func(ctx context.Context, pool *sql.DB) error {
			_, err := pool.ExecContext(ctx, "SELECT hang")
			return err
		}, true},
		{"between rows", func(ctx context.Context, pool *sql.DB) error {
			rows, err := pool.QueryContext(ctx, "SELECT some")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		}, true},
		{"closed before the end", func(ctx context.Context, pool *sql.DB) error {
			rows, err := pool.QueryContext(ctx, "SELECT some")
			if err != nil {
				return err
			}
			rows.Next()
			return errors.Join(rows.Close(), context.Canceled)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("a")
			pool := newTestPool(t, f.serve(t), 2)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- tt.run(ctx, pool) }() // ends with ctx
			if tt.leave {
				await(t, "it runs", func() bool { return f.running() == 1 })
				cancel()
			}
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("read = %v; want %v", err, context.Canceled)
			}
			await(t, "the connection is closed", func() bool { return pool.Stats().OpenConnections == 0 })
			if n := f.running(); n != 0 {
				t.Errorf("queries running when the connection is closed = %d; want 0", n)
			}
		})
	}
}

func TestFinishedQueriesAreNotKilled(t *testing.T) {
	f := newFake("a")
	pool := newTestPool(t, f.serve(t), 2)
	var a string
	if err := pool.QueryRowContext(t.Context(), "SELECT a").Scan(&a); err != nil {
		t.Errorf("QueryRow = %v", err)
	}
	if _, err := pool.ExecContext(t.Context(), "DO 1"); err != nil {
		t.Errorf("Exec = %v", err)
	}
	if got := pool.Stats().OpenConnections; got != 1 {
		t.Errorf("open connections = %d; want 1: what a row was taken from can be used again", got)
	}
	pool.Close()
	if n := f.killCount(); n != 0 {
		t.Errorf("kills = %d; want 0", n)
	}
}

func TestManyGivenUpAtOnce(t *testing.T) {
	for _, size := range []int{10, 200} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			f := newFake("a")
			pool := newTestPool(t, f.serve(t), size)
			var giveUps []func()
			for range 200 {
				giveUps = append(giveUps, start(t, pool, "SELECT hang"))
			}
			await(t, "all run", func() bool { return f.running() == size })
			begin := time.Now()
			var wg sync.WaitGroup
			for _, giveUp := range giveUps {
				wg.Go(giveUp)
			}
			wg.Wait()
			if n := f.running(); n != 0 {
				t.Errorf("queries running after all clients have left = %d; want 0", n)
			}
			t.Logf("%d queries ended in %v with %d kills", size, time.Since(begin), f.killCount())
		})
	}
}

// TestKillAwaitsTheQuery gives a query up that the server has not begun.
func TestKillAwaitsTheQuery(t *testing.T) {
	f := newFake("a")
	f.ready = make(chan struct{})
	pool := newTestPool(t, f.serve(t), 1)
	giveUp := start(t, pool, "SELECT hang")
	sent := func(query string) func() bool {
		return func() bool { return slices.Contains(f.received(), query) }
	}
	await(t, "the query is sent", sent("SELECT hang"))
	go giveUp()
	await(t, "a look", sent("SHOW PROCESSLIST"))
	close(f.ready)
	await(t, "a kill", func() bool { return f.killCount() > 0 && f.running() == 0 })
}

// TestKillBehindABalancer has two servers with threads of the same number that
// run the same query: only the one that was given up ends.
func TestKillBehindABalancer(t *testing.T) {
	a, b := newFake("a"), newFake("b")
	addrA, addrB := a.serve(t), b.serve(t)
	start(t, newTestPool(t, addrB, 1), "SELECT hang") // thread 1 of b
	await(t, "b runs", func() bool { return b.running() == 1 })
	p := newProxy(addrA, addrB) // the pool's connection leads to a, thread 1; the next to b
	pool := newTestPool(t, listen(t, p.play), 1)
	giveUp := start(t, pool, "SELECT hang")
	await(t, "a runs", func() bool { return a.running() == 1 })
	giveUp()
	await(t, "the connection is closed", func() bool { return pool.Stats().OpenConnections == 0 })
	if n := a.running(); n != 0 {
		t.Errorf("a runs %d; want 0", n)
	}
	if n := b.killCount(); n != 0 {
		t.Errorf("kills at b = %d; want 0", n)
	}
}

func TestKillSparesStrangers(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, f *fake) (other *fake) // what the side connections meet
	}{
		{"another server, always", func(t *testing.T, _ *fake) *fake { return newFake("b") }},
		{"a new life of the server", func(t *testing.T, _ *fake) *fake { return newFake("a, later") }},
		{"a proxy with threads of its own", func(_ *testing.T, f *fake) *fake {
			f.greets = 1000
			return f
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake("a")
			other := tt.make(t, f)
			addr := f.serve(t)
			addrOther := addr
			if other != f {
				addrOther = other.serve(t)
				start(t, newTestPool(t, addrOther, 1), "SELECT hang")
				await(t, "the other runs", func() bool { return other.running() == 1 })
			}
			to := []string{addr}
			for range 2 * maxReach {
				to = append(to, addrOther)
			}
			pool := newTestPool(t, listen(t, newProxy(to...).play), 1)
			giveUp := start(t, pool, "SELECT hang")
			await(t, "it runs", func() bool { return f.running() == 1 })
			giveUp()
			if err := Of(pool).Wait(t.Context()); err != nil {
				t.Errorf("Wait = %v", err)
			}
			if n := f.killCount() + other.killCount(); n != 0 {
				t.Errorf("kills = %d; want 0", n)
			}
		})
	}
}

func TestVictimLooks(t *testing.T) {
	tests := []struct {
		name        string
		thread      thread
		found       bool
		ended, kill bool
	}{
		{"gone", thread{}, false, true, false},
		{"runs", thread{"Query", "SELECT `id` FROM `t` WHERE `a`=1"}, true, false, true},
		{"runs, prepared", thread{"Execute", "SELECT `id` FROM `t` WHERE `a`=1"}, true, false, true},
		{"asleep: maybe not begun", thread{"Sleep", ""}, true, false, false},
		{"killed", thread{"Killed", "SELECT `id` FROM `t` WHERE `a`=1"}, true, false, false},
		{"about to begin", thread{"Query", ""}, true, false, false},
		{"another's by now", thread{"Query", "UPDATE `t` SET `a`=1"}, true, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &victim{prefix: prefixOf("SELECT `id` FROM `t` WHERE `a`=?")}
			if ended, kill := v.look(tt.thread, tt.found); ended != tt.ended || kill != tt.kill {
				t.Errorf("look(%v) = %t, %t; want %t, %t", tt.thread, ended, kill, tt.ended, tt.kill)
			}
		})
	}
	v := &victim{}
	for range maxAsleep - 1 {
		v.look(thread{"Sleep", ""}, true)
	}
	if ended, _ := v.look(thread{"Sleep", ""}, true); !ended {
		t.Error("look at a thread that has long been asleep: not ended")
	}
}

func TestPrefixOf(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"SELECT 1", "SELECT 1"},
		{" \n SELECT `a` FROM `t` WHERE `a`=? AND 1", "SELECT `a` FROM `t` WHERE `a`="},
		{"SELECT `größe` FROM `t`", "SELECT `gr"}, // the list has another character set
		{"SELECT\n1", "SELECT"},
		{strings.Repeat("x", 200), strings.Repeat("x", maxPrefix)},
	}
	for _, tt := range tests {
		if got := prefixOf(tt.text); got != tt.want {
			t.Errorf("prefixOf(%q) = %q; want %q", tt.text, got, tt.want)
		}
	}
}

// TestKillThroughSilence gives a query up while nothing gets through: its
// connection does not count for long, and it ends when something does.
func TestKillThroughSilence(t *testing.T) {
	f := newFake("a")
	p := newProxy(f.serve(t))
	pool := newTestPool(t, listen(t, p.play), 1)
	giveUp := start(t, pool, "SELECT hang")
	await(t, "it runs", func() bool { return f.running() == 1 })
	p.silence()
	begin := time.Now()
	giveUp()
	if took := time.Since(begin); took > 10*killWait {
		t.Errorf("giving up took %v; want about %v", took, killWait)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := Of(pool).Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait while it runs = %v; want %v", err, context.DeadlineExceeded)
	}
	p.resume()
	if err := Of(pool).Wait(t.Context()); err != nil {
		t.Errorf("Wait = %v", err)
	}
	if n := f.running(); n != 0 {
		t.Errorf("queries running after Wait = %d; want 0", n)
	}
}

// TestCloseEndsQueries closes a pool whose query is under way: it ends before
// Close returns, if its reader leaves.
func TestCloseEndsQueries(t *testing.T) {
	f := newFake("a")
	pool := newTestPool(t, f.serve(t), 1)
	giveUp := start(t, pool, "SELECT hang")
	await(t, "it runs", func() bool { return f.running() == 1 })
	go giveUp()
	pool.Close()
	if n := f.running(); n != 0 {
		t.Errorf("queries running after Close = %d; want 0", n)
	}
}

func TestDeadServerEndsWaiting(t *testing.T) {
	f := newFake("a")
	addr := f.serve(t)
	refused := false
	var mu sync.Mutex
	cfg := testConfig(addr)
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if refused {
			return nil, errors.New("connection refused")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	pool := sql.OpenDB(newTestConnector(t, cfg, patience))
	giveUp := start(t, pool, "SELECT hang")
	await(t, "it runs", func() bool { return f.running() == 1 })
	mu.Lock()
	refused = true
	mu.Unlock()
	begin := time.Now()
	giveUp()
	if took := time.Since(begin); took >= killWait {
		t.Errorf("giving up took %v; want less than %v: nobody is there", took, killWait)
	}
	Of(pool).reaper.stop()
	pool.Close()
}
