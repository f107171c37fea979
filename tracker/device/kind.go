package device

import "strings"

// kinds are words anywhere in the agent (but for an Android model) that tell
// the type of device whatever the system.
var kinds = newTable([]rule[string]{
	{"family hub", Other},
	{"familyhub", Other},
	{"sonos", Other},
	{"smart speaker", Other},
	{"homepod", Other},
	{"audioaccessory", Other},
	{"airpodcasts", Other},
	{"^echo/", Other},
	{"^airplay/", Other},
	{"^bose/", Other},
	{"alexamedia", Other},

	{"nintendo", Console},
	{"playstation", Console},
	{"|ps2|", Console},
	{"|ps3|", Console},
	{"|ps4|", Console},
	{"|ps5|", Console},
	{"xbox", Console},
	{"|steam deck", Console},
	{"sega", Console},

	{"oculusbrowser", Wearable},
	{"picobrowser", Wearable},
	{"mobile vr", Wearable},
	{"like quest", Wearable},
	{"|vr safari", Wearable},
	{"watchos", Wearable},
	{"|watch os", Wearable},
	{"|watch#", Wearable},
	{"applewatch", Wearable},
	{"apple watch", Wearable},
	{"samsung sm-r", Wearable},
	{"wib/", Wearable},
	{"garmin", Wearable},
	{"fitbit", Wearable},

	{"|tesla/", Car},
	{"qtcarbrowser", Car},
	{"carplay", Car},
	{"android auto", Car},

	{"appletv", TV},
	{"apple tv", TV},
	{"|tvos", TV},
	{"hbbtv", TV},
	{"smart-tv", TV},
	{"smarttv", TV},
	{"smart tv", TV},
	{"smart_tv", TV},
	{"googletv", TV},
	{"google tv", TV},
	{"android tv", TV},
	{"androidtv", TV},
	{"web0s", TV},
	{"webos.tv", TV},
	{"netcast", TV},
	{"vidaa", TV},
	{"tivoos", TV},
	{"|tivo", TV},
	{"viera", TV},
	{"aquos", TV},
	{"bravia", TV},
	{"inettvbrowser", TV},
	{"|nettv", TV},
	{"netrange", TV},
	{"ce-html", TV},
	{"opera tv", TV},
	{"|omi/", TV},
	{"|odin/", TV},
	{"tbrowser", TV},
	{"tclwebkit", TV},
	{"quick search tv", TV},
	{"tv bro", TV},
	{"whaleos", TV},
	{"|zeasn", TV},
	{"maple", TV},
	{"smarthub", TV},
	{"|dtv", TV},
	{"|dlnadoc", TV},
	{"vizio", TV},
	{"crkey", TV},
	{"|roku", TV},
	{"com.roku", TV},
	{"webtv", TV},
	{"google fiber", TV},
	{"kreatv", TV},
	{"brightsign", TV},
	{"espial", TV},
	{"antgalio", TV},
	{"sraf", TV},
	{"lg browser", TV},
	{"amazon;aft", TV},
	{"|stb|", TV},
	{"set-top", TV},
	{"settop", TV},
	{"boxee", TV},
	{"kylo", TV},
	{"vstvb", TV},
	{"mr-device", TV},
	{"|sky_stb", TV},
	{"^next ", TV},
	{"sagemcom", TV},
	{"hybridcast", TV},
	{"stbapp", TV},
	{"tivimate", TV},

	{"|kindle/", Tablet},
	{"pocketbook/", Tablet},
	{"|nook", Tablet},
	{"hp-tablet", Tablet},
	{"touchpad/", Tablet},
	{"playbook", Tablet},
	{"|ipad", Tablet},
	{"ipados", Tablet},

	{"android tablet", Tablet},
	{"android-tablet", Tablet},
	{"|pre/#", Mobile},
	{"|pixi/#", Mobile},
	{"iphone", Mobile},
	{"other-mobile", Mobile},
	{"nokia", Mobile},
	{"^ucweb", Mobile},
	{"^samsung-", Mobile},
	{"^sec-s", Mobile},
	{"^lg-", Mobile},
	{"^lg/", Mobile},
	{"^lge-", Mobile},
	{"^mot-", Mobile},
	{"^sonyericsson", Mobile},
	{"^sagem-", Mobile},
	{"^alcatel", Mobile},
	{"^panasonic-", Mobile},
	{"^philips", Mobile},
	{"^sie-", Mobile},
	{"^zte", Mobile},
	{"^huawei", Mobile},
	{"^lenovo-", Mobile},
	{"^benq", Mobile},
	{"^sanyo", Mobile},
	{"^pantech", Mobile},
	{"^sharp-tq", Mobile},
	{"^vodafone/", Mobile},
	{"^j-phone", Mobile},
	{"^kddi", Mobile},
	{"^kyocera", Mobile},
	{"^kwc-", Mobile},
	{"^toshiba-t", Mobile},
	{"^haier", Mobile},
	{"^tianyu", Mobile},
	{"^k-touch", Mobile},
	{"^fly_", Mobile},
	{"^spice", Mobile},
	{"^karbonn", Mobile},
	{"^micromax", Mobile},
	{"^lava", Mobile},
	{"^gionee", Mobile},
	{"^coolpad", Mobile},
	{"^hs-", Mobile},
	{"^portalmmm", Mobile},
	{"docomo", Mobile},
	{"/screen-#", Mobile},
	{"^lynx/", Desktop},
	{"^links", Desktop},
	{"^elinks", Desktop},
	{"^w3m", Desktop},
	{"^amaya", Desktop},
	{"|iph#", Mobile},
	{"|iphn", Mobile},
	{"|ipod", Mobile},
})

// models are parts of the names that Android devices give themselves. Where
// they are silent, the word Mobile in the agent decides.
var models = newTable([]rule[string]{
	// Machines that are none of the usual.
	{"^aeo", Other}, // Amazon Echo
	{"echo show", Other},
	{"yandexstation", Other},
	{"portal+", Other},
	{"^portal", Other},
	{"nest hub", Other},
	{"smart display", Other},
	{"coolpix", Other},
	{"^ek-gc", Other},
	{"^ek-gn", Other},
	{"raspberry", Other},
	{"odroid", Other},
	{"tinker board", Other},
	{"mobiprint", Other},
	{"mobigo", Other},
	{"wizarpos", Other},
	{"multipos", Other},
	{"seewo", Other},
	{"verifone", Other},
	{"ingenico", Other},
	{"^telo_m", Other},
	{"magic mirror", Other},
	{"treadmill", Other},

	{"retroid", Console},
	{"^shield", Console},
	{"ouya", Console},
	{"gamepad", Console},
	{"razer edge", Console},
	{"^rg#", Console},
	{"switch lite", Console},
	{"nintendo", Console},
	{"logitech g", Console},
	{"anbernic", Console},
	{"gpd xd", Console},

	{"watch", Wearable},
	{"^sm-r#", Wearable},
	{"samsung sm-r#", Wearable},
	{"^quest 2", Wearable},
	{"^quest 3", Wearable},
	{"^quest pro", Wearable},
	{"^quest$", Wearable},
	{"oculus", Wearable},
	{"pico neo", Wearable},
	{"pico g2", Wearable},
	{"pico 4", Wearable},
	{"standalone hmd", Wearable},
	{"vive focus", Wearable},
	{"glass ", Wearable},
	{"^thor ", Wearable},
	{"^lem#", Wearable},
	{"^kw#", Wearable},
	{"wearable", Wearable},

	{"quad-core t3", Car},
	{"quadcore-r16", Car},
	{"ultraocta", Car},
	{"8227l", Car},
	{"porsche", Car},
	{"polestar", Car},
	{"volvo", Car},
	{"audi_", Car},
	{"benz", Car},
	{"byd auto", Car},
	{"dilink", Car},
	{"airtouch perf", Car},
	{"aftlbt", Car},
	{"^mpc-#", Car},
	{"^yt#", Car},
	{"renault", Car},
	{"headunit", Car},
	{"car pad", Car},
	{"junsun", Car},
	{"teyes", Car},
	{"automotive", Car},
	{"^zq80#", Car},

	// Notebooks that run Android apps or Android itself.
	{"chromebook", Desktop},
	{"chromebox", Desktop},
	{"elitebook", Desktop},
	{"probook", Desktop},
	{"satellite", Desktop},
	{"latitude", Desktop},
	{"inspiron", Desktop},
	{"optiplex", Desktop},
	{"precision", Desktop},
	{"^aspire", Desktop},
	{"vivobook", Desktop},
	{"zenbook", Desktop},
	{"pavilion", Desktop},
	{"pixelbook", Desktop},
	{"travelmate", Desktop},
	{"vostro", Desktop},
	{"sff pc", Desktop},
	{"macbook", Desktop},
	{"nuc#", Desktop},
	{"2in1", Desktop},
	{"virtualbox", Desktop},
	{"vmware", Desktop},
	{"standard pc", Desktop},
	{"bluestacks", Desktop},
	{"subsystem for android", Desktop},

	// Phones whose names hold a word of the tables below.
	{"padfone", Mobile},
	{"coolpad", Mobile},
	{"fonepad", Mobile},
	{"klipad", Mobile},
	{"^pad#", Mobile},
	{"^padm", Mobile},
	{"^padt", Mobile},
	{"padua", Mobile},
	{"spade", Mobile},
	{"slate 6", Mobile},
	{"tv phone", Mobile},
	{"smartphone", Mobile},
	{"iphone", Mobile},
	{"^atv#", Mobile},

	// Television sets, boxes and sticks.
	{"^sm-w#", Mobile},
	{"kazam tv", Mobile},
	{" dtv|", ""}, // phones and tablets with a tuner
	{"5litedtv", ""},
	{"letv x", Mobile},
	{"^btv-", Tablet},
	{"x98 air", Tablet},
	{"_natv", Mobile},
	{"-k360-", Mobile},
	{"|tv|", TV},
	{"|tv_", TV},
	{"_tv|", TV},
	{"_tv_", TV},
	{"tv box", TV},
	{"tvbox", TV},
	{"tv-box", TV},
	{"tv stick", TV},
	{"smart_tv", TV},
	{"smarttv", TV},
	{"smart tv", TV},
	{"smarter", TV},
	{"googletv", TV},
	{"androidtv", TV},
	{"atv|", TV},
	{"|atv", TV},
	{"_atv", TV},
	{"|tv#", TV},
	{"tvs|", TV},
	{"mitv", TV},
	{"mibox", TV},
	{"mi box", TV},
	{"matrixtv", TV},
	{"gigatv", TV},
	{"fibetv", TV},
	{"smatv", TV},
	{"bravia", TV},
	{"aquos-tv", TV},
	{"^aft", TV},
	{"chromecast", TV},
	{"streamer", TV},
	{"streaming", TV},
	{"skystream", TV},
	{" stick", TV},
	{"_stick", TV},
	{"smart box", TV},
	{"smartbox", TV},
	{"mediabox", TV},
	{"media box", TV},
	{"android box", TV},
	{"sberbox", TV},
	{"mybox", TV},
	{"netbox", TV},
	{"linkbox", TV},
	{"openbox", TV},
	{"nexbox", TV},
	{"vinabox", TV},
	{"superbox", TV},
	{"winkbox", TV},
	{"speedbox", TV},
	{"youwei", TV},
	{"-box", TV},
	{"_box", TV},
	{" box", TV},
	{"|box", TV},
	{"qbox", TV},
	{"eurobox", TV},
	{"pvbox", TV},
	{"|stb", TV},
	{"stb|", TV},
	{"stb#", TV},
	{"|dvb", TV},
	{"set-top", TV},
	{" shell ", TV},
	{"_shell_", TV},
	{"smart4k", TV},
	{"|led#", TV},
	{"-led#", TV},
	{"_led#", TV},
	{"|lex-", TV},
	{"lex-7", TV},
	{"lex_7", TV},
	{"lex-8", TV},
	{"lex_8", TV},
	{"polarline", TV},
	{"^polar_", TV},
	{"uhd|", TV},
	{"_uhd", TV},
	{"_fhd", TV},
	{"yndx-", TV},
	{"rombica", TV},
	{"iconbit movie", TV},
	{"iconbit xds", TV},
	{"selenga", TV},
	{"ugoos", TV},
	{"beelink", TV},
	{"zidoo", TV},
	{"mecool", TV},
	{"me-cool", TV},
	{"vontar", TV},
	{"tanix", TV},
	{"gtking", TV},
	{"|gt1", TV},
	{"gtmini", TV},
	{"mxq", TV},
	{"^h96", TV},
	{"x96", TV},
	{"x88", TV},
	{"x98", TV},
	{"i96", TV},
	{"a95x", TV},
	{"t95", TV},
	{"hk1", TV},
	{"tx3", TV},
	{"|tx5", TV},
	{"|tx6", TV},
	{"|tx9", TV},
	{"tox#", TV},
	{"km9", TV},
	{"km8", TV},
	{"km7", TV},
	{"km6", TV},
	{"km5pro", TV},
	{"m8s", TV},
	{"|ki pro", TV},
	{"kiii pro", TV},
	{"|mk8", TV},
	{"rk33#", TV},
	{"s905", TV},
	{"s912", TV},
	{"amlogic", TV},
	{"mygica", TV},
	{"evpad", TV},
	{"unblock", TV},
	{"minix", TV},
	{"|neo-x", TV},
	{"|neo-u", TV},
	{"nexon x", TV},
	{"nexon_x", TV},
	{"invin", TV},
	{"vorke", TV},
	{"yundoo", TV},
	{"pendoo", TV},
	{"transpeed", TV},
	{"vega s95", TV},
	{"pyramid a", TV},
	{"ozone", TV},
	{"hiremco", TV},
	{"nogapc", TV},
	{"as4k", TV},
	{"as_4k", TV},
	{"as5#", TV},
	{"dv8#", TV},
	{"diw#", TV},
	{"sagemcom", TV},
	{"sei#", TV},
	{"uie#", TV},
	{"htv-", TV},
	{"hgtv", TV},
	{"ntv-", TV},
	{"ntv_", TV},
	{"ptv#", TV},
	{"swtv", TV},
	{"duotv", TV},
	{"tpm1#", TV},
	{"^qm1#", TV},
	{"movie smart", TV},
	{"smart 4k", TV},
	{"|viva_home", TV},
	{"movix", TV},
	{"kata ", TV},
	{"|4k|", TV},
	{"|4k_", TV},
	{"|4ktv", TV},
	{"_4k|", TV},
	{"^tdtv", TV}, {"^td24", TV}, {"^td32", TV}, {"^td43", TV}, {"^td50", TV}, {"^td55", TV}, {"^td65", TV}, {"^td75", TV}, {"^tq55", TV}, {"^tq65", TV},
	{"^ct-8#", TV}, {"^gtv#", TV}, {"csb-2", TV}, {"^nv5#", TV}, {"^s900", TV}, {"^smx4k", TV}, {"^pipo_x", TV}, {"^abx-#", TV}, {"^vmp-0", TV}, {"^vmp0", TV}, {"^netta", TV}, {"perfeo_pf_a4", TV}, {"^x92", TV}, {"^gtx-r", TV}, {"yandexmodule", TV}, {"sdott", TV}, {"^xs100", TV}, {"_tv", TV}, {"fhd|", TV},
	{"uhd#", TV},
	{"qled", TV},
	{"tv|", TV},
	{"ott|", TV},
	{"iptv", TV},
	{"homatics", TV},
	{"dynalink", TV},
	{"walmart onn", TV},
	{"onn. 4k", TV},
	{"projector", TV},
	{"xgimi", TV},

	// Tablets and readers.
	{"tablet", Tablet},
	{"|tab|", Tablet},
	{"|tab#", Tablet},
	{"|tab_", Tablet},
	{"_tab", Tablet},
	{"tab|", Tablet},
	{"tab_", Tablet},
	{"tab#", Tablet},
	{"|tab", Tablet},
	{"lifetab", Tablet},
	{"mediapad", Tablet},
	{"matepad", Tablet},
	{"magicpad", Tablet},
	{"pad|", Tablet},
	{"pad_", Tablet},
	{"pad#", Tablet},
	{"|pad", Tablet},
	{"pad ", Tablet},
	{"pad-", Tablet},
	{"slate", Tablet},
	{"kindle", Tablet},
	{"nexus 7", Tablet},
	{"nexus 9", Tablet},
	{"nexus 10", Tablet},
	{"pixel c", Tablet},
	{"xoom", Tablet},
	{"^sm-t#", Tablet},
	{"^sm-x#", Tablet},
	{"^sm-p#", Tablet},
	{"samsung sm-t#", Tablet},
	{"samsung sm-x#", Tablet},
	{"samsung sm-p#", Tablet},
	{"^gt-p#", Tablet},
	{"^gt-n8#", Tablet},
	{"^gt-n51#", Tablet},
	{"^sch-i800", Tablet},
	{"^sch-i9#", Mobile},
	{"^shw-m180", Tablet},
	{"^lg-v#", Tablet},
	{"^lg-e9#", Mobile},
	{"^yt-", Tablet},
	{"^yt3-", Tablet},
	{"|yoga ", Tablet},
	{"^tb-", Tablet},
	{"^tb#", Tablet},
	{"lenovo tb", Tablet},
	{"lenovo pb-", Tablet},
	{"^pb-6", Tablet},
	{"lenovo b6000", Tablet},
	{"lenovo b8000", Tablet},
	{"lenovo a7-", Tablet},
	{"ideatab", Tablet},
	{"lenovo s6000", Tablet},
	{"^s6000", Tablet},
	{"transformer", Tablet},
	{"^me#", Tablet},
	{"^p00#", Tablet},
	{"^p01", Tablet},
	{"^p02#", Tablet},
	{"^k01#", Tablet},
	{"^tf#", Tablet},
	{"^kfa", Tablet},
	{"^kfd", Tablet},
	{"^kfg", Tablet},
	{"^kfj", Tablet},
	{"^kfk", Tablet},
	{"^kfm", Tablet},
	{"^kfo", Tablet},
	{"^kfq", Tablet},
	{"^kfr", Tablet},
	{"^kfs", Tablet},
	{"^kft", Tablet},
	{"^opd#", Tablet},
	{"^sgp#", Tablet},
	{"^ags#", Tablet}, {"^ags-", Tablet}, {"^agr-", Tablet}, {"^agrk-", Tablet}, {"^bah#", Tablet}, {"^bah-", Tablet}, {"^bzd-", Tablet},
	{"^bzt#", Tablet}, {"^bzt-", Tablet}, {"^bzw-", Tablet}, {"^bzk-", Tablet}, {"^kob-", Tablet}, {"^kob#", Tablet}, {"^kobe", Tablet},
	{"^jdn-", Tablet}, {"^jdn#", Tablet}, {"^cpn-", Tablet}, {"^mon-", Tablet}, {"^sht-", Tablet}, {"^vrd-", Tablet}, {"^scm#", Tablet},
	{"^scmr-", Tablet}, {"^cmr-", Tablet}, {"^mrx-", Tablet}, {"^mrr-", Tablet}, {"^dby", Tablet}, {"^wgr", Tablet}, {"^got-", Tablet},
	{"^hdl-", Tablet}, {"^hdn-", Tablet}, {"^btk", Tablet}, {"^gdi-", Tablet}, {"^ple-7", Tablet}, {"^fdr-a", Tablet}, {"^bg2-", Tablet},
	{"^krj", Tablet}, {"^ndl", Tablet}, {"^eln-", Tablet}, {"^hey2-", Tablet}, {"^web-w", Tablet}, {"^jms-", Tablet}, {"^cga-", Tablet}, {"^tyr-", Tablet},
	{"huawei m2-8", Tablet}, {"huawei m2-a", Tablet},
	{"-w0#", Tablet}, {"-w1#", Tablet}, {"-w2#", Tablet}, {"-w5#", Tablet}, {"-w6#", Tablet}, {"-w7#", Tablet}, // Wi-Fi models
	{"^mid#", Tablet},
	{"^mid-", Tablet},
	{"^mid|", Tablet},
	{"^midc", Tablet},
	{"^pmid", Tablet},
	{"^pmt#", Tablet},
	{"^pmp#", Tablet},
	{"^rct#", Tablet},
	{"^qta", Tablet},
	{"^qmv", Tablet},
	{"^bq-7#", Tablet},
	{"^bq-8#", Tablet},
	{"^bq-9#", Tablet},
	{"^bq-10", Tablet},
	{"^bqru-7", Tablet},
	{"^bqru-8#", Tablet},
	{"^bqru-9", Tablet},
	{"^bqru-1", Tablet},
	{"edison", Tablet},
	{"aquaris m10", Tablet},
	{"iplay", Tablet},
	{"teclast", Tablet},
	{"alldocube", Tablet},
	{"chuwi", Tablet},
	{"ainol", Tablet},
	{"novo#", Tablet},
	{"numy", Tablet},
	{"onda ", Tablet},
	{"^boox", Tablet},
	{"tolino", Tablet},
	{"pocketbook", Tablet},
	{"nook", Tablet},
	{"bnrv", Tablet},
	{"bntv", Tablet},
	{"kobo ", Tablet},
	{"ereader", Tablet},
	{"toughpad", Tablet},
	{"^fz-", Tablet},
	{"iball slide", Tablet},
	{"iball_slide", Tablet},
	{"kocaso", Tablet},
	{"readboy", Tablet},
	{"pixus", Tablet},
	{"contixo", Tablet},
	{"dslide", Tablet},
	{"irbis tz", Tablet},
	{"^tz#", Tablet},
	{"^nomi_c07", Tablet}, {"^nomi_c08", Tablet}, {"^nomi_c10", Tablet},
	{"digma", Tablet},
	{"optima #", Tablet}, {"optima prime", Tablet}, {"plane #", Tablet}, {"plane_#", Tablet}, {"citi #", Tablet}, {"citi_#", Tablet}, {"citi kids", Tablet},
	{"htc flyer", Tablet},
	{"streak 7", Tablet},
	{"^dell venue", Tablet},
	{"^a1-8#", Tablet}, {"^a3-a#", Tablet}, {"^b1-7#", Tablet}, {"^b3-a#", Tablet}, {"^a1-7#", Tablet}, {"iconia", Tablet},
	{"^an7", Tablet}, {"^an8", Tablet}, {"^an9", Tablet}, {"^an10", Tablet}, {"^archm", Tablet}, {"archos 7", Tablet}, {"archos 8", Tablet}, {"archos 9", Tablet}, {"archos 10", Tablet}, {"archos5", Tablet},
	{"24018rp", Tablet}, {"rpacc", Tablet}, {"rp34c", Tablet}, {"rpbfc", Tablet}, {"rpd2i", Tablet}, {"rp19g", Tablet}, {"drp0", Tablet}, {"rpn8", Tablet},
	{"^9132", Tablet}, {"^9027", Tablet}, {"^9032", Tablet}, {"^9013", Tablet}, {"^9029", Tablet}, {"^8094", Tablet}, {"^8084", Tablet}, {"^8052", Tablet}, {"^9025", Tablet}, {"^9081", Tablet}, {"^9007", Tablet}, {"^9203", Tablet}, {"^9460", Tablet},
	{"oc101", Tablet},
	{"^mito t", Tablet}, {"cube-t", Tablet}, {"^etl-t", Tablet}, {"^ipa2#", Tablet}, {"hope7", Tablet}, {"hope8", Tablet}, {"^neon7", Tablet}, {"^neon9", Tablet}, {"^momo#", Tablet},
	{"zync ", Tablet}, {"^z930", Tablet}, {"^ginzzu gt", Tablet}, {"^ginzzu_gt", Tablet}, {"allview2speed", Tablet}, {"allview3speed", Tablet}, {"^tel-7", Tablet}, {"^tel-10", Tablet},
	{"^mt7-", Tablet}, {"^mt7#", Tablet}, {"7 3g|", Tablet}, {"7_3g", Tablet}, {"10_3g", Tablet}, {"7 lte|", Tablet}, {"^element 7", Tablet}, {"element7", Tablet}, {"^m7-3g", Tablet}, {"^vi10", Tablet},
	{"id bot", Tablet}, {"idbot", Tablet}, {"m bot 60", Tablet}, {"itel w7", Tablet}, {"tecno p70", Tablet}, {"^le pan", Tablet}, {"nabi", Tablet}, {"irulu", Tablet}, {"^at374", Tablet},
	// Phones that don't say Mobile, among what is left.
	{"^sm-", Mobile}, {"^samsung-sm-", Mobile}, {"^vivo ", Mobile}, {"^v2#", Mobile}, {"^rmx#", Mobile}, {"^cph#", Mobile}, {"-an#", Mobile}, {"-tn#", Mobile}, {"-lx#", Mobile}, {"-al#", Mobile},
	{"mt8", Tablet},
})

// mobileSystems are systems of phones, where nothing says otherwise.
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

// looksLikeScreen knows the names of television sets by the diagonal, in
// inches, that they begin with or carry after the maker's letters: "43U800BU",
// "LE-43ZTFS25", "H32F8000C".
func looksLikeScreen(model string) bool {
	for i := 0; i < len(model) && i < 12; i++ {
		if i > 0 && isDigit(model[i-1]) || i+3 > len(model) {
			continue
		}
		if !screens[model[i:i+2]] || isDigit(model[i+2]) {
			continue
		}
		rest := model[i+2:]
		if i == 0 && len(rest) >= 3 && isLetter(rest[0]) {
			return true
		}
		if i > 0 && len(rest) >= 5 && isLetter(rest[0]) && digitsIn(rest) >= 2 {
			return true
		}
	}
	return false
}

var screens = map[string]bool{
	"24": true, "28": true, "32": true, "39": true, "40": true, "42": true, "43": true, "48": true, "49": true,
	"50": true, "55": true, "58": true, "60": true, "65": true, "70": true, "75": true, "85": true,
}

func digitsIn(s string) (n int) {
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}
