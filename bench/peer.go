package main

// This file is the list of the servers that are compared; setup.go has how each
// is made ready and started. Rule: a peer is run as its users run it; what
// differs from that is said where it is set, and in what RESULTS.md says of it.

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// readPath is where every server has its rows.
const readPath = "/read"

// errMissing is something that a peer needs and this machine does not have.
// What to install stands behind it.
var errMissing = errors.New("not here")

// peer is one of the servers that are compared.
type peer struct {
	name  string // for -peers
	title string
	about string // for RESULTS.md
	limit bool   // no competitor, but the most that is possible
	// routes are where it has different rows; nil if it is not measured with them.
	routes *routes
	// differentOnly: with nothing else.
	differentOnly bool

	// prepare installs or builds what start needs, and returns the versions of
	// its parts. errMissing: the peer is skipped.
	prepare func(ctx context.Context, w *workshop) (versions string, err error)
	// start starts the server for the database that env names.
	start func(ctx context.Context, w *workshop, env []string) (*server, error)
}

// baseName is the peer that the others are compared with.
const baseName = "readapi"

// allPeers is the list in the order in which they are measured and shown.
func allPeers() []peer {
	return []peer{
		{
			name: baseName, title: "readapi",
			about:   "with its defaults (10 database connections)",
			routes:  readapiRoutes,
			prepare: prepareReadapi, start: startReadapi,
		},
		{
			name: "express", title: "Express + mysql",
			about:   "Express and the mysql package, one connection from `createConnection`, `res.json`",
			prepare: prepareNode(expressDir, "express", "mysql"), start: startNode(expressDir, "server.js"),
		},
		{
			name: "express-pool", title: "Express + mysql2, pool",
			about:  "Express and mysql2, `createPool` with its default of 10 connections, `execute`, `res.json`",
			routes: programRoutes, differentOnly: true,
			prepare: prepareNode(mysql2Dir, "express", "mysql2"), start: startNode(mysql2Dir, "express.js"),
		},
		{
			name: "fastify", title: "Fastify + mysql2, pool",
			about:  "the same with Fastify, without schemas",
			routes: programRoutes, differentOnly: true,
			prepare: prepareNode(mysql2Dir, "fastify", "mysql2"), start: startNode(mysql2Dir, "fastify.js"),
		},
		{
			name: "flask", title: "Flask + SQLAlchemy",
			about:   "`app.run(threaded=True)`, `jsonify`, SQLAlchemy over PyMySQL with its default pool",
			prepare: prepareFlask, start: startFlask,
		},
		{
			name: "flask-gunicorn", title: "Flask under gunicorn",
			about: "the same program under gunicorn with 2 × cores + 1 workers, as its documentation " +
				"advises, and a timeout of 300 s instead of 30",
			routes:  programRoutes,
			prepare: prepareGunicorn, start: startGunicorn,
		},
		{
			name: "php", title: "nginx + PHP-FPM",
			about: "mysqli, `fetch_all`, `json_encode`; Debian's settings (5 PHP processes at most), but no " +
				"`memory_limit`; a connection to the database for each request",
			routes:  phpRoutes,
			prepare: preparePHP, start: startPHP,
		},
		{
			name: "naive", title: "naive Go",
			about:   "`[]map[string]any`, `json.Encoder`, a pool of 16 connections",
			routes:  programRoutes,
			prepare: prepareGo("naive"), start: startNaive,
		},
		{
			name: "memory", title: "limit: from memory", limit: true,
			about:   "a Go server that answers every request with readapi's bytes and header, kept in memory",
			prepare: prepareGo("memory"), start: startMemory,
		},
	}
}

// isIn reports whether the peer is measured in that part of a run.
func (p peer) isIn(part string) bool {
	switch part {
	case partDifferent:
		return p.routes != nil
	case partLarge: // the limit there is the driver
		return !p.limit && !p.differentOnly
	default:
		return !p.differentOnly
	}
}

// workshop is what peers are made with.
type workshop struct {
	*processes
	python   string            // the interpreter that has Flask
	phpFPM   string            // php-fpm with the version in its name
	recorded map[string]string // for memory: environment -> file of readapi's response
}

// server is a started peer.
type server struct {
	addr      string
	processes []*process
}

// stop ends the processes of the server, the last one first.
func (s *server) stop() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		s.processes[i].stop()
	}
}

// explain adds to err what the last of its processes, the one that clients talk
// to, has said.
func (s *server) explain(err error) error {
	return s.processes[len(s.processes)-1].explain(err)
}

// settle waits until none of its processes has anything to do.
func (s *server) settle(ctx context.Context) {
	for _, p := range s.processes {
		p.settle(ctx)
	}
}

// cpu is the processor time of all its processes.
func (s *server) cpu() (total time.Duration) {
	for _, p := range s.processes {
		total += p.cpu()
	}
	return total
}

// peak is the highest memory of all its processes.
func (s *server) peak() (total int64) {
	for _, p := range s.processes {
		total += p.peak()
	}
	return total
}

// startOn starts a program that takes its port from PORT, or from {port} in its
// arguments.
func (w *workshop) startOn(ctx context.Context, c command) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	c.port = port
	c.env = append([]string{"PORT=" + strconv.Itoa(port)}, c.env...)
	for i, arg := range c.args {
		c.args[i] = strings.ReplaceAll(arg, "{port}", strconv.Itoa(port))
	}
	p, err := w.processes.start(ctx, c)
	if err != nil {
		return nil, err
	}
	return &server{addr: p.addr, processes: []*process{p}}, nil
}
