// collectserve is Wake's collector with what only a measurement wants: a store
// whose every commit takes -delay longer, and profiles on an address of
// their own. It is wired as `wake serve` is, without site limits, API,
// dashboard and hub.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" // on the default mux, which only -pprof serves
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"wake/geo"
	"wake/store"
	"wake/store/postgres"
	"wake/store/sqlite"
	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/beacon"
	"wake/tracker/device"
	"wake/tracker/source"
	"wake/tracker/wire"
)

var (
	listen  = flag.String("listen", "127.0.0.1:0", "address to listen on; the one taken is the last word printed")
	data    = flag.String("data", "", "folder of the SQLite file")
	dbURL   = flag.String("database-url", "", "PostgreSQL to use instead")
	delay   = flag.Duration("delay", 0, "how much longer each commit takes")
	nothing = flag.Bool("nothing", false, "write nothing: acknowledge each batch (after -delay)")
	prof    = flag.String("pprof", "", "address of the profiles (default: none)")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal("collectserve: ", err)
	}
}

// slow is a store whose commits take longer.
type slow struct {
	store.Writer
	delay   time.Duration
	skip    bool
	writing time.Duration // spent in Write; read when no more is written
}

func (s *slow) Write(ctx context.Context, batch []*tracker.Record) error {
	began := time.Now()
	defer func() { s.writing += time.Since(began) }()
	var err error
	if s.skip {
		for _, r := range batch {
			r.Result = tracker.Result{VisitID: r.Visit.ID, Created: true, New: make([]bool, len(r.Events))}
		}
	} else {
		err = s.Writer.Write(ctx, batch)
	}
	if s.delay > 0 {
		time.Sleep(s.delay)
	}
	return err
}

func run(ctx context.Context) error {
	st, err := open(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	if err := st.Prepare(ctx, time.Now()); err != nil {
		return err
	}
	sites := tracker.NewRegistry(st.Sites, slog.Default())
	if err := oneSite(ctx, st, sites); err != nil {
		return err
	}
	writer := &slow{Writer: st, delay: *delay, skip: *nothing}
	batcher := store.NewBatcher(writer, store.BatcherConfig{})
	defer func() {
		batcher.Close()
		s := batcher.Stats()
		fmt.Fprintf(os.Stderr, "commits=%d records=%d records_per_commit=%.1f ms_per_commit=%.2f refused=%d\n", s.Commits, s.Records,
			float64(s.Records)/float64(max(s.Commits, 1)), float64(writer.writing.Microseconds())/1e3/float64(max(s.Commits, 1)), s.Refused)
	}()
	locator, err := geo.Builtin()
	if err != nil {
		return err
	}
	defer locator.Close()
	collector := tracker.NewCollector(tracker.Parts{
		Sites: sites, Visits: st, Salts: st,
		Places: places{locator}, Devices: devices{device.New(20_000)}, Sources: sources{},
		Sink: batcher,
	})
	mux := http.NewServeMux()
	mux.HandleFunc("/wake/hit", beacon.New(collector, beacon.Options{}).Hit)
	mux.Handle("/ahoy/", ahoy.New(collector, ahoy.Options{Proxies: wire.Proxies{}}))
	if *prof != "" {
		go func() { log.Print(http.ListenAndServe(*prof, nil)) }()
	}
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	fmt.Println("listening on", ln.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return srv.Shutdown(context.WithoutCancel(ctx))
	}
}

func open(ctx context.Context) (store.Store, error) {
	switch {
	case *dbURL != "":
		return postgres.Open(ctx, *dbURL)
	case *data != "":
		return sqlite.Open(ctx, filepath.Join(*data, "wake.db"))
	}
	return nil, errors.New("say -data or -database-url")
}

// oneSite makes the site that takes hits from everywhere.
func oneSite(ctx context.Context, st store.Store, sites *tracker.Registry) error {
	all, err := st.Sites(ctx)
	if err == nil && len(all) == 0 {
		_, err = st.AddSite(ctx, tracker.Site{Key: tracker.NewSiteKey(), Name: "Bench", TimeZone: "UTC", CreatedAt: time.Now()})
	}
	if err != nil {
		return err
	}
	return sites.Reload(ctx)
}

// The parts as the collector wants them, like cmd/wake's.

type places struct{ *geo.Locator }

func (p places) Place(addr netip.Addr) tracker.Place {
	at := p.Lookup(addr)
	return tracker.Place{
		Country: at.Country, Region: at.Region, City: at.City, PostalCode: at.PostalCode,
		Latitude: at.Latitude, Longitude: at.Longitude, HasPoint: at.HasPoint,
	}
}

type devices struct{ *device.Detector }

func (d devices) Device(userAgent string, h tracker.Hints) tracker.Device {
	is := d.Detect(userAgent, device.Hints(h))
	return tracker.Device{
		Browser: is.Browser, BrowserVersion: is.BrowserVersion, OS: is.OS, OSVersion: is.OSVersion,
		DeviceType: is.Type, DeviceBrand: is.Brand, DeviceModel: is.Model,
		Bot: is.BotReason, BotName: is.BotName,
	}
}

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
