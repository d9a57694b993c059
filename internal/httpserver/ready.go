package httpserver

// This file asks a server whether it is ready.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"readapi/internal/certs"
)

// Ready asks the server that listens on addr whether it is ready.
func Ready(ctx context.Context, addr string, overTLS bool) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	scheme := "http"
	if overTLS {
		scheme = "https"
	}
	var first error
	for _, host := range checkHosts(host) {
		err := askReady(ctx, scheme+"://"+net.JoinHostPort(host, port)+"/readyz")
		var unreachable *net.OpError
		if !errors.As(err, &unreachable) {
			return err
		}
		first = cmp.Or(first, err)
	}
	return first
}

// checkHosts are where to ask a server that listens on host. Its own machine is
// given by its addresses: an image may have nothing that knows localhost.
func checkHosts(host string) []string {
	ip := net.ParseIP(host)
	switch {
	case host == "", host == "localhost", ip != nil && ip.IsUnspecified():
		return []string{"127.0.0.1", "::1"}
	default:
		return []string{host}
	}
}

// askReady asks once.
func askReady(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	direct := http.Client{Transport: &http.Transport{ // no proxy from the environment
		TLSClientConfig: certs.Client(certs.Anybody, nil, "", nil), // the certificate is for another name than this address
	}}
	resp, err := direct.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}
