package bayeux_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wake/bayeux"
	"wake/bayeux/memory"
)

// History that began anew does not silence a live subscription.
func TestPromiseEpochFloor(t *testing.T) {
	e := memory.New()
	s := newServer(t, bayeux.Options{Engine: e, Retention: []bayeux.RetentionRule{{Pattern: "/**", Retention: bayeux.Retention{Size: 5}}}})
	for i := range 20 {
		publish(t, s, "/a", i)
	}
	c := newClient(t, s, "")
	r := ask(t, s, c.req, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a","ext":{"recover":{"last":1}}}`, c.id)
	t.Log(show(r))
	c.poll(0, "")
	for i := range 200_000 { // pushes /a out of the bound of remembered channels
		if i%1000 == 0 {
			if h, _ := e.History(context.Background(), "/a", bayeux.Position{}, 1); h.Last.Offset == 0 {
				break
			}
		}
		publish(t, s, fmt.Sprintf("/x/%d", i), 1)
	}
	h, _ := e.History(context.Background(), "/a", bayeux.Position{}, 1)
	if h.Last.Offset != 0 {
		t.Fatal("the history was to be pushed out, and is there")
	}
	publish(t, s, "/a", "after")
	if got := c.data(0); got != `"after"` {
		t.Errorf("after the history was lost the subscriber got %q", got)
	}
}

// Monitors may read a message while it is delivered.
func TestPromiseWireRace(t *testing.T) {
	s := newServer(t, bayeux.Options{Retention: []bayeux.RetentionRule{{Pattern: "/**", Retention: bayeux.Retention{Size: 5}}}})
	var n atomic.Int64
	s.On(func(e bayeux.Event) { n.Add(int64(len(e.Message.Ext))) }, bayeux.EventPublish)
	c := newClient(t, s, "")
	c.subscribe("/a")
	for range 200 {
		ask(t, s, c.req, `{"channel":"/a","clientId":%q,"data":1}`, c.id)
	}
	time.Sleep(100 * time.Millisecond)
}

type slowSave struct {
	*memory.Engine
	gate chan struct{}
	on   atomic.Bool
}

func (e *slowSave) Save(context.Context, *bayeux.State) error {
	if e.on.Load() {
		<-e.gate
	}
	return nil
}
func (e *slowSave) Remove(context.Context, string) (bool, error) { return true, nil }

// Events of a session come in order, however slow the engine is.
func TestPromiseEventOrder(t *testing.T) {
	e := &slowSave{Engine: memory.New(), gate: make(chan struct{})}
	s := newServer(t, bayeux.Options{Engine: e})
	var mu sync.Mutex
	var got []string
	s.On(func(e bayeux.Event) { mu.Lock(); got = append(got, e.Kind.String()); mu.Unlock() })
	c := newClient(t, s, "")
	e.on.Store(true)
	go func() { time.Sleep(200 * time.Millisecond); close(e.gate) }()
	done := make(chan struct{})
	go func() {
		s.Process(context.Background(), c.req, parse(t, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a"}`, c.id))
		close(done)
	}()
	time.Sleep(50 * time.Millisecond)
	ask(t, s, polling(), `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
	<-done
	time.Sleep(50 * time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	if got[len(got)-1] != "disconnect" {
		t.Errorf("order: %v", got)
	}
}

// With an engine that is not slow as well.
func TestPromiseEventOrderMemory(t *testing.T) {
	s := newServer(t, bayeux.Options{})
	var mu sync.Mutex
	last := map[string]string{}
	s.On(func(e bayeux.Event) { mu.Lock(); last[e.ClientID] = e.Kind.String(); mu.Unlock() })
	const n = 2000
	for range n {
		c := newClient(t, s, "")
		var wg sync.WaitGroup
		sub := parse(t, `{"channel":"/meta/subscribe","clientId":%q,"subscription":["/a","/b","/c"]}`, c.id)
		dis := parse(t, `{"channel":"/meta/disconnect","clientId":%q}`, c.id)
		wg.Go(func() { s.Process(context.Background(), polling(), sub) })
		wg.Go(func() { s.Process(context.Background(), polling(), dis) })
		wg.Wait()
	}
	time.Sleep(300 * time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	bad := 0
	for _, k := range last {
		if k != "disconnect" {
			bad++
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d clients: the last event is not disconnect", bad, n)
	}
}

// slowHistory takes its time to read.
type slowHistory struct {
	*memory.Engine
	gate, entered chan struct{}
}

func (e *slowHistory) History(ctx context.Context, ch string, p bayeux.Position, n int) (bayeux.History, error) {
	close(e.entered)
	<-e.gate
	return e.Engine.History(ctx, ch, p, n)
}

// A poll does not take what waits behind history.
func TestPromiseHoldAndPoll(t *testing.T) {
	e := &slowHistory{memory.New(), make(chan struct{}), make(chan struct{})}
	s := newServer(t, bayeux.Options{Engine: e, Retention: []bayeux.RetentionRule{{Pattern: "/**", Retention: bayeux.Retention{Size: 50}}}})
	publish(t, s, "/a", 1)
	publish(t, s, "/a", 2)
	c := newClient(t, s, "")
	done := make(chan struct{})
	go func() {
		s.Process(context.Background(), polling(), parse(t, `{"channel":"/meta/subscribe","clientId":%q,"subscription":"/a","ext":{"recover":{"last":10}}}`, c.id))
		close(done)
	}()
	<-e.entered
	publish(t, s, "/a", 3)
	got := c.data(0)
	close(e.gate)
	<-done
	got += "|" + c.data(0)
	if got != "|1 2 3" {
		t.Errorf("got %s", got)
	}
}

// What was published before a stop reaches those who poll.
func TestPromiseStopLosesNothing(t *testing.T) {
	lost := 0
	for range 80 {
		s := newServer(t, bayeux.Options{})
		c := newClient(t, s, "")
		c.subscribe("/a")
		got := make(chan string)
		go func() { got <- c.data(-1) }()
		time.Sleep(25 * time.Millisecond)
		publish(t, s, "/a", 1)
		_ = s.Shutdown(context.Background())
		if <-got != "1" {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of 80 lost", lost)
	}
}
