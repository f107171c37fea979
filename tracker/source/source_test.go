package source

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const shop = "https://shop.example/"

func ownShop(host string) bool { return host == "shop.example" || host == "pay.shop.example" }

func TestClassifyReferrer(t *testing.T) {
	for _, test := range []struct {
		referrer               string
		name, channel, keyword string
	}{
		{"", "", ChannelDirect, ""},

		// Search engines and their keywords.
		{"https://www.google.com/", "Google", ChannelOrganicSearch, ""},
		{"https://www.google.com/search?q=red+shoes&hl=en", "Google", ChannelOrganicSearch, "red shoes"},
		{"https://google.co.uk/url?sa=t&q=", "Google", ChannelOrganicSearch, ""},
		{"http://www.google.com.tr/search?q=%C3%A7anta", "Google", ChannelOrganicSearch, "çanta"},
		{"https://images.google.de/imgres?q=x", "Google", ChannelOrganicSearch, "x"},
		{"https://www.google.cat/", "Google", ChannelOrganicSearch, ""},
		{"android-app://com.google.android.googlequicksearchbox/", "Google", ChannelOrganicSearch, ""},
		{"android-app://com.google.android.googlequicksearchbox/https/www.google.com", "Google", ChannelOrganicSearch, ""},
		{"https://cn.bing.com/search?q=%E9%9E%8B&form=QBLH", "Bing", ChannelOrganicSearch, "鞋"},
		{"https://r.search.yahoo.com/_ylt=x/RV=2/", "Yahoo", ChannelOrganicSearch, ""},
		{"https://uk.search.yahoo.com/search?p=shoes", "Yahoo", ChannelOrganicSearch, "shoes"},
		{"https://search.yahoo.co.jp/search?p=%E9%9D%B4", "Yahoo", ChannelOrganicSearch, "靴"},
		{"https://duckduckgo.com/", "DuckDuckGo", ChannelOrganicSearch, ""},
		{"https://www.baidu.com/s?ie=utf-8&wd=%E7%BA%A2%E9%9E%8B", "Baidu", ChannelOrganicSearch, "红鞋"},
		{"https://www.baidu.com/link?url=abc&wd=&eqid=d1", "Baidu", ChannelOrganicSearch, ""},
		{"http://m.baidu.com/from=844b/s?word=%E9%9E%8B", "Baidu", ChannelOrganicSearch, "鞋"},
		{"https://www.baidu.com/s?wd=%BA%EC%D0%AC&ie=gb2312", "Baidu", ChannelOrganicSearch, ""}, // GBK
		{"https://www.baidu.com/s?wd=%E7%BA%A2%E9%9E", "Baidu", ChannelOrganicSearch, "红"},       // cut off
		{"https://yandex.ru/search/?text=%D1%82%D1%83%D1%84%D0%BB%D0%B8", "Yandex", ChannelOrganicSearch, "туфли"},
		{"https://yandex.com.tr/", "Yandex", ChannelOrganicSearch, ""},
		{"https://ya.ru/", "Yandex", ChannelOrganicSearch, ""},
		{"https://www.sogou.com/web?query=%E9%9E%8B", "Sogou", ChannelOrganicSearch, "鞋"},
		{"https://m.sogou.com/web/searchList.jsp?keyword=a", "Sogou", ChannelOrganicSearch, "a"},
		{"https://www.so.com/s?q=%E9%9E%8B", "360 Search", ChannelOrganicSearch, "鞋"},
		{"https://yz.m.sm.cn/s?q=%E9%9E%8B", "Shenma", ChannelOrganicSearch, "鞋"},
		{"https://quark.sm.cn/s?q=a", "Quark", ChannelOrganicSearch, "a"},
		{"https://so.toutiao.com/search?keyword=a", "Toutiao Search", ChannelOrganicSearch, "a"},
		{"https://m.search.naver.com/search.naver?query=a", "Naver", ChannelOrganicSearch, "a"},
		{"https://search.daum.net/search?q=a", "Daum", ChannelOrganicSearch, "a"},
		{"https://www.ecosia.org/search?q=a", "Ecosia", ChannelOrganicSearch, "a"},
		{"https://www.qwant.com/?q=a", "Qwant", ChannelOrganicSearch, "a"},
		{"https://search.brave.com/search?q=a", "Brave", ChannelOrganicSearch, "a"},
		{"https://www.startpage.com/do/search?query=a", "Startpage", ChannelOrganicSearch, "a"},
		{"https://kagi.com/search?q=a", "Kagi", ChannelOrganicSearch, "a"},

		// What looks like a search engine and is not one.
		{"https://docs.google.com/document", "docs.google.com", ChannelReferral, ""},
		{"https://accounts.google.com/", "accounts.google.com", ChannelReferral, ""},
		{"https://google.evil.example/?q=x", "google.evil.example", ChannelReferral, ""},
		{"https://notgoogle.com/?q=x", "notgoogle.com", ChannelReferral, ""},
		{"https://pan.baidu.com/", "pan.baidu.com", ChannelReferral, ""},
		{"https://aws.amazon.com/", "aws.amazon.com", ChannelReferral, ""},

		// Social networks.
		{"https://l.facebook.com/l.php?u=x", "Facebook", ChannelOrganicSocial, ""},
		{"https://lm.facebook.com/", "Facebook", ChannelOrganicSocial, ""},
		{"android-app://com.facebook.katana", "Facebook", ChannelOrganicSocial, ""},
		{"https://l.instagram.com/?u=x", "Instagram", ChannelOrganicSocial, ""},
		{"https://t.co/abc", "X", ChannelOrganicSocial, ""},
		{"https://lnkd.in/abc", "LinkedIn", ChannelOrganicSocial, ""},
		{"https://out.reddit.com/", "Reddit", ChannelOrganicSocial, ""},
		{"https://www.pinterest.co.uk/", "Pinterest", ChannelOrganicSocial, ""},
		{"https://news.ycombinator.com/item?id=1", "Hacker News", ChannelOrganicSocial, ""},
		{"https://away.vk.com/away.php", "VK", ChannelOrganicSocial, ""},
		{"android-app://org.telegram.messenger/", "Telegram", ChannelOrganicSocial, ""},
		{"https://weibo.com/u/1", "Weibo", ChannelOrganicSocial, ""},
		{"https://m.weibo.cn/", "Weibo", ChannelOrganicSocial, ""},
		{"https://mp.weixin.qq.com/s/x", "WeChat", ChannelOrganicSocial, ""},
		{"https://servicewechat.com/wx1/1/page-frame.html", "WeChat", ChannelOrganicSocial, ""},
		{"https://link.zhihu.com/?target=x", "Zhihu", ChannelOrganicSocial, ""},
		{"https://www.douban.com/link2/", "Douban", ChannelOrganicSocial, ""},
		{"https://www.xiaohongshu.com/", "Xiaohongshu", ChannelOrganicSocial, ""},
		{"https://www.bilibili.com/video/BV1", "Bilibili", ChannelOrganicSocial, ""},
		{"https://www.douyin.com/", "Douyin", ChannelOrganicSocial, ""},
		{"https://tieba.baidu.com/p/1", "Baidu Tieba", ChannelOrganicSocial, ""},

		// Video, shopping, mail, assistants, the named rest.
		{"https://m.youtube.com/watch?v=1", "YouTube", ChannelOrganicVideo, ""},
		{"https://v.qq.com/x", "Tencent Video", ChannelOrganicVideo, ""},
		{"https://www.amazon.co.jp/dp/1", "Amazon", ChannelOrganicShopping, ""},
		{"https://detail.tmall.com/item", "Tmall", ChannelOrganicShopping, ""},
		{"https://mail.google.com/", "Gmail", ChannelEmail, ""},
		{"android-app://com.google.android.gm/", "Gmail", ChannelEmail, ""},
		{"https://outlook.live.com/", "Outlook", ChannelEmail, ""},
		{"https://mail.yahoo.co.jp/", "Yahoo Mail", ChannelEmail, ""},
		{"https://mail.qq.com/", "QQ Mail", ChannelEmail, ""},
		{"https://webmail.firm.example/", "webmail.firm.example", ChannelEmail, ""},
		{"https://chatgpt.com/", "ChatGPT", ChannelAIAssistant, ""},
		{"https://chat.openai.com/", "ChatGPT", ChannelAIAssistant, ""},
		{"https://www.perplexity.ai/", "Perplexity", ChannelAIAssistant, ""},
		{"https://claude.ai/", "Claude", ChannelAIAssistant, ""},
		{"https://gemini.google.com/app", "Gemini", ChannelAIAssistant, ""},
		{"https://copilot.microsoft.com/", "Copilot", ChannelAIAssistant, ""},
		{"https://chat.deepseek.com/", "DeepSeek", ChannelAIAssistant, ""},
		{"https://www.kimi.com/", "Kimi", ChannelAIAssistant, ""},
		{"https://www.doubao.com/chat/", "Doubao", ChannelAIAssistant, ""},
		{"https://you.com/", "You.com", ChannelAIAssistant, ""},
		{"https://www.phind.com/", "Phind", ChannelAIAssistant, ""},
		{"https://github.com/a/b", "GitHub", ChannelReferral, ""},
		{"https://en.wikipedia.org/wiki/Shoe", "Wikipedia", ChannelReferral, ""},

		// Everybody else.
		{"https://www.news.example/a?q=not+a+keyword", "news.example", ChannelReferral, ""},
		{"http://news.example:8080/a", "news.example", ChannelReferral, ""},
		{"https://NEWS.example./", "news.example", ChannelReferral, ""},
		{"news.example/a", "news.example", ChannelReferral, ""},
		{"//news.example/a", "news.example", ChannelReferral, ""},
		{"http://203.0.113.7/x", "203.0.113.7", ChannelReferral, ""},
		{"http://[2001:db8::1]:8080/x", "[2001:db8::1]", ChannelReferral, ""},
		{"https://bücher.example/", "bücher.example", ChannelReferral, ""},
		{"android-app://org.example.reader/", "org.example.reader", ChannelReferral, ""},

		// The site itself, and what is no place.
		{"https://shop.example/cart", "", ChannelDirect, ""},
		{"https://www.shop.example/cart", "", ChannelDirect, ""},
		{"https://pay.shop.example/done", "", ChannelDirect, ""},
		{"about:blank", "", ChannelDirect, ""},
		{"null", "", ChannelDirect, ""},
		{"file:///C:/Users/me/page.html", "", ChannelDirect, ""},
		{"javascript:alert(1)", "", ChannelDirect, ""},
		{"data:text/html,x", "", ChannelDirect, ""},
		{"https://", "", ChannelDirect, ""},
		{"https://<script>/", "", ChannelDirect, ""},
		{"/cart", "", ChannelDirect, ""},
	} {
		got := Classify(shop, test.referrer, UTM{}, ownShop)
		if got.Name != test.name || got.Channel != test.channel || got.Keyword != test.keyword {
			t.Errorf("%s\n got %q %s %q\nwant %q %s %q", test.referrer,
				got.Name, got.Channel, got.Keyword, test.name, test.channel, test.keyword)
		}
	}
}

func TestClassifyCampaign(t *testing.T) {
	const google = "https://www.google.com/"
	for _, test := range []struct {
		query, referrer       string
		name, channel, medium string
	}{
		// utm_source names the source, known or not; it wins over the referrer.
		{"utm_source=google", "", "Google", ChannelOrganicSearch, "organic"},
		{"utm_source=newsletter&utm_medium=email", google, "newsletter", ChannelEmail, "email"},
		{"utm_source=spring-letter&utm_medium=Email", "", "spring-letter", ChannelEmail, "email"},
		{"utm_source=newsletter", "", "newsletter", ChannelEmail, "email"},
		{"utm_source=poster", "", "poster", ChannelCampaign, ""},
		{"utm_source=partner.example", "", "partner.example", ChannelReferral, "referral"},
		{"utm_source=fb", "", "Facebook", ChannelOrganicSocial, "social"},
		{"utm_source=Hacker%20News", "", "Hacker News", ChannelOrganicSocial, "social"},
		{"utm_source=微信&utm_medium=朋友圈", "", "WeChat", ChannelOrganicSocial, "朋友圈"},
		{"utm_source=chatgpt.com", "", "ChatGPT", ChannelAIAssistant, "ai"},
		{"utm_source=openai", "", "ChatGPT", ChannelAIAssistant, "ai"},
		{"utm_source=github&utm_medium=readme", "", "GitHub", ChannelReferral, "readme"},
		{"utm_campaign=spring", "", "spring", ChannelCampaign, ""},
		{"utm_medium=qr", "", "qr", ChannelCampaign, "qr"},
		{"utm_campaign=spring", google, "Google", ChannelOrganicSearch, "organic"},

		// Paid, by the rules of GA4.
		{"utm_source=google&utm_medium=cpc", "", "Google", ChannelPaidSearch, "cpc"},
		{"utm_source=baidu&utm_medium=sem", "", "Baidu", ChannelPaidSearch, "sem"},
		{"utm_source=facebook&utm_medium=paid_social", "", "Facebook", ChannelPaidSocial, "paid_social"},
		{"utm_source=fb_ads", "", "Facebook", ChannelPaidSocial, "cpc"},
		{"utm_source=GoogleAds", "", "Google", ChannelPaidSearch, "cpc"},
		{"utm_source=youtube&utm_medium=cpv", "", "YouTube", ChannelPaidVideo, "cpv"},
		{"utm_source=youtube&utm_medium=ppc", "", "YouTube", ChannelPaidVideo, "ppc"},
		{"utm_source=amazon&utm_medium=cpc", "", "Amazon", ChannelPaidShopping, "cpc"},
		{"utm_source=somewhere&utm_medium=cpc", "", "somewhere", ChannelPaidOther, "cpc"},
		{"utm_source=somewhere&utm_medium=paid-social", "", "somewhere", ChannelPaidSocial, "paid-social"},
		{"utm_source=somewhere&utm_medium=paid+search", "", "somewhere", ChannelPaidSearch, "paid search"},
		{"utm_source=somewhere&utm_medium=cpm", "", "somewhere", ChannelDisplay, "cpm"},
		{"utm_medium=cpc", google, "Google", ChannelPaidSearch, "cpc"},

		// Mediums that name a channel.
		{"utm_source=x1&utm_medium=display", "", "x1", ChannelDisplay, "display"},
		{"utm_source=x1&utm_medium=banner", "", "x1", ChannelDisplay, "banner"},
		{"utm_source=x1&utm_medium=social", "", "x1", ChannelOrganicSocial, "social"},
		{"utm_source=x1&utm_medium=social-media", "", "x1", ChannelOrganicSocial, "social-media"},
		{"utm_source=x1&utm_medium=e-mail", "", "x1", ChannelEmail, "e-mail"},
		{"utm_source=x1&utm_medium=affiliate", "", "x1", ChannelAffiliate, "affiliate"},
		{"utm_source=x1&utm_medium=audio", "", "x1", ChannelAudio, "audio"},
		{"utm_source=x1&utm_medium=sms", "", "x1", ChannelSMS, "sms"},
		{"utm_source=sms", "", "sms", ChannelSMS, "sms"},
		{"utm_source=x1&utm_medium=web-push", "", "x1", ChannelPush, "web-push"},
		{"utm_source=firebase", "", "firebase", ChannelPush, "push"},
		{"utm_source=x1&utm_medium=video", "", "x1", ChannelOrganicVideo, "video"},
		{"utm_source=x1&utm_medium=organic", "", "x1", ChannelOrganicSearch, "organic"},
		{"utm_source=x1&utm_medium=referral", "", "x1", ChannelReferral, "referral"},
		{"utm_source=x1&utm_medium=qr", "", "x1", ChannelCampaign, "qr"},
		{"utm_source=facebook&utm_medium=email", "", "Facebook", ChannelEmail, "email"},
		{"utm_source=google&utm_medium=referral", "", "Google", ChannelOrganicSearch, "referral"},

		// Click ids.
		{"gclid=abc", "", "Google", ChannelPaidSearch, "cpc"},
		{"gclid=abc", google, "Google", ChannelPaidSearch, "cpc"},
		{"gclid=abc", "https://m.youtube.com/", "YouTube", ChannelPaidVideo, "cpc"},
		{"wbraid=abc", "https://blog.example/", "Google", ChannelPaidSearch, "cpc"},
		{"dclid=abc", "https://blog.example/", "Google Display", ChannelDisplay, "display"},
		{"msclkid=abc", "https://duckduckgo.com/", "DuckDuckGo", ChannelPaidSearch, "cpc"},
		{"ttclid=abc", "", "TikTok", ChannelPaidSocial, "cpc"},
		{"bd_vid=1", "https://www.baidu.com/", "Baidu", ChannelPaidSearch, "cpc"},
		{"gclid=abc&utm_source=google&utm_medium=organic", "", "Google", ChannelOrganicSearch, "organic"},
		{"gclid=abc&utm_source=agency", "", "agency", ChannelPaidSearch, "cpc"},
		{"fbclid=abc", "", "Facebook", ChannelOrganicSocial, "social"},
		{"fbclid=abc", "https://l.instagram.com/", "Instagram", ChannelOrganicSocial, "social"},
		{"fbclid=abc&utm_source=fb&utm_medium=paid", "", "Facebook", ChannelPaidSocial, "paid"},
		{"ysclid=abc", "", "Yandex", ChannelOrganicSearch, "organic"},
		{"awc=1_2_3", "", "Awin", ChannelAffiliate, "affiliate"},

		// Mail tools, and ref written by hand.
		{"mc_cid=1&mc_eid=2", "", "Mailchimp", ChannelEmail, "email"},
		{"_hsenc=abc&utm_campaign=spring", "", "HubSpot", ChannelEmail, "email"},
		{"_hsenc=abc", "https://mail.google.com/", "Gmail", ChannelEmail, "email"},
		{"_hsenc=abc", "https://blog.example/", "blog.example", ChannelReferral, "referral"},
		{"ref=producthunt", "", "Product Hunt", ChannelOrganicSocial, "social"},
		{"ref=producthunt", google, "Product Hunt", ChannelOrganicSocial, "social"},
		{"source=blog.example", google, "blog.example", ChannelReferral, "referral"},
		{"ref=johns-blog", "", "johns-blog", ChannelReferral, "referral"},
		{"ref=johns-blog", google, "Google", ChannelOrganicSearch, "organic"},
		{"ref=12345", "", "", ChannelDirect, ""},
		{"ref=shop.example", google, "Google", ChannelOrganicSearch, "organic"},

		// Others' names, and broken links.
		{"mtm_source=partner&mtm_medium=banner", "", "partner", ChannelDisplay, "banner"},
		{"pk_campaign=spring&pk_kwd=x", "", "spring", ChannelCampaign, ""},
		{"hmsr=toutiao&hmpl=cpc", "", "Toutiao", ChannelPaidSocial, "cpc"},
		{"a=1&amp;utm_source=fb&amp;utm_medium=cpc", "", "Facebook", ChannelPaidSocial, "cpc"},
		{"UTM_Source=fb&UTM_MEDIUM=CPC", "", "Facebook", ChannelPaidSocial, "cpc"},
		{"utm_source=&utm_source=fb", "", "Facebook", ChannelOrganicSocial, "social"},
		{"utm_source=first&utm_source=second", "", "first", ChannelCampaign, ""},
		{"utm_source=100%&utm_medium=%zz", "", "100%", ChannelCampaign, "%zz"},
		{"utm_source=%20&utm_medium=%00", "", "", ChannelDirect, ""},
		{"&&=&=x&utm_source", "", "", ChannelDirect, ""},

		// Coming from the site itself, a tag still counts.
		{"utm_source=footer", "https://shop.example/", "footer", ChannelCampaign, ""},
	} {
		got := Classify(shop+"?"+test.query, test.referrer, UTM{}, ownShop)
		if got.Name != test.name || got.Channel != test.channel || got.Medium != test.medium {
			t.Errorf("%s from %q\n got %q %s %q\nwant %q %s %q", test.query, test.referrer,
				got.Name, got.Channel, got.Medium, test.name, test.channel, test.medium)
		}
	}
}

// The whole result, and where its parts may be written.
func TestClassifyFields(t *testing.T) {
	for _, test := range []struct {
		name, landing, referrer string
		utm                     UTM
		want                    Source
	}{
		{
			"all of it",
			"https://shop.example/a?utm_source=Google&utm_medium=CPC&utm_term=red+shoes&utm_content=top%20ad&utm_campaign=%E6%98%A5&gclid=Cj0-_x#top",
			"https://user:secret@WWW.Google.com:443/search?q=shoes#frag",
			UTM{},
			Source{
				Name: "Google", Channel: ChannelPaidSearch, Medium: "cpc", Keyword: "shoes",
				Referrer: "https://www.google.com:443/search?q=shoes", ReferringDomain: "www.google.com",
				UTM:     UTM{Source: "Google", Medium: "CPC", Term: "red shoes", Content: "top ad", Campaign: "春"},
				ClickID: "Cj0-_x", ClickIDKind: "gclid",
			},
		},
		{
			"explicit wins, field by field", "?utm_source=query&utm_campaign=query", "",
			UTM{Source: "given", Medium: "email"},
			Source{
				Name: "given", Channel: ChannelEmail, Medium: "email",
				UTM: UTM{Source: "given", Medium: "email", Campaign: "query"},
			},
		},
		{
			"a query alone, as Android sends it", "?utm_source=fb", "", UTM{},
			Source{Name: "Facebook", Channel: ChannelOrganicSocial, Medium: "social", UTM: UTM{Source: "fb"}},
		},
		{
			"a route's query", "https://shop.example/#/cart?utm_source=fb", "", UTM{},
			Source{Name: "Facebook", Channel: ChannelOrganicSocial, Medium: "social", UTM: UTM{Source: "fb"}},
		},
		{
			"tags in the fragment", "https://shop.example/#utm_source=fb&utm_id=7", "", UTM{},
			Source{Name: "Facebook", Channel: ChannelOrganicSocial, Medium: "social", UTM: UTM{Source: "fb", Campaign: "7"}},
		},
		{
			"the surest click id", "/?fbclid=f&gbraid=b&gclid=&gclid=g", "", UTM{},
			Source{Name: "Google", Channel: ChannelPaidSearch, Medium: "cpc", ClickID: "g", ClickIDKind: "gclid"},
		},
		{
			"own referrer is kept, as Ahoy does", shop, "http://shop.example/a#b", UTM{},
			Source{Channel: ChannelDirect, Referrer: "http://shop.example/a", ReferringDomain: "shop.example"},
		},
		{
			"invalid UTF-8 and control characters", "/?utm_source=a%FFb%0Ac\xfe", "https://news.example/\xff\x00x", UTM{},
			Source{
				Name: "abc", Channel: ChannelCampaign, UTM: UTM{Source: "abc"},
				Referrer: "https://news.example/x", ReferringDomain: "news.example",
			},
		},
		{
			"line breaks in a URL", "https://shop.example/\n?utm_sou\trce=fb", " https://news.\r\nexample/ ", UTM{},
			Source{
				Name: "Facebook", Channel: ChannelOrganicSocial, Medium: "social", UTM: UTM{Source: "fb"},
				Referrer: "https://news.example/", ReferringDomain: "news.example",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Classify(test.landing, test.referrer, test.utm, nil); !reflect.DeepEqual(got, test.want) {
				t.Errorf("\n got %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestClassifyBounds(t *testing.T) {
	long := strings.Repeat("é", 50_000)
	got := Classify("https://shop.example/?gclid="+long+"&utm_source="+long, "https://news.example/?q="+long,
		UTM{Source: long, Term: long}, func(string) bool { return false })
	checkBounds(t, got)
	if len(got.UTM.Source) < maxFieldBytes-1 || len(got.Referrer) < maxReferrerBytes-1 {
		t.Errorf("more was cut than needed: %d, %d bytes", len(got.UTM.Source), len(got.Referrer))
	}
	if got := Classify("", "https://"+strings.Repeat("a", 300)+".example/", UTM{}, nil); got.ReferringDomain != "" {
		t.Errorf("no host is this long: %q", got.ReferringDomain)
	}
}

func checkBounds(t *testing.T, s Source) {
	t.Helper()
	if (s.Name == "") != (s.Channel == ChannelDirect) {
		t.Errorf("name %q in channel %s", s.Name, s.Channel)
	}
	known := false
	for _, c := range Channels() {
		known = known || c == s.Channel
	}
	if !known {
		t.Errorf("unknown channel %q", s.Channel)
	}
	for _, field := range []struct {
		name, value string
		limit       int
	}{
		{"Name", s.Name, maxFieldBytes}, {"Medium", s.Medium, 2 * maxFieldBytes}, {"Keyword", s.Keyword, maxFieldBytes},
		{"Referrer", s.Referrer, maxReferrerBytes}, {"ReferringDomain", s.ReferringDomain, maxFieldBytes},
		{"ClickID", s.ClickID, maxClickIDBytes}, {"ClickIDKind", s.ClickIDKind, 16},
		{"UTM.Source", s.UTM.Source, maxFieldBytes}, {"UTM.Medium", s.UTM.Medium, maxFieldBytes},
		{"UTM.Term", s.UTM.Term, maxFieldBytes}, {"UTM.Content", s.UTM.Content, maxFieldBytes},
		{"UTM.Campaign", s.UTM.Campaign, maxFieldBytes},
	} {
		if len(field.value) > field.limit {
			t.Errorf("%s has %d bytes, more than %d", field.name, len(field.value), field.limit)
		}
		if !utf8.ValidString(field.value) || strings.ContainsFunc(field.value, unicode.IsControl) {
			t.Errorf("%s is not clean: %q", field.name, field.value)
		}
	}
}

// A mistake in the tables would be silent.
func TestTables(t *testing.T) {
	seen := map[string]string{}
	for _, rows := range [][]known{searchEngines, aiAssistants, socialNetworks, videoPlatforms, shops,
		mailServices, adNetworks, affiliateNetworks, otherSites} {
		for _, row := range rows {
			for host := range strings.FieldsSeq(row.hosts) {
				key := strings.TrimPrefix(host, "=")
				if other, twice := seen[key]; twice {
					t.Errorf("host %s belongs to %s and %s", key, other, row.name)
				}
				seen[key] = row.name
				if host != strings.ToLower(host) || strings.HasPrefix(key, "www.") {
					t.Errorf("%s would never be found", host)
				}
			}
			for label := range strings.FieldsSeq(row.labels + " " + plain(row.name)) {
				if label != plain(label) {
					t.Errorf("label %q would never be found", label)
				}
				if got := siteByPlainLabel[label]; got == nil || got.name != row.name {
					t.Errorf("label %q of %s belongs to %v", label, row.name, got)
				}
			}
		}
	}
	for _, c := range clickParams {
		if clickParamByName[c.param].site == nil {
			t.Errorf("%s belongs to %q, which is no site", c.param, c.site)
		}
		if c.param != strings.ToLower(c.param) || len(c.param) > maxParamName {
			t.Errorf("%s would never be found", c.param)
		}
	}
	for i, c := range Channels() {
		for _, other := range Channels()[:i] {
			if c == other {
				t.Errorf("channel %s is listed twice", c)
			}
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("https://shop.example/?utm_source=fb&gclid=1#/x?y=1", "https://www.google.com/search?q=a", "src", "cpc")
	f.Add("?utm_source=%E6%98", "android-app://com.facebook.katana/https/x", "", "")
	f.Add("//[::1]:80\\x", "http://u:p@h:99999/\xff", "a.b", "push")
	f.Add("#utm_id=%", "news.example./", "ads", "\x00")
	f.Fuzz(func(t *testing.T, landing, referrer, utmSource, utmMedium string) {
		got := Classify(landing, referrer, UTM{Source: utmSource, Medium: utmMedium}, ownShop)
		checkBounds(t, got)
		if got.Referrer != "" {
			again := Classify(landing, got.Referrer, UTM{Source: utmSource, Medium: utmMedium}, ownShop)
			if again.Referrer != got.Referrer || again.ReferringDomain != got.ReferringDomain {
				t.Errorf("%q is not stable: %q, %q", referrer, got.Referrer, again.Referrer)
			}
		}
		if (got.Referrer == "") != (got.ReferringDomain == "") {
			t.Errorf("%q: referrer %q, domain %q", referrer, got.Referrer, got.ReferringDomain)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	for _, bench := range []struct{ name, landing, referrer string }{
		{"direct", "https://shop.example/shoes/red", ""},
		{"search", "https://shop.example/shoes/red", "https://www.google.com/"},
		{"unknown", "https://shop.example/shoes/red?size=42", "https://a.blog.news.example/2026/red-shoes"},
		{"campaign", "https://shop.example/shoes?utm_source=facebook&utm_medium=cpc&utm_campaign=spring&fbclid=IwAR0abc", "https://l.facebook.com/"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Classify(bench.landing, bench.referrer, UTM{}, ownShop)
			}
		})
	}
}
