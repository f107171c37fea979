package bayeux

import (
	"context"
	"encoding/json"
	"strconv"
)

// A subscriber asks for what it missed by ext.recover on /meta/subscribe: a
// Position {"epoch":…,"offset":…} as messages carried it in ext.history, or
// {"last":N} for the newest N; for several channels an object of these by
// channel. The reply's ext.history tells the position reached and whether
// nothing is missing, {"epoch":…,"offset":…,"recovered":true}; the messages
// follow, before anything newer.

// within reports whether p was reached with floor: the same life of the history,
// and not after it.
func (p Position) within(floor *Position) bool {
	return floor != nil && p.Offset > 0 && p.Epoch == floor.Epoch && p.Offset <= floor.Offset
}

const maxRecover = 1000 // messages of one channel

type recoverPoint struct {
	since Position
	last  int
}

// recoverFrom reads ext.recover; nil when the client did not ask.
func recoverFrom(m *Message) (map[string]recoverPoint, error) {
	raw := m.ExtField("recover")
	if raw == nil {
		return nil, nil
	}
	one := func(raw json.RawMessage) (recoverPoint, bool) {
		var v struct {
			Epoch  string
			Offset *uint64
			Last   *int
		}
		if json.Unmarshal(raw, &v) != nil || v.Offset == nil && v.Last == nil {
			return recoverPoint{}, false
		}
		p := recoverPoint{last: maxRecover}
		if v.Offset != nil {
			p.since = Position{Epoch: v.Epoch, Offset: *v.Offset}
		} else {
			p.last = min(max(*v.Last, 0), maxRecover)
		}
		return p, true
	}
	byChannel := map[string]json.RawMessage{}
	fields, _ := objectFields(raw)
	for _, f := range fields {
		byChannel[f.Name] = f.Value
	}
	out := map[string]recoverPoint{}
	for _, ch := range m.Subscription {
		if _, stars := wildcard(ch); stars > 0 {
			continue // history is kept by channel
		}
		p, ok := one(byChannel[ch])
		if !ok && len(m.Subscription) == 1 {
			p, ok = one(raw)
		}
		if ok {
			out[ch] = p
		}
	}
	if len(out) == 0 {
		return nil, errBadRequest()
	}
	return out, nil
}

// recover queues what the client missed and returns the ext of the reply. What
// came live meanwhile waits (session.hold) and is put behind it, once.
func (s *Server) recover(ctx context.Context, sess *session, m *Message, points map[string]recoverPoint) (json.RawMessage, error) {
	answer := map[string]json.RawMessage{}
	for _, ch := range m.Subscription {
		p, ok := points[ch]
		if !ok {
			continue
		}
		h, err := s.engine.History(ctx, ch, p.since, p.last)
		if err != nil {
			return nil, err
		}
		sess.recovered(ch, h)
		b := append([]byte(`{"epoch":`), quote(h.Last.Epoch)...)
		b = append(b, `,"offset":`...)
		b = strconv.AppendUint(b, h.Last.Offset, 10)
		b = append(b, `,"recovered":`...)
		answer[ch] = append(strconv.AppendBool(b, h.Complete), '}')
	}
	history := answer[m.Subscription[0]]
	if len(m.Subscription) > 1 || history == nil {
		history, _ = json.Marshal(answer)
	}
	return replyExt{history: history}.json(), nil
}

// recovered puts history before what is queued live, and sees to it that what is
// in both, now or soon, is delivered once.
func (s *session) recovered(channel string, h History) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.queue
	s.setQueue(nil)
	for _, m := range h.Messages {
		s.enqueue(m)
	}
	for _, m := range live {
		if m.Channel != channel || !m.Position.within(&h.Last) {
			s.enqueue(m)
		}
	}
	if sub := s.hasSub(channel); sub != nil {
		sub.floor = &h.Last
	}
}

// release ends the wait for history.
func (s *session) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold--
	s.notify()
}
