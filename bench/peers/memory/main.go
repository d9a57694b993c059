// Memory is the limit of a Go HTTP server: it answers every request with one
// recorded response of another server, from memory.
//
// Usage:
//
//	PORT=8080 memory FILE
//
// FILE holds the response as it was on the wire: status line, header, body.
package main

import (
	"bufio"
	"io"
	"log"
	"maps"
	"net/http"
	"os"
	"strconv"
)

func main() {
	header, body, err := load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), header)
		w.Write(body)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

// load reads the recorded response. The header is without Date, which net/http
// sets anew.
func load(path string) (http.Header, []byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	response, err := http.ReadResponse(bufio.NewReader(file), nil)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	response.Header.Del("Date")
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return response.Header, body, nil
}
