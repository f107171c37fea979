package device

import (
	"strconv"
	"strings"
)

// systems names the system's family. The more telling name stands first:
// Windows phones also write Android and iPhone, televisions also Linux.
var systems = newTable([]rule[string]{
	{"windows phone", "Windows Phone"},
	{"wpdesktop", "Windows Phone"},
	{"lumia", "Windows Phone"},
	{"zunewp7", "Windows Phone"},
	{"|wds #", "Windows Phone"},
	{"windows mobile", "Windows Mobile"},
	{"windows ce", "Windows Mobile"},
	{"|wince", "Windows Mobile"},
	{"|kin.", "Windows Mobile"},
	{"webtv/", "WebTV"},

	{"openharmony", "HarmonyOS"},
	{"kaios", "KaiOS"},
	{"sailfish", "GNU/Linux"},
	{"linux like android", "GNU/Linux"},
	{"tizen", "Tizen"},
	{"web0s", "webOS"},
	{"|webos;", "webOS"},
	{"webos.tv", "webOS"},
	{"webos/", "webOS"},
	{"hpwos", "webOS"},
	{"googletv", "Google TV"},
	{"vizios", "GNU/Linux"},
	{"smartcast", "GNU/Linux"},
	{"vidaa", "GNU/Linux"},
	{"tivoos", "GNU/Linux"},
	{"kreatv", "GNU/Linux"},
	{"whaleos", "Whale OS"},
	{"|zeasn", "Whale OS"},
	{"tango-nt", "Whale OS"},
	{"maple", "Orsay"},
	{"smarthub", "Orsay"},
	{"|roku", "Roku OS"},
	{"|com.roku", "Roku OS"},
	{"brightsign", "GNU/Linux"},
	{"fuchsia", "Fuchsia"},

	{"nintendo", "Nintendo"},
	{"playstation", "PlayStation"},
	{"|ps3|", "PlayStation"},
	{"|ps4|", "PlayStation"},
	{"|ps5|", "PlayStation"},

	{"symbian", "Symbian"},
	{"series60", "Symbian"},
	{"series40", "Symbian"},
	{"s40ovi", "Symbian"},
	{"|s60;", "Symbian"},
	{"|bada", "Bada"},
	{"meego", "MeeGo"},
	{"maemo", "MeeGo"},
	{"palmos", "Palm OS"},
	{"palmsource", "Palm OS"},
	{"|blazer/", "Palm OS"},
	{"|palm-", "Palm OS"},
	{"|xiino", "Palm OS"},
	{"|brew", "Brew"},

	{"watchos", "watchOS"},
	{"|watch os", "watchOS"},
	{"model/watch", "watchOS"},
	{"^watch#", "watchOS"},
	{"applewatch", "watchOS"},
	{"|apple watch", "watchOS"},
	{"apple tv", "tvOS"},
	{"appletv", "tvOS"},
	{"|tvos", "tvOS"},

	{"|android", "Android"},
	{"|andr0id", "Android"},
	{"%20android", "Android"},
	{"|linux; os ", "Android"},
	{"|adr #", "Android"},
	{"linux; staros", "Android"},
	{"yunos", "Android"},
	{"blackberry", "BlackBerry"},
	{"|bb10", "BlackBerry"},
	{"playbook", "BlackBerry"},
	{"rim tablet os", "BlackBerry"},
	{"oculusbrowser", "Android"},
	{"picobrowser", "Android"},
	{"like quest", "Android"},
	{"|aft#", "Android"},
	{"smarttv_aft", "Android"},
	{"amazon;aft", "Android"},
	{"silk-accelerated", "Android"},
	{"remixos", "Android"},
	{"cloud phone", "Android"},
	{"exoplayer", "Android"},
	{"dalvik", "Android"},
	{"fban/fb4a", "Android"},

	{"iphone", "iOS"},
	{"|ipad", "iOS"},
	{"|ipod", "iOS"},
	{"ipados", "iOS"},
	{"|iphn", "iOS"},
	{"|iph#", "iOS"},
	{"|ios|", "iOS"},
	{"ios/", "iOS"},
	{"fban/fbios", "iOS"},
	{"fban/messengerforios", "iOS"},
	{"airpodcasts", "iOS"},

	{"risc os", "RISC OS"},
	{"amigaos", "AmigaOS"},
	{"|amiga", "AmigaOS"},
	{"morphos", "AmigaOS"},
	{"openvms", "OpenVMS"},
	{"|cros|", "ChromeOS"},
	{"chromeos", "ChromeOS"},
	{"chrome os", "ChromeOS"},
	{"chromebook", "ChromeOS"},
	{"macintosh", "macOS"},
	{"mac os x", "macOS"},
	{"mac_powerpc", "macOS"},
	{"macos", "macOS"},
	{"mac os", "macOS"},
	{"mac%20os", "macOS"},
	{"os=mac", "macOS"},
	{"|osx", "macOS"},
	{"x86_64) darwin", "macOS"},

	{"windows", "Windows"},
	{"cygwin", "Windows"},
	{"ms-office", "Windows"},
	{"microsoft-cryptoapi", "Windows"},
	{"|win32", "Windows"},
	{"|win64", "Windows"},
	{"|win9#", "Windows"},
	{"|winnt", "Windows"},
	{"|win10", "Windows"},
	{"|win7", "Windows"},
	{"|win8", "Windows"},
	{"|xbox", "Windows"},

	{"freebsd", "Unix"},
	{"openbsd", "Unix"},
	{"netbsd", "Unix"},
	{"dragonfly", "Unix"},
	{"sunos", "Unix"},
	{"solaris", "Unix"},
	{"|irix", "Unix"},
	{"hp-ux", "Unix"},
	{"|aix|", "Unix"},
	{"|osf1", "Unix"},
	{"syllable", "Unix"},
	{"haiku", "BeOS"},
	{"|beos", "BeOS"},
	{"|os/2", "OS/2"},

	{"nokia", "Symbian"},
	{"midp", "Java ME"},
	{"docomo", "Java ME"},
	{"teleca", "Java ME"},
	{"|cldc", "Java ME"},
	{"j2me", "Java ME"},
	{"|java;", "Java ME"},
	{"nucleus", "Java ME"},
	{"|mtk", "Java ME"},
	{"|maui", "Java ME"},
	{"|mre/", "Java ME"},
	{"|mre|", "Java ME"},
	{"|mocor", "Java ME"},
	{"threadx", "Java ME"},
	{"up.browser", "Java ME"},
	{"obigo", "Java ME"},
	{"dorado wap", "Java ME"},
	{"wap-browser", "Java ME"},
	{"wap browser", "Java ME"},
	{"|rex;", "Java ME"},

	{"ubuntu", "GNU/Linux"},
	{"linux", "GNU/Linux"},
	{"|x11", "GNU/Linux"},
	{"debian", "GNU/Linux"},
	{"fedora", "GNU/Linux"},
	{"gentoo", "GNU/Linux"},
	{"|suse", "GNU/Linux"},
	{"red hat", "GNU/Linux"},
	{"centos", "GNU/Linux"},
	{"|crkey", "GNU/Linux"},

	{"android", "Android"}, // within a word: SomeRadioAndroid
	{"/msm8#", "Android"},  // Qualcomm chips
	{"/mt6#", "Android"},   // and MediaTek ones
	{"darwin/", "Darwin"},  // macOS or iOS, told apart below
})

// hintSystems are the values of Sec-CH-UA-Platform.
var hintSystems = map[string]string{
	"Windows": "Windows", "macOS": "macOS", "Mac OS X": "macOS", "Android": "Android", "iOS": "iOS",
	"Linux": "GNU/Linux", "Chrome OS": "ChromeOS", "Chromium OS": "ChromeOS", "Fuchsia": "Fuchsia",
	"Tizen": "Tizen",
}

// windowsNames turns NT versions into the names that people know.
var windowsNames = map[string]string{
	"10.0": "10", "6.4": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista",
	"5.2": "XP", "5.1": "XP", "5.0": "2000", "4.0": "NT 4.0",
}

// findSystem names the system and its version.
func findSystem(a *agent) (name, version string) {
	name, at, _ := systems.find(a.ua)
	if name == "" && at.to == 0 && isFirefoxOS(a.ua) {
		name = "Firefox OS"
	}
	switch name {
	case "Android":
		version = a.androidVersion
		if containsFold(a.ua, "harmonyos") {
			name, version = "HarmonyOS", ""
		}
	case "iOS", "watchOS", "tvOS":
		version = appleVersion(a.ua)
	case "macOS":
		// An iPad that asks for desktop pages is no Mac: its web views say Mobile.
		if strings.Contains(a.ua, " Mobile/") && strings.Contains(a.ua, "AppleWebKit") {
			name = "iOS"
		} else if i := strings.Index(a.ua, "Mac OS X"); i >= 0 {
			version = versionAt(a.ua, i+len("Mac OS X"))
		} else {
			version = versionAt(a.ua, at.to)
		}
	case "Darwin":
		name = "iOS"
		if containsFold(a.ua, "x86") || containsFold(a.ua, "i386") || containsFold(a.ua, "power") || containsFold(a.ua, "(mac") {
			name = "macOS"
		}
	case "Windows":
		version = windowsVersion(a.ua)
	case "Windows Phone":
		if version = versionAfter(a.ua, "Windows Phone OS "); version == "" {
			version = versionAt(a.ua, at.to)
		}
	case "webOS":
		if version = versionAfter(a.ua, "WEBOS"); version == "" {
			version = versionAt(a.ua, at.to)
		}
	case "ChromeOS":
		// "CrOS x86_64 14541.0.0" names a platform build, no version people know.
	case "Tizen", "KaiOS", "BlackBerry", "Bada", "Google TV", "HarmonyOS":
		version = versionAt(a.ua, at.to)
	}

	hinted := hintSystems[a.hints.Platform]
	if hinted == "" {
		return name, version
	}
	// "Linux" is also what televisions and phones in desktop mode hint at; any
	// other hint is the truth, and the agent may be frozen or pretending.
	if hinted != "GNU/Linux" || name == "" {
		if name != hinted && !(name == "HarmonyOS" && hinted == "Android") && !(name == "KaiOS") {
			name, version = hinted, ""
		}
	}
	if v := a.hints.PlatformVersion; v != "" && name == hinted && name != "GNU/Linux" {
		if name == "Windows" {
			version = hintedWindows(v, version)
		} else if v := shortVersion(v); v != "" && v != "0.0" {
			version = v
		}
	}
	return name, version
}

// isFirefoxOS: "Mozilla/5.0 (Mobile; LG-D300; rv:18.1) Gecko/18.1 Firefox/18.1".
func isFirefoxOS(ua string) bool {
	return (strings.HasPrefix(ua, "Mozilla/5.0 (Mobile;") || strings.HasPrefix(ua, "Mozilla/5.0 (Tablet;")) &&
		strings.Contains(ua, "Firefox/")
}

func appleVersion(ua string) string {
	for _, mark := range []string{"iphone os ", "cpu os ", "ipados ", "ipados/", "watchos ", "watchos/", "watch os,", "tvos ", "tvos/", "fbsv/", "ios ", "ios/", "ios; "} {
		if i := indexFold(ua, mark); i >= 0 {
			if i > 0 && (ua[i-1] == '-' || isWord(ua[i-1])) {
				continue // "some-ios/1.0" tells an app's version
			}
			if v := shortVersion(ua[i+len(mark):]); v != "" {
				return v
			}
		}
	}
	return ""
}

func windowsVersion(ua string) string {
	if i := strings.Index(ua, "Windows NT "); i >= 0 {
		v := shortVersion(ua[i+len("Windows NT "):])
		if name, ok := windowsNames[v]; ok {
			return name
		}
		return v
	}
	for _, m := range [...]struct{ mark, version string }{
		{"Windows 98", "98"}, {"Win98", "98"}, {"Windows 95", "95"}, {"Win95", "95"}, {"Windows ME", "ME"},
		{"Windows XP", "XP"}, {"Windows 2000", "2000"}, {"Windows 11", "11"}, {"Windows 10", "10"}, {"win10", "10"},
		{"Windows 8.1", "8.1"}, {"Windows 8", "8"}, {"Windows 7", "7"}, {"win7", "7"},
	} {
		if strings.Contains(ua, m.mark) {
			return m.version
		}
	}
	return ""
}

// hintedWindows reads Sec-CH-UA-Platform-Version as Microsoft documents it:
// 13 and above is Windows 11, 1 to 10 is Windows 10, 0.x are 7, 8 and 8.1.
func hintedWindows(hint, fallback string) string {
	v := shortVersion(hint)
	major, _ := strconv.Atoi(strings.SplitN(v, ".", 2)[0])
	switch {
	case major >= 13:
		return "11"
	case major >= 1:
		return "10"
	case v == "0.3":
		return "8.1"
	case v == "0.2":
		return "8"
	case v == "0.1":
		return "7"
	}
	return fallback
}
