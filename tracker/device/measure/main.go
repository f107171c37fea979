// Command measure says how well tracker/device does on a labelled set of user
// agents, next to mssola/useragent alone on the same set.
//
//	go run ./tracker/device/measure -fixtures DIR
//
// DIR holds the YAML fixtures of Matomo's device-detector (its Tests/fixtures;
// docs/devices.md says how to get them). How their labels are read as Wake's
// words is in labels.go.
//
// The set is split by a hash of the user agent into two halves. The rules were
// written with the first ("seen") in view and without ever looking at the
// second ("held out"), so the difference between the two tells how much they
// fit that set rather than the world.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mssola/useragent"
	"go.yaml.in/yaml/v3"

	"wake/tracker/device"
)

// fixture is one labelled user agent, as Matomo writes it.
type fixture struct {
	UserAgent string         `yaml:"user_agent"`
	Headers   map[string]any `yaml:"headers"` // a few hold lists for other headers
	OS        struct{ Name, Version string }
	Client    struct{ Type, Name, Version string }
	Device    struct{ Type string }
	Bot       *struct{ Name string }
	OSFamily  string `yaml:"os_family"`
}

// UnmarshalYAML takes "os: []" and "client: null", which Matomo writes for
// unknown ones, for empty.
func (f *fixture) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := n.Content[i+1]; v.Kind == yaml.SequenceNode {
			*v = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		}
	}
	type plain fixture
	return n.Decode((*plain)(f))
}

func (f *fixture) hints() device.Hints {
	h := http.Header{}
	for name, value := range f.Headers {
		if text, ok := value.(string); ok {
			h.Set(name, text)
		}
	}
	return device.HintsFromHeader(h)
}

func main() {
	dir := flag.String("fixtures", "", "directory with the YAML fixtures")
	bots := flag.String("crawlers", "", "crawler-user-agents.json of that npm package, a second set of bots")
	visitors := flag.String("people", "", "user-agents.json of the npm package user-agents, a second set of people")
	misses := flag.String("misses", "", "print misses of the seen half: class, bot, false, browser, browser-version, system, system-version; crawlers, people")
	limit := flag.Int("limit", 100, "print at most this many misses")
	flag.Parse()
	var err error
	if *dir != "" {
		err = run(*dir, *misses, *limit)
	}
	if err == nil && *bots != "" {
		err = crawlers(*bots, *misses == "crawlers")
	}
	if err == nil && *visitors != "" {
		err = people(*visitors, *misses == "people")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(dir, misses string, limit int) error {
	fixtures, err := read(dir)
	if err != nil {
		return err
	}
	var seen, held []fixture
	for _, f := range fixtures {
		if half(f.UserAgent) == 0 {
			seen = append(seen, f)
		} else {
			held = append(held, f)
		}
	}
	fmt.Printf("%d user agents: %d seen, %d held out\n\n", len(fixtures), len(seen), len(held))

	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "parser\tset\tdevice class\tbots found\tfalse bots\tfalse, where something is said\tbrowser family\tits major version\tsystem family\tits major version\tunknown kept unknown")
	ours := device.New(0)
	for _, p := range []struct {
		name   string
		detect func(fixture) device.Device
	}{
		{"wake", func(f fixture) device.Device { return ours.Detect(f.UserAgent, f.hints()) }},
		{"wake, no hints", func(f fixture) device.Device { return ours.Detect(f.UserAgent, device.Hints{}) }},
		{"mssola alone", mssola},
	} {
		for _, s := range []struct {
			name string
			set  []fixture
		}{{"all", fixtures}, {"seen", seen}, {"held out", held}} {
			var t tally
			for _, f := range s.set {
				t.add(f, p.detect(f))
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.name, s.name,
				t.class, t.bots, t.falseBots, t.falseAhoy, t.browser, t.browserVersion, t.system, t.systemVersion, t.unknown)
		}
	}
	w.Flush()

	start := time.Now()
	for _, f := range fixtures {
		ours.Detect(f.UserAgent, device.Hints{})
	}
	each := time.Since(start) / time.Duration(len(fixtures))
	start = time.Now()
	for _, f := range fixtures {
		mssola(f)
	}
	theirs := time.Since(start) / time.Duration(len(fixtures))
	fmt.Printf("\nuncached: wake %v, mssola alone %v a user agent\n", each, theirs)

	if misses != "" {
		printMisses(seen, ours, misses, limit)
	}
	return nil
}

func read(dir string) ([]fixture, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no *.yml in %q", dir)
	}
	sort.Strings(files)
	var all []fixture
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var fs []fixture
		if err := yaml.Unmarshal(data, &fs); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, fs...)
	}
	return all, nil
}

// half tells which half of the set a user agent belongs to.
func half(ua string) int {
	h := sha256.Sum256([]byte(ua))
	return int(h[0]) % 2
}

// share counts right answers (or wrong ones) among those asked.
type share struct{ n, of int }

func (s *share) add(yes bool) {
	s.of++
	if yes {
		s.n++
	}
}

func (s share) String() string {
	if s.of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f%% (%d/%d)", 100*float64(s.n)/float64(s.of), s.n, s.of)
}

type tally struct {
	class, bots, falseBots, falseAhoy, browser, browserVersion, system, systemVersion, unknown share
}

// saysNothing is Ahoy's rule by Matomo's label: no device type and no system.
func saysNothing(f fixture) bool { return f.Device.Type == "" && f.OS.Name == "" }

func (t *tally) add(f fixture, d device.Device) {
	if f.Bot != nil {
		t.bots.add(d.Bot)
		return
	}
	t.falseBots.add(d.Bot)
	if !saysNothing(f) {
		t.falseAhoy.add(d.Bot)
	}
	if want := class(f); want != "" {
		t.class.add(d.Type == want)
	}
	if want := browser(f); want != "" {
		t.browser.add(d.Browser == want)
		if d.Browser == want && f.Client.Version != "" {
			t.browserVersion.add(sameMajor(d.BrowserVersion, f.Client.Version))
		}
	}
	if want := system(f); want != "" {
		t.system.add(d.OS == want)
		if d.OS == want && f.OS.Version != "" {
			t.systemVersion.add(sameMajor(d.OSVersion, f.OS.Version))
		}
	} else {
		t.unknown.add(d.OS == "")
	}
}

// mssola is what that library says, in Wake's words where it means the same.
func mssola(f fixture) device.Device {
	p := useragent.New(f.UserAgent)
	d := device.Device{Bot: p.Bot(), Type: device.Desktop}
	if p.Mobile() {
		d.Type = device.Mobile
	}
	if d.Bot {
		d.Type = device.Bot
	}
	if p.Platform() == "iPad" {
		d.Type = device.Tablet
	}
	name, _ := p.Browser()
	d.Browser = strings.TrimSuffix(name, " Mobile")
	if d.Browser == "Android" {
		d.Browser = "Android Browser"
	}
	if d.Browser == "Headless Chrome" {
		d.Browser = "Chrome"
	}
	if d.Browser == "YaBrowser" {
		d.Browser = "Yandex Browser"
	}
	os := p.OSInfo().Name
	switch {
	case os == "Mac OS X":
		d.OS = "macOS"
	case strings.Contains(os, "iPhone OS"), os == "OS", os == "CPU OS":
		d.OS = "iOS"
	case os == "Linux", os == "Ubuntu", os == "Fedora", os == "Debian":
		d.OS = "GNU/Linux"
	case os == "CrOS":
		d.OS = "ChromeOS"
	default:
		d.OS = os
	}
	return d
}

func sameMajor(a, b string) bool {
	a, _, _ = strings.Cut(a, ".")
	b, _, _ = strings.Cut(b, ".")
	return a == b
}

func printMisses(set []fixture, ours *device.Detector, what string, limit int) {
	for _, f := range set {
		d := ours.Detect(f.UserAgent, f.hints())
		var want, got string
		switch {
		case what == "bot" && f.Bot != nil && !d.Bot:
			want, got = f.Bot.Name, d.Type+" "+d.OS
		case what == "false" && f.Bot == nil && d.Bot:
			want, got = f.Device.Type+" "+f.Client.Name, d.BotReason+" "+d.BotName
		case f.Bot != nil:
		case what == "class" && class(f) != "" && class(f) != d.Type:
			want, got = class(f), d.Type
		case what == "browser" && browser(f) != "" && browser(f) != d.Browser:
			want, got = browser(f), d.Browser
		case what == "system" && system(f) != "" && system(f) != d.OS:
			want, got = system(f), d.OS
		case what == "browser-version" && browser(f) == d.Browser && f.Client.Version != "" && !sameMajor(d.BrowserVersion, f.Client.Version):
			want, got = d.Browser+" "+f.Client.Version, d.BrowserVersion
		case what == "system-version" && system(f) == d.OS && f.OS.Version != "" && !sameMajor(d.OSVersion, f.OS.Version):
			want, got = d.OS+" "+f.OS.Version, d.OSVersion
		}
		if want == "" && got == "" {
			continue
		}
		if limit--; limit < 0 {
			return
		}
		fmt.Printf("want %q, got %q: %s\n", want, got, f.UserAgent)
	}
}
