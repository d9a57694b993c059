// Package certs owns certificates and keys that lie in files: those that readapi
// shows to clients and to the database, and the authorities that it trusts. Rules:
// what is wrong with a file is said at start; a file that was renewed is used from
// the next handshake on, and if it makes no sense then, the old one still is.
package certs

// This file reads the files.

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// Pair is a certificate, with its chain, and its key. It is safe for concurrent
// use.
type Pair struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex // guards what follows
	current *tls.Certificate
	sum     [sha256.Size]byte // of the files that current is from
	said    string            // why the files cannot be used, as it was logged last
}

// Load reads a pair. Errors say what is wrong without a path.
func Load(certFile, keyFile string, log *slog.Logger) (*Pair, error) {
	p := &Pair{certFile: certFile, keyFile: keyFile, log: log}
	if err := p.renew(); err != nil {
		return nil, err
	}
	return p, nil
}

// Certificate returns what the files hold now, or, if that cannot be used, what
// they held before: of two files one is replaced first.
func (p *Pair) Certificate() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.sum
	err := p.renew()
	switch {
	case err == nil && p.sum != before:
		p.log.Info("certificate renewed", "path", p.certFile, "not_after", p.current.Leaf.NotAfter)
	case err != nil && err.Error() != p.said:
		p.said = err.Error()
		p.log.Warn("certificate not renewed: the old one stays in use", "path", p.certFile, "err", err)
	}
	return p.current
}

// renew makes what the files hold the current pair.
func (p *Pair) renew() error {
	cert, err := read(p.certFile)
	if err != nil {
		return err
	}
	key, err := read(p.keyFile)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(bytes.Join([][]byte{cert, key}, []byte{0}))
	if p.current != nil && sum == p.sum {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return err
	}
	if pair.Leaf.NotAfter.Before(time.Now()) {
		p.log.Warn("the certificate has expired", "path", p.certFile, "not_after", pair.Leaf.NotAfter)
	}
	p.current, p.sum, p.said = &pair, sum, ""
	return nil
}

// read reads a file. Its errors do not name it.
func read(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return content, err
}

// CheckCertificate reports what is wrong with a file that should hold a
// certificate.
func CheckCertificate(file string) error {
	_, err := certificates(file)
	return err
}

// Roots reads the certificates of authorities.
func Roots(file string) (*x509.CertPool, error) {
	found, err := certificates(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, cert := range found {
		roots.AddCert(cert)
	}
	return roots, nil
}

// certificates reads those of a file, at least one.
func certificates(file string) (found []*x509.Certificate, err error) {
	rest, err := read(file)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("a certificate in that file makes no sense: %w", err)
		}
		found = append(found, cert)
	}
	if found == nil {
		return nil, errors.New("that file holds no certificate in PEM form")
	}
	return found, nil
}

// CheckKey reports what is wrong with a file that should hold a private key.
func CheckKey(file string) error {
	rest, err := read(file)
	if err != nil {
		return err
	}
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		switch {
		case block == nil:
			return errors.New("that file holds no private key in PEM form")
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"): // RFC 7468, section 10; and older forms
		case strings.Contains(block.Type, "ENCRYPTED"), block.Headers["DEK-Info"] != "":
			return errors.New("that key wants a passphrase: want one without")
		default:
			return nil
		}
	}
}
