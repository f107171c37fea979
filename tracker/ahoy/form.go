package ahoy

import (
	"bytes"
	"encoding/json"
	"strings"

	"wake/tracker/wire/scan"
)

// form reads pairs as of a query or an urlencoded body; false when one is not
// well encoded, or its names contradict each other.
func (p *params) form(pairs string) bool {
	var buf [256]byte
	for pairs != "" {
		var pair string
		pair, pairs, _ = strings.Cut(pairs, "&")
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		b, ok := unescape(buf[:0], k)
		if !ok {
			return false
		}
		n := len(b)
		if b, ok = unescape(b, v); !ok {
			return false
		}
		if !p.pair(b[:n], b[n:]) {
			return false
		}
	}
	return true
}

// pair is one parameter of a form, decoded.
func (p *params) pair(key, value []byte) bool {
	if i := bytes.IndexByte(key, '['); i > 0 {
		switch string(key[:i]) {
		case "events", "properties":
			return p.nested.add(string(key), text(value))
		}
		return true
	}
	p.set(key, value)
	return true
}

// unescape appends s with %XX and + decoded.
func unescape(dst []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			dst = append(dst, ' ')
		case '%':
			if i+2 >= len(s) {
				return dst, false
			}
			h, l := unhex(s[i+1]), unhex(s[i+2])
			if h > 15 || l > 15 {
				return dst, false
			}
			dst = append(dst, h<<4|l)
			i += 2
		default:
			dst = append(dst, c)
		}
	}
	return dst, true
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// tree is what nested names (a[b][][c]) of a form say, by Rack's rules, as
// JSON would: map[string]any, []any, string.
type tree struct{ root map[string]any }

func (t *tree) empty() bool { return t.root == nil }

// add puts a value in its place; false when something of another kind is
// there, or the name nests too deeply.
func (t *tree) add(name, value string) bool {
	if t.root == nil {
		t.root = make(map[string]any)
	}
	head, rest, _ := strings.Cut(name, "[")
	path := []string{head}
	for rest != "" && len(path) <= maxDepth+2 {
		part, after, ok := strings.Cut(rest, "]")
		if !ok {
			return true // "a[b" is a name of its own, and none of ours
		}
		path = append(path, part)
		rest = strings.TrimPrefix(after, "[")
	}
	if rest != "" {
		return false
	}
	_, ok := put(t.root, path, value)
	return ok
}

// put is node with value at the path below it. A path's "" is an array.
func put(node any, path []string, value string) (any, bool) {
	if len(path) == 0 {
		if node != nil {
			if _, scalar := node.(string); !scalar {
				return nil, false
			}
		}
		return value, true
	}
	if path[0] == "" {
		list, ok := node.([]any)
		if !ok && node != nil {
			return nil, false
		}
		// events[][name]: goes into the last object unless that has it.
		if len(path) > 1 && path[1] != "" && len(list) > 0 {
			if last, ok := list[len(list)-1].(map[string]any); ok && !has(last, path[1:]) {
				_, ok := put(last, path[1:], value)
				return list, ok
			}
		}
		elem, ok := put(nil, path[1:], value)
		return append(list, elem), ok
	}
	object, ok := node.(map[string]any)
	if !ok {
		if node != nil {
			return nil, false
		}
		object = make(map[string]any)
	}
	child, ok := put(object[path[0]], path[1:], value)
	if ok {
		object[path[0]] = child
	}
	return object, ok
}

// has reports whether the path is taken; of an array it never is.
func has(node any, path []string) bool {
	for _, part := range path {
		object, ok := node.(map[string]any)
		if part == "" || !ok {
			return false
		}
		if node, ok = object[part]; !ok {
			return false
		}
	}
	return true
}

// unnest reads what the tree says as JSON that says the same.
func (p *params) unnest() bool {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if list, ok := p.nested.root["events"]; ok {
		if enc.Encode(list) != nil {
			return false
		}
		p.eventsGiven = true
		s := scan.New(b.Bytes())
		p.array(&s)
	}
	if object, ok := p.nested.root["properties"].(map[string]any); ok && len(object) > 0 {
		b.Reset()
		if enc.Encode(object) != nil {
			return false
		}
		s := scan.New(b.Bytes())
		p.event.Properties = p.properties(&s, 0)
	}
	return true
}

// multipart reads a multipart/form-data body (RFC 7578), what sendBeacon
// makes of ahoy.js's events; false when it is malformed. Files say nothing.
func (p *params) multipart(body []byte, params string) bool {
	var buf [4 + 70]byte // RFC 2046 §5.1.1: at most 70
	delimiter, ok := boundary(append(buf[:0], "\r\n--"...), params)
	if !ok {
		return false
	}
	// The first delimiter may stand at the very beginning.
	if bytes.HasPrefix(body, delimiter[2:]) {
		body = body[len(delimiter)-2:]
	} else if i := bytes.Index(body, delimiter); i >= 0 {
		body = body[i+len(delimiter):]
	} else {
		return false
	}
	for {
		if bytes.HasPrefix(body, []byte("--")) {
			return true
		}
		i := bytes.IndexByte(body, '\n')
		if i < 0 || len(bytes.TrimSpace(body[:i])) > 0 {
			return false
		}
		body = body[i+1:]
		var name []byte
		var file bool
		for { // headers, to an empty line
			i := bytes.IndexByte(body, '\n')
			if i < 0 {
				return false
			}
			line := bytes.TrimSuffix(body[:i], []byte("\r"))
			body = body[i+1:]
			if len(line) == 0 {
				break
			}
			if n, f, ok := disposition(line); ok {
				name, file = n, f
			}
		}
		var value []byte
		if bytes.HasPrefix(body, delimiter[2:]) { // an empty part may lack its line's end
			body = body[len(delimiter)-2:]
		} else if i = bytes.Index(body, delimiter); i >= 0 {
			value, body = body[:i], body[i+len(delimiter):]
		} else {
			return false
		}
		if name != nil && !file && !p.pair(name, value) {
			return false
		}
	}
}

// boundary appends the boundary that the parameters of a Content-Type name.
func boundary(dst []byte, params string) ([]byte, bool) {
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		k, v, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.TrimSpace(k), "boundary") {
			continue
		}
		v = strings.TrimSpace(v)
		if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
			v = v[1 : len(v)-1]
		}
		return append(dst, v...), 0 < len(v) && len(v) <= 70
	}
	return dst, false
}

// disposition reads the name of a part (RFC 7578 §4.2), if the line has it.
func disposition(line []byte) (name []byte, file, ok bool) {
	const header = "content-disposition:"
	if len(line) < len(header) || !bytes.EqualFold(line[:len(header)], []byte(header)) {
		return nil, false, false
	}
	rest := line[len(header):]
	for {
		i := bytes.IndexByte(rest, ';')
		if i < 0 {
			return name, file, name != nil
		}
		rest = bytes.TrimLeft(rest[i+1:], " \t")
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return name, file, name != nil
		}
		key, value := bytes.TrimRight(rest[:eq], " \t"), bytes.TrimLeft(rest[eq+1:], " \t")
		if len(value) > 0 && value[0] == '"' {
			end := bytes.IndexByte(value[1:], '"') // browsers write a quote in a name as %22
			if end < 0 {
				return nil, false, false
			}
			value, rest = value[1:1+end], value[end+2:]
		} else if end := bytes.IndexByte(value, ';'); end >= 0 {
			value, rest = bytes.TrimRight(value[:end], " \t"), value[end:]
		} else {
			rest = nil
		}
		switch {
		case bytes.EqualFold(key, []byte("name")):
			name = value
		case bytes.EqualFold(key, []byte("filename")), bytes.EqualFold(key, []byte("filename*")):
			file = true
		}
	}
}
