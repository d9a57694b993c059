module readapi

go 1.26

// Run time.
require github.com/go-sql-driver/mysql v1.10.1

// Tests.
require github.com/DATA-DOG/go-sqlmock v1.5.2

require filippo.io/edwards25519 v1.2.0 // indirect
