package source

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPage(t *testing.T) {
	for _, test := range []struct{ url, host, path string }{
		{"https://shop.example", "shop.example", "/"},
		{"https://shop.example?a=1", "shop.example", "/"},
		{"https://WWW.Shop.Example/Shoes/Red/?a=1#top", "shop.example", "/Shoes/Red/"},
		{"http://shop.example:80/a", "shop.example", "/a"},
		{"https://shop.example:443/a", "shop.example", "/a"},
		{"http://localhost:8080/a", "localhost:8080", "/a"},
		{"https://user:secret@shop.example/a", "shop.example", "/a"},
		{"//shop.example/a", "shop.example", "/a"},
		{"https:/shop.example/a", "shop.example", "/a"},
		{`https:\\shop.example\a\b`, "shop.example", "/a/b"},
		{"http://[2001:DB8::1]:3000/a", "[2001:db8::1]:3000", "/a"},
		{"  https://shop.example/a\n", "shop.example", "/a"},
		{"/only/a/path?x=1", "", "/only/a/path"},
		{"screen", "", "/screen"},
		{"", "", "/"},
		{"?utm_source=x", "", "/"},
		{"#top", "", "/"},
		{"https://shop.example/index.html", "shop.example", "/index.html"},
		{"myapp://settings/account", "settings", "/account"},

		// One spelling.
		{"https://shop.example/%7Ejoe/%61%2d%2Fb%2f", "shop.example", "/~joe/a-%2Fb%2F"},
		{"https://shop.example/%E4%BA%A7%E5%93%81/鞋", "shop.example", "/产品/鞋"},
		{"https://shop.example/a b", "shop.example", "/a%20b"},
		{"https://shop.example/a%20b", "shop.example", "/a%20b"},
		{"https://shop.example/a+b;c=d,e@f:g!$&'()*", "shop.example", "/a+b;c=d,e@f:g!$&'()*"},
		{"https://shop.example/100%", "shop.example", "/100%25"},
		{"https://shop.example/100%25", "shop.example", "/100%25"},
		{"https://shop.example/%ba%ec", "shop.example", "/%BA%EC"},                     // GBK stays itself
		{"https://shop.example/\xba\xec/x", "shop.example", "//x"},                     // unescaped it is noise
		{"https://shop.example/%e2%80%aegpj.exe", "shop.example", "/%E2%80%AEgpj.exe"}, // right-to-left override
		{"https://shop.example/\u202egpj.exe", "shop.example", "/%E2%80%AEgpj.exe"},
		{"https://shop.example/%00%0a", "shop.example", "/%00%0A"},
		{`https://shop.example/<"x">`, "shop.example", "/%3C%22x%22%3E"},

		// No pages.
		{"about:blank", "", ""},
		{"mailto:me@shop.example", "", ""},
		{"javascript:void(0)", "", ""},
		{"data:text/html,<p>", "", ""},
		{"file:///home/me/a.html", "", ""},
		{"https://", "", ""},
		{"https://sh op.example/a", "", ""},
	} {
		host, path := Page(test.url, false)
		if host != test.host || path != test.path {
			t.Errorf("Page(%q)\n got %q %q\nwant %q %q", test.url, host, path, test.host, test.path)
		}
	}
	// A bare slash more or less changes the page only where the site says so.
	if _, path := Page("https://shop.example//a//", false); path != "//a//" {
		t.Errorf("got %q", path)
	}
}

func TestPageQuery(t *testing.T) {
	for url, want := range map[string]string{
		"https://shop.example/s?q=Red%20Shoes&page=2":              "/s?q=Red%20Shoes&page=2",
		"https://shop.example/s?utm_source=x&q=a&gclid=1&FBCLID=2": "/s?q=a",
		"https://shop.example/s?utm_source=x":                      "/s",
		"https://shop.example/s?&&q=%E9%9E%8B&amp;utm_medium=y#x":  "/s?q=鞋",
		"https://shop.example/s?next=https://a.example/?b=<c>":     "/s?next=https://a.example/?b=%3Cc%3E",
		"https://shop.example/s?":                                  "/s",
	} {
		if _, path := Page(url, true); path != want {
			t.Errorf("Page(%q) = %q, want %q", url, path, want)
		}
	}
}

func TestPageBound(t *testing.T) {
	for _, unit := range []string{"a", "é", "产", "%20", "%BA", "🙂"} {
		_, path := Page("https://shop.example/"+strings.Repeat(unit, 3000)+"?"+strings.Repeat(unit, 3000), true)
		if len(path) > maxPathBytes || len(path) < maxPathBytes-4 {
			t.Errorf("%s: %d bytes", unit, len(path))
		}
		if !strings.HasSuffix(path, unit) {
			t.Errorf("%s: cut in the middle: …%q", unit, path[len(path)-6:])
		}
	}
	_, path := Page("https://shop.example/a?"+strings.Repeat("q", 3000), true)
	if len(path) != maxPathBytes {
		t.Errorf("with query: %d bytes", len(path))
	}
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"Shop.Example": "shop.example", "www.shop.example:443": "shop.example", "shop.example:80": "shop.example",
		"shop.example:8080": "shop.example:8080", "shop.example.": "shop.example", " shop.example ": "shop.example",
		"[::1]:80": "[::1]", "": "", "a b": "", "shop.example/x": "", "shop.example:x": "", "www.": "www", "www.com": "www.com", "www.www.a.example": "a.example", "a..example": "",
		"münchen.example": "münchen.example",
	} {
		if got := Host(in); got != want {
			t.Errorf("Host(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPage(f *testing.F) {
	f.Add("https://WWW.shop.example:443/%E4%BA%A7/a%2fb?x=1&utm_id=2#y", true)
	f.Add("http:\\\\h\\%", false)
	f.Add("/%ff%F0%9f%99%82\xff", true)
	f.Fuzz(func(t *testing.T, url string, keepQuery bool) {
		host, path := Page(url, keepQuery)
		if len(host) > maxFieldBytes+6 || len(path) > maxPathBytes {
			t.Errorf("too long: %d, %d bytes", len(host), len(path))
		}
		if !utf8.ValidString(host) || !utf8.ValidString(path) {
			t.Errorf("not UTF-8: %q, %q", host, path)
		}
		if path == "" {
			if host != "" {
				t.Errorf("host %q without a path", host)
			}
			return
		}
		if path[0] != '/' || strings.ContainsAny(path, " #<>\"\\\x00\n") {
			t.Errorf("path %q", path)
		}
		if h, p := Page("https://"+host+path, keepQuery); host != "" && (h != host || p != path) {
			t.Errorf("%q gives %q %q, and that %q %q", url, host, path, h, p)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	for _, url := range []string{"https://www.shop.example/shoes/red?size=42", "https://shop.example/%E4%BA%A7%E5%93%81"} {
		b.Run("", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Page(url, false)
			}
		})
	}
}
