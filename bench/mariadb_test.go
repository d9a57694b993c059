package main

import (
	"errors"
	"testing"
)

// newTestMariaDB starts a private server that ends with the test.
func newTestMariaDB(t testing.TB, options ...string) *mariaDB {
	t.Helper()
	m, err := newMariaDB(t.Context(), newTestProcesses(t), "mariadb", options...)
	if errors.Is(err, errNoMariaDB) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMariaDBRestart(t *testing.T) {
	m := newTestMariaDB(t)
	admin, err := m.admin("")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, query := range []string{
		"CREATE DATABASE shop", "CREATE TABLE shop.sample (id INT)", "INSERT INTO shop.sample VALUES (7)",
	} {
		if _, err := admin.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	m.kill() // right after the commit
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader, err := m.open(m.readerUser, m.readerPassword, "shop")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var id int
	if err := reader.QueryRowContext(t.Context(), "SELECT id FROM sample").Scan(&id); err != nil || id != 7 {
		t.Errorf("id = %d, %v; want 7: a commit must survive kill -9", id, err)
	}
	if _, err := reader.ExecContext(t.Context(), "DELETE FROM sample"); err == nil {
		t.Error("the reader may DELETE; want only SELECT")
	}
	if code := m.stop(); code != 0 {
		t.Errorf("stop() = %d; want 0", code)
	}
}
