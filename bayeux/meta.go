package bayeux

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
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
		return r
	}
	sess := held.session
	sess.mu.Lock()
	if held.outcome == outcomeOK && sess.poll == nil && !sess.gone {
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
		sess, err = s.find(ctx, req, m.ClientID)
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
	var err error
	switch m.Channel {
	case MetaHandshake:
		err = s.handshake(ctx, req, m, reply)
	case MetaConnect:
		var p *poll
		if p, err = s.connect(req, m, sess); err == nil {
			return nil, p, nil
		}
		reply.ClientID = ""
	case MetaSubscribe:
		err = s.subscribe(ctx, req, m, sess, reply)
	case MetaUnsubscribe:
		err = s.unsubscribeMessage(ctx, req, m, sess, reply)
	case MetaDisconnect:
		if err = s.needSession(m, sess); err == nil {
			s.end(sess, ReasonClient)
		} else {
			reply.ClientID = ""
		}
	default:
		err = s.publishMessage(ctx, req, m, sess, reply)
	}
	if err != nil {
		s.refuse(reply, err)
		s.refusedHandshake(reply)
	} else if m.Channel != MetaHandshake {
		reply.Ext = mergeExt(reply.Ext, replyExt{sync: s.timesync(m).reply()})
	}
	return reply, nil, nil
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

// handshake: MUST version, supportedConnectionTypes; MAY minimumVersion, ext, id
// (Bayeux 1.0, section 4.1).
func (s *Server) handshake(ctx context.Context, req *Request, m, reply *Message) error {
	reply.ClientID = ""
	reply.Version, reply.SupportedConnectionTypes = "1.0", transports
	if m.SupportedConnectionTypes == nil {
		return errMissing("supportedConnectionTypes")
	}
	if !commonType(m.SupportedConnectionTypes) {
		return errConnTypes(m.SupportedConnectionTypes)
	}
	if m.Version == "" {
		return errMissing("version")
	}
	if !versionOne(m.Version) {
		return errVersion(m.Version)
	}
	if m.MinimumVersion != "" && !versionOne(m.MinimumVersion) {
		return errVersion(m.MinimumVersion)
	}
	if err := s.opt.Policy.CanHandshake(ctx, req, m); err != nil {
		return err
	}
	sess, refused := s.newSession(newClientID(), req)
	if refused != nil {
		return refused
	}
	sess.mu.Lock()
	if req.conn != nil {
		if !req.conn.adopt(sess) {
			sess.mu.Unlock()
			s.end(sess, ReasonLimit)
			return ErrLimit("clients of this websocket")
		}
		sess.conn = req.conn
	} else if sess.local == nil {
		sess.seen(s.opt.ResumeTimeout.Milliseconds())
	}
	if ackWanted(m) {
		sess.ack = &ackState{}
	}
	snap := s.snapshotIfRecorded(sess)
	e := sess.event(EventHandshake)
	sess.mu.Unlock()
	if s.recorder != nil {
		if err := s.recorder.Save(ctx, snap); err != nil {
			s.end(sess, ReasonLimit)
			return err
		}
	}
	reply.ClientID = sess.id
	interval, timeout := s.opt.Interval.Milliseconds(), s.opt.Timeout.Milliseconds()
	reply.Advice = &Advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout}
	reply.Ext = replyExt{ackEnabled: sess.ack != nil, sync: s.timesync(m).reply()}.json()
	e.Message = m
	s.emit(e)
	return nil
}

func (s *Server) snapshotIfRecorded(sess *session) *State {
	if s.recorder == nil {
		return nil
	}
	return sess.snapshot()
}

func commonType(types []string) bool {
	for _, t := range types {
		for _, ours := range transports {
			if t == ours {
				return true
			}
		}
	}
	return false
}

// versionOne accepts every version of major number 1, and the "0.9" that some
// clients name as the least they can do with.
func versionOne(v string) bool {
	major, _, _ := strings.Cut(v, ".")
	n, err := strconv.Atoi(major)
	return err == nil && (n == 1 || n == 0)
}

func (s *Server) needSession(m *Message, sess *session) error {
	if m.ClientID == "" {
		return errMissing("clientId")
	}
	if sess == nil {
		return errUnknownClient(m.ClientID)
	}
	return nil
}

// connect: MUST clientId, connectionType; MAY ext, id, advice.timeout (Bayeux 1.0,
// section 4.2). One connect of a client is held at a time: an earlier one is
// answered at once.
func (s *Server) connect(req *Request, m *Message, sess *session) (*poll, error) {
	if m.ConnectionType == "" {
		return nil, errMissing("connectionType")
	}
	if !commonType([]string{m.ConnectionType}) {
		return nil, errConnTypes([]string{m.ConnectionType})
	}
	if err := s.needSession(m, sess); err != nil {
		return nil, err
	}
	timeout := s.opt.Timeout
	if m.Advice != nil && m.Advice.Timeout != nil {
		timeout = min(timeout, time.Duration(*m.Advice.Timeout)*time.Millisecond)
	}
	p := &poll{req: req, session: sess, id: bytes.Clone(m.ID), sync: s.timesync(m)}
	if req.conn == nil {
		p.done = make(chan struct{})
	}
	if m.ConnectionType == string(EventSource) {
		p.eventSource, timeout = true, 0
	}
	if timeout == 0 {
		sess.shard.settle()
	}

	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.gone {
		return nil, errUnknownClient(m.ClientID)
	}
	sess.answer(outcomeSuperseded)
	transport := sess.transport
	// Beside an open stream a connect only says that the client lives, whatever
	// its type: Faye's first one goes out before its stream is known to be open.
	if sess.stream == nil || req.conn != nil {
		if sess.attach(req) {
			e := sess.event(EventResume)
			s.emit(e)
		}
	}
	if req.conn != nil && sess.conn != req.conn {
		return nil, ErrLimit("clients of this websocket")
	}
	if sess.transport != transport {
		s.stats.moved(transport, sess.transport)
	}
	if sess.ack != nil {
		sess.acked(m)
	}
	sess.poll = p
	if req.conn != nil && sess.conn == req.conn {
		sess.streaming = true
	}
	p.until = s.wheel.now() + timeout.Milliseconds()
	waiting := len(sess.queue) > 0 && !sess.hold
	switch {
	case waiting && sess.streaming && sess.ack == nil:
		sess.flush()
		waiting = false
	case waiting && sess.stream != nil && sess.ack == nil:
		waiting = false
	}
	if timeout == 0 || waiting {
		sess.answer(outcomeOK)
	} else {
		s.wheel.set(&sess.timer, p.until)
	}
	return p, nil
}

// subscribe: MUST clientId, subscription; MAY ext, id, and data for extensions
// (Bayeux 1.0, section 4.3). All channels are checked before any applies.
func (s *Server) subscribe(ctx context.Context, req *Request, m *Message, sess *session, reply *Message) error {
	reply.Subscription, reply.SubscriptionIsArray = m.Subscription, m.SubscriptionIsArray
	if err := s.needSubscription(m, sess); err != nil {
		return err
	}
	if len(m.Subscription) > s.opt.MaxSubscriptions && sess.local == nil {
		return ErrLimit("subscriptions")
	}
	for _, ch := range m.Subscription {
		if err := s.checkSubscription(req, ch); err != nil {
			return err
		}
		if !req.Local() {
			if err := s.opt.Policy.CanSubscribe(ctx, req, m, ch); err != nil {
				return err
			}
		}
	}
	positions, err := recoverFrom(m)
	if err != nil {
		return err
	}

	var added []*subscription
	sess.mu.Lock()
	n := len(sess.subs)
	for _, ch := range m.Subscription {
		if sess.hasSub(ch) == nil {
			n++
		}
	}
	if n > s.opt.MaxSubscriptions && sess.local == nil {
		sess.mu.Unlock()
		return ErrLimit("subscriptions")
	}
	// While history is read, what comes live waits behind it.
	sess.hold = sess.hold || positions != nil
	sess.mu.Unlock()
	if positions != nil {
		defer sess.release()
	}
	for _, ch := range m.Subscription {
		sub, err := s.subscribeOne(ctx, sess, ch)
		if err != nil {
			for _, sub := range added {
				s.unsubscribe(ctx, sess, []string{sub.topic.name}, ReasonClient)
			}
			return err
		}
		if sub != nil {
			added = append(added, sub)
		}
	}
	if positions != nil {
		if reply.Ext, err = s.recover(ctx, sess, m, positions); err != nil {
			return err
		}
	}
	sess.mu.Lock()
	e := sess.event(EventSubscribe)
	snap := s.snapshotIfRecorded(sess)
	sess.mu.Unlock()
	if snap != nil && len(added) > 0 {
		s.save(ctx, snap)
	}
	for _, sub := range added {
		e.Channel, e.Message = sub.topic.name, m
		s.emit(e)
	}
	return nil
}

// subscribeOne adds one subscription; nil when the session has it already.
func (s *Server) subscribeOne(ctx context.Context, sess *session, channel string) (*subscription, error) {
	sess.mu.Lock()
	have := sess.hasSub(channel) != nil
	sess.mu.Unlock()
	if have {
		return nil, nil
	}
	sub, err := s.subscribeTopic(ctx, sess, channel)
	if err != nil {
		return nil, err
	}
	sess.mu.Lock()
	if sess.gone || sess.hasSub(channel) != nil {
		gone := sess.gone
		sess.mu.Unlock()
		s.unsubscribeTopic(ctx, sess, sub)
		if gone {
			return nil, errUnknownClient(sess.id)
		}
		return nil, nil
	}
	sess.subs = append(sess.subs, sub)
	sess.mu.Unlock()
	s.stats.subscriptions.Add(1)
	return sub, nil
}

func (s *Server) needSubscription(m *Message, sess *session) error {
	if m.bad == "subscription" {
		return errInvalidChannel("")
	}
	if len(m.Subscription) == 0 {
		return errMissing("subscription")
	}
	return s.needSession(m, sess)
}

func (s *Server) checkSubscription(req *Request, channel string) error {
	if !ValidPattern(channel) {
		return errInvalidChannel(channel)
	}
	if !req.Local() && (IsMeta(channel) || IsService(channel)) {
		return ErrForbidden(channel)
	}
	return nil
}

// unsubscribeMessage: MUST clientId, subscription (Bayeux 1.0, section 4.4). What
// was not subscribed to is no error.
func (s *Server) unsubscribeMessage(ctx context.Context, req *Request, m *Message, sess *session, reply *Message) error {
	reply.Subscription, reply.SubscriptionIsArray = m.Subscription, m.SubscriptionIsArray
	if err := s.needSubscription(m, sess); err != nil {
		return err
	}
	for _, ch := range m.Subscription {
		if err := s.checkSubscription(req, ch); err != nil {
			return err
		}
	}
	s.unsubscribe(ctx, sess, m.Subscription, ReasonClient)
	return nil
}

func (s *Server) unsubscribe(ctx context.Context, sess *session, channels []string, why Reason) {
	for _, ch := range channels {
		sess.mu.Lock()
		sub := sess.hasSub(ch)
		if sub == nil {
			sess.mu.Unlock()
			continue
		}
		kept := make([]*subscription, 0, len(sess.subs)-1)
		for _, other := range sess.subs {
			if other != sub {
				kept = append(kept, other)
			}
		}
		sess.subs = kept
		e := sess.event(EventUnsubscribe)
		snap := s.snapshotIfRecorded(sess)
		sess.mu.Unlock()
		s.unsubscribeTopic(ctx, sess, sub)
		s.stats.subscriptions.Add(-1)
		if snap != nil {
			s.save(ctx, snap)
		}
		e.Channel, e.Reason = ch, why
		s.emit(e)
	}
}

// publishMessage: MUST channel, data; MAY clientId, ext, id (Bayeux 1.0, section
// 5.1). Without a clientId it is a publish without handshake, which the policy
// decides about as about any other.
func (s *Server) publishMessage(ctx context.Context, req *Request, m *Message, sess *session, reply *Message) error {
	if IsMeta(m.Channel) {
		return ErrForbidden(m.Channel)
	}
	if m.Data == nil {
		return errMissing("data")
	}
	if !ValidChannel(m.Channel) {
		return errInvalidChannel(m.Channel)
	}
	if m.ClientID != "" && sess == nil {
		return errUnknownClient(m.ClientID)
	}
	if !req.Local() {
		if err := s.opt.Policy.CanPublish(ctx, req, m); err != nil {
			return err
		}
	}
	stripSecrets(m)
	if sess != nil && m.ID != nil && sess.repeated(m) {
		return nil // the client did not hear our answer and sent it again
	}
	if IsService(m.Channel) {
		if done, err := s.serve(ctx, req, m, sess); done {
			return err
		}
	}
	// The receivers do not get to know the sender's client id; and what is sent
	// on must not hold on to the request's memory.
	pub := &Message{Channel: strings.Clone(m.Channel), ID: bytes.Clone(m.ID), Data: bytes.Clone(m.Data), Ext: bytes.Clone(m.Ext)}
	for _, f := range m.Extra {
		pub.Extra = append(pub.Extra, Field{f.Name, bytes.Clone(f.Value)})
	}
	if _, err := s.publish(ctx, pub); err != nil {
		return err
	}
	if s.monitors.wants(EventPublish) {
		e := Event{Kind: EventPublish, ClientID: m.ClientID, Channel: m.Channel, Message: pub, Transport: req.Transport, RemoteAddr: req.RemoteAddr, Identity: req.Identity, Time: time.Now()}
		s.emit(e)
	}
	return nil
}

func (s *Server) publish(ctx context.Context, m *Message) (Position, error) {
	s.stats.published.Add(1)
	var keep Retention
	for i := range s.opt.Retention {
		if r := &s.opt.Retention[i]; Covers(r.Pattern, m.Channel) {
			keep = r.Retention
			break
		}
	}
	return s.engine.Publish(ctx, m, keep)
}

// Publish sends data, any value that encodes to JSON, to the channel's
// subscribers. It is not subject to the policy. The position is zero when the
// channel keeps no history.
func (s *Server) Publish(ctx context.Context, channel string, data any) (Position, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Position{}, err
	}
	return s.PublishMessage(ctx, &Message{Channel: channel, Data: raw})
}

// PublishMessage is Publish for a message with ext, id or a single receiver (To).
// The message belongs to the server afterwards.
func (s *Server) PublishMessage(ctx context.Context, m *Message) (Position, error) {
	if !ValidChannel(m.Channel) || IsMeta(m.Channel) {
		return Position{}, errInvalidChannel(m.Channel)
	}
	if m.Data == nil {
		return Position{}, errMissing("data")
	}
	return s.publish(ctx, m)
}
