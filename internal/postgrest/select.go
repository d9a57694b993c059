package postgrest

// This file parses select.

import (
	"slices"
	"strings"
)

// aggregates are the functions that make one value of many.
var aggregates = []string{"count", "sum", "avg", "min", "max"}

// parseSelect parses `a,alias:b::text,*,related(c)`. Nothing at all means all
// columns.
func (p *queryParser) parseSelect(q *Query, s *scanner) (err error) {
	if s.rest == "" {
		return nil
	}
	if q.Select, err = p.fields(s, 0); err != nil {
		return err
	}
	if s.rest != "" {
		return s.unexpected(`"," or the end`)
	}
	return nil
}

// fields takes items up to where the next character is no comma.
func (p *queryParser) fields(s *scanner, depth int) ([]Field, error) {
	var fields []Field
	for {
		s.skipSpace()
		f, err := p.field(s, depth)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
		if s.skipSpace(); !s.take(",") {
			return fields, nil
		}
	}
}

// field takes one item of select.
func (p *queryParser) field(s *scanner, depth int) (f Field, err error) {
	f.Place = s.Place
	switch {
	case s.take("*"):
		return f, nil
	case s.take("..."):
		f.Embed = &Embed{Place: s.Place, Spread: true}
		if f.Embed.Target, err = s.column(); err != nil {
			return f, err
		}
		return f, p.parseEmbed(s, f.Embed, depth)
	}
	name, err := s.column()
	if err != nil {
		return f, err
	}
	if !strings.HasPrefix(s.rest, "::") && s.take(":") {
		f.Name, f.Place = name, s.Place
		if name, err = s.column(); err != nil {
			return f, err
		}
	}
	switch {
	case name == "count" && s.take("()"):
		f.Aggregate = name
		f.AggregateAsText, err = s.castToText()
		return f, err
	case strings.HasPrefix(s.rest, "(") || strings.HasPrefix(s.rest, "!"):
		f.Embed = &Embed{Place: f.Place, Name: f.Name, Target: name}
		return f, p.parseEmbed(s, f.Embed, depth)
	}
	f.Column = name
	return f, s.behindColumn(&f)
}

// behindColumn takes `->path::text.sum()::text` behind the column of f.
func (s *scanner) behindColumn(f *Field) (err error) {
	if f.Path, err = s.path(); err != nil {
		return err
	}
	if f.AsText, err = s.castToText(); err != nil {
		return err
	}
	if !s.take(".") {
		return nil
	}
	word := s.word()
	if !slices.Contains(aggregates, word) {
		return s.Refuse(CodeSyntax, Nearest(word, aggregates), "unexpected %q, expected one of the aggregates %s",
			excerpt(s.rest, maxExcerpt), strings.Join(aggregates, "(), ")+"()")
	}
	s.take(word)
	if !s.take("()") {
		return s.unexpected(`"()" behind an aggregate`)
	}
	f.Aggregate = word
	f.AggregateAsText, err = s.castToText()
	return err
}

// castToText takes `::text`, if a cast is next, and reports whether it was.
func (s *scanner) castToText() (bool, error) {
	if !s.take("::") {
		return false, nil
	}
	if s.word() != "text" {
		return false, s.unexpected("text, the only cast there is")
	}
	return s.take("text"), nil
}

// parseEmbed takes `!hint!inner(fields)` behind the target of e.
func (p *queryParser) parseEmbed(s *scanner, e *Embed, depth int) (err error) {
	if e.Name == "" {
		e.Name = e.Target
	}
	if p.embeds++; p.embeds > maxEmbeds {
		return e.Refuse(CodeSyntax, "", "more than %d related tables", maxEmbeds)
	}
	if depth++; depth > maxEmbedDepth {
		return e.Refuse(CodeSyntax, "", "related tables within related tables, expected at most %d levels", maxEmbedDepth)
	}
	joined := false
	for s.take("!") {
		quoted := strings.HasPrefix(s.rest, `"`)
		word, err := s.column()
		switch {
		case err != nil:
			return err
		case !quoted && !joined && (word == "inner" || word == "left"):
			joined, e.Inner = true, word == "inner"
		case e.Hint == "":
			e.Hint = word
		default:
			return e.Refuse(CodeSyntax, "", "unexpected %q, expected one hint, and inner or left", excerpt(word, maxExcerpt))
		}
	}
	if !s.take("(") {
		return s.unexpected(`"("`)
	}
	if s.skipSpace(); s.take(")") {
		e.Hidden = true
		return nil
	}
	if e.Select, err = p.fields(s, depth); err != nil {
		return err
	}
	if !s.take(")") {
		return s.unexpected(`"," or ")"`)
	}
	return nil
}

// path takes `->a->0->>b`, if it is next.
func (s *scanner) path() (path Path, err error) {
	for s.take("->") {
		if path.AsText {
			return path, s.Refuse(CodeSyntax, "", "->> in the middle of a path into JSON, expected it at its end only")
		}
		path.AsText = s.take(">")
		step, err := s.step()
		if err != nil {
			return path, err
		}
		path.Steps = append(path.Steps, step)
	}
	return path, nil
}

// step takes one key or index of a path. An index has digits only, and a minus
// sign to count from the end.
func (s *scanner) step() (step Step, err error) {
	if strings.HasPrefix(s.rest, `"`) {
		step.Key, err = s.quoted()
		return step, err
	}
	end := 0
	for end < len(s.rest) && !strings.ContainsRune("(:.,>)", rune(s.rest[end])) && !strings.HasPrefix(s.rest[end:], "->") {
		end++
	}
	text := strings.TrimSpace(s.rest[:end])
	if index, ok := parseIndex(text); ok {
		s.take(s.rest[:end])
		return Step{IsIndex: true, Index: index}, nil
	}
	if text == "" {
		return step, s.unexpected("a key or an index of the JSON")
	}
	s.take(s.rest[:end])
	return Step{Key: text}, nil
}
