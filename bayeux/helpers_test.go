package bayeux_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"wake/bayeux"
)

// ask has a server process messages as one request and returns the replies.
func ask(t testing.TB, s *bayeux.Server, req *bayeux.Request, format string, args ...any) []*bayeux.Message {
	t.Helper()
	return s.Process(context.Background(), req, parse(t, format, args...))
}

func parse(t testing.TB, format string, args ...any) []*bayeux.Message {
	t.Helper()
	ms, err := bayeux.ParseMessages(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func polling() *bayeux.Request { return &bayeux.Request{Transport: bayeux.LongPolling} }

// client is a long-polling client without sockets.
type client struct {
	t   testing.TB
	s   *bayeux.Server
	req *bayeux.Request
	id  string
}

func newClient(t testing.TB, s *bayeux.Server, ext string) *client {
	t.Helper()
	c := &client{t: t, s: s, req: polling()}
	if ext == "" {
		ext = "{}"
	}
	r := ask(t, s, c.req, `{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"ext":%s}`, ext)
	if len(r) != 1 || !r[0].Successful {
		t.Fatal("handshake: ", show(r))
	}
	c.id = r[0].ClientID
	return c
}

func (c *client) subscribe(channels ...string) *bayeux.Message {
	c.t.Helper()
	b, _ := json.Marshal(channels)
	r := ask(c.t, c.s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":%s}`, c.id, b)
	if len(r) != 1 {
		c.t.Fatal("subscribe: ", show(r))
	}
	return r[0]
}

// poll connects, with a timeout in ms (negative: the server's), and returns the
// reply and the events that came with it.
func (c *client) poll(timeout int, ext string) (*bayeux.Message, []*bayeux.Message) {
	c.t.Helper()
	advice := ""
	if timeout >= 0 {
		advice = fmt.Sprintf(`,"advice":{"timeout":%d}`, timeout)
	}
	if ext != "" {
		advice += `,"ext":` + ext
	}
	r := ask(c.t, c.s, c.req, `{"channel":"/meta/connect","clientId":%q,"connectionType":"long-polling"%s}`, c.id, advice)
	if len(r) == 0 {
		c.t.Fatal("connect: no reply")
	}
	return r[0], r[1:]
}

func (c *client) data(timeout int) string {
	c.t.Helper()
	_, events := c.poll(timeout, "")
	return datas(events)
}

func datas(ms []*bayeux.Message) string {
	var out []string
	for _, m := range ms {
		out = append(out, string(m.Data))
	}
	return strings.Join(out, " ")
}

func show(ms []*bayeux.Message) string {
	b, _ := json.Marshal(ms)
	return string(b)
}

func publish(t testing.TB, s *bayeux.Server, channel string, data any) bayeux.Position {
	t.Helper()
	p, err := s.Publish(context.Background(), channel, data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// socket is a websocket client that does nothing by itself, not even answer pings.
type socket struct {
	t  testing.TB
	nc net.Conn
	id string
}

func dial(t testing.TB, url string, header http.Header) *socket {
	t.Helper()
	d := ws.Dialer{Timeout: 10 * time.Second, Header: ws.HandshakeHeaderHTTP(header)}
	nc, br, _, err := d.Dial(context.Background(), "ws"+strings.TrimPrefix(url, "http"))
	if err != nil {
		t.Fatal(err)
	}
	if br != nil {
		t.Fatal("the server spoke first")
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &socket{t: t, nc: nc}
}

func (k *socket) send(format string, args ...any) {
	k.t.Helper()
	if err := wsutil.WriteClientText(k.nc, fmt.Appendf(nil, format, args...)); err != nil {
		k.t.Fatal(err)
	}
}

// next returns the messages of the next data frame.
func (k *socket) next() []*reply {
	k.t.Helper()
	ms, err := k.read(10 * time.Second)
	if err != nil {
		k.t.Fatal(err)
	}
	return ms
}

// reply is a message as a client reads it.
type reply struct {
	Channel, ID, ClientID, Error string
	Successful                   *bool
	Data                         json.RawMessage
	Ext                          map[string]json.RawMessage
	Advice                       struct {
		Reconnect         string
		Interval, Timeout *int
		MultipleClients   bool `json:"multiple-clients"`
	}
}

func (k *socket) read(d time.Duration) ([]*reply, error) {
	_ = k.nc.SetReadDeadline(time.Now().Add(d))
	for {
		h, err := ws.ReadHeader(k.nc)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(k.nc, payload); err != nil {
			return nil, err
		}
		switch h.OpCode {
		case ws.OpText:
			var ms []*reply
			return ms, json.Unmarshal(payload, &ms)
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return nil, closed{code, reason}
		}
	}
}

type closed struct {
	code   ws.StatusCode
	reason string
}

func (c closed) Error() string { return fmt.Sprint("closed: ", c.code, " ", c.reason) }

func (k *socket) ask(format string, args ...any) *reply {
	k.t.Helper()
	k.send(format, args...)
	r := k.next()
	if len(r) == 0 {
		k.t.Fatal("empty reply")
	}
	return r[0]
}

// open handshakes, subscribes and leaves a connect held.
func (k *socket) open(channel string) {
	k.t.Helper()
	r := k.ask(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"]}]`)
	if k.id = r.ClientID; k.id == "" {
		k.t.Fatal("handshake: ", r.Error)
	}
	if channel != "" {
		if r := k.ask(`[{"channel":"/meta/subscribe","clientId":%q,"subscription":%q}]`, k.id, channel); r.Error != "" {
			k.t.Fatal(r.Error)
		}
	}
	k.connect()
}

func (k *socket) connect() {
	k.t.Helper()
	k.send(`[{"channel":"/meta/connect","clientId":%q,"connectionType":"websocket","id":"held"}]`, k.id)
}

func rawDial(t testing.TB, url string) net.Conn {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	nc, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return nc
}
