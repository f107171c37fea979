package sqlite

import (
	"context"
	"time"

	"wake/store/sqlstore"
)

// retainChunk is how many visits are deleted in one transaction: a few
// milliseconds in which batches wait.
const retainChunk = 500

// Retain is store.Keeper's.
func (s *Store) Retain(ctx context.Context, site int64, t time.Time) (int64, error) {
	var total int64
	for {
		n, err := s.retain(ctx, site, t)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// retain deletes the oldest few.
func (s *Store) retain(ctx context.Context, site int64, t time.Time) (n int64, err error) {
	tx, err := s.DB.Write.BeginTx(ctx, nil)
	if err != nil {
		return 0, translate(err)
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error says what was wrong
			n = 0
		}
	}()
	// Ids are nearly ordered by start, and they are indexed.
	if _, err := tx.ExecContext(ctx, `CREATE TEMP TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY, visitor_id INTEGER)`); err != nil {
		return 0, translate(err)
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO temp.gone SELECT id, visitor_id FROM visits
		WHERE site_id = ? AND id < ? AND started_at < ? ORDER BY id LIMIT ?`,
		site, int64(sqlstore.IDBefore(t)), t.UnixMilli(), retainChunk)
	if err != nil {
		return 0, translate(err)
	}
	if n, err = res.RowsAffected(); err != nil {
		return 0, translate(err)
	}
	for _, q := range []string{
		`DELETE FROM events WHERE visit_id IN (SELECT id FROM temp.gone)`,
		`DELETE FROM touches WHERE visit_id IN (SELECT id FROM temp.gone)`,
		`DELETE FROM visit_activity WHERE visit_id IN (SELECT id FROM temp.gone)`,
		`DELETE FROM visits WHERE id IN (SELECT id FROM temp.gone)`,
		`DELETE FROM visitors WHERE site_id = ?1 AND id IN (SELECT visitor_id FROM temp.gone)
			AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.site_id = ?1 AND v.visitor_id = visitors.id)`,
		`DELETE FROM temp.gone`,
	} {
		if _, err := tx.ExecContext(ctx, q, site); err != nil {
			return 0, translate(err)
		}
	}
	if n == 0 {
		// The last chunk is gone: people of whom no visit is left go, too.
		if _, err := tx.ExecContext(ctx, `DELETE FROM users WHERE site_id = ?1 AND last_seen < ?2
			AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.site_id = ?1 AND v.user_id = users.id AND v.user_id <> '')`, site, t.UnixMilli()); err != nil {
			return 0, translate(err)
		}
	}
	return n, translate(tx.Commit())
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
