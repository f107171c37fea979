package postgres_test

import (
	"testing"

	"wake/store"
	"wake/store/postgres"
	"wake/store/postgres/pgtest"
	"wake/store/storetest"
)

// fresh makes a database on a server.
func fresh(server *pgtest.Server) storetest.New {
	return func(tb testing.TB) storetest.Database {
		url := server.URL(tb)
		handle := func(tb testing.TB) store.Store { return open(tb, url) }
		s := handle(tb)
		if err := s.Migrate(tb.Context()); err != nil {
			tb.Fatal(err)
		}
		return handle
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
