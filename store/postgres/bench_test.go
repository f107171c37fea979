package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wake/store/postgres"
	"wake/store/postgres/pgtest"
	"wake/store/storetest"
)

// BenchmarkWrite compares Write with a bare COPY of the same event rows into
// the same table of another database, in the same run.
func BenchmarkWrite(b *testing.B) {
	server := pgtest.Start(b)
	for _, events := range []int{1, 10} {
		for _, records := range []int{256, 2000} {
			b.Run(fmt.Sprintf("events=%d/records=%d", events, records), func(b *testing.B) {
				url := server.URL(b)
				bare := open(b, url)
				if err := bare.Migrate(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := bare.Prepare(b.Context(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)); err != nil {
					b.Fatal(err)
				}
				conn, err := pgx.Connect(b.Context(), url)
				if err != nil {
					b.Fatal(err)
				}
				defer conn.Close(b.Context())
				s := fresh(server)(b)(b).(*postgres.Store)
				load := storetest.Load{Visits: 2000, Events: events}
				first := load.Batch(10000) // so that all visits are there, and both tables as large
				if err := s.Write(b.Context(), first); err != nil {
					b.Fatal(err)
				}
				copyBare(b, conn, storetest.Rows(first))
				var pairs storetest.Pairs
				for b.Loop() {
					batch := load.Batch(records)
					var rows []storetest.Row
					pairs.Time(func() {
						if err := s.Write(b.Context(), batch); err != nil {
							b.Fatal(err)
						}
					}, func() { rows = storetest.Rows(batch) }, func() { copyBare(b, conn, rows) })
				}
				pairs.Report(b, records*events)
			})
		}
	}
}

func copyBare(b *testing.B, conn *pgx.Conn, rows []storetest.Row) {
	_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"events"},
		[]string{"visit_id", "id", "visitor_id", "site_id", "time", "path_id", "title_id", "engaged_ms", "seq", "name", "currency", "properties"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := &rows[i]
			return []any{r.VisitID, [16]byte(r.ID), r.VisitorID, r.SiteID, r.Time, r.PathID, r.TitleID, r.Engaged, r.Seq, r.Name, "", []byte(r.Properties)}, nil
		}))
	if err != nil {
		b.Fatal(err)
	}
}
