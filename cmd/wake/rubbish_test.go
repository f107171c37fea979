package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// rubbish makes requests that nobody should send: good ones with parts cut,
// doubled, swapped or replaced.
type rubbish struct {
	*rand.Rand
	key string
}

func newRubbish(key string) rubbish {
	return rubbish{rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), key}
}

func pick[T any](r rubbish, list ...T) T { return list[r.IntN(len(list))] }

// request is one; whole says that the server has no reason to wait for more.
func (r rubbish) request() (raw []byte, whole bool) {
	body, contentType := r.body()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", pick(r, "POST", "POST", "POST", "POST", "GET", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "BREW", "post"),
		r.path(), pick(r, "shop.example", "localhost", "[::1]:80", "a b", "\xff", ""))
	if r.IntN(4) > 0 {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", contentType)
	}
	for range r.IntN(5) {
		fmt.Fprintf(&b, "%s: %s\r\n", pick(r, "Origin", "Referer", "User-Agent", "Accept-Language", "Cookie", "X-Forwarded-For", "Ahoy-Visit", "Ahoy-Visitor",
			"Dnt", "Sec-Ch-Ua", "Sec-Ch-Ua-Full-Version-List", "Sec-Ch-Ua-Platform", "Access-Control-Request-Method", "Access-Control-Request-Headers",
			"Content-Encoding", "Expect", "Upgrade", "Connection", "Range", "If-None-Match", "Forwarded"), r.text())
	}
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "Authorization: %s\r\n", pick(r, "Bearer "+r.key, "Bearer "+r.key, "Bearer", "Basic x", r.text()))
	}
	switch r.IntN(8) {
	case 0:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		n := pick(r, len(body), len(body), len(body)+1, 1<<30)
		fmt.Fprintf(&b, "%x\r\n%s\r\n0\r\n\r\n", n, body)
		return b.Bytes(), n == len(body) && n > 0
	case 1:
		whole = false
		fmt.Fprintf(&b, "Content-Length: %s\r\n\r\n", pick(r, "0", "1", "-1", "x", fmt.Sprint(len(body)+10), "99999999999999999999"))
	default:
		whole = true
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(body))
	}
	b.Write(body)
	if r.IntN(50) == 0 {
		return r.damage(b.Bytes()), false
	}
	return b.Bytes(), whole
}

func (r rubbish) path() string {
	p := pick(r, "/wake/hit", "/ahoy/events", "/ahoy/visits", "/api/v1/hits", "/api/v1/visits", "/api/v1/visits/1", "/api/v1/visits/1/events",
		"/api/v1/sites", "/wake/pixel.gif", "/wake.js", "/s/x/wake/hit", "/s/x/ahoy/events", "/s/x/wake/pixel.gif", "/demo/", "/demo/p/x", "/demo/search",
		"/metrics", "/readyz", "/", "/ahoy/", "/api/", "/..%2f..%2fetc/passwd", "/s/%00/wake/hit", "/"+r.token())
	for i := range r.IntN(4) {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		p += sep + pick(r, "site", "url", "cursor", "limit", "from", "to", "visitor_id", "user_id", "bots", "name", "properties[a][b]", "events[][name]",
			"visit_token", "visitor_token", "title", "referrer", "q", "%", "a[b", "") + pick(r, "=", "=", "") + r.token()
	}
	return p
}

// token is a word that fits into a request line.
func (r rubbish) token() string {
	return pick(r, "", "1", "-1", "0", "true", "null", "undefined", "NaN", "9223372036854775807", "9223372036854775808", "%00", "%ff", "%zz", "%F0%9F%A6%86", "a%20b",
		"2026-01-31T08:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "https://shop.example/?utm_source=x", "'%20OR%201=1--", strings.Repeat("x", r.IntN(3000)))
}

// text is a header's value.
func (r rubbish) text() string {
	return pick(r, "", "1", "*/*", "null", "https://shop.example", "https://\xff\xfe", "gzip", "100-continue", "websocket", "close", "bytes=0-", "203.0.113.9, , x",
		`"Chromium";v="126", "Not)A;Brand`, "en;q=x,,zh", "ahoy_visit=%ff; ahoy_visitor", "Mozilla/5.0 (", "\x01\x02", strings.Repeat("(", r.IntN(3000)), strings.Repeat("é", r.IntN(900)))
}

const form = "--b\r\nContent-Disposition: form-data; name=\"visit_token\"\r\n\r\nv\r\n--b\r\nContent-Disposition: form-data; name=\"visitor_token\"\r\n\r\nw\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"events_json\"\r\n\r\n[{\"name\":\"x\"}]\r\n--b--\r\n"

// body is a body of some wire, damaged more often than not, and a type that
// may not be its own.
func (r rubbish) body() (body []byte, contentType string) {
	body = []byte(pick(r, "", "null", "[]", "{}", "[null]", `{"hits":[`+view+`,null,5]}`, view,
		`{"visit_token":"v","visitor_token":"w","events":[{"name":"x","time":1e308,"id":5,"properties":{"a":[1e999,"\u0000","\ud800"]}}]}`,
		`{"visit_token":"v","visitor_token":"w","landing_page":"http://[::1","referrer":"://","screen":[1e9,-1],"screen_width":"x","traits":[],"user_id":{},"events":{}}`,
		`{"events":[{"name":"$view","url":"https://\ufffe/","revenue":"1e9","currency":"€€€","engaged_ms":-9223372036854775808}],"sent":-1e300}`,
		`[{"name":"x"}]`, "events_json=%5B%7B%22name%22%3A%22x%22%7D%5D&visit_token=v&visitor_token=w", "a[b][][c]=1&events[][name]=x&events[name]=y&visit_token=v&visitor_token=w",
		form, strings.Repeat("[", 1+r.IntN(9000)), `{"hits":[`+strings.Repeat("{},", r.IntN(1200))+`{}]}`, strings.Repeat(`{"a":`, 2000)))
	contentType = pick(r, "application/json", "text/plain", "multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "multipart/form-data",
		"multipart/form-data; boundary=", "application/json; charset=utf-16", "application/vnd.api+json", "image/png", "x", "")
	if r.IntN(3) > 0 {
		body = r.damage(body)
	}
	return body, contentType
}

// damage cuts, doubles or overwrites a piece.
func (r rubbish) damage(b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			return b
		}
		i := r.IntN(len(b))
		j := i + r.IntN(min(len(b)-i, 16)+1)
		switch r.IntN(4) {
		case 0:
			b = append(b[:i], b[j:]...)
		case 1:
			b = append(b[:j:j], b[i:]...)
		case 2:
			b[i] = byte(r.Uint32())
		case 3:
			b = append(b[:i:i], append([]byte(pick(r, "\x00", "\xff", `"`, "{", "]", ",", `\ud800`, "1e400", "-0", "\r\n", "--b")), b[i:]...)...)
		}
	}
	return b
}
