package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"wake/tracker"
	"wake/tracker/wire"
)

// problemJSON is a problem detail (RFC 9457) with two members of ours.
type problemJSON struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail,omitempty"`
	Code   tracker.Code `json:"code"`
	Field  string       `json:"field,omitempty"`
}

// problem answers every error of the API. What is our fault is logged and
// told to nobody else.
func (h *handlers) problem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	var (
		e  *tracker.Error
		he *echo.HTTPError
		p  = problemJSON{Type: "about:blank"}
	)
	switch {
	case errors.As(err, &e):
		p.Status, p.Code, p.Field, p.Detail = wire.Status(e), e.Code, e.Field, e.Message
		if e.RetryAfter > 0 {
			c.Response().Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(e.RetryAfter.Seconds())))))
		}
	case errors.As(err, &he):
		p.Status = he.Code
		p.Code = map[int]tracker.Code{http.StatusNotFound: tracker.CodeNotFound}[he.Code]
		if p.Code == "" {
			p.Code = tracker.CodeInvalid
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, tracker.CodeUnavailable, "the answer took too long"
	default:
		p.Status, p.Code = http.StatusInternalServerError, tracker.CodeInternal
	}
	if p.Status >= 500 && c.Request().Context().Err() == nil { // not for who left
		h.Log.Error("request failed", "method", c.Request().Method, "route", c.Path(), "err", err)
	}
	p.Title = http.StatusText(p.Status)
	if p.Status == http.StatusUnauthorized {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="wake"`)
	}
	body := c.Response()
	body.Header().Set(echo.HeaderContentType, "application/problem+json")
	body.WriteHeader(p.Status)
	if err := c.Echo().JSONSerializer.Serialize(c, p, ""); err != nil {
		h.Log.Debug("problem not sent", "at", time.Now(), "err", err)
	}
}
