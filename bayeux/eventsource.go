package bayeux

import (
	"net/http"
	"path"
	"time"
)

// stream is a client's EventSource: GET <mount>/<client id>. The goroutine of the
// request writes it; the session wakes it.
type stream struct {
	wake chan struct{}
	quit chan struct{}
	shut bool // guarded by the session's mu
}

func (st *stream) wakeUp() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// close ends the stream. Call with the session's mu held.
func (st *stream) close() {
	if !st.shut {
		st.shut = true
		close(st.quit)
	}
}

func (s *Server) serveEventSource(w http.ResponseWriter, r *http.Request) {
	cors(w, r)
	req := s.NewRequest(r, EventSource)
	sess, err := s.find(r.Context(), &req, path.Base(r.URL.Path))
	if err != nil || sess == nil {
		// Not 200 as in Faye: a client of a session that is gone must know.
		http.Error(w, "no such client", http.StatusNotFound)
		return
	}
	st := &stream{wake: make(chan struct{}, 1), quit: make(chan struct{})}
	sess.events.Lock()
	sess.mu.Lock()
	if sess.gone {
		sess.mu.Unlock()
		sess.events.Unlock()
		http.Error(w, "no such client", http.StatusNotFound)
		return
	}
	if sess.stream != nil {
		sess.stream.close()
	}
	from := sess.transport
	resumed, _ := sess.attach(&req) // HTTP: always ok
	sess.stream = st
	s.stats.moved(from, EventSource)
	e := sess.event(EventResume)
	sess.mu.Unlock()
	if resumed {
		s.emit(e)
	}
	sess.events.Unlock()
	st.wakeUp()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // a server's ReadTimeout is not for this
	write := func(b []byte) bool {
		// A client that does not read for this long is gone.
		_ = rc.SetWriteDeadline(time.Now().Add(s.opt.PingInterval + s.opt.PongTimeout))
		_, err := w.Write(b)
		return err == nil && rc.Flush() == nil
	}
	why := s.stream(r, &req, sess, st, write)
	_ = rc.SetWriteDeadline(time.Time{})
	sess.detached(nil, nil, st, why)
}

// stream writes until the client or the session goes.
func (s *Server) stream(r *http.Request, req *Request, sess *session, st *stream, write func([]byte) bool) Reason {
	if !write([]byte("retry: 5000\n\n")) {
		return ReasonClosed
	}
	flush := func() bool {
		sess.mu.Lock()
		var ms []*Message
		if sess.stream == st && sess.hold == 0 && sess.ack == nil {
			ms = sess.take()
		}
		sess.mu.Unlock()
		if len(ms) == 0 {
			return true
		}
		var b []byte
		for _, m := range s.outgoingAll(req, ms) {
			b = append(b, "data: "...)
			n := len(b)
			b = appendMessages(b, []*Message{m})
			// Data may hold line ends between its values; in a stream they
			// would end the event.
			for i := n; i < len(b); i++ {
				if b[i] == '\n' || b[i] == '\r' {
					b[i] = ' '
				}
			}
			b = append(b, "\r\n\r\n"...)
		}
		if !write(b) {
			sess.restore(ms)
			return false
		}
		return true
	}
	ping := time.NewTicker(min(s.opt.PingInterval, 10*time.Second))
	defer ping.Stop()
	for {
		select {
		case <-r.Context().Done():
			return ReasonAborted
		case <-st.quit:
			flush() // of a session that goes on elsewhere nothing is taken
			return ReasonMoved
		case <-s.stopped:
			return ReasonShutdown
		case <-ping.C:
			if !write([]byte(":\n\n")) {
				return ReasonClosed
			}
		case <-st.wake:
			if !flush() {
				return ReasonClosed
			}
		}
	}
}
