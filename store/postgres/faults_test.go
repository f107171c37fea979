package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wake/store"
	"wake/store/postgres"
	"wake/store/postgres/pgtest"
	"wake/tracker"
)

// hit is the n-th of many visits, with three events.
func hit(n int) *tracker.Record {
	now := time.UnixMilli(time.Now().UnixMilli()).UTC()
	v := tracker.Visit{
		SiteID: 1, Token: fmt.Sprint("v", n), StartedAt: now, LastAt: now,
		Visitor: tracker.Visitor{ID: tracker.VisitorID(n/3 + 1), Token: fmt.Sprint("p", n/3)},
	}
	r := &tracker.Record{Visit: v}
	for i := range 3 {
		id := tracker.ParseEventID(fmt.Sprint(n, "-", i))
		r.Events = append(r.Events, tracker.Event{ID: id, Name: tracker.EventView, Path: "/", Time: now, Seq: i})
	}
	return r
}

func migrated(t *testing.T, server *pgtest.Server) *postgres.Store {
	t.Helper()
	s := open(t, server.URL(t))
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantVisits checks that visits 0 to n-1 are there once, whole.
func wantVisits(t *testing.T, s store.Store, n int) {
	t.Helper()
	vs, err := s.Visits(t.Context(), store.VisitFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(vs) != n {
		t.Errorf("%d visits, want %d", len(vs), n)
	}
	for _, v := range vs {
		es, err := s.Events(t.Context(), v.ID, 0, 10)
		if err != nil || len(es) != 3 || v.Events != 3 || v.Views != 3 {
			t.Errorf("visit %s: %d events, counted %d and %d views (%v)", v.Token, len(es), v.Events, v.Views, err)
		}
	}
}

func TestServerStopsAndComesBack(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	s := migrated(t, server)
	for name, away := range map[string]func(testing.TB){"stopped": server.Stop, "killed": server.Kill} {
		if err := s.Write(t.Context(), []*tracker.Record{hit(0), hit(1)}); err != nil {
			t.Fatal(err)
		}
		away(t)
		calls := map[string]func() error{
			"write": func() error { return s.Write(t.Context(), []*tracker.Record{hit(2)}) },
			"visit": func() error { _, err := s.Visit(t.Context(), 1); return err },
			"last visit": func() error {
				_, _, err := s.LastVisit(t.Context(), 1, 1, time.Now())
				return err
			},
			"salt":  func() error { _, err := s.Salt(t.Context(), "2026-03-14"); return err },
			"sites": func() error { _, err := s.Sites(t.Context()); return err },
			"add a site": func() error {
				_, err := s.AddSite(t.Context(), tracker.Site{Key: "abcd"})
				return err
			},
			"ping":    func() error { return s.Ping(t.Context()) },
			"prepare": func() error { return s.Prepare(t.Context(), time.Now().AddDate(1, 0, 0)) },
			"retain":  func() error { _, err := s.Retain(t.Context(), 1, time.Now()); return err },
		}
		for call, f := range calls {
			for range 2 { // on an old connection, then on none
				if err := f(); !store.IsTemporary(err) {
					t.Errorf("%s: %s: %v, want a temporary error", name, call, err)
				}
			}
		}
		server.Restart(t)
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: ping after the restart: %v", name, err)
		}
		wantVisits(t, s, 2)
	}
	if err := s.Write(t.Context(), []*tracker.Record{hit(0), hit(2)}); err != nil {
		t.Fatal(err)
	}
	wantVisits(t, s, 3)
}

// Batches are written again until they succeed, as the batcher does, while
// the server crashes under them: nothing is lost, nothing counts twice.
func TestServerCrashesUnderLoad(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	s := migrated(t, server)
	const writers, batches, size = 3, 40, 5
	var wg sync.WaitGroup
	written := make(chan struct{}, writers*batches)
	for w := range writers {
		wg.Go(func() {
			for b := range batches {
				var batch []*tracker.Record
				for i := range size {
					batch = append(batch, hit((w*batches+b)*size+i))
				}
				for {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					err := s.Write(ctx, batch)
					cancel()
					if err == nil {
						written <- struct{}{}
						break
					}
					if !store.IsTemporary(err) && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("write: %v", err)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	for range 3 {
		for range writers * batches / 5 {
			<-written
		}
		server.Kill(t)
		server.Restart(t)
	}
	wg.Wait()
	wantVisits(t, s, writers*batches*size)
}

func TestServerHangs(t *testing.T) {
	t.Parallel()
	server := pgtest.Own(t)
	s := migrated(t, server)
	if err := s.Write(t.Context(), []*tracker.Record{hit(0)}); err != nil {
		t.Fatal(err)
	}
	resume := server.Pause(t)
	defer resume()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Write(ctx, []*tracker.Record{hit(1)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("write: %v, want the context's error", err)
	}
	resume()
	// Whether the hung batch went through is unknown, so it is written again.
	if err := s.Write(t.Context(), []*tracker.Record{hit(1), hit(2)}); err != nil {
		t.Fatal(err)
	}
	wantVisits(t, s, 3)
}

func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	if err := open(t, url).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := open(t, url+"&default_transaction_read_only=on")
	if err := s.Ping(t.Context()); !store.IsTemporary(err) {
		t.Errorf("ping: %v, want a temporary error", err)
	}
	if err := s.Write(t.Context(), []*tracker.Record{hit(0)}); !store.IsTemporary(err) {
		t.Errorf("write: %v, want a temporary error", err)
	}
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	exec(t, url, "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
	_, err := postgres.Open(t.Context(), strings.Replace(url, "//wake@", "//crowded@", 1))
	if !store.IsTemporary(err) {
		t.Errorf("open: %v, want a temporary error", err)
	}
}

func TestLostDeadlockBeginsAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	s := open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Every third transaction that inserts visits is told it lost.
	exec(t, url, `CREATE SEQUENCE turns;
		CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('turns') % 3 <> 0 THEN RAISE EXCEPTION 'unlucky' USING ERRCODE = '40P01'; END IF;
			RETURN NULL;
		END $$;
		CREATE TRIGGER lose AFTER INSERT ON visits FOR EACH STATEMENT EXECUTE FUNCTION lose()`)
	for n := range 4 {
		if err := s.Write(t.Context(), []*tracker.Record{hit(n)}); err != nil {
			t.Fatal(err)
		}
	}
	wantVisits(t, s, 4)
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	s := open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	exec(t, url, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100';
		END $$;
		CREATE TRIGGER full_disk AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION full_disk()`)
	if err := s.Write(t.Context(), []*tracker.Record{hit(0)}); !store.IsTemporary(err) {
		t.Errorf("write: %v, want a temporary error", err)
	}
	exec(t, url, "DROP TRIGGER full_disk ON events")
	if err := s.Write(t.Context(), []*tracker.Record{hit(0)}); err != nil {
		t.Fatal(err)
	}
	wantVisits(t, s, 1)
}
