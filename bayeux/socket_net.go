package bayeux

import (
	"net"
	"sync"
	"time"
)

// newSocket makes c's socket: readiness where that is possible, a goroutine where
// it is not (TLS ended in this process, other systems, wrapped connections).
func (s *Server) newSocket(c *conn, nc net.Conn) socket {
	if !s.opt.NoEpoll {
		if sock := s.poller.open(c, nc); sock != nil {
			return sock
		}
	}
	return &netSocket{c: c, nc: nc}
}

// netSocket is a socket on a net.Conn: one goroutine reads, and another one
// writes while there is something to write.
type netSocket struct {
	c  *conn
	nc net.Conn

	mu      sync.Mutex
	waiting []byte // accepted, not yet written
	writing bool
	err     error
}

// netBacklog is how many bytes the writing goroutine is given beyond what it is
// writing; more is left to conn, whose bounds count.
const netBacklog = 64 << 10

// writeTimeout bounds one write to a client that does not read.
const writeTimeout = 30 * time.Second

func (ns *netSocket) write(bufs [][]byte) (n int, err error) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.err != nil {
		return 0, ns.err
	}
	for _, b := range bufs {
		k := min(len(b), netBacklog-len(ns.waiting))
		if k < len(b) && len(ns.waiting) > 0 || k <= 0 {
			break
		}
		ns.waiting = append(ns.waiting, b[:k]...)
		n += k
		if k < len(b) {
			break
		}
	}
	if !ns.writing && len(ns.waiting) > 0 {
		ns.writing = true
		ns.c.srv.later(ns.flush)
	}
	return n, nil
}

func (ns *netSocket) flush() {
	for {
		ns.mu.Lock()
		b := ns.waiting
		ns.waiting = nil
		if len(b) == 0 || ns.err != nil {
			ns.writing = false
			ns.mu.Unlock()
			break
		}
		ns.mu.Unlock()
		_ = ns.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := ns.nc.Write(b); err != nil {
			ns.mu.Lock()
			ns.err = err
			ns.mu.Unlock()
			ns.c.close(ReasonClosed)
			return
		}
		ns.c.drain()
	}
	ns.c.drain()
}

func (ns *netSocket) read(b []byte) (int, error) { return ns.nc.Read(b) }

// close lets a last frame (the close frame) out before the connection goes.
func (ns *netSocket) close() {
	ns.mu.Lock()
	writing := ns.writing
	ns.mu.Unlock()
	if writing {
		_ = ns.nc.SetDeadline(time.Now().Add(time.Second))
		ns.c.srv.later(func() {
			time.Sleep(50 * time.Millisecond)
			_ = ns.nc.Close()
		})
		return
	}
	_ = ns.nc.Close()
}

func (ns *netSocket) start() { ns.c.srv.later(ns.run) }

func (ns *netSocket) run() {
	for {
		ns.c.mu.Lock()
		closed := ns.c.closed
		ns.c.mu.Unlock()
		if closed {
			return
		}
		ns.c.readable()
	}
}
