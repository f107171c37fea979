package enginetest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wake/bayeux"
)

// testConversation has every request answered by another node than the last.
func testConversation(t *testing.T, f Factory, nodes int) {
	h := newHub(t, f, nodes)
	c := h.client("{}")
	for _, ch := range []string{"/a", "/b/*", "/c/**"} {
		c.subscribe(h.at(), ch)
	}
	for i, ch := range []string{"/a", "/b/x", "/c/x/y", "/b/x/y", "/c"} {
		h.publish(h.at(), ch, i)
	}
	got := strings.Fields(c.receive(3))
	seen := map[string]bool{}
	for _, d := range got {
		seen[d] = true
	}
	if len(got) != 3 || !seen["0"] || !seen["1"] || !seen["2"] {
		t.Error(got)
	}
	c.must(h.at(), `{"channel":"/meta/unsubscribe","clientId":%q,"subscription":["/a","/b/*"]}`, c.id)
	h.publish(h.at(), "/a", "gone")
	h.publish(h.at(), "/c/d", 3)
	if got := c.receive(1); got != "3" {
		t.Error(got)
	}
	c.must(h.at(), `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
	for range nodes {
		if r := c.ask(h.at(), `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id); r[0].Successful {
			t.Error("connected after disconnect")
		}
	}
}

func testPublishAcross(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	a, b := h.servers[0], h.servers[1]
	c := h.client("{}")
	c.subscribe(a, "/x/*")
	done := make(chan string)
	go func() { done <- c.poll(a, patience) }()
	eventually(t, "the poll is held", func() bool { i, ok := a.Client(c.id); return ok && i.Connected })
	h.publish(b, "/x/y", 1)
	if got := <-done; got != "1" {
		t.Error(got)
	}
}

func testOrderAcross(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	c.subscribe(h.servers[0], "/x")
	const N = 100
	var want []string
	for i := range N {
		h.publish(h.servers[1], "/x", i)
		want = append(want, fmt.Sprint(i))
	}
	if got := c.receive(N); got != strings.Join(want, " ") {
		t.Error(got)
	}
}

func testToOneClient(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	c.subscribe(h.servers[0], "/unrelated")
	for i, s := range h.servers {
		if _, err := s.PublishMessage(t.Context(), &bayeux.Message{Channel: "/visit/1", Data: fmt.Append(nil, i), To: c.id}); err != nil {
			t.Fatal(err)
		}
	}
	got := strings.Fields(c.receive(2))
	if len(got) != 2 || got[0] == got[1] {
		t.Error(got)
	}
}

// testQueueMoves: what waits at one node is delivered by the other, once.
func testQueueMoves(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	a, b := h.servers[0], h.servers[1]
	c := h.client("{}")
	c.subscribe(a, "/x")
	for i := range 3 {
		h.publish(a, "/x", i)
	}
	eventually(t, "queued", func() bool { i, _ := a.Client(c.id); return i.Queued == 3 })
	if got := c.poll(b, 0); got != "0 1 2" {
		t.Error(got)
	}
	h.publish(a, "/x", 3)
	if got := c.poll(b, patience); got != "3" {
		t.Error(got)
	}
	if _, ok := a.Client(c.id); ok {
		t.Error("still at its former node")
	}
	if got := c.poll(a, 0); got != "" {
		t.Error("again: ", got)
	}
}

func testAckMoves(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	a, b := h.servers[0], h.servers[1]
	c := h.client(`{"ack":true}`)
	c.subscribe(a, "/x")
	connect := func(s *bayeux.Server, ack int) (string, string) {
		r := c.must(s, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":0},"ext":{"ack":%d}}`, c.id, ack)
		return string(r[0].ExtField("ack")), datas(r[1:])
	}
	h.publish(a, "/x", 1)
	eventually(t, "queued", func() bool { i, _ := a.Client(c.id); return i.Queued == 1 })
	if ack, got := connect(a, 0); ack != "1" || got != "1" {
		t.Error(ack, got)
	}
	// That reply was lost, and so was the node's connection.
	if ack, got := connect(b, 0); ack != "2" || got != "1" {
		t.Error(ack, got)
	}
	if _, got := connect(a, 2); got != "" {
		t.Error("again: ", got)
	}
}

// testNothingLost: a client with the acknowledgement extension polls at whatever
// node, and every third reply does not reach it, while two publishers publish at
// whatever node. In the end it has everything once, each publisher's in order.
func testNothingLost(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client(`{"ack":true}`)
	c.subscribe(h.servers[0], "/x/*")
	const N = 150
	var wg sync.WaitGroup
	for p := range 2 {
		wg.Go(func() {
			for i := range N {
				if _, err := h.servers[(p+i)%2].Publish(t.Context(), fmt.Sprintf("/x/%d", p), i); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	defer wg.Wait()
	r := rand.New(rand.NewPCG(1, 2))
	next := map[string]int{}
	ack := "0"
	for end := time.Now().Add(2 * patience); next["/x/0"] < N || next["/x/1"] < N; {
		if time.Now().After(end) {
			t.Fatal("not all came: ", next)
		}
		s := h.servers[r.IntN(2)]
		reply := c.must(s, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":%d},"ext":{"ack":%s}}`, c.id, r.IntN(20), ack)
		if r.IntN(3) == 0 {
			continue // lost
		}
		ack = string(reply[0].ExtField("ack"))
		for _, m := range reply[1:] {
			if string(m.Data) != fmt.Sprint(next[m.Channel]) {
				t.Fatalf("%s: got %s, want %d", m.Channel, m.Data, next[m.Channel])
			}
			next[m.Channel]++
		}
	}
}

// testParallelRequests: browsers send requests side by side, and a balancer sends
// them to different nodes. None may be refused because another one has just moved
// the session.
func testParallelRequests(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	const workers, each = 4, 15
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			req := *c.req // each request is one of its own
			for i := range each {
				s := h.servers[(w+i)%2]
				batch, err := bayeux.ParseMessages(fmt.Appendf(nil,
					`[{"channel":"/meta/subscribe","clientId":%q,"subscription":["/w%d/%d","/w%[2]d/x%d"]},{"channel":"/w%[2]d/%[3]d","clientId":%[1]q,"data":%[3]d},{"channel":"/meta/unsubscribe","clientId":%[1]q,"subscription":"/w%[2]d/x%[3]d"},{"channel":"/meta/connect","clientId":%[1]q,"connectionType":"long-polling","advice":{"timeout":0}}]`,
					c.id, w, i, i))
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range s.Process(t.Context(), &req, batch) {
					if r.Reply && !r.Successful {
						t.Errorf("worker %d, %d: %s: %s", w, i, r.Channel, r.Error)
					}
				}
			}
		})
	}
	wg.Wait()
	c.poll(h.servers[0], 0)
	if i, ok := h.servers[0].Client(c.id); !ok || len(i.Subscriptions) != workers*each {
		t.Errorf("%d subscriptions, want %d", len(i.Subscriptions), workers*each)
	}
}

// testHeldPollIsAnswered: a poll at the node that a session leaves.
func testHeldPollIsAnswered(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	a, b := h.servers[0], h.servers[1]
	c := h.client("{}")
	c.subscribe(a, "/x")
	done := make(chan time.Duration)
	go func() {
		start := time.Now()
		c.poll(a, patience)
		done <- time.Since(start)
	}()
	eventually(t, "the poll is held", func() bool { return a.Stats().In[bayeux.LongPolling] >= 2 })
	time.Sleep(10 * time.Millisecond) // it is counted a moment before it is held
	c.subscribe(b, "/y")
	if d := <-done; d > patience/2 {
		t.Error("answered after ", d)
	}
}

// testTheft: knowing an id is no more use at another node.
func testTheft(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	c.subscribe(h.servers[0], "/x")
	r, _ := http.NewRequest("POST", "/", nil)
	r.RemoteAddr = "198.51.100.7:1234"
	req := h.servers[0].NewRequest(r, bayeux.LongPolling)
	thief := &client{h: h, id: c.id, req: &req}
	for _, s := range h.servers {
		r := thief.ask(s, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id)
		if r[0].Successful {
			t.Error("let in")
		}
	}
	h.publish(h.at(), "/x", 1)
	if got := c.receive(1); got != "1" {
		t.Error(got)
	}
}

func testKick(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	c.subscribe(h.servers[0], "/x")
	if err := h.servers[1].Kick(t.Context(), c.id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is gone", func() bool { _, ok := h.servers[0].Client(c.id); return !ok })
	if r := c.ask(h.servers[1], `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id); r[0].Successful {
		t.Error("back")
	}
}

func testCloseChannel(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	c := h.client("{}")
	c.subscribe(h.servers[0], "/x")
	c.subscribe(h.servers[0], "/y")
	if err := h.servers[1].CloseChannel(t.Context(), "/x"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "unsubscribed", func() bool { i, _ := h.servers[0].Client(c.id); return len(i.Subscriptions) == 1 })
}

func testHistoryIsShared(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	for i := range 3 {
		h.publish(h.at(), "/h/a", i)
	}
	c := h.client("{}")
	c.must(h.at(), `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h/a","ext":{"recover":{"last":2}}}`, c.id)
	if got := c.receive(2); got != "1 2" {
		t.Error(got)
	}
}

// testEventsOnce: a session that moves is told of once, not by every node.
func testEventsOnce(t *testing.T, f Factory) {
	h := newHub(t, f, 2)
	var mu sync.Mutex
	var seen []string
	for _, s := range h.servers {
		s.On(func(e bayeux.Event) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, strings.TrimSpace(e.Kind.String()+" "+e.Channel))
		}, bayeux.EventHandshake, bayeux.EventSubscribe, bayeux.EventUnsubscribe, bayeux.EventDisconnect)
	}
	c := h.client("{}")
	for range 4 {
		c.subscribe(h.at(), "/x")
	}
	c.must(h.at(), `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
	want := []string{"handshake", "subscribe /x", "unsubscribe /x", "disconnect"}
	eventually(t, "all are told", func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) >= len(want) })
	mu.Lock()
	defer mu.Unlock()
	count := map[string]int{}
	for _, s := range seen {
		count[s]++
	}
	for _, w := range want {
		if count[w] != 1 {
			t.Error(count)
		}
	}
}
