package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"wake/store"
	"wake/tracker"
)

// KeyPrefix begins every API key, so that leaked ones are easily found.
const KeyPrefix = "wk_"

// NewKey makes an API key: the text to show once, and the row to store.
func NewKey(name string, scope store.Scope, site int64, now time.Time) (text string, k store.Key) {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	text = KeyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return text, store.Key{
		Hash: hashKey(text), Prefix: text[:len(KeyPrefix)+5], Name: name,
		Scope: scope, SiteID: site, CreatedAt: now,
	}
}

// hashKey is what is stored of a key. A plain hash will do: keys have 192
// random bits, so there is nothing to guess.
func hashKey(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// Keys are the API keys in force, loaded again when they change. Looking one
// up by its hash takes the same time for every wrong key. Safe for
// concurrent use.
type Keys struct {
	load  func(context.Context) ([]store.Key, error)
	now   atomic.Pointer[map[[sha256.Size]byte]store.Key]
	mu    sync.Mutex // one load at a time
	asked time.Time
	err   error // of the last load, where there are no keys to go on with
}

// NewKeys are the keys that load lists.
func NewKeys(load func(context.Context) ([]store.Key, error)) *Keys {
	k := &Keys{load: load}
	k.now.Store(&map[[sha256.Size]byte]store.Key{})
	return k
}

// A list is believed for keysFresh, so a revoked key works no longer than
// that. A key that is not on it makes it be loaded again, at most every
// keysMissed, so a new key works at once and wrong ones cost little. A load
// may take keysWait, as other requests wait for it; while the store is away,
// the keys known go on to work.
const (
	keysFresh  = 2 * time.Second
	keysMissed = 100 * time.Millisecond
	keysWait   = time.Second
)

// find is the key in force with this text.
func (k *Keys) find(ctx context.Context, text string) (store.Key, bool, error) {
	sum := sha256.Sum256([]byte(text))
	if err := k.refresh(ctx, keysFresh); err != nil {
		return store.Key{}, false, err
	}
	key, ok := (*k.now.Load())[sum]
	if ok {
		return key, true, nil
	}
	if err := k.refresh(ctx, keysMissed); err != nil {
		return store.Key{}, false, err
	}
	key, ok = (*k.now.Load())[sum]
	return key, ok, nil
}

// Allows reports whether text is a key in force, for all sites, of at least
// this scope.
func (k *Keys) Allows(ctx context.Context, text string, need store.Scope) bool {
	key, ok, err := k.find(ctx, text)
	return err == nil && ok && key.SiteID == 0 && includes(key.Scope, need)
}

// refresh loads the list if it is older than age.
func (k *Keys) refresh(ctx context.Context, age time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.asked) < age {
		return k.err
	}
	// What one request loads is for all, so its own end is no reason to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysWait)
	defer cancel()
	list, err := k.load(ctx)
	k.asked, k.err = time.Now(), nil
	if err != nil {
		if len(*k.now.Load()) == 0 {
			k.err = tracker.Unavailable(keysFresh, err)
		}
		return k.err
	}
	m := make(map[[sha256.Size]byte]store.Key, len(list))
	for _, key := range list {
		if key.RevokedAt.IsZero() && len(key.Hash) == sha256.Size {
			m[[sha256.Size]byte(key.Hash)] = key
		}
	}
	k.now.Store(&m)
	return nil
}

// scope lets in requests whose key has at least this scope.
func (h *handlers) scope(need store.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			scheme, text, _ := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
			if !strings.EqualFold(scheme, "Bearer") || text == "" {
				return &tracker.Error{Code: tracker.CodeUnauthorized, Message: "send an API key as Authorization: Bearer KEY"}
			}
			key, ok, err := h.Keys.find(c.Request().Context(), strings.TrimSpace(text))
			switch {
			case err != nil:
				return err
			case !ok:
				return &tracker.Error{Code: tracker.CodeUnauthorized, Message: "this API key is not known, or was revoked"}
			case !includes(key.Scope, need):
				return &tracker.Error{Code: tracker.CodeForbidden, Message: "this API key has scope " + string(key.Scope) + ", " + string(need) + " is needed"}
			}
			if key.SiteID != 0 {
				site := h.siteByID(key.SiteID)
				if site == nil {
					return &tracker.Error{Code: tracker.CodeForbidden, Message: "the site of this API key is gone"}
				}
				c.Set(keySiteName, site)
			}
			return next(c)
		}
	}
}

// includes reports whether have is at least need.
func includes(have, need store.Scope) bool {
	rank := map[store.Scope]int{store.ScopeRead: 1, store.ScopeWrite: 2, store.ScopeAdmin: 3}
	return rank[have] >= rank[need]
}

const keySiteName = "wake.key.site"

// keySite is the site that the request's key is bound to, nil for all.
func keySite(c echo.Context) *tracker.Site {
	s, _ := c.Get(keySiteName).(*tracker.Site)
	return s
}

func (h *handlers) siteByID(id int64) *tracker.Site {
	all := h.Sites.Sites()
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	return nil
}
