package certs

// This file makes the configurations of TLS.

import (
	"crypto/tls"
	"crypto/x509"
)

// Server is the configuration of a server that shows p to its clients.
func Server(p *Pair) *tls.Config {
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.Certificate(), nil },
		// net/http would leave the last one out, and who offers it alone be refused.
		NextProtos: []string{"h2", "http/1.1", "http/1.0"},
	}
}

// Trust is what has to be true of a server for a client to go on.
type Trust uint8

const (
	Anybody   Trust = iota // encrypted, to whomever
	Authority              // an authority vouches for the server, whatever its name is
	Host                   // and the name is that of the host
)

// Client is the configuration of a client that asks the server at host. Without
// roots it trusts the system's authorities. It shows own, unless that is nil, to a
// server who wants a certificate.
func Client(trust Trust, roots *x509.CertPool, host string, own *Pair) *tls.Config {
	c := &tls.Config{RootCAs: roots, InsecureSkipVerify: trust != Host}
	switch trust {
	case Host:
		c.ServerName = host
	case Authority:
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, roots) }
	}
	if own != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return own.Certificate(), nil
		}
	}
	return c
}

// verifyChain is what package tls does, but for the name. Its errors are
// *tls.CertificateVerificationError, too.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, cert := range s.PeerCertificates[1:] {
		options.Intermediates.AddCert(cert)
	}
	if _, err := s.PeerCertificates[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}
