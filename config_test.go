package main

// This file tests the configuration: every rule with what it takes and what it
// refuses, where a value may come from, what a fault says, and that README,
// .env.example and -h tell the same as the table of rules.

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"readapi/internal/exec"
	"readapi/internal/testcerts"
)

// configFields reads what each rule has set.
var configFields = map[string]func(config) any{
	"DB_HOST":          func(c config) any { return c.dbHost },
	"DB_PORT":          func(c config) any { return c.dbPort },
	"DB_USER":          func(c config) any { return c.dbUser },
	"DB_PASSWORD":      func(c config) any { return c.dbPassword },
	"DB_NAME":          func(c config) any { return c.dbName },
	"DB_TABLES":        func(c config) any { return c.tables },
	"DB_TLS":           func(c config) any { return c.tlsMode },
	"DB_TLS_CA":        func(c config) any { return c.tlsRoots != nil },
	"DB_TLS_CERT":      func(c config) any { return c.dbCert.cert },
	"DB_TLS_KEY":       func(c config) any { return c.dbCert.key },
	"DB_MAX_CONNS":     func(c config) any { return c.maxConns },
	"DB_TIMEOUT":       func(c config) any { return c.dbTimeout },
	"DB_SESSION":       func(c config) any { return c.session },
	"ADDR":             func(c config) any { return c.addr },
	"TLS_CERT":         func(c config) any { return c.cert.cert },
	"TLS_KEY":          func(c config) any { return c.cert.key },
	"CORS_ORIGINS":     func(c config) any { return c.corsOrigins },
	"CACHE_CONTROL":    func(c config) any { return c.cacheControl },
	"API_TOKENS":       func(c config) any { return c.apiTokens },
	"MAX_IN_FLIGHT":    func(c config) any { return c.maxInFlight },
	"LIVE_INTERVAL":    func(c config) any { return c.liveInterval },
	"MAX_ROWS":         func(c config) any { return c.maxRows },
	"MAX_LIVE":         func(c config) any { return c.maxLive },
	"STALL_TIMEOUT":    func(c config) any { return c.stallTimeout },
	"SHUTDOWN_TIMEOUT": func(c config) any { return c.shutdownTimeout },
	"BIGINT_AS":        func(c config) any { return c.encoding.BigintAsString },
	"DECIMAL_AS":       func(c config) any { return c.encoding.DecimalAsString },
	"BOOLEAN_AS":       func(c config) any { return c.encoding.Booleans },
	"AGGREGATES":       func(c config) any { return !c.noAggregates },
	"METRICS_ADDR":     func(c config) any { return c.metricsAddr },
	"SERVER_TIMING":    func(c config) any { return c.serverTiming },
	"PAGE":             func(c config) any { return !c.noPage },
	"LOG_LEVEL":        func(c config) any { return c.logLevel },
	"LOG_FORMAT":       func(c config) any { return c.logFormat },
}

// configValid holds values that the rules take. Every rule has a line here.
var configValid = []struct {
	rule, value string
	want        any // the field of the config
}{
	{"DB_HOST", "db", "db"},
	{"DB_HOST", "db-1.example.com", "db-1.example.com"},
	{"DB_HOST", "10.0.0.7", "10.0.0.7"},
	{"DB_HOST", "::1", "::1"},
	{"DB_HOST", "::ffff:10.0.0.7", "::ffff:10.0.0.7"},
	{"DB_HOST", "fe80::1%eth0", "fe80::1%eth0"},
	{"DB_HOST", "/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock"},
	{"DB_HOST", "/run/my sql:3306@x.sock", "/run/my sql:3306@x.sock"}, // a path may hold anything
	{"DB_PORT", "1", 1},
	{"DB_PORT", "65535", 65535},
	{"DB_USER", "reader", "reader"},
	{"DB_USER", "Ada@Löve lace", "Ada@Löve lace"},
	{"DB_PASSWORD", `p@ss:w/o?r#d&"'$\ =%20é`, `p@ss:w/o?r#d&"'$\ =%20é`},
	{"DB_PASSWORD", " ", " "},
	{"DB_PASSWORD", "two\nlines", "two\nlines"},
	{"DB_NAME", "shop", "shop"},
	{"DB_NAME", "my-shop.2", "my-shop.2"},
	{"DB_TABLES", "a", []string{"a"}},
	{"DB_TABLES", "b,a", []string{"b", "a"}}, // the order stays: the first is /read
	{"DB_TABLES", " a , b\t", []string{"a", "b"}},
	{"DB_TABLES", "a,A", []string{"a", "A"}}, // two tables where file names have case
	{"DB_TABLES", "or`der,a b,x.y,café", []string{"or`der", "a b", "x.y", "café"}},
	{"DB_TABLES", strings.Repeat("é", 64), []string{strings.Repeat("é", 64)}}, // 64 characters, 128 bytes
	{"DB_TLS", "false", "false"},
	{"DB_TLS", "preferred", "preferred"},
	{"DB_TLS", "true", "true"},
	{"DB_TLS", "skip-verify", "skip-verify"},
	{"DB_TLS", "verify-ca", "verify-ca"},
	{"DB_TLS_CA", "$CA", true},
	{"DB_TLS_CERT", "$CERT", "$CERT"},
	{"DB_TLS_KEY", "$KEY", "$KEY"},
	{"DB_MAX_CONNS", "1", 1},
	{"DB_MAX_CONNS", "10000", 10_000},
	{"DB_TIMEOUT", "500ms", 500 * time.Millisecond},
	{"DB_TIMEOUT", "1m30s", 90 * time.Second},
	{"DB_SESSION", "max_execution_time=5000", map[string]string{"max_execution_time": "5000"}},
	{"DB_SESSION", "workload=olap, sql_mode='ANSI,NO_ZERO_DATE'", map[string]string{"workload": "'olap'", "sql_mode": "'ANSI,NO_ZERO_DATE'"}},
	{"ADDR", ":80", ":80"},
	{"ADDR", "localhost:0", "localhost:0"},
	{"ADDR", "0.0.0.0:65535", "0.0.0.0:65535"},
	{"ADDR", "[::1]:8080", "[::1]:8080"},
	{"TLS_CERT", "$CERT", "$CERT"},
	{"TLS_KEY", "$KEY", "$KEY"},
	{"CORS_ORIGINS", "", []string(nil)}, // off
	{"CORS_ORIGINS", "*", []string{"*"}},
	{"CORS_ORIGINS", "https://example.com", []string{"https://example.com"}},
	{"CORS_ORIGINS", "https://a.example, http://localhost:3000", []string{"https://a.example", "http://localhost:3000"}},
	{"CORS_ORIGINS", "http://127.0.0.1:5500,http://[::1]:5500", []string{"http://127.0.0.1:5500", "http://[::1]:5500"}},
	{"CORS_ORIGINS", "https://xn--bcher-kva.example", []string{"https://xn--bcher-kva.example"}},
	{"CACHE_CONTROL", "no-store", "no-store"},
	{"CACHE_CONTROL", `public, max-age=5, ext="~"`, `public, max-age=5, ext="~"`},
	{"API_TOKENS", "one", []string{"one"}},
	{"API_TOKENS", "one, t~w/o+=", []string{"one", "t~w/o+="}},
	{"MAX_IN_FLIGHT", "1", 1},
	{"MAX_IN_FLIGHT", "1000000", 1_000_000},
	{"LIVE_INTERVAL", "250ms", 250 * time.Millisecond},
	{"MAX_ROWS", "1", 1},
	{"MAX_ROWS", "1000000000", 1_000_000_000},
	{"MAX_LIVE", "1000000", 1_000_000},
	{"STALL_TIMEOUT", "1m30s", 90 * time.Second},
	{"SHUTDOWN_TIMEOUT", "1ns", time.Nanosecond},
	{"SHUTDOWN_TIMEOUT", "1h", time.Hour},
	{"BIGINT_AS", "number", false},
	{"BIGINT_AS", "string", true},
	{"DECIMAL_AS", "number", false},
	{"DECIMAL_AS", "string", true},
	{"BOOLEAN_AS", "number", false},
	{"BOOLEAN_AS", "boolean", true},
	{"AGGREGATES", "on", true},
	{"AGGREGATES", "off", false},
	{"METRICS_ADDR", "localhost:9090", "localhost:9090"},
	{"SERVER_TIMING", "on", true},
	{"SERVER_TIMING", "off", false},
	{"PAGE", "on", true},
	{"PAGE", "off", false},
	{"LOG_LEVEL", "debug", slog.LevelDebug},
	{"LOG_LEVEL", "info", slog.LevelInfo},
	{"LOG_LEVEL", "warn", slog.LevelWarn},
	{"LOG_LEVEL", "error", slog.LevelError},
	{"LOG_FORMAT", "text", "text"},
	{"LOG_FORMAT", "json", "json"},
}

// configInvalid holds values that the rules refuse, each with its reason.
var configInvalid = []struct {
	rule, value string
	want        string // part of the fault: what is allowed
}{
	{"DB_HOST", "db:3306", "the port goes into DB_PORT"},                          // a port
	{"DB_HOST", "127.0.0.1:3306", "the port goes into DB_PORT"},                   // a port
	{"DB_HOST", "db:", "the port goes into DB_PORT"},                              // a port, forgotten
	{"DB_HOST", "[::1]", "without brackets"},                                      // an address as in a URL
	{"DB_HOST", "[::1]:3306", "the port goes into DB_PORT"},                       // the same, and a port
	{"DB_HOST", "a:b:c", "the port goes into DB_PORT"},                            // no IPv6 address
	{"DB_HOST", "db\r", "want a host name"},                                       // from a file with CRLF
	{"DB_HOST", "run/mysqld.sock", "absolute path"},                               // a relative path
	{"DB_HOST", "./mysqld.sock", "absolute path"},                                 // a relative path
	{"DB_HOST", "mysql://db", "want a host name"},                                 // a URL
	{"DB_HOST", "reader@db", "want a host name"},                                  // a user
	{"DB_HOST", "db ", "want a host name"},                                        // a space
	{"DB_HOST", "d\tb", "want a host name"},                                       // a tab
	{"DB_PORT", "0", "from 1 to 65535"},                                           // below the range
	{"DB_PORT", "65536", "from 1 to 65535"},                                       // above the range
	{"DB_PORT", "-1", "from 1 to 65535"},                                          // below the range
	{"DB_PORT", "99999999999999999999", "from 1 to 65535"},                        // beyond int
	{"DB_PORT", "3306.0", "whole number"},                                         // not whole
	{"DB_PORT", "0xCEA", "whole number"},                                          // not decimal
	{"DB_PORT", "3306 ", "whole number"},                                          // a space
	{"DB_PORT", "mysql", "whole number"},                                          // a name
	{"DB_TABLES", ",", "single commas"},                                           // no name at all
	{"DB_TABLES", "a,,b", "single commas"},                                        // an empty name inside
	{"DB_TABLES", "a,", "single commas"},                                          // an empty name behind
	{"DB_TABLES", " ", "single commas"},                                           // only a space
	{"DB_TABLES", "a\x00b", "single commas"},                                      // NUL: no name in MySQL has one
	{"DB_TABLES", "a,b,a", `"a" stands there twice`},                              // twice
	{"DB_TABLES", "a, a", `"a" stands there twice`},                               // twice, but for a space
	{"DB_TABLES", strings.Repeat("a", 65), "at most 64 characters"},               // too long
	{"DB_TABLES", "a," + strings.Repeat("é", 65), "at most 64"},                   // the second too long
	{"DB_TLS", "TRUE", "want false, preferred, true, verify-ca, skip-verify"},     // upper case, and no file
	{"DB_TLS", "required", "want false, preferred, true, verify-ca, skip-verify"}, // a mode of other clients
	{"DB_TLS", "/no/such/ca.pem", "no such file"},                                 // no file
	{"DB_TLS_CA", "/no/such/ca.pem", "want DB_TLS to be verify-ca"},               // DB_TLS is preferred
	{"DB_TLS_CERT", "/no/such/cert.pem", "no such file"},                          // no file
	{"DB_TLS_KEY", "/no/such/key.pem", "no such file"},                            // no file
	{"DB_TLS_KEY", "config.go", "no private key"},                                 // no PEM
	{"DB_MAX_CONNS", "0", "from 1 to 10000"},                                      // means no limit to database/sql
	{"DB_MAX_CONNS", "10001", "from 1 to 10000"},                                  // above the range
	{"DB_MAX_CONNS", "ten", "whole number"},                                       // a word
	{"DB_TIMEOUT", "10", "with its unit"},                                         // no unit
	{"DB_TIMEOUT", "0", "above 0"},                                                // zero
	{"DB_TIMEOUT", "0s", "above 0"},                                               // zero
	{"DB_TIMEOUT", "-1s", "above 0"},                                              // negative
	{"DB_TIMEOUT", "10 s", "with its unit"},                                       // a space
	{"DB_TIMEOUT", "1d", "with its unit"},                                         // not a unit of Go
	{"DB_TIMEOUT", "9999999h", "a duration"},                                      // beyond 292 years
	{"DB_SESSION", "time_zone=SYSTEM", "readapi sets it"},                         // pinned
	{"DB_SESSION", "workload", "want NAME=VALUE"},                                 // no value
	{"ADDR", "8080", "want host:port or :port"},                                   // no colon
	{"ADDR", "localhost", "want host:port or :port"},                              // no port
	{"ADDR", "localhost:", "a number from 0"},                                     // an empty port
	{"ADDR", ":65536", "to 65535"},                                                // above the range
	{"ADDR", ":-1", "a number from 0"},                                            // below the range
	{"ADDR", ":http", "a number from 0"},                                          // a name
	{"ADDR", "::1:8080", "want host:port"},                                        // IPv6 without brackets
	{"ADDR", "http://localhost:8080", "want host:port"},                           // a URL
	{"TLS_CERT", "/no/such/cert.pem", "no such file"},                             // no file
	{"TLS_CERT", "config.go", "no certificate"},                                   // no PEM
	{"TLS_KEY", ".", "is a directory"},                                            // a folder
	{"CORS_ORIGINS", "https://example.com/", "is neither"},                        // a final slash
	{"CORS_ORIGINS", "https://example.com/app", "is neither"},                     // a path
	{"CORS_ORIGINS", "https://example.com?a", "is neither"},                       // a query
	{"CORS_ORIGINS", "https://example.com#a", "is neither"},                       // a fragment
	{"CORS_ORIGINS", "https://me@example.com", "is neither"},                      // a user
	{"CORS_ORIGINS", "https://Example.com", "is neither"},                         // upper case
	{"CORS_ORIGINS", "HTTPS://example.com", "is neither"},                         // upper case
	{"CORS_ORIGINS", "example.com", "is neither"},                                 // no scheme
	{"CORS_ORIGINS", "localhost:3000", "is neither"},                              // no scheme
	{"CORS_ORIGINS", "//example.com", "is neither"},                               // no scheme
	{"CORS_ORIGINS", "https://", "is neither"},                                    // no host
	{"CORS_ORIGINS", "https://:8080", "is neither"},                               // no host
	{"CORS_ORIGINS", "https://example.com:", "is neither"},                        // an empty port
	{"CORS_ORIGINS", "https://example.com:443", "is neither"},                     // browsers leave out this port
	{"CORS_ORIGINS", "http://example.com:80", "is neither"},                       // browsers leave out this port
	{"CORS_ORIGINS", "https://*.example.com", "is neither"},                       // a wildcard inside
	{"CORS_ORIGINS", "https://bücher.example", "is neither"},                      // browsers send xn--bcher-kva
	{"CORS_ORIGINS", "http://[0]", "is neither"},                                  // no IPv6 address
	{"CORS_ORIGINS", "ftp://example.com", "is neither"},                           // no scheme of pages
	{"CORS_ORIGINS", "https://a b", "is neither"},                                 // a space
	{"CORS_ORIGINS", "null", "is neither"},                                        // every sandbox and file has this one
	{"CORS_ORIGINS", "*,https://example.com", `"*" is neither`},                   // all and some
	{"CORS_ORIGINS", "https://example.com,*", `"*" is neither`},                   // some and all
	{"CORS_ORIGINS", "*,*", `"*" is neither`},                                     // all, twice
	{"CORS_ORIGINS", "https://a.example,", `"" is neither`},                       // an empty origin
	{"CORS_ORIGINS", " ", `"" is neither`},                                        // neither empty nor an origin
	{"CACHE_CONTROL", "no-cache\r\nX-Evil: 1", "printable ASCII"},                 // would be a second header
	{"CACHE_CONTROL", "öffentlich", "printable ASCII"},                            // not ASCII
	{"CACHE_CONTROL", "a\x7fb", "printable ASCII"},                                // DEL
	{"API_TOKENS", "one,,two", "comma separated"},                                 // an empty one would let everybody in
	{"API_TOKENS", "one two", "without blanks"},                                   // a blank
	{"API_TOKENS", "töken", "printable ASCII"},                                    // not ASCII
	{"MAX_IN_FLIGHT", "0", "from 1 to 1000000"},                                   // would serve nothing
	{"MAX_IN_FLIGHT", "1000001", "from 1 to 1000000"},                             // one too many
	{"MAX_IN_FLIGHT", "many", "from 1 to 1000000"},                                // a word
	{"STALL_TIMEOUT", "30", "with its unit"},                                      // no unit
	{"STALL_TIMEOUT", "0s", "above 0"},                                            // would cut everybody
	{"SHUTDOWN_TIMEOUT", "soon", "with its unit"},                                 // a word
	{"SHUTDOWN_TIMEOUT", "-10s", "above 0"},                                       // negative
	{"BIGINT_AS", "String", "want number or string"},                              // upper case
	{"BIGINT_AS", "true", "want number or string"},                                // neither
	{"DECIMAL_AS", "float", "want number or string"},                              // neither
	{"METRICS_ADDR", "9090", "want host:port or :port"},                           // no colon
	{"SERVER_TIMING", "ON", "want off or on"},                                     // upper case
	{"SERVER_TIMING", "true", "want off or on"},                                   // neither
	{"LIVE_INTERVAL", "0s", "above 0"},                                            // would ask without end
	{"MAX_ROWS", "0", "from 1 to 1000000000"},                                     // none is empty
	{"MAX_LIVE", "0", "from 1 to 1000000"},                                        // off is not a number
	{"BOOLEAN_AS", "bool", "want number or boolean"},                              // short
	{"AGGREGATES", "yes", "want on or off"},                                       // neither
	{"PAGE", "true", "want on or off"},                                            // neither
	{"LOG_LEVEL", "INFO", "want debug, info, warn or error"},                      // upper case
	{"LOG_LEVEL", "info+2", "want debug, info, warn or error"},                    // slog would take it
	{"LOG_LEVEL", "trace", "want debug, info, warn or error"},                     // not a level of slog
	{"LOG_FORMAT", "JSON", "want text or json"},                                   // upper case
	{"LOG_FORMAT", "logfmt", "want text or json"},                                 // neither
}

// configLookup is os.LookupEnv for env, a variable being set if it has a key.
func configLookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, isSet := env[name]
		return value, isSet
	}
}

// configEnv is the smallest environment without a fault, and more over it.
func configEnv(more map[string]string) map[string]string {
	env := map[string]string{"DB_USER": "reader", "DB_NAME": "shop"}
	maps.Copy(env, more)
	return env
}

// configFile writes content to a new file and returns its path.
func configFile(tb testing.TB, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "value")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// configMust loads env, which has no fault.
func configMust(tb testing.TB, env map[string]string) config {
	tb.Helper()
	c, err := loadConfig(configLookup(env))
	if err != nil {
		tb.Fatalf("loadConfig(%q) = %v; want no fault", env, err)
	}
	return c
}

// configWantFault loads env, whose one fault must begin with prefix and hold
// part.
func configWantFault(tb testing.TB, env map[string]string, prefix, part string) {
	tb.Helper()
	_, err := loadConfig(configLookup(env))
	var faults configError
	if !errors.As(err, &faults) || len(faults) != 1 {
		tb.Fatalf("loadConfig(%q) = %v; want one fault", env, err)
	}
	if fault := faults[0].Error(); !strings.HasPrefix(fault, prefix) || !strings.Contains(fault, part) {
		tb.Errorf("loadConfig(%q) = %q; want %q first, and %q", env, fault, prefix, part)
	}
}

func TestLoadConfigDefaults(t *testing.T) {
	want := config{
		dbHost: "127.0.0.1", dbPort: 3306, dbUser: "reader", dbName: "shop",
		tables: []string{"sample"}, tlsMode: "preferred", maxConns: 10, dbTimeout: 10 * time.Second,
		addr: "localhost:8080", corsOrigins: []string{"*"}, cacheControl: "no-cache",
		maxInFlight: 1024, liveInterval: time.Second, maxLive: 10_000, stallTimeout: 30 * time.Second, shutdownTimeout: 10 * time.Second, logLevel: slog.LevelInfo, logFormat: "text",
	}
	if c := configMust(t, configEnv(nil)); !reflect.DeepEqual(c, want) {
		t.Errorf("loadConfig() = %+v; want %+v", c, want)
	}
}

// TestLoadConfigSetButEmpty sets every variable, and its NAME_FILE, to nothing:
// that is as good as unset, but for CORS_ORIGINS.
func TestLoadConfigSetButEmpty(t *testing.T) {
	env := map[string]string{"PORT": ""}
	for _, r := range rules {
		env[r.name], env[r.name+"_FILE"] = "", ""
	}
	maps.Copy(env, configEnv(nil))
	want := configMust(t, configEnv(nil))
	want.corsOrigins = nil
	if c := configMust(t, env); !reflect.DeepEqual(c, want) {
		t.Errorf("loadConfig() = %+v; want %+v", c, want)
	}
}

// configBeside is what a rule, or one value of it, needs beside it.
var configBeside = map[string]map[string]string{
	"DB_TLS=verify-ca": {"DB_TLS_CA": "$CA"},
	"DB_TLS_CA":        {"DB_TLS": "verify-ca"},
	"DB_TLS_CERT":      {"DB_TLS_KEY": "$KEY"},
	"DB_TLS_KEY":       {"DB_TLS_CERT": "$CERT"},
	"TLS_CERT":         {"TLS_KEY": "$KEY"},
	"TLS_KEY":          {"TLS_CERT": "$CERT"},
}

// configExpander returns a function that makes paths of $CA, $CERT and $KEY.
func configExpander(tb testing.TB) func(string) string {
	tb.Helper()
	authority := testcerts.New(tb, "config")
	cert, key := authority.Issue(tb, "localhost")
	return strings.NewReplacer("$CA", authority.File, "$CERT", cert, "$KEY", key).Replace
}

// TestLoadConfigTLS has files that are good, but not together.
func TestLoadConfigTLS(t *testing.T) {
	expand := configExpander(t)
	_, otherKey := testcerts.New(t, "other").Issue(t, "localhost")
	tests := []struct {
		env          map[string]string
		prefix, part string
	}{
		{map[string]string{"TLS_CERT": "$CERT"}, "TLS_KEY: ", "required with TLS_CERT"},
		{map[string]string{"TLS_KEY": "$KEY"}, "TLS_CERT: ", "required with TLS_KEY"},
		{map[string]string{"TLS_CERT": "$CERT", "TLS_KEY": otherKey}, "TLS_KEY: want the key of TLS_CERT", "does not match"},
		{map[string]string{"TLS_CERT": "$CERT", "TLS_KEY": "/no/such"}, "TLS_KEY: want", "no such file"},
		{map[string]string{"TLS_CERT": "/no/such", "TLS_KEY": "$KEY"}, "TLS_CERT: ", "no such file"},
		{map[string]string{"DB_TLS_CERT": "$CERT"}, "DB_TLS_KEY: ", "required with DB_TLS_CERT"},
		{map[string]string{"DB_TLS_KEY": "$KEY"}, "DB_TLS_CERT: ", "required with DB_TLS_KEY"},
		{map[string]string{"DB_TLS_CERT": "$CERT", "DB_TLS_KEY": otherKey}, "DB_TLS_KEY: want the key of DB_TLS_CERT", "does not match"},
		{map[string]string{"DB_TLS_CERT": "$CERT", "DB_TLS_KEY": "$KEY", "DB_TLS": "false"}, "DB_TLS_CERT: ", "DB_TLS"},
		{map[string]string{"DB_TLS": "verify-ca"}, "DB_TLS_CA: ", "required with DB_TLS=verify-ca"},
		{map[string]string{"DB_TLS": "verify-ca", "DB_TLS_CA": "/no/such"}, "DB_TLS_CA: ", "no such file"},
		{map[string]string{"DB_TLS_CA": "$CA"}, "DB_TLS_CA: ", "want DB_TLS to be verify-ca, or true"},
		{map[string]string{"DB_TLS_CA": "$CA", "DB_TLS": "$CA"}, "DB_TLS_CA: ", "want DB_TLS to be verify-ca, or true"},
	}
	for _, tt := range tests {
		env := configEnv(nil)
		for name, value := range tt.env {
			env[name] = expand(value)
		}
		configWantFault(t, env, tt.prefix, tt.part)
	}
}

// TestLoadConfigValid gives each value directly and in a file.
func TestLoadConfigValid(t *testing.T) {
	expand := configExpander(t)
	for _, tt := range configValid {
		t.Run(tt.rule+"="+tt.value, func(t *testing.T) {
			beside := map[string]string{}
			for _, key := range []string{tt.rule, tt.rule + "=" + tt.value} {
				for name, value := range configBeside[key] {
					beside[name] = expand(value)
				}
			}
			tt.value = expand(tt.value)
			if text, ok := tt.want.(string); ok {
				tt.want = expand(text)
			}
			direct := configEnv(beside)
			direct[tt.rule] = tt.value
			if got := configFields[tt.rule](configMust(t, direct)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s=%q gives %#v; want %#v", tt.rule, tt.value, got, tt.want)
			}
			inFile := configEnv(beside)
			inFile[tt.rule+"_FILE"] = configFile(t, tt.value+"\n")
			if tt.rule == "DB_USER" || tt.rule == "DB_NAME" {
				delete(inFile, tt.rule)
			}
			if got := configFields[tt.rule](configMust(t, inFile)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s_FILE with %q gives %#v; want %#v", tt.rule, tt.value, got, tt.want)
			}
		})
	}
}

// TestLoadConfigInvalid gives each value directly and in a file.
func TestLoadConfigInvalid(t *testing.T) {
	for _, tt := range configInvalid {
		t.Run(tt.rule+"="+tt.value, func(t *testing.T) {
			fault := configShown(tt.rule, tt.value)
			configWantFault(t, configEnv(map[string]string{tt.rule: tt.value}), tt.rule+fault, tt.want)
			file := configFile(t, tt.value+"\r\n")
			configWantFault(t, configEnv(map[string]string{tt.rule + "_FILE": file}), tt.rule+"_FILE"+fault, tt.want)
		})
	}
}

// TestRulesAreTested fails for a new rule that has no line in the tables here.
func TestRulesAreTested(t *testing.T) {
	anything := []string{"DB_USER", "DB_PASSWORD", "DB_NAME"} // no value is wrong
	var names, valid, invalid []string
	for _, r := range rules {
		names = append(names, r.name)
		if configFields[r.name] == nil {
			t.Errorf("configFields has no %s", r.name)
		}
	}
	for _, tt := range configValid {
		valid = append(valid, tt.rule)
	}
	for _, tt := range configInvalid {
		invalid = append(invalid, tt.rule)
	}
	invalid = append(invalid, anything...)
	slices.Sort(names)
	for _, got := range [][]string{valid, invalid} {
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, names) {
			t.Errorf("the tables hold the rules %q; want %q", got, names)
		}
	}
}

func TestLoadConfigRequired(t *testing.T) {
	for _, name := range []string{"DB_USER", "DB_NAME"} {
		missing := configEnv(nil)
		delete(missing, name)
		configWantFault(t, missing, name+": ", "required")
		configWantFault(t, configEnv(map[string]string{name: ""}), name+": ", "required")
		missing[name+"_FILE"] = configFile(t, "\n")
		configWantFault(t, missing, name, "required")
	}
}

// TestLoadConfigFaultsAtOnce makes a fault in every rule: all are reported, in
// the order of the table, one line each, and none shows a secret.
func TestLoadConfigFaultsAtOnce(t *testing.T) {
	const secret = "s3cr3t"
	env := map[string]string{
		"DB_PASSWORD": secret, "DB_PASSWORD_FILE": configFile(t, secret+secret),
		"DB_USER":      "",
		"DB_NAME_FILE": "/no/such/file",
	}
	for _, tt := range configInvalid {
		env[tt.rule] = tt.value
	}
	_, err := loadConfig(configLookup(env))
	var faults configError
	if !errors.As(err, &faults) || len(faults) != len(rules) {
		t.Fatalf("loadConfig() = %v; want %d faults", err, len(rules))
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(rules)+1 || lines[0] != "configuration:" {
		t.Fatalf("loadConfig() = %q; want a heading and %d lines", lines, len(rules))
	}
	for i, r := range rules {
		if !strings.HasPrefix(lines[i+1], "  "+r.name) {
			t.Errorf("fault %d = %q; want %s", i, lines[i+1], r.name)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("loadConfig() = %v; want it without the password", err)
	}
}

// TestLoadConfigKeepsTheRest is what -check relies on: a fault elsewhere does
// not hide ADDR.
func TestLoadConfigKeepsTheRest(t *testing.T) {
	c, err := loadConfig(configLookup(map[string]string{"ADDR": ":1", "DB_PORT": "0", "LOG_FORMAT": "json"}))
	if err == nil || c.addr != ":1" || c.logFormat != "json" {
		t.Errorf("loadConfig() = %+v, %v; want ADDR, LOG_FORMAT and faults", c, err)
	}
}

// TestApplySecret uses a rule of its own: none of the real ones that are secret
// refuses a value.
func TestApplySecret(t *testing.T) {
	r := rule{name: "TOKEN", secret: true, parse: func(*config, string) error { return errors.New("want better") }}
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"direct", map[string]string{"TOKEN": "s3cr3t"}, "TOKEN: want better"},
		{"file", map[string]string{"TOKEN_FILE": configFile(t, "s3cr3t")}, "TOKEN_FILE: want better"},
		{"both", map[string]string{"TOKEN": "s3cr3t", "TOKEN_FILE": "x"}, "TOKEN and TOKEN_FILE are both set: want one of them"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := r.apply(new(config), configLookup(tt.env)); err == nil || err.Error() != tt.want {
				t.Errorf("apply(%q) = %v; want %s", tt.env, err, tt.want)
			}
		})
	}
}

func TestLoadConfigFile(t *testing.T) {
	tests := []struct {
		name, content, want string
	}{
		{"no newline", "secret", "secret"},
		{"final newline", "secret\n", "secret"},
		{"final CRLF", "secret\r\n", "secret"},
		{"only one newline is removed", "secret\n\n", "secret\n"},
		{"only one CRLF is removed", "secret\r\n\r\n", "secret\r\n"},
		{"a lone CR is no newline", "secret\r", "secret\r"},
		{"everything else is kept", "\n a\tb \n c ", "\n a\tb \n c "},
		{"no text", "s\x00\xff\n", "s\x00\xff"},
		{"empty", "", ""},
		{"only a newline", "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := configEnv(map[string]string{"DB_PASSWORD_FILE": configFile(t, tt.content), "DB_PASSWORD": ""})
			if c := configMust(t, env); c.dbPassword != tt.want {
				t.Errorf("DB_PASSWORD_FILE with %q gives %q; want %q", tt.content, c.dbPassword, tt.want)
			}
		})
	}
}

func TestLoadConfigFileEmpty(t *testing.T) {
	empty := configFile(t, "")
	c := configMust(t, configEnv(map[string]string{"DB_PORT_FILE": empty, "CORS_ORIGINS_FILE": empty}))
	if c.dbPort != 3306 {
		t.Errorf("DB_PORT = %d; want 3306, because an empty file counts as unset", c.dbPort)
	}
	if c.corsOrigins != nil {
		t.Errorf("CORS_ORIGINS = %q; want none, because empty turns CORS off", c.corsOrigins)
	}
}

func TestLoadConfigFileFaults(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	file := configFile(t, "s3cr3t")
	tests := []struct {
		name         string
		env          map[string]string
		prefix, part string
	}{
		{"missing", map[string]string{"DB_HOST_FILE": missing}, "DB_HOST_FILE: " + strconv.Quote(missing) + ": want", "no such file"},
		{"directory", map[string]string{"DB_HOST_FILE": dir}, "DB_HOST_FILE: " + strconv.Quote(dir) + ": want", "is a directory"},
		{"CORS off, file missing", map[string]string{"CORS_ORIGINS_FILE": missing}, "CORS_ORIGINS_FILE: ", "no such file"},
		{"secret for a path", map[string]string{"DB_PASSWORD_FILE": "s3cr3t"}, "DB_PASSWORD_FILE: want", "no such file"},
		{"both", map[string]string{"DB_PASSWORD": "s3cr3t", "DB_PASSWORD_FILE": file}, "DB_PASSWORD and DB_PASSWORD_FILE", "both set"},
		{"both, file missing", map[string]string{"DB_HOST": "db", "DB_HOST_FILE": missing}, "DB_HOST and DB_HOST_FILE", "both set"},
		{"CORS off and file", map[string]string{"CORS_ORIGINS": "", "CORS_ORIGINS_FILE": file}, "CORS_ORIGINS and CORS_ORIGINS_FILE", "both set"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			configWantFault(t, configEnv(tt.env), tt.prefix, tt.part)
			if _, err := loadConfig(configLookup(configEnv(tt.env))); strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("loadConfig(%q) = %v; want it without the password", tt.env, err)
			}
		})
	}
}

func TestLoadConfigPort(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"empty ADDR_FILE is unset", map[string]string{"PORT": "9000", "ADDR_FILE": configFile(t, "\n")}, ":9000"},
		{"PORT alone", map[string]string{"PORT": "9000"}, ":9000"},
		{"any free port", map[string]string{"PORT": "0"}, ":0"},
		{"ADDR is stronger", map[string]string{"PORT": "9000", "ADDR": "localhost:1"}, "localhost:1"},
		{"ADDR_FILE is stronger", map[string]string{"PORT": "9000", "ADDR_FILE": configFile(t, "localhost:2\n")}, "localhost:2"},
		{"ADDR hides a wrong PORT", map[string]string{"PORT": "x", "ADDR": "localhost:1"}, "localhost:1"},
		{"empty ADDR is unset", map[string]string{"PORT": "9000", "ADDR": ""}, ":9000"},
		{"empty PORT is unset", map[string]string{"PORT": ""}, "localhost:8080"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if c := configMust(t, configEnv(tt.env)); c.addr != tt.want {
				t.Errorf("loadConfig(%q).addr = %q; want %q", tt.env, c.addr, tt.want)
			}
		})
	}
	for _, wrong := range []string{
		"http",           // a name
		"65536",          // above the range
		"-1",             // below the range
		"9000 ",          // a space
		":9000",          // an address
		"localhost:9000", // an address
	} {
		configWantFault(t, configEnv(map[string]string{"PORT": wrong}), "PORT: "+strconv.Quote(wrong)+": ", "want a number from 0")
	}
}

func TestParseTLSFile(t *testing.T) {
	authority := testcerts.New(t, "config")
	ca, err := os.ReadFile(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	c := configMust(t, configEnv(map[string]string{"DB_TLS": authority.File}))
	if c.tlsMode != "true" || !c.tlsRoots.Equal(authority.Pool) {
		t.Errorf("DB_TLS gives mode %q and roots %v; want true and the CA", c.tlsMode, c.tlsRoots)
	}
	tests := []struct {
		name, path, want string
	}{
		{"not PEM", configFile(t, "no certificate"), "no certificate in PEM form"},
		{"empty", configFile(t, ""), "no certificate in PEM form"},
		{"cut in the middle", configFile(t, string(ca[:len(ca)/2])), "no certificate in PEM form"},
		{"key", configFile(t, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "no certificate in PEM form"},
		{"directory", t.TempDir(), "or the path of a CA file: "}, // can't be read, not even by root
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			configWantFault(t, configEnv(map[string]string{"DB_TLS": tt.path}), "DB_TLS: "+strconv.Quote(tt.path)+": ", tt.want)
		})
	}
}

// configWant is what README and .env.example say about every rule: its name and
// its default.
func configWant(required, empty, quote string) map[string]string {
	want := make(map[string]string)
	for _, r := range rules {
		switch {
		case r.required:
			want[r.name] = required
		case r.fallback == "":
			want[r.name] = empty
		default:
			want[r.name] = quote + r.fallback + quote
		}
	}
	return want
}

// configCompare compares in both directions what a text says about variables
// with what it should.
func configCompare(tb testing.TB, where string, got, want map[string]string) {
	tb.Helper()
	for name, fallback := range want {
		if said, found := got[name]; !found {
			tb.Errorf("%s has no %s", where, name)
		} else if said != fallback {
			tb.Errorf("%s: default of %s = %s; want %s", where, name, said, fallback)
		}
	}
	for name := range got {
		if _, found := want[name]; !found {
			tb.Errorf("%s has %s, which is no variable", where, name)
		}
	}
}

// TestConfigurationPage compares the rules with the rows of the table in
// docs/configuration.md, | `NAME` | `default` | meaning |.
func TestConfigurationPage(t *testing.T) {
	const name = "docs/configuration.md"
	page, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| *`([A-Z][A-Z0-9_]*)` *\\| *([^|]*?) *\\|.*\\S.*\\|$")
	got := make(map[string]string)
	for _, cells := range row.FindAllStringSubmatch(string(page), -1) {
		if _, twice := got[cells[1]]; twice {
			t.Errorf("%s has %s twice", name, cells[1])
		}
		got[cells[1]] = cells[2]
	}
	configCompare(t, name, got, configWant("required", "empty", "`"))
}

// TestEnvExample compares the rules with .env.example: # NAME=default, without
// the # if it is required. The values must mean the same to a shell, to make
// and to docker compose.
func TestEnvExample(t *testing.T) {
	content, err := os.ReadFile(".env.example")
	if err != nil {
		t.Fatal(err)
	}
	assignment := regexp.MustCompile(`^(#?)([A-Z][A-Z0-9_]*)=([A-Za-z0-9_.,:/*-]*)$`)
	got, env := make(map[string]string), make(map[string]string)
	before := ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		parts := assignment.FindStringSubmatch(line)
		switch {
		case line == "" || line == "#" || strings.HasPrefix(line, "# "):
		case parts == nil:
			t.Errorf("%q is neither a comment nor NAME=value", line)
		case !strings.HasPrefix(before, "# "):
			t.Errorf("%q has no comment above it", line)
		case got[parts[2]] != "":
			t.Errorf("%s stands there twice", parts[2])
		default:
			env[parts[2]], got[parts[2]] = parts[3], parts[1]+parts[3]
		}
		before = line
	}
	want := make(map[string]string)
	for name, fallback := range configWant("", "", "") {
		want[name] = "#" + fallback
	}
	for _, name := range []string{"DB_USER", "DB_NAME"} {
		if value := got[name]; value == "" || value[0] == '#' {
			t.Errorf(".env.example: %s = %q; want a value, and no #", name, value)
		}
		want[name] = got[name]
	}
	configCompare(t, ".env.example", got, want)

	plain := configMust(t, map[string]string{"DB_USER": env["DB_USER"], "DB_NAME": env["DB_NAME"]})
	if c := configMust(t, env); !reflect.DeepEqual(c, plain) {
		t.Errorf("loadConfig(.env.example without #) = %+v; want %+v", c, plain)
	}
}

// TestWriteVariables compares the rules with what -h prints.
func TestWriteVariables(t *testing.T) {
	var out bytes.Buffer
	writeVariables(&out)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(rules) {
		t.Fatalf("writeVariables wrote %d lines; want %d", len(lines), len(rules))
	}
	columns := regexp.MustCompile(` {2,}`)
	for i, r := range rules {
		want := []string{r.name, r.fallback, r.meaning}
		if r.required {
			want[1] = "(required)"
		}
		want = slices.DeleteFunc(want, func(cell string) bool { return cell == "" })
		if got := columns.Split(strings.TrimSpace(lines[i]), -1); !slices.Equal(got, want) {
			t.Errorf("writeVariables line %d = %q; want %q", i+1, got, want)
		}
	}
}

// configShown is what stands between the variable and the fault: the value, if it
// is no secret.
func configShown(name, value string) string {
	if i := slices.IndexFunc(rules, func(r rule) bool { return r.name == name }); rules[i].secret {
		return ": "
	}
	return ": " + strconv.Quote(value) + ": "
}

// FuzzRules gives every rule the same value. None panics, a fault shows the
// variable and the value, and what is taken obeys the laws of the rule. Those of
// TLS stay out: they open the file that the value names.
func FuzzRules(f *testing.F) {
	for _, tt := range configValid {
		f.Add(tt.value)
	}
	for _, tt := range configInvalid {
		f.Add(tt.value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, r := range rules {
			if strings.Contains(r.name, "TLS") || value == "" && !r.emptyOK {
				continue
			}
			var c config
			err := r.apply(&c, configLookup(map[string]string{r.name: value}))
			switch {
			case err == nil && configLaws[r.name] != nil:
				configLaws[r.name](t, c, value)
			case err != nil && !strings.HasPrefix(err.Error(), r.name+configShown(r.name, value)+"want "):
				// A table that stands there twice is the one other fault.
				if r.name != "DB_TABLES" || !strings.Contains(err.Error(), "twice") {
					t.Errorf("%s=%q gives %q; want the name, the value and what is allowed", r.name, value, err)
				}
			}
		}
	})
}

// configLaws holds for a rule what is true of every config it has accepted.
var configLaws = map[string]func(testing.TB, config, string){
	"DB_HOST":       configCheckHost,
	"DB_TABLES":     configCheckTables,
	"ADDR":          configCheckAddr,
	"CORS_ORIGINS":  configCheckOrigins,
	"CACHE_CONTROL": configCheckCacheControl,
	"DB_PORT":       configCheckNumbers,
	"DB_MAX_CONNS":  configCheckNumbers,
	"DB_TIMEOUT":    configCheckNumbers,
}

// configCheckHost wants the driver's address to lead to the host.
func configCheckHost(tb testing.TB, c config, value string) {
	c.dbPort = 3306
	d, err := driverConfig(c, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	if d.Net == "unix" {
		if d.Addr != value || value[0] != '/' {
			tb.Errorf("DB_HOST=%q gives the socket %q", value, d.Addr)
		}
		return
	}
	if host, port, err := net.SplitHostPort(d.Addr); err != nil || host != value || port != "3306" {
		tb.Errorf("DB_HOST=%q gives the address %q (%v)", value, d.Addr, err)
	}
}

// configCheckTables wants names that MySQL can have, once each, that quoting
// keeps, and that are parsed to the same again.
func configCheckTables(tb testing.TB, c config, value string) {
	for _, table := range c.tables {
		if n := utf8.RuneCountInString(table); n < 1 || n > 64 || table != strings.TrimSpace(table) ||
			strings.ContainsAny(table, ",\x00") {
			tb.Errorf("DB_TABLES=%q gives the table %q", value, table)
		}
		inner := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(exec.QuoteIdentifier(table), "`"), "`"), "``", "\x00")
		if strings.Contains(inner, "`") || strings.ReplaceAll(inner, "\x00", "`") != table {
			tb.Errorf("exec.QuoteIdentifier(%q) = %s", table, exec.QuoteIdentifier(table))
		}
	}
	sorted := slices.Sorted(slices.Values(c.tables))
	if len(sorted) == 0 || len(slices.Compact(sorted)) != len(c.tables) {
		tb.Errorf("DB_TABLES=%q gives %q; want at least one, and each once", value, c.tables)
	}
	var again config
	if err := parseTables(&again, strings.Join(c.tables, ",")); err != nil || !slices.Equal(again.tables, c.tables) {
		tb.Errorf("DB_TABLES=%q gives %q, and these %q (%v)", value, c.tables, again.tables, err)
	}
}

func configCheckAddr(tb testing.TB, c config, value string) {
	_, port, err := net.SplitHostPort(c.addr)
	n, numErr := strconv.Atoi(port)
	if c.addr != value || err != nil || numErr != nil || n < 0 || n > 65535 {
		tb.Errorf("ADDR=%q gives %q", value, c.addr)
	}
}

// configCheckOrigins wants nothing, the star alone, or scheme, host and port in
// lower case, and the same when parsed again.
func configCheckOrigins(tb testing.TB, c config, value string) {
	if len(c.corsOrigins) == 0 != (value == "") {
		tb.Errorf("CORS_ORIGINS=%q gives %q", value, c.corsOrigins)
	}
	for _, origin := range c.corsOrigins {
		u, err := url.Parse(origin)
		if value == "*" || err == nil && origin == strings.ToLower(u.Scheme+"://"+u.Host) &&
			strings.HasPrefix(u.Scheme, "http") && u.Host != "" && !strings.ContainsAny(u.Host, ", \t\r\n/?#@") {
			continue
		}
		tb.Errorf("CORS_ORIGINS=%q gives the origin %q", value, origin)
	}
	var again config
	err := parseOrigins(&again, strings.Join(c.corsOrigins, ","))
	if err != nil || !slices.Equal(again.corsOrigins, c.corsOrigins) {
		tb.Errorf("CORS_ORIGINS=%q gives %q, and these %q (%v)", value, c.corsOrigins, again.corsOrigins, err)
	}
}

// configCheckCacheControl wants what net/http sends as it stands.
func configCheckCacheControl(tb testing.TB, c config, value string) {
	if c.cacheControl != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		tb.Errorf("CACHE_CONTROL=%q gives %q", value, c.cacheControl)
	}
}

// configCheckNumbers wants what is set to be above zero and in its range.
func configCheckNumbers(tb testing.TB, c config, value string) {
	if c.dbPort < 0 || c.dbPort > 65535 || c.maxConns < 0 || c.maxConns > 10_000 || c.dbTimeout < 0 ||
		c.dbPort == 0 && c.maxConns == 0 && c.dbTimeout == 0 {
		tb.Errorf("%q gives port %d, %d connections, timeout %v", value, c.dbPort, c.maxConns, c.dbTimeout)
	}
}
