package bayeux

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Server is a node of a hub. Create it by New, mount it as an http.Handler, stop
// it by Shutdown.
type Server struct {
	opt    Options
	nodeID string
	log    *slog.Logger
	engine Engine
	// Set when the engine implements them.
	watcher    Watcher
	recorder   Recorder
	watchLocks [64]sync.Mutex
	claimLocks [64]sync.Mutex

	wheel  *wheel
	shards []*shard
	next   atomic.Uint32 // shard of the next session

	sessions  [256]sessionMap
	count     atomic.Int64
	addrMu    sync.Mutex
	addresses map[netip.Addr]int32 // sessions
	opened    map[netip.Addr]int32 // websockets

	extMu       sync.Mutex
	extensions  atomic.Pointer[[]*Extension]
	perReceiver atomic.Bool // some extension wants to see every delivery
	monitors    monitors
	services    services
	stats       counters

	poller   *poller
	connMu   sync.Mutex
	conns    map[*conn]struct{}
	ctx      context.Context // of what websockets ask for; ends with the server
	cancel   context.CancelFunc
	stopOnce sync.Once
	stopping chan struct{} // no new clients
	stopped  chan struct{} // workers end
	owned    sync.WaitGroup
	laterMu  sync.RWMutex
	finished bool           // no more goroutines are counted
	running  sync.WaitGroup // goroutines of later
}

type sessionMap struct {
	mu sync.RWMutex
	m  map[string]*session
}

// New starts a server on an engine. It fails on options that make no sense and
// when the engine cannot be joined.
func New(ctx context.Context, opt Options) (*Server, error) {
	if opt.Engine == nil {
		return nil, errors.New("bayeux: Options.Engine is required")
	}
	opt.defaults()
	for _, r := range opt.Retention {
		if !ValidPattern(r.Pattern) {
			return nil, fmt.Errorf("bayeux: retention pattern %q is not a channel pattern", r.Pattern)
		}
	}
	s := &Server{
		opt: opt, nodeID: opt.NodeID, log: opt.Log, engine: opt.Engine,
		wheel: newWheel(), addresses: map[netip.Addr]int32{}, opened: map[netip.Addr]int32{}, conns: map[*conn]struct{}{},
		stopping: make(chan struct{}), stopped: make(chan struct{}), poller: newPoller(),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.watcher, _ = opt.Engine.(Watcher)
	s.recorder, _ = opt.Engine.(Recorder)
	for i := range s.sessions {
		s.sessions[i].m = map[string]*session{}
	}
	for range opt.Workers {
		s.shards = append(s.shards, newShard(s))
	}
	s.monitors.init()
	if err := s.engine.Join(ctx, s); err != nil {
		return nil, fmt.Errorf("bayeux: join engine: %w", err)
	}
	for _, sh := range s.shards {
		s.owned.Go(sh.run)
	}
	s.owned.Go(func() { s.wheel.run(s.stopped) })
	s.monitors.run(&s.owned, s.stopped)
	return s, nil
}

// NodeID implements Node.
func (s *Server) NodeID() string { return s.nodeID }

func (s *Server) sessionMap(id string) *sessionMap {
	h := uint32(0)
	if len(id) >= 2 {
		h = uint32(id[len(id)-1])*31 + uint32(id[len(id)-2])
	}
	return &s.sessions[h%uint32(len(s.sessions))]
}

func (s *Server) session(id string) *session {
	sm := s.sessionMap(id)
	sm.mu.RLock()
	defer sm.mu.RUnlock()
	return sm.m[id]
}

// later runs f on a goroutine of its own that Shutdown waits for.
func (s *Server) later(f func()) {
	s.laterMu.RLock()
	defer s.laterMu.RUnlock()
	if s.finished {
		go f()
		return
	}
	s.running.Go(f)
}

// spread is the interval that clients get at shutdown, so that they do not all
// come back at once.
func (s *Server) spread() int64 { return mrand.Int64N(2000) }

// Shutdown stops the server in order: no new clients, held connects are answered
// with advice to come back, open sockets are closed with code 1001, and all
// goroutines have ended when it returns. The sessions are not reported as
// disconnected: their clients are expected back at another node or start. When
// ctx ends first, what remains is cut off.
func (s *Server) Shutdown(ctx context.Context) error {
	var err error
	s.stopOnce.Do(func() {
		close(s.stopping)
		for _, sh := range s.shards {
			sh.settle()
		}
		for i := range s.sessions {
			for _, sess := range s.sessions[i].all() {
				sess.mu.Lock()
				var c *conn
				if !sess.gone {
					_, c = s.dismantle(sess, ReasonShutdown)
				}
				sess.mu.Unlock()
				if c != nil {
					c.forget(sess)
				}
				if sess.local != nil {
					sess.local.stop()
				}
			}
		}
		s.closeConns()
		err = s.engine.Leave(ctx, s)
		close(s.stopped)
		s.cancel()
		s.poller.close()
		done := make(chan struct{})
		go func() {
			s.owned.Wait()
			s.laterMu.Lock()
			s.finished = true
			s.laterMu.Unlock()
			s.running.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			err = errors.Join(err, ctx.Err())
		}
	})
	return err
}
