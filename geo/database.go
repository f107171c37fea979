package geo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// database is one loaded file; it never changes. The zero database knows no
// place.
type database struct {
	reader   *maxminddb.Reader
	file     os.FileInfo // as it was when read; nil for the built-in one
	language string
	flat     bool // one level of strings, rather than MaxMind's nested records
	cities   bool

	// Many addresses share one record: a country file has some 250 in all, in
	// a city file the big cities come again and again. Finding a record's
	// offset takes 0.1 µs, decoding it 8 µs, so places are kept by offset, each
	// in the one slot that its offset maps to: bounded, without locks.
	cache [cacheSlots]atomic.Pointer[cachedPlace]
}

const (
	cacheBits  = 12
	cacheSlots = 1 << cacheBits // some 1 MB when full
)

type cachedPlace struct {
	offset uintptr
	place  Place
}

// maxFileBytes bounds what is read into memory: the largest city file on the
// market is far below it.
const maxFileBytes = 1 << 30

// readDatabase loads the file at path. Errors name the file and are fit for
// its owner.
func readDatabase(path, language string) (*database, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("geo database: %w", err)
	}
	defer file.Close()
	before, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("geo database: %w", err)
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("geo database: %s is not a file", path)
	}
	if before.Size() > maxFileBytes {
		return nil, fmt.Errorf("geo database: %s is larger than %d bytes", path, maxFileBytes)
	}
	data := make([]byte, before.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, fmt.Errorf("geo database: reading %s: %w", path, err)
	}
	after, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("geo database: %w", err)
	}
	if !sameFile(before, after) {
		return nil, fmt.Errorf("geo database: %s changed while it was read", path)
	}
	open := newDatabase
	if bytes.HasPrefix(data, gzipMagic) {
		open = unpackDatabase
	}
	db, err := open(data, language)
	if err != nil {
		return nil, fmt.Errorf("geo database: %s: %w", path, err)
	}
	db.file = after
	return db, nil
}

var gzipMagic = []byte{0x1f, 0x8b}

// unpackDatabase loads a gzipped file.
func unpackDatabase(packed []byte, language string) (*database, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	// The last four bytes say how long the content is (RFC 1952 §2.3.1): a
	// hint, so that the buffer need not grow, and not believed beyond reason.
	size := min(int64(binary.LittleEndian.Uint32(packed[len(packed)-4:])), 8*int64(len(packed)))
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := data.ReadFrom(io.LimitReader(zip, maxFileBytes+1)); err != nil {
		return nil, fmt.Errorf("unpacking: %w", err)
	}
	if data.Len() > maxFileBytes {
		return nil, fmt.Errorf("unpacked it is larger than %d bytes", maxFileBytes)
	}
	return newDatabase(data.Bytes(), language)
}

// newDatabase reads a file's content, which it keeps.
func newDatabase(data []byte, language string) (db *database, err error) {
	defer func() {
		if recover() != nil {
			db, err = nil, errDamaged
		}
	}()
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("not a MaxMind DB file: %w", err)
	}
	db = &database{reader: reader, language: language}
	return db, db.probe()
}

var errDamaged = errors.New("the file is damaged")

// probeNetworks is how many networks probe looks at: enough to pass the ones
// at the beginning that nobody uses, quick enough not to be felt at start.
const probeNetworks = 4096

// probe finds the shape of the records from the first networks that have a
// place, and fails if there is none.
func (d *database) probe() error {
	starts := []netip.Addr{netip.IPv4Unspecified()}
	if d.reader.Metadata.IPVersion != 4 {
		starts = append(starts, netip.MustParseAddr("2000::"), netip.IPv6Unspecified())
	}
	for _, start := range starts {
		if d.probeFrom(start) {
			return nil
		}
	}
	return fmt.Errorf("it holds no countries or cities (its type is %q)", d.reader.Metadata.DatabaseType)
}

// probeFrom looks from address on and reports whether it found a place. The
// reader's own iterator would not end on a damaged tree.
func (d *database) probeFrom(address netip.Addr) (found bool) {
	last := ^uintptr(0)
	for range probeNetworks {
		result := d.reader.Lookup(address)
		if result.Err() != nil {
			break
		}
		if offset := result.Offset(); result.Found() && offset != last {
			last = offset
			place := d.decode(result, d.flat)
			if place == (Place{}) && !found {
				if place = d.decode(result, !d.flat); place != (Place{}) {
					d.flat = !d.flat
				}
			}
			found = found || place != (Place{})
			if d.cities = place.City != ""; d.cities {
				break
			}
		}
		address = after(result.Prefix())
		if !address.IsValid() {
			break
		}
	}
	return found
}

// after is the first address behind a network; not valid if there is none.
func after(network netip.Prefix) netip.Addr {
	last := network.Addr().AsSlice()
	for bit := network.Bits(); bit < len(last)*8; bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	address, _ := netip.AddrFromSlice(last)
	return address.Next()
}

// lookup finds the place of a public address that is not mapped.
func (d *database) lookup(address netip.Addr) (place Place) {
	if d.reader == nil || address.Is6() && d.reader.Metadata.IPVersion == 4 {
		return Place{}
	}
	// Fuzzing found no panic in the reader, but a damaged file may cost a
	// place and never the program.
	defer func() {
		if recover() != nil {
			place = Place{}
		}
	}()
	result := d.reader.Lookup(address)
	if !result.Found() {
		return Place{}
	}
	offset := result.Offset()
	// Records are some tens of bytes long: Fibonacci hashing spreads them.
	slot := &d.cache[uint32(offset)*2654435769>>(32-cacheBits)]
	if cached := slot.Load(); cached != nil && cached.offset == offset {
		return cached.place
	}
	place = d.decode(result, d.flat)
	slot.Store(&cachedPlace{offset, place})
	return place
}

// decode reads a record; the zero Place if it is of another shape.
func (d *database) decode(result maxminddb.Result, flat bool) Place {
	var place Place
	if flat {
		record := map[string]any{}
		if result.Decode(&record) != nil {
			return Place{}
		}
		place = flatPlace(record)
	} else {
		// The record of a city file is that of a country file and more.
		var record geoip2.City
		if result.Decode(&record) != nil {
			return Place{}
		}
		place = nestedPlace(&record, d.language)
	}
	place.tidy()
	return place
}

// nestedPlace reads MaxMind's own records. The country is where the address
// is used, never the one where it was registered: those differ for networks
// that span the world, and unknown is nearer to the truth then.
func nestedPlace(r *geoip2.City, language string) Place {
	place := Place{
		Country:     r.Country.ISOCode,
		CountryName: nameIn(language, &r.Country.Names),
		City:        nameIn(language, &r.City.Names),
		PostalCode:  r.Postal.Code,
	}
	if r.Location.HasCoordinates() {
		place.Latitude, place.Longitude = *r.Location.Latitude, *r.Location.Longitude
	}
	if len(r.Subdivisions) > 0 {
		place.Region = nameIn(language, &r.Subdivisions[0].Names)
	}
	return place
}

// nameIn picks a name by MaxMind's locale code, else the English one.
func nameIn(language string, names *geoip2.Names) string {
	name := ""
	switch language {
	case "de":
		name = names.German
	case "es":
		name = names.Spanish
	case "fr":
		name = names.French
	case "ja":
		name = names.Japanese
	case "pt-BR":
		name = names.BrazilianPortuguese
	case "ru":
		name = names.Russian
	case "zh-CN":
		name = names.SimplifiedChinese
	}
	return cmp.Or(name, names.English)
}

// flatPlace reads records of one level, by the names that their makers use:
// ip-location-db (country_code, state1, postcode), IPinfo (country, region,
// postal_code, lat, lng), IP2Location (country_long).
func flatPlace(r map[string]any) Place {
	text := func(keys ...string) string {
		for _, key := range keys {
			if s, ok := r[key].(string); ok && s != "" && s != "-" {
				return s
			}
		}
		return ""
	}
	degrees := func(keys ...string) float64 {
		for _, key := range keys {
			switch v := r[key].(type) {
			case float64:
				return v
			case float32:
				return float64(v)
			case string:
				if f, err := strconv.ParseFloat(v, 64); err == nil {
					return f
				}
			}
		}
		return 0
	}
	return Place{
		Country:     text("country_code", "country_short", "country_iso_code", "country"),
		CountryName: text("country_name", "country_long"),
		Region:      text("state1", "region", "region_name", "state", "subdivision"),
		City:        text("city", "city_name"),
		PostalCode:  text("postcode", "postal_code", "postal", "zip_code", "zip"),
		Latitude:    degrees("latitude", "lat"),
		Longitude:   degrees("longitude", "lng", "lon"),
	}
}

// maxNameBytes bounds every name.
const maxNameBytes = 128

// tidy makes a place that can be stored: a country that there is, names
// that are text, a point on the globe. Latitude and longitude 0, in the sea
// off Africa, is how files without a point look.
func (p *Place) tidy() {
	p.Country = strings.ToUpper(p.Country)
	name, known := countryNames[p.Country]
	if !known {
		p.Country, p.CountryName = "", ""
	} else if p.CountryName == "" {
		p.CountryName = name
	}
	for _, s := range []*string{&p.CountryName, &p.Region, &p.City, &p.PostalCode} {
		*s = tidyName(*s)
	}
	p.HasPoint = (p.Latitude != 0 || p.Longitude != 0) &&
		math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180
	if !p.HasPoint {
		p.Latitude, p.Longitude = 0, 0
	}
}

func tidyName(s string) string {
	if len(s) > maxNameBytes {
		s = s[:maxNameBytes]
	}
	s = strings.ToValidUTF8(s, "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s))
}

func (d *database) info() Info {
	if d.reader == nil {
		return Info{}
	}
	return Info{
		Type:   d.reader.Metadata.DatabaseType,
		Built:  time.Unix(int64(d.reader.Metadata.BuildEpoch), 0).UTC(),
		Cities: d.cities,
	}
}
