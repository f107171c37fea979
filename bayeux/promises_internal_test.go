package bayeux

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func promiseServer(t *testing.T, opt Options) *Server {
	if opt.Engine == nil {
		opt.Engine = nullEngine{}
	}
	opt.Log = slog.New(slog.DiscardHandler)
	s, err := New(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, c := context.WithTimeout(context.Background(), 3*time.Second)
		defer c()
		_ = s.Shutdown(ctx)
	})
	return s
}

func parseAll(f string, a ...any) []*Message {
	ms, err := ParseMessages(fmt.Appendf(nil, f, a...))
	if err != nil {
		panic(err)
	}
	return ms
}

func shake(s *Server, req *Request, ext string) string {
	r := s.Process(context.Background(), req, parseAll(`{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"ext":%s}`, ext))
	return r[0].ClientID
}

func deadConn(s *Server) *conn {
	c := &conn{srv: s, sock: &memSocket{}}
	c.req = Request{Transport: WebSocket, conn: c}
	c.timer.owner = c
	return c
}

// A socket that is closed before it is watched harms nobody.
func TestPromiseStartAfterClose(t *testing.T) {
	s, _ := New(context.Background(), Options{Engine: nullEngine{}})
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { c, _ := net.Dial("tcp", l.Addr().String()); time.Sleep(5 * time.Second); c.Close() }()
	nc, _ := l.Accept()
	c := &conn{srv: s}
	c.req = Request{Transport: WebSocket, conn: c}
	c.timer.owner = c
	c.sock = s.newSocket(c, nc)
	s.connMu.Lock()
	s.conns[c] = struct{}{}
	s.connMu.Unlock()
	func() {
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("start after close: %v", r)
			}
		}()
		s.closeConns() // Shutdown comes here
		c.sock.start()
	}()
	done := make(chan struct{})
	go func() {
		ctx, cc := context.WithTimeout(context.Background(), time.Second)
		defer cc()
		_ = s.Shutdown(ctx)
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		t.Error("Shutdown hangs beyond its ctx")
	}
}

// A session whose new socket cannot take it expires.
func TestPromiseOrphanAdopt(t *testing.T) {
	s := promiseServer(t, Options{ResumeTimeout: 200 * time.Millisecond, MaxInterval: 200 * time.Millisecond, Timeout: time.Second})
	a, b := deadConn(s), deadConn(s)
	a.req.sent, b.req.sent = 1, 1
	id := shake(s, &a.req, "{}")
	s.Process(context.Background(), &a.req, parseAll(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket","advice":{"timeout":0}}`, id))
	b.mu.Lock()
	b.broken = true // its peer went away while the frame was on its way
	b.mu.Unlock()
	r := s.Process(context.Background(), &b.req, parseAll(`{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}`, id))
	t.Log(r[0].Error)
	a.close(ReasonClosed)
	b.close(ReasonClosed)
	time.Sleep(1500 * time.Millisecond)
	if s.session(id) != nil {
		t.Error("session without any connection never expires")
	}
}

// So does one whose poll was answered at once and not read.
func TestPromiseOrphanAborted(t *testing.T) {
	s := promiseServer(t, Options{ResumeTimeout: 100 * time.Millisecond, MaxInterval: 200 * time.Millisecond, Timeout: time.Second})
	var ids []string
	for range 50 {
		a := deadConn(s)
		a.req.sent = 1
		id := shake(s, &a.req, "{}")
		ids = append(ids, id)
		req := &Request{Transport: LongPolling, sent: 1}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Process(ctx, req, parseAll(`{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":0}}`, id))
		a.close(ReasonClosed)
	}
	time.Sleep(1500 * time.Millisecond)
	n := 0
	for _, id := range ids {
		if s.session(id) != nil {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%d of %d sessions never expire", n, len(ids))
	}
}

// What waits to be acknowledged counts within the queue's bytes.
func TestPromiseAckBytes(t *testing.T) {
	s := promiseServer(t, Options{MaxQueueBytes: 10_000})
	req := &Request{Transport: LongPolling}
	id := shake(s, req, `{"ack":true}`)
	sess := s.session(id)
	for range 100 {
		s.Deliver(&Message{Channel: "/a", Data: []byte(`"` + strings.Repeat("x", 5000) + `"`), To: id})
		s.Process(context.Background(), req, parseAll(`{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling","advice":{"timeout":0}}`, id))
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	n := 0
	for _, m := range append(sess.unacknowledged(), sess.queue...) {
		n += len(m.json)
	}
	if n > 20_000 && !sess.gone {
		t.Errorf("session keeps %d bytes, bound is 10000", n)
	}
}
func (s *session) unacknowledged() []*Message {
	if s.ack == nil {
		return nil
	}
	return s.ack.unacked()
}

// Conflation keeps to the bytes, too.
func TestPromiseConflateBytes(t *testing.T) {
	s := promiseServer(t, Options{MaxQueueBytes: 10_000, Overflow: OverflowConflate})
	id := shake(s, &Request{Transport: LongPolling}, `{}`)
	sess := s.session(id)
	for i := range 100 {
		s.Deliver(&Message{Channel: fmt.Sprintf("/small/%d", i), Data: []byte(`1`), To: id})
	}
	for i := range 90 {
		s.Deliver(&Message{Channel: fmt.Sprintf("/big/%d", i), Data: []byte(`"` + strings.Repeat("x", 5000) + `"`), To: id})
	}
	sess.shard.settle()
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.queued > 20_000 {
		t.Errorf("session queues %d bytes, bound is 10000", sess.queued)
	}
}

// Nobody is identified by what another site's page can have sent.
func TestPromiseIdentity(t *testing.T) {
	for _, c := range []struct {
		name   string
		method string
		h      map[string]string
	}{
		{"cross-site fetch with a made-up Authorization, which our preflight allows", "POST", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Authorization": "x", "Cookie": "session=victim"}},
		{"link from a mail", "GET", map[string]string{"Sec-Fetch-Site": "none", "Cookie": "session=victim"}},
	} {
		s := promiseServer(t, Options{Identify: func(r *http.Request) any {
			if k, err := r.Cookie("session"); err == nil {
				return k.Value
			}
			return nil
		}})
		r := httptest.NewRequest(c.method, "https://hub.example/faye", nil)
		for k, v := range c.h {
			r.Header.Set(k, v)
		}
		if req := s.NewRequest(r, LongPolling); req.Identity != nil {
			t.Errorf("%s: taken for %v", c.name, req.Identity)
		}
	}
	s := promiseServer(t, Options{})
	r := httptest.NewRequest("OPTIONS", "https://hub.example/faye", nil)
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Access-Control-Request-Headers", "authorization")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	t.Log(w.Header())
}

type failEngine struct {
	nullEngine
	fails int
	got   int
}

func (e *failEngine) Publish(context.Context, *Message, Retention) (Position, error) {
	if e.fails > 0 {
		e.fails--
		return Position{}, errors.New("away")
	}
	e.got++
	return Position{}, nil
}

// A publish that failed and is sent again is no repetition.
func TestPromiseRetryAfterFailure(t *testing.T) {
	e := &failEngine{fails: 1}
	s := promiseServer(t, Options{Engine: e})
	req := &Request{Transport: LongPolling}
	id := shake(s, req, `{}`)
	for range 2 {
		r := s.Process(context.Background(), req, parseAll(`{"channel":"/a","clientId":%q,"data":1,"id":"7"}`, id))
		t.Log(r[0].Successful, r[0].Error)
	}
	if e.got != 1 {
		t.Error("the message was said to be published and never was")
	}
}

// Of a batch with two connects both are answered.
func TestPromiseTwoConnects(t *testing.T) {
	s := promiseServer(t, Options{Timeout: 300 * time.Millisecond})
	req := &Request{Transport: LongPolling}
	a, b := shake(s, req, `{}`), shake(s, req, `{}`)
	r := s.Process(context.Background(), req, parseAll(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"},{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}]`, a, b))
	if len(r) != 2 {
		t.Errorf("%d replies to 2 connects", len(r))
	}
	if p := s.session(a).poll; p != nil {
		t.Error("first client has a poll that nobody will answer")
	}
}

// Close frames that RFC 6455 §5.5.1 and §7.4.1 forbid are a protocol error.
func TestPromiseCloseFrames(t *testing.T) {
	s := promiseServer(t, Options{})
	for body, want := range map[string]uint16{
		"\x03": 1002, "\x03\xed": 1002, "\x00\x01": 1002, "\x03\xe8\xff": 1002, "\x03\xe8": 1000,
	} {
		c := deadConn(s)
		c.feed(new(reader), append([]byte{0x88, 0x80 | byte(len(body)), 0, 0, 0, 0}, body...))
		out := c.sock.(*memSocket).out.Bytes()
		if len(out) < 4 || out[0] != 0x88 || uint16(out[2])<<8|uint16(out[3]) != want {
			t.Errorf("close body %x was answered %x, want code %d", body, out, want)
		}
	}
}
