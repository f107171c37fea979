package wire

import (
	"net/http"
	"strings"
)

// What a page of another origin may send: the headers that ahoy.js and
// wake.js set.
const (
	allowHeaders = "Content-Type, X-CSRF-Token, Authorization, Ahoy-Visit, Ahoy-Visitor"
	maxAge       = "86400" // s; browsers cap it at two hours or a day
)

// Header values that never change are shared by all answers.
var (
	varyOrigin = []string{"Origin"}
	yes        = []string{"true"}
	exposed    = []string{"Retry-After, X-Wake-Error"}
	noSniff    = []string{"nosniff"}
	textType   = []string{"text/plain; charset=utf-8"}
	jsonType   = []string{"application/json; charset=utf-8"}
)

// CORS lets pages of every origin send, with their cookies: which of them a
// site takes hits from is decided by its list of hosts, so that a refusal can
// say why. Answers hold nothing but what the page sent itself. It reports
// whether the request was a preflight and is now answered.
func CORS(w http.ResponseWriter, r *http.Request, methods string) (answered bool) {
	h := w.Header()
	if vary := h["Vary"]; vary == nil {
		h["Vary"] = varyOrigin
	} else {
		h["Vary"] = append(vary, "Origin")
	}
	origin := get(r.Header, "Origin")
	if origin != "" {
		h["Access-Control-Allow-Origin"] = []string{origin}
		h["Access-Control-Allow-Credentials"] = yes
		h["Access-Control-Expose-Headers"] = exposed
	}
	if r.Method != http.MethodOptions {
		return false
	}
	h["Allow"] = []string{methods + ", OPTIONS"}
	if origin != "" && get(r.Header, "Access-Control-Request-Method") != "" {
		h["Vary"] = append(h["Vary"], "Access-Control-Request-Headers")
		h["Access-Control-Allow-Methods"] = []string{methods}
		allowed := allowHeaders
		// ahoy.configure({headers: …}) may set others; * does not work with
		// credentials (Fetch §3.2.3).
		if asked := strings.Join(r.Header["Access-Control-Request-Headers"], ", "); asked != "" && len(asked) <= 1024 && isHeaderList(asked) {
			allowed += ", " + asked
		}
		h["Access-Control-Allow-Headers"] = []string{allowed}
		h["Access-Control-Max-Age"] = []string{maxAge}
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

func isHeaderList(s string) bool {
	for _, c := range []byte(s) {
		if !tokenByte[c] && !strings.ContainsRune(" ,_.!#$%&'*+^`|~", rune(c)) {
			return false
		}
	}
	return true
}

// OnlyMethod answers 405 unless the request has the method.
func OnlyMethod(w http.ResponseWriter, r *http.Request, method string) bool {
	if r.Method == method {
		return true
	}
	w.Header()["Allow"] = []string{method + ", OPTIONS"}
	Fail(w, http.StatusMethodNotAllowed, method+" only\n")
	return false
}

// Fail answers with a line of plain text, as Ahoy does.
func Fail(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	h["Content-Type"] = textType
	h["X-Content-Type-Options"] = noSniff
	w.WriteHeader(status)
	_, _ = w.Write([]byte(message))
}
