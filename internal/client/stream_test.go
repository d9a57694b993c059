package client

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

var errReset = errors.New("reset")

// slowOut is what a stream writes to: it takes pace bytes a second, or nothing, and
// fails once it is reset.
type slowOut struct {
	pace   int
	resets int
	ended  chan struct{}
}

func (o *slowOut) Write(b []byte) (int, error) {
	wait := time.Hour
	if o.pace > 0 {
		wait = time.Duration(len(b)) * time.Second / time.Duration(o.pace)
	}
	select {
	case <-time.After(wait):
		return len(b), nil
	case <-o.ended:
		return 0, errReset
	}
}

func (o *slowOut) flush() error {
	_, err := o.Write(make([]byte, 100))
	return err
}

func (o *slowOut) reset() {
	o.resets++
	close(o.ended)
}

// newStream returns a stream of a connection, which is not written to.
func newStream(t *testing.T, pace int, stall time.Duration) (*Stream, *slowOut) {
	t.Helper()
	conn := &Conn{tcp: new(net.TCPConn)}
	conn.watch.init(newLimits(stall))
	out := &slowOut{pace: pace, ended: make(chan struct{})}
	s, ctx := WithStream(WithConn(t.Context(), conn), out, out.flush, out.reset)
	if FromContext(ctx) != Taker(s) {
		t.Fatalf("FromContext = %v; want the stream", FromContext(ctx))
	}
	return s, out
}

func TestStreamLimits(t *testing.T) {
	tests := []struct {
		name  string
		pace  int // bytes a second
		bytes int
		want  error
		after time.Duration // at least
	}{
		{"at once", 1 << 30, 1 << 20, nil, 0},
		{"takes nothing", 0, 1 << 20, errStalled, 10 * time.Second},
		{"half the minimum", minRate / 2, 1 << 20, errSlow, rateWindow},
		{"twice the minimum", minRate * 2, 512 << 10, nil, 2 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, out := newStream(t, tt.pace, 10*time.Second)
				begun := time.Now()
				n, err := s.Write(make([]byte, tt.bytes))
				took := time.Since(begun)
				if err != tt.want || took < tt.after || took > 2*tt.after+time.Second {
					t.Errorf("Write = %d, %v after %v; want %v after %v", n, err, took, tt.want, tt.after)
				}
				if whole := n == tt.bytes; whole != (tt.want == nil) || whole != (out.resets == 0) {
					t.Errorf("Write = %d with %d resets; want a reset instead of the whole", n, out.resets)
				}
				if s.stalledFor(time.Now()) != 0 {
					t.Error("stalledFor() after Write is not 0")
				}
			})
		})
	}
}

// What is still below is watched as well.
func TestStreamFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newStream(t, 0, 10*time.Second)
		if err := s.FlushError(); err != errStalled {
			t.Errorf("FlushError = %v; want %v", err, errStalled)
		}
	})
}

// A stream that stalls gives way when others need room, and the others of its
// connection do not.
func TestStreamGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stalled, fine := Parcel{}, Parcel{}
		bad, badOut := newStream(t, 0, 10*time.Second)
		good, goodOut := newStream(t, 1<<20, 10*time.Second)
		var w Waiting
		w.Add(&stalled, bad, 7)
		w.Add(&fine, good, 7)
		failed := make(chan error, 2)
		for _, s := range []*Stream{bad, good} {
			go func() { // ends with the Write
				_, err := s.Write(make([]byte, 8<<20))
				failed <- err
			}()
		}
		time.Sleep(2 * time.Second) // of the bubble
		if freed := w.CutSlowest(time.Now(), 100); freed != 7 {
			t.Errorf("CutSlowest() = %d; want 7, those of the one that stalls", freed)
		}
		if err := <-failed; err != errCut || badOut.resets != 1 {
			t.Errorf("Write = %v with %d resets; want %v", err, badOut.resets, errCut)
		}
		if err := <-failed; err != nil || goodOut.resets != 0 {
			t.Errorf("Write = %v with %d resets; want none", err, goodOut.resets)
		}
		bad.Cut() // once more is harmless
		good.Done()
		good.Cut() // so is to cut what has ended
		good.ResetOnClose(true)
		if badOut.resets != 1 || goodOut.resets != 0 {
			t.Errorf("%d and %d resets; want 1 and 0", badOut.resets, goodOut.resets)
		}
	})
}

func TestStreamWithoutConn(t *testing.T) {
	ctx := context.Background()
	if s, got := WithStream(ctx, io.Discard, nil, nil); s != nil || got != ctx {
		t.Errorf("WithStream = %v, %v; want none, and the context as it is", s, got)
	}
}
