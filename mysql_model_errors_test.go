package main

// This file has what embeds are refused for: names that mean no relation or
// several, on the random schemas of the model, and one case of each other reason.

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// modelRefusal is the body of an error. Details are a text, an array or null.
type modelRefusal struct {
	Code, Message string
	Details       json.RawMessage
	Hint          *string
}

// modelChoice is one of the relations that an ambiguous embed may mean.
type modelChoice struct{ Cardinality, Embedding, Relationship string }

// wantModelRefusal checks status, code and the members of an error.
func wantModelRefusal(t testing.TB, what string, resp *http.Response, body string, status int, code string) (refusal modelRefusal) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&refusal); err != nil || resp.StatusCode != status || refusal.Code != code || refusal.Message == "" {
		t.Errorf("GET %s = %d %s; want %d with %s: %v", what, resp.StatusCode, body, status, code, err)
	}
	return refusal
}

// modelStrangers is how many names that mean nothing are asked for, of each schema:
// readapi answers after it has learned its tables again, once a second.
const modelStrangers = 2

// TestMySQLModelNames asks for embeds by all names that are names of something:
// those that mean one relation have an answer, the others an error.
func TestMySQLModelNames(t *testing.T) {
	forEachModel(t, modelRounds/3, func(t *testing.T, run *modelRun) {
		names, unknown := run.allNames(), 0
		for _, i := range run.random.Perm(len(names)) {
			for _, origin := range run.listed() {
				target, hint := names[i][0], names[i][1]
				if len(run.called(origin, target, hint)) == 0 {
					unknown++
				}
				if len(run.called(origin, target, hint)) > 0 || unknown <= modelStrangers {
					run.wantName(t, origin, target, hint)
				}
			}
		}
	})
}

// allNames are targets and hints of all kinds.
func (s *modelSchema) allNames() (names [][2]string) {
	for _, t := range s.tables {
		names = append(names, [2]string{t.name, ""}, [2]string{t.name, "no hint"})
		for _, hint := range s.tables {
			names = append(names, [2]string{t.name, hint.name})
		}
		for _, key := range t.keys {
			names = append(names, [2]string{key.name, ""}, [2]string{key.target.name, key.name}, [2]string{t.name, key.name})
			if len(key.columns) > 1 {
				names = append(names, [2]string{key.target.name, key.columns[0]})
			}
		}
	}
	return append(names, [2]string{"no such table", ""})
}

// wantName checks the answer to an embed by its name.
func (m *modelRun) wantName(t *testing.T, origin *modelTable, target, hint string) {
	t.Helper()
	e := &modelEmbed{target: target, hint: hint, node: &modelNode{items: []*modelItem{{column: "*"}}, limit: -1}}
	query := "select=" + url.QueryEscape(modelName(origin.columns[0].name)+",x:"+e.String()) + "&limit=1"
	resp, body := m.reader.do(t, http.MethodGet, "/read/"+url.PathEscape(origin.name), query)
	what := fmt.Sprintf("%s: embed %s (seed %d)", origin.name, e, m.seed)
	switch called := m.called(origin, target, hint); len(called) {
	case 0:
		refusal := wantModelRefusal(t, what, resp, body, http.StatusBadRequest, "PGRST200")
		m.wantSilence(t, what, target+hint, refusal)
	case 1:
		if resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d %s; want 200", what, resp.StatusCode, body)
		}
	default:
		refusal := wantModelRefusal(t, what, resp, body, http.StatusMultipleChoices, "PGRST201")
		wantChoices(t, what, called, refusal)
		m.wantSilence(t, what, target+hint, refusal)
	}
}

// wantSilence checks that an error has no name of a table that is not served,
// but for what was asked.
func (m *modelRun) wantSilence(t *testing.T, what, asked string, refusal modelRefusal) {
	t.Helper()
	text := refusal.Message + string(refusal.Details)
	if refusal.Hint != nil {
		text += *refusal.Hint
	}
	for _, table := range m.tables {
		if table.unlisted && !strings.Contains(asked, table.name) && strings.Contains(text, table.name) {
			t.Errorf("GET %s = %+v; want nothing of %s", what, refusal, table.name)
		}
	}
}

// wantChoices checks what an ambiguous embed may mean, and that the hint has a
// name for each.
func wantChoices(t *testing.T, what string, called []modelRelation, refusal modelRefusal) {
	t.Helper()
	var got []modelChoice
	if err := json.Unmarshal(refusal.Details, &got); err != nil || len(got) != len(called) || refusal.Hint == nil {
		t.Errorf("GET %s: %s; want %d choices: %v", what, refusal.Details, len(called), err)
		return
	}
	for _, r := range called {
		embedding := r.origin.name + " with " + r.target.name
		isThere := func(c modelChoice) bool {
			return c.Cardinality == r.cardinality() && c.Embedding == embedding && containsEach(c.Relationship, r.keyNames())
		}
		if !slices.ContainsFunc(got, isThere) {
			t.Errorf("GET %s: %s; want %s %q by %q", what, refusal.Details, r.cardinality(), embedding, r.keyNames())
		}
		hint := strings.ReplaceAll(*refusal.Hint, `"`, "")
		if !slices.ContainsFunc(r.hints(), func(name string) bool { return strings.Contains(hint, r.target.name+"!"+name) }) {
			t.Errorf("GET %s: hint %s; want %s!%q", what, hint, r.target.name, r.hints())
		}
	}
}

// keyNames are the foreign keys of r.
func (r modelRelation) keyNames() (names []string) {
	for _, key := range []*modelKey{r.back, r.forward} {
		if key != nil {
			names = append(names, key.name)
		}
	}
	return names
}

// hints are what may stand behind "!" for r: the foreign key, or the junction.
func (r modelRelation) hints() []string {
	if r.back != nil && r.forward != nil {
		return []string{r.back.table.name, r.forward.name}
	}
	return r.keyNames()
}

// containsEach says whether text has all of these parts.
func containsEach(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// mysqlProjects is a schema of the kind that PostgREST's documentation has.
var mysqlProjects = []string{
	"CREATE TABLE client (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, since DATE, notes JSON)",
	"CREATE TABLE project (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, client_id INT, FOREIGN KEY (client_id) REFERENCES client (id))",
	"CREATE TABLE task (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, cost DECIMAL(6,2), length TIME, project_id INT, " +
		"FOREIGN KEY (project_id) REFERENCES project (id))",
	"CREATE TABLE person (id INT PRIMARY KEY, boss_id INT, CONSTRAINT boss FOREIGN KEY (boss_id) REFERENCES person (id))",
	"INSERT INTO client VALUES (1, 'Microsoft', '2024-02-29', '{}'), (2, 'Apple', NULL, NULL)",
	"INSERT INTO project VALUES (1, 'Windows 7', 1), (2, 'IOS', 2), (3, 'Orphan', NULL)",
	"INSERT INTO task VALUES (1, 'Design', 1.5, '01:00:00', 1), (2, 'Code', NULL, NULL, 1)",
	"INSERT INTO person VALUES (1, NULL), (2, 1), (3, 2)",
}

// newMySQLProjects serves mysqlProjects.
func newMySQLProjects(t testing.TB, changes ...string) *mysqlReader {
	t.Helper()
	d := newMySQLDatabase(t)
	mysqlSkipEmbedded(t, d)
	d.exec(t, mysqlProjects...)
	d.env = mysqlWith(d.env, changes...)
	return newMySQLReader(t, d, "client", "project", "task", "person")
}

func TestMySQLEmbedRefusals(t *testing.T) {
	r := newMySQLProjects(t)
	deep := func(levels int) string {
		return "/read/person?select=id" + strings.Repeat(",boss(id", levels) + strings.Repeat(")", levels)
	}
	wide := func(embeds int) string {
		parts := make([]string, embeds)
		for i := range parts {
			parts[i] = fmt.Sprintf("e%d:boss(id)", i)
		}
		return "/read/person?select=" + strings.Join(parts, ",")
	}
	tests := []struct {
		name, path string
		code       string // 200 if empty
	}{
		{"no relation", "/read/client?select=id,task(id)", "PGRST200"},
		{"no relation, nested", "/read/client?select=id,project(id,person(id))", "PGRST200"},
		{"no relation by that hint", "/read/client?select=id,project!boss(id)", "PGRST200"},
		{"filter on what is not embedded", "/read/client?project.id=eq.1", "PGRST108"},
		{"filter on what is embedded elsewhere", "/read/client?select=project(task(id))&task.id=eq.1", "PGRST108"},
		{"filter by the target where there is an alias", "/read/client?select=p:project(id)&project.id=eq.1", "PGRST108"},
		{"group on what is not embedded", "/read/client?project.or=(id.eq.1)", "PGRST108"},
		{"order of what is not embedded", "/read/client?project.order=id", "PGRST108"},
		{"limit of what is not embedded", "/read/client?project.limit=1", "PGRST108"},
		{"offset of what is not embedded", "/read/client?project.offset=1", "PGRST108"},
		{"order by what is not embedded", "/read/project?order=client(name)", "PGRST108"},
		{"order by to-many", "/read/client?select=id,project(id)&order=project(id)", "PGRST118"},
		{"order by to-many, by its alias", "/read/client?select=id,p:project(id)&order=p(id)", "PGRST118"},
		{"embed compared", "/read/client?select=id,project(id)&project=eq.1", "PGRST120"},
		{"embed compared, not", "/read/client?select=id,project(id)&project=not.eq.1", "PGRST120"},
		{"embed is true", "/read/client?select=id,project(id)&project=is.true", "PGRST120"},
		{"embed compared in a group", "/read/client?select=id,project(id)&or=(project.gt.1,id.eq.1)", "PGRST120"},
		{"column of the embed unknown", "/read/client?select=id,project(nothing)", "42703"},
		{"filter of the embed unknown", "/read/client?select=id,project(id)&project.nothing=eq.1", "42703"},
		{"order of the embed unknown", "/read/client?select=id,project(id)&project.order=nothing", "42703"},
		{"order by a column that the embed has not", "/read/project?select=id,client(id)&order=client(nothing)", "42703"},
		{"value of the embed", "/read/client?select=id,project(id)&project.id=eq.abc", "22P02"},
		{"unclosed", "/read/client?select=id,project(id", "PGRST100"},
		{"closed twice", "/read/client?select=id,project(id))", "PGRST100"},
		{"unknown join", "/read/client?select=id,project!outer!inner!x(id)", "PGRST100"},
		{"sum of a text", "/read/client?select=name.sum()", "*"},
		{"avg of a time", "/read/task?select=length.avg()", "*"},
		{"max of JSON", "/read/client?select=notes.max()", "*"},
		{"unknown aggregate", "/read/client?select=id.median()", "PGRST100"},
		{"aggregate in capitals", "/read/client?select=id.SUM()", "PGRST100"},
		{"depth 5", deep(5), ""},
		{"depth 6", deep(6), "*"},
		{"20 embeds", wide(20), ""},
		{"21 embeds", wide(21), "*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, query, _ := strings.Cut(tt.path, "?")
			resp, body := r.do(t, http.MethodGet, path, mysqlQuery(query))
			switch tt.code {
			case "":
				if resp.StatusCode != http.StatusOK {
					t.Errorf("GET %s = %d %s; want 200", tt.path, resp.StatusCode, body)
				}
			case "*": // whatever says it best
				var refusal modelRefusal
				if err := json.Unmarshal([]byte(body), &refusal); err != nil || resp.StatusCode != http.StatusBadRequest || refusal.Message == "" {
					t.Errorf("GET %s = %d %s; want 400", tt.path, resp.StatusCode, body)
				}
			default:
				wantModelRefusal(t, tt.path, resp, body, http.StatusBadRequest, tt.code)
			}
		})
	}
}

func TestMySQLAggregatesOff(t *testing.T) {
	r := newMySQLProjects(t, "AGGREGATES", "off")
	for _, query := range []string{"select=count()", "select=count", "select=id.max()", "select=id,project(count())"} {
		resp, body := r.do(t, http.MethodGet, "/read/client", mysqlQuery(query))
		wantModelRefusal(t, query, resp, body, http.StatusBadRequest, "PGRST123")
	}
	mysqlWantBody(t, r.base+"/read/client?select=id,project(id)&order=id", `[{"id":1,"project":[{"id":1}]},`+"\n"+`{"id":2,"project":[{"id":2}]}]`+"\n")
}

// TestMySQLEmbedExamples has answers as PostgREST's documentation shows them.
func TestMySQLEmbedExamples(t *testing.T) {
	r := newMySQLProjects(t)
	tests := []struct{ query, want string }{
		{"project?select=name,client(name)&order=id", `[{"name":"Windows 7","client":{"name":"Microsoft"}},{"name":"IOS","client":{"name":"Apple"}},{"name":"Orphan","client":null}]`},
		{"project?select=name,client_id(name)&id=eq.1", `[{"name":"Windows 7","client_id":{"name":"Microsoft"}}]`},
		{"project?select=name,who:client_id(name)&id=eq.1", `[{"name":"Windows 7","who":{"name":"Microsoft"}}]`},
		{"project?select=name,...client(client:name)&order=id", `[{"name":"Windows 7","client":"Microsoft"},{"name":"IOS","client":"Apple"},{"name":"Orphan","client":null}]`},
		{"project?select=name,client!inner()&client.name=eq.Apple", `[{"name":"IOS"}]`},
		{"project?select=name,client()&client=is.null", `[{"name":"Orphan"}]`},
		{"project?select=name,task(name)&order=id&task.order=id.desc&task.limit=1", `[{"name":"Windows 7","task":[{"name":"Code"}]},{"name":"IOS","task":[]},{"name":"Orphan","task":[]}]`},
		{"project?select=name,task(count())&order=id", `[{"name":"Windows 7","task":[{"count":2}]},{"name":"IOS","task":[{"count":0}]},{"name":"Orphan","task":[{"count":0}]}]`},
		{"project?select=name,task(cost.sum())&order=id", `[{"name":"Windows 7","task":[{"sum":1.50}]},{"name":"IOS","task":[{"sum":null}]},{"name":"Orphan","task":[{"sum":null}]}]`},
		{"project?select=id,...task(tasks:name)&task.order=id&order=id", `[{"id":1,"tasks":["Design","Code"]},{"id":2,"tasks":[]},{"id":3,"tasks":[]}]`},
		{"client?select=count", `[{"count":2}]`},
		{"project?select=client_id,count()&order=client_id.nullslast", `[{"client_id":1,"count":1},{"client_id":2,"count":1},{"client_id":null,"count":1}]`},
		{"project?select=id,client(name)&order=client(name).nullslast", `[{"id":2,"client":{"name":"Apple"}},{"id":1,"client":{"name":"Microsoft"}},{"id":3,"client":null}]`},
		{"person?select=id,boss(id),person(id)&order=id", `[{"id":1,"boss":null,"person":[{"id":2}]},{"id":2,"boss":{"id":1},"person":[{"id":3}]},{"id":3,"boss":{"id":2},"person":[]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			table, query, _ := strings.Cut(tt.query, "?")
			_, body := r.do(t, http.MethodGet, "/read/"+table, mysqlQuery(query))
			if got := strings.ReplaceAll(strings.TrimSpace(body), "},\n{", "},{"); got != tt.want {
				t.Errorf("GET %s = %s; want %s", tt.query, got, tt.want)
			}
		})
	}
}
