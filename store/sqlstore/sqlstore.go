// Package sqlstore is what the SQL engines have in common: the columns of
// their rows, and reading and administration, whose SQL is the same for
// both (PostgreSQL's $1 is understood by SQLite, too).
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"wake/tracker"
)

// DB answers store.Visits, store.Reader, store.Admin (but for RemoveSite,
// which an engine builds on DeleteSite) and store.Salts. It is safe for
// concurrent use.
type DB struct {
	Read  *sql.DB // may be the same as Write
	Write *sql.DB
	// Translate marks the engine's errors: temporary ones by
	// store.Temporary, a taken unique value by tracker.CodeConflict.
	Translate func(error) error
	// EventID is what an event's id is as an argument.
	EventID func(tracker.EventID) any
}

// Forever is after every visit there can be.
var Forever = time.UnixMilli(1 << 52)

// rows runs a query and calls scan for each row.
func (d *DB) rows(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := d.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return d.Translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return d.Translate(rows.Err())
}

// changeOne runs a statement that must find its one row.
func (d *DB) changeOne(ctx context.Context, what, query string, args ...any) error {
	res, err := d.Write.ExecContext(ctx, query, args...)
	if err != nil {
		return d.Translate(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return d.Translate(err)
	} else if n == 0 {
		return notFound(what)
	}
	return nil
}

func notFound(what string) error {
	return &tracker.Error{Code: tracker.CodeNotFound, Message: "there is no such " + what}
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Millis scans a time that is stored in ms; NULL is the zero time.
type Millis struct{ T *time.Time }

// Scan implements sql.Scanner.
func (m Millis) Scan(src any) error {
	switch ms := src.(type) {
	case nil:
		*m.T = time.Time{}
	case int64:
		*m.T = time.UnixMilli(ms).UTC()
	default:
		return errors.New("a time is not stored as a whole number")
	}
	return nil
}

// eventID scans a BLOB of 16 bytes or the text of a UUID.
type eventID struct{ id *tracker.EventID }

func (e eventID) Scan(src any) error {
	switch b := src.(type) {
	case []byte:
		if len(b) == len(e.id) {
			copy(e.id[:], b)
			return nil
		}
		*e.id = tracker.ParseEventID(string(b))
	case string:
		*e.id = tracker.ParseEventID(b)
	default:
		return errors.New("an event's id is neither bytes nor text")
	}
	return nil
}
