// Package source tells where a visit came from: referrer, landing page and
// campaign parameters to source, channel and search keyword. It also says what
// counts as one page (Page).
//
// Everything here takes what browsers and strangers send: no input is an
// error, every result is bounded, valid UTF-8 and free of control characters.
// All functions are safe for concurrent use. The rules, for readers who don't
// read Go, are in docs/sources.md.
package source

import (
	"cmp"
	"strings"
)

// Source is where a visit came from.
type Source struct {
	Name    string // "Google", "news.example", "spring-letter"; "" if and only if direct
	Channel string // one of Channels
	Medium  string // utm_medium in lower case, else what the channel implies ("organic", "cpc", …)

	Referrer        string // URL without credentials and fragment, at most 2,048 bytes
	ReferringDomain string // its host in lower case, as Ahoy has it: "www." included, no port
	Keyword         string // search keyword, where the referrer still carries one

	UTM         UTM
	ClickID     string // value of the parameter, at most 512 bytes
	ClickIDKind string // its name: "gclid", "fbclid", …
}

// UTM holds campaign parameters, each at most 255 bytes.
type UTM struct {
	Source, Medium, Term, Content, Campaign string
}

// Bounds of results, in bytes.
const (
	maxFieldBytes    = 255
	maxClickIDBytes  = 512
	maxReferrerBytes = 2048
)

// Classify tells where a visit came from that landed at landing with this
// referrer (both as the browser has them: URL, path, query, or nothing).
//
// A field of utm that is not empty wins over the same parameter in the landing
// page's query. ownHosts reports whether a host, in lower case and without
// port, belongs to the site itself, so that coming from it is no source; the
// landing page's host always does. It may be nil.
func Classify(landing, referrer string, utm UTM, ownHosts func(host string) bool) Source {
	page := split(landing)
	from := splitReferrer(referrer)
	query := scan(page)

	s := Source{
		Referrer:        from.clean(),
		ReferringDomain: from.host,
		UTM:             query.campaign(utm),
		ClickID:         query.clickID,
	}
	click := query.click
	if click != nil {
		s.ClickIDKind = click.param
	}

	var referring *site // nil: none, own, or not a known one
	external := from.host != "" && !isOwn(from, page, ownHosts)
	if external {
		referring = siteOfReferrer(from)
	}

	o := origin{campaign: s.UTM, paid: isPaidMedium(s.UTM.Medium)}
	switch {
	case s.UTM.Source != "":
		o.site, o.name, o.paid = siteOfLabel(s.UTM.Source, o.paid)
	case query.ref != "" && o.fromRef(query.ref, external, ownHosts):
	case click != nil && click.paid && referring == nil:
		o.site, o.name = click.site, click.site.name
	case external:
		o.site, o.name = referring, Host(from.host)
		if referring != nil {
			o.name = referring.name
		}
		o.referred = true
	case click != nil:
		o.site, o.name = click.site, click.site.name
	case query.mailer != "":
		o.name, o.mail = query.mailer, true
	default:
		// Tagged, but the tags don't say by whom.
		o.name = cmp.Or(s.UTM.Campaign, s.UTM.Medium, s.UTM.Content, s.UTM.Term)
	}
	// An ad's click id makes the visit a paid one, unless the link says itself
	// what it is.
	if click != nil && click.paid && s.UTM.Medium == "" {
		o.paid = true
		o.click = click.site
	}
	s.Name = clip(o.name, maxFieldBytes)
	s.Channel = o.channel()
	s.Medium = medium(s.UTM.Medium, s.Channel)
	if external && referring != nil {
		s.Keyword = keyword(from.query, referring.keywordParams)
	}
	return s
}

// fromRef takes ?ref= or ?source=, which people put on links by hand, and
// says whether it did. Many sites have such parameters of their own, so only
// a known name or a host is believed against a referrer.
func (o *origin) fromRef(ref string, external bool, ownHosts func(string) bool) bool {
	site, name, paid := siteOfLabel(ref, o.paid)
	host := ""
	if looksLikeHost(ref) {
		host = strings.ToLower(ref)
	}
	switch {
	case host != "" && ownHosts != nil && ownHosts(host):
		return false
	case site == nil && host == "" && (external || !isWord(ref)):
		return false
	}
	o.site, o.name, o.paid, o.referred = site, name, paid, true
	return true
}

func isOwn(from, page location, ownHosts func(string) bool) bool {
	return page.host != "" && Host(from.host) == Host(page.host) ||
		ownHosts != nil && ownHosts(from.host)
}

// isWord tells a name that somebody chose from a number or a token.
func isWord(s string) bool {
	letters := 0
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case 'a' <= c && c <= 'z' || c >= 0x80:
			letters++
		}
	}
	return letters*2 > len(s) && len(s) <= 64
}
