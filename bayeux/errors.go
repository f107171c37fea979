package bayeux

import (
	"errors"
	"strconv"
	"strings"
)

// Error is a refusal in the form of Bayeux 1.0, section 3.4: code, arguments,
// text. It is what a Policy or an extension returns to refuse a message with a
// code of its choice.
type Error struct {
	Code int
	Args []string
	Text string

	raw bool // Text is the whole wire form
}

// Error is the wire form, "code:arg,arg:text".
func (e *Error) Error() string {
	if e.raw {
		return e.Text
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = errorArg(a)
	}
	return strconv.Itoa(e.Code) + ":" + strings.Join(args, ",") + ":" + e.Text
}

// errorArg keeps to the grammar of error arguments (Bayeux 1.0, section 3.4):
// outside of it Faye's client sees no code at all.
func errorArg(s string) string {
	if len(s) > 128 {
		s = s[:128]
	}
	return strings.Map(func(r rune) rune {
		if r < 128 && (segmentByte[byte(r)] || r == ' ' || r == '/' || r == '*' || r == '.') {
			return r
		}
		return '_'
	}, s)
}

// The refusals of Faye's server (its error.js; the texts are what its clients
// and their users know).
func errVersion(v string) *Error {
	return &Error{Code: 300, Args: []string{v}, Text: "Version mismatch"}
}
func errConnTypes(t []string) *Error {
	return &Error{Code: 301, Args: t, Text: "Connection types not supported"}
}
func errBadRequest() *Error { return &Error{Code: 400, Text: "Bad request"} }
func errUnknownClient(id string) *Error {
	return &Error{Code: 401, Args: nonEmpty(id), Text: "Unknown client"}
}
func errMissing(field string) *Error {
	return &Error{Code: 402, Args: []string{field}, Text: "Missing required parameter"}
}

// ErrForbidden refuses a channel.
func ErrForbidden(channel string) *Error {
	return &Error{Code: 403, Args: nonEmpty(channel), Text: "Forbidden channel"}
}
func errInvalidChannel(channel string) *Error {
	return &Error{Code: 405, Args: nonEmpty(channel), Text: "Invalid channel"}
}

// ErrLimit refuses what is more than the server's bounds allow.
func ErrLimit(what string) *Error {
	return &Error{Code: 413, Args: []string{what}, Text: "Limit exceeded"}
}
func errServer() *Error { return &Error{Code: 500, Text: "Internal server error"} }

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// Dialect chooses the error texts. Clients act on successful and advice, so it
// matters to people and test suites only.
type Dialect string

const (
	// DialectFaye answers as Faye's server does, "401:ID:Unknown client".
	DialectFaye Dialect = "faye"
	// DialectCometD answers as CometD's server does, "402::session_unknown".
	DialectCometD Dialect = "cometd"
)

// cometd translates the server's own refusals to CometD's strings
// (BayeuxServerImpl of CometD 6).
func (e *Error) cometd(m *Message) string {
	switch e.Code {
	case 301:
		return "400::connection_types_unsupported"
	case 401:
		return "402::session_unknown"
	case 402:
		if len(e.Args) == 1 && e.Args[0] == "channel" {
			return "400::channel_missing"
		}
		if len(e.Args) == 1 && e.Args[0] == "subscription" {
			return "403::subscription_missing"
		}
		if len(e.Args) == 1 && e.Args[0] == "clientId" {
			return "402::session_unknown"
		}
	case 403:
		why := strings.Join(e.Args, ",")
		switch m.Channel {
		case MetaHandshake:
			return "403::handshake_denied"
		case MetaSubscribe:
			return "403:" + why + ":subscribe_denied"
		default:
			return "403:" + why + ":publish_denied"
		}
	case 405:
		if m.Channel == MetaSubscribe || m.Channel == MetaUnsubscribe {
			return "403::subscription_invalid"
		}
		return "405::channel_invalid"
	}
	return e.Error()
}

// errorText makes the error field of a reply. Anything that is not an *Error was
// meant for this side of the wire and is not told.
func (s *Server) errorText(err error, m *Message) string {
	var e *Error
	if !errors.As(err, &e) {
		e = errServer()
	}
	if s.opt.Dialect == DialectCometD {
		return e.cometd(m)
	}
	return e.Error()
}
