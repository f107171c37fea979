package tracker

import (
	"net/netip"
	"sync"
	"time"
)

// TokenBuckets is a Limiter: each address of each site may send rate events
// a second on average, and burst at once. IPv6 addresses count by their /64.
// Memory is bounded; a flood of addresses forgets the oldest, which then
// start with a full bucket. Safe for concurrent use.
type TokenBuckets struct {
	rate, burst float64
	now         func() time.Time
	shards      [16]bucketShard
}

type bucketShard struct {
	mu       sync.Mutex
	now, old map[bucketKey]bucket // two generations, see package recent
}

type bucketKey struct {
	site int64
	addr netip.Addr
}

type bucket struct {
	tokens float64
	at     int64 // ns
}

const bucketsPerShard = 16 << 10

// NewTokenBuckets is a limiter of rate a second and burst at once, by the
// clock now.
func NewTokenBuckets(rate, burst float64, now func() time.Time) *TokenBuckets {
	t := &TokenBuckets{rate: rate, burst: max(burst, 1), now: now}
	for i := range t.shards {
		t.shards[i].now = make(map[bucketKey]bucket)
	}
	return t
}

// Allow takes n from the budget of addr on site, or says how long to wait
// until n would be there. Requests for more than a burst count as a burst.
func (t *TokenBuckets) Allow(site int64, addr netip.Addr, n int) (time.Duration, bool) {
	if addr = addr.Unmap(); addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	k := bucketKey{site, addr}
	raw := addr.As16()
	s := &t.shards[(raw[3]^raw[7]^raw[14]^raw[15]^byte(site))&15]
	now := t.now().UnixNano()
	need := min(float64(n), t.burst)

	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.now[k]
	if !ok {
		if b, ok = s.old[k]; !ok {
			b = bucket{tokens: t.burst, at: now}
		}
		if len(s.now) >= bucketsPerShard {
			s.old, s.now = s.now, make(map[bucketKey]bucket)
		}
	}
	b.tokens = min(t.burst, b.tokens+t.rate*float64(max(now-b.at, 0))/1e9)
	b.at = now // also when the clock was set back, or nothing would come in until then
	if b.tokens < need {
		s.now[k] = b
		wait := time.Duration((need - b.tokens) / t.rate * 1e9)
		return wait, false
	}
	b.tokens -= need
	s.now[k] = b
	return 0, true
}
