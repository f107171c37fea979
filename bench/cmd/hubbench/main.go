// hubbench measures the hub beside a bare websocket broadcaster (the ceiling) and
// npm faye's server, in turns in one run, and prints the ratios. Run it in bench/:
//
//	go run ./cmd/hubbench [-n 10000] [-rounds 3] [-dur 3s]
//
// Every round starts each server anew. Figures are medians over the rounds with
// lowest and highest; a ratio is made within each round, so that it does not
// depend on how busy the machine was in another.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

var (
	n      = flag.Int("n", 10000, "clients")
	rounds = flag.Int("rounds", 3, "rounds")
	dur    = flag.Duration("dur", 3*time.Second, "length of each measurement")
	settle = flag.Duration("settle", 5*time.Second, "idle time before memory is read")
	only   = flag.String("only", "", "comma-separated: ours, ceiling, faye (default: all)")
)

// server is one of those compared.
type server struct {
	name  string
	proto string
	sub   string
	pub   string
	start func(port string) *exec.Cmd
}

func main() {
	flag.Parse()
	bin, err := os.MkdirTemp("", "hubbench")
	check(err)
	defer func() { _ = os.RemoveAll(bin) }()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/bayeuxload", "./cmd/ceilws", "./cmd/hubserve")
	build.Stderr = os.Stderr
	check(build.Run())
	servers := []server{
		{"ours", "bayeux", "/faye", "/faye", func(port string) *exec.Cmd {
			return exec.Command(filepath.Join(bin, "hubserve"), "-addr", "127.0.0.1:"+port)
		}},
		{"ceiling", "raw", "/sub", "/pub", func(port string) *exec.Cmd {
			return exec.Command(filepath.Join(bin, "ceilws"), "-lib", "gobwas", "-addr", "127.0.0.1:"+port)
		}},
		{"faye", "bayeux", "/faye", "/faye", func(port string) *exec.Cmd {
			cmd := exec.Command("node", "../bayeux/clienttest/faye-server.mjs")
			cmd.Env = append(os.Environ(), "PORT="+port)
			return cmd
		}},
	}
	results := map[string]map[string][]float64{}
	for round := range *rounds {
		for _, s := range servers {
			if *only != "" && !strings.Contains(","+*only+",", ","+s.name+",") {
				continue
			}
			if results[s.name] == nil {
				results[s.name] = map[string][]float64{}
			}
			for k, v := range measure(bin, s) {
				results[s.name][k] = append(results[s.name][k], v)
			}
			fmt.Fprintf(os.Stderr, "round %d: %s done\n", round+1, s.name)
		}
	}
	report(results)
}

// measure runs all loads against a fresh server.
func measure(bin string, s server) map[string]float64 {
	out := map[string]float64{}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	once := func(prefix string, args ...string) error {
		port := freePort()
		cmd := s.start(port)
		in, err := cmd.StdinPipe() // its end ends the Node server
		check(err)
		cmd.Stdout, cmd.Stderr = io.Discard, os.Stderr
		check(cmd.Start())
		defer func() {
			_ = in.Close()
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}()
		await(port)
		base := "ws://127.0.0.1:" + port
		args = append([]string{"-proto", s.proto, "-url", base + s.sub, "-puburl", base + s.pub,
			"-n", strconv.Itoa(*n), "-runs", "1", "-pid", strconv.Itoa(cmd.Process.Pid)}, args...)
		load := exec.CommandContext(ctx, filepath.Join(bin, "bayeuxload"), args...)
		load.Stderr = os.Stderr
		pipe, err := load.StdoutPipe()
		check(err)
		check(load.Start())
		var bad error
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			if err := parse(prefix, lines.Text(), out); err != nil {
				bad = err
			}
		}
		if err := load.Wait(); err != nil && bad == nil {
			bad = err
		}
		return bad
	}
	// A run in which something was lost measures nothing: ours must never lose
	// anything, the others get another try.
	run := func(prefix string, args ...string) {
		for try := 1; ; try++ {
			err := once(prefix, args...)
			if err == nil {
				return
			}
			if s.name == "ours" || try == 3 {
				log.Fatal("hubbench: ", s.name, ": ", err)
			}
			fmt.Fprintln(os.Stderr, "again:", s.name, err)
		}
	}
	d := dur.String()
	run("fan1 ", "-settle", settle.String(), "-fan", d, "-inflight", "1")
	run("fan4 ", "-settle", "1s", "-fan", d, "-inflight", "4", "-pubs", "4")
	if s.proto == "bayeux" {
		run("post ", "-settle", "1s", "-chan", "own", "-post", d, "-postenc", "form")
	}
	return out
}

var pair = regexp.MustCompile(`(\w+)=([\d.]+)(%?)`)

// parse reads bayeuxload's lines of name=value. Server CPU per operation is worked
// out from the share of a core and the rate.
func parse(prefix, line string, out map[string]float64) error {
	kind, _, _ := strings.Cut(line, " ")
	kind = strings.TrimSuffix(kind, ":")
	v := map[string]float64{}
	for _, m := range pair.FindAllStringSubmatch(line, -1) {
		f, err := strconv.ParseFloat(m[2], 64)
		if err == nil {
			v[m[1]] = f
		}
	}
	switch kind {
	case "connect":
		if v["failed"] > 0 {
			return fmt.Errorf("clients failed: %s", line)
		}
		if prefix == "fan1 " {
			out["handshakes/s"] = v["per_s"]
			out["handshake CPU µs"] = v["server_cpu"] * 1e4 / v["per_s"]
		}
	case "idle":
		if prefix == "fan1 " {
			out["KiB/client idle"] = v["per_client_KiB"]
		}
	case "fanout":
		if v["deliveries_per_s"] == 0 || v["msgs_per_s"] == 0 {
			return nil
		}
		if v["missing"] > 0 {
			return fmt.Errorf("deliveries are missing: %s", line)
		}
		out[prefix+"deliveries/s"] = v["deliveries_per_s"]
		out[prefix+"p50 ms"], out[prefix+"p99 ms"] = v["p50_ms"], v["p99_ms"]
		out[prefix+"CPU µs/delivery"] = v["server_cpu"] * 1e4 / v["deliveries_per_s"]
	case "post":
		if v["posts_per_s"] == 0 || v["ok"] == 0 {
			return nil
		}
		if v["bad"] > 0 {
			return fmt.Errorf("publishes failed: %s", line)
		}
		out["post publishes/s"] = v["posts_per_s"]
		out["post p50 ms"], out["post p99 ms"] = v["deliver_p50_ms"], v["deliver_p99_ms"]
		out["post CPU µs/publish"] = v["server_cpu"] * 1e4 / v["posts_per_s"]
	}
	return nil
}

func report(results map[string]map[string][]float64) {
	fmt.Printf("%d clients, %d rounds of %v, 128-byte messages, server and tool on the same cores\n\n", *n, *rounds, *dur)
	fmt.Println("| | ours | ceiling | faye | ours/ceiling | ours/faye |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	var names []string
	for k := range results["ours"] {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		ours, ceil, faye := results["ours"][k], results["ceiling"][k], results["faye"][k]
		fmt.Printf("| %s | %s | %s | %s | %s | %s |\n", k, spread(ours), spread(ceil), spread(faye), spread(ratios(ours, ceil)), spread(ratios(ours, faye)))
	}
}

func ratios(a, b []float64) (out []float64) {
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			out = append(out, a[i]/b[i])
		}
	}
	return out
}

func spread(v []float64) string {
	if len(v) == 0 {
		return "–"
	}
	s := append([]float64(nil), v...)
	sort.Float64s(s)
	f := func(x float64) string {
		if x >= 1000 {
			return strconv.FormatFloat(x, 'f', 0, 64)
		}
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	if len(s) == 1 {
		return f(s[0])
	}
	return fmt.Sprintf("%s [%s..%s]", f((s[(len(s)-1)/2]+s[len(s)/2])/2), f(s[0]), f(s[len(s)-1]))
}

func freePort() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer func() { _ = ln.Close() }()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

func await(port string) {
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			log.Fatal("the server did not start")
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("hubbench: ", err)
	}
}
