package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// testRows is n rows of a table as JSON.
func testRows(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"a":%d,"b":2,"c":3,"d":4,"e":5,"f":6,"g":"}","h":8,"i":9,"j":null}`, i)
	}
	return "[" + strings.Join(rows, ",\n") + "]"
}

func TestCheckRows(t *testing.T) {
	tests := []struct {
		name string
		body string
		ok   bool
	}{
		{"right", testRows(3) + "\n", true},
		{"too few rows", testRows(2), false},
		{"too many rows", testRows(4), false},
		{"no body", "", false},
		{"an object", `{"rows":` + testRows(3) + "}", false},
		{"cut off after a row", strings.TrimSuffix(testRows(3), "]"), false},
		{"cut off in a row", testRows(3)[:100], false},
		{"something behind it", testRows(3) + "]", false},
		{"two arrays", testRows(3) + testRows(3), false},
		{"a column is missing", strings.Replace(testRows(3), `,"j":null`, "", 1), false},
		{"a row is no object", strings.Replace(testRows(4), `{"a":0`, `1,{"a":0`, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := checkRows(strings.NewReader(tt.body), 3)
			if tt.ok != (err == nil) || err != nil && !errors.Is(err, errBody) {
				t.Errorf("checkRows() = %v; want right = %v", err, tt.ok)
			}
		})
	}
}

func TestCheckServer(t *testing.T) {
	body := testRows(5000) // more than a buffer
	addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
	if n, err := checkServer(t.Context(), addr, 5000); err != nil || n != int64(len(body)) {
		t.Errorf("checkServer() = %d, %v; want %d", n, err, len(body))
	}
	if _, err := checkServer(t.Context(), addr, 4999); !errors.Is(err, errBody) {
		t.Errorf("checkServer(other size) = %v; want %v", err, errBody)
	}
	addr = newTestServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x"+body) })
	if _, err := checkServer(t.Context(), addr, 5000); !errors.Is(err, errBody) {
		t.Errorf("checkServer(no JSON) = %v; want %v", err, errBody)
	}
	addr = newTestServer(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no such table", 500) })
	if _, err := checkServer(t.Context(), addr, 1); !errors.Is(err, errStatus) {
		t.Errorf("checkServer(500) = %v; want %v", err, errStatus)
	}
}

func TestReadAtOnce(t *testing.T) {
	body := strings.ReplaceAll(testRows(3000), `"}"`, `""`)
	addr := newTestServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body+"\n") })
	f, err := readAtOnce(t.Context(), addr, 3, 3000)
	if err != nil || f.first <= 0 || f.total < f.first {
		t.Errorf("readAtOnce() = %+v, %v; want times", f, err)
	}
	if _, err := readAtOnce(t.Context(), addr, 3, 3001); !errors.Is(err, errBody) {
		t.Errorf("readAtOnce(other size) = %v; want %v", err, errBody)
	}
}
