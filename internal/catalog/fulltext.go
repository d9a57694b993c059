package catalog

// This file is what is known of FULLTEXT indexes: which words they hold. Whoever
// searches has to leave the others out, because a server finds no row for them.

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"readapi/internal/exec"
)

// FullText is a FULLTEXT index.
type FullText struct {
	Name    string
	Columns []string // all that it is over
	// IsInnoDB says that it is one of InnoDB: others leave words out by themselves
	// that they do not hold, unless these stand in quotes.
	IsInnoDB bool

	minLength, maxLength int // of a word, in characters; 0 is any
	hasStopWords         bool
}

// equal reports whether nothing has changed from f to other.
func (f FullText) equal(other FullText) bool {
	return f.Name == other.Name && slices.Equal(f.Columns, other.Columns) && f.IsInnoDB == other.IsInnoDB &&
		f.minLength == other.minLength && f.maxLength == other.maxLength && f.hasStopWords == other.hasStopWords
}

// stopWords are those of InnoDB (MySQL manual, Full-Text Stopwords).
var stopWords = strings.Fields("a about an are as at be by com de en for from how i in is it la of on or that the this to " +
	"was what when where who will with und www")

// Holds reports whether a word can be found by the index.
func (f *FullText) Holds(word string) bool {
	length := utf8.RuneCountInString(word)
	isStopWord := f.hasStopWords && slices.Contains(stopWords, strings.ToLower(word))
	return length >= f.minLength && (f.maxLength == 0 || length <= f.maxLength) && !isStopWord
}

// Words splits a text into words as the index does.
func (f *FullText) Words(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		isApostrophe := r == '\'' && !f.IsInnoDB
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '_' && !isApostrophe
	})
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}

// FullTextOf returns the index over one column and no other, or nil.
func (t *Table) FullTextOf(c *Column) *FullText {
	for i, f := range t.FullText {
		if len(f.Columns) == 1 && f.Columns[0] == c.Name {
			return &t.FullText[i]
		}
	}
	return nil
}

// fullTextText asks for the FULLTEXT indexes, and for what holds for all of them.
const fullTextText = `SELECT INDEX_NAME, COLUMN_NAME,
	(SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?),
	@@innodb_ft_min_token_size, @@innodb_ft_max_token_size, @@ft_min_word_len, @@ft_max_word_len,
	@@innodb_ft_enable_stopword AND @@innodb_ft_server_stopword_table IS NULL
	FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND INDEX_TYPE = 'FULLTEXT'
	ORDER BY INDEX_NAME, SEQ_IN_INDEX`

// learnFullText asks for the FULLTEXT indexes, if there may be any. An engine that
// tells nothing of them has none.
func (t *Table) learnFullText(ctx context.Context, query Query) error {
	mayHave := func(c Column) bool { return c.hasKey && c.kind.family == "text" && c.Charset != "" }
	if t.IsView || !slices.ContainsFunc(t.Columns, mayHave) {
		return nil
	}
	err := t.learnIndexes(ctx, query)
	if err != nil && exec.KindOf(err) == exec.Internal {
		t.FullText = nil
		return nil
	}
	if err != nil || len(t.FullText) == 0 || t.MariaDB > 0 {
		return err
	}
	err = t.learnParsers(ctx, query)
	if kind := exec.KindOf(err); kind == exec.Internal || kind == exec.NoGrant { // with grants on some columns
		return nil
	}
	return err
}

func (t *Table) learnIndexes(ctx context.Context, query Query) error {
	rows, err := query(ctx, fullTextText, t.Name, t.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			f                     FullText
			column                string
			engine                sql.NullString
			least, most           int // of InnoDB
			leastOther, mostOther int
			stops                 bool
		)
		if err := rows.Scan(&f.Name, &column, &engine, &least, &most, &leastOther, &mostOther, &stops); err != nil {
			return fmt.Errorf("FULLTEXT indexes of %q: %w", t.Name, err)
		}
		f.minLength, f.maxLength = leastOther, mostOther
		if f.IsInnoDB = engine.String == "InnoDB"; f.IsInnoDB {
			f.minLength, f.maxLength, f.hasStopWords = least, most, stops
		}
		if n := len(t.FullText); n == 0 || t.FullText[n-1].Name != f.Name {
			t.FullText = append(t.FullText, f)
		}
		last := &t.FullText[len(t.FullText)-1]
		last.Columns = append(last.Columns, column)
	}
	return rows.Err()
}

// parserClause matches an index of SHOW CREATE TABLE that has a parser of its own.
var parserClause = regexp.MustCompile("FULLTEXT KEY `((?:[^`]|``)+)` .*WITH PARSER")

// learnParsers asks MySQL which indexes split texts in another way, such as into
// parts of words: these may hold any.
func (t *Table) learnParsers(ctx context.Context, query Query) error {
	rows, err := query(ctx, "SHOW CREATE TABLE "+t.Quoted())
	if err != nil {
		return err
	}
	defer rows.Close()
	var name, ddl string
	for rows.Next() {
		if err := rows.Scan(&name, &ddl); err != nil {
			return fmt.Errorf("definition of %q: %w", t.Name, err)
		}
	}
	for _, m := range parserClause.FindAllStringSubmatch(ddl, -1) {
		for i := range t.FullText {
			if f := &t.FullText[i]; f.Name == strings.ReplaceAll(m[1], "``", "`") {
				f.minLength, f.hasStopWords = 1, false
			}
		}
	}
	return rows.Err()
}
