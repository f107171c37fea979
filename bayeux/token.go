package bayeux

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// ChannelGrant is what a channel token lets its bearer do. Tokens are how a
// backend gives one browser the right to one channel: it signs one, the page
// sends it as ext.token with /meta/subscribe or the publish.
type ChannelGrant struct {
	Pattern   string    // channel, or pattern of channels
	Subscribe bool      // may subscribe to what Pattern covers
	Publish   bool      // may publish there
	Expires   time.Time // zero: never
	Subject   string    // who it was made for; not checked
}

// tokenBody is the signed JSON: short names, as tokens travel in URLs (JSONP).
type tokenBody struct {
	Pattern   string `json:"c"`
	Subscribe bool   `json:"s,omitempty"`
	Publish   bool   `json:"p,omitempty"`
	Expires   int64  `json:"e,omitempty"` // seconds
	Subject   string `json:"u,omitempty"`
}

var errToken = errors.New("bayeux: the token is malformed, forged or expired")

// SignChannelToken makes a token: base64url(JSON).base64url(HMAC-SHA256). The key
// should be 32 random bytes.
func SignChannelToken(key []byte, g ChannelGrant) string {
	body := tokenBody{Pattern: g.Pattern, Subscribe: g.Subscribe, Publish: g.Publish, Subject: g.Subject}
	if !g.Expires.IsZero() {
		body.Expires = g.Expires.Unix()
	}
	b, _ := json.Marshal(body) // strings, bools and a number: cannot fail
	payload := base64.RawURLEncoding.EncodeToString(b)
	return payload + "." + base64.RawURLEncoding.EncodeToString(tokenMAC(key, payload))
}

// VerifyChannelToken checks a token against any of the keys and returns what it
// grants at that time.
func VerifyChannelToken(keys [][]byte, token string, now time.Time) (ChannelGrant, error) {
	payload, mac, ok := strings.Cut(token, ".")
	if !ok || len(token) > 4096 {
		return ChannelGrant{}, errToken
	}
	given, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil {
		return ChannelGrant{}, errToken
	}
	valid := false
	for _, k := range keys {
		if len(k) > 0 && hmac.Equal(given, tokenMAC(k, payload)) {
			valid = true
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if !valid || err != nil {
		return ChannelGrant{}, errToken
	}
	var body tokenBody
	if json.Unmarshal(b, &body) != nil || !ValidPattern(body.Pattern) {
		return ChannelGrant{}, errToken
	}
	g := ChannelGrant{Pattern: body.Pattern, Subscribe: body.Subscribe, Publish: body.Publish, Subject: body.Subject}
	if body.Expires != 0 {
		if g.Expires = time.Unix(body.Expires, 0); !now.Before(g.Expires) {
			return ChannelGrant{}, errToken
		}
	}
	return g, nil
}

// tokenMAC is bound to its purpose, so that a key that signs other things too
// does not make channel tokens by accident.
func tokenMAC(key []byte, payload string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("bayeux channel token v1\n"))
	h.Write([]byte(payload))
	return h.Sum(nil)
}
