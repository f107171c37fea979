package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a child process that serves.
type server struct {
	cmd  *exec.Cmd
	addr string
	done chan struct{}

	mu   sync.Mutex
	last []string // lines it wrote, the newest at the end
}

// serve starts the program to measure.
func (b *bench) serve(args ...string) (*server, error) {
	return b.exec(*wakeBin, append([]string{"serve", "--listen", "127.0.0.1:0", "--rate-limit", "0"}, args...)...)
}

// start starts one of the tools.
func (b *bench) start(tool string, args ...string) (*server, error) {
	return b.exec(filepath.Join(*tools, tool), args...)
}

// listens is how servers say where they listen.
var listens = regexp.MustCompile(`(?:listen=|listening on )(127\.0\.0\.1:\d+)`)

// exec starts a server and waits until it says where it listens.
func (b *bench) exec(program string, args ...string) (*server, error) {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not to outlive us
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, done: make(chan struct{})}
	b.stops = append(b.stops, s.stop)
	at := make(chan string, 1)
	go func() {
		defer close(s.done)
		s.read(r, at)
		_ = cmd.Wait() // what it said tells more
	}()
	select {
	case s.addr = <-at:
		return s, nil
	case <-s.done:
	case <-time.After(30 * time.Second):
	}
	return nil, fmt.Errorf("%s does not serve: %s", program, s.said())
}

func (s *server) read(r io.ReadCloser, at chan<- string) {
	defer r.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		s.mu.Lock()
		s.last = append(s.last, lines.Text())
		s.last = s.last[max(0, len(s.last)-20):]
		s.mu.Unlock()
		if m := listens.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case at <- m[1]:
			default:
			}
		}
	}
}

// said is its last line.
func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) == 0 {
		return ""
	}
	return s.last[len(s.last)-1]
}

// stop stops it, the second time too.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-s.done:
	case <-time.After(15 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// load is what one turn of collectload found.
type load map[string]float64

const (
	perRequest = "req_per_s"
	perEvent   = "events_per_s"
	p50        = "p50_ms"
	p99        = "p99_ms"
	cpu        = "cpu_us_per_req"
)

var figure = regexp.MustCompile(`(\w+)=([\d.]+)`)

// load takes one turn at s.
func (b *bench) load(s *server, args ...string) (load, error) {
	all := append([]string{"-url", "http://" + s.addr, "-c", strconv.Itoa(*conns), "-prime", strconv.Itoa(*visits), "-warm", "500ms",
		"-dur", dur.String(), "-runs", "1", "-pid", strconv.Itoa(s.cmd.Process.Pid)}, args...)
	out, err := exec.CommandContext(b.ctx, filepath.Join(*tools, "collectload"), all...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("collectload: %w\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "run 1: ") {
			continue
		}
		l := load{}
		for _, m := range figure.FindAllStringSubmatch(line, -1) {
			l[m[1]], _ = strconv.ParseFloat(m[2], 64) // digits and dots
		}
		if l["non2xx"]+l["errors"] > 0 || l[perRequest] == 0 {
			return nil, fmt.Errorf("not every request was answered well:\n%s", out)
		}
		return l, nil
	}
	return nil, fmt.Errorf("collectload said nothing:\n%s", out)
}
