package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"wake/store"
	"wake/tracker"
)

const (
	defaultLimit = 50
	maxLimit     = 1000
)

// visits lists visits, newest first: ?site=KEY &from= &to= (RFC 3339)
// &visitor_id= &user_id= &bots=false &limit= &cursor=. It is the log of what
// came in, so bots are in it, marked, unless the caller wants none; reports
// leave them out.
func (h *handlers) visits(c echo.Context) error {
	site, err := h.siteParam(c)
	if err != nil {
		return err
	}
	var f store.VisitFilter
	if site != nil {
		f.SiteID = site.ID
	}
	p := params{c: c}
	f.From, f.To = p.time("from"), p.time("to")
	f.Visitor = tracker.VisitorID(p.int("visitor_id", 0, 0, 1<<63-1))
	f.UserID = c.QueryParam("user_id")
	f.Bots = p.bool("bots", true)
	f.Limit = int(p.int("limit", defaultLimit, 1, maxLimit))
	f.Before = tracker.VisitID(p.int("cursor", 0, 1, 1<<63-1))
	if p.err != nil {
		return p.err
	}
	visits, err := h.Visits.Visits(c.Request().Context(), f)
	if err != nil {
		return err
	}
	out := struct {
		Visits     []visitJSON `json:"visits"`
		NextCursor string      `json:"next_cursor,omitempty"`
	}{Visits: make([]visitJSON, len(visits))}
	for i := range visits {
		out.Visits[i] = newVisitJSON(&visits[i], h.siteByID(visits[i].SiteID))
	}
	if len(visits) == f.Limit {
		out.NextCursor = visits[len(visits)-1].ID.String()
	}
	return c.JSON(http.StatusOK, out)
}

// visit is one visit.
func (h *handlers) visit(c echo.Context) error {
	v, err := h.allowedVisit(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, newVisitJSON(&v, h.siteByID(v.SiteID)))
}

// events are a visit's events in the order they happened: &limit= &cursor=.
func (h *handlers) events(c echo.Context) error {
	v, err := h.allowedVisit(c)
	if err != nil {
		return err
	}
	p := params{c: c}
	limit := int(p.int("limit", maxLimit, 1, maxLimit))
	offset := int(p.int("cursor", 0, 0, 1<<31-1))
	if p.err != nil {
		return p.err
	}
	events, err := h.Visits.Events(c.Request().Context(), v.ID, offset, limit)
	if err != nil {
		return err
	}
	out := struct {
		Events     []eventJSON `json:"events"`
		NextCursor string      `json:"next_cursor,omitempty"`
	}{Events: make([]eventJSON, len(events))}
	for i := range events {
		out.Events[i] = newEventJSON(&events[i])
	}
	if len(events) == limit {
		out.NextCursor = strconv.Itoa(offset + limit)
	}
	return c.JSON(http.StatusOK, out)
}

// allowedVisit is the visit named in the path, if the key may see it.
func (h *handlers) allowedVisit(c echo.Context) (tracker.Visit, error) {
	notFound := &tracker.Error{Code: tracker.CodeNotFound, Message: "no such visit"}
	var id tracker.VisitID
	if id.UnmarshalText([]byte(c.Param("id"))) != nil {
		return tracker.Visit{}, notFound
	}
	v, err := h.Visits.Visit(c.Request().Context(), id)
	if err != nil {
		return v, err
	}
	if only := keySite(c); only != nil && only.ID != v.SiteID {
		return tracker.Visit{}, notFound // not even whether it exists
	}
	return v, nil
}

// params reads query parameters and keeps the first error.
type params struct {
	c   echo.Context
	err error
}

func (p *params) time(name string) time.Time {
	s := p.c.QueryParam(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		p.fail(name, "a time such as 2026-01-31T08:00:00Z (RFC 3339)")
	}
	return t
}

func (p *params) int(name string, def, low, high int64) int64 {
	s := p.c.QueryParam(name)
	if s == "" {
		return def
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < low || n > high {
		p.fail(name, "a whole number from "+strconv.FormatInt(low, 10)+" to "+strconv.FormatInt(high, 10))
		return def
	}
	return n
}

func (p *params) bool(name string, def bool) bool {
	switch p.c.QueryParam(name) {
	case "":
		return def
	case "false", "0":
		return false
	case "true", "1":
		return true
	}
	p.fail(name, "true or false")
	return def
}

func (p *params) fail(name, want string) {
	if p.err == nil {
		p.err = tracker.Invalid(name, "expected %s", want)
	}
}
