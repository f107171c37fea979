package synthetic

import (
	"testing"
	"time"
)

func TestGenerator(t *testing.T) {
	from := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	cfg := Config{SiteID: 3, Visits: 5000, From: from, To: from.AddDate(0, 0, 10), Seed: 7}
	one, two := New(cfg), New(cfg)
	visits, events, bought, returning := 0, 0, 0, map[string]int{}
	for {
		a, ok := one.Next()
		b, _ := two.Next()
		if !ok {
			break
		}
		visits++
		events += len(a.Events)
		returning[a.Visit.Visitor.Token]++
		if a.Visit.Token != b.Visit.Token || len(a.Events) != len(b.Events) || !a.Visit.StartedAt.Equal(b.Visit.StartedAt) {
			t.Fatal("the same seed made different visits")
		}
		last := a.Visit.StartedAt
		if last.Before(cfg.From) || last.After(cfg.To) {
			t.Fatalf("a visit at %s", last)
		}
		for i, e := range a.Events {
			if e.Time.Before(last) || e.Seq != i || e.Path == "" || e.Title == "" {
				t.Fatalf("event %d: %+v", i, e)
			}
			last = e.Time
			if e.Revenue > 0 {
				bought++
			}
		}
	}
	if visits != cfg.Visits || bought == 0 || events < 3*visits || len(returning) > visits*9/10 {
		t.Errorf("%d visits of %d visitors, %d events, %d bought", visits, len(returning), events, bought)
	}
}
