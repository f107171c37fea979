package device

import "strings"

// makers ties what models begin with to who makes them.
var makers = newTable([]rule[string]{
	{"^sm-", "Samsung"}, {"^samsung", "Samsung"}, {"^gt-", "Samsung"}, {"^sgh-", "Samsung"}, {"^sch-", "Samsung"},
	{"^sph-", "Samsung"}, {"^shv-", "Samsung"}, {"^shw-", "Samsung"}, {"^galaxy", "Samsung"},
	{"^pixel", "Google"}, {"^nexus", "Google"}, {"^chromecast", "Google"},
	{"^redmi", "Xiaomi"}, {"^xiaomi", "Xiaomi"}, {"^poco", "Xiaomi"}, {"^mi |", "Xiaomi"}, {"^mi#", "Xiaomi"}, {"^mitv", "Xiaomi"}, {"^mibox", "Xiaomi"}, {"^hm |", "Xiaomi"}, {"^hm#", "Xiaomi"}, {"^m20#", "Xiaomi"}, {"^m21#", "Xiaomi"}, {"^m19#", "Xiaomi"},
	{"^huawei", "Huawei"}, {"^mediapad", "Huawei"}, {"^ane-", "Huawei"}, {"^els-", "Huawei"}, {"^vog-", "Huawei"}, {"^ele-", "Huawei"}, {"^lya-", "Huawei"}, {"^mar-", "Huawei"}, {"^clt-", "Huawei"}, {"^eml-", "Huawei"}, {"^ags", "Huawei"}, {"^bah", "Huawei"},
	{"^honor", "Honor"}, {"^oppo", "OPPO"}, {"^cph#", "OPPO"}, {"^pe", "OPPO"}, {"^rmx#", "Realme"}, {"^realme", "Realme"},
	{"^vivo", "Vivo"}, {"^oneplus", "OnePlus"}, {"^kb20", "OnePlus"}, {"^in20", "OnePlus"}, {"^le21", "OnePlus"},
	{"^moto", "Motorola"}, {"^xt#", "Motorola"}, {"^motorola", "Motorola"}, {"^xoom", "Motorola"},
	{"^lg-", "LG"}, {"^lge |", "LG"}, {"^lm-", "LG"}, {"^lgm-", "LG"}, {"^lg |", "LG"},
	{"^nokia", "Nokia"}, {"^ta-1#", "Nokia"}, {"^lumia", "Microsoft"}, {"^surface", "Microsoft"},
	{"^sony", "Sony"}, {"^xperia", "Sony"}, {"^bravia", "Sony"}, {"^so-", "Sony"}, {"^xq-", "Sony"}, {"^sgp#", "Sony"},
	{"^htc", "HTC"}, {"^asus", "Asus"}, {"^zenfone", "Asus"}, {"^lenovo", "Lenovo"}, {"^tb-", "Lenovo"}, {"^tb#", "Lenovo"}, {"^yoga", "Lenovo"},
	{"^aft", "Amazon"}, {"^kf", "Amazon"}, {"^kindle", "Amazon"}, {"^aeo", "Amazon"},
	{"^tecno", "Tecno"}, {"^infinix", "Infinix"}, {"^itel", "itel"}, {"^zte", "ZTE"}, {"^blade", "ZTE"}, {"^nubia", "nubia"},
	{"^alcatel", "Alcatel"}, {"^tcl", "TCL"}, {"^wiko", "Wiko"}, {"^w_", "Wiko"}, {"^meizu", "Meizu"}, {"^doogee", "Doogee"},
	{"^blackview", "Blackview"}, {"^cubot", "Cubot"}, {"^ulefone", "Ulefone"}, {"^oukitel", "Oukitel"}, {"^umidigi", "UMIDIGI"},
	{"^micromax", "Micromax"}, {"^lava", "Lava"}, {"^symphony", "Symphony"}, {"^walton", "Walton"}, {"^blu |", "BLU"},
	{"^cat |", "Cat"}, {"^fairphone", "Fairphone"}, {"^fp#", "Fairphone"}, {"^nothing", "Nothing"}, {"^sharp", "Sharp"}, {"^sh-", "Sharp"},
	{"^kyocera", "Kyocera"}, {"^f-", "Fujitsu"}, {"^gionee", "Gionee"}, {"^coolpad", "Coolpad"}, {"^hisense", "Hisense"},
	{"^archos", "Archos"}, {"^prestigio", "Prestigio"}, {"^pmt#", "Prestigio"}, {"^pmp#", "Prestigio"}, {"^bq", "bq"}, {"^dexp", "DEXP"}, {"^digma", "Digma"},
	{"^ticwatch", "Mobvoi"}, {"^quest", "Meta"}, {"^pico", "PICO"}, {"^shield", "Nvidia"}, {"^ouya", "Ouya"}, {"^philips", "Philips"},
})

// brandWords are names of makers that stand elsewhere in agents without an
// Android model: phones of old, televisions, consoles.
var brandWords = newTable([]rule[string]{
	{"nintendo", "Nintendo"}, {"playstation", "Sony"}, {"|xbox", "Microsoft"}, {"lumia", "Microsoft"},
	{"|roku", "Roku"}, {"vizio", "Vizio"}, {"|tesla/", "Tesla"}, {"sonos", "Sonos"}, {"oculus", "Meta"},
	{"blackberry", "BlackBerry"}, {"sonyericsson", "Sony Ericsson"}, {"sony", "Sony"}, {"samsung", "Samsung"},
	{"philips", "Philips"}, {"panasonic", "Panasonic"}, {"hisense", "Hisense"}, {"toshiba", "Toshiba"},
	{"sharp", "Sharp"}, {"|lge", "LG"}, {"|lg|", "LG"}, {"|lg-", "LG"}, {"|tcl|", "TCL"}, {"nokia", "Nokia"},
	{"motorola", "Motorola"}, {"|htc", "HTC"}, {"huawei", "Huawei"}, {"|zte", "ZTE"}, {"alcatel", "Alcatel"}, {"kindle", "Amazon"},
})

// findBrand names maker and model where the agent does.
func findBrand(a *agent, os string) (brand, model string) {
	switch os {
	case "iOS":
		switch {
		case strings.Contains(a.ua, "iPad") || strings.Contains(a.ua, "Macintosh"):
			return "Apple", "iPad"
		case strings.Contains(a.ua, "iPod"):
			return "Apple", "iPod touch"
		case containsFold(a.ua, "iphone"):
			return "Apple", "iPhone"
		}
		return "Apple", ""
	case "macOS":
		return "Apple", "Mac"
	case "watchOS":
		return "Apple", "Watch"
	case "tvOS":
		return "Apple", "TV"
	}
	if a.model != "" {
		brand, _, _ := makers.find(a.model)
		// Some browsers write "SAMSUNG SM-A515F" for what others call SM-A515F.
		model := a.model
		if n := len(brand); n > 0 && len(model) > n+1 && model[n] == ' ' && strings.EqualFold(model[:n], brand) {
			model = model[n+1:]
		}
		if len(model) > 64 {
			model = ""
		}
		return brand, model
	}
	if os == "Windows" && !strings.Contains(a.ua, "Xbox") || os == "ChromeOS" {
		return "", ""
	}
	brand, _, _ = brandWords.find(a.ua)
	return brand, ""
}
