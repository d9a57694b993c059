package main

import "testing"

func TestCreateSampleDatabase(t *testing.T) {
	m := newTestMariaDB(t)
	db, err := m.open(m.readerUser, m.readerPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, rows := range []int{1, 10, 1000} {
		if err := createSampleDatabase(t.Context(), m.dbServer, "shop", rows); err != nil {
			t.Fatalf("createSampleDatabase(%d) = %v", rows, err)
		}
		var count, lowest, highest, names int
		err := db.QueryRowContext(t.Context(), "SELECT COUNT(*), MIN(id), MAX(id), COUNT(DISTINCT name) FROM shop.sample").
			Scan(&count, &lowest, &highest, &names)
		if err != nil || count != rows || lowest != 1 || highest != rows || names != rows {
			t.Errorf("%d rows, ids %d to %d, %d names, %v; want %d", count, lowest, highest, names, err, rows)
		}
	}
	result, err := db.QueryContext(t.Context(), "SELECT * FROM shop.sample LIMIT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if columns, err := result.Columns(); err != nil || len(columns) != columnCount {
		t.Errorf("columns = %v, %v; want %d", columns, err, columnCount)
	}
	if err := dropDatabase(t.Context(), m.dbServer, "shop"); err != nil {
		t.Errorf("dropDatabase() = %v", err)
	}
}
