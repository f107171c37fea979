package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"wake/store"
	"wake/tracker"
)

func siteCommand() *cli.Command {
	domains := &cli.StringSliceFlag{Name: "domain", Usage: "host whose pages may send, *.shop.example allowed (repeatable; none: any host)"}
	return &cli.Command{
		Name: "site", Usage: "add, list and remove sites",
		Commands: []*cli.Command{
			{
				Name: "add", Usage: "add a site; the last word printed is its key", ArgsUsage: "NAME",
				Flags: append(storeFlags(), domains,
					&cli.StringFlag{Name: "key", Usage: "key to use instead of a random one"},
					&cli.StringFlag{Name: "time-zone", Value: "UTC", Usage: "IANA time zone in which its days begin"}),
				Action: withStore(addSite),
			},
			{Name: "list", Usage: "list the sites", Flags: storeFlags(), Action: withStore(listSites)},
			{
				Name: "set", Usage: "change a site's name, hosts or settings", ArgsUsage: "KEY",
				Flags: append(append(storeFlags(), domains,
					&cli.StringFlag{Name: "name", Usage: "new name"},
					&cli.StringFlag{Name: "time-zone", Usage: "new time zone"}), settingFlags()...),
				Action: withStore(setSite),
			},
			{Name: "remove", Usage: "remove a site and all its data", ArgsUsage: "KEY", Flags: storeFlags(), Action: withStore(removeSite)},
		},
	}
}

func addSite(ctx context.Context, c *cli.Command, st store.Store) error {
	name := strings.TrimSpace(c.Args().First())
	if name == "" || c.Args().Len() != 1 {
		return errors.New("give the site one name: wake site add NAME")
	}
	if _, err := time.LoadLocation(c.String("time-zone")); err != nil {
		return fmt.Errorf("--time-zone %s is not known", c.String("time-zone"))
	}
	key := c.String("key")
	if key == "" {
		key = tracker.NewSiteKey()
	} else if !validSiteKey(key) {
		return errors.New("--key: 4 to 32 of a-z and 0-9")
	}
	hosts, err := cleanHosts(c.StringSlice("domain"))
	if err != nil {
		return err
	}
	site, err := st.AddSite(ctx, tracker.Site{
		Key: key, Name: name, Hosts: hosts, TimeZone: c.String("time-zone"), CreatedAt: time.Now(),
	})
	if err != nil {
		return err
	}
	fmt.Printf("Added the site %s. Put this on its pages:\n\n    <script defer src=\"https://YOUR-WAKE/wake.js\" data-site=%q></script>\n\nIts key is %s\n", site.Name, site.Key, site.Key)
	return nil
}

func validSiteKey(s string) bool {
	return len(s) >= 4 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// cleanHosts are the hosts in lower case, without scheme, port or path.
func cleanHosts(list []string) ([]string, error) {
	var out []string
	for _, h := range list {
		h = strings.ToLower(strings.TrimSpace(h))
		if _, rest, ok := strings.Cut(h, "://"); ok {
			h = rest
		}
		h, _, _ = strings.Cut(h, "/")
		if host, port, ok := strings.Cut(h, ":"); ok && strings.Trim(port, "0123456789") == "" {
			h = host
		}
		h = strings.TrimSuffix(h, ".")
		if h == "" || len(h) > 253 || strings.ContainsAny(h, " \t@?#") {
			return nil, fmt.Errorf("--domain: %q is not a host", h)
		}
		out = append(out, h)
	}
	return out, nil
}

func listSites(ctx context.Context, _ *cli.Command, st store.Store) error {
	sites, err := st.Sites(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tNAME\tHOSTS\tTIME ZONE\tADDED")
	for _, s := range sites {
		hosts := strings.Join(s.Hosts, " ")
		if hosts == "" {
			hosts = "(any)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Key, s.Name, hosts, s.TimeZone, s.CreatedAt.Format(time.DateOnly))
	}
	return w.Flush()
}

func removeSite(ctx context.Context, c *cli.Command, st store.Store) error {
	site, err := siteNamed(ctx, st, c.Args().First())
	if err != nil {
		return err
	}
	if err := st.RemoveSite(ctx, site.ID); err != nil {
		return err
	}
	fmt.Printf("Removed the site %s\n", site.Key)
	return nil
}

// siteNamed is the site with this key.
func siteNamed(ctx context.Context, st store.Store, key string) (tracker.Site, error) {
	sites, err := st.Sites(ctx)
	if err != nil {
		return tracker.Site{}, err
	}
	for _, s := range sites {
		if s.Key == key {
			return s, nil
		}
	}
	return tracker.Site{}, fmt.Errorf("there is no site with the key %q; `wake site list` shows them", key)
}
