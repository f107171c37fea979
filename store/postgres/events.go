package postgres

import (
	"bytes"
	"context"
	"sort"

	"github.com/jackc/pgx/v5"

	"wake/store/ingest"
	"wake/store/sqlstore"
)

var eventColumns = []string{"visit_id bigint", "id uuid", "visitor_id bigint", "site_id bigint", "time bigint",
	"path_id bigint", "title_id bigint", "engaged_ms bigint", "revenue bigint", "seq int", "name text", "currency text", "properties jsonb"}

var insertEvents = "INSERT INTO events (" + namesOf(eventColumns) + ") SELECT * FROM " + unnest(eventColumns...) +
	" ON CONFLICT DO NOTHING RETURNING visit_id, id"

func eventKeys(events []*ingest.Event) (visits []int64, ids [][16]byte) {
	return column(events, func(e *ingest.Event) int64 { return int64(e.Visit.ID) }),
		column(events, func(e *ingest.Event) [16]byte { return e.ID })
}

func (t *tx) InsertEvents(ctx context.Context, events []*ingest.Event) error {
	visits, ids := eventKeys(events)
	rows, err := t.Query(ctx, insertEvents, visits, ids,
		column(events, func(e *ingest.Event) int64 { return int64(e.Visit.Visitor.ID) }),
		column(events, func(e *ingest.Event) int64 { return e.Visit.SiteID }),
		column(events, func(e *ingest.Event) int64 { return e.Time.UnixMilli() }),
		column(events, func(e *ingest.Event) int64 { return e.PathID }),
		column(events, func(e *ingest.Event) int64 { return e.TitleID }),
		column(events, func(e *ingest.Event) int64 { return e.Engaged }),
		column(events, revenue),
		column(events, func(e *ingest.Event) int { return e.Seq }),
		column(events, func(e *ingest.Event) string { return e.Name }),
		column(events, func(e *ingest.Event) string { return e.Currency }),
		column(events, func(e *ingest.Event) *string { return text(e.Properties) }))
	if err != nil {
		return err
	}
	var visit int64
	var id [16]byte
	_, err = pgx.ForEachRow(rows, []any{&visit, &id}, func() error {
		find(events, visit, id).New = true
		return nil
	})
	return err
}

func revenue(e *ingest.Event) *int64 {
	if e.Currency == "" && e.Revenue == 0 {
		return nil
	}
	return &e.Revenue
}

// find is the event with this key among sorted ones.
func find(events []*ingest.Event, visit int64, id [16]byte) *ingest.Event {
	i := sort.Search(len(events), func(i int) bool {
		e := events[i]
		if int64(e.Visit.ID) != visit {
			return int64(e.Visit.ID) > visit
		}
		return bytes.Compare(e.ID[:], id[:]) >= 0
	})
	return events[i]
}

func (t *tx) RaiseEngaged(ctx context.Context, events []*ingest.Event) error {
	visits, ids := eventKeys(events)
	rows, err := t.Query(ctx, `SELECT u.i, e.engaged_ms
		FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS u(visit_id, id, i)
		JOIN events e ON e.visit_id = u.visit_id AND e.id = u.id ORDER BY u.i FOR UPDATE OF e`, visits, ids)
	if err != nil {
		return err
	}
	var i int
	var stored int64
	var raised []*ingest.Event
	_, err = pgx.ForEachRow(rows, []any{&i, &stored}, func() error {
		e := events[i-1]
		if e.Raised = max(e.Engaged-stored, 0); e.Raised > 0 {
			raised = append(raised, e)
		}
		return nil
	})
	if err != nil || len(raised) == 0 {
		return err
	}
	visits, ids = eventKeys(raised)
	_, err = t.Exec(ctx, `UPDATE events e SET engaged_ms = u.engaged_ms
		FROM `+unnest("visit_id bigint", "id uuid", "engaged_ms bigint")+` WHERE e.visit_id = u.visit_id AND e.id = u.id`,
		visits, ids, column(raised, func(e *ingest.Event) int64 { return e.Engaged }))
	return err
}

var (
	touchColumns  = append([]string{"visit_id bigint", "event_id uuid", "time bigint"}, typed("text", sqlstore.ArrivalColumns, arrivalName)...)
	insertTouches = "INSERT INTO touches (" + namesOf(touchColumns) + ") SELECT * FROM " + unnest(touchColumns...) + " ON CONFLICT DO NOTHING"
)

func (t *tx) InsertTouches(ctx context.Context, events []*ingest.Event) error {
	visits, ids := eventKeys(events)
	args := []any{visits, ids, column(events, func(e *ingest.Event) int64 { return e.Time.UnixMilli() })}
	for _, c := range sqlstore.ArrivalColumns {
		args = append(args, column(events, func(e *ingest.Event) string { return *c.Of(e.Touch) }))
	}
	_, err := t.Exec(ctx, insertTouches, args...)
	return err
}
