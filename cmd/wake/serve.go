package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"wake/store"
	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/wire"
)

// config is what `wake serve` was told.
type config struct {
	Listen         string
	Data           string
	DatabaseURL    string
	GeoDB          string
	TrustedProxies wire.Proxies
	ScriptName     string
	HitPath        string
	AhoyPath       string
	Ahoy           ahoy.Options // as far as flags say
	Hub            hubConfig
	RateLimit      float64 // events a second for an address on a site; 0: no limit
	RateBurst      float64
	Hold           time.Duration
	StopWait       time.Duration
	MetricsToken   string
	Demo           bool
	Log            *slog.Logger
	Ready          func(addr net.Addr) // called when requests are answered
}

func serveCommand() *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: "collect hits and answer questions",
		Flags: append(slices.Concat(storeFlags(), logFlags(), hubFlags()),
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "address and port to listen on", Sources: env("listen")},
			&cli.StringFlag{Name: "geo-db", Usage: "MaxMind-format city or country file, reloaded when it is replaced (default: the built-in countries)", Sources: env("geo-db")},
			&cli.StringSliceFlag{Name: "trusted-proxy", Usage: "address or range whose X-Forwarded-For is believed, or \"loopback\" or \"private\" (repeatable)", Sources: env("trusted-proxy")},
			&cli.StringFlag{Name: "script-name", Value: "wake.js", Usage: "name under which the beacon is served", Sources: env("script-name")},
			&cli.StringFlag{Name: "hit-path", Value: "/wake/hit", Usage: "path to which the beacon sends; the pixel is pixel.gif beside it", Sources: env("hit-path")},
			&cli.StringFlag{Name: "ahoy-path", Value: "/ahoy", Usage: "path below which ahoy.js is served", Sources: env("ahoy-path")},
			&cli.StringFlag{Name: "ahoy-cookie-domain", Usage: "domain of the cookies that Ahoy's endpoints set (default: the host alone)", Sources: env("ahoy-cookie-domain")},
			&cli.BoolFlag{Name: "ahoy-cookie-secure", Usage: "these cookies are sent over HTTPS only", Sources: env("ahoy-cookie-secure")},
			&cli.BoolFlag{Name: "ahoy-keep-visit", Usage: "renew the visit cookie with every request, not with visits only", Sources: env("ahoy-keep-visit")},
			&cli.BoolFlag{Name: "ahoy-trust-cookies", Usage: "take tokens from cookies too, and ask for none (Ahoy's protect_from_forgery = false)", Sources: env("ahoy-trust-cookies")},
			&cli.FloatFlag{Name: "rate-limit", Value: 100, Usage: "events a second that one address may send to one site, 0 for no limit", Sources: env("rate-limit")},
			&cli.FloatFlag{Name: "rate-burst", Value: 1000, Usage: "events that it may send at once", Sources: env("rate-burst")},
			&cli.DurationFlag{Name: "hold", Value: 5 * time.Second, Usage: "how long a hit waits for a database that is away", Sources: env("hold")},
			&cli.DurationFlag{Name: "stop-wait", Value: 10 * time.Second, Usage: "how long a stop may take", Sources: env("stop-wait")},
			&cli.StringFlag{Name: "metrics-token", Usage: "bearer token that /metrics asks for (default: none needed)", Sources: secretEnv("metrics-token")},
			&cli.BoolFlag{Name: "demo", Usage: "serve the demo shop at /demo", Sources: env("demo")},
		),
		Action: func(ctx context.Context, c *cli.Command) error {
			cfg, err := newConfig(c)
			if err != nil {
				return err
			}
			return serve(ctx, cfg)
		},
	}
}

func newConfig(c *cli.Command) (config, error) {
	log, err := newLogger(c.String("log-level"), c.String("log-format"))
	if err != nil {
		return config{}, err
	}
	proxies, err := wire.ParseProxies(c.StringSlice("trusted-proxy"))
	if err != nil {
		return config{}, fmt.Errorf("--trusted-proxy: %w", err)
	}
	cfg := config{
		Listen: c.String("listen"), Data: c.String("data"), DatabaseURL: c.String("database-url"),
		GeoDB: c.String("geo-db"), TrustedProxies: proxies,
		ScriptName: c.String("script-name"), HitPath: c.String("hit-path"), AhoyPath: c.String("ahoy-path"),
		RateLimit: c.Float("rate-limit"), RateBurst: c.Float("rate-burst"),
		Hold: c.Duration("hold"), StopWait: c.Duration("stop-wait"),
		Ahoy: ahoy.Options{
			CookieDomain:  c.String("ahoy-cookie-domain"),
			CookieOptions: ahoy.CookieOptions{Secure: c.Bool("ahoy-cookie-secure")},
			KeepVisit:     c.Bool("ahoy-keep-visit"), IgnoreForgery: c.Bool("ahoy-trust-cookies"),
		},
		MetricsToken: c.String("metrics-token"), Demo: c.Bool("demo"), Log: log,
	}
	if cfg.Hub, err = newHubConfig(c); err != nil {
		return cfg, err
	}
	cfg.Ready = func(addr net.Addr) { welcome(cfg, addr) }
	switch {
	case !cleanPath("/"+cfg.ScriptName) || strings.Contains(cfg.ScriptName, "/") || !strings.HasSuffix(cfg.ScriptName, ".js"):
		return cfg, errors.New("--script-name: a file name that ends in .js")
	case !cleanPath(cfg.HitPath) || !cleanPath(cfg.AhoyPath):
		return cfg, errors.New("--hit-path and --ahoy-path: a path such as /wake/hit")
	case strings.HasSuffix(cfg.HitPath, ".gif"):
		return cfg, errors.New("--hit-path: the pixel has such a name")
	case cfg.RateLimit < 0 || cfg.RateBurst < 0 || cfg.Hold <= 0 || cfg.StopWait <= 0:
		return cfg, errors.New("--rate-limit, --rate-burst, --hold and --stop-wait are not negative")
	}
	return cfg, nil
}

func cleanPath(p string) bool {
	return len(p) > 1 && p[0] == '/' && !strings.HasSuffix(p, "/") && !strings.ContainsAny(p, " {}?#%") && !strings.Contains(p, "//")
}

// welcome tells the person at the terminal where to look.
func welcome(cfg config, addr net.Addr) {
	host, port, _ := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	url := "http://" + net.JoinHostPort(host, port)
	fmt.Fprintf(os.Stderr, "\n  Wake is running on %s/\n", url)
	if cfg.Demo {
		fmt.Fprintf(os.Stderr, "  Click around in the demo shop: %s/demo/\n", url)
	}
	fmt.Fprintf(os.Stderr, "  See what came in: make a key with `bin/wake key add --scope read`, then\n  curl -H 'Authorization: Bearer KEY' %s/api/v1/visits\n\n", url)
}

// serve runs the server until ctx ends, then stops in order: no new
// connections, answer what is under way, flush, close.
func serve(ctx context.Context, cfg config) error {
	began := time.Now()
	st, err := openStore(ctx, cfg.Data, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		return fmt.Errorf("bringing the database up to date: %w", err)
	}
	if err := st.Prepare(ctx, time.Now()); err != nil {
		return err
	}
	if err := firstSites(ctx, st, cfg.Demo); err != nil {
		return err
	}

	places, err := openPlaces(cfg)
	if err != nil {
		return err
	}
	defer places.Close()

	srv, err := newServer(ctx, cfg, st, places)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}

	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	for _, run := range srv.background() {
		wg.Go(func() { run(background) })
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.http.Serve(ln) }()
	cfg.Log.Info("serving", "listen", ln.Addr().String(), "store", storeName(cfg), "version", version, "took", time.Since(began).Round(time.Millisecond))
	if cfg.Ready != nil {
		cfg.Ready(ln.Addr())
	}

	select {
	case err = <-failed:
	case <-ctx.Done():
		cfg.Log.Info("stopping")
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.StopWait)
		err = srv.stop(stop)
		cancel()
	}
	srv.batcher.Close()
	stopBackground()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	if err == nil {
		cfg.Log.Info("stopped, everything is written")
	}
	return err
}

// firstSites makes a first start useful: a site that takes hits from any
// host, and one for the demo shop if no other would take its hits.
func firstSites(ctx context.Context, st store.Store, demo bool) error {
	sites, err := st.Sites(ctx)
	if err != nil {
		return err
	}
	site := tracker.Site{Key: tracker.NewSiteKey(), TimeZone: "UTC", CreatedAt: time.Now()}
	switch {
	case len(sites) == 0:
		site.Name = "My site"
	case demo && !slices.ContainsFunc(sites, func(s tracker.Site) bool { return s.AllowsHost("localhost") }):
		site.Name, site.Hosts = "Demo shop", []string{"localhost", "127.0.0.1"}
	default:
		return nil
	}
	_, err = st.AddSite(ctx, site)
	return err
}

func storeName(cfg config) string {
	if cfg.DatabaseURL != "" {
		return "postgresql"
	}
	return "sqlite"
}
