// Naive is the Go program that tutorials write: rows become maps, maps become
// JSON, over a pool of 16 connections. It serves a whole table, and of another
// database a row by its key, a filtered page and a table.
package main

import (
	"database/sql"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/go-sql-driver/mysql"
)

func main() {
	cfg := mysql.NewConfig()
	cfg.Net = "tcp"
	cfg.Addr = os.Getenv("DB_HOST") + ":" + os.Getenv("DB_PORT")
	cfg.User = os.Getenv("DB_USER")
	cfg.Passwd = os.Getenv("DB_PASSWORD")
	cfg.DBName = os.Getenv("DB_NAME")
	db, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)

	http.HandleFunc("/read", handleRows(db, "SELECT * FROM sample"))
	http.HandleFunc("/thousand", handleRows(db, "SELECT * FROM thousand"))
	http.HandleFunc("/sample", handleRows(db,
		"SELECT * FROM sample WHERE qty = ? AND id > ? ORDER BY id LIMIT 20", "qty", "after"))
	http.HandleFunc("/sample/{id}", func(w http.ResponseWriter, r *http.Request) {
		result, err := readAll(db, "SELECT * FROM sample WHERE id = ?", r.PathValue("id"))
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case len(result) == 0:
			http.NotFound(w, r)
		default:
			writeJSON(w, result[0])
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

// handleRows answers with the rows of a query, whose arguments are parameters of
// the URL.
func handleRows(db *sql.DB, query string, params ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var args []any
		for _, param := range params {
			args = append(args, r.URL.Query().Get(param))
		}
		result, err := readAll(db, query, args...)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(w, result)
	}
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

// readAll reads all rows of a query.
func readAll(db *sql.DB, query string, args ...any) ([]map[string]any, error) {
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	result := []map[string]any{}
	for rows.Next() {
		values := make([]any, len(columns))
		pointers := make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return nil, err
		}
		row := map[string]any{}
		for i, column := range columns {
			if bytes, ok := values[i].([]byte); ok {
				row[column] = string(bytes)
			} else {
				row[column] = values[i]
			}
		}
		result = append(result, row)
	}
	return result, rows.Err()
}
