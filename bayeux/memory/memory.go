// Package memory is the Bayeux engine of one process: messages go straight to the
// node, history is kept in memory and ends with the process.
//
// Several servers of one process may join the same engine; a client may then
// reach any of them. Tests use this to see two nodes at work.
package memory

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"wake/bayeux"
)

// Engine implements bayeux.Engine. The zero value is not usable: see New.
type Engine struct {
	nodes atomic.Pointer[[]bayeux.Node]
	// moving is held by whoever moves a session; publishing waits for it, so that
	// each message goes to the session's former node or to its new one.
	moving sync.RWMutex
	mu     sync.Mutex // changes of nodes
	prefix string     // of this engine's epochs

	chMu     sync.Mutex
	channels map[string]*channel
	made     uint64 // channels so far
}

// channel is the history of one channel.
type channel struct {
	mu       sync.Mutex
	epoch    string
	last     uint64
	messages []entry
	keep     bayeux.Retention
	touched  time.Time
}

type entry struct {
	m  *bayeux.Message
	at time.Time
}

var _ bayeux.Engine = (*Engine)(nil)

// maxChannels bounds how many channels have history; beyond, the ones that have
// not been published to for the longest time are forgotten.
const maxChannels = 100_000

// New makes an engine.
func New() *Engine {
	var b [8]byte
	_, _ = rand.Read(b[:])
	e := &Engine{prefix: hex.EncodeToString(b[:]) + "-", channels: map[string]*channel{}}
	e.nodes.Store(&[]bayeux.Node{})
	return e
}

// Join implements bayeux.Engine.
func (e *Engine) Join(_ context.Context, n bayeux.Node) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	nodes := append(append([]bayeux.Node(nil), *e.nodes.Load()...), n)
	e.nodes.Store(&nodes)
	return nil
}

// Leave implements bayeux.Engine.
func (e *Engine) Leave(_ context.Context, n bayeux.Node) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var nodes []bayeux.Node
	for _, x := range *e.nodes.Load() {
		if x != n {
			nodes = append(nodes, x)
		}
	}
	e.nodes.Store(&nodes)
	return nil
}

// Publish implements bayeux.Engine.
func (e *Engine) Publish(_ context.Context, m *bayeux.Message, keep bayeux.Retention) (bayeux.Position, error) {
	if keep.Size <= 0 {
		e.deliver(m)
		return bayeux.Position{}, nil
	}
	c := e.channel(m.Channel)
	// Delivered under the lock, so that subscribers see the order of offsets.
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.last++
	c.keep, c.touched = keep, now
	m.Position = bayeux.Position{Epoch: c.epoch, Offset: c.last}
	c.messages = append(c.messages, entry{m, now})
	c.trim(now)
	e.deliver(m)
	return m.Position, nil
}

func (e *Engine) deliver(m *bayeux.Message) {
	e.moving.RLock()
	defer e.moving.RUnlock()
	for _, n := range *e.nodes.Load() {
		n.Deliver(m)
	}
}

func (c *channel) trim(now time.Time) {
	drop := max(0, len(c.messages)-c.keep.Size)
	if c.keep.TTL > 0 {
		for drop < len(c.messages) && now.Sub(c.messages[drop].at) > c.keep.TTL {
			drop++
		}
	}
	clear(c.messages[:drop])
	c.messages = c.messages[drop:]
}

func (e *Engine) channel(name string) *channel {
	e.chMu.Lock()
	defer e.chMu.Unlock()
	c := e.channels[name]
	if c == nil {
		if len(e.channels) >= maxChannels {
			e.forgetOldest()
		}
		// An epoch of its own: a channel that was forgotten must not give out the
		// positions of its former life again.
		e.made++
		c = &channel{epoch: e.prefix + strconv.FormatUint(e.made, 36)}
		e.channels[name] = c
	}
	return c
}

func (e *Engine) forgetOldest() {
	var name string
	var oldest time.Time
	n := 0
	for k, c := range e.channels { // a sample is good enough, and quick
		c.mu.Lock()
		t := c.touched
		c.mu.Unlock()
		if name == "" || t.Before(oldest) {
			name, oldest = k, t
		}
		if n++; n == 64 {
			break
		}
	}
	delete(e.channels, name)
}

// History implements bayeux.Engine.
func (e *Engine) History(_ context.Context, name string, since bayeux.Position, limit int) (bayeux.History, error) {
	e.chMu.Lock()
	c := e.channels[name]
	e.chMu.Unlock()
	if c == nil {
		return bayeux.History{Complete: since == bayeux.Position{}}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trim(time.Now())
	h := bayeux.History{Last: bayeux.Position{Epoch: c.epoch, Offset: c.last}}
	after := uint64(0)
	known := since == bayeux.Position{} || since.Epoch == c.epoch && since.Offset <= c.last
	if known {
		after = since.Offset
	}
	from := len(c.messages)
	for from > 0 && c.messages[from-1].m.Position.Offset > after && len(c.messages)-from < limit {
		from--
	}
	h.Complete = known && uint64(len(c.messages)-from) == c.last-after
	for _, x := range c.messages[from:] {
		h.Messages = append(h.Messages, x.m)
	}
	return h, nil
}

// Broadcast implements bayeux.Engine.
func (e *Engine) Broadcast(_ context.Context, c bayeux.Command) error {
	for _, n := range *e.nodes.Load() {
		n.Command(c)
	}
	return nil
}

// Lookup implements bayeux.Engine.
func (e *Engine) Lookup(_ context.Context, id string) (bayeux.Credentials, bool, error) {
	e.moving.RLock() // not while it is between two nodes
	defer e.moving.RUnlock()
	for _, n := range *e.nodes.Load() {
		if c, ok := n.Peek(id); ok {
			return c, true, nil
		}
	}
	return bayeux.Credentials{}, false, nil
}

// Claim implements bayeux.Engine.
func (e *Engine) Claim(_ context.Context, to bayeux.Node, id string, adopt func(*bayeux.State) error) (bool, error) {
	e.moving.Lock()
	defer e.moving.Unlock()
	for _, n := range *e.nodes.Load() {
		if n == to {
			continue
		}
		if st, ok := n.Release(id); ok {
			return true, adopt(st)
		}
	}
	return false, nil
}
