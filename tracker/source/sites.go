package source

import "strings"

// kind of a site decides the channel of a visit from it.
type kind uint8

const (
	kindOther kind = iota // known by name only
	kindSearch
	kindSocial
	kindVideo
	kindShopping
	kindEmail
	kindAI
	kindAds
	kindAffiliate
)

// site is a source that is known by name.
type site struct {
	name          string
	kind          kind
	keywordParams []string // of a search engine's URL, the surest first
}

// known is a row of the tables below. Each column is a list separated by
// spaces.
type known struct {
	name string
	// hosts: "x.example" means it and all hosts below it, "=x.example" only
	// itself (and www), "x.*" x under any country's ending, com included. The
	// longest that fits wins. Android apps are listed by their package.
	hosts string
	// labels that stand for the site in utm_source, besides its name and
	// hosts; without case, spaces, "_", "-", "." and an "ads" at the end.
	labels string
	// keywords names the parameters that hold what was searched for.
	keywords string
}

var searchEngines = []known{
	{"Google", "=google.* images.google.* lens.google.* cse.google.* encrypted.google.* syndicatedsearch.goog =com.google.android.googlequicksearchbox =com.google.android.apps.searchlite", "adwords googleadwords googlesearch googleorganic", "q query as_q"},
	{"Bing", "bing.com =com.microsoft.bing", "msn bingsearch microsoft microsoftadvertising", "q"},
	{"Yahoo", "=yahoo.* search.yahoo.* =m.yahoo.*", "yahoosearch yahoojapan", "p q"},
	{"DuckDuckGo", "duckduckgo.com =com.duckduckgo.mobile.android", "ddg", "q"},
	{"Baidu", "=baidu.com m.baidu.com wap.baidu.com image.baidu.com news.baidu.com video.baidu.com mbd.baidu.com xueshu.baidu.com =com.baidu.searchbox", "百度 baidusem baidupc baidumobile", "wd word kw q"},
	{"Sogou", "sogou.com", "搜狗", "query keyword"},
	{"360 Search", "so.com haosou.com", "360 360so 360搜索 so", "q"},
	{"Shenma", "sm.cn", "神马", "q"},
	{"Quark", "quark.cn quark.sm.cn =com.quark.browser", "夸克", "q"},
	{"Toutiao Search", "so.toutiao.com", "头条搜索", "keyword"},
	{"Yandex", "=yandex.* =ya.ru images.yandex.* m.yandex.* =ru.yandex.searchplugin", "яндекс yandexdirect", "text query"},
	{"Naver", "=naver.com =m.naver.com search.naver.com", "네이버", "query"},
	{"Daum", "=daum.net =m.daum.net search.daum.net", "다음", "q"},
	{"Seznam", "=seznam.cz search.seznam.cz", "sklik", "q"},
	{"Ecosia", "ecosia.org", "", "q"},
	{"Qwant", "qwant.com", "", "q"},
	{"Brave", "search.brave.com", "bravesearch", "q"},
	{"Startpage", "startpage.com startpage.de ixquick.com", "", "query q"},
	{"Kagi", "kagi.com", "", "q"},
	{"Mojeek", "mojeek.com mojeek.co.uk", "", "q"},
	{"Presearch", "presearch.com presearch.org", "", "q"},
	{"Swisscows", "swisscows.com swisscows.ch", "", "query q"},
	{"MetaGer", "metager.org metager.de", "", "eingabe"},
	{"Yep", "yep.com", "", "q"},
	{"AOL", "search.aol.* =aol.com", "aolsearch", "q query"},
	{"Ask", "ask.com", "", "q"},
	{"Dogpile", "dogpile.com", "", "q"},
	{"Lycos", "search.lycos.com", "", "q"},
	{"Rambler", "nova.rambler.ru", "", "query"},
	{"Mail.ru Search", "go.mail.ru", "", "q"},
	{"Cốc Cốc", "coccoc.com", "coccoc", "query"},
	{"Petal Search", "petalsearch.com", "petal", "query"},
	{"goo", "search.goo.ne.jp", "", "MT"},
	{"T-Online", "suche.t-online.de", "", "q"},
	{"WEB.DE", "suche.web.de", "", "q su"},
	{"GMX Search", "search.gmx.* suche.gmx.*", "", "q su"},
	{"Lilo", "search.lilo.org", "", "q"},
}

var aiAssistants = []known{
	{"ChatGPT", "chatgpt.com chat.openai.com =com.openai.chatgpt", "openai gpt", ""},
	{"Perplexity", "perplexity.ai =ai.perplexity.app.android", "pplx", ""},
	{"Claude", "claude.ai =com.anthropic.claude", "anthropic", ""},
	{"Gemini", "gemini.google.com bard.google.com =com.google.android.apps.bard", "googlegemini bard", ""},
	{"Copilot", "copilot.microsoft.com copilot.com copilot.cloud.microsoft m365.cloud.microsoft edgeservices.bing.com =com.microsoft.copilot", "microsoftcopilot bingchat", ""},
	{"DeepSeek", "deepseek.com =com.deepseek.chat", "深度求索", ""},
	{"Kimi", "kimi.com kimi.ai kimi.moonshot.cn =com.moonshot.kimichat", "moonshot", ""},
	{"Doubao", "doubao.com =com.larus.nova", "豆包", ""},
	{"Qwen", "qwen.ai tongyi.com tongyi.aliyun.com qianwen.com", "tongyi qianwen 通义千问 通义", ""},
	{"Yuanbao", "yuanbao.tencent.com =com.tencent.hunyuan.app.chat", "元宝", ""},
	{"ERNIE Bot", "yiyan.baidu.com ernie.baidu.com chat.baidu.com", "yiyan 文心一言", ""},
	{"Zhipu", "chatglm.cn z.ai", "chatglm 智谱清言", ""},
	{"Metaso", "metaso.cn", "秘塔", ""},
	{"Grok", "grok.com =ai.x.grok", "xai", ""},
	{"Meta AI", "meta.ai", "", ""},
	{"Le Chat", "chat.mistral.ai", "mistral", ""},
	{"You.com", "you.com", "youcom", ""},
	{"Phind", "phind.com", "", ""},
	{"Poe", "poe.com", "", ""},
	{"Felo", "felo.ai", "", ""},
	{"Genspark", "genspark.ai", "", ""},
	{"Duck.ai", "duck.ai", "", ""},
	{"Lumo", "lumo.proton.me", "", ""},
	{"iAsk", "iask.ai", "", ""},
}

var socialNetworks = []known{
	{"Facebook", "facebook.com fb.com fb.me fb.watch =com.facebook.katana =com.facebook.lite", "fb meta facebookig fbig", ""},
	{"Messenger", "messenger.com m.me =com.facebook.orca", "", ""},
	{"Instagram", "instagram.com ig.me =com.instagram.android", "ig insta", ""},
	{"Threads", "threads.net threads.com =com.instagram.barcelona", "", ""},
	{"X", "x.com twitter.com t.co =com.twitter.android", "twitter tw", ""},
	{"LinkedIn", "linkedin.com lnkd.in linkedin.cn =com.linkedin.android", "li", ""},
	{"Pinterest", "pinterest.* pin.it =com.pinterest", "pin", ""},
	{"Reddit", "reddit.com redd.it =com.reddit.frontpage", "", ""},
	{"TikTok", "tiktok.com =com.zhiliaoapp.musically =com.ss.android.ugc.trill", "tt", ""},
	{"Snapchat", "snapchat.com =com.snapchat.android", "snap", ""},
	{"Tumblr", "tumblr.com href.li =com.tumblr", "", ""},
	{"Quora", "quora.com", "", ""},
	{"Bluesky", "bsky.app =xyz.blueskyweb.app", "bsky", ""},
	{"Mastodon", "mastodon.social mastodon.online mstdn.social fosstodon.org hachyderm.io =org.joinmastodon.android", "", ""},
	{"Telegram", "t.me telegram.org telegram.me =org.telegram.messenger =org.telegram.messenger.web", "tg", ""},
	{"WhatsApp", "whatsapp.com wa.me l.wl.co =com.whatsapp =com.whatsapp.w4b", "wa", ""},
	{"Discord", "discord.com discord.gg discordapp.com =com.discord", "", ""},
	{"VK", "vk.com vk.ru vkontakte.ru =com.vkontakte.android", "vkontakte", ""},
	{"OK.ru", "ok.ru odnoklassniki.ru =ru.ok.android", "odnoklassniki", ""},
	{"LINE", "line.me =jp.naver.line.android", "", ""},
	{"KakaoTalk", "kakao.com =com.kakao.talk", "kakao", ""},
	{"Hacker News", "news.ycombinator.com", "hn ycombinator", ""},
	{"Lobsters", "lobste.rs", "", ""},
	{"Product Hunt", "producthunt.com", "ph", ""},
	{"Indie Hackers", "indiehackers.com", "", ""},
	{"XING", "xing.com", "", ""},
	{"Nextdoor", "nextdoor.* =com.nextdoor", "", ""},
	{"Weibo", "weibo.com weibo.cn t.cn =com.sina.weibo", "微博 sinaweibo 新浪微博", ""},
	{"WeChat", "weixin.qq.com wx.qq.com weixin110.qq.com servicewechat.com =com.tencent.mm", "weixin wx 微信 公众号 朋友圈 wechatmoments", ""},
	{"QQ", "qzone.qq.com user.qzone.qq.com c.pc.qq.com im.qq.com =com.tencent.mobileqq", "qzone 腾讯qq", ""},
	{"Zhihu", "zhihu.com =com.zhihu.android", "知乎", ""},
	{"Douban", "douban.com =com.douban.frodo", "豆瓣", ""},
	{"Xiaohongshu", "xiaohongshu.com xhslink.com rednote.com =com.xingin.xhs", "xhs rednote 小红书", ""},
	{"Bilibili", "bilibili.com b23.tv bilibili.tv =tv.danmaku.bili", "bili b站 哔哩哔哩", ""},
	{"Douyin", "douyin.com iesdouyin.com =com.ss.android.ugc.aweme", "抖音 dy", ""},
	{"Kuaishou", "kuaishou.com kwai.com gifshow.com =com.smile.gifmaker", "快手 ks kwai", ""},
	{"Baidu Tieba", "tieba.baidu.com", "tieba 贴吧 百度贴吧", ""},
	{"Toutiao", "toutiao.com =com.ss.android.article.news", "头条 今日头条", ""},
	{"V2EX", "v2ex.com", "", ""},
	{"Jianshu", "jianshu.com", "简书", ""},
	{"Hupu", "hupu.com", "虎扑", ""},
	{"Naver Blog", "blog.naver.com cafe.naver.com", "", ""},
}

var videoPlatforms = []known{
	{"YouTube", "youtube.com youtu.be youtube-nocookie.com =com.google.android.youtube", "yt", ""},
	{"Vimeo", "vimeo.com", "", ""},
	{"Twitch", "twitch.tv =tv.twitch.android.app", "", ""},
	{"Dailymotion", "dailymotion.com dai.ly", "", ""},
	{"Rumble", "rumble.com", "", ""},
	{"Odysee", "odysee.com", "", ""},
	{"Niconico", "nicovideo.jp nico.ms", "", ""},
	{"Rutube", "rutube.ru", "", ""},
	{"Tencent Video", "v.qq.com", "腾讯视频", ""},
	{"Youku", "youku.com", "优酷", ""},
	{"iQIYI", "iqiyi.com iq.com", "爱奇艺", ""},
	{"Xigua", "ixigua.com", "西瓜视频", ""},
}

var shops = []known{
	{"Amazon", "=amazon.* smile.amazon.* m.amazon.* =com.amazon.mshop.android.shopping", "", ""},
	{"eBay", "ebay.* =com.ebay.mobile", "", ""},
	{"Etsy", "etsy.com =com.etsy.android", "", ""},
	{"Walmart", "walmart.com", "", ""},
	{"Google Shopping", "shopping.google.*", "", ""},
	{"AliExpress", "aliexpress.*", "", ""},
	{"Alibaba", "alibaba.com 1688.com", "1688 阿里巴巴", ""},
	{"Taobao", "taobao.com tb.cn =com.taobao.taobao", "淘宝", ""},
	{"Tmall", "tmall.com =com.tmall.wireless", "天猫", ""},
	{"JD.com", "jd.com jd.hk =com.jingdong.app.mall", "jd jingdong 京东", ""},
	{"Pinduoduo", "pinduoduo.com yangkeduo.com =com.xunmeng.pinduoduo", "pdd 拼多多", ""},
	{"SMZDM", "smzdm.com", "什么值得买", ""},
	{"Temu", "temu.com", "", ""},
	{"SHEIN", "shein.com", "", ""},
	{"Shopee", "shopee.*", "", ""},
	{"Lazada", "lazada.*", "", ""},
	{"Rakuten", "rakuten.*", "", ""},
	{"Coupang", "coupang.com", "", ""},
	{"Mercado Libre", "mercadolibre.* mercadolivre.*", "", ""},
	{"Flipkart", "flipkart.com", "", ""},
	{"Zalando", "zalando.*", "", ""},
	{"idealo", "idealo.*", "", ""},
	{"Shop", "shop.app", "shopapp", ""},
}

var mailServices = []known{
	{"Gmail", "mail.google.com inbox.google.com =com.google.android.gm", "", ""},
	{"Outlook", "outlook.live.com outlook.office.com outlook.office365.com outlook.com mail.live.com hotmail.com =com.microsoft.office.outlook", "hotmail", ""},
	{"Yahoo Mail", "mail.yahoo.* =com.yahoo.mobile.client.android.mail", "", ""},
	{"iCloud Mail", "icloud.com", "icloud", ""},
	{"Proton Mail", "mail.proton.me mail.protonmail.com protonmail.com", "protonmail", ""},
	{"Fastmail", "fastmail.com", "", ""},
	{"Zoho Mail", "mail.zoho.*", "", ""},
	{"AOL Mail", "mail.aol.com", "", ""},
	{"GMX", "gmx.net gmx.com gmx.de gmx.at gmx.ch deref-gmx.net deref-gmx.com", "", ""},
	{"WEB.DE Mail", "web.de deref-web.de deref-web-02.de", "", ""},
	{"mail.com", "mail.com deref-mail.com", "", ""},
	{"Mail.ru", "e.mail.ru =mail.ru", "", ""},
	{"Yandex Mail", "mail.yandex.*", "", ""},
	{"QQ Mail", "mail.qq.com exmail.qq.com", "qqmail qq邮箱", ""},
	{"NetEase Mail", "mail.163.com mail.126.com mail.yeah.net qiye.163.com", "163mail 网易邮箱", ""},
	{"Sina Mail", "mail.sina.com.cn mail.sina.cn", "", ""},
	{"Aliyun Mail", "mail.aliyun.com qiye.aliyun.com", "", ""},
	{"Naver Mail", "mail.naver.com", "", ""},
	{"Daum Mail", "mail.daum.net", "", ""},
	{"Mailchimp", "list-manage.com mailchi.mp", "", ""},
}

var adNetworks = []known{
	{"Google Display", "googlesyndication.com doubleclick.net googleadservices.com", "googledisplaynetwork gdn dv360 displayvideo360", ""},
	{"Taboola", "taboola.com", "", ""},
	{"Outbrain", "outbrain.com", "", ""},
	{"Criteo", "criteo.com criteo.net", "", ""},
}

var affiliateNetworks = []known{
	{"Awin", "awin1.com awin.com", "", ""},
	{"CJ", "anrdoezrs.net dpbolvw.net jdoqocy.com kqzyfj.com tkqlhce.com", "commissionjunction", ""},
	{"Impact", "impact.com sjv.io pxf.io", "", ""},
	{"Rakuten Advertising", "click.linksynergy.com", "linkshare", ""},
}

var otherSites = []known{
	{"GitHub", "github.com", "", ""},
	{"GitLab", "gitlab.com", "", ""},
	{"Gitee", "gitee.com", "", ""},
	{"Stack Overflow", "stackoverflow.com stackexchange.com", "", ""},
	{"Wikipedia", "wikipedia.org", "", ""},
	{"Baidu Baike", "baike.baidu.com", "", ""},
	{"Medium", "medium.com", "", ""},
	{"Substack", "substack.com", "", ""},
	{"DEV", "dev.to", "devto", ""},
	{"CSDN", "csdn.net", "", ""},
	{"Juejin", "juejin.cn", "掘金", ""},
	{"Google News", "news.google.com", "", ""},
	{"Slack", "slack.com slack-redir.net =com.slack", "", ""},
	{"Microsoft Teams", "teams.microsoft.com statics.teams.cdn.office.net =com.microsoft.teams", "msteams teams", ""},
	{"DingTalk", "dingtalk.com =com.alibaba.android.rimet", "钉钉", ""},
	{"Feishu", "feishu.cn larksuite.com", "lark 飞书", ""},
	{"Notion", "notion.so notion.site", "", ""},
}

// clickParam is a parameter that a platform adds to links out of it.
type clickParam struct {
	param string
	site  *site
	paid  bool // only on ads; the others are on every link
	rank  int  // the lowest counts where there are several
}

// clickParams, those that say most first.
var clickParams = []struct {
	param, site string
	paid        bool
}{
	{"gclid", "Google", true},
	{"gbraid", "Google", true},
	{"wbraid", "Google", true},
	{"dclid", "Google Display", true},
	{"msclkid", "Bing", true},
	{"yclid", "Yandex", true},
	{"bd_vid", "Baidu", true},
	{"qhclickid", "360 Search", true},
	{"sznclid", "Seznam", true},
	{"ttclid", "TikTok", true},
	{"twclid", "X", true},
	{"li_fat_id", "LinkedIn", true},
	{"rdt_cid", "Reddit", true},
	{"sccid", "Snapchat", true},
	{"qclid", "Quora", true},
	{"gdt_vid", "WeChat", true},
	{"qz_gdt", "QQ", true},
	{"tblci", "Taboola", true},
	{"dicbo", "Outbrain", true},
	{"irclickid", "Impact", true},
	{"cjevent", "CJ", true},
	{"awc", "Awin", true},
	{"ransiteid", "Rakuten Advertising", true},
	{"fbclid", "Facebook", false},
	{"igshid", "Instagram", false},
	{"igsh", "Instagram", false},
	{"epik", "Pinterest", false},
	{"ysclid", "Yandex", false},
}

// mailers are the tools that send mail, by the parameters with which they mark
// their links. The values name the recipient, so they are never kept.
var mailers = map[string]string{
	"mc_cid":             "Mailchimp",
	"mc_eid":             "Mailchimp",
	"_hsenc":             "HubSpot",
	"_hsmi":              "HubSpot",
	"mkt_tok":            "Marketo",
	"vero_id":            "Vero",
	"ck_subscriber_id":   "Kit",
	"_ke":                "Klaviyo",
	"_kx":                "Klaviyo",
	"ml_subscriber_hash": "MailerLite",
}

// maxParamName is the length of the longest parameter that is looked for.
const maxParamName = len("ml_subscriber_hash")

// hostRule is what a host means, for itself or for all below it too.
type hostRule struct {
	site  *site
	below bool
}

var (
	siteByHost       = map[string]hostRule{} // "facebook.com"
	siteByName       = map[string]hostRule{} // "google" of "google.*"
	siteByPlainLabel = map[string]*site{}    // "fb"
	clickParamByName = map[string]*clickParam{}
)

func init() {
	sites := map[string]*site{}
	for _, table := range []struct {
		kind kind
		rows []known
	}{
		{kindSearch, searchEngines}, {kindAI, aiAssistants}, {kindSocial, socialNetworks},
		{kindVideo, videoPlatforms}, {kindShopping, shops}, {kindEmail, mailServices},
		{kindAds, adNetworks}, {kindAffiliate, affiliateNetworks}, {kindOther, otherSites},
	} {
		for _, row := range table.rows {
			s := &site{name: row.name, kind: table.kind, keywordParams: strings.Fields(row.keywords)}
			sites[s.name] = s
			for host := range strings.FieldsSeq(row.hosts) {
				host, exact := strings.CutPrefix(host, "=")
				if name, anyCountry := strings.CutSuffix(host, ".*"); anyCountry {
					siteByName[name] = hostRule{s, !exact}
				} else {
					siteByHost[host] = hostRule{s, !exact}
				}
			}
			siteByPlainLabel[plain(s.name)] = s
			for label := range strings.FieldsSeq(row.labels) {
				siteByPlainLabel[label] = s
			}
		}
	}
	for i, c := range clickParams {
		clickParamByName[c.param] = &clickParam{c.param, sites[c.site], c.paid, i}
	}
}

// siteOfReferrer gives the known site of a referrer, or nil.
func siteOfReferrer(from location) *site {
	if from.scheme == "android-app" {
		return siteByHost[from.host].site
	}
	return siteOfHost(from.host)
}

// siteOfHost gives the known site that a host belongs to, or nil.
func siteOfHost(host string) *site {
	host = withoutWWW(host)
	name := beforeCountry(host)
	for rest := host; ; {
		whole := len(rest) == len(host)
		if rule := siteByHost[rest]; rule.site != nil && (whole || rule.below) {
			return rule.site
		}
		if cut := len(host) - len(rest); cut < len(name) {
			if rule := siteByName[name[cut:]]; rule.site != nil && (whole || rule.below) {
				return rule.site
			}
		}
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return nil
		}
		rest = rest[dot+1:]
	}
}

// beforeCountry cuts an ending off a host that a company has in many
// countries: .com, .de, .co.uk, .com.tr. Without such an ending it gives "".
func beforeCountry(host string) string {
	name, last := cutLabel(host)
	switch {
	case last == "com" || last == "net" || last == "cat":
		return name
	case len(last) != 2:
		return ""
	}
	if shorter, second := cutLabel(name); second == "co" || second == "com" || second == "ne" {
		return shorter
	}
	return name
}

func cutLabel(host string) (rest, last string) {
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		return "", host
	}
	return host[:dot], host[dot+1:]
}

// siteOfLabel finds what utm_source (or the like) stands for: a known site or
// nil, and the name to count it by. "fb_ads" is Facebook and paid.
func siteOfLabel(label string, paid bool) (known *site, name string, isPaid bool) {
	if looksLikeHost(label) {
		host := Host(label)
		if s := siteOfHost(host); s != nil {
			return s, s.name, paid
		}
	}
	p := plain(label)
	if s := siteByPlainLabel[p]; s != nil {
		return s, s.name, paid
	}
	for _, suffix := range []string{"ads", "ad"} {
		if s := siteByPlainLabel[strings.TrimSuffix(p, suffix)]; s != nil {
			return s, s.name, true
		}
	}
	if looksLikeHost(label) {
		return nil, Host(label), paid
	}
	return nil, label, paid
}

// isMailHost recognises mail in the browser that somebody runs themselves.
func isMailHost(host string) bool {
	return strings.HasPrefix(host, "mail.") || strings.HasPrefix(host, "webmail.")
}
