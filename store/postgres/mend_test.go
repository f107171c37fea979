package postgres_test

import (
	"sync"
	"testing"

	"wake/store"
	"wake/store/postgres/pgtest"
)

// What a kill in the middle of the first step leaves is mended, by as many
// nodes as start at the same time.
func TestMigrateBrokenOff(t *testing.T) {
	url := pgtest.Start(t).URL(t)
	exec(t, url, `CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); INSERT INTO schema_migrations VALUES (1, TRUE)`)
	var nodes []store.Store
	for range 4 {
		nodes = append(nodes, open(t, url))
	}
	var wg sync.WaitGroup
	for _, s := range nodes {
		wg.Go(func() {
			if err := s.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range nodes {
		if have, want, dirty, err := s.Version(t.Context()); have != want || dirty || err != nil {
			t.Errorf("version %d of %d, dirty %v, %v", have, want, dirty, err)
		}
		if _, err := s.Sites(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
