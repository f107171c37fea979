package ahoy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/wire"
)

// fake collects nothing but remembers the hits.
type fake struct {
	hits    []*tracker.Hit
	receipt tracker.Receipt
	err     error
}

func (f *fake) Collect(_ context.Context, h *tracker.Hit) (tracker.Receipt, error) {
	if h.Visit == nil && len(h.Events) == 0 {
		panic("nothing to collect")
	}
	f.hits = append(f.hits, h)
	r := f.receipt
	if r.VisitToken == "" {
		r.VisitToken, r.VisitorToken = h.VisitToken, h.VisitorToken
	}
	return r, f.err
}

func (f *fake) events() (all []tracker.HitEvent) {
	for _, h := range f.hits {
		all = append(all, h.Events...)
	}
	return all
}

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func post(t *testing.T, h http.Handler, path, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	form     = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

func values(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

var bothTokens = []string{"visit_token", "v1", "visitor_token", "w1"}

func tokensAnd(pairs ...string) string { return values(append(slices.Clone(bothTokens), pairs...)...) }

func formData(pairs ...string) (contentType, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		_ = w.WriteField(pairs[i], pairs[i+1])
	}
	_ = w.Close()
	return w.FormDataContentType(), b.String()
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Fatalf("got %d %q, want %d %q", w.Code, w.Body, status, body)
	}
	typ := "application/json; charset=utf-8"
	if status != 200 {
		typ = "text/plain; charset=utf-8"
	}
	if got := w.Header().Get("Content-Type"); got != typ {
		t.Errorf("Content-Type %q", got)
	}
}

// TestAPI is Ahoy's test/api_test.rb, as far as the wire alone decides; the
// rest is in conformance_test.go.
func TestAPI(t *testing.T) {
	setup := func(o ahoy.Options) (*fake, http.Handler) {
		f := &fake{}
		o.Now = func() time.Time { return now }
		return f, ahoy.New(f, o)
	}
	t.Run("test_visit", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		w := post(t, h, "/ahoy/visits", form, tokensAnd())
		want(t, w, 200, `{"visit_token":"v1","visitor_token":"w1","visit_id":"v1","visitor_id":"w1"}`)
		if len(f.hits) != 1 || f.hits[0].VisitToken != "v1" || f.hits[0].VisitorToken != "w1" || f.hits[0].Visit == nil {
			t.Errorf("%+v", f.hits)
		}
	})
	t.Run("test_event", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		w := post(t, h, "/ahoy/events", form, tokensAnd("events_json", `[{"id":"e1","name":"Test","properties":{},"time":1777896000.0}]`))
		want(t, w, 200, "{}")
		if e := f.events(); len(e) != 1 || e[0].Name != "Test" || e[0].ID != "e1" || !e[0].Time.Equal(now) || f.hits[0].Visit != nil || !f.hits[0].StampNow {
			t.Errorf("%+v", e)
		}
	})
	t.Run("test_event_params", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		want(t, post(t, h, "/ahoy/events", form, tokensAnd("name", "Test", "properties[a]", "1", "time", "1777896000.5")), 200, "{}")
		if e := f.events(); len(e) != 1 || e[0].Name != "Test" || string(e[0].Properties) != `{"a":"1"}` || !e[0].Time.Equal(now.Add(500*time.Millisecond)) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("test_event_bad_json", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		w := post(t, h, "/ahoy/events", form, tokensAnd("events_json", "bad"))
		want(t, w, 200, "{}")
		if len(f.hits) != 0 || w.Header().Get("X-Wake-Error") == "" {
			t.Errorf("%v %v", f.hits, w.Header())
		}
	})
	t.Run("test_event_bad_array", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		want(t, post(t, h, "/ahoy/events", form, tokensAnd("events_json", "null")), 400, "Invalid parameters\n")
		if len(f.hits) != 0 {
			t.Error(f.hits)
		}
	})
	t.Run("test_event_bad_element", func(t *testing.T) {
		for _, list := range []string{`[null]`, `[{"name":"a"},null]`, `[null,{"name":"a"}]`, `[[]]`, `["a"]`, `{}`, `{"name":"a"}`, `1`, `"a"`} {
			f, h := setup(ahoy.Options{})
			want(t, post(t, h, "/ahoy/events", form, tokensAnd("events_json", list)), 400, "Invalid parameters\n")
			if len(f.hits) != 0 {
				t.Error(list, f.hits)
			}
		}
	})
	t.Run("test_renew_cookies", func(t *testing.T) {
		_, h := setup(ahoy.Options{})
		w := post(t, h, "/ahoy/visits", form, tokensAnd("js", "true"))
		if got := cookieNames(w); !slices.Equal(got, []string{"ahoy_visit"}) {
			t.Errorf("%v", got)
		}
		for _, path := range []string{"/ahoy/visits", "/ahoy/events"} { // without js
			w = post(t, h, path, form, tokensAnd("name", "a"))
			if got := cookieNames(w); len(got) != 0 {
				t.Errorf("%s sets %v", path, got)
			}
		}
	})
	t.Run("test_max_content_length", func(t *testing.T) {
		f, h := setup(ahoy.Options{MaxContentLength: 1})
		for _, path := range []string{"/ahoy/visits", "/ahoy/events"} {
			want(t, post(t, h, path, form, tokensAnd()), 413, "Payload too large\n")
		}
		if len(f.hits) != 0 {
			t.Error(f.hits)
		}
	})
	t.Run("test_max_events_per_request", func(t *testing.T) {
		f, h := setup(ahoy.Options{MaxEventsPerRequest: 5})
		list := "[" + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 9), ",") + ",null]"
		want(t, post(t, h, "/ahoy/events", form, tokensAnd("events_json", list)), 200, "{}")
		if n := len(f.events()); n != 5 {
			t.Error(n)
		}
	})
	t.Run("test_missing_params", func(t *testing.T) {
		f, h := setup(ahoy.Options{})
		want(t, post(t, h, "/ahoy/events", form, ""), 400, "Missing required parameters\n")
		want(t, post(t, h, "/ahoy/events", "", ""), 400, "Missing required parameters\n")
		want(t, post(t, h, "/ahoy/visits", jsonType, `{"visit_token":"a"}`), 400, "Missing required parameters\n")
		want(t, post(t, h, "/ahoy/visits", jsonType, `{"visitor_token":"a"}`), 400, "Missing required parameters\n")
		want(t, post(t, h, "/ahoy/events", form, values("events_json", "null")), 400, "Missing required parameters\n")
		want(t, post(t, h, "/ahoy/events", form, "", "Cookie", "ahoy_visit=a; ahoy_visitor=b"), 400, "Missing required parameters\n")
		if len(f.hits) != 0 {
			t.Error(f.hits)
		}
	})
}

func cookieNames(w *httptest.ResponseRecorder) (names []string) {
	for _, c := range w.Result().Cookies() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// TestBodies is where events may stand, and in which order they count.
func TestBodies(t *testing.T) {
	const tokens = `"visit_token":"v1","visitor_token":"w1"`
	inHeader := []string{"Ahoy-Visit", "v1", "Ahoy-Visitor", "w1"}
	mp, mpBody := formData("visit_token", "v1", "visitor_token", "w1", "authenticity_token", "x==", "events_json", `[{"id":"e","name":"A \u00e9","properties":{"b":[1,{"c":null}]},"time":1777896000.123,"js":true}]`)
	nested, nestedBody := formData("visit_token", "v1", "visitor_token", "w1", "events[][name]", "A", "events[][properties][x]", "1", "events[][name]", "B")
	for _, c := range []struct {
		name, path, contentType, body string
		headers                       []string
		status                        int
		answer                        string
		names                         []string
		properties                    string // of the first
	}{
		{name: "beacon", contentType: mp, body: mpBody, names: []string{"A é"}, properties: `{"b":[1,{"c":null}]}`},
		{name: "multipart nested", contentType: nested, body: nestedBody, names: []string{"A", "B"}, properties: `{"x":"1"}`},
		{name: "xhr", contentType: jsonType, body: `{"events":[{"name":"A","properties":{"x":1}}],` + tokens + `}`, names: []string{"A"}, properties: `{"x":1}`},
		{name: "jquery", contentType: "application/json; charset=utf-8", body: `{"events":[{"name":"A"},{"name":"B"}],` + tokens + `}`, names: []string{"A", "B"}},
		{name: "ios content type", contentType: " application/json; charset=utf-8", body: `{"events":[{"name":"A","user_id":"9","time":"2026-05-04T11:59:59Z"}],` + tokens + `}`, headers: inHeader, names: []string{"A"}},
		{name: "bare array", contentType: jsonType, body: `[{"name":"A"},{"name":"B","properties":{"x":"y"}}]`, headers: inHeader, names: []string{"A", "B"}},
		{name: "bare array as text", contentType: "text/plain;charset=UTF-8", body: `[{"name":"A"}]`, headers: inHeader, names: []string{"A"}},
		{name: "bare array, no tokens", contentType: jsonType, body: `[{"name":"A"}]`, status: 400, answer: "Missing required parameters\n"},
		{name: "object as text", contentType: "text/plain", body: `{"events":[{"name":"A"}]}`, headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "text", contentType: "text/plain", body: `hello`, headers: inHeader},
		{name: "nothing", contentType: "text/plain", headers: inHeader},
		{name: "empty json", contentType: jsonType, headers: inHeader},
		{name: "json without events", contentType: jsonType, body: `{` + tokens + `}`, status: 400, answer: "Invalid parameters\n"},
		{name: "json scalar", contentType: jsonType, body: `5`, headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "malformed json", contentType: jsonType, body: `{"events":[`, headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "events no array", contentType: jsonType, body: `{"events":{"name":"A"},` + tokens + `}`, status: 400, answer: "Invalid parameters\n"},
		{name: "events a string", contentType: form, body: tokensAnd("events", "A"), status: 400, answer: "Invalid parameters\n"},
		{name: "events empty", contentType: jsonType, body: `{"events":[],` + tokens + `}`},
		{name: "events null, then events_json", contentType: jsonType, body: `{"events":null,"events_json":"[{\"name\":\"A\"}]",` + tokens + `}`, names: []string{"A"}},
		{name: "name before events", contentType: jsonType, body: `{"events":[{"name":"B"}],"name":"A","properties":{"x":1},` + tokens + `}`, names: []string{"A"}, properties: `{"x":1}`},
		{name: "events before events_json", contentType: jsonType, body: `{"events_json":"[]","events":[{"name":"A"}],` + tokens + `}`, names: []string{"A"}},
		{name: "name in query before body", path: "/ahoy/events?name=A", contentType: jsonType, body: `{"events":[{"name":"B"}],` + tokens + `}`, names: []string{"A"}},
		{name: "body over query", path: "/ahoy/events?name=B&visit_token=x", contentType: form, body: tokensAnd("name", "A"), names: []string{"A"}},
		{name: "form events", contentType: form, body: tokensAnd("events[][name]", "A") + "&events%5B%5D%5Bname%5D=B&events[][properties][k][]=1&events[][properties][k][]=2", names: []string{"A", "B"}},
		{name: "form contradicts itself", contentType: form, body: tokensAnd() + "&properties[a]=1&properties[a][b]=2", status: 400, answer: "Invalid parameters\n"},
		{name: "form badly encoded", contentType: form, body: "name=%zz", headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "multipart without boundary", contentType: "multipart/form-data", body: "x", headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "multipart cut off", contentType: mp, body: mpBody[:len(mpBody)-30], headers: inHeader, status: 400, answer: "Invalid parameters\n"},
		{name: "name a number", contentType: jsonType, body: `{"events":[{"name":12}],` + tokens + `}`, names: []string{"12"}},
		{name: "properties no object", contentType: jsonType, body: `{"events":[{"name":"A","properties":[1]}],` + tokens + `}`, names: []string{"A"}},
		{name: "properties as text", contentType: jsonType, body: `{"events":[{"name":"A","properties":"{\"x\":1}"}],` + tokens + `}`, names: []string{"A"}, properties: `{"x":1}`},
		{name: "properties too deep", contentType: jsonType, body: `{"events":[{"name":"A","properties":{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}}],` + tokens + `}`, names: []string{"A"}},
		{name: "properties mended", contentType: jsonType, body: `{"events":[{"name":"A\u0000","properties":{"a":"\u0000\ud800","n":1e999999}}],` + tokens + `}`, names: []string{"A\uFFFD"}, properties: "{\"a\":\"\uFFFD\uFFFD\",\"n\":null}"},
		{name: "amp", path: "/ahoy/events?name=%24view&properties[url]=https%3A%2F%2Famp.example%2Fa&properties[title]=T&screen_width=400&screen_height=800&platform=Web&landing_page=https%3A%2F%2Famp.example%2Fa%3Futm_source%3Dx&referrer=https%3A%2F%2Fr.example%2F&random=0.5&visit_token=v1&visitor_token=w1",
			names: []string{"$view"}, properties: `{"title":"T","url":"https://amp.example/a"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			if c.path == "" {
				c.path = "/ahoy/events"
			}
			if c.status == 0 {
				c.status, c.answer = 200, "{}"
			}
			h := ahoy.New(f, ahoy.Options{Now: func() time.Time { return now }})
			want(t, post(t, h, c.path, c.contentType, c.body, c.headers...), c.status, c.answer)
			var names []string
			for _, e := range f.events() {
				names = append(names, e.Name)
			}
			if !slices.Equal(names, c.names) {
				t.Fatalf("events %q, want %q", names, c.names)
			}
			if len(names) > 0 {
				if got := string(f.events()[0].Properties); got != c.properties {
					t.Errorf("properties %s, want %s", got, c.properties)
				}
				if h := f.hits[0]; h.VisitToken != "v1" || h.VisitorToken != "w1" {
					t.Errorf("tokens %q %q", h.VisitToken, h.VisitorToken)
				}
			}
			if c.name == "amp" {
				h := f.hits[0]
				if h.Visit == nil || h.Visit.LandingPage != "https://amp.example/a?utm_source=x" || h.Visit.ScreenWidth != 400 || h.Visit.Referrer == "" {
					t.Errorf("%+v", h.Visit)
				}
				if e := h.Events[0]; e.URL != "https://amp.example/a" || e.Title != "T" {
					t.Errorf("%+v", e)
				}
			}
			if c.name == "beacon" && !f.events()[0].Time.Equal(now.Add(123*time.Millisecond)) {
				t.Error(f.events()[0].Time)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		name    string
		options ahoy.Options
		body    string
		headers []string
		visit   string
		visitor string
		status  int
	}{
		{name: "test_bad_visit_header", body: values("visitor_token", "w1"), headers: []string{"Ahoy-Visit", "badtoken\xAD"}, visit: "badtoken", visitor: "w1"},
		{name: "test_bad_visitor_header", body: values("visit_token", "v1"), headers: []string{"Ahoy-Visitor", "badtoken\xAD"}, visit: "v1", visitor: "badtoken"},
		{name: "test_bad_visit_cookie", options: ahoy.Options{IgnoreForgery: true}, body: values("visitor_token", "w1"), headers: []string{"Cookie", "ahoy_visit=badtoken\xAD"}, visit: "badtoken", visitor: "w1"},
		{name: "test_bad_visitor_cookie", options: ahoy.Options{IgnoreForgery: true}, body: values("visit_token", "v1"), headers: []string{"Cookie", "x=y; ahoy_visitor=badtoken%AD"}, visit: "v1", visitor: "badtoken"},
		{name: "header over body", body: tokensAnd(), headers: []string{"Ahoy-Visit", "hv", "Ahoy-Visitor", "hw"}, visit: "hv", visitor: "hw"},
		{name: "header over cookie over body", options: ahoy.Options{IgnoreForgery: true}, body: tokensAnd(), headers: []string{"Ahoy-Visit", "hv", "Cookie", "ahoy_visit=cv; ahoy_visitor=cw"}, visit: "hv", visitor: "cw"},
		{name: "upper case", body: values("visit_token", "1F6F0B3C-9D1E-4C3A-8F00-ABCDEFABCDEF", "visitor_token", "X"), visit: "1F6F0B3C-9D1E-4C3A-8F00-ABCDEFABCDEF", visitor: "X"},
		{name: "long", body: values("visit_token", strings.Repeat("a.b", 40), "visitor_token", "w"), visit: strings.Repeat("ab", 32), visitor: "w"},
		{name: "null as browsers without cookies send it", body: values("visit_token", "null", "visitor_token", "undefined")},
		{name: "empty", body: values("visit_token", "", "visitor_token", "!?")},
		{name: "empty header", body: tokensAnd(), headers: []string{"Ahoy-Visit", ""}, visit: "v1", visitor: "w1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{receipt: tracker.Receipt{VisitToken: "dv", VisitorToken: "dw"}}
			w := post(t, ahoy.New(f, c.options), "/ahoy/visits", form, c.body, c.headers...)
			if w.Code != 200 || len(f.hits) != 1 {
				t.Fatal(w.Code, w.Body)
			}
			if h := f.hits[0]; h.VisitToken != c.visit || h.VisitorToken != c.visitor {
				t.Errorf("got %q %q", h.VisitToken, h.VisitorToken)
			}
			want(t, w, 200, `{"visit_token":"dv","visitor_token":"dw","visit_id":"dv","visitor_id":"dw"}`)
		})
	}
	t.Run("null in JSON", func(t *testing.T) { // ahoy.js by XHR in a browser without cookies
		f := &fake{}
		want(t, post(t, ahoy.New(f, ahoy.Options{}), "/ahoy/events", jsonType, `{"events":[{"name":"A"}],"visit_token":null,"visitor_token":null}`), 200, "{}")
		if h := f.hits[0]; h.VisitToken != "" || h.VisitorToken != "" {
			t.Errorf("%+v", h)
		}
	})
	t.Run("test_token_generator", func(t *testing.T) {
		f, n := &fake{}, 0
		h := ahoy.New(f, ahoy.Options{IgnoreForgery: true, TokenGenerator: func() string { n++; return fmt.Sprintf("token-%d", n) }})
		w := post(t, h, "/ahoy/visits", form, "js=true")
		want(t, w, 200, `{"visit_token":"token-1","visitor_token":"token-2","visit_id":"token-1","visitor_id":"token-2"}`)
		if got := cookieNames(w); !slices.Equal(got, []string{"ahoy_visit", "ahoy_visitor"}) {
			t.Error(got)
		}
	})
}

// TestNative is what the Android SDK sends: UTM and the like at the top
// level, and a user agent of the device, as the header has the library's.
func TestNative(t *testing.T) {
	const agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36"
	body := `{"visit_token":"V","visitor_token":"W","platform":"Android","app_version":"1.2","os_version":"14","os":"Android","user_agent":"` + agent + `","landing_page":"?utm_source=x","utm_source":"x","screen_width":412,"screen_height":915}`
	for header, want := range map[string]string{"okhttp/4.12.0": agent, "": agent, "Mozilla/5.0 (own)": "Mozilla/5.0 (own)"} {
		f := &fake{}
		if w := post(t, ahoy.New(f, ahoy.Options{}), "/ahoy/visits", jsonType, body, "User-Agent", header); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
		if h := f.hits[0]; h.UserAgent != want || h.Visit.Platform != "Android" || h.Visit.UTMSource != "x" || h.Visit.ScreenWidth != 412 || h.Visit.OSVersion != "14" || h.Visit.LandingPage != "?utm_source=x" {
			t.Errorf("%+v %+v", h, h.Visit)
		}
	}
	// saveExtras sends no tokens.
	want(t, post(t, ahoy.New(&fake{}, ahoy.Options{}), "/ahoy/visits", jsonType, `{"utm_source":"x"}`), 400, "Missing required parameters\n")
}

func TestPages(t *testing.T) {
	for _, c := range []struct{ event, referer, url, title string }{
		{`{"name":"$view","properties":{"url":"https://a.example/x?y","title":"T","page":"/x"}}`, "", "https://a.example/x?y", "T"},
		{`{"name":"$view","properties":{"page":"/x"}}`, "", "/x", ""},
		{`{"name":"$click","properties":{"page":"/x"}}`, "http://example.com/from", "/x", ""},
		{`{"name":"$click","properties":{"page":"shop#index"}}`, "http://example.com/from", "http://example.com/from", ""},
		{`{"name":"Own","properties":{"page":"/x","url":"/y"}}`, "", "", ""},
		{`{"name":"Own"}`, "http://example.com/from?a", "http://example.com/from?a", ""},
		{`{"name":"Own"}`, "https://other.example/", "", ""}, // cut to its origin by the browser
	} {
		f := &fake{}
		want(t, post(t, ahoy.New(f, ahoy.Options{}), "/ahoy/events", jsonType, `{"visit_token":"v","visitor_token":"w","events":[`+c.event+`]}`, "Referer", c.referer), 200, "{}")
		if e := f.events()[0]; e.URL != c.url || e.Title != c.title {
			t.Errorf("%s: %q %q", c.event, e.URL, e.Title)
		}
	}
}

// TestHitsOutlive: a hit is kept (in a batch, in the live stream) after its
// request's buffer went to another.
func TestHitsOutlive(t *testing.T) {
	multi, multiBody := formData("visit_token", "v-aaaaaa", "visitor_token", "w-aaaaaa", "events_json", `[{"id":"id-aaa","name":"aaaaaaa","properties":{"aaa":"aaaaaaaa"}}]`)
	for contentType, body := range map[string]string{
		multi:    multiBody,
		jsonType: `{"visit_token":"v-aaaaaa","visitor_token":"w-aaaaaa","landing_page":"aaaa","events":[{"id":"id-aaa","name":"aaaaaaa","properties":{"aaa":"aaaaaaaa"}}]}`,
		form:     values("visit_token", "v-aaaaaa", "visitor_token", "w-aaaaaa", "landing_page", "aaaa", "events_json", `[{"id":"id-aaa","name":"aaaaaaa","properties":{"aaa":"aaaaaaaa"}}]`),
	} {
		f := &fake{}
		h := ahoy.New(f, ahoy.Options{})
		want(t, post(t, h, "/ahoy/events", contentType, body), 200, "{}")
		before := fmt.Sprintf("%+v", f.hits[0].Events)
		for range 20 {
			post(t, h, "/ahoy/events", contentType, strings.ReplaceAll(strings.ReplaceAll(body, "aaa", "bbb"), "events_bbb", "events_aaa"))
		}
		if after := fmt.Sprintf("%+v", f.hits[0].Events); after != before || f.hits[0].VisitToken != "v-aaaaaa" || !strings.Contains(string(f.hits[0].Events[0].Properties), "aaaaaaaa") {
			t.Errorf("was %s\nis  %s", before, after)
		}
	}
}

func TestMethodsAndErrors(t *testing.T) {
	h := ahoy.New(&fake{}, ahoy.Options{})
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		r := httptest.NewRequest(method, "/ahoy/events", nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 405 || w.Header().Get("Allow") != "POST, OPTIONS" {
			t.Error(method, w.Code, w.Header())
		}
	}
	want(t, post(t, h, "/ahoy/other", form, ""), 404, "Not found\n")
	want(t, post(t, h, "/ahoy/visits", form, tokensAnd("events", "x")), 200, `{"visit_token":"v1","visitor_token":"w1","visit_id":"v1","visitor_id":"w1"}`)
	r := httptest.NewRequest("OPTIONS", "/ahoy/visits", nil)
	r.Header.Set("Origin", "https://a.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "https://a.example" {
		t.Error(w.Code, w.Header())
	}
	// What the collector refuses, ahoy.js is told by the status; later means later.
	off := ahoy.New(&fake{err: tracker.Unavailable(3*time.Second, nil)}, ahoy.Options{})
	w = post(t, off, "/ahoy/events", form, tokensAnd("name", "a"), "Origin", "https://a.example")
	want(t, w, 503, "temporarily unavailable, try again\n")
	if w.Header().Get("Retry-After") != "3" || w.Header().Get("Access-Control-Allow-Origin") == "" || len(w.Header()["Set-Cookie"]) > 0 {
		t.Error(w.Header())
	}
}

func TestVisitProperties(t *testing.T) {
	check := func(t *testing.T, contentType, body string) {
		f := &fake{}
		w := post(t, ahoy.New(f, ahoy.Options{Proxies: wire.Proxies{}}), "/ahoy/visits", contentType, body,
			"User-Agent", "UA", "Accept-Language", "de-DE,de;q=0.9", "DNT", "1", "Origin", "https://Shop.example:8443", "Sec-CH-UA", `"x"`, "Sec-CH-UA-Platform", `"Linux"`, "X-CSRF-Token", "t")
		if w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
		h := f.hits[0]
		wantVisit := tracker.HitVisit{LandingPage: "https://shop.example/a?b=c", Referrer: "https://r.example/", UTMSource: "s", UTMMedium: "m", UTMTerm: "t", UTMContent: "c", UTMCampaign: "k",
			ScreenWidth: 1920, ScreenHeight: 1080, Platform: "Web", AppVersion: "1.2", OSVersion: "17.5"}
		if *h.Visit != wantVisit {
			t.Errorf("%+v", *h.Visit)
		}
		if h.Host != "shop.example" || h.UserAgent != "UA" || h.Language != "de-DE,de;q=0.9" || !h.DoNotTrack || h.Hints.Platform != `"Linux"` || h.Address.String() != "192.0.2.1" {
			t.Errorf("%+v", h)
		}
	}
	pairs := []string{"visit_token", "v", "visitor_token", "w", "platform", "Web", "landing_page", "https://shop.example/a?b=c", "referrer", "https://r.example/",
		"utm_source", "s", "utm_medium", "m", "utm_term", "t", "utm_content", "c", "utm_campaign", "k", "screen_width", "1920", "screen_height", "1080", "app_version", "1.2", "os_version", "17.5", "js", "true", "other", "x"}
	t.Run("form", func(t *testing.T) { check(t, form, values(pairs...)) })
	t.Run("multipart", func(t *testing.T) {
		contentType, body := formData(pairs...)
		check(t, contentType, body)
	})
	t.Run("json", func(t *testing.T) {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		m["screen_width"], m["screen_height"], m["js"], m["other"] = 1920, 1080.5, true, map[string]any{"a": []any{1}}
		b, _ := json.Marshal(m)
		check(t, jsonType, string(b))
	})
}
