package geo

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

var watched = netip.MustParseAddr("81.2.69.1")

// logBuffer is a log that a test may read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func countryFile(t testing.TB, code string) []byte {
	return mmdb(t, "country", 6, []network{{"81.2.69.0/24", mmdbtype.Map{"country_code": mmdbtype.String(code)}}})
}

// writeFile overwrites the file in place. Its time is the test's, which goes
// on by minutes where the machine's may stand still.
func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// replaceFile puts data at path the way updaters do it: beside, then renamed.
func replaceFile(t *testing.T, path string, data []byte) {
	t.Helper()
	beside := path + ".new"
	writeFile(t, beside, data)
	if err := os.Rename(beside, path); err != nil {
		t.Fatal(err)
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		path := tempFile(t, countryFile(t, "GB"))
		l, err := Open(path, Options{Interval: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Watch(ctx) }()

		// after lets Watch look twice, and then says what it found and said.
		after := func(step, country, line string, lines int) {
			t.Helper()
			time.Sleep(2*time.Minute + time.Second)
			synctest.Wait()
			if got := l.Lookup(watched).Country; got != country {
				t.Errorf("%s: country %q, want %q", step, got, country)
			}
			if got := strings.Count(log.String(), line); line != "" && got != lines {
				t.Errorf("%s: %d lines with %q, want %d:\n%s", step, got, line, lines, &log)
			}
		}
		after("nothing happened", "GB", "reloaded", 0)

		replaceFile(t, path, countryFile(t, "DE"))
		after("replaced by a file of the same size", "DE", "reloaded", 1)

		writeFile(t, path, countryFile(t, "FR"))
		after("overwritten in place", "FR", "reloaded", 2)

		replaceFile(t, path, []byte("not a database"))
		after("broken", "FR", "unusable", 1)
		after("still broken, said once", "FR", "unusable", 1)

		replaceFile(t, path, countryFile(t, "IT"))
		after("repaired", "IT", "reloaded", 3)

		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		after("removed", "IT", "is gone", 1)
		after("still removed, said once", "IT", "is gone", 1)

		replaceFile(t, path, countryFile(t, "ES"))
		after("back", "ES", "reloaded", 4)

		l.Close()
		replaceFile(t, path, countryFile(t, "PT"))
		after("closed", "", "reloaded", 4)

		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("Watch returned %v", err)
		}
	})
}

// A file that grows from look to look is being written: half of it is never
// read, whole it is.
func TestWatchWaitsForWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		path := tempFile(t, countryFile(t, "GB"))
		l, err := Open(path, Options{Interval: time.Minute, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() { l.Watch(ctx) })

		whole := countryFile(t, "DE")
		for _, part := range []int{0, 1, 2, 3} {
			writeFile(t, path, whole[:len(whole)*part/3])
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
			if got := l.Lookup(watched).Country; got != "GB" {
				t.Errorf("after part %d: %q", part, got)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := l.Lookup(watched).Country; got != "DE" {
			t.Errorf("at the end: %q", got)
		}
		if strings.Contains(log.String(), "unusable") {
			t.Errorf("half a file was read:\n%s", &log)
		}
		cancel()
		watch.Wait()
	})
}

func TestWatchBuiltin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newBuiltin(gzipped(t, countryFile(t, "GB")))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Watch(ctx) }()
		synctest.Wait()
		if l.current.Load() == nil {
			t.Error("not unpacked in the background")
		}
		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("Watch returned %v", err)
		}
	})
}

// Lookups while the file changes under them; for the race detector.
func TestReplaceUnderLookups(t *testing.T) {
	l := open(t, countryFile(t, "GB"), Options{})
	var lookups sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		lookups.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := l.Lookup(watched).Country; got != "GB" && got != "DE" {
					t.Errorf("got %q", got)
					return
				}
			}
		})
	}
	for i := range 200 {
		db, err := newDatabase(countryFile(t, []string{"GB", "DE"}[i%2]), "en")
		if err != nil {
			t.Fatal(err)
		}
		l.replace(db)
	}
	close(stop)
	lookups.Wait()
}
