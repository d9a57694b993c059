package main

// This file opens the pool from a config, and waits for the database at start.

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"readapi/internal/certs"
	"readapi/internal/connect"
	"readapi/internal/exec"
)

const (
	// maxConnAge spreads connections over the nodes behind a proxy again and
	// stays below the idle limits of firewalls and proxies between.
	maxConnAge = 3 * time.Minute
	// Back-off while waiting for the database.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 2 * time.Second
	// maxConnectTime leaves time for another attempt if a host does not answer.
	maxConnectTime = 3 * time.Second
)

// startHints says which variable to look at when an error at start is one that
// waiting does not mend. Kinds that are not here are waited out.
var startHints = map[exec.Kind]string{
	exec.Access:      "look at DB_USER and DB_PASSWORD, and at DB_TLS_CERT if the account wants a certificate",
	exec.NoDatabase:  "look at DB_NAME, and at what DB_USER may read",
	exec.HostRefused: "look at DB_HOST, and at the hosts that DB_USER may come from",
	exec.Unsafe:      "look at DB_TLS, and at DB_TLS_CERT",
	exec.Session:     "look at DB_SESSION",
}

// openPool makes the pool. It does not connect.
func openPool(cfg config, log *slog.Logger) (*sql.DB, error) {
	driver, err := driverConfig(cfg, log)
	if err != nil {
		return nil, err
	}
	connector, err := connect.NewConnector(driver, min(cfg.dbTimeout, maxConnectTime), log)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(cfg.poolSize())
	pool.SetMaxIdleConns(cfg.poolSize())
	pool.SetConnMaxLifetime(maxConnAge)
	return pool, nil
}

// driverConfig translates cfg for the driver. No DSN string is ever made, so
// that a password may hold any character.
func driverConfig(cfg config, log *slog.Logger) (*mysql.Config, error) {
	d := mysql.NewConfig()
	d.Net, d.Addr = "tcp", net.JoinHostPort(cfg.dbHost, strconv.Itoa(cfg.dbPort))
	if strings.HasPrefix(cfg.dbHost, "/") {
		d.Net, d.Addr = "unix", cfg.dbHost
	}
	d.User, d.Passwd, d.DBName = cfg.dbUser, cfg.dbPassword, cfg.dbName
	d.Params, d.Logger = cfg.session, driverLogger{log}
	// The driver puts the arguments into the query. That saves the round trips of
	// a prepared statement, and FLOAT arrives as without arguments.
	d.InterpolateParams = true
	if cfg.tlsMode == "false" || cfg.tlsMode == "preferred" && d.Net == "unix" && cfg.dbCert.cert == "" {
		return d, nil // a socket needs no encryption
	}
	own, err := cfg.dbCert.load("DB_TLS", log)
	if err != nil {
		return nil, err
	}
	d.TLS = certs.Client(trusts[cfg.tlsMode], cfg.tlsRoots, cfg.dbHost, own)
	d.AllowFallbackToPlaintext = cfg.tlsMode == "preferred"
	return d, nil
}

// trusts are what DB_TLS wants of a server that speaks TLS; others want nothing.
var trusts = map[string]certs.Trust{"true": certs.Host, "verify-ca": certs.Authority}

// driverLogger passes on what the driver says while it returns an error anyway.
type driverLogger struct{ log *slog.Logger }

func (l driverLogger) Print(v ...any) { l.log.Debug("driver", "text", fmt.Sprint(v...)) }

// localPort is the client's port in an error of package net.
var localPort = regexp.MustCompile(`:\d+->`)

// awaitDatabase returns nil once the database has answered. It tries for ever, until
// ctx ends or the database says something that waiting does not mend.
func awaitDatabase(ctx context.Context, db *exec.DB, log *slog.Logger) error {
	said := ""
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		version, err := db.Version(ctx)
		if err == nil {
			log.Info("connected to the database", "version", version)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if hint := startHints[exec.KindOf(err)]; hint != "" {
			return fmt.Errorf("open database: %w: %s", err, hint)
		}
		// Once per reason. The local port, new each time, makes no new one.
		if text := localPort.ReplaceAllString(err.Error(), "->"); text != said {
			said = text
			log.Warn("waiting for the database", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(backoff):
		}
	}
}
