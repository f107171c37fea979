package bayeux

import "context"

// Policy decides who may do what. An error refuses: an *Error is told to the
// client (ErrForbidden says no), anything else is an internal server error.
// Clients of this process are not asked about. The message may be read, not
// changed.
type Policy interface {
	CanHandshake(ctx context.Context, req *Request, m *Message) error
	// CanSubscribe is asked about every channel or pattern of a subscription.
	// A pattern must be refused when any channel that it matches is forbidden.
	CanSubscribe(ctx context.Context, req *Request, m *Message, channel string) error
	CanPublish(ctx context.Context, req *Request, m *Message) error
}

// AllowAll lets anyone do anything, as Faye's server does.
var AllowAll Policy = allowAll{}

type allowAll struct{}

func (allowAll) CanHandshake(context.Context, *Request, *Message) error         { return nil }
func (allowAll) CanSubscribe(context.Context, *Request, *Message, string) error { return nil }
func (allowAll) CanPublish(context.Context, *Request, *Message) error           { return nil }

// stripSecrets removes from a message what was meant for the server only, before
// it is delivered.
func stripSecrets(m *Message) {
	for _, name := range [...]string{"auth_token", "token", "ack", "timesync"} {
		if m.Ext != nil && m.ExtField(name) != nil {
			m.SetExtField(name, nil)
		}
	}
}
