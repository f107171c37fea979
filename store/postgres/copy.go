package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"wake/store/ingest"
)

// AppendEvents streams events into the table: the quickest way there is, but
// one that a single repeated event breaks off. The transaction is lost then
// and must begin again, without this.
func (t *tx) AppendEvents(ctx context.Context, events []*ingest.Event) error {
	_, err := t.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(encodeEvents(events)), copyEvents)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == uniqueViolation {
		return fmt.Errorf("%w: a repeated event", ingest.ErrAgain)
	}
	return err
}

var copyEvents = "COPY events (" + namesOf(eventColumns) + ") FROM STDIN (FORMAT binary)"

// encodeEvents writes rows of eventColumns in COPY's binary format, see
// https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4.
// By hand, as pgx looks up how to encode each value of each row anew, which
// takes longer than the server needs for the row.
func encodeEvents(events []*ingest.Event) []byte {
	size := 64
	for _, e := range events {
		size += 160 + len(e.Name) + len(e.Properties)
	}
	b := make([]byte, 0, size)
	b = append(b, "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0) // flags, length of the header's extension
	bigint := func(n int64) {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	text := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	null := func() { b = append(b, 0xff, 0xff, 0xff, 0xff) }
	for _, e := range events {
		b = binary.BigEndian.AppendUint16(b, uint16(len(eventColumns)))
		bigint(int64(e.Visit.ID))
		b = binary.BigEndian.AppendUint32(b, 16)
		b = append(b, e.ID[:]...)
		bigint(int64(e.Visit.Visitor.ID))
		bigint(e.Visit.SiteID)
		bigint(e.Time.UnixMilli())
		bigint(e.PathID)
		bigint(e.TitleID)
		bigint(e.Engaged)
		if r := revenue(e); r != nil {
			bigint(*r)
		} else {
			null()
		}
		b = binary.BigEndian.AppendUint32(b, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(e.Seq))
		text(e.Name)
		text(e.Currency)
		if len(e.Properties) > 0 {
			b = binary.BigEndian.AppendUint32(b, uint32(1+len(e.Properties)))
			b = append(b, 1) // jsonb's version
			b = append(b, e.Properties...)
		} else {
			null()
		}
	}
	return append(b, 0xff, 0xff)
}
