package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"

	"wake/store"
	"wake/tracker"
	"wake/tracker/synthetic"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name: "generate", Usage: "write realistic synthetic visits into the store, to try things out",
		Flags: append(storeFlags(),
			&cli.IntFlag{Name: "visits", Value: 10_000, Usage: "how many visits (about five events each)"},
			&cli.IntFlag{Name: "days", Value: 30, Usage: "spread over this many days up to now"},
			&cli.StringFlag{Name: "site", Usage: "key of the site to write to (default: a new one, \"Synthetic\")"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Usage: "the same seed makes the same visits"}),
		Action: withStore(generate),
	}
}

func generate(ctx context.Context, c *cli.Command, st store.Store) error {
	n, days := c.Int("visits"), c.Int("days")
	if n < 1 || days < 1 || days > 3650 {
		return fmt.Errorf("--visits and --days are at least 1, --days at most 3650")
	}
	site, err := generateSite(ctx, c.String("site"), st)
	if err != nil {
		return err
	}
	now := time.Now()
	gen := synthetic.New(synthetic.Config{
		SiteID: site.ID, Visits: n, From: now.AddDate(0, 0, -days), To: now, Seed: c.Uint64("seed"),
	})
	bar := progressbar.NewOptions(n, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("visits"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true), progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))

	const perBatch = 2000
	batch := make([]*tracker.Record, 0, perBatch)
	events := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := st.Write(ctx, batch); err != nil {
			return err
		}
		_ = bar.Add(len(batch)) // a bar that cannot be drawn is no reason to stop
		batch = batch[:0]
		return nil
	}
	for {
		rec, ok := gen.Next()
		if !ok {
			break
		}
		events += len(rec.Events)
		if batch = append(batch, rec); len(batch) == perBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	took := time.Since(now)
	fmt.Printf("Wrote %d visits with %d events in %s (%.0f events/s) to the site %s\n",
		n, events, took.Round(time.Millisecond), float64(events)/took.Seconds(), site.Key)
	return nil
}

// generateSite is the site to write to.
func generateSite(ctx context.Context, key string, st store.Store) (tracker.Site, error) {
	if key != "" {
		return siteNamed(ctx, st, key)
	}
	return st.AddSite(ctx, tracker.Site{
		Key: tracker.NewSiteKey(), Name: "Synthetic", Hosts: []string{"shop.example"}, TimeZone: "UTC", CreatedAt: time.Now(),
	})
}
