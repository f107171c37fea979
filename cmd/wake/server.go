package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"sync"
	"time"

	"wake/api"
	"wake/bayeux"
	"wake/store"
	"wake/tracker"
	"wake/tracker/ahoy"
	"wake/tracker/beacon"
	"wake/tracker/device"
	"wake/tracker/wire"
	"wake/web"
)

// server is the parts of a running Wake, wired.
type server struct {
	cfg     config
	store   store.Store
	sites   *tracker.Registry
	batcher *store.Batcher
	keys    *api.Keys
	hub     *bayeux.Server
	places  places
	http    *http.Server
	pings   pings
}

// newServer wires the parts. It starts nothing but the batcher's writer.
func newServer(ctx context.Context, cfg config, st store.Store, at places) (*server, error) {
	s := &server{cfg: cfg, store: st, places: at}
	s.sites = tracker.NewRegistry(st.Sites, cfg.Log)
	if err := s.sites.Reload(ctx); err != nil {
		return nil, err
	}
	s.keys = api.NewKeys(st.Keys)
	var err error
	if s.hub, err = newHub(ctx, cfg, s.keys); err != nil {
		return nil, err
	}
	writers := 1
	if cfg.DatabaseURL != "" { // PostgreSQL works on one batch while the next is encoded
		writers = 2
	}
	s.batcher = store.NewBatcher(st, store.BatcherConfig{Hold: cfg.Hold, Writers: writers, Log: cfg.Log})
	patient := store.Patient{Visits: st, Salts: st, Hold: cfg.Hold}
	parts := tracker.Parts{
		Sites: s.sites, Visits: patient, Salts: patient,
		Places: at, Devices: devices{device.New(devicesKept)}, Sources: sources{},
		Sink: s.batcher,
	}
	if cfg.RateLimit > 0 {
		parts.Limiter = tracker.NewTokenBuckets(cfg.RateLimit, cfg.RateBurst, time.Now)
	}
	collector := tracker.NewCollector(parts)
	s.http = &http.Server{
		Handler:           s.routes(collector),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// routes says what is where.
func (s *server) routes(collector *tracker.Collector) http.Handler {
	wake := beacon.Options{Proxies: s.cfg.TrustedProxies, Log: s.cfg.Log}
	hits := beacon.New(collector, wake)
	options := s.cfg.Ahoy
	options.Proxies, options.Cookieless, options.Log = s.cfg.TrustedProxies, s.cookieless, s.cfg.Log
	ahoys := ahoy.New(collector, options)
	rest := api.New(api.Config{
		Visits: s.store, Keys: s.keys, Sites: s.sites,
		Hits: beacon.NewBatch(collector, wake).For, Log: s.cfg.Log,
	})

	mux := http.NewServeMux()
	for _, prefix := range []string{"", "/s/{site}"} {
		mux.HandleFunc(prefix+s.cfg.HitPath, hits.Hit)
		mux.HandleFunc(prefix+path.Join(path.Dir(s.cfg.HitPath), "pixel.gif"), hits.Pixel)
		mux.Handle(prefix+s.cfg.AhoyPath+"/", ahoys)
	}
	mountHub(mux, s.hub)
	mux.Handle("/api/", rest)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { wire.Fail(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", metricsHandler(newMetrics(collector, s.batcher, s.hub), s.cfg.MetricsToken))
	mux.Handle("/", web.Handler(web.Config{
		ScriptName: s.cfg.ScriptName, HitPath: s.cfg.HitPath, Demo: s.cfg.Demo, DemoSite: s.demoSite,
	}))
	return mux
}

// background is what runs beside the requests until the server stops.
func (s *server) background() []func(context.Context) {
	all := []func(context.Context){
		func(ctx context.Context) { s.sites.Run(ctx, 2*time.Second) },
		func(ctx context.Context) { chores(ctx, s.store, s.sites.Sites, s.cfg.Log) },
	}
	if s.places.Locator != nil {
		all = append(all, func(ctx context.Context) {
			if err := s.places.Watch(ctx); err != nil && ctx.Err() == nil {
				s.cfg.Log.Error("the place database is watched no longer", "err", err)
			}
		})
	}
	return all
}

// stop lets no more requests in and waits for those under way. Polls that the
// hub holds would be under way for long, so it answers them first.
func (s *server) stop(ctx context.Context) error {
	var hub error
	done := make(chan struct{})
	go func() { defer close(done); hub = s.hub.Shutdown(ctx) }()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.cfg.Log.Warn("some clients did not finish in time, their connections are closed", "waited", s.cfg.StopWait)
		err = s.http.Close()
	}
	<-done
	return errors.Join(err, hub)
}

// ready is 200 when the store can be written to, else 503.
func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.pings.ping(r.Context(), s.store.Ping); err != nil {
		s.cfg.Log.Warn("not ready", "err", err)
		w.Header().Set("Retry-After", "2")
		wire.Fail(w, http.StatusServiceUnavailable, "the store does not answer")
		return
	}
	wire.Fail(w, http.StatusOK, "ready")
}

// pings asks the store at most every pingEvery, however often strangers ask
// the server: with SQLite a ping takes the write lock, which commits need.
type pings struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

const (
	pingEvery = 250 * time.Millisecond
	pingWait  = 2 * time.Second
)

func (p *pings) ping(ctx context.Context, ping func(context.Context) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() || time.Since(p.at) >= pingEvery {
		// The answer is for all who wait, so one who leaves does not break it off.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingWait)
		defer cancel()
		p.err = ping(ctx)
		p.at = time.Now()
	}
	return p.err
}

// cookieless reports whether the owner of a site wants no cookies.
func (s *server) cookieless(siteKey, host string) bool {
	site, ok := s.sites.SiteByHost(host)
	if siteKey != "" {
		site, ok = s.sites.SiteByKey(siteKey)
	}
	return ok && site.Settings.Cookieless
}

// demoSite is the key of the site that the demo shop reports to.
func (s *server) demoSite(host string) string {
	if site, ok := s.sites.SiteByHost(host); ok {
		return site.Key
	}
	return ""
}
