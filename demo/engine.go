package main

// This file is the database: go-mysql-server, in memory, on a free port of the
// loopback interface. It owns the two accounts and loads sample.sql. It knows
// nothing of the command that is run against it.

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"log"
	"net"
	"strings"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/mysql_db"
	"github.com/sirupsen/logrus"
)

const (
	databaseName   = "demo"
	databaseTables = "sample,regions,huts"
	adminUser      = "root"
	readerUser     = "demo"

	// readerPassword is awkward on purpose: each of its characters means
	// something in a DSN, a URL or a shell.
	readerPassword = `d:e/m@o#1$ ?&%`
)

//go:embed sample.sql
var sampleSQL string

// engine is a running database server.
type engine struct {
	addr          *net.TCPAddr
	adminPassword string // of adminUser; a new one each time
	db            *sqle.Engine
	server        *server.Server
	accepting     chan struct{} // closed when no more connections are accepted
}

// startEngine returns once clients can connect.
func startEngine() (*engine, error) {
	silenceLogs()
	database := memory.NewDatabase(databaseName)
	database.EnablePrimaryKeyIndexes() // which foreign keys need
	provider := memory.NewDBProvider(database)
	provider.WithOption(memory.NativeIndexProvider(true)) // the same for others
	e := &engine{
		adminPassword: rand.Text(),
		db:            sqle.NewDefault(provider),
		accepting:     make(chan struct{}),
	}
	if err := e.load(provider); err != nil {
		return nil, fmt.Errorf("load sample.sql: %w", err)
	}
	if err := e.listen(provider); err != nil {
		return nil, err
	}
	go func() { // until close
		defer close(e.accepting)
		_ = e.server.Start() // always nil
	}()
	return e, nil
}

// close ends the listener and the engine. Connections that are still open end
// with the process.
func (e *engine) close() {
	_ = e.server.Close() // always nil
	<-e.accepting
	_ = e.db.Close()
}

// silenceLogs discards what the engine (logrus) and the wire protocol beneath
// it (package log) report: standard error belongs to the command.
func silenceLogs() {
	logrus.SetOutput(io.Discard)
	log.SetOutput(io.Discard)
}

// load fills the database and makes the accounts: adminUser may do everything,
// readerUser may only SELECT, from every database.
func (e *engine) load(provider *memory.DbProvider) error {
	ctx := newAdminContext(provider)
	for statement := range strings.SplitSeq(sampleSQL, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := e.exec(ctx, statement); err != nil {
			return err
		}
	}
	e.addAdmin()
	err := e.exec(ctx, "CREATE USER "+readerUser+" IDENTIFIED BY '"+readerPassword+"'")
	if err != nil {
		return err
	}
	return e.exec(ctx, "GRANT SELECT ON *.* TO "+readerUser)
}

// addAdmin makes the account of adminUser. From then on the engine asks
// everyone for a password.
func (e *engine) addAdmin() {
	accounts := e.db.Analyzer.Catalog.MySQLDb
	accounts.SetPersister(&mysql_db.NoopPersister{})
	editor := accounts.Editor()
	defer editor.Close()
	accounts.AddSuperUser(editor, adminUser, "localhost", e.adminPassword)
}

// newAdminContext returns the session in which sample.sql runs.
func newAdminContext(provider *memory.DbProvider) *sql.Context {
	client := sql.Client{User: adminUser, Address: "localhost"}
	base := sql.NewBaseSessionWithClientServer("", client, 0)
	session := memory.NewSession(base, provider)
	session.SetCurrentDatabase(databaseName)
	return sql.NewContext(context.Background(), sql.WithSession(session))
}

// exec runs one statement to its end.
func (e *engine) exec(ctx *sql.Context, statement string) error {
	_, rows, _, err := e.db.Query(ctx, statement)
	if err != nil {
		return err
	}
	_, err = sql.RowIterToRows(ctx, rows)
	return err
}

func (e *engine) listen(provider *memory.DbProvider) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.addr = l.Addr().(*net.TCPAddr)
	config := server.Config{Listener: l}
	e.server, err = server.NewServer(config, e.db, sql.NewContext, memory.NewSessionBuilder(provider), nil)
	return err
}
