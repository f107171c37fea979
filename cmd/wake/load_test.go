package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wake/tracker"
)

// load is a crowd of clients that send events over every wire, each event
// with an id of its own, and that send again, as they are, those that were
// not acknowledged.
type load struct {
	t       *testing.T
	key     string // an API key that may write
	clients []*client
	http    *http.Client

	server   atomic.Pointer[string] // host:port, nil while there is none
	draining atomic.Bool            // no new events: only what is not acknowledged yet
	acked    atomic.Int64           // events
	wg       sync.WaitGroup

	mu      sync.Mutex
	refused []refusal
	halves  []string // ids of events that others sent
}

// refusal is a 503 that a client got.
type refusal struct {
	client     *client
	path       string
	after      time.Duration // since the request was sent
	retryAfter string
}

// client sends one request after the other.
type client struct {
	load         *load
	r            *rand.Rand
	agent        string
	visitor, now string // tokens
	left         int    // requests until the next visit
	sent         []string
}

const clients = 24

func newLoad(t *testing.T, key string) *load {
	l := &load{t: t, key: key, http: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: clients},
		Timeout:   time.Minute,
	}}
	t.Cleanup(l.http.CloseIdleConnections)
	for i := range clients {
		c := &client{
			load: l, r: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
			agent:   fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 100+i),
			visitor: newID(),
		}
		l.clients = append(l.clients, c)
	}
	return l
}

func newID() string { return tracker.NewEventID().String() }

// start lets the clients loose.
func (l *load) start() {
	for _, c := range l.clients {
		l.wg.Go(c.run)
	}
}

// at says where the server is now.
func (l *load) at(s *running) { l.server.Store(&s.addr) }

// gone says that there is none.
func (l *load) gone() { l.server.Store(nil) }

// drain stops new events and waits until every event is acknowledged.
func (l *load) drain() {
	l.draining.Store(true)
	l.wg.Wait()
}

// await waits for n more acknowledged events.
func (l *load) await(n int64) {
	l.t.Helper()
	want := l.acked.Load() + n
	for deadline := time.Now().Add(time.Minute); l.acked.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("%d of %d events acknowledged in a minute", l.acked.Load()-want+n, n)
		}
		if l.t.Failed() {
			l.t.FailNow()
		}
	}
}

// refusals are the 503 so far.
func (l *load) refusals() []refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]refusal(nil), l.refused...)
}

// events are the ids of all events that were ever sent.
func (l *load) events() []string {
	all := append([]string(nil), l.halves...)
	for _, c := range l.clients {
		all = append(all, c.sent...)
	}
	return all
}

// request is what a client sends, until it is acknowledged.
type request struct {
	path, contentType, key string
	body                   []byte
	hits                   []json.RawMessage // of a batch
	events                 []int             // in each hit of the batch, or in the request
}

func (c *client) run() {
	for !c.load.draining.Load() && !c.load.t.Failed() {
		for q := c.next(); q != nil && !c.load.t.Failed(); {
			q = c.send(q)
		}
	}
}

// send sends q once and returns what of it is not acknowledged.
func (c *client) send(q *request) *request {
	server := c.load.server.Load()
	if server == nil {
		time.Sleep(2 * time.Millisecond)
		return q
	}
	req, err := http.NewRequest(http.MethodPost, "http://"+*server+q.path, bytes.NewReader(q.body))
	if err != nil {
		c.load.t.Error(err)
		return nil
	}
	req.Header.Set("Content-Type", q.contentType)
	req.Header.Set("User-Agent", c.agent)
	if q.key != "" {
		req.Header.Set("Authorization", "Bearer "+q.key)
	}
	began := time.Now()
	resp, err := c.load.http.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			c.load.t.Errorf("%s: no answer: %v", q.path, err)
		}
		time.Sleep(2 * time.Millisecond) // killed
		return q
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return q
	}
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable:
		c.load.mu.Lock()
		c.load.refused = append(c.load.refused, refusal{c, q.path, time.Since(began), resp.Header.Get("Retry-After")})
		c.load.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
		return q
	case resp.StatusCode != http.StatusOK:
		c.load.t.Errorf("%s: %s: %s\n%s", q.path, resp.Status, body, q.body)
		return nil
	}
	return c.acknowledged(q, body)
}

// acknowledged counts what a 200 acknowledges and returns the rest of q.
func (c *client) acknowledged(q *request, body []byte) *request {
	var answer struct {
		Accepted int `json:"accepted"`
		Errors   []struct {
			Hit  int
			Code tracker.Code
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		c.load.t.Errorf("%s: %v: %s", q.path, err, body)
		return nil
	}
	rest := map[int]bool{}
	for _, e := range answer.Errors {
		if q.hits == nil || e.Code != tracker.CodeUnavailable {
			c.load.t.Errorf("%s: %s\n%s", q.path, body, q.body)
			return nil
		}
		rest[e.Hit] = true
	}
	again := &request{path: q.path, contentType: q.contentType, key: q.key}
	total := 0
	for i, n := range q.events {
		if rest[i] {
			again.hits, again.events = append(again.hits, q.hits[i]), append(again.events, n)
			continue
		}
		total += n
	}
	if strings.HasPrefix(q.path, "/ahoy") {
		answer.Accepted = total // it does not say
	}
	if answer.Accepted != total {
		c.load.t.Errorf("%s: %d events accepted, %d sent: %s", q.path, answer.Accepted, total, body)
		return nil
	}
	c.load.acked.Add(int64(total))
	if len(again.hits) == 0 {
		return nil
	}
	again.body = batchBody(again.hits)
	time.Sleep(50 * time.Millisecond)
	return again
}

// next is a new request of one of the kinds that browsers and servers send.
func (c *client) next() *request {
	if c.left == 0 {
		c.left = 5 + c.r.IntN(30)
		c.now = newID()
		return c.ahoyVisit()
	}
	c.left--
	switch n := c.r.IntN(20); {
	case n < 11:
		return c.ahoyBeacon()
	case n < 16:
		return c.hit(true)
	case n < 18:
		return c.hit(false)
	}
	return c.batch()
}

// ahoyVisit is what ahoy.js posts first.
func (c *client) ahoyVisit() *request {
	return &request{path: "/ahoy/visits", contentType: "application/json", body: mustJSON(map[string]any{
		"visit_token": c.now, "visitor_token": c.visitor, "platform": "Web", "js": true,
		"landing_page": "https://shop.example/?utm_source=news", "referrer": "https://www.google.com/",
		"screen_width": 1920, "screen_height": 1080,
	})}
}

// ahoyBeacon is an event as ahoy.js sends it by sendBeacon.
func (c *client) ahoyBeacon() *request {
	event := map[string]any{"id": c.id(), "name": c.name(), "time": float64(time.Now().UnixMilli()) / 1000, "js": true,
		"properties": map[string]any{"url": "https://shop.example/cart", "title": "Cart", "page": "/cart"}}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"visit_token", c.now}, {"visitor_token", c.visitor}, {"events_json", string(mustJSON([]any{event}))}} {
		_ = form.WriteField(f[0], f[1]) // into memory
	}
	_ = form.Close()
	return &request{path: "/ahoy/events", contentType: form.FormDataContentType(), body: b.Bytes(), events: []int{1}}
}

// hit is what wake.js sends, with tokens or cookieless.
func (c *client) hit(tokens bool) *request {
	n := 1 + c.r.IntN(4)
	return &request{path: "/wake/hit", contentType: "text/plain", body: c.hitBody(n, tokens), events: []int{n}}
}

// batch is what a server sends.
func (c *client) batch() *request {
	q := &request{path: "/api/v1/hits", contentType: "application/json", key: c.load.key}
	for range 1 + c.r.IntN(10) {
		n := 1 + c.r.IntN(3)
		q.hits, q.events = append(q.hits, c.hitBody(n, true)), append(q.events, n)
	}
	q.body = batchBody(q.hits)
	return q
}

func batchBody(hits []json.RawMessage) []byte { return mustJSON(map[string]any{"hits": hits}) }

func (c *client) hitBody(n int, tokens bool) []byte {
	now := time.Now().UnixMilli()
	hit := map[string]any{"sent": now}
	if tokens {
		hit["visit_token"], hit["visitor_token"] = c.now, c.visitor
	}
	var events []any
	for i := range n {
		events = append(events, map[string]any{"id": c.id(), "name": c.name(), "time": now - int64(n-i),
			"url": fmt.Sprintf("https://shop.example/products/%d", c.r.IntN(50)), "title": "Product",
			"properties": map[string]any{"n": i}})
	}
	hit["events"] = events
	return mustJSON(hit)
}

func (c *client) id() string {
	id := newID()
	c.sent = append(c.sent, id)
	return id
}

func (c *client) name() string {
	if c.r.IntN(2) == 0 {
		return tracker.EventView
	}
	return "Bought"
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
