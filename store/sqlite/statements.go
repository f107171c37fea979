package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"wake/store/sqlstore"
)

// statements of a batch, prepared once for the writer's connection. There is
// no network, so a statement a row is quick enough for all but new events.
type statements struct {
	findVisit, countVisits, findVisitor, insertVisit, insertActivity, enrichVisit,
	setVisitorUser, linkVisits, findUser, putUser, insertTerm,
	insertEvent, appendEvent, appendEvents, findEngaged, raiseEngaged, insertTouch, amendVisit, addActivity *sql.Stmt
}

func names[C any](columns []C, name func(C) string) []string {
	var s []string
	for _, c := range columns {
		s = append(s, name(c))
	}
	return s
}

func insert(table string, columns []string) string {
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (?" +
		strings.Repeat(", ?", len(columns)-1) + ") ON CONFLICT DO NOTHING"
}

var (
	texts    = names(sqlstore.VisitTexts, func(c sqlstore.TextColumn) string { return c.Name })
	details  = names(sqlstore.VisitDetails, func(c sqlstore.TextColumn) string { return c.Name })
	arrivals = names(sqlstore.ArrivalColumns, func(c sqlstore.ArrivalColumn) string { return c.Name })
)

func prepare(ctx context.Context, db *sql.DB) (*statements, error) {
	s := new(statements)
	set := make([]string, 0, 40)
	for _, c := range arrivals {
		set = append(set, c+" = ?")
	}
	for _, c := range details {
		set = append(set, c+" = CASE WHEN "+c+" = '' THEN ? ELSE "+c+" END")
	}
	for _, q := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.findVisit, `SELECT id, visitor_id, stub, started_at, user_id FROM visits WHERE site_id = ? AND token = ?`},
		{&s.countVisits, `INSERT INTO visitors (site_id, id, token, first_seen, last_seen, visits) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET visits = visits + excluded.visits,
				first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)
			RETURNING user_id, visits`},
		{&s.findVisitor, `SELECT user_id FROM visitors WHERE site_id = ? AND id = ?`},
		{&s.insertVisit, insert("visits", append([]string{"id", "site_id", "visitor_id", "started_at", "stub",
			"latitude", "longitude", "screen_width", "screen_height", "ordinal"}, texts...))},
		{&s.insertActivity, `INSERT INTO visit_activity (visit_id, last_at, views, events, engaged_ms,
			entry_page_id, exit_page_id, entry_order, exit_order) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.enrichVisit, `UPDATE visits SET stub = 0,
			latitude = COALESCE(latitude, ?), longitude = COALESCE(longitude, ?),
			screen_width = CASE WHEN screen_width = 0 THEN ? ELSE screen_width END,
			screen_height = CASE WHEN screen_width = 0 THEN ? ELSE screen_height END,
			` + strings.Join(set, ", ") + ` WHERE id = ? AND stub`},
		{&s.setVisitorUser, `UPDATE visitors SET user_id = ? WHERE site_id = ? AND id = ?`},
		{&s.linkVisits, `UPDATE visits SET user_id = ? WHERE site_id = ? AND visitor_id = ? AND user_id = ''`},
		{&s.findUser, `SELECT traits FROM users WHERE site_id = ? AND id = ?`},
		{&s.putUser, `INSERT INTO users (site_id, id, traits, first_seen, last_seen) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET traits = excluded.traits,
				first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`},
		{&s.insertTerm, `INSERT INTO terms (id, value) VALUES (?, ?) ON CONFLICT DO NOTHING`},
		{&s.insertEvent, appendEvents + eventRow + ` ON CONFLICT DO NOTHING`},
		{&s.appendEvent, appendEvents + eventRow},
		{&s.appendEvents, appendEvents + eventRow + strings.Repeat(", "+eventRow, appendRows-1)},
		{&s.findEngaged, `SELECT engaged_ms FROM events WHERE visit_id = ? AND id = ?`},
		{&s.raiseEngaged, `UPDATE events SET engaged_ms = ? WHERE visit_id = ? AND id = ?`},
		{&s.insertTouch, insert("touches", append([]string{"visit_id", "event_id", "time"}, arrivals...))},
		{&s.amendVisit, `UPDATE visits SET started_at = min(started_at, ?),
			user_id = CASE WHEN user_id = '' THEN ? ELSE user_id END WHERE id = ?`},
		{&s.addActivity, `UPDATE visit_activity SET
			last_at = max(last_at, ?1), views = views + ?2, events = events + ?3, engaged_ms = engaged_ms + ?4,
			entry_page_id = CASE WHEN ?5 < entry_order THEN ?6 ELSE entry_page_id END, entry_order = min(entry_order, ?5),
			exit_page_id = CASE WHEN ?7 >= exit_order THEN ?8 ELSE exit_page_id END, exit_order = max(exit_order, ?7)
			WHERE visit_id = ?9`},
	} {
		stmt, err := db.PrepareContext(ctx, q.sql)
		if err != nil {
			return nil, err
		}
		*q.to = stmt
	}
	return s, nil
}

// Rows of one statement of AppendEvents.
const (
	appendRows   = 32
	eventColumns = 13
)

const (
	appendEvents = `INSERT INTO events (visit_id, id, visitor_id, site_id, time, path_id, title_id,
	engaged_ms, revenue, seq, name, currency, properties) VALUES `
	eventRow = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)
