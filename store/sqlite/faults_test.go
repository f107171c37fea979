package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wake/store"
	"wake/store/sqlite"
	"wake/tracker"
)

// hit is the n-th of many visits, with one event.
func hit(n int) *tracker.Record {
	now := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	id := tracker.ParseEventID(fmt.Sprint(n))
	return &tracker.Record{
		Visit: tracker.Visit{
			SiteID: 1, Token: fmt.Sprint("v", n), StartedAt: now, LastAt: now,
			Visitor: tracker.Visitor{ID: tracker.VisitorID(n + 1), Token: fmt.Sprint("p", n)},
		},
		Events: []tracker.Event{{ID: id, Name: tracker.EventView, Path: "/", Time: now}},
	}
}

func handle(t *testing.T) *sqlite.Store { return fresh(t)(t).(*sqlite.Store) }

func pragma(t *testing.T, s *sqlite.Store, setting string) {
	t.Helper()
	if _, err := s.DB.Write.Exec("PRAGMA " + setting); err != nil {
		t.Fatal(err)
	}
}

func TestTemporaryErrors(t *testing.T) {
	for name, c := range map[string]struct {
		breakIt, mendIt func(*testing.T, *sqlite.Store, *sqlite.Store)
	}{
		"another process writes": {
			func(t *testing.T, s, other *sqlite.Store) {
				pragma(t, s, "busy_timeout = 20")
				pragma(t, other, "locking_mode = NORMAL")
				if _, err := other.DB.Write.Exec("BEGIN IMMEDIATE"); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, s, other *sqlite.Store) {
				if _, err := other.DB.Write.Exec("ROLLBACK"); err != nil {
					t.Fatal(err)
				}
			},
		},
		"the disk is full": {
			func(t *testing.T, s, _ *sqlite.Store) { pragma(t, s, "max_page_count = 1") },
			func(t *testing.T, s, _ *sqlite.Store) { pragma(t, s, "max_page_count = 1000000") },
		},
		"the file is read-only": {
			func(t *testing.T, s, _ *sqlite.Store) { pragma(t, s, "query_only = 1") },
			func(t *testing.T, s, _ *sqlite.Store) { pragma(t, s, "query_only = 0") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := fresh(t)
			s, other := open(t).(*sqlite.Store), open(t).(*sqlite.Store)
			if err := s.Write(t.Context(), []*tracker.Record{hit(0)}); err != nil {
				t.Fatal(err)
			}
			// Enough that new pages are needed.
			batch := []*tracker.Record{hit(0)}
			for n := range 500 {
				batch = append(batch, hit(n))
			}
			c.breakIt(t, s, other)
			if err := s.Write(t.Context(), batch); !store.IsTemporary(err) {
				t.Errorf("write: %v, want a temporary error", err)
			}
			vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
			if err != nil || len(vs) != 1 || vs[0].Events != 1 {
				t.Errorf("meanwhile there are %d visits, want 1 with 1 event (%v)", len(vs), err)
			}
			c.mendIt(t, s, other)
			if err := s.Write(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			if vs, err = s.Visits(t.Context(), store.VisitFilter{Limit: 1000}); err != nil || len(vs) != 500 {
				t.Errorf("%d visits, want 500 (%v)", len(vs), err)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	t.Run("not a database", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "wake.db")
		if err := os.WriteFile(file, []byte("this is a text, and long enough to be looked at as a header of a database, which it is not: no"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := sqlite.Open(t.Context(), file); err == nil {
			s.Close()
			t.Error("no error")
		} else if store.IsTemporary(err) {
			t.Errorf("%v is temporary", err)
		}
	})
	t.Run("names that a URL would take apart", func(t *testing.T) {
		for _, name := range []string{"a b", "100%", "what?", "x#y", "ü&mode=memory", "a;b"} {
			file := filepath.Join(t.TempDir(), name, name+".db")
			s, err := sqlite.Open(t.Context(), file)
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			s.Close()
			if _, err := os.Stat(file); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a name that is not absolute", func(t *testing.T) {
		t.Chdir(t.TempDir())
		s, err := sqlite.Open(t.Context(), "data/100%/wake.db")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := os.Stat("data/100%/wake.db"); err != nil {
			t.Error(err)
		}
	})
	t.Run("settings", func(t *testing.T) {
		s := handle(t)
		for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
			var got string
			if err := s.DB.Write.QueryRow("PRAGMA " + setting).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, want %s (%v)", setting, got, want, err)
			}
		}
		if _, err := s.DB.Read.Exec("DELETE FROM visits"); !store.IsTemporary(sqlite.Translate(err)) {
			t.Errorf("a reader can write: %v", err)
		}
	})
}

// What is written while readers read is complete at every moment.
func TestReadersSeeWholeBatches(t *testing.T) {
	s := handle(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
			if err != nil {
				t.Error(err)
			}
			if len(vs)%10 != 0 {
				t.Errorf("%d visits, want whole tens", len(vs))
			}
		}
	}()
	for n := range 30 {
		var batch []*tracker.Record
		for i := range 10 {
			batch = append(batch, hit(10*n+i))
		}
		if err := s.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-done
}

// What retention takes away leaves no trace but the dictionary of pages.
func TestRetainLeavesNothing(t *testing.T) {
	t.Parallel()
	s := handle(t)
	r := hit(0)
	r.Visit.UserID, r.Traits = "ann", []byte(`{"a":1}`)
	r.Events[0].Touch = &tracker.Arrival{Source: "News"}
	if err := s.Write(t.Context(), []*tracker.Record{r, hit(1)}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Retain(t.Context(), 1, time.Now().AddDate(1, 0, 0)); err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	for _, table := range []string{"visits", "visit_activity", "events", "touches", "visitors", "users"} {
		var n int
		if err := s.DB.Read.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows are left in %s (%v)", n, table, err)
		}
	}
}
