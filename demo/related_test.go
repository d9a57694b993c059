package main

import "testing"

// TestRelatedTables holds that the demo's database says which tables are related:
// readapi learns that from it.
func TestRelatedTables(t *testing.T) {
	db := newReader(t, newEngine(t))
	var name, column, referenced string
	err := db.QueryRow("SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME FROM information_schema.KEY_COLUMN_USAGE "+
		"WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'huts' AND REFERENCED_TABLE_NAME IS NOT NULL", databaseName).Scan(&name, &column, &referenced)
	if err != nil || name != "huts_region" || column != "region_id" || referenced != "regions" {
		t.Errorf("foreign key = %q %q %q, %v; want huts_region of region_id to regions", name, column, referenced, err)
	}
	tests := []struct {
		query string
		want  int
	}{
		{"SELECT COUNT(*) FROM huts JOIN regions ON regions.id = region_id", 7},
		{"SELECT COUNT(*) FROM huts WHERE region_id IS NULL", 1},
		{"SELECT COUNT(*) FROM regions WHERE id NOT IN (SELECT region_id FROM huts WHERE region_id IS NOT NULL)", 1},
	}
	for _, tt := range tests {
		var got int
		if err := db.QueryRow(tt.query).Scan(&got); err != nil || got != tt.want {
			t.Errorf("%s = %d, %v; want %d", tt.query, got, err, tt.want)
		}
	}
}
