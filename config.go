package main

// This file turns environment variables into a config. One table holds the
// rules: name, default, meaning, parser. docs/configuration.md, .env.example
// and -h are kept in step with it by a test. Rule: all faults are found and
// reported at once, and a secret is never part of a report.

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"readapi/internal/certs"
	"readapi/internal/connect"
	"readapi/internal/encode"
)

// config is the whole configuration. loadConfig makes one; nothing changes it.
type config struct {
	dbHost     string // host name, address, or absolute path of a socket
	dbPort     int
	dbUser     string
	dbPassword string
	dbName     string
	tables     []string       // at least one; the first is served at /read
	tlsMode    string         // false, preferred, true, verify-ca, skip-verify
	tlsRoots   *x509.CertPool // with tlsMode true or verify-ca: nil is the system's
	dbCert     certFiles      // empty: the database is shown none
	maxConns   int
	dbTimeout  time.Duration
	session    map[string]string // variables of each session, as they stand in SQL

	addr            string    // host:port
	cert            certFiles // empty: no TLS
	corsOrigins     []string  // empty: no CORS
	cacheControl    string
	apiTokens       []string // empty: none is wanted
	maxInFlight     int
	maxRows         int // of an answer; 0: any number
	stallTimeout    time.Duration
	shutdownTimeout time.Duration
	encoding        encode.Options
	noAggregates    bool
	noPage          bool
	liveInterval    time.Duration
	maxLive         int    // clients that watch a table
	metricsAddr     string // host:port, or empty
	serverTiming    bool

	logLevel  slog.Level
	logFormat string // text or json
}

// certFiles are the paths of a certificate and its key.
type certFiles struct{ cert, key string }

// load reads them, if there are any. Their variables begin with prefix.
func (f certFiles) load(prefix string, log *slog.Logger) (*certs.Pair, error) {
	if f.cert == "" {
		return nil, nil
	}
	pair, err := certs.Load(f.cert, f.key, log)
	if err != nil {
		return nil, fmt.Errorf("%s_KEY: want the key of %[1]s_CERT: %w", prefix, err)
	}
	return pair, nil
}

// corsByOrigin reports whether what a browser may read depends on its origin.
func (c *config) corsByOrigin() bool { return len(c.corsOrigins) > 0 && c.corsOrigins[0] != "*" }

// poolSize is the number of connections of the pool. One is not enough: whoever
// reads a large result slowly would keep everybody else out.
func (c *config) poolSize() int { return max(c.maxConns, 2) }

// rule says how one environment variable becomes part of a config.
type rule struct {
	name     string
	fallback string // the default; shown as it stands
	meaning  string
	required bool
	secret   bool // faults do not show the value
	emptyOK  bool // set but empty is a value
	parse    func(c *config, value string) error
}

var rules = []rule{
	{
		name: "DB_HOST", fallback: "127.0.0.1", parse: parseHost,
		meaning: "host name or address of the database, or the absolute path of its unix socket",
	},
	{
		name: "DB_PORT", fallback: "3306", meaning: "its TCP port",
		parse: number(1, 65535, func(c *config) *int { return &c.dbPort }),
	},
	{
		name: "DB_USER", required: true, meaning: "database user; SELECT is all it needs",
		parse: text(func(c *config) *string { return &c.dbUser }),
	},
	{
		name: "DB_PASSWORD", secret: true, meaning: "password of that user, any characters",
		parse: text(func(c *config) *string { return &c.dbPassword }),
	},
	{
		name: "DB_NAME", required: true, meaning: "database that holds the tables",
		parse: text(func(c *config) *string { return &c.dbName }),
	},
	{
		name: "DB_TABLES", fallback: "sample", parse: parseTables,
		meaning: "tables or views that may be read, comma separated: the first is /read, each is /read/NAME",
	},
	{
		name: "DB_TLS", fallback: "preferred", parse: parseTLS,
		meaning: "TLS to the database: false, preferred, true (verified), verify-ca (but for the host's name), skip-verify, or the path of a CA file",
	},
	{
		name: "DB_TLS_CA", parse: parseTLSRoots,
		meaning: "path of the CA file for DB_TLS=verify-ca, or for true",
	},
	{
		name: "DB_TLS_CERT", meaning: "path of the client certificate that the database is shown, with its chain",
		parse: pemFile(certs.CheckCertificate, func(c *config) *string { return &c.dbCert.cert }),
	},
	{
		name: "DB_TLS_KEY", secret: true, meaning: "path of the key of DB_TLS_CERT",
		parse: pemFile(certs.CheckKey, func(c *config) *string { return &c.dbCert.key }),
	},
	{
		name: "DB_MAX_CONNS", fallback: "10", meaning: "connections for reads, open and idle (1 counts as 2); there are 2 more, to end queries",
		parse: number(1, 10_000, func(c *config) *int { return &c.maxConns }),
	},
	{
		name: "DB_TIMEOUT", fallback: "10s",
		meaning: "how long a request may take until its first row, all in all",
		parse:   duration(func(c *config) *time.Duration { return &c.dbTimeout }),
	},
	{
		name: "DB_SESSION", parse: parseSession,
		meaning: "variables for each session of the database, NAME=VALUE, comma separated, such as max_execution_time=5000",
	},
	{
		name: "ADDR", fallback: "localhost:8080", parse: parseAddr,
		meaning: "listen address; if it is unset and PORT is set, :PORT",
	},
	{
		name: "TLS_CERT", meaning: "path of a certificate with its chain, for HTTPS and HTTP/2; renewed files are used without a restart",
		parse: pemFile(certs.CheckCertificate, func(c *config) *string { return &c.cert.cert }),
	},
	{
		name: "TLS_KEY", secret: true, meaning: "path of the key of TLS_CERT",
		parse: pemFile(certs.CheckKey, func(c *config) *string { return &c.cert.key }),
	},
	{
		name: "CORS_ORIGINS", fallback: "*", emptyOK: true, parse: parseOrigins,
		meaning: "origins that browsers may read from, comma separated; * is all, empty turns CORS off",
	},
	{
		name: "CACHE_CONTROL", fallback: "no-cache", parse: parseCacheControl,
		meaning: "Cache-Control header of every 200 and 304",
	},
	{
		name: "API_TOKENS", secret: true, parse: parseTokens,
		meaning: "when set, /read wants Authorization: Bearer with one of these, comma separated",
	},
	{
		name: "MAX_IN_FLIGHT", fallback: "1024", meaning: "reads served at once; the next gets 503",
		parse: number(1, 1_000_000, func(c *config) *int { return &c.maxInFlight }),
	},
	{
		name: "MAX_ROWS", meaning: "rows of one answer at most; one with more is 206 with a Link to the next rows",
		parse: optional(number(1, 1_000_000_000, func(c *config) *int { return &c.maxRows })),
	},
	{
		name: "LIVE_INTERVAL", fallback: "1s", meaning: "how often a table that clients watch is read again",
		parse: duration(func(c *config) *time.Duration { return &c.liveInterval }),
	},
	{
		name: "MAX_LIVE", fallback: "10000", meaning: "clients that watch tables; the next gets 503",
		parse: number(1, 1_000_000, func(c *config) *int { return &c.maxLive }),
	},
	{
		name: "STALL_TIMEOUT", fallback: "30s", meaning: "a client that takes no bytes for this long is cut off",
		parse: duration(func(c *config) *time.Duration { return &c.stallTimeout }),
	},
	{
		name: "SHUTDOWN_TIMEOUT", fallback: "10s", meaning: "how long SIGTERM waits for responses under way",
		parse: duration(func(c *config) *time.Duration { return &c.shutdownTimeout }),
	},
	{
		name: "BIGINT_AS", fallback: "number", meaning: "number or string: how BIGINT columns are written",
		parse: either("number", "string", func(c *config) *bool { return &c.encoding.BigintAsString }),
	},
	{
		name: "DECIMAL_AS", fallback: "number", meaning: "number or string: how DECIMAL columns are written",
		parse: either("number", "string", func(c *config) *bool { return &c.encoding.DecimalAsString }),
	},
	{
		name: "BOOLEAN_AS", fallback: "number", meaning: "number or boolean: how TINYINT(1) columns are written, which BOOLEAN makes",
		parse: either("number", "boolean", func(c *config) *bool { return &c.encoding.Booleans }),
	},
	{
		name: "AGGREGATES", fallback: "on", meaning: "on or off: whether clients may count, sum and group rows",
		parse: either("on", "off", func(c *config) *bool { return &c.noAggregates }),
	},
	{
		name: "METRICS_ADDR", meaning: "listen address for /metrics (Prometheus), /healthz and /readyz",
		parse: func(c *config, value string) error { return parseListen(&c.metricsAddr, value) },
	},
	{
		name: "SERVER_TIMING", fallback: "off", meaning: "on or off: the header Server-Timing, where the time of a read went",
		parse: either("off", "on", func(c *config) *bool { return &c.serverTiming }),
	},
	{
		name: "PAGE", fallback: "on", meaning: "on or off: whether / shows a browser the tables",
		parse: either("on", "off", func(c *config) *bool { return &c.noPage }),
	},
	{
		name: "LOG_LEVEL", fallback: "info", meaning: "debug (each request), info, warn or error",
		parse: parseLogLevel,
	},
	{
		name: "LOG_FORMAT", fallback: "text", meaning: "text or json, on standard error",
		parse: oneOf(func(c *config) *string { return &c.logFormat }, "text", "json"),
	},
}

// configError is everything that is wrong with the environment.
type configError []error

func (e configError) Error() string {
	return "configuration:\n  " + strings.ReplaceAll(errors.Join(e...).Error(), "\n", "\n  ")
}

// loadConfig reads the environment through lookupEnv (os.LookupEnv). The error
// is a configError; what has no fault is set even then.
func loadConfig(lookupEnv func(string) (string, bool)) (config, error) {
	var c config
	var faults configError
	for _, r := range rules {
		if err := r.apply(&c, lookupEnv); err != nil {
			faults = append(faults, err)
		}
	}
	if faults = append(faults, c.checkTLS()...); faults != nil {
		return c, faults
	}
	return c, nil
}

// checkTLS checks what no rule can see alone.
func (c *config) checkTLS() (faults []error) {
	if c.tlsMode == "verify-ca" && c.tlsRoots == nil {
		faults = append(faults, errors.New("DB_TLS_CA: required with DB_TLS=verify-ca, but not set"))
	}
	if c.dbCert != (certFiles{}) && c.tlsMode == "false" {
		faults = append(faults, errors.New("DB_TLS_CERT: there is no certificate without TLS: want another DB_TLS than false"))
	}
	return append(append(faults, c.dbCert.check("DB_TLS")...), c.cert.check("TLS")...)
}

// check checks that there are both files, or none, and that the key fits; what is
// wrong with one alone its rule has said.
func (f certFiles) check(prefix string) []error {
	switch {
	case f.cert == "" && f.key == "", f.cert == "-" || f.key == "-":
		return nil
	case f.cert == "":
		return []error{fmt.Errorf("%s_CERT: required with %[1]s_KEY, but not set", prefix)}
	case f.key == "":
		return []error{fmt.Errorf("%s_KEY: required with %[1]s_CERT, but not set", prefix)}
	}
	if _, err := f.load(prefix, slog.New(slog.DiscardHandler)); err != nil {
		return []error{err}
	}
	return nil
}

// apply looks the rule's variable up and parses it into c.
func (r rule) apply(c *config, lookupEnv func(string) (string, bool)) error {
	name, value, err := r.lookup(lookupEnv)
	if err != nil {
		return err
	}
	if name == "" {
		if r.required {
			return fmt.Errorf("%s: required, but not set", r.name)
		}
		value = r.fallback
	}
	if err := r.parse(c, value); err != nil {
		if r.secret {
			return fmt.Errorf("%s: %w", name, err)
		}
		return fmt.Errorf("%s: %q: %w", name, value, err)
	}
	return nil
}

// lookup finds the value of the rule's variable and the name of the variable
// it came from: its own, NAME_FILE or, for ADDR, PORT. Not set is the name "".
func (r rule) lookup(lookupEnv func(string) (string, bool)) (name, value string, err error) {
	value, isSet := lookupEnv(r.name)
	isSet = isSet && (value != "" || r.emptyOK)
	file, _ := lookupEnv(r.name + "_FILE")
	switch {
	case isSet && file != "":
		return "", "", fmt.Errorf("%s and %s_FILE are both set: want one of them", r.name, r.name)
	case isSet:
		return r.name, value, nil
	case file != "":
		if name, value, err = r.lookupFile(file); name != "" || err != nil {
			return name, value, err
		}
	}
	if port, _ := lookupEnv("PORT"); r.name == "ADDR" && port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", fmt.Errorf("PORT: %q: want a number from 0 (any free one) to 65535", port)
		}
		return "PORT", ":" + port, nil
	}
	return "", "", nil
}

// lookupFile reads the value from a file, less one final newline. Where a path
// is wanted, somebody may have given the secret itself, so that a fault does
// not show it either.
func (r rule) lookupFile(file string) (name, value string, err error) {
	name = r.name + "_FILE"
	content, err := os.ReadFile(file)
	if err != nil {
		err = fmt.Errorf("want the path of a file that can be read: %w", withoutPath(err))
		if r.secret {
			return "", "", fmt.Errorf("%s: %w", name, err)
		}
		return "", "", fmt.Errorf("%s: %q: %w", name, file, err)
	}
	value, isCRLF := strings.CutSuffix(string(content), "\r\n")
	if !isCRLF {
		value = strings.TrimSuffix(value, "\n")
	}
	if value == "" && !r.emptyOK {
		return "", "", nil
	}
	return name, value, nil
}

// withoutPath returns what is wrong with a file, without its path.
func withoutPath(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// writeVariables writes the table of variables for -h.
func writeVariables(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rules {
		fallback := r.fallback
		if r.required {
			fallback = "(required)"
		}
		fmt.Fprintf(tw, "  %s\t%s\t%s\n", r.name, fallback, r.meaning)
	}
	tw.Flush()
}

func text(field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		*field(c) = value
		return nil
	}
}

func number(low, high int, field func(*config) *int) func(*config, string) error {
	return func(c *config, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < low || n > high {
			return fmt.Errorf("want a whole number from %d to %d", low, high)
		}
		*field(c) = n
		return nil
	}
}

// optional is parse for a variable without a default.
func optional(parse func(*config, string) error) func(*config, string) error {
	return func(c *config, value string) error {
		if value == "" {
			return nil
		}
		return parse(c, value)
	}
}

func duration(field func(*config) *time.Duration) func(*config, string) error {
	return func(c *config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return errors.New("want a duration above 0 with its unit, such as 500ms, 10s or 1m30s")
		}
		*field(c) = d
		return nil
	}
}

func oneOf(field func(*config) *string, allowed ...string) func(*config, string) error {
	return func(c *config, value string) error {
		if !slices.Contains(allowed, value) {
			return errors.New("want " + strings.Join(allowed, " or "))
		}
		*field(c) = value
		return nil
	}
}

// either takes one of two words, of which yes sets the field.
func either(no, yes string, field func(*config) *bool) func(*config, string) error {
	return func(c *config, value string) error {
		*field(c) = value == yes
		if value != no && value != yes {
			return fmt.Errorf("want %s or %s", no, yes)
		}
		return nil
	}
}

func parseHost(c *config, value string) error {
	_, notIP := netip.ParseAddr(value)
	isBlank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	switch {
	case strings.HasPrefix(value, "/"): // a path may hold anything
	case strings.ContainsAny(value, "/@") || strings.ContainsFunc(value, isBlank):
		return errors.New("want a host name, an address, or the absolute path of a unix socket")
	case strings.ContainsAny(value, "[]") || strings.Contains(value, ":") && notIP != nil:
		return errors.New("want a host without brackets and without a port: the port goes into DB_PORT")
	}
	c.dbHost = value
	return nil
}

func parseTables(c *config, value string) error {
	const maxNameRunes = 64 // MySQL manual, 11.2.1
	c.tables = nil
	for table := range strings.SplitSeq(value, ",") {
		table = strings.TrimSpace(table)
		switch {
		case table == "" || strings.ContainsRune(table, 0):
			return errors.New("want table names separated by single commas")
		case len([]rune(table)) > maxNameRunes:
			return fmt.Errorf("want table names of at most %d characters", maxNameRunes)
		case slices.Contains(c.tables, table):
			return fmt.Errorf("table %q stands there twice", table)
		}
		c.tables = append(c.tables, table)
	}
	return nil
}

func parseTLS(c *config, value string) (err error) {
	const allowed = "want false, preferred, true, verify-ca, skip-verify, or the path of a CA file"
	c.tlsMode, c.tlsRoots = value, nil
	if slices.Contains([]string{"false", "preferred", "true", "verify-ca", "skip-verify"}, value) {
		return nil
	}
	c.tlsMode = "true"
	if c.tlsRoots, err = certs.Roots(value); err != nil {
		return fmt.Errorf("%s: %w", allowed, err)
	}
	return nil
}

func parseTLSRoots(c *config, value string) (err error) {
	switch {
	case value == "":
		return nil
	case c.tlsRoots != nil || c.tlsMode != "true" && c.tlsMode != "verify-ca":
		return errors.New("want DB_TLS to be verify-ca, or true, with it")
	}
	if c.tlsRoots, err = certs.Roots(value); err != nil {
		c.tlsRoots = x509.NewCertPool() // it is set, after all
		return fmt.Errorf("want the path of a CA file: %w", err)
	}
	return nil
}

func parseSession(c *config, value string) (err error) {
	c.session = nil
	if value != "" {
		c.session, err = connect.ParseSession(value)
	}
	return err
}

// pemFile takes a path. Of a file that check refuses it is "-".
func pemFile(check func(file string) error, field func(*config) *string) func(*config, string) error {
	return func(c *config, value string) error {
		*field(c) = value
		if value == "" {
			return nil
		}
		if err := check(value); err != nil {
			*field(c) = "-"
			return fmt.Errorf("want the path of a file in PEM form that can be read: %w", err)
		}
		return nil
	}
}

func parseAddr(c *config, value string) error { return parseListen(&c.addr, value) }

func parseListen(addr *string, value string) error {
	_, port, err := net.SplitHostPort(value)
	if _, numErr := strconv.ParseUint(port, 10, 16); value != "" && (err != nil || numErr != nil) {
		return errors.New("want host:port or :port, the port a number from 0 (any free one) to 65535")
	}
	*addr = value
	return nil
}

func parseOrigins(c *config, value string) error {
	const allowed = "want *, or origins such as https://example.com or http://localhost:3000, comma separated"
	c.corsOrigins = nil
	if value == "" {
		return nil
	}
	for origin := range strings.SplitSeq(value, ",") {
		origin = strings.TrimSpace(origin)
		if !isOrigin(origin) && value != "*" {
			return fmt.Errorf("%s: %q is neither", allowed, origin)
		}
		c.corsOrigins = append(c.corsOrigins, origin)
	}
	return nil
}

var originPattern = regexp.MustCompile(`^https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// isOrigin reports whether s is what a browser sends as Origin (RFC 6454,
// section 6.2): scheme, host, and the port if it is not the scheme's own, in
// lower case and ASCII, nothing behind. There is no wildcard within.
func isOrigin(s string) bool {
	ownPort := strings.HasPrefix(s, "http://") && strings.HasSuffix(s, ":80") ||
		strings.HasPrefix(s, "https://") && strings.HasSuffix(s, ":443")
	_, err := url.Parse(s) // an IPv6 address in full
	return err == nil && originPattern.MatchString(s) && !ownPort
}

func parseTokens(c *config, value string) error {
	c.apiTokens = nil
	if value == "" {
		return nil
	}
	for token := range strings.SplitSeq(value, ",") {
		token = strings.TrimSpace(token)
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("want tokens of printable ASCII without blanks, comma separated")
		}
		c.apiTokens = append(c.apiTokens, token)
	}
	return nil
}

func parseCacheControl(c *config, value string) error {
	for _, char := range value {
		if char < ' ' || char > '~' {
			return errors.New("want printable ASCII, such as no-cache or public, max-age=5")
		}
	}
	c.cacheControl = value
	return nil
}

func parseLogLevel(c *config, value string) error {
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, value) {
		return errors.New("want debug, info, warn or error")
	}
	return c.logLevel.UnmarshalText([]byte(value))
}
