package ahoy

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"wake/tracker"
)

// CookieOptions are those of the cookies that the server sets
// (Ahoy.cookie_options). They are never HttpOnly, as ahoy.js reads them.
type CookieOptions struct {
	SameSite http.SameSite // 0: Lax
	Secure   bool
	Path     string // "": "/"
}

// ownCookies are all that Ahoy sets, by the server or by ahoy.js.
var ownCookies = [...]string{"ahoy_visit", "ahoy_visitor", "ahoy_track", "ahoy_events"}

// setCookies renews and deletes cookies as Ahoy does: with js, that is on the
// visits of ahoy.js, ahoy_visit begins its life anew; ahoy_visitor is set
// only for a new visitor; ahoy_track, the request for a visit, is deleted
// once there is one; and without cookies all that were sent are deleted.
func (h *Handler) setCookies(w http.ResponseWriter, r *http.Request, hit *tracker.Hit, receipt *tracker.Receipt, js, newVisitor bool) {
	if hit.Cookieless {
		if len(r.Header["Cookie"]) > 0 {
			for _, name := range ownCookies {
				h.deleteCookie(w, r, name)
			}
		}
		return
	}
	if hit.Visit != nil && len(r.Header["Cookie"]) > 0 {
		h.deleteCookie(w, r, "ahoy_track")
	}
	if !js {
		return
	}
	if newVisitor {
		h.setCookie(w, "ahoy_visitor", receipt.VisitorToken, hit.Received, h.VisitorDuration)
	}
	if receipt.VisitToken != "" && hit.VisitToken != "" {
		h.setCookie(w, "ahoy_visit", receipt.VisitToken, hit.Received, h.VisitDuration)
	}
}

func (h *Handler) setCookie(w http.ResponseWriter, name, value string, now time.Time, life time.Duration) {
	c := h.cookie(name)
	c.Value, c.Expires, c.MaxAge = value, now.Add(life), int(life/time.Second)
	http.SetCookie(w, c)
}

// deleteCookie deletes a cookie if it was sent.
func (h *Handler) deleteCookie(w http.ResponseWriter, r *http.Request, name string) {
	if _, sent := readCookie(r, name); !sent {
		return
	}
	c := h.cookie(name)
	c.Expires, c.MaxAge = time.Unix(0, 0), -1
	http.SetCookie(w, c)
}

func (h *Handler) cookie(name string) *http.Cookie {
	c := &http.Cookie{Name: name, Path: h.CookieOptions.Path, Secure: h.CookieOptions.Secure, SameSite: h.CookieOptions.SameSite}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	if name != "ahoy_track" { // the one that is bound to its host
		c.Domain = h.CookieDomain
	}
	return c
}

// readCookie is the value of a cookie, unescaped as Rack does (ahoy.js sets
// them with escape). Unlike net/http it takes values with bytes that no
// cookie should have, as those are sanitised later.
func readCookie(r *http.Request, name string) (string, bool) {
	for _, line := range r.Header["Cookie"] {
		for rest := line; rest != ""; {
			var pair string
			pair, rest, _ = strings.Cut(rest, ";")
			k, v, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if !ok || k != name {
				continue
			}
			if plain, err := url.QueryUnescape(v); err == nil {
				v = plain
			}
			return v, true
		}
	}
	return "", false
}
