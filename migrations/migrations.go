// Package migrations is the history of the schema, one numbered pair of SQL
// files a step for each engine, embedded; golang-migrate runs them.
//
// Both engines have the same tables and columns, so that reading is written
// once. Times are whole milliseconds since 1970 UTC in a BIGINT: days begin
// in the site's time zone, which only the program knows on both engines.
//
// A step up runs in one transaction, which ends by marking it as done. So a
// step that is still marked as dirty has left nothing behind, whoever was
// killed when, and is simply run again.
package migrations

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

// Files holds sqlite/NNNN_name.{up,down}.sql and postgres/NNNN_name.{up,down}.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS

// Newest is the highest version there is for an engine ("sqlite" or
// "postgres").
func Newest(engine string) (uint, error) {
	files, err := Files.ReadDir(engine)
	if err != nil {
		return 0, err
	}
	var newest uint64
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("migration %s: its name does not begin with a number", f.Name())
		}
		newest = max(newest, n)
	}
	return uint(newest), nil
}
