// Package beacon is Wake's own wire, as docs/wire.md specifies it: hits from
// browsers, the pixel, and batches from servers.
package beacon

import (
	"context"
	"log/slog"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"

	"wake/tracker"
	"wake/tracker/wire"
	"wake/tracker/wire/scan"
)

// MaxBody bounds a hit from a browser, in bytes.
const MaxBody = 64 << 10

// Collector records hits, see tracker.Collector.
type Collector interface {
	Collect(ctx context.Context, h *tracker.Hit) (tracker.Receipt, error)
}

// Options are the settings of the wire; the zero value is good.
type Options struct {
	Proxies wire.Proxies     // those whose X-Forwarded-For is believed
	Now     func() time.Time // the server's clock; nil: time.Now
	Log     *slog.Logger     // for our own faults; nil: none
}

// Handler serves browsers: POST takes a hit, GET of a path that ends in .gif
// is the pixel. It reads the site's key from a path /s/KEY/… or ?site=, and
// is otherwise indifferent to the path. It is safe for concurrent use.
type Handler struct {
	collector Collector
	Options
}

// New is a handler that gives what it decodes to c.
func New(c Collector, o Options) *Handler {
	return &Handler{collector: c, Options: o.withDefaults()}
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, ".gif") {
		h.Pixel(w, r)
	} else {
		h.Hit(w, r)
	}
}

// Hit is POST /wake/hit.
func (h *Handler) Hit(w http.ResponseWriter, r *http.Request) {
	if wire.CORS(w, r, http.MethodPost) {
		return
	}
	answer, err := h.hit(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	answer.write(w)
}

func (h *Handler) hit(r *http.Request) (answer, error) {
	if r.Method != http.MethodPost {
		return answer{}, wire.WrongMethod(http.MethodPost)
	}
	if err := mediaType(r); err != nil {
		return answer{}, err
	}
	body, err := wire.ReadBody(r, MaxBody)
	defer body.Free()
	if err != nil {
		return answer{}, err
	}
	hit := &tracker.Hit{}
	wire.Asker(hit, r, h.Proxies, h.Now())
	d := decoder{hit: hit}
	s := scan.New(body.Bytes)
	if s.Kind() != scan.Object {
		if s.Skip(); s.End() {
			return answer{}, wire.Malformed("the body must be a JSON object")
		}
		return answer{}, wire.Malformed("%v", s.Err())
	}
	if d.decode(&s); !s.End() {
		return answer{}, wire.Malformed("%v", s.Err())
	}
	return collect(r.Context(), h.collector, &d)
}

// mediaType refuses what no beacon sends. A plain text needs no preflight.
func mediaType(r *http.Request) error {
	switch media, _ := wire.MediaType(r.Header.Get("Content-Type")); media {
	case "text/plain", "application/json", "":
		return nil
	}
	return wire.WrongMediaType("send the hit as text/plain or application/json")
}

// collect records what was decoded.
func collect(ctx context.Context, c Collector, d *decoder) (answer, error) {
	if err := d.finish(); err != nil {
		return answer{}, err
	}
	if d.hit.Visit == nil && len(d.hit.Events) == 0 {
		return answer{Errors: d.refused}, nil // each event was refused
	}
	receipt, err := c.Collect(ctx, d.hit)
	if err != nil {
		return answer{}, err
	}
	return answer{Accepted: receipt.Accepted, Excluded: receipt.Excluded, Errors: d.merge(receipt.Errors)}, nil
}

// answer is what a hit is answered with.
type answer struct {
	Accepted int                 `json:"accepted"`
	Excluded string              `json:"excluded,omitempty"`
	Errors   []tracker.ItemError `json:"errors,omitempty"`
}

func (a *answer) write(w http.ResponseWriter) {
	if a.Excluded != "" || len(a.Errors) > 0 {
		wire.WriteJSON(w, http.StatusOK, a)
		return
	}
	b := append(make([]byte, 0, 24), `{"accepted":`...)
	wire.RawJSON(w, http.StatusOK, append(strconv.AppendInt(b, int64(a.Accepted), 10), '}'))
}

// merge puts the errors of events that the collector refused, counted as it
// saw them, to those that did not get that far, as the client counts.
func (d *decoder) merge(errs []tracker.ItemError) []tracker.ItemError {
	if len(d.refused) == 0 {
		return errs
	}
	all := d.refused
	for _, e := range errs {
		if e.Index >= 0 && e.Index < len(d.index) {
			e.Index = d.index[e.Index]
		}
		all = append(all, e)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Index < all[j].Index })
	return all
}

func (o *Options) fail(w http.ResponseWriter, r *http.Request, err error) {
	o.report(r.Context(), err)
	wire.FailJSON(w, err)
}

// report logs an error that is our fault.
func (o *Options) report(ctx context.Context, err error) {
	if wire.AsError(err).Code == tracker.CodeInternal {
		o.Log.ErrorContext(ctx, "a hit was not recorded", "error", err)
	}
}
