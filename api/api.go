// Package api answers questions over REST: what came in, and who asked. Echo
// appears only here and in cmd/wake.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"wake/store"
	"wake/tracker"
)

// Config is what the API stands on. All fields must be set.
type Config struct {
	Visits Visits
	Keys   *Keys
	Sites  Sites
	// Hits takes the server-to-server batches that were let in, for the
	// site that the key is bound to (nil: any site).
	Hits func(site *tracker.Site) http.Handler
	Log  *slog.Logger
}

// Visits reads visits and their events.
type Visits interface {
	Visits(ctx context.Context, f store.VisitFilter) ([]tracker.Visit, error)
	Visit(ctx context.Context, id tracker.VisitID) (tracker.Visit, error)
	Events(ctx context.Context, visit tracker.VisitID, offset, limit int) ([]tracker.Event, error)
}

// Sites finds sites.
type Sites interface {
	SiteByKey(key string) (*tracker.Site, bool)
	Sites() []tracker.Site
}

type handlers struct{ Config }

// New is the handler of everything under /api/. It is safe for concurrent use.
func New(cfg Config) http.Handler {
	h := &handlers{cfg}
	e := echo.New()
	e.HideBanner = true
	e.HTTPErrorHandler = h.problem

	v1 := e.Group("/api/v1")
	v1.GET("/sites", h.sites, h.scope(store.ScopeRead))
	v1.GET("/visits", h.visits, h.scope(store.ScopeRead))
	v1.GET("/visits/:id", h.visit, h.scope(store.ScopeRead))
	v1.GET("/visits/:id/events", h.events, h.scope(store.ScopeRead))
	v1.POST("/hits", h.hits, h.scope(store.ScopeWrite))
	return e
}

// hits hands a batch on to the wire that knows its shape.
func (h *handlers) hits(c echo.Context) error {
	h.Hits(keySite(c)).ServeHTTP(c.Response(), c.Request())
	return nil
}

// sites lists the sites that the key may see.
func (h *handlers) sites(c echo.Context) error {
	all := h.Sites.Sites()
	out := make([]siteJSON, 0, len(all))
	for i := range all {
		if only := keySite(c); only == nil || only.ID == all[i].ID {
			out = append(out, newSiteJSON(&all[i]))
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"sites": out})
}

// siteParam is the site that the request asks about: the key's, or the one
// named by ?site=KEY; nil means all.
func (h *handlers) siteParam(c echo.Context) (*tracker.Site, error) {
	only, key := keySite(c), strings.TrimSpace(c.QueryParam("site"))
	if key == "" {
		return only, nil
	}
	site, ok := h.Sites.SiteByKey(key)
	if !ok || only != nil && only.ID != site.ID {
		return nil, &tracker.Error{Code: tracker.CodeNotFound, Field: "site", Message: "no such site"}
	}
	return site, nil
}
