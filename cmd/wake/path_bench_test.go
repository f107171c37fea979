package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/device"
)

// nowhere is a sink that forgets.
type nowhere struct{}

func (nowhere) Put(_ context.Context, r *tracker.Record) error {
	r.Result = tracker.Result{VisitID: r.Visit.ID, New: make([]bool, len(r.Events))}
	return nil
}

// BenchmarkPath is what a hit costs before the store, net/http's own reading
// and writing left out.
func BenchmarkPath(b *testing.B) {
	sites := tracker.NewRegistry(func(context.Context) ([]tracker.Site, error) {
		return []tracker.Site{{ID: 1, Key: "site"}}, nil
	}, slog.Default())
	if err := sites.Reload(b.Context()); err != nil {
		b.Fatal(err)
	}
	at, err := openPlaces(config{Log: slog.Default()})
	if err != nil {
		b.Fatal(err)
	}
	c := tracker.NewCollector(tracker.Parts{
		Sites: sites, Places: at, Devices: devices{device.New(devicesKept)}, Sources: sources{}, Sink: nowhere{},
		Limiter: tracker.NewTokenBuckets(1e9, 1e9, time.Now),
	})
	h := ahoy.New(c, ahoy.Options{})
	event := `{"id":"7c0f9a33-8d8e-4d3a-a0f8-0a8f1e7d9a11","name":"$view","properties":{"url":"https://shop.example/cart","title":"Cart","page":"/cart"},"time":1790000000.5,"js":true}`
	bodies := map[string]struct{ contentType, body string }{
		"json": {"application/json", `{"events":[` + event + `],"visit_token":"0f2c1b7e-1111-4d3a-a0f8-0a8f1e7d9a11","visitor_token":"0f2c1b7e-2222-4d3a-a0f8-0a8f1e7d9a11"}`},
		"beacon": {"multipart/form-data; boundary=----WebKitFormBoundaryABCDEFGHIJKLMNOP", strings.ReplaceAll(fmt.Sprintf(
			"------WebKitFormBoundaryABCDEFGHIJKLMNOP\nContent-Disposition: form-data; name=\"visit_token\"\n\n0f2c1b7e-1111-4d3a-a0f8-0a8f1e7d9a11\n"+
				"------WebKitFormBoundaryABCDEFGHIJKLMNOP\nContent-Disposition: form-data; name=\"visitor_token\"\n\n0f2c1b7e-2222-4d3a-a0f8-0a8f1e7d9a11\n"+
				"------WebKitFormBoundaryABCDEFGHIJKLMNOP\nContent-Disposition: form-data; name=\"events_json\"\n\n[%s]\n------WebKitFormBoundaryABCDEFGHIJKLMNOP--\n", event), "\n", "\r\n")},
	}
	for name, in := range bodies {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/ahoy/events", strings.NewReader(in.body))
				r.Header.Set("Content-Type", in.contentType)
				r.Header.Set("Origin", "https://shop.example")
				r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0")
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
