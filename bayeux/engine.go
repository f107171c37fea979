package bayeux

import (
	"context"
	"time"
)

// Engine is what the nodes of one hub share: it carries messages between them,
// keeps the history of channels, and moves a session to the node that its client
// now talks to. A node does the fan-out to its own clients itself, so an engine
// sees a message once, whatever the number of subscribers.
//
// An engine whose nodes are other processes implements Watcher and Recorder too.
// All methods are called concurrently.
type Engine interface {
	// Join adds a node. From now on the engine calls it; it may do so from any
	// goroutine, but delivers the messages of one publisher and channel in order.
	Join(ctx context.Context, n Node) error
	// Leave removes a node; when it returns the engine calls it no more.
	Leave(ctx context.Context, n Node) error

	// Publish gives m to Deliver of every node that has subscribers for it, this
	// one included, at one round trip a node; when m.To is set, of the node that
	// has this client. With keep.Size > 0 it is put into
	// the channel's history first, and m.Position is set before it is delivered.
	Publish(ctx context.Context, m *Message, keep Retention) (Position, error)
	// History returns what was published on the channel after since, oldest
	// first, at most limit messages (the newest ones). The zero since asks for
	// the last limit messages.
	History(ctx context.Context, channel string, since Position, limit int) (History, error)

	// Broadcast gives c to Command of every node, this one included.
	Broadcast(ctx context.Context, c Command) error

	// Lookup finds a session of another node and says who may claim it.
	Lookup(ctx context.Context, id string) (Credentials, bool, error)
	// Claim moves the session to node n. Its former node releases it, and adopt
	// takes it in at n: when adopt returns n has subscribed to all that is in the
	// state. The engine sees to it that of what is published meanwhile nothing
	// falls between the two nodes and nothing reaches both. A session that is just
	// on its way between two other nodes is waited for. False when there is none.
	Claim(ctx context.Context, n Node, id string, adopt func(*State) error) (bool, error)
}

// Watcher is implemented by engines that must know what a node listens for.
type Watcher interface {
	// Watch is called when the node's first client subscribes to the channel or
	// pattern, Unwatch when its last one left. Calls for one channel do not overlap.
	Watch(ctx context.Context, channel string) error
	Unwatch(ctx context.Context, channel string) error
}

// Recorder is implemented by engines that keep sessions outside of the node, so
// that they outlive it.
type Recorder interface {
	// Save records the session after each change of what a State holds, except
	// for its queue, which the engine can rebuild from State.Seq.
	Save(ctx context.Context, st *State) error
	// Remove forgets the session; true when it was there: of the nodes that
	// remove a session at the same time one is told so.
	Remove(ctx context.Context, id string) (bool, error)
}

// Node is a Server as its Engine sees it. No method blocks for long.
type Node interface {
	// NodeID names this start of this node.
	NodeID() string
	// Deliver fans a message out to the node's own subscribers.
	Deliver(m *Message)
	// Command carries out what Broadcast spreads.
	Command(c Command)
	// Peek returns a session's credentials, Release gives the session up.
	Peek(id string) (Credentials, bool)
	Release(id string) (*State, bool)
}

// Command is an order to every node.
type Command struct {
	// Kick ends the session with this id, with Reason.
	Kick string
	// CloseChannel ends every subscription to exactly this channel or pattern.
	CloseChannel string
	Reason       Reason
}

// Retention says how much of a channel's history is kept: the last Size messages
// none of them older than TTL (0: no age limit).
type Retention struct {
	Size int
	TTL  time.Duration
}

// History is a piece of a channel's history.
type History struct {
	Messages []*Message
	// Last is the position of the newest message of the channel.
	Last Position
	// Complete is true when Messages holds everything after the asked position:
	// the epoch is the same and nothing in between has been dropped.
	Complete bool
}

// State is a session on its way from one node to another.
type State struct {
	ID            string
	Credentials   Credentials
	Subscriptions []string
	Queue         []*Message // not sent yet
	Ack           bool       // with the acknowledgement extension
	AckBatch      int64      // number of the last batch sent
	Sent          []Batch    // sent, not acknowledged
	Transport     Transport
	// Seq is the lowest Message.Seq that has not reached the client; opaque.
	Seq uint64
}

// Batch is what one reply carried to a client with the acknowledgement extension.
type Batch struct {
	Number   int64
	Messages []*Message
}
