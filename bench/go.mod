module readapi/bench

go 1.26

// The naive peer and the limit of the driver, as readapi itself.
require github.com/go-sql-driver/mysql v1.10.1

require filippo.io/edwards25519 v1.2.0 // indirect
