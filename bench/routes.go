package main

// This file says where a server has the rows that everybody asks for
// differently, as its users would name them.

import "fmt"

// routes are the paths of a server's reads, as formats.
type routes struct {
	row   string // one row of sample: its id
	page  string // pageRows rows of sample: their qty, and the id that they follow
	table string // the whole table thousand
}

const (
	// pageRows is the length of a page.
	pageRows = 20
	// thousandTable is beside sample, and has as many rows of it.
	thousandTable     = "thousand"
	thousandTableRows = 1000
)

// readapiRoutes are those of readapi, which takes the question itself. sample is
// its default table.
var readapiRoutes = &routes{
	row:   readPath + "?id=eq.%d",
	page:  readPath + "?qty=eq.%d&id=gt.%d&order=id&limit=20",
	table: readPath + "/" + thousandTable,
}

// programRoutes are those of the programs in peers, which have one for each
// question; phpRoutes those of pages that are files.
var (
	programRoutes = &routes{row: "/sample/%d", page: "/sample?qty=%d&after=%d", table: "/" + thousandTable}
	phpRoutes     = &routes{row: "/row.php?id=%d", page: "/page.php?qty=%d&after=%d", table: "/thousand.php"}
)

// appendRow appends the path of the row with that id.
func (r *routes) appendRow(path []byte, id int64) []byte { return fmt.Appendf(path, r.row, id) }

// appendPage appends the path of the page of the rows with that qty after the
// id.
func (r *routes) appendPage(path []byte, qty, after int64) []byte {
	return fmt.Appendf(path, r.page, qty, after)
}
