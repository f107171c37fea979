// Package geo turns an address into a place: from a MaxMind-format file,
// which is read again when it changes, or from the country database that is
// built into the program.
package geo

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Place is where an address is, as far as the database knows; the zero Place
// is "unknown".
type Place struct {
	Country     string // ISO 3166-1 alpha-2 ("DE"), or XK for Kosovo; "" unknown
	CountryName string // in the language asked for, else in English
	Region      string // first subdivision: state, province
	City        string
	PostalCode  string
	Latitude    float64 // degrees, WGS 84; only if HasPoint
	Longitude   float64
	HasPoint    bool // whether latitude and longitude are known
}

// Options of a Locator; the zero value is good.
type Options struct {
	// Language of names, where the file has it: de, en, es, fr, ja, pt-BR,
	// ru or zh-CN. Default en, which also stands in for a missing name.
	Language string
	// Logger hears of reloads and of files that can't be read. Default
	// slog.Default().
	Logger *slog.Logger
	// Interval between two looks of Watch at the file. Default 10 s.
	Interval time.Duration
}

func (o Options) withDefaults() Options {
	if o.Language == "" {
		o.Language = "en"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Interval <= 0 {
		o.Interval = 10 * time.Second
	}
	return o
}

// Locator answers where an address is. It is safe for concurrent use.
type Locator struct {
	path    string // "" for the built-in database
	options Options

	// current is the database in use; nil until the built-in one is first
	// needed. A database that was replaced lives on in the lookups that hold
	// it and is then the garbage collector's.
	current atomic.Pointer[database]
	builtin func() *database // loads once; nil for a file
}

// Open reads the file at path, of any type that MaxMind's format can hold
// places in: GeoIP2 and GeoLite2 City and Country, their likes from others,
// and flat records (country_code, city, latitude …); plain or gzipped. It
// refuses a file without places, such as one of network names.
//
// The file is held in memory, not mapped: one that is overwritten in place
// would otherwise end the program.
func Open(path string, options Options) (*Locator, error) {
	l := &Locator{path: path, options: options.withDefaults()}
	db, err := readDatabase(path, l.options.Language)
	if err != nil {
		return nil, err
	}
	l.current.Store(db)
	return l, nil
}

// ErrNoBuiltin says that the program was built without a country database.
var ErrNoBuiltin = errors.New("no country database is built into this program; " +
	"build it with `make build`, or name a file with --geo-db")

// Builtin gives the countries that are built into the program, or
// ErrNoBuiltin. It returns at once: the database is unpacked (8 MB of memory,
// some 80 ms) by the first lookup, or before that by Watch.
func Builtin() (*Locator, error) {
	packed, err := builtinPacked(builtinFiles)
	if err != nil {
		return nil, err
	}
	return newBuiltin(packed), nil
}

func newBuiltin(packed []byte) *Locator {
	l := &Locator{options: Options{}.withDefaults()}
	l.builtin = sync.OnceValue(func() *database {
		db, err := unpackDatabase(packed, l.options.Language)
		if err != nil {
			l.options.Logger.Error("built-in country database is unusable", "error", err)
			db = &database{}
		}
		l.current.CompareAndSwap(nil, db) // unless closed meanwhile
		return db
	})
	return l
}

// Lookup gives the place of an address, IPv4, IPv6 or IPv4 mapped into IPv6;
// the zero Place for one that is private, local or unknown.
func (l *Locator) Lookup(address netip.Addr) Place {
	address = address.Unmap()
	if !isPublic(address) {
		return Place{}
	}
	return l.database().lookup(address)
}

func (l *Locator) database() *database {
	if db := l.current.Load(); db != nil {
		return db
	}
	l.builtin()
	return l.current.Load()
}

// isPublic leaves out what no database can know.
func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate()
}

// Info describes the database in use.
type Info struct {
	Builtin bool
	Path    string    // "" for the built-in one
	Type    string    // as the file calls itself: "GeoLite2-City"
	Built   time.Time // when its makers built it
	Cities  bool      // whether it knows more than countries
}

// String says it in one line: "GeoLite2-City of 2026-06-17, cities, from FILE".
func (i Info) String() string {
	knows, from := "countries", "built in"
	if i.Cities {
		knows = "cities"
	}
	if !i.Builtin {
		from = "from " + i.Path
	}
	return fmt.Sprintf("%s of %s, %s, %s", i.Type, i.Built.Format(time.DateOnly), knows, from)
}

// Info describes the database in use, for people. It unpacks the built-in one
// if need be.
func (l *Locator) Info() Info {
	info := l.database().info()
	info.Path, info.Builtin = l.path, l.builtin != nil
	return info
}

// Close gives the memory back. Lookups from now on find nothing.
func (l *Locator) Close() error {
	l.current.Store(&database{})
	return nil
}
