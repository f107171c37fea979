package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// scriptAge is how long browsers use a script without asking again: short,
// and after that they ask behind the page's back, so that pages never wait
// and a new version is everywhere soon.
const scriptAge = "public, max-age=600, stale-while-revalidate=86400"

// defaultHitPath is where the beacon sends as written; served, it is told
// the configured path.
const defaultHitPath = "/wake/hit"

// beaconSource is the beacon that sends to hitPath: minified, or as written
// where nothing was built.
func beaconSource(hitPath string) []byte {
	source, err := files.ReadFile("dist/wake.js")
	if err != nil {
		source, _ = files.ReadFile("beacon/wake.js") // embedded
	}
	path, _ := json.Marshal(hitPath) // a string always has a form in JSON, which JavaScript reads the same way
	for _, quote := range []string{"'", `"`, "`"} {
		source = bytes.Replace(source, []byte(quote+defaultHitPath+quote), path, 1)
	}
	return source
}

// script serves one JavaScript file to pages of every origin, compressed
// once. It is safe for concurrent use.
type script struct {
	plain, gzipped []byte
	tag            string // of the content, without quotes
}

func newScript(source []byte) *script {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(source)
	_ = w.Close() // a buffer takes everything
	sum := sha256.Sum256(source)
	return &script{plain: source, gzipped: packed.Bytes(), tag: hex.EncodeToString(sum[:8])}
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", scriptAge)
	h.Set("Vary", "Accept-Encoding")
	content, tag := s.plain, s.tag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		content, tag = s.gzipped, s.tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 §12.5.3).
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding = strings.TrimSpace(coding); strings.EqualFold(coding, "gzip") || coding == "*" {
			weight := strings.ReplaceAll(strings.ToLower(params), " ", "")
			return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
		}
	}
	return false
}
