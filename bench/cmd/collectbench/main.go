// collectbench measures Wake's collector against ceilings that do less, in
// one run on one machine, turn by turn, and prints the ratios:
//
//   - one event a request, durable before the 200, against an echo handler
//     that only decodes the same body;
//   - ten events a request into PostgreSQL against COPY of the same rows, and
//     into SQLite against multi-row inserts of the same rows;
//   - a store whose commits take 5 ms longer, which group commit must hide.
//
// It starts and stops everything itself, PostgreSQL included, on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

var (
	wakeBin = flag.String("wake", "../bin/wake", "the program to measure")
	tools   = flag.String("tools", "bin", "folder of collectload, ceilhttp and collectserve")
	rounds  = flag.Int("rounds", 3, "how often each turn is taken")
	dur     = flag.Duration("dur", 3*time.Second, "how long each turn is measured")
	conns   = flag.Int("c", 256, "connections")
	only    = flag.String("only", "", "only the parts whose name contains this")
	visits  = flag.Int("visits", 2000, "visits that are going on at the same time")
	keep    = flag.String("keep", "", "folder for the databases (default: a temporary one)")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "collectbench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	ctx   context.Context
	dir   string
	stops []func()
}

func run(ctx context.Context) (err error) {
	b := &bench{ctx: ctx, dir: *keep}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "collectbench"); err != nil {
			return err
		}
		defer os.RemoveAll(b.dir)
	}
	defer func() {
		for i := len(b.stops) - 1; i >= 0; i-- {
			b.stops[i]()
		}
	}()
	fmt.Printf("%s, %d × %s, %s, %d connections, %d rounds of %v, medians [min..max]\n", time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		runtime.NumCPU(), cpuName(), runtime.Version(), *conns, *rounds, *dur)
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"single", b.single}, {"ten-postgresql", b.tenPostgreSQL}, {"ten-sqlite", b.tenSQLite}, {"slow", b.slow},
	} {
		if !strings.Contains(part.name, *only) {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

func cpuName() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// single is one event a request; a collector that writes nothing shows what
// the way to the store costs.
func (b *bench) single() error {
	ceiling, err := b.start("ceilhttp", "-lib", "echo", "-addr", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ceiling.stop()
	nothing, err := b.start("collectserve", "-nothing", "-data", b.path("nothing"))
	if err != nil {
		return err
	}
	defer nothing.stop()
	wake, err := b.serve("--data", b.path("single"))
	if err != nil {
		return err
	}
	defer wake.stop()
	for _, enc := range []string{"json", "beacon"} {
		turns := make([][]load, 3)
		for range *rounds {
			for i, s := range []*server{ceiling, nothing, wake} {
				l, err := b.load(s, "-enc", enc)
				if err != nil {
					return err
				}
				turns[i] = append(turns[i], l)
			}
		}
		fmt.Printf("\nOne event a request, %s\n", enc)
		row("echo, decodes only", turns[0], perRequest)
		row("wake, writes nothing", turns[1], perRequest)
		row("wake on SQLite, durable", turns[2], perRequest)
		ratio(of(turns[2], perRequest), of(turns[0], perRequest), 0.7)
	}
	return nil
}

// tenPostgreSQL is ten events a request into PostgreSQL.
func (b *bench) tenPostgreSQL() error {
	pg, err := b.postgres()
	if err != nil {
		return err
	}
	wake, err := b.serve("--database-url", pg.url)
	if err != nil {
		return err
	}
	defer wake.stop()
	var is []load
	var at []float64
	for range *rounds {
		l, err := b.load(wake, "-k", "10")
		if err != nil {
			return err
		}
		is = append(is, l)
		n, err := pg.copyAgain(b.ctx)
		if err != nil {
			return err
		}
		at = append(at, n)
	}
	fmt.Printf("\nTen events a request into PostgreSQL\n")
	rate("COPY of the same rows", at)
	row("wake on PostgreSQL, durable", is, perEvent)
	ratio(of(is, perEvent), at, 0.6)
	return nil
}

// tenSQLite is ten events a request into SQLite.
func (b *bench) tenSQLite() error {
	data := b.path("ten")
	wake, err := b.serve("--data", data)
	if err != nil {
		return err
	}
	defer wake.stop()
	var is []load
	var at []float64
	for n := range *rounds {
		l, err := b.load(wake, "-k", "10")
		if err != nil {
			return err
		}
		is = append(is, l)
		r, err := insertAgain(b.ctx, filepath.Join(data, "wake.db"), b.path(fmt.Sprintf("bare%d.db", n)))
		if err != nil {
			return err
		}
		at = append(at, r)
	}
	fmt.Printf("\nTen events a request into SQLite\n")
	rate("multi-row inserts of the same rows", at)
	row("wake on SQLite, durable", is, perEvent)
	ratio(of(is, perEvent), at, 0.6)
	return nil
}

// slow is a store whose commits take 5 ms longer.
func (b *bench) slow() error {
	var plain, slow []load
	quick, err := b.start("collectserve", "-data", b.path("quick"))
	if err != nil {
		return err
	}
	defer quick.stop()
	late, err := b.start("collectserve", "-data", b.path("late"), "-delay", "5ms")
	if err != nil {
		return err
	}
	defer late.stop()
	for range *rounds {
		l, err := b.load(quick, "-enc", "beacon")
		if err != nil {
			return err
		}
		plain = append(plain, l)
		if l, err = b.load(late, "-enc", "beacon"); err != nil {
			return err
		}
		slow = append(slow, l)
	}
	fmt.Printf("\nOne event a request, beacon, into a store whose commits take 5 ms longer\n")
	row("SQLite as it is", plain, perRequest)
	row("SQLite, 5 ms more a commit", slow, perRequest)
	ratio(of(slow, perRequest), of(plain, perRequest), 0)
	late.stop()
	fmt.Printf("  %s; one commit a request would do at most 200 a second\n", late.said())
	return nil
}
