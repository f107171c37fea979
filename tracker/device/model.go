package device

import "slices"

// models are parts of the names that Android devices give themselves. Where
// they are silent, the word Mobile in the agent decides.
var models = newTable(slices.Concat(
	// Machines that are none of the usual.
	all(Other,
		"^aeo", // Amazon Echo
		"echo show", "yandexstation", "portal+", "^portal", "nest hub", "smart display", "coolpix", "^ek-gc",
		"^ek-gn", "raspberry", "odroid", "tinker board", "mobiprint", "mobigo", "wizarpos", "multipos", "seewo",
		"verifone", "ingenico", "^telo_m", "magic mirror", "treadmill",
	),

	all(TV, "shield android tv"),
	all(Console,
		"retroid", "^shield", "ouya", "gamepad", "razer edge", "^rg#", "switch lite", "nintendo", "logitech g",
		"anbernic", "gpd xd",
	),

	all(Wearable,
		"watch", "^sm-r#", "samsung sm-r#", "^quest 2", "^quest 3", "^quest pro", "^quest$", "oculus", "pico neo",
		"pico g2", "pico 4", "standalone hmd", "vive focus", "glass ", "^thor ", "^lem#", "^kw#", "wearable",
	),

	all(Car,
		"quad-core t3", "quadcore-r16", "ultraocta", "8227l", "porsche", "polestar", "volvo", "audi_", "benz",
		"byd auto", "dilink", "airtouch perf", "aftlbt", "^mpc-#", "^yt#", "renault", "headunit", "car pad", "junsun",
		"teyes", "automotive", "^zq80#",
	),

	// Notebooks that run Android apps or Android itself.
	all(Desktop,
		"chromebook", "chromebox", "elitebook", "probook", "satellite", "latitude", "inspiron", "optiplex",
		"precision", "^aspire", "vivobook", "zenbook", "pavilion", "pixelbook", "travelmate", "vostro", "sff pc",
		"macbook", "nuc#", "2in1", "virtualbox", "vmware", "standard pc", "bluestacks", "subsystem for android",
	),

	// Phones whose names hold a word of the tables below.
	all(Mobile,
		"padfone", "coolpad", "fonepad", "klipad", "^pad#", "^padm", "^padt", "padua", "spade", "slate 6", "tv phone",
		"smartphone", "iphone", "^atv#",
	),

	all(Mobile, "^sm-w#", "kazam tv", "letv x", "_natv", "-k360-"),
	all(Tablet, "^btv-", "x98 air"),
	all("", " dtv|", "5litedtv"), // phones and tablets with a tuner: Mobile decides

	// Television sets, boxes and sticks.
	all(TV,
		"|tv|", "|tv_", "_tv|", "_tv_", "tv box", "tvbox", "tv-box", "tv stick", "smart_tv", "smarttv", "smart tv",
		"smarter", "googletv", "androidtv", "atv|", "|atv", "_atv", "|tv#", "tvs|", "mitv", "mibox", "mi box",
		"matrixtv", "gigatv", "fibetv", "smatv", "bravia", "aquos-tv", "^aft", "chromecast", "streamer", "streaming",
		"skystream", " stick", "_stick", "smart box", "smartbox", "mediabox", "media box", "android box", "sberbox",
		"mybox", "netbox", "linkbox", "openbox", "nexbox", "vinabox", "superbox", "winkbox", "speedbox", "youwei",
		"-box", "_box", " box", "|box", "qbox", "eurobox", "pvbox", "|stb", "stb|", "stb#", "|dvb", "set-top",
		" shell ", "_shell_", "smart4k", "|led#", "-led#", "_led#", "|lex-", "lex-7", "lex_7", "lex-8", "lex_8",
		"polarline", "^polar_", "uhd|", "_uhd", "_fhd", "yndx-", "rombica", "iconbit movie", "iconbit xds", "selenga",
		"ugoos", "beelink", "zidoo", "mecool", "me-cool", "vontar", "tanix", "gtking", "|gt1", "gtmini", "mxq",
		"^h96", "|x96", "|x88", "|x98", "|i96", "a95x", "^t95", "|hk1", "|tx3", "|tx5", "|tx6", "|tx9", "tox#", "|km9", "|km8",
		"|km7", "|km6", "km5pro", "^m8s", "|ki pro", "kiii pro", "|mk8", "rk33#", "^s905", "^s912", "amlogic", "mygica",
		"evpad", "unblock", "minix", "|neo-x", "|neo-u", "nexon x", "nexon_x", "invin", "vorke", "yundoo", "pendoo",
		"transpeed", "vega s95", "pyramid a", "ozone", "hiremco", "nogapc", "as4k", "as_4k", "^as5#", "^dv8#", "diw#",
		"sagemcom", "^sei#", "^uie#", "htv-", "hgtv", "ntv-", "ntv_", "ptv#", "swtv", "duotv", "tpm1#", "^qm1#",
		"movie smart", "smart 4k", "|viva_home", "movix", "kata ", "|4k|", "|4k_", "|4ktv", "_4k|", "^tdtv", "^td24",
		"^td32", "^td43", "^td50", "^td55", "^td65", "^td75", "^tq55", "^tq65", "^ct-8#", "^gtv#", "csb-2", "^nv5#",
		"^s900", "^smx4k", "^pipo_x", "^abx-#", "^vmp-0", "^vmp0", "^netta", "perfeo_pf_a4", "^x92", "^gtx-r",
		"yandexmodule", "sdott", "^xs100", "_tv", "fhd|", "uhd#", "qled", "tv|", "ott|", "iptv", "homatics",
		"dynalink", "walmart onn", "onn. 4k", "projector", "xgimi",
	),

	// Tablets and readers.
	all(Tablet,
		"tablet", "|tab|", "|tab#", "|tab_", "_tab", "tab|", "tab_", "tab#", "|tab", "lifetab", "mediapad", "matepad",
		"magicpad", "pad|", "pad_", "pad#", "|pad", "pad ", "pad-", "slate", "kindle", "nexus 7", "nexus 9",
		"nexus 10", "pixel c", "xoom", "^sm-t#", "^sm-x#", "^sm-p#", "samsung sm-t#", "samsung sm-x#",
		"samsung sm-p#", "^gt-p#", "^gt-n8#", "^gt-n51#", "^sch-i800",
	),
	all(Mobile, "^sch-i9#"),
	all(Tablet, "^shw-m180", "^lg-v#"),
	all(Mobile, "^lg-e9#"),
	all(Tablet,
		"^yt-", "^yt3-", "|yoga ", "^tb-", "^tb#", "lenovo tb", "lenovo pb-", "^pb-6", "lenovo b6000", "lenovo b8000",
		"lenovo a7-", "ideatab", "lenovo s6000", "^s6000", "transformer", "^me#", "^p00#", "^p01", "^p02#", "^k01#",
		"^tf#", "^kfa", "^kfd", "^kfg", "^kfj", "^kfk", "^kfm", "^kfo", "^kfq", "^kfr", "^kfs", "^kft", "^opd#",
		"^sgp#", "^ags#", "^ags-", "^agr-", "^agrk-", "^bah#", "^bah-", "^bzd-", "^bzt#", "^bzt-", "^bzw-", "^bzk-",
		"^kob-", "^kob#", "^kobe", "^jdn-", "^jdn#", "^cpn-", "^mon-", "^sht-", "^vrd-", "^scm#", "^scmr-", "^cmr-",
		"^mrx-", "^mrr-", "^dby", "^wgr", "^got-", "^hdl-", "^hdn-", "^btk", "^gdi-", "^ple-7", "^fdr-a", "^bg2-",
		"^krj", "^ndl", "^eln-", "^hey2-", "^web-w", "^jms-", "^cga-", "^tyr-", "huawei m2-8", "huawei m2-a", "-w0#",
		"-w1#", "-w2#", "-w5#", "-w6#", "-w7#", // Wi-Fi models
		"^mid#", "^mid-", "^mid|", "^midc", "^pmid", "^pmt#", "^pmp#", "^rct#", "^qta", "^qmv", "^bq-7#", "^bq-8#",
		"^bq-9#", "^bq-10", "^bqru-7", "^bqru-8#", "^bqru-9", "^bqru-1", "edison", "aquaris m10", "iplay", "teclast",
		"alldocube", "chuwi", "ainol", "novo#", "numy", "onda ", "^boox", "tolino", "pocketbook", "nook", "bnrv",
		"bntv", "kobo ", "ereader", "toughpad", "^fz-", "iball slide", "iball_slide", "kocaso", "readboy", "pixus",
		"contixo", "dslide", "irbis tz", "^tz#", "^nomi_c07", "^nomi_c08", "^nomi_c10", "digma", "optima #",
		"optima prime", "plane #", "plane_#", "citi #", "citi_#", "citi kids", "htc flyer", "streak 7", "^dell venue",
		"^a1-8#", "^a3-a#", "^b1-7#", "^b3-a#", "^a1-7#", "iconia", "^an7", "^an8", "^an9", "^an10", "^archm",
		"archos 7", "archos 8", "archos 9", "archos 10", "archos5", "24018rp", "rpacc", "rp34c", "rpbfc", "rpd2i",
		"rp19g", "drp0", "rpn8", "^9132", "^9027", "^9032", "^9013", "^9029", "^8094", "^8084", "^8052", "^9025",
		"^9081", "^9007", "^9203", "^9460", "oc101", "^mito t", "cube-t", "^etl-t", "^ipa2#", "hope7", "hope8",
		"^neon7", "^neon9", "^momo#", "zync ", "^z930", "^ginzzu gt", "^ginzzu_gt", "allview2speed", "allview3speed",
		"^tel-7", "^tel-10", "^mt7-", "^mt7#", "7 3g|", "7_3g", "10_3g", "7 lte|", "^element 7", "element7", "^m7-3g",
		"^vi10", "id bot", "idbot", "m bot 60", "itel w7", "tecno p70", "^le pan", "nabi", "irulu", "^at374",
	),
	// Phones that don't say Mobile, among what is left.
	all(Mobile, "^sm-", "^samsung-sm-", "^vivo ", "^v2#", "^rmx#", "^cph#", "-an#", "-tn#", "-lx#", "-al#"),
))

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
