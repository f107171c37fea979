package geo

import (
	"embed"
	"errors"
	"io/fs"
)

// Attribution is what the makers of the built-in country database ask to be
// told to whoever sees it (CC BY 4.0; more in builtin/NOTICE).
const Attribution = "Country data by the Number Resource Organization (nro.net), CC BY 4.0"

// The database is not part of the repository: `go run ./geo/builtin/build`
// puts it there. The pattern takes it if it is there, and NOTICE, which always
// is, so that a fresh clone compiles.
//
//go:embed builtin/[Nc]*
var builtinFiles embed.FS

// builtinPacked gives the gzipped database, or ErrNoBuiltin.
func builtinPacked(files fs.ReadFileFS) ([]byte, error) {
	packed, err := files.ReadFile("builtin/country.mmdb.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoBuiltin
	}
	return packed, err
}
