//go:build race

package main

import (
	"path/filepath"
	"testing"
)

// Under the race detector the program itself is built with it, too, and one
// round is enough.
func TestKilledUnderLoadRace(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "wake")
	if err := build(program, "-race"); err != nil {
		t.Fatal(err)
	}
	killUnderLoad(t, program, sqliteIn(t.TempDir()), 1)
}
