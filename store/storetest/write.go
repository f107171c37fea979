package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

func testWrite(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"every field comes back": func(t *testing.T, s store.Store) {
			v := fullVisit()
			r := record(v, view(1, "/", 0))
			write(t, s, r)
			equal(t, "result", r.Result, tracker.Result{VisitID: v.ID, Created: true, New: []bool{true}})
			want := v
			want.EntryPage, want.ExitPage, want.Views, want.Events, want.Ordinal = "/", "/", 1, 1, 1
			equal(t, "visit", get(t, s, v.ID), want)
		},
		"a visit without events": func(t *testing.T, s store.Store) {
			r := record(visit("a", "p", 0))
			write(t, s, r)
			equal(t, "created", r.Result.Created, true)
			equal(t, "sum", sumOf(get(t, s, r.Result.VisitID)), sum{LastAt: at(0)})
			if es := events(t, s, r.Result.VisitID); len(es) != 0 {
				t.Errorf("events: %v", es)
			}
		},
		"twice in one batch counts once": func(t *testing.T, s store.Store) {
			a := record(visit("a", "p", 0), view(1, "/", 0), event(2, "Bought", time.Second))
			b := record(visit("a", "p", 0), view(1, "/", 0), event(2, "Bought", time.Second), event(2, "Bought", time.Second))
			write(t, s, a, b)
			equal(t, "first", a.Result, tracker.Result{VisitID: a.Visit.ID, Created: true, New: []bool{true, true}})
			equal(t, "second", b.Result, tracker.Result{VisitID: a.Visit.ID, New: []bool{false, false, false}})
			equal(t, "sum", sumOf(get(t, s, a.Visit.ID)), sum{1, 2, 0, "/", "/", at(time.Second)})
		},
		"twice in two batches counts once": func(t *testing.T, s store.Store) {
			a := record(visit("a", "p", 0), view(1, "/", 0), event(2, "Bought", time.Second))
			b := record(visit("a", "p", 0), event(3, "New", time.Second), view(1, "/", 0), event(2, "Bought", time.Second))
			write(t, s, a)
			write(t, s, b)
			equal(t, "second", b.Result, tracker.Result{VisitID: a.Visit.ID, New: []bool{true, false, false}})
			equal(t, "sum", sumOf(get(t, s, a.Visit.ID)), sum{1, 3, 0, "/", "/", at(time.Second)})
			equal(t, "number of events", len(events(t, s, a.Visit.ID)), 3)
		},
		"the same token on two sites is two visits": func(t *testing.T, s store.Store) {
			a, b := record(visit("a", "p", 0), view(1, "/one", 0)), record(visit("a", "p", 0), view(1, "/two", 0))
			b.Visit.SiteID = 2
			write(t, s, a, b)
			equal(t, "one", get(t, s, a.Result.VisitID).EntryPage, "/one")
			equal(t, "two", get(t, s, b.Result.VisitID).EntryPage, "/two")
			equal(t, "new", b.Result.New, []bool{true})
		},
		"the same event id in two visits is two events": func(t *testing.T, s store.Store) {
			a, b := record(visit("a", "p", 0), view(1, "/", 0)), record(visit("b", "q", 0), view(1, "/", 0))
			write(t, s, a, b)
			equal(t, "new", b.Result.New, []bool{true})
			equal(t, "sum", get(t, s, b.Result.VisitID).Events, 1)
		},
		"an id that another visit has is replaced": func(t *testing.T, s store.Store) {
			a, b := record(visit("a", "p", 0), view(1, "/", 0)), record(visit("b", "q", 0), view(1, "/", 0))
			b.Visit.ID = a.Visit.ID
			write(t, s, a)
			write(t, s, b)
			equal(t, "created", b.Result.Created, true)
			if b.Result.VisitID == a.Result.VisitID {
				t.Fatalf("both have id %d", a.Result.VisitID)
			}
			equal(t, "a", get(t, s, a.Result.VisitID).Token, "a")
			equal(t, "b", get(t, s, b.Result.VisitID).Token, "b")
			equal(t, "events of a", len(events(t, s, a.Result.VisitID)), 1)
			equal(t, "events of b", len(events(t, s, b.Result.VisitID)), 1)
			equal(t, "ordinal of b", get(t, s, b.Result.VisitID).Ordinal, 1)
		},
		"an id within one batch that another visit has is replaced": func(t *testing.T, s store.Store) {
			a, b := record(visit("a", "p", 0), view(1, "/", 0)), record(visit("b", "q", 0), view(1, "/", 0))
			b.Visit.ID = a.Visit.ID
			write(t, s, a, b)
			equal(t, "a", get(t, s, a.Result.VisitID).Token, "a")
			equal(t, "b", get(t, s, b.Result.VisitID).Token, "b")
		},
		"an id that does not fit the start is replaced": func(t *testing.T, s store.Store) {
			r := record(visit("a", "p", 0))
			r.Visit.ID = 0
			write(t, s, r)
			equal(t, "time of the id", r.Result.VisitID.Time(), at(0))
		},
		"visits from before ids and after them": func(t *testing.T, s store.Store) {
			old, far := record(visit("old", "p", 0), view(1, "/", 0)), record(visit("far", "p", 0), view(1, "/", 0))
			old.Visit.StartedAt = time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)
			far.Visit.StartedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
			far.Visit.LastAt = far.Visit.StartedAt
			write(t, s, old, far)
			equal(t, "old", get(t, s, old.Result.VisitID).StartedAt, old.Visit.StartedAt)
			equal(t, "far", get(t, s, far.Result.VisitID).StartedAt, far.Visit.StartedAt)
			for name, f := range map[string]store.VisitFilter{
				"old": {To: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Limit: 10},
				"far": {From: at(0), Limit: 10},
			} {
				vs, err := s.Visits(t.Context(), f)
				if err != nil || len(vs) != 1 || vs[0].Token != name {
					t.Errorf("%s: %v, %v", name, vs, err)
				}
			}
		},
		"an empty batch": func(t *testing.T, s store.Store) { write(t, s) },
		"a large batch": func(t *testing.T, s store.Store) {
			var batch []*tracker.Record
			for i := range 3000 {
				v := visit(strings.Repeat("v", 1+i%40)+string(rune('a'+i%7)), "p", 0)
				batch = append(batch, record(v, view(i+1, "/", 0), event(i+10000, "x", 0)))
			}
			write(t, s, batch...)
			n := 0
			vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
			for _, v := range vs {
				n += v.Events
			}
			if err != nil || len(vs) != 280 || n != 6000 {
				t.Errorf("%d visits with %d events, want 280 with 6000 (%v)", len(vs), n, err)
			}
		},
		"a cancelled context writes nothing": func(t *testing.T, s store.Store) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			r := record(visit("a", "p", 0), view(1, "/", 0))
			if err := s.Write(ctx, []*tracker.Record{r}); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
			if _, err := s.Visit(t.Context(), r.Visit.ID); tracker.ErrorCode(err) != tracker.CodeNotFound {
				t.Errorf("the visit is there: %v", err)
			}
			equal(t, "result", r.Result, tracker.Result{})
			write(t, s, r)
			equal(t, "written later", r.Result.New, []bool{true})
		},
		"a context that ends at any moment leaves all or nothing": func(t *testing.T, s store.Store) {
			for n := range 60 {
				ctx, cancel := context.WithCancel(t.Context())
				timer := time.AfterFunc(time.Duration(n)*50*time.Microsecond, cancel)
				a := record(visit(fmt.Sprint("a", n), "p", 0), view(1, "/", 0), view(2, "/", 0))
				b := record(visit(fmt.Sprint("b", n), "p", 0), view(1, "/", 0), view(2, "/", 0))
				err := s.Write(ctx, []*tracker.Record{a, b})
				timer.Stop()
				cancel()
				vs, e := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
				if e != nil {
					t.Fatal(e)
				}
				var got []int
				for _, v := range vs {
					if v.Token == a.Visit.Token || v.Token == b.Visit.Token {
						got = append(got, v.Events, len(events(t, s, v.ID)))
					}
				}
				// Without an answer either is fine.
				if whole := slices.Equal(got, []int{2, 2, 2, 2}); !whole && (err == nil || len(got) > 0) {
					t.Errorf("after %v there are %v events in the two visits", err, got)
				}
			}
		},
		"what not every engine can hold is kept or refused": func(t *testing.T, s store.Store) {
			for name, p := range map[string]string{
				"deep":   strings.Repeat(`{"a":`, 9999) + "1" + strings.Repeat("}", 9999),
				"number": `{"n":1e400000}`,
			} {
				r := record(visit(name, "p", 0), event(1, "x", 0))
				r.Events[0].Properties = []byte(p)
				if err := s.Write(t.Context(), []*tracker.Record{r}); err != nil {
					wantCode(t, err, tracker.CodeInvalid)
					continue
				}
				equal(t, name, len(events(t, s, r.Result.VisitID)), 1)
			}
		},
		"what cannot be held is refused, whole": func(t *testing.T, s store.Store) {
			bad := map[string]func(*tracker.Record){
				"no site":              func(r *tracker.Record) { r.Visit.SiteID = 0 },
				"no token":             func(r *tracker.Record) { r.Visit.Token = "" },
				"no visitor":           func(r *tracker.Record) { r.Visit.Visitor = tracker.Visitor{} },
				"no start":             func(r *tracker.Record) { r.Visit.StartedAt = time.Time{} },
				"NUL in a visit":       func(r *tracker.Record) { r.Visit.Referrer = "a\x00b" },
				"not UTF-8":            func(r *tracker.Record) { r.Visit.City = "M\xfcnchen" },
				"no event id":          func(r *tracker.Record) { r.Events[0].ID = tracker.EventID{} },
				"no event name":        func(r *tracker.Record) { r.Events[0].Name = "" },
				"NUL in an event":      func(r *tracker.Record) { r.Events[0].Title = "\x00" },
				"not JSON":             func(r *tracker.Record) { r.Events[0].Properties = []byte(`{"a":}`) },
				"not an object":        func(r *tracker.Record) { r.Events[0].Properties = []byte(`[1]`) },
				"NUL in JSON":          func(r *tracker.Record) { r.Events[0].Properties = []byte(`{"a":"\u0000"}`) },
				"half a character":     func(r *tracker.Record) { r.Events[0].Properties = []byte(`{"a":"\ud800"}`) },
				"the other half":       func(r *tracker.Record) { r.Events[0].Properties = []byte(`{"a":"\udc00x"}`) },
				"half, then another":   func(r *tracker.Record) { r.Events[0].Properties = []byte(`{"a":"\ud83d\u0041"}`) },
				"traits not an object": func(r *tracker.Record) { r.Visit.UserID, r.Traits = "u", []byte(`"x"`) },
			}
			good := record(visit("good", "p", 0), view(1, "/", 0))
			for name, spoil := range bad {
				r := record(visit("bad", "p", 0), view(1, "/", 0))
				spoil(r)
				err := s.Write(t.Context(), []*tracker.Record{good, r})
				if tracker.ErrorCode(err) != tracker.CodeInvalid || store.IsTemporary(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 10}); err != nil || len(vs) != 0 {
				t.Errorf("stored all the same: %v, %v", vs, err)
			}
		},
	})
}

// fullVisit has a value in every field that a record brings.
func fullVisit() tracker.Visit {
	v := visit("token-ä-😀", "visitor", 0)
	v.LastAt = at(1234 * time.Millisecond)
	v.UserID = "user-7"
	v.Arrival = tracker.Arrival{
		LandingPage: "https://shop.example/?q=ü&x=%00", Referrer: "https://news.example/a?b=c", ReferringDomain: "news.example",
		Source: "News", Channel: "referral", Keyword: "schöne schuhe", UTMSource: "us", UTMMedium: "um", UTMTerm: "ut",
		UTMContent: "uc", UTMCampaign: "春の", ClickID: "abc", ClickIDKind: "gclid",
	}
	v.Device = tracker.Device{
		Browser: "Firefox", BrowserVersion: "140.0", OS: "Linux", OSVersion: "6", DeviceType: "desktop",
		DeviceBrand: "Brand", DeviceModel: "Model", Bot: "user agent", BotName: "Examplebot",
	}
	v.Place = tracker.Place{
		Country: "DE", Region: "Bayern", City: "München", PostalCode: "80331",
		Latitude: 48.137, Longitude: -11.575, HasPoint: true,
	}
	v.Client = tracker.Client{
		Address: "2001:db8::", UserAgent: "Mozilla/5.0 …", Language: "de-DE", TimeZone: "Europe/Berlin",
		ScreenWidth: 1920, ScreenHeight: 1080, Platform: "Web", AppVersion: "1.2.3",
	}
	return v
}
