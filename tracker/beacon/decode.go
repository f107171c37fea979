package beacon

import (
	"bytes"
	"net/netip"
	"time"

	"wake/tracker"
	"wake/tracker/wire"
	"wake/tracker/wire/scan"
)

const (
	maxDepth = 32           // of properties and traits
	maxTime  = int64(1e14)  // ms, the year 5138
	minTime  = int64(-1e13) // ms, the year 1653
)

// decoder makes a Hit of a JSON object. What is wrong with a single event is
// kept with the event's number; what is wrong with the hit's own fields, the
// first of it, refuses the hit.
type decoder struct {
	hit     *tracker.Hit
	trusted bool // fields for servers count

	visit    tracker.HitVisit
	told     bool // visit says something
	sent     int64
	received int64

	count   int                 // events sent, also those refused
	index   []int               // of each taken event; nil as long as none was refused
	refused []tracker.ItemError //
	wrong   *tracker.Error      // first error of the hit's own fields
}

// decode reads the object at which the scanner stands. Whether it is well
// formed, the scanner says.
func (d *decoder) decode(s *scan.Scanner) {
	s.Enter(scan.Object)
	h, v := d.hit, &d.visit
	for {
		key, ok := s.Key()
		if !ok {
			return
		}
		switch string(key) {
		case "site":
			if key := d.text(s, "site"); key != "" && h.SiteKey == "" {
				h.SiteKey = key
			}
		case "sent":
			d.sent = d.time(s, "sent")
		case "visit_token":
			h.VisitToken = d.token(s, "visit_token")
		case "visitor_token":
			h.VisitorToken = d.token(s, "visitor_token")
		case "user_id":
			h.UserID = d.text(s, "user_id")
		case "user_signature":
			h.UserSignature = d.text(s, "user_signature")
		case "traits":
			var err *tracker.Error
			if h.Traits, err = object(s, "traits"); err != nil {
				d.refuse(err)
			}
		case "landing_page":
			d.tell(s, "landing_page", &v.LandingPage)
		case "referrer":
			d.tell(s, "referrer", &v.Referrer)
		case "utm_source":
			d.tell(s, "utm_source", &v.UTMSource)
		case "utm_medium":
			d.tell(s, "utm_medium", &v.UTMMedium)
		case "utm_term":
			d.tell(s, "utm_term", &v.UTMTerm)
		case "utm_content":
			d.tell(s, "utm_content", &v.UTMContent)
		case "utm_campaign":
			d.tell(s, "utm_campaign", &v.UTMCampaign)
		case "language":
			d.tell(s, "language", &v.Language)
		case "time_zone":
			d.tell(s, "time_zone", &v.TimeZone)
		case "platform":
			d.tell(s, "platform", &v.Platform)
		case "app_version":
			d.tell(s, "app_version", &v.AppVersion)
		case "os_version":
			d.tell(s, "os_version", &v.OSVersion)
		case "screen":
			d.screen(s)
		case "events":
			d.events(s)
		case "ip":
			if ip := d.text(s, "ip"); d.trusted && ip != "" {
				addr, err := netip.ParseAddr(ip)
				if err != nil {
					d.refuse(tracker.Invalid("ip", "not an IP address"))
				}
				h.Address = addr.Unmap().WithZone("")
			}
		case "user_agent":
			if ua := d.text(s, "user_agent"); d.trusted {
				h.UserAgent = ua
			}
		case "received":
			if ms := d.time(s, "received"); d.trusted {
				d.received = ms
			}
		default:
			s.Skip()
		}
	}
}

// finish settles what could depend on fields that came later, and says what
// is wrong with the hit as a whole.
func (d *decoder) finish() error {
	h := d.hit
	if d.wrong != nil {
		return d.wrong
	}
	if d.told {
		visit := d.visit // of its own, so that events alone leave d on the stack
		h.Visit = &visit
	}
	if d.trusted && len(h.UserID) > tracker.MaxUserID {
		return tracker.Invalid("user_id", "at most %d bytes", tracker.MaxUserID) // a server can be told, a page's visit goes on without
	}
	if h.Visit == nil && d.count == 0 {
		return tracker.Invalid("events", "nothing to record: neither a landing page nor an event")
	}
	if d.received != 0 {
		if t := time.UnixMilli(d.received); t.Before(h.Received) {
			h.Received = t
		}
	}
	if d.sent != 0 { // the client's clock is off by this much
		off := h.Received.Sub(time.UnixMilli(d.sent))
		for i := range h.Events {
			if t := &h.Events[i].Time; !t.IsZero() {
				*t = t.Add(off)
			}
		}
	}
	if h.Host == "" {
		h.Host = wire.Host(d.visit.LandingPage)
	}
	if h.Host == "" && len(h.Events) > 0 {
		h.Host = wire.Host(h.Events[0].URL)
	}
	return nil
}

func (d *decoder) refuse(err *tracker.Error) {
	if d.wrong == nil {
		d.wrong = err
	}
}

// text consumes a string; null is as good as none.
func (d *decoder) text(s *scan.Scanner, field string) string {
	t, err := text(s, field)
	if err != nil {
		d.refuse(err)
	}
	return t
}

func (d *decoder) tell(s *scan.Scanner, field string, to *string) {
	*to = d.text(s, field)
	d.told = d.told || *to != ""
}

func (d *decoder) token(s *scan.Scanner, field string) string {
	if s.Kind() != scan.String {
		return d.text(s, field)
	}
	b, _ := s.Bytes()
	return wire.Token(b)
}

func (d *decoder) time(s *scan.Scanner, field string) int64 {
	ms, err := milliseconds(s, field)
	if err != nil {
		d.refuse(err)
	}
	return ms
}

// screen reads [width, height].
func (d *decoder) screen(s *scan.Scanner) {
	if s.Kind() == scan.Null {
		s.Skip()
		return
	}
	if !s.Enter(scan.Array) {
		d.refuse(wrongKind(s, "screen", "an array of width and height"))
		return
	}
	for i := 0; s.Elem(); i++ {
		n, ok := s.Int()
		if !ok || i > 1 || n < 0 || n > 1<<20 {
			d.refuse(tracker.Invalid("screen", "an array of width and height"))
			continue
		}
		d.told = true
		if i == 0 {
			d.visit.ScreenWidth = int(n)
		} else {
			d.visit.ScreenHeight = int(n)
		}
	}
}

// events reads the array of events.
func (d *decoder) events(s *scan.Scanner) {
	d.count, d.index, d.refused, d.hit.Events = 0, nil, nil, nil
	if s.Kind() == scan.Null {
		s.Skip()
		return
	}
	if !s.Enter(scan.Array) {
		d.refuse(wrongKind(s, "events", "an array"))
		return
	}
	for ; s.Elem(); d.count++ {
		if d.count == tracker.MaxEventsPerHit {
			d.refuse(&tracker.Error{Code: tracker.CodeTooLarge, Field: "events", Message: "at most 100 events a hit"})
		}
		if d.count >= tracker.MaxEventsPerHit {
			s.Skip()
			continue
		}
		if d.count == 0 {
			d.hit.Events = make([]tracker.HitEvent, 0, 1)
		}
		d.hit.Events = append(d.hit.Events, tracker.HitEvent{})
		last := len(d.hit.Events) - 1
		if err := event(s, &d.hit.Events[last]); err != nil {
			if d.refused == nil {
				for i := range d.count {
					d.index = append(d.index, i)
				}
			}
			d.hit.Events = d.hit.Events[:last]
			d.refused = append(d.refused, tracker.ItemError{Index: d.count, Code: err.Code, Field: err.Field, Message: err.Message})
		} else if d.refused != nil {
			d.index = append(d.index, d.count)
		}
	}
}

// event reads one event.
func event(s *scan.Scanner, e *tracker.HitEvent) (wrong *tracker.Error) {
	if !s.Enter(scan.Object) {
		return wrongKind(s, "", "an object")
	}
	for {
		key, ok := s.Key()
		if !ok {
			return wrong
		}
		var err *tracker.Error
		switch string(key) {
		case "id":
			e.ID, err = text(s, "id")
		case "name":
			e.Name, err = name(s)
		case "time":
			var ms int64
			if ms, err = milliseconds(s, "time"); ms != 0 {
				e.Time = time.UnixMilli(ms)
			}
		case "url":
			e.URL, err = text(s, "url")
		case "title":
			e.Title, err = text(s, "title")
		case "referrer":
			e.Referrer, err = text(s, "referrer")
		case "properties":
			e.Properties, err = object(s, "properties")
		case "revenue":
			if s.Kind() == scan.Number {
				e.Revenue = s.Scalar()
			} else {
				e.Revenue, err = text(s, "revenue")
			}
		case "currency":
			e.Currency, err = text(s, "currency")
		case "engaged_ms":
			switch s.Kind() {
			case scan.Null:
				s.Skip()
			default:
				n, ok := s.Int()
				if !ok || n < 0 {
					err = tracker.Invalid("engaged_ms", "a number of ms, not negative")
				}
				e.EngagedMS = n
			}
		default:
			s.Skip()
		}
		if wrong == nil {
			wrong = err
		}
	}
}

// name spares a copy of the names that come most.
func name(s *scan.Scanner) (string, *tracker.Error) {
	if s.Kind() != scan.String {
		return text(s, "name")
	}
	b, _ := s.Bytes()
	switch string(b) {
	case tracker.EventView:
		return tracker.EventView, nil
	case tracker.EventClick:
		return tracker.EventClick, nil
	}
	return string(b), nil
}

func text(s *scan.Scanner, field string) (string, *tracker.Error) {
	switch s.Kind() {
	case scan.String:
		t, _ := s.Text()
		return t, nil
	case scan.Null:
		s.Skip()
		return "", nil
	}
	return "", wrongKind(s, field, "a string")
}

// milliseconds consumes a time, 0 when it is null.
func milliseconds(s *scan.Scanner, field string) (int64, *tracker.Error) {
	switch s.Kind() {
	case scan.Number:
		if ms, ok := s.Int(); ok && minTime < ms && ms < maxTime {
			return ms, nil
		}
		return 0, tracker.Invalid(field, "a time in ms since 1970")
	case scan.Null:
		s.Skip()
		return 0, nil
	}
	return 0, wrongKind(s, field, "a number: a time in ms since 1970")
}

// object consumes a JSON object and returns bytes of its own, nil when it is
// null or empty.
func object(s *scan.Scanner, field string) ([]byte, *tracker.Error) {
	switch s.Kind() {
	case scan.Null:
		s.Skip()
		return nil, nil
	case scan.Object:
	default:
		return nil, wrongKind(s, field, "an object")
	}
	b, depth := s.Value()
	switch {
	case len(b) > tracker.MaxProperties:
		return nil, tracker.Invalid(field, "at most %d bytes", tracker.MaxProperties)
	case depth > maxDepth:
		return nil, tracker.Invalid(field, "nested more than %d deep", maxDepth)
	case len(b) <= 2: // {}
		return nil, nil
	}
	return bytes.Clone(b), nil
}

// wrongKind consumes a value and says what should be there.
func wrongKind(s *scan.Scanner, field, want string) *tracker.Error {
	kind := s.Kind()
	s.Skip()
	return tracker.Invalid(field, "must be %s, not %s", want, kind)
}
