package storetest

import (
	"testing"
	"time"

	"wake/store"
	"wake/tracker"
)

func testAdmin(t *testing.T, fresh New) {
	cases(t, fresh, map[string]func(*testing.T, store.Store){
		"sites": func(t *testing.T, s store.Store) {
			list := func(want ...tracker.Site) {
				t.Helper()
				got, err := s.Sites(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				equal(t, "sites", got, append([]tracker.Site(nil), want...))
			}
			list()
			full := tracker.Site{
				Key: "abcd", Name: "Läden", Hosts: []string{"shop.example", "*.shop.example"}, TimeZone: "Europe/Berlin", CreatedAt: at(0),
				Settings: tracker.Settings{
					VisitRule: tracker.VisitFixed, VisitTimeout: 60, Cookieless: true, AnonymitySet: tracker.AnonymityAhoy,
					ExcludeAddresses: []string{"192.0.2.0/24"}, IdentifySecret: "secret", RetentionDays: 90, KeepQuery: true,
				},
			}
			a, err := s.AddSite(t.Context(), full)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "first id", a.ID, 1)
			b, err := s.AddSite(t.Context(), tracker.Site{Key: "efgh", Name: "B", TimeZone: "UTC", CreatedAt: at(0)})
			if err != nil {
				t.Fatal(err)
			}
			b.Hosts = []string{} // none is an empty list
			full.ID = 1
			list(full, b)

			_, err = s.AddSite(t.Context(), tracker.Site{Key: "abcd", CreatedAt: at(0)})
			wantCode(t, err, tracker.CodeConflict)

			changed := tracker.Site{ID: b.ID, Key: "other", Name: "C", Hosts: []string{"c.example"}, TimeZone: "UTC",
				Settings: tracker.Settings{DropBots: true}, CreatedAt: at(time.Hour)}
			if err := s.SetSite(t.Context(), changed); err != nil {
				t.Fatal(err)
			}
			changed.Key, changed.CreatedAt = "efgh", at(0)
			list(full, changed)
			wantCode(t, s.SetSite(t.Context(), tracker.Site{ID: 99}), tracker.CodeNotFound)
		},
		"a removed site takes its visits and keys along": func(t *testing.T, s store.Store) {
			for _, key := range []string{"one1", "two2"} {
				site, err := s.AddSite(t.Context(), tracker.Site{Key: key, TimeZone: "UTC", CreatedAt: at(0)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.AddKey(t.Context(), store.Key{Hash: []byte(key), Scope: store.ScopeRead, SiteID: site.ID, CreatedAt: at(0)}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.AddKey(t.Context(), store.Key{Hash: []byte("all"), Scope: store.ScopeRead, CreatedAt: at(0)}); err != nil {
				t.Fatal(err)
			}
			a, b := record(visit("a", "p", 0), view(1, "/", 0)), record(visit("b", "p", 0), view(1, "/", 0))
			b.Visit.SiteID = 2
			write(t, s, a, b)
			if err := s.RemoveSite(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			sites, err := s.Sites(t.Context())
			if err != nil || len(sites) != 1 || sites[0].ID != 2 {
				t.Errorf("sites: %+v, %v", sites, err)
			}
			keys, err := s.Keys(t.Context())
			if err != nil || len(keys) != 2 || keys[0].SiteID != 2 || keys[1].SiteID != 0 {
				t.Errorf("keys: %+v, %v", keys, err)
			}
			_, err = s.Visit(t.Context(), a.Result.VisitID)
			wantCode(t, err, tracker.CodeNotFound)
			equal(t, "its events", len(events(t, s, a.Result.VisitID)), 0)
			equal(t, "the other's events", len(events(t, s, b.Result.VisitID)), 1)
			wantCode(t, s.RemoveSite(t.Context(), 1), tracker.CodeNotFound)
			again, err := s.AddSite(t.Context(), tracker.Site{Key: "one1", TimeZone: "UTC", CreatedAt: at(0)})
			if err != nil || again.ID != 3 {
				t.Errorf("a new site has id %d, want 3: ids are not used again (%v)", again.ID, err)
			}
		},
		"keys": func(t *testing.T, s store.Store) {
			k := store.Key{Hash: []byte("\x00\x01\xff"), Prefix: "wk_ab", Name: "CI", Scope: store.ScopeWrite, SiteID: 7, CreatedAt: at(0)}
			added, err := s.AddKey(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			k.ID = 1
			equal(t, "added", added, k)
			_, err = s.AddKey(t.Context(), k)
			wantCode(t, err, tracker.CodeConflict)
			revoked := store.Key{Hash: []byte("two"), Scope: store.ScopeRead, CreatedAt: at(0), RevokedAt: at(time.Minute)}
			if revoked, err = s.AddKey(t.Context(), revoked); err != nil {
				t.Fatal(err)
			}
			for _, when := range []time.Duration{time.Hour, 2 * time.Hour} {
				if err := s.RevokeKey(t.Context(), k.ID, at(when)); err != nil {
					t.Fatal(err)
				}
			}
			k.RevokedAt = at(time.Hour) // the first time counts
			got, err := s.Keys(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "keys", got, []store.Key{k, revoked})
			wantCode(t, s.RevokeKey(t.Context(), 99, at(0)), tracker.CodeNotFound)
		},
		"members": func(t *testing.T, s store.Store) {
			m, err := s.AddMember(t.Context(), store.Member{Email: "ann@shop.example", Role: store.RoleAdmin, PasswordHash: "$argon2id$x", CreatedAt: at(0)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.AddMember(t.Context(), store.Member{Email: "ann@shop.example", CreatedAt: at(0)})
			wantCode(t, err, tracker.CodeConflict)
			bob, err := s.AddMember(t.Context(), store.Member{Email: "bob@shop.example", Role: store.RoleViewer, CreatedAt: at(0)})
			if err != nil {
				t.Fatal(err)
			}
			m.Role, m.PasswordHash = store.RoleViewer, "new"
			if err := s.SetMember(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			taken := bob
			taken.Email = m.Email
			wantCode(t, s.SetMember(t.Context(), taken), tracker.CodeConflict)
			got, err := s.Members(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "members", got, []store.Member{m, bob})
			if err := s.RemoveMember(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.RemoveMember(t.Context(), m.ID), tracker.CodeNotFound)
			wantCode(t, s.SetMember(t.Context(), m), tracker.CodeNotFound)
		},
	})
}
