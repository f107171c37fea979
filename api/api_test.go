package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wake/store"
	"wake/tracker"
)

// shelf is a store of two sites with a visit each.
type shelf struct {
	keys  []store.Key
	asked store.VisitFilter
	fail  error
}

func (s *shelf) Visits(_ context.Context, f store.VisitFilter) ([]tracker.Visit, error) {
	s.asked = f
	var out []tracker.Visit
	for id := tracker.VisitID(2); id > 0; id-- {
		if (f.SiteID == 0 || f.SiteID == int64(id)) && (f.Before == 0 || id < f.Before) && len(out) < f.Limit {
			v, _ := s.Visit(context.Background(), id)
			out = append(out, v)
		}
	}
	return out, s.fail
}

func (s *shelf) Visit(_ context.Context, id tracker.VisitID) (tracker.Visit, error) {
	if id > 2 {
		return tracker.Visit{}, &tracker.Error{Code: tracker.CodeNotFound, Message: "there is no such visit"}
	}
	return tracker.Visit{ID: id, SiteID: int64(id), Token: "t", StartedAt: time.UnixMilli(1_790_000_000_123)}, s.fail
}

func (s *shelf) Events(_ context.Context, _ tracker.VisitID, offset, limit int) ([]tracker.Event, error) {
	all := []tracker.Event{
		{Name: "$view", Path: "/", Time: time.UnixMilli(1_790_000_000_123), EngagedMS: 5},
		{Name: "Bought", Properties: []byte(`{"sku":"A"}`), Revenue: 123000, Currency: "EUR"},
	}
	return all[min(offset, 2):min(offset+limit, 2)], s.fail
}

func (s *shelf) Sites() []tracker.Site {
	return []tracker.Site{{ID: 1, Key: "one"}, {ID: 2, Key: "two", Hosts: []string{"two.example"}}}
}

func (s *shelf) SiteByKey(key string) (*tracker.Site, bool) {
	for _, site := range s.Sites() {
		if site.Key == key {
			return &site, true
		}
	}
	return nil, false
}

func (s *shelf) api() http.Handler {
	return New(Config{
		Visits: s, Sites: s, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Keys: NewKeys(func(context.Context) ([]store.Key, error) { return s.keys, s.fail }),
		Hits: func(site *tracker.Site) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if site != nil {
					_, _ = io.WriteString(w, site.Key)
				}
			})
		},
	})
}

func (s *shelf) key(scope store.Scope, site int64) string {
	text, key := NewKey("", scope, site, time.Now())
	s.keys = append(s.keys, key)
	return text
}

func TestAPI(t *testing.T) {
	s := &shelf{}
	read, write, one := s.key(store.ScopeRead, 0), s.key(store.ScopeWrite, 0), s.key(store.ScopeWrite, 1)
	revoked := s.key(store.ScopeAdmin, 0)
	s.keys[3].RevokedAt = time.Now()
	gone := s.key(store.ScopeRead, 99)
	h := s.api()

	for _, tt := range []struct {
		name, method, path, key string
		status                  int
		contains, lacks         string
	}{
		{"no key", "GET", "/api/v1/visits", "", 401, `"code":"unauthorized"`, "visit_token"},
		{"wrong key", "GET", "/api/v1/visits", "wk_wrong", 401, "not known", ""},
		{"revoked key", "GET", "/api/v1/visits", revoked, 401, "revoked", ""},
		{"key of a site that is gone", "GET", "/api/v1/visits", gone, 403, "gone", ""},
		{"visits", "GET", "/api/v1/visits", read, 200, `"started_at":"2026-09-21T14:13:20.123Z"`, "next_cursor"},
		{"ids are strings", "GET", "/api/v1/visits", read, 200, `"id":"2"`, `"id":2`},
		{"a page", "GET", "/api/v1/visits?limit=1", read, 200, `"next_cursor":"2"`, `"id":"1"`},
		{"the next", "GET", "/api/v1/visits?limit=1&cursor=2", read, 200, `"id":"1"`, `"id":"2"`},
		{"of a site", "GET", "/api/v1/visits?site=one", read, 200, `"site":"one"`, `"site":"two"`},
		{"of no site", "GET", "/api/v1/visits?site=none", read, 404, `"field":"site"`, ""},
		{"key of one site", "GET", "/api/v1/visits", one, 200, `"site":"one"`, `"site":"two"`},
		{"another's site", "GET", "/api/v1/visits?site=two", one, 404, "no such site", "two.example"},
		{"bad limit", "GET", "/api/v1/visits?limit=0", read, 422, `"field":"limit"`, ""},
		{"bad time", "GET", "/api/v1/visits?from=yesterday", read, 422, `"field":"from"`, ""},
		{"bad cursor", "GET", "/api/v1/visits?cursor=-1", read, 422, `"field":"cursor"`, ""},
		{"bad flag", "GET", "/api/v1/visits?bots=maybe", read, 422, `"field":"bots"`, ""},
		{"visit", "GET", "/api/v1/visits/2", read, 200, `"visit_token":"t"`, ""},
		{"no visit", "GET", "/api/v1/visits/9", read, 404, `"code":"not_found"`, ""},
		{"no number", "GET", "/api/v1/visits/x'--", read, 404, `"code":"not_found"`, ""},
		{"another's visit", "GET", "/api/v1/visits/2", one, 404, "no such visit", "visit_token"},
		{"events", "GET", "/api/v1/visits/1/events", read, 200, `"revenue":"12.30","currency":"EUR"`, "next_cursor"},
		{"events, a page", "GET", "/api/v1/visits/1/events?limit=1&cursor=1", read, 200, `"properties":{"sku":"A"}`, "$view"},
		{"another's events", "GET", "/api/v1/visits/2/events", one, 404, "no such visit", "Bought"},
		{"sites", "GET", "/api/v1/sites", read, 200, "two.example", ""},
		{"sites of one", "GET", "/api/v1/sites", one, 200, `"one"`, "two.example"},
		{"reading is not writing", "POST", "/api/v1/hits", read, 403, "write is needed", ""},
		{"hits", "POST", "/api/v1/hits", write, 200, "", "one"},
		{"hits of one site", "POST", "/api/v1/hits", one, 200, "one", ""},
		{"unknown", "GET", "/api/v1/nothing", read, 404, `"status":404`, ""},
		{"wrong method", "DELETE", "/api/v1/visits", read, 405, `"status":405`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, strings.ReplaceAll(tt.path, "'", "%27"), nil)
			if tt.key != "" {
				r.Header.Set("Authorization", "Bearer "+tt.key)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.contains) || tt.lacks != "" && strings.Contains(body, tt.lacks) {
				t.Errorf("%d %s", w.Code, body)
			}
			if w.Code >= 400 {
				var p struct {
					Title, Detail, Code string
					Status              int
				}
				if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" {
					t.Errorf("not a problem detail: %s", body)
				}
			}
			if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}

	t.Run("what fails inside stays inside", func(t *testing.T) {
		s.fail = errors.New("pq: password of wake is hunter2")
		defer func() { s.fail = nil }()
		r := httptest.NewRequest("GET", "/api/v1/visits", nil)
		r.Header.Set("Authorization", "Bearer "+read)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("later", func(t *testing.T) {
		s.fail = tracker.Unavailable(1500*time.Millisecond, nil)
		defer func() { s.fail = nil }()
		r := httptest.NewRequest("GET", "/api/v1/visits", nil)
		r.Header.Set("Authorization", "Bearer "+read)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 503 || w.Header().Get("Retry-After") != "2" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	})
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var list []store.Key
		loads, away := 0, false
		k := NewKeys(func(context.Context) ([]store.Key, error) {
			loads++
			if away {
				return nil, errors.New("away")
			}
			return list, nil
		})
		has := func(text string) bool {
			_, ok, err := k.find(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			return ok
		}
		first, row := NewKey("", store.ScopeRead, 0, time.Now())
		list = append(list, row)
		if !has(first) {
			t.Error("not found")
		}
		before := loads
		for range 1000 {
			has("wk_guess")
		}
		if loads-before > 1 {
			t.Errorf("%d loads for 1000 wrong keys", loads-before)
		}
		second, row := NewKey("", store.ScopeRead, 0, time.Now())
		list = append(list, row)
		time.Sleep(keysMissed)
		if !has(second) {
			t.Error("a new key does not work at once")
		}
		list[0].RevokedAt = time.Now()
		time.Sleep(keysFresh)
		if has(first) {
			t.Error("a revoked key works")
		}
		away = true
		time.Sleep(keysFresh)
		if !has(second) {
			t.Error("keys do not work while the store is away")
		}
		if first == second || !strings.HasPrefix(first, KeyPrefix) || len(first) < 30 {
			t.Error(first, second)
		}
	})
}

func TestAmount(t *testing.T) {
	for n, want := range map[int64]string{0: "0.00", 123000: "12.30", 5: "0.0005", -123456: "-12.3456", 10000: "1.00", 12310: "1.231"} {
		if got := amount(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
