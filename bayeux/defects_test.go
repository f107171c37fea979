package bayeux_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wake/bayeux"
)

// What Faye's server does wrong, or not at all, and this one must not. Each has
// been seen in Faye, or is named in its tracker.

func inBubble(t *testing.T, opt bayeux.Options, f func(t *testing.T, s *bayeux.Server)) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, opt)
		f(t, s)
		_ = s.Shutdown(context.Background())
	})
}

// A second poll of a client leaves Faye's first one without an answer (faye#295).
func TestSupersededPollIsAnswered(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		c := newClient(t, s, "")
		first := make(chan *bayeux.Message, 1)
		go func() { m, _ := c.poll(-1, ""); first <- m }()
		synctest.Wait()
		go c.poll(-1, "")
		start := time.Now()
		m := <-first
		if time.Since(start) > 0 || !m.Successful || !m.Advice.MultipleClients || *m.Advice.Interval < 1000 {
			t.Errorf("after %v: %s", time.Since(start), show([]*bayeux.Message{m}))
		}
	})
}

// On Faye, whoever knows a client id gets its messages.
func TestStreamIsNotStolenOverWebSocket(t *testing.T) {
	s := newServer(t, bayeux.Options{ResumeTimeout: time.Minute})
	url := serve(t, s)
	owner := dial(t, url, nil)
	owner.open("/private")
	thief := dial(t, url, nil)
	r := thief.ask(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}]`, owner.id)
	if r.Error != "401:"+owner.id+":Unknown client" {
		t.Error("another socket: ", r.Error)
	}
	r = thief.ask(`[{"channel":"/meta/subscribe","clientId":%q,"subscription":"/x"}]`, owner.id)
	if r.Error == "" {
		t.Error("another socket subscribed for the owner")
	}
	r = thief.ask(`[{"channel":"/meta/disconnect","clientId":%q}]`, owner.id)
	if r.Error == "" {
		t.Error("another socket disconnected the owner")
	}
	// Nor by HTTP, with or without a cookie of one's own.
	for _, cookie := range []string{"", "bayeux_session=AAAAAAAAAAAAAAAAAAAAAA"} {
		body := post(t, http.DefaultClient, url, cookie, `[{"channel":"/meta/connect","clientId":"`+owner.id+`","connectionType":"long-polling","advice":{"timeout":0}}]`)
		if !strings.Contains(body, "401:") {
			t.Error("by HTTP: ", body)
		}
	}
	publish(t, s, "/private", "mine")
	if got := owner.next(); string(got[0].Data) != `"mine"` {
		t.Error("the owner got ", got[0])
	}
	if _, err := thief.read(50 * time.Millisecond); err == nil {
		t.Error("the thief got something")
	}
}

func TestStreamIsNotStolenOverPolling(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	jar, _ := cookiejar.New(nil)
	owner := &http.Client{Jar: jar}
	id := clientID(post(t, owner, url, "", `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`))
	if body := post(t, owner, url, "", `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":"/private"}]`); !strings.Contains(body, `"successful":true`) {
		t.Fatal(body)
	}
	connect := `[{"channel":"/meta/connect","clientId":"` + id + `","connectionType":"long-polling","advice":{"timeout":0}}]`
	for _, cookie := range []string{"", "bayeux_session=AAAAAAAAAAAAAAAAAAAAAA"} {
		if body := post(t, http.DefaultClient, url, cookie, connect); !strings.Contains(body, "401:") {
			t.Errorf("with cookie %q: %s", cookie, body)
		}
	}
	// A socket that comes without the cookie is closed, not served.
	thief := dial(t, url, http.Header{"User-Agent": {"Go-http-client/1.1"}})
	thief.send("%s", connect)
	if r, err := thief.read(5 * time.Second); err == nil {
		t.Error("a socket without the cookie: ", r[0])
	}
	// An EventSource as well.
	res, err := http.DefaultClient.Do(eventSource(url + "/" + id))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Error("EventSource: ", res.Status)
	}
	publish(t, s, "/private", "mine")
	if body := post(t, owner, url, "", connect); !strings.Contains(body, `"mine"`) {
		t.Error("the owner got ", body)
	}
}

// The owner of a session goes on with it on another connection.
func TestOwnerResumes(t *testing.T) {
	s := newServer(t, bayeux.Options{ResumeTimeout: time.Minute})
	url := serve(t, s)
	cookie := http.Header{"Cookie": {"bayeux_session=0123456789abcdefghijkl"}}
	first := dial(t, url, cookie)
	first.open("/a")
	// With the cookie even while the old socket seems alive (a half-open one).
	second := dial(t, url, cookie)
	second.id = first.id
	second.connect()
	eventually(t, "the second socket has the session", func() bool {
		publish(t, s, "/a", 1)
		r, err := second.read(100 * time.Millisecond)
		return err == nil && string(r[0].Data) == "1"
	})
	// Without cookies, from the same place, when the socket is gone.
	third := dial(t, url, nil)
	third.open("/b")
	_ = third.nc.Close()
	eventually(t, "the socket is gone", func() bool { i, _ := s.Client(third.id); return !i.Connected })
	publish(t, s, "/b", "while away")
	fourth := dial(t, url, nil)
	fourth.id = third.id
	fourth.connect()
	if r := fourth.next(); string(r[0].Data) != `"while away"` {
		t.Error("resumed: ", r[0])
	}
	// Not from another browser.
	_ = fourth.nc.Close()
	eventually(t, "the socket is gone", func() bool { i, _ := s.Client(third.id); return !i.Connected })
	other := dial(t, url, http.Header{"User-Agent": {"another"}})
	if r := other.ask(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}]`, third.id); r.Error == "" {
		t.Error("another browser took the session over")
	}
}

func TestStrictBinding(t *testing.T) {
	s := newServer(t, bayeux.Options{ResumeTimeout: time.Minute, StrictBinding: true})
	url := serve(t, s)
	a := dial(t, url, nil)
	a.open("")
	_ = a.nc.Close()
	eventually(t, "the socket is gone", func() bool { i, _ := s.Client(a.id); return !i.Connected })
	b := dial(t, url, nil)
	if r := b.ask(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket"}]`, a.id); r.Error == "" {
		t.Error("resumed without the cookie")
	}
}

// Faye accepts a publish in anybody's name.
func TestPublishInAnothersName(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	var named atomic.Value
	s.On(func(e bayeux.Event) { named.Store(e.ClientID) }, bayeux.EventPublish)
	victim := dial(t, url, nil)
	victim.open("/**")
	r := dial(t, url, nil).ask(`[{"channel":"/a","data":1,"clientId":%q}]`, victim.id)
	if r.Error != "401:"+victim.id+":Unknown client" {
		t.Error(r.Error)
	}
	victim.send(`[{"channel":"/a","data":2,"clientId":%q}]`, victim.id)
	eventually(t, "the victim's own publish", func() bool { return named.Load() == victim.id })
	for range 2 { // the reply and the event, in whatever order
		if r := victim.next()[0]; r.Data != nil && (string(r.Data) != "2" || r.ClientID != "") {
			t.Error("delivered: ", r)
		}
	}
}

// Faye answers an EventSource of a dead client with 200 and silence.
func TestEventSourceOfNobody(t *testing.T) {
	url := startServer(t, bayeux.Options{})
	res, err := http.DefaultClient.Do(eventSource(url + "/deadclient"))
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Error(res.Status)
	}
}

func TestEventSourceDelivers(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	id := clientID(post(t, c, url, "", `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["eventsource"]}]`))
	post(t, c, url, "", `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":"/a"}]`)
	publish(t, s, "/a", "before")
	res, err := c.Do(eventSource(url + "/" + id))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	post(t, c, url, "", "[{\"channel\":\"/a\",\"data\":{\"x\":\n\"after\"}}]") // a line end between values
	want := "retry: 5000\n\ndata: [{\"channel\":\"/a\",\"data\":\"before\"}]\r\n\r\ndata: [{\"channel\":\"/a\",\"data\":{\"x\": \"after\"}}]\r\n\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
		t.Errorf("%v\n%q\n%q", err, got, want)
	}
}

// Over a websocket, Faye forgets the held connect of a client that disconnects.
func TestDisconnectAnswersHeldConnect(t *testing.T) {
	url := startServer(t, bayeux.Options{})
	k := dial(t, url, nil)
	k.open("")
	k.send(`[{"channel":"/meta/disconnect","clientId":%q,"id":"bye"}]`, k.id)
	seen := map[string]bool{}
	for range 2 {
		r := k.next()[0]
		seen[r.ID] = r.Successful != nil && *r.Successful
	}
	if !seen["held"] || !seen["bye"] {
		t.Error(seen)
	}
}

// Faye takes messages out of the queue before it knows that they can be sent.
func TestUndeliveredReplyIsNotLost(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	c := newClient(t, s, "")
	c.subscribe("/a")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan []*bayeux.Message)
	go func() {
		done <- s.Process(ctx, c.req, parse(t, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id))
	}()
	eventually(t, "the poll is held", func() bool { return s.Stats().In[bayeux.LongPolling] == 3 })
	cancel()
	if r := <-done; len(r) != 0 {
		t.Fatal(show(r))
	}
	publish(t, s, "/a", 1)
	if got := c.data(0); got != "1" {
		t.Error("got ", got)
	}
	// The same when the reply was on its way already.
	w := &brokenWriter{header: http.Header{}}
	publish(t, s, "/a", 2)
	r, _ := http.NewRequest("POST", "/faye", strings.NewReader(`[{"channel":"/meta/connect","clientId":"`+newHTTPClient(t, s, "/b")+`","connectionType":"long-polling","advice":{"timeout":0}}]`))
	r.Header.Set("Content-Type", "application/json")
	s.ServeHTTP(w, r)
	if got := c.data(0); got != "2" {
		t.Error("got ", got)
	}
}

// brokenWriter is a connection that is gone.
type brokenWriter struct{ header http.Header }

func (w *brokenWriter) Header() http.Header       { return w.header }
func (w *brokenWriter) WriteHeader(int)           {}
func (w *brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func newHTTPClient(t *testing.T, s *bayeux.Server, channel string) string {
	t.Helper()
	c := newClient(t, s, "")
	c.subscribe(channel)
	return c.id
}

func TestBrokenReplyGoesBack(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	do := func(w http.ResponseWriter, body string) {
		r, _ := http.NewRequest("POST", "/faye", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(w, r)
	}
	w := &recorder{brokenWriter: brokenWriter{header: http.Header{}}}
	do(w, `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`)
	id := clientID(w.body.String())
	do(&recorder{brokenWriter: brokenWriter{header: http.Header{}}}, `[{"channel":"/meta/subscribe","clientId":"`+id+`","subscription":"/a"}]`)
	publish(t, s, "/a", "precious")
	connect := `[{"channel":"/meta/connect","clientId":"` + id + `","connectionType":"long-polling","advice":{"timeout":0}}]`
	do(&brokenWriter{header: http.Header{}}, connect)
	w = &recorder{brokenWriter: brokenWriter{header: http.Header{}}}
	do(w, connect)
	if !strings.Contains(w.body.String(), "precious") {
		t.Error("lost: ", w.body.String())
	}
}

type recorder struct {
	brokenWriter
	body bytes.Buffer
}

func (w *recorder) Write(b []byte) (int, error) { return w.body.Write(b) }

// Faye has no way to send a client away.
func TestKick(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	k := dial(t, url, nil)
	k.open("/a")
	if err := s.Kick(context.Background(), k.id); err != nil {
		t.Fatal(err)
	}
	r := k.next()[0]
	if r.Channel != bayeux.MetaConnect || *r.Successful || r.Advice.Reconnect != "none" {
		t.Error(r)
	}
	eventually(t, "the client is gone", func() bool { return s.Stats().Clients == 0 && s.Stats().Subscriptions == 0 })
}

// CVE-2020-11020: /meta/subscribe/x went past the extensions and subscribed.
func TestMetaNamesAreExact(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	c := newClient(t, s, "")
	for _, ch := range []string{"/meta/subscribe/x", "/meta/subscribe/", "/meta/connect/", "/meta", "/meta/Subscribe"} {
		r := ask(t, s, c.req, `{"channel":%q,"clientId":%q,"subscription":"/a","data":1}`, ch, c.id)
		if r[0].Successful {
			t.Error(ch, " succeeded")
		}
	}
	if i, _ := s.Client(c.id); len(i.Subscriptions) != 0 {
		t.Error("subscribed to ", i.Subscriptions)
	}
}

// Faye 1.4.1 mixed its clients up with what every JavaScript object has.
func TestPrototypeNames(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	for _, id := range []string{"__proto__", "constructor", "toString", "hasOwnProperty"} {
		r := ask(t, s, polling(), `[{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"},{"channel":"/meta/connect","clientId":%[1]q,"connectionType":"long-polling"}]`, id)
		if r[0].Successful || r[1].Successful {
			t.Error(id, show(r))
		}
	}
	c := newClient(t, s, "")
	c.subscribe("/__proto__", "/constructor/*")
	ask(t, s, polling(), `[{"channel":"/__proto__","data":{"__proto__":{"x":1}},"__proto__":{"y":1},"ok":1},{"channel":"/constructor/x","data":2}]`)
	_, events := c.poll(0, "")
	if got := show(events); got != `[{"channel":"/__proto__","data":{"__proto__":{"x":1}},"ok":1},{"channel":"/constructor/x","data":2}]` {
		t.Error(got)
	}
}

// Faye's clients since 1.4.2 subscribe again to what they have already.
func TestRepeatedSubscribeCountsOnce(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		var n atomic.Int32
		s.On(func(bayeux.Event) { n.Add(1) }, bayeux.EventSubscribe)
		c := newClient(t, s, "")
		c.subscribe("/a", "/a")
		c.subscribe("/a")
		publish(t, s, "/a", 1)
		if got := c.data(0); got != "1" {
			t.Error("delivered ", got)
		}
		synctest.Wait()
		if n.Load() != 1 || s.Stats().Subscriptions != 1 {
			t.Error(n.Load(), " events, ", s.Stats().Subscriptions, " subscriptions")
		}
	})
}

// Faye gives what is published on /service channels to those who listen to /**.
func TestServiceDoesNotLeak(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	c := newClient(t, s, "")
	if r := c.subscribe("/**", "/*"); !r.Successful {
		t.Fatal(r.Error)
	}
	for _, ch := range []string{"/service/*", "/service/**", "/service/a", "/service"} {
		if r := c.subscribe(ch); r.Successful {
			t.Error("subscribed to ", ch)
		}
	}
	got := make(chan *bayeux.Message, 1)
	local, err := s.NewClient(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	if err := local.Subscribe(context.Background(), "/service/**", func(m *bayeux.Message) { got <- m }); err != nil {
		t.Fatal(err)
	}
	ask(t, s, polling(), `{"channel":"/service/a","data":"secret"}`)
	if m := <-got; string(m.Data) != `"secret"` {
		t.Error(m)
	}
	if d := c.data(0); d != "" {
		t.Error("leaked: ", d)
	}
}

// Faye's advice on errors has no interval, and its clients come back in a tight
// loop (faye#542).
func TestErrorAdviceHasInterval(t *testing.T) {
	s := newServer(t, bayeux.Options{ErrorInterval: 1234 * time.Millisecond})
	for _, m := range []string{
		`{"channel":"/meta/connect","clientId":"x","connectionType":"long-polling"}`,
		`{"channel":"/meta/subscribe","clientId":"x","subscription":"/a"}`,
		`{"channel":"/meta/handshake","version":"1.0"}`,
		`{"channel":"/a","data":1,"clientId":"x"}`,
	} {
		r := ask(t, s, polling(), "%s", m)
		if r[0].Advice == nil || r[0].Advice.Interval == nil || *r[0].Advice.Interval != 1234 || r[0].Advice.Reconnect != "handshake" {
			t.Error(m, " got ", show(r))
		}
	}
}

// Of an array of channels Faye applies those before the bad one.
func TestSubscribeIsAllOrNothing(t *testing.T) {
	s := newServer(t, bayeux.Options{MaxSubscriptions: 3})
	c := newClient(t, s, "")
	for _, list := range [][]string{{"/a", "/b c"}, {"/a", "/meta/x"}, {"/a", "/b", "/c", "/d"}} {
		if r := c.subscribe(list...); r.Successful {
			t.Error(list, " succeeded")
		}
	}
	if i, _ := s.Client(c.id); len(i.Subscriptions) != 0 {
		t.Error(i.Subscriptions)
	}
}

// Faye reports a disconnect without saying why, and only after twice the timeout.
func TestDisconnectReasons(t *testing.T) {
	inBubble(t, bayeux.Options{MaxInterval: 20 * time.Second, ResumeTimeout: 5 * time.Second}, func(t *testing.T, s *bayeux.Server) {
		type end struct {
			reason bayeux.Reason
			after  time.Duration
		}
		ends := make(chan end, 10)
		start := time.Now()
		s.On(func(e bayeux.Event) { ends <- end{e.Reason, time.Since(start)} }, bayeux.EventDisconnect)
		next := func(what string, reason bayeux.Reason, after time.Duration) {
			t.Helper()
			if e := <-ends; e.reason != reason || e.after < after || e.after > after+2*time.Second {
				t.Errorf("%s: %s after %v, want %s after %v", what, e.reason, e.after, reason, after)
			}
		}
		c := newClient(t, s, "")
		ask(t, s, c.req, `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
		next("goodbye", bayeux.ReasonClient, 0)

		start = time.Now()
		newClient(t, s, "")
		next("only a handshake", bayeux.ReasonTimeout, 5*time.Second)

		start = time.Now()
		c = newClient(t, s, "")
		c.poll(0, "")
		next("no further connect", bayeux.ReasonTimeout, 20*time.Second)

		start = time.Now()
		c = newClient(t, s, "")
		ctx, cancel := context.WithTimeout(context.Background(), 7*time.Second)
		s.Process(ctx, c.req, parse(t, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id))
		cancel()
		next("the poll was aborted after 7 s", bayeux.ReasonDropped, 12*time.Second)
	})
}

// A held connect is not the end of a session, however long it is held.
func TestHeldConnectNeverExpires(t *testing.T) {
	inBubble(t, bayeux.Options{Timeout: time.Hour, MaxInterval: time.Second, ResumeTimeout: time.Second}, func(t *testing.T, s *bayeux.Server) {
		c := newClient(t, s, "")
		start := time.Now()
		m, _ := c.poll(-1, "")
		if d := time.Since(start); !m.Successful || d < time.Hour || d > time.Hour+time.Second {
			t.Error(d, m.Error)
		}
	})
}

func post(t testing.TB, c *http.Client, url, cookie, body string) string {
	t.Helper()
	r, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func clientID(body string) string {
	_, rest, _ := strings.Cut(body, `"clientId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func eventSource(url string) *http.Request {
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	return r
}
