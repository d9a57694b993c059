package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// sampleRow is what a server may send of the row of sample with that id.
func sampleRow(id int64) string {
	return fmt.Sprintf(`{"id":%d,"name":"Customer %[1]d","email":"customer%[1]d@example.com","price":"1.25","qty":%d,`+
		`"ratio":0.5,"created":null,"updated":null,"active":1,"note":null}`, id, id%qtyValues)
}

// sampleRows is an array of rows of sample.
func sampleRows(ids ...int64) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = sampleRow(id)
	}
	return "[" + strings.Join(rows, ",\n") + "]\n"
}

func TestWantedCheck(t *testing.T) {
	one, page := wanted{first: 7, step: 1, rows: 1}, wanted{first: 7, step: 100, rows: 3}
	tests := []struct {
		name string
		want wanted
		body string
		ok   bool
	}{
		{"a row", one, sampleRow(7), true},
		{"a row in an array", one, sampleRows(7), true},
		{"another row", one, sampleRows(70), false},
		{"no row", one, "[]\n", false},
		{"two rows", one, sampleRows(7, 8), false},
		{"an error", one, `{"message":"no such row"}`, false},
		{"a page", page, sampleRows(7, 107, 207), true},
		{"a page with spaces", page, strings.ReplaceAll(sampleRows(7, 107, 207), ",", ", "), true},
		{"too few rows", page, sampleRows(7, 107), false},
		{"another order", page, sampleRows(107, 7, 207), false},
		{"a row twice", page, sampleRows(7, 107, 107), false},
		{"another page", page, sampleRows(107, 207, 307), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.want.check([]byte(tt.body))
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, errBody) {
				t.Errorf("check(%.60q) = %v; want right = %t", tt.body, err, tt.ok)
			}
		})
	}
}

// TestDifferentRows keeps the shares of the mix, and all rows in the table.
func TestDifferentRows(t *testing.T) {
	const requests, rows = 4000, 20_000
	for _, mix := range []bool{false, true} {
		d := newDifferentRows(1, readapiRoutes, rows, mix)[0].(*differentRows)
		c := newClient("127.0.0.1:80", "/")
		kinds, paths := map[int]int{}, map[string]bool{}
		for range requests {
			d.ask(c)
			kinds[d.want.rows]++
			paths[string(d.path)] = true
			last := d.want.first + int64(d.want.rows-1)*d.want.step
			if d.want.first < 1 || last > rows {
				t.Fatalf("ask() wants ids %d to %d of %d", d.want.first, last, rows)
			}
			if want := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", d.path); string(c.request) != want {
				t.Fatalf("request = %q; want %q", c.request, want)
			}
		}
		percent := func(rows int) int { return (100*kinds[rows] + requests/2) / requests }
		got := [3]int{percent(1), percent(pageRows), percent(thousandTableRows)}
		if want := [3]int{100, 0, 0}; !mix && got != want {
			t.Errorf("keys: rows, pages, tables = %v %%; want %v", got, want)
		}
		if mix && (got[0] < 77 || got[0] > 83 || got[1] < 12 || got[1] > 18 || got[2] < 3 || got[2] > 7) {
			t.Errorf("mix: rows, pages, tables = %v %%; want 80, 15, 5", got)
		}
		if len(paths) < requests*7/10 {
			t.Errorf("%d different paths in %d requests", len(paths), requests)
		}
	}
}

func TestDifferentRowsRepeat(t *testing.T) {
	paths := func(askers []asker) (paths []string) {
		c := newClient("127.0.0.1:80", "/")
		for _, a := range askers {
			a.ask(c)
			paths = append(paths, string(c.request))
		}
		return paths
	}
	first := paths(newDifferentRows(2, programRoutes, 1_000_000, false))
	if again := paths(newDifferentRows(2, programRoutes, 1_000_000, false)); again[0] != first[0] || again[1] != first[1] {
		t.Errorf("a second run asks for %q; want %q", again, first)
	}
	if first[0] == first[1] {
		t.Errorf("two connections ask for the same: %q", first[0])
	}
}

// TestDifferentRowsAreCheap keeps the generator cheap.
func TestDifferentRowsAreCheap(t *testing.T) {
	d := newDifferentRows(1, readapiRoutes, 1_000_000, false)[0].(*differentRows)
	c := newClient("127.0.0.1:80", "/")
	body := []byte(sampleRows(7))
	allocations := testing.AllocsPerRun(100, func() {
		_, _ = d.ask(c).Write(body) // a Buffer does not fail
		d.want = wanted{first: 7, step: 1, rows: 1}
		if err := d.check(0); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 1 { // the number that fmt is given
		t.Errorf("%v allocations for each request; want at most 1", allocations)
	}
}
