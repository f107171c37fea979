package ahoy_test

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/wire/wiretest"
)

// fuzzed posts whatever, and checks that the answer is one of Ahoy's and the
// hits are sound.
func fuzzed(t *testing.T, path, query, contentType, body string) (int, []*tracker.Hit) {
	t.Helper()
	f := &fake{}
	h := ahoy.New(f, ahoy.Options{Now: func() time.Time { return now }, IgnoreForgery: true, MaxContentLength: 64 << 10})
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header["Content-Type"] = []string{contentType}
	r.Header["Referer"] = []string{"http://example.com/" + query}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	switch {
	case w.Code == 200 && json.Valid(w.Body.Bytes()):
	case w.Code == 400 && w.Body.String() == "Invalid parameters\n" && len(f.hits) == 0:
	case w.Code == 413 && w.Body.String() == "Payload too large\n" && len(f.hits) == 0:
	default:
		t.Fatalf("%d %s, %d hits", w.Code, w.Body, len(f.hits))
	}
	for _, hit := range f.hits {
		wiretest.Sound(t, hit)
		if len(hit.Events) > 10 {
			t.Errorf("%d events", len(hit.Events))
		}
	}
	return w.Code, f.hits
}

func both(t *testing.T, query, contentType, body string) {
	fuzzed(t, "/ahoy/events", query, contentType, body)
	fuzzed(t, "/ahoy/visits", query, contentType, body)
}

func FuzzForm(f *testing.F) {
	f.Add("name=a&properties[x][]=1", "events[][name]=a&events[][properties][b]=c&events[][name]=%41")
	f.Fuzz(func(t *testing.T, query, body string) { both(t, query, form, body) })
}

func FuzzMultipart(f *testing.F) {
	contentType, body := formData("visit_token", "v", "events_json", `[{"name":"a"}]`, "events[][name]", "b")
	f.Add(contentType, body)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\n--b--")
	f.Fuzz(func(t *testing.T, contentType, body string) { both(t, "", contentType, body) })
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"events":[{"name":"a","properties":{"x":1e999},"time":1.5}],"visit_token":"v","visitor_token":null,"js":true}`)
	f.Add(`[{"name":"$view","properties":{"url":"/","page":"/"}}]`)
	f.Fuzz(func(t *testing.T, body string) { both(t, "", jsonType, body) })
}

// FuzzEventsJSON says the same in a form, by multipart and in JSON, which
// must come to the same.
func FuzzEventsJSON(f *testing.F) {
	f.Add("v1", "w1", `[{"id":"1","name":"a","time":1777896000.5,"properties":{"a":"\ud83d\ude00"}}]`)
	f.Fuzz(func(t *testing.T, visit, visitor, events string) {
		if !utf8.ValidString(visit+visitor+events) || strings.Contains(visit+visitor+events, "\x00") {
			t.Skip("JSON cannot say it")
		}
		pairs := []string{"visit_token", visit, "visitor_token", visitor, "events_json", events}
		multi, multiBody := formData(pairs...)
		if len(multiBody) > 32<<10 {
			t.Skip("near the limit")
		}
		inJSON, _ := json.Marshal(map[string]string{"visit_token": visit, "visitor_token": visitor, "events_json": events})
		status, hits := fuzzed(t, "/ahoy/events", "", form, values(pairs...))
		for contentType, body := range map[string]string{multi: multiBody, jsonType: string(inJSON)} {
			if s, h := fuzzed(t, "/ahoy/events", "", contentType, body); s != status || !reflect.DeepEqual(h, hits) {
				t.Errorf("as %s: %d %+v\nas form: %d %+v", contentType, s, h, status, hits)
			}
		}
	})
}
