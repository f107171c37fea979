// collectload posts visits and events as ahoy.js does (or GoatCounter hits) to a
// collector on loopback, in a closed loop or at a fixed rate.
package main

import (
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
	base    = flag.String("url", "http://127.0.0.1:3000", "server")
	mode    = flag.String("mode", "events", "visits, events, mix or goatcounter")
	enc     = flag.String("enc", "json", "json, beacon (multipart, what ahoy.js sends by sendBeacon) or form")
	conns   = flag.Int("c", 16, "connections")
	k       = flag.Int("k", 1, "events a request, 1..k when -krand")
	krand   = flag.Bool("krand", false, "a random number of events, 1..k")
	perV    = flag.Float64("pervisit", 9, "mix: event requests for each visit request")
	prime   = flag.Int("prime", 2000, "visits posted first, for events to refer to")
	dur     = flag.Duration("dur", 10*time.Second, "duration of a run")
	warm    = flag.Duration("warm", 2*time.Second, "run before measuring")
	rate    = flag.Float64("rate", 0, "requests a second (0: closed loop); latency counts from the due time")
	runs    = flag.Int("runs", 3, "repeats")
	pidFlag = flag.String("pid", "", "server pids (and their children), comma-separated")
	hostHdr = flag.String("host", "", "Host header (default: from url)")
	sources = flag.Int("sources", 64, "source addresses 127.0.0.1..")
	cookies = flag.Bool("cookies", true, "send the ahoy_visit and ahoy_visitor cookies")
	xff     = flag.Bool("xff", true, "send X-Forwarded-For with a varying address")
	closeC  = flag.Bool("close", false, "a new connection for every request")
	seed    = flag.Uint64("seed", 1, "seed of the page, referrer and browser choices")
)

var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.0.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 12; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Mobile Safari/537.36 OPR/82.0.0.0",
	"Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
	"Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0",
	"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
}

var pages = []string{"/", "/pricing", "/features", "/about", "/contact", "/blog", "/blog/launch", "/blog/how-we-count", "/blog/2024-review",
	"/docs", "/docs/install", "/docs/api", "/docs/faq", "/login", "/signup", "/products/12", "/products/77", "/cart", "/checkout", "/thanks"}

var titles = []string{"Home", "Pricing", "Features", "About us", "Contact", "Blog", "We have launched", "How we count visitors", "2024 in review",
	"Documentation", "Installation", "API reference", "Questions", "Log in", "Sign up", "Blue kettle", "Wool blanket", "Your cart", "Checkout", "Thank you"}

var referrers = []string{"", "", "", "", "https://www.google.com/", "https://www.google.com/", "https://www.google.de/", "https://www.bing.com/search?q=kettle",
	"https://duckduckgo.com/", "https://news.ycombinator.com/item?id=40000001", "https://www.reddit.com/r/selfhosted/", "https://t.co/abcdEFGH12",
	"https://www.facebook.com/", "https://github.com/", "https://mail.example.org/inbox", "https://blog.example.net/best-tools-2024"}

var utms = []string{"", "", "", "", "", "", "utm_source=newsletter&utm_medium=email&utm_campaign=june", "utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=visitor+analytics",
	"utm_source=twitter&utm_medium=social&utm_campaign=launch&utm_content=image-a", "utm_source=partner&utm_medium=referral"}

var screens = [][2]string{{"1920", "1080"}, {"1440", "900"}, {"1536", "864"}, {"2560", "1440"}, {"390", "844"}, {"412", "915"}, {"360", "800"}, {"820", "1180"}}

type visit struct {
	visitTok, visitorTok string
	agent, screen        int
}

type state struct {
	*ev.Loop
	addr     *net.TCPAddr
	host     string
	r        *rand.Rand
	visits   []visit
	lat      hist.H
	ok       int64
	bad      int64
	errs     int64
	events   int64
	statuses map[int]int64
	lastErr  string
	idleW    []*worker
	next     func(w *worker) bool // gives an idle worker its next request
	hdr, bod []byte
	tmp      []byte
}

type worker struct {
	s      *state
	c      *ev.Conn
	n      int
	busy   bool
	dialed bool
	dueAt  int64
	events int
	req    []byte
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "collectload:", err)
		os.Exit(1)
	}
}

const hexDigits = "0123456789abcdef"

func (s *state) uuid(b []byte) []byte {
	hi, lo := s.r.Uint64(), s.r.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	for i := 60; i >= 0; i -= 4 {
		b = append(b, hexDigits[hi>>i&15])
		if i == 32 || i == 16 {
			b = append(b, '-')
		}
	}
	b = append(b, '-')
	for i := 60; i >= 0; i -= 4 {
		b = append(b, hexDigits[lo>>i&15])
		if i == 48 {
			b = append(b, '-')
		}
	}
	return b
}

func (s *state) newVisit() visit {
	return visit{string(s.uuid(nil)), string(s.uuid(nil)), s.r.IntN(len(agents)), s.r.IntN(len(screens))}
}

// event appends one event as ahoy.js makes it.
func (s *state) event(b []byte) []byte {
	p := s.r.IntN(len(pages))
	kind := s.r.IntN(10)
	switch {
	case kind < 6:
		b = append(b, `{"name":"$view","properties":{"url":"https://shop.example.com`...)
		b = append(b, pages[p]...)
		b = append(b, `","title":"`...)
		b = append(b, titles[p]...)
		b = append(b, `","page":"`...)
		b = append(b, pages[p]...)
		b = append(b, '"')
	case kind < 9:
		b = append(b, `{"name":"$click","properties":{"tag":"a","id":"link-`...)
		b = strconv.AppendInt(b, int64(s.r.IntN(40)), 10)
		b = append(b, `","class":"btn btn-primary","page":"`...)
		b = append(b, pages[p]...)
		b = append(b, `","section":"header","text":"`...)
		b = append(b, titles[p]...)
		b = append(b, `","href":"https://shop.example.com`...)
		b = append(b, pages[s.r.IntN(len(pages))]...)
		b = append(b, '"')
	default:
		b = append(b, `{"name":"Added to cart","properties":{"product_id":`...)
		b = strconv.AppendInt(b, int64(s.r.IntN(500)), 10)
		b = append(b, `,"price":`...)
		b = strconv.AppendFloat(b, float64(s.r.IntN(20000))/100, 'f', 2, 64)
		b = append(b, `,"currency":"EUR","page":"`...)
		b = append(b, pages[p]...)
		b = append(b, '"')
	}
	b = append(b, `},"time":`...)
	b = strconv.AppendFloat(b, float64(time.Now().UnixMilli())/1000, 'f', 3, 64)
	b = append(b, `,"id":"`...)
	b = s.uuid(b)
	return append(b, `","js":true}`...)
}

func (s *state) landing() string {
	u := "https://shop.example.com" + pages[s.r.IntN(len(pages))]
	if q := utms[s.r.IntN(len(utms))]; q != "" {
		u += "?" + q
	}
	return u
}

const boundary = "----WebKitFormBoundaryq8Zk3mYw0bXcT5Ld"

type field struct {
	name, value string
	bare        bool // a JSON number or true
}

// encode writes the fields into s.bod in the chosen encoding and returns the content type.
func (s *state) encode(fs []field) string {
	b := s.bod[:0]
	switch *enc {
	case "json":
		b = append(b, '{')
		for i, f := range fs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, '"')
			b = append(b, f.name...)
			b = append(b, `":`...)
			if f.bare {
				b = append(b, f.value...)
			} else {
				b = append(b, '"')
				b = append(b, f.value...)
				b = append(b, '"')
			}
		}
		s.bod = append(b, '}')
		return "application/json"
	case "beacon":
		for _, f := range fs {
			b = append(b, "--"+boundary+"\r\nContent-Disposition: form-data; name=\""...)
			b = append(b, f.name...)
			b = append(b, "\"\r\n\r\n"...)
			b = append(b, f.value...)
			b = append(b, "\r\n"...)
		}
		s.bod = append(b, "--"+boundary+"--\r\n"...)
		return "multipart/form-data; boundary=" + boundary
	default:
		for i, f := range fs {
			if i > 0 {
				b = append(b, '&')
			}
			b = append(b, f.name...)
			b = append(b, '=')
			b = append(b, url.QueryEscape(f.value)...)
		}
		s.bod = b
		return "application/x-www-form-urlencoded"
	}
}

func (s *state) finish(w *worker, method, path, ctype string, v *visit) {
	b := w.req[:0]
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, s.host...)
	b = append(b, "\r\nUser-Agent: "...)
	b = append(b, agents[v.agent]...)
	b = append(b, "\r\nAccept: */*\r\nAccept-Language: en-US,en;q=0.8\r\n"...)
	if *closeC {
		b = append(b, "Connection: close\r\n"...)
	}
	if *xff {
		b = append(b, "X-Forwarded-For: 203.0."...)
		b = strconv.AppendInt(b, int64(s.r.IntN(256)), 10)
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(s.r.IntN(256)), 10)
		b = append(b, "\r\n"...)
	}
	if method == "POST" {
		if *cookies {
			b = append(b, "Cookie: ahoy_visitor="...)
			b = append(b, v.visitorTok...)
			b = append(b, "; ahoy_visit="...)
			b = append(b, v.visitTok...)
			b = append(b, "\r\n"...)
		}
		b = append(b, "Content-Type: "...)
		b = append(b, ctype...)
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(s.bod)), 10)
		b = append(b, "\r\n\r\n"...)
		b = append(b, s.bod...)
	} else {
		b = append(b, "\r\n"...)
	}
	w.req = b
}

func (s *state) visitRequest(w *worker, v visit) {
	fs := make([]field, 0, 8)
	fs = append(fs, field{"visit_token", v.visitTok, false}, field{"visitor_token", v.visitorTok, false}, field{"platform", "Web", false},
		field{"landing_page", s.landing(), false}, field{"screen_width", screens[v.screen][0], true},
		field{"screen_height", screens[v.screen][1], true}, field{"js", "true", true})
	if r := referrers[s.r.IntN(len(referrers))]; r != "" {
		fs = append(fs, field{"referrer", r, false})
	}
	ct := s.encode(fs)
	w.events = 0
	s.finish(w, "POST", "/ahoy/visits", ct, &v)
}

func (s *state) eventRequest(w *worker) {
	v := &s.visits[s.r.IntN(len(s.visits))]
	n := *k
	if *krand {
		n = 1 + s.r.IntN(*k)
	}
	t := append(s.tmp[:0], '[')
	for i := 0; i < n; i++ {
		if i > 0 {
			t = append(t, ',')
		}
		t = s.event(t)
	}
	s.tmp = append(t, ']')
	var ct string
	if *enc == "json" {
		ct = s.encode([]field{{"events", string(s.tmp), true}, {"visit_token", v.visitTok, false}, {"visitor_token", v.visitorTok, false}})
	} else {
		ct = s.encode([]field{{"visit_token", v.visitTok, false}, {"visitor_token", v.visitorTok, false}, {"events_json", string(s.tmp), false}})
	}
	w.events = n
	s.finish(w, "POST", "/ahoy/events", ct, v)
}

func (s *state) goatRequest(w *worker) {
	v := &s.visits[s.r.IntN(len(s.visits))]
	p := s.r.IntN(len(pages))
	sc := screens[v.screen]
	q := "/count?p=" + url.QueryEscape(pages[p]) + "&t=" + url.QueryEscape(titles[p]) + "&e=false&s=" + sc[0] + "%2C" + sc[1] + "%2C1&b=0"
	if r := referrers[s.r.IntN(len(referrers))]; r != "" {
		q += "&r=" + url.QueryEscape(r)
	}
	if u := utms[s.r.IntN(len(utms))]; u != "" {
		q += "&q=" + url.QueryEscape("?"+u)
	}
	q += "&rnd=" + strconv.FormatUint(s.r.Uint64()>>40, 36)
	w.events = 1
	s.finish(w, "GET", q, "", v)
}

func (w *worker) Open(c *ev.Conn) { w.c.Write(w.req) }

func (w *worker) Closed(c *ev.Conn, err error) {
	w.dialed = false
	if w.busy {
		w.busy = false
		w.s.errs++
		w.s.lastErr = fmt.Sprint(err)
		w.s.idleW = append(w.s.idleW, w)
	}
}

// fire sends w.req, dialling first when there is no connection.
func (w *worker) fire(due int64) {
	w.busy, w.dueAt = true, due
	if w.dialed {
		w.c.Write(w.req)
		return
	}
	w.n++
	src := byte(1 + w.n%*sources)
	c, err := w.s.Dial(w.s.addr, [4]byte{127, 0, 0, src}, w)
	check(err)
	w.c, w.dialed = c, true
}

func (w *worker) Data(c *ev.Conn, b []byte) int {
	r, n, err := ev.ParseHTTP(b)
	if err != nil {
		c.Close(err)
		return 0
	}
	if n == 0 {
		return 0
	}
	s := w.s
	s.lat.Add(s.Now() - w.dueAt)
	if r.Status/100 == 2 {
		s.ok++
		s.events += int64(w.events)
	} else {
		s.bad++
		s.lastErr = fmt.Sprintf("HTTP %d %.100q", r.Status, r.Body)
	}
	s.statuses[r.Status]++
	w.busy = false
	if *closeC || r.Close {
		c.Close(nil)
	}
	if *rate > 0 || !s.next(w) {
		s.idleW = append(s.idleW, w)
	}
	return n
}

func (s *state) reset() {
	s.lat.Reset()
	s.ok, s.bad, s.errs, s.events = 0, 0, 0, 0
	s.statuses = map[int]int64{}
}

func (s *state) build(w *worker) {
	switch *mode {
	case "visits":
		s.visitRequest(w, s.newVisit())
	case "goatcounter":
		s.goatRequest(w)
	case "mix":
		if s.r.Float64() < 1/(1+*perV) {
			v := s.newVisit()
			s.visits[s.r.IntN(len(s.visits))] = v
			s.visitRequest(w, v)
			return
		}
		s.eventRequest(w)
	default:
		s.eventRequest(w)
	}
}

func (s *state) pop() *worker {
	if len(s.idleW) == 0 {
		return nil
	}
	w := s.idleW[len(s.idleW)-1]
	s.idleW = s.idleW[:len(s.idleW)-1]
	return w
}

// drive runs requests for d, then waits for the answers.
func (s *state) drive(d time.Duration) time.Duration {
	t0, n0 := time.Now(), s.Now()
	stop := false
	var sent int64
	s.next = func(w *worker) bool {
		if stop {
			return false
		}
		s.build(w)
		w.fire(s.Now())
		return true
	}
	for time.Since(t0) < d {
		if *rate > 0 {
			due := int64(time.Since(t0).Seconds() * *rate)
			for sent < due && len(s.idleW) > 0 {
				w := s.pop()
				s.build(w)
				w.fire(n0 + int64(float64(sent) / *rate * 1e9))
				sent++
			}
			check(s.Poll(time.Millisecond))
			continue
		}
		for w := s.pop(); w != nil; w = s.pop() {
			s.next(w)
		}
		check(s.Poll(50 * time.Millisecond))
	}
	stop = true
	el := time.Since(t0)
	for end := time.Now().Add(10 * time.Second); len(s.idleW) < *conns && time.Now().Before(end); {
		check(s.Poll(5 * time.Millisecond))
	}
	return el
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func spread(name string, v []float64) string {
	sort.Float64s(v)
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = (m + v[len(v)/2-1]) / 2
	}
	return fmt.Sprintf("%s=%.2f [%.2f..%.2f]", name, m, v[0], v[len(v)-1])
}

func main() {
	flag.Parse()
	debug.SetGCPercent(400)
	u, err := url.Parse(*base)
	check(err)
	s := &state{host: u.Host, r: rand.New(rand.NewPCG(*seed, uint64(time.Now().UnixNano())))}
	s.addr, err = net.ResolveTCPAddr("tcp4", u.Host)
	check(err)
	if !s.addr.IP.IsLoopback() {
		check(errors.New("only loopback targets"))
	}
	if *hostHdr != "" {
		s.host = *hostHdr
	}
	s.Loop, err = ev.New(1 << 20)
	check(err)
	pids, err := proc.Pids(*pidFlag)
	check(err)
	if len(pids) > 0 {
		pids = proc.Tree(pids)
	}
	s.reset()
	for i := 0; i < *prime; i++ {
		s.visits = append(s.visits, s.newVisit())
	}
	if len(s.visits) == 0 {
		s.visits = append(s.visits, s.newVisit())
	}
	for i := 0; i < *conns; i++ {
		s.idleW = append(s.idleW, &worker{s: s, n: i * 7})
	}
	fmt.Printf("# %s %s enc=%s k=%d c=%d rate=%.0f\n", *base, *mode, *enc, *k, *conns, *rate)
	if (*mode == "events" || *mode == "mix") && *prime > 0 {
		i := 0
		s.next = func(w *worker) bool {
			if i == len(s.visits) {
				return false
			}
			s.visitRequest(w, s.visits[i])
			i++
			w.fire(s.Now())
			return true
		}
		r := *rate
		*rate = 0
		for i < len(s.visits) || len(s.idleW) < *conns {
			for len(s.idleW) > 0 {
				w := s.pop()
				if !s.next(w) {
					s.idleW = append(s.idleW, w)
					break
				}
			}
			check(s.Poll(50 * time.Millisecond))
		}
		*rate = r
		if s.bad+s.errs > 0 {
			fmt.Printf("prime: ok=%d non2xx=%d errors=%d last=%s\n", s.ok, s.bad, s.errs, s.lastErr)
		}
	}
	if *warm > 0 {
		s.drive(*warm)
	}
	var rps, eps, p50, p99 []float64
	for r := 1; r <= *runs; r++ {
		s.reset()
		m := proc.Start(pids)
		d := s.drive(*dur)
		sec := d.Seconds()
		fmt.Printf("run %d: requests=%d seconds=%.2f req_per_s=%.0f events_per_s=%.0f p50_ms=%s p90_ms=%s p99_ms=%s max_ms=%s non2xx=%d errors=%d rss_MiB=%.0f cpu_us_per_req=%.1f %s\n",
			r, s.ok+s.bad, sec, float64(s.ok)/sec, float64(s.events)/sec, ms(s.lat.Q(.5)), ms(s.lat.Q(.9)), ms(s.lat.Q(.99)), ms(s.lat.Max()),
			s.bad, s.errs, float64(proc.RSS(pids))/(1<<20), float64(m.Server().Microseconds())/float64(max(s.ok, 1)), m)
		if s.bad+s.errs > 0 {
			fmt.Println("  statuses:", s.statuses, "last error:", strings.TrimSpace(s.lastErr))
		}
		rps = append(rps, float64(s.ok)/sec)
		eps = append(eps, float64(s.events)/sec)
		p50 = append(p50, float64(s.lat.Q(.5))/1e6)
		p99 = append(p99, float64(s.lat.Q(.99))/1e6)
	}
	fmt.Println("median:", spread("req_per_s", rps), spread("events_per_s", eps), spread("p50_ms", p50), spread("p99_ms", p99))
}
