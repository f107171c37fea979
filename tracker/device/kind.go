package device

import (
	"slices"
	"strings"
)

// kinds are words anywhere in the agent (but for an Android model) that tell
// the type of device whatever the system.
var kinds = newTable(slices.Concat(
	all(Other,
		"family hub", "familyhub", "sonos", "smart speaker", "homepod", "audioaccessory", "airpodcasts", "^echo/",
		"^airplay/", "^bose/", "alexamedia",
	),

	all(Console, "nintendo", "playstation", "|ps2|", "|ps3|", "|ps4|", "|ps5|", "xbox", "|steam deck", "sega"),

	all(Wearable,
		"oculusbrowser", "picobrowser", "mobile vr", "like quest", "|vr safari", "watchos", "|watch os", "|watch#",
		"applewatch", "apple watch", "samsung sm-r", "wib/", "garmin", "fitbit",
	),

	all(Car, "|tesla/", "qtcarbrowser", "carplay", "android auto"),

	all(TV,
		"appletv", "apple tv", "|tvos", "hbbtv", "smart-tv", "smarttv", "smart tv", "smart_tv", "googletv",
		"google tv", "android tv", "androidtv", "web0s", "webos.tv", "netcast", "vidaa", "tivoos", "|tivo", "viera",
		"aquos", "bravia", "inettvbrowser", "|nettv", "netrange", "ce-html", "opera tv", "|omi/", "|odin/",
		"tbrowser", "tclwebkit", "quick search tv", "tv bro", "whaleos", "|zeasn", "maple", "smarthub", "|dtv",
		"|dlnadoc", "vizio", "crkey", "|roku", "com.roku", "webtv", "google fiber", "kreatv", "brightsign", "espial",
		"antgalio", "sraf", "lg browser", "amazon;aft", "|stb|", "set-top", "settop", "boxee", "kylo", "vstvb",
		"mr-device", "|sky_stb", "^next ", "sagemcom", "hybridcast", "stbapp", "tivimate",
	),

	all(Tablet,
		"|kindle/", "pocketbook/", "|nook", "hp-tablet", "touchpad/", "playbook", "|ipad", "ipados", "android tablet",
		"android-tablet",
	),
	all(Mobile,
		"|pre/#", "|pixi/#", "iphone", "other-mobile", "nokia", "^ucweb", "^samsung-", "^sec-s", "^lg-", "^lg/",
		"^lge-", "^mot-", "^sonyericsson", "^sagem-", "^alcatel", "^panasonic-", "^philips", "^sie-", "^zte",
		"^huawei", "^lenovo-", "^benq", "^sanyo", "^pantech", "^sharp-tq", "^vodafone/", "^j-phone", "^kddi",
		"^kyocera", "^kwc-", "^toshiba-t", "^haier", "^tianyu", "^k-touch", "^fly_", "^spice", "^karbonn",
		"^micromax", "^lava", "^gionee", "^coolpad", "^hs-", "^portalmmm", "docomo", "/screen-#",
	),
	all(Desktop, "^lynx/", "^links", "^elinks", "^w3m", "^amaya"),
	all(Mobile, "|iph#", "|iphn", "|ipod"),
))

// systemTypes are the devices that a system runs on where nothing says
// otherwise. GNU/Linux, Android and iOS need a closer look.
var systemTypes = map[string]string{
	"Windows": Desktop, "macOS": Desktop, "ChromeOS": Desktop, "Unix": Desktop, "BeOS": Desktop, "OS/2": Desktop,
	"AmigaOS": Desktop, "RISC OS": Desktop, "OpenVMS": Desktop,
	"Windows Phone": Mobile, "Windows Mobile": Mobile, "Symbian": Mobile, "BlackBerry": Mobile, "Bada": Mobile,
	"MeeGo": Mobile, "Palm OS": Mobile, "Brew": Mobile, "Java ME": Mobile, "KaiOS": Mobile, "Firefox OS": Mobile, "HarmonyOS": Mobile,
	"Tizen": TV, "webOS": TV, "Roku OS": TV, "Whale OS": TV, "Orsay": TV, "Google TV": TV, "tvOS": TV, "WebTV": TV,
	"Nintendo": Console, "PlayStation": Console, "watchOS": Wearable,
}

// formFactors are the values of Sec-CH-UA-Form-Factors, the most telling first.
var formFactors = newTable([]rule[string]{
	{"automotive", Car}, {"xr", Wearable}, {"watch", Wearable}, {"tablet", Tablet}, {"eink", Tablet}, {"mobile", Mobile}, {"desktop", Desktop},
})

// findKind tells the type of device.
func findKind(a *agent, os, browser string) string {
	if t, _, ok := formFactors.find(a.hints.FormFactors); ok {
		return t
	}
	if a.model != "" {
		if t, _, ok := models.find(a.model); ok && t != "" {
			return t
		}
		if looksLikeScreen(a.model) {
			return TV
		}
	}
	head := a.head
	if t, _, ok := kinds.find(head); ok && !(t == Mobile && os == "Windows Phone") {
		return t
	}
	if a.tail != "" {
		if t, _, ok := kinds.find(a.tail); ok {
			return t
		}
	}
	switch {
	case os == "Android", os == "HarmonyOS":
		return androidKind(a)
	case os == "iOS" && strings.Contains(a.ua, "Macintosh"):
		return Tablet // an iPad that asks for desktop pages
	}
	if t := systemTypes[os]; t != "" {
		switch {
		case os == "Windows" && a.hints.Mobile == "?1", t == TV && (os == "Tizen" || os == "webOS") && a.says("mobile"):
			return Mobile
		case os == "Windows" && strings.Contains(a.ua, "Windows NT 6.2; ARM; ") && strings.Contains(a.ua, "Tablet PC"):
			return Tablet
		}
		return t
	}
	if os == "GNU/Linux" {
		switch {
		case a.says("mobile"), a.hints.Mobile == "?1":
			return Mobile
		case a.says("tablet"):
			return Tablet
		case containsFold(a.ua, "linux armv7l)"), containsFold(a.ua, "linux mips"), containsFold(a.ua, "linux sh4"), strings.Contains(a.ua, "(Linux )"):
			return TV // no desktop runs on these
		}
		return Desktop
	}
	return ""
}

// androidKind follows Google's advice: phones say Mobile, tablets don't.
func androidKind(a *agent) string {
	switch {
	case strings.Contains(a.ua, "Andr0id"):
		return TV
	case strings.HasPrefix(a.ua, "Mozilla/5.0 (PC;"):
		return Desktop
	case a.says("tablet;"), a.says("; tablet"), a.says("/apad"):
		return Tablet
	case a.says("mobile"), a.hints.Mobile == "?1":
		return Mobile
	}
	major, _, _ := strings.Cut(a.androidVersion, ".")
	switch {
	case major == "1", major == "2", major == "0":
		return Mobile
	case !strings.Contains(a.ua, "Safari/"):
		return Mobile // apps say neither, and most run on phones
	case a.model == "" && a.hints.Mobile == "":
		return Tablet
	}
	return Tablet
}

// says looks for a word outside the device's own name.
func (a *agent) says(word string) bool {
	return containsFold(a.head, word) || containsFold(a.tail, word)
}
