package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wake/tracker"
)

// fakeWriter keeps what it is given, like a store: by event id, once.
type fakeWriter struct {
	mu     sync.Mutex
	have   map[tracker.EventID]bool
	delay  time.Duration
	fail   func(batch []*tracker.Record) error // before writing
	after  func() error                        // the commit's answer is lost
	writes int
	sizes  []int
}

func (w *fakeWriter) Write(ctx context.Context, batch []*tracker.Record) error {
	if w.delay > 0 {
		select {
		case <-time.After(w.delay):
		case <-ctx.Done():
			return Temporary(ctx.Err())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes++
	w.sizes = append(w.sizes, len(batch))
	if w.fail != nil {
		if err := w.fail(batch); err != nil {
			return err
		}
	}
	if w.have == nil {
		w.have = make(map[tracker.EventID]bool)
	}
	for _, r := range batch {
		r.Result = tracker.Result{VisitID: r.Visit.ID, New: make([]bool, len(r.Events))}
		for i, e := range r.Events {
			r.Result.New[i] = !w.have[e.ID]
			w.have[e.ID] = true
		}
	}
	if w.after != nil {
		return w.after()
	}
	return nil
}

func record(id byte) *tracker.Record {
	return &tracker.Record{Visit: tracker.Visit{ID: tracker.VisitID(id) + 1}, Events: []tracker.Event{{ID: tracker.EventID{id, 1}}}}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestBatcherAnswersAfterCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWriter{delay: 5 * time.Millisecond}
		b := NewBatcher(w, BatcherConfig{Log: quiet})
		defer b.Close()
		began := time.Now()
		r := record(1)
		if err := b.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 5*time.Millisecond {
			t.Errorf("one alone took %s, the commit takes 5ms", took)
		}
		if !w.have[r.Events[0].ID] || !r.Result.New[0] {
			t.Error("answered, but not written")
		}
	})
}

// While one batch is written the others gather: 1,000 callers need few
// commits, however slow a commit is.
func TestBatcherGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWriter{delay: 5 * time.Millisecond}
		b := NewBatcher(w, BatcherConfig{Log: quiet, MaxBatch: 400})
		defer b.Close()
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				if err := b.Put(t.Context(), &tracker.Record{Events: []tracker.Event{{ID: tracker.EventID{byte(i), byte(i >> 8)}}}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if w.writes > 4 || len(w.have) != 1000 {
			t.Errorf("%d commits for %d events", w.writes, len(w.have))
		}
		if took := time.Since(began); took > 20*time.Millisecond {
			t.Errorf("took %s", took)
		}
		for _, n := range w.sizes {
			if n > 400 {
				t.Errorf("a batch of %d", n)
			}
		}
	})
}

func TestBatcherHoldsWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := true
		w := &fakeWriter{fail: func([]*tracker.Record) error {
			if away {
				return Temporary(errors.New("connection refused"))
			}
			return nil
		}}
		b := NewBatcher(w, BatcherConfig{Log: quiet})
		defer b.Close()

		set := func(to bool) { w.mu.Lock(); away = to; w.mu.Unlock() }
		// It comes back in time.
		time.AfterFunc(3*time.Second, func() { set(false) })
		if err := b.Put(t.Context(), record(1)); err != nil {
			t.Errorf("held for three seconds, then: %v", err)
		}
		// It stays away.
		set(true)
		began := time.Now()
		err := b.Put(t.Context(), record(2))
		var e *tracker.Error
		if !errors.As(err, &e) || e.Code != tracker.CodeUnavailable || e.RetryAfter <= 0 {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("waited %s", took)
		}
		set(false)
		if err := b.Put(t.Context(), record(3)); err != nil {
			t.Error(err)
		}
		if w.have[tracker.EventID{2, 1}] {
			t.Error("a record that was answered 503 was written afterwards")
		}
	})
}

// One record that cannot be written fails alone.
func TestBatcherFindsTheOneAtFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := tracker.EventID{13, 1}
		w := &fakeWriter{delay: time.Millisecond, fail: func(batch []*tracker.Record) error {
			for _, r := range batch {
				if r.Events[0].ID == bad {
					return errors.New("no such thing can be stored")
				}
			}
			return nil
		}}
		b := NewBatcher(w, BatcherConfig{Log: quiet})
		defer b.Close()
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				err := b.Put(t.Context(), record(byte(i)))
				if (err != nil) != (i == 13) {
					t.Errorf("record %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if len(w.have) != 39 {
			t.Errorf("%d of 39 written", len(w.have))
		}
	})
}

// A commit whose answer was lost is written again, harmlessly, and announced.
func TestBatcherLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := 1
		w := &fakeWriter{after: func() error {
			if lost > 0 {
				lost--
				return Temporary(errors.New("connection reset"))
			}
			return nil
		}}
		announced := 0
		b := NewBatcher(w, BatcherConfig{Log: quiet, OnCommit: func(recs []*tracker.Record) {
			for _, r := range recs {
				if r.Result.New[0] && r.Result.Created {
					announced++
				}
			}
		}})
		if err := b.Put(t.Context(), record(1)); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if announced != 1 || w.writes != 2 {
			t.Errorf("announced %d times after %d writes", announced, w.writes)
		}
	})
}

func TestBatcherBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWriter{delay: time.Second}
		b := NewBatcher(w, BatcherConfig{Log: quiet, MaxPending: 10})
		defer b.Close()
		var refused, taken atomic.Int32
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				switch err := b.Put(t.Context(), record(byte(i))); {
				case err == nil:
					taken.Add(1)
				case tracker.ErrorCode(err) == tracker.CodeUnavailable:
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 10 || refused.Load() != 20 {
			t.Errorf("%d taken, %d refused", taken.Load(), refused.Load())
		}
		if s := b.Stats(); s.Waiting != 0 || s.WaitingBytes != 0 || s.Refused != 20 {
			t.Errorf("afterwards: %+v", s)
		}
	})
}

// What a client makes long counts: URLs and titles, too.
func TestBatcherBoundsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("x", 2000)
		full := func() *tracker.Record {
			return &tracker.Record{
				Visit: tracker.Visit{Token: "a", Arrival: tracker.Arrival{LandingPage: long, Referrer: long}, Client: tracker.Client{UserAgent: long}},
				Events: []tracker.Event{{ID: tracker.NewEventID(), Path: long, Title: long, Properties: []byte(long),
					Touch: &tracker.Arrival{LandingPage: long, Referrer: long}}},
			}
		}
		w := &fakeWriter{delay: time.Second}
		b := NewBatcher(w, BatcherConfig{Log: quiet, MaxPendingBytes: 100_000})
		defer b.Close()
		var taken atomic.Int32
		var wg sync.WaitGroup
		for range 30 {
			wg.Go(func() {
				if b.Put(t.Context(), full()) == nil {
					taken.Add(1)
				}
			})
		}
		wg.Wait()
		if n := int(taken.Load()); n != 100_000/(8*2000+1536) {
			t.Errorf("%d records of 16 kB taken into 100 kB", n)
		}
	})
}

func TestBatcherClose(t *testing.T) {
	for _, writers := range []int{1, 4} {
		closeBatcher(t, writers)
	}
}

func closeBatcher(t *testing.T, writers int) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWriter{delay: 50 * time.Millisecond}
		b := NewBatcher(w, BatcherConfig{Log: quiet, Writers: writers})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := b.Put(context.Background(), record(byte(i))); err != nil {
					t.Errorf("%d was taken, then: %v", i, err)
				}
			})
		}
		synctest.Wait()
		b.Close()
		wg.Wait()
		if len(w.have) != 20 {
			t.Errorf("%d of 20 written", len(w.have))
		}
		if err := b.Put(context.Background(), record(99)); tracker.ErrorCode(err) != tracker.CodeUnavailable {
			t.Errorf("after Close: %v", err)
		}
	})
}

// Callers that come and go, a store that fails now and then in every way:
// who was answered well is written, once.
func TestBatcherStress(t *testing.T) {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(1, 2))
	chance := func(p float64) bool { mu.Lock(); defer mu.Unlock(); return rng.Float64() < p }
	w := &fakeWriter{
		fail: func([]*tracker.Record) error {
			if chance(0.05) {
				return Temporary(errors.New("deadlock"))
			}
			return nil
		},
		after: func() error {
			if chance(0.05) {
				return Temporary(errors.New("connection reset"))
			}
			return nil
		},
	}
	b := NewBatcher(w, BatcherConfig{Log: quiet, Hold: 200 * time.Millisecond, Writers: 3})
	var wg sync.WaitGroup
	for c := range 32 {
		wg.Go(func() {
			for i := range 50 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				if chance(0.1) {
					cancel()
				}
				r := &tracker.Record{Events: []tracker.Event{{ID: tracker.EventID{byte(c), byte(i), 1}}}}
				if err := b.Put(ctx, r); err == nil {
					w.mu.Lock()
					ok := w.have[r.Events[0].ID]
					w.mu.Unlock()
					if !ok || len(r.Result.New) != 1 {
						t.Error(fmt.Sprint("acknowledged, not written: ", c, i))
					}
				}
				cancel()
			}
		})
	}
	wg.Wait()
	b.Close()
	if s := b.Stats(); s.Waiting != 0 || s.WaitingBytes != 0 {
		t.Errorf("left over: %+v", s)
	}
}
