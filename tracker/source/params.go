package source

import (
	"strings"
	"unicode/utf8"
)

// params is what the landing page's query says of where the visit is from.
type params struct {
	utm, alias UTM
	utmID      string
	ref        string
	click      *clickParam
	clickID    string
	mailer     string // tool that sent the mail with the link
}

// campaign gives each campaign parameter from the first place that has it:
// given to us as such, utm_… in the query, another product's name for it.
func (p *params) campaign(explicit UTM) UTM {
	first := func(values ...string) string {
		for _, v := range values {
			if v = text(v, maxFieldBytes); v != "" {
				return v
			}
		}
		return ""
	}
	return UTM{
		Source:   first(explicit.Source, p.utm.Source, p.alias.Source),
		Medium:   first(explicit.Medium, p.utm.Medium, p.alias.Medium),
		Term:     first(explicit.Term, p.utm.Term, p.alias.Term),
		Content:  first(explicit.Content, p.utm.Content, p.alias.Content),
		Campaign: first(explicit.Campaign, p.utm.Campaign, p.alias.Campaign, p.utmID),
	}
}

// maxParams bounds how many parameters of one URL are looked at.
const maxParams = 256

// scan reads the query, and the fragment, where single-page sites have their
// own query ("#/cart?utm_source=x") and old links their tags
// ("#utm_source=x"). The first value of a name counts.
func scan(page location) params {
	var p params
	p.read(page.query)
	if page.fragment != "" {
		fragment := page.fragment
		if _, query, ok := strings.Cut(fragment, "?"); ok {
			fragment = query
		}
		p.read(fragment)
	}
	return p
}

func (p *params) read(query string) {
	for range maxParams {
		if query == "" {
			return
		}
		var name, value string
		name, value, query = nextParam(query)
		if value != "" {
			p.set(name, value)
		}
	}
}

// nextParam cuts the first name and value, as they stand, off a query. Links
// copied from HTML source have "&amp;" for "&".
func nextParam(query string) (name, value, rest string) {
	pair, rest, _ := strings.Cut(query, "&")
	name, value, _ = strings.Cut(pair, "=")
	return strings.TrimPrefix(name, "amp;"), value, rest
}

func (p *params) set(name, value string) {
	var buffer [maxParamName]byte
	if len(name) > len(buffer) {
		return
	}
	lower := buffer[:len(name)]
	for i := range lower {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	if click := clickParamByName[string(lower)]; click != nil {
		if p.click == nil || click.rank < p.click.rank {
			if id := decode(value, maxClickIDBytes); id != "" {
				p.click, p.clickID = click, id
			}
		}
		return
	}
	var field *string
	switch string(lower) {
	case "utm_source":
		field = &p.utm.Source
	case "utm_medium":
		field = &p.utm.Medium
	case "utm_term":
		field = &p.utm.Term
	case "utm_content":
		field = &p.utm.Content
	case "utm_campaign":
		field = &p.utm.Campaign
	case "utm_id":
		field = &p.utmID
	// Matomo's names, and Baidu Tongji's.
	case "mtm_source", "pk_source", "hmsr":
		field = &p.alias.Source
	case "mtm_medium", "pk_medium", "hmpl":
		field = &p.alias.Medium
	case "mtm_kwd", "mtm_keyword", "pk_kwd", "pk_keyword", "hmkw":
		field = &p.alias.Term
	case "mtm_content", "pk_content", "hmci":
		field = &p.alias.Content
	case "mtm_campaign", "pk_campaign", "hmcu":
		field = &p.alias.Campaign
	case "ref", "source":
		field = &p.ref
	default:
		if mailer := mailers[string(lower)]; mailer != "" {
			p.mailer = mailer
		}
		return
	}
	if *field == "" {
		*field = decode(value, maxFieldBytes)
	}
}

// isTracking reports whether a parameter, in lower case, speaks of the way
// here and not of the page.
func isTracking(name string) bool {
	if clickParamByName[name] != nil || mailers[name] != "" || strings.HasPrefix(name, "utm_") ||
		strings.HasPrefix(name, "mtm_") || strings.HasPrefix(name, "pk_") {
		return true
	}
	switch name {
	case "hmsr", "hmpl", "hmkw", "hmci", "hmcu",
		"_ga", "_gl", "gad_source", "gad_campaignid", "gclsrc", "srsltid":
		return true
	}
	return false
}

// keyword finds what was searched for in a search engine's URL. Some send
// other encodings than UTF-8 (old Baidu: GBK): what isn't text in UTF-8 is left
// out rather than shown broken.
func keyword(query string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	best, found := len(names), ""
	for range maxParams {
		if query == "" {
			break
		}
		var name, value string
		name, value, query = nextParam(query)
		for i := range best {
			if name != names[i] || value == "" {
				continue
			}
			raw := unescape(value)
			// A character that was cut off at the end is no other encoding.
			for cut := 0; cut < utf8.UTFMax-1 && !utf8.ValidString(raw); cut++ {
				raw = raw[:len(raw)-1]
			}
			if utf8.ValidString(raw) {
				if k := text(raw, maxFieldBytes); k != "" {
					best, found = i, k
				}
			}
			break
		}
	}
	return found
}
