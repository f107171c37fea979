package tracker

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"net/netip"
	"sync"
	"time"

	"wake/tracker/recent"
)

// Visits finds stored visits, for visitors who bring no visit token.
type Visits interface {
	// LastVisit is the visitor's visit with the latest start that is not
	// after notAfter, and false when there is none.
	LastVisit(ctx context.Context, site int64, visitor VisitorID, notAfter time.Time) (VisitRef, bool, error)
}

// SaltDays is for how many days after its own a salt is kept: as long as an
// event of its day may still come from a page that was open.
const SaltDays = 2

// Salts keeps the secrets of which cookieless visitors' tokens are made.
type Salts interface {
	// Salt is the salt of a day ("2006-01-02", UTC), the same on all nodes.
	Salt(ctx context.Context, day string) ([]byte, error)
}

// identity sets the visit's token, visitor and start. It reports whether the
// hit is known to go on with a visit that began earlier.
//
// A client that brings a visit token decides by it which visit it is: the
// same token is the same visit for good, so that an event sent again, however
// late, meets itself. Who brings none gets the server's rule: the visit of
// the same visitor that was still alive at the time of the hit, else a new
// one.
func (c *Collector) identity(ctx context.Context, rec *Record, site *Site, h *Hit) (goesOn bool, err error) {
	v := &rec.Visit
	v.StartedAt, v.LastAt = span(rec, h)
	v.ID = c.ids.New(v.StartedAt)

	cookieless := h.Cookieless || site.Settings.Cookieless
	if !cookieless && h.VisitorToken != "" {
		v.Visitor = visitor(site, h.VisitorToken)
		if h.VisitToken != "" {
			v.Token = h.VisitToken
			return false, nil
		}
		return c.sessions.visit(ctx, v, site, []Visitor{v.Visitor}, h.Received)
	}
	if !cookieless && h.VisitToken != "" {
		// Half an identity: the visit is told, the visitor is not.
		v.Token = h.VisitToken
		v.Visitor = visitor(site, h.VisitToken)
		return false, nil
	}
	who, err := c.anonymous(ctx, site, h, v.StartedAt)
	if err != nil {
		return false, err
	}
	return c.sessions.visit(ctx, v, site, who, h.Received)
}

func visitor(site *Site, token string) Visitor {
	return Visitor{ID: NewVisitorID(site.ID, token), Token: token}
}

// span is from when to when the visit went on, as far as this hit can tell:
// over its events and the time engaged with them, and now when it brings none.
func span(rec *Record, h *Hit) (began, last time.Time) {
	began = h.Received
	if h.StampNow { // Ahoy: the visit begins when the server hears of it
		return began, began
	}
	if h.Visit != nil && !h.Visit.StartedAt.IsZero() && h.Visit.StartedAt.Before(began) {
		began = h.Visit.StartedAt.Truncate(time.Millisecond)
		if !h.Trusted && began.Before(h.Received.Add(-MaxEventAge)) {
			began = h.Received.Add(-MaxEventAge)
		}
	}
	last = began
	for i := range rec.Events {
		t := rec.Events[i].Time
		// A page that is looked at is a sign of life, too.
		end := t.Add(time.Duration(rec.Events[i].EngagedMS) * time.Millisecond)
		if end.After(h.Received) {
			end = h.Received
		}
		if i == 0 && h.Visit == nil {
			began, last = t, end
			continue
		}
		if t.Before(began) {
			began = t
		}
		if end.After(last) {
			last = end
		}
	}
	return began, last
}

// anonymous is who a visitor without tokens may be at time t: first as of
// that day, then as of the day before, under whose name a visit may have
// begun that still goes on.
func (c *Collector) anonymous(ctx context.Context, site *Site, h *Hit, t time.Time) ([]Visitor, error) {
	if h.Trusted && h.UserID != "" {
		return []Visitor{visitor(site, "user-"+hashToken(h.UserID))}, nil
	}
	set := site.Settings.AnonymitySet
	if h.Anonymity != nil {
		set = *h.Anonymity
	}
	if set == AnonymityAhoy {
		return []Visitor{visitor(site, AhoyVisitorToken(h.Address, h.UserAgent))}, nil
	}
	masked := MaskAddress(h.Address.Unmap())
	who := make([]Visitor, 0, 2)
	for _, day := range []time.Time{t, t.AddDate(0, 0, -1)} {
		salt, err := c.sessions.salt(ctx, day, c.Now())
		if err != nil {
			return nil, asError(err)
		}
		who = append(who, visitor(site, dailyToken(salt, site.ID, masked, h.UserAgent)))
	}
	return who, nil
}

// dailyToken is HMAC(salt of the day, site, masked address, user agent).
func dailyToken(salt []byte, site int64, masked netip.Addr, userAgent string) string {
	mac := hmac.New(sha256.New, salt)
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(site))
	mac.Write(n[:])
	addr := masked.As16()
	mac.Write(addr[:])
	mac.Write([]byte(userAgent))
	var sum [sha256.Size]byte
	return uuidText(mac.Sum(sum[:0]), 8)
}

// hashToken makes a token of any text.
func hashToken(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// ahoyNamespace is the UUID namespace of Ahoy's anonymity sets.
var ahoyNamespace = [16]byte{0xa8, 0x2a, 0xe8, 0x11, 0x50, 0x11, 0x45, 0xab, 0xa7, 0x28, 0x56, 0x9d, 0xf7, 0x49, 0x9c, 0x5f}

// AhoyVisitorToken is Ahoy's token of a visitor without cookies: the UUIDv5
// (RFC 9562 §5.5) of masked address and user agent.
func AhoyVisitorToken(addr netip.Addr, userAgent string) string {
	masked := ""
	if addr = MaskAddress(addr.Unmap()); addr.IsValid() {
		masked = addr.String()
	}
	sum := sha1.New()
	sum.Write(ahoyNamespace[:])
	sum.Write([]byte("visitor/" + masked + "/" + userAgent))
	return uuidText(sum.Sum(nil), 5)
}

func uuidText(sum []byte, version byte) string {
	id := EventID(sum[:16])
	id[6] = id[6]&0x0f | version<<4
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// MaskAddress cuts an address to its /24 (IPv4) or /48 (IPv6) prefix.
func MaskAddress(addr netip.Addr) netip.Addr {
	bits := 48
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// sessions is the server's rule for visits of visitors who bring no visit
// token. What it remembers is only a shortcut: the store has it all.
type sessions struct {
	visits Visits
	salts  Salts
	last   *recent.Map[VisitorID, VisitRef]

	saltsMu sync.Mutex
	byDay   map[string][]byte
}

// sessionsKept bounds the memory (some 100 bytes a visitor).
const sessionsKept = 100_000

func (s *sessions) init(visits Visits, salts Salts) {
	s.visits, s.salts = visits, salts
	s.last = recent.New[VisitorID, VisitRef](sessionsKept)
	s.byDay = make(map[string][]byte)
}

// salt is the salt of the day that t is in. Those of days gone by are
// forgotten when a new day's is first asked for, as the store forgets them.
func (s *sessions) salt(ctx context.Context, t, now time.Time) ([]byte, error) {
	day := t.UTC().Format(time.DateOnly)
	s.saltsMu.Lock()
	salt, ok := s.byDay[day]
	s.saltsMu.Unlock()
	if ok {
		return salt, nil
	}
	salt, err := s.salts.Salt(ctx, day)
	if err != nil {
		return nil, err
	}
	s.saltsMu.Lock()
	if today := now.UTC().Format(time.DateOnly); day == today {
		oldest := now.UTC().AddDate(0, 0, -SaltDays).Format(time.DateOnly)
		maps.DeleteFunc(s.byDay, func(d string, _ []byte) bool { return d < oldest })
	}
	if len(s.byDay) >= 16 { // imports of old days, and clocks that jumped
		clear(s.byDay)
	}
	s.byDay[day] = salt
	s.saltsMu.Unlock()
	return salt, nil
}

// visit gives v the visit that one of who had going when the hit happened,
// else the one that began soon after it, else a new one of the first. now is
// when the hit arrived.
//
// A visit that had begun and was alive comes before one that began shortly
// after. So no visit of a visitor ever gets a start between that of another
// and a hit which that one took: however late and out of order hits arrive,
// one sent again finds the visit that took it.
func (s *sessions) visit(ctx context.Context, v *Visit, site *Site, who []Visitor, now time.Time) (goesOn bool, err error) {
	t, last, rule := v.StartedAt, v.LastAt, &site.Settings
	present := !t.Add(max(rule.slack(), ahoyTimeWindow)).Before(now)
	var next VisitRef
	for _, w := range who {
		prior, after, err := s.around(ctx, site, w, t, now, present)
		if err != nil {
			return false, asError(err)
		}
		if prior.Token != "" && rule.alive(prior, t) {
			v.Visitor = w
			s.goOn(v, prior, t, last, present && after.Token == "")
			return true, nil
		}
		if next.Token == "" && after.Token != "" && rule.alive(after, t) {
			v.Visitor, next = w, after
		}
	}
	if next.Token != "" {
		s.goOn(v, next, t, last, present)
		return true, nil
	}
	v.Visitor = who[0]
	v.Token = slotToken(v.Visitor, t, rule.Timeout())
	if !s.remembers(v.Visitor, present) {
		return false, nil
	}
	fresh := VisitRef{ID: v.ID, Token: v.Token, StartedAt: t, LastAt: last}
	latest := s.last.Update(v.Visitor.ID, func(have VisitRef, ok bool) VisitRef {
		// Of two hits that begin one visit at the same time the first wins.
		if ok && (rule.alive(have, t) || have.StartedAt.After(t)) {
			return have
		}
		return fresh
	})
	if latest.Token != fresh.Token && rule.alive(latest, t) {
		s.goOn(v, latest, t, last, present)
		return true, nil
	}
	return false, nil
}

// around is the last visit of w that began at t or before, and one that began
// after it, if there is any that matters; without a token when there is none.
func (s *sessions) around(ctx context.Context, site *Site, w Visitor, t, now time.Time, present bool) (prior, after VisitRef, err error) {
	rule := &site.Settings
	if ref, ok := s.last.Get(w.ID); ok {
		switch {
		case ref.StartedAt.After(t):
			if rule.alive(ref, t) {
				after = ref
			}
		case present || rule.alive(ref, t):
			return ref, after, nil
		}
	}
	if after.Token == "" {
		until := t.Add(rule.slack())
		if present && now.After(until) {
			until = now
		}
		ref, ok, err := s.visits.LastVisit(ctx, site.ID, w.ID, until)
		if err != nil || !ok {
			return prior, after, err
		}
		if !ref.StartedAt.After(t) {
			return ref, after, nil
		}
		after = ref
	}
	prior, _, err = s.visits.LastVisit(ctx, site.ID, w.ID, t)
	return prior, after, err
}

// goOn makes v the visit ref, which was also alive from t to last.
func (s *sessions) goOn(v *Visit, ref VisitRef, t, last time.Time, present bool) {
	ref.extend(t, last)
	v.Token, v.StartedAt = ref.Token, ref.StartedAt
	if !s.remembers(v.Visitor, present) {
		return
	}
	s.last.Update(v.Visitor.ID, func(have VisitRef, ok bool) VisitRef {
		switch {
		case ok && have.Token == ref.Token:
			have.extend(t, last)
			return have
		case ok && have.StartedAt.After(ref.StartedAt):
			return have
		}
		return ref
	})
}

// remembers reports whether a visit of w is to be remembered. What is
// remembered of a visitor is their latest visit, so only hits of the present
// may begin that: of one that comes late nobody knows what came after it.
func (s *sessions) remembers(w Visitor, present bool) bool {
	if present {
		return true
	}
	_, ok := s.last.Get(w.ID)
	return ok
}

func (r *VisitRef) extend(t, last time.Time) {
	if t.Before(r.StartedAt) {
		r.StartedAt = t
	}
	if last.After(r.LastAt) {
		r.LastAt = last
	}
}

// alive reports whether a visit goes on at time t.
func (s *Settings) alive(ref VisitRef, t time.Time) bool {
	if t.Before(ref.StartedAt.Add(-s.slack())) {
		return false
	}
	if s.VisitRule == VisitFixed {
		// Since it was begun: a late hit may have moved the start back, and
		// what came at the end must still find it.
		return t.Before(ref.ID.Time().Add(s.Timeout()))
	}
	return t.Before(ref.LastAt.Add(s.Timeout()))
}

// slack is by how much a hit may have happened before the known start of its
// visit: hits of one page may arrive in another order than they happened.
func (s *Settings) slack() time.Duration {
	if s.VisitRule == VisitFixed {
		return 0
	}
	return s.Timeout()
}

// slotToken names a derived visit by its visitor and the stretch of time in
// which it begins. Two visits of one visitor are at least a timeout apart,
// so they never share a stretch; two nodes that begin the same visit at the
// same time do, and their rows become one.
func slotToken(w Visitor, t time.Time, timeout time.Duration) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(w.ID))
	binary.BigEndian.PutUint64(b[8:], uint64(t.UnixMilli()/timeout.Milliseconds()))
	sum := sha256.Sum256(b[:])
	return uuidText(sum[:], 8)
}
