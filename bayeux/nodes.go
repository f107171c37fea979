package bayeux

import (
	"context"
)

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
	if sess := s.session(id); sess != nil && !sess.isGone() {
		if sess.isRestoring() { // what it subscribed to elsewhere is not all here yet
			lock := s.claimLock(id)
			lock.Lock()
			defer lock.Unlock()
		}
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
	var sess *session
	_, err = s.engine.Claim(ctx, s, id, func(st *State) error {
		var err error
		sess, err = s.restore(ctx, req, st)
		return err
	})
	return sess, err
}

// isGone reports whether the session has ended, or moved, a moment ago.
func (s *session) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

func (s *session) isRestoring() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restoring
}

// forRequest returns the session if the request may use it.
func (s *session) forRequest(req *Request) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
		return nil, errGone
	case s.authorized(req):
		return s, nil
	case s.conn == nil && s.cred.tooEarly(req):
		return nil, errTooEarly
	}
	return nil, nil
}

// restore takes in a session that has lived at another node.
func (s *Server) restore(ctx context.Context, req *Request, st *State) (*session, error) {
	sess, refused := s.newSession(st.ID, req, true)
	if refused != nil {
		return nil, refused
	}
	sess.mu.Lock()
	sess.cred = st.Credentials
	sess.cred.learn(req)
	if st.Ack {
		sess.ack = &ackState{batch: st.AckBatch, out: st.Sent}
		for _, m := range sess.ack.unacked() {
			object, _ := m.wire()
			sess.ack.n++
			sess.ack.bytes += len(object)
		}
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
	sess.setQueue(nil)
	for _, m := range append(st.Queue, live...) {
		sess.enqueue(m)
	}
	sess.restoring = false
	sess.hold--
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
