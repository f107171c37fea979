package bayeux

import (
	"crypto/rand"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"time"
)

// Options configure a Server. The zero value is a working server with the
// defaults named here; a negative bound means none where that is said.
type Options struct {
	// Engine is required: wake/bayeux/memory for one process.
	Engine Engine
	// Policy decides who may handshake, subscribe and publish. Default: anyone
	// may do anything, as with Faye.
	Policy Policy

	// Timeout is how long a /meta/connect is held (default 45 s), Interval what
	// clients are advised to wait between two (default 0).
	Timeout, Interval time.Duration
	// MaxInterval is how long a session lives after its poll was answered until
	// the next (default 75 s: browsers let the timers of hidden pages run once a
	// minute). ResumeTimeout is the same after its connection broke or was
	// closed, and after the handshake (default 15 s).
	MaxInterval, ResumeTimeout time.Duration
	// ErrorInterval is the interval of the advice on errors, so that a client
	// that is refused does not come back in a tight loop (default 1 s).
	ErrorInterval time.Duration
	// MultipleClientsInterval is the advice to a superseded poll (default 2 s).
	MultipleClientsInterval time.Duration
	// PingInterval is after how much silence a websocket is pinged (default
	// 25 s), and how often an EventSource is sent a comment; PongTimeout how long
	// an answer may take before the socket counts as broken (default 10 s).
	PingInterval, PongTimeout time.Duration
	// HandshakeTimeout closes a websocket that has no session (default 15 s),
	// MessageTimeout one that has begun a message and does not end it (default 30 s).
	HandshakeTimeout, MessageTimeout time.Duration

	// MaxBody bounds a request body and a websocket message, in bytes (default 1 MiB).
	MaxBody int
	// MaxQueue and MaxQueueBytes bound what waits for one client (default 1000
	// messages, 1 MiB); Overflow says what happens beyond.
	MaxQueue, MaxQueueBytes int
	Overflow                Overflow
	// MaxSubscriptions bounds the channels of one client (default 128).
	MaxSubscriptions int
	// MaxClients bounds the sessions of the node (default 4 million),
	// MaxClientsPerAddress those of one IPv4 address or IPv6 /64, and its open
	// websockets as well (default 65,536).
	MaxClients, MaxClientsPerAddress int

	// Retention keeps history for the channels that match; the first rule counts.
	Retention []RetentionRule

	// Dialect of error texts; default DialectFaye.
	Dialect Dialect
	// StrictBinding: see Credentials.
	StrictBinding bool
	// CookieName of the cookie that proves whose session it is (default
	// "bayeux_session"); one that a websocket was given has "_ws" added.
	CookieName string
	// NoCookie keeps the server from setting cookies. Sessions are then bound to
	// their sockets, address and User-Agent only.
	NoCookie bool
	// Secure reports whether r came over HTTPS. Default: r.TLS, or the header
	// X-Forwarded-Proto.
	Secure func(r *http.Request) bool
	// ClientAddr finds the client's address. Default: r.RemoteAddr; behind a
	// proxy give one that trusts its header.
	ClientAddr func(r *http.Request) netip.Addr
	// Identify makes of a request what the Policy wants to know of its sender,
	// for instance a signed-in user; nil for nobody. It is only asked about
	// requests that another site's page cannot have made.
	Identify func(r *http.Request) any

	// ClientFiles holds the browser client, served as <mount>/client.js and
	// <mount>/<file>: faye-browser-min.js and its source map. Without it these
	// are not found.
	ClientFiles fs.FS

	// NodeID names this node; default random.
	NodeID string
	// Workers that fan out; default GOMAXPROCS, at most 64.
	Workers int
	// NoEpoll serves websockets by a goroutine each where readiness would be
	// possible. For tests and for comparison.
	NoEpoll bool
	// Log gets what an operator should know; default slog.Default().
	Log *slog.Logger
}

// RetentionRule keeps the history of the channels that Pattern matches.
type RetentionRule struct {
	Pattern string
	Retention
}

// Overflow is what happens when a client's queue is full.
type Overflow uint8

const (
	// OverflowDisconnect ends the session: the client handshakes anew and knows
	// that it missed something.
	OverflowDisconnect Overflow = iota
	// OverflowConflate drops the oldest message of the same channel, or the
	// oldest of all. The next reply to /meta/connect tells how many, as ext.lost.
	OverflowConflate
)

func (o *Options) defaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Timeout, 45*time.Second)
	def(&o.MaxInterval, 75*time.Second)
	def(&o.ResumeTimeout, 15*time.Second)
	def(&o.ErrorInterval, time.Second)
	def(&o.MultipleClientsInterval, 2*time.Second)
	def(&o.PingInterval, 25*time.Second)
	def(&o.PongTimeout, 10*time.Second)
	def(&o.HandshakeTimeout, 15*time.Second)
	def(&o.MessageTimeout, 30*time.Second)
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		} else if *n < 0 {
			*n = math.MaxInt
		}
	}
	num(&o.MaxBody, 1<<20)
	num(&o.MaxQueue, 1000)
	num(&o.MaxQueueBytes, 1<<20)
	num(&o.MaxSubscriptions, 128)
	num(&o.MaxClients, 4_000_000)
	num(&o.MaxClientsPerAddress, 65_536)
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 64)
	}
	if o.Dialect == "" {
		o.Dialect = DialectFaye
	}
	if o.CookieName == "" {
		o.CookieName = "bayeux_session"
	}
	if o.Policy == nil {
		o.Policy = AllowAll
	}
	if o.Secure == nil {
		o.Secure = func(r *http.Request) bool {
			return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
		}
	}
	if o.ClientAddr == nil {
		o.ClientAddr = remoteAddr
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.NodeID == "" {
		var b [8]byte
		_, _ = rand.Read(b[:])
		o.NodeID = hex.EncodeToString(b[:])
	}
}

func remoteAddr(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, _ := netip.ParseAddr(host)
	return a.Unmap()
}
