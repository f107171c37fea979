package sqlite_test

import (
	"path/filepath"
	"testing"

	"wake/store"
	"wake/store/sqlite"
	"wake/store/storetest"
)

func fresh(tb testing.TB) storetest.Database {
	file := filepath.Join(tb.TempDir(), "new", "directory", "wake.db")
	open := func(tb testing.TB) store.Store {
		tb.Helper()
		s, err := sqlite.Open(tb.Context(), file)
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
	if err := open(tb).Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return open
}

func TestStore(t *testing.T) { storetest.Test(t, fresh) }
