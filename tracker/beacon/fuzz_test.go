package beacon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wake/tracker"
	"wake/tracker/beacon"
	"wake/tracker/wire/wiretest"
)

// fuzzed sends whatever, and checks that the answer is no fault of ours and
// the hits are sound.
func fuzzed(t *testing.T, f *fake, h http.Handler, r *http.Request) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	switch w.Code {
	case 200:
	case 400, 413, 422:
		if len(f.hits) > 0 {
			t.Errorf("%d, but %d hits", w.Code, len(f.hits))
		}
	default:
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if r.Method == "POST" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s", w.Body)
	}
	for _, hit := range f.hits {
		wiretest.Sound(t, hit)
	}
}

func FuzzHit(f *testing.F) {
	f.Add(`{"site":"a","sent":1,"visit_token":"v","landing_page":"/","screen":[1,2],"traits":{"a":1},"events":[{"id":"1","name":"$view","time":1,"properties":{"x":1e999},"revenue":1.5,"engaged_ms":1}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := &fake{refuse: func(h *tracker.Hit) (tracker.Receipt, error) {
			// The last event is refused: its place must be one that was sent.
			return tracker.Receipt{Errors: []tracker.ItemError{{Index: len(h.Events) - 1, Code: "invalid"}}}, nil
		}}
		fuzzed(t, c, beacon.New(c, options()), httptest.NewRequest("POST", "/wake/hit", strings.NewReader(body)))
	})
}

func FuzzBatch(f *testing.F) {
	f.Add(`{"hits":[{"ip":"::1","user_agent":"a","received":5,"sent":7,"events":[{"name":"a","time":1}]},null,{"landing_page":"/"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := &fake{}
		fuzzed(t, c, beacon.NewBatch(c, options()), httptest.NewRequest("POST", "/api/v1/hits", strings.NewReader(body)))
	})
}

func FuzzPixel(f *testing.F) {
	f.Add("site=a&url=https%3A%2F%2Fa.example%2F&title=b&referrer=c", "https://d.example/")
	f.Fuzz(func(t *testing.T, query, referer string) {
		c := &fake{}
		r := httptest.NewRequest("GET", "/wake/pixel.gif", nil)
		r.URL.RawQuery = query
		r.Header["Referer"] = []string{referer}
		fuzzed(t, c, beacon.New(c, options()), r)
	})
}
