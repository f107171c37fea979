package bayeux_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wake/bayeux"
)

// Bounds, and input that means harm.

func TestHostileInput(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxBody: 100_000})
	url := serve(t, s)
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	wide := strings.Repeat(`{"channel":"/a","data":1},`, 1025)
	var fields strings.Builder
	for i := range 70 {
		fmt.Fprintf(&fields, `,"f%d":1`, i)
	}
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"too large":        {`[{"channel":"/a","data":"` + strings.Repeat("x", 100_001) + `"}]`, 413},
		"deep":             {`[{"channel":"/a","data":` + deep + `}]`, 400},
		"very deep":        {strings.Repeat("[", 90_000), 400},
		"deep objects":     {strings.Repeat(`{"a":`, 10_000), 400},
		"many messages":    {"[" + wide[:len(wide)-1] + "]", 400},
		"many fields":      {`[{"channel":"/a","data":1` + fields.String() + `}]`, 400},
		"not UTF-8":        {"[{\"channel\":\"/a\",\"data\":\"\xff\xfe\"}]", 400},
		"NUL":              {"[{\"channel\":\"/a\",\"data\":\"\x00\"}]", 400},
		"bad escape":       {`[{"channel":"/a","data":"\x41"}]`, 400},
		"bad number":       {`[{"channel":"/a","data":01}]`, 400},
		"trailing":         {`[{"channel":"/a","data":1}] x`, 400},
		"NaN":              {`[{"channel":"/a","data":NaN}]`, 400},
		"empty":            {``, 400},
		"null":             {`null`, 400},
		"null in a batch":  {`[null]`, 400},
		"huge number":      {`[{"channel":"/a","data":1e999999999,"id":1e999999999}]`, 200},
		"lone surrogate":   {`[{"channel":"/a","data":"\ud800","clientId":"\ud800"}]`, 200},
		"odd types":        {`[{"channel":5,"data":1},{"channel":"/meta/connect","clientId":{},"connectionType":[]},{"channel":"/meta/subscribe","clientId":1,"subscription":{"a":1}}]`, 200},
		"long channel":     {`[{"channel":"/` + strings.Repeat("a", 600) + `","data":1}]`, 200},
		"many segments":    {`[{"channel":"` + strings.Repeat("/a", 200) + `","data":1}]`, 200},
		"long id":          {`[{"channel":"/a","data":1,"id":"` + strings.Repeat("a", 5000) + `"}]`, 200},
		"timeout is silly": {`[{"channel":"/meta/connect","clientId":"x","connectionType":"long-polling","advice":{"timeout":-1e99}}]`, 200},
	} {
		res, err := http.Post(url, "application/json", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(name, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s: %s, want %d", name, res.Status, c.status)
		}
	}
	if n := s.Stats().Clients; n != 0 {
		t.Error(n, " clients")
	}
}

func TestWebSocketProtocolErrors(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		opt.MaxBody = 10_000
		url := startServer(t, opt)
		frame := func(op ws.OpCode, fin bool, p string) []byte {
			return ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewFrame(op, fin, []byte(p))))
		}
		for name, c := range map[string]struct {
			send []byte
			code ws.StatusCode
		}{
			"unmasked":            {ws.MustCompileFrame(ws.NewTextFrame([]byte("[]"))), ws.StatusProtocolError},
			"reserved opcode":     {frame(5, true, ""), ws.StatusProtocolError},
			"fragmented ping":     {frame(ws.OpPing, false, ""), ws.StatusProtocolError},
			"lone continuation":   {frame(ws.OpContinuation, true, "x"), ws.StatusProtocolError},
			"two beginnings":      {append(frame(ws.OpText, false, "["), frame(ws.OpText, true, "]")...), ws.StatusProtocolError},
			"too large":           {frame(ws.OpText, true, strings.Repeat(" ", 10_001)), ws.StatusMessageTooBig},
			"too large in pieces": {append(frame(ws.OpText, false, strings.Repeat(" ", 6000)), frame(ws.OpContinuation, true, strings.Repeat(" ", 6000))...), ws.StatusMessageTooBig},
			"not UTF-8":           {frame(ws.OpText, true, "[\"\xff\"]"), ws.StatusInvalidFramePayloadData},
			"close":               {ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "")))), ws.StatusGoingAway},
		} {
			k := dial(t, url, nil)
			if _, err := k.nc.Write(c.send); err != nil {
				t.Fatal(err)
			}
			_, err := k.read(10 * time.Second)
			var cl closed
			if !errors.As(err, &cl) || cl.code != c.code {
				t.Errorf("%s: %v, want code %d", name, err, c.code)
			}
		}
		// A header that promises more than anybody has is refused at once.
		k := dial(t, url, nil)
		_, _ = k.nc.Write([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
		if _, err := k.read(10 * time.Second); err == nil {
			t.Error("a frame of 2^63 bytes")
		}
	})
}

// forSockets runs a test with readiness, with a goroutine a connection, and as it
// is over TLS.
func forSockets(t *testing.T, f func(*testing.T, bayeux.Options)) {
	for name, opt := range map[string]bayeux.Options{"readiness": {}, "goroutines": {NoEpoll: true}} {
		t.Run(name, func(t *testing.T) { f(t, opt) })
	}
}

func TestWebSocketFraming(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		url := startServer(t, opt)
		k := dial(t, url, nil)
		// Byte by byte, in fragments with a ping between, and several at once.
		whole := ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"channel":"/a","data":1,"id":"1"}`))))
		for i := range whole {
			_, _ = k.nc.Write(whole[i : i+1])
		}
		if r := k.next(); r[0].ID != "1" {
			t.Error(r[0])
		}
		var parts []byte
		for i, p := range []string{`[{"channel":"/a",`, `"data":1,`, `"id":"2"}]`} {
			op := ws.OpContinuation
			if i == 0 {
				op = ws.OpText
			}
			parts = append(parts, ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewFrame(op, i == 2, []byte(p))))...)
			parts = append(parts, ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewPingFrame([]byte("x"))))...)
		}
		_, _ = k.nc.Write(append(parts, whole...))
		if r := k.next(); r[0].ID != "2" {
			t.Error(r[0])
		}
		if r := k.next(); r[0].ID != "1" {
			t.Error(r[0])
		}
		// What Faye's old clients send, and bad JSON, keep the socket.
		k.send("[]")
		if r := k.next(); len(r) != 0 {
			t.Error(r)
		}
		k.send("{")
		if r := k.next(); r[0].Error != "400::Bad request" {
			t.Error(r[0])
		}
		// Larger than any buffer, both ways.
		k.open("/big")
		big := strings.Repeat("x", 700_000)
		k.send(`{"channel":"/big","data":%q}`, big)
		for range 2 {
			if r := k.next()[0]; r.Data != nil && len(r.Data) != len(big)+2 {
				t.Error(len(r.Data))
			}
		}
	})
}

func TestWebSocketOverTLS(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	hs := httptest.NewTLSServer(s)
	t.Cleanup(hs.Close)
	d := ws.Dialer{TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	nc, _, _, err := d.Dial(context.Background(), "wss"+strings.TrimPrefix(hs.URL, "https"))
	if err != nil {
		t.Fatal(err)
	}
	k := &socket{t: t, nc: nc}
	k.open("/a")
	publish(t, s, "/a", 1)
	if r := k.next(); string(r[0].Data) != "1" {
		t.Error(r[0])
	}
	_ = nc.Close()
	eventually(t, "the socket is gone", func() bool { return s.Stats().Sockets == 0 })
}

// A client that sends its first frame without waiting for the answer to the upgrade.
func TestEarlyData(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		url := startServer(t, opt)
		k := dial(t, url, nil) // for the helper's sake
		raw := rawDial(t, url)
		_, _ = raw.Write(append([]byte("GET /faye HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
			ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(`{"channel":"/a","data":1,"id":"early"}`))))...))
		head := make([]byte, 0, 1024)
		one := make([]byte, 1)
		_ = raw.SetReadDeadline(time.Now().Add(10 * time.Second))
		for !strings.HasSuffix(string(head), "\r\n\r\n") {
			if _, err := raw.Read(one); err != nil {
				t.Fatal(err)
			}
			head = append(head, one[0])
		}
		k.nc = raw
		if r := k.next(); r[0].ID != "early" {
			t.Error(r[0])
		}
	})
}

// Half-open: the other side neither answers nor closes.
func TestPongDeadline(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		opt.PingInterval, opt.PongTimeout, opt.ResumeTimeout = 200*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
		s := newServer(t, opt)
		var reason atomic.Value
		s.On(func(e bayeux.Event) { reason.Store(e.Reason) }, bayeux.EventDrop)
		url := serve(t, s)
		alive := dial(t, url, nil)
		alive.open("")
		silent := dial(t, url, nil)
		silent.open("")
		go func() { // answers pings
			for {
				if _, _, err := wsutil.ReadServerData(alive.nc); err != nil {
					return
				}
			}
		}()
		eventually(t, "the silent one is gone", func() bool { return reason.Load() == bayeux.ReasonPong })
		eventually(t, "its session too", func() bool { _, ok := s.Client(silent.id); return !ok })
		if i, ok := s.Client(alive.id); !ok || !i.Connected {
			t.Error("the answering one is gone as well")
		}
	})
}

func TestSocketWithoutSessionIsClosed(t *testing.T) {
	s := newServer(t, bayeux.Options{HandshakeTimeout: 200 * time.Millisecond})
	k := dial(t, serve(t, s), nil)
	_, err := k.read(10 * time.Second)
	var c closed
	if !errors.As(err, &c) || c.code != ws.StatusPolicyViolation {
		t.Error(err)
	}
	eventually(t, "it is gone", func() bool { return s.Stats().Sockets == 0 })
}

// A client that does not read must not hold up those who do, and is let go when
// its queue is full.
func TestSlowReaderIsLetGo(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		opt.MaxQueue, opt.ResumeTimeout = 50, time.Second
		s := newServer(t, opt)
		var reason atomic.Value
		s.On(func(e bayeux.Event) { reason.Store(e.Reason) }, bayeux.EventDisconnect)
		url := serve(t, s)
		slow, quick := dial(t, url, nil), dial(t, url, nil)
		slow.open("/a")
		quick.open("/a")
		data := strings.Repeat("x", 64<<10)
		// As much as all buffers between take, and then some.
		for range 500 {
			publish(t, s, "/a", data)
			if r := quick.next(); len(r[0].Data) != len(data)+2 {
				t.Fatal("the quick one got ", len(r[0].Data))
			}
			if reason.Load() != nil {
				break
			}
		}
		eventually(t, "the slow one is let go", func() bool { return reason.Load() == bayeux.ReasonOverflow })
		if _, ok := s.Client(slow.id); ok {
			t.Error("still there")
		}
		if s.Stats().Drops == 0 {
			t.Error("not counted")
		}
	})
}

func TestConflate(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxQueue: 3, Overflow: bayeux.OverflowConflate})
	c := newClient(t, s, "")
	c.subscribe("/**")
	for i := range 10 {
		publish(t, s, "/fast", i)
	}
	publish(t, s, "/slow", "s1")
	for i := range 10 {
		publish(t, s, "/fast", 10+i)
	}
	m, events := c.poll(0, "")
	if got := datas(events); got != `9 "s1" 19` && got != `"s1" 18 19` {
		t.Error(got)
	}
	if got := string(m.ExtField("lost")); got != "18" {
		t.Error("lost ", got)
	}
	if m, _ := c.poll(0, ""); m.ExtField("lost") != nil || s.Stats().Drops != 18 {
		t.Error("told twice, or not counted: ", s.Stats().Drops)
	}
}

func TestQueueOverflowEndsTheSession(t *testing.T) {
	inBubble(t, bayeux.Options{MaxQueue: 5}, func(t *testing.T, s *bayeux.Server) {
		c := newClient(t, s, "")
		c.subscribe("/a")
		for i := range 6 {
			publish(t, s, "/a", i)
		}
		synctest.Wait()
		m, _ := c.poll(0, "")
		if m.Successful || m.Advice.Reconnect != "handshake" {
			t.Error(show([]*bayeux.Message{m}))
		}
	})
}

func TestClientLimits(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxClients: 5, MaxClientsPerAddress: 2})
	hello := func(addr string) *bayeux.Message {
		req := &bayeux.Request{Transport: bayeux.LongPolling, RemoteAddr: netip.MustParseAddr(addr)}
		return ask(t, s, req, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}`)[0]
	}
	a := hello("2001:db8::1")
	hello("2001:db8::2")
	if m := hello("2001:db8::3"); m.Successful || !strings.HasPrefix(m.Error, "413:") {
		t.Error("third of a /64: ", m.Error)
	}
	if m := hello("10.0.0.1"); !m.Successful {
		t.Error(m.Error)
	}
	hello("10.0.0.2")
	hello("10.0.0.3")
	if m := hello("10.0.0.4"); m.Successful {
		t.Error("sixth client")
	}
	req := &bayeux.Request{Transport: bayeux.LongPolling, RemoteAddr: netip.MustParseAddr("2001:db8::9")}
	ask(t, s, req, `{"channel":"/meta/disconnect","clientId":%q}`, a.ClientID)
	if m := hello("2001:db8::3"); !m.Successful {
		t.Error("after one left: ", m.Error)
	}
}

func TestHTTPHeaders(t *testing.T) {
	url := startServer(t, bayeux.Options{})
	do := func(method, path string, h http.Header, body string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	handshake := `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`
	origin := http.Header{"Origin": {"https://shop.example"}, "Content-Type": {"application/json"}}
	res := do("POST", "", origin, handshake)
	for k, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Credentials": "true",
		"Cache-Control": "no-cache, no-store", "X-Content-Type-Options": "nosniff", "Vary": "Origin",
		"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "",
	} {
		if got := res.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	c := res.Header.Get("Set-Cookie")
	if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || strings.Contains(c, "Secure") {
		t.Error("cookie over HTTP: ", c)
	}
	origin.Set("X-Forwarded-Proto", "https")
	c = do("POST", "", origin, handshake).Header.Get("Set-Cookie")
	if !strings.Contains(c, "SameSite=None") || !strings.Contains(c, "Secure") || !strings.Contains(c, "Partitioned") {
		t.Error("cookie over HTTPS: ", c)
	}
	origin.Set("Cookie", "bayeux_session=0123456789abcdefghijkl")
	if c := do("POST", "", origin, handshake).Header.Get("Set-Cookie"); c != "" {
		t.Error("a second cookie: ", c)
	}
	res = do("OPTIONS", "/connect", http.Header{"Origin": {"https://shop.example"}}, "")
	if res.StatusCode != 200 || res.Header.Get("Access-Control-Allow-Methods") != "POST, GET" || res.Header.Get("Access-Control-Max-Age") != "86400" {
		t.Error("preflight: ", res.Status, res.Header)
	}
	if got := do("OPTIONS", "", http.Header{}, "").Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Error("preflight without origin: ", got)
	}
}

func TestSubscriptionLimitCountsOnlyNew(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxSubscriptions: 2})
	c := newClient(t, s, "")
	for range 3 {
		if r := c.subscribe("/a", "/b"); !r.Successful {
			t.Fatal(r.Error)
		}
	}
	if r := c.subscribe("/c"); r.Successful {
		t.Error("a third channel")
	}
}

// Every subscriber sees the messages of one publisher in their order, also while
// others come and go.
func TestOrderUnderLoad(t *testing.T) {
	s := newServer(t, bayeux.Options{Workers: 4, MaxQueue: 100_000})
	url := serve(t, s)
	const N, K = 300, 8
	var sockets []*socket
	for range K {
		k := dial(t, url, nil)
		k.open("/n")
		sockets = append(sockets, k)
	}
	done := make(chan error, 2*K)
	for _, k := range sockets {
		go func() {
			next := [2]int{}
			for next[0]+next[1] < 2*N {
				ms, err := k.read(20 * time.Second)
				if err != nil {
					done <- err
					return
				}
				for _, m := range ms {
					var p, i int
					if _, err := fmt.Sscanf(string(m.Data), `"%d %d"`, &p, &i); err != nil || i != next[p] {
						done <- fmt.Errorf("publisher %d: got %s, want %d", p, m.Data, next[p])
						return
					}
					next[p]++
				}
			}
			done <- nil
		}()
	}
	for p := range 2 {
		go func() {
			for i := range N {
				if _, err := s.Publish(context.Background(), "/n", fmt.Sprintf("%d %d", p, i)); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range 20 { // comings and goings
		k := dial(t, url, nil)
		k.open("/n")
		_ = k.nc.Close()
	}
	for range K {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// A message that comes a byte at a time for ever.
func TestTrickle(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		opt.MessageTimeout, opt.PingInterval, opt.PongTimeout = 300*time.Millisecond, 100*time.Millisecond, 10*time.Second
		s := newServer(t, opt)
		k := dial(t, serve(t, s), nil)
		k.open("")
		frame := ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewTextFrame([]byte(strings.Repeat(" ", 60_000)))))
		go func() {
			for i := range frame {
				if _, err := k.nc.Write(frame[i : i+1]); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}()
		eventually(t, "it is closed", func() bool { return s.Stats().Sockets == 0 })
	})
}

func TestSocketsOfOneAddress(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxClientsPerAddress: 2})
	url := serve(t, s)
	a := dial(t, url, nil)
	dial(t, url, nil)
	if _, _, _, err := ws.Dial(context.Background(), "ws"+strings.TrimPrefix(url, "http")); err == nil {
		t.Error("a third socket")
	}
	_ = a.nc.Close()
	eventually(t, "one has gone", func() bool { return s.Stats().Sockets == 1 })
	dial(t, url, nil)
}

// Websockets that are being opened while the server stops.
func TestShutdownWhileOpening(t *testing.T) {
	forSockets(t, func(t *testing.T, opt bayeux.Options) {
		for range 20 {
			s := newServer(t, opt)
			hs := httptest.NewServer(s)
			done := make(chan struct{})
			for range 8 {
				go func() {
					for {
						nc, _, _, err := ws.Dial(context.Background(), "ws"+strings.TrimPrefix(hs.URL, "http"))
						if err != nil {
							done <- struct{}{}
							return
						}
						_ = wsutil.WriteClientText(nc, []byte(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]`))
						defer func() { _ = nc.Close() }()
					}
				}()
			}
			eventually(t, "some are there", func() bool { return s.Stats().Clients > 4 })
			if err := s.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			for range 8 {
				<-done
			}
			if st := s.Stats(); st.Sockets != 0 || st.Clients != 0 {
				t.Fatalf("%+v", st)
			}
			hs.Close()
		}
	})
}
