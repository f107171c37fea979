package bayeux

import (
	"context"
	"errors"
)

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
	if positions != nil {
		sess.hold++
	}
	sess.mu.Unlock()
	if positions != nil {
		defer sess.release()
	}
	var failed error
	sess.events.Lock()
	for _, ch := range m.Subscription {
		var sub *subscription
		if sub, failed = s.subscribeOne(ctx, sess, ch); failed != nil {
			break
		}
		if sub != nil {
			added = append(added, sub)
		}
	}
	if failed != nil && !errors.Is(failed, errGone) {
		sess.events.Unlock()
		for _, sub := range added {
			s.unsubscribe(ctx, sess, []string{sub.topic.name}, ReasonClient)
		}
		return failed
	}
	sess.mu.Lock()
	e := sess.event(EventSubscribe)
	snap := s.snapshotIfRecorded(sess)
	sess.mu.Unlock()
	// What was added before the session moved has moved with it.
	for _, sub := range added {
		e.Channel, e.Message = sub.topic.name, m
		s.emit(e)
	}
	sess.events.Unlock()
	if failed != nil {
		return failed
	}
	if snap != nil && len(added) > 0 {
		s.save(ctx, snap)
	}
	if positions != nil {
		if reply.Ext, err = s.recover(ctx, sess, m, positions); err != nil {
			return err
		}
		if sess.isGone() {
			return errGone
		}
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
			return nil, errGone
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
	if sess.isGone() {
		return errGone
	}
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
