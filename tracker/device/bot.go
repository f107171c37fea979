package device

import "strings"

// known is a bot's name and the reason to give for it.
type known struct{ name, reason string }

func says(name string) known { return known{name, ReasonAgent} }

// words say "I am a program" in whatever name they stand.
var words = newTable(all(true,
	"bot|", "bots|", "bot-", "bot_", "bot#", "|robo", "robot", "|bot|",
	"crawl", "spider", "scrap", "archiver", "harvest", "extract",
	"indexer", "fetcher", "fetch/", "grabber", "collector", "downloader", "reaper",
	"checker", "check/", "linkcheck", "monitor", "scanner", "scan/", "scan)", "security scan", "inspect",
	"analyz", "analys", "audit", "research", "survey", "prober", "probe/", "|ping", "diagnos", "observatory",
	"verif", "validat", "preview", "thumbnail", "screenshot", "favicon", "websnap", "aggregator",
	"proxy)", "prospect", "leadradar", "discovery", "lookup", "synthetic", "sentinel", "watchdog",
	"searchengine", "search engine", "site", "domain", "|seo", "seo|", "backlink",
	"vulnerab", "fingerprint", "phish", "scorer", "expander", "optimizer", "security.txt", "sectxt",
	"agent|", "user agent", "user-agent", "useragent",
	"like gecko; ", // no browser goes on there
))

// notWords are agents of people in which one of the words stands.
var notWords = newTable(all(true,
	"cubot", "botdugls", // phones
	"research in motion", "sitekiosk", "siteadvisor",
	"smarttv", "smart-tv", "hbbtv", "web0s", // sets write whole inventories
))

// addresses are left by crawlers for complaints.
var addresses = newTable(all(true,
	"http://", "https://", "+http", "(at)", "www.",
	".com|", ".org|", ".io|", ".ai|", "@",
))

// notAddresses are agents of people who leave one, too.
var notAddresses = newTable(all(true,
	"ecosia ",       // Ecosia android@62.0
	"bsalsa.com",    // a view embedded into Windows programs
	"@calendar",     // a locale
	"xbmc", "kodi/", // players
	"feeddemon", "newsgator", "netnewswire", "evergreen (", "newsbeuter", "newsboat",
	"|pulp/", "doughnut", "castero", "gpodder", "podcast", "podbean", "bullhorn",
	"turtlecast", "coolerfm", "anytime/", "fountain/", "vuze", "thunderbird", "outlook",
	"smarttv", "smart-tv", "hbbtv", "web0s",
))

// findBot says whether a program is at work instead of a person, its name as
// far as it gives one, and the reason.
func findBot(a *agent, d Device) (name, reason string, ok bool) {
	if b, _, ok := a.findKnown(); ok {
		return b.name, b.reason, true
	}
	if lib, _, ok := libraries.find(a.ua); ok && d.Browser == "" {
		return lib, ReasonLibrary, true
	}
	if at, text, ok := a.find(words); ok && !notWords.has(a.ua) {
		return wordAround(text, at), ReasonAgent, true
	}
	if at, text, ok := a.find(addresses); ok && !notAddresses.has(a.ua) && !a.isApp(text, at, d.OS) {
		return productBefore(text, at.from), ReasonAgent, true
	}
	if d.Type == "" && d.OS == "" {
		return productName(a.ua), ReasonNothingSaid, true
	}
	return "", "", false
}

func (a *agent) findKnown() (known, hit, bool) {
	if b, at, ok := bots.find(a.head); ok {
		return b, at, true
	}
	if a.tail == "" {
		return known{}, hit{}, false
	}
	return bots.find(a.tail)
}

// find looks in what is not the device's own name.
func (a *agent) find(t *table[bool]) (hit, string, bool) {
	if _, at, ok := t.find(a.head); ok {
		return at, a.head, true
	}
	_, at, ok := t.find(a.tail)
	return at, a.tail, ok
}

// wordAround returns the name in which a word stands: "bot" in "(compatible;
// FooBot-Image/2.1; +http://…)" gives "FooBot-Image".
func wordAround(s string, at hit) string {
	from, to := at.from, at.to
	for from > 0 && isNamePart(s[from-1]) {
		from--
	}
	for to < len(s) && isNamePart(s[to]) {
		to++
	}
	return cut(s[from:to], 64)
}

// isApp tells the programs of phones and sets, which write their own name and
// address, from crawlers that pose as browsers of phones.
func (a *agent) isApp(text string, at hit, os string) bool {
	switch os {
	case "Android", "iOS", "watchOS", "tvOS", "HarmonyOS":
		version := text[at.from] == '@' && at.to < len(text) && isDigit(text[at.to])
		return version || text[at.from] == '.' || !strings.HasPrefix(a.ua, "Mozilla/")
	}
	return false
}

func isNamePart(c byte) bool { return isWord(c) || c == '-' || c == '_' || c == '.' || c == '!' }

// productBefore returns the last name before at that is no known filler.
func productBefore(s string, at int) string {
	for at > 0 && !strings.ContainsRune(" ;,(+<", rune(s[at-1])) {
		at--
	}
	fields := strings.FieldsFunc(s[:at], func(r rune) bool { return r == ';' || r == '(' || r == ')' || r == ',' || r == ' ' || r == '+' })
	for i := len(fields) - 1; i >= 0; i-- {
		name, _, _ := strings.Cut(fields[i], "/")
		if name == "compatible" || name == "Mozilla" || len(name) < 2 || !isLetter(name[0]) {
			continue
		}
		return strings.ToValidUTF8(cut(name, 64), "")
	}
	return ""
}

// productName is the first name of an agent that says little else.
func productName(s string) string {
	s = strings.TrimPrefix(s, "Mozilla/5.0 ")
	s = strings.TrimPrefix(s, "Mozilla/4.0 ")
	s = strings.TrimPrefix(s, "(compatible; ")
	i := 0
	for i < len(s) && (isNamePart(s[i]) || s[i] == ' ' && i > 0) {
		i++
	}
	return cut(strings.TrimSpace(s[:i]), 64)
}
