package bayeux

import "strings"

// The meta channels (Bayeux 1.0, section 4).
const (
	MetaHandshake   = "/meta/handshake"
	MetaConnect     = "/meta/connect"
	MetaSubscribe   = "/meta/subscribe"
	MetaUnsubscribe = "/meta/unsubscribe"
	MetaDisconnect  = "/meta/disconnect"
)

// maxChannelLength bounds a channel name, in bytes, and maxSegments its parts:
// each part is one more pattern to look up when a message is published.
const (
	maxChannelLength = 512
	maxSegments      = 32
)

// segmentByte says which bytes a segment may hold (Bayeux 1.0, section 2.1;
// Faye's grammar allows '@' as well).
var segmentByte = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_!~()$@") {
		t[c] = true
	}
	return t
}()

// ValidChannel reports whether name is a channel to publish to: one or more
// segments, no wildcard.
func ValidChannel(name string) bool {
	if len(name) < 2 || len(name) > maxChannelLength || name[0] != '/' {
		return false
	}
	segments := 0
	for i := 0; i < len(name); i++ {
		if name[i] == '/' {
			if segments++; segments > maxSegments || i+1 == len(name) || name[i+1] == '/' {
				return false
			}
		} else if !segmentByte[name[i]] {
			return false
		}
	}
	return true
}

// ValidPattern reports whether name can be subscribed to: a channel, or a
// channel prefix that ends in /* (one segment) or /** (one or more).
func ValidPattern(name string) bool {
	prefix, wild := wildcard(name)
	if wild == 0 {
		return ValidChannel(name)
	}
	return prefix == "" || ValidChannel(prefix)
}

// wildcard splits a pattern: "/a/*" is "/a" and 1, "/a/**" is "/a" and 2,
// "/a" is "/a" and 0.
func wildcard(name string) (prefix string, stars int) {
	if p, ok := strings.CutSuffix(name, "/**"); ok {
		return p, 2
	}
	if p, ok := strings.CutSuffix(name, "/*"); ok {
		return p, 1
	}
	return name, 0
}

// IsMeta reports whether the channel or pattern lies under /meta, IsService under
// /service.
func IsMeta(name string) bool { return name == "/meta" || strings.HasPrefix(name, "/meta/") }

// IsService reports whether the channel or pattern lies under /service.
func IsService(name string) bool { return name == "/service" || strings.HasPrefix(name, "/service/") }

// routes lists all subscriptions that a message on the channel goes to:
// /a/b goes to /a/b, /a/*, /** and /a/**.
func routes(channel string) []string {
	out := make([]string, 0, strings.Count(channel, "/")+2)
	out = append(out, channel, channel[:strings.LastIndexByte(channel, '/')]+"/*", "/**")
	for i := 1; i < len(channel); i++ {
		if channel[i] == '/' {
			out = append(out, channel[:i]+"/**")
		}
	}
	return out
}

// Covers reports whether every channel that pattern b matches is matched by
// pattern a as well; for a channel b this is plain matching.
func Covers(a, b string) bool {
	pa, wa := wildcard(a)
	pb, wb := wildcard(b)
	switch wa {
	case 0:
		return a == b
	case 1: // direct children of pa
		if wb == 1 {
			return pa == pb
		}
		return wb == 0 && parent(b) == pa
	default: // all descendants of pa
		if wb == 0 {
			return strings.HasPrefix(b, pa+"/")
		}
		return pa == pb || strings.HasPrefix(pb, pa+"/")
	}
}

// Overlap reports whether some channel is matched by both patterns.
func Overlap(a, b string) bool {
	pa, wa := wildcard(a)
	pb, wb := wildcard(b)
	if wa == 0 {
		return Covers(b, a)
	}
	if wb == 0 {
		return Covers(a, b)
	}
	if wa == 1 && wb == 1 {
		return pa == pb
	}
	if wa == 2 && wb == 2 {
		return pa == pb || strings.HasPrefix(pb, pa+"/") || strings.HasPrefix(pa, pb+"/")
	}
	if wa == 2 { // a: descendants of pa, b: children of pb
		return pb == pa || strings.HasPrefix(pb, pa+"/")
	}
	return pa == pb || strings.HasPrefix(pa, pb+"/")
}

func parent(channel string) string {
	return channel[:strings.LastIndexByte(channel, '/')]
}
