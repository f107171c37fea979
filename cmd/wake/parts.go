package main

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"wake/geo"
	"wake/store"
	"wake/store/postgres"
	"wake/store/sqlite"
	"wake/tracker"
	"wake/tracker/device"
	"wake/tracker/source"
)

// openStore opens the store that was named: PostgreSQL by its URL, else the
// embedded one in the folder.
func openStore(ctx context.Context, data, url string) (store.Store, error) {
	if url != "" {
		return postgres.Open(ctx, url)
	}
	return sqlite.Open(ctx, filepath.Join(data, "wake.db"))
}

// withStore runs f over the migrated store that the flags name.
func withStore(f func(ctx context.Context, c *cli.Command, st store.Store) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		st, err := openStore(ctx, c.String("data"), c.String("database-url"))
		if err != nil {
			return err
		}
		defer st.Close()
		if err := st.Migrate(ctx); err != nil {
			return err
		}
		return f(ctx, c, st)
	}
}

// openLocator opens the file, or the built-in countries.
func openLocator(file string, log *slog.Logger) (*geo.Locator, error) {
	if file == "" {
		return geo.Builtin()
	}
	return geo.Open(file, geo.Options{Logger: log})
}

// places is geo as the collector wants it. Without a database every address
// is nowhere, and the rest works.
type places struct{ *geo.Locator }

func (p places) Place(addr netip.Addr) tracker.Place {
	if p.Locator == nil {
		return tracker.Place{}
	}
	at := p.Lookup(addr)
	return tracker.Place{
		Country: at.Country, Region: at.Region, City: at.City, PostalCode: at.PostalCode,
		Latitude: at.Latitude, Longitude: at.Longitude, HasPoint: at.HasPoint,
	}
}

func (p places) Close() error {
	if p.Locator == nil {
		return nil
	}
	return p.Locator.Close()
}

// openPlaces opens the place database. A missing built-in one (a build
// without its npm package) is no reason not to start.
func openPlaces(cfg config) (places, error) {
	l, err := openLocator(cfg.GeoDB, cfg.Log)
	if err != nil && cfg.GeoDB != "" {
		return places{}, err
	}
	if err != nil {
		cfg.Log.Warn("going on without places", "err", err)
		return places{}, nil
	}
	return places{l}, nil
}

// devices is device as the collector wants it.
type devices struct{ *device.Detector }

// devicesKept is how many user agents' answers are remembered (some 500
// bytes each).
const devicesKept = 20_000

func (d devices) Device(userAgent string, h tracker.Hints) tracker.Device {
	is := d.Detect(userAgent, device.Hints(h))
	return tracker.Device{
		Browser: is.Browser, BrowserVersion: is.BrowserVersion, OS: is.OS, OSVersion: is.OSVersion,
		DeviceType: is.Type, DeviceBrand: is.Brand, DeviceModel: is.Model,
		Bot: is.BotReason, BotName: is.BotName,
	}
}

// sources is source as the collector wants it.
type sources struct{}

func (sources) Arrival(landing, referrer string, utm tracker.HitVisit, owns func(string) bool) tracker.Arrival {
	from := source.Classify(landing, referrer, source.UTM{
		Source: utm.UTMSource, Medium: utm.UTMMedium, Term: utm.UTMTerm,
		Content: utm.UTMContent, Campaign: utm.UTMCampaign,
	}, owns)
	return tracker.Arrival{
		LandingPage: landing, Referrer: from.Referrer, ReferringDomain: from.ReferringDomain,
		Source: from.Name, Channel: from.Channel, Keyword: from.Keyword,
		UTMSource: from.UTM.Source, UTMMedium: from.UTM.Medium, UTMTerm: from.UTM.Term,
		UTMContent: from.UTM.Content, UTMCampaign: from.UTM.Campaign,
		ClickID: from.ClickID, ClickIDKind: from.ClickIDKind,
	}
}

func (sources) Page(rawURL string, keepQuery bool) (host, path string) {
	return source.Page(rawURL, keepQuery)
}
