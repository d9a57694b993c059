package connect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/encode"
)

// long is s behind its length, whatever that is.
func long(s string) string {
	switch n := len(s); {
	case n <= 250:
		return short(s)
	case n < 1<<16:
		return "\xfc" + string(binary.LittleEndian.AppendUint16(nil, uint16(n))) + s
	case n < 1<<24:
		return "\xfd" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))[:3] + s
	default:
		return "\xfe" + string(binary.LittleEndian.AppendUint64(nil, uint64(n))) + s
	}
}

// split is packet as the packets that it takes on the wire.
func split(packet string) (packets []string) {
	for len(packet) >= maxPacket {
		packets = append(packets, packet[:maxPacket])
		packet = packet[maxPacket:]
	}
	return append(packets, packet)
}

// serveRows is the address of a server that answers SELECT a, b with these packets
// behind the columns.
func serveRows(tb testing.TB, packets ...string) (addr string) {
	return listen(tb, func(conn net.Conn) {
		send(conn, 0, greeting("9.0.0-Vitess", 7, capsPlain))
		receive(conn)
		send(conn, 2, okPacket)
		for q := receive(conn); q != "" && q != comQuit; q = receive(conn) {
			if q == comQuery+"SELECT a, b" {
				send(conn, 1, append(head("a", "b"), packets...)...)
			} else {
				send(conn, 1, okPacket)
			}
		}
	})
}

// eachText calls do with each row of the query SELECT a, b on a connection of pool,
// until it fails.
func eachText(ctx context.Context, pool *sql.DB, do func(cells [][]byte) error) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var queryer driver.QueryerContext
	if err := conn.Raw(func(c any) error {
		queryer = c.(driver.QueryerContext)
		return nil
	}); err != nil {
		return err
	}
	inner, err := queryer.QueryContext(ctx, "SELECT a, b", nil)
	if err != nil {
		return err
	}
	defer inner.Close()
	rows := inner.(TextRows)
	if !rows.HasText() {
		return errors.New("HasText = false")
	}
	cells := make([][]byte, len(rows.Columns()))
	for {
		if err := rows.NextText(cells); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := do(cells); err != nil {
			return err
		}
	}
}

// The law of NextText: its values are those of Next, whatever their lengths, and
// after the last row the connection is as good as before.
func TestNextTextIsNext(t *testing.T) {
	values := []string{"", "x", "\xfe", "\xff", "\xfb"}
	for _, n := range []int{250, 251, 252, 1<<16 - 1, 1 << 16, textBytes, 300_000, maxPacket - 5, maxPacket + 10} {
		values = append(values, strings.Repeat("v", n))
	}
	var packets []string
	var want [][2]string
	for _, v := range values {
		packets = append(packets, split(long(v)+"\xfb")...)
		want = append(want, [2]string{v, "NULL"})
	}
	packets = append(packets, eofPacket)
	pool := newTestPool(t, serveRows(t, packets...), 1)
	for range 2 {
		i := 0
		err := eachText(t.Context(), pool, func(cells [][]byte) error {
			if string(cells[0]) != want[i][0] || cells[0] == nil || cells[1] != nil {
				t.Errorf("row %d has %d bytes and %v; want %d bytes and nil", i, len(cells[0]), cells[1], len(want[i][0]))
			}
			i++
			return nil
		})
		if err != nil || i != len(want) {
			t.Errorf("rows = %d, %v; want %d", i, err, len(want))
		}
	}
	var next [][2]string
	rows, err := pool.QueryContext(t.Context(), "SELECT a, b")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b sql.NullString
		if err := rows.Scan(&a, &b); err != nil {
			t.Fatal(err)
		}
		next = append(next, [2]string{a.String, map[bool]string{false: "NULL"}[b.Valid]})
	}
	if err := rows.Err(); err != nil || !reflect.DeepEqual(next, want) {
		t.Errorf("Next has %d rows, %v; want those of NextText", len(next), err)
	}
	if n := pool.Stats().MaxIdleClosed + pool.Stats().MaxLifetimeClosed; n != 0 || pool.Stats().OpenConnections != 1 {
		t.Errorf("connections: %+v; want one", pool.Stats())
	}
}

func TestNextTextFails(t *testing.T) {
	row := rowPacket("1", "2")
	huge := strings.Repeat("h", maxPacket)
	tests := []struct {
		name    string
		packets []string
		want    error
	}{
		{"complete", []string{row, eofPacket}, nil},
		{"a value is missing", []string{row, short("1"), eofPacket}, mysql.ErrInvalidConn},
		{"a value is cut", []string{row, short("1") + "\x09x", eofPacket}, mysql.ErrInvalidConn},
		{"a length is cut", []string{row, short("1") + "\xfc\x01", eofPacket}, mysql.ErrInvalidConn},
		{"a length is senseless", []string{row, short("1") + "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", eofPacket}, mysql.ErrInvalidConn},
		{"an empty row", []string{row, "", eofPacket}, mysql.ErrInvalidConn},
		{"a short end", []string{row, "\xfe"}, mysql.ErrInvalidConn},
		{"a short error", []string{row, "\xff\x15"}, mysql.ErrInvalidConn},
		{"too large", append(append([]string{row}, split(long(huge+huge+huge)+"\xfb")...), eofPacket), encode.ErrRowTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pool := newTestPool(t, serveRows(t, tt.packets...), 1)
			n := 0
			err := eachText(t.Context(), pool, func([][]byte) error { n++; return nil })
			if !errors.Is(err, tt.want) || n != 1 {
				t.Errorf("rows = %d, %v; want 1, %v", n, err, tt.want)
			}
			wantOpen := 1
			if tt.want != nil {
				wantOpen = 0
			}
			if got := pool.Stats().OpenConnections; got != wantOpen {
				t.Errorf("connections after it = %d; want %d", got, wantOpen)
			}
		})
	}
}

// An error of the server behind some rows is told as it is.
func TestNextTextHasErrorOfServer(t *testing.T) {
	pool := newTestPool(t, serveRows(t, rowPacket("1", "2"), errPacket(1317, "interrupted")), 1)
	err := eachText(t.Context(), pool, func([][]byte) error { return nil })
	var answer *mysql.MySQLError
	if !errors.As(err, &answer) || answer.Number != 1317 {
		t.Errorf("rows = %v; want error 1317", err)
	}
	if got := pool.Stats().OpenConnections; got != 1 {
		t.Errorf("connections after it = %d; want 1", got)
	}
}

// Packets that are lost, or come twice, must not make a result.
func TestNextTextOutOfSequence(t *testing.T) {
	pool := newTestPool(t, listen(t, func(conn net.Conn) {
		send(conn, 0, greeting("9.0.0-Vitess", 7, capsPlain))
		receive(conn)
		send(conn, 2, okPacket)
		for q := receive(conn); q != "" && q != comQuit; q = receive(conn) {
			if q == comQuery+"SELECT a, b" {
				send(conn, 1, append(head("a", "b"), rowPacket("1", "2"))...)
				send(conn, 7, eofPacket)
			} else {
				send(conn, 1, okPacket)
			}
		}
	}), 1)
	err := eachText(t.Context(), pool, func([][]byte) error { return nil })
	if !errors.Is(err, mysql.ErrInvalidConn) {
		t.Errorf("rows = %v; want %v", err, mysql.ErrInvalidConn)
	}
}

// Who has had enough leaves the connection to others: a few rows are skipped.
func TestNextTextIsSkipped(t *testing.T) {
	pool := newTestPool(t, serveRows(t, rowPacket("1", "2"), rowPacket("3", "4"), rowPacket("5", "6"), eofPacket), 1)
	enough := errors.New("enough")
	for range 3 {
		if err := eachText(t.Context(), pool, func([][]byte) error { return enough }); err != enough {
			t.Errorf("rows = %v; want %v", err, enough)
		}
	}
	if got := pool.Stats().OpenConnections; got != 1 {
		t.Errorf("connections after it = %d; want 1", got)
	}
}

// Who gives up in the middle of the rows is told so, and not that the connection
// was lost.
func TestNextTextEndsWithContext(t *testing.T) {
	f := newFake("one")
	pool := newTestPool(t, f.serve(t), 1)
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := pool.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var inner driver.Rows
	if err := conn.Raw(func(c any) (err error) {
		inner, err = c.(driver.QueryerContext).QueryContext(ctx, "SELECT some", nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	rows, cells := inner.(TextRows), make([][]byte, 1)
	if !rows.HasText() {
		t.Fatal("HasText = false")
	}
	for range 2 {
		if err := rows.NextText(cells); err != nil {
			t.Fatalf("NextText = %v", err)
		}
	}
	cancel()
	if err := rows.NextText(cells); err != context.Canceled {
		t.Errorf("NextText = %v; want %v", err, context.Canceled)
	}
	await(t, "the query is killed", func() bool { return f.running() == 0 })
}

// The driver reads the rows of those who do not ask for texts.
func TestHasTextNotAfterNext(t *testing.T) {
	pool := newTestPool(t, serveRows(t, rowPacket("1", "2"), eofPacket), 1)
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = conn.Raw(func(c any) error {
		inner, err := c.(driver.QueryerContext).QueryContext(t.Context(), "SELECT a, b", nil)
		if err != nil {
			return err
		}
		defer inner.Close()
		if err := inner.Next(make([]driver.Value, 2)); err != nil {
			return err
		}
		if inner.(TextRows).HasText() {
			t.Error("HasText after Next = true; want false")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
