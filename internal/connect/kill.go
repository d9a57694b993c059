package connect

// This file ends queries that were given up where they run. Closing a
// connection does not: no server looks at its socket while it scans. Rule: what
// is killed is a thread that was ours, on the server and in the life of it in
// which it was ours, and that runs what we sent.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	// killWait bounds how long the connection of a query that was given up
	// counts as open.
	killWait = time.Second
	// killTime bounds how long ending a query is tried.
	killTime = time.Minute
	// lookTime bounds one look at what runs on a server, and the kills after it.
	// It is long because a server with much to kill answers late. (MariaDB's KILL
	// takes 2 s, now and then, when many threads are in SLEEP: one that wakes holds
	// the mutex that all of them share, and waits for the killer.)
	lookTime = 10 * time.Second
	// Pauses between looks.
	minLook = 10 * time.Millisecond
	maxLook = 500 * time.Millisecond
	// maxAsleep is after how many looks, a second, a thread that does nothing is not
	// about to start with what we sent: one whose client has gone would be gone.
	maxAsleep = 8
	// maxReach is how many connections are made to reach a certain server behind
	// a balancer.
	maxReach = 10
	// maxPrefix is how much of a query is compared: the server shows 100
	// characters.
	maxPrefix = 90

	erNoSuchThread = 1094
)

var errElsewhere = errors.New("connections lead to other servers")

// tally counts what is under way. The zero value is ready.
type tally struct {
	mu   sync.Mutex // guards the fields below
	n    int
	none chan struct{} // closed when n is 0 again; nil if nobody waits
}

func (t *tally) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tally) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.none != nil {
		close(t.none)
		t.none = nil
	}
}

// wait waits until nothing is under way, or ctx ends.
func (t *tally) wait(ctx context.Context) error {
	select {
	case <-t.zero():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// zero returns what is closed once nothing is under way.
func (t *tally) zero() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.none == nil {
		t.none = make(chan struct{})
	}
	none := t.none
	if t.n == 0 {
		close(none)
		t.none = nil
	}
	return none
}

// victim is a query that was given up.
type victim struct {
	id     uint64 // of its thread
	server string
	prefix string // its text begins so
	until  time.Time
	asleep int // looks at which its thread did nothing

	once sync.Once
	free chan struct{} // closed when nobody should wait for its end any more
}

// release lets those go who wait for v.
func (v *victim) release() { v.once.Do(func() { close(v.free) }) }

// wait waits, for a short time, until v has ended, or cannot be ended now.
func (v *victim) wait() {
	timer := time.NewTimer(killWait)
	defer timer.Stop()
	select {
	case <-v.free:
	case <-timer.C:
	}
}

// thread is a line of the server's list of threads.
type thread struct{ command, text string }

// look is told what v's thread is doing. It reports whether v has ended, and if
// not, whether to kill it.
func (v *victim) look(t thread, found bool) (ended, kill bool) {
	switch {
	case !found:
		return true, false
	case t.command == "Sleep": // maybe it has not begun yet
		v.asleep++
		return v.asleep >= maxAsleep, false
	case t.command == "Killed", t.text == "": // on its way
		return false, false
	case !strings.HasPrefix(t.text, v.prefix): // somebody else's by now
		return true, false
	default:
		return false, true
	}
}

// reaper ends queries that were given up. One goroutine does it for all of them,
// and ends when none is left.
type reaper struct {
	side *sql.DB
	log  *slog.Logger
	work tally         // queries that run, or may run
	wake chan struct{} // has one if there are new victims

	mu        sync.Mutex // guards the fields below
	victims   map[*victim]bool
	isRunning bool
	isStopped bool
}

func newReaper(side *sql.DB, log *slog.Logger) *reaper {
	return &reaper{side: side, log: log, wake: make(chan struct{}, 1), victims: map[*victim]bool{}}
}

// add has the query ended that begins with text, on thread id of server.
func (r *reaper) add(id uint64, server, text string) *victim {
	v := &victim{
		id: id, server: server, prefix: prefixOf(text),
		until: time.Now().Add(killTime), free: make(chan struct{}),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.isStopped {
		v.release()
		return v
	}
	r.work.add()
	r.victims[v] = true
	if !r.isRunning {
		r.isRunning = true
		go r.run()
	}
	select {
	case r.wake <- struct{}{}:
	default: // it will look anyway
	}
	return v
}

// finish notes that no more is done about v.
func (r *reaper) finish(v *victim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.victims[v] {
		delete(r.victims, v)
		v.release()
		r.work.done()
	}
}

// stop has nothing more done about anybody.
func (r *reaper) stop() {
	r.mu.Lock()
	r.isStopped = true
	left := slices.Collect(maps.Keys(r.victims))
	r.mu.Unlock()
	for _, v := range left {
		r.finish(v)
	}
}

// run looks and kills until nothing is left.
func (r *reaper) run() {
	for pause := minLook; ; pause = min(2*pause, maxLook) {
		servers := r.left()
		if len(servers) == 0 {
			return
		}
		for server, victims := range servers {
			r.reap(server, victims)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-r.wake:
			timer.Stop()
			pause = minLook
		}
	}
}

// left returns who is left, by server. If that is nobody, run must end.
func (r *reaper) left() map[string][]*victim {
	r.mu.Lock()
	defer r.mu.Unlock()
	servers := map[string][]*victim{}
	for v := range r.victims {
		servers[v.server] = append(servers[v.server], v)
	}
	r.isRunning = len(servers) > 0
	return servers
}

// reap looks once what victims do on server, and kills.
func (r *reaper) reap(server string, victims []*victim) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	err := r.reapOnce(ctx, server, victims)
	if err != nil {
		r.log.Debug("queries that were given up may go on", "queries", len(victims), "err", err)
	}
	for _, v := range victims {
		switch {
		case errors.Is(err, errElsewhere), time.Now().After(v.until):
			r.finish(v)
		case err != nil: // it is tried again, but the server may be gone for long
			v.release()
		}
	}
}

func (r *reaper) reapOnce(ctx context.Context, server string, victims []*victim) error {
	side, err := r.reach(ctx, server)
	if err != nil {
		return err
	}
	defer side.Close()
	threads, err := threadsOf(ctx, side)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range victims {
		t, found := threads[v.id]
		ended, kill := v.look(t, found)
		if ended {
			r.finish(v)
		}
		if kill {
			errs = append(errs, killQuery(ctx, side, v.id))
		}
	}
	return errors.Join(errs...)
}

// reach returns a side connection to server.
func (r *reaper) reach(ctx context.Context, server string) (*sql.Conn, error) {
	for range maxReach {
		side, err := r.side.Conn(ctx)
		if err != nil {
			return nil, err
		}
		err = side.Raw(func(c any) error {
			if c.(*conn).server != server {
				return driver.ErrBadConn // the next is another one
			}
			return nil
		})
		if err == nil {
			return side, nil
		}
		side.Close()
	}
	return nil, errElsewhere
}

// threadsOf returns what side may see of the server's threads: its own account's
// at least.
func threadsOf(ctx context.Context, side *sql.Conn) (map[uint64]thread, error) {
	rows, err := side.QueryContext(ctx, "SHOW PROCESSLIST")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var (
		id            uint64
		command, info sql.NullString
		threads       = map[uint64]thread{}
		dest          = make([]any, len(columns))
	)
	for i, name := range columns {
		switch name {
		case "Id":
			dest[i] = &id
		case "Command":
			dest[i] = &command
		case "Info":
			dest[i] = &info
		default:
			dest[i] = new(sql.RawBytes)
		}
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		threads[id] = thread{command.String, info.String}
	}
	return threads, rows.Err()
}

// killQuery ends what thread id does. That it is gone is fine.
func killQuery(ctx context.Context, side *sql.Conn, id uint64) error {
	_, err := side.ExecContext(ctx, "KILL QUERY "+strconv.FormatUint(id, 10))
	var answer *mysql.MySQLError
	if errors.As(err, &answer) && answer.Number == erNoSuchThread {
		return nil
	}
	return err
}

// prefixOf returns how the server's list shows that a query begins: up to its
// first argument, and to what may look otherwise there.
func prefixOf(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	end := strings.IndexFunc(text, func(r rune) bool { return r == '?' || r < ' ' || r > '~' })
	if end < 0 {
		end = len(text)
	}
	return text[:min(end, maxPrefix)]
}
