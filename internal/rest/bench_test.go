package rest

import (
	"database/sql/driver"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"readapi/internal/fakedb"
)

// discardWriter is a response that goes nowhere.
type discardWriter struct{ header http.Header }

func (w discardWriter) Header() http.Header         { return w.header }
func (w discardWriter) WriteHeader(int)             {}
func (w discardWriter) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkRead is all that readapi does for a read between the HTTP server and
// the driver.
func BenchmarkRead(b *testing.B) {
	for _, bb := range []struct {
		name  string
		query string
		rows  int
	}{{"plain", "", 10}, {"plain", "", 1000}, {"filter", "?id=gt.0", 1}} {
		b.Run(fmt.Sprintf("%s/%d", bb.name, bb.rows), func(b *testing.B) {
			d := &fakedb.Table{Columns: fakedb.Columns("id INT", "name VARCHAR", "price DECIMAL 2", "at DATETIME")}
			for id := range bb.rows {
				d.Rows = append(d.Rows, []driver.Value{int64(id), []byte("Ada Lovelace"), []byte("1815.50"), []byte("1815-12-10 12:34:56")})
			}
			d.Forgetful = true
			handler := newTestService(b, d)
			req := httptest.NewRequest("GET", "/read"+bb.query, nil)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(discardWriter{http.Header{}}, req)
			}
		})
	}
}
