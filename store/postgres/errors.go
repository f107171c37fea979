package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"wake/store"
	"wake/store/ingest"
	"wake/tracker"
)

// SQLSTATEs that mean something of their own here. See
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	uniqueViolation     = "23505"
	checkViolation      = "23514" // also: no partition for the row
	undefinedTable      = "42P01" // also: a partition was dropped just now
	undefinedObject     = "42704"
	serialization       = "40001"
	deadlock            = "40P01"
	lockNotAvailable    = "55P03"
	readOnlyTransaction = "25006"
	queryCanceled       = "57014"
)

// translate marks an error by its SQLSTATE, or as the connection's.
func translate(err error) error {
	if err == nil || store.IsTemporary(err) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case uniqueViolation:
			return &tracker.Error{Code: tracker.CodeConflict, Message: "exists already", Err: err}
		case serialization, deadlock, lockNotAvailable, readOnlyTransaction, queryCanceled:
			return store.Temporary(err)
		}
		switch pg.Code[:2] {
		case "08", // connection exception
			"53", // insufficient resources: disk full, out of memory, too many connections
			"57", // operator intervention: shutdown, crash, cannot connect now
			"58": // system error: of files
			return store.Temporary(err)
		case "22", "54": // data exception; beyond a limit, as JSON nested too deep
			return &tracker.Error{Code: tracker.CodeInvalid, Message: "a value cannot be stored", Err: err}
		}
		return err
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) {
		return store.Temporary(err)
	}
	return err
}

// again marks errors after which the batch may be begun anew at once: a lost
// deadlock, or a partition that another node's Retain has dropped.
func (s *Store) again(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case serialization, deadlock:
		return fmt.Errorf("%w: %w", ingest.ErrAgain, err)
	case checkViolation, undefinedTable, undefinedObject:
		s.mu.Lock()
		clear(s.months)
		s.mu.Unlock()
		return fmt.Errorf("%w: %w", ingest.ErrAgain, err)
	}
	return err
}
