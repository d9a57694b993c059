package main

import (
	"io"
	"testing"
)

// readAll is io.ReadAll that must succeed.
func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
