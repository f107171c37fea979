package tracker

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sites := []Site{
			{ID: 1, Key: "first", Hosts: []string{"a.example", "*.b.example"}},
			{ID: 2, Key: "open"},
			{ID: 3, Key: "open2"},
		}
		loads, fail := 0, false
		r := NewRegistry(func(context.Context) ([]Site, error) {
			loads++
			if fail {
				return nil, errors.New("away")
			}
			return sites, nil
		}, slog.Default())
		if err := r.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		for host, want := range map[string]int64{"a.example": 1, "x.b.example": 1, "b.example": 1, "c.example": 2, "": 2} {
			if s, ok := r.SiteByHost(host); !ok || s.ID != want {
				t.Errorf("host %q: %+v", host, s)
			}
		}
		if _, ok := r.SiteByKey("later"); ok {
			t.Error("a site that is not there")
		}
		// A site added by another process is found at once, and a flood of
		// wrong keys asks the store once a second.
		sites = append(sites, Site{ID: 4, Key: "later"})
		time.Sleep(time.Second)
		if _, ok := r.SiteByKey("later"); !ok {
			t.Error("a new site is not found")
		}
		before := loads
		for range 1000 {
			r.SiteByKey("wrong")
		}
		if loads-before > 1 {
			t.Errorf("%d loads for wrong keys", loads-before)
		}
		// While the store is away the known sites go on.
		fail = true
		time.Sleep(2 * time.Second)
		r.SiteByKey("wrong")
		if _, ok := r.SiteByKey("later"); !ok {
			t.Error("forgot the sites when the store was away")
		}
	})
}

func TestVisitIDs(t *testing.T) {
	var g IDs
	at := time.Date(2026, 11, 22, 12, 0, 0, 123e6, time.UTC)
	seen := map[VisitID]bool{}
	for range 100_000 {
		id := g.New(at)
		if seen[id] {
			t.Fatal("an id twice")
		}
		seen[id] = true
		if !id.Time().Equal(at) {
			t.Fatalf("%s is not %s", id.Time(), at)
		}
		if id < FirstVisitID(at) || id >= FirstVisitID(at.Add(time.Millisecond)) {
			t.Fatal("out of its millisecond")
		}
	}
	if early := g.New(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)); early < 0 {
		t.Error("negative")
	}
}

func TestEventIDs(t *testing.T) {
	const text = "0B3C5B0E-57a1-4c6a-9a3c-3f5f0d1d2e4f"
	if got := ParseEventID(text).String(); got != "0b3c5b0e-57a1-4c6a-9a3c-3f5f0d1d2e4f" {
		t.Error(got)
	}
	a, b := ParseEventID("order-1"), ParseEventID("order-2")
	if a == b || a != ParseEventID("order-1") || a.String()[14] != '8' {
		t.Error(a, b)
	}
	if one, other := NewEventID(), NewEventID(); one == other || one.IsZero() {
		t.Error("not random")
	}
	for _, broken := range []string{"", "0b3c5b0e-57a1-4c6a-9a3c-3f5f0d1d2e4", "0b3c5b0e-57a1-4c6a-9a3c-3f5f0d1d2e4g", "0b3c5b0ee57a1-4c6a-9a3c-3f5f0d1d2e4f"} {
		if id := ParseEventID(broken); id.String()[14] != '8' {
			t.Errorf("%q was taken as a UUID", broken)
		}
	}
}
