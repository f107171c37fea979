package bayeux

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"
)

// handshake: MUST version, supportedConnectionTypes; MAY minimumVersion, ext, id
// (Bayeux 1.0, section 4.1).
func (s *Server) handshake(ctx context.Context, req *Request, m, reply *Message) error {
	reply.ClientID = ""
	reply.Version, reply.SupportedConnectionTypes = "1.0", transports
	if m.SupportedConnectionTypes == nil {
		return errMissing("supportedConnectionTypes")
	}
	if !commonType(m.SupportedConnectionTypes) {
		return errConnTypes(m.SupportedConnectionTypes)
	}
	if m.Version == "" {
		return errMissing("version")
	}
	if !versionOne(m.Version) {
		return errVersion(m.Version)
	}
	if m.MinimumVersion != "" && !versionOne(m.MinimumVersion) {
		return errVersion(m.MinimumVersion)
	}
	if err := s.opt.Policy.CanHandshake(ctx, req, m); err != nil {
		return err
	}
	sess, refused := s.newSession(newClientID(), req, false)
	if refused != nil {
		return refused
	}
	// Told first: a socket that closes just now is an event too, and comes after.
	sess.mu.Lock()
	if ackWanted(m) {
		sess.ack = &ackState{}
	}
	snap := s.snapshotIfRecorded(sess)
	e := sess.event(EventHandshake)
	sess.mu.Unlock()
	e.Message = m
	s.emit(e)
	if s.recorder != nil {
		if err := s.recorder.Save(ctx, snap); err != nil {
			s.end(sess, ReasonLimit)
			return err
		}
	}
	sess.mu.Lock()
	adopted := true
	if req.conn != nil {
		if adopted = req.conn.adopt(sess); adopted {
			sess.conn = req.conn
		}
	} else if sess.local == nil {
		sess.seen(s.opt.ResumeTimeout.Milliseconds())
	}
	sess.mu.Unlock()
	if !adopted { // it has closed, or has too many
		s.end(sess, ReasonLimit)
		return ErrLimit("clients of this websocket")
	}
	reply.ClientID = sess.id
	interval, timeout := s.opt.Interval.Milliseconds(), s.opt.Timeout.Milliseconds()
	reply.Advice = &Advice{Reconnect: "retry", Interval: &interval, Timeout: &timeout}
	reply.Ext = replyExt{ackEnabled: sess.ack != nil, sync: s.timesync(m).reply()}.json()
	return nil
}

func (s *Server) snapshotIfRecorded(sess *session) *State {
	if s.recorder == nil {
		return nil
	}
	return sess.snapshot()
}

func commonType(types []string) bool {
	for _, t := range types {
		for _, ours := range transports {
			if t == ours {
				return true
			}
		}
	}
	return false
}

// versionOne accepts every version of major number 1, and the "0.9" that some
// clients name as the least they can do with.
func versionOne(v string) bool {
	major, _, _ := strings.Cut(v, ".")
	n, err := strconv.Atoi(major)
	return err == nil && (n == 1 || n == 0)
}

func (s *Server) needSession(m *Message, sess *session) error {
	if m.ClientID == "" {
		return errMissing("clientId")
	}
	if sess == nil {
		return errUnknownClient(m.ClientID)
	}
	return nil
}

// connect: MUST clientId, connectionType; MAY ext, id, advice.timeout (Bayeux 1.0,
// section 4.2). One connect of a client is held at a time: an earlier one is
// answered at once.
func (s *Server) connect(req *Request, m *Message, sess *session) (*poll, error) {
	if m.ConnectionType == "" {
		return nil, errMissing("connectionType")
	}
	if !commonType([]string{m.ConnectionType}) {
		return nil, errConnTypes([]string{m.ConnectionType})
	}
	if err := s.needSession(m, sess); err != nil {
		return nil, err
	}
	timeout := s.opt.Timeout
	if m.Advice != nil && m.Advice.Timeout != nil {
		timeout = min(timeout, time.Duration(*m.Advice.Timeout)*time.Millisecond)
	}
	p := &poll{req: req, session: sess, id: bytes.Clone(m.ID), sync: s.timesync(m)}
	if req.conn == nil {
		p.done = make(chan struct{})
	}
	if m.ConnectionType == string(EventSource) {
		p.eventSource, timeout = true, 0
	}
	if timeout == 0 {
		sess.shard.settle()
	}

	sess.events.Lock()
	defer sess.events.Unlock()
	var resumed *Event
	defer func() {
		if resumed != nil {
			s.emit(*resumed) // not while sess is locked: the monitor may ask for it
		}
	}()
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if sess.gone {
		return nil, errGone
	}
	sess.answer(outcomeSuperseded)
	transport := sess.transport
	// Beside an open stream a connect only says that the client lives, whatever
	// its type: Faye's first one goes out before its stream is known to be open.
	if sess.stream == nil || req.conn != nil {
		again, ok := sess.attach(req)
		if !ok {
			return nil, ErrLimit("clients of this websocket")
		}
		if again {
			e := sess.event(EventResume)
			resumed = &e
		}
	}
	if sess.transport != transport {
		s.stats.moved(transport, sess.transport)
	}
	if sess.ack != nil {
		sess.acked(m)
	}
	sess.poll = p
	if req.conn != nil && sess.conn == req.conn {
		sess.streaming = true
	}
	p.until = s.wheel.now() + timeout.Milliseconds()
	waiting := len(sess.queue) > 0 && sess.hold == 0
	switch {
	case waiting && sess.streaming && sess.ack == nil:
		sess.flush()
		waiting = false
	case waiting && sess.stream != nil && sess.ack == nil:
		waiting = false
	}
	if timeout == 0 || waiting {
		sess.answer(outcomeOK)
	} else {
		s.wheel.set(&sess.timer, p.until)
	}
	return p, nil
}
