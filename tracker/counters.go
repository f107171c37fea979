package tracker

import "sync/atomic"

// Counters count what the collector did since it was made. Safe for
// concurrent use; read them with Load.
type Counters struct {
	Hits     atomic.Int64 // answered with success, nothing left out
	Events   atomic.Int64 // durable events, repeated ones included
	Refused  atomic.Int64 // hits with an error that is the caller's
	Items    atomic.Int64 // single events refused in hits that were taken
	Excluded atomic.Int64 // hits left out on purpose
	Limited  atomic.Int64 // hits over the rate limit
	Failed   atomic.Int64 // hits with an error that is ours
}

func (c *Counters) count(r Receipt, err error) {
	switch code := ErrorCode(err); {
	case code == CodeRateLimited:
		c.Limited.Add(1)
	case code == CodeUnavailable || code == CodeInternal:
		c.Failed.Add(1)
	case err != nil:
		c.Refused.Add(1)
	case r.Excluded != "":
		c.Excluded.Add(1)
	default:
		c.Hits.Add(1)
		c.Events.Add(int64(r.Accepted))
		if len(r.Errors) > 0 {
			c.Items.Add(int64(len(r.Errors)))
		}
	}
}
