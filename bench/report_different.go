package main

// This file writes the tables of RESULTS.md on reads of different rows.

// writeDifferent writes a table for each question and number of connections.
func (t *report) writeDifferent() {
	rows := thousands(int64(t.plan.bigRows))
	for _, q := range questions {
		t.printf("## Different rows: %s, of %s\n\n", q.title, rows)
		for _, connections := range t.plan.different {
			t.printf("### %s, %d %s\n\n", q.title, connections, plural(connections, "connection"))
			t.head("server", "requests/s", "×", "p50", "×", "p99", "×", "processor time per request", "×", "failed requests")
			for _, p := range t.peersIn(partDifferent) {
				t.writeQuestion(p, q, connections)
			}
			t.printf("\n")
		}
	}
}

// writeQuestion writes the row of a peer.
func (t *report) writeQuestion(p peer, q question, connections int) {
	rounds := t.different[differentKey{p.name, q.name, connections}]
	if len(rounds) == 0 {
		t.row(p.title, none, none, none, none, none, none, none, none, none)
		return
	}
	f := totalDifferent(rounds)
	base := totalDifferent(t.different[differentKey{baseName, q.name, connections}])
	failed := "0"
	if f.failed > 0 {
		failed = thousands(int64(f.failed)) + " (" + f.failedShare() + ")"
	}
	t.row(append(t.loadCells(p, f.loadFigures, base.loadFigures), failed)...)
}

// writeDifferentMethod says how different rows were read.
func (t *report) writeDifferentMethod() {
	t.printf(`
With different rows, each request of the generator has another URL, and it looks in every body for the rows that it has
asked for, and for no others. What failed, by its status or its body, is in no rate and no latency, but its processor
time is in that of the others; the last column adds all rounds up. The connection goes on at once. **A row by its key** is one of %s rows by its primary key, at random:
%sid=eq.N%s, or a route of the program. readapi sends an array with the row, the others an object. The **mix** is %d %% of
these, %d %% pages of %d rows, filtered by an indexed column and after a random id, and %d %% the whole of a table of %s
rows, which is the only read that is often under way more than once. Each program asks the database as its manual says,
with placeholders. Not compared are PostgREST, which has another database, and php-crud-api, of which neither Debian nor
npm has a package.
`, thousands(int64(t.plan.bigRows)), "`?", "`", mixRows, mixPages, pageRows, 100-mixRows-mixPages,
		thousands(thousandTableRows))
}
