// Package bayeux is a Bayeux 1.0 server: publish and subscribe for browsers and
// programs over websocket, long-polling, callback-polling (JSONP) and
// EventSource, in the dialect of Faye's server, so that unmodified Faye and
// CometD clients work with it.
//
// The parts, from the inside out:
//
//   - Message and Channel rules: what goes over the wire (message.go, channel.go).
//   - Server.Process: messages and a Request in, replies out; no sockets.
//   - Sessions: one per client id, with its subscriptions, its queue and its
//     deadline (session.go). Topics and the workers that fan out (topics.go).
//   - Engine: what the nodes of one hub share. wake/bayeux/memory is the engine
//     of a hub of one process.
//   - Transports: Server is an http.Handler. The websocket transport is
//     readiness-based on Linux: an idle client costs no goroutine and no buffer.
//   - Hooks: Extension (may change or refuse any message), Monitor (is told what
//     happened), Policy (decides who may do what), LocalClient (a client in this
//     process).
//
// A Server and everything reachable from it is safe for concurrent use.
package bayeux
