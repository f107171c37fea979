package synthetic

import (
	"strings"

	"wake/tracker"
)

// Lists are ordered: what comes first is picked most.

type agent struct {
	device        tracker.Device
	userAgent     string
	width, height int
}

var agents = []agent{
	{tracker.Device{Browser: "Chrome", BrowserVersion: "146.0", OS: "Android", OSVersion: "16", DeviceType: "mobile", DeviceBrand: "Samsung"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile Safari/537.36", 412, 915},
	{tracker.Device{Browser: "Chrome", BrowserVersion: "146.0", OS: "Windows", OSVersion: "11", DeviceType: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36", 1920, 1080},
	{tracker.Device{Browser: "Safari", BrowserVersion: "26.1", OS: "iOS", OSVersion: "26.1", DeviceType: "mobile", DeviceBrand: "Apple"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1", 393, 852},
	{tracker.Device{Browser: "Safari", BrowserVersion: "26.1", OS: "macOS", OSVersion: "26", DeviceType: "desktop", DeviceBrand: "Apple"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15", 1512, 982},
	{tracker.Device{Browser: "Edge", BrowserVersion: "146.0", OS: "Windows", OSVersion: "11", DeviceType: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36 Edg/146.0.0.0", 1536, 864},
	{tracker.Device{Browser: "Firefox", BrowserVersion: "148.0", OS: "Windows", OSVersion: "10", DeviceType: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:148.0) Gecko/20100101 Firefox/148.0", 1366, 768},
	{tracker.Device{Browser: "Samsung Internet", BrowserVersion: "30.0", OS: "Android", OSVersion: "15", DeviceType: "mobile", DeviceBrand: "Samsung"},
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/142.0.0.0 Mobile Safari/537.36", 384, 854},
	{tracker.Device{Browser: "Safari", BrowserVersion: "18.6", OS: "iPadOS", OSVersion: "18.6", DeviceType: "tablet", DeviceBrand: "Apple"},
		"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", 820, 1180},
	{tracker.Device{Browser: "Firefox", BrowserVersion: "148.0", OS: "GNU/Linux", DeviceType: "desktop"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0", 2560, 1440},
}

type place struct {
	place    tracker.Place
	language string
	timeZone string
}

var places = []place{
	{tracker.Place{Country: "US", Region: "California", City: "San Francisco", Latitude: 37.77, Longitude: -122.42, HasPoint: true}, "en-US", "America/Los_Angeles"},
	{tracker.Place{Country: "DE", Region: "Land Berlin", City: "Berlin", Latitude: 52.52, Longitude: 13.4, HasPoint: true}, "de-DE", "Europe/Berlin"},
	{tracker.Place{Country: "CN", Region: "Shanghai", City: "Shanghai", Latitude: 31.23, Longitude: 121.47, HasPoint: true}, "zh-CN", "Asia/Shanghai"},
	{tracker.Place{Country: "GB", Region: "England", City: "London", Latitude: 51.51, Longitude: -0.13, HasPoint: true}, "en-GB", "Europe/London"},
	{tracker.Place{Country: "US", Region: "New York", City: "New York", Latitude: 40.71, Longitude: -74.01, HasPoint: true}, "en-US", "America/New_York"},
	{tracker.Place{Country: "FR", Region: "Île-de-France", City: "Paris", Latitude: 48.86, Longitude: 2.35, HasPoint: true}, "fr-FR", "Europe/Paris"},
	{tracker.Place{Country: "IN", Region: "Karnataka", City: "Bengaluru", Latitude: 12.97, Longitude: 77.59, HasPoint: true}, "en-IN", "Asia/Kolkata"},
	{tracker.Place{Country: "JP", Region: "Tokyo", City: "Tokyo", Latitude: 35.68, Longitude: 139.69, HasPoint: true}, "ja-JP", "Asia/Tokyo"},
	{tracker.Place{Country: "BR", Region: "São Paulo", City: "São Paulo", Latitude: -23.55, Longitude: -46.63, HasPoint: true}, "pt-BR", "America/Sao_Paulo"},
	{tracker.Place{Country: "AU", Region: "New South Wales", City: "Sydney", Latitude: -33.87, Longitude: 151.21, HasPoint: true}, "en-AU", "Australia/Sydney"},
	{tracker.Place{Country: "ES", Region: "Madrid", City: "Madrid", Latitude: 40.42, Longitude: -3.7, HasPoint: true}, "es-ES", "Europe/Madrid"},
	{tracker.Place{Country: "SE", Region: "Stockholm", City: "Stockholm", Latitude: 59.33, Longitude: 18.07, HasPoint: true}, "sv-SE", "Europe/Stockholm"},
}

type origin struct {
	arrival tracker.Arrival
	query   string
}

var arrivals = []origin{
	{tracker.Arrival{Channel: "direct"}, ""},
	{tracker.Arrival{Source: "Google", Channel: "organic-search", Referrer: "https://www.google.com/", ReferringDomain: "www.google.com"}, ""},
	{tracker.Arrival{Source: "newsletter", Channel: "email", UTMSource: "newsletter", UTMMedium: "email", UTMCampaign: "autumn"}, "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn"},
	{tracker.Arrival{Source: "Google", Channel: "paid-search", Referrer: "https://www.google.com/", ReferringDomain: "www.google.com", UTMSource: "google", UTMMedium: "cpc", UTMCampaign: "brand", ClickID: "Cj0KCQ", ClickIDKind: "gclid"}, "?utm_source=google&utm_medium=cpc&utm_campaign=brand&gclid=Cj0KCQ"},
	{tracker.Arrival{Source: "Facebook", Channel: "organic-social", Referrer: "https://l.facebook.com/", ReferringDomain: "l.facebook.com"}, ""},
	{tracker.Arrival{Source: "Bing", Channel: "organic-search", Referrer: "https://www.bing.com/", ReferringDomain: "www.bing.com"}, ""},
	{tracker.Arrival{Source: "ChatGPT", Channel: "ai-assistant", Referrer: "https://chatgpt.com/", ReferringDomain: "chatgpt.com", UTMSource: "chatgpt.com"}, "?utm_source=chatgpt.com"},
	{tracker.Arrival{Source: "news.example", Channel: "referral", Referrer: "https://news.example/best-boots", ReferringDomain: "news.example"}, ""},
	{tracker.Arrival{Source: "Baidu", Channel: "organic-search", Referrer: "https://www.baidu.com/s?wd=boots", ReferringDomain: "www.baidu.com", Keyword: "boots"}, ""},
}

var categories = []string{"boots", "coats", "bags", "lamps", "tools", "maps"}

type product struct {
	slug  string
	cents int64
}

var products = []product{
	{"harbour-boots", 14900}, {"deck-coat", 22900}, {"rope-bag", 7900}, {"storm-lamp", 5900}, {"brass-compass", 4500},
	{"chart-of-the-sound", 2900}, {"wool-cap", 2400}, {"knife", 6500}, {"kettle", 5500}, {"tide-clock", 12900},
	{"canvas-roll", 3400}, {"signal-flags", 8800}, {"oilskin", 17900}, {"log-book", 1900}, {"spyglass", 9900},
}

func landingPath(url string) string {
	path := strings.TrimPrefix(url, "https://shop.example")
	path, _, _ = strings.Cut(path, "?")
	return path
}

// title is the page title that goes with a path.
func title(path string) string {
	if path == "/" {
		return "Harbour & Co."
	}
	i := strings.LastIndexByte(path, '/')
	words := strings.ReplaceAll(path[i+1:], "-", " ")
	return strings.ToUpper(words[:1]) + words[1:] + " · Harbour & Co."
}
