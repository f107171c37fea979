package sqlite

import (
	"errors"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"wake/store"
	"wake/tracker"
)

// translate marks an error of the driver by its result code.
// See https://sqlite.org/rescode.html.
func translate(err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return &tracker.Error{Code: tracker.CodeConflict, Message: "exists already", Err: err}
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, // another process writes
		sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, // no room, for now
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN: // someone is at the file
		return store.Temporary(err)
	}
	return err
}
