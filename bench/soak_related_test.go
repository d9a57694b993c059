package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

const (
	// childrenOfPage is how many rows each of the parents of a page has, and
	// childrenOfAll each of those that are read whole.
	childrenOfPage = 25
	childrenOfAll  = 10
	// relatedMemory and relatedFirst are targets for results of any size.
	relatedMemory = 40 << 20
	relatedFirst  = time.Second
	// relatedRounds is how often each of the compared programs is asked.
	relatedRounds = 31
)

// relatedScene has parents with children on a private MariaDB.
type relatedScene struct {
	*mariaDB
	form soakForm
	all  int // parents that are read whole; the one parent has as many children
	db   *sql.DB
}

// TestSoakRelated reads tables with the rows of another one: all of them in
// little memory, and pages as fast as with SQL that is written for it.
func TestSoakRelated(t *testing.T) {
	form := soakTest(t)
	ctx := soakContext(t)
	s := &relatedScene{mariaDB: newTestMariaDB(t), form: form, all: pick(form, 10_000, 100_000)}
	if err := execAll(ctx, s.dbServer, "", "CREATE DATABASE "+soakDatabase); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.db, err = s.admin(soakDatabase); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	s.fill(ctx, t, "few", 1, s.all*childrenOfAll)
	s.fill(ctx, t, "every", s.all, childrenOfAll)
	s.fill(ctx, t, "page", 2_000, childrenOfPage)
	t.Run("one parent", func(t *testing.T) { s.readWhole(ctx, t, "few", 1, s.all*childrenOfAll) })
	t.Run("many parents", func(t *testing.T) { s.readWhole(ctx, t, "every", s.all, childrenOfAll) })
	t.Run("pages", func(t *testing.T) { s.comparePages(ctx, t) })
}

// fill makes the tables NAME and NAME_children.
func (s *relatedScene) fill(ctx context.Context, t *testing.T, name string, parents, children int) {
	t.Helper()
	statements := []string{
		"CREATE TABLE " + name + " (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL)",
		"CREATE TABLE " + name + "_children (id INT PRIMARY KEY AUTO_INCREMENT, parent_id INT NOT NULL, qty INT NOT NULL," +
			" label VARCHAR(40) NOT NULL, FOREIGN KEY (parent_id) REFERENCES " + name + " (id))",
		fmt.Sprintf("INSERT INTO %s SELECT seq, CONCAT('parent ', seq) FROM seq_1_to_%d", name, parents),
		fmt.Sprintf("INSERT INTO %[1]s_children (parent_id, qty, label) SELECT p.id, seq, CONCAT('child ', seq) FROM %[1]s p JOIN seq_1_to_%d",
			name, children),
		"ANALYZE TABLE " + name + ", " + name + "_children",
	}
	for _, statement := range statements {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// serve starts readapi on all tables.
func (s *relatedScene) serve(t *testing.T) *process {
	t.Helper()
	return startTestReadapi(t, s.ps, append(s.reader(), "DB_NAME="+soakDatabase,
		"DB_TABLES=few,few_children,every,every_children,page,page_children")...)
}

// readWhole reads all parents with their children, and checks memory, the first
// byte and the numbers of rows.
func (s *relatedScene) readWhole(ctx context.Context, t *testing.T, name string, parents, children int) {
	server := s.serve(t)
	read := func() (rowSink, time.Duration, time.Duration) {
		c := newClient(server.addr, "/read/"+name+"?select=id,name,"+name+"_children(id,qty,label)")
		defer c.close()
		start := time.Now()
		c.deadline = start.Add(checkTimeout)
		var sink rowSink
		if _, err := c.get(ctx, &sink); err != nil {
			t.Fatal(err)
		}
		return sink, sink.first.Sub(start), time.Since(start)
	}
	sink, first, total := read()
	if err := sink.check(parents + parents*children); err != nil {
		t.Error(err)
	}
	t.Logf("%d parents with %d children: first byte after %v, all after %v, peak of resident memory %.1f MiB",
		parents, children, first.Round(time.Millisecond), total.Round(time.Millisecond), float64(server.peak())/(1<<20))
	if peak := server.peak(); peak >= relatedMemory {
		t.Errorf("peak of resident memory = %d KiB; want less than %d KiB", peak>>10, relatedMemory>>10)
	}
	if s.form == soakLong && first >= relatedFirst { // other programs share the machine in the short form
		t.Errorf("first byte after %v; want less than %v", first, relatedFirst)
	}
}

// comparePages reads pages of parents with their children in turn from readapi,
// from a program with a correlated JSON_ARRAYAGG, and from one with a query per
// parent, and compares the medians.
func (s *relatedScene) comparePages(ctx context.Context, t *testing.T) {
	server := s.serve(t)
	byHand := httptest.NewServer(http.HandlerFunc(s.correlated))
	t.Cleanup(byHand.Close)
	perParent := httptest.NewServer(http.HandlerFunc(s.perParent))
	t.Cleanup(perParent.Close)
	for _, parents := range []int{100, 1000} {
		urls := []string{
			fmt.Sprintf("%s?select=id,name,page_children(id,qty,label)&order=id&limit=%d", server.url("/read/page"), parents),
			fmt.Sprintf("%s/?limit=%d", byHand.URL, parents),
			fmt.Sprintf("%s/?limit=%d", perParent.URL, parents),
		}
		times := make([][]time.Duration, len(urls))
		for range relatedRounds {
			for i, url := range urls {
				times[i] = append(times[i], s.timeOf(ctx, t, url, parents))
			}
		}
		median := func(i int) time.Duration { slices.Sort(times[i]); return times[i][relatedRounds/2] }
		own, hand, each := median(0), median(1), median(2)
		t.Logf("%d parents with %d children: %v, JSON_ARRAYAGG by hand %v (readapi %.2f times), a query per parent %v (%.1f times readapi)",
			parents, childrenOfPage, own, hand, float64(own)/float64(hand), each, float64(each)/float64(own))
	}
}

// timeOf reads a page, checks that it is whole, and says how long that took.
func (s *relatedScene) timeOf(ctx context.Context, t *testing.T, url string, parents int) time.Duration {
	t.Helper()
	start := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var sink rowSink
	if _, err := io.Copy(&sink, response.Body); err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	if err := sink.check(parents + parents*childrenOfPage); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return took
}

// correlated answers with JSON that the database makes.
func (s *relatedScene) correlated(w http.ResponseWriter, r *http.Request) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT JSON_OBJECT('id', p.id, 'name', p.name, 'page_children',"+
		" (SELECT JSON_ARRAYAGG(JSON_OBJECT('id', c.id, 'qty', c.qty, 'label', c.label)) FROM page_children c WHERE c.parent_id = p.id))"+
		" FROM page p ORDER BY p.id LIMIT "+r.FormValue("limit"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	separator := "["
	for rows.Next() {
		var text sql.RawBytes
		if err := rows.Scan(&text); err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, separator)
		_, _ = w.Write(text)
		separator = ",\n"
	}
	fmt.Fprint(w, "]")
}

// perParent asks for the children of each parent.
func (s *relatedScene) perParent(w http.ResponseWriter, r *http.Request) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT id, name FROM page ORDER BY id LIMIT "+r.FormValue("limit"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer rows.Close()
	separator := "["
	for rows.Next() {
		var id int
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, `%s{"id":%d,"name":%q,"page_children":[`, separator, id, name)
		s.writeChildren(w, r, id)
		fmt.Fprint(w, "]}")
		separator = ",\n"
	}
	fmt.Fprint(w, "]")
}

func (s *relatedScene) writeChildren(w http.ResponseWriter, r *http.Request, parent int) {
	rows, err := s.db.QueryContext(r.Context(), "SELECT id, qty, label FROM page_children WHERE parent_id = ?", parent)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer rows.Close()
	separator := ""
	for rows.Next() {
		var id, qty int
		var label string
		if err := rows.Scan(&id, &qty, &label); err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, `%s{"id":%d,"qty":%d,"label":%q}`, separator, id, qty, label)
		separator = ","
	}
}
