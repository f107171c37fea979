package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// testRetain is about deleting what is old.
func testRetain(t *testing.T, fresh New) {
	const day = 24 * time.Hour
	left := func(t *testing.T, s store.Store) (tokens string) {
		t.Helper()
		vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000, Bots: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vs {
			tokens += v.Token + " "
		}
		return tokens
	}
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"of one site, before a time": func(t *testing.T, s store.Store) {
			old := view(1, "/", -100*day)
			old.Touch = &tracker.Arrival{Source: "x"}
			gone := record(visit("gone", "p", -100*day), old)
			kept := record(visit("kept", "p", -99*day), view(1, "/", -99*day))
			other := record(visit("other", "p", -100*day), view(1, "/", -100*day))
			other.Visit.SiteID = 2
			write(t, s, gone, kept, other)
			n, err := s.Retain(t.Context(), 1, at(-99*day))
			if err != nil || n != 1 {
				t.Errorf("retain: %d, %v", n, err)
			}
			equal(t, "left", left(t, s), "kept other ")
			equal(t, "events of gone", len(events(t, s, gone.Result.VisitID)), 0)
			equal(t, "events of kept", len(events(t, s, kept.Result.VisitID)), 1)
			equal(t, "events of other", len(events(t, s, other.Result.VisitID)), 1)
			next := record(visit("next", "p", 0))
			write(t, s, next)
			equal(t, "ordinal of the visitor's next", get(t, s, next.Result.VisitID).Ordinal, 3)
			if n, err := s.Retain(t.Context(), 1, at(-99*day)); err != nil || n != 0 {
				t.Errorf("again: %d, %v", n, err)
			}
		},
		"whole months of several sites": func(t *testing.T, s store.Store) {
			var batch []*tracker.Record
			for site := range 3 {
				for i := range 12 {
					r := record(visit(fmt.Sprint(site, "-", i), "p", time.Duration(-i)*30*day), view(1, "/", time.Duration(-i)*30*day))
					r.Visit.SiteID = int64(site + 1)
					batch = append(batch, r)
				}
			}
			write(t, s, batch...)
			for site, days := range []int{100, 400, 50} {
				if _, err := s.Retain(t.Context(), int64(site+1), at(time.Duration(-days)*day)); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range batch {
				keep := map[int64]time.Duration{1: 100, 2: 400, 3: 50}[r.Visit.SiteID] * day
				want := 0
				if !r.Visit.StartedAt.Before(at(-keep)) {
					want = 1
				}
				equal(t, "events of "+r.Visit.Token, len(events(t, s, r.Result.VisitID)), want)
			}
			// What comes late for a month that is gone is kept all the same.
			late := record(visit("late", "p", -300*day), view(1, "/", -300*day))
			late.Visit.SiteID = 3
			write(t, s, late)
			equal(t, "events of late", len(events(t, s, late.Result.VisitID)), 1)
		},
		"more than a chunk": func(t *testing.T, s store.Store) {
			var batch []*tracker.Record
			for i := range 5001 {
				batch = append(batch, record(visit(fmt.Sprint(i), fmt.Sprint("p", i), -day), event(1, "x", -day)))
			}
			write(t, s, batch...)
			if n, err := s.Retain(t.Context(), 1, at(0)); err != nil || n != 5001 {
				t.Errorf("retain: %d, %v", n, err)
			}
			equal(t, "left", left(t, s), "")
		},
		"people of whom nothing is left": func(t *testing.T, s store.Store) {
			write(t, s, as("ann", record(visit("a", "p", -2*day))), as("bob", record(visit("b", "q", -2*day))), as("bob", record(visit("c", "q", 0))))
			if _, err := s.Retain(t.Context(), 1, at(-day)); err != nil {
				t.Fatal(err)
			}
			_, err := s.User(t.Context(), 1, "ann")
			wantCode(t, err, tracker.CodeNotFound)
			if _, err := s.User(t.Context(), 1, "bob"); err != nil {
				t.Error(err)
			}
			// The visitor is forgotten, too.
			r := record(visit("new", "p", 0))
			write(t, s, r)
			equal(t, "user", userOf(t, s, r), "")
			equal(t, "ordinal", get(t, s, r.Result.VisitID).Ordinal, 1)
		},
		"until the context ends": func(t *testing.T, s store.Store) {
			write(t, s, record(visit("a", "p", -day)))
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Retain(ctx, 1, at(0)); err == nil {
				t.Error("no error")
			}
			equal(t, "left", left(t, s), "a ")
		},
	})
}

func testSalts(t *testing.T, fresh New) {
	t.Run("all nodes have the same", func(t *testing.T) {
		t.Parallel()
		open := fresh(t)
		const nodes = 4
		salts := make(chan []byte, nodes)
		for range nodes {
			s := open(t)
			go func() {
				salt, err := s.Salt(context.WithoutCancel(t.Context()), "2026-03-14")
				if err != nil {
					t.Error(err)
				}
				salts <- salt
			}()
		}
		first := <-salts
		equal(t, "length", len(first), 32)
		for range nodes - 1 {
			if salt := <-salts; !bytes.Equal(salt, first) {
				t.Errorf("two salts of one day: %x and %x", first, salt)
			}
		}
	})
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"each day has its own, until it is dropped": func(t *testing.T, s store.Store) {
			salt := func(day string) string {
				t.Helper()
				b, err := s.Salt(t.Context(), day)
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			a, b := salt("2026-03-13"), salt("2026-03-14")
			if a == b {
				t.Error("two days with the same salt")
			}
			if err := s.DropSalts(t.Context(), "2026-03-14"); err != nil {
				t.Fatal(err)
			}
			equal(t, "kept", salt("2026-03-14"), b)
			if salt("2026-03-13") == a {
				t.Error("the old salt is still there")
			}
		},
	})
}

func testKeeper(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"migrating again changes nothing": func(t *testing.T, s store.Store) {
			r := record(visit("a", "p", 0))
			write(t, s, r)
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			get(t, s, r.Result.VisitID)
			have, want, dirty, err := s.Version(t.Context())
			if err != nil || have != want || want == 0 || dirty {
				t.Errorf("version %d of %d, dirty %v, %v", have, want, dirty, err)
			}
		},
		"preparing again changes nothing": func(t *testing.T, s store.Store) {
			for range 2 {
				for _, now := range []time.Time{at(0), at(24 * 365 * time.Hour), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)} {
					if err := s.Prepare(t.Context(), now); err != nil {
						t.Fatal(err)
					}
				}
			}
			write(t, s, record(visit("a", "p", 0), view(1, "/", 0)))
		},
		"ping": func(t *testing.T, s store.Store) {
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Ping(ctx); err == nil {
				t.Error("no error with a cancelled context")
			}
		},
	})
}

// Together migrates an empty database through several handles at once, as
// nodes that start together do.
func Together(t *testing.T, open Database) {
	const nodes = 4
	errs := make(chan error, nodes)
	for range nodes {
		s := open(t)
		go func() { errs <- s.Migrate(context.WithoutCancel(t.Context())) }()
	}
	for range nodes {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	s := open(t)
	if have, want, dirty, err := s.Version(t.Context()); err != nil || have != want || dirty {
		t.Errorf("version %d of %d, dirty %v, %v", have, want, dirty, err)
	}
	write(t, s, record(visit("a", "p", 0), view(1, "/", 0)))
}
