package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

func testEvents(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"every field comes back": func(t *testing.T, s store.Store) {
			e := view(1, "/schöne/schuhe?ü", 1234*time.Millisecond)
			e.Seq, e.Title = 7, "Schöne Schuhe 👟 "+strings.Repeat("x", 2000)
			e.Revenue, e.Currency, e.EngagedMS = -129900, "EUR", 4321
			touch := fullVisit().Arrival
			e.Touch = &touch
			bare := event(2, "x", 2*time.Second)
			r := record(visit("a", "p", 0), e, bare)
			write(t, s, r)
			equal(t, "events", events(t, s, r.Result.VisitID), []tracker.Event{e, bare})
		},
		"touches of a repeated event are not doubled": func(t *testing.T, s store.Store) {
			e := view(1, "/", 0)
			e.Touch = &tracker.Arrival{Source: "News"}
			again := e
			again.Touch = &tracker.Arrival{Source: "Other"}
			r := record(visit("a", "p", 0), e)
			write(t, s, r)
			write(t, s, record(visit("a", "p", 0), again))
			equal(t, "events", events(t, s, r.Result.VisitID), []tracker.Event{e})
		},
		"properties": func(t *testing.T, s store.Store) {
			large := `{"large":"` + strings.Repeat("0123456789ü", 20000) + `"}`
			deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
			for i, p := range []string{
				`{}`, `{"plan":"pro","n":42,"x":1.5,"yes":true,"no":false,"none":null}`,
				`{"nested":{"list":[1,"two",{"three":3}]}}`, `{"ключ":"значение","emoji":"👩‍👩‍👧","quote":"\"'\\"}`,
				`{"escaped":"\u00fc\ud83d\ude00\n"}`, ` {"space" : 1 } `, large, deep,
			} {
				e := event(1, "x", 0)
				e.Properties = []byte(p)
				r := record(visit(fmt.Sprint("v", i), "p", 0), e)
				write(t, s, r)
				var got, want any
				es := events(t, s, r.Result.VisitID)
				if err := json.Unmarshal(es[0].Properties, &got); err != nil {
					t.Errorf("%.60s: came back as %.60s: %v", p, es[0].Properties, err)
				}
				_ = json.Unmarshal([]byte(p), &want)
				equal(t, fmt.Sprintf("%.60s", p), got, want)
			}
		},
		"order of time, seq, id": func(t *testing.T, s store.Store) {
			es := []tracker.Event{
				event(5, "e", time.Second), seq(event(4, "d", 0), 1), event(1, "a", 0), event(2, "b", 0), event(3, "c", 0),
				event(9, "f", -time.Second),
			}
			r := record(visit("a", "p", 0), es...)
			write(t, s, r)
			got := events(t, s, r.Result.VisitID)
			for i := 1; i < len(got); i++ {
				x, y := got[i-1], got[i]
				before := x.Time.Before(y.Time) || x.Time.Equal(y.Time) && (x.Seq < y.Seq || x.Seq == y.Seq && bytes.Compare(x.ID[:], y.ID[:]) < 0)
				if !before {
					t.Errorf("%v comes before %v", x, y)
				}
			}
			equal(t, "number", len(got), len(es))
			var paged []tracker.Event
			for offset := 0; offset < len(es)+2; offset += 2 {
				page, err := s.Events(t.Context(), r.Result.VisitID, offset, 2)
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, page...)
			}
			equal(t, "in pages", paged, got)
		},
		"times keep their milliseconds and no more": func(t *testing.T, s store.Store) {
			e := event(1, "x", 0)
			e.Time = at(0).Add(999_999)
			v := visit("a", "p", 0)
			v.StartedAt, v.LastAt = v.StartedAt.Add(999_999), v.StartedAt.Add(999_999)
			v.StartedAt = v.StartedAt.In(time.FixedZone("", 3600))
			r := record(v, e)
			write(t, s, r)
			equal(t, "event", events(t, s, r.Result.VisitID)[0].Time, at(0))
			equal(t, "start", get(t, s, r.Result.VisitID).StartedAt, at(0))
			equal(t, "last", get(t, s, r.Result.VisitID).LastAt, at(0))
		},
		"bounds of numbers": func(t *testing.T, s store.Store) {
			e := event(1, "x", 0)
			e.Revenue, e.Currency, e.EngagedMS, e.Seq = math.MinInt64, "USD", math.MaxInt32+1, math.MaxInt32
			r := record(visit("a", "p", 0), e)
			write(t, s, r)
			equal(t, "events", events(t, s, r.Result.VisitID), []tracker.Event{e})
		},
		"a path that is a title, too": func(t *testing.T, s store.Store) {
			a, b := view(1, "/same", 0), view(2, "other", time.Second)
			a.Title, b.Title = "/same", "/same"
			r := record(visit("a", "p", 0), a)
			write(t, s, r)
			write(t, s, record(visit("a", "p", 0), b))
			equal(t, "events", events(t, s, r.Result.VisitID), []tracker.Event{a, b})
		},
		"of nobody": func(t *testing.T, s store.Store) {
			if es := events(t, s, 12345); len(es) != 0 {
				t.Errorf("%v", es)
			}
		},
		"bad pages": func(t *testing.T, s store.Store) {
			_, err := s.Events(t.Context(), 1, -1, 10)
			wantCode(t, err, tracker.CodeInvalid)
			_, err = s.Events(t.Context(), 1, 0, 0)
			wantCode(t, err, tracker.CodeInvalid)
		},
	})
}

func testVisits(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"newest first, by cursor": func(t *testing.T, s store.Store) {
			var batch []*tracker.Record
			for i := range 25 {
				// Five of each minute, in no order.
				batch = append(batch, record(visit(fmt.Sprint("v", i), "p", time.Duration(i*7%5)*time.Minute)))
			}
			write(t, s, batch...)
			seen := make(map[tracker.VisitID]bool)
			f := store.VisitFilter{SiteID: 1, Limit: 4}
			last := at(time.Hour)
			for {
				page, err := s.Visits(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range page {
					if v.StartedAt.After(last) || seen[v.ID] {
						t.Errorf("%v after %v, seen %v", v.StartedAt, last, seen[v.ID])
					}
					last, seen[v.ID] = v.StartedAt, true
					f.Before = v.ID
				}
				if len(page) < f.Limit {
					break
				}
			}
			equal(t, "number", len(seen), 25)
		},
		"filters": func(t *testing.T, s store.Store) {
			bot := visit("bot", "p", 3*time.Minute)
			bot.Bot = "user agent"
			other := visit("other", "r", 4*time.Minute)
			other.SiteID = 2
			write(t, s, record(visit("a", "p", 0)), record(visit("b", "q", time.Minute)), record(visit("c", "p", 2*time.Minute)),
				record(bot), record(other))
			write(t, s, as("ann", record(visit("b", "q", time.Minute))))
			p := tracker.NewVisitorID(1, "p")
			for name, c := range map[string]struct {
				f    store.VisitFilter
				want string
			}{
				"all":              {store.VisitFilter{}, "other c b a"},
				"site":             {store.VisitFilter{SiteID: 1}, "c b a"},
				"no such site":     {store.VisitFilter{SiteID: 3}, ""},
				"bots":             {store.VisitFilter{SiteID: 1, Bots: true}, "bot c b a"},
				"visitor":          {store.VisitFilter{SiteID: 1, Visitor: p}, "c a"},
				"user":             {store.VisitFilter{SiteID: 1, UserID: "ann"}, "b"},
				"from":             {store.VisitFilter{From: at(time.Minute)}, "other c b"},
				"to":               {store.VisitFilter{To: at(2 * time.Minute)}, "b a"},
				"from and to":      {store.VisitFilter{From: at(time.Minute), To: at(2 * time.Minute)}, "b"},
				"to, just after":   {store.VisitFilter{To: at(2*time.Minute + 1)}, "c b a"},
				"from, just after": {store.VisitFilter{SiteID: 1, From: at(time.Minute + 1)}, "c"},
				"far from":         {store.VisitFilter{From: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
				"far to":           {store.VisitFilter{To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "other c b a"},
				"long ago":         {store.VisitFilter{To: time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)}, ""},
				"injection":        {store.VisitFilter{UserID: "' OR 1=1 --"}, ""},
			} {
				c.f.Limit = 100
				vs, err := s.Visits(t.Context(), c.f)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				var tokens []string
				for _, v := range vs {
					tokens = append(tokens, v.Token)
				}
				equal(t, name, strings.Join(tokens, " "), c.want)
			}
		},
		"bad limits": func(t *testing.T, s store.Store) {
			for _, limit := range []int{-1, 0, 1001} {
				_, err := s.Visits(t.Context(), store.VisitFilter{Limit: limit})
				wantCode(t, err, tracker.CodeInvalid)
			}
		},
		"no such visit": func(t *testing.T, s store.Store) {
			_, err := s.Visit(t.Context(), 12345)
			wantCode(t, err, tracker.CodeNotFound)
		},
		"last visit": func(t *testing.T, s store.Store) {
			p := tracker.NewVisitorID(1, "p")
			last := func(site int64, notAfter time.Duration) string {
				t.Helper()
				ref, ok, err := s.LastVisit(t.Context(), site, p, at(notAfter))
				if err != nil {
					t.Fatal(err)
				}
				if ok != (ref.ID != 0) {
					t.Errorf("%v, but %+v", ok, ref)
				}
				return ref.Token
			}
			equal(t, "before any", last(1, time.Hour), "")
			// In no order, and one that lives longest though it is not the last.
			long := record(visit("long", "p", time.Minute), event(1, "x", time.Hour))
			write(t, s, record(visit("new", "p", 2*time.Minute)))
			write(t, s, record(visit("old", "p", 0)), long, record(visit("other", "q", 3*time.Minute)))
			equal(t, "latest", last(1, time.Hour), "new")
			equal(t, "at its start", last(1, 2*time.Minute), "new")
			equal(t, "just before", last(1, 2*time.Minute-time.Millisecond), "long")
			equal(t, "before all", last(1, -time.Millisecond), "")
			equal(t, "elsewhere", last(2, time.Hour), "")
			ref, _, err := s.LastVisit(t.Context(), 1, p, at(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "whole", ref, tracker.VisitRef{ID: long.Result.VisitID, Token: "long", StartedAt: at(time.Minute), LastAt: at(time.Hour)})
		},
	})
}
