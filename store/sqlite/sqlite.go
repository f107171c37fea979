// Package sqlite is the embedded store: one file, one writer, many readers,
// through a driver in pure Go. A committed batch survives power loss (WAL
// with full sync).
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratesqlite "github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"wake/migrations"
	"wake/store"
	"wake/store/ingest"
	"wake/store/sqlstore"
	"wake/tracker"
)

// Store is a store.Store in an SQLite file. All methods are safe for
// concurrent use; Writes wait for one another. Several processes may have
// the file open on one machine.
type Store struct {
	*sqlstore.DB
	file   string
	writer *ingest.Writer

	mu    sync.Mutex // one transaction of Write at a time
	stmts *statements
}

var _ store.Store = (*Store)(nil)

// Open opens the file, and creates it and its directory when missing.
// Migrate comes next.
func Open(ctx context.Context, file string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	write, err := open(ctx, file, false)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", file, err)
	}
	read, err := open(ctx, file, true)
	if err != nil {
		write.Close()
		return nil, fmt.Errorf("open store %s: %w", file, err)
	}
	s := &Store{file: file, DB: &sqlstore.DB{
		Read:      read,
		Write:     write,
		Translate: translate,
		EventID:   func(id tracker.EventID) any { return id[:] },
	}}
	s.writer = ingest.NewWriter(s)
	return s, nil
}

// open opens a pool. The writer has one connection: SQLite has one writer
// at a time, and waiting for it in Go is fair and costs no polling.
func open(ctx context.Context, file string, readOnly bool) (*sql.DB, error) {
	options := url.Values{"_pragma": {
		"busy_timeout(5000)", // other processes: the command line beside a server
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"temp_store(MEMORY)",
		"cache_size(-65536)",       // 64 MiB
		"wal_autocheckpoint(8192)", // pages: at most about 32 MiB to copy, and to read after a crash
	}}
	if readOnly {
		options.Add("_pragma", "query_only(1)")
	} else {
		options.Add("_txlock", "immediate")
	}
	db, err := sql.Open("sqlite", dsn(file, options))
	if err != nil {
		return nil, err
	}
	if readOnly {
		n := max(4, runtime.GOMAXPROCS(0))
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
	} else {
		db.SetMaxOpenConns(1)
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, translate(err)
	}
	return db, nil
}

// dsn is the URL of a file, whatever characters its name has.
func dsn(file string, options url.Values) string {
	name := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: options.Encode()}
	if !filepath.IsAbs(file) {
		name = url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: options.Encode()}
	}
	return name.String()
}

// Write is store.Writer's.
func (s *Store) Write(ctx context.Context, batch []*tracker.Record) error {
	return s.writer.Write(ctx, batch)
}

// Ready implements ingest.Engine: nothing needs to be there.
func (s *Store) Ready(context.Context, []*ingest.Visit) error { return nil }

// Tx implements ingest.Engine. A transaction that has begun is not
// interrupted halfway by ctx, which would cost a goroutine a statement; it
// looks at ctx between statements and before it commits.
func (s *Store) Tx(ctx context.Context, f func(ingest.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.stmts == nil {
		stmts, err := prepare(ctx, s.DB.Write)
		if err != nil {
			return translate(err)
		}
		s.stmts = stmts
	}
	begun, err := s.DB.Write.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return translate(err)
	}
	err = f(&tx{Tx: begun, stmts: s.stmts})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = begun.Rollback() // the first error says what was wrong
		return translate(err)
	}
	return translate(begun.Commit())
}

// Migrate is store.Keeper's. Processes that start together wait for one
// another.
func (s *Store) Migrate(ctx context.Context) error {
	if have, want, dirty, err := s.Version(ctx); err == nil && have == want && !dirty {
		return nil
	}
	unlock, err := s.lockMigration(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer unlock()
	return s.migrate(func(m *migrate.Migrate) error {
		stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true })
		defer stop()
		err := m.Up()
		var dirty migrate.ErrDirty
		if errors.As(err, &dirty) {
			// A step broke off. As package migrations says, there is nothing
			// of it: run it again.
			before := dirty.Version - 1
			if before == 0 {
				before = database.NilVersion
			}
			if err = m.Force(before); err == nil {
				err = m.Up()
			}
		}
		if err != nil && !errors.Is(err, migrate.ErrNoChange) {
			return fmt.Errorf("migrate: %w", translate(err))
		}
		return ctx.Err()
	})
}

// lockMigration keeps other processes from migrating, as golang-migrate does
// for PostgreSQL but not for SQLite. The lock is that of an empty database
// beside the file, so it goes when its holder dies.
func (s *Store) lockMigration(ctx context.Context) (unlock func(), err error) {
	db, err := sql.Open("sqlite", dsn(s.file+"-migration", url.Values{"_pragma": {"busy_timeout(60000)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		db.Close()
		return nil, translate(err)
	}
	return func() { db.Close() }, nil
}

// Version is store.Keeper's.
func (s *Store) Version(context.Context) (have, want uint, dirty bool, err error) {
	want, err = migrations.Newest("sqlite")
	if err != nil {
		return 0, 0, false, err
	}
	err = s.migrate(func(m *migrate.Migrate) error {
		have, dirty, err = m.Version()
		if errors.Is(err, migrate.ErrNilVersion) {
			return nil
		}
		return translate(err)
	})
	return have, want, dirty, err
}

func (s *Store) migrate(f func(*migrate.Migrate) error) error {
	source, err := iofs.New(migrations.Files, "sqlite")
	if err != nil {
		return err
	}
	driver, err := migratesqlite.WithInstance(s.DB.Write, &migratesqlite.Config{})
	if err != nil {
		return translate(err)
	}
	m, err := migrate.NewWithInstance("iofs", source, "sqlite", driver)
	if err != nil {
		return err
	}
	return f(m) // m is not closed, as that would close the pool; it holds nothing else
}

// Prepare is store.Keeper's: there is nothing to do ahead of time.
func (s *Store) Prepare(context.Context, time.Time) error { return nil }

// Ping is store.Keeper's.
func (s *Store) Ping(ctx context.Context) error {
	tx, err := s.DB.Write.BeginTx(ctx, nil) // takes the write lock
	if err != nil {
		return translate(err)
	}
	return translate(tx.Rollback())
}

// Close closes the file; nothing may be under way.
func (s *Store) Close() error {
	return errors.Join(s.DB.Read.Close(), s.DB.Write.Close())
}
