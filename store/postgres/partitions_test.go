package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wake/store"
	"wake/store/postgres"
	"wake/store/postgres/pgtest"
	"wake/tracker"
)

// partitions are the months that have one, as "2026_03".
func partitions(t *testing.T, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass")
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.ReplaceAll(strings.Join(names, " "), "events_", "")
}

func TestPartitions(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	s, other := open(t, url), open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := func(months string) {
		t.Helper()
		if got := partitions(t, url); got != months {
			t.Errorf("partitions %q, want %q", got, months)
		}
	}
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
	}
	n := 0
	write := func(site int64, at time.Time) {
		t.Helper()
		n++
		r := hit(n)
		r.Visit.SiteID, r.Visit.StartedAt, r.Visit.LastAt = site, at, at
		for i := range r.Events {
			r.Events[i].Time = at
		}
		if err := s.Write(t.Context(), []*tracker.Record{r}); err != nil {
			t.Fatal(err)
		}
	}
	retain := func(site int64, before time.Time, want int64) {
		t.Helper()
		if got, err := other.Retain(t.Context(), site, before); err != nil || got != want {
			t.Errorf("retained %d, want %d (%v)", got, want, err)
		}
	}

	if err := s.Prepare(t.Context(), time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	want("2026_11 2026_12 2027_01")
	write(1, day(2026, 11, 30))
	write(1, day(2026, 3, 1)) // on demand
	write(1, day(2026, 3, 31))
	write(2, day(2026, 3, 15))
	write(2, day(2026, 2, 28))
	want("2026_02 2026_03 2026_11 2026_12 2027_01")

	retain(1, day(2026, 3, 15), 1) // half of March
	retain(2, day(2026, 3, 1), 1)  // all that February holds
	want("2026_03 2026_11 2026_12 2027_01")
	retain(1, day(2026, 4, 1), 1) // March still has a visit of site 2
	want("2026_03 2026_11 2026_12 2027_01")
	retain(2, day(2026, 4, 1), 1)
	want("2026_11 2026_12 2027_01")

	// s does not know that March is gone.
	write(1, day(2026, 3, 20))
	want("2026_03 2026_11 2026_12 2027_01")
	// Months that are past and empty go, too.
	retain(1, day(2027, 2, 1), 2)
	want("")
}

// What retention takes away leaves no trace but the dictionary of pages.
func TestRetainLeavesNothing(t *testing.T) {
	t.Parallel()
	s := migrated(t, pgtest.Start(t))
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

// A partition that another site comes to need while it is being dropped
// stays.
func TestPartitionNeededMeanwhile(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	s := open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	march := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	if err := s.Prepare(t.Context(), march); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	id := int64(tracker.FirstVisitID(march))
	query := func(q string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	// Another node is in the middle of a batch.
	query("BEGIN")
	query("INSERT INTO visits (id, site_id, visitor_id, started_at, stub, token, visitor_token) VALUES ($1, 2, 1, $2, false, 'a', 'p')", id, march.UnixMilli())
	query(`INSERT INTO events (visit_id, id, visitor_id, site_id, time, path_id, title_id, engaged_ms, seq, name, currency)
		VALUES ($1, gen_random_uuid(), 1, 2, $2, 0, 0, 0, 0, 'x', '')`, id, march.UnixMilli())
	done := make(chan error)
	go func() {
		_, err := s.Retain(t.Context(), 1, march.AddDate(0, 1, 0))
		for store.IsTemporary(err) { // it does not wait long
			_, err = s.Retain(t.Context(), 1, march.AddDate(0, 1, 0))
		}
		done <- err
	}()
	for waiting := false; !waiting; time.Sleep(5 * time.Millisecond) {
		if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks
			WHERE NOT granted AND mode = 'AccessExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("retain did not wait: %v", err)
		default:
		}
	}
	query("COMMIT")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if es, err := s.Events(t.Context(), tracker.VisitID(id), 0, 10); err != nil || len(es) != 1 {
		t.Errorf("%d events, want 1 (%v)", len(es), err)
	}
}

// Retention drops a month before the last of its visits have gone. An event
// that comes late for one of these finds no partition, and must not hold up
// those it shares a batch with.
func TestLateEventOfADroppedMonth(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t).URL(t)
	s := open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, writer := range []*postgres.Store{s, open(t, url)} { // who knows the visit, who does not
		old := hit(i)
		old.Visit.StartedAt = time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
		if err := s.Write(t.Context(), []*tracker.Record{old}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Write.Exec("DROP TABLE events_2026_03"); err != nil {
			t.Fatal(err)
		}
		late, other := hit(i), hit(i+10)
		late.Events[0].ID = tracker.NewEventID()
		if err := writer.Write(t.Context(), []*tracker.Record{late, other}); err != nil {
			t.Fatal(err)
		}
		if late.Result.VisitID != old.Result.VisitID || !late.Result.New[0] || !other.Result.Created {
			t.Errorf("%+v %+v", late.Result, other.Result)
		}
	}
}
