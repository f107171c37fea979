package ahoy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/device"
	"wake/tracker/source"
)

// server is Ahoy's wire over a collector, a store made of maps, and a clock.
type server struct {
	http.Handler
	now    time.Time
	site   tracker.Site
	place  func(netip.Addr) tracker.Place
	visits []*tracker.Visit // in the order they came
	events []*stored
}

type stored struct {
	tracker.Event
	visit *tracker.Visit
}

// serve starts a server whose site is set as Ahoy sets its own: visits of
// four hours, whole addresses.
func serve(o ahoy.Options, settings ...func(*tracker.Settings)) *server {
	s := &server{
		now:  now,
		site: tracker.Site{ID: 1, Key: "site", TimeZone: "UTC", Settings: tracker.Settings{VisitRule: tracker.VisitFixed, FullAddresses: true}},
	}
	for _, set := range settings {
		set(&s.site.Settings)
	}
	clock := func() time.Time { return s.now }
	o.Now = clock
	ahoySet := tracker.AnonymityAhoy
	o.Anonymity = &ahoySet
	c := tracker.NewCollector(tracker.Parts{Sites: s, Visits: s, Salts: s, Places: s, Devices: s, Sources: s, Sink: s, Now: clock})
	s.Handler = ahoy.New(c, o)
	return s
}

func (s *server) SiteByKey(key string) (*tracker.Site, bool) { return &s.site, key == s.site.Key }
func (s *server) SiteByHost(string) (*tracker.Site, bool)    { return &s.site, true }
func (s *server) Salt(context.Context, string) ([]byte, error) {
	panic("Ahoy's anonymity sets have no salt")
}

func (s *server) Place(a netip.Addr) tracker.Place {
	if s.place == nil {
		return tracker.Place{}
	}
	return s.place(a)
}

func (s *server) Device(ua string, h tracker.Hints) tracker.Device {
	d := device.New(0).Detect(ua, device.Hints(h))
	browser, os, kind := d.AhoyWords()
	return tracker.Device{Browser: browser, OS: os, DeviceType: kind, Bot: d.BotReason}
}

func (s *server) Arrival(landing, referrer string, utm tracker.HitVisit, owns func(string) bool) tracker.Arrival {
	from := source.Classify(landing, referrer, source.UTM{Source: utm.UTMSource, Medium: utm.UTMMedium, Term: utm.UTMTerm, Content: utm.UTMContent, Campaign: utm.UTMCampaign}, owns)
	return tracker.Arrival{LandingPage: landing, Referrer: from.Referrer, ReferringDomain: from.ReferringDomain,
		UTMSource: from.UTM.Source, UTMMedium: from.UTM.Medium, UTMTerm: from.UTM.Term, UTMContent: from.UTM.Content, UTMCampaign: from.UTM.Campaign}
}

func (s *server) Page(url string, keep bool) (string, string) { return source.Page(url, keep) }

func (s *server) LastVisit(_ context.Context, _ int64, visitor tracker.VisitorID, notAfter time.Time) (ref tracker.VisitRef, ok bool, err error) {
	for _, v := range s.visits {
		if v.Visitor.ID == visitor && !v.StartedAt.After(notAfter) && (!ok || v.StartedAt.After(ref.StartedAt)) {
			ref, ok = tracker.VisitRef{ID: v.ID, Token: v.Token, StartedAt: v.StartedAt, LastAt: v.LastAt}, true
		}
	}
	return ref, ok, nil
}

func (s *server) visit(token string) *tracker.Visit {
	for _, v := range s.visits {
		if v.Token == token {
			return v
		}
	}
	return nil
}

// Put keeps what store.Writer promises, as far as Ahoy has it: the first
// visit of a token wins, an event never is before its visit.
func (s *server) Put(_ context.Context, r *tracker.Record) error {
	v := s.visit(r.Visit.Token)
	if v == nil {
		fresh := r.Visit
		v = &fresh
		s.visits = append(s.visits, v)
	} else if v.Stub && !r.Visit.Stub {
		v.Arrival, v.Stub = r.Visit.Arrival, false
	}
	for _, e := range r.Events {
		if e.Time.Before(v.StartedAt) {
			e.Time = v.StartedAt
		}
		if !slices.ContainsFunc(s.events, func(have *stored) bool { return have.visit == v && have.ID == e.ID }) {
			s.events = append(s.events, &stored{e, v})
		}
	}
	r.Result = tracker.Result{VisitID: v.ID, New: make([]bool, len(r.Events))}
	return nil
}

const firefox = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:78.0) Gecko/20100101 Firefox/78.0"

// browser is a client with a cookie jar that goes by the server's clock.
type browser struct {
	s       *server
	agent   string
	address string
	jar     map[string]*http.Cookie
}

func (s *server) browser() *browser {
	return &browser{s: s, agent: firefox, address: "127.0.0.1:5000", jar: map[string]*http.Cookie{}}
}

func (b *browser) post(t *testing.T, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.RemoteAddr = b.address
	r.Header.Set("Content-Type", form)
	if b.agent != "" {
		r.Header.Set("User-Agent", b.agent)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, c := range b.jar {
		if b.s.now.Before(c.Expires) {
			r.AddCookie(&http.Cookie{Name: name, Value: c.Value})
		}
	}
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		c.Expires = b.s.now.Add(time.Duration(c.MaxAge) * time.Second)
		b.jar[c.Name] = c
	}
	return w
}

func (s *server) counts(t *testing.T, visits, visitors, events int) {
	t.Helper()
	who := map[tracker.VisitorID]bool{}
	for _, v := range s.visits {
		who[v.Visitor.ID] = true
	}
	if len(s.visits) != visits || len(who) != visitors || len(s.events) != events {
		t.Fatalf("%d visits of %d visitors with %d events, not %d, %d, %d", len(s.visits), len(who), len(s.events), visits, visitors, events)
	}
}
