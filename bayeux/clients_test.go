package bayeux_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wake/bayeux"
	"wake/bayeux/memory"
)

// Unmodified clients, as npm has them, against a server that is really served.

func TestFayeClient(t *testing.T) {
	for _, pkg := range []string{"faye", "faye12"} {
		for _, transport := range []string{"websocket", "long-polling"} {
			t.Run(pkg+"/"+transport, func(t *testing.T) {
				t.Parallel()
				runClient(t, "faye.mjs", pkg, transport)
			})
		}
	}
}

func TestCometDClient(t *testing.T) {
	for _, transport := range []string{"websocket", "long-polling"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			runClient(t, "cometd.mjs", transport)
		})
	}
}

// TestFayeBrowser drives the browser client in Chromium, from the hub's own origin
// and from another site, over each transport it has.
func TestFayeBrowser(t *testing.T) {
	for _, scenario := range []string{
		"cross-origin websocket", "cross-origin long-polling", "cross-origin jsonp",
		"same-origin websocket", "same-origin eventsource", "same-origin long-polling",
	} {
		t.Run(scenario, func(t *testing.T) { runClient(t, "browser.mjs", scenario) })
	}
}

// TestClientsAcrossNodes has every request of an unmodified client answered by
// another node than the last.
func TestClientsAcrossNodes(t *testing.T) {
	for _, args := range [][]string{
		{"faye.mjs", "faye", "long-polling"}, {"faye.mjs", "faye", "websocket"},
		{"cometd.mjs", "long-polling"}, {"cometd.mjs", "websocket"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			l := newLive(t)
			l.nodes = 2
			l.start(t)
			runScript(t, l, args[0], args[1:]...)
		})
	}
}

// runClient runs a script against a server, restarts the server or cuts all its
// connections when the script says so, and passes when the script does.
func runClient(t *testing.T, script string, args ...string) {
	t.Helper()
	l := newLive(t)
	l.start(t)
	runScript(t, l, script, args...)
}

func runScript(t *testing.T, l *live, script string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := nodeCommand(t, ctx, script, append([]string{l.url()}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch line := lines.Text(); line {
		case "RESTART":
			l.stop(t)
			l.start(t)
			_, _ = in.Write([]byte("done\n"))
		case "CUT":
			l.cut()
			_, _ = in.Write([]byte("done\n"))
		case "LEFT":
			eventually(t, "the page was left", func() bool { return l.hubs[0].Stats().Clients == 0 })
			_, _ = in.Write([]byte("done\n"))
		default:
			t.Log(line)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(script, " ", args, ": ", err)
	}
}

// live is a server behind a TCP relay. The server can be restarted while its
// address stays, and the connections can be cut as a lost network would.
type live struct {
	relay net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool
	addr  string // of the server
	nodes int
	hubs  []*bayeux.Server
	http  *http.Server
}

func newLive(t *testing.T) *live {
	t.Helper()
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &live{relay: relay, conns: map[net.Conn]bool{}, nodes: 1}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := relay.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { l.forward(c) })
		}
	})
	t.Cleanup(func() {
		l.stop(t)
		_ = relay.Close()
		l.cut()
		wg.Wait()
	})
	return l
}

func (l *live) url() string { return "http://" + l.relay.Addr().String() + "/faye" }

func (l *live) forward(c net.Conn) {
	l.mu.Lock()
	addr := l.addr
	l.mu.Unlock()
	s, err := net.Dial("tcp", addr)
	if err != nil {
		_ = c.Close()
		return
	}
	l.mu.Lock()
	l.conns[c], l.conns[s] = true, true
	l.mu.Unlock()
	var wg sync.WaitGroup
	pipe := func(a, b net.Conn) {
		_, _ = io.Copy(a, b)
		_ = a.Close()
		_ = b.Close()
	}
	wg.Go(func() { pipe(c, s) })
	wg.Go(func() { pipe(s, c) })
	wg.Wait()
	l.mu.Lock()
	delete(l.conns, c)
	delete(l.conns, s)
	l.mu.Unlock()
}

// cut resets all connections.
func (l *live) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

func (l *live) start(t *testing.T) {
	t.Helper()
	engine := memory.New()
	l.hubs = nil
	for range l.nodes {
		hub, err := bayeux.New(context.Background(), bayeux.Options{
			Engine: engine, ErrorInterval: 200 * time.Millisecond, Timeout: 8 * time.Second, ResumeTimeout: 3 * time.Second,
			ClientFiles: os.DirFS(nodeModules + "/faye/client"),
		})
		if err != nil {
			t.Fatal(err)
		}
		l.hubs = append(l.hubs, hub)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var turn atomic.Uint32
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.hubs[int(turn.Add(1))%len(l.hubs)].ServeHTTP(w, r)
	})
	mux := http.NewServeMux()
	mux.Handle("/faye", next)
	mux.Handle("/faye/", next)
	mux.Handle("/", http.FileServer(http.Dir("clienttest")))
	l.http = &http.Server{Handler: mux}
	l.mu.Lock()
	l.addr = ln.Addr().String()
	l.mu.Unlock()
	go func() { _ = l.http.Serve(ln) }()
}

func (l *live) stop(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, hub := range l.hubs {
		if err := hub.Shutdown(ctx); err != nil {
			t.Error("shutdown:", err)
		}
	}
	_ = l.http.Close()
}
