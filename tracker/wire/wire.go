// Package wire is what every wire of the tracker shares at the HTTP edge:
// reading bounded bodies, CORS, who asks behind which proxies, and errors.
package wire

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"wake/tracker"
)

// MaxToken is how many characters of a visit or visitor token are kept, as in
// Ahoy.
const MaxToken = 64

// Token makes of what a client sent the token that is kept: of its letters
// (ASCII), digits and "-" the first 64. Case is kept, as native clients
// compare the echo. "null" and "undefined", which browsers send for cookies
// that they refused, are no token, and neither is what has nothing left.
func Token[T string | []byte](sent T) string {
	if len(sent) <= MaxToken {
		clean := true
		for i := range len(sent) {
			clean = clean && tokenByte[sent[i]]
		}
		if clean {
			return notNull(string(sent))
		}
	}
	kept := make([]byte, 0, MaxToken)
	for i := 0; i < len(sent) && len(kept) < MaxToken; i++ {
		if tokenByte[sent[i]] {
			kept = append(kept, sent[i])
		}
	}
	return notNull(string(kept))
}

func notNull(token string) string {
	if token == "null" || token == "undefined" {
		return ""
	}
	return token
}

var tokenByte = func() (t [256]bool) {
	for c := range 256 {
		t[c] = '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 || c == '-'
	}
	return t
}()

// Asker fills in who asks: what the connection and its headers say. The
// site's key is taken from the path or the query, see SiteKey. The host of
// the page is Origin's, else Referer's; a wire that knows the landing page
// falls back on that.
func Asker(h *tracker.Hit, r *http.Request, proxies Proxies, now time.Time) {
	h.Received = now
	h.Address = proxies.Client(r)
	h.SiteKey = SiteKey(r)
	h.Host = PageHost(r.Header)
	h.UserAgent = header(r.Header, "User-Agent")
	h.Language = header(r.Header, "Accept-Language")
	h.DoNotTrack = get(r.Header, "Dnt") == "1" || get(r.Header, "Sec-Gpc") == "1"
	if get(r.Header, "Sec-Ch-Ua") == "" && get(r.Header, "Sec-Ch-Ua-Platform") == "" {
		return // no browser sends the others alone
	}
	h.Hints = tracker.Hints{
		UA:              header(r.Header, "Sec-Ch-Ua"),
		Mobile:          header(r.Header, "Sec-Ch-Ua-Mobile"),
		Platform:        header(r.Header, "Sec-Ch-Ua-Platform"),
		PlatformVersion: header(r.Header, "Sec-Ch-Ua-Platform-Version"),
		Model:           header(r.Header, "Sec-Ch-Ua-Model"),
		FullVersionList: header(r.Header, "Sec-Ch-Ua-Full-Version-List"),
		FormFactors:     header(r.Header, "Sec-Ch-Ua-Form-Factors"),
	}
}

// get is h.Get for a name in canonical form.
func get(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// header is a header's value as text that every database can hold (header
// values may have bytes that are no UTF-8).
func header(h http.Header, name string) string { return Clean(get(h, name)) }

// Clean is s as valid UTF-8 without NUL.
func Clean(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// SiteKey is the site's key that a request names: KEY of a path that begins
// with /s/KEY/, else the query's site; "" when there is none.
func SiteKey(r *http.Request) string {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/s/"); ok {
		if key, _, ok := strings.Cut(rest, "/"); ok {
			return Clean(key)
		}
	}
	if strings.Contains(r.URL.RawQuery, "site=") {
		return Clean(r.URL.Query().Get("site"))
	}
	return ""
}

// PageHost is the host of the page that sent a request, in lower case without
// port: that of Origin, else of Referer; "" when neither tells.
func PageHost(h http.Header) string {
	if host := Host(get(h, "Origin")); host != "" {
		return host
	}
	return Host(get(h, "Referer"))
}

// Host is the host of an absolute URL, in lower case without port; "" when
// there is none.
func Host(rawURL string) string {
	_, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, `/?#\`); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if strings.HasPrefix(rest, "[") {
		if i := strings.IndexByte(rest, ']'); i >= 0 {
			rest = rest[1:i]
		}
	} else if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		rest = rest[:i]
	}
	if len(rest) > 255 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(Clean(rest), "."))
}
