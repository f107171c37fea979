package bayeux

import (
	"context"
	"errors"
	"slices"
)

// ErrDrop, returned by Extension.Incoming, drops a message without an answer.
var ErrDrop = errors.New("bayeux: message dropped")

// Extension sees messages on their way in and out, and may change or refuse
// them. Extensions run in the order in which they were added, in both
// directions, as in Faye.
type Extension struct {
	Name string

	// Incoming gets every message of a client before the server acts on it. It
	// may change the message. It refuses it by an error (an *Error is told to
	// the client, anything else is "500::Internal server error") or, as in Faye,
	// by setting m.Error; ErrDrop drops it without an answer. When m.ClientID is
	// set it has been verified: the message does come from that client.
	Incoming func(ctx context.Context, req *Request, m *Message) error

	// Outgoing gets every reply before it is sent, and may change it; false
	// drops it.
	Outgoing func(req *Request, m *Message) bool

	// Deliveries lets Outgoing see each message delivered to each subscriber as
	// well. This costs an encoding a receiver; otherwise a message is encoded
	// once for all. Outgoing must then not block: it runs where messages are
	// fanned out.
	Deliveries bool
}

// Use adds an extension and returns what removes it again.
func (s *Server) Use(e Extension) (remove func()) {
	p := &e
	s.changeExtensions(func(list []*Extension) []*Extension { return append(list, p) })
	return func() {
		s.changeExtensions(func(list []*Extension) []*Extension {
			return slices.DeleteFunc(list, func(x *Extension) bool { return x == p })
		})
	}
}

func (s *Server) changeExtensions(f func([]*Extension) []*Extension) {
	s.extMu.Lock()
	defer s.extMu.Unlock()
	list := f(slices.Clone(s.allExtensions()))
	s.extensions.Store(&list)
	s.perReceiver.Store(slices.ContainsFunc(list, func(e *Extension) bool { return e.Deliveries && e.Outgoing != nil }))
}

func (s *Server) allExtensions() []*Extension {
	if p := s.extensions.Load(); p != nil {
		return *p
	}
	return nil
}

func (s *Server) hasOutgoing() bool {
	return slices.ContainsFunc(s.allExtensions(), func(e *Extension) bool { return e.Outgoing != nil })
}

// incoming runs the extensions; an error refuses the message.
func (s *Server) incoming(ctx context.Context, req *Request, m *Message) error {
	for _, e := range s.allExtensions() {
		if e.Incoming == nil {
			continue
		}
		if err := e.Incoming(ctx, req, m); err != nil {
			return err
		}
		if m.Error != "" {
			return wireError(m.Error)
		}
	}
	return nil
}

// wireError is an error text that an extension has chosen itself.
func wireError(text string) error { return &Error{Text: text, raw: true} }

// outgoing runs the extensions that want deliveries on a copy; nil drops it.
func (s *Server) outgoing(req *Request, m *Message) *Message {
	c := m.Clone()
	for _, e := range s.allExtensions() {
		if e.Outgoing != nil && e.Deliveries && !e.Outgoing(req, c) {
			return nil
		}
	}
	return c
}

// outgoingAll runs the extensions on replies and the events that go with them.
func (s *Server) outgoingAll(req *Request, ms []*Message) []*Message {
	list := s.allExtensions()
	if len(list) == 0 {
		return ms
	}
	out := ms[:0:0]
next:
	for _, m := range ms {
		if !m.Reply {
			if s.perReceiver.Load() {
				if m = s.outgoing(req, m); m == nil {
					continue
				}
			}
			out = append(out, m)
			continue
		}
		for _, e := range list {
			if e.Outgoing != nil && !e.Outgoing(req, m) {
				continue next
			}
		}
		out = append(out, m)
	}
	return out
}
