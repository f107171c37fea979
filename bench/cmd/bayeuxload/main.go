// bayeuxload measures a pub/sub server over loopback: connect rate, memory per idle
// client, fan-out, and HTTP publishes to many channels. Protocols: bayeux
// (websocket or long-polling), centrifugo (JSON over websocket), raw (no protocol).
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"time"

	"wake/bench/internal/ev"
	"wake/bench/internal/hist"
	"wake/bench/internal/proc"
)

var (
	target   = flag.String("url", "ws://127.0.0.1:8000/faye", "endpoint; http:// selects long-polling")
	pubURL   = flag.String("puburl", "", "websocket endpoint of publishers (default: url)")
	postURL  = flag.String("posturl", "", "HTTP endpoint of publishes (default: url as http)")
	protocol = flag.String("proto", "bayeux", "bayeux, centrifugo or raw")
	n        = flag.Int("n", 1000, "subscribers")
	channels = flag.String("chan", "shared", "what each subscribes to: shared, own or both")
	ramp     = flag.Int("ramp", 200, "connections being set up at once")
	sources  = flag.Int("sources", 8, "source addresses 127.0.0.1..")
	settle   = flag.Duration("settle", 10*time.Second, "idle time before memory is read")
	pidFlag  = flag.String("pid", "", "server pids (and their children), comma-separated")
	fan      = flag.Duration("fan", 0, "duration of each fan-out run (0: skip)")
	pubs     = flag.Int("pubs", 1, "publishers in the fan-out")
	inflight = flag.Int("inflight", 1, "messages not yet delivered to all, at most (closed loop)")
	rate     = flag.Float64("rate", 0, "messages a second instead of the closed loop")
	size     = flag.Int("size", 128, "payload bytes of a message")
	post     = flag.Duration("post", 0, "duration of each many-channel run (0: skip)")
	postC    = flag.Int("postconns", 32, "HTTP connections publishing")
	postEnc  = flag.String("postenc", "form", "form or json")
	postEnd  = flag.Bool("postclose", false, "a new connection for every publish")
	postHdr  = flag.String("posthdr", "", "extra header line of publishes")
	runs     = flag.Int("runs", 3, "repeats of the fan-out and many-channel runs")
)

const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// marker precedes the send time (ns) inside every payload.
var (
	marker     = []byte(`"bl":`)
	metaConn   = []byte(`"/meta/connect"`)
	metaHand   = []byte(`"/meta/handshake"`)
	clientKey  = []byte(`"clientId":"`)
	successful = []byte(`"successful":true`)
)

type endpoint struct {
	addr *net.TCPAddr
	host string
	path string
}

func parse(raw string) (e endpoint, scheme string) {
	u, err := url.Parse(raw)
	check(err)
	host := u.Host
	if u.Port() == "" {
		host += ":80"
	}
	e.addr, err = net.ResolveTCPAddr("tcp4", host)
	check(err)
	if !e.addr.IP.IsLoopback() {
		check(errors.New("only loopback targets"))
	}
	e.host, e.path = u.Host, u.RequestURI()
	return e, u.Scheme
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bayeuxload:", err)
		os.Exit(1)
	}
}

// world is the shared state of the single event loop.
type world struct {
	*ev.Loop
	subs, pub   endpoint
	longpoll    bool
	ready       int
	failed      int
	lost        int // closed after being ready
	lastErr     error
	delivered   int64
	badReplies  int64
	lat         hist.H
	setup       hist.H
	onDelivered func()
	scratch     []byte
	pad         string
}

func (w *world) count(b []byte) {
	var now int64
	for {
		i := bytes.Index(b, marker)
		if i < 0 {
			return
		}
		b = b[i+len(marker):]
		var t int64
		j := 0
		for ; j < len(b) && b[j] >= '0' && b[j] <= '9'; j++ {
			t = t*10 + int64(b[j]-'0')
		}
		b = b[j:]
		if now == 0 {
			now = w.Now()
		}
		w.lat.Add(now - t)
		w.delivered++
		if w.onDelivered != nil {
			w.onDelivered()
		}
	}
}

func (w *world) payload(dst []byte) []byte {
	dst = append(dst, `{"bl":`...)
	dst = strconv.AppendInt(dst, w.Now(), 10)
	dst = append(dst, `,"x":"`...)
	dst = append(dst, w.pad...)
	return append(dst, `"}`...)
}

// member is one subscriber, or a websocket publisher.
type member struct {
	w         *world
	c         *ev.Conn
	idx       int
	publisher bool
	state     uint8
	began     int64
	id        string
	seq       int
	frag      []byte
}

const (
	sUpgrade = iota
	sHandshake
	sSubscribe
	sReady
)

func (m *member) ep() endpoint {
	if m.publisher {
		return m.w.pub
	}
	return m.w.subs
}

func (m *member) Open(c *ev.Conn) {
	m.c = c
	m.began = m.w.Now()
	if m.w.longpoll && !m.publisher {
		m.state = sHandshake
		m.httpPost(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"],"id":"1"}]`)
		return
	}
	e := m.ep()
	c.Write([]byte("GET " + e.path + " HTTP/1.1\r\nHost: " + e.host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://" + e.host + "\r\n\r\n"))
}

func (m *member) httpPost(body string) {
	e := m.w.subs
	m.c.Write([]byte("POST " + e.path + " HTTP/1.1\r\nHost: " + e.host +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body))
}

func (m *member) text(s string) { m.c.Write(ev.AppendFrame(nil, 1, []byte(s))) }

func (m *member) nextID() string { m.seq++; return strconv.Itoa(m.seq) }

func (m *member) subscriptions() (out []string) {
	sep := "/"
	if *protocol == "centrifugo" {
		sep = ""
	}
	if *channels != "own" {
		out = append(out, sep+"fan")
	}
	if *channels != "shared" {
		out = append(out, sep+"u"+strconv.Itoa(m.idx))
	}
	return out
}

func (m *member) Closed(c *ev.Conn, err error) {
	if err == nil {
		return
	}
	if m.state == sReady {
		m.w.lost++
	} else {
		m.w.failed++
	}
	m.w.lastErr = fmt.Errorf("client %d in state %d: %w", m.idx, m.state, err)
}

func (m *member) becomeReady() {
	if m.state == sReady {
		return
	}
	m.state = sReady
	m.frag = nil
	m.w.ready++
	m.w.setup.Add(m.w.Now() - m.began)
}

func (m *member) Data(c *ev.Conn, b []byte) int {
	used := 0
	for used < len(b) {
		rest := b[used:]
		if m.state == sUpgrade || m.w.longpoll && !m.publisher {
			r, k, err := ev.ParseHTTP(rest)
			if err != nil {
				c.Close(err)
				return used
			}
			if k == 0 {
				return used
			}
			used += k
			if m.state == sUpgrade {
				if r.Status != 101 || !bytes.Contains(rest[:k], []byte(accept)) {
					c.Close(fmt.Errorf("upgrade refused: %.60q", rest[:k]))
					return used
				}
				m.upgraded()
			} else if r.Status != 200 {
				c.Close(fmt.Errorf("HTTP %d: %.80q", r.Status, r.Body))
			} else {
				m.poll(r.Body)
			}
			continue
		}
		op, fin, p, k, err := ev.Frame(rest)
		if err != nil {
			c.Close(err)
			return used
		}
		if k == 0 {
			return used
		}
		used += k
		switch op {
		case 0, 1, 2:
			if !fin || op == 0 {
				m.frag = append(m.frag, p...)
				if !fin {
					continue
				}
				p = m.frag
			}
			m.message(p)
			if op == 0 {
				m.frag = nil
			}
		case 8:
			c.Close(fmt.Errorf("close frame %q", p))
		case 9:
			c.Write(ev.AppendFrame(nil, 10, p))
		}
	}
	return used
}

func (m *member) upgraded() {
	m.state = sHandshake
	switch *protocol {
	case "raw":
		m.becomeReady()
	case "centrifugo":
		m.text(`{"id":1,"connect":{}}`)
	default:
		m.text(`[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["websocket"],"id":"` + m.nextID() + `"}]`)
	}
}

func clientID(b []byte) string {
	i := bytes.Index(b, clientKey)
	if i < 0 {
		return ""
	}
	b = b[i+len(clientKey):]
	j := bytes.IndexByte(b, '"')
	if j < 0 {
		return ""
	}
	return string(b[:j])
}

func (m *member) subscribeMsg() string {
	var s []string
	for _, ch := range m.subscriptions() {
		s = append(s, `{"channel":"/meta/subscribe","clientId":"`+m.id+`","subscription":"`+ch+`","id":"`+m.nextID()+`"}`)
	}
	return "[" + strings.Join(s, ",") + "]"
}

func (m *member) connectMsg(kind string) string {
	return `[{"channel":"/meta/connect","clientId":"` + m.id + `","connectionType":"` + kind + `","id":"` + m.nextID() + `"}]`
}

// message handles one websocket text message.
func (m *member) message(p []byte) {
	switch *protocol {
	case "raw":
		if !m.publisher {
			m.w.count(p)
		}
		return
	case "centrifugo":
		m.centrifugo(p)
		return
	}
	switch m.state {
	case sHandshake:
		m.id = clientID(p)
		if m.id == "" || !bytes.Contains(p, successful) {
			m.c.Close(fmt.Errorf("handshake failed: %.120q", p))
			return
		}
		if m.publisher {
			m.text(m.connectMsg("websocket"))
			m.becomeReady()
			return
		}
		m.state = sSubscribe
		out := ev.AppendFrame(nil, 1, []byte(m.connectMsg("websocket")))
		m.c.Write(ev.AppendFrame(out, 1, []byte(m.subscribeMsg())))
	case sSubscribe:
		if bytes.Contains(p, []byte(`"/meta/subscribe"`)) {
			if !bytes.Contains(p, successful) {
				m.c.Close(fmt.Errorf("subscribe failed: %.120q", p))
				return
			}
			m.becomeReady()
		}
		m.reconnect(p)
	default:
		if !m.publisher {
			m.w.count(p)
		}
		m.reconnect(p)
	}
}

func (m *member) reconnect(p []byte) {
	if bytes.Contains(p, metaConn) {
		if bytes.Contains(p, successful) {
			m.text(m.connectMsg("websocket"))
		} else {
			m.w.badReplies++
		}
	}
}

func (m *member) centrifugo(p []byte) {
	if m.state == sReady && !m.publisher {
		m.w.count(p)
	}
	for len(p) > 0 {
		line := p
		if i := bytes.IndexByte(p, '\n'); i >= 0 {
			line, p = p[:i], p[i+1:]
		} else {
			p = nil
		}
		switch {
		case len(line) == 2: // {} is the server's ping
			m.text("{}")
		case bytes.Contains(line, []byte(`"error":`)):
			m.w.badReplies++
			m.w.lastErr = fmt.Errorf("%.100s", line)
			if m.state != sReady {
				m.c.Close(m.w.lastErr)
				return
			}
		case m.state == sHandshake && bytes.HasPrefix(line, []byte(`{"id":1,`)):
			if m.publisher {
				m.becomeReady()
				continue
			}
			m.state = sSubscribe
			m.seq = 1
			var cmds []string
			for _, ch := range m.subscriptions() {
				cmds = append(cmds, `{"id":`+m.nextID()+`,"subscribe":{"channel":"`+ch+`"}}`)
			}
			m.text(strings.Join(cmds, "\n"))
		case m.state == sSubscribe && bytes.HasPrefix(line, []byte(`{"id":2,`)):
			m.becomeReady()
		}
	}
}

// poll handles one long-polling response and keeps a connect outstanding.
func (m *member) poll(p []byte) {
	switch m.state {
	case sHandshake:
		m.id = clientID(p)
		if m.id == "" || !bytes.Contains(p, metaHand) || !bytes.Contains(p, successful) {
			m.c.Close(fmt.Errorf("handshake failed: %.120q", p))
			return
		}
		m.state = sSubscribe
		m.httpPost(m.subscribeMsg())
		return
	case sSubscribe:
		if !bytes.Contains(p, successful) {
			m.c.Close(fmt.Errorf("subscribe failed: %.120q", p))
			return
		}
		m.becomeReady()
	default:
		m.w.count(p)
		if !bytes.Contains(p, successful) {
			m.w.badReplies++
		}
	}
	m.httpPost(m.connectMsg("long-polling"))
}

// publish sends one message to the shared channel.
func (m *member) publish() {
	w := m.w
	b := w.scratch[:0]
	switch *protocol {
	case "raw":
		b = w.payload(b)
	case "centrifugo":
		b = append(b, `{"id":`...)
		b = append(b, m.nextID()...)
		b = append(b, `,"publish":{"channel":"fan","data":`...)
		b = w.payload(b)
		b = append(b, `}}`...)
	default:
		b = append(b, `[{"channel":"/fan","clientId":"`...)
		b = append(b, m.id...)
		b = append(b, `","id":"`...)
		b = append(b, m.nextID()...)
		b = append(b, `","data":`...)
		b = w.payload(b)
		b = append(b, `}]`...)
	}
	w.scratch = b
	m.c.Write(ev.AppendFrame(nil, 1, b))
}

// poster is one HTTP publishing connection.
type poster struct {
	w      *world
	e      endpoint
	c      *ev.Conn
	src    int
	ok     int64
	bad    int64
	stop   bool
	sentAt int64
	rtt    *hist.H
	total  *int64
	busy   bool
}

func (p *poster) Open(c *ev.Conn) { p.c = c; p.send() }

func (p *poster) send() {
	if p.stop {
		return
	}
	w := p.w
	i := rand.IntN(*n)
	var msg []byte
	p.sentAt = w.Now()
	ct := "application/json"
	if *protocol == "centrifugo" {
		msg = append(msg, `{"channel":"u`...)
		msg = strconv.AppendInt(msg, int64(i), 10)
	} else {
		msg = append(msg, `{"channel":"/u`...)
		msg = strconv.AppendInt(msg, int64(i), 10)
	}
	msg = append(msg, `","data":`...)
	msg = w.payload(msg)
	msg = append(msg, '}')
	if *postEnc == "form" && *protocol != "centrifugo" {
		ct = "application/x-www-form-urlencoded"
		msg = []byte("message=" + url.QueryEscape(string(msg)))
	}
	b := w.scratch[:0]
	b = append(b, "POST "...)
	b = append(b, p.e.path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, p.e.host...)
	b = append(b, "\r\nContent-Type: "...)
	b = append(b, ct...)
	if *postEnd {
		b = append(b, "\r\nConnection: close"...)
	}
	if *postHdr != "" {
		b = append(b, "\r\n"...)
		b = append(b, *postHdr...)
	}
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(msg)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, msg...)
	w.scratch = b
	p.busy = true
	p.c.Write(b)
}

func (p *poster) Data(c *ev.Conn, b []byte) int {
	used := 0
	for used < len(b) {
		r, k, err := ev.ParseHTTP(b[used:])
		if err != nil {
			c.Close(err)
			return used
		}
		if k == 0 {
			return used
		}
		used += k
		p.busy = false
		*p.total++
		p.rtt.Add(p.w.Now() - p.sentAt)
		if r.Status/100 == 2 && !bytes.Contains(r.Body, []byte(`"error"`)) && !bytes.Contains(r.Body, []byte(`"successful":false`)) {
			p.ok++
		} else {
			p.bad++
			p.w.lastErr = fmt.Errorf("publish: HTTP %d %.100q", r.Status, r.Body)
		}
		if *postEnd || r.Close {
			c.Close(nil)
			p.redial()
			return used
		}
		p.send()
	}
	return used
}

func (p *poster) redial() {
	if p.stop {
		return
	}
	c, err := p.w.Dial(p.e.addr, [4]byte{127, 0, 0, byte(1 + p.src%*sources)}, p)
	check(err)
	p.c = c
}

func (p *poster) Closed(c *ev.Conn, err error) {
	if err != nil && !p.stop {
		if p.busy {
			p.bad++
		}
		p.busy = false
		p.w.lastErr = err
		p.redial()
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func (w *world) idle(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		check(w.Poll(20 * time.Millisecond))
	}
}

func main() {
	flag.Parse()
	debug.SetGCPercent(400)
	loop, err := ev.New(1 << 20)
	check(err)
	w := &world{Loop: loop}
	var scheme string
	w.subs, scheme = parse(*target)
	w.longpoll = scheme == "http"
	if *pubURL == "" {
		*pubURL = strings.Replace(*target, "http://", "ws://", 1)
	}
	w.pub, _ = parse(*pubURL)
	if *postURL == "" {
		*postURL = strings.Replace(*target, "ws://", "http://", 1)
	}
	w.pad = strings.Repeat("x", max(0, *size-30))
	pids, err := proc.Pids(*pidFlag)
	check(err)
	if len(pids) > 0 {
		pids = proc.Tree(pids)
	}

	rss0, tcp0 := proc.RSS(pids), proc.KernelTCP()
	fmt.Printf("# %s %s n=%d chan=%s size=%d\n", *protocol, *target, *n, *channels, *size)
	members := make([]*member, *n)
	mt, t0 := proc.Start(pids), time.Now()
	started, progress := 0, time.Now()
	for last := 0; w.ready+w.failed < *n; {
		for started < *n && started-w.ready-w.failed < *ramp {
			m := &member{w: w, idx: started}
			members[started] = m
			_, err := w.Dial(w.subs.addr, [4]byte{127, 0, 0, byte(1 + started%*sources)}, m)
			if err != nil {
				w.failed++
				w.lastErr = err
			}
			started++
		}
		check(w.Poll(100 * time.Millisecond))
		if w.ready+w.failed != last {
			last, progress = w.ready+w.failed, time.Now()
		} else if time.Since(progress) > 20*time.Second {
			fmt.Printf("connect: stalled at ready=%d failed=%d\n", w.ready, w.failed)
			break
		}
	}
	d := time.Since(t0)
	fmt.Printf("connect: ready=%d failed=%d seconds=%.2f per_s=%.0f setup_p50_ms=%s p99_ms=%s %s\n", w.ready, w.failed,
		d.Seconds(), float64(w.ready)/d.Seconds(), ms(w.setup.Q(.5)), ms(w.setup.Q(.99)), mt)
	if w.failed > 0 {
		fmt.Println("connect: last error:", w.lastErr)
	}
	if w.ready == 0 {
		os.Exit(1)
	}
	rssPeak := proc.RSS(pids)
	mt = proc.Start(pids)
	w.idle(*settle)
	if len(pids) > 0 {
		rss1 := proc.RSS(pids)
		fmt.Printf("idle: rss_before_MiB=%.1f rss_connected_MiB=%.1f rss_idle_MiB=%.1f per_client_KiB=%.2f at_connect_KiB=%.2f kernel_tcp_MiB=%.1f %s\n",
			mib(rss0), mib(rssPeak), mib(rss1), float64(rss1-rss0)/1024/float64(w.ready), float64(rssPeak-rss0)/1024/float64(w.ready), mib(proc.KernelTCP()-tcp0), mt)
	}
	if *fan > 0 {
		w.fanout(pids)
	}
	if *post > 0 {
		w.many(pids)
	}
	if w.lost > 0 || w.badReplies > 0 {
		fmt.Printf("end: clients_lost=%d bad_replies=%d last_error=%v\n", w.lost, w.badReplies, w.lastErr)
	}
}

func mib(b int64) float64 { return float64(b) / (1 << 20) }

func median(v []float64) float64 {
	s := append([]float64(nil), v...)
	sort.Float64s(s)
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

func spread(name string, v []float64) string {
	s := append([]float64(nil), v...)
	sort.Float64s(s)
	return fmt.Sprintf("%s=%.1f [%.1f..%.1f]", name, median(v), s[0], s[len(s)-1])
}

func (w *world) fanout(pids []int) {
	alive := w.ready - w.lost
	var ps []*member
	before := w.ready
	for i := 0; i < *pubs; i++ {
		m := &member{w: w, idx: *n + i, publisher: true}
		_, err := w.Dial(w.pub.addr, [4]byte{127, 0, 0, byte(1 + i%*sources)}, m)
		check(err)
		ps = append(ps, m)
	}
	for end := time.Now().Add(10 * time.Second); w.ready < before+*pubs; {
		check(w.Poll(10 * time.Millisecond))
		if time.Now().After(end) {
			check(fmt.Errorf("publishers did not connect: %v", w.lastErr))
		}
	}
	var rates, p50s, p99s []float64
	for r := 1; r <= *runs; r++ {
		w.lat.Reset()
		w.delivered = 0
		published, dropped, turn := int64(0), int64(0), 0
		send := func() { ps[turn%*pubs].publish(); turn++; published++ }
		mt, t0 := proc.Start(pids), time.Now()
		lastDelivered, progress := int64(0), time.Now()
		for time.Since(t0) < *fan {
			if *rate > 0 {
				for published < int64(time.Since(t0).Seconds()**rate)+1 {
					send()
				}
				check(w.Poll(time.Millisecond))
			} else {
				for published*int64(alive)-w.delivered-dropped <= int64(*inflight-1)*int64(alive) {
					send()
				}
				check(w.Poll(50 * time.Millisecond))
			}
			if w.delivered != lastDelivered {
				lastDelivered, progress = w.delivered, time.Now()
			} else if time.Since(progress) > 5*time.Second {
				dropped = published*int64(alive) - w.delivered
				progress = time.Now()
			}
		}
		// Let what is in flight arrive; it counts, and so does its time.
		for end := time.Now().Add(10 * time.Second); w.delivered < published*int64(alive) && time.Now().Before(end); {
			check(w.Poll(10 * time.Millisecond))
		}
		d := time.Since(t0)
		per := float64(w.delivered) / d.Seconds()
		fmt.Printf("fanout %d: published=%d delivered=%d missing=%d seconds=%.2f msgs_per_s=%.1f deliveries_per_s=%.0f p50_ms=%s p99_ms=%s max_ms=%s %s\n",
			r, published, w.delivered, published*int64(alive)-w.delivered, d.Seconds(), float64(published)/d.Seconds(), per,
			ms(w.lat.Q(.5)), ms(w.lat.Q(.99)), ms(w.lat.Max()), mt)
		rates = append(rates, per)
		p50s = append(p50s, float64(w.lat.Q(.5))/1e6)
		p99s = append(p99s, float64(w.lat.Q(.99))/1e6)
		w.idle(time.Second)
	}
	fmt.Println("fanout median:", spread("deliveries_per_s", rates), spread("p50_ms", p50s), spread("p99_ms", p99s))
}

func (w *world) many(pids []int) {
	e, _ := parse(*postURL)
	var rates, p50s, p99s, d50s, d99s []float64
	for r := 1; r <= *runs; r++ {
		w.lat.Reset()
		w.delivered = 0
		var rtt hist.H
		var total int64
		var ps []*poster
		mt, t0 := proc.Start(pids), time.Now()
		for i := 0; i < *postC; i++ {
			p := &poster{w: w, e: e, src: i, rtt: &rtt, total: &total}
			p.redial()
			ps = append(ps, p)
		}
		for time.Since(t0) < *post {
			check(w.Poll(50 * time.Millisecond))
		}
		d := time.Since(t0)
		cpu := mt.String()
		var ok, bad int64
		for _, p := range ps {
			p.stop = true
			ok += p.ok
			bad += p.bad
		}
		w.idle(time.Second)
		for _, p := range ps {
			p.c.Close(nil)
		}
		fmt.Printf("post %d: ok=%d bad=%d delivered=%d seconds=%.2f posts_per_s=%.0f rtt_p50_ms=%s rtt_p99_ms=%s deliver_p50_ms=%s deliver_p99_ms=%s %s\n",
			r, ok, bad, w.delivered, d.Seconds(), float64(ok)/d.Seconds(), ms(rtt.Q(.5)), ms(rtt.Q(.99)), ms(w.lat.Q(.5)), ms(w.lat.Q(.99)), cpu)
		if bad > 0 {
			fmt.Println("post: last error:", w.lastErr)
		}
		rates = append(rates, float64(ok)/d.Seconds())
		p50s = append(p50s, float64(rtt.Q(.5))/1e6)
		p99s = append(p99s, float64(rtt.Q(.99))/1e6)
		d50s = append(d50s, float64(w.lat.Q(.5))/1e6)
		d99s = append(d99s, float64(w.lat.Q(.99))/1e6)
	}
	fmt.Println("post median:", spread("posts_per_s", rates), spread("rtt_p50_ms", p50s), spread("rtt_p99_ms", p99s),
		spread("deliver_p50_ms", d50s), spread("deliver_p99_ms", d99s))
}
