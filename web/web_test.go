package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func shop() http.Handler {
	return Handler(Config{Demo: true, DemoSite: func(host string) string {
		return map[string]string{"shop.example": "k1"}[host]
	}})
}

func TestBeaconIsServedToEveryOrigin(t *testing.T) {
	h := Handler(Config{ScriptName: "s.js", HitPath: `/q"uote</script>`})
	r := get(t, h, "/s.js")
	plain := body(t, r)
	if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/javascript") {
		t.Fatalf("%d %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"X-Content-Type-Options":       "nosniff",
		"Cache-Control":                scriptAge,
		"Vary":                         "Accept-Encoding",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if n := strings.Count(plain, `"/q\"uote\u003c/script\u003e"`); n != 1 {
		t.Errorf("the hit path is put in %d times", n)
	}
	if get(t, h, "/wake.js").StatusCode != 404 {
		t.Error("the usual name is served beside the configured one")
	}

	packed := get(t, h, "/s.js", "Accept-Encoding", "br, gzip;q=0.8")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || string(unpacked) != plain {
		t.Error("compressed, it is another script")
	}
	if r.Header.Get("ETag") == packed.Header.Get("ETag") {
		t.Error("both forms have one ETag")
	}
	if again := get(t, h, "/s.js", "If-None-Match", r.Header.Get("ETag")); again.StatusCode != 304 || body(t, again) != "" {
		t.Errorf("the known form is answered %d", again.StatusCode)
	}
}

// Both forms of the beacon have the default path in exactly one place, where
// the configured one goes.
func TestBeaconFormsNameTheHitPathOnce(t *testing.T) {
	for _, name := range []string{"beacon/wake.js", "dist/wake.js"} {
		source, err := files.ReadFile(name)
		if err != nil {
			t.Logf("%s was not built", name)
			continue
		}
		if n := len(regexp.MustCompile("['\"`]"+defaultHitPath+"['\"`]").FindAll(source, -1)); n != 1 {
			t.Errorf("%s: %d", name, n)
		}
	}
	if !bytes.Contains(beaconSource("/wake/hit"), []byte(`"/wake/hit"`)) {
		t.Error("the default path is lost")
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br": false, "br, gzip": true, "*": true,
		"gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=0.5": true, "gzip; q=1.0": true, "xgzip": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func TestWelcomeSaysWhatToDo(t *testing.T) {
	page := body(t, get(t, shop(), "http://wake.example:8080/"))
	for _, want := range []string{"http://wake.example:8080/wake.js", `href="/demo/"`, "site add", "key add --scope read"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if built := Built(); strings.Contains(page, "make build") == built {
		t.Errorf("built %v, but the page says otherwise", built)
	}
	bare := Handler(Config{})
	if strings.Contains(body(t, get(t, bare, "/")), "/demo/") || get(t, bare, "/demo/").StatusCode != 404 {
		t.Error("the demo is there though it was not asked for")
	}
	if page := body(t, get(t, bare, `http://a"><script>alert(1)<x/`)); strings.Contains(page, "<script>alert") {
		t.Error("the host is not escaped")
	}
}

// Every page that can be reached by links carries the snippet, and no link
// leads nowhere.
func TestDemoHasNoDeadLinks(t *testing.T) {
	h := shop()
	link := regexp.MustCompile(`(?:href|src|action)="(/[^"#?]*)`)
	seen := map[string]bool{}
	queue := []string{"/demo/"}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if seen[path] {
			continue
		}
		seen[path] = true
		r := get(t, h, "http://shop.example"+path)
		if r.StatusCode != 200 {
			t.Errorf("%s: %d", path, r.StatusCode)
			continue
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			continue
		}
		page := body(t, r)
		if strings.HasPrefix(path, "/demo") && !strings.Contains(page, `<script defer src="/wake.js" data-site="k1"></script>`) {
			t.Errorf("%s: no snippet", path)
		}
		for _, found := range link.FindAllStringSubmatch(page, -1) {
			queue = append(queue, found[1])
		}
	}
	for _, path := range []string{"/demo/cart", "/demo/thanks", "/demo/help", "/demo/assets/care-guide.pdf", "/demo/lookbook/fog", "/demo/p/TW-1"} {
		if !seen[path] {
			t.Errorf("nothing leads to %s", path)
		}
	}
}

func TestDemoPages(t *testing.T) {
	h := shop()
	for _, test := range []struct {
		path   string
		status int
		want   string
		not    string
	}{
		{"/demo", 301, "", ""},
		{"/demo/p/none", 404, "Adrift", ""},
		{"/demo/c/none", 404, "Adrift", ""},
		{"/demo/nowhere", 404, "Adrift", ""},
		{"/demo/lookbook/any/where", 200, "data-lookbook", ""},
		{"/demo/search?q=brass", 200, "Brass lantern", "Enamel mug"},
		{"/demo/search?q=%3Cscript%3Ealert(1)%3C/script%3E", 200, "&lt;script&gt;", "<script>alert"},
		{"/demo/p/AH-1", 200, `data-wake-prop-price="14.50"`, ""},
		{"/demo/c/to-wear", 200, "Watch cap", "Enamel mug"},
		{"/demo/assets/", 404, "", "care-guide"},
	} {
		r := get(t, h, "http://shop.example"+test.path)
		page := body(t, r)
		if r.StatusCode != test.status || !strings.Contains(page, test.want) || test.not != "" && strings.Contains(page, test.not) {
			t.Errorf("%s: %d\n%s", test.path, r.StatusCode, page)
		}
	}
	if page := body(t, get(t, h, "http://other.example/demo/")); strings.Contains(page, "data-site") {
		t.Error("a host without a site names one")
	}
	if csp := get(t, h, "/demo/").Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
}

func TestFayeClient(t *testing.T) {
	source, err := FayeClient()
	if Built() != (err == nil) || err == nil && !bytes.Contains(source, []byte("Faye")) {
		t.Errorf("%v, %d bytes", err, len(source))
	}
}
