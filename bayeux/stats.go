package bayeux

import "sync/atomic"

// Stats are a server's counters; those that are not marked "now" only grow.
type Stats struct {
	Clients       int64 // now: sessions
	Subscriptions int64 // now
	Sockets       int64 // now: open websockets
	Published     int64 // messages accepted for delivery
	Drops         int64 // messages conflated away, or that overflowed a queue
	Errors        int64 // messages refused
	Queued        int64 // now: messages waiting to be fanned out
	Waiting       int64 // now: messages waiting for their clients
	// By transport.
	ClientsBy map[Transport]int64 // now
	In        map[Transport]int64 // messages received
	Out       map[Transport]int64 // events delivered
}

type counters struct {
	published, drops, errors, subscriptions, sockets, waiting atomic.Int64
	by                                                        [8]struct{ clients, in, out atomic.Int64 }
}

var countedTransports = [...]Transport{WebSocket, LongPolling, CallbackPolling, EventSource, InProcess, CrossLongPoll}

func transportIndex(t Transport) int {
	for i, x := range countedTransports {
		if t == x {
			return i
		}
	}
	return len(countedTransports)
}

func (c *counters) in(t Transport, n int)  { c.by[transportIndex(t)].in.Add(int64(n)) }
func (c *counters) out(t Transport, n int) { c.by[transportIndex(t)].out.Add(int64(n)) }

// moved counts a session that goes from one transport to another; "" is none.
func (c *counters) moved(from, to Transport) {
	if from != "" {
		c.by[transportIndex(from)].clients.Add(-1)
	}
	if to != "" {
		c.by[transportIndex(to)].clients.Add(1)
	}
}

// Stats reads the counters. It is cheap enough for every scrape.
func (s *Server) Stats() Stats {
	c := &s.stats
	st := Stats{
		Clients: s.count.Load(), Subscriptions: c.subscriptions.Load(), Sockets: c.sockets.Load(),
		Published: c.published.Load(), Waiting: c.waiting.Load(), Drops: c.drops.Load(), Errors: c.errors.Load(),
		ClientsBy: map[Transport]int64{}, In: map[Transport]int64{}, Out: map[Transport]int64{},
	}
	for i, t := range countedTransports {
		st.ClientsBy[t] = c.by[i].clients.Load()
		st.In[t] = c.by[i].in.Load()
		st.Out[t] = c.by[i].out.Load()
	}
	for _, sh := range s.shards {
		st.Queued += int64(len(sh.jobs))
	}
	return st
}
