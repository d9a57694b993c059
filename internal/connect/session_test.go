package connect

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestParseSession(t *testing.T) {
	tests := []struct {
		list string
		want map[string]string
	}{
		{"max_execution_time=5000", map[string]string{"max_execution_time": "5000"}},
		{" Sort_Buffer_Size = 1048576 , workload = olap ", map[string]string{"sort_buffer_size": "1048576", "workload": "'olap'"}},
		{"max_statement_time=1.5,a=-1", map[string]string{"max_statement_time": "1.5", "a": "-1"}},
		{"a=DEFAULT,b=true,c=False,d=ON", map[string]string{"a": "DEFAULT", "b": "true", "c": "False", "d": "'ON'"}},
		{"a=READ-COMMITTED", map[string]string{"a": "'READ-COMMITTED'"}},
		{"sql_mode='ANSI,STRICT_ALL_TABLES',b=''", map[string]string{"sql_mode": "'ANSI,STRICT_ALL_TABLES'", "b": "''"}},
		{"a=1e3,b=0x10", map[string]string{"a": "'1e3'", "b": "'0x10'"}}, // no numbers of SQL's SET
	}
	for _, tt := range tests {
		if got, err := ParseSession(tt.list); err != nil || !maps.Equal(got, tt.want) {
			t.Errorf("ParseSession(%q) = %q, %v; want %q", tt.list, got, err, tt.want)
		}
	}
}

func TestParseSessionRefuses(t *testing.T) {
	tests := []struct{ list, want string }{
		{"", "want NAME=VALUE"},
		{"a", "want NAME=VALUE"},
		{"a=", "want NAME=VALUE"},
		{"=1", "want NAME=VALUE"},
		{"a=1,,b=2", "want NAME=VALUE"},
		{"a=1,", "want NAME=VALUE"},
		{"a=1;DROP TABLE x", "want NAME=VALUE"},
		{"a=(SELECT 1)", "want NAME=VALUE"},
		{"a='1' OR '2'", "want NAME=VALUE"},
		{"a='1\\' ", "want NAME=VALUE"}, // would open the text in one sql_mode, and not in another
		{"a='1", "want NAME=VALUE"},
		{"a=ö", "want NAME=VALUE"},
		{"@@session.a=1", "want NAME=VALUE"},
		{"global a=1", "want NAME=VALUE"},
		{"a=1,A=2", "a stands there twice"},
		{"time_zone=SYSTEM", "time_zone: readapi sets it"},
		{"max_execution_time=1,Autocommit=0", "autocommit: readapi sets it"},
		{"names=latin1", "names: readapi sets it"},
	}
	for _, tt := range tests {
		if got, err := ParseSession(tt.list); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseSession(%q) = %q, %v; want %q", tt.list, got, err, tt.want)
		}
	}
}

// What the program sets it also refuses.
func TestPinnedIsRefused(t *testing.T) {
	c := &Connector{cfg: testConfig("127.0.0.1:1")}
	for item := range strings.SplitSeq(strings.TrimPrefix(c.sessionQuery(engineMySQL), "SET "), ", ") {
		name, _, found := strings.Cut(item, "=")
		if !found {
			name, _, _ = strings.Cut(strings.ToLower(item), " ") // NAMES utf8mb4
		}
		_, err := ParseSession(name + "=1")
		if isBackstop := item == engineMySQL.backstop; isBackstop != (err == nil) {
			t.Errorf("ParseSession(%s=1) = %v; want it refused unless it is the backstop", name, err)
		}
	}
}

// FuzzParseSession never lets a value be anything but one number, word or text.
func FuzzParseSession(f *testing.F) {
	for _, seed := range []string{"a=1", "a='b,c',d=e", "a=''", "a=1;b", "a='\\'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		params, err := ParseSession(list)
		if err != nil {
			return
		}
		for name, value := range params {
			inner, isText := strings.CutPrefix(value, "'")
			inner = strings.TrimSuffix(inner, "'")
			if strings.ContainsAny(name+inner, "'\\\x00;()@ ") && !isText || strings.ContainsAny(inner, "'\\\x00") {
				t.Errorf("ParseSession(%q) = %q", list, params)
			}
		}
	})
}

// An unknown variable is told apart from other errors, and from one that nobody
// has added.
func TestSessionRefused(t *testing.T) {
	refuse := newFake("refuses")
	refuse.refuseSet = errPacket(1193, "Unknown system variable 'nonsense'")
	addr := refuse.serve(t)
	for _, params := range []map[string]string{nil, {"nonsense": "1"}} {
		cfg := testConfig(addr)
		cfg.Params = params
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := newTestConnector(t, cfg, time.Second).Connect(ctx)
		if err == nil || errors.Is(err, ErrSession) != (params != nil) {
			t.Errorf("Connect with %q = %v; want ErrSession if there are any", params, err)
		}
	}
}
