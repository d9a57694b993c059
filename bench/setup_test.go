package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNeed(t *testing.T) {
	if err := need("sh", "dash"); err != nil {
		t.Errorf("need(sh) = %v; want nil", err)
	}
	err := need("no-such-program", "the-package")
	if !errors.Is(err, errMissing) || !strings.Contains(err.Error(), "install the-package") {
		t.Errorf("need() = %v; want the package to install", err)
	}
}

// TestSetupNamesPackages runs each setup where no program is on the path.
func TestSetupNamesPackages(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	tests := []struct {
		name    string
		prepare func(context.Context, *workshop) (string, error)
	}{
		{"nodejs", prepareNode(expressDir, "express", "mysql")},
		{"nginx-light", preparePHP},
	}
	for _, tt := range tests {
		_, err := tt.prepare(t.Context(), &workshop{})
		if !errors.Is(err, errMissing) || !strings.Contains(err.Error(), "install "+tt.name) {
			t.Errorf("prepare = %v; want %v: install %s", err, errMissing, tt.name)
		}
	}
}

// TestMemoryAnswersTheSame compares the limit with what it has recorded.
func TestMemoryAnswersTheSame(t *testing.T) {
	w := &workshop{processes: newTestProcesses(t), recorded: map[string]string{}}
	if _, err := prepareGo("memory")(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	const wire = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: application/json; charset=utf-8\r\n" +
		"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nEtag: W/\"abc\"\r\nVary: Accept-Encoding\r\n\r\n[]\n"
	env := []string{"DB_NAME=shop"}
	file := filepath.Join(w.dir, "response")
	if err := os.WriteFile(file, []byte(wire), 0o644); err != nil {
		t.Fatal(err)
	}
	w.recorded[strings.Join(env, "\n")] = file
	s, err := startMemory(t.Context(), w, env)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	response, err := http.Get("http://" + s.addr + readPath)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	header := response.Header.Clone()
	if header.Get("Date") == "Mon, 01 Jan 2024 00:00:00 GMT" {
		t.Error("Date is the recorded one")
	}
	header.Del("Date")
	want := `map[Content-Length:[3] Content-Type:[application/json; charset=utf-8] Etag:[W/"abc"] Vary:[Accept-Encoding]]`
	if body := string(readAll(t, response.Body)); body != "[]\n" || fmt.Sprint(header) != want {
		t.Errorf("answer = %q, %v; want %s", body, header, want)
	}
}

func TestFillIn(t *testing.T) {
	dir := t.TempDir()
	for _, root := range []bool{false, true} {
		values := map[string]any{"Dir": "/tmp/x", "Port": 8080, "Root": root}
		for _, name := range []string{"nginx.conf", "php-fpm.conf", "read.php", "db.php", "row.php"} {
			to := filepath.Join(dir, name)
			if err := fillIn(filepath.Join("peers", "php", name), to, values); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(to)
			if err != nil || strings.Contains(string(text), "{{") || strings.Contains(string(text), "<no value>") {
				t.Errorf("%s = %s, %v; want it filled in", name, text, err)
			}
			if strings.Contains(string(text), "user www-data") && !root {
				t.Errorf("%s has a user, but only root can become one", name)
			}
		}
	}
}

// TestLockFile keeps addresses of registries out of the repository: npm writes
// that of the machine where the file was made.
func TestLockFile(t *testing.T) {
	for dir, name := range map[string]string{expressDir: "mysql", mysql2Dir: "mysql2"} {
		t.Run(name, func(t *testing.T) { checkLockFile(t, dir, "express", name) })
	}
}

// checkLockFile wants the packages locked in dir.
func checkLockFile(t *testing.T, dir string, packages ...string) {
	text, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if name != "" && (p.Resolved != "" || p.Integrity == "" || p.Version == "") {
			t.Errorf("%s = %+v; want version and integrity, no address", name, p)
		}
	}
	for _, name := range packages {
		if lock.Packages["node_modules/"+name].Version == "" {
			t.Errorf("%s is not locked", name)
		}
	}
}
