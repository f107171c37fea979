package bayeux

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"
)

// Rules is a Policy made of rules per channel pattern. The first rule whose
// pattern matches the channel decides; without one nobody may subscribe, and
// nobody may publish but to /service channels, whose handlers answer for
// themselves. Whoever brings a right along is let in before any rule: a backend
// by its secret in ext.auth_token, the bearer of a signed channel token by
// ext.token.
//
// A subscription to a pattern is let in by a rule that covers all of it, unless a
// rule before that one would refuse a channel that the pattern matches.
//
// Set it up before the server uses it. Its zero value refuses.
type Rules struct {
	List []Rule
	// Backends are the SHA-256 hashes of the secrets that backends send as
	// ext.auth_token (see HashToken).
	Backends [][32]byte
	// TokenKeys verify channel tokens (see SignChannelToken); the first also
	// signs, the others are on their way out.
	TokenKeys [][]byte
	// Checks are the application's own kinds of Who.
	Checks map[Who]Check
	// Handshake, when set, decides who may have a client id at all.
	Handshake func(ctx context.Context, req *Request, m *Message) error
}

// Rule says who may use the channels that Pattern matches. Being any one of them
// is enough.
type Rule struct {
	Pattern   string `json:"pattern"`
	Subscribe []Who  `json:"subscribe,omitempty"`
	Publish   []Who  `json:"publish,omitempty"`
}

// Who is a kind of client, as rules name it: Anyone, or what Rules.Checks define.
type Who string

// Anyone is everybody.
const Anyone Who = "anyone"

// Check decides whether the sender of m is of some kind, with regard to channel.
type Check func(ctx context.Context, req *Request, m *Message, channel string) bool

var _ Policy = (*Rules)(nil)

// OpenRule lets anyone subscribe to and publish on what pattern matches.
func OpenRule(pattern string) Rule {
	return Rule{Pattern: pattern, Subscribe: []Who{Anyone}, Publish: []Who{Anyone}}
}

// Validate reports rules that cannot work.
func (p *Rules) Validate() error {
	for _, r := range p.List {
		if !ValidPattern(r.Pattern) {
			return fmt.Errorf("bayeux: rule for %q: not a channel pattern (want /name, /name/* or /name/**)", r.Pattern)
		}
		for _, w := range slices.Concat(r.Subscribe, r.Publish) {
			if w != Anyone && p.Checks[w] == nil {
				return fmt.Errorf("bayeux: rule for %s: %q is nobody that rules know", r.Pattern, w)
			}
		}
	}
	return nil
}

// HashToken is how Rules.Backends keep a secret.
func HashToken(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// CanHandshake implements Policy.
func (p *Rules) CanHandshake(ctx context.Context, req *Request, m *Message) error {
	if p.Handshake != nil {
		return p.Handshake(ctx, req, m)
	}
	return nil
}

// CanSubscribe implements Policy.
func (p *Rules) CanSubscribe(ctx context.Context, req *Request, m *Message, channel string) error {
	if ok, err := p.brought(m, channel, false); ok || err != nil {
		return err
	}
	for i := range p.List {
		r := &p.List[i]
		covers := Covers(r.Pattern, channel)
		if !covers && !Overlap(r.Pattern, channel) {
			continue
		}
		if !p.any(ctx, r.Subscribe, req, m, channel) {
			break
		}
		if covers {
			return nil
		}
	}
	return ErrForbidden(channel)
}

// CanPublish implements Policy.
func (p *Rules) CanPublish(ctx context.Context, req *Request, m *Message) error {
	if ok, err := p.brought(m, m.Channel, true); ok || err != nil {
		return err
	}
	for i := range p.List {
		if r := &p.List[i]; Covers(r.Pattern, m.Channel) {
			if p.any(ctx, r.Publish, req, m, m.Channel) {
				return nil
			}
			return ErrForbidden(m.Channel)
		}
	}
	if IsService(m.Channel) {
		return nil
	}
	return ErrForbidden(m.Channel)
}

// brought lets in who brings the right along.
func (p *Rules) brought(m *Message, channel string, publish bool) (bool, error) {
	if ok, err := p.backend(m); ok || err != nil {
		return ok, err
	}
	return p.token(m, channel, publish)
}

func (p *Rules) any(ctx context.Context, who []Who, req *Request, m *Message, channel string) bool {
	for _, w := range who {
		if w == Anyone {
			return true
		}
		if c := p.Checks[w]; c != nil && c(ctx, req, m, channel) {
			return true
		}
	}
	return false
}

// backend looks at ext.auth_token; a wrong one is an error of its own, because
// it is a mistake that somebody will want to find.
func (p *Rules) backend(m *Message) (bool, error) {
	raw := m.ExtField("auth_token")
	if raw == nil || raw[0] != '"' {
		return false, nil
	}
	h := HashToken(unquote(raw))
	found := 0
	for i := range p.Backends {
		found |= subtle.ConstantTimeCompare(h[:], p.Backends[i][:])
	}
	if found == 0 {
		return false, &Error{Code: 403, Args: nonEmpty(m.Channel), Text: "Invalid authentication token"}
	}
	return true, nil
}

// token looks at ext.token: one channel token or several.
func (p *Rules) token(m *Message, channel string, publish bool) (bool, error) {
	raw := m.ExtField("token")
	if raw == nil || len(p.TokenKeys) == 0 {
		return false, nil
	}
	var probe Message
	tokens, _ := probe.texts("token", raw)
	if len(tokens) > 16 {
		return false, ErrLimit("tokens")
	}
	var why error
	for _, t := range tokens {
		g, err := VerifyChannelToken(p.TokenKeys, t, time.Now())
		if err != nil {
			why = &Error{Code: 403, Args: nonEmpty(channel), Text: "Invalid channel token"}
			continue
		}
		if Covers(g.Pattern, channel) && (publish && g.Publish || !publish && g.Subscribe) {
			return true, nil
		}
	}
	return false, why
}
