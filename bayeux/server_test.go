package bayeux_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wake/bayeux"
	"wake/bayeux/memory"
)

const nodeModules = "../web/node_modules"

// newServer starts a server that the test's end shuts down.
func newServer(t testing.TB, opt bayeux.Options) *bayeux.Server {
	t.Helper()
	if opt.Engine == nil {
		opt.Engine = memory.New()
	}
	s, err := bayeux.New(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error("shutdown:", err)
		}
	})
	return s
}

// startServer serves a server on a free port and returns the URL of its mount.
func startServer(t testing.TB, opt bayeux.Options) string {
	t.Helper()
	return serve(t, newServer(t, opt))
}

func serve(t testing.TB, s *bayeux.Server) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/faye", s)
	mux.Handle("/faye/", s)
	hs := httptest.NewServer(mux)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx) // answers what is held, so that Close need not wait
		hs.Close()
	})
	return hs.URL + "/faye"
}

// startNode runs a script of clienttest that serves, and returns the URL that it
// prints first.
func startNode(t testing.TB, script string, args ...string) string {
	t.Helper()
	cmd := nodeCommand(t, context.Background(), script, args...)
	in, err := cmd.StdinPipe() // its end tells the script to end
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(url)
}

// nodeCommand fails the test, rather than skip it, when Node.js or the packages
// are missing: npm ci in web/ installs them.
func nodeCommand(t testing.TB, ctx context.Context, script string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := os.Stat(filepath.Join(nodeModules, "faye")); err != nil {
		t.Fatal("npm packages are missing, run npm ci in web/: ", err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node.js is needed: ", err)
	}
	return exec.CommandContext(ctx, node, append([]string{filepath.Join("clienttest", script)}, args...)...)
}

// eventually waits for something that other goroutines are about to do. It is
// slow only when it fails.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}
