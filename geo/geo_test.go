package geo

import (
	"bytes"
	"compress/gzip"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// The networks of these files are real in kind, the places are made up.
type network struct {
	prefix string
	record mmdbtype.Map
}

func names(pairs ...string) mmdbtype.Map {
	m := mmdbtype.Map{}
	for i := 0; i < len(pairs); i += 2 {
		m[mmdbtype.String(pairs[i])] = mmdbtype.String(pairs[i+1])
	}
	return mmdbtype.Map{"names": m}
}

func merge(maps ...mmdbtype.Map) mmdbtype.Map {
	all := mmdbtype.Map{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

var cityNetworks = []network{
	{"81.2.69.0/24", mmdbtype.Map{
		"country":      merge(names("en", "United Kingdom", "de", "Vereinigtes Königreich"), mmdbtype.Map{"iso_code": mmdbtype.String("GB")}),
		"city":         names("en", "London", "zh-CN", "伦敦"),
		"postal":       mmdbtype.Map{"code": mmdbtype.String("OX1")},
		"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(51.5142), "longitude": mmdbtype.Float64(-0.0931)},
		"subdivisions": mmdbtype.Slice{names("en", "England", "zh-CN", "英格兰"), names("en", "Greater London")},
	}},
	{"2001:218::/32", mmdbtype.Map{
		"country":  mmdbtype.Map{"iso_code": mmdbtype.String("JP")},
		"location": mmdbtype.Map{"latitude": mmdbtype.Float64(35.68), "longitude": mmdbtype.Float64(139.69)},
	}},
	// Registered somewhere, used everywhere.
	{"1.1.1.0/24", mmdbtype.Map{"registered_country": mmdbtype.Map{"iso_code": mmdbtype.String("AU")}}},
}

var countryNetworks = []network{
	{"81.2.69.0/24", mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("GB")}}},
	{"2a02::/16", mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("DE")}}},
}

var flatCountryNetworks = []network{
	{"81.2.69.0/24", mmdbtype.Map{"country_code": mmdbtype.String("GB")}},
	{"81.2.70.0/24", mmdbtype.Map{"country_code": mmdbtype.String("EU")}}, // not a country
	{"2a02::/16", mmdbtype.Map{"country_code": mmdbtype.String("de")}},
}

var flatCityNetworks = []network{
	{"81.2.69.0/24", mmdbtype.Map{
		"city": mmdbtype.String("London"), "country_code": mmdbtype.String("GB"),
		"latitude": mmdbtype.Float32(51.5), "longitude": mmdbtype.Float32(-0.125),
		"postcode": mmdbtype.String("OX1"), "state1": mmdbtype.String("England"), "state2": mmdbtype.String("Greater London"),
	}},
	{"81.2.70.0/24", mmdbtype.Map{ // as IPinfo has it
		"city": mmdbtype.String("Oxford"), "country": mmdbtype.String("GB"), "region": mmdbtype.String("England"),
		"lat": mmdbtype.String("51.75"), "lng": mmdbtype.String("-1.25"), "postal_code": mmdbtype.String("OX2"),
	}},
	{"81.2.71.0/24", mmdbtype.Map{
		"city": mmdbtype.String("bad\x00\xffname " + strings.Repeat("x", 500)), "country_code": mmdbtype.String("GB"),
		"latitude": mmdbtype.Float32(91), "longitude": mmdbtype.Float32(0),
	}},
}

func mmdb(t testing.TB, kind string, ipVersion int, networks []network) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: kind, IPVersion: ipVersion, BuildEpoch: 1_750_000_000,
		RecordSize: 24, IncludeReservedNetworks: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks {
		_, prefix, err := net.ParseCIDR(n.prefix)
		if err != nil {
			t.Fatal(err)
		}
		if ipVersion == 4 && prefix.IP.To4() == nil {
			continue
		}
		if err := tree.Insert(prefix, n.record); err != nil {
			t.Fatal(err)
		}
	}
	var file bytes.Buffer
	if _, err := tree.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func tempFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, data []byte, options Options) *Locator {
	t.Helper()
	l, err := Open(tempFile(t, data), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestLookup(t *testing.T) {
	london := Place{Country: "GB", CountryName: "United Kingdom", Region: "England", City: "London",
		PostalCode: "OX1", Latitude: 51.5142, Longitude: -0.0931, HasPoint: true}
	chinese := london
	chinese.Region, chinese.City = "英格兰", "伦敦"
	britain := Place{Country: "GB", CountryName: "United Kingdom"}
	germany := Place{Country: "DE", CountryName: "Germany"}
	longName := "badname " + strings.Repeat("x", 118)

	for _, test := range []struct {
		name    string
		file    []byte
		options Options
		want    map[string]Place
	}{
		{"city", mmdb(t, "GeoLite2-City", 6, cityNetworks), Options{}, map[string]Place{
			"81.2.69.142":          london,
			"::ffff:81.2.69.142":   london,
			"81.2.70.1":            {},
			"2001:218:85a3::8a2e":  {Country: "JP", CountryName: "Japan", Latitude: 35.68, Longitude: 139.69, HasPoint: true},
			"2001:218::1%eth0":     {Country: "JP", CountryName: "Japan", Latitude: 35.68, Longitude: 139.69, HasPoint: true},
			"2001:db9::1":          {},
			"1.1.1.1":              {},
			"2002:5102:458e::1234": london, // 6to4 holds an IPv4 address, which the file knows
		}},
		{"city, language", mmdb(t, "GeoLite2-City", 6, cityNetworks), Options{Language: "zh-CN"}, map[string]Place{
			"81.2.69.142": chinese,
		}},
		{"city, unknown type name", mmdb(t, "Our-Own-Places", 6, cityNetworks), Options{}, map[string]Place{
			"81.2.69.142": london,
		}},
		{"city, IPv4 only", mmdb(t, "GeoLite2-City", 4, cityNetworks), Options{}, map[string]Place{
			"81.2.69.142":        london,
			"::ffff:81.2.69.142": london,
			"2001:218::1":        {},
		}},
		{"city, gzipped", gzipped(t, mmdb(t, "GeoLite2-City", 6, cityNetworks)), Options{}, map[string]Place{
			"81.2.69.142": london,
		}},
		{"country", mmdb(t, "GeoLite2-Country", 6, countryNetworks), Options{}, map[string]Place{
			"81.2.69.142": britain,
			"2a02:8071::": germany,
			"9.9.9.9":     {},
		}},
		{"country, IPv6 networks only", mmdb(t, "GeoLite2-Country", 6, countryNetworks[1:]), Options{}, map[string]Place{
			"2a02:8071::": germany,
		}},
		{"flat country", mmdb(t, "country ipvAll", 6, flatCountryNetworks), Options{}, map[string]Place{
			"81.2.69.142": britain,
			"81.2.70.1":   {},
			"2a02:8071::": germany,
		}},
		{"flat city", mmdb(t, "city ipvAll", 6, flatCityNetworks), Options{}, map[string]Place{
			"81.2.69.142": {Country: "GB", CountryName: "United Kingdom", Region: "England", City: "London",
				PostalCode: "OX1", Latitude: 51.5, Longitude: -0.125, HasPoint: true},
			"81.2.70.1": {Country: "GB", CountryName: "United Kingdom", Region: "England", City: "Oxford",
				PostalCode: "OX2", Latitude: 51.75, Longitude: -1.25, HasPoint: true},
			"81.2.71.1": {Country: "GB", CountryName: "United Kingdom", City: longName},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := open(t, test.file, test.options)
			for address, want := range test.want {
				for range 2 { // decoded, then from the cache
					if got := l.Lookup(netip.MustParseAddr(address)); got != want {
						t.Errorf("Lookup(%s)\n got %+v\nwant %+v", address, got, want)
					}
				}
			}
		})
	}
}

// A file may well say where 10.0.0.0/8 is; nobody's visitors are there.
func TestLookupPrivate(t *testing.T) {
	everywhere := mmdbtype.Map{"country_code": mmdbtype.String("DE")}
	l := open(t, mmdb(t, "country", 6, []network{{"0.0.0.0/0", everywhere}, {"::/0", everywhere}}), Options{})
	for address, want := range map[string]string{
		"9.9.9.9": "DE", "2a02::1": "DE",
		"127.0.0.1": "", "10.1.2.3": "", "172.16.0.1": "", "192.168.1.1": "", "169.254.0.1": "",
		"::ffff:10.1.2.3": "", "0.0.0.0": "", "255.255.255.255": "", "224.0.0.1": "",
		"::": "", "::1": "", "fe80::1%eth0": "", "fd00::1": "", "ff02::1": "",
	} {
		if got := l.Lookup(netip.MustParseAddr(address)).Country; got != want {
			t.Errorf("Lookup(%s) = %q, want %q", address, got, want)
		}
	}
	if got := l.Lookup(netip.Addr{}); got != (Place{}) {
		t.Errorf("Lookup of no address = %+v", got)
	}
}

// The cache has fewer slots than this file has records.
func TestLookupManyRecords(t *testing.T) {
	var networks []network
	for i := range 3 * cacheSlots {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{81, byte(i >> 8), byte(i), 0}), 24)
		networks = append(networks, network{prefix.String(), mmdbtype.Map{
			"country_code": mmdbtype.String("GB"), "city": mmdbtype.String(prefix.String()),
		}})
	}
	l := open(t, mmdb(t, "city", 6, networks), Options{})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range networks {
				prefix := netip.MustParsePrefix(networks[i].prefix)
				if got := l.Lookup(prefix.Addr()).City; got != networks[i].prefix {
					t.Errorf("Lookup(%s).City = %q", prefix.Addr(), got)
				}
			}
		})
	}
	wait.Wait()
}

func TestOpenErrors(t *testing.T) {
	whole := mmdb(t, "GeoLite2-City", 6, cityNetworks)
	packed := gzipped(t, whole)
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "not a MaxMind DB file", nil},
		{"something else", "not a MaxMind DB file", []byte("<html>Please sign in</html>")},
		{"truncated", "not a MaxMind DB file", whole[:len(whole)*2/3]},
		{"without its tree", "not a MaxMind DB file", whole[len(whole)-200:]},
		{"truncated gzip", "unpacking", packed[:len(packed)/2]},
		{"two bytes of gzip", "EOF", packed[:2]},
		{"gzip of something else", "not a MaxMind DB file", gzipped(t, []byte("tar"))},
		{"networks without places", `no countries or cities (its type is "GeoLite2-ASN")`, mmdb(t, "GeoLite2-ASN", 6,
			[]network{{"81.2.69.0/24", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(20712)}}})},
		{"no networks", "no countries or cities", mmdb(t, "GeoLite2-City", 6, nil)},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := tempFile(t, test.data)
			_, err := Open(path, Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error with %q and the path", err, test.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil {
		t.Error("a folder was opened")
	}
}

func TestInfoAndClose(t *testing.T) {
	l := open(t, mmdb(t, "GeoLite2-City", 6, cityNetworks), Options{})
	want := Info{Path: l.path, Type: "GeoLite2-City", Built: time.Unix(1_750_000_000, 0).UTC(), Cities: true}
	if got := l.Info(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := l.Info().String(), "GeoLite2-City of 2025-06-15, cities, from "+l.path; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	l.Close()
	if got := l.Lookup(netip.MustParseAddr("81.2.69.142")); got != (Place{}) {
		t.Errorf("closed, still found %+v", got)
	}
	if got := open(t, mmdb(t, "GeoLite2-Country", 6, countryNetworks), Options{}).Info(); got.Cities {
		t.Errorf("a country file claims cities: %+v", got)
	}
}

func TestBuiltinMissing(t *testing.T) {
	notice := fstest.MapFS{"builtin/NOTICE": {Data: []byte("…")}}
	if _, err := builtinPacked(notice); err != ErrNoBuiltin {
		t.Errorf("got %v, want ErrNoBuiltin", err)
	}
}

func TestBuiltinDamaged(t *testing.T) {
	var log logBuffer
	l := newBuiltin([]byte("damaged"))
	l.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	for range 2 {
		if got := l.Lookup(netip.MustParseAddr("9.9.9.9")); got != (Place{}) {
			t.Errorf("got %+v", got)
		}
	}
	if strings.Count(log.String(), "unusable") != 1 {
		t.Errorf("want one line, got %q", log.String())
	}
}

func TestBuiltinConcurrent(t *testing.T) {
	l := newBuiltin(gzipped(t, mmdb(t, "country", 6, flatCountryNetworks)))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := l.Lookup(netip.MustParseAddr("81.2.69.1")).Country; got != "GB" {
				t.Errorf("got %q", got)
			}
		})
	}
	wait.Wait()
	if info := l.Info(); !info.Builtin || info.Path != "" || info.Type != "country" ||
		info.String() != "country of 2025-06-15, countries, built in" {
		t.Errorf("got %+v", info)
	}
	l.Close()
	if got := l.Lookup(netip.MustParseAddr("81.2.69.1")); got != (Place{}) {
		t.Errorf("closed, still found %+v", got)
	}
}

// Addresses of the registries themselves, which stay where they are.
func TestBuiltin(t *testing.T) {
	l, err := Builtin()
	if packed, _ := builtinPacked(builtinFiles); packed == nil {
		if err != ErrNoBuiltin {
			t.Fatalf("without a database: %v, want ErrNoBuiltin", err)
		}
		t.Log("no database is built in; `make build` does it")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"193.0.6.139":       "NL", // RIPE NCC
		"2001:67c:2e8::1":   "NL",
		"202.12.29.175":     "AU", // APNIC
		"2001:dd8:9::1":     "AU",
		"200.3.14.184":      "UY", // LACNIC
		"2001:13c7:7002::1": "UY",
		"192.149.252.76":    "US", // ARIN
		"202.38.64.1":       "CN", // a university
		"127.0.0.1":         "",
	} {
		place := l.Lookup(netip.MustParseAddr(address))
		if place.Country != want || place.CountryName != countryNames[want] {
			t.Errorf("Lookup(%s) = %+v, want %q", address, place, want)
		}
	}
	if info := l.Info(); info.Cities || info.Built.Year() < 2024 {
		t.Errorf("got %+v", info)
	}
}

func TestCountryNames(t *testing.T) {
	if len(countryNames) != 250 { // ISO 3166-1 has 249
		t.Errorf("%d countries", len(countryNames))
	}
	for code, name := range countryNames {
		if len(code) != 2 || name == "" {
			t.Errorf("%q: %q", code, name)
		}
	}
}

// Every byte of a file damaged in turn: it is refused, or a place is wrong or
// missing, and that is all.
func TestDamaged(t *testing.T) {
	for _, whole := range [][]byte{
		mmdb(t, "GeoLite2-City", 6, cityNetworks),
		mmdb(t, "city", 4, flatCityNetworks),
	} {
		damaged := make([]byte, len(whole))
		for i, was := range whole {
			for _, is := range []byte{0, 0xff, ^was, was + 1, was ^ 0x20} {
				copy(damaged, whole)
				damaged[i] = is
				lookUpDamaged(t, damaged)
			}
			lookUpDamaged(t, whole[:i])
			lookUpDamaged(t, whole[i:])
		}
	}
}

func lookUpDamaged(t *testing.T, data []byte) {
	db, err := newDatabase(data, "en")
	if err != nil {
		return
	}
	for _, address := range []netip.Addr{
		netip.MustParseAddr("81.2.69.142"), netip.MustParseAddr("1.1.1.1"),
		netip.MustParseAddr("2001:218::1"), netip.MustParseAddr("255.255.255.254"),
	} {
		place := db.lookup(address)
		if place.Country != "" && countryNames[place.Country] == "" {
			t.Errorf("no country: %+v", place)
		}
		if len(place.City) > maxNameBytes || len(place.Region) > maxNameBytes {
			t.Errorf("too long: %+v", place)
		}
	}
}

func FuzzDatabase(f *testing.F) {
	f.Add(mmdb(f, "GeoLite2-City", 6, cityNetworks))
	f.Add(mmdb(f, "GeoLite2-City", 4, cityNetworks))
	f.Add(mmdb(f, "country", 6, flatCountryNetworks))
	f.Add(mmdb(f, "city", 6, flatCityNetworks))
	f.Fuzz(lookUpDamaged)
}

func BenchmarkLookup(b *testing.B) {
	var networks []network
	languages := []string{"de", "Ort", "en", "Place", "es", "Lugar", "fr", "Lieu", "ja", "場所", "pt-BR", "Lugar", "ru", "Место", "zh-CN", "地方"}
	for i := range 4 * cacheSlots {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{81, byte(i >> 8), byte(i), 0}), 24)
		networks = append(networks, network{prefix.String(), mmdbtype.Map{
			"country":      merge(names(languages...), mmdbtype.Map{"iso_code": mmdbtype.String("GB")}),
			"city":         names(languages...),
			"continent":    names(languages...),
			"location":     mmdbtype.Map{"latitude": mmdbtype.Float64(i), "longitude": mmdbtype.Float64(1)},
			"subdivisions": mmdbtype.Slice{names(languages...)},
		}})
	}
	l := open(b, mmdb(b, "GeoLite2-City", 6, networks), Options{})
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Lookup(netip.AddrFrom4([4]byte{81, 1, 1, 1}))
		}
	})
	b.Run("always another", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			l.Lookup(netip.AddrFrom4([4]byte{81, byte(i >> 8 & 0x3f), byte(i), 1}))
		}
	})
}

func BenchmarkBuiltinFirstLookup(b *testing.B) {
	packed, err := builtinPacked(builtinFiles)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		newBuiltin(packed).Lookup(netip.MustParseAddr("9.9.9.9"))
	}
}
