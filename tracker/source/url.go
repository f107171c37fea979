package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// location is a URL in pieces, as they stand in it but for the host. It may
// be only the end of one: a path, a query.
type location struct {
	scheme   string // lower case; "" if relative
	host     string // lower case, without port; "" if none or impossible
	port     string
	path     string // with its first slash, if any
	query    string // without "?"
	fragment string // without "#"
}

// maxURLBytes is how much of a URL is looked at.
const maxURLBytes = 8192

// split takes a URL apart the way browsers do, and never fails: what can't be
// a host is none. See https://url.spec.whatwg.org/#url-parsing; percent
// escapes stay as they are.
func split(raw string) location {
	if len(raw) > maxURLBytes {
		raw = raw[:maxURLBytes]
	}
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(raw, "\t\r\n") {
		raw = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(raw)
	}
	var l location
	raw, l.fragment, _ = strings.Cut(raw, "#")
	raw, l.query, _ = strings.Cut(raw, "?")

	rest, absolute := raw, false
	if i := schemeEnd(raw); i > 0 {
		l.scheme = strings.ToLower(raw[:i])
		rest = raw[i+1:]
		absolute = isSlash(rest, 0) && (isSlash(rest, 1) || l.isWeb())
		if !absolute {
			// mailto:, javascript:, data: and the like are no place to be.
			return location{scheme: l.scheme}
		}
	} else {
		absolute = isSlash(raw, 0) && isSlash(raw, 1)
	}
	if !absolute {
		l.path = raw
		return l
	}
	if l.scheme == "" || l.isWeb() {
		for isSlash(rest, 0) {
			rest = rest[1:]
		}
	} else {
		rest = rest[2:]
	}
	authority := rest
	if end := strings.IndexAny(rest, `/\`); end >= 0 {
		authority, l.path = rest[:end], rest[end:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	l.host, l.port = splitHost(authority)
	return l
}

// splitReferrer takes a referrer apart: a page on the web or an Android app;
// anything else is none. Written without a scheme, as people do in their own
// code, it is understood too.
func splitReferrer(raw string) location {
	raw = text(raw, maxURLBytes)
	l := split(raw)
	if l.scheme == "" && l.host == "" {
		host, _, _ := strings.Cut(l.path, "/")
		if !looksLikeHost(host) {
			return location{}
		}
		l = split("https://" + raw)
	}
	switch {
	case l.host == "":
		return location{}
	case l.scheme == "":
		l.scheme = "https"
	case !l.isWeb() && l.scheme != "android-app":
		return location{}
	}
	return l
}

func (l location) isWeb() bool { return l.scheme == "http" || l.scheme == "https" }

// clean writes a referrer without credentials and fragment.
func (l location) clean() string {
	if l.host == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(len(l.scheme) + len(l.host) + len(l.port) + len(l.path) + len(l.query) + 5)
	b.WriteString(l.scheme)
	b.WriteString("://")
	b.WriteString(l.host)
	if l.port != "" {
		b.WriteByte(':')
		b.WriteString(l.port)
	}
	b.WriteString(l.path)
	if l.query != "" {
		b.WriteByte('?')
		b.WriteString(l.query)
	}
	if b.Len() > maxReferrerBytes {
		return strings.TrimRight(clip(b.String(), maxReferrerBytes), " ?")
	}
	return b.String()
}

// schemeEnd finds the colon behind a scheme, or -1. "localhost:8080/x" and
// "shop.example:80" have none.
func schemeEnd(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case i > 0 && c == ':':
			if i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9' {
				return -1
			}
			return i
		default:
			return -1
		}
	}
	return -1
}

func isSlash(s string, i int) bool { return i < len(s) && (s[i] == '/' || s[i] == '\\') }

// splitHost takes host and port apart and gives the host in lower case; both
// are empty if no host can look like that.
func splitHost(authority string) (host, port string) {
	host = authority
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		host, port = authority[:colon], authority[colon+1:]
	}
	host = strings.TrimSuffix(host, ".")
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" || !validHost(host) {
		return "", ""
	}
	return strings.ToLower(host), port
}

// validHost accepts names of RFC 1123 with underscores and any letters beyond
// ASCII, and addresses.
func validHost(host string) bool {
	if host == "" || len(host) > maxFieldBytes || host[0] == '.' || host[len(host)-1] == '.' ||
		strings.Contains(host, "..") {
		return false
	}
	if host[0] == '[' {
		return len(host) > 3 && host[len(host)-1] == ']' &&
			strings.Trim(host[1:len(host)-1], "0123456789abcdefABCDEF:.") == ""
	}
	for _, r := range host {
		switch {
		case 'a' <= r|0x20 && r|0x20 <= 'z' && r < 0x80, '0' <= r && r <= '9', r == '-', r == '.', r == '_':
		case r >= 0x80 && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)):
		default:
			return false
		}
	}
	return true
}

// looksLikeHost reports whether a word is a host's name: "news.example".
func looksLikeHost(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 || len(s)-dot < 3 || !validHost(s) {
		return false
	}
	for _, r := range s[dot+1:] { // a file or a version has digits there
		if !unicode.IsLetter(r) && r != '-' {
			return false
		}
	}
	return true
}

// Host gives the name by which a host counts: in lower case, without "www."
// and without port 80 or 443. Anything that can't be a host gives "".
func Host(hostport string) string {
	host, port := splitHost(strings.TrimSpace(hostport))
	host = withoutWWW(host)
	if host == "" || port == "" || port == "80" || port == "443" {
		return host
	}
	return host + ":" + port
}

func withoutWWW(host string) string {
	for {
		rest, www := strings.CutPrefix(host, "www.")
		if !www || !strings.Contains(rest, ".") { // www.com is somebody's
			return host
		}
		host = rest
	}
}

// decode gives the text of a query's value.
func decode(value string, limit int) string { return text(unescape(value), limit) }

// unescape resolves percent escapes, and plus to space; a percent sign that
// begins no escape stands for itself.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b = append(b, ' ')
		case '%':
			if decoded, ok := unhex(s, i); ok {
				b = append(b, decoded)
				i += 2
				continue
			}
			b = append(b, c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// unhex reads the escape at s[i:], if there is one.
func unhex(s string, i int) (byte, bool) {
	if i+2 >= len(s) || s[i] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(s[i+1])
	low, ok2 := hexDigit(s[i+2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// text drops invalid UTF-8 and control characters, trims, and cuts what is
// longer than limit bytes.
func text(s string, limit int) string {
	clean := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			clean = false
			break
		}
	}
	if !clean {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, ""))
	}
	return strings.TrimSpace(clip(strings.TrimSpace(s), limit))
}

// clip cuts valid UTF-8 between characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
