package device

import "strings"

// browsers names the browser's family. The order matters: a browser built on
// another also carries the other's name, so the more special stand first. A
// family is one name on every system ("Chrome Mobile" and "CriOS" are Chrome).
var browsers = newTable([]rule[string]{
	// Apps that show pages in their own view.
	{"instagram", "Instagram"},
	{"|fban", "Facebook"},
	{"|fbav", "Facebook"},
	{"|fb_iab", "Facebook"},
	{"|barcelona#", "Threads"},
	{"barcelona ", "Threads"},
	{"wxwork", "WeCom"},
	{"micromessenger", "WeChat"},
	{"|line/", "Line"},
	{"kakaotalk", "KakaoTalk"},
	{"|naver(", "Naver"},
	{"snapchat", "Snapchat"},
	{"musical_ly", "TikTok"},
	{"tiktok", "TikTok"},
	{"bytedancewebview", "TikTok"},
	{"|trill_", "TikTok"},
	{"|pinterest/", "Pinterest"},
	{"twitter for", "Twitter"},
	{"linkedinapp", "LinkedIn"},
	{"telegram-android", "Telegram"},
	{"|whatsapp/", "WhatsApp"},
	{"dingtalk", "DingTalk"},
	{"alipay", "Alipay"},
	{"|weibo", "Weibo"},
	{"|zalo", "Zalo"},
	{"|gsa/", "Google App"},
	{"googleapp/", "Google App"},
	{"bingsapphire", "Bing"},
	{"|viber/", "Viber"},
	{"|slack", "Slack"},
	{"discord/", "Discord"},

	// Browsers of makers and countries.
	{"edgios", "Edge"},
	{"edga/", "Edge"},
	{"|edg/", "Edge"},
	{"|edge/", "Edge"},
	{"|edgw/", "Edge"},
	{"yasearchbrowser", "Yandex Browser"},
	{"yasearchapp", "Yandex Browser"},
	{"yabrowser", "Yandex Browser"},
	{"yaapp", "Yandex Browser"},
	{"yandexsearch", "Yandex Browser"},
	{"yowser", "Yandex Browser"},
	{"oculusbrowser", "Oculus Browser"},
	{"picobrowser", "PICO Browser"},
	{"samsungbrowser", "Samsung Internet"},
	{"miuibrowser", "Mi Browser"},
	{"mintbrowser", "Mint Browser"},
	{"mint browser", "Mint Browser"},
	{"huaweibrowser", "Huawei Browser"},
	{"hbpc/", "Huawei Browser"},
	{"honorbrowser", "HONOR Browser"},
	{"bdh_dvt", "HONOR Browser"},
	{"vivobrowser", "Vivo Browser"},
	{"heytapbrowser", "HeyTap Browser"},
	{"oppobrowser", "Oppo Browser"},
	{"oppo browser", "Oppo Browser"},
	{"realmebrowser", "Realme Browser"},
	{"mzbrowser", "Meizu Browser"},
	{"smartlenovobrowser", "Lenovo Browser"},
	{"lenovobrowser", "Lenovo Browser"},
	{"zte browser", "ZTE Browser"},
	{"coolbrowser", "Cool Browser"},
	{"quark/", "Quark"},
	{"quarkpc/", "Quark"},
	{"ucturbo", "UC Browser"},
	{"turbo/1.", "UC Browser"},
	{"ucbrowser", "UC Browser"},
	{"|ubrowser", "UC Browser"},
	{"ucweb", "UC Browser"},
	{"uc browser", "UC Browser"},
	{"mqqbrowser", "QQ Browser"},
	{"qqbrowser", "QQ Browser"},
	{"|qq/", "QQ Browser"},
	{"sogoumobilebrowser", "Sogou Browser"},
	{"sogoumse", "Sogou Browser"},
	{"metasr", "Sogou Browser"},
	{"|se 2.x", "Sogou Browser"},
	{"sogousearch", "Sogou Browser"},
	{"baidubrowser", "Baidu Browser"},
	{"bdbrowser", "Baidu Browser"},
	{"flyflow/", "Baidu Browser"},
	{"bidubrowser", "Baidu Browser"},
	{"bdspark", "Baidu Browser"},
	{"|spark/", "Baidu Browser"},
	{"baiduboxapp", "Baidu App"},
	{"baidu|", "Baidu App"},
	{"360 alitephone", "360 Browser"},
	{"360 aphone", "360 Browser"},
	{"360se", "360 Browser"},
	{"360ee", "360 Browser"},
	{"qihoo", "360 Browser"},
	{"qhbrowser", "360 Browser"},
	{"harmony360browser", "360 Browser"},
	{"2345explorer", "2345 Browser"},
	{"2345browser", "2345 Browser"},
	{"mb2345", "2345 Browser"},
	{"lbbrowser", "LieBao"},
	{"liebaofast", "LieBao"},
	{"acheetahi", "CM Browser"},
	{"maxthon", "Maxthon"},
	{"mxbrowser", "Maxthon"},
	{"mxios", "Maxthon"},
	{"coc_coc_browser", "Coc Coc"},
	{"naver", "Naver"},
	{"|whale/", "Whale"},
	{"|iron/", "Iron"},
	{"phx/", "Phoenix Browser"},
	{"hibrowser", "Hi Browser"},
	{"puffin/", "Puffin"},
	{"alohabrowser", "Aloha Browser"},
	{"aloha", "Aloha Browser"},
	{"duckduckgo", "DuckDuckGo"},
	{"|ddg/", "DuckDuckGo"},
	{"ecosia", "Ecosia"},
	{"qwant", "Qwant"},
	{"|brave", "Brave"},
	{"vivaldi", "Vivaldi"},
	{"avastsecurebrowser", "Avast Secure Browser"},
	{"|avast/", "Avast Secure Browser"},
	{"|avg/", "AVG Secure Browser"},
	{"|ccleaner/", "CCleaner Browser"},
	{"avira/", "Avira Secure Browser"},
	{"|norton/", "Norton Secure Browser"},
	{"adblock browser", "AdBlock Browser"},
	{"|abb/", "AdBlock Browser"},
	{"dolphin/", "Dolphin"},
	{"dolphin http", "Dolphin"},
	{"|kiwi|", "Kiwi"},
	{"kode/", "Kode Browser"},
	{"tansodl", "Kode Browser"},
	{"mcent/", "mCent"},
	{"onebrowser", "ONE Browser"},
	{"|go browser", "GO Browser"},
	{"lite browser/", "GO Browser"},
	{"sznprohlizec", "Seznam Browser"},
	{"jiosphere", "JioSphere"},
	{"pibrowser", "Pi Browser"},
	{"soul/", "Soul Browser"},
	{"hawk/", "Hawk Browser"},
	{"wkbrowser", "Wukong Browser"},
	{"|atom/", "Atom"},
	{"salamweb", "SalamWeb"},
	{"rakutenwebsearch", "Rakuten Web Search"},
	{"rakutenbrowser", "Rakuten Browser"},
	{"sputnikbrowser", "Sputnik Browser"},
	{"yjapp-", "Yahoo! Japan"},
	{"yjtop", "Yahoo! Japan"},
	{"amigo/", "Amigo"},
	{"arcmobile", "Arc"},
	{"|arc/", "Arc"},
	{"surfbrowser", "Surf Browser"},
	{"proxy browser", "Proxy Browser"},
	{"mobicip", "Mobicip"},
	{"chromeplus", "ChromePlus"},
	{"rockmelt", "RockMelt"},
	{"comodo_dragon", "Comodo Dragon"},
	{"icedragon", "Comodo IceDragon"},
	{"epiphany", "GNOME Web"},
	{"gnome-web", "GNOME Web"},
	{"falkon", "Falkon"},
	{"qupzilla", "Falkon"},
	{"konqueror", "Konqueror"},
	{"midori", "Midori"},
	{"rekonq", "Rekonq"},
	{"sleipnir", "Sleipnir"},
	{"lunascape", "Lunascape"},
	{"omniweb", "OmniWeb"},
	{"|icab", "iCab"},
	{"|fluid/", "Fluid"},
	{"|arora", "Arora"},
	{"|otter/", "Otter Browser"},
	{"cheshire/", "Cheshire"},
	{"snowshoe", "Snowshoe"},
	{"mercury/", "Mercury"},
	{"nuanti", "Nuanti Meta"},
	{"nintendobrowser", "Nintendo Browser"},
	{"bunjalloo", "Bunjalloo"},
	{"tesla/", "Tesla Browser"},
	{"goggalaxyclient", "GOG Galaxy"},
	{"valve steam", "Steam"},
	{"|steam/", "Steam"},
	{"electron/", "Electron"},

	// On televisions and books.
	{"tv bro/", "TV Bro"},
	{"quick search tv", "Quick Search TV"},
	{"browsehere", "BrowseHere"},
	{"com.tcl.browser", "BrowseHere"},
	{"tclwebkit", "BrowseHere"},
	{"|odin/", "Odin"},
	{"sraf", "Seraphic Sraf"},
	{"tbrowser", "T-Browser"},
	{"lg browser", "LG Browser"},
	{"|jasmine/", "Jasmine"},
	{"maple", "Maple"},
	{"rokubrowser", "Roku Browser"},
	{"espial", "Espial"},
	{"antgalio", "ANT Galio"},
	{"antfresco", "ANT Fresco"},
	{"hhbrowser", "Whale TV Browser"},
	{"kylo", "Kylo"},
	{"wib/", "Wear Internet Browser"},
	{"|odd/", "Odd Browser"},
	{"applewebkit/534.34 pocketbook/", "PocketBook Browser"},
	{"nook browser", "Nook Browser"},
	{"kindle/", "Kindle Browser"},
	{"silk/", "Silk"},
	{"silk-accelerated", "Silk"},

	// Opera, of all kinds.
	{"opera mini", "Opera Mini"},
	{"|opios/", "Opera Mini"},
	{"|opr/", "Opera"},
	{"|opx/", "Opera"},
	{"|opt/", "Opera"},
	{" mms/1", "Opera"},
	{"opera", "Opera"},
	{"|omi/", "Opera"},

	// Firefox and its kin.
	{"palemoon", "Pale Moon"},
	{"waterfox", "Waterfox"},
	{"seamonkey", "SeaMonkey"},
	{"iceweasel", "Iceweasel"},
	{"icecat", "IceCat"},
	{"conkeror", "Conkeror"},
	{"webissimo", "Ordissimo"},
	{"camino", "Camino"},
	{"k-meleon", "K-Meleon"},
	{"kazehakase", "Kazehakase"},
	{"galeon", "Galeon"},
	{"basilisk/", "Basilisk"},
	{"librewolf", "LibreWolf"},
	{"|flock/", "Flock"},
	{"cometbird", "CometBird"},
	{"wolvic", "Wolvic"},
	{"mobile vr; rv", "Firefox Reality"},
	{"swiftfox", "Swiftfox"},
	{"firebird/", "Firebird"},
	{"netscape", "Netscape"},
	{"navigator/", "Netscape"},
	{"|fxios", "Firefox"},
	{"|focus/", "Firefox"},
	{"rocket/", "Firefox"},
	{"|klar/", "Firefox"},
	{"fennec", "Firefox"},
	{"firefox", "Firefox"},

	// Old phones.
	{"up.browser", "Openwave"},
	{"netfront", "NetFront"},
	{"|nf/", "NetFront"},
	{"|nx/", "NetFront"},
	{"obigo", "Obigo"},
	{"teleca", "Obigo"},
	{"maui", "MAUI WAP Browser"},
	{"dorado", "Dorado"},
	{"nokiabrowser", "Nokia Browser"},
	{"s40ovibrowser", "Nokia Browser"},
	{"browserng", "Nokia Browser"},
	{"series60", "Nokia Browser"},
	{"symbianos", "Nokia Browser"},
	{"|blazer", "Blazer"},
	{"wosbrowser", "webOS Browser"},
	{"docomo", "DoCoMo"},
	{"polaris", "Polaris"},
	{"dolfin", "Dolphin"},
	{"semc-browser", "SEMC-Browser"},
	{"blackberry", "BlackBerry Browser"},
	{"|bb10", "BlackBerry Browser"},
	{"playbook", "BlackBerry Browser"},
	{"sailfishbrowser", "Sailfish Browser"},

	// The rest of the desktop.
	{"avant browser", "Avant"},
	{"aol #", "AOL Explorer"},
	{"iemobile", "Internet Explorer"},
	{"msie", "Internet Explorer"},
	{"trident/", "Internet Explorer"},
	{"amaya/", "Amaya"},
	{"dillo", "Dillo"},
	{"lynx/", "Lynx"},
	{"^links", "Links"},
	{"elinks", "ELinks"},
	{"^w3m", "w3m"},
	{"hotjava", "HotJava"},
	{"ncsa_mosaic", "Mosaic"},
	{"vms_mosaic", "Mosaic"},
	{"ibrowse", "IBrowse"},
	{"webpositive", "WebPositive"},
	{"qtwebengine", "QtWebEngine"},

	// What most of the above also carry.
	{"headlesschrome", "Chrome"},
	{"chromium", "Chromium"},
	{"|crios", "Chrome"},
	{"|crmo/", "Chrome"},
	{"; wv)", "Android WebView"},
	{"chrome", "Chrome"},
	{"chr0me", "Chrome"},
	{"dalvik", "Android Browser"},
	{"safari", "Safari"},
	{"applewebkit", "Safari"},
})

// hintBrands are the brands of Sec-CH-UA and Sec-CH-UA-Full-Version-List.
var hintBrands = newTable([]rule[string]{
	{"microsoft edge webview2", "Edge WebView2"},
	{"microsoft edge", "Edge"},
	{"opera gx", "Opera"},
	{"operamobile", "Opera"},
	{"opera", "Opera"},
	{"samsung internet", "Samsung Internet"},
	{"yandex", "Yandex Browser"},
	{"yabrowser", "Yandex Browser"},
	{"brave", "Brave"},
	{"duckduckgo", "DuckDuckGo"},
	{"vivaldi", "Vivaldi"},
	{"whale", "Whale"},
	{"huaweibrowser", "Huawei Browser"},
	{"miuibrowser", "Mi Browser"},
	{"avast secure browser", "Avast Secure Browser"},
	{"avg secure browser", "AVG Secure Browser"},
	{"norton", "Norton Secure Browser"},
	{"avira", "Avira Secure Browser"},
	{"ccleaner", "CCleaner Browser"},
	{"ecosia", "Ecosia"},
	{"arc\"", "Arc"},
	{"oculus browser", "Oculus Browser"},
	{"silk", "Silk"},
	{"vewd", "Vewd"},
	{"gener8", "Gener8"},
	{"adblock browser", "AdBlock Browser"},
	{"headlesschrome", "Chrome"},
	{"android webview", "Android WebView"},
	{"google chrome", "Chrome"},
	{"chromium", "Chromium"},
})

// plain are the names that browsers of other names carry, too.
var plain = map[string]bool{"Chrome": true, "Safari": true, "Android WebView": true, "Android Browser": true}

// findBrowser names the browser and its version.
func findBrowser(a *agent, os string) (name, version string) {
	// The browser's name stands after the device's, which may hold any word.
	at := hit{}
	text := a.ua
	if a.tail != "" {
		text = a.tail
		name, at, _ = browsers.find(a.tail)
	}
	if name == "" || plain[name] {
		if n, h, _ := browsers.find(a.head); n != "" && (name == "" || !plain[n]) {
			name, at, text = n, h, a.head
		}
	}
	version = versionAt(text, at.to)

	switch name {
	case "Safari", "Internet Explorer", "Chrome", "Android WebView", "Opera", "Opera Mini", "Yandex Browser", "Facebook", "Ecosia":
		name, version = settle(a, os, name, version)
	}
	return hintBrowser(a, name, version)
}

// tridents are the versions of Internet Explorer by those of its engine.
var tridents = map[string]string{"4.0": "8.0", "5.0": "9.0", "6.0": "10.0", "7.0": "11.0"}

// settle tells apart what one word in the agent leaves open.
func settle(a *agent, os, name, version string) (string, string) {
	ua := a.ua
	switch name {
	case "Safari":
		version = versionAfter(ua, "Version/")
		switch os {
		case "Android", "HarmonyOS", "Google TV":
			return "Android Browser", version
		case "iOS":
			if !strings.Contains(ua, "Safari") {
				return "iOS WebView", ""
			}
		case "Tizen":
			return "Tizen Browser", version
		case "PlayStation":
			return "NetFront", ""
		case "Symbian":
			return "Nokia Browser", ""
		}
	case "Internet Explorer":
		// In its compatibility view it says MSIE 7.0, and tells only by the engine.
		if v := tridents[versionAfter(ua, "Trident/")]; v != "" && !strings.Contains(ua, "IEMobile") {
			return name, v
		}
		for _, mark := range []string{"IEMobile/", "IEMobile ", "MSIE ", "rv:"} {
			if v := versionAfter(ua, mark); v != "" {
				return name, v
			}
		}
	case "Chrome":
		// WebViews before Lollipop, and many since, say Version/4.0 only.
		if (os == "Android" || os == "HarmonyOS") && containsFold(ua, "version/") {
			name = "Android WebView"
		} else if strings.Contains(ua, "; wv)") {
			name = "Android WebView"
		}
	case "Android WebView":
		version = versionAfter(ua, "Chrome/")
	case "Opera", "Opera Mini":
		if v := versionAfter(ua, "OPR/"); v != "" {
			version = v
		} else if v := versionAfter(ua, "Version/"); v != "" && name == "Opera" && strings.HasPrefix(ua, "Opera/") {
			version = v
		}
	case "Yandex Browser":
		if v := versionAfter(ua, "YaBrowser/"); v != "" {
			version = v
		}
	case "Ecosia":
		if v := versionAfter(ua, "@"); v != "" {
			version = v
		}
	case "Facebook":
		if strings.Contains(ua, "FBAN/Messenger") || strings.Contains(ua, "FB_IAB/Orca") || strings.Contains(ua, "FB_IAB/MESSENGER") {
			name = "Messenger"
		}
		version = versionAfter(ua, "FBAV/")
	}
	return name, version
}

// hintBrowser lets the client hints refine the answer: they are the only place
// where browsers that pose as Chrome (Brave, DuckDuckGo) give their name.
func hintBrowser(a *agent, name, version string) (string, string) {
	brands := a.hints.FullVersionList
	if brands == "" {
		brands = a.hints.UA
	}
	if brands == "" {
		return name, version
	}
	hinted, at, ok := hintBrands.find(brands)
	if !ok {
		return name, version
	}
	switch name {
	case "", "Chrome", "Chromium", "Safari", "Android WebView":
		if hinted == "Chromium" && name != "" || hinted == "Chrome" && name == "Android WebView" {
			break
		}
		if hinted == name && a.hints.FullVersionList == "" {
			break
		}
		name, version = hinted, ""
	}
	if hinted == name {
		if i := indexFold(brands[at.to:], "v=\""); i >= 0 {
			if v := shortVersion(brands[at.to+i+len("v=\""):]); v != "" && (version == "" || a.hints.FullVersionList != "") {
				version = v
			}
		}
	}
	return name, version
}

func versionAfter(s, mark string) string {
	if i := strings.Index(s, mark); i >= 0 {
		return shortVersion(s[i+len(mark):])
	}
	return ""
}
