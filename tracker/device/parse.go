package device

import "strings"

// agent is a user agent taken apart as far as the tables need it.
type agent struct {
	ua    string
	hints Hints // unquoted, but for the lists

	// On Android: what the device calls itself, and the agent without it. A
	// model may be called anything ("M bot 60"), so words are looked for in
	// head and tail only.
	model      string
	head, tail string

	android        bool
	androidVersion string
}

func parse(ua string, h Hints) agent {
	a := agent{ua: ua, hints: h, head: ua}
	a.hints.Platform = unquote(h.Platform)
	a.hints.PlatformVersion = unquote(h.PlatformVersion)
	a.hints.Model = unquote(h.Model)
	a.hints.FormFactors = unquote(h.FormFactors)
	a.readAndroid()
	if m := a.hints.Model; m != "" {
		a.model = m
	}
	return a
}

// androidNames opens the part of a comment that names version and model.
// Televisions write Andr0id, so that pages do not take them for phones.
var androidNames = newTable(all(true,
	"|android", "|andr0id", "yunos", "|adr #", "|linux; os ",
))

// readAndroid finds the model in what Android devices write, one of
//
//	(Linux; Android 10; SM-A515F Build/QP1A)
//	(Linux; U; Android 4.0.4; en-us; GT-P1000 Build/IMM76D)
//	Linux; Android 8.1.0; BQ-8067L Build/OPM2
//
// that is, the first field after the version which is not a known word.
func (a *agent) readAndroid() {
	_, at, ok := androidNames.find(a.ua)
	if !ok {
		return
	}
	a.android = true
	rest := a.ua[at.to:]
	a.androidVersion = versionAt(a.ua, at.to)

	// Fields end with ';', the list with ')' (unless opened within) or before
	// the engine.
	from := at.to
	depth := 0
	for i := 0; i <= len(rest); i++ {
		end := i == len(rest)
		if !end {
			switch rest[i] {
			case '(':
				depth++
				continue
			case ')':
				if depth > 0 {
					depth--
					continue
				}
				end = true
			case ';':
			case ' ':
				if !strings.HasPrefix(rest[i:], " AppleWebKit/") {
					continue
				}
				end = true
			default:
				continue
			}
		}
		field := a.ua[from : at.to+i]
		if from != at.to { // the first one is the version
			if model, ok := modelIn(field); ok {
				a.model = model
				a.head, a.tail = a.ua[:from], a.ua[at.to+i:]
				return
			}
		}
		if end {
			return
		}
		from = at.to + i + 1
	}
}

// modelIn takes a field of the comment for a model, unless it is one of the
// other things that stand there.
func modelIn(field string) (string, bool) {
	f := strings.TrimSpace(field)
	if i := indexFold(f, " build"); i >= 0 {
		f = f[:i]
	} else if hasPrefixFold(f, "build/") {
		return "", false
	}
	if i := indexFold(f, " miui/"); i >= 0 {
		f = f[:i]
	}
	f = strings.TrimSpace(f)
	switch {
	case len(f) < 2, isLocale(f), hasPrefixFold(f, "rv:"), notModel.has(f):
		return "", false
	}
	if i := strings.IndexByte(f, '/'); i > 0 && hasPrefixFold(f, "samsung ") {
		f = f[:i]
	}
	return f, true
}

var notModel = newTable(all(true,
	"^wv$", "^mobile$", "^mobile vr$", "^tablet$", "^tv$",
	"^linux|", "^arm$", "^arm_", "^armv", "^x86", "^harmonyos", "^hmscore",
	"^sdk:", "^cpu ", "^touch$", "^trident", "^compatible$",
	"^gzip$", "^ucbrowser", "^opera ", "^googlebot", "^bingbot", "duplexweb-google",
))

// isLocale knows en, en-us, zh_CN, zh-Hans-CN.
func isLocale(s string) bool {
	if len(s) < 2 || !isLetter(s[0]) || !isLetter(s[1]) {
		return false
	}
	if len(s) == 2 {
		return s == strings.ToLower(s)
	}
	if s[2] != '-' && s[2] != '_' || len(s) > 10 {
		return false
	}
	if len(s) == 3 {
		return true // "en-"
	}
	for i := 3; i < len(s); i++ {
		if !isLetter(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return len(s) == 5 || strings.EqualFold(s[3:], "hans-cn") || strings.EqualFold(s[3:], "hant-tw")
}

// versionAt reads the version that follows a name: "Chrome/120.0.1" and
// "Android 4.4" give "120.0" and "4.4". At most two parts are kept.
func versionAt(s string, at int) string {
	for n := 0; at < len(s) && n < 3; n++ {
		switch s[at] {
		case '/', ' ', ':', '-', '_', '=', '"', 'v', 'V':
			at++
			continue
		}
		break
	}
	if at > len(s) {
		return ""
	}
	return shortVersion(s[at:])
}

// shortVersion keeps the first two parts of a version at the start of s.
func shortVersion(s string) string {
	i, dots := 0, 0
	underscore := false
	for ; i < len(s) && i < 16; i++ {
		if isDigit(s[i]) {
			continue
		}
		if s[i] == '.' || s[i] == '_' && i > 0 {
			if dots++; dots == 2 {
				break
			}
			underscore = underscore || s[i] == '_'
			continue
		}
		break
	}
	v := strings.TrimRight(s[:i], "._")
	if v == "" || !isDigit(v[0]) {
		return ""
	}
	if underscore {
		v = strings.ReplaceAll(v, "_", ".")
	}
	return v
}

func unquote(s string) string {
	return strings.Trim(s, "\" ")
}

// indexFold is strings.Index for a lower-case ASCII sub, in any case.
func indexFold(s, sub string) int {
	for i := 0; i+len(sub) <= len(s); i++ {
		if lower(s[i]) == sub[0] && hasPrefixFold(s[i:], sub) {
			return i
		}
	}
	return -1
}

func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if lower(s[i]) != prefix[i] {
			return false
		}
	}
	return true
}

func containsFold(s, sub string) bool { return indexFold(s, sub) >= 0 }
