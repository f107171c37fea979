package bayeux

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"
)

// socket is a connection as the websocket transport needs it. What is behind it,
// readiness or a goroutine, the transport does not know.
type socket interface {
	// start lets the socket call its conn.
	start()
	// write takes as much as it can without waiting. For the rest the socket
	// calls conn.ready when there is room again.
	write(bufs [][]byte) (int, error)
	// read returns errAgain, maybe together with data, when there is nothing more
	// to read now; the socket calls conn.ready when there is.
	read(b []byte) (int, error)
	close()
}

var errAgain = errors.New("bayeux: not ready")

// conn is one websocket. An idle one holds no buffer and no goroutine.
type conn struct {
	srv *Server
	req Request // of the upgrade
	// lastRead is when something came from the client, in ms.
	lastRead atomic.Int64
	partial  atomic.Int64 // ms, since when a message is incomplete; 0 when none is
	sched    atomic.Int32 // of ready

	mu       sync.Mutex
	sock     socket
	broken   bool // no more writing
	closed   bool
	out      []byte // taken from us and not yet by the socket
	sessions []*session
	pinged   int64 // ms, when a ping was sent that has no answer yet
	alone    int64 // ms, since when there is no session
	timer    deadline

	// Of the reading goroutine only.
	in       []byte // the beginning of a frame
	message  []byte // the beginning of a fragmented message
	fragment bool
	text     bool
}

const (
	// maxSocketSessions bounds the clients that share a websocket.
	maxSocketSessions = 256
	readBuffer        = 4 << 10
)

var pingFrame = ws.MustCompileFrame(ws.NewPingFrame(nil))

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	req := s.NewRequest(r, WebSocket)
	if !s.countAddress(s.opened, req.RemoteAddr, 1) {
		httpError(w, http.StatusTooManyRequests, "too many websockets from this address")
		return
	}
	up := ws.HTTPUpgrader{}
	if req.sent == 0 && !s.opt.NoCookie {
		up.Header = http.Header{"Set-Cookie": {s.newCookie(r, &req).String()}}
	}
	nc, rw, _, err := up.Upgrade(r, w)
	if err != nil {
		if nc != nil {
			_ = nc.Close()
		}
		s.countAddress(s.opened, req.RemoteAddr, -1)
		return
	}
	var rest []byte
	if n := rw.Reader.Buffered(); n > 0 {
		rest, _ = rw.Reader.Peek(n)
		rest = bytes.Clone(rest)
	}
	// Keep nothing of the request: its headers and buffers are kilobytes.
	req.HTTP = nil
	c := &conn{srv: s, req: req, in: rest}
	c.req.conn = c
	c.timer.owner = c
	now := s.wheel.now()
	c.lastRead.Store(now)
	c.alone = now
	c.sock = s.newSocket(c, nc)
	s.connMu.Lock()
	select {
	case <-s.stopping:
		s.connMu.Unlock()
		c.sock.close()
		s.countAddress(s.opened, req.RemoteAddr, -1)
		return
	default:
	}
	s.conns[c] = struct{}{}
	s.connMu.Unlock()
	s.stats.sockets.Add(1)
	s.wheel.set(&c.timer, now+min(s.opt.HandshakeTimeout, s.opt.PingInterval).Milliseconds())
	c.sock.start()
}

// push sends frames if the socket is keeping up; false leaves them to the caller.
func (c *conn) push(frames [][]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken || c.closed || len(c.out) > 0 {
		return false
	}
	return c.write(frames) || !c.broken
}

// idle reports whether push would be heard.
func (c *conn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.broken && !c.closed && len(c.out) == 0
}

// write hands frames to the socket and keeps what it does not take. It reports
// whether it took any. Call with mu held and out empty.
func (c *conn) write(frames [][]byte) bool {
	n, err := c.sock.write(frames)
	if err != nil {
		c.fail(ReasonClosed)
		return n > 0
	}
	for _, f := range frames {
		if n >= len(f) {
			n -= len(f)
			continue
		}
		c.out = append(c.out, f[n:]...)
		n = 0
	}
	return true
}

// fail closes the connection, from wherever. Call with mu held.
func (c *conn) fail(why Reason) {
	if !c.broken {
		c.broken = true
		c.srv.later(func() { c.close(why) })
	}
}

// send sends a frame, after what waits. Call with mu held.
func (c *conn) send(frame []byte) {
	if c.broken || c.closed {
		return
	}
	if len(c.out) == 0 {
		c.write([][]byte{frame})
		return
	}
	if len(c.out)+len(frame) > c.srv.opt.MaxQueueBytes {
		c.srv.stats.drops.Add(1)
		c.fail(ReasonOverflow)
		return
	}
	c.out = append(c.out, frame...)
}

// reply sends messages in one frame.
func (c *conn) reply(ms []*Message) {
	if len(ms) == 0 {
		return
	}
	frame := textFrame(ms)
	c.mu.Lock()
	c.send(frame)
	c.mu.Unlock()
}

func textFrame(ms []*Message) []byte {
	const room = 10
	b := appendMessages(make([]byte, room, room+256*len(ms)), ms)
	return b[room-putServerHeader(b[:room], len(b)-room):]
}

// ready is called by the socket when it can be read or written again. The work
// is done on a goroutine, one a connection at most.
func (c *conn) ready() {
	for {
		switch {
		case c.sched.CompareAndSwap(0, 1):
			c.srv.later(c.run)
			return
		case c.sched.CompareAndSwap(1, 2), c.sched.Load() == 2:
			return
		}
	}
}

func (c *conn) run() {
	for {
		c.drain()
		c.readable()
		if c.sched.CompareAndSwap(1, 0) {
			return
		}
		c.sched.Store(1)
	}
}

// drain writes what waits, and lets the sessions send on when it is out.
func (c *conn) drain() {
	c.mu.Lock()
	if len(c.out) == 0 || c.broken || c.closed {
		c.mu.Unlock()
		return
	}
	n, err := c.sock.write([][]byte{c.out})
	if err != nil {
		c.fail(ReasonClosed)
		c.mu.Unlock()
		return
	}
	c.out = c.out[n:]
	if len(c.out) > 0 {
		c.mu.Unlock()
		return
	}
	c.out = nil
	sessions := slices.Clone(c.sessions)
	c.mu.Unlock()
	for _, s := range sessions {
		s.mu.Lock()
		if s.conn == c {
			s.notify()
		}
		s.mu.Unlock()
	}
}

// reader is what reading needs, borrowed while there is something to read.
type reader struct {
	buf    [readBuffer]byte
	header [ws.MaxHeaderSize]byte
	r      bytes.Reader
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// readable reads and handles frames until there is nothing more.
func (c *conn) readable() {
	rd := readers.Get().(*reader)
	defer readers.Put(rd)
	if len(c.in) > 0 && !c.feed(rd, nil) {
		return
	}
	for {
		n, err := c.sock.read(rd.buf[:])
		if n > 0 {
			c.lastRead.Store(c.srv.wheel.now())
			if !c.feed(rd, rd.buf[:n]) {
				return
			}
			c.drain() // a client may send for long without a pause
		}
		switch {
		case errors.Is(err, errAgain):
			return
		case err != nil:
			c.close(ReasonClosed)
			return
		}
	}
}

// feed handles the frames in b; false when the connection is closed.
func (c *conn) feed(rd *reader, b []byte) bool {
	ok := c.frames(rd, b)
	if len(c.in) == 0 && !c.fragment {
		c.partial.Store(0)
	} else if c.partial.Load() == 0 {
		c.partial.Store(c.srv.wheel.now())
	}
	return ok
}

func (c *conn) frames(rd *reader, b []byte) bool {
	if len(c.in) > 0 {
		c.in = append(c.in, b...)
		b = c.in
	}
	for len(b) > 0 {
		h, size, err := parseHeader(rd, b)
		if err != nil {
			return c.abort(ws.StatusProtocolError)
		}
		state := ws.StateServerSide
		if c.fragment {
			state |= ws.StateFragmented
		}
		if size > 0 {
			if ws.CheckHeader(h, state) != nil {
				return c.abort(ws.StatusProtocolError)
			}
			if h.Length > int64(c.srv.opt.MaxBody-len(c.message)) {
				return c.abort(ws.StatusMessageTooBig)
			}
		}
		if size == 0 || int64(len(b)-size) < h.Length {
			// Wait for the rest, in memory of our own.
			if len(c.in) == 0 || &c.in[0] != &b[0] {
				c.in = bytes.Clone(b)
			}
			return true
		}
		// A copy, because messages keep pointing into it.
		payload := bytes.Clone(b[size : size+int(h.Length)])
		ws.Cipher(payload, h.Mask, 0)
		b = b[size+int(h.Length):]
		if !c.frame(h, payload) {
			return false
		}
	}
	c.in = nil
	return true
}

// parseHeader returns the frame header at the start of b and its length, 0 while
// it is incomplete (RFC 6455, section 5.2).
func parseHeader(rd *reader, b []byte) (ws.Header, int, error) {
	rd.r.Reset(b)
	h, err := ws.ReadHeaderBuffer(&rd.r, rd.header[:])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return h, 0, nil
	}
	return h, len(b) - rd.r.Len(), err
}

// frame handles one complete frame; false when the connection is closed.
func (c *conn) frame(h ws.Header, payload []byte) bool {
	switch h.OpCode {
	case ws.OpPing:
		c.mu.Lock()
		c.send(ws.MustCompileFrame(ws.NewPongFrame(payload)))
		c.mu.Unlock()
		return true
	case ws.OpPong:
		return true
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(payload)
		switch {
		case len(payload) == 0:
			code = ws.StatusNormalClosure
		case ws.CheckCloseFrameData(code, reason) != nil:
			code = ws.StatusProtocolError
		}
		return c.abort(code)
	}
	if h.OpCode != ws.OpContinuation {
		c.text = h.OpCode == ws.OpText
	}
	if c.fragment || !h.Fin {
		c.message = append(c.message, payload...)
		c.fragment = !h.Fin
		if c.fragment {
			return true
		}
		payload, c.message = c.message, nil
	}
	batch, err := ParseMessages(payload)
	switch {
	case errors.Is(err, errUTF8) && c.text:
		return c.abort(ws.StatusInvalidFramePayloadData) // RFC 6455, section 8.1
	case err != nil:
		// As Faye the socket is kept; unlike Faye the client is told.
		c.srv.stats.errors.Add(1)
		c.reply([]*Message{{Reply: true, Error: errBadRequest().Error()}})
		return true
	case len(batch) == 0:
		// Faye's clients before 1.3 send [] to see whether the server lives.
		c.mu.Lock()
		c.send(emptyFrame)
		c.mu.Unlock()
		return true
	}
	r := c.srv.process(c.srv.ctx, &c.req, batch)
	if r.hangUp {
		return c.abort(ws.StatusPolicyViolation)
	}
	c.reply(r.messages)
	return true
}

var emptyFrame = ws.MustCompileFrame(ws.NewTextFrame([]byte("[]")))

// abort closes the websocket with a code. It always returns false.
func (c *conn) abort(code ws.StatusCode) bool {
	c.mu.Lock()
	c.send(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, ""))))
	c.mu.Unlock()
	why := ReasonProtocol
	if code == ws.StatusNormalClosure || code == ws.StatusGoingAway {
		why = ReasonClosed
	}
	c.close(why)
	return false
}

// close ends the connection. Its sessions go on without it for a while.
func (c *conn) close(why Reason) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed, c.broken = true, true
	sessions := c.sessions
	c.sessions, c.out = nil, nil
	c.sock.close()
	c.mu.Unlock()
	c.srv.wheel.stop(&c.timer)
	c.srv.connMu.Lock()
	delete(c.srv.conns, c)
	c.srv.connMu.Unlock()
	c.srv.countAddress(c.srv.opened, c.req.RemoteAddr, -1)
	c.srv.stats.sockets.Add(-1)
	for _, s := range sessions {
		s.detached(c, nil, nil, why)
	}
}

// adopt makes the socket the session's; false when it is closed or has too many.
func (c *conn) adopt(s *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.broken {
		return false
	}
	if slices.Contains(c.sessions, s) {
		return true
	}
	if len(c.sessions) >= maxSocketSessions {
		return false
	}
	c.sessions = append(c.sessions, s)
	return true
}

// single reports whether the socket has no session.
func (c *conn) single() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sessions) == 0
}

// forget ends that. The socket of a client that said goodbye is the client's to
// close; if it does not, the wheel does.
func (c *conn) forget(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.sessions, s); i >= 0 {
		c.sessions = slices.Delete(c.sessions, i, i+1)
	}
	if len(c.sessions) == 0 && !c.closed {
		c.sessions = nil
		c.alone = c.srv.wheel.now()
		c.srv.wheel.set(&c.timer, c.alone+c.srv.opt.HandshakeTimeout.Milliseconds())
	}
}

// expire implements expirer: silent sockets are pinged, and closed when they do
// not answer or have no session.
func (c *conn) expire(now int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.broken {
		return never
	}
	o := &c.srv.opt
	last := c.lastRead.Load()
	next := int64(never)
	if len(c.sessions) == 0 {
		if next = c.alone + o.HandshakeTimeout.Milliseconds(); next <= now {
			c.send(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusPolicyViolation, "no session"))))
			c.fail(ReasonTimeout)
			return never
		}
	}
	if c.pinged > 0 && last >= c.pinged {
		c.pinged = 0
	}
	if p := c.partial.Load(); p > 0 && p+o.MessageTimeout.Milliseconds() <= now {
		c.send(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusPolicyViolation, "message took too long"))))
		c.fail(ReasonTimeout)
		return never
	}
	if c.pinged > 0 {
		if due := c.pinged + o.PongTimeout.Milliseconds(); due > now {
			return min(next, due)
		}
		c.fail(ReasonPong)
		return never
	}
	if due := last + o.PingInterval.Milliseconds(); due > now {
		return min(next, due)
	}
	c.pinged = now
	if len(c.out) == 0 { // else it is plain that the client is not reading
		c.send(pingFrame)
	}
	return min(next, now+o.PongTimeout.Milliseconds())
}

// closeConns closes all websockets, telling them that the server goes away.
func (s *Server) closeConns() {
	s.connMu.Lock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	s.connMu.Unlock()
	frame := ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "")))
	for _, c := range all {
		c.mu.Lock()
		c.send(frame)
		c.mu.Unlock()
		c.close(ReasonShutdown)
	}
}
