package catalog

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// newTestCatalog returns a catalog of the table t, and the number of times that
// it has been learned by learn.
func newTestCatalog(learn func(ctx context.Context) (*Table, error)) (*Catalog, *atomic.Int64) {
	c, count := New(nil, "t"), new(atomic.Int64)
	c.learn = func(ctx context.Context, name string) (*Table, error) {
		count.Add(1)
		return learn(ctx)
	}
	return c, count
}

// newTable takes ten milliseconds to learn a table.
func newTable(context.Context) (*Table, error) {
	time.Sleep(10 * time.Millisecond) // of the bubble
	return &Table{Name: "t"}, nil
}

func mustTable(t *testing.T, c *Catalog) *Table {
	t.Helper()
	table, err := c.Table(t.Context(), "t")
	if err != nil {
		t.Fatalf("Table = %v", err)
	}
	return table
}

func TestTableIsKeptForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, count := newTestCatalog(newTable)
		first := mustTable(t, c)
		time.Sleep(maxAge - time.Second)
		if again := mustTable(t, c); again != first || count.Load() != 1 {
			t.Errorf("learned %d times within a minute; want once", count.Load())
		}
		time.Sleep(time.Second)
		if again := mustTable(t, c); again == first || count.Load() != 2 {
			t.Errorf("learned %d times after a minute; want twice", count.Load())
		}
	})
}

func TestTableIsLearnedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, count := newTestCatalog(newTable)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { mustTable(t, c) })
		}
		all.Wait()
		if count.Load() != 1 {
			t.Errorf("learned %d times for 1000 at once; want once", count.Load())
		}
	})
}

// A storm of requests for a column that there is not causes one learning a
// second, and nobody waits for longer than that and the learning.
func TestAgainUnderAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, count := newTestCatalog(newTable)
		mustTable(t, c)
		time.Sleep(300 * time.Millisecond)
		asked := time.Now()
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				table, err := c.Again(t.Context(), "t", asked)
				if err != nil || table == nil {
					t.Errorf("Again = %v, %v", table, err)
				}
			})
		}
		all.Wait()
		if count.Load() != 2 {
			t.Errorf("learned %d times; want once before and once for all", count.Load())
		}
		if took := time.Since(asked); took != MinAge-300*time.Millisecond {
			t.Errorf("Again took %v; want the rest of a second", took)
		}
	})
}

func TestAgainIsAtOnceIfTheTableIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestCatalog(newTable)
		had := mustTable(t, c)
		time.Sleep(2 * time.Second)
		asked := time.Now()
		got, err := c.Again(t.Context(), "t", asked)
		if err != nil || got == had {
			t.Errorf("Again = %p, %v; want another table than %p", got, err, had)
		}
		if took := time.Since(asked); took != 10*time.Millisecond {
			t.Errorf("Again took %v; want no more than the learning", took)
		}
		if second, err := c.Again(t.Context(), "t", asked); err != nil || second != got || time.Since(asked) != 10*time.Millisecond {
			t.Errorf("Again for the same time = %p, %v; want %p at once", second, err, got)
		}
	})
}

// A learning that began before somebody asked does not count for them: what
// they ask about may have been made since.
func TestAgainDoesNotTakeALearningUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, count := newTestCatalog(newTable)
		go c.Table(t.Context(), "t")
		time.Sleep(5 * time.Millisecond)
		if _, err := c.Again(t.Context(), "t", time.Now()); err != nil {
			t.Errorf("Again = %v", err)
		}
		if count.Load() != 2 {
			t.Errorf("learned %d times; want a second time", count.Load())
		}
	})
}

// While somebody waits for the next learning, what is known can be had.
func TestTableDoesNotWaitForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestCatalog(newTable)
		mustTable(t, c)
		go c.Again(t.Context(), "t", time.Now())
		synctest.Wait()
		asked := time.Now()
		mustTable(t, c)
		if took := time.Since(asked); took != 0 {
			t.Errorf("Table took %v; want none", took)
		}
		time.Sleep(2 * time.Second) // let Again end
	})
}

func TestErrorsAreSharedButNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errLost, fails := errors.New("lost"), true
		c, count := newTestCatalog(func(ctx context.Context) (*Table, error) {
			table, _ := newTable(ctx)
			if fails {
				return nil, errLost
			}
			return table, nil
		})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := c.Table(t.Context(), "t"); !errors.Is(err, errLost) {
					t.Errorf("Table = %v; want %v", err, errLost)
				}
			})
		}
		all.Wait()
		if count.Load() != 1 {
			t.Errorf("learned %d times; want once for all", count.Load())
		}
		fails = false
		mustTable(t, c)
	})
}

// One who leaves while they learn does not fail those who wait.
func TestTheLearnerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, count := newTestCatalog(func(ctx context.Context) (*Table, error) {
			if !waitUntil(ctx, time.Now().Add(time.Second)) {
				return nil, ctx.Err()
			}
			return &Table{Name: "t"}, nil
		})
		first, leave := context.WithCancel(t.Context())
		go c.Table(first, "t")
		synctest.Wait()
		var all sync.WaitGroup
		all.Go(func() { mustTable(t, c) })
		synctest.Wait()
		leave()
		all.Wait()
		if count.Load() != 2 {
			t.Errorf("learned %d times; want twice, the first of them in vain", count.Load())
		}
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestCatalog(newTable)
		mustTable(t, c)
		errLate := errors.New("late")
		for range 2 { // the one whose turn it is, and one who waits for the turn
			go func() {
				ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errLate)
				defer cancel()
				if _, err := c.Again(ctx, "t", time.Now()); !errors.Is(err, errLate) {
					t.Errorf("Again = %v; want %v", err, errLate)
				}
			}()
		}
		time.Sleep(time.Second)
	})
}

func TestUnlistedTable(t *testing.T) {
	c, _ := newTestCatalog(newTable)
	if _, err := c.Table(t.Context(), "other"); !errors.Is(err, errUnlisted) {
		t.Errorf("Table(other) = %v; want %v", err, errUnlisted)
	}
	if _, err := c.Again(t.Context(), "other", time.Now()); !errors.Is(err, errUnlisted) {
		t.Errorf("Again(other) = %v; want %v", err, errUnlisted)
	}
}

// Keys that are old are given at once, and learned again once meanwhile; what fails
// then takes none away.
func TestLastKeysDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		var fails atomic.Bool
		c := &Catalog{keys: newEntry(func(context.Context) (*Keys, error) {
			count.Add(1)
			time.Sleep(10 * time.Millisecond)
			if fails.Load() {
				return nil, errors.New("away")
			}
			return new(Keys), nil
		})}
		if c.LastKeys() != nil {
			t.Error("LastKeys before any were learned; want nil")
		}
		first, err := c.Keys(t.Context())
		if err != nil || c.LastKeys() != first {
			t.Fatalf("Keys = %p, %v; LastKeys = %p; want the same", first, err, c.LastKeys())
		}
		for learned, isAway := range []bool{true, false} {
			fails.Store(isAway)
			time.Sleep(2 * time.Minute)
			for range 100 {
				if got := c.LastKeys(); got != first {
					t.Errorf("LastKeys = %p; want %p, as long as others are learned", got, first)
				}
			}
			time.Sleep(time.Second)
			if got := count.Load(); got != int64(2+learned) {
				t.Errorf("learned %d times; want %d", got, 2+learned)
			}
		}
		if got := c.LastKeys(); got == first || got == nil {
			t.Errorf("LastKeys = %p, which were learned before; want others", got)
		}
	})
}
