package tracker

import "strings"

// arrival says how the visit began, and marks page views that bring the
// visitor by another source (touches). goesOn says that the hit is known to
// go on with an earlier visit. Touches that only repeat the visit's own
// arrival, as when a visit hit was late, are for the reader to collapse.
func (c *Collector) arrival(rec *Record, site *Site, h *Hit, goesOn bool) {
	v := &rec.Visit
	own := h.Host
	owns := func(host string) bool { return host == own || site.OwnsHost(host) }

	landing, given := HitVisit{}, false
	if h.Visit != nil && (h.Visit.LandingPage != "" || h.Visit.Referrer != "") {
		landing, given = *h.Visit, true
	} else if i := firstView(h.Events); i >= 0 {
		// No visit hit yet: the first page view says as much as is known.
		// The visit stays a stub, so a late visit hit still has its say.
		if h.Visit != nil {
			landing = *h.Visit
		}
		landing.LandingPage, landing.Referrer = h.Events[i].URL, h.Events[i].Referrer
	} else if h.Visit != nil {
		landing, given = *h.Visit, true
	}
	v.Stub = !given
	v.Arrival = c.Sources.Arrival(clip(landing.LandingPage, MaxURL), clip(landing.Referrer, MaxURL), landing, owns)

	for i, j := 0, 0; i < len(h.Events) && j < len(rec.Events); i++ {
		in := &h.Events[i]
		if rec.Events[j].Seq != i {
			continue // refused
		}
		e := &rec.Events[j]
		j++
		if !e.IsView() || in.URL == "" || (in.Referrer == "" && !strings.Contains(in.URL, "?")) {
			continue
		}
		if given && !goesOn && in.URL == landing.LandingPage {
			continue // the arrival itself
		}
		a := c.Sources.Arrival(clip(in.URL, MaxURL), clip(in.Referrer, MaxURL), HitVisit{}, owns)
		if a.Source != "" {
			e.Touch = &a
		}
	}
}

func firstView(events []HitEvent) int {
	for i := range events {
		if events[i].Name == EventView && events[i].URL != "" {
			return i
		}
	}
	return -1
}
