package main

import "wake/tracker/device"

// class reads Matomo's device type as ours. The empty string is no label: such
// a fixture does not count for the class.
func class(f fixture) string { return classes[f.Device.Type] }

var classes = map[string]string{
	"smartphone": device.Mobile, "phablet": device.Mobile, "feature phone": device.Mobile, "portable media player": device.Mobile,
	"tablet": device.Tablet, "desktop": device.Desktop, "tv": device.TV, "console": device.Console,
	"wearable": device.Wearable, "car browser": device.Car,
	"smart speaker": device.Other, "smart display": device.Other, "camera": device.Other, "peripheral": device.Other,
}

// system reads Matomo's system, or else its family of systems, as ours.
func system(f fixture) string {
	if name, ok := systems[f.OS.Name]; ok {
		return name
	}
	if f.OS.Name == "" {
		return ""
	}
	if name, ok := systemFamilies[f.OSFamily]; ok {
		return name
	}
	return f.OSFamily
}

// systems are those that Wake names by themselves, though Matomo puts them
// into a larger family.
var systems = map[string]string{
	"HarmonyOS": "HarmonyOS", "HarmonyOS NEXT": "HarmonyOS", "OpenHarmony": "HarmonyOS",
	"webOS": "webOS", "Tizen": "Tizen", "Roku OS": "Roku OS", "Fuchsia": "Fuchsia", "Bada": "Bada", "MeeGo": "MeeGo", "Maemo": "MeeGo",
	"palmOS": "Palm OS", "KaiOS": "KaiOS", "Firefox OS": "Firefox OS", "Orsay": "Orsay", "Whale OS": "Whale OS",
	"watchOS": "watchOS", "tvOS": "tvOS",
	"Windows Phone": "Windows Phone", "Windows RT": "Windows Phone", "Windows CE": "Windows Mobile", "Windows Mobile": "Windows Mobile", "KIN OS": "Windows Mobile",
	"Nintendo": "Nintendo", "Nintendo Mobile": "Nintendo", "PlayStation": "PlayStation", "PlayStation Portable": "PlayStation",
	"OS/2": "OS/2", "MorphOS": "AmigaOS", "BlackBerry Tablet OS": "BlackBerry",
	// Feature phones: Matomo tells their kernels apart, Wake does not.
	"Java ME": "Java ME", "MRE": "Java ME", "MTK / Nucleus": "Java ME", "Mocor OS": "Java ME", "REX": "Java ME", "ThreadX": "Java ME", "RTOS & Next": "Java ME",
}

var systemFamilies = map[string]string{"Mac": "macOS", "Chrome OS": "ChromeOS"}

// browser reads Matomo's browser as Wake's family. Apps, players, libraries
// and readers are not browsers to Matomo and do not count.
func browser(f fixture) string {
	if f.Client.Type != "browser" {
		return ""
	}
	if name, ok := browsers[f.Client.Name]; ok {
		return name
	}
	return f.Client.Name
}

// browsers are those that Wake names otherwise, mostly by family.
var browsers = map[string]string{
	"Chrome Mobile": "Chrome", "Chrome Mobile iOS": "Chrome", "Chrome Webview": "Android WebView",
	"Mobile Safari": "Safari", "Firefox Mobile": "Firefox", "Firefox Mobile iOS": "Firefox", "Firefox Focus": "Firefox",
	"Firefox Rocket": "Firefox", "Fennec": "Firefox", "Microsoft Edge": "Edge", "IE Mobile": "Internet Explorer",
	"Opera Mobile": "Opera", "Opera Devices": "Opera", "Opera GX": "Opera", "Opera Touch": "Opera", "Opera Next": "Opera",
	"Opera Neon": "Opera", "Opera Crypto": "Opera", "Opera Mini iOS": "Opera Mini",
	"Yandex Browser Lite": "Yandex Browser", "UC Browser Turbo": "UC Browser", "UC Browser Mini": "UC Browser",
	"Samsung Browser": "Samsung Internet", "Samsung Browser Lite": "Samsung Internet",
	"Huawei Browser Mobile": "Huawei Browser", "vivo Browser": "Vivo Browser", "HeyTapBrowser": "HeyTap Browser",
	"Mobile Silk": "Silk", "QQ Browser Mini": "QQ Browser", "Openwave Mobile Browser": "Openwave",
	"Sogou Mobile Browser": "Sogou Browser", "Sogou Explorer": "Sogou Browser", "Baidu Spark": "Baidu Browser",
	"360 Phone Browser": "360 Browser", "360 Speed Browser": "360 Browser", "Harmony 360 Browser": "360 Browser",
	"Puffin Web Browser": "Puffin", "Puffin Cloud Browser": "Puffin", "Puffin Secure Browser": "Puffin",
	"DuckDuckGo Privacy Browser": "DuckDuckGo", "LieBaoFast": "LieBao", "Espial TV Browser": "Espial", "ANTGalio": "ANT Galio",
	"Whale Browser": "Whale", "NetFront Life": "NetFront", "Nokia Ovi Browser": "Nokia Browser", "Nokia OSS Browser": "Nokia Browser",
	"Palm Blazer": "Blazer", "wOSBrowser": "webOS Browser", "CCleaner": "CCleaner Browser", "Avant Browser": "Avant",
	"Hawk Quick Browser": "Hawk Browser", "Iron Mobile": "Iron", "Qwant Mobile": "Qwant", "VMS Mosaic": "Mosaic", "NCSA Mosaic": "Mosaic",
	"K-meleon": "K-Meleon", "ANT Fresco": "ANT Fresco", "CoolBrowser": "Cool Browser", "Elinks": "ELinks",
}
