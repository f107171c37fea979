package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
)

func TestBuild(t *testing.T) {
	folder := t.TempDir()
	from, to := filepath.Join(folder, "country.mmdb"), filepath.Join(folder, "country.mmdb.gz")

	if err := build(from, to); err == nil || !strings.Contains(err.Error(), "npm ci") {
		t.Errorf("without the package: %v, want to be told of npm", err)
	}
	if err := os.WriteFile(from, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := build(from, to); err == nil {
		t.Error("something else was packed")
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("a failed build left a file")
	}

	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "country"})
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if _, err := tree.WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(from, whole.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	long := time.Unix(1_000_000_000, 0)
	var first []byte
	for range 2 {
		if err := build(from, to); err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		zip, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(zip); err != nil || !bytes.Equal(got, whole.Bytes()) {
			t.Errorf("unpacked %d bytes of %d, %v", len(got), whole.Len(), err)
		}
		if first != nil && !bytes.Equal(first, packed) {
			t.Error("the same file packed twice differs")
		}
		first = packed
		if file, _ := os.Stat(to); file.ModTime().Equal(long) {
			t.Error("a file that is up to date looks old to make")
		}
		if err := os.Chtimes(to, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(to, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := build(from, to); err != nil {
		t.Fatal(err)
	}
	if packed, _ := os.ReadFile(to); !bytes.Equal(first, packed) {
		t.Error("a damaged file was left as it is")
	}
	if files, _ := os.ReadDir(folder); len(files) != 2 {
		t.Errorf("temporary files were left: %v", files)
	}
}
