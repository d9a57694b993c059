package main

// This file serves the static page of site/ on a port of its own, so that it is
// of another origin than the API that it reads, and tells where both are. Rule:
// the page gets no more than any static host would give it.

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	sitePort       = "8081"
	defaultAPI     = "http://localhost:8080" // the page's own default, in app.js
	siteTimeout    = 10 * time.Second        // one request, header and response
	maxSiteHeaders = 16 << 10
)

var errNoPort = errors.New("the page must know the port of the API beforehand: want an ADDR or PORT other than 0")

//go:embed site
var siteFiles embed.FS

// site is a running server of the page.
type site struct {
	url    string // with the address of the API, unless the page knows it
	api    string
	server *http.Server
	ended  chan struct{} // closed when the server has ended
}

// startSite serves the page until close. The API that it is to read is the one
// that COMMAND will serve, if it is readapi and gets environ.
func startSite(environ []string) (*site, error) {
	s := &site{api: apiURL(environ), ended: make(chan struct{})}
	if strings.HasSuffix(s.api, ":0") {
		return nil, errNoPort
	}
	l, err := listenSite(s.api)
	if err != nil {
		return nil, err
	}
	s.url = fmt.Sprintf("http://localhost:%d/", l.Addr().(*net.TCPAddr).Port)
	if s.api != defaultAPI {
		s.url += "?api=" + s.api
	}
	s.server = &http.Server{
		Handler:        newSiteHandler(),
		ReadTimeout:    siteTimeout,
		WriteTimeout:   siteTimeout,
		MaxHeaderBytes: maxSiteHeaders,
	}
	go func() { // until close
		defer close(s.ended)
		_ = s.server.Serve(l)
	}()
	return s, nil
}

func (s *site) close() {
	_ = s.server.Close()
	<-s.ended
}

// listenSite opens sitePort, or any other port if that is taken or api wants it.
func listenSite(api string) (net.Listener, error) {
	if !strings.HasSuffix(api, ":"+sitePort) {
		if l, err := net.Listen("tcp", "localhost:"+sitePort); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", "localhost:0")
}

// newSiteHandler serves the files of site/, which has no subfolders to list.
func newSiteHandler() http.Handler {
	root, err := fs.Sub(siteFiles, "site")
	if err != nil {
		panic(err) // only for a name that is no path
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(root))
	return withSiteHeaders(mux)
}

// withSiteHeaders adds what a meta element in the page cannot say.
func withSiteHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-cache")
		header.Set("Content-Security-Policy", "frame-ancestors 'none'")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// apiURL is where a browser on this machine finds a readapi that is configured
// with environ: at ADDR, or :PORT, or where it listens by default.
func apiURL(environ []string) string {
	set := make(map[string]string)
	for _, s := range environ {
		if name, value, _ := strings.Cut(s, "="); value != "" {
			set[name] = value
		}
	}
	addr := set["ADDR"]
	if addr == "" && set["PORT"] != "" {
		addr = ":" + set["PORT"]
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil { // none, or one that readapi will refuse
		return defaultAPI
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
