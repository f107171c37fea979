// Command build puts the country database that was installed by npm into
// geo/builtin, gzipped, from where the next build of Wake takes it in:
//
//	npm ci --prefix web && go run ./geo/builtin/build
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

func main() {
	from := flag.String("from", "web/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb", "country database in MaxMind's format")
	to := flag.String("to", "geo/builtin/country.mmdb.gz", "file to write")
	flag.Parse()
	if err := build(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "geo/builtin/build:", err)
		os.Exit(1)
	}
}

// build writes the file whole or not at all. The same input gives the same
// bytes.
func build(from, to string) error {
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w (run `npm ci` in web/ first)", err)
	}
	if err != nil {
		return err
	}
	if _, err := maxminddb.OpenBytes(data); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if isPacked(data, to) {
		now := time.Now() // so that make knows, too
		return os.Chtimes(to, now, now)
	}
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := zip.Write(data); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(to), ".country-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(packed.Bytes())
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), to)
}

// isPacked reports whether the file to holds data already. Looking takes a
// fiftieth of the time of packing.
func isPacked(data []byte, to string) bool {
	file, err := os.Open(to)
	if err != nil {
		return false
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		return false
	}
	old, err := io.ReadAll(io.LimitReader(zip, int64(len(data))+1))
	return err == nil && bytes.Equal(old, data)
}
