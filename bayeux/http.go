package bayeux

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP serves the mount path and everything below it (CometD's client posts
// to /handshake, /connect and so on below it):
//
//   - GET with Upgrade: websocket
//   - GET <mount>/<client id> with Accept: text/event-stream: EventSource
//   - GET <mount>/client.js and other *.js, *.map: the browser client
//   - GET ?message=…&jsonp=…: callback-polling
//   - POST: long-polling, JSON or the form field message; also publishing
//   - OPTIONS: CORS
//
// Any origin may use the hub: who may do what is the Policy's to say.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.stopping:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Server is stopping", http.StatusServiceUnavailable)
		return
	default:
	}
	switch {
	case r.Method == http.MethodGet && headerHas(r.Header, "Upgrade", "websocket"):
		s.serveWebSocket(w, r)
	case r.Method == http.MethodOptions:
		s.preflight(w, r)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && isScript(r.URL.Path):
		s.serveFile(w, r)
	case r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		s.serveEventSource(w, r)
	case r.Method == http.MethodGet:
		s.serveCallback(w, r)
	case r.Method == http.MethodPost:
		s.servePost(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		badRequest(w, "use GET or POST")
	}
}

func headerHas(h http.Header, name, token string) bool {
	for _, v := range h[name] {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

// badRequest answers as Faye does, 400 and text, and says what was wrong.
func badRequest(w http.ResponseWriter, why string) { httpError(w, http.StatusBadRequest, why) }

func httpError(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "Bad request: "+why+"\n")
}

// cors lets pages of any origin read the answer, with their cookies.
func cors(w http.ResponseWriter, r *http.Request) {
	if o := r.Header.Get("Origin"); o != "" {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", o)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Add("Vary", "Origin")
	}
}

func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	origin := r.Header.Get("Origin")
	if origin == "" {
		if u, err := url.Parse(r.Header.Get("Referer")); err == nil && u.Host != "" {
			origin = u.Scheme + "://" + u.Host
		}
	}
	if origin == "" {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Pragma, X-Requested-With")
	h.Set("Access-Control-Allow-Methods", "POST, GET")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusOK)
}

func isScript(p string) bool { return strings.HasSuffix(p, ".js") || strings.HasSuffix(p, ".map") }

// serveFile serves the browser client: client.js, and the files by their names.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	if s.opt.ClientFiles == nil {
		http.NotFound(w, r)
		return
	}
	if name == "client.js" || name == path.Base(path.Dir(r.URL.Path))+".js" {
		name = "faye-browser-min.js"
	}
	b, err := fs.ReadFile(s.opt.ClientFiles, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	ct := "text/javascript; charset=utf-8"
	if strings.HasSuffix(name, ".map") {
		ct = "application/json"
	}
	h := w.Header()
	h.Set("Content-Type", ct)
	// Asked for again each time, so that the cookie is there before the first
	// handshake (see Credentials); 304 in the rule.
	h.Set("Cache-Control", "private, no-cache")
	if req := s.NewRequest(r, ""); req.sent == 0 && !s.opt.NoCookie {
		http.SetCookie(w, s.newCookie(r, &req))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	etag := `"` + hexHash(b) + `"`
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(b)
}

// servePost is long-polling: a JSON body, or the form field message, which other
// sites' pages can send without a preflight, and backends by any HTTP library.
func (s *Server) servePost(w http.ResponseWriter, r *http.Request) {
	cors(w, r)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.opt.MaxBody)))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			httpError(w, http.StatusRequestEntityTooLarge, "the body is larger than this server takes")
			return
		}
		badRequest(w, "the body could not be read")
		return
	}
	batches := [][]byte{body}
	if ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); ct != "application/json" {
		q, err := url.ParseQuery(string(body))
		if err != nil || len(q["message"]) == 0 {
			badRequest(w, "neither application/json nor a form with a message")
			return
		}
		batches = batches[:0]
		for _, m := range q["message"] {
			batches = append(batches, []byte(m))
		}
	}
	s.serveMessages(w, r, LongPolling, batches, "")
}

// callbackName keeps to names and dots: anything else would be a script of the
// caller's making (JSONP).
var callbackName = regexp.MustCompile(`^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$`)

const maxCallbackName = 128

// serveCallback is callback-polling: what Faye's client does from other origins.
func (s *Server) serveCallback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if len(q["message"]) == 0 {
		badRequest(w, "no message")
		return
	}
	name := q.Get("jsonp")
	if name == "" {
		name = "jsonpcallback"
	}
	if len(name) > maxCallbackName || !callbackName.MatchString(name) {
		badRequest(w, "not a callback name")
		return
	}
	var batches [][]byte
	for _, m := range q["message"] {
		batches = append(batches, []byte(m))
	}
	s.serveMessages(w, r, CallbackPolling, batches, name)
}

func (s *Server) serveMessages(w http.ResponseWriter, r *http.Request, t Transport, batches [][]byte, callback string) {
	// The body is read. A server's ReadTimeout would end the request that is
	// held now.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var batch []*Message
	for _, b := range batches {
		ms, err := ParseMessages(b)
		if err == nil && len(batch)+len(ms) > maxBatch {
			err = errBatch
		}
		if err != nil {
			badRequest(w, strings.TrimPrefix(err.Error(), "bayeux: "))
			return
		}
		batch = append(batch, ms...)
	}
	rc := http.NewResponseController(w)
	held := contains(batch, MetaConnect)
	if held { // for longer than a server otherwise allows for a request
		_ = rc.SetReadDeadline(time.Time{})
		_ = rc.SetWriteDeadline(time.Time{})
	}
	req := s.NewRequest(r, t)
	if req.sent == 0 && !s.opt.NoCookie && contains(batch, MetaHandshake) {
		http.SetCookie(w, s.newCookie(r, &req))
	}
	rep := s.process(r.Context(), &req, batch)
	if r.Context().Err() != nil {
		rep.undelivered()
		return
	}
	body := appendMessages(nil, rep.messages)
	h := w.Header()
	if callback == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	} else {
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Content-Disposition", "attachment; filename=f.txt")
		cors(w, r)
		// The comment keeps the reply from being taken for anything but a script
		// (Rosetta Flash).
		body = append(append([]byte("/**/"+callback+"("), escapeScript(body)...), ");"...)
	}
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if !held {
		_, _ = w.Write(body)
		return
	}
	_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := w.Write(body)
	if err == nil {
		err = rc.Flush() // now, to know whether it went out
	}
	_ = rc.SetWriteDeadline(time.Time{}) // the connection's next request is not ours
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		rep.undelivered()
	}
}

func contains(batch []*Message, channel string) bool {
	for _, m := range batch {
		if m.Channel == channel {
			return true
		}
	}
	return false
}

// escapeScript escapes the two line ends that JSON allows in a string and older
// JavaScript does not.
func escapeScript(b []byte) []byte {
	if !bytes.Contains(b, []byte("\u2028")) && !bytes.Contains(b, []byte("\u2029")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\u2028"), []byte(`\u2028`))
	return bytes.ReplaceAll(b, []byte("\u2029"), []byte(`\u2029`))
}
