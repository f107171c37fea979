// Package storetest is the suite that every store.Store passes.
package storetest

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

// Database opens another handle, as another node has it, on the database of
// one test; the handle is closed when the test ends.
type Database func(testing.TB) store.Store

// New makes an empty database with the newest schema, for one test.
type New func(testing.TB) Database

// Test runs the whole suite. Stores keep times to the millisecond.
func Test(t *testing.T, fresh New) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, New)
	}{
		{"Write", testWrite},
		{"Merge", testMerge},
		{"Stub", testStub},
		{"Identity", testIdentity},
		{"Events", testEvents},
		{"Visits", testVisits},
		{"Nodes", testNodes},
		{"Retain", testRetain},
		{"Admin", testAdmin},
		{"Salts", testSalts},
		{"Keeper", testKeeper},
		{"Model", testModel},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.run(t, fresh)
		})
	}
}

// cases runs each with a store of its own.
func cases(t *testing.T, fresh New, tests map[string]func(*testing.T, store.Store)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh(t)(t))
		})
	}
}

// start is when things happen in this suite, in whole milliseconds.
var start = time.Date(2026, 3, 14, 15, 9, 26, 535e6, time.UTC)

func at(offset time.Duration) time.Time { return start.Add(offset) }

var ids tracker.IDs

// visit is a visit of site 1 with a landing page, begun at start+offset.
func visit(token, visitor string, offset time.Duration) tracker.Visit {
	return tracker.Visit{
		ID:        ids.New(at(offset)),
		SiteID:    1,
		Token:     token,
		Visitor:   tracker.Visitor{ID: tracker.NewVisitorID(1, visitor), Token: visitor},
		StartedAt: at(offset),
		LastAt:    at(offset),
		Arrival:   tracker.Arrival{LandingPage: "https://shop.example/" + token},
	}
}

// stub is a visit of which only events have been seen.
func stub(token, visitor string, offset time.Duration) tracker.Visit {
	v := visit(token, visitor, offset)
	v.Stub, v.Arrival = true, tracker.Arrival{}
	return v
}

// record is a visit, alive until its last event, with events.
func record(v tracker.Visit, events ...tracker.Event) *tracker.Record {
	for _, e := range events {
		if v.LastAt.Before(e.Time) {
			v.LastAt = e.Time
		}
	}
	return &tracker.Record{Visit: v, Events: events}
}

// event is an event with id n, the same n the same id.
func event(n int, name string, offset time.Duration) tracker.Event {
	return tracker.Event{ID: eventID(n), Name: name, Time: at(offset)}
}

func view(n int, path string, offset time.Duration) tracker.Event {
	e := event(n, tracker.EventView, offset)
	e.Path = path
	return e
}

func eventID(n int) tracker.EventID {
	var id tracker.EventID
	// Neither in the order of n, so that nothing leans on it.
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

// write writes one batch.
func write(t testing.TB, s store.Store, records ...*tracker.Record) {
	t.Helper()
	if err := s.Write(t.Context(), records); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// get is a stored visit.
func get(t testing.TB, s store.Store, id tracker.VisitID) tracker.Visit {
	t.Helper()
	v, err := s.Visit(t.Context(), id)
	if err != nil {
		t.Fatalf("visit %d: %v", id, err)
	}
	return v
}

// events are a visit's first thousand.
func events(t testing.TB, s store.Store, id tracker.VisitID) []tracker.Event {
	t.Helper()
	es, err := s.Events(t.Context(), id, 0, 1000)
	if err != nil {
		t.Fatalf("events of %d: %v", id, err)
	}
	return es
}

// equal fails the test when two values differ, and shows how.
func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

func show(v any) string { return fmt.Sprintf("%+v", v) }

// wantCode fails the test when err has another code.
func wantCode(t testing.TB, err error, want tracker.Code) {
	t.Helper()
	if got := tracker.ErrorCode(err); got != want {
		t.Errorf("error %v has code %q, want %q", err, got, want)
	}
}

// sum is what the store keeps with every batch.
type sum struct {
	Views, Events int
	EngagedMS     int64
	Entry, Exit   string
	LastAt        time.Time
}

func sumOf(v tracker.Visit) sum {
	return sum{v.Views, v.Events, v.EngagedMS, v.EntryPage, v.ExitPage, v.LastAt}
}
