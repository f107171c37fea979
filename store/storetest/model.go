package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// testModel writes random batches and compares the store with a model that
// takes the records one after another and knows no SQL. Two nodes share the
// database and take turns, so that what one remembers is often out of date.
func testModel(t *testing.T, fresh New) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			open := fresh(t)
			nodes := []store.Store{open(t), open(t)}
			g := &generator{rand.New(rand.NewPCG(seed, 7))}
			m := newModel()
			for n := range 120 {
				s := nodes[g.IntN(len(nodes))]
				if g.IntN(30) == 0 {
					site, before := int64(1+g.IntN(2)), at(time.Duration(g.IntN(60))*time.Minute)
					got, err := s.Retain(t.Context(), site, before)
					if err != nil {
						t.Fatalf("batch %d: retain: %v", n, err)
					}
					equal(t, fmt.Sprintf("batch %d: retained", n), got, m.retain(site, before))
				}
				batch := g.batch()
				want := make([]tracker.Result, len(batch))
				for i, r := range batch {
					want[i] = m.write(r)
				}
				write(t, s, batch...)
				for i, r := range batch {
					m.learn(r)
					r.Result.VisitID = 0 // the model does not give ids
					equal(t, fmt.Sprintf("batch %d: result %d", n, i), r.Result, want[i])
				}
				if n%40 == 39 || t.Failed() {
					m.compare(t, nodes[g.IntN(len(nodes))])
				}
				if t.Failed() {
					t.Fatalf("differs after batch %d", n)
				}
			}
		})
	}
}

// generator makes records that meet: few sites, visitors, visits, users,
// events and moments.
type generator struct{ *rand.Rand }

func (g *generator) batch() []*tracker.Record {
	batch := make([]*tracker.Record, 1+g.IntN(12))
	for i := range batch {
		batch[i] = g.record()
	}
	return batch
}

func (g *generator) record() *tracker.Record {
	token := g.IntN(24)
	// The visit's start is a matter of the visit, as a client tells it.
	offset := time.Duration(token*5%60) * time.Minute
	visitor := fmt.Sprint("p", token%7)
	if g.IntN(10) == 0 {
		visitor = fmt.Sprint("p", g.IntN(8)) // one that contradicts itself
	}
	v := visit(fmt.Sprint("v", token), visitor, offset)
	v.SiteID = int64(1 + g.IntN(2))
	v.LastAt = v.StartedAt.Add(g.moment())
	v.Arrival = tracker.Arrival{Source: g.pick("", "News", "Google"), UTMCampaign: g.pick("", "spring")}
	v.Browser, v.City, v.Language = g.pick("", "Firefox", "Safari"), g.pick("", "Bonn", "Ulm"), g.pick("", "de", "fr")
	if g.IntN(3) == 0 {
		v.Latitude, v.Longitude, v.HasPoint = float64(g.IntN(90)), float64(g.IntN(180)), true
	}
	if g.IntN(3) == 0 {
		v.ScreenWidth, v.ScreenHeight = 100+g.IntN(2), 200
	}
	if v.Stub = g.IntN(2) == 0; v.Stub {
		v.Arrival = tracker.Arrival{}
	}
	r := &tracker.Record{Visit: v}
	if g.IntN(6) == 0 {
		r.Visit.UserID = g.pick("ann", "bob", "cem")
		if g.IntN(2) == 0 {
			r.Traits = fmt.Appendf(nil, `{%q: %d}`, g.pick("a", "b", "c"), g.IntN(100))
		}
	}
	for range g.IntN(5) {
		e := event(1+g.IntN(20), g.pick(tracker.EventView, tracker.EventView, "Bought"), offset+g.moment())
		e.Seq, e.Path, e.Title = g.IntN(3), g.pick("", "/", "/a", "/b"), g.pick("", "A", "B", "/a")
		if g.IntN(3) == 0 {
			e.EngagedMS = int64(g.IntN(5000))
		}
		if g.IntN(5) == 0 {
			e.Revenue, e.Currency = int64(g.IntN(5)), "EUR"
		}
		if g.IntN(5) == 0 {
			e.Properties = fmt.Appendf(nil, `{"n":%d}`, g.IntN(5))
		}
		if g.IntN(8) == 0 {
			e.Touch = &tracker.Arrival{Source: g.pick("News", "Mail")}
		}
		r.Events = append(r.Events, e)
	}
	return r
}

func (g *generator) moment() time.Duration {
	return time.Duration(g.IntN(3))*time.Millisecond + time.Duration(g.IntN(10))*time.Second
}

func (g *generator) pick(from ...string) string { return from[g.IntN(len(from))] }

// model is what a store holds.
type model struct {
	visits   map[modelKey]*modelVisit
	visitors map[modelVisitorKey]*modelVisitor
	users    map[modelKey]*modelUser
}

type modelKey struct {
	site int64
	id   string
}

type modelVisitorKey struct {
	site int64
	id   tracker.VisitorID
}

type modelVisit struct {
	tracker.Visit
	events      map[tracker.EventID]*tracker.Event
	entry, exit *tracker.Event
}

type modelVisitor struct {
	user   string
	visits int
}

type modelUser struct {
	traits      map[string]any
	first, last time.Time
}

func newModel() *model {
	return &model{map[modelKey]*modelVisit{}, map[modelVisitorKey]*modelVisitor{}, map[modelKey]*modelUser{}}
}

func (m *model) write(r *tracker.Record) (result tracker.Result) {
	k := modelKey{r.Visit.SiteID, r.Visit.Token}
	v := m.visits[k]
	if v == nil {
		result.Created = true
		v = &modelVisit{Visit: r.Visit, events: map[tracker.EventID]*tracker.Event{}}
		v.ID = 0
		m.visits[k] = v
		p := m.visitor(v)
		p.visits++
		v.Ordinal = p.visits
		if v.UserID == "" {
			v.UserID = p.user
		}
	} else if v.Stub && !r.Visit.Stub {
		v.Stub, v.Arrival = false, r.Visit.Arrival
		for _, f := range [][2]*string{{&v.Browser, &r.Visit.Browser}, {&v.City, &r.Visit.City}, {&v.Language, &r.Visit.Language}} {
			if *f[0] == "" {
				*f[0] = *f[1]
			}
		}
		if !v.HasPoint {
			v.HasPoint, v.Latitude, v.Longitude = r.Visit.HasPoint, r.Visit.Latitude, r.Visit.Longitude
		}
		if v.ScreenWidth == 0 {
			v.ScreenWidth, v.ScreenHeight = r.Visit.ScreenWidth, r.Visit.ScreenHeight
		}
	}
	if r.Visit.StartedAt.Before(v.StartedAt) {
		v.StartedAt = r.Visit.StartedAt
	}
	if r.Visit.LastAt.After(v.LastAt) {
		v.LastAt = r.Visit.LastAt
	}
	m.identify(v, r, result.Created)
	result.New = make([]bool, len(r.Events))
	for i := range r.Events {
		e := r.Events[i]
		if e.Time.Before(v.StartedAt) {
			e.Time = v.StartedAt
		}
		old := v.events[e.ID]
		if old != nil {
			old.EngagedMS = max(old.EngagedMS, e.EngagedMS)
			continue
		}
		result.New[i] = true
		v.events[e.ID] = &e
		if e.Time.After(v.LastAt) {
			v.LastAt = e.Time
		}
		if !e.IsView() {
			continue
		}
		if v.entry == nil || moment(&e) < moment(v.entry) {
			v.entry = &e
		}
		if v.exit == nil || moment(&e) >= moment(v.exit) {
			v.exit = &e
		}
	}
	return result
}

// moment orders page views.
func moment(e *tracker.Event) string { return fmt.Sprintf("%020d %09d", e.Time.UnixMilli(), e.Seq) }

func (m *model) visitor(v *modelVisit) *modelVisitor {
	k := modelVisitorKey{v.SiteID, v.Visitor.ID}
	if m.visitors[k] == nil {
		m.visitors[k] = &modelVisitor{}
	}
	return m.visitors[k]
}

func (m *model) identify(v *modelVisit, r *tracker.Record, created bool) {
	p, name := m.visitor(v), r.Visit.UserID
	newly := name != "" && p.user != name
	if name != "" {
		if v.UserID == "" {
			v.UserID = name
		}
		if p.user == "" {
			for _, other := range m.visits {
				if other.SiteID == v.SiteID && other.Visitor.ID == v.Visitor.ID && other.UserID == "" {
					other.UserID = name
				}
			}
		}
		p.user = name
	}
	touched := name
	if created && name == "" {
		touched = v.UserID
	} else if !created && !newly && r.Traits == nil {
		touched = ""
	}
	if touched == "" {
		return
	}
	k := modelKey{v.SiteID, touched}
	u := m.users[k]
	if u == nil {
		u = &modelUser{first: v.StartedAt, last: v.StartedAt, traits: map[string]any{}}
		m.users[k] = u
	}
	if v.StartedAt.Before(u.first) {
		u.first = v.StartedAt
	}
	for _, t := range []time.Time{v.StartedAt, r.Visit.LastAt} {
		if t.After(u.last) {
			u.last = t
		}
	}
	if touched == name && r.Traits != nil {
		_ = json.Unmarshal(r.Traits, &u.traits)
	}
}

// learn takes the id that the store gave a visit.
func (m *model) learn(r *tracker.Record) {
	m.visits[modelKey{r.Visit.SiteID, r.Visit.Token}].ID = r.Result.VisitID
}

func (m *model) retain(site int64, before time.Time) (n int64) {
	has := func(f func(*modelVisit) bool) bool {
		for _, v := range m.visits {
			if v.SiteID == site && f(v) {
				return true
			}
		}
		return false
	}
	for k, v := range m.visits {
		if v.SiteID == site && v.StartedAt.Before(before) {
			delete(m.visits, k)
			n++
		}
	}
	for k := range m.visitors {
		if k.site == site && !has(func(v *modelVisit) bool { return v.Visitor.ID == k.id }) {
			delete(m.visitors, k)
		}
	}
	for k, u := range m.users {
		if k.site == site && u.last.Before(before) && !has(func(v *modelVisit) bool { return v.UserID == k.id }) {
			delete(m.users, k)
		}
	}
	return n
}

// compare compares everything that can be read.
func (m *model) compare(t *testing.T, s store.Store) {
	t.Helper()
	var want []tracker.Visit
	for _, v := range m.visits {
		w := v.Visit
		w.EntryPage, w.ExitPage, w.Views, w.Events, w.EngagedMS = "", "", 0, len(v.events), 0
		if v.entry != nil {
			w.EntryPage, w.ExitPage = v.entry.Path, v.exit.Path
		}
		for _, e := range v.events {
			w.EngagedMS += e.EngagedMS
			if e.IsView() {
				w.Views++
			}
		}
		want = append(want, w)

		es := slices.SortedFunc(maps.Values(v.events), func(x, y *tracker.Event) int {
			if moment(x) != moment(y) {
				return bytes.Compare([]byte(moment(x)), []byte(moment(y)))
			}
			return bytes.Compare(x.ID[:], y.ID[:])
		})
		got := events(t, s, v.ID)
		if len(got) != len(es) {
			t.Errorf("visit %s of site %d has %d events, want %d", v.Token, v.SiteID, len(got), len(es))
			continue
		}
		for i := range got {
			w := *es[i]
			if !sameJSON(got[i].Properties, w.Properties) {
				t.Errorf("properties %s, want %s", got[i].Properties, w.Properties)
			}
			got[i].Properties, w.Properties = nil, nil
			equal(t, "event of "+v.Token, got[i], w)
		}
	}
	slices.SortFunc(want, func(x, y tracker.Visit) int { return int(min(max(y.ID-x.ID, -1), 1)) })
	got, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d visits, want %d (%v)", len(got), len(want), err)
	}
	for i := range got {
		equal(t, "visit "+want[i].Token, got[i], want[i])
	}
	for site := range int64(3) {
		for _, id := range []string{"ann", "bob", "cem"} {
			u, err := s.User(t.Context(), site, id)
			w := m.users[modelKey{site, id}]
			if w == nil {
				wantCode(t, err, tracker.CodeNotFound)
				continue
			}
			if err != nil {
				t.Errorf("user %s of site %d: %v", id, site, err)
				continue
			}
			traits, _ := json.Marshal(w.traits)
			if len(w.traits) == 0 {
				traits = nil
			}
			if !sameJSON(u.Traits, traits) {
				t.Errorf("traits of %s: %s, want %s", id, u.Traits, traits)
			}
			equal(t, "times of "+id, []time.Time{u.FirstSeen, u.LastSeen}, []time.Time{w.first, w.last})
		}
	}
}

func sameJSON(x, y []byte) bool {
	if len(x) == 0 || len(y) == 0 {
		return len(x) == len(y)
	}
	var a, b any
	return json.Unmarshal(x, &a) == nil && json.Unmarshal(y, &b) == nil && fmt.Sprint(a) == fmt.Sprint(b)
}
