package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"wake/store/sqlstore"
)

// retainChunk is how many visits are deleted in one transaction.
const retainChunk = 2000

// Retain is store.Keeper's. Partitions that hold no other site's visits and
// are past as a whole are dropped first, which costs nothing; what remains
// is deleted row by row.
func (s *Store) Retain(ctx context.Context, site int64, t time.Time) (int64, error) {
	if err := s.dropMonths(ctx, site, t); err != nil {
		return 0, err
	}
	var total int64
	for {
		n, err := s.retain(ctx, site, t)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// retain deletes the oldest few visits. Their activity goes before their
// events: a writer that adds to one of them either comes before, and then its
// events are seen below, or finds the activity gone and begins again.
func (s *Store) retain(ctx context.Context, site int64, t time.Time) (int64, error) {
	var visits, visitors []int64
	err := s.begin(ctx, func(tx pgx.Tx) error {
		// Ids are nearly ordered by start, and they are indexed.
		rows, err := tx.Query(ctx, `DELETE FROM visits WHERE id IN (
				SELECT id FROM visits WHERE site_id = $1 AND id < $2 AND started_at < $3 ORDER BY id LIMIT $4 FOR UPDATE)
			RETURNING id, visitor_id`, site, int64(sqlstore.IDBefore(t)), t.UnixMilli(), retainChunk)
		if err != nil {
			return err
		}
		visits, visitors = nil, nil
		var visit, visitor int64
		if _, err := pgx.ForEachRow(rows, []any{&visit, &visitor}, func() error {
			visits, visitors = append(visits, visit), append(visitors, visitor)
			return nil
		}); err != nil {
			return err
		}
		if len(visits) == 0 {
			// The last chunk is gone: people of whom no visit is left go, too.
			_, err := tx.Exec(ctx, `DELETE FROM users WHERE site_id = $1 AND last_seen < $2 AND NOT EXISTS
				(SELECT 1 FROM visits v WHERE v.site_id = users.site_id AND v.user_id = users.id AND v.user_id <> '')`,
				site, t.UnixMilli())
			return err
		}
		for _, q := range []string{
			`DELETE FROM visit_activity WHERE visit_id = ANY($1)`,
			`DELETE FROM events WHERE visit_id = ANY($1)`,
			`DELETE FROM touches WHERE visit_id = ANY($1)`,
		} {
			if _, err := tx.Exec(ctx, q, visits); err != nil {
				return err
			}
		}
		// A visit that begins meanwhile moves last_seen, and PostgreSQL looks
		// again at a row that it had to wait for.
		_, err = tx.Exec(ctx, `DELETE FROM visitors p WHERE site_id = $1 AND id = ANY($2) AND last_seen < $3
			AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.site_id = p.site_id AND v.visitor_id = p.id)`,
			site, visitors, t.UnixMilli())
		return err
	})
	if err != nil {
		return 0, err
	}
	return int64(len(visits)), nil
}

// dropMonths drops the partitions before t in which only the site has
// visits, or nobody.
func (s *Store) dropMonths(ctx context.Context, site int64, t time.Time) error {
	rows, err := s.pool.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = 'events'::regclass ORDER BY c.relname`)
	if err != nil {
		return translate(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return translate(err)
	}
	for _, name := range names {
		var m month
		if _, err := fmt.Sscanf(name, "events_%04d_%02d", &m.year, &m.month); err != nil || m.name() != name {
			continue // not one of ours
		}
		if m.end().After(t) {
			break
		}
		if err := s.dropMonth(ctx, site, m); err != nil {
			return fmt.Errorf("drop partition %s: %w", name, err)
		}
	}
	return nil
}

// dropMonth drops one partition, unless another site has visits in it. The
// look comes after the lock: who had written events before it is seen then,
// and who comes after it finds no partition and begins again.
func (s *Store) dropMonth(ctx context.Context, site int64, m month) error {
	first, last := m.ids()
	others := func(q interface {
		QueryRow(context.Context, string, ...any) pgx.Row
	}) (exist bool, err error) {
		err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM visits WHERE id >= $1 AND id < $2 AND site_id <> $3)",
			int64(first), int64(last), site).Scan(&exist)
		return exist, err
	}
	if exist, err := others(s.pool); err != nil || exist {
		return translate(err)
	}
	err := s.begin(ctx, func(tx pgx.Tx) error {
		// Everyone waits behind this lock, so it must not wait long itself:
		// the next Retain tries again.
		for _, q := range []string{
			"SET LOCAL lock_timeout = '2s'",
			fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", partitionLock),
			"LOCK TABLE events IN ACCESS EXCLUSIVE MODE",
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		if exist, err := others(tx); err != nil || exist {
			return err
		}
		_, err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+m.name())
		return err
	})
	if err == nil {
		s.mu.Lock()
		delete(s.months, m)
		s.mu.Unlock()
	}
	return err
}

// RemoveSite is store.Admin's: all its visits go with it, before the site
// and what came in meanwhile after it, so that a removal that broke off can
// be begun again.
func (s *Store) RemoveSite(ctx context.Context, id int64) error {
	if _, err := s.Retain(ctx, id, sqlstore.Forever); err != nil {
		return err
	}
	if err := s.DeleteSite(ctx, id); err != nil {
		return err
	}
	_, err := s.Retain(ctx, id, sqlstore.Forever)
	return err
}
