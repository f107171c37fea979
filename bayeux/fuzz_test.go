package bayeux

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

func FuzzParseMessages(f *testing.F) {
	for _, s := range []string{
		`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"id":"1","ext":{"a":[1,{"b":null}]}}]`,
		`{"channel":"/a","data":{"x":-1.5e+10,"y":"\u00e9\ud83d\ude00\\"},"clientId":"c","extra":true}`,
		`[{"channel":"/meta/subscribe","subscription":["/a","/b/**",5],"advice":{"timeout":0}}]`,
		`[]`, ` [ ] `, `[{}]`, `{"a":1,"a":2}`, `[1]`, `null`, `{"__proto__":1}`, `{"id":0,"channel":5}`, "{\"data\":\"\u2028\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ms, err := ParseMessages(bytes.Clone(b))
		if err != nil {
			// What is refused is no JSON, no UTF-8, beyond the bounds or no batch.
			var v any
			if utf8.Valid(b) && len(b) < 1000 && json.Unmarshal(b, &v) == nil && isBatch(v) && depth(v) < maxDepth && bytes.Count(b, []byte(":")) <= maxFields {
				t.Fatalf("%v: %q", err, b)
			}
			return
		}
		if !json.Valid(b) {
			t.Fatalf("taken: %q", b)
		}
		// What is written again is read again as the same.
		out := appendMessages(nil, ms)
		again, err := ParseMessages(out)
		if err != nil {
			t.Fatalf("%v: %q", err, out)
		}
		if second := appendMessages(nil, again); !bytes.Equal(out, second) {
			t.Fatalf("%q\n%q", out, second)
		}
		for _, m := range ms {
			m.SetExtField("k", json.RawMessage("1"))
			if !json.Valid(m.Ext) || string(m.ExtField("k")) != "1" {
				t.Fatalf("ext %q", m.Ext)
			}
			_ = ackWanted(m)
			_, _ = recoverFrom(m)
		}
	})
}

func isBatch(v any) bool {
	l, ok := v.([]any)
	if !ok {
		l = []any{v}
	}
	for _, x := range l {
		if _, ok := x.(map[string]any); !ok {
			return false
		}
	}
	return true
}

func depth(v any) (d int) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			d = max(d, depth(x))
		}
		return d + 1
	case map[string]any:
		for _, x := range v {
			d = max(d, depth(x))
		}
		return d + 1
	}
	return 0
}

// What a channel is routed to is what covers it, and the sets of patterns agree
// with each other.
func FuzzChannels(f *testing.F) {
	f.Add("/a/b", "/a/*", "/**")
	f.Add("/a", "/a/**", "/a")
	f.Add("/a/b/c", "/a/**", "/a/b/*")
	f.Add("/meta/x", "/**", "/service/*")
	f.Fuzz(func(t *testing.T, channel, p, q string) {
		if ValidChannel(channel) {
			if !ValidPattern(channel) || strings.ContainsAny(channel, "* .") {
				t.Fatal(channel)
			}
			r := routes(channel)
			for _, x := range r {
				if !Covers(x, channel) || !ValidPattern(x) && len(x) < maxChannelLength {
					t.Fatal(x, channel)
				}
			}
			if ValidPattern(p) && Covers(p, channel) != slices.Contains(r, p) {
				t.Fatal(p, channel, r)
			}
		}
		if !ValidPattern(p) || !ValidPattern(q) {
			return
		}
		if Overlap(p, q) != Overlap(q, p) || Covers(p, q) && !Overlap(p, q) || !Covers(p, p) {
			t.Fatal(p, q)
		}
		if ValidChannel(channel) && Covers(p, channel) && Covers(q, channel) && !Overlap(p, q) {
			t.Fatal(channel, p, q)
		}
		if ValidChannel(channel) && Covers(p, q) && Covers(q, channel) && !Covers(p, channel) {
			t.Fatal(channel, p, q)
		}
	})
}

// memSocket is a socket that keeps what is written.
type memSocket struct {
	out    bytes.Buffer
	closed bool
}

func (m *memSocket) start() {}
func (m *memSocket) write(bufs [][]byte) (n int, err error) {
	for _, b := range bufs {
		k, _ := m.out.Write(b)
		n += k
	}
	return n, nil
}
func (m *memSocket) read([]byte) (int, error) { return 0, errAgain }
func (m *memSocket) close()                   { m.closed = true }

// However the bytes of a websocket come in pieces, the answers are the same.
func FuzzFrames(f *testing.F) {
	text := func(s string) []byte { return ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(s)))) }
	f.Add(text(`[{"channel":"/a","data":1,"id":"1"}]`), 3)
	f.Add(append(text("[]"), ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewPingFrame([]byte("x"))))...), 1)
	f.Add(slices.Concat(ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewFrame(ws.OpText, false, []byte("[{")))), ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewFrame(ws.OpContinuation, true, []byte("}]"))))), 2)
	f.Add(ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye")))), 4)
	f.Add([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 5)
	s, err := New(context.Background(), Options{Engine: nullEngine{}, MaxBody: 4096, Workers: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Shutdown(context.Background()) })
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		if bytes.Contains(b, []byte("handshake")) || len(b) > 1<<16 {
			return // ids are random
		}
		run := func(size int) (string, bool) {
			m := &memSocket{}
			c := &conn{srv: s, sock: m}
			c.req = Request{Transport: WebSocket, conn: c}
			c.timer.owner = c
			s.stats.sockets.Add(1)
			s.countAddress(s.opened, c.req.RemoteAddr, 1)
			rd := new(reader)
			for rest := b; len(rest) > 0; {
				k := min(size, len(rest))
				if !c.feed(rd, bytes.Clone(rest[:k])) {
					break
				}
				rest = rest[k:]
			}
			c.close(ReasonClosed)
			return m.out.String(), m.closed
		}
		whole, closed := run(len(b) + 1)
		pieces, closed2 := run(min(max(piece, 1), 64))
		if whole != pieces || closed != closed2 {
			t.Fatalf("%q\n%q", whole, pieces)
		}
	})
}

// nullEngine is an engine for tests that publish nothing.
type nullEngine struct{}

func (nullEngine) Join(context.Context, Node) error  { return nil }
func (nullEngine) Leave(context.Context, Node) error { return nil }
func (nullEngine) Publish(context.Context, *Message, Retention) (Position, error) {
	return Position{}, nil
}
func (nullEngine) History(context.Context, string, Position, int) (History, error) {
	return History{}, nil
}
func (nullEngine) Broadcast(context.Context, Command) error { return nil }
func (nullEngine) Lookup(context.Context, string) (Credentials, bool, error) {
	return Credentials{}, false, nil
}
func (nullEngine) Claim(context.Context, Node, string, func(*State) error) (bool, error) {
	return false, nil
}

// The wheel calls at the time that was set, whichever way it moved.
func TestWheel(t *testing.T) {
	w := &wheel{}
	for i := range w.slots {
		w.slots[i].next, w.slots[i].prev = &w.slots[i], &w.slots[i]
	}
	w.start = time.Now()
	probes := make([]*timerProbe, 500)
	for i := range probes {
		probes[i] = &timerProbe{due: int64(i*1777%300_000) + 1}
		probes[i].d.owner = probes[i]
		w.set(&probes[i].d, probes[i].due)
	}
	for i, p := range probes { // some later, some earlier
		switch i % 3 {
		case 1:
			p.due += 50_000
			w.set(&p.d, p.due)
		case 2:
			p.due = p.due/2 + 1
			w.set(&p.d, p.due)
		}
	}
	stopped := probes[7]
	w.stop(&stopped.d)
	for now := int64(0); now < 400_000; now += 70 {
		w.turn(now)
	}
	for i, p := range probes {
		if p == stopped {
			if p.fired != 0 {
				t.Error("stopped, but called")
			}
			continue
		}
		if p.fired < p.due || p.fired > p.due+2*wheelTick {
			t.Errorf("%d: due %d, called %d", i, p.due, p.fired)
		}
	}
	for i := range w.slots {
		if w.slots[i].next != &w.slots[i] {
			t.Fatal("left over")
		}
	}
}

type timerProbe struct {
	d          deadline
	due, fired int64
}

func (p *timerProbe) expire(now int64) int64 {
	if now < p.due {
		return p.due
	}
	p.fired = now
	return never
}

func TestRoutes(t *testing.T) {
	got := routes("/a/b/c")
	slices.Sort(got)
	if want := []string{"/**", "/a/**", "/a/b/*", "/a/b/**", "/a/b/c"}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	got = routes("/a")
	slices.Sort(got)
	if want := []string{"/*", "/**", "/a"}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
}
