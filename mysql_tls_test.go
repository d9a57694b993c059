package main

// This file tests client certificates against a server that has an authority of
// its own: MySQL makes one, with a certificate for clients, in its data directory.

import (
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"readapi/internal/testcerts"
)

// mysqlCertificates returns the port of a server with an authority, the admin's
// pool for it, and the files: those of TEST_DB_PORT, or of TEST_DB_SECOND_PORT.
func mysqlCertificates(t *testing.T) (reader map[string]string, admin *sql.DB, ca, cert, key string) {
	t.Helper()
	reader, account := mysqlAccounts(t)
	for _, port := range []string{account["DB_PORT"], os.Getenv("TEST_DB_SECOND_PORT")} {
		if port == "" {
			continue
		}
		admin = mysqlAdmin(t, mysqlWith(account, "DB_PORT", port), "")
		var dir, file string
		if err := admin.QueryRow("SELECT @@datadir, COALESCE(@@ssl_ca, '')").Scan(&dir, &file); err != nil || file == "" {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		cert, key = filepath.Join(filepath.Dir(file), "client-cert.pem"), filepath.Join(filepath.Dir(file), "client-key.pem")
		if _, err := os.ReadFile(key); err == nil {
			return mysqlWith(reader, "DB_PORT", port), admin, file, cert, key
		}
	}
	t.Skip("no server with an authority whose client-cert.pem and client-key.pem can be read from here")
	return nil, nil, "", "", ""
}

// TestMySQLClientCertificate reads with an account that wants a certificate, from
// a server that is verified but for its name.
func TestMySQLClientCertificate(t *testing.T) {
	reader, admin, ca, cert, key := mysqlCertificates(t)
	name := mysqlRandomName()
	mysqlExec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { mysqlExec(t, admin, "DROP DATABASE "+name) })
	mysqlExec(t, admin, "CREATE TABLE "+name+".sample (id INT PRIMARY KEY)")
	mysqlExec(t, admin, "CREATE USER "+name+" IDENTIFIED BY 'secret' REQUIRE X509")
	t.Cleanup(func() { mysqlExec(t, admin, "DROP USER "+name) })
	mysqlExec(t, admin, "GRANT SELECT ON "+name+".* TO "+name)
	env := mysqlWith(reader, "DB_NAME", name, "DB_USER", name, "DB_PASSWORD", "secret", "DB_TIMEOUT", "5s")

	other := testcerts.New(t, "other")
	strangeCert, strangeKey := other.Issue(t, "readapi")
	tests := []struct {
		name    string
		changes []string
		refused string // part of the error at start; empty: it reads
	}{
		{"verify-ca", []string{"DB_TLS", "verify-ca", "DB_TLS_CA", ca, "DB_TLS_CERT", cert, "DB_TLS_KEY", key}, ""},
		{"preferred", []string{"DB_TLS_CERT", cert, "DB_TLS_KEY", key}, ""},
		{"no certificate", nil, "look at DB_USER and DB_PASSWORD, and at DB_TLS_CERT"},
		{"another authority", []string{"DB_TLS", "verify-ca", "DB_TLS_CA", other.File, "DB_TLS_CERT", cert, "DB_TLS_KEY", key}, "look at DB_TLS"},
		{"another name", []string{"DB_TLS", ca, "DB_TLS_CERT", cert, "DB_TLS_KEY", key}, "look at DB_TLS"},
		{"certificate of another authority", []string{"DB_TLS_CERT", strangeCert, "DB_TLS_KEY", strangeKey}, "DB_TLS_CERT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := mysqlWith(env, tt.changes...)
			if tt.refused == "" {
				mysqlWantBody(t, mysqlServe(t, env)+"/read", "[]\n")
				return
			}
			mysqlWantRefused(t, env, tt.refused)
			status, body := mysqlGet(t, mysqlServe(t, env)+"/read")
			if status != http.StatusInternalServerError || strings.Contains(body, name) {
				t.Errorf("GET /read = %d %s; want 500", status, body)
			}
		})
	}
}
