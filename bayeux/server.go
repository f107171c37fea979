package bayeux

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options configure a Server. The zero value is a working server with the
// defaults named here; a negative bound means none where that is said.
type Options struct {
	// Engine is required: wake/bayeux/memory for one process.
	Engine Engine
	// Policy decides who may handshake, subscribe and publish. Default: anyone
	// may do anything, as with Faye.
	Policy Policy

	// Timeout is how long a /meta/connect is held (default 45 s), Interval what
	// clients are advised to wait between two (default 0).
	Timeout, Interval time.Duration
	// MaxInterval is how long a session lives after its poll was answered until
	// the next (default 75 s: browsers let the timers of hidden pages run once a
	// minute). ResumeTimeout is the same after its connection broke or was
	// closed, and after the handshake (default 15 s).
	MaxInterval, ResumeTimeout time.Duration
	// ErrorInterval is the interval of the advice on errors, so that a client
	// that is refused does not come back in a tight loop (default 1 s).
	ErrorInterval time.Duration
	// MultipleClientsInterval is the advice to a superseded poll (default 2 s).
	MultipleClientsInterval time.Duration
	// PingInterval is after how much silence a websocket is pinged (default
	// 25 s), and how often an EventSource is sent a comment; PongTimeout how long
	// an answer may take before the socket counts as broken (default 10 s).
	PingInterval, PongTimeout time.Duration
	// HandshakeTimeout closes a websocket that has no session (default 15 s).
	HandshakeTimeout time.Duration

	// MaxBody bounds a request body and a websocket message, in bytes (default 1 MiB).
	MaxBody int
	// MaxQueue and MaxQueueBytes bound what waits for one client (default 1000
	// messages, 1 MiB); Overflow says what happens beyond.
	MaxQueue, MaxQueueBytes int
	Overflow                Overflow
	// MaxSubscriptions bounds the channels of one client (default 128).
	MaxSubscriptions int
	// MaxClients bounds the sessions of the node (default 4 million),
	// MaxClientsPerAddress those of one IPv4 address or IPv6 /64 (default 65,536).
	MaxClients, MaxClientsPerAddress int

	// Retention keeps history for the channels that match; the first rule counts.
	Retention []RetentionRule

	// Dialect of error texts; default DialectFaye.
	Dialect Dialect
	// StrictBinding: see Credentials.
	StrictBinding bool
	// CookieName of the cookie that proves whose session it is (default
	// "bayeux_session").
	CookieName string
	// NoCookie keeps the server from setting cookies. Sessions are then bound to
	// their sockets, address and User-Agent only.
	NoCookie bool
	// Secure reports whether r came over HTTPS. Default: r.TLS, or the header
	// X-Forwarded-Proto.
	Secure func(r *http.Request) bool
	// ClientAddr finds the client's address. Default: r.RemoteAddr; behind a
	// proxy give one that trusts its header.
	ClientAddr func(r *http.Request) netip.Addr
	// Identify makes of a request what the Policy wants to know of its sender,
	// for instance a signed-in user; nil for nobody. It is only asked about
	// requests that another site's page cannot have made.
	Identify func(r *http.Request) any

	// ClientFiles holds the browser client, served as <mount>/client.js and
	// <mount>/<file>: faye-browser-min.js and its source map. Without it these
	// are not found.
	ClientFiles fs.FS

	// NodeID names this node; default random.
	NodeID string
	// Workers that fan out; default GOMAXPROCS, at most 64.
	Workers int
	// NoEpoll serves websockets by a goroutine each where readiness would be
	// possible. For tests and for comparison.
	NoEpoll bool
	// Log gets what an operator should know; default slog.Default().
	Log *slog.Logger
}

// RetentionRule keeps the history of the channels that Pattern matches.
type RetentionRule struct {
	Pattern string
	Retention
}

// Overflow is what happens when a client's queue is full.
type Overflow uint8

const (
	// OverflowDisconnect ends the session: the client handshakes anew and knows
	// that it missed something.
	OverflowDisconnect Overflow = iota
	// OverflowConflate drops the oldest message of the same channel, or the
	// oldest of all. The next reply to /meta/connect tells how many, as ext.lost.
	OverflowConflate
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
	addresses map[netip.Addr]int32

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
		wheel: newWheel(), addresses: map[netip.Addr]int32{}, conns: map[*conn]struct{}{},
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

func (o *Options) defaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Timeout, 45*time.Second)
	def(&o.MaxInterval, 75*time.Second)
	def(&o.ResumeTimeout, 15*time.Second)
	def(&o.ErrorInterval, time.Second)
	def(&o.MultipleClientsInterval, 2*time.Second)
	def(&o.PingInterval, 25*time.Second)
	def(&o.PongTimeout, 10*time.Second)
	def(&o.HandshakeTimeout, 15*time.Second)
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		} else if *n < 0 {
			*n = math.MaxInt
		}
	}
	num(&o.MaxBody, 1<<20)
	num(&o.MaxQueue, 1000)
	num(&o.MaxQueueBytes, 1<<20)
	num(&o.MaxSubscriptions, 128)
	num(&o.MaxClients, 4_000_000)
	num(&o.MaxClientsPerAddress, 65_536)
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 64)
	}
	if o.Dialect == "" {
		o.Dialect = DialectFaye
	}
	if o.CookieName == "" {
		o.CookieName = "bayeux_session"
	}
	if o.Policy == nil {
		o.Policy = AllowAll
	}
	if o.Secure == nil {
		o.Secure = func(r *http.Request) bool {
			return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
		}
	}
	if o.ClientAddr == nil {
		o.ClientAddr = remoteAddr
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.NodeID == "" {
		var b [8]byte
		_, _ = rand.Read(b[:])
		o.NodeID = hex.EncodeToString(b[:])
	}
}

func remoteAddr(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap()
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

// newSession makes a session known to this node, or says which limit forbids it.
func (s *Server) newSession(id string, req *Request) (*session, *Error) {
	select {
	case <-s.stopping:
		return nil, &Error{Code: 503, Text: "Server is stopping"}
	default:
	}
	sess := &session{srv: s, id: id, local: req.local, transport: req.Transport, addr: req.RemoteAddr, origin: req.RemoteAddr, identity: req.Identity}
	sess.cred = Credentials{Cookie: req.cookie, Print: req.print, Proven: req.hasCookie}
	sess.shard = s.shards[s.next.Add(1)%uint32(len(s.shards))]
	sess.timer.owner = sess
	if sess.local == nil {
		if s.count.Load() >= int64(s.opt.MaxClients) {
			return nil, ErrLimit("clients")
		}
		if !s.countAddress(sess.addr, 1) {
			return nil, ErrLimit("clients of this address")
		}
	}
	s.count.Add(1)
	s.stats.moved("", sess.transport)
	sm := s.sessionMap(id)
	sm.mu.Lock()
	sm.m[id] = sess
	sm.mu.Unlock()
	return sess, nil
}

// countAddress keeps the number of sessions of an address within its bound.
func (s *Server) countAddress(a netip.Addr, n int32) bool {
	if a.Is6() {
		p, _ := a.Prefix(64)
		a = p.Addr()
	}
	s.addrMu.Lock()
	defer s.addrMu.Unlock()
	c := s.addresses[a] + n
	if n > 0 && int(c) > s.opt.MaxClientsPerAddress {
		return false
	}
	if c <= 0 {
		delete(s.addresses, a)
	} else {
		s.addresses[a] = c
	}
	return true
}

// end ends a session: its poll is answered, its subscriptions go, monitors are told.
func (s *Server) end(sess *session, why Reason) bool {
	return s.endIf(sess, why, func() bool { return true })
}

func (s *Server) endIf(sess *session, why Reason, still func() bool) bool {
	sess.mu.Lock()
	if sess.gone || !still() {
		sess.mu.Unlock()
		return false
	}
	subs, c := s.dismantle(sess, why)
	e := sess.event(EventDisconnect)
	sess.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	for _, sub := range subs {
		s.unsubscribeTopic(ctx, sess, sub)
	}
	first := true
	if s.recorder != nil {
		var err error
		if first, err = s.recorder.Remove(ctx, sess.id); err != nil {
			s.log.Warn("bayeux: remove session", "error", err)
			first = true
		}
	}
	if c != nil {
		c.forget(sess)
	}
	if first {
		for _, sub := range subs {
			u := e
			u.Kind, u.Channel, u.Reason = EventUnsubscribe, sub.topic.name, why
			s.emit(u)
		}
		e.Reason = why
		s.emit(e)
	}
	return true
}

// engineTimeout bounds what is asked of the engine when no client's context does.
const engineTimeout = 10 * time.Second

// dismantle takes a session apart: out of the node's tables, its poll answered,
// its client advised. Call with mu held.
func (s *Server) dismantle(sess *session, why Reason) (subs []*subscription, c *conn) {
	sess.gone = true
	out := outcomeEnded
	switch why {
	case ReasonKicked:
		out = outcomeKicked
	case ReasonClient:
		out = outcomeDisconnect
	case ReasonShutdown:
		out = outcomeShutdown
	case ReasonMoved:
		out = outcomeMoved
	}
	if sess.poll != nil {
		sess.answer(out)
	} else if sess.conn != nil && why != ReasonClient && why != ReasonMoved {
		// Nothing to answer: tell it all the same, both clients heed advice
		// wherever it comes.
		m := sess.connectReply(&poll{req: &sess.conn.req, outcome: out}, false)
		sess.conn.reply([]*Message{m})
	}
	if sess.stream != nil {
		sess.stream.close()
	}
	subs, c = sess.subs, sess.conn
	sess.subs, sess.queue, sess.queued, sess.conn = nil, nil, 0, nil
	s.stats.subscriptions.Add(-int64(len(subs)))
	s.stats.moved(sess.transport, "")
	s.wheel.stop(&sess.timer)
	sm := s.sessionMap(sess.id)
	sm.mu.Lock()
	if sm.m[sess.id] == sess {
		delete(sm.m, sess.id)
	}
	sm.mu.Unlock()
	s.count.Add(-1)
	if sess.local == nil {
		s.countAddress(sess.origin, -1)
	}
	return subs, c
}

// Kick ends the session with this client id wherever it is. Its client is
// advised not to come back.
func (s *Server) Kick(ctx context.Context, clientID string) error {
	return s.engine.Broadcast(ctx, Command{Kick: clientID, Reason: ReasonKicked})
}

// CloseChannel ends all subscriptions to exactly this channel or pattern, at
// every node.
func (s *Server) CloseChannel(ctx context.Context, channel string) error {
	if !ValidPattern(channel) {
		return errInvalidChannel(channel)
	}
	return s.engine.Broadcast(ctx, Command{CloseChannel: channel})
}

// Command implements Node.
func (s *Server) Command(c Command) {
	s.later(func() {
		if c.Kick != "" {
			if sess := s.session(c.Kick); sess != nil {
				s.end(sess, c.Reason)
			}
		}
		if c.CloseChannel != "" {
			s.closeChannel(c.CloseChannel)
		}
	})
}

func (s *Server) closeChannel(channel string) {
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	for _, sh := range s.shards {
		for _, sess := range sh.members(channel) {
			s.unsubscribe(ctx, sess, []string{channel}, ReasonChannelClosed)
		}
	}
}

// Peek implements Node.
func (s *Server) Peek(id string) (Credentials, bool) {
	sess := s.session(id)
	if sess == nil || sess.local != nil {
		return Credentials{}, false
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	return sess.cred, !sess.gone
}

// Release implements Node.
func (s *Server) Release(id string) (*State, bool) {
	sess := s.session(id)
	if sess == nil || sess.local != nil {
		return nil, false
	}
	sess.shard.settle()
	sess.mu.Lock()
	if sess.gone {
		sess.mu.Unlock()
		return nil, false
	}
	st := sess.snapshot()
	subs, c := s.dismantle(sess, ReasonMoved)
	sess.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), engineTimeout)
	defer cancel()
	for _, sub := range subs {
		s.unsubscribeTopic(ctx, sess, sub)
	}
	if c != nil {
		c.forget(sess)
	}
	return st, true
}

// find returns the session of a client id that the request may use: this node's,
// or one that is fetched from another node. Nil when there is none, or when the
// request may not use it; the asker cannot tell which.
func (s *Server) find(ctx context.Context, req *Request, id string) (*session, error) {
	if id == "" || len(id) > 128 {
		return nil, nil
	}
	if sess := s.session(id); sess != nil {
		return sess.forRequest(req)
	}
	cred, ok, err := s.engine.Lookup(ctx, id)
	if err != nil || !ok {
		return nil, err
	}
	if !cred.matches(req, s.opt.StrictBinding, false) {
		if cred.tooEarly(req) {
			return nil, errTooEarly
		}
		return nil, nil
	}
	// Several requests of one client may come at the same time: one fetches.
	lock := s.claimLock(id)
	lock.Lock()
	defer lock.Unlock()
	if sess := s.session(id); sess != nil {
		return sess.forRequest(req)
	}
	st, ok, err := s.engine.Claim(ctx, s, id)
	if err != nil || !ok {
		return nil, err
	}
	return s.restore(ctx, req, st)
}

// forRequest returns the session if the request may use it.
func (s *session) forRequest(req *Request) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return nil, nil
	case s.authorized(req):
		return s, nil
	case s.conn == nil && s.cred.tooEarly(req):
		return nil, errTooEarly
	}
	return nil, nil
}

// restore takes in a session that has lived at another node.
func (s *Server) restore(ctx context.Context, req *Request, st *State) (*session, error) {
	sess, refused := s.newSession(st.ID, req)
	if refused != nil {
		return nil, refused
	}
	sess.mu.Lock()
	sess.hold = true
	sess.cred = st.Credentials
	if req.hasCookie {
		sess.cred.Cookie, sess.cred.Proven = req.cookie, true
	}
	if st.Ack {
		sess.ack = &ackState{batch: st.AckBatch, out: st.Sent}
		sess.ack.n = len(sess.ack.unacked())
	}
	sess.seen(s.opt.ResumeTimeout.Milliseconds())
	sess.mu.Unlock()
	for _, channel := range st.Subscriptions {
		sub, err := s.subscribeTopic(ctx, sess, channel)
		if err != nil {
			return nil, err
		}
		sess.mu.Lock()
		sess.subs = append(sess.subs, sub)
		sess.mu.Unlock()
		s.stats.subscriptions.Add(1)
	}
	sess.mu.Lock()
	live := sess.queue
	sess.queue = nil
	sess.queued = 0
	have := map[*Message]bool{}
	for _, m := range append(st.Queue, live...) {
		if !have[m] {
			have[m] = true
			sess.enqueue(m)
		}
	}
	sess.hold = false
	sess.notify()
	snap := sess.snapshot()
	sess.mu.Unlock()
	s.save(ctx, snap)
	return sess, nil
}

func (s *Server) save(ctx context.Context, st *State) {
	if s.recorder != nil {
		if err := s.recorder.Save(ctx, st); err != nil {
			s.log.Warn("bayeux: save session", "error", err)
		}
	}
}

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
			sm := &s.sessions[i]
			sm.mu.RLock()
			all := make([]*session, 0, len(sm.m))
			for _, sess := range sm.m {
				all = append(all, sess)
			}
			sm.mu.RUnlock()
			for _, sess := range all {
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
