package bayeux_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"wake/bayeux"
)

func TestExtensions(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	var order []string
	step := func(name string) bayeux.Extension {
		return bayeux.Extension{
			Name: name,
			Incoming: func(_ context.Context, req *bayeux.Request, m *bayeux.Message) error {
				if req == nil || req.Transport != bayeux.LongPolling {
					t.Error("request ", req)
				}
				order = append(order, name+" in "+m.Channel)
				return nil
			},
			Outgoing: func(_ *bayeux.Request, m *bayeux.Message) bool {
				order = append(order, name+" out "+m.Channel)
				return true
			},
		}
	}
	s.Use(step("a"))
	remove := s.Use(step("b"))
	ask(t, s, polling(), `{"channel":"/x","data":1}`)
	if want := []string{"a in /x", "b in /x", "a out /x", "b out /x"}; !reflect.DeepEqual(order, want) {
		t.Error(order)
	}
	remove()
	order = nil
	ask(t, s, polling(), `{"channel":"/x","data":1}`)
	if len(order) != 2 {
		t.Error(order)
	}
}

// The first seed's extensions: one that asks for a token and removes it, one that
// reads the data of the subscribe message.
func TestSeedExtensions(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	s.Use(bayeux.Extension{Incoming: func(_ context.Context, _ *bayeux.Request, m *bayeux.Message) error {
		if !bayeux.IsMeta(m.Channel) {
			if string(m.ExtField("auth_token")) != `"FAYE_TOKEN"` {
				m.Error = "Invalid authentication token."
				return nil
			}
			m.SetExtField("auth_token", nil)
		}
		return nil
	}})
	online := map[string]string{}
	s.Use(bayeux.Extension{Incoming: func(_ context.Context, _ *bayeux.Request, m *bayeux.Message) error {
		if m.Channel == bayeux.MetaSubscribe {
			online[m.ClientID] = string(m.Data)
		}
		return nil
	}})
	c := newClient(t, s, "")
	ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/chat/x","data":{"user_id":1,"chat_team_id":2}}`, c.id)
	if online[c.id] != `{"user_id":1,"chat_team_id":2}` {
		t.Error(online)
	}
	r := ask(t, s, polling(), `[{"channel":"/chat/x","data":1},{"channel":"/chat/x","data":2,"ext":{"auth_token":"FAYE_TOKEN","k":1}},{"channel":"/chat/x","data":3,"ext":{"auth_token":"FAYE_TOKEN"}}]`)
	if r[0].Successful || r[0].Error != "Invalid authentication token." || !r[1].Successful || !r[2].Successful {
		t.Error(show(r))
	}
	_, events := c.poll(0, "")
	if got := show(events); got != `[{"channel":"/chat/x","data":2,"ext":{"k":1}},{"channel":"/chat/x","data":3}]` {
		t.Error(got)
	}
}

func TestExtensionRefusals(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	s.Use(bayeux.Extension{Incoming: func(_ context.Context, _ *bayeux.Request, m *bayeux.Message) error {
		switch string(m.Data) {
		case `"drop"`:
			return bayeux.ErrDrop
		case `"refuse"`:
			return &bayeux.Error{Code: 406, Args: []string{"x"}, Text: "No such thing"}
		case `"secret"`:
			return errors.New("password of the database")
		case `"change"`:
			m.Data = json.RawMessage(`"changed"`)
		}
		if m.Channel == bayeux.MetaHandshake && string(m.ExtField("no")) == "true" {
			return bayeux.ErrForbidden("")
		}
		return nil
	}})
	c := newClient(t, s, "")
	c.subscribe("/a")
	r := ask(t, s, polling(), `[{"channel":"/a","data":"drop"},{"channel":"/a","data":"refuse"},{"channel":"/a","data":"secret"},{"channel":"/a","data":"change"}]`)
	if len(r) != 3 || r[0].Error != "406:x:No such thing" || r[1].Error != "500::Internal server error" || !r[2].Successful {
		t.Error(show(r))
	}
	if got := c.data(0); got != `"changed"` {
		t.Error(got)
	}
	r = ask(t, s, polling(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"ext":{"no":true}}`)
	if r[0].Successful || r[0].ClientID != "" || r[0].Advice.Reconnect != "none" || len(r[0].SupportedConnectionTypes) == 0 {
		t.Error(show(r))
	}
}

// Outgoing extensions that ask for it see each delivery, with its receiver.
func TestDeliveryExtension(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	k := dial(t, url, nil)
	k.open("/a")
	c := newClient(t, s, "")
	c.subscribe("/a")
	s.Use(bayeux.Extension{Deliveries: true, Outgoing: func(req *bayeux.Request, m *bayeux.Message) bool {
		if !m.Reply {
			m.Data, _ = json.Marshal(string(req.Transport))
			return m.Channel != "/a/hidden"
		}
		return true
	}})
	publish(t, s, "/a", 1)
	if r := k.next(); string(r[0].Data) != `"websocket"` {
		t.Error(r[0])
	}
	if got := c.data(0); got != `"long-polling"` {
		t.Error(got)
	}
}

// The events of a client come in their order, unsubscribe before disconnect.
func TestMonitorOrder(t *testing.T) {
	inBubble(t, bayeux.Options{ResumeTimeout: time.Second}, func(t *testing.T, s *bayeux.Server) {
		var mu sync.Mutex
		var seen []string
		stop := s.On(func(e bayeux.Event) {
			mu.Lock()
			defer mu.Unlock()
			line := e.Kind.String()
			if e.Channel != "" {
				line += " " + e.Channel
			}
			if e.Reason != "" {
				line += ": " + string(e.Reason)
			}
			seen = append(seen, line)
		})
		c := newClient(t, s, `{"visit":1}`)
		c.subscribe("/a", "/b")
		ask(t, s, c.req, `[{"channel":"/meta/unsubscribe","clientId":%q,"subscription":"/b"},{"channel":"/a","data":1,"clientId":%[1]q}]`, c.id)
		c.poll(0, "")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		s.Process(ctx, c.req, parse(t, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id))
		cancel()
		c.poll(0, "")
		ctx, cancel = context.WithTimeout(context.Background(), time.Second)
		s.Process(ctx, c.req, parse(t, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"}`, c.id))
		cancel()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		want := []string{"handshake", "subscribe /a", "subscribe /b", "unsubscribe /b: client", "publish /a",
			"drop: aborted", "resume", "drop: aborted", "unsubscribe /a: dropped", "disconnect: dropped"}
		mu.Lock()
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("got  %q\nwant %q", seen, want)
		}
		n := len(seen)
		mu.Unlock()
		stop()
		newClient(t, s, "")
		synctest.Wait()
		if len(seen) != n {
			t.Error("told after stop")
		}
	})
}

func TestMonitorGetsTheRequest(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		events := make(chan bayeux.Event, 10)
		s.On(func(e bayeux.Event) { events <- e }, bayeux.EventHandshake, bayeux.EventSubscribe)
		c := newClient(t, s, `{"visit_id":"v1"}`)
		ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a","data":{"user_id":1},"ext":{"visit_id":"v2"}}`, c.id)
		e := <-events
		if e.ClientID != c.id || string(e.Message.ExtField("visit_id")) != `"v1"` || e.Transport != bayeux.LongPolling {
			t.Error(e)
		}
		e = <-events
		if e.Channel != "/a" || string(e.Message.Data) != `{"user_id":1}` || string(e.Message.ExtField("visit_id")) != `"v2"` {
			t.Error(e)
		}
	})
}

func rules() *bayeux.Rules {
	return &bayeux.Rules{
		List: []bayeux.Rule{
			{Pattern: "/open/secret/**"},
			bayeux.OpenRule("/open/**"),
			{Pattern: "/news/*", Subscribe: []bayeux.Who{bayeux.Anyone}},
			{Pattern: "/staff/**", Subscribe: []bayeux.Who{"member"}, Publish: []bayeux.Who{"member"}},
		},
		Backends:  [][32]byte{bayeux.HashToken("first"), bayeux.HashToken("second")},
		TokenKeys: [][]byte{[]byte("new key"), []byte("old key")},
		Checks: map[bayeux.Who]bayeux.Check{
			"member": func(_ context.Context, req *bayeux.Request, _ *bayeux.Message, _ string) bool {
				return req.Identity == "member"
			},
		},
	}
}

func TestRules(t *testing.T) {
	p := rules()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, bayeux.Options{Policy: p})
	sign := func(key string, g bayeux.ChannelGrant) string {
		return `{"token":"` + bayeux.SignChannelToken([]byte(key), g) + `"}`
	}
	grant := bayeux.ChannelGrant{Pattern: "/room/7/**", Subscribe: true, Expires: time.Now().Add(time.Hour)}
	expired := bayeux.ChannelGrant{Pattern: "/room/7/**", Subscribe: true, Publish: true, Expires: time.Now().Add(-time.Second)}
	writer := bayeux.ChannelGrant{Pattern: "/room/7", Publish: true}
	for _, c := range []struct {
		who                 any
		channel, ext        string
		subscribe, publishs bool
	}{
		{nil, "/open/a", "{}", true, true},
		{nil, "/open/a/b", "{}", true, true},
		{nil, "/open/secret/x", "{}", false, false},
		{nil, "/open/**", "{}", false, false}, // would include the secret
		{nil, "/open/*", "{}", true, false},   // would not
		{nil, "/open/other/**", "{}", true, false},
		{nil, "/**", "{}", false, false},
		{nil, "/news/a", "{}", true, false},
		{nil, "/news/*", "{}", true, false},
		{nil, "/news/**", "{}", false, false},
		{nil, "/elsewhere", "{}", false, false},
		{nil, "/service/x", "{}", false, true},
		{nil, "/staff/x", "{}", false, false},
		{"member", "/staff/x", "{}", true, true},
		{"member", "/staff/**", "{}", true, false},
		{nil, "/staff/x", `{"auth_token":"second"}`, true, true},
		{nil, "/open/secret/x", `{"auth_token":"first"}`, true, true},
		{nil, "/open/a", `{"auth_token":"wrong"}`, false, false},
		{nil, "/open/a", `{"auth_token":5}`, true, true},
		{nil, "/room/7/x", sign("new key", grant), true, false},
		{nil, "/room/7/x", sign("old key", grant), true, false},
		{nil, "/room/7/**", sign("new key", grant), true, false},
		{nil, "/room/**", sign("new key", grant), false, false},
		{nil, "/room/8/x", sign("new key", grant), false, false},
		{nil, "/room/7/x", sign("stolen key", grant), false, false},
		{nil, "/room/7/x", sign("new key", expired), false, false},
		{nil, "/room/7", sign("new key", writer), false, true},
		{nil, "/room/7/x", `{"token":["x.y",` + sign("new key", grant)[9:len(sign("new key", grant))-1] + `]}`, true, false},
	} {
		cl := newClient(t, s, "")
		cl.req.Identity = c.who
		r := ask(t, s, cl.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":%q,"ext":%s}`, cl.id, c.channel, c.ext)
		if r[0].Successful != c.subscribe {
			t.Errorf("%v subscribes to %s with %.40s: %v %s", c.who, c.channel, c.ext, r[0].Successful, r[0].Error)
		}
		r = ask(t, s, cl.req, `{"channel":%q,"data":1,"ext":%s}`, c.channel, c.ext)
		if r[0].Successful != c.publishs {
			t.Errorf("%v publishes to %s with %.40s: %v %s", c.who, c.channel, c.ext, r[0].Successful, r[0].Error)
		}
	}
}

// Secrets are for the server and are not delivered.
func TestSecretsAreStripped(t *testing.T) {
	p := rules()
	s := newServer(t, bayeux.Options{Policy: p})
	c := newClient(t, s, "")
	ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/x","ext":{"auth_token":"first"}}`, c.id)
	token := bayeux.SignChannelToken([]byte("new key"), bayeux.ChannelGrant{Pattern: "/x", Publish: true})
	ask(t, s, polling(), `[{"channel":"/x","data":1,"ext":{"auth_token":"first","token":%q,"k":"v"}},{"channel":"/x","data":2,"ext":{"auth_token":"first"}}]`, token)
	_, events := c.poll(0, "")
	if got := show(events); got != `[{"channel":"/x","data":1,"ext":{"k":"v"}},{"channel":"/x","data":2}]` {
		t.Error(got)
	}
}

func TestRulesValidate(t *testing.T) {
	for _, r := range []bayeux.Rule{{Pattern: "x"}, {Pattern: "/a/*/b"}, {Pattern: "/a", Subscribe: []bayeux.Who{"stranger"}}} {
		if (&bayeux.Rules{List: []bayeux.Rule{r}}).Validate() == nil {
			t.Error(r)
		}
	}
}

func TestHandshakePolicy(t *testing.T) {
	p := &bayeux.Rules{Handshake: func(context.Context, *bayeux.Request, *bayeux.Message) error { return bayeux.ErrForbidden("") }}
	s := newServer(t, bayeux.Options{Policy: p})
	r := ask(t, s, polling(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
	if r[0].Successful || r[0].Advice.Reconnect != "none" || s.Stats().Clients != 0 {
		t.Error(show(r))
	}
}

// Identity counts only where another site's page cannot have made the request.
func TestIdentityNeedsTheSameOrigin(t *testing.T) {
	var got []any
	s := newServer(t, bayeux.Options{Identify: func(*http.Request) any { return "member" }})
	s.Use(bayeux.Extension{Incoming: func(_ context.Context, req *bayeux.Request, _ *bayeux.Message) error {
		got = append(got, req.Identity)
		return nil
	}})
	url := serve(t, s)
	for _, h := range []http.Header{
		{}, {"Sec-Fetch-Site": {"same-origin"}}, {"Origin": {url[:len(url)-5]}}, {"Authorization": {"Bearer x"}, "Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	} {
		r, _ := http.NewRequest("POST", url, strings.NewReader(`{"channel":"/a","data":1}`))
		r.Header = h
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	if res, err := http.Get(url + `?message={"channel":"/a","data":1}`); err == nil { // a script tag of an old browser
		_ = res.Body.Close()
	}
	want := []any{"member", "member", "member", "member", nil, nil, nil, nil}
	if !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
}

// With the ack extension nothing is lost while the session lives.
func TestAck(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	r := ask(t, s, polling(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"ext":{"ack":true}}`)
	if string(r[0].ExtField("ack")) != "true" {
		t.Fatal(show(r))
	}
	c := newClient(t, s, `{"ack":{"enabled":true}}`)
	c.subscribe("/a")
	step := func(ack string, wantAck, wantData string) {
		t.Helper()
		m, events := c.poll(0, `{"ack":`+ack+`}`)
		if got := string(m.ExtField("ack")); got != wantAck || datas(events) != wantData {
			t.Errorf("after %s: ack %s, data %s; want %s, %s", ack, got, datas(events), wantAck, wantData)
		}
	}
	step("0", "0", "")
	publish(t, s, "/a", 1)
	publish(t, s, "/a", 2)
	step("0", "1", "1 2")
	step("0", "2", "1 2") // the reply was lost
	publish(t, s, "/a", 3)
	step("0", "3", "1 2 3") // again, and the new one behind it
	step("3", "3", "")
	publish(t, s, "/a", 4)
	step("3", "4", "4")
	step("4", "4", "")
}

func TestTimesync(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		now := time.Now().UnixMilli()
		r := ask(t, s, polling(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"ext":{"timesync":{"tc":%d,"l":0,"o":0}}}`, now-5000)
		var got map[string]int64
		if err := json.Unmarshal(r[0].ExtField("timesync"), &got); err != nil {
			t.Fatal(err, show(r))
		}
		if want := map[string]int64{"tc": now - 5000, "ts": now, "p": 0, "a": -5000}; !reflect.DeepEqual(got, want) {
			t.Error(got, want)
		}
		// Near enough: nothing is said.
		c := newClient(t, s, "")
		m, _ := c.poll(0, fmt.Sprintf(`{"timesync":{"tc":%d,"l":3,"o":-3}}`, now-10))
		if m.ExtField("timesync") != nil {
			t.Error(show([]*bayeux.Message{m}))
		}
		// p is how long the message was held.
		m, _ = c.poll(3000, fmt.Sprintf(`{"timesync":{"tc":%d,"l":0,"o":0}}`, now))
		if err := json.Unmarshal(m.ExtField("timesync"), &got); err != nil || got["p"] < 3000 || got["p"] > 3200 || got["ts"] != now {
			t.Error(got, err)
		}
	})
}

func TestHistory(t *testing.T) {
	s := newServer(t, bayeux.Options{Retention: []bayeux.RetentionRule{{Pattern: "/h/**", Retention: bayeux.Retention{Size: 5}}}})
	var at bayeux.Position
	for i := range 3 {
		at = publish(t, s, "/h/a", i+1)
	}
	if at.Offset != 3 || at.Epoch == "" {
		t.Fatal(at)
	}
	if p := publish(t, s, "/other", 1); p.Offset != 0 {
		t.Error(p)
	}
	sub := func(recover string) (state string, events []*bayeux.Message) {
		t.Helper()
		c := newClient(t, s, "")
		r := ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h/a","ext":{"recover":%s}}`, c.id, recover)
		if !r[0].Successful {
			t.Fatal(show(r))
		}
		var h struct {
			Epoch     string
			Offset    uint64
			Recovered bool
		}
		if err := json.Unmarshal(r[0].ExtField("history"), &h); err != nil {
			t.Fatal(err)
		}
		publish(t, s, "/h/b", "no")
		_, events = c.poll(0, "")
		return fmt.Sprint(h.Offset, h.Recovered, " ", datas(events)), events
	}
	got, events := sub(fmt.Sprintf(`{"epoch":%q,"offset":1}`, at.Epoch))
	if got != "3 true 2 3" {
		t.Error(got)
	}
	// Each message says where it stands.
	var p bayeux.Position
	if err := json.Unmarshal(events[1].ExtField("history"), &p); err != nil || p != at {
		t.Error(p, at, err, show(events))
	}
	for recover, want := range map[string]string{
		`{"last":2}`: "3 false 2 3",
		`{"last":9}`: "3 true 1 2 3",
		`{"last":0}`: "3 false ",
		fmt.Sprintf(`{"epoch":%q,"offset":3}`, at.Epoch): "3 true ",
		fmt.Sprintf(`{"epoch":%q,"offset":9}`, at.Epoch): "3 false 1 2 3",
		`{"epoch":"another","offset":1}`:                 "3 false 1 2 3",
	} {
		if got, _ := sub(recover); got != want {
			t.Errorf("%s: %s, want %s", recover, got, want)
		}
	}
	for i := range 5 {
		publish(t, s, "/h/a", i+4)
	}
	if got, _ := sub(fmt.Sprintf(`{"epoch":%q,"offset":3}`, at.Epoch)); got != "8 true 4 5 6 7 8" {
		t.Error(got)
	}
	if got, _ := sub(fmt.Sprintf(`{"epoch":%q,"offset":2}`, at.Epoch)); got != "8 false 4 5 6 7 8" {
		t.Error(got)
	}
	c := newClient(t, s, "")
	if r := ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h/*","ext":{"recover":{"last":1}}}`, c.id); r[0].Successful {
		t.Error("history of a pattern: ", show(r))
	}
}

// Whoever subscribes with recovery while others publish gets everything once and
// in order.
func TestRecoveryIsGapless(t *testing.T) {
	s := newServer(t, bayeux.Options{Retention: []bayeux.RetentionRule{{Pattern: "/h", Retention: bayeux.Retention{Size: 10_000}}}})
	url := serve(t, s)
	const N = 500
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range N {
			publish(t, s, "/h", i)
		}
	}()
	for range 10 {
		k := dial(t, url, nil)
		k.open("")
		k.send(`{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h","ext":{"recover":{"last":1000}}}`, k.id)
		for next := 0; next < N; {
			for _, m := range k.next() {
				if m.Data == nil {
					continue
				}
				if string(m.Data) != fmt.Sprint(next) {
					t.Fatalf("got %s, want %d", m.Data, next)
				}
				next++
			}
		}
	}
	<-done
}

func TestHistoryAge(t *testing.T) {
	inBubble(t, bayeux.Options{Retention: []bayeux.RetentionRule{{Pattern: "/h", Retention: bayeux.Retention{Size: 5, TTL: time.Minute}}}}, func(t *testing.T, s *bayeux.Server) {
		publish(t, s, "/h", "old")
		time.Sleep(50 * time.Second)
		publish(t, s, "/h", "new")
		time.Sleep(20 * time.Second)
		c := newClient(t, s, "")
		ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/h","ext":{"recover":{"last":5}}}`, c.id)
		if got := c.data(0); got != `"new"` {
			t.Error(got)
		}
	})
}

func TestServiceHandler(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	err := s.Handle("/service/echo", func(_ context.Context, _ *bayeux.Request, m *bayeux.Message) (json.RawMessage, error) {
		if string(m.Data) == "null" {
			return nil, &bayeux.Error{Code: 422, Text: "Nothing to say"}
		}
		return m.Data, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, other := newClient(t, s, ""), newClient(t, s, "")
	other.subscribe("/**")
	r := ask(t, s, c.req, `[{"channel":"/service/echo","clientId":%q,"data":"hi","id":"7"},{"channel":"/service/echo","clientId":%[1]q,"data":null}]`, c.id)
	if !r[0].Successful || r[1].Error != "422::Nothing to say" {
		t.Error(show(r))
	}
	_, events := c.poll(0, "")
	if got := show(events); got != `[{"channel":"/service/echo","id":"7","data":"hi"}]` {
		t.Error(got)
	}
	if got := other.data(0); got != "" {
		t.Error(got)
	}
	if s.Handle("/chat", nil) == nil {
		t.Error("a handler outside of /service")
	}
}

func TestSendToOneClient(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	c, other := newClient(t, s, ""), newClient(t, s, "")
	other.subscribe("/**")
	if _, err := s.PublishMessage(context.Background(), &bayeux.Message{Channel: "/visit/1", Data: json.RawMessage(`"for you"`), To: c.id}); err != nil {
		t.Fatal(err)
	}
	if got := c.data(0); got != `"for you"` {
		t.Error(got)
	}
	if got := other.data(0); got != "" {
		t.Error(got)
	}
}

func TestCloseChannel(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		events := make(chan bayeux.Event, 10)
		s.On(func(e bayeux.Event) { events <- e }, bayeux.EventUnsubscribe)
		c := newClient(t, s, "")
		c.subscribe("/a", "/b")
		if err := s.CloseChannel(context.Background(), "/a"); err != nil {
			t.Fatal(err)
		}
		if e := <-events; e.Channel != "/a" || e.Reason != bayeux.ReasonChannelClosed || e.ClientID != c.id {
			t.Error(e)
		}
		publish(t, s, "/a", 1)
		publish(t, s, "/b", 2)
		if got := c.data(0); got != "2" {
			t.Error(got)
		}
	})
}

// Stopping answers what is held, with advice to come back, and leaves nothing.
func TestShutdown(t *testing.T) {
	inBubble(t, bayeux.Options{}, func(t *testing.T, s *bayeux.Server) {
		c := newClient(t, s, "")
		done := make(chan *bayeux.Message)
		go func() { m, _ := c.poll(-1, ""); done <- m }()
		synctest.Wait()
		go func() { _ = s.Shutdown(context.Background()) }()
		m := <-done
		if !m.Successful || m.Advice.Reconnect != "retry" || m.Advice.Interval == nil {
			t.Error(show([]*bayeux.Message{m}))
		}
		synctest.Wait()
		r := ask(t, s, polling(), `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}`)
		if r[0].Successful {
			t.Error("a client after the end")
		}
	})
}

func TestClients(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	want := map[string]bool{}
	for range 20 {
		c := newClient(t, s, "")
		c.subscribe("/a")
		want[c.id] = true
	}
	for c := range s.Clients() {
		if !want[c.ID] || !c.Connected || len(c.Subscriptions) != 1 || c.Transport != bayeux.LongPolling {
			t.Error(c)
		}
		delete(want, c.ID)
		if ok, err := s.Exists(context.Background(), c.ID); !ok || err != nil {
			t.Error(c.ID, err)
		}
	}
	if len(want) != 0 {
		t.Error("missed ", want)
	}
	if ok, _ := s.Exists(context.Background(), "nobody"); ok {
		t.Error("nobody exists")
	}
	for range s.Clients() {
		break
	}
}

func TestDialectCometD(t *testing.T) {
	s := newServer(t, bayeux.Options{Dialect: bayeux.DialectCometD, Policy: &bayeux.Rules{}})
	c := newClient(t, s, "")
	for m, want := range map[string]string{
		`{"channel":"/meta/connect","clientId":"x","connectionType":"long-polling"}`:   "402::session_unknown",
		`{"channel":"/meta/subscribe","clientId":"` + c.id + `"}`:                      "403::subscription_missing",
		`{"channel":"/meta/subscribe","clientId":"` + c.id + `","subscription":"bad"}`: "403::subscription_invalid",
		`{"channel":"/meta/subscribe","clientId":"` + c.id + `","subscription":"/a"}`:  "403:/a:subscribe_denied",
		`{"channel":"/a","data":1}`:  "403:/a:publish_denied",
		`{"channel":"bad","data":1}`: "405::channel_invalid",
	} {
		if r := ask(t, s, c.req, "%s", m); r[0].Error != want {
			t.Errorf("%s: %s, want %s", m, r[0].Error, want)
		}
	}
}

func TestStats(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	k := dial(t, url, nil)
	k.open("/a")
	c := newClient(t, s, "")
	c.subscribe("/a", "/b")
	publish(t, s, "/a", 1)
	k.next()
	c.poll(0, "")
	st := s.Stats()
	if st.Clients != 2 || st.Subscriptions != 3 || st.Sockets != 1 || st.Published != 1 ||
		st.ClientsBy[bayeux.WebSocket] != 1 || st.ClientsBy[bayeux.LongPolling] != 1 ||
		st.Out[bayeux.WebSocket] != 1 || st.Out[bayeux.LongPolling] != 1 || st.In[bayeux.WebSocket] != 3 || st.In[bayeux.LongPolling] != 3 {
		t.Errorf("%+v", st)
	}
	_ = k.nc.Close()
	ask(t, s, c.req, `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
	eventually(t, "all is counted down", func() bool {
		st := s.Stats()
		return st.Sockets == 0 && st.ClientsBy[bayeux.LongPolling] == 0
	})
}

func TestClientFiles(t *testing.T) {
	url := startServer(t, bayeux.Options{ClientFiles: fstest.MapFS{
		"faye-browser-min.js": {Data: []byte("Faye = 1")}, "faye-browser-min.js.map": {Data: []byte("{}")}, "secret.txt": {Data: []byte("no")},
	}})
	get := func(path, etag string) (*http.Response, string) {
		t.Helper()
		r, _ := http.NewRequest("GET", url+path, nil)
		r.Header.Set("If-None-Match", etag)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	for path, want := range map[string]string{"/client.js": "Faye = 1", "/faye-browser-min.js": "Faye = 1", "/faye-browser-min.js.map": "{}"} {
		res, body := get(path, "")
		if body != want || res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "private, no-cache" {
			t.Error(path, res.Status, body, res.Header)
		}
		// The cookie is there before the first handshake.
		if !strings.HasPrefix(res.Header.Get("Set-Cookie"), "bayeux_session=") {
			t.Error(path, " sets no cookie")
		}
		if res, _ := get(path, res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
			t.Error(path, res.Status)
		}
	}
	for _, path := range []string{"/secret.txt", "/other.js", "/../secret.js"} {
		if res, body := get(path, ""); res.StatusCode == http.StatusOK {
			t.Error(path, body)
		}
	}
}

// A page says by a beacon that it is being closed; nobody else can say it.
func TestLeave(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	url := serve(t, s)
	var reason atomic.Value
	s.On(func(e bayeux.Event) { reason.Store(e.Reason) }, bayeux.EventDisconnect)
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar}
	id := clientID(post(t, c, url, "", `[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]`))
	post(t, c, url, "", `[{"channel":"/meta/connect","clientId":"`+id+`","connectionType":"long-polling","advice":{"timeout":0}}]`)
	beacon := func(cookie *http.Cookie) bool {
		r, _ := http.NewRequest("POST", url, nil)
		r.RemoteAddr = "127.0.0.1:1"
		if cookie != nil {
			r.AddCookie(cookie)
		}
		return s.Leave(context.Background(), r, id)
	}
	if beacon(nil) || beacon(&http.Cookie{Name: "bayeux_session", Value: "AAAAAAAAAAAAAAAAAAAAAA"}) {
		t.Error("anybody may say it")
	}
	r, _ := http.NewRequest("POST", url, nil)
	if !beacon(jar.Cookies(r.URL)[0]) {
		t.Error("the page may not")
	}
	eventually(t, "it is gone", func() bool { return reason.Load() == bayeux.ReasonLeft })
	if s.Owns(context.Background(), r, id) {
		t.Error("owns what is gone")
	}
}
