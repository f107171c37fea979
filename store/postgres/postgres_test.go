package postgres_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"wake/store"
	"wake/store/postgres"
	"wake/store/postgres/pgtest"
	"wake/store/storetest"
)

// fresh gives each test an emptied database. Making one takes longer than
// most tests, so they are used again.
func fresh(server *pgtest.Server) storetest.New {
	var mu sync.Mutex
	var free []string
	return func(tb testing.TB) storetest.Database {
		mu.Lock()
		var url string
		if n := len(free); n > 0 {
			url, free = free[n-1], free[:n-1]
		}
		mu.Unlock()
		if url == "" {
			url = server.URL(tb)
			if err := open(tb, url).Migrate(tb.Context()); err != nil {
				tb.Fatal(err)
			}
		} else {
			empty(tb, url)
		}
		tb.Cleanup(func() {
			mu.Lock()
			defer mu.Unlock()
			free = append(free, url)
		})
		return func(tb testing.TB) store.Store { return open(tb, url) }
	}
}

func empty(tb testing.TB, url string) {
	exec(tb, url, `DO $$ DECLARE p regclass; BEGIN
		FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'events'::regclass LOOP EXECUTE 'DROP TABLE ' || p; END LOOP;
		TRUNCATE sites, keys, members, salts, visitors, users, visits, visit_activity, terms, touches RESTART IDENTITY;
	END $$`)
}

// exec runs one statement beside the store.
func exec(tb testing.TB, url, query string) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(tb.Context())
	if _, err := conn.Exec(tb.Context(), query); err != nil {
		tb.Fatal(err)
	}
}

func open(tb testing.TB, url string) *postgres.Store {
	tb.Helper()
	s, err := postgres.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) { storetest.Test(t, fresh(pgtest.Start(t))) }

func TestMigrateTogether(t *testing.T) {
	url := pgtest.Start(t).URL(t)
	storetest.Together(t, func(tb testing.TB) store.Store { return open(tb, url) })
}
