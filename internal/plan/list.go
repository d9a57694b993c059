package plan

// This file writes what stands behind SELECT, and knows how the server has to
// declare it.

import (
	"cmp"
	"reflect"
	"slices"

	"readapi/internal/catalog"
	"readapi/internal/encode"
	"readapi/internal/exec"
	"readapi/internal/postgrest"
)

// maxCopies and maxLargeCopies bound how often one column may be selected, the
// latter one whose values may have megabytes: a row takes as much memory as all of
// them together.
const (
	maxCopies      = 8
	maxLargeCopies = 3
)

// mayCopy is how often c may be selected.
func mayCopy(c *catalog.Column) int {
	switch c.Type {
	case "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "JSON", "GEOMETRY", "VECTOR":
		return maxLargeCopies
	default:
		return maxCopies
	}
}

// selectList is what stands behind SELECT, and how it is called in the output.
type selectList struct {
	text    string
	isStar  bool              // text is *
	columns []*catalog.Column // of the table
	paths   []postgrest.Path  // into the JSON of each column; none if there are none at all
	fields  []encode.Field    // one per column
	probes  []probe           // of columns that are compared, but are not among them
	hidden  []*catalog.Column // behind them, for the marks of a page
	ahead   int               // columns at the end, whatever they are
}

// newSelectList makes the list for q.
func (b *builder) newSelectList(s *scope, q *postgrest.Query, named bool) (*selectList, error) {
	l := new(selectList)
	fields := q.Select
	if !q.SelectsSome() {
		fields = []postgrest.Field{{}}
		l.isStar = !named
	}
	starred := false
	for _, f := range fields {
		var err error
		switch {
		case len(f.Path.Steps) > 0:
			err = b.addPath(l, s, f)
		case f.Column != "":
			var c *catalog.Column
			if c, err = s.column(f.Place, f.Column); err == nil {
				err = l.addColumn(f, c)
			}
		case !starred: // another * means the same columns again
			starred = true
			err = l.addStar(f, s.table)
		}
		if err != nil {
			return nil, err
		}
	}
	if l.isStar {
		l.text = "*"
	}
	return l, nil
}

// addStar adds the columns that * stands for. If they are the first, no two are the
// same.
func (l *selectList) addStar(f postgrest.Field, t *catalog.Table) error {
	isFirst := len(l.fields) == 0
	if isFirst {
		l.fields = make([]encode.Field, 0, len(t.Columns))
		l.columns = make([]*catalog.Column, 0, len(t.Columns))
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case c.IsInvisible:
		case isFirst:
			l.add(exec.QuoteIdentifier(c.Name), outputOf(f, c), c, postgrest.Path{})
		default:
			if err := l.addColumn(f, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// addColumn adds c as f says. The same member twice, as in *,id, is one; two
// different ones of one name are refused.
func (l *selectList) addColumn(f postgrest.Field, c *catalog.Column) error {
	output := outputOf(f, c)
	if there, err := l.has(f, output, c, mayCopy(c)); there || err != nil {
		return err
	}
	l.add(exec.QuoteIdentifier(c.Name), output, c, postgrest.Path{})
	return nil
}

// outputOf is how f calls c, and the type that its values are written as, where a
// result may declare another.
func outputOf(f postgrest.Field, c *catalog.Column) encode.Field {
	output := encode.Field{Name: cmp.Or(f.Name, c.Name), AsText: f.AsText}
	switch {
	case c.IsJSON && (c.Type == "JSON" || c.Type == "TEXT"): // MariaDB has no type of its own for it
		output.Type = "JSON"
	case c.IsBoolean():
		output.Type = "BOOLEAN"
	case c.IsComputed: // which the server may declare as another type of its kind
		output.Type = c.Type
	}
	return output
}

// has reports whether f, which stands in c and is called as output says, is in the
// list. Another one of its name is refused, and too many of one column.
func (l *selectList) has(f postgrest.Field, output encode.Field, c *catalog.Column, most int) (bool, error) {
	copies := 1
	for i, before := range l.fields {
		if before.Name == output.Name {
			if before.AsText == output.AsText && l.columns[i] == c && reflect.DeepEqual(l.path(i), f.Path) {
				return true, nil
			}
			return false, f.Refuse(postgrest.CodeSyntax, "Give one of them another name: other:column.", "two members called %q", output.Name)
		}
		if l.columns[i] == c && l.isPath(i) == (len(f.Path.Steps) > 0) {
			copies++
		}
	}
	if copies > most {
		return false, f.Refuse(postgrest.CodeSyntax, "", "the column %q more than %d times", c.Name, most)
	}
	return false, nil
}

// add adds what stands in c, or in its JSON.
func (l *selectList) add(text string, output encode.Field, c *catalog.Column, path postgrest.Path) {
	switch {
	case l.isStar: // its text is known
	case len(l.fields) > 0:
		l.text += ", " + text
	default:
		l.text = text
	}
	l.fields = append(l.fields, output)
	l.columns = append(l.columns, c)
	if len(path.Steps) > 0 {
		l.paths = slices.Grow(l.paths, len(l.fields))[:len(l.fields)]
		l.paths[len(l.fields)-1] = path
	}
}

// path is the path of an item of the list.
func (l *selectList) path(i int) postgrest.Path {
	if i < len(l.paths) {
		return l.paths[i]
	}
	return postgrest.Path{}
}

// isPath reports whether an item of the list stands in the JSON of a column.
func (l *selectList) isPath(i int) bool { return len(l.path(i).Steps) > 0 }

// hasColumn reports whether c is in the list, as it is.
func (l *selectList) hasColumn(c *catalog.Column) bool {
	for i := range l.columns {
		if l.columns[i] == c && !l.isPath(i) {
			return true
		}
	}
	return false
}

// addProbes adds an expression for each of the columns that is not in the list:
// one whose type has changed would be compared wrongly.
func (l *selectList) addProbes(compared []probe) {
	for _, p := range compared {
		if !l.hasColumn(p.column) {
			l.probes = append(l.probes, p)
			l.text += ", " + catalog.Probe(p.scope.name(p.column))
		}
	}
}

// addPage adds what is to be known of the last row of a page, which may be nil: the
// columns that are not in the list, or those of ahead.
func (l *selectList) addPage(s *scope, p *Page, from, order clause, before uint64) (page *encode.Page, ahead []clause) {
	switch {
	case p == nil:
		return nil, nil
	case p.Ahead:
		ahead = p.ahead(s, from, order, before)
		l.ahead = len(ahead)
		return p.marksAhead(len(l.columns) + len(l.probes)), ahead
	}
	return p.marks(func(i int) int { return l.mark(s, p.columns[i]) }), nil
}

// mark returns where c stands in a result, and adds it if it does not.
func (l *selectList) mark(s *scope, c *catalog.Column) int {
	for i := range l.columns {
		if l.columns[i] == c && !l.isPath(i) {
			return i
		}
	}
	l.hidden = append(l.hidden, c)
	l.text += ", " + s.name(c)
	return len(l.columns) + len(l.probes) + len(l.hidden) - 1
}

// output is how the columns are called, or nothing if as they are.
func (l *selectList) output() []encode.Field {
	hasType := func(f encode.Field) bool { return f.Type != "" }
	if l.isStar && !slices.ContainsFunc(l.fields, hasType) {
		return nil
	}
	return l.fields
}

// fits reports whether a result has the columns of the list, as they were
// learned.
func (l *selectList) fits(columns []encode.Column) bool {
	if len(columns) != len(l.columns)+len(l.probes)+len(l.hidden)+l.ahead {
		return false
	}
	for i, c := range l.hidden {
		if !c.IsSame(columns[len(l.columns)+len(l.probes)+i]) {
			return false
		}
	}
	for i := range l.columns {
		if l.isPath(i) { // how it is declared depends on the engine; the column has a probe
			continue
		}
		if columns[i].Name != l.columns[i].Name || !l.columns[i].IsSame(columns[i]) {
			return false
		}
	}
	return areProbes(l.probes, columns[len(l.columns):])
}

// areProbes reports whether columns are what the probes of compared were when
// they were learned.
func areProbes(compared []probe, columns []encode.Column) bool {
	for i, p := range compared {
		if !p.column.IsSameProbe(columns[i]) {
			return false
		}
	}
	return true
}
