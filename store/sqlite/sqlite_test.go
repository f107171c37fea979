package sqlite_test

import (
	"path/filepath"
	"testing"

	"wake/store"
	"wake/store/sqlite"
	"wake/store/storetest"
)

func fresh(tb testing.TB) storetest.Database {
	open := file(tb)
	if err := open(tb).Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return open
}

// file is a database without a schema.
func file(tb testing.TB) storetest.Database {
	file := filepath.Join(tb.TempDir(), "new", "directory", "wake.db")
	return func(tb testing.TB) store.Store {
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
}

func TestStore(t *testing.T) { storetest.Test(t, fresh) }

func TestMigrateTogether(t *testing.T) { storetest.Together(t, file(t)) }
