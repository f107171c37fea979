package bayeux

import (
	"encoding/json"
	"hash/maphash"
	"math"
	"strconv"
	"time"
)

// ackState is the server's side of CometD's acknowledgement extension: what was
// sent to the client is kept until its next /meta/connect says that it arrived,
// and is sent again when it does not. Messages then go out with replies to
// /meta/connect only, on every transport.
type ackState struct {
	batch int64 // number of the last batch sent
	out   []Batch
	n     int // messages in out
	bytes int // of their JSON
}

// pending is what is kept for the client to acknowledge.
func (a *ackState) pending() (messages, bytes int) {
	if a == nil {
		return 0, 0
	}
	return a.n, a.bytes
}

func (b *Batch) size() (bytes int) {
	for _, m := range b.Messages {
		bytes += len(m.json)
	}
	return bytes
}

// sent starts the next batch.
func (a *ackState) sent(ms []*Message) {
	if len(ms) == 0 {
		return
	}
	a.batch++
	b := Batch{a.batch, ms}
	a.out = append(a.out, b)
	a.n += len(ms)
	a.bytes += b.size()
}

func (a *ackState) unacked() (ms []*Message) {
	for _, b := range a.out {
		ms = append(ms, b.Messages...)
	}
	return ms
}

// acked reads ext.ack of a connect: what has arrived is forgotten, what has not
// goes to the front of the queue. Call with mu held.
func (s *session) acked(m *Message) {
	raw := m.ExtField("ack")
	if raw == nil {
		return
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return
	}
	a := s.ack
	for len(a.out) > 0 && a.out[0].Number <= n {
		a.n -= len(a.out[0].Messages)
		a.bytes -= a.out[0].size()
		a.out = a.out[1:]
	}
	if len(a.out) > 0 {
		s.setQueue(append(a.unacked(), s.queue...))
		a.out, a.n, a.bytes = nil, 0, 0
	}
	if len(a.out) == 0 {
		a.out = nil
	}
}

// ackWanted reads ext.ack of a handshake: true, or {"enabled":true}.
func ackWanted(m *Message) bool {
	raw := m.ExtField("ack")
	return string(raw) == "true" || string(objectField(raw, "enabled")) == "true"
}

// timesync is CometD's time synchronisation extension: the client sends its time
// tc, lag l and offset o (ms), the server answers with its own time ts, how long
// it had the message, p, and how far off the client's idea is, a.
type timesync struct {
	tc, l, o float64
	got      time.Time
}

func (s *Server) timesync(m *Message) *timesync {
	raw := m.ExtField("timesync")
	if raw == nil || !IsMeta(m.Channel) {
		return nil
	}
	num := func(name string) float64 {
		f, err := strconv.ParseFloat(string(objectField(raw, name)), 64)
		if err != nil || math.IsInf(f, 0) {
			return 0
		}
		return f
	}
	return &timesync{tc: num("tc"), l: num("l"), o: num("o"), got: time.Now()}
}

func (t *timesync) reply() json.RawMessage {
	if t == nil {
		return nil
	}
	ts := float64(t.got.UnixMilli())
	a := t.tc + t.o + t.l - ts
	if t.l != 0 && math.Abs(a) < 25 {
		return nil // near enough
	}
	b := []byte(`{"tc":`)
	b = strconv.AppendFloat(b, t.tc, 'f', -1, 64)
	b = append(b, `,"ts":`...)
	b = strconv.AppendFloat(b, ts, 'f', -1, 64)
	b = append(b, `,"p":`...)
	b = strconv.AppendInt(b, time.Since(t.got).Milliseconds(), 10)
	b = append(b, `,"a":`...)
	b = strconv.AppendFloat(b, a, 'f', -1, 64)
	return append(b, '}')
}

// replyExt is what the server puts into the ext of a reply.
type replyExt struct {
	ackEnabled bool
	ack        *int64
	sync       json.RawMessage
	history    json.RawMessage
	lost       int
}

func (x replyExt) json() json.RawMessage {
	var fields []Field
	if x.ackEnabled {
		fields = append(fields, Field{"ack", json.RawMessage("true")})
	}
	if x.ack != nil {
		fields = append(fields, Field{"ack", strconv.AppendInt(nil, *x.ack, 10)})
	}
	if x.sync != nil {
		fields = append(fields, Field{"timesync", x.sync})
	}
	if x.history != nil {
		fields = append(fields, Field{"history", x.history})
	}
	if x.lost > 0 {
		fields = append(fields, Field{"lost", strconv.AppendInt(nil, int64(x.lost), 10)})
	}
	if fields == nil {
		return nil
	}
	b := []byte{'{'}
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.Name)
		b = append(b, ':')
		b = append(b, f.Value...)
	}
	return append(b, '}')
}

// mergeExt adds x to an ext that is there already.
func mergeExt(ext json.RawMessage, x replyExt) json.RawMessage {
	if ext == nil {
		return x.json()
	}
	m := Message{Ext: ext}
	if x.sync != nil {
		m.SetExtField("timesync", x.sync)
	}
	return m.Ext
}

// recentPublishes remembers the last publishes of a client. A client that did not
// hear the answer sends a message again, with the same id and content; it counts
// once.
type recentPublishes struct {
	at   int
	ring [32]struct {
		hash uint64
		when int64
	}
}

const repeatWindow = 2 * 60 * 1000 // ms; Faye's client repeats after 1.2 × timeout

var publishSeed = maphash.MakeSeed()

// repeated reports whether the client has published m already, and remembers it;
// forget undoes that, for a publish that failed.
func (s *session) repeated(m *Message) (yes bool, forget func()) {
	var h maphash.Hash
	h.SetSeed(publishSeed)
	_, _ = h.Write(m.ID)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(m.Channel)
	_ = h.WriteByte(0)
	_, _ = h.Write(m.Data)
	sum, now := h.Sum64(), s.srv.wheel.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recent == nil {
		s.recent = &recentPublishes{}
	}
	r := s.recent
	for i := range r.ring {
		if r.ring[i].hash == sum && r.ring[i].when+repeatWindow > now && r.ring[i].when > 0 {
			return true, nil
		}
	}
	slot := &r.ring[r.at]
	slot.hash, slot.when = sum, max(now, 1)
	r.at = (r.at + 1) % len(r.ring)
	return false, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if slot.hash == sum {
			slot.when = 0
		}
	}
}
