package bayeux

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// LocalClient is a client in the server's own process. It is not subject to the
// policy, and may subscribe to /service channels, whose messages no remote
// client gets to see. Create it by Server.NewClient.
type LocalClient struct {
	srv  *Server
	sess *session
	req  Request
	wake chan struct{}
	quit chan struct{}
	once sync.Once
	done sync.WaitGroup

	mu       sync.Mutex
	handlers map[string]func(*Message)
}

// NewClient makes a client. One goroutine calls its handlers; Close ends it.
func (s *Server) NewClient(ctx context.Context) (*LocalClient, error) {
	c := &LocalClient{srv: s, wake: make(chan struct{}, 1), quit: make(chan struct{}), handlers: map[string]func(*Message){}}
	c.req = Request{Transport: InProcess, local: c}
	sess, refused := s.newSession(newClientID(), &c.req, false)
	if refused != nil {
		return nil, refused
	}
	c.sess = sess
	sess.mu.Lock()
	e := sess.event(EventHandshake)
	sess.mu.Unlock()
	s.emit(e)
	c.done.Go(c.run)
	s.owned.Go(c.done.Wait)
	return c, nil
}

// ID is the client's id.
func (c *LocalClient) ID() string { return c.sess.id }

// Subscribe calls f with each message on channels that match the pattern, in
// order and one at a time. A second call for the same pattern replaces f. A
// slow f fills the client's queue, with Options.Overflow as the consequence.
func (c *LocalClient) Subscribe(ctx context.Context, pattern string, f func(*Message)) error {
	if !ValidPattern(pattern) {
		return errInvalidChannel(pattern)
	}
	c.mu.Lock()
	c.handlers[pattern] = f
	c.mu.Unlock()
	m := &Message{Channel: MetaSubscribe, ClientID: c.sess.id, Subscription: []string{pattern}}
	return c.ask(ctx, m)
}

// Unsubscribe ends a subscription.
func (c *LocalClient) Unsubscribe(ctx context.Context, pattern string) error {
	err := c.ask(ctx, &Message{Channel: MetaUnsubscribe, ClientID: c.sess.id, Subscription: []string{pattern}})
	c.mu.Lock()
	delete(c.handlers, pattern)
	c.mu.Unlock()
	return err
}

// Publish sends data, any value that encodes to JSON.
func (c *LocalClient) Publish(ctx context.Context, channel string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return c.ask(ctx, &Message{Channel: channel, ClientID: c.sess.id, Data: raw})
}

func (c *LocalClient) ask(ctx context.Context, m *Message) error {
	for _, r := range c.srv.Process(ctx, &c.req, []*Message{m}) {
		if !r.Successful {
			return fmt.Errorf("bayeux: %s: %s", m.Channel, r.Error)
		}
	}
	return nil
}

// Close ends the client's session and waits for its handler to return. Do not
// call it from a handler.
func (c *LocalClient) Close() {
	c.srv.end(c.sess, ReasonClient)
	c.stop()
	c.done.Wait()
}

func (c *LocalClient) stop() { c.once.Do(func() { close(c.quit) }) }

func (c *LocalClient) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *LocalClient) run() {
	for {
		select {
		case <-c.wake:
		case <-c.quit:
			return
		case <-c.srv.stopped:
			return
		}
		c.sess.mu.Lock()
		ms := c.sess.take()
		c.sess.mu.Unlock()
		for _, m := range ms {
			c.mu.Lock()
			var fs []func(*Message)
			for _, r := range routes(m.Channel) {
				if f := c.handlers[r]; f != nil {
					fs = append(fs, f)
				}
			}
			c.mu.Unlock()
			for _, f := range fs {
				f(m)
			}
		}
	}
}

// ServiceHandler answers a message on a /service channel. What it returns is the
// data of the answer, which goes to the sender alone, on the same channel with
// the same id; nil sends none. An error refuses the publish.
type ServiceHandler func(ctx context.Context, req *Request, m *Message) (json.RawMessage, error)

type services struct {
	mu sync.RWMutex
	m  map[string]ServiceHandler
}

// Handle sets the handler of a channel under /service; nil removes it. Messages
// without a handler go to LocalClients that subscribed to them.
func (s *Server) Handle(channel string, h ServiceHandler) error {
	if !ValidChannel(channel) || !IsService(channel) {
		return errInvalidChannel(channel)
	}
	s.services.mu.Lock()
	defer s.services.mu.Unlock()
	if s.services.m == nil {
		s.services.m = map[string]ServiceHandler{}
	}
	if h == nil {
		delete(s.services.m, channel)
	} else {
		s.services.m[channel] = h
	}
	return nil
}

// serve calls the handler of a service message; false when there is none.
func (s *Server) serve(ctx context.Context, req *Request, m *Message, sess *session) (bool, error) {
	s.services.mu.RLock()
	h := s.services.m[m.Channel]
	s.services.mu.RUnlock()
	if h == nil {
		return false, nil
	}
	data, err := h(ctx, req, m)
	if err != nil || data == nil || sess == nil {
		return true, err
	}
	return true, s.send(sess, &Message{Channel: m.Channel, ID: m.ID, Data: data})
}

func (s *Server) send(sess *session, m *Message) error {
	m.ID, m.To = append(json.RawMessage(nil), m.ID...), sess.id
	if len(m.ID) == 0 {
		m.ID = nil
	}
	s.stats.published.Add(1)
	s.Deliver(m)
	return nil
}
