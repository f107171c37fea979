package ingest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"wake/store/sqlstore"
	"wake/tracker"
)

// Visit is what a batch holds of one visit. Of a new one it is the whole
// row; of a stored one, what to add to it: Views, Events and EngagedMS are
// then increments, LastAt, the pages and UserID candidates.
type Visit struct {
	tracker.Visit
	Stored      bool // before this batch; what follows is as it was then
	StoredStub  bool
	StoredStart time.Time
	StoredUser  string
	// Whole is the first record's visit that is no stub, nil if all are: what
	// a stored stub is enriched by.
	Whole *tracker.Visit
	// EntryPageID and ExitPageID are the terms of the first and last view.
	// The orders say when these were, in a form that compares; without a view
	// they lose to any other.
	EntryPageID, ExitPageID int64
	EntryOrder, ExitOrder   int64

	events  []*Event // in the order they came, without repetitions
	record  *tracker.Record
	visitor *Visitor                   // set by gather
	byID    map[tracker.EventID]*Event // see find
}

// Event is an event of a batch.
type Event struct {
	*tracker.Event
	Visit           *Visit
	PathID, TitleID int64
	Engaged         int64 // the longest that the batch tells
	New             bool  // set by InsertEvents
	Raised          int64 // set by RaiseEngaged: by how much
	answer          *bool // in the record's Result
}

type visitKey struct {
	site  int64
	token string
}

func (v *Visit) key() visitKey { return visitKey{v.SiteID, v.Token} }

// batch is records merged by visit.
type batch struct {
	records []*tracker.Record
	visits  []*Visit // in the order of their first record
	of      []*Visit // of each record
	events  []*Event // those not repeated within the batch
	news    [][]bool // each record's Result.New

	visitors []*Visitor // see identify
	users    []*User
	terms    []Term
	ids      map[string]int64 // of terms
}

// merge makes one entry a visit, as if the records came one after another.
func merge(records []*tracker.Record) *batch {
	b := &batch{
		records: records,
		of:      make([]*Visit, len(records)),
		news:    make([][]bool, len(records)),
		ids:     make(map[string]int64),
	}
	total := 0
	for _, r := range records {
		total += len(r.Events)
	}
	byKey := make(map[visitKey]*Visit, len(records))
	events := make([]Event, total)
	answers := make([]bool, total)
	b.events = make([]*Event, 0, total)
	for i, r := range records {
		k := visitKey{r.Visit.SiteID, r.Visit.Token}
		v := byKey[k]
		if v == nil {
			v = &Visit{Visit: r.Visit, record: r}
			v.UserID = "" // identify says
			v.Views, v.Events, v.EngagedMS, v.Ordinal = 0, 0, 0, 0
			if v.LastAt.Before(v.StartedAt) {
				v.LastAt = v.StartedAt
			}
			byKey[k] = v
			b.visits = append(b.visits, v)
		} else {
			if v.Stub && !r.Visit.Stub {
				enrich(&v.Visit, &r.Visit)
			}
			if r.Visit.StartedAt.Before(v.StartedAt) {
				v.StartedAt = r.Visit.StartedAt
			}
			if r.Visit.LastAt.After(v.LastAt) {
				v.LastAt = r.Visit.LastAt
			}
		}
		if v.Whole == nil && !r.Visit.Stub {
			v.Whole = &r.Visit
		}
		b.of[i] = v
		n := len(r.Events)
		b.news[i], answers = answers[:n:n], answers[n:]
		for j := range r.Events {
			e := &r.Events[j]
			if old := v.find(e.ID); old != nil {
				old.Engaged = max(old.Engaged, e.EngagedMS)
				continue
			}
			ev := &events[0]
			events = events[1:]
			*ev = Event{Event: e, Visit: v, Engaged: max(e.EngagedMS, 0), answer: &b.news[i][j]}
			v.add(ev)
			b.events = append(b.events, ev)
		}
	}
	return b
}

// manyEvents is from where on a map finds an event quicker than comparing
// 16 bytes with each.
const manyEvents = 32

// find is the visit's event with this id, if the batch had it before.
func (v *Visit) find(id tracker.EventID) *Event {
	if len(v.events) < manyEvents {
		for _, e := range v.events {
			if e.ID == id {
				return e
			}
		}
		return nil
	}
	if v.byID == nil {
		v.byID = make(map[tracker.EventID]*Event, 2*manyEvents)
		for _, e := range v.events {
			v.byID[e.ID] = e
		}
	}
	return v.byID[id]
}

// add appends an event that find did not find.
func (v *Visit) add(e *Event) {
	v.events = append(v.events, e)
	if v.byID != nil {
		v.byID[e.ID] = e
	}
}

// enrich makes a stub the visit that came late: its arrival becomes the
// visit's; of the rest, what is known already stays.
func enrich(stub, late *tracker.Visit) {
	stub.Stub = false
	stub.Arrival = late.Arrival
	for _, c := range sqlstore.VisitDetails {
		if old := c.Of(stub); *old == "" {
			*old = *c.Of(late)
		}
	}
	if !stub.HasPoint {
		stub.HasPoint, stub.Latitude, stub.Longitude = late.HasPoint, late.Latitude, late.Longitude
	}
	if stub.ScreenWidth == 0 {
		stub.ScreenWidth, stub.ScreenHeight = late.ScreenWidth, late.ScreenHeight
	}
}

// count sets what the visit's events add to it, of those that are new.
func (v *Visit) count(isNew func(*Event) bool) {
	v.Views, v.Events, v.EngagedMS = 0, 0, 0
	v.EntryPageID, v.ExitPageID, v.EntryOrder, v.ExitOrder = 0, 0, noEntry, noExit
	for _, e := range v.events {
		if !isNew(e) {
			v.EngagedMS += e.Raised
			continue
		}
		v.Visit.Events++
		v.EngagedMS += e.Engaged
		if e.Time.After(v.LastAt) {
			v.LastAt = e.Time
		}
		if !e.IsView() {
			continue
		}
		v.Views++
		o := order(e.Time, e.Seq)
		if o < v.EntryOrder {
			v.EntryOrder, v.EntryPageID = o, e.PathID
		}
		if o >= v.ExitOrder {
			v.ExitOrder, v.ExitPageID = o, e.PathID
		}
	}
}

// begin settles when each visit began, now that the stored starts are known:
// at the earliest that anyone told, but not so early that its id no longer
// tells about when. No event is before its visit (Ahoy's rule).
func (b *batch) begin() {
	for _, v := range b.visits {
		if v.Stored {
			if least := v.ID.Time().Add(-sqlstore.StartSlack); v.StartedAt.Before(least) {
				v.StartedAt = least
			}
			if v.StoredStart.Before(v.StartedAt) {
				v.StartedAt = v.StoredStart
			}
		}
		for _, e := range v.events {
			if e.Time.Before(v.StartedAt) {
				e.Time = v.StartedAt
			}
		}
	}
}

// sort brings the events to the order of their key.
func (b *batch) sort() {
	slices.SortFunc(b.events, func(x, y *Event) int {
		if c := cmp.Compare(x.Visit.ID, y.Visit.ID); c != 0 {
			return c
		}
		return bytes.Compare(x.ID[:], y.ID[:])
	})
}

// answer sets the records' results, after the commit.
func (b *batch) answer() {
	for _, e := range b.events {
		*e.answer = e.New
	}
	for i, r := range b.records {
		v := b.of[i]
		r.Result = tracker.Result{VisitID: v.ID, Created: !v.Stored && v.record == r, New: b.news[i]}
	}
}

// term is the id of a value, remembered for the batch.
func (b *batch) term(value string) int64 {
	if value == "" {
		return 0
	}
	id, ok := b.ids[value]
	if !ok {
		id = TermID(value)
		b.ids[value] = id
	}
	return id
}

// newTerms are the batch's terms that are not known, in order of id.
func (b *batch) newTerms(known func(id int64) bool) []Term {
	var terms []Term
	for value, id := range b.ids {
		if !known(id) {
			terms = append(terms, Term{id, value})
		}
	}
	slices.SortFunc(terms, func(x, y Term) int { return cmp.Compare(x.ID, y.ID) })
	return terms
}

// TermID is the dictionary's id of a value: 63 bits of its SHA-256, so that
// nobody can make two pages meet; 0 for "".
func TermID(value string) int64 {
	if value == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(value))
	return int64(binary.BigEndian.Uint64(sum[:8])>>1 | 1)
}

func (b *batch) where(f func(*Visit) bool) []*Visit { return filter(b.visits, f) }

func filter[T any](from []T, f func(T) bool) []T {
	var to []T
	for _, x := range from {
		if f(x) {
			to = append(to, x)
		}
	}
	return to
}

func sortByKey(visits []*Visit) {
	slices.SortFunc(visits, func(x, y *Visit) int {
		return cmp.Or(cmp.Compare(x.SiteID, y.SiteID), strings.Compare(x.Token, y.Token))
	})
}

func sortByID(visits []*Visit) {
	slices.SortFunc(visits, func(x, y *Visit) int { return cmp.Compare(x.ID, y.ID) })
}
