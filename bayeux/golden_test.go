package bayeux_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"wake/bayeux"
)

// TestGolden plays the conversations of testdata/*.txt with the server.
func TestGolden(t *testing.T) {
	forConversations(t, func(t *testing.T, c conversation) {
		url := startServer(t, bayeux.Options{})
		c.play(t, url, false)
	})
}

// TestGoldenFaye plays the same with npm faye's own server. Exchanges that are
// marked "differs" are where we mean to; there the answers must not agree.
func TestGoldenFaye(t *testing.T) {
	url := startNode(t, "faye-server.mjs", "--timeout", "45")
	forConversations(t, func(t *testing.T, c conversation) { c.play(t, url+"/faye", true) })
}

func forConversations(t *testing.T, f func(*testing.T, conversation)) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, parseConversation(t, string(b)))
		})
	}
}

// A conversation is a file of exchanges:
//
//	--- client [differs] [METHOD PATH [CONTENT-TYPE]]
//	what is sent (default: POST / application/json)
//	--- server [STATUS CONTENT-TYPE]
//	what comes back (default: 200 application/json; charset=utf-8)
//
// JSON is compared as JSON. "$A" in a place of its own stands for any string the
// first time, and for that string from then on. Lines with # between exchanges
// are comments.
type conversation []exchange

type exchange struct {
	line                int
	differs             bool
	method, path, ctype string
	send                string
	status, mediaType   string
	want                string
}

func parseConversation(t *testing.T, text string) (c conversation) {
	var e *exchange
	var into *string
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "--- client"):
			c = append(c, exchange{line: i + 1, method: "POST", path: "/", ctype: "application/json", status: "200", mediaType: "application/json"})
			e = &c[len(c)-1]
			into = &e.send
			f := strings.Fields(line)[2:]
			if len(f) > 0 && f[0] == "differs" {
				e.differs, f = true, f[1:]
			}
			if len(f) > 0 {
				e.method, e.path, e.ctype = f[0], f[1], strings.Join(f[2:], " ")
			}
		case strings.HasPrefix(line, "--- server"):
			into = &e.want
			if f := strings.Fields(line)[2:]; len(f) > 1 {
				e.status, e.mediaType = f[0], strings.TrimSuffix(f[1], ";")
			}
		case strings.HasPrefix(line, "#") || line == "":
		case into == nil:
			t.Fatalf("line %d: before the first --- client", i+1)
		default:
			*into += line
		}
	}
	return c
}

func (c conversation) play(t *testing.T, url string, faye bool) {
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	vars := map[string]string{}
	for _, e := range c {
		send := substitute(e.send, vars)
		req, err := http.NewRequest(e.method, url+strings.TrimSuffix(e.path, "/"), strings.NewReader(send))
		if strings.HasPrefix(e.path, "/?") {
			req, err = http.NewRequest(e.method, url+e.path[1:], nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.ctype != "" {
			req.Header.Set("Content-Type", e.ctype)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatalf("line %d: %v", e.line, err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		diff := e.compare(res, body, vars, faye)
		switch {
		case diff != "" && !(faye && e.differs):
			t.Errorf("line %d: %s\nsent %s\ngot  %s\nwant %s", e.line, diff, send, body, e.want)
		case diff == "" && faye && e.differs:
			t.Errorf("line %d: marked as different, but Faye answers the same: %s", e.line, body)
		}
	}
}

var jsonp = regexp.MustCompile(`^/\*\*/([\w.]+)\((.*)\);$`)

func (e exchange) compare(res *http.Response, body []byte, vars map[string]string, faye bool) string {
	if got := res.Status[:3]; got != e.status {
		return "status " + got + ", not " + e.status
	}
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, e.mediaType) {
		return "content type " + got
	}
	want, got := e.want, string(body)
	if e.status != "200" {
		if !strings.HasPrefix(got, want) {
			return "body"
		}
		return ""
	}
	if w := jsonp.FindStringSubmatch(want); w != nil {
		g := jsonp.FindStringSubmatch(got)
		if g == nil || g[1] != w[1] {
			return "callback"
		}
		want, got = w[2], g[2]
	}
	w, err := decode(want)
	if err != nil {
		return "the expectation is no JSON: " + err.Error()
	}
	g, err := decode(got)
	if err != nil {
		return "no JSON: " + err.Error()
	}
	if faye {
		withoutErrorInterval(w)
	}
	return same(g, w, vars)
}

func decode(s string) (v []any, err error) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber() // so that 1e400 is itself
	err = d.Decode(&v)
	return v, err
}

// withoutErrorInterval: Faye's advice on errors lacks the interval, which makes
// its clients come back in a tight loop. That we have one is tested elsewhere.
func withoutErrorInterval(ms []any) {
	for _, m := range ms {
		m := m.(map[string]any)
		if a, ok := m["advice"].(map[string]any); ok && m["successful"] == false {
			delete(a, "interval")
		}
	}
}

func same(got, want any, vars map[string]string) string {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return "not as many messages"
		}
		for i := range w {
			if d := same(g[i], w[i], vars); d != "" {
				return d
			}
		}
		return ""
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return "not an object"
		}
		for k := range g {
			if _, ok := w[k]; !ok {
				return "unexpected " + k
			}
		}
		for k, v := range w {
			if _, ok := g[k]; !ok {
				return k + " is missing"
			}
			if d := same(g[k], v, vars); d != "" {
				return k + ": " + d
			}
		}
		return ""
	case string:
		g, ok := got.(string)
		if !ok {
			return "not a string"
		}
		if len(w) > 1 && w[0] == '$' && vars[w] == "" {
			vars[w] = g
			return ""
		}
		if g != substitute(w, vars) {
			return g + " is not " + w
		}
		return ""
	default:
		if !reflect.DeepEqual(got, want) {
			return "another value"
		}
		return ""
	}
}

func substitute(s string, vars map[string]string) string {
	for k, v := range vars {
		s = strings.ReplaceAll(s, k, v)
	}
	return s
}

func TestCompareNotices(t *testing.T) {
	for _, want := range []string{`[{"a":1}]`, `[{"a":2,"b":1}]`, `[{"a":"1"}]`, `[]`, `[{"a":2},{"a":2}]`} {
		w, _ := decode(want)
		g, _ := decode(`[{"a":2}]`)
		if same(g, w, map[string]string{}) == "" {
			t.Errorf("%s taken for %s", want, `[{"a":2}]`)
		}
	}
	if !bytes.Equal([]byte(substitute("x$A", map[string]string{"$A": "1"})), []byte("x1")) {
		t.Error("substitute")
	}
}
