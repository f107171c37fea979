package storetest

import (
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// testMerge is about what batches add up to.
func testMerge(t *testing.T, fresh New) {
	engaged := func(e tracker.Event, ms int64) tracker.Event {
		e.EngagedMS = ms
		return e
	}
	// Each case is written as one batch, as one batch a record, and the same
	// must come of it.
	for name, c := range map[string]struct {
		records []*tracker.Record
		want    sum
	}{
		"pages in order of time, whatever order they come in": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(2, "/second", 2*time.Second)),
				record(visit("a", "p", 0), view(3, "/third", 3*time.Second), view(1, "/first", time.Second)),
			},
			sum{3, 3, 0, "/first", "/third", at(3 * time.Second)},
		},
		"pages of the same millisecond in order of seq": {
			[]*tracker.Record{
				record(visit("a", "p", 0), seq(view(1, "/two", 0), 1), seq(view(2, "/one", 0), 0), seq(view(3, "/three", 0), 2)),
			},
			sum{3, 3, 0, "/one", "/three", at(0)},
		},
		"pages that tie: the first to come is the entry, the last the exit": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(1, "/x", 0)),
				record(visit("a", "p", 0), view(2, "/y", 0)),
				record(visit("a", "p", 0), view(3, "/z", 0)),
			},
			sum{3, 3, 0, "/x", "/z", at(0)},
		},
		"events that are no views leave the pages alone": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(1, "/x", time.Second)),
				record(visit("a", "p", 0), onPath(event(2, "Bought", 0), "/early"), onPath(event(3, "Bought", time.Minute), "/late")),
			},
			sum{1, 3, 0, "/x", "/x", at(time.Minute)},
		},
		"a view without a path": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(1, "/x", 0)),
				record(visit("a", "p", 0), view(2, "", time.Second)),
			},
			sum{2, 2, 0, "/x", "", at(time.Second)},
		},
		"engaged time adds up over events": {
			[]*tracker.Record{
				record(visit("a", "p", 0), engaged(view(1, "/x", 0), 1000)),
				record(visit("a", "p", 0), engaged(view(2, "/y", 0), 500)),
			},
			sum{2, 2, 1500, "/x", "/y", at(0)},
		},
		"engaged time is raised, never lowered": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(1, "/x", 0)),
				record(visit("a", "p", 0), engaged(view(1, "/x", 0), 3000)),
				record(visit("a", "p", 0), engaged(view(1, "/x", 0), 1000)),
				record(visit("a", "p", 0), engaged(view(1, "/x", 0), 7000), engaged(view(1, "/x", 0), 5000)),
				record(visit("a", "p", 0), view(1, "/x", 0)),
			},
			sum{1, 1, 7000, "/x", "/x", at(0)},
		},
		"the last sign of life is the latest, never earlier": {
			[]*tracker.Record{
				record(visit("a", "p", 0), event(1, "x", time.Hour)),
				record(visit("a", "p", 0), event(2, "x", time.Minute)),
			},
			sum{0, 2, 0, "", "", at(time.Hour)},
		},
		"a repeated event's other values do not count": {
			[]*tracker.Record{
				record(visit("a", "p", 0), view(1, "/x", time.Second)),
				record(visit("a", "p", 0), view(1, "/other", 0)),
			},
			sum{1, 1, 0, "/x", "/x", at(time.Second)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t)
			together, apart := open(t), open(t)
			write(t, together, clone(c.records, 1)...)
			for _, r := range clone(c.records, 2) {
				write(t, apart, r)
			}
			for site, how := range map[int64]string{1: "one batch", 2: "many batches"} {
				vs, err := together.Visits(t.Context(), store.VisitFilter{SiteID: site, Limit: 10})
				if err != nil || len(vs) != 1 {
					t.Fatalf("%s: %v, %v", how, vs, err)
				}
				equal(t, how, sumOf(vs[0]), c.want)
				var stored int64
				for _, e := range events(t, together, vs[0].ID) {
					stored += e.EngagedMS
				}
				equal(t, how+": engaged time of the events", stored, c.want.EngagedMS)
			}
		})
	}
}

func seq(e tracker.Event, n int) tracker.Event {
	e.Seq = n
	return e
}

func onPath(e tracker.Event, path string) tracker.Event {
	e.Path = path
	return e
}

// clone copies records to another site, so that two ways of writing them do
// not meet.
func clone(records []*tracker.Record, site int64) []*tracker.Record {
	var out []*tracker.Record
	for _, r := range records {
		c := *r
		c.Visit.ID, c.Visit.SiteID = ids.New(r.Visit.StartedAt), site
		c.Events = append([]tracker.Event(nil), r.Events...)
		out = append(out, &c)
	}
	return out
}

// testStub is about visits of which events came first.
func testStub(t *testing.T, fresh New) {
	late := visit("a", "p", time.Second)
	late.Arrival = fullVisit().Arrival
	late.Device, late.Place, late.Client = fullVisit().Device, fullVisit().Place, fullVisit().Client
	early := stub("a", "p", 0)
	early.Browser, early.Language = "Early", "fr"

	// What must come of both: the first start, the late arrival, and of the
	// details what was known first.
	check := func(t *testing.T, s store.Store, id tracker.VisitID) {
		t.Helper()
		got := get(t, s, id)
		equal(t, "stub", got.Stub, false)
		equal(t, "start", got.StartedAt, at(0))
		equal(t, "last sign of life", got.LastAt, at(time.Second))
		equal(t, "arrival", got.Arrival, late.Arrival)
		device, client := late.Device, late.Client
		device.Browser, client.Language = "Early", "fr"
		equal(t, "device", got.Device, device)
		equal(t, "place", got.Place, late.Place)
		equal(t, "client", got.Client, client)
		equal(t, "events", got.Events, 1)
		equal(t, "ordinal", got.Ordinal, 1)
	}
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"stub, then visit": func(t *testing.T, s store.Store) {
			a, b := record(early, event(1, "x", 0)), record(late)
			write(t, s, a)
			equal(t, "stub", get(t, s, a.Result.VisitID).Stub, true)
			write(t, s, b)
			equal(t, "created", b.Result.Created, false)
			equal(t, "id", b.Result.VisitID, a.Result.VisitID)
			check(t, s, a.Result.VisitID)
		},
		"stub, then visit, in one batch": func(t *testing.T, s store.Store) {
			a, b := record(early, event(1, "x", 0)), record(late)
			write(t, s, a, b)
			equal(t, "first created", a.Result.Created, true)
			equal(t, "second created", b.Result.Created, false)
			check(t, s, a.Result.VisitID)
		},
		"visit, then stub": func(t *testing.T, s store.Store) {
			a, b := record(late), record(early, event(1, "x", 0))
			write(t, s, a)
			write(t, s, b)
			got := get(t, s, a.Result.VisitID)
			equal(t, "arrival", got.Arrival, late.Arrival)
			equal(t, "browser", got.Browser, late.Browser)
			equal(t, "stub", got.Stub, false)
			equal(t, "start", got.StartedAt, at(0)) // the earliest that anyone told
		},
		"an event is never before its visit": func(t *testing.T, s store.Store) {
			a := record(visit("a", "p", time.Minute), event(1, "x", 0), event(2, "x", time.Hour))
			write(t, s, a)
			b := record(visit("a", "p", time.Minute), event(3, "x", 0))
			write(t, s, b)
			got := get(t, s, a.Result.VisitID)
			equal(t, "start", got.StartedAt, at(time.Minute))
			equal(t, "last sign of life", got.LastAt, at(time.Hour))
			for _, e := range events(t, s, a.Result.VisitID) {
				if e.ID != eventID(2) {
					equal(t, "time", e.Time, at(time.Minute))
				}
			}
			equal(t, "announced", b.Events[0].Time, at(time.Minute))
		},
		"a visit begins as early as anyone tells, wherever it is remembered": func(t *testing.T, s store.Store) {
			a := record(visit("a", "p", time.Minute))
			write(t, s, a)
			for _, start := range []time.Duration{30 * time.Second, 40 * time.Second, 10 * time.Second} {
				write(t, s, record(stub("a", "p", start), event(int(start/time.Second), "x", start)))
			}
			equal(t, "start", get(t, s, a.Result.VisitID).StartedAt, at(10*time.Second))
			for _, e := range events(t, s, a.Result.VisitID) {
				if e.ID == eventID(40) {
					equal(t, "time", e.Time, at(40*time.Second))
				}
			}
		},
		"a start that moved back is found where it is now": func(t *testing.T, s store.Store) {
			const day = 24 * time.Hour
			r := record(visit("a", "p", 0))
			write(t, s, r)
			for _, c := range []struct{ told, want time.Duration }{{-time.Hour, -time.Hour}, {-23 * time.Hour, -23 * time.Hour}, {-30 * day, -day}, {0, -day}} {
				write(t, s, record(visit("a", "p", c.told)))
				equal(t, "start", get(t, s, r.Result.VisitID).StartedAt, at(c.want))
				for _, f := range []struct {
					f    store.VisitFilter
					want int
				}{
					{store.VisitFilter{To: at(c.want + time.Millisecond)}, 1}, {store.VisitFilter{To: at(c.want)}, 0},
					{store.VisitFilter{From: at(c.want)}, 1}, {store.VisitFilter{From: at(c.want + time.Millisecond)}, 0},
				} {
					f.f.Limit = 10
					vs, err := s.Visits(t.Context(), f.f)
					if err != nil || len(vs) != f.want {
						t.Errorf("started at %v, asked %+v: %d visits (%v)", at(c.want), f.f, len(vs), err)
					}
				}
				_, found, err := s.LastVisit(t.Context(), 1, r.Visit.Visitor.ID, at(c.want))
				if err != nil || !found {
					t.Errorf("last visit at its start: %v, %v", found, err)
				}
				_, found, err = s.LastVisit(t.Context(), 1, r.Visit.Visitor.ID, at(c.want-time.Millisecond))
				if err != nil || found {
					t.Errorf("last visit before its start: %v, %v", found, err)
				}
			}
			if n, err := s.Retain(t.Context(), 1, at(-day)); err != nil || n != 0 {
				t.Errorf("retained %d (%v)", n, err)
			}
			if n, err := s.Retain(t.Context(), 1, at(-day+time.Millisecond)); err != nil || n != 1 {
				t.Errorf("retained %d (%v)", n, err)
			}
		},
		"the first visit wins over a second": func(t *testing.T, s store.Store) {
			second := visit("a", "q", time.Minute)
			second.Source = "Other"
			a := record(late, event(1, "x", 0))
			b := record(second, event(2, "x", 0))
			write(t, s, a)
			write(t, s, b)
			write(t, s, b)
			got := get(t, s, a.Result.VisitID)
			equal(t, "source", got.Source, late.Source)
			equal(t, "visitor", got.Visitor, late.Visitor)
			equal(t, "events", got.Events, 2)
		},
		"a stub is made whole once": func(t *testing.T, s store.Store) {
			second := late
			second.Arrival = tracker.Arrival{Source: "Other"}
			a := record(early, event(1, "x", 0))
			write(t, s, a)
			write(t, s, record(late))
			write(t, s, record(second))
			check(t, s, a.Result.VisitID)
		},
		"a stub that another node made": func(t *testing.T, s store.Store) {
			a := record(early)
			write(t, s, a)
			write(t, s, record(early, event(1, "x", 0)))
			write(t, s, record(late))
			check(t, s, a.Result.VisitID)
		},
	})
}
