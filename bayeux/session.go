package bayeux

import (
	"encoding/json"
	"net/netip"
	"sync"
)

// session is one client id: who it belongs to, what it has subscribed to, what
// waits for it, and the connection it has now. A session outlives its
// connections until its deadline passes; its owner can go on with it on another.
//
// An idle websocket session is about half a kilobyte; keep it so.
type session struct {
	srv   *Server
	shard *shard
	id    string
	local *LocalClient // set for clients of this process, never changes

	stamp uint64 // of the shard's goroutine

	// events is held from a change that monitors are told of until they have been,
	// so that they hear of one client's changes in their order. Taken before mu.
	events sync.Mutex

	mu         sync.Mutex
	gone       bool
	restoring  bool  // is coming from another node
	streaming  bool  // conn may be sent messages at any time
	hold       int32 // reads of history that messages wait for
	overflowed bool  // is about to be ended
	dropped    bool  // the connection went away and no other has come
	transport  Transport
	cred       Credentials
	addr       netip.Addr // of its last connection
	origin     netip.Addr // of its handshake: the address it counts for
	identity   any
	subs       []*subscription
	queue      []*Message // not yet delivered
	queued     int        // bytes in queue
	lost       int        // messages conflated since the client was told
	conn       *conn      // its websocket, which also proves who it is
	poll       *poll      // its unanswered /meta/connect
	stream     *stream    // its EventSource
	ack        *ackState
	recent     *recentPublishes
	expires    int64 // ms; when the session ends unless there is a sign of life
	timer      deadline
}

// poll is a /meta/connect that has not been answered.
type poll struct {
	req     *Request
	id      json.RawMessage
	sync    *timesync
	until   int64         // ms
	done    chan struct{} // HTTP: closed when the answer is due; nil on a websocket
	outcome outcome
	session *session
	// The connection type was eventsource: the stream delivers, connect only says
	// that the client lives.
	eventSource bool
}

// outcome says why a poll is answered.
type outcome uint8

const (
	outcomeOK         outcome = iota // messages, or the time is over
	outcomeSuperseded                // another connect of the same client came
	outcomeMoved                     // the session goes on at another node
	outcomeShutdown                  // the server stops
	outcomeEnded                     // the session ended: handshake again
	outcomeKicked                    // the session ended: stay away
	outcomeDisconnect                // the client said /meta/disconnect
)

// deliver takes messages from the shard's goroutine. It never waits for the
// client: what its socket does not take now is queued, within bounds.
func (s *session) deliver(b *batch, sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return
	}
	// Read now, not when the receivers were gathered: history may have been
	// delivered since.
	var floor *Position
	if sub != nil {
		floor = sub.floor
	}
	n := b.len()
	if floor == nil && s.streaming && s.conn != nil && s.hold == 0 && s.ack == nil && len(s.queue) == 0 &&
		!s.srv.perReceiver.Load() && s.conn.push(b.frames) {
		s.shard.pushed += n
		return
	}
	for i := range n {
		if m := b.at(i); !m.Position.within(floor) {
			s.enqueue(m)
		}
	}
	s.notify()
}

// enqueue adds to the queue and keeps it within its bounds. Call with mu held.
func (s *session) enqueue(m *Message) {
	if s.gone || s.overflowed {
		return
	}
	object, _ := m.wire()
	s.queue = append(s.queue, m)
	s.queued += len(object)
	s.srv.stats.waiting.Add(1)
	o := &s.srv.opt
	full := func() bool {
		n, bytes := s.ack.pending()
		return len(s.queue)+n > o.MaxQueue || s.queued+bytes > o.MaxQueueBytes
	}
	if !full() {
		return
	}
	if o.Overflow == OverflowConflate {
		for len(s.queue) > 0 && full() {
			s.conflate()
		}
		return
	}
	s.srv.stats.drops.Add(1)
	s.overflowed = true
	s.srv.later(func() { s.srv.end(s, ReasonOverflow) })
}

// conflate makes room: of the messages of one channel the newest counts.
func (s *session) conflate() {
	newest := s.queue[len(s.queue)-1]
	victim := 0
	for i, m := range s.queue[:len(s.queue)-1] {
		if m.Channel == newest.Channel {
			victim = i
			break
		}
	}
	s.queued -= len(s.queue[victim].json)
	copy(s.queue[victim:], s.queue[victim+1:])
	s.queue[len(s.queue)-1] = nil
	s.queue = s.queue[:len(s.queue)-1]
	s.srv.stats.waiting.Add(-1)
	s.srv.stats.drops.Add(1)
	s.lost++
}

// setQueue replaces the queue. Call with mu held.
func (s *session) setQueue(ms []*Message) {
	s.srv.stats.waiting.Add(int64(len(ms) - len(s.queue)))
	s.queue, s.queued = ms, 0
	for _, m := range ms {
		s.queued += len(m.json)
	}
}

// notify lets the connection that the session has take what is queued. Call with
// mu held.
func (s *session) notify() {
	switch {
	case len(s.queue) == 0 || s.hold > 0 || s.gone:
	case s.local != nil:
		s.local.wakeUp()
	case s.streaming && s.conn != nil && s.ack == nil:
		s.flush()
	case s.stream != nil && s.ack == nil:
		s.stream.wakeUp()
	case s.poll != nil:
		s.answer(outcomeOK)
	}
}

// flush pushes the queue to the websocket, in one write. Call with mu held.
func (s *session) flush() {
	c := s.conn
	n := len(s.queue)
	if n == 0 || !c.idle() {
		return
	}
	frames := make([][]byte, 0, n)
	for _, m := range s.queue {
		if s.srv.perReceiver.Load() {
			if m = s.srv.outgoing(&c.req, m); m == nil {
				continue
			}
		}
		_, f := m.wire()
		frames = append(frames, f)
	}
	if len(frames) > 0 && !c.push(frames) {
		return // something else got in first; drain comes back to it
	}
	s.setQueue(nil)
	s.srv.stats.out(s.transport, n)
}

// take empties the queue for a reply. Call with mu held.
func (s *session) take() []*Message {
	if s.hold > 0 {
		return nil
	}
	ms := s.queue
	s.setQueue(nil)
	if s.ack != nil {
		s.ack.sent(ms)
	}
	s.srv.stats.out(s.transport, len(ms))
	return ms
}

// restore puts back what take took and could not be sent.
func (s *session) restore(ms []*Message) {
	if len(ms) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ack != nil || s.gone {
		return // the client's next ack tells what it lacks
	}
	s.setQueue(append(ms[:len(ms):len(ms)], s.queue...))
	s.notify()
}

// answer ends the held poll. Call with mu held.
func (s *session) answer(why outcome) {
	p := s.poll
	if p == nil {
		return
	}
	s.poll = nil
	p.outcome = why
	if p.done != nil {
		s.expires = s.srv.wheel.now() + s.srv.opt.MaxInterval.Milliseconds()
		close(p.done)
		return
	}
	var ms []*Message
	if why == outcomeOK && s.ack != nil {
		ms = s.take()
	}
	reply := s.connectReply(p, len(ms) > 0)
	c := p.req.conn
	if !s.srv.hasOutgoing() {
		c.reply(append([]*Message{reply}, ms...))
		return
	}
	s.srv.later(func() { c.reply(s.srv.outgoingAll(p.req, append([]*Message{reply}, ms...))) })
}

// letGo answers a poll that the request does not wait for, and takes no messages.
func (s *session) letGo(p *poll) *Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.poll == p {
		s.answer(outcomeOK)
	}
	return s.connectReply(p, false)
}

// connectReply is the answer to a poll. Call with mu held.
func (s *session) connectReply(p *poll, withMessages bool) *Message {
	o := &s.srv.opt
	m := &Message{Channel: MetaConnect, ID: p.id, ClientID: s.id, Reply: true, Successful: true}
	interval, timeout := o.Interval.Milliseconds(), o.Timeout.Milliseconds()
	switch p.outcome {
	case outcomeSuperseded:
		// A second page with the same id would take turns with this one for
		// ever: let them be slow about it.
		interval = o.MultipleClientsInterval.Milliseconds()
		m.Advice = &Advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout, MultipleClients: true}
	case outcomeShutdown:
		interval = s.srv.spread()
		m.Advice = &Advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout}
	case outcomeEnded:
		s.srv.refuse(m, errUnknownClient(s.id))
		m.ClientID = ""
	case outcomeKicked:
		s.srv.refuse(m, &Error{Code: 403, Text: "Kicked"})
		m.ClientID = ""
		m.Advice = &Advice{Reconnect: "none"}
	default:
		if p.eventSource {
			interval, timeout = timeout, 0
		}
		m.Advice = &Advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout}
	}
	ext := replyExt{sync: p.sync.reply()}
	if s.ack != nil && m.Successful {
		ext.ack = &s.ack.batch
	}
	if s.lost > 0 && p.outcome == outcomeOK {
		ext.lost = s.lost
		s.lost = 0
	}
	m.Ext = ext.json()
	if p.done != nil && m.Successful {
		s.seen(o.MaxInterval.Milliseconds() + interval)
	}
	return m
}

// seen moves the end of a session that has no standing connection to ms from
// now. Call with mu held.
func (s *session) seen(ms int64) {
	s.expires = s.srv.wheel.now() + ms
	s.srv.wheel.set(&s.timer, s.expires)
}

// expire implements expirer: a held poll is answered, a session that nobody came
// back for ends.
func (s *session) expire(now int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return never
	case s.poll != nil:
		if s.poll.until > now {
			return s.poll.until
		}
		s.answer(outcomeOK)
		if s.conn != nil || s.stream != nil {
			return never // lives as long as its connection
		}
		return s.expires
	case s.conn != nil || s.stream != nil || s.local != nil:
		return never
	case s.expires > now:
		return s.expires
	}
	why := ReasonTimeout
	if s.dropped {
		why = ReasonDropped
	}
	s.srv.later(func() {
		s.srv.endIf(s, why, func() bool { return s.poll == nil && s.conn == nil && s.stream == nil && s.expires <= now })
	})
	return now + 1000
}

// attach makes the request's websocket, or HTTP, the session's connection, and
// reports whether that ends an interruption. Not ok, with nothing changed, when
// the websocket is closed or has too many sessions. Call with mu held.
func (s *session) attach(req *Request) (resumed, ok bool) {
	if req.conn != nil && !req.conn.adopt(s) {
		return false, false
	}
	if old := s.conn; old != req.conn {
		s.conn, s.streaming = req.conn, false
		if old != nil {
			old.forget(s)
		}
	}
	s.transport = req.Transport
	if req.RemoteAddr.IsValid() {
		s.addr = req.RemoteAddr
	}
	if req.Identity != nil {
		s.identity = req.Identity
	}
	resumed = s.dropped
	s.dropped = false
	return resumed, true
}

// detached tells that connection c, or an HTTP poll or stream, has gone away.
func (s *session) detached(c *conn, p *poll, st *stream, why Reason) {
	s.events.Lock()
	defer s.events.Unlock()
	s.mu.Lock()
	was := s.conn == c && c != nil || s.poll == p && p != nil || s.stream == st && st != nil
	if p != nil && s.poll == nil && s.conn == nil && s.stream == nil {
		was = true // the poll was answered, but its client has not heard it
	}
	if s.gone || !was {
		s.mu.Unlock()
		return
	}
	if s.poll != nil && (s.poll == p || s.poll.req.conn == c && c != nil) {
		s.poll = nil
	}
	if c != nil {
		s.conn, s.streaming = nil, false
	}
	if st != nil {
		s.stream = nil
	}
	if s.conn != nil || s.stream != nil || s.poll != nil {
		s.mu.Unlock()
		return
	}
	s.dropped = true
	s.seen(s.srv.opt.ResumeTimeout.Milliseconds())
	e := s.event(EventDrop)
	s.mu.Unlock()
	e.Reason = why
	s.srv.emit(e)
}

// hasSub finds a subscription. Call with mu held.
func (s *session) hasSub(channel string) *subscription {
	for _, sub := range s.subs {
		if sub.topic.name == channel {
			return sub
		}
	}
	return nil
}

// snapshot is the session as an engine keeps it. Call with mu held.
func (s *session) snapshot() *State {
	st := &State{ID: s.id, Credentials: s.cred, Transport: s.transport}
	for _, sub := range s.subs {
		st.Subscriptions = append(st.Subscriptions, sub.topic.name)
	}
	if s.ack != nil {
		st.Ack, st.AckBatch, st.Sent = true, s.ack.batch, s.ack.out
	}
	st.Queue = append(st.Queue, s.queue...)
	if len(st.Sent) > 0 {
		st.Seq = st.Sent[0].Messages[0].Seq
	} else if len(st.Queue) > 0 {
		st.Seq = st.Queue[0].Seq
	}
	return st
}
