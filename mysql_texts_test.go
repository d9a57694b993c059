package main

// This file compares texts on a real server: those that views compute, whatever
// the client that made the view had set, and those of other character sets. How to
// run it: mysql_test.go.

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// mysqlTextColumns are texts that a view computes of hut.
var mysqlTextColumns = []string{
	"IF(h.beds > 10, 'large', 'small')", "CONCAT(h.name, ' x')", "CONCAT('é', h.latin)", "COALESCE(h.latin, 'none')", "COALESCE(h.plain, '')",
	"UPPER(h.latin)", "CONCAT(h.three, '!')", "h.name", "h.latin", "h.plain", "h.three", "h.bin", "h.bin COLLATE utf8mb4_general_ci",
	"CAST(h.id AS CHAR)", "DATE_FORMAT('2024-02-29', '%M')", "'literal'", "CASE h.id WHEN 1 THEN 'one' ELSE h.name END", "IFNULL(h.kind, 'none')",
	"CONCAT(h.kind, h.latin)", "REPLACE(h.three, 'a', 'ä')", "LEFT(h.bin, 3)", "CONVERT(h.latin USING utf8mb4)", "CONVERT(h.name USING latin1)", "HEX(h.name)",
	"(SELECT MAX(x.latin) FROM hut x)", "COALESCE(h.three, h.latin)", "FORMAT(h.beds, 1)", "_latin1'abc'", "_ascii'abc'", "TRIM(h.plain)",
}

// mysqlTextNames are what clients that make views may have set.
var mysqlTextNames = []string{"utf8mb4 COLLATE utf8mb4_unicode_ci", "utf8mb4 COLLATE utf8mb4_bin", "utf8mb4", "latin1", "latin1 COLLATE latin1_german1_ci", "utf8mb3", "ascii"}

// Whoever made a view, its texts are found by what is printed, by every operator.
func TestMySQLViewTexts(t *testing.T) {
	d := newMySQLDatabase(t)
	if d.engine == engineEmbedded {
		t.Skip("the embedded engine has one collation for what is computed")
	}
	d.exec(t, `CREATE TABLE hut (id INT PRIMARY KEY, beds INT, name VARCHAR(40), latin VARCHAR(40) CHARACTER SET latin1, plain CHAR(10) CHARACTER SET ascii,
		three VARCHAR(40) CHARACTER SET utf8mb3, bin VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, kind ENUM('hut', 'Lodge'))`,
		"INSERT INTO hut VALUES (1, 74, 'Lagazuoi', 'Süd', 'abc', 'Çapa', 'Ärger', 'Lodge'), (2, 8, 'Zbojnicka', 'nord', 'xyz', 'čaj', 'tea', 'hut')")
	var names []string
	for i, set := range mysqlTextNames {
		var list strings.Builder
		for n, column := range mysqlTextColumns {
			if set == "ascii" {
				column = strings.NewReplacer("é", "e", "ä", "a").Replace(column)
			}
			fmt.Fprintf(&list, ", %s AS c%d", column, n)
		}
		view := fmt.Sprintf("texts%d", i)
		text := "CREATE VIEW " + view + " AS SELECT h.id" + list.String() + " FROM hut h"
		if !strings.HasPrefix(set, "utf8") {
			text = mysqlLatin(text)
		}
		d.exec(t, "SET NAMES "+set, text, "CREATE VIEW "+view+"_of AS SELECT * FROM "+view+" ORDER BY c0, id", "SET NAMES utf8mb4")
		names = append(names, view, view+"_of")
	}
	r := newMySQLReader(t, d, names...)
	for _, name := range names {
		t.Run(name, func(t *testing.T) { r.wantTexts(t, name) })
	}
}

// mysqlLatin is text in latin1.
func mysqlLatin(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteByte(byte(r))
	}
	return b.String()
}

// wantTexts asks for each text of a view as it is printed.
func (r *mysqlReader) wantTexts(t *testing.T, view string) {
	t.Helper()
	_, body := r.do(t, http.MethodGet, "/read/"+view, "")
	for _, row := range viewRows(t, body) {
		for n := range mysqlTextColumns {
			column := fmt.Sprintf("c%d", n)
			text, _ := mysqlPrinted([]byte(row[column]))
			if row[column] == "null" {
				continue
			}
			first := string([]rune(text)[:1])
			for query, finds := range map[string]bool{
				"eq." + text: true, `in.("` + text + `",other)`: true, `in.("☎","` + text + `")`: true, "gte." + text: true, "lte." + text: true,
				"gt." + text: false, "neq." + text: false, "isdistinct." + text: false, "not.isdistinct." + text: true,
				"like." + first + "*": true, "like.*" + text: true, "ilike." + strings.ToUpper(text): true, "ilike.*" + strings.ToLower(text) + "*": true,
				"like.*☎*": false, "eq.☎": false, "neq.☎": true, "isdistinct.☎": true, "not.in.(☎,♥)": true,
				`eq(any).{"` + text + `","☎"}`: true, `like(any).{"` + text + `","☎"}`: true,
			} {
				if strings.ContainsAny(text, "%_\\") {
					continue
				}
				resp, body := r.do(t, http.MethodGet, "/read/"+view, "select=id&"+mysqlQuery(column+"="+query))
				found := strings.Contains(body, `"id":`+row["id"])
				if resp.StatusCode != http.StatusOK || found != finds {
					t.Errorf("GET %s?%s=%s = %d %.200s; want row %s: %t (%s)", view, column, query, resp.StatusCode, body, row["id"], finds, mysqlTextColumns[n])
				}
			}
		}
	}
}

// A server whose sessions begin within a transaction, or with a limit of rows,
// changes nothing: rows are as they are now, all of them, and nothing waits for a
// lock.
func TestMySQLFreshRows(t *testing.T) {
	d := newMySQLDatabase(t)
	d.exec(t, "CREATE TABLE sample (id INT PRIMARY KEY)", "INSERT INTO sample VALUES (1), (2), (3), (4), (5), (6), (7)")
	served := newMySQLReader(t, d, "sample")
	for name, change := range map[string]func(*mysql.Config){
		"as it is": func(*mysql.Config) {},
		"as the server may have it": func(c *mysql.Config) {
			c.Params = map[string]string{"autocommit": "0", "sql_select_limit": "5", "time_zone": "'+05:00'"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := served.serveSession(t, change)
			for range 3 {
				d.exec(t, "DELETE FROM sample WHERE id > 7")
				wantCount(t, base, 7)
				d.exec(t, "INSERT INTO sample VALUES (8)")
				wantCount(t, base, 8)
			}
			d.exec(t, "SET lock_wait_timeout = 5", "ALTER TABLE sample ADD v INT", "ALTER TABLE sample DROP v")
			wantCount(t, base, 8)
		})
	}
}

// wantCount reads n rows in several ways.
func wantCount(t testing.TB, base string, n int) {
	t.Helper()
	for _, query := range []string{"", "?id=gt.0", "?order=id.desc", "?select=id&offset=0"} {
		if _, body := mysqlGet(t, base+"/read"+query); strings.Count(body, `"id":`) != n {
			t.Errorf("GET /read%s = %s; want %d rows", query, body, n)
		}
	}
}
