package device

import "strings"

// known is a bot's name and the reason to give for it.
type known struct{ name, reason string }

func says(name string) known { return known{name, ReasonAgent} }

// bots are agents that name themselves without a word such as "bot", or whose
// proper name differs from the word they write. First match wins.
var bots = newTable([]rule[known]{
	{"${", known{"", ReasonPayload}},
	{"{{", known{"", ReasonPayload}},
	{"<script", known{"", ReasonPayload}},
	{"../", known{"", ReasonPayload}},
	{"() {", known{"", ReasonPayload}},
	{"select ", known{"", ReasonPayload}},
	{"sleep(", known{"", ReasonPayload}},

	// Browsers driven by programs.
	{"headlesschrome", known{"HeadlessChrome", ReasonHeadless}},
	{"headlesschromium", known{"HeadlessChrome", ReasonHeadless}},
	{"headless", known{"Headless", ReasonHeadless}},
	{"phantomjs", known{"PhantomJS", ReasonHeadless}},
	{"slimerjs", known{"SlimerJS", ReasonHeadless}},
	{"puppeteer", known{"Puppeteer", ReasonHeadless}},
	{"playwright", known{"Playwright", ReasonHeadless}},
	{"selenium", known{"Selenium", ReasonHeadless}},
	{"cypress/", known{"Cypress", ReasonHeadless}},
	{"jsdom", known{"jsdom", ReasonHeadless}},
	{"htmlunit", known{"HtmlUnit", ReasonHeadless}},
	{"prerender", known{"Prerender", ReasonHeadless}},

	// Language models and their agents.
	{"gptbot", says("GPTBot")},
	{"chatgpt-user", says("ChatGPT-User")},
	{"oai-searchbot", says("OAI-SearchBot")},
	{"claudebot", says("ClaudeBot")},
	{"claude-web", says("Claude-Web")},
	{"claude-user", says("Claude-User")},
	{"claude-searchbot", says("Claude-SearchBot")},
	{"anthropic-ai", says("anthropic-ai")},
	{"perplexitybot", says("PerplexityBot")},
	{"perplexity-user", says("Perplexity-User")},
	{"mistralai", says("MistralAI-User")},
	{"cohere-ai", says("cohere-ai")},
	{"meta-external", says("Meta-ExternalAgent")},
	{"bytespider", says("Bytespider")},
	{"amzn-", says("Amazonbot")},
	{"amazonbuyforme", says("AmazonBuyForMe")},
	{"deepseek", says("DeepSeekBot")},
	{"manus-user", says("Manus-User")},
	{"devin/", says("Devin")},
	{"ai2bot", says("AI2Bot")},
	{"firecrawl", says("FirecrawlAgent")},
	{"githubcopilot", says("GitHubCopilotChat")},
	{"diffbot", says("Diffbot")},
	{"ccbot/", says("CCBot")},
	{"bigsur.ai", says("Big Sur AI")},
	{"the knowledge ai", says("The Knowledge AI")},

	// Search engines and their services.
	{"googlebot", says("Googlebot")},
	{"google web preview", says("Google Web Preview")},
	{"google page speed", says("PageSpeed Insights")},
	{"google search console", says("Google Search Console")},
	{"google favicon", says("Google Favicon")},
	{"googleimageproxy", says("GoogleImageProxy")},
	{"google-inspectiontool", says("Google-InspectionTool")},
	{"google-http-java-client", known{"Google HTTP Java Client", ReasonLibrary}},
	{"|google-", says("Google")},
	{"googlead", says("Google Ads")},
	{"-google|", says("Google")},
	{"googleother", says("GoogleOther")},
	{"googleassociation", says("Google")},
	{"googlesites", says("Google")},
	{"googleproducer", says("Google")},
	{"googledocs", says("Google")},
	{"google wireless transcoder", says("Google")},
	{"(google;", says("Google")},
	{"^google$", says("Google")},
	{"apis-google", says("APIs-Google")},
	{"feedfetcher", says("FeedFetcher-Google")},
	{"chrome-lighthouse", says("Lighthouse")},
	{"lighthouse", says("Lighthouse")},
	{"bingpreview", says("BingPreview")},
	{"bingbot", says("bingbot")},
	{"adidxbot", says("adidxbot")},
	{"msnbot", says("msnbot")},
	{"slurp", says("Yahoo! Slurp")},
	{"yahoo:", says("Yahoo!")},
	{"yahoomailproxy", says("YahooMailProxy")},
	{"yahoocachesystem", says("YahooCacheSystem")},
	{"duckduckbot", says("DuckDuckBot")},
	{"duckassistbot", says("DuckAssistBot")},
	{"duckduckgo-favicons", says("DuckDuckGo Favicons")},
	{"baiduspider", says("Baiduspider")},
	{"baidu-yunguance", says("Baidu Yunguance")},
	{"yandexbot", says("YandexBot")},
	{"|yandex.com/bots", says("YandexBot")},
	{"yadirectfetcher", says("YaDirectFetcher")},
	{"sogou web", says("Sogou Spider")},
	{"sogou pic", says("Sogou Spider")},
	{"yisouspider", says("YisouSpider")},
	{"360spider", says("360Spider")},
	{"petalbot", says("PetalBot")},
	{"seznambot", says("SeznamBot")},
	{"|yeti/", says("Yeti")},
	{"daumoa", says("Daumoa")},
	{"|daum|", says("Daumoa")},
	{"applebot", says("Applebot")},
	{"qwantify", says("Qwantify")},
	{"ask jeeves", says("Ask Jeeves")},
	{"teoma", says("Teoma")},
	{"|nutch", says("Nutch")},
	{"/nutch", says("Nutch")},
	{"heritrix", says("Heritrix")},
	{"ia_archiver", says("ia_archiver")},
	{"archive.org", says("archive.org_bot")},
	{"wayback", says("Wayback Machine")},
	{"ahrefs", says("AhrefsBot")},
	{"semrush", says("SemrushBot")},
	{"serpreputation", says("SemrushBot")},
	{"|mj12", says("MJ12bot")},
	{"rogerbot", says("rogerbot")},
	{"screaming frog", says("Screaming Frog SEO Spider")},
	{"sistrix", says("Sistrix")},
	{"siteimprove", says("Siteimprove")},
	{"siteauditor", says("RSiteAuditor")},
	{"seokicks", says("SEOkicks")},
	{"seobility", says("Seobility")},
	{"seopult", says("Seopult")},
	{"xenu link", says("Xenu Link Sleuth")},
	{"builtwith", says("BuiltWith")},
	{"; bw/", says("BuiltWith")},
	{"wappalyzer", says("Wappalyzer")},
	{"whatcms", says("WhatCMS")},
	{"netcraft", says("Netcraft")},
	{"shodan", says("Shodan")},
	{"censys", says("CensysInspect")},
	{"zgrab", says("zgrab")},
	{"masscan", says("masscan")},
	{"nmap", says("Nmap")},
	{"nikto", says("Nikto")},
	{"sqlmap", says("sqlmap")},
	{"wpscan", says("WPScan")},
	{"nuclei", says("Nuclei")},
	{"detectify", says("Detectify")},
	{"nessus", says("Nessus")},
	{"qualys", says("Qualys")},
	{"burpcollaborator", says("Burp")},
	{"l9explore", says("LeakIX")},
	{"l9tcpid", says("LeakIX")},
	{"expanse, a", says("Expanse")},
	{"internet-measurement", says("Internet Measurement")},
	{"netsystemsresearch", says("NetSystemsResearch")},

	{"barkrowler", says("Barkrowler")},
	{"turnitin", says("TurnitinBot")},
	{"grapeshot", says("Grapeshot")},
	{"proximic", says("proximic")},
	{"admantx", says("ADmantX")},
	{"comscore", says("comScore")},
	{"(compatible; yandex", says("Yandex")},
	{"+http://yandex.com", says("Yandex")},
	{"trendiction", says("trendictionbot")},
	{"trendsmap", says("Trendsmap")},
	{"bubing", says("BUbiNG")},
	{"wotbox", says("Wotbox")},
	{"|owler", says("OWLer")},
	{"riddler", says("Riddler")},
	{"webzio", says("Webz.io")},
	{"omgili", says("omgili")},
	{"tineye", says("TinEye")},
	{"plukkie", says("Plukkie")},
	{"scoutjet", says("ScoutJet")},
	{"stackrambler", says("StackRambler")},
	{"ramblermail", says("RamblerMail")},
	{"gigablast", says("Gigabot")},
	{"mojeek", says("MojeekBot")},
	{"muckrack", says("MuckRack")},
	{"meltwater", says("Meltwater")},
	{"ezooms", says("Ezooms")},
	{"evc-batch", says("evc-batch")},
	{"dataprovider", says("Dataprovider")},
	{"linkdex", says("linkdex")},
	{"twingly", says("Twingly")},
	{"vagabondo", says("Vagabondo")},
	{"vebidoo", says("vebidoo")},
	{"zoominfo", says("ZoominfoBot")},
	{"y!j-", says("Yahoo! Japan")},
	{"ttd-content", says("TTD-Content")},
	{"peer39", says("Peer39")},
	{"adbeat", says("adbeat")},
	{"criteo", says("Criteo")},
	{"outbrain", says("Outbrain")},
	{"swiftype", says("Swiftype")},
	{"hubspot", says("HubSpot")},
	{"sitebulb", says("Sitebulb")},
	{"contentking", says("ContentKing")},
	{"|ryte", says("Ryte")},
	{"woorank", says("WooRank")},
	{"powermapper", says("PowerMapper")},
	{"silktide", says("Silktide")},
	{"monsido", says("Monsido")},
	{"sortsite", says("SortSite")},
	{"marketgoo", says("MarketGoo")},
	{"httrack", says("HTTrack")},
	{"webcapture", says("WebCapture")},
	{"hotjar", says("Hotjar")},
	{"splash version", says("Splash")},
	{"linktiger", says("LinkTiger")},
	{"newsnow", says("NewsNow")},
	{"hardenize", says("Hardenize")},
	{"foregenix", says("Foregenix")},
	{"watchtowr", says("watchTowr")},
	{"collapsify", says("Collapsify")},
	{"appinsights", says("Application Insights")},
	{"acunetix", says("Acunetix")},
	{"openvas", says("OpenVAS")},
	{"w3af", says("w3af")},
	{"zmeu", says("ZmEu")},
	{"gobuster", says("gobuster")},
	{"dirbuster", says("DirBuster")},
	{"feroxbuster", says("feroxbuster")},
	{"wfuzz", says("Wfuzz")},
	{"fuzz faster", says("ffuf")},
	{"netsparker", says("Netsparker")},
	{"paloalto", says("Palo Alto Networks")},
	{"palo alto", says("Palo Alto Networks")},
	{"binaryedge", says("BinaryEdge")},
	{"leakix", says("LeakIX")},
	{"bitsight", says("BitSight")},
	{"stretchoid", says("Stretchoid")},
	{"securitytrails", says("SecurityTrails")},
	{"securityheaders", says("SecurityHeaders")},
	{"ssl labs", says("SSL Labs")},
	{"ssllabs", says("SSL Labs")},
	{"interactsh", says("Interactsh")},

	// Link previews and mail proxies.
	{"facebookexternal", says("facebookexternalhit")},
	{"facebookcatalog", says("facebookcatalog")},
	{"facebookplatform", says("facebookplatform")},
	{"facebot", says("Facebot")},
	{"externalhit", says("external hit")},
	{"twitterbot", says("Twitterbot")},
	{"linkedinbot", says("LinkedInBot")},
	{"slackbot", says("Slackbot")},
	{"slack-imgproxy", says("Slack-ImgProxy")},
	{"discordbot", says("Discordbot")},
	{"telegrambot", says("TelegramBot")},
	{"pinterestbot", says("Pinterestbot")},
	{"pinterest/0", says("Pinterestbot")},
	{"redditbot", says("redditbot")},
	{"skypeuripreview", says("SkypeUriPreview")},
	{"viberurldownloader", says("Viber")},
	{"kakaotalk-scrap", says("KakaoTalk Scrap")},
	{"vkshare", says("vkShare")},
	{"embedly", says("Embedly")},
	{"iframely", says("Iframely")},
	{"snap url preview", says("Snap URL Preview")},
	{"flipboardproxy", says("FlipboardProxy")},
	{"nuzzel", says("Nuzzel")},
	{"imageproxy", says("Image proxy")},
	{"github-camo", says("github-camo")},
	{"bitlybot", says("bitlybot")},
	{"hatena", says("Hatena")},
	{"w3c_", says("W3C Validator")},
	{"w3c-", says("W3C Validator")},
	{"validator", says("Validator")},

	// Monitors.
	{"pingdom", says("Pingdom")},
	{"uptimerobot", says("UptimeRobot")},
	{"uptime", says("Uptime monitor")},
	{"statuscake", says("StatusCake")},
	{"site24x7", says("Site24x7")},
	{"newrelicpinger", says("New Relic Synthetics")},
	{"datadog", says("Datadog Synthetics")},
	{"ruxitsynthetic", says("Dynatrace Synthetic")},
	{"dynatrace", says("Dynatrace")},
	{"catchpoint", says("Catchpoint")},
	{"gomezagent", says("Gomez")},
	{"dmbrowser", says("Dotcom-Monitor")},
	{"ghost inspector", says("Ghost Inspector")},
	{"gtmetrix", says("GTmetrix")},
	{"ptst/", says("WebPageTest")},
	{"webpagetest", says("WebPageTest")},
	{"pagespeed", says("PageSpeed")},
	{"yottaa", says("Yottaa")},
	{"hetrix", says("HetrixTools")},
	{"freshping", says("Freshping")},
	{"nodeping", says("NodePing")},
	{"checkly", says("Checkly")},
	{"ohdear", says("Oh Dear")},
	{"updown.io", says("updown.io")},
	{"alertra", says("Alertra")},
	{"wormly", says("Wormly")},
	{"montastic", says("Montastic")},
	{"speedcurve", says("SpeedCurve")},
	{"dareboost", says("Dareboost")},
	{"panopta", says("Panopta")},
	{"icinga", says("Icinga")},
	{"|monit/", says("Monit")},
	{"nagios", says("Nagios")},
	{"check_http", says("Nagios")},
	{"zabbix", says("Zabbix")},
	{"munin", says("Munin")},
	{"prometheus", says("Prometheus")},
	{"blackbox exporter", says("Prometheus")},
	{"grafana", says("Grafana")},
	{"cloudflare", says("Cloudflare")},
	{"amazon-route53", says("Route 53 Health Check")},
	{"elb-healthchecker", says("ELB HealthChecker")},
	{"googlestackdriver", says("Google Stackdriver")},
	{"kube-probe", says("kube-probe")},
	{"healthcheck", says("Health check")},
	{"health-check", says("Health check")},
	{"datanyze", says("Datanyze")},
	{"taginspector", says("Tag Inspector")},
	{"observepoint", says("ObservePoint")},
	{"sitespeed", says("sitespeed.io")},
	{"pageburst", says("Pageburst")},
	{"iplabel", says("ip-label")},
	{"letsencrypt", says("Let's Encrypt")},
	{"let's encrypt", says("Let's Encrypt")},
	{"sectigo", says("Sectigo")},
	{"matomo/", says("Matomo")},
	{"wordpress.com", says("WordPress.com")},
	{"^wordpress/", says("WordPress")},
	{"jetpack by", says("Jetpack")},
	{"sucuri", says("Sucuri")},
	{"cybaaagent", says("CybaaAgent")},
	{"blackboard", says("Blackboard Ally")},

	// Readers that fetch for many.
	{"feedbin", says("Feedbin")},
	{"inoreader.com", says("Inoreader")},
	{"newsblur f", says("NewsBlur")},
	{"newsblur p", says("NewsBlur")},
	{"theoldreader", says("The Old Reader")},
	{"bloglovin", says("Bloglovin")},
	{"netvibes", says("Netvibes")},
	{"superfeedr", says("Superfeedr")},
	{"feedspot", says("Feedspot")},
	{"feedpress", says("FeedPress")},
	{"miniflux", says("Miniflux")},
	{"tiny tiny rss", says("Tiny Tiny RSS")},
	{"freshrss", says("FreshRSS")},
	{"magpierss", says("MagpieRSS")},
	{"simplepie", says("SimplePie")},
	{"universalfeedparser", says("UniversalFeedParser")},
	{" subscriber", says("Feed fetcher")},
	{"castopod", says("Castopod")},
	{"^itms", says("iTMS")},
	{"episode duration lookup", says("Castro")},
	{"bazqux", says("BazQux")},
	{"commafeed", says("CommaFeed")},
	{"rssowl", says("RSSOwl")},
	{"selfoss", says("selfoss")},
	{"feedburner", says("FeedBurner")},
	{"apple-pubsub", says("Apple-PubSub")},
	{"google-podcast", known{"Google-Podcast", ReasonAgent}},
	{"zapier", says("Zapier")},
	{"ifttt", says("IFTTT")},
	{"zulipurlpreview", says("Zulip")},
	{"synapse (", says("Synapse")},
	{"nextcloud-news", says("Nextcloud News")},
	{"^notion", says("Notion")},
	{"^trello", says("Trello")},
	{"paypal ipn", says("PayPal IPN")},
	{"^stripe/", says("Stripe")},
	{"mastodon", says("Mastodon")},
	{"pleroma", says("Pleroma")},
	{"misskey", says("Misskey")},
})

// libraries are HTTP clients that say no more than what they are made with.
// They begin the agent; where a system follows, an app was made with them.
var libraries = newTable([]rule[string]{
	{"^curl/", "curl"}, {"^curl$", "curl"}, {"^libcurl", "libcurl"}, {"pycurl", "PycURL"}, {"^wget", "Wget"}, {"^aria2", "aria2"},
	{"python-requests", "python-requests"}, {"python-urllib", "Python-urllib"}, {"python-httpx", "python-httpx"},
	{"^python", "Python"}, {"aiohttp", "aiohttp"}, {"urlgrabber", "urlgrabber"}, {"scrapy", "Scrapy"}, {"mechanize", "Mechanize"},
	{"^go-http-client", "Go-http-client"}, {"^go 1", "Go"}, {"^go-resty", "go-resty"}, {"^fasthttp", "fasthttp"}, {"^colly", "colly"}, {"^grequests", "GRequests"},
	{"^axios/", "axios"}, {"^node-fetch", "node-fetch"}, {"^node-superagent", "superagent"}, {"^node$", "Node.js"}, {"^node.js", "Node.js"}, {"^got |", "got"}, {"^got/", "got"}, {"^undici", "undici"}, {"^deno/", "Deno"}, {"^bun/", "Bun"}, {"^needle/", "needle"},
	{"^okhttp", "okhttp"}, {"^java/", "Java"}, {"^java-http-client", "Java"}, {"^jakarta", "Jakarta HttpClient"}, {"^apache-httpclient", "Apache-HttpClient"}, {"apache-httpasyncclient", "Apache-HttpClient"}, {"^commons-httpclient", "Apache-HttpClient"}, {"^ahc/", "AsyncHttpClient"}, {"^akka-http", "Akka HTTP"}, {"^reactornetty", "ReactorNetty"}, {"^jersey/", "Jersey"}, {"^unirest", "Unirest"}, {"^ktor", "Ktor"}, {"jsoup", "jsoup"},
	{"libwww", "libwww"}, {"lwp::", "libwww-perl"}, {"^lwp-", "libwww-perl"}, {"^perl", "Perl"}, {"http::lite", "HTTP::Lite"}, {"^http-tiny", "HTTP::Tiny"},
	{"^ruby", "Ruby"}, {"^faraday", "Faraday"}, {"^typhoeus", "Typhoeus"}, {"^rest-client", "rest-client"}, {"^httpclient/", "HTTPClient"}, {"^http.rb", "http.rb"},
	{"^guzzle", "Guzzle"}, {"^php", "PHP"}, {"^symfony", "Symfony HttpClient"}, {"^zend_http", "Zend_Http_Client"}, {"^pear http", "PEAR HTTP_Request"}, {"^http_request2", "PEAR HTTP_Request2"}, {"^snoopy", "Snoopy"}, {"^requests/", "Requests"},
	{"^reqwest", "reqwest"}, {"^hyper/", "hyper"}, {"^ureq", "ureq"}, {"^cpp-httplib", "cpp-httplib"}, {"^cpprestsdk", "C++ REST SDK"}, {"^restsharp", "RestSharp"}, {"^dart", "Dart"}, {"^dio/", "dio"}, {"^erlang", "Erlang"}, {"^hackney", "hackney"}, {"^httpie", "HTTPie"}, {"^httping", "httping"}, {"^postman", "Postman"}, {"^insomnia", "Insomnia"}, {"^apachebench", "ApacheBench"}, {"^winhttp", "WinHTTP"}, {"winhttp.winhttprequest", "WinHTTP"}, {"powershell", "PowerShell"}, {"^microsoft url control", "Microsoft URL Control"}, {"^lua-resty", "lua-resty-http"}, {"^resty", "resty"}, {"^electron-fetch", "electron-fetch"}, {"^http_get", "HTTP_GET"}, {"^vegeta", "vegeta"}, {"^k6/", "k6"}, {"^locust", "Locust"}, {"^gatling", "Gatling"}, {"apache-jmeter", "JMeter"}, {"^siege", "Siege"}, {"^wrk/", "wrk"}, {"^hey/", "hey"},
})

// words say "I am a program" in whatever name they stand.
var words = newTable([]rule[bool]{
	{"bot|", true}, {"bots|", true}, {"bot-", true}, {"bot_", true}, {"bot#", true}, {"|robo", true}, {"robot", true}, {"|bot|", true},
	{"crawl", true}, {"spider", true}, {"sipder", true}, {"scrap", true}, {"archiver", true}, {"harvest", true}, {"extract", true},
	{"indexer", true}, {"fetcher", true}, {"fetch/", true}, {"grabber", true}, {"collector", true}, {"downloader", true}, {"reaper", true},
	{"checker", true}, {"check/", true}, {"linkcheck", true}, {"monitor", true}, {"scanner", true}, {"scan/", true}, {"scan)", true}, {"security scan", true}, {"inspect", true},
	{"analyz", true}, {"analys", true}, {"audit", true}, {"research", true}, {"survey", true}, {"prober", true}, {"probe/", true}, {"|ping", true}, {"diagnos", true}, {"observatory", true},
	{"verif", true}, {"validat", true}, {"preview", true}, {"thumbnail", true}, {"screenshot", true}, {"favicon", true}, {"websnap", true}, {"aggregator", true},
	{"proxy)", true}, {"prospect", true}, {"leadradar", true}, {"discovery", true}, {"lookup", true}, {"synthetic", true}, {"sentinel", true}, {"watchdog", true},
	{"searchengine", true}, {"search engine", true}, {"site", true}, {"domain", true}, {"|seo", true}, {"seo|", true}, {"backlink", true},
	{"vulnerab", true}, {"fingerprint", true}, {"phish", true}, {"scorer", true}, {"expander", true}, {"optimizer", true}, {"security.txt", true}, {"sectxt", true},
	{"agent|", true}, {"user agent", true}, {"user-agent", true}, {"useragent", true},
	{"like gecko; ", true}, // no browser goes on there
})

// notWords are agents of people in which one of the words stands.
var notWords = newTable([]rule[bool]{
	{"cubot", true}, {"botdugls", true}, // phones
	{"research in motion", true}, {"sitekiosk", true},
	{"smarttv", true}, {"smart-tv", true}, {"hbbtv", true}, {"web0s", true}, // sets write whole inventories
})

// addresses are left by crawlers for complaints.
var addresses = newTable([]rule[bool]{
	{"http://", true}, {"https://", true}, {"+http", true}, {"(at)", true}, {"www.", true},
	{".com|", true}, {".org|", true}, {".io|", true}, {".ai|", true}, {"@", true},
})

// notAddresses are agents of people who leave one, too.
var notAddresses = newTable([]rule[bool]{
	{"ecosia ", true},               // Ecosia android@62.0
	{"bsalsa.com", true},            // a view embedded into Windows programs
	{"@calendar", true},             // a locale
	{"xbmc", true}, {"kodi/", true}, // players
	{"feeddemon", true}, {"newsgator", true}, {"netnewswire", true}, {"evergreen (", true}, {"newsbeuter", true}, {"newsboat", true},
	{"|pulp/", true}, {"doughnut", true}, {"castero", true}, {"gpodder", true}, {"podcast", true}, {"podbean", true}, {"bullhorn", true},
	{"turtlecast", true}, {"coolerfm", true}, {"anytime/", true}, {"fountain/", true}, {"vuze", true}, {"thunderbird", true}, {"outlook", true},
	{"smarttv", true}, {"smart-tv", true}, {"hbbtv", true}, {"web0s", true},
})

// findBot says whether a program is at work instead of a person, its name as
// far as it gives one, and the reason.
func findBot(a *agent, d Device) (name, reason string, ok bool) {
	if b, _, ok := a.findKnown(); ok {
		return b.name, b.reason, true
	}
	if lib, _, ok := libraries.find(a.ua); ok && d.Browser == "" {
		return lib, ReasonLibrary, true
	}
	if at, text, ok := a.find(words); ok && !notWords.has(a.ua) {
		return wordAround(text, at), ReasonAgent, true
	}
	if at, text, ok := a.find(addresses); ok && !notAddresses.has(a.ua) && !a.isApp(text, at, d.OS) {
		return productBefore(text, at.from), ReasonAgent, true
	}
	if d.Type == "" && d.OS == "" {
		return productName(a.ua), ReasonNothingSaid, true
	}
	return "", "", false
}

func (a *agent) findKnown() (known, hit, bool) {
	if b, at, ok := bots.find(a.head); ok {
		return b, at, true
	}
	if a.tail == "" {
		return known{}, hit{}, false
	}
	return bots.find(a.tail)
}

// find looks in what is not the device's own name.
func (a *agent) find(t *table[bool]) (hit, string, bool) {
	if _, at, ok := t.find(a.head); ok {
		return at, a.head, true
	}
	_, at, ok := t.find(a.tail)
	return at, a.tail, ok
}

// wordAround returns the name in which a word stands: "bot" in "(compatible;
// FooBot-Image/2.1; +http://…)" gives "FooBot-Image".
func wordAround(s string, at hit) string {
	from, to := at.from, at.to
	for from > 0 && isNamePart(s[from-1]) {
		from--
	}
	for to < len(s) && isNamePart(s[to]) {
		to++
	}
	return cut(s[from:to], 64)
}

// isApp tells the programs of phones and sets, which write their own name and
// address, from crawlers that pose as browsers of phones.
func (a *agent) isApp(text string, at hit, os string) bool {
	switch os {
	case "Android", "iOS", "watchOS", "tvOS", "HarmonyOS":
		version := text[at.from] == '@' && at.to < len(text) && isDigit(text[at.to])
		return version || text[at.from] == '.' || !strings.HasPrefix(a.ua, "Mozilla/")
	}
	return false
}

func isNamePart(c byte) bool { return isWord(c) || c == '-' || c == '_' || c == '.' || c == '!' }

// productBefore returns the last name before at that is no known filler.
func productBefore(s string, at int) string {
	for at > 0 && !strings.ContainsRune(" ;,(+<", rune(s[at-1])) {
		at--
	}
	fields := strings.FieldsFunc(s[:at], func(r rune) bool { return r == ';' || r == '(' || r == ')' || r == ',' || r == ' ' || r == '+' })
	for i := len(fields) - 1; i >= 0; i-- {
		name, _, _ := strings.Cut(fields[i], "/")
		if name == "compatible" || name == "Mozilla" || len(name) < 2 || !isLetter(name[0]) {
			continue
		}
		return strings.ToValidUTF8(cut(name, 64), "")
	}
	return ""
}

// productName is the first name of an agent that says little else.
func productName(s string) string {
	s = strings.TrimPrefix(s, "Mozilla/5.0 ")
	s = strings.TrimPrefix(s, "Mozilla/4.0 ")
	s = strings.TrimPrefix(s, "(compatible; ")
	i := 0
	for i < len(s) && (isNamePart(s[i]) || s[i] == ' ' && i > 0) {
		i++
	}
	return cut(strings.TrimSpace(s[:i]), 64)
}
