package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"wake/api"
	"wake/store"
	"wake/tracker"
)

// withStore runs f over the migrated store that the flags name.
func withStore(f func(ctx context.Context, c *cli.Command, st store.Store) error) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		st, err := openStore(ctx, c.String("data"), c.String("database-url"))
		if err != nil {
			return err
		}
		defer st.Close()
		if err := st.Migrate(ctx); err != nil {
			return err
		}
		return f(ctx, c, st)
	}
}

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

func keyCommand() *cli.Command {
	return &cli.Command{
		Name: "key", Usage: "add, list and revoke API keys",
		Commands: []*cli.Command{
			{
				Name: "add", Usage: "add an API key; the last word printed is the key, shown only once",
				Flags: append(storeFlags(),
					&cli.StringFlag{Name: "scope", Value: "read", Usage: "read, write or admin; each includes the ones before"},
					&cli.StringFlag{Name: "site", Usage: "key of the only site it is for (default: all)"},
					&cli.StringFlag{Name: "name", Usage: "what it is for, for people"}),
				Action: withStore(addKey),
			},
			{Name: "list", Usage: "list the API keys", Flags: storeFlags(), Action: withStore(listKeys)},
			{Name: "revoke", Usage: "end an API key", ArgsUsage: "ID", Flags: storeFlags(), Action: withStore(revokeKey)},
		},
	}
}

func addKey(ctx context.Context, c *cli.Command, st store.Store) error {
	scope := store.Scope(c.String("scope"))
	if scope != store.ScopeRead && scope != store.ScopeWrite && scope != store.ScopeAdmin {
		return fmt.Errorf("--scope %s: it is read, write or admin", scope)
	}
	var siteID int64
	if c.String("site") != "" {
		site, err := siteNamed(ctx, st, c.String("site"))
		if err != nil {
			return err
		}
		siteID = site.ID
	}
	text, key := api.NewKey(c.String("name"), scope, siteID, time.Now())
	if _, err := st.AddKey(ctx, key); err != nil {
		return err
	}
	fmt.Printf("This key is shown only now. Its scope is %s: %s\n", scope, text)
	return nil
}

func listKeys(ctx context.Context, _ *cli.Command, st store.Store) error {
	keys, err := st.Keys(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKEY\tSCOPE\tNAME\tADDED\tREVOKED")
	for _, k := range keys {
		revoked := ""
		if !k.RevokedAt.IsZero() {
			revoked = k.RevokedAt.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%d\t%s…\t%s\t%s\t%s\t%s\n", k.ID, k.Prefix, k.Scope, k.Name, k.CreatedAt.Format(time.DateOnly), revoked)
	}
	return w.Flush()
}

func revokeKey(ctx context.Context, c *cli.Command, st store.Store) error {
	id, err := strconv.ParseInt(c.Args().First(), 10, 64)
	if err != nil {
		return errors.New("give the ID that `wake key list` shows")
	}
	if err := st.RevokeKey(ctx, id, time.Now()); err != nil {
		return err
	}
	fmt.Printf("Revoked the key %d\n", id)
	return nil
}

func userCommand() *cli.Command {
	return &cli.Command{
		Name: "user", Usage: "add, list and remove the people who may sign in to the dashboard",
		Commands: []*cli.Command{
			{
				Name: "add", Usage: "add someone, or change role and password", ArgsUsage: "EMAIL",
				Flags: append(storeFlags(),
					&cli.StringFlag{Name: "role", Value: "viewer", Usage: "admin or viewer"},
					&cli.BoolFlag{Name: "password-stdin", Usage: "read the password from standard input"}),
				Action: withStore(addMember),
			},
			{Name: "list", Usage: "list them", Flags: storeFlags(), Action: withStore(listMembers)},
			{Name: "remove", Usage: "remove someone", ArgsUsage: "EMAIL", Flags: storeFlags(), Action: withStore(removeMember)},
		},
	}
}

func addMember(ctx context.Context, c *cli.Command, st store.Store) error {
	addr, err := mail.ParseAddress(c.Args().First())
	if err != nil || addr.Name != "" {
		return errors.New("give one email address: wake user add EMAIL")
	}
	role := store.Role(c.String("role"))
	if role != store.RoleAdmin && role != store.RoleViewer {
		return fmt.Errorf("--role %s: it is admin or viewer", role)
	}
	password, err := readPassword(c.Bool("password-stdin"))
	if err != nil {
		return err
	}
	hash, err := api.HashPassword(password)
	if err != nil {
		return err
	}
	email := strings.ToLower(addr.Address)
	m := store.Member{Email: email, Role: role, PasswordHash: hash, CreatedAt: time.Now()}
	have, err := memberNamed(ctx, st, email)
	switch {
	case err != nil:
		return err
	case have != nil:
		m.ID, m.CreatedAt = have.ID, have.CreatedAt
		err = st.SetMember(ctx, m)
	default:
		_, err = st.AddMember(ctx, m)
	}
	if err != nil {
		return err
	}
	fmt.Printf("%s may sign in as %s\n", email, role)
	return nil
}

// memberNamed is the member with this email, nil when there is none.
func memberNamed(ctx context.Context, st store.Store, email string) (*store.Member, error) {
	all, err := st.Members(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Email == email {
			return &all[i], nil
		}
	}
	return nil, nil
}

func readPassword(stdin bool) (string, error) {
	if stdin || !term.IsTerminal(int(os.Stdin.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 1<<10)).ReadString('\n')
		if err != nil && line == "" {
			return "", errors.New("no password on standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(os.Stderr, prompt)
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	first, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func listMembers(ctx context.Context, _ *cli.Command, st store.Store) error {
	all, err := st.Members(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "EMAIL\tROLE\tADDED")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.Email, m.Role, m.CreatedAt.Format(time.DateOnly))
	}
	return w.Flush()
}

func removeMember(ctx context.Context, c *cli.Command, st store.Store) error {
	email := strings.ToLower(c.Args().First())
	m, err := memberNamed(ctx, st, email)
	if err != nil {
		return err
	}
	if m == nil {
		return fmt.Errorf("%q is nobody's email here; `wake user list` shows them", email)
	}
	if err := st.RemoveMember(ctx, m.ID); err != nil {
		return err
	}
	fmt.Printf("%s may sign in no more\n", email)
	return nil
}
