package bayeux

import (
	"context"
	"net/netip"
	"time"
)

// newSession makes a session known to this node, or says which limit forbids it.
func (s *Server) newSession(id string, req *Request, restoring bool) (*session, *Error) {
	select {
	case <-s.stopping:
		return nil, &Error{Code: 503, Text: "Server is stopping"}
	default:
	}
	sess := &session{srv: s, id: id, local: req.local, transport: req.Transport, addr: req.RemoteAddr, origin: req.RemoteAddr, identity: req.Identity}
	sess.cred = Credentials{Cookie: req.cookies[0], Print: req.print, Proven: req.sent > 0}
	sess.shard = s.shards[s.next.Add(1)%uint32(len(s.shards))]
	sess.timer.owner = sess
	if restoring {
		sess.restoring, sess.hold = true, 1
	}
	if sess.local == nil {
		if s.count.Load() >= int64(s.opt.MaxClients) {
			return nil, ErrLimit("clients")
		}
		if !s.countAddress(s.addresses, sess.addr, 1) {
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

// countAddress keeps the number of sessions, or of websockets, of an address
// within its bound.
func (s *Server) countAddress(by map[netip.Addr]int32, a netip.Addr, n int32) bool {
	if a.Is6() {
		p, _ := a.Prefix(64)
		a = p.Addr()
	}
	s.addrMu.Lock()
	defer s.addrMu.Unlock()
	c := by[a] + n
	if n > 0 && int(c) > s.opt.MaxClientsPerAddress {
		return false
	}
	if c <= 0 {
		delete(by, a)
	} else {
		by[a] = c
	}
	return true
}

// end ends a session: its poll is answered, its subscriptions go, monitors are told.
func (s *Server) end(sess *session, why Reason) bool {
	return s.endIf(sess, why, func() bool { return true })
}

func (s *Server) endIf(sess *session, why Reason, still func() bool) bool {
	sess.events.Lock()
	defer sess.events.Unlock()
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
	if why != ReasonShutdown {
		sess.setQueue(nil) // else a poll that has just been answered takes it along
	}
	sess.subs, sess.conn = nil, nil
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
		s.countAddress(s.addresses, sess.origin, -1)
	}
	return subs, c
}
