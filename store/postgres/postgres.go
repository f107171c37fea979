// Package postgres is the store in PostgreSQL 14 or newer.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"wake/migrations"
	"wake/store"
	"wake/store/ingest"
	"wake/store/sqlstore"
	"wake/tracker"
)

// Store is a store.Store in a PostgreSQL database, which any number of
// nodes share. All methods are safe for concurrent use, Write included. A
// server that went away and came back is found again without help.
type Store struct {
	*sqlstore.DB
	pool   *pgxpool.Pool
	writer *ingest.Writer

	mu     sync.Mutex
	months map[month]bool // that have a partition, as far as this process knows
}

var _ store.Store = (*Store)(nil)

// Open connects to the database at a postgres:// URL, or one of libpq's
// "key=value" forms; pool_max_conns and its like are understood. Migrate
// comes next.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err) // pgx leaves the password out
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "wake"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open store: %w", translate(err))
	}
	db := stdlib.OpenDBFromPool(pool)
	s := &Store{
		DB: &sqlstore.DB{Read: db, Write: db, Translate: translate,
			EventID: func(id tracker.EventID) any { return id.String() }},
		pool:   pool,
		months: make(map[month]bool),
	}
	s.writer = ingest.NewWriter(s)
	return s, nil
}

// rollbackTimeout is how long a server may take to hear that a transaction
// is off; then the connection is closed, which says the same.
const rollbackTimeout = 2 * time.Second

// Write is store.Writer's.
func (s *Store) Write(ctx context.Context, batch []*tracker.Record) error {
	return s.writer.Write(ctx, batch)
}

// Tx implements ingest.Engine.
func (s *Store) Tx(ctx context.Context, f func(ingest.Tx) error) error {
	begun, err := s.pool.Begin(ctx)
	if err != nil {
		return translate(err)
	}
	err = f(&tx{begun})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = begun.Rollback(ctx) // the first error says what was wrong
		return s.again(translate(err))
	}
	return s.again(translate(begun.Commit(ctx)))
}

// Migrate is store.Keeper's. Nodes that start together wait for one another.
func (s *Store) Migrate(ctx context.Context) error {
	return s.migrate(func(m *migrate.Migrate) error {
		stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true })
		defer stop()
		err := m.Up()
		if errors.As(err, new(migrate.ErrDirty)) {
			err = s.mend(ctx, m)
		}
		if err != nil && !errors.Is(err, migrate.ErrNoChange) {
			return fmt.Errorf("migrate: %w", translate(err))
		}
		return ctx.Err()
	})
}

// mendLock is the advisory lock of the one who mends, made of "wake".
const mendLock = 0x77616b65

// mend runs the step again that broke off: as package migrations says, there
// is nothing of it. Up has a lock of its own; this one keeps two nodes from
// both finding the step broken off, and both going back.
func (s *Store) mend(ctx context.Context, m *migrate.Migrate) error {
	return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(mendLock)); err != nil {
			return err
		}
		defer func() {
			if _, err := c.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(mendLock)); err != nil {
				_ = c.Conn().Close(context.WithoutCancel(ctx)) // which unlocks as well
			}
		}()
		err := m.Up() // another node may have been faster
		var dirty migrate.ErrDirty
		if !errors.As(err, &dirty) {
			return err
		}
		before := dirty.Version - 1
		if before == 0 {
			before = database.NilVersion
		}
		if err := m.Force(before); err != nil {
			return err
		}
		return m.Up()
	})
}

// Version is store.Keeper's.
func (s *Store) Version(context.Context) (have, want uint, dirty bool, err error) {
	want, err = migrations.Newest("postgres")
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
	source, err := iofs.New(migrations.Files, "postgres")
	if err != nil {
		return err
	}
	driver, err := migratepgx.WithInstance(stdlib.OpenDBFromPool(s.pool), &migratepgx.Config{})
	if err != nil {
		return translate(err)
	}
	m, err := migrate.NewWithInstance("iofs", source, "postgres", driver)
	if err != nil {
		return err
	}
	err = f(m)
	fromSource, fromDriver := m.Close()
	return errors.Join(err, fromSource, fromDriver)
}

// Ping is store.Keeper's.
func (s *Store) Ping(ctx context.Context) error {
	var readOnly bool
	err := s.pool.QueryRow(ctx, "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool").Scan(&readOnly)
	if err != nil {
		return translate(err)
	}
	if readOnly {
		return store.Temporary(errors.New("the database is read-only"))
	}
	return nil
}

// Close closes the pool; it waits for what is under way.
func (s *Store) Close() error {
	err := s.DB.Read.Close()
	s.pool.Close()
	return err
}

// begin runs f in a transaction of its own.
func (s *Store) begin(ctx context.Context, f func(pgx.Tx) error) error {
	return translate(pgx.BeginFunc(ctx, s.pool, f))
}
