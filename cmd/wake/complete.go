package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"
)

// complete adds to a command and those below it what all of them have: a
// variable for each flag, and an error for a word that is no command.
func complete(c *cli.Command) *cli.Command {
	for _, f := range c.Flags {
		if sources := sourcesOf(f); sources != nil && len(sources.Chain) == 0 {
			*sources = env(f.Names()[0])
		}
	}
	for _, sub := range c.Commands {
		complete(sub)
	}
	if len(c.Commands) > 0 && c.Action == nil {
		c.Action = func(_ context.Context, c *cli.Command) error {
			if word := c.Args().First(); word != "" {
				return fmt.Errorf("%q is no command: `%s --help` tells them", word, c.FullName())
			}
			return cli.ShowSubcommandHelp(c)
		}
	}
	return c
}

// sourcesOf is where else a flag's value may come from.
func sourcesOf(f cli.Flag) *cli.ValueSourceChain {
	switch f := f.(type) {
	case *cli.StringFlag:
		return &f.Sources
	case *cli.StringSliceFlag:
		return &f.Sources
	case *cli.BoolFlag:
		return &f.Sources
	case *cli.IntFlag:
		return &f.Sources
	case *cli.Uint64Flag:
		return &f.Sources
	case *cli.FloatFlag:
		return &f.Sources
	case *cli.DurationFlag:
		return &f.Sources
	}
	return nil
}
