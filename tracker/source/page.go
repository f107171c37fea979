package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPathBytes bounds a page's path, query included.
const maxPathBytes = 1024

// Page gives the host and path by which a page counts, from its URL or only
// its path.
//
// The host is in lower case, without "www." and without port 80 or 443; "" if
// the URL has none. The path begins with "/", has neither fragment nor, unless
// keepQuery is set, a query, and no two spellings of one path: escapes of
// letters, digits and "-._~" are resolved, as are those of printable
// characters beyond ASCII, so that it can be read; all others are upper case.
// It is otherwise kept as it is, case, "index.html" and a slash at the end
// included: the site's server may tell those apart. It is cut, between
// characters, at 1,024 bytes. A query that is kept loses the parameters that
// speak of the way here (utm_…, click ids).
//
// Of what is no page (mailto:, about:, data:, a local file) both are "".
func Page(rawURL string, keepQuery bool) (host, path string) {
	l := split(rawURL)
	switch {
	case l.scheme == "file":
		return "", ""
	case l.scheme != "" && l.host == "":
		return "", ""
	}
	host = l.host
	if l.port != "" {
		host += ":" + l.port
	}
	host = Host(host)

	path = l.path
	if !isSlash(path, 0) {
		path = "/" + path
	}
	path, whole := normalize(path, maxPathBytes)
	if keepQuery && whole {
		query, _ := normalize(pageQuery(l.query), maxPathBytes-len(path)-1)
		if query != "" {
			path += "?" + query
		}
	}
	return host, path
}

// pageQuery leaves out the parameters that don't belong to the page.
func pageQuery(query string) string {
	var kept []string
	for range maxParams {
		if query == "" {
			break
		}
		pair, rest, _ := strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && !isTracking(strings.ToLower(strings.TrimPrefix(name, "amp;"))) {
			kept = append(kept, pair)
		}
		query = rest
	}
	return strings.Join(kept, "&")
}

// normalize writes a path or query in the one spelling that Page promises, as
// far as limit bytes go, and reports whether that is the whole of it.
func normalize(s string, limit int) (normal string, whole bool) {
	if len(s) <= limit && isNormal(s) {
		return s, true
	}
	b := make([]byte, 0, min(len(s)+16, max(limit, 0)))
	fits := func(n int) bool { return len(b)+n <= limit }
	for i := 0; i < len(s); {
		c := s[i]
		if escaped, ok := unhex(s, i); ok {
			r, size := unescapeRune(s[i:], escaped)
			switch {
			case r != utf8.RuneError && readable(r):
				if !fits(utf8.RuneLen(r)) {
					return string(b), false
				}
				b = utf8.AppendRune(b, r)
			default:
				size = 3
				if !fits(3) {
					return string(b), false
				}
				b = appendEscape(b, escaped)
			}
			i += size
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case r == utf8.RuneError && size == 1:
			// Not UTF-8: dropped.
		case c == '\\':
			if !fits(1) {
				return string(b), false
			}
			b = append(b, '/')
		case r < 0x80 && isURLByte(c) || r >= 0x80 && readable(r):
			if !fits(size) {
				return string(b), false
			}
			b = utf8.AppendRune(b, r)
		default:
			if !fits(3 * size) {
				return string(b), false
			}
			for _, c := range []byte(s[i-size : i]) {
				b = appendEscape(b, c)
			}
		}
	}
	return string(b), true
}

// unescapeRune reads the character that begins with an escape, and how many
// bytes of s it takes; utf8.RuneError if the escapes are not one character.
func unescapeRune(s string, first byte) (r rune, size int) {
	encoded := [utf8.UTFMax]byte{first}
	n := 1
	for n < utf8.UTFMax && !utf8.FullRune(encoded[:n]) {
		next, ok := unhex(s, 3*n)
		if !ok {
			break
		}
		encoded[n] = next
		n++
	}
	r, width := utf8.DecodeRune(encoded[:n])
	return r, 3 * width
}

// readable reports whether a character may stand unescaped where its escape
// stood: unreserved (RFC 3986 §2.3), or something to see beyond ASCII. Signs
// that can't be seen, such as those that turn the direction of writing, can't.
func readable(r rune) bool {
	if r < 0x80 {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-._~", r)
	}
	return r != utf8.RuneError && unicode.IsPrint(r)
}

// isURLByte reports whether a byte may stand as it is in a path or query.
func isURLByte(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}%#", rune(c))
}

func isNormal(s string) bool {
	for i := range len(s) {
		if !isURLByte(s[i]) {
			return false
		}
	}
	return true
}

func appendEscape(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}
