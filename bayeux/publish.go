package bayeux

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"
)

// publishMessage: MUST channel, data; MAY clientId, ext, id (Bayeux 1.0, section
// 5.1). Without a clientId it is a publish without handshake, which the policy
// decides about as about any other.
func (s *Server) publishMessage(ctx context.Context, req *Request, m *Message, sess *session, reply *Message) (err error) {
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
	if sess != nil && m.ID != nil {
		yes, forget := sess.repeated(m)
		if yes {
			return nil // the client did not hear our answer and sent it again
		}
		defer func() {
			if err != nil {
				forget()
			}
		}()
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
		pub.wire() // adds ext.history: not while the monitor reads
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
