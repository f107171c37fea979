package tracker

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Registry is the Sites of a running server: all sites in memory, loaded
// again when they change. Lookups take no lock. Safe for concurrent use.
type Registry struct {
	load func(context.Context) ([]Site, error)
	log  *slog.Logger
	now  atomic.Pointer[siteIndex]

	mu     sync.Mutex // one load at a time
	loaded time.Time
}

type siteIndex struct {
	byKey    map[string]*Site
	byHost   map[string]*Site
	patterns []*Site // sites with "*." hosts
	anyHost  *Site   // the first site that lets any host in
	all      []Site
}

// missEvery bounds how often unknown keys may ask the store.
const missEvery = time.Second

// NewRegistry is a Registry over load; call Reload before use.
func NewRegistry(load func(context.Context) ([]Site, error), log *slog.Logger) *Registry {
	r := &Registry{load: load, log: log}
	r.now.Store(&siteIndex{})
	return r
}

// Reload loads the sites now.
func (r *Registry) Reload(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reload(ctx)
}

func (r *Registry) reload(ctx context.Context) error {
	r.loaded = time.Now()
	sites, err := r.load(ctx)
	if err != nil {
		return err
	}
	x := &siteIndex{byKey: make(map[string]*Site), byHost: make(map[string]*Site), all: sites}
	for i := range sites {
		s := &sites[i]
		x.byKey[s.Key] = s
		if len(s.Hosts) == 0 && x.anyHost == nil {
			x.anyHost = s
		}
		pattern := false
		for _, h := range s.Hosts {
			if strings.HasPrefix(h, "*.") {
				pattern = true
			} else if x.byHost[h] == nil {
				x.byHost[h] = s
			}
		}
		if pattern {
			x.patterns = append(x.patterns, s)
		}
	}
	r.now.Store(x)
	return nil
}

// Run reloads the sites every interval until ctx ends, so that changes made
// by other processes on the same database arrive.
func (r *Registry) Run(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := r.Reload(ctx); err != nil && ctx.Err() == nil {
				r.log.Warn("sites could not be loaded again, going on with those known", "err", err)
			}
		}
	}
}

// Sites are all sites, by id. The slice must not be changed.
func (r *Registry) Sites() []Site { return r.now.Load().all }

// SiteByKey is the site with this key.
func (r *Registry) SiteByKey(key string) (*Site, bool) {
	s, ok := r.now.Load().byKey[key]
	if !ok && r.missed() {
		s, ok = r.now.Load().byKey[key]
	}
	return s, ok
}

// SiteByHost is the site that owns the host, else the first site that lets
// any host in.
func (r *Registry) SiteByHost(host string) (*Site, bool) {
	x := r.now.Load()
	if host != "" {
		if s, ok := x.byHost[host]; ok {
			return s, true
		}
		for _, s := range x.patterns {
			if s.OwnsHost(host) {
				return s, true
			}
		}
	}
	return x.anyHost, x.anyHost != nil
}

// missed loads the sites again because of an unknown key, at most once a
// second, and reports whether it did.
func (r *Registry) missed() bool {
	if !r.mu.TryLock() {
		return false
	}
	defer r.mu.Unlock()
	if time.Since(r.loaded) < missEvery {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return r.reload(ctx) == nil
}

// NewSiteKey is a random site key: 10 characters that are not easily
// mistaken for one another. It is public, and no secret.
func NewSiteKey() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789a" // 32
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	for i := range b {
		b[i] = letters[b[i]&31]
	}
	return string(b[:])
}
