package connect

import (
	"database/sql/driver"
	"testing"
)

// endlessRows have one column, and no work to do.
type endlessRows struct{ driverRows }

func (endlessRows) Next(dest []driver.Value) error {
	dest[0] = int64(1)
	return nil
}

// BenchmarkNext measures what the Connector adds to a row.
func BenchmarkNext(b *testing.B) {
	for name, r := range map[string]driver.Rows{
		"bare": endlessRows{}, "connector": &rows{driverRows: endlessRows{}, conn: &conn{}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			dest := make([]driver.Value, 1)
			for b.Loop() {
				if err := r.Next(dest); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
