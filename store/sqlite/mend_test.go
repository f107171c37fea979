package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"wake/store/sqlite"
)

// What a kill in the middle of the first step leaves is mended.
func TestMigrateBrokenOff(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wake.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (1, TRUE)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if have, want, dirty, err := s.Version(t.Context()); have != want || dirty || err != nil {
		t.Errorf("version %d of %d, dirty %v, %v", have, want, dirty, err)
	}
	if _, err := s.Sites(t.Context()); err != nil {
		t.Error(err)
	}
}
