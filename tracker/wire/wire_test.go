package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/wire"
)

func TestToken(t *testing.T) {
	long := strings.Repeat("x", 70)
	for in, want := range map[string]string{
		"":                                     "",
		"null":                                 "",
		"undefined":                            "",
		"nu.ll":                                "", // as after a sanitiser before us
		"NULL":                                 "NULL",
		"badtoken\xAD":                         "badtoken",
		"A-b_9 é\x00":                          "A-b9",
		"[{@`^":                                "",
		"1F6F0B3C-9D1E-4C3A-8F00-ABCDEFABCDEF": "1F6F0B3C-9D1E-4C3A-8F00-ABCDEFABCDEF",
		long:                                   long[:64],
		"-." + long:                            "-" + long[:63],
	} {
		if got := wire.Token(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if got := wire.Token([]byte(in)); got != want {
			t.Errorf("%q as bytes: %q, want %q", in, got, want)
		}
	}
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"https://Shop.Example:8443/a?b#c":     "shop.example",
		"https://shop.example.":               "shop.example",
		"http://user:pass@host:1?x=://y":      "host",
		"https://[2001:DB8::1]:443/":          "2001:db8::1",
		"android-app://com.example.app/":      "com.example.app",
		"//shop.example/":                     "",
		"/path":                               "",
		"null":                                "",
		"":                                    "",
		"https://":                            "",
		"https:///x":                          "",
		"https://a\xffb/":                     "a\uFFFDb",
		"https://" + strings.Repeat("a", 300): "",
	} {
		if got := wire.Host(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestProxies(t *testing.T) {
	proxies, err := wire.ParseProxies([]string{"10.0.0.0/8", " 192.0.2.7", "2001:db8:ffff::/48", "loopback"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "203.0.113.9:1", []string{"1.1.1.1"}, "203.0.113.9"},
		{"one proxy", "10.1.2.3:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"hearsay before", "10.1.2.3:1", []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", "10.1.2.3:1", []string{"1.1.1.1, 203.0.113.9,192.0.2.7"}, "203.0.113.9"},
		{"two lines", "10.1.2.3:1", []string{"1.1.1.1", "203.0.113.9", "10.9.9.9"}, "203.0.113.9"},
		{"all trusted", "10.1.2.3:1", []string{"10.0.0.2, 10.0.0.3"}, "10.0.0.2"},
		{"no header", "10.1.2.3:1", nil, "10.1.2.3"},
		{"empty header", "10.1.2.3:1", []string{""}, "10.1.2.3"},
		{"nonsense", "10.1.2.3:1", []string{"203.0.113.9, unknown"}, "10.1.2.3"},
		{"nonsense behind a proxy", "10.1.2.3:1", []string{"203.0.113.9, x, 10.0.0.2"}, "10.0.0.2"},
		{"with port", "10.1.2.3:1", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"IPv6", "[2001:db8:ffff::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		{"IPv6 with port", "[::1]:1", []string{"[2001:db8::5]:80"}, "2001:db8::5"},
		{"IPv6 in brackets", "[::1]:1", []string{"[2001:db8::5]"}, "2001:db8::5"},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:1", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"zone", "[fe80::1%eth0]:1", []string{"1.1.1.1"}, "fe80::1"},
		{"unix socket", "@", []string{"203.0.113.9"}, "203.0.113.9"},
		{"unix socket alone", "@", nil, "invalid IP"},
		{"endless", "10.1.2.3:1", []string{"1.1.1.1," + strings.Repeat("10.0.0.1,", 500) + "10.0.0.2"}, "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			if c.forwarded != nil {
				r.Header["X-Forwarded-For"] = c.forwarded
			}
			if got := proxies.Client(r).String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {"1.1.1.1"}}}
	if got := (wire.Proxies{}).Client(r).String(); got != "127.0.0.1" {
		t.Errorf("without proxies %s", got)
	}
	for _, bad := range []string{"x", "10.0.0.0/33", "10.0.0"} {
		if _, err := wire.ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	private, _ := wire.ParseProxies([]string{"private", ""})
	r = &http.Request{RemoteAddr: "172.18.0.2:1", Header: http.Header{"X-Forwarded-For": {"192.168.1.5, 203.0.113.9, fd00::1"}}}
	if got := private.Client(r).String(); got != "203.0.113.9" {
		t.Errorf("private: %s", got)
	}
}

func TestAsker(t *testing.T) {
	r := httptest.NewRequest("POST", "/s/key/wake/hit?site=other", nil)
	r.RemoteAddr = "203.0.113.9:1"
	for k, v := range map[string]string{
		"User-Agent": "UA\xff", "Accept-Language": "de", "Sec-GPC": "1", "Origin": "null", "Referer": "https://Shop.example/x",
		"Sec-CH-UA": "1", "Sec-CH-UA-Mobile": "2", "Sec-CH-UA-Platform": "3", "Sec-CH-UA-Platform-Version": "4", "Sec-CH-UA-Model": "5", "Sec-CH-UA-Full-Version-List": "6", "Sec-CH-UA-Form-Factors": "7",
	} {
		r.Header.Set(k, v)
	}
	now := time.Unix(1, 0)
	var h tracker.Hit
	wire.Asker(&h, r, nil, now)
	if h.Received != now || h.Address.String() != "203.0.113.9" || h.UserAgent != "UA\uFFFD" || h.Language != "de" || !h.DoNotTrack || h.SiteKey != "key" || h.Host != "shop.example" ||
		h.Hints != (tracker.Hints{UA: "1", Mobile: "2", Platform: "3", PlatformVersion: "4", Model: "5", FullVersionList: "6", FormFactors: "7"}) {
		t.Errorf("%+v", h)
	}
	for target, want := range map[string]string{"/x?site=q": "q", "/x?a=b&site=%71": "q", "/x?xsite=q": "", "/s/p/x": "p", "/s/p": "", "/x": "", "/s//x?site=q": ""} {
		if got := wire.SiteKey(httptest.NewRequest("GET", target, nil)); got != want {
			t.Errorf("%s: %q", target, got)
		}
	}
	for _, dnt := range []string{"0", "", "unset"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("DNT", dnt)
		var h tracker.Hit
		if wire.Asker(&h, r, nil, now); h.DoNotTrack {
			t.Errorf("DNT %q", dnt)
		}
	}
}

func TestReadBody(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, 100_000} {
		for _, chunked := range []bool{false, true} {
			text := strings.Repeat("x", n)
			r := httptest.NewRequest("POST", "/", strings.NewReader(text))
			if chunked {
				r.ContentLength = -1
			}
			b, err := wire.ReadBody(r, n)
			if err != nil || string(b.Bytes) != text {
				t.Errorf("%d bytes: %d, %v", n, len(b.Bytes), err)
			}
			b.Free()
			if n == 0 {
				continue
			}
			r = httptest.NewRequest("POST", "/", strings.NewReader(text))
			if chunked {
				r.ContentLength = -1
			}
			b, err = wire.ReadBody(r, n-1)
			if wire.Status(err) != 413 {
				t.Errorf("%d bytes are no more than %d: %v", n, n-1, err)
			}
			b.Free()
		}
	}
	for want, failure := range map[int]error{400: io.ErrUnexpectedEOF, 408: fmt.Errorf("read: %w", os.ErrDeadlineExceeded), 413: &http.MaxBytesError{}} {
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("a"), failing{failure}))
		r.ContentLength = 10
		b, err := wire.ReadBody(r, 100)
		if got := wire.Status(err); got != want {
			t.Errorf("%v: %d, not %d", failure, got, want)
		}
		b.Free()
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestSlowBody: a server's read timeout ends a body that dribbles in.
func TestSlowBody(t *testing.T) {
	status := make(chan int, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := wire.ReadBody(r, 100)
		defer b.Free()
		status <- wire.Status(err)
	}))
	s.Config.ReadTimeout = 100 * time.Millisecond
	s.Start()
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nabc")
	if got := <-status; got != 408 {
		t.Errorf("status %d", got)
	}
}

func TestStatus(t *testing.T) {
	for want, errs := range map[int][]error{
		400: {wire.Malformed("x")},
		401: {&tracker.Error{Code: tracker.CodeUnauthorized}},
		403: {&tracker.Error{Code: tracker.CodeForbidden}, &tracker.Error{Code: tracker.CodeHostRefused}},
		404: {&tracker.Error{Code: tracker.CodeNotFound}},
		405: {wire.WrongMethod("POST")},
		409: {&tracker.Error{Code: tracker.CodeConflict}},
		413: {&tracker.Error{Code: tracker.CodeTooLarge}},
		415: {wire.WrongMediaType("x")},
		422: {tracker.Invalid("a", "b"), &tracker.Error{Code: tracker.CodeUnknownSite}, fmt.Errorf("deep: %w", tracker.Invalid("a", "b"))},
		429: {&tracker.Error{Code: tracker.CodeRateLimited}},
		500: {errors.New("x"), &tracker.Error{Code: tracker.CodeInternal}, &tracker.Error{Code: "new"}},
		503: {tracker.Unavailable(0, nil), context.Canceled, fmt.Errorf("x: %w", context.DeadlineExceeded)},
	} {
		for _, err := range errs {
			if got := wire.Status(err); got != want {
				t.Errorf("%v: %d, want %d", err, got, want)
			}
			for _, fail := range []func(http.ResponseWriter, error){wire.FailJSON, wire.FailText} {
				w := httptest.NewRecorder()
				fail(w, err)
				if w.Code != want || (w.Header().Get("Retry-After") != "") != (want == 429 || want == 503) {
					t.Errorf("%v: %d %v", err, w.Code, w.Header())
				}
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", time.Hour: "3600"} {
		h := http.Header{}
		wire.RetryAfter(h, tracker.Unavailable(wait, nil))
		if got := h.Get("Retry-After"); got != want {
			t.Errorf("%v: %s", wait, got)
		}
	}
}

func TestCORS(t *testing.T) {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Encoding")
		if !wire.CORS(w, r, "POST") {
			w.WriteHeader(299)
		}
	})
	ask := func(method string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		serve(w, r)
		return w
	}
	const allowed = "Content-Type, X-CSRF-Token, Authorization, Ahoy-Visit, Ahoy-Visitor"
	for _, c := range []struct {
		name                       string
		w                          *httptest.ResponseRecorder
		code                       int
		origin, credentials, allow string
		methods, headers, vary     string
	}{
		{"same origin", ask("POST"), 299, "", "", "", "", "", "[Accept-Encoding Origin]"},
		{"cross origin", ask("POST", "Origin", "https://a.example"), 299, "https://a.example", "true", "", "", "", "[Accept-Encoding Origin]"},
		{"opaque origin", ask("POST", "Origin", "null"), 299, "null", "true", "", "", "", "[Accept-Encoding Origin]"},
		{"preflight", ask("OPTIONS", "Origin", "https://a.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"), 204, "https://a.example", "true", "POST, OPTIONS", "POST", allowed + ", content-type", "[Accept-Encoding Origin Access-Control-Request-Headers]"},
		{"preflight without headers", ask("OPTIONS", "Origin", "https://a.example", "Access-Control-Request-Method", "POST"), 204, "https://a.example", "true", "POST, OPTIONS", "POST", allowed, "[Accept-Encoding Origin Access-Control-Request-Headers]"},
		{"preflight with nonsense", ask("OPTIONS", "Origin", "https://a.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "a:b"), 204, "https://a.example", "true", "POST, OPTIONS", "POST", allowed, "[Accept-Encoding Origin Access-Control-Request-Headers]"},
		{"plain OPTIONS", ask("OPTIONS"), 204, "", "", "POST, OPTIONS", "", "", "[Accept-Encoding Origin]"},
	} {
		h := c.w.Header()
		if c.w.Code != c.code || h.Get("Access-Control-Allow-Origin") != c.origin || h.Get("Access-Control-Allow-Credentials") != c.credentials || h.Get("Allow") != c.allow ||
			h.Get("Access-Control-Allow-Methods") != c.methods || h.Get("Access-Control-Allow-Headers") != c.headers || fmt.Sprint(h["Vary"]) != c.vary {
			t.Errorf("%s: %d %v", c.name, c.w.Code, h)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{"": "", "é": "é", "a\x00b": "a\uFFFDb", "a\xffb": "a\uFFFDb", "\xed\xa0\x80": "\uFFFD"} {
		if got := wire.Clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
