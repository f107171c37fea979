package bayeux

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// wheel is the one timer of a server: a ring of slots that each hold the
// deadlines of one tick. A deadline that moves to a later time, which every
// sign of life does, costs one comparison; it is looked at when its old time
// comes and put back.
type wheel struct {
	start time.Time
	mu    sync.Mutex
	tick  int64 // the last tick that has been handled
	slots [wheelSlots]deadline
}

const (
	wheelSlots = 1024
	wheelTick  = 100 // ms; deadlines are late by at most this
	never      = math.MaxInt64
)

// expirer is what has a deadline. expire is called when the time that was set
// has come; it looks at its own state and returns when to be called next, or
// never. It must not block.
type expirer interface{ expire(now int64) (next int64) }

// deadline links an expirer into the wheel. The zero value is unlinked.
type deadline struct {
	next, prev *deadline
	at         atomic.Int64 // ms; when it will be looked at, 0 when unlinked
	owner      expirer
}

func newWheel() *wheel {
	w := &wheel{start: time.Now()}
	for i := range w.slots {
		w.slots[i].next, w.slots[i].prev = &w.slots[i], &w.slots[i]
	}
	return w
}

// now is ms since the wheel was made.
func (w *wheel) now() int64 { return int64(time.Since(w.start) / time.Millisecond) }

// set makes sure that d's owner is asked at the time at (ms), or before.
func (w *wheel) set(d *deadline, at int64) {
	if old := d.at.Load(); old != 0 && old <= at {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := d.at.Load(); old == 0 || old > at {
		w.unlink(d)
		w.link(d, at)
	}
}

// stop takes d out; its owner may still be asked once.
func (w *wheel) stop(d *deadline) {
	w.mu.Lock()
	w.unlink(d)
	d.at.Store(0)
	w.mu.Unlock()
}

func (w *wheel) link(d *deadline, at int64) {
	tick := max((at+wheelTick-1)/wheelTick, w.tick+1)
	tick = min(tick, w.tick+wheelSlots-1)
	d.at.Store(min(at, tick*wheelTick))
	head := &w.slots[tick%wheelSlots]
	d.next, d.prev = head, head.prev
	head.prev.next, head.prev = d, d
}

func (w *wheel) unlink(d *deadline) {
	if d.next != nil {
		d.next.prev, d.prev.next = d.prev, d.next
		d.next, d.prev = nil, nil
	}
}

// run turns the wheel until stop is closed.
func (w *wheel) run(stop <-chan struct{}) {
	t := time.NewTicker(wheelTick * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			w.turn(w.now())
		}
	}
}

func (w *wheel) turn(now int64) {
	for {
		w.mu.Lock()
		if (w.tick+1)*wheelTick > now {
			w.mu.Unlock()
			return
		}
		w.tick++
		head := &w.slots[w.tick%wheelSlots]
		for head.next != head {
			d := head.next
			w.unlink(d)
			// From here on set links d again if it asks for an earlier time
			// than its owner does.
			d.at.Store(never)
			w.mu.Unlock()
			next := d.owner.expire(now)
			w.mu.Lock()
			switch {
			case d.at.Load() == 0: // stopped meanwhile
			case next == never && d.next == nil:
				d.at.Store(0)
			case next < d.at.Load():
				w.unlink(d)
				w.link(d, next)
			}
		}
		w.mu.Unlock()
	}
}
