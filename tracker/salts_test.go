package tracker

import (
	"context"
	"testing"
	"time"
)

type daySalts struct{ asked int }

func (d *daySalts) Salt(_ context.Context, day string) ([]byte, error) {
	d.asked++
	return []byte(day), nil
}

// Salts are thrown away after two days, from memory too.
func TestSaltsAreForgotten(t *testing.T) {
	var store daySalts
	var s sessions
	s.init(nil, &store)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	ask := func(at time.Time) {
		t.Helper()
		if _, err := s.salt(t.Context(), at, now); err != nil {
			t.Fatal(err)
		}
	}
	for day := range 10 {
		ask(now)
		ask(now.AddDate(0, 0, -1))
		if len(s.byDay) > SaltDays+1 {
			t.Errorf("day %d: %d salts in memory", day, len(s.byDay))
		}
		now = now.AddDate(0, 0, 1)
	}
	if store.asked != 11 {
		t.Errorf("the store was asked %d times for 11 salts", store.asked)
	}
	// An import of last year is bounded, too.
	for day := range 100 {
		ask(now.AddDate(-1, 0, -day))
	}
	if len(s.byDay) > 16 {
		t.Errorf("%d salts in memory", len(s.byDay))
	}
}
