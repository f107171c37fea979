package tracker

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"
	"unicode/utf8"
)

// Bounds of what is kept; longer text is cut, larger requests are refused
// by the wires.
const (
	MaxEventsPerHit  = 100
	MaxName          = 128
	MaxURL           = 2048
	MaxTitle         = 512
	MaxUserID        = 128
	MaxUserAgent     = 1024
	MaxProperties    = 8 << 10
	MaxEventAge      = 7 * 24 * time.Hour
	maxShort         = 255 // every other text
	ahoyTimeWindow   = time.Minute
	maxScreen        = 1 << 15
	maxEngagedMS     = int64(24 * time.Hour / time.Millisecond)
	maxEventIDLength = 64
)

// Sink takes records and answers when they are durable: after the
// transaction that holds them has committed. It sets each one's Result.
type Sink interface {
	Put(ctx context.Context, r *Record) error
}

// Sites finds the site a hit belongs to.
type Sites interface {
	// SiteByKey is the site with this key.
	SiteByKey(key string) (*Site, bool)
	// SiteByHost is the site that owns the host, else the one that lets any
	// host in.
	SiteByHost(host string) (*Site, bool)
}

// Places says where an address is; the zero Place when it is not known.
type Places interface {
	Place(addr netip.Addr) Place
}

// Devices says what a user agent is.
type Devices interface {
	Device(userAgent string, h Hints) Device
}

// Sources says where a visit came from. Landing and referrer are URLs as the
// page sent them; utm holds campaign parameters that win over the landing
// page's; owns says which hosts are the site's own.
type Sources interface {
	Arrival(landing, referrer string, utm HitVisit, owns func(host string) bool) Arrival
	// Page is the host and the path that a page URL counts as.
	Page(rawURL string, keepQuery bool) (host, path string)
}

// Limiter bounds how much one address may send to one site.
type Limiter interface {
	// Allow takes n from the budget, or says how long to wait.
	Allow(site int64, addr netip.Addr, n int) (wait time.Duration, ok bool)
}

// Parts are what a collector works with. All but Limiter and Now must be set.
type Parts struct {
	Sites   Sites
	Visits  Visits
	Salts   Salts
	Places  Places
	Devices Devices
	Sources Sources
	Sink    Sink
	Limiter Limiter          // nil: no limit
	Now     func() time.Time // nil: time.Now
}

// Collector turns hits into records: it finds the site, decides who it was
// and which visit, places and classes them, applies what the site's owner
// chose about privacy, and hands the record to the sink. It is safe for
// concurrent use.
type Collector struct {
	Parts
	Counters Counters

	ids      IDs
	sessions sessions
}

// NewCollector is a collector over these parts.
func NewCollector(parts Parts) *Collector {
	if parts.Now == nil {
		parts.Now = time.Now
	}
	c := &Collector{Parts: parts}
	c.sessions.init(parts.Visits, parts.Salts)
	return c
}

// Collect records a hit. When it returns without an error and the receipt
// has no Excluded reason, everything accepted is durable. Errors are *Error.
func (c *Collector) Collect(ctx context.Context, h *Hit) (Receipt, error) {
	receipt, err := c.collect(ctx, h)
	c.Counters.count(receipt, err)
	return receipt, err
}

func (c *Collector) collect(ctx context.Context, h *Hit) (Receipt, error) {
	if h.Received.IsZero() {
		h.Received = c.Now()
	}
	h.Received = h.Received.Truncate(time.Millisecond)
	if h.Received.UnixMilli() < visitIDEpoch { // ids tell no earlier time
		h.Received = time.UnixMilli(visitIDEpoch).UTC()
	}
	site, err := c.site(h)
	if err != nil {
		return Receipt{}, err
	}
	receipt := Receipt{VisitToken: h.VisitToken, VisitorToken: h.VisitorToken}
	if !h.Trusted {
		if reason := excluded(site, h); reason != "" {
			receipt.Excluded = reason
			return receipt, nil
		}
		if c.Limiter != nil {
			if wait, ok := c.Limiter.Allow(site.ID, h.Address, max(len(h.Events), 1)); !ok {
				return receipt, &Error{Code: CodeRateLimited, Message: "too many hits from this address", RetryAfter: wait}
			}
		}
	}
	if h.Visit == nil && len(h.Events) == 0 && h.UserID == "" {
		return receipt, Invalid("events", "nothing to record: neither a landing page nor an event")
	}
	if len(h.Events) > MaxEventsPerHit {
		return receipt, Invalid("events", "at most %d events a request", MaxEventsPerHit)
	}

	rec := &Record{}
	v := &rec.Visit
	v.SiteID = site.ID
	v.Device = c.Devices.Device(clip(h.UserAgent, MaxUserAgent), h.Hints)
	if v.Bot != "" && site.Settings.DropBots && !h.Trusted {
		receipt.Excluded = "bot"
		return receipt, nil
	}
	c.client(v, site, h)
	c.user(rec, site, h)
	receipt.Errors = c.events(rec, site, h)
	if h.Visit == nil && len(rec.Events) == 0 && v.UserID == "" {
		return receipt, nil // every event was refused, and the receipt says why
	}
	goesOn, err := c.identity(ctx, rec, site, h)
	if err != nil {
		return receipt, err
	}
	c.arrival(rec, site, h, goesOn)

	if err := c.Sink.Put(ctx, rec); err != nil {
		return receipt, asError(err)
	}
	receipt.VisitID = rec.Result.VisitID
	receipt.VisitToken = v.Token
	receipt.VisitorToken = v.Visitor.Token
	receipt.Accepted = len(rec.Events)
	return receipt, nil
}

// site finds the hit's site and checks that the page may speak for it.
func (c *Collector) site(h *Hit) (*Site, error) {
	if h.SiteKey == "" {
		site, ok := c.Sites.SiteByHost(h.Host)
		if !ok {
			return nil, &Error{Code: CodeUnknownSite, Field: "site", Message: "no site has this key or host"}
		}
		return site, nil
	}
	site, ok := c.Sites.SiteByKey(h.SiteKey)
	if !ok {
		return nil, &Error{Code: CodeUnknownSite, Field: "site", Message: "no site has this key"}
	}
	// A missing host (an app, a server) proves nothing, a wrong one does.
	if h.Host != "" && !h.Trusted && !site.AllowsHost(h.Host) {
		return nil, &Error{Code: CodeHostRefused, Field: "site", Message: "pages of this host may not send to this site"}
	}
	return site, nil
}

// excluded is the reason for which a hit is left out, or "".
func excluded(site *Site, h *Hit) string {
	if h.DoNotTrack && !site.Settings.IgnoreDoNotTrack {
		return "do-not-track"
	}
	if site.Settings.excludes(h.Address) {
		return "address"
	}
	return ""
}

// client fills in what the connection and the client say.
func (c *Collector) client(v *Visit, site *Site, h *Hit) {
	addr := h.Address.Unmap()
	if !site.Settings.FullAddresses {
		addr = MaskAddress(addr)
	}
	if addr.IsValid() {
		v.Address = addr.String()
		v.Place = c.Places.Place(addr)
	}
	if !site.Settings.DropUserAgent {
		v.UserAgent = cleanText(h.UserAgent, MaxUserAgent)
	}
	v.Language = firstLanguage(h.Language)
	hv := h.Visit
	if hv == nil {
		return
	}
	if hv.Language != "" {
		v.Language = cleanText(hv.Language, 35) // RFC 5646 §4.4.1
	}
	v.TimeZone = cleanText(hv.TimeZone, 64)
	v.ScreenWidth = screen(hv.ScreenWidth)
	v.ScreenHeight = screen(hv.ScreenHeight)
	v.Platform = cleanText(hv.Platform, maxShort)
	v.AppVersion = cleanText(hv.AppVersion, maxShort)
	if hv.OSVersion != "" {
		v.OSVersion = cleanText(hv.OSVersion, maxShort)
	}
}

// user takes the hit's user id when it may be believed.
func (c *Collector) user(rec *Record, site *Site, h *Hit) {
	if h.UserID == "" || len(h.UserID) > MaxUserID || !utf8.ValidString(h.UserID) {
		return
	}
	if secret := site.Settings.IdentifySecret; secret != "" && !h.Trusted {
		if !validSignature(secret, h.UserID, h.UserSignature) {
			return
		}
	}
	rec.Visit.UserID = cleanText(h.UserID, MaxUserID)
	rec.Traits = h.Traits
}

func validSignature(secret, userID, signature string) bool {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return false
	}
	return hmac.Equal(given, SignUserID(secret, userID))
}

// SignUserID is the proof that a page may speak for a user:
// HMAC-SHA256(secret, user id). Sent in hex.
func SignUserID(secret, userID string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(userID))
	return mac.Sum(nil)
}

// asError makes every error of the sink one that wires can answer.
func asError(err error) error {
	if ErrorCode(err) != CodeInternal {
		return err
	}
	return &Error{Code: CodeInternal, Message: "internal error", Err: err}
}
