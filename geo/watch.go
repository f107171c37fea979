package geo

import (
	"context"
	"os"
	"time"
)

// Watch reads the file again whenever it was replaced or rewritten, until ctx
// is done; it returns ctx's error. A new file is taken once it has stopped
// changing for one interval; one that can't be read is reported and leaves
// the old one in use. For the built-in database there is nothing to watch,
// but it is unpacked here, so that no lookup has to wait for it.
//
// Run it in a goroutine of the caller's.
func (l *Locator) Watch(ctx context.Context) error {
	if l.builtin != nil {
		l.builtin()
		<-ctx.Done()
		return ctx.Err()
	}
	ticker := time.NewTicker(l.options.Interval)
	defer ticker.Stop()
	used := l.current.Load().file // nil after Close
	var seen, refused os.FileInfo // at the last look; the last that was of no use
	missing := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		now, err := os.Stat(l.path)
		if err != nil {
			if !missing {
				missing = true
				l.options.Logger.Warn("geo database is gone; going on with the one in memory", "error", err)
			}
			continue
		}
		missing = false
		settled := sameFile(now, seen)
		seen = now
		if !settled || sameFile(now, used) || sameFile(now, refused) {
			continue
		}
		db, err := readDatabase(l.path, l.options.Language)
		if err != nil {
			refused = now
			l.options.Logger.Error("new geo database is unusable; going on with the old one", "error", err)
			continue
		}
		used = db.file
		if !l.replace(db) {
			continue
		}
		info := db.info()
		l.options.Logger.Info("geo database reloaded", "path", l.path, "type", info.Type, "built", info.Built)
	}
}

// replace puts db in use, unless the locator is closed.
func (l *Locator) replace(db *database) bool {
	old := l.current.Load()
	return old.reader != nil && l.current.CompareAndSwap(old, db)
}

// sameFile reports whether nothing suggests that the file was replaced or
// written between two looks.
func sameFile(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) &&
		a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
