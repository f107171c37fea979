package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of this package run the real program: built once, started on
// free ports, killed, stopped and asked over HTTP.

var kills = flag.Int("kills", 8, "how often TestKilledUnderLoad kills each server")

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wake-process")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "wake")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(to string, flags ...string) error {
	args := append(append([]string{"build"}, flags...), "-o", to, ".")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// command is the program with these arguments, and nothing of our own WAKE_
// variables.
func command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WAKE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not to outlive a killed test
	return cmd
}

// wake runs a command to its end.
func wake(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := wakeCode(t, nil, "", args...)
	if code != 0 {
		t.Fatalf("wake %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// wakeCode runs a command to its end, with these variables and standard
// input, and returns what it wrote and its exit code.
func wakeCode(t *testing.T, env []string, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := command(binary, args...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("wake %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// lastWord is what a command prints for use by others.
func lastWord(out string) string {
	f := strings.Fields(out)
	if len(f) == 0 {
		return ""
	}
	return f[len(f)-1]
}

// running is a running `wake serve`.
type running struct {
	cmd  *exec.Cmd
	addr string // host:port, once it serves
	done chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
}

// serving starts `wake serve` on a free port and returns when it serves.
func serving(t *testing.T, args ...string) *running {
	t.Helper()
	return servingWith(t, command(binary, append([]string{"serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"}, args...)...))
}

func servingWith(t *testing.T, cmd *exec.Cmd) *running {
	t.Helper()
	s, addr := launch(t, cmd)
	select {
	case s.addr = <-addr:
		return s
	case <-s.done:
		t.Fatalf("wake serve ended at once:\n%s", s.output())
	case <-time.After(time.Minute):
		t.Fatalf("wake serve does not serve:\n%s", s.output())
	}
	return nil
}

// launch starts a server and returns at once; addr gets where it listens.
func launch(t *testing.T, cmd *exec.Cmd) (s *running, addr <-chan string) {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s = &running{cmd: cmd, done: make(chan struct{})}
	listens := make(chan string, 1)
	go func() {
		defer close(s.done)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			fmt.Fprintln(&s.log, lines.Text())
			s.mu.Unlock()
			if _, rest, ok := strings.Cut(lines.Text(), "msg=serving listen="); ok {
				a, _, _ := strings.Cut(rest, " ")
				listens <- a
			}
		}
		_ = cmd.Wait() // ProcessState says how it ended
	}()
	t.Cleanup(s.kill)
	return s, listens
}

func (s *running) url(path string) string { return "http://" + s.addr + path }

// output is what it has logged so far.
func (s *running) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// kill is SIGKILL: no chance to do anything.
func (s *running) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}

// stop is SIGTERM; it returns the exit code and how long the end took.
func (s *running) stop(t *testing.T) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		t.Fatalf("SIGTERM did not end it:\n%s", s.output())
	}
	return s.cmd.ProcessState.ExitCode(), time.Since(began)
}

// dial opens a connection of its own to the server.
func (s *running) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
