package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
)

// env names the variable of a flag: --data is WAKE_DATA.
func env(flag string) cli.ValueSourceChain {
	return cli.EnvVars(envName(flag))
}

// secretEnv also lets the value stand in a file, named by WAKE_…_FILE.
func secretEnv(flag string) cli.ValueSourceChain {
	chain := cli.EnvVars(envName(flag))
	if file := os.Getenv(envName(flag) + "_FILE"); file != "" {
		chain.Chain = append(chain.Chain, secretFile(file))
	}
	return chain
}

// secretFile is the path of a file that holds a secret. The end of its line
// is not part of it.
type secretFile string

// Lookup implements cli.ValueSource.
func (f secretFile) Lookup() (string, bool) {
	b, err := os.ReadFile(string(f))
	return strings.TrimRight(string(b), "\r\n"), err == nil
}

func (f secretFile) String() string   { return fmt.Sprintf("file %q", string(f)) }
func (f secretFile) GoString() string { return f.String() }

// checkSecretFiles is an error when a file that a variable names cannot be
// read. To go on without would be to start with another database, or open to
// everybody.
func checkSecretFiles(ctx context.Context, _ *cli.Command) (context.Context, error) {
	for _, v := range os.Environ() {
		name, file, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "WAKE_") || !strings.HasSuffix(name, "_FILE") || file == "" {
			continue
		}
		if _, err := os.ReadFile(file); err != nil {
			return ctx, fmt.Errorf("%s: %w", name, err)
		}
	}
	return ctx, nil
}

func envName(flag string) string {
	return "WAKE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// storeFlags say where the data is; every command has them.
func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", Value: "./data", Usage: "folder of the embedded database", Sources: env("data")},
		&cli.StringFlag{Name: "database-url", Usage: "PostgreSQL to use instead, postgres://user:password@host/name", Sources: secretEnv("database-url")},
	}
}

func logFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug, info, warn or error", Sources: env("log-level")},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json", Sources: env("log-format")},
	}
}

// newLogger is the program's log, on standard error.
func newLogger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %s: it is debug, info, warn or error", level)
	}
	opts := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, opts)), nil
	}
	return nil, fmt.Errorf("--log-format %s: it is text or json", format)
}

// parsePrefixes reads addresses and CIDR ranges.
func parsePrefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		if a, err := netip.ParseAddr(s); err == nil {
			a = a.Unmap()
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a range such as 10.0.0.0/8", s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}
