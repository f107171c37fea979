package bayeux

import (
	"context"
	"errors"
)

// Process answers a batch of messages that came together. For requests that are
// not of a websocket it holds a /meta/connect that came alone until there is
// something to say, the timeout is over or ctx ends.
func (s *Server) Process(ctx context.Context, req *Request, batch []*Message) []*Message {
	r := s.process(ctx, req, batch)
	return r.messages
}

// replies are the answer to a batch.
type replies struct {
	messages []*Message
	poll     *poll      // answered last, with taken
	hangUp   bool       // the websocket is to be closed without an answer
	taken    []*Message // events that are among messages
}

// undelivered puts back the events of a reply that did not reach the client.
func (r *replies) undelivered() {
	if r.poll != nil {
		r.poll.session.restore(r.taken)
	}
}

func (s *Server) process(ctx context.Context, req *Request, batch []*Message) (r replies) {
	s.stats.in(req.Transport, len(batch))
	var held *poll
	for _, m := range batch {
		reply, p, err := s.handle(ctx, req, m)
		if err != nil {
			return replies{hangUp: true}
		}
		if reply != nil {
			r.messages = append(r.messages, s.outgoingAll(req, []*Message{reply})...)
		}
		if p != nil {
			if held != nil && held.done != nil {
				// One request holds one connect; the earlier is answered as it is.
				r.messages = append(r.messages, s.outgoingAll(req, []*Message{held.session.letGo(held)})...)
			}
			held = p
		}
	}
	if held == nil || held.done == nil {
		return r
	}
	if len(batch) > 1 {
		// The replies to the rest would wait with it. What was published in this
		// batch is delivered first.
		held.session.shard.settle()
		held.session.mu.Lock()
		if held.session.poll == held {
			held.session.answer(outcomeOK)
		}
		held.session.mu.Unlock()
	}
	select {
	case <-held.done:
	case <-ctx.Done():
		held.session.detached(nil, held, nil, ReasonAborted)
		return r
	case <-s.stopped:
		select {
		case <-held.done: // both: the answer counts
		default:
			return r
		}
	}
	sess := held.session
	sess.mu.Lock()
	if held.outcome == outcomeOK && sess.poll == nil { // of a session that ended the queue is empty
		r.taken = sess.take()
	}
	reply := sess.connectReply(held, len(r.taken) > 0)
	sess.mu.Unlock()
	r.poll = held
	r.messages = append(r.messages, s.outgoingAll(req, append([]*Message{reply}, r.taken...))...)
	return r
}

// handle answers one message; the reply to a held connect comes by the poll. An
// error means that there is nothing to say to this connection any more.
func (s *Server) handle(ctx context.Context, req *Request, m *Message) (*Message, *poll, error) {
	reply := &Message{Channel: m.Channel, ID: m.ID, ClientID: m.ClientID, Reply: true, Successful: true}
	var sess *session
	if m.ClientID != "" && m.Channel != MetaHandshake {
		var err error
		for range maxChase {
			if sess, err = s.find(ctx, req, m.ClientID); !errors.Is(err, errGone) {
				break
			}
		}
		if errors.Is(err, errTooEarly) {
			return nil, nil, err
		}
		if err != nil {
			s.log.Warn("bayeux: find session", "error", err)
			s.refuse(reply, err)
			return reply, nil, nil
		}
	}
	// Who it claims to be is settled before anybody else looks at the message.
	unknown := m.ClientID != "" && sess == nil && m.Channel != MetaHandshake
	if !unknown {
		switch err := s.incoming(ctx, req, m); {
		case errors.Is(err, ErrDrop):
			return nil, nil, nil
		case err != nil:
			s.refuse(reply, err)
			s.refusedHandshake(reply)
			return reply, nil, nil
		}
	}
	p, err := s.act(ctx, req, m, sess, reply)
	// The session has just gone to another node, because of another request of the
	// same client: go and get it.
	for try := 0; errors.Is(err, errGone) && try < maxChase; try++ {
		if sess, err = s.find(ctx, req, m.ClientID); err == nil {
			p, err = s.act(ctx, req, m, sess, reply)
		}
	}
	switch {
	case p != nil:
		return nil, p, nil
	case err != nil:
		if errors.Is(err, errGone) {
			err = errUnknownClient(m.ClientID)
		}
		if m.Channel == MetaConnect || m.Channel == MetaDisconnect {
			reply.ClientID = ""
		}
		s.refuse(reply, err)
		s.refusedHandshake(reply)
	case m.Channel != MetaHandshake:
		reply.Ext = mergeExt(reply.Ext, replyExt{sync: s.timesync(m).reply()})
	}
	return reply, nil, nil
}

// errGone is what acting on a session returns that has ended since it was found.
var errGone = errors.New("bayeux: the session has ended or moved")

// maxChase bounds how often a request follows a session from node to node: as
// many times as requests of one client may come side by side.
const maxChase = 100

// act does what the message asks for.
func (s *Server) act(ctx context.Context, req *Request, m *Message, sess *session, reply *Message) (*poll, error) {
	switch m.Channel {
	case MetaHandshake:
		return nil, s.handshake(ctx, req, m, reply)
	case MetaConnect:
		return s.connect(req, m, sess)
	case MetaSubscribe:
		return nil, s.subscribe(ctx, req, m, sess, reply)
	case MetaUnsubscribe:
		return nil, s.unsubscribeMessage(ctx, req, m, sess, reply)
	case MetaDisconnect:
		if err := s.needSession(m, sess); err != nil {
			return nil, err
		}
		if !s.end(sess, ReasonClient) {
			return nil, errGone
		}
		return nil, nil
	default:
		return nil, s.publishMessage(ctx, req, m, sess, reply)
	}
}

// refuse makes reply an error. Where the client must handshake, it is told so,
// and always with an interval: without one it would come back at once, for ever.
func (s *Server) refuse(reply *Message, err error) {
	reply.Successful, reply.Error = false, s.errorText(err, reply)
	var e *Error
	if !errors.As(err, &e) {
		s.log.Warn("bayeux: refused", "channel", reply.Channel, "error", err)
		e = errServer()
	}
	s.stats.errors.Add(1)
	interval := s.opt.ErrorInterval.Milliseconds()
	switch {
	case e.Code == 401 || reply.Channel == MetaHandshake && e.Code != 403 || reply.Channel == MetaConnect && (e.Code == 301 || e.Code == 402):
		reply.Advice = &Advice{Reconnect: "handshake", Interval: &interval}
	case reply.Channel == MetaHandshake:
		reply.Advice = &Advice{Reconnect: "none"}
	case reply.Channel == MetaConnect:
		reply.Advice = &Advice{Reconnect: "retry", Interval: &interval}
	}
}

// refusedHandshake adds what a failed handshake has to say (Bayeux 1.0, 4.1.2).
func (s *Server) refusedHandshake(reply *Message) {
	if reply.Channel == MetaHandshake {
		reply.ClientID = ""
		reply.Version, reply.SupportedConnectionTypes = "1.0", transports
	}
}
