package ahoy

import (
	"bytes"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"wake/tracker"
	"wake/tracker/wire"
	"wake/tracker/wire/scan"
)

// maxDepth is how deep properties may nest.
const maxDepth = 32

// params is what a request says, wherever it says it: the query, and over it
// the body.
type params struct {
	visit bool // the endpoint
	max   int  // events that count

	visitToken, visitorToken string // sanitised
	visitSent, visitorSent   bool
	js                       bool

	arrival tracker.HitVisit
	agent   string // what native clients say in place of a browser's User-Agent

	event tracker.HitEvent // at the top level, when it has a name
	named bool

	eventsGiven bool // the parameter is there
	events      []tracker.HitEvent
	invalid     bool // the events are no array, or one of them is no object
	eventsJSON  []byte
	inBody      bool // values of pairs are part of the body, not of a buffer
	nested      tree

	notes string // for the X-Wake-Error header
}

// decode reads query and body; false when the body is malformed, which is
// answered 400. Which events a request brings goes by Ahoy's order: a name at
// the top level, events, events_json, the raw body.
func (p *params) decode(r *http.Request, body []byte) bool {
	if q := r.URL.RawQuery; q != "" && !p.form(q) {
		return false
	}
	contentType := ""
	if v := r.Header["Content-Type"]; len(v) > 0 {
		contentType = v[0]
	}
	var root scan.Kind
	switch media, rest := wire.MediaType(contentType); media {
	case "multipart/form-data":
		p.inBody = true
		if !p.multipart(body, rest) {
			return false
		}
	case "application/json", "text/x-json", "application/jsonrequest", "application/vnd.api+json":
		if len(bytes.TrimSpace(body)) == 0 {
			break // Rails takes it for no parameters
		}
		s := scan.New(body)
		root = s.Kind()
		if p.json(&s); !s.End() {
			return false
		}
	case "", "application/x-www-form-urlencoded":
		if !p.form(string(body)) {
			return false
		}
	}
	if p.visit {
		p.invalid = false
		return true
	}
	if !p.nested.empty() && !p.unnest() {
		return false
	}
	switch {
	case p.named:
		p.events, p.invalid = []tracker.HitEvent{p.event}, false
	case p.eventsGiven:
	case p.eventsJSON != nil:
		p.list(p.eventsJSON)
	case root != scan.Invalid && root != scan.Array:
		p.invalid = true // JSON, and no array
	case root == scan.Array: // read already
	default:
		p.list(body)
	}
	for i := range p.events {
		describe(&p.events[i])
	}
	return true
}

// list reads a JSON array of events. What is no JSON is no events (Ahoy has
// that marked as to be changed); what is JSON and no array is invalid.
func (p *params) list(text []byte) {
	s := scan.New(text)
	p.array(&s)
	if !s.End() {
		p.events, p.invalid, p.notes = nil, false, "events: "+s.Err().Error()
	}
}

// array consumes a value that should be an array of events.
func (p *params) array(s *scan.Scanner) {
	p.events, p.invalid = p.events[:0], false
	if !s.Enter(scan.Array) {
		p.invalid = true
		s.Skip()
		return
	}
	for n := 0; s.Elem(); n++ {
		if n >= p.max {
			s.Skip()
			continue
		}
		if !s.Enter(scan.Object) {
			p.invalid = true
			s.Skip()
			continue
		}
		if cap(p.events) == 0 {
			p.events = make([]tracker.HitEvent, 0, 1) // what ahoy.js sends
		} else if cap(p.events) == 1 {
			p.events = append(make([]tracker.HitEvent, 0, min(p.max, 10)), p.events...)
		}
		p.events = append(p.events, tracker.HitEvent{})
		e := &p.events[len(p.events)-1]
		for {
			key, ok := s.Key()
			if !ok {
				break
			}
			p.eventMember(s, e, n, key)
		}
	}
}

// eventMember reads a member of an event; others than Ahoy's are skipped
// (user_id, which iOS sends, proves nothing).
func (p *params) eventMember(s *scan.Scanner, e *tracker.HitEvent, n int, key []byte) {
	switch string(key) {
	case "id":
		e.ID = s.Scalar()
	case "name":
		e.Name = eventName(s)
	case "time":
		e.Time = readTime(s)
	case "properties":
		e.Properties = p.properties(s, n)
	default:
		s.Skip()
	}
}

// eventName spares a copy of the names that come most.
func eventName(s *scan.Scanner) string {
	if s.Kind() != scan.String {
		return s.Scalar()
	}
	b, _ := s.Bytes()
	switch string(b) {
	case tracker.EventView:
		return tracker.EventView
	case tracker.EventClick:
		return tracker.EventClick
	}
	return string(b)
}

// properties reads an object, also one that is written as a string, into
// bytes of its own. Anything else says nothing.
func (p *params) properties(s *scan.Scanner, n int) []byte {
	switch s.Kind() {
	case scan.Object:
		text, depth := s.Value()
		if depth > maxDepth {
			p.note(n, "properties", "nested too deeply")
			return nil
		}
		if len(text) == 2 { // {}
			return nil
		}
		return bytes.Clone(text)
	case scan.String:
		if b, _ := s.Bytes(); len(b) > 0 {
			inner := scan.New(b)
			if inner.Kind() == scan.Object {
				if text := p.properties(&inner, n); inner.End() {
					return text
				}
			}
			p.note(n, "properties", "not an object")
		}
		return nil
	case scan.Null:
	default:
		p.note(n, "properties", "not an object")
	}
	s.Skip()
	return nil
}

// json reads the parameters of a JSON body: the members of an object, or the
// events of an array.
func (p *params) json(s *scan.Scanner) {
	switch {
	case s.Kind() == scan.Array && !p.visit:
		p.array(s)
		return
	case !s.Enter(scan.Object):
		s.Skip()
		return
	}
	for {
		key, ok := s.Key()
		if !ok {
			return
		}
		switch string(key) {
		case "visit_token":
			p.visitToken, p.visitSent = jsonToken(s), true
		case "visitor_token":
			p.visitorToken, p.visitorSent = jsonToken(s), true
		case "js":
			p.js = truthy(s)
		case "events":
			if p.eventsGiven = jsonGiven(s); p.eventsGiven && !p.visit {
				p.array(s)
			} else {
				s.Skip()
			}
		case "events_json":
			p.eventsJSON = nil
			if jsonGiven(s) {
				p.eventsJSON = []byte(s.Scalar())
			} else {
				s.Skip()
			}
		case "name":
			p.named = jsonGiven(s)
			p.eventMember(s, &p.event, 0, key)
		case "id", "time", "properties":
			if p.visit {
				s.Skip()
			} else {
				p.eventMember(s, &p.event, 0, key)
			}
		default:
			if f := p.arrivalField(key); f != nil {
				*f = s.Scalar()
			} else if f := p.screenField(key); f != nil {
				*f = wholeNumber(s.Scalar())
			} else {
				s.Skip()
			}
		}
	}
}

// jsonToken reads a token. null says, as "null" in forms does, that the
// client has none.
func jsonToken(s *scan.Scanner) string {
	if s.Kind() != scan.String {
		return wire.Token(s.Scalar())
	}
	b, _ := s.Bytes()
	return wire.Token(b)
}

// jsonGiven reports whether Ruby would take the next value for true.
func jsonGiven(s *scan.Scanner) bool {
	switch s.Kind() {
	case scan.Null, scan.Invalid:
		return false
	case scan.Bool:
		peek := *s
		return peek.Truth()
	}
	return true
}

func truthy(s *scan.Scanner) bool {
	given := jsonGiven(s)
	s.Skip()
	return given
}

// arrivalField is where a parameter of a visit goes, nil when it is none.
func (p *params) arrivalField(key []byte) *string {
	a := &p.arrival
	switch string(key) {
	case "landing_page":
		return &a.LandingPage
	case "referrer":
		return &a.Referrer
	case "utm_source":
		return &a.UTMSource
	case "utm_medium":
		return &a.UTMMedium
	case "utm_term":
		return &a.UTMTerm
	case "utm_content":
		return &a.UTMContent
	case "utm_campaign":
		return &a.UTMCampaign
	case "platform":
		return &a.Platform
	case "app_version":
		return &a.AppVersion
	case "os_version":
		return &a.OSVersion
	case "user_agent":
		return &p.agent
	}
	return nil
}

func (p *params) screenField(key []byte) *int {
	switch string(key) {
	case "screen_width":
		return &p.arrival.ScreenWidth
	case "screen_height":
		return &p.arrival.ScreenHeight
	}
	return nil
}

// set is a parameter of a form or query: key and value are decoded, and not
// kept.
func (p *params) set(key, value []byte) {
	switch string(key) {
	case "visit_token":
		p.visitToken, p.visitSent = wire.Token(value), true
	case "visitor_token":
		p.visitorToken, p.visitorSent = wire.Token(value), true
	case "js":
		p.js = true // "false" is true, too, in Ruby
	case "events":
		// A string, if not nested: there, and no array.
		p.eventsGiven, p.events, p.invalid = true, nil, true
	case "events_json":
		if p.eventsJSON = value; !p.inBody {
			p.eventsJSON = append(make([]byte, 0, len(value)), value...)
		}
	case "name":
		p.event.Name, p.named = text(value), true
	case "id":
		p.event.ID = text(value)
	case "time":
		p.event.Time = parseTime(text(value))
	case "properties":
		if i := bytes.IndexByte(value, '{'); i >= 0 {
			s := scan.New(value)
			if b := p.properties(&s, 0); s.End() {
				p.event.Properties = b
			}
		}
	default:
		if f := p.arrivalField(key); f != nil {
			*f = text(value)
		} else if f := p.screenField(key); f != nil {
			*f = wholeNumber(string(value))
		}
	}
}

func text(b []byte) string { return wire.Clean(string(b)) }

func wholeNumber(s string) int {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(f) > 1<<20 {
		return 0
	}
	return int(f)
}

// describe finds the page of an event that ahoy.js made: url and title of a
// view, the page of a click or the like, which is a path unless it was
// configured to be something else.
func describe(e *tracker.HitEvent) {
	if len(e.Name) == 0 || e.Name[0] != '$' || e.Properties == nil {
		return
	}
	var page string
	s := scan.New(e.Properties)
	s.Enter(scan.Object)
	for {
		key, ok := s.Key()
		if !ok {
			break
		}
		switch string(key) {
		case "url":
			e.URL, _ = s.Text()
		case "title":
			e.Title, _ = s.Text()
		case "page":
			page, _ = s.Text()
		case "referrer":
			e.Referrer, _ = s.Text()
		default:
			s.Skip()
		}
	}
	if e.URL == "" && (strings.HasPrefix(page, "/") || strings.Contains(page, "://")) {
		e.URL = page
	}
}

// setPages gives events that do not name their page that of the Referer
// header, when it is of the same host: browsers leave no path in that of
// another.
func (p *params) setPages(r *http.Request) {
	referer := ""
	for i := range p.events {
		if p.events[i].URL != "" {
			continue
		}
		if referer == "" {
			v := r.Header["Referer"]
			if len(v) == 0 {
				return
			}
			if u, err := url.Parse(v[0]); err != nil || u.Host != r.Host {
				return
			}
			referer = wire.Clean(v[0])
		}
		p.events[i].URL = referer
	}
}
