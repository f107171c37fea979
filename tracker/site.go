package tracker

import (
	"net/netip"
	"strings"
	"time"
)

// Site is one website (or app) whose visits are kept apart from all others.
type Site struct {
	ID        int64     // row id, ascending from 1
	Key       string    // public, stands in the snippet: [a-z0-9]{4,32}
	Name      string    // for people
	Hosts     []string  // hosts whose pages may send hits, "*.shop.example" allowed; none: any host
	TimeZone  string    // IANA name in which days begin, "UTC" by default
	Settings  Settings  //
	CreatedAt time.Time //
}

// Settings is what a site's owner may choose. The zero value is the default
// of each, so stored settings stay small and new ones need no migration.
type Settings struct {
	// VisitRule says when a visit without a token of its own ends.
	VisitRule VisitRule `json:"visit_rule,omitempty"`
	// VisitTimeout is, in seconds, the idle time after which a visit ends
	// (VisitIdle, default 1800), or its whole length (VisitFixed, default 14400).
	VisitTimeout int `json:"visit_timeout,omitempty"`
	// Cookieless ignores client tokens: every visitor is an anonymity set.
	Cookieless bool `json:"cookieless,omitempty"`
	// AnonymitySet chooses how a visitor without a token is told apart.
	AnonymitySet AnonymitySet `json:"anonymity_set,omitempty"`
	// IgnoreDoNotTrack records visitors who send DNT: 1 or Sec-GPC: 1 too.
	IgnoreDoNotTrack bool `json:"ignore_do_not_track,omitempty"`
	// FullAddresses stores addresses unmasked. By default they are cut to
	// /24 (IPv4) or /48 (IPv6) before anything is stored or looked up.
	FullAddresses bool `json:"full_addresses,omitempty"`
	// DropUserAgent does not store the raw user agent.
	DropUserAgent bool `json:"drop_user_agent,omitempty"`
	// DropBots does not store bots at all. By default they are kept, marked.
	DropBots bool `json:"drop_bots,omitempty"`
	// ExcludeAddresses are addresses and prefixes whose hits are not stored.
	ExcludeAddresses []string `json:"exclude_addresses,omitempty"`
	// IdentifySecret, when set, makes browsers prove user ids by
	// hex(HMAC-SHA256(secret, user id)); ids without it are ignored.
	IdentifySecret string `json:"identify_secret,omitempty"`
	// RetentionDays deletes visits that are older; 0 keeps them.
	RetentionDays int `json:"retention_days,omitempty"`
	// KeepQuery counts pages with their query string.
	KeepQuery bool `json:"keep_query,omitempty"`
}

// VisitRule is the rule by which the server ends visits.
type VisitRule string

const (
	VisitIdle  VisitRule = ""      // ends after a time without a sign of life
	VisitFixed VisitRule = "fixed" // ends a fixed time after its start, as in Ahoy
)

// AnonymitySet is the way to derive a visitor from what every request shows.
type AnonymitySet string

const (
	// AnonymityDaily is HMAC(salt of the day, site, masked address, user
	// agent); the salt is thrown away after two days.
	AnonymityDaily AnonymitySet = ""
	// AnonymityAhoy is Ahoy's UUIDv5 of masked address and user agent.
	AnonymityAhoy AnonymitySet = "ahoy"
)

// Timeout is the length that goes with the visit rule.
func (s *Settings) Timeout() time.Duration {
	switch {
	case s.VisitTimeout > 0:
		return time.Duration(s.VisitTimeout) * time.Second
	case s.VisitRule == VisitFixed:
		return 4 * time.Hour
	default:
		return 30 * time.Minute
	}
}

// AllowsHost reports whether a page on host (lower case, no port) may send
// hits to the site. A pattern "*.shop.example" also allows shop.example.
func (s *Site) AllowsHost(host string) bool {
	if len(s.Hosts) == 0 {
		return true
	}
	return s.OwnsHost(host)
}

// OwnsHost reports whether host is on the site's list.
func (s *Site) OwnsHost(host string) bool {
	for _, h := range s.Hosts {
		if h == host {
			return true
		}
		if rest, ok := strings.CutPrefix(h, "*."); ok && (host == rest || strings.HasSuffix(host, h[1:])) {
			return true
		}
	}
	return false
}

// excludes reports whether hits of addr are not to be stored.
func (s *Settings) excludes(addr netip.Addr) bool {
	for _, e := range s.ExcludeAddresses {
		if p, err := netip.ParsePrefix(e); err == nil {
			if p.Contains(addr) {
				return true
			}
		} else if a, err := netip.ParseAddr(e); err == nil && a.Unmap() == addr {
			return true
		}
	}
	return false
}
