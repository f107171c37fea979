package tracker

import (
	"net/netip"
	"time"
)

// Hit is one request of a client as a wire decoded it: nothing in it is
// trusted, checked or enriched yet. Strings may be longer than what is kept.
type Hit struct {
	// Who asks, from the connection and its headers.
	Received   time.Time  // server's clock
	Address    netip.Addr // the client's, behind trusted proxies
	UserAgent  string
	Hints      Hints  // Sec-CH-UA-… headers
	Language   string // Accept-Language
	DoNotTrack bool   // DNT: 1 or Sec-GPC: 1

	// Which site: by key, else by the page's host.
	SiteKey string
	Host    string // of the page: Origin, else Referer, else the landing page; "" unknown

	// Who it says it is.
	VisitToken    string
	VisitorToken  string
	UserID        string
	UserSignature string // hex HMAC of UserID, see Settings.IdentifySecret
	Traits        []byte // JSON object or nil

	// Trusted says that the sender showed a write key: user ids need no
	// signature, times are believed, bots and do-not-track are its matter.
	Trusted bool
	// Cookieless says that the client keeps no tokens on purpose.
	Cookieless bool
	// Anonymity overrides the site's way of telling cookieless visitors apart.
	Anonymity *AnonymitySet
	// StampNow is Ahoy's time rule: an event time outside [received - 1 min,
	// received] is replaced by received.
	StampNow bool

	// Visit is set when the hit tells how the visit began; nil when it
	// carries events only.
	Visit  *HitVisit
	Events []HitEvent
}

// HitVisit is what a client tells of the beginning of its visit.
type HitVisit struct {
	StartedAt    time.Time // zero: now
	LandingPage  string
	Referrer     string
	UTMSource    string
	UTMMedium    string
	UTMTerm      string
	UTMContent   string
	UTMCampaign  string
	Language     string
	TimeZone     string
	ScreenWidth  int
	ScreenHeight int
	Platform     string
	AppVersion   string
	OSVersion    string
}

// HitEvent is one event of a hit.
type HitEvent struct {
	ID         string    // "" : the collector gives one
	Name       string    //
	Time       time.Time // by the server's clock; zero: now
	URL        string    // page, absolute or a path
	Title      string    //
	Referrer   string    // document.referrer at this page view
	Properties []byte    // JSON object or nil
	Revenue    string    // decimal, "" none
	Currency   string    // ISO 4217
	EngagedMS  int64
}

// Hints are the user agent client hints as sent (Sec-CH-UA-…).
type Hints struct {
	UA              string
	Mobile          string
	Platform        string
	PlatformVersion string
	Model           string
	FullVersionList string
	FormFactors     string
}

// Receipt is the collector's answer when the hit is durable (or was left out
// on purpose).
type Receipt struct {
	VisitID      VisitID
	VisitToken   string // as stored: the client's, else the derived one
	VisitorToken string
	Accepted     int    // events stored now or before
	Excluded     string // why nothing was stored, "" when it was
	Errors       []ItemError
}

// ItemError says why one event of a hit was not taken; the others were.
type ItemError struct {
	Index   int    `json:"index"`
	Code    Code   `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}
