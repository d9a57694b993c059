package main

// This file owns the variables that tell the command where the database is.

import (
	"slices"
	"strconv"
	"strings"
)

// variable is one variable of the command's environment. An empty value means
// that the command must not see the variable at all.
type variable struct{ name, value string }

// variables lists what the command is told, and what must not reach it from
// outside: DB_TLS, which describes somebody else's database.
func (e *engine) variables() []variable {
	host, port := e.addr.IP.String(), strconv.Itoa(e.addr.Port)
	return []variable{
		{"DB_HOST", host},
		{"DB_PORT", port},
		{"DB_USER", readerUser},
		{"DB_PASSWORD", readerPassword},
		{"DB_NAME", databaseName},
		{"DB_TABLES", databaseTables},
		{"DB_TLS", ""},
		{"TEST_DB_HOST", host},
		{"TEST_DB_PORT", port},
		{"TEST_DB_USER", adminUser},
		{"TEST_DB_PASSWORD", e.adminPassword},
		{"TEST_DB_READER", readerUser},
		{"TEST_DB_READER_PASSWORD", readerPassword},
	}
}

// environ returns inherited without any variable of that list, nor its NAME_FILE
// form, and with the values of the list.
func (e *engine) environ(inherited []string) []string {
	vars := e.variables()
	environ := slices.DeleteFunc(slices.Clone(inherited), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		name = strings.TrimSuffix(name, "_FILE")
		return slices.ContainsFunc(vars, func(v variable) bool { return v.name == name })
	})
	for _, v := range vars {
		if v.value != "" {
			environ = append(environ, v.name+"="+v.value)
		}
	}
	return environ
}
