package exec

import (
	"testing"

	"github.com/go-sql-driver/mysql"
)

// An error about a pattern is the fault of who asks, if the query has one of
// theirs; otherwise it is that of a view.
func TestErrorOfRead(t *testing.T) {
	tests := []struct {
		number        uint16
		message       string
		with, without Kind
	}{
		{1139, "Regex error 'missing closing parenthesis'", BadPattern, BadData},
		{3691, "Mismatched parenthesis", BadPattern, BadData},
		{3699, "Timeout exceeded in regular expression match.", SlowPattern, TooDeep},
		{1690, "DOUBLE value is out of range in 'exp(char_length(`a`.`b`.`c`) + 1000)'", SlowPattern, BadData},
		{1690, "BIGINT value is out of range in '(1 - `c`)'", BadData, BadData},
		{1146, "Table 'a.b' doesn't exist", NoTable, NoTable},
	}
	for _, tt := range tests {
		err := &mysql.MySQLError{Number: tt.number, Message: tt.message}
		if got := KindOf(errorOfRead(err, true)); got != tt.with {
			t.Errorf("%v with a pattern is of kind %d; want %d", err, got, tt.with)
		}
		if got := KindOf(errorOfRead(err, false)); got != tt.without {
			t.Errorf("%v without a pattern is of kind %d; want %d", err, got, tt.without)
		}
	}
	if err := errorOfRead(nil, true); err != nil {
		t.Errorf("errorOfRead(nil) = %v; want nil", err)
	}
}
