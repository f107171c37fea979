package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"wake/api"
	"wake/store"
)

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
