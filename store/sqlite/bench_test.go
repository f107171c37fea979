package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"wake/store/sqlite"
	"wake/store/storetest"
)

// BenchmarkWrite compares Write with a bare multi-row insert of the same
// event rows into the same table of another file, in the same run.
func BenchmarkWrite(b *testing.B) {
	for _, events := range []int{1, 10} {
		for _, records := range []int{256, 2000} {
			b.Run(fmt.Sprintf("events=%d/records=%d", events, records), func(b *testing.B) {
				s := fresh(b)(b)
				bare, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bare.db"))
				if err != nil {
					b.Fatal(err)
				}
				defer bare.Close()
				if err := bare.Migrate(b.Context()); err != nil {
					b.Fatal(err)
				}
				load := storetest.Load{Visits: 2000, Events: events}
				first := load.Batch(10000) // so that all visits are there, and both files as large
				if err := s.Write(b.Context(), first); err != nil {
					b.Fatal(err)
				}
				insertBare(b, bare, storetest.Rows(first))
				var pairs storetest.Pairs
				for b.Loop() {
					batch := load.Batch(records)
					var rows []storetest.Row
					pairs.Time(func() {
						if err := s.Write(b.Context(), batch); err != nil {
							b.Fatal(err)
						}
					}, func() { rows = storetest.Rows(batch) }, func() { insertBare(b, bare, rows) })
				}
				pairs.Report(b, records*events)
			})
		}
	}
}

func insertBare(b *testing.B, s *sqlite.Store, rows []storetest.Row) {
	const most = 64
	values := func(n int) string {
		return `INSERT INTO events (visit_id, id, visitor_id, site_id, time, path_id, title_id, engaged_ms, seq, name, currency, properties) VALUES ` +
			strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?), ", n), ", ")
	}
	tx, err := s.DB.Write.Begin()
	if err != nil {
		b.Fatal(err)
	}
	defer tx.Rollback()
	full, err := tx.Prepare(values(most))
	if err != nil {
		b.Fatal(err)
	}
	args := make([]any, 0, most*11)
	for len(rows) > 0 {
		n := min(most, len(rows))
		args = args[:0]
		for i := range rows[:n] {
			r := &rows[i]
			args = append(args, r.VisitID, r.ID[:], r.VisitorID, r.SiteID, r.Time, r.PathID, r.TitleID, r.Engaged, r.Seq, r.Name, r.Properties)
		}
		if n == most {
			_, err = full.Exec(args...)
		} else {
			_, err = tx.Exec(values(n), args...)
		}
		if err != nil {
			b.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
