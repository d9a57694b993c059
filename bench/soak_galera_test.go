package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	galeraPort    = 13400 // of HAProxy in galera.sh; node n is at galeraPort+n
	nodes         = 3
	galeraTimeout = 3 * time.Minute // of a command
)

// TestSoakGalera kills a node of a cluster behind HAProxy under 64 clients and
// brings it back. They must see latency, and nothing else.
//
// A read may go to another node than the write before it, and by default
// (wsrep_sync_wait 0) that node may be behind: not for readapi to make up for.
// The nodes are set to wait, so that the test may ask for fresh rows; but for
// the one that comes back, which begins with the default.
func TestSoakGalera(t *testing.T) {
	form := soakTest(t)
	g := startGalera(t)
	ctx := soakContext(t)
	db := newSoakDatabase(ctx, t, g.node(1)) // it lives; readapi goes through HAProxy
	table := newCounter(ctx, t, db, "sample", 10, 100)
	for node := 1; node <= nodes; node++ {
		g.makeCausal(ctx, t, node)
	}
	server := startTestReadapi(t, g.ps, append(g.node(0).reader(), "DB_NAME="+soakDatabase)...)
	defer table.startWriter(ctx, db)()

	for _, node := range pick(form, []int{2}, []int{2, 3, 2, 3}) {
		steps := []struct {
			name  string
			check checker
			do    func()
		}{
			{"kill", table.fresh, func() { g.run(ctx, t, "kill", strconv.Itoa(node)) }},
			{"revive", table.complete, func() { g.run(ctx, t, "revive", strconv.Itoa(node)) }},
		}
		for _, step := range steps {
			readers := startCrowd(t, restartConnections, server.addr, readPath, step.check)
			readers.awaitRequests(ctx, t, 3)
			step.do()
			table.awaitCommits(ctx, t, 10) // the cluster goes on
			readers.awaitRequests(ctx, t, 3)
			result := readers.stop()
			result.mustBeGood(t)
			t.Logf("%s node %d: %d connections, %v", step.name, node, restartConnections, result)
		}
		g.makeCausal(ctx, t, node)
	}
}

// galera is a cluster of three nodes behind HAProxy. The script that runs it has
// its files in a folder of ours.
type galera struct {
	ps     *processes
	script string
}

// startGalera starts the cluster, or skips the test and says what is missing.
func startGalera(t testing.TB) *galera {
	t.Helper()
	dir := cmp.Or(os.Getenv("ENGINES"), filepath.Join("..", "..", "shared", "engines"))
	g := &galera{script: filepath.Join(dir, "galera.sh")}
	if _, err := os.Stat(g.script); err != nil {
		t.Skipf("no cluster: %v; set ENGINES to the folder of galera.sh", err)
	}
	for program, debianPackage := range map[string]string{
		"mariadbd": "mariadb-server", "mariadb": "mariadb-client", "haproxy": "haproxy", "rsync": "rsync",
	} {
		if err := need(program, debianPackage); err != nil {
			t.Skipf("no cluster: %s: %v", program, err)
		}
	}
	if found, _ := filepath.Glob("/usr/lib*/galera*/libgalera_smm.so"); len(found) == 0 {
		t.Skip("no cluster: no libgalera_smm.so: install galera-4")
	}
	g.ps = newTestProcesses(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), galeraTimeout)
		defer cancel()
		for node := 1; node <= nodes; node++ { // a clean end takes longer, and nobody needs the data
			_ = g.command(ctx, "kill", strconv.Itoa(node)).Run() // fails if it does not run
		}
		g.run(ctx, t, "stop")
	})
	g.run(t.Context(), t, "start")
	return g
}

// run runs the script. It ends what it started, also if it fails halfway: by
// the pids in our folder.
func (g *galera) run(ctx context.Context, t testing.TB, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, galeraTimeout)
	defer cancel()
	start := time.Now()
	if output, err := g.command(ctx, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", g.script, args, err, output)
	}
	t.Logf("galera.sh %q took %v", args, time.Since(start).Round(time.Millisecond))
}

// command is the script, with its files in our folder.
func (g *galera) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.script, args...)
	cmd.WaitDelay = time.Second // for its output, if ctx ends it
	cmd.Env = append(os.Environ(), "ENGINES_DIR="+filepath.Join(g.ps.dir, "engines"))
	return cmd
}

// node is the server with that number; 0 is HAProxy.
func (g *galera) node(n int) dbServer {
	return dbServer{
		host: "127.0.0.1", port: galeraPort + n,
		adminUser: adminUser, adminPassword: adminPassword,
		readerUser: readerUser, readerPassword: readerPassword,
	}
}

// makeCausal lets every read on the node wait until it has what was committed in
// the cluster before. Connections that began without that are ended.
func (g *galera) makeCausal(ctx context.Context, t testing.TB, node int) {
	t.Helper()
	err := execAll(ctx, g.node(node), "", "SET GLOBAL wsrep_sync_wait = 1", "KILL CONNECTION USER "+readerUser)
	if err != nil {
		t.Fatal(err)
	}
}
