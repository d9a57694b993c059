package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"readapi/internal/testcerts"
)

// file writes content to a new file.
func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	cert, key := testcerts.New(t, "authority").Issue(t, "localhost")
	const (
		encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
		old       = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
		broken    = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	)
	tests := []struct {
		name  string
		check func(string) error
		file  string
		want  string // part of the error; empty: none
	}{
		{"certificate", CheckCertificate, cert, ""},
		{"no file", CheckCertificate, "/no/such/file", "no such file"},
		{"a folder", CheckCertificate, t.TempDir(), "is a directory"},
		{"key for a certificate", CheckCertificate, key, "no certificate"},
		{"empty", CheckCertificate, file(t, ""), "no certificate"},
		{"no PEM", CheckCertificate, file(t, "\x30\x82"), "no certificate"},
		{"broken", CheckCertificate, file(t, broken), "makes no sense"},
		{"key", CheckKey, key, ""},
		{"certificate for a key", CheckKey, cert, "no private key"},
		{"no key file", CheckKey, "/no/such/file", "no such file"},
		{"with a passphrase", CheckKey, file(t, encrypted), "passphrase"},
		{"with a passphrase, as it was", CheckKey, file(t, old), "passphrase"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.check(tt.file)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("check = %v; want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), tt.file) {
				t.Errorf("check = %v; want it without the path", err)
			}
		})
	}
}

// TestRenewed replaces the files, one after the other, by what fits and by what
// does not.
func TestRenewed(t *testing.T) {
	a := testcerts.New(t, "authority")
	cert, key := a.Issue(t, "first")
	var log bytes.Buffer
	p, err := Load(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	want := func(name, said string, times int) {
		t.Helper()
		for range 3 {
			if got := p.Certificate().Leaf.Subject.CommonName; got != name {
				t.Errorf("Certificate() is that of %s; want %s", got, name)
			}
		}
		if got := strings.Count(log.String(), said); got != times {
			t.Errorf("log = %s; want %q %d times", &log, said, times)
		}
	}
	want("first", "renewed", 0)
	newCert, newKey := a.Issue(t, "second")
	move(t, newCert, cert)
	want("first", "certificate not renewed", 1)
	move(t, newKey, key)
	want("second", "certificate renewed", 1)
	if err := os.WriteFile(cert, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("second", "certificate not renewed", 2)
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	want("second", "no such file", 1)
	a.IssueTo(t, cert, key, "third")
	want("third", "certificate renewed", 2)
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestLoadKeyOfAnother(t *testing.T) {
	a := testcerts.New(t, "authority")
	cert, _ := a.Issue(t, "one")
	_, key := a.Issue(t, "two")
	if _, err := Load(cert, key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "does not match") {
		t.Errorf("Load = %v; want that the key does not match", err)
	}
}

// shake shakes hands, and returns whom the server has seen, and the errors of both
// sides.
func shake(t *testing.T, server, client *tls.Config) (seen []*x509.Certificate, serverErr, clientErr error) {
	t.Helper()
	one, other := net.Pipe()
	defer one.Close()
	s, c := tls.Server(one, server), tls.Client(other, client)
	done := make(chan error, 1)
	go func() { // ends with the pipe
		done <- s.HandshakeContext(t.Context())
		one.Close()
	}()
	clientErr = c.HandshakeContext(t.Context())
	other.Close()
	serverErr = <-done
	return s.ConnectionState().PeerCertificates, serverErr, clientErr
}

func TestTrust(t *testing.T) {
	ours, theirs := testcerts.New(t, "ours"), testcerts.New(t, "theirs")
	cert, key := ours.Issue(t, "db.example")
	pair, err := Load(cert, key, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		trust Trust
		roots *testcerts.Authority
		host  string
		ok    bool
	}{
		{"anybody", Anybody, theirs, "other.example", true},
		{"the authority, another name", Authority, ours, "other.example", true},
		{"another authority", Authority, theirs, "db.example", false},
		{"the host", Host, ours, "db.example", true},
		{"another host", Host, ours, "other.example", false},
		{"the host, another authority", Host, theirs, "db.example", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := shake(t, Server(pair), Client(tt.trust, tt.roots.Pool, tt.host, nil))
			var unverified *tls.CertificateVerificationError
			if tt.ok != (err == nil) || err != nil && !errors.As(err, &unverified) {
				t.Errorf("handshake = %v; want ok = %v, or that the certificate is not verified", err, tt.ok)
			}
		})
	}
}

// A client shows its own certificate to a server who wants one, and the new one
// when it was renewed.
func TestClientCertificate(t *testing.T) {
	a := testcerts.New(t, "authority")
	serverCert, serverKey := a.Issue(t, "db.example")
	ownCert, ownKey := a.Issue(t, "first")
	pair, err := Load(serverCert, serverKey, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	own, err := Load(ownCert, ownKey, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server, client := Server(pair), Client(Host, a.Pool, "db.example", own)
	server.ClientAuth, server.ClientCAs = tls.RequireAnyClientCert, a.Pool
	for _, name := range []string{"first", "second"} {
		a.IssueTo(t, ownCert, ownKey, name)
		if seen, serverErr, clientErr := shake(t, server, client); serverErr != nil || clientErr != nil || seen[0].Subject.CommonName != name {
			t.Errorf("handshake = %v, %v with %v; want %s", serverErr, clientErr, seen, name)
		}
	}
	if _, err, _ := shake(t, server, Client(Host, a.Pool, "db.example", nil)); err == nil {
		t.Error("a server who wants a certificate takes none")
	}
}
