// Package ingest is how a batch of records becomes rows: the algorithm of
// writing, once, over the few things that an engine can do (Tx).
//
// A batch is merged to one entry a visit. Visits that this process knows to
// be stored cost nothing to find; the others are looked for, and those that
// are new are written once, complete, with their numbers. Then come the
// events, which say which of them were new; last, stored visits are raised
// by what was. All of it is one transaction.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"wake/store"
	"wake/tracker"
	"wake/tracker/recent"
)

// Tx is an engine's transaction, as far as writing a batch needs it. Every
// slice is sorted by the key of the table it is about, so that two nodes
// take their locks in the same order. Empty slices are never passed.
type Tx interface {
	// FindVisits fills in the visits that (SiteID, Token) finds: Stored, ID,
	// Visitor.ID, StoredStub, StoredStart, StoredUser.
	FindVisits(ctx context.Context, visits []*Visit) error
	// CountVisits adds Began to each visitor's visits, making those that are
	// new, and sets UserID (as it was before) and Visits (as it is now).
	CountVisits(ctx context.Context, visitors []*Visitor) error
	// FindVisitors sets UserID.
	FindVisitors(ctx context.Context, visitors []*Visitor) error
	// InsertVisits inserts whole visits, leaving out those whose id or token
	// is taken, and says how many it inserted.
	InsertVisits(ctx context.Context, visits []*Visit) (int, error)
	// EnrichVisits gives stored stubs the arrival of Whole, and whatever else
	// they lack, and makes them whole.
	EnrichVisits(ctx context.Context, visits []*Visit) error
	// SetVisitorUsers stores NewUserID; where Link is set, the visitor's
	// visits without a user become that user's.
	SetVisitorUsers(ctx context.Context, visitors []*Visitor) error
	// PutUsers makes users or widens their times and merges their traits.
	PutUsers(ctx context.Context, users []*User) error
	// InsertTerms stores terms that may be stored already.
	InsertTerms(ctx context.Context, terms []Term) error
	// AppendEvents inserts events that are likely all new; if one is not, it
	// returns ErrAgain.
	AppendEvents(ctx context.Context, events []*Event) error
	// InsertEvents inserts those of the events that are new, and sets New.
	InsertEvents(ctx context.Context, events []*Event) error
	// RaiseEngaged raises stored events to Engaged and sets Raised, 0 where
	// the stored one is as high.
	RaiseEngaged(ctx context.Context, events []*Event) error
	// InsertTouches stores the touches of new events.
	InsertTouches(ctx context.Context, events []*Event) error
	// AmendVisits gives stored visits their new start and user.
	AmendVisits(ctx context.Context, visits []*Visit) error
	// AddActivity adds views, events and engaged time, moves last activity,
	// entry and exit page of stored visits, and says how many it found.
	AddActivity(ctx context.Context, visits []*Visit) (int, error)
}

// Engine is where transactions come from. Tx runs f in one, commits when f
// returns nil and rolls back when it does not, or when ctx has ended.
type Engine interface {
	// Ready makes what must exist before the transaction that writes to these
	// visits (partitions).
	Ready(ctx context.Context, visits []*Visit) error
	Tx(ctx context.Context, f func(Tx) error) error
}

// ErrAgain is what an engine returns when the same transaction, begun anew
// at once, may well succeed: it lost a deadlock, or a partition is gone.
var ErrAgain = errors.New("begin again")

// errStale is for a batch whose picture of stored visits was wrong: one was
// erased, or written by another node a moment ago.
var errStale = fmt.Errorf("what was known of stored visits is no longer so: %w", ErrAgain)

// attempts bounds how often one batch is begun anew within one Write.
const attempts = 6

// Writer implements store.Writer. It is safe for concurrent use if its
// engine is.
type Writer struct {
	engine Engine
	ids    tracker.IDs

	visits *recent.Map[visitKey, known]
	terms  *recent.Map[int64, struct{}]
}

// known is what is remembered of a stored visit.
type known struct {
	id      tracker.VisitID
	visitor tracker.VisitorID
	start   time.Time
	stub    bool
	user    string
}

// What a process remembers: at most twice as many, some 30 MB in all.
const (
	knownVisits = 1 << 16
	knownTerms  = 1 << 16
)

// NewWriter writes through an engine.
func NewWriter(e Engine) *Writer {
	return &Writer{
		engine: e,
		visits: recent.New[visitKey, known](knownVisits),
		terms:  recent.New[int64, struct{}](knownTerms),
	}
}

// Write is store.Writer's.
func (w *Writer) Write(ctx context.Context, records []*tracker.Record) error {
	if len(records) == 0 {
		return nil
	}
	for i, r := range records {
		if err := check(r); err != nil {
			return fmt.Errorf("record %d of %d: %w", i+1, len(records), err)
		}
	}
	var err error
	for n := range attempts {
		b := merge(records)
		w.recall(b)
		if err = w.engine.Ready(ctx, b.visits); err != nil {
			return err
		}
		err = w.engine.Tx(ctx, func(tx Tx) error { return w.write(ctx, tx, b, n > 0) })
		if err == nil {
			w.remember(b)
			b.answer()
			return nil
		}
		if !errors.Is(err, ErrAgain) {
			return err
		}
		// By now it is known which old visits are among them.
		if err := w.engine.Ready(ctx, b.visits); err != nil {
			return err
		}
		w.forget(b)
	}
	return store.Temporary(fmt.Errorf("write: gave up after %d attempts: %w", attempts, err))
}

// recall fills in what is known of the batch's visits.
func (w *Writer) recall(b *batch) {
	for _, v := range b.visits {
		if k, ok := w.visits.Get(v.key()); ok {
			v.Stored, v.ID, v.Visitor.ID = true, k.id, k.visitor
			v.StoredStub, v.StoredStart, v.StoredUser = k.stub, k.start, k.user
		}
	}
	for _, e := range b.events {
		e.PathID, e.TitleID = b.term(e.Path), b.term(e.Title)
	}
	b.terms = b.newTerms(func(id int64) bool { _, ok := w.terms.Get(id); return ok })
}

// remember keeps what a committed batch has shown.
func (w *Writer) remember(b *batch) {
	for _, v := range b.visits {
		w.visits.Put(v.key(), known{v.ID, v.Visitor.ID, v.StartedAt, v.Stub && (v.StoredStub || !v.Stored), v.UserID})
	}
	for _, t := range b.terms {
		w.terms.Put(t.ID, struct{}{})
	}
}

// forget drops what was known of the batch's visits.
func (w *Writer) forget(b *batch) {
	for _, v := range b.visits {
		w.visits.Delete(v.key())
	}
}

// write is the transaction; again says that it was tried before.
func (w *Writer) write(ctx context.Context, tx Tx, b *batch, again bool) error {
	if unknown := b.where(func(v *Visit) bool { return !v.Stored }); len(unknown) > 0 {
		sortByKey(unknown)
		if err := tx.FindVisits(ctx, unknown); err != nil {
			return fmt.Errorf("find visits: %w", err)
		}
	}
	b.begin()
	created := b.where(func(v *Visit) bool { return !v.Stored })
	for _, v := range created {
		// Ids are ranges of time, for partitions and for reading by time. And
		// another visit, made on another node, may have this one already.
		if again || v.ID.Time() != tracker.FirstVisitID(v.StartedAt).Time() {
			v.ID = w.ids.New(v.StartedAt)
		}
	}
	if err := b.identify(ctx, tx); err != nil {
		return err
	}
	b.sort()

	if len(created) > 0 {
		sortByKey(created)
		for _, v := range created {
			v.count(func(*Event) bool { return true })
		}
		n, err := tx.InsertVisits(ctx, created)
		if err != nil {
			return fmt.Errorf("insert visits: %w", err)
		}
		if n < len(created) {
			return errStale
		}
	}
	stored := b.where(func(v *Visit) bool { return v.Stored })
	sortByID(stored)
	if stubs := filter(stored, func(v *Visit) bool { return v.StoredStub && v.Whole != nil }); len(stubs) > 0 {
		if err := tx.EnrichVisits(ctx, stubs); err != nil {
			return fmt.Errorf("enrich visits: %w", err)
		}
	}
	if err := b.writeIdentities(ctx, tx); err != nil {
		return err
	}
	amended := filter(stored, func(v *Visit) bool { return v.UserID != v.StoredUser || v.StartedAt.Before(v.StoredStart) })
	if len(amended) > 0 {
		if err := tx.AmendVisits(ctx, amended); err != nil {
			return fmt.Errorf("amend visits: %w", err)
		}
	}
	if err := b.writeEvents(ctx, tx, again); err != nil {
		return err
	}
	if len(stored) > 0 {
		for _, v := range stored {
			v.count(func(e *Event) bool { return e.New })
		}
		n, err := tx.AddActivity(ctx, stored)
		if err != nil {
			return fmt.Errorf("add activity: %w", err)
		}
		if n < len(stored) {
			return errStale
		}
	}
	return nil
}

// writeEvents inserts the batch's events. At the first try those that are
// likely new go the quick way, which one repeated event breaks off.
func (b *batch) writeEvents(ctx context.Context, tx Tx, again bool) error {
	if len(b.events) == 0 {
		return nil
	}
	if len(b.terms) > 0 {
		if err := tx.InsertTerms(ctx, b.terms); err != nil {
			return fmt.Errorf("insert terms: %w", err)
		}
	}
	// What tells engaged time is often a page view's second coming.
	likely := func(e *Event) bool { return !again && !(e.Engaged > 0 && e.Visit.Stored) }
	if others := filter(b.events, func(e *Event) bool { return !likely(e) }); len(others) > 0 {
		if err := tx.InsertEvents(ctx, others); err != nil {
			return fmt.Errorf("insert events: %w", err)
		}
	}
	if fresh := filter(b.events, likely); len(fresh) > 0 {
		if err := tx.AppendEvents(ctx, fresh); err != nil {
			return fmt.Errorf("append events: %w", err)
		}
		for _, e := range fresh {
			e.New = true
		}
	}
	raise := filter(b.events, func(e *Event) bool { return !e.New && e.Engaged > 0 })
	if len(raise) > 0 {
		if err := tx.RaiseEngaged(ctx, raise); err != nil {
			return fmt.Errorf("raise engaged time: %w", err)
		}
	}
	touches := filter(b.events, func(e *Event) bool { return e.New && e.Touch != nil })
	if len(touches) > 0 {
		if err := tx.InsertTouches(ctx, touches); err != nil {
			return fmt.Errorf("insert touches: %w", err)
		}
	}
	return nil
}

// Term is a page's path or title in the dictionary.
type Term struct {
	ID    int64
	Value string
}

const (
	noEntry = math.MaxInt64
	noExit  = math.MinInt64
)

// order is where a page view stands among those of its visit: its time in
// ms, and within it the order in its request.
func order(t time.Time, seq int) int64 { return t.UnixMilli()<<12 + int64(min(max(seq, 0), 4095)) }
