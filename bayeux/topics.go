package bayeux

import (
	"context"
	"sync"
)

// A shard is a share of the node's sessions, with one goroutine that delivers to
// them. A message is given to each shard that has subscribers; the goroutines
// fan out side by side, and every session sees messages in the order in which
// they were given to its shard.
type shard struct {
	srv  *Server
	jobs chan *job

	mu     sync.RWMutex
	topics map[string]*topic

	// Of the delivering goroutine only.
	stamp   uint64
	targets []target
	group   []*job
	frames  []byte
	buffers [1][]byte
	pushed  int // messages that went straight to websockets
}

// topic is what a shard's sessions have subscribed to: a channel or a pattern.
type topic struct {
	name string
	subs []*subscription
}

// subscription is one session's place in one topic.
type subscription struct {
	topic   *topic
	session *session
	pos     int       // in topic.subs; guarded by shard.mu
	floor   *Position // up to which the session was served from history, nil without; session.mu
}

type target struct {
	session *session
	sub     *subscription // nil for a message to one client
}

// job is one message on its way to a shard's sessions.
type job struct {
	m      *Message
	routes []string
	done   chan struct{} // barrier: no message, only tell when it is reached
}

const (
	shardQueue   = 1024     // jobs waiting before publishers wait
	maxGroup     = 64       // messages of one channel that are written together
	maxGroupSize = 64 << 10 // bytes of the same
)

func newShard(s *Server) *shard {
	return &shard{srv: s, jobs: make(chan *job, shardQueue), topics: map[string]*topic{}}
}

// add subscribes; false when the session already was.
func (sh *shard) add(s *session, channel string) (*subscription, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.topics[channel]
	if t == nil {
		t = &topic{name: channel}
		sh.topics[channel] = t
	}
	sub := &subscription{topic: t, session: s, pos: len(t.subs)}
	t.subs = append(t.subs, sub)
	return sub, len(t.subs) == 1
}

// remove ends a subscription; true when it was the shard's last to its topic.
func (sh *shard) remove(sub *subscription) (last bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sub.topic
	if sub.pos < 0 {
		return false
	}
	end := len(t.subs) - 1
	t.subs[sub.pos] = t.subs[end]
	t.subs[sub.pos].pos = sub.pos
	t.subs[end] = nil
	t.subs = t.subs[:end]
	sub.pos = -1
	if end == 0 {
		delete(sh.topics, t.name)
		return true
	}
	if cap(t.subs) > 64 && end < cap(t.subs)/4 {
		t.subs = append(make([]*subscription, 0, cap(t.subs)/2), t.subs...)
	}
	return false
}

func (sh *shard) has(channel string) bool {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.topics[channel] != nil
}

// members are the sessions subscribed to exactly this channel or pattern.
func (sh *shard) members(channel string) (out []*session) {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if t := sh.topics[channel]; t != nil {
		for _, sub := range t.subs {
			out = append(out, sub.session)
		}
	}
	return out
}

func (sh *shard) wants(routes []string) bool {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, r := range routes {
		if sh.topics[r] != nil {
			return true
		}
	}
	return false
}

// put queues a job, waiting while the shard is far behind; false when the server
// has stopped.
func (sh *shard) put(j *job) bool {
	select {
	case sh.jobs <- j:
		return true
	case <-sh.srv.stopped:
		return false
	}
}

// run delivers until the server has stopped. Messages of one channel that have piled up are
// written to each subscriber in one piece.
func (sh *shard) run() {
	var held *job
	for {
		j := held
		held = nil
		if j == nil {
			select {
			case j = <-sh.jobs:
			case <-sh.srv.stopped:
				return
			}
		}
		if j.done != nil {
			close(j.done)
			continue
		}
		sh.group = append(sh.group[:0], j)
		_, frame := j.m.wire()
		size := len(frame)
	more:
		for len(sh.group) < maxGroup && size < maxGroupSize && j.m.To == "" {
			select {
			case next := <-sh.jobs:
				if next.done != nil || next.m.Channel != j.m.Channel || next.m.To != "" {
					held = next
					break more
				}
				_, frame := next.m.wire()
				size += len(frame)
				sh.group = append(sh.group, next)
			default:
				break more
			}
		}
		sh.fanOut()
		clear(sh.group)
	}
}

// fanOut delivers sh.group, messages of one channel.
func (sh *shard) fanOut() {
	first := sh.group[0]
	targets := sh.targets[:0]
	if to := first.m.To; to != "" {
		if s := sh.srv.session(to); s != nil {
			targets = append(targets, target{session: s})
		}
	} else {
		service := IsService(first.m.Channel)
		sh.stamp++
		sh.mu.RLock()
		for _, r := range first.routes {
			t := sh.topics[r]
			if t == nil {
				continue
			}
			for _, sub := range t.subs {
				s := sub.session
				// Once a client, however many of its patterns match; and what
				// is under /service is for this process only.
				if s.stamp == sh.stamp || service && s.local == nil {
					continue
				}
				s.stamp = sh.stamp
				targets = append(targets, target{s, sub})
			}
		}
		sh.mu.RUnlock()
	}

	b := batch{one: first.m}
	_, sh.buffers[0] = first.m.wire()
	if len(sh.group) > 1 {
		sh.frames = sh.frames[:0]
		for _, j := range sh.group {
			_, f := j.m.wire()
			sh.frames = append(sh.frames, f...)
		}
		sh.buffers[0], b.group = sh.frames, sh.group
	}
	b.frames = sh.buffers[:]
	for _, t := range targets {
		t.session.deliver(&b, t.sub)
	}
	sh.buffers[0] = nil
	if sh.pushed > 0 {
		sh.srv.stats.out(WebSocket, sh.pushed)
		sh.pushed = 0
	}
	clear(targets)
	if cap(targets) > 1<<16 {
		targets = nil
	}
	sh.targets = targets[:0]
	if cap(sh.frames) > 4*maxGroupSize {
		sh.frames = nil
	}
}

// batch is one or more messages for the same receivers.
type batch struct {
	one    *Message
	group  []*job   // when there are several
	frames [][]byte // all of them, as websocket frames in one piece
}

func (b *batch) len() int { return max(1, len(b.group)) }

func (b *batch) at(i int) *Message {
	if b.group == nil {
		return b.one
	}
	return b.group[i].m
}

// Deliver implements Node: it gives m to the shards that have subscribers. It
// waits when they are far behind, so that publishers cannot outrun delivery.
func (s *Server) Deliver(m *Message) {
	j := &job{m: m}
	if m.To != "" {
		if to := s.session(m.To); to != nil {
			to.shard.put(j)
		}
		return
	}
	j.routes = routes(m.Channel)
	for _, sh := range s.shards {
		if sh.wants(j.routes) {
			sh.put(j)
		}
	}
}

// settle waits until the shard has delivered what it had been given.
func (sh *shard) settle() {
	j := &job{done: make(chan struct{})}
	if !sh.put(j) {
		return
	}
	select {
	case <-j.done:
	case <-sh.srv.stopped:
	}
}

// subscribeTopic and unsubscribeTopic also tell an engine of other processes
// what this node listens for.
func (s *Server) subscribeTopic(ctx context.Context, sess *session, channel string) (*subscription, error) {
	if s.watcher == nil {
		sub, _ := sess.shard.add(sess, channel)
		return sub, nil
	}
	lock := s.watchLock(channel)
	lock.Lock()
	defer lock.Unlock()
	if !s.hasTopic(channel) {
		if err := s.watcher.Watch(ctx, channel); err != nil {
			return nil, err
		}
	}
	sub, _ := sess.shard.add(sess, channel)
	return sub, nil
}

func (s *Server) unsubscribeTopic(ctx context.Context, sess *session, sub *subscription) {
	if s.watcher == nil {
		sess.shard.remove(sub)
		return
	}
	lock := s.watchLock(sub.topic.name)
	lock.Lock()
	defer lock.Unlock()
	if sess.shard.remove(sub) && !s.hasTopic(sub.topic.name) {
		if err := s.watcher.Unwatch(ctx, sub.topic.name); err != nil {
			s.log.Warn("bayeux: unwatch", "channel", sub.topic.name, "error", err)
		}
	}
}

func (s *Server) hasTopic(channel string) bool {
	for _, sh := range s.shards {
		if sh.has(channel) {
			return true
		}
	}
	return false
}

func (s *Server) watchLock(channel string) *sync.Mutex {
	return &s.watchLocks[stringHash(channel)%uint32(len(s.watchLocks))]
}

func (s *Server) claimLock(id string) *sync.Mutex {
	return &s.claimLocks[stringHash(id)%uint32(len(s.claimLocks))]
}

// stringHash is FNV-1a.
func stringHash(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
