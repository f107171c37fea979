// Command wake is Wake: one binary that serves, and the commands that set
// it up. `wake --help` tells them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // time zones, where the system has none

	"github.com/urfave/cli/v3"

	"wake/tracker"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "wake: "+explain(err))
		os.Exit(1)
	}
}

// newCommand is the whole command line.
func newCommand() *cli.Command {
	return complete(&cli.Command{
		Name:    "wake",
		Usage:   "self-hosted visitor analytics: who is here, where from, and what they did",
		Version: version,
		Before:  checkSecretFiles,
		Description: "Start with `wake serve` and open http://localhost:8080/.\n" +
			"Every flag can be given as a WAKE_… variable too; those that hold\n" +
			"secrets also as a file, named by the variable with _FILE at its end.",
		Commands: []*cli.Command{
			serveCommand(),
			siteCommand(),
			keyCommand(),
			userCommand(),
			migrateCommand(),
			generateCommand(),
			doctorCommand(),
			healthCommand(),
		},
		EnableShellCompletion: true,
		Suggest:               true,
	})
}

// explain is an error as the person at the terminal should read it.
func explain(err error) string {
	var e *tracker.Error
	if errors.As(err, &e) {
		s := e.Message
		if e.Field != "" {
			s = e.Field + ": " + s
		}
		if e.Err != nil {
			s += " (" + e.Err.Error() + ")"
		}
		return s
	}
	return err.Error()
}
