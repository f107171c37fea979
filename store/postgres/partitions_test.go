package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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
