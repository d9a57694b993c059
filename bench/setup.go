package main

// This file makes each peer ready and starts it.

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/template"
)

func prepareReadapi(ctx context.Context, w *workshop) (string, error) {
	bin, err := readapiBin()
	if err != nil {
		return "", err
	}
	return firstLine(ctx, bin, "-version")
}

func startReadapi(ctx context.Context, w *workshop, env []string) (*server, error) {
	p, err := w.startReadapi(ctx, env...)
	if err != nil {
		return nil, err
	}
	return &server{addr: p.addr, processes: []*process{p}}, nil
}

// Where npm puts the packages of a program; git ignores them.
var (
	expressDir = filepath.Join("peers", "express")
	mysql2Dir  = filepath.Join("peers", "mysql2")
)

// prepareNode installs the packages of dir, unless they are there. The versions
// are those of Node.js and of the packages that are named.
func prepareNode(dir string, packages ...string) func(context.Context, *workshop) (string, error) {
	script := `"Node.js "+process.versions.node`
	for _, name := range packages {
		// Not require("NAME/package.json"): some packages do not export it.
		script += fmt.Sprintf(`+", %[1]s "+JSON.parse(fs.readFileSync("node_modules/%[1]s/package.json")).version`, name)
	}
	return func(ctx context.Context, w *workshop) (string, error) {
		if err := need("node", "nodejs"); err != nil {
			return "", err
		}
		if found, err := firstLineIn(ctx, dir, "node", "-p", script); err == nil {
			return found, nil
		}
		if err := need("npm", "npm"); err != nil {
			return "", err
		}
		install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
		install.Dir = dir
		if output, err := install.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: npm ci in bench/%s must work: %w\n%s", errMissing, dir, err, output)
		}
		return firstLineIn(ctx, dir, "node", "-p", script)
	}
}

// startNode starts a program of dir.
func startNode(dir, program string) func(context.Context, *workshop, []string) (*server, error) {
	return func(ctx context.Context, w *workshop, env []string) (*server, error) {
		name := strings.TrimSuffix(program, ".js")
		return w.startOn(ctx, command{name: name, dir: dir, env: env, args: []string{"node", program}})
	}
}

func prepareFlask(ctx context.Context, w *workshop) (string, error) {
	// Debian's interpreter sees Debian's packages; another one may come first.
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		versions, err := firstLine(ctx, python, "-c", "import platform, flask, sqlalchemy, pymysql; "+
			"from importlib.metadata import version; "+
			"print('Python', platform.python_version() + ', Flask', version('flask') + ', SQLAlchemy', "+
			"sqlalchemy.__version__ + ', PyMySQL', pymysql.__version__)")
		if err == nil {
			w.python = python
			return versions, nil
		}
	}
	return "", fmt.Errorf("%w: install python3-flask python3-sqlalchemy python3-pymysql", errMissing)
}

// flaskDir is where app.py is.
var flaskDir = filepath.Join("peers", "flask")

func startFlask(ctx context.Context, w *workshop, env []string) (*server, error) {
	return w.startOn(ctx, command{name: "flask", dir: flaskDir, env: env, args: []string{w.python, "app.py"}})
}

func prepareGunicorn(ctx context.Context, w *workshop) (string, error) {
	flask, err := prepareFlask(ctx, w)
	if err != nil {
		return "", err
	}
	gunicorn, err := firstLine(ctx, w.python, "-c", "import gunicorn; print('gunicorn', gunicorn.__version__)")
	if err != nil {
		return "", fmt.Errorf("%w: install gunicorn", errMissing)
	}
	return flask + ", " + gunicorn, nil
}

func startGunicorn(ctx context.Context, w *workshop, env []string) (*server, error) {
	return w.startOn(ctx, command{name: "flask-gunicorn", dir: flaskDir, env: env, args: []string{
		w.python, "-m", "gunicorn", "-w", strconv.Itoa(2*runtime.NumCPU() + 1), "-b", "127.0.0.1:{port}",
		"--timeout", "300", // the largest table takes longer than 30 s on a slow machine
		"app:app",
	}})
}

func preparePHP(ctx context.Context, w *workshop) (string, error) {
	if err := need("nginx", "nginx-light"); err != nil {
		return "", err
	}
	found, _ := filepath.Glob("/usr/sbin/php-fpm*") // the pattern is right
	if len(found) == 0 {
		return "", fmt.Errorf("%w: install php-fpm php-mysql", errMissing)
	}
	w.phpFPM = found[len(found)-1]
	modules, err := exec.CommandContext(ctx, w.phpFPM, "-m").Output()
	if err != nil || !strings.Contains(string(modules), "mysqli") {
		return "", fmt.Errorf("%w: install php-mysql", errMissing)
	}
	php, err := firstLine(ctx, w.phpFPM, "-v")
	if err != nil {
		return "", err
	}
	nginx, err := exec.CommandContext(ctx, "nginx", "-v").CombinedOutput()
	if err != nil {
		return "", err
	}
	_, nginxVersion, _ := strings.Cut(strings.TrimSpace(string(nginx)), "/")
	php, _, _ = strings.Cut(php, " (")
	return "nginx " + nginxVersion + ", " + php, nil
}

// startPHP starts PHP-FPM, then nginx, with settings and files in a folder of
// their own: as root they run their workers as www-data, who sees no other.
func startPHP(ctx context.Context, w *workshop, env []string) (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.dir, "php-"+strconv.Itoa(port))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	values := map[string]any{"Dir": dir, "Port": port, "Root": os.Getuid() == 0}
	files, _ := filepath.Glob(filepath.Join("peers", "php", "*")) // the pattern is right
	for _, file := range files {
		if err := fillIn(file, filepath.Join(dir, filepath.Base(file)), values); err != nil {
			return nil, err
		}
	}
	fpm, err := w.processes.start(ctx, command{
		name: "php-fpm", env: env, socket: filepath.Join(dir, "fpm.sock"),
		args: []string{w.phpFPM, "--nodaemonize", "--fpm-config", filepath.Join(dir, "php-fpm.conf")},
	})
	if err != nil {
		return nil, err
	}
	nginx, err := w.processes.start(ctx, command{
		name: "nginx", port: port,
		args: []string{"nginx", "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf")},
	})
	if err != nil {
		fpm.stop()
		return nil, err
	}
	return &server{addr: nginx.addr, processes: []*process{fpm, nginx}}, nil
}

// fillIn writes the template at from to the file to.
func fillIn(from, to string, values map[string]any) error {
	parsed, err := template.ParseFiles(from)
	if err != nil {
		return err
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	return parsed.Execute(file, values)
}

// prepareGo builds the Go program in peers/name.
func prepareGo(name string) func(context.Context, *workshop) (string, error) {
	return func(ctx context.Context, w *workshop) (string, error) {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(w.dir, name), "./peers/"+name)
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build peers/%s: %w\n%s", name, err, output)
		}
		return runtime.Version(), nil
	}
}

func startNaive(ctx context.Context, w *workshop, env []string) (*server, error) {
	return w.startOn(ctx, command{name: "naive", env: env, args: []string{filepath.Join(w.dir, "naive")}})
}

// startMemory lets readapi answer once for the same database.
func startMemory(ctx context.Context, w *workshop, env []string) (*server, error) {
	file, err := w.record(ctx, env)
	if err != nil {
		return nil, fmt.Errorf("record readapi's response: %w", err)
	}
	return w.startOn(ctx, command{name: "memory", args: []string{filepath.Join(w.dir, "memory"), file}})
}

// record returns a file with readapi's response for env, recorded once.
func (w *workshop) record(ctx context.Context, env []string) (string, error) {
	key := strings.Join(env, "\n")
	if file, ok := w.recorded[key]; ok {
		return file, nil
	}
	p, err := w.startReadapi(ctx, env...)
	if err != nil {
		return "", err
	}
	defer p.stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(readPath), nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	dump, err := httputil.DumpResponse(response, true)
	if err != nil {
		return "", err
	}
	file := filepath.Join(w.dir, fmt.Sprintf("response-%d", len(w.recorded)+1))
	w.recorded[key] = file
	return file, os.WriteFile(file, dump, 0o644)
}

// need returns errMissing with the Debian package if there is no such program.
func need(program, debianPackage string) error {
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%w: install %s", errMissing, debianPackage)
	}
	return nil
}

// firstLine runs a program and returns the first line that it prints.
func firstLine(ctx context.Context, args ...string) (string, error) {
	return firstLineIn(ctx, "", args...)
}

// firstLineIn is firstLine in the folder dir.
func firstLineIn(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", args[0], err)
	}
	line, _, _ := strings.Cut(string(output), "\n")
	return strings.TrimSpace(line), nil
}
