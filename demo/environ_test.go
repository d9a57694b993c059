package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnviron(t *testing.T) {
	e := &engine{addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, adminPassword: "secret"}
	own := []string{
		"DB_HOST=127.0.0.1", "DB_PORT=4711", "DB_USER=demo", "DB_PASSWORD=" + readerPassword, "DB_NAME=demo",
		"DB_TABLES=" + databaseTables,
		"TEST_DB_HOST=127.0.0.1", "TEST_DB_PORT=4711", "TEST_DB_USER=root", "TEST_DB_PASSWORD=secret",
		"TEST_DB_READER=demo", "TEST_DB_READER_PASSWORD=" + readerPassword,
	}
	tests := []struct {
		name      string
		inherited []string
		kept      []string
	}{
		{"nothing", nil, nil},
		{"others stay", []string{"PATH=/bin", "EMPTY=", "ADDR=:1"}, []string{"PATH=/bin", "EMPTY=", "ADDR=:1"}},
		{"ours are replaced", []string{"DB_HOST=db", "A=1", "TEST_DB_PASSWORD=x"}, []string{"A=1"}},
		{"files are removed", []string{"DB_PASSWORD_FILE=/run/p", "TEST_DB_USER_FILE=u"}, nil},
		{"somebody else's database", []string{"DB_TABLES=a,b", "DB_TLS=true", "DB_TLS_FILE=f", "DB_TABLES_FILE=f"}, nil},
		{"settings stay", []string{"DB_TIMEOUT=1s", "DB_MAX_CONNS=2"}, []string{"DB_TIMEOUT=1s", "DB_MAX_CONNS=2"}},
		{"names in full", []string{"MY_DB_HOST=x", "DB_HOSTS=y"}, []string{"MY_DB_HOST=x", "DB_HOSTS=y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.inherited)
			got, want := e.environ(tt.inherited), slices.Concat(tt.kept, own)
			if !slices.Equal(got, want) {
				t.Errorf("environ(%q) = %q; want %q", tt.inherited, got, want)
			}
			if !slices.Equal(tt.inherited, before) {
				t.Errorf("environ changed its argument: %q", tt.inherited)
			}
		})
	}
}

// TestEnvironOfChild proves that the child gets what environ returns.
func TestEnvironOfChild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "environ")
	inherited := append(os.Environ(), "DB_HOST=elsewhere", "DB_PASSWORD_FILE=/run/secret", "DB_TLS=true", "KEPT=1")
	if code, err := run(helper(t, "environ", file), inherited, nil); code != 0 || err != nil {
		t.Fatalf("run = %d, %v; want 0", code, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	environ := "\n" + string(content) + "\n"
	for _, want := range []string{"\nDB_HOST=127.0.0.1\n", "\nDB_PASSWORD=" + readerPassword + "\n", "\nKEPT=1\n"} {
		if !strings.Contains(environ, want) {
			t.Errorf("environment lacks %q", want)
		}
	}
	for _, unwanted := range []string{"elsewhere", "\nDB_PASSWORD_FILE=", "\nDB_TLS="} {
		if strings.Contains(environ, unwanted) {
			t.Errorf("environment has %q", unwanted)
		}
	}
}
