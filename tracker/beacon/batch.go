package beacon

import (
	"context"
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"wake/tracker"
	"wake/tracker/wire"
	"wake/tracker/wire/scan"
)

// Bounds of a batch.
const (
	MaxBatchBody = 4 << 20 // bytes
	MaxBatchHits = 1000
)

// batchLanes is how many hits of a batch are collected at the same time, so
// that they share the store's transactions. Hits of one visitor go down one
// lane, in their order.
const batchLanes = 32

// Batch serves servers: POST /api/v1/hits. Whoever mounts it has checked the
// key before: what it is given is believed.
type Batch struct {
	collector Collector
	Options
}

// NewBatch is a handler that gives what it decodes to c.
func NewBatch(c Collector, o Options) *Batch {
	return &Batch{collector: c, Options: o.withDefaults()}
}

// ServeHTTP takes hits for every site.
func (b *Batch) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.serve(w, r, nil) }

// For is the handler for keys that may only write to one site; nil: to any.
func (b *Batch) For(site *tracker.Site) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, site) })
}

type batchError struct {
	Hit     int          `json:"hit"`
	Index   *int         `json:"index,omitempty"` // absent: the hit as a whole
	Code    tracker.Code `json:"code"`
	Field   string       `json:"field,omitempty"`
	Message string       `json:"message"`
}

type batchAnswer struct {
	Accepted int          `json:"accepted"`
	Errors   []batchError `json:"errors,omitempty"`
}

func (b *Batch) serve(w http.ResponseWriter, r *http.Request, site *tracker.Site) {
	if r.Method != http.MethodPost {
		b.fail(w, r, wire.WrongMethod(http.MethodPost))
		return
	}
	if media, _ := wire.MediaType(r.Header.Get("Content-Type")); media != "application/json" && media != "text/plain" && media != "" {
		b.fail(w, r, wire.WrongMediaType("send the batch as application/json"))
		return
	}
	body, err := wire.ReadBody(r, MaxBatchBody)
	defer body.Free()
	if err != nil {
		b.fail(w, r, err)
		return
	}
	hits, err := decodeBatch(body.Bytes, b.Now())
	if err != nil {
		b.fail(w, r, err)
		return
	}
	key := wire.SiteKey(r)
	if site != nil {
		key = site.Key
	}
	for _, d := range hits {
		switch h := d.hit; {
		case h.SiteKey == "":
			h.SiteKey = key
		case site != nil && h.SiteKey != site.Key:
			d.refuse(&tracker.Error{Code: tracker.CodeForbidden, Field: "site", Message: "this API key is for another site"})
		}
	}
	answers, errs := b.collect(r.Context(), hits)
	b.answer(w, r, answers, errs)
}

// decodeBatch reads {"hits": [HIT, …]}. What is wrong with single hits is
// kept with them; an error refuses all.
func decodeBatch(body []byte, now time.Time) ([]*decoder, error) {
	s := scan.New(body)
	var hits []*decoder
	var wrong *tracker.Error
	if !s.Enter(scan.Object) {
		wrong = wire.Malformed(`the body must be a JSON object {"hits": […]}`)
		s.Skip()
	}
	for wrong == nil {
		key, ok := s.Key()
		if !ok {
			break
		}
		if string(key) != "hits" {
			s.Skip()
			continue
		}
		hits = hits[:0]
		if !s.Enter(scan.Array) {
			wrong = wrongKind(&s, "hits", "an array")
			break
		}
		for s.Elem() {
			if len(hits) == MaxBatchHits {
				return nil, &tracker.Error{Code: tracker.CodeTooLarge, Field: "hits", Message: "at most 1000 hits a batch"}
			}
			d := &decoder{hit: &tracker.Hit{Received: now, Trusted: true}, trusted: true}
			if s.Kind() == scan.Object {
				d.decode(&s)
			} else {
				d.wrong = wrongKind(&s, "", "an object")
			}
			hits = append(hits, d)
		}
	}
	if err := s.Err(); err != nil {
		return nil, wire.Malformed("%v", err)
	}
	if wrong != nil {
		return nil, wrong
	}
	if !s.End() {
		return nil, wire.Malformed("%v", s.Err())
	}
	if len(hits) == 0 {
		return nil, tracker.Invalid("hits", "there is none")
	}
	return hits, nil
}

// collect records the hits. Once one had to be put off, those behind it in
// its lane are put off, too, instead of waiting as long.
func (b *Batch) collect(ctx context.Context, hits []*decoder) ([]answer, []error) {
	answers, errs := make([]answer, len(hits)), make([]error, len(hits))
	var lanes [batchLanes][]int
	for i, d := range hits {
		lane := laneOf(d.hit)
		lanes[lane] = append(lanes[lane], i)
	}
	var wg sync.WaitGroup
	for _, lane := range lanes {
		if len(lane) == 0 {
			continue
		}
		wg.Go(func() {
			var off error
			for _, i := range lane {
				if off != nil {
					errs[i] = off
					continue
				}
				answers[i], errs[i] = collect(ctx, b.collector, hits[i])
				if later(errs[i]) {
					off = errs[i]
				}
			}
		})
	}
	wg.Wait()
	return answers, errs
}

var laneSeed = maphash.MakeSeed()

// laneOf is a number that hits of one visitor share.
func laneOf(h *tracker.Hit) int {
	var m maphash.Hash
	m.SetSeed(laneSeed)
	switch {
	case h.VisitorToken != "":
		_, _ = m.WriteString(h.VisitorToken)
	case h.VisitToken != "":
		_, _ = m.WriteString(h.VisitToken)
	case h.UserID != "":
		_, _ = m.WriteString(h.UserID)
	default:
		a := h.Address.As16()
		_, _ = m.Write(a[:])
		_, _ = m.WriteString(h.UserAgent)
	}
	return int(m.Sum64() % batchLanes)
}

// later reports whether the same hit may be taken another time.
func later(err error) bool {
	if err == nil {
		return false
	}
	code := wire.AsError(err).Code
	return code == tracker.CodeUnavailable || code == tracker.CodeRateLimited
}

// answer answers 200 as soon as something was taken or refused for good, so
// that the client knows what to send again; only when all had to be put off
// the batch is.
func (b *Batch) answer(w http.ResponseWriter, r *http.Request, answers []answer, errs []error) {
	var out batchAnswer
	var off error
	for i := range answers {
		if err := errs[i]; err != nil {
			b.report(r.Context(), err)
			e := wire.AsError(err)
			out.Errors = append(out.Errors, batchError{Hit: i, Code: e.Code, Field: e.Field, Message: e.Message})
			if later(err) {
				if off == nil {
					off = err
				}
				continue
			}
		}
		out.Accepted += answers[i].Accepted
		for _, e := range answers[i].Errors {
			out.Errors = append(out.Errors, batchError{Hit: i, Index: &e.Index, Code: e.Code, Field: e.Field, Message: e.Message})
		}
	}
	settled := false
	for _, err := range errs {
		settled = settled || !later(err)
	}
	if off != nil && !settled {
		wire.FailJSON(w, off)
		return
	}
	if off != nil {
		wire.RetryAfter(w.Header(), wire.AsError(off))
	}
	wire.WriteJSON(w, http.StatusOK, out)
}
