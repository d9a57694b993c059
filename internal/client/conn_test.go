package client

import (
	"bytes"
	"net"
	"testing"
	"time"
)

func TestStallConn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const timeout = 50 * time.Millisecond
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := Listener{listener, timeout}.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- conn
	}()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn := <-accepted
	defer conn.Close()
	big := bytes.Repeat([]byte("x"), 64<<20) // more than the kernel keeps
	if n, err := conn.Write(big); err == nil || n == len(big) {
		t.Errorf("Write to a client that takes nothing = %d, %v; want an error", n, err)
	}
}
