package connect

// This file owns dialling: a name with several addresses is reached although
// some of them are dead.

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

const (
	// dialStagger is how long an address is tried alone (RFC 8305, section 5,
	// "Connection Attempt Delay"), unless there are so many that time is short.
	dialStagger = 250 * time.Millisecond
	// A peer that is gone without a word is noticed within half a minute.
	keepAliveIdle     = 15 * time.Second
	keepAliveInterval = 5 * time.Second
	keepAliveCount    = 3
)

// dialer dials like net.Dialer, but races the addresses of a name.
type dialer struct {
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func newDialer() dialer {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	}}
	return dialer{dial: d.DialContext, lookup: net.DefaultResolver.LookupNetIP}
}

// Dial connects to addr. ctx should have a deadline.
func (d dialer) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	_, notIP := netip.ParseAddr(host)
	if network != "tcp" || err != nil || host == "" || notIP == nil { // to look an address up would lose its zone
		return d.dial(ctx, network, addr)
	}
	ips, err := d.lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var addrs []string
	for _, ip := range ips {
		addrs = append(addrs, net.JoinHostPort(ip.Unmap().String(), port))
	}
	return d.race(ctx, network, addrs)
}

// race dials addrs, in order, one after the other: the next when one has failed,
// or has not answered for a while. The first to answer wins.
func (d dialer) race(ctx context.Context, network string, addrs []string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the other attempts
	type attempt struct {
		conn net.Conn
		err  error
	}
	attempts := make(chan attempt)
	next := time.NewTimer(0)
	defer next.Stop()
	var errs []error
	for started, pace := 0, stagger(ctx, len(addrs)); len(errs) < len(addrs); {
		var start <-chan time.Time // nil when all are under way
		if started < len(addrs) {
			start = next.C
		}
		select {
		case <-start:
			addr := addrs[started]
			started++
			next.Reset(pace)
			go func() { // ends with ctx
				conn, err := d.dial(ctx, network, addr)
				select {
				case attempts <- attempt{conn, err}:
				case <-ctx.Done():
					if err == nil {
						conn.Close()
					}
				}
			}()
		case a := <-attempts:
			if a.err == nil {
				return a.conn, nil
			}
			errs = append(errs, a.err)
			next.Reset(0)
		case <-ctx.Done():
			return nil, errors.Join(append(errs, ctx.Err())...)
		}
	}
	return nil, errors.Join(errs...)
}

// stagger is dialStagger, or less if half of ctx's time is not enough to try n
// addresses.
func stagger(ctx context.Context, n int) time.Duration {
	if deadline, ok := ctx.Deadline(); ok && n > 0 {
		return min(dialStagger, time.Until(deadline)/2/time.Duration(n))
	}
	return dialStagger
}
