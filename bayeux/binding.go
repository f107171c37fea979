package bayeux

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Credentials say who may speak for a session and take its messages.
//
// A client id travels through pages, logs and application messages, so knowing
// it must not be enough. But the unmodified clients repeat nothing else of their
// own accord: what can be relied on is that a socket stays the same socket, and
// that browsers, Faye's Node client and CometD's Node client (over HTTP) return
// cookies, unless the browser blocks those of third parties. So:
//
//   - While the session's websocket is open, that socket alone may use the
//     session, or a request with the session's cookie.
//   - A session whose client has once returned the cookie (Proven) needs it on
//     every new connection. The server keeps its hash only.
//   - A session whose client never returned it (blocked cookies, plain programs)
//     can be resumed from the same address with the same User-Agent, and only
//     while no socket of it is open. This is the limit of what an unmodified
//     client without cookies allows: somebody behind the same address with the
//     same browser who also knows the 160-bit id could take such a session
//     over. Options.StrictBinding closes that gap; then these clients
//     handshake anew after a lost connection.
//
// Whoever fails gets the answer for an unknown id, and so learns nothing; an
// honest client answers it by a new handshake.
//
// One honest client has neither cookie nor a chance to get in: Faye's opens its
// websocket before it has the answer to its first handshake, so that this socket
// went without the cookie that its later requests have. Such a socket is closed
// without an answer; the client opens another, which has the cookie, and sends
// again what was not answered. That the browser client's own file sets the
// cookie keeps this rare.
type Credentials struct {
	Cookie [16]byte // hash of the cookie's secret
	Print  uint64   // of address and User-Agent
	Proven bool     // the client has returned the cookie
}

// Request is what the server knows of where messages came from.
type Request struct {
	Transport  Transport
	RemoteAddr netip.Addr
	// Identity is what Options.Identify made of the HTTP request that carried the
	// messages or opened the websocket.
	Identity any
	// HTTP is that request; nil on a websocket once it is open, and for clients
	// of this process.
	HTTP *http.Request

	// cookies are the hashes of what the client sent, and after them of what it was
	// given with the opening of its websocket.
	cookies [2][16]byte
	sent    uint8
	issued  uint8
	print   uint64
	conn    *conn
	local   *LocalClient
}

// Local reports whether the messages come from a client of this process.
func (r *Request) Local() bool { return r.local != nil }

// Transport is a Bayeux connection type.
type Transport string

// The connection types.
const (
	WebSocket       Transport = "websocket"
	LongPolling     Transport = "long-polling"
	CrossLongPoll   Transport = "cross-origin-long-polling"
	CallbackPolling Transport = "callback-polling"
	EventSource     Transport = "eventsource"
	InProcess       Transport = "in-process"
)

// transports are the connection types as Faye's server lists them.
var transports = []string{
	string(LongPolling), string(CrossLongPoll), string(CallbackPolling),
	string(WebSocket), string(EventSource), string(InProcess),
}

// authorized decides whether the request may use the session, and learns from
// it. Call with mu held.
func (s *session) authorized(req *Request) bool {
	if s.local != nil || req.local != nil {
		return s.local == req.local
	}
	if s.conn != nil && s.conn == req.conn {
		return true
	}
	if s.cred.matches(req, s.srv.opt.StrictBinding, s.conn != nil) {
		s.cred.learn(req)
		return true
	}
	return false
}

// matches decides for a connection that is not the session's own socket; open
// tells that there is one.
func (c *Credentials) matches(req *Request, strict, open bool) bool {
	if c.has(req) {
		return true
	}
	return !strict && !c.Proven && !open && c.Print == req.print
}

// has reports whether the client has the session's cookie.
func (c *Credentials) has(req *Request) bool {
	found := 0
	for i := range req.sent + req.issued {
		found |= subtle.ConstantTimeCompare(req.cookies[i][:], c.Cookie[:])
	}
	return found == 1
}

// learn notes what an admitted request shows: that the client returns its
// cookie, or which one it has come to have.
func (c *Credentials) learn(req *Request) {
	if req.sent == 0 {
		return
	}
	if !c.has(req) {
		c.Cookie = req.cookies[0]
	}
	c.Proven = true
}

// tooEarly reports that the request comes by a socket that was opened before its
// client had the session's cookie, as far as one can tell.
func (c *Credentials) tooEarly(req *Request) bool {
	return req.conn != nil && req.sent == 0 && c.Proven && c.Print == req.print && req.conn.single()
}

var errTooEarly = errors.New("bayeux: the websocket was opened before the cookie was set")

// newClientID is 160 random bits in base 36, as Faye's ids are: 31 characters.
func newClientID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	s := new(big.Int).SetBytes(b[:]).Text(36)
	return strings.Repeat("0", 31-len(s)) + s
}

// secretLength is the length of a cookie's value.
const secretLength = 22

// cookieSecret is the value of a new cookie: 128 random bits.
func cookieSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashSecret(secret string) (h [16]byte) {
	sum := sha256.Sum256([]byte(secret))
	copy(h[:], sum[:])
	return h
}

// fingerprint is the same at every node for the same address and User-Agent.
func fingerprint(addr netip.Addr, userAgent string) uint64 {
	sum := sha256.Sum256([]byte(addr.String() + "\n" + userAgent))
	return binary.BigEndian.Uint64(sum[:])
}

// NewRequest reads from r who is asking: for programs that carry Bayeux messages
// over a transport of their own.
func (s *Server) NewRequest(r *http.Request, t Transport) Request {
	req := Request{Transport: t, HTTP: r, RemoteAddr: s.opt.ClientAddr(r)}
	req.print = fingerprint(req.RemoteAddr, r.UserAgent())
	for _, name := range [...]string{s.opt.CookieName, s.opt.CookieName + socketCookie} {
		if c, err := r.Cookie(name); err == nil && len(c.Value) == secretLength {
			req.cookies[req.sent] = hashSecret(c.Value)
			req.sent++
		}
	}
	if s.opt.Identify != nil {
		if !sameOrigin(r) && r.Header.Get("Authorization") != "" {
			// Another site's page may have sent this header, but can only have put
			// there what it knows itself; the cookies it merely borrows.
			r = r.Clone(r.Context())
			r.Header.Del("Cookie")
			req.Identity = s.opt.Identify(r)
		} else if sameOrigin(r) {
			req.Identity = s.opt.Identify(r)
		}
	}
	return req
}

// sameOrigin keeps other sites from borrowing what a browser attaches to their
// requests (cookies): they count only for requests of the hub's own origin, or of
// no browser at all. A link in a mail is of no site either ("none"), so a GET
// needs to be of the same origin.
func sameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "none":
		return r.Method != http.MethodGet
	case "":
	default:
		return false
	}
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		return err == nil && u.Host == r.Host
	}
	return r.Method != http.MethodGet || r.Header.Get("Upgrade") != ""
}

// socketCookie is added to the name of the cookie that a websocket is given when
// it is opened. A client may open one at the same time as it handshakes by HTTP;
// were there one name, the later answer would take away what the earlier one gave.
const socketCookie = "_ws"

// newCookie makes the cookie for a client that came without one. Over HTTPS it
// is sent from pages of other sites too (third-party pages are what a hub is
// for), partitioned by site; over plain HTTP browsers only allow Lax.
func (s *Server) newCookie(r *http.Request, req *Request) *http.Cookie {
	secret := cookieSecret()
	req.cookies[0], req.issued = hashSecret(secret), 1
	name := s.opt.CookieName
	if req.Transport == WebSocket {
		name += socketCookie
	}
	c := &http.Cookie{Name: name, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if s.opt.Secure(r) {
		c.Secure, c.Partitioned, c.SameSite = true, true, http.SameSiteNoneMode
	}
	return c
}

func hexHash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
