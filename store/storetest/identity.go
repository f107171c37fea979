package storetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// as is a record of a visit whose user is known.
func as(user string, r *tracker.Record) *tracker.Record {
	r.Visit.UserID = user
	return r
}

func userOf(t testing.TB, s store.Store, r *tracker.Record) string {
	t.Helper()
	return get(t, s, r.Result.VisitID).UserID
}

func testIdentity(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"visits of a visitor are numbered": func(t *testing.T, s store.Store) {
			a, b, c := record(visit("a", "p", 0)), record(visit("b", "p", time.Hour)), record(visit("c", "p", 2*time.Hour))
			other, again := record(visit("d", "q", 0)), record(visit("a", "p", 0))
			write(t, s, a, other)
			write(t, s, b, again, c)
			for r, want := range map[*tracker.Record]int{a: 1, b: 2, c: 3, other: 1} {
				equal(t, "ordinal of "+r.Visit.Token, get(t, s, r.Result.VisitID).Ordinal, want)
			}
		},
		"a visit's first user stays": func(t *testing.T, s store.Store) {
			a, b := as("ann", record(visit("a", "p", 0))), as("bob", record(visit("a", "p", 0)))
			write(t, s, a)
			write(t, s, b)
			equal(t, "user", userOf(t, s, a), "ann")
		},
		"identifying links earlier visits and the next ones": func(t *testing.T, s store.Store) {
			old, now := record(visit("old", "p", 0)), record(visit("now", "p", time.Hour))
			stranger := record(visit("stranger", "q", 0))
			elsewhere := record(visit("elsewhere", "p", 0))
			elsewhere.Visit.SiteID = 2
			write(t, s, old, stranger, elsewhere)
			write(t, s, now)
			write(t, s, as("ann", record(visit("now", "p", time.Hour))))
			next := record(visit("next", "p", 2*time.Hour))
			write(t, s, next)
			for r, want := range map[*tracker.Record]string{old: "ann", now: "ann", next: "ann", stranger: "", elsewhere: ""} {
				equal(t, "user of "+r.Visit.Token, userOf(t, s, r), want)
			}
			vs, err := s.Visits(t.Context(), store.VisitFilter{SiteID: 1, UserID: "ann", Limit: 10})
			if err != nil || len(vs) != 3 {
				t.Errorf("ann's visits: %v, %v", vs, err)
			}
		},
		"the same within one batch": func(t *testing.T, s store.Store) {
			old, now, next := record(visit("old", "p", 0)), record(visit("now", "p", time.Hour)), record(visit("next", "p", 2*time.Hour))
			write(t, s, old, now, as("ann", record(visit("now", "p", time.Hour))), next)
			for _, r := range []*tracker.Record{old, now, next} {
				equal(t, "user of "+r.Visit.Token, userOf(t, s, r), "ann")
			}
		},
		"another person on the same browser": func(t *testing.T, s store.Store) {
			a, b, c := as("ann", record(visit("a", "p", 0))), as("bob", record(visit("b", "p", time.Hour))), record(visit("c", "p", 2*time.Hour))
			write(t, s, a)
			write(t, s, b)
			write(t, s, c)
			for r, want := range map[*tracker.Record]string{a: "ann", b: "bob", c: "bob"} {
				equal(t, "user of "+r.Visit.Token, userOf(t, s, r), want)
			}
		},
		"one person on two devices": func(t *testing.T, s store.Store) {
			a, b := as("ann", record(visit("a", "phone", 0))), as("ann", record(visit("b", "laptop", time.Hour)))
			write(t, s, a, b)
			vs, err := s.Visits(t.Context(), store.VisitFilter{UserID: "ann", Limit: 10})
			if err != nil || len(vs) != 2 {
				t.Errorf("ann's visits: %v, %v", vs, err)
			}
		},
		"traits are merged, the newer win": func(t *testing.T, s store.Store) {
			with := func(traits string, offset time.Duration) *tracker.Record {
				r := as("ann", record(visit("a", "p", offset)))
				r.Traits = []byte(traits)
				return r
			}
			write(t, s, with(`{"name":"Ann","address":{"city":"Bonn","zip":1},"n":1}`, 0))
			write(t, s, with(`{"n":2}`, time.Minute), with(`{"address":{"city":"Ulm"},"gone":null,"n":3}`, time.Hour))
			write(t, s, as("ann", record(visit("a", "p", 2*time.Minute))))
			u, err := s.User(t.Context(), 1, "ann")
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "site and id", [2]any{u.SiteID, u.ID}, [2]any{int64(1), "ann"})
			var got, want any
			if err := json.Unmarshal(u.Traits, &got); err != nil {
				t.Fatalf("%s: %v", u.Traits, err)
			}
			_ = json.Unmarshal([]byte(`{"name":"Ann","address":{"city":"Ulm"},"n":3,"gone":null}`), &want)
			equal(t, "traits", got, want)
			equal(t, "first seen", u.FirstSeen, at(0))
			equal(t, "last seen", u.LastSeen, at(time.Hour))
		},
		"traits do not grow without end": func(t *testing.T, s store.Store) {
			for i := range 4 {
				r := as("ann", record(visit("a", "p", 0)))
				r.Traits = fmt.Appendf(nil, `{"trait %d": %q}`, i, strings.Repeat("x", 30<<10))
				write(t, s, r)
			}
			r := as("ann", record(visit("a", "p", 0)))
			r.Traits = []byte(`{"small": true}`)
			write(t, s, r)
			u, err := s.User(t.Context(), 1, "ann")
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal(u.Traits, &got); err != nil {
				t.Fatal(err)
			}
			equal(t, "kept", slices.Sorted(maps.Keys(got)), []string{"small", "trait 0", "trait 1"})
		},
		"a user without traits": func(t *testing.T, s store.Store) {
			write(t, s, as("ann", record(visit("a", "p", 0))))
			u, err := s.User(t.Context(), 1, "ann")
			if err != nil || u.Traits != nil {
				t.Errorf("%+v, %v", u, err)
			}
		},
		"traits of someone who is not the visit's": func(t *testing.T, s store.Store) {
			write(t, s, as("ann", record(visit("a", "p", 0))))
			bob := as("bob", record(visit("a", "p", 0)))
			bob.Traits = []byte(`{"name":"Bob"}`)
			write(t, s, bob)
			u, err := s.User(t.Context(), 1, "bob")
			if err != nil || len(u.Traits) == 0 {
				t.Errorf("bob: %+v, %v", u, err)
			}
			u, err = s.User(t.Context(), 1, "ann")
			if err != nil || len(u.Traits) != 0 {
				t.Errorf("ann: %+v, %v", u, err)
			}
		},
		"no such user": func(t *testing.T, s store.Store) {
			write(t, s, as("ann", record(visit("a", "p", 0))))
			for _, k := range []struct {
				site int64
				id   string
			}{{2, "ann"}, {1, "bob"}, {1, ""}} {
				_, err := s.User(t.Context(), k.site, k.id)
				wantCode(t, err, tracker.CodeNotFound)
			}
		},
	})
}
