// Package web serves what browsers load: the beacon wake.js, the demo shop
// and the pages of Wake itself.
package web

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
)

// Config says what is served, and where the rest of Wake is.
type Config struct {
	ScriptName string // of the beacon, "wake.js" by default; ad blockers know that name
	HitPath    string // where the beacon sends, "/wake/hit" by default
	Demo       bool   // serve the demo shop at /demo/
	// DemoSite is the key of the site that the demo shop on host reports to,
	// "" when there is none: then the host has to tell.
	DemoSite func(host string) string
}

//go:embed dist beacon/wake.js demo pages
var files embed.FS

// Built reports whether the files that need Node.js to be built are there.
// Without them the beacon is served as it was written, which is larger, and
// pages say what to run.
func Built() bool {
	_, err := fs.Stat(files, "dist/wake.js")
	return err == nil
}

// FayeClient is the Faye browser client of the npm package, for the hub to
// serve to pages; fs.ErrNotExist when it was not built.
func FayeClient() ([]byte, error) {
	return files.ReadFile("dist/faye-browser-min.js")
}

// Handler serves everything of this package. Requests it does not know are
// answered 404.
func Handler(cfg Config) http.Handler {
	if cfg.ScriptName == "" {
		cfg.ScriptName = "wake.js"
	}
	if cfg.HitPath == "" {
		cfg.HitPath = "/wake/hit"
	}
	if cfg.DemoSite == nil {
		cfg.DemoSite = func(string) string { return "" }
	}
	mux := http.NewServeMux()
	beacon := newScript(beaconSource(cfg.HitPath))
	mux.Handle("GET /"+cfg.ScriptName, beacon)
	mux.Handle("OPTIONS /"+cfg.ScriptName, beacon)
	mux.HandleFunc("GET /{$}", welcome(cfg))
	mux.HandleFunc("GET /welcome.css", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "pages/welcome.css")
	})
	for _, name := range []string{"/favicon.svg", "/favicon.ico"} { // browsers ask for the latter unasked
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=86400")
			w.Header().Set("Content-Type", "image/svg+xml")
			http.ServeFileFS(w, r, files, "pages/favicon.svg")
		})
	}
	if cfg.Demo {
		newDemo(cfg).register(mux)
	}
	return mux
}

var welcomePage = template.Must(template.ParseFS(files, "pages/welcome.html"))

// welcome is the page that says what runs here and what to do next.
func welcome(cfg Config) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		render(w, http.StatusOK, welcomePage, map[string]any{
			"Origin": origin(r), "Script": cfg.ScriptName, "Demo": cfg.Demo, "Built": Built(),
		})
	}
}

// origin is how the browser reached this server, as far as the request tells.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// pagePolicy lets pages load from this server only: nothing inline, nothing
// from elsewhere.
const pagePolicy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// render writes a whole page, or a 500 when its template fails.
func render(w http.ResponseWriter, status int, page *template.Template, data any) {
	var out strings.Builder
	if err := page.Execute(&out, data); err != nil {
		http.Error(w, "this page cannot be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(out.String()))
}
