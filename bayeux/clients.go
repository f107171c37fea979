package bayeux

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/netip"
	"slices"
)

// ClientInfo describes a client of this node.
type ClientInfo struct {
	ID            string
	Transport     Transport
	RemoteAddr    netip.Addr
	Identity      any
	Connected     bool // it has a connection now, or was just answered
	Subscriptions []string
	Queued        int // messages waiting for it
}

// Client describes the client with this id, if this node has it.
func (s *Server) Client(id string) (ClientInfo, bool) {
	sess := s.session(id)
	if sess == nil {
		return ClientInfo{}, false
	}
	return sess.info()
}

// Clients goes through the clients of this node, those of this process included,
// in no order. What comes and goes meanwhile may be missed.
func (s *Server) Clients() iter.Seq[ClientInfo] {
	return func(yield func(ClientInfo) bool) {
		for i := range s.sessions {
			for _, sess := range s.sessions[i].all() {
				if info, ok := sess.info(); ok && !yield(info) {
					return
				}
			}
		}
	}
}

// Exists reports whether any node of the hub has the client.
func (s *Server) Exists(ctx context.Context, id string) (bool, error) {
	if s.session(id) != nil {
		return true, nil
	}
	_, ok, err := s.engine.Lookup(ctx, id)
	return ok, err
}

func (s *session) info() (ClientInfo, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := ClientInfo{
		ID: s.id, Transport: s.transport, RemoteAddr: s.addr, Identity: s.identity,
		Connected: !s.dropped, Queued: len(s.queue),
	}
	for _, sub := range s.subs {
		i.Subscriptions = append(i.Subscriptions, sub.topic.name)
	}
	return i, !s.gone
}

func (sm *sessionMap) all() []*session {
	sm.mu.RLock()
	defer sm.mu.RUnlock()
	return slices.Collect(maps.Values(sm.m))
}

// Owns reports whether the HTTP request comes from the owner of the client id, as
// far as Credentials can tell. An application that takes a client id from a
// request, to link it to something, asks this first.
func (s *Server) Owns(ctx context.Context, r *http.Request, clientID string) bool {
	req := s.NewRequest(r, LongPolling)
	sess := s.session(clientID)
	if sess == nil {
		cred, ok, err := s.engine.Lookup(ctx, clientID)
		return err == nil && ok && cred.matches(&req, s.opt.StrictBinding, false)
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	// The page's own request beside its open socket: the socket is no rival here.
	return !sess.gone && sess.local == nil && sess.cred.matches(&req, s.opt.StrictBinding, false)
}

// Leave ends the session of a client whose page says that it is being closed (a
// beacon on pagehide). It does nothing for a request that is not the owner's.
func (s *Server) Leave(ctx context.Context, r *http.Request, clientID string) bool {
	if !s.Owns(ctx, r, clientID) {
		return false
	}
	return s.engine.Broadcast(ctx, Command{Kick: clientID, Reason: ReasonLeft}) == nil
}
