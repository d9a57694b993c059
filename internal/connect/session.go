package connect

// This file reads the variables that an operator adds to each session. Rule: none
// that correctness rests on can be among them.

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// pinned are the variables of a session that sessionQuery sets, in lower case, and
// those that NAMES does.
var pinned = []string{
	"time_zone", "autocommit", "sql_select_limit", "net_write_timeout", "names",
	"character_set_client", "character_set_connection", "character_set_results", "collation_connection",
}

const wantSession = "want NAME=VALUE, comma separated, a VALUE with other characters than letters, digits and any of _ . : / + - in single quotes"

var (
	sessionName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	sessionWord  = regexp.MustCompile(`^[A-Za-z0-9_.:/+-]+$`)
	sessionText  = regexp.MustCompile(`^'[^'\\\x00]*'$`)
	sessionPlain = regexp.MustCompile(`^(?i:-?[0-9]+(\.[0-9]+)?|default|true|false)$`)
)

// ParseSession reads NAME=VALUE, comma separated, into the Params of a
// mysql.Config: names in lower case, values as they stand in SQL. A text with a
// comma stands in single quotes. Errors say what is allowed.
func ParseSession(list string) (map[string]string, error) {
	params := make(map[string]string)
	for more := true; more; {
		var item string
		item, list, more = cutItem(list)
		name, value, found := strings.Cut(strings.TrimSpace(item), "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		_, twice := params[name]
		switch {
		case !found, !sessionName.MatchString(name), !sessionWord.MatchString(value) && !sessionText.MatchString(value):
			return nil, fmt.Errorf("%s: %q is not that", wantSession, item)
		case slices.Contains(pinned, name):
			return nil, fmt.Errorf("want other variables than %s: readapi sets it", name)
		case twice:
			return nil, fmt.Errorf("want each variable once: %s stands there twice", name)
		case sessionWord.MatchString(value) && !sessionPlain.MatchString(value):
			value = "'" + value + "'"
		}
		params[name] = value
	}
	return params, nil
}

// cutItem cuts list at its first comma that is not within quotes.
func cutItem(list string) (item, rest string, found bool) {
	inText := false
	for i, r := range list {
		switch {
		case r == '\'':
			inText = !inText
		case r == ',' && !inText:
			return list[:i], list[i+1:], true
		}
	}
	return list, "", false
}

// ErrSession is an error about the variables that were added to the session.
var ErrSession = errors.New("the server refuses a variable of the session")

// sessionErrors are the numbers of the errors with which a SET is refused.
var sessionErrors = []uint16{
	1064, // ER_PARSE_ERROR
	1193, // ER_UNKNOWN_SYSTEM_VARIABLE
	1227, // ER_SPECIFIC_ACCESS_DENIED_ERROR
	1229, // ER_GLOBAL_VARIABLE
	1231, // ER_WRONG_VALUE_FOR_VAR
	1232, // ER_WRONG_TYPE_FOR_VAR
	1238, // ER_INCORRECT_GLOBAL_LOCAL_VAR: read only
	1621, // ER_VARIABLE_IS_READONLY
}

// sessionError is the error of a SET, an ErrSession if that is due to a variable
// that was added.
func (c *Connector) sessionError(err error) error {
	var answer *mysql.MySQLError
	if len(c.params) > 0 && errors.As(err, &answer) && slices.Contains(sessionErrors, answer.Number) {
		return fmt.Errorf("%w: %w", ErrSession, err)
	}
	return err
}
