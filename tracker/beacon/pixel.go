package beacon

import (
	"net/http"
	"strings"

	"wake/tracker"
	"wake/tracker/wire"
)

// gif is a transparent image of one pixel.
const gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// Pixel is GET /wake/pixel.gif: a page view of a visitor without JavaScript,
// and so without tokens. Whatever happens, the answer is the image: the
// status and the X-Wake-Error header say what went wrong.
func (h *Handler) Pixel(w http.ResponseWriter, r *http.Request) {
	err := h.pixel(r)
	header := w.Header()
	header["Content-Type"] = []string{"image/gif"}
	header["Cache-Control"] = []string{"no-store"}
	header["Cross-Origin-Resource-Policy"] = []string{"cross-origin"} // for pages that embed only what allows it
	status := http.StatusOK
	if err != nil {
		h.report(r.Context(), err)
		e := wire.AsError(err)
		status = wire.Status(err)
		header["X-Wake-Error"] = []string{e.Message}
		wire.RetryAfter(header, e)
		if status == http.StatusMethodNotAllowed {
			header["Allow"] = []string{http.MethodGet}
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(gif))
}

func (h *Handler) pixel(r *http.Request) error {
	if r.Method != http.MethodGet {
		return wire.WrongMethod(http.MethodGet)
	}
	hit := &tracker.Hit{Cookieless: true}
	wire.Asker(hit, r, h.Proxies, h.Now())
	query := r.URL.Query()
	get := func(name string) string { return wire.Clean(query.Get(name)) }
	page, referrer := get("url"), get("referrer")
	if page == "" {
		page = wire.Clean(r.Header.Get("Referer"))
	}
	if page == "" {
		return tracker.Invalid("url", "which page was viewed is neither in the url parameter nor in the Referer header")
	}
	if hit.Host == "" {
		hit.Host = wire.Host(page)
	}
	hit.Events = []tracker.HitEvent{{Name: tracker.EventView, URL: page, Title: get("title"), Referrer: referrer}}
	if strings.Contains(page, "://") { // a mere path says nothing about the arrival
		hit.Visit = &tracker.HitVisit{LandingPage: page, Referrer: referrer}
	}
	receipt, err := h.collector.Collect(r.Context(), hit)
	if err != nil {
		return err
	}
	if len(receipt.Errors) > 0 {
		e := receipt.Errors[0]
		return &tracker.Error{Code: e.Code, Field: e.Field, Message: e.Message}
	}
	return nil
}
