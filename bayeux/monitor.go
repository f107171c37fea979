package bayeux

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// EventKind says what happened.
type EventKind uint8

const (
	// EventHandshake: a client got its id. Event.Message is its request.
	EventHandshake EventKind = iota
	// EventSubscribe: a new subscription to Event.Channel. Event.Message is the
	// request, with ext and data.
	EventSubscribe
	// EventUnsubscribe: a subscription ended, by itself or before a disconnect.
	EventUnsubscribe
	// EventPublish: a client published Event.Message on Event.Channel.
	// Event.ClientID is verified, or empty.
	EventPublish
	// EventDrop: the client's connection went away. Its session goes on for
	// Options.ResumeTimeout: EventResume or EventDisconnect follows.
	EventDrop
	// EventResume: the client is back on a new connection, in time.
	EventResume
	// EventDisconnect: the session has ended, for Event.Reason.
	EventDisconnect
	eventKinds
)

func (k EventKind) String() string {
	return [...]string{"handshake", "subscribe", "unsubscribe", "publish", "drop", "resume", "disconnect"}[k]
}

// Reason says why a connection, a subscription or a session ended.
type Reason string

// The reasons.
const (
	ReasonClient        Reason = "client"         // the client said so
	ReasonLeft          Reason = "left"           // its page was closed (Server.Leave)
	ReasonClosed        Reason = "closed"         // the socket was closed by the other side
	ReasonAborted       Reason = "aborted"        // a held request was cancelled
	ReasonPong          Reason = "pong timeout"   // no answer to a ping
	ReasonDropped       Reason = "dropped"        // not back in time after the connection was lost
	ReasonTimeout       Reason = "timeout"        // no connect in time
	ReasonOverflow      Reason = "overflow"       // did not take its messages
	ReasonKicked        Reason = "kicked"         // Server.Kick
	ReasonChannelClosed Reason = "channel closed" // Server.CloseChannel
	ReasonLimit         Reason = "limit"          // a bound of the server
	ReasonProtocol      Reason = "protocol error" // sent what no websocket client sends
	ReasonShutdown      Reason = "shutdown"       // the server stops
	ReasonMoved         Reason = "moved"          // goes on at another node
)

// Event is something that happened to a client.
type Event struct {
	Kind       EventKind
	Time       time.Time
	ClientID   string
	Transport  Transport
	RemoteAddr netip.Addr
	Identity   any    // of the request, see Options.Identify
	Channel    string // subscribe, unsubscribe, publish
	Message    *Message
	Reason     Reason // unsubscribe, drop, disconnect
}

// Monitor is told what happens, after it has happened. The events of one client
// come in their order and one at a time; those of different clients may come at
// the same time. A monitor may call the server; while it is slow events wait,
// and when very many wait, so do clients.
type Monitor func(Event)

// On calls f for events of the given kinds, of all kinds when none is given, and
// returns what ends that.
func (s *Server) On(f Monitor, kinds ...EventKind) (stop func()) {
	m := &monitor{f: f}
	for k := range eventKinds {
		m.kinds[k] = len(kinds) == 0 || slices.Contains(kinds, k)
	}
	ms := &s.monitors
	ms.change(func(l []*monitor) []*monitor { return append(l, m) })
	return func() {
		ms.change(func(l []*monitor) []*monitor {
			return slices.DeleteFunc(l, func(x *monitor) bool { return x == m })
		})
	}
}

type monitor struct {
	f     Monitor
	kinds [eventKinds]bool
}

// monitors hands events to one of a few goroutines, always the same for a client.
type monitors struct {
	mu    sync.Mutex
	list  atomic.Pointer[[]*monitor]
	lanes [4]chan Event
	seed  maphash.Seed
}

const laneQueue = 1 << 11

func (ms *monitors) init() {
	ms.seed = maphash.MakeSeed()
	ms.list.Store(&[]*monitor{})
	for i := range ms.lanes {
		ms.lanes[i] = make(chan Event, laneQueue)
	}
}

func (ms *monitors) change(f func([]*monitor) []*monitor) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	l := f(slices.Clone(*ms.list.Load()))
	ms.list.Store(&l)
}

func (ms *monitors) run(wg *sync.WaitGroup, stopped <-chan struct{}) {
	for _, lane := range ms.lanes {
		wg.Go(func() {
			for {
				select {
				case e := <-lane:
					ms.tell(e)
					continue
				default:
				}
				select {
				case e := <-lane:
					ms.tell(e)
				case <-stopped:
					return
				}
			}
		})
	}
}

func (ms *monitors) tell(e Event) {
	for _, m := range *ms.list.Load() {
		if m.kinds[e.Kind] {
			m.f(e)
		}
	}
}

func (ms *monitors) wants(k EventKind) bool {
	return slices.ContainsFunc(*ms.list.Load(), func(m *monitor) bool { return m.kinds[k] })
}

// event starts an event of the session. Call with mu held.
func (s *session) event(k EventKind) Event {
	return Event{Kind: k, Time: time.Now(), ClientID: s.id, Transport: s.transport, RemoteAddr: s.addr, Identity: s.identity}
}

func (s *Server) emit(e Event) {
	ms := &s.monitors
	if !ms.wants(e.Kind) {
		return
	}
	lane := ms.lanes[maphash.String(ms.seed, e.ClientID)%uint64(len(ms.lanes))]
	select {
	case lane <- e:
	case <-s.stopped:
	}
}
