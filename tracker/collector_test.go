package tracker_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"wake/tracker"
)

// world is a collector with everything around it made of maps, and a clock.
type world struct {
	*tracker.Collector
	site    *tracker.Site
	now     time.Time
	visits  map[string]*tracker.Visit // by token
	events  map[string]map[tracker.EventID]tracker.Event
	lookups int
	mu      sync.Mutex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		site:   &tracker.Site{ID: 1, Key: "shop", TimeZone: "UTC"},
		now:    time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		visits: map[string]*tracker.Visit{},
		events: map[string]map[tracker.EventID]tracker.Event{},
	}
	w.restart()
	return w
}

// restart forgets what the collector had in memory.
func (w *world) restart() {
	w.Collector = tracker.NewCollector(tracker.Parts{
		Sites: w, Visits: w, Salts: w, Places: w, Devices: w, Sources: w, Sink: w,
		Now: func() time.Time { return w.now },
	})
}

func (w *world) SiteByKey(key string) (*tracker.Site, bool) { return w.site, key == w.site.Key }
func (w *world) SiteByHost(host string) (*tracker.Site, bool) {
	return w.site, w.site.AllowsHost(host)
}
func (w *world) Salt(_ context.Context, day string) ([]byte, error) {
	return []byte("salt of " + day), nil
}
func (w *world) Place(a netip.Addr) tracker.Place { return tracker.Place{City: a.String()} }

func (w *world) Device(ua string, _ tracker.Hints) tracker.Device {
	if strings.Contains(ua, "bot") {
		return tracker.Device{Bot: "agent"}
	}
	return tracker.Device{Browser: ua}
}

func (w *world) Arrival(landing, referrer string, utm tracker.HitVisit, owns func(string) bool) tracker.Arrival {
	a := tracker.Arrival{LandingPage: landing, Referrer: referrer, UTMCampaign: utm.UTMCampaign}
	if _, c, ok := strings.Cut(landing, "utm_source="); ok {
		a.Source = c
	} else if host := strings.TrimPrefix(referrer, "https://"); referrer != "" && !owns(strings.TrimSuffix(host, "/")) {
		a.Source = host
	}
	return a
}

func (w *world) Page(url string, _ bool) (string, string) {
	path := strings.TrimPrefix(url, "https://shop.example")
	path, _, _ = strings.Cut(path, "?")
	return "shop.example", path
}

func (w *world) LastVisit(_ context.Context, site int64, visitor tracker.VisitorID, notAfter time.Time) (ref tracker.VisitRef, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lookups++
	for _, v := range w.visits {
		if v.Visitor.ID == visitor && v.SiteID == site && !v.StartedAt.After(notAfter) && (!ok || v.StartedAt.After(ref.StartedAt)) {
			ref, ok = tracker.VisitRef{ID: v.ID, Token: v.Token, StartedAt: v.StartedAt, LastAt: v.LastAt}, true
		}
	}
	return ref, ok, nil
}

// Put is a store: visits by token, events by visit and id, once.
func (w *world) Put(_ context.Context, r *tracker.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.visits[r.Visit.Token]
	if v == nil {
		first := r.Visit
		v = &first
		w.visits[r.Visit.Token] = v
		w.events[r.Visit.Token] = map[tracker.EventID]tracker.Event{}
	}
	if r.Visit.StartedAt.Before(v.StartedAt) {
		v.StartedAt = r.Visit.StartedAt
	}
	if r.Visit.LastAt.After(v.LastAt) {
		v.LastAt = r.Visit.LastAt
	}
	r.Result = tracker.Result{VisitID: v.ID, New: make([]bool, len(r.Events))}
	for i, e := range r.Events {
		if e.Time.After(v.LastAt) {
			v.LastAt = e.Time
		}
		if _, ok := w.events[r.Visit.Token][e.ID]; !ok {
			w.events[r.Visit.Token][e.ID] = e
			r.Result.New[i] = true
		}
	}
	return nil
}

func (w *world) stored() (n int) {
	for _, m := range w.events {
		n += len(m)
	}
	return n
}

func (w *world) collect(t *testing.T, h *tracker.Hit) tracker.Receipt {
	t.Helper()
	r, err := w.Collect(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var alice, bob = netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8:1:2::3")

func view(id, url string) tracker.HitEvent {
	return tracker.HitEvent{ID: id, Name: tracker.EventView, URL: url}
}

func TestTokensDecide(t *testing.T) {
	w := newWorld(t)
	hit := func(id string) *tracker.Hit {
		return &tracker.Hit{VisitToken: "v1", VisitorToken: "p1", Address: alice, Events: []tracker.HitEvent{view(id, "https://shop.example/")}}
	}
	first := w.collect(t, hit("e1"))
	w.now = w.now.Add(3 * 24 * time.Hour) // sent again, days later
	again := w.collect(t, hit("e1"))
	if first.VisitID != again.VisitID || w.stored() != 1 || first.VisitToken != "v1" || first.VisitorToken != "p1" {
		t.Errorf("first %+v, again %+v, %d stored", first, again, w.stored())
	}
}

func TestCookielessVisits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rule   tracker.Settings
		pauses []time.Duration
		visits int
	}{
		{"one after the other", tracker.Settings{}, []time.Duration{0, time.Minute, 29 * time.Minute, 29 * time.Minute}, 1},
		{"after half an hour", tracker.Settings{}, []time.Duration{0, 31 * time.Minute}, 2},
		{"own timeout", tracker.Settings{VisitTimeout: 60}, []time.Duration{0, 59 * time.Second, 61 * time.Second}, 2},
		{"fixed, as Ahoy", tracker.Settings{VisitRule: tracker.VisitFixed}, []time.Duration{0, 3 * time.Hour, 30 * time.Minute, 31 * time.Minute}, 2},
	} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/restarts=%v", tt.name, restarts), func(t *testing.T) {
				w := newWorld(t)
				w.site.Settings = tt.rule
				visitors := map[string]bool{}
				for i, pause := range tt.pauses {
					w.now = w.now.Add(pause)
					if restarts {
						w.restart()
					}
					r := w.collect(t, &tracker.Hit{Address: alice, UserAgent: "Firefox", Events: []tracker.HitEvent{view(fmt.Sprint(i), "https://shop.example/")}})
					visitors[r.VisitorToken] = true
				}
				if len(w.visits) != tt.visits || len(visitors) != 1 {
					t.Errorf("%d visits of %d visitors", len(w.visits), len(visitors))
				}
			})
		}
	}
}

func TestAnonymitySets(t *testing.T) {
	w := newWorld(t)
	token := func(a netip.Addr, ua string) string {
		return w.collect(t, &tracker.Hit{Address: a, UserAgent: ua, Events: []tracker.HitEvent{view("", "https://shop.example/")}}).VisitorToken
	}
	one := token(alice, "Firefox")
	if token(netip.MustParseAddr("203.0.113.99"), "Firefox") != one {
		t.Error("addresses of one /24 are told apart")
	}
	if token(netip.MustParseAddr("203.0.114.7"), "Firefox") == one || token(alice, "Chrome") == one {
		t.Error("another network or browser is the same visitor")
	}
	if strings.Contains(one, "203") {
		t.Error("the token shows the address")
	}
	w.now = w.now.AddDate(0, 0, 1)
	if token(alice, "Firefox") == one {
		t.Error("the token outlives its day")
	}
	w.site.Settings.AnonymitySet = tracker.AnonymityAhoy
	if got := token(netip.MustParseAddr("127.0.0.1"), ""); got != "93dc5253-3a3b-561d-8d53-fb5476f02eca" {
		t.Errorf("Ahoy's known answer: %s", got)
	}
}

// A visit that is going on at midnight (UTC, when the salt changes) goes on.
func TestCookielessOverMidnight(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newWorld(t)
		w.now = time.Date(2026, 11, 22, 23, 50, 0, 0, time.UTC)
		for i := range 10 {
			w.collect(t, &tracker.Hit{Address: bob, UserAgent: "Firefox", Events: []tracker.HitEvent{view(fmt.Sprint(i), "https://shop.example/")}})
			w.now = w.now.Add(20 * time.Minute)
			if restart {
				w.restart()
			}
		}
		if len(w.visits) != 1 {
			t.Errorf("%d visits, restart=%v", len(w.visits), restart)
		}
	}
}

// Random visitors without tokens, whose hits are sent twice, late and in any
// order: every event is stored once, in a visit of its visitor that was
// alive then.
func TestCookielessSendingAgainIsHarmless(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		if seed%3 == 0 {
			w.site.Settings.VisitRule = tracker.VisitFixed
		}
		type sent struct {
			hit tracker.Hit
			at  time.Time
		}
		var all, held []sent
		deliver := func(s sent) {
			all = append(all, s)
			w.collect(t, &s.hit)
		}
		n := 0
		for range 300 {
			w.now = w.now.Add(time.Duration(rng.ExpFloat64() * float64(10*time.Minute)))
			h := sent{tracker.Hit{
				Address: netip.AddrFrom4([4]byte{10, 0, byte(rng.IntN(3)), 1}), UserAgent: "Firefox",
				Events: []tracker.HitEvent{{ID: fmt.Sprint("e", n), Name: "x", Time: w.now}},
			}, w.now}
			n++
			if rng.IntN(6) == 0 { // the network was away: first comes what happened later
				held = append(held, h)
			} else {
				deliver(h)
			}
			if len(held) > 0 && rng.IntN(5) == 0 {
				i := rng.IntN(len(held))
				deliver(held[i])
				held = append(held[:i], held[i+1:]...)
			}
			if len(all) > 0 && rng.IntN(3) == 0 { // an answer was lost: again, later
				again := all[rng.IntN(len(all))]
				if w.now.Sub(again.at) > 40*time.Hour {
					continue // longer than its salt is kept
				}
				w.collect(t, &again.hit)
			}
			if rng.IntN(40) == 0 {
				w.restart()
			}
		}
		n -= len(held)
		if w.stored() != n {
			t.Fatalf("seed %d: %d events sent, %d stored", seed, n, w.stored())
		}
		for token, events := range w.events {
			for _, e := range events {
				if e.Time.Before(w.visits[token].StartedAt) {
					t.Fatalf("seed %d: an event before its visit", seed)
				}
			}
		}
	}
}

// A page that is looked at keeps its visit alive.
func TestEngagedTimeIsASignOfLife(t *testing.T) {
	w := newWorld(t)
	hit := func(name string, at time.Time, engaged time.Duration) *tracker.Hit {
		return &tracker.Hit{Address: alice, Events: []tracker.HitEvent{
			{ID: name, Name: tracker.EventView, URL: "https://shop.example/" + name, Time: at, EngagedMS: engaged.Milliseconds()},
		}}
	}
	began := w.now
	w.collect(t, hit("long", began, 0))
	w.now = began.Add(25 * time.Minute)
	w.collect(t, hit("long", began, 20*time.Minute)) // again, with what has grown
	w.now = began.Add(45 * time.Minute)
	r := w.collect(t, hit("next", w.now, time.Hour)) // a clock that is wrong
	if len(w.visits) != 1 || w.stored() != 2 {
		t.Errorf("%d visits, %d events", len(w.visits), w.stored())
	}
	if last := w.visits[r.VisitToken].LastAt; !last.Equal(w.now) {
		t.Errorf("last sign of life %s, now is %s", last, w.now)
	}
}

// Many first hits of one visitor at once make one visit.
func TestCookielessAtOnce(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := w.Collect(t.Context(), &tracker.Hit{Address: alice, Events: []tracker.HitEvent{view(fmt.Sprint(i), "https://shop.example/")}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(w.visits) != 1 || w.stored() != 50 {
		t.Errorf("%d visits, %d events", len(w.visits), w.stored())
	}
}

func TestReceivedLongAgo(t *testing.T) {
	w := newWorld(t)
	r := w.collect(t, &tracker.Hit{Trusted: true, Address: alice, Received: time.UnixMilli(-9e12), Events: []tracker.HitEvent{view("a", "/")}})
	v := w.visits[r.VisitToken]
	if !v.StartedAt.Equal(v.ID.Time()) {
		t.Errorf("a visit of %s has an id of %s", v.StartedAt, v.ID.Time())
	}
}

func TestEventTimes(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name          string
		ahoy, trusted bool
		sent, want    time.Duration // relative to now
	}{
		{"now", false, false, 0, 0},
		{"a little ago", false, false, -30 * time.Second, -30 * time.Second},
		{"from the queue", false, false, -48 * time.Hour, -48 * time.Hour},
		{"too old", false, false, -30 * 24 * time.Hour, -tracker.MaxEventAge},
		{"in the future", false, false, time.Hour, 0},
		{"ahoy: within the minute", true, false, -59 * time.Second, -59 * time.Second},
		{"ahoy: two minutes ago", true, false, -2 * time.Minute, 0},
		{"ahoy: in the future", true, false, time.Second, 0},
		{"a server tells of last year", false, true, -400 * 24 * time.Hour, -400 * 24 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.now = now
			w.collect(t, &tracker.Hit{
				VisitToken: "v", VisitorToken: "p", StampNow: tt.ahoy, Trusted: tt.trusted,
				Events: []tracker.HitEvent{{Name: "x", Time: now.Add(tt.sent)}},
			})
			for _, e := range w.events["v"] {
				if got := e.Time.Sub(now); got != tt.want {
					t.Errorf("stored at %s, want %s", got, tt.want)
				}
			}
		})
	}
}

func TestEventsRefusedOneByOne(t *testing.T) {
	w := newWorld(t)
	r := w.collect(t, &tracker.Hit{VisitToken: "v", VisitorToken: "p", Events: []tracker.HitEvent{
		{Name: "good"},
		{Name: ""},
		{Name: strings.Repeat("x", 129)},
		{Name: "bought", Revenue: "12.30", Currency: "eur"},
		{Name: "bought", Revenue: "12,30", Currency: "EUR"},
		{Name: "bought", Revenue: "1.23456", Currency: "EUR"},
		{Name: "bought", Revenue: "1", Currency: "€"},
		{Name: "big", Properties: make([]byte, 9000)},
		{Name: "nul\x00 and \xff", Title: "a\x00b"},
	}})
	if r.Accepted != 3 || len(r.Errors) != 6 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []struct {
		index int
		field string
	}{{1, "name"}, {2, "name"}, {4, "revenue"}, {5, "revenue"}, {6, "currency"}, {7, "properties"}} {
		if e := r.Errors[i]; e.Index != want.index || e.Field != want.field || e.Code != tracker.CodeInvalid || e.Message == "" {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
	for _, e := range w.events["v"] {
		switch e.Seq {
		case 3:
			if e.Revenue != 123000 || e.Currency != "EUR" {
				t.Errorf("revenue %d %s", e.Revenue, e.Currency)
			}
		case 8:
			if e.Name != "nul and " || e.Title != "ab" {
				t.Errorf("%q %q", e.Name, e.Title)
			}
		}
	}
}

func TestPrivacy(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings tracker.Settings
		hit      tracker.Hit
		excluded string
		address  string
	}{
		{"masked", tracker.Settings{}, tracker.Hit{Address: alice}, "", "203.0.113.0"},
		{"masked, IPv6", tracker.Settings{}, tracker.Hit{Address: bob}, "", "2001:db8:1::"},
		{"masked, mapped", tracker.Settings{}, tracker.Hit{Address: netip.MustParseAddr("::ffff:203.0.113.7")}, "", "203.0.113.0"},
		{"whole", tracker.Settings{FullAddresses: true}, tracker.Hit{Address: alice}, "", "203.0.113.7"},
		{"do not track", tracker.Settings{}, tracker.Hit{DoNotTrack: true}, "do-not-track", ""},
		{"do not track, ignored", tracker.Settings{IgnoreDoNotTrack: true}, tracker.Hit{DoNotTrack: true}, "", ""},
		{"own address", tracker.Settings{ExcludeAddresses: []string{"198.51.100.1", "203.0.113.0/24"}}, tracker.Hit{Address: alice}, "address", ""},
		{"bots dropped", tracker.Settings{DropBots: true}, tracker.Hit{UserAgent: "a bot"}, "bot", ""},
		{"bots kept", tracker.Settings{}, tracker.Hit{UserAgent: "a bot"}, "", ""},
		{"a server's matter", tracker.Settings{DropBots: true}, tracker.Hit{Trusted: true, DoNotTrack: true, UserAgent: "a bot"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.site.Settings = tt.settings
			tt.hit.VisitToken, tt.hit.VisitorToken = "v", "p"
			tt.hit.Events = []tracker.HitEvent{{Name: "x"}}
			r := w.collect(t, &tt.hit)
			if r.Excluded != tt.excluded {
				t.Errorf("excluded %q", r.Excluded)
			}
			if stored := w.stored(); (stored == 0) != (tt.excluded != "") {
				t.Errorf("%d stored", stored)
			}
			if v := w.visits["v"]; v != nil && (v.Address != tt.address || tt.address != "" && v.City != tt.address) {
				t.Errorf("address %q, placed by %q", v.Address, v.City)
			}
		})
	}
}

func TestSites(t *testing.T) {
	for _, tt := range []struct {
		name  string
		hosts []string
		hit   tracker.Hit
		code  tracker.Code
	}{
		{"any host", nil, tracker.Hit{Host: "x.example"}, ""},
		{"by host", []string{"shop.example"}, tracker.Hit{Host: "shop.example"}, ""},
		{"by pattern", []string{"*.shop.example"}, tracker.Hit{Host: "de.shop.example"}, ""},
		{"pattern's own", []string{"*.shop.example"}, tracker.Hit{Host: "shop.example"}, ""},
		{"unknown host", []string{"shop.example"}, tracker.Hit{Host: "evilshop.example"}, tracker.CodeUnknownSite},
		{"by key", []string{"shop.example"}, tracker.Hit{SiteKey: "shop", Host: "shop.example"}, ""},
		{"key on another's page", []string{"shop.example"}, tracker.Hit{SiteKey: "shop", Host: "evil.example"}, tracker.CodeHostRefused},
		{"an app has no host", []string{"shop.example"}, tracker.Hit{SiteKey: "shop"}, ""},
		{"wrong key", nil, tracker.Hit{SiteKey: "nope"}, tracker.CodeUnknownSite},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.site.Hosts = tt.hosts
			tt.hit.Events = []tracker.HitEvent{{Name: "x"}}
			if _, err := w.Collect(t.Context(), &tt.hit); tracker.ErrorCode(err) != tt.code {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte("42"))
	good := hex.EncodeToString(mac.Sum(nil))
	for _, tt := range []struct {
		name, secret, signature string
		trusted                 bool
		want                    string
	}{
		{"no secret", "", "", false, "42"},
		{"signed", "secret", good, false, "42"},
		{"unsigned", "secret", "", false, ""},
		{"forged", "secret", strings.Repeat("0", 64), false, ""},
		{"no hex", "secret", "zz", false, ""},
		{"a server", "secret", "", true, "42"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.site.Settings.IdentifySecret = tt.secret
			w.collect(t, &tracker.Hit{VisitToken: "v", VisitorToken: "p", UserID: "42", UserSignature: tt.signature, Trusted: tt.trusted, Events: []tracker.HitEvent{{Name: "x"}}})
			if got := w.visits["v"].UserID; got != tt.want {
				t.Errorf("user %q", got)
			}
		})
	}
}

func TestArrivalsAndTouches(t *testing.T) {
	const shop = "https://shop.example/"
	touch := func(w *world, token, id string) string {
		e, ok := w.events[token][tracker.ParseEventID(id)]
		if !ok {
			t.Fatalf("no event %s", id)
		}
		if e.Touch == nil {
			return ""
		}
		return e.Touch.Source
	}
	t.Run("visit, then another source", func(t *testing.T) {
		w := newWorld(t)
		w.collect(t, &tracker.Hit{Host: "shop.example", VisitToken: "v", VisitorToken: "p",
			Visit:  &tracker.HitVisit{LandingPage: shop + "?utm_source=news", Referrer: "https://mail.example/"},
			Events: []tracker.HitEvent{view("1", shop+"?utm_source=news")}})
		w.collect(t, &tracker.Hit{Host: "shop.example", VisitToken: "v", VisitorToken: "p", Events: []tracker.HitEvent{
			{ID: "2", Name: tracker.EventView, URL: shop + "cart", Referrer: shop},
			{ID: "3", Name: tracker.EventView, URL: shop + "cart?utm_source=ad", Referrer: ""},
			{ID: "4", Name: "x", URL: shop + "cart?utm_source=ad"},
		}})
		if v := w.visits["v"]; v.Stub || v.Source != "news" {
			t.Errorf("stub %v, source %q", v.Stub, v.Source)
		}
		for id, want := range map[string]string{"1": "", "2": "", "3": "ad", "4": ""} {
			if got := touch(w, "v", id); got != want {
				t.Errorf("event %s: touch %q, want %q", id, got, want)
			}
		}
	})
	t.Run("events only make a stub that knows its first page", func(t *testing.T) {
		w := newWorld(t)
		w.collect(t, &tracker.Hit{VisitToken: "v", VisitorToken: "p", Events: []tracker.HitEvent{{Name: "x"}, view("1", shop+"?utm_source=ad")}})
		if v := w.visits["v"]; !v.Stub || v.Source != "ad" {
			t.Errorf("stub %v, source %q", v.Stub, v.Source)
		}
	})
	t.Run("cookieless pages all claim to be the landing", func(t *testing.T) {
		w := newWorld(t)
		for i, url := range []string{shop, shop + "cart?utm_source=ad"} {
			r := w.collect(t, &tracker.Hit{Host: "shop.example", Address: alice, Visit: &tracker.HitVisit{LandingPage: url},
				Events: []tracker.HitEvent{view(fmt.Sprint(i), url)}})
			if want := []string{"", "ad"}[i]; touch(w, r.VisitToken, fmt.Sprint(i)) != want {
				t.Errorf("page %d: touch is not %q", i, want)
			}
		}
	})
}

func TestNothingToRecord(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Collect(t.Context(), &tracker.Hit{}); tracker.ErrorCode(err) != tracker.CodeInvalid {
		t.Errorf("%v", err)
	}
	if r, err := w.Collect(t.Context(), &tracker.Hit{Events: []tracker.HitEvent{{}}}); err != nil || len(r.Errors) != 1 || len(w.visits) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := w.Collect(t.Context(), &tracker.Hit{Events: make([]tracker.HitEvent, 101)}); tracker.ErrorCode(err) != tracker.CodeInvalid {
		t.Errorf("%v", err)
	}
}
