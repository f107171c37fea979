package sqlstore

import (
	"context"
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"wake/store"
	"wake/tracker"
)

// visitColumns is what a visit is read by, in scanVisit's order.
var visitColumns = func() string {
	names := []string{"id", "site_id", "visitor_id", "started_at", "last_at", "stub", "latitude", "longitude",
		"screen_width", "screen_height", "ordinal", "views", "events", "engaged_ms", "entry_page", "exit_page"}
	for _, c := range VisitTexts {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}()

func scanVisit(row interface{ Scan(...any) error }) (v tracker.Visit, err error) {
	var latitude, longitude sql.NullFloat64
	to := append(make([]any, 0, 64), &v.ID, &v.SiteID, &v.Visitor.ID, Millis{&v.StartedAt}, Millis{&v.LastAt}, &v.Stub,
		&latitude, &longitude, &v.ScreenWidth, &v.ScreenHeight, &v.Ordinal, &v.Views, &v.Events, &v.EngagedMS,
		&v.EntryPage, &v.ExitPage)
	for _, c := range VisitTexts {
		to = append(to, c.Of(&v))
	}
	err = row.Scan(to...)
	v.HasPoint, v.Latitude, v.Longitude = latitude.Valid && longitude.Valid, latitude.Float64, longitude.Float64
	return v, err
}

// Visits is store.Reader's.
func (d *DB) Visits(ctx context.Context, f store.VisitFilter) ([]tracker.Visit, error) {
	if f.Limit < 1 || f.Limit > 1000 {
		return nil, tracker.Invalid("limit", "must be from 1 to 1000")
	}
	var where []string
	var args []any
	and := func(cond string, arg any) {
		args = append(args, arg)
		where = append(where, cond+" $"+strconv.Itoa(len(args)))
	}
	if f.SiteID != 0 {
		and("site_id =", f.SiteID)
	}
	if f.Visitor != 0 {
		and("visitor_id =", int64(f.Visitor))
	}
	if f.UserID != "" {
		and("user_id <> '' AND user_id =", f.UserID) // the first half makes the partial index fit
	}
	if f.Before != 0 {
		and("id <", int64(f.Before))
	}
	// Ids are nearly ordered by start, so a range of time is one of the index.
	if !f.From.IsZero() {
		from := ceil(f.From)
		and("id >=", int64(tracker.FirstVisitID(from)))
		and("started_at >=", from.UnixMilli())
	}
	if !f.To.IsZero() {
		to := ceil(f.To)
		and("started_at <", to.UnixMilli())
		and("id <", int64(IDBefore(to)))
	}
	if !f.Bots {
		where = append(where, "bot = ''")
	}
	query := "SELECT " + visitColumns + " FROM visit_summaries"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	query += " ORDER BY id DESC LIMIT " + strconv.Itoa(f.Limit)
	var visits []tracker.Visit
	err := d.rows(ctx, func(rows *sql.Rows) error {
		v, err := scanVisit(rows)
		visits = append(visits, v)
		return err
	}, query, args...)
	return visits, err
}

// StartSlack is how far a visit's start may move back from its id's time,
// when a later record tells of an earlier one. Within it ids tell nothing
// of the order of starts.
const StartSlack = 24 * time.Hour

// IDBefore is a bound that the ids of all visits that started before t are
// below: it makes a range of time one of an index, and is not all there is
// to ask.
func IDBefore(t time.Time) tracker.VisitID {
	t = t.Add(StartSlack)
	switch id := tracker.FirstVisitID(t); {
	case id == tracker.FirstVisitID(t.Add(time.Millisecond)) && id > 0:
		return math.MaxInt64 // after all that ids can tell
	case id == 0:
		return tracker.FirstVisitID(id.Time().Add(time.Millisecond)) // before it
	default:
		return id
	}
}

// ceil is the first whole millisecond not before t.
func ceil(t time.Time) time.Time {
	if ms := t.Truncate(time.Millisecond); ms.Before(t) {
		return ms.Add(time.Millisecond)
	}
	return t
}

// Visit is store.Reader's.
func (d *DB) Visit(ctx context.Context, id tracker.VisitID) (tracker.Visit, error) {
	v, err := scanVisit(d.Read.QueryRowContext(ctx, "SELECT "+visitColumns+" FROM visit_summaries WHERE id = $1", int64(id)))
	if isNoRows(err) {
		return tracker.Visit{}, notFound("visit")
	}
	return v, d.Translate(err)
}

// LastVisit is store.Visits'.
func (d *DB) LastVisit(ctx context.Context, site int64, visitor tracker.VisitorID, notAfter time.Time) (tracker.VisitRef, bool, error) {
	var ref tracker.VisitRef
	err := d.Read.QueryRowContext(ctx, `SELECT id, token, started_at, last_at FROM visits JOIN visit_activity ON visit_id = id
		WHERE site_id = $1 AND visitor_id = $2 AND id < $3 AND started_at <= $4 ORDER BY id DESC LIMIT 1`,
		site, int64(visitor), int64(IDBefore(notAfter.Add(time.Millisecond))), notAfter.UnixMilli()).
		Scan(&ref.ID, &ref.Token, Millis{&ref.StartedAt}, Millis{&ref.LastAt})
	if isNoRows(err) {
		return tracker.VisitRef{}, false, nil
	}
	return ref, err == nil, d.Translate(err)
}

// User is store.Reader's.
func (d *DB) User(ctx context.Context, site int64, id string) (tracker.User, error) {
	u := tracker.User{SiteID: site, ID: id}
	err := d.Read.QueryRowContext(ctx, `SELECT traits, first_seen, last_seen FROM users WHERE site_id = $1 AND id = $2`, site, id).
		Scan(&u.Traits, Millis{&u.FirstSeen}, Millis{&u.LastSeen})
	if isNoRows(err) {
		return tracker.User{}, notFound("user")
	}
	return u, d.Translate(err)
}
