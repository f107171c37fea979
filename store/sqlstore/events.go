package sqlstore

import (
	"context"
	"database/sql"
	"strings"

	"wake/tracker"
)

// Events is store.Reader's.
func (d *DB) Events(ctx context.Context, visit tracker.VisitID, offset, limit int) ([]tracker.Event, error) {
	if offset < 0 {
		return nil, tracker.Invalid("offset", "must not be negative")
	}
	if limit < 1 {
		return nil, tracker.Invalid("limit", "must be at least 1")
	}
	var events []tracker.Event
	err := d.rows(ctx, func(rows *sql.Rows) error {
		var e tracker.Event
		var properties []byte
		var revenue sql.NullInt64
		err := rows.Scan(eventID{&e.ID}, &e.Name, Millis{&e.Time}, &e.Seq, &e.Path, &e.Title, &properties, &revenue, &e.Currency, &e.EngagedMS)
		e.Properties, e.Revenue = properties, revenue.Int64
		events = append(events, e)
		return err
	}, `SELECT e.id, e.name, e.time, e.seq, COALESCE(p.value, ''), COALESCE(t.value, ''), e.properties, e.revenue, e.currency, e.engaged_ms
		FROM events e LEFT JOIN terms p ON p.id = e.path_id LEFT JOIN terms t ON t.id = e.title_id
		WHERE e.visit_id = $1 ORDER BY e.time, e.seq, e.id LIMIT $2 OFFSET $3`, int64(visit), limit, offset)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return events, d.addTouches(ctx, visit, events)
}

var arrivalColumns = func() string {
	var names []string
	for _, c := range ArrivalColumns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}()

// addTouches sets Touch of a visit's events, which are in order of time.
func (d *DB) addTouches(ctx context.Context, visit tracker.VisitID, events []tracker.Event) error {
	touches := make(map[tracker.EventID]*tracker.Arrival)
	err := d.rows(ctx, func(rows *sql.Rows) error {
		var id tracker.EventID
		a := new(tracker.Arrival)
		to := []any{eventID{&id}}
		for _, c := range ArrivalColumns {
			to = append(to, c.Of(a))
		}
		err := rows.Scan(to...)
		touches[id] = a
		return err
	}, "SELECT event_id, "+arrivalColumns+" FROM touches WHERE visit_id = $1 AND time BETWEEN $2 AND $3",
		int64(visit), events[0].Time.UnixMilli(), events[len(events)-1].Time.UnixMilli())
	if err != nil {
		return err
	}
	for i := range events {
		events[i].Touch = touches[events[i].ID]
	}
	return nil
}
