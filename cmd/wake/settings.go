package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"wake/store"
	"wake/tracker"
)

// settingFlags are the settings of a site, as flags of `wake site set`.
func settingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "visit-rule", Usage: "when a visit without a token ends: idle or fixed"},
		&cli.DurationFlag{Name: "visit-timeout", Usage: "idle time (idle, 30m) or length (fixed, 4h) of a visit"},
		&cli.BoolFlag{Name: "cookieless", Usage: "ignore client tokens, every visitor is an anonymity set"},
		&cli.StringFlag{Name: "anonymity-set", Usage: "how cookieless visitors are told apart: daily (salted) or ahoy"},
		&cli.BoolFlag{Name: "ignore-do-not-track", Usage: "record visitors who send DNT or GPC too"},
		&cli.BoolFlag{Name: "full-addresses", Usage: "store addresses unmasked"},
		&cli.BoolFlag{Name: "drop-user-agent", Usage: "do not store the raw user agent"},
		&cli.BoolFlag{Name: "drop-bots", Usage: "do not store bots (by default they are kept, marked)"},
		&cli.StringSliceFlag{Name: "exclude-address", Usage: "address or range whose hits are not stored (repeatable; \"\" clears)"},
		&cli.StringFlag{Name: "identify-secret", Usage: "secret with which user ids from browsers must be signed (\"\" clears)", Sources: secretEnv("identify-secret")},
		&cli.IntFlag{Name: "retention-days", Usage: "delete visits older than this, 0 keeps them"},
		&cli.BoolFlag{Name: "keep-query", Usage: "count pages with their query string"},
	}
}

// setSite changes what was given and nothing else.
func setSite(ctx context.Context, c *cli.Command, st store.Store) error {
	site, err := siteNamed(ctx, st, c.Args().First())
	if err != nil {
		return err
	}
	if c.IsSet("name") {
		site.Name = c.String("name")
	}
	if c.IsSet("time-zone") {
		if _, err := time.LoadLocation(c.String("time-zone")); err != nil {
			return fmt.Errorf("--time-zone %s is not known", c.String("time-zone"))
		}
		site.TimeZone = c.String("time-zone")
	}
	if c.IsSet("domain") {
		if site.Hosts, err = cleanHosts(c.StringSlice("domain")); err != nil {
			return err
		}
	}
	if err := setSettings(&site.Settings, c); err != nil {
		return err
	}
	if err := st.SetSite(ctx, site); err != nil {
		return err
	}
	fmt.Printf("Changed the site %s; a running server follows within seconds\n", site.Key)
	return nil
}

func setSettings(s *tracker.Settings, c *cli.Command) error {
	if c.IsSet("visit-rule") {
		switch c.String("visit-rule") {
		case "idle":
			s.VisitRule = tracker.VisitIdle
		case "fixed":
			s.VisitRule = tracker.VisitFixed
		default:
			return fmt.Errorf("--visit-rule %s: it is idle or fixed", c.String("visit-rule"))
		}
	}
	if c.IsSet("anonymity-set") {
		switch c.String("anonymity-set") {
		case "daily":
			s.AnonymitySet = tracker.AnonymityDaily
		case "ahoy":
			s.AnonymitySet = tracker.AnonymityAhoy
		default:
			return fmt.Errorf("--anonymity-set %s: it is daily or ahoy", c.String("anonymity-set"))
		}
	}
	if c.IsSet("visit-timeout") {
		d := c.Duration("visit-timeout")
		if d != 0 && (d < time.Minute || d > 24*time.Hour) {
			return fmt.Errorf("--visit-timeout %s: it is 1m to 24h, or 0 for the default", d)
		}
		s.VisitTimeout = int(d / time.Second)
	}
	if c.IsSet("exclude-address") {
		s.ExcludeAddresses = nil
		for _, a := range c.StringSlice("exclude-address") {
			if a = strings.TrimSpace(a); a == "" {
				continue
			}
			p, err := parsePrefixes([]string{a})
			if err != nil {
				return fmt.Errorf("--exclude-address: %w", err)
			}
			s.ExcludeAddresses = append(s.ExcludeAddresses, p[0].String())
		}
	}
	if c.IsSet("retention-days") {
		if n := c.Int("retention-days"); n < 0 || n > 36500 {
			return fmt.Errorf("--retention-days %d: it is 0 to 36500", n)
		}
		s.RetentionDays = c.Int("retention-days")
	}
	if c.IsSet("identify-secret") {
		s.IdentifySecret = c.String("identify-secret")
	}
	for name, field := range map[string]*bool{
		"cookieless": &s.Cookieless, "ignore-do-not-track": &s.IgnoreDoNotTrack,
		"full-addresses": &s.FullAddresses, "drop-user-agent": &s.DropUserAgent,
		"drop-bots": &s.DropBots, "keep-query": &s.KeepQuery,
	} {
		if c.IsSet(name) {
			*field = c.Bool(name)
		}
	}
	return nil
}
