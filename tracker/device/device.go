package device

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/mssola/useragent"
)

// Types of device. The empty string means unknown.
const (
	Desktop  = "desktop"
	Mobile   = "mobile" // smartphones, phablets, feature phones, pocket players
	Tablet   = "tablet" // e-readers too
	TV       = "tv"     // television sets, set-top boxes, sticks
	Console  = "console"
	Wearable = "wearable" // watches and headsets
	Car      = "car"
	Bot      = "bot"
	Other    = "other" // speakers, displays, cameras, appliances, terminals
)

// Reasons for which an agent is held to be a bot. They are stored, so they
// keep their names.
const (
	ReasonAgent       = "agent"               // it says so: a known name, or a word such as bot, crawler, monitor
	ReasonHeadless    = "headless"            // a browser driven by a program
	ReasonLibrary     = "http-library"        // curl, python-requests and the like
	ReasonPayload     = "payload"             // an attack or a template instead of a user agent
	ReasonNoAgent     = "no-agent"            // no user agent at all
	ReasonNothingSaid = "no-device-no-system" // neither a device nor a system can be seen (Ahoy's rule, v2)
)

// MaxAgent is how many bytes of a user agent are looked at; the rest is cut.
const MaxAgent = 1024

// maxHint is the same for each client hint.
const maxHint = 256

// Device is what a user agent says of itself. Empty fields are unknown.
type Device struct {
	// Browser is the family: "Chrome" on every system, likewise "Firefox",
	// "Safari", "Opera". An app's own view is named for the app ("Facebook"),
	// else "Android WebView" or "iOS WebView". docs/devices.md has the list.
	Browser        string
	BrowserVersion string // major[.minor]
	// OS is the family: "Android" also for what is made of it (Fire OS, Wear
	// OS), "iOS" also on iPads, "GNU/Linux" for every distribution.
	OS        string
	OSVersion string // major[.minor]; Windows by its trade name ("10", "8.1", "XP")
	Type      string // one of the constants above
	Brand     string
	Model     string // as the device writes it ("SM-A515F"), not the trade name
	Bot       bool
	BotName   string
	BotReason string // one of the Reason constants
}

// AhoyWords returns browser, system and device type as the Ruby gem Ahoy
// writes them into visits ("Firefox", "Mac", "Desktop").
func (d Device) AhoyWords() (browser, os, deviceType string) {
	os = d.OS
	switch os {
	case "macOS":
		os = "Mac"
	case "ChromeOS":
		os = "Chrome OS"
	}
	switch d.Type {
	case "":
	case TV:
		deviceType = "TV"
	default:
		deviceType = strings.ToUpper(d.Type[:1]) + d.Type[1:]
	}
	return d.Browser, os, deviceType
}

// Hints are the values of the Sec-CH-UA headers, as sent (quotes and all).
type Hints struct {
	UA, Mobile, Platform, PlatformVersion, Model, FullVersionList, FormFactors string
}

// HintsFromHeader reads the client hints of a request.
func HintsFromHeader(h http.Header) Hints {
	return Hints{
		UA:              h.Get("Sec-Ch-Ua"),
		Mobile:          h.Get("Sec-Ch-Ua-Mobile"),
		Platform:        h.Get("Sec-Ch-Ua-Platform"),
		PlatformVersion: h.Get("Sec-Ch-Ua-Platform-Version"),
		Model:           h.Get("Sec-Ch-Ua-Model"),
		FullVersionList: h.Get("Sec-Ch-Ua-Full-Version-List"),
		FormFactors:     h.Get("Sec-Ch-Ua-Form-Factors"),
	}
}

// Detector detects devices and remembers what it found. It is safe for
// concurrent use.
type Detector struct {
	cache *cache
}

// New returns a detector that remembers about cacheSize answers; with 0 or
// less it remembers none.
func New(cacheSize int) *Detector {
	if cacheSize <= 0 {
		return &Detector{}
	}
	return &Detector{cache: newCache(cacheSize)}
}

// Detect says what ua and h are. It never fails: what cannot be seen is empty
// in the answer. A remembered answer costs no allocation.
func (d *Detector) Detect(ua string, h Hints) Device {
	key := cacheKey{ua: cut(ua, MaxAgent), hints: Hints{
		UA:              cut(h.UA, maxHint),
		Mobile:          cut(h.Mobile, maxHint),
		Platform:        cut(h.Platform, maxHint),
		PlatformVersion: cut(h.PlatformVersion, maxHint),
		Model:           cut(h.Model, maxHint),
		FullVersionList: cut(h.FullVersionList, maxHint),
		FormFactors:     cut(h.FormFactors, maxHint),
	}}
	if d.cache == nil {
		return detect(key.ua, key.hints)
	}
	hash := d.cache.hash(&key)
	e := d.cache.get(hash, &key)
	if e == nil {
		// The copy keeps a request's buffer from living as long as the cache,
		// and lets the answer's strings point into it.
		e = &entry{key: key.clone()}
		e.device = detect(e.key.ua, e.key.hints)
		d.cache.put(hash, e)
	}
	return e.device
}

// clean makes text fit for any store: valid UTF-8 without control characters.
func clean(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return strings.Map(func(r rune) rune {
				if unicode.IsControl(r) || r == unicode.ReplacementChar {
					return ' '
				}
				return r
			}, s)
		}
	}
	return s
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// detect is Detect without cache and bounds.
func detect(ua string, h Hints) Device {
	ua = strings.TrimSpace(clean(ua))
	if ua == "" {
		return Device{Type: Bot, Bot: true, BotReason: ReasonNoAgent}
	}
	h.Model = clean(h.Model) // the only hint that is passed on as it came
	a := parse(ua, h)
	var d Device
	d.OS, d.OSVersion = findSystem(&a)
	d.Browser, d.BrowserVersion = findBrowser(&a, d.OS)
	d.Type = findKind(&a, d.OS, d.Browser)
	d.Brand, d.Model = findBrand(&a, d.OS)

	if name, reason, ok := findBot(&a, d); ok {
		d.Bot, d.BotName, d.BotReason, d.Type = true, name, reason, Bot
		return d
	}
	if d.Browser == "" || d.OS == "" {
		d = askGeneralParser(ua, d)
	}
	return d
}

// askGeneralParser fills what our tables do not know from mssola/useragent,
// which knows fewer names but reads the general shape of any user agent.
func askGeneralParser(ua string, d Device) Device {
	p := useragent.New(ua)
	// Sets, consoles and old phones begin with what they are, not with a browser.
	ofPeople := d.Type == Desktop || d.Type == Mobile || d.Type == Tablet || d.Type == Wearable
	if d.Browser == "" && ofPeople && systemTypes[d.OS] != Mobile {
		name, version := p.Browser()
		if isName(name) {
			d.Browser, d.BrowserVersion = name, shortVersion(version)
		}
	}
	if d.OS == "" {
		if info := p.OSInfo(); isName(info.Name) {
			d.OS, d.OSVersion = info.Name, shortVersion(info.Version)
		}
	}
	return d
}

// isName tells a name from the debris of a malformed user agent.
func isName(s string) bool {
	if s == "" || len(s) > 40 || s == "Mozilla" {
		return false
	}
	letters := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isLetter(c):
			letters++
		case isDigit(c), c == ' ', c == '-', c == '_', c == '.', c == '+':
		default:
			return false
		}
	}
	return letters >= 2
}
