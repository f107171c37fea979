package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"wake/store/postgres/pgtest"
)

// sameRows is how many rows, at most, a bare store gets again.
const sameRows = 200_000

// server of PostgreSQL and a database in it.
type pgServer struct{ url string }

// outside lets pgtest run outside of a test.
type outside struct {
	testing.TB // for what is not needed
	b          *bench
	err        error
}

func (o *outside) Helper()          {}
func (o *outside) Cleanup(f func()) { o.b.stops = append(o.b.stops, f) }
func (o *outside) Fatalf(format string, args ...any) {
	o.err = fmt.Errorf(format, args...)
	panic(o)
}

func (b *bench) postgres() (pg *pgServer, err error) {
	o := &outside{b: b}
	defer func() {
		if r := recover(); r != nil {
			if r != any(o) {
				panic(r)
			}
			err = o.err
		}
	}()
	return &pgServer{pgtest.Start(o).URL(o)}, nil
}

// copyAgain takes the newest rows out of Wake's events and copies them into
// an empty table that is made like it, in the order in which they came; rows
// a second.
func (p *pgServer) copyAgain(ctx context.Context) (float64, error) {
	conn, err := pgx.Connect(ctx, p.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, q := range []string{
		"DROP TABLE IF EXISTS bare",
		"CREATE TABLE bare (LIKE events INCLUDING ALL) PARTITION BY RANGE (visit_id)",
		"CREATE TABLE bare_all PARTITION OF bare DEFAULT",
	} {
		if _, err := conn.Exec(ctx, q); err != nil {
			return 0, err
		}
	}
	var rows bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &rows, fmt.Sprintf("COPY (SELECT * FROM (SELECT * FROM events ORDER BY time DESC LIMIT %d) newest ORDER BY time) TO STDOUT (FORMAT binary)", sameRows)); err != nil {
		return 0, err
	}
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil { // what Wake wrote is not for COPY to pay
		return 0, err
	}
	began := time.Now()
	tag, err := conn.PgConn().CopyFrom(ctx, &rows, "COPY bare FROM STDIN (FORMAT binary)")
	if err != nil {
		return 0, err
	}
	return float64(tag.RowsAffected()) / time.Since(began).Seconds(), nil
}

// Rows of a multi-row insert, and rows of a transaction.
const (
	perInsert = 50
	perCommit = 2000
)

// insertAgain reads the newest rows of Wake's events and inserts them into
// an empty file with a table that is made like it, in the order in which
// they came, with the same durability; rows a second.
func insertAgain(ctx context.Context, from, to string) (float64, error) {
	wake, err := sql.Open("sqlite", "file:"+from+"?_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	if err != nil {
		return 0, err
	}
	defer wake.Close()
	var schema string
	if err := wake.QueryRowContext(ctx, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = 'events'").Scan(&schema); err != nil {
		return 0, err
	}
	rows, columns, err := newest(ctx, wake)
	if err != nil {
		return 0, err
	}

	bare, err := sql.Open("sqlite", "file:"+to+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-32768)&_pragma=wal_autocheckpoint(8192)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer os.Remove(to)
	defer bare.Close()
	bare.SetMaxOpenConns(1)
	if _, err := bare.ExecContext(ctx, schema); err != nil {
		return 0, err
	}
	one := "(?" + strings.Repeat(",?", columns-1) + ")"
	insert, err := bare.PrepareContext(ctx, "INSERT INTO events VALUES "+one+strings.Repeat(","+one, perInsert-1))
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	rows = rows[:len(rows)/columns/perCommit*perCommit*columns]
	began := time.Now()
	for i := 0; i < len(rows); {
		tx, err := bare.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		stmt := tx.StmtContext(ctx, insert)
		for range perCommit / perInsert {
			n := i + perInsert*columns
			if _, err := stmt.ExecContext(ctx, rows[i:n]...); err != nil {
				return 0, err
			}
			i = n
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
	}
	return float64(len(rows)/columns) / time.Since(began).Seconds(), nil
}

// newest reads rows, one value after the other.
func newest(ctx context.Context, db *sql.DB) (values []any, columns int, err error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM (SELECT * FROM events ORDER BY time DESC LIMIT ?) ORDER BY time", sameRows)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, 0, err
	}
	columns = len(names)
	row, to := make([]any, columns), make([]any, columns)
	for i := range row {
		to[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, 0, err
		}
		values = append(values, row...)
	}
	return values, columns, rows.Err()
}
