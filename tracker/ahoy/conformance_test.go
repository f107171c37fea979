package ahoy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"wake/tracker"
	"wake/tracker/ahoy"
)

// This file holds those of Ahoy's own tests that need the collector and what
// it stores, by their names: api_test, controller_test, cookies_test,
// exclude_test, visit_properties_test and geocode_test. Where the original
// drives a Rails page, the API is driven in its place.

func TestConformanceAPI(t *testing.T) {
	t.Run("test_visit", func(t *testing.T) {
		s := serve(ahoy.Options{})
		for range 2 { // a repeated token changes nothing
			w := s.browser().post(t, "/ahoy/visits", tokensAnd())
			var keys map[string]string
			if err := json.Unmarshal(w.Body.Bytes(), &keys); err != nil || len(keys) != 4 || keys["visit_id"] != "v1" || keys["visitor_id"] != "w1" {
				t.Error(w.Body)
			}
			s.counts(t, 1, 1, 0)
			s.now = s.now.Add(time.Minute)
		}
		if v := s.visits[0]; v.Token != "v1" || v.Visitor.Token != "w1" || !v.StartedAt.Equal(now) || v.Stub {
			t.Errorf("%+v", v)
		}
	})
	t.Run("test_event", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/visits", tokensAnd())
		s.now = s.now.Add(10 * time.Second)
		for range 2 { // Ahoy would store it twice
			s.browser().post(t, "/ahoy/events", tokensAnd("events_json", fmt.Sprintf(`[{"id":"e1","name":"Test","properties":{"a":1},"time":%d.25}]`, now.Unix()+3)))
		}
		s.counts(t, 1, 1, 1)
		if e := s.events[0]; e.visit.Token != "v1" || e.Name != "Test" || string(e.Properties) != `{"a":1}` || !e.Time.Equal(now.Add(3250*time.Millisecond)) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("test_event_params", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "Test", "properties[a]", "1"))
		s.counts(t, 1, 1, 1)
		if e := s.events[0]; e.Name != "Test" || string(e.Properties) != `{"a":"1"}` || !e.Time.Equal(now) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("test_event_time", func(t *testing.T) {
		for _, c := range []struct {
			time string // JSON
			is   time.Duration
		}{
			{`%d.0`, 0},
			{`"%d"`, 0},
			{`null`, 0}, {`"yesterday"`, 0}, {`{}`, 0}, {`1e300`, 0}, {`-1`, 0},
		} {
			s := serve(ahoy.Options{})
			s.browser().post(t, "/ahoy/visits", tokensAnd())
			s.now = s.now.Add(10 * time.Minute)
			at := func(ago time.Duration) string {
				if !strings.Contains(c.time, "%d") {
					return c.time
				}
				return fmt.Sprintf(c.time, s.now.Add(-ago).Unix())
			}
			s.browser().post(t, "/ahoy/events", tokensAnd("events_json", `[{"name":"a","time":`+at(2*time.Minute)+`}]`))
			if e := s.events[0]; !e.Time.Equal(s.now) {
				t.Errorf("%s: %v", c.time, e.Time)
			}
		}
		// The window, to the millisecond; then never before the visit.
		for _, c := range []struct{ sent, stored time.Duration }{
			{-60001, 0}, {-60000, -60000}, {-59999, -59999}, {-1, -1}, {0, 0}, {1, 0}, {3600_000, 0},
		} {
			for _, text := range []bool{false, true} {
				s := serve(ahoy.Options{})
				s.browser().post(t, "/ahoy/visits", tokensAnd())
				s.now = s.now.Add(10 * time.Minute)
				sent := s.now.Add(c.sent * time.Millisecond)
				value := fmt.Sprintf("%d.%03d", sent.Unix(), sent.Nanosecond()/1e6)
				if text { // as iOS
					value = `"` + sent.Format("2006-01-02T15:04:05.000Z07:00") + `"`
				}
				s.browser().post(t, "/ahoy/events", tokensAnd("events_json", `[{"name":"a","time":`+value+`}]`))
				if e := s.events[0]; !e.Time.Equal(s.now.Add(c.stored * time.Millisecond)) {
					t.Errorf("%s: stored as %v, now is %v", value, e.Time, s.now)
				}
			}
		}
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/visits", tokensAnd())
		s.now = s.now.Add(10 * time.Second)
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a", "time", fmt.Sprint(now.Unix()-30)))
		if e := s.events[0]; !e.Time.Equal(now) {
			t.Errorf("before its visit: %v", e.Time)
		}
	})
	t.Run("test_max_events_per_request", func(t *testing.T) {
		for limit, want := range map[int]int{0: 10, 5: 5, 20: 12} {
			s := serve(ahoy.Options{MaxEventsPerRequest: limit})
			s.browser().post(t, "/ahoy/events", tokensAnd("events_json", "["+strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 12), ",")+"]"))
			s.counts(t, 1, 1, want)
		}
	})
	t.Run("an event without a name", func(t *testing.T) {
		s := serve(ahoy.Options{})
		w := s.browser().post(t, "/ahoy/events", tokensAnd("events_json", `[{"name":"a"},{"time":1},{"name":"b"}]`))
		s.counts(t, 1, 1, 2)
		if got := w.Header().Get("X-Wake-Error"); got != "events[1].name: an event needs a name" || w.Body.String() != "{}" {
			t.Errorf("%q", got)
		}
	})
	t.Run("an event before its visit", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		s.browser().post(t, "/ahoy/visits", tokensAnd("landing_page", "https://shop.example/x?utm_campaign=c"))
		s.counts(t, 1, 1, 1)
		if v := s.visits[0]; v.Stub || v.LandingPage != "https://shop.example/x?utm_campaign=c" || v.UTMCampaign != "c" {
			t.Errorf("%+v", v)
		}
	})
}

func TestConformanceController(t *testing.T) {
	masked := func(s *tracker.Settings) { s.FullAddresses = false }
	t.Run("test_mask_ips", func(t *testing.T) {
		s := serve(ahoy.Options{}, masked)
		s.browser().post(t, "/ahoy/visits", tokensAnd())
		if got := s.visits[0].Address; got != "127.0.0.0" {
			t.Error(got)
		}
	})
	t.Run("test_mask_ips_ipv6", func(t *testing.T) {
		s := serve(ahoy.Options{}, masked)
		b := s.browser()
		b.address = "[2001:4860:4860:0:0:0:0:8844]:5000"
		b.post(t, "/ahoy/visits", tokensAnd())
		if got := s.visits[0].Address; got != "2001:4860:4860::" {
			t.Error(got)
		}
	})
	js := ahoy.Options{IgnoreForgery: true}
	t.Run("test_visit_duration", func(t *testing.T) {
		s := serve(js)
		b := s.browser()
		b.post(t, "/ahoy/visits", "js=true")
		s.now = s.now.Add(3 * time.Hour)
		b.post(t, "/ahoy/visits", "js=true")
		s.counts(t, 1, 1, 0)
		s.now = s.now.Add(5 * time.Hour)
		b.post(t, "/ahoy/visits", "js=true")
		s.counts(t, 2, 1, 0)
	})
	none := ahoy.Options{Cookies: ahoy.CookiesNone}
	t.Run("test_visit_duration_cookies_none", func(t *testing.T) {
		s := serve(none)
		s.browser().post(t, "/ahoy/visits", "")
		s.now = s.now.Add(5 * time.Hour)
		s.browser().post(t, "/ahoy/visits", "")
		s.counts(t, 2, 1, 0)
	})
	t.Run("test_visitor_duration", func(t *testing.T) {
		s := serve(js)
		b := s.browser()
		b.post(t, "/ahoy/visits", "js=true")
		s.now = s.now.AddDate(1, 0, 0)
		b.post(t, "/ahoy/visits", "js=true")
		s.counts(t, 2, 1, 0)
		s.now = s.now.AddDate(3, 0, 0)
		b.post(t, "/ahoy/visits", "js=true")
		s.counts(t, 3, 2, 0)
	})
	t.Run("test_visitor_duration_cookies_none", func(t *testing.T) {
		s := serve(none)
		s.browser().post(t, "/ahoy/visits", "")
		s.now = s.now.AddDate(3, 0, 0)
		s.browser().post(t, "/ahoy/visits", "")
		s.counts(t, 2, 1, 0)
	})
	t.Run("test_server_side_visits_when_needed", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		s.counts(t, 1, 1, 1)
		if !s.visits[0].Stub {
			t.Error("not a stub")
		}
	})
	t.Run("test_server_side_visits_false", func(t *testing.T) {
		var s *server
		s = serve(ahoy.Options{VisitExists: func(_ context.Context, h *tracker.Hit) (bool, error) { return s.visit(h.VisitToken) != nil, nil }})
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		s.counts(t, 0, 0, 0)
		s.browser().post(t, "/ahoy/visits", tokensAnd())
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		s.counts(t, 1, 1, 1)
	})
}

func TestConformanceCookies(t *testing.T) {
	t.Run("test_cookies_none", func(t *testing.T) {
		s := serve(ahoy.Options{Cookies: ahoy.CookiesNone})
		b := s.browser()
		b.agent = ""
		b.post(t, "/ahoy/events", "name=a")
		b.post(t, "/ahoy/events", values("events_json", `[{"name":"b"}]`))
		s.counts(t, 1, 1, 2)
		if got := s.visits[0].Visitor.Token; got != "93dc5253-3a3b-561d-8d53-fb5476f02eca" {
			t.Error(got)
		}
		w := b.post(t, "/ahoy/visits", "js=true")
		s.counts(t, 1, 1, 2)
		if len(w.Result().Cookies()) != 0 || !strings.Contains(w.Body.String(), `"visitor_token":"93dc5253-3a3b-561d-8d53-fb5476f02eca"`) {
			t.Error(w.Header(), w.Body)
		}
	})
	t.Run("cookieless site", func(t *testing.T) {
		s := serve(ahoy.Options{Cookieless: func(key, host string) bool { return key == "site" && host == "shop.example" }})
		s.browser().post(t, "/s/site/ahoy/events", "name=a", "Origin", "https://shop.example")
		s.counts(t, 1, 1, 1)
	})
	t.Run("test_cookies_none_deletes_cookies", func(t *testing.T) {
		s := serve(ahoy.Options{Cookies: ahoy.CookiesNone, CookieDomain: "shop.example"})
		for _, path := range []string{"/ahoy/visits", "/ahoy/events"} {
			w := s.browser().post(t, path, "name=a", "Cookie", "ahoy_visit=a; other=b; ahoy_visitor=c; ahoy_track=true")
			names := cookieNames(w)
			if !slices.Equal(names, []string{"ahoy_track", "ahoy_visit", "ahoy_visitor"}) {
				t.Errorf("%v", names)
			}
			for _, c := range w.Result().Cookies() {
				if c.MaxAge >= 0 || c.Value != "" || c.Path != "/" || (c.Domain == "shop.example") != (c.Name != "ahoy_track") {
					t.Errorf("%+v", c)
				}
			}
		}
	})
	t.Run("test_cookie_options", func(t *testing.T) {
		s := serve(ahoy.Options{})
		c := s.browser().post(t, "/ahoy/visits", tokensAnd("js", "true")).Result().Cookies()[0]
		if c.SameSite != http.SameSiteLaxMode || c.Secure || c.HttpOnly || c.Path != "/" || c.Domain != "" || c.Value != "v1" || c.MaxAge != 4*3600 {
			t.Errorf("%+v", c)
		}
		s = serve(ahoy.Options{VisitDuration: time.Hour, CookieOptions: ahoy.CookieOptions{SameSite: http.SameSiteNoneMode, Secure: true, Path: "/shop"}})
		raw := s.browser().post(t, "/ahoy/visits", tokensAnd("js", "true")).Header().Get("Set-Cookie")
		if raw != "ahoy_visit=v1; Path=/shop; Expires=Mon, 04 May 2026 13:00:00 GMT; Max-Age=3600; Secure; SameSite=None" {
			t.Error(raw)
		}
	})
	t.Run("test_cookie_domain", func(t *testing.T) {
		s := serve(ahoy.Options{CookieDomain: "shop.example"})
		c := s.browser().post(t, "/ahoy/visits", tokensAnd("js", "true")).Result().Cookies()[0]
		if c.Domain != "shop.example" {
			t.Errorf("%+v", c)
		}
	})
	t.Run("ahoy_track is deleted with the visit", func(t *testing.T) {
		s := serve(ahoy.Options{})
		w := s.browser().post(t, "/ahoy/visits", tokensAnd("js", "true"), "Cookie", "ahoy_track=true; ahoy_visit=v1")
		if got := cookieNames(w); !slices.Equal(got, []string{"ahoy_track", "ahoy_visit"}) {
			t.Error(got)
		}
	})
	t.Run("KeepVisit", func(t *testing.T) {
		s := serve(ahoy.Options{KeepVisit: true})
		w := s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		if got := cookieNames(w); !slices.Equal(got, []string{"ahoy_visit"}) {
			t.Error(got)
		}
	})
}

func TestConformanceExclude(t *testing.T) {
	const duck = "DuckDuckBot/1.0; (+http://duckduckgo.com/duckduckbot.html)"
	drop := func(s *tracker.Settings) { s.DropBots = true }
	track := func(t *testing.T, agent string, settings ...func(*tracker.Settings)) *server {
		s := serve(ahoy.Options{}, settings...)
		b := s.browser()
		b.agent = agent
		w := b.post(t, "/ahoy/visits", tokensAnd())
		want(t, w, 200, `{"visit_token":"v1","visitor_token":"w1","visit_id":"v1","visitor_id":"w1"}`)
		want(t, b.post(t, "/ahoy/events", tokensAnd("name", "a")), 200, "{}")
		return s
	}
	t.Run("test_track_bots_false", func(t *testing.T) { track(t, duck, drop).counts(t, 0, 0, 0) })
	t.Run("test_track_bots_true", func(t *testing.T) {
		s := track(t, duck)
		s.counts(t, 1, 1, 1)
		if s.visits[0].Bot == "" {
			t.Error("not marked")
		}
	})
	// Wake has the second version of Ahoy's rule only: an empty user agent is
	// a bot's. What the first would keep is kept, marked, unless bots are
	// dropped.
	t.Run("test_bot_detection_version_2", func(t *testing.T) { track(t, "", drop).counts(t, 0, 0, 0) })
	t.Run("people", func(t *testing.T) { track(t, firefox, drop).counts(t, 1, 1, 1) })
	exclude := func(r *http.Request) bool { return r.Header.Get("Exclude") != "" }
	t.Run("test_exclude_method", func(t *testing.T) {
		s := serve(ahoy.Options{Exclude: exclude})
		want(t, s.browser().post(t, "/ahoy/visits", tokensAnd(), "Exclude", "1"), 200, `{"visit_token":"v1","visitor_token":"w1","visit_id":"v1","visitor_id":"w1"}`)
		want(t, s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"), "Exclude", "1"), 200, `{}`)
		s.counts(t, 0, 0, 0)
		s.browser().post(t, "/ahoy/events", tokensAnd("name", "a"))
		s.counts(t, 1, 1, 1)
	})
	t.Run("test_exclude_method_cookieless", func(t *testing.T) {
		s := serve(ahoy.Options{Exclude: exclude, Cookies: ahoy.CookiesNone})
		w := s.browser().post(t, "/ahoy/visits", "", "Exclude", "1")
		var tokens map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &tokens); err != nil || tokens["visit_token"] == "" || tokens["visitor_token"] == "" {
			t.Error(w.Body)
		}
		s.counts(t, 0, 0, 0)
	})
}

func TestConformanceVisitProperties(t *testing.T) {
	t.Run("test_standard", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/visits", tokensAnd("referrer", "http://www.example.org/x", "landing_page", "http://www.example.com/"))
		if v := s.visits[0]; v.Referrer != "http://www.example.org/x" || v.ReferringDomain != "www.example.org" || v.LandingPage != "http://www.example.com/" || v.Address != "127.0.0.1" || v.UserAgent != firefox {
			t.Errorf("%+v", v)
		}
	})
	t.Run("test_utm_params", func(t *testing.T) {
		const query = "utm_source=test-source&utm_medium=test-medium&utm_term=test-term&utm_content=test-content&utm_campaign=test-campaign"
		for _, body := range []string{tokensAnd("landing_page", "http://www.example.com/?"+query), tokensAnd() + "&" + query} {
			s := serve(ahoy.Options{})
			s.browser().post(t, "/ahoy/visits", body)
			if v := s.visits[0]; v.UTMSource != "test-source" || v.UTMMedium != "test-medium" || v.UTMTerm != "test-term" || v.UTMContent != "test-content" || v.UTMCampaign != "test-campaign" {
				t.Errorf("%+v", v.Arrival)
			}
		}
	})
	t.Run("test_tech", func(t *testing.T) {
		s := serve(ahoy.Options{})
		s.browser().post(t, "/ahoy/visits", tokensAnd())
		if v := s.visits[0]; v.Browser != "Firefox" || v.OS != "Mac" || v.DeviceType != "Desktop" {
			t.Errorf("%+v", v.Device)
		}
	})
}

func TestConformanceGeocode(t *testing.T) {
	somewhere := tracker.Place{Country: "US", Region: "California", City: "San Francisco", Latitude: 37.77, Longitude: -122.42, HasPoint: true}
	for _, c := range []struct {
		name    string
		options ahoy.Options
		body    string
		place   func(netip.Addr) tracker.Place
		want    tracker.Place
	}{
		{"test_geocode_true", ahoy.Options{}, tokensAnd(), func(netip.Addr) tracker.Place { return somewhere }, somewhere},
		{"test_geocode_true_cookies_none", ahoy.Options{Cookies: ahoy.CookiesNone}, "", func(netip.Addr) tracker.Place { return somewhere }, somewhere},
		{"test_geocode_failed", ahoy.Options{}, tokensAnd(), func(netip.Addr) tracker.Place { return tracker.Place{} }, tracker.Place{}},
		{"test_geocode_false", ahoy.Options{}, tokensAnd(), nil, tracker.Place{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(c.options)
			s.place = c.place
			s.browser().post(t, "/ahoy/visits", c.body)
			s.counts(t, 1, 1, 0)
			if s.visits[0].Place != c.want {
				t.Errorf("%+v", s.visits[0].Place)
			}
		})
	}
}
