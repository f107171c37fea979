package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v3"
)

func migrateCommand() *cli.Command {
	return &cli.Command{
		Name: "migrate", Usage: "bring the database's schema up to date, or show how it stands",
		Commands: []*cli.Command{
			{Name: "up", Usage: "bring it to the newest version (serve does so by itself)", Flags: storeFlags(), Action: migrateUp},
			{Name: "status", Usage: "show its version", Flags: storeFlags(), Action: migrateStatus},
		},
	}
}

func migrateUp(ctx context.Context, c *cli.Command) error {
	st, err := openStore(ctx, c.String("data"), c.String("database-url"))
	if err != nil {
		return err
	}
	defer st.Close()
	before, want, _, err := st.Version(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	if err := st.Prepare(ctx, time.Now()); err != nil {
		return err
	}
	if before == want {
		fmt.Printf("The schema was at version %d already\n", want)
	} else {
		fmt.Printf("The schema went from version %d to %d in %s\n", before, want, time.Since(began).Round(time.Millisecond))
	}
	return nil
}

func migrateStatus(ctx context.Context, c *cli.Command) error {
	st, err := openStore(ctx, c.String("data"), c.String("database-url"))
	if err != nil {
		return err
	}
	defer st.Close()
	have, want, dirty, err := st.Version(ctx)
	if err != nil {
		return err
	}
	switch {
	case dirty:
		return fmt.Errorf("migration %d broke off; restore the backup, or repair by hand and run `wake migrate up`", have)
	case have < want:
		fmt.Printf("The schema is at version %d, the newest is %d: run `wake migrate up`\n", have, want)
	default:
		fmt.Printf("The schema is at version %d, the newest\n", have)
	}
	return nil
}
