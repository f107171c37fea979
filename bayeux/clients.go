package bayeux

import (
	"context"
	"net/http"
	"net/netip"
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
	sess.mu.Lock()
	defer sess.mu.Unlock()
	i := ClientInfo{
		ID: id, Transport: sess.transport, RemoteAddr: sess.addr, Identity: sess.identity,
		Connected: !sess.dropped, Queued: len(sess.queue),
	}
	for _, sub := range sess.subs {
		i.Subscriptions = append(i.Subscriptions, sub.topic.name)
	}
	return i, !sess.gone
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
