package main

// This file makes the tables that are read: a database for each size, with one
// table, sample.

import (
	"context"
	"database/sql"
	"fmt"
)

const (
	// columnCount is the number of columns of sample.
	columnCount = 10
	// qtyValues is the number of different values of its column qty.
	qtyValues = 100
)

// Statements that fill a database; rows are all different, and none is random.
// Two runs measure the same bytes.
const (
	createSample = `CREATE TABLE sample (
  id BIGINT NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  email VARCHAR(100) NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  qty INT NOT NULL,
  ratio DOUBLE NOT NULL,
  created DATETIME NOT NULL,
  updated TIMESTAMP NOT NULL DEFAULT '2024-01-01 00:00:00',
  active TINYINT(1) NOT NULL,
  note TEXT
) CHARACTER SET utf8mb4`
	// The source of the numbers n stands in for %s.
	insertSample = `INSERT INTO sample
SELECT n, CONCAT('Customer ', n), CONCAT('customer', n, '@example.com'), n MOD 100000 + 0.25, n MOD 100, n / 7e0,
  '2024-01-01 00:00:00' + INTERVAL n MINUTE, '2024-06-01 12:00:00' + INTERVAL n SECOND, n MOD 2,
  IF(n MOD 10 = 0, NULL, CONCAT('Ordered "', n MOD 7, '" by phone, näher am See'))
FROM (%s) AS numbers`
	firstNumber = `SELECT 1 AS n`
	nextNumbers = `SELECT id + ? AS n FROM sample WHERE id <= ?`
)

// createSampleDatabase makes the database name with the given number of rows,
// at least one, in its table sample. A database of that name is replaced.
func createSampleDatabase(ctx context.Context, server dbServer, name string, rows int) error {
	if err := execAll(ctx, server, "", "DROP DATABASE IF EXISTS "+name, "CREATE DATABASE "+name); err != nil {
		return err
	}
	db, err := server.admin(name)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, createSample); err != nil {
		return fmt.Errorf("create table sample: %w", err)
	}
	if err := insertRows(ctx, db, rows); err != nil {
		return fmt.Errorf("insert %d rows: %w", rows, err)
	}
	return nil
}

// insertRows fills sample: one row first, then the table doubles.
func insertRows(ctx context.Context, db *sql.DB, rows int) error {
	if _, err := db.ExecContext(ctx, fmt.Sprintf(insertSample, firstNumber)); err != nil {
		return err
	}
	for n := 1; n < rows; n *= 2 {
		query := fmt.Sprintf(insertSample, nextNumbers)
		if _, err := db.ExecContext(ctx, query, n, min(n, rows-n)); err != nil {
			return err
		}
	}
	_, err := db.ExecContext(ctx, "ANALYZE TABLE sample")
	return err
}

// addDifferent makes ready for reads of different rows, in a database that
// createSampleDatabase has made: an index for pages, and a second table.
func addDifferent(ctx context.Context, server dbServer, name string) error {
	return execAll(ctx, server, name,
		"CREATE INDEX by_qty ON sample (qty)",
		"CREATE TABLE "+thousandTable+" LIKE sample",
		fmt.Sprintf("INSERT INTO %s SELECT * FROM sample WHERE id <= %d", thousandTable, thousandTableRows),
		"ANALYZE TABLE sample, "+thousandTable)
}

// dropDatabase removes what createSampleDatabase has made.
func dropDatabase(ctx context.Context, server dbServer, name string) error {
	return execAll(ctx, server, "", "DROP DATABASE IF EXISTS "+name)
}

// execAll runs statements as the admin.
func execAll(ctx context.Context, server dbServer, name string, queries ...string) error {
	db, err := server.admin(name)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, query := range queries {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return nil
}
