package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"wake/tracker"
)

// BatcherConfig bounds a Batcher. Zero values mean the defaults.
type BatcherConfig struct {
	// MaxPending is how many records may wait, 16,384 by default.
	MaxPending int
	// MaxPendingBytes is about how much memory they may hold, 64 MiB by default.
	MaxPendingBytes int
	// MaxBatch is how many records one transaction takes at most, 2,048 by default.
	MaxBatch int
	// Writers is how many transactions may be under way at a time, 1 by
	// default. More need a Writer that is safe for concurrent use, and help
	// where it waits for another process.
	Writers int
	// Hold is how long a record waits for a database that is away before its
	// caller is told so, 5 s by default. It also bounds one attempt to write.
	Hold time.Duration
	// OnCommit is called with each committed batch, one at a time; with one
	// writer in the order of commits. It must not block and must not keep the
	// slice. Nil: nobody listens.
	OnCommit func([]*tracker.Record)
	// Log gets what operators need to know. Nil: slog.Default().
	Log *slog.Logger
}

// Batcher is the way into a Writer for many callers at once: group commit.
// Records that arrive while one batch is being written form the next, so one
// transaction serves all who wait, and who comes alone waits for nobody.
//
// What Put acknowledged is committed. A batch that fails for a reason that
// may pass is tried again until its records have waited Hold; one that fails
// for good is halved until the record at fault stands alone. Safe for
// concurrent use.
type Batcher struct {
	w   Writer
	cfg BatcherConfig

	mu     sync.Mutex
	queue  []*entry
	held   int // entries not answered yet, those being written included
	bytes  int // about their memory
	closed bool

	wake     chan struct{} // capacity Writers: look at the queue
	writers  sync.WaitGroup
	free     sync.Pool  // of *entry: a channel for each request would be garbage
	announce sync.Mutex // one OnCommit at a time

	commits, records, retries, refused atomic.Int64
}

// entry is a record on its way.
type entry struct {
	rec   *tracker.Record
	bytes int
	since time.Time
	err   error
	done  chan struct{} // capacity 1: err and rec.Result are set
}

// BatcherStats is what a Batcher did since it was made.
type BatcherStats struct {
	Waiting      int   // records not answered yet
	WaitingBytes int   // about their memory
	Commits      int64 // transactions
	Records      int64 // records in them
	Retries      int64 // attempts that failed for a passing reason
	Refused      int64 // records turned away: too many, or the database was away too long
}

// NewBatcher starts a Batcher over w. Close it.
func NewBatcher(w Writer, cfg BatcherConfig) *Batcher {
	if cfg.MaxPending <= 0 {
		cfg.MaxPending = 16 << 10
	}
	if cfg.MaxPendingBytes <= 0 {
		cfg.MaxPendingBytes = 64 << 20
	}
	if cfg.MaxBatch <= 0 {
		cfg.MaxBatch = 2 << 10
	}
	if cfg.Hold <= 0 {
		cfg.Hold = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	cfg.Writers = max(cfg.Writers, 1)
	b := &Batcher{w: w, cfg: cfg, wake: make(chan struct{}, cfg.Writers)}
	b.free.New = func() any { return &entry{done: make(chan struct{}, 1)} }
	for range cfg.Writers {
		b.writers.Go(b.run)
	}
	return b
}

// Put writes r and returns when it is committed; r.Result is set then.
// CodeUnavailable means that it may be tried again; every other error is
// final for this record. If ctx ends first the record may or may not be
// written.
func (b *Batcher) Put(ctx context.Context, r *tracker.Record) error {
	size := weight(r)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return tracker.Unavailable(time.Second, errors.New("shutting down"))
	}
	if b.held >= b.cfg.MaxPending || b.bytes+size > b.cfg.MaxPendingBytes {
		b.mu.Unlock()
		b.refused.Add(1)
		return tracker.Unavailable(time.Second, errors.New("too many records are waiting to be written"))
	}
	e := b.free.Get().(*entry)
	e.rec, e.bytes, e.since, e.err = r, size, time.Now(), nil
	b.queue = append(b.queue, e)
	b.held++
	b.bytes += size
	b.mu.Unlock()
	b.signal()

	select {
	case <-e.done:
		err := e.err
		e.rec = nil
		b.free.Put(e)
		return err
	case <-ctx.Done():
		return tracker.Unavailable(time.Second, ctx.Err()) // e is left to run
	}
}

// Close takes no more records, writes those that wait (for Hold at the most,
// each) and returns when that is done. Stats and Put stay safe to call.
func (b *Batcher) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	for range b.cfg.Writers {
		b.signal()
	}
	b.writers.Wait()
}

// Stats says how things stand.
func (b *Batcher) Stats() BatcherStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return BatcherStats{
		Waiting: b.held, WaitingBytes: b.bytes,
		Commits: b.commits.Load(), Records: b.records.Load(),
		Retries: b.retries.Load(), Refused: b.refused.Load(),
	}
}

func (b *Batcher) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run is one writer.
func (b *Batcher) run() {
	var recs []*tracker.Record
	for {
		batch, closed := b.take()
		if len(batch) == 0 {
			if closed {
				return
			}
			<-b.wake
			continue
		}
		recs = b.write(batch, recs[:0])
		clear(recs)
	}
}

// take is the next batch, oldest first.
func (b *Batcher) take() (batch []*entry, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) <= b.cfg.MaxBatch {
		batch, b.queue = b.queue, nil
	} else {
		batch = b.queue[:b.cfg.MaxBatch:b.cfg.MaxBatch]
		b.queue = b.queue[b.cfg.MaxBatch:]
	}
	return batch, b.closed
}

// write writes a batch and answers each entry of it. recs is scratch space.
func (b *Batcher) write(batch []*entry, recs []*tracker.Record) []*tracker.Record {
	unsure := false // an attempt failed, and may have been committed all the same
	for wait := 25 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		recs = recs[:0]
		for _, e := range batch {
			recs = append(recs, e.rec)
		}
		ctx, cancel := context.WithTimeout(context.Background(), b.cfg.Hold)
		err := b.w.Write(ctx, recs)
		late := ctx.Err() != nil
		cancel()
		if err == nil {
			b.commits.Add(1)
			b.records.Add(int64(len(batch)))
			if unsure {
				claim(recs)
			}
			if b.cfg.OnCommit != nil {
				b.announce.Lock()
				b.cfg.OnCommit(recs)
				b.announce.Unlock()
			}
			b.answer(batch, nil)
			return recs
		}
		if !late && !IsTemporary(err) {
			return b.split(batch, recs, err)
		}
		unsure = true
		b.retries.Add(1)
		b.cfg.Log.Warn("writing to the store failed, trying again", "records", len(batch), "in", wait, "err", err)
		if batch = b.expire(batch, err); len(batch) == 0 {
			return recs
		}
		time.Sleep(wait)
		if batch = b.expire(batch, err); len(batch) == 0 {
			return recs
		}
	}
}

// split writes the halves of a batch that cannot be written as a whole, down
// to the record that is at fault.
func (b *Batcher) split(batch []*entry, recs []*tracker.Record, err error) []*tracker.Record {
	if len(batch) == 1 {
		b.cfg.Log.Error("a record cannot be written", "visit_token_length", len(batch[0].rec.Visit.Token), "events", len(batch[0].rec.Events), "err", err)
		b.answer(batch, err)
		return recs
	}
	half := len(batch) / 2
	recs = b.write(batch[:half:half], recs)
	return b.write(batch[half:], recs)
}

// expire answers the entries that have waited long enough, those that came
// meanwhile included, and returns what is left of the batch.
func (b *Batcher) expire(batch []*entry, err error) []*entry {
	limit := time.Now().Add(-b.cfg.Hold)
	unavailable := tracker.Unavailable(2*time.Second, err)
	part := func(all []*entry) []*entry {
		n := 0
		for n < len(all) && !all[n].since.After(limit) { // oldest first
			n++
		}
		b.refused.Add(int64(n))
		b.answer(all[:n], unavailable)
		return all[n:]
	}
	batch = part(batch)
	b.mu.Lock()
	n := 0
	for n < len(b.queue) && !b.queue[n].since.After(limit) {
		n++
	}
	old := b.queue[:n:n]
	b.queue = b.queue[n:]
	b.mu.Unlock()
	part(old)
	return batch
}

// answer tells the callers.
func (b *Batcher) answer(batch []*entry, err error) {
	bytes := 0
	for _, e := range batch {
		bytes += e.bytes
	}
	b.mu.Lock()
	b.held -= len(batch)
	b.bytes -= bytes
	b.mu.Unlock()
	for _, e := range batch {
		e.err = err
		e.done <- struct{}{}
	}
}

// claim marks as new what this batch wrote, or may have written when it was
// tried before: better announced twice than not at all.
func claim(recs []*tracker.Record) {
	for _, r := range recs {
		r.Result.Created = r.Result.VisitID == r.Visit.ID
		for i := range r.Result.New {
			r.Result.New[i] = true
		}
	}
}

// weight is about how much memory a record holds while it waits: its parts,
// and the texts of it that a client can make long.
func weight(r *tracker.Record) int {
	n := 1024 + len(r.Traits) + len(r.Visit.UserAgent) + arrivalWeight(&r.Visit.Arrival)
	for i := range r.Events {
		e := &r.Events[i]
		n += 256 + len(e.Properties) + len(e.Path) + len(e.Title)
		if e.Touch != nil {
			n += 256 + arrivalWeight(e.Touch)
		}
	}
	return n
}

func arrivalWeight(a *tracker.Arrival) int {
	return len(a.LandingPage) + len(a.Referrer) + len(a.Keyword) + len(a.ClickID) +
		len(a.UTMSource) + len(a.UTMMedium) + len(a.UTMTerm) + len(a.UTMContent) + len(a.UTMCampaign)
}
