package main

import (
	"context"
	"log/slog"
	"time"

	"wake/store"
	"wake/tracker"
)

// chores keeps the store in order until ctx ends: partitions ahead of time,
// visits out of retention, salts of days gone by.
func chores(ctx context.Context, st store.Store, sites func() []tracker.Site, log *slog.Logger) {
	const every = time.Hour
	timer := time.NewTimer(time.Minute) // not while everybody starts
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		chore(ctx, st, sites(), time.Now(), log)
		timer.Reset(every)
	}
}

// chore is one round. What fails is logged and left to the next round.
func chore(ctx context.Context, st store.Store, sites []tracker.Site, now time.Time, log *slog.Logger) {
	report := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			log.Error("chore failed", "what", what, "err", err)
		}
	}
	report("prepare", st.Prepare(ctx, now))
	report("salts", st.DropSalts(ctx, now.UTC().AddDate(0, 0, -tracker.SaltDays).Format(time.DateOnly)))
	for _, s := range sites {
		if s.Settings.RetentionDays <= 0 {
			continue
		}
		n, err := st.Retain(ctx, s.ID, now.AddDate(0, 0, -s.Settings.RetentionDays))
		report("retention", err)
		if n > 0 {
			log.Info("visits out of retention deleted", "site", s.Key, "visits", n)
		}
	}
}
