package main

// This file turns the URL query into SQL text. Rule: identifiers pass through
// quoteIdentifier, and nothing else of a request gets into the text.

import (
	"net/http"
	"strings"
)

// selectAll returns the query for all rows of table.
func selectAll(table string) string {
	if table == "sample" { // the contract: this text and no other
		return "SELECT * FROM sample"
	}
	return "SELECT * FROM " + quoteIdentifier(table)
}

// quoteIdentifier quotes the name of a table or column (MySQL manual, 11.2).
func quoteIdentifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// checkQuery refuses query parameters: to leave out a filter that somebody
// wrote would send rows that they did not ask for.
func checkQuery(rawQuery string) *apiError {
	if rawQuery == "" {
		return nil
	}
	e := newAPIError(http.StatusBadRequest, "PGRST100", "This server takes no query parameters.",
		"Leave out everything from the question mark on.")
	name, _, _ := strings.Cut(rawQuery, "=")
	details := "unexpected parameter " + strings.ToValidUTF8(name, "\uFFFD")
	e.Details = &details
	return e
}
