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
	"io/fs"
	"os"
	"path/filepath"

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
	if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, packed.Bytes()) {
		return nil
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
