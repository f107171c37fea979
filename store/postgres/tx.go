package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"wake/store/ingest"
	"wake/store/sqlstore"
	"wake/tracker"
)

// tx implements ingest.Tx: each step is one statement for all its rows, with
// one array a column.
type tx struct{ pgx.Tx }

// column is one value of every item.
func column[T, V any](items []T, of func(T) V) []V {
	values := make([]V, len(items))
	for i, item := range items {
		values[i] = of(item)
	}
	return values
}

// unnest is "unnest($1::type, …) AS u(name, …)" for columns "name type".
func unnest(columns ...string) string {
	var types, names []string
	for i, c := range columns {
		name, typ, _ := strings.Cut(c, " ")
		types = append(types, "$"+strconv.Itoa(i+1)+"::"+typ+"[]")
		names = append(names, name)
	}
	return "unnest(" + strings.Join(types, ", ") + ") AS u(" + strings.Join(names, ", ") + ")"
}

// typed is each name with a type.
func typed[C any](typ string, columns []C, name func(C) string) []string {
	return column(columns, func(c C) string { return name(c) + " " + typ })
}

func textName(c sqlstore.TextColumn) string       { return c.Name }
func arrivalName(c sqlstore.ArrivalColumn) string { return c.Name }

// namesOf is the names of columns "name type".
func namesOf(columns []string) string {
	return strings.Join(column(columns, func(c string) string { name, _, _ := strings.Cut(c, " "); return name }), ", ")
}

func (t *tx) FindVisits(ctx context.Context, visits []*ingest.Visit) error {
	rows, err := t.Query(ctx, `SELECT u.i, v.id, v.visitor_id, v.stub, v.started_at, v.user_id
		FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS u(site_id, token, i)
		JOIN visits v ON v.site_id = u.site_id AND v.token = u.token`,
		column(visits, func(v *ingest.Visit) int64 { return v.SiteID }),
		column(visits, func(v *ingest.Visit) string { return v.Token }))
	if err != nil {
		return err
	}
	var i int
	var id tracker.VisitID
	var visitor tracker.VisitorID
	var stub bool
	var start int64
	var user string
	_, err = pgx.ForEachRow(rows, []any{&i, &id, &visitor, &stub, &start, &user}, func() error {
		v := visits[i-1]
		v.Stored, v.ID, v.Visitor.ID = true, id, visitor
		v.StoredStub, v.StoredStart, v.StoredUser = stub, time.UnixMilli(start).UTC(), user
		return nil
	})
	return err
}

func (t *tx) CountVisits(ctx context.Context, visitors []*ingest.Visitor) error {
	rows, err := t.Query(ctx, `INSERT INTO visitors AS p (site_id, id, token, first_seen, last_seen, visits)
		SELECT * FROM `+unnest("site_id bigint", "id bigint", "token text", "first_seen bigint", "last_seen bigint", "visits int")+`
		ON CONFLICT (site_id, id) DO UPDATE SET visits = p.visits + excluded.visits,
			first_seen = LEAST(p.first_seen, excluded.first_seen), last_seen = GREATEST(p.last_seen, excluded.last_seen)
		RETURNING site_id, id, user_id, visits`,
		column(visitors, func(p *ingest.Visitor) int64 { return p.SiteID }),
		column(visitors, func(p *ingest.Visitor) int64 { return int64(p.ID) }),
		column(visitors, func(p *ingest.Visitor) string { return p.Token }),
		column(visitors, func(p *ingest.Visitor) int64 { return p.FirstSeen.UnixMilli() }),
		column(visitors, func(p *ingest.Visitor) int64 { return p.LastSeen.UnixMilli() }),
		column(visitors, func(p *ingest.Visitor) int { return p.Began }))
	if err != nil {
		return err
	}
	type key struct {
		site int64
		id   tracker.VisitorID
	}
	byKey := make(map[key]*ingest.Visitor, len(visitors))
	for _, p := range visitors {
		byKey[key{p.SiteID, p.ID}] = p
	}
	var k key
	var user string
	var count int
	_, err = pgx.ForEachRow(rows, []any{&k.site, &k.id, &user, &count}, func() error {
		byKey[k].UserID, byKey[k].Visits = user, count
		return nil
	})
	return err
}

func (t *tx) FindVisitors(ctx context.Context, visitors []*ingest.Visitor) error {
	rows, err := t.Query(ctx, `SELECT u.i, p.user_id
		FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS u(site_id, id, i)
		JOIN visitors p ON p.site_id = u.site_id AND p.id = u.id`,
		column(visitors, func(p *ingest.Visitor) int64 { return p.SiteID }),
		column(visitors, func(p *ingest.Visitor) int64 { return int64(p.ID) }))
	if err != nil {
		return err
	}
	var i int
	var user string
	_, err = pgx.ForEachRow(rows, []any{&i, &user}, func() error {
		visitors[i-1].UserID = user
		return nil
	})
	return err
}

var (
	visitColumns = append([]string{"id bigint", "site_id bigint", "visitor_id bigint", "started_at bigint",
		"stub boolean", "latitude float8", "longitude float8", "screen_width int", "screen_height int", "ordinal int"},
		typed("text", sqlstore.VisitTexts, textName)...)
	insertVisits = "INSERT INTO visits (" + namesOf(visitColumns) + ") SELECT * FROM " + unnest(visitColumns...) + " ON CONFLICT DO NOTHING"
)

func (t *tx) InsertVisits(ctx context.Context, visits []*ingest.Visit) (int, error) {
	args := []any{
		column(visits, func(v *ingest.Visit) int64 { return int64(v.ID) }),
		column(visits, func(v *ingest.Visit) int64 { return v.SiteID }),
		column(visits, func(v *ingest.Visit) int64 { return int64(v.Visitor.ID) }),
		column(visits, func(v *ingest.Visit) int64 { return v.StartedAt.UnixMilli() }),
		column(visits, func(v *ingest.Visit) bool { return v.Stub }),
		column(visits, func(v *ingest.Visit) *float64 { return latitude(&v.Visit) }),
		column(visits, func(v *ingest.Visit) *float64 { return longitude(&v.Visit) }),
		column(visits, func(v *ingest.Visit) int { return v.ScreenWidth }),
		column(visits, func(v *ingest.Visit) int { return v.ScreenHeight }),
		column(visits, func(v *ingest.Visit) int { return v.Ordinal }),
	}
	for _, c := range sqlstore.VisitTexts {
		args = append(args, column(visits, func(v *ingest.Visit) string { return *c.Of(&v.Visit) }))
	}
	tag, err := t.Exec(ctx, insertVisits, args...)
	if n := int(tag.RowsAffected()); err != nil || n < len(visits) {
		return n, err
	}
	tag, err = t.Exec(ctx, insertActivity, activity(visits)...)
	return int(tag.RowsAffected()), err
}

var (
	activityColumns = []string{"visit_id bigint", "last_at bigint", "views int", "events int", "engaged_ms bigint",
		"entry_page_id bigint", "entry_order bigint", "exit_page_id bigint", "exit_order bigint"}
	insertActivity = "INSERT INTO visit_activity (" + namesOf(activityColumns) + ") SELECT * FROM " + unnest(activityColumns...)
)

// activity is the arguments of activityColumns.
func activity(visits []*ingest.Visit) []any {
	return []any{
		column(visits, func(v *ingest.Visit) int64 { return int64(v.ID) }),
		column(visits, func(v *ingest.Visit) int64 { return v.LastAt.UnixMilli() }),
		column(visits, func(v *ingest.Visit) int { return v.Views }),
		column(visits, func(v *ingest.Visit) int { return v.Visit.Events }),
		column(visits, func(v *ingest.Visit) int64 { return v.EngagedMS }),
		column(visits, func(v *ingest.Visit) int64 { return v.EntryPageID }),
		column(visits, func(v *ingest.Visit) int64 { return v.EntryOrder }),
		column(visits, func(v *ingest.Visit) int64 { return v.ExitPageID }),
		column(visits, func(v *ingest.Visit) int64 { return v.ExitOrder }),
	}
}

func latitude(v *tracker.Visit) *float64 {
	if !v.HasPoint {
		return nil
	}
	return &v.Latitude
}

func longitude(v *tracker.Visit) *float64 {
	if !v.HasPoint {
		return nil
	}
	return &v.Longitude
}

var enrichVisits = func() string {
	var set []string
	for _, c := range sqlstore.ArrivalColumns {
		set = append(set, c.Name+" = u."+c.Name)
	}
	for _, c := range sqlstore.VisitDetails {
		set = append(set, c.Name+" = CASE WHEN v."+c.Name+" = '' THEN u."+c.Name+" ELSE v."+c.Name+" END")
	}
	columns := []string{"id bigint", "latitude float8", "longitude float8", "screen_width int", "screen_height int"}
	columns = append(columns, typed("text", sqlstore.ArrivalColumns, arrivalName)...)
	columns = append(columns, typed("text", sqlstore.VisitDetails, textName)...)
	return `UPDATE visits v SET stub = false,
		latitude = COALESCE(v.latitude, u.latitude), longitude = COALESCE(v.longitude, u.longitude),
		screen_width = CASE WHEN v.screen_width = 0 THEN u.screen_width ELSE v.screen_width END,
		screen_height = CASE WHEN v.screen_width = 0 THEN u.screen_height ELSE v.screen_height END,
		` + strings.Join(set, ", ") + ` FROM ` + unnest(columns...) + ` WHERE v.id = u.id AND v.stub`
}()

func (t *tx) EnrichVisits(ctx context.Context, visits []*ingest.Visit) error {
	args := []any{
		column(visits, func(v *ingest.Visit) int64 { return int64(v.ID) }),
		column(visits, func(v *ingest.Visit) *float64 { return latitude(v.Whole) }),
		column(visits, func(v *ingest.Visit) *float64 { return longitude(v.Whole) }),
		column(visits, func(v *ingest.Visit) int { return v.Whole.ScreenWidth }),
		column(visits, func(v *ingest.Visit) int { return v.Whole.ScreenHeight }),
	}
	for _, c := range sqlstore.ArrivalColumns {
		args = append(args, column(visits, func(v *ingest.Visit) string { return *c.Of(&v.Whole.Arrival) }))
	}
	for _, c := range sqlstore.VisitDetails {
		args = append(args, column(visits, func(v *ingest.Visit) string { return *c.Of(v.Whole) }))
	}
	_, err := t.Exec(ctx, enrichVisits, args...)
	return err
}

func (t *tx) SetVisitorUsers(ctx context.Context, visitors []*ingest.Visitor) error {
	args := []any{
		column(visitors, func(p *ingest.Visitor) int64 { return p.SiteID }),
		column(visitors, func(p *ingest.Visitor) int64 { return int64(p.ID) }),
		column(visitors, func(p *ingest.Visitor) string { return p.NewUserID }),
	}
	if _, err := t.Exec(ctx, `UPDATE visitors p SET user_id = u.user_id
		FROM `+unnest("site_id bigint", "id bigint", "user_id text")+` WHERE p.site_id = u.site_id AND p.id = u.id`, args...); err != nil {
		return err
	}
	args[2] = column(visitors, func(p *ingest.Visitor) string { return p.Link })
	_, err := t.Exec(ctx, `UPDATE visits v SET user_id = u.user_id
		FROM `+unnest("site_id bigint", "visitor_id bigint", "user_id text")+`
		WHERE v.site_id = u.site_id AND v.visitor_id = u.visitor_id AND v.user_id = '' AND u.user_id <> ''`, args...)
	return err
}

func (t *tx) PutUsers(ctx context.Context, users []*ingest.User) error {
	_, err := t.Exec(ctx, `INSERT INTO users AS p (site_id, id, traits, first_seen, last_seen)
		SELECT site_id, id, traits::jsonb, first_seen, last_seen
		FROM `+unnest("site_id bigint", "id text", "traits text", "first_seen bigint", "last_seen bigint")+`
		ON CONFLICT (site_id, id) DO UPDATE SET
			traits = CASE
				WHEN p.traits IS NULL OR excluded.traits IS NULL THEN COALESCE(p.traits, excluded.traits)
				WHEN octet_length((p.traits || excluded.traits)::text) > $6 THEN p.traits
				ELSE p.traits || excluded.traits END,
			first_seen = LEAST(p.first_seen, excluded.first_seen), last_seen = GREATEST(p.last_seen, excluded.last_seen)`,
		column(users, func(u *ingest.User) int64 { return u.SiteID }),
		column(users, func(u *ingest.User) string { return u.ID }),
		column(users, func(u *ingest.User) *string { return text(u.Traits) }),
		column(users, func(u *ingest.User) int64 { return u.FirstSeen.UnixMilli() }),
		column(users, func(u *ingest.User) int64 { return u.LastSeen.UnixMilli() }),
		ingest.MaxTraits)
	return err
}

// text is JSON as text, NULL when there is none.
func text(json []byte) *string {
	if len(json) == 0 {
		return nil
	}
	s := string(json)
	return &s
}

func (t *tx) InsertTerms(ctx context.Context, terms []ingest.Term) error {
	_, err := t.Exec(ctx, `INSERT INTO terms (id, value) SELECT * FROM `+unnest("id bigint", "value text")+` ON CONFLICT DO NOTHING`,
		column(terms, func(t ingest.Term) int64 { return t.ID }),
		column(terms, func(t ingest.Term) string { return t.Value }))
	return err
}

func (t *tx) AmendVisits(ctx context.Context, visits []*ingest.Visit) error {
	_, err := t.Exec(ctx, `UPDATE visits v SET started_at = LEAST(v.started_at, u.started_at),
		user_id = CASE WHEN v.user_id = '' THEN u.user_id ELSE v.user_id END
		FROM `+unnest("id bigint", "started_at bigint", "user_id text")+` WHERE v.id = u.id`,
		column(visits, func(v *ingest.Visit) int64 { return int64(v.ID) }),
		column(visits, func(v *ingest.Visit) int64 { return v.StartedAt.UnixMilli() }),
		column(visits, func(v *ingest.Visit) string { return v.UserID }))
	return err
}

var addActivity = `UPDATE visit_activity a SET
	last_at = GREATEST(a.last_at, u.last_at), views = a.views + u.views, events = a.events + u.events,
	engaged_ms = a.engaged_ms + u.engaged_ms,
	entry_page_id = CASE WHEN u.entry_order < a.entry_order THEN u.entry_page_id ELSE a.entry_page_id END,
	entry_order = LEAST(a.entry_order, u.entry_order),
	exit_page_id = CASE WHEN u.exit_order >= a.exit_order THEN u.exit_page_id ELSE a.exit_page_id END,
	exit_order = GREATEST(a.exit_order, u.exit_order)
	FROM ` + unnest(activityColumns...) + ` WHERE a.visit_id = u.visit_id`

func (t *tx) AddActivity(ctx context.Context, visits []*ingest.Visit) (int, error) {
	tag, err := t.Exec(ctx, addActivity, activity(visits)...)
	return int(tag.RowsAffected()), err
}
