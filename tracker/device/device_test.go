package device

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

func TestHintsFromHeader(t *testing.T) {
	h := http.Header{}
	h.Set("Sec-CH-UA", `"Chromium";v="126"`)
	h.Set("Sec-CH-UA-Mobile", "?1")
	h.Set("Sec-CH-UA-Platform", `"Android"`)
	h.Set("Sec-CH-UA-Platform-Version", `"14.0.0"`)
	h.Set("Sec-CH-UA-Model", `"Pixel 8"`)
	h.Set("Sec-CH-UA-Full-Version-List", `"Chromium";v="126.0.1.2"`)
	h.Set("Sec-CH-UA-Form-Factors", `"Mobile"`)
	want := Hints{`"Chromium";v="126"`, "?1", `"Android"`, `"14.0.0"`, `"Pixel 8"`, `"Chromium";v="126.0.1.2"`, `"Mobile"`}
	if got := HintsFromHeader(h); got != want {
		t.Errorf("got %+v", got)
	}
	if got := HintsFromHeader(nil); got != (Hints{}) {
		t.Errorf("of no header: %+v", got)
	}
}

func TestWindowsByHints(t *testing.T) {
	for hint, want := range map[string]string{`"15.0.0"`: "11", `"13.0.0"`: "11", `"10.0.0"`: "10", `"0.3.0"`: "8.1", `"0.2.0"`: "8", `"0.1.0"`: "7", `""`: "10", `"x"`: "10"} {
		d := detect("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
			Hints{Platform: `"Windows"`, PlatformVersion: hint})
		if d.OS != "Windows" || d.OSVersion != want {
			t.Errorf("%s: got %s %s, want %s", hint, d.OS, d.OSVersion, want)
		}
	}
}

// TestLongAgent: what stands behind MaxAgent bytes does not count, and does
// not make another entry.
func TestLongAgent(t *testing.T) {
	d := New(100)
	head := agents[0].ua + strings.Repeat(" x", MaxAgent)
	a := d.Detect(head+"Googlebot/2.1", Hints{})
	b := d.Detect(head+"curl/8", Hints{Model: strings.Repeat("m", 10000)})
	if a.Bot || a.Browser != "Chrome" || b.Browser != "Chrome" {
		t.Errorf("got %+v and %+v", a, b)
	}
	d.Detect(head, Hints{})
	if n := d.cache.size(); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	const size = 64
	d := New(size)
	steady := "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/127.0"
	for i := range 10 * size {
		d.Detect(fmt.Sprintf("agent-%d/1.0", i), Hints{})
		if got := d.Detect(steady, Hints{}); got.Browser != "Firefox" {
			t.Fatalf("got %+v", got)
		}
		if n := d.cache.size(); n > size {
			t.Fatalf("%d entries, want at most %d", n, size)
		}
	}
	key := cacheKey{ua: steady}
	if d.cache.get(d.cache.hash(&key), &key) == nil {
		t.Error("an agent in steady use was forgotten")
	}
}

// TestCacheCopiesItsKeys: a request's buffer may be reused once Detect is done.
func TestCacheCopiesItsKeys(t *testing.T) {
	d := New(10)
	buffer := []byte("Mozilla/5.0 (Linux; Android 13; SM-A515F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36")
	ua := unsafe.String(&buffer[0], len(buffer))
	d.Detect(ua, Hints{})
	want := string(buffer)
	for i := range buffer {
		buffer[i] = 'x'
	}
	got := d.Detect(want, Hints{})
	if got.Model != "SM-A515F" || got.Browser != "Chrome" {
		t.Errorf("got %+v", got)
	}
	for _, e := range d.cache.young {
		if e.key.ua != want {
			t.Errorf("a key changed: %q", e.key.ua)
		}
	}
}

// TestSameHash: hints that the hash leaves out still count.
func TestSameHash(t *testing.T) {
	d := New(10)
	ua := "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	for range 3 {
		for form, want := range map[string]string{`"Desktop"`: Desktop, `"Tablet"`: Tablet, `"XR"`: Wearable} {
			if got := d.Detect(ua, Hints{FormFactors: form}); got.Type != want {
				t.Errorf("%s: got %s", form, got.Type)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	d := New(16)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 300 {
				a := agents[(i*7+g)%len(agents)]
				if got := line(d.Detect(a.ua, a.hints)); got != a.want {
					t.Errorf("%s: got %s", a.ua, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestRememberedCostsNoAllocation(t *testing.T) {
	d := New(100)
	a := agents[18]
	d.Detect(a.ua, a.hints)
	if n := testing.AllocsPerRun(100, func() { d.Detect(a.ua, a.hints) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzDetect: no input panics, and every answer is bounded and consistent.
func FuzzDetect(f *testing.F) {
	for _, a := range agents {
		f.Add(a.ua, a.hints.UA, a.hints.Mobile, a.hints.Platform, a.hints.PlatformVersion, a.hints.Model, a.hints.FullVersionList, a.hints.FormFactors)
	}
	f.Add("Mozilla/5.0 (Linux; Android 9; \xff\x00\x1b[1mK\xc3\xa9) Chrome/1", "", "", "", "", "\"a\x00\xfe\"", "", "")
	f.Add("Foo\xc3\xa9\xff+http://x", "", "", "", "", "", "", "")
	d := New(100)
	f.Fuzz(func(t *testing.T, ua, brands, mobile, platform, version, model, full, form string) {
		h := Hints{brands, mobile, platform, version, model, full, form}
		got := d.Detect(ua, h)
		if again := d.Detect(ua, h); again != got {
			t.Errorf("first %+v, then %+v", got, again)
		}
		if got.Bot != (got.Type == Bot) || got.Bot != (got.BotReason != "") {
			t.Errorf("Bot, Type and BotReason disagree: %+v", got)
		}
		for _, s := range []string{got.Browser, got.OS, got.Type, got.Brand, got.Model, got.BotName} {
			if len(s) > 64 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("a field unfit for the store, %d bytes: %q", len(s), s)
			}
		}
		for _, v := range []string{got.BrowserVersion, got.OSVersion} {
			if len(v) > 16 || strings.Count(v, ".") > 1 {
				t.Errorf("version %q", v)
			}
		}
	})
}

func BenchmarkUncached(b *testing.B) {
	d := New(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a := &agents[i%len(agents)]
		d.Detect(a.ua, a.hints)
	}
}

func BenchmarkCached(b *testing.B) {
	d := New(10000)
	for _, a := range agents {
		d.Detect(a.ua, a.hints)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a := &agents[i%len(agents)]
		d.Detect(a.ua, a.hints)
	}
}
