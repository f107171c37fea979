// Package ahoy is Ahoy's wire: POST /ahoy/visits and POST /ahoy/events, as
// ahoy.js, the native SDKs and AMP pages speak them, answered as version 5.5
// of the Rails engine answers, to the byte.
//
// It differs from Ahoy where Ahoy loses or mixes up visitors:
//   - tokens that say "null" or "undefined" (ahoy.js in a browser that
//     refuses cookies), or have nothing left when sanitised, are no token: the
//     visitor is told apart without cookies, instead of sharing one visit with
//     all others;
//   - the id of an event counts: sent again, it is not stored again;
//   - cross-origin requests are answered with CORS headers;
//   - what Ahoy drops silently (an event without a name) is named in the
//     X-Wake-Error header.
package ahoy

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wake/tracker"
	"wake/tracker/wire"
)

// Collector records hits, see tracker.Collector.
type Collector interface {
	Collect(ctx context.Context, h *tracker.Hit) (tracker.Receipt, error)
}

// Cookies says whether visitors are told apart by cookies (Ahoy.cookies).
type Cookies string

const (
	CookiesOn   Cookies = ""     // tokens from the client, as kept in its cookies
	CookiesNone Cookies = "none" // no tokens; cookies that are there are deleted
)

// Options are Ahoy's settings as far as they concern the wire; the zero value
// is Ahoy's default of each. Those that concern what is stored belong to the
// site: visit_duration as a rule (VisitRule fixed, 4 hours) to VisitRule and
// VisitTimeout, mask_ips to FullAddresses, track_bots to DropBots.
type Options struct {
	// IgnoreForgery is protect_from_forgery = false: tokens may also come
	// from cookies, and none need be sent.
	IgnoreForgery bool
	// MaxContentLength bounds a body, in bytes; 0: 8192.
	MaxContentLength int
	// MaxEventsPerRequest is how many events of a request count; 0: 10. At
	// most tracker.MaxEventsPerHit.
	MaxEventsPerRequest int

	// Cookies is Ahoy.cookies for every site.
	Cookies Cookies
	// Cookieless says that the site with this key (or, if that is "", of
	// pages of this host) works without cookies, whatever Cookies says.
	Cookieless func(siteKey, host string) bool
	// Anonymity is how visitors without tokens are told apart; nil: as the
	// site chose. AnonymityAhoy makes the same tokens as Ahoy.
	Anonymity *tracker.AnonymitySet

	CookieDomain    string        // Ahoy.cookie_domain
	CookieOptions   CookieOptions // Ahoy.cookie_options
	VisitDuration   time.Duration // life of the ahoy_visit cookie; 0: 4 hours
	VisitorDuration time.Duration // life of the ahoy_visitor cookie; 0: 2 years (of 365 days)
	// KeepVisit renews the ahoy_visit cookie with every request, so that a
	// visit ends by the server's rule, not four hours after its start. (Ahoy
	// renews it with visits only.)
	KeepVisit bool

	// TokenGenerator makes tokens for clients of visits that bring none;
	// nil: random UUIDs.
	TokenGenerator func() string
	// Exclude leaves a request out: it is answered as any other, and not
	// recorded (exclude_method).
	Exclude func(*http.Request) bool
	// VisitExists, when set, is server_side_visits = false: events of visits
	// that it does not know are dropped. nil is :when_needed: an event makes
	// the visit that it lacks.
	VisitExists func(context.Context, *tracker.Hit) (bool, error)

	// Proxies are those whose X-Forwarded-For is believed.
	Proxies wire.Proxies
	// Now is the server's clock; nil: time.Now.
	Now func() time.Time
	// Log gets our own faults; nil: none.
	Log *slog.Logger
}

// Handler serves both endpoints. It goes by the end of the path, so that it
// can be mounted anywhere: at /ahoy/, at /s/KEY/ahoy/ for a site, or at a
// path that no ad blocker knows.
type Handler struct {
	collector Collector
	Options
}

// New is a handler that gives what it decodes to c.
func New(c Collector, o Options) *Handler {
	if o.MaxContentLength <= 0 {
		o.MaxContentLength = 8192
	}
	if o.MaxEventsPerRequest <= 0 {
		o.MaxEventsPerRequest = 10
	}
	o.MaxEventsPerRequest = min(o.MaxEventsPerRequest, tracker.MaxEventsPerHit)
	if o.VisitDuration <= 0 {
		o.VisitDuration = 4 * time.Hour
	}
	if o.VisitorDuration <= 0 {
		o.VisitorDuration = 2 * 365 * 24 * time.Hour
	}
	if o.TokenGenerator == nil {
		o.TokenGenerator = func() string { return tracker.NewEventID().String() }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{collector: c, Options: o}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/events"):
		h.Events(w, r)
	case strings.HasSuffix(path, "/visits"):
		h.Visits(w, r)
	default:
		wire.Fail(w, http.StatusNotFound, "Not found\n")
	}
}

// What Ahoy answers.
const (
	payloadTooLarge   = "Payload too large\n"
	missingParameters = "Missing required parameters\n"
	invalidParameters = "Invalid parameters\n"
)

// Visits is POST /ahoy/visits: the beginning of a visit. It answers with the
// tokens that the visit is known by.
func (h *Handler) Visits(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, true)
}

// Events is POST /ahoy/events: up to MaxEventsPerRequest events of a visit.
func (h *Handler) Events(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, false)
}

// serve checks in Ahoy's order: size, well-formedness, tokens, events.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, visit bool) {
	if wire.CORS(w, r, http.MethodPost) || !wire.OnlyMethod(w, r, http.MethodPost) {
		return
	}
	body, err := wire.ReadBody(r, h.MaxContentLength)
	defer body.Free()
	if err != nil {
		if wire.Status(err) == http.StatusRequestEntityTooLarge {
			wire.Fail(w, http.StatusRequestEntityTooLarge, payloadTooLarge)
		} else {
			wire.FailText(w, err)
		}
		return
	}
	p := params{visit: visit, max: h.MaxEventsPerRequest}
	if !p.decode(r, body.Bytes) {
		wire.Fail(w, http.StatusBadRequest, invalidParameters)
		return
	}

	hit := &tracker.Hit{StampNow: true, Anonymity: h.Anonymity}
	wire.Asker(hit, r, h.Proxies, h.Now())
	if hit.Host == "" {
		hit.Host = wire.Host(p.arrival.LandingPage)
	}
	hit.Cookieless = h.Cookies == CookiesNone || h.Cookieless != nil && h.Cookieless(hit.SiteKey, hit.Host)
	newVisitor, ok := h.tokens(hit, r, &p)
	if !ok {
		wire.Fail(w, http.StatusBadRequest, missingParameters)
		return
	}
	if p.invalid {
		wire.Fail(w, http.StatusBadRequest, invalidParameters)
		return
	}
	if p.agent != "" && !strings.HasPrefix(hit.UserAgent, "Mozilla/") {
		hit.UserAgent = p.agent // Android's header names only its HTTP library
	}
	if visit || p.arrival.LandingPage != "" || p.arrival.Referrer != "" { // AMP tells it with events
		arrival := p.arrival // of its own, so that events alone leave p on the stack
		hit.Visit = &arrival
	}
	hit.Events = p.events
	p.setPages(r)

	receipt := tracker.Receipt{VisitToken: hit.VisitToken, VisitorToken: hit.VisitorToken}
	if (visit || len(hit.Events) > 0) && (h.Exclude == nil || !h.Exclude(r)) {
		if receipt, ok = h.collect(w, r, hit, visit); !ok {
			return
		}
	}
	if visit && receipt.VisitToken == "" {
		receipt.VisitToken = wire.Token(h.TokenGenerator())
	}
	if visit && receipt.VisitorToken == "" {
		receipt.VisitorToken = wire.Token(h.TokenGenerator())
	}
	h.setCookies(w, r, hit, &receipt, p.js || h.KeepVisit && hit.VisitToken != "", newVisitor)
	for i := range receipt.Errors {
		e := &receipt.Errors[i]
		p.note(e.Index, e.Field, e.Message)
	}
	if p.notes != "" {
		w.Header()["X-Wake-Error"] = []string{p.notes}
	}
	answer(w, visit, &receipt)
}

// tokens sets the hit's tokens: from the header, else the cookie (only with
// IgnoreForgery), else the parameters. It reports whether the visitor is new
// (to be given a cookie), and whether those that are needed were sent.
func (h *Handler) tokens(hit *tracker.Hit, r *http.Request, p *params) (newVisitor, ok bool) {
	var visitSent, visitorSent bool
	hit.VisitToken, visitSent = h.token(r, "Ahoy-Visit", "ahoy_visit", p.visitToken, p.visitSent)
	hit.VisitorToken, visitorSent = h.token(r, "Ahoy-Visitor", "ahoy_visitor", p.visitorToken, p.visitorSent)
	if hit.Cookieless {
		return false, true
	}
	if !h.IgnoreForgery {
		return false, visitSent && visitorSent
	}
	if p.visit && !visitSent {
		hit.VisitToken = wire.Token(h.TokenGenerator())
	}
	if p.visit && !visitorSent {
		hit.VisitorToken = wire.Token(h.TokenGenerator())
		newVisitor = true
	}
	return newVisitor, true
}

func (h *Handler) token(r *http.Request, header, cookie, param string, paramSent bool) (token string, sent bool) {
	if v := r.Header[header]; len(v) > 0 {
		sent = true
		if token = wire.Token(v[0]); token != "" {
			return token, true
		}
	}
	if h.IgnoreForgery {
		if v, ok := readCookie(r, cookie); ok {
			sent = true
			if token = wire.Token(v); token != "" {
				return token, true
			}
		}
	}
	return param, sent || paramSent
}

// collect records the hit, or answers why that was not possible.
func (h *Handler) collect(w http.ResponseWriter, r *http.Request, hit *tracker.Hit, visit bool) (tracker.Receipt, bool) {
	if !visit && h.VisitExists != nil {
		known, err := h.VisitExists(r.Context(), hit)
		if err != nil {
			h.fail(w, r, err)
			return tracker.Receipt{}, false
		}
		if !known {
			return tracker.Receipt{}, true
		}
	}
	receipt, err := h.collector.Collect(r.Context(), hit)
	if err != nil {
		h.fail(w, r, err)
		return receipt, false
	}
	return receipt, true
}

// fail answers with an error of the collector. ahoy.js takes every status but
// 200 for a failure, and sends the event again.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if wire.AsError(err).Code == tracker.CodeInternal {
		h.Log.ErrorContext(r.Context(), "a hit was not recorded", "error", err)
	}
	wire.FailText(w, err)
}

var (
	jsonType = []string{"application/json; charset=utf-8"}
	empty    = []byte("{}")
)

func answer(w http.ResponseWriter, visit bool, receipt *tracker.Receipt) {
	w.Header()["Content-Type"] = jsonType
	if !visit {
		_, _ = w.Write(empty)
		return
	}
	// Tokens hold nothing that JSON would escape.
	b := make([]byte, 0, 256)
	b = append(append(b, `{"visit_token":"`...), receipt.VisitToken...)
	b = append(append(b, `","visitor_token":"`...), receipt.VisitorToken...)
	b = append(append(b, `","visit_id":"`...), receipt.VisitToken...) // Android reads this one
	b = append(append(b, `","visitor_id":"`...), receipt.VisitorToken...)
	_, _ = w.Write(append(b, `"}`...))
}

// note remembers what was wrong with an event, for the X-Wake-Error header.
func (p *params) note(index int, field, message string) {
	if p.notes != "" {
		p.notes += "; "
	}
	p.notes += "events[" + strconv.Itoa(index) + "]"
	if field != "" {
		p.notes += "." + field
	}
	p.notes += ": " + message
}
