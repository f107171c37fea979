package ahoy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wake/tracker"
	"wake/tracker/ahoy"
)

// nothing is a collector that costs nothing.
type nothing struct{}

func (nothing) Collect(_ context.Context, h *tracker.Hit) (tracker.Receipt, error) {
	return tracker.Receipt{VisitToken: h.VisitToken, VisitorToken: h.VisitorToken, Accepted: len(h.Events)}, nil
}

// discard is a ResponseWriter that keeps its header map.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

const (
	benchVisit = `"visit_token":"1f6f0b3c-9d1e-4c3a-8f00-abcdefabcdef","visitor_token":"77a00b3c-9d1e-4c3a-8f00-abcdefabcdef"`
	benchEvent = `{"name":"$view","properties":{"url":"https://shop.example/products/12","title":"Blue kettle","page":"/products/12"},"time":1777896000.123,"id":"0b3c9d1e-9d1e-4c3a-8f00-abcdefabcdef","js":true}`
)

// ceiling reads and decodes a body as a handler without any care would do.
func ceiling(_ http.ResponseWriter, r *http.Request) {
	var q struct {
		VisitToken   string `json:"visit_token"`
		VisitorToken string `json:"visitor_token"`
		LandingPage  string `json:"landing_page"`
		Referrer     string `json:"referrer"`
		Events       []struct {
			ID         string          `json:"id"`
			Name       string          `json:"name"`
			Time       float64         `json:"time"`
			Properties json.RawMessage `json:"properties"`
		} `json:"events"`
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(b, &q) != nil || len(q.Events) == 0 {
		panic("the benchmark's body is wrong")
	}
}

// library reads a beacon with mime/multipart and encoding/json.
func library(_ http.ResponseWriter, r *http.Request) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	parts := multipart.NewReader(r.Body, params["boundary"])
	var events []struct {
		ID         string          `json:"id"`
		Name       string          `json:"name"`
		Time       float64         `json:"time"`
		Properties json.RawMessage `json:"properties"`
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			break
		}
		b, _ := io.ReadAll(part)
		if part.FormName() == "events_json" {
			_ = json.Unmarshal(b, &events)
		}
	}
	if len(events) == 0 {
		panic("the benchmark's body is wrong")
	}
}

// BenchmarkEvents is the whole handler (headers, CORS, decoding, the answer)
// without a collector behind it, beside a handler that only decodes.
func BenchmarkEvents(b *testing.B) {
	beaconType, beacon := formData("visit_token", "1f6f0b3c-9d1e-4c3a-8f00-abcdefabcdef", "visitor_token", "77a00b3c-9d1e-4c3a-8f00-abcdefabcdef", "events_json", "["+benchEvent+"]")
	one := `{"events":[` + benchEvent + `],` + benchVisit + `}`
	ten := `{"events":[` + strings.TrimSuffix(strings.Repeat(benchEvent+",", 10), ",") + `],` + benchVisit + `}`
	wake := ahoy.New(nothing{}, ahoy.Options{})
	for _, c := range []struct {
		name, contentType, body string
		handler                 http.Handler
	}{
		{"json/ceiling", jsonType, one, http.HandlerFunc(ceiling)},
		{"json/wake", jsonType, one, wake},
		{"json10/ceiling", jsonType, ten, http.HandlerFunc(ceiling)},
		{"json10/wake", jsonType, ten, wake},
		{"beacon/library", beaconType, beacon, http.HandlerFunc(library)},
		{"beacon/wake", beaconType, beacon, wake},
		{"form/wake", form, tokensAnd("events_json", "["+benchEvent+"]"), wake},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest("POST", "/ahoy/events", nil)
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")
			r.Header.Set("Origin", "https://shop.example")
			r.Header.Set("Referer", "https://shop.example/")
			r.ContentLength = int64(len(c.body))
			body := bytes.NewReader([]byte(c.body))
			r.Body = io.NopCloser(body)
			w := &discard{http.Header{}}
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = body.Seek(0, io.SeekStart)
				clear(w.h)
				c.handler.ServeHTTP(w, r)
			}
		})
	}
}
