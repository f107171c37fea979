package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"wake/web"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "check that what Wake needs is there and works",
		Flags: append(storeFlags(),
			&cli.StringFlag{Name: "geo-db", Usage: "place database to check", Sources: env("geo-db")}),
		Action: doctor,
	}
}

// doctor looks at one thing after the other and says how each is.
func doctor(ctx context.Context, c *cli.Command) error {
	ill := 0
	check := func(what string, f func() (string, error)) {
		said, err := f()
		if err != nil {
			ill++
			fmt.Printf("  ✗ %-10s %s\n", what, explain(err))
			return
		}
		fmt.Printf("  ✓ %-10s %s\n", what, said)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()

	st, err := openStore(ctx, c.String("data"), c.String("database-url"))
	check("store", func() (string, error) {
		if err != nil {
			return "", err
		}
		return storeName(config{DatabaseURL: c.String("database-url")}) + " answers and can be written to", st.Ping(ctx)
	})
	if err == nil {
		defer st.Close()
		check("schema", func() (string, error) {
			have, want, dirty, err := st.Version(ctx)
			switch {
			case err != nil:
				return "", err
			case dirty:
				return "", fmt.Errorf("migration %d broke off", have)
			case have < want:
				return "", fmt.Errorf("version %d of %d: run `wake migrate up`", have, want)
			}
			return fmt.Sprintf("version %d, the newest", have), nil
		})
		check("sites", func() (string, error) {
			sites, err := st.Sites(ctx)
			if err != nil {
				return "", err
			}
			if len(sites) == 0 {
				return "", errors.New("none yet: run `wake site add NAME`")
			}
			return fmt.Sprintf("%d", len(sites)), nil
		})
	}
	check("places", func() (string, error) {
		p, err := openLocator(c.String("geo-db"), slog.Default())
		if err != nil {
			return "", err
		}
		defer p.Close()
		return fmt.Sprint(p.Info()), nil
	})
	check("beacon", func() (string, error) {
		if !web.Built() {
			return "built-in source; `make build` makes it smaller", nil
		}
		return "built", nil
	})
	check("clock", func() (string, error) {
		if y := time.Now().Year(); y < 2026 {
			return "", fmt.Errorf("it says %d", y)
		}
		return time.Now().UTC().Format(time.RFC3339), nil
	})
	if ill > 0 {
		fmt.Fprintln(os.Stderr)
		return fmt.Errorf("%d of the checks failed", ill)
	}
	return nil
}
