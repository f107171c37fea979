package store

import (
	"context"
	"time"

	"wake/tracker"
)

// Patient asks again, for as long as a hit may be held, what a store that is
// away could not answer; then it says CodeUnavailable. It is for what the
// collector has to know before it can put a record. Safe for concurrent use.
type Patient struct {
	Visits Visits
	Salts  Salts
	Hold   time.Duration // 5 s when it is 0
}

// LastVisit is Visits'.
func (p Patient) LastVisit(ctx context.Context, site int64, visitor tracker.VisitorID, notAfter time.Time) (tracker.VisitRef, bool, error) {
	var found bool
	ref, err := patiently(ctx, p.Hold, func(ctx context.Context) (ref tracker.VisitRef, err error) {
		ref, found, err = p.Visits.LastVisit(ctx, site, visitor, notAfter)
		return ref, err
	})
	return ref, found && err == nil, err
}

// Salt is Salts'.
func (p Patient) Salt(ctx context.Context, day string) ([]byte, error) {
	return patiently(ctx, p.Hold, func(ctx context.Context) ([]byte, error) { return p.Salts.Salt(ctx, day) })
}

func patiently[T any](ctx context.Context, hold time.Duration, ask func(context.Context) (T, error)) (T, error) {
	if hold <= 0 {
		hold = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, hold) // an attempt may hang, too
	defer cancel()
	for wait := 25 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		v, err := ask(ctx)
		if err == nil || ctx.Err() == nil && !IsTemporary(err) {
			return v, err
		}
		select {
		case <-ctx.Done():
			var none T
			return none, tracker.Unavailable(2*time.Second, err)
		case <-time.After(wait):
		}
	}
}
