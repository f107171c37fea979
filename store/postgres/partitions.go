package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"wake/store/ingest"
	"wake/tracker"
)

// month is a partition of events: those of the visits that began in it, UTC.
type month struct {
	year  int
	month time.Month
}

func monthOf(t time.Time) month {
	t = tracker.FirstVisitID(t).Time() // ids stop at the ends of their range
	return month{t.Year(), t.Month()}
}

func (m month) start() time.Time { return time.Date(m.year, m.month, 1, 0, 0, 0, 0, time.UTC) }
func (m month) end() time.Time   { return m.start().AddDate(0, 1, 0) }
func (m month) name() string     { return fmt.Sprintf("events_%04d_%02d", m.year, m.month) }

// ids is the range of the visits' ids: from first to before last.
func (m month) ids() (first, last tracker.VisitID) {
	if monthOf(m.end()) == m { // the last that ids can tell
		return tracker.FirstVisitID(m.start()), math.MaxInt64
	}
	return tracker.FirstVisitID(m.start()), tracker.FirstVisitID(m.end())
}

// Prepare is store.Keeper's: it makes the partitions of this month and the
// next two.
func (s *Store) Prepare(ctx context.Context, now time.Time) error {
	for m, n := monthOf(now), 0; n < 3; m, n = monthOf(m.end()), n+1 {
		if err := s.makeMonth(ctx, m); err != nil {
			return fmt.Errorf("prepare %s: %w", m.name(), err)
		}
	}
	return nil
}

// Ready implements ingest.Engine: it makes the partitions that a batch needs
// and this process does not know of, as for imports of older visits.
func (s *Store) Ready(ctx context.Context, visits []*ingest.Visit) error {
	var last month
	for _, v := range visits {
		m := monthOf(v.StartedAt)
		if v.Stored {
			m = monthOf(v.ID.Time())
		}
		if m == last {
			continue
		}
		last = m
		if err := s.makeMonth(ctx, m); err != nil {
			return fmt.Errorf("make partition %s: %w", m.name(), err)
		}
	}
	return nil
}

// partitionLock is the advisory lock under which partitions come and go.
const partitionLock = 0x77616b65 // "wake"

func (s *Store) makeMonth(ctx context.Context, m month) error {
	s.mu.Lock()
	known := s.months[m]
	s.mu.Unlock()
	if known {
		return nil
	}
	first, last := m.ids()
	err := s.begin(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", partitionLock); err != nil {
			return err
		}
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", m.name()).Scan(&exists); err != nil || exists {
			return err
		}
		_, err := tx.Exec(ctx, fmt.Sprintf("CREATE TABLE %s PARTITION OF events FOR VALUES FROM (%d) TO (%d)", m.name(), first, last))
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.months[m] = true
	s.mu.Unlock()
	return nil
}
