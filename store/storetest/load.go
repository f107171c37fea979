package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"wake/store/ingest"
	"wake/tracker"
)

// Load makes batches as a busy site sends them: page views and clicks of
// many visits that go on, each event with a page, a title and a few
// properties. It is for benchmarks.
type Load struct {
	Visits int // that are going on
	Events int // of one record
	next   int
}

// Row is a row of events as Batch's events come to stand in the table.
type Row struct {
	VisitID    int64
	ID         tracker.EventID
	VisitorID  int64
	SiteID     int64
	Time       int64
	PathID     int64
	TitleID    int64
	Engaged    int64
	Seq        int
	Name       string
	Properties string
}

// Batch is the next so many records.
func (l *Load) Batch(records int) []*tracker.Record {
	batch := make([]*tracker.Record, records)
	for i := range batch {
		n := rand.IntN(l.Visits)
		v := fullVisit()
		v.ID = 0
		v.Token = fmt.Sprintf("5f8d3a1e-0000-4000-8000-%012d", n)
		v.Visitor.Token = fmt.Sprintf("7c2b9d44-0000-4000-8000-%012d", n)
		v.Visitor.ID = tracker.NewVisitorID(1, v.Visitor.Token)
		v.StartedAt = at(time.Duration(n) * 100 * time.Millisecond)
		v.UserID = ""
		r := &tracker.Record{Visit: v, Events: make([]tracker.Event, l.Events)}
		for j := range r.Events {
			l.next++
			e := &r.Events[j]
			*e = tracker.Event{
				ID: tracker.NewEventID(), Name: tracker.EventView, Seq: j,
				Time: at(time.Duration(l.next) * time.Millisecond),
				Path: fmt.Sprintf("/products/%d", l.next%500), Title: fmt.Sprintf("Product no. %d", l.next%500),
				Properties: []byte(`{"plan":"pro","button":"buy now","n":42}`),
			}
			if j%2 == 1 {
				e.Name = tracker.EventClick
			}
		}
		r.Visit.LastAt = r.Events[l.Events-1].Time
		batch[i] = r
	}
	return batch
}

// Rows are the rows that a written batch has become.
func Rows(batch []*tracker.Record) []Row {
	var rows []Row
	for _, r := range batch {
		for i := range r.Events {
			e := &r.Events[i]
			rows = append(rows, Row{
				int64(r.Result.VisitID), e.ID, int64(r.Visit.Visitor.ID), r.Visit.SiteID, e.Time.UnixMilli(),
				ingest.TermID(e.Path), ingest.TermID(e.Title), e.EngagedMS, e.Seq, e.Name, string(e.Properties),
			})
		}
	}
	return rows
}

// Pairs times two ways of doing the same work in turn, so that what else the
// machine does strikes both, and tells their ratio.
type Pairs struct{ ours, bare []time.Duration }

// Time runs both once, and prepare, which is not timed, in between.
func (p *Pairs) Time(ours, prepare, bare func()) {
	start := time.Now()
	ours()
	p.ours = append(p.ours, time.Since(start))
	prepare()
	start = time.Now()
	bare()
	p.bare = append(p.bare, time.Since(start))
}

// Report prints the medians as rows a second, and their ratio with its
// quartiles: 1 is as fast as the bare way.
func (p *Pairs) Report(b *testing.B, rows int) {
	ratios := make([]float64, len(p.ours))
	for i := range ratios {
		ratios[i] = p.bare[i].Seconds() / p.ours[i].Seconds()
	}
	slices.Sort(ratios)
	slices.Sort(p.ours)
	slices.Sort(p.bare)
	n := len(ratios)
	b.ReportMetric(float64(rows)/p.ours[n/2].Seconds(), "rows/s")
	b.ReportMetric(float64(rows)/p.bare[n/2].Seconds(), "bare-rows/s")
	b.ReportMetric(ratios[n/4], "ratio-q1")
	b.ReportMetric(ratios[n/2], "ratio")
	b.ReportMetric(ratios[n*3/4], "ratio-q3")
}
