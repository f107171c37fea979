package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"wake/store/sqlstore"
	"wake/tracker"
)

// check refuses, before anything is written, what no engine or not every
// engine can hold. The collector lets nothing of it through; a record that
// is refused here is a programmer's mistake or a broken import, and an error
// for good, never a silent loss.
func check(r *tracker.Record) error {
	v := &r.Visit
	switch {
	case v.SiteID <= 0:
		return tracker.Invalid("site", "a visit needs a site")
	case v.Token == "":
		return tracker.Invalid("visit_token", "a visit needs a token")
	case v.Visitor.ID == 0:
		return tracker.Invalid("visitor_token", "a visit needs a visitor")
	case v.StartedAt.IsZero():
		return tracker.Invalid("started_at", "a visit needs a start")
	}
	for _, c := range sqlstore.VisitTexts {
		if !isText(*c.Of(v)) {
			return tracker.Invalid(c.Name, "must be UTF-8 without NUL")
		}
	}
	if len(r.Traits) > 0 && !isObject(r.Traits) {
		return tracker.Invalid("traits", "must be a JSON object")
	}
	for i := range r.Events {
		e := &r.Events[i]
		switch {
		case e.ID.IsZero():
			return tracker.Invalid("id", "an event needs an id")
		case e.Name == "":
			return tracker.Invalid("name", "an event needs a name")
		case !isText(e.Name) || !isText(e.Path) || !isText(e.Title) || !isText(e.Currency):
			return tracker.Invalid("event", "must be UTF-8 without NUL")
		case len(e.Properties) > 0 && !isObject(e.Properties):
			return tracker.Invalid("properties", "must be a JSON object")
		}
	}
	return nil
}

func isText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// isObject reports whether b is a JSON object that PostgreSQL's jsonb takes
// as well: in UTF-8, without NUL and without half a surrogate pair.
func isObject(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{' && utf8.Valid(b) && json.Valid(b) && goodEscapes(b)
}

// goodEscapes looks at the \u escapes of valid JSON.
func goodEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\\')
		if i < 0 {
			return true
		}
		if b[i+1] != 'u' {
			b = b[i+2:]
			continue
		}
		c := escape(b[i:])
		b = b[i+6:]
		switch {
		case c == 0, 0xdc00 <= c && c < 0xe000:
			return false
		case 0xd800 <= c && c < 0xdc00:
			if low := escape(b); low < 0xdc00 || low >= 0xe000 {
				return false
			}
			b = b[6:]
		}
	}
}

// escape is the code unit of the \uXXXX that b begins with, 0 if none.
func escape(b []byte) (c rune) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0
	}
	for _, d := range b[2:6] {
		c <<= 4
		switch {
		case d <= '9':
			c |= rune(d - '0')
		default:
			c |= rune(d|0x20-'a') + 10
		}
	}
	return c
}
