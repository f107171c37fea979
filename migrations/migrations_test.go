package migrations_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"wake/migrations"
)

// Every step is there for both engines, up and down, numbered without gaps,
// and every step up ends by marking itself as done: one that broke off is
// run again on the strength of that.
func TestSteps(t *testing.T) {
	names := map[string]string{}
	for _, engine := range []string{"sqlite", "postgres"} {
		newest, err := migrations.Newest(engine)
		if err != nil {
			t.Fatal(err)
		}
		files, err := fs.ReadDir(migrations.Files, engine)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 2*int(newest) {
			t.Errorf("%s: %d files for %d steps", engine, len(files), newest)
		}
		for n := range int(newest) {
			prefix := fmt.Sprintf("%04d_", n+1)
			for _, f := range files {
				if !strings.HasPrefix(f.Name(), prefix) {
					continue
				}
				names[f.Name()] += engine
				if !strings.HasSuffix(f.Name(), ".up.sql") {
					continue
				}
				sql, err := fs.ReadFile(migrations.Files, engine+"/"+f.Name())
				if err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(strings.TrimSpace(string(sql)), "\n")
				if last := lines[len(lines)-1]; !strings.HasPrefix(last, "UPDATE schema_migrations SET dirty = FALSE;") {
					t.Errorf("%s/%s does not end by marking itself as done: %q", engine, f.Name(), last)
				}
			}
		}
	}
	for name, engines := range names {
		if len(engines) != len("sqlitepostgres") {
			t.Errorf("%s is there for %s only", name, engines)
		}
	}
}
