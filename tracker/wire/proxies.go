package wire

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses from which X-Forwarded-For is believed.
type Proxies []netip.Prefix

// maxHops bounds how far a chain of proxies is followed.
const maxHops = 32

// ParseProxies reads addresses and prefixes, and the words "loopback" and
// "private" (RFC 1918, RFC 4193, link-local, loopback).
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, s := range list {
		switch s = strings.TrimSpace(s); s {
		case "":
		case "loopback":
			p = append(p, loopback...)
		case "private":
			p = append(append(p, loopback...), private...)
		default:
			if a, err := netip.ParseAddr(s); err == nil {
				a = a.Unmap().WithZone("")
				p = append(p, netip.PrefixFrom(a, a.BitLen()))
			} else if n, err := netip.ParsePrefix(s); err == nil {
				p = append(p, n.Masked())
			} else {
				return nil, fmt.Errorf("%q is neither an address nor a range such as 10.0.0.0/8, \"loopback\" or \"private\"", s)
			}
		}
	}
	return p, nil
}

var (
	loopback = prefixes("127.0.0.0/8", "::1/128")
	private  = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// Trusts reports whether addr is one of the proxies.
func (p Proxies) Trusts(addr netip.Addr) bool {
	for _, n := range p {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// Client is the address of who asks. Each proxy appends to X-Forwarded-For
// whom it was asked by, so the list is read from its end, for as long as the
// one who wrote an entry is trusted; what stands before is hearsay. An entry
// that is no address ends the chain at the proxy that wrote it. The Forwarded
// header (RFC 7239) is not read: proxies that write the one pass on a
// client's own other one. The zero Addr means that the connection has none
// (a Unix socket without X-Forwarded-For).
func (p Proxies) Client(r *http.Request) netip.Addr {
	addr, known := remote(r.RemoteAddr)
	if len(p) == 0 || known && !p.Trusts(addr) {
		return addr
	}
	hops := 0
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for line, more := lines[i], true; more; hops++ {
			entry := line
			if j := strings.LastIndexByte(line, ','); j >= 0 {
				line, entry = line[:j], line[j+1:]
			} else {
				more = false
			}
			next, ok := parseHop(strings.TrimSpace(entry))
			if !ok || hops == maxHops {
				return addr
			}
			if addr = next; !p.Trusts(addr) {
				return addr
			}
		}
	}
	return addr
}

func remote(hostport string) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(hostport)
	if err != nil {
		return netip.Addr{}, false
	}
	return ap.Addr().Unmap().WithZone(""), true
}

// parseHop reads an entry: an address, which some proxies write with a port.
func parseHop(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return remote(s)
	}
	return a.Unmap().WithZone(""), true
}
