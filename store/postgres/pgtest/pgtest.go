// Package pgtest runs a real PostgreSQL for tests and benchmarks: its own
// cluster in a temporary directory, on a free port of the loopback address,
// and no skipping: a test that needs it fails when there is none.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running cluster.
type Server struct {
	bin, dir string
	port     int
	account  *syscall.Credential // nil: ours
	counted  bool                // among the template's users

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
	log  *os.File

	databases atomic.Int64
}

var shared struct {
	sync.Mutex
	server *Server
	users  int
}

// Start is a server that the tests of this process share; it stops when the
// last of those that hold it ends. Tests that break it want Own.
func Start(tb testing.TB) *Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.users == 0 {
		s, err := start()
		if err != nil {
			tb.Fatalf("pgtest: %v", err)
		}
		shared.server = s
	}
	shared.users++
	tb.Cleanup(func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.users--; shared.users == 0 {
			shared.server.close()
		}
	})
	return shared.server
}

// Own is a server for this test alone, which may stop, kill and pause it.
func Own(tb testing.TB) *Server {
	tb.Helper()
	s, err := start()
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	tb.Cleanup(s.close)
	return s
}

// URL is the address of a new, empty database.
func (s *Server) URL(tb testing.TB) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	defer conn.Close(ctx)
	name := "test" + strconv.FormatInt(s.databases.Add(1), 10)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return s.url(name)
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://wake@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Stop shuts the server down in an orderly way, clients or not ("fast").
func (s *Server) Stop(tb testing.TB) { s.end(tb, syscall.SIGINT) }

// Kill ends the server and its children at once, as a crash of the machine
// would ("immediate"): committed work is in the log, nothing is tidied up.
func (s *Server) Kill(tb testing.TB) { s.end(tb, syscall.SIGQUIT) }

func (s *Server) end(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if err := s.signal(sig); err != nil {
		tb.Fatalf("pgtest: stop: %v", err)
	}
}

// Restart starts a server that was stopped or killed, or stops it first, on
// the same port.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.signal(syscall.SIGINT); err != nil {
		tb.Fatalf("pgtest: stop: %v", err)
	}
	if err := s.run(); err != nil {
		tb.Fatalf("pgtest: restart: %v", err)
	}
}

// Pause stops every process of the server from running, so that connections
// hang instead of breaking, until resume is called.
func (s *Server) Pause(tb testing.TB) (resume func()) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		tb.Fatal("pgtest: pause: the server is stopped")
	}
	var stopped []int
	for _, pid := range append([]int{s.cmd.Process.Pid}, children(s.cmd.Process.Pid)...) {
		if syscall.Kill(pid, syscall.SIGSTOP) == nil {
			stopped = append(stopped, pid)
		}
	}
	return sync.OnceFunc(func() {
		for _, pid := range slices.Backward(stopped) {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may be gone by now
		}
	})
}

// children are the processes that pid has started.
func children(pid int) (pids []int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

func start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	if err = s.init(); err == nil {
		err = s.run()
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// template is a cluster as initdb makes it, which takes seconds, to be
// copied. It is there as long as a server is.
var template struct {
	sync.Mutex
	dir   string
	users int
}

// binaries is the directory of the newest PostgreSQL that is installed.
func binaries() (string, error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is a good one
	slices.SortFunc(dirs, func(x, y string) int {
		version := func(dir string) int { n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))); return n }
		return version(y) - version(x)
	})
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL's initdb is neither in /usr/lib/postgresql/*/bin nor in PATH: install the package postgresql")
}

// init makes the cluster. PostgreSQL refuses to run as root, so root runs it
// as the account that its package has made.
func (s *Server) init() error {
	data := filepath.Join(s.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("PostgreSQL cannot run as root, and there is no account for it: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid) // numbers on every system that has PostgreSQL
		gid, _ := strconv.Atoi(u.Gid)
		s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for _, dir := range []string{s.dir, data} {
			if err := os.Chown(dir, uid, gid); err != nil {
				return err
			}
		}
	}
	template.Lock()
	defer template.Unlock()
	s.counted = true
	if template.users++; template.dir == "" {
		cmd := s.command("initdb", "--pgdata", data, "--username", "wake", "--auth", "trust",
			"--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w\n%s", err, out)
		}
		dir, err := os.MkdirTemp("", "pgtest-template")
		if err != nil {
			return err
		}
		template.dir = dir
		return copyTree(data, filepath.Join(dir, "data"))
	}
	if err := os.Remove(data); err != nil {
		return err
	}
	return copyTree(filepath.Join(template.dir, "data"), data)
}

// copyTree copies a directory with its owners.
func copyTree(from, to string) error {
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("copy cluster: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGQUIT} // not to outlive a killed test
	return cmd
}

// run starts the server and waits until it takes connections. A port that
// somebody else took in the meantime is given up for another, the first time.
func (s *Server) run() error {
	var err error
	for range 5 {
		first := s.port == 0
		if first {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.launch(); err == nil {
			return nil
		}
		if first {
			s.port = 0
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	cmd := s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir,
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "max_wal_size=1GB")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		log.Close()
		return err
	}
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the log says why it ended
		log.Close()
		close(done)
	}()
	s.cmd, s.done, s.log = cmd, done, log
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-done:
			s.cmd = nil
			out, _ := os.ReadFile(log.Name()) // best effort, to explain
			return fmt.Errorf("postgres ended at once:\n%s", bytes.TrimSpace(out))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// signal sends sig to the server, if it runs, and waits for its end.
func (s *Server) signal(sig syscall.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		_ = s.cmd.Process.Kill() // its children see that and end, too
		<-s.done
	}
	s.cmd = nil
	return nil
}

func (s *Server) close() {
	_ = s.signal(syscall.SIGQUIT) // the cluster is thrown away
	os.RemoveAll(s.dir)
	template.Lock()
	defer template.Unlock()
	if s.counted {
		s.counted = false
		if template.users--; template.users == 0 {
			os.RemoveAll(template.dir)
			template.dir = ""
		}
	}
}
