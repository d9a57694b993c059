package connect

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialerRacesAddresses(t *testing.T) {
	const (
		dead    = "192.0.2.1" // never answers
		refuses = "192.0.2.2"
		lives   = "192.0.2.3"
		slow    = "192.0.2.4" // answers after 400 ms
		v6      = "2001:db8::3"
	)
	tests := []struct {
		name  string
		addrs []string
		want  string        // the address that wins; empty: an error
		time  time.Duration // after which it is there
	}{
		{"alone", []string{lives}, lives, 0},
		{"first dead", []string{dead, lives}, lives, 250 * time.Millisecond},
		{"first refuses: the next at once", []string{refuses, lives}, lives, 0},
		{"many dead: half of the time for all", []string{dead, dead, dead, dead, dead, dead, dead, dead, dead, lives}, lives, 900 * time.Millisecond},
		{"IPv6 dead", []string{"2001:db8::1", lives}, lives, 250 * time.Millisecond},
		{"IPv4 dead", []string{dead, v6}, v6, 250 * time.Millisecond},
		{"the first that answers wins", []string{slow, lives}, lives, 250 * time.Millisecond},
		{"slow but first", []string{slow, dead}, slow, 400 * time.Millisecond},
		{"all refuse", []string{refuses, refuses}, "", 0},
		{"all dead", []string{dead, dead}, "", 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				start := time.Now()
				conn, err := dialer{dial: dialTest, lookup: lookupTest(tt.addrs)}.Dial(ctx, "tcp", "db.example:3306")
				if took := time.Since(start); took != tt.time {
					t.Errorf("Dial took %v; want %v", took, tt.time)
				}
				if tt.want == "" {
					if err == nil {
						t.Error("Dial = nil; want an error")
					}
					return
				}
				if err != nil {
					t.Fatalf("Dial = %v", err)
				}
				defer conn.Close()
				if got := conn.(namedConn).name; got != net.JoinHostPort(tt.want, "3306") {
					t.Errorf("Dial = %s; want %s", got, tt.want)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

// namedConn knows where it leads to.
type namedConn struct {
	net.Conn
	name string
}

// dialTest dials the addresses of TestDialerRacesAddresses.
func dialTest(ctx context.Context, _, addr string) (net.Conn, error) {
	switch host, _, _ := net.SplitHostPort(addr); {
	case strings.HasSuffix(host, "1"):
		<-ctx.Done()
		return nil, ctx.Err()
	case strings.HasSuffix(host, "2"):
		return nil, errors.New("connection refused")
	case strings.HasSuffix(host, "4"):
		select {
		case <-time.After(400 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, other := net.Pipe()
	other.Close()
	return namedConn{conn, addr}, nil
}

// lookupTest is a resolver that knows one name.
func lookupTest(addrs []string) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(context.Context, string, string) (ips []netip.Addr, _ error) {
		for _, addr := range addrs {
			ips = append(ips, netip.MustParseAddr(addr))
		}
		return ips, nil
	}
}

func TestDialerOnlyLooksUpNames(t *testing.T) {
	var got string
	d := dialer{
		dial: func(_ context.Context, network, addr string) (net.Conn, error) {
			got = network + " " + addr
			return nil, errors.New("no")
		},
		lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		},
	}
	if _, err := d.Dial(t.Context(), "unix", "/run/mysqld.sock"); err == nil || got != "unix /run/mysqld.sock" {
		t.Errorf("Dial(unix) = %v, dialled %q", err, got)
	}
	if _, err := d.Dial(t.Context(), "tcp", "[fe80::1%lo]:3306"); err == nil || got != "tcp [fe80::1%lo]:3306" {
		t.Errorf("Dial(an address) = %v, dialled %q", err, got)
	}
	var notFound *net.DNSError
	if _, err := d.Dial(t.Context(), "tcp", "nowhere:3306"); !errors.As(err, &notFound) {
		t.Errorf("Dial(tcp) = %v; want the resolver's error", err)
	}
}
