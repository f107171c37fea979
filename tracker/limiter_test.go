package tracker

import (
	"net/netip"
	"testing"
	"time"
)

func TestTokenBuckets(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	l := NewTokenBuckets(10, 20, func() time.Time { return now })
	a, b := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.8")
	allow := func(site int64, addr netip.Addr, n int, want bool) {
		t.Helper()
		if wait, ok := l.Allow(site, addr, n); ok != want || (wait > 0) == ok {
			t.Errorf("%v after %s, want %v", ok, wait, want)
		}
	}
	allow(1, a, 20, true) // the burst
	allow(1, a, 1, false)
	allow(1, b, 20, true) // another address
	allow(2, a, 20, true) // another site
	now = now.Add(time.Second)
	allow(1, a, 10, true) // refilled by the rate
	allow(1, a, 1, false)
	if wait, _ := l.Allow(1, a, 5); wait != 500*time.Millisecond {
		t.Errorf("wait %s for 5 at 10 a second", wait)
	}
	now = now.Add(time.Hour)
	allow(1, a, 1000, true) // more than a burst counts as one
	allow(1, a, 1, false)
	// IPv6 by /64, IPv4-mapped as IPv4.
	allow(3, netip.MustParseAddr("2001:db8::1"), 20, true)
	allow(3, netip.MustParseAddr("2001:db8::2"), 1, false)
	allow(3, netip.MustParseAddr("2001:db8:0:1::1"), 1, true)
	allow(1, netip.MustParseAddr("::ffff:203.0.113.7"), 1, false)
	// The clock is set back.
	now = now.Add(-time.Hour)
	allow(1, a, 1, false)
	now = now.Add(time.Second)
	allow(1, a, 10, true)
}

func TestTokenBucketsAreBounded(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	l := NewTokenBuckets(10, 20, func() time.Time { return now })
	for i := range 600_000 {
		l.Allow(1, netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), 1)
	}
	held := 0
	for i := range l.shards {
		held += len(l.shards[i].now) + len(l.shards[i].old)
	}
	if held > 2*16*bucketsPerShard {
		t.Errorf("%d buckets held", held)
	}
}
