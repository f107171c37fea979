package tracker

import (
	"strings"
	"time"
	"unicode/utf8"
)

// events checks and fills in the hit's events; what is wrong with single
// ones is returned, the others go on.
func (c *Collector) events(rec *Record, site *Site, h *Hit) (errs []ItemError) {
	if len(h.Events) == 0 {
		return nil
	}
	rec.Events = make([]Event, 0, len(h.Events))
	for i := range h.Events {
		var same *Event // the one before, if on the same page
		if n := len(rec.Events); n > 0 && i > 0 && rec.Events[n-1].Seq == i-1 && h.Events[i].URL == h.Events[i-1].URL {
			same = &rec.Events[n-1]
		}
		e, err := c.event(&h.Events[i], same, site, h)
		if err != nil {
			errs = append(errs, ItemError{Index: i, Code: err.Code, Field: err.Field, Message: err.Message})
			continue
		}
		e.Seq = i
		rec.Events = append(rec.Events, e)
	}
	return errs
}

func (c *Collector) event(in *HitEvent, same *Event, site *Site, h *Hit) (e Event, err *Error) {
	e.Name = cleanText(in.Name, MaxName)
	switch {
	case e.Name == "":
		return e, Invalid("name", "an event needs a name")
	case len(in.Name) > MaxName:
		return e, Invalid("name", "at most %d bytes", MaxName)
	case len(in.ID) > maxEventIDLength:
		return e, Invalid("id", "at most %d bytes", maxEventIDLength)
	case len(in.Properties) > MaxProperties:
		return e, Invalid("properties", "at most %d bytes", MaxProperties)
	}
	if in.ID == "" {
		e.ID = NewEventID()
	} else {
		e.ID = ParseEventID(in.ID)
	}
	e.Time = eventTime(in.Time, h)
	if same != nil {
		e.Path = same.Path
	} else if in.URL != "" {
		_, e.Path = c.Sources.Page(clip(in.URL, MaxURL), site.Settings.KeepQuery)
	}
	e.Title = cleanText(in.Title, MaxTitle)
	e.Properties = in.Properties
	if in.Revenue != "" {
		amount, ok := parseAmount(in.Revenue)
		if !ok {
			return e, Invalid("revenue", "a decimal number with at most 4 decimals, such as 12.30")
		}
		if !isCurrency(in.Currency) {
			return e, Invalid("currency", "an ISO 4217 code such as EUR goes with revenue")
		}
		e.Revenue, e.Currency = amount, strings.ToUpper(in.Currency)
	}
	if e.IsView() {
		e.EngagedMS = min(max(in.EngagedMS, 0), maxEngagedMS)
	}
	return e, nil
}

// eventTime is the time an event is stored with, never in the future.
func eventTime(t time.Time, h *Hit) time.Time {
	now := h.Received
	oldest := now.Add(-MaxEventAge)
	switch {
	case t.IsZero() || t.After(now):
		return now
	case h.StampNow && t.Before(now.Add(-ahoyTimeWindow)):
		return now
	case !h.Trusted && t.Before(oldest):
		return oldest
	case h.Trusted && t.UnixMilli() < visitIDEpoch:
		return time.UnixMilli(visitIDEpoch).UTC()
	}
	return t.Truncate(time.Millisecond)
}

// parseAmount reads a decimal number into ten-thousandths.
func parseAmount(s string) (int64, bool) {
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	whole, frac, dot := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 13 || len(frac) > 4 || dot && frac == "" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(whole + frac + "0000"[len(frac):]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, true
}

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for _, c := range []byte(s) {
		if c |= 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// cleanText is valid UTF-8 without NUL (which PostgreSQL cannot hold), cut
// to at most n bytes between characters.
func cleanText(s string, n int) string {
	s = clip(s, n)
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// clip cuts s to at most n bytes, not within a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// firstLanguage is the first tag of an Accept-Language value (RFC 9110
// §12.5.4), or of a single tag.
func firstLanguage(s string) string {
	s, _, _ = strings.Cut(s, ",")
	s, _, _ = strings.Cut(s, ";")
	s = strings.TrimSpace(s)
	if s == "*" {
		return ""
	}
	return cleanText(s, 35)
}

func screen(n int) int {
	if n < 0 || n > maxScreen {
		return 0
	}
	return n
}
