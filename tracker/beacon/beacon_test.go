package beacon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/beacon"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// fake remembers hits; refuse, if set, decides what comes of them.
type fake struct {
	mu     sync.Mutex
	hits   []*tracker.Hit
	refuse func(h *tracker.Hit) (tracker.Receipt, error)
}

func (f *fake) Collect(_ context.Context, h *tracker.Hit) (tracker.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h.Visit == nil && len(h.Events) == 0 {
		panic("nothing to collect")
	}
	f.hits = append(f.hits, h)
	if f.refuse != nil {
		return f.refuse(h)
	}
	return tracker.Receipt{Accepted: len(h.Events)}, nil
}

func options() beacon.Options { return beacon.Options{Now: func() time.Time { return now }} }

func do(h http.Handler, method, target, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
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

// at is a client's time, in ms, of a clock that is an hour fast.
func at(ago time.Duration) int64 { return now.Add(time.Hour - ago).UnixMilli() }

func TestHit(t *testing.T) {
	f := &fake{}
	body := fmt.Sprintf(`{"site":"q3k8v2ax","sent":%d,"visit_token":"V-1","visitor_token":"w.1","user_id":"42","user_signature":"5e88","traits":{"plan":"pro"},
		"landing_page":"https://shop.example/?utm_source=news","referrer":"https://www.google.com/","screen":[1920,1080],"language":"zh-CN","time_zone":"Asia/Shanghai",
		"utm_source":"s","utm_medium":"m","utm_term":"t","utm_content":"c","utm_campaign":"k","platform":"Web","app_version":"1","os_version":"2","unknown":[{}],
		"events":[
			{"id":"0b3c","name":"$view","time":%d,"url":"https://shop.example/cart","title":"Cart","referrer":"https://shop.example/","engaged_ms":5300},
			{"id":"9d1e","name":"Bought","url":"https://shop.example/cart","properties":{"sku":"A-1"},"revenue":"12.30","currency":"EUR","time":null}]}`, at(0), at(10*time.Second))
	for _, contentType := range []string{"text/plain;charset=UTF-8", "application/json", ""} {
		w := do(beacon.New(f, options()), "POST", "/wake/hit", contentType, body, "Origin", "https://shop.example", "User-Agent", "UA", "Sec-GPC", "1")
		if w.Code != 200 || w.Body.String() != `{"accepted":2}` || w.Header().Get("Access-Control-Allow-Origin") != "https://shop.example" {
			t.Fatal(w.Code, w.Body, w.Header())
		}
		got := f.hits[len(f.hits)-1]
		want := &tracker.Hit{Received: now, Address: got.Address, UserAgent: "UA", DoNotTrack: true, SiteKey: "q3k8v2ax", Host: "shop.example",
			VisitToken: "V-1", VisitorToken: "w1", UserID: "42", UserSignature: "5e88", Traits: []byte(`{"plan":"pro"}`),
			Visit: &tracker.HitVisit{LandingPage: "https://shop.example/?utm_source=news", Referrer: "https://www.google.com/", UTMSource: "s", UTMMedium: "m", UTMTerm: "t", UTMContent: "c", UTMCampaign: "k",
				Language: "zh-CN", TimeZone: "Asia/Shanghai", ScreenWidth: 1920, ScreenHeight: 1080, Platform: "Web", AppVersion: "1", OSVersion: "2"},
			Events: []tracker.HitEvent{
				{ID: "0b3c", Name: "$view", Time: now.Add(-10 * time.Second), URL: "https://shop.example/cart", Title: "Cart", Referrer: "https://shop.example/", EngagedMS: 5300},
				{ID: "9d1e", Name: "Bought", URL: "https://shop.example/cart", Properties: []byte(`{"sku":"A-1"}`), Revenue: "12.30", Currency: "EUR"},
			}}
		if !got.Events[0].Time.Equal(want.Events[0].Time) {
			t.Error(got.Events[0].Time)
		}
		got.Events[0].Time = want.Events[0].Time
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

// TestHitsOutlive: a hit is kept (in a batch, in the live stream) after its
// request's buffer went to another.
func TestHitsOutlive(t *testing.T) {
	f := &fake{}
	h := beacon.New(f, options())
	const body = `{"site":"a","visit_token":"aaaa","user_id":"aaaa","traits":{"a":"aaaa"},"landing_page":"aaaa","events":[{"id":"aaaa","name":"aaaa","properties":{"a":"aaaa"}}]}`
	for range 20 {
		for _, letter := range []string{"a", "b"} {
			do(h, "POST", "/", "", strings.ReplaceAll(body, "aaaa", strings.Repeat(letter, 4)))
		}
	}
	for i, hit := range f.hits {
		text := fmt.Sprint(hit.VisitToken, hit.UserID, string(hit.Traits), hit.Visit.LandingPage, hit.Events[0].ID, hit.Events[0].Name, string(hit.Events[0].Properties))
		if want := strings.Repeat([]string{"a", "b"}[i%2], 4); strings.Count(text, want) != 7 {
			t.Fatalf("hit %d: %s", i, text)
		}
	}
}

// TestBrowsersAreNotServers: only a batch may say who the visitor is.
func TestBrowsersAreNotServers(t *testing.T) {
	f := &fake{}
	w := do(beacon.New(f, options()), "POST", "/", "", `{"ip":"8.8.8.8","user_agent":"x","received":5,"landing_page":"/"}`, "User-Agent", "UA")
	if w.Code != 200 {
		t.Fatal(w.Code, w.Body)
	}
	if h := f.hits[0]; h.Trusted || h.Address.String() != "192.0.2.1" || h.UserAgent != "UA" || !h.Received.Equal(now) {
		t.Errorf("%+v", h)
	}
}

func TestSite(t *testing.T) {
	for _, c := range []struct{ target, body, key, host string }{
		{"/s/inpath/wake/hit?site=inquery", `{"site":"inbody","landing_page":"https://A.example:8080/x"}`, "inpath", "a.example"},
		{"/wake/hit?site=inquery", `{"site":"inbody","landing_page":"/x"}`, "inquery", ""},
		{"/wake/hit", `{"site":"inbody","events":[{"name":"a","url":"https://b.example/"}]}`, "inbody", "b.example"},
		{"/wake/hit", `{"site":"","landing_page":"https://user@[2001:db8::1]:1/"}`, "", "2001:db8::1"},
	} {
		f := &fake{}
		if w := do(beacon.New(f, options()), "POST", c.target, "", c.body); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
		if h := f.hits[0]; h.SiteKey != c.key || h.Host != c.host {
			t.Errorf("%s %s: %q %q", c.target, c.body, h.SiteKey, h.Host)
		}
	}
}

func TestHitRefused(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
		answer                          string // contains
	}{
		{name: "method", method: "PUT", status: 405, answer: "send it by POST"},
		{name: "type", contentType: "application/x-www-form-urlencoded", body: "a=b", status: 415, answer: "text/plain or application/json"},
		{name: "empty", status: 400, answer: `{"error":{"code":"invalid","message":"malformed JSON: a value expected, but the text ends at byte 0"}}`},
		{name: "malformed", body: `{"site":"a"`, status: 400, answer: "malformed JSON"},
		{name: "behind", body: `{"landing_page":"/"} x`, status: 400, answer: "malformed JSON"},
		{name: "array", body: `[]`, status: 400, answer: "must be a JSON object"},
		{name: "nothing", body: `{"site":"a","language":null}`, status: 422, answer: `"field":"events"`},
		{name: "wrong kind", body: `{"site":5,"landing_page":"/"}`, status: 422, answer: `{"error":{"code":"invalid","field":"site","message":"must be a string, not a number"}}`},
		{name: "token", body: `{"visit_token":["a"],"landing_page":"/"}`, status: 422, answer: `"field":"visit_token"`},
		{name: "events", body: `{"events":{}}`, status: 422, answer: "must be an array, not an object"},
		{name: "sent", body: `{"sent":"now","landing_page":"/"}`, status: 422, answer: `"field":"sent"`},
		{name: "sent far", body: `{"sent":1e300,"landing_page":"/"}`, status: 422, answer: `"field":"sent"`},
		{name: "screen", body: `{"screen":[1,2,3],"landing_page":"/"}`, status: 422, answer: `"field":"screen"`},
		{name: "traits", body: `{"traits":{"a":` + deep + `},"landing_page":"/"}`, status: 422, answer: `"field":"traits"`},
		{name: "too many", body: `{"events":[` + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 101), ",") + `]}`, status: 413, answer: `"code":"too_large"`},
		{name: "too large", body: `{"landing_page":"` + strings.Repeat("a", 64<<10) + `"}`, status: 413, answer: "64 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			if c.method == "" {
				c.method = "POST"
			}
			w := do(beacon.New(f, options()), c.method, "/wake/hit", c.contentType, c.body)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if c.status == 405 && w.Header().Get("Allow") != "POST, OPTIONS" {
				t.Error(w.Header())
			}
			if len(f.hits) != 0 {
				t.Errorf("collected %+v", f.hits[0])
			}
		})
	}
}

func TestChunkedBody(t *testing.T) {
	h := beacon.New(&fake{}, options())
	for n, status := range map[int]int{100: 200, 60 << 10: 200, 64 << 10: 413, 200 << 10: 413} {
		body := `{"landing_page":"` + strings.Repeat("a", n) + `"}`
		r := httptest.NewRequest("POST", "/wake/hit", struct{ *strings.Reader }{strings.NewReader(body)})
		if r.ContentLength != -1 {
			t.Fatal("not chunked")
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != status {
			t.Errorf("%d bytes: %d %s", n, w.Code, w.Body)
		}
	}
}

// TestEventsRefused: single events are refused, by the wire or the collector,
// and named by their place in the request; the others are stored.
func TestEventsRefused(t *testing.T) {
	f := &fake{refuse: func(h *tracker.Hit) (tracker.Receipt, error) {
		if len(h.Events) != 3 {
			t.Errorf("%+v", h.Events)
		}
		return tracker.Receipt{Accepted: 2, Errors: []tracker.ItemError{{Index: 1, Code: "invalid", Field: "revenue", Message: "bad"}}}, nil
	}}
	body := `{"events":[{"name":"a"},5,{"name":"b","revenue":"x","currency":"EUR"},{"name":{}},{"name":"c","time":"x"},{"name":"d","properties":[]},
		{"name":"e","properties":{"a":"` + strings.Repeat("x", 8192) + `"}},{"name":"f","engaged_ms":-1},{"name":"g","revenue":12.3,"currency":"EUR","engaged_ms":null}]}`
	w := do(beacon.New(f, options()), "POST", "/wake/hit", "", body)
	want := `{"accepted":2,"errors":[` +
		`{"index":1,"code":"invalid","message":"must be an object, not a number"},` +
		`{"index":2,"code":"invalid","field":"revenue","message":"bad"},` +
		`{"index":3,"code":"invalid","field":"name","message":"must be a string, not an object"},` +
		`{"index":4,"code":"invalid","field":"time","message":"must be a number: a time in ms since 1970, not a string"},` +
		`{"index":5,"code":"invalid","field":"properties","message":"must be an object, not an array"},` +
		`{"index":6,"code":"invalid","field":"properties","message":"at most 8192 bytes"},` +
		`{"index":7,"code":"invalid","field":"engaged_ms","message":"a number of ms, not negative"}]}`
	if w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d\n%s\n%s", w.Code, w.Body, want)
	}
	if e := f.hits[0].Events[2]; e.Revenue != "12.3" {
		t.Errorf("%+v", e)
	}

	none := &fake{}
	w = do(beacon.New(none, options()), "POST", "/wake/hit", "", `{"events":[5]}`)
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"accepted":0,"errors":[{"index":0,`) || len(none.hits) != 0 {
		t.Error(w.Code, w.Body)
	}
}

func TestCollectorErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		retry  string
	}{
		{tracker.Invalid("x", "y"), 422, ""},
		{&tracker.Error{Code: tracker.CodeUnknownSite}, 422, ""},
		{&tracker.Error{Code: tracker.CodeHostRefused}, 403, ""},
		{&tracker.Error{Code: tracker.CodeRateLimited, RetryAfter: 1500 * time.Millisecond}, 429, "2"},
		{tracker.Unavailable(0, errors.New("secret")), 503, "1"},
		{context.Canceled, 503, "1"},
		{errors.New("secret"), 500, ""},
	} {
		f := &fake{refuse: func(*tracker.Hit) (tracker.Receipt, error) { return tracker.Receipt{}, c.err }}
		h := beacon.New(f, options())
		for _, w := range []*httptest.ResponseRecorder{
			do(h, "POST", "/wake/hit", "", `{"landing_page":"/"}`),
			do(h, "GET", "/wake/pixel.gif?url=/", "", ""),
		} {
			if w.Code != c.status || w.Header().Get("Retry-After") != c.retry || strings.Contains(w.Body.String()+fmt.Sprint(w.Header()), "secret") {
				t.Errorf("%v: %d %s %v", c.err, w.Code, w.Body, w.Header())
			}
		}
	}
	f := &fake{refuse: func(*tracker.Hit) (tracker.Receipt, error) { return tracker.Receipt{Excluded: "do-not-track"}, nil }}
	if w := do(beacon.New(f, options()), "POST", "/wake/hit", "", `{"landing_page":"/"}`); w.Body.String() != `{"accepted":0,"excluded":"do-not-track"}` {
		t.Error(w.Body)
	}
}

func TestPixel(t *testing.T) {
	for _, c := range []struct {
		name, method, target, referer string
		status                        int
		event                         tracker.HitEvent
		landing, host                 string
	}{
		{name: "url", target: "/wake/pixel.gif?site=k&url=https%3A%2F%2FShop.example%2Fa%3Futm_source%3Dx&title=A&referrer=https%3A%2F%2Fr.example%2F", status: 200,
			event: tracker.HitEvent{Name: "$view", URL: "https://Shop.example/a?utm_source=x", Title: "A", Referrer: "https://r.example/"}, landing: "https://Shop.example/a?utm_source=x", host: "shop.example"},
		{name: "referer", target: "/s/k/wake/pixel.gif", referer: "https://shop.example/b", status: 200,
			event: tracker.HitEvent{Name: "$view", URL: "https://shop.example/b"}, landing: "https://shop.example/b", host: "shop.example"},
		{name: "path", target: "/wake/pixel.gif?site=k&url=/c", status: 200, event: tracker.HitEvent{Name: "$view", URL: "/c"}},
		{name: "no page", target: "/wake/pixel.gif?site=k", status: 422},
		{name: "post", method: "POST", target: "/wake/pixel.gif?site=k&url=/", status: 405},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			var headers []string
			if c.referer != "" {
				headers = []string{"Referer", c.referer}
			}
			if c.method == "" {
				c.method = "GET"
			}
			w := do(beacon.New(f, options()), c.method, c.target, "", "", headers...)
			if w.Code != c.status || w.Header().Get("Content-Type") != "image/gif" || w.Header().Get("Cache-Control") != "no-store" || !strings.HasPrefix(w.Body.String(), "GIF89a") || w.Body.Len() != 43 {
				t.Fatal(w.Code, w.Header(), w.Body.Len())
			}
			if (w.Header().Get("X-Wake-Error") == "") != (c.status == 200) {
				t.Error(w.Header())
			}
			if c.status != 200 {
				return
			}
			h := f.hits[0]
			landing := ""
			if h.Visit != nil {
				landing = h.Visit.LandingPage
			}
			if h.SiteKey != "k" || !h.Cookieless || !reflect.DeepEqual(h.Events, []tracker.HitEvent{c.event}) || landing != c.landing || h.Host != c.host {
				t.Errorf("%+v", h)
			}
		})
	}
}

// A user id that is too long would be left out: a server is told, a page's
// visit goes on without.
func TestLongUserID(t *testing.T) {
	hit := `{"landing_page":"/","user_id":"` + strings.Repeat("4", 129) + `"}`
	w := do(beacon.NewBatch(&fake{}, options()), "POST", "/", "", `{"hits":[`+hit+`]}`)
	if want := `{"accepted":0,"errors":[{"hit":0,"code":"invalid","field":"user_id","message":"at most 128 bytes"}]}`; w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f := &fake{}
	if w := do(beacon.New(f, options()), "POST", "/", "", hit); w.Code != 200 || len(f.hits) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestBatch(t *testing.T) {
	f := &fake{}
	b := beacon.NewBatch(f, options())
	body := fmt.Sprintf(`{"hits":[
		{"site":"a","ip":"2001:db8::1","user_agent":"UA","received":%d,"user_id":"42","landing_page":"https://a.example/","events":[{"name":"A"},{"name":5}]},
		7,
		{"site":"a"},
		{"ip":"nowhere","landing_page":"/"},
		{"received":%d,"visitor_token":"w","events":[{"name":"B","time":%d}]}
	]}`, now.Add(-time.Hour).UnixMilli(), now.Add(time.Hour).UnixMilli(), now.Add(-48*time.Hour).UnixMilli())
	w := do(b, "POST", "/api/v1/hits?site=z", "application/json", body, "User-Agent", "curl", "DNT", "1")
	want := `{"accepted":2,"errors":[{"hit":0,"index":1,"code":"invalid","field":"name","message":"must be a string, not a number"},` +
		`{"hit":1,"code":"invalid","message":"must be an object, not a number"},` +
		`{"hit":2,"code":"invalid","field":"events","message":"nothing to record: neither a landing page nor an event"},` +
		`{"hit":3,"code":"invalid","field":"ip","message":"not an IP address"}]}`
	if w.Code != 200 || w.Body.String() != want {
		t.Fatalf("%d\n%s\n%s", w.Code, w.Body, want)
	}
	if len(f.hits) != 2 {
		t.Fatal(len(f.hits))
	}
	for _, h := range f.hits {
		if !h.Trusted || h.DoNotTrack {
			t.Errorf("%+v", h)
		}
		switch h.SiteKey {
		case "a":
			if h.Address.String() != "2001:db8::1" || h.UserAgent != "UA" || !h.Received.Equal(now.Add(-time.Hour)) || h.Host != "a.example" {
				t.Errorf("%+v", h)
			}
		case "z":
			if h.Address.IsValid() || h.UserAgent != "" || !h.Received.Equal(now) || !h.Events[0].Time.Equal(now.Add(-48*time.Hour)) {
				t.Errorf("%+v", h)
			}
		}
	}

	t.Run("key of one site", func(t *testing.T) {
		f := &fake{}
		h := beacon.NewBatch(f, options()).For(&tracker.Site{Key: "mine"})
		w := do(h, "POST", "/api/v1/hits?site=other", "application/json", `{"hits":[{"landing_page":"/"},{"site":"mine","landing_page":"/"},{"site":"other","landing_page":"/"}]}`)
		if w.Code != 200 || w.Body.String() != `{"accepted":0,"errors":[{"hit":2,"code":"forbidden","field":"site","message":"this API key is for another site"}]}` {
			t.Error(w.Code, w.Body)
		}
		if len(f.hits) != 2 || f.hits[0].SiteKey != "mine" || f.hits[1].SiteKey != "mine" {
			t.Errorf("%+v", f.hits)
		}
	})
	t.Run("put off", func(t *testing.T) {
		off := tracker.Unavailable(3*time.Second, nil)
		f := &fake{refuse: func(h *tracker.Hit) (tracker.Receipt, error) {
			if h.VisitorToken == "ok" {
				return tracker.Receipt{Accepted: len(h.Events)}, nil
			}
			return tracker.Receipt{}, off
		}}
		b := beacon.NewBatch(f, options())
		w := do(b, "POST", "/", "", `{"hits":[{"visitor_token":"a","landing_page":"/"},{"visitor_token":"a","landing_page":"/"}]}`)
		if w.Code != 503 || w.Header().Get("Retry-After") != "3" || len(f.hits) != 1 {
			t.Error(w.Code, w.Body, w.Header(), len(f.hits))
		}
		w = do(b, "POST", "/", "", `{"hits":[{"visitor_token":"a","landing_page":"/"},{"visitor_token":"ok","events":[{"name":"A"}]}]}`)
		if w.Code != 200 || w.Header().Get("Retry-After") != "3" || w.Body.String() != `{"accepted":1,"errors":[{"hit":0,"code":"unavailable","message":"temporarily unavailable, try again"}]}` {
			t.Error(w.Code, w.Body)
		}
	})
	t.Run("order of one visitor", func(t *testing.T) {
		f := &fake{}
		var hits []string
		for i := range 300 {
			hits = append(hits, fmt.Sprintf(`{"visitor_token":"w%d","events":[{"name":"e%d"}]}`, i%3, i))
		}
		w := do(beacon.NewBatch(f, options()), "POST", "/", "", `{"hits":[`+strings.Join(hits, ",")+`]}`)
		if w.Body.String() != `{"accepted":300}` {
			t.Fatal(w.Body)
		}
		last := map[string]int{}
		for _, h := range f.hits {
			var n int
			_, _ = fmt.Sscanf(h.Events[0].Name, "e%d", &n)
			if n < last[h.VisitorToken] {
				t.Fatalf("%s: %d after %d", h.VisitorToken, n, last[h.VisitorToken])
			}
			last[h.VisitorToken] = n
		}
	})
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
	}{
		{"method", "GET", "", "", 405},
		{"type", "POST", "image/png", "", 415},
		{"malformed", "POST", "", `{"hits":[{]}`, 400},
		{"behind", "POST", "", `{"hits":[]}1`, 400},
		{"no object", "POST", "", `[]`, 400},
		{"no array", "POST", "", `{"hits":{}}`, 422},
		{"none", "POST", "", `{}`, 422},
		{"too many", "POST", "", `{"hits":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1001), ",") + `]}`, 413},
		{"too large", "POST", "", `{"x":"` + strings.Repeat("x", 4<<20) + `"}`, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{}
			if w := do(beacon.NewBatch(f, options()), c.method, "/", c.contentType, c.body); w.Code != c.status || !json.Valid(w.Body.Bytes()) || len(f.hits) > 0 {
				t.Error(w.Code, w.Body)
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	f := &fake{}
	w := do(beacon.New(f, options()), "OPTIONS", "/wake/hit", "", "", "Origin", "https://a.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-mine")
	h := w.Header()
	if w.Code != 204 || h.Get("Access-Control-Allow-Origin") != "https://a.example" || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Access-Control-Allow-Methods") != "POST" ||
		h.Get("Access-Control-Allow-Headers") != "Content-Type, X-CSRF-Token, Authorization, Ahoy-Visit, Ahoy-Visitor, content-type,x-mine" || h.Get("Access-Control-Max-Age") != "86400" || h.Values("Vary")[0] != "Origin" {
		t.Error(w.Code, h)
	}
}
