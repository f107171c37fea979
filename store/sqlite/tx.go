package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"wake/store/ingest"
	"wake/store/sqlstore"
	"wake/tracker"
)

// tx implements ingest.Tx. Its contexts carry no cancellation, see
// Store.Tx.
type tx struct {
	*sql.Tx
	stmts *statements
}

// each runs one statement for every item, looking at ctx in between.
func each[T any](ctx context.Context, t *tx, stmt *sql.Stmt, items []T, f func(context.Context, *sql.Stmt, T) error) error {
	bound := t.StmtContext(ctx, stmt)
	defer bound.Close()
	inner := context.WithoutCancel(ctx)
	for i, item := range items {
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f(inner, bound, item); err != nil {
			return err
		}
	}
	return nil
}

// changed reports whether an executed statement changed a row.
func changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func (t *tx) FindVisits(ctx context.Context, visits []*ingest.Visit) error {
	return each(ctx, t, t.stmts.findVisit, visits, func(ctx context.Context, stmt *sql.Stmt, v *ingest.Visit) error {
		err := stmt.QueryRowContext(ctx, v.SiteID, v.Token).Scan(&v.ID, &v.Visitor.ID, &v.StoredStub, sqlstore.Millis{T: &v.StoredStart}, &v.StoredUser)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		v.Stored = err == nil
		return err
	})
}

func (t *tx) CountVisits(ctx context.Context, visitors []*ingest.Visitor) error {
	return each(ctx, t, t.stmts.countVisits, visitors, func(ctx context.Context, stmt *sql.Stmt, p *ingest.Visitor) error {
		return stmt.QueryRowContext(ctx, p.SiteID, int64(p.ID), p.Token, p.FirstSeen.UnixMilli(), p.LastSeen.UnixMilli(), p.Began).
			Scan(&p.UserID, &p.Visits)
	})
}

func (t *tx) FindVisitors(ctx context.Context, visitors []*ingest.Visitor) error {
	return each(ctx, t, t.stmts.findVisitor, visitors, func(ctx context.Context, stmt *sql.Stmt, p *ingest.Visitor) error {
		err := stmt.QueryRowContext(ctx, p.SiteID, int64(p.ID)).Scan(&p.UserID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
}

func (t *tx) InsertVisits(ctx context.Context, visits []*ingest.Visit) (n int, err error) {
	args := make([]any, 0, 64)
	activity := t.StmtContext(ctx, t.stmts.insertActivity)
	defer activity.Close()
	err = each(ctx, t, t.stmts.insertVisit, visits, func(ctx context.Context, stmt *sql.Stmt, v *ingest.Visit) error {
		latitude, longitude := point(&v.Visit)
		args = append(args[:0], int64(v.ID), v.SiteID, int64(v.Visitor.ID), v.StartedAt.UnixMilli(), v.Stub,
			latitude, longitude, v.ScreenWidth, v.ScreenHeight, v.Ordinal)
		for _, c := range sqlstore.VisitTexts {
			args = append(args, *c.Of(&v.Visit))
		}
		ok, err := changed(stmt.ExecContext(ctx, args...))
		if err != nil || !ok {
			return err
		}
		n++
		_, err = activity.ExecContext(ctx, int64(v.ID), v.LastAt.UnixMilli(), v.Views, v.Visit.Events, v.EngagedMS,
			v.EntryPageID, v.ExitPageID, v.EntryOrder, v.ExitOrder)
		return err
	})
	return n, err
}

// point is where the visit is, NULL when unknown.
func point(v *tracker.Visit) (latitude, longitude any) {
	if !v.HasPoint {
		return nil, nil
	}
	return v.Latitude, v.Longitude
}

func (t *tx) EnrichVisits(ctx context.Context, visits []*ingest.Visit) error {
	return each(ctx, t, t.stmts.enrichVisit, visits, func(ctx context.Context, stmt *sql.Stmt, v *ingest.Visit) error {
		w := v.Whole
		latitude, longitude := point(w)
		args := []any{latitude, longitude, w.ScreenWidth, w.ScreenHeight}
		for _, c := range sqlstore.ArrivalColumns {
			args = append(args, *c.Of(&w.Arrival))
		}
		for _, c := range sqlstore.VisitDetails {
			args = append(args, *c.Of(w))
		}
		_, err := stmt.ExecContext(ctx, append(args, int64(v.ID))...)
		return err
	})
}

func (t *tx) SetVisitorUsers(ctx context.Context, visitors []*ingest.Visitor) error {
	link := t.StmtContext(ctx, t.stmts.linkVisits)
	defer link.Close()
	return each(ctx, t, t.stmts.setVisitorUser, visitors, func(ctx context.Context, stmt *sql.Stmt, p *ingest.Visitor) error {
		if _, err := stmt.ExecContext(ctx, p.NewUserID, p.SiteID, int64(p.ID)); err != nil || p.Link == "" {
			return err
		}
		_, err := link.ExecContext(ctx, p.Link, p.SiteID, int64(p.ID))
		return err
	})
}

func (t *tx) PutUsers(ctx context.Context, users []*ingest.User) error {
	find := t.StmtContext(ctx, t.stmts.findUser)
	defer find.Close()
	return each(ctx, t, t.stmts.putUser, users, func(ctx context.Context, stmt *sql.Stmt, u *ingest.User) error {
		var stored []byte
		if err := find.QueryRowContext(ctx, u.SiteID, u.ID).Scan(&stored); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err := stmt.ExecContext(ctx, u.SiteID, u.ID, text(ingest.MergeTraits(stored, u.Traits)), u.FirstSeen.UnixMilli(), u.LastSeen.UnixMilli())
		return err
	})
}

// text is JSON as TEXT, NULL when there is none.
func text(json []byte) any {
	if len(json) == 0 {
		return nil
	}
	return string(json)
}

func (t *tx) InsertTerms(ctx context.Context, terms []ingest.Term) error {
	return each(ctx, t, t.stmts.insertTerm, terms, func(ctx context.Context, stmt *sql.Stmt, term ingest.Term) error {
		_, err := stmt.ExecContext(ctx, term.ID, term.Value)
		return err
	})
}

func (t *tx) InsertEvents(ctx context.Context, events []*ingest.Event) error {
	args := make([]any, 0, eventColumns)
	return each(ctx, t, t.stmts.insertEvent, events, func(ctx context.Context, stmt *sql.Stmt, e *ingest.Event) (err error) {
		e.New, err = changed(stmt.ExecContext(ctx, eventArgs(args[:0], e)...))
		return err
	})
}

// AppendEvents inserts many rows with each statement, which takes two thirds
// of the time that a statement a row does.
func (t *tx) AppendEvents(ctx context.Context, events []*ingest.Event) error {
	var many [][]*ingest.Event
	for ; len(events) >= appendRows; events = events[appendRows:] {
		many = append(many, events[:appendRows])
	}
	args := make([]any, 0, appendRows*eventColumns)
	err := each(ctx, t, t.stmts.appendEvents, many, func(ctx context.Context, stmt *sql.Stmt, rows []*ingest.Event) error {
		args = args[:0]
		for _, e := range rows {
			args = eventArgs(args, e)
		}
		_, err := stmt.ExecContext(ctx, args...)
		return err
	})
	if err == nil {
		err = each(ctx, t, t.stmts.appendEvent, events, func(ctx context.Context, stmt *sql.Stmt, e *ingest.Event) error {
			_, err := stmt.ExecContext(ctx, eventArgs(args[:0], e)...)
			return err
		})
	}
	if tracker.ErrorCode(translate(err)) == tracker.CodeConflict {
		return fmt.Errorf("%w: a repeated event", ingest.ErrAgain)
	}
	return err
}

// eventArgs appends the values of insertEvent's columns.
func eventArgs(args []any, e *ingest.Event) []any {
	var revenue any
	if e.Currency != "" || e.Revenue != 0 {
		revenue = e.Revenue
	}
	v := e.Visit
	return append(args, int64(v.ID), e.ID[:], int64(v.Visitor.ID), v.SiteID, e.Time.UnixMilli(),
		e.PathID, e.TitleID, e.Engaged, revenue, e.Seq, e.Name, e.Currency, text(e.Properties))
}

func (t *tx) RaiseEngaged(ctx context.Context, events []*ingest.Event) error {
	raise := t.StmtContext(ctx, t.stmts.raiseEngaged)
	defer raise.Close()
	return each(ctx, t, t.stmts.findEngaged, events, func(ctx context.Context, stmt *sql.Stmt, e *ingest.Event) error {
		var stored int64
		if err := stmt.QueryRowContext(ctx, int64(e.Visit.ID), e.ID[:]).Scan(&stored); err != nil {
			return err
		}
		e.Raised = max(e.Engaged-stored, 0)
		if e.Raised == 0 {
			return nil
		}
		_, err := raise.ExecContext(ctx, e.Engaged, int64(e.Visit.ID), e.ID[:])
		return err
	})
}

func (t *tx) InsertTouches(ctx context.Context, events []*ingest.Event) error {
	return each(ctx, t, t.stmts.insertTouch, events, func(ctx context.Context, stmt *sql.Stmt, e *ingest.Event) error {
		args := []any{int64(e.Visit.ID), e.ID[:], e.Time.UnixMilli()}
		for _, c := range sqlstore.ArrivalColumns {
			args = append(args, *c.Of(e.Touch))
		}
		_, err := stmt.ExecContext(ctx, args...)
		return err
	})
}

func (t *tx) AmendVisits(ctx context.Context, visits []*ingest.Visit) error {
	return each(ctx, t, t.stmts.amendVisit, visits, func(ctx context.Context, stmt *sql.Stmt, v *ingest.Visit) error {
		_, err := stmt.ExecContext(ctx, v.StartedAt.UnixMilli(), v.UserID, int64(v.ID))
		return err
	})
}

func (t *tx) AddActivity(ctx context.Context, visits []*ingest.Visit) (n int, err error) {
	err = each(ctx, t, t.stmts.addActivity, visits, func(ctx context.Context, stmt *sql.Stmt, v *ingest.Visit) error {
		ok, err := changed(stmt.ExecContext(ctx, v.LastAt.UnixMilli(), v.Views, v.Visit.Events, v.EngagedMS,
			v.EntryOrder, v.EntryPageID, v.ExitOrder, v.ExitPageID, int64(v.ID)))
		if ok {
			n++
		}
		return err
	})
	return n, err
}
