package main

// This file holds the walls between the rooms: imports point down only, few rooms
// know the driver, and tests' helpers stay in tests.

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors are our packages by their floor. A package may import those of lower
// floors only.
var floors = map[string]int{
	"readapi": 7,

	"readapi/internal/observe":    6,
	"readapi/internal/rest":       5,
	"readapi/internal/httpserver": 1,
	"readapi/internal/plan":       4,
	"readapi/internal/describe":   4,
	"readapi/internal/catalog":    3,
	"readapi/internal/share":      3,
	"readapi/internal/exec":       2,
	"readapi/internal/connect":    1,
	"readapi/internal/certs":      0,
	"readapi/internal/client":     0,
	"readapi/internal/metrics":    0,
	"readapi/internal/encode":     0,
	"readapi/internal/live":       0,
	"readapi/internal/page":       0,
	"readapi/internal/postgrest":  0,
}

// helpers are packages that only tests import.
var helpers = []string{"readapi/internal/apitest", "readapi/internal/fakedb", "readapi/internal/testcerts", "readapi/internal/testviews"}

// importers are the packages that may import what is not for every room.
var importers = map[string][]string{
	"github.com/go-sql-driver/mysql": {"readapi", "readapi/internal/connect", "readapi/internal/exec"},
	"net/http":                       {"readapi", "readapi/internal/httpserver", "readapi/internal/observe", "readapi/internal/page", "readapi/internal/rest"},
	"os":                             {"readapi", "readapi/internal/certs", "readapi/internal/client", "readapi/internal/metrics"}, // client: for an error only
}

func TestImportsPointDown(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}}: {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for line := range strings.Lines(string(out)) {
		importer, imports, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if slices.Contains(helpers, importer) {
			continue
		}
		listed++
		if _, known := floors[importer]; !known {
			t.Errorf("%s has no floor: put it into this test and into CONTRIBUTING.md", importer)
		}
		for imported := range strings.FieldsSeq(imports) {
			checkArrow(t, importer, imported)
		}
	}
	if listed != len(floors) {
		t.Errorf("go list has %d rooms; want %d", listed, len(floors))
	}
}

// checkArrow checks one import.
func checkArrow(t *testing.T, importer, imported string) {
	t.Helper()
	floor, ours := floors[imported]
	allowed, guarded := importers[imported]
	switch {
	case slices.Contains(helpers, imported):
		t.Errorf("%s imports %s, which is for tests", importer, imported)
	case ours && floor >= floors[importer]:
		t.Errorf("%s (floor %d) imports %s (floor %d); want imports that point down", importer, floors[importer], imported, floor)
	case guarded && !slices.Contains(allowed, importer):
		t.Errorf("%s imports %s; want only %q to do so", importer, imported, allowed)
	}
}
