package main

// This file has the law of tables that are not listed: whatever is asked, one
// that exists cannot be told from one that does not. How to run it: mysql_test.go.

import (
	"net/http"
	"strings"
	"testing"
)

// Two names of the same length: of a table that DB_TABLES has not, which refers
// to others and is referred to, and of none.
const (
	mysqlHiddenName = "secret"
	mysqlAbsentName = "absent"
)

// mysqlHidden has both names for columns: one of a foreign key, and one of a
// column without.
var mysqlHidden = []string{
	"CREATE TABLE other (id INT PRIMARY KEY, name VARCHAR(20))",
	"CREATE TABLE secret (id INT, shown_id INT, other_id INT, word VARCHAR(20), PRIMARY KEY (shown_id, other_id), UNIQUE (id))",
	"CREATE TABLE shown (id INT PRIMARY KEY, other_id INT, second_id INT, secret_id INT, absent_id INT, KEY (absent_id), " +
		"CONSTRAINT secret_fk FOREIGN KEY (secret_id) REFERENCES secret (id), " +
		"CONSTRAINT first_fk FOREIGN KEY (other_id) REFERENCES other (id), CONSTRAINT second_fk FOREIGN KEY (second_id) REFERENCES other (id))",
	"CREATE TABLE child (id INT PRIMARY KEY, shown_id INT, FOREIGN KEY (shown_id) REFERENCES shown (id))",
	"ALTER TABLE secret ADD CONSTRAINT secret_to_shown FOREIGN KEY (shown_id) REFERENCES shown (id), " +
		"ADD CONSTRAINT secret_to_other FOREIGN KEY (other_id) REFERENCES other (id)",
	"INSERT INTO other VALUES (1, 'one'), (2, 'two')",
	"INSERT INTO shown VALUES (1, 1, 2, NULL, NULL), (2, NULL, 1, NULL, NULL)",
	"INSERT INTO secret VALUES (7, 1, 1, 'hush'), (8, 1, 2, 'hush')",
	"UPDATE shown SET secret_id = 7, absent_id = 7 WHERE id = 1",
	"INSERT INTO child VALUES (1, 1), (2, 1)",
}

// mysqlHiddenRequests have NAME for either name.
var mysqlHiddenRequests = []string{
	"/read/NAME", "/read/NAME?select=id", "/read/NAME?id=eq.1",
	"/read/shown?select=id,NAME(id)", "/read/shown?select=id,NAME(*)", "/read/shown?select=id,x:NAME(id)", "/read/shown?select=id,NAME()",
	"/read/shown?select=id,...NAME(word)", "/read/shown?select=id,NAME!inner(id)", "/read/shown?select=id,NAME!NAME_fk(id)",
	"/read/shown?select=id,NAME!NAME_id(id)", "/read/shown?select=id,NAME_fk(id)", "/read/shown?select=id,NAME_id(id)",
	"/read/shown?select=id,NAME_id(other(id))", "/read/shown?select=id,NAME_to_shown(id)",
	"/read/shown?select=id,other!NAME(id)", "/read/shown?select=id,other!NAME_fk(id)", "/read/shown?select=id,other!NAME_id(id)",
	"/read/shown?select=id,other!NAME_to_other(id)", "/read/shown?select=id,o:other!first_fk(id,NAME(id))",
	"/read/other?select=id,NAME(id)", "/read/other?select=id,shown!NAME(id)", "/read/other?select=id,shown!NAME_to_shown(id)",
	"/read/child?select=id,shown(id,NAME(id))", "/read/child?select=id,shown(id,NAME_id(id))", "/read/child?select=id,shown(NAME_id)&order=id",
	"/read/child?select=id,NAME(id)", "/read/child?select=id,shown!NAME(id)",
	"/read/shown?select=id&NAME.word=eq.hush", "/read/shown?NAME.id=eq.7", "/read/shown?NAME.or=(id.eq.7)", "/read/shown?NAME.order=id",
	"/read/shown?NAME.limit=1", "/read/shown?NAME=is.null", "/read/shown?NAME=not.is.null", "/read/shown?NAME=eq.1",
	"/read/shown?or=(NAME.is.null,id.eq.1)", "/read/shown?select=id,NAME()&NAME=is.null", "/read/shown?select=id,x:NAME()&x.word=eq.hush",
	"/read/shown?order=NAME(id)", "/read/shown?order=NAME(word)", "/read/shown?order=NAME", "/read/shown?select=NAME", "/read/shown?select=NAME.count()",
	"/read/shown?select=id,NAME_id&order=id", "/read/shown?NAME_id=eq.7&select=id", "/read/shown?select=id,NAMES(id)", "/read/shown?select=id,other!NAMES(id)",
	"/read/shown?select=id,NAME_i(id)", "/read/shown?select=id,NAME_f(id)", "/read/child?child.NAME.id=eq.1",
}

// TestMySQLHiddenTables compares whole responses.
func TestMySQLHiddenTables(t *testing.T) {
	d := newMySQLDatabase(t)
	mysqlSkipEmbedded(t, d)
	d.exec(t, mysqlHidden...)
	r := newMySQLReader(t, d, "shown", "other", "child")
	for _, request := range mysqlHiddenRequests {
		t.Run(request, func(t *testing.T) {
			t.Parallel() // what is unknown waits until tables are learned again, once a second
			hidden, absent := r.dump(t, request, mysqlHiddenName), r.dump(t, request, mysqlAbsentName)
			if hidden != absent {
				t.Errorf("%s: an unlisted table gives\n%s\none that does not exist\n%s", request, hidden, absent)
			}
		})
	}
	t.Run("choices", func(t *testing.T) { // without those through the unlisted table
		resp, body := r.do(t, http.MethodGet, "/read/shown", "select=id,other(id)")
		refusal := wantModelRefusal(t, "shown?select=id,other(id)", resp, body, http.StatusMultipleChoices, "PGRST201")
		if strings.Contains(body, mysqlHiddenName) || strings.Count(string(refusal.Details), "cardinality") != 2 {
			t.Errorf("choices = %s; want first_fk and second_fk", body)
		}
	})
}

// dump is all of a response to a request for name, with NAME for that name.
func (r *mysqlReader) dump(t *testing.T, request, name string) string {
	t.Helper()
	path, query, _ := strings.Cut(strings.ReplaceAll(request, "NAME", name), "?")
	resp, body := r.do(t, http.MethodGet, path, mysqlQuery(query))
	resp.Header.Del("Date")
	resp.Header.Del("ETag") // of another body, where there is a column of that name
	var b strings.Builder
	b.WriteString(resp.Status + "\n")
	_ = resp.Header.Write(&b) // to a strings.Builder it can't fail
	b.WriteString(body)
	return strings.ReplaceAll(b.String(), name, "NAME")
}
