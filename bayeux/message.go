package bayeux

import (
	"encoding/json"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Message is one Bayeux message, request, reply or event (Bayeux 1.0, section 3).
// Data, Ext and unknown fields stay the JSON that the sender wrote.
//
// A message that has been published is shared by all its receivers and must not
// be changed any more; an extension that wants to change it works on a Clone.
type Message struct {
	Channel  string
	ID       json.RawMessage // as the sender wrote it; replies echo it
	ClientID string
	Data     json.RawMessage // nil when absent
	Ext      json.RawMessage // a JSON object, or nil

	// Fields of meta messages.
	Version                  string
	MinimumVersion           string
	SupportedConnectionTypes []string
	ConnectionType           string
	Subscription             []string
	SubscriptionIsArray      bool // written as an array, and echoed as one
	Advice                   *Advice

	// Fields of replies. Error is "code:args:text" (see the Err functions); an
	// extension that sets it on an incoming message refuses that message.
	Reply      bool // true when "successful" is part of the message
	Successful bool
	Error      string

	// Extra are the fields that Bayeux does not name, in their order.
	Extra []Field

	// To, when set, is the only client that receives the message.
	To string
	// Position is where the message stands in its channel's history; zero
	// without history.
	Position Position
	// Seq is the engine's own, opaque to the server.
	Seq uint64

	// bad names a field whose JSON type was wrong: the reply says so.
	bad string

	encoded
}

// Field is one unknown field of a message.
type Field struct {
	Name  string
	Value json.RawMessage
}

// Position is a place in the history of one channel: Offset counts the messages
// from 1, Epoch names the life of that history (it changes when history is lost).
type Position struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// Advice tells a client how to go on (Bayeux 1.0, section 6.6). Interval and
// Timeout are milliseconds; nil leaves them out.
type Advice struct {
	Reconnect       string // "retry", "handshake", "none" or empty
	Interval        *int64
	Timeout         *int64
	MultipleClients bool
}

// encoded is the wire form of a published message, made once for all receivers.
type encoded struct {
	once  sync.Once
	frame []byte // websocket frame: header '[' json ']'
	json  []byte // the object within frame
}

// Clone returns a copy that may be changed. The raw JSON is shared: replace it,
// do not write into it.
func (m *Message) Clone() *Message {
	return &Message{
		Channel: m.Channel, ID: m.ID, ClientID: m.ClientID, Data: m.Data, Ext: m.Ext,
		Version: m.Version, MinimumVersion: m.MinimumVersion,
		SupportedConnectionTypes: m.SupportedConnectionTypes, ConnectionType: m.ConnectionType,
		Subscription: m.Subscription, SubscriptionIsArray: m.SubscriptionIsArray, Advice: m.Advice,
		Reply: m.Reply, Successful: m.Successful, Error: m.Error,
		Extra: append([]Field(nil), m.Extra...), To: m.To, Position: m.Position, Seq: m.Seq,
		bad: m.bad,
	}
}

// ExtField returns one field of ext as raw JSON, nil when absent.
func (m *Message) ExtField(name string) json.RawMessage {
	return objectField(m.Ext, name)
}

// SetExtField sets one field of ext; a nil value removes it, and an ext without
// fields is removed.
func (m *Message) SetExtField(name string, value json.RawMessage) {
	fields, _ := objectFields(m.Ext)
	kept := fields[:0]
	for _, f := range fields {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	if value != nil {
		kept = append(kept, Field{name, value})
	}
	if len(kept) == 0 {
		m.Ext = nil
		return
	}
	b := []byte{'{'}
	for i, f := range kept {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.Name)
		b = append(b, ':')
		b = append(b, f.Value...)
	}
	m.Ext = append(b, '}')
}

// MarshalJSON writes the message as it goes over the wire.
func (m *Message) MarshalJSON() ([]byte, error) { return m.append(nil), nil }

// UnmarshalJSON reads one message; see ParseMessages for the bounds.
func (m *Message) UnmarshalJSON(b []byte) error {
	ms, err := ParseMessages(b)
	if err != nil {
		return err
	}
	if len(ms) != 1 {
		return errNotObject
	}
	*m = *ms[0].Clone()
	return nil
}

// wire returns the JSON and the websocket frame of a published message, encoding
// it on first use.
func (m *Message) wire() (object, frame []byte) {
	m.once.Do(func() {
		// Room for the longest frame header in front, so that header and
		// payload are one piece of memory.
		const room = 10
		b := make([]byte, room, room+64+len(m.Channel)+len(m.Data)+len(m.Ext)+len(m.ID))
		if m.Position.Offset > 0 {
			p := strconv.AppendUint(append(append([]byte(`{"epoch":`), quote(m.Position.Epoch)...), `,"offset":`...), m.Position.Offset, 10)
			m.SetExtField("history", append(p, '}'))
		}
		b = append(b, '[')
		b = m.append(b)
		b = append(b, ']')
		start := room - putServerHeader(b[:room], len(b)-room)
		m.frame = b[start:]
		m.json = b[room+1 : len(b)-1]
	})
	return m.json, m.frame
}

// putServerHeader writes the header of an unmasked text frame of n bytes so that
// it ends at the end of b, and returns its length (RFC 6455, section 5.2).
func putServerHeader(b []byte, n int) int {
	const finText = 0x81
	switch e := len(b); {
	case n < 126:
		b[e-2], b[e-1] = finText, byte(n)
		return 2
	case n < 1<<16:
		b[e-4], b[e-3], b[e-2], b[e-1] = finText, 126, byte(n>>8), byte(n)
		return 4
	default:
		b[e-10], b[e-9] = finText, 127
		for i := range 8 {
			b[e-8+i] = byte(uint64(n) >> (56 - 8*i))
		}
		return 10
	}
}

func (m *Message) append(b []byte) []byte {
	b = append(b, '{')
	start := len(b)
	if m.Channel != "" {
		b = append(b, `"channel":`...)
		b = appendString(b, m.Channel)
	}
	if m.ID != nil {
		b = append(b, `,"id":`...)
		b = append(b, m.ID...)
	}
	if m.ClientID != "" {
		b = append(b, `,"clientId":`...)
		b = appendString(b, m.ClientID)
	}
	if m.Reply {
		b = append(b, `,"successful":`...)
		b = strconv.AppendBool(b, m.Successful)
	}
	if m.Error != "" {
		b = append(b, `,"error":`...)
		b = appendString(b, m.Error)
	}
	if m.Version != "" {
		b = append(b, `,"version":`...)
		b = appendString(b, m.Version)
	}
	if m.MinimumVersion != "" {
		b = append(b, `,"minimumVersion":`...)
		b = appendString(b, m.MinimumVersion)
	}
	if m.SupportedConnectionTypes != nil {
		b = append(b, `,"supportedConnectionTypes":`...)
		b = appendStrings(b, m.SupportedConnectionTypes)
	}
	if m.ConnectionType != "" {
		b = append(b, `,"connectionType":`...)
		b = appendString(b, m.ConnectionType)
	}
	if m.SubscriptionIsArray {
		b = append(b, `,"subscription":`...)
		b = appendStrings(b, m.Subscription)
	} else if len(m.Subscription) > 0 {
		b = append(b, `,"subscription":`...)
		b = appendString(b, m.Subscription[0])
	}
	if m.Advice != nil {
		b = append(b, `,"advice":`...)
		b = m.Advice.append(b)
	}
	if m.Data != nil {
		b = append(b, `,"data":`...)
		b = append(b, m.Data...)
	}
	if m.Ext != nil {
		b = append(b, `,"ext":`...)
		b = append(b, m.Ext...)
	}
	for _, f := range m.Extra {
		b = append(b, ',')
		b = appendString(b, f.Name)
		b = append(b, ':')
		b = append(b, f.Value...)
	}
	if len(b) > start && b[start] == ',' {
		b = append(b[:start], b[start+1:]...)
	}
	return append(b, '}')
}

func (a *Advice) append(b []byte) []byte {
	b = append(b, '{')
	n := len(b)
	if a.Reconnect != "" {
		b = append(b, `"reconnect":`...)
		b = appendString(b, a.Reconnect)
	}
	number := func(name string, v int64) {
		if len(b) > n {
			b = append(b, ',')
		}
		b = append(b, name...)
		b = strconv.AppendInt(b, v, 10)
	}
	if a.Interval != nil {
		number(`"interval":`, *a.Interval)
	}
	if a.Timeout != nil {
		number(`"timeout":`, *a.Timeout)
	}
	if a.MultipleClients {
		if len(b) > n {
			b = append(b, ',')
		}
		b = append(b, `"multiple-clients":true`...)
	}
	return append(b, '}')
}

// appendMessages writes a JSON array.
func appendMessages(b []byte, ms []*Message) []byte {
	b = append(b, '[')
	for i, m := range ms {
		if i > 0 {
			b = append(b, ',')
		}
		if m.json != nil {
			b = append(b, m.json...) // published, already encoded
		} else {
			b = m.append(b)
		}
	}
	return append(b, ']')
}

func appendStrings(b []byte, ss []string) []byte {
	b = append(b, '[')
	for i, s := range ss {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendString writes a JSON string. U+2028 and U+2029 are escaped, because the
// same bytes may become JavaScript in a JSONP reply.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				b = append(append(b, s[start:i]...), `\ufffd`...)
				start = i + size
			case r == '\u2028' || r == '\u2029':
				b = append(append(b, s[start:i]...), `\u202`...)
				b = append(b, hex[r&15])
				start = i + size
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func quote(s string) json.RawMessage { return appendString(nil, s) }
