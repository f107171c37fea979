package bayeux

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller is readiness for websockets on Linux: one epoll set, one goroutine that
// waits for it, and for each connection nothing but its file descriptor. This
// file is all there is to it.
//
// Descriptors are registered once, edge-triggered for reading and writing, so
// that a connection costs no further epoll_ctl. The epoll descriptor itself is
// watched by Go's own poller, so that waiting holds no thread.
type poller struct {
	once sync.Once
	err  error
	ep   int
	file *os.File
	done chan struct{}

	mu    sync.RWMutex
	conns []*conn // by descriptor
}

const (
	pollEvents = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
	maxEvents  = 512
)

func newPoller() *poller { return &poller{done: make(chan struct{})} }

func (p *poller) start() {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		p.err = err
		return
	}
	if err := unix.SetNonblock(ep, true); err != nil {
		p.err = err
		_ = unix.Close(ep)
		return
	}
	p.ep = ep
	p.file = os.NewFile(uintptr(ep), "epoll")
	raw, err := p.file.SyscallConn()
	if err != nil {
		p.err = err
		_ = p.file.Close()
		return
	}
	go p.run(raw)
}

// run waits until the descriptor is closed.
func (p *poller) run(raw syscall.RawConn) {
	defer close(p.done)
	events := make([]unix.EpollEvent, maxEvents)
	for {
		n := 0
		err := raw.Read(func(fd uintptr) bool {
			var err error
			n, err = unix.EpollWait(int(fd), events, 0)
			return n > 0 || err != nil && err != unix.EINTR
		})
		if err != nil {
			return
		}
		for _, e := range events[:max(n, 0)] {
			p.mu.RLock()
			c := p.conns[e.Fd]
			p.mu.RUnlock()
			// A conn that got the descriptor of a closed one is woken for nothing
			// at worst.
			if c != nil {
				if e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
					c.sock.(*fdSocket).hangup.Store(true)
				}
				c.ready()
			}
		}
	}
}

// close stops waiting. The connections are closed already.
func (p *poller) close() {
	p.once.Do(func() { p.err = net.ErrClosed })
	if p.file != nil {
		_ = p.file.Close()
		<-p.done
	}
}

// open takes nc's descriptor out of net/http's and Go's hands; nil when nc is not
// a plain socket.
func (p *poller) open(c *conn, nc net.Conn) socket {
	p.once.Do(p.start)
	if p.err != nil {
		return nil
	}
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	fd := -1
	if e := raw.Control(func(f uintptr) { fd, err = unix.FcntlInt(f, unix.F_DUPFD_CLOEXEC, 0) }); e != nil || err != nil {
		return nil
	}
	_ = nc.Close() // the duplicate keeps the connection
	return &fdSocket{p: p, c: c, fd: fd}
}

func (f *fdSocket) start() {
	f.c.mu.Lock()
	if f.fd < 0 { // closed before it began
		f.c.mu.Unlock()
		return
	}
	f.p.mu.Lock()
	for f.fd >= len(f.p.conns) {
		f.p.conns = append(f.p.conns, make([]*conn, max(1024, len(f.p.conns)))...)
	}
	f.p.conns[f.fd] = f.c
	f.p.mu.Unlock()
	early := len(f.c.in) > 0 // arrived together with the upgrade
	// What is in the socket already is an edge too.
	err := unix.EpollCtl(f.p.ep, unix.EPOLL_CTL_ADD, f.fd, &unix.EpollEvent{Events: pollEvents, Fd: int32(f.fd)})
	f.c.mu.Unlock()
	if err != nil {
		f.c.close(ReasonLimit)
	}
	if early {
		f.c.ready()
	}
}

// fdSocket is a non-blocking descriptor. Its conn's mu keeps write and close
// apart; fdMu keeps close from a descriptor that is being read.
type fdSocket struct {
	p    *poller
	c    *conn
	fdMu sync.Mutex
	fd   int
	// hangup: the other side has closed. What it sent before is read up to the
	// end then; else a short read is known to be all there was.
	hangup atomic.Bool
}

// write goes on until all is written or the kernel takes no more: only then does
// it tell when there is room again (edge-triggered).
func (f *fdSocket) write(bufs [][]byte) (total int, err error) {
	for len(bufs) > 0 {
		if f.fd < 0 {
			return total, net.ErrClosed
		}
		var n int
		if len(bufs) == 1 {
			n, err = unix.Write(f.fd, bufs[0])
		} else {
			n, err = unix.Writev(f.fd, bufs[:min(len(bufs), maxIovecs)])
		}
		switch err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return total, nil
		default:
			return total, err
		}
		total += n
		for len(bufs) > 0 && n >= len(bufs[0]) {
			n -= len(bufs[0])
			bufs = bufs[1:]
		}
		if n > 0 {
			bufs = append([][]byte{bufs[0][n:]}, bufs[1:]...)
		}
	}
	return total, nil
}

// maxIovecs is the kernel's bound on one writev (IOV_MAX).
const maxIovecs = 1024

func (f *fdSocket) read(b []byte) (int, error) {
	f.fdMu.Lock()
	defer f.fdMu.Unlock()
	if f.fd < 0 {
		return 0, net.ErrClosed
	}
	for {
		n, err := unix.Read(f.fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, errAgain
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		case n < len(b) && !f.hangup.Load():
			return n, errAgain
		}
		return n, nil
	}
}

func (f *fdSocket) close() {
	f.fdMu.Lock()
	defer f.fdMu.Unlock()
	if f.fd < 0 {
		return
	}
	f.p.mu.Lock()
	if f.fd < len(f.p.conns) {
		f.p.conns[f.fd] = nil
	}
	f.p.mu.Unlock()
	_ = unix.Close(f.fd) // which takes it out of the epoll set
	f.fd = -1
}
