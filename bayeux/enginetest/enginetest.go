// Package enginetest is the suite that every bayeux.Engine passes: Run for one
// engine, RunPair for two that share a hub, as two processes would.
//
// The tests talk to servers on the engines as clients do, and to the engines as a
// server does; they wait for what happens, at most patience long, and never sleep
// for a fixed time.
package enginetest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"wake/bayeux"
)

const patience = 10 * time.Second

// Factory makes n engines that share one hub, with nothing in it. The test's end
// closes what they need.
type Factory func(t *testing.T, n int) []bayeux.Engine

// Run tests an engine by itself.
func Run(t *testing.T, f Factory) {
	for name, test := range map[string]func(*testing.T, Factory){
		"PublishInOrder": testPublishInOrder, "PublishUnmatched": testPublishUnmatched,
		"HistoryPositions": testHistoryPositions, "HistorySince": testHistorySince,
		"HistoryBounds": testHistoryBounds, "HistoryAge": testHistoryAge,
		"Broadcast": testBroadcast, "Leave": testLeave, "UnknownSession": testUnknownSession,
		"Conversation": func(t *testing.T, f Factory) { testConversation(t, f, 1) },
	} {
		t.Run(name, func(t *testing.T) { test(t, f) })
	}
}

// RunPair tests two engines of one hub.
func RunPair(t *testing.T, f Factory) {
	for name, test := range map[string]func(*testing.T, Factory){
		"PublishAcross": testPublishAcross, "OrderAcross": testOrderAcross, "ToOneClient": testToOneClient,
		"Conversation": func(t *testing.T, f Factory) { testConversation(t, f, 2) },
		"QueueMoves":   testQueueMoves, "AckMoves": testAckMoves, "HeldPollIsAnswered": testHeldPollIsAnswered,
		"Theft": testTheft, "Kick": testKick, "CloseChannel": testCloseChannel,
		"NothingLost": testNothingLost, "ParallelRequests": testParallelRequests, "HistoryIsShared": testHistoryIsShared, "EventsOnce": testEventsOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, f) })
	}
}

// node is a bayeux.Node that records.
type node struct {
	id string
	mu sync.Mutex
	ms []*bayeux.Message
	cs []bayeux.Command
}

func (n *node) NodeID() string                         { return n.id }
func (n *node) Peek(string) (bayeux.Credentials, bool) { return bayeux.Credentials{}, false }
func (n *node) Release(string) (*bayeux.State, bool)   { return nil, false }
func (n *node) Deliver(m *bayeux.Message)              { n.mu.Lock(); n.ms = append(n.ms, m); n.mu.Unlock() }
func (n *node) Command(c bayeux.Command)               { n.mu.Lock(); n.cs = append(n.cs, c); n.mu.Unlock() }
func (n *node) counts() (messages, commands int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.ms), len(n.cs)
}
func (n *node) message(i int) *bayeux.Message { n.mu.Lock(); defer n.mu.Unlock(); return n.ms[i] }

func join(t *testing.T, e bayeux.Engine, id string, channels ...string) *node {
	t.Helper()
	n := &node{id: id}
	if err := e.Join(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Leave(context.Background(), n) })
	if w, ok := e.(bayeux.Watcher); ok {
		for _, c := range channels {
			if err := w.Watch(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

func message(channel string, data any) *bayeux.Message {
	return &bayeux.Message{Channel: channel, Data: fmt.Append(nil, data)}
}

func testPublishInOrder(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	n := join(t, e, "n", "/a", "/b/*")
	const N = 200
	for i := range N {
		for _, ch := range []string{"/a", "/b/c"} {
			if _, err := e.Publish(t.Context(), message(ch, i), bayeux.Retention{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "all are delivered", func() bool { ms, _ := n.counts(); return ms == 2*N })
	next := map[string]int{}
	for i := range 2 * N {
		m := n.message(i)
		if string(m.Data) != fmt.Sprint(next[m.Channel]) {
			t.Fatalf("%s: got %s, want %d", m.Channel, m.Data, next[m.Channel])
		}
		next[m.Channel]++
	}
}

func testPublishUnmatched(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	join(t, e, "n", "/a")
	if _, err := e.Publish(t.Context(), message("/nobody", 1), bayeux.Retention{}); err != nil {
		t.Fatal(err)
	}
}

var keep = bayeux.Retention{Size: 5, TTL: time.Hour}

func put(t *testing.T, e bayeux.Engine, channel string, data any) bayeux.Position {
	t.Helper()
	p, err := e.Publish(t.Context(), message(channel, data), keep)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func history(t *testing.T, e bayeux.Engine, channel string, since bayeux.Position, limit int) (string, bayeux.History) {
	t.Helper()
	h, err := e.History(t.Context(), channel, since, limit)
	if err != nil {
		t.Fatal(err)
	}
	var data []string
	for _, m := range h.Messages {
		data = append(data, string(m.Data))
	}
	return strings.Join(data, " "), h
}

func testHistoryPositions(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	n := join(t, e, "n", "/h", "/i")
	for i := range 3 {
		if p := put(t, e, "/h", i); p.Offset != uint64(i+1) || p.Epoch == "" {
			t.Fatal(p)
		}
	}
	if p := put(t, e, "/i", 0); p.Offset != 1 {
		t.Error("another channel: ", p)
	}
	eventually(t, "delivered", func() bool { ms, _ := n.counts(); return ms == 4 })
	if p := n.message(2).Position; p.Offset != 3 || p.Epoch == "" {
		t.Error("delivered with ", p)
	}
	if p, err := e.Publish(t.Context(), message("/h", 9), bayeux.Retention{}); err != nil || p != (bayeux.Position{}) {
		t.Error("kept though not asked to: ", p, err)
	}
}

func testHistorySince(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	join(t, e, "n")
	if got, h := history(t, e, "/h", bayeux.Position{}, 10); got != "" || !h.Complete || h.Last.Offset != 0 {
		t.Error("of nothing: ", got, h)
	}
	first := put(t, e, "/h", 1)
	put(t, e, "/h", 2)
	last := put(t, e, "/h", 3)
	for _, c := range []struct {
		since    bayeux.Position
		limit    int
		want     string
		complete bool
	}{
		{first, 10, "2 3", true},
		{last, 10, "", true},
		{bayeux.Position{Epoch: first.Epoch}, 10, "1 2 3", true},
		{bayeux.Position{}, 10, "1 2 3", true},
		{bayeux.Position{}, 2, "2 3", false},
		{first, 1, "3", false},
		{bayeux.Position{Epoch: "another", Offset: 1}, 10, "1 2 3", false},
		{bayeux.Position{Epoch: first.Epoch, Offset: 99}, 10, "1 2 3", false},
	} {
		got, h := history(t, e, "/h", c.since, c.limit)
		if got != c.want || h.Complete != c.complete || h.Last != last {
			t.Errorf("since %v, %d: %q complete %v last %v; want %q %v", c.since, c.limit, got, h.Complete, h.Last, c.want, c.complete)
		}
	}
}

func testHistoryBounds(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	join(t, e, "n")
	first := put(t, e, "/h", 1)
	for i := range 7 {
		put(t, e, "/h", i+2)
	}
	if got, h := history(t, e, "/h", first, 100); got != "4 5 6 7 8" || h.Complete {
		t.Error(got, h.Complete)
	}
}

func testHistoryAge(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	join(t, e, "n")
	short := bayeux.Retention{Size: 5, TTL: 50 * time.Millisecond}
	p, err := e.Publish(t.Context(), message("/h", 1), short)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "forgotten", func() bool {
		h, err := e.History(t.Context(), "/h", bayeux.Position{Epoch: p.Epoch}, 10)
		return err == nil && len(h.Messages) == 0 && !h.Complete
	})
}

func testBroadcast(t *testing.T, f Factory) {
	es := f(t, 2)
	a, b := join(t, es[0], "a"), join(t, es[1], "b")
	want := bayeux.Command{Kick: "x", CloseChannel: "/a", Reason: "because"}
	if err := es[0].Broadcast(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{a, b} {
		eventually(t, "the command is there", func() bool { _, cs := n.counts(); return cs == 1 })
		if n.cs[0] != want {
			t.Error(n.cs[0])
		}
	}
}

func testLeave(t *testing.T, f Factory) {
	es := f(t, 2)
	a, b := join(t, es[0], "a", "/a"), join(t, es[1], "b", "/a")
	if err := es[0].Leave(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := es[1].Publish(t.Context(), message("/a", 1), bayeux.Retention{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other has it", func() bool { ms, _ := b.counts(); return ms == 1 })
	if ms, _ := a.counts(); ms != 0 {
		t.Error("told after it left")
	}
}

func testUnknownSession(t *testing.T, f Factory) {
	e := f(t, 1)[0]
	n := join(t, e, "n")
	if _, ok, err := e.Lookup(t.Context(), "nobody"); ok || err != nil {
		t.Error(ok, err)
	}
	adopt := func(*bayeux.State) error { t.Error("adopted"); return nil }
	if ok, err := e.Claim(t.Context(), n, "nobody", adopt); ok || err != nil {
		t.Error(ok, err)
	}
}

// hub is a number of servers on engines of one hub.
type hub struct {
	t       *testing.T
	servers []*bayeux.Server
	turn    int
}

func newHub(t *testing.T, f Factory, n int) *hub {
	t.Helper()
	h := &hub{t: t}
	for i, e := range f(t, n) {
		s, err := bayeux.New(t.Context(), bayeux.Options{
			Engine: e, NodeID: fmt.Sprintf("node-%d", i), Timeout: patience,
			Retention: []bayeux.RetentionRule{{Pattern: "/h/**", Retention: keep}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := s.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
		h.servers = append(h.servers, s)
	}
	return h
}

// at returns the server of the next request: never the same one twice running.
func (h *hub) at() *bayeux.Server {
	h.turn++
	return h.servers[h.turn%len(h.servers)]
}

// client is a long-polling client behind a load balancer.
type client struct {
	h   *hub
	id  string
	req *bayeux.Request
}

func (h *hub) client(ext string) *client {
	h.t.Helper()
	c := &client{h: h, req: &bayeux.Request{Transport: bayeux.LongPolling, RemoteAddr: netip.MustParseAddr("192.0.2.1")}}
	r := c.ask(h.at(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"ext":%s}`, ext)
	c.id = r[0].ClientID
	return c
}

func (c *client) ask(s *bayeux.Server, format string, args ...any) []*bayeux.Message {
	c.h.t.Helper()
	ms, err := bayeux.ParseMessages(fmt.Appendf(nil, format, args...))
	if err != nil {
		c.h.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.h.t.Context(), 2*patience)
	defer cancel()
	r := s.Process(ctx, c.req, ms)
	if len(r) == 0 {
		c.h.t.Fatal("no reply to ", string(fmt.Appendf(nil, format, args...)))
	}
	return r
}

func (c *client) must(s *bayeux.Server, format string, args ...any) []*bayeux.Message {
	c.h.t.Helper()
	r := c.ask(s, format, args...)
	if !r[0].Successful {
		c.h.t.Fatal(r[0].Channel, ": ", r[0].Error)
	}
	return r
}

func (c *client) subscribe(s *bayeux.Server, channel string) {
	c.h.t.Helper()
	c.must(s, `{"channel":"/meta/subscribe","clientId":%q,"subscription":%q}`, c.id, channel)
}

// poll holds a connect at s and returns the data of what came.
func (c *client) poll(s *bayeux.Server, timeout time.Duration) string {
	c.h.t.Helper()
	r := c.must(s, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":%d}}`, c.id, timeout.Milliseconds())
	return datas(r[1:])
}

func datas(ms []*bayeux.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, string(m.Data))
	}
	return strings.Join(out, " ")
}

// receive polls at alternating nodes until n messages are there.
func (c *client) receive(n int) string {
	c.h.t.Helper()
	var got []string
	for end := time.Now().Add(patience); len(got) < n; {
		if d := c.poll(c.h.at(), 200*time.Millisecond); d != "" {
			got = append(got, strings.Fields(d)...)
		}
		if time.Now().After(end) {
			c.h.t.Fatalf("got %q only, want %d", got, n)
		}
	}
	return strings.Join(got, " ")
}

func (h *hub) publish(s *bayeux.Server, channel string, data any) {
	h.t.Helper()
	if _, err := s.Publish(h.t.Context(), channel, data); err != nil {
		h.t.Fatal(err)
	}
}
