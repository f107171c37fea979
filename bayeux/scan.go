package bayeux

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of what is decoded. Deeper or wider input is refused before anything
// is done with it.
const (
	maxDepth    = 64   // nesting of arrays and objects
	maxBatch    = 1024 // messages in one request or frame
	maxFields   = 64   // fields of one message
	maxIDLength = 256  // bytes of a message id
)

var (
	errNotObject = errors.New("bayeux: a message is a JSON object, a batch an array of them")
	errJSON      = errors.New("bayeux: malformed JSON")
	errUTF8      = errors.New("bayeux: not UTF-8")
	errDeep      = fmt.Errorf("bayeux: JSON nested deeper than %d", maxDepth)
	errBatch     = fmt.Errorf("bayeux: more than %d messages in a batch", maxBatch)
	errFields    = fmt.Errorf("bayeux: more than %d fields in a message", maxFields)
)

// ParseMessages decodes a message or a batch of messages. The messages refer to
// b, which must not be changed afterwards. It fails when b is not JSON, not
// UTF-8, nested too deeply, or holds anything but objects; a field of the wrong
// type is not an error here, the reply to that message will name it.
func ParseMessages(b []byte) ([]*Message, error) {
	if !utf8.Valid(b) {
		return nil, errUTF8
	}
	i := skipSpace(b, 0)
	if i == len(b) {
		return nil, errJSON
	}
	var out []*Message
	switch b[i] {
	case '{':
		m, end, err := parseMessage(b, i)
		if err != nil {
			return nil, err
		}
		out, i = []*Message{m}, end
	case '[':
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == ']' {
			i++
			break
		}
		for {
			if i >= len(b) {
				return nil, errJSON
			}
			if b[i] != '{' {
				if _, err := scanValue(b, i, 0); err != nil {
					return nil, err
				}
				return nil, errNotObject
			}
			m, end, err := parseMessage(b, i)
			if err != nil {
				return nil, err
			}
			if out = append(out, m); len(out) > maxBatch {
				return nil, errBatch
			}
			i = skipSpace(b, end)
			if i >= len(b) || b[i] != ',' && b[i] != ']' {
				return nil, errJSON
			}
			i++
			if b[i-1] == ']' {
				break
			}
			i = skipSpace(b, i)
		}
	default:
		if _, err := scanValue(b, i, 0); err != nil {
			return nil, err
		}
		return nil, errNotObject
	}
	if skipSpace(b, i) != len(b) {
		return nil, errJSON
	}
	return out, nil
}

// parseMessage decodes the object at b[i]. When a name is repeated the last one
// counts, as in JavaScript, so that no check sees another value than the client.
func parseMessage(b []byte, i int) (*Message, int, error) {
	m := &Message{}
	fields := 0
	end, err := eachField(b, i, 1, func(name string, v json.RawMessage) error {
		if fields++; fields > maxFields {
			return errFields
		}
		m.set(name, v)
		return nil
	})
	return m, end, err
}

func (m *Message) set(name string, v json.RawMessage) {
	null := string(v) == "null"
	switch name {
	case "channel":
		m.Channel = m.text(name, v)
	case "id":
		m.ID = nil
		// Any scalar is echoed as it came: Faye and CometD send strings.
		if !null && v[0] != '{' && v[0] != '[' && len(v) <= maxIDLength && string(v) != `""` {
			m.ID = v
		}
	case "clientId":
		m.ClientID = m.text(name, v)
	case "data":
		m.Data = v
	case "ext":
		m.Ext = nil
		if v[0] == '{' {
			m.Ext = v
		}
	case "version":
		m.Version = m.text(name, v)
	case "minimumVersion":
		m.MinimumVersion = m.text(name, v)
	case "supportedConnectionTypes":
		m.SupportedConnectionTypes, _ = m.texts(name, v)
	case "connectionType":
		m.ConnectionType = m.text(name, v)
	case "subscription":
		m.Subscription, m.SubscriptionIsArray = m.texts(name, v)
	case "advice":
		m.Advice = nil
		if t := objectField(v, "timeout"); t != nil {
			if f, err := strconv.ParseFloat(string(t), 64); err == nil && f >= 0 {
				ms := int64(math.Min(f, math.MaxInt32))
				m.Advice = &Advice{Timeout: &ms}
			}
		}
	case "successful", "error", "__proto__":
		// Only the server says these; and no receiver gets to parse the last.
	default:
		for i := range m.Extra {
			if m.Extra[i].Name == name {
				m.Extra[i].Value = v
				return
			}
		}
		m.Extra = append(m.Extra, Field{name, v})
	}
}

// text takes a string; null is absent, any other type is remembered as bad.
func (m *Message) text(name string, v json.RawMessage) string {
	if v[0] == '"' {
		return unquote(v)
	}
	if string(v) != "null" {
		m.bad = name
	}
	return ""
}

// texts takes a string or an array of strings.
func (m *Message) texts(name string, v json.RawMessage) (out []string, array bool) {
	if v[0] != '[' {
		if s := m.text(name, v); s != "" {
			out = []string{s}
		}
		return out, false
	}
	out = []string{}
	i := skipSpace(v, 1)
	for v[i] != ']' { // v has been scanned: it is well-formed
		end, _ := scanValue(v, i, 0)
		if v[i] != '"' {
			m.bad = name
		} else {
			out = append(out, unquote(v[i:end]))
		}
		i = skipSpace(v, end)
		if v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return out, true
}

// objectFields splits an object that is known to be well-formed.
func objectFields(b json.RawMessage) (out []Field, err error) {
	if len(b) == 0 || b[0] != '{' {
		return nil, errNotObject
	}
	_, err = eachField(b, 0, 1, func(name string, v json.RawMessage) error {
		out = append(out, Field{name, v})
		return nil
	})
	return out, err
}

func objectField(b json.RawMessage, name string) (found json.RawMessage) {
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	_, err := eachField(b, 0, 1, func(n string, v json.RawMessage) error {
		if n == name {
			found = v
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return found
}

// eachField calls f for each field of the object at b[i] and returns its end.
func eachField(b []byte, i, depth int, f func(string, json.RawMessage) error) (int, error) {
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return 0, errJSON
		}
		end, err := scanString(b, i)
		if err != nil {
			return 0, err
		}
		name := unquote(b[i:end])
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return 0, errJSON
		}
		i = skipSpace(b, i+1)
		if end, err = scanValue(b, i, depth); err != nil {
			return 0, err
		}
		if err := f(name, b[i:end:end]); err != nil {
			return 0, err
		}
		i = skipSpace(b, end)
		if i >= len(b) {
			return 0, errJSON
		}
		switch b[i] {
		case ',':
			i = skipSpace(b, i+1)
		case '}':
			return i + 1, nil
		default:
			return 0, errJSON
		}
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// scanValue returns the end of the JSON value at b[i] (RFC 8259).
func scanValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return 0, errJSON
	}
	if depth > maxDepth {
		return 0, errDeep
	}
	switch c := b[i]; {
	case c == '"':
		return scanString(b, i)
	case c == '{':
		return eachField(b, i, depth+1, func(string, json.RawMessage) error { return nil })
	case c == '[':
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == ']' {
			return i + 1, nil
		}
		for {
			end, err := scanValue(b, i, depth+1)
			if err != nil {
				return 0, err
			}
			i = skipSpace(b, end)
			if i >= len(b) || b[i] != ',' && b[i] != ']' {
				return 0, errJSON
			}
			if b[i] == ']' {
				return i + 1, nil
			}
			i = skipSpace(b, i+1)
		}
	case c == '-' || c >= '0' && c <= '9':
		return scanNumber(b, i)
	default:
		for _, word := range [...]string{"true", "false", "null"} {
			if len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
				return i + len(word), nil
			}
		}
		return 0, errJSON
	}
}

func scanString(b []byte, i int) (int, error) {
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, errJSON
		case c == '\\':
			if i++; i >= len(b) {
				return 0, errJSON
			}
			switch b[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(b)-i < 5 {
					return 0, errJSON
				}
				for _, h := range b[i+1 : i+5] {
					if !(h >= '0' && h <= '9' || h|0x20 >= 'a' && h|0x20 <= 'f') {
						return 0, errJSON
					}
				}
				i += 4
			default:
				return 0, errJSON
			}
		}
	}
	return 0, errJSON
}

func scanNumber(b []byte, i int) (int, error) {
	digits := func() bool {
		start := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > start
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return 0, errJSON
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return 0, errJSON
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return 0, errJSON
		}
	}
	return i, nil
}

// unquote decodes a string that scanString has accepted.
func unquote(v []byte) string {
	inner := v[1 : len(v)-1]
	if strings.IndexByte(string(inner), '\\') < 0 {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(v, &s) // accepted by scanString: cannot fail
	return s
}
