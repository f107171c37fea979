package beacon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wake/tracker"
	"wake/tracker/beacon"
)

// nothing is a collector that costs nothing.
type nothing struct{}

func (nothing) Collect(_ context.Context, h *tracker.Hit) (tracker.Receipt, error) {
	return tracker.Receipt{Accepted: len(h.Events)}, nil
}

// discard is a ResponseWriter that keeps its header map.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// ceiling reads and decodes a body as a handler without any care would do.
func ceiling(_ http.ResponseWriter, r *http.Request) {
	type hit struct {
		Site         string `json:"site"`
		Sent         int64  `json:"sent"`
		VisitToken   string `json:"visit_token"`
		VisitorToken string `json:"visitor_token"`
		LandingPage  string `json:"landing_page"`
		Events       []struct {
			ID         string          `json:"id"`
			Name       string          `json:"name"`
			Time       int64           `json:"time"`
			URL        string          `json:"url"`
			Title      string          `json:"title"`
			Properties json.RawMessage `json:"properties"`
		} `json:"events"`
	}
	var q struct {
		hit
		Hits []hit `json:"hits"`
	}
	b, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(b, &q) != nil || len(q.Events)+len(q.Hits) == 0 {
		panic("the benchmark's body is wrong")
	}
}

// BenchmarkHits is the whole handler without a collector behind it, beside a
// handler that only decodes.
func BenchmarkHits(b *testing.B) {
	const event = `{"id":"0b3c9d1e-9d1e-4c3a-8f00-abcdefabcdef","name":"Bought","time":1777896000123,"url":"https://shop.example/products/12","title":"Blue kettle","properties":{"sku":"A-1","size":"L"}}`
	hit := func(n int) string {
		return `{"site":"q3k8v2ax","visit_token":"1f6f0b3c-9d1e-4c3a-8f00-abcdefabcdef","visitor_token":"77a00b3c-9d1e-4c3a-8f00-abcdefabcdef","sent":1777896001000,"events":[` +
			strings.TrimSuffix(strings.Repeat(event+",", n), ",") + `]}`
	}
	hits := beacon.New(nothing{}, beacon.Options{})
	for _, c := range []struct {
		name, body string
		handler    http.Handler
	}{
		{"one/ceiling", hit(1), http.HandlerFunc(ceiling)},
		{"one/wake", hit(1), hits},
		{"ten/ceiling", hit(10), http.HandlerFunc(ceiling)},
		{"ten/wake", hit(10), hits},
		{"batch100/ceiling", `{"hits":[` + strings.TrimSuffix(strings.Repeat(hit(1)+",", 100), ",") + `]}`, http.HandlerFunc(ceiling)},
		{"batch100/wake", `{"hits":[` + strings.TrimSuffix(strings.Repeat(hit(1)+",", 100), ",") + `]}`, beacon.NewBatch(nothing{}, beacon.Options{})},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest("POST", "/wake/hit", nil)
			r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36")
			r.Header.Set("Origin", "https://shop.example")
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
